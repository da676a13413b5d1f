/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_peer_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PAYLOAD_MAX 0x100040u

unsigned char
peer_server_byte(unsigned int bar, uint64_t off)
{
	return (unsigned char)(off * 11 + (off >> 8) * 3 + bar * 31 + 5);
}

/* ---- Out ---- */

static void
send_all(struct peer_server *s, const unsigned char *at, size_t len, const int fd[],
	 unsigned int fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(32 * sizeof(int))] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)at, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;
	ssize_t n;

	if (fds > 0) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds * sizeof(int));
		memcpy(CMSG_DATA(c), fd, fds * sizeof(int));
	}
	while (iov.iov_len > 0) {
		n = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		iov.iov_base = (char *)iov.iov_base + n;
		iov.iov_len -= (size_t)n;
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
	}
}

void
peer_server_raw(struct peer_server *s, const void *bytes, size_t len)
{
	send_all(s, bytes, len, NULL, 0);
}

void
peer_server_send(struct peer_server *s, uint16_t id, uint16_t command, uint32_t flags,
		 const void *bytes, size_t len, const int fd[], unsigned int fds)
{
	struct peer_bytes b = {.len = 0};

	peer_put_header(&b, id, command, flags, len);
	if (len > 0)
		peer_put_bytes(&b, bytes, len);
	send_all(s, b.at, b.len, fd, fds);
}

void
peer_server_reply(struct peer_server *s, const struct peer_note *n, const void *bytes, size_t len)
{
	peer_server_send(s, n->id, n->command, PEER_REPLY, bytes, len, NULL, 0);
}

void
peer_server_error(struct peer_server *s, const struct peer_note *n, uint32_t error)
{
	struct peer_bytes b = {.len = 0};

	peer_put(&b, n->id, 2);
	peer_put(&b, n->command, 2);
	peer_put(&b, PEER_HEADER, 4);
	peer_put(&b, PEER_REPLY | PEER_ERROR, 4);
	peer_put(&b, error, 4);
	send_all(s, b.at, b.len, NULL, 0);
}

void
peer_server_hang_up(struct peer_server *s)
{
	shutdown(s->fd, SHUT_RDWR);
}

/* ---- Honest answers ---- */

static unsigned char
config_byte(uint64_t off)
{
	static const unsigned char header[] = {0x86, 0x80, 0x10, 0x27, 0,    0,
					       0x10, 0,    0,    0,    0x40, 0x0b};

	return off < sizeof(header) ? header[off] : 0;
}

static void
put_version(const struct peer_server *s, struct peer_bytes *b)
{
	char json[128];
	int n;

	if (s->max_msg_fds > 0)
		n = snprintf(json, sizeof(json),
			     "{\"capabilities\":{\"max_msg_fds\":%u,\"write_multiple\":true}}",
			     s->max_msg_fds);
	else
		n = snprintf(json, sizeof(json), "{\"capabilities\":{}}");
	peer_put(b, 0, 4);
	peer_put_bytes(b, json, (size_t)n + 1);
}

static void
put_region(const struct peer_note *n, struct peer_bytes *b)
{
	uint32_t index = (uint32_t)peer_get(n->at, 8, 4);
	uint64_t size = index == 7 ? 4096 : index == 0 || index == 2 ? PEER_SERVER_BAR : 0;

	peer_put(b, 32, 4);
	peer_put(b, size != 0 ? 3 : 0, 4);
	peer_put(b, index, 4);
	peer_put(b, 0, 4);
	peer_put(b, size, 8);
	peer_put(b, 0, 8);
}

static void
put_irq(const struct peer_note *n, struct peer_bytes *b)
{
	uint32_t index = (uint32_t)peer_get(n->at, 8, 4);

	peer_put(b, 16, 4);
	peer_put(b, index == 0 ? 7 : 1, 4);
	peer_put(b, index, 4);
	peer_put(b, index == 2 ? PEER_SERVER_VECTORS : index > 2, 4);
}

static void
put_data(const struct peer_note *n, struct peer_bytes *b)
{
	uint64_t off = peer_get(n->at, 0, 8);
	uint32_t region = (uint32_t)peer_get(n->at, 8, 4), count = (uint32_t)peer_get(n->at, 12, 4);

	peer_put_bytes(b, n->at, 16);
	for (uint32_t i = 0; i < count && n->command == PEER_REGION_READ; i++)
		peer_put(b, region == 7 ? config_byte(off + i) : peer_server_byte(region, off + i),
			 1);
}

size_t
peer_server_honest(const struct peer_server *s, const struct peer_note *n, unsigned char *at)
{
	struct peer_bytes b = {.len = 0};

	switch (n->command) {
	case PEER_VERSION:
		put_version(s, &b);
		break;
	case PEER_GET_INFO:
		peer_put(&b, 16, 4);
		peer_put(&b, 3, 4);
		peer_put(&b, 9, 4);
		peer_put(&b, 5, 4);
		break;
	case PEER_GET_REGION_INFO:
		put_region(n, &b);
		break;
	case PEER_GET_IRQ_INFO:
		put_irq(n, &b);
		break;
	case PEER_REGION_READ:
	case PEER_REGION_WRITE:
		put_data(n, &b);
		break;
	case PEER_WRITE_MULTI:
		peer_put_bytes(&b, n->at, 8);
		break;
	case PEER_DMA_UNMAP:
		peer_put_bytes(&b, n->at, 24);
		break;
	default:
		break;
	}
	memcpy(at, b.at, b.len);
	return b.len;
}

/* What a server refuses. */
static bool
outside(const struct peer_note *n)
{
	uint64_t off = peer_get(n->at, 0, 8), count = peer_get(n->at, 12, 4);
	uint32_t region = (uint32_t)peer_get(n->at, 8, 4);
	uint64_t size = region == 7 ? 4096 : region == 0 || region == 2 ? PEER_SERVER_BAR : 0;

	return off > size || count > size - off;
}

static bool
known(uint16_t command)
{
	return (command >= PEER_VERSION && command <= PEER_REGION_WRITE &&
		command != PEER_GET_REGION_IO_FDS) ||
	       command == PEER_RESET || command == PEER_WRITE_MULTI;
}

static void
answer(struct peer_server *s, const struct peer_note *n)
{
	static unsigned char at[8192];

	if ((n->flags & PEER_TYPE) == PEER_REPLY || (n->flags & PEER_NO_REPLY) != 0)
		return;
	if ((n->command == PEER_REGION_READ || n->command == PEER_REGION_WRITE) && outside(n))
		peer_server_error(s, n, EINVAL);
	else if (known(n->command))
		peer_server_reply(s, n, at, peer_server_honest(s, n, at));
	else
		peer_server_error(s, n, EOPNOTSUPP);
}

/* ---- In ---- */

static void
keep_fds(struct peer_server *s, struct msghdr *msg, struct peer_note *n)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	unsigned int fds;

	if (c == NULL || c->cmsg_type != SCM_RIGHTS)
		return;
	fds = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	n->fds += fds;
	for (unsigned int i = 0; i < fds; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
		if (s->keeps < PEER_SERVER_FDS)
			s->kept[s->keeps++] = fd;
		else
			close(fd);
	}
}

static bool
receive(struct peer_server *s, struct peer_note *n)
{
	static unsigned char payload[PAYLOAD_MAX];
	unsigned char header[PEER_HEADER];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(32 * sizeof(int))];
	struct iovec iov = {.iov_base = header, .iov_len = sizeof(header)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t got = recvmsg(s->fd, &msg, MSG_CMSG_CLOEXEC);
	size_t len = 0;

	if (got <= 0)
		return false;
	memset(n, 0, sizeof(*n));
	pthread_mutex_lock(&s->lock);
	keep_fds(s, &msg, n);
	/* Servers that read the header with one call are known. */
	s->apart = s->apart || got != sizeof(header);
	pthread_mutex_unlock(&s->lock);
	n->id = (uint16_t)peer_get(header, 0, 2);
	n->command = (uint16_t)peer_get(header, 2, 2);
	n->len = peer_get(header, 4, 4) - PEER_HEADER;
	n->flags = (uint32_t)peer_get(header, 8, 4);
	if (got != sizeof(header) || n->len > sizeof(payload))
		return false;
	for (; len < n->len; len += (size_t)got) {
		got = recv(s->fd, payload + len, n->len - len, 0);
		if (got <= 0)
			return false;
	}
	memcpy(n->at, payload, n->len < sizeof(n->at) ? n->len : sizeof(n->at));
	return true;
}

static void
serve(struct peer_server *s)
{
	struct peer_note n;

	while (receive(s, &n)) {
		pthread_mutex_lock(&s->lock);
		if (s->notes < PEER_SERVER_NOTES)
			s->note[s->notes++] = n;
		pthread_mutex_unlock(&s->lock);
		if (s->script == NULL || !s->script(s, &n))
			answer(s, &n);
	}
}

static void *
run(void *arg)
{
	struct peer_server *s = arg;
	int fd;

	while ((fd = accept4(s->listens, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		pthread_mutex_lock(&s->lock);
		s->fd = fd;
		pthread_mutex_unlock(&s->lock);
		serve(s);
		pthread_mutex_lock(&s->lock);
		s->fd = -1;
		pthread_mutex_unlock(&s->lock);
		close(fd);
	}
	return NULL;
}

/* ---- Life ---- */

void
peer_server_start(struct peer_server *s, peer_script script)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memset(s, 0, sizeof(*s));
	s->script = script;
	s->fd = -1;
	s->max_msg_fds = 16;
	pthread_mutex_init(&s->lock, NULL);
	snprintf(s->path, sizeof(s->path), "/tmp/vfu-peer-server-%d", (int)getpid());
	memcpy(address.sun_path, s->path, sizeof(s->path));
	unlink(s->path);
	s->listens = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->listens, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(s->listens, 4) < 0 || pthread_create(&s->thread, NULL, run, s) != 0) {
		perror(s->path);
		exit(1);
	}
}

void
peer_server_stop(struct peer_server *s)
{
	/* Whoever waits in accept gets EINVAL. */
	shutdown(s->listens, SHUT_RDWR);
	pthread_mutex_lock(&s->lock);
	if (s->fd >= 0)
		shutdown(s->fd, SHUT_RDWR);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	close(s->listens);
	unlink(s->path);
	for (unsigned int i = 0; i < s->keeps; i++)
		close(s->kept[i]);
	s->keeps = 0;
	pthread_mutex_destroy(&s->lock);
}

/* ---- What was seen ---- */

static bool
find(struct peer_server *s, uint16_t command, unsigned int i, struct peer_note *n)
{
	bool found = false;

	pthread_mutex_lock(&s->lock);
	for (unsigned int k = 0; k < s->notes && !found; k++) {
		if (s->note[k].command != command || i-- > 0)
			continue;
		*n = s->note[k];
		found = true;
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

bool
peer_server_saw(struct peer_server *s, uint16_t command, unsigned int i, struct peer_note *n)
{
	for (unsigned int wait = 0; wait < 2000; wait++) {
		if (find(s, command, i, n))
			return true;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return false;
}

unsigned int
peer_server_count(struct peer_server *s, uint16_t command)
{
	struct peer_note n;
	unsigned int i = 0;

	while (find(s, command, i, &n))
		i++;
	return i;
}
