/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What the interpreter expects of a device that is at rest, and of commands that are wrong, against
 * a device that is played by hand.
 */
#include "dlb_ref_test_rig.h"

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
		send_command(0, DLB_CMD_NEW, other, DLB_UNORDERED, 0, 0);
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
		send_command(0, DLB_CMD_NEW, other, DLB_UNORDERED, 0, 0);
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
		send_command(0, DLB_CMD_COMP_T, QUEUE, 0, 0, 0);
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
	send_command(0, 0x4, QUEUE, DLB_UNORDERED, 0, 0);
	assert_alarm(DLB_REF_ILLEGAL_HCW, 0);
	assert_false(ref->alarm.more);
	send_command(DIR_CQ, DLB_CMD_COMP, QUEUE, DLB_UNORDERED, 0, 0);
	assert_true(ref->alarm.more);
	assert_int_equal(ref->taken, 0);
}

static void
queue_of_other_domain_raises_an_alarm(void **state)
{
	(void)state;
	send_command(2, DLB_CMD_NEW, QUEUE, DLB_UNORDERED, 0, 0);
	assert_alarm(DLB_REF_ILLEGAL_QID, 2);
	assert_int_equal(ref->taken, 0);
}

static void
alarms_that_are_off_stay_silent(void **state)
{
	(void)state;
	ref->alarms_enabled = 0;
	send_command(2, DLB_CMD_NEW, QUEUE, DLB_UNORDERED, 0, 0);
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
	send_command(0, DLB_CMD_FWD_T, QUEUE, DLB_UNORDERED, 0, 0);
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
	send_command(DIR_CQ, DLB_CMD_BAT_T, QUEUE, 0, 0, 1);
	assert_alarm(DLB_REF_EXCESS_TOKENS, DIR_CQ);
	assert_int_equal(ref->cq[DIR_CQ].tokens, 0);
}

static void
complete_with_tokens_is_capped_in_silence(void **state)
{
	(void)state;
	deliver(0, unordered(0));
	see();
	send_command(0, DLB_CMD_COMP_T, QUEUE, 0, 0, 500);
	assert_false(ref->alarm.valid);
	assert_int_equal(ref->cq[0].tokens, 0);
}

static void
fragment_of_unordered_raises_an_alarm(void **state)
{
	(void)state;
	deliver(0, unordered(0));
	see();
	send_command(0, DLB_CMD_FRAG, QUEUE, DLB_UNORDERED, 0, 0);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
