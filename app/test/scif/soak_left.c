/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "soak.h"

static int
count_fds(pid_t pid)
{
	char path[64];
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (dir == NULL)
		return -1;
	for (const struct dirent *d = readdir(dir); d != NULL; d = readdir(dir))
		n += d->d_name[0] != '.';
	closedir(dir);
	/* The one that it is read by. */
	return pid == getpid() ? n - 1 : n;
}

static int
count_maps(pid_t pid)
{
	char path[64], line[512];
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, "/memfd:slipway-scif") != NULL;
	if (f != NULL)
		fclose(f);
	return n;
}

static long
count_kilobytes(pid_t pid)
{
	char path[64];
	long pages = 0, resident = 0, shared = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%ld %ld %ld", &pages, &resident, &shared) != 3)
		resident = shared = 0;
	fclose(f);
	return (resident - shared) * (SOAK_PAGE / 1024);
}

int
soak_left_of(pid_t pid, struct soak_left *left)
{
	*left = (struct soak_left){
		.shared = count_maps(pid),
		.kilobytes = count_kilobytes(pid),
		.fds = count_fds(pid),
	};
	return left->fds < 0 ? -1 : 0;
}

void
soak_left_say(pid_t pid, char *text, size_t room)
{
	char path[64], name[PATH_MAX];
	struct dirent *d;
	size_t at = 0;
	ssize_t n;
	DIR *dir;

	text[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir != NULL && (d = readdir(dir)) != NULL && at + 80 < room) {
		n = readlinkat(dirfd(dir), d->d_name, name, sizeof(name) - 1);
		if (n <= 0)
			continue;
		name[n] = '\0';
		at += (size_t)snprintf(text + at, room - at, " %s:%.60s", d->d_name, name);
	}
	if (dir != NULL)
		closedir(dir);
}
