/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Delta records, section 8.5: a list of entries, each the place of 8 bytes (in units of 8) and what
 * source 2 has there.
 */
#include <string.h>

#include "dsa_op_priv.h"
#include "move.h"

#define UNIT  8u
#define ENTRY DSA_DELTA_ENTRY_BYTES

#define IDENTICAL 0
#define COMPLETE  1
#define FULL      2

static void
put_offset(uint8_t entry[ENTRY], uint64_t offset)
{
	entry[0] = (uint8_t)(offset / UNIT);
	entry[1] = (uint8_t)(offset / UNIT >> 8);
}

static uint32_t
get_offset(const uint8_t entry[ENTRY])
{
	return (entry[0] | (uint32_t)entry[1] << 8) * UNIT;
}

/* Read or write a few bytes, in several pieces perhaps. False: ended in a fault. */
static bool
access_bytes(struct dsa_op *op, struct dsa_mem *mem, uint64_t iova, uint8_t *bytes, size_t len,
	     enum dsa_operand id, bool write)
{
	for (size_t at = 0; at < len;) {
		struct dsa_window w;
		uint8_t status = dsa_mem_get(mem, iova + at, len - at,
					     write ? BUS_PROT_WRITE : BUS_PROT_READ, &w);
		size_t n = w.len;

		if (status == 0) {
			if (write)
				memcpy(w.p, bytes + at, n);
			else
				memcpy(bytes + at, w.p, n);
			status = dsa_mem_put(mem, &w, write ? n : 0);
		}
		if (status != 0)
			return !dsa_op_fault(op, status, iova + at, id, write);
		at += n;
	}
	return true;
}

/* ---- Create. state.words[0]: bytes of the record so far ---- */

static bool
end_create(struct dsa_op *op, uint8_t result, uint64_t bytes_completed)
{
	op->cr.bytes_completed = (uint32_t)bytes_completed;
	op->cr.delta_size = (uint32_t)op->state.words[0];
	return dsa_op_end_result(op, result, op->desc.create_delta.expected_mask & 7);
}

/* What a fault says of the record. */
static bool
create_faulted(struct dsa_op *op)
{
	op->cr.delta_size = (uint32_t)op->state.words[0];
	op->cr.result = op->state.words[0] != 0 ? COMPLETE : IDENTICAL;
	return true;
}

/* One entry more, for the 8 bytes at op->done. False: the operation has ended. */
static bool
record(struct dsa_op *op, struct dsa_mem *mem, const uint8_t *data)
{
	const struct dsa_desc *d = &op->desc;
	uint64_t *size = &op->state.words[0];
	uint8_t entry[ENTRY];

	if (*size + ENTRY > d->create_delta.max_size)
		return !end_create(op, FULL, op->done);
	put_offset(entry, op->done);
	memcpy(entry + 2, data, UNIT);
	if (!access_bytes(op, mem, d->create_delta.delta + *size, entry, ENTRY, DSA_OPERAND_DEST,
			  true))
		return !create_faulted(op);
	*size += ENTRY;
	return true;
}

/* All units of a stretch; op->done goes on with them. False: the operation has ended. */
static bool
record_stretch(struct dsa_op *op, struct dsa_mem *mem, const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t at = 0;

	while (at < n) {
		size_t same = move_same(a + at, b + at, n - at) & ~(size_t)(UNIT - 1);

		at += same;
		op->done += same;
		if (at == n)
			break;
		if (!record(op, mem, b + at))
			return false;
		at += UNIT;
		op->done += UNIT;
	}
	return true;
}

/* A unit that lies in two pieces of a source. */
static bool
record_torn(struct dsa_op *op, struct dsa_mem *mem)
{
	uint8_t a[UNIT], b[UNIT];

	if (!access_bytes(op, mem, op->desc.src + op->done, a, UNIT, DSA_OPERAND_SOURCE, false) ||
	    !access_bytes(op, mem, op->desc.src2 + op->done, b, UNIT, DSA_OPERAND_SOURCE2, false))
		return !create_faulted(op);
	return record_stretch(op, mem, a, b, UNIT);
}

static bool
create_piece(struct dsa_op *op, struct dsa_mem *mem, size_t want)
{
	struct dsa_operand_walk o[2] = {
		{.iova = op->desc.src + op->done, .id = DSA_OPERAND_SOURCE},
		{.iova = op->desc.src2 + op->done, .id = DSA_OPERAND_SOURCE2},
	};
	size_t n = dsa_op_open(op, mem, o, 2, want);
	bool going;

	if (n == 0)
		return !create_faulted(op);
	going = n < UNIT || record_stretch(op, mem, o[0].w.p, o[1].w.p, n & ~(size_t)(UNIT - 1));
	dsa_mem_put(mem, &o[0].w, 0);
	dsa_mem_put(mem, &o[1].w, 0);
	return n < UNIT ? record_torn(op, mem) : going;
}

static bool
end_whole_record(struct dsa_op *op, struct dsa_mem *mem)
{
	uint64_t size = op->state.words[0];

	if (size == 0)
		return end_create(op, IDENTICAL, 0);
	dsa_op_end_write(op, mem, op->desc.create_delta.delta + size - 1);
	return op->cr.status != DSA_STATUS_SUCCESS || end_create(op, COMPLETE, 0);
}

bool
dsa_op_create_delta(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	uint64_t until = dsa_op_until(op, (budget | UNIT) & ~(size_t)(UNIT - 1));

	while (op->done < until)
		if (!create_piece(op, mem, until - op->done))
			return true;
	if (op->done < op->desc.size)
		return false;
	return end_whole_record(op, mem);
}

/* ---- Apply. op->done: bytes of the record; state.words[0]: 1 + the last offset ---- */

static bool
end_apply(struct dsa_op *op, enum dsa_status status)
{
	op->cr.bytes_completed = (uint32_t)op->done;
	return dsa_op_end(op, status);
}

/* One entry. False: the operation has ended. */
static bool
apply(struct dsa_op *op, struct dsa_mem *mem)
{
	const struct dsa_desc *d = &op->desc;
	uint8_t entry[ENTRY];
	uint32_t offset;

	if (!access_bytes(op, mem, d->delta + op->done, entry, ENTRY, DSA_OPERAND_SOURCE, false))
		return false;
	offset = get_offset(entry);
	if (offset < op->state.words[0])
		return !end_apply(op, DSA_STATUS_DELTA_ORDER);
	if (offset >= d->size)
		return !end_apply(op, DSA_STATUS_DELTA_RANGE);
	if (!access_bytes(op, mem, d->dst + offset, entry + 2, UNIT, DSA_OPERAND_DEST, true))
		return false;
	op->state.words[0] = (uint64_t)offset + 1;
	op->done += ENTRY;
	return true;
}

bool
dsa_op_apply_delta(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	const struct dsa_desc *d = &op->desc;

	for (size_t spent = 0; op->done < d->apply_delta.delta_size; spent += ENTRY) {
		if (spent >= budget)
			return false;
		if (!apply(op, mem))
			return true;
	}
	return dsa_op_end_write(op, mem, d->dst + op->state.words[0] - 1);
}
