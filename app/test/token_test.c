/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include "rte_pmd_dlb.h"
#include "test.h"

/* What a port holds back, and what it can hold: the calls of rte_pmd_dlb.h. */

#define NO_IMPL_REL RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL

static __typeof__(rte_pmd_dlb_set_token_pop_mode) *set_pop;
static __typeof__(rte_pmd_dlb_set_port_param) *set_param;

static void
find_calls(void)
{
	*(void **)&set_pop = dev_symbol("rte_pmd_dlb_set_token_pop_mode");
	*(void **)&set_param = dev_symbol("rte_pmd_dlb_set_port_param");
	assert_non_null(set_pop);
	assert_non_null(set_param);
}

/* Port 0 sends; the others, of a mode and a depth, take from queue 0, which is parallel. */
static void
shape_modes(enum rte_pmd_dlb_token_pop_mode mode, uint8_t ports, uint32_t flags, uint16_t depth)
{
	uint8_t i;

	find_calls();
	shape(1, ports, 0);
	queue_make(0, QUEUE_PARALLEL);
	port_make(0, 0, 32);
	for (i = 1; i < ports; i++) {
		assert_int_equal(set_pop(dev.id, i, mode), 0);
		port_make(i, flags, depth);
		link_make(i, 0);
	}
	dev_start();
}

static void
send_parallel(unsigned int n)
{
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), n);
}

static void
a_deferred_port_keeps_its_slot_until_it_dequeues_again(void)
{
	struct rte_event ev;
	unsigned int i;

	shape_modes(RTE_PMD_DLB_DEFERRED_POP, 3, NO_IMPL_REL, 1);
	send_parallel(128);
	receive_all(1, &ev, 1);
	release_all(1, &ev, 1);
	/* Each has one slot, and that of port 1 is taken: port 2 has to get all others. */
	for (i = 1; i < 128; i++) {
		receive_all(2, &ev, 1);
		release_all(2, &ev, 1);
	}
	receive_nothing(2);
	receive_nothing(1);
	send_parallel(1);
	receive_any(1, 2, &ev, 1, &(uint8_t){0});
}

static void
a_deferred_directed_port_keeps_its_slots(void)
{
	struct rte_event ev[8];

	find_calls();
	shape(1, 2, 1);
	queue_make(0, QUEUE_SINGLE);
	port_make(0, 0, 32);
	assert_int_equal(set_pop(dev.id, 1, RTE_PMD_DLB_DEFERRED_POP), 0);
	port_make(1, RTE_EVENT_PORT_CFG_SINGLE_LINK, 8);
	link_make(1, 0);
	dev_start();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 100);
	receive_all(1, ev, 8);
	drain(1, 92);
}

static void
a_delayed_port_gives_slots_back_with_its_releases(void)
{
	struct rte_event ev[32];

	shape_modes(RTE_PMD_DLB_DELAYED_POP, 2, NO_IMPL_REL, 16);
	send_parallel(32);
	receive_all(1, ev, 16);
	receive_nothing(1);
	release_all(1, ev, 15);
	receive_nothing(1);
	release_all(1, ev + 15, 1);
	receive_all(1, ev + 16, 16);
	release_all(1, ev + 16, 16);
	receive_nothing(1);
}

static void
forwards_count_as_releases(void)
{
	struct rte_event ev[8];

	shape_modes(RTE_PMD_DLB_DELAYED_POP, 2, NO_IMPL_REL, 8);
	send_parallel(16);
	receive_all(1, ev, 8);
	answer_all(1, ev, 7, RTE_EVENT_OP_FORWARD, 0, RTE_SCHED_TYPE_PARALLEL);
	receive_nothing(1);
	answer_all(1, ev + 7, 1, RTE_EVENT_OP_FORWARD, 0, RTE_SCHED_TYPE_PARALLEL);
	receive_all(1, ev, 8);
}

/* Releases that the next dequeue makes count like others; bursts of all sizes, many times over. */
static void
modes_pass_traffic(enum rte_pmd_dlb_token_pop_mode mode)
{
	struct rte_event ev[32];
	unsigned int got, sent, n;

	shape_modes(mode, 2, 0, 16);
	for (sent = 0, got = 0; got < 3000;) {
		if (sent < 3000) {
			send_parallel(50);
			sent += 50;
		}
		while (got < sent) {
			n = receive_some(1, ev, 1 + random_below(RTE_DIM(ev)), PATIENCE_US);
			assert_true(n > 0);
			got += n;
		}
	}
	receive_nothing(1);
}

static void
delayed_ports_pass_traffic(void)
{
	modes_pass_traffic(RTE_PMD_DLB_DELAYED_POP);
}

static void
deferred_ports_pass_traffic(void)
{
	modes_pass_traffic(RTE_PMD_DLB_DEFERRED_POP);
}

static void
stop_takes_kept_slots_back(void)
{
	struct rte_event ev[16];
	unsigned int i;

	shape_modes(RTE_PMD_DLB_DELAYED_POP, 2, NO_IMPL_REL, 16);
	for (i = 0; i < 3; i++) {
		send_parallel(40);
		receive_all(1, ev, 16);
		release_all(1, ev, 5);
		dev_stop();
		dev_restart();
	}
}

static void
token_pop_modes_that_do_not_fit_are_refused(void)
{
	struct rte_event_port_conf conf;

	find_calls();
	shape(1, 2, 1);
	queue_make(0, QUEUE_SINGLE);
	assert_int_equal(set_pop(dev.id, 2, RTE_PMD_DLB_AUTO_POP), -EINVAL);
	assert_int_equal(set_pop(dev.id, 255, RTE_PMD_DLB_AUTO_POP), -EINVAL);
	assert_int_equal(set_pop(dev.id + 1, 0, RTE_PMD_DLB_AUTO_POP), -ENODEV);
	assert_int_equal(set_pop(dev.id, 0, (enum rte_pmd_dlb_token_pop_mode)3), -EINVAL);
	assert_int_equal(set_pop(dev.id, 1, RTE_PMD_DLB_DELAYED_POP), 0);
	conf = port_conf(RTE_EVENT_PORT_CFG_SINGLE_LINK, 8);
	assert_int_equal(rte_event_port_setup(dev.id, 1, &conf), -EINVAL);
	assert_int_equal(set_pop(dev.id, 1, RTE_PMD_DLB_AUTO_POP), 0);
	port_make(1, RTE_EVENT_PORT_CFG_SINGLE_LINK, 8);
	assert_int_equal(set_pop(dev.id, 1, RTE_PMD_DLB_DEFERRED_POP), -EINVAL);
	port_make(0, 0, 8);
	link_make(1, 0);
	dev_start();
	assert_int_equal(set_pop(dev.id, 0, RTE_PMD_DLB_AUTO_POP), -EBUSY);
	device_still_works();
}

/* Nothing of a mode is left when the device is configured anew. */
static void
a_new_configuration_forgets_modes(void)
{
	struct rte_event ev[32];

	find_calls();
	shape(1, 2, 0);
	assert_int_equal(set_pop(dev.id, 1, RTE_PMD_DLB_DELAYED_POP), 0);
	shape_simple(QUEUE_PARALLEL, 2, NO_IMPL_REL, 8);
	send_parallel(32);
	receive_all(1, ev, 16);
}

static void
a_port_holds_as_many_events_as_its_history(void)
{
	struct rte_pmd_dlb_port_param param = {.history = 3};
	struct rte_event ev[8];

	find_calls();
	shape(1, 2, 0);
	queue_make(0, QUEUE_PARALLEL);
	port_make(0, 0, 32);
	assert_int_equal(set_param(dev.id, 1, RTE_PMD_DLB_PORT_HISTORY, &param), 0);
	port_make(1, NO_IMPL_REL, 8);
	link_make(1, 0);
	dev_start();
	send_parallel(20);
	receive_all(1, ev, 3);
	receive_nothing(1);
	release_all(1, ev, 2);
	receive_all(1, ev, 2);
	receive_nothing(1);
}

static void
more_history_than_there_is_is_refused(void)
{
	struct rte_pmd_dlb_port_param param = {.history = 2048};
	uint8_t queue = 0;

	find_calls();
	shape(1, 2, 0);
	queue_make(0, QUEUE_PARALLEL);
	assert_int_equal(set_param(dev.id, 1, RTE_PMD_DLB_PORT_HISTORY, &param), 0);
	ports_make(0, 2, 0, 8);
	assert_int_equal(rte_event_port_link(dev.id, 1, &queue, NULL, 1), 1);
	assert_int_equal(rte_event_dev_start(dev.id), -ENOSPC);
	shape(1, 2, 0);
	param.history = 2047;
	assert_int_equal(set_param(dev.id, 1, RTE_PMD_DLB_PORT_HISTORY, &param), 0);
	ports_make(0, 2, 0, 8);
	link_make(1, 0);
	dev_start();
	send_parallel(100);
	drain(1, 100);
}

static void
port_parameters_that_do_not_fit_are_refused(void)
{
	struct rte_pmd_dlb_port_param param = {.history = 0};
	int threshold = dev.v20 ? -ENOTSUP : 0;

	find_calls();
	shape(1, 2, 0);
	assert_int_equal(set_param(dev.id, 1, 0, &param), -EINVAL);
	assert_int_equal(set_param(dev.id, 1, 4, &param), -EINVAL);
	assert_int_equal(set_param(dev.id, 2, RTE_PMD_DLB_PORT_HISTORY, &param), -EINVAL);
	assert_int_equal(set_param(dev.id, 1, RTE_PMD_DLB_PORT_HISTORY, NULL), -EINVAL);
	assert_int_equal(set_param(dev.id, 1, RTE_PMD_DLB_PORT_HISTORY, &param), -EINVAL);
	param.history = 2049;
	assert_int_equal(set_param(dev.id, 1, RTE_PMD_DLB_PORT_HISTORY, &param), -EINVAL);
	param.migration_threshold = 4095;
	assert_int_equal(set_param(dev.id, 1, RTE_PMD_DLB_PORT_MIGRATION_THRESHOLD, &param),
			 threshold);
	param.migration_threshold = 4096;
	assert_int_equal(set_param(dev.id, 1, RTE_PMD_DLB_PORT_MIGRATION_THRESHOLD, &param),
			 dev.v20 ? -ENOTSUP : -EINVAL);
	shape_simple(QUEUE_ATOMIC, 2, 0, 8);
	param = (struct rte_pmd_dlb_port_param){.history = 64, .migration_threshold = 2};
	assert_int_equal(set_param(dev.id, 1, RTE_PMD_DLB_PORT_HISTORY, &param), -EINVAL);
	assert_int_equal(set_param(dev.id, 1, RTE_PMD_DLB_PORT_MIGRATION_THRESHOLD, &param),
			 threshold);
	device_still_works();
}

static const struct test_case cases[] = {
	TEST_CASE_OURS(a_deferred_port_keeps_its_slot_until_it_dequeues_again),
	TEST_CASE_OURS(a_deferred_directed_port_keeps_its_slots),
	TEST_CASE_OURS(a_delayed_port_gives_slots_back_with_its_releases),
	TEST_CASE_OURS(forwards_count_as_releases),
	TEST_CASE_OURS(delayed_ports_pass_traffic),
	TEST_CASE_OURS(deferred_ports_pass_traffic),
	TEST_CASE_OURS(stop_takes_kept_slots_back),
	TEST_CASE_OURS(token_pop_modes_that_do_not_fit_are_refused),
	TEST_CASE_OURS(a_new_configuration_forgets_modes),
	TEST_CASE_OURS(a_port_holds_as_many_events_as_its_history),
	TEST_CASE_OURS(more_history_than_there_is_is_refused),
	TEST_CASE_OURS(port_parameters_that_do_not_fit_are_refused),
};

TEST_GROUP(token, cases);
