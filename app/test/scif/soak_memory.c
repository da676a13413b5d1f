/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "soak_window.h"
#include "test.h"

/* Windows of both sides. The side that connected knows what is in all of them: it is who draws what
 * is written there, by whom; and compares after fences.
 */

#define NOWHERE (3 * SOAK_PAGES * SOAK_WINDOWS * SOAK_PAGE) /* no window is there */

/* ---- What the other side does when told ---- */

static void
serve_make(struct soak_session *s, const struct soak_frame *f)
{
	struct soak_window *w = soak_window_new(f->a, true);
	int64_t offset = soak_window_register(s, w, f->a[4]);
	int error = errno;

	if (offset != -1) {
		s->own[f->a[0]] = w;
		w->offset = offset;
		soak_reply(s, offset, 0);
		return;
	}
	soak_window_free(w);
	/* Of memory that was unregistered and is still mapped. */
	if (error != EADDRINUSE) {
		errno = error;
		soak_judge(s, SOAK_REGISTER, -1);
	}
	soak_reply(s, -1, error);
}

static void
serve_drop(struct soak_session *s, const struct soak_frame *f)
{
	struct soak_window *w = s->own[f->a[0]];

	SOAK_OK(s, UNREGISTER, scif_unregister(s->epd, w->offset, w->len));
	s->own[f->a[0]] = NULL;
	soak_window_free(w);
	soak_reply(s, 0, 0);
}

/* A transfer of this side, as it is told. Who told it waits for the end of it, by a mark of the
 * peer's; but for what is read into memory of this side, which is sent back.
 */
static void
serve_transfer(struct soak_session *s, const struct soak_frame *f)
{
	struct soak_window *w = s->own[f->a[1]];
	size_t len = (size_t)f->a[4];
	int flags = (int)f->a[5];
	long ret;

	free(s->pending);
	s->pending = malloc(len);
	if (s->pending == NULL)
		soak_fail("no memory");
	soak_fill(s->pending, len, (uint64_t)f->a[6]);
	ret = soak_transfer(s, f->a[0], s->pending, w != NULL ? w->offset + f->a[2] : 0, len,
			    f->a[3], flags);
	soak_judge(s, soak_op_of[f->a[0]], ret);
	if (f->a[0] == VREAD_FROM && !soak_is_sync(flags))
		soak_mark_and_wait(s, SCIF_FENCE_INIT_SELF);
	soak_reply(s, ret, 0);
	if (f->a[0] == VREAD_FROM)
		soak_send(s, s->pending, len);
}

bool
soak_memory_serve(struct soak_session *s, const struct soak_frame *f)
{
	switch (f->type) {
	case SOAK_MAKE:
		serve_make(s, f);
		return true;
	case SOAK_DROP:
		serve_drop(s, f);
		return true;
	case SOAK_SHOW:
		soak_send(s, s->own[f->a[0]]->memory + f->a[1], (size_t)f->a[2]);
		return true;
	case SOAK_AWAIT:
		soak_value_await(s, s->own[f->a[0]], (uint64_t)f->a[1], (uint64_t)f->a[2]);
		soak_reply(s, 0, 0);
		return true;
	case SOAK_TRANSFER:
		serve_transfer(s, f);
		return true;
	}
	return false;
}

/* ---- Steps ---- */

static void
draw_window(int64_t a[SOAK_ARGS], unsigned int at)
{
	static const int prots[] = {3, 3, 3, 3, 3, 3, 1, 2};

	a[0] = at;
	a[1] = 1 + (int64_t)soak_pick(soak_chance(2) ? SOAK_PAGES : 2);
	a[2] = prots[soak_pick(8)];
	a[3] = (int64_t)soak_pick(NB_KINDS);
	/* Where the engine likes, or at a place of one's own. */
	a[4] = soak_chance(2) ? -1
			      : (2 * SOAK_PAGES * at + (int64_t)soak_pick(SOAK_PAGES)) * SOAK_PAGE;
	a[5] = (int64_t)soak_pick(INT64_MAX);
}

static void
make_own(struct soak_session *s)
{
	unsigned int at = soak_window_pick(s->own, false);
	int64_t a[SOAK_ARGS] = {0};
	struct soak_window *w;

	if (at == SOAK_WINDOWS)
		return;
	draw_window(a, at);
	w = soak_window_new(a, true);
	w->offset = soak_window_register(s, w, a[4]);
	if (w->offset == -1) {
		int error = errno;

		soak_window_free(w);
		errno = error;
		soak_judge(s, SOAK_REGISTER, -1);
	}
	s->own[at] = w;
}

static void
drop_own(struct soak_session *s)
{
	unsigned int at = soak_window_pick(s->own, true);
	struct soak_window *w;

	if (at == SOAK_WINDOWS)
		return;
	w = s->own[at];
	SOAK_OK(s, UNREGISTER, scif_unregister(s->epd, w->offset, w->len));
	soak_compare_own(w, "a window that was unregistered");
	s->own[at] = NULL;
	soak_window_free(w);
}

/* 0, or the errno that the other side's registration failed with. */
static int
make_theirs(struct soak_session *s, const int64_t a[SOAK_ARGS])
{
	struct soak_window *w;
	int64_t offset;
	int error;

	soak_command(s, SOAK_MAKE, a);
	offset = soak_answer(s, &error);
	if (offset == -1)
		return error;
	w = soak_window_new(a, false);
	w->offset = offset;
	s->theirs[a[0]] = w;
	return 0;
}

static void
make_theirs_somewhere(struct soak_session *s)
{
	unsigned int at = soak_window_pick(s->theirs, false);
	int64_t a[SOAK_ARGS] = {0};
	int error;

	if (at == SOAK_WINDOWS)
		return;
	draw_window(a, at);
	error = make_theirs(s, a);
	if (error != 0)
		soak_fail("register of the peer failed with %s", soak_errno_name(error));
}

static void
unmap(struct soak_map *m)
{
	if (SOAK(MUNMAP, scif_munmap(m->at, m->len)) != 0)
		soak_fail("munmap failed with %s", soak_errno_name(errno));
	m->at = NULL;
}

static void
compare_map(const struct soak_map *m, const char *what)
{
	if ((m->window->prot & SCIF_PROT_READ) != 0)
		soak_compare(m->at, m->window->shadow + m->offset, m->len, what,
			     m->window->offset + (int64_t)m->offset);
}

/* What is mapped stays, and so does its place, until it is unmapped. */
static void
drop_mapped(struct soak_session *s, struct soak_window *w, unsigned int at)
{
	int64_t a[SOAK_ARGS] = {at, (int64_t)(w->len / SOAK_PAGE), w->prot, PRIVATE, w->offset, 1};
	uint64_t since = now_ns();
	bool mapped = false;
	int error;

	for (int i = 0; i < SOAK_MAPS; i++) {
		if (s->map[i].at == NULL || s->map[i].window != w)
			continue;
		/* What its owner had from an allocator may be something else by now. */
		if (w->kind != HEAP)
			compare_map(&s->map[i], "a mapping of what was unregistered");
		mapped = true;
	}
	if (!mapped)
		return;
	error = make_theirs(s, a);
	if (error != EADDRINUSE)
		soak_fail("register of the peer, where a window is still mapped: %s; it should "
			  "fail with EADDRINUSE",
			  soak_errno_name(error));
	for (int i = 0; i < SOAK_MAPS; i++)
		if (s->map[i].at != NULL && s->map[i].window == w)
			unmap(&s->map[i]);
	/* Only such a place can be asked for. */
	if (w->offset >= (int64_t)(2 * SOAK_PAGES * SOAK_WINDOWS * SOAK_PAGE))
		return;
	/* Another node learns of it by a message. */
	while ((error = make_theirs(s, a)) != 0) {
		if (error != EADDRINUSE || !s->far || now_ns() - since > soak->deadline_ns)
			soak_fail("register of the peer, at %" PRIx64 " where nothing is mapped "
				  "any more, on node %u: %s",
				  (uint64_t)w->offset, s->conn->node[1], soak_errno_name(error));
		pause_ms(1);
	}
}

static void
drop_theirs(struct soak_session *s)
{
	unsigned int at = soak_window_pick(s->theirs, true);
	struct soak_window *w;
	uint8_t byte = 0;
	int error;

	if (at == SOAK_WINDOWS)
		return;
	w = s->theirs[at];
	soak_tell(s, SOAK_DROP, at);
	soak_answer(s, &error);
	SOAK_REFUSED(s, VREADFROM, scif_vreadfrom(s->epd, &byte, 1, w->offset, 0), ENXIO);
	s->theirs[at] = NULL;
	s->dropped = w;
	drop_mapped(s, w, at);
	s->dropped = NULL;
	soak_window_free(w);
}

static void
map_step(struct soak_session *s)
{
	unsigned int at = soak_window_pick(s->theirs, true);
	struct soak_map *m = &s->map[soak_pick(SOAK_MAPS)];
	struct soak_window *w;
	int prot = 1 + (int)soak_pick(3);
	size_t pages, from, to;
	void *p;

	if (m->at != NULL) {
		compare_map(m, "a mapping");
		unmap(m);
		return;
	}
	if (at == SOAK_WINDOWS)
		return;
	w = s->theirs[at];
	from = soak_pick(w->len / SOAK_PAGE);
	pages = 1 + soak_pick(w->len / SOAK_PAGE - from);
	soak_begin(SOAK_MMAP);
	p = scif_mmap(NULL, pages * SOAK_PAGE, prot, 0, s->epd,
		      w->offset + (int64_t)(from * SOAK_PAGE));
	soak_done(SOAK_MMAP, p == SCIF_MMAP_FAILED ? -1 : 0);
	if ((prot & ~w->prot) != 0) {
		soak_expect(s, SOAK_MMAP, p == SCIF_MMAP_FAILED ? -1 : 0, EACCES);
		return;
	}
	soak_judge(s, SOAK_MMAP, p == SCIF_MMAP_FAILED ? -1 : 0);
	*m = (struct soak_map){p, pages * SOAK_PAGE, from * SOAK_PAGE, w};
	if ((prot & SCIF_PROT_READ) != 0)
		compare_map(m, "a new mapping");
	if ((prot & SCIF_PROT_WRITE) == 0)
		return;
	to = soak_pick(m->len);
	pages = 1 + soak_pick(m->len - to);
	soak_fill(w->shadow + m->offset + to, pages, soak_pick(INT64_MAX));
	memcpy(m->at + to, w->shadow + m->offset + to, pages);
	soak_compare_theirs(s, at, m->offset + to, pages, "what was stored through a mapping");
}

/* What is wrong is refused, and changes nothing. */
static void
wrong_step(struct soak_session *s)
{
	struct scif_portID to = {s->conn->node[1], 1};
	uint8_t byte = 0;
	int mark;

	switch (soak_pick(6)) {
	case 0:
		SOAK_REFUSED(s, CONNECT, scif_connect(s->epd, &to), EISCONN);
		break;
	case 1:
		SOAK_REFUSED(s, LISTEN, scif_listen(s->epd, 4), EISCONN);
		break;
	case 2:
		SOAK_REFUSED(s, MARK, scif_fence_mark(s->epd, 3, &mark), EINVAL);
		break;
	case 3:
		SOAK_REFUSED(s, REGISTER, scif_register(s->epd, &byte, 1, 0, 3, 0), EINVAL);
		break;
	case 4:
		SOAK_REFUSED(s, UNREGISTER, scif_unregister(s->epd, NOWHERE, SOAK_PAGE), ENXIO);
		break;
	default:
		SOAK_REFUSED(s, VREADFROM, scif_vreadfrom(s->epd, &byte, 1, NOWHERE, 0), ENXIO);
	}
}

void
soak_memory_step(struct soak_session *s)
{
	switch (soak_pick(16)) {
	case 0:
		make_own(s);
		break;
	case 1:
	case 2:
		make_theirs_somewhere(s);
		break;
	case 3:
		drop_own(s);
		break;
	case 4:
		drop_theirs(s);
		break;
	case 5:
	case 6:
		map_step(s);
		break;
	case 7:
		if (soak_chance(2))
			wrong_step(s);
		else
			soak_fence_by_signal(s);
		break;
	case 8:
	case 9:
	case 10:
		soak_peer_transfer_step(s);
		break;
	default:
		if (soak_window_pick(s->own, true) == SOAK_WINDOWS)
			make_own(s);
		if (soak_window_pick(s->theirs, true) == SOAK_WINDOWS)
			make_theirs_somewhere(s);
		soak_transfer_step(s);
		break;
	}
}

/* The endpoint is closed; what is mapped is still there. */
void
soak_memory_end(struct soak_session *s)
{
	for (int i = 0; i < SOAK_MAPS; i++) {
		if (s->map[i].at == NULL)
			continue;
		/* Its owner may have gone on writing, if this is not the end that it knows of. */
		if ((s->map[i].window->prot & SCIF_PROT_READ) != 0)
			(void)*(volatile uint8_t *)s->map[i].at;
		unmap(&s->map[i]);
	}
	for (int i = 0; i < SOAK_WINDOWS; i++) {
		soak_window_free(s->own[i]);
		soak_window_free(s->theirs[i]);
	}
	soak_window_free(s->dropped);
	free(s->pending);
}
