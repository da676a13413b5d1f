/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "doctor_read.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
path_make(const struct doctor *d, char *path, size_t len, const char *format, va_list args)
{
	size_t n = (size_t)snprintf(path, len, "%s", d->root);

	if (n < len)
		vsnprintf(path + n, len - n, format, args);
}

/* The path that the variable arguments of a function name. */
#define PATH_OF(d, path, format)                                 \
	do {                                                     \
		va_list args_;                                   \
		va_start(args_, format);                         \
		path_make(d, path, sizeof(path), format, args_); \
		va_end(args_);                                   \
	} while (0)

void
doctor_path(const struct doctor *d, char *path, size_t len, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	path_make(d, path, len, format, args);
	va_end(args);
}

bool
doctor_has(const struct doctor *d, const char *format, ...)
{
	char path[PATH_MAX];

	PATH_OF(d, path, format);
	return access(path, F_OK) == 0;
}

bool
doctor_may(const struct doctor *d, int mode, const char *format, ...)
{
	char path[PATH_MAX];

	PATH_OF(d, path, format);
	return access(path, mode) == 0;
}

static void
line_read(const char *path, char *line, size_t len)
{
	FILE *file = fopen(path, "re");

	line[0] = '\0';
	if (file == NULL)
		return;
	if (fgets(line, (int)len, file) == NULL)
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
}

void
doctor_line(const struct doctor *d, char *line, size_t len, const char *format, ...)
{
	char path[PATH_MAX];

	PATH_OF(d, path, format);
	line_read(path, line, len);
}

long long
doctor_number(const struct doctor *d, const char *format, ...)
{
	char path[PATH_MAX], line[64], *end;
	long long number;

	PATH_OF(d, path, format);
	line_read(path, line, sizeof(line));
	number = strtoll(line, &end, 0);
	return end == line ? -1 : number;
}

void
doctor_link(const struct doctor *d, char *name, size_t len, const char *format, ...)
{
	char path[PATH_MAX], target[PATH_MAX], *slash;
	ssize_t n;

	PATH_OF(d, path, format);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, len, "%s", slash != NULL ? slash + 1 : target);
}

bool
doctor_find(const struct doctor *d, const char *path, const char *word, char *rest, size_t len)
{
	char full[PATH_MAX], *line = NULL;
	size_t room = 0;
	bool found = false;
	FILE *file;

	rest[0] = '\0';
	doctor_path(d, full, sizeof(full), "%s", path);
	file = fopen(full, "re");
	if (file == NULL)
		return false;
	while (!found && getline(&line, &room, file) >= 0) {
		if (strncmp(line, word, strlen(word)) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(rest, len, "%s",
			 line + strlen(word) + strspn(line + strlen(word), " \t:"));
		found = true;
	}
	free(line);
	fclose(file);
	return found;
}

void
doctor_each(struct doctor *d, const char *path,
	    void (*visit)(struct doctor *d, const char *path, const char *name))
{
	char full[PATH_MAX];
	struct dirent **names;
	int n;

	doctor_path(d, full, sizeof(full), "%s", path);
	n = scandir(full, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			visit(d, path, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

bool
doctor_capable(const struct doctor *d, unsigned int capability)
{
	char mask[32];

	return doctor_find(d, "/proc/self/status", "CapEff:", mask, sizeof(mask)) &&
	       (strtoull(mask, NULL, 16) >> capability & 1) != 0;
}
