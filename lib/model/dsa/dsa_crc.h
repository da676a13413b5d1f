/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_CRC_H
#define SLIPWAY_DSA_CRC_H

/**
 * @file
 * The device's CRCs as plain registers: nothing is inverted here. Sections 14 and 15.1.
 */

#include <stddef.h>
#include <stdint.h>

/** CRC32C, reflected. */
uint32_t dsa_crc32c(uint32_t crc, const uint8_t *p, size_t len);
/** The CRC64 of NVMe, reflected. */
uint64_t dsa_crc64(uint64_t crc, const uint8_t *p, size_t len);
/** CRC16 T10-DIF, not reflected. */
uint16_t dsa_crc16(uint16_t crc, const uint8_t *p, size_t len);

/** The bits of a value in the other order. */
uint64_t dsa_crc_reverse(uint64_t value);
/** The bits of each byte in the other order. */
void dsa_crc_reverse_bytes(uint8_t *to, const uint8_t *from, size_t len);

#endif /* SLIPWAY_DSA_CRC_H */
