/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Nodes for the run only: slipway scifd, in a directory of its own.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "perf.h"

/* A node is there when its socket is. */
#define TRIES    500
#define PAUSE_MS 10

static const char *const arguments[][6] = {
	{"slipway", "scifd", "--quiet", "--node=0", "--ring=4096"},
	{"slipway", "scifd", "--quiet", "--node=1", "--ring=65536"},
	{"slipway", "scifd", "--quiet", "--node=2", "--ring=65536"},
	{"slipway", "scifd", "--quiet", "--node=3", "--ring=65536", "--join=2"},
};

#define NODES (sizeof(arguments) / sizeof(arguments[0]))

/* slipway, beside this program. */
static int
find_slipway(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - sizeof("slipway"));
	char *slash;

	if (n < 0)
		return -errno;
	path[n] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash + 1, "slipway");
	return access(path, X_OK) < 0 ? -errno : 0;
}

static void
become_node(const char *program, unsigned int node)
{
	char *argv[7] = {NULL};

	for (unsigned int i = 0; i < 6; i++)
		argv[i] = (char *)(uintptr_t)arguments[node][i];
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execv(program, argv);
	_exit(127);
}

static int
wait_for_socket(const struct perf_run *run, unsigned int node)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/scif/%u.sock", run->directory, node);
	for (unsigned int i = 0; i < TRIES; i++) {
		if (access(path, F_OK) == 0)
			return 0;
		if (waitpid(run->node[node], NULL, WNOHANG) != 0)
			return -ECHILD;
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

static int
begin_node(struct perf_run *run, const char *program, unsigned int node)
{
	fflush(NULL);
	run->node[node] = fork();
	if (run->node[node] < 0)
		return -errno;
	if (run->node[node] == 0)
		become_node(program, node);
	run->nb_nodes = node + 1;
	return wait_for_socket(run, node);
}

/** Serve the nodes: 0, or a negative errno when one line says why. */
int
perf_nodes_begin(struct perf_run *run)
{
	char program[PATH_MAX];
	int ret = find_slipway(program);

	strcpy(run->directory, "/tmp/slipway-scif-perf-XXXXXX");
	if (ret == 0 && mkdtemp(run->directory) == NULL)
		ret = -errno;
	if (ret == 0 && setenv("SLIPWAY_DIR", run->directory, 1) < 0)
		ret = -errno;
	for (unsigned int i = 0; ret == 0 && i < NODES; i++)
		ret = begin_node(run, program, i);
	if (ret < 0)
		fprintf(stderr, "slipway scif-perf: no nodes by slipway scifd: %s\n",
			strerror(-ret));
	return ret;
}

/** End them. */
void
perf_nodes_end(struct perf_run *run)
{
	static const char *const left[] = {"/scif", ""};
	char path[PATH_MAX];

	for (unsigned int i = run->nb_nodes; i-- > 0;) {
		kill(run->node[i], SIGTERM);
		waitpid(run->node[i], NULL, 0);
		snprintf(path, sizeof(path), "%s/scif/%u.lock", run->directory, i);
		unlink(path);
	}
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s%s", run->directory, left[i]);
		rmdir(path);
	}
}
