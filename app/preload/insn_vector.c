/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Vector registers inside an XSAVE area of the standard format. A register is in up to three
 * places:
 *
 *   number      bytes 0-15           16-31                    32-63
 *   0 to 15     SSE, offset 160      AVX, by CPUID            ZMM_Hi256, by CPUID
 *   16 to 31    Hi16_ZMM, by CPUID   (the same)               (the same)
 *
 * The mask registers are a component of their own, of 8 bytes each.
 *
 * A component whose bit in XSTATE_BV is clear is in its initial state: zero, whatever its bytes.
 */
#include <cpuid.h>
#include <stdatomic.h>
#include <string.h>

#include "insn_priv.h"

#define SSE_OFFSET       160
#define XSTATE_BV_OFFSET 512

/** State components, by their bit in XSTATE_BV. */
enum {
	SSE = 1,
	AVX = 2,
	OPMASK = 5,
	ZMM_HI256 = 6,
	HI16_ZMM = 7,
	COMPONENTS,
};

/** Bytes that one register has in a component. */
static const uint8_t share[COMPONENTS] =
	{[SSE] = 16, [AVX] = 16, [OPMASK] = 8, [ZMM_HI256] = 32, [HI16_ZMM] = 64};

/** Where a component begins in the area; 0 when this CPU has no such component. */
static uint32_t
component_offset(unsigned int component)
{
	/* CPUID is slow, in a guest very: it is asked once. Every thread finds the same, and the
	 * number is all there is to publish, so relaxed does.
	 */
	static _Atomic uint32_t found[COMPONENTS];
	unsigned int size = 0, offset = 0, ecx, edx;
	uint32_t known;

	if (component == SSE)
		return SSE_OFFSET;
	known = atomic_load_explicit(&found[component], memory_order_relaxed);
	if (known == 0) {
		if (!__get_cpuid_count(0xd, component, &size, &offset, &ecx, &edx) || size == 0)
			offset = 0;
		/* One more, so that 0 stays "not asked yet". */
		known = offset + 1;
		atomic_store_explicit(&found[component], known, memory_order_relaxed);
	}
	return known - 1;
}

static uint64_t
xstate_bv(const struct insn_regs *regs)
{
	uint64_t bits;

	if (regs->fxsave)
		return 1 << SSE;
	memcpy(&bits, (const uint8_t *)regs->xsave + XSTATE_BV_OFFSET, sizeof(bits));
	return bits;
}

/** A register's bytes of a component, which is there. */
static uint8_t *
place(const struct insn_regs *regs, unsigned int component, unsigned int reg)
{
	return (uint8_t *)regs->xsave + component_offset(component) +
	       (size_t)(reg % 16) * share[component];
}

static void
get(const struct insn_regs *regs, unsigned int component, unsigned int reg, uint8_t *bytes)
{
	if (xstate_bv(regs) >> component & 1)
		memcpy(bytes, place(regs, component, reg), share[component]);
	else
		memset(bytes, 0, share[component]);
}

/** Take a component out of its initial state: all its registers become what they were, zero. */
static void
bring_up(struct insn_regs *regs, unsigned int component)
{
	uint64_t bits = xstate_bv(regs) | UINT64_C(1) << component;

	memset(place(regs, component, 0), 0, (size_t)16 * share[component]);
	memcpy((uint8_t *)regs->xsave + XSTATE_BV_OFFSET, &bits, sizeof(bits));
}

static void
set(struct insn_regs *regs, unsigned int component, unsigned int reg, const uint8_t *bytes)
{
	static const uint8_t zero[64];

	if (!(xstate_bv(regs) >> component & 1)) {
		/* The area may end before a component that is not there, so leave zeros alone. */
		if (memcmp(bytes, zero, share[component]) == 0)
			return;
		if (regs->fxsave || component_offset(component) == 0)
			return;
		bring_up(regs, component);
	}
	memcpy(place(regs, component, reg), bytes, share[component]);
}

struct insn_vector
insn_vector_get(const struct insn_regs *regs, unsigned int reg)
{
	struct insn_vector value;

	if (reg >= 16) {
		get(regs, HI16_ZMM, reg, value.bytes);
	} else {
		get(regs, SSE, reg, value.bytes);
		get(regs, AVX, reg, value.bytes + 16);
		get(regs, ZMM_HI256, reg, value.bytes + 32);
	}
	return value;
}

uint64_t
insn_mask_get(const struct insn_regs *regs, unsigned int reg)
{
	uint8_t bytes[8];
	uint64_t mask;

	get(regs, OPMASK, reg, bytes);
	memcpy(&mask, bytes, sizeof(mask));
	return mask;
}

void
insn_vector_set(struct insn_regs *regs, unsigned int reg, const struct insn_vector *value, bool sse)
{
	if (reg >= 16) {
		set(regs, HI16_ZMM, reg, value->bytes);
		return;
	}
	set(regs, SSE, reg, value->bytes);
	if (!sse) {
		set(regs, AVX, reg, value->bytes + 16);
		set(regs, ZMM_HI256, reg, value->bytes + 32);
	}
}
