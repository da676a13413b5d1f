/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include "test.h"

/* Statements 87 to 100: poll. */

#define BOTH (SCIF_POLLIN | SCIF_POLLOUT)

static int64_t
poll_now(int64_t ep, int events)
{
	return call(do_poll, ep, events, 0);
}

static void
fill(int64_t ep)
{
	while (call(do_send, ep, AT(0), 1000, 0) > 0)
		;
}

static void
s087_request_is_in(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 1, &port);
	struct job *job = begin(do_connect, open_on(C), node_of(A), port);

	assert_int_equal(call(do_poll, listener, BOTH, 5000), SCIF_POLLIN);
	assert_true(call(do_accept, listener, 0) >= 0);
	assert_true(job_end(job) > 0);
	assert_int_equal(poll_now(listener, BOTH), 0);
}

static void
s088_no_request_is_nothing(void)
{
	uint16_t port;

	assert_int_equal(poll_now(listener_on(A, 1, &port), BOTH), 0);
}

static void
s089_idle_is_out(void)
{
	struct pair p = connected();

	assert_int_equal(poll_now(p.c, BOTH), SCIF_POLLOUT);
	assert_int_equal(poll_now(p.a, BOTH), SCIF_POLLOUT);
}

static void
s090_data_is_in(void)
{
	struct pair p = connected();

	send_bytes(p.c, "x", 1);
	assert_int_equal(call(do_poll, p.a, SCIF_POLLIN, 5000), SCIF_POLLIN);
	assert_int_equal(poll_now(p.a, BOTH), BOTH);
	assert_int_equal(poll_now(p.c, BOTH), SCIF_POLLOUT);
}

static void
s091_full_is_not_out(void)
{
	struct pair p = connected();

	fill(p.c);
	assert_int_equal(poll_now(p.c, BOTH), 0);
	assert_int_equal(call(do_recv, p.a, AT(0), 1, 0), 1);
	assert_int_equal(call(do_poll, p.c, BOTH, 5000), SCIF_POLLOUT);
}

static void
s092_close_is_hup(void)
{
	struct pair p = connected();

	assert_int_equal(call(do_close, p.c), 0);
	assert_int_equal(call(do_poll, p.a, 0, 5000), SCIF_POLLHUP);
}

static void
s093_close_with_data_is_both(void)
{
	struct pair p = connected();

	send_bytes(p.c, "x", 1);
	assert_int_equal(call(do_close, p.c), 0);
	assert_int_equal(call(do_poll, p.a, 0, 5000), SCIF_POLLHUP);
	assert_int_equal(poll_now(p.a, SCIF_POLLIN), SCIF_POLLIN | SCIF_POLLHUP);
}

static void
s094_drained_is_hup(void)
{
	struct pair p = connected();

	send_bytes(p.c, "x", 1);
	assert_int_equal(call(do_close, p.c), 0);
	assert_int_equal(call(do_recv, p.a, AT(0), 1, SCIF_RECV_BLOCK), 1);
	assert_int_equal(call(do_poll, p.a, 0, 5000), SCIF_POLLHUP);
	assert_int_equal(poll_now(p.a, SCIF_POLLIN), SCIF_POLLHUP);
}

static void
s095_bound_is_err(void)
{
	int64_t ep = open_on(C);

	assert_true(call(do_bind, ep, 0) > 0);
	assert_int_equal(poll_now(ep, BOTH), SCIF_POLLERR);
	assert_int_equal(poll_now(ep, 0), SCIF_POLLERR);
}

/* When scif_poll returned, by the common clock. */
static int64_t
do_poll_when(const int64_t *args)
{
	return do_poll(args) == SCIF_POLLIN ? (int64_t)now_ns() : -1;
}

/* How long it takes from sending until a poll has ended, in ns. */
static int64_t
time_to_wake(const struct pair *p)
{
	struct job *job = begin(do_poll_when, p->a, SCIF_POLLIN, -1);
	int64_t sent, ended;

	assert_true(job_runs_after(job, 200));
	sent = (int64_t)now_ns();
	send_bytes(p->c, "x", 1);
	ended = job_end(job);
	assert_true(ended >= sent);
	assert_int_equal(call(do_recv, p->a, AT(0), 1, 0), 1);
	return ended - sent;
}

/* 100 ms at most, but for a machine that is busy elsewhere: then one of ten in time is enough. */
static void
s096_poll_wakes(void)
{
	struct pair p = connected();
	int64_t ns = time_to_wake(&p);

	for (unsigned int i = 1; i < 10 && ns > 100000000; i++)
		ns = time_to_wake(&p);
	assert_true(ns <= 100000000);
}

/* How long it took, in us. */
static int64_t
do_poll_long(const int64_t *args)
{
	uint64_t begun = now_ns();

	return do_poll(args) == 0 ? (int64_t)(now_ns() - begun) / 1000 : -1;
}

/* 30 to 70 ms, but for a machine that is busy elsewhere: then one of ten in time is enough. */
static void
s097_poll_ends(void)
{
	struct pair p = connected();
	unsigned int i;
	int64_t us = 0;

	for (i = 0; i < 10 && (i == 0 || us > 70000); i++) {
		us = call(do_poll_long, p.a, SCIF_POLLIN, 50);
		assert_true(us >= 30000);
	}
	assert_true(us <= 70000);
}

static struct scif_pollepd *
records(void)
{
	return (struct scif_pollepd *)(void *)(share + (1 << 20));
}

#define RECORDS AT(1 << 20)

static void
s098_invalid_is_nval(void)
{
	int64_t ep = open_on(C);

	records()[0] = (struct scif_pollepd){.epd = 9999, .events = BOTH};
	assert_int_equal(call(do_poll_set, SIDE(C), RECORDS, 1, 0), 1);
	assert_int_equal(records()[0].revents, SCIF_POLLNVAL);
	assert_int_equal(call(do_close, ep), 0);
	records()[0] = (struct scif_pollepd){.epd = FD(ep), .events = BOTH};
	assert_int_equal(call(do_poll_set, SIDE(C), RECORDS, 1, -1), 1);
	assert_int_equal(records()[0].revents, SCIF_POLLNVAL);
	records()[0] = (struct scif_pollepd){.epd = -1, .events = BOTH, .revents = 5};
	assert_int_equal(call(do_poll_set, SIDE(C), RECORDS, 1, 0), 0);
	assert_int_equal(records()[0].revents, 0);
}

static void
s099_poll_counts(void)
{
	struct pair p = connected();

	records()[0] = (struct scif_pollepd){.epd = FD(p.c), .events = SCIF_POLLIN};
	records()[1] = (struct scif_pollepd){.epd = FD(p.c), .events = BOTH};
	records()[2] = (struct scif_pollepd){.epd = FD(open_on(C)), .events = SCIF_POLLIN};
	assert_int_equal(call(do_poll_set, SIDE(C), RECORDS, 3, 1000), 2);
	assert_int_equal(records()[0].revents, 0);
	assert_int_equal(records()[1].revents, SCIF_POLLOUT);
	assert_int_equal(records()[2].revents, SCIF_POLLERR);
}

#define MANY 100

static void
s100_poll_of_many(void)
{
	static struct pair p[MANY];
	unsigned int i, ready = 0;

	p[0] = connected();
	for (i = 1; i < MANY; i++)
		p[i] = connected_to(p[0].listener, p[0].port);
	for (i = 0; i < MANY; i++) {
		if (i % 7 == 3)
			send_bytes(p[i].c, "x", 1);
		if (i % 11 == 5)
			assert_int_equal(call(do_close, p[i].c), 0);
		ready += i % 7 == 3 || i % 11 == 5;
		if (i % 7 == 3 || i % 11 == 5)
			call(do_poll, p[i].a, i % 7 == 3 ? SCIF_POLLIN : 0, 5000);
		records()[i] = (struct scif_pollepd){.epd = FD(p[i].a), .events = SCIF_POLLIN};
	}
	assert_int_equal(call(do_poll_set, SIDE(A), RECORDS, MANY, 5000), ready);
	for (i = 0; i < MANY; i++)
		assert_int_equal(records()[i].revents, (i % 7 == 3 ? SCIF_POLLIN : 0) |
							       (i % 11 == 5 ? SCIF_POLLHUP : 0));
}

static const struct test_case cases[] = {
	CASE(s087_request_is_in),
	CASE(s088_no_request_is_nothing),
	CASE(s089_idle_is_out),
	CASE(s090_data_is_in),
	CASE(s091_full_is_not_out),
	CASE(s092_close_is_hup),
	CASE(s093_close_with_data_is_both),
	CASE(s094_drained_is_hup),
	CASE(s095_bound_is_err),
	CASE(s096_poll_wakes),
	CASE(s097_poll_ends),
	CASE(s098_invalid_is_nval),
	CASE(s099_poll_counts),
	CASE(s100_poll_of_many),
};

TEST_GROUP(poll, cases);
