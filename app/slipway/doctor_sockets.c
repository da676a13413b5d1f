/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dirs.h"
#include "doctor.h"
#include "doctor_read.h"

/* Devices that are served, and control sockets, in the directory where they are found by default.
 * A served device has room for one client, so nobody knocks there who can look who listens.
 */

/* Listening, by flags as /proc/net/unix shows them. */
#define LISTENS 0x00010000

static bool
listens(const struct doctor *d, const char *path)
{
	char list[PATH_MAX], line[512], name[256];
	unsigned int flags;
	bool found = false;
	FILE *file;

	doctor_path(d, list, sizeof(list), "/proc/net/unix");
	file = fopen(list, "re");
	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
		found = sscanf(line, "%*s %*s %*s %x %*s %*s %*s %255s", &flags, name) == 2 &&
			(flags & LISTENS) != 0 && strcmp(name, path) == 0;
	if (file != NULL)
		fclose(file);
	return found;
}

/* Nobody listens as far as this network namespace can tell: knock. */
static int
knock(const struct doctor *d, const char *path)
{
	char full[PATH_MAX];
	int fd;

	doctor_path(d, full, sizeof(full), "%s", path);
	fd = dirs_connect(full, SOCK_STREAM);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void
socket_say(struct doctor *d, const char *path, const char *name, const char *what)
{
	int ret = listens(d, path) ? 0 : knock(d, path);

	if (ret == 0 && doctor_may(d, R_OK | W_OK, "%s", path)) {
		doctor_say(d, DOCTOR_OK, name, "%s, alive: %s", what, path);
	} else if (ret == -ECONNREFUSED) {
		doctor_say(d, DOCTOR_NOTE, name, "%s, stale: nobody listens at %s", what, path);
		doctor_next(d, "rm %s", path);
	} else {
		doctor_say(d, DOCTOR_NOTE, name, "%s, not for this user: %s", what, path);
		doctor_next(d, "whoever serves it grants access: chmod or chgrp of the socket");
	}
}

static void
visit(struct doctor *d, const char *dir, const char *name)
{
	char full[PATH_MAX], path[PATH_MAX], comm[64] = "", what[128];
	struct stat st;
	size_t n = strlen(name);

	doctor_path(d, full, sizeof(full), "%s/%s", dir, name);
	if (lstat(full, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	d->found++;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (dirs_is_control(name)) {
		doctor_line(d, comm, sizeof(comm), "/proc/%d/comm", atoi(name));
		snprintf(what, sizeof(what), "device of %s", comm[0] != '\0' ? comm : "a process");
	} else {
		snprintf(what, sizeof(what), "%s",
			 n > 4 && strcmp(name + n - 4, ".ctl") == 0 ? "control socket"
								    : "served device");
	}
	socket_say(d, path, name, what);
}

void
doctor_sockets(struct doctor *d)
{
	struct dirs dirs;

	d->about = "Sockets";
	d->found = 0;
	if (dirs_find(&dirs) < 0) {
		doctor_say(d, DOCTOR_PROBLEM, "directory", "not usable");
		doctor_next(d, "set %s to a short absolute path", dirs.from);
		return;
	}
	doctor_each(d, dirs.base, visit);
	doctor_each(d, dirs.run, visit);
	if (d->found == 0)
		doctor_say(d, DOCTOR_OK, "directory", "no device runs in %s", dirs.base);
}
