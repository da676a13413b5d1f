/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CODE_H
#define SLIPWAY_CODE_H

/**
 * @file
 * The instruction at which a thread stopped, decoded, and remembered for the next time. For any
 * thread, in signal handlers.
 */

#include <stdint.h>

#include "insn.h"

/** What the shim has to tell apart. */
enum code_kind {
	CODE_PLAIN,  /**< loads, stores, and arithmetic with memory */
	CODE_STRING, /**< MOVS and the like, which may take several turns */
	CODE_LINE,   /**< MOVDIR64B */
	CODE_DIRECT, /**< MOVDIRI */
	CODE_SUBMIT, /**< ENQCMD, ENQCMDS */
};

/** An instruction in memory. */
struct code {
	uint64_t rip;
	uint8_t bytes[INSN_MAX]; /**< what is there; after the instruction, whatever follows */
	uint8_t count;           /**< how many of these could be read */
	struct insn insn;
	enum code_kind kind;
};

/** Read the instruction at code->rip: rip, bytes and count. */
void code_fetch(uint64_t rip, struct code *code);

/**
 * Decode what was fetched: insn and kind.
 *
 * @return 0, -EINVAL when it is no instruction, -ENOTSUP when it is one that insn_execute does not
 *         know
 */
int code_decode(struct code *code);

#endif /* SLIPWAY_CODE_H */
