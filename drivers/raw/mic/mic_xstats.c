/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Extended statistics: section 26.4. What counts is never set back, since others read it as well:
 * a reset is remembered, and taken off.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_common.h>

#include "mic_priv.h"
#include "mic_state.h"

/* All that is counted at one time. */
struct counts {
	struct mic_dev_stats dev;
	struct mic_status state;
};

struct xstat {
	const char *name;
	uint64_t (*get)(const struct counts *c, unsigned int i);
	unsigned int i;
	bool level; /* it goes up and down: a reset leaves it alone */
};

#define COUNT(name, member)                                            \
	static uint64_t get_##name(const struct counts *c, unsigned int i) \
	{                                                              \
		RTE_SET_USED(i);                                       \
		return c->member;                                      \
	}

COUNT(smpt_map, dev.smpt_maps)
COUNT(smpt_unmap, dev.smpt_unmaps)
COUNT(smpt_fail, dev.smpt_failed)
COUNT(smpt_ref_bytes, dev.smpt_ref_bytes)
COUNT(smpt_entries_used, dev.smpt_entries_used)
COUNT(spurious, dev.spurious)
COUNT(rung, dev.rung)
COUNT(heartbeats, state.heartbeats)
COUNT(heartbeat_timeouts, state.heartbeat_timeouts)
COUNT(boots, state.boots)
COUNT(resets, state.resets)
COUNT(reset_failures, state.reset_failures)
COUNT(crashes, state.crashes)
COUNT(restarts, state.restarts)
COUNT(restarts_refused, state.restarts_refused)

static uint64_t
get_irq(const struct counts *c, unsigned int source)
{
	return c->dev.fired[source];
}

static const struct xstat xstats[] = {
	{"smpt_map", get_smpt_map, 0, false},
	{"smpt_unmap", get_smpt_unmap, 0, false},
	{"smpt_ref_bytes", get_smpt_ref_bytes, 0, true},
	{"smpt_entries_used", get_smpt_entries_used, 0, true},
	{"smpt_fail", get_smpt_fail, 0, false},
	{"irq_db0", get_irq, MIC_SOURCE_DOORBELL(0), false},
	{"irq_db1", get_irq, MIC_SOURCE_DOORBELL(1), false},
	{"irq_db2", get_irq, MIC_SOURCE_DOORBELL(2), false},
	{"irq_db3", get_irq, MIC_SOURCE_DOORBELL(3), false},
	{"irq_dma0", get_irq, MIC_SOURCE_DMA(0), false},
	{"irq_dma1", get_irq, MIC_SOURCE_DMA(1), false},
	{"irq_dma2", get_irq, MIC_SOURCE_DMA(2), false},
	{"irq_dma3", get_irq, MIC_SOURCE_DMA(3), false},
	{"irq_dma4", get_irq, MIC_SOURCE_DMA(4), false},
	{"irq_dma5", get_irq, MIC_SOURCE_DMA(5), false},
	{"irq_dma6", get_irq, MIC_SOURCE_DMA(6), false},
	{"irq_dma7", get_irq, MIC_SOURCE_DMA(7), false},
	{"irq_err", get_irq, MIC_SOURCE_ERROR, false},
	{"irq_spurious", get_spurious, 0, false},
	{"h2c_doorbells", get_rung, 0, false},
	{"heartbeat_rx", get_heartbeats, 0, false},
	{"heartbeat_timeouts", get_heartbeat_timeouts, 0, false},
	{"boots", get_boots, 0, false},
	{"resets", get_resets, 0, false},
	{"reset_failures", get_reset_failures, 0, false},
	{"crashes", get_crashes, 0, false},
	{"restarts", get_restarts, 0, false},
	{"restarts_refused", get_restarts_refused, 0, false},
};

static_assert(RTE_DIM(xstats) == MIC_XSTATS, "room for what they were at the last reset");

static void
count(const struct mic *mic, struct counts *c)
{
	mic_dev_stats(mic->dev, &c->dev);
	mic_state_status(mic->dev, &c->state);
}

static uint64_t
value_of(const struct mic *mic, const struct counts *c, unsigned int id)
{
	return xstats[id].get(c, xstats[id].i) - mic->xstats_base[id];
}

int
mic_xstats_get_names(const struct rte_rawdev *raw, struct rte_rawdev_xstats_name *names,
		     unsigned int size)
{
	unsigned int i;

	RTE_SET_USED(raw);
	for (i = 0; i < RTE_DIM(xstats) && i < size && names != NULL; i++)
		snprintf(names[i].name, sizeof(names[i].name), "%s", xstats[i].name);
	return RTE_DIM(xstats);
}

int
mic_xstats_get(const struct rte_rawdev *raw, const unsigned int ids[], uint64_t values[],
	       unsigned int n)
{
	const struct mic *mic = mic_of_id(raw->dev_id);
	struct counts c;
	unsigned int i;

	if (mic == NULL)
		return -ENODEV;
	count(mic, &c);
	for (i = 0; i < n; i++) {
		if (ids[i] >= RTE_DIM(xstats)) {
			MIC_LOG(ERR, mic->name, "xstat %u; accepted: 0..%zu", ids[i],
				RTE_DIM(xstats) - 1);
			return -EINVAL;
		}
		values[i] = value_of(mic, &c, ids[i]);
	}
	return (int)n;
}

uint64_t
mic_xstats_get_by_name(const struct rte_rawdev *raw, const char *name, unsigned int *id)
{
	const struct mic *mic = mic_of_id(raw->dev_id);
	struct counts c;
	unsigned int i;

	if (mic == NULL)
		return (uint64_t)-ENODEV;
	for (i = 0; i < RTE_DIM(xstats); i++) {
		if (strcmp(xstats[i].name, name) != 0)
			continue;
		if (id != NULL)
			*id = i;
		count(mic, &c);
		return value_of(mic, &c, i);
	}
	return (uint64_t)-EINVAL;
}

int
mic_xstats_reset(struct rte_rawdev *raw, const uint32_t ids[], uint32_t n)
{
	struct mic *mic = mic_of_id(raw->dev_id);
	uint32_t i, id, all = ids == NULL ? RTE_DIM(xstats) : n;
	struct counts c;

	if (mic == NULL)
		return -ENODEV;
	for (i = 0; i < all && ids != NULL; i++) {
		if (ids[i] >= RTE_DIM(xstats)) {
			MIC_LOG(ERR, mic->name, "xstat %u; accepted: 0..%zu", ids[i],
				RTE_DIM(xstats) - 1);
			return -EINVAL;
		}
	}
	count(mic, &c);
	for (i = 0; i < all; i++) {
		id = ids != NULL ? ids[i] : i;
		if (!xstats[id].level)
			mic->xstats_base[id] = xstats[id].get(&c, xstats[id].i);
	}
	return 0;
}
