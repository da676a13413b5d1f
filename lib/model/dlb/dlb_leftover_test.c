/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A reset wipes of the large tables only what was in use. So this looks inside: after any traffic
 * they have to be as in a device that has just been made.
 */
#include "dlb_model_priv.h"
#include "dlb_test_case.h"

#define ROUNDS 60u
#define PORTS  6u

static const struct dlb_model *
inside(const struct rig *r)
{
	return (const struct dlb_model *)r->dev;
}

/* Two atomic and ordered queues at several CQs, whose order of service leaves flows held. */
static void
set_up(struct rig *r)
{
	struct rig_queue how = rig_queue_plain();

	rig_command(r, RIG_COMMAND_ON);
	rig_power_on(r);
	rig_set_dense(r, false);
	memset(r->port, 0, sizeof(r->port));
	memset(r->queue, 0, sizeof(r->queue));
	r->hist_next = 0;
	rig_balance(r, PORTS, 8, 16, 0);
	rig_ldb_queue(r, 0, 1, how);
	for (uint32_t p = 0; p < PORTS; p++)
		rig_link(r, 1, p, 1, 0);
	rig_dir_port(r, 0, 0, 8);
	rig_dir_queue(r, 0, 0, 8);
	rig_start(r, 0);
}

/* Events of all types, consumers that finish or forward now and then, and links that change. */
static void
traffic(struct rig *r, uint32_t *seed)
{
	for (uint32_t n = rig_draw(seed) % 2000; n > 0; n--) {
		uint32_t port = rig_draw(seed) % PORTS, flow = rig_draw(seed) % 24;
		enum dlb_sched sched = rig_draw(seed) % 4;
		uint32_t qid = sched == DLB_DIRECTED || sched == DLB_ORDERED ? 0 : flow % 2;

		rig_new(r, sched, qid, flow, n);
		if (rig_draw(seed) % 4 == 0)
			rig_finish(r, port);
		if (rig_draw(seed) % 4 == 0)
			rig_forward(r, port, DLB_ATOMIC, 1, flow, n);
		if (rig_draw(seed) % 8 == 0)
			rig_step(r);
		if (rig_draw(seed) % 64 == 0)
			rig_write(r, DLB_LSP_CQ2PRIOV, port, rig_draw(seed) % 4 << 24);
	}
}

static bool
is_zero(const void *bytes, size_t len)
{
	const unsigned char *b = bytes;

	return b[0] == 0 && memcmp(b, b + 1, len - 1) == 0;
}

static void
expect_tables_empty(const struct dlb_model *m)
{
	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++) {
		for (uint32_t c = 0; c < DLB_LDB_PORTS; c++) {
			assert_int_equal(m->held[q][c].bins, 0);
			for (uint32_t bin = 0; bin < DLB_PRIO_BINS; bin++)
				assert_int_equal(m->held[q][c].fifo[bin].head, DLB_NIL);
		}
		for (uint32_t sn = 0; sn < DLB_SN_PER_GROUP; sn++) {
			assert_int_equal(m->reorder[q][sn].parked.head, DLB_NIL);
			assert_false(m->reorder[q][sn].resolved);
		}
		for (uint32_t lock = 0; lock < DLB_FLOWS; lock++)
			if (m->flow[q][lock].inflight != 0 || m->flow[q][lock].waiting != 0)
				fail_msg("queue %u: flow %u is not free", q, lock);
	}
}

/* The same tables a new device begins with. */
static void
expect_like_new(const struct dlb_model *m, const struct dlb_model *fresh)
{
	assert_int_equal(m->work, 0);
	assert_true(is_zero(m->dir_work, sizeof(m->dir_work)));
	assert_true(is_zero(m->credits, sizeof(m->credits)));
	assert_true(is_zero(m->domain, sizeof(m->domain)));
	assert_true(m->ready == fresh->ready);
	assert_int_equal(m->free, fresh->free);
	assert_memory_equal(m->next, fresh->next, sizeof(m->next));
	assert_memory_equal(m->ldb, fresh->ldb, sizeof(m->ldb));
	assert_memory_equal(m->dir, fresh->dir, sizeof(m->dir));
	for (uint32_t id = 0; id < DLB_CQS; id++) {
		struct dlb_cq cq;

		/* All but the address of its history. */
		memcpy(&cq, &m->cq[id], sizeof(cq));
		cq.hist = fresh->cq[id].hist;
		assert_memory_equal(&cq, &fresh->cq[id], sizeof(cq));
	}
	assert_memory_equal(&m->pci, &fresh->pci, sizeof(m->pci));
}

static void
reset_leaves_nothing_behind(void **state)
{
	struct rig *r = *state, fresh;
	uint32_t seed = 5, held = 0, late = 0;

	assert_int_equal(rig_open(&fresh, r->version, TEST_HOST_WHOLE), 0);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		set_up(r);
		traffic(r, &seed);
		held += inside(r)->ldb[1].held;
		late += inside(r)->ldb[0].sn_late;
		r->dev->ops->reset(r->dev, BUS_RESET_POWER);
		fresh.dev->ops->reset(fresh.dev, BUS_RESET_POWER);
		expect_like_new(inside(r), inside(&fresh));
		if (round % 10 == 0)
			expect_tables_empty(inside(r));
	}
	/* It has been put to the test. */
	assert_in_range(held, 1, UINT32_MAX);
	assert_in_range(late, 1, UINT32_MAX);
	expect_tables_empty(inside(r));
	rig_close(&fresh);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(reset_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
