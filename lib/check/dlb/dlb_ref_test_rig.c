/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_ref_test_rig.h"

struct dlb_ref *ref;
static uint32_t serial;

void
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

void
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
int
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

int
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
uint32_t
send_command(unsigned int port, unsigned int cmd, unsigned int queue, unsigned int sched,
	     unsigned int prio, unsigned int lock)
{
	struct dlb_qe hcw = command(cmd, queue, sched, prio, lock);

	dlb_ref_hcw(ref, port, hcw);
	return (uint32_t)hcw.data;
}

uint32_t
unordered(unsigned int prio)
{
	return send_command(0, DLB_CMD_NEW, QUEUE, DLB_UNORDERED, prio, 0);
}

uint32_t
atomic(unsigned int lock)
{
	return send_command(0, DLB_CMD_NEW, QUEUE, DLB_ATOMIC, 0, lock);
}

uint32_t
ordered(void)
{
	return send_command(0, DLB_CMD_NEW, QUEUE, DLB_ORDERED, 0, 0);
}

uint32_t
directed(unsigned int prio)
{
	return send_command(0, DLB_CMD_NEW, DIR_QUEUE, DLB_DIRECTED, prio, 0);
}

void
complete(unsigned int port)
{
	send_command(port, DLB_CMD_COMP, QUEUE, 0, 0, 0);
}

/* Entries as the device delivers them: without command, with a depth code. */
struct dlb_qe
as_delivered(uint32_t id)
{
	struct dlb_qe qe = ref->item[id].qe;

	qe.meta &= ~(UINT64_C(0xff) << 56);
	return qe;
}

void
deliver(unsigned int cq, uint32_t id)
{
	dlb_ref_deliver(ref, cq, as_delivered(id));
}

void
see(void)
{
	dlb_ref_observed(ref);
}

void
assert_fine(void)
{
	if (ref->failure.rule != NULL)
		fail_msg("%s: %s", ref->failure.rule, ref->failure.text);
}

void
assert_breaks(const char *rule)
{
	if (ref->failure.rule == NULL)
		fail_msg("'%s' was not seen", rule);
	assert_string_equal(ref->failure.rule, rule);
}
