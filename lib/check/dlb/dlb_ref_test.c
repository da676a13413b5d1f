/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Each rule of the interpreter, against a device that is played by hand: once as it may be, and
 * once as it may not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dlb_ref.h"

#define QUEUE       0
#define OTHER_QUEUE 1
#define DIR_CQ      dlb_ref_dir_cq(0)
#define DIR_QUEUE   dlb_ref_dir_queue(0)

static struct dlb_ref *ref;
static uint32_t serial;

static void
make_queue(unsigned int n, unsigned int domain, bool directed)
{
	struct dlb_ref_queue *q = &ref->queue[n];

	dlb_ref_queue_reset(ref, n);
	q->exists = q->open = q->valid = q->atomic = q->ordered = true;
	q->directed = directed;
	q->domain = (uint8_t)domain;
	q->number = (uint8_t)(directed ? 7 : 20 + n);
	q->limit = q->flows_max = 16;
	q->stage = 4;
	q->window = 8;
	q->threshold[0] = q->threshold[1] = 400;
}

static void
make_cq(unsigned int c, unsigned int domain)
{
	struct dlb_ref_cq *q = &ref->cq[c];

	dlb_ref_cq_reset(ref, c);
	q->exists = q->enabled = true;
	q->directed = c >= DLB_REF_LDB_CQS;
	q->domain = (uint8_t)domain;
	q->number = (uint8_t)(c + 1);
	q->entries = q->depth = 8;
	q->history = 12;
	q->limit = 10;
	q->slot[0] = (struct dlb_ref_slot){true, (uint8_t)(domain == 0 ? QUEUE : OTHER_QUEUE), 0};
}

/* Domain 0: queue 0 at CQs 0 and 1, and a directed pair. Domain 1: queue 1 at CQ 2. */
static int
set_up(void **state)
{
	(void)state;
	ref = dlb_ref_create(DLB_V25);
	assert_non_null(ref);
	serial = 0;
	make_queue(QUEUE, 0, false);
	make_queue(OTHER_QUEUE, 1, false);
	make_queue(DIR_QUEUE, 0, true);
	make_cq(0, 0);
	make_cq(1, 0);
	make_cq(2, 1);
	make_cq(DIR_CQ, 0);
	ref->credits[0][0] = ref->credits[1][0] = 1000;
	ref->alarms_enabled = 0x39;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	dlb_ref_destroy(ref);
	return 0;
}

static struct dlb_qe
command(unsigned int cmd, unsigned int queue, unsigned int sched, unsigned int prio,
	unsigned int lock)
{
	return (struct dlb_qe){
		.data = UINT64_C(0x5a5a) << 32 | serial++,
		.meta = REG_PUT(DLB_HCW_CMD, cmd) | REG_PUT(DLB_QE_SCHED, sched) |
			REG_PUT(DLB_QE_QID, ref->queue[queue].number) | REG_PUT(DLB_QE_PRIO, prio) |
			REG_PUT(DLB_QE_LOCK, lock),
	};
}

/* Send one command: the number of its entry. */
static uint32_t
send(unsigned int port, unsigned int cmd, unsigned int queue, unsigned int sched, unsigned int prio,
     unsigned int lock)
{
	struct dlb_qe hcw = command(cmd, queue, sched, prio, lock);

	dlb_ref_hcw(ref, port, hcw);
	return (uint32_t)hcw.data;
}

static uint32_t
unordered(unsigned int prio)
{
	return send(0, DLB_CMD_NEW, QUEUE, DLB_UNORDERED, prio, 0);
}

static uint32_t
atomic(unsigned int lock)
{
	return send(0, DLB_CMD_NEW, QUEUE, DLB_ATOMIC, 0, lock);
}

static uint32_t
ordered(void)
{
	return send(0, DLB_CMD_NEW, QUEUE, DLB_ORDERED, 0, 0);
}

static uint32_t
directed(unsigned int prio)
{
	return send(0, DLB_CMD_NEW, DIR_QUEUE, DLB_DIRECTED, prio, 0);
}

static void
complete(unsigned int port)
{
	send(port, DLB_CMD_COMP, QUEUE, 0, 0, 0);
}

/* Entries as the device delivers them: without command, with a depth code. */
static struct dlb_qe
as_delivered(uint32_t id)
{
	struct dlb_qe qe = ref->item[id].qe;

	qe.meta &= ~(UINT64_C(0xff) << 56);
	return qe;
}

static void
deliver(unsigned int cq, uint32_t id)
{
	dlb_ref_deliver(ref, cq, as_delivered(id));
}

static void
see(void)
{
	dlb_ref_observed(ref);
}

static void
assert_fine(void)
{
	if (ref->failure.rule != NULL)
		fail_msg("%s: %s", ref->failure.rule, ref->failure.text);
}

static void
assert_breaks(const char *rule)
{
	if (ref->failure.rule == NULL)
		fail_msg("'%s' was not seen", rule);
	assert_string_equal(ref->failure.rule, rule);
}

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
	uint32_t a = unordered(0), b = send(1, DLB_CMD_NEW, QUEUE, DLB_UNORDERED, 0, 0);

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
	b = send(1, DLB_CMD_NEW, QUEUE, DLB_UNORDERED, 0, 0);
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
	out = send(1, DLB_CMD_FWD, DIR_QUEUE, DLB_DIRECTED, 0, 0);
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
	out = send(1, DLB_CMD_FWD, DIR_QUEUE, DLB_DIRECTED, 0, 0);
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
	second = send(1, DLB_CMD_FWD, DIR_QUEUE, DLB_DIRECTED, 0, 0);
	first = send(0, DLB_CMD_FWD, DIR_QUEUE, DLB_DIRECTED, 0, 0);
	deliver(DIR_CQ, second);
	deliver(DIR_CQ, first);
	see();
	assert_breaks("fifo");
}

/* Different levels at different CQs, seen together: nobody knows whose number is smaller. */
static void
unknown_numbers_allow_both(void **state)
{
	uint32_t a = ordered(), b = send(0, DLB_CMD_NEW, QUEUE, DLB_ORDERED, 7, 0), out;

	(void)state;
	deliver(0, a);
	deliver(1, b);
	see();
	out = send(1, DLB_CMD_FWD, DIR_QUEUE, DLB_DIRECTED, 0, 0);
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
	fragment = send(0, DLB_CMD_FRAG, DIR_QUEUE, DLB_DIRECTED, 0, 0);
	last = send(0, DLB_CMD_FWD, DIR_QUEUE, DLB_DIRECTED, 0, 0);
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
	fragment = send(0, DLB_CMD_FRAG, DIR_QUEUE, DLB_DIRECTED, 0, 0);
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
	send(DIR_CQ, DLB_CMD_BAT_T, QUEUE, 0, 0, 1);
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

/* ---- Rest ---- */

static void
idle_unordered_is_seen(void **state)
{
	(void)state;
	unordered(0);
	see();
	dlb_ref_quiet(ref);
	assert_breaks("idle");
}

static void
rest_without_room_is_fine(void **state)
{
	(void)state;
	unordered(0);
	atomic(0);
	directed(0);
	see();
	ref->cq[0].enabled = false;
	ref->cq[1].tokens = ref->cq[1].entries;
	ref->cq[DIR_CQ].tokens = ref->cq[DIR_CQ].entries;
	dlb_ref_quiet(ref);
	assert_fine();
}

static void
idle_directed_is_seen(void **state)
{
	(void)state;
	directed(0);
	see();
	dlb_ref_quiet(ref);
	assert_breaks("idle");
}

static void
pinned_flow_may_wait_and_another_may_not(void **state)
{
	(void)state;
	deliver(0, atomic(1));
	atomic(1);
	see();
	ref->cq[0].tokens = ref->cq[0].entries;
	dlb_ref_quiet(ref);
	assert_fine();
	atomic(2);
	see();
	dlb_ref_quiet(ref);
	assert_breaks("idle");
}

/* 7.2: head-of-line blocking, once the stage is full of blocked flows. */
static void
full_stage_may_hold_up_others(void **state)
{
	(void)state;
	deliver(0, atomic(1));
	for (unsigned int n = 0; n < ref->queue[QUEUE].stage; n++)
		atomic(1);
	atomic(2);
	see();
	ref->cq[0].tokens = ref->cq[0].entries;
	dlb_ref_quiet(ref);
	assert_fine();
}

static void
weak_level_preferred_is_seen(void **state)
{
	uint32_t weak[200];

	(void)state;
	ref->cq[0].entries = ref->cq[0].history = ref->cq[0].limit = 2000;
	ref->queue[QUEUE].limit = 2000;
	unordered(0);
	for (unsigned int n = 0; n < 200; n++)
		weak[n] = unordered(7);
	see();
	for (unsigned int n = 0; n < 199; n++) {
		deliver(0, weak[n]);
		see();
	}
	assert_fine();
	dlb_ref_finish(ref);
	assert_breaks("priority");
}

static void
weak_slot_preferred_is_seen(void **state)
{
	const unsigned int other = 2;

	(void)state;
	make_queue(other, 0, false);
	ref->queue[QUEUE].limit = ref->queue[other].limit = 2000;
	ref->cq[0].entries = ref->cq[0].history = ref->cq[0].limit = 2000;
	ref->cq[0].slot[1] = (struct dlb_ref_slot){true, other, 7};
	unordered(0);
	for (unsigned int n = 0; n < 100; n++)
		send(0, DLB_CMD_NEW, other, DLB_UNORDERED, 0, 0);
	see();
	for (uint32_t n = 1; n < 100; n++) {
		deliver(0, n);
		see();
	}
	dlb_ref_finish(ref);
	assert_breaks("priority");
}

/* A queue at its limit has no turn to lose. */
static void
weak_slot_may_go_alone(void **state)
{
	const unsigned int other = 2;

	weak_slot_preferred_is_seen(state);
	ref->failure.rule = NULL;
	dlb_ref_cq_reset(ref, 0);
	make_cq(0, 0);
	ref->cq[0].entries = ref->cq[0].history = ref->cq[0].limit = 2000;
	ref->cq[0].slot[1] = (struct dlb_ref_slot){true, other, 7};
	ref->queue[QUEUE].limit = 0;
	for (unsigned int n = 0; n < 100; n++)
		send(0, DLB_CMD_NEW, other, DLB_UNORDERED, 0, 0);
	see();
	for (uint32_t n = 100; n < 199; n++) {
		deliver(0, n);
		see();
	}
	dlb_ref_finish(ref);
	assert_fine();
}

static void
starved_level_is_seen(void **state)
{
	(void)state;
	ref->credits[0][0] = 100000;
	unordered(7);
	see();
	for (unsigned int n = 0; n < 2100 && ref->failure.rule == NULL; n++) {
		uint32_t a = unordered(0);

		deliver(0, a);
		see();
		send(0, DLB_CMD_COMP_T, QUEUE, 0, 0, 0);
	}
	assert_breaks("starvation");
}

/* ---- Ingress and alarms ---- */

static void
assert_alarm(enum dlb_ref_alarm_id id, unsigned int port)
{
	assert_true(ref->alarm.valid);
	assert_int_equal(ref->alarm.id, id);
	assert_int_equal(ref->alarm.port, ref->cq[port].number);
}

static void
bad_commands_raise_alarms(void **state)
{
	(void)state;
	send(0, 0x4, QUEUE, DLB_UNORDERED, 0, 0);
	assert_alarm(DLB_REF_ILLEGAL_HCW, 0);
	assert_false(ref->alarm.more);
	send(DIR_CQ, DLB_CMD_COMP, QUEUE, DLB_UNORDERED, 0, 0);
	assert_true(ref->alarm.more);
	assert_int_equal(ref->taken, 0);
}

static void
queue_of_other_domain_raises_an_alarm(void **state)
{
	(void)state;
	send(2, DLB_CMD_NEW, QUEUE, DLB_UNORDERED, 0, 0);
	assert_alarm(DLB_REF_ILLEGAL_QID, 2);
	assert_int_equal(ref->taken, 0);
}

static void
alarms_that_are_off_stay_silent(void **state)
{
	(void)state;
	ref->alarms_enabled = 0;
	send(2, DLB_CMD_NEW, QUEUE, DLB_UNORDERED, 0, 0);
	assert_false(ref->alarm.valid);
	assert_int_equal(ref->dropped, 1);
}

static void
no_credit_drops_and_completes(void **state)
{
	(void)state;
	deliver(0, unordered(0));
	see();
	ref->credits[0][0] = 0;
	send(0, DLB_CMD_FWD_T, QUEUE, DLB_UNORDERED, 0, 0);
	assert_alarm(DLB_REF_ILLEGAL_ENQ, 0);
	assert_int_equal(ref->cq[0].inflight, 0);
	assert_int_equal(ref->cq[0].tokens, 0);
}

static void
excess_completion_raises_an_alarm(void **state)
{
	(void)state;
	complete(0);
	assert_alarm(DLB_REF_ILLEGAL_ENQ, 0);
}

static void
excess_tokens_raise_an_alarm(void **state)
{
	(void)state;
	deliver(DIR_CQ, directed(0));
	see();
	send(DIR_CQ, DLB_CMD_BAT_T, QUEUE, 0, 0, 1);
	assert_alarm(DLB_REF_EXCESS_TOKENS, DIR_CQ);
	assert_int_equal(ref->cq[DIR_CQ].tokens, 0);
}

static void
complete_with_tokens_is_capped_in_silence(void **state)
{
	(void)state;
	deliver(0, unordered(0));
	see();
	send(0, DLB_CMD_COMP_T, QUEUE, 0, 0, 500);
	assert_false(ref->alarm.valid);
	assert_int_equal(ref->cq[0].tokens, 0);
}

static void
fragment_of_unordered_raises_an_alarm(void **state)
{
	(void)state;
	deliver(0, unordered(0));
	see();
	send(0, DLB_CMD_FRAG, QUEUE, DLB_UNORDERED, 0, 0);
	assert_alarm(DLB_REF_ILLEGAL_ENQ, 0);
}

static void
noop_means_nothing(void **state)
{
	(void)state;
	dlb_ref_hcw(ref, 0, (struct dlb_qe){~UINT64_C(0), ~(UINT64_C(0xf) << 56)});
	assert_false(ref->alarm.valid);
	assert_int_equal(ref->taken + ref->dropped, 0);
}

static void
credits_come_back_with_the_schedule(void **state)
{
	uint32_t a;

	(void)state;
	a = unordered(0);
	assert_int_equal(ref->credits[0][0], 999);
	deliver(0, a);
	assert_int_equal(ref->credits[0][0], 1000);
}

static void
entry_left_after_a_reset_is_seen(void **state)
{
	(void)state;
	unordered(0);
	dlb_ref_domain_empty(ref, 1);
	assert_fine();
	dlb_ref_domain_empty(ref, 0);
	assert_breaks("reset");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		T(idle_unordered_is_seen),
		T(rest_without_room_is_fine),
		T(idle_directed_is_seen),
		T(pinned_flow_may_wait_and_another_may_not),
		T(full_stage_may_hold_up_others),
		T(weak_level_preferred_is_seen),
		T(weak_slot_preferred_is_seen),
		T(weak_slot_may_go_alone),
		T(starved_level_is_seen),
		T(bad_commands_raise_alarms),
		T(queue_of_other_domain_raises_an_alarm),
		T(alarms_that_are_off_stay_silent),
		T(no_credit_drops_and_completes),
		T(excess_completion_raises_an_alarm),
		T(excess_tokens_raise_an_alarm),
		T(complete_with_tokens_is_capped_in_silence),
		T(fragment_of_unordered_raises_an_alarm),
		T(noop_means_nothing),
		T(credits_come_back_with_the_schedule),
		T(entry_left_after_a_reset_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
