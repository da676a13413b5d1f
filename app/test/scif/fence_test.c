/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "test.h"

/* Statements 165 to 183: fences. Transfers are slow, so that what a fence waits for is not over by
 * itself when it is asked.
 */

#define LEN (16 * PAGE)

struct memory {
	struct pair p;
	struct window own, far; /**< of the connecting and of the accepting side */
};

static struct memory
memory(void)
{
	struct memory m;

	slow_transfers(A);
	slow_transfers(C);
	m.p = connected();
	m.own = window(m.p.c, LEN, RW);
	m.far = window(m.p.a, LEN, RW);
	return m;
}

/* Begins some transfers to the far side, of which the last leaves seed 99 in all of its memory but
 * the first page.
 */
static void
transfer(const struct memory *m)
{
	unsigned int i;

	call(do_fill, m->p.c, m->own.addr + PAGE, LEN - PAGE, 99);
	for (i = 0; i < 3; i++)
		assert_int_equal(call(do_writeto, m->p.c, m->own.off + PAGE, LEN - PAGE,
				      m->far.off + PAGE, 0), 0);
}

static void
expect_transferred(const struct memory *m)
{
	assert_int_equal(call(do_check, m->p.a, m->far.addr + PAGE, LEN - PAGE, 99), 0);
}

static int64_t
marked(int64_t ep, int flags)
{
	int64_t mark = call(do_mark, ep, flags);

	assert_int_not_equal(mark, -1);
	return mark;
}

static void
s165_mark_flags(void)
{
	struct memory m = memory();

	assert_fails(call(do_mark, m.p.c, 0), EINVAL);
	assert_fails(call(do_mark, m.p.c, 3), EINVAL);
	assert_fails(call(do_mark, m.p.c, 4), EINVAL);
	assert_fails(call(do_mark, m.p.c, 5), EINVAL);
}

static void
s166_mark_own(void)
{
	struct memory m = memory();

	transfer(&m);
	assert_int_equal(call(do_wait, m.p.c, marked(m.p.c, SCIF_FENCE_INIT_SELF)), 0);
	expect_transferred(&m);
}

static void
s167_mark_peers(void)
{
	struct memory m = memory();

	transfer(&m);
	assert_int_equal(call(do_wait, m.p.a, marked(m.p.a, SCIF_FENCE_INIT_PEER)), 0);
	expect_transferred(&m);
}

static void
s168_wait_again(void)
{
	struct memory m = memory();
	int64_t own, peers;

	transfer(&m);
	own = marked(m.p.c, SCIF_FENCE_INIT_SELF);
	peers = marked(m.p.a, SCIF_FENCE_INIT_PEER);
	assert_int_equal(call(do_wait, m.p.c, own), 0);
	assert_int_equal(call(do_wait, m.p.c, own), 0);
	assert_int_equal(call(do_wait, m.p.c, own), 0);
	assert_int_equal(call(do_wait, m.p.a, peers), 0);
	assert_int_equal(call(do_wait, m.p.a, peers), 0);
}

static void
s169_wait_for_no_mark(void)
{
	struct memory m = memory();

	assert_fails(call(do_wait, m.p.c, 0x1234567), EINVAL);
}

static void
s170_mark_of_nothing(void)
{
	struct memory m = memory();

	assert_int_equal(call(do_wait, m.p.c, marked(m.p.c, SCIF_FENCE_INIT_SELF)), 0);
	assert_int_equal(call(do_wait, m.p.c, marked(m.p.c, SCIF_FENCE_INIT_PEER)), 0);
}

static int64_t
signal_flags(const struct memory *m, int flags)
{
	return call(do_signal, m->p.c, m->own.off, 1, m->far.off, 2, flags);
}

static void
s171_signal_of_nothing(void)
{
	struct memory m = memory();

	assert_fails(signal_flags(&m, SCIF_FENCE_INIT_SELF), EINVAL);
	assert_fails(signal_flags(&m, SCIF_FENCE_INIT_PEER), EINVAL);
	assert_fails(signal_flags(&m, 0), EINVAL);
}

static void
s172_signal_of_both_or_neither(void)
{
	struct memory m = memory();

	assert_fails(signal_flags(&m, SCIF_SIGNAL_LOCAL), EINVAL);
	assert_fails(signal_flags(&m, 3 | SCIF_SIGNAL_LOCAL), EINVAL);
	assert_fails(signal_flags(&m, 3 | SCIF_SIGNAL_REMOTE | SCIF_SIGNAL_LOCAL), EINVAL);
	assert_fails(signal_flags(&m, SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_LOCAL | 0x40), EINVAL);
	assert_int_equal(call(do_peek, m.p.c, m.own.addr), 0);
	assert_int_equal(call(do_peek, m.p.a, m.far.addr), 0);
}

#define LVAL 0x1122334455667788
#define RVAL 0x99aabbccddeeff

/* Has the values written after the transfers, and sees those that are to be. */
static void
expect_signalled(int flags, bool local, bool remote)
{
	struct memory m = memory();

	if ((flags & SCIF_FENCE_INIT_SELF) != 0)
		transfer(&m);
	assert_int_equal(call(do_signal, m.p.c, m.own.off + 8, LVAL, m.far.off + 12, RVAL, flags),
			 0);
	if (local)
		assert_int_equal(call(do_await, m.p.c, m.own.addr + 8, LVAL, 5000), 0);
	if (remote)
		assert_int_equal(call(do_await, m.p.a, m.far.addr + 12, RVAL, 5000), 0);
	if ((flags & SCIF_FENCE_INIT_SELF) != 0)
		expect_transferred(&m);
	if (!local)
		assert_int_equal(call(do_peek, m.p.c, m.own.addr + 8), 0);
	if (!remote)
		assert_int_equal(call(do_peek, m.p.a, m.far.addr + 12), 0);
}

static void
s173_signal_local(void)
{
	expect_signalled(SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_LOCAL, true, false);
}

static void
s174_signal_remote(void)
{
	expect_signalled(SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_REMOTE, false, true);
}

static void
s175_signal_both(void)
{
	expect_signalled(SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_LOCAL | SCIF_SIGNAL_REMOTE, true, true);
}

static int64_t
signal_at(const struct memory *m, int64_t local, int64_t remote, int flags)
{
	return call(do_signal, m->p.c, local, 1, remote, 2, SCIF_FENCE_INIT_SELF | flags);
}

static void
s176_signal_unaligned(void)
{
	struct memory m = memory();
	int64_t own = m.own.off, far = m.far.off;

	assert_fails(signal_at(&m, own + 1, far, SCIF_SIGNAL_LOCAL), EINVAL);
	assert_fails(signal_at(&m, own + 2, far, SCIF_SIGNAL_LOCAL), EINVAL);
	assert_fails(signal_at(&m, own, far + 1, SCIF_SIGNAL_REMOTE), EINVAL);
	assert_fails(signal_at(&m, own, far + 6, SCIF_SIGNAL_REMOTE | SCIF_SIGNAL_LOCAL), EINVAL);
	assert_int_equal(signal_at(&m, own + 4, far + 4, SCIF_SIGNAL_REMOTE | SCIF_SIGNAL_LOCAL),
			 0);
}

static void
s177_signal_ignores_the_unused(void)
{
	struct memory m = memory();

	assert_int_equal(signal_at(&m, m.own.off, 3, SCIF_SIGNAL_LOCAL), 0);
	assert_int_equal(signal_at(&m, -5, m.far.off, SCIF_SIGNAL_REMOTE), 0);
	assert_int_equal(call(do_await, m.p.c, m.own.addr, 1, 5000), 0);
	assert_int_equal(call(do_await, m.p.a, m.far.addr, 2, 5000), 0);
}

static void
s178_signal_in_no_window(void)
{
	struct memory m = memory();
	int64_t none = 0x777000;

	assert_fails(signal_at(&m, none, m.far.off, SCIF_SIGNAL_LOCAL), ENXIO);
	assert_fails(signal_at(&m, m.own.off, none, SCIF_SIGNAL_REMOTE), ENXIO);
	assert_fails(signal_at(&m, m.own.off, none, SCIF_SIGNAL_REMOTE | SCIF_SIGNAL_LOCAL), ENXIO);
}

static void
s179_signal_beyond_the_end(void)
{
	struct memory m = memory();

	assert_fails(signal_at(&m, m.own.off + LEN - 4, 0, SCIF_SIGNAL_LOCAL), ENXIO);
	assert_fails(signal_at(&m, 0, m.far.off + LEN - 4, SCIF_SIGNAL_REMOTE), ENXIO);
	assert_int_equal(signal_at(&m, m.own.off + LEN - 8, 0, SCIF_SIGNAL_LOCAL), 0);
}

static void
s180_signal_where_it_may_not(void)
{
	struct memory m = memory();
	struct window own = window(m.p.c, PAGE, SCIF_PROT_READ);
	struct window far = window(m.p.a, PAGE, SCIF_PROT_READ);

	assert_fails_either(signal_at(&m, own.off, 0, SCIF_SIGNAL_LOCAL), EPERM, EACCES);
	assert_fails_either(signal_at(&m, 0, far.off, SCIF_SIGNAL_REMOTE), EPERM, EACCES);
}

/* The peer's transfers are waited for, and both values written. */
static void
s181_signal_after_peers_transfers(void)
{
	struct memory m = memory();

	transfer(&m);
	assert_int_equal(call(do_signal, m.p.a, m.far.off, LVAL, m.own.off, RVAL,
			      SCIF_FENCE_INIT_PEER | SCIF_SIGNAL_LOCAL | SCIF_SIGNAL_REMOTE), 0);
	assert_int_equal(call(do_await, m.p.a, m.far.addr, LVAL, 5000), 0);
	expect_transferred(&m);
	assert_int_equal(call(do_await, m.p.c, m.own.addr, RVAL, 5000), 0);
}

/* As documents say: LOCAL is the caller's memory, whoever's transfers are waited for. */
static void
s182_signal_one_after_peers_transfers(void)
{
	expect_signalled(SCIF_FENCE_INIT_PEER | SCIF_SIGNAL_LOCAL, true, false);
	sides_end();
	assert_int_equal(sides_start(), 0);
	expect_signalled(SCIF_FENCE_INIT_PEER | SCIF_SIGNAL_REMOTE, false, true);
}

static void
s183_fence_unconnected(void)
{
	int64_t ep = open_on(C);
	struct memory m;

	assert_fails(call(do_mark, ep, SCIF_FENCE_INIT_SELF), ENOTCONN);
	assert_fails(call(do_mark, ep, 0), ENOTCONN);
	assert_fails(call(do_wait, ep, 0), ENOTCONN);
	assert_fails(call(do_signal, ep, 0, 1, 0, 2, SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_LOCAL),
		     ENOTCONN);
	m = memory();
	assert_int_equal(call(do_close, m.p.a), 0);
	assert_int_not_equal(call(do_poll, m.p.c, 0, 5000) & SCIF_POLLHUP, 0);
	assert_fails(call(do_mark, m.p.c, SCIF_FENCE_INIT_PEER), ECONNRESET);
	assert_fails(call(do_mark, m.p.c, SCIF_FENCE_INIT_SELF), ECONNRESET);
	assert_fails(signal_flags(&m, SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_LOCAL), ECONNRESET);
}

static const struct test_case cases[] = {
	CASE(s165_mark_flags),
	CASE(s166_mark_own),
	CASE(s167_mark_peers),
	CASE(s168_wait_again),
	CASE(s169_wait_for_no_mark),
	CASE(s170_mark_of_nothing),
	CASE(s171_signal_of_nothing),
	CASE(s172_signal_of_both_or_neither),
	CASE(s173_signal_local),
	CASE(s174_signal_remote),
	CASE(s175_signal_both),
	CASE(s176_signal_unaligned),
	CASE(s177_signal_ignores_the_unused),
	CASE(s178_signal_in_no_window),
	CASE(s179_signal_beyond_the_end),
	CASE(s180_signal_where_it_may_not),
	CASE(s181_signal_after_peers_transfers),
	CASE(s182_signal_one_after_peers_transfers),
	CASE(s183_fence_unconnected),
};

TEST_GROUP(fence, cases);
