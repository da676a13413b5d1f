/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "test.h"

/* Statements 184 to 196: nodes, their loss, and what is left. Those that end nodes have own ones. */

#define OWN_NODES ""

static uint16_t *
ids(void)
{
	return (uint16_t *)(void *)share;
}

static uint16_t *
self(void)
{
	return (uint16_t *)(void *)(share + 1024);
}

static int64_t
node_ids(int side, int len)
{
	memset(share, 0xff, 2048);
	return call(do_node_ids, SIDE(side), len == 0 ? 0 : AT(0), len, AT(1024));
}

/* Until that many nodes are known there; 2 s at most. */
static void
expect_total(int side, int64_t total)
{
	uint64_t end = now_ns() + 2000000000;

	while (node_ids(side, 8) != total && now_ns() < end)
		pause_ms(5);
	assert_int_equal(node_ids(side, 8), total);
}

static void
expect_hup(int64_t ep)
{
	assert_int_not_equal(call(do_poll, ep, 0, 10000) & SCIF_POLLHUP, 0);
}

static void
s184_nodes_are_listed(void)
{
	int64_t n = node_ids(C, 8), i, found = 0;

	assert_in_range(n, 1, 8);
	for (i = 0; i < n; i++)
		found += ids()[i] == *self();
	assert_int_equal(found, 1);
	assert_int_equal(*self(), node_of(C));
	assert_true(node_ids(A, 8) >= 1);
	assert_int_equal(*self(), 0);
}

static void
s185_short_list(void)
{
	assert_int_equal(node_ids(C, 1), 2);
	assert_int_not_equal(ids()[0], 0xffff);
	assert_int_equal(ids()[1], 0xffff);
}

static void
s186_no_list(void)
{
	assert_int_equal(node_ids(C, 0), 2);
	assert_int_equal(*self(), node_of(C));
}

static void
s188_node_joins(void)
{
	expect_total(A, 2);
	assert_int_equal(node_start(2, NULL), 0);
	expect_total(A, 3);
	expect_total(C, 3);
}

static void
s189_node_leaves(void)
{
	assert_int_equal(node_start(2, NULL), 0);
	expect_total(C, 3);
	node_signal(2, SIGTERM);
	expect_total(A, 2);
	expect_total(C, 2);
	assert_int_equal(node_highest(0), 2);
	assert_int_equal(node_highest(1), 2);
	/* A node that was there is absent, as one above the highest is. */
	assert_fails(call(do_connect, open_on(C), 2, 3000), ENODEV);
}

static void
s190_peer_is_killed(void)
{
	struct pair p = connected();

	assert_int_equal(call(do_send, p.c, AT(0), 10, 0), 10);
	side_kill(C);
	expect_hup(p.a);
	assert_int_equal(call(do_recv, p.a, AT(0), 10, SCIF_RECV_BLOCK), 10);
	assert_fails(call(do_recv, p.a, AT(0), 1, SCIF_RECV_BLOCK), ECONNRESET);
	assert_fails(call(do_send, p.a, AT(0), 1, SCIF_SEND_BLOCK), ECONNRESET);
	assert_int_equal(call(do_close, p.a), 0);
}

static void
s191_peers_node_is_killed(void)
{
	struct pair p = connected(), q = connected_to(p.listener, p.port);

	node_signal(1, SIGKILL);
	expect_hup(p.a);
	expect_hup(q.a);
	assert_fails(call(do_recv, p.a, AT(0), 1, SCIF_RECV_BLOCK), ECONNRESET);
	assert_fails(call(do_recv, q.a, AT(0), 1, 0), ECONNRESET);
}

static void
s192_lost_node_returns(void)
{
	struct pair p = connected();

	node_signal(1, SIGKILL);
	expect_hup(p.a);
	assert_fails(call(do_connect, open_on(A), 1, 3000), ENODEV);
	assert_int_equal(node_start(1, OWN_NODES), 0);
	side_kill(C);
	side_start(C);
	p = connected_to(p.listener, p.port);
	send_bytes(p.c, "back", 4);
	assert_int_equal(call(do_recv, p.a, AT(64), 4, SCIF_RECV_BLOCK), 4);
}

static void
s193_loss_ends_mappings(void)
{
	struct pair p = connected();
	struct window w = window(p.c, PAGE, RW);
	int64_t map = call(do_mmap, p.a, 0, PAGE, RW, 0, w.off);

	assert_true(map > 0);
	call(do_poke, p.c, w.addr, 193);
	assert_int_equal(call(do_peek, p.a, map), 193);
	node_signal(1, SIGKILL);
	side_kill(C);
	expect_hup(p.a);
	/* It faults, or it is the same memory still, kept for who has it mapped. */
	if (call(do_touch, p.a, map, 0) == 0) {
		assert_int_equal(call(do_peek, p.a, map), 193);
		call(do_poke, p.a, map, 1930);
		assert_int_equal(call(do_peek, p.a, map), 1930);
	}
	assert_int_equal(call(do_munmap, p.a, map, PAGE), 0);
	assert_int_equal(call(do_touch, p.a, map, 0), 1);
}

/* Every call that waits for the other node returns once that is lost. */
static void
s194_loss_ends_all_waits(void)
{
	struct pair p = connected(), q = connected_to(p.listener, p.port);
	struct window w;
	struct job *jobs[8], *knock;
	uint16_t quiet;
	int64_t mark, connect;
	unsigned int i, n = 0;

	w = window(p.a, PAGE, RW);
	listener_on(C, 4, &quiet);
	mark = call(do_mark, p.a, SCIF_FENCE_INIT_PEER);
	assert_int_not_equal(mark, -1);
	connect = open_on(A);
	/* Its request is taken, and never acknowledged. */
	knock = begin(do_connect, open_on(C), 0, p.port);
	assert_int_equal(call(do_poll, p.listener, SCIF_POLLIN, 5000), SCIF_POLLIN);
	/* The other node does not answer, but is there. */
	node_signal(1, SIGSTOP);
	jobs[n++] = begin(do_recv, p.a, AT(0), 10, SCIF_RECV_BLOCK);
	jobs[n++] = begin(do_send, q.a, AT(0), 10000, SCIF_SEND_BLOCK);
	jobs[n++] = begin(do_connect, connect, 1, quiet);
	jobs[n++] = begin(do_register, p.a, w.addr, PAGE, 0, RW, 0);
	jobs[n++] = begin(do_accept, p.listener, SCIF_ACCEPT_SYNC, AT(4096));
	jobs[n++] = begin(do_mark, q.a, SCIF_FENCE_INIT_PEER);
	jobs[n++] = begin(do_wait, p.a, mark);
	for (i = 0; i < n; i++)
		assert_true(job_runs_after(jobs[i], 50));
	node_signal(1, SIGKILL);
	for (i = 0; i < n; i++) {
		int64_t ret = job_end(jobs[i]);

		if (i == 1)
			assert_in_range(ret, 1, 9999);
		else
			assert_int_equal(ret, -1);
	}
	assert_int_equal(job_end(knock), -1);
	expect_hup(p.a);
	expect_hup(q.a);
}

#define CYCLES 1000

/* ep of a listener, how often: every other visitor closes before */
static int64_t
do_accept_many(const int64_t *args)
{
	struct scif_pollepd record = {0};
	struct scif_portID peer;
	int64_t i;

	for (i = 0; i < args[1]; i++) {
		if (scif_accept(FD(args[0]), &peer, &record.epd, SCIF_ACCEPT_SYNC) < 0)
			return -1;
		if (i % 2 == 0)
			scif_poll(&record, 1, 5000);
		if (scif_close(record.epd) < 0)
			return -1;
	}
	return i;
}

/* An endpoint that listens, and to which nobody comes. */
static int
listen_once(void)
{
	scif_epd_t epd = scif_open();

	return scif_bind(epd, 0) < 0 || scif_listen(epd, 4) < 0 ? -1 : scif_close(epd);
}

/* side, node, port, how often: who closes before has a window, the others see their peer go */
static int64_t
do_visit_many(const int64_t *args)
{
	struct scif_portID to = {(uint16_t)args[1], (uint16_t)args[2]};
	static _Alignas(PAGE) char page[PAGE];
	struct scif_pollepd record;
	int64_t i;

	for (i = 0; i < args[3]; i++) {
		record = (struct scif_pollepd){.epd = scif_open()};
		if (listen_once() < 0 || scif_bind(record.epd, 0) < 0 ||
		    scif_connect(record.epd, &to) < 0)
			return -1;
		if (i % 2 == 0 && scif_register(record.epd, page, PAGE, 0, RW, 0) < 0)
			return -1;
		if (i % 2 != 0)
			scif_poll(&record, 1, 5000);
		if (scif_close(record.epd) < 0)
			return -1;
	}
	return i;
}

/* How many descriptors a process has open. */
static int
descriptors(int pid)
{
	char path[40];
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* Nothing of what was, once connections that are over have rested. */
static void
expect_nothing_held(unsigned int node)
{
	static const char *const kinds[] = {"held.tokens", "held.ports", "held.resting",
					    "held.memories", "held.halves"};
	uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;
	unsigned int i;

	assert_true(node_empty(node));
	for (i = 0; i < COUNT(kinds); i++) {
		while (node_stat(node, kinds[i]) != 0 && now_ns() < end)
			pause_ms(10);
		assert_int_equal(node_stat(node, kinds[i]), 0);
	}
}

/* What is on no list is seen in the heap: a block of memory for every other cycle is more. */
#define HEAP_MORE (CYCLES * 15)

static void
s195_cycles_leak_nothing(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 8, &port), heap[2];
	int before[NB_SIDES], side;
	unsigned int node;
	struct job *job;

	/* What is taken once is there after the first. */
	job = begin(do_accept_many, listener, 20);
	assert_int_equal(call(do_visit_many, SIDE(C), node_of(A), port, 20), 20);
	assert_int_equal(job_end(job), 20);
	for (side = 0; side < NB_SIDES; side++)
		before[side] = descriptors(side_pid(side));
	for (node = 0; node < 2; node++)
		heap[node] = node_stat(node, "held.heap");
	job = begin(do_accept_many, listener, CYCLES);
	assert_int_equal(call(do_visit_many, SIDE(C), node_of(A), port, CYCLES), CYCLES);
	assert_int_equal(job_end(job), CYCLES);
	for (side = 0; side < NB_SIDES; side++)
		assert_in_range(descriptors(side_pid(side)), 0, before[side] + 8);
	assert_int_equal(call(do_close, listener), 0);
	for (node = 0; node < 2; node++) {
		expect_nothing_held(node);
		assert_in_range(node_stat(node, "held.heap"), 1, heap[node] + HEAP_MORE);
	}
	assert_int_equal(call(do_bind, open_on(A), port), port);
}

static void
s196_close_with_everything_outstanding(void)
{
	struct pair p;
	struct window w, v;
	int64_t map;

	slow_transfers(C);
	p = connected();
	w = window(p.a, 16 * PAGE, RW);
	v = window(p.c, 16 * PAGE, RW);
	map = call(do_mmap, p.c, 0, PAGE, RW, 0, w.off);
	assert_true(map > 0);
	call(do_fill, p.c, v.addr, 16 * PAGE, 196);
	assert_int_equal(call(do_writeto, p.c, v.off, 16 * PAGE, w.off, 0), 0);
	assert_int_equal(call(do_close, p.c), 0);
	assert_int_equal(call(do_check, p.a, w.addr, 16 * PAGE, 196), 0);
	assert_int_equal(call(do_close, p.a), 0);
	assert_int_equal(call(do_close, p.listener), 0);
	call(do_poke, p.c, map, 1);
	assert_int_equal(call(do_await, p.a, w.addr, 1, 1000), 0);
	assert_int_equal(call(do_munmap, p.c, map, PAGE), 0);
	expect_nothing_held(0);
	expect_nothing_held(1);
}

static const struct test_case cases[] = {
	CASE(s184_nodes_are_listed),
	CASE(s185_short_list),
	CASE(s186_no_list),
	CASE_NODES(s188_node_joins, ON(NODES), OWN_NODES),
	CASE_NODES(s189_node_leaves, ON(NODES), OWN_NODES),
	CASE_WHERE(s190_peer_is_killed, APART),
	CASE_NODES(s191_peers_node_is_killed, ON(NODES), OWN_NODES),
	CASE_NODES(s192_lost_node_returns, ON(NODES), OWN_NODES),
	CASE_NODES(s193_loss_ends_mappings, ON(NODES), OWN_NODES),
	CASE_NODES(s194_loss_ends_all_waits, ON(NODES), OWN_NODES),
	CASE(s195_cycles_leak_nothing),
	CASE(s196_close_with_everything_outstanding),
};

TEST_GROUP(node, cases);
