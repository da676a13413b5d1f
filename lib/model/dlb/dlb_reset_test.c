/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Taking a domain down as drivers do, from counts alone, whatever state it is in; afterwards every
 * register is as it was and everything can be used again. Datasheet section 8.
 */
#include "dlb_reg_table.h"
#include "dlb_test_case.h"

#define CQS 3u

/* ---- A snapshot of every register ---- */

/* What section 8.3 leaves alone, what acts instead of being kept, and counts over the device. */
static bool
is_not_restored(enum dlb_reg row)
{
	switch (row) {
	case DLB_AQED_QID_FID_LIM:
	case DLB_AQED_QID_HID_WIDTH:
	case DLB_RO_GRP_SN_MODE:
	case DLB_LSP_LDB_SCHED_CTRL:
	case DLB_LSP_LDB_SCH_CNT_L:
	case DLB_LSP_DIR_SCH_CNT_L:
	case DLB_SYS_DIR_CQ_OPT_CLR:
	case DLB_SYS_WB_DIR_CQ_STATE:
		return true;
	default:
		return false;
	}
}

struct snapshot {
	uint32_t *value;
	size_t count;
};

static struct snapshot
snapshot_take(struct rig *r)
{
	struct snapshot s = {.value = malloc(sizeof(uint32_t) * 65536)};

	assert_non_null(s.value);
	for (unsigned int row = 0; row < DLB_REG_COUNT; row++) {
		const struct reg_row *reg = &dlb_reg_rows[row];

		if (!rig_has(r, row) || reg->bar != REG_BAR_2 || is_not_restored(row))
			continue;
		for (uint32_t i = 0; i < reg->count[r->version]; i++)
			for (uint32_t w = 0; w < reg->words && s.count < 65536; w++)
				s.value[s.count++] = rig_read_word(r, row, i, w);
	}
	return s;
}

static void
snapshot_compare(struct rig *r, const struct snapshot *s)
{
	size_t at = 0;

	for (unsigned int row = 0; row < DLB_REG_COUNT; row++) {
		const struct reg_row *reg = &dlb_reg_rows[row];

		if (!rig_has(r, row) || reg->bar != REG_BAR_2 || is_not_restored(row))
			continue;
		for (uint32_t i = 0; i < reg->count[r->version]; i++) {
			for (uint32_t w = 0; w < reg->words && at < s->count; w++, at++) {
				uint32_t now = rig_read_word(r, row, i, w);

				if (now != s->value[at])
					print_message("%s[%u][%u]\n", reg->name, i, w);
				assert_int_equal(now, s->value[at]);
			}
		}
	}
}

/* ---- A domain with everything ---- */

static void
domain_set_up(struct rig *r)
{
	struct rig_queue how = rig_queue_plain();

	rig_domain(r, 0, 2000, 1000);
	how.sn_mode = 0;
	how.inflights = 64;
	rig_ldb_queue(r, 0, 0, how);
	rig_ldb_queue(r, 0, 1, rig_queue_plain());
	rig_ldb_queue(r, 0, 2, rig_queue_plain());
	rig_ldb_port(r, 0, RIG_PRODUCER, 8, 8);
	/* A depth with preset tokens, a full size one, and one in between. */
	rig_ldb_port(r, 0, 0, 4, 16);
	rig_ldb_port(r, 0, 1, 64, 64);
	rig_ldb_port(r, 0, 2, 16, 100);
	rig_dir_port(r, 0, 1, 8);
	rig_dir_port(r, 0, 2, 2);
	rig_dir_queue(r, 0, 1, 16);
	rig_dir_queue(r, 0, 2, 16);
	/* Half a pair: a port whose queue was never made. */
	rig_dir_port(r, 0, 3, 8);
	for (uint32_t p = 0; p < CQS; p++) {
		rig_link(r, 0, p, 0, 0);
		rig_link(r, 1, p, 1, 4);
	}
	/* Queue 2 stays without a link. */
	rig_start(r, 0);
}

/* What a plain set-up leaves alone, and a reset has to put back all the same: interrupts,
 * watchdogs, limits, owners. None of it keeps an event from its way.
 */
struct mark {
	enum dlb_reg row;
	uint32_t value;
};

static const struct mark ldb_marks[] = {
	{DLB_CHP_LDB_CQ_INT_DEPTH_THRSH, 3},
	{DLB_CHP_LDB_CQ_TMR_THRSH, 77},
	{DLB_CHP_LDB_CQ_INT_ENB, 3},
	{DLB_CHP_LDB_CQ_WD_ENB, 1},
	{DLB_SYS_LDB_CQ_ISR, 2u << 10 | 5},
	{DLB_CHP_SN_CHK_ENBL, 1},
	{DLB_SYS_LDB_PP2VDEV, 3},
	{DLB_LSP_CFG_CQ_LDB_WU_LIMIT, 1u << 15 | 4000},
};

static const struct mark dir_marks[] = {
	{DLB_CHP_DIR_CQ_INT_DEPTH_THRSH, 3},
	{DLB_CHP_DIR_CQ_TMR_THRSH, 77},
	{DLB_CHP_DIR_CQ_INT_ENB, 3},
	{DLB_CHP_DIR_CQ_WD_ENB, 1},
	{DLB_SYS_DIR_CQ_ISR, 2u << 10 | 6},
	{DLB_SYS_DIR_PP2VDEV, 3},
};

static void
mark(struct rig *r, const struct mark *marks, size_t n, uint32_t port)
{
	for (size_t k = 0; k < n; k++) {
		if (!rig_has(r, marks[k].row))
			continue;
		rig_write(r, marks[k].row, port, marks[k].value);
		assert_int_equal(rig_read(r, marks[k].row, port), marks[k].value);
	}
}

static void
domain_mark(struct rig *r)
{
	for (uint32_t p = 0; p < CQS; p++)
		mark(r, ldb_marks, sizeof(ldb_marks) / sizeof(ldb_marks[0]), p);
	for (uint32_t p = 1; p < 4; p++)
		mark(r, dir_marks, sizeof(dir_marks) / sizeof(dir_marks[0]), p);
}

static void
domain_fill(struct rig *r, uint32_t events)
{
	static const enum dlb_sched types[] = {DLB_ATOMIC, DLB_UNORDERED, DLB_ORDERED};

	for (uint32_t n = 0; n < events; n++) {
		rig_new(r, types[n % 3], 0, n % 50, n);
		rig_new(r, types[n % 2], 1, n % 50, n);
		if (n % 4 == 0) {
			rig_new(r, DLB_DIRECTED, 1, 0, n);
			rig_new(r, DLB_DIRECTED, 2, 0, n);
			rig_new(r, DLB_UNORDERED, 2, 0, n);
		}
	}
	rig_step(r);
}

/* Everything works: events of every kind go in and come out, with credits for all of them. */
static void
domain_use(struct rig *r)
{
	uint32_t got = 0;

	domain_fill(r, 3);
	for (uint32_t p = 0; p < CQS; p++) {
		uint32_t n = rig_poll_all(r, p);

		got += n;
		for (; n > 0; n--)
			rig_finish(r, p);
	}
	assert_int_equal(got, 6);
	assert_int_equal(rig_poll_all(r, RIG_DIR(1)), 1);
	assert_int_equal(rig_poll_all(r, RIG_DIR(2)), 1);
	assert_int_equal(rig_depth(r, 2), 1);
}

static void
reset_and_use_again(struct rig *r, const struct snapshot *before)
{
	assert_int_equal(rig_domain_reset(r, 0), 0);
	snapshot_compare(r, before);
	domain_set_up(r);
	domain_use(r);
	assert_int_equal(rig_domain_reset(r, 0), 0);
	snapshot_compare(r, before);
}

/* ---- Resets ---- */

static void
reset_of_a_domain_that_used_everything(void **state)
{
	struct rig *r = *state;
	struct snapshot before = snapshot_take(r);

	domain_set_up(r);
	domain_mark(r);
	domain_fill(r, 100);
	reset_and_use_again(r, &before);
	free(before.value);
}

static void
reset_of_an_idle_domain(void **state)
{
	struct rig *r = *state;
	struct snapshot before = snapshot_take(r);

	domain_set_up(r);
	reset_and_use_again(r, &before);
	free(before.value);
}

static void
reset_with_full_queues_and_nothing_returned(void **state)
{
	struct rig *r = *state;
	struct snapshot before = snapshot_take(r);

	domain_set_up(r);
	domain_fill(r, 600);
	assert_true(rig_depth(r, 0) > 0 && rig_depth(r, 1) > 0 && rig_depth(r, 2) > 0);
	assert_true(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 1) > 0);
	assert_true(rig_read(r, DLB_LSP_CQ_DIR_TKN_CNT, 1) > 0);
	reset_and_use_again(r, &before);
	free(before.value);
}

static void
reset_with_tokens_owed_but_everything_completed(void **state)
{
	struct rig *r = *state;
	struct snapshot before = snapshot_take(r);

	domain_set_up(r);
	domain_fill(r, 10);
	for (uint32_t p = 0; p < CQS; p++)
		for (uint32_t n = rig_poll_all(r, p); n > 0; n--)
			rig_complete(r, p);
	reset_and_use_again(r, &before);
	free(before.value);
}

static void
reset_with_completions_owed_but_tokens_returned(void **state)
{
	struct rig *r = *state;
	struct snapshot before = snapshot_take(r);

	domain_set_up(r);
	domain_fill(r, 100);
	for (uint32_t p = 0; p < CQS; p++)
		rig_tokens(r, p, rig_poll_all(r, p));
	rig_step(r);
	reset_and_use_again(r, &before);
	free(before.value);
}

/* Numbers given out and resolved out of order, with forwards waiting in the reorder stage. */
static void
reset_with_events_in_the_reorder_stage(void **state)
{
	struct rig *r = *state;
	struct snapshot before = snapshot_take(r);
	struct dlb_qe qe;

	domain_set_up(r);
	for (uint32_t n = 0; n < 60; n++)
		rig_new(r, DLB_ORDERED, 0, 0, n);
	rig_step(r);
	/* CQs 1 and 2 forward all of theirs, CQ 0 none. */
	for (uint32_t p = 1; p < CQS; p++)
		while (rig_poll(r, p, &qe))
			rig_forward(r, p, DLB_UNORDERED, 1, 0, qe.data);
	reset_and_use_again(r, &before);
	free(before.value);
}

static void
reset_with_a_pending_unmap(void **state)
{
	struct rig *r = *state;
	struct snapshot before = snapshot_take(r);

	domain_set_up(r);
	domain_fill(r, 50);
	assert_int_equal(rig_unmap(r, 0, 1), 1);
	reset_and_use_again(r, &before);
	free(before.value);
}

/* Lines still in the port rings when the reset begins: a register read sees to them first. */
static void
reset_with_lines_on_their_way(void **state)
{
	struct rig *r = *state;
	struct snapshot before = snapshot_take(r);

	domain_set_up(r);
	domain_fill(r, 20);
	for (uint32_t n = 0; n < 100; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_complete(r, 0);
	reset_and_use_again(r, &before);
	free(before.value);
}

/* In the middle of random traffic, again and again. */
static void
reset_in_the_middle_of_traffic(void **state)
{
	struct rig *r = *state;
	struct snapshot before = snapshot_take(r);
	uint32_t seed = 33;
	struct dlb_qe qe;

	for (uint32_t round = 0; round < 12; round++) {
		domain_set_up(r);
		for (uint32_t n = rig_draw(&seed) % 400; n > 0; n--) {
			uint32_t p = rig_draw(&seed) % CQS;

			domain_fill(r, 1 + rig_draw(&seed) % 3);
			if (rig_draw(&seed) % 2 && rig_poll(r, p, &qe))
				rig_finish(r, p);
			if (rig_draw(&seed) % 4 == 0 && rig_poll(r, p, &qe))
				rig_forward(r, p, DLB_ATOMIC, rig_draw(&seed) % 3, 3, qe.data);
		}
		assert_int_equal(rig_domain_reset(r, 0), 0);
		snapshot_compare(r, &before);
	}
	free(before.value);
}

/* The neighbour notices nothing. */
static void
reset_leaves_other_domains_alone(void **state)
{
	struct rig *r = *state;

	domain_set_up(r);
	r->hist_next = 1000;
	rig_domain(r, 4, 50, 10);
	rig_ldb_queue(r, 4, 9, rig_queue_plain());
	rig_ldb_port(r, 4, 20, 8, 8);
	rig_link(r, 9, 20, 0, 0);
	rig_start(r, 4);
	domain_fill(r, 100);
	for (uint32_t n = 0; n < 20; n++)
		rig_send_one(r, 20, rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, 9, 0, 1, n));
	rig_step(r);
	assert_int_equal(rig_domain_reset(r, 0), 0);
	for (uint32_t n = 0; n < 20; n++) {
		expect_qe(r, 20, n);
		rig_finish(r, 20);
		rig_step(r);
	}
	expect_nothing(r, 20);
}

/* Ports that are closed hear nothing any more, and a queue that is gone takes nothing. */
static void
reset_closes_the_ports(void **state)
{
	struct rig *r = *state;

	domain_set_up(r);
	domain_use(r);
	assert_int_equal(rig_domain_reset(r, 0), 0);
	for (uint32_t n = 0; n < 10; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_depth(r, 0), 0);
	domain_set_up(r);
	rig_step(r);
	expect_nothing(r, 0);
	domain_use(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(reset_of_an_idle_domain),
		ON_BOTH(reset_of_a_domain_that_used_everything),
		ON_BOTH(reset_with_full_queues_and_nothing_returned),
		ON_BOTH(reset_with_tokens_owed_but_everything_completed),
		ON_BOTH(reset_with_completions_owed_but_tokens_returned),
		ON_BOTH(reset_with_events_in_the_reorder_stage),
		ON_BOTH(reset_with_a_pending_unmap),
		ON_BOTH(reset_with_lines_on_their_way),
		ON_BOTH(reset_in_the_middle_of_traffic),
		ON_BOTH(reset_leaves_other_domains_alone),
		ON_BOTH(reset_closes_the_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
