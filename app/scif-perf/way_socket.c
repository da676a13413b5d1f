/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Sockets: UNIX, and TCP over loopback. Nobody sleeps in a call.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "perf.h"

#define BACKLOG 128

/* Bytes of PERF_TCP_64K's buffers, as of a ring of 64 KB. Linux allows as much again for its own. */
#define BUFFER 65536

static void
hold_buffer(int fd, int option)
{
	const int bytes = BUFFER;

	setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes));
}

/* What is accepted has the buffer of who listens. */
static int
listen_for(enum perf_way way)
{
	/* Without a name: the system gives one. */
	const struct sockaddr_un here = {.sun_family = AF_UNIX};
	const struct sockaddr_in loopback = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	bool local = way == PERF_UNIX;
	const struct sockaddr *at = local ? (const struct sockaddr *)&here
					  : (const struct sockaddr *)&loopback;
	socklen_t len = local ? sizeof(here.sun_family) : sizeof(loopback);
	int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), ret;

	if (fd < 0)
		return -errno;
	if (way == PERF_TCP_64K)
		hold_buffer(fd, SO_RCVBUF);
	if (bind(fd, at, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

/* A connection to whoever listens at a descriptor; TCP sends at once. */
static int
connect_to(int listener, enum perf_way way)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	const int on = 1;
	int fd, ret;

	if (getsockname(listener, (struct sockaddr *)&at, &len) < 0)
		return -errno;
	fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (way == PERF_TCP_64K)
		hold_buffer(fd, SO_SNDBUF);
	if (connect(fd, (struct sockaddr *)&at, len) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	if (at.ss_family == AF_INET)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int
make_connected(int listener, enum perf_way way, int fd[2])
{
	const int on = 1;

	fd[0] = connect_to(listener, way);
	if (fd[0] < 0)
		return fd[0];
	fd[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd[1] < 0)
		return -errno;
	/* Refused of a UNIX socket, which needs no such thing. */
	setsockopt(fd[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return 0;
}

/** Connections and listeners for a pair: 0, or a negative errno. */
int
perf_sockets_make(struct perf_sockets *sockets)
{
	int ret = 0;

	memset(sockets, -1, sizeof(*sockets));
	for (enum perf_way way = PERF_UNIX; ret == 0 && perf_is_socket(way); way++) {
		sockets->listener[way] = listen_for(way);
		if (sockets->listener[way] < 0)
			return sockets->listener[way];
		ret = make_connected(sockets->listener[way], way, sockets->fd[way]);
	}
	return ret;
}

/** The processes have them now. */
void
perf_sockets_close(const struct perf_sockets *sockets)
{
	for (enum perf_way way = PERF_UNIX; perf_is_socket(way); way++) {
		close(sockets->fd[way][0]);
		close(sockets->fd[way][1]);
		close(sockets->listener[way]);
	}
}

int
perf_socket_send(const struct perf_side *s, int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n < 0)
			perf_pause(s);
		bytes += n < 0 ? 0 : n;
		size -= n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

int
perf_socket_recv(const struct perf_side *s, int fd, uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = recv(fd, bytes, size, MSG_DONTWAIT);

		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n < 0)
			perf_pause(s);
		bytes += n < 0 ? 0 : n;
		size -= n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

/** Connect and close, or accept and close. */
int
perf_socket_connections(struct perf_side *s, const struct perf_job *job)
{
	for (uint64_t i = 0; i < job->count; i++) {
		int fd = s->side == 0 ? connect_to(s->listener[job->way], job->way)
				      : accept4(s->listener[job->way], NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			return s->side == 0 ? fd : -errno;
		close(fd);
	}
	return 0;
}
