/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Nobody's last line may wait for a step that does not come: threads publish one last line, ask
 * once for a step and end; after the join everything has been delivered, without another step.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "dlb_test_case.h"

#define ROUNDS     10000u
#define THREADS    3u
#define FIRST_PORT 60u
#define SINK       0u
/* Turns a thread waits at most before it posts, so that posts fall into every part of a step. */
#define SPREAD 400u

struct poster {
	struct rig *r;
	uint32_t port;
	uint32_t events;
	uint32_t wait;
	_Atomic uint32_t *gate;
	uint32_t threads;
};

/* Wait until all are there, so that they really meet. */
static void
gate_pass(const struct poster *p)
{
	atomic_fetch_add(p->gate, 1);
	for (uint32_t turn = 0; atomic_load(p->gate) < p->threads; turn++)
		if (turn > 200)
			sched_yield();
	for (volatile uint32_t turn = 0; turn < p->wait; turn++)
		;
}

static void *
post_last_and_step_once(void *arg)
{
	const struct poster *p = arg;
	struct dlb_qe hcw[16];

	for (uint32_t n = 0; n < p->events; n++)
		hcw[n] = rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, p->port);
	gate_pass(p);
	rig_send(p->r, p->port, hcw, p->events);
	rig_step(p->r);
	return NULL;
}

/* One meeting of `threads` threads; returns how many events they sent. */
static uint32_t
meet(struct rig *r, uint32_t round, uint32_t threads)
{
	struct poster poster[THREADS];
	pthread_t thread[THREADS];
	_Atomic uint32_t gate = 0;
	uint32_t sent = 0;

	for (uint32_t t = 0; t < threads; t++) {
		poster[t] = (struct poster){
			.r = r,
			.port = FIRST_PORT + t,
			/* The first one makes a step worth interrupting. */
			.events = t == 0 ? 16 : 1,
			.wait = t == 0 ? 0 : round * (7 + t) % SPREAD,
			.gate = &gate,
			.threads = threads,
		};
		sent += poster[t].events;
	}
	for (uint32_t t = 0; t < threads; t++)
		assert_int_equal(
			pthread_create(&thread[t], NULL, post_last_and_step_once, &poster[t]), 0);
	for (uint32_t t = 0; t < threads; t++)
		assert_int_equal(pthread_join(thread[t], NULL), 0);
	return sent;
}

/* Return what was taken in few lines; they are seen to in the next round. */
static void
give_back(struct rig *r, uint32_t n)
{
	struct dlb_qe comp[4];

	rig_tokens(r, SINK, n);
	for (unsigned int k = 0; k < 4; k++)
		comp[k] = rig_hcw(DLB_CMD_COMP, 0, 0, 0, 0, 0);
	for (; n > 4; n -= 4)
		rig_send(r, SINK, comp, 4);
	rig_send(r, SINK, comp, n);
}

static void
last_line_needs_no_further_step(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 1024, 1024, RIG_NOT_ORDERED);
	for (uint32_t t = 0; t < THREADS; t++)
		rig_ldb_port(r, 0, FIRST_PORT + t, 8, 8);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint32_t sent = meet(r, round, 2 + round % 2), got = rig_poll_all(r, SINK);

		if (got != sent)
			print_message("round %u: %u of %u events delivered\n", round, got, sent);
		assert_int_equal(got, sent);
		give_back(r, got);
	}
}

/* A host that keeps the device waiting for an address, and with it the lock. */
static struct {
	const struct bus_host_ops *inner;
	struct bus_host_ops ops;
	_Atomic bool reached, open;
} host_gate;

static void *
map_behind_the_gate(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len,
		    enum bus_prot prot, struct bus_fault *fault)
{
	atomic_store(&host_gate.reached, true);
	while (!atomic_load(&host_gate.open))
		sched_yield();
	return host_gate.inner->map(host, pasid, iova, len, prot, fault);
}

static void *
write_a_cq_register(void *arg)
{
	struct rig *r = arg;

	rig_write(r, DLB_CHP_LDB_CQ2VAS, SINK, 0);
	return NULL;
}

/* A register write takes in what was posted but schedules nothing. Who asks for a step while it has
 * the lock goes away; the step has to happen all the same, though no line is waiting any more.
 */
static void
step_asked_for_during_a_register_write_happens(void **state)
{
	struct rig *r = *state;
	pthread_t thread;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	host_gate.inner = r->host.host.ops;
	host_gate.ops = *host_gate.inner;
	host_gate.ops.map = map_behind_the_gate;
	atomic_store(&host_gate.reached, false);
	atomic_store(&host_gate.open, false);
	rig_new(r, DLB_UNORDERED, 0, 0, 7);
	r->host.host.ops = &host_gate.ops;
	assert_int_equal(pthread_create(&thread, NULL, write_a_cq_register, r), 0);
	while (!atomic_load(&host_gate.reached))
		sched_yield();
	rig_step(r);
	expect_nothing(r, SINK);
	atomic_store(&host_gate.open, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	r->host.host.ops = host_gate.inner;
	expect_qe(r, SINK, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(last_line_needs_no_further_step),
		ON_BOTH(step_asked_for_during_a_register_write_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
