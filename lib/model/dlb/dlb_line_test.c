/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A line of four commands does what four lines of one do, in that order (datasheet section 4.1),
 * and many lines at once what they do one by one. Two benches get the same commands, one in full
 * lines, one in single ones, and have to look the same all the way.
 */
#include "dlb_test_case.h"

#define OPERATIONS 4000u
#define FLOWS      12u
#define CREDITS    90u
#define CONSUMERS  3u

struct pair {
	struct rig fours, ones;
	uint32_t consumers;
	uint32_t owed[CONSUMERS];
	uint32_t seed;
	uint64_t sent, delivered;
};

static void
pair_send(struct pair *p, uint32_t port, const struct dlb_qe hcw[DLB_LINE_HCWS])
{
	rig_send(&p->fours, port, hcw, DLB_LINE_HCWS);
	for (uint32_t i = 0; i < DLB_LINE_HCWS; i++)
		rig_send_one(&p->ones, port, hcw[i]);
}

static uint32_t
draw(struct pair *p, uint32_t below)
{
	return rig_draw(&p->seed) % below;
}

/* One queue, type and priority, as a burst has it; now and then more than there are credits for. */
static void
send_burst(struct pair *p)
{
	enum dlb_sched sched = (enum dlb_sched)draw(p, 3);
	uint32_t prio = draw(p, 8), lines = 1 + draw(p, 6);
	struct dlb_qe hcw[DLB_LINE_HCWS];

	while (lines-- > 0) {
		for (uint32_t i = 0; i < DLB_LINE_HCWS; i++)
			hcw[i] = rig_hcw(DLB_CMD_NEW, sched, 0, prio, draw(p, FLOWS), p->sent++);
		pair_send(p, RIG_PRODUCER, hcw);
	}
}

/* Lines of completions, at times of more than the port holds. */
static void
send_completions(struct pair *p)
{
	uint32_t port = draw(p, p->consumers), lines = 1 + draw(p, 3);
	struct dlb_qe hcw[DLB_LINE_HCWS];

	for (uint32_t i = 0; i < DLB_LINE_HCWS; i++)
		hcw[i] = rig_hcw(DLB_CMD_COMP, DLB_ATOMIC, 0, 0, 0, 0);
	while (lines-- > 0)
		pair_send(p, port, hcw);
}

static void
send_mixture(struct pair *p)
{
	static const enum dlb_cmd commands[] = {DLB_CMD_NOOP, DLB_CMD_COMP, DLB_CMD_NEW,
						DLB_CMD_FWD,  DLB_CMD_FWD,  DLB_CMD_FRAG};
	uint32_t port = draw(p, p->consumers);
	struct dlb_qe hcw[DLB_LINE_HCWS];

	for (uint32_t i = 0; i < DLB_LINE_HCWS; i++)
		hcw[i] = rig_hcw(commands[draw(p, 6)], (enum dlb_sched)draw(p, 3), 0, draw(p, 8),
				 draw(p, FLOWS), p->sent++);
	pair_send(p, port, hcw);
}

/* What comes out is the same, QE by QE, generation and depth code included. */
static void
compare_cqs(struct pair *p)
{
	struct dlb_qe a, b;

	rig_step(&p->fours);
	rig_step(&p->ones);
	for (uint32_t port = 0; port < p->consumers; port++) {
		uint32_t n = 0;

		while (rig_poll(&p->fours, port, &a)) {
			assert_true(rig_poll(&p->ones, port, &b));
			assert_int_equal(a.data, b.data);
			assert_int_equal(a.meta, b.meta);
			n++;
		}
		assert_false(rig_poll(&p->ones, port, &b));
		p->delivered += n;
		if (n != 0 && draw(p, 4) != 0) {
			rig_tokens(&p->fours, port, n);
			rig_tokens(&p->ones, port, n);
		} else {
			p->owed[port] += n;
		}
		if (p->owed[port] != 0 && draw(p, 4) == 0) {
			rig_tokens(&p->fours, port, p->owed[port]);
			rig_tokens(&p->ones, port, p->owed[port]);
			p->owed[port] = 0;
		}
	}
}

static void
compare_registers(struct pair *p)
{
	static const enum dlb_reg by_queue[] = {
		DLB_LSP_QID_LDB_INFL_CNT,     DLB_LSP_QID_LDB_ENQUEUE_CNT,
		DLB_LSP_QID_AQED_ACTIVE_CNT,  DLB_LSP_QID_ATM_ACTIVE,
		DLB_LSP_QID_ATM_TOT_ENQ_CNTL, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL,
		DLB_CHP_ORD_QID_SN,
	};
	static const enum dlb_reg by_port[] = {
		DLB_LSP_CQ_LDB_INFL_CNT,  DLB_LSP_CQ_LDB_TKN_CNT,   DLB_LSP_CQ_LDB_TOT_SCH_CNTL,
		DLB_CHP_HIST_LIST_POP_PTR, DLB_CHP_HIST_LIST_PUSH_PTR, DLB_CHP_LDB_CQ_WPTR,
	};
	enum dlb_reg credits = p->fours.version == DLB_V20 ? DLB_CHP_CFG_LDB_VAS_CRD
							   : DLB_CHP_CFG_VAS_CRD;

	assert_int_equal(rig_read(&p->fours, credits, 0), rig_read(&p->ones, credits, 0));
	for (uint32_t i = 0; i < sizeof(by_queue) / sizeof(by_queue[0]); i++)
		assert_int_equal(rig_read(&p->fours, by_queue[i], 0),
				 rig_read(&p->ones, by_queue[i], 0));
	for (uint32_t port = 0; port < p->consumers; port++)
		for (uint32_t i = 0; i < sizeof(by_port) / sizeof(by_port[0]); i++)
			assert_int_equal(rig_read(&p->fours, by_port[i], port),
					 rig_read(&p->ones, by_port[i], port));
}

static void
bench_set_up(struct rig *r, enum dlb_version version, uint32_t consumers)
{
	assert_int_equal(rig_open(r, version, TEST_HOST_WHOLE), 0);
	rig_balance(r, consumers, 32, 48, 0);
	rig_write(r, version == DLB_V20 ? DLB_CHP_CFG_LDB_VAS_CRD : DLB_CHP_CFG_VAS_CRD, 0,
		  CREDITS);
}

static void
lines_of_four_and_of_one_do_the_same(enum dlb_version version, uint32_t consumers)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->consumers = consumers;
	p->seed = 20;
	bench_set_up(&p->fours, version, consumers);
	bench_set_up(&p->ones, version, consumers);
	for (uint32_t n = 0; n < OPERATIONS; n++) {
		uint32_t what = draw(p, 8);

		if (what < 2)
			send_burst(p);
		else if (what < 5)
			send_completions(p);
		else if (what < 6)
			send_mixture(p);
		else
			compare_cqs(p);
		if (n % 16 == 0)
			compare_registers(p);
	}
	/* It was about something: most operations moved events. */
	assert_true(p->delivered > OPERATIONS);
	assert_int_equal(rig_close(&p->fours), 0);
	assert_int_equal(rig_close(&p->ones), 0);
	free(p);
}

#define LINES_CASE(name, version, consumers)                                                       \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		lines_of_four_and_of_one_do_the_same(version, consumers);                          \
	}

LINES_CASE(lines_do_the_same_for_one_consumer_on_20, DLB_V20, 1)
LINES_CASE(lines_do_the_same_for_one_consumer_on_25, DLB_V25, 1)
LINES_CASE(lines_do_the_same_for_three_consumers_on_20, DLB_V20, 3)
LINES_CASE(lines_do_the_same_for_three_consumers_on_25, DLB_V25, 3)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_do_the_same_for_one_consumer_on_20),
		cmocka_unit_test(lines_do_the_same_for_one_consumer_on_25),
		cmocka_unit_test(lines_do_the_same_for_three_consumers_on_20),
		cmocka_unit_test(lines_do_the_same_for_three_consumers_on_25),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
