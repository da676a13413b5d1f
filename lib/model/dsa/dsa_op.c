/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * From an opcode to what does it, and how operations end.
 */
#include "dsa_op_priv.h"

static bool
nothing(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	(void)mem;
	(void)budget;
	return dsa_op_end(op, DSA_STATUS_SUCCESS);
}

static bool (*const operations[])(struct dsa_op *op, struct dsa_mem *mem, size_t budget) = {
	[DSA_OP_NOOP] = nothing,
	[DSA_OP_MOVE] = dsa_op_move,
	[DSA_OP_FILL] = dsa_op_fill,
	[DSA_OP_COMPARE] = dsa_op_compare,
	[DSA_OP_COMPARE_PATTERN] = dsa_op_compare_pattern,
	[DSA_OP_CREATE_DELTA] = dsa_op_create_delta,
	[DSA_OP_APPLY_DELTA] = dsa_op_apply_delta,
	[DSA_OP_DUALCAST] = dsa_op_dualcast,
	[DSA_OP_TRANSLATION_FETCH] = dsa_op_translation_fetch,
	[DSA_OP_CRC] = dsa_op_crc,
	[DSA_OP_COPY_CRC] = dsa_op_copy_crc,
	[DSA_OP_DIF_CHECK] = dsa_op_dif,
	[DSA_OP_DIF_INSERT] = dsa_op_dif,
	[DSA_OP_DIF_STRIP] = dsa_op_dif,
	[DSA_OP_DIF_UPDATE] = dsa_op_dif,
	[DSA_OP_DIX_GENERATE] = dsa_op_dif,
	[DSA_OP_CACHE_FLUSH] = dsa_op_cache_flush,
};

bool
dsa_op_run(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	unsigned int opcode = DSA_OPCODE(&op->desc);

	if (opcode >= sizeof(operations) / sizeof(operations[0]) || operations[opcode] == NULL)
		return dsa_op_end(op, DSA_STATUS_OPCODE);
	return operations[opcode](op, mem, budget);
}

bool
dsa_op_end_result(struct dsa_op *op, uint8_t result, uint8_t expected_mask)
{
	bool wanted = !(DSA_FLAGS(&op->desc) & DSA_FLAG_CHECK) || expected_mask >> result & 1;

	op->cr.result = result;
	return dsa_op_end(op, wanted ? DSA_STATUS_SUCCESS : DSA_STATUS_FALSE_PREDICATE);
}

bool
dsa_op_end_write(struct dsa_op *op, struct dsa_mem *mem, uint64_t last)
{
	struct dsa_window w;

	if (!(DSA_FLAGS(&op->desc) & DSA_FLAG_CC2))
		return dsa_op_end(op, DSA_STATUS_SUCCESS);
	if (dsa_mem_get(mem, last, 1, BUS_PROT_READ, &w) != 0)
		return dsa_op_end(op, DSA_STATUS_WRITE_ERROR);
	dsa_mem_put(mem, &w, 0);
	return dsa_op_end(op, DSA_STATUS_SUCCESS);
}

bool
dsa_op_fault(struct dsa_op *op, uint8_t status, uint64_t iova, enum dsa_operand id, bool write)
{
	op->cr.status = status | (write ? DSA_STATUS_WRITE : 0);
	op->cr.bytes_completed = (uint32_t)op->done;
	op->cr.fault_addr = iova & ~(uint64_t)(DSA_PAGE - 1);
	/* Bit 0: the address is the page's. */
	if (op->tells_operand)
		op->cr.fault_info = 1 | id << 1;
	op->fault_operand = id;
	op->fault_write = write;
	return true;
}
