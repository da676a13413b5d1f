/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>
#include <time.h>

#include "rte_pmd_dlb.h"
#include "test.h"

/* By then a dequeue that waits is asleep, if it ever sleeps. */
#define ASLEEP_US 5000
/* Nobody sleeps as long as this: whatever is to wake a sleeper comes long before. */
#define SLEEP_NS 4000000000u
/* A wake-up comes as soon as the thread gets a CPU; half the sleep on a busy machine. */
#define PROMPT_US (SLEEP_NS / 2000)

/* A thread that dequeues, with a long timeout, until it has so many events. */
struct sleeper {
	uint8_t port;
	unsigned int wanted;
	uint64_t ticks;
	bool ready;

	struct rte_event ev[64];
	unsigned int got;
	unsigned int in_vain; /* dequeues that came back without anything */
};

static void *
sleeper_run(void *arg)
{
	struct sleeper *s = arg;
	uint16_t n;

	__atomic_store_n(&s->ready, true, __ATOMIC_RELEASE);
	while (s->got < s->wanted && s->in_vain < 2 && !threads_stopping()) {
		n = rte_event_dequeue_burst(dev.id, s->port, s->ev + s->got,
					    (uint16_t)(s->wanted - s->got), s->ticks);
		__atomic_store_n(&s->got, s->got + n, __ATOMIC_RELEASE);
		s->in_vain += n == 0;
	}
	return NULL;
}

/* Start one, and give it time to fall asleep. */
static void
sleeper_start(struct sleeper *s, uint8_t port, unsigned int wanted)
{
	memset(s, 0, sizeof(*s));
	s->port = port;
	s->wanted = wanted;
	assert_int_equal(rte_event_dequeue_timeout_ticks(dev.id, SLEEP_NS, &s->ticks), 0);
	thread_start(sleeper_run, s);
	while (!__atomic_load_n(&s->ready, __ATOMIC_ACQUIRE))
		pause_us(100);
	pause_us(ASLEEP_US);
}

static void
expect_asleep(const struct sleeper *s)
{
	assert_int_equal(__atomic_load_n(&s->got, __ATOMIC_ACQUIRE), 0);
}

/* It has what it wanted, and was woken for it. */
static void
expect_woken(const struct sleeper *s)
{
	assert_int_equal(s->got, s->wanted);
	assert_int_equal(s->in_vain, 0);
}

static void
configure(uint8_t queues, uint8_t ports, uint8_t pairs)
{
	struct rte_event_dev_config conf = shape_config(queues, ports, pairs);

	conf.event_dev_cfg = RTE_EVENT_DEV_CFG_PER_DEQUEUE_TIMEOUT;
	assert_int_equal(rte_event_dev_configure(dev.id, &conf), 0);
	dev.limit = conf.nb_events_limit;
}

/* Port 0 sends to queue 0, of ports 1 to `workers`. */
static void
shape_workers(enum queue_kind kind, uint8_t workers, uint32_t flags)
{
	uint8_t port;

	configure(1, workers + 1, 0);
	queue_make(0, kind);
	ports_make(0, workers + 1, flags, 32);
	for (port = 1; port <= workers; port++)
		link_make(port, 0);
	dev_start();
}

static void
new_event_wakes(void)
{
	struct sleeper s;
	uint64_t start;

	shape_workers(QUEUE_ATOMIC, 1, 0);
	sleeper_start(&s, 1, 1);
	expect_asleep(&s);
	start = now_us();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 42), 1);
	threads_join();
	assert_true(now_us() - start < PROMPT_US);
	expect_woken(&s);
	assert_int_equal(s.ev[0].u64, 42);
}

/* Time and again, at all distances from the moment of falling asleep. */
static void
every_event_wakes(void)
{
	unsigned int i, rounds = work_amount(200);
	struct sleeper s;

	shape_workers(QUEUE_PARALLEL, 1, 0);
	sleeper_start(&s, 1, RTE_MIN(rounds, (unsigned int)RTE_DIM(s.ev)));
	for (i = 0; i < s.wanted; i++) {
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, i), 1);
		while (__atomic_load_n(&s.got, __ATOMIC_ACQUIRE) <= i && !s.in_vain)
			pause_us(1);
		pause_us(random_below(40));
	}
	threads_join();
	expect_woken(&s);
	for (i = 0; i < s.wanted; i++)
		assert_int_equal(s.ev[i].u64, i);
}

static void
directed_event_wakes(void)
{
	struct sleeper s;
	uint64_t start;

	configure(2, 3, 1);
	queue_make(0, QUEUE_ALL);
	queue_make(1, QUEUE_SINGLE);
	port_make(0, 0, 8);
	port_make(1, RTE_EVENT_PORT_CFG_SINGLE_LINK, 8);
	port_make(2, 0, 8);
	link_make(0, 0);
	link_make(1, 1);
	dev_start();
	sleeper_start(&s, 1, 1);
	start = now_us();
	send_numbers(2, event_make(1, RTE_SCHED_TYPE_ATOMIC, 0, 43), 1);
	threads_join();
	assert_true(now_us() - start < PROMPT_US);
	expect_woken(&s);
	assert_int_equal(s.ev[0].u64, 43);
}

/* Ordered events to two workers with room for one each, who pass them on to a sink that sleeps. */
static void
shape_ordered(uint32_t flags)
{
	configure(2, 4, 0);
	queue_make(0, QUEUE_ORDERED);
	queue_make(1, QUEUE_ATOMIC);
	port_make(0, 0, 8);
	ports_make(1, 2, flags, 1);
	port_make(3, 0, 8);
	link_make(1, 0);
	link_make(2, 0);
	link_make(3, 1);
	dev_start();
}

/* Put the sink to sleep on an event that waits for an older one.
 *
 * @return the port that holds the older one
 */
static uint8_t
sink_waits(struct sleeper *sink, struct rte_event *older, uint32_t flags)
{
	struct rte_event ev[2];
	unsigned int second;

	shape_ordered(flags);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ORDERED, 0, 0), 2);
	receive_all(1, &ev[0], 1);
	receive_all(2, &ev[1], 1);
	second = ev[0].u64 == 1 ? 0 : 1;
	sleeper_start(sink, 3, 1);
	answer_all(1 + second, &ev[second], 1, RTE_EVENT_OP_FORWARD, 1, RTE_SCHED_TYPE_ATOMIC);
	*older = ev[1 - second];
	return 2 - second;
}

/* It has to wake soon after `start`, with the event that waited. */
static void
expect_sink_woken(const struct sleeper *sink, uint64_t start)
{
	threads_join();
	assert_true(now_us() - start < PROMPT_US);
	expect_woken(sink);
	assert_int_equal(sink->ev[0].u64, 1);
}

/* The second event is forwarded, and waits for the first: whose release then wakes the sink. */
static void
release_elsewhere_wakes(void)
{
	struct rte_event older;
	struct sleeper sink;
	uint8_t port = sink_waits(&sink, &older, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL);
	uint64_t start;

	pause_us(ASLEEP_US);
	expect_asleep(&sink);
	start = now_us();
	release_all(port, &older, 1);
	expect_sink_woken(&sink, start);
}

/* The same by a dequeue, which finds an event of its own and is not heard of again. */
static void
implicit_release_elsewhere_wakes(void)
{
	struct rte_event ev;
	struct sleeper sink;
	uint8_t port = sink_waits(&sink, &ev, 0);
	uint64_t start;

	/* Something for the next dequeue of either port. */
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ORDERED, 0, 2), 2);
	pause_us(ASLEEP_US);
	expect_asleep(&sink);
	start = now_us();
	receive_all(port, &ev, 1);
	expect_sink_woken(&sink, start);
}

/* The same by a quiesce: nobody dequeues from that port again. */
static void
quiesce_elsewhere_wakes(void)
{
	struct rte_event ev;
	struct sleeper sink;
	uint8_t port = sink_waits(&sink, &ev, 0);
	uint64_t start;

	pause_us(ASLEEP_US);
	expect_asleep(&sink);
	start = now_us();
	rte_event_port_quiesce(dev.id, port, NULL, NULL);
	expect_sink_woken(&sink, start);
}

static void
link_wakes(void)
{
	uint8_t queue = 1;
	struct sleeper s;
	uint64_t start;

	configure(2, 3, 0);
	queue_make(0, QUEUE_PARALLEL);
	queue_make(1, QUEUE_PARALLEL);
	ports_make(0, 3, 0, 32);
	link_make(1, 0);
	link_make(2, 1);
	dev_start();
	assert_int_equal(rte_event_port_unlink(dev.id, 2, &queue, 1), 1);
	while (rte_event_port_unlinks_in_progress(dev.id, 2) > 0)
		pause_us(100);
	send_numbers(0, event_make(1, RTE_SCHED_TYPE_PARALLEL, 0, 44), 1);
	sleeper_start(&s, 1, 1);
	expect_asleep(&s);
	start = now_us();
	link_make(1, 1);
	threads_join();
	assert_true(now_us() - start < PROMPT_US);
	expect_woken(&s);
}

/* Each of two is woken for what is its own, and for no other. */
static void
sleepers_are_woken_one_by_one(void)
{
	struct sleeper s[2];
	uint64_t start;
	unsigned int i;

	configure(2, 3, 0);
	queue_make(0, QUEUE_ATOMIC);
	queue_make(1, QUEUE_ATOMIC);
	ports_make(0, 3, 0, 8);
	link_make(1, 0);
	link_make(2, 1);
	dev_start();
	sleeper_start(&s[0], 1, 1);
	sleeper_start(&s[1], 2, 1);
	start = now_us();
	send_numbers(0, event_make(1, RTE_SCHED_TYPE_ATOMIC, 0, 1), 1);
	pause_us(ASLEEP_US);
	expect_asleep(&s[0]);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 1);
	threads_join();
	assert_true(now_us() - start < PROMPT_US);
	for (i = 0; i < 2; i++) {
		expect_woken(&s[i]);
		assert_int_equal(s[i].ev[0].u64, i);
	}
}

/* One burst for two sleepers, with room for one event each. */
static void
one_burst_wakes_two(void)
{
	struct rte_event ev[2];
	struct sleeper s[2];
	uint64_t start;
	unsigned int i;

	configure(1, 3, 0);
	queue_make(0, QUEUE_PARALLEL);
	port_make(0, 0, 8);
	ports_make(1, 2, 0, 1);
	link_make(1, 0);
	link_make(2, 0);
	dev_start();
	for (i = 0; i < 2; i++) {
		sleeper_start(&s[i], 1 + i, 1);
		ev[i] = event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, i);
	}
	send_all(0, ev, 2);
	start = now_us();
	threads_join();
	assert_true(now_us() - start < PROMPT_US);
	for (i = 0; i < 2; i++)
		expect_woken(&s[i]);
	assert_int_equal(s[0].ev[0].u64 + s[1].ev[0].u64, 1);
}

/* Where a port has a mode of its own, every burst function is another one. */
static void
ports_with_modes_are_woken(void)
{
	static const enum rte_pmd_dlb_token_pop_mode modes[] = {
		RTE_PMD_DLB_AUTO_POP, RTE_PMD_DLB_DELAYED_POP, RTE_PMD_DLB_DEFERRED_POP};
	__typeof__(rte_pmd_dlb_set_token_pop_mode) *set_mode;
	struct sleeper s;
	uint64_t start;
	unsigned int i;

	*(void **)&set_mode = dev_symbol("rte_pmd_dlb_set_token_pop_mode");
	for (i = 0; i < RTE_DIM(modes); i++) {
		configure(1, 3, 0);
		assert_int_equal(set_mode(dev.id, 1, modes[i]), 0);
		/* In the first round that of port 2 has to do. */
		assert_int_equal(set_mode(dev.id, 2, RTE_PMD_DLB_DEFERRED_POP), 0);
		queue_make(0, QUEUE_ATOMIC);
		ports_make(0, 3, 0, 8);
		link_make(1, 0);
		dev_start();
		sleeper_start(&s, 1, 2);
		start = now_us();
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 1);
		pause_us(ASLEEP_US);
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 1), 1);
		threads_join();
		assert_true(now_us() - start < PROMPT_US);
		expect_woken(&s);
		assert_int_equal(s.ev[1].u64, 1);
		dev_stop();
	}
}

/* ---- What it costs ---- */

static uint64_t
thread_cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static bool
waits_by_interrupt(void)
{
	return strstr(dev.args, "wait=interrupt") != NULL ||
	       (dev.is_virtual && strstr(dev.args, "wait=poll") == NULL);
}

static uint64_t
sleeps_counted(void)
{
	return rte_event_dev_xstats_by_name_get(dev.id, "port_1_rx_interrupt_wait", NULL);
}

static void
idle_worker_uses_next_to_nothing(void)
{
	uint64_t start, cpu, ticks;
	struct rte_event ev;
	unsigned int i;

	shape_workers(QUEUE_ATOMIC, 1, 0);
	assert_int_equal(rte_event_dequeue_timeout_ticks(dev.id, 10000000, &ticks), 0);
	start = now_us();
	cpu = thread_cpu_us();
	for (i = 0; i < 30; i++)
		assert_int_equal(rte_event_dequeue_burst(dev.id, 1, &ev, 1, ticks), 0);
	cpu = thread_cpu_us() - cpu;
	start = now_us() - start;
	if (waits_by_interrupt()) {
		assert_true(cpu * 50 < start);
		assert_true(sleeps_counted() >= 30);
	} else {
		assert_int_equal(sleeps_counted(), 0);
	}
}

static const struct test_case cases[] = {
	TEST_CASE(new_event_wakes),
	TEST_CASE(every_event_wakes),
	TEST_CASE(directed_event_wakes),
	TEST_CASE(release_elsewhere_wakes),
	TEST_CASE(implicit_release_elsewhere_wakes),
	TEST_CASE_OURS(quiesce_elsewhere_wakes),
	/* Others finish a link only when they are asked how far it is. */
	TEST_CASE_OURS(link_wakes),
	TEST_CASE(sleepers_are_woken_one_by_one),
	TEST_CASE(one_burst_wakes_two),
	TEST_CASE_OURS(ports_with_modes_are_woken),
	TEST_CASE_OURS(idle_worker_uses_next_to_nothing),
};

TEST_GROUP(sleep, cases);
