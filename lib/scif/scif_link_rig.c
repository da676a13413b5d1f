/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_link_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "scif_path.h"

#define HALF_BYTES (sizeof(struct scif_half) + SCIF_NODE_RING_SIZE)
#define HUGE_BYTES (UINT64_C(1) << 21)

/* ---- Descriptors ---- */

static int
memory(size_t size, unsigned int flags, int seals)
{
	int fd = memfd_create("link", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)size) < 0 || (seals != 0 && fcntl(fd, F_ADD_SEALS, seals) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Another descriptor of the same memory, and only that. */
static int
again(int fd, int flags)
{
	char path[64];
	int other;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = open(path, flags | O_CLOEXEC);
	close(fd);
	return other;
}

static int
one_of(int pair[2], int ret)
{
	if (ret < 0)
		return -1;
	close(pair[1]);
	return pair[0];
}

int
link_rig_fd(enum link_rig_kind kind, size_t size)
{
	int pair[2];

	switch (kind) {
	case LINK_RIG_SEALED:
		return memory(size, 0, F_SEAL_SHRINK);
	case LINK_RIG_LOOSE:
		return memory(size, 0, 0);
	case LINK_RIG_SMALL:
		return memory(size / 2, 0, F_SEAL_SHRINK);
	case LINK_RIG_EMPTY:
		return memory(0, 0, F_SEAL_SHRINK);
	case LINK_RIG_READER:
		return again(memory(size, 0, F_SEAL_SHRINK), O_RDONLY);
	case LINK_RIG_FIXED:
		return memory(size, 0, F_SEAL_SHRINK | F_SEAL_WRITE);
	case LINK_RIG_NAME:
		return again(memory(size, 0, F_SEAL_SHRINK), O_PATH);
	case LINK_RIG_HUGE:
		return memory((size + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1), MFD_HUGETLB,
			      F_SEAL_SHRINK);
	case LINK_RIG_PIPE:
		return one_of(pair, pipe2(pair, O_CLOEXEC));
	case LINK_RIG_SOCKET:
		return one_of(pair, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	case LINK_RIG_DIRECTORY:
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	default:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	}
}

/* ---- Sockets ---- */

static int
place(uint16_t node, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	return scif_path(address->sun_path, node, "link");
}

int
link_rig_connect(uint16_t node)
{
	struct sockaddr_un address;
	int fd, ret = place(node, &address);

	if (ret < 0)
		return ret;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

int
link_rig_listen(uint16_t node)
{
	struct sockaddr_un address;
	int fd, ret = place(node, &address);

	if (ret < 0)
		return ret;
	unlink(address.sun_path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 16) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

int
link_rig_send(int to, const void *bytes, size_t len, const int fds[], unsigned int count)
{
	char control[CMSG_SPACE(LINK_RIG_FDS * sizeof(int))] = {0};
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

/* ---- A node ---- */

static void *
map(int fd, size_t size)
{
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return base == MAP_FAILED ? NULL : base;
}

int
link_rig_begin(struct link_rig *r, int socket, uint16_t node)
{
	*r = (struct link_rig){.socket = socket, .node = node};
	r->page_fd = link_rig_fd(LINK_RIG_SEALED, LINK_PAGE_BYTES);
	r->half_fd = link_rig_fd(LINK_RIG_SEALED, HALF_BYTES);
	r->page = map(r->page_fd, LINK_PAGE_BYTES);
	r->half = map(r->half_fd, HALF_BYTES);
	if (r->page == NULL || r->half == NULL)
		return -ENOMEM;
	r->half->magic = SCIF_QP_MAGIC;
	r->half->ring_size = SCIF_NODE_RING_SIZE;
	r->half->local_qp = LINK_RIG_HALF;
	r->half->local_buf = LINK_RIG_HALF + sizeof(*r->half);
	return 0;
}

void
link_rig_end(struct link_rig *r)
{
	munmap(r->page, LINK_PAGE_BYTES);
	munmap(r->half, HALF_BYTES);
	if (r->theirs != NULL)
		munmap(r->theirs, LINK_PAGE_BYTES);
	if (r->host != NULL)
		munmap(r->host, HALF_BYTES);
	close(r->page_fd);
	close(r->half_fd);
	close(r->socket);
}

void
link_rig_hello(struct link_rig *r)
{
	const struct link_packet p = {
		.kind = LINK_HELLO, .version = 1, .node = r->node, .peer = r->peer};

	link_rig_send(r->socket, &p, sizeof(p), &r->page_fd, 1);
}

void
link_rig_publish(struct link_rig *r)
{
	const struct link_packet share = {
		.kind = LINK_SHARE, .version = 1, .address = LINK_RIG_HALF, .size = HALF_BYTES};
	const struct link_packet ring = {.kind = LINK_RING, .version = 1};

	link_rig_send(r->socket, &share, sizeof(share), &r->half_fd, 1);
	if (r->theirs != NULL)
		atomic_store(&r->theirs->qp, LINK_RIG_HALF);
	link_rig_send(r->socket, &ring, sizeof(ring), NULL, 0);
}

/* The first memory that it is told of is the other's queue pair. */
static void
heard(struct link_rig *r, const struct link_packet *p, int fd)
{
	if (p->kind == LINK_HELLO && r->theirs == NULL)
		r->theirs = map(fd, LINK_PAGE_BYTES);
	if (p->kind != LINK_SHARE || r->host != NULL)
		return;
	r->host = map(fd, HALF_BYTES);
	r->host_at = p->address;
}

void
link_rig_hear(struct link_rig *r)
{
	struct link_packet p;
	ssize_t n;
	int fd;

	do {
		fd = -1;
		n = scif_host_receive(r->socket, &p, sizeof(p), &fd, NULL);
		if (n == sizeof(p) && fd >= 0)
			heard(r, &p, fd);
		if (n > 0 && fd >= 0)
			close(fd);
	} while (n > 0);
}

void
link_rig_message(struct link_rig *r, const struct scif_message *m)
{
	const struct link_packet ring = {.kind = LINK_RING, .version = 1};

	if (r->host == NULL)
		return;
	for (size_t i = 0; i < sizeof(*m); i++)
		r->host->ring[(r->out + i) % SCIF_NODE_RING_SIZE] = ((const uint8_t *)m)[i];
	r->out = (r->out + sizeof(*m)) % SCIF_NODE_RING_SIZE;
	atomic_store(&r->host->local_write, r->out);
	link_rig_send(r->socket, &ring, sizeof(ring), NULL, 0);
}

/* Serve until it has what it waits for; not for ever, as it may have been refused. */
static void
serve_until(struct link_rig *r, struct scif_host *host, void *const *wanted)
{
	for (unsigned int i = 0; i < 30 && *wanted == NULL; i++) {
		scif_host_serve(host, 0);
		link_rig_hear(r);
	}
}

bool
link_rig_join(struct link_rig *r, struct scif_host *host)
{
	const struct scif_message init = {.src.node = r->node, .op = SCIF_INIT};

	link_rig_hello(r);
	serve_until(r, host, (void *const *)&r->theirs);
	link_rig_publish(r);
	serve_until(r, host, (void *const *)&r->host);
	link_rig_message(r, &init);
	for (unsigned int i = 0; i < 10; i++)
		scif_host_serve(host, 0);
	return scif_engine_node_online(host->engine, r->node);
}
