/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Producer-port windows, strays, and the life of a device. Datasheet section 4.1.
 */
#include "dlb_test_case.h"

#define PLAIN_RUN 1000u

/* ---- Producer-port windows, section 4.1 ---- */

/* What a driver's profiling sends before any port is valid (5.2), to every port of the device. */
static void
lines_to_invalid_ports_are_discarded(void **state)
{
	const struct dlb_qe hcw = rig_hcw(DLB_CMD_COMP_T, 0, 0, 0, 1, 0);
	struct rig *r = *state;
	uint32_t ports = DLB_LDB_PORTS + r->dir_ports;

	for (uint32_t p = 0; p < ports; p++)
		for (uint32_t n = 0; n < PLAIN_RUN; n++)
			rig_send_one(r, p, hcw);
	rig_step(r);
	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++) {
		assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, p), 0);
		assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, p), 0);
	}
	/* None of it is there when the port becomes valid. */
	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_new(r, DLB_UNORDERED, 0, 0, 7);
	rig_step(r);
	expect_qe(r, 0, 7);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 1);
}

static void
lines_sent_before_a_port_is_valid_are_not_kept(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_write(r, DLB_SYS_LDB_PP_V, RIG_PRODUCER, 0);
	rig_new(r, DLB_UNORDERED, 0, 0, 1);
	rig_write(r, DLB_SYS_LDB_PP_V, RIG_PRODUCER, 1);
	rig_new(r, DLB_UNORDERED, 0, 0, 2);
	rig_step(r);
	expect_qe(r, 0, 2);
	expect_nothing(r, 0);
}

static void
alias_windows_and_any_line_of_a_page_reach_the_port(void **state)
{
	struct dlb_qe line[4] = {{0, 0}};
	struct rig *r = *state;

	rig_balance(r, 1, 16, 16, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 4; n++) {
		line[0] = rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, n);
		r->dev->ops->post(r->dev, 0,
				  (n % 2 ? 0x02300000 : 0x02100000) + 0x1000 * RIG_PRODUCER +
					  (n / 2 ? 0xfc0 : 0),
				  line, 64);
	}
	rig_step(r);
	for (uint32_t n = 0; n < 4; n++)
		expect_qe(r, 0, n);
}

static void
alias_window_of_a_directed_port_reaches_it(void **state)
{
	const struct dlb_qe hcw = rig_hcw(DLB_CMD_NEW, DLB_DIRECTED, 5, 0, 0, 99);
	struct rig *r = *state;

	rig_domain(r, 0, 100, 100);
	rig_dir_port(r, 0, 5, 8);
	rig_dir_queue(r, 0, 5, 10);
	rig_start(r, 0);
	r->dev->ops->post(r->dev, 0, 0x02200000 + 0x1000 * 5, &hcw, 16);
	rig_step(r);
	expect_qe(r, RIG_DIR(5), 99);
}

static void
sixteen_byte_posts_are_one_command(void **state)
{
	struct rig *r = *state;
	struct dlb_qe hcw;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	hcw = rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, 42);
	r->dev->ops->post(r->dev, 0, rig_offset(r, DLB_LDB_PP, RIG_PRODUCER), &hcw, 16);
	rig_step(r);
	expect_qe(r, 0, 42);
	expect_nothing(r, 0);
}

static void
four_commands_of_a_line_are_done_in_order(void **state)
{
	struct dlb_qe line[4];
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 4; n++)
		line[n] = rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, n);
	rig_send(r, RIG_PRODUCER, line, 4);
	rig_step(r);
	for (uint32_t n = 0; n < 4; n++)
		expect_qe(r, 0, n);
}

static void
reads_of_a_port_page_see_to_earlier_lines(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_new(r, DLB_UNORDERED, 0, 0, 1);
	rig_fence(r, RIG_PRODUCER);
	assert_int_equal(rig_read(r, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, 0), 1);
}

/* A poster with a full ring admits its own lines; time stands still until somebody steps. */
static void
full_ring_loses_nothing_and_schedules_nothing(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 1024, 1024, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 700; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	expect_nothing(r, 0);
	rig_step(r);
	for (uint32_t n = 0; n < 700; n++)
		expect_qe(r, 0, n);
	expect_nothing(r, 0);
}

/* ---- Strays ---- */

static int
stray_teardown(void **state)
{
	struct rig *r = *state;

	rig_close(r);
	free(r);
	return 0;
}

#define STRAY_CASE(f)                                                     \
	{                                                                 \
		.name = #f, .test_func = f, .setup_func = dlb_test_setup, \
		.teardown_func = stray_teardown,                          \
		.initial_state = (void *)(uintptr_t)&dlb_test_v25,        \
	}

static void
offsets_without_a_register_are_strays(void **state)
{
	static const uint64_t nowhere[] = {0x1,        0x10000f91, 0x10000ffc,
					   0x40000004, 0xfffffffc, UINT64_C(0x100000000)};
	struct rig *r = *state;
	uint64_t strays = 0;

	for (size_t k = 0; k < sizeof(nowhere) / sizeof(nowhere[0]); k++) {
		assert_int_equal(r->dev->ops->read(r->dev, 2, nowhere[k], 4), 0);
		assert_int_equal(dlb_model_stray(r->dev), ++strays);
		r->dev->ops->write(r->dev, 2, nowhere[k], 1, 4);
		assert_int_equal(dlb_model_stray(r->dev), ++strays);
	}
}

static void
accesses_of_the_wrong_size_are_strays(void **state)
{
	struct rig *r = *state;

	r->dev->ops->read(r->dev, 2, rig_offset(r, DLB_SYS_TOTAL_VAS, 0), 8);
	r->dev->ops->write(r->dev, 2, rig_offset(r, DLB_LSP_CQ2PRIOV, 0), 1, 2);
	assert_int_equal(dlb_model_stray(r->dev), 2);
	assert_int_equal(rig_read(r, DLB_LSP_CQ2PRIOV, 0), 0);
}

static void
posts_outside_the_windows_are_strays(void **state)
{
	static const uint64_t nowhere[] = {0,          0x01ffffc0,           0x02060000,
					   0x02140000, 0x02260000,           0x02340000,
					   0x02400000, UINT64_C(0x102000000)};
	struct rig *r = *state;
	unsigned char line[64] = {0};

	for (size_t k = 0; k < sizeof(nowhere) / sizeof(nowhere[0]); k++)
		r->dev->ops->post(r->dev, 0, nowhere[k], line, 64);
	assert_int_equal(dlb_model_stray(r->dev), sizeof(nowhere) / sizeof(nowhere[0]));
	r->dev->ops->post(r->dev, 2, 0x02000000, line, 64);
	r->dev->ops->post(r->dev, 0, 0x02000000, line, 32);
	assert_int_equal(dlb_model_stray(r->dev), sizeof(nowhere) / sizeof(nowhere[0]) + 2);
}

/* ---- Life ---- */

static void
bad_configurations_are_refused(void **state)
{
	struct rig *r = *state;
	struct dlb_model_config config = {.version = DLB_V20, .ring_memory = r->rings};
	struct bus_device *dev = NULL;

	config.version = (enum dlb_version)7;
	assert_int_equal(dlb_model_create(&config, &r->host.host, &dev), -EINVAL);
	config.version = DLB_V25;
	config.ring_memory = NULL;
	assert_int_equal(dlb_model_create(&config, &r->host.host, &dev), -EINVAL);
	config.ring_memory = (char *)r->rings + 8;
	assert_int_equal(dlb_model_create(&config, &r->host.host, &dev), -EINVAL);
	assert_null(dev);
	dlb_model_destroy(NULL);
}

/* Regions cover both bars without overlap, and name a ring for every producer port. */
static void
regions_name_every_port_once(void **state)
{
	struct bus_region region[512];
	struct rig *r = *state;
	int n = r->dev->ops->describe(r->dev, region, 512), rings = 0;
	uint64_t end[3] = {0};

	assert_in_range(n, 1, 512);
	assert_int_equal(r->dev->ops->describe(r->dev, region, 0), n);
	r->dev->ops->describe(r->dev, region, 512);
	for (int i = 0; i < n; i++) {
		assert_in_range(region[i].bar, 0, 2);
		assert_int_equal(region[i].offset, end[region[i].bar]);
		end[region[i].bar] += region[i].size;
		if (region[i].kind != BUS_LINE_RING)
			continue;
		rings++;
		assert_int_equal(region[i].size, 4096);
		assert_non_null(region[i].memory);
		for (int k = 0; k < i; k++)
			assert_ptr_not_equal(region[k].memory, region[i].memory);
	}
	assert_int_equal(rings, DLB_LDB_PORTS + (int)r->dir_ports);
	assert_int_equal(end[0], 0x04000000);
	assert_int_equal(end[2], UINT64_C(0x100000000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(lines_to_invalid_ports_are_discarded),
		ON_BOTH(lines_sent_before_a_port_is_valid_are_not_kept),
		ON_BOTH(alias_windows_and_any_line_of_a_page_reach_the_port),
		ON_BOTH(alias_window_of_a_directed_port_reaches_it),
		ON_BOTH(sixteen_byte_posts_are_one_command),
		ON_BOTH(four_commands_of_a_line_are_done_in_order),
		ON_BOTH(reads_of_a_port_page_see_to_earlier_lines),
		ON_BOTH(full_ring_loses_nothing_and_schedules_nothing),
		STRAY_CASE(offsets_without_a_register_are_strays),
		STRAY_CASE(accesses_of_the_wrong_size_are_strays),
		STRAY_CASE(posts_outside_the_windows_are_strays),
		ON_BOTH(bad_configurations_are_refused),
		ON_BOTH(regions_name_every_port_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
