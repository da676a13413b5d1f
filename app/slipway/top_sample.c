/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "slipway.h"
#include "top.h"

/* ---- Asking ---- */

static json_t *
ask(int fd, const struct telemetry_device *from, const char *what, int of)
{
	char text[96];
	json_t *answer;

	if (of < 0)
		snprintf(text, sizeof(text), "%s,%s", what, from->id);
	else
		snprintf(text, sizeof(text), "%s,%s,%d", what, from->id, of);
	answer = telemetry_command(fd, text);
	if (json_is_object(answer) || json_is_array(answer))
		return answer;
	complain("%s: no answer to %s: has the device gone?", from->path, text);
	json_decref(answer);
	return NULL;
}

/* The statistics of everything that a list names, in its order. */
static json_t *
ask_each(int fd, const struct telemetry_device *from, const char *list, const char *stats)
{
	json_t *ids = ask(fd, from, list, -1), *all = json_array(), *id;
	size_t i;

	json_array_foreach(ids, i, id)
	{
		json_t *one = ask(fd, from, stats, (int)json_integer_value(id));

		if (one == NULL)
			break;
		json_array_append_new(all, one);
	}
	if (ids == NULL || json_array_size(all) < json_array_size(ids)) {
		json_decref(all);
		all = NULL;
	}
	json_decref(ids);
	return all;
}

int
top_sample_take(int fd, const struct telemetry_device *from, struct top_sample *sample)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	*sample = (struct top_sample){.at = (double)now.tv_sec + (double)now.tv_nsec / 1e9};
	sample->domain = ask(fd, from, "/slipway/dlb/domain", -1);
	if (sample->domain != NULL)
		sample->device = ask(fd, from, "/eventdev/dev_xstats", -1);
	if (sample->device != NULL)
		sample->ports = ask_each(fd, from, "/eventdev/port_list", "/eventdev/port_xstats");
	if (sample->ports != NULL)
		sample->queues = ask_each(fd, from, "/eventdev/queue_list",
					  "/eventdev/queue_xstats");
	if (sample->queues != NULL)
		return 0;
	top_sample_free(sample);
	return -EIO;
}

void
top_sample_free(struct top_sample *sample)
{
	json_decref(sample->domain);
	json_decref(sample->device);
	json_decref(sample->ports);
	json_decref(sample->queues);
	*sample = (struct top_sample){0};
}

/* ---- From one sample to the next ---- */

/* Statistics of one thing, earlier and now. Their names begin with `prefix`. */
struct pair {
	json_t *before, *now;
	char prefix[32];
	double seconds;
};

static double
stat_of(json_t *stats, const struct pair *pair, const char *name)
{
	char full[96];

	snprintf(full, sizeof(full), "%s%s", pair->prefix, name);
	return json_number_value(json_object_get(stats, full));
}

static json_int_t
level(const struct pair *pair, const char *name)
{
	return (json_int_t)stat_of(pair->now, pair, name);
}

static double
gain(const struct pair *pair, const char *name)
{
	double more = stat_of(pair->now, pair, name) - stat_of(pair->before, pair, name);

	/* Counters can be reset. */
	return more > 0 ? more : 0;
}

static json_int_t
rate(const struct pair *pair, const char *name)
{
	return pair->seconds > 0 ? (json_int_t)(gain(pair, name) / pair->seconds + 0.5) : 0;
}

static json_int_t
empty_percent(const struct pair *pair)
{
	double polls = gain(pair, "total_polls");

	return polls > 0 ? (json_int_t)(100 * gain(pair, "zero_polls") / polls + 0.5) : 0;
}

static json_t *
device_frame(const struct pair *p)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "limit",
			 level(p, "nb_events_limit"), "inside", level(p, "inflight_events"), "pool",
			 level(p, "pool_size"), "new", rate(p, "tx_new"), "forwarded",
			 rate(p, "tx_fwd"), "released",
			 rate(p, "tx_rel") + rate(p, "tx_implicit_rel"), "dequeued",
			 rate(p, "rx_ok"), "polls", rate(p, "total_polls"), "empty_percent",
			 empty_percent(p));
}

static json_t *
port_frame(const struct pair *p, size_t id)
{
	return json_pack("{s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "port", (int)id,
			 "kind", level(p, "is_load_balanced") ? "load-balanced" : "directed",
			 "number", level(p, "hw_id"), "dequeued", rate(p, "rx_ok"), "new",
			 rate(p, "tx_new"), "forwarded", rate(p, "tx_fwd"), "released",
			 rate(p, "tx_rel") + rate(p, "tx_implicit_rel"), "holds",
			 level(p, "outstanding_releases"), "credits", level(p, "credits_leased"),
			 "polls", rate(p, "total_polls"), "empty_percent", empty_percent(p));
}

static json_t *
queue_frame(const struct pair *p, size_t id)
{
	return json_pack("{s:i, s:s, s:I, s:I, s:I, s:I}", "queue", (int)id, "kind",
			 level(p, "is_load_balanced") ? "load-balanced" : "directed", "number",
			 level(p, "hw_id"), "waiting", level(p, "current_depth"), "enqueued",
			 rate(p, "enq_ok"), "links", level(p, "num_links"));
}

static json_t *
each_frame(json_t *before, json_t *now, double seconds, const char *prefix,
	   json_t *(*frame)(const struct pair *pair, size_t id))
{
	json_t *all = json_array(), *one;
	size_t i;

	json_array_foreach(now, i, one)
	{
		struct pair pair = {json_array_get(before, i), one, "", seconds};

		snprintf(pair.prefix, sizeof(pair.prefix), "%s_%zu_", prefix, i);
		json_array_append_new(all, frame(&pair, i));
	}
	return all;
}

json_t *
top_frame(const struct top_sample *before, const struct top_sample *now)
{
	double seconds = now->at - before->at;
	struct pair device = {before->device, now->device, "dev_", seconds};

	return json_pack("{s:O, s:O, s:O, s:O, s:O, s:f, s:o, s:o, s:o}", "name",
			 json_object_get(now->domain, "name"), "device",
			 json_object_get(now->domain, "device"), "domain",
			 json_object_get(now->domain, "domain"), "version",
			 json_object_get(now->domain, "version"), "state",
			 json_object_get(now->domain, "state"), "seconds", seconds, "events",
			 device_frame(&device), "queues",
			 each_frame(before->queues, now->queues, seconds, "qid", queue_frame),
			 "ports",
			 each_frame(before->ports, now->ports, seconds, "port", port_frame));
}
