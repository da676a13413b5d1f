/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Data integrity fields: section 15. Blocks of data, each followed by guard, application tag and
 * reference tag; DIX has the fields alone. A block is done as a whole or not at all.
 *
 * Tags go on from block to block: state.words[0..3] are source reference and application tag, and
 * those of the destination, of the block at hand. Masks apply where a tag is used, not to it.
 */
#include <string.h>

#include "dsa_crc.h"
#include "dsa_op_priv.h"
#include "move.h"

#define FIELD     DSA_DIF_BYTES
#define BLOCK_MAX 4104u

enum { SRC_REF, SRC_APP, DST_REF, DST_APP };

struct field {
	uint16_t guard, app;
	uint32_t ref;
};

/** What this operation does to a block. */
struct dif {
	uint32_t block; /**< bytes of data */
	uint32_t from;  /**< bytes at the source */
	uint32_t to;    /**< bytes at the destination, 0: none */
	bool checks, makes, data;
};

static struct dif
dif_of(const struct dsa_desc *d)
{
	static const uint16_t block[] = {512, 520, 4096, BLOCK_MAX};
	unsigned int opcode = DSA_OPCODE(d);
	struct dif dif = {.block = block[DSA_DIF_BLOCK(d->dif.flags)]};

	dif.checks = opcode != DSA_OP_DIF_INSERT && opcode != DSA_OP_DIX_GENERATE;
	dif.makes = opcode != DSA_OP_DIF_CHECK && opcode != DSA_OP_DIF_STRIP;
	dif.data = opcode != DSA_OP_DIF_CHECK && opcode != DSA_OP_DIX_GENERATE;
	dif.from = dif.block + (dif.checks ? FIELD : 0);
	dif.to = (dif.data ? dif.block : 0) + (dif.makes ? FIELD : 0);
	return dif;
}

/* ---- Fields ---- */

static struct field
parse(const uint8_t p[FIELD])
{
	return (struct field){
		.guard = (uint16_t)(p[0] << 8 | p[1]),
		.app = (uint16_t)(p[2] << 8 | p[3]),
		.ref = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7],
	};
}

static void
format(uint8_t p[FIELD], const struct field *f)
{
	p[0] = (uint8_t)(f->guard >> 8);
	p[1] = (uint8_t)f->guard;
	p[2] = (uint8_t)(f->app >> 8);
	p[3] = (uint8_t)f->app;
	p[4] = (uint8_t)(f->ref >> 24);
	p[5] = (uint8_t)(f->ref >> 16);
	p[6] = (uint8_t)(f->ref >> 8);
	p[7] = (uint8_t)f->ref;
}

static uint16_t
guard_of(const struct dsa_desc *d, const uint8_t *data, size_t len)
{
	uint16_t seed = d->dif.flags & DSA_DIF_INVERT_SEED ? 0xffff : 0;
	uint16_t crc = dsa_crc16(seed, data, len);

	return d->dif.flags & DSA_DIF_INVERT_RESULT ? (uint16_t)~crc : crc;
}

/* A block that its writer marked as not to be checked. */
static bool
skips_checks(uint8_t flags, const struct field *f)
{
	bool app = f->app == 0xffff, ref = f->ref == 0xffffffff;

	return (flags & DSA_DIF_SRC_F_APP_REF && app && ref) || (flags & DSA_DIF_SRC_F_APP && app) ||
	       (flags & DSA_DIF_SRC_F_ALL && app && ref && f->guard == 0xffff);
}

/* Bits of the DIF status. */
static uint8_t
check_field(const struct dsa_op *op, const struct field *f, uint16_t guard)
{
	const struct dsa_desc *d = &op->desc;
	uint8_t flags = d->dif.src_flags, bad = 0;

	if (flags & DSA_DIF_SRC_F_ERROR && f->app == 0xffff && f->ref == 0xffffffff &&
	    f->guard == 0xffff)
		return DSA_DIF_ERROR_F;
	if (skips_checks(flags, f))
		return 0;
	if (!(flags & DSA_DIF_SRC_GUARD_OFF) && f->guard != guard)
		bad |= DSA_DIF_ERROR_GUARD;
	if ((f->app ^ op->state.words[SRC_APP]) & ~d->dif.src_app_mask & 0xffff)
		bad |= DSA_DIF_ERROR_APP;
	if (!(flags & DSA_DIF_SRC_REF_OFF) && f->ref != op->state.words[SRC_REF])
		bad |= DSA_DIF_ERROR_REF;
	return bad;
}

/* The field that is written, where the source may have one to pass through. */
static struct field
make_field(const struct dsa_op *op, const struct field *source, uint16_t guard)
{
	const struct dsa_desc *d = &op->desc;
	uint8_t flags = d->dif.dst_flags;
	struct field f = {
		.guard = guard,
		.app = (uint16_t)(op->state.words[DST_APP] & ~d->dif.dst_app_mask),
		.ref = (uint32_t)op->state.words[DST_REF],
	};

	if (flags & DSA_DIF_DST_GUARD_PASS)
		f.guard = source->guard;
	if (flags & DSA_DIF_DST_APP_PASS)
		f.app = source->app;
	if (flags & DSA_DIF_DST_REF_PASS)
		f.ref = source->ref;
	return f;
}

static void
count_tags(struct dsa_op *op)
{
	uint64_t *tag = op->state.words;
	uint8_t src = op->desc.dif.src_flags, dst = op->desc.dif.dst_flags;

	tag[SRC_REF] = (uint32_t)(tag[SRC_REF] + !(src & DSA_DIF_SRC_REF_FIXED));
	tag[SRC_APP] = (uint16_t)(tag[SRC_APP] + !!(src & DSA_DIF_SRC_APP_COUNTS));
	tag[DST_REF] = (uint32_t)(tag[DST_REF] + !(dst & DSA_DIF_DST_REF_FIXED));
	tag[DST_APP] = (uint16_t)(tag[DST_APP] + !!(dst & DSA_DIF_DST_APP_COUNTS));
}

/* ---- Blocks in memory ---- */

/* Bytes of a block that lie in several pieces, gathered. False: ended in a fault. */
static bool
gather(struct dsa_op *op, struct dsa_mem *mem, uint64_t iova, uint8_t *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		struct dsa_window w;
		uint8_t status = dsa_mem_get(mem, iova + at, len - at, BUS_PROT_READ, &w);

		if (status != 0)
			return !dsa_op_fault(op, status, iova + at, DSA_OPERAND_SOURCE, false);
		memcpy(bytes + at, w.p, w.len);
		at += w.len;
		dsa_mem_put(mem, &w, 0);
	}
	return true;
}

static bool
scatter(struct dsa_op *op, struct dsa_mem *mem, uint64_t iova, const uint8_t *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		struct dsa_window w;
		uint8_t status = dsa_mem_get(mem, iova + at, len - at, BUS_PROT_WRITE, &w);
		size_t n = w.len;

		if (status == 0) {
			/* The block may lie in the same memory, by another address. */
			memmove(w.p, bytes + at, n);
			status = dsa_mem_put(mem, &w, n);
		}
		if (status != 0)
			return !dsa_op_fault(op, status, iova + at, DSA_OPERAND_DEST, true);
		at += n;
	}
	return true;
}

/* ---- One block ---- */

static bool
end_bad(struct dsa_op *op, uint8_t bad)
{
	op->cr.result = bad;
	op->cr.bytes_completed = (uint32_t)op->done;
	return dsa_op_end(op, DSA_STATUS_DIF_ERROR);
}

/* False: the operation has ended. */
static bool
do_block(struct dsa_op *op, struct dsa_mem *mem, const struct dif *dif, const uint8_t *block)
{
	const struct dsa_desc *d = &op->desc;
	uint64_t to = d->dst + op->done / dif->from * dif->to;
	struct field source = {0}, made;
	uint8_t bytes[FIELD], bad;
	uint16_t guard = guard_of(d, block, dif->block);

	if (dif->checks) {
		source = parse(block + dif->block);
		bad = check_field(op, &source, guard);
		if (bad != 0)
			return !end_bad(op, bad);
	}
	if (dif->data) {
		if (!scatter(op, mem, to, block, dif->block))
			return false;
		to += dif->block;
	}
	if (dif->makes) {
		made = make_field(op, &source, guard);
		format(bytes, &made);
		if (!scatter(op, mem, to, bytes, FIELD))
			return false;
	}
	count_tags(op);
	op->done += dif->from;
	return true;
}

static bool
do_next_block(struct dsa_op *op, struct dsa_mem *mem, const struct dif *dif)
{
	uint64_t iova = op->desc.src + op->done;
	uint8_t torn[BLOCK_MAX + FIELD];
	struct dsa_window w;
	uint8_t status;
	bool going;

	status = dsa_mem_get(mem, iova, dif->from, BUS_PROT_READ, &w);
	if (status != 0)
		return !dsa_op_fault(op, status, iova, DSA_OPERAND_SOURCE, false);
	going = w.len == dif->from;
	if (going)
		going = do_block(op, mem, dif, w.p);
	else
		memcpy(torn, w.p, w.len);
	dsa_mem_put(mem, &w, 0);
	if (w.len == dif->from)
		return going;
	return gather(op, mem, iova + w.len, torn + w.len, dif->from - w.len) &&
	       do_block(op, mem, dif, torn);
}

/* ---- The operation ---- */

static void
begin(struct dsa_op *op)
{
	const struct dsa_desc *d = &op->desc;

	op->state.words[SRC_REF] = d->dif.src_ref_seed;
	op->state.words[SRC_APP] = d->dif.src_app_seed;
	op->state.words[DST_REF] = d->dif.dst_ref_seed;
	op->state.words[DST_APP] = d->dif.dst_app_seed;
}

/* What continues after the last block that was done. */
static void
tell(struct dsa_op *op, const struct dif *dif)
{
	const struct dsa_desc *d = &op->desc;
	const uint64_t *tag = op->state.words;

	if (dif->checks) {
		op->cr.dif.src_ref_tag = (uint32_t)tag[SRC_REF];
		op->cr.dif.src_app_mask = d->dif.src_app_mask;
		op->cr.dif.src_app_tag = (uint16_t)tag[SRC_APP];
	}
	if (dif->makes) {
		op->cr.dif.dst_ref_tag = (uint32_t)tag[DST_REF];
		op->cr.dif.dst_app_mask = d->dif.dst_app_mask;
		op->cr.dif.dst_app_tag = (uint16_t)tag[DST_APP];
	}
}

bool
dsa_op_dif(struct dsa_op *op, struct dsa_mem *mem, size_t budget)
{
	const struct dsa_desc *d = &op->desc;
	const struct dif dif = dif_of(d);
	uint64_t until = dsa_op_until(op, budget);
	bool ended = false;

	if (op->done == 0)
		begin(op);
	while (!ended && op->done < until)
		ended = !do_next_block(op, mem, &dif);
	tell(op, &dif);
	if (ended || op->done < d->size)
		return ended;
	if (dif.to == 0)
		return dsa_op_end(op, DSA_STATUS_SUCCESS);
	return dsa_op_end_write(op, mem, d->dst + d->size / dif.from * dif.to - 1);
}
