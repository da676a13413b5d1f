/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Each rule of the interpreter on what is delivered, against a device that is played by hand: once
 * as it may be, and once as it may not.
 */
#include "dlb_ref_test_rig.h"

/* ---- Entries by themselves ---- */

static void
entry_arrives_once(void **state)
{
	uint32_t a = unordered(0);

	(void)state;
	deliver(0, a);
	see();
	assert_fine();
	deliver(1, a);
	assert_breaks("doubled");
}

static void
entry_nobody_sent_is_seen(void **state)
{
	struct dlb_qe qe = {.data = 77};

	(void)state;
	dlb_ref_deliver(ref, 0, qe);
	assert_breaks("identity");
}

static void
entry_of_before_a_reset_is_seen(void **state)
{
	uint32_t a = unordered(0);

	(void)state;
	see();
	dlb_ref_reset(ref);
	make_queue(QUEUE, 0, false);
	make_cq(0, 0);
	deliver(0, a);
	assert_breaks("doubled");
}

static void
changed_bytes_are_seen(void **state)
{
	struct dlb_qe qe;

	(void)state;
	unordered(0);
	qe = as_delivered(0);
	qe.meta ^= REG_PUT(DLB_QE_OPAQUE, 1);
	dlb_ref_deliver(ref, 0, qe);
	assert_breaks("content");
}

static void
reserved_bits_are_seen(void **state)
{
	struct dlb_qe qe;

	(void)state;
	unordered(0);
	qe = as_delivered(0);
	qe.meta |= REG_PUT(DLB_QE_ERROR, 1);
	dlb_ref_deliver(ref, 0, qe);
	assert_breaks("content");
}

static void
cq_without_link_is_seen(void **state)
{
	uint32_t a = unordered(0);

	(void)state;
	ref->cq[1].slot[0].valid = false;
	deliver(1, a);
	assert_breaks("route");
}

static void
cq_of_other_domain_is_seen(void **state)
{
	uint32_t a = unordered(0);

	(void)state;
	ref->cq[2].slot[1] = (struct dlb_ref_slot){true, QUEUE, 0};
	deliver(2, a);
	assert_breaks("route");
}

static void
disabled_cq_is_seen(void **state)
{
	uint32_t a = unordered(0);

	(void)state;
	ref->cq[0].enabled = false;
	deliver(0, a);
	assert_breaks("disabled");
}

static void
paused_queue_is_seen(void **state)
{
	uint32_t a = unordered(0);

	(void)state;
	ref->queue[QUEUE].paused = true;
	deliver(0, a);
	assert_breaks("paused");
}

/* ---- First in, first out ---- */

static void
overtaking_at_one_cq_is_seen(void **state)
{
	uint32_t a = unordered(2), b = unordered(3);

	(void)state;
	deliver(0, b);
	deliver(0, a);
	see();
	assert_breaks("fifo");
}

static void
overtaking_what_stays_is_seen(void **state)
{
	uint32_t a = unordered(2), b = unordered(2);

	(void)state;
	(void)a;
	deliver(0, b);
	see();
	assert_breaks("fifo");
}

static void
levels_and_cqs_may_overtake(void **state)
{
	uint32_t low = unordered(7), high = unordered(0), a = unordered(4), b = unordered(4);

	(void)state;
	deliver(0, high);
	deliver(0, low);
	/* At different CQs, and seen together: who was first cannot be told. */
	deliver(0, b);
	deliver(1, a);
	see();
	assert_fine();
}

static void
ports_at_once_have_no_order(void **state)
{
	uint32_t a = unordered(0), b = send_command(1, DLB_CMD_NEW, QUEUE, DLB_UNORDERED, 0, 0);

	(void)state;
	deliver(0, b);
	deliver(0, a);
	see();
	assert_fine();
}

static void
ports_one_after_the_other_have_an_order(void **state)
{
	uint32_t a = unordered(0), b;

	(void)state;
	see();
	b = send_command(1, DLB_CMD_NEW, QUEUE, DLB_UNORDERED, 0, 0);
	deliver(0, b);
	deliver(0, a);
	see();
	assert_breaks("fifo");
}

static void
directed_overtaking_is_seen(void **state)
{
	uint32_t a = directed(5), b = directed(5);

	(void)state;
	deliver(DIR_CQ, b);
	deliver(DIR_CQ, a);
	see();
	assert_breaks("fifo");
}

/* ---- Atomic ---- */

static void
flow_stays_until_completed(void **state)
{
	uint32_t a = atomic(9), b = atomic(9);

	(void)state;
	deliver(0, a);
	see();
	complete(0);
	deliver(1, b);
	see();
	assert_fine();
	assert_int_equal(ref->queue[QUEUE].pinned, 1);
}

static void
flow_at_two_cqs_is_seen(void **state)
{
	uint32_t a = atomic(9), b = atomic(9);

	(void)state;
	deliver(0, a);
	see();
	deliver(1, b);
	assert_breaks("flow");
}

static void
flow_that_moves_too_early_is_seen(void **state)
{
	uint32_t a = atomic(9), b = atomic(9), c = atomic(9);

	(void)state;
	deliver(0, a);
	deliver(0, b);
	see();
	complete(0);
	deliver(1, c);
	assert_breaks("flow");
}

static void
flow_out_of_order_is_seen(void **state)
{
	uint32_t a = atomic(9), other = atomic(9 + DLB_REF_BUCKETS), b = atomic(9);

	(void)state;
	(void)a;
	deliver(0, other);
	see();
	assert_fine();
	deliver(0, b);
	see();
	assert_breaks("fifo");
}

static void
too_many_flows_are_seen(void **state)
{
	(void)state;
	ref->queue[QUEUE].flows_max = 1;
	for (unsigned int lock = 0; lock < 2; lock++)
		deliver(0, atomic(lock));
	see();
	assert_breaks("flow limit");
}

/* ---- Ordered ---- */

static void
reordered_entry_waits_for_smaller_numbers(void **state)
{
	uint32_t a = ordered(), b = ordered(), out;

	(void)state;
	deliver(0, a);
	see();
	deliver(1, b);
	see();
	out = send_command(1, DLB_CMD_FWD, DIR_QUEUE, DLB_DIRECTED, 0, 0);
	assert_int_equal(ref->item[out].state, DLB_REF_REORDER);
	assert_int_equal(ref->queue[DIR_QUEUE].waiting[DLB_REF_NALB], 0);
	complete(0);
	assert_int_equal(ref->item[out].state, DLB_REF_WAITING);
	deliver(DIR_CQ, out);
	see();
	assert_fine();
}

static void
reordered_entry_too_early_is_seen(void **state)
{
	uint32_t a = ordered(), b = ordered(), out;

	(void)state;
	deliver(0, a);
	see();
	deliver(1, b);
	see();
	out = send_command(1, DLB_CMD_FWD, DIR_QUEUE, DLB_DIRECTED, 0, 0);
	deliver(DIR_CQ, out);
	assert_breaks("reorder");
}

static void
reordered_entries_swapped_are_seen(void **state)
{
	uint32_t a = ordered(), b = ordered(), first, second;

	(void)state;
	deliver(0, a);
	deliver(1, b);
	see();
	second = send_command(1, DLB_CMD_FWD, DIR_QUEUE, DLB_DIRECTED, 0, 0);
	first = send_command(0, DLB_CMD_FWD, DIR_QUEUE, DLB_DIRECTED, 0, 0);
	deliver(DIR_CQ, second);
	deliver(DIR_CQ, first);
	see();
	assert_breaks("fifo");
}

/* Different levels at different CQs, seen together: nobody knows whose number is smaller. */
static void
unknown_numbers_allow_both(void **state)
{
	uint32_t a = ordered(), b = send_command(0, DLB_CMD_NEW, QUEUE, DLB_ORDERED, 7, 0), out;

	(void)state;
	deliver(0, a);
	deliver(1, b);
	see();
	out = send_command(1, DLB_CMD_FWD, DIR_QUEUE, DLB_DIRECTED, 0, 0);
	assert_int_equal(ref->item[out].state, DLB_REF_MAYBE);
	deliver(DIR_CQ, out);
	see();
	assert_fine();
}

static void
fragments_come_before_the_last(void **state)
{
	uint32_t fragment, last;

	(void)state;
	deliver(0, ordered());
	see();
	fragment = send_command(0, DLB_CMD_FRAG, DIR_QUEUE, DLB_DIRECTED, 0, 0);
	last = send_command(0, DLB_CMD_FWD, DIR_QUEUE, DLB_DIRECTED, 0, 0);
	deliver(DIR_CQ, last);
	deliver(DIR_CQ, fragment);
	see();
	assert_breaks("fifo");
}

static void
fragment_of_the_smallest_number_may_go(void **state)
{
	uint32_t a = ordered(), b = ordered(), fragment;

	(void)state;
	deliver(0, a);
	deliver(0, b);
	see();
	complete(0);
	fragment = send_command(0, DLB_CMD_FRAG, DIR_QUEUE, DLB_DIRECTED, 0, 0);
	assert_int_equal(ref->item[fragment].state, DLB_REF_MAYBE);
	deliver(DIR_CQ, fragment);
	see();
	assert_fine();
}

static void
window_overrun_is_seen(void **state)
{
	(void)state;
	ref->cq[0].entries = ref->cq[1].entries = ref->cq[1].history = ref->cq[1].limit = 100;
	deliver(0, ordered());
	see();
	for (unsigned int n = 0; n < 8; n++) {
		assert_fine();
		deliver(1, ordered());
		see();
		complete(1);
	}
	assert_breaks("window");
}

/* ---- Limits ---- */

static void
too_many_tokens_are_seen(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 9; n++)
		deliver(DIR_CQ, directed(0));
	see();
	assert_breaks("token");
}

static void
tokens_come_back(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 8; n++)
		deliver(DIR_CQ, directed(0));
	see();
	send_command(DIR_CQ, DLB_CMD_BAT_T, QUEUE, 0, 0, 1);
	deliver(DIR_CQ, directed(0));
	deliver(DIR_CQ, directed(0));
	see();
	assert_fine();
	assert_int_equal(ref->cq[DIR_CQ].tokens, 8);
}

static void
history_overrun_is_seen(void **state)
{
	(void)state;
	ref->cq[0].entries = 100;
	for (unsigned int n = 0; n < 13; n++)
		deliver(0, unordered(0));
	assert_breaks("history");
}

static void
cq_inflight_overrun_is_seen(void **state)
{
	(void)state;
	ref->cq[0].entries = 100;
	for (unsigned int n = 0; n < 11; n++)
		deliver(0, unordered(0));
	see();
	assert_breaks("cq inflight");
}

static void
queue_inflight_overrun_is_seen(void **state)
{
	(void)state;
	ref->queue[QUEUE].limit = 2;
	for (unsigned int n = 0; n < 3; n++)
		deliver(0, unordered(0));
	see();
	assert_breaks("queue inflight");
}

static void
wrong_depth_code_is_seen(void **state)
{
	struct dlb_qe qe;

	(void)state;
	unordered(0);
	qe = as_delivered(0);
	qe.meta |= REG_PUT(DLB_QE_DEPTH, 1);
	dlb_ref_deliver(ref, 0, qe);
	see();
	assert_breaks("depth code");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(entry_arrives_once),
		T(entry_nobody_sent_is_seen),
		T(entry_of_before_a_reset_is_seen),
		T(changed_bytes_are_seen),
		T(reserved_bits_are_seen),
		T(cq_without_link_is_seen),
		T(cq_of_other_domain_is_seen),
		T(disabled_cq_is_seen),
		T(paused_queue_is_seen),
		T(overtaking_at_one_cq_is_seen),
		T(overtaking_what_stays_is_seen),
		T(levels_and_cqs_may_overtake),
		T(ports_at_once_have_no_order),
		T(ports_one_after_the_other_have_an_order),
		T(directed_overtaking_is_seen),
		T(flow_stays_until_completed),
		T(flow_at_two_cqs_is_seen),
		T(flow_that_moves_too_early_is_seen),
		T(flow_out_of_order_is_seen),
		T(too_many_flows_are_seen),
		T(reordered_entry_waits_for_smaller_numbers),
		T(reordered_entry_too_early_is_seen),
		T(reordered_entries_swapped_are_seen),
		T(unknown_numbers_allow_both),
		T(fragments_come_before_the_last),
		T(fragment_of_the_smallest_number_may_go),
		T(window_overrun_is_seen),
		T(too_many_tokens_are_seen),
		T(tokens_come_back),
		T(history_overrun_is_seen),
		T(cq_inflight_overrun_is_seen),
		T(queue_inflight_overrun_is_seen),
		T(wrong_depth_code_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
