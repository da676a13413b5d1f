/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

#include "frame.h"

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
};

uint16_t
frame_sum(const uint8_t *bytes, uint32_t length, uint32_t start)
{
	uint64_t sum = start;
	uint32_t i;

	for (i = 0; i + 1 < length; i += 2)
		sum += frame_get16(&bytes[i]);
	if (length % 2 != 0)
		sum += bytes[length - 1] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* RFC 1812, section 5.2.2: all five tests, and that the frame holds the whole datagram. */
static bool
ipv4_is_sound(const uint8_t *bytes, uint32_t length)
{
	uint32_t header = (bytes[ETHER_BYTES] & 0x0f) * 4;
	uint32_t total = frame_get16(&bytes[IPV4_TOTAL_LENGTH]);

	if (header < IPV4_BYTES || total < header || ETHER_BYTES + total > length)
		return false;
	return frame_sum(&bytes[ETHER_BYTES], header, 0) == 0xffff;
}

static void
ipv4_read(struct frame *frame, const uint8_t *bytes, uint32_t length)
{
	*frame = (struct frame){
		.kind = FRAME_IPV4,
		.sound = ipv4_is_sound(bytes, length),
		.ttl = bytes[IPV4_TTL],
		.protocol = bytes[IPV4_PROTOCOL],
		.ttl_at = IPV4_TTL,
		.payload_at = ETHER_BYTES + (bytes[ETHER_BYTES] & 0x0f) * 4,
		.address_bytes = 4,
		.source = &bytes[IPV4_SOURCE],
		.destination = &bytes[IPV4_DESTINATION],
	};
}

static void
ipv6_read(struct frame *frame, const uint8_t *bytes, uint32_t length)
{
	uint32_t payload = frame_get16(&bytes[IPV6_PAYLOAD_LENGTH]);

	*frame = (struct frame){
		.kind = FRAME_IPV6,
		.sound = payload <= length - ETHER_BYTES - IPV6_BYTES,
		.ttl = bytes[IPV6_HOP_LIMIT],
		.protocol = bytes[IPV6_NEXT_HEADER],
		.ttl_at = IPV6_HOP_LIMIT,
		.payload_at = ETHER_BYTES + IPV6_BYTES,
		.address_bytes = 16,
		.source = &bytes[IPV6_SOURCE],
		.destination = &bytes[IPV6_DESTINATION],
	};
}

/* A header is there when the Ethernet type says so, the version agrees, and all of its fixed part
 * was captured.
 */
static bool
has_header(const uint8_t *bytes, uint32_t length, uint16_t type, unsigned int version,
	   unsigned int header_bytes)
{
	return length >= ETHER_BYTES + header_bytes && frame_get16(&bytes[ETHER_TYPE]) == type &&
	       bytes[ETHER_BYTES] >> 4 == version;
}

void
frame_read(struct frame *frame, const uint8_t *bytes, uint32_t length)
{
	*frame = (struct frame){.kind = FRAME_OTHER};
	if (has_header(bytes, length, TYPE_IPV4, 4, IPV4_BYTES))
		ipv4_read(frame, bytes, length);
	else if (has_header(bytes, length, TYPE_IPV6, 6, IPV6_BYTES))
		ipv6_read(frame, bytes, length);
}
