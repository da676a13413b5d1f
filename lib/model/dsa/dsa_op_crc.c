/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * CRC generation and copy with CRC: section 14. state.crc is the register as the reflected CRC has
 * it; seeds come in, and results go out, inverted or, bypassing that, with their bits reversed.
 */
#include <string.h>

#include "dsa_crc.h"
#include "dsa_op_priv.h"
#include "move.h"

/* So much of the source stays in the nearest cache between its CRC and its copy. */
#define PIECE 16384u

/* Between the number that software has and the register: the same both ways. */
static uint64_t
turn(uint64_t value, uint32_t flags)
{
	bool wide = flags & DSA_FLAG_CRC_64;

	if (flags & DSA_FLAG_CRC_RAW)
		return wide ? dsa_crc_reverse(value) : dsa_crc_reverse(value) >> 32;
	return wide ? ~value : (uint32_t)~value;
}

/* The seed from memory; it lies in one piece, since it is aligned. */
static bool
fetch_seed(struct dsa_op *op, struct dsa_mem *mem, uint64_t *seed)
{
	uint64_t iova = op->desc.crc.seed_addr;
	size_t len = DSA_FLAGS(&op->desc) & DSA_FLAG_CRC_64 ? 8 : 4;
	uint8_t bytes[8] = {0};

	for (size_t at = 0; at < len;) {
		struct dsa_window w;
		uint8_t status = dsa_mem_get(mem, iova + at, len - at, BUS_PROT_READ, &w);

		if (status != 0)
			return !dsa_op_fault(op, status, iova + at, DSA_OPERAND_SOURCE2, false);
		memcpy(bytes + at, w.p, w.len);
		at += w.len;
		dsa_mem_put(mem, &w, 0);
	}
	memcpy(seed, bytes, sizeof(*seed));
	return true;
}

/* False: ended in a fault. */
static bool
begin(struct dsa_op *op, struct dsa_mem *mem)
{
	uint32_t flags = DSA_FLAGS(&op->desc);
	uint64_t seed = op->desc.crc.seed;

	if (op->done != 0)
		return true;
	if (flags & DSA_FLAG_CRC_SEED_ADDR && !fetch_seed(op, mem, &seed))
		return false;
	op->state.crc = turn(flags & DSA_FLAG_CRC_64 ? seed : (uint32_t)seed, flags);
	return true;
}

static void
tell(struct dsa_op *op)
{
	op->cr.crc = turn(op->state.crc, DSA_FLAGS(&op->desc));
}

static uint64_t
crc_of(uint64_t crc, const uint8_t *p, size_t len, uint32_t flags)
{
	if (flags & DSA_FLAG_CRC_64)
		return dsa_crc64(crc, p, len);
	return dsa_crc32c((uint32_t)crc, p, len);
}

/* With data reflection bypassed: each byte's bits are turned round first. */
static uint64_t
crc_of_reversed(uint64_t crc, const uint8_t *p, size_t len, uint32_t flags)
{
	uint8_t turned[512];

	for (size_t at = 0, n; at < len; at += n) {
		n = len - at < sizeof(turned) ? len - at : sizeof(turned);
		dsa_crc_reverse_bytes(turned, p + at, n);
		crc = crc_of(crc, turned, n, flags);
	}
	return crc;
}

static void
add(struct dsa_op *op, const uint8_t *p, size_t len)
{
	uint32_t flags = DSA_FLAGS(&op->desc);

	if (flags & DSA_FLAG_CRC_RAW_DATA)
		op->state.crc = crc_of_reversed(op->state.crc, p, len, flags);
	else
		op->state.crc = crc_of(op->state.crc, p, len, flags);
}

bool
dsa_op_crc(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	const struct dsa_desc *d = &op->desc;
	uint64_t until = dsa_op_until(op, budget);
	struct dsa_operand_walk o = {.iova = d->src + op->done, .id = DSA_OPERAND_SOURCE};
	bool ended = !begin(op, mem);

	if (ended)
		return true;
	while (!ended && op->done < until) {
		size_t n = dsa_op_open(op, mem, &o, 1, until - op->done);

		ended = n == 0;
		if (ended)
			break;
		add(op, o.w.p, n);
		dsa_op_close(op, mem, &o, 1, n);
	}
	tell(op);
	return ended || (op->done == d->size && dsa_op_end(op, DSA_STATUS_SUCCESS));
}

static bool
copy_piece(struct dsa_op *op, struct dsa_mem *mem, struct dsa_operand_walk o[2], size_t want)
{
	size_t n = dsa_op_open(op, mem, o, 2, want < PIECE ? want : PIECE);
	uint64_t before = op->state.crc;

	if (n == 0)
		return false;
	add(op, o[0].w.p, n);
	move_bytes(o[1].w.p, o[0].w.p, n, DSA_FLAGS(&op->desc) & DSA_FLAG_CC1, &op->pace);
	if (dsa_op_close(op, mem, o, 2, n))
		return true;
	/* The CRC is of what has been copied. */
	op->state.crc = before;
	return false;
}

bool
dsa_op_copy_crc(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	const struct dsa_desc *d = &op->desc;
	uint64_t until = dsa_op_until(op, budget);
	struct dsa_operand_walk o[2] = {
		{.iova = d->src + op->done, .id = DSA_OPERAND_SOURCE},
		{.iova = d->dst + op->done, .id = DSA_OPERAND_DEST, .write = true},
	};
	bool ended = !begin(op, mem);

	if (ended)
		return true;
	while (!ended && op->done < until)
		ended = !copy_piece(op, mem, o, until - op->done);
	tell(op);
	return ended || (op->done == d->size && dsa_op_end_write(op, mem, d->dst + d->size - 1));
}
