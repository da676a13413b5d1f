/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_test_rig.h"

#include "vfu_wire.h"

/* Accesses: what the device sees of them. */

static const unsigned char bytes[4096] = {0x11, 0x22, 0x33, 0x44,        0x55,
					  0x66, 0x77, 0x88, [15] = 0xff, [63] = 0x99};

/* What the device has been asked since the last look. */
static void
expect(struct rig *r, const char *text)
{
	assert_string_equal(test_device_log(&r->device), text);
}

/* Time posts nothing, however long a busy machine takes between two messages. */
static struct vfu_server_config
timeless_config(struct rig *r)
{
	struct vfu_server_config config = rig_config(r);

	config.gather_idle_ns = UINT64_MAX;
	return config;
}

static void
create_timeless(struct rig *r)
{
	rig_create_with(r, timeless_config);
	assert_int_equal(rig_version(r, RIG_JSON), 0);
}

static void
reads_have_head_and_data(void **state)
{
	struct vfu_region_access a;
	struct rig r;

	(void)state;
	rig_create(&r);
	memcpy(r.device.bar + 0x20, bytes, 8);
	assert_int_equal(rig_read(&r, 0, 0x20, 8), 0);
	assert_int_equal(r.len, 16 + 8);
	memcpy(&a, r.payload, sizeof(a));
	assert_int_equal(a.offset, 0x20);
	assert_int_equal(a.region, 0);
	assert_int_equal(a.count, 8);
	assert_memory_equal(r.payload + 16, bytes, 8);
	expect(&r, "read 0 0x20 8\n");
	rig_destroy(&r);
}

static void
accesses_are_made_in_natural_pieces(void **state)
{
	struct rig r;

	(void)state;
	rig_create(&r);
	assert_int_equal(rig_read(&r, 0, 0x21, 4), 0);
	expect(&r, "read 0 0x21 1\nread 0 0x22 2\nread 0 0x24 1\n");
	assert_int_equal(rig_read(&r, 0, 0x24, 12), 0);
	expect(&r, "read 0 0x24 4\nread 0 0x28 8\n");
	assert_int_equal(rig_write(&r, 0, 0x26, bytes, 3), 0);
	expect(&r, "write 0 0x26 2 0x2211\nwrite 0 0x28 1 0x33\n");
	assert_int_equal(r.len, 16);
	rig_destroy(&r);
}

static void
posted_writes_are_not_answered_and_come_in_order(void **state)
{
	struct rig r;

	(void)state;
	rig_create(&r);
	rig_post(&r, 0, 0x10, bytes, 4);
	rig_post(&r, 0, 0x10, bytes + 4, 4);
	assert_int_equal(rig_read(&r, 0, 0x10, 4), 0);
	expect(&r, "write 0 0x10 4 0x44332211\nwrite 0 0x10 4 0x88776655\nread 0 0x10 4\n");
	assert_memory_equal(r.payload + 16, bytes + 4, 4);
	assert_int_equal(vfu_server_stats(r.server)->posted, 2);
	rig_destroy(&r);
}

static void
ranges_outside_are_refused(void **state)
{
	static const struct {
		uint32_t region;
		uint64_t off;
		uint32_t count;
	} wrong[] = {
		{0, TEST_DEVICE_BAR, 1},
		{0, TEST_DEVICE_BAR - 4, 8},
		{0, UINT64_MAX, 1},
		{0, UINT64_MAX - 3, 8},
		{1, 0, 1},
		{VFU_REGION_ROM, 0, 4},
		{VFU_REGION_VGA, 0, 1},
		{VFU_REGION_CONFIG, 4096, 1},
		{VFU_REGION_CONFIG, 4092, 8},
		{VFU_REGION_CONFIG, 65536, 4},
		{9, 0, 0},
		{UINT32_MAX, 0, 4},
	};
	struct rig r;

	(void)state;
	rig_create(&r);
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(rig_read(&r, wrong[i].region, wrong[i].off, wrong[i].count),
				 -EINVAL);
		assert_int_equal(
			rig_write(&r, wrong[i].region, wrong[i].off, bytes, wrong[i].count),
			-EINVAL);
	}
	assert_int_equal(rig_read(&r, 0, 0, VFU_MAX_DATA + 1), -EINVAL);
	assert_int_equal(rig_read(&r, 0, 0, UINT32_MAX), -EINVAL);
	expect(&r, "");
	rig_destroy(&r);
}

static void
nothing_is_done_with_no_bytes(void **state)
{
	struct rig r;

	(void)state;
	rig_create(&r);
	assert_int_equal(rig_read(&r, 0, 0, 0), 0);
	assert_int_equal(r.len, 16);
	assert_int_equal(rig_write(&r, VFU_REGION_CONFIG, 0, bytes, 0), 0);
	assert_int_equal(rig_write(&r, 0, TEST_DEVICE_BAR, bytes, 0), 0);
	expect(&r, "");
	rig_destroy(&r);
}

static void
a_count_that_is_not_what_came_is_refused(void **state)
{
	struct vfu_region_access a = {0, 0, 4};
	unsigned char payload[32];
	struct rig r;

	(void)state;
	rig_create(&r);
	memset(payload, 0, sizeof(payload));
	memcpy(payload, &a, sizeof(a));
	assert_int_equal(rig_ask(&r, VFU_REGION_WRITE, payload, 16), -EINVAL);
	assert_int_equal(rig_ask(&r, VFU_REGION_WRITE, payload, 19), -EINVAL);
	assert_int_equal(rig_ask(&r, VFU_REGION_WRITE, payload, 21), -EINVAL);
	expect(&r, "");
	assert_int_equal(rig_ask(&r, VFU_REGION_WRITE, payload, 20), 0);
	rig_destroy(&r);
}

static void
configuration_space_comes_in_one_piece(void **state)
{
	struct rig r;

	(void)state;
	rig_create(&r);
	assert_int_equal(rig_read(&r, VFU_REGION_CONFIG, 0, 4096), 0);
	assert_int_equal(r.len, 16 + 4096);
	assert_memory_equal(r.payload + 16, r.device.config, 4096);
	assert_int_equal(rig_write(&r, VFU_REGION_CONFIG, 0x3c, bytes, 2), 0);
	expect(&r, "config 0x3c 2\n");
	assert_memory_equal(r.device.config + 0x3c, bytes, 2);
	rig_destroy(&r);
}

/* ---- Lines ---- */

static void
whole_lines_are_posts(void **state)
{
	struct rig r;

	(void)state;
	rig_create(&r);
	rig_post(&r, 0, TEST_DEVICE_PORT + 0x40, bytes, 64);
	rig_post(&r, 0, TEST_DEVICE_PORT, bytes, 16);
	rig_work(&r);
	expect(&r, "post 0 0x2040 64 11..99\npost 0 0x2000 16 11..ff\n");
	assert_int_equal(vfu_server_stats(r.server)->lines, 2);
	/* Not where a port is not: 16 bytes are two writes there, memory has no lines at all. */
	rig_post(&r, 0, 0x100, bytes, 16);
	rig_post(&r, 0, TEST_DEVICE_MEMORY, bytes, 64);
	rig_work(&r);
	assert_int_equal(vfu_server_stats(r.server)->lines, 2);
	rig_destroy(&r);
}

static void
a_line_with_an_answer_is_a_submission(void **state)
{
	struct rig r;

	(void)state;
	rig_create(&r);
	assert_int_equal(rig_write(&r, 0, TEST_DEVICE_PORT, bytes, 64), 0);
	r.device.submit_answer = -EAGAIN;
	assert_int_equal(rig_write(&r, 0, TEST_DEVICE_PORT, bytes, 64), -EAGAIN);
	expect(&r, "submit 0 0x2000 0xffffffff\nsubmit 0 0x2000 0xffffffff\n");
	assert_int_equal(vfu_server_stats(r.server)->submits, 2);
	/* "Later" is an answer like another, and no reason for a line in the log. */
	assert_int_equal(r.lines, 0);
	rig_destroy(&r);
}

static void
pieces_of_8_bytes_are_gathered(void **state)
{
	struct rig r;

	(void)state;
	create_timeless(&r);
	for (unsigned int i = 0; i < 8; i++)
		rig_post(&r, 0, TEST_DEVICE_PORT + i * 8, bytes + i * 8, 8);
	rig_work(&r);
	expect(&r, "post 0 0x2000 64 11..99\n");
	rig_post(&r, 0, TEST_DEVICE_PORT, bytes, 8);
	rig_post(&r, 0, TEST_DEVICE_PORT + 8, bytes + 8, 8);
	rig_post(&r, 0, 0x10, bytes, 4);
	rig_work(&r);
	expect(&r, "write 0 0x10 4 0x44332211\n");
	assert_int_equal(rig_read(&r, VFU_REGION_CONFIG, 0, 4), 0);
	expect(&r, "post 0 0x2000 16 11..ff\n");
	rig_destroy(&r);
}

static void
pieces_of_a_whole_line_are_gathered(void **state)
{
	struct rig r;

	(void)state;
	rig_create(&r);
	for (unsigned int i = 0; i < 8; i++) {
		rig_post(&r, 0, TEST_DEVICE_LINES + i * 8, bytes + i * 8, 8);
		assert_int_equal(rig_read(&r, VFU_REGION_CONFIG, 0, 4), 0);
	}
	expect(&r, "post 0 0xf000 64 11..99\n");
	/* Whole lines are what they are elsewhere, and 16 bytes are two words. */
	rig_post(&r, 0, TEST_DEVICE_LINES, bytes, 64);
	rig_post(&r, 0, TEST_DEVICE_LINES + 64 + 8, bytes, 16);
	rig_work(&r);
	expect(&r, "post 0 0xf000 64 11..99\n"
		   "write 0 0xf048 8 0x8877665544332211\nwrite 0 0xf050 8 0xff00000000000000\n");
	rig_destroy(&r);
}

static void
a_quarter_goes_when_its_time_has_come(void **state)
{
	struct rig r;
	uint64_t deadline;
	struct timespec ts;

	(void)state;
	rig_create(&r);
	assert_true(vfu_server_deadline(r.server) == BUS_NO_DEADLINE);
	rig_post(&r, 0, TEST_DEVICE_PORT, bytes, 8);
	rig_post(&r, 0, TEST_DEVICE_PORT + 8, bytes + 8, 8);
	vfu_server_work(r.server);
	deadline = vfu_server_deadline(r.server);
	assert_true(deadline != BUS_NO_DEADLINE);
	do
		clock_gettime(CLOCK_MONOTONIC, &ts);
	while ((uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec < deadline);
	assert_int_equal(vfu_server_work(r.server), 0);
	expect(&r, "post 0 0x2000 16 11..ff\n");
	rig_destroy(&r);
}

static void
a_quarter_goes_before_a_reset(void **state)
{
	struct rig r;

	(void)state;
	create_timeless(&r);
	rig_post(&r, 0, TEST_DEVICE_PORT, bytes, 8);
	rig_post(&r, 0, TEST_DEVICE_PORT + 8, bytes + 8, 8);
	rig_post(&r, 0, TEST_DEVICE_PORT2, bytes + 8, 8);
	assert_int_equal(rig_ask(&r, VFU_DEVICE_RESET, NULL, 0), 0);
	expect(&r, "post 0 0x2000 16 11..ff\nreset function\n");
	/* What was begun and could not be posted is gone with it. */
	rig_post(&r, 0, TEST_DEVICE_PORT2 + 8, bytes, 8);
	rig_work(&r);
	expect(&r, "write 0 0x3008 8 0x8877665544332211\n");
	rig_destroy(&r);
}

/* ---- Many writes in one message ---- */

static size_t
multi(unsigned char *payload, uint64_t count, const struct vfu_write_one one[], unsigned int n)
{
	memcpy(payload, &count, 8);
	memcpy(payload + 8, one, n * sizeof(one[0]));
	return 8 + n * sizeof(one[0]);
}

static void
many_writes_are_made_in_order(void **state)
{
	const struct vfu_write_one one[] = {
		{0x10, 0, 4, {1, 2, 3, 4}},
		{0x40, 7, 1, {5}},
		{0x20, 0, 8, {6}},
		{0x20, 0, 0, {0}},
	};
	unsigned char payload[200];
	uint64_t count;
	struct rig r;

	(void)state;
	rig_create(&r);
	assert_int_equal(rig_ask(&r, VFU_REGION_WRITE_MULTI, payload, multi(payload, 4, one, 4)),
			 0);
	assert_int_equal(r.len, 8);
	memcpy(&count, r.payload, sizeof(count));
	assert_int_equal(count, 4);
	expect(&r, "write 0 0x10 4 0x4030201\nconfig 0x40 1\nwrite 0 0x20 8 0x6\n");
	rig_send(&r, VFU_REGION_WRITE_MULTI, VFU_NO_REPLY, payload, multi(payload, 1, one, 1));
	rig_work(&r);
	assert_false(rig_receive(&r));
	expect(&r, "write 0 0x10 4 0x4030201\n");
	rig_destroy(&r);
}

static void
many_writes_are_as_many_as_they_say(void **state)
{
	const uint64_t counts[] = {0, 1, 3, UINT64_MAX, UINT64_C(0xaaaaaaaaaaaaaab)};
	const struct vfu_write_one one[2] = {{0x10, 0, 4, {0}}, {0x20, 0, 4, {0}}};
	unsigned char payload[200];
	struct rig r;

	(void)state;
	rig_create(&r);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(rig_ask(&r, VFU_REGION_WRITE_MULTI, payload,
					 multi(payload, counts[i], one, 2)),
				 -EINVAL);
	multi(payload, 2, one, 2);
	assert_int_equal(rig_ask(&r, VFU_REGION_WRITE_MULTI, payload, 8 + 48 - 1), -EINVAL);
	assert_int_equal(rig_ask(&r, VFU_REGION_WRITE_MULTI, payload, 8 + 48 + 1), -EINVAL);
	expect(&r, "");
	rig_destroy(&r);
}

static void
a_wrong_write_among_many_does_not_stop_the_others(void **state)
{
	const struct vfu_write_one one[] = {
		{0x10, 0, 9, {0}}, {0x10, 9, 4, {0}}, {0x20, 0, 4, {1}}};
	unsigned char payload[200];
	struct rig r;

	(void)state;
	rig_create(&r);
	assert_int_equal(rig_ask(&r, VFU_REGION_WRITE_MULTI, payload, multi(payload, 3, one, 3)),
			 -EINVAL);
	expect(&r, "write 0 0x20 4 0x1\n");
	rig_destroy(&r);
}

static void
many_writes_have_to_be_agreed_on(void **state)
{
	unsigned char payload[8] = {0};
	struct rig r;

	(void)state;
	rig_create_with(&r, rig_config);
	assert_int_equal(rig_version(&r, "{\"capabilities\":{}}"), 0);
	assert_int_equal(rig_ask(&r, VFU_REGION_WRITE_MULTI, payload, 8), -ENOTSUP);
	rig_destroy(&r);
}

/* ---- Reset ---- */

static void
a_reset_leaves_the_client_its_own(void **state)
{
	int memory = rig_memory(0x1000), irq = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct bus_host *host;
	struct bus_fault fault;
	size_t len = 16;
	struct rig r;

	(void)state;
	rig_create(&r);
	r.device.config[4] = 2;
	host = vfu_server_host(r.server);
	assert_int_equal(rig_map(&r, 0x1000, 0x1000, 3, memory, 0), 0);
	assert_int_equal(rig_irqs(&r, 0x24, VFU_IRQ_MSIX, 1, 1, &irq, 1), 0);
	assert_int_equal(rig_ask(&r, VFU_DEVICE_RESET, NULL, 0), 0);
	assert_int_equal(r.len, 0);
	assert_non_null(host->ops->map(host, BUS_NO_PASID, 0x1000, &len, BUS_PROT_READ, &fault));
	host->ops->irq(host, 1);
	assert_int_equal(rig_fired(irq), 1);
	/* Vectors with an eventfd are open again as soon as the client has switched the BARs on. */
	assert_int_equal(r.device.bar[TEST_DEVICE_TABLE + 16 + 12], 1);
	assert_int_equal(rig_write(&r, VFU_REGION_CONFIG, 4, "\2\0", 2), 0);
	assert_int_equal(r.device.bar[TEST_DEVICE_TABLE + 16 + 12], 0);
	assert_int_equal(r.device.bar[TEST_DEVICE_TABLE + 12], 1);
	close(memory);
	close(irq);
	r.open_before -= 2;
	rig_destroy(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_have_head_and_data),
		cmocka_unit_test(accesses_are_made_in_natural_pieces),
		cmocka_unit_test(posted_writes_are_not_answered_and_come_in_order),
		cmocka_unit_test(ranges_outside_are_refused),
		cmocka_unit_test(nothing_is_done_with_no_bytes),
		cmocka_unit_test(a_count_that_is_not_what_came_is_refused),
		cmocka_unit_test(configuration_space_comes_in_one_piece),
		cmocka_unit_test(whole_lines_are_posts),
		cmocka_unit_test(a_line_with_an_answer_is_a_submission),
		cmocka_unit_test(pieces_of_8_bytes_are_gathered),
		cmocka_unit_test(pieces_of_a_whole_line_are_gathered),
		cmocka_unit_test(a_quarter_goes_when_its_time_has_come),
		cmocka_unit_test(a_quarter_goes_before_a_reset),
		cmocka_unit_test(many_writes_are_made_in_order),
		cmocka_unit_test(many_writes_are_as_many_as_they_say),
		cmocka_unit_test(a_wrong_write_among_many_does_not_stop_the_others),
		cmocka_unit_test(many_writes_have_to_be_agreed_on),
		cmocka_unit_test(a_reset_leaves_the_client_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
