/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "trace_record.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "slipway.h"

static void
end(int sig)
{
	(void)sig;
}

/* The server writes to it: it is handed over, and need not be where the server could open it. */
static int
file_open(const char *out)
{
	int fd;

	if (out != NULL) {
		fd = open(out, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	} else {
		fd = memfd_create("slipway-trace", MFD_CLOEXEC);
		if (fd >= 0)
			fcntl(fd, F_SETFL, O_APPEND);
	}
	if (fd < 0)
		complain("trace: %s: %s", out != NULL ? out : "memory for it", strerror(errno));
	return fd;
}

/* False when the server went away. */
static bool
wait_for(int fd, double seconds)
{
	static const struct sigaction ends = {.sa_handler = end};
	struct timespec left = {.tv_sec = (time_t)seconds};
	struct pollfd p = {.fd = fd};

	left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
	sigaction(SIGINT, &ends, NULL);
	sigaction(SIGTERM, &ends, NULL);
	return ppoll(&p, 1, &left, NULL) <= 0;
}

static int
record_over(int control_fd, const char *control, int fd, double seconds)
{
	json_t *answer = ask_over(control_fd, control, "trace start\n", fd, false);

	if (answer == NULL)
		return -1;
	json_decref(answer);
	if (!wait_for(control_fd, seconds)) {
		complain("trace: %s: the device has gone; what was recorded is kept", control);
		return 0;
	}
	answer = ask_over(control_fd, control, "trace stop\n", -1, false);
	json_decref(answer);
	return answer == NULL ? -1 : 0;
}

int
trace_record(const char *control, const char *out, double seconds)
{
	int control_fd = ask_open(control, false), fd, ret = -1;
	struct stat st;

	if (control_fd < 0)
		return -1;
	fd = file_open(out);
	if (fd >= 0)
		ret = record_over(control_fd, control, fd, seconds);
	close(control_fd);
	if (ret < 0 && fd >= 0)
		close(fd);
	if (ret < 0)
		return -1;
	if (fstat(fd, &st) == 0 && out != NULL)
		fprintf(stderr, "slipway: %lld bytes recorded in %s\n", (long long)st.st_size, out);
	return fd;
}
