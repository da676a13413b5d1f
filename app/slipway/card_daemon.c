/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Processes that stay when we end: a card's, and slipway mpssd.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cards.h"
#include "dirs.h"
#include "slipway.h"

/* From one look at its socket to the next. */
#define LOOK_MS 20
#define TAIL    4096

/* ---- Its surroundings ---- */

static int
set_cpus(const char *text)
{
	cpu_set_t set;

	if (text == NULL || text[0] == '\0')
		return 0;
	if (card_cpus_parse(text, &set) < 0 || sched_setaffinity(0, sizeof(set), &set) < 0) {
		complain("card: cpu = %s: this machine has no such CPUs for us", text);
		return -EINVAL;
	}
	return 0;
}

/* Its log, with a first line: where that cannot be written, nothing else could be said. */
static int
open_log(const struct card_daemon *d)
{
	int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (d->fresh_log ? O_TRUNC : 0);
	int fd = open(d->log, flags, 0600);
	char line[128], when[32];
	time_t now = time(NULL);
	struct tm tm;

	strftime(when, sizeof(when), "%F %T", localtime_r(&now, &tm));
	snprintf(line, sizeof(line), "%s %s starts\n", when, d->what);
	if (fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line))
		return fd;
	complain("card: %s: %s", d->log, strerror(fd < 0 ? errno : ENOSPC));
	if (fd >= 0)
		close(fd);
	return -EIO;
}

/* What runs on keeps nothing of ours: no terminal, no descriptor, no signal that is
 * blocked or ignored.
 */
static int
become_daemon(const struct card_daemon *d, int log)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
	sigset_t none;

	setsid();
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
	if (dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
	    dup2(log, STDERR_FILENO) < 0)
		return -EIO;
	close_range(STDERR_FILENO + 1, UINT32_MAX, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return set_cpus(d->cpus);
}

static pid_t
spawn(const struct card_daemon *d, int log)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child != 0)
		return child;
	if (become_daemon(d, log) == 0) {
		execv(d->program, (char *const *)(uintptr_t)d->argv);
		complain("card: %s: %s", d->program, strerror(errno));
	}
	_exit(EXIT_NOT_RUN);
}

/* ---- How it went ---- */

/* The last line of its log that says something. */
static void
last_words(const char *log, char *line, size_t len)
{
	char text[TAIL + 1];
	int fd = open(log, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n = fd < 0 ? 0 : pread(fd, text, TAIL, end > TAIL ? end - TAIL : 0);
	char *start;

	if (fd >= 0)
		close(fd);
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	text[n > 0 ? n : 0] = '\0';
	start = strrchr(text, '\n');
	snprintf(line, len, "%.200s", start != NULL ? start + 1 : text);
	for (char *c = line; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static int
ended(const struct card_daemon *d, int status)
{
	char line[256];

	last_words(d->log, line, sizeof(line));
	if (WIFSIGNALED(status))
		complain("card: %s was killed by SIG%s as it started: %s", d->what,
			 sigabbrev_np(WTERMSIG(status)), line);
	else
		complain("card: %s ended as it started: %s", d->what,
			 line[0] != '\0' ? line : "it said nothing");
	return -EIO;
}

bool
card_answers(const char *control)
{
	int fd = dirs_connect(control, SOCK_STREAM | SOCK_NONBLOCK);

	if (fd >= 0)
		close(fd);
	/* With more waiting than it has room for, somebody is there. */
	return fd >= 0 || fd == -EAGAIN;
}

static int
wait_for(const struct card_daemon *d, int log)
{
	pid_t child = 0;
	int status;

	for (unsigned int ms = 0; ms < d->patience_ms; ms += LOOK_MS) {
		if (child == 0)
			child = spawn(d, log);
		if (child < 0) {
			complain("card: %s: %s", d->what, strerror(errno));
			return -EIO;
		}
		usleep(LOOK_MS * 1000);
		if (card_answers(d->control))
			return 0;
		if (waitpid(child, &status, WNOHANG) != child)
			continue;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != d->taken_status)
			return ended(d, status);
		/* Another has the place: one that is as good and about to listen, or about to end. */
		child = 0;
	}
	complain("card: %s does not answer at %s after %u s; its log is %s", d->what, d->control,
		 d->patience_ms / 1000, d->log);
	return -ETIMEDOUT;
}

int
card_daemon_start(const struct card_daemon *d)
{
	int log = open_log(d), ret;

	if (log < 0)
		return log;
	ret = wait_for(d, log);
	close(log);
	return ret;
}
