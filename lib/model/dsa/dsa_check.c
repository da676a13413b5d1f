/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Is a descriptor valid? Sections 7.2, 7.5 and 8: opcode, flags, reserved fields, address of the
 * completion record, size, alignment, overlap, in this order.
 */
#include <string.h>

#include "dsa_op.h"
#include "dsa_op_table.h"

/* Flags whose use hangs on more than the opcode. */
#define CONDITIONAL                                                                                \
	(DSA_FLAG_FENCE | DSA_FLAG_BOF | DSA_FLAG_RCI | DSA_FLAG_STRICT | DSA_FLAGS_CC)
/* Of the word with size, interrupt handle, bytes 38 and 39. */
#define WORD_HANDLE    (UINT64_C(0xffff) << 32)
#define TRANSLATION    4096u

/* ---- Flags ---- */

/* Section 7.2: 101 and 111 are reserved, others as far as the device can do them. */
static uint32_t
bad_cache_control(uint32_t flags, uint64_t gencap)
{
	uint32_t cc = flags & DSA_FLAGS_CC, bad = 0;

	if (cc & DSA_FLAG_CC1 && !(gencap & DSA_GENCAP_CACHE))
		bad |= DSA_FLAG_CC1;
	if (cc & DSA_FLAG_CC2 && !(gencap & DSA_GENCAP_READBACK))
		bad |= DSA_FLAG_CC2;
	if (cc & DSA_FLAG_CC3 && cc & DSA_FLAG_CC1)
		bad |= DSA_FLAG_CC3 | DSA_FLAG_CC1;
	if (cc == DSA_FLAG_CC3 && !(gencap & DSA_GENCAP_DURABLE))
		bad |= DSA_FLAG_CC3;
	return bad;
}

/* Those that this opcode allows, but not here. */
static uint32_t
bad_conditional(uint32_t flags, const struct dsa_op_rules *rules)
{
	uint32_t bad = bad_cache_control(flags, rules->gencap);

	if (!rules->in_batch && !rules->fence_direct_ignored)
		bad |= flags & DSA_FLAG_FENCE;
	if (!rules->block_on_fault)
		bad |= flags & DSA_FLAG_BOF;
	if (!rules->interrupts)
		bad |= flags & DSA_FLAG_RCI;
	if (rules->gencap & DSA_GENCAP_NO_STRICT)
		bad |= flags & DSA_FLAG_STRICT;
	return bad;
}

/* Flags that must not be set, and those missing that must be. */
static uint32_t
bad_flags(uint32_t flags, const struct dsa_op_row *row, const struct dsa_op_rules *rules)
{
	uint32_t bad = (flags & ~row->flags) | (row->must & ~flags);

	if (flags & CONDITIONAL)
		bad |= bad_conditional(flags, rules);
	if (flags & row->flag && !(rules->gencap >> row->gencap & 1))
		bad |= flags & row->flag;
	if (!(flags & DSA_FLAG_CRAV))
		bad |= flags & (DSA_FLAG_RCR | DSA_FLAG_CR_TC);
	if (row == &dsa_op_rows[DSA_OP_DRAIN] && !(flags & (DSA_FLAG_RCR | DSA_FLAG_RCI)))
		bad |= DSA_FLAG_RCR | DSA_FLAG_RCI;
	return bad;
}

/* ---- Reserved fields ---- */

/* Bytes of the row's reserved ones that flags bring into use. */
static uint64_t
used_bytes(unsigned int opcode, uint32_t flags)
{
	uint64_t used = 0;

	switch (opcode) {
	case DSA_OP_DRAIN:
		used |= flags & DSA_FLAG_DRAIN_READ1 ? DSA_BYTES(16, 23) : 0;
		used |= flags & DSA_FLAG_DRAIN_READ2 ? DSA_BYTES(24, 31) : 0;
		break;
	case DSA_OP_FILL:
		used |= flags & DSA_FLAG_FILL_16 ? DSA_BYTES(40, 47) : 0;
		break;
	case DSA_OP_CRC:
	case DSA_OP_COPY_CRC:
		used |= flags & DSA_FLAG_CRC_64 ? DSA_BYTES(44, 47) : 0;
		used |= flags & DSA_FLAG_CRC_SEED_ADDR ? DSA_BYTES(48, 55) : 0;
		break;
	}
	return used;
}

static bool
reserved_in_use(const struct dsa_desc *desc, uint64_t reserved)
{
	uint8_t bytes[DSA_DESC_BYTES];

	memcpy(bytes, desc, sizeof(bytes));
	for (unsigned int n = 16; n < DSA_DESC_BYTES; n++)
		if (reserved >> n & 1 && bytes[n] != 0)
			return true;
	return false;
}

/* Bits of a byte that is in use otherwise. */
static bool
reserved_bits(const struct dsa_desc *d)
{
	switch (DSA_OPCODE(d)) {
	case DSA_OP_COMPARE:
	case DSA_OP_COMPARE_PATTERN:
		return d->compare.expected & (DSA_FLAGS(d) & DSA_FLAG_CHECK ? 0xfe : 0xff);
	case DSA_OP_DIF_CHECK:
	case DSA_OP_DIF_STRIP:
		return d->dif.flags & ~DSA_DIF_FLAGS;
	case DSA_OP_DIF_UPDATE:
		return d->dif.flags & ~DSA_DIF_FLAGS || d->dif.dst_flags & ~DSA_DIF_DST_FLAGS;
	case DSA_OP_DIF_INSERT:
	case DSA_OP_DIX_GENERATE:
		/* There is no field that could pass through. */
		return d->dif.flags & ~DSA_DIF_FLAGS ||
		       d->dif.dst_flags & ~(DSA_DIF_DST_FLAGS & ~DSA_DIF_DST_PASS);
	default:
		return false;
	}
}

static bool
reserved_ok(const struct dsa_desc *desc, const struct dsa_op_row *row)
{
	uint32_t flags = DSA_FLAGS(desc);
	uint64_t w[8], bad;

	memcpy(w, desc, sizeof(w));
	bad = (w[0] & DSA_OP_RESERVED_WORD0) | (flags & DSA_FLAG_CRAV ? 0 : w[1]) |
	      (flags & DSA_FLAG_RCI ? 0 : w[4] & WORD_HANDLE);
	if (bad != 0 || reserved_bits(desc))
		return false;
	for (unsigned int n = 2; n < 8; n++)
		bad |= w[n] & row->words[n];
	return bad == 0 ||
	       !reserved_in_use(desc, row->reserved & ~used_bytes(DSA_OPCODE(desc), flags));
}

/* ---- Sizes ---- */

static uint32_t
dif_block(const struct dsa_desc *d)
{
	static const uint16_t block[] = {512, 520, 4096, 4104};

	return block[DSA_DIF_BLOCK(d->dif.flags)];
}

static uint8_t
check_delta_size(const struct dsa_desc *d, uint64_t max_transfer)
{
	if (d->size % 8 != 0 || d->size > DSA_DELTA_MAX_SIZE)
		return DSA_STATUS_SIZE;
	if (DSA_OPCODE(d) == DSA_OP_APPLY_DELTA)
		return d->apply_delta.delta_size == 0 ||
				       d->apply_delta.delta_size % DSA_DELTA_ENTRY_BYTES != 0
			       ? DSA_STATUS_DELTA_SIZE
			       : 0;
	if (d->create_delta.max_size < DSA_DELTA_RECORD_MIN ||
	    d->create_delta.max_size > max_transfer)
		return DSA_STATUS_DELTA_SIZE;
	return 0;
}

static uint8_t
check_fetch(const struct dsa_desc *d)
{
	if (d->size == 0 || (d->src + d->size < d->src && d->src + d->size != 0))
		return DSA_STATUS_SIZE;
	if (DSA_FLAGS(d) & DSA_FLAG_OP(0) &&
	    (d->fetch.stride < TRANSLATION || (d->fetch.stride & (d->fetch.stride - 1)) != 0))
		return DSA_STATUS_DELTA_SIZE;
	return 0;
}

static uint8_t
check_count(const struct dsa_desc *d, const struct dsa_op_rules *rules)
{
	uint32_t least = rules->gencap & DSA_GENCAP_BATCH_1 ? 1 : 2;

	return d->count < least || d->count > rules->max_batch ? DSA_STATUS_COUNT : 0;
}

static uint8_t
check_size(const struct dsa_desc *d, const struct dsa_op_rules *rules)
{
	unsigned int opcode = DSA_OPCODE(d);

	switch (opcode) {
	case DSA_OP_NOOP:
	case DSA_OP_DRAIN:
		return 0;
	case DSA_OP_BATCH:
		return check_count(d, rules);
	case DSA_OP_TRANSLATION_FETCH:
		return check_fetch(d);
	}
	if (d->size == 0 || d->size > rules->max_transfer)
		return DSA_STATUS_SIZE;
	switch (opcode) {
	case DSA_OP_CREATE_DELTA:
	case DSA_OP_APPLY_DELTA:
		return check_delta_size(d, rules->max_transfer);
	case DSA_OP_DIF_CHECK:
	case DSA_OP_DIF_STRIP:
	case DSA_OP_DIF_UPDATE:
		return d->size % (dif_block(d) + DSA_DIF_BYTES) != 0 ? DSA_STATUS_SIZE : 0;
	case DSA_OP_DIF_INSERT:
	case DSA_OP_DIX_GENERATE:
		return d->size % dif_block(d) != 0 ? DSA_STATUS_SIZE : 0;
	}
	return 0;
}

/* ---- Alignment ---- */

static uint8_t
check_align(const struct dsa_desc *d)
{
	uint32_t flags = DSA_FLAGS(d);
	uint64_t bad = 0;

	switch (DSA_OPCODE(d)) {
	case DSA_OP_BATCH:
		return d->list % DSA_DESC_BYTES != 0 ? DSA_STATUS_LIST_ALIGN : 0;
	case DSA_OP_DUALCAST:
		return (d->dst ^ d->dualcast.dst2) & 0xfff ? DSA_STATUS_DUALCAST_ALIGN : 0;
	case DSA_OP_CREATE_DELTA:
		bad = (d->src | d->src2) % 8;
		break;
	case DSA_OP_APPLY_DELTA:
	case DSA_OP_DIX_GENERATE:
		bad = d->dst % 8;
		break;
	case DSA_OP_CRC:
	case DSA_OP_COPY_CRC:
		if (flags & DSA_FLAG_CRC_SEED_ADDR)
			bad = d->crc.seed_addr % (flags & DSA_FLAG_CRC_64 ? 8 : 4);
		break;
	}
	return bad != 0 ? DSA_STATUS_ALIGN : 0;
}

/* ---- Overlap ---- */

/* Both go up from where they start, and round the end of the address space. */
static bool
overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
	return b - a < a_bytes || a - b < b_bytes;
}

static bool
dif_overlap(const struct dsa_desc *d)
{
	uint32_t with = dif_block(d) + DSA_DIF_BYTES, bare = dif_block(d);
	uint64_t out = d->size;

	if (DSA_OPCODE(d) == DSA_OP_DIF_INSERT)
		out = out / bare * with;
	else if (DSA_OPCODE(d) == DSA_OP_DIF_STRIP)
		out = out / with * bare;
	else if (DSA_OPCODE(d) == DSA_OP_DIX_GENERATE)
		out = out / bare * DSA_DIF_BYTES;
	return overlap(d->src, d->size, d->dst, out);
}

static bool
check_overlap(const struct dsa_desc *d, uint64_t gencap)
{
	uint64_t size = d->size;

	switch (DSA_OPCODE(d)) {
	case DSA_OP_MOVE:
		return !(gencap & DSA_GENCAP_OVERLAP) && overlap(d->src, size, d->dst, size);
	case DSA_OP_COPY_CRC:
		return overlap(d->src, size, d->dst, size);
	case DSA_OP_DUALCAST:
		return overlap(d->src, size, d->dst, size) ||
		       overlap(d->src, size, d->dualcast.dst2, size) ||
		       overlap(d->dst, size, d->dualcast.dst2, size);
	case DSA_OP_CREATE_DELTA:
		return overlap(d->src, size, d->create_delta.delta, d->create_delta.max_size) ||
		       overlap(d->src2, size, d->create_delta.delta, d->create_delta.max_size);
	case DSA_OP_APPLY_DELTA:
		return overlap(d->delta, d->apply_delta.delta_size, d->dst, size);
	case DSA_OP_DIF_INSERT:
	case DSA_OP_DIF_STRIP:
	case DSA_OP_DIF_UPDATE:
	case DSA_OP_DIX_GENERATE:
		return dif_overlap(d);
	default:
		return false;
	}
}

/* ---- All of it ---- */

/* Operations between domains are of devices that have them; here there are none. */
static const struct dsa_op_row *
find_row(unsigned int opcode, const struct dsa_op_rules *rules)
{
	if (opcode > DSA_OP_CACHE_FLUSH || dsa_op_rows[opcode].name == NULL)
		return NULL;
	if (!(rules->opcap[opcode / 64] >> opcode % 64 & 1))
		return NULL;
	if (rules->in_batch && (opcode == DSA_OP_BATCH || opcode == DSA_OP_DRAIN))
		return NULL;
	return &dsa_op_rows[opcode];
}

static uint8_t
check(struct dsa_op *op, const struct dsa_op_row *row, const struct dsa_op_rules *rules)
{
	const struct dsa_desc *d = &op->desc;
	uint32_t bad;
	uint8_t status;

	bad = bad_flags(DSA_FLAGS(d), row, rules);
	if (bad != 0) {
		op->cr.invalid_flags = bad;
		return DSA_STATUS_FLAGS;
	}
	if (!reserved_ok(d, row))
		return DSA_STATUS_RESERVED;
	if (d->cr % DSA_CR_BYTES != 0)
		return DSA_STATUS_CR_ALIGN;
	status = check_size(d, rules);
	if (status != 0)
		return status;
	status = check_align(d);
	if (status != 0)
		return status;
	return check_overlap(d, rules->gencap) ? DSA_STATUS_OVERLAP : 0;
}

void
dsa_op_rules_plain(struct dsa_op_rules *rules)
{
	/* Flags that change nothing about what a move that does not fault does. */
	uint32_t any = DSA_FLAG_RCR | DSA_FLAG_CR_TC | DSA_FLAG_TC1 | DSA_FLAG_TC2;

	if (rules->gencap & DSA_GENCAP_CACHE)
		any |= DSA_FLAG_CC1;
	if (rules->block_on_fault)
		any |= DSA_FLAG_BOF;
	rules->plain = rules->opcap[0] >> DSA_OP_MOVE & 1 ? ~any : 0;
}

bool
dsa_op_check(struct dsa_op *op, const struct dsa_op_rules *rules)
{
	const struct dsa_op_row *row;

	op->tells_operand = rules->gencap & DSA_GENCAP_CR_FAULT;
	op->cr.status = 0;
	if (dsa_op_plain(&op->desc, rules, 0))
		return true;
	row = find_row(DSA_OPCODE(&op->desc), rules);
	op->cr.status = row != NULL ? check(op, row, rules) : DSA_STATUS_OPCODE;
	return op->cr.status == 0;
}
