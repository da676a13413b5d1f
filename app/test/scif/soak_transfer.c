/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "soak_window.h"

/* Transfers of either side, each between two windows or to and from memory of who transfers;
 * and the fences behind them.
 */

#define GUARD 64u

/* A value that a fence writes into a window of either side: all before it is there. */
bool
soak_fence_by_signal(struct soak_session *s)
{
	unsigned int at = soak_window_pick(s->own, true), to = soak_window_pick(s->theirs, true);
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
	flags |= soak_chance(3)   ? SCIF_SIGNAL_LOCAL
		 : soak_chance(2) ? SCIF_SIGNAL_REMOTE
				  : SCIF_SIGNAL_LOCAL | SCIF_SIGNAL_REMOTE;
	SOAK_OK(s, SIGNAL,
		scif_fence_signal(s->epd, own->offset + (int64_t)lat, lval,
				  theirs->offset + (int64_t)rat, rval, flags));
	if ((flags & SCIF_SIGNAL_LOCAL) != 0) {
		memcpy(own->shadow + lat, &lval, sizeof(lval));
		soak_value_await(s, own, lat, lval);
	}
	if ((flags & SCIF_SIGNAL_REMOTE) != 0) {
		memcpy(theirs->shadow + rat, &rval, sizeof(rval));
		soak_tell(s, SOAK_AWAIT, to, (int64_t)rat, (int64_t)rval);
		soak_answer(s, &error);
	}
	return true;
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
	c->own = soak_window_pick(s->own, true);
	c->theirs = soak_window_pick(s->theirs, true);
	c->flags = (int)soak_pick(16);
	if (c->own == SOAK_WINDOWS || c->theirs == SOAK_WINDOWS)
		return false;
	own = s->own[c->own];
	theirs = s->theirs[c->theirs];
	/* Memory of the one who transfers may be of any kind; the other's is a window. */
	room = soak_is_registered(c->call) ? (own->len < theirs->len ? own->len : theirs->len)
	       : of_peer                   ? own->len
					   : theirs->len;
	c->len = 1 + soak_pick(soak_chance(2) ? room : 200);
	c->own_at = of_peer || soak_is_registered(c->call) ? soak_pick(own->len - c->len + 1) : 0;
	c->theirs_at = !of_peer || soak_is_registered(c->call) ? soak_pick(theirs->len - c->len + 1)
							       : 0;
	return true;
}

/* What the two windows have to allow: whoever transfers is "near". */
static bool
is_allowed(int64_t call, int near_prot, int far_prot)
{
	if ((far_prot & (soak_is_out(call) ? SCIF_PROT_WRITE : SCIF_PROT_READ)) == 0)
		return false;
	return !soak_is_registered(call) ||
	       (near_prot & (soak_is_out(call) ? SCIF_PROT_READ : SCIF_PROT_WRITE)) != 0;
}

/* Between two windows: what is in both of them now. */
static void
copy_shadows(const struct soak_session *s, const struct course *c, bool of_peer)
{
	uint8_t *own = s->own[c->own]->shadow + c->own_at;
	uint8_t *theirs = s->theirs[c->theirs]->shadow + c->theirs_at;

	if (!soak_is_registered(c->call))
		return;
	if (soak_is_out(c->call) != of_peer)
		memcpy(theirs, own, c->len);
	else
		memcpy(own, theirs, c->len);
}

/* ---- A transfer of this side ---- */

/* Memory that is transferred to or from where no window of this side is: not aligned, and with
 * something at both ends that has to stay.
 */
static uint8_t *
local_new(struct soak_session *s, const struct course *c)
{
	size_t skew = soak_pick(64), room = c->len + 2 * GUARD + skew;
	uint8_t *local;

	free(s->pending);
	s->pending = malloc(room);
	if (s->pending == NULL)
		soak_fail("no memory");
	memset(s->pending, 0xa5, room);
	local = s->pending + skew + GUARD;
	if (soak_is_out(c->call))
		soak_fill(local, c->len, soak_pick(INT64_MAX));
	return local;
}

static void
compare_local(const struct soak_session *s, const struct course *c, const uint8_t *local)
{
	const struct soak_window *theirs = s->theirs[c->theirs];
	uint8_t edge[GUARD];

	memset(edge, 0xa5, sizeof(edge));
	soak_compare(local, theirs->shadow + c->theirs_at, c->len, soak_op_name[SOAK_VREADFROM],
		     theirs->offset + (int64_t)c->theirs_at);
	soak_compare(local - GUARD, edge, GUARD, "memory before what was read", 0);
	soak_compare(local + c->len, edge, GUARD, "memory after what was read", 0);
}

/* The bytes are where they should be, and none beside them. */
static void
compare(struct soak_session *s, const struct course *c, const uint8_t *local)
{
	const char *name = soak_op_name[soak_op_of[c->call]];

	if (soak_is_out(c->call))
		soak_compare_theirs(s, c->theirs, c->theirs_at, c->len, name);
	else if (c->call == READ_FROM)
		soak_compare_own(s->own[c->own], name);
	else
		compare_local(s, c, local);
}

/* A value may come to lie in what was transferred, later, but not where this compares. */
static void
fence(struct soak_session *s, const struct course *c)
{
	if (!soak_is_sync(c->flags) &&
	    (c->call == VREAD_FROM || soak_chance(2) || !soak_fence_by_signal(s)))
		soak_mark_and_wait(s, SCIF_FENCE_INIT_SELF);
}

void
soak_transfer_step(struct soak_session *s)
{
	struct soak_window *own, *theirs;
	struct course c;
	uint8_t *local;
	long ret;

	if (!draw_course(s, &c, false))
		return;
	own = s->own[c.own];
	theirs = s->theirs[c.theirs];
	local = local_new(s, &c);
	ret = soak_transfer(s, c.call, local, own->offset + (int64_t)c.own_at, c.len,
			    theirs->offset + (int64_t)c.theirs_at, c.flags);
	if (!is_allowed(c.call, own->prot, theirs->prot)) {
		soak_expect(s, soak_op_of[c.call], ret, EACCES);
		return;
	}
	soak_judge(s, soak_op_of[c.call], ret);
	copy_shadows(s, &c, false);
	if (c.call == VWRITE_TO)
		memcpy(theirs->shadow + c.theirs_at, local, c.len);
	fence(s, &c);
	compare(s, &c, local);
}

/* ---- A transfer of the other side ---- */

/* Bytes that the other side has read, which it sends. */
static void
compare_read(struct soak_session *s, const struct course *c)
{
	free(s->pending);
	s->pending = malloc(c->len);
	if (s->pending == NULL)
		soak_fail("no memory");
	soak_recv(s, s->pending, c->len);
	soak_compare(s->pending, s->own[c->own]->shadow + c->own_at, c->len, "what the peer read",
		     0);
}

/* This one waits for it. */
void
soak_peer_transfer_step(struct soak_session *s)
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
		compare_read(s, &c);
		return;
	}
	if (!soak_is_sync(c.flags))
		soak_mark_and_wait(s, SCIF_FENCE_INIT_PEER);
	copy_shadows(s, &c, true);
	if (c.call == VWRITE_TO)
		soak_fill(own->shadow + c.own_at, c.len, seed);
	if (soak_is_out(c.call))
		soak_compare_own(own, "what the peer wrote");
	else
		soak_compare_theirs(s, c.theirs, c.theirs_at, c.len, "what the peer read");
}
