/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Submissions that have not simply succeeded. Members of a batch are seen to one after the other:
 *
 *   ended well                          next
 *   page fault, and the page is there   the rest of it goes to the device again, or is done here
 *   any other failure                   noted; those that a fence kept from being done stay undone
 *   not begun, but all before it ended  goes to the device now: its fence was kept
 *     well after all
 *
 * While the device has one of them, the channel waits for it; nothing is reported out of order.
 */

#include <string.h>

#include <rte_common.h>

#include "dsa_error.h"
#include "dsa_priv.h"
#include "dsa_resume.h"
#include "dsa_ring.h"

/* Continuations of an operation that get no further before it is given up: the page that the CPU
 * can touch may be one the device has no right to, or a device may take some time to see it.
 */
#define IN_VAIN 3

/* The operation that member `at` belongs to. */
static uint64_t
op_of(const struct dsa_sub *sub, uint16_t at, const struct dsa_vchan *v)
{
	if (!sub->window)
		return sub->end - sub->count + at;
	/* A compound is not over before its last window: until then it is the next to be ready. */
	return v->ready;
}

static void
begin(struct dsa_vchan *v, struct dsa_sub *sub)
{
	struct dsa_mend *m = &v->mend;

	*m = (struct dsa_mend){.active = true};
	if (sub->count == 1) {
		sub->crs[0] = sub->cr;
		m->attempted = 1;
		return;
	}
	switch (DSA_STATUS_CODE(sub->cr.status)) {
	case DSA_STATUS_BATCH_FAULT:
		dsa_error_log_batch(v, op_of(sub, 0, v), &sub->cr);
		/* fallthrough */
	case DSA_STATUS_BATCH_FAILED:
		m->attempted = (uint16_t)RTE_MIN(sub->cr.bytes_completed, (uint32_t)sub->count);
		return;
	default:
		dsa_error_log_batch(v, op_of(sub, 0, v), &sub->cr);
		m->batch = sub->cr.status;
	}
}

static void
fail(struct dsa_vchan *v, struct dsa_sub *sub, enum rte_dma_status_code status)
{
	uint64_t op = op_of(sub, v->mend.at, v);

	/* What is found out about a compound is what its first part that failed found out. */
	if (sub->window && !(v->notes[op & v->mask] & DSA_NOTE_STATUS))
		v->crs[op & v->mask] = sub->crs[v->mend.at];
	dsa_ring_fail(v, op, status);
	v->mend.failed = true;
}

/* By itself, now: its fence was seen to. */
static void
resubmit(struct dsa_vchan *v, const struct dsa_desc *desc)
{
	struct dsa_desc line __rte_aligned(DSA_DESC_BYTES) = *desc;

	line.op_flags = (line.op_flags & ~DSA_FLAG_FENCE) | DSA_FLAG_CRAV | DSA_FLAG_RCR;
	line.cr = dsa_iova(v, v->mend_cr);
	memset(v->mend_cr, 0, sizeof(*v->mend_cr));
	v->mend.refused = !dsa_doorbell(v, &line);
	v->mend.waiting = !v->mend.refused;
}

/* The device begins to count anew with every continuation; where a compare found a difference, that
 * counts from the beginning of the whole.
 */
static void
add_up(const struct dsa_vchan *v, const struct dsa_desc *d, struct dsa_cr *cr)
{
	if ((DSA_OPCODE(d) == DSA_OP_COMPARE || DSA_OPCODE(d) == DSA_OP_COMPARE_PATTERN) &&
	    cr->result != 0)
		cr->bytes_completed += (uint32_t)v->mend.done;
}

static bool
finish_here(struct dsa_vchan *v, struct dsa_desc *d, struct dsa_cr *cr)
{
	uint32_t done = dsa_resume_cpu(d);

	if (done != d->size) {
		cr->bytes_completed = (uint32_t)v->mend.done + done;
		return false;
	}
	*cr = (struct dsa_cr){.status = DSA_STATUS_SUCCESS, .result = cr->result};
	return true;
}

/* After a page fault: true when the operation goes on, or has ended well. */
static bool
mend(struct dsa_vchan *v, struct dsa_desc *d, struct dsa_cr *cr)
{
	struct dsa_mend *m = &v->mend;

	if (!v->mends || v->dead || !dsa_resume_touch(d, cr))
		return false;
	m->vain = cr->bytes_completed == 0 || DSA_OPCODE(d) == DSA_OP_CREATE_DELTA
			  ? (uint8_t)(m->vain + 1)
			  : 0;
	if (m->vain > IN_VAIN || !dsa_resume(d, cr))
		return false;
	if (DSA_OPCODE(d) != DSA_OP_CREATE_DELTA)
		m->done += cr->bytes_completed;
	m->continued = true;
	if (v->config.partial == DSA_PARTIAL_CPU && dsa_resume_has_cpu(d))
		return finish_here(v, d, cr);
	resubmit(v, d);
	return true;
}

/* How a member ended, as its record says: false while it goes on. */
static bool
judge(struct dsa_vchan *v, struct dsa_sub *sub, struct dsa_desc *d, struct dsa_cr *cr)
{
	struct dsa_mend *m = &v->mend;

	if (DSA_STATUS_CODE(cr->status) == DSA_STATUS_PAGE_FAULT && mend(v, d, cr) &&
	    (m->waiting || m->refused))
		return false;
	if (DSA_STATUS_CODE(cr->status) <= DSA_STATUS_FALSE_PREDICATE) {
		add_up(v, d, cr);
		v->counts.partial += m->continued;
		return true;
	}
	dsa_error_log(v, op_of(sub, m->at, v), d, cr);
	fail(v, sub, dsa_error_status(cr->status));
	return true;
}

/* One that the device has not begun: because of a fence, or because it could not read the list. */
static bool
not_begun(struct dsa_vchan *v, struct dsa_sub *sub, struct dsa_desc *d)
{
	struct dsa_mend *m = &v->mend;

	if (m->batch != 0 && m->at == 0)
		fail(v, sub, dsa_error_status(m->batch));
	else if (m->batch != 0 || m->failed || v->dead)
		fail(v, sub, RTE_DMA_STATUS_NOT_ATTEMPTED);
	else
		resubmit(v, d);
	return !m->waiting && !m->refused;
}

static bool
see_to_member(struct dsa_vchan *v, struct dsa_sub *sub)
{
	struct dsa_mend *m = &v->mend;
	struct dsa_desc *d = &sub->list[m->at];
	struct dsa_cr *cr = &sub->crs[m->at];

	if (m->refused) {
		resubmit(v, d);
		return false;
	}
	if (m->waiting) {
		/* As in reap(). */
		if (__atomic_load_n(&v->mend_cr->status, __ATOMIC_ACQUIRE) == DSA_STATUS_NONE)
			return false;
		*cr = *v->mend_cr;
		m->waiting = false;
		return judge(v, sub, d, cr);
	}
	if (m->at >= m->attempted)
		return not_begun(v, sub, d);
	return judge(v, sub, d, cr);
}

/* Windows are used again as they were; places in the ring are cleaned when that is. */
static void
end(struct dsa_vchan *v, struct dsa_sub *sub)
{
	uint16_t i;

	v->mend = (struct dsa_mend){.active = false};
	if (sub->window) {
		memset(sub->crs, 0, sub->count * sizeof(*sub->crs));
		return;
	}
	for (i = 0; i < sub->count; i++)
		if (sub->crs[i].status != DSA_STATUS_NONE)
			dsa_note_dirty(v, op_of(sub, i, v), 0);
}

bool
dsa_settle(struct dsa_vchan *v, struct dsa_sub *sub)
{
	struct dsa_mend *m = &v->mend;

	if (!m->active)
		begin(v, sub);
	while (m->at < sub->count) {
		if (!see_to_member(v, sub))
			return false;
		m->at++;
		m->vain = 0;
		m->done = 0;
		m->continued = false;
	}
	end(v, sub);
	return true;
}
