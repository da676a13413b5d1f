/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Wakes sleeping dequeues, as often as it is told, and none of them may be missed. One event goes
 * round among threads that all dequeue with a timeout, so that nobody polls while the one that has
 * it is busy; how long that takes is drawn, so that events come at every moment of falling asleep.
 * And whoever passed it on leaves the device alone for a while, half of the time: waking the next
 * one is the business of the enqueue.
 * A wake-up that is missed is a timeout, or an event that is found when the time is over, as long
 * after it was sent: the program then ends. It tells how long; a dequeue sleeps four seconds.
 *
 *   slipway-stress-sleep EAL-ARGUMENTS -- [WAKE-UPS [THREADS]]
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <rte_branch_prediction.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eventdev.h>

#define DEV         0
#define THREADS_MAX 16
#define TIMEOUT_NS  4000000000u
/* Not even a busy machine keeps a thread that was woken waiting for so long. */
#define MISSED_NS 2000000000u
/* Worth telling. */
#define LATE_NS 1000000000u
/* A dequeue polls for 10 us before it sleeps; until then, and as long again after that. */
#define SPREAD_NS 30000u
/* Between two looks at how far it is. */
#define TICK_US 200000

static _Atomic bool stop, missed;
static _Atomic uint64_t hops;
static unsigned int nb_threads = 2;
static uint64_t ticks;

static uint32_t
draw(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33);
}

/* Work of a length drawn. */
static void
work(uint64_t *state)
{
	uint64_t length = draw(state) % SPREAD_NS * rte_get_timer_hz() / 1000000000u;
	uint64_t start = rte_get_timer_cycles();

	while (rte_get_timer_cycles() - start < length)
		;
}

static void
miss(uint8_t port, const char *what)
{
	if (!atomic_exchange(&stop, true)) {
		fprintf(stderr, "port %u: %s\n", port, what);
		atomic_store(&missed, true);
	}
}

static void
pass_on(uint8_t port, struct rte_event *ev)
{
	ev->u64 = rte_get_timer_cycles();
	ev->op = RTE_EVENT_OP_FORWARD;
	ev->queue_id = (uint8_t)((port + 1) % nb_threads);
	ev->sched_type = RTE_SCHED_TYPE_ATOMIC;
	while (rte_event_enqueue_burst(DEV, port, ev, 1) == 0 && !atomic_load(&stop))
		;
}

/* Wait, without a call to the device, until somebody has received. */
static void
watch_others(uint64_t seen)
{
	while (atomic_load_explicit(&hops, memory_order_relaxed) == seen &&
	       !atomic_load_explicit(&stop, memory_order_relaxed))
		sched_yield();
}

/* How long it took an event to be found. */
static void
judge_age(uint8_t port, uint64_t sent)
{
	uint64_t cycles = rte_get_timer_cycles() - sent;
	uint64_t ms = cycles * 1000 / rte_get_timer_hz();

	if (likely(ms < LATE_NS / 1000000))
		return;
	fprintf(stderr, "port %u: an event was found %" PRIu64 " ms after it was sent\n", port,
		ms);
	if (ms >= MISSED_NS / 1000000)
		miss(port, "a wake-up was missed, or the machine stood still");
}

static void *
run(void *arg)
{
	uint8_t port = (uint8_t)(uintptr_t)arg;
	uint64_t state = port + 1;
	struct rte_event ev;
	uint64_t hop;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		if (rte_event_dequeue_burst(DEV, port, &ev, 1, ticks) == 1) {
			judge_age(port, ev.u64);
			hop = atomic_fetch_add_explicit(&hops, 1, memory_order_relaxed) + 1;
			work(&state);
			pass_on(port, &ev);
			if (draw(&state) & 1)
				watch_others(hop);
		} else {
			/* The event is round in that time, many times over. */
			miss(port, "the dequeue timed out");
		}
	}
	return NULL;
}

static bool
is_single(unsigned int i)
{
	return i % 2 == 1;
}

/* Ports and queues by threads: load-balanced and directed by turns. */
static int
set_up(void)
{
	struct rte_event_dev_config conf = {
		.nb_event_queues = (uint8_t)nb_threads,
		.nb_event_ports = (uint8_t)nb_threads,
		.nb_single_link_event_port_queues = (uint8_t)(nb_threads / 2),
		.nb_events_limit = 64,
		.nb_event_queue_flows = 1024,
		.nb_event_port_dequeue_depth = 8,
		.nb_event_port_enqueue_depth = 8,
		.event_dev_cfg = RTE_EVENT_DEV_CFG_PER_DEQUEUE_TIMEOUT,
	};
	struct rte_event_queue_conf queue = {
		.schedule_type = RTE_SCHED_TYPE_ATOMIC,
		.nb_atomic_flows = 64,
		.nb_atomic_order_sequences = 64,
	};
	struct rte_event_port_conf port = {
		.new_event_threshold = 64, .dequeue_depth = 8, .enqueue_depth = 8};
	int ret = rte_event_dev_configure(DEV, &conf);

	for (uint8_t i = 0; i < nb_threads && ret == 0; i++) {
		queue.event_queue_cfg = is_single(i) ? RTE_EVENT_QUEUE_CFG_SINGLE_LINK : 0;
		port.event_port_cfg = is_single(i) ? RTE_EVENT_PORT_CFG_SINGLE_LINK : 0;
		ret = rte_event_queue_setup(DEV, i, &queue);
		if (ret == 0)
			ret = rte_event_port_setup(DEV, i, &port);
		if (ret == 0 && rte_event_port_link(DEV, i, &i, NULL, 1) != 1)
			ret = -EINVAL;
	}
	if (ret == 0)
		ret = rte_event_dequeue_timeout_ticks(DEV, TIMEOUT_NS, &ticks);
	return ret == 0 ? rte_event_dev_start(DEV) : ret;
}

static uint64_t
sleeps(void)
{
	return rte_event_dev_xstats_by_name_get(DEV, "dev_rx_interrupt_wait", NULL);
}

/* Until there were so many wake-ups, or one was missed. */
static void
watch(uint64_t wanted)
{
	uint64_t said = 0, now;

	while (!atomic_load(&stop)) {
		rte_delay_us_sleep(TICK_US);
		now = sleeps();
		if (now >= wanted)
			atomic_store(&stop, true);
		if (now - said < wanted / 10 && now < wanted)
			continue;
		fprintf(stderr, "%" PRIu64 " of %" PRIu64 " sleeps, %" PRIu64 " hops\n", now,
			wanted, atomic_load(&hops));
		said = now;
	}
}

/* The event that goes round; it begins at queue 0, from port 0 before its thread runs. */
static bool
begin(void)
{
	struct rte_event ev = {
		.op = RTE_EVENT_OP_NEW,
		.sched_type = RTE_SCHED_TYPE_ATOMIC,
		.event_type = RTE_EVENT_TYPE_CPU,
		.u64 = rte_get_timer_cycles(),
	};

	return rte_event_enqueue_burst(DEV, 0, &ev, 1) == 1;
}

static int
stress(uint64_t wanted)
{
	pthread_t threads[THREADS_MAX];
	unsigned int started;

	for (started = 0; started < nb_threads; started++)
		if (pthread_create(&threads[started], NULL, run, (void *)(uintptr_t)started) != 0)
			break;
	if (started == nb_threads)
		watch(wanted);
	atomic_store(&stop, true);
	while (started > 0)
		pthread_join(threads[--started], NULL);
	return !atomic_load(&missed) && sleeps() >= wanted ? 0 : -1;
}

int
main(int argc, char **argv)
{
	int used = rte_eal_init(argc, argv), ret;
	uint64_t wanted = 100000;

	if (used < 0)
		return 2;
	if (used + 1 < argc)
		wanted = strtoull(argv[used + 1], NULL, 10);
	if (used + 2 < argc)
		nb_threads = (unsigned int)strtoul(argv[used + 2], NULL, 10);
	if (wanted == 0 || nb_threads < 2 || nb_threads > THREADS_MAX) {
		fprintf(stderr, "wake-ups: accepted: 1 or more; threads: accepted: 2..%d\n",
			THREADS_MAX);
		return 2;
	}
	ret = set_up();
	if (ret < 0 || !begin()) {
		fprintf(stderr, "event device %d: cannot be set up: %d\n", DEV, ret);
		return 2;
	}
	ret = stress(wanted);
	printf("%s: %" PRIu64 " sleeps, %" PRIu64 " events received, %s\n",
	       ret == 0 ? "passed" : "FAILED", sleeps(), atomic_load(&hops),
	       atomic_load(&missed) ? "a wake-up was missed" : "no wake-up missed");
	rte_event_dev_stop(DEV);
	rte_event_dev_close(DEV);
	rte_eal_cleanup();
	return ret == 0 ? 0 : 1;
}
