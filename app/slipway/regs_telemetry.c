/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Devices that a DPDK program made by --vdev answer through DPDK's telemetry: a SEQPACKET socket
 * that greets with a message, then answers each message, a command, by one.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dirs.h"
#include "regs.h"
#include "slipway.h"

#define SOCKET_NAME "dpdk_telemetry.v2"

/* The most that DPDK sends in one message, and some. */
#define MESSAGE_MAX (64u << 10)

/* Where the programs of this user keep their files: a directory for each prefix. */
static void
runtime_directory(char *buf, size_t len)
{
	const char *service = getenv("RUNTIME_DIRECTORY"), *user = getenv("XDG_RUNTIME_DIR");

	if (service == NULL)
		service = getuid() == 0 ? "/var/run" : user != NULL ? user : "/tmp";
	snprintf(buf, len, "%s/dpdk", service);
}

static json_t *
receive(int fd, char *message)
{
	ssize_t n = recv(fd, message, MESSAGE_MAX, 0);
	json_error_t error;
	json_t *root;

	if (n <= 0) {
		errno = n == 0 ? ECONNRESET : errno == EAGAIN ? ETIMEDOUT : errno;
		return NULL;
	}
	root = json_loadb(message, (size_t)n, 0, &error);
	if (root == NULL)
		errno = EBADMSG;
	return root;
}

/* The answer to a command, or NULL and errno. A reference of the caller's. */
static json_t *
command(int fd, const char *text)
{
	char *message = malloc(MESSAGE_MAX);
	json_t *root = NULL, *value = NULL;

	if (message != NULL && send(fd, text, strlen(text), MSG_NOSIGNAL) > 0)
		root = receive(fd, message);
	free(message);
	/* One member, named after the command without its parameters. */
	if (root != NULL)
		value = json_incref(json_object_iter_value(json_object_iter(root)));
	json_decref(root);
	if (root != NULL && value == NULL)
		errno = EBADMSG;
	return value;
}

static int
open_socket(const char *path)
{
	char *message = malloc(MESSAGE_MAX);
	int fd = message == NULL ? -ENOMEM : dirs_connect(path, SOCK_SEQPACKET);
	json_t *greeting;

	if (fd >= 0) {
		regs_set_patience(fd);
		greeting = receive(fd, message);
		if (greeting == NULL) {
			close(fd);
			fd = -errno;
		}
		json_decref(greeting);
	}
	free(message);
	return fd;
}

/* ---- Which device ---- */

/* The devices of a program, an object of id and name; NULL when it has none. */
static json_t *
devices(int fd)
{
	json_t *list = command(fd, "/slipway/dlb/list");

	if (json_is_object(list) && json_object_size(list) > 0)
		return list;
	json_decref(list);
	return NULL;
}

static int
choose_device(int fd, const char *wanted, char *id, size_t len, const char *path)
{
	json_t *list = devices(fd);
	size_t count = json_object_size(list);
	int ret = -ENODEV;

	if (list == NULL)
		complain("%s: this program has no dlb device of slipway", path);
	else if (wanted[0] == '\0' && count > 1)
		complain("%s: this program has %zu devices; name one by its id, as in "
			 "telemetry::%s",
			 path, count, json_object_iter_key(json_object_iter(list)));
	else if (wanted[0] != '\0' && json_object_get(list, wanted) == NULL)
		complain("%s: this program has no dlb device with the id %s", path, wanted);
	else
		ret = 0;
	if (ret == 0)
		snprintf(id, len, "%s",
			 wanted[0] != '\0' ? wanted : json_object_iter_key(json_object_iter(list)));
	json_decref(list);
	return ret;
}

/* ---- Registers ---- */

/* Take pairs of an address, bar in the upper half, and a value. */
static int
take_values(struct regs_dump *dump, const json_t *values)
{
	size_t count = json_array_size(values);

	for (size_t i = 0; i + 1 < count; i += 2) {
		uint64_t at = (uint64_t)json_integer_value(json_array_get(values, i));
		json_int_t value = json_integer_value(json_array_get(values, i + 1));
		int ret = regs_add(dump, (unsigned int)(at >> 32), at & UINT32_MAX,
				   (uint32_t)value);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* One answer of several: the cursor of the next one, 0 after the last. */
static json_int_t
read_part(int fd, const char *id, json_int_t cursor, struct regs_dump *dump, const char *path)
{
	char text[128];
	const char *version;
	json_int_t next;
	json_t *part, *values;
	int ret;

	snprintf(text, sizeof(text), "/slipway/dlb/regs,%s,%" JSON_INTEGER_FORMAT, id, cursor);
	part = command(fd, text);
	if (part == NULL) {
		complain("%s: no answer: %s", path, strerror(errno));
		return -EIO;
	}
	ret = json_unpack(part, "{s:s, s:I, s:o}", "version", &version, "next", &next, "values",
			  &values);
	if (ret < 0 || (next != 0 && next <= cursor)) {
		complain("%s: the answer to %s is not what slipway's driver says", path, text);
		next = -EBADMSG;
	} else {
		ret = regs_version(version, path);
		if (ret >= 0) {
			dump->version = (unsigned int)ret;
			ret = take_values(dump, values);
		}
		if (ret < 0)
			next = ret;
	}
	json_decref(part);
	return next;
}

static int
read_device(int fd, const char *id, struct regs_dump *dump, const char *path)
{
	json_int_t cursor = 0;

	do
		cursor = read_part(fd, id, cursor, dump, path);
	while (cursor > 0);
	if (cursor < 0)
		regs_free(dump);
	return (int)cursor;
}

int
regs_telemetry_read(const char *which, struct regs_dump *dump)
{
	size_t length = strcspn(which, ":");
	char directory[PATH_MAX / 2], path[PATH_MAX], id[32];
	const char *wanted = which[length] == ':' ? which + length + 1 : "";
	int fd, ret;

	runtime_directory(directory, sizeof(directory));
	snprintf(path, sizeof(path), "%s/%.*s/" SOCKET_NAME, directory,
		 length > 0 ? (int)length : 3, length > 0 ? which : "rte");
	fd = open_socket(path);
	if (fd < 0) {
		complain("%s: %s", path, strerror(-fd));
		return fd;
	}
	ret = choose_device(fd, wanted, id, sizeof(id), path);
	if (ret == 0)
		ret = read_device(fd, id, dump, path);
	close(fd);
	return ret;
}

/* ---- The list ---- */

static unsigned int
list_program(const char *directory, const char *prefix)
{
	char path[PATH_MAX], target[NAME_MAX + 32];
	unsigned int shown = 0;
	json_t *list;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/" SOCKET_NAME, directory, prefix);
	fd = open_socket(path);
	if (fd < 0)
		return 0;
	list = devices(fd);
	for (void *at = json_object_iter(list); at != NULL; at = json_object_iter_next(list, at)) {
		const char *name = json_string_value(json_object_iter_value(at));

		snprintf(target, sizeof(target), "telemetry:%s:%s", prefix,
			 json_object_iter_key(at));
		printf("%-24s dlb, %s\n", target, name == NULL ? "" : name);
		shown++;
	}
	json_decref(list);
	close(fd);
	return shown;
}

unsigned int
regs_telemetry_list(void)
{
	char directory[PATH_MAX / 2];
	struct dirent *entry;
	unsigned int shown = 0;
	DIR *dir;

	runtime_directory(directory, sizeof(directory));
	dir = opendir(directory);
	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			shown += list_program(directory, entry->d_name);
	closedir(dir);
	return shown;
}
