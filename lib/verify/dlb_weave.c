/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The model itself, its threads woven in every way that few deviations allow:
 *
 *   dlb_weave [deviations]          2 when not said
 *
 * Threads are coroutines, and each atomic access but relaxed ones is a point where another one may
 * go on. The plain schedule runs each thread to its end, its stores seen at once. A deviation is a
 * switch at a point, or a point at which stores stay under way (first in, first out, as on x86).
 * All schedules with at most so many deviations are run, one after another, on one device, which
 * has to be at rest after each. The Promela models beside this look at all schedules of a model;
 * this looks at some of the code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#include "bus_relax.h"
#include "dlb_model_priv.h"
#include "dlb_test_rig.h"

#define THREADS   3u
#define STACK     (256u * 1024)
#define UNDER_WAY 64u
/* More points than any schedule needs: the threads wait for each other. */
#define MOST_POINTS 4000u

/* ---- The way through the choices ---- */

static struct {
	struct {
		uint8_t taken, of;
	} choice[MOST_POINTS];
	unsigned int length; /* what the next run is told */
	unsigned int at;     /* choices made in this run */
	unsigned int bound;
} way;

/* One of n; 0 is no deviation. */
static unsigned int
choose(unsigned int n)
{
	if (way.at == MOST_POINTS) {
		printf("a schedule does not end\n");
		exit(1);
	}
	if (way.at == way.length) {
		way.choice[way.length].taken = 0;
		way.length++;
	}
	if (way.choice[way.at].taken >= n) {
		printf("the same schedule leads elsewhere\n");
		exit(1);
	}
	way.choice[way.at].of = (uint8_t)n;
	return way.choice[way.at++].taken;
}

/* The next schedule within the bound: false when there is none. */
static bool
next_way(void)
{
	unsigned int spent = 0;

	for (unsigned int i = 0; i < way.at; i++)
		spent += way.choice[i].taken != 0;
	for (way.length = way.at; way.length > 0; way.length--) {
		unsigned int i = way.length - 1, before = spent - (way.choice[i].taken != 0);

		if (way.choice[i].taken + 1 < way.choice[i].of && before < way.bound) {
			way.choice[i].taken++;
			return true;
		}
		spent = before;
	}
	return false;
}

/* ---- Threads ---- */

struct thread {
	ucontext_t context;
	void (*run)(struct rig *r);
	bool done;
	unsigned int stores;
	struct {
		volatile void *at;
		unsigned int size;
		uint64_t value;
	} store[UNDER_WAY];
};

static struct thread thread[THREADS];
static struct thread *current; /* NULL: nothing is woven */
static ucontext_t outside;
static struct rig *rig;
static char stack[THREADS][STACK];

static void
write_through(volatile void *at, unsigned int size, uint64_t value)
{
	if (size == 8)
		__atomic_store_n((volatile uint64_t *)at, value, __ATOMIC_SEQ_CST);
	else if (size == 4)
		__atomic_store_n((volatile uint32_t *)at, (uint32_t)value, __ATOMIC_SEQ_CST);
	else
		__atomic_store_n((volatile uint8_t *)at, (uint8_t)value, __ATOMIC_SEQ_CST);
}

static void
drain(struct thread *t)
{
	for (unsigned int i = 0; i < t->stores; i++)
		write_through(t->store[i].at, t->store[i].size, t->store[i].value);
	t->stores = 0;
}

static void
go_on_with(struct thread *t)
{
	struct thread *before = current;

	if (t == before)
		return;
	current = t;
	swapcontext(&before->context, &t->context);
}

/* The others that have not ended, in turn after the current one. */
static unsigned int
others(struct thread *list[])
{
	unsigned int me = (unsigned int)(current - thread), n = 0;

	for (unsigned int i = 1; i < THREADS; i++)
		if (!thread[(me + i) % THREADS].done)
			list[n++] = &thread[(me + i) % THREADS];
	return n;
}

/* Somebody else may go on here. */
static void
point(void)
{
	struct thread *list[THREADS];
	unsigned int n, chosen;

	if (current == NULL)
		return;
	if (current->stores != 0 && choose(2) == 0)
		drain(current);
	n = others(list);
	chosen = n == 0 ? 0 : choose(n + 1);
	if (chosen != 0)
		go_on_with(list[chosen - 1]);
}

void
weave_wait(void)
{
	struct thread *list[THREADS];
	unsigned int n;

	drain(current);
	n = others(list);
	if (n != 0)
		go_on_with(list[choose(n)]);
}

uint64_t
weave_load(const volatile void *at, unsigned int size, int order)
{
	if (order != memory_order_relaxed)
		point();
	for (unsigned int i = current == NULL ? 0 : current->stores; i > 0; i--)
		if (current->store[i - 1].at == at)
			return current->store[i - 1].value;
	if (size == 8)
		return __atomic_load_n((const volatile uint64_t *)at, __ATOMIC_SEQ_CST);
	if (size == 4)
		return __atomic_load_n((const volatile uint32_t *)at, __ATOMIC_SEQ_CST);
	return __atomic_load_n((const volatile uint8_t *)at, __ATOMIC_SEQ_CST);
}

void
weave_settle(void)
{
	point();
	if (current != NULL)
		drain(current);
}

void
weave_store(volatile void *at, unsigned int size, uint64_t value, int order)
{
	if (order == memory_order_seq_cst)
		weave_settle();
	else if (order != memory_order_relaxed)
		point();
	if (current == NULL || order == memory_order_seq_cst) {
		write_through(at, size, value);
		return;
	}
	if (current->stores == UNDER_WAY)
		drain(current);
	current->store[current->stores].at = at;
	current->store[current->stores].size = size;
	current->store[current->stores].value = value;
	current->stores++;
}

static void
thread_main(void)
{
	struct thread *list[THREADS], *me = current;
	unsigned int n;

	me->run(rig);
	point();
	drain(me);
	me->done = true;
	n = others(list);
	if (n == 0) {
		current = NULL;
		setcontext(&outside);
	}
	current = list[choose(n)];
	setcontext(&current->context);
}

static void
run_threads(void (*const run[THREADS])(struct rig *r))
{
	for (unsigned int i = 0; i < THREADS; i++) {
		thread[i].run = run[i];
		thread[i].done = run[i] == NULL;
		getcontext(&thread[i].context);
		thread[i].context.uc_stack.ss_sp = stack[i];
		thread[i].context.uc_stack.ss_size = STACK;
		makecontext(&thread[i].context, thread_main, 0);
	}
	way.at = 0;
	current = &thread[0];
	swapcontext(&outside, &thread[0].context);
}

/* ---- What is woven ---- */

static void
post_one(struct rig *r, uint32_t port, uint64_t data)
{
	rig_send_one(r, port, rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, data));
}

static void
posts_and_steps(struct rig *r)
{
	post_one(r, RIG_PRODUCER, 1);
	rig_step(r);
}

static void
also_posts_and_steps(struct rig *r)
{
	post_one(r, 0, 2);
	rig_step(r);
}

static void
reads_a_register(struct rig *r)
{
	rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0);
}

static void
only_steps(struct rig *r)
{
	rig_step(r);
}

static void
posts_four_and_steps(struct rig *r)
{
	for (uint64_t n = 1; n <= 4; n++)
		post_one(r, RIG_PRODUCER, n);
	rig_step(r);
}

/* A ring with room for two more lines. */
static void
fill(struct rig *r)
{
	for (unsigned int n = 0; n < LINE_RING_LINES - 2; n++)
		rig_send_one(r, RIG_PRODUCER, (struct dlb_qe){0, 0});
}

static const struct scenario {
	const char *name;
	void (*before)(struct rig *r);
	void (*run[THREADS])(struct rig *r);
	uint32_t events;
	bool in_order;
} scenarios[] = {
	{"two lines, a register access", NULL,
	 {posts_and_steps, also_posts_and_steps, reads_a_register}, 2, false},
	{"a line, two register accesses", NULL,
	 {posts_and_steps, reads_a_register, reads_a_register}, 1, true},
	{"two lines, a step in vain", NULL,
	 {posts_and_steps, also_posts_and_steps, only_steps}, 2, false},
	{"a full ring, a step", fill, {posts_four_and_steps, only_steps, NULL}, 4, true},
	{"a full ring, a register access", fill, {posts_four_and_steps, reads_a_register, NULL}, 4,
	 true},
};

/* Everything has come, once, and nobody needed a further step for it. */
static bool
is_right(struct rig *r, const struct scenario *s)
{
	uint32_t seen = 0;
	struct dlb_qe qe;

	for (uint32_t n = 1; rig_poll(r, 0, &qe); n++) {
		if (qe.data == 0 || qe.data > s->events || (seen >> qe.data & 1) ||
		    (s->in_order && qe.data != n))
			return false;
		seen |= UINT32_C(1) << qe.data;
		rig_finish(r, 0);
	}
	rig_step(r);
	return seen == (UINT32_C(2) << s->events) - 2 && rig_depth(r, 0) == 0;
}

/* The one thing that a device at rest remembers of earlier schedules and that makes a point: up to
 * where a poster knows its ring to be free.
 */
static void
forget(struct rig *r)
{
	struct dlb_model *m = (struct dlb_model *)r->dev;

	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++)
		m->port[p].poster.tail = m->port[p].drainer.tail;
}

/* All schedules of a scenario. */
static bool
weave(const struct scenario *s)
{
	unsigned long schedules = 0;

	way.length = 0;
	do {
		forget(rig);
		if (s->before != NULL)
			s->before(rig);
		run_threads(s->run);
		schedules++;
		if (!is_right(rig, s)) {
			printf("%-32s wrong in schedule %lu\n", s->name, schedules);
			return false;
		}
	} while (next_way());
	printf("%-32s %8lu schedules\n", s->name, schedules);
	return true;
}

int
main(int argc, char **argv)
{
	static struct rig bench;
	unsigned int passed = 0, all = sizeof(scenarios) / sizeof(scenarios[0]);

	way.bound = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 2;
	rig = &bench;
	if (rig_open(rig, DLB_V25, TEST_HOST_WHOLE) < 0)
		return 1;
	rig_balance(rig, 1, 64, 64, RIG_NOT_ORDERED);
	for (unsigned int i = 0; i < all; i++) {
		if (!weave(&scenarios[i]))
			break;
		passed++;
	}
	printf("%u passed, %u failed\n", passed, all - passed);
	return passed == all ? 0 : 1;
}
