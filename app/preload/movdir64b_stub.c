/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "movdir64b_stub.h"

#include <stddef.h>
#include <string.h>

#include "insn_priv.h"
#include "site_patch.h"

#define RSP        4
#define LINE_BYTES 64
/* mod of a ModRM byte: memory, with a displacement of 8 bits */
#define MOD_DISP8 0x40
/* A SIB byte that says no more than the base; RSP and R12 cannot do without. */
#define SIB_BASE 0x24

#define REX_W 0x48
#define REX_R 0x04
#define REX_B 0x01
#define LOAD  0x8b /* mov r64, m64 */
#define STORE 0x89 /* mov m64, r64 */
#define PUSH  0x50
#define POP   0x58

bool
movdir64b_replaceable(const struct insn *insn)
{
	return insn->op == INSN_MOVDIR64B && insn->length >= JMP_BYTES && insn->base < 16 &&
	       insn->base != RSP && insn->reg != RSP && insn->index == INSN_NONE &&
	       insn->disp == 0 && (insn->flags & (INSN_ADDR32 | INSN_FS | INSN_GS)) == 0;
}

/* RAX, RCX or RDX, for the value on its way. */
static uint8_t
spare_register(const struct insn *insn)
{
	uint8_t reg = 0;

	while (reg == insn->base || reg == insn->reg)
		reg++;
	return reg;
}

/* One MOV between `reg` and 8 bytes of memory. */
static uint8_t *
put_mov(uint8_t *code, uint8_t opcode, uint8_t reg, uint8_t base, uint8_t disp)
{
	*code++ = REX_W | (base >= 8 ? REX_B : 0);
	*code++ = opcode;
	*code++ = (uint8_t)(MOD_DISP8 | reg << 3 | (base & 7));
	if ((base & 7) == RSP)
		*code++ = SIB_BASE;
	*code++ = disp;
	return code;
}

static uint8_t *
put(uint8_t *code, const char *bytes, size_t len)
{
	memcpy(code, bytes, len);
	return code + len;
}

unsigned int
movdir64b_stub(uint8_t *page, const struct insn *insn, uint64_t back)
{
	uint8_t spare = spare_register(insn), *code = page;

	/* LEA leaves the flags alone. A leaf function may use 128 bytes below rsp. */
	code = put(code, "\x48\x8d\x64\x24\x80", 5); /* lea -128(%rsp), %rsp */
	*code++ = PUSH + spare;
	for (uint8_t at = 0; at < LINE_BYTES; at += 8) {
		code = put_mov(code, LOAD, spare, insn->base, at);
		code = put_mov(code, STORE, spare, insn->reg, at);
	}
	*code++ = POP + spare;
	code = put(code, "\x48\x8d\xa4\x24\x80\0\0\0", 8); /* lea 128(%rsp), %rsp */
	site_put_jmp(code, (uintptr_t)code, back);
	return (unsigned int)(code + JMP_BYTES - page);
}
