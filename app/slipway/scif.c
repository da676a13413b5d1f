/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "dirs.h"
#include "scif_path.h"
#include "scif_wire.h"
#include "slipway.h"

static const char help[] =
	"NAME\n"
	"       slipway scif - show what there is in a SCIF node\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway scif nodes|endpoints|windows|stat [OPTION]...\n"
	"\n"
	"DESCRIPTION\n"
	"       nodes      the nodes that this one knows, and connections with each\n"
	"       endpoints  endpoints of programs: who has them, their state, port and peer; bytes that\n"
	"                  came and were not received, and room for bytes to be sent\n"
	"       windows    memory that is registered: where in the endpoint's registered address\n"
	"                  space, for what, how many of its pages are mapped by peers, and how many\n"
	"                  bytes of it cannot be shared: their process copies them\n"
	"       stat       messages of each kind, connections, copies of such memory and their bytes,\n"
	"                  and what was wrong; records that the node holds now, none but clients once\n"
	"                  programs have closed what they opened, and bytes of its heap\n"
	"\n"
	"OPTIONS\n"
	"       --node N   the node, 0 to 128; $SLIPWAY_SCIF_NODE if not said, or 0\n"
	"       --json     what the node answers, as it is; with --watch, each look is a line\n"
	"       --watch S  look again every S seconds, 0.1 to 3600, until the node is gone\n"
	"       --help     this text\n"
	"\n"
	"ENVIRONMENT\n"
	"       SLIPWAY_DIR, XDG_RUNTIME_DIR: see slipway --help.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  done\n"
	"       1  nobody serves the node, it does not answer, or what it says cannot be written\n"
	"       2  an argument is not accepted\n";

static json_int_t
number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *
text(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "-";
}

/* ---- What is shown ---- */

static void
show_nodes(const json_t *answer)
{
	json_int_t self = number(answer, "self");
	json_t *node;
	size_t i;

	printf("%5s  %-8s %11s\n", "NODE", "STATE", "CONNECTIONS");
	json_array_foreach(json_object_get(answer, "nodes"), i, node)
		printf("%5" JSON_INTEGER_FORMAT "  %-8s %11" JSON_INTEGER_FORMAT "%s\n",
		       number(node, "node"),
		       json_is_true(json_object_get(node, "online")) ? "online" : "offline",
		       number(node, "connections"),
		       number(node, "node") == self ? "  this one" : "");
}

static void
show_endpoint(const json_t *ep)
{
	char peer[32] = "-", waits[32] = "-";

	if (json_object_get(ep, "peer_port") != NULL)
		snprintf(peer, sizeof(peer), "%" JSON_INTEGER_FORMAT ":%" JSON_INTEGER_FORMAT,
			 number(ep, "peer_node"), number(ep, "peer_port"));
	if (json_object_get(ep, "backlog") != NULL)
		snprintf(waits, sizeof(waits), "%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT,
			 number(ep, "pending"), number(ep, "backlog"));
	printf("%8" JSON_INTEGER_FORMAT "  %-15s %5" JSON_INTEGER_FORMAT "  %-9s %9s",
	       number(ep, "pid"), text(ep, "state"), number(ep, "port"), peer, waits);
	if (json_object_get(ep, "unread") != NULL)
		printf(" %8" JSON_INTEGER_FORMAT " %8" JSON_INTEGER_FORMAT, number(ep, "unread"),
		       number(ep, "free"));
	else
		printf(" %8s %8s", "-", "-");
	printf(" %7" JSON_INTEGER_FORMAT "\n", number(ep, "windows"));
}

/* Of more than an answer has room for, the rest is counted. */
static void
show_rest(const json_t *answer, const char *name)
{
	json_int_t all = number(answer, "count");
	json_int_t shown = (json_int_t)json_array_size(json_object_get(answer, name));

	if (all > shown)
		printf("and %" JSON_INTEGER_FORMAT " more\n", all - shown);
}

static void
show_endpoints(const json_t *answer)
{
	json_t *ep;
	size_t i;

	printf("%8s  %-15s %5s  %-9s %9s %8s %8s %7s\n", "PID", "STATE", "PORT", "PEER", "WAITING",
	       "UNREAD", "FREE", "WINDOWS");
	json_array_foreach(json_object_get(answer, "endpoints"), i, ep)
		show_endpoint(ep);
	show_rest(answer, "endpoints");
}

static void
show_windows(const json_t *answer)
{
	json_t *w;
	size_t i;

	printf("%8s %5s  %-18s %12s  %-4s %8s %6s %12s  %s\n", "PID", "PORT", "OFFSET", "BYTES",
	       "PROT", "MAPPED", "PIECES", "COPIED", "STATE");
	json_array_foreach(json_object_get(answer, "windows"), i, w)
		printf("%8" JSON_INTEGER_FORMAT " %5" JSON_INTEGER_FORMAT "  0x%016" PRIx64
		       " %12" JSON_INTEGER_FORMAT "  %-4s %8" JSON_INTEGER_FORMAT
		       " %6" JSON_INTEGER_FORMAT " %12" JSON_INTEGER_FORMAT "  %s\n",
		       number(w, "pid"), number(w, "port"), (uint64_t)number(w, "offset"),
		       number(w, "length"), text(w, "prot"), number(w, "mapped"),
		       number(w, "pieces"), number(w, "copied"), text(w, "state"));
	show_rest(answer, "windows");
}

static void
show_integers(const json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, name, value)
		if (json_is_integer(value))
			printf("%-16s %12" JSON_INTEGER_FORMAT "\n", name,
			       json_integer_value(value));
}

static void
show_stat(const json_t *answer)
{
	json_t *sent = json_object_get(answer, "sent"), *value;
	json_t *received = json_object_get(answer, "received");
	const char *name;

	printf("%-16s %12s %12s\n", "MESSAGE", "SENT", "RECEIVED");
	json_object_foreach(received, name, value)
		if (json_object_get(sent, name) == NULL)
			json_object_set_new(sent, name, json_integer(0));
	json_object_foreach(sent, name, value)
		printf("%-16s %12" JSON_INTEGER_FORMAT " %12" JSON_INTEGER_FORMAT "\n", name,
		       json_integer_value(value), number(received, name));
	printf("\n");
	show_integers(answer);
	printf("\n%-16s %12s\n", "HELD", "NOW");
	show_integers(json_object_get(answer, "held"));
}

static const struct {
	const char *name, *request;
	void (*show)(const json_t *answer);
} shows[] = {
	{"nodes", "nodes\n", show_nodes},
	{"endpoints", "endpoints\n", show_endpoints},
	{"windows", "windows\n", show_windows},
	{"stat", "stat\n", show_stat},
};

#define SHOWS (sizeof(shows) / sizeof(shows[0]))

/* ---- The command ---- */

/* What was asked for. */
struct look {
	size_t what;
	int node;
	bool as_json;
	double watch; /* seconds between two looks; 0: one is enough */
};

static int
show(const struct look *look, const json_t *answer)
{
	if (look->as_json) {
		json_dumpf(answer, stdout, look->watch > 0 ? JSON_COMPACT : JSON_INDENT(2));
		putchar('\n');
	} else {
		/* A screen shows one look, a file all of them. */
		if (look->watch > 0)
			fputs(isatty(STDOUT_FILENO) ? "\033[H\033[2J" : "\n", stdout);
		shows[look->what].show(answer);
	}
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_DONE;
	complain("scif: cannot write: %s", strerror(errno));
	return EXIT_FAILED;
}

static int
find_node(const struct look *look, char path[SCIF_PATH_MAX])
{
	struct dirs dirs;
	int ret;

	if (dirs_find(&dirs) < 0)
		return EXIT_FAILED;
	ret = scif_path(path, (unsigned int)look->node, "ctl");
	if (ret == 0)
		return EXIT_DONE;
	if (ret == -ENOENT)
		complain("scif: node %d: nobody serves it, there is no %s; see slipway scifd --help",
			 look->node, dirs.base);
	else
		complain("scif: %s is not a directory that only you can use; set SLIPWAY_DIR to "
			 "one",
			 dirs.base);
	return EXIT_FAILED;
}

static int
ask_node(const struct look *look)
{
	char path[SCIF_PATH_MAX];
	json_t *answer;
	int status = find_node(look, path), ret;

	if (status != EXIT_DONE)
		return status;
	answer = ask(path, shows[look->what].request, true, &ret);
	if (answer == NULL && (ret == -ENOENT || ret == -ECONNREFUSED))
		complain("scif: node %d: nobody serves it at %s; see slipway scifd --help",
			 look->node, path);
	else if (answer == NULL)
		complain("scif: node %d: %s: %s", look->node, path,
			 ret == -EIO ? "no answer" : strerror(-ret));
	if (answer == NULL)
		return EXIT_FAILED;
	status = show(look, answer);
	json_decref(answer);
	return status;
}

static int
ask_again_and_again(const struct look *look)
{
	struct timespec pause = {.tv_sec = (time_t)look->watch};
	int status = ask_node(look);

	pause.tv_nsec = (long)((look->watch - (double)pause.tv_sec) * 1e9);
	while (look->watch > 0 && status == EXIT_DONE) {
		nanosleep(&pause, NULL);
		status = ask_node(look);
	}
	return status;
}

static int
parse_node(const char *value, int *node)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || n < 0 || n >= (long)SCIF_NODES_MAX) {
		complain("scif: --node %s: accepted are 0 to %u", value, SCIF_NODES_MAX - 1);
		return EXIT_USAGE;
	}
	*node = (int)n;
	return 0;
}

static int
parse_watch(const char *value, double *seconds)
{
	char *end;

	*seconds = strtod(value, &end);
	/* Written so that "nan" is refused as well. */
	if (end != value && *end == '\0' && *seconds >= 0.1 && *seconds <= 3600)
		return 0;
	complain("scif: --watch %s: accepted are 0.1 to 3600 seconds", value);
	return EXIT_USAGE;
}

static int
choose(int argc, char **argv, size_t *what)
{
	if (optind + 1 == argc)
		for (*what = 0; *what < SHOWS; (*what)++)
			if (strcmp(argv[optind], shows[*what].name) == 0)
				return 0;
	complain("scif: '%s': accepted is one of nodes, endpoints, windows and stat; "
		 "see slipway scif --help",
		 optind < argc ? argv[argc - 1] : "");
	return EXIT_USAGE;
}

/* 0, or a status to exit with; -1 after --help. */
static int
parse_options(struct look *look, int argc, char **argv)
{
	static const struct option names[] = {
		{"node", required_argument, NULL, 'n'},
		{"json", no_argument, NULL, 'j'},
		{"watch", required_argument, NULL, 'w'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int opt, status = 0;

	while (status == 0 && (opt = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			return -1;
		}
		if (opt == 'n')
			status = parse_node(optarg, &look->node);
		else if (opt == 'w')
			status = parse_watch(optarg, &look->watch);
		else if (opt == 'j')
			look->as_json = true;
		else
			status = refuse_option("scif", argv, opt);
	}
	return status;
}

int
scif_command(int argc, char **argv)
{
	struct look look = {.node = scif_path_node()};
	int status = parse_options(&look, argc, argv);

	if (status < 0)
		return EXIT_DONE;
	if (status == 0 && look.node < 0) {
		complain("scif: SLIPWAY_SCIF_NODE is '%s': accepted are 0 to %u",
			 getenv("SLIPWAY_SCIF_NODE"), SCIF_NODES_MAX - 1);
		status = EXIT_USAGE;
	}
	if (status == 0)
		status = choose(argc, argv, &look.what);
	return status != 0 ? status : ask_again_and_again(&look);
}
