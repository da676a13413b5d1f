/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

/* What telemetry answers, asked for as any client does. Without telemetry (--no-telemetry) there
 * is nothing to ask.
 */

static char reply[16384];

static void
ask(int fd, const char *command, const char *params)
{
	char request[64];
	int len = snprintf(request, sizeof(request), "/slipway/dlb/%s,%u%s", command, dev.id,
			   params);
	ssize_t got;

	assert_int_equal(write(fd, request, len), len);
	got = read(fd, reply, sizeof(reply) - 1);
	assert_true(got > 0);
	reply[got] = '\0';
}

static void
expect_answer(int fd, const char *command, const char *params, const char *words)
{
	ask(fd, command, params);
	if (strstr(reply, words) == NULL)
		fail_msg("%s: no %s in %s", command, words, reply);
}

static void
telemetry_says_where_events_wait(void)
{
	int fd = telemetry_connect();

	if (fd < 0)
		return;
	shape_simple(QUEUE_PARALLEL, 2, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 8);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), 24);
	receive_nothing(0);
	expect_answer(fd, "device", "", "\"events_inside\":24");
	expect_answer(fd, "device", "", "\"started\":1");
	expect_answer(fd, "queue", ",0", "\"waiting_other\":16");
	expect_answer(fd, "queue", ",0", "\"waits_for\":\"room in a full consumer queue\"");
	expect_answer(fd, "port", ",1", "\"to_be_dequeued\":8");
	expect_answer(fd, "port", ",1", "\"links\":[0]");
	expect_answer(fd, "port", ",0", "\"new\":24");
	/* What is not there. */
	expect_answer(fd, "queue", ",1", "null");
	expect_answer(fd, "port", ",2", "null");
	expect_answer(fd, "port", ",x", "null");
	dev_stop();
	expect_answer(fd, "queue", ",0", "null");
	expect_answer(fd, "device", "", "\"started\":0");
	close(fd);
}

static void
telemetry_counts_alarms(void)
{
	int fd = telemetry_connect();

	if (fd < 0)
		return;
	shape_simple(QUEUE_PARALLEL, 2, 0, 8);
	assert_int_equal(
		rte_event_dev_xstats_reset(dev.id, RTE_EVENT_DEV_XSTATS_DEVICE, 0, NULL, 0), 0);
	expect_answer(fd, "alarms", "", "\"ILLEGAL_QID\":0");
	dev_provoke(1, ACCESS_FAULT_QUEUE);
	expect_answer(fd, "alarms", "", "\"ILLEGAL_QID\":1");
	close(fd);
}

static const struct test_case cases[] = {
	TEST_CASE_OURS(telemetry_says_where_events_wait),
	TEST_CASE_OURS(telemetry_counts_alarms),
};

TEST_GROUP(telemetry, cases);
