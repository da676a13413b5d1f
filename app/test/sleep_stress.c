/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Wakes sleeping dequeues, as often as it is told, and none of them may be missed. One event goes
 * round among threads that all dequeue with a timeout, so that nobody polls while the one that has
 * it is busy; how long that takes is drawn, so that events come at every moment of falling asleep.
 * And whoever passed it on leaves the device alone for a while, half of the time: waking the next
 * one is the business of the enqueue.
 * A wake-up that is missed is an event that is in the device two seconds after its enqueue has
 * returned, when a dequeue that sleeps four finds it or times out: the program then ends. It tells
 * how long that was.
 *
 * A machine with more to do than it has time keeps a thread waiting that was woken in time, or that
 * has the device in hand. The kernel counts that, thread by thread, and what it counted since the
 * event was sent does not make the event late; nor does time in which all of the program stood
 * still. A thread that was not woken sleeps, and waits for no CPU.
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
#include <unistd.h>

#include <rte_branch_prediction.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eventdev.h>

#define DEV         0
#define THREADS_MAX 16
#define TIMEOUT_NS  4000000000u
#define MISSED_MS  2000u
/* Worth telling. */
#define LATE_MS 1000u
/* A dequeue polls for 10 us before it sleeps; until then, and as long again after that. */
#define SPREAD_NS 30000u
/* Between two looks at how far it is. */
#define TICK_US 200000
/* Such looks that are kept: of more time than a dequeue takes. */
#define LOOKS 64u

/* What threads have waited for a CPU, when the watching thread last looked; it is late for a look
 * when nobody runs.
 */
struct look {
	uint64_t at;
	uint64_t waited_ms[THREADS_MAX];
};

/* A thread that has the event got it last, the others have sent it last. */
struct worker {
	_Atomic int tid;
	_Atomic uint64_t got, sent;
};

static struct worker workers[THREADS_MAX];
static struct look looks[LOOKS];
static unsigned int nb_looks;
static pthread_mutex_t looks_lock = PTHREAD_MUTEX_INITIALIZER;
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

static uint64_t
ms_of(uint64_t cycles)
{
	return cycles * 1000 / rte_get_timer_hz();
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

/* ---- Is it the machine? ---- */

/* How long a thread was ready to run and did not; 0 where the kernel does not say. */
static uint64_t
waited_ms(unsigned int worker)
{
	unsigned long long ran, waited = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat",
		 atomic_load(&workers[worker].tid));
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%llu %llu", &ran, &waited) != 2)
		waited = 0;
	fclose(f);
	return waited / 1000000;
}

static void
look_at_threads(void)
{
	struct look look = {.at = rte_get_timer_cycles()};

	for (unsigned int i = 0; i < nb_threads; i++)
		look.waited_ms[i] = waited_ms(i);
	pthread_mutex_lock(&looks_lock);
	looks[nb_looks++ % LOOKS] = look;
	pthread_mutex_unlock(&looks_lock);
}

/* The longest time since then for which a thread had no CPU, or nobody had. Who sent the event does
 * not count: it may be waiting for others.
 */
static uint64_t
starved_ms(uint64_t since, unsigned int sender, uint64_t now)
{
	uint64_t most = 0, later = now;
	const struct look *look = NULL;

	for (unsigned int i = 1; i <= LOOKS && i <= nb_looks; i++) {
		look = &looks[(nb_looks - i) % LOOKS];
		if (later > look->at && ms_of(later - look->at) > most)
			most = ms_of(later - look->at);
		later = look->at;
		if (look->at < since)
			break;
	}
	most = most > TICK_US / 1000 ? most - TICK_US / 1000 : 0;
	for (unsigned int i = 0; look != NULL && i < nb_threads; i++) {
		uint64_t waited = waited_ms(i);

		if (i != sender && waited > most + look->waited_ms[i])
			most = waited - look->waited_ms[i];
	}
	return most;
}

/* An event that was sent then is found now, or is not found. */
static void
judge_late(uint8_t port, unsigned int sender, uint64_t sent, uint64_t now, const char *what)
{
	uint64_t age = ms_of(now - sent), starved;

	pthread_mutex_lock(&looks_lock);
	starved = starved_ms(sent, sender, now);
	pthread_mutex_unlock(&looks_lock);
	fprintf(stderr,
		"port %u: %s %" PRIu64 " ms after it was sent; no CPU for %" PRIu64 " ms of it\n",
		port, what, age, starved < age ? starved : age);
	if (age >= starved + MISSED_MS)
		miss(port, "a wake-up was missed");
}

/* How long it took an event to be found: from the end of its enqueue on, by which whoever sleeps is
 * to have been woken.
 */
static void
judge_age(uint8_t port, uint64_t begun)
{
	unsigned int sender = (port + nb_threads - 1) % nb_threads;
	uint64_t now = rte_get_timer_cycles(), sent = atomic_load(&workers[sender].sent);

	if (likely(now - begun < LATE_MS * rte_get_timer_hz() / 1000))
		return;
	if (sent < begun)
		fprintf(stderr, "port %u: an event was found while its enqueue took %" PRIu64
				" ms\n",
			port, ms_of(now - begun));
	else
		judge_late(port, sender, sent, now, "an event was found");
}

/* A dequeue sleeps for so long that the event is round many times over. Where is it? */
static void
judge_timeout(uint8_t port)
{
	uint64_t now = rte_get_timer_cycles(), got = 0, sent = 0;
	unsigned int sender = 0;

	for (unsigned int i = 0; i < nb_threads; i++) {
		uint64_t its = atomic_load(&workers[i].sent);

		if (its > sent) {
			sent = its;
			sender = i;
		}
	}
	for (unsigned int i = 0; i < nb_threads; i++)
		got = RTE_MAX(got, atomic_load(&workers[i].got));
	if (got > sent)
		fprintf(stderr, "port %u: timed out; a thread has had the event for %" PRIu64
				" ms\n",
			port, ms_of(now - got));
	else
		judge_late(port, sender, sent, now, "timed out; the event was not found");
}

/* ---- Threads ---- */

static void
pass_on(uint8_t port, struct rte_event *ev)
{
	ev->u64 = rte_get_timer_cycles();
	ev->op = RTE_EVENT_OP_FORWARD;
	ev->queue_id = (uint8_t)((port + 1) % nb_threads);
	ev->sched_type = RTE_SCHED_TYPE_ATOMIC;
	while (rte_event_enqueue_burst(DEV, port, ev, 1) == 0 && !atomic_load(&stop))
		;
	atomic_store(&workers[port].sent, rte_get_timer_cycles());
}

/* Wait, without a call to the device, until somebody has received. */
static void
watch_others(uint64_t seen)
{
	while (atomic_load_explicit(&hops, memory_order_relaxed) == seen &&
	       !atomic_load_explicit(&stop, memory_order_relaxed))
		sched_yield();
}

static void *
run(void *arg)
{
	uint8_t port = (uint8_t)(uintptr_t)arg;
	uint64_t state = port + 1;
	struct rte_event ev;
	uint64_t hop;

	atomic_store(&workers[port].tid, gettid());
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		if (rte_event_dequeue_burst(DEV, port, &ev, 1, ticks) == 1) {
			judge_age(port, ev.u64);
			atomic_store(&workers[port].got, rte_get_timer_cycles());
			hop = atomic_fetch_add_explicit(&hops, 1, memory_order_relaxed) + 1;
			work(&state);
			pass_on(port, &ev);
			if (draw(&state) & 1)
				watch_others(hop);
		} else {
			judge_timeout(port);
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
		look_at_threads();
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

	atomic_store(&workers[nb_threads - 1].sent, ev.u64);
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
