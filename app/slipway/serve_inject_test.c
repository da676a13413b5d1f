/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Faults on purpose: the device shows each, and is as before when it is cleared.
 */
#include "serve_test_bench.h"

#include <stdio.h>

#define MS UINT64_C(1000000)

static struct bench bench;
static struct ctl_text said;

/* What the device answers to a request, at a time. */
static const char *
inject_at(const char *text, uint64_t now_ns)
{
	ctl_text_free(&said);
	serve_inject_answer(&bench.gate.inject, text, strlen(text), now_ns, &said);
	ctl_text_add(&said, "%c", 0);
	return said.bytes;
}

static const char *
inject(const char *text)
{
	return inject_at(text, MS);
}

static void
new_events(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		rig_new(&bench.rig, DLB_UNORDERED, 0, 0, i);
	rig_step(&bench.rig);
}

static int
set_up(void **state)
{
	(void)state;
	bench_open(&bench, DLB_V25);
	rig_balance(&bench.rig, 2, 64, 64, RIG_NOT_ORDERED);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	bench_close(&bench);
	ctl_text_free(&said);
	return 0;
}

/* ---- Tests ---- */

static void
a_full_queue_takes_and_does_not_give(void **state)
{
	struct rig *r = &bench.rig;

	(void)state;
	assert_string_equal(inject("full-queue ldb:0"), "{\"injected\":\"full-queue ldb:0\"}");
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_LIM, 0), 0);
	new_events(12);
	assert_int_equal(rig_depth(r, 0), 12);
	assert_int_equal(rig_poll_all(r, 0) + rig_poll_all(r, 1), 0);
	/* The driver has another limit in mind meanwhile. */
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, 0, 77);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_LIM, 0), 0);
	assert_string_equal(inject("list"), "{\"faults\":[{\"fault\":\"full-queue ldb:0\"}]}");
	assert_string_equal(inject("clear"), "{\"cleared\":1}");
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_LIM, 0), 77);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0) + rig_poll_all(r, 1), 12);
}

static void
a_consumer_that_is_held_gets_nothing(void **state)
{
	struct rig *r = &bench.rig;

	(void)state;
	assert_string_equal(inject("slow-consumer ldb:1"),
			    "{\"injected\":\"slow-consumer ldb:1 0\"}");
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_DSBL, 1), 1);
	new_events(20);
	assert_int_equal(rig_poll_all(r, 0), 20);
	assert_int_equal(rig_poll_all(r, 1), 0);
	assert_string_equal(inject("clear slow-consumer ldb:1"), "{\"cleared\":1}");
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_DSBL, 1), 0);
	new_events(20);
	assert_true(rig_poll_all(r, 1) > 0);
}

/* A part of the device is reset: it has to become empty; the fault is there for the next driver. */
static void
a_paused_fault_holds_nothing_until_the_driver_writes(void **state)
{
	struct rig *r = &bench.rig;

	(void)state;
	inject("full-queue ldb:0");
	inject("slow-consumer ldb:1 50");
	new_events(12);
	serve_inject_pause(&bench.gate.inject, true);
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, 0, 64);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_LIM, 0), 64);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_DSBL, 1), 0);
	for (uint64_t now = 0; now < 100 * MS; now += MS)
		serve_inject_step(&bench.gate.inject, now);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_DSBL, 1), 0);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0) + rig_poll_all(r, 1), 12);
	serve_inject_pause(&bench.gate.inject, false);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_LIM, 0), 64);
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, 0, 32);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_LIM, 0), 0);
	inject("clear");
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_LIM, 0), 32);
}

/* Each 10 ms it is let go for its share of them. */
static void
a_slow_consumer_has_its_share_of_time(void **state)
{
	struct rig *r = &bench.rig;
	unsigned int open = 0;

	(void)state;
	inject_at("slow-consumer ldb:0 30", 0);
	for (uint64_t now = 0; now < 1000 * MS; now += MS) {
		assert_true(serve_inject_step(&bench.gate.inject, now) > now);
		open += !rig_read(r, DLB_LSP_CQ_LDB_DSBL, 0);
	}
	assert_in_range(open, 280, 320);
	inject("clear");
	assert_int_equal(serve_inject_step(&bench.gate.inject, 2000 * MS), BUS_NO_DEADLINE);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_DSBL, 0), 0);
}

/* A driver that disables the CQ itself has the last word when the fault goes. */
static void
what_the_driver_writes_is_kept(void **state)
{
	struct rig *r = &bench.rig;

	(void)state;
	inject("slow-consumer ldb:0");
	rig_write(r, DLB_LSP_CQ_LDB_DSBL, 0, 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_DSBL, 0), 1);
	rig_write(r, DLB_LSP_CQ_LDB_DSBL, 0, 1);
	inject("clear");
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_DSBL, 0), 1);
}

static void
a_fault_meets_the_next_driver(void **state)
{
	struct rig *r = &bench.rig;

	(void)state;
	inject("slow-consumer ldb:0");
	r->dev->ops->reset(r->dev, BUS_RESET_POWER);
	rig_command(r, RIG_COMMAND_ON);
	rig_power_on(r);
	/* Not touched until a driver does. */
	assert_int_equal(serve_inject_step(&bench.gate.inject, MS), BUS_NO_DEADLINE);
	rig_write(r, DLB_LSP_CQ_LDB_DSBL, 0, 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_DSBL, 0), 1);
	inject("clear");
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_DSBL, 0), 0);
}

/* Its share of time does not switch on what a reset has switched off. */
static void
a_reset_device_stays_as_it_is(void **state)
{
	struct rig *r = &bench.rig;

	(void)state;
	inject_at("slow-consumer ldb:0 50", 0);
	r->dev->ops->reset(r->dev, BUS_RESET_POWER);
	rig_command(r, RIG_COMMAND_ON);
	rig_power_on(r);
	for (uint64_t now = 0; now < 50 * MS; now += MS) {
		serve_inject_step(&bench.gate.inject, now);
		assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_DSBL, 0), 1);
	}
}

static void
interrupts_are_dropped_by_number(void **state)
{
	struct serve_gate *g = &bench.gate;
	struct bus_host *host = &g->host;

	(void)state;
	assert_string_equal(inject("dropped-interrupt 3 2"),
			    "{\"injected\":\"dropped-interrupt 3\"}");
	host->ops->irq(host, 4);
	assert_int_equal(bench.rig.host.irqs, 1);
	host->ops->irq(host, 3);
	host->ops->irq(host, 3);
	assert_int_equal(bench.rig.host.irqs, 1);
	assert_string_equal(inject("list"), "{\"faults\":[{\"fault\":\"dropped-interrupt 3\","
					    "\"dropped\":2,\"left\":0}]}");
	host->ops->irq(host, 3);
	assert_int_equal(bench.rig.host.irqs, 2);
}

/* Source, unit and alarm id, as the datasheet numbers them; the port is the idle one. */
static void
alarms_are_what_the_command_provokes(void **state)
{
	static const struct {
		const char *kind;
		uint32_t source, unit, id;
	} alarms[] = {
		{"illegal-command", 0, 0, 5}, {"illegal-port", 0, 0, 1},
		{"illegal-queue", 0, 0, 3},   {"excess-completion", 1, 4, 1},
		{"excess-tokens", 1, 4, 2},
	};
	struct rig *r = &bench.rig;
	char text[64];

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		uint32_t synd;

		snprintf(text, sizeof(text), "alarm %s", alarms[i].kind);
		/* RIG_PRODUCER is the last port, so the one before it is idle. */
		assert_non_null(strstr(inject(text), "\"port\":\"ldb:62\",\"syndrome\":"));
		synd = rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0);
		assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_VALID, synd), 1);
		assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_MORE, synd), 0);
		assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_SYNDROME, synd) & 0x7f, 62);
		assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_SOURCE, synd), alarms[i].source);
		assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_UNIT, synd), alarms[i].unit);
		assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_AID, synd), alarms[i].id);
		rig_write(r, DLB_SYS_ALARM_PF_SYND0, 0, synd);
		/* All else is as it was. */
		assert_int_equal(rig_read(r, DLB_SYS_LDB_PP_V, 62), 0);
		assert_int_equal(rig_read(r, DLB_SYS_INGRESS_ALARM_ENBL, 0), 0);
	}
	new_events(4);
	assert_int_equal(rig_poll_all(r, 0) + rig_poll_all(r, 1), 4);
}

static void
what_is_not_accepted_is_named(void **state)
{
	static const char *const refused[][2] = {
		{"", "accepted are full-queue QUEUE"},
		{"everything", "accepted are full-queue QUEUE"},
		{"full-queue", "accepted are the queues in use: ldb:0"},
		{"full-queue ldb:1", "full-queue ldb:1: accepted are the queues in use: ldb:0"},
		{"full-queue ldb:99", "accepted are the queues in use"},
		{"full-queue ldb:x", "accepted are the queues in use"},
		{"slow-consumer ldb:2", "accepted are the ports in use: ldb:0, ldb:1, ldb:63"},
		{"slow-consumer dir:0", "accepted are the ports in use"},
		{"slow-consumer ldb:0 100", "accepted are 0 to 99 percent"},
		{"slow-consumer ldb:0 -1", "accepted are 0 to 99 percent"},
		{"dropped-interrupt", "accepted are a vector, 0 (alarms) to 64"},
		{"dropped-interrupt 65", "accepted are a vector"},
		{"dropped-interrupt 1 0", "1 to 1000000"},
		{"alarm", "accepted are illegal-command, illegal-port, illegal-queue"},
		{"alarm fire", "excess-completion and excess-tokens"},
		{"clear full-queue", "no such fault is in force"},
		{"list everything", "accepted are"},
		{"slow-consumer ldb:0 1 2", "accepted are"},
		{"alarm aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "accepted are"},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const char *answer = inject(refused[i][0]);

		if (strncmp(answer, "{\"error\":\"", 10) != 0 ||
		    strstr(answer, refused[i][1]) == NULL)
			fail_msg("'%s': %s", refused[i][0], answer);
	}
	assert_string_equal(inject("list"), "{\"faults\":[]}");
}

static void
a_sleeping_device_has_no_faults_but_interrupts(void **state)
{
	(void)state;
	rig_command(&bench.rig, 0);
	assert_non_null(strstr(inject("alarm illegal-queue"), "answers no register now"));
	assert_non_null(strstr(inject("dropped-interrupt 1"), "injected"));
}

static void
there_is_an_end_to_faults(void **state)
{
	char text[64];

	(void)state;
	for (unsigned int i = 0; i < SERVE_FAULTS; i++) {
		snprintf(text, sizeof(text), "dropped-interrupt %u", i);
		assert_non_null(strstr(inject(text), "injected"));
	}
	assert_non_null(strstr(inject("dropped-interrupt 40"), "32 faults are in force"));
	assert_non_null(strstr(inject("slow-consumer ldb:0"), "32 faults are in force"));
	assert_int_equal(rig_read(&bench.rig, DLB_LSP_CQ_LDB_DSBL, 0), 0);
	/* One more of the same takes no place. */
	assert_non_null(strstr(inject("dropped-interrupt 7 9"), "injected"));
	assert_string_equal(inject("clear"), "{\"cleared\":32}");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(a_full_queue_takes_and_does_not_give),
		TEST(a_consumer_that_is_held_gets_nothing),
		TEST(a_paused_fault_holds_nothing_until_the_driver_writes),
		TEST(a_slow_consumer_has_its_share_of_time),
		TEST(what_the_driver_writes_is_kept),
		TEST(a_fault_meets_the_next_driver),
		TEST(a_reset_device_stays_as_it_is),
		TEST(interrupts_are_dropped_by_number),
		TEST(alarms_are_what_the_command_provokes),
		TEST(what_is_not_accepted_is_named),
		TEST(a_sleeping_device_has_no_faults_but_interrupts),
		TEST(there_is_an_end_to_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
