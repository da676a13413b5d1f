/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_REG_TABLE_H
#define SLIPWAY_DSA_REG_TABLE_H

/**
 * @file
 * The DSA registers as data: dsa_reg_rows, indexed by enum dsa_reg, with tables at their places on
 * SPR, dsa_reg_tables, and dsa_reg_fields. Include it in one source file per program: the model's
 * register file, the dump. What a device has and where is for dsa_layout.h to say.
 */

#include "dsa_regs.h"

enum dsa_table_spr {
#define T(name, at, n, step)                                                                       \
	DSA_SPR_##name = at, DSA_SPR_##name##_ENTRIES = n, DSA_SPR_##name##_STRIDE = step,
	DSA_TABLES(T)
#undef T
};

#define NONE REG_NONE
#define ROW(nm, b, o1, o2, n, st, w, wst, by, acc, r1, r2)                                         \
	[DSA_##nm] = {.name = #nm,                                                                 \
		      .offset = {o1, o2},                                                          \
		      .count = {(o1) == NONE ? 0 : (n), n},                                        \
		      .stride = st,                                                                \
		      .words = w,                                                                  \
		      .word_stride = wst,                                                          \
		      .reset = {r1, r2},                                                           \
		      .access = REG_##acc,                                                         \
		      .bar = REG_BAR_##b,                                                          \
		      .bytes = by},
#define TABLE(nm, t, o1, o2, w, by, acc, rst)                                                      \
	ROW(nm, 0, o1, o2, DSA_SPR_##t##_ENTRIES, DSA_SPR_##t##_STRIDE, w, (w) > 1 ? (by) : 0, by,   \
	    acc, rst, rst)

static const struct reg_row dsa_reg_rows[DSA_REG_COUNT] = {
#define REG(nm, off, by, acc, rst) ROW(nm, 0, off, off, 1, 0, 1, 0, by, acc, rst, rst)
#define REGV(nm, off, by, acc, r1, r2) ROW(nm, 0, off, off, 1, 0, 1, 0, by, acc, r1, r2)
#define REG2(nm, off, by, acc, rst) ROW(nm, 0, NONE, off, 1, 0, 1, 0, by, acc, 0, rst)
#define ENTRY(nm, t, off, w, by, acc, rst)                                                         \
	TABLE(nm, t, DSA_SPR_##t + (off), DSA_SPR_##t + (off), w, by, acc, rst)
#define ENTRY2(nm, t, off, w, by, acc, rst) TABLE(nm, t, NONE, DSA_SPR_##t + (off), w, by, acc, rst)
#define PERF(nm, off, n, st, w, by, acc, rst)                                                      \
	ROW(nm, 0, DSA_SPR_PERFMON + (off), DSA_SPR_PERFMON + (off), n, st, w,                       \
	    (w) > 1 ? (by) : 0, by, acc, rst, rst)
#define WINDOW(nm, b, off, n, st, w, wst) ROW(nm, b, off, off, n, st, w, wst, 64, WINDOW, 0, 0)
#define FIELD(...)
#include "dsa_regs.def"
};
#undef TABLE
#undef ROW
#undef NONE

/** The table that each row is of. */
static const uint8_t dsa_reg_tables[DSA_REG_COUNT] = {
#define REG(nm, ...) [DSA_##nm] = DSA_TABLE_NONE,
#define REGV REG
#define REG2 REG
#define ENTRY(nm, t, ...) [DSA_##nm] = DSA_TABLE_##t,
#define ENTRY2 ENTRY
#define PERF(nm, ...) [DSA_##nm] = DSA_TABLE_PERFMON,
#define WINDOW REG
#define FIELD(...)
#include "dsa_regs.def"
};

static const struct reg_field dsa_reg_fields[] = {
#define REG(...)
#define REGV(...)
#define REG2(...)
#define ENTRY(...)
#define ENTRY2(...)
#define PERF(...)
#define WINDOW(...)
#define FIELD(reg, nm, h, l) {.name = #nm, .row = DSA_##reg, .hi = h, .lo = l, .versions = 3},
#include "dsa_regs.def"
};

#define DSA_REG_FIELD_COUNT (sizeof(dsa_reg_fields) / sizeof(dsa_reg_fields[0]))

#endif /* SLIPWAY_DSA_REG_TABLE_H */
