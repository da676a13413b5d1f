/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What an Ethernet frame says, as far as routing depends on it. */

#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>

/* Offsets into a frame; those of a network header count from the frame's start as well. */
enum {
	ETHER_DESTINATION = 0,
	ETHER_SOURCE = 6,
	ETHER_TYPE = 12,
	ETHER_BYTES = 14,
	ETHER_ADDRESS_BYTES = 6,

	IPV4_TOTAL_LENGTH = ETHER_BYTES + 2,
	IPV4_TTL = ETHER_BYTES + 8,
	IPV4_PROTOCOL = ETHER_BYTES + 9,
	IPV4_CHECKSUM = ETHER_BYTES + 10,
	IPV4_SOURCE = ETHER_BYTES + 12,
	IPV4_DESTINATION = ETHER_BYTES + 16,
	IPV4_BYTES = 20,

	IPV6_PAYLOAD_LENGTH = ETHER_BYTES + 4,
	IPV6_NEXT_HEADER = ETHER_BYTES + 6,
	IPV6_HOP_LIMIT = ETHER_BYTES + 7,
	IPV6_SOURCE = ETHER_BYTES + 8,
	IPV6_DESTINATION = ETHER_BYTES + 24,
	IPV6_BYTES = 40,

	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
};

enum frame_kind {
	FRAME_OTHER, /* no IP header is there */
	FRAME_IPV4,
	FRAME_IPV6,
};

struct frame {
	enum frame_kind kind;
	bool sound;              /* the header bears inspection: the packet may be routed */
	uint8_t ttl;             /* or hop limit */
	uint8_t protocol;        /* or next header */
	unsigned int ttl_at;     /* offset */
	unsigned int payload_at; /* offset of what the network header carries */
	unsigned int address_bytes;
	const uint8_t *source;
	const uint8_t *destination;
};

void frame_read(struct frame *frame, const uint8_t *bytes, uint32_t length);

/* The 16-bit one's complement sum over big-endian words, begun with start. */
uint16_t frame_sum(const uint8_t *bytes, uint32_t length, uint32_t start);

static inline uint16_t
frame_get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static inline uint32_t
frame_get32(const uint8_t *at)
{
	return (uint32_t)frame_get16(at) << 16 | frame_get16(at + 2);
}

static inline void
frame_put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static inline void
frame_put32(uint8_t *at, uint32_t value)
{
	frame_put16(at, value >> 16);
	frame_put16(at + 2, value & 0xffff);
}

#endif
