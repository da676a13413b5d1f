/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_peer.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* How long a server of another thread may take. */
#define PATIENCE_MS 5000

static const char
	greeting[] = "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,"
		     "\"write_multiple\":true}}";

/* ---- What the process has ---- */

unsigned int
peer_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	/* ".", "..", and the directory itself. */
	return n - 3;
}

/* Of files that peers hand over: the allocator maps anonymous memory as it likes. */
unsigned int
peer_mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	unsigned int n = 0;
	char line[512];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		n += strstr(line, "memfd:peer-memory") != NULL;
	fclose(file);
	return n;
}

int
peer_memory(size_t size)
{
	int fd = memfd_create("peer-memory", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

int
peer_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

uint64_t
peer_fired(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/* ---- Before and after ---- */

static void
on_log(void *arg, const char *line)
{
	struct peer *p = arg;

	p->lines++;
	snprintf(p->line, sizeof(p->line), "%s", line);
	assert_null(strchr(line, '\n'));
}

static void
on_came(void *arg, pid_t pid, uid_t uid)
{
	(void)pid;
	(void)uid;
	((struct peer *)arg)->came++;
}

static void
on_gone(void *arg)
{
	((struct peer *)arg)->gone++;
}

static void
plug(struct peer *p)
{
	p->device.host = vfu_server_host(p->server);
	vfu_server_plug(p->server, &p->device.dev);
}

static void
connect_pair(struct peer *p)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(vfu_server_open_fd(&p->config, pair[1], &p->server), 0);
	p->fd = pair[0];
	p->closed = false;
	plug(p);
}

int
peer_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
connect_path(struct peer *p)
{
	p->fd = peer_connect(p->path);
	assert_true(p->fd >= 0);
	p->closed = false;
	peer_pump(p);
}

static int
setup(void **state, bool submits, bool share, bool greeted)
{
	struct peer *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	assert_int_equal(peer_device_create(&p->device, submits), 0);
	p->config = (struct vfu_server_config){
		.share = share,
		.about = "{\"device\":\"peer\",\"version\":\"1\"}",
		.events = {.log = on_log, .came = on_came, .gone = on_gone},
		.arg = p,
	};
	p->fds = peer_open_fds();
	p->maps = peer_mappings();
	connect_pair(p);
	if (greeted)
		peer_version(p, greeting);
	peer_look_away(p);
	*state = p;
	return 0;
}

int
peer_setup(void **state)
{
	return setup(state, false, false, false);
}

int
peer_setup_submits(void **state)
{
	return setup(state, true, false, false);
}

int
peer_setup_shares(void **state)
{
	return setup(state, false, true, false);
}

int
peer_setup_greeted(void **state)
{
	return setup(state, false, false, true);
}

int
peer_setup_submits_greeted(void **state)
{
	return setup(state, true, false, true);
}

int
peer_setup_listens(void **state)
{
	struct peer *p;

	setup(state, false, false, false);
	p = *state;
	peer_hang_up(p);
	vfu_server_close(p->server);
	snprintf(p->path, sizeof(p->path), "/tmp/vfu-peer-%d", (int)getpid());
	p->config.path = p->path;
	p->config.mode = 0600;
	assert_int_equal(vfu_server_open(&p->config, &p->server), 0);
	plug(p);
	connect_path(p);
	peer_version(p, greeting);
	p->gone = 0;
	peer_look_away(p);
	return 0;
}

void
peer_hang_up(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->greeted = false;
	peer_close_received(p);
	peer_pump(p);
}

int
peer_teardown(void **state)
{
	struct peer *p = *state;

	peer_hang_up(p);
	vfu_server_close(p->server);
	assert_int_equal(peer_open_fds(), p->fds);
	assert_int_equal(peer_mappings(), p->maps);
	peer_device_destroy(&p->device);
	free(p);
	return 0;
}

void
peer_reopen(struct peer *p)
{
	peer_hang_up(p);
	if (p->path[0] != '\0') {
		connect_path(p);
	} else {
		vfu_server_close(p->server);
		connect_pair(p);
	}
	peer_version(p, greeting);
	peer_look_away(p);
}

/* ---- Bytes there and back ---- */

void
peer_pump(struct peer *p)
{
	struct pollfd poll_fd = {.fd = vfu_server_fd(p->server), .events = POLLIN};

	/* A server that has always something to do is one that spins. */
	for (unsigned int i = 0; i < 100000; i++) {
		if (poll(&poll_fd, 1, 0) <= 0)
			return;
		while (vfu_server_work(p->server) > 0)
			;
	}
	fail_msg("the server's descriptor stays readable");
}

/* A control message of `fds` descriptors, for the first byte that is sent. */
static ssize_t
send_some(int to, const void *bytes, size_t len, const int fd[], unsigned int fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(256 * sizeof(int))] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fds > 0) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds * sizeof(int));
		memcpy(CMSG_DATA(c), fd, fds * sizeof(int));
	}
	return sendmsg(to, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
wait_for(struct peer *p, short events)
{
	struct pollfd poll_fd = {.fd = p->fd, .events = events};

	if (p->threaded)
		assert_true(poll(&poll_fd, 1, PATIENCE_MS) > 0);
	else
		peer_pump(p);
}

bool
peer_send_raw(struct peer *p, const void *bytes, size_t len, const int fd[], unsigned int fds)
{
	const unsigned char *at = bytes;
	ssize_t sent;
	unsigned int stuck = 0;

	while (len > 0) {
		sent = send_some(p->fd, at, len, fd, fds);
		if (sent < 0 && errno == EAGAIN && stuck++ < 1000) {
			wait_for(p, POLLOUT);
			continue;
		}
		if (sent < 0) {
			assert_true(errno == EPIPE || errno == ECONNRESET);
			return false;
		}
		stuck = 0;
		fds = 0;
		at += sent;
		len -= (size_t)sent;
	}
	return true;
}

uint16_t
peer_send(struct peer *p, uint16_t command, uint32_t flags, const struct peer_bytes *b,
	  const int fd[], unsigned int fds)
{
	struct peer_bytes all = {.len = 0};
	size_t len = b == NULL ? 0 : b->len;

	p->id = (uint16_t)(p->id * 31 + 7);
	peer_put_header(&all, p->id, command, flags, len);
	if (len > 0)
		peer_put_bytes(&all, b->at, len);
	assert_int_equal(all.len, PEER_HEADER + len);
	peer_send_raw(p, all.at, all.len, fd, fds);
	return p->id;
}

void
peer_close_received(struct peer *p)
{
	for (unsigned int i = 0; i < p->m.fds; i++)
		close(p->m.fd[i]);
	p->m.fds = 0;
}

static void
keep_fds(struct peer *p, struct msghdr *msg)
{
	struct cmsghdr *c;

	assert_int_equal(msg->msg_flags & MSG_CTRUNC, 0);
	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		assert_int_equal(c->cmsg_type, SCM_RIGHTS);
		assert_true(n + p->m.fds <= PEER_FDS);
		memcpy(p->m.fd + p->m.fds, CMSG_DATA(c), n * sizeof(int));
		p->m.fds += (unsigned int)n;
	}
}

/* As many bytes as there are: 0 when there are none, or no more will come. */
static size_t
receive_some(struct peer *p, unsigned char *at, size_t len)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(PEER_FDS * sizeof(int))];
	struct iovec iov = {.iov_base = at, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t n;

	if (p->fd < 0 || p->closed)
		return 0;
	wait_for(p, POLLIN);
	n = recvmsg(p->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		p->closed = true;
		return 0;
	}
	keep_fds(p, &msg);
	return (size_t)n;
}

static bool
receive_all(struct peer *p, unsigned char *at, size_t len)
{
	size_t n;

	for (; len > 0; at += n, len -= n) {
		n = receive_some(p, at, len);
		if (n == 0)
			return false;
	}
	return true;
}

bool
peer_receive(struct peer *p)
{
	unsigned char header[PEER_HEADER];
	size_t n;

	peer_close_received(p);
	n = receive_some(p, header, sizeof(header));
	if (n == 0)
		return false;
	/* A header comes in one piece: some clients cannot put it together. */
	assert_int_equal(n, sizeof(header));
	p->m.id = (uint16_t)peer_get(header, 0, 2);
	p->m.command = (uint16_t)peer_get(header, 2, 2);
	p->m.size = (uint32_t)peer_get(header, 4, 4);
	p->m.flags = (uint32_t)peer_get(header, 8, 4);
	p->m.error = (uint32_t)peer_get(header, 12, 4);
	assert_in_range(p->m.size, PEER_HEADER, PEER_HEADER + sizeof(p->m.at));
	p->m.len = p->m.size - PEER_HEADER;
	assert_true(receive_all(p, p->m.at, p->m.len));
	return true;
}

/* ---- Commands ---- */

void
peer_call_fds(struct peer *p, uint16_t command, const struct peer_bytes *b, const int fd[],
	      unsigned int fds)
{
	uint16_t id = peer_send(p, command, PEER_COMMAND, b, fd, fds);

	assert_true(peer_receive(p));
	assert_int_equal(p->m.id, id);
	assert_int_equal(p->m.command, command);
	if (p->m.flags != PEER_REPLY)
		fail_msg("command %u: flags 0x%x, error %u: %s", command, p->m.flags, p->m.error,
			 p->line);
}

void
peer_call(struct peer *p, uint16_t command, const struct peer_bytes *b)
{
	peer_call_fds(p, command, b, NULL, 0);
}

void
peer_refused_fds(struct peer *p, uint16_t command, const struct peer_bytes *b, const int fd[],
		 unsigned int fds, uint32_t error)
{
	uint64_t refused = vfu_server_stats(p->server)->refused;
	unsigned int lines = p->lines;
	uint16_t id = peer_send(p, command, PEER_COMMAND, b, fd, fds);

	assert_true(peer_receive(p));
	assert_int_equal(p->m.id, id);
	assert_int_equal(p->m.command, command);
	assert_int_equal(p->m.size, PEER_HEADER);
	assert_int_equal(p->m.flags, PEER_REPLY | PEER_ERROR);
	assert_int_equal(p->m.error, error);
	assert_int_equal(p->m.fds, 0);
	assert_int_equal(vfu_server_stats(p->server)->refused, refused + 1);
	/* A line each, until there are so many that more would drown the rest. */
	assert_in_range(p->lines, refused < 10 ? lines + 1 : lines, lines + 1);
	peer_still_there(p);
}

void
peer_refused(struct peer *p, uint16_t command, const struct peer_bytes *b, uint32_t error)
{
	peer_refused_fds(p, command, b, NULL, 0, error);
}

void
peer_refused_somehow(struct peer *p, uint16_t command, uint32_t flags, const struct peer_bytes *b,
		     const int fd[], unsigned int fds)
{
	uint16_t id = peer_send(p, command, flags, b, fd, fds);

	if (!peer_receive(p)) {
		assert_true(p->closed);
		assert_false(vfu_server_has_client(p->server));
		return;
	}
	assert_int_equal(p->m.id, id);
	assert_int_equal(p->m.size, PEER_HEADER);
	assert_int_equal(p->m.flags, PEER_REPLY | PEER_ERROR);
	assert_int_not_equal(p->m.error, 0);
	if (!peer_receive(p) && !p->closed && p->greeted)
		peer_still_there(p);
}

void
peer_hung_up(struct peer *p)
{
	if (peer_receive(p))
		assert_int_equal(p->m.flags, PEER_REPLY | PEER_ERROR);
	assert_false(peer_receive(p));
	assert_true(p->closed);
	assert_false(vfu_server_has_client(p->server));
}

void
peer_still_there(struct peer *p)
{
	struct peer_bytes b = peer_info_body(16, 0, 16);

	assert_false(peer_receive(p));
	assert_false(p->closed);
	peer_call(p, PEER_GET_INFO, &b);
	assert_false(peer_receive(p));
}

void
peer_version(struct peer *p, const char *json)
{
	struct peer_bytes b = {.len = 0};

	peer_put(&b, 0, 4);
	if (json != NULL)
		peer_put_bytes(&b, json, strlen(json) + 1);
	peer_call(p, PEER_VERSION, &b);
	p->greeted = true;
}
