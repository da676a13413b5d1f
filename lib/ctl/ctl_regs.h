/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CTL_REGS_H
#define SLIPWAY_CTL_REGS_H

/**
 * @file
 * The answer to "regs": the registers of a DLB that differ from their reset values; windows and a
 * virtual function's registers are left out.
 */

#include <stdint.h>

#include "ctl_text.h"
#include "dlb_regs.h"

/** A device whose registers can be read. */
struct ctl_registers {
	const char *model; /**< "dlb" */
	enum dlb_version version;
	const char *name; /**< what messages call it */
	uint32_t (*read)(void *arg, unsigned int bar, uint64_t off);
	void *arg;
};

/** Text of a version, "2.5". */
const char *ctl_version_name(enum dlb_version version);

/** A device whose memory space is off, or that sleeps, answers every read by ones. */
bool ctl_regs_silent(const struct ctl_registers *regs);

/** See to each register that differs from its reset value. */
void ctl_regs_visit(const struct ctl_registers *regs,
		    void (*visit)(void *arg, unsigned int bar, uint64_t off, uint32_t value),
		    void *arg);

/** Answer: {"device", "version", "registers": [[bar, offset, value], ...]}, or an error. */
void ctl_regs_answer(const struct ctl_registers *regs, struct ctl_text *t);

#endif /* SLIPWAY_CTL_REGS_H */
