/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_share_priv.h"

/* Writes to what is the share's that may name what is not. Reset values are always taken, as drivers
 * restore them; where one would name somebody else's (domain 0, queue 0, history entry 0), it reads
 * back, and the device goes on with something that is the share's.
 */

const struct dlb_port_rows dlb_port_rows[2] = {
	{
		DLB_SYS_LDB_PP_V, DLB_SYS_LDB_PP2VAS, DLB_CHP_LDB_CQ2VAS, DLB_SYS_LDB_CQ_PASID,
		DLB_LSP_CQ_LDB_DSBL, DLB_CHP_LDB_CQ_WPTR, DLB_LSP_CQ_LDB_TKN_CNT,
		DLB_CHP_LDB_CQ_TKN_DEPTH_SEL, DLB_LSP_CQ_LDB_TKN_DEPTH_SEL,
		DLB_SYS_LDB_CQ_ISR, DLB_SYS_LDB_CQ_AI_DATA, DLB_SYS_LDB_CQ_AI_ADDR,
		DLB_SYS_LDB_CQ_AI_ADDR_L, DLB_CHP_LDB_CQ_INT_ENB, DLB_CHP_LDB_CQ_WD_ENB,
	},
	{
		DLB_SYS_DIR_PP_V, DLB_SYS_DIR_PP2VAS, DLB_CHP_DIR_CQ2VAS, DLB_SYS_DIR_CQ_PASID,
		DLB_LSP_CQ_DIR_DSBL, DLB_CHP_DIR_CQ_WPTR, DLB_LSP_CQ_DIR_TKN_CNT,
		DLB_CHP_DIR_CQ_TKN_DEPTH_SEL, DLB_LSP_CQ_DIR_TKN_DEPTH_SEL_DSI,
		DLB_SYS_DIR_CQ_ISR, DLB_SYS_DIR_CQ_AI_DATA, DLB_SYS_DIR_CQ_AI_ADDR,
		DLB_SYS_DIR_CQ_AI_ADDR_L, DLB_CHP_DIR_CQ_INT_ENB, DLB_CHP_DIR_CQ_WD_ENB,
	},
};

#define CQ_SLOT_BITS 8
#define CQ_SLOT_MASK 0x7fu
#define CQS_PER_WORD 4

/* ---- Who the port belongs to: settled when the share was made ---- */

bool
dlb_write_vas(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	uint32_t vas = (uint32_t)REG_GET(DLB_SYS_LDB_PP2VAS_VAS, value);

	if (vas != 0 && vas != s->domain)
		return false;
	dlb_share_keep(s, at, value);
	return true;
}

/* Its address space is the client's, which the device knows by a PASID of ours. */
bool
dlb_write_pasid(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	if (REG_GET(DLB_SYS_LDB_CQ_PASID_FMT2, value))
		return false;
	dlb_share_keep(s, at, value);
	return true;
}

/* Other address types, virtual functions, the interrupt mode: not for a share. */
bool
dlb_write_zero(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	(void)s;
	(void)at;
	return value == 0;
}

bool
dlb_write_owner(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	if (REG_GET(DLB_SYS_LDB_CQ2VF_PF_RO_VF, value))
		return false;
	dlb_hub_write_at(s->hub, at, value);
	return true;
}

/* ---- What COMMAND switches off ---- */

void
dlb_share_gate(struct dlb_share *s, bool directed, uint32_t i)
{
	const struct dlb_port_rows *r = &dlb_port_rows[directed];

	dlb_hub_write(s->hub, r->valid, i, s->answers ? regfile_get(s->regs, r->valid, i) : 0);
	dlb_hub_write(s->hub, r->disabled, i,
		      s->may_master ? regfile_get(s->regs, r->disabled, i) : 1);
}

bool
dlb_write_valid(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	dlb_share_keep(s, at, value);
	dlb_hub_write_at(s->hub, at, s->answers ? value : 0);
	return true;
}

bool
dlb_write_disabled(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	dlb_share_keep(s, at, value);
	dlb_hub_write_at(s->hub, at, s->may_master ? value : 1);
	return true;
}

/* ---- History lists ---- */

static bool
in_history(const struct dlb_share *s, uint32_t entry)
{
	return entry >= s->history[0] && entry <= s->history[1];
}

bool
dlb_write_history(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	if (value != 0 && !in_history(s, value))
		return false;
	dlb_share_keep(s, at, value);
	dlb_hub_write_at(s->hub, at, in_history(s, value) ? value : s->history[0]);
	return true;
}

bool
dlb_write_pointer(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	uint32_t entry = (uint32_t)REG_GET(DLB_CHP_HIST_LIST_PUSH_PTR_PUSH_PTR, value);

	if (value != 0 && !in_history(s, entry))
		return false;
	if (!in_history(s, entry))
		value = s->history[0];
	dlb_hub_write_at(s->hub, at, value);
	return true;
}

/* ---- Links ---- */

static uint32_t
slot_of(uint32_t word, unsigned int k)
{
	return word >> k * CQ_SLOT_BITS & CQ_SLOT_MASK;
}

/* Does a word of CQ2QID put somebody else's queue into a slot? Queue 0 may be nobody. */
static bool
names_others(const struct dlb_share *s, struct reg_at at, uint32_t value)
{
	uint32_t old = regfile_get(s->regs, at.row, at.i);

	for (unsigned int k = 0; k < DLB_CQ_SLOTS / 2; k++) {
		uint32_t q = slot_of(value, k);

		if (q != 0 && q != slot_of(old, k) && !dlb_share_has_queue(s, q))
			return true;
	}
	return false;
}

/* Bits V of the slots that hold a queue of ours. */
static uint32_t
own_slots(const struct dlb_share *s, uint32_t cq)
{
	uint32_t valid = 0;

	for (unsigned int k = 0; k < DLB_CQ_SLOTS; k++) {
		uint32_t word = regfile_get(s->regs, k < 4 ? DLB_LSP_CQ2QID0 : DLB_LSP_CQ2QID1, cq);

		if (dlb_share_has_queue(s, slot_of(word, k % 4)))
			valid |= UINT32_C(1) << (DLB_LSP_CQ2PRIOV_V_LO + k);
	}
	return valid;
}

/* A slot may be made valid before its queue is written, and is then in force with the latter. One
 * that loses its queue is closed first.
 */
bool
dlb_write_slots(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	uint32_t priov;

	if (at.row != DLB_LSP_CQ2PRIOV && names_others(s, at, value))
		return false;
	dlb_share_keep(s, at, value);
	priov = regfile_get(s->regs, DLB_LSP_CQ2PRIOV, at.i);
	priov &= own_slots(s, at.i) | (uint32_t)~REG_MASK(DLB_LSP_CQ2PRIOV_V);
	dlb_hub_write(s->hub, DLB_LSP_CQ2PRIOV, at.i,
		      priov & dlb_hub_read(s->hub, DLB_LSP_CQ2PRIOV, at.i));
	if (at.row != DLB_LSP_CQ2PRIOV)
		dlb_hub_write_at(s->hub, at, value);
	dlb_hub_write(s->hub, DLB_LSP_CQ2PRIOV, at.i, priov);
	return true;
}

/* The bytes of a word are CQs. */
bool
dlb_write_queue_side(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	uint32_t old = dlb_hub_read_at(s->hub, at), own = 0;

	for (unsigned int b = 0; b < CQS_PER_WORD; b++)
		if (dlb_share_has_port(s, false, at.word * CQS_PER_WORD + b))
			own |= UINT32_C(0xff) << b * 8;
	if ((value ^ old) & ~own)
		return false;
	dlb_hub_write_at(s->hub, at, value);
	return true;
}

bool
dlb_write_sched_ctrl(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	if (!dlb_share_has_port(s, false, (uint32_t)REG_GET(DLB_LSP_LDB_SCHED_CTRL_CQ, value)))
		return false;
	dlb_hub_write_at(s->hub, at, value);
	return true;
}

bool
dlb_write_opt_clr(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	if (!dlb_share_has_port(s, true, (uint32_t)REG_GET(DLB_SYS_DIR_CQ_OPT_CLR_CQ, value)))
		return false;
	dlb_hub_write_at(s->hub, at, value);
	return true;
}

/* ---- Ordering ---- */

static bool
is_own_window(const struct dlb_share *s, uint32_t map)
{
	uint32_t group = (uint32_t)REG_GET(DLB_CHP_ORD_QID_SN_MAP_GRP, map);

	return dlb_share_has_slot(s, group, (uint32_t)REG_GET(DLB_CHP_ORD_QID_SN_MAP_SLOT, map)) &&
	       REG_GET(DLB_CHP_ORD_QID_SN_MAP_MODE, map) == s->hub->pool.sn_mode[group];
}

/* What a queue without numbers has in here does not count, so the device need not know it. */
bool
dlb_write_sn_map(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	if (value != 0 && !is_own_window(s, value))
		return false;
	dlb_share_keep(s, at, value);
	if (is_own_window(s, value))
		dlb_hub_write_at(s->hub, at, value);
	else
		dlb_hub_write(s->hub, DLB_SYS_LDB_QID_CFG_V, at.i,
			      dlb_hub_read(s->hub, DLB_SYS_LDB_QID_CFG_V, at.i) &
				      (uint32_t)~REG_MASK(DLB_SYS_LDB_QID_CFG_V_SN_CFG_V));
	return true;
}

bool
dlb_write_queue_cfg(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	if (REG_GET(DLB_SYS_LDB_QID_CFG_V_SN_CFG_V, value) &&
	    !is_own_window(s, regfile_get(s->regs, DLB_CHP_ORD_QID_SN_MAP, at.i)))
		return false;
	dlb_hub_write_at(s->hub, at, value);
	return true;
}

/* ---- Amounts ---- */

static bool
any_port_open(struct dlb_share *s)
{
	for (uint32_t i = 0; i < DLB_LDB_PORTS; i++)
		if (dlb_share_has_port(s, false, i) && dlb_hub_read(s->hub, DLB_SYS_LDB_PP_V, i))
			return true;
	for (uint32_t i = 0; i < s->hub->dir_ports; i++)
		if (dlb_share_has_port(s, true, i) && dlb_hub_read(s->hub, DLB_SYS_DIR_PP_V, i))
			return true;
	return false;
}

/* A write loads what is free. What is stored besides has its credits, too, and the sum must stay
 * within the share: so nothing may come in meanwhile, and what leaves makes the sum no larger.
 */
bool
dlb_write_credits(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	bool directed = at.row == DLB_CHP_CFG_DIR_VAS_CRD;
	enum dlb_res res = directed ? DLB_RES_DIR_CREDITS : DLB_RES_CREDITS;
	uint32_t free, stored;

	if (any_port_open(s))
		return false;
	free = dlb_hub_read_at(s->hub, at);
	stored = s->credits[directed] > free ? s->credits[directed] - free : 0;
	if (value > dlb_pool_held(&s->hub->pool, s->domain, res) ||
	    value + stored > dlb_pool_held(&s->hub->pool, s->domain, res))
		return false;
	dlb_hub_write_at(s->hub, at, value);
	s->credits[directed] = value + stored;
	return true;
}

bool
dlb_write_atomic(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	uint64_t sum = value;

	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++)
		if (q != at.i && dlb_share_has_queue(s, q))
			sum += dlb_hub_read(s->hub, DLB_LSP_QID_AQED_ACTIVE_LIM, q);
	if (sum > dlb_pool_held(&s->hub->pool, s->domain, DLB_RES_ATOMIC))
		return false;
	dlb_hub_write_at(s->hub, at, value);
	return true;
}

/* ---- A bit for each port ---- */

/* The first port of a row, and its kind. */
static uint32_t
first_of(enum dlb_reg row, bool *directed)
{
	*directed = row == DLB_CHP_DIR_CQ_INTR_ARMED0 || row == DLB_CHP_DIR_CQ_INTR_ARMED1 ||
		    row == DLB_CHP_CFG_DIR_WDTO_0 || row == DLB_CHP_CFG_DIR_WDTO_1 ||
		    row == DLB_CHP_CFG_DIR_WD_DISABLE0 || row == DLB_CHP_CFG_DIR_WD_DISABLE1;
	return row == DLB_CHP_DIR_CQ_INTR_ARMED1 || row == DLB_CHP_LDB_CQ_INTR_ARMED1 ||
			       row == DLB_CHP_CFG_DIR_WDTO_1 || row == DLB_CHP_CFG_LDB_WDTO_1 ||
			       row == DLB_CHP_CFG_DIR_WD_DISABLE1 ||
			       row == DLB_CHP_CFG_LDB_WD_DISABLE1
		       ? 32
		       : 0;
}

uint32_t
dlb_share_bits(const struct dlb_share *s, enum dlb_reg row)
{
	bool directed;
	uint32_t first = first_of(row, &directed), bits = 0;

	for (uint32_t i = 0; i < 32; i++)
		bits |= (uint32_t)dlb_share_has_port(s, directed, first + i) << i;
	return bits;
}

bool
dlb_write_bits(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	uint32_t own = dlb_share_bits(s, (enum dlb_reg)at.row);

	/* A one acts, a zero does nothing: the others' stay as they are. */
	dlb_hub_write_at(s->hub, at, value & own);
	return (value & ~own) == 0;
}
