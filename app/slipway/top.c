/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway top: a device of a running program, live.
 */
#include "top.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "slipway.h"

#define INTERVAL_MIN 0.1
#define INTERVAL_MAX 3600
#define COUNT_MAX    1000000

static const char help[] =
	"NAME\n"
	"       slipway top - watch a device of a running program, a served one, or a card\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway top [--interval SECONDS] [--count COUNT] [--json] DEVICE\n"
	"\n"
	"DESCRIPTION\n"
	"       Shows, again and again, what happened since the last look: events that entered,\n"
	"       went on and left, what waits in each queue, and of each port what it takes and\n"
	"       sends, the events it holds, the credits it keeps, and how many of its polls found\n"
	"       nothing. NUMBER is the queue's or port's number in the device. Looking costs the\n"
	"       program a few reads of registers.\n"
	"\n"
	"       Of a device that slipway serve serves, the view is the device's own: events in and\n"
	"       out, what waits in each queue and is in flight from it, of each port the entries in\n"
	"       its CQ that were not taken yet, those it holds, the lines it posts, and what is\n"
	"       delivered to it; credits that are free; faults of slipway inject.\n"
	"\n"
	"       On a terminal the view is drawn anew each time, until Ctrl-C. Elsewhere views\n"
	"       follow each other.\n"
	"\n"
	"       DEVICE is one of\n"
	"       NAME                      an event device, such as event_dlb0, of any program\n"
	"       telemetry:[PREFIX][:ID]   of the program with this --file-prefix (default rte),\n"
	"                                 by event device id; its only one\n"
	"       SOCKET                    of slipway serve: a path or, without a slash, the name in\n"
	"                                 the directory of running devices\n"
	"       CARD                      of slipway card, by its name: DMA channels and doorbells\n"
	"       slipway dlb list and slipway regs show which there are.\n"
	"\n"
	"OPTIONS\n"
	"       -n, --count COUNT\n"
	"              Show so many views, 1 to 1000000, and end.\n"
	"       -d, --interval SECONDS\n"
	"              From one view to the next, 0.1 to 3600; 1 if not said.\n"
	"       --json\n"
	"              A line of JSON for each view.\n"
	"       --help\n"
	"              This text.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  ended as asked, or by Ctrl-C\n"
	"       1  there is no such device, or it went away\n"
	"       2  an argument is not accepted\n";

struct options {
	double interval;
	unsigned int count; /* 0: until told to end */
	bool json;
};

static volatile sig_atomic_t ended;

static void
end(int sig)
{
	(void)sig;
	ended = 1;
}

/* ---- Which device ---- */

struct search {
	const char *name;
	unsigned int found;
	char which[512]; /* as telemetry_open() takes it */
};

static int
search_program(int fd, const char *prefix, json_t *devices, void *ctx)
{
	struct search *search = ctx;
	const char *id;
	json_t *name;

	(void)fd;
	json_object_foreach(devices, id, name)
	{
		const char *text = json_string_value(name);

		if (text == NULL || strcmp(text, search->name) != 0)
			continue;
		search->found++;
		snprintf(search->which, sizeof(search->which), "%s:%s", prefix, id);
	}
	return 0;
}

static int
open_device(const char *target, struct telemetry_device *device)
{
	struct search search = {.name = target};

	if (strncmp(target, "telemetry:", 10) == 0)
		return telemetry_open(target + 10, device);
	telemetry_visit(search_program, &search);
	if (search.found == 1)
		return telemetry_open(search.which, device);
	if (search.found == 0)
		complain("%s: no running program of this user has such a device; see slipway dlb "
			 "list",
			 target);
	else
		complain("%s: %u running programs have such a device; name one as "
			 "telemetry:PREFIX:ID, see slipway dlb list",
			 target, search.found);
	return -ENODEV;
}

/* ---- Where views come from ---- */

/* A device of a program, or one that is served. */
struct source {
	const char *name;
	int fd; /* of the program, or -1 */
	struct telemetry_device device;
	char control[PATH_MAX]; /* of a served one */
};

static int
open_source(struct source *from)
{
	if (strncmp(from->name, "telemetry:", 10) != 0 &&
	    ask_find(from->name, from->control, sizeof(from->control))) {
		from->fd = -1;
		return 0;
	}
	from->control[0] = '\0';
	from->fd = open_device(from->name, &from->device);
	return from->fd < 0 ? from->fd : 0;
}

static bool
is_served(const struct source *from)
{
	return from->control[0] != '\0';
}

static int
take(const struct source *from, struct top_sample *sample)
{
	if (is_served(from))
		return top_served_take(from->control, sample);
	return from->device.dsa ? top_dsa_take(from->fd, &from->device, sample)
				: top_sample_take(from->fd, &from->device, sample);
}

/* ---- What is made of them ---- */

/* A kind of device: how a frame is made of two samples, and shown. */
struct view {
	json_t *(*frame)(const char *name, const struct top_sample *before,
			 const struct top_sample *now);
	void (*print)(json_t *frame, unsigned int rows);
};

static json_t *
program_frame(const char *name, const struct top_sample *before, const struct top_sample *now)
{
	(void)name;
	return top_frame(before, now);
}

static struct view
view_of(const struct source *from, const struct top_sample *sample)
{
	const char *device = json_string_value(json_object_get(sample->device, "device"));

	if (device != NULL && strcmp(device, "dsa") == 0)
		return (struct view){top_dsa_frame, top_dsa_print};
	if (device != NULL && strcmp(device, "mic") == 0)
		return (struct view){top_mic_frame, top_mic_print};
	if (is_served(from))
		return (struct view){top_served_frame, top_served_print};
	return (struct view){program_frame, top_print};
}

/* ---- Views ---- */

static unsigned int
terminal_rows(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_row;
}

static int
show(const struct source *from, const struct top_sample *before, const struct top_sample *now,
     const struct options *options)
{
	struct view view = view_of(from, now);
	json_t *frame = view.frame(from->name, before, now);

	if (frame == NULL) {
		complain("%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	if (options->json) {
		json_dumpf(frame, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		fputs(isatty(STDOUT_FILENO) ? "\033[H\033[J" : "", stdout);
		view.print(frame, terminal_rows());
		fputs(isatty(STDOUT_FILENO) ? "" : "\n", stdout);
	}
	json_decref(frame);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	complain("cannot write: %s", strerror(errno));
	return -EIO;
}

static void
rest(double seconds)
{
	struct timespec pause = {.tv_sec = (time_t)seconds};

	pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
	nanosleep(&pause, NULL);
}

static int
watch(const struct source *from, const struct options *options)
{
	struct top_sample before = {0}, now = {0};
	unsigned int shown = 0;
	int ret = take(from, &before);

	while (ret == 0 && (options->count == 0 || shown < options->count)) {
		rest(options->interval);
		if (ended)
			break;
		ret = take(from, &now);
		if (ret < 0)
			break;
		ret = show(from, &before, &now, options);
		shown++;
		top_sample_free(&before);
		before = now;
	}
	top_sample_free(&before);
	return ret;
}

/* ---- The command ---- */

static int
parse_number(const char *option, const char *value, double min, double max, double *number)
{
	char *rest_of;

	*number = strtod(value, &rest_of);
	if (rest_of != value && *rest_of == '\0' && *number >= min && *number <= max)
		return 0;
	complain("%s %s: accepted are %g to %.0f", option, value, min, max);
	return EXIT_USAGE;
}

static int
parse_count(const char *value, unsigned int *count)
{
	double number;
	int status = parse_number("--count", value, 1, COUNT_MAX, &number);

	if (status != 0)
		return status;
	*count = (unsigned int)number;
	if (*count == number)
		return 0;
	complain("--count %s: accepted are whole numbers", value);
	return EXIT_USAGE;
}

/* 0, or a status to exit with; -1 after --help. The device is at optind. */
static int
parse_arguments(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"count", required_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{"interval", required_argument, NULL, 'd'},
		{"json", no_argument, NULL, 'j'},
		{0},
	};
	int opt, status = 0;

	while (status == 0 && (opt = getopt_long(argc, argv, ":n:d:h", names, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			return -1;
		}
		if (opt == 'n')
			status = parse_count(optarg, &options->count);
		else if (opt == 'd')
			status = parse_number("--interval", optarg, INTERVAL_MIN, INTERVAL_MAX,
					      &options->interval);
		else if (opt == 'j')
			options->json = true;
		else
			status = refuse_option("top", argv, opt);
	}
	if (status == 0 && argc - optind != 1) {
		complain("top: accepted is one device; see slipway dlb list, slipway top --help");
		status = EXIT_USAGE;
	}
	return status;
}

int
top_command(int argc, char **argv)
{
	struct options options = {.interval = 1};
	const struct sigaction action = {.sa_handler = end};
	struct source from = {0};
	int ret, status = parse_arguments(&options, argc, argv);

	if (status != 0)
		return status < 0 ? EXIT_DONE : status;
	from.name = argv[optind];
	if (open_source(&from) < 0)
		return EXIT_FAILED;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	ret = watch(&from, &options);
	if (from.fd >= 0)
		close(from.fd);
	return ret < 0 && !ended ? EXIT_FAILED : EXIT_DONE;
}
