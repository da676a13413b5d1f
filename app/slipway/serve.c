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
#define SERVE_THREADS   16
/* 33 sockets with 70 each, and some more. */
#define DESCRIPTORS 4096

static const char help[] =
	"NAME\n"
	"       slipway serve - offer a modelled device at a socket\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway serve dlb SOCKET [--version 2.0|2.5] [--no-share] [--spin MICROSECONDS]\n"
	"                     [--domains N] [--domain K:KEY=VALUE,...] [--ordered M]\n"
	"                     [--mode OCTAL] [--trace FILE] [--stats] [--quiet]\n"
	"       slipway serve dsa SOCKET [--version 1.0|2.0] [--wqs N] [--threads N]\n"
	"                     [--wq K:KEY=VALUE,...]... [--gather]\n"
	"                     [--mode OCTAL] [--trace FILE] [--stats] [--quiet]\n"
	"       slipway serve mic SOCKET [--memory MIB] [--era a|c|d] [--time-scale N]\n"
	"                     [--revision A0|B0|B1|C0] [--mode OCTAL] [--stats] [--quiet]\n"
	"\n"
	"DESCRIPTION\n"
	"       Makes a DLB, a DSA or a MIC and offers it at SOCKET by the vfio-user protocol, to\n"
	"       one client at a time: a DPDK program (--vdev=event_dlb0,at=vfu:SOCKET, and likewise\n"
	"       dma_dsa0 and raw_mic0), a stock program under slipway run --at SOCKET, a\n"
	"       guest of QEMU. When a client goes, or is killed, the device is reset, and the next\n"
	"       one may come. The device works in this process and in one thread, which sleeps\n"
	"       when there is nothing to do.\n"
	"\n"
	"       A SOCKET without a slash lies in the directory of running devices. Beside it is\n"
	"       SOCKET.ctl, which slipway regs, top, trace and inject ask, several at once. Who may\n"
	"       connect is a matter of the permissions of both and of their directory.\n"
	"\n"
	"       Ends by SIGINT, SIGTERM or SIGHUP: the client is let go and the sockets are\n"
	"       removed.\n"
	"\n"
	"OPTIONS\n"
	"       --version V\n"
	"              Version of the device: 2.0 or 2.5 of a DLB, 2.5 if not said; 1.0 or 2.0 of a\n"
	"              DSA, 1.0 if not said.\n"
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
	"       --wqs N\n"
	"              Work queues that a DSA has, 1 to 64; 8 if not said.\n"
	"       --wq K:KEY=VALUE,...\n"
	"              Set up work queue K, counted from 0, and offer its portal at SOCKET.wqK;\n"
	"              once for each of them, and then there is no socket of the device as a\n"
	"              whole. KEYs are mode (shared or dedicated), size, threshold, priority,\n"
	"              group, max_transfer and max_batch; what is not said is shared, an even\n"
	"              part of the entries, a threshold of all of them, 1, 0, and what the device\n"
	"              can do. Many clients share a shared one, each with memory and a PASID of\n"
	"              its own; a dedicated one has one client at a time. When one goes, what it\n"
	"              still had in the queue is aborted, and the others do not notice.\n"
	"       --threads N\n"
	"              Threads that do the work of a DSA, beside the one that sees to messages,\n"
	"              0 to 16; 0 if not said: that one does both.\n"
	"       --gather\n"
	"              Take what a DSA as a whole gets in eight stores of 8 bytes, upwards, for\n"
	"              one descriptor: for guests whose CPU has no store of 64 bytes. As a rule\n"
	"              a portal takes 64 bytes at once, or nothing.\n"
	"       --memory MIB, --era a|c|d, --time-scale N, --revision A0|B0|B1|C0\n"
	"              What card a MIC is: its memory, a power of two from 32 to 16384, 256 if not\n"
	"              said; what protocol its card OS speaks, a; how many times faster than the\n"
	"              silicon's its waits are, 10; its stepping, C0. It is a whole virtual card,\n"
	"              whose card OS prints here; slipway card has cards with names.\n"
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
	"       slipway top dlb0\n"
	"       slipway serve dsa dsa0 --wq 0:mode=shared,size=64,threshold=48 --threads 1 &\n"
	"       slipway dsa test dsa0.wq0\n";

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
parse_option(struct serve_options *options, int opt, const char *value)
{
	unsigned long number = 0;
	int status = 0;

	switch (opt) {
	case 'v':
		options->version_text = value;
		break;
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
	case 'w':
		status = parse_number("--wqs", value, 10, DSA_PLAN_WQS, "1 to 64", &number);
		options->wqs = (unsigned int)number;
		if (status == 0 && number == 0) {
			complain("serve: --wqs 0: accepted are 1 to 64");
			status = EXIT_USAGE;
		}
		return status;
	case 'W':
		return dsa_plan_say(&options->plan, value) < 0 ? EXIT_USAGE : 0;
	case 'T':
		status = parse_number("--threads", value, 10, SERVE_THREADS, "0 to 16", &number);
		options->threads = (unsigned int)number;
		return status;
	case 'g':
		options->gather = true;
		break;
	case 'M':
		return serve_mic_set_memory(&options->mic, value) < 0 ? EXIT_USAGE : 0;
	case 'E':
		return serve_mic_set_era(&options->mic, value) < 0 ? EXIT_USAGE : 0;
	case 'X':
		return serve_mic_set_scale(&options->mic, value) < 0 ? EXIT_USAGE : 0;
	case 'R':
		return serve_mic_set_revision(&options->mic, value) < 0 ? EXIT_USAGE : 0;
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
	/* .ctl and .d31 are no longer. */
	if (n + sizeof(".wq63") <= sizeof(options->path))
		return 0;
	complain("serve: %s: a path of at most %zu characters is accepted", given,
		 sizeof(options->path) - sizeof(".wq63"));
	return -ENAMETOOLONG;
}

/* ---- Kinds ---- */

static const struct serve_kind *const kinds[] = {&serve_dlb, &serve_dsa, &serve_mic};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct option names[] = {
	{"version", required_argument, NULL, 'v'},
	{"mode", required_argument, NULL, 'm'},
	{"no-share", no_argument, NULL, 'n'},
	{"spin", required_argument, NULL, 's'},
	{"trace", required_argument, NULL, 't'},
	{"domains", required_argument, NULL, 'd'},
	{"domain", required_argument, NULL, 'D'},
	{"ordered", required_argument, NULL, 'o'},
	{"wqs", required_argument, NULL, 'w'},
	{"wq", required_argument, NULL, 'W'},
	{"threads", required_argument, NULL, 'T'},
	{"gather", no_argument, NULL, 'g'},
	{"memory", required_argument, NULL, 'M'},
	{"era", required_argument, NULL, 'E'},
	{"time-scale", required_argument, NULL, 'X'},
	{"revision", required_argument, NULL, 'R'},
	{"stats", no_argument, NULL, 'S'},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int
choose_kind(struct serve *s, const char *name)
{
	struct serve_options *options = &s->options;

	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(name, kinds[i]->model) == 0)
			s->kind = kinds[i];
	if (s->kind == NULL) {
		complain("serve: '%s': there are only the models " MODEL_NAMES_ALL, name);
		return -EINVAL;
	}
	options->model = model_find(name);
	options->version = (int)options->model->standard;
	if (options->version_text != NULL)
		options->version = model_version(options->model, options->version_text);
	if (options->version < 0 && options->model->version[1].name == NULL)
		complain("serve: --version %s: accepted is %s", options->version_text,
			 options->model->version[0].name);
	else if (options->version < 0)
		complain("serve: --version %s: accepted are %s and %s", options->version_text,
			 options->model->version[0].name, options->model->version[1].name);
	return options->version;
}

/* Those that were given and are of another kind of device. */
static int
check_options(const struct serve *s, const char *given)
{
	const struct option *o;

	for (size_t i = 0; i < KINDS; i++)
		for (const char *g = given; kinds[i] != s->kind && *g != '\0'; g++) {
			if (strchr(kinds[i]->options, *g) == NULL)
				continue;
			for (o = names; o->val != *g;)
				o++;
			complain("serve: --%s: accepted with %s only", o->name, kinds[i]->model);
			return -EINVAL;
		}
	return s->kind->check(&s->options);
}

/* 0, or a status to exit with; -1 after --help. Model and socket are at optind. */
static int
parse_arguments(struct serve *s, int argc, char **argv)
{
	char given[64] = "";
	size_t n = 0;
	int opt, status = 0;

	while (status == 0 && (opt = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			return -1;
		}
		status = opt == ':' || opt == '?' ? refuse_option("serve", argv, opt)
						  : parse_option(&s->options, opt, optarg);
		if (status == 0 && strchr(given, opt) == NULL && n + 1 < sizeof(given))
			given[n++] = (char)opt;
	}
	if (status != 0)
		return status;
	if (argc - optind != 2) {
		complain("serve: accepted are a model and a socket, as in slipway serve dlb dlb0; "
			 "see slipway serve --help");
		return EXIT_USAGE;
	}
	if (choose_kind(s, argv[optind]) < 0 || check_options(s, given) < 0)
		return EXIT_USAGE;
	if (argv[optind + 1][0] == '\0') {
		complain("serve: the socket has no name");
		return EXIT_USAGE;
	}
	return 0;
}

/* ---- Life ---- */

/* The one device of this program: its signal handler knows of nothing else. */
static struct serve served = {
	.options = {.mode = MODE_DEFAULT, .share = true, .spin_us = SPIN_US_DEFAULT},
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
		s->kind->announce(s);
		sig = serve_loop(s);
		serve_say(s, "%s: ends by SIG%s", s->options.path, sigabbrev_np(sig));
		status = EXIT_DONE;
	}
	serve_ctl_close(s);
	if (s->options.stats && status == EXIT_DONE)
		s->kind->stats_print(s);
	serve_device_close(s);
	close(s->signal_fd);
	return status;
}

int
serve_until_signal(const struct serve_options *options, const struct serve_kind *kind)
{
	served.options = *options;
	served.kind = kind;
	served.options.model = model_find(kind->model);
	return serve_device(&served);
}

int
serve_command(int argc, char **argv)
{
	struct serve *s = &served;
	int status;

	serve_split_init(&s->options.split);
	serve_mic_defaults(&s->options.mic);
	dsa_plan_init(&s->options.plan, "serve");
	status = parse_arguments(s, argc, argv);
	if (status != 0)
		return status < 0 ? EXIT_DONE : status;
	status = EXIT_FAILED;
	if (find_path(&s->options, argv[optind + 1]) == 0)
		status = serve_device(s);
	dirs_unmake(&s->options.dirs);
	return status;
}
