/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include "test.h"

/* Statements 27 to 60: connect and accept. */

#define ABSENT_NODE 7

/* A port where nobody listens. */
static uint16_t
quiet_port(void)
{
	uint16_t port;
	int64_t ep = listener_on(A, 1, &port);

	assert_int_equal(call(do_close, ep), 0);
	return port;
}

static struct job *
connecting(int64_t ep, uint16_t port)
{
	return begin(do_connect, ep, node_of(A), port);
}

/* A request that waits in the listener's queue. */
static struct job *
knocking(int64_t listener, int64_t ep, uint16_t port)
{
	struct job *job = connecting(ep, port);

	assert_int_equal(call(do_poll, listener, SCIF_POLLIN, 5000), SCIF_POLLIN);
	return job;
}

static struct scif_portID *
peer_place(unsigned int i)
{
	return (struct scif_portID *)(void *)(share + 4096) + i;
}

#define PEER(i) ((int64_t)(uintptr_t)peer_place(i))

static void
s027_connect_to_nobody(void)
{
	assert_fails(call(do_connect, open_on(C), node_of(A), quiet_port()), ECONNREFUSED);
}

static void
s028_refused_can_connect_elsewhere(void)
{
	int64_t ep = open_on(C), listener;
	struct job *job;
	uint16_t port;

	assert_fails(call(do_connect, ep, node_of(A), quiet_port()), ECONNREFUSED);
	assert_fails(call(do_bind, ep, 0), EINVAL);
	listener = listener_on(A, 1, &port);
	job = connecting(ep, port);
	assert_true(call(do_accept, listener, SCIF_ACCEPT_SYNC) >= 0);
	assert_true(job_end(job) >= 1088);
}

static void
s029_connect_above_highest_node(void)
{
	assert_fails(call(do_connect, open_on(C), 4000, 3000), ENODEV);
	assert_fails(call(do_connect, open_on(C), 65535, 3000), ENODEV);
}

static void
s030_connect_to_absent_node(void)
{
	uint16_t port;

	assert_fails(call(do_connect, open_on(C), ABSENT_NODE, 3000), ENODEV);
	/* The node is looked at before the endpoint. */
	assert_fails(call(do_connect, listener_on(C, 1, &port), ABSENT_NODE, 3000), ENODEV);
}

static void
s031_connect_nowhere(void)
{
	assert_fails(call(do_connect_to, open_on(C), 0), EINVAL);
}

static void
s032_connect_to_port_0(void)
{
	assert_fails_either(call(do_connect, open_on(C), node_of(A), 0), EINVAL, ECONNREFUSED);
}

static void
s033_connect_binds(void)
{
	assert_in_range(connected().c_port, 1088, 65535);
}

static void
s034_connect_keeps_port(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 1, &port), ep = open_on(C);
	struct job *job;

	assert_int_equal(call(do_bind, ep, 4321), 4321);
	job = connecting(ep, port);
	assert_true(call(do_accept, listener, SCIF_ACCEPT_SYNC) >= 0);
	assert_int_equal(job_end(job), 4321);
}

static void
s035_connect_connected(void)
{
	struct pair p = connected();

	assert_fails(call(do_connect, p.c, node_of(A), p.port), EISCONN);
	assert_fails(call(do_connect, p.a, node_of(A), p.port), EISCONN);
}

static void
s036_connect_listening(void)
{
	uint16_t port, own;

	listener_on(A, 1, &port);
	assert_fails(call(do_connect, listener_on(C, 1, &own), node_of(A), port), EOPNOTSUPP);
}

static void
s037_connect_disconnected(void)
{
	struct pair p = connected();

	assert_int_equal(call(do_close, p.a), 0);
	assert_int_not_equal(call(do_poll, p.c, 0, 5000) & SCIF_POLLHUP, 0);
	assert_fails(call(do_connect, p.c, node_of(A), p.port), EINVAL);
}

static void
s038_connect_waits_for_accept(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 4, &port);
	struct job *job = knocking(listener, open_on(C), port);

	assert_true(job_runs_after(job, 200));
	assert_true(call(do_accept, listener, 0) >= 0);
	assert_true(job_end(job) > 0);
}

/* Requests until one is refused, two at most that are not: how many wait. */
static int64_t
waiting(uint16_t port, struct job *jobs[], unsigned int nb_jobs)
{
	unsigned int i, n = 0;

	for (i = 0; i < nb_jobs; i++) {
		jobs[n] = connecting(open_on(C), port);
		if (job_runs_after(jobs[n], 150)) {
			n++;
		} else {
			assert_fails(job_end(jobs[n]), ECONNREFUSED);
		}
	}
	return n;
}

static void
s039_refused_beyond_backlog(void)
{
	struct job *jobs[4];
	uint16_t port;
	int64_t listener = listener_on(A, 2, &port);

	assert_int_equal(waiting(port, jobs, 4), 2);
	assert_true(call(do_accept, listener, 0) >= 0);
	assert_true(job_end(jobs[0]) > 0);
}

static void
s040_backlog_can_wait(void)
{
	struct job *jobs[7];
	uint16_t port;
	int64_t listener = listener_on(A, 5, &port);
	unsigned int i;

	assert_int_equal(waiting(port, jobs, 7), 5);
	for (i = 0; i < 5; i++) {
		assert_true(call(do_accept, listener, 0) >= 0);
		assert_true(job_end(jobs[i]) > 0);
	}
	assert_fails(call(do_accept, listener, 0), EAGAIN);
}

static void
s041_listener_closed_with_requests(void)
{
	struct job *job[2];
	uint16_t port;
	int64_t listener = listener_on(A, 2, &port);
	uint64_t begun;

	job[0] = knocking(listener, open_on(C), port);
	job[1] = connecting(open_on(C), port);
	assert_true(job_runs_after(job[1], 50));
	begun = now_ns();
	assert_int_equal(call(do_close, listener), 0);
	assert_fails(job_end(job[0]), ECONNREFUSED);
	assert_fails(job_end(job[1]), ECONNREFUSED);
	assert_true(now_ns() - begun < 2000000000);
}

static void
s042_connect_expires(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 2, &port), ep = open_on(C);
	struct job *job;
	uint64_t begun = now_ns();

	assert_fails(call(do_connect, ep, node_of(A), port), ECONNREFUSED);
	assert_in_range(now_ns() - begun, 290000000, 3000000000);
	assert_fails(call(do_bind, ep, 0), EINVAL);
	assert_int_equal(call(do_close, listener), 0);
	listener = listener_on(A, 2, &port);
	job = connecting(ep, port);
	assert_true(call(do_accept, listener, SCIF_ACCEPT_SYNC) >= 0);
	assert_true(job_end(job) > 0);
}

static void
s043_accept_of_nobody(void)
{
	uint16_t port;

	assert_fails(call(do_accept, listener_on(A, 1, &port), 0), EAGAIN);
}

static void
s044_accept_needs_listener(void)
{
	struct pair p = connected();
	int64_t ep = open_on(A);

	assert_fails(call(do_accept, ep, 0), EINVAL);
	assert_true(call(do_bind, ep, 0) > 0);
	assert_fails(call(do_accept, ep, SCIF_ACCEPT_SYNC), EINVAL);
	assert_fails(call(do_accept, p.a, 0), EINVAL);
	assert_fails(call(do_accept, p.c, 0), EINVAL);
}

static void
s045_accept_flags(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 1, &port);

	assert_fails(call(do_accept, listener, 2), EINVAL);
	assert_fails(call(do_accept, listener, 3), EINVAL);
}

static void
s046_accept_to_nowhere(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 1, &port);

	assert_fails(call(do_accept_to, listener, 0, AT(0), 0), EINVAL);
	assert_fails(call(do_accept_to, listener, AT(0), 0, 0), EINVAL);
}

static void
s047_accept_tells_peer(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 1, &port);
	struct job *job = connecting(open_on(C), port);

	assert_true(call(do_accept, listener, SCIF_ACCEPT_SYNC, PEER(0)) >= 0);
	assert_int_equal(peer_place(0)->port, job_end(job));
	assert_int_equal(peer_place(0)->node, node_of(C));
}

/* The port is seen where it matters: a second connection from the accepted endpoint's side is not
 * possible, so what shares it keeps it from being bound.
 */
static void
s048_accepted_has_listeners_port(void)
{
	expect_port_shared();
}

static void
s049_first_come_first_served(void)
{
	struct job *job[6];
	uint16_t port;
	int64_t listener = listener_on(A, 6, &port);
	unsigned int i;

	for (i = 0; i < 6; i++) {
		job[i] = connecting(open_on(C), port);
		assert_true(job_runs_after(job[i], 50));
	}
	for (i = 0; i < 6; i++) {
		assert_true(call(do_accept, listener, 0, PEER(i)) >= 0);
		assert_int_equal(peer_place(i)->port, job_end(job[i]));
	}
}

static void
s050_listener_accepts_again(void)
{
	struct pair p = connected();
	unsigned int i;

	for (i = 0; i < 3; i++) {
		assert_fails(call(do_accept, p.listener, 0), EAGAIN);
		p = connected_to(p.listener, p.port);
	}
	assert_fails(call(do_listen, p.listener, 1), EISCONN);
}

static void
s051_accept_wakes(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 1, &port);
	struct job *accept = begin(do_accept, listener, SCIF_ACCEPT_SYNC), *job;

	assert_true(job_runs_after(accept, 100));
	job = connecting(open_on(C), port);
	assert_true(job_end(accept) >= 0);
	assert_true(job_end(job) > 0);
}

static void
s052_accept_interrupted(void)
{
	uint16_t port;
	struct job *job = begin(do_accept, listener_on(A, 1, &port), SCIF_ACCEPT_SYNC);

	job_interrupt(job);
	assert_fails(job_end(job), EINTR);
}

static void
s053_connections_are_independent(void)
{
	struct pair p[64];
	unsigned int i;

	p[0] = connected();
	for (i = 1; i < COUNT(p); i++)
		p[i] = connected_to(p[0].listener, p[0].port);
	for (i = 0; i < COUNT(p); i++)
		send_bytes(p[i].c, &i, sizeof(i));
	assert_int_equal(call(do_close, p[13].c), 0);
	for (i = COUNT(p); i-- > 0;) {
		assert_int_equal(call(do_recv, p[i].a, AT(64), 4, SCIF_RECV_BLOCK), 4);
		assert_memory_equal(share + 64, &i, sizeof(i));
		if (i != 13)
			assert_int_equal(call(do_recv, p[i].a, AT(64), 4, 0), 0);
	}
}

static void
s054_connect_within_a_process(void)
{
	struct pair p = connected();

	send_bytes(p.c, "one", 3);
	assert_int_equal(call(do_recv, p.a, AT(64), 3, SCIF_RECV_BLOCK), 3);
	send_bytes(p.a, "other", 5);
	assert_int_equal(call(do_recv, p.c, AT(64), 5, SCIF_RECV_BLOCK), 5);
	assert_memory_equal(share + 64, "other", 5);
}

/* From the second node to the first, as all cases do, and here from the first to the second. */
static void
s055_connect_either_way(void)
{
	struct pair p = connected(), q;
	uint16_t port;
	int64_t listener = listener_on(C, 1, &port);

	q = connected_to(listener, port);
	send_bytes(q.c, "to the second", 13);
	assert_int_equal(call(do_recv, q.a, AT(64), 13, SCIF_RECV_BLOCK), 13);
	assert_memory_equal(share + 64, "to the second", 13);
	send_bytes(p.c, "to the first", 12);
	assert_int_equal(call(do_recv, p.a, AT(64), 12, SCIF_RECV_BLOCK), 12);
	assert_memory_equal(share + 64, "to the first", 12);
}

static int64_t
nonblocking(void)
{
	int64_t ep = open_on(C);

	assert_int_equal(call(do_nonblock, ep), 0);
	return ep;
}

static void
s056_connect_in_background(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 1, &port), ep = nonblocking(), pn;

	assert_fails(call(do_connect, ep, node_of(A), port), EINPROGRESS);
	assert_int_equal(call(do_poll, ep, SCIF_POLLOUT | SCIF_POLLIN, 100), 0);
	assert_true(call(do_accept, listener, SCIF_ACCEPT_SYNC, PEER(0)) >= 0);
	assert_int_equal(call(do_poll, ep, SCIF_POLLOUT | SCIF_POLLIN, 5000), SCIF_POLLOUT);
	pn = call(do_connect, ep, node_of(A), port);
	assert_true(pn >= 1088);
	assert_int_equal(pn, peer_place(0)->port);
	assert_fails(call(do_connect, ep, node_of(A), port), EISCONN);
}

static void
s057_refused_in_background(void)
{
	int64_t ep = nonblocking();
	uint16_t port = quiet_port();

	assert_fails(call(do_connect, ep, node_of(A), port), EINPROGRESS);
	assert_int_equal(call(do_poll, ep, SCIF_POLLOUT, 5000), SCIF_POLLOUT);
	assert_fails(call(do_connect, ep, node_of(A), port), ECONNREFUSED);
	assert_int_equal(call(do_poll, ep, SCIF_POLLOUT, 0), SCIF_POLLERR);
}

static void
s058_connect_while_connecting(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 1, &port), ep = nonblocking();

	assert_fails(call(do_connect, ep, node_of(A), port), EINPROGRESS);
	assert_fails(call(do_connect, ep, node_of(A), port), EINPROGRESS);
	assert_true(call(do_accept, listener, SCIF_ACCEPT_SYNC) >= 0);
	assert_fails(call(do_accept, listener, 0), EAGAIN);
}

static void
s059_expired_connect_leaves_accept_alone(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 4, &port);
	struct job *job, *accept;

	assert_fails(call(do_connect, open_on(C), node_of(A), port), ECONNREFUSED);
	accept = begin(do_accept, listener, SCIF_ACCEPT_SYNC, PEER(0));
	job_runs_after(accept, 100);
	job = connecting(open_on(C), port);
	assert_true(job_end(accept) >= 0);
	if (job_runs_after(job, 200))
		assert_true(call(do_accept, listener, SCIF_ACCEPT_SYNC, PEER(0)) >= 0);
	assert_int_equal(job_end(job), peer_place(0)->port);
}

static void
s060_connector_closes_before_accept(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 1, &port), ep = nonblocking(), got;

	assert_fails(call(do_connect, ep, node_of(A), port), EINPROGRESS);
	assert_int_equal(call(do_poll, listener, SCIF_POLLIN, 5000), SCIF_POLLIN);
	assert_int_equal(call(do_close, ep), 0);
	got = call(do_accept, listener, 0);
	if (got < 0)
		assert_int_equal(fault, EAGAIN);
	else
		assert_int_not_equal(call(do_poll, got, 0, 5000) & SCIF_POLLHUP, 0);
	connected_to(listener, port);
}

#define SHORT_WAIT "--connect-timeout 300"

static const struct test_case cases[] = {
	CASE(s027_connect_to_nobody),
	CASE(s028_refused_can_connect_elsewhere),
	CASE(s029_connect_above_highest_node),
	CASE(s030_connect_to_absent_node),
	CASE(s031_connect_nowhere),
	CASE(s032_connect_to_port_0),
	CASE(s033_connect_binds),
	CASE(s034_connect_keeps_port),
	CASE(s035_connect_connected),
	CASE(s036_connect_listening),
	CASE(s037_connect_disconnected),
	CASE(s038_connect_waits_for_accept),
	CASE(s039_refused_beyond_backlog),
	CASE(s040_backlog_can_wait),
	CASE(s041_listener_closed_with_requests),
	CASE_NODES(s042_connect_expires, EVERYWHERE, SHORT_WAIT),
	CASE(s043_accept_of_nobody),
	CASE(s044_accept_needs_listener),
	CASE(s045_accept_flags),
	CASE(s046_accept_to_nowhere),
	CASE(s047_accept_tells_peer),
	CASE(s048_accepted_has_listeners_port),
	CASE(s049_first_come_first_served),
	CASE(s050_listener_accepts_again),
	CASE(s051_accept_wakes),
	CASE(s052_accept_interrupted),
	CASE(s053_connections_are_independent),
	CASE(s054_connect_within_a_process),
	CASE_WHERE(s055_connect_either_way, ON(NODES)),
	CASE(s056_connect_in_background),
	CASE(s057_refused_in_background),
	CASE(s058_connect_while_connecting),
	CASE_NODES(s059_expired_connect_leaves_accept_alone, EVERYWHERE, SHORT_WAIT),
	CASE(s060_connector_closes_before_accept),
};

TEST_GROUP(connect, cases);
