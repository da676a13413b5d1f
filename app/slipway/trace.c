/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "slipway.h"
#include "trace_device.h"
#include "trace_file.h"
#include "trace_json.h"
#include "trace_record.h"

#define ALL_DEVICES     (-1)
#define SECONDS_MIN     0.1
#define SECONDS_MAX     3600
#define SECONDS_DEFAULT 1.0

static const char help[] =
	"NAME\n"
	"       slipway trace - show what passed over the bus, or record it\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway trace [--text] [--json OUT] [--device N] FILE\n"
	"       slipway trace [--text] [--json OUT] [-o FILE] [--seconds N] SOCKET\n"
	"\n"
	"DESCRIPTION\n"
	"       Shows what a program and its modelled devices asked of each other, as slipway run\n"
	"       --trace FILE recorded it: register accesses with the names of registers and\n"
	"       fields, commands that were posted, entries that were delivered, configuration\n"
	"       space, interrupts and resets. slipway serve --trace records a served device from\n"
	"       its beginning.\n"
	"\n"
	"       With SOCKET, records a device that slipway serve serves there, while it works: its\n"
	"       registers as they are, and then what passes. SOCKET is a path or, without a slash,\n"
	"       the name in the directory of running devices. One can record at a time.\n"
	"\n"
	"       --text       a table on standard output: seconds since the first record, thread,\n"
	"                    device, microseconds that the operation took, what it was. Without\n"
	"                    --json this is the default.\n"
	"       --json OUT   Trace Event JSON, for chrome://tracing and https://ui.perfetto.dev;\n"
	"                    '-' is standard output, without --text. Each device is a process,\n"
	"                    and the threads that called it are its threads. The depth of each\n"
	"                    queue is a counter, and every event a flow from the post that\n"
	"                    enqueued it to its delivery.\n"
	"       --device N   only devices with this index in their program, 0 to 255\n"
	"       -o FILE      keep the recording in FILE, and show it only where --text or --json\n"
	"                    is given, too\n"
	"       --seconds N  record so long, 0.1 to 3600, or until Ctrl-C; 1 if not said\n"
	"\n"
	"       Operations without a result are recorded before they happen, with no time taken:\n"
	"       writes, posts, deliveries, interrupts. In the JSON they have 0.1 microseconds.\n"
	"       'was' is the value seen last, or the one after reset. What a device did inside is\n"
	"       not in the trace: an enqueue counts as taken when ports, permissions and credits,\n"
	"       as they were written, allow it; one that does not is marked.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  done\n"
	"       1  a file cannot be read or written, or is damaged: what comes before the damage\n"
	"          was converted\n"
	"       2  an argument is not accepted\n";

/* What is asked for, and where it has got to. */
struct conversion {
	const char *file, *json_name;
	bool text;
	const char *keep; /* where a recording is to stay, or NULL */
	double seconds;   /* how long to record, 0 if that was not said */
	long only; /* a device's index, or ALL_DEVICES */
	uint64_t start_ns;
	bool matched; /* there was such a device */
	struct trace_file in;
	struct trace_json json;
	struct trace_devices devices;
	struct trace_device *current;
	struct trace_item item;
};

/* ---- The table ---- */

static void
text_item(const struct conversion *c, const struct bus_trace_record *r)
{
	int64_t ns = (int64_t)(r->ns - c->start_ns);
	char value[sizeof(c->item.arg[0].text)];

	printf("%14.9f %8" PRIu32 " %3u ", (double)ns / 1e9, r->tid, r->device);
	if (r->took != 0)
		printf("%10.3f  %s", (double)r->took / 1e3, c->item.name);
	else
		printf("%10s  %s", "", c->item.name);
	for (unsigned int i = 0; i < c->item.count; i++) {
		trace_arg_value(&c->item.arg[i], value, sizeof(value));
		printf("%s %s %s", i == 0 ? ":" : ",", c->item.arg[i].key, value);
	}
	putchar('\n');
}

/* ---- Records ---- */

static void
depth_changed(void *owner, const struct bus_trace_record *r, bool directed, unsigned int queue,
	      unsigned int depth)
{
	struct conversion *c = owner;
	char name[24];

	snprintf(name, sizeof(name), "%s queue %u", directed ? "DIR" : "LDB", queue);
	trace_json_depth(&c->json, c->current, r, name, depth);
}

static void
event_delivered(void *owner, const struct bus_trace_record *r, const struct trace_enqueue *from)
{
	struct conversion *c = owner;

	trace_json_flow(&c->json, c->current, r, from);
}

static int
device_began(struct conversion *c, const struct bus_trace_record *r)
{
	c->current = trace_device_begin(&c->devices, r, &c->in.hello);
	if (c->current == NULL) {
		complain("trace: %s: cannot keep device %u: %s", c->file, c->devices.count + 1,
			 c->devices.count == TRACE_DEVICES_MAX ? "256 are the most" : "no memory");
		return -1;
	}
	c->matched = true;
	trace_item_begin(&c->item, "begins");
	trace_item_text(&c->item, "model", "%s", c->current->label);
	if (c->json_name != NULL)
		trace_json_device(&c->json, c->current);
	if (c->text)
		text_item(c, r);
	return 0;
}

static int
convert_record(struct conversion *c, const struct bus_trace_record *r)
{
	bool json = c->json_name != NULL;
	const struct trace_sink sink = {
		.owner = c,
		.depth = json ? depth_changed : NULL,
		.flow = json ? event_delivered : NULL,
	};

	if (c->only != ALL_DEVICES && r->device != c->only)
		return 0;
	if (r->op == BUS_TRACE_DEVICE)
		return device_began(c, r);
	c->current = trace_device_of(&c->devices, r);
	if (c->current == NULL)
		return trace_file_bad(&c->in, r, "a record of a device that did not begin");
	trace_device_record(c->current, r, c->in.payload, &c->item, &sink);
	if (json)
		trace_json_item(&c->json, c->current, r, &c->item);
	if (c->text)
		text_item(c, r);
	return 0;
}

static int
convert_records(struct conversion *c)
{
	struct bus_trace_record r;
	int ret;

	if (c->text)
		printf("%14s %8s %3s %10s  %s\n", "seconds", "thread", "dev", "took us",
		       "operation");
	while ((ret = trace_file_next(&c->in, &r)) > 0) {
		if (c->start_ns == 0) {
			c->start_ns = r.ns;
			c->json.start_ns = r.ns;
		}
		if (convert_record(c, &r) < 0)
			return -1;
	}
	if (ret == 0 && !c->matched) {
		complain("trace: --device %ld: %s has no such device", c->only, c->file);
		return -1;
	}
	return ret;
}

/* Writing over the trace would lose it. */
static int
json_create(struct conversion *c)
{
	struct stat in, out;

	if (fstat(fileno(c->in.in), &in) == 0 && stat(c->json_name, &out) == 0 &&
	    in.st_dev == out.st_dev && in.st_ino == out.st_ino) {
		complain("trace: --json %s: that is the trace itself", c->json_name);
		return -1;
	}
	return trace_json_open(&c->json, c->json_name);
}

static int
convert(struct conversion *c)
{
	int ret;

	if (trace_file_open(&c->in, c->file) < 0)
		return EXIT_FAILED;
	if (c->json_name != NULL && json_create(c) < 0) {
		trace_file_close(&c->in);
		return EXIT_FAILED;
	}
	ret = convert_records(c);
	if (c->json_name != NULL && trace_json_close(&c->json) < 0)
		ret = -1;
	if (c->text && (fflush(stdout) != 0 || ferror(stdout) != 0)) {
		complain("trace: standard output cannot be written: %s", strerror(errno));
		ret = -1;
	}
	trace_devices_free(&c->devices);
	trace_file_close(&c->in);
	return ret < 0 ? EXIT_FAILED : EXIT_DONE;
}

/* ---- The command ---- */

static int
device_parse(const char *text, long *index)
{
	char *end;

	errno = 0;
	*index = strtol(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 &&
	    *index < (long)BUS_TRACE_DEVICES)
		return 0;
	complain("trace: --device %s: accepted are 0 to %u", text, BUS_TRACE_DEVICES - 1);
	return -1;
}

static int
seconds_parse(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (end != text && *end == '\0' && *seconds >= SECONDS_MIN && *seconds <= SECONDS_MAX)
		return 0;
	complain("trace: --seconds %s: accepted are %g to %d", text, SECONDS_MIN, SECONDS_MAX);
	return -1;
}

static int
arguments_check(struct conversion *c, int argc, char **argv)
{
	if (argc - optind != 1) {
		complain("trace: %d files given: accepted is 1; see slipway trace --help",
			 argc - optind);
		return -1;
	}
	c->file = argv[optind];
	if (c->text && c->json_name != NULL && strcmp(c->json_name, "-") == 0) {
		complain("trace: --json - and --text: standard output takes one of them");
		return -1;
	}
	c->text |= c->json_name == NULL && c->keep == NULL;
	return 0;
}

/* What is given is a served device: record it. The exit status. */
static int
record(struct conversion *c, const char *control)
{
	char name[32];
	int fd = trace_record(control, c->keep, c->seconds > 0 ? c->seconds : SECONDS_DEFAULT);
	int status = EXIT_DONE;

	if (fd < 0)
		return EXIT_FAILED;
	if (c->text || c->json_name != NULL) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		c->file = name;
		status = convert(c);
	}
	close(fd);
	return status;
}

/* ... or a file. */
static int
show(struct conversion *c)
{
	char control[PATH_MAX];

	if (ask_find(c->file, control, sizeof(control)))
		return record(c, control);
	if (c->keep != NULL || c->seconds > 0) {
		complain("trace: %s: no device is served there, which %s is for; slipway regs "
			 "lists those that are",
			 c->file, c->keep != NULL ? "-o" : "--seconds");
		return EXIT_FAILED;
	}
	return convert(c);
}

int
trace_command(int argc, char **argv)
{
	static const struct option options[] = {
		{"text", no_argument, NULL, 't'},
		{"json", required_argument, NULL, 'j'},
		{"device", required_argument, NULL, 'd'},
		{"output", required_argument, NULL, 'o'},
		{"seconds", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	static struct conversion c = {.only = ALL_DEVICES};
	int opt;

	while ((opt = getopt_long(argc, argv, ":ho:", options, NULL)) != -1) {
		switch (opt) {
		case 't':
			c.text = true;
			break;
		case 'j':
			c.json_name = optarg;
			break;
		case 'd':
			if (device_parse(optarg, &c.only) < 0)
				return EXIT_USAGE;
			break;
		case 'o':
			c.keep = optarg;
			break;
		case 's':
			if (seconds_parse(optarg, &c.seconds) < 0)
				return EXIT_USAGE;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_DONE;
		default:
			return refuse_option("trace", argv, opt);
		}
	}
	if (arguments_check(&c, argc, argv) < 0)
		return EXIT_USAGE;
	return show(&c);
}
