/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_REG_TABLE_H
#define SLIPWAY_DLB_REG_TABLE_H

/**
 * @file
 * The DLB registers as data: dlb_reg_rows, indexed by enum dlb_reg, and dlb_reg_fields.
 * Include it in one source file per program: the driver's register access, the model's register
 * file, the dump.
 */

#include "dlb_regs.h"

#define NONE REG_NONE
#define ROW(nm, b, o20, o25, n20, n25, st, w, wst, acc, r20, r25)                                  \
	[DLB_##nm] = {.name = #nm,                                                                 \
		      .offset = {o20, o25},                                                        \
		      .count = {n20, n25},                                                         \
		      .stride = st,                                                                \
		      .words = w,                                                                  \
		      .word_stride = wst,                                                          \
		      .reset = {r20, r25},                                                         \
		      .access = REG_##acc,                                                         \
		      .bar = REG_BAR_##b,                                                          \
		      .bytes = 4},

static const struct reg_row dlb_reg_rows[DLB_REG_COUNT] = {
#define REG(nm, b, o20, o25, acc, rst)                                                             \
	ROW(nm, b, o20, o25, (o20) != NONE, (o25) != NONE, 0, 1, 0, acc, rst, rst)
#define REG25(nm, b, o20, o25, acc, r20, r25)                                                      \
	ROW(nm, b, o20, o25, 1, 1, 0, 1, 0, acc, r20, r25)
#define REGS(nm, b, o20, o25, n20, n25, st, acc, rst)                                              \
	ROW(nm, b, o20, o25, n20, n25, st, 1, 0, acc, rst, rst)
#define REGS2(nm, b, o20, o25, n, st, w, wst, acc, rst)                                            \
	ROW(nm, b, o20, o25, n, n, st, w, wst, acc, rst, rst)
#define WINDOW(nm, b, o20, o25, n20, n25, st) ROW(nm, b, o20, o25, n20, n25, st, 1, 0, WINDOW, 0, 0)
#define FIELD(...)
#define FIELD20(...)
#define FIELD25(...)
#include "dlb_regs.def"
#undef ROW
};

static const struct reg_field dlb_reg_fields[] = {
#define REG(...)
#define REG25(...)
#define REGS(...)
#define REGS2(...)
#define WINDOW(...)
#define FIELD(reg, nm, h, l) {.name = #nm, .row = DLB_##reg, .hi = h, .lo = l, .versions = 3},
#define FIELD20(reg, nm, h, l) {.name = #nm, .row = DLB_##reg, .hi = h, .lo = l, .versions = 1},
#define FIELD25(reg, nm, h, l) {.name = #nm, .row = DLB_##reg, .hi = h, .lo = l, .versions = 2},
#include "dlb_regs.def"
};
#undef NONE

#define DLB_REG_FIELD_COUNT (sizeof(dlb_reg_fields) / sizeof(dlb_reg_fields[0]))

#endif /* SLIPWAY_DLB_REG_TABLE_H */
