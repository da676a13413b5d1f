/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_fuzz_desc.h"

/* Where descriptors of batches, records and data lie: a little more than the arena has. */
#define ADDRESS_STEP 32u
#define ADDRESSES    (FUZZ_ARENA_BYTES / ADDRESS_STEP + 64u)

/* ---- Fields ---- */

/* Mostly memory there is, at places that meet; now and then anything. */
static uint64_t
take_address(struct fuzz_input *in)
{
	uint64_t raw = fuzz_take(in, 2), place = raw / 16;

	switch (raw % 16) {
	case 11:
		/* By the end of a page. */
		return rig_iova((size_t)(place % FUZZ_ARENA_PAGES + 1) * 4096 - place / 32);
	case 12:
		return FUZZ_FIXED + place;
	case 13:
		/* By the end of all addresses. */
		return -place;
	case 14:
		return rig_iova(place);
	case 15:
		return fuzz_host_address(fuzz_take(in, 8));
	default:
		return rig_iova(place % ADDRESSES * ADDRESS_STEP);
	}
}

static uint32_t
take_transfer(struct fuzz_input *in)
{
	static const uint32_t odd[] = {0, 1, 0xffff, 0x10000, 0x10001, 0x7fffffff, 0x80000000,
				       0xffffffff};
	uint64_t raw = fuzz_take(in, 2);

	switch (raw % 8) {
	case 6:
		return odd[raw / 8 % 8];
	case 7:
		return (uint32_t)raw;
	default:
		return 1 + (uint32_t)(raw / 8 % 1024) * (raw % 8 < 3 ? 1 : 8);
	}
}

static uint32_t
flags_of(struct fuzz_input *in)
{
	uint64_t raw = fuzz_take(in, 1);
	uint32_t flags = DSA_FLAG_CRAV | DSA_FLAG_RCR;

	flags |= raw & 1 ? DSA_FLAG_CC1 : 0;
	flags |= raw & 2 ? DSA_FLAG_BOF : 0;
	flags |= raw & 4 ? DSA_FLAG_FENCE : 0;
	flags |= raw & 8 ? DSA_FLAG_RCI : 0;
	flags |= raw & 16 ? DSA_FLAG_CHECK : 0;
	if (raw & 32)
		flags &= ~(uint32_t)DSA_FLAG_RCR;
	return raw & 128 ? flags | (uint32_t)fuzz_take(in, 3) : flags & ~(uint32_t)DSA_FLAG_CHECK;
}

/* ---- By operation ---- */

static void
make_delta(struct fuzz_input *in, struct dsa_desc *d)
{
	uint32_t entries = 8 + (uint32_t)fuzz_take(in, 1);

	d->size = (d->size + 7) & ~7u;
	if (DSA_OPCODE(d) == DSA_OP_APPLY_DELTA) {
		d->dst &= ~UINT64_C(7);
		d->apply_delta.delta_size = entries * DSA_DELTA_ENTRY_BYTES;
		return;
	}
	d->src &= ~UINT64_C(7);
	d->src2 &= ~UINT64_C(7);
	d->create_delta.delta = take_address(in);
	d->create_delta.max_size = entries * DSA_DELTA_ENTRY_BYTES;
}

static void
make_dif(struct fuzz_input *in, struct dsa_desc *d)
{
	static const uint32_t blocks[] = {512, 520, 4096, 4104};
	unsigned int opcode = DSA_OPCODE(d);
	uint32_t block;

	d->dif.flags = (uint8_t)fuzz_take(in, 1) & DSA_DIF_FLAGS;
	d->dif.src_flags = (uint8_t)fuzz_take(in, 1);
	block = blocks[DSA_DIF_BLOCK(d->dif.flags)];
	if (opcode != DSA_OP_DIF_INSERT && opcode != DSA_OP_DIX_GENERATE)
		block += DSA_DIF_BYTES;
	if (opcode == DSA_OP_DIF_CHECK)
		d->dst = 0;
	if (opcode == DSA_OP_DIF_INSERT || opcode == DSA_OP_DIX_GENERATE)
		d->dif.src_flags = 0;
	d->dst &= opcode == DSA_OP_DIX_GENERATE ? ~UINT64_C(7) : UINT64_MAX;
	d->size = block * (1 + d->size % 8);
}

static void
make_rest(struct fuzz_input *in, struct dsa_desc *d)
{
	switch (DSA_OPCODE(d)) {
	case DSA_OP_NOOP:
	case DSA_OP_DRAIN:
		d->src = 0;
		d->dst = 0;
		d->size = 0;
		break;
	case DSA_OP_BATCH:
		d->list &= ~UINT64_C(63);
		d->dst = 0;
		d->count %= 18;
		break;
	case DSA_OP_CREATE_DELTA:
	case DSA_OP_APPLY_DELTA:
		make_delta(in, d);
		break;
	case DSA_OP_DUALCAST:
		d->dualcast.dst2 = (take_address(in) & ~UINT64_C(0xfff)) | (d->dst & 0xfff);
		break;
	case DSA_OP_TRANSLATION_FETCH:
		d->dst = 0;
		break;
	case DSA_OP_CRC:
		d->dst = 0;
		/* fall through */
	case DSA_OP_COPY_CRC:
		d->crc.seed = fuzz_take(in, 1);
		break;
	case DSA_OP_DIF_CHECK:
	case DSA_OP_DIF_INSERT:
	case DSA_OP_DIF_STRIP:
	case DSA_OP_DIF_UPDATE:
	case DSA_OP_DIX_GENERATE:
		make_dif(in, d);
		break;
	case DSA_OP_CACHE_FLUSH:
		d->src = 0;
		d->op_flags &= ~(uint32_t)DSA_FLAG_CC1;
		break;
	}
}

/* Any of its bytes is something else. */
static void
bend(struct fuzz_input *in, struct dsa_desc *d)
{
	uint8_t bytes[DSA_DESC_BYTES];

	memcpy(bytes, d, sizeof(bytes));
	bytes[fuzz_take(in, 1) % DSA_DESC_BYTES] ^= (uint8_t)fuzz_take(in, 1);
	memcpy(d, bytes, sizeof(bytes));
	d->cr = fuzz_host_address(d->cr);
	d->src = fuzz_host_address(d->src);
	d->dst = fuzz_host_address(d->dst);
}

struct dsa_desc
fuzz_take_desc(struct fuzz_input *in)
{
	static const uint8_t opcodes[] = {
		DSA_OP_MOVE, DSA_OP_MOVE, DSA_OP_NOOP, DSA_OP_BATCH, DSA_OP_BATCH, DSA_OP_DRAIN,
		DSA_OP_FILL, DSA_OP_COMPARE, DSA_OP_COMPARE_PATTERN, DSA_OP_CREATE_DELTA,
		DSA_OP_APPLY_DELTA, DSA_OP_DUALCAST, DSA_OP_TRANSLATION_FETCH, DSA_OP_CRC,
		DSA_OP_COPY_CRC, DSA_OP_DIF_CHECK, DSA_OP_DIF_INSERT, DSA_OP_DIF_STRIP,
		DSA_OP_DIF_UPDATE, DSA_OP_DIX_GENERATE, DSA_OP_CACHE_FLUSH,
	};
	uint64_t what = fuzz_take(in, 1);
	uint32_t flags = flags_of(in);
	struct dsa_desc d = {
		.pasid = what & 128 ? DSA_PASID_MASK : 1,
		.op_flags = DSA_OP_FLAGS(opcodes[what % sizeof(opcodes)], flags),
		.cr = take_address(in) & ~UINT64_C(31),
		.src = take_address(in),
		.dst = take_address(in),
		.size = take_transfer(in),
		.interrupt_handle = flags & DSA_FLAG_RCI ? 1 : 0,
	};

	if (!(flags & DSA_FLAG_CRAV))
		d.cr = 0;
	make_rest(in, &d);
	/* One in eight. */
	if (fuzz_take(in, 1) % 8 == 7)
		bend(in, &d);
	return d;
}
