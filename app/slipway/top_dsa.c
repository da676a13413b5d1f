/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A DSA for slipway top: a served one as the device sees it, or what the driver of a running
 * program counts.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "slipway.h"
#include "top.h"

#define MOST 64

/* Counters, which a frame has as rates. */
static const char *const counters[] = {"accepted",  "retried",   "dropped",   "completed", "failed",
				       "bytes",     "submitted", "errors",    "batches",   "retries",
				       "busy",      "partial"};

/* ---- A running program ---- */

static json_t *
ask_dsa(int fd, const struct telemetry_device *from, const char *what, int of)
{
	char text[96];

	if (of < 0)
		snprintf(text, sizeof(text), "/slipway/dsa/%s,%s", what, from->id);
	else
		snprintf(text, sizeof(text), "/slipway/dsa/%s,%s,%d", what, from->id, of);
	return telemetry_command(fd, text);
}

static json_t *
ask_all(int fd, const struct telemetry_device *from, const char *what, json_int_t count)
{
	json_t *all = json_array(), *one;

	for (int i = 0; i < count && i < MOST; i++) {
		one = ask_dsa(fd, from, what, i);
		if (!json_is_object(one)) {
			json_decref(one);
			continue;
		}
		json_object_set_new(one, what, json_integer(i));
		json_array_append_new(all, one);
	}
	return all;
}

int
top_dsa_take(int fd, const struct telemetry_device *from, struct top_sample *sample)
{
	struct timespec now;
	json_t *info;

	clock_gettime(CLOCK_MONOTONIC, &now);
	*sample = (struct top_sample){.at = (double)now.tv_sec + (double)now.tv_nsec / 1e9};
	info = ask_dsa(fd, from, "info", -1);
	if (!json_is_object(info)) {
		complain("%s: no answer: has the device gone?", from->path);
		json_decref(info);
		return -EIO;
	}
	json_object_set_new(info, "device", json_string("dsa"));
	json_object_set_new(info, "wqs",
			    ask_all(fd, from, "wq",
				    json_integer_value(json_object_get(info, "wqs"))));
	json_object_set_new(info, "vchans",
			    ask_all(fd, from, "vchan",
				    json_integer_value(json_object_get(info, "vchans"))));
	sample->device = info;
	return 0;
}

/* ---- From one sample to the next ---- */

static json_t *
one_frame(json_t *before, json_t *now, double seconds)
{
	json_t *frame = json_copy(now), *value;
	json_int_t more;

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		value = json_object_get(now, counters[i]);
		if (value == NULL)
			continue;
		more = json_integer_value(value) -
		       json_integer_value(json_object_get(before, counters[i]));
		json_object_set_new(frame, counters[i],
				    json_integer(before != NULL && more > 0 && seconds > 0
							 ? (json_int_t)((double)more / seconds + 0.5)
							 : 0));
	}
	return frame;
}

static void
list_frame(json_t *frame, json_t *before, json_t *now, const char *list, double seconds)
{
	json_t *all = json_array(), *one;
	size_t i;

	json_array_foreach(json_object_get(now, list), i, one)
	{
		json_array_append_new(
			all, one_frame(json_array_get(json_object_get(before, list), i), one,
				       seconds));
	}
	json_object_set_new(frame, list, all);
}

json_t *
top_dsa_frame(const char *name, const struct top_sample *before, const struct top_sample *now)
{
	json_t *frame = json_copy(now->device);
	double seconds = now->at - before->at;

	json_object_set_new(frame, "target", json_string(name));
	json_object_set_new(frame, "seconds", json_real(seconds));
	list_frame(frame, before->device, now->device, "wqs", seconds);
	if (json_object_get(now->device, "vchans") != NULL)
		list_frame(frame, before->device, now->device, "vchans", seconds);
	if (json_is_array(json_object_get(now->device, "engines")))
		list_frame(frame, before->device, now->device, "engines", seconds);
	return frame;
}

/* ---- For people ---- */

static json_int_t
number(json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *
text(json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value != NULL ? value : "";
}

static void
print_wq(json_t *wq)
{
	char buf[6][TOP_RATE_LEN];

	printf("wq %-3lld %-8s %-9s %5lld of %-5lld %9lld",
	       (long long)number(wq, "wq"), text(wq, "state"), text(wq, "mode"),
	       (long long)number(wq, "occupancy"), (long long)number(wq, "size"),
	       (long long)number(wq, "threshold"));
	if (json_object_get(wq, "accepted") != NULL)
		printf(" %9s %9s %9s %9s %7s %9s", top_rate(buf[0], number(wq, "accepted")),
		       top_rate(buf[1], number(wq, "retried")),
		       top_rate(buf[2], number(wq, "dropped")),
		       top_rate(buf[3], number(wq, "completed")),
		       top_rate(buf[4], number(wq, "failed")),
		       top_rate(buf[5], number(wq, "bytes")));
	putchar('\n');
}

static void
print_engine(json_t *engine)
{
	char buf[2][TOP_RATE_LEN], group[24] = "no group";

	if (number(engine, "group") >= 0)
		snprintf(group, sizeof(group), "group %lld", (long long)number(engine, "group"));
	printf("engine %-3lld of %-10s %-9s %9s %9s\n", (long long)number(engine, "engine"), group,
	       json_is_true(json_object_get(engine, "busy")) ? "busy" : "idle",
	       top_rate(buf[0], number(engine, "completed")),
	       top_rate(buf[1], number(engine, "bytes")));
}

static void
print_vchan(json_t *vchan)
{
	char buf[5][TOP_RATE_LEN];

	printf("vchan %-3lld on wq %-3lld %9s %9s %9s %9s %9s\n",
	       (long long)number(vchan, "vchan"), (long long)number(vchan, "wq"),
	       top_rate(buf[0], number(vchan, "submitted")),
	       top_rate(buf[1], number(vchan, "completed")),
	       top_rate(buf[2], number(vchan, "errors")),
	       top_rate(buf[3], number(vchan, "batches")),
	       top_rate(buf[4], number(vchan, "retries")));
}

static void
print_faults(json_t *faults)
{
	json_t *fault;
	size_t i;

	json_array_foreach(faults, i, fault)
	{
		printf("%s%s", i == 0 ? "faults: " : ", ", json_string_value(fault));
	}
	if (i > 0)
		putchar('\n');
}

void
top_dsa_print(json_t *frame, unsigned int rows)
{
	json_t *wqs = json_object_get(frame, "wqs"), *vchans = json_object_get(frame, "vchans");
	json_t *engines = json_object_get(frame, "engines");
	bool served = json_object_get(frame, "sockets") != NULL;
	size_t room = rows > 8 ? rows - 8 : MOST;

	printf("%s: DSA %s%s%s; rates per second over %.1f s\n", text(frame, "target"),
	       served ? text(frame, "version") : text(frame, "at"), served ? ", " : "",
	       text(frame, "state"), json_number_value(json_object_get(frame, "seconds")));
	print_faults(json_object_get(frame, "faults"));
	printf("%-16s%-9s %14s %9s", "", "MODE", "OCCUPANCY", "THRESHOLD");
	if (served)
		printf(" %9s %9s %9s %9s %7s %9s", "ACCEPTED", "RETRIED", "DROPPED", "COMPLETED",
		       "FAILED", "BYTES");
	putchar('\n');
	if (served && rows != 0)
		room = room > json_array_size(engines) + 2 ? room - json_array_size(engines) - 1 : 1;
	top_print_each(wqs, rows == 0 ? json_array_size(wqs) : room, print_wq, "work queues");
	if (served) {
		printf("%-24s %-9s %9s %9s\n", "", "NOW", "COMPLETED", "BYTES");
		top_print_each(engines, json_array_size(engines), print_engine, "engines");
	}
	if (json_array_size(vchans) == 0)
		return;
	printf("%-19s %9s %9s %9s %9s %9s\n", "", "SUBMITTED", "COMPLETED", "ERRORS", "BATCHES",
	       "RETRIES");
	top_print_each(vchans, rows == 0 ? json_array_size(vchans) : room, print_vchan, "channels");
}
