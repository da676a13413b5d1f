/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SERVE_DSA_REGS_H
#define SLIPWAY_SERVE_DSA_REGS_H

/**
 * @file
 * Registers of a served DSA by name, through the bus contract.
 */

#include "bus.h"
#include "dsa_regs.h"

struct serve_dsa_regs {
	struct bus_device *dev;
	/** Where register [row] is: BAR 0, of entry 0 and word 0. REG_NONE: nowhere. */
	struct {
		uint32_t offset, stride, word_stride, count;
		uint8_t bytes;
	} at[DSA_REG_COUNT];
};

/** Learn where a device has what; its memory space is on. */
void serve_dsa_regs_find(struct serve_dsa_regs *regs, struct bus_device *dev);

uint64_t serve_dsa_read(const struct serve_dsa_regs *regs, enum dsa_reg reg, uint32_t i,
			uint32_t word);
void serve_dsa_write(const struct serve_dsa_regs *regs, enum dsa_reg reg, uint32_t i, uint32_t word,
		     uint64_t value);

#endif /* SLIPWAY_SERVE_DSA_REGS_H */
