/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif_link_rig.h"
#include "scif_path.h"
#include "scif_priv.h"
#include "scif_test_rig.h"

/* What somebody at the other end of a link may pass, and when he may say nothing. */

#define OTHER    1u
#define LINGER_S 2
#define NS_PER_S UINT64_C(1000000000)

static struct scif_host *host;
static char said[512]; /* the last line */
static char before[512];
static unsigned int lines;

static void
log_line(void *arg, const char *line)
{
	(void)arg;
	lines++;
	memcpy(before, said, sizeof(before));
	snprintf(said, sizeof(said), "%s", line);
}

static int
begin(void **state)
{
	const struct scif_host_config config = {.log = log_line, .engine.quiet = true};

	(void)state;
	lines = 0;
	said[0] = '\0';
	assert_int_equal(rig_place(&rig_node), 0);
	return scif_host_create(&config, &host);
}

static int
end(void **state)
{
	(void)state;
	scif_host_destroy(host);
	rig_clean(&rig_node);
	return 0;
}

static void
serve(void)
{
	for (int i = 0; i < 10; i++)
		scif_host_serve(host, 0);
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void
come(struct link_rig *r)
{
	int fd = link_rig_connect(0);

	assert_true(fd >= 0);
	assert_int_equal(link_rig_begin(r, fd, OTHER), 0);
}

/* Come, and say hello. */
static struct scif_bus *
join(struct link_rig *r)
{
	come(r);
	link_rig_hello(r);
	serve();
	link_rig_hear(r);
	assert_non_null(host->engine->node[OTHER]);
	return host->engine->node[OTHER]->bus;
}

static void
pass(const struct link_rig *r, enum link_kind kind, uint64_t address, uint64_t size, int fd)
{
	const struct link_packet p = {
		.kind = kind, .version = 1, .node = r->node, .address = address, .size = size};

	assert_int_equal(link_rig_send(r->socket, &p, sizeof(p), &fd, fd >= 0), 0);
	if (fd >= 0)
		close(fd);
	serve();
}

/* ---- Descriptors ---- */

static void
what_came_with_an_empty_packet_is_closed(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd[2] = {0, 1}, client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	unsigned int descriptors;
	struct link_rig r;

	(void)state;
	assert_int_equal(scif_path(address.sun_path, 0, "sock"), 0);
	come(&r);
	descriptors = rig_descriptors();
	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(link_rig_send(client, "", 0, fd, 2), 0);
	assert_int_equal(link_rig_send(r.socket, "", 0, fd, 2), 0);
	serve();
	assert_null(host->links);
	assert_int_equal(rig_descriptors(), descriptors);
	link_rig_end(&r);
	close(client);
}

static int
client_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(scif_path(address.sun_path, 0, "sock"), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Its first bytes may be a request. */
static void
a_packet_that_is_no_request_ends_a_client(void **state)
{
	const struct scif_request hello[2] = {{.op = SCIF_REQUEST_HELLO, .arg = {1}}};
	const size_t len[] = {1, sizeof(hello[0]) - 1, sizeof(hello[0]) + 1, sizeof(hello)};
	unsigned int descriptors = rig_descriptors();
	int good = client_socket(), bad, pipes[2];
	struct scif_reply reply;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	for (unsigned int i = 0; i < 4; i++) {
		bad = client_socket();
		assert_int_equal(link_rig_send(bad, hello, len[i], pipes, 2), 0);
		serve();
		assert_int_equal(recv(bad, &reply, sizeof(reply), MSG_DONTWAIT), 0);
		assert_int_equal(lines, i + 1);
		assert_non_null(strstr(said, i < 2 ? "too few bytes is" : "too many bytes is"));
		close(bad);
	}
	assert_int_equal(link_rig_send(good, hello, sizeof(hello[0]), NULL, 0), 0);
	serve();
	assert_int_equal(recv(good, &reply, sizeof(reply), MSG_DONTWAIT), sizeof(reply));
	assert_int_equal(reply.error, 0);
	close(good);
	close(pipes[0]);
	close(pipes[1]);
	serve();
	assert_int_equal(rig_descriptors(), descriptors);
}

/* Descriptors on their way are limited, for all of this user together. */
static void
who_asks_has_read_what_was_sent(void **state)
{
	const struct scif_request hello = {.op = SCIF_REQUEST_HELLO, .arg = {1}};
	const struct scif_request open_one = {.op = SCIF_REQUEST_OPEN};
	unsigned int descriptors = rig_descriptors();
	int good = client_socket(), bad = client_socket();
	struct scif_reply reply;

	(void)state;
	/* Of those without it does not matter. */
	assert_int_equal(link_rig_send(bad, &open_one, sizeof(open_one), NULL, 0), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(link_rig_send(good, &hello, sizeof(hello), NULL, 0), 0);
		serve();
		assert_int_equal(recv(good, &reply, sizeof(reply), MSG_DONTWAIT), sizeof(reply));
		assert_int_equal(reply.error, 0);
	}
	assert_int_equal(lines, 0);
	assert_int_equal(link_rig_send(bad, &hello, sizeof(hello), NULL, 0), 0);
	serve();
	assert_int_equal(recv(bad, &reply, sizeof(reply), MSG_DONTWAIT), sizeof(reply));
	assert_int_equal(recv(bad, &reply, sizeof(reply), MSG_DONTWAIT), 0);
	assert_int_equal(lines, 1);
	assert_non_null(strstr(said, "does not read answers"));
	close(good);
	close(bad);
	serve();
	assert_int_equal(rig_descriptors(), descriptors);
}

static void
a_page_is_memory_that_stays_and_can_be_written(void **state)
{
	unsigned int descriptors = rig_descriptors();
	struct link_rig r;
	int fd;

	(void)state;
	for (enum link_rig_kind kind = 1; kind < LINK_RIG_KINDS; kind++) {
		lines = 0;
		come(&r);
		fd = link_rig_fd(kind, LINK_PAGE_BYTES);
		assert_true(fd >= 0 || kind == LINK_RIG_HUGE);
		pass(&r, LINK_HELLO, 0, 0, fd);
		assert_null(host->links);
		assert_null(host->engine->node[OTHER]);
		assert_int_equal(lines, 1);
		assert_string_equal(said, "link: node 1 is not taken, errno 71");
		link_rig_end(&r);
	}
	assert_int_equal(rig_descriptors(), descriptors);
}

static void
what_is_no_memory_ends_a_link(void **state)
{
	struct link_rig r;

	(void)state;
	for (enum link_rig_kind kind = LINK_RIG_PIPE; kind < LINK_RIG_KINDS; kind++) {
		lines = 0;
		join(&r);
		pass(&r, LINK_SHARE, LINK_MEMORY_SPAN, LINK_PAGE_BYTES,
		     link_rig_fd(kind, LINK_PAGE_BYTES));
		assert_null(host->links);
		assert_int_equal(lines, 1);
		assert_string_equal(said, "link to node 1: packet of kind 2 refused, errno 71");
		link_rig_end(&r);
	}
	join(&r);
	pass(&r, LINK_COPIES, LINK_MEMORY_SPAN, LINK_PAGE_BYTES, -1);
	assert_null(host->links);
	link_rig_end(&r);
}

static int
check_as(int flags)
{
	int fd = link_rig_fd(LINK_RIG_SEALED, SCIF_PAGE), other, ret;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = open(path, flags | O_CLOEXEC);
	assert_true(other >= 0);
	ret = scif_host_ops.memory_check(host, other, SCIF_PAGE);
	close(other);
	close(fd);
	return ret;
}

/* The node opens it once more for others, with permissions of its own. */
static void
memory_is_what_its_client_may_read(void **state)
{
	(void)state;
	assert_int_equal(check_as(O_RDWR), 1);
	assert_int_equal(check_as(O_RDONLY), 1);
	assert_int_equal(check_as(O_WRONLY), -EACCES);
	assert_int_equal(check_as(O_PATH), -EACCES);
}

/* What this node does not touch itself is there for clients, who know. */
static void
memory_is_touched_where_nothing_can_fault(void **state)
{
	struct link_rig r;
	struct scif_bus *bus = join(&r);
	struct scif_view view;

	(void)state;
	for (enum link_rig_kind kind = 0; kind < LINK_RIG_PIPE; kind++) {
		uint64_t address = (kind + 1) * LINK_MEMORY_SPAN;
		int fd = link_rig_fd(kind, LINK_PAGE_BYTES);

		if (fd < 0)
			continue;
		pass(&r, LINK_SHARE, address, LINK_PAGE_BYTES, fd);
		assert_int_equal(bus->ops->map(bus, address, LINK_PAGE_BYTES, &view), 0);
		assert_int_equal(view.base != NULL, kind == LINK_RIG_SEALED);
		assert_int_equal(view.steady, kind == LINK_RIG_SEALED || kind == LINK_RIG_READER ||
						      kind == LINK_RIG_FIXED);
		bus->ops->unmap(bus, &view);
	}
	link_rig_end(&r);
}

static void
a_queue_pair_that_lets_nobody_write_is_none(void **state)
{
	char path[64];
	struct link_rig r;
	int fd;

	(void)state;
	join(&r);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", r.half_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	close(r.half_fd);
	r.half_fd = fd;
	link_rig_publish(&r);
	serve();
	assert_non_null(strstr(said, "no queue pair"));
	link_rig_end(&r);
}

/* Each of them is another one, and each is looked at. */
static void
publish_none(struct link_rig *r, uint64_t first, uint64_t count)
{
	const struct link_packet ring = {.kind = LINK_RING, .version = 1};

	for (uint64_t i = first; i < first + count; i++) {
		atomic_store(&r->theirs->qp, i);
		assert_int_equal(link_rig_send(r->socket, &ring, sizeof(ring), NULL, 0), 0);
		scif_host_serve(host, 0);
		link_rig_hear(r);
	}
}

static void
what_is_no_queue_pair_fills_no_disk(void **state)
{
	struct link_rig r;

	(void)state;
	join(&r);
	publish_none(&r, 1, 5000);
	assert_non_null(strstr(said, "no queue pair"));
	assert_in_range(lines, 10, 1500);
	/* Time has passed. */
	lines = 0;
	for (unsigned int i = 0; i < HOST_LINE_KINDS; i++)
		host->lines[i].at -= 1000000;
	publish_none(&r, 6000, 10);
	assert_in_range(lines, 11, 12);
	link_rig_end(&r);
}

/* Whoever has one line said again and again keeps no other from being said. */
static void
what_else_is_said_is_not_left_out(void **state)
{
	struct link_rig r;
	int client = client_socket();

	(void)state;
	join(&r);
	publish_none(&r, 1, 2000);
	assert_int_equal(link_rig_send(client, "", 1, NULL, 0), 0);
	serve();
	assert_non_null(strstr(said, "too few bytes is no request"));
	assert_non_null(strstr(before, " lines were left out"));
	link_rig_end(&r);
	serve();
	assert_string_equal(said, "link to node 1: ended before that was online");
	close(client);
}

/* ---- Sockets that linger ---- */

/* One whose end is waited for: nobody reads what was sent. `other` is who does not. */
static int
lingering(int *other)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct linger linger = {1, LINGER_S};
	static const char bytes[65536];
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, len), 0);
	*other = accept(listener, NULL, NULL);
	close(listener);
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return fd;
}

static void
a_socket_that_lingers_holds_nobody_up(void **state)
{
	const struct link_packet none = {.kind = 77, .version = 1};
	int other[3], fd[3];
	struct link_rig r;
	uint64_t start;

	(void)state;
	join(&r);
	for (int i = 0; i < 3; i++)
		fd[i] = lingering(&other[i]);
	/* It makes no sense, and what is behind it is never read: an empty packet, and another. */
	assert_int_equal(link_rig_send(r.socket, &none, sizeof(none), &fd[0], 1), 0);
	assert_int_equal(link_rig_send(r.socket, "", 0, &fd[1], 1), 0);
	assert_int_equal(link_rig_send(r.socket, &none, sizeof(none), &fd[2], 1), 0);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	start = now_ns();
	serve();
	assert_null(host->links);
	assert_true(now_ns() - start < LINGER_S * NS_PER_S / 2);
	for (int i = 0; i < 3; i++)
		close(other[i]);
	link_rig_end(&r);
}

/* Send many, of which none is needed, in one message; and be the only one who knew of them. */
#define MANY 40

static void
send_lingering(int to, const void *bytes, size_t len, int other[MANY])
{
	char control[CMSG_SPACE(MANY * sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)bytes, len};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fd[MANY];

	for (int i = 0; i < MANY; i++)
		fd[i] = lingering(&other[i]);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), fd, sizeof(fd));
	assert_int_equal(sendmsg(to, &msg, MSG_DONTWAIT | MSG_NOSIGNAL), len);
	for (int i = 0; i < MANY; i++)
		close(fd[i]);
}

static void
many_that_linger_hold_nobody_up(void **state)
{
	const struct link_packet ring = {.kind = LINK_RING, .version = 1};
	int other[MANY];
	struct link_rig r;
	uint64_t start;

	(void)state;
	join(&r);
	send_lingering(r.socket, &ring, sizeof(ring), other);
	start = now_ns();
	serve();
	assert_true(now_ns() - start < LINGER_S * NS_PER_S / 2);
	for (int i = 0; i < MANY; i++)
		close(other[i]);
	link_rig_end(&r);
}

static int
control_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(scif_path(address.sun_path, 0, "ctl"), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* With a request, with a part of one, and behind more than one may have. */
static void
whoever_controls_holds_nobody_up(void **state)
{
	static const char *const text[] = {"nodes\n", "no", "more"};
	static char most[CTL_REQUEST_MAX];
	int other[MANY], fd;
	uint64_t start;

	(void)state;
	memset(most, 'x', sizeof(most));
	for (int i = 0; i < 3; i++) {
		fd = control_socket();
		if (i == 2)
			assert_int_equal(send(fd, most, sizeof(most), 0), sizeof(most));
		send_lingering(fd, text[i], strlen(text[i]), other);
		start = now_ns();
		scif_host_serve(host, 0);
		close(fd);
		serve();
		assert_true(now_ns() - start < LINGER_S * NS_PER_S / 2);
		for (int j = 0; j < MANY; j++)
			close(other[j]);
	}
}

/* What he passed is with a socket that is not served. */
static void
who_goes_before_he_is_taken_holds_nobody_up(void **state)
{
	int other[MANY], fd = link_rig_connect(0);
	uint64_t start;

	(void)state;
	send_lingering(fd, "", 1, other);
	close(fd);
	start = now_ns();
	serve();
	assert_null(host->links);
	assert_true(now_ns() - start < LINGER_S * NS_PER_S / 2);
	for (int i = 0; i < MANY; i++)
		close(other[i]);
}

static void
what_waits_at_a_node_that_ends_holds_it_up_for_nothing(void **state)
{
	const struct scif_host_config config = {.log = log_line, .engine.quiet = true};
	int other[3][MANY], fd[3] = {link_rig_connect(0), client_socket(), control_socket()};
	uint64_t start, end_ns;

	(void)state;
	for (int i = 0; i < 3; i++)
		send_lingering(fd[i], "x", 1, other[i]);
	start = now_ns();
	scif_host_destroy(host);
	end_ns = now_ns();
	assert_int_equal(scif_host_create(&config, &host), 0);
	assert_true(end_ns - start < LINGER_S * NS_PER_S / 2);
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < MANY; j++)
			close(other[i][j]);
		close(fd[i]);
	}
}

/* A gate has two ends, and what its client writes into one is at the other: until the node takes it
 * out, or closes the gate.
 */
static void
what_lingers_in_a_gate_holds_nobody_up(void **state)
{
	struct scif_gate gate;
	int other[MANY];
	uint64_t start;

	(void)state;
	for (int shown = 0; shown < 3; shown++) {
		assert_int_equal(scif_host_ops.gate(host, &gate), 0);
		send_lingering(gate.fd[0], "x", 1, other);
		start = now_ns();
		if (shown == 1) {
			scif_host_ops.gate_show(host, &gate, 0);
			scif_host_ops.gate_show(host, &gate, POLLOUT);
		} else if (shown == 2) {
			scif_host_ops.gate_show(host, &gate, POLLHUP);
		}
		scif_host_ops.gate_free(host, &gate);
		assert_true(now_ns() - start < LINGER_S * NS_PER_S / 2);
		for (int i = 0; i < MANY; i++)
			close(other[i]);
	}
}

/* ---- Addresses, and time ---- */

/* QEMU's user mode asks for as much memory without a file first, and that is refused. */
static bool
can_map(uint64_t size)
{
	int fd = link_rig_fd(LINK_RIG_SEALED, size);
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	return base != MAP_FAILED && munmap(base, size) == 0;
}

static void
a_link_has_no_more_mapped_than_its_share(void **state)
{
	uint64_t address, size = LINK_MAPPED_MAX / 2;
	struct scif_bus *bus;
	struct scif_view view;
	struct link_rig r;

	(void)state;
	if (!can_map(size))
		skip();
	bus = join(&r);
	/* One of the halves has the page in it. */
	for (unsigned int i = 1; i <= 4; i++) {
		address = i * LINK_MEMORY_SPAN;
		if (i == 4)
			pass(&r, LINK_UNSHARE, LINK_MEMORY_SPAN, 0, -1);
		pass(&r, LINK_SHARE, address, size, link_rig_fd(LINK_RIG_SEALED, size));
		assert_int_equal(bus->ops->map(bus, address, size, &view), 0);
		assert_true(view.steady);
		assert_int_equal(view.base != NULL, i == 1 || i == 4);
		bus->ops->unmap(bus, &view);
	}
	link_rig_end(&r);
}

/* The other side keeps it until then, and what it is the memory of may be gone. */
static void
what_is_shared_no_more_is_told_once_there_is_room(void **state)
{
	struct scif_memory memory = {.size = SCIF_PAGE};
	struct link_rig r;
	struct scif_bus *bus = join(&r);
	struct host_link *link = host->links;
	uint64_t address[1000];
	uint32_t shared = link->nb_shared;

	(void)state;
	memory.fd = link_rig_fd(LINK_RIG_SEALED, memory.size);
	for (unsigned int i = 0; i < 1000; i++) {
		assert_int_equal(bus->ops->share(bus, &memory, &address[i]), 0);
		link_rig_hear(&r);
	}
	for (unsigned int i = 0; i < 1000; i++)
		bus->ops->unshare(bus, address[i]);
	assert_true(link->nb_owed > 0);
	for (unsigned int i = 0; i < 1000 && link->nb_owed > 0; i++) {
		link_rig_hear(&r);
		scif_host_serve(host, 10);
	}
	assert_int_equal(link->nb_owed, 0);
	assert_int_equal(link->nb_shared, shared);
	close(memory.fd);
	link_rig_end(&r);
}

/* Has the other side ended it? */
static bool
is_over(int socket)
{
	char bytes[256];
	ssize_t n;

	do
		n = recv(socket, bytes, sizeof(bytes), MSG_DONTWAIT);
	while (n > 0);
	return n == 0 || errno != EAGAIN;
}

static void
who_says_nothing_has_to_go(void **state)
{
	int fd[SCIF_NODES_MAX + 1];
	struct link_rig r;

	(void)state;
	join(&r);
	for (unsigned int i = 0; i <= SCIF_NODES_MAX; i++) {
		fd[i] = link_rig_connect(0);
		assert_true(fd[i] >= 0);
		scif_host_serve(host, 0);
		scif_host_serve(host, 0);
	}
	assert_true(is_over(fd[0]));
	assert_false(is_over(fd[1]));
	assert_int_equal(lines, 1);
	assert_int_equal(scif_host_links_expire(host, now_ns() + 1 * NS_PER_S) > now_ns(), 1);
	assert_false(is_over(fd[1]));
	scif_host_links_expire(host, now_ns() + 4 * NS_PER_S);
	for (unsigned int i = 0; i <= SCIF_NODES_MAX; i++) {
		assert_true(is_over(fd[i]));
		close(fd[i]);
	}
	assert_non_null(host->engine->node[OTHER]);
	assert_null(host->links->next);
	link_rig_end(&r);
}

/* Have this process open as many as it may. */
static unsigned int
use_up(int fd[], unsigned int room, rlim_t limit)
{
	struct rlimit most;
	unsigned int n = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &most), 0);
	most.rlim_cur = limit;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &most), 0);
	while (n < room && (fd[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		n++;
	assert_in_range(n, 1, room - 1);
	return n;
}

static void
without_descriptors_who_controls_is_refused_at_once(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd[256];
	struct rlimit limit;
	unsigned int n;
	uint64_t start;

	(void)state;
	assert_int_equal(scif_path(address.sun_path, 0, "ctl"), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	n = use_up(fd, 256, 200);
	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	start = now_ns();
	serve();
	assert_true(now_ns() - start < NS_PER_S / 2);
	assert_true(is_over(client));
	assert_non_null(strstr(said, "no descriptors left"));
	while (n > 0)
		close(fd[--n]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	close(client);
}

/* Who is at the limit still receives all that may be passed at once, or the kernel closes it. */
static void
without_descriptors_what_lingers_holds_nobody_up(void **state)
{
	struct rlimit limit, most;
	struct scif_gate gate[200];
	struct scif_memory memory[2] = {0};
	bool one_left;
	int other[MANY], pair[2], client = client_socket(), fd = -1;
	unsigned int n = 0;
	uint64_t start;
	char byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	send_lingering(pair[0], "x", 1, other);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	most = limit;
	most.rlim_cur = 400;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &most), 0);
	while (n < 200 && scif_host_ops.gate(host, &gate[n]) == 0)
		n++;
	assert_in_range(n, 1, 199);
	/* A gate takes two: there may be one left. */
	one_left = scif_host_ops.memory(host, SCIF_PAGE, &memory[0]) == 0;
	assert_int_equal(scif_host_ops.memory(host, SCIF_PAGE, &memory[1]), -EMFILE);
	serve();
	assert_non_null(strstr(said, "no descriptors left"));
	assert_true(is_over(client));
	start = now_ns();
	assert_int_equal(scif_host_receive(pair[1], &byte, 1, &fd, NULL), 1);
	assert_true(now_ns() - start < LINGER_S * NS_PER_S / 2);
	/* And what should be kept is not. */
	assert_int_equal(fd, SCIF_HOST_FD_LOST);
	if (one_left)
		scif_host_ops.memory_free(host, &memory[0]);
	while (n > 0)
		scif_host_ops.gate_free(host, &gate[--n]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < MANY; i++)
		close(other[i]);
	close(pair[0]);
	close(pair[1]);
	close(client);
}

static void
a_link_that_ends_too_early_is_told_of(void **state)
{
	struct link_rig r;

	(void)state;
	join(&r);
	link_rig_end(&r);
	serve();
	assert_null(host->links);
	assert_string_equal(said, "link to node 1: ended before that was online");
	assert_int_equal(lines, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_came_with_an_empty_packet_is_closed, begin,
						end),
		cmocka_unit_test_setup_teardown(a_packet_that_is_no_request_ends_a_client, begin,
						end),
		cmocka_unit_test_setup_teardown(who_asks_has_read_what_was_sent, begin, end),
		cmocka_unit_test_setup_teardown(a_page_is_memory_that_stays_and_can_be_written,
						begin, end),
		cmocka_unit_test_setup_teardown(what_is_no_memory_ends_a_link, begin, end),
		cmocka_unit_test_setup_teardown(memory_is_what_its_client_may_read, begin, end),
		cmocka_unit_test_setup_teardown(memory_is_touched_where_nothing_can_fault, begin,
						end),
		cmocka_unit_test_setup_teardown(a_queue_pair_that_lets_nobody_write_is_none, begin,
						end),
		cmocka_unit_test_setup_teardown(what_is_no_queue_pair_fills_no_disk, begin, end),
		cmocka_unit_test_setup_teardown(what_else_is_said_is_not_left_out, begin, end),
		cmocka_unit_test_setup_teardown(a_socket_that_lingers_holds_nobody_up, begin, end),
		cmocka_unit_test_setup_teardown(many_that_linger_hold_nobody_up, begin, end),
		cmocka_unit_test_setup_teardown(whoever_controls_holds_nobody_up, begin, end),
		cmocka_unit_test_setup_teardown(who_goes_before_he_is_taken_holds_nobody_up, begin,
						end),
		cmocka_unit_test_setup_teardown(
			what_waits_at_a_node_that_ends_holds_it_up_for_nothing, begin, end),
		cmocka_unit_test_setup_teardown(what_lingers_in_a_gate_holds_nobody_up, begin, end),
		cmocka_unit_test_setup_teardown(a_link_has_no_more_mapped_than_its_share, begin,
						end),
		cmocka_unit_test_setup_teardown(what_is_shared_no_more_is_told_once_there_is_room,
						begin, end),
		cmocka_unit_test_setup_teardown(who_says_nothing_has_to_go, begin, end),
		cmocka_unit_test_setup_teardown(without_descriptors_who_controls_is_refused_at_once,
						begin, end),
		cmocka_unit_test_setup_teardown(without_descriptors_what_lingers_holds_nobody_up,
						begin, end),
		cmocka_unit_test_setup_teardown(a_link_that_ends_too_early_is_told_of, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
