/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Random registrations, transfers, mappings and signals between two endpoints, against a model that
 * knows pages, and which windows and mappings are on them. Every result and every byte is compared.
 * SLIPWAY_SCIF_ORACLE=OPERATIONS[,SEED] has it go on for longer.
 */

#define POOL    12u /* pages of memory of a side */
#define SPACE   24u /* pages of registered address space that are used */
#define WINDOWS 64u
#define MAPS    8u
#define OBJECTS 4096u

static struct pair pair;
static uint64_t random_state;
static unsigned int operation;

/* ---- The model ---- */

/* A page of memory, whatever is mapped where. */
static uint8_t *object[OBJECTS];
static unsigned int nb_objects;

struct window {
	bool used, open;
	unsigned int start, len, prot, mapped;
	unsigned int page[POOL]; /* objects */
};

struct map {
	char *at; /* NULL: none */
	unsigned int len, side, window[SPACE], page[SPACE];
	bool gone[SPACE];
};

static struct side {
	scif_epd_t epd;
	char *pool;
	unsigned int page[POOL]; /* what is mapped there */
	struct window window[WINDOWS];
} side[2];

static struct map maps[MAPS];

static unsigned int
pick(unsigned int n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned int)(random_state >> 33) % n;
}

static unsigned int
object_new(void)
{
	assert_true(nb_objects < OBJECTS);
	object[nb_objects] = calloc(1, PAGE);
	return nb_objects++;
}

static struct window *
window_of(struct side *s, unsigned int page, bool open)
{
	for (unsigned int i = 0; i < WINDOWS; i++) {
		struct window *w = &s->window[i];

		if (w->used && (w->open || !open) && page >= w->start && page < w->start + w->len)
			return w;
	}
	return NULL;
}

/* The errno of a range of a side's space, or 0. */
static int
range_error(struct side *s, uint64_t offset, uint64_t len, unsigned int prot)
{
	for (uint64_t page = offset / PAGE; page <= (offset + len - 1) / PAGE; page++) {
		const struct window *w = page < SPACE ? window_of(s, (unsigned int)page, true)
						      : NULL;

		if (w == NULL)
			return ENXIO;
		if ((w->prot & prot) != prot)
			return EACCES;
	}
	return 0;
}

static uint8_t *
byte_of_space(struct side *s, uint64_t offset)
{
	const struct window *w = window_of(s, (unsigned int)(offset / PAGE), true);

	return object[w->page[offset / PAGE - w->start]] + offset % PAGE;
}

static uint8_t *
byte_of_pool(struct side *s, uint64_t offset)
{
	return object[s->page[offset / PAGE]] + offset % PAGE;
}

/* ---- Operations, each here and in the model ---- */

static void
expect(int ret, int error, const char *what)
{
	if (error == 0 ? ret == 0 : ret == -1 && errno == error)
		return;
	fail_msg("operation %u, %s: %d, errno %d; the model has errno %d", operation, what, ret,
		 errno, error);
}

static struct window *
window_free(struct side *s)
{
	for (unsigned int i = 0; i < WINDOWS; i++)
		if (!s->window[i].used)
			return &s->window[i];
	return NULL;
}

static void
do_register(struct side *s)
{
	unsigned int from = pick(POOL), len = 1 + pick(POOL - from), start = pick(SPACE);
	struct window *w = window_free(s);
	int error = 0;
	off_t offset = (off_t)(start * PAGE), ret;

	if (w == NULL || start + len > SPACE)
		return;
	*w = (struct window){false, true, start, len, pick(4), 0, {0}};
	for (unsigned int i = 0; i < len; i++) {
		w->page[i] = s->page[from + i];
		if (window_of(s, start + i, false) != NULL)
			error = EADDRINUSE;
	}
	ret = scif_register(s->epd, s->pool + from * PAGE, len * PAGE, offset, (int)w->prot,
			    SCIF_MAP_FIXED);
	expect(ret == offset ? 0 : -1, error, "register");
	w->used = error == 0;
}

static int
unregister_error(struct side *s, unsigned int start, unsigned int len)
{
	for (unsigned int page = start; page < start + len;) {
		const struct window *w = page < SPACE ? window_of(s, page, true) : NULL;

		if (w == NULL)
			return ENXIO;
		if (w->start != page || w->start + w->len > start + len)
			return EINVAL;
		page += w->len;
	}
	return 0;
}

static void
do_unregister(struct side *s)
{
	unsigned int start = pick(SPACE), len = 1 + pick(6);
	struct window *w = window_of(s, start, true);
	int error;

	/* Mostly what there is. */
	if (w != NULL && pick(4) != 0) {
		start = w->start;
		len = w->len;
	}
	error = unregister_error(s, start, len);
	expect(scif_unregister(s->epd, (off_t)(start * PAGE), len * PAGE), error, "unregister");
	for (unsigned int page = start; error == 0 && page < start + len; page++) {
		w = window_of(s, page, false);
		w->open = false;
	}
	for (unsigned int i = 0; i < WINDOWS; i++)
		s->window[i].used = s->window[i].used &&
				    (s->window[i].open || s->window[i].mapped > 0);
}

static void
do_transfer(struct side *s, struct side *peer)
{
	bool out = pick(2) != 0, pool = pick(2) != 0;
	uint64_t len = 1 + pick(pick(2) != 0 ? 4 * PAGE : 200);
	uint64_t local = pick(pool ? POOL * PAGE : SPACE * PAGE), remote = pick(SPACE * PAGE);
	int flags = (int)pick(16), ret, error;

	if (pool && local + len > POOL * PAGE)
		len = POOL * PAGE - local;
	error = range_error(peer, remote, len, out ? SCIF_PROT_WRITE : SCIF_PROT_READ);
	if (error == 0 && !pool)
		error = range_error(s, local, len, out ? SCIF_PROT_READ : SCIF_PROT_WRITE);
	if (pool)
		ret = (out ? scif_vwriteto : scif_vreadfrom)(s->epd, s->pool + local, len,
							     (off_t)remote, flags);
	else
		ret = (out ? scif_writeto : scif_readfrom)(s->epd, (off_t)local, len,
							   (off_t)remote, flags);
	expect(ret, error, "transfer");
	for (uint64_t i = 0; error == 0 && i < len; i++) {
		uint8_t *here = pool ? byte_of_pool(s, local + i) : byte_of_space(s, local + i);
		uint8_t *there = byte_of_space(peer, remote + i);

		*(out ? there : here) = *(out ? here : there);
	}
}

static void
do_signal(struct side *s, struct side *peer)
{
	uint64_t offset = pick(SPACE * PAGE / 4) * UINT64_C(4), value = random_state;
	int error = range_error(peer, offset, 8, SCIF_PROT_WRITE);

	if (error == 0 && window_of(peer, (unsigned int)(offset / PAGE), true) !=
				  window_of(peer, (unsigned int)((offset + 7) / PAGE), true))
		error = ENXIO;
	expect(scif_fence_signal(s->epd, 0, 0, (off_t)offset, value,
				 SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_REMOTE),
	       error, "signal");
	for (unsigned int i = 0; error == 0 && i < 8; i++)
		*byte_of_space(peer, offset + i) = (uint8_t)(value >> 8 * i);
}

static void
do_store(struct side *s)
{
	unsigned int at = pick(POOL * PAGE), len = pick(300), value = pick(256);

	for (; len > 0 && at < POOL * PAGE; len--, at++) {
		s->pool[at] = (char)value;
		*byte_of_pool(s, at) = (uint8_t)value;
	}
}

/* New memory at an old address: windows stay with the old. */
static void
do_replace(struct side *s)
{
	unsigned int page = pick(POOL);

	if (nb_objects == OBJECTS)
		return;
	assert_ptr_equal(mmap(s->pool + page * PAGE, PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 s->pool + page * PAGE);
	s->page[page] = object_new();
}

static void
do_map(struct side *peer, unsigned int mapper)
{
	unsigned int start = pick(SPACE), len = 1 + pick(4);
	struct map *m = &maps[pick(MAPS)];
	void *at;
	int error;

	if (m->at != NULL)
		return;
	error = range_error(peer, start * PAGE, len * PAGE, SCIF_PROT_READ);
	at = scif_mmap(NULL, len * PAGE, SCIF_PROT_READ, 0, side[mapper].epd,
		       (off_t)(start * PAGE));
	expect(at == SCIF_MMAP_FAILED ? -1 : 0, error, "mmap");
	if (error != 0)
		return;
	*m = (struct map){.at = at, .len = len, .side = !mapper};
	for (unsigned int i = 0; i < len; i++) {
		struct window *w = window_of(peer, start + i, true);

		m->window[i] = (unsigned int)(w - peer->window);
		m->page[i] = w->page[start + i - w->start];
		w->mapped++;
	}
}

static void
unmap_pages(struct map *m, unsigned int from, unsigned int len)
{
	expect(scif_munmap(m->at + from * PAGE, len * PAGE), 0, "munmap");
	for (unsigned int i = from; i < from + len; i++) {
		struct window *w = &side[m->side].window[m->window[i]];

		if (m->gone[i])
			continue;
		m->gone[i] = true;
		if (--w->mapped == 0 && !w->open)
			w->used = false;
	}
}

static void
do_unmap(void)
{
	struct map *m = &maps[pick(MAPS)];

	if (m->at == NULL)
		return;
	/* One page first, sometimes; but not one that somebody else may have by now. */
	if (m->len > 2 && pick(2) != 0 && !m->gone[1]) {
		unmap_pages(m, 1, 1);
		assert_ptr_equal(mmap(m->at + PAGE, PAGE, PROT_NONE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
				 m->at + PAGE);
		return;
	}
	unmap_pages(m, 0, m->len);
	m->at = NULL;
}

static void
compare(void)
{
	for (int s = 0; s < 2; s++)
		for (unsigned int i = 0; i < POOL; i++)
			if (memcmp(side[s].pool + i * PAGE, object[side[s].page[i]], PAGE) != 0)
				fail_msg("operation %u: page %u of side %d differs", operation, i,
					 s);
	for (unsigned int m = 0; m < MAPS; m++)
		for (unsigned int i = 0; maps[m].at != NULL && i < maps[m].len; i++)
			if (!maps[m].gone[i] &&
			    memcmp(maps[m].at + i * PAGE, object[maps[m].page[i]], PAGE) != 0)
				fail_msg("operation %u: page %u of mapping %u differs", operation,
					 i, m);
}

static void
operate(void)
{
	unsigned int mine = pick(2);
	struct side *s = &side[mine], *peer = &side[!mine];

	switch (pick(16)) {
	case 0:
	case 1:
		do_register(s);
		break;
	case 2:
		do_unregister(s);
		break;
	case 3:
		do_map(peer, mine);
		break;
	case 4:
		do_unmap();
		break;
	case 5:
		do_signal(s, peer);
		break;
	case 6:
		do_store(s);
		break;
	case 7:
		if (pick(8) == 0)
			do_replace(s);
		break;
	default:
		do_transfer(s, peer);
		break;
	}
}

/* ---- The test ---- */

static void
sides_make(void)
{
	pair_make(&pair);
	for (int i = 0; i < 2; i++) {
		side[i].epd = i == 0 ? pair.a : pair.b;
		side[i].pool = pair_pages(POOL);
		for (unsigned int p = 0; p < POOL; p++)
			side[i].page[p] = object_new();
	}
}

static void
what_happens_is_what_the_model_says(void **state)
{
	const char *text = getenv("SLIPWAY_SCIF_ORACLE"), *seed;
	unsigned int operations = text != NULL ? (unsigned int)strtoul(text, NULL, 10) : 20000;

	(void)state;
	seed = text != NULL ? strchr(text, ',') : NULL;
	random_state = seed != NULL ? strtoull(seed + 1, NULL, 10) : 1;
	sides_make();
	for (operation = 0; operation < operations; operation++) {
		operate();
		if (operation % 16 == 0)
			compare();
	}
	compare();
	for (unsigned int m = 0; m < MAPS; m++)
		if (maps[m].at != NULL)
			unmap_pages(&maps[m], 0, maps[m].len);
	pair_close(&pair);
	for (int i = 0; i < 2; i++)
		munmap(side[i].pool, POOL * PAGE);
	for (unsigned int i = 0; i < nb_objects; i++)
		free(object[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_happens_is_what_the_model_says),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
