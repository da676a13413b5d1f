/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_op.h"

bool
dsa_op_check(struct dsa_op *op, const struct dsa_op_rules *rules)
{
	if (rules->opcap[0] >> (DSA_OPCODE(&op->desc) & 63) & 1)
		return true;
	op->cr.status = DSA_STATUS_OPCODE;
	return false;
}

bool
dsa_op_run(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	(void)mem;
	(void)budget;
	op->cr.status = DSA_STATUS_SUCCESS;
	return true;
}
