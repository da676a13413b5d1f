/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "insn_test_rig.h"

#include <cpuid.h>
#include <string.h>

static uint64_t random_state = 0x9e3779b97f4a7c15;

uint64_t
random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

void
random_bytes(void *bytes, size_t len)
{
	uint8_t *at = bytes;
	size_t i;

	for (i = 0; i < len; i++)
		at[i] = (uint8_t)(random64() >> 32);
}

/* ---- Memory, as insn_execute sees it ---- */

static void
note(struct witness *witness, enum access_kind kind, uint64_t addr, unsigned int len)
{
	if (witness->count < 16)
		witness->access[witness->count] = (struct access){
			.kind = kind, .addr = addr, .len = len};
	witness->count++;
}

static uint64_t
test_load(void *ctx, uint64_t addr, unsigned int size)
{
	struct witness *witness = ctx;
	uint64_t value = 0;

	note(witness, LOADED, addr, size);
	if (witness->real)
		memcpy(&value, (const void *)addr, size);
	return value;
}

static void
test_store(void *ctx, uint64_t addr, uint64_t value, unsigned int size)
{
	struct witness *witness = ctx;

	note(witness, STORED, addr, size);
	if (witness->real)
		memcpy((void *)addr, &value, size);
}

static void
test_post(void *ctx, uint64_t addr, const void *line, unsigned int len)
{
	struct witness *witness = ctx;

	note(witness, POSTED, addr, len);
	if (witness->real)
		memcpy((void *)addr, line, len);
}

static int
test_submit(void *ctx, uint64_t addr, const void *line, bool supervisor)
{
	struct witness *witness = ctx;

	note(witness, SUBMITTED, addr, 64);
	if (witness->count <= 16)
		witness->access[witness->count - 1].supervisor = supervisor;
	if (witness->real && witness->submit_result == 0)
		memcpy((void *)addr, line, 64);
	return witness->submit_result;
}

const struct insn_memory rig_memory = {
	.load = test_load,
	.store = test_store,
	.post = test_post,
	.submit = test_submit,
};

/* ---- Registers ---- */

/** Where SSE, AVX, masks, ZMM_Hi256 and Hi16_ZMM lie; len 0 where the CPU has none. */
struct component rig_components[RIG_COMPONENTS] = {
	{1, 160, 256}, {2, 0, 256}, {5, 0, 64}, {6, 0, 512}, {7, 0, 1024},
};

int
rig_set_up(void **state)
{
	unsigned int size, ecx, edx, i;
	uint64_t present = native_components();

	(void)state;
	for (i = 1; i < RIG_COMPONENTS; i++) {
		if (!(present >> rig_components[i].bit & 1))
			rig_components[i].len = 0;
		else
			__get_cpuid_count(0xd, rig_components[i].bit, &size,
					  &rig_components[i].offset, &ecx, &edx);
	}
	return native_init();
}

static uint64_t
xstate_bv(const uint8_t *area)
{
	uint64_t bits;

	memcpy(&bits, area + 512, sizeof(bits));
	return bits;
}

void
rig_component(const uint8_t *area, const struct component *component, uint8_t *bytes)
{
	memset(bytes, 0, component->len);
	if (xstate_bv(area) >> component->bit & 1)
		memcpy(bytes, area + component->offset, component->len);
}

static void
random_vectors(uint8_t *area)
{
	static const uint32_t mxcsr = 0x1f80;
	uint64_t bits = 0;
	unsigned int i;

	memset(area, 0, NATIVE_XSAVE);
	memcpy(area + 24, &mxcsr, sizeof(mxcsr));
	for (i = 0; i < RIG_COMPONENTS; i++) {
		/* Rubbish in a component that is said to be in its initial state, now and then. */
		random_bytes(area + rig_components[i].offset, rig_components[i].len);
		if (rig_components[i].len != 0 && random64() % 4 != 0)
			bits |= UINT64_C(1) << rig_components[i].bit;
	}
	memcpy(area + 512, &bits, sizeof(bits));
}

void
random_registers(struct native_state *state, unsigned int setup)
{
	uint64_t *gpr = state->gpr, base = 0;
	unsigned int i;

	random_bytes(gpr, sizeof(state->gpr));
	base = setup & FS ? native_fs() : setup & GS ? GS_BASE : 0;
	/* With nothing to repeat, processors differ in which upper halves they clear. */
	gpr[RCX] = setup & WIDE ? 1 + random64() % 7 : random64() % 8;
	gpr[RBX] = gpr[R12] = gpr[R13] = TEST_DATA + 0x400;
	gpr[RBP] = TEST_DATA + 0x500;
	gpr[RSP] = TEST_DATA + 0xc00;
	gpr[RSI] = TEST_DATA + 0x800 + random64() % 16 - base;
	gpr[RDI] = TEST_DATA + 0xa00 + (setup & LINE ? 0 : random64() % 16);
	gpr[RBX] -= base;
	if (setup & BITS)
		gpr[RDX] = random64() % 400 - 200;
	if ((setup & EQUAL) && random64() % 2)
		memcpy(&gpr[RAX], (const void *)(TEST_DATA + 0x400), 8);
	for (i = 0; (setup & WIDE) && i < 16; i++) {
		if (i == RCX || i == RBX || i == RSI || i == RDI || i == R12)
			gpr[i] = (uint32_t)gpr[i] | random64() << 32;
	}
	/* Interrupts on, and the bit that is always set. */
	state->rflags = 0x202 | (random64() & (CF | PF | AF | ZF | SF | DF | OF));
	random_vectors(state->xsave);
}

struct insn_regs
rig_regs(struct native_state *state, uint64_t *rip)
{
	struct insn_regs regs = {.rip = rip, .rflags = &state->rflags, .xsave = state->xsave};
	unsigned int i;

	for (i = 0; i < 16; i++)
		regs.gpr[i] = &state->gpr[i];
	return regs;
}
