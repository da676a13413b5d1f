/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "served.h"

#define MS UINT64_C(1000000)
/* Of a busy machine. */
#define PATIENCE_MS 5000

/* A device that wants to be called again at the times it is told. */
static struct timed {
	struct bus_device bus;
	_Atomic uint64_t next; /* answer of the next step */
	_Atomic uint64_t at;   /* time of the last step */
	_Atomic uint32_t steps;
} timed;

static struct unit unit;

unsigned int
device_count(void)
{
	return 1;
}

struct device *
device_get(unsigned int index)
{
	(void)index;
	return &unit.dev;
}

/* Its server asks for nothing, but for what a test wants. */
static uint64_t served_wish = BUS_NO_DEADLINE;

uint64_t
served_deadline(const struct unit *u, uint64_t now_ns)
{
	assert_ptr_equal(u, &unit);
	return served_wish == BUS_NO_DEADLINE ? served_wish : now_ns + served_wish;
}

static uint64_t
timed_step(struct bus_device *dev, uint64_t now_ns)
{
	(void)dev;
	timed.at = now_ns;
	timed.steps++;
	return atomic_exchange(&timed.next, BUS_NO_DEADLINE);
}

static const struct bus_device_ops timed_ops = {.step = timed_step};

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 * MS + (uint64_t)ts.tv_nsec;
}

static void
sleep_ms(unsigned int ms)
{
	nanosleep(&(struct timespec){.tv_nsec = (long)(ms * MS)}, NULL);
}

/* Wait for the n-th step. */
static void
steps_await(uint32_t n)
{
	for (unsigned int i = 0; i < PATIENCE_MS && timed.steps < n; i++)
		sleep_ms(1);
	assert_int_equal(timed.steps, n);
}

static int
set_up(void **state)
{
	(void)state;
	timed.bus.ops = &timed_ops;
	timed.next = BUS_NO_DEADLINE;
	timed.steps = 0;
	unit.dev.bus = &timed.bus;
	unit.deadline = BUS_NO_DEADLINE;
	return stepper_start();
}

static void
a_deadline_is_kept_and_not_before(void **state)
{
	uint64_t first = now() + 300 * MS;

	(void)state;
	timed.next = first;
	unit_step(&unit);
	assert_int_equal(timed.steps, 1);
	/* The next wish is made by the step of the thread. */
	timed.next = first + 20 * MS;
	steps_await(3);
	assert_true(timed.at >= first + 20 * MS);
}

static void
an_earlier_deadline_wakes_the_thread(void **state)
{
	uint64_t soon = now() + 20 * MS;

	(void)state;
	timed.next = soon + 3600 * 1000 * MS;
	unit_step(&unit);
	sleep_ms(5);
	timed.next = soon;
	unit_step(&unit);
	steps_await(3);
	assert_true(timed.at >= soon && timed.at < soon + 3600 * 1000 * MS);
}

static void
who_finds_the_device_busy_does_not_undo_a_deadline(void **state)
{
	(void)state;
	timed.next = now() + 300 * MS;
	unit_step(&unit);
	unit_step(&unit);
	assert_int_equal(timed.steps, 2);
	steps_await(3);
}

static void
who_serves_a_device_is_looked_after(void **state)
{
	(void)state;
	unit.served = (struct served *)(void *)&timed;
	served_wish = MS;
	unit_step(&unit);
	for (unsigned int i = 0; i < PATIENCE_MS && timed.steps < 5; i++)
		sleep_ms(1);
	served_wish = BUS_NO_DEADLINE;
	assert_true(timed.steps >= 5);
	/* One that was asked for already may still come. */
	sleep_ms(20);
	timed.steps = 0;
	sleep_ms(20);
	assert_int_equal(timed.steps, 0);
	unit.served = NULL;
}

static void
without_a_deadline_nothing_happens(void **state)
{
	(void)state;
	unit_step(&unit);
	sleep_ms(30);
	assert_int_equal(timed.steps, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_deadline_is_kept_and_not_before, set_up),
		cmocka_unit_test_setup(an_earlier_deadline_wakes_the_thread, set_up),
		cmocka_unit_test_setup(who_finds_the_device_busy_does_not_undo_a_deadline, set_up),
		cmocka_unit_test_setup(who_serves_a_device_is_looked_after, set_up),
		cmocka_unit_test_setup(without_a_deadline_nothing_happens, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
