/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef RTE_PMD_DSA_H
#define RTE_PMD_DSA_H

/**
 * @file
 * What dma_dsa offers beyond the DMA device API: operations of the accelerator that dmadev has no
 * call for. They are enqueued among copies and fills, started by rte_dma_submit or
 * RTE_DMA_OP_FLAG_SUBMIT, kept in order by RTE_DMA_OP_FLAG_FENCE, and end through rte_dma_completed
 * and rte_dma_completed_status; what they found out is then asked for by rte_pmd_dsa_result.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_compat.h>
#include <rte_dmadev.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What an operation found out. */
struct rte_pmd_dsa_result {
	enum rte_dma_status_code status;
	uint8_t device_status;    /**< of the completion record, datasheet section 12 */
	uint8_t result;           /**< its byte 1: 0 equal, 1 different; of a delta; DIF status */
	uint32_t bytes_completed; /**< as the device counts them; compare: where they differ */
	uint64_t fault_addr;
	uint64_t crc;        /**< CRC32C, or CRC64 */
	uint32_t delta_size; /**< bytes of the record that create_delta wrote */
};

/** Data integrity fields, datasheet section 15. */
struct rte_pmd_dsa_dif {
	uint16_t block_size; /**< 512, 520, 4096 or 4104, without the 8 bytes of the field */
	uint8_t flags;       /**< byte 42: bits 3:2, inversion of seed and result */
	uint8_t src_flags, dst_flags;
	uint32_t src_ref_tag, dst_ref_tag;
	uint16_t src_app_tag, src_app_mask;
	uint16_t dst_app_tag, dst_app_mask;
};

/*
 * Each: the index of the operation as rte_dma_copy returns it, or -ENOSPC when there is no room,
 * -EINVAL when the device would refuse it, -ENOTSUP when it does not have the operation, -ENODEV when
 * it is another driver's.
 */
__rte_experimental
int rte_pmd_dsa_compare(int16_t dev_id, uint16_t vchan, rte_iova_t a, rte_iova_t b, uint32_t len,
			uint64_t flags);
__rte_experimental
int rte_pmd_dsa_compare_pattern(int16_t dev_id, uint16_t vchan, rte_iova_t src, uint64_t pattern,
				uint32_t len, uint64_t flags);
__rte_experimental
int rte_pmd_dsa_crc(int16_t dev_id, uint16_t vchan, rte_iova_t src, uint32_t len, uint32_t seed,
		    uint64_t flags);
__rte_experimental
int rte_pmd_dsa_copy_crc(int16_t dev_id, uint16_t vchan, rte_iova_t src, rte_iova_t dst,
			 uint32_t len, uint32_t seed, uint64_t flags);
__rte_experimental
int rte_pmd_dsa_dualcast(int16_t dev_id, uint16_t vchan, rte_iova_t src, rte_iova_t dst1,
			 rte_iova_t dst2, uint32_t len, uint64_t flags);
__rte_experimental
int rte_pmd_dsa_create_delta(int16_t dev_id, uint16_t vchan, rte_iova_t a, rte_iova_t b,
			     uint32_t len, rte_iova_t delta, uint32_t max_delta, uint64_t flags);
__rte_experimental
int rte_pmd_dsa_apply_delta(int16_t dev_id, uint16_t vchan, rte_iova_t delta, uint32_t delta_len,
			    rte_iova_t dst, uint32_t len, uint64_t flags);
__rte_experimental
int rte_pmd_dsa_dif_check(int16_t dev_id, uint16_t vchan, rte_iova_t src, uint32_t len,
			  const struct rte_pmd_dsa_dif *dif, uint64_t flags);
__rte_experimental
int rte_pmd_dsa_dif_insert(int16_t dev_id, uint16_t vchan, rte_iova_t src, rte_iova_t dst,
			   uint32_t len, const struct rte_pmd_dsa_dif *dif, uint64_t flags);
__rte_experimental
int rte_pmd_dsa_dif_strip(int16_t dev_id, uint16_t vchan, rte_iova_t src, rte_iova_t dst,
			  uint32_t len, const struct rte_pmd_dsa_dif *dif, uint64_t flags);
__rte_experimental
int rte_pmd_dsa_dif_update(int16_t dev_id, uint16_t vchan, rte_iova_t src, rte_iova_t dst,
			   uint32_t len, const struct rte_pmd_dsa_dif *dif, uint64_t flags);
__rte_experimental
int rte_pmd_dsa_cache_flush(int16_t dev_id, uint16_t vchan, rte_iova_t addr, uint32_t len,
			    uint64_t flags);

/**
 * What an operation that has completed found out. There until its place in the ring is enqueued to
 * again.
 *
 * @param ring_idx as the enqueuing call returned it
 * @return 0, -EINVAL when no such operation has completed
 */
__rte_experimental
int rte_pmd_dsa_result(int16_t dev_id, uint16_t vchan, uint16_t ring_idx,
		       struct rte_pmd_dsa_result *result);

#ifdef __cplusplus
}
#endif

#endif /* RTE_PMD_DSA_H */
