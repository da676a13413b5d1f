/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expected.h"
#include "mark.h"

static uint32_t
chain_of(const struct flow_key *key)
{
	const uint8_t *bytes = (const uint8_t *)key;
	uint32_t hash = 0;
	size_t i;

	for (i = 0; i < sizeof(*key); i++)
		hash = (hash ^ bytes[i]) * UINT32_C(0x01000193);
	return (hash ^ hash >> 16) % LANE_CHAINS;
}

struct lane *
expected_lane(const struct expected *expected, const struct flow_key *key)
{
	struct lane *lane = expected->chains[chain_of(key)];

	while (lane != NULL && memcmp(&lane->key, key, sizeof(*key)) != 0)
		lane = lane->next;
	return lane;
}

static bool
flow_is_known(const struct expected *expected, const struct flow_key *key)
{
	struct flow_key any = *key;
	unsigned int port;

	for (port = 0; port < PORTS_MAX; port++) {
		any.port = port;
		if (expected_lane(expected, &any) != NULL)
			return true;
	}
	return false;
}

static struct lane *
lane_create(struct expected *expected, const struct flow_key *key)
{
	struct lane **chain = &expected->chains[chain_of(key)];
	struct lane *lane = calloc(1, sizeof(*lane));

	if (lane == NULL)
		return NULL;
	expected->nb_flows += !flow_is_known(expected, key);
	lane->key = *key;
	lane->last_sequence = -1;
	lane->next = *chain;
	*chain = lane;
	return lane;
}

/* Arrays double: whenever count is a power of two, the room is used up. */
static void *
array_grow(void *array, uint32_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return array;
	return reallocarray(array, count == 0 ? 1 : 2 * (size_t)count, size);
}

static int
lane_append(struct lane *lane, uint32_t index)
{
	uint32_t *packets = array_grow(lane->packets, lane->count, sizeof(*packets));

	if (packets == NULL)
		return -ENOMEM;
	lane->packets = packets;
	lane->packets[lane->count++] = index;
	return 0;
}

static int
bytes_append(struct expected *expected, const uint8_t *bytes, uint32_t length)
{
	uint64_t room = expected->bytes_room;
	uint8_t *grown;

	if (expected->bytes_used + length > room) {
		room = 2 * room + 16 * PACKET_BYTES_MAX + length;
		grown = realloc(expected->bytes, room);
		if (grown == NULL)
			return -ENOMEM;
		expected->bytes = grown;
		expected->bytes_room = room;
	}
	memcpy(&expected->bytes[expected->bytes_used], bytes, length);
	expected->bytes_used += length;
	return 0;
}

static int
packet_append(struct expected *expected, const struct wanted *wanted)
{
	struct wanted *packets;

	packets = array_grow(expected->packets, expected->count, sizeof(*packets));
	if (packets == NULL)
		return -ENOMEM;
	expected->packets = packets;
	expected->packets[expected->count++] = *wanted;
	return 0;
}

static void
key_of_frame(struct flow_key *key, const struct frame *frame)
{
	key->kind = frame->kind;
	if (frame->kind == FRAME_OTHER)
		return;
	memcpy(key->bytes, frame->source, frame->address_bytes);
	memcpy(key->bytes + frame->address_bytes, frame->destination, frame->address_bytes);
}

bool
expected_key(const struct expected *expected, const uint8_t *bytes, uint32_t length,
	     unsigned int port, struct flow_key *key)
{
	struct frame frame;
	struct mark mark;

	memset(key, 0, sizeof(*key));
	key->port = port;
	if (expected->by_payload) {
		key->kind = FLOW_MARKED;
		if (!mark_find(&mark, bytes, length))
			return false;
		memcpy(key->bytes, &mark.flow, sizeof(mark.flow));
		return true;
	}
	frame_read(&frame, bytes, length);
	key_of_frame(key, &frame);
	return true;
}

/* In a marked trace a packet must say its flow, and a later number than the one before it. */
static int
mark_accept(const struct expected *expected, struct lane *lane, const uint8_t *bytes,
	    uint32_t length)
{
	struct mark mark;

	if (!expected->by_payload)
		return 0;
	if (!mark_find(&mark, bytes, length) || mark.sequence <= lane->last_sequence) {
		complain("input packet %" PRIu32
			 ": its own number is not above the one before it in "
			 "its flow; is this a generated trace?",
			 expected->count);
		return -EINVAL;
	}
	lane->last_sequence = mark.sequence;
	return 0;
}

static int
lane_take(struct expected *expected, const uint8_t *bytes, uint32_t length, unsigned int port)
{
	struct flow_key key;
	struct lane *lane;

	if (!expected_key(expected, bytes, length, port, &key)) {
		complain("input packet %" PRIu32
			 ": carries no flow number; use --flows addresses, or "
			 "a generated trace",
			 expected->count);
		return -EINVAL;
	}
	lane = expected_lane(expected, &key);
	if (lane == NULL)
		lane = lane_create(expected, &key);
	if (lane == NULL || lane_append(lane, expected->count - 1) < 0) {
		complain("no memory for more than %" PRIu32 " packets", expected->count);
		return -ENOMEM;
	}
	return mark_accept(expected, lane, bytes, length);
}

/* What routing does, done to the copy. The checksum is blanked: it is judged by its sum. */
static void
rewrite(uint8_t *bytes, const struct frame *frame, unsigned int port)
{
	memset(&bytes[ETHER_DESTINATION], 0, ETHER_ADDRESS_BYTES);
	bytes[ETHER_DESTINATION] = 2;
	bytes[ETHER_DESTINATION + ETHER_ADDRESS_BYTES - 1] = port;
	bytes[frame->ttl_at]--;
	if (frame->kind == FRAME_IPV4)
		frame_put16(&bytes[IPV4_CHECKSUM], 0);
}

int
expected_add(struct expected *expected, const uint8_t *bytes, uint32_t length)
{
	struct wanted wanted = {.bytes_at = expected->bytes_used, .length = length};
	const struct route *route = NULL;
	struct frame frame;

	frame_read(&frame, bytes, length);
	if (frame.sound && frame.ttl > 1)
		route = routes_find(&expected->routes, &frame);
	wanted.kind = frame.kind;
	wanted.routed = route != NULL;
	wanted.port = route != NULL ? route->port : expected->default_port;
	if (bytes_append(expected, bytes, length) < 0 || packet_append(expected, &wanted) < 0) {
		complain("no memory for more than %" PRIu32 " packets", expected->count);
		return -ENOMEM;
	}
	if (wanted.routed)
		rewrite(&expected->bytes[wanted.bytes_at], &frame, wanted.port);
	return lane_take(expected, bytes, length, wanted.port);
}

static void
lane_free(struct lane *lane)
{
	free(lane->packets);
	free(lane);
}

void
expected_free(struct expected *expected)
{
	struct lane *lane, *next;
	unsigned int i;

	for (i = 0; i < LANE_CHAINS; i++) {
		for (lane = expected->chains[i]; lane != NULL; lane = next) {
			next = lane->next;
			lane_free(lane);
		}
	}
	free(expected->packets);
	free(expected->bytes);
}

/* Bytes that are not compared: a port's own address, and a checksum that is judged by its sum. */
static bool
is_free(const struct wanted *wanted, uint32_t at, bool any_port)
{
	if (!wanted->routed)
		return false;
	if (at < ETHER_SOURCE)
		return any_port;
	if (at < ETHER_TYPE)
		return true;
	return wanted->kind == FRAME_IPV4 && (at == IPV4_CHECKSUM || at == IPV4_CHECKSUM + 1);
}

int64_t
expected_differs(const struct expected *expected, const struct wanted *wanted, const uint8_t *bytes,
		 uint32_t length, bool any_port)
{
	const uint8_t *right = &expected->bytes[wanted->bytes_at];
	uint32_t common = length < wanted->length ? length : wanted->length;
	uint32_t i;

	for (i = 0; i < common; i++)
		if (bytes[i] != right[i] && !is_free(wanted, i, any_port))
			return i;
	if (length != wanted->length)
		return common;
	if (wanted->routed && wanted->kind == FRAME_IPV4 &&
	    frame_sum(&bytes[ETHER_BYTES], (bytes[ETHER_BYTES] & 0x0f) * 4, 0) != 0xffff)
		return IPV4_CHECKSUM;
	return -1;
}

void
expected_flow_text(const struct flow_key *key, char text[FLOW_TEXT_BYTES])
{
	int family = key->kind == FRAME_IPV4 ? AF_INET : AF_INET6;
	unsigned int address_bytes = key->kind == FRAME_IPV4 ? 4 : 16;
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];
	uint32_t number;

	if (key->kind == FLOW_MARKED) {
		memcpy(&number, key->bytes, sizeof(number));
		snprintf(text, FLOW_TEXT_BYTES, "flow %" PRIu32, number);
	} else if (key->kind == FRAME_OTHER) {
		snprintf(text, FLOW_TEXT_BYTES, "the flow without addresses");
	} else {
		inet_ntop(family, key->bytes, source, sizeof(source));
		inet_ntop(family, key->bytes + address_bytes, destination, sizeof(destination));
		snprintf(text, FLOW_TEXT_BYTES, "flow %s > %s", source, destination);
	}
}
