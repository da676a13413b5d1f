/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <sched.h>

#include "rte_pmd_dlb.h"
#include "test.h"

/* Ports of all kinds, at once: token pop modes, who releases, depths, bursts and waits by turns. */

#define PORTS      5
#define LDB_QUEUES 3
#define DIR_QUEUE  LDB_QUEUES
#define DIR_PORT   (PORTS + 1)
#define EVENTS     600
#define SEEDS      6

/* A thread that passes events on, or drops them, until none is left. */
struct mixer {
	uint8_t port;
	uint32_t state;
	bool releases; /* itself, in order; else it may leave that to the next dequeue */
	unsigned int *inside;
	unsigned int rounds, stuck;
};

static uint32_t
draw(struct mixer *m, uint32_t limit)
{
	m->state = m->state * 1664525 + 1013904223;
	return (m->state >> 8) % limit;
}

/* Make answers of what was dequeued: how many, some of which may be fewer than there were. */
static uint16_t
make_answers(struct mixer *m, struct rte_event ev[], uint16_t n, unsigned int *gone)
{
	uint16_t i, answers = n;

	if (!m->releases && draw(m, 4) == 0)
		answers = (uint16_t)draw(m, n + 1);
	*gone = n - answers;
	for (i = 0; i < answers; i++) {
		if (++ev[i].u64 >= m->rounds || draw(m, 16) == 0) {
			ev[i].op = RTE_EVENT_OP_RELEASE;
			++*gone;
			continue;
		}
		ev[i].op = RTE_EVENT_OP_FORWARD;
		/* Four in a row that go one way are a case of their own. */
		ev[i].queue_id = i % 8 < 4 ? m->port % LDB_QUEUES : draw(m, LDB_QUEUES + 1);
		ev[i].sched_type = i % 8 < 4 ? m->port % 3 : draw(m, 3);
		ev[i].flow_id = draw(m, 16);
	}
	return answers;
}

static void
answer(struct mixer *m, struct rte_event ev[], uint16_t n)
{
	uint64_t end = now_us() + PATIENCE_US;
	unsigned int gone;
	uint16_t i = 0;

	n = make_answers(m, ev, n, &gone);
	while (i < n && now_us() < end)
		i += rte_event_enqueue_burst(dev.id, m->port, ev + i,
					     (uint16_t)RTE_MIN((unsigned int)(n - i),
							       1 + draw(m, 12)));
	m->stuck += i != n;
	__atomic_fetch_sub(m->inside, gone, __ATOMIC_ACQ_REL);
}

static void *
mixer_run(void *arg)
{
	static const uint64_t waits_ns[] = {0, 20000, 100000, 2000000};
	struct mixer *m = arg;
	struct rte_event ev[32];
	uint16_t n;

	while (__atomic_load_n(m->inside, __ATOMIC_ACQUIRE) > 0 && !threads_stopping()) {
		n = rte_event_dequeue_burst(dev.id, m->port, ev, (uint16_t)(1 + draw(m, 32)),
					    waits_ns[draw(m, RTE_DIM(waits_ns))]);
		if (n == 0)
			sched_yield();
		else
			answer(m, ev, n);
	}
	return NULL;
}

static void
shape_mix(struct mixer mixers[], uint32_t seed)
{
	__typeof__(rte_pmd_dlb_set_token_pop_mode) *set_pop;
	struct rte_event_dev_config conf = shape_config(LDB_QUEUES + 1, PORTS + 2, 1);
	unsigned int i, q;

	conf.event_dev_cfg = RTE_EVENT_DEV_CFG_PER_DEQUEUE_TIMEOUT;
	conf.nb_events_limit = EVENTS;
	assert_int_equal(rte_event_dev_configure(dev.id, &conf), 0);
	dev.limit = EVENTS;
	*(void **)&set_pop = dev_symbol("rte_pmd_dlb_set_token_pop_mode");
	for (q = 0; q < LDB_QUEUES; q++)
		queue_make(q, QUEUE_ALL);
	queue_make(DIR_QUEUE, QUEUE_SINGLE);
	port_make(0, 0, 32);
	for (i = 1; i <= DIR_PORT; i++) {
		struct mixer *m = &mixers[i - 1];
		bool single = i == DIR_PORT;

		m->port = i;
		m->state = seed + i * 7919;
		m->releases = draw(m, 2);
		if (seed % 3 != 0)
			assert_int_equal(set_pop(dev.id, i, single ? 2 * draw(m, 2) : draw(m, 3)),
					 0);
		port_make(i,
			  (m->releases ? RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL : 0) |
				  (single ? RTE_EVENT_PORT_CFG_SINGLE_LINK : 0),
			  1u << draw(m, 6));
		for (q = 0; q < LDB_QUEUES && !single; q++)
			link_make(i, q);
	}
	link_make(DIR_PORT, DIR_QUEUE);
	dev_start();
}

static void
mix(uint32_t seed)
{
	static struct mixer mixers[DIR_PORT];
	static unsigned int inside;
	unsigned int i, n;

	shape_mix(mixers, seed);
	inside = EVENTS;
	for (i = 0; i < EVENTS; i++)
		send_numbers(0, event_make(i % LDB_QUEUES, i % 3, i % 16, 0), 1);
	for (i = 0; i < DIR_PORT; i++) {
		mixers[i].inside = &inside;
		mixers[i].rounds = work_amount(200);
		mixers[i].stuck = 0;
		thread_start(mixer_run, &mixers[i]);
	}
	threads_join();
	assert_int_equal(inside, 0);
	for (i = 0; i < DIR_PORT; i++)
		assert_int_equal(mixers[i].stuck, 0);
	for (i = 1; i <= DIR_PORT; i++)
		receive_nothing(i);
	n = send_until_refused(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), EVENTS + 10);
	assert_int_equal(n, EVENTS);
	dev_stop();
}

static void
ports_of_all_kinds_lose_nothing(void)
{
	uint32_t seed;

	/* Of every third, no port has a mode. */
	for (seed = 1; seed <= SEEDS; seed++)
		mix(seed);
}

static const struct test_case cases[] = {
	TEST_CASE_OURS(ports_of_all_kinds_lose_nothing),
};

TEST_GROUP(mix, cases);
