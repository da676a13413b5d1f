/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Integer arithmetic with the flags it leaves behind, of any operand size.
 *
 * A carry out of bit i of a sum is there when both operands have the bit, or when one of them has
 * it and the sum does not. A borrow out of a difference likewise, with the first operand turned.
 */
#include "insn_priv.h"

/** The top bit of a value of `size` bytes. */
static uint64_t
sign(uint64_t value, unsigned int size)
{
	return value >> (8 * size - 1) & 1;
}

/** ZF, SF and PF of a result. */
static uint64_t
flags_of(uint64_t result, unsigned int size)
{
	uint64_t flags = 0;

	if (result == 0)
		flags |= INSN_ZF;
	if (sign(result, size))
		flags |= INSN_SF;
	if (!__builtin_parity((unsigned int)(result & 0xff)))
		flags |= INSN_PF;
	return flags;
}

static void
set_flags(uint64_t *rflags, uint64_t mask, uint64_t flags)
{
	*rflags = (*rflags & ~mask) | (flags & mask);
}

static uint64_t
sum(uint64_t a, uint64_t b, uint64_t carry, unsigned int size, uint64_t mask, uint64_t *rflags)
{
	uint64_t result = insn_low(a + b + carry, size);
	uint64_t flags = flags_of(result, size);

	flags |= sign((a & b) | ((a | b) & ~result), size) ? INSN_CF : 0;
	flags |= sign((a ^ result) & (b ^ result), size) ? INSN_OF : 0;
	flags |= (a ^ b ^ result) & INSN_AF;
	set_flags(rflags, mask, flags);
	return result;
}

static uint64_t
difference(uint64_t a, uint64_t b, uint64_t borrow, unsigned int size, uint64_t mask,
	   uint64_t *rflags)
{
	uint64_t result = insn_low(a - b - borrow, size);
	uint64_t flags = flags_of(result, size);

	flags |= sign((~a & b) | ((~a | b) & result), size) ? INSN_CF : 0;
	flags |= sign((a ^ b) & (a ^ result), size) ? INSN_OF : 0;
	flags |= (a ^ b ^ result) & INSN_AF;
	set_flags(rflags, mask, flags);
	return result;
}

/** AND, OR, XOR, TEST. AF is undefined then; processors clear it. */
static uint64_t
logic(uint64_t result, unsigned int size, uint64_t *rflags)
{
	set_flags(rflags, INSN_STATUS, flags_of(result, size));
	return result;
}

/** BT, BTS, BTR, BTC: CF is the bit as it was. */
static uint64_t
bit(enum insn_alu alu, uint64_t a, uint64_t b, unsigned int size, uint64_t *rflags)
{
	uint64_t mask = UINT64_C(1) << (b & (8 * size - 1));

	set_flags(rflags, INSN_CF, a & mask ? INSN_CF : 0);
	if (alu == INSN_BTS)
		return a | mask;
	if (alu == INSN_BTR)
		return a & ~mask;
	return alu == INSN_BTC ? a ^ mask : a;
}

uint64_t
insn_alu(enum insn_alu alu, uint64_t a, uint64_t b, unsigned int size, uint64_t *rflags)
{
	uint64_t carry = *rflags & INSN_CF;

	a = insn_low(a, size);
	b = insn_low(b, size);
	switch (alu) {
	case INSN_ADD:
		return sum(a, b, 0, size, INSN_STATUS, rflags);
	case INSN_ADC:
		return sum(a, b, carry, size, INSN_STATUS, rflags);
	case INSN_INC:
		return sum(a, 1, 0, size, INSN_STATUS & ~INSN_CF, rflags);
	case INSN_SUB:
		return difference(a, b, 0, size, INSN_STATUS, rflags);
	case INSN_SBB:
		return difference(a, b, carry, size, INSN_STATUS, rflags);
	case INSN_DEC:
		return difference(a, 1, 0, size, INSN_STATUS & ~INSN_CF, rflags);
	case INSN_NEG:
		return difference(0, a, 0, size, INSN_STATUS, rflags);
	case INSN_CMP:
		difference(a, b, 0, size, INSN_STATUS, rflags);
		return a;
	case INSN_TEST:
		logic(a & b, size, rflags);
		return a;
	case INSN_AND:
		return logic(a & b, size, rflags);
	case INSN_OR:
		return logic(a | b, size, rflags);
	case INSN_XOR:
		return logic(a ^ b, size, rflags);
	case INSN_NOT:
		return insn_low(~a, size);
	case INSN_BT:
	case INSN_BTS:
	case INSN_BTR:
	case INSN_BTC:
		return bit(alu, a, b, size, rflags);
	}
	return a;
}
