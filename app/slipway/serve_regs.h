/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SERVE_REGS_H
#define SLIPWAY_SERVE_REGS_H

/**
 * @file
 * Registers of a served DLB by name, through the bus contract. Reading them changes nothing.
 */

#include <stdbool.h>

#include "bus.h"
#include "ctl_regs.h"

/** A device and how its registers lie. */
struct serve_regs {
	struct bus_device *dev;
	enum dlb_version version;
};

/** Instances of a register; 0 when this version has none. */
uint32_t serve_reg_count(const struct serve_regs *regs, enum dlb_reg row);

/** Offset of an instance in its BAR. */
uint64_t serve_reg_offset(const struct serve_regs *regs, enum dlb_reg row, uint32_t i);

/** What it is after a reset. */
uint32_t serve_reg_reset(const struct serve_regs *regs, enum dlb_reg row);

/** Is this offset one of a register's? Which one, in *i. */
bool serve_reg_is(const struct serve_regs *regs, enum dlb_reg row, unsigned int bar, uint64_t off,
		  uint32_t *i);

uint32_t serve_reg_read(const struct serve_regs *regs, enum dlb_reg row, uint32_t i);
void serve_reg_write(const struct serve_regs *regs, enum dlb_reg row, uint32_t i, uint32_t value);

/** A counter of 64 bits in two registers. */
uint64_t serve_reg_counter(const struct serve_regs *regs, enum dlb_reg low, enum dlb_reg high,
			   uint32_t i);

/** All of them, for lib/ctl. `name` is what messages call the device; all stay. */
struct ctl_registers serve_regs_all(const struct serve_regs *regs, const char *name);

/** Does the device answer no register now? */
bool serve_regs_silent(const struct serve_regs *regs);

#endif /* SLIPWAY_SERVE_REGS_H */
