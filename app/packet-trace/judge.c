/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "judge.h"

/* An output packet under judgement. */
struct output {
	const uint8_t *bytes;
	uint32_t length;
	unsigned int port;
};

static void __attribute__((format(printf, 2, 3)))
remember(struct judge *judge, const char *format, ...)
{
	va_list args;

	if (judge->first[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(judge->first, sizeof(judge->first), format, args);
	va_end(args);
}

uint64_t
judge_problems(const struct judge *judge)
{
	return judge->duplicated + judge->reordered + judge->altered + judge->misrouted +
	       judge->missing;
}

void
judge_port_begin(struct judge *judge)
{
	judge->seen = 0;
	judge->source_known = false;
}

/* Packets are counted from 1, as tools that show captures do. */
static uint32_t
number_of(const struct lane *lane, uint32_t place)
{
	return lane->packets[place] + 1;
}

static struct wanted *
wanted_at(const struct judge *judge, const struct lane *lane, uint32_t place)
{
	return &judge->expected->packets[lane->packets[place]];
}

static void
take(struct judge *judge, struct lane *lane, uint32_t place)
{
	wanted_at(judge, lane, place)->taken = true;
	if (place >= lane->resume)
		lane->resume = place + 1;
	while (lane->first < lane->count && wanted_at(judge, lane, lane->first)->taken)
		lane->first++;
}

/* The first packet of a lane from one place to another that is the output; count if none is. */
static uint32_t
find(const struct judge *judge, const struct lane *lane, const struct output *out, uint32_t from,
     uint32_t to, bool taken, bool any_port)
{
	const struct wanted *wanted;
	uint32_t place;

	for (place = from; place < to; place++) {
		wanted = wanted_at(judge, lane, place);
		if (wanted->taken == taken && expected_differs(judge->expected, wanted, out->bytes,
							       out->length, any_port) < 0)
			return place;
	}
	return lane->count;
}

/* Routed packets of a port must all have the port's one address as their source. */
static void
source_check(struct judge *judge, const struct lane *lane, uint32_t place, const struct output *out)
{
	char flow[FLOW_TEXT_BYTES];

	judge->right++;
	if (!wanted_at(judge, lane, place)->routed)
		return;
	if (!judge->source_known)
		memcpy(judge->source, &out->bytes[ETHER_SOURCE], ETHER_ADDRESS_BYTES);
	judge->source_known = true;
	if (memcmp(judge->source, &out->bytes[ETHER_SOURCE], ETHER_ADDRESS_BYTES) == 0)
		return;
	expected_flow_text(&lane->key, flow);
	remember(judge,
		 "altered: input packet %" PRIu32 " (%s), output packet %" PRIu64 " on port "
		 "%u: its Ethernet source is not that of the routed packets before it",
		 number_of(lane, place), flow, judge->seen, out->port);
	judge->right--;
	judge->altered++;
}

/* The next in its lane, as nearly all are, or one further on: those between are late or lost. */
static bool
is_next(struct judge *judge, struct lane *lane, const struct output *out)
{
	uint32_t place = find(judge, lane, out, lane->resume, lane->count, false, false);

	if (place == lane->count)
		return false;
	take(judge, lane, place);
	source_check(judge, lane, place, out);
	return true;
}

static bool
is_late(struct judge *judge, struct lane *lane, const struct output *out)
{
	uint32_t place = find(judge, lane, out, lane->first, lane->resume, false, false);
	char flow[FLOW_TEXT_BYTES];

	if (place >= lane->resume)
		return false;
	expected_flow_text(&lane->key, flow);
	remember(judge,
		 "reordered: input packet %" PRIu32 " (%s) came out after input packet %" PRIu32
		 ", as output packet %" PRIu64 " on port %u",
		 number_of(lane, place), flow, number_of(lane, lane->resume - 1), judge->seen,
		 out->port);
	judge->reordered++;
	take(judge, lane, place);
	return true;
}

static bool
is_duplicate(struct judge *judge, struct lane *lane, const struct output *out)
{
	uint32_t place = find(judge, lane, out, 0, lane->resume, true, false);
	char flow[FLOW_TEXT_BYTES];

	if (place >= lane->resume)
		return false;
	expected_flow_text(&lane->key, flow);
	remember(judge,
		 "duplicate: input packet %" PRIu32 " (%s) came out once more, as output "
		 "packet %" PRIu64 " on port %u",
		 number_of(lane, place), flow, judge->seen, out->port);
	judge->duplicated++;
	return true;
}

/* In the order in which it matters: most packets stop at the first question when only the next
 * in the lane is compared, so a late one is asked for before those further on.
 */
static bool
is_of_lane(struct judge *judge, struct lane *lane, const struct output *out)
{
	if (lane->resume < lane->count &&
	    find(judge, lane, out, lane->resume, lane->resume + 1, false, false) == lane->resume)
		return is_next(judge, lane, out);
	return is_late(judge, lane, out) || is_next(judge, lane, out) ||
	       is_duplicate(judge, lane, out);
}

static bool
is_of_port(struct judge *judge, struct flow_key *key, unsigned int right, const struct output *out)
{
	char flow[FLOW_TEXT_BYTES];
	struct lane *lane;
	uint32_t place;

	key->port = right;
	lane = expected_lane(judge->expected, key);
	if (lane == NULL)
		return false;
	place = find(judge, lane, out, 0, lane->count, false, true);
	if (place == lane->count)
		return false;
	expected_flow_text(key, flow);
	remember(judge,
		 "misrouted: input packet %" PRIu32 " (%s) belongs on port %u, and came out "
		 "as output packet %" PRIu64 " on port %u",
		 number_of(lane, place), flow, right, judge->seen, out->port);
	judge->misrouted++;
	take(judge, lane, place);
	return true;
}

static bool
is_misrouted(struct judge *judge, const struct flow_key *key, const struct output *out)
{
	struct flow_key elsewhere = *key;
	unsigned int right;

	for (right = 0; right < PORTS_MAX; right++)
		if (right != out->port && is_of_port(judge, &elsewhere, right, out))
			return true;
	return false;
}

/* Which input packet an altered one was: the next of its lane with its length, or just the next. */
static uint32_t
altered_place(const struct judge *judge, const struct lane *lane, uint32_t length)
{
	uint32_t place;

	for (place = lane->first; place < lane->count; place++)
		if (!wanted_at(judge, lane, place)->taken &&
		    wanted_at(judge, lane, place)->length == length)
			return place;
	return lane->first;
}

static void
difference_text(const struct judge *judge, const struct wanted *wanted, const struct output *out,
		char text[FLOW_TEXT_BYTES])
{
	int64_t at = expected_differs(judge->expected, wanted, out->bytes, out->length, false);

	if (at < 0)
		snprintf(text, FLOW_TEXT_BYTES, "nothing but its flow differs");
	else if (at >= out->length || at >= wanted->length)
		snprintf(text, FLOW_TEXT_BYTES, "%" PRIu32 " bytes long, expected %" PRIu32,
			 out->length, wanted->length);
	else if (wanted->routed && wanted->kind == FRAME_IPV4 && at == IPV4_CHECKSUM)
		snprintf(text, FLOW_TEXT_BYTES, "the IPv4 header checksum 0x%04x is wrong",
			 frame_get16(&out->bytes[IPV4_CHECKSUM]));
	else
		snprintf(text, FLOW_TEXT_BYTES, "byte %" PRId64 " is 0x%02x, expected 0x%02x", at,
			 out->bytes[at], judge->expected->bytes[wanted->bytes_at + at]);
}

/* What is left: its flow has no such packet. */
static void
is_altered(struct judge *judge, const struct output *out)
{
	char flow[FLOW_TEXT_BYTES], difference[FLOW_TEXT_BYTES];
	struct flow_key key;
	struct lane *lane = NULL;
	uint32_t place;

	judge->altered++;
	if (expected_key(judge->expected, out->bytes, out->length, out->port, &key))
		lane = expected_lane(judge->expected, &key);
	if (lane == NULL || lane->first == lane->count) {
		remember(judge,
			 "altered: output packet %" PRIu64 " on port %u is no packet of any "
			 "flow that should leave there",
			 judge->seen, out->port);
		return;
	}
	place = altered_place(judge, lane, out->length);
	expected_flow_text(&key, flow);
	difference_text(judge, wanted_at(judge, lane, place), out, difference);
	remember(judge,
		 "altered: input packet %" PRIu32 " (%s), output packet %" PRIu64 " on port "
		 "%u: %s",
		 number_of(lane, place), flow, judge->seen, out->port, difference);
	take(judge, lane, place);
}

void
judge_packet(struct judge *judge, unsigned int port, const uint8_t *bytes, uint32_t length)
{
	const struct output out = {.bytes = bytes, .length = length, .port = port};
	struct flow_key key;
	struct lane *lane;

	judge->seen++;
	if (!expected_key(judge->expected, bytes, length, port, &key)) {
		is_altered(judge, &out);
		return;
	}
	lane = expected_lane(judge->expected, &key);
	if (lane != NULL && is_of_lane(judge, lane, &out))
		return;
	if (!is_misrouted(judge, &key, &out))
		is_altered(judge, &out);
}

/* What nobody took did not come out. */
void
judge_missing(struct judge *judge)
{
	const struct expected *expected = judge->expected;
	const struct wanted *wanted;
	uint32_t i;

	for (i = 0; i < expected->count; i++) {
		wanted = &expected->packets[i];
		if (wanted->taken)
			continue;
		judge->missing++;
		remember(judge,
			 "missing: input packet %" PRIu32 ", %" PRIu32 " bytes, did not come "
			 "out; it belongs on port %u",
			 i + 1, wanted->length, wanted->port);
	}
}
