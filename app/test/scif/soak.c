/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "soak.h"
#include "test.h"

static const char help[] =
	"NAME\n"
	"       slipway-soak-scif - random SCIF programs, some of which are killed\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway-soak-scif [OPTION]...\n"
	"\n"
	"DESCRIPTION\n"
	"       Starts two nodes that are joined, and processes on them that connect to each other,\n"
	"       send and receive, register and unregister, copy, map, wait for fences, fork and\n"
	"       close, all at random. One of them is killed with SIGKILL now and then, and sometimes\n"
	"       a node, which is then started again. Every byte is compared; calls may fail only\n"
	"       with the errnos that are documented, and only once the other side is gone; nothing\n"
	"       may hang; and what was somebody's who died is freed.\n"
	"\n"
	"OPTIONS\n"
	"       --seconds N     how long; 20 if not said\n"
	"       --seed N        what is drawn; of the clock if not said\n"
	"       --workers N     processes at a time, 2 to 16; 6 if not said\n"
	"       --kill-every S  seconds between two that are killed; 1 if not said, 0 for none\n"
	"       --node-every N  of so many, one is a node; 8 if not said, 0 for none\n"
	"       --deadline S    what no call may take; 60 if not said\n"
	"       --hold          after a failure leave all processes as they are, for a debugger,\n"
	"                       until interrupted\n"
	"       --help          this text\n"
	"\n"
	"EXIT STATUS\n"
	"       0  all was as it should be\n"
	"       1  something was not: what, is said, with the seed\n"
	"       2  an argument is not accepted, or no node can be started\n";

#define TICK_MS 20
/* Of the time, one part is for each of the last rounds; more than so many seconds add nothing. */
#define PARTS  5
#define LAST_S 10
#define ROUNDS 3
/* What threads keep of what they freed would be counted as allocated. */
#define TUNABLES "glibc.malloc.tcache_count=0"

static struct {
	unsigned int seconds, kill_every_ms, node_every, workers;
	bool hold;
} option = {.seconds = 20, .kill_every_ms = 1000, .node_every = 8, .workers = 6};

static volatile sig_atomic_t interrupted;

/* ---- Rounds ---- */

static bool
is_over(void)
{
	return atomic_load(&soak->failed) != 0 || interrupted != 0;
}

/* Everybody ends, and nothing is left. */
static bool
end_round(void)
{
	uint64_t end = now_ns() + 3 * soak->deadline_ns;
	bool grown = false;

	atomic_store(&soak->ending, 1);
	while (soak_workers_left() && !is_over()) {
		soak_look();
		pause_ms(TICK_MS);
		if (now_ns() > end)
			soak_failed("workers do not end");
	}
	if (!is_over())
		grown = soak_check_nodes();
	atomic_store(&soak->ending, 0);
	return grown;
}

static void
round_run(uint64_t began, uint64_t ns, uint64_t kill_every)
{
	uint64_t end = now_ns() + ns, say = now_ns();
	uint64_t kill_at = kill_every > 0 ? now_ns() + kill_every : UINT64_MAX;
	bool terminal = isatty(STDOUT_FILENO);

	for (unsigned int i = 0; i < soak->workers; i++)
		soak_worker_start(i);
	while (now_ns() < end && !is_over()) {
		soak_look();
		pause_ms(TICK_MS);
		if (now_ns() >= kill_at && !is_over()) {
			soak_kill_somebody(option.node_every);
			kill_at = now_ns() + kill_every / 2 + soak_pick(kill_every + 1);
		}
		if (now_ns() >= say + (terminal ? 1 : 10) * UINT64_C(1000000000)) {
			say = now_ns();
			soak_say_progress(began);
		}
	}
	soak_say_progress(began);
}

/* The last rounds show what each connection leaves behind, however little. A table grows once, or
 * twice; what grows in each of them is no table.
 */
static void
run(void)
{
	uint64_t began = now_ns(), all = option.seconds * UINT64_C(1000000000);
	uint64_t last = all / PARTS < LAST_S * UINT64_C(1000000000)
				? all / PARTS
				: LAST_S * UINT64_C(1000000000);

	round_run(began, all - last, option.kill_every_ms * UINT64_C(1000000));
	if (!is_over())
		end_round();
	atomic_store(&soak->counting, 1);
	for (int i = 0; i < ROUNDS; i++) {
		if (is_over())
			return;
		round_run(began, last, 0);
		if (is_over() || !end_round())
			return;
	}
	soak_failed("the heap of a node has grown in each of %d rounds", ROUNDS);
}

/* ---- The program ---- */

static void
signalled(int sig)
{
	(void)sig;
	interrupted = 1;
}

static void
hung(int sig)
{
	static const char text[] = "slipway-soak-scif: a node does not start, end, or answer\n";

	(void)sig;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

static int
parse_number(const char *name, const char *value, double least, double most, double *number)
{
	char *end;

	*number = strtod(value, &end);
	if (*value != '\0' && *end == '\0' && *number >= least && *number <= most)
		return 0;
	fprintf(stderr, "slipway-soak-scif: --%s %s: accepted are %.0f to %.0f\n", name, value,
		least, most);
	return -1;
}

static int
parse_option(int opt, const char *value)
{
	double number = 0;
	int ret = 0;

	switch (opt) {
	case 's':
		ret = parse_number("seconds", value, 1, 86400, &number);
		option.seconds = (unsigned int)number;
		break;
	case 'r':
		ret = parse_number("seed", value, 0, 9007199254740992.0, &number);
		soak->seed = (uint64_t)number;
		break;
	case 'w':
		ret = parse_number("workers", value, 2, SOAK_WORKERS, &number);
		option.workers = (unsigned int)number;
		break;
	case 'k':
		ret = parse_number("kill-every", value, 0, 3600, &number);
		option.kill_every_ms = (unsigned int)(number * 1000);
		break;
	case 'n':
		ret = parse_number("node-every", value, 0, 1000000, &number);
		option.node_every = (unsigned int)number;
		break;
	case 'd':
		ret = parse_number("deadline", value, 5, 3600, &number);
		soak->deadline_ns = (uint64_t)number * 1000000000u;
		break;
	case 'o':
		option.hold = true;
		break;
	default:
		ret = -1;
	}
	return ret;
}

/* 0; 1 after --help; -1. */
static int
parse(int argc, char **argv)
{
	static const struct option names[] = {
		{"seconds", required_argument, NULL, 's'},
		{"seed", required_argument, NULL, 'r'},
		{"workers", required_argument, NULL, 'w'},
		{"kill-every", required_argument, NULL, 'k'},
		{"node-every", required_argument, NULL, 'n'},
		{"deadline", required_argument, NULL, 'd'},
		{"hold", no_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			return 1;
		}
		if (parse_option(opt, optarg) < 0)
			return -1;
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "slipway-soak-scif: '%s': there are only options; see --help\n",
		argv[optind]);
	return -1;
}

static int
set_up(void)
{
	char self[PATH_MAX] = "";

	soak->workers = option.workers;
	soak_self.random = soak_mix(soak->seed);
	setting = NODES;
	signal(SIGALRM, hung);
	signal(SIGINT, signalled);
	signal(SIGTERM, signalled);
	/* Children of who is killed come here. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 ||
	    nodes_begin(dirname(self)) < 0) {
		fprintf(stderr, "slipway-soak-scif: slipway scifd serves no node\n");
		return -1;
	}
	for (unsigned int i = 0; i < SOAK_NODES; i++) {
		atomic_fetch_add(&soak->turns[i], 1);
		node_signal(i, SIGKILL);
		if (soak_node_start(i) < 0)
			return -1;
	}
	soak_check_begin();
	return 0;
}

/* The C library reads this when a program begins. */
static void
count_heap(char **argv)
{
	if (getenv("GLIBC_TUNABLES") != NULL)
		return;
	setenv("GLIBC_TUNABLES", TUNABLES, 1);
	execv("/proc/self/exe", argv);
}

/* Has anything failed? */
static bool
say_failure(void)
{
	while (atomic_load(&soak->failed) == 1)
		pause_ms(1);
	if (atomic_load(&soak->failed) == 0)
		return false;
	printf("\nFAILED, seed %" PRIu64 ": %s\n", soak->seed, soak->failure);
	fflush(stdout);
	alarm(0);
	while (option.hold && interrupted == 0)
		pause_ms(100);
	return true;
}

int
main(int argc, char **argv)
{
	bool failed;
	int status;

	count_heap(argv);
	if (soak_board_make() < 0) {
		fprintf(stderr, "slipway-soak-scif: no memory\n");
		return 2;
	}
	soak->seed = (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32;
	soak->seed &= (UINT64_C(1) << 53) - 1;
	soak->deadline_ns = 60 * UINT64_C(1000000000);
	status = parse(argc, argv);
	if (status != 0)
		return status > 0 ? 0 : 2;
	printf("slipway-soak-scif --seconds %u --seed %" PRIu64 " --workers %u\n", option.seconds,
	       soak->seed, option.workers);
	fflush(stdout);
	if (set_up() < 0) {
		nodes_end();
		return 2;
	}
	run();
	soak_say_summary();
	failed = say_failure();
	/* Those who are left miss who is killed before them: that counts no more. */
	soak_end_all();
	if (failed)
		return 1;
	printf("\nall as it should be\n");
	return 0;
}
