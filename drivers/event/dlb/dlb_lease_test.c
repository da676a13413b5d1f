/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Credits and owners of ports by themselves, without a device: what a burst would do is done by
 * hand, and a fence takes as long as a case wants.
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "access_fence.h"
#include "dlb_credit.h"

#define QUANTUM 32
#define LIMIT   4096

static struct dlb_credit_pool pool;
static struct dlb_credit_cache ports[3];

static unsigned int fence_us;

/* ---- Standing in for lib/access: no two threads of a case run at the same time ---- */

int
access_fence_prepare(void)
{
	return 0;
}

void
access_fence_all(void)
{
	rte_delay_us_block(fence_us);
}

/* ---- ---- */

static void
begin(int32_t limit)
{
	unsigned int i;

	fence_us = 1;
	dlb_credit_pool_init(&pool, limit, RTE_DIM(ports), true);
	for (i = 0; i < RTE_DIM(ports); i++)
		dlb_credit_attach(&pool, &ports[i], limit, QUANTUM);
}

/* A burst that lets so many events in: how many it did. */
static int32_t
send(struct dlb_credit_cache *port, int32_t n)
{
	int32_t credits = dlb_credit_take(port), sent = 0;

	assert_int_not_equal(credits, CREDIT_BUSY);
	while (sent < n) {
		if (credits == 0)
			credits = dlb_credit_lease(port, n - sent);
		if (credits == 0)
			break;
		credits--;
		sent++;
	}
	dlb_credit_put(port, credits);
	return sent;
}

static void *
send_one(void *port)
{
	send(port, 1);
	return NULL;
}

/* A port of a thread that is gone, with credits in it. */
static void
leave_some(struct dlb_credit_cache *port)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, send_one, port), 0);
	pthread_join(thread, NULL);
	assert_true(atomic_load(&port->unused) > 0);
}

/* Where the limit is small a burst does not take all there is for one event. */
static void
a_burst_leaves_others_what_it_may_not_keep(void **state)
{
	int32_t credits;

	(void)state;
	begin(QUANTUM);
	credits = dlb_credit_take(&ports[0]);
	credits += dlb_credit_lease(&ports[0], 1);
	assert_true(credits >= 1);
	assert_int_equal(send(&ports[1], 8), 8);
	dlb_credit_put(&ports[0], credits);
	assert_int_equal(dlb_credit_unused(&pool), QUANTUM - 8);
}

/* A thread that waits for its CPU in a fence is no reason to keep others waiting. */
static void
a_slow_fence_does_not_keep_credits_for_long(void **state)
{
	uint64_t end;

	(void)state;
	begin(LIMIT);
	leave_some(&ports[1]);
	fence_us = 50000;
	send(&ports[0], LIMIT);
	fence_us = 1;
	assert_int_equal(dlb_credit_unused(&pool), 0);

	/* One came back, and went to a port whose thread is gone. */
	atomic_fetch_add(&pool.unused, 2);
	leave_some(&ports[2]);
	end = rte_get_timer_cycles() + rte_get_timer_hz() / 2;
	while (send(&ports[0], 1) == 0)
		assert_true(rte_get_timer_cycles() < end);
}

/* ---- ---- */

static bool stopping;

static void *
send_and_release(void *arg)
{
	struct dlb_credit_cache *port = arg;

	while (!__atomic_load_n(&stopping, __ATOMIC_RELAXED)) {
		int32_t sent = send(port, 8);
		int32_t credits = dlb_credit_take(port);

		dlb_credit_put(port, credits + sent);
	}
	return NULL;
}

/* Whoever looks from outside may be late, but must not see what cannot be. */
static void
never_are_more_unused_than_there_are(void **state)
{
	uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz() / 4;
	pthread_t thread;
	int32_t most = 0;

	(void)state;
	begin(LIMIT);
	stopping = false;
	assert_int_equal(pthread_create(&thread, NULL, send_and_release, &ports[0]), 0);
	while (rte_get_timer_cycles() < end)
		most = RTE_MAX(most, dlb_credit_unused(&pool));
	__atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_in_range(most, 0, LIMIT);
	assert_int_equal(dlb_credit_unused(&pool), LIMIT);
}

int
main(void)
{
	/* For the clock. */
	char *args[] = {"dlb_lease_test", "--no-huge", "--no-pci", "--no-shconf",
			"--no-telemetry",  "-m",        "32",       "--log-level=1"};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_leaves_others_what_it_may_not_keep),
		cmocka_unit_test(a_slow_fence_does_not_keep_credits_for_long),
		cmocka_unit_test(never_are_more_unused_than_there_are),
	};

	if (rte_eal_init(RTE_DIM(args), args) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
