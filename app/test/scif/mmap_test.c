/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "test.h"

/* Statements 131 to 142: mappings of the peer's memory. */

static int64_t
mapped(int64_t ep, int64_t len, int prot, int64_t offset)
{
	return call(do_mmap, ep, 0, len, prot, 0, offset);
}

static int64_t
map(int64_t ep, int64_t len, int prot, int64_t offset)
{
	int64_t addr = mapped(ep, len, prot, offset);

	assert_int_not_equal(addr, -1);
	return addr;
}

/* Stores on either side are seen on the other. */
static void
expect_shared(int64_t owner, int64_t addr, int64_t peer, int64_t there, int64_t value)
{
	call(do_poke, owner, addr, value);
	assert_int_equal(call(do_await, peer, there, value, 1000), 0);
	call(do_poke, peer, there, value + 1);
	assert_int_equal(call(do_await, owner, addr, value + 1, 1000), 0);
}

static void
s131_stores_are_seen(void)
{
	struct pair p = connected();
	struct window w = window(p.c, 4 * PAGE, RW), v = window(p.a, PAGE, RW);

	expect_shared(p.c, w.addr, p.a, map(p.a, 4 * PAGE, RW, w.off), 131);
	expect_shared(p.c, w.addr + 4 * PAGE - 8, p.a,
		      map(p.a, 4 * PAGE, RW, w.off) + 4 * PAGE - 8, 1310);
	expect_shared(p.a, v.addr + 64, p.c, map(p.c, PAGE, RW, v.off) + 64, 13100);
}

static void
s132_map_unregistered(void)
{
	struct pair p = connected();

	assert_fails(mapped(p.c, PAGE, RW, 0x3000), ENXIO);
	window_at(p.a, PAGE, RW, 0x3000);
	assert_fails(mapped(p.c, 2 * PAGE, RW, 0x3000), ENXIO);
	assert_fails(mapped(p.c, PAGE, RW, 0x2000), ENXIO);
	/* One's own windows are not the peer's. */
	assert_fails(mapped(p.a, PAGE, RW, 0x3000), ENXIO);
}

static void
s133_map_with_too_much(void)
{
	struct pair p = connected();
	struct window r = window(p.a, PAGE, SCIF_PROT_READ), w = window(p.a, PAGE, SCIF_PROT_WRITE);

	assert_fails_either(mapped(p.c, PAGE, RW, r.off), EACCES, EPERM);
	assert_fails_either(mapped(p.c, PAGE, SCIF_PROT_WRITE, r.off), EACCES, EPERM);
	assert_fails_either(mapped(p.c, PAGE, SCIF_PROT_READ, w.off), EACCES, EPERM);
	map(p.c, PAGE, SCIF_PROT_READ, r.off);
}

static void
s134_map_to_read(void)
{
	struct pair p = connected();
	struct window w = window(p.a, PAGE, RW);
	int64_t addr = map(p.c, PAGE, SCIF_PROT_READ, w.off);

	call(do_poke, p.a, w.addr, 134);
	assert_int_equal(call(do_await, p.c, addr, 134, 1000), 0);
	assert_int_equal(call(do_touch, p.c, addr, 0), 0);
	assert_int_equal(call(do_touch, p.c, addr, 1), 1);
	assert_int_equal(call(do_peek, p.a, w.addr), 134);
}

static void
s135_map_across_windows(void)
{
	struct pair p = connected();
	struct window one = window_at(p.a, PAGE, RW, 0x10000);
	struct window two = window_at(p.a, PAGE, RW, 0x11000);
	int64_t addr = map(p.c, 2 * PAGE, RW, 0x10000);

	window_at(p.a, PAGE, RW, 0x13000);
	expect_shared(p.a, one.addr, p.c, addr, 135);
	expect_shared(p.a, two.addr, p.c, addr + PAGE, 1350);
	assert_fails(mapped(p.c, 4 * PAGE, RW, 0x10000), ENXIO);
}

static void
s136_map_fixed(void)
{
	struct pair p = connected();
	struct window w = window(p.a, 2 * PAGE, RW);
	int64_t there = call(do_alloc, p.c, 4 * PAGE);

	call(do_poke, p.c, there, 77);
	assert_int_equal(call(do_mmap, p.c, there + PAGE, 2 * PAGE, RW, SCIF_MAP_FIXED, w.off),
			 there + PAGE);
	expect_shared(p.a, w.addr + PAGE, p.c, there + 2 * PAGE, 136);
	assert_int_equal(call(do_peek, p.c, there), 77);
}

static void
s137_map_unaligned(void)
{
	struct pair p = connected();
	struct window w = window(p.a, 2 * PAGE, RW);
	int64_t there = call(do_alloc, p.c, 2 * PAGE);

	assert_fails(mapped(p.c, PAGE, RW, w.off + 8), EINVAL);
	assert_fails(mapped(p.c, 100, RW, w.off), EINVAL);
	assert_fails(mapped(p.c, 0, RW, w.off), EINVAL);
	assert_fails(call(do_mmap, p.c, there + 8, PAGE, RW, SCIF_MAP_FIXED, w.off), EINVAL);
	assert_fails(call(do_mmap, p.c, 0, PAGE, RW, 0x40, w.off), EINVAL);
}

static void
s138_map_the_middle(void)
{
	struct pair p = connected();
	struct window w = window(p.a, 16 * PAGE, RW);

	expect_shared(p.a, w.addr + 5 * PAGE, p.c, map(p.c, 3 * PAGE, RW, w.off + 5 * PAGE), 138);
	expect_shared(p.a, w.addr + 15 * PAGE + 8, p.c,
		      map(p.c, PAGE, RW, w.off + 15 * PAGE) + 8, 1380);
}

/* Mapped, and one of the two closed; returns the address, where nothing is mapped any more. */
static int64_t
expect_survives_close(const struct pair *p, bool of_peer, unsigned int seed)
{
	struct window w = window(p->a, PAGE, RW);
	int64_t addr = map(p->c, PAGE, RW, w.off);

	assert_int_equal(call(do_close, of_peer ? p->a : p->c), 0);
	expect_shared(p->a, w.addr, p->c, addr, seed);
	assert_int_equal(call(do_munmap, p->c, addr, PAGE), 0);
	return addr;
}

static void
s139_mapping_survives_own_close(void)
{
	struct pair p = connected();

	expect_survives_close(&p, false, 139);
}

static void
s140_mapping_survives_peers_close(void)
{
	struct pair p = connected();
	int64_t addr = expect_survives_close(&p, true, 140);

	assert_int_equal(call(do_touch, p.c, addr, 0), 1);
}

static void
s141_unmap_a_part(void)
{
	struct pair p = connected();
	struct window w = window(p.a, 4 * PAGE, RW);
	int64_t addr = map(p.c, 4 * PAGE, RW, w.off);

	assert_int_equal(call(do_munmap, p.c, addr + PAGE, PAGE), 0);
	assert_int_equal(call(do_touch, p.c, addr + PAGE, 0), 1);
	expect_shared(p.a, w.addr, p.c, addr, 141);
	expect_shared(p.a, w.addr + 2 * PAGE, p.c, addr + 2 * PAGE, 1410);
	assert_fails(call(do_munmap, p.c, addr + 8, PAGE), EINVAL);
	assert_int_equal(call(do_munmap, p.c, addr, PAGE), 0);
	expect_shared(p.a, w.addr + 3 * PAGE, p.c, addr + 3 * PAGE, 14100);
}

#define TRIPS 20000

/* side, the word to watch, the word to write, 1 for who begins: ns of all round trips. */
static int64_t
do_ping_pong(const int64_t *args)
{
	volatile int64_t *in = (int64_t *)(uintptr_t)args[1], *out = (int64_t *)(uintptr_t)args[2];
	uint64_t begun = now_ns(), end = begun + 10000000000ull;
	int64_t i;

	for (i = 1; i <= TRIPS; i++) {
		if (args[3] != 0)
			__atomic_store_n(out, i, __ATOMIC_RELEASE);
		if (!word_becomes(in, i, end))
			return -1;
		if (args[3] == 0)
			__atomic_store_n(out, i, __ATOMIC_RELEASE);
	}
	return (int64_t)(now_ns() - begun);
}

static void
s142_ping_pong(void)
{
	struct pair p = connected();
	struct window w = window(p.a, PAGE, RW), v = window(p.c, PAGE, RW);
	int64_t there = map(p.c, PAGE, RW, w.off), back = map(p.a, PAGE, RW, v.off), ns;
	struct job *job = begin(do_ping_pong, p.a, w.addr, back, 0);

	ns = call(do_ping_pong, p.c, v.addr, there, 1);
	assert_true(ns > 0);
	assert_true(job_end(job) > 0);
	assert_int_equal(call(do_peek, p.a, w.addr), TRIPS);
	print_message("8 bytes there and back: %.2f us\n", (double)ns / TRIPS / 1000);
}

static const struct test_case cases[] = {
	CASE(s131_stores_are_seen),
	CASE(s132_map_unregistered),
	CASE(s133_map_with_too_much),
	CASE(s134_map_to_read),
	CASE(s135_map_across_windows),
	CASE(s136_map_fixed),
	CASE(s137_map_unaligned),
	CASE(s138_map_the_middle),
	CASE(s139_mapping_survives_own_close),
	CASE(s140_mapping_survives_peers_close),
	CASE(s141_unmap_a_part),
	CASE(s142_ping_pong),
};

TEST_GROUP(mmap, cases);
