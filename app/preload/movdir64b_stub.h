/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MOVDIR64B_STUB_H
#define SLIPWAY_MOVDIR64B_STUB_H

/**
 * @file
 * MOVDIR64B as code that any x86-64 runs: eight loads and stores of 8 bytes, upwards, and a jump
 * back. Registers, flags and what lies below the stack pointer stay as they are.
 */

#include <stdbool.h>
#include <stdint.h>

#include "insn.h"

/** Can this one be replaced? It has room for a jump, and plain registers for both addresses. */
bool movdir64b_replaceable(const struct insn *insn);

/**
 * Write the code into a page that will run where it lies, and jumps to `back` at its end.
 *
 * @return bytes written; the last JMP_BYTES of them are that jump
 */
unsigned int movdir64b_stub(uint8_t *page, const struct insn *insn, uint64_t back);

#endif /* SLIPWAY_MOVDIR64B_STUB_H */
