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
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif_host_rig.h"
#include "scif_path.h"
#include "scif_priv.h"

/* Sockets whose end the kernel waits for, wherever they are passed to a node; and a node without
 * descriptors. Nobody is held up.
 */

#define LINGER_S 2

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
	host_rig_join(&r);
	for (int i = 0; i < 3; i++)
		fd[i] = lingering(&other[i]);
	/* It makes no sense, and what is behind it is never read: an empty packet, and another. */
	assert_int_equal(link_rig_send(r.socket, &none, sizeof(none), &fd[0], 1), 0);
	assert_int_equal(link_rig_send(r.socket, "", 0, &fd[1], 1), 0);
	assert_int_equal(link_rig_send(r.socket, &none, sizeof(none), &fd[2], 1), 0);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	start = host_rig_now_ns();
	host_rig_serve();
	assert_null(host_rig.host->links);
	assert_true(host_rig_now_ns() - start < LINGER_S * HOST_RIG_NS_PER_S / 2);
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
	host_rig_join(&r);
	send_lingering(r.socket, &ring, sizeof(ring), other);
	start = host_rig_now_ns();
	host_rig_serve();
	assert_true(host_rig_now_ns() - start < LINGER_S * HOST_RIG_NS_PER_S / 2);
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
		start = host_rig_now_ns();
		scif_host_serve(host_rig.host, 0);
		close(fd);
		host_rig_serve();
		assert_true(host_rig_now_ns() - start < LINGER_S * HOST_RIG_NS_PER_S / 2);
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
	start = host_rig_now_ns();
	host_rig_serve();
	assert_null(host_rig.host->links);
	assert_true(host_rig_now_ns() - start < LINGER_S * HOST_RIG_NS_PER_S / 2);
	for (int i = 0; i < MANY; i++)
		close(other[i]);
}

static void
what_waits_at_a_node_that_ends_holds_it_up_for_nothing(void **state)
{
	int other[3][MANY], fd[3] = {link_rig_connect(0), host_rig_client(), control_socket()};
	uint64_t start, end_ns;

	(void)state;
	for (int i = 0; i < 3; i++)
		send_lingering(fd[i], "x", 1, other[i]);
	start = host_rig_now_ns();
	scif_host_destroy(host_rig.host);
	end_ns = host_rig_now_ns();
	assert_int_equal(host_rig_create(), 0);
	assert_true(end_ns - start < LINGER_S * HOST_RIG_NS_PER_S / 2);
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
		assert_int_equal(scif_host_ops.gate(host_rig.host, &gate), 0);
		send_lingering(gate.fd[0], "x", 1, other);
		start = host_rig_now_ns();
		if (shown == 1) {
			scif_host_ops.gate_show(host_rig.host, &gate, 0);
			scif_host_ops.gate_show(host_rig.host, &gate, POLLOUT);
		} else if (shown == 2) {
			scif_host_ops.gate_show(host_rig.host, &gate, POLLHUP);
		}
		scif_host_ops.gate_free(host_rig.host, &gate);
		assert_true(host_rig_now_ns() - start < LINGER_S * HOST_RIG_NS_PER_S / 2);
		for (int i = 0; i < MANY; i++)
			close(other[i]);
	}
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
	int client = control_socket(), fd[256];
	struct rlimit limit;
	unsigned int n;
	uint64_t start;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	n = use_up(fd, 256, 200);
	start = host_rig_now_ns();
	host_rig_serve();
	assert_true(host_rig_now_ns() - start < HOST_RIG_NS_PER_S / 2);
	assert_true(host_rig_is_over(client));
	assert_non_null(strstr(host_rig.said, "no descriptors left"));
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
	int other[MANY], pair[2], client = host_rig_client(), fd = -1;
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
	while (n < 200 && scif_host_ops.gate(host_rig.host, &gate[n]) == 0)
		n++;
	assert_in_range(n, 1, 199);
	/* A gate takes two: there may be one left. */
	one_left = scif_host_ops.memory(host_rig.host, SCIF_PAGE, &memory[0]) == 0;
	assert_int_equal(scif_host_ops.memory(host_rig.host, SCIF_PAGE, &memory[1]), -EMFILE);
	host_rig_serve();
	assert_non_null(strstr(host_rig.said, "no descriptors left"));
	assert_true(host_rig_is_over(client));
	start = host_rig_now_ns();
	assert_int_equal(scif_host_receive(pair[1], &byte, 1, &fd, NULL), 1);
	assert_true(host_rig_now_ns() - start < LINGER_S * HOST_RIG_NS_PER_S / 2);
	/* And what should be kept is not. */
	assert_int_equal(fd, SCIF_HOST_FD_LOST);
	if (one_left)
		scif_host_ops.memory_free(host_rig.host, &memory[0]);
	while (n > 0)
		scif_host_ops.gate_free(host_rig.host, &gate[--n]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < MANY; i++)
		close(other[i]);
	close(pair[0]);
	close(pair[1]);
	close(client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, host_rig_begin, host_rig_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_socket_that_lingers_holds_nobody_up),
		TEST(many_that_linger_hold_nobody_up),
		TEST(whoever_controls_holds_nobody_up),
		TEST(who_goes_before_he_is_taken_holds_nobody_up),
		TEST(what_waits_at_a_node_that_ends_holds_it_up_for_nothing),
		TEST(what_lingers_in_a_gate_holds_nobody_up),
		TEST(without_descriptors_who_controls_is_refused_at_once),
		TEST(without_descriptors_what_lingers_holds_nobody_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
