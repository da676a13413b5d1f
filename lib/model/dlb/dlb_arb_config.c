/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_arb.h"
#include "dlb_config.h"

/* Registers of the arbiters, datasheet sections 3.10 to 3.18, into wheels.
 *
 * What an 8-bit weight means is not public (open point 8). Known drivers make the weights of four
 * levels rise from strong to weak up to 255, in steps of the share, in 1/256, that the weak are to
 * have at the least: 0xfffdfbf9 for 1 %. So a weight is taken to be the last of 256 turns at which
 * its level, or a stronger one, goes first. The other reading is a level's share of all turns.
 */

#define TURNS 256u
/* Weights known drivers write, and the values after a reset: at most so many turns of 256 begin
 * with a weaker level than the strongest. The scheduler's own way gives them four.
 */
#define WEAK_TURNS_USUAL 8u

static uint32_t
weight_of(uint32_t word, uint32_t level)
{
	return word >> 8 * level & 0xff;
}

static void
wheel_by_edges(struct dlb_wheel *wheel, uint32_t word)
{
	for (uint32_t i = 0; i < DLB_ARB_LEVELS; i++)
		wheel->edge[i] = (uint16_t)(word == 0 ? 0 : weight_of(word, i) + 1);
}

static void
wheel_by_shares(struct dlb_wheel *wheel, uint32_t word)
{
	uint32_t all = 0, sum = 0;

	for (uint32_t i = 0; i < DLB_ARB_LEVELS; i++)
		all += weight_of(word, i);
	for (uint32_t i = 0; i < DLB_ARB_LEVELS; i++) {
		sum += weight_of(word, i);
		wheel->edge[i] = (uint16_t)(all == 0 ? 0 : sum * TURNS / all);
	}
}

/* Set a wheel; true when strong before weak is not near enough to it. A word of 0, which the
 * arbiters of slots are reset to, says nothing.
 */
static bool
wheel_set(const struct dlb_model *m, struct dlb_wheel *wheel, enum dlb_reg row)
{
	uint32_t word = dlb_reg_get(m, row, 0);

	if (m->config.open.weights_are_shares)
		wheel_by_shares(wheel, word);
	else
		wheel_by_edges(wheel, word);
	return word != 0 && wheel->edge[0] < TURNS + 1 - WEAK_TURNS_USUAL;
}

static bool
wheels_set(struct dlb_model *m)
{
	struct dlb_arb *a = &m->arb;
	bool slot = wheel_set(m, &a->slot, DLB_LSP_CFG_ARB_WEIGHT_LDB_QID_0);
	bool atomic = wheel_set(m, &a->atomic, DLB_ATM_CFG_ARB_WEIGHTS_RDY_BIN);
	bool other = wheel_set(m, &a->other, DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_NALB_0);
	bool directed = wheel_set(m, &a->directed, DLB_DP_CFG_ARB_WEIGHTS_TQPRI_DIR_0);

	return slot || atomic || other || directed;
}

/* Classes: each has its turns on the wheel, as far as those of the classes before it leave room;
 * turns that are nobody's are spread over all. True when the classes are not all alike.
 */
static bool
classes_set(struct dlb_model *m)
{
	struct dlb_arb *a = &m->arb;
	uint32_t sum = 0, before;
	bool differ = false;

	a->cos_no_extra = 0;
	a->cos_never = 0;
	for (uint32_t c = 0; c < DLB_COS; c++) {
		uint32_t word = a->cos_shadow[c];
		bool no_extra = REG_GET(DLB_LSP_CFG_SHDW_RANGE_COS_NO_EXTRA_CREDIT, word);

		before = sum;
		sum = dlb_min(TURNS,
			      sum + (uint32_t)REG_GET(DLB_LSP_CFG_SHDW_RANGE_COS_BW_RANGE, word));
		a->cos.edge[c] = (uint16_t)sum;
		a->cos_no_extra |= (uint8_t)(no_extra << c);
		a->cos_never |= (uint8_t)((no_extra && sum == before) << c);
		differ |= no_extra || word != a->cos_shadow[0];
	}
	if (sum < TURNS)
		a->cos_never = 0;
	return differ;
}

/* Limits of 2.5 in work units; QEs keep their weights while there are any. */
static bool
units_set(struct dlb_model *m)
{
	bool limited = false;

	for (uint32_t id = 0; id < DLB_LDB_PORTS; id++) {
		uint32_t word = m->config.version == DLB_V20
					? 0
					: dlb_reg_get(m, DLB_LSP_CFG_CQ_LDB_WU_LIMIT, id);

		m->arb.unit_limit[id] = UINT32_MAX;
		if (!REG_GET(DLB_LSP_CFG_CQ_LDB_WU_LIMIT_V, word))
			continue;
		m->arb.unit_limit[id] = (uint32_t)REG_GET(DLB_LSP_CFG_CQ_LDB_WU_LIMIT_LIMIT, word);
		limited = true;
	}
	m->carried = ~REG_MASK(DLB_QE_OWN);
	if (limited)
		m->carried |= REG_MASK(DLB_QE_WEIGHT);
	return limited;
}

/* Inflight thresholds of 2.5. One of 0 was never written. */
static bool
thresholds_set(struct dlb_model *m)
{
	struct dlb_arb *a = &m->arb;

	a->shuns_flows = m->config.open.threshold_shuns_flows && m->config.version == DLB_V25 &&
			 REG_GET(DLB_LSP_CFG_CTRL_GENERAL_0_ENAB_IF_THRESH,
				 dlb_reg_get(m, DLB_LSP_CFG_CTRL_GENERAL_0, 0));
	for (uint32_t id = 0; a->shuns_flows && id < DLB_LDB_PORTS; id++) {
		uint32_t threshold = dlb_reg_get(m, DLB_LSP_CQ_LDB_INFL_THRESH, id);

		a->flow_threshold[id] = threshold == 0 ? UINT32_MAX : threshold;
	}
	return a->shuns_flows;
}

static void
arb_set(struct dlb_model *m)
{
	bool weights = wheels_set(m), classes = classes_set(m), units = units_set(m);
	bool thresholds = thresholds_set(m);

	m->arbitrated = weights || classes || units || thresholds ||
			m->config.open.stage_until_completion;
	dlb_config_links(m);
}

static void
arb_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)at;
	(void)value;
	arb_set(dlb_model_of(owner));
}

static void
shadow_latch(struct dlb_model *m)
{
	for (uint32_t c = 0; c < DLB_COS; c++)
		m->arb.cos_shadow[c] = dlb_reg_get(m, DLB_LSP_CFG_SHDW_RANGE_COS, c);
	arb_set(m);
}

static void
shadow_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)at;
	if (REG_GET(DLB_LSP_CFG_SHDW_CTRL_TRANSFER, value))
		shadow_latch(dlb_model_of(owner));
}

static const struct reg_hook hooks[] = {
	{DLB_ATM_CFG_ARB_WEIGHTS_RDY_BIN, NULL, arb_wrote},
	{DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_NALB_0, NULL, arb_wrote},
	{DLB_DP_CFG_ARB_WEIGHTS_TQPRI_DIR_0, NULL, arb_wrote},
	{DLB_LSP_CFG_ARB_WEIGHT_LDB_QID_0, NULL, arb_wrote},
	{DLB_LSP_CFG_CQ_LDB_WU_LIMIT, NULL, arb_wrote},
	{DLB_LSP_CQ_LDB_INFL_THRESH, NULL, arb_wrote},
	{DLB_LSP_CFG_CTRL_GENERAL_0, NULL, arb_wrote},
	{DLB_LSP_CFG_SHDW_CTRL, NULL, shadow_wrote},
};

void
dlb_arb_hook(struct dlb_model *m)
{
	DLB_HOOK(m, hooks);
}

void
dlb_arb_reset(struct dlb_model *m)
{
	memset(&m->arb, 0, sizeof(m->arb));
	shadow_latch(m);
}
