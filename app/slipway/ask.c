/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "ask.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "dirs.h"
#include "slipway.h"
#include "vfu_stopped.h"

/* A process answers at once, but for one that is stopped. */
#define PATIENCE_SECONDS 5

/* Every register of a device, listed, is well below. */
#define REPLY_MAX (16u << 20)

void
ask_set_patience(int fd)
{
	struct timeval patience = {.tv_sec = PATIENCE_SECONDS};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

/* What jansson says of bad text quotes it: nothing of it is to reach a terminal as it is. */
const char *
ask_json_error(json_error_t *error)
{
	for (char *c = error->text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return error->text;
}

/* ---- Where ---- */

static bool
is_socket(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool
is_control_name(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && strcmp(path + len - 4, ".ctl") == 0;
}

bool
ask_find(const char *target, char *path, size_t len)
{
	const char *end = is_control_name(target) ? "" : ".ctl";
	struct dirs dirs;
	int n;

	if (strchr(target, '/') != NULL) {
		n = snprintf(path, len, "%s%s", target, end);
		return n < (int)len && is_socket(path);
	}
	if (dirs_find(&dirs) < 0)
		return false;
	n = snprintf(path, len, "%s/%s%s", dirs.base, target, end);
	if (n < (int)len && is_socket(path))
		return true;
	n = snprintf(path, len, "%s/cards/%s/card.ctl", dirs.base, target);
	return n < (int)len && is_socket(path);
}

/* ---- Lines ---- */

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

static bool
send_line(int fd, const char *line, int send_fd)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
	struct iovec part = {.iov_base = (void *)(uintptr_t)line, .iov_len = strlen(line)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *rights;

	if (send_fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		rights = CMSG_FIRSTHDR(&message);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(rights), &send_fd, sizeof(int));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
}

/* What is shown of it is not to move a terminal's cursor. */
static void
clean_string(json_t *string)
{
	char *text = strdup(json_string_value(string));

	for (char *c = text; c != NULL && *c != '\0'; c++)
		if ((*c < ' ' || *c > '~') && *c != '\n' && *c != '\t')
			*c = '?';
	if (text != NULL)
		json_string_set(string, text);
	free(text);
}

/* As deep as jansson parses. */
static void
clean(json_t *value)
{
	const char *key;
	json_t *part;
	size_t i;

	if (json_is_string(value))
		clean_string(value);
	json_array_foreach(value, i, part)
	{
		clean(part);
	}
	json_object_foreach(value, key, part)
	{
		clean(part);
	}
}

static json_t *
parse_reply(const char *line, const char *path)
{
	json_error_t error;
	json_t *root = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	const char *refusal;

	clean(root);
	refusal = json_string_value(json_object_get(root, "error"));
	if (root == NULL)
		complain("%s: the answer is not JSON: %s", path, ask_json_error(&error));
	if (refusal == NULL)
		return root;
	complain("%s: %s", path, refusal);
	json_decref(root);
	return NULL;
}

/* ---- Asking ---- */

int
ask_open(const char *path, bool quiet)
{
	int fd = dirs_connect(path, SOCK_STREAM);

	if (fd >= 0)
		ask_set_patience(fd);
	else if (!quiet)
		complain("%s: %s", path,
			 fd == -EPROTOTYPE ? "this is no control socket" : strerror(-fd));
	return fd;
}

pid_t
ask_stopped(const char *path)
{
	int fd = dirs_connect(path, SOCK_STREAM | SOCK_NONBLOCK);
	pid_t pid = fd >= 0 ? vfu_stopped_process(fd) : 0;

	if (fd >= 0)
		close(fd);
	return pid;
}

json_t *
ask_over(int fd, const char *path, const char *request, int send_fd, bool quiet)
{
	pid_t stopped = vfu_stopped_process(fd);
	json_t *reply = NULL;
	char *line = NULL;

	if (stopped != 0) {
		complain("%s: no answer: its process %d is stopped; kill -CONT %d lets it go on",
			 path, (int)stopped, (int)stopped);
		return NULL;
	}
	if (send_line(fd, request, send_fd))
		line = receive_line(fd);
	if (line != NULL)
		reply = parse_reply(line, path);
	else if (!quiet)
		complain("%s: no answer: %s", path, strerror(errno));
	free(line);
	return reply;
}

json_t *
ask(const char *path, const char *request, bool quiet, int *ret)
{
	json_t *reply;
	int fd = ask_open(path, quiet);

	*ret = fd < 0 ? fd : -EIO;
	if (fd < 0)
		return NULL;
	reply = ask_over(fd, path, request, -1, quiet);
	close(fd);
	return reply;
}
