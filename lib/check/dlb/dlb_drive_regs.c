/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <inttypes.h>

#include "dlb_drive.h"
#include "dlb_reg_table.h"

/* Standard configuration space. */
#define PCI_COMMAND      0x04
#define PCI_COMMAND_ON   0x0006 /* memory, bus master */
#define PCI_CAPABILITIES 0x34
#define PCI_CAP_EXPRESS  0x10
#define PCI_EXPRESS_CTL  8
#define PCI_EXPRESS_FLR  0x8000

uint32_t
dlb_drive_read_word(struct dlb_drive *d, enum dlb_reg reg, uint32_t index, uint32_t word)
{
	const struct reg_row *row = &dlb_reg_rows[reg];

	if (row->offset[d->version] == REG_NONE)
		return 0;
	return (uint32_t)d->dev->ops->read(d->dev, row->bar,
					   row->offset[d->version] + (uint64_t)index * row->stride +
						   (uint64_t)word * row->word_stride,
					   4);
}

void
dlb_drive_write_word(struct dlb_drive *d, enum dlb_reg reg, uint32_t index, uint32_t word,
		     uint32_t value)
{
	const struct reg_row *row = &dlb_reg_rows[reg];

	if (row->offset[d->version] == REG_NONE)
		return;
	d->dev->ops->write(d->dev, row->bar,
			   row->offset[d->version] + (uint64_t)index * row->stride +
				   (uint64_t)word * row->word_stride,
			   value, 4);
}

uint32_t
dlb_drive_read(struct dlb_drive *d, enum dlb_reg reg, uint32_t index)
{
	return dlb_drive_read_word(d, reg, index, 0);
}

void
dlb_drive_write(struct dlb_drive *d, enum dlb_reg reg, uint32_t index, uint32_t value)
{
	dlb_drive_write_word(d, reg, index, 0, value);
}

void
dlb_drive_flush(struct dlb_drive *d)
{
	if (dlb_drive_read(d, DLB_SYS_TOTAL_VAS, 0) != DLB_DOMAINS)
		dlb_ref_fail(d->ref, "register", "SYS_TOTAL_VAS is not %u", DLB_DOMAINS);
}

void
dlb_drive_post(struct dlb_drive *d, bool directed, unsigned int id, const void *bytes,
	       unsigned int len)
{
	const struct reg_row *row = &dlb_reg_rows[directed ? DLB_DIR_PP : DLB_LDB_PP];

	d->dev->ops->post(d->dev, row->bar, row->offset[d->version] + (uint64_t)id * row->stride,
			  bytes, len);
}

static void
enable_memory(struct dlb_drive *d)
{
	uint8_t command[2] = {PCI_COMMAND_ON & 0xff, PCI_COMMAND_ON >> 8};

	d->dev->ops->config(d->dev, PCI_COMMAND, command, sizeof(command), true);
}

/* 5.1. */
void
dlb_drive_power_on(struct dlb_drive *d)
{
	uint32_t power;

	enable_memory(d);
	power = dlb_drive_read(d, DLB_CM_CFG_PM_PMCSR_DISABLE, 0);
	dlb_drive_write(d, DLB_CM_CFG_PM_PMCSR_DISABLE, 0, power & ~UINT32_C(1));
	for (unsigned int tries = 0; tries < 1000; tries++) {
		if (dlb_drive_read(d, DLB_CM_CFG_PM_STATUS, 0) >> 24 != 0 &&
		    dlb_drive_read(d, DLB_CM_CFG_DIAGNOSTIC_IDLE_STATUS, 0) >> 31 == 1)
			return;
		d->now_ns += 1000000;
		d->dev->ops->step(d->dev, d->now_ns);
	}
	dlb_ref_fail(d->ref, "power", "the device is not ready after a second");
}

static void
reset_by_config(struct dlb_drive *d)
{
	uint8_t at = 0, head[2], control[2];

	d->dev->ops->config(d->dev, PCI_CAPABILITIES, &at, 1, false);
	for (unsigned int n = 0; n < 48 && at != 0; n++) {
		d->dev->ops->config(d->dev, at, head, sizeof(head), false);
		if (head[0] == PCI_CAP_EXPRESS)
			break;
		at = head[1];
	}
	if (at == 0) {
		dlb_ref_fail(d->ref, "config", "no PCI Express capability");
		return;
	}
	d->dev->ops->config(d->dev, at + PCI_EXPRESS_CTL, control, sizeof(control), false);
	control[1] |= PCI_EXPRESS_FLR >> 8;
	d->dev->ops->config(d->dev, at + PCI_EXPRESS_CTL, control, sizeof(control), true);
}

/* 5.1: every register at its reset value. Of arrays, the first and the last. */
static void
check_as_new(struct dlb_drive *d)
{
	for (unsigned int n = 0; n < DLB_REG_COUNT; n++) {
		const struct reg_row *row = &dlb_reg_rows[n];
		uint32_t last = row->count[d->version] - 1;

		if (row->offset[d->version] == REG_NONE || row->bar != REG_BAR_2 ||
		    row->access == REG_WINDOW || n == DLB_CM_CFG_PM_PMCSR_DISABLE)
			continue;
		for (uint32_t i = 0; i <= last; i += last > 0 ? last : 1) {
			uint32_t value = dlb_drive_read(d, n, i);

			if (value != row->reset[d->version])
				dlb_ref_fail(d->ref, "reset",
					     "%s[%" PRIu32 "] is 0x%" PRIx32 " after a reset",
					     row->name, i, value);
		}
	}
}

void
dlb_drive_function_reset(struct dlb_drive *d, bool by_config)
{
	if (by_config)
		reset_by_config(d);
	else
		d->dev->ops->reset(d->dev, BUS_RESET_FUNCTION);
	d->now_ns += 100000000;
	d->dev->ops->step(d->dev, d->now_ns);
	enable_memory(d);
	if (dlb_drive_read(d, DLB_CM_CFG_PM_PMCSR_DISABLE, 0) & 1)
		dlb_ref_fail(d->ref, "reset", "the power bit did not outlive a reset");
	dlb_drive_power_on(d);
	check_as_new(d);
}

/* ---- Counters, 7.9 ---- */

static bool
agrees(struct dlb_drive *d, bool report, enum dlb_reg reg, uint32_t index, uint64_t lo, uint64_t hi)
{
	uint32_t value = dlb_drive_read(d, reg, index);

	if (value >= lo && value <= hi)
		return true;
	if (report)
		dlb_ref_fail(d->ref, "counter",
			     "%s[%" PRIu32 "] is %" PRIu32 ", not %" PRIu64 " to %" PRIu64,
			     dlb_reg_rows[reg].name, index, value, lo, hi);
	return false;
}

static bool
ldb_cq_agrees(struct dlb_drive *d, bool report, const struct dlb_ref_cq *q)
{
	return agrees(d, report, DLB_LSP_CQ_LDB_TKN_CNT, q->number, q->tokens, q->tokens) &&
	       agrees(d, report, DLB_LSP_CQ_LDB_INFL_CNT, q->number, q->inflight, q->inflight) &&
	       agrees(d, report, DLB_LSP_CQ_LDB_TOT_SCH_CNTL, q->number, q->scheduled,
		      q->scheduled);
}

static bool
dir_cq_agrees(struct dlb_drive *d, bool report, const struct dlb_ref_cq *q)
{
	return agrees(d, report, DLB_LSP_CQ_DIR_TKN_CNT, q->number, q->tokens, q->tokens) &&
	       agrees(d, report, DLB_LSP_CQ_DIR_TOT_SCH_CNTL, q->number, q->scheduled,
		      q->scheduled);
}

/* Atomic entries before the stage and in it: their sum is the depth, the stage has its limit. */
static bool
stage_agrees(struct dlb_drive *d, bool report, const struct dlb_ref_queue *q)
{
	uint32_t active = dlb_drive_read(d, DLB_LSP_QID_AQED_ACTIVE_CNT, q->number);
	uint32_t before = dlb_drive_read(d, DLB_LSP_QID_ATM_ACTIVE, q->number);
	uint32_t lo = q->waiting[DLB_REF_ATM], hi = lo + q->maybe[DLB_REF_ATM];

	if (active <= q->stage && active + before >= lo && active + before <= hi)
		return true;
	if (report)
		dlb_ref_fail(d->ref, "counter",
			     "queue id %u: AQED_ACTIVE_CNT %" PRIu32 " (limit %" PRIu32
			     ") and ATM_ACTIVE %" PRIu32 ", together not %" PRIu32 " to %" PRIu32,
			     q->number, active, q->stage, before, lo, hi);
	return false;
}

/* What waits for reorder may be counted as enqueued or not. */
static bool
total_agrees(struct dlb_drive *d, bool report, enum dlb_reg reg, const struct dlb_ref_queue *q,
	     enum dlb_ref_kind k)
{
	return agrees(d, report, reg, q->number, q->enqueued[k],
		      q->enqueued[k] + q->maybe[k] + q->behind[k]);
}

static bool
ldb_queue_agrees(struct dlb_drive *d, bool report, const struct dlb_ref_queue *q)
{
	uint32_t waiting = q->waiting[DLB_REF_NALB];

	return agrees(d, report, DLB_LSP_QID_LDB_INFL_CNT, q->number, q->inflight, q->inflight) &&
	       agrees(d, report, DLB_LSP_QID_LDB_ENQUEUE_CNT, q->number, waiting,
		      waiting + q->maybe[DLB_REF_NALB]) &&
	       stage_agrees(d, report, q) &&
	       total_agrees(d, report, DLB_LSP_QID_ATM_TOT_ENQ_CNTL, q, DLB_REF_ATM) &&
	       total_agrees(d, report, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, q, DLB_REF_NALB) &&
	       agrees(d, report, DLB_LSP_QID_NALDB_MAX_DEPTH, q->number, q->depth_lo, q->depth_hi);
}

static bool
dir_queue_agrees(struct dlb_drive *d, bool report, const struct dlb_ref_queue *q)
{
	uint32_t waiting = q->waiting[DLB_REF_NALB];

	return agrees(d, report, DLB_LSP_QID_DIR_ENQUEUE_CNT, q->number, waiting,
		      waiting + q->maybe[DLB_REF_NALB]) &&
	       total_agrees(d, report, DLB_LSP_QID_DIR_TOT_ENQ_CNTL, q, DLB_REF_NALB) &&
	       agrees(d, report, DLB_LSP_QID_DIR_MAX_DEPTH, q->number, q->depth_lo, q->depth_hi);
}

bool
dlb_drive_counters_agree(struct dlb_drive *d, bool report)
{
	for (unsigned int c = 0; c < DLB_REF_CQS; c++) {
		const struct dlb_ref_cq *q = &d->ref->cq[c];

		if (q->exists && !(q->directed ? dir_cq_agrees : ldb_cq_agrees)(d, report, q))
			return false;
	}
	for (unsigned int n = 0; n < DLB_REF_QUEUES; n++) {
		const struct dlb_ref_queue *q = &d->ref->queue[n];

		if (q->exists && !(q->directed ? dir_queue_agrees : ldb_queue_agrees)(d, report, q))
			return false;
	}
	return agrees(d, report, DLB_LSP_LDB_SCH_CNT_L, 0, d->ref->total[0], d->ref->total[0]) &&
	       agrees(d, report, DLB_LSP_DIR_SCH_CNT_L, 0, d->ref->total[1], d->ref->total[1]);
}

/* ---- Alarms, 9.4 ---- */

struct alarm_number {
	uint8_t source, unit, id;
	bool known;
};

static const struct alarm_number alarm_numbers[] = {
	[DLB_REF_ILLEGAL_QID] = {0, 0, 3, true}, [DLB_REF_DISABLED_QID] = {0, 0, 4, true},
	[DLB_REF_ILLEGAL_HCW] = {0, 0, 5, true}, [DLB_REF_QID_CFG] = {0, 0, 0, false},
	[DLB_REF_ILLEGAL_ENQ] = {1, 4, 1, true}, [DLB_REF_EXCESS_TOKENS] = {1, 4, 2, true},
};

static const char *const alarm_names[] = {"ILLEGAL_QID", "DISABLED_QID",
					  "ILLEGAL_HCW", "the one of a wrong type",
					  "ILLEGAL_ENQ", "EXCESS_TOKEN_POPS"};

static bool
record_matches(const struct dlb_ref_alarm *a, uint32_t word)
{
	const struct alarm_number *n = &alarm_numbers[a->id];
	uint32_t syndrome = (uint32_t)REG_GET(DLB_SYS_ALARM_PF_SYND0_SYNDROME, word);

	if (!a->valid)
		return !(word >> DLB_SYS_ALARM_PF_SYND0_VALID_LO & 1);
	if (!(word >> DLB_SYS_ALARM_PF_SYND0_VALID_LO & 1) ||
	    (word >> DLB_SYS_ALARM_PF_SYND0_MORE_LO & 1) != a->more ||
	    REG_GET(DLB_SYS_ALARM_PF_SYND0_SOURCE, word) != n->source ||
	    (syndrome & 0x7f) != a->port)
		return false;
	if (n->source == 1)
		return REG_GET(DLB_SYS_ALARM_PF_SYND0_UNIT, word) == n->unit &&
		       REG_GET(DLB_SYS_ALARM_PF_SYND0_AID, word) == n->id &&
		       syndrome >> 7 == a->ldb;
	return (!n->known || REG_GET(DLB_SYS_ALARM_PF_SYND0_AID, word) == n->id) &&
	       (word >> DLB_SYS_ALARM_PF_SYND0_IS_LDB_LO & 1) == a->ldb;
}

/* Are the syndrome words those of the command? */
static bool
command_matches(struct dlb_drive *d, const struct dlb_ref_alarm *a)
{
	return !a->valid ||
	       (dlb_drive_read(d, DLB_SYS_ALARM_PF_SYND1, 0) == (uint32_t)a->meta &&
		dlb_drive_read(d, DLB_SYS_ALARM_PF_SYND2, 0) == (uint32_t)(a->meta >> 32));
}

/* The datasheet can be read in two ways: alarms of CHP in the record of SYS ones, or in their
 * own.
 */
void
dlb_drive_check_alarm(struct dlb_drive *d)
{
	const struct dlb_ref *r = d->ref;
	uint32_t sys = dlb_drive_read(d, DLB_SYS_ALARM_PF_SYND0, 0);
	uint32_t hw;

	if (record_matches(&r->alarm, sys) && command_matches(d, &r->alarm))
		return;
	hw = dlb_drive_read(d, DLB_SYS_ALARM_HW_SYND, 0);
	if (record_matches(&r->alarm_sys, sys) && command_matches(d, &r->alarm_sys) &&
	    record_matches(&r->alarm_chp, hw))
		return;
	if (!r->alarm.valid)
		dlb_ref_fail(d->ref, "alarm",
			     "SYND0 is 0x%08" PRIx32 ", HW_SYND 0x%08" PRIx32 ", and none was due",
			     sys, hw);
	else
		dlb_ref_fail(d->ref, "alarm",
			     "SYND0 is 0x%08" PRIx32 ", HW_SYND 0x%08" PRIx32 "; due is %s of %s "
			     "port %u%s, for 0x%016" PRIx64,
			     sys, hw, alarm_names[r->alarm.id], r->alarm.ldb ? "LDB" : "DIR",
			     r->alarm.port, r->alarm.more ? " and MORE" : "", r->alarm.meta);
}

void
dlb_drive_clear_alarm(struct dlb_drive *d)
{
	uint32_t both = (uint32_t)(REG_MASK(DLB_SYS_ALARM_PF_SYND0_VALID) |
				   REG_MASK(DLB_SYS_ALARM_PF_SYND0_MORE));

	dlb_drive_write(d, DLB_SYS_ALARM_PF_SYND0, 0, both);
	dlb_drive_write(d, DLB_SYS_ALARM_HW_SYND, 0, both);
	d->ref->alarm = d->ref->alarm_sys = d->ref->alarm_chp = (struct dlb_ref_alarm){0};
}
