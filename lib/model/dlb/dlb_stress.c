/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Many threads on one DLB, meant to run under ThreadSanitizer:
 *
 *   dlb_stress [entries]          10 million when not said; half on each version of the device
 *
 *   producer 0 --+--> atomic queue ------------------> any consumer: order per flow
 *   producer 1 --+--> ordered queue --> any consumer --> atomic queue: order per flow
 *                +--> unordered queue ---------------> any consumer: each event once
 *                +--> directed queues ---------------> one consumer each: order per flow
 *
 * Whoever has sent something steps the device. A consumer that finds nothing arms its two CQs,
 * steps, looks once more, and then touches neither device nor CQs until an interrupt comes: one
 * that is missed is a stall. What is known of a flow is kept in plain memory:
 * only the device's promise that one CQ at a time holds an atomic flow keeps two threads from it,
 * and the sanitizer sees when it is broken.
 */
#include <inttypes.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dlb_test_rig.h"

#define PRODUCERS 2u
#define CONSUMERS 3u
/* Flows of each producer. */
#define FLOWS 64u
/* Events of a producer that may be on their way: all together fit the credits. */
#define WINDOW 600u
#define BURST  16u
/* One in so many stretches of events they come one at a time, so that everybody falls asleep. */
#define STRETCH       1024u
#define LONELY_ONE_IN 64u
/* Of ordered events one in so many is dropped by its consumer. */
#define DROP_ONE_IN 16u
#define CREDITS     2048u
/* Without a single event for so long something is wrong. */
#define STALL_SECONDS 30u

#define CQ_DEPTH         64u
#define CQ_HISTORY       256u
#define PRODUCER_PORT(i) (40u + (i))

enum queue { ATOMIC, ORDERED, UNORDERED, SECOND, QUEUES };
enum kind { KIND_ATOMIC, KIND_ORDERED, KIND_UNORDERED, KIND_DIRECTED, KINDS };

/* The payload: what it is, whose flow, and its number in that flow. */
#define DATA_KIND_HI 61
#define DATA_KIND_LO 60
#define DATA_FLOW_HI 55
#define DATA_FLOW_LO 48
#define DATA_SEQ_HI  47
#define DATA_SEQ_LO  0

struct flow {
	_Alignas(64) uint64_t next; /* number expected: written by whoever holds the flow */
};

struct stress;

struct producer {
	struct stress *s;
	uint32_t id;
	uint64_t quota;
	uint64_t seq[KINDS][FLOWS];
	uint64_t hash; /* over unordered events */
	_Alignas(64) _Atomic uint64_t sent;
};

struct consumer {
	struct stress *s;
	uint32_t id;
	uint64_t hash;
	uint64_t next_directed[PRODUCERS * FLOWS];
	struct dlb_qe out[BURST]; /* commands to send */
	_Alignas(64) _Atomic uint64_t retired[PRODUCERS];
};

struct stress {
	struct rig rig; /* first: the host of the device is at its beginning */
	_Atomic uint32_t raised[CONSUMERS]; /* interrupts of each consumer */
	_Atomic uint64_t sleeps;
	struct producer producer[PRODUCERS];
	struct consumer consumer[CONSUMERS];
	struct flow atomic[PRODUCERS * FLOWS];
	struct flow ordered[PRODUCERS * FLOWS];
	_Atomic uint64_t errors;
	_Atomic bool stop;
};

/* ---- Producers ---- */

static uint64_t
retired_of(const struct stress *s, uint32_t producer)
{
	uint64_t sum = 0;

	for (uint32_t c = 0; c < CONSUMERS; c++)
		sum += atomic_load_explicit(&s->consumer[c].retired[producer],
					    memory_order_relaxed);
	return sum;
}

/* Spreads bits, so that a sum over events tells which they were. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 31) * UINT64_C(0x9e3779b97f4a7c15);
	return x ^ x >> 29;
}

static struct dlb_qe
next_event(struct producer *p, uint64_t n)
{
	static const enum dlb_sched sched[KINDS] = {DLB_ATOMIC, DLB_ORDERED, DLB_UNORDERED,
						    DLB_DIRECTED};
	enum kind kind = n % KINDS;
	uint32_t f = (uint32_t)(mix(n) % FLOWS), flow = p->id * FLOWS + f, qid = kind;
	uint64_t data = REG_PUT(DATA_KIND, kind) | REG_PUT(DATA_FLOW, flow) |
			REG_PUT(DATA_SEQ, p->seq[kind][f]);

	p->seq[kind][f]++;
	if (kind == KIND_UNORDERED)
		p->hash += mix(data);
	if (kind == KIND_DIRECTED)
		qid = flow % CONSUMERS;
	return rig_hcw(DLB_CMD_NEW, sched[kind], qid, 0, flow, data);
}

static uint64_t
window_of(uint64_t sent)
{
	return sent / STRETCH % LONELY_ONE_IN == 0 ? 1 : WINDOW;
}

static void *
produce(void *arg)
{
	struct producer *p = arg;
	struct stress *s = p->s;
	struct dlb_qe burst[BURST];
	uint64_t sent = 0;

	while (sent < p->quota && !atomic_load_explicit(&s->stop, memory_order_relaxed)) {
		uint64_t way = sent - retired_of(s, p->id), window = window_of(sent), n;

		n = way >= window ? 0 : window - way < BURST ? window - way : BURST;
		n = p->quota - sent < n ? p->quota - sent : n;
		if (n == 0) {
			/* No step: that would repair a wake-up that was missed. */
			nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
			continue;
		}
		for (uint64_t k = 0; k < n; k++)
			burst[k] = next_event(p, sent + k);
		rig_send(&s->rig, PRODUCER_PORT(p->id), burst, (uint32_t)n);
		/* Everybody else may be asleep. */
		rig_step(&s->rig);
		sent += n;
		atomic_store_explicit(&p->sent, sent, memory_order_relaxed);
	}
	rig_step(&s->rig);
	return NULL;
}

/* ---- Consumers ---- */

static void
complain(struct stress *s, const char *what, uint64_t data, uint64_t expected)
{
	if (atomic_fetch_add(&s->errors, 1) < 10)
		printf("dlb_stress: %s: flow %" PRIu64 " brought number %" PRIu64
		       ", expected %" PRIu64 "\n",
		       what, REG_GET(DATA_FLOW, data), REG_GET(DATA_SEQ, data), expected);
}

static void
retire(struct consumer *c, uint64_t data)
{
	uint32_t producer = (uint32_t)REG_GET(DATA_FLOW, data) / FLOWS;

	atomic_store_explicit(&c->retired[producer],
			      atomic_load_explicit(&c->retired[producer], memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

static void
check_next(struct stress *s, const char *what, uint64_t *next, uint64_t data)
{
	if (REG_GET(DATA_SEQ, data) != *next)
		complain(s, what, data, *next);
	*next = REG_GET(DATA_SEQ, data) + 1;
}

static bool
is_dropped(uint64_t seq)
{
	return seq % DROP_ONE_IN == DROP_ONE_IN - 1;
}

/* Numbers their consumer dropped are missing at the second stage. */
static void
check_second(struct stress *s, uint64_t data)
{
	uint64_t *next = &s->ordered[REG_GET(DATA_FLOW, data)].next;

	*next += is_dropped(*next);
	check_next(s, "ordered", next, data);
}

/* What to do with an event from the LDB CQ: the command that finishes it. */
static struct dlb_qe
handle(struct consumer *c, const struct dlb_qe *qe)
{
	uint32_t flow = (uint32_t)REG_GET(DATA_FLOW, qe->data);

	switch (REG_GET(DLB_QE_QID, qe->meta)) {
	case ATOMIC:
		check_next(c->s, "atomic", &c->s->atomic[flow].next, qe->data);
		break;
	case ORDERED:
		if (!is_dropped(REG_GET(DATA_SEQ, qe->data)))
			return rig_hcw(DLB_CMD_FWD, DLB_ATOMIC, SECOND, 0, flow, qe->data);
		break;
	case SECOND:
		check_second(c->s, qe->data);
		break;
	default:
		c->hash += mix(qe->data);
		break;
	}
	retire(c, qe->data);
	return rig_hcw(DLB_CMD_COMP, 0, 0, 0, 0, 0);
}

static uint32_t
poll_balanced(struct consumer *c)
{
	struct rig *r = &c->s->rig;
	struct dlb_qe qe;
	uint32_t n = 0;

	for (; n < BURST && rig_poll(r, c->id, &qe); n++)
		c->out[n] = handle(c, &qe);
	if (n == 0)
		return 0;
	rig_send(r, c->id, c->out, n);
	rig_tokens(r, c->id, n);
	return n;
}

static uint32_t
poll_directed(struct consumer *c)
{
	struct rig *r = &c->s->rig;
	struct dlb_qe qe;
	uint32_t n = 0;

	for (; n < BURST && rig_poll(r, RIG_DIR(c->id), &qe); n++) {
		check_next(c->s, "directed", &c->next_directed[REG_GET(DATA_FLOW, qe.data)],
			   qe.data);
		retire(c, qe.data);
	}
	if (n != 0)
		rig_tokens(r, RIG_DIR(c->id), n);
	return n;
}

static void
arm(struct rig *r, uint32_t port)
{
	rig_send_one(r, port, rig_hcw(DLB_CMD_ARM, 0, 0, 0, 0, 0));
}

/* Until an interrupt comes. Nothing was sent since the step that took the arming in. */
static void
sleep_on(struct consumer *c, uint32_t seen)
{
	struct stress *s = c->s;

	atomic_fetch_add_explicit(&s->sleeps, 1, memory_order_relaxed);
	while (atomic_load_explicit(&s->raised[c->id], memory_order_relaxed) == seen &&
	       !atomic_load_explicit(&s->stop, memory_order_relaxed))
		syscall(SYS_futex, &s->raised[c->id], FUTEX_WAIT_PRIVATE, seen,
			&(struct timespec){.tv_sec = 1}, NULL, 0);
}

static void *
consume(void *arg)
{
	struct consumer *c = arg;
	struct rig *r = &c->s->rig;
	uint32_t seen;

	while (!atomic_load_explicit(&c->s->stop, memory_order_relaxed)) {
		if (poll_balanced(c) + poll_directed(c) != 0)
			continue;
		seen = atomic_load_explicit(&c->s->raised[c->id], memory_order_relaxed);
		arm(r, c->id);
		arm(r, RIG_DIR(c->id));
		rig_step(r);
		if (poll_balanced(c) + poll_directed(c) == 0)
			sleep_on(c, seen);
	}
	return NULL;
}

/* ---- Interrupts ---- */

static void
note_irq(struct bus_host *host, unsigned int vector)
{
	struct stress *s = (struct stress *)(void *)host;

	if (vector < 1 || vector > CONSUMERS) {
		atomic_fetch_add(&s->errors, 1);
		return;
	}
	/* The sanitizer is not to know that this orders anything: what the sleeper finds in its
	 * CQs has to come with the QEs themselves.
	 */
	atomic_fetch_add_explicit(&s->raised[vector - 1], 1, memory_order_relaxed);
	syscall(SYS_futex, &s->raised[vector - 1], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* MSI-X on, and each consumer's two CQs by a vector of its own, with the first QE. */
static void
irqs_set_up(struct stress *s)
{
	static struct bus_host_ops ops;
	struct rig *r = &s->rig;
	uint16_t at = (uint16_t)rig_config_read(r, 0x34, 1);

	ops = *r->host.host.ops;
	ops.irq = note_irq;
	r->host.host.ops = &ops;
	while ((rig_config_read(r, at, 1) & 0xff) != 0x11)
		at = (uint16_t)rig_config_read(r, at + 1, 1);
	rig_config_write(r, at + 2, 2, 0x8000);
	for (uint32_t c = 0; c < CONSUMERS; c++) {
		uint32_t isr = 2u << DLB_SYS_LDB_CQ_ISR_EN_CODE_LO | c;

		rig_write(r, DLB_MSIX_VECTOR_CTRL, 1 + c, 0);
		rig_write(r, DLB_SYS_LDB_CQ_ISR, c, isr);
		rig_write(r, DLB_SYS_DIR_CQ_ISR, c, isr);
		rig_write(r, DLB_CHP_LDB_CQ_INT_ENB, c, 2);
		rig_write(r, DLB_CHP_DIR_CQ_INT_ENB, c, 2);
	}
}

/* ---- Set-up and verdict ---- */

static void
device_set_up(struct rig *r)
{
	struct rig_queue how = rig_queue_plain();

	rig_domain(r, 0, CREDITS, r->version == DLB_V20 ? CREDITS : 0);
	for (uint32_t q = 0; q < QUEUES; q++) {
		how.sn_mode = q == ORDERED ? 0 : RIG_NOT_ORDERED;
		how.inflights = q == ORDERED ? DLB_SN_MIN : DLB_QID_INFLIGHTS;
		rig_ldb_queue(r, 0, q, how);
	}
	for (uint32_t c = 0; c < CONSUMERS; c++) {
		rig_ldb_port(r, 0, c, CQ_DEPTH, CQ_HISTORY);
		rig_dir_port(r, 0, c, CQ_DEPTH);
		rig_dir_queue(r, 0, c, 16);
		for (uint32_t q = 0; q < QUEUES; q++)
			rig_link(r, q, c, q, q == SECOND ? 0 : 2);
	}
	for (uint32_t p = 0; p < PRODUCERS; p++)
		rig_ldb_port(r, 0, PRODUCER_PORT(p), 8, 8);
	rig_start(r, 0);
}

static uint64_t
check(const char *what, uint64_t is, uint64_t expected)
{
	if (is == expected)
		return 0;
	printf("dlb_stress: %s: %" PRIu64 ", expected %" PRIu64 "\n", what, is, expected);
	return 1;
}

/* Nothing in flight, nothing owed, every credit back. */
static uint64_t
device_check(struct rig *r)
{
	uint64_t wrong = 0;

	for (uint32_t q = 0; q < QUEUES; q++) {
		wrong += check("events left in a queue", rig_depth(r, q), 0);
		wrong += check("in flight of a queue", rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, q), 0);
	}
	for (uint32_t c = 0; c < CONSUMERS; c++) {
		wrong += check("tokens in use", rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, c), 0);
		wrong += check("history in use", rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, c), 0);
		wrong += check("directed tokens", rig_read(r, DLB_LSP_CQ_DIR_TKN_CNT, c), 0);
		rig_enable(r, c, false);
	}
	for (uint32_t n = 0; n < CREDITS + 100; n++)
		rig_send_one(r, PRODUCER_PORT(0),
			     rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, UNORDERED, 0, 0, 0));
	return wrong + check("credits in the end", rig_depth(r, UNORDERED), CREDITS);
}

static uint64_t
events_check(const struct stress *s)
{
	uint64_t wrong = atomic_load(&s->errors), sent = 0, got = 0;

	for (uint32_t p = 0; p < PRODUCERS; p++) {
		wrong += check("events retired", retired_of(s, p), s->producer[p].quota);
		sent += s->producer[p].hash;
		for (uint32_t f = 0; f < FLOWS; f++) {
			uint64_t all = s->producer[p].seq[KIND_ORDERED][f];
			uint64_t ordered = s->ordered[p * FLOWS + f].next;

			/* The last one may have been dropped. */
			ordered += ordered < all && is_dropped(ordered);
			wrong += check("atomic events of a flow", s->atomic[p * FLOWS + f].next,
				       s->producer[p].seq[KIND_ATOMIC][f]);
			wrong += check("ordered events of a flow", ordered, all);
		}
	}
	for (uint32_t c = 0; c < CONSUMERS; c++)
		got += s->consumer[c].hash;
	return wrong + check("sum over unordered events", got, sent);
}

/* ---- Watching ---- */

static uint64_t
retired_in_all(const struct stress *s)
{
	uint64_t sum = 0;

	for (uint32_t p = 0; p < PRODUCERS; p++)
		sum += retired_of(s, p);
	return sum;
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
report_stall(struct stress *s, uint64_t done, uint64_t entries)
{
	printf("dlb_stress: stalled: %" PRIu64 " of %" PRIu64 " entries, none for %u s; waiting",
	       done, entries, STALL_SECONDS);
	for (uint32_t q = 0; q < QUEUES; q++)
		printf(" q%u %u", q, rig_depth(&s->rig, q));
	printf("; in flight");
	for (uint32_t c = 0; c < CONSUMERS; c++)
		printf(" cq%u %u", c, rig_read(&s->rig, DLB_LSP_CQ_LDB_INFL_CNT, c));
	printf("\n");
}

/* Until all is done, or nothing moves. */
static bool
watch(struct stress *s, uint64_t entries)
{
	double start = seconds(), moved = start, shown = start;
	uint64_t last = 0;

	for (;;) {
		uint64_t done = retired_in_all(s);
		double now = seconds();

		if (done == entries)
			return true;
		if (done != last)
			moved = now;
		last = done;
		if (now - moved > STALL_SECONDS) {
			report_stall(s, done, entries);
			return false;
		}
		if (now - shown > 5) {
			shown = now;
			printf("dlb_stress: %.1f of %.1f million, %.2f million/s\n",
			       (double)done / 1e6, (double)entries / 1e6,
			       (double)done / 1e6 / (now - start));
			fflush(stdout);
		}
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
}

static bool
threads_run(struct stress *s, uint64_t entries)
{
	pthread_t thread[PRODUCERS + CONSUMERS];
	uint32_t n = 0;
	bool done;

	for (uint32_t c = 0; c < CONSUMERS; c++, n++)
		if (pthread_create(&thread[n], NULL, consume, &s->consumer[c]) != 0)
			break;
	for (uint32_t p = 0; p < PRODUCERS && n >= CONSUMERS; p++, n++)
		if (pthread_create(&thread[n], NULL, produce, &s->producer[p]) != 0)
			break;
	if (n < PRODUCERS + CONSUMERS)
		printf("dlb_stress: thread %u of %u could not be started\n", n,
		       PRODUCERS + CONSUMERS);
	done = n == PRODUCERS + CONSUMERS && watch(s, entries);
	atomic_store(&s->stop, true);
	while (n > 0)
		pthread_join(thread[--n], NULL);
	return done;
}

static bool
stress(struct stress *s, enum dlb_version version, uint64_t entries)
{
	double start = seconds(), took;
	uint64_t wrong = 1, stray;

	memset(s, 0, sizeof(*s));
	if (rig_open(&s->rig, version, TEST_HOST_WHOLE) < 0) {
		printf("dlb_stress: out of memory\n");
		return false;
	}
	device_set_up(&s->rig);
	irqs_set_up(s);
	for (uint32_t p = 0; p < PRODUCERS; p++) {
		s->producer[p].s = s;
		s->producer[p].id = p;
		s->producer[p].quota = entries / PRODUCERS + (p < entries % PRODUCERS);
	}
	for (uint32_t c = 0; c < CONSUMERS; c++) {
		s->consumer[c].s = s;
		s->consumer[c].id = c;
	}
	if (threads_run(s, entries))
		wrong = events_check(s) + device_check(&s->rig);
	took = seconds() - start;
	stray = rig_close(&s->rig);
	wrong += check("stray accesses", stray, 0);
	printf("dlb_stress: DLB %s: %s: %" PRIu64 " entries, %u producers, %u consumers, %.1f s, "
	       "%.2f million/s, %" PRIu64 " sleeps\n",
	       version == DLB_V20 ? "2.0" : "2.5", wrong == 0 ? "passed" : "FAILED", entries,
	       PRODUCERS, CONSUMERS, took, (double)entries / 1e6 / took,
	       atomic_load(&s->sleeps));
	return wrong == 0;
}

int
main(int argc, char *argv[])
{
	uint64_t entries = 10000000;
	char *end = "";
	struct stress *s;
	bool ok;

	if (argc > 1)
		entries = strtoull(argv[1], &end, 10);
	if (argc > 2 || *end != '\0' || entries < 2 || entries > UINT64_C(1) << 40) {
		fprintf(stderr, "usage: dlb_stress [entries], 2 to 2^40 of them\n");
		return 2;
	}
	s = aligned_alloc(64, (sizeof(*s) + 63) & ~(size_t)63);
	if (s == NULL) {
		fprintf(stderr, "dlb_stress: out of memory\n");
		return 1;
	}
	ok = stress(s, DLB_V20, entries / 2);
	ok = stress(s, DLB_V25, entries - entries / 2) && ok;
	free(s);
	return ok ? 0 : 1;
}
