/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_INSN_PRIV_H
#define SLIPWAY_INSN_PRIV_H

/**
 * @file
 * What the decoder tells the executor, and the parts of the executor. Nothing here is for others.
 */

#include "insn.h"

/** Registers that are none of the sixteen. */
#define INSN_RIP  16
#define INSN_NONE 255

/** What is done; 0 is for what we do not know. */
enum insn_op {
	INSN_LOAD = 1, /**< register = memory */
	INSN_STORE,    /**< memory = register or immediate */
	INSN_VLOAD,    /**< the same with a vector register */
	INSN_VSTORE,
	INSN_STOS,
	INSN_LODS,
	INSN_MOVS,
	INSN_ALU,   /**< two operands, one of them memory; `alu` says what */
	INSN_UNARY, /**< memory = f(memory); `alu` again */
	INSN_BIT,   /**< BT, BTS, BTR, BTC */
	INSN_XCHG,
	INSN_XADD,
	INSN_CMPXCHG,
	INSN_MOVDIR64B,
	INSN_ENQCMD,
	INSN_ENQCMDS,
};

/** Arithmetic of INSN_ALU, INSN_UNARY and INSN_BIT. */
enum insn_alu {
	INSN_ADD,
	INSN_OR,
	INSN_ADC,
	INSN_SBB,
	INSN_AND,
	INSN_SUB,
	INSN_XOR,
	INSN_CMP,
	INSN_TEST,
	INSN_INC,
	INSN_DEC,
	INSN_NEG,
	INSN_NOT,
	INSN_BT,
	INSN_BTS,
	INSN_BTR,
	INSN_BTC,
};

/** Flags of struct insn. */
enum {
	INSN_SIGN = 1 << 0,   /**< extend the sign of what was loaded */
	INSN_SWAP = 1 << 1,   /**< MOVBE */
	INSN_HIGH = 1 << 2,   /**< the register is AH, CH, DH or BH, as number 4 to 7 */
	INSN_IMM = 1 << 3,    /**< `imm` in place of a register */
	INSN_TO_REG = 1 << 4, /**< of INSN_ALU: the result goes to the register */
	INSN_ADDR32 = 1 << 5, /**< addresses and counts of 32 bits */
	INSN_REP = 1 << 6,
	INSN_ZERO = 1 << 7,  /**< clears the vector register above what it writes: VEX, EVEX */
	INSN_MERGE = 1 << 8, /**< replaces 8 bytes of the low 16 of `from` */
	INSN_UPPER = 1 << 9, /**< those are bytes 8 to 15 */
	INSN_FS = 1 << 10,
	INSN_GS = 1 << 11,
	INSN_KEEP = 1 << 12, /**< what the mask leaves out of a register stays, not zero */
};

/** A vector register, whole. */
struct insn_vector {
	uint8_t bytes[64];
};

/** The rflags that insn_alu works on. */
#define INSN_CF     (UINT64_C(1) << 0)
#define INSN_PF     (UINT64_C(1) << 2)
#define INSN_AF     (UINT64_C(1) << 4)
#define INSN_ZF     (UINT64_C(1) << 6)
#define INSN_SF     (UINT64_C(1) << 7)
#define INSN_DF     (UINT64_C(1) << 10)
#define INSN_OF     (UINT64_C(1) << 11)
#define INSN_STATUS (INSN_CF | INSN_PF | INSN_AF | INSN_ZF | INSN_SF | INSN_OF)

/**
 * The arithmetic of `alu` on operands of `size` bytes, in insn_alu.c.
 *
 * @param a the destination's value; above `size` bytes it does not matter, nor for `b`
 * @param rflags in and out
 * @return the result in `size` bytes, zeros above; for CMP, TEST and BT, `a`
 */
uint64_t insn_alu(enum insn_alu alu, uint64_t a, uint64_t b, unsigned int size, uint64_t *rflags);

/** Low `size` (1, 2, 4, 8) bytes of a value. */
static inline uint64_t
insn_low(uint64_t value, unsigned int size)
{
	return value & (~UINT64_C(0) >> (64 - 8 * size));
}

/** Vector register 0 to 31 out of an XSAVE area, in insn_vector.c. */
struct insn_vector insn_vector_get(const struct insn_regs *regs, unsigned int reg);

/** Mask register 0 to 7 out of an XSAVE area. */
uint64_t insn_mask_get(const struct insn_regs *regs, unsigned int reg);

/** All of a vector register into an XSAVE area; with `sse` only its low 16 bytes. */
void insn_vector_set(struct insn_regs *regs, unsigned int reg, const struct insn_vector *value,
		     bool sse);

#endif /* SLIPWAY_INSN_PRIV_H */
