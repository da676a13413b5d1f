/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "soak.h"
#include "test.h"

/* Of glibc's, an arena of another thread than the first begins where this divides the address, and
 * nobody else has memory up to the next such place.
 */
#define ARENA (UINT64_C(64) << 20)

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

/* Pages of the heap become shared when they are registered, and stay so for whom they are allocated
 * next.
 */
static bool
is_heap(pid_t pid, uint64_t start, uint64_t arena)
{
	return pid == getpid() &&
	       (start < (uint64_t)(uintptr_t)sbrk(0) || (start & ~(ARENA - 1)) == arena);
}

static int
count_maps(pid_t pid)
{
	char path[64], line[512], shared;
	uint64_t start, arena = 0;
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%" SCNx64 "-%*s %*3s%c", &start, &shared) != 2)
			continue;
		if (start % ARENA == 0 && shared == 'p')
			arena = start;
		n += shared == 's' && !is_heap(pid, start, arena);
	}
	if (f != NULL)
		fclose(f);
	return n;
}

static int
count_threads(pid_t pid)
{
	struct stat st;
	char path[64];

	/* ., .., and one for each. */
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return stat(path, &st) == 0 ? (int)st.st_nlink - 2 : 0;
}

static void
count_pages(pid_t pid, struct soak_left *left)
{
	long resident = 0, shared = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fscanf(f, "%ld %ld %ld", &left->pages, &resident, &shared) != 3)
		left->pages = resident = shared = 0;
	fclose(f);
	left->kilobytes = (resident - shared) * (SOAK_PAGE / 1024);
}

int
soak_left_of(pid_t pid, struct soak_left *left)
{
	*left = (struct soak_left){
		.shared = count_maps(pid),
		.threads = count_threads(pid),
		.fds = count_fds(pid),
	};
	count_pages(pid, left);
	return left->fds < 0 ? -1 : 0;
}

bool
soak_left_is_more(const struct soak_left *left, const struct soak_left *first)
{
	return left->fds > first->fds || left->shared > first->shared ||
	       left->threads > first->threads;
}

long
soak_heap(void)
{
	const struct mallinfo2 heap = mallinfo2();

	return (long)(heap.uordblks + heap.hblkhd);
}

static size_t
say_fds(pid_t pid, char *text, size_t room)
{
	char path[64], name[PATH_MAX];
	struct dirent *d;
	size_t at = 0;
	ssize_t n;
	DIR *dir;

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
	return at;
}

void
soak_left_say(pid_t pid, const struct soak_left *left, const struct soak_left *first, char *text,
	      size_t room)
{
	int n = snprintf(text, room,
			 "%d descriptors, %d at first; %d shared mappings, %d at first; "
			 "%d threads, %d at first; open are",
			 left->fds, first->fds, left->shared, first->shared, left->threads,
			 first->threads);

	say_fds(pid, text + n, room - (size_t)n);
}

void
soak_left_check(const struct soak_left *first)
{
	uint64_t end = now_ns() + SOAK_GONE_MS * UINT64_C(1000000);
	struct soak_left left;
	char text[900];

	while (soak_left_of(getpid(), &left) == 0 && soak_left_is_more(&left, first) &&
	       now_ns() < end)
		pause_ms(1);
	if (!soak_left_is_more(&left, first))
		return;
	soak_left_say(getpid(), &left, first, text, sizeof(text));
	soak_fail("%s", text);
}

/* ---- Files ---- */

/* Names in a directory, those that have `part` in them, in no order. */
static unsigned int
list(const char *directory, const char *part, struct soak_names *names)
{
	DIR *dir = opendir(directory);
	const struct dirent *d;

	while (dir != NULL && (d = readdir(dir)) != NULL && names->count < SOAK_NAMES)
		if (d->d_name[0] != '.' && strstr(d->d_name, part) != NULL)
			snprintf(names->name[names->count++], sizeof(names->name[0]), "%.*s",
				 (int)sizeof(names->name[0]) - 1, d->d_name);
	if (dir != NULL)
		closedir(dir);
	return names->count;
}

static bool
has(const struct soak_names *names, const char *name)
{
	for (unsigned int i = 0; i < names->count; i++)
		if (strcmp(names->name[i], name) == 0)
			return true;
	return false;
}

void
soak_files_list(const char *nodes, struct soak_names *names)
{
	names->count = 0;
	/* Others of this machine have files there, too. */
	list("/dev/shm", "scif", names);
	list(nodes, "", names);
}

const char *
soak_files_left(const char *nodes, const struct soak_names *first)
{
	static struct soak_names now;

	soak_files_list(nodes, &now);
	for (unsigned int i = 0; i < now.count; i++)
		if (!has(first, now.name[i]))
			return now.name[i];
	return NULL;
}
