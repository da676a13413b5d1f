/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Operations that the DMA device API has no call for. They go where copies go, and ask for a
 * completion record of their own, which stays in their place of the ring.
 */

#include <errno.h>
#include <string.h>

#include "dsa_error.h"
#include "dsa_fast.h"
#include "rte_pmd_dsa.h"

/* The library keeps symbols to itself unless told otherwise. */
#define EXPORTED __attribute__((visibility("default")))

/* Limits of delta records: section 8.5 of the datasheet. */
#define DELTA_REGION_MAX 0x80000u
#define DELTA_ENTRY      10u
#define DELTA_RECORD_MIN 80u

/* Flags an operation may have beyond those of its own. */
#define MAY_CACHE RTE_DMA_OP_FLAG_LLC

static bool
overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a < b + b_len && b < a + a_len;
}

/* The channel, and the next place in its ring: 0, or why not. */
static int
find(int16_t dev_id, uint16_t vchan, unsigned int opcode, uint32_t len, struct dsa_vchan **v)
{
	const struct dsa_wq *wq;

	if (!dsa_fast_is_ours(dev_id))
		return -ENODEV;
	*v = dsa_fast_vchan(dev_id, vchan, true);
	if (*v == NULL)
		return -EINVAL;
	wq = (*v)->config.wq;
	if (!(wq->opcap[opcode / 64] >> opcode % 64 & 1))
		return -ENOTSUP;
	if (len == 0 || len > wq->max_transfer)
		return -EINVAL;
	return 0;
}

/* Enqueue what `desc` says in members that differ from operation to operation. */
static int
enqueue(struct dsa_vchan *v, unsigned int opcode, const struct dsa_desc *desc, uint64_t flags,
	uint64_t may)
{
	struct dsa_desc *d = &v->ring[v->enqueued & v->mask];
	uint32_t f = DSA_FLAG_CRAV | DSA_FLAG_RCR | (v->move_flags & DSA_FLAG_BOF);

	if (v->enqueued - v->returned >= v->open && v->silent)
		dsa_poll(v);
	if (v->enqueued - v->returned >= v->open)
		return v->gone ? -EIO : -ENOSPC;
	dsa_ring_clean(v, v->enqueued);
	dsa_note_dirty(v, v->enqueued, 0);
	f |= (uint32_t)flags & DSA_FLAG_FENCE;
	if (flags & may & RTE_DMA_OP_FLAG_LLC)
		f |= v->llc;
	*d = *desc;
	d->cr = dsa_iova(v, &v->crs[v->enqueued & v->mask]);
	d->op_flags = DSA_OP_FLAGS(opcode, f | DSA_FLAGS(desc));
	v->nb_special += f & DSA_FLAG_FENCE;
	v->enqueued++;
	if (flags & RTE_DMA_OP_FLAG_SUBMIT)
		dsa_fast_submit(v);
	return (uint16_t)(v->enqueued - 1);
}

EXPORTED int
rte_pmd_dsa_compare(int16_t dev_id, uint16_t vchan, rte_iova_t a, rte_iova_t b, uint32_t len,
		    uint64_t flags)
{
	struct dsa_desc d = {.src = a, .src2 = b, .size = len};
	struct dsa_vchan *v;
	int ret = find(dev_id, vchan, DSA_OP_COMPARE, len, &v);

	return ret < 0 ? ret : enqueue(v, DSA_OP_COMPARE, &d, flags, 0);
}

EXPORTED int
rte_pmd_dsa_compare_pattern(int16_t dev_id, uint16_t vchan, rte_iova_t src, uint64_t pattern,
			    uint32_t len, uint64_t flags)
{
	struct dsa_desc d = {.src = src, .compare_pattern = pattern, .size = len};
	struct dsa_vchan *v;
	int ret = find(dev_id, vchan, DSA_OP_COMPARE_PATTERN, len, &v);

	return ret < 0 ? ret : enqueue(v, DSA_OP_COMPARE_PATTERN, &d, flags, 0);
}

EXPORTED int
rte_pmd_dsa_crc(int16_t dev_id, uint16_t vchan, rte_iova_t src, uint32_t len, uint32_t seed,
		uint64_t flags)
{
	struct dsa_desc d = {.src = src, .size = len, .crc = {.seed = seed}};
	struct dsa_vchan *v;
	int ret = find(dev_id, vchan, DSA_OP_CRC, len, &v);

	return ret < 0 ? ret : enqueue(v, DSA_OP_CRC, &d, flags, 0);
}

EXPORTED int
rte_pmd_dsa_copy_crc(int16_t dev_id, uint16_t vchan, rte_iova_t src, rte_iova_t dst, uint32_t len,
		     uint32_t seed, uint64_t flags)
{
	struct dsa_desc d = {.src = src, .dst = dst, .size = len, .crc = {.seed = seed}};
	struct dsa_vchan *v;
	int ret = find(dev_id, vchan, DSA_OP_COPY_CRC, len, &v);

	return ret < 0 ? ret : enqueue(v, DSA_OP_COPY_CRC, &d, flags, MAY_CACHE);
}

EXPORTED int
rte_pmd_dsa_dualcast(int16_t dev_id, uint16_t vchan, rte_iova_t src, rte_iova_t dst1,
		     rte_iova_t dst2, uint32_t len, uint64_t flags)
{
	struct dsa_desc d = {.src = src, .dst = dst1, .size = len, .dualcast = {.dst2 = dst2}};
	struct dsa_vchan *v;
	int ret = find(dev_id, vchan, DSA_OP_DUALCAST, len, &v);

	if (ret < 0)
		return ret;
	if (((dst1 ^ dst2) & 0xfff) != 0 || overlap(src, len, dst1, len) ||
	    overlap(src, len, dst2, len) || overlap(dst1, len, dst2, len))
		return -EINVAL;
	return enqueue(v, DSA_OP_DUALCAST, &d, flags, MAY_CACHE);
}

EXPORTED int
rte_pmd_dsa_create_delta(int16_t dev_id, uint16_t vchan, rte_iova_t a, rte_iova_t b, uint32_t len,
			 rte_iova_t delta, uint32_t max_delta, uint64_t flags)
{
	struct dsa_desc d = {.src = a,
			     .src2 = b,
			     .size = len,
			     .create_delta = {.delta = delta, .max_size = max_delta}};
	struct dsa_vchan *v;
	int ret = find(dev_id, vchan, DSA_OP_CREATE_DELTA, len, &v);

	if (ret < 0)
		return ret;
	if (((a | b | len) & 7) != 0 || len > DELTA_REGION_MAX || max_delta < DELTA_RECORD_MIN ||
	    max_delta > v->config.wq->max_transfer || overlap(a, len, delta, max_delta) ||
	    overlap(b, len, delta, max_delta))
		return -EINVAL;
	return enqueue(v, DSA_OP_CREATE_DELTA, &d, flags, MAY_CACHE);
}

EXPORTED int
rte_pmd_dsa_apply_delta(int16_t dev_id, uint16_t vchan, rte_iova_t delta, uint32_t delta_len,
			rte_iova_t dst, uint32_t len, uint64_t flags)
{
	struct dsa_desc d = {
		.delta = delta, .dst = dst, .size = len, .apply_delta = {.delta_size = delta_len}};
	struct dsa_vchan *v;
	int ret = find(dev_id, vchan, DSA_OP_APPLY_DELTA, len, &v);

	if (ret < 0)
		return ret;
	if (((dst | len) & 7) != 0 || len > DELTA_REGION_MAX || delta_len == 0 ||
	    delta_len % DELTA_ENTRY != 0 || delta_len > v->config.wq->max_transfer ||
	    overlap(dst, len, delta, delta_len))
		return -EINVAL;
	return enqueue(v, DSA_OP_APPLY_DELTA, &d, flags, MAY_CACHE);
}

/* What a block size is called in a descriptor, or -EINVAL. */
static int
dif_code(uint16_t block_size)
{
	static const uint16_t sizes[] = {512, 520, 4096, 4104};
	unsigned int i;

	for (i = 0; i < RTE_DIM(sizes); i++)
		if (sizes[i] == block_size)
			return (int)i;
	return -EINVAL;
}

/* The operations on data integrity fields: which of the tags, and where data goes. */
static int
dif(int16_t dev_id, uint16_t vchan, unsigned int opcode, rte_iova_t src, rte_iova_t dst,
    uint32_t len, const struct rte_pmd_dsa_dif *tags, uint64_t flags)
{
	bool has_src = opcode != DSA_OP_DIF_INSERT;
	bool has_dst = opcode == DSA_OP_DIF_INSERT || opcode == DSA_OP_DIF_UPDATE;
	struct dsa_desc d = {.src = src, .dst = dst, .size = len};
	uint64_t out = len;
	uint32_t unit;
	struct dsa_vchan *v;
	int code, ret = find(dev_id, vchan, opcode, len, &v);

	if (ret < 0)
		return ret;
	code = dif_code(tags->block_size);
	unit = tags->block_size + (has_src ? 8u : 0);
	if (code < 0 || (tags->flags & ~0x0cu) != 0 || len % unit != 0)
		return -EINVAL;
	if (opcode == DSA_OP_DIF_INSERT)
		out += (uint64_t)len / unit * 8;
	if (opcode != DSA_OP_DIF_CHECK && overlap(src, len, dst, out))
		return -EINVAL;
	d.dif.flags = (uint8_t)(code | tags->flags);
	if (has_src) {
		d.dif.src_flags = tags->src_flags;
		d.dif.src_ref_seed = tags->src_ref_tag;
		d.dif.src_app_mask = tags->src_app_mask;
		d.dif.src_app_seed = tags->src_app_tag;
	}
	if (has_dst) {
		d.dif.dst_flags = tags->dst_flags;
		d.dif.dst_ref_seed = tags->dst_ref_tag;
		d.dif.dst_app_mask = tags->dst_app_mask;
		d.dif.dst_app_seed = tags->dst_app_tag;
	}
	return enqueue(v, opcode, &d, flags, opcode == DSA_OP_DIF_CHECK ? 0 : MAY_CACHE);
}

EXPORTED int
rte_pmd_dsa_dif_check(int16_t dev_id, uint16_t vchan, rte_iova_t src, uint32_t len,
		      const struct rte_pmd_dsa_dif *tags, uint64_t flags)
{
	return dif(dev_id, vchan, DSA_OP_DIF_CHECK, src, 0, len, tags, flags);
}

EXPORTED int
rte_pmd_dsa_dif_insert(int16_t dev_id, uint16_t vchan, rte_iova_t src, rte_iova_t dst, uint32_t len,
		       const struct rte_pmd_dsa_dif *tags, uint64_t flags)
{
	return dif(dev_id, vchan, DSA_OP_DIF_INSERT, src, dst, len, tags, flags);
}

EXPORTED int
rte_pmd_dsa_dif_strip(int16_t dev_id, uint16_t vchan, rte_iova_t src, rte_iova_t dst, uint32_t len,
		      const struct rte_pmd_dsa_dif *tags, uint64_t flags)
{
	return dif(dev_id, vchan, DSA_OP_DIF_STRIP, src, dst, len, tags, flags);
}

EXPORTED int
rte_pmd_dsa_dif_update(int16_t dev_id, uint16_t vchan, rte_iova_t src, rte_iova_t dst, uint32_t len,
		       const struct rte_pmd_dsa_dif *tags, uint64_t flags)
{
	return dif(dev_id, vchan, DSA_OP_DIF_UPDATE, src, dst, len, tags, flags);
}

EXPORTED int
rte_pmd_dsa_cache_flush(int16_t dev_id, uint16_t vchan, rte_iova_t addr, uint32_t len,
			uint64_t flags)
{
	struct dsa_desc d = {.dst = addr, .size = len};
	struct dsa_vchan *v;
	int ret = find(dev_id, vchan, DSA_OP_CACHE_FLUSH, len, &v);

	return ret < 0 ? ret : enqueue(v, DSA_OP_CACHE_FLUSH, &d, flags, 0);
}

/* The operation that has an index, if the application was told of it and its place still holds it.
 */
static bool
find_returned(const struct dsa_vchan *v, uint16_t ring_idx, uint64_t *op)
{
	uint64_t back = (uint16_t)(v->returned - 1 - ring_idx);

	if (back >= v->returned)
		return false;
	*op = v->returned - 1 - back;
	return v->enqueued - *op <= (uint64_t)v->mask + 1;
}

EXPORTED int
rte_pmd_dsa_result(int16_t dev_id, uint16_t vchan, uint16_t ring_idx,
		   struct rte_pmd_dsa_result *result)
{
	const struct dsa_vchan *v = dsa_fast_vchan(dev_id, vchan, false);
	const struct dsa_desc *d;
	const struct dsa_cr *cr;
	uint64_t op;

	if (v == NULL || !find_returned(v, ring_idx, &op))
		return -EINVAL;
	d = &v->ring[op & v->mask];
	cr = &v->crs[op & v->mask];
	*result = (struct rte_pmd_dsa_result){
		.status = v->notes[op & v->mask] & DSA_NOTE_STATUS,
		.device_status = cr->status,
		.result = cr->result,
		.bytes_completed = cr->bytes_completed,
		.fault_addr = cr->fault_addr,
	};
	/* Nobody asked for a record of a copy or a fill that succeeded. */
	if (cr->status == DSA_STATUS_NONE && result->status == RTE_DMA_STATUS_SUCCESSFUL)
		result->device_status = DSA_STATUS_SUCCESS;
	if (DSA_OPCODE(d) == DSA_OP_CRC || DSA_OPCODE(d) == DSA_OP_COPY_CRC)
		result->crc = (uint32_t)cr->crc;
	if (DSA_OPCODE(d) == DSA_OP_CREATE_DELTA)
		result->delta_size = cr->delta_size;
	return 0;
}
