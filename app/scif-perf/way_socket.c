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

static int
listen_on(int domain, const struct sockaddr *at, socklen_t len)
{
	int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (bind(fd, at, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -EADDRINUSE;
}

/* A connection to whoever listens at a descriptor; TCP sends at once. */
static int
connect_to(int listener)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	const int on = 1;
	int fd;

	if (getsockname(listener, (struct sockaddr *)&at, &len) < 0)
		return -errno;
	fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&at, len) < 0) {
		close(fd);
		return -ECONNREFUSED;
	}
	if (at.ss_family == AF_INET)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int
make_connected(int listener, int fd[2])
{
	const int on = 1;

	fd[0] = connect_to(listener);
	fd[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd[0] < 0 || fd[1] < 0)
		return -ECONNREFUSED;
	/* Refused of a UNIX socket, which needs no such thing. */
	setsockopt(fd[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return 0;
}

/** Connections and listeners for a pair: 0, or a negative errno. */
int
perf_sockets_make(struct perf_sockets *sockets)
{
	/* Without a name: the system gives one. */
	const struct sockaddr_un here = {.sun_family = AF_UNIX};
	const struct sockaddr_in loopback = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int ret;

	sockets->unix_listener = listen_on(AF_UNIX, (const struct sockaddr *)&here,
					   sizeof(here.sun_family));
	sockets->tcp_listener = listen_on(AF_INET, (const struct sockaddr *)&loopback,
					  sizeof(loopback));
	if (sockets->unix_listener < 0 || sockets->tcp_listener < 0)
		return -EADDRNOTAVAIL;
	ret = make_connected(sockets->unix_listener, sockets->unix_fd);
	return ret < 0 ? ret : make_connected(sockets->tcp_listener, sockets->tcp_fd);
}

/** The processes have them now. */
void
perf_sockets_close(const struct perf_sockets *sockets)
{
	for (unsigned int side = 0; side < 2; side++) {
		close(sockets->unix_fd[side]);
		close(sockets->tcp_fd[side]);
	}
	close(sockets->unix_listener);
	close(sockets->tcp_listener);
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
		int fd = s->side == 0 ? connect_to(s->listener[job->way])
				      : accept4(s->listener[job->way], NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			return -ECONNREFUSED;
		close(fd);
	}
	return 0;
}
