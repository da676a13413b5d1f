/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

/* What a person or a program gets to see of a card: dump, log and telemetry. Without telemetry
 * (--no-telemetry) there is nothing to ask.
 */

static void
expect_in(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("no \"%s\" in %s", words, text);
}

static void
the_dump_tells_all_there_is(void)
{
	char *text;

	boot(dev.id);
	text = dump(dev.id);
	expect_in(text, "  MIC x100, 8086:225");
	expect_in(text, "  aperture: ");
	expect_in(text, dev.info.era == RTE_PMD_MIC_ERA_A ? "state: online" : "state: booting");
	expect_in(text, "POST code: FF (bootstrap finished)");
	expect_in(text, "  interrupts: ");
	expect_in(text, "; source 0 came ");
	expect_in(text, "  SMPT: ");
	expect_in(text, " is host 0x");
	expect_in(text, "magic 0xc0ffee00");
	free(text);
}

/* Where a System.map of the virtual card would say that its log is (section 12.8). */
#define LOG_LEN  (UINT64_C(0xffffffff80000000) + 0x100000)
#define LOG_TEXT (UINT64_C(0xffffffff80000000) + 0x101000)

static void
the_log_of_the_card_is_bounded(void)
{
	char text[4096];
	struct rte_pmd_mic_log log = {.text = text, .size = sizeof(text)};
	uint32_t *len;
	int n;

	if (!dev.is_virtual)
		return;
	log_begin();
	assert_int_equal(pmd.log(dev.id, text, sizeof(text)), -EINVAL);
	expect_said("log_buf_addr and log_buf_len are not set");
	assert_int_equal(rte_rawdev_set_attr(dev.id, "log_buf_addr", LOG_TEXT), 0);
	assert_int_equal(rte_rawdev_set_attr(dev.id, "log_buf_len", LOG_LEN), 0);
	/* Nobody is up to have one. */
	assert_int_equal(pmd.log(dev.id, text, sizeof(text)), 0);
	boot(dev.id);
	n = pmd.log(dev.id, text, sizeof(text));
	assert_in_range(n, 1, sizeof(text));
	assert_int_equal(
		rte_rawdev_set_attr(dev.id, "log_buf_read", (uint64_t)(uintptr_t)&log), 0);
	assert_true(log.len >= (uint32_t)n);
	assert_int_equal(pmd.log(dev.id, text, 10), 10);
	/* The card says that it is longer than its memory: no more is read than is asked for. */
	len = pmd.aperture(dev.id, 0x100000, 4);
	*len = UINT32_MAX;
	assert_int_equal(pmd.log(dev.id, text, sizeof(text)), sizeof(text));
	assert_int_equal(rte_rawdev_set_attr(dev.id, "log_buf_addr",
					     UINT64_C(0xffffffff80000000) +
						     attr(dev.id, "aperture_size") - 100), 0);
	log_begin();
	assert_int_equal(pmd.log(dev.id, text, sizeof(text)), -EINVAL);
	expect_said("log_buf_addr ");
	assert_int_equal(pmd.log(dev.id, text, 100), 100);
	assert_int_equal(rte_rawdev_set_attr(dev.id, "log_buf_len", 1), 0);
	log_begin();
	assert_int_equal(pmd.log(dev.id, text, sizeof(text)), -EINVAL);
	expect_said("log_buf_len 0x1+4; accepted: 0xffffffff80000000..");
	rte_rawdev_set_attr(dev.id, "log_buf_addr", 0);
	rte_rawdev_set_attr(dev.id, "log_buf_len", 0);
}

static char reply[16384];

static void
expect_answer(int fd, const char *request, const char *words)
{
	ssize_t got;

	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	got = read(fd, reply, sizeof(reply) - 1);
	assert_true(got > 0);
	reply[got] = '\0';
	if (strstr(reply, words) == NULL)
		fail_msg("%s: no %s in %s", request, words, reply);
}

static void
telemetry_answers(void)
{
	int fd = telemetry_connect();
	char request[64];

	if (fd < 0)
		return;
	boot(dev.id);
	expect_answer(fd, "/slipway/mic/list", dev.raw);
	snprintf(request, sizeof(request), "/slipway/mic/info,%u", dev.id);
	expect_answer(fd, request, "\"family\":\"x100\"");
	snprintf(request, sizeof(request), "/slipway/mic/state,%u", dev.id);
	expect_answer(fd, request, "\"post_code\":\"FF\"");
	snprintf(request, sizeof(request), "/slipway/mic/smpt,%u", dev.id);
	expect_answer(fd, request, "\"entries\":32");
	log_begin();
	expect_answer(fd, "/slipway/mic/state,63", "null");
	expect_said("device 63: not one of ours");
	log_begin();
	expect_answer(fd, "/slipway/mic/state,1x", "null");
	expect_said("parameters \"1x\"");
	close(fd);
}

static const struct test_case cases[] = {
	TEST_CASE(the_dump_tells_all_there_is),
	TEST_CASE(the_log_of_the_card_is_bounded),
	TEST_CASE(telemetry_answers),
};

TEST_GROUP(seen, cases);
