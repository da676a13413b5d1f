/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Memory move, fill, dualcast: sections 8.3, 8.4, 8.6.
 */
#include "dsa_op_priv.h"
#include "move.h"

/* Result of a move that went from the end to the start. */
#define REVERSED 1

static bool
cached(const struct dsa_op *op)
{
	return DSA_FLAGS(&op->desc) & DSA_FLAG_CC1;
}

/* ---- Forward ---- */

static bool
move_forward(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	const struct dsa_desc *d = &op->desc;
	uint64_t until = dsa_op_until(op, budget);
	struct dsa_operand_walk o[2] = {
		{.iova = d->src + op->done, .id = DSA_OPERAND_SOURCE},
		{.iova = d->dst + op->done, .id = DSA_OPERAND_DEST, .write = true},
	};

	while (op->done < until) {
		size_t n = dsa_op_open(op, mem, o, 2, until - op->done);

		if (n == 0)
			return true;
		move_bytes(o[1].w.p, o[0].w.p, n, cached(op), &op->pace);
		if (!dsa_op_close(op, mem, o, 2, n))
			return true;
	}
	return op->done == d->size && dsa_op_end_write(op, mem, d->dst + d->size - 1);
}

/* ---- Backward ---- */

/*
 * A window that ends where `end` does, and starts at `least` or after it, in the page of the last
 * byte. Of a page that lies in several pieces it is the last one.
 */
static uint8_t
get_back(struct dsa_mem *mem, uint64_t least, uint64_t end, enum bus_prot prot,
	 struct dsa_window *w)
{
	uint64_t at = (end - 1) & ~(uint64_t)(DSA_PAGE - 1);

	if (end - least < end - at)
		at = least;
	for (;;) {
		uint8_t status = dsa_mem_get(mem, at, end - at, prot, w);

		if (status != 0 || w->len == end - at)
			return status;
		at += w->len;
		dsa_mem_put(mem, w, 0);
	}
}

/* The last bytes before `s_end` and `d_end`: how many were moved, 0 after a fault. */
static size_t
move_back_piece(struct dsa_op *op, struct dsa_mem *mem, uint64_t s_end, uint64_t d_end, size_t want)
{
	struct dsa_window s, d;
	uint8_t status;
	size_t n = 0;

	status = get_back(mem, s_end - want, s_end, BUS_PROT_READ, &s);
	if (status != 0) {
		dsa_op_fault(op, status, s_end - 1, DSA_OPERAND_SOURCE, false);
		return 0;
	}
	status = get_back(mem, d_end - s.len, d_end, BUS_PROT_WRITE, &d);
	if (status == 0) {
		n = d.len;
		move_back(d.p, s.p + s.len - n, n);
		status = dsa_mem_put(mem, &d, n);
	}
	dsa_mem_put(mem, &s, 0);
	if (status == 0)
		return n;
	dsa_op_fault(op, status, d_end - 1, DSA_OPERAND_DEST, true);
	return 0;
}

static bool
move_backward(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	const struct dsa_desc *d = &op->desc;
	uint64_t until = dsa_op_until(op, budget);

	op->cr.result = REVERSED;
	while (op->done < until) {
		uint64_t rest = d->size - op->done;
		size_t n = move_back_piece(op, mem, d->src + rest, d->dst + rest, until - op->done);

		if (n == 0)
			return true;
		op->done += n;
	}
	return op->done == d->size && dsa_op_end_write(op, mem, d->dst + d->size - 1);
}

/* All of it in one go, as most moves are: false when it takes pieces. */
static bool
move_at_once(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	const struct dsa_desc *d = &op->desc;
	const uint8_t *src;
	uint8_t *dst;

	if (op->done != 0 || d->size > budget)
		return false;
	src = dsa_mem_whole(mem, d->src, d->size, BUS_PROT_READ);
	dst = dsa_mem_whole(mem, d->dst, d->size, BUS_PROT_WRITE);
	if (src == NULL || dst == NULL)
		return false;
	move_bytes(dst, src, d->size, cached(op), &op->pace);
	op->done = d->size;
	return true;
}

bool
dsa_op_move(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	/* Forward, a destination inside the source would overwrite what is still to be read. */
	uint64_t ahead = op->desc.dst - op->desc.src;

	if (ahead != 0 && ahead < op->desc.size)
		return move_backward(op, mem, budget);
	if (move_at_once(op, mem, budget))
		return dsa_op_end_write(op, mem, op->desc.dst + op->desc.size - 1);
	return move_forward(op, mem, budget);
}

/* ---- Two destinations ---- */

/* So much of the source stays in the nearest cache between its two copies. */
#define DUALCAST_PIECE 16384u

static void
move_twice(struct dsa_operand_walk o[3], size_t n, struct dsa_op *op)
{
	for (size_t at = 0; at < n; at += DUALCAST_PIECE) {
		size_t piece = n - at < DUALCAST_PIECE ? n - at : DUALCAST_PIECE;

		move_bytes(o[1].w.p + at, o[0].w.p + at, piece, cached(op), &op->pace);
		move_bytes(o[2].w.p + at, o[0].w.p + at, piece, cached(op), &op->pace);
	}
}

bool
dsa_op_dualcast(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	const struct dsa_desc *d = &op->desc;
	uint64_t until = dsa_op_until(op, budget);
	struct dsa_operand_walk o[3] = {
		{.iova = d->src + op->done, .id = DSA_OPERAND_SOURCE},
		{.iova = d->dst + op->done, .id = DSA_OPERAND_DEST, .write = true},
		{.iova = d->dualcast.dst2 + op->done, .id = DSA_OPERAND_DEST2, .write = true},
	};

	while (op->done < until) {
		size_t n = dsa_op_open(op, mem, o, 3, until - op->done);

		if (n == 0)
			return true;
		move_twice(o, n, op);
		if (!dsa_op_close(op, mem, o, 3, n))
			return true;
	}
	return op->done == d->size && dsa_op_end_write(op, mem, d->dst + d->size - 1);
}

/* ---- Fill ---- */

bool
dsa_op_fill(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	const struct dsa_desc *d = &op->desc;
	bool wide = DSA_FLAGS(d) & DSA_FLAG_FILL_16;
	uint64_t until = dsa_op_until(op, budget);
	struct dsa_operand_walk o = {
		.iova = d->dst + op->done, .id = DSA_OPERAND_DEST, .write = true};

	while (op->done < until) {
		size_t n = dsa_op_open(op, mem, &o, 1, until - op->done);
		struct move_pattern pattern;

		if (n == 0)
			return true;
		pattern = move_pattern(d->pattern, wide ? d->fill.pattern_high : d->pattern,
				       op->done % MOVE_PATTERN_BYTES);
		move_fill(o.w.p, n, &pattern, cached(op), &op->pace);
		if (!dsa_op_close(op, mem, &o, 1, n))
			return true;
	}
	return op->done == d->size && dsa_op_end_write(op, mem, d->dst + d->size - 1);
}
