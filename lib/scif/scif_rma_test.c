/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Transfers between registered memory, of every kind, size and alignment, and their order. */

#define MIB (1u << 20)

/* ---- Every call, on memory of both sides ---- */

/* Do it, and see that these bytes were copied, and none beside them. */
static void
call_and_check(const struct two *t, int which, size_t mine, size_t theirs, size_t n, int flags)
{
	bool out = which == WRITETO || which == VWRITETO;
	char *to = out ? t->theirs + theirs : t->mine + mine;
	const char *from = out ? t->mine + mine : t->theirs + theirs;
	size_t before = (size_t)(to - (out ? t->theirs : t->mine)) >= 64 ? 64 : 0;

	two_fill(t->mine + mine, n, 1);
	two_fill(t->theirs + theirs, n, 77);
	memset(to - before, 0x5a, before);
	memset(to + n, 0x5a, 64);
	assert_int_equal(two_call(t, which, mine, theirs, n, flags), 0);
	assert_memory_equal(to, from, n);
	for (size_t i = 0; i < before; i++)
		assert_int_equal(to[(ptrdiff_t)i - (ptrdiff_t)before], 0x5a);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(to[n + i], 0x5a);
}

static void
sizes_from_one_byte_to_many(void **state)
{
	static const size_t sizes[] = {1,    2,    63,      64,  65,      4095,
				       4096, 4097, MIB - 1, MIB, MIB + 1, 16 * MIB};
	size_t most = 17 * MIB;
	struct rlimit limit;
	struct two t;

	(void)state;
	/* Without privilege, what may be locked is the limit, for both sides. */
	if (geteuid() != 0 && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur < 2 * most)
		most = limit.rlim_cur / 2 / PAGE * PAGE;
	two_make(&t, most);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int c = 0; c < CALLS && sizes[i] + 256 <= most; c++)
			call_and_check(&t, c, 128, 192, sizes[i], SCIF_RMA_SYNC);
	two_close(&t);
}

static void
every_alignment_of_both_sides(void **state)
{
	struct two t;

	(void)state;
	two_make(&t, 4 * PAGE);
	for (size_t mine = 64; mine < 128; mine += 7)
		for (size_t theirs = 64; theirs < 128; theirs += 3)
			for (int c = 0; c < CALLS; c++)
				call_and_check(&t, c, mine, theirs, 300 + mine, SCIF_RMA_ORDERED);
	two_close(&t);
}

static void
every_combination_of_flags(void **state)
{
	struct two t;

	(void)state;
	two_make(&t, 8 * PAGE);
	for (int flags = 0; flags < 16; flags++)
		for (int c = 0; c < CALLS; c++)
			call_and_check(&t, c, 100, 4000, 5 * PAGE + 3, flags);
	two_close(&t);
}

/* ---- Ranges ---- */

static void
ranges_go_on_into_the_next_window_and_no_further(void **state)
{
	char *mine = pair_pages(4), *theirs = pair_pages(8), byte = 9;
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_window_at(p.b, mine, 1, 0x1000, RW);
	pair_window_at(p.b, mine + PAGE, 3, 0x2000, RW);
	for (int i = 0; i < 7; i++)
		pair_window_at(p.a, theirs + i * PAGE, 1, 0x10000 + i * PAGE, RW);
	two_fill(mine, 4 * PAGE, 3);
	assert_int_equal(scif_writeto(p.b, 0x1000, 4 * PAGE, 0x10080, SCIF_RMA_SYNC), 0);
	assert_memory_equal(theirs + 0x80, mine, 4 * PAGE);
	assert_int_equal(scif_vwriteto(p.b, mine, 4 * PAGE, 0x12800, SCIF_RMA_SYNC), 0);
	assert_memory_equal(theirs + 0x2800, mine, 4 * PAGE);
	/* Beyond the end nothing is written, not even what is there. */
	memset(theirs, 0, 8 * PAGE);
	assert_failed(scif_writeto(p.b, 0x1000, 2 * PAGE, 0x16000, 0), ENXIO);
	assert_failed(scif_vwriteto(p.b, mine, PAGE + 1, 0x16000, 0), ENXIO);
	assert_failed(scif_writeto(p.b, 0x4fff, 2, 0x10000, 0), ENXIO);
	for (size_t i = 0; i < 8 * PAGE; i++)
		assert_int_equal(theirs[i], 0);
	assert_int_equal(scif_unregister(p.a, 0x13000, PAGE), 0);
	assert_failed(scif_vwriteto(p.b, mine, PAGE + 1, 0x12000, 0), ENXIO);
	assert_int_equal(scif_vwriteto(p.b, &byte, 1, 0x12fff, 0), 0);
	assert_int_equal(theirs[0x2fff], 9);
	pair_close(&p);
	munmap(mine, 4 * PAGE);
	munmap(theirs, 8 * PAGE);
}

static void
transfers_refuse_what_is_not_allowed(void **state)
{
	char *mine = pair_pages(1), *theirs = pair_pages(1), *none = pair_pages(1);
	scif_epd_t lone = scif_open();
	struct pair p;

	(void)state;
	assert_failed(scif_writeto(lone, 0, 1, 0, 0x10), ENOTCONN);
	assert_failed(scif_vwriteto(lone, mine, 1, 0, 0), ENOTCONN);
	scif_close(lone);
	pair_make(&p);
	pair_window_at(p.b, mine, 1, 0, SCIF_PROT_READ);
	pair_window_at(p.a, theirs, 1, 0, SCIF_PROT_READ);
	pair_window_at(p.a, theirs, 1, 0x1000, SCIF_PROT_WRITE);
	pair_window_at(p.a, theirs, 1, 0x2000, 0);
	assert_failed(scif_writeto(p.b, 0, 1, 0x1000, 0x10), EINVAL);
	assert_failed(scif_writeto(p.b, 0, 1, 0x1000, 0x11), EINVAL);
	assert_failed(scif_writeto(p.b, 0, 0, 0x1000, 0), EINVAL);
	assert_failed(scif_writeto(p.b, -1, 1, 0x1000, 0), ENXIO);
	assert_failed(scif_writeto(p.b, 0, 1, -1, 0), ENXIO);
	assert_failed(scif_writeto(p.b, 0, 1, 0, 0), EACCES);
	assert_failed(scif_readfrom(p.b, 0, 1, 0, 0), EACCES);
	assert_failed(scif_vwriteto(p.b, mine, 1, 0x2000, 0), EACCES);
	assert_failed(scif_vreadfrom(p.b, mine, 1, 0x2000, 0), EACCES);
	assert_int_equal(scif_writeto(p.b, 0, 1, 0x1000, 0), 0);
	assert_int_equal(scif_vreadfrom(p.b, mine, 1, 0, 0), 0);
	munmap(none, PAGE);
	assert_failed(scif_vreadfrom(p.b, none, 1, 0, 0), EFAULT);
	assert_failed(scif_vwriteto(p.b, none, 1, 0x1000, 0), EFAULT);
	assert_failed(scif_vwriteto(p.b, NULL, 1, 0x1000, 0), EFAULT);
	assert_int_equal(mprotect(mine, PAGE, PROT_READ), 0);
	assert_failed(scif_vreadfrom(p.b, mine, 1, 0, 0), EFAULT);
	assert_int_equal(scif_vwriteto(p.b, mine, 1, 0x1000, 0), 0);
	scif_close(p.a);
	assert_failed(scif_vwriteto(p.b, mine, 1, 0x1000, 0), ECONNRESET);
	assert_failed(scif_writeto(p.b, 0, 1, 0x1000, 0), ECONNRESET);
	pair_close(&p);
	munmap(mine, PAGE);
	munmap(theirs, PAGE);
}

static void
a_cached_address_that_is_mapped_anew_is_the_new_memory(void **state)
{
	struct two t;

	(void)state;
	two_make(&t, PAGE);
	t.mine[0] = 1;
	assert_int_equal(two_call(&t, VWRITETO, 0, 0, 1, SCIF_RMA_USECACHE), 0);
	assert_ptr_equal(mmap(t.mine, PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 t.mine);
	t.mine[0] = 2;
	assert_int_equal(two_call(&t, VWRITETO, 0, 0, 1, SCIF_RMA_USECACHE), 0);
	assert_int_equal(t.theirs[0], 2);
	/* The window is on the old pages. */
	assert_int_equal(two_call(&t, WRITETO, 0, 0, 1, SCIF_RMA_SYNC), 0);
	assert_int_equal(t.theirs[0], 1);
	two_close(&t);
}

/* ---- Order ---- */

/* Many sizes, as each is copied in another way, and some of those store the beginning last. */
#define ORDERED_WORDS  400u
#define ORDERED_ROUNDS 10000u

static uint32_t
ordered_words(uint64_t round)
{
	return 10 + (uint32_t)(round * 7 % (ORDERED_WORDS - 10));
}

/* The last word of a transfer says which one it is; whoever sees it sees all of that one. */
static int
send_ordered(scif_epd_t epd, void *arg)
{
	static uint64_t words[ORDERED_WORDS];
	off_t to = pair_told(epd);

	(void)arg;
	for (uint64_t round = 1; round <= ORDERED_ROUNDS; round++) {
		uint32_t n = ordered_words(round);

		for (uint32_t i = 0; i < n; i++)
			words[i] = round;
		if (scif_vwriteto(epd, words, n * 8, to, SCIF_RMA_ORDERED) != 0)
			return 1;
		pair_hear(epd);
	}
	return 0;
}

static void
the_last_line_of_an_ordered_transfer_comes_last(void **state)
{
	char *at = pair_pages(4);
	/* Neither end of it is that of a line. */
	_Atomic uint64_t *words = (_Atomic uint64_t *)(void *)(at + 24);
	struct other o;

	(void)state;
	other_begin(&o, send_ordered, NULL);
	pair_window_at(o.epd, at, 4, 0, RW);
	pair_tell(o.epd, 24);
	for (uint64_t round = 1; round <= ORDERED_ROUNDS; round++) {
		uint32_t n = ordered_words(round);
		uint64_t first;

		while (atomic_load_explicit(&words[n - 1], memory_order_acquire) != round)
			;
		first = atomic_load_explicit(&words[0], memory_order_relaxed);
		for (uint32_t i = 1; i < n; i++)
			first &= atomic_load_explicit(&words[i], memory_order_relaxed);
		assert_int_equal(first, round);
		pair_say(o.epd);
	}
	other_end(&o);
	munmap(at, 4 * PAGE);
}

/* ---- Many at once ---- */

struct stripe {
	const struct two *two;
	size_t at;
	int failed;
};

static void *
copy_stripe(void *arg)
{
	struct stripe *s = arg;

	for (int i = 0; i < 200; i++) {
		size_t n = 1 + (size_t)(i * 37) % (PAGE - 64);

		two_fill(s->two->mine + s->at, n, (uint32_t)i);
		s->failed += two_call(s->two, i % 2 == 0 ? WRITETO : VWRITETO, s->at, s->at, n, 0) != 0;
		s->failed += memcmp(s->two->mine + s->at, s->two->theirs + s->at, n) != 0;
	}
	return NULL;
}

static void
threads_and_streams_do_not_disturb_each_other(void **state)
{
	struct stripe stripe[4];
	pthread_t thread[4];
	char sent[100], got[100];
	struct two t;

	(void)state;
	two_make(&t, 4 * PAGE);
	for (size_t i = 0; i < 4; i++) {
		stripe[i] = (struct stripe){&t, i * PAGE, 0};
		pthread_create(&thread[i], NULL, copy_stripe, &stripe[i]);
	}
	for (int i = 0; i < 200; i++) {
		two_fill(sent, sizeof(sent), (uint32_t)i);
		assert_int_equal(scif_send(t.pair.b, sent, sizeof(sent), SCIF_SEND_BLOCK), 100);
		assert_int_equal(scif_recv(t.pair.a, got, sizeof(got), SCIF_RECV_BLOCK), 100);
		assert_memory_equal(sent, got, sizeof(sent));
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(stripe[i].failed, 0);
	}
	two_close(&t);
}

/* Windows that come and go under transfers: each is either whole, or refused. */
static void *
come_and_go(void *arg)
{
	struct two *t = arg;

	for (int i = 0; i < 300; i++) {
		assert_int_equal(scif_unregister(t->pair.a, 0, t->size), 0);
		pair_window_at(t->pair.a, t->theirs, t->size / PAGE, 0, RW);
	}
	return NULL;
}

static void
windows_that_go_under_a_transfer_end_it_or_not(void **state)
{
	pthread_t thread;
	unsigned int done = 0, refused = 0;
	struct two t;

	(void)state;
	two_make(&t, 16 * PAGE);
	two_fill(t.mine, t.size, 9);
	pthread_create(&thread, NULL, come_and_go, &t);
	for (int i = 0; i < 3000; i++) {
		if (two_call(&t, WRITETO, 0, 0, t.size, 0) == 0) {
			done++;
		} else {
			assert_int_equal(errno, ENXIO);
			refused++;
		}
	}
	pthread_join(thread, NULL);
	assert_true(done > 0);
	assert_int_equal(two_call(&t, WRITETO, 0, 0, t.size, 0), 0);
	assert_memory_equal(t.mine, t.theirs, t.size);
	assert_int_equal(done + refused, 3000);
	two_close(&t);
}

/* A process that is killed while it copies, again and again. */
static int
copy_for_ever(scif_epd_t epd, void *arg)
{
	char *mine = pair_pages(64);

	(void)arg;
	pair_window_at(epd, mine, 64, 0, RW);
	pair_hear(epd);
	pair_say(epd);
	while (scif_writeto(epd, 0, 64 * PAGE, 0, 0) == 0)
		scif_readfrom(epd, 0, 64 * PAGE, 0, 0);
	return 1;
}

static void
kills_in_the_middle_of_transfers(void **state)
{
	char *at = pair_pages(64), byte;
	struct other o;

	(void)state;
	for (int i = 0; i < 10; i++) {
		other_begin(&o, copy_for_ever, NULL);
		pair_window_at(o.epd, at, 64, 0, RW);
		pair_say(o.epd);
		pair_hear(o.epd);
		assert_int_equal(scif_vreadfrom(o.epd, &byte, 1, 0, 0), 0);
		usleep(2000);
		kill(o.pid, SIGKILL);
		waitpid(o.pid, NULL, 0);
		assert_int_equal(scif_recv(o.epd, &byte, 1, SCIF_RECV_BLOCK), -1);
		assert_failed(scif_vreadfrom(o.epd, &byte, 1, 0, 0), ECONNRESET);
		scif_close(o.epd);
	}
	munmap(at, 64 * PAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_from_one_byte_to_many),
		cmocka_unit_test(every_alignment_of_both_sides),
		cmocka_unit_test(every_combination_of_flags),
		cmocka_unit_test(ranges_go_on_into_the_next_window_and_no_further),
		cmocka_unit_test(transfers_refuse_what_is_not_allowed),
		cmocka_unit_test(a_cached_address_that_is_mapped_anew_is_the_new_memory),
		cmocka_unit_test(the_last_line_of_an_ordered_transfer_comes_last),
		cmocka_unit_test(threads_and_streams_do_not_disturb_each_other),
		cmocka_unit_test(windows_that_go_under_a_transfer_end_it_or_not),
		cmocka_unit_test(kills_in_the_middle_of_transfers),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
