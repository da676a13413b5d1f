/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Carries decoded instructions out. Memory is touched before any register changes, so an access
 * that does not return, because it faulted, leaves the instruction as if it had not begun.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "insn_priv.h"

/** Numbers of registers that instructions use unasked. */
enum {
	RAX = 0,
	RCX = 1,
	RSI = 6,
	RDI = 7,
};

/** AT_HWCAP2: the kernel lets user code read the FS and GS base. */
#define HWCAP2_FSGSBASE (1 << 1)

/** Everything that a part of the executor needs. */
struct run {
	const struct insn *insn;
	struct insn_regs *regs;
	const struct insn_memory *memory;
	void *ctx;
};

/* ---- Addresses ---- */

static uint64_t
segment_base(unsigned int flags)
{
	uint64_t base = 0;

	if (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) {
		if (flags & INSN_FS)
			__asm__ volatile("rdfsbase %0" : "=r"(base));
		else
			__asm__ volatile("rdgsbase %0" : "=r"(base));
	} else {
		syscall(SYS_arch_prctl, flags & INSN_FS ? ARCH_GET_FS : ARCH_GET_GS, &base);
	}
	return base;
}

/** An offset as the instruction's address size has it, in its segment. */
static uint64_t
linear(const struct insn *insn, uint64_t offset)
{
	if (insn->flags & INSN_ADDR32)
		offset = (uint32_t)offset;
	if (insn->flags & (INSN_FS | INSN_GS))
		offset += segment_base(insn->flags);
	return offset;
}

/** Memory operand of an instruction that spells it out. */
static uint64_t
operand_address(const struct insn *insn, const struct insn_regs *regs)
{
	uint64_t offset = (uint64_t)insn->disp;

	if (insn->base == INSN_RIP)
		offset += *regs->rip + insn->length;
	else if (insn->base != INSN_NONE)
		offset += *regs->gpr[insn->base];
	if (insn->index != INSN_NONE)
		offset += *regs->gpr[insn->index] * insn->scale;
	return linear(insn, offset);
}

/** An address in a register: neither FS nor GS apply. */
static uint64_t
register_address(const struct insn *insn, const struct insn_regs *regs, unsigned int reg)
{
	return insn->flags & INSN_ADDR32 ? (uint32_t)*regs->gpr[reg] : *regs->gpr[reg];
}

/* ---- General registers: AH to BH are numbers 4 to 7, and lie in registers 0 to 3 ---- */

static uint64_t
get_register(const struct run *run, unsigned int reg, unsigned int width)
{
	if (run->insn->flags & INSN_HIGH)
		return *run->regs->gpr[reg & 3] >> 8 & 0xff;
	return insn_low(*run->regs->gpr[reg], width);
}

static void
put_register(const struct run *run, unsigned int reg, unsigned int width, uint64_t value)
{
	unsigned int shift = 0;
	uint64_t *gpr, mask;

	if (width >= 4) {
		*run->regs->gpr[reg] = insn_low(value, width);
		return;
	}
	if (run->insn->flags & INSN_HIGH) {
		reg &= 3;
		shift = 8;
	}
	gpr = run->regs->gpr[reg];
	mask = insn_low(~UINT64_C(0), width) << shift;
	*gpr = (*gpr & ~mask) | (value << shift & mask);
}

/** The operand that is not memory. */
static uint64_t
get_operand(const struct run *run)
{
	const struct insn *insn = run->insn;

	if (insn->flags & INSN_IMM)
		return (uint64_t)(int64_t)insn->imm;
	return get_register(run, insn->reg, insn->width);
}

/* ---- Memory ---- */

static uint64_t
load(const struct run *run, uint64_t addr)
{
	return run->memory->load(run->ctx, addr, run->insn->size);
}

static void
store(const struct run *run, uint64_t addr, uint64_t value)
{
	run->memory->store(run->ctx, addr, insn_low(value, run->insn->size), run->insn->size);
}

/** Any multiple of 8 bytes, or 1, 2 or 4 of them, upwards. */
static void
load_bytes(const struct run *run, uint64_t addr, uint8_t *bytes, unsigned int len)
{
	unsigned int step = len < 8 ? len : 8, i;
	uint64_t value;

	for (i = 0; i < len; i += step) {
		value = run->memory->load(run->ctx, addr + i, step);
		memcpy(bytes + i, &value, step);
	}
}

/* ---- Moves ---- */

static uint64_t
swap(uint64_t value, unsigned int size)
{
	return __builtin_bswap64(value) >> (64 - 8 * size);
}

static void
move_load(const struct run *run)
{
	const struct insn *insn = run->insn;
	uint64_t value = load(run, operand_address(insn, run->regs));
	unsigned int unused = 64 - 8 * insn->size;

	if (insn->flags & INSN_SWAP)
		value = swap(value, insn->size);
	if (insn->flags & INSN_SIGN)
		value = (uint64_t)((int64_t)(value << unused) >> unused);
	put_register(run, insn->reg, insn->width, value);
}

static void
move_store(const struct run *run)
{
	const struct insn *insn = run->insn;
	uint64_t value = get_operand(run);

	if (insn->flags & INSN_SWAP)
		value = swap(value, insn->size);
	store(run, operand_address(insn, run->regs), value);
}

/** Bit for bit the bytes of a vector that its mask lets through. */
static uint64_t
enabled_bytes(const struct run *run)
{
	const struct insn *insn = run->insn;
	uint64_t mask = insn_mask_get(run->regs, insn->alu), enabled = 0;

	for (unsigned int at = 0; at < insn->size; at += insn->width, mask >>= 1) {
		if (mask & 1)
			enabled |= ((UINT64_C(1) << insn->width) - 1) << at;
	}
	return enabled;
}

/** The bytes at `addr` that one access takes, of which `enabled` has the first: 1, 2, 4 or 8. */
static unsigned int
piece_at(uint64_t addr, uint64_t enabled)
{
	unsigned int len = 8;

	while (addr % len != 0 || (~enabled & ((UINT64_C(1) << len) - 1)) != 0)
		len /= 2;
	return len;
}

/** What the mask leaves out is not touched, so that no register of a device is read for nothing. */
static void
masked_load(const struct run *run, uint64_t addr, uint8_t *bytes)
{
	uint64_t enabled = enabled_bytes(run);
	unsigned int step;

	for (unsigned int i = 0; i < run->insn->size; i += step) {
		step = 1;
		if ((enabled >> i & 1) == 0)
			continue;
		step = piece_at(addr + i, enabled >> i);
		load_bytes(run, addr + i, bytes + i, step);
	}
}

static void
masked_store(const struct run *run, uint64_t addr, const uint8_t *bytes)
{
	uint64_t enabled = enabled_bytes(run), value;
	unsigned int step;

	for (unsigned int i = 0; i < run->insn->size; i += step) {
		step = 1;
		if ((enabled >> i & 1) == 0)
			continue;
		step = piece_at(addr + i, enabled >> i);
		value = 0;
		memcpy(&value, bytes + i, step);
		run->memory->store(run->ctx, addr + i, value, step);
	}
}

/** Loads replace what they cover; the rest is kept, cleared, or comes from another register. */
static void
vector_load(const struct run *run)
{
	const struct insn *insn = run->insn;
	uint64_t addr = operand_address(insn, run->regs);
	struct insn_vector value = {0}, from;
	unsigned int at = 0;

	if (insn->flags & INSN_MERGE) {
		from = insn_vector_get(run->regs, insn->from);
		memcpy(value.bytes, from.bytes, 16);
		at = insn->flags & INSN_UPPER ? 8 : 0;
	}
	if (insn->flags & INSN_KEEP) {
		from = insn_vector_get(run->regs, insn->reg);
		memcpy(value.bytes, from.bytes, insn->size);
	}
	if (insn->alu != 0)
		masked_load(run, addr, value.bytes);
	else
		load_bytes(run, addr, value.bytes + at, insn->size);
	insn_vector_set(run->regs, insn->reg, &value, !(insn->flags & INSN_ZERO));
}

static void
vector_store(const struct run *run)
{
	const struct insn *insn = run->insn;
	uint64_t addr = operand_address(insn, run->regs), low;
	struct insn_vector value = insn_vector_get(run->regs, insn->reg);

	if (insn->alu != 0) {
		masked_store(run, addr, value.bytes);
	} else if (insn->size == 64) {
		run->memory->post(run->ctx, addr, value.bytes, 64);
	} else if (insn->size >= 16) {
		run->memory->post(run->ctx, addr, value.bytes, 16);
		if (insn->size == 32)
			run->memory->post(run->ctx, addr + 16, value.bytes + 16, 16);
	} else {
		memcpy(&low, value.bytes + (insn->flags & INSN_UPPER ? 8 : 0), sizeof(low));
		store(run, addr, low);
	}
}

/* ---- Strings ---- */

/** Forward or back by one element. A 32-bit address register loses its upper half, as it does. */
static void
advance(const struct run *run, unsigned int reg)
{
	uint64_t *gpr = run->regs->gpr[reg];
	uint64_t step = run->insn->size;

	if (*run->regs->rflags & INSN_DF)
		step = -step;
	*gpr += step;
	if (run->insn->flags & INSN_ADDR32)
		*gpr = (uint32_t)*gpr;
}

static void
string_element(const struct run *run)
{
	const struct insn *insn = run->insn;
	uint64_t value;

	if (insn->op == INSN_STOS)
		value = get_register(run, RAX, insn->size);
	else
		value = load(run, linear(insn, *run->regs->gpr[RSI]));
	if (insn->op == INSN_LODS)
		put_register(run, RAX, insn->size, value);
	else
		store(run, register_address(insn, run->regs, RDI), value);
	if (insn->op != INSN_STOS)
		advance(run, RSI);
	if (insn->op != INSN_LODS)
		advance(run, RDI);
}

/** @return true when the instruction has come to its end */
static bool
string(const struct run *run)
{
	uint64_t *count = run->regs->gpr[RCX];

	if (!(run->insn->flags & INSN_REP)) {
		string_element(run);
		return true;
	}
	if (register_address(run->insn, run->regs, RCX) == 0)
		return true;
	string_element(run);
	*count = insn_low(*count - 1, run->insn->flags & INSN_ADDR32 ? 4 : 8);
	return *count == 0;
}

/* ---- Arithmetic ---- */

/** Flags change last, so each of these works on a copy. */
static void
put_flags(const struct run *run, uint64_t rflags)
{
	*run->regs->rflags = rflags;
}

static void
arithmetic(const struct run *run)
{
	const struct insn *insn = run->insn;
	uint64_t rflags = *run->regs->rflags;
	uint64_t addr = operand_address(insn, run->regs);
	uint64_t operand = get_operand(run), memory = load(run, addr), result;
	bool writes = insn->alu != INSN_CMP && insn->alu != INSN_TEST;

	if (insn->flags & INSN_TO_REG)
		result = insn_alu(insn->alu, operand, memory, insn->size, &rflags);
	else
		result = insn_alu(insn->alu, memory, operand, insn->size, &rflags);
	if (writes && (insn->flags & INSN_TO_REG))
		put_register(run, insn->reg, insn->width, result);
	else if (writes)
		store(run, addr, result);
	put_flags(run, rflags);
}

static void
unary(const struct run *run)
{
	const struct insn *insn = run->insn;
	uint64_t rflags = *run->regs->rflags;
	uint64_t addr = operand_address(insn, run->regs);

	store(run, addr, insn_alu(insn->alu, load(run, addr), 0, insn->size, &rflags));
	put_flags(run, rflags);
}

/** A bit number in a register may lie outside the operand, and then moves the address. */
static uint64_t
bit_address(const struct insn *insn, const struct insn_regs *regs)
{
	unsigned int shift = insn->size == 2 ? 4 : insn->size == 4 ? 5 : 6;
	unsigned int unused = 64 - 8 * insn->size;
	struct insn moved = *insn;
	int64_t number;

	if (!(insn->flags & INSN_IMM)) {
		number = (int64_t)(*regs->gpr[insn->reg] << unused) >> unused;
		moved.disp = (int64_t)((uint64_t)moved.disp +
				       (uint64_t)(number >> shift) * insn->size);
	}
	return operand_address(&moved, regs);
}

static void
bit_operation(const struct run *run)
{
	const struct insn *insn = run->insn;
	uint64_t rflags = *run->regs->rflags;
	uint64_t addr = bit_address(insn, run->regs), result;

	result = insn_alu(insn->alu, load(run, addr), get_operand(run), insn->size, &rflags);
	if (insn->alu != INSN_BT)
		store(run, addr, result);
	put_flags(run, rflags);
}

static void
exchange(const struct run *run)
{
	const struct insn *insn = run->insn;
	uint64_t addr = operand_address(insn, run->regs), old = load(run, addr);

	store(run, addr, get_operand(run));
	put_register(run, insn->reg, insn->width, old);
}

static void
exchange_add(const struct run *run)
{
	const struct insn *insn = run->insn;
	uint64_t rflags = *run->regs->rflags;
	uint64_t addr = operand_address(insn, run->regs), old = load(run, addr);

	store(run, addr, insn_alu(INSN_ADD, old, get_operand(run), insn->size, &rflags));
	put_register(run, insn->reg, insn->width, old);
	put_flags(run, rflags);
}

static void
compare_exchange(const struct run *run)
{
	const struct insn *insn = run->insn;
	uint64_t rflags = *run->regs->rflags;
	uint64_t addr = operand_address(insn, run->regs), old = load(run, addr);
	uint64_t *rax = run->regs->gpr[RAX];
	uint64_t mask = insn_low(~UINT64_C(0), insn->size);

	insn_alu(INSN_CMP, *rax, old, insn->size, &rflags);
	/* Unequal, the old value is written back: the bus sees a write in either case. */
	store(run, addr, rflags & INSN_ZF ? get_operand(run) : old);
	if (!(rflags & INSN_ZF))
		*rax = insn->size == 4 ? old : (*rax & ~mask) | old;
	put_flags(run, rflags);
}

/* ---- Lines ---- */

static void
line(const struct run *run)
{
	const struct insn *insn = run->insn;
	uint64_t to = register_address(insn, run->regs, insn->reg);
	uint8_t bytes[64] __attribute__((aligned(64)));
	int ret;

	load_bytes(run, operand_address(insn, run->regs), bytes, sizeof(bytes));
	if (insn->op == INSN_MOVDIR64B) {
		run->memory->post(run->ctx, to, bytes, sizeof(bytes));
		return;
	}
	ret = run->memory->submit(run->ctx, to, bytes, insn->op == INSN_ENQCMDS);
	put_flags(run, (*run->regs->rflags & ~INSN_STATUS) | (ret < 0 ? INSN_ZF : 0));
}

/** @return true when the instruction is done, and rip moves on */
static bool
execute(const struct run *run)
{
	switch ((enum insn_op)run->insn->op) {
	case INSN_LOAD:
		move_load(run);
		break;
	case INSN_STORE:
		move_store(run);
		break;
	case INSN_VLOAD:
		vector_load(run);
		break;
	case INSN_VSTORE:
		vector_store(run);
		break;
	case INSN_STOS:
	case INSN_LODS:
	case INSN_MOVS:
		return string(run);
	case INSN_ALU:
		arithmetic(run);
		break;
	case INSN_UNARY:
		unary(run);
		break;
	case INSN_BIT:
		bit_operation(run);
		break;
	case INSN_XCHG:
		exchange(run);
		break;
	case INSN_XADD:
		exchange_add(run);
		break;
	case INSN_CMPXCHG:
		compare_exchange(run);
		break;
	case INSN_MOVDIR64B:
	case INSN_ENQCMD:
	case INSN_ENQCMDS:
		line(run);
		break;
	}
	return true;
}

void
insn_execute(const struct insn *insn, struct insn_regs *regs, const struct insn_memory *memory,
	     void *ctx)
{
	struct run run = {.insn = insn, .regs = regs, .memory = memory, .ctx = ctx};

	if (execute(&run))
		*regs->rip += insn->length;
}

uint64_t
insn_address(const struct insn *insn, const struct insn_regs *regs)
{
	switch (insn->op) {
	case INSN_STOS:
	case INSN_MOVS:
		return register_address(insn, regs, RDI);
	case INSN_LODS:
		return linear(insn, *regs->gpr[RSI]);
	case INSN_MOVDIR64B:
	case INSN_ENQCMD:
	case INSN_ENQCMDS:
		return register_address(insn, regs, insn->reg);
	case INSN_BIT:
		return bit_address(insn, regs);
	default:
		return operand_address(insn, regs);
	}
}

bool
insn_uses_vectors(const struct insn *insn)
{
	return insn->op == INSN_VLOAD || insn->op == INSN_VSTORE;
}
