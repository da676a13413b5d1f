/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_LAYOUT_H
#define SLIPWAY_DSA_LAYOUT_H

/**
 * @file
 * Where one device has its tables, and how long they are: what VERSION, the capabilities and
 * OFFSETS say, and the rows of dsa_reg_table.h moved there.
 */

#include "dsa_reg_table.h"

struct dsa_layout {
	enum dsa_column version;
	unsigned int wqs;                /**< portals, too */
	uint32_t place[DSA_TABLE_COUNT]; /**< in BAR0, bytes; REG_NONE where there is none */
	uint32_t entries[DSA_TABLE_COUNT];
	uint32_t stride[DSA_TABLE_COUNT];
};

/** What a driver reads; the last three in configuration space. */
struct dsa_layout_caps {
	uint32_t version;
	uint64_t gencap, wqcap, grpcap, offsets[2];
	uint32_t vectors, msix_table, msix_pba;
};

static inline void
dsa_layout_table(struct dsa_layout *l, enum dsa_table t, uint64_t place, uint64_t entries)
{
	l->place[t] = entries == 0 ? REG_NONE : (uint32_t)place;
	l->entries[t] = (uint32_t)entries;
}

/** The layout behind those registers. */
static inline struct dsa_layout
dsa_layout_of(const struct dsa_layout_caps *c)
{
	struct dsa_layout l = {
#define T(name, at, n, step) .stride[DSA_TABLE_##name] = step,
		DSA_TABLES(T)
#undef T
	};

	l.version = c->version < 0x200 ? DSA_V1 : DSA_V2;
	l.wqs = (unsigned int)REG_GET(DSA_WQCAP_NUM_WQS, c->wqcap);
	l.stride[DSA_TABLE_WQCFG] = 32u << REG_GET(DSA_WQCAP_WQCFG_SIZE, c->wqcap);
	dsa_layout_table(&l, DSA_TABLE_MSIXPERM,
			 REG_GET(DSA_OFFSETS0_MSIXPERM, c->offsets[0]) * DSA_OFFSETS_UNIT,
			 c->vectors);
	dsa_layout_table(&l, DSA_TABLE_GRPCFG,
			 REG_GET(DSA_OFFSETS0_GRPCFG, c->offsets[0]) * DSA_OFFSETS_UNIT,
			 REG_GET(DSA_GRPCAP_NUM_GROUPS, c->grpcap));
	dsa_layout_table(&l, DSA_TABLE_WQCFG,
			 REG_GET(DSA_OFFSETS0_WQCFG, c->offsets[0]) * DSA_OFFSETS_UNIT, l.wqs);
	dsa_layout_table(&l, DSA_TABLE_PERFMON,
			 REG_GET(DSA_OFFSETS1_PERFMON, c->offsets[1]) * DSA_OFFSETS_UNIT,
			 REG_GET(DSA_OFFSETS1_PERFMON, c->offsets[1]) != 0);
	dsa_layout_table(&l, DSA_TABLE_MSIXTBL, c->msix_table, c->vectors);
	dsa_layout_table(&l, DSA_TABLE_MSIXPBA, c->msix_pba, (c->vectors + 63) / 64);
	dsa_layout_table(&l, DSA_TABLE_IMS,
			 REG_GET(DSA_OFFSETS0_IMS, c->offsets[0]) * DSA_OFFSETS_UNIT,
			 REG_GET(DSA_GENCAP_IMS_SIZE, c->gencap) * 256);
	dsa_layout_table(&l, DSA_TABLE_IDPT,
			 REG_GET(DSA_OFFSETS1_IDPT, c->offsets[1]) * DSA_OFFSETS_UNIT,
			 REG_GET(DSA_OFFSETS1_IDPT, c->offsets[1]) != 0
				 ? (uint64_t)DSA_SPR_IDPT_ENTRIES
				 : 0);
	return l;
}

/** A row of such a device. */
static inline struct reg_row
dsa_layout_row(const struct dsa_layout *l, enum dsa_reg row)
{
	static const uint32_t spr[] = {
#define T(name, at, n, step) at,
		DSA_TABLES(T)
#undef T
	};
	struct reg_row r = dsa_reg_rows[row];
	unsigned int t = dsa_reg_tables[row], v = l->version;

	if (row == DSA_PORTAL)
		r.count[v] = l->wqs;
	if (t == DSA_TABLE_NONE || r.offset[v] == REG_NONE)
		return r;
	if (l->place[t] == REG_NONE || (row == DSA_WQCFG_OPCFG && l->stride[t] < 64)) {
		r.offset[v] = REG_NONE;
		r.count[v] = 0;
		return r;
	}
	r.offset[v] += l->place[t] - spr[t];
	if (t != DSA_TABLE_PERFMON) {
		r.count[v] = l->entries[t];
		r.stride = l->stride[t];
	}
	return r;
}

/** All of them. */
static inline void
dsa_layout_rows(const struct dsa_layout *l, struct reg_row rows[DSA_REG_COUNT])
{
	for (unsigned int r = 0; r < DSA_REG_COUNT; r++)
		rows[r] = dsa_layout_row(l, (enum dsa_reg)r);
}

/** Offset in BAR0 of a register, bytes; this device has it. */
static inline uint64_t
dsa_layout_offset(const struct dsa_layout *l, enum dsa_reg row, uint32_t i, uint32_t word)
{
	struct reg_row r = dsa_layout_row(l, row);

	return r.offset[l->version] + (uint64_t)i * r.stride + (uint64_t)word * r.word_stride;
}

#endif /* SLIPWAY_DSA_LAYOUT_H */
