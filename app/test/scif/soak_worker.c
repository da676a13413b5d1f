/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "soak.h"
#include "test.h"

/* A worker: some threads accept on one listener, some connect to whoever is there. Now and then all
 * rest, and it is looked at what the process has left.
 */

#define BACKLOG    4
#define REST_MS    2500
#define COUNT_MS   500 /* between rests of the last round */
/* Bytes of the heap that a rest may have more than the first: tables that have grown. That of
 * converted memory has up to 60 bytes for each piece of the heap that was registered at one time:
 * about 130 after a minute. What each call leaves behind is more by then, and is counted to the
 * byte in the last round.
 */
#define HEAP_GROWTH 16384

static _Atomic int listener = -1;
static _Atomic uint32_t listener_turn; /* of the engine that it was opened at */
static _Atomic uint32_t listener_lost, resting, busy;

/* ---- The listener ---- */

static void
engine_judge(enum soak_op op, const struct soak_since *since, const int allowed[3])
{
	int error = errno;

	for (int i = 0; i < 3; i++)
		if (error == allowed[i] && error != 0 && soak_node_died(soak_self.node, since))
			return;
	soak_fail("%s failed with %s, and the engine lives", soak_op_name[op],
		  soak_errno_name(error));
}

#define ENGINE_JUDGE(op, since, ...) engine_judge(SOAK_##op, since, (const int[3]){__VA_ARGS__})

/* An endpoint: -1 when there is no engine. */
static scif_epd_t
endpoint_open(const struct soak_since *since)
{
	scif_epd_t epd = (scif_epd_t)SOAK(OPEN, scif_open());

	if (epd < 0)
		ENGINE_JUDGE(OPEN, since, ENOENT, ENODEV);
	return epd;
}

static bool
listener_open(void)
{
	struct soak_since since = soak_since();
	scif_epd_t epd = endpoint_open(&since);
	long port;

	if (epd < 0)
		return false;
	port = SOAK(BIND, scif_bind(epd, 0));
	if (port < 0) {
		ENGINE_JUDGE(BIND, &since, ENODEV);
		SOAK(CLOSE, scif_close(epd));
		return false;
	}
	if (SOAK(LISTEN, scif_listen(epd, BACKLOG)) < 0) {
		ENGINE_JUDGE(LISTEN, &since, ENODEV);
		SOAK(CLOSE, scif_close(epd));
		return false;
	}
	soak_port_used((uint32_t)port);
	atomic_store(&listener_lost, 0);
	atomic_store(&listener_turn, since.turns[soak_self.node]);
	atomic_store(&listener, epd);
	atomic_store(&soak->worker[soak_self.worker].port, (uint32_t)port);
	return true;
}

static void
listener_close(void)
{
	int epd = atomic_exchange(&listener, -1);

	atomic_store(&soak->worker[soak_self.worker].port, 0);
	if (epd >= 0 && SOAK(CLOSE, scif_close(epd)) != 0)
		soak_fail("close of the listener failed with %s", soak_errno_name(errno));
}

/* ---- Accepting ---- */

/* Wait for a request: 0 when there may be one. How long SYNC takes is up to others, so that is
 * looked at no further.
 */
static void
wait_for_request(int epd, unsigned int how)
{
	struct scif_pollepd record = {epd, SCIF_POLLIN, 0};
	struct pollfd pfd = {epd, POLLIN, 0};

	if (how == 1) {
		SOAK(POLL, scif_poll(&record, 1, 50));
	} else if (how == 2) {
		pfd.fd = scif_get_fd(epd);
		if (pfd.fd >= 0)
			SOAK(POLL, poll(&pfd, 1, 50));
		else
			pause_ms(10);
	}
}

static void
accept_once(int epd)
{
	unsigned int how = (unsigned int)soak_pick(3);
	uint32_t turn = atomic_load(&listener_turn);
	struct soak_since since = soak_since();
	struct scif_portID peer = {77, 0};
	scif_epd_t newepd;

	wait_for_request(epd, how);
	if (how == 0) {
		/* Not an operation that has to end: it does when the listener is closed. */
		errno = 0;
		if (scif_accept(epd, &peer, &newepd, SCIF_ACCEPT_SYNC) == 0) {
			SOAK(ACCEPT, 0);
			soak_accepted(newepd, &peer, &since);
			return;
		}
	} else if (SOAK(ACCEPT, scif_accept(epd, &peer, &newepd, 0)) == 0) {
		soak_accepted(newepd, &peer, &since);
		return;
	}
	/* Another thread of ours has closed the listener, or took the request; or the descriptor is
	 * somebody else's by now.
	 */
	if (errno == EAGAIN && how != 0)
		return;
	if (atomic_load(&listener) != epd)
		return;
	/* The node of who asked is gone. */
	if (errno == ENODEV && soak_node_died(!soak_self.node, &since))
		return;
	/* The listener may be of an engine that was gone before this began. */
	since.turns[soak_self.node] = turn;
	ENGINE_JUDGE(ACCEPT, &since, ENODEV);
	atomic_store(&listener_lost, 1);
}

/* ---- Connecting ---- */

/* Begin without waiting, and see what came of it. */
static long
connect_later(scif_epd_t epd, struct scif_portID *to)
{
	uint64_t began = now_ns();
	struct scif_pollepd record;
	long ret;

	fcntl(epd, F_SETFL, O_NONBLOCK);
	ret = SOAK(CONNECT, scif_connect(epd, to));
	while (ret < 0 && errno == EINPROGRESS) {
		record = (struct scif_pollepd){epd, SCIF_POLLOUT, 0};
		SOAK(POLL, scif_poll(&record, 1, 100));
		if (now_ns() - began > soak->deadline_ns)
			soak_fail("connect: nothing comes of it");
		ret = SOAK(CONNECT, scif_connect(epd, to));
	}
	return ret;
}

static void
connect_judge(const struct soak_since *since, uint16_t node)
{
	int error = errno;

	/* Refused: the listener has gone, or has no room, or no time. */
	if (error == ECONNREFUSED)
		return;
	if (error == ENODEV &&
	    (soak_node_died(node, since) || soak_node_died(soak_self.node, since)))
		return;
	soak_fail("connect to node %u failed with %s", node, soak_errno_name(error));
}

static void
connect_from(scif_epd_t epd, uint16_t node, uint16_t port, const struct soak_since *since)
{
	struct scif_portID to = {node, port};
	struct soak_conn *conn;
	long own = soak_port_bind(epd), ret;

	if (own < 0) {
		ENGINE_JUDGE(BIND, since, ENODEV);
		SOAK(CLOSE, scif_close(epd));
		return;
	}
	conn = soak_conn_new(node);
	soak_conn_port(conn, (uint16_t)own);
	ret = soak_chance(3) ? connect_later(epd, &to) : SOAK(CONNECT, scif_connect(epd, &to));
	if (ret < 0) {
		connect_judge(since, node);
		atomic_store(&conn->end[0].leaving, 1);
		if (SOAK(CLOSE, scif_close(epd)) != 0)
			soak_fail("close failed with %s", soak_errno_name(errno));
		return;
	}
	if (ret != own)
		soak_fail("connect returned port %ld; bind said %ld", ret, own);
	soak_connecting(epd, conn, since);
}

static void
connect_once(void)
{
	const struct soak_worker *w = &soak->worker[soak_pick(soak->workers)];
	struct soak_since since = soak_since();
	uint32_t port = atomic_load(&w->port), node = atomic_load(&w->node);
	scif_epd_t epd;

	/* To nobody, now and then. */
	if (soak_chance(50))
		port = 3999;
	if (port == 0) {
		pause_ms(2);
		return;
	}
	epd = endpoint_open(&since);
	if (epd >= 0)
		connect_from(epd, (uint16_t)node, (uint16_t)port, &since);
	else
		pause_ms(5);
	if (soak_chance(4) && atomic_load(&soak->counting) == 0)
		pause_ms((unsigned int)soak_pick(20));
}

/* ---- Threads ---- */

struct start {
	unsigned int worker, task;
};

static void *
task_run(void *arg)
{
	const struct start *start = arg;
	bool accepts = start->task > SOAK_CONNECTORS;
	int epd;

	soak_task_take(start->worker, start->task);
	for (;;) {
		atomic_fetch_add(&busy, 1);
		epd = atomic_load(&listener);
		if (atomic_load(&resting) != 0 && (!accepts || epd < 0)) {
			atomic_fetch_sub(&busy, 1);
			pause_ms(1);
			continue;
		}
		if (!accepts)
			connect_once();
		else if (epd >= 0 && atomic_load(&listener_lost) == 0)
			accept_once(epd);
		else
			pause_ms(1);
		atomic_fetch_sub(&busy, 1);
	}
	return NULL;
}

static void
tasks_start(unsigned int worker)
{
	static struct start start[SOAK_TASKS];
	pthread_t thread;

	for (unsigned int i = 1; i < SOAK_TASKS; i++) {
		start[i] = (struct start){worker, i};
		if (pthread_create(&thread, NULL, task_run, &start[i]) != 0)
			soak_fail("no thread");
	}
}

/* ---- Rests ---- */

/* What the process has once it is a client, and has nothing open. */
static struct soak_left first;

static void
look_first(void)
{
	while (!listener_open())
		pause_ms(5);
	listener_close();
	tasks_start(soak_self.worker);
	soak_left_of(getpid(), &first);
	/* Who registers memory keeps /proc/self/maps; who carries out transfers stays. */
	first.fds++;
	first.threads += getenv("SLIPWAY_SCIF_RMA") != NULL;
}

/* The first rest has what stays for ever: from then on nothing is added. */
static void
check_heap(void)
{
	static long before;
	long now = soak_heap();
	if (before != 0 && now > before + HEAP_GROWTH)
		soak_fail("rest: %ld bytes are allocated; at the first rest there were %ld", now,
			  before);
	if (before == 0)
		before = now;
}

static void
check_engine(void)
{
	struct soak_since since = soak_since();
	uint64_t end = now_ns() + SOAK_GONE_MS * UINT64_C(1000000);
	int64_t held;

	while ((held = node_held_by(soak_self.node, getpid())) > 0 && now_ns() < end)
		pause_ms(5);
	if (held > 0 && !soak_node_died(soak_self.node, &since))
		soak_fail("rest: node %u has %ld endpoints and windows of this process",
			  soak_self.node, (long)held);
}

/* Once, in a round in which no node goes. */
static void
check_cycles(void)
{
	static bool checked;

	if (!checked && atomic_load(&soak->counting) != 0)
		soak_cycles(&first);
	checked = checked || atomic_load(&soak->counting) != 0;
}

static void
rest(void)
{
	uint64_t since = now_ns();

	soak_begin(SOAK_REST);
	atomic_store(&resting, 1);
	listener_close();
	/* Sessions end by themselves. */
	while (atomic_load(&busy) != 0) {
		pause_ms(1);
		if (now_ns() - since > 2 * soak->deadline_ns)
			break;
	}
	soak_done(SOAK_REST, 0);
	if (atomic_load(&busy) != 0)
		soak_fail("rest: %u threads have something to do still", atomic_load(&busy));
	/* What others have of this process, and threads, may take their time. */
	soak_left_check(&first);
	check_engine();
	soak_ports_own();
	check_heap();
	check_cycles();
}

static void
settings(void)
{
	/* Transfers that take their time show whether fences wait; waits asleep are others than
	 * waits awake.
	 */
	if (soak_chance(2))
		setenv("SLIPWAY_SCIF_RMA", soak_chance(2) ? "worker,delay_us=100,reorder"
							    : "worker", 1);
	if (soak_chance(2))
		setenv("SLIPWAY_SCIF_SPIN_US", "0", 1);
}

static uint64_t
until_rest_ms(void)
{
	return atomic_load(&soak->counting) != 0 ? COUNT_MS : REST_MS + soak_pick(REST_MS);
}

_Noreturn void
soak_worker_run(unsigned int worker)
{
	char number[12];
	uint64_t next;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	soak_task_take(worker, 0);
	snprintf(number, sizeof(number), "%u", soak_self.node);
	setenv("SLIPWAY_SCIF_NODE", number, 1);
	settings();
	atomic_store(&resting, 1);
	look_first();
	for (;;) {
		while (!listener_open())
			pause_ms(5);
		atomic_store(&resting, 0);
		next = now_ns() + until_rest_ms() * 1000000;
		while (now_ns() < next && atomic_load(&soak->ending) == 0) {
			pause_ms(5);
			if (atomic_load(&listener_lost) == 0)
				continue;
			listener_close();
			while (!listener_open() && atomic_load(&soak->ending) == 0)
				pause_ms(5);
		}
		rest();
		if (atomic_load(&soak->ending) != 0)
			exit(0);
	}
}
