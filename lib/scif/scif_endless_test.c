/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif_link_rig.h"
#include "scif_path.h"
#include "scif_priv.h"
#include "scif_test_rig.h"

/* Clients and nodes that write into a socket as fast as the engine takes it out; and more that is
 * passed than may be.
 */

#define WRITES_MAX 100000u

static int writes_to = -1; /* the same again */
static int rings_to = -1;  /* RING of a link */
static unsigned int writes;

ssize_t __real_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags);

ssize_t
__wrap_recvmsg(int fd, struct msghdr *msg, int flags)
{
	const struct link_packet ring = {.kind = LINK_RING, .version = 1};
	ssize_t n = __real_recvmsg(fd, msg, flags);

	if (n <= 0 || ++writes >= WRITES_MAX)
		return n;
	if (writes_to >= 0)
		send(writes_to, msg->msg_iov->iov_base, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (rings_to >= 0)
		link_rig_send(rings_to, &ring, sizeof(ring), NULL, 0);
	return n;
}

/* Another connects as one is taken: by this, though the path has gone. */
static int connects_by = -1;
static unsigned int taken;

int __real_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);

static void
connect_one(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", connects_by);
	connect(fd, (struct sockaddr *)&address, sizeof(address));
	close(fd);
}

int
__wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	int made = __real_accept4(fd, address, len, flags);

	if (made >= 0 && connects_by >= 0 && ++taken < 1000)
		connect_one();
	return made;
}

/* As many descriptors are on their way as may be: not root's own limit. */
static bool full;

ssize_t __real_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (!full || msg->msg_controllen == 0)
		return __real_sendmsg(fd, msg, flags);
	errno = ETOOMANYREFS;
	return -1;
}

static bool
shows(const struct scif_gate *gate, short event)
{
	struct pollfd p = {.fd = gate->fd[0], .events = event};

	return poll(&p, 1, 0) == 1 && (p.revents & event) != 0;
}

static void
room_is_shown_and_not_shown(void **state)
{
	struct scif_gate gate;

	(void)state;
	assert_int_equal(scif_host_ops.gate(NULL, &gate), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(shows(&gate, POLLOUT));
		scif_host_ops.gate_show(NULL, &gate, POLLIN);
		assert_false(shows(&gate, POLLOUT));
		assert_true(shows(&gate, POLLIN));
		scif_host_ops.gate_show(NULL, &gate, POLLOUT);
		assert_false(shows(&gate, POLLIN));
	}
	scif_host_ops.gate_free(NULL, &gate);
}

static void
who_writes_into_a_gate_holds_nobody_up(void **state)
{
	struct scif_gate gate;

	(void)state;
	assert_int_equal(scif_host_ops.gate(NULL, &gate), 0);
	scif_host_ops.gate_show(NULL, &gate, 0);
	writes = 0;
	writes_to = gate.fd[0];
	scif_host_ops.gate_show(NULL, &gate, POLLOUT);
	writes_to = -1;
	assert_in_range(writes, 1, WRITES_MAX / 100);
	scif_host_ops.gate_free(NULL, &gate);
}

static void
who_rings_without_end_holds_nobody_up(void **state)
{
	const struct link_packet ring = {.kind = LINK_RING, .version = 1};
	const struct scif_host_config config = {.engine.quiet = true};
	struct scif_host *host;
	struct scif_bus *bus;
	struct scif_view view;
	struct link_rig r;

	(void)state;
	assert_int_equal(rig_place(&rig_node), 0);
	assert_int_equal(scif_host_create(&config, &host), 0);
	assert_int_equal(link_rig_begin(&r, link_rig_connect(0), 1), 0);
	assert_true(link_rig_join(&r, host));
	bus = host->engine->node[1]->bus;
	for (int i = 0; i < 100; i++)
		assert_int_equal(link_rig_send(r.socket, &ring, sizeof(ring), NULL, 0), 0);
	writes = 0;
	rings_to = r.socket;
	/* Nobody is told of that memory. */
	assert_int_equal(bus->ops->map(bus, 1, 1, &view), -EFAULT);
	rings_to = -1;
	assert_in_range(writes, 100, 1000);
	link_rig_end(&r);
	scif_host_destroy(host);
	rig_clean(&rig_node);
}

static void
log_line(void *arg, const char *line)
{
	snprintf(arg, 128, "%s", line);
}

/* Others may have sent them. */
static void
who_asks_while_too_many_are_on_their_way_is_refused(void **state)
{
	const struct scif_request rq = {.op = SCIF_REQUEST_HELLO, .arg = {1}};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char said[128] = "";
	const struct scif_host_config config = {.log = log_line, .arg = said};
	struct scif_reply reply;
	struct scif_host *host;

	(void)state;
	assert_int_equal(rig_place(&rig_node), 0);
	assert_int_equal(scif_host_create(&config, &host), 0);
	assert_int_equal(scif_path(address.sun_path, 0, "sock"), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	for (int i = 0; i < 3; i++) {
		full = i == 1;
		assert_int_equal(send(client, &rq, sizeof(rq), 0), sizeof(rq));
		for (int j = 0; j < 3; j++)
			scif_host_serve(host, 0);
		full = false;
		assert_int_equal(recv(client, &reply, sizeof(reply), MSG_DONTWAIT), sizeof(reply));
		assert_int_equal(reply.error, i == 1 ? ENOMEM : 0);
		assert_int_equal(reply.fds, i != 1);
	}
	assert_non_null(strstr(said, "too many descriptors are on their way"));
	close(client);
	scif_host_destroy(host);
	rig_clean(&rig_node);
}

static void
who_connects_without_end_holds_up_no_node_that_ends(void **state)
{
	const struct scif_host_config config = {0};
	char path[SCIF_PATH_MAX];
	struct scif_host *host;

	(void)state;
	assert_int_equal(rig_place(&rig_node), 0);
	assert_int_equal(scif_host_create(&config, &host), 0);
	assert_int_equal(scif_path(path, 0, "sock"), 0);
	connects_by = open(path, O_PATH | O_CLOEXEC);
	connect_one();
	scif_host_destroy(host);
	close(connects_by);
	connects_by = -1;
	assert_int_equal(taken, 1);
	rig_clean(&rig_node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_is_shown_and_not_shown),
		cmocka_unit_test(who_writes_into_a_gate_holds_nobody_up),
		cmocka_unit_test(who_asks_while_too_many_are_on_their_way_is_refused),
		cmocka_unit_test(who_rings_without_end_holds_nobody_up),
		cmocka_unit_test(who_connects_without_end_holds_up_no_node_that_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
