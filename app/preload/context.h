/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CONTEXT_H
#define SLIPWAY_CONTEXT_H

/**
 * @file
 * Where a signal's context keeps the registers that struct insn_regs wants. Needs _GNU_SOURCE.
 */

#include <ucontext.h>

/** General registers in the order of the encoding, as indexes of uc_mcontext.gregs. */
static const int context_gregs[16] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

#endif /* SLIPWAY_CONTEXT_H */
