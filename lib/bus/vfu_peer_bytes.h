/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_PEER_BYTES_H
#define SLIPWAY_VFU_PEER_BYTES_H

/**
 * @file
 * vfio-user messages, byte by byte, for peers that tests script. Written from the protocol's text
 * and apart from what it tests: nothing here is shared with the implementation.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** The header: offsets, and what is in its flags. */
#define PEER_HEADER   16u
#define PEER_COMMAND  0x00u
#define PEER_REPLY    0x01u
#define PEER_TYPE     0x0fu
#define PEER_NO_REPLY 0x10u
#define PEER_ERROR    0x20u
/** Data bytes that a message carries at most, unless agreed otherwise. */
#define PEER_DATA_MAX 0x100000u

/** Commands by their numbers. */
enum peer_command {
	PEER_VERSION = 1,
	PEER_DMA_MAP = 2,
	PEER_DMA_UNMAP = 3,
	PEER_GET_INFO = 4,
	PEER_GET_REGION_INFO = 5,
	PEER_GET_REGION_IO_FDS = 6,
	PEER_GET_IRQ_INFO = 7,
	PEER_SET_IRQS = 8,
	PEER_REGION_READ = 9,
	PEER_REGION_WRITE = 10,
	PEER_DMA_READ = 11,
	PEER_DMA_WRITE = 12,
	PEER_RESET = 13,
	PEER_DIRTY_PAGES = 14,
	PEER_WRITE_MULTI = 15,
	PEER_FEATURE = 16,
	PEER_MIG_READ = 17,
	PEER_MIG_WRITE = 18,
};

/** Configuration space among the regions, and the interrupt types. */
#define PEER_CONFIG  7u
#define PEER_INTX    0u
#define PEER_MSI     1u
#define PEER_MSIX    2u
#define PEER_ERR_IRQ 3u
#define PEER_REQ_IRQ 4u

/** Bytes under construction. */
struct peer_bytes {
	size_t len;
	unsigned char at[8192];
};

static inline void
peer_put(struct peer_bytes *b, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes && b->len < sizeof(b->at); i++)
		b->at[b->len++] = (unsigned char)(value >> (8 * i));
}

static inline void
peer_put_bytes(struct peer_bytes *b, const void *bytes, size_t len)
{
	if (len > sizeof(b->at) - b->len)
		len = sizeof(b->at) - b->len;
	if (len == 0)
		return;
	memcpy(b->at + b->len, bytes, len);
	b->len += len;
}

/** The little-endian number at an offset. */
static inline uint64_t
peer_get(const unsigned char *at, size_t off, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)at[off + i] << (8 * i);
	return value;
}

/** A header in front of `len` bytes of payload. */
static inline void
peer_put_header(struct peer_bytes *b, uint16_t id, uint16_t command, uint32_t flags, size_t len)
{
	peer_put(b, id, 2);
	peer_put(b, command, 2);
	peer_put(b, PEER_HEADER + len, 4);
	peer_put(b, flags, 4);
	peer_put(b, 0, 4);
}

#endif /* SLIPWAY_VFU_PEER_BYTES_H */
