/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "code.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "reach.h"

/* A driver has some hundred places that touch registers. */
#define CACHE_SLOTS 512
#define CACHE_WORDS ((sizeof(struct code) + 7) / 8)

/* One instruction; readers copy it and look at the sequence again, writers turn it odd. Who finds
 * it odd does without.
 */
struct slot {
	_Atomic uint32_t sequence;
	_Atomic uint64_t words[CACHE_WORDS];
};

static struct slot cache[CACHE_SLOTS];

static struct slot *
slot_of(uint64_t rip)
{
	return &cache[(rip ^ rip >> 9 ^ rip >> 18) % CACHE_SLOTS];
}

static bool
slot_get(struct slot *slot, struct code *code)
{
	uint64_t words[CACHE_WORDS];
	/* Acquire pairs with the release at the end of slot_put, the fence with the one in it. */
	uint32_t sequence = atomic_load_explicit(&slot->sequence, memory_order_acquire);

	if ((sequence & 1) != 0)
		return false;
	for (size_t i = 0; i < CACHE_WORDS; i++)
		words[i] = atomic_load_explicit(&slot->words[i], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&slot->sequence, memory_order_relaxed) != sequence)
		return false;
	memcpy(code, words, sizeof(*code));
	return true;
}

static void
slot_put(struct slot *slot, const struct code *code)
{
	uint64_t words[CACHE_WORDS] = {0};
	uint32_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed);

	memcpy(words, code, sizeof(*code));
	if ((sequence & 1) != 0 ||
	    !atomic_compare_exchange_strong_explicit(&slot->sequence, &sequence, sequence + 1,
						     memory_order_relaxed, memory_order_relaxed))
		return;
	/* Pairs with the fence in slot_get: who sees a new word sees the sequence odd, or later. */
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < CACHE_WORDS; i++)
		atomic_store_explicit(&slot->words[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&slot->sequence, sequence + 2, memory_order_release);
}

/* ---- Kinds ---- */

static bool
is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26: /* segments */
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
	case 0x66: /* operand and address size */
	case 0x67:
	case 0xf0: /* lock, repeat */
	case 0xf2:
	case 0xf3:
		return true;
	default:
		return false;
	}
}

/* By the opcode of an instruction that was decoded, so all of its bytes are there. */
static enum code_kind
kind_of(const uint8_t *bytes)
{
	bool repeat = false, operand = false;

	for (; is_prefix(*bytes); bytes++) {
		repeat |= *bytes == 0xf2 || *bytes == 0xf3;
		operand |= *bytes == 0x66;
	}
	if ((*bytes & 0xf0) == 0x40) /* REX */
		bytes++;
	/* MOVS, CMPS, STOS, LODS, SCAS; TEST with an immediate lies between them. */
	if (*bytes >= 0xa4 && *bytes <= 0xaf && *bytes != 0xa8 && *bytes != 0xa9)
		return CODE_STRING;
	if (bytes[0] != 0x0f || bytes[1] != 0x38)
		return CODE_PLAIN;
	if (bytes[2] == 0xf8)
		return repeat ? CODE_SUBMIT : CODE_LINE;
	return bytes[2] == 0xf9 && !repeat && !operand ? CODE_DIRECT : CODE_PLAIN;
}

/* ---- Interface ---- */

void
code_fetch(uint64_t rip, struct code *code)
{
	memset(code, 0, sizeof(*code));
	code->rip = rip;
	code->count = (uint8_t)reach_fetch(rip, code->bytes, sizeof(code->bytes));
}

int
code_decode(struct code *code)
{
	struct slot *slot = slot_of(code->rip);
	struct code known;
	int ret;

	if (slot_get(slot, &known) && known.rip == code->rip && known.insn.length != 0 &&
	    known.insn.length <= code->count &&
	    memcmp(known.bytes, code->bytes, known.insn.length) == 0) {
		code->insn = known.insn;
		code->kind = known.kind;
		return 0;
	}
	ret = insn_decode(code->bytes, code->count, &code->insn);
	if (ret != 0)
		return ret;
	code->kind = kind_of(code->bytes);
	slot_put(slot, code);
	return 0;
}
