/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* Whatever a faulty command does, the device says so, the driver names it, and both go on. */

/* Twice the time between two looks of the driver. */
#define LOOK_US 2000000

/* Port 0 sends, port 1 takes; port 2 is for mischief, and so is port 3, which is directed. */
static void
shape_for_faults(void)
{
	shape(1, 4, 1);
	queue_make(0, QUEUE_PARALLEL);
	ports_make(0, 3, 0, 8);
	port_make(3, RTE_EVENT_PORT_CFG_SINGLE_LINK, 8);
	link_make(1, 0);
	dev_start();
}

static void
shape_without_pairs(int32_t limit)
{
	shape_limited(1, 3, limit);
	queue_make(0, QUEUE_PARALLEL);
	ports_make(0, 3, 0, 8);
	link_make(1, 0);
	dev_start();
}

/* The alarm is counted under its name, and logged in one line that names port and alarm. */
static void
expect_alarm(uint8_t port, enum access_fault fault, const char *counter, const char *name)
{
	uint64_t before = dev_stat(counter);
	char where[24], *text;

	snprintf(where, sizeof(where), "alarm %s: port %u", name, port);
	log_begin();
	dev_provoke(port, fault);
	assert_int_equal(dev_stat(counter), before + 1);
	text = log_end();
	if (strstr(text, name) == NULL || strstr(text, where) == NULL)
		fail_msg("the log says: %s", text);
	free(text);
}

static void
traffic_goes_on(void)
{
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), 100);
	drain(1, 100);
}

static void
commands_that_are_none_raise_an_alarm(void)
{
	shape_for_faults();
	expect_alarm(2, ACCESS_FAULT_COMMAND, "dev_alarm_illegal_hcw", "ILLEGAL_HCW");
	expect_alarm(3, ACCESS_FAULT_COMMAND, "dev_alarm_illegal_hcw", "ILLEGAL_HCW");
	/* Directed ports complete nothing. */
	expect_alarm(3, ACCESS_FAULT_COMPLETION, "dev_alarm_illegal_hcw", "ILLEGAL_HCW");
	traffic_goes_on();
}

static void
queues_out_of_range_raise_an_alarm(void)
{
	shape_for_faults();
	expect_alarm(2, ACCESS_FAULT_QUEUE, "dev_alarm_illegal_qid", "ILLEGAL_QID");
	expect_alarm(3, ACCESS_FAULT_QUEUE, "dev_alarm_illegal_qid", "ILLEGAL_QID");
	traffic_goes_on();
}

static void
queues_that_are_not_there_raise_an_alarm(void)
{
	shape_for_faults();
	expect_alarm(2, ACCESS_FAULT_DISABLED_QUEUE, "dev_alarm_disabled_qid", "DISABLED_QID");
	traffic_goes_on();
}

static void
ordered_events_to_a_queue_without_numbers_raise_an_alarm(void)
{
	shape_for_faults();
	expect_alarm(2, ACCESS_FAULT_QUEUE_TYPE, "dev_alarm_illegal_qid_cfg", "ILLEGAL_QID_CFG");
	traffic_goes_on();
}

static void
completions_of_nothing_raise_an_alarm(void)
{
	shape_for_faults();
	expect_alarm(2, ACCESS_FAULT_COMPLETION, "dev_alarm_illegal_enq", "ILLEGAL_ENQ");
	expect_alarm(2, ACCESS_FAULT_FRAGMENT, "dev_alarm_illegal_enq", "ILLEGAL_ENQ");
	traffic_goes_on();
}

static void
events_without_credit_raise_an_alarm(void)
{
	struct rte_event ev = event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0);
	uint64_t before;
	unsigned int i;

	shape_without_pairs(64);
	assert_int_equal(send_until_refused(0, ev, 65), 64);
	receive_nothing(0);
	/* Those that wait in the consumer queue of port 1 have given their credits back. */
	before = dev_stat("dev_alarm_illegal_enq");
	for (i = 0; i <= 8 && dev_stat("dev_alarm_illegal_enq") == before; i++)
		dev_provoke(2, ACCESS_FAULT_CREDIT);
	expect_alarm(2, ACCESS_FAULT_CREDIT, "dev_alarm_illegal_enq", "ILLEGAL_ENQ");
	device_still_works();
}

static void
tokens_too_many_raise_an_alarm(void)
{
	shape_for_faults();
	expect_alarm(2, ACCESS_FAULT_TOKENS, "dev_alarm_excess_token_pops", "EXCESS_TOKEN_POPS");
	expect_alarm(3, ACCESS_FAULT_TOKENS, "dev_alarm_excess_token_pops", "EXCESS_TOKEN_POPS");
	traffic_goes_on();
}

static void
several_alarms_between_looks_are_told_as_more(void)
{
	uint64_t before;

	shape_for_faults();
	before = dev_stat("dev_alarms_more");
	dev_provoke(2, ACCESS_FAULT_COMMAND);
	dev_provoke(2, ACCESS_FAULT_QUEUE);
	dev_provoke(2, ACCESS_FAULT_TOKENS);
	assert_int_equal(dev_stat("dev_alarms_more"), before + 1);
	expect_alarm(2, ACCESS_FAULT_QUEUE, "dev_alarm_illegal_qid", "ILLEGAL_QID");
}

/* Nobody asks for statistics. */
static void
expect_alarm_unasked(void)
{
	uint64_t end = now_us() + 2 * LOOK_US;
	bool seen = false;

	log_begin();
	dev_provoke(2, ACCESS_FAULT_COMMAND);
	while (!seen && now_us() < end) {
		pause_us(10000);
		seen = strstr(log_so_far(), "ILLEGAL_HCW") != NULL;
	}
	free(log_end());
	assert_true(seen);
}

/* Not only once. */
static void
alarms_are_noticed_unasked(void)
{
	shape_for_faults();
	expect_alarm_unasked();
	expect_alarm_unasked();
}

static void
alarms_can_be_reset(void)
{
	shape_for_faults();
	expect_alarm(2, ACCESS_FAULT_COMMAND, "dev_alarm_illegal_hcw", "ILLEGAL_HCW");
	assert_int_equal(
		rte_event_dev_xstats_reset(dev.id, RTE_EVENT_DEV_XSTATS_DEVICE, 0, NULL, 0), 0);
	assert_int_equal(dev_stat("dev_alarm_illegal_hcw"), 0);
}

static void
alarms_without_end_are_silenced(void)
{
	uint64_t before, lines = 0;
	char *text, *at;
	unsigned int i;

	shape_for_faults();
	before = dev_stat("dev_alarm_illegal_hcw");
	log_begin();
	for (i = 0; i < 100; i++) {
		dev_provoke(2, ACCESS_FAULT_COMMAND);
		dev_stat("dev_rx_ok");
	}
	text = log_end();
	for (at = text; (at = strstr(at, "ILLEGAL_HCW")) != NULL; at++)
		lines++;
	at = strstr(text, "alarms in a second");
	free(text);
	assert_non_null(at);
	assert_in_range(lines, 1, 40);
	assert_true(dev_stat("dev_alarm_overloads") > 0);
	assert_in_range(dev_stat("dev_alarm_illegal_hcw") - before, 1, 40);
	traffic_goes_on();
	/* A new start hears them again. */
	dev_stop();
	dev_restart();
	expect_alarm(2, ACCESS_FAULT_COMMAND, "dev_alarm_illegal_hcw", "ILLEGAL_HCW");
}

static const struct test_case cases[] = {
	TEST_CASE_OURS(commands_that_are_none_raise_an_alarm),
	TEST_CASE_OURS(queues_out_of_range_raise_an_alarm),
	TEST_CASE_OURS(queues_that_are_not_there_raise_an_alarm),
	TEST_CASE_OURS(ordered_events_to_a_queue_without_numbers_raise_an_alarm),
	TEST_CASE_OURS(completions_of_nothing_raise_an_alarm),
	TEST_CASE_OURS(events_without_credit_raise_an_alarm),
	TEST_CASE_OURS(tokens_too_many_raise_an_alarm),
	TEST_CASE_OURS(several_alarms_between_looks_are_told_as_more),
	TEST_CASE_OURS(alarms_are_noticed_unasked),
	TEST_CASE_OURS(alarms_can_be_reset),
	TEST_CASE_OURS(alarms_without_end_are_silenced),
};

TEST_GROUP(alarm, cases);
