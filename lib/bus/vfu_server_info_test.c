/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_test_rig.h"

#include "vfu_wire.h"

/* What a client learns about the device, and what of it it may touch directly. */

static struct vfu_region_info
region(struct rig *r, uint32_t index, uint32_t argsz)
{
	struct vfu_region_info info = {.argsz = argsz, .index = index};

	assert_int_equal(rig_ask(r, VFU_DEVICE_GET_REGION_INFO, &info, sizeof(info)), 0);
	/* No reply is longer than the client has room for. */
	assert_true(r->len <= argsz);
	memcpy(&info, r->payload, sizeof(info));
	assert_int_equal(info.index, index);
	return info;
}

static void
the_device_is_a_pci_device_that_resets(void **state)
{
	struct vfu_device_info info = {.argsz = 16};
	struct rig r;

	(void)state;
	rig_create(&r);
	assert_int_equal(rig_ask(&r, VFU_DEVICE_GET_INFO, &info, sizeof(info)), 0);
	assert_int_equal(r.len, 16);
	memcpy(&info, r.payload, sizeof(info));
	assert_int_equal(info.argsz, 16);
	assert_int_equal(info.flags, 3);
	assert_int_equal(info.num_regions, 9);
	assert_int_equal(info.num_irqs, 5);
	info.argsz = 15;
	assert_int_equal(rig_ask(&r, VFU_DEVICE_GET_INFO, &info, sizeof(info)), -EINVAL);
	rig_destroy(&r);
}

static void
every_region_is_described(void **state)
{
	struct vfu_region_info info;
	struct rig r;

	(void)state;
	rig_create(&r);
	for (uint32_t i = 0; i < VFU_REGIONS; i++) {
		info = region(&r, i, 32);
		assert_int_equal(r.len, 32);
		assert_int_equal(info.argsz, i == 0 ? 64 : 32);
		assert_int_equal(info.cap_offset, i == 0 ? 32 : 0);
		assert_int_equal(info.size, i == 0 ? TEST_DEVICE_BAR : i == 7 ? 4096 : 0);
		assert_int_equal(info.flags, i == 0 ? 0xf : i == 7 ? 3 : 0);
	}
	info = (struct vfu_region_info){.argsz = 32, .index = 9};
	assert_int_equal(rig_ask(&r, VFU_DEVICE_GET_REGION_INFO, &info, sizeof(info)), -EINVAL);
	info = (struct vfu_region_info){.argsz = 31, .index = 0};
	assert_int_equal(rig_ask(&r, VFU_DEVICE_GET_REGION_INFO, &info, sizeof(info)), -EINVAL);
	rig_destroy(&r);
}

/* QEMU, for one, knows nothing of our ways to share. */
static void
memory_is_there_to_be_mapped(void **state)
{
	struct vfu_region_info info;
	struct vfu_region_sparse sparse;
	struct vfu_region_area area;
	struct rig r;
	char byte;

	(void)state;
	rig_create(&r);
	/* First what is needed, and where it begins; nothing more fits. */
	info = region(&r, 0, 32);
	assert_int_equal(r.len, 32);
	assert_int_equal(info.argsz, 64);
	assert_int_equal(info.flags, 0xf);
	assert_int_equal(info.cap_offset, 32);
	/* Then all of it, with the file. */
	info = region(&r, 0, 64);
	assert_int_equal(r.len, 64);
	assert_int_equal(info.flags, 0xf);
	assert_int_equal(info.cap_offset, 32);
	assert_int_equal(r.n_fds, 1);
	memcpy(&sparse, r.payload + 32, sizeof(sparse));
	memcpy(&area, r.payload + 48, sizeof(area));
	assert_int_equal(sparse.cap.id, 1);
	assert_int_equal(sparse.cap.version, 1);
	assert_int_equal(sparse.cap.next, 0);
	assert_int_equal(sparse.nr_areas, 1);
	assert_int_equal(area.offset, TEST_DEVICE_MEMORY);
	assert_int_equal(area.size, 0x1000);
	r.device.file[5] = 'm';
	assert_int_equal(pread(r.fds[0], &byte, 1, (off_t)(info.offset + area.offset + 5)), 1);
	assert_int_equal(byte, 'm');
	rig_destroy(&r);
}

static void
interrupts_are_counted(void **state)
{
	const uint32_t counts[] = {0, 0, TEST_DEVICE_VECTORS, 1, 1}, flags[] = {7, 1, 1, 1, 1};
	struct vfu_irq_info info;
	struct rig r;

	(void)state;
	rig_create(&r);
	for (uint32_t i = 0; i < VFU_IRQS; i++) {
		info = (struct vfu_irq_info){.argsz = 16, .index = i};
		assert_int_equal(rig_ask(&r, VFU_DEVICE_GET_IRQ_INFO, &info, sizeof(info)), 0);
		assert_int_equal(r.len, 16);
		memcpy(&info, r.payload, sizeof(info));
		assert_int_equal(info.index, i);
		assert_int_equal(info.count, counts[i]);
		assert_int_equal(info.flags, flags[i]);
	}
	info = (struct vfu_irq_info){.argsz = 16, .index = 5};
	assert_int_equal(rig_ask(&r, VFU_DEVICE_GET_IRQ_INFO, &info, sizeof(info)), -EINVAL);
	rig_destroy(&r);
}

/* ---- SHARE ---- */

static void
rings_are_for_those_who_asked_to_share(void **state)
{
	struct vfu_share_region record[3];
	struct vfu_share_reply head;
	struct line_poster poster = {0};
	struct line_drainer drainer = {0};
	struct rig r;

	(void)state;
	rig_create(&r);
	assert_int_equal(rig_ask(&r, VFU_SHARE, NULL, 0), -ENOTSUP);
	assert_false(vfu_server_shares(r.server));
	rig_destroy(&r);

	rig_create_sharing(&r);
	assert_string_equal((char *)r.payload + 4,
			    "{\"capabilities\":{\"max_msg_fds\":16,"
			    "\"max_data_xfer_size\":1048576,\"write_multiple\":true,"
			    "\"slipway\":{\"share\":true,\"about\":{\"device\":\"test\"}}}}");
	assert_int_equal(rig_ask(&r, VFU_SHARE, NULL, 0), 0);
	assert_true(vfu_server_shares(r.server));
	memcpy(&head, r.payload, sizeof(head));
	memcpy(record, r.payload + sizeof(head), sizeof(record));
	assert_int_equal(head.count, 3);
	assert_int_equal(r.len, sizeof(head) + sizeof(record));
	assert_int_equal(r.n_fds, VFU_SHARE_FDS);
	assert_int_equal(record[0].kind, BUS_MEMORY);
	assert_int_equal(record[1].kind, BUS_LINE_RING);
	assert_int_equal(record[1].offset, TEST_DEVICE_PORT);
	assert_int_equal(record[2].offset, TEST_DEVICE_PORT2);
	/* What a client posts there, the device finds in its own ring. */
	poster.ring = mmap(NULL, sizeof(struct line_ring), PROT_READ | PROT_WRITE, MAP_SHARED,
			   r.fds[VFU_SHARE_MEMORY], (off_t)record[2].fd_offset);
	assert_true(poster.ring != MAP_FAILED);
	line_ring_post(&poster, "0123456789abcdef", 16);
	drainer.ring = (struct line_ring *)(void *)(r.device.file + TEST_DEVICE_RING(1));
	assert_int_equal(line_ring_ready(&drainer), 1);
	munmap(poster.ring, sizeof(struct line_ring));
	/* Asking again changes nothing. */
	assert_int_equal(rig_ask(&r, VFU_SHARE, NULL, 0), 0);
	assert_int_equal(rig_ask(&r, VFU_SHARE, "\1\0\0\0", 4), -EINVAL);
	rig_destroy(&r);
}

static struct vfu_server_config
config_alone(struct rig *r)
{
	struct vfu_server_config c = rig_config(r);

	c.share = false;
	return c;
}

static void
a_server_that_shares_nothing_says_so(void **state)
{
	struct rig r;

	(void)state;
	rig_create_with(&r, config_alone);
	assert_int_equal(rig_version(&r, RIG_JSON_SHARE), 0);
	assert_non_null(strstr((char *)r.payload + 4, "\"share\":false"));
	assert_int_equal(rig_ask(&r, VFU_SHARE, NULL, 0), -ENOTSUP);
	assert_int_equal(region(&r, 0, 64).flags, 3);
	rig_destroy(&r);
}

static void
the_bell_wakes_a_sleeping_server(void **state)
{
	const uint64_t one = 1;
	const struct vfu_bell *bell;
	struct rig r;
	struct timespec wait = {0};
	fd_set set;

	(void)state;
	rig_create_sharing(&r);
	assert_int_equal(rig_ask(&r, VFU_SHARE, NULL, 0), 0);
	/* Whoever is let in may look at the bell, and not write to it. */
	assert_true(mmap(NULL, VFU_BELL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			 r.fds[VFU_SHARE_BELL], 0) == MAP_FAILED);
	assert_int_equal(ftruncate(r.fds[VFU_SHARE_BELL], 0), -1);
	bell = mmap(NULL, VFU_BELL_BYTES, PROT_READ, MAP_SHARED, r.fds[VFU_SHARE_BELL], 0);
	assert_true(bell != MAP_FAILED);
	assert_int_equal(bell->asleep, 0);
	vfu_server_asleep(r.server);
	assert_int_equal(bell->asleep, 1);
	FD_ZERO(&set);
	FD_SET(vfu_server_fd(r.server), &set);
	assert_int_equal(pselect(vfu_server_fd(r.server) + 1, &set, NULL, NULL, &wait, NULL), 0);
	assert_int_equal(write(r.fds[VFU_SHARE_KICK], &one, sizeof(one)), sizeof(one));
	FD_SET(vfu_server_fd(r.server), &set);
	assert_int_equal(pselect(vfu_server_fd(r.server) + 1, &set, NULL, NULL, &wait, NULL), 1);
	vfu_server_awake(r.server);
	assert_int_equal(bell->asleep, 0);
	FD_SET(vfu_server_fd(r.server), &set);
	assert_int_equal(pselect(vfu_server_fd(r.server) + 1, &set, NULL, NULL, &wait, NULL), 0);
	/* The client before has a bell that rings nowhere. */
	vfu_server_drop(r.server);
	assert_int_equal(write(r.fds[VFU_SHARE_KICK], &one, sizeof(one)), sizeof(one));
	FD_SET(vfu_server_fd(r.server), &set);
	assert_int_equal(pselect(vfu_server_fd(r.server) + 1, &set, NULL, NULL, &wait, NULL), 0);
	munmap((void *)(uintptr_t)bell, VFU_BELL_BYTES);
	rig_destroy(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_device_is_a_pci_device_that_resets),
		cmocka_unit_test(every_region_is_described),
		cmocka_unit_test(memory_is_there_to_be_mapped),
		cmocka_unit_test(interrupts_are_counted),
		cmocka_unit_test(rings_are_for_those_who_asked_to_share),
		cmocka_unit_test(a_server_that_shares_nothing_says_so),
		cmocka_unit_test(the_bell_wakes_a_sleeping_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
