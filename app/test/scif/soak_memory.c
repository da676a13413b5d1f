/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "soak.h"
#include "test.h"

/* Windows of both sides. The side that connected knows what is in all of them: it is who draws what
 * is written there, by whom; and compares after fences.
 */

#define PAGES_MAX 16u
#define LEN_MAX   (PAGES_MAX * SOAK_PAGE)
#define GUARD     64u
#define NOWHERE   (3 * PAGES_MAX * SOAK_WINDOWS * SOAK_PAGE) /* no window is there */

enum kind { PRIVATE, MEMFD, SHARED, HEAP, NB_KINDS };

/* A window; of one's own with its memory, of the other side's as it should be. */
struct soak_window {
	uint8_t *memory;
	uint8_t *shadow;
	size_t len;
	int64_t offset;
	int prot;
	enum kind kind;
};

enum { WRITE_TO, READ_FROM, VWRITE_TO, VREAD_FROM, NB_CALLS };

static const enum soak_op op_of[NB_CALLS] = {SOAK_WRITETO, SOAK_READFROM, SOAK_VWRITETO,
					     SOAK_VREADFROM};

static bool
is_out(int64_t call)
{
	return call == WRITE_TO || call == VWRITE_TO;
}

static bool
is_registered(int64_t call)
{
	return call == WRITE_TO || call == READ_FROM;
}

/* ---- Windows ---- */

static uint8_t *
memory_new(enum kind kind, size_t len)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS, fd = -1;
	void *p = NULL;

	if (kind == HEAP)
		return posix_memalign(&p, SOAK_PAGE, len) == 0 ? p : NULL;
	if (kind == MEMFD) {
		fd = memfd_create("slipway-soak", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, (off_t)len) < 0)
			return NULL;
		flags = MAP_SHARED;
	} else if (kind == SHARED) {
		flags = MAP_SHARED | MAP_ANONYMOUS;
	}
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (fd >= 0)
		close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static void
memory_free(enum kind kind, uint8_t *memory, size_t len)
{
	if (kind == HEAP)
		free(memory);
	else
		munmap(memory, len);
}

static void
window_free(struct soak_window *w)
{
	if (w == NULL)
		return;
	if (w->memory != NULL)
		memory_free(w->kind, w->memory, w->len);
	free(w->shadow);
	free(w);
}

static void
fill(uint8_t *p, size_t len, uint64_t seed)
{
	memset(p, 0, len);
	soak_cover(p, len, seed, 0);
}

/* One of one's own, to be registered: what is asked for is as in SOAK_MAKE. */
static struct soak_window *
window_new(const int64_t a[SOAK_ARGS], bool with_memory)
{
	struct soak_window *w = calloc(1, sizeof(*w));

	if (w == NULL)
		soak_fail("no memory");
	w->len = (size_t)a[1] * SOAK_PAGE;
	w->prot = (int)a[2];
	w->kind = (enum kind)a[3];
	w->shadow = malloc(w->len);
	w->memory = with_memory ? memory_new(w->kind, w->len) : NULL;
	if (w->shadow == NULL || (with_memory && w->memory == NULL))
		soak_fail("no memory");
	fill(w->shadow, w->len, (uint64_t)a[5]);
	if (with_memory)
		memcpy(w->memory, w->shadow, w->len);
	return w;
}

static int64_t
window_register(struct soak_session *s, struct soak_window *w, int64_t offset)
{
	return SOAK(REGISTER, scif_register(s->epd, w->memory, w->len, offset < 0 ? 0 : offset,
					    w->prot, offset < 0 ? 0 : SCIF_MAP_FIXED));
}

static unsigned int
pick_window(struct soak_window *const list[SOAK_WINDOWS], bool there)
{
	unsigned int at = (unsigned int)soak_pick(SOAK_WINDOWS);

	for (unsigned int i = 0; i < SOAK_WINDOWS; i++, at = (at + 1) % SOAK_WINDOWS)
		if ((list[at] != NULL) == there)
			return at;
	return SOAK_WINDOWS;
}

/* ---- What the other side does when told ---- */

static void
serve_make(struct soak_session *s, const struct soak_frame *f)
{
	struct soak_window *w = window_new(f->a, true);
	int64_t offset = window_register(s, w, f->a[4]);
	int error = errno;

	if (offset != -1) {
		s->own[f->a[0]] = w;
		w->offset = offset;
		soak_reply(s, offset, 0);
		return;
	}
	window_free(w);
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
	window_free(w);
	soak_reply(s, 0, 0);
}

/* Some wait for a value that a fence is to write. */
static void
value_await(struct soak_session *s, const struct soak_window *w, uint64_t at, uint64_t value)
{
	uint64_t since = now_ns(), there;

	soak_begin(SOAK_SEEN);
	for (;;) {
		memcpy(&there, w->memory + at, sizeof(there));
		atomic_thread_fence(memory_order_acquire);
		if (there == value)
			break;
		if (soak_gone(s))
			soak_over(s);
		if (now_ns() - since > soak->deadline_ns)
			soak_fail("signal: %016" PRIx64 " does not come; %016" PRIx64 " is there",
				  value, there);
		pause_ms(0);
	}
	soak_done(SOAK_SEEN, 0);
}

static long
transfer(struct soak_session *s, int64_t call, void *local, int64_t loffset, size_t len,
	 int64_t roffset, int flags)
{
	soak_begin(op_of[call]);
	switch (call) {
	case WRITE_TO:
		return soak_done(op_of[call], scif_writeto(s->epd, loffset, len, roffset, flags));
	case READ_FROM:
		return soak_done(op_of[call], scif_readfrom(s->epd, loffset, len, roffset, flags));
	case VWRITE_TO:
		return soak_done(op_of[call], scif_vwriteto(s->epd, local, len, roffset, flags));
	default:
		return soak_done(op_of[call], scif_vreadfrom(s->epd, local, len, roffset, flags));
	}
}

static bool
is_sync(int flags)
{
	return (flags & (SCIF_RMA_SYNC | SCIF_RMA_USECPU)) != 0;
}

static void
mark_and_wait(struct soak_session *s, int whose)
{
	int mark = 0;

	SOAK_OK(s, MARK, scif_fence_mark(s->epd, whose, &mark));
	SOAK_OK(s, WAIT, scif_fence_wait(s->epd, mark));
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
	fill(s->pending, len, (uint64_t)f->a[6]);
	ret = transfer(s, f->a[0], s->pending, w != NULL ? w->offset + f->a[2] : 0, len, f->a[3],
		       flags);
	soak_judge(s, op_of[f->a[0]], ret);
	if (f->a[0] == VREAD_FROM && !is_sync(flags))
		mark_and_wait(s, SCIF_FENCE_INIT_SELF);
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
		value_await(s, s->own[f->a[0]], (uint64_t)f->a[1], (uint64_t)f->a[2]);
		soak_reply(s, 0, 0);
		return true;
	case SOAK_TRANSFER:
		serve_transfer(s, f);
		return true;
	}
	return false;
}

/* ---- Comparing ---- */

static void
compare(const uint8_t *is, const uint8_t *should_be, size_t len, const char *what, int64_t offset)
{
	for (size_t i = 0; i < len; i++)
		if (is[i] != should_be[i])
			soak_fail("%s: byte %zu of %zu, at offset %" PRIx64 ", is %02x and "
				  "should be %02x", what, i, len, (uint64_t)offset + i, is[i],
				  should_be[i]);
	soak_bytes(len);
}

/* Some of a window of the other side, as its owner sees it, with what is beside it. */
static void
compare_theirs(struct soak_session *s, unsigned int at, size_t from, size_t len, const char *what)
{
	struct soak_window *w = s->theirs[at];
	uint8_t *bytes;

	from = from < 16 ? 0 : from - 16;
	len = len + 32 > w->len - from ? w->len - from : len + 32;
	bytes = malloc(len);
	if (bytes == NULL)
		soak_fail("no memory");
	free(s->pending);
	s->pending = bytes;
	soak_tell(s, SOAK_SHOW, at, (int64_t)from, (int64_t)len);
	soak_recv(s, bytes, len);
	compare(bytes, w->shadow + from, len, what, w->offset + (int64_t)from);
}

static void
compare_own(const struct soak_window *w, const char *what)
{
	compare(w->memory, w->shadow, w->len, what, w->offset);
}

/* ---- Fences ---- */

/* A value that a fence writes into a window of either side: all before it is there. */
static bool
fence_by_signal(struct soak_session *s)
{
	unsigned int at = pick_window(s->own, true), to = pick_window(s->theirs, true);
	struct soak_window *own, *theirs;
	uint64_t lat, rat, lval = soak_pick(UINT64_MAX), rval = soak_pick(UINT64_MAX);
	int flags = SCIF_FENCE_INIT_SELF, error;

	if (at == SOAK_WINDOWS || to == SOAK_WINDOWS)
		return false;
	own = s->own[at];
	theirs = s->theirs[to];
	if (((own->prot & theirs->prot) & SCIF_PROT_WRITE) == 0)
		return false;
	lat = soak_pick(own->len / 8) * 8;
	rat = soak_pick(theirs->len / 8) * 8;
	flags |= soak_chance(3) ? SCIF_SIGNAL_LOCAL
	       : soak_chance(2) ? SCIF_SIGNAL_REMOTE
				: SCIF_SIGNAL_LOCAL | SCIF_SIGNAL_REMOTE;
	SOAK_OK(s, SIGNAL, scif_fence_signal(s->epd, own->offset + (int64_t)lat, lval,
					     theirs->offset + (int64_t)rat, rval, flags));
	if ((flags & SCIF_SIGNAL_LOCAL) != 0) {
		memcpy(own->shadow + lat, &lval, sizeof(lval));
		value_await(s, own, lat, lval);
	}
	if ((flags & SCIF_SIGNAL_REMOTE) != 0) {
		memcpy(theirs->shadow + rat, &rval, sizeof(rval));
		soak_tell(s, SOAK_AWAIT, to, (int64_t)rat, (int64_t)rval);
		soak_answer(s, &error);
	}
	return true;
}

/* ---- Steps ---- */

static void
draw_window(int64_t a[SOAK_ARGS], unsigned int at)
{
	static const int prots[] = {3, 3, 3, 3, 3, 3, 1, 2};

	a[0] = at;
	a[1] = 1 + (int64_t)soak_pick(soak_chance(2) ? PAGES_MAX : 2);
	a[2] = prots[soak_pick(8)];
	a[3] = (int64_t)soak_pick(NB_KINDS);
	/* Where the engine likes, or at a place of one's own. */
	a[4] = soak_chance(2) ? -1 : (2 * PAGES_MAX * at + (int64_t)soak_pick(PAGES_MAX)) * SOAK_PAGE;
	a[5] = (int64_t)soak_pick(INT64_MAX);
}

static void
make_own(struct soak_session *s)
{
	unsigned int at = pick_window(s->own, false);
	int64_t a[SOAK_ARGS] = {0};
	struct soak_window *w;

	if (at == SOAK_WINDOWS)
		return;
	draw_window(a, at);
	w = window_new(a, true);
	w->offset = window_register(s, w, a[4]);
	if (w->offset == -1) {
		int error = errno;

		window_free(w);
		errno = error;
		soak_judge(s, SOAK_REGISTER, -1);
	}
	s->own[at] = w;
}

static void
drop_own(struct soak_session *s)
{
	unsigned int at = pick_window(s->own, true);
	struct soak_window *w;

	if (at == SOAK_WINDOWS)
		return;
	w = s->own[at];
	SOAK_OK(s, UNREGISTER, scif_unregister(s->epd, w->offset, w->len));
	compare_own(w, "a window that was unregistered");
	s->own[at] = NULL;
	window_free(w);
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
	w = window_new(a, false);
	w->offset = offset;
	s->theirs[a[0]] = w;
	return 0;
}

static void
make_theirs_somewhere(struct soak_session *s)
{
	unsigned int at = pick_window(s->theirs, false);
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
		compare(m->at, m->window->shadow + m->offset, m->len, what,
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
			  "fail with EADDRINUSE", soak_errno_name(error));
	for (int i = 0; i < SOAK_MAPS; i++)
		if (s->map[i].at != NULL && s->map[i].window == w)
			unmap(&s->map[i]);
	/* Only such a place can be asked for. */
	if (w->offset >= (int64_t)(2 * PAGES_MAX * SOAK_WINDOWS * SOAK_PAGE))
		return;
	/* Another node learns of it by a message. */
	while ((error = make_theirs(s, a)) != 0) {
		if (error != EADDRINUSE || !s->far || now_ns() - since > soak->deadline_ns)
			soak_fail("register of the peer, at %" PRIx64 " where nothing is mapped "
				  "any more, on node %u: %s", (uint64_t)w->offset,
				  s->conn->node[1], soak_errno_name(error));
		pause_ms(1);
	}
}

static void
drop_theirs(struct soak_session *s)
{
	unsigned int at = pick_window(s->theirs, true);
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
	window_free(w);
}

/* Where a transfer of this side, or of the other, goes. */
struct course {
	int64_t call;
	unsigned int own, theirs;
	size_t len, own_at, theirs_at;
	int flags;
};

static bool
draw_course(struct soak_session *s, struct course *c, bool of_peer)
{
	struct soak_window *own, *theirs;
	size_t room;

	c->call = (int64_t)soak_pick(NB_CALLS);
	c->own = pick_window(s->own, true);
	c->theirs = pick_window(s->theirs, true);
	c->flags = (int)soak_pick(16);
	if (c->own == SOAK_WINDOWS || c->theirs == SOAK_WINDOWS)
		return false;
	own = s->own[c->own];
	theirs = s->theirs[c->theirs];
	/* Memory of the one who transfers may be of any kind; the other's is a window. */
	room = is_registered(c->call) ? (own->len < theirs->len ? own->len : theirs->len)
	       : of_peer	      ? own->len
				      : theirs->len;
	c->len = 1 + soak_pick(soak_chance(2) ? room : 200);
	c->own_at = of_peer || is_registered(c->call) ? soak_pick(own->len - c->len + 1) : 0;
	c->theirs_at = !of_peer || is_registered(c->call) ? soak_pick(theirs->len - c->len + 1) : 0;
	return true;
}

/* What the two windows have to allow: whoever transfers is "near". */
static bool
is_allowed(int64_t call, int near_prot, int far_prot)
{
	if ((far_prot & (is_out(call) ? SCIF_PROT_WRITE : SCIF_PROT_READ)) == 0)
		return false;
	return !is_registered(call) ||
	       (near_prot & (is_out(call) ? SCIF_PROT_READ : SCIF_PROT_WRITE)) != 0;
}

/* A transfer of this side. */
static void
transfer_step(struct soak_session *s)
{
	struct soak_window *own, *theirs;
	uint8_t *local, *guarded;
	struct course c;
	size_t skew;
	long ret;

	if (!draw_course(s, &c, false))
		return;
	own = s->own[c.own];
	theirs = s->theirs[c.theirs];
	skew = soak_pick(64);
	free(s->pending);
	guarded = s->pending = malloc(c.len + 2 * GUARD + skew);
	if (guarded == NULL)
		soak_fail("no memory");
	memset(guarded, 0xa5, c.len + 2 * GUARD + skew);
	local = guarded + skew + GUARD;
	if (is_out(c.call))
		fill(local, c.len, soak_pick(INT64_MAX));
	ret = transfer(s, c.call, local, own->offset + (int64_t)c.own_at, c.len,
		       theirs->offset + (int64_t)c.theirs_at, c.flags);
	if (!is_allowed(c.call, own->prot, theirs->prot)) {
		soak_expect(s, op_of[c.call], ret, EACCES);
		return;
	}
	soak_judge(s, op_of[c.call], ret);
	if (c.call == WRITE_TO)
		memcpy(theirs->shadow + c.theirs_at, own->shadow + c.own_at, c.len);
	else if (c.call == READ_FROM)
		memcpy(own->shadow + c.own_at, theirs->shadow + c.theirs_at, c.len);
	else if (c.call == VWRITE_TO)
		memcpy(theirs->shadow + c.theirs_at, local, c.len);
	/* A value may come to lie in what was transferred, after that; not in what is compared here. */
	if (!is_sync(c.flags) &&
	    (c.call == VREAD_FROM || soak_chance(2) || !fence_by_signal(s)))
		mark_and_wait(s, SCIF_FENCE_INIT_SELF);
	if (is_out(c.call)) {
		compare_theirs(s, c.theirs, c.theirs_at, c.len, soak_op_name[op_of[c.call]]);
	} else if (c.call == READ_FROM) {
		compare_own(own, soak_op_name[SOAK_READFROM]);
	} else {
		uint8_t edge[GUARD];

		memset(edge, 0xa5, sizeof(edge));
		compare(local, theirs->shadow + c.theirs_at, c.len, soak_op_name[SOAK_VREADFROM],
			theirs->offset + (int64_t)c.theirs_at);
		compare(local - GUARD, edge, GUARD, "memory before what was read", 0);
		compare(local + c.len, edge, GUARD, "memory after what was read", 0);
	}
}

/* A transfer of the other side; this one waits for it. */
static void
peer_transfer_step(struct soak_session *s)
{
	struct soak_window *own, *theirs;
	struct course c;
	uint64_t seed = soak_pick(INT64_MAX);
	int error;

	if (!draw_course(s, &c, true))
		return;
	own = s->own[c.own];
	theirs = s->theirs[c.theirs];
	if (!is_allowed(c.call, theirs->prot, own->prot))
		return;
	soak_tell(s, SOAK_TRANSFER, c.call, c.theirs, (int64_t)c.theirs_at,
		  own->offset + (int64_t)c.own_at, (int64_t)c.len, c.flags, (int64_t)seed);
	soak_answer(s, &error);
	if (c.call == VREAD_FROM) {
		free(s->pending);
		s->pending = malloc(c.len);
		if (s->pending == NULL)
			soak_fail("no memory");
		soak_recv(s, s->pending, c.len);
		compare(s->pending, own->shadow + c.own_at, c.len, "what the peer read", 0);
		return;
	}
	if (!is_sync(c.flags))
		mark_and_wait(s, SCIF_FENCE_INIT_PEER);
	if (c.call == WRITE_TO)
		memcpy(own->shadow + c.own_at, theirs->shadow + c.theirs_at, c.len);
	else if (c.call == READ_FROM)
		memcpy(theirs->shadow + c.theirs_at, own->shadow + c.own_at, c.len);
	else
		fill(own->shadow + c.own_at, c.len, seed);
	if (is_out(c.call))
		compare_own(own, "what the peer wrote");
	else
		compare_theirs(s, c.theirs, c.theirs_at, c.len, "what the peer read");
}

static void
map_step(struct soak_session *s)
{
	unsigned int at = pick_window(s->theirs, true);
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
	fill(w->shadow + m->offset + to, pages, soak_pick(INT64_MAX));
	memcpy(m->at + to, w->shadow + m->offset + to, pages);
	compare_theirs(s, at, m->offset + to, pages, "what was stored through a mapping");
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
		SOAK_REFUSED(s, UNREGISTER, scif_unregister(s->epd, NOWHERE, SOAK_PAGE),
			     ENXIO);
		break;
	default:
		SOAK_REFUSED(s, VREADFROM, scif_vreadfrom(s->epd, &byte, 1, NOWHERE, 0),
			     ENXIO);
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
			fence_by_signal(s);
		break;
	case 8:
	case 9:
	case 10:
		peer_transfer_step(s);
		break;
	default:
		if (pick_window(s->own, true) == SOAK_WINDOWS)
			make_own(s);
		if (pick_window(s->theirs, true) == SOAK_WINDOWS)
			make_theirs_somewhere(s);
		transfer_step(s);
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
		window_free(s->own[i]);
		window_free(s->theirs[i]);
	}
	window_free(s->dropped);
	free(s->pending);
}
