/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_server_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Clients that wait for the one before them to go. */
#define BACKLOG 8

#define GATHER_IDLE_NS UINT64_C(100000)
#define DMA_TIMEOUT_MS 1000u

/* ---- The socket ---- */

static int
address_of(struct vfu_server *s, struct sockaddr_un *address)
{
	size_t len = s->path == NULL ? 0 : strlen(s->path);

	if (len == 0 || len >= sizeof(address->sun_path)) {
		vfu_server_log(s, "socket path of %zu bytes: 1 to %zu are possible", len,
			       sizeof(address->sun_path) - 1);
		return -ENAMETOOLONG;
	}
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address->sun_path, s->path, len);
	return 0;
}

/* Does nobody listen on a socket that is there? */
static bool
is_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool stale;

	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
		errno == ECONNREFUSED;
	close(fd);
	return stale;
}

/* Make way for a new socket: a stale one goes, everything else stays. */
static int
make_way(struct vfu_server *s, const struct sockaddr_un *address)
{
	struct stat st;

	if (lstat(s->path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		vfu_server_log(s, "%s is there and no socket: it stays, choose another name",
			       s->path);
		return -EEXIST;
	}
	if (!is_stale(address)) {
		vfu_server_log(s, "%s: somebody serves it already", s->path);
		return -EADDRINUSE;
	}
	unlink(s->path);
	return 0;
}

/* Listen, with the right permissions from the first moment on: those of the socket's inode go to the
 * file, less the umask, which may not take away what was asked for.
 */
static int
listen_at(struct vfu_server *s, const struct sockaddr_un *address)
{
	if (fchmod(s->listener, s->config.mode) < 0 ||
	    bind(s->listener, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    chmod(address->sun_path, s->config.mode) < 0 || listen(s->listener, BACKLOG) < 0)
		return -errno;
	return 0;
}

/* Who sees the socket can connect: until it listens it has another name, where one fits. */
static int
appear(struct vfu_server *s, const struct sockaddr_un *address)
{
	size_t len = strlen(address->sun_path);
	struct sockaddr_un first = *address;
	struct stat st;
	int ret;

	if (len + 1 < sizeof(first.sun_path)) {
		first.sun_path[len] = '~';
		unlink(first.sun_path);
	}
	ret = listen_at(s, &first);
	if (ret == 0 && rename(first.sun_path, s->path) < 0)
		ret = -errno;
	if (ret == 0 && stat(s->path, &st) == 0) {
		s->path_dev = st.st_dev;
		s->path_ino = st.st_ino;
	}
	return ret;
}

static int
poll_add(struct vfu_server *s, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int
start_listening(struct vfu_server *s)
{
	struct sockaddr_un address;
	int ret = address_of(s, &address);

	if (ret == 0)
		ret = make_way(s, &address);
	if (ret < 0)
		return ret;
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener < 0)
		return -errno;
	ret = appear(s, &address);
	if (ret == 0)
		ret = poll_add(s, s->listener);
	if (ret < 0)
		vfu_server_log(s, "%s: cannot listen: %s", s->path, strerror(-ret));
	return ret;
}

static void
stop_listening(struct vfu_server *s)
{
	struct stat st;

	if (s->listener < 0)
		return;
	close(s->listener);
	/* Somebody may have put another one in its place. */
	if (s->path_ino != 0 && stat(s->path, &st) == 0 && st.st_dev == s->path_dev &&
	    st.st_ino == s->path_ino)
		unlink(s->path);
}

/* ---- Clients ---- */

static int
take_client(struct vfu_server *s, int fd)
{
	int ret = vfu_conn_create(&s->conn, fd);

	if (ret < 0) {
		close(fd);
		return ret;
	}
	ret = poll_add(s, fd);
	if (ret < 0) {
		vfu_conn_destroy(&s->conn);
		return ret;
	}
	s->polled = EPOLLIN;
	s->has_client = true;
	s->announced = false;
	s->agreed = false;
	s->share = s->maps = false;
	s->write_multiple = false;
	s->max_data_xfer = VFU_MAX_DATA;
	s->broken = 0;
	s->hung_up = false;
	s->log_lines = 0;
	s->dma = (struct vfu_dma){0};
	s->stats.clients++;
	return 0;
}

/* The next client, if one waits. */
static void
accept_client(struct vfu_server *s)
{
	int fd = s->listener < 0 ? -1
				 : accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int ret;

	if (fd < 0)
		return;
	ret = take_client(s, fd);
	if (ret < 0) {
		vfu_server_log(s, "a client was turned away: %s", strerror(-ret));
		return;
	}
	/* Others wait in the socket's queue, without waking anybody. */
	epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->listener, NULL);
}

static void
announce(struct vfu_server *s)
{
	struct ucred who = {.pid = -1, .uid = (uid_t)-1};
	socklen_t len = sizeof(who);

	getsockopt(s->conn.socket, SOL_SOCKET, SO_PEERCRED, &who, &len);
	s->announced = true;
	if (s->config.events.came != NULL)
		s->config.events.came(s->config.arg, who.pid, who.uid);
}

bool
vfu_server_meet(struct vfu_server *s)
{
	if (!s->has_client)
		accept_client(s);
	if (s->has_client && !s->announced)
		announce(s);
	return s->has_client;
}

void
vfu_server_let_go(struct vfu_server *s, const char *why)
{
	if (!s->has_client)
		return;
	s->log_lines = 0;
	vfu_server_log(s, "client gone: %s", why);
	vfu_gather_forget(&s->gather);
	if (s->config.events.leaving != NULL)
		s->config.events.leaving(s->config.arg);
	vfu_server_dma_forget(s);
	vfu_server_irq_forget(s);
	vfu_server_share_forget(s);
	vfu_server_count_bytes(s);
	epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->conn.socket, NULL);
	vfu_conn_destroy(&s->conn);
	s->has_client = false;
	if (s->listener >= 0)
		poll_add(s, s->listener);
	if (s->config.events.gone != NULL)
		s->config.events.gone(s->config.arg);
	else if (s->dev != NULL)
		s->dev->ops->reset(s->dev, BUS_RESET_POWER);
}

/* ---- Life ---- */

static int
copy_config(struct vfu_server *s, const struct vfu_server_config *config)
{
	s->config = *config;
	if (config->gather_idle_ns == 0)
		s->config.gather_idle_ns = GATHER_IDLE_NS;
	if (config->max_dma_maps == 0)
		s->config.max_dma_maps = VFU_DEFAULT_DMA_MAPS;
	if (config->dma_timeout_ms == 0)
		s->config.dma_timeout_ms = DMA_TIMEOUT_MS;
	if (config->about != NULL && !vfu_version_is_object(config->about)) {
		vfu_server_log(s, "what clients are to be told is no JSON object: %.60s",
			       config->about);
		return -EINVAL;
	}
	if (config->path != NULL)
		s->path = strdup(config->path);
	if (config->about != NULL)
		s->about = strdup(config->about);
	s->config.path = s->path;
	s->config.about = s->about;
	s->data = malloc(VFU_MAX_DATA);
	if (s->data == NULL || (config->path != NULL && s->path == NULL) ||
	    (config->about != NULL && s->about == NULL))
		return -ENOMEM;
	return 0;
}

static int
create(const struct vfu_server_config *config, struct vfu_server **server)
{
	struct vfu_server *s = calloc(1, sizeof(*s));
	int ret;

	*server = s;
	if (s == NULL)
		return -ENOMEM;
	s->host.ops = &vfu_server_host_ops;
	s->epoll = s->listener = s->unmask_fd = s->conn.socket = -1;
	s->shared.bell_fd = s->shared.kick = -1;
	vfu_map_create(&s->map, VFU_DEFAULT_DMA_MAPS);
	ret = copy_config(s, config);
	if (ret < 0)
		return ret;
	vfu_server_gather_create(s);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	return s->epoll < 0 ? -errno : 0;
}

int
vfu_server_open(const struct vfu_server_config *config, struct vfu_server **server)
{
	int ret = create(config, server);

	if (ret == 0)
		ret = start_listening(*server);
	if (ret < 0) {
		vfu_server_close(*server);
		*server = NULL;
	}
	return ret;
}

int
vfu_server_open_fd(const struct vfu_server_config *config, int fd, struct vfu_server **server)
{
	int ret = create(config, server);

	if (ret == 0 && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		ret = -errno;
	if (ret == 0)
		ret = take_client(*server, fd);
	else
		close(fd);
	if (ret < 0) {
		vfu_server_close(*server);
		*server = NULL;
	}
	return ret;
}

void
vfu_server_close(struct vfu_server *s)
{
	if (s == NULL)
		return;
	stop_listening(s);
	s->listener = -1;
	vfu_server_let_go(s, "the server stops");
	vfu_map_destroy(&s->map);
	for (unsigned int i = 0; i < VFU_IRQS; i++)
		free(s->irqs[i].vector);
	if (s->epoll >= 0)
		close(s->epoll);
	free(s->regions);
	free(s->data);
	free(s->path);
	free(s->about);
	free(s);
}

void
vfu_server_drop(struct vfu_server *s)
{
	vfu_server_let_go(s, "the owner let it go");
}

struct bus_host *
vfu_server_host(struct vfu_server *s)
{
	return &s->host;
}

int
vfu_server_fd(const struct vfu_server *s)
{
	return s->epoll;
}

bool
vfu_server_has_client(const struct vfu_server *s)
{
	return s->has_client;
}

const struct vfu_server_stats *
vfu_server_stats(const struct vfu_server *s)
{
	return &s->stats;
}

bool
vfu_server_repair(const struct vfu_server *s, const void *address)
{
	return vfu_map_repair(&s->map, address);
}
