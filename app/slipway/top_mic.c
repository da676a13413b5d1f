/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A MIC card for slipway top, as its process sees it: DMA channels and doorbells.
 */
#include <stdio.h>

#include "card_look.h"
#include "top.h"

/* Counters, which a frame has as rates. */
static const char *const counters[] = {"descriptors", "bytes", "interrupts", "errors"};

/* ---- From one sample to the next ---- */

static json_t *
rate(json_t *before, json_t *now, double seconds)
{
	json_int_t more = json_integer_value(now) - json_integer_value(before);

	/* A reset takes them back. */
	return json_integer(before != NULL && more > 0 && seconds > 0
				    ? (json_int_t)((double)more / seconds + 0.5)
				    : 0);
}

static json_t *
channels_frame(json_t *before, json_t *now, double seconds)
{
	json_t *all = json_array(), *channel, *frame;
	size_t i;

	json_array_foreach(now, i, channel)
	{
		frame = json_copy(channel);
		for (size_t c = 0; c < sizeof(counters) / sizeof(counters[0]); c++)
			json_object_set_new(
				frame, counters[c],
				rate(json_object_get(json_array_get(before, i), counters[c]),
				     json_object_get(channel, counters[c]), seconds));
		json_array_append_new(all, frame);
	}
	return all;
}

static json_t *
doorbells_frame(json_t *before, json_t *now, const char *way, double seconds)
{
	json_t *all = json_array(), *count;
	size_t i;

	json_array_foreach(json_object_get(now, way), i, count)
	{
		json_array_append_new(
			all, rate(json_array_get(json_object_get(before, way), i), count, seconds));
	}
	return all;
}

json_t *
top_mic_frame(const char *name, const struct top_sample *before, const struct top_sample *now)
{
	json_t *frame = json_copy(now->device);
	json_t *was = json_object_get(before->device, "doorbells");
	json_t *is = json_object_get(now->device, "doorbells");
	double seconds = now->at - before->at;

	json_object_set_new(frame, "target", json_string(name));
	json_object_set_new(frame, "seconds", json_real(seconds));
	json_object_set_new(frame, "channels",
			    channels_frame(json_object_get(before->device, "channels"),
					   json_object_get(now->device, "channels"), seconds));
	json_object_set_new(frame, "doorbells",
			    json_pack("{s:o, s:o}", "h2c", doorbells_frame(was, is, "h2c", seconds),
				      "c2h", doorbells_frame(was, is, "c2h", seconds)));
	return frame;
}

/* ---- For people ---- */

static void
print_channel(json_t *channel)
{
	char buf[4][TOP_RATE_LEN];

	printf("%-8lld %-6s %-8s %9s %9s %11s %7s %8lld %8lld\n",
	       (long long)card_number(channel, "channel"), card_text(channel, "owner"),
	       json_is_true(json_object_get(channel, "enabled")) ? "on" : "off",
	       top_rate(buf[0], card_number(channel, "descriptors")),
	       top_rate(buf[1], card_number(channel, "bytes")),
	       top_rate(buf[2], card_number(channel, "interrupts")),
	       top_rate(buf[3], card_number(channel, "errors")),
	       (long long)card_number(channel, "head"), (long long)card_number(channel, "tail"));
}

/* Only those that rang. */
static void
print_doorbells(json_t *doorbells, const char *way, const char *title)
{
	char buf[TOP_RATE_LEN];
	unsigned int rang = 0;
	json_t *count;
	size_t i;

	printf("doorbells %s:", title);
	json_array_foreach(json_object_get(doorbells, way), i, count)
	{
		if (json_integer_value(count) <= 0)
			continue;
		printf("  %zu: %s", i, top_rate(buf, json_integer_value(count)));
		rang++;
	}
	puts(rang == 0 ? " none" : "");
}

void
top_mic_print(json_t *frame, unsigned int rows)
{
	json_t *channels = json_object_get(frame, "channels");
	json_t *doorbells = json_object_get(frame, "doorbells");

	printf("%s: MIC card, %s, POST code %s (%s); rates per second over %.1f s\n",
	       card_text(frame, "target"), card_text(frame, "power"), card_text(frame, "post_code"),
	       card_post_text(card_text(frame, "post_code")),
	       json_number_value(json_object_get(frame, "seconds")));
	printf("%-8s %-6s %-8s %9s %9s %11s %7s %8s %8s\n", "CHANNEL", "OWNER", "STATE",
	       "DESCRIPT.", "BYTES", "INTERRUPTS", "ERRORS", "HEAD", "TAIL");
	top_print_each(channels, rows > 6 ? rows - 6 : json_array_size(channels), print_channel,
		       "channels");
	print_doorbells(doorbells, "h2c", "to the card");
	print_doorbells(doorbells, "c2h", "to the host");
}
