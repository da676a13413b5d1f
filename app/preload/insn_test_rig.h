/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_INSN_TEST_RIG_H
#define SLIPWAY_INSN_TEST_RIG_H

/**
 * @file
 * For insn_test.c and insn_forms_test.c: random registers, and memory that says how it was
 * accessed. One thread only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "insn.h"
#include "insn_native.h"

/** Flags of rflags. */
#define CF 0x001u
#define PF 0x004u
#define AF 0x010u
#define ZF 0x040u
#define SF 0x080u
#define DF 0x400u
#define OF 0x800u

/** Numbers of general registers. */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R12 = 12, R13 };

/** How registers differ from what insn_forms.def says of them; the words are its own. */
enum setup { FS = 1, GS = 2, WIDE = 4, BITS = 8, EQUAL = 16, LINE = 32 };

/** Base of %gs where a setup has GS. */
#define GS_BASE UINT64_C(0x1000)

/** Vector components that the test knows: SSE, AVX, masks, ZMM_Hi256, Hi16_ZMM. */
#define RIG_COMPONENTS 5

/** One of them, in an XSAVE area; `len` is 0 where the CPU has none. */
struct component {
	unsigned int bit, offset, len;
};

extern struct component rig_components[RIG_COMPONENTS];

enum access_kind { LOADED, STORED, POSTED, SUBMITTED };

struct access {
	enum access_kind kind;
	uint64_t addr;
	unsigned int len;
	bool supervisor;
};

/** What was accessed, of which the first are written down; with `real`, memory changes too. */
struct witness {
	struct access access[16];
	unsigned int count;
	bool real;
	int submit_result;
};

/** Memory whose context is a struct witness. */
extern const struct insn_memory rig_memory;

/** Map the test's memory and find the components: a group's setup. */
int rig_set_up(void **state);

uint64_t random64(void);

void random_bytes(void *bytes, size_t len);

/** Registers that point into the test's data where the setup has them so. */
void random_registers(struct native_state *state, unsigned int setup);

/** A state as insn_execute takes it. */
struct insn_regs rig_regs(struct native_state *state, uint64_t *rip);

/** Bytes of a component, zeros when it is in its initial state. */
void rig_component(const uint8_t *area, const struct component *component, uint8_t *bytes);

#endif /* SLIPWAY_INSN_TEST_RIG_H */
