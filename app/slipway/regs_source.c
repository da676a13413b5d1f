/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ask.h"
#include "dirs.h"
#include "regs.h"
#include "slipway.h"

static int
read_socket(const char *path, struct regs_dump *dump)
{
	int ret;
	json_t *reply = ask(path, "regs\n", false, &ret);

	if (reply == NULL)
		return ret;
	ret = regs_from_json(dump, reply, path);
	json_decref(reply);
	return ret;
}

/* ---- Processes ---- */

static int
is_control(const struct dirent *entry)
{
	return dirs_is_control(entry->d_name);
}

/* The only control socket of a process: its name, or an error. */
static int
socket_of_process(const struct dirs *dirs, const char *pid, char *name, size_t len)
{
	struct dirent **list;
	size_t length = strlen(pid);
	int count = scandir(dirs->run, &list, is_control, versionsort), found = 0;

	for (int i = 0; i < count; i++) {
		const char *entry = list[i]->d_name;

		if (strncmp(entry, pid, length) == 0 && entry[length] == '.' && found++ == 0)
			snprintf(name, len, "%s", entry);
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	if (found == 1)
		return 0;
	if (found == 0)
		complain("%s: no process of this number has a device in %s", pid, dirs->run);
	else
		complain("%s: this process has %d devices; name one, as in %s.0", pid, found, pid);
	return -ENOENT;
}

static int
read_process(const char *target, struct regs_dump *dump)
{
	char name[NAME_MAX + 1], path[PATH_MAX];
	struct dirs dirs;
	int ret;

	ret = dirs_find(&dirs);
	if (ret < 0)
		return ret;
	if (strchr(target, '.') != NULL) {
		snprintf(name, sizeof(name), "%s.ctl", target);
	} else {
		ret = socket_of_process(&dirs, target, name, sizeof(name));
		if (ret < 0)
			return ret;
	}
	snprintf(path, sizeof(path), "%s/%s", dirs.run, name);
	return read_socket(path, dump);
}

/* ---- Files ---- */

static int
read_file(const char *path, struct regs_dump *dump)
{
	json_error_t error;
	FILE *file = fopen(path, "re");
	json_t *root;
	int ret;

	if (file == NULL) {
		ret = -errno;
		complain("%s: %s", path, strerror(errno));
		return ret;
	}
	root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	fclose(file);
	if (root == NULL) {
		complain("%s:%d:%d: %s", path, error.line, error.column, ask_json_error(&error));
		return -EINVAL;
	}
	ret = regs_from_json(dump, root, path);
	json_decref(root);
	return ret;
}

/* ---- Any of them ---- */

/* "PID" or "PID.N". */
static bool
is_process(const char *target)
{
	size_t pid = strspn(target, "0123456789"), n;

	if (pid == 0 || pid > 10)
		return false;
	if (target[pid] == '\0')
		return true;
	n = strspn(target + pid + 1, "0123456789");
	return target[pid] == '.' && n > 0 && n <= 2 && target[pid + 1 + n] == '\0';
}

int
regs_read(const char *target, struct regs_dump *dump)
{
	char path[PATH_MAX];
	struct stat st;

	*dump = (struct regs_dump){0};
	if (strncmp(target, "telemetry:", 10) == 0)
		return regs_telemetry_read(target + 10, dump);
	if (is_process(target))
		return read_process(target, dump);
	if (ask_find(target, path, sizeof(path)))
		return read_socket(path, dump);
	if (stat(target, &st) == 0 && S_ISSOCK(st.st_mode))
		return read_socket(target, dump);
	if (stat(target, &st) == 0 && S_ISDIR(st.st_mode)) {
		complain("%s: %s", target, strerror(EISDIR));
		return -EISDIR;
	}
	return read_file(target, dump);
}

/* A line for a control socket in a directory, if somebody answers there. */
static bool
list_socket(const char *directory, const char *name, const char *end)
{
	char path[PATH_MAX];
	const char *device, *version, *address, *program;
	json_t *info;
	bool shown;
	int ret;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	info = ask(path, "info\n", true, &ret);
	/* Its process ended, or is about to, or is another user's. */
	if (info == NULL)
		return false;
	shown = json_unpack(info, "{s:s, s:s, s:s, s:s}", "device", &device, "version", &version,
			    "address", &address, "program", &program) == 0;
	if (shown)
		printf("%-24.*s %s %s at %s in %s\n", (int)(strlen(name) - strlen(end)), name,
		       device, version, address, program);
	json_decref(info);
	return shown;
}

static unsigned int
list_sockets(const char *directory, int (*is_one)(const struct dirent *entry))
{
	struct dirent **list;
	unsigned int shown = 0;
	int count = scandir(directory, &list, is_one, versionsort);

	for (int i = 0; i < count; i++) {
		shown += list_socket(directory, list[i]->d_name, ".ctl");
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	return shown;
}

static int
is_served(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > strlen(".ctl") && strcmp(entry->d_name + len - strlen(".ctl"), ".ctl") == 0;
}

/* A card has a directory of its own, with a control socket for each side. */
static unsigned int
list_cards(const struct dirs *dirs)
{
	char cards[sizeof(dirs->base) + 8], name[NAME_MAX + sizeof("/card.ctl")];
	struct dirent **list;
	unsigned int shown = 0;
	int count;

	snprintf(cards, sizeof(cards), "%s/cards", dirs->base);
	count = scandir(cards, &list, NULL, versionsort);
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/card.ctl", list[i]->d_name);
		if (list[i]->d_name[0] != '.')
			shown += list_socket(cards, name, "/card.ctl");
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	return shown;
}

unsigned int
regs_list(void)
{
	struct dirs dirs;

	if (dirs_find(&dirs) < 0)
		return 0;
	return list_sockets(dirs.base, is_served) + list_cards(&dirs) +
	       list_sockets(dirs.run, is_control) + regs_telemetry_list();
}
