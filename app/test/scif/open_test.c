/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "test.h"

/* Statements 1 to 26: open, close, bind, listen. Those of one endpoint are asked of side C, which
 * is on the node that is not the first where there are two.
 */

#define NOBODY 65534

static int64_t
bound(uint16_t *port)
{
	int64_t ep = open_on(C), pn = call(do_bind, ep, 0);

	assert_true(pn > 0);
	*port = (uint16_t)pn;
	return ep;
}

static void
s001_open_gives_descriptors(void)
{
	int64_t one = call(do_open, SIDE(C)), other = call(do_open, SIDE(C));

	assert_true(one >= 0);
	assert_true(other >= 0);
	assert_int_not_equal(one, other);
}

static void
s002_new_endpoint_polls_err(void)
{
	assert_int_equal(call(do_poll, open_on(C), SCIF_POLLIN | SCIF_POLLOUT, 0), SCIF_POLLERR);
}

static void
s003_close_of_unbound(void)
{
	assert_int_equal(call(do_close, open_on(C)), 0);
}

static void
s004_second_close(void)
{
	int64_t ep = open_on(C);

	assert_int_equal(call(do_close, ep), 0);
	assert_fails_either(call(do_close, ep), EBADF, EINVAL);
}

static void
s005_bind_any_port(void)
{
	int64_t pn = call(do_bind, open_on(C), 0);

	assert_in_range(pn, 1088, 65535);
}

static void
s006_any_ports_differ(void)
{
	uint16_t one, other;

	bound(&one);
	bound(&other);
	assert_int_not_equal(one, other);
}

static void
s007_bind_free_port(void)
{
	assert_int_equal(call(do_bind, open_on(C), 1088), 1088);
	assert_int_equal(call(do_bind, open_on(C), 2050), 2050);
	assert_int_equal(call(do_bind, open_on(C), 65535), 65535);
}

static void
s008_bind_port_in_use(void)
{
	uint16_t port;

	bound(&port);
	assert_fails(call(do_bind, open_on(C), port), EINVAL);
}

static void
s009_bind_bound(void)
{
	uint16_t port;
	int64_t ep = bound(&port);

	assert_fails(call(do_bind, ep, 0), EINVAL);
	assert_fails(call(do_bind, ep, 3000), EINVAL);
}

static void
s010_bind_listening(void)
{
	uint16_t port;

	assert_fails(call(do_bind, listener_on(C, 1, &port), 0), EISCONN);
}

static void
s011_bind_connected(void)
{
	struct pair p = connected();

	assert_fails(call(do_bind, p.c, 0), EISCONN);
	assert_fails(call(do_bind, p.a, 0), EISCONN);
}

static void
s012_bind_needs_privilege(void)
{
	int64_t ep;

	if (geteuid() == 0)
		assert_int_equal(call(do_setuid, SIDE(C), NOBODY), 0);
	ep = open_on(C);
	assert_fails(call(do_bind, ep, 1), EACCES);
	assert_fails(call(do_bind, ep, 1023), EACCES);
	assert_true(call(do_bind, ep, 1088) == 1088);
}

static void
s013_privileged_bind(void)
{
	assert_int_equal(call(do_bind, open_on(C), 1), 1);
	assert_int_equal(call(do_bind, open_on(C), 1023), 1023);
}

static void
s014_bind_reserved_port(void)
{
	if (geteuid() == 0)
		assert_int_equal(call(do_setuid, SIDE(C), NOBODY), 0);
	assert_int_equal(call(do_bind, open_on(C), 1024), 1024);
	assert_int_equal(call(do_bind, open_on(C), 1087), 1087);
}

static void
s015_closed_port_is_free(void)
{
	uint16_t port;
	int64_t ep = bound(&port);

	assert_int_equal(call(do_close, ep), 0);
	assert_int_equal(call(do_bind, open_on(C), port), port);
}

static void
s016_port_stays_with_accepted(void)
{
	expect_port_shared();
}

/* What a process that takes ports tells. */
struct taker {
	int64_t said; /* 1 + how many it has */
	int64_t error; /* why not more */
	int64_t pid;
};

static _Noreturn void
bind_all(struct taker *taker)
{
	int64_t n = 0;
	int epd;

	while ((epd = scif_open()) >= 0 && scif_bind(epd, 0) > 0)
		n++;
	taker->error = errno;
	__atomic_store_n(&taker->said, n + 1, __ATOMIC_RELEASE);
	for (;;)
		pause();
}

/* One process more takes all the ports that it can, and holds them: how many. */
static int64_t
do_take_ports(const int64_t *args)
{
	struct taker *taker = (struct taker *)(uintptr_t)args[1];
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		bind_all(taker);
	}
	if (pid < 0)
		return -1;
	taker->pid = pid;
	while (__atomic_load_n(&taker->said, __ATOMIC_ACQUIRE) == 0)
		pause_ms(1);
	errno = (int)taker->error;
	return taker->said - 1;
}

/* As who was killed is looked after some time later. */
static int64_t
bind_once_there_is_a_port(int64_t ep)
{
	uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;
	int64_t pn;

	while ((pn = call(do_bind, ep, 0)) < 0 && fault == ENOSPC && now_ns() < end)
		pause_ms(5);
	return pn;
}

/* A process can have fewer endpoints than there are ports, so several take them. */
static void
s017_ports_run_out(void)
{
	struct taker *takers = (struct taker *)(void *)share;
	int64_t taken = 0, ep;

	fault = 0;
	for (unsigned int i = 0; i < 100 && fault != ENOSPC; i++)
		taken += call(do_take_ports, SIDE(C), AT(i * sizeof(*takers)));
	assert_int_equal(fault, ENOSPC);
	assert_true(taken == 65535 - 1088 || taken == 65535 - 1087);
	ep = open_on(C);
	assert_fails(call(do_bind, ep, 0), ENOSPC);
	kill((pid_t)takers[0].pid, SIGKILL);
	assert_true(bind_once_there_is_a_port(ep) >= 1088);
}

static void
s018_listen_unbound(void)
{
	assert_fails(call(do_listen, open_on(C), 1), EINVAL);
}

static void
s019_listen_bound(void)
{
	uint16_t port;

	assert_int_equal(call(do_listen, bound(&port), 1), 0);
}

static void
s020_listen_twice(void)
{
	uint16_t port;

	assert_fails(call(do_listen, listener_on(C, 1, &port), 1), EISCONN);
}

static void
s021_listen_connected(void)
{
	struct pair p = connected();

	assert_fails(call(do_listen, p.c, 1), EISCONN);
	assert_fails(call(do_listen, p.a, 1), EISCONN);
}

static void
s022_listen_without_backlog(void)
{
	uint16_t port;
	int64_t ep = bound(&port);

	assert_fails(call(do_listen, ep, 0), EINVAL);
	assert_fails(call(do_listen, ep, -1), EINVAL);
	assert_int_equal(call(do_listen, ep, 1), 0);
}

/* Begins that many connections; how many were refused at once, or as soon as it can be seen. */
static int64_t
do_knock(const int64_t *args)
{
	struct scif_portID to = {(uint16_t)args[1], (uint16_t)args[2]};
	struct scif_pollepd record = {.events = SCIF_POLLOUT};
	int64_t i, refused = 0;

	for (i = 0; i < args[3]; i++) {
		record.epd = scif_open();
		if (record.epd < 0 || fcntl(record.epd, F_SETFL, O_NONBLOCK) < 0)
			return -1;
		if (scif_connect(record.epd, &to) == 0 || errno != EINPROGRESS)
			return -1;
		/* Those that are queued have no end to be seen. */
		if (scif_poll(&record, 1, i < args[4] ? 0 : 1000) == 1)
			refused += scif_connect(record.epd, &to) < 0 && errno == ECONNREFUSED;
	}
	return refused;
}

static void
s023_backlog_of_5000(void)
{
	uint16_t port;

	listener_on(A, 5000, &port);
	assert_int_equal(call(do_knock, SIDE(C), node_of(A), port, 1030, 1024), 6);
}

static void
s024_close_ends_accept(void)
{
	uint16_t port;
	int64_t ep = listener_on(A, 1, &port);
	struct job *job = begin(do_accept, ep, SCIF_ACCEPT_SYNC);

	assert_true(job_runs_after(job, 50));
	assert_int_equal(call(do_close, ep), 0);
	assert_fails(job_end(job), EINTR);
}

static void
s025_get_fd_polls(void)
{
	struct pair p = connected();

	assert_true(call(do_get_fd, p.c) >= 0);
	assert_int_equal(call(do_poll_fd, p.c, POLLIN | POLLOUT, 0), POLLOUT);
	send_bytes(p.a, "x", 1);
	assert_int_equal(call(do_poll_fd, p.c, POLLIN, 5000), POLLIN);
	assert_int_equal(call(do_recv, p.c, AT(64), 1, SCIF_RECV_BLOCK), 1);
	assert_int_equal(call(do_poll_fd, p.c, POLLIN | POLLOUT, 0), POLLOUT);
	assert_int_equal(call(do_close, p.a), 0);
	assert_int_not_equal(call(do_poll_fd, p.c, 0, 5000) & POLLHUP, 0);
}

static void
s026_close_on_exec(void)
{
	struct pair p = connected();

	assert_int_equal(call(do_fcntl, open_on(C), F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(call(do_fcntl, p.a, F_GETFD, 0), FD_CLOEXEC);
	call(do_get_fd, p.a);
	assert_int_equal(call(do_fcntl, p.a, F_GETFD, 0), FD_CLOEXEC);
}

static const struct test_case cases[] = {
	CASE(s001_open_gives_descriptors),
	CASE(s002_new_endpoint_polls_err),
	CASE(s003_close_of_unbound),
	CASE(s004_second_close),
	CASE(s005_bind_any_port),
	CASE(s006_any_ports_differ),
	CASE(s007_bind_free_port),
	CASE(s008_bind_port_in_use),
	CASE(s009_bind_bound),
	CASE(s010_bind_listening),
	CASE(s011_bind_connected),
	CASE(s012_bind_needs_privilege),
	CASE(s013_privileged_bind),
	CASE(s014_bind_reserved_port),
	CASE(s015_closed_port_is_free),
	CASE(s016_port_stays_with_accepted),
	CASE(s017_ports_run_out),
	CASE(s018_listen_unbound),
	CASE(s019_listen_bound),
	CASE(s020_listen_twice),
	CASE(s021_listen_connected),
	CASE(s022_listen_without_backlog),
	CASE(s023_backlog_of_5000),
	CASE(s024_close_ends_accept),
	CASE(s025_get_fd_polls),
	CASE(s026_close_on_exec),
};

TEST_GROUP(open, cases);
