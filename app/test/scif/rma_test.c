/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include "test.h"

/* Statements 143 to 164: transfers. The connecting side transfers, between memory of its own, of
 * which `own` is a window, and the accepting side's window `far`.
 */

#define MEBI (1 << 20)

struct memory {
	struct pair p;
	struct window own, far;
};

static struct memory
memory(size_t len)
{
	struct memory m = {.p = connected()};

	m.own = window(m.p.c, len, RW);
	m.far = window(m.p.a, len, RW);
	return m;
}

/* The four calls, of which the second half takes an address instead of an offset. */
static const struct {
	action act;
	bool writes, plain;
} transfers[] = {
	{do_writeto, true, false},
	{do_readfrom, false, false},
	{do_vwriteto, true, true},
	{do_vreadfrom, false, true},
};

/* Bytes of seed `seed` are moved by a transfer, at those places, and are there afterwards. */
static void
expect_moved(const struct memory *m, unsigned int which, int64_t len, int64_t at, int64_t far_at,
	     int flags, int64_t seed)
{
	bool writes = transfers[which].writes;
	int64_t own = transfers[which].plain ? m->own.addr : m->own.off, mark;
	int64_t from = writes ? m->own.addr + at : m->far.addr + far_at;
	int64_t to = writes ? m->far.addr + far_at : m->own.addr + at;

	call(do_fill, writes ? m->p.c : m->p.a, from, len, seed);
	assert_int_equal(call(transfers[which].act, m->p.c, own + at, len, m->far.off + far_at,
			      flags), 0);
	if ((flags & (SCIF_RMA_SYNC | SCIF_RMA_USECPU)) == 0) {
		mark = call(do_mark, m->p.c, SCIF_FENCE_INIT_SELF);
		assert_int_not_equal(mark, -1);
		assert_int_equal(call(do_wait, m->p.c, mark), 0);
	}
	assert_int_equal(call(do_check, writes ? m->p.a : m->p.c, to, len, seed), 0);
}

static void
s143_writeto(void)
{
	struct memory m = memory(4 * PAGE);

	expect_moved(&m, 0, 4 * PAGE, 0, 0, SCIF_RMA_SYNC, 143);
}

static void
s144_readfrom(void)
{
	struct memory m = memory(4 * PAGE);

	expect_moved(&m, 1, 4 * PAGE, 0, 0, SCIF_RMA_SYNC, 144);
}

static void
s145_plain_memory(void)
{
	struct memory m = memory(4 * PAGE);

	m.own.addr = call(do_alloc, m.p.c, 4 * PAGE);
	expect_moved(&m, 2, 4 * PAGE, 0, 0, SCIF_RMA_SYNC, 145);
	expect_moved(&m, 3, 4 * PAGE, 0, 0, SCIF_RMA_SYNC, 1450);
	expect_moved(&m, 2, 3001, 77, 1, SCIF_RMA_SYNC, 14500);
	expect_moved(&m, 3, 3001, 5, 1000, SCIF_RMA_SYNC, 145000);
}

static void
s146_all_sizes(void)
{
	static const int64_t sizes[] = {1, 2, 63, 64, 65, 4095, 4096, 4097,
					MEBI - 1, MEBI, MEBI + 1, 16 * MEBI};
	struct memory m = memory(16 * MEBI);
	unsigned int i, j;

	for (i = 0; i < COUNT(sizes); i++)
		for (j = 0; j < COUNT(transfers); j++)
			expect_moved(&m, j, sizes[i], 0, 0, SCIF_RMA_SYNC, sizes[i] + j);
}

/* side, address, length, seed around, where, how long, seed within, from where in that: 0 if so */
static int64_t
do_check_patch(const int64_t *args)
{
	const uint8_t *p = (const uint8_t *)(uintptr_t)args[1];
	static __thread uint8_t around[PAGE], within[PAGE];

	pattern(around, (size_t)args[2], (uint64_t)args[3]);
	pattern(within, PAGE, (uint64_t)args[6]);
	memcpy(around + args[4], within + args[7], (size_t)args[5]);
	return memcmp(p, around, (size_t)args[2]) != 0;
}

static void
s147_all_residues(void)
{
	static const int64_t residues[] = {0, 1, 4, 8, 15, 31, 32, 33, 47, 63};
	struct memory m = memory(PAGE);
	int64_t i, j, len;
	unsigned int k;

	for (k = 0; k < COUNT(residues) * COUNT(residues); k++) {
		i = residues[k % COUNT(residues)];
		j = residues[k / COUNT(residues)];
		len = 1 + (int64_t)k * 37 % 300;
		call(do_fill, m.p.c, m.own.addr, PAGE, 1);
		call(do_fill, m.p.a, m.far.addr, PAGE, 2);
		assert_int_equal(call(do_writeto, m.p.c, m.own.off + 64 + i, len,
				      m.far.off + 128 + j, SCIF_RMA_SYNC), 0);
		assert_int_equal(call(do_check_patch, m.p.a, m.far.addr, PAGE, 2, 128 + j, len, 1,
				      64 + i), 0);
		call(do_fill, m.p.a, m.far.addr, PAGE, 3);
		assert_int_equal(call(do_readfrom, m.p.c, m.own.off + 64 + i, len,
				      m.far.off + 128 + j, SCIF_RMA_SYNC), 0);
		assert_int_equal(call(do_check_patch, m.p.c, m.own.addr, PAGE, 1, 64 + i, len, 3,
				      128 + j), 0);
	}
}

static void
s148_beyond_the_end(void)
{
	struct memory m = memory(2 * PAGE);
	unsigned int i;

	call(do_fill, m.p.c, m.own.addr, 2 * PAGE, 1);
	call(do_fill, m.p.a, m.far.addr, 2 * PAGE, 2);
	for (i = 0; i < COUNT(transfers); i++) {
		int64_t own = transfers[i].plain ? m.own.addr : m.own.off;

		assert_fails(call(transfers[i].act, m.p.c, own, PAGE + 1, m.far.off + PAGE,
				  SCIF_RMA_SYNC), ENXIO);
		if (!transfers[i].plain)
			assert_fails(call(transfers[i].act, m.p.c, own + PAGE, PAGE + 1, m.far.off,
					  SCIF_RMA_SYNC), ENXIO);
	}
	assert_int_equal(call(do_check, m.p.c, m.own.addr, 2 * PAGE, 1), 0);
	assert_int_equal(call(do_check, m.p.a, m.far.addr, 2 * PAGE, 2), 0);
}

static void
s149_across_windows(void)
{
	struct memory m = {.p = connected()};
	struct window far;

	m.own = window_at(m.p.c, PAGE, RW, 0x10000);
	window_at(m.p.c, 2 * PAGE, RW, 0x11000);
	m.far = window_at(m.p.a, 2 * PAGE, RW, 0x20000);
	far = window_at(m.p.a, PAGE, RW, 0x22000);
	call(do_fill, m.p.a, m.far.addr, 2 * PAGE, 1);
	call(do_fill, m.p.a, far.addr, PAGE, 2);
	assert_int_equal(call(do_readfrom, m.p.c, 0x10000, 3 * PAGE, 0x20000, SCIF_RMA_SYNC), 0);
	assert_int_equal(call(do_check, m.p.c, m.own.addr, PAGE, 1), 0);
	call(do_fill, m.p.a, m.far.addr, 2 * PAGE, 3);
	call(do_fill, m.p.a, far.addr, PAGE, 4);
	assert_int_equal(call(do_writeto, m.p.c, 0x10000, 3 * PAGE, 0x20000, SCIF_RMA_SYNC), 0);
	assert_int_equal(call(do_check, m.p.a, m.far.addr, 2 * PAGE, 1), 0);
	assert_int_equal(call(do_check, m.p.a, far.addr, PAGE, 2), 0);
}

static void
s150_across_a_gap(void)
{
	struct memory m = memory(4 * PAGE);

	window_at(m.p.a, PAGE, RW, 0x20000);
	window_at(m.p.a, PAGE, RW, 0x22000);
	window_at(m.p.c, PAGE, RW, 0x20000);
	window_at(m.p.c, PAGE, RW, 0x22000);
	assert_fails(call(do_writeto, m.p.c, m.own.off, 3 * PAGE, 0x20000, SCIF_RMA_SYNC), ENXIO);
	assert_fails(call(do_readfrom, m.p.c, 0x20000, 3 * PAGE, m.far.off, SCIF_RMA_SYNC), ENXIO);
	assert_fails(call(do_vwriteto, m.p.c, m.own.addr, 3 * PAGE, 0x20000, SCIF_RMA_SYNC), ENXIO);
}

static void
s151_negative_offset(void)
{
	struct memory m = memory(PAGE);

	assert_fails_either(call(do_writeto, m.p.c, -PAGE, 8, m.far.off, 0), ENXIO, EINVAL);
	assert_fails_either(call(do_readfrom, m.p.c, m.own.off, 8, -PAGE, 0), ENXIO, EINVAL);
	assert_fails_either(call(do_vreadfrom, m.p.c, m.own.addr, 8, -1, 0), ENXIO, EINVAL);
}

static void
s152_peers_window_is_read_only(void)
{
	struct memory m = memory(PAGE);
	struct window r = window(m.p.a, PAGE, SCIF_PROT_READ);
	struct window w = window(m.p.a, PAGE, SCIF_PROT_WRITE);

	assert_fails_either(call(do_writeto, m.p.c, m.own.off, 8, r.off, 0), EACCES, EPERM);
	assert_fails_either(call(do_vwriteto, m.p.c, m.own.addr, 8, r.off, 0), EACCES, EPERM);
	assert_fails_either(call(do_readfrom, m.p.c, m.own.off, 8, w.off, 0), EACCES, EPERM);
	assert_fails_either(call(do_vreadfrom, m.p.c, m.own.addr, 8, w.off, 0), EACCES, EPERM);
	assert_int_equal(call(do_readfrom, m.p.c, m.own.off, 8, r.off, SCIF_RMA_SYNC), 0);
	assert_int_equal(call(do_writeto, m.p.c, m.own.off, 8, w.off, SCIF_RMA_SYNC), 0);
}

static void
s153_own_window_is_read_only(void)
{
	struct memory m = memory(PAGE);
	struct window r = window(m.p.c, PAGE, SCIF_PROT_READ);
	struct window w = window(m.p.c, PAGE, SCIF_PROT_WRITE);

	assert_fails_either(call(do_readfrom, m.p.c, r.off, 8, m.far.off, 0), EACCES, EPERM);
	assert_fails_either(call(do_writeto, m.p.c, w.off, 8, m.far.off, 0), EACCES, EPERM);
	assert_int_equal(call(do_writeto, m.p.c, r.off, 8, m.far.off, SCIF_RMA_SYNC), 0);
	assert_int_equal(call(do_readfrom, m.p.c, w.off, 8, m.far.off, SCIF_RMA_SYNC), 0);
}

static void
expect_flags_refused(int flags)
{
	struct memory m = memory(PAGE);
	unsigned int i;

	for (i = 0; i < COUNT(transfers); i++)
		assert_fails(call(transfers[i].act, m.p.c,
				  transfers[i].plain ? m.own.addr : m.own.off, 8, m.far.off, flags),
			     EINVAL);
}

static void
s154_unknown_flag(void)
{
	expect_flags_refused(0x10);
}

static void
s155_unknown_flag_beside_a_known_one(void)
{
	expect_flags_refused(0x11);
}

static void
s156_nothing_to_move(void)
{
	struct memory m = memory(PAGE);
	unsigned int i;

	for (i = 0; i < COUNT(transfers); i++)
		assert_fails(call(transfers[i].act, m.p.c,
				  transfers[i].plain ? m.own.addr : m.own.off, 0, m.far.off,
				  SCIF_RMA_SYNC), EINVAL);
}

static void
s157_by_cpu_is_done_on_return(void)
{
	struct memory m;
	unsigned int i;

	slow_transfers(C);
	m = memory(64 * PAGE);
	for (i = 0; i < COUNT(transfers); i++)
		expect_moved(&m, i, 64 * PAGE, 0, 0, SCIF_RMA_USECPU, 157 + i);
}

static void
s158_all_flags(void)
{
	struct memory m = memory(4 * PAGE);
	unsigned int i, flags;

	for (flags = 0; flags < 16; flags++)
		for (i = 0; i < COUNT(transfers); i++)
			expect_moved(&m, i, 4 * PAGE - 200, 100, 33 * (i & 1), (int)flags,
				     158 + i * 16 + flags);
}

static void
s159_address_of_no_memory(void)
{
	struct memory m = memory(2 * PAGE);
	int64_t addr;

	/* What the library maps, it maps now, and not where there shall be nothing. */
	expect_moved(&m, 2, PAGE, 0, 0, SCIF_RMA_SYNC, 159);
	addr = call(do_alloc, m.p.c, 4 * PAGE);
	assert_int_equal(call(do_unmap, m.p.c, addr + PAGE, 3 * PAGE), 0);
	assert_fails(call(do_vwriteto, m.p.c, addr + 2 * PAGE, 8, m.far.off, SCIF_RMA_SYNC),
		     EFAULT);
	assert_fails(call(do_vreadfrom, m.p.c, addr + 2 * PAGE, 8, m.far.off, SCIF_RMA_SYNC),
		     EFAULT);
	assert_fails(call(do_vreadfrom, m.p.c, addr + 8, PAGE, m.far.off, SCIF_RMA_SYNC), EFAULT);
	assert_fails(call(do_vwriteto, m.p.c, 0, 8, m.far.off, SCIF_RMA_SYNC), EFAULT);
	assert_int_equal(call(do_protect, m.p.c, addr, PAGE, 1), 0);
	assert_fails(call(do_vreadfrom, m.p.c, addr, 8, m.far.off, SCIF_RMA_SYNC), EFAULT);
	assert_int_equal(call(do_vwriteto, m.p.c, addr, 8, m.far.off, SCIF_RMA_SYNC), 0);
}

static void
s160_cache_sees_new_pages(void)
{
	struct memory m = memory(PAGE);
	int64_t addr = call(do_alloc, m.p.c, PAGE);
	const int flags = SCIF_RMA_SYNC | SCIF_RMA_USECACHE;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		call(do_fill, m.p.c, addr, PAGE, i);
		assert_int_equal(call(do_vwriteto, m.p.c, addr, PAGE, m.far.off, flags), 0);
		assert_int_equal(call(do_check, m.p.a, m.far.addr, PAGE, i), 0);
		assert_int_equal(call(do_unmap, m.p.c, addr, PAGE), 0);
		assert_int_equal(call(do_map, m.p.c, addr, PAGE), addr);
		assert_int_equal(call(do_vreadfrom, m.p.c, addr, PAGE, m.far.off, flags), 0);
		assert_int_equal(call(do_check, m.p.c, addr, PAGE, i), 0);
		assert_int_equal(call(do_unmap, m.p.c, addr, PAGE), 0);
		assert_int_equal(call(do_map, m.p.c, addr, PAGE), addr);
	}
}

/* Many sizes, none of whose ends is that of a line, as each is copied in another way, and some of
 * those store the beginning last.
 */
#define ORDERED_WORDS 400
#define ORDERED_AT    24
#define ORDERED_TIMES 10000

static int
ordered_words(int64_t n)
{
	return 10 + (int)(n * 7 % (ORDERED_WORDS - 10));
}

/* ep, its memory, offset of it, the peer's offset, a word of `share` to wait for */
static int64_t
do_ordered(const int64_t *args)
{
	int64_t *words = (int64_t *)(uintptr_t)args[1], *seen = (int64_t *)(uintptr_t)args[4];
	uint64_t end = now_ns() + 10000000000ull;
	int64_t n;
	int i;

	for (n = 1; n <= ORDERED_TIMES; n++) {
		for (i = 0; i < ordered_words(n); i++)
			words[i] = n;
		if (scif_writeto(FD(args[0]), args[2], (size_t)ordered_words(n) * 8, args[3],
				 SCIF_RMA_ORDERED) < 0)
			return -1;
		if (!word_becomes(seen, n, end))
			return -n;
	}
	return 0;
}

/* side, its memory, the word of `share`: how often something was missing when the last word came */
static int64_t
do_watch_last(const int64_t *args)
{
	volatile int64_t *words = (volatile int64_t *)(uintptr_t)args[1];
	int64_t *seen = (int64_t *)(uintptr_t)args[2], n, missing = 0;
	uint64_t end = now_ns() + 10000000000ull;
	int i;

	for (n = 1; n <= ORDERED_TIMES; n++) {
		if (!word_becomes(&words[ordered_words(n) - 1], n, end))
			return -n;
		for (i = 0; i < ordered_words(n) - 1; i++)
			missing += words[i] != n;
		__atomic_store_n(seen, n, __ATOMIC_RELEASE);
	}
	return missing;
}

static void
s161_ordered_ends_with_the_last_line(void)
{
	struct memory m = memory(PAGE);
	struct job *job = begin(do_watch_last, m.p.a, m.far.addr + ORDERED_AT, AT(0));

	assert_int_equal(call(do_ordered, m.p.c, m.own.addr, m.own.off, m.far.off + ORDERED_AT,
			      AT(0)), 0);
	assert_int_equal(job_end(job), 0);
}

static void
s162_transfer_unconnected(void)
{
	struct memory m = memory(PAGE);
	int64_t ep = open_on(C);
	unsigned int i;

	for (i = 0; i < COUNT(transfers); i++)
		assert_fails(call(transfers[i].act, ep, m.own.addr, 8, 0, SCIF_RMA_SYNC), ENOTCONN);
	/* The connection is looked at before flags are. */
	assert_fails(call(do_writeto, ep, 0, 8, 0, 0x10), ENOTCONN);
	assert_int_equal(call(do_close, m.p.a), 0);
	assert_int_not_equal(call(do_poll, m.p.c, 0, 5000) & SCIF_POLLHUP, 0);
	for (i = 0; i < COUNT(transfers); i++)
		assert_fails(call(transfers[i].act, m.p.c,
				  transfers[i].plain ? m.own.addr : m.own.off, 8, m.far.off,
				  SCIF_RMA_SYNC), ECONNRESET);
}

/* ep, own offset, length, far offset, times, own address: writes, reads back, compares */
static int64_t
do_back_and_forth(const int64_t *args)
{
	uint8_t *own = (uint8_t *)(uintptr_t)args[5];
	size_t len = (size_t)args[2];
	int64_t i;

	for (i = 0; i < args[4]; i++) {
		pattern(own, len, (uint64_t)(args[3] + i));
		if (scif_writeto(FD(args[0]), args[1], len, args[3], SCIF_RMA_SYNC) < 0)
			return -1;
		memset(own, 0, len);
		if (scif_readfrom(FD(args[0]), args[1], len, args[3], SCIF_RMA_SYNC) < 0)
			return -1;
		if (pattern_length(own, len, (uint64_t)(args[3] + i)) != len)
			return -2 - i;
	}
	return 0;
}

static struct job *
back_and_forth(const struct memory *m, int64_t times)
{
	return begin(do_back_and_forth, m->p.c, m->own.off, (int64_t)m->own.len, m->far.off, times,
		     m->own.addr);
}

static void
s163_transfers_at_once(void)
{
	struct memory one = memory(32 * PAGE);
	struct memory other = {.p = connected_to(one.p.listener, one.p.port)};
	struct job *jobs[2];

	other.own = window(other.p.c, 32 * PAGE, RW);
	other.far = window(other.p.a, 32 * PAGE, RW);
	jobs[0] = back_and_forth(&one, 40);
	jobs[1] = back_and_forth(&other, 40);
	assert_int_equal(job_end(jobs[0]), 0);
	assert_int_equal(job_end(jobs[1]), 0);
}

static void
s164_transfers_beside_the_stream(void)
{
	struct memory m = memory(32 * PAGE);
	struct job *jobs[3];

	pattern(share, MEBI, 164);
	jobs[0] = back_and_forth(&m, 40);
	jobs[1] = begin(do_send, m.p.c, AT(0), MEBI, SCIF_SEND_BLOCK);
	jobs[2] = begin(do_recv, m.p.a, AT(2 * MEBI), MEBI, SCIF_RECV_BLOCK);
	assert_int_equal(job_end(jobs[0]), 0);
	assert_int_equal(job_end(jobs[1]), MEBI);
	assert_int_equal(job_end(jobs[2]), MEBI);
	assert_memory_equal(share, share + 2 * MEBI, MEBI);
}

static const struct test_case cases[] = {
	CASE(s143_writeto),
	CASE(s144_readfrom),
	CASE(s145_plain_memory),
	CASE(s146_all_sizes),
	CASE(s147_all_residues),
	CASE(s148_beyond_the_end),
	CASE(s149_across_windows),
	CASE(s150_across_a_gap),
	CASE(s151_negative_offset),
	CASE(s152_peers_window_is_read_only),
	CASE(s153_own_window_is_read_only),
	CASE(s154_unknown_flag),
	CASE(s155_unknown_flag_beside_a_known_one),
	CASE(s156_nothing_to_move),
	CASE(s157_by_cpu_is_done_on_return),
	CASE(s158_all_flags),
	CASE(s159_address_of_no_memory),
	CASE(s160_cache_sees_new_pages),
	CASE(s161_ordered_ends_with_the_last_line),
	CASE(s162_transfer_unconnected),
	CASE(s163_transfers_at_once),
	CASE(s164_transfers_beside_the_stream),
};

TEST_GROUP(rma, cases);
