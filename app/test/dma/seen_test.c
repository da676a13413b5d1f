/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

/* What a person or a program gets to see of a device: dump and telemetry. Without telemetry
 * (--no-telemetry) there is nothing to ask.
 */

static void
expect_in(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("no \"%s\" in %s", words, text);
}

static void
the_dump_tells_queues_and_channels(void)
{
	char *text;

	shape(1, 64);
	copies_work(0, 3, 100);
	text = dump(dev.id);
	expect_in(text, "DSA ");
	expect_in(text, "  work queue ");
	expect_in(text, "; 1 channel");
	expect_in(text, "  channel 0: work queue ");
	expect_in(text, "; submitted 3, completed 3, errors 0");
	free(text);
	dev_stop();
	text = dump(dev.id);
	expect_in(text, "; submitted 3, completed 3, errors 0");
	free(text);
}

/* Before anybody has configured it. */
static void
a_fresh_device_can_be_dumped(void)
{
	char *text;

	dev_probe_again();
	text = dump(dev.id);
	expect_in(text, "  work queue ");
	expect_in(text, "; 0 channels");
	assert_null(strstr(text, "  channel 0"));
	free(text);
}

static char reply[16384];

static void
expect_answer(int fd, const char *command, const char *params, const char *words)
{
	char request[64];
	int len = snprintf(request, sizeof(request), "/slipway/dsa/%s,%d%s", command, dev.id,
			   params);
	ssize_t got;

	assert_int_equal(write(fd, request, len), len);
	got = read(fd, reply, sizeof(reply) - 1);
	assert_true(got > 0);
	reply[got] = '\0';
	if (strstr(reply, words) == NULL)
		fail_msg("%s%s: no %s in %s", command, params, words, reply);
}

static void
telemetry_tells_device_channel_and_queue(void)
{
	int fd = telemetry_connect();

	if (fd < 0)
		return;
	shape(1, 64);
	copies_work(0, 4, 100);
	expect_answer(fd, "list", "", dev.name);
	expect_answer(fd, "info", "", "\"started\":1");
	expect_answer(fd, "info", "", "\"vchans\":1");
	expect_answer(fd, "info", "", dev.name);
	expect_answer(fd, "vchan", ",0", "\"submitted\":4");
	expect_answer(fd, "vchan", ",0", "\"completed\":4");
	expect_answer(fd, "wq", ",0", dev.shared ? "\"shared\"" : "\"dedicated\"");
	expect_answer(fd, "wq", ",0", "\"channels\":1");
	expect_answer(fd, "errors", "", "\"errors\":0");
	/* What is not there. */
	expect_answer(fd, "vchan", ",1", "null");
	expect_answer(fd, "vchan", "", "null");
	expect_answer(fd, "wq", ",64", "null");
	expect_answer(fd, "info", ",0", "null");
	expect_answer(fd, "info", "x", "null");
	dev_stop();
	expect_answer(fd, "info", "", "\"started\":0");
	close(fd);
}

static const struct test_case cases[] = {
	TEST_CASE(the_dump_tells_queues_and_channels),
	TEST_CASE(a_fresh_device_can_be_dumped),
	TEST_CASE(telemetry_tells_device_channel_and_queue),
};

TEST_GROUP(seen, cases);
