/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_REG_TABLE_H
#define SLIPWAY_MIC_REG_TABLE_H

/**
 * @file
 * The MIC X100's registers as data: mic_reg_rows, indexed by enum mic_reg, and mic_reg_fields.
 * Include it in one source file per program: the model's register file, the dump. There is one
 * version, so both columns say the same.
 */

#include "mic_regs.h"

#define ROW(nm, block, off, n, st, by, acc, rst)                                                   \
	[MIC_##nm] = {.name = #nm,                                                                 \
		      .offset = {MIC_##block + (off), MIC_##block + (off)},                        \
		      .count = {n, n},                                                             \
		      .stride = st,                                                                \
		      .words = 1,                                                                  \
		      .word_stride = 0,                                                            \
		      .reset = {rst, rst},                                                         \
		      .access = REG_##acc,                                                         \
		      .bar = REG_BAR_4,                                                            \
		      .bytes = by},

static const struct reg_row mic_reg_rows[MIC_REG_COUNT] = {
#define REG(nm, block, off, acc, rst) ROW(nm, block, off, 1, 0, 4, acc, rst)
#define REGS(nm, block, off, n, st, acc, rst) ROW(nm, block, off, n, st, 4, acc, rst)
#define REG8S(nm, block, off, n, st, acc, rst) ROW(nm, block, off, n, st, 8, acc, rst)
#define FIELD(...)
#include "mic_regs.def"
};
#undef ROW

static const struct reg_field mic_reg_fields[] = {
#define REG(...)
#define REGS(...)
#define REG8S(...)
#define FIELD(reg, nm, h, l) {.name = #nm, .row = MIC_##reg, .hi = h, .lo = l, .versions = 3},
#include "mic_regs.def"
};

#define MIC_REG_FIELD_COUNT (sizeof(mic_reg_fields) / sizeof(mic_reg_fields[0]))

#endif /* SLIPWAY_MIC_REG_TABLE_H */
