/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Devices that a DPDK program made by --vdev answer through DPDK's telemetry: a SEQPACKET socket
 * that greets with a message, then answers each message, a command, by one.
 */
#include "telemetry.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ask.h"
#include "dirs.h"
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

json_t *
telemetry_command(int fd, const char *text)
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
		ask_set_patience(fd);
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

json_t *
telemetry_devices(int fd)
{
	json_t *list = telemetry_command(fd, "/slipway/dlb/list");

	if (json_is_object(list) && json_object_size(list) > 0)
		return list;
	json_decref(list);
	return NULL;
}

static const char *
first_id(json_t *list)
{
	return json_object_iter_key(json_object_iter(list));
}

/* Those that may be meant: event devices, or where those are not, DMA devices. */
static json_t *
candidates(int fd, const char *wanted, bool *dsa)
{
	json_t *events = telemetry_devices(fd), *list;

	*dsa = false;
	if (events != NULL && (wanted[0] == '\0' || json_object_get(events, wanted) != NULL))
		return events;
	list = telemetry_command(fd, "/slipway/dsa/list");
	*dsa = json_is_object(list) && json_object_size(list) > 0;
	json_decref(*dsa ? events : list);
	return *dsa ? list : events;
}

static int
choose_device(int fd, const char *wanted, struct telemetry_device *device)
{
	json_t *list = candidates(fd, wanted, &device->dsa);
	size_t count = json_object_size(list);
	int ret = -ENODEV;

	if (list == NULL)
		complain("%s: this program has no device of slipway", device->path);
	else if (wanted[0] == '\0' && count > 1)
		complain("%s: this program has %zu devices; name one by its id, as in "
			 "telemetry::%s",
			 device->path, count, first_id(list));
	else if (wanted[0] != '\0' && json_object_get(list, wanted) == NULL)
		complain("%s: this program has no device of slipway with the id %s", device->path,
			 wanted);
	else
		ret = 0;
	if (ret == 0)
		snprintf(device->id, sizeof(device->id), "%s",
			 wanted[0] != '\0' ? wanted : first_id(list));
	json_decref(list);
	return ret;
}

static void
socket_path(char *path, size_t len, const char *prefix, size_t prefix_len)
{
	char directory[PATH_MAX / 2];

	runtime_directory(directory, sizeof(directory));
	snprintf(path, len, "%s/%.*s/" SOCKET_NAME, directory, (int)prefix_len, prefix);
}

int
telemetry_open(const char *which, struct telemetry_device *device)
{
	size_t length = strcspn(which, ":");
	const char *wanted = which[length] == ':' ? which + length + 1 : "";
	int fd, ret;

	if (length > 0)
		socket_path(device->path, sizeof(device->path), which, length);
	else
		socket_path(device->path, sizeof(device->path), "rte", 3);
	fd = open_socket(device->path);
	if (fd < 0) {
		complain("%s: %s", device->path, strerror(-fd));
		return fd;
	}
	ret = choose_device(fd, wanted, device);
	if (ret < 0)
		close(fd);
	return ret < 0 ? ret : fd;
}

/* ---- All programs ---- */

static int
visit_program(const char *prefix, telemetry_visit_fn *visit, void *ctx)
{
	char path[PATH_MAX];
	json_t *list;
	int fd, ret;

	socket_path(path, sizeof(path), prefix, strlen(prefix));
	fd = open_socket(path);
	if (fd < 0)
		return 0;
	list = telemetry_devices(fd);
	ret = list != NULL ? visit(fd, prefix, list, ctx) : 0;
	json_decref(list);
	close(fd);
	return ret;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int
telemetry_visit(telemetry_visit_fn *visit, void *ctx)
{
	char directory[PATH_MAX / 2];
	struct dirent **entries;
	int i, n, ret = 0;

	runtime_directory(directory, sizeof(directory));
	n = scandir(directory, &entries, NULL, by_name);
	for (i = 0; i < n; i++) {
		if (ret == 0 && entries[i]->d_name[0] != '.')
			ret = visit_program(entries[i]->d_name, visit, ctx);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return ret;
}
