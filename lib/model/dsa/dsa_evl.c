/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_model_priv.h"

#include <string.h>

/* The event log, section 16.2: a ring in host memory, written by the device and read by software.
 * One entry stays free. When there is no room the entry is dropped, which SWERROR says (GENCAP bit
 * 32); nothing that can be read says what happens when it cannot be written (U18): the same here.
 */

#define ENTRY_BYTES 64u
#define SIZE_MIN    64u

/* Bits of an entry's first and second quadword that SWERROR does not have. */
#define E0_BATCH_ID_SHIFT 24
#define E1_HANDLE_SHIFT   32
#define E1_RCI_SHIFT      48
#define E1_IMS_SHIFT      49
#define E1_CR_SHIFT       50
#define E1_FIRST_SHIFT    51
#define E1_OPERAND_SHIFT  61

struct entry {
	uint64_t word[3];
	uint64_t reserved24;
	struct dsa_cr cr;
};

static_assert(sizeof(struct entry) == ENTRY_BYTES, "bytes of an event log entry");
static_assert(offsetof(struct entry, cr) == 32, "copy of the completion record");

bool
dsa_evl_enabled(const struct dsa_model *m)
{
	return REG_GET(DSA_GENCFG_EVENT_LOG_EN, dsa_reg(m, DSA_GENCFG, 0));
}

static uint64_t
base(const struct dsa_model *m)
{
	return dsa_reg(m, DSA_EVLCFG0, 0) & REG_MASK(DSA_EVLCFG0_BASE);
}

static uint64_t
size(const struct dsa_model *m)
{
	return REG_GET(DSA_EVLCFG1_SIZE, dsa_reg(m, DSA_EVLCFG1, 0));
}

/* The base has no bits below a page, so it is aligned. */
bool
dsa_evl_ok(const struct dsa_model *m)
{
	if (!dsa_evl_enabled(m))
		return true;
	return size(m) >= SIZE_MIN && base(m) <= UINT64_MAX - (size(m) * ENTRY_BYTES - 1);
}

static struct entry
entry_of(const struct dsa_error *e)
{
	struct entry entry = {
		.word = {
			dsa_swerror_word0(e) | (uint64_t)e->batch_id << E0_BATCH_ID_SHIFT,
			(uint64_t)e->batch_index |
				(uint64_t)e->interrupt_handle << E1_HANDLE_SHIFT |
				(uint64_t)e->rci << E1_RCI_SHIFT |
				(uint64_t)e->ims << E1_IMS_SHIFT |
				(uint64_t)e->cr_required << E1_CR_SHIFT |
				(uint64_t)e->first_in_batch << E1_FIRST_SHIFT |
				(uint64_t)e->fault_operand << E1_OPERAND_SHIFT,
			e->fault_addr,
		},
		.cr = e->cr,
	};

	return entry;
}

static bool
entry_write(struct dsa_model *m, uint64_t iova, struct entry *entry)
{
	uint64_t cfg = dsa_reg(m, DSA_EVLCFG0, 0);
	uint32_t pasid = BUS_NO_PASID;
	size_t len = ENTRY_BYTES;
	struct bus_fault fault;
	void *p = NULL;

	if (!m->may_master)
		return false;
	if (REG_GET(DSA_EVLCFG0_PASID_EN, cfg))
		pasid = (uint32_t)REG_GET(DSA_EVLCFG1_PASID, dsa_reg(m, DSA_EVLCFG1, 0));
	if (m->host->ops->map != NULL)
		p = m->host->ops->map(m->host, pasid, iova, &len, BUS_PROT_WRITE, &fault);
	if (p != NULL && len == ENTRY_BYTES) {
		memcpy(p, entry, ENTRY_BYTES);
		return true;
	}
	return m->host->ops->dma != NULL &&
	       m->host->ops->dma(m->host, pasid, iova, entry, ENTRY_BYTES, true) == 0;
}

static void
interrupt(struct dsa_model *m)
{
	uint64_t status = dsa_reg(m, DSA_EVLSTATUS, 0);

	if (!REG_GET(DSA_GENCTRL_EVL_INT_EN, dsa_reg(m, DSA_GENCTRL, 0)) ||
	    REG_GET(DSA_EVLSTATUS_INT_PENDING, status))
		return;
	dsa_reg_set(m, DSA_EVLSTATUS, 0, status | REG_MASK(DSA_EVLSTATUS_INT_PENDING));
	dsa_irq_cause(m, DSA_CAUSE_EVL);
}

bool
dsa_evl_append(struct dsa_model *m, const struct dsa_error *error)
{
	uint64_t status = dsa_reg(m, DSA_EVLSTATUS, 0);
	uint64_t tail = REG_GET(DSA_EVLSTATUS_TAIL, status);
	uint64_t next = (tail + 1) % size(m);
	struct entry entry = entry_of(error);

	if (next == REG_GET(DSA_EVLSTATUS_HEAD, status) ||
	    !entry_write(m, base(m) + tail * ENTRY_BYTES, &entry))
		return false;
	/* Software reads the tail under the lock that is held here, so it finds the entry written. */
	dsa_reg_set(m, DSA_EVLSTATUS, 0, REG_SET(DSA_EVLSTATUS_TAIL, status, next));
	interrupt(m);
	return true;
}
