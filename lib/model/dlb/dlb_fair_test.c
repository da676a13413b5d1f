/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Nobody starves, however little room there is at a time and however often the device is stepped:
 * kinds of QEs, levels between the strongest and the weakest, directed ones. Datasheet section 7.6.
 */
#include "dlb_test_case.h"

#define EVENTS 4096u

/* A producer and a consumer in step: there are always some QEs of each of the kinds, and room for
 * one at a time.
 */
struct stream {
	uint32_t port; /* that takes */
	uint32_t kinds;
	struct dlb_qe hcw[8];
	uint32_t got[8];
};

/* Four QEs of each kind to begin with, then one for each that is taken. `steps` after each. */
static void
stream_run(struct rig *r, struct stream *s, uint32_t steps)
{
	struct dlb_qe qe;

	for (uint32_t k = 0; k < 4 * s->kinds; k++)
		rig_send_one(r, RIG_PRODUCER, s->hcw[k % s->kinds]);
	for (uint32_t n = 0; n < EVENTS; n++) {
		for (uint32_t i = 0; i < steps; i++)
			rig_step(r);
		assert_true(rig_poll(r, s->port, &qe));
		s->got[qe.data]++;
		rig_send_one(r, RIG_PRODUCER, s->hcw[qe.data]);
		if (s->port < DLB_LDB_PORTS)
			rig_finish(r, s->port);
		else
			rig_tokens(r, s->port, 1);
	}
}

static void
stream_add(struct stream *s, enum dlb_sched sched, uint32_t qid, uint32_t prio)
{
	s->hcw[s->kinds] = rig_hcw(DLB_CMD_NEW, sched, qid, prio, s->kinds, s->kinds);
	s->kinds++;
}

/* Atomic and other QEs of a queue have equal weight. */
static void
kinds_share_a_cq_of_one(void **state)
{
	struct stream s = {.port = 0};
	struct rig *r = *state;

	rig_balance(r, 1, 1, 8, RIG_NOT_ORDERED);
	stream_add(&s, DLB_ATOMIC, 0, 0);
	stream_add(&s, DLB_UNORDERED, 0, 0);
	stream_run(r, &s, 1);
	assert_in_range(s.got[0], EVENTS / 4, EVENTS * 3 / 4);
	assert_in_range(s.got[1], EVENTS / 4, EVENTS * 3 / 4);
}

/* Have the arbiters of classes and weights do the scheduling. */
static void
arbitrate(struct rig *r)
{
	rig_write(r, DLB_LSP_CFG_SHDW_RANGE_COS, 3, 0x3f);
	rig_write(r, DLB_LSP_CFG_SHDW_CTRL, 0, 1);
}

/* What one queue was given says nothing about the other, though they are served in turn. */
static void
kinds_and_levels_of_two_queues(struct rig *r)
{
	struct stream s = {.port = 0};

	rig_balance(r, 1, 1, 8, RIG_NOT_ORDERED);
	rig_ldb_queue(r, 0, 1, rig_queue_plain());
	rig_link(r, 1, 0, 1, 0);
	rig_start(r, 0);
	for (uint32_t q = 0; q < 2; q++) {
		stream_add(&s, DLB_ATOMIC, q, 0);
		stream_add(&s, DLB_UNORDERED, q, 0);
		stream_add(&s, DLB_ATOMIC, q, 6);
		stream_add(&s, DLB_UNORDERED, q, 6);
	}
	stream_run(r, &s, 1);
	for (uint32_t k = 0; k < s.kinds; k++)
		if (k % 4 < 2)
			assert_in_range(s.got[k], EVENTS / 8, EVENTS / 3);
		else
			assert_in_range(s.got[k], EVENTS / 1024, EVENTS / 16);
}

static void
two_queues_share_a_cq_of_one(void **state)
{
	kinds_and_levels_of_two_queues(*state);
}

static void
two_arbitrated_queues_share_a_cq_of_one(void **state)
{
	arbitrate(*state);
	kinds_and_levels_of_two_queues(*state);
}

static void
levels_in_between_do_not_starve(struct rig *r, enum dlb_sched sched)
{
	struct stream s = {.port = 0};

	rig_balance(r, 1, 1, 8, RIG_NOT_ORDERED);
	for (uint32_t level = 0; level < 4; level++)
		stream_add(&s, sched, 0, 2 * level);
	stream_run(r, &s, 1);
	for (uint32_t level = 1; level < 4; level++)
		assert_in_range(s.got[level], EVENTS / 512, EVENTS / 8);
}

static void
unordered_levels_in_between_do_not_starve(void **state)
{
	levels_in_between_do_not_starve(*state, DLB_UNORDERED);
}

static void
atomic_levels_in_between_do_not_starve(void **state)
{
	levels_in_between_do_not_starve(*state, DLB_ATOMIC);
}

static void
slots_in_between_do_not_starve(void **state)
{
	struct stream s = {.port = 0};
	struct rig *r = *state;

	rig_balance(r, 1, 1, 8, RIG_NOT_ORDERED);
	for (uint32_t q = 1; q < 4; q++) {
		rig_ldb_queue(r, 0, q, rig_queue_plain());
		rig_link(r, q, 0, q, 2 * q);
	}
	rig_start(r, 0);
	for (uint32_t q = 0; q < 4; q++)
		stream_add(&s, DLB_UNORDERED, q, 0);
	stream_run(r, &s, 1);
	for (uint32_t q = 1; q < 4; q++)
		assert_in_range(s.got[q], EVENTS / 512, EVENTS / 8);
}

/* Weak slots of one strength share what the strong one leaves them. */
static void
equal_weak_slots(struct rig *r)
{
	struct stream s = {.port = 0};

	rig_balance(r, 1, 1, 8, RIG_NOT_ORDERED);
	for (uint32_t q = 1; q < 5; q++) {
		rig_ldb_queue(r, 0, q, rig_queue_plain());
		rig_link(r, q, 0, q, 6);
	}
	rig_start(r, 0);
	for (uint32_t q = 0; q < 5; q++)
		stream_add(&s, DLB_UNORDERED, q, 0);
	stream_run(r, &s, 1);
	for (uint32_t q = 1; q < 5; q++)
		assert_in_range(s.got[q], EVENTS / 512, EVENTS / 8);
}

static void
equal_weak_slots_share(void **state)
{
	equal_weak_slots(*state);
}

static void
equal_weak_arbitrated_slots_share(void **state)
{
	arbitrate(*state);
	equal_weak_slots(*state);
}

/* A step that finds no room is nobody's turn: here every other one. */
static void
directed_levels(struct rig *r)
{
	for (uint32_t steps = 1; steps < 5; steps++) {
		struct stream s = {.port = RIG_DIR(steps)};

		rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
		rig_dir_port(r, 0, steps, 1);
		rig_dir_queue(r, 0, steps, 16);
		rig_start(r, 0);
		for (uint32_t level = 0; level < 4; level++)
			stream_add(&s, DLB_DIRECTED, steps, 2 * level);
		stream_run(r, &s, steps);
		for (uint32_t level = 1; level < 4; level++)
			assert_in_range(s.got[level], EVENTS / 512, EVENTS / 8);
	}
}

static void
directed_levels_do_not_starve_where_steps_find_no_room(void **state)
{
	directed_levels(*state);
}

static void
arbitrated_directed_levels_do_not_starve(void **state)
{
	arbitrate(*state);
	directed_levels(*state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(kinds_share_a_cq_of_one),
		ON_BOTH(two_queues_share_a_cq_of_one),
		ON_BOTH(two_arbitrated_queues_share_a_cq_of_one),
		ON_BOTH(unordered_levels_in_between_do_not_starve),
		ON_BOTH(atomic_levels_in_between_do_not_starve),
		ON_BOTH(slots_in_between_do_not_starve),
		ON_BOTH(equal_weak_slots_share),
		ON_BOTH(equal_weak_arbitrated_slots_share),
		ON_BOTH(arbitrated_directed_levels_do_not_starve),
		ON_BOTH(directed_levels_do_not_starve_where_steps_find_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
