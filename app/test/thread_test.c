/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <sched.h>
#include <string.h>

#include "test.h"

#define SENDERS 2
#define PORTS   4

/* Most numbers a thread sends in a case. */
#define MOST 200000

/* A thread that sends numbers by a port, counting what was taken and how the rest was refused. */
struct sender {
	uint8_t port;
	uint16_t burst; /* at most 32 */
	uint64_t first;
	unsigned int total;
	unsigned int taken, full, wrong_use, unexplained;
	bool done;
};

static void
sender_burst(struct sender *s)
{
	struct rte_event ev[32];
	unsigned int i, n;

	for (i = 0; i < s->burst; i++)
		ev[i] = event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, s->first + s->taken + i);
	rte_errno = 0;
	n = rte_event_enqueue_burst(dev.id, s->port, ev, s->burst);
	s->taken += n;
	if (n == s->burst)
		return;
	s->full += error_is(ENOSPC);
	s->wrong_use += rte_errno == EINVAL;
	s->unexplained += !error_is(ENOSPC) && rte_errno != EINVAL;
	if (error_is(ENOSPC))
		sched_yield();
}

static void *
sender_run(void *arg)
{
	struct sender *s = arg;

	while (s->taken < s->total && !threads_stopping())
		sender_burst(s);
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool
sender_is_done(const struct sender *s)
{
	return __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

static bool
senders_are_done(const struct sender s[], unsigned int n)
{
	while (n > 0 && sender_is_done(&s[n - 1]))
		n--;
	return n == 0;
}

/* What came of each sender's numbers. */
static uint8_t seen[2][MOST + 32];

static unsigned int
receive_senders(uint8_t port)
{
	struct rte_event ev[128];
	unsigned int i, n, got = 0;

	while ((n = receive_some(port, ev, RTE_DIM(ev), 0)) > 0) {
		for (i = 0; i < n; i++) {
			assert_true(ev[i].u64 >> 32 < 2 && (uint32_t)ev[i].u64 < RTE_DIM(seen[0]));
			assert_int_equal(seen[ev[i].u64 >> 32][(uint32_t)ev[i].u64]++, 0);
		}
		got += n;
	}
	return got;
}

/* What two threads may not do: the device must see it, or at least lose and double nothing. */
static void
two_threads_on_one_port_break_nothing(void)
{
	static struct sender s[2];
	uint64_t end = now_us() + PATIENCE_US;
	unsigned int i, got = 0;

	memset(seen, 0, sizeof(seen));
	shape_simple(QUEUE_PARALLEL, 2, 0, 128);
	for (i = 0; i < 2; i++) {
		s[i] = (struct sender){
			.burst = 32, .first = (uint64_t)i << 32, .total = work_amount(MOST)};
		thread_start(sender_run, &s[i]);
	}
	while (!sender_is_done(&s[0]) || !sender_is_done(&s[1])) {
		got += receive_senders(1);
		/* Leave the CPUs to the two, so that they get into each other's way. */
		pause_us(300);
		assert_true(now_us() < end);
	}
	threads_join();
	while (got < s[0].taken + s[1].taken) {
		got += receive_senders(1);
		assert_true(now_us() < end);
	}
	receive_nothing(1);
	assert_int_equal(s[0].unexplained + s[1].unexplained, 0);
	assert_int_equal(got, s[0].taken + s[1].taken);
	device_still_works();
}

/* A thread that passes events on until each has gone round often enough. */
struct mover {
	uint8_t port;
	unsigned int *inside;
	unsigned int rounds;
	unsigned int stuck;
};

static bool
mover_answer(struct mover *m, struct rte_event ev[], uint16_t n)
{
	uint64_t end = now_us() + PATIENCE_US;
	unsigned int gone = 0;
	uint16_t i;

	for (i = 0; i < n; i++) {
		if (++ev[i].u64 >= m->rounds) {
			ev[i].op = RTE_EVENT_OP_RELEASE;
			gone++;
			continue;
		}
		ev[i].op = RTE_EVENT_OP_FORWARD;
		ev[i].queue_id = random_below(3);
		ev[i].sched_type = ev[i].queue_id;
		ev[i].flow_id = random_below(64);
	}
	for (i = 0; i < n && now_us() < end;)
		i += rte_event_enqueue_burst(dev.id, m->port, ev + i, n - i);
	__atomic_fetch_sub(m->inside, gone, __ATOMIC_ACQ_REL);
	return i == n;
}

static void *
mover_run(void *arg)
{
	struct mover *m = arg;
	struct rte_event ev[32];
	uint16_t n;

	while (__atomic_load_n(m->inside, __ATOMIC_ACQUIRE) > 0 && !threads_stopping()) {
		n = rte_event_dequeue_burst(dev.id, m->port, ev, RTE_DIM(ev), 0);
		if (n == 0)
			sched_yield();
		m->stuck += !mover_answer(m, ev, n);
	}
	return NULL;
}

/* Every type, every port, a full device, and nobody who makes room: it must never come to rest. */
static void
a_full_device_never_deadlocks(void)
{
	static struct mover m[PORTS];
	static unsigned int inside;
	unsigned int i, n, q, events = 31 * 64;

	inside = events;
	shape_limited(3, PORTS + 1, events);
	for (q = 0; q < 3; q++)
		queue_make(q, QUEUE_ALL);
	ports_make(0, PORTS + 1, 0, 32);
	for (i = 1; i <= PORTS; i++)
		for (q = 0; q < 3; q++)
			link_make(i, q);
	dev_start();
	for (i = 0; i < events; i++)
		send_numbers(0, event_make(i % 3, i % 3, i, 0), 1);
	for (i = 0; i < PORTS; i++) {
		m[i] = (struct mover){.port = 1 + i, .inside = &inside, .rounds = work_amount(300)};
		thread_start(mover_run, &m[i]);
	}
	threads_join();
	assert_int_equal(inside, 0);
	for (i = 0; i < PORTS; i++)
		assert_int_equal(m[i].stuck, 0);
	for (i = 1; i <= PORTS; i++)
		receive_nothing(i);
	n = send_until_refused(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), events + 10);
	assert_true(n <= events && n + PORTS * dev.hoard >= events);
}

/* Threads that send and one that receives, each by its own port. */
static void
senders_send(uint16_t burst)
{
	static struct sender s[SENDERS];
	unsigned int i, n, got = 0, wrong = 0, total = 0;
	uint64_t next[SENDERS] = {0};
	struct rte_event ev[32];

	shape(1, SENDERS + 1, 0);
	queue_make(0, QUEUE_PARALLEL);
	ports_make(0, SENDERS + 1, 0, 32);
	link_make(SENDERS, 0);
	dev_start();
	for (i = 0; i < SENDERS; i++) {
		s[i] = (struct sender){.port = i,
				       .burst = burst,
				       .first = (uint64_t)i << 32,
				       .total = work_amount(MOST / 2)};
		thread_start(sender_run, &s[i]);
	}
	/* A pause may be this thread's own: nothing more comes once nobody is sending. */
	while ((n = receive_some(SENDERS, ev, RTE_DIM(ev), 100000)) > 0 ||
	       !senders_are_done(s, SENDERS)) {
		for (i = 0; i < n; i++)
			wrong += (uint32_t)ev[i].u64 != next[ev[i].u64 >> 32]++;
		got += n;
	}
	threads_join();
	for (i = 0; i < SENDERS; i++) {
		total += s[i].taken;
		assert_int_equal(s[i].wrong_use, 0);
		assert_int_equal(s[i].unexplained, 0);
	}
	assert_int_equal(got, total);
	assert_int_equal(wrong, 0);
}

static void
senders_of_their_own_ports_do_not_disturb_each_other(void)
{
	senders_send(32);
}

/* A line an event: they run out of room for lines while credits are left. */
static void
senders_of_single_events_lose_none(void)
{
	senders_send(1);
}

/* A thread that uses a port whenever it is its turn. */
struct turner {
	unsigned int *turn; /* whose: the number of turns so far tells */
	unsigned int id;
	unsigned int turns;
	unsigned int sent, refused;
};

static void *
turner_run(void *arg)
{
	struct turner *t = arg;
	unsigned int turn;

	while ((turn = __atomic_load_n(t->turn, __ATOMIC_ACQUIRE)) < t->turns &&
	       !threads_stopping()) {
		struct rte_event ev = event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, turn);

		if (turn % 2 != t->id) {
			sched_yield();
			continue;
		}
		rte_errno = 0;
		if (rte_event_enqueue_burst(dev.id, 0, &ev, 1) == 1)
			t->sent++;
		else
			t->refused += !error_is(ENOSPC);
		__atomic_store_n(t->turn, turn + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* One after the other is allowed, however often. */
static void
a_port_may_change_hands(void)
{
	static struct turner t[2];
	static unsigned int turn;
	unsigned int i, got = 0;
	struct rte_event ev[32];

	turn = 0;
	shape_simple(QUEUE_PARALLEL, 2, 0, 32);
	for (i = 0; i < 2; i++) {
		t[i] = (struct turner){.turn = &turn, .id = i, .turns = 1000};
		thread_start(turner_run, &t[i]);
	}
	threads_join();
	assert_int_equal(turn, 1000);
	assert_int_equal(t[0].refused + t[1].refused, 0);
	assert_int_equal(t[0].sent, 500);
	assert_int_equal(t[1].sent, 500);
	while (got < 1000)
		got += receive_some(1, ev, RTE_DIM(ev), PATIENCE_US);
	receive_nothing(1);
}

static void *
send_one_and_rest(void *arg)
{
	struct rte_event ev = event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0);
	unsigned int *sent = arg;

	__atomic_store_n(sent, rte_event_enqueue_burst(dev.id, 1, &ev, 1), __ATOMIC_RELEASE);
	while (__atomic_load_n(sent, __ATOMIC_ACQUIRE) == 1 && !threads_stopping())
		sched_yield();
	return NULL;
}

/* What a thread that rests has leased is there for others. */
static void
a_resting_thread_hoards_nothing(void)
{
	static unsigned int sent;
	struct rte_event ev = event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0);
	uint64_t end = now_us() + PATIENCE_US;

	sent = 0;
	shape_limited(1, 3, 512);
	queue_make(0, QUEUE_PARALLEL);
	ports_make(0, 3, 0, 32);
	link_make(2, 0);
	dev_start();
	thread_start(send_one_and_rest, &sent);
	while (__atomic_load_n(&sent, __ATOMIC_ACQUIRE) == 0 && now_us() < end)
		sched_yield();
	assert_int_equal(sent, 1);
	assert_int_equal(send_until_refused(0, ev, 600), 511);
	__atomic_store_n(&sent, 2, __ATOMIC_RELEASE);
	threads_join();
	drain(2, 512);
}

static const struct test_case cases[] = {
	/* Nobody promises this. */
	TEST_CASE_OURS(two_threads_on_one_port_break_nothing),
	TEST_CASE(a_full_device_never_deadlocks),
	TEST_CASE(senders_of_their_own_ports_do_not_disturb_each_other),
	TEST_CASE(senders_of_single_events_lose_none),
	TEST_CASE(a_port_may_change_hands),
	/* Others let a port keep up to 31 credits. */
	TEST_CASE_OURS(a_resting_thread_hoards_nothing),
};

TEST_GROUP(thread, cases);
