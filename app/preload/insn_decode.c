/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * From bytes to struct insn. Zydis finds the instruction and its operands; a table says which of
 * its mnemonics we carry out and how. Zydis keeps no state and allocates nothing, and the decoder
 * it asks for is a few words, made anew in each call.
 */
#include <errno.h>

#include <Zydis/Zydis.h>

#include "insn_priv.h"

/** Operands that are looked at: the visible ones come first, and of those we need three. */
#define OPERANDS 3

/** What a mnemonic means. */
struct shape {
	uint8_t op;  /* INSN_LOAD and INSN_VLOAD stand for both directions */
	uint8_t alu; /* enum insn_alu; with strings, the size of an element */
	uint16_t flags;
};

#define MOVE(name, bits)             [ZYDIS_MNEMONIC_##name] = {INSN_LOAD, 0, bits},
#define VECTOR(name, bits)           [ZYDIS_MNEMONIC_##name] = {INSN_VLOAD, 0, bits},
#define STRING(name, element, bytes) [ZYDIS_MNEMONIC_##name##element] = {INSN_##name, bytes, 0},
#define BINARY(name)                 [ZYDIS_MNEMONIC_##name] = {INSN_ALU, INSN_##name, 0},
#define UNARY(name)                  [ZYDIS_MNEMONIC_##name] = {INSN_UNARY, INSN_##name, 0},
#define BIT(name)                    [ZYDIS_MNEMONIC_##name] = {INSN_BIT, INSN_##name, 0},
#define OTHER(name)                  [ZYDIS_MNEMONIC_##name] = {INSN_##name, 0, 0},

static const struct shape shapes[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
#include "insn_shapes.def"
};

/* Zydis has one mnemonic for two instructions; this one has no visible operands. */
static const struct shape movsd_string = {INSN_MOVS, 4, 0};

/** Number of a general register, of 64 or of 32 bits, that an address is made of. */
static uint8_t
address_register(ZydisRegister reg)
{
	if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15)
		return (uint8_t)(reg - ZYDIS_REGISTER_RAX);
	if (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_R15D)
		return (uint8_t)(reg - ZYDIS_REGISTER_EAX);
	if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP)
		return INSN_RIP;
	return INSN_NONE;
}

static void
set_segment(struct insn *insn, ZydisRegister segment)
{
	if (segment == ZYDIS_REGISTER_FS)
		insn->flags |= INSN_FS;
	else if (segment == ZYDIS_REGISTER_GS)
		insn->flags |= INSN_GS;
}

static int
set_memory(struct insn *insn, const ZydisDecodedOperand *operand)
{
	const ZydisDecodedOperandMem *mem = &operand->mem;

	if (mem->type != ZYDIS_MEMOP_TYPE_MEM)
		return -ENOTSUP;
	insn->size = (uint8_t)(operand->size / 8);
	if (insn->op == INSN_VLOAD && insn->alu != 0)
		insn->width = (uint8_t)(operand->element_size / 8);
	insn->base = address_register(mem->base);
	insn->index = address_register(mem->index);
	insn->scale = mem->scale;
	insn->disp = mem->disp.has_displacement ? mem->disp.value : 0;
	set_segment(insn, mem->segment);
	return 0;
}

static int
set_general(struct insn *insn, ZydisRegister reg)
{
	if (reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_BL) {
		insn->width = 1;
		insn->reg = (uint8_t)(reg - ZYDIS_REGISTER_AL);
	} else if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
		insn->width = 1;
		insn->reg = (uint8_t)(reg - ZYDIS_REGISTER_AH + 4);
		insn->flags |= INSN_HIGH;
	} else if (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B) {
		insn->width = 1;
		insn->reg = (uint8_t)(reg - ZYDIS_REGISTER_SPL + 4);
	} else if (reg >= ZYDIS_REGISTER_AX && reg <= ZYDIS_REGISTER_R15W) {
		insn->width = 2;
		insn->reg = (uint8_t)(reg - ZYDIS_REGISTER_AX);
	} else if (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_R15D) {
		insn->width = 4;
		insn->reg = (uint8_t)(reg - ZYDIS_REGISTER_EAX);
	} else if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15) {
		insn->width = 8;
		insn->reg = (uint8_t)(reg - ZYDIS_REGISTER_RAX);
	} else {
		return -ENOTSUP;
	}
	return 0;
}

/** Number of a vector register, -ENOTSUP for any other, an MMX register for one. */
static int
vector_register(ZydisRegister reg)
{
	if (reg >= ZYDIS_REGISTER_XMM0 && reg <= ZYDIS_REGISTER_XMM31)
		return reg - ZYDIS_REGISTER_XMM0;
	if (reg >= ZYDIS_REGISTER_YMM0 && reg <= ZYDIS_REGISTER_YMM31)
		return reg - ZYDIS_REGISTER_YMM0;
	if (reg >= ZYDIS_REGISTER_ZMM0 && reg <= ZYDIS_REGISTER_ZMM31)
		return reg - ZYDIS_REGISTER_ZMM0;
	return -ENOTSUP;
}

static int
set_register(struct insn *insn, const ZydisDecodedOperand *operand)
{
	int reg;

	if (operand->encoding == ZYDIS_OPERAND_ENCODING_MASK)
		return 0;
	if (insn->op != INSN_VLOAD)
		return set_general(insn, operand->reg.value);
	reg = vector_register(operand->reg.value);
	if (reg < 0)
		return reg;
	/* VMOVLPS and the like have a second source; of the others `from` is the destination. */
	insn->from = (uint8_t)reg;
	if (operand->encoding != ZYDIS_OPERAND_ENCODING_NDSNDD)
		insn->reg = (uint8_t)reg;
	return 0;
}

/** The operands that are written out, and from where they stand the direction. */
static int
set_operands(struct insn *insn, const ZydisDecodedOperand *operands, unsigned int count)
{
	unsigned int memory = count, i;
	int ret = 0;

	for (i = 0; i < count && ret == 0; i++) {
		if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY) {
			memory = i;
			ret = set_memory(insn, &operands[i]);
		} else if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER) {
			ret = set_register(insn, &operands[i]);
		} else {
			insn->flags |= INSN_IMM;
			insn->imm = (int32_t)operands[i].imm.value.s;
		}
	}
	if (ret < 0)
		return ret;
	if (memory == count)
		return -ENOTSUP; /* between registers only */
	if (memory > 0)
		insn->flags |= INSN_TO_REG;
	else if (insn->op == INSN_LOAD || insn->op == INSN_VLOAD)
		insn->op++;
	return 0;
}

/** STOS, LODS and MOVS: which registers they use needs no saying. */
static int
set_string(struct insn *insn, const struct shape *shape, const ZydisDecodedInstruction *found,
	   const ZydisDecodedOperand *operands, unsigned int count)
{
	unsigned int i;

	/* To these, REPNE is nothing that a manual describes. */
	if (found->attributes & ZYDIS_ATTRIB_HAS_REPNE)
		return -ENOTSUP;
	if (found->attributes & ZYDIS_ATTRIB_HAS_REP)
		insn->flags |= INSN_REP;
	insn->size = shape->alu;
	insn->width = shape->alu;
	insn->alu = 0;
	insn->reg = 0;
	for (i = 0; i < count; i++) {
		if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			set_segment(insn, operands[i].mem.segment);
	}
	return 0;
}

/** VMOVDQU8 and the like under a mask, as memset has them for what is shorter than a register. */
static void
set_mask(struct insn *insn, const ZydisDecodedInstruction *found)
{
	ZydisRegister mask = found->avx.mask.reg;

	if (mask <= ZYDIS_REGISTER_K0 || mask > ZYDIS_REGISTER_K7)
		return;
	insn->alu = (uint8_t)(mask - ZYDIS_REGISTER_K0);
	if (found->avx.mask.mode == ZYDIS_MASK_MODE_MERGING)
		insn->flags |= INSN_KEEP;
}

static int
set_plain(struct insn *insn, const ZydisDecodedInstruction *found,
	  const ZydisDecodedOperand *operands, unsigned int count)
{
	unsigned int visible = found->operand_count_visible;

	if (visible > count)
		return -ENOTSUP;
	if (found->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX ||
	    found->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX)
		insn->flags |= INSN_ZERO;
	if (found->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX)
		set_mask(insn, found);
	return set_operands(insn, operands, visible);
}

static int
fill(struct insn *insn, const ZydisDecodedInstruction *found, const ZydisDecodedOperand *operands,
     unsigned int count)
{
	const struct shape *shape = &shapes[found->mnemonic];

	if (found->mnemonic == ZYDIS_MNEMONIC_MOVSD && found->operand_count_visible == 0)
		shape = &movsd_string;
	if (shape->op == 0)
		return -ENOTSUP;
	*insn = (struct insn){
		.length = found->length,
		.op = shape->op,
		.alu = shape->alu,
		.flags = shape->flags,
		.base = INSN_NONE,
		.index = INSN_NONE,
	};
	if (found->address_width == 32)
		insn->flags |= INSN_ADDR32;
	if (shape->op == INSN_STOS || shape->op == INSN_LODS || shape->op == INSN_MOVS)
		return set_string(insn, shape, found, operands, count);
	return set_plain(insn, found, operands, count);
}

int
insn_decode(const void *bytes, size_t len, struct insn *insn)
{
	ZydisDecodedOperand operands[OPERANDS];
	ZydisDecodedInstruction found;
	ZydisDecoderContext context;
	ZydisDecoder decoder;
	uint8_t count;

	if (ZYAN_FAILED(
		    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)) ||
	    ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, &context, bytes, len, &found)))
		return -EINVAL;
	count = found.operand_count < OPERANDS ? found.operand_count : OPERANDS;
	if (ZYAN_FAILED(ZydisDecoderDecodeOperands(&decoder, &context, &found, operands, count)))
		return -EINVAL;
	return fill(insn, &found, operands, count);
}
