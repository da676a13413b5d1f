/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What a device has: section 6 of the protocol's text, by a scripted client.
 */
#include "vfu_peer.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define REGIONS 9u
#define IRQS    5u
/* Flags of a region. */
#define READABLE 1u
#define WRITABLE 2u
#define MAPPABLE 4u
#define HAS_CAPS 8u
/* Of an interrupt type. */
#define BY_EVENTFD 1u
#define NO_RESIZE  8u

static void
device_is_pci_and_can_be_reset(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_info_body(16, 0, 16);

	peer_call(p, PEER_GET_INFO, &b);
	assert_int_equal(p->m.size, PEER_HEADER + 16);
	assert_int_equal(peer_get(p->m.at, 0, 4), 16);
	assert_int_equal(peer_get(p->m.at, 4, 4), 3);
	assert_int_equal(peer_get(p->m.at, 8, 4), REGIONS);
	assert_int_equal(peer_get(p->m.at, 12, 4), IRQS);
}

/* The reply is never longer than what the client has room for: argsz says what it needs. */
static void
little_room_gets_little(void **state)
{
	static const uint32_t rooms[] = {0, 4, 8, 15};
	struct peer *p = *state;

	for (unsigned int i = 0; i < 4; i++) {
		struct peer_bytes b = peer_info_body(rooms[i], 0, 16);

		peer_send(p, PEER_GET_INFO, PEER_COMMAND, &b, NULL, 0);
		assert_true(peer_receive(p));
		if (p->m.flags == PEER_REPLY) {
			assert_in_range(p->m.len, 0, 16);
			if (p->m.len >= 4)
				assert_int_equal(peer_get(p->m.at, 0, 4), 16);
		} else {
			assert_int_equal(p->m.error, EINVAL);
		}
	}
	peer_still_there(p);
}

static void
more_room_gets_no_more(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_info_body(UINT32_MAX, 0, 16);

	peer_call(p, PEER_GET_INFO, &b);
	assert_int_equal(p->m.len, 16);
	assert_int_equal(peer_get(p->m.at, 0, 4), 16);
	b = peer_info_body(UINT32_MAX, 2, 16);
	peer_call(p, PEER_GET_IRQ_INFO, &b);
	assert_int_equal(p->m.len, 16);
	b = peer_info_body(UINT32_MAX, 0, 32);
	peer_call(p, PEER_GET_REGION_INFO, &b);
	assert_int_equal(p->m.len, 32);
}

static void
short_requests_are_refused(void **state)
{
	struct peer *p = *state;

	for (size_t len = 0; len < 32; len++) {
		struct peer_bytes b = peer_info_body(32, 0, 32);

		b.len = len;
		peer_refused(p, PEER_GET_REGION_INFO, &b, EINVAL);
		if (len >= 16)
			continue;
		peer_refused(p, PEER_GET_INFO, &b, EINVAL);
		peer_refused(p, PEER_GET_IRQ_INFO, &b, EINVAL);
	}
}

/* One region as it is answered to a request of `argsz` bytes. */
static void
region(struct peer *p, uint32_t argsz, uint32_t index)
{
	struct peer_bytes b = peer_info_body(argsz, index, 32);

	peer_call(p, PEER_GET_REGION_INFO, &b);
	assert_in_range(p->m.len, 32, argsz);
	assert_int_equal(peer_get(p->m.at, 8, 4), index);
}

static void
regions_have_their_sizes(void **state)
{
	static const uint64_t sizes[REGIONS] = {PEER_BAR_BYTES,    0, PEER_BAR_BYTES, 0, 0, 0, 0,
						PEER_CONFIG_BYTES, 0};
	struct peer *p = *state;

	for (uint32_t i = 0; i < REGIONS; i++) {
		region(p, 32, i);
		assert_int_equal(p->m.len, 32);
		assert_int_equal(p->m.fds, 0);
		assert_int_equal(peer_get(p->m.at, 0, 4), 32);
		/* Mappable anything would end a client's posted writes. */
		assert_int_equal(peer_get(p->m.at, 4, 4), sizes[i] ? READABLE | WRITABLE : 0);
		assert_int_equal(peer_get(p->m.at, 12, 4), 0);
		assert_int_equal(peer_get(p->m.at, 16, 8), sizes[i]);
	}
}

static void
regions_end_at_nine(void **state)
{
	static const uint32_t indexes[] = {REGIONS, 10, 0x7fffffff, 0x80000000, 0xffffffff};
	struct peer *p = *state;

	for (unsigned int i = 0; i < 5; i++) {
		struct peer_bytes b = peer_info_body(32, indexes[i], 32);

		peer_refused(p, PEER_GET_REGION_INFO, &b, EINVAL);
	}
}

static void
irq_info(struct peer *p, uint32_t index, uint32_t flags, uint32_t count)
{
	struct peer_bytes b = peer_info_body(16, index, 16);

	peer_call(p, PEER_GET_IRQ_INFO, &b);
	assert_int_equal(p->m.len, 16);
	assert_int_equal(peer_get(p->m.at, 0, 4), 16);
	assert_int_equal(peer_get(p->m.at, 4, 4), flags);
	assert_int_equal(peer_get(p->m.at, 8, 4), index);
	assert_int_equal(peer_get(p->m.at, 12, 4), count);
}

/* No-resize would make clients send all vectors again for each new one. */
static void
interrupts_are_msix_and_notifiers(void **state)
{
	struct peer *p = *state;

	irq_info(p, PEER_INTX, 7, 0);
	irq_info(p, PEER_MSI, BY_EVENTFD, 0);
	irq_info(p, PEER_MSIX, BY_EVENTFD, PEER_VECTORS);
	irq_info(p, PEER_ERR_IRQ, BY_EVENTFD, 1);
	irq_info(p, PEER_REQ_IRQ, BY_EVENTFD, 1);
}

static void
interrupt_pin_makes_an_intx(void **state)
{
	struct peer *p = *state;

	p->device.config[0x3d] = 1;
	peer_reopen(p);
	irq_info(p, PEER_INTX, 7, 1);
}

static void
interrupt_types_end_at_five(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_info_body(16, IRQS, 16), c = peer_info_body(16, UINT32_MAX, 16);

	peer_refused(p, PEER_GET_IRQ_INFO, &b, EINVAL);
	peer_refused(p, PEER_GET_IRQ_INFO, &c, EINVAL);
}

/* There are none, or no such thing. */
static void
io_descriptors_are_none(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = {.len = 0};

	peer_put(&b, 4096, 4);
	peer_put(&b, 0, 4);
	peer_put(&b, 0, 4);
	peer_put(&b, 0, 4);
	peer_send(p, PEER_GET_REGION_IO_FDS, PEER_COMMAND, &b, NULL, 0);
	assert_true(peer_receive(p));
	assert_int_equal(p->m.fds, 0);
	if (p->m.flags == PEER_REPLY)
		assert_int_equal(peer_get(p->m.at, 12, 4), 0);
	else
		assert_true(p->m.error == EOPNOTSUPP || p->m.error == ENOSYS);
	peer_still_there(p);
}

/* ---- With a client that asks for what may be mapped ---- */

static void
ask_for_sharing(struct peer *p)
{
	peer_version(p, "{\"capabilities\":{\"max_msg_fds\":16,\"write_multiple\":true,"
			"\"max_data_xfer_size\":1048576,\"slipway\":{\"share\":true}}}");
}

static void
memory_can_be_mapped_unasked(void **state)
{
	struct peer *p = *state;

	peer_version(p, "{\"capabilities\":{\"max_msg_fds\":16}}");
	region(p, 4096, 0);
	assert_int_equal(peer_get(p->m.at, 4, 4), READABLE | WRITABLE | MAPPABLE | HAS_CAPS);
	assert_int_equal(p->m.fds, 1);
}

static void
share_false_shares_nothing(void **state)
{
	struct peer *p = *state;

	peer_version(p, "{\"capabilities\":{\"slipway\":{\"share\":false}}}");
	region(p, 4096, 0);
	assert_int_equal(peer_get(p->m.at, 4, 4), READABLE | WRITABLE);
}

/* The two-step dance: 32 bytes that say how long it is, and then all with the descriptor. */
static void
mappable_region_tells_its_need_first(void **state)
{
	struct peer *p = *state;
	unsigned char *at;
	uint32_t need;

	ask_for_sharing(p);
	region(p, 32, 0);
	assert_int_equal(p->m.len, 32);
	need = (uint32_t)peer_get(p->m.at, 0, 4);
	assert_int_equal(need, 64);
	assert_int_equal(peer_get(p->m.at, 4, 4), READABLE | WRITABLE | MAPPABLE | HAS_CAPS);
	assert_int_equal(peer_get(p->m.at, 12, 4), 32);
	assert_int_equal(peer_get(p->m.at, 16, 8), PEER_BAR_BYTES);

	region(p, need, 0);
	assert_int_equal(p->m.len, need);
	assert_int_equal(p->m.fds, 1);
	assert_int_equal(peer_get(p->m.at, 0, 4), need);
	assert_int_equal(peer_get(p->m.at, 4, 4), READABLE | WRITABLE | MAPPABLE | HAS_CAPS);
	assert_int_equal(peer_get(p->m.at, 12, 4), 32);
	/* Sparse map, version 1, the last one; one area. */
	assert_int_equal(peer_get(p->m.at, 32, 2), 1);
	assert_int_equal(peer_get(p->m.at, 34, 2), 1);
	assert_int_equal(peer_get(p->m.at, 36, 4), 0);
	assert_int_equal(peer_get(p->m.at, 40, 4), 1);
	assert_int_equal(peer_get(p->m.at, 48, 8), PEER_MEMORY);
	assert_int_equal(peer_get(p->m.at, 56, 8), PEER_MEMORY_BYTES);

	/* In the file, an area lies at its offset plus the region's. */
	p->device.memory[5] = 0x77;
	at = mmap(NULL, PEER_MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, p->m.fd[0],
		  (off_t)(peer_get(p->m.at, 24, 8) + PEER_MEMORY));
	assert_true(at != MAP_FAILED);
	assert_int_equal(at[5], 0x77);
	munmap(at, PEER_MEMORY_BYTES);
}

static void
rooms_in_between_get_the_short_reply(void **state)
{
	struct peer *p = *state;

	ask_for_sharing(p);
	for (uint32_t room = 33; room < 64; room += 5) {
		region(p, room, 0);
		assert_int_equal(p->m.len, 32);
		assert_int_equal(peer_get(p->m.at, 0, 4), 64);
		assert_int_equal(peer_get(p->m.at, 12, 4), 32);
	}
}

static void
others_stay_as_they_are(void **state)
{
	struct peer *p = *state;

	ask_for_sharing(p);
	for (uint32_t i = 1; i < REGIONS; i++) {
		region(p, 4096, i);
		assert_int_equal(peer_get(p->m.at, 4, 4) & (MAPPABLE | HAS_CAPS), 0);
		assert_int_equal(p->m.fds, 0);
	}
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, peer_setup_greeted, peer_teardown)
#define SHARE(name) cmocka_unit_test_setup_teardown(name, peer_setup_shares, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(device_is_pci_and_can_be_reset),
		TEST(little_room_gets_little),
		TEST(more_room_gets_no_more),
		TEST(short_requests_are_refused),
		TEST(regions_have_their_sizes),
		TEST(regions_end_at_nine),
		TEST(interrupts_are_msix_and_notifiers),
		TEST(interrupt_pin_makes_an_intx),
		TEST(interrupt_types_end_at_five),
		TEST(io_descriptors_are_none),
		SHARE(memory_can_be_mapped_unasked),
		SHARE(share_false_shares_nothing),
		SHARE(mappable_region_tells_its_need_first),
		SHARE(rooms_in_between_get_the_short_reply),
		SHARE(others_stay_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
