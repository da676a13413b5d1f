/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

#include "mark.h"
#include "frame.h"

enum {
	MARK_MAGIC = 0x736c6970, /* "slip" */
	UDP_BYTES = 8,
	TCP_OFFSET_BYTE = 12,
	TCP_BYTES = 20,
};

/* Any change of one field changes it; the constants are odd, so multiplying loses nothing. */
static uint32_t
mark_check(const struct mark *mark)
{
	uint32_t mixed = mark->flow * UINT32_C(0x9e3779b1) + mark->sequence * UINT32_C(0x85ebca77);

	return mixed ^ mixed >> 15 ^ MARK_MAGIC;
}

void
mark_write(const struct mark *mark, uint8_t *at)
{
	frame_put32(at, MARK_MAGIC);
	frame_put32(at + 4, mark->flow);
	frame_put32(at + 8, mark->sequence);
	frame_put32(at + 12, mark_check(mark));
}

static bool
mark_read(struct mark *mark, const uint8_t *at)
{
	mark->flow = frame_get32(at + 4);
	mark->sequence = frame_get32(at + 8);
	return frame_get32(at) == MARK_MAGIC && frame_get32(at + 12) == mark_check(mark);
}

bool
mark_find(struct mark *mark, const uint8_t *bytes, uint32_t length)
{
	struct frame frame;
	uint32_t at;

	frame_read(&frame, bytes, length);
	at = frame.payload_at;
	if (frame.kind == FRAME_OTHER)
		return false;
	if (frame.protocol == PROTOCOL_UDP)
		at += UDP_BYTES;
	else if (frame.protocol == PROTOCOL_TCP && at + TCP_BYTES <= length)
		at += (bytes[at + TCP_OFFSET_BYTE] >> 4) * 4;
	else
		return false;
	return at + MARK_BYTES <= length && mark_read(mark, &bytes[at]);
}
