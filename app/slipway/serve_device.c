/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "serve.h"
#include "slipway.h"

/* Clients that wait to be taken. */
#define BACKLOG 64

/* ---- Who comes and goes ---- */

/* The name of a process, for log lines; some other when it cannot be had. */
static void
process_name(pid_t pid, char *name, size_t len)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(name, len, "?");
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, name, len - 1);
	close(fd);
	if (n <= 0)
		return;
	name[n] = '\0';
	for (char *c = name; *c != '\0'; c++) {
		if (*c == '\n')
			*c = '\0';
		else if (*c < ' ' || *c > '~')
			*c = '?';
	}
}

void
serve_socket_log(void *arg, const char *line)
{
	const struct serve_socket *socket = arg;

	/* Before there is a server, it is why there is none. */
	if (socket->server == NULL)
		complain("serve: %s: %s", socket->path, line);
	else
		serve_say(socket->owner, "%s: %s", socket->path, line);
}

/* As long as there are clients a signal comes now and then: one of them may have us wait for an
 * eventfd of its own, for good but for that.
 */
void
serve_tick_set(const struct serve *s)
{
	struct itimerval tick = {0};

	for (unsigned int i = 0; i < s->sockets; i++)
		if (s->socket[i].server != NULL && vfu_server_has_client(s->socket[i].server))
			tick.it_interval.tv_sec = tick.it_value.tv_sec = 1;
	setitimer(ITIMER_REAL, &tick, NULL);
}

void
serve_socket_came(void *arg, pid_t pid, uid_t uid)
{
	struct serve_socket *socket = arg;
	char name[32];

	socket->client = pid;
	serve_tick_set(socket->owner);
	process_name(pid, name, sizeof(name));
	serve_say(socket->owner, "%s: client came: process %d (%s) of user %u", socket->path,
		  (int)pid, name, (unsigned int)uid);
}

/* What a client leaves of the device, nobody else is to find. */
static void
client_gone(void *arg)
{
	struct serve_socket *socket = arg;

	serve_say(socket->owner, "%s: device reset after process %d; the next client may come",
		  socket->path, (int)socket->client);
	socket->client = 0;
	serve_tick_set(socket->owner);
	socket->dev->ops->reset(socket->dev, BUS_RESET_POWER);
	if (socket->owner->kind->left != NULL)
		socket->owner->kind->left(socket->owner);
}

/* ---- Sockets ---- */

int
serve_socket_open(struct serve *s, const char *about, uint32_t max_dma_maps)
{
	struct serve_socket *socket = &s->socket[s->sockets];
	struct vfu_server_config config = {
		.path = socket->path,
		.mode = s->options.mode,
		.share = s->options.share,
		.about = about,
		.max_dma_maps = max_dma_maps,
		.events = {.log = serve_socket_log,
			   .came = serve_socket_came,
			   .gone = client_gone},
		.arg = socket,
	};
	int ret;

	socket->owner = s;
	ret = vfu_server_open(&config, &socket->server);
	if (ret == 0)
		s->sockets++;
	return ret;
}

/* The path of the device has room for it, as for .ctl. */
void
serve_socket_path(char path[SERVE_PATH], const struct serve *s, const char *kind,
		  unsigned int number)
{
	snprintf(path, SERVE_PATH, "%.*s.%s%u", (int)(SERVE_PATH - sizeof(".wq63")),
		 s->options.path, kind, number);
}

/* Only a socket that nobody listens at makes way. */
static int
listen_at(const char *path, mode_t mode)
{
	int fd = dirs_connect(path, SOCK_STREAM | SOCK_NONBLOCK);
	struct stat st;

	if (fd >= 0)
		close(fd);
	if (fd >= 0 || fd == -EAGAIN)
		return -EADDRINUSE;
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return -EEXIST;
	return ctl_listen(path, mode);
}

int
serve_listener_open(struct serve *s, struct serve_listener *listener)
{
	int fd = listen_at(listener->path, s->options.mode);

	listener->fd = fd;
	if (fd >= 0 && listen(fd, BACKLOG) < 0) {
		fd = -errno;
		close(listener->fd);
		listener->fd = -1;
	}
	if (fd < 0)
		complain("serve: %s: %s", listener->path,
			 fd == -EADDRINUSE ? "somebody serves there already" : strerror(-fd));
	return fd < 0 ? fd : 0;
}

/* ---- The device ---- */

static int
trace_begin(struct serve *s)
{
	const char *path = s->options.trace;
	int fd, ret;

	if (path == NULL)
		return 0;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ret = fd < 0 ? -errno : s->kind->trace(s, fd);
	if (ret < 0) {
		complain("serve: --trace %s: %s", path, strerror(-ret));
		if (fd >= 0)
			close(fd);
	}
	return ret;
}

int
serve_device_open(struct serve *s)
{
	int ret = s->kind->open(s);

	if (ret == 0)
		ret = trace_begin(s);
	if (ret < 0)
		serve_device_close(s);
	return ret;
}

void
serve_device_close(struct serve *s)
{
	for (unsigned int i = 0; i < s->listeners; i++) {
		if (s->listener[i].fd < 0)
			continue;
		close(s->listener[i].fd);
		unlink(s->listener[i].path);
	}
	s->listeners = 0;
	for (unsigned int i = 0; i < s->sockets; i++) {
		vfu_server_close(s->socket[i].server);
		s->socket[i].server = NULL;
	}
	s->kind->close(s);
	s->sockets = 0;
	s->model = NULL;
}
