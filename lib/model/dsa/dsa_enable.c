/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_model_priv.h"

/* May the device, or a work queue, be enabled as it is configured? Datasheet sections 4.5 and 4.6;
 * checks come in the order of the tables there, and the first that fails is reported.
 */

/* Read buffers that an engine needs at least. */
#define BUFFERS_PER_ENGINE 4u
#define BANDWIDTH_CODES    4u

/* ---- The device ---- */

static uint64_t
group_wqs(const struct dsa_model *m, unsigned int g)
{
	return dsa_reg(m, DSA_GRPWQCFG, g);
}

static uint64_t
group_engines(const struct dsa_model *m, unsigned int g)
{
	return dsa_reg(m, DSA_GRPENGCFG, g);
}

static bool
sizes_ok(const struct dsa_model *m)
{
	uint64_t sum = 0;

	for (unsigned int wq = 0; wq < m->config.wqs; wq++)
		sum += dsa_reg(m, DSA_WQCFG_DW0, wq);
	return sum <= m->config.wq_total;
}

static bool
groups_ok(const struct dsa_model *m)
{
	for (unsigned int g = 0; g < m->config.groups; g++)
		if ((group_wqs(m, g) == 0) != (group_engines(m, g) == 0))
			return false;
	return true;
}

/* Queues there are not have no size, and belong to no group either. */
static bool
wq_groups_ok(const struct dsa_model *m)
{
	uint64_t once = 0, twice = 0, sized = 0;

	for (unsigned int g = 0; g < m->config.groups; g++) {
		twice |= once & group_wqs(m, g);
		once |= group_wqs(m, g);
		for (uint32_t w = 1; w < m->rows[DSA_GRPWQCFG].words; w++)
			if (regfile_value(m->regs, (struct reg_at){DSA_GRPWQCFG, 0, g, w}) != 0)
				return false;
	}
	for (unsigned int wq = 0; wq < m->config.wqs; wq++)
		if (dsa_reg(m, DSA_WQCFG_DW0, wq) != 0)
			sized |= UINT64_C(1) << wq;
	return twice == 0 && once == sized;
}

static bool
engines_ok(const struct dsa_model *m)
{
	uint64_t once = 0, twice = 0;

	for (unsigned int g = 0; g < m->config.groups; g++) {
		twice |= once & group_engines(m, g);
		once |= group_engines(m, g);
	}
	return twice == 0 && once >> m->config.engines == 0;
}

static bool
bandwidth_ok(uint64_t flags)
{
	return REG_GET(DSA_GRPFLAGS_READ_BW_LIMIT, flags) < BANDWIDTH_CODES &&
	       REG_GET(DSA_GRPFLAGS_WRITE_BW_LIMIT, flags) < BANDWIDTH_CODES;
}

static bool
buffers_ok(const struct dsa_model *m)
{
	uint64_t total = REG_GET(DSA_GRPCAP_TOTAL_READ_BUFFERS, dsa_reg(m, DSA_GRPCAP, 0));
	uint64_t limit = REG_GET(DSA_GENCFG_GLOBAL_RB_LIMIT, dsa_reg(m, DSA_GENCFG, 0));
	uint64_t reserved = 0, limited = 0;
	unsigned int g;

	for (g = 0; g < m->config.groups; g++)
		if (group_engines(m, g) != 0)
			reserved += REG_GET(DSA_GRPFLAGS_RB_RESERVED, dsa_reg(m, DSA_GRPFLAGS, g));
	if (reserved > total)
		return false;
	for (g = 0; g < m->config.groups; g++) {
		uint64_t flags = dsa_reg(m, DSA_GRPFLAGS, g), own, allowed, needed;

		needed = BUFFERS_PER_ENGINE * (uint64_t)__builtin_popcountll(group_engines(m, g));
		if (needed == 0)
			continue;
		own = REG_GET(DSA_GRPFLAGS_RB_RESERVED, flags);
		allowed = REG_GET(DSA_GRPFLAGS_RB_ALLOWED, flags);
		if (allowed < needed || allowed < own || allowed > own + (total - reserved) ||
		    !bandwidth_ok(flags))
			return false;
		if (REG_GET(DSA_GRPFLAGS_USE_GLOBAL_RB_LIMIT, flags))
			limited += needed;
	}
	return limited <= limit;
}

enum dsa_command_error
dsa_enable_check_device(const struct dsa_model *m)
{
	if (dsa_state(m) != DSA_STATE_DISABLED)
		return DSA_ERROR_DEVICE_ENABLED;
	if (!pci_config_may_master(&m->pci))
		return DSA_ERROR_BUS_MASTER;
	if (dsa_pci_prs(m) && !dsa_pci_prs_alloc_ok(m))
		return DSA_ERROR_PRS_ALLOC;
	if (!sizes_ok(m))
		return DSA_ERROR_WQ_SIZES;
	if (!groups_ok(m))
		return DSA_ERROR_GROUP;
	if (!wq_groups_ok(m))
		return DSA_ERROR_WQ_GROUP;
	if (!engines_ok(m))
		return DSA_ERROR_ENGINE_GROUP;
	if (!buffers_ok(m))
		return DSA_ERROR_READ_BUFFERS;
	if (!dsa_evl_ok(m))
		return DSA_ERROR_EVENT_LOG;
	/* The log is written by a PASID only while the device has those. */
	if (dsa_evl_enabled(m) && !dsa_pci_pasid(m) &&
	    REG_GET(DSA_EVLCFG0_PASID_EN, dsa_reg(m, DSA_EVLCFG0, 0)))
		return DSA_ERROR_PASID;
	return DSA_ERROR_NONE;
}

/* ---- A work queue ---- */

unsigned int
dsa_enable_group_of(const struct dsa_model *m, unsigned int wq)
{
	for (unsigned int g = 0; g < m->config.groups; g++)
		if (group_wqs(m, g) >> wq & 1)
			return g;
	return 0;
}

static bool
mode_ok(const struct dsa_model *m, uint64_t dw2)
{
	return REG_GET(DSA_WQCFG_DW2_MODE, dw2) ? REG_GET(DSA_WQCAP_DEDICATED_MODE, m->wqcap)
						: REG_GET(DSA_WQCAP_SHARED_MODE, m->wqcap);
}

static bool
pasid_ok(const struct dsa_model *m, uint64_t dw2)
{
	if (!REG_GET(DSA_WQCFG_DW2_PASID_EN, dw2))
		return REG_GET(DSA_WQCFG_DW2_MODE, dw2);
	return dsa_pci_pasid(m);
}

static bool
batch_ok(const struct dsa_model *m, uint64_t dw3)
{
	uint64_t shift = REG_GET(DSA_WQCFG_DW3_MAX_BATCH_SHIFT, dw3);

	if (shift == 0 && !REG_GET(DSA_GENCAP_BATCH1, m->gencap))
		return false;
	/* There are no scatter-gather lists before 3.0. */
	return shift <= REG_GET(DSA_GENCAP_MAX_BATCH_SHIFT, m->gencap) &&
	       REG_GET(DSA_WQCFG_DW3_MAX_SGL_SHIFT, dw3) == 0;
}

static bool
priv_ok(const struct dsa_model *m, uint64_t dw2)
{
	return !REG_GET(DSA_WQCFG_DW2_MODE, dw2) || !REG_GET(DSA_WQCFG_DW2_PASID_EN, dw2) ||
	       !REG_GET(DSA_WQCFG_DW2_PRIV, dw2) || dsa_pci_priv(m);
}

/* Where nothing was said about the interrupt, nothing can be wrong with it. */
static bool
occupancy_ok(const struct dsa_model *m, unsigned int wq)
{
	uint64_t dw4 = dsa_reg(m, DSA_WQCFG_DW4, wq);
	unsigned int entry;

	if (dw4 == 0 && !REG_GET(DSA_WQCFG_DW5_OCC_INT_EN, dsa_reg(m, DSA_WQCFG_DW5, wq)))
		return true;
	return dsa_irq_entry(m, (unsigned int)REG_GET(DSA_WQCFG_DW4_OCC_INT_HANDLE, dw4),
			     REG_GET(DSA_WQCFG_DW4_OCC_INT_TABLE, dw4), &entry);
}

static bool
opcfg_ok(const struct dsa_model *m, unsigned int wq)
{
	for (uint32_t w = 0; dsa_has_row(m, DSA_WQCFG_OPCFG) && w < 4; w++)
		if (regfile_value(m->regs, (struct reg_at){DSA_WQCFG_OPCFG, 0, wq, w}) &
		    ~m->opcap[w])
			return false;
	return true;
}

static bool
prs_ok(const struct dsa_model *m, uint64_t dw2)
{
	return !REG_GET(DSA_WQCFG_DW2_PRS_DISABLE, dw2) ||
	       (REG_GET(DSA_WQCAP_WQ_PRS_SUPPORT, m->wqcap) && dsa_evl_enabled(m) &&
		!REG_GET(DSA_WQCFG_DW2_BOF_EN, dw2));
}

enum dsa_command_error
dsa_enable_check_wq(const struct dsa_model *m, unsigned int wq)
{
	uint64_t dw2 = dsa_reg(m, DSA_WQCFG_DW2, wq), dw3 = dsa_reg(m, DSA_WQCFG_DW3, wq);

	if (m->wq_state[wq] != DSA_WQ_DISABLED)
		return DSA_ERROR_WQ_ENABLED;
	if (dsa_reg(m, DSA_WQCFG_DW0, wq) == 0)
		return DSA_ERROR_WQ_SIZE;
	if (REG_GET(DSA_WQCAP_PRIORITY, m->wqcap) && !REG_GET(DSA_WQCFG_DW2_PRIORITY, dw2))
		return DSA_ERROR_WQ_PRIORITY;
	if (!mode_ok(m, dw2))
		return DSA_ERROR_WQ_MODE;
	if (REG_GET(DSA_WQCFG_DW2_BOF_EN, dw2) &&
	    (!REG_GET(DSA_GENCAP_BLOCK_ON_FAULT, m->gencap) || !dsa_pci_prs(m)))
		return DSA_ERROR_WQ_BOF;
	if (!pasid_ok(m, dw2))
		return DSA_ERROR_WQ_PASID;
	if (!batch_ok(m, dw3))
		return DSA_ERROR_WQ_BATCH;
	if (REG_GET(DSA_WQCFG_DW3_MAX_XFER_SHIFT, dw3) >
	    REG_GET(DSA_GENCAP_MAX_XFER_SHIFT, m->gencap))
		return DSA_ERROR_WQ_TRANSFER;
	if (!priv_ok(m, dw2))
		return DSA_ERROR_WQ_PRIV;
	if (!occupancy_ok(m, wq))
		return DSA_ERROR_WQ_OCCUPANCY;
	if (REG_GET(DSA_WQCFG_DW2_ATS_DISABLE, dw2) && !REG_GET(DSA_WQCAP_WQ_ATS_SUPPORT, m->wqcap))
		return DSA_ERROR_WQ_ATS;
	if (!opcfg_ok(m, wq))
		return DSA_ERROR_WQ_OPCFG;
	if (!prs_ok(m, dw2))
		return DSA_ERROR_WQ_PRS;
	return DSA_ERROR_NONE;
}
