/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "scif_host_priv.h"

#define EVENTS_MAX 64
#define NS_PER_MS  INT64_C(1000000)
/* How long other nodes have to answer that this one leaves. */
#define STOP_NS UINT64_C(1000000000)
/* Descriptors for what is received: of a message, and those that control clients have sent before;
 * of few that there may be a part.
 */
#define RESERVED (SCIF_HOST_FDS_MAX + CTL_CLIENTS)

/* ---- Descriptors ---- */

int
scif_host_watch(struct scif_host *host, struct scif_host_watch *watch)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};

	return epoll_ctl(host->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) < 0 ? -errno : 0;
}

void
scif_host_unwatch(struct scif_host *host, struct scif_host_watch *watch)
{
	epoll_ctl(host->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* In ms for poll: rounded up, so that the time has come then. */
static int
wait_ms(uint64_t deadline, int timeout_ms)
{
	int64_t ms;

	if (deadline == SCIF_NO_DEADLINE)
		return timeout_ms;
	ms = (int64_t)(deadline - now_ns());
	ms = ms <= 0 ? 0 : (ms + NS_PER_MS - 1) / NS_PER_MS;
	if (ms > INT32_MAX)
		ms = INT32_MAX;
	return timeout_ms >= 0 && timeout_ms < ms ? timeout_ms : (int)ms;
}

/* Without doorbells. */
static int
poll_timeout(const struct scif_host *host, int timeout_ms)
{
	int poll_ms = (int)host->config.poll_ms;

	return timeout_ms >= 0 && timeout_ms < poll_ms ? timeout_ms : poll_ms;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What the time has come for: when to be called again. */
static uint64_t
step(struct scif_host *host)
{
	uint64_t deadline;

	host->rung = false;
	deadline = scif_engine_step(host->engine, now_ns());
	/* Who maps takes packets, and the ring of that link may have been looked at before. */
	if (host->rung)
		deadline = 0;
	deadline = least(deadline, scif_host_join(host, now_ns()));
	deadline = least(deadline, scif_host_links_expire(host, now_ns()));
	return least(deadline, scif_host_links_pay(host, now_ns()));
}

void
scif_host_serve(struct scif_host *host, int timeout_ms)
{
	struct epoll_event event[EVENTS_MAX];
	uint64_t deadline;
	int n;

	scif_engine_sleep(host->engine, true);
	deadline = step(host);
	if (host->config.poll_ms != 0 && host->links != NULL)
		timeout_ms = poll_timeout(host, timeout_ms);
	n = scif_host_ctl_wait(host, event, EVENTS_MAX, wait_ms(deadline, timeout_ms));
	scif_engine_sleep(host->engine, false);
	scif_engine_step(host->engine, now_ns());
	for (int i = 0; i < n; i++) {
		struct scif_host_watch *watch = event[i].data.ptr;

		watch->ready(watch);
	}
}

/* ---- Begin and end ---- */

/* Is the file that was locked still the one at its path? Who had it before removes it. */
static bool
is_there(int fd, const char *path)
{
	struct stat locked, there;

	return fstat(fd, &locked) == 0 && stat(path, &there) == 0 &&
	       locked.st_ino == there.st_ino && locked.st_dev == there.st_dev;
}

/* 0, -EAGAIN: it was removed meanwhile, or another negative errno. */
static int
lock_file(const char *path, int *fd)
{
	int ret = 0;

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return -errno;
	if (flock(*fd, LOCK_EX | LOCK_NB) < 0)
		ret = errno == EWOULDBLOCK ? -EBUSY : -errno;
	else if (!is_there(*fd, path))
		ret = -EAGAIN;
	if (ret < 0)
		close(*fd);
	return ret;
}

/* One engine for a node. */
static int
take_lock(struct scif_host *host)
{
	char *slash;
	int ret = scif_path(host->lock_path, host->config.engine.node, "lock");

	if (ret < 0)
		return ret;
	slash = strrchr(host->lock_path, '/');
	*slash = '\0';
	mkdir(host->lock_path, 0755);
	*slash = '/';
	do
		ret = lock_file(host->lock_path, &host->lock_fd);
	while (ret == -EAGAIN);
	if (ret < 0 && ret != -EBUSY)
		scif_host_log(host, "%s: %s", host->lock_path, strerror(-ret));
	return ret;
}

static int
bind_socket(int fd, const char *path, mode_t mode)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(address.sun_path, path);
	unlink(path);
	/* Before bind this becomes the mode of the file, less what umask takes from it. */
	if (fchmod(fd, mode) < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, mode) < 0 || listen(fd, SOMAXCONN) < 0)
		return -errno;
	return 0;
}

/* Listen at a path of the node's, and watch. */
static int
listen_at(struct scif_host *host, struct scif_host_watch *watch, char path[SCIF_PATH_MAX],
	  const char *suffix, mode_t mode)
{
	int ret = scif_path(path, host->config.engine.node, suffix);

	if (ret < 0)
		return ret;
	watch->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (watch->fd < 0)
		return -errno;
	ret = bind_socket(watch->fd, path, mode);
	if (ret == 0)
		ret = scif_host_watch(host, watch);
	if (ret < 0) {
		scif_host_log(host, "%s: %s", path, strerror(-ret));
		close(watch->fd);
	}
	return ret;
}

/* The lowest that is free is taken first: so when one is as high, all others are in use. */
bool
scif_host_is_reserved(int fd)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return false;
	return (rlim_t)fd >= limit.rlim_cur - least(RESERVED, limit.rlim_cur / 4);
}

/* Left alone they would wait for ever, and the listener would be ready for as long. */
static void
refuse_next(struct scif_host *host, int listener)
{
	int fd;

	close(host->spare_fd);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	host->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int
scif_host_take(struct scif_host *host, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0 && !scif_host_is_reserved(fd))
		return fd;
	if (fd >= 0)
		scif_host_hang_up(fd);
	else if ((errno == EMFILE || errno == ENFILE) && host->spare_fd >= 0)
		refuse_next(host, listener);
	else
		return fd;
	scif_host_log(host, "somebody who connected is refused: no descriptors left");
	return -1;
}

/* A descriptor for each client, arena and gate. */
static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Where other nodes, clients and tools come. */
static int
listen_all(struct scif_host *host)
{
	mode_t mode = host->config.mode != 0 ? host->config.mode : 0600;
	int ret;

	host->linker.ready = scif_host_link_accept;
	ret = listen_at(host, &host->linker, host->link_path, "link", 0600);
	if (ret < 0)
		return ret;
	host->listener.ready = scif_host_accept;
	ret = listen_at(host, &host->listener, host->path, "sock", mode);
	if (ret < 0)
		goto close_linker;
	ret = scif_host_ctl_begin(host);
	if (ret < 0)
		goto close_listener;
	return 0;

close_listener:
	unlink(host->path);
	close(host->listener.fd);
close_linker:
	unlink(host->link_path);
	close(host->linker.fd);
	return ret;
}

static void
close_spare(struct scif_host *host)
{
	if (host->spare_fd >= 0)
		close(host->spare_fd);
}

static int
open_all(struct scif_host *host)
{
	int ret = take_lock(host);

	if (ret < 0)
		return ret;
	host->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	host->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (host->epoll_fd < 0) {
		ret = -errno;
		goto unlock;
	}
	ret = listen_all(host);
	if (ret < 0)
		goto close_epoll;
	return 0;

close_epoll:
	close(host->epoll_fd);
unlock:
	close_spare(host);
	close(host->lock_fd);
	return ret;
}

int
scif_host_create(const struct scif_host_config *config, struct scif_host **made)
{
	struct scif_host *host = calloc(1, sizeof(*host));
	int ret = -EINVAL;

	if (host == NULL)
		return -ENOMEM;
	host->config = *config;
	raise_limit();
	host->engine = scif_engine_create(&config->engine, &scif_host_ops, host);
	if (host->engine == NULL)
		goto free_host;
	ret = open_all(host);
	if (ret < 0)
		goto destroy_engine;
	*made = host;
	return 0;

destroy_engine:
	scif_engine_destroy(host->engine);
free_host:
	free(host);
	return ret;
}

/* Who has not been taken yet may have sent what lingers. No more come, as they may by what they have
 * of the path.
 */
static void
listen_no_more(int listener)
{
	int fd;

	shutdown(listener, SHUT_RD);
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		scif_host_hang_up(fd);
	close(listener);
}

void
scif_host_destroy(struct scif_host *host)
{
	uint64_t end = now_ns() + STOP_NS;

	scif_host_ctl_end(host);
	unlink(host->path);
	unlink(host->link_path);
	listen_no_more(host->listener.fd);
	listen_no_more(host->linker.fd);
	host->config.joins = false;
	scif_host_clients_close(host);
	scif_engine_stop(host->engine);
	while (!scif_engine_stopped(host->engine) && now_ns() < end)
		scif_host_serve(host, 10);
	scif_host_links_close(host);
	scif_host_locals_close(host);
	scif_engine_destroy(host->engine);
	close(host->epoll_fd);
	close_spare(host);
	unlink(host->lock_path);
	close(host->lock_fd);
	free(host);
}
