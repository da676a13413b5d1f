/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_INSN_NATIVE_H
#define SLIPWAY_INSN_NATIVE_H

/**
 * @file
 * For the tests of insn_execute: all of a thread's registers, and one instruction run on the CPU
 * with them. One thread only.
 */

#include <stddef.h>
#include <stdint.h>

/** Memory of the test, at addresses that instructions can name: one page of code, then data. */
#define TEST_CODE       0x20000000
#define TEST_DATA       0x20002000
#define TEST_DATA_BYTES 0x1000

/** Room for SSE, AVX and AVX-512 in an XSAVE area of the standard format. */
#define NATIVE_XSAVE 4096

struct native_state {
	uint64_t gpr[16]; /**< in the order of the encoding */
	uint64_t rflags;
	uint8_t xsave[NATIVE_XSAVE] __attribute__((aligned(64)));
};

/** Map code and data. 0, or a negative errno when the addresses are taken. */
int native_init(void);

/** State components that native_run sets and saves: those of XCR0 out of SSE, AVX, AVX-512. */
uint64_t native_components(void);

/** Run an instruction that does not jump, at TEST_CODE, with these registers; they change. */
void native_run(const void *code, size_t len, struct native_state *state);

/** Give %gs this base. */
void native_set_gs(uint64_t base);

/** Base of %fs. */
uint64_t native_fs(void);

#endif /* SLIPWAY_INSN_NATIVE_H */
