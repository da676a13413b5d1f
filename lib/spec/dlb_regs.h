/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_REGS_H
#define SLIPWAY_DLB_REGS_H

/**
 * @file
 * Names of the DLB registers and fields, made from dlb_regs.def.
 *
 * `DLB_<REGISTER>` is the number of the row in dlb_reg_rows (dlb_reg_table.h);
 * `DLB_<REGISTER>_<FIELD>_HI` and `_LO` are the bits of a field, for REG_GET and REG_PUT.
 */

#include "reg.h"

/** Device version: index of the per-version columns. */
enum dlb_version { DLB_V20 = 0, DLB_V25 = 1 };

enum dlb_reg {
#define REG(name, ...) DLB_##name,
#define REG25(name, ...) DLB_##name,
#define REGS(name, ...) DLB_##name,
#define REGS2(name, ...) DLB_##name,
#define WINDOW(name, ...) DLB_##name,
#define FIELD(...)
#define FIELD20(...)
#define FIELD25(...)
#include "dlb_regs.def"
	DLB_REG_COUNT
};

enum dlb_field_bits {
#define REG(...)
#define REG25(...)
#define REGS(...)
#define REGS2(...)
#define WINDOW(...)
#define FIELD(reg, name, hi, lo) DLB_##reg##_##name##_HI = hi, DLB_##reg##_##name##_LO = lo,
#define FIELD20 FIELD
#define FIELD25 FIELD
#include "dlb_regs.def"
};

#endif /* SLIPWAY_DLB_REGS_H */
