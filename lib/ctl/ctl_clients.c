/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "ctl_clients.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* How long to wait when the process has no descriptor left. */
#define RETRY_MS 100
/* Descriptors of one message: as many as Linux passes, as it closes those there is no room for, and
 * waits where one lingers. More than one are closed again.
 */
#define FDS_MAX 253

/* By number: in a program under the shim, close() is the shim's own. */
static void
close_fd(int fd)
{
	if (fd >= 0)
		syscall(SYS_close, fd);
}

/* What somebody sent: a socket that lingers would have this process wait for its other end. */
static void
drop_fd(int fd)
{
	const struct linger none = {0};

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close_fd(fd);
}

uint64_t
ctl_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int
ctl_listen(const char *path, mode_t mode)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, ret;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(path);
	/* Before bind this becomes the mode of the file, less what umask takes from it. */
	if (fchmod(fd, mode) == 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    chmod(path, mode) == 0 && listen(fd, CTL_CLIENTS) == 0)
		return fd;
	ret = -errno;
	close_fd(fd);
	return ret;
}

/* ---- A client ---- */

/* One descriptor waits for its request; what else comes is closed. */
static void
take_fds(struct ctl_client *c, struct msghdr *message)
{
	int fds[FDS_MAX];
	size_t bytes;

	for (struct cmsghdr *m = CMSG_FIRSTHDR(message); m != NULL; m = CMSG_NXTHDR(message, m)) {
		if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS)
			continue;
		bytes = m->cmsg_len - CMSG_LEN(0);
		if (bytes > sizeof(fds))
			bytes = sizeof(fds);
		memcpy(fds, CMSG_DATA(m), bytes);
		for (size_t i = 0; i < bytes / sizeof(int); i++) {
			drop_fd(c->sent_fd);
			c->sent_fd = fds[i];
		}
	}
}

static ssize_t
receive(struct ctl_client *c, void *bytes, size_t room)
{
	char control[CMSG_SPACE(FDS_MAX * sizeof(int))] __attribute__((aligned(8)));
	struct iovec part = {.iov_base = bytes, .iov_len = room};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(c->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n > 0)
		take_fds(c, &message);
	return n;
}

/* What came with bytes that nobody reads would be closed with the socket, and may linger. */
static void
hang_up(struct ctl_client *c)
{
	char bytes[CTL_REQUEST_MAX];

	shutdown(c->fd, SHUT_RDWR);
	while (receive(c, bytes, sizeof(bytes)) > 0)
		;
	close_fd(c->fd);
	drop_fd(c->sent_fd);
	c->fd = -1;
	c->sent_fd = -1;
}

static void
client_drop(struct ctl_client *c)
{
	hang_up(c);
	ctl_text_free(&c->answer);
	if (c->service->gone != NULL)
		c->service->gone(c->service->arg, c->number);
}

static void
answer(struct ctl_client *c, size_t len)
{
	struct ctl_request request = {
		.text = c->request, .len = len, .fd = c->sent_fd, .client = c->number};

	if (len > 0 && c->request[len - 1] == '\r')
		request.len--;
	c->service->answer(c->service->arg, &request, &c->answer);
	ctl_text_add(&c->answer, "\n");
	drop_fd(request.fd);
	c->sent_fd = -1;
	c->sent = 0;
}

/* Answer what has been asked; a later request waits until the answer is sent. */
static void
client_answer(struct ctl_client *c)
{
	char *end = memchr(c->request, '\n', c->asked);
	size_t len;

	if (end != NULL) {
		len = (size_t)(end - c->request);
		answer(c, len);
		c->asked -= len + 1;
		memmove(c->request, end + 1, c->asked);
	} else if (c->asked == CTL_REQUEST_MAX) {
		ctl_text_error(&c->answer, "a request has at most %d bytes", CTL_REQUEST_MAX);
		ctl_text_add(&c->answer, "\n");
		c->sent = 0;
		c->leave = true;
	}
	if (c->answer.short_of_memory)
		client_drop(c);
}

static void
client_receive(struct ctl_client *c)
{
	ssize_t n = receive(c, c->request + c->asked, CTL_REQUEST_MAX - c->asked);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_drop(c);
		return;
	}
	c->asked += (size_t)n;
	client_answer(c);
}

static void
client_send(struct ctl_client *c)
{
	ssize_t n = send(c->fd, c->answer.bytes + c->sent, c->answer.len - c->sent,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		client_drop(c);
		return;
	}
	c->sent += (size_t)n;
	if (c->sent < c->answer.len)
		return;
	ctl_text_free(&c->answer);
	if (c->leave)
		client_drop(c);
	else
		client_answer(c);
}

/* ---- All of them ---- */

void
ctl_clients_init(struct ctl_clients *all)
{
	for (unsigned int i = 0; i < CTL_CLIENTS; i++) {
		all->client[i].fd = -1;
		all->client[i].sent_fd = -1;
	}
}

/* A free client, or the one that has been quiet for longest. */
static struct ctl_client *
client_seat(struct ctl_clients *all)
{
	struct ctl_client *oldest = &all->client[0];

	for (unsigned int i = 0; i < CTL_CLIENTS; i++) {
		if (all->client[i].fd < 0)
			return &all->client[i];
		if (all->client[i].last < oldest->last)
			oldest = &all->client[i];
	}
	client_drop(oldest);
	return oldest;
}

void
ctl_clients_add(struct ctl_clients *all, int fd, const struct ctl_service *service)
{
	struct ctl_client *c = client_seat(all);

	c->fd = fd;
	c->number = ++all->numbers;
	c->service = service;
	c->leave = false;
	c->last = ctl_now_ms();
	c->asked = 0;
}

void
ctl_clients_accept(struct ctl_clients *all, int listener, const struct ctl_service *service)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		ctl_clients_add(all, fd, service);
	else if (errno == EMFILE || errno == ENFILE)
		/* The program has used up its descriptors: look again when it may have some. */
		poll(NULL, 0, RETRY_MS);
}

void
ctl_clients_collect(const struct ctl_clients *all, struct pollfd p[CTL_CLIENTS])
{
	for (unsigned int i = 0; i < CTL_CLIENTS; i++)
		p[i] = (struct pollfd){
			.fd = all->client[i].fd,
			.events = all->client[i].answer.len > 0 ? POLLOUT : POLLIN,
		};
}

void
ctl_clients_serve(struct ctl_clients *all, const struct pollfd p[CTL_CLIENTS])
{
	for (unsigned int i = 0; i < CTL_CLIENTS; i++) {
		struct ctl_client *c = &all->client[i];

		if (p[i].revents == 0 || c->fd < 0)
			continue;
		c->last = ctl_now_ms();
		if (p[i].revents & POLLNVAL)
			client_drop(c);
		else if (c->answer.len > 0)
			client_send(c);
		else
			client_receive(c);
	}
}

void
ctl_clients_close(struct ctl_clients *all)
{
	for (unsigned int i = 0; i < CTL_CLIENTS; i++)
		if (all->client[i].fd >= 0)
			client_drop(&all->client[i]);
}

void
ctl_clients_forked(struct ctl_clients *all)
{
	for (unsigned int i = 0; i < CTL_CLIENTS; i++) {
		close_fd(all->client[i].fd);
		close_fd(all->client[i].sent_fd);
		/* Not freed: the parent's thread may just have been at it. */
		all->client[i].answer = (struct ctl_text){0};
	}
}
