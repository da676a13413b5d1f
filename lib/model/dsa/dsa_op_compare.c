/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Compare, compare pattern: section 8.4. Memory is looked at in ascending order, so a difference
 * that lies before a fault is what is reported.
 */
#include <string.h>

#include "dsa_op_priv.h"
#include "move.h"

#define EQUAL     0
#define DIFFERENT 1

static bool
end_compare(struct dsa_op *op, uint8_t result, uint64_t at)
{
	op->cr.bytes_completed = (uint32_t)at;
	return dsa_op_end_result(op, result, op->desc.compare.expected & 1 ? 1 << 1 : 1 << 0);
}

bool
dsa_op_compare(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	const struct dsa_desc *d = &op->desc;
	uint64_t until = dsa_op_until(op, budget);
	struct dsa_operand_walk o[2] = {
		{.iova = d->src + op->done, .id = DSA_OPERAND_SOURCE},
		{.iova = d->src2 + op->done, .id = DSA_OPERAND_SOURCE2},
	};

	while (op->done < until) {
		size_t n = dsa_op_open(op, mem, o, 2, until - op->done), same;

		if (n == 0)
			return true;
		same = move_same(o[0].w.p, o[1].w.p, n);
		dsa_op_close(op, mem, o, 2, same);
		if (same < n)
			return end_compare(op, DIFFERENT, op->done);
	}
	return op->done == d->size && end_compare(op, EQUAL, 0);
}

/* How many bytes agree with the pattern, whose byte `phase` comes first. */
static size_t
same_as_pattern(const uint8_t *p, size_t len, uint64_t pattern, unsigned int phase)
{
	uint8_t twice[2 * sizeof(pattern)];
	size_t head = len < sizeof(pattern) ? len : sizeof(pattern), same;

	memcpy(twice, &pattern, sizeof(pattern));
	memcpy(twice + sizeof(pattern), &pattern, sizeof(pattern));
	same = move_same(p, twice + phase, head);
	/* From there on, each byte is to be what lies 8 bytes before it. */
	if (same < head || len == head)
		return same;
	return head + move_same(p + head, p, len - head);
}

bool
dsa_op_compare_pattern(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	const struct dsa_desc *d = &op->desc;
	uint64_t until = dsa_op_until(op, budget);
	struct dsa_operand_walk o = {.iova = d->src + op->done, .id = DSA_OPERAND_SOURCE};

	while (op->done < until) {
		size_t n = dsa_op_open(op, mem, &o, 1, until - op->done), same;

		if (n == 0)
			return true;
		same = same_as_pattern(o.w.p, n, d->compare_pattern, op->done % 8);
		dsa_op_close(op, mem, &o, 1, same);
		if (same < n)
			return end_compare(op, DIFFERENT, op->done);
	}
	return op->done == d->size && end_compare(op, EQUAL, 0);
}
