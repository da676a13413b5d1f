/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_model_priv.h"

/* Interrupts, sections 3.7 and 13. Two tables hold messages: MSI-X, whose vectors the host is told
 * of by number, and IMS, whose messages are writes to memory. An entry that may not send now is
 * pending, and sends when it may; once, however often it was raised.
 *
 * Completion interrupts are asked for by handle: the index of an entry, or, on devices with command
 * 13, what that command gave for it.
 */

/* What scattered devices add to an index to make a handle. */
#define SCATTERED_HANDLE 0x1000u
#define PBA_BITS         64u

/* ---- Handles ---- */

static unsigned int
handle_base(const struct dsa_model *m)
{
	return m->config.scatter_tables ? SCATTERED_HANDLE : 0;
}

static bool
has_handles(const struct dsa_model *m)
{
	return REG_GET(DSA_GENCAP_CMD_CAP, m->gencap) &&
	       (dsa_reg(m, DSA_CMDCAP, 0) >> DSA_COMMAND_REQUEST_INT_HANDLE & 1);
}

static uint64_t *
handle_word(struct dsa_handles *h, unsigned int entry, bool ims)
{
	return ims ? &h->ims[entry / 64] : &h->msix[entry / 64];
}

static bool
is_requested(const struct dsa_model *m, unsigned int entry, bool ims)
{
	const uint64_t *words = ims ? m->handles.ims : m->handles.msix;

	return words[entry / 64] >> entry % 64 & 1;
}

static bool
is_entry(const struct dsa_model *m, unsigned int entry, bool ims)
{
	return entry < m->layout.entries[ims ? DSA_TABLE_IMS : DSA_TABLE_MSIXTBL];
}

bool
dsa_irq_entry(const struct dsa_model *m, unsigned int handle, bool ims, unsigned int *entry)
{
	*entry = handle;
	if (!has_handles(m))
		return is_entry(m, *entry, ims);
	*entry -= handle_base(m);
	return is_entry(m, *entry, ims) && is_requested(m, *entry, ims);
}

enum dsa_command_error
dsa_irq_request(struct dsa_model *m, unsigned int entry, bool ims, unsigned int *handle)
{
	if (!is_entry(m, entry, ims))
		return DSA_ERROR_HANDLE_INDEX;
	/* Each has one, which is out. */
	if (is_requested(m, entry, ims))
		return DSA_ERROR_HANDLE_NONE;
	*handle_word(&m->handles, entry, ims) |= UINT64_C(1) << entry % 64;
	*handle = entry + handle_base(m);
	return DSA_ERROR_NONE;
}

enum dsa_command_error
dsa_irq_release(struct dsa_model *m, unsigned int handle, bool ims)
{
	unsigned int entry;

	if (!dsa_irq_entry(m, handle, ims, &entry))
		return DSA_ERROR_HANDLE_INDEX;
	*handle_word(&m->handles, entry, ims) &= ~(UINT64_C(1) << entry % 64);
	return DSA_ERROR_NONE;
}

void
dsa_irq_revoke(struct dsa_model *m)
{
	if (!has_handles(m))
		return;
	m->handles = (struct dsa_handles){{0}, {0}};
	dsa_irq_cause(m, DSA_CAUSE_REVOKED);
}

/* ---- Sending ---- */

static void
msix_send(struct dsa_model *m, unsigned int vector)
{
	uint64_t bit = UINT64_C(1) << vector % PBA_BITS;
	uint64_t word = dsa_reg(m, DSA_MSIX_PBA, vector / PBA_BITS);
	bool masked = REG_GET(DSA_MSIX_CTRL_MASK, dsa_reg(m, DSA_MSIX_CTRL, vector));
	/* A message is a write to memory, so it takes a bus master. */
	bool open = m->may_master && pci_config_msix_on(&m->pci) && !masked;

	dsa_reg_set(m, DSA_MSIX_PBA, vector / PBA_BITS, open ? word & ~bit : word | bit);
	if (open && m->host->ops->irq != NULL)
		m->host->ops->irq(m->host, vector);
}

static void
ims_send(struct dsa_model *m, unsigned int entry)
{
	uint64_t ctrl = dsa_reg(m, DSA_IMS_CTRL, entry);
	bool open = m->may_master && !REG_GET(DSA_IMS_CTRL_MASK, ctrl);
	uint32_t data = (uint32_t)dsa_reg(m, DSA_IMS_DATA, entry);

	dsa_reg_set(m, DSA_IMS_CTRL, entry, REG_SET(DSA_IMS_CTRL_PENDING, ctrl, !open));
	m->ims_waits |= !open;
	if (open && m->host->ops->dma != NULL)
		(void)m->host->ops->dma(m->host, BUS_NO_PASID, dsa_reg(m, DSA_IMS_ADDR, entry),
					&data, sizeof(data), true);
}

static void
entry_send(struct dsa_model *m, unsigned int entry, bool ims)
{
	if (ims)
		ims_send(m, entry);
	else
		msix_send(m, entry);
}

static bool
is_pending(const struct dsa_model *m, unsigned int entry, bool ims)
{
	if (ims)
		return REG_GET(DSA_IMS_CTRL_PENDING, dsa_reg(m, DSA_IMS_CTRL, entry));
	return dsa_reg(m, DSA_MSIX_PBA, entry / PBA_BITS) >> entry % PBA_BITS & 1;
}

void
dsa_irq_entry_wrote(struct dsa_model *m, unsigned int entry, bool ims)
{
	if (is_pending(m, entry, ims))
		entry_send(m, entry, ims);
}

void
dsa_irq_unmasked(struct dsa_model *m)
{
	for (uint32_t w = 0; w < m->layout.entries[DSA_TABLE_MSIXPBA]; w++) {
		uint64_t pending = dsa_reg(m, DSA_MSIX_PBA, w);

		for (; pending != 0; pending &= pending - 1)
			msix_send(m, w * PBA_BITS + (unsigned int)__builtin_ctzll(pending));
	}
	if (!m->ims_waits)
		return;
	m->ims_waits = false;
	for (uint32_t i = 0; i < m->layout.entries[DSA_TABLE_IMS]; i++)
		if (is_pending(m, i, true))
			ims_send(m, i);
}

void
dsa_irq_cause(struct dsa_model *m, enum dsa_cause cause)
{
	dsa_reg_set(m, DSA_INTCAUSE, 0, dsa_reg(m, DSA_INTCAUSE, 0) | UINT64_C(1) << cause);
	msix_send(m, 0);
}

/* ---- Completions ---- */

/* PASID and its enable of an entry, and its Ignore bit, are at the same place in both tables. */
static uint64_t
permission(const struct dsa_model *m, unsigned int entry, bool ims)
{
	return dsa_reg(m, ims ? DSA_IMS_CTRL : DSA_MSIXPERM, entry);
}

bool
dsa_irq_handle_ok(void *owner, unsigned int handle, bool ims, bool pasid_enable, uint32_t pasid)
{
	struct dsa_model *m = owner;
	unsigned int entry;
	uint64_t perm;
	bool ok;

	dsa_lock(&m->report);
	ok = dsa_irq_entry(m, handle, ims, &entry);
	if (ok) {
		perm = permission(m, entry, ims);
		ok = REG_GET(DSA_MSIXPERM_PASID_EN, perm) == pasid_enable &&
		     (!pasid_enable || REG_GET(DSA_MSIXPERM_PASID, perm) == pasid);
	}
	dsa_unlock(&m->report);
	return ok;
}

void
dsa_irq_completion(void *owner, unsigned int handle, bool ims)
{
	struct dsa_model *m = owner;
	unsigned int entry;

	dsa_lock(&m->report);
	if (dsa_irq_entry(m, handle, ims, &entry) &&
	    !REG_GET(DSA_MSIXPERM_IGNORE, permission(m, entry, ims)))
		entry_send(m, entry, ims);
	dsa_unlock(&m->report);
}

/* ---- Occupancy ---- */

static bool
is_armed(const struct dsa_model *m, unsigned int wq)
{
	return REG_GET(DSA_WQCAP_OCCUPANCY_INT, m->wqcap) &&
	       m->wq_state[wq] == DSA_WQ_ENABLED &&
	       REG_GET(DSA_WQCFG_DW5_OCC_INT_EN, dsa_reg(m, DSA_WQCFG_DW5, wq)) &&
	       !REG_GET(DSA_WQCFG_DW6_OCC_INT_GENERATED, dsa_reg(m, DSA_WQCFG_DW6, wq));
}

/* Once, until software clears the bit that says so. */
static void
occupancy_send(struct dsa_model *m, unsigned int wq)
{
	uint64_t dw4 = dsa_reg(m, DSA_WQCFG_DW4, wq);
	bool ims = REG_GET(DSA_WQCFG_DW4_OCC_INT_TABLE, dw4);
	unsigned int entry;

	dsa_work_disarm(m->work, wq);
	dsa_reg_set(m, DSA_WQCFG_DW6, wq,
		    dsa_reg(m, DSA_WQCFG_DW6, wq) | REG_MASK(DSA_WQCFG_DW6_OCC_INT_GENERATED));
	if (!dsa_irq_entry(m, (unsigned int)REG_GET(DSA_WQCFG_DW4_OCC_INT_HANDLE, dw4), ims,
			   &entry))
		return;
	if (entry == 0 && !ims)
		dsa_irq_cause(m, DSA_CAUSE_OCCUPANCY);
	else
		entry_send(m, entry, ims);
}

void
dsa_irq_arm_occupancy(struct dsa_model *m, unsigned int wq)
{
	uint64_t dw5 = dsa_reg(m, DSA_WQCFG_DW5, wq);

	if (!is_armed(m, wq)) {
		dsa_work_disarm(m->work, wq);
		return;
	}
	dsa_work_arm(m->work, wq, (uint32_t)REG_GET(DSA_WQCFG_DW5_OCC_LIMIT, dw5));
	m->arming |= UINT64_C(1) << wq;
}

void
dsa_irq_armed(struct dsa_model *m)
{
	for (; m->arming != 0; m->arming &= m->arming - 1)
		dsa_work_armed(m->work, (unsigned int)__builtin_ctzll(m->arming));
}

void
dsa_irq_occupancy(void *owner, unsigned int wq, uint64_t arming)
{
	struct dsa_model *m = owner;

	dsa_lock(&m->report);
	/* What was found may be of before software cleared, disabled or enabled something. */
	if (dsa_work_arming(m->work, wq) == arming && is_armed(m, wq))
		occupancy_send(m, wq);
	dsa_unlock(&m->report);
}
