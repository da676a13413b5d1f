/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Streams, waits and closes of SCIF themselves, their threads woven in every way that few
 * deviations allow:
 *
 *   scif_weave [deviations]          2 when not said
 *
 * How they are woven, and what a deviation is: weave/weave.h. Clients and engine are the code that
 * programs run, but for the system calls: sleeping and waking are the weaver's, and nobody is woken
 * by time, so that a wake that comes too early is seen.
 */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "client.h"
#include "scif_engine_test_rig.h"
#include "scif_priv.h"
#include "weave.h"

#define PORT 2050
/* Four pieces, as rings have. */
#define RING 2048
/* More than a ring: of many pieces, and two chunks. */
#define LONG (RING + 100)
/* What leaves less room than that. */
#define ALMOST (RING - 700)

/* ---- System calls ---- */

struct word {
	uint64_t was;
	uint64_t address;
	uint64_t flags;
};

static long
sleep_on(const struct word words[], unsigned int n)
{
	const volatile void *at[8];

	weave_settle();
	for (unsigned int i = 0; i < n; i++) {
		at[i] = (const void *)(uintptr_t)words[i].address;
		if (*(const volatile uint32_t *)at[i] != (uint32_t)words[i].was) {
			errno = EAGAIN;
			return -1;
		}
	}
	weave_sleep(at, n);
	return 0;
}

static long
futex(_Atomic uint32_t *word, int op, uint32_t was)
{
	const struct word one = {.was = was, .address = (uintptr_t)word};

	if (op == FUTEX_WAIT)
		return sleep_on(&one, 1);
	weave_wake(word);
	return 0;
}

/* Stands for syscall(2) where code is woven. */
long
weave_syscall(long number, ...)
{
	va_list args;
	void *first;
	int second;
	long ret;

	va_start(args, number);
	first = va_arg(args, void *);
	second = va_arg(args, int);
	if (number == SYS_futex)
		ret = futex(first, second, va_arg(args, uint32_t));
	else
		ret = sleep_on(first, (unsigned int)second);
	va_end(args);
	return ret;
}

/* ---- A node, two clients, and a connection between them ---- */

static struct bench b;
static struct scif_client *owner[2];
static struct client side[2];
static struct client_endpoint end[2];
static _Atomic uint32_t told; /* requests that wake the engine's host */

int
client_gate(struct client_endpoint *ep)
{
	(void)ep;
	return 0;
}

int
client_attach(struct client_endpoint *ep)
{
	(void)ep;
	return -ENOTCONN;
}

void
client_gate_read(struct client_endpoint *ep)
{
	(void)ep;
}

static void
engine_wake(void *arg, _Atomic uint32_t *word)
{
	(void)arg;
	weave_wake(word);
}

static void
tell(struct client_link *link)
{
	(void)link;
	atomic_fetch_add(&told, 1);
	weave_wake(&told);
}

static bool
alive(struct client_link *link)
{
	(void)link;
	return true;
}

static struct client_link link_of_all = {.tell = tell, .alive = alive};

static void
attach(unsigned int i)
{
	struct scif_endpoint *ep = scif_endpoint_of(owner[i], 1);
	struct client_endpoint *e = &end[i];

	side[i] = (struct client){
		.link = &link_of_all,
		.board = owner[i]->desk->board,
		.piece = 2048,
		.claims = true,
	};
	*e = (struct client_endpoint){
		.client = &side[i],
		.ctl = ep->ctl,
		.mine = scif_endpoint_half(ep),
		.peer = scif_endpoint_peer_half(ep),
		.index = 1,
	};
	e->tx = (struct scif_producer){e->peer->ring, &e->peer->local_write, &e->mine->local_read,
				       &e->mine->tx, RING - 1};
	e->rx = (struct scif_consumer){e->mine->ring, &e->mine->local_write, &e->peer->local_read,
				       &e->mine->rx, RING - 1};
}

static void
connect_them(void)
{
	bench_ask(&b, owner[0], SCIF_REQUEST_OPEN, 1, 0, 0, 0);
	bench_ask(&b, owner[1], SCIF_REQUEST_OPEN, 0, 0, 0, 0);
	bench_ask(&b, owner[1], SCIF_REQUEST_BIND, 0, PORT, 0, 0);
	bench_ask(&b, owner[1], SCIF_REQUEST_LISTEN, 0, 1, 0, 0);
	bench_ask(&b, owner[0], SCIF_REQUEST_CONNECT, 1, 0, PORT, 0);
	bench_ask(&b, owner[1], SCIF_REQUEST_ACCEPT, 0, 1, 0, 0);
	attach(0);
	attach(1);
	atomic_store(&told, 0);
}

static void
part_them(void)
{
	for (unsigned int i = 0; i < 2; i++)
		for (uint32_t index = 0; index < 2; index++)
			bench_ask(&b, owner[i], SCIF_REQUEST_CLOSE, index, 0, 0, 0);
}

/* ---- What is woven ---- */

static uint8_t got[LONG];
static int received, sent;
static short polled;

static void
sends_three(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++)
		sent += client_send(&end[0], 0, &(uint8_t){(uint8_t)(i + 1)}, 1, true);
}

static void
sends_six_at_once(void *arg)
{
	static const uint8_t bytes[6] = {1, 2, 3, 4, 5, 6};

	(void)arg;
	sent = client_send(&end[0], 0, bytes, 6, true);
}

static void
receives_three(void *arg)
{
	(void)arg;
	received = client_recv(&end[1], 0, got, 3, true);
}

/* Bytes that tell their place. */
static void
sends_pieces(void *arg)
{
	uint8_t bytes[LONG];

	(void)arg;
	for (int i = 0; i < LONG; i++)
		bytes[i] = (uint8_t)(i % 251 + 1);
	sent = client_send(&end[0], 0, bytes, LONG, true);
}

static void
receives_pieces(void *arg)
{
	(void)arg;
	received = client_recv(&end[1], 0, got, LONG, true);
}

/* The bytes that filled the ring, and six more. */
static void
receives_a_full_ring(void *arg)
{
	uint8_t bytes[RING];

	(void)arg;
	client_recv(&end[1], 0, bytes, RING - 3, true);
	received = client_recv(&end[1], 0, got, 6, true);
}

static void
receives_more(void *arg)
{
	(void)arg;
	received = client_recv(&end[1], 0, got, 100, true);
}

static void
answers(void *arg)
{
	uint8_t byte;

	(void)arg;
	for (int i = 0; i < 2; i++) {
		client_recv(&end[1], 0, &byte, 1, true);
		client_send(&end[1], 0, &byte, 1, true);
	}
}

static void
asks(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++) {
		client_send(&end[0], 0, &(uint8_t){(uint8_t)(i + 1)}, 1, true);
		received += client_recv(&end[0], 0, got + i, 1, true);
	}
}

static void
polls(void *arg)
{
	struct client_poll p = {.ep = &end[1], .events = POLLIN};

	(void)arg;
	client_poll(&p, 1, -1, PTHREAD_CANCEL_DISABLE);
	polled = p.revents;
}

/* The engine: the sender's process has gone. */
static void
sender_goes(void *arg)
{
	(void)arg;
	bench_ask(&b, owner[0], SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
}

static void
sends_one_and_closes(void *arg)
{
	sent = client_send(&end[0], 0, &(uint8_t){1}, 1, true);
	sender_goes(arg);
}

static void
receiver_goes(void *arg)
{
	(void)arg;
	bench_ask(&b, owner[1], SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
}

/* The engine, as its host calls it, until it has shown that there is something to read. */
static void
serves(void *arg)
{
	uint32_t was;

	(void)arg;
	while ((b.shown & POLLIN) == 0) {
		was = atomic_load(&told);
		scif_engine_sleep(b.engine, true);
		scif_engine_step(b.engine, 0);
		if ((b.shown & POLLIN) == 0)
			futex(&told, FUTEX_WAIT, was);
		scif_engine_sleep(b.engine, false);
	}
}

static void
sends_one(void *arg)
{
	(void)arg;
	sent = client_send(&end[0], 0, &(uint8_t){1}, 1, true);
}

/* At the side when the process forks, and once more. */
static void
receives_twice(void *arg)
{
	uint8_t byte;

	(void)arg;
	for (int i = 0; i < 2; i++)
		client_recv(&end[1], 0, &byte, 1, false);
}

static void
forks(void *arg)
{
	(void)arg;
	client_stream_share(&end[1]);
}

static void
fill(void)
{
	static const uint8_t bytes[RING];

	client_send(&end[0], 0, bytes, RING - 3, false);
}

static void
show_events(void)
{
	bench_ask(&b, owner[1], SCIF_REQUEST_GATE, 1, 0, 0, 0);
}

/* As many as n bytes, in order. */
static bool
in_order(int n)
{
	for (int i = 0; i < n; i++)
		if (got[i] != i + 1)
			return false;
	return true;
}

static bool
three_came(void)
{
	return sent == 3 && received == 3 && in_order(3);
}

static bool
pieces_came(void)
{
	for (int i = 0; i < LONG; i++)
		if (got[i] != i % 251 + 1)
			return false;
	return sent == LONG && received == LONG;
}

/* Less room than is wanted, and that around the end of the ring. */
static void
fill_almost(void)
{
	uint8_t bytes[1700] = {0};

	client_send(&end[0], 0, bytes, sizeof(bytes), false);
	client_recv(&end[1], 0, bytes, sizeof(bytes), false);
	client_send(&end[0], 0, bytes, ALMOST, false);
}

static void
receives_all_pieces(void *arg)
{
	uint8_t bytes[ALMOST];

	client_recv(&end[1], 0, bytes, ALMOST, true);
	receives_pieces(arg);
}

static bool
six_came(void)
{
	return sent == 6 && received == 6 && in_order(6);
}

static bool
two_came_back(void)
{
	return received == 2 && in_order(2);
}

static bool
one_came(void)
{
	return sent == 1 && received == 1 && in_order(1);
}

/* Of a process that is killed, the byte or nothing. */
static bool
waiting_ended(void)
{
	return received == -ECONNRESET || (received == 1 && in_order(1));
}

static bool
sending_ended(void)
{
	return sent == 2 || sent == -ECONNRESET || sent == 6;
}

static bool
in_was_polled(void)
{
	return (polled & (POLLIN | POLLHUP)) != 0;
}

/* Or a child would wait for ever. */
static bool
side_is_nobodys(void)
{
	return atomic_load(&end[1].forked) && atomic_load(&end[1].ctl->holder[1]) == 0;
}

static bool
in_is_shown(void)
{
	return b.shown == (POLLIN | POLLOUT);
}

static const struct scenario {
	const char *name;
	void (*before)(void);
	void (*run[WEAVE_THREADS])(void *arg);
	bool (*is_right)(void);
} scenarios[] = {
	{"three bytes to who waits", NULL, {sends_three, receives_three, NULL}, three_came},
	{"six bytes into a full ring", fill, {sends_six_at_once, receives_a_full_ring, NULL},
	 six_came},
	{"pieces to who waits", NULL, {sends_pieces, receives_pieces, NULL}, pieces_came},
	{"pieces around the end, for room", fill_almost,
	 {sends_pieces, receives_all_pieces, NULL}, pieces_came},
	{"there and back", NULL, {asks, answers, NULL}, two_came_back},
	{"a byte, and a close", NULL, {sends_one_and_closes, receives_more, NULL}, one_came},
	{"who sends is killed", NULL, {sends_one, receives_more, sender_goes}, waiting_ended},
	{"who receives is killed", fill, {sends_six_at_once, receiver_goes, NULL}, sending_ended},
	{"who polls is woken", NULL, {polls, sends_one, NULL}, in_was_polled},
	{"who polls is told of the end", NULL, {polls, sender_goes, NULL}, in_was_polled},
	{"who receives leaves after a fork", NULL, {receives_twice, forks, NULL}, side_is_nobodys},
	{"two do", NULL, {receives_twice, receives_twice, forks}, side_is_nobodys},
	{"a descriptor shows what comes", show_events, {sends_one, serves, NULL}, in_is_shown},
};

/* All schedules of a scenario. */
static bool
weave(const struct scenario *s, unsigned int deviations)
{
	unsigned long schedules = 0;
	bool ended;

	weave_begin(deviations);
	do {
		connect_them();
		sent = received = polled = 0;
		memset(got, 0, sizeof(got));
		if (s->before != NULL)
			s->before();
		ended = weave_run(s->run, NULL);
		schedules++;
		if (!ended || !s->is_right()) {
			printf("%-32s %s in schedule %lu\n", s->name,
			       ended ? "wrong" : "somebody sleeps for ever", schedules);
			return false;
		}
		part_them();
	} while (weave_next());
	printf("%-32s %8lu schedules\n", s->name, schedules);
	return true;
}

int
main(int argc, char **argv)
{
	unsigned int deviations = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 2;
	unsigned int passed = 0, all = sizeof(scenarios) / sizeof(scenarios[0]);
	static struct scif_host_ops ops;

	ops = bench_ops;
	ops.wake = engine_wake;
	b.engine = scif_engine_create(&(struct scif_engine_config){.ring_size = RING}, &ops, &b);
	for (unsigned int i = 0; i < 2; i++)
		owner[i] = bench_client(&b, true, NULL);
	for (unsigned int i = 0; i < all; i++) {
		if (!weave(&scenarios[i], deviations))
			break;
		passed++;
	}
	printf("%u passed, %u failed\n", passed, all - passed);
	return passed == all ? 0 : 1;
}
