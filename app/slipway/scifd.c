/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dirs.h"
#include "scif_host.h"
#include "scif_path.h"
#include "slipway.h"

static const char help[] =
	"NAME\n"
	"       slipway scifd - serve a SCIF node\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway scifd [OPTION]...\n"
	"\n"
	"DESCRIPTION\n"
	"       Serves a node of SCIF, for programs on this machine that use libscif. It sees to\n"
	"       ports, connections and registered memory; what connected programs send to each other\n"
	"       goes from one to the other directly. There is one for each node; it ends with SIGINT\n"
	"       or SIGTERM.\n"
	"\n"
	"OPTIONS\n"
	"       --node N\n"
	"              The node, 0 to 128; $SLIPWAY_SCIF_NODE if not said, or 0.\n"
	"       --join N\n"
	"              Join a node that another slipway scifd serves on this machine, now or once it\n"
	"              is there, and again when it comes back.\n"
	"       --no-peers\n"
	"              Of node 0: nodes that join it do not reach each other.\n"
	"       --ring BYTES\n"
	"              Room for bytes that were sent and not received, of each connection and\n"
	"              direction: a power of two, 256 to 1048576; 4096 if not said.\n"
	"       --poll MS\n"
	"              Look every MS milliseconds, 1 to 1000, what other nodes have written, and ring\n"
	"              no doorbells: what a link without them takes.\n"
	"       --connect-timeout MS\n"
	"              How long scif_connect waits to be accepted; 10000 if not said.\n"
	"       --mode MODE\n"
	"              Permissions of the socket, octal: who may use the node; 0600 if not said. They\n"
	"              find it by SLIPWAY_DIR, set to a directory that they can enter.\n"
	"       --any-port\n"
	"              Ports below 1024 are for everybody, not for root only.\n"
	"       --errno doc|driver\n"
	"              Where documents and drivers of SCIF disagree about errno, follow these; doc\n"
	"              if not said.\n"
	"       --log-messages\n"
	"              Log each message of endpoints and nodes.\n"
	"       --quiet\n"
	"              Say only what is wrong, and messages if they are to be logged.\n"
	"       --help\n"
	"              This text.\n"
	"\n"
	"ENVIRONMENT\n"
	"       SLIPWAY_DIR, XDG_RUNTIME_DIR: see slipway --help. The node's socket is scif/N.sock in\n"
	"       there.\n"
	"       SLIPWAY_SCIF_NODE: the node that programs with libscif use, 0 if not set.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  ended by a signal, as asked\n"
	"       1  the node cannot be served: somebody does, or a directory refuses\n"
	"       2  an argument is not accepted\n"
	"\n"
	"EXAMPLES\n"
	"       slipway scifd &\n"
	"       slipway scifd --node 1 --join 0 &\n"
	"       SLIPWAY_SCIF_NODE=1 ./server & ./client\n";

struct scifd {
	struct scif_host_config config;
	struct scif_host_watch signals;
	int node; /* negative: what the environment says is none */
	bool ended;
};

static void
say(void *arg, const char *line)
{
	(void)arg;
	complain("scifd: %s", line);
}

/* ---- Arguments ---- */

static int
parse_number(const char *option, const char *value, int base, unsigned long least,
	     unsigned long most, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(value, &end, base);
	if (*value >= '0' && *value <= '9' && *end == '\0' && errno == 0 && *number >= least &&
	    *number <= most)
		return 0;
	complain(base == 8 ? "scifd: %s %s: accepted are %lo to %lo, octal"
			   : "scifd: %s %s: accepted are %lu to %lu",
		 option, value, least, most);
	return EXIT_USAGE;
}

static int
parse_ring(const char *value, uint32_t *size)
{
	unsigned long number;

	if (parse_number("--ring", value, 10, 256, 1048576, &number) != 0)
		return EXIT_USAGE;
	if ((number & (number - 1)) != 0) {
		complain("scifd: --ring %s: accepted are powers of two", value);
		return EXIT_USAGE;
	}
	*size = (uint32_t)number;
	return 0;
}

static int
parse_errno(const char *value, bool *driver)
{
	*driver = strcmp(value, "driver") == 0;
	if (*driver || strcmp(value, "doc") == 0)
		return 0;
	complain("scifd: --errno %s: accepted are doc and driver", value);
	return EXIT_USAGE;
}

static int
parse_option(struct scifd *d, int opt, const char *value)
{
	struct scif_engine_config *engine = &d->config.engine;
	unsigned long number = 0;
	int status = 0;

	switch (opt) {
	case 'n':
		status = parse_number("--node", value, 10, 0, SCIF_NODES_MAX - 1, &number);
		d->node = (int)number;
		break;
	case 'j':
		status = parse_number("--join", value, 10, 0, SCIF_NODES_MAX - 1, &number);
		d->config.join = (uint16_t)number;
		d->config.joins = true;
		break;
	case 'p':
		engine->no_peers = true;
		break;
	case 'r':
		return parse_ring(value, &engine->ring_size);
	case 'c':
		status = parse_number("--connect-timeout", value, 10, 1, 3600000, &number);
		engine->connect_ms = (uint32_t)number;
		break;
	case 'P':
		status = parse_number("--poll", value, 10, 1, 1000, &number);
		d->config.poll_ms = (uint32_t)number;
		break;
	case 'm':
		status = parse_number("--mode", value, 8, 0, 0777, &number);
		d->config.mode = (mode_t)number;
		break;
	case 'e':
		return parse_errno(value, &engine->driver_errno);
	case 'a':
		engine->any_may_administer = true;
		break;
	case 'l':
		engine->log_messages = true;
		break;
	case 'q':
		engine->quiet = true;
		break;
	}
	return status;
}

static int
settle_node(struct scifd *d)
{
	if (d->node < 0) {
		complain("scifd: SLIPWAY_SCIF_NODE is '%s': accepted are 0 to %u",
			 getenv("SLIPWAY_SCIF_NODE"), SCIF_NODES_MAX - 1);
		return EXIT_USAGE;
	}
	d->config.engine.node = (uint16_t)d->node;
	if (d->config.joins && d->config.join == d->config.engine.node) {
		complain("scifd: --join %u: accepted are nodes other than the one served",
			 d->config.join);
		return EXIT_USAGE;
	}
	return 0;
}

/* 0, or a status to exit with; -1 after --help. */
static int
parse_arguments(struct scifd *d, int argc, char **argv)
{
	static const struct option names[] = {
		{"node", required_argument, NULL, 'n'},
		{"join", required_argument, NULL, 'j'},
		{"no-peers", no_argument, NULL, 'p'},
		{"ring", required_argument, NULL, 'r'},
		{"connect-timeout", required_argument, NULL, 'c'},
		{"poll", required_argument, NULL, 'P'},
		{"mode", required_argument, NULL, 'm'},
		{"errno", required_argument, NULL, 'e'},
		{"any-port", no_argument, NULL, 'a'},
		{"log-messages", no_argument, NULL, 'l'},
		{"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int opt, status = 0;

	while (status == 0 && (opt = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			return -1;
		}
		status = opt == ':' || opt == '?' ? refuse_option("scifd", argv, opt)
						  : parse_option(d, opt, optarg);
	}
	if (status == 0)
		status = settle_node(d);
	if (status == 0 && optind < argc) {
		complain("scifd: '%s': there are only options; see slipway scifd --help",
			 argv[optind]);
		status = EXIT_USAGE;
	}
	return status;
}

/* ---- Life ---- */

static void
signalled(struct scif_host_watch *watch)
{
	struct scifd *d = (struct scifd *)(void *)((char *)watch - offsetof(struct scifd, signals));

	d->ended = true;
}

static int
watch_signals(struct scifd *d, struct scif_host *host)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals = (struct scif_host_watch){
		.ready = signalled,
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
	};
	return d->signals.fd < 0 ? -errno : scif_host_watch(host, &d->signals);
}

/* Whom --mode lets use the socket, but no directory above it lets get there. */
static void
look_above(const struct scifd *d, char path[SCIF_PATH_MAX])
{
	mode_t enter = ((d->config.mode & 06) != 0 ? S_IXOTH : 0) |
		       ((d->config.mode & 060) != 0 ? S_IXGRP : 0);
	struct stat st;
	char *slash;

	while ((slash = strrchr(path, '/')) != NULL && slash != path) {
		*slash = '\0';
		if (stat(path, &st) < 0 || (st.st_mode & enter) == enter)
			continue;
		complain("scifd: --mode %03o: others cannot enter %s, mode %03o; set SLIPWAY_DIR, "
			 "here and for them, to a directory that they can",
			 (unsigned int)d->config.mode, path, (unsigned int)(st.st_mode & 0777));
		return;
	}
}

static int
refused(const struct scifd *d, int ret)
{
	const char *hint = "";

	if (ret == -EACCES || ret == -EPERM || ret == -EROFS || ret == -ENOTDIR)
		hint = "; set SLIPWAY_DIR to a directory that you can write to";
	complain("scifd: node %u: %s%s", d->config.engine.node,
		 ret == -EBUSY ? "another process serves it" : strerror(-ret), hint);
	return EXIT_FAILED;
}

static int
serve(struct scifd *d)
{
	struct scif_host *host;
	char path[SCIF_PATH_MAX];
	int ret = scif_host_create(&d->config, &host);

	if (ret < 0)
		return refused(d, ret);
	ret = watch_signals(d, host);
	if (ret == 0 && scif_path(path, d->config.engine.node, "sock") == 0) {
		if (!d->config.engine.quiet)
			complain("scifd: node %u at %s", d->config.engine.node, path);
		look_above(d, path);
	}
	while (ret == 0 && !d->ended)
		scif_host_serve(host, -1);
	scif_host_destroy(host);
	return ret == 0 ? EXIT_DONE : EXIT_FAILED;
}

int
scifd_command(int argc, char **argv)
{
	struct scifd d = {.config = {.log = say}, .node = scif_path_node()};
	int status = parse_arguments(&d, argc, argv);
	struct dirs dirs;

	if (status != 0)
		return status < 0 ? EXIT_DONE : status;
	if (dirs_find(&dirs) < 0 || dirs_make(&dirs) < 0)
		return EXIT_FAILED;
	status = serve(&d);
	dirs_unmake(&dirs);
	return status;
}
