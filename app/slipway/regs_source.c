/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "dirs.h"
#include "regs.h"
#include "slipway.h"

/* A process answers at once, but for one that is stopped. */
#define PATIENCE_SECONDS 5

/* Every register of a device, listed, is well below. */
#define REPLY_MAX (16u << 20)

void
regs_set_patience(int fd)
{
	struct timeval patience = {.tv_sec = PATIENCE_SECONDS};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

/* What jansson says of bad text quotes it: nothing of it is to reach a terminal as it is. */
static const char *
error_text(json_error_t *error)
{
	for (char *c = error->text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return error->text;
}

/* ---- Control sockets ---- */

/* One line from a socket, without its end; to be freed. NULL and errno otherwise. */
static char *
receive_line(int fd)
{
	size_t room = 4096, at = 0;
	char *line = malloc(room), *larger;
	ssize_t n;

	while (line != NULL) {
		n = recv(fd, line + at, room - at, 0);
		if (n <= 0) {
			errno = n == 0 ? ECONNRESET : errno == EAGAIN ? ETIMEDOUT : errno;
			break;
		}
		at += (size_t)n;
		if (line[at - 1] == '\n') {
			line[at - 1] = '\0';
			return line;
		}
		if (at < room)
			continue;
		if (room >= REPLY_MAX) {
			errno = EMSGSIZE;
			break;
		}
		room *= 2;
		larger = realloc(line, room);
		if (larger == NULL)
			break;
		line = larger;
	}
	free(line);
	return NULL;
}

static json_t *
parse_reply(const char *line, const char *path)
{
	json_error_t error;
	json_t *root = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	const char *refusal = json_string_value(json_object_get(root, "error"));

	if (root == NULL)
		complain("%s: the answer is not JSON: %s", path, error_text(&error));
	if (refusal == NULL)
		return root;
	complain("%s: %s", path, refusal);
	json_decref(root);
	return NULL;
}

/* Ask a control socket: what it answers, or NULL and `*ret`. Only errors beyond the connection are
 * reported when `quiet`.
 */
static json_t *
ask(const char *path, const char *request, bool quiet, int *ret)
{
	json_t *reply = NULL;
	char *line = NULL;
	int fd;

	fd = dirs_connect(path, SOCK_STREAM);
	*ret = fd < 0 ? fd : -EIO;
	if (fd < 0) {
		if (!quiet)
			complain("%s: %s", path,
				 fd == -EPROTOTYPE ? "this is no control socket" : strerror(-fd));
		return NULL;
	}
	regs_set_patience(fd);
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) > 0)
		line = receive_line(fd);
	if (line != NULL)
		reply = parse_reply(line, path);
	else if (!quiet)
		complain("%s: no answer: %s", path, strerror(errno));
	free(line);
	close(fd);
	return reply;
}

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
		complain("%s:%d:%d: %s", path, error.line, error.column, error_text(&error));
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
	struct stat st;

	*dump = (struct regs_dump){0};
	if (strncmp(target, "telemetry:", 10) == 0)
		return regs_telemetry_read(target + 10, dump);
	if (is_process(target))
		return read_process(target, dump);
	if (stat(target, &st) == 0 && S_ISSOCK(st.st_mode))
		return read_socket(target, dump);
	if (stat(target, &st) == 0 && S_ISDIR(st.st_mode)) {
		complain("%s: %s", target, strerror(EISDIR));
		return -EISDIR;
	}
	return read_file(target, dump);
}

static bool
list_socket(const struct dirs *dirs, const char *name)
{
	char path[PATH_MAX];
	const char *device, *version, *address, *program;
	json_t *info;
	bool shown;
	int ret;

	snprintf(path, sizeof(path), "%s/%s", dirs->run, name);
	info = ask(path, "info\n", true, &ret);
	/* Its process ended, or is about to, or is another user's. */
	if (info == NULL)
		return false;
	shown = json_unpack(info, "{s:s, s:s, s:s, s:s}", "device", &device, "version", &version,
			    "address", &address, "program", &program) == 0;
	if (shown)
		printf("%-24.*s %s %s at %s in %s\n", (int)(strlen(name) - strlen(".ctl")), name,
		       device, version, address, program);
	json_decref(info);
	return shown;
}

unsigned int
regs_list(void)
{
	struct dirent **list;
	unsigned int shown = 0;
	struct dirs dirs;
	int count;

	if (dirs_find(&dirs) < 0)
		return 0;
	count = scandir(dirs.run, &list, is_control, versionsort);
	for (int i = 0; i < count; i++) {
		shown += list_socket(&dirs, list[i]->d_name);
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	return shown + regs_telemetry_list();
}
