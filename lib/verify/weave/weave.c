/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "weave.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#define STACK     (256u * 1024)
#define UNDER_WAY 64u
/* Words that a thread sleeps on at once. */
#define SLEEPS 8u
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
bool
weave_next(void)
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

void
weave_begin(unsigned int deviations)
{
	way.bound = deviations;
	way.length = 0;
}

/* ---- Threads ---- */

struct thread {
	ucontext_t context;
	void (*run)(void *arg);
	bool done;
	const volatile void *sleeps[SLEEPS]; /* on these words */
	unsigned int nb_sleeps;
	unsigned int stores;
	struct {
		volatile void *at;
		unsigned int size;
		uint64_t value;
	} store[UNDER_WAY];
};

static struct thread thread[WEAVE_THREADS];
static struct thread *current; /* NULL: nothing is woven */
static bool stuck;             /* all that had not ended slept */
static ucontext_t outside;
static void *run_arg;
static char stack[WEAVE_THREADS][STACK];

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

/* The others that have not ended and do not sleep, in turn after the current one. */
static unsigned int
others(struct thread *list[])
{
	unsigned int me = (unsigned int)(current - thread), n = 0;

	for (unsigned int i = 1; i < WEAVE_THREADS; i++)
		if (!thread[(me + i) % WEAVE_THREADS].done &&
		    thread[(me + i) % WEAVE_THREADS].nb_sleeps == 0)
			list[n++] = &thread[(me + i) % WEAVE_THREADS];
	return n;
}

/* Somebody else may go on here. */
static void
point(void)
{
	struct thread *list[WEAVE_THREADS];
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
	struct thread *list[WEAVE_THREADS];
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

/* Nobody can go on: all have ended, or the rest sleeps for ever. */
static void
end(void)
{
	for (unsigned int i = 0; i < WEAVE_THREADS; i++)
		stuck |= !thread[i].done;
	current = NULL;
	setcontext(&outside);
}

void
weave_sleep(const volatile void *const words[], unsigned int n)
{
	struct thread *list[WEAVE_THREADS], *me = current;
	unsigned int others_left;

	drain(me);
	for (unsigned int i = 0; i < n; i++)
		me->sleeps[i] = words[i];
	me->nb_sleeps = n;
	others_left = others(list);
	if (others_left == 0)
		end();
	go_on_with(list[choose(others_left)]);
}

void
weave_wake(const volatile void *word)
{
	weave_settle();
	for (unsigned int t = 0; t < WEAVE_THREADS; t++)
		for (unsigned int i = 0; i < thread[t].nb_sleeps; i++)
			if (thread[t].sleeps[i] == word)
				thread[t].nb_sleeps = 0;
}

bool
weave_is_woven(void)
{
	return current != NULL;
}

static void
thread_main(void)
{
	struct thread *list[WEAVE_THREADS], *me = current;
	unsigned int n;

	me->run(run_arg);
	point();
	drain(me);
	me->done = true;
	n = others(list);
	if (n == 0)
		end();
	current = list[choose(n)];
	setcontext(&current->context);
}

bool
weave_run(void (*const run[WEAVE_THREADS])(void *arg), void *arg)
{
	run_arg = arg;
	stuck = false;
	for (unsigned int i = 0; i < WEAVE_THREADS; i++) {
		thread[i].run = run[i];
		thread[i].done = run[i] == NULL;
		thread[i].nb_sleeps = 0;
		thread[i].stores = 0;
		getcontext(&thread[i].context);
		thread[i].context.uc_stack.ss_sp = stack[i];
		thread[i].context.uc_stack.ss_size = STACK;
		makecontext(&thread[i].context, thread_main, 0);
	}
	way.at = 0;
	current = &thread[0];
	swapcontext(&outside, &thread[0].context);
	return !stuck;
}
