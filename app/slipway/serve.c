/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway serve: a modelled device at a socket, for QEMU, DPDK programs and the shim.
 */
#include "serve.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "slipway.h"

#define SPIN_US_DEFAULT 50
#define SPIN_US_MAX     100000
#define MODE_DEFAULT    0600
/* 33 sockets with 70 each, and some more. */
#define DESCRIPTORS 4096

static const char help[] =
	"NAME\n"
	"       slipway serve - offer a modelled device at a socket\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway serve dlb SOCKET [--version 2.0|2.5] [--mode OCTAL] [--no-share]\n"
	"                     [--domains N] [--domain K:KEY=VALUE,...] [--ordered M]\n"
	"                     [--spin MICROSECONDS] [--trace FILE] [--stats] [--quiet]\n"
	"\n"
	"DESCRIPTION\n"
	"       Makes a DLB and offers it at SOCKET by the vfio-user protocol, to one client at a\n"
	"       time: a DPDK program (--vdev=event_dlb0,at=vfu:SOCKET), a stock program under\n"
	"       slipway run --at SOCKET, a guest of QEMU. When a client goes, or is killed, the\n"
	"       device is reset, and the next one may come. The device works in this process and\n"
	"       in one thread, which sleeps when there is nothing to do.\n"
	"\n"
	"       A SOCKET without a slash lies in the directory of running devices. Beside it is\n"
	"       SOCKET.ctl, which slipway regs, top, trace and inject ask, several at once. Who may\n"
	"       connect is a matter of the permissions of both and of their directory.\n"
	"\n"
	"       Ends by SIGINT, SIGTERM or SIGHUP: the client is let go and the sockets are\n"
	"       removed.\n"
	"\n"
	"OPTIONS\n"
	"       --version 2.0|2.5\n"
	"              Version of the device; 2.5 if not said.\n"
	"       --mode OCTAL\n"
	"              Permissions of the sockets, 0 to 0777; 0600, the owner only, if not said.\n"
	"       --domains N\n"
	"              Split the device among N clients, 1 to 32, at SOCKET.d0, SOCKET.d1 and so\n"
	"              on. Each has a scheduling domain of its own, and cannot see, change or stop\n"
	"              what others have; when it goes, its domain is reset while they run. Every\n"
	"              domain gets an even part of the device. Without --trace.\n"
	"       --domain K:KEY=VALUE,...\n"
	"              Give domain K, counted from 0, so much: ldb_queues, ldb_ports, cos=A:B:C:D,\n"
	"              dir_ports, credits, dir_credits, history, atomic, as event_dlb accepts\n"
	"              them. What is not said is an even part of what the others left.\n"
	"       --ordered M\n"
	"              How many queues of each domain can order events, 1 to 32 in all of them\n"
	"              together; 4 if not said, or as many as there are. The more, the fewer\n"
	"              events of each can be under way.\n"
	"       --no-share\n"
	"              Give clients no memory of the device: each post is a message.\n"
	"       --spin MICROSECONDS\n"
	"              Look for posts in shared memory so long after the last one before\n"
	"              sleeping, 0 to 100000; 50 if not said.\n"
	"       --trace FILE\n"
	"              Write every access to the device, and of it, to FILE, for slipway trace.\n"
	"       --stats\n"
	"              When it ends, print what there was.\n"
	"       --quiet\n"
	"              Say only what is wrong.\n"
	"       --help\n"
	"              This text.\n"
	"\n"
	"ENVIRONMENT\n"
	"       SLIPWAY_DIR, XDG_RUNTIME_DIR: see slipway --help.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  ended by a signal, as asked\n"
	"       1  the device cannot be served: somebody serves there, or a file or directory\n"
	"          refuses\n"
	"       2  an argument is not accepted\n"
	"\n"
	"EXAMPLES\n"
	"       slipway serve dlb dlb0 &\n"
	"       slipway top dlb0\n";

void
serve_say(const struct serve *s, const char *format, ...)
{
	va_list args;

	if (s->options.quiet)
		return;
	fputs("slipway: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* ---- Arguments ---- */

static int
parse_number(const char *option, const char *value, int base, unsigned long max,
	     const char *accepted, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(value, &end, base);
	if (*value >= '0' && *value <= '9' && *end == '\0' && errno == 0 && *number <= max)
		return 0;
	complain("serve: %s %s: accepted are %s", option, value, accepted);
	return EXIT_USAGE;
}

static int
parse_version(const char *value, enum dlb_version *version)
{
	if (strcmp(value, "2.5") == 0)
		*version = DLB_V25;
	else if (strcmp(value, "2.0") == 0)
		*version = DLB_V20;
	else
		return complain("serve: --version %s: accepted are 2.0 and 2.5", value), EXIT_USAGE;
	return 0;
}

static int
parse_option(struct serve_options *options, int opt, const char *value)
{
	unsigned long number = 0;
	int status = 0;

	switch (opt) {
	case 'v':
		return parse_version(value, &options->version);
	case 'm':
		status = parse_number("--mode", value, 8, 0777, "0 to 0777, octal", &number);
		options->mode = (mode_t)number;
		return status;
	case 's':
		status = parse_number("--spin", value, 10, SPIN_US_MAX, "0 to 100000", &number);
		options->spin_us = (unsigned int)number;
		return status;
	case 'd':
		return serve_split_domains(&options->split, value) < 0 ? EXIT_USAGE : 0;
	case 'D':
		return serve_split_domain(&options->split, value) < 0 ? EXIT_USAGE : 0;
	case 'o':
		return serve_split_ordered(&options->split, value) < 0 ? EXIT_USAGE : 0;
	case 'n':
		options->share = false;
		break;
	case 't':
		options->trace = value;
		break;
	case 'S':
		options->stats = true;
		break;
	case 'q':
		options->quiet = true;
		break;
	}
	return 0;
}

/* Where the socket is: as said, or in the directory of running devices, which is made. */
static int
find_path(struct serve_options *options, const char *given)
{
	struct dirs *dirs = &options->dirs;
	int n, ret;

	if (strchr(given, '/') != NULL) {
		n = snprintf(options->path, sizeof(options->path), "%s", given);
	} else {
		ret = dirs_find(dirs);
		if (ret == 0)
			ret = dirs_make(dirs);
		if (ret < 0)
			return ret;
		n = snprintf(options->path, sizeof(options->path), "%s/%s", dirs->base, given);
	}
	/* .d31 is no longer. */
	if (n + sizeof(".ctl") <= sizeof(options->path))
		return 0;
	complain("serve: %s: a path of at most %zu characters is accepted", given,
		 sizeof(options->path) - sizeof(".ctl"));
	return -ENAMETOOLONG;
}

/* Lines that clients put into rings of their own pass no recorder. */
static int
check_split(const struct serve_options *options)
{
	if (options->split.domains != 0 && options->trace != NULL) {
		complain("serve: --trace %s: accepted without --domains", options->trace);
		return -EINVAL;
	}
	return serve_split_check(&options->split);
}

/* 0, or a status to exit with; -1 after --help. Model and socket are at optind. */
static int
parse_arguments(struct serve_options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"version", required_argument, NULL, 'v'},
		{"mode", required_argument, NULL, 'm'},
		{"no-share", no_argument, NULL, 'n'},
		{"spin", required_argument, NULL, 's'},
		{"trace", required_argument, NULL, 't'},
		{"domains", required_argument, NULL, 'd'},
		{"domain", required_argument, NULL, 'D'},
		{"ordered", required_argument, NULL, 'o'},
		{"stats", no_argument, NULL, 'S'},
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
		status = opt == ':' || opt == '?' ? refuse_option("serve", argv, opt)
						  : parse_option(options, opt, optarg);
	}
	if (status != 0 || check_split(options) < 0)
		return status != 0 ? status : EXIT_USAGE;
	if (argc - optind != 2) {
		complain("serve: accepted are a model and a socket, as in slipway serve dlb dlb0; "
			 "see slipway serve --help");
		return EXIT_USAGE;
	}
	if (strcmp(argv[optind], "dlb") != 0) {
		complain("serve: '%s': there is only the model dlb", argv[optind]);
		return EXIT_USAGE;
	}
	if (argv[optind + 1][0] == '\0') {
		complain("serve: the socket has no name");
		return EXIT_USAGE;
	}
	return 0;
}

/* ---- Life ---- */

/* The one device of this program: its signal handler knows of nothing else. */
static struct serve served = {
	.options = {.version = DLB_V25,
		    .mode = MODE_DEFAULT,
		    .share = true,
		    .spin_us = SPIN_US_DEFAULT},
	.rings.fd = -1,
	.gate.trace_fd = -1,
	.ctl_fd = -1,
};

/* A client may cut short a file whose memory the device works on; what is missing reads as zeros
 * then. Any other such signal is a fault of ours, and ends us.
 */
static void
bus_error(int sig, siginfo_t *info, void *context)
{
	(void)context;
	for (unsigned int i = 0; i < served.sockets; i++)
		if (served.socket[i].server != NULL &&
		    vfu_server_repair(served.socket[i].server, info->si_addr))
			return;
	signal(sig, SIG_DFL);
}

static void
tick(int sig)
{
	(void)sig;
}

/* They are taken in the loop; until then they wait. A file that may not grow is no reason to end.
 */
static int
signals_open(void)
{
	const struct sigaction bus = {.sa_sigaction = bus_error, .sa_flags = SA_SIGINFO};
	/* Ends system calls that wait; so nothing that would start them again. */
	const struct sigaction timer = {.sa_handler = tick};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGALRM, &timer, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Each client hands over an eventfd for every vector: 32 of them have twice as many as is usual. */
static void
descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void
announce(const struct serve *s)
{
	unsigned int domains = s->options.split.domains;

	if (domains != 0)
		serve_say(s, "serving DLB %s in %u domains; connect with "
			     "--vdev=event_dlb0,at=vfu:%s.d0%s",
			  ctl_version_name(s->options.version), domains, s->options.path,
			  domains > 1 ? ", .d1 and so on" : "");
	else
		serve_say(s, "serving DLB %s at %s; connect with --vdev=event_dlb0,at=vfu:%s",
		  ctl_version_name(s->options.version), s->options.path, s->options.path);
}

static int
serve_device(struct serve *s)
{
	int sig, status = EXIT_FAILED;

	descriptors_raise();
	s->signal_fd = signals_open();
	s->began = ctl_now_ms();
	if (s->signal_fd < 0 || serve_device_open(s) < 0)
		return EXIT_FAILED;
	if (serve_ctl_open(s) == 0) {
		announce(s);
		sig = serve_loop(s);
		serve_say(s, "%s: ends by SIG%s", s->options.path, sigabbrev_np(sig));
		status = EXIT_DONE;
	}
	serve_ctl_close(s);
	if (s->options.stats && status == EXIT_DONE)
		serve_stats_print(s);
	serve_device_close(s);
	close(s->signal_fd);
	return status;
}

int
serve_command(int argc, char **argv)
{
	struct serve *s = &served;
	int status;

	serve_split_init(&s->options.split);
	status = parse_arguments(&s->options, argc, argv);

	if (status != 0)
		return status < 0 ? EXIT_DONE : status;
	status = EXIT_FAILED;
	if (find_path(&s->options, argv[optind + 1]) == 0)
		status = serve_device(s);
	dirs_unmake(&s->options.dirs);
	return status;
}
