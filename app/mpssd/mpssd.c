/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway-mpssd: holds cards that no application holds. `slipway mpssd` and `slipway card` run it.
 */
#include "mpssd.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_log.h>

#include "ctl_lock.h"

#define EXIT_USAGE 2
#define EXIT_TAKEN 3

/* With no card for so long, one that was started for a card ends. */
#define LINGER_MS 5000
/* In MiB: rings and pages of its cards; what is not touched takes no memory. */
#define MEMORY "64"
#define PATH   128

struct mpssd {
	const char *directory;
	bool on_demand;
	char control[PATH], lock[PATH];
	int lock_fd, listen_fd, signal_fd;
	struct ctl_clients clients;
	struct ctl_service service;
	struct keeper keeper;
};

/* ---- Its log ---- */

void
mpssd_say(const char *format, ...)
{
	char line[512], when[32];
	time_t now = time(NULL);
	struct tm tm;
	va_list args;

	strftime(when, sizeof(when), "%F %T", localtime_r(&now, &tm));
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* At once: threads do not mix their lines. */
	fprintf(stderr, "%s mpssd: %s\n", when, line);
}

/* ---- EAL ---- */

/* One lcore, on any CPU that we may use: nobody polls here. */
static void
lcore_text(char *buf, size_t len)
{
	size_t at = (size_t)snprintf(buf, len, "0@(");
	const char *comma = "";
	cpu_set_t set;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE && at + 16 < len; cpu++)
		if (CPU_ISSET(cpu, &set)) {
			at += (size_t)snprintf(buf + at, len - at, "%s%u", comma, cpu);
			comma = ",";
		}
	snprintf(buf + at, len - at, ")");
}

static int
eal_start(void)
{
	char lcores[1024], prefix[32];
	char *const arguments[] = {
		"slipway-mpssd",  "--no-huge",       "-m",
		MEMORY,           "--no-pci",        "--no-shconf",
		"--no-telemetry", "--iova-mode=va",  "--lcores",
		lcores,           "--file-prefix",   prefix,
		"--log-level",    "lib.eal:warning",
	};
	char *argv[RTE_DIM(arguments) + 1];

	lcore_text(lcores, sizeof(lcores));
	snprintf(prefix, sizeof(prefix), "slipway-mpssd-%d", (int)getpid());
	memcpy(argv, arguments, sizeof(arguments));
	argv[RTE_DIM(arguments)] = NULL;
	rte_openlog_stream(stderr);
	return rte_eal_init(RTE_DIM(arguments), argv);
}

static void
eal_end(void)
{
	char directory[PATH_MAX];

	snprintf(directory, sizeof(directory), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	/* It made that for itself, and leaves it. */
	rmdir(directory);
}

/* ---- The loop ---- */

/* ms to wait at most, -1 for ever: from when there was no card; 0 while there is one. */
static int
patience(const struct mpssd *m, uint64_t *idle_since)
{
	uint64_t now = ctl_now_ms();

	if (!m->on_demand || m->keeper.count > 0) {
		*idle_since = 0;
		return -1;
	}
	if (*idle_since == 0)
		*idle_since = now;
	return now - *idle_since >= LINGER_MS ? 0 : (int)(LINGER_MS - (now - *idle_since));
}

static void
loop(struct mpssd *m)
{
	enum { SIGNAL, LISTEN, WAKE, CLIENTS };
	struct pollfd p[CLIENTS + CTL_CLIENTS] = {
		[SIGNAL] = {.fd = m->signal_fd, .events = POLLIN},
		[LISTEN] = {.fd = m->listen_fd, .events = POLLIN},
		[WAKE] = {.fd = m->keeper.wake_fd, .events = POLLIN},
	};
	struct signalfd_siginfo signal;
	uint64_t idle_since = 0;
	int ms;

	for (;;) {
		ctl_clients_collect(&m->clients, p + CLIENTS);
		ms = patience(m, &idle_since);
		if (ms == 0) {
			mpssd_say("ends: there are no cards any more");
			return;
		}
		if (poll(p, RTE_DIM(p), ms) <= 0)
			continue;
		if (p[WAKE].revents != 0)
			keeper_sweep(&m->keeper);
		ctl_clients_serve(&m->clients, p + CLIENTS);
		if (p[LISTEN].revents != 0)
			ctl_clients_accept(&m->clients, m->listen_fd, &m->service);
		if (p[SIGNAL].revents != 0 &&
		    read(m->signal_fd, &signal, sizeof(signal)) == sizeof(signal)) {
			mpssd_say("ends by SIG%s", sigabbrev_np((int)signal.ssi_signo));
			return;
		}
	}
}

/* ---- Life ---- */

static int
signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	/* Threads of DPDK inherit it. */
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The only one of its directory. */
static int
take_place(struct mpssd *m)
{
	pid_t holder;

	m->lock_fd = ctl_lock(m->lock, 0600, &holder);
	if (m->lock_fd >= 0)
		return 0;
	if (m->lock_fd == -EBUSY)
		fprintf(stderr, "slipway: mpssd: process %d runs already in %s\n", (int)holder,
			m->directory);
	else
		fprintf(stderr, "slipway: mpssd: %s: %s\n", m->lock, strerror(-m->lock_fd));
	return m->lock_fd;
}

static int
serve(struct mpssd *m)
{
	int ret;

	ctl_clients_init(&m->clients);
	m->service = (struct ctl_service){.answer = control_answer, .arg = &m->keeper};
	ret = keeper_open(&m->keeper, m->directory);
	if (ret < 0)
		return ret;
	m->listen_fd = ctl_listen(m->control, 0600);
	if (m->listen_fd >= 0) {
		mpssd_say("process %d serves at %s", (int)getpid(), m->control);
		loop(m);
		/* From now on, whoever looks finds nobody, and starts the next one. */
		unlink(m->control);
		close(m->listen_fd);
		ctl_clients_close(&m->clients);
	} else {
		mpssd_say("%s: %s", m->control, strerror(-m->listen_fd));
		ret = m->listen_fd;
	}
	keeper_close(&m->keeper);
	return ret;
}

static int
parse_arguments(struct mpssd *m, int argc, char **argv)
{
	static const struct option names[] = {
		{"directory", required_argument, NULL, 'd'},
		{"on-demand", no_argument, NULL, 'o'},
		{0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (opt == 'd')
			m->directory = optarg;
		else if (opt == 'o')
			m->on_demand = true;
		else
			return -EINVAL;
	}
	if (m->directory == NULL || argc != optind || strlen(m->directory) + 16 > PATH) {
		fprintf(stderr, "slipway: mpssd: slipway mpssd runs this program\n");
		return -EINVAL;
	}
	snprintf(m->control, sizeof(m->control), "%s/mpssd.ctl", m->directory);
	snprintf(m->lock, sizeof(m->lock), "%s/mpssd.lock", m->directory);
	return 0;
}

int
main(int argc, char **argv)
{
	static struct mpssd m;
	int ret;

	if (parse_arguments(&m, argc, argv) < 0)
		return EXIT_USAGE;
	ret = take_place(&m);
	if (ret < 0)
		return ret == -EBUSY ? EXIT_TAKEN : EXIT_FAILURE;
	/* Where the driver looks for cards. */
	setenv("SLIPWAY_DIR", m.directory, 1);
	m.signal_fd = signals_open();
	if (m.signal_fd < 0 || eal_start() < 0) {
		mpssd_say("DPDK does not start");
		return EXIT_FAILURE;
	}
	ret = serve(&m);
	unlink(m.lock);
	eal_end();
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
