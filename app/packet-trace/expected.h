/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What must come out. Each input packet is kept as routing should leave it, in a lane: the packets
 * of one flow that leave by one port, in their order.
 */

#ifndef EXPECTED_H
#define EXPECTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "packet_trace.h"
#include "routes.h"

enum {
	LANE_CHAINS = 1 << 16,
	FLOW_TEXT_BYTES = 128,
};

struct flow_key {
	uint8_t kind; /* FRAME_*, or FLOW_MARKED */
	uint8_t port;
	uint8_t bytes[32]; /* addresses, or the flow's number */
};

enum {
	FLOW_MARKED = 16,
};

struct wanted {
	uint64_t bytes_at; /* in expected.bytes */
	uint32_t length;
	uint8_t port;
	uint8_t kind; /* FRAME_* */
	bool routed;
	bool taken;
};

struct lane {
	struct lane *next; /* of the same chain */
	struct flow_key key;
	uint32_t *packets; /* indices of expected.packets */
	uint32_t count;
	uint32_t first;  /* all before it are taken */
	uint32_t resume; /* behind the last that is taken */
	int64_t last_sequence;
};

struct expected {
	struct wanted *packets;
	uint32_t count;
	uint8_t *bytes;
	uint64_t bytes_used;
	uint64_t bytes_room;
	struct lane *chains[LANE_CHAINS];
	uint32_t nb_flows;
	unsigned int default_port;
	bool by_payload;
	struct routes routes;
};

/* Takes over one input packet. 0; -EINVAL when it is not the kind of packet that was promised,
 * or -ENOMEM, both told.
 */
int expected_add(struct expected *expected, const uint8_t *bytes, uint32_t length);
void expected_free(struct expected *expected);

/* Which flow a packet belongs to that left by a port. False when a marked trace's packet bears no
 * mark.
 */
bool expected_key(const struct expected *expected, const uint8_t *bytes, uint32_t length,
		  unsigned int port, struct flow_key *key);
struct lane *expected_lane(const struct expected *expected, const struct flow_key *key);

/* Offset of the first byte in which a packet is not what is wanted, or -1. The length's own
 * difference shows at the end of the shorter one. With any_port the destination address, which
 * names the port, may be any.
 */
int64_t expected_differs(const struct expected *expected, const struct wanted *wanted,
			 const uint8_t *bytes, uint32_t length, bool any_port);

void expected_flow_text(const struct flow_key *key, char text[FLOW_TEXT_BYTES]);

#endif
