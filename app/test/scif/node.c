/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define NODES_MAX 4
#define ARGS_MAX  16

static char program[256], directory[64], own_directory[80];
static pid_t common[NODES_MAX], own[NODES_MAX];
static pid_t *nodes = common;
const char *node_common_args = "";

static const char *
where(void)
{
	return nodes == own ? own_directory : directory;
}

/* What the node answers to a request, or NULL. */
static json_t *
ask(unsigned int node, const char *request)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	json_t *answer = NULL;
	ssize_t len = (ssize_t)strlen(request);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	snprintf(to.sun_path, sizeof(to.sun_path), "%s/scif/%u.ctl", where(), node);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
	    write(fd, request, (size_t)len) == len)
		answer = json_loadfd(fd, JSON_DISABLE_EOF_CHECK, NULL);
	if (fd >= 0)
		close(fd);
	return answer;
}

static int64_t
count(unsigned int node, const char *request)
{
	json_t *answer = ask(node, request);
	int64_t n = answer == NULL ? -1 : json_integer_value(json_object_get(answer, "count"));

	json_decref(answer);
	return n;
}

int64_t
node_stat(unsigned int node, const char *name)
{
	json_t *answer = ask(node, "stat\n"), *value = answer;
	const char *dot = strchr(name, '.');
	char outer[16];
	int64_t n;

	if (dot != NULL) {
		snprintf(outer, sizeof(outer), "%.*s", (int)(dot - name), name);
		value = json_object_get(answer, outer);
		name = dot + 1;
	}
	n = answer == NULL ? -1 : json_integer_value(json_object_get(value, name));
	json_decref(answer);
	return n;
}

int64_t
node_holds(unsigned int node, char *text, size_t room)
{
	json_t *answer = ask(node, "stat\n"), *value;
	int64_t sum = answer == NULL ? -1 : 0;
	const char *name;
	size_t at = 0;

	text[0] = '\0';
	json_object_foreach(json_object_get(answer, "held"), name, value) {
		if (strcmp(name, "heap") == 0 || json_integer_value(value) == 0 || at >= room)
			continue;
		sum += json_integer_value(value);
		at += (size_t)snprintf(text + at, room - at, " %" JSON_INTEGER_FORMAT " %s",
				       json_integer_value(value), name);
	}
	json_decref(answer);
	return sum;
}

const char *
node_directory(void)
{
	static char path[sizeof(own_directory) + 8];

	snprintf(path, sizeof(path), "%s/scif", where());
	return path;
}

int64_t
node_highest(unsigned int node)
{
	json_t *answer = ask(node, "nodes\n");
	int64_t n = answer == NULL ? -1 : json_integer_value(json_object_get(answer, "highest"));

	json_decref(answer);
	return n;
}

void
node_starve(unsigned int node, bool starve)
{
	struct rlimit limit;

	assert_int_equal(prlimit(nodes[node], RLIMIT_NOFILE, NULL, &limit), 0);
	limit.rlim_cur = starve ? 0 : limit.rlim_max;
	assert_int_equal(prlimit(nodes[node], RLIMIT_NOFILE, &limit, NULL), 0);
}

/* How many lines of the node's log have the words, as one. */
int64_t
node_logged(unsigned int node, const char *words)
{
	char path[128], line[512];
	int64_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%u.log", where(), node);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, words) != NULL;
	if (f != NULL)
		fclose(f);
	return n;
}

/* Of a list, how many entries are of a process. */
static int64_t
held(unsigned int node, const char *request, const char *name, pid_t pid)
{
	json_t *answer = ask(node, request), *entry;
	int64_t n = answer == NULL ? -1 : 0;
	size_t i;

	json_array_foreach(json_object_get(answer, name), i, entry)
		n += json_integer_value(json_object_get(entry, "pid")) == pid;
	json_decref(answer);
	return n;
}

int64_t
node_held_by(unsigned int node, pid_t pid)
{
	int64_t endpoints = held(node, "endpoints\n", "endpoints", pid);
	int64_t windows = held(node, "windows\n", "windows", pid);

	return endpoints < 0 || windows < 0 ? -1 : endpoints + windows;
}

bool
node_empty(unsigned int node)
{
	uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;

	do {
		if (count(node, "endpoints\n") == 0 && count(node, "windows\n") == 0)
			return true;
		pause_ms(2);
	} while (now_ns() < end);
	return false;
}

static bool
online(unsigned int node, unsigned int other)
{
	json_t *answer = ask(node, "nodes\n"), *entry;
	bool there = false;
	size_t i;

	json_array_foreach(json_object_get(answer, "nodes"), i, entry)
		if (json_integer_value(json_object_get(entry, "node")) == other)
			there = json_is_true(json_object_get(entry, "online"));
	json_decref(answer);
	return there;
}

static _Noreturn void
serve(unsigned int node, const char *args)
{
	char text[256], number[12], path[128];
	char *argv[ARGS_MAX] = {program, "scifd", "--quiet", "--mode", "0666", "--node", number};
	char *next, *save = NULL;
	int n = 7, log;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(number, sizeof(number), "%u", node);
	snprintf(text, sizeof(text), "%s %s", node_common_args, args != NULL ? args : "");
	if (node > 0) {
		argv[n++] = "--join";
		argv[n++] = "0";
	}
	for (next = strtok_r(text, " ", &save); next != NULL && n < ARGS_MAX - 1;
	     next = strtok_r(NULL, " ", &save))
		argv[n++] = next;
	snprintf(path, sizeof(path), "%s/%u.log", where(), node);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execv(program, argv);
	_exit(127);
}

/* Whether node 0 and the nodes that joined it know of each other. */
static bool
all_online(void)
{
	unsigned int i;

	for (i = 0; i < NODES_MAX; i++)
		if (nodes[i] > 0 && (!online(0, i) || !online(i, 0)))
			return false;
	return true;
}

int
node_start(unsigned int node, const char *args)
{
	uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;

	fflush(NULL);
	nodes[node] = fork();
	if (nodes[node] == 0)
		serve(node, args);
	while (!all_online()) {
		if (now_ns() > end || waitpid(nodes[node], NULL, WNOHANG) != 0)
			return -1;
		pause_ms(2);
	}
	return 0;
}

void
node_signal(unsigned int node, int sig)
{
	if (nodes[node] <= 0)
		return;
	kill(nodes[node], sig);
	if (sig == SIGSTOP || sig == SIGCONT)
		return;
	waitpid(nodes[node], NULL, 0);
	nodes[node] = 0;
}

pid_t
node_pid(unsigned int node)
{
	return nodes[node];
}

static void
nodes_kill(void)
{
	unsigned int i;

	for (i = NODES_MAX; i-- > 0;)
		node_signal(i, SIGKILL);
}

void
node_own(const char *args)
{
	nodes = own;
	setenv("SLIPWAY_DIR", own_directory, 1);
	assert_int_equal(node_start(0, args), 0);
	if (setting == NODES)
		assert_int_equal(node_start(1, args), 0);
}

void
node_common(void)
{
	if (nodes == own)
		nodes_kill();
	nodes = common;
	setenv("SLIPWAY_DIR", directory, 1);
}

int
nodes_begin(const char *directory_of_slipway)
{
	snprintf(program, sizeof(program), "%s/slipway", directory_of_slipway);
	snprintf(directory, sizeof(directory), "/tmp/slipway-test-scif-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(own_directory, sizeof(own_directory), "%s/own", directory);
	if (chmod(directory, 0755) < 0 || mkdir(own_directory, 0755) < 0)
		return -1;
	node_common();
	return node_start(0, NULL) < 0 || node_start(1, NULL) < 0 ? -1 : 0;
}

void
nodes_end(void)
{
	char *argv[] = {"rm", "-rf", directory, NULL};
	pid_t pid;

	node_common();
	nodes_kill();
	if (directory[0] == '\0')
		return;
	pid = fork();
	if (pid == 0) {
		execvp("rm", argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}
