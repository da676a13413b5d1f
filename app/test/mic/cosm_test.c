/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

/* States of eras C and D, which come by messages of the card: section 12.3. A stand-in sends them.
 */

/* A card whose client has connected. */
static uint16_t
online(const char *args)
{
	uint16_t id = other_make(args);

	boot(id);
	assert_string_equal(status(id).state_text, "booting");
	assert_int_equal(dev_cosm(id, "connect"), 0);
	assert_string_equal(status(id).state_text, "online");
	return id;
}

static void
a_connection_makes_it_online(void)
{
	uint16_t id;

	if (!others_wanted())
		return;
	id = other_make("era=d");
	log_begin();
	assert_int_equal(dev_cosm(id, "connect"), -EINVAL);
	expect_said("a COSM connection in state ready");
	other_remove();
	id = online("era=d");
	assert_int_equal(attr(id, "state"), 2);
	/* A client that was loaded anew. */
	assert_int_equal(dev_cosm(id, "connect"), 0);
	assert_string_equal(status(id).state_text, "online");
	/* An early card has none. */
	boot(dev.id);
	log_begin();
	assert_int_equal(dev_cosm(dev.id, "connect"), -EINVAL);
	expect_said("a COSM connection in state online");
}

static void
it_is_asked_to_end_by_a_message(void)
{
	uint16_t id;

	if (!others_wanted())
		return;
	id = online("era=c");
	assert_int_equal(rte_rawdev_set_attr(id, "state", 2), 0);
	wait_shutdown(id, RTE_PMD_MIC_POWEROFF);
	rte_rawdev_stop(id);
	expect_state(id, RTE_PMD_MIC_READY);
	boot(id);
	assert_int_equal(dev_cosm(id, "connect"), 0);
	rte_rawdev_stop(id);
	expect_state(id, RTE_PMD_MIC_READY);
	assert_int_equal(status(id).crashes, 0);
}

/* What it says of its end counts once the connection is closed. */
static void
its_status_is_published_when_it_hangs_up(void)
{
	static const struct {
		const char *says;
		enum rte_pmd_mic_shutdown shutdown;
	} rows[] = {
		{"status 1", RTE_PMD_MIC_CRASHED},  {"status 2", RTE_PMD_MIC_HALTED},
		{"status 3", RTE_PMD_MIC_POWEROFF}, {"status 4", RTE_PMD_MIC_RESTART},
		{"status 5", RTE_PMD_MIC_RESTART},
	};
	unsigned int i;
	uint16_t id;

	for (i = 0; i < RTE_DIM(rows) && others_wanted(); i++) {
		id = online("era=d");
		assert_int_equal(dev_cosm(id, rows[i].says), 0);
		assert_string_equal(status(id).state_text, "shutting_down");
		assert_int_equal(status(id).shutdown, RTE_PMD_MIC_NOP);
		assert_int_equal(dev_cosm(id, "close"), 0);
		assert_int_equal(status(id).shutdown, rows[i].shutdown);
		other_remove();
	}
	if (!others_wanted())
		return;
	id = online("era=d");
	log_begin();
	assert_int_equal(dev_cosm(id, "status 99"), 0);
	free(log_end());
	assert_string_equal(status(id).state_text, "online");
}

/* 40 s without one, a thousand times as fast. */
static void
a_missing_heartbeat_is_a_crash(void)
{
	uint16_t id;
	char *said;

	if (!others_wanted())
		return;
	id = online("era=d,time_scale=1000");
	assert_int_equal(dev_cosm(id, "heartbeat"), 0);
	assert_true(xstat(id, "heartbeat_rx") >= 1);
	log_begin();
	wait_shutdown(id, RTE_PMD_MIC_CRASHED);
	said = log_end();
	assert_int_equal(lines_with(said, "no heartbeat for 40 s"), 1);
	free(said);
	assert_int_equal(xstat(id, "heartbeat_timeouts"), 1);
	other_remove();
	/* Unless nobody watches. */
	id = other_make("era=d,time_scale=1000");
	assert_int_equal(rte_rawdev_set_attr(id, "heartbeat_enable", 0), 0);
	boot(id);
	assert_int_equal(dev_cosm(id, "connect"), 0);
	usleep(100000);
	assert_string_equal(status(id).state_text, "online");
	assert_int_equal(rte_rawdev_set_attr(id, "heartbeat_enable", 1), 0);
	wait_shutdown(id, RTE_PMD_MIC_CRASHED);
}

static const struct test_case cases[] = {
	TEST_CASE(a_connection_makes_it_online),
	TEST_CASE(it_is_asked_to_end_by_a_message),
	TEST_CASE(its_status_is_published_when_it_hangs_up),
	TEST_CASE(a_missing_heartbeat_is_a_crash),
};

TEST_GROUP(cosm, cases);
