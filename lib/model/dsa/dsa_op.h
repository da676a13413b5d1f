/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_OP_H
#define SLIPWAY_DSA_OP_H

/**
 * @file
 * One operation of the DSA (sections 7, 8, 14, 15): is a descriptor valid, and doing what it says, a
 * piece at a time. Knows memory only through dsa_mem.h; knows no queues, batches, completion records
 * in memory, interrupts: dsa_engine.c does those. No-op, batch, drain are checked here, done there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dsa_desc.h"
#include "move.h"

struct dsa_mem;

/** What decides whether a descriptor is valid, from the device and its work queue. */
struct dsa_op_rules {
	uint64_t gencap;         /**< GENCAP as read */
	const uint64_t *opcap;   /**< 4 words: operations allowed here, OPCFG included */
	uint64_t max_transfer;   /**< bytes, of the work queue */
	uint32_t max_batch;      /**< descriptors, of the work queue */
	bool block_on_fault;     /**< WQCFG BOF enable */
	bool interrupts;         /**< RCI allowed: privileged, or GENCFG bit 12, or no PASID */
	bool in_batch;           /**< a member of a batch */
	bool fence_direct_ignored;
	uint32_t plain;          /**< bits of a plain move to look at: dsa_op_rules_plain */
};

/** An operation under way. The engine zeroes it and fills in `desc`; the rest is dsa_op's own. */
struct dsa_op {
	struct dsa_desc desc;
	struct dsa_cr cr; /**< what the completion record will say; status 0 while under way */
	uint64_t done;    /**< bytes of the operation done so far */
	uint8_t fault_operand; /**< operand id of section 7.3 */
	bool fault_write;
	bool tells_operand; /**< the device has fault information: set by dsa_op_check */
	struct move_pace pace;
	union {
		uint64_t crc;
		uint64_t words[8]; /**< tags of DIF, record size of delta, ... */
	} state;
};

/** Of the first word: bits 30:20. */
#define DSA_OP_RESERVED_WORD0 UINT64_C(0x7ff00000)
/** What a plain move has in the bits of its second word that are looked at. */
#define DSA_OP_PLAIN DSA_OP_FLAGS(DSA_OP_MOVE, DSA_FLAG_CRAV)

/** Find out which moves are plain, from the other rules; without this none is. */
void dsa_op_rules_plain(struct dsa_op_rules *rules);

/**
 * Is it a move like most: valid, between places apart, with none of the flags in `unless`? Such a
 * one needs no further check: what is left here is what dsa_op_check would look at. What is not
 * plain may be valid, too.
 */
static inline bool
dsa_op_plain(const struct dsa_desc *d, const struct dsa_op_rules *rules, uint32_t unless)
{
	uint64_t op[3], reserved;

	memcpy(op, d->op, sizeof(op));
	reserved = op[0] | op[1] | op[2] | d->interrupt_handle | d->reserved38 |
		   (d->pasid & DSA_OP_RESERVED_WORD0);
	return (d->op_flags & (rules->plain | unless)) == DSA_OP_PLAIN &&
	       (reserved | d->cr % DSA_CR_BYTES) == 0 &&
	       (uint64_t)d->size - 1 < rules->max_transfer && d->src - d->dst >= d->size &&
	       d->dst - d->src >= d->size;
}

/**
 * Check a descriptor in the order opcode, flags, reserved, completion record address, size,
 * alignment, overlap. Returns whether it may be started; if not, op->cr says why (status, invalid
 * flags).
 */
bool dsa_op_check(struct dsa_op *op, const struct dsa_op_rules *rules);

/**
 * Do up to about `budget` bytes of it. Returns true when it has ended: op->cr is complete then
 * (success, false predicate, fault with exact bytes completed ...). Writes no completion record.
 */
bool dsa_op_run(struct dsa_op *op, struct dsa_mem *mem, size_t budget);

#endif /* SLIPWAY_DSA_OP_H */
