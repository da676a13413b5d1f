/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Operations that move no data: cache flush, translation fetch. Sections 8.7, 8.11.
 */
#include "dsa_op_priv.h"
#include "move.h"

bool
dsa_op_cache_flush(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	const struct dsa_desc *d = &op->desc;
	uint64_t until = dsa_op_until(op, budget);
	struct dsa_operand_walk o = {.iova = d->dst + op->done, .id = DSA_OPERAND_DEST};

	while (op->done < until) {
		size_t n = dsa_op_open(op, mem, &o, 1, until - op->done);

		if (n == 0)
			return true;
		move_flush(o.w.p, n, DSA_FLAGS(d) & DSA_FLAG_CC2);
		dsa_op_close(op, mem, &o, 1, n);
	}
	return op->done == d->size && dsa_op_end(op, DSA_STATUS_SUCCESS);
}

/* What one look-up counts for, against a budget of bytes moved. */
#define LOOK_UP 512u

/* Bytes completed are undefined here, so none are told: done counts how far the addresses are. */
static bool
fetch_faulted(struct dsa_op *op, uint8_t status, uint64_t iova)
{
	dsa_op_fault(op, status, iova, DSA_OPERAND_SOURCE, false);
	op->cr.bytes_completed = 0;
	return true;
}

bool
dsa_op_translation_fetch(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	const struct dsa_desc *d = &op->desc;
	uint64_t stride = DSA_FLAGS(d) & DSA_FLAG_OP(0) ? d->fetch.stride : DSA_PAGE;
	uint64_t first = d->src & ~(uint64_t)(DSA_PAGE - 1), end = d->src - first + d->size;

	for (size_t spent = 0; op->done < end; spent += LOOK_UP) {
		struct dsa_window w;
		uint8_t status;

		if (spent >= budget)
			return false;
		status = dsa_mem_get(mem, first + op->done, 1, BUS_PROT_READ, &w);
		if (status != 0)
			return fetch_faulted(op, status, first + op->done);
		dsa_mem_put(mem, &w, 0);
		op->done += stride;
	}
	return dsa_op_end(op, DSA_STATUS_SUCCESS);
}
