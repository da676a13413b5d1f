/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_model_priv.h"

#include <errno.h>
#include <string.h>

/* What the device is made of: capabilities by its configuration, tables where there is room for
 * them, and the values registers have after a reset (datasheet sections 3.2 to 3.8).
 */

#define WQS_DEFAULT       8
#define WQ_TOTAL_DEFAULT  128
#define GROUPS_DEFAULT    4
#define ENGINES_DEFAULT   4
#define TRANSFER_DEFAULT  31
#define BATCH_DEFAULT     10
/* Between the fixed registers and CMDPARAM. */
#define TABLES_FIRST      0x200u
#define TABLES_END        0xe000u
/* Priority and size of a WQ that software cannot configure. */
#define PRESET_PRIORITY   1

/* ---- Configuration ---- */

static unsigned int
or_default(unsigned int value, unsigned int fallback)
{
	return value == 0 ? fallback : value;
}

static int
config_complete(struct dsa_model_config *c)
{
	c->version = or_default(c->version, DSA_VERSION_1);
	c->wqs = or_default(c->wqs, WQS_DEFAULT);
	c->wq_total = or_default(c->wq_total, WQ_TOTAL_DEFAULT);
	c->groups = or_default(c->groups, GROUPS_DEFAULT);
	c->engines = or_default(c->engines, ENGINES_DEFAULT);
	c->max_transfer_shift = or_default(c->max_transfer_shift, TRANSFER_DEFAULT);
	c->max_batch_shift = or_default(c->max_batch_shift, BATCH_DEFAULT);
	if (c->version != DSA_VERSION_1 && c->version != DSA_VERSION_2)
		return -EINVAL;
	if (c->wqs > DSA_WQS_MAX || c->groups > DSA_GROUPS_MAX || c->engines > DSA_ENGINES_MAX)
		return -EINVAL;
	if (c->wq_total > UINT16_MAX || c->max_transfer_shift > 31 || c->max_batch_shift > 15)
		return -EINVAL;
	if (c->order > DSA_ORDER_SHUFFLED || c->configurable > DSA_CONFIG_NOTHING)
		return -EINVAL;
	/* Each has at least one entry. */
	if (c->configurable != DSA_CONFIG_ALL && c->wq_total < c->wqs)
		return -EINVAL;
	return 0;
}

static unsigned int
vectors(const struct dsa_model *m)
{
	return 1 + m->config.wqs;
}

/* ---- Where tables lie ---- */

static uint32_t
table_bytes(const struct dsa_layout *l, unsigned int t)
{
	return l->entries[t] * l->stride[t];
}

static bool
is_free(const struct dsa_layout *l, uint32_t at, uint32_t bytes)
{
	if (at < TABLES_FIRST || bytes > TABLES_END - at)
		return false;
	for (unsigned int t = 0; t < DSA_TABLE_COUNT; t++) {
		if (l->place[t] == REG_NONE)
			continue;
		if (at < l->place[t] + table_bytes(l, t) && l->place[t] < at + bytes)
			return false;
	}
	return true;
}

/* The next in a row of numbers by a seed: xorshift. */
static uint64_t
draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* At `want`, or in the first place after it, around the end, that has room. There is one: the
 * largest table is placed first, and all others together take up much less than what is left.
 */
static void
place(struct dsa_layout *l, unsigned int t, uint32_t want)
{
	uint32_t span = TABLES_END - TABLES_FIRST;

	for (uint32_t n = 0; n < span; n += DSA_OFFSETS_UNIT) {
		uint32_t at = TABLES_FIRST + (want - TABLES_FIRST + n) % span;

		if (is_free(l, at, table_bytes(l, t))) {
			l->place[t] = at;
			return;
		}
	}
}

static void
layout_create(struct dsa_model *m)
{
	static const uint8_t order[] = {DSA_TABLE_IMS, DSA_TABLE_PERFMON, DSA_TABLE_MSIXPERM,
					DSA_TABLE_GRPCFG, DSA_TABLE_WQCFG};
	static const uint32_t spr[] = {
#define T(name, at, n, step) at,
		DSA_TABLES(T)
#undef T
	};
	struct dsa_layout *l = &m->layout;
	/* Neighbouring seeds begin far apart. */
	uint64_t seed = (m->config.seed + 1) * UINT64_C(0x9e3779b97f4a7c15);

	*l = (struct dsa_layout){
		.version = m->version,
		.wqs = m->config.wqs,
#define T(name, at, n, step) .stride[DSA_TABLE_##name] = step, .entries[DSA_TABLE_##name] = n,
		DSA_TABLES(T)
#undef T
	};
	for (unsigned int t = 0; t < DSA_TABLE_COUNT; t++)
		l->place[t] = REG_NONE;
	l->entries[DSA_TABLE_MSIXPERM] = vectors(m);
	l->entries[DSA_TABLE_GRPCFG] = m->config.groups;
	l->entries[DSA_TABLE_WQCFG] = m->config.wqs;
	l->stride[DSA_TABLE_WQCFG] = m->version == DSA_V1 ? 32 : 64;
	l->entries[DSA_TABLE_MSIXTBL] = vectors(m);
	l->entries[DSA_TABLE_MSIXPBA] = (vectors(m) + 63) / 64;
	/* These are in configuration space, which says where they are on SPR. */
	l->place[DSA_TABLE_MSIXTBL] = DSA_SPR_MSIXTBL;
	l->place[DSA_TABLE_MSIXPBA] = DSA_SPR_MSIXPBA;
	for (unsigned int i = 0; i < sizeof(order); i++) {
		uint32_t want = spr[order[i]];

		if (m->config.scatter_tables)
			want = TABLES_FIRST + (uint32_t)(draw(&seed) % 0xb0) * DSA_OFFSETS_UNIT;
		place(l, order[i], want);
	}
	dsa_layout_rows(l, m->rows);
}

/* ---- Capabilities ---- */

/* What a register is after every reset. */
static void
constant(struct dsa_model *m, enum dsa_reg row, uint64_t value)
{
	m->rows[row].reset[m->version] = value;
}

static uint64_t
printed(const struct dsa_model *m, enum dsa_reg row)
{
	return dsa_reg_rows[row].reset[m->version];
}

static uint64_t
offset_units(const struct dsa_model *m, enum dsa_table t)
{
	return m->layout.place[t] / DSA_OFFSETS_UNIT;
}

static void
capabilities_create(struct dsa_model *m)
{
	const struct dsa_model_config *c = &m->config;
	uint64_t buffers = REG_GET(DSA_GRPCAP_TOTAL_READ_BUFFERS, printed(m, DSA_GRPCAP));

	m->gencap = printed(m, DSA_GENCAP);
	m->gencap = REG_SET(DSA_GENCAP_MAX_XFER_SHIFT, m->gencap, c->max_transfer_shift);
	m->gencap = REG_SET(DSA_GENCAP_MAX_BATCH_SHIFT, m->gencap, c->max_batch_shift);
	m->gencap = REG_SET(DSA_GENCAP_CONFIG_SUPPORT, m->gencap,
			    c->configurable == DSA_CONFIG_ALL);
	m->wqcap = printed(m, DSA_WQCAP);
	m->wqcap = REG_SET(DSA_WQCAP_TOTAL_WQ_SIZE, m->wqcap, c->wq_total);
	m->wqcap = REG_SET(DSA_WQCAP_NUM_WQS, m->wqcap, c->wqs);
	m->wqcap = REG_SET(DSA_WQCAP_SHARED_MODE, m->wqcap, !c->dedicated_only);
	m->opcap[0] = printed(m, DSA_OPCAP0);
	constant(m, DSA_GENCAP, m->gencap);
	constant(m, DSA_WQCAP, m->wqcap);
	constant(m, DSA_GRPCAP, REG_SET(DSA_GRPCAP_NUM_GROUPS, printed(m, DSA_GRPCAP), c->groups));
	constant(m, DSA_ENGCAP, REG_SET(DSA_ENGCAP_NUM_ENGINES, printed(m, DSA_ENGCAP), c->engines));
	constant(m, DSA_OFFSETS0,
		 REG_PUT(DSA_OFFSETS0_GRPCFG, offset_units(m, DSA_TABLE_GRPCFG)) |
			 REG_PUT(DSA_OFFSETS0_WQCFG, offset_units(m, DSA_TABLE_WQCFG)) |
			 REG_PUT(DSA_OFFSETS0_MSIXPERM, offset_units(m, DSA_TABLE_MSIXPERM)) |
			 REG_PUT(DSA_OFFSETS0_IMS, offset_units(m, DSA_TABLE_IMS)));
	constant(m, DSA_OFFSETS1,
		 REG_PUT(DSA_OFFSETS1_PERFMON, offset_units(m, DSA_TABLE_PERFMON)));
	constant(m, DSA_GENCFG, REG_PUT(DSA_GENCFG_GLOBAL_RB_LIMIT, buffers));
	constant(m, DSA_GRPFLAGS, REG_PUT(DSA_GRPFLAGS_RB_ALLOWED, buffers));
}

/* ---- After a reset ---- */

/* What is not the same for all instances, and what a device is preset to. */
static void
wq_preset(struct dsa_model *m, unsigned int wq)
{
	const struct dsa_model_config *c = &m->config;
	bool any_mode = c->configurable == DSA_CONFIG_MODE;
	uint64_t dw2 = REG_PUT(DSA_WQCFG_DW2_MODE, 1) |
		       REG_PUT(DSA_WQCFG_DW2_PRIORITY, PRESET_PRIORITY);

	for (uint32_t w = 0; dsa_has_row(m, DSA_WQCFG_OPCFG) && w < 4; w++)
		regfile_set(m->regs, (struct reg_at){.row = DSA_WQCFG_OPCFG, .i = wq, .word = w},
			    m->opcap[w]);
	if (c->configurable == DSA_CONFIG_ALL)
		return;
	dsa_reg_set(m, DSA_WQCFG_DW0, wq, c->wq_total / c->wqs);
	dsa_reg_set(m, DSA_WQCFG_DW1, wq, c->wq_total / c->wqs);
	dsa_reg_set(m, DSA_WQCFG_DW2, wq, dw2);
	dsa_reg_set(m, DSA_WQCFG_DW3, wq,
		    REG_PUT(DSA_WQCFG_DW3_MAX_XFER_SHIFT, c->max_transfer_shift) |
			    REG_PUT(DSA_WQCFG_DW3_MAX_BATCH_SHIFT, c->max_batch_shift));
	dsa_reg_set(m, DSA_WQCFG_DW6, wq, REG_PUT(DSA_WQCFG_DW6_MODE_SUPPORT, any_mode));
}

static void
groups_preset(struct dsa_model *m)
{
	/* As many as can have both WQs and engines. */
	uint32_t groups = m->config.groups, i;

	if (m->config.configurable == DSA_CONFIG_ALL)
		return;
	if (groups > m->config.wqs)
		groups = m->config.wqs;
	if (groups > m->config.engines)
		groups = m->config.engines;
	for (i = 0; i < m->config.wqs; i++)
		dsa_reg_set(m, DSA_GRPWQCFG, i % groups,
			    dsa_reg(m, DSA_GRPWQCFG, i % groups) | UINT64_C(1) << i);
	for (i = 0; i < m->config.engines; i++)
		dsa_reg_set(m, DSA_GRPENGCFG, i % groups,
			    dsa_reg(m, DSA_GRPENGCFG, i % groups) | UINT64_C(1) << i);
}

/* What a software reset leaves alone, section 3.8. */
static const struct kept {
	enum dsa_reg row;
} kept[] = {
	{DSA_CMDSTATUS}, {DSA_SWERROR0}, {DSA_SWERROR1}, {DSA_SWERROR2},  {DSA_SWERROR3},
	{DSA_EVLSTATUS}, {DSA_MSIX_ADDR}, {DSA_MSIX_DATA}, {DSA_MSIX_CTRL},
};
#define KEPT (sizeof(kept) / sizeof(kept[0]))

static void
kept_copy(struct dsa_model *m, uint64_t values[KEPT][DSA_VECTORS_MAX], bool back)
{
	for (unsigned int k = 0; k < KEPT; k++) {
		uint32_t n = m->rows[kept[k].row].count[m->version];

		for (uint32_t i = 0; i < n; i++) {
			if (back)
				dsa_reg_set(m, kept[k].row, i, values[k][i]);
			else
				values[k][i] = dsa_reg(m, kept[k].row, i);
		}
	}
}

void
dsa_config_reset(struct dsa_model *m, bool software)
{
	uint64_t values[KEPT][DSA_VECTORS_MAX];

	kept_copy(m, values, false);
	regfile_reset(m->regs);
	if (software)
		kept_copy(m, values, true);
	for (unsigned int wq = 0; wq < m->config.wqs; wq++)
		wq_preset(m, wq);
	groups_preset(m);
	dsa_perfmon_reset(m);
	memset(&m->handles, 0, sizeof(m->handles));
}

void
dsa_config_reset_wq(struct dsa_model *m, unsigned int wq)
{
	for (unsigned int row = DSA_WQCFG_DW1; row <= DSA_WQCFG_DW6; row++)
		dsa_reg_set(m, (enum dsa_reg)row, wq, 0);
	wq_preset(m, wq);
}

/* ---- Life ---- */

int
dsa_config_create(struct dsa_model *m)
{
	int ret = config_complete(&m->config);

	if (ret < 0)
		return ret;
	m->version = m->config.version == DSA_VERSION_1 ? DSA_V1 : DSA_V2;
	m->garbage = m->config.seed | 1;
	layout_create(m);
	capabilities_create(m);
	m->table = (struct reg_table){
		.rows = m->rows,
		.fields = dsa_reg_fields,
		.row_count = DSA_REG_COUNT,
		.field_count = DSA_REG_FIELD_COUNT,
	};
	m->regs = regfile_create(&m->table, m->version, NULL, 0, m);
	if (m->regs == NULL)
		return -ENOMEM;
	dsa_regs_hook(m);
	dsa_perfmon_hook(m);
	return 0;
}

void
dsa_config_destroy(struct dsa_model *m)
{
	regfile_destroy(m->regs);
}
