/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <sys/mman.h>
#include <sys/resource.h>

#include "test.h"

/* Statements 101 to 130: registration. */

static int64_t
alloc(int64_t ep, int64_t len)
{
	int64_t addr = call(do_alloc, ep, len);

	assert_true(addr > 0);
	return addr;
}

static int64_t
registered(int64_t ep, int64_t addr, int64_t len, int64_t offset, int prot, int flags)
{
	return call(do_register, ep, addr, len, offset, prot, flags);
}

/* What the peer reads at an offset: 0 when it is what do_fill with that seed put there. */
static int64_t
peer_check(int64_t ep, int64_t offset, int64_t len, int64_t seed)
{
	int64_t addr = alloc(ep, (len + PAGE - 1) / PAGE * PAGE);

	if (call(do_vreadfrom, ep, addr, len, offset, SCIF_RMA_SYNC) < 0)
		return -1;
	return call(do_check, ep, addr, len, seed);
}

static void
s101_register_unconnected(void)
{
	uint16_t port;
	int64_t ep = open_on(C), addr = alloc(ep, PAGE), listener = listener_on(C, 1, &port);

	assert_fails(registered(ep, addr, PAGE, 0, RW, 0), ENOTCONN);
	assert_true(call(do_bind, ep, 0) > 0);
	assert_fails(registered(ep, addr, PAGE, 0, RW, 0), ENOTCONN);
	assert_fails(registered(listener, addr, PAGE, 0, RW, 0), ENOTCONN);
}

static void
s102_unaligned_address(void)
{
	struct pair p = connected();
	int64_t addr = alloc(p.c, 2 * PAGE);

	assert_fails(registered(p.c, addr + 8, PAGE, 0, RW, 0), EINVAL);
	assert_fails(registered(p.c, addr + 2048, PAGE, 0, RW, 0), EINVAL);
}

static void
s103_length_of_no_pages(void)
{
	struct pair p = connected();
	int64_t addr = alloc(p.c, 2 * PAGE);

	assert_fails(registered(p.c, addr, 0, 0, RW, 0), EINVAL);
	assert_fails(registered(p.c, addr, 100, 0, RW, 0), EINVAL);
	assert_fails(registered(p.c, addr, PAGE + 1, 0, RW, 0), EINVAL);
}

static void
s104_unknown_protection(void)
{
	struct pair p = connected();
	int64_t addr = alloc(p.c, PAGE);

	assert_fails(registered(p.c, addr, PAGE, 0, 4, 0), EINVAL);
	assert_fails(registered(p.c, addr, PAGE, 0, 7, 0), EINVAL);
}

/* Nobody may access such a window. */
static void
s105_protection_none(void)
{
	struct pair p = connected();
	struct window w = window(p.c, PAGE, 0);

	assert_fails_either(call(do_vreadfrom, p.a, alloc(p.a, PAGE), 8, w.off, SCIF_RMA_SYNC),
			    EACCES, EPERM);
}

static void
s106_unknown_flags(void)
{
	struct pair p = connected();
	int64_t addr = alloc(p.c, PAGE);

	assert_fails(registered(p.c, addr, PAGE, 0, RW, 1), EINVAL);
	assert_fails(registered(p.c, addr, PAGE, 0, RW, SCIF_MAP_KERNEL), EINVAL);
	assert_fails(registered(p.c, addr, PAGE, 0, RW, SCIF_MAP_FIXED | SCIF_MAP_KERNEL), EINVAL);
}

static void
s107_bad_fixed_offset(void)
{
	struct pair p = connected();
	int64_t addr = alloc(p.c, PAGE);

	assert_fails(registered(p.c, addr, PAGE, 100, RW, SCIF_MAP_FIXED), EINVAL);
	assert_fails(registered(p.c, addr, PAGE, PAGE + 1, RW, SCIF_MAP_FIXED), EINVAL);
	assert_fails(registered(p.c, addr, PAGE, -PAGE, RW, SCIF_MAP_FIXED), EINVAL);
}

static void
s108_fixed_offset(void)
{
	struct pair p = connected();

	window_at(p.c, PAGE, RW, 0x10000);
	window_at(p.c, 3 * PAGE, RW, 0x123456000);
}

static void
s109_fixed_offset_0(void)
{
	struct pair p = connected();
	struct window w = window_at(p.c, PAGE, RW, 0);

	call(do_fill, p.c, w.addr, PAGE, 109);
	assert_int_equal(peer_check(p.a, 0, PAGE, 109), 0);
}

static void
s110_fixed_overlap(void)
{
	struct pair p = connected();
	int64_t addr = alloc(p.c, 8 * PAGE);

	window_at(p.c, 4 * PAGE, RW, 0x10000);
	assert_fails(registered(p.c, addr, 2 * PAGE, 0xf000, RW, SCIF_MAP_FIXED), EADDRINUSE);
	assert_fails(registered(p.c, addr, 2 * PAGE, 0x13000, RW, SCIF_MAP_FIXED), EADDRINUSE);
	assert_fails(registered(p.c, addr, PAGE, 0x11000, RW, SCIF_MAP_FIXED), EADDRINUSE);
	assert_fails(registered(p.c, addr, 8 * PAGE, 0xe000, RW, SCIF_MAP_FIXED), EADDRINUSE);
}

static void
s111_fixed_adjacent(void)
{
	struct pair p = connected();

	window_at(p.c, 4 * PAGE, RW, 0x10000);
	window_at(p.c, PAGE, RW, 0xf000);
	window_at(p.c, PAGE, RW, 0x14000);
}

static void
s112_fixed_offset_of_2_to_62(void)
{
	struct pair p = connected();
	int64_t addr = alloc(p.c, PAGE);

	assert_fails(registered(p.c, addr, PAGE, 1ll << 62, RW, SCIF_MAP_FIXED), EADDRINUSE);
	assert_fails(registered(p.c, addr, PAGE, (1ll << 62) + PAGE, RW, SCIF_MAP_FIXED),
		     EADDRINUSE);
}

static void
s113_fixed_beyond_2_to_63(void)
{
	struct pair p = connected();
	int64_t addr = alloc(p.c, 2 * PAGE);

	assert_fails(registered(p.c, addr, 2 * PAGE, INT64_MAX - PAGE + 1, RW, SCIF_MAP_FIXED),
		     EINVAL);
}

#define MANY 1000

/* ep, address, offsets: registers one to three pages again and again. */
static int64_t
do_register_many(const int64_t *args)
{
	int64_t i, *offset = (int64_t *)(uintptr_t)args[2];

	for (i = 0; i < MANY; i++) {
		offset[i] = scif_register(FD(args[0]), (void *)(uintptr_t)args[1],
					  (size_t)(i % 3 + 1) * PAGE, 0, RW, 0);
		if (offset[i] < 0)
			return i;
	}
	return i;
}

static void
s114_offsets_do_not_overlap(void)
{
	struct pair p = connected();
	int64_t addr = alloc(p.c, 3 * PAGE), *offset = (int64_t *)(void *)share;
	unsigned int i, j;

	assert_int_equal(call(do_register_many, p.c, addr, AT(0)), MANY);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(offset[i] % PAGE, 0);
		for (j = 0; j < i; j++)
			if (offset[i] < offset[j] + (j % 3 + 1) * PAGE &&
			    offset[j] < offset[i] + (i % 3 + 1) * PAGE)
				fail_msg("windows %u and %u overlap", j, i);
	}
}

static void
s115_offset_is_never_0(void)
{
	struct pair p = connected();
	unsigned int i;

	for (i = 0; i < 10; i++)
		assert_true(window(p.c, PAGE, RW).off > 0);
	assert_true(window(p.a, PAGE, RW).off > 0);
}

static void
s116_registered_twice(void)
{
	struct pair p = connected();
	struct window w = window(p.c, PAGE, RW);
	int64_t other = registered(p.c, w.addr, PAGE, 0, RW, 0);

	assert_true(other > 0);
	assert_int_not_equal(other, w.off);
	call(do_fill, p.c, w.addr, PAGE, 116);
	assert_int_equal(peer_check(p.a, w.off, PAGE, 116), 0);
	assert_int_equal(peer_check(p.a, other, PAGE, 116), 0);
	assert_int_equal(call(do_unregister, p.c, w.off, PAGE), 0);
	assert_int_equal(peer_check(p.a, other, PAGE, 116), 0);
}

static void
s117_same_offset_elsewhere(void)
{
	struct pair p = connected(), q = connected_to(p.listener, p.port);
	struct window one = window_at(p.c, PAGE, RW, 0x5000);
	struct window two = window_at(q.c, PAGE, RW, 0x5000);
	struct window back = window_at(p.a, PAGE, RW, 0x5000);

	call(do_fill, p.c, one.addr, PAGE, 1);
	call(do_fill, q.c, two.addr, PAGE, 2);
	call(do_fill, p.a, back.addr, PAGE, 3);
	assert_int_equal(peer_check(p.a, 0x5000, PAGE, 1), 0);
	assert_int_equal(peer_check(q.a, 0x5000, PAGE, 2), 0);
	assert_int_equal(peer_check(p.c, 0x5000, PAGE, 3), 0);
}

static void
s118_no_memory_there(void)
{
	struct pair p = connected();
	int64_t addr = alloc(p.c, 4 * PAGE);

	assert_int_equal(call(do_unmap, p.c, addr + 2 * PAGE, PAGE), 0);
	assert_fails(registered(p.c, addr + 2 * PAGE, PAGE, 0, RW, 0), EFAULT);
	assert_fails(registered(p.c, addr, 4 * PAGE, 0, RW, 0), EFAULT);
	assert_int_equal(call(do_protect, p.c, addr, PAGE, PROT_READ), 0);
	assert_fails(registered(p.c, addr, PAGE, 0, RW, 0), EFAULT);
	assert_true(registered(p.c, addr, PAGE, 0, SCIF_PROT_READ, 0) > 0);
	assert_true(registered(p.c, addr + PAGE, PAGE, 0, RW, 0) > 0);
}

static void
s119_register_after_close(void)
{
	struct pair p = connected();
	int64_t addr = alloc(p.c, PAGE);

	assert_int_equal(call(do_close, p.a), 0);
	assert_int_not_equal(call(do_poll, p.c, 0, 5000) & SCIF_POLLHUP, 0);
	assert_fails(registered(p.c, addr, PAGE, 0, RW, 0), ECONNRESET);
}

static void
s120_offset_is_usable_once_told(void)
{
	struct pair p = connected();
	struct window w;
	int64_t told;
	int i;

	for (i = 0; i < 20; i++) {
		w = window(p.c, PAGE, RW);
		call(do_fill, p.c, w.addr, PAGE, i);
		send_bytes(p.c, &w.off, sizeof(w.off));
		assert_int_equal(call(do_recv, p.a, AT(64), 8, SCIF_RECV_BLOCK), 8);
		told = ((int64_t *)(void *)share)[8];
		assert_int_equal(peer_check(p.a, told, PAGE, i), 0);
	}
}

static void
s121_window_keeps_its_pages(void)
{
	struct pair p = connected();
	struct window w = window(p.c, 2 * PAGE, RW);

	call(do_fill, p.c, w.addr, 2 * PAGE, 121);
	assert_int_equal(call(do_unmap, p.c, w.addr, 2 * PAGE), 0);
	assert_int_equal(peer_check(p.a, w.off, 2 * PAGE, 121), 0);
	assert_int_equal(call(do_map, p.c, w.addr, 2 * PAGE), w.addr);
	call(do_fill, p.c, w.addr, 2 * PAGE, 122);
	assert_int_equal(peer_check(p.a, w.off, 2 * PAGE, 121), 0);
}

static void
s122_unregister_unknown(void)
{
	struct pair p = connected();

	assert_fails(call(do_unregister, p.c, 0x7000, PAGE), ENXIO);
	window_at(p.c, PAGE, RW, 0x9000);
	assert_fails(call(do_unregister, p.c, 0x7000, PAGE), ENXIO);
	/* The peer's windows are not ours. */
	assert_fails(call(do_unregister, p.a, 0x9000, PAGE), ENXIO);
}

static void
s123_unregister_no_pages(void)
{
	struct pair p = connected();
	struct window w = window(p.c, 2 * PAGE, RW);

	assert_fails(call(do_unregister, p.c, w.off, 0), EINVAL);
	assert_fails(call(do_unregister, p.c, w.off, 100), EINVAL);
	assert_fails(call(do_unregister, p.c, w.off + 100, PAGE), EINVAL);
	assert_fails(call(do_unregister, p.c, -PAGE, PAGE), EINVAL);
	assert_int_equal(call(do_unregister, p.c, w.off, 2 * PAGE), 0);
}

static void
s124_unregister_part(void)
{
	struct pair p = connected();
	struct window w = window(p.c, 4 * PAGE, RW);

	call(do_fill, p.c, w.addr, 4 * PAGE, 124);
	assert_fails_either(call(do_unregister, p.c, w.off, PAGE), EINVAL, ENXIO);
	assert_fails_either(call(do_unregister, p.c, w.off + PAGE, PAGE), EINVAL, ENXIO);
	assert_fails_either(call(do_unregister, p.c, w.off + 2 * PAGE, 2 * PAGE), EINVAL, ENXIO);
	assert_int_equal(peer_check(p.a, w.off, 4 * PAGE, 124), 0);
}

static void
s125_unregister_adjacent(void)
{
	struct pair p = connected();
	int64_t addr = alloc(p.a, 2 * PAGE);

	window_at(p.c, PAGE, RW, 0x10000);
	window_at(p.c, 2 * PAGE, RW, 0x11000);
	assert_int_equal(call(do_unregister, p.c, 0x10000, 3 * PAGE), 0);
	assert_fails(call(do_vreadfrom, p.a, addr, 8, 0x10000, SCIF_RMA_SYNC), ENXIO);
	assert_fails(call(do_vreadfrom, p.a, addr, 8, 0x12000, SCIF_RMA_SYNC), ENXIO);
	window_at(p.c, 3 * PAGE, RW, 0x10000);
}

static void
s126_unregistered_is_gone_for_the_peer(void)
{
	struct pair p = connected();
	struct window w = window(p.c, PAGE, RW), own = window(p.a, PAGE, RW);

	assert_int_equal(call(do_writeto, p.a, own.off, PAGE, w.off, SCIF_RMA_SYNC), 0);
	assert_int_equal(call(do_unregister, p.c, w.off, PAGE), 0);
	assert_fails(call(do_writeto, p.a, own.off, PAGE, w.off, SCIF_RMA_SYNC), ENXIO);
	assert_fails(call(do_readfrom, p.a, own.off, PAGE, w.off, SCIF_RMA_SYNC), ENXIO);
	assert_fails(call(do_vreadfrom, p.a, own.addr, PAGE, w.off, SCIF_RMA_SYNC), ENXIO);
	assert_fails(call(do_vwriteto, p.a, own.addr, PAGE, w.off, SCIF_RMA_SYNC), ENXIO);
	assert_fails(call(do_mmap, p.a, 0, PAGE, RW, 0, w.off), ENXIO);
}

static void
s127_unregister_while_mapped(void)
{
	struct pair p = connected();
	struct window w = window(p.c, PAGE, RW);
	int64_t map = call(do_mmap, p.a, 0, PAGE, RW, 0, w.off);

	assert_true(map > 0);
	assert_int_equal(call(do_unregister, p.c, w.off, PAGE), 0);
	call(do_poke, p.a, map + 8, 1270);
	assert_int_equal(call(do_await, p.c, w.addr + 8, 1270, 1000), 0);
	call(do_poke, p.c, w.addr + 16, 1271);
	assert_int_equal(call(do_await, p.a, map + 16, 1271, 1000), 0);
	assert_int_equal(call(do_munmap, p.a, map, PAGE), 0);
}

static void
s128_offset_is_free_after_munmap(void)
{
	struct pair p = connected();
	struct window w = window_at(p.c, PAGE, RW, 0x8000);
	int64_t map = call(do_mmap, p.a, 0, PAGE, RW, 0, 0x8000), off = -1;
	unsigned int i;

	assert_true(map > 0);
	assert_int_equal(call(do_unregister, p.c, 0x8000, PAGE), 0);
	assert_fails(registered(p.c, w.addr, PAGE, 0x8000, RW, SCIF_MAP_FIXED), EADDRINUSE);
	assert_int_equal(call(do_munmap, p.a, map, PAGE), 0);
	for (i = 0; i < 1000 && off < 0; i++) {
		off = registered(p.c, w.addr, PAGE, 0x8000, RW, SCIF_MAP_FIXED);
		pause_ms(1);
	}
	assert_int_equal(off, 0x8000);
}

static void
s129_failed_unregister_changes_nothing(void)
{
	struct pair p = connected();
	struct window one = window_at(p.c, PAGE, RW, 0x10000);
	struct window two = window_at(p.c, 2 * PAGE, RW, 0x11000);

	call(do_fill, p.c, one.addr, PAGE, 1);
	call(do_fill, p.c, two.addr, 2 * PAGE, 2);
	assert_fails_either(call(do_unregister, p.c, 0x10000, 2 * PAGE), EINVAL, ENXIO);
	assert_fails_either(call(do_unregister, p.c, 0x10000, 4 * PAGE), ENXIO, EINVAL);
	assert_int_equal(peer_check(p.a, 0x10000, PAGE, 1), 0);
	assert_int_equal(peer_check(p.a, 0x11000, 2 * PAGE, 2), 0);
	assert_int_equal(call(do_unregister, p.c, 0x10000, 3 * PAGE), 0);
}

/* side, bytes */
static int64_t
do_limit(const int64_t *args)
{
	struct rlimit limit = {(rlim_t)args[1], (rlim_t)args[1]};

	return setrlimit(RLIMIT_MEMLOCK, &limit);
}

static void
s130_locked_memory_limit(void)
{
	struct pair p;
	int64_t addr;

	assert_int_equal(call(do_limit, SIDE(C), 16 * PAGE), 0);
	call(do_setuid, SIDE(C), 65534);
	p = connected();
	addr = alloc(p.c, 64 * PAGE);
	assert_fails(registered(p.c, addr, 64 * PAGE, 0, RW, 0), ENOMEM);
	assert_true(registered(p.c, addr, 8 * PAGE, 0, RW, 0) > 0);
	assert_fails(registered(p.c, addr, 10 * PAGE, 0, RW, 0), ENOMEM);
}

static const struct test_case cases[] = {
	CASE(s101_register_unconnected),
	CASE(s102_unaligned_address),
	CASE(s103_length_of_no_pages),
	CASE(s104_unknown_protection),
	CASE(s105_protection_none),
	CASE(s106_unknown_flags),
	CASE(s107_bad_fixed_offset),
	CASE(s108_fixed_offset),
	CASE(s109_fixed_offset_0),
	CASE(s110_fixed_overlap),
	CASE(s111_fixed_adjacent),
	CASE(s112_fixed_offset_of_2_to_62),
	CASE(s113_fixed_beyond_2_to_63),
	CASE(s114_offsets_do_not_overlap),
	CASE(s115_offset_is_never_0),
	CASE(s116_registered_twice),
	CASE(s117_same_offset_elsewhere),
	CASE(s118_no_memory_there),
	CASE(s119_register_after_close),
	CASE(s120_offset_is_usable_once_told),
	CASE(s121_window_keeps_its_pages),
	CASE(s122_unregister_unknown),
	CASE(s123_unregister_no_pages),
	CASE(s124_unregister_part),
	CASE(s125_unregister_adjacent),
	CASE(s126_unregistered_is_gone_for_the_peer),
	CASE(s127_unregister_while_mapped),
	CASE(s128_offset_is_free_after_munmap),
	CASE(s129_failed_unregister_changes_nothing),
	CASE(s130_locked_memory_limit),
};

TEST_GROUP(register, cases);
