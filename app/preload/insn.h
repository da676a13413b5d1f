/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_INSN_H
#define SLIPWAY_INSN_H

/**
 * @file
 * What a machine instruction does to memory: decoded once, carried out against registers that were
 * saved somewhere, with the memory accesses going through functions. Nothing here allocates or
 * locks, so all of it may run in a signal handler.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Longest instruction there is, bytes. */
#define INSN_MAX 15

/** Registers of a thread that stopped at an instruction. */
struct insn_regs {
	uint64_t *gpr[16]; /**< in the order of the encoding: rax, rcx, rdx, rbx, rsp, rbp, ... */
	uint64_t *rip;
	uint64_t *rflags;
	/**
	 * XSAVE area in the standard (not compacted) format; may be NULL for an instruction that
	 * insn_uses_vectors says no of.
	 */
	void *xsave;
	bool fxsave; /**< `xsave` ends after 512 bytes: what FXSAVE writes, without a header */
};

/** Memory as the instruction sees it. `ctx` is what insn_execute was given. */
struct insn_memory {
	/** Read 1, 2, 4 or 8 bytes. */
	uint64_t (*load)(void *ctx, uint64_t addr, unsigned int size);
	/** Write 1, 2, 4 or 8 bytes. */
	void (*store)(void *ctx, uint64_t addr, uint64_t value, unsigned int size);
	/** A 16-byte or a 64-byte store: vector stores and MOVDIR64B. */
	void (*post)(void *ctx, uint64_t addr, const void *line, unsigned int len);
	/**
	 * ENQCMD, ENQCMDS: 0 when taken, -EAGAIN to try again. The line is as in memory. Another
	 * value: the instruction faults, and the registers do not count.
	 */
	int (*submit)(void *ctx, uint64_t addr, const void *line, bool supervisor);
};

/** A decoded instruction; plain data of 24 bytes, may be copied and kept. */
struct insn {
	uint8_t length; /**< bytes */
	/* The rest is for insn_execute; insn_priv.h has the names of the values. */
	uint8_t op;     /* enum insn_op */
	uint8_t alu;    /* enum insn_alu; of vector moves, the mask register or 0 */
	uint8_t size;   /* of the memory operand or of one element, bytes */
	uint8_t width;  /* of the register operand, or of what a bit of the mask is for, bytes */
	uint8_t reg;    /* register operand; the destination address of MOVDIR64B and ENQCMD */
	uint8_t from;   /* vector register that the rest of a destination comes from */
	uint8_t base;   /* general register, INSN_RIP or INSN_NONE */
	uint8_t index;  /* general register or INSN_NONE */
	uint8_t scale;  /* 1, 2, 4 or 8 */
	uint16_t flags; /* INSN_* */
	int32_t imm;    /* where INSN_IMM is set */
	int64_t disp;   /* 64 bits wide for the sake of MOV with an absolute address */
};

/**
 * Decode the instruction at `bytes`. Any thread; about 100 ns.
 *
 * @param bytes the code, of which no more than `len` bytes are read
 * @param insn out: the instruction
 * @return 0, -EINVAL when it is no instruction, -ENOTSUP when it is one that insn_execute does not
 *         know
 */
int insn_decode(const void *bytes, size_t len, struct insn *insn);

/**
 * Address of the memory operand; the destination where there are two of them, as MOVS, MOVDIR64B
 * and ENQCMD have. Any thread; of FS and GS it takes the calling thread's base.
 */
uint64_t insn_address(const struct insn *insn, const struct insn_regs *regs);

/** Does it read or write vector registers, that is, does insn_execute want regs->xsave? */
bool insn_uses_vectors(const struct insn *insn);

/**
 * Carry an instruction out: memory through `memory`, results into `regs`, rip to the next one. Of a
 * repeated string instruction one element is done, and rip stays until the last one. Memory comes
 * first: `regs` changes only when all accesses are done. Loads and stores of more than 8 bytes go
 * upwards in steps of 8; vector stores of 32 bytes are two posts of 16, and those
 * with a mask are stores of 1 to 8 bytes, aligned. A locked instruction is a
 * load and a store like any other, which is as good for a device but not for ordinary memory that
 * other threads use. Any thread.
 */
void insn_execute(const struct insn *insn, struct insn_regs *regs, const struct insn_memory *memory,
		  void *ctx);

#endif /* SLIPWAY_INSN_H */
