/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "trace_json.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "slipway.h"

#define NS_PER_US 1000.0
/* What is recorded before it happens has no length of its own. Flows need one to hold on to; this
 * is less than the recorder takes, so that no slice reaches into the next.
 */
#define SLICE_US 0.1
/* Digits of a time: nanoseconds over eleven days. */
#define JSON_STYLE (JSON_COMPACT | JSON_REAL_PRECISION(15))

int
trace_json_open(struct trace_json *j, const char *name)
{
	*j = (struct trace_json){.name = name};
	j->out = strcmp(name, "-") == 0 ? stdout : fopen(name, "w");
	if (j->out == NULL) {
		complain("trace: %s: cannot be written: %s", name, strerror(errno));
		return -1;
	}
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", j->out);
	return 0;
}

int
trace_json_close(struct trace_json *j)
{
	bool bad;

	fputs("\n]}\n", j->out);
	bad = ferror(j->out) != 0 || j->failed;
	if (j->out == stdout)
		bad |= fflush(stdout) != 0;
	else
		bad |= fclose(j->out) != 0;
	if (bad)
		complain("trace: %s: cannot be written: %s", j->name,
			 errno != 0 ? strerror(errno) : "no memory");
	return bad ? -1 : 0;
}

/* Write one event, and let go of it. NULL is one that there was no memory for. */
static void
event_write(struct trace_json *j, json_t *event)
{
	if (j->any)
		fputc(',', j->out);
	fputc('\n', j->out);
	if (event == NULL || json_dumpf(event, j->out, JSON_STYLE) != 0)
		j->failed = true;
	j->any = true;
	json_decref(event);
}

static double
microseconds(const struct trace_json *j, uint64_t ns)
{
	return (double)(int64_t)(ns - j->start_ns) / NS_PER_US;
}

/* ---- Events ---- */

void
trace_json_device(struct trace_json *j, const struct trace_device *dev)
{
	event_write(j, json_pack("{s:s, s:s, s:i, s:{s:s}}", "name", "process_name", "ph", "M",
				 "pid", (int)dev->number, "args", "name", dev->label));
}

static json_t *
arg_json(const struct trace_arg *arg)
{
	char text[sizeof(arg->text)];

	if (arg->kind == TRACE_NUMBER)
		return json_integer((json_int_t)arg->number);
	trace_arg_value(arg, text, sizeof(text));
	return json_string(text);
}

static json_t *
args_json(const struct trace_item *item)
{
	json_t *args = json_object();

	for (unsigned int i = 0; i < item->count; i++)
		json_object_set_new(args, item->arg[i].key, arg_json(&item->arg[i]));
	return args;
}

void
trace_json_item(struct trace_json *j, const struct trace_device *dev,
		const struct bus_trace_record *r, const struct trace_item *item)
{
	double ts = microseconds(j, r->ns);
	double dur = r->took != 0 ? (double)r->took / NS_PER_US : SLICE_US;
	json_t *event;

	event = json_pack("{s:s, s:s, s:f, s:i, s:I, s:o}", "name", item->name, "ph",
			  item->instant ? "i" : "X", "ts", ts, "pid", (int)dev->number, "tid",
			  (json_int_t)r->tid, "args", args_json(item));
	if (event != NULL && item->instant)
		json_object_set_new(event, "s", json_string("t"));
	else if (event != NULL)
		json_object_set_new(event, "dur", json_real(dur));
	event_write(j, event);
}

void
trace_json_depth(struct trace_json *j, const struct trace_device *dev,
		 const struct bus_trace_record *r, const char *queue, unsigned int depth)
{
	event_write(j, json_pack("{s:s, s:s, s:f, s:i, s:{s:i}}", "name", queue, "ph", "C", "ts",
				 microseconds(j, r->ns), "pid", (int)dev->number, "args", "depth",
				 (int)depth));
}

static json_t *
flow_end(const struct trace_json *j, const struct trace_device *dev, const char *phase, uint64_t ns,
	 uint32_t tid)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:f, s:i, s:I}", "name", "event", "cat", "event",
			 "ph", phase, "id", (json_int_t)j->flows, "ts", microseconds(j, ns), "pid",
			 (int)dev->number, "tid", (json_int_t)tid);
}

void
trace_json_flow(struct trace_json *j, const struct trace_device *dev,
		const struct bus_trace_record *r, const struct trace_enqueue *from)
{
	json_t *end;

	j->flows++;
	event_write(j, flow_end(j, dev, "s", from->ns, from->tid));
	end = flow_end(j, dev, "f", r->ns, r->tid);
	/* To the slice that encloses it, not to the next one. */
	if (end != NULL)
		json_object_set_new(end, "bp", json_string("e"));
	event_write(j, end);
}
