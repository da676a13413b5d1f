/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rte_common.h>

#include "dsa_resume.h"

#define PAGE 4096u
/* Pages provided ahead of a fault at most: a fault costs as much as moving about this much. */
#define AHEAD (256 * PAGE)

/* Since Linux 5.14; headers may be older. They fail where touching would raise a signal. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

/* The 8 or 16 bytes that repeat, beginning `by` bytes later. */
static void
rotate_pattern(void *low, void *high, uint32_t by)
{
	uint8_t twice[32];
	uint32_t len = high != NULL ? 16 : 8;

	memcpy(twice, low, 8);
	if (high != NULL)
		memcpy(twice + 8, high, 8);
	memcpy(twice + len, twice, len);
	memcpy(low, twice + by % len, 8);
	if (high != NULL)
		memcpy(high, twice + by % len + 8, 8);
}

static bool
resume_move(struct dsa_desc *d, const struct dsa_cr *cr)
{
	/* Backwards, the end is done. */
	if (cr->result == 0) {
		d->src += cr->bytes_completed;
		d->dst += cr->bytes_completed;
	}
	d->size -= cr->bytes_completed;
	return true;
}

static bool
resume_fill(struct dsa_desc *d, const struct dsa_cr *cr)
{
	void *high = d->op_flags & DSA_FLAG_FILL_16 ? &d->fill.pattern_high : NULL;

	rotate_pattern(&d->pattern, high, cr->bytes_completed);
	d->dst += cr->bytes_completed;
	d->size -= cr->bytes_completed;
	return true;
}

/* Compares, dualcasts, CRCs, cache flushes: addresses advance. */
static bool
resume_ahead(struct dsa_desc *d, const struct dsa_cr *cr)
{
	uint32_t n = cr->bytes_completed;

	switch (DSA_OPCODE(d)) {
	case DSA_OP_COMPARE_PATTERN:
		rotate_pattern(&d->compare_pattern, NULL, n);
		d->src += n;
		break;
	case DSA_OP_CACHE_FLUSH:
		d->dst += n;
		break;
	case DSA_OP_CRC:
		d->src += n;
		break;
	case DSA_OP_DUALCAST:
		d->dualcast.dst2 += n;
		/* fallthrough */
	default:
		d->src += n;
		d->dst += n;
	}
	if (DSA_OPCODE(d) == DSA_OP_CRC || DSA_OPCODE(d) == DSA_OP_COPY_CRC) {
		d->op_flags &= ~DSA_FLAG_CRC_SEED_ADDR;
		d->crc.seed_addr = 0;
		/* The upper half is reserved unless the CRC has 64 bits. */
		d->crc.seed = d->op_flags & DSA_FLAG_CRC_64 ? cr->crc : (uint32_t)cr->crc;
	}
	d->size -= n;
	return true;
}

/* Bytes of a block, without its field of 8. */
static uint32_t
dif_block(const struct dsa_desc *d)
{
	static const uint16_t bytes[] = {512, 520, 4096, 4104};

	return bytes[d->dif.flags & 3];
}

static bool
resume_dif(struct dsa_desc *d, const struct dsa_cr *cr)
{
	uint32_t n = cr->bytes_completed, block = dif_block(d);

	d->src += n;
	d->size -= n;
	if (DSA_OPCODE(d) == DSA_OP_DIF_INSERT)
		d->dst += n / block * (block + 8);
	else if (DSA_OPCODE(d) == DSA_OP_DIF_STRIP)
		d->dst += n / (block + 8) * block;
	else if (DSA_OPCODE(d) == DSA_OP_DIF_UPDATE)
		d->dst += n;
	if (DSA_OPCODE(d) != DSA_OP_DIF_INSERT) {
		d->dif.src_ref_seed = cr->dif.src_ref_tag;
		d->dif.src_app_mask = cr->dif.src_app_mask;
		d->dif.src_app_seed = cr->dif.src_app_tag;
	}
	if (DSA_OPCODE(d) == DSA_OP_DIF_INSERT || DSA_OPCODE(d) == DSA_OP_DIF_UPDATE) {
		d->dif.dst_ref_seed = cr->dif.dst_ref_tag;
		d->dif.dst_app_mask = cr->dif.dst_app_mask;
		d->dif.dst_app_seed = cr->dif.dst_app_tag;
	}
	return true;
}

bool
dsa_resume(struct dsa_desc *d, const struct dsa_cr *cr)
{
	uint32_t n = cr->bytes_completed;

	/* Nothing is done: what else the record says does not matter. */
	if (n == 0)
		return true;
	switch (DSA_OPCODE(d)) {
	case DSA_OP_CREATE_DELTA:
		/* From the beginning: a record of the rest would count its offsets from there. */
		return true;
	case DSA_OP_APPLY_DELTA:
		if (n >= d->apply_delta.delta_size)
			return false;
		d->delta += n;
		d->apply_delta.delta_size -= n;
		return true;
	}
	if (n >= d->size)
		return false;
	switch (DSA_OPCODE(d)) {
	case DSA_OP_MOVE:
		return resume_move(d, cr);
	case DSA_OP_FILL:
		return resume_fill(d, cr);
	case DSA_OP_DIF_CHECK:
	case DSA_OP_DIF_INSERT:
	case DSA_OP_DIF_STRIP:
	case DSA_OP_DIF_UPDATE:
		return resume_dif(d, cr);
	case DSA_OP_COMPARE:
	case DSA_OP_COMPARE_PATTERN:
	case DSA_OP_DUALCAST:
	case DSA_OP_CRC:
	case DSA_OP_COPY_CRC:
	case DSA_OP_CACHE_FLUSH:
		return resume_ahead(d, cr);
	default:
		return false;
	}
}

bool
dsa_resume_touch(const struct dsa_desc *d, const struct dsa_cr *cr)
{
	uint64_t page = cr->fault_addr & ~(uint64_t)(PAGE - 1);
	int advice = cr->status & DSA_STATUS_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	/* What is left begins in this page, or in a later one. */
	uint32_t left = d->size - RTE_MIN(cr->bytes_completed, d->size);
	size_t ahead = RTE_MIN(left & ~(PAGE - 1), AHEAD);

	if (madvise((void *)(uintptr_t)page, PAGE, advice) < 0)
		return false;
	/* Going backwards, what comes next lies before. Not needed, so it may fail. */
	if (cr->result == 0 && ahead > PAGE)
		madvise((void *)(uintptr_t)(page + PAGE), ahead - PAGE, advice);
	return true;
}

bool
dsa_resume_has_cpu(const struct dsa_desc *d)
{
	return DSA_OPCODE(d) == DSA_OP_MOVE || DSA_OPCODE(d) == DSA_OP_FILL;
}

/* Through the kernel, so that memory which is not there is an error and no signal. */
static bool
peek(uint64_t from, void *to, size_t len)
{
	struct iovec here = {to, len}, there = {(void *)(uintptr_t)from, len};

	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)len;
}

static bool
poke(const void *from, uint64_t to, size_t len)
{
	struct iovec here = {(void *)(uintptr_t)from, len}, there = {(void *)(uintptr_t)to, len};

	return process_vm_writev(getpid(), &here, 1, &there, 1, 0) == (ssize_t)len;
}

static uint32_t
move_here(const struct dsa_desc *d)
{
	bool backwards = d->dst > d->src && d->dst - d->src < d->size;
	uint8_t piece[PAGE];
	uint32_t done, n;

	for (done = 0; done < d->size; done += n) {
		uint64_t off;

		n = RTE_MIN(d->size - done, PAGE);
		off = backwards ? d->size - done - n : done;
		if (!peek(d->src + off, piece, n) || !poke(piece, d->dst + off, n))
			break;
	}
	return done;
}

static uint32_t
fill_here(const struct dsa_desc *d)
{
	uint64_t pattern[2] = {d->pattern,
			       d->op_flags & DSA_FLAG_FILL_16 ? d->fill.pattern_high : d->pattern};
	uint8_t piece[PAGE];
	uint32_t done, n;

	for (n = 0; n < PAGE; n += sizeof(pattern))
		memcpy(piece + n, pattern, sizeof(pattern));
	for (done = 0; done < d->size; done += n) {
		n = RTE_MIN(d->size - done, PAGE);
		if (!poke(piece, d->dst + done, n))
			break;
	}
	return done;
}

uint32_t
dsa_resume_cpu(const struct dsa_desc *d)
{
	return DSA_OPCODE(d) == DSA_OP_FILL ? fill_here(d) : move_here(d);
}
