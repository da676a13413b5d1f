/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scif_host_priv.h"

/* Requests of one client before the next has its turn. */
#define REQUESTS_MAX 64

/* A client's socket. */
struct host_client {
	struct scif_host_watch watch;
	struct scif_host *host;
	struct scif_client *client;
	int32_t pid;
};

static void
client_drop(struct host_client *hc)
{
	struct scif_host *host = hc->host;

	scif_host_unwatch(host, &hc->watch);
	scif_host_hang_up(hc->watch.fd);
	scif_engine_client_remove(host->engine, hc->client);
	free(hc);
}

/* ---- Packets ---- */

/* Who sent it, as the kernel says. */
static void
take_pid(const struct cmsghdr *c, int32_t *pid)
{
	struct ucred cred;

	memcpy(&cred, CMSG_DATA(c), sizeof(cred));
	if (pid != NULL)
		*pid = cred.pid;
}

/* A socket that lingers would have this process wait for whoever is at its other end. */
void
scif_host_drop(int fd)
{
	const struct linger none = {0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
}

/* The first descriptor of a message; others are closed. */
static int
take_fd(struct msghdr *msg, int32_t *pid)
{
	int kept = -1, fd;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
			take_pid(c, pid);
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (kept < 0)
				kept = fd;
			else
				scif_host_drop(fd);
		}
	}
	return kept;
}

ssize_t
scif_host_receive(int from, void *bytes, size_t room, int *fd, int32_t *pid)
{
	char control[CMSG_SPACE(SCIF_HOST_FDS_MAX * sizeof(int)) +
		     CMSG_SPACE(sizeof(struct ucred))];
	struct iovec iov = {bytes, room};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(from, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return -errno;
	*fd = take_fd(&msg, pid);
	if (*fd >= 0 && scif_host_is_reserved(*fd)) {
		scif_host_drop(*fd);
		*fd = SCIF_HOST_FD_LOST;
	}
	if (*fd < 0 && (msg.msg_flags & MSG_CTRUNC) != 0)
		*fd = SCIF_HOST_FD_LOST;
	/* Of an empty packet nobody takes it, as of the end. */
	if (n == 0 && *fd >= 0) {
		scif_host_drop(*fd);
		*fd = -1;
	}
	return (msg.msg_flags & MSG_TRUNC) != 0 ? (ssize_t)room + 1 : n;
}

/* A packet has a sender, also an empty one, and the end has none. */
static bool
is_end(ssize_t n, int32_t pid)
{
	return n < 0 || (n == 0 && pid < 0);
}

void
scif_host_hang_up(int socket)
{
	char byte;
	int32_t pid;
	int fd, on = 1;
	ssize_t n;

	/* What came with packets that nobody reads would be closed with it, and may linger. */
	setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	shutdown(socket, SHUT_RDWR);
	do {
		pid = -1;
		n = scif_host_receive(socket, &byte, sizeof(byte), &fd, &pid);
		if (n > 0 && fd >= 0)
			scif_host_drop(fd);
	} while (!is_end(n, pid));
	close(socket);
}

int
scif_host_send(int to, const void *bytes, size_t len, const int fds[], uint32_t count)
{
	char control[CMSG_SPACE(SCIF_REQUEST_FDS * sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)bytes, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (count > 0) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	return sendmsg(to, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* ---- A client ---- */

/* Bytes that are no request: who sends them is no client. */
static int
refuse(const struct host_client *hc, size_t len, int fd)
{
	scif_host_log(hc->host, "client %" PRId32 ": a packet of %s bytes is no request", hc->pid,
		      len < sizeof(struct scif_request) ? "too few" : "too many");
	if (fd >= 0)
		scif_host_drop(fd);
	return -EPROTO;
}

/* What is sent is the engine's, but for the end of a socket that was made for a child. */
static void
close_sent(const struct scif_request *rq, const struct scif_reply *reply, const int fds[])
{
	if (rq->op == SCIF_REQUEST_FORK && reply->fds > 0)
		close(fds[0]);
}

/* Whoever asks has read the answer before. It matters for those with descriptors: as many as are on
 * their way, of all of this user's processes, may be as many as a process may have.
 */
static bool
has_read(const struct host_client *hc)
{
	int there = 0;

	return ioctl(hc->watch.fd, SIOCOUTQ, &there) < 0 || there == 0;
}

/* What was asked came to nothing, as the answer does not arrive. */
static void
take_back(const struct host_client *hc, const struct scif_request *rq,
	  const struct scif_reply *reply)
{
	const struct scif_request unmap = {.op = SCIF_REQUEST_UNMAP,
					   .arg = {reply->value[5], rq->arg[1]}};
	int fd = -1, fds[SCIF_REQUEST_FDS];
	struct scif_reply none;

	if (rq->op == SCIF_REQUEST_MAP)
		scif_engine_request(hc->host->engine, hc->client, &unmap, sizeof(unmap), &fd, &none,
				    fds);
}

static int
answer(const struct host_client *hc, const struct scif_request *rq, const struct scif_reply *reply,
       const int fds[])
{
	const struct scif_reply none = {.error = ENOMEM};
	int ret = -EAGAIN;

	if (reply->fds == 0 || has_read(hc))
		ret = scif_host_send(hc->watch.fd, reply, sizeof(*reply), fds, reply->fds);
	close_sent(rq, reply, fds);
	if (ret != -ETOOMANYREFS)
		return ret;
	scif_host_log(hc->host, "client %" PRId32 ": too many descriptors are on their way",
		      hc->pid);
	take_back(hc, rq, reply);
	return scif_host_send(hc->watch.fd, &none, sizeof(none), NULL, 0);
}

static int
serve_one(struct host_client *hc)
{
	struct scif_request rq;
	struct scif_reply reply;
	int fd = -1, fds[SCIF_REQUEST_FDS], ret = 0;
	ssize_t n = scif_host_receive(hc->watch.fd, &rq, sizeof(rq), &fd, &hc->pid);

	if (n <= 0)
		return n == 0 ? -ECONNRESET : (int)n;
	if (n != sizeof(rq))
		return refuse(hc, (size_t)n, fd);
	scif_engine_client_pid(hc->client, hc->pid);
	if (fd == SCIF_HOST_FD_LOST) {
		/* Without it the request would be another one. */
		scif_host_log(hc->host, "client %" PRId32 ": no descriptors left", hc->pid);
		reply = (struct scif_reply){.error = ENOMEM};
		ret = scif_host_send(hc->watch.fd, &reply, sizeof(reply), NULL, 0);
	} else if (scif_engine_request(hc->host->engine, hc->client, &rq, (size_t)n, &fd, &reply,
				       fds)) {
		ret = answer(hc, &rq, &reply, fds);
	}
	if (fd >= 0)
		scif_host_drop(fd);
	/* One answer for each request: who does not read them, and asks on, is no client. */
	if (ret == -EAGAIN) {
		scif_host_log(hc->host, "client %" PRId32 ": does not read answers", hc->pid);
		ret = -ENOBUFS;
	}
	return ret;
}

static void
serve(struct scif_host_watch *watch)
{
	struct host_client *hc = (struct host_client *)(void *)watch;
	int ret = 0;

	for (int i = 0; i < REQUESTS_MAX && ret == 0; i++)
		ret = serve_one(hc);
	if (ret < 0 && ret != -EAGAIN && ret != -EINTR)
		client_drop(hc);
}

int
scif_host_client_add(struct scif_host *host, int fd, const struct scif_credentials *who,
		     struct scif_client *like)
{
	struct host_client *hc = calloc(1, sizeof(*hc));
	int ret = -ENOMEM, on = 1;

	if (hc == NULL)
		goto close_fd;
	/* A child is not who asked for its socket: its messages say who it is. */
	if (like != NULL)
		setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	hc->host = host;
	hc->pid = who->pid;
	hc->watch = (struct scif_host_watch){.ready = serve, .fd = fd};
	ret = scif_engine_client_add(host->engine, who, like, &hc->client);
	if (ret < 0)
		goto free_client;
	scif_engine_client_set(hc->client, hc);
	ret = scif_host_watch(host, &hc->watch);
	if (ret == 0)
		return 0;
	scif_engine_client_remove(host->engine, hc->client);
free_client:
	free(hc);
close_fd:
	scif_host_hang_up(fd);
	return ret;
}

void
scif_host_accept(struct scif_host_watch *watch)
{
	struct scif_host *host = (struct scif_host *)(void *)((char *)watch -
							      offsetof(struct scif_host, listener));
	struct scif_credentials who = {0};
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int fd = scif_host_take(host, watch->fd), ret;

	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0)
		who = (struct scif_credentials){
			.pid = cred.pid, .uid = cred.uid, .privileged = cred.uid == 0};
	ret = scif_host_client_add(host, fd, &who, NULL);
	if (ret < 0)
		scif_host_log(host, "client %" PRId32 ": refused, errno %d", who.pid, -ret);
}

void
scif_host_clients_close(struct scif_host *host)
{
	struct scif_client *client;

	while ((client = scif_engine_client_first(host->engine)) != NULL)
		client_drop(scif_engine_client_get(client));
}
