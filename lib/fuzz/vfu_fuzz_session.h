/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_FUZZ_SESSION_H
#define SLIPWAY_VFU_FUZZ_SESSION_H

/**
 * @file
 * Bytes as sessions of a vfio-user client: the language of the target and of its seeds.
 *
 * The first byte chooses the version of the device (bit 0). Then come operations: a byte, modulo
 * VFU_FUZZ_OPS, and arguments of fixed size, little endian. What is missing at the end reads as 0.
 */

/** Operations and their arguments: a name with the number of its bits. */
enum vfu_fuzz_op {
	VFU_FUZZ_HELLO,     /**< shares: 8 */
	VFU_FUZZ_RECONNECT, /**< hello 8 */
	VFU_FUZZ_RAW,       /**< length 8, so many bytes */
	VFU_FUZZ_MESSAGE, /**< command 16, flags 8, files 8: how many 4, which 4; length 8, bytes */
	VFU_FUZZ_MAP,     /**< file 8, flags 8, page of the file 8, page 16, pages 16 */
	VFU_FUZZ_MAP_RAM, /**< all of it, where the DLB bench has it */
	VFU_FUZZ_UNMAP,   /**< flags 8, page 16, pages 16 */
	VFU_FUZZ_UNMAP_ANY, /**< flags 8, address 64, size 64 */
	VFU_FUZZ_IRQS,      /**< flags 8, index 8, start 8, count 8, files 8, bytes 16 */
	VFU_FUZZ_READ,      /**< region 8, offset 32, count 16 */
	VFU_FUZZ_WRITE,     /**< region 8, how 8: width 2, posted 1; offset 32, value 64 */
	VFU_FUZZ_WRITE_REG, /**< bar 2, posted: offset 32, value 32 */
	VFU_FUZZ_READ_REG,  /**< bar 2: offset 32 */
	VFU_FUZZ_WRITE_ROW, /**< row 16, index 8, word 8, value 32 */
	VFU_FUZZ_CONFIG,    /**< posted 8, offset 16, length 8: 1 to 8, bytes 64 */
	VFU_FUZZ_POST,      /**< how 8: in pieces 1, 16 bytes 1; bar 0 offset 32, bytes 128 */
	VFU_FUZZ_POST_LINE, /**< the same, bytes 512 */
	VFU_FUZZ_MULTI,     /**< n 8, modulo 32: offset 32, region 8, count 8, value 32 each */
	VFU_FUZZ_RESET,     /**< */
	VFU_FUZZ_STEP,      /**< ns 16 */
	VFU_FUZZ_PUMP,      /**< */
	VFU_FUZZ_DRAIN,     /**< */
	VFU_FUZZ_ANSWER,    /**< error 8, length 8 */
	VFU_FUZZ_TRUNCATE,  /**< file 8, pages 8 */
	VFU_FUZZ_SHARE,     /**< */
	VFU_FUZZ_POKE_RING, /**< in the rings' memory: offset 32, value 32 */
	VFU_FUZZ_ASLEEP,    /**< the server's owner sleeps, or not: 8 */
	VFU_FUZZ_OPS,
};

/** Where the bench has its memory. */
#define VFU_FUZZ_RAM_IOVA  UINT64_C(0x123450000)
#define VFU_FUZZ_RAM_BYTES (160u * 0x10000u)

#endif /* SLIPWAY_VFU_FUZZ_SESSION_H */
