/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_OP_PRIV_H
#define SLIPWAY_DSA_OP_PRIV_H

/**
 * @file
 * What operations share: how one ends, and how it walks through several pieces of memory in step.
 *
 * An operation is a function that does up to `budget` bytes more, from op->done on, and says
 * whether the operation has ended. The functions here that return bool are its last words, too.
 */

#include "dsa_mem.h"
#include "dsa_op.h"

/** Page of a fault, as completion records name it. */
#define DSA_PAGE 4096u

bool dsa_op_move(struct dsa_op *op, struct dsa_mem *mem, size_t budget);
bool dsa_op_dualcast(struct dsa_op *op, struct dsa_mem *mem, size_t budget);
bool dsa_op_fill(struct dsa_op *op, struct dsa_mem *mem, size_t budget);
bool dsa_op_compare(struct dsa_op *op, struct dsa_mem *mem, size_t budget);
bool dsa_op_compare_pattern(struct dsa_op *op, struct dsa_mem *mem, size_t budget);
bool dsa_op_create_delta(struct dsa_op *op, struct dsa_mem *mem, size_t budget);
bool dsa_op_apply_delta(struct dsa_op *op, struct dsa_mem *mem, size_t budget);
bool dsa_op_crc(struct dsa_op *op, struct dsa_mem *mem, size_t budget);
bool dsa_op_copy_crc(struct dsa_op *op, struct dsa_mem *mem, size_t budget);
bool dsa_op_dif(struct dsa_op *op, struct dsa_mem *mem, size_t budget);
bool dsa_op_cache_flush(struct dsa_op *op, struct dsa_mem *mem, size_t budget);
bool dsa_op_translation_fetch(struct dsa_op *op, struct dsa_mem *mem, size_t budget);

/** The operation has ended with that status and nothing left to do. */
static inline bool
dsa_op_end(struct dsa_op *op, enum dsa_status status)
{
	op->cr.status = status;
	return true;
}

/** It has ended with a result that the descriptor may want checked. */
bool dsa_op_end_result(struct dsa_op *op, uint8_t result, uint8_t expected_mask);

/** It has written all it had to; `last` is its last byte, which readback reads. */
bool dsa_op_end_write(struct dsa_op *op, struct dsa_mem *mem, uint64_t last);

/** It could not reach `iova`: status from dsa_mem. The bytes completed are op->done. */
bool dsa_op_fault(struct dsa_op *op, uint8_t status, uint64_t iova, enum dsa_operand id,
		  bool write);

/** One address that an operation walks from. */
struct dsa_operand_walk {
	uint64_t iova;
	enum dsa_operand id;
	bool write;
	struct dsa_window w;
};

/**
 * Open the same stretch of each of `n` operands, sources first.
 *
 * @param want bytes, at least 1
 * @return the bytes that lie at hand in all of them; 0: the operation has ended in a fault, and
 *         nothing is open
 */
static inline size_t
dsa_op_open(struct dsa_op *op, struct dsa_mem *mem, struct dsa_operand_walk walk[], unsigned int n,
	    size_t want)
{
	for (unsigned int i = 0; i < n; i++) {
		struct dsa_operand_walk *o = &walk[i];
		uint8_t status = dsa_mem_get(mem, o->iova, want,
					     o->write ? BUS_PROT_WRITE : BUS_PROT_READ, &o->w);

		if (status != 0) {
			while (i-- > 0)
				dsa_mem_put(mem, &walk[i].w, 0);
			dsa_op_fault(op, status, o->iova, o->id, o->write);
			return 0;
		}
		want = o->w.len;
	}
	return want;
}

/**
 * Close them after `bytes` of each were read or written, and step on. False: the operation has
 * ended in a fault; op->done is as before then.
 */
static inline bool
dsa_op_close(struct dsa_op *op, struct dsa_mem *mem, struct dsa_operand_walk walk[],
	     unsigned int n, size_t bytes)
{
	bool ok = true;

	for (unsigned int i = 0; i < n; i++) {
		struct dsa_operand_walk *o = &walk[i];
		uint8_t status = dsa_mem_put(mem, &o->w, o->write ? bytes : 0);

		if (status != 0 && ok)
			ok = !dsa_op_fault(op, status, o->iova, o->id, o->write);
		o->iova += bytes;
	}
	if (ok)
		op->done += bytes;
	return ok;
}

/** How far this call goes: op->done at its end. */
static inline uint64_t
dsa_op_until(const struct dsa_op *op, size_t budget)
{
	uint64_t rest = op->desc.size - op->done;

	return op->done + (rest < budget ? rest : budget);
}

#endif /* SLIPWAY_DSA_OP_PRIV_H */
