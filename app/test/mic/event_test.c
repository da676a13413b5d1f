/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

/* Callbacks: what is told, in order, and what they may do. */

#define SEEN 32

static struct {
	enum rte_pmd_mic_state state;
	enum rte_pmd_mic_shutdown shutdown;
} seen[SEEN];
static _Atomic unsigned int nb_seen;

static void
note(uint16_t id, enum rte_pmd_mic_state state, enum rte_pmd_mic_shutdown shutdown, void *arg)
{
	unsigned int i = atomic_load(&nb_seen);

	if (id != dev.id || arg != &nb_seen || i == SEEN)
		return;
	seen[i].state = state;
	seen[i].shutdown = shutdown;
	atomic_store(&nb_seen, i + 1);
}

static void
wait_seen(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < PATIENCE_MS && atomic_load(&nb_seen) < n; i++)
		usleep(1000);
	assert_true(atomic_load(&nb_seen) >= n);
}

static void
begin(void)
{
	atomic_store(&nb_seen, 0);
	assert_int_equal(pmd.event_register(dev.id, note, &nb_seen), 0);
}

static void
states_are_told_in_order(void)
{
	static const enum rte_pmd_mic_state states[] = {
		RTE_PMD_MIC_ONLINE, RTE_PMD_MIC_SHUTTING_DOWN, RTE_PMD_MIC_SHUTTING_DOWN,
		RTE_PMD_MIC_RESETTING, RTE_PMD_MIC_READY};
	unsigned int i;

	if (dev.info.era != RTE_PMD_MIC_ERA_A)
		return;
	/* Else a load may begin with one. */
	assert_int_equal(rte_rawdev_reset(dev.id), 0);
	usleep(20000);
	begin();
	boot(dev.id);
	rte_rawdev_stop(dev.id);
	wait_seen(RTE_DIM(states));
	for (i = 0; i < RTE_DIM(states); i++)
		assert_int_equal(seen[i].state, states[i]);
	assert_int_equal(seen[1].shutdown, RTE_PMD_MIC_NOP);
	assert_int_equal(seen[2].shutdown, RTE_PMD_MIC_POWEROFF);
	assert_int_equal(pmd.event_unregister(dev.id, note, &nb_seen), 0);
	assert_int_equal(pmd.event_unregister(dev.id, note, &nb_seen), -ENOENT);
	assert_int_equal(rte_rawdev_reset(dev.id), 0);
	usleep(20000);
	assert_int_equal(atomic_load(&nb_seen), RTE_DIM(states));
}

static bool
last_is(enum rte_pmd_mic_shutdown shutdown)
{
	unsigned int n = atomic_load(&nb_seen);

	return n != 0 && seen[n - 1].state == RTE_PMD_MIC_SHUTTING_DOWN &&
	       seen[n - 1].shutdown == shutdown;
}

static void
a_crash_is_told(void)
{
	unsigned int i;

	if (!dev.is_virtual || dev.info.era != RTE_PMD_MIC_ERA_A)
		return;
	begin();
	boot(dev.id);
	wait_seen(1);
	assert_int_equal(dev_type(dev.id, "crash"), 0);
	wait_state(dev.id, RTE_PMD_MIC_SHUTTING_DOWN);
	for (i = 0; i < PATIENCE_MS && !last_is(RTE_PMD_MIC_CRASHED); i++)
		usleep(1000);
	assert_int_not_equal(i, PATIENCE_MS);
	assert_int_equal(pmd.event_unregister(dev.id, note, &nb_seen), 0);
}

static _Atomic int reset_result, close_result, boots_left;

/* What a daemon does: it waits, in the thread that does the work. */
static void
reset_on_crash(uint16_t id, enum rte_pmd_mic_state state, enum rte_pmd_mic_shutdown shutdown,
	       void *arg)
{
	RTE_SET_USED(arg);
	if (state != RTE_PMD_MIC_SHUTTING_DOWN || shutdown != RTE_PMD_MIC_CRASHED)
		return;
	rte_rawdev_stop(id);
	atomic_store(&close_result, rte_rawdev_close(id));
	atomic_store(&reset_result, rte_rawdev_reset(id));
	if (load(id) == 0 && rte_rawdev_start(id) == 0)
		atomic_fetch_sub(&boots_left, 1);
}

static void
a_callback_may_reset_and_boot(void)
{
	unsigned int i;
	char *said;

	if (!dev.is_virtual || dev.info.era != RTE_PMD_MIC_ERA_A)
		return;
	atomic_store(&reset_result, 1);
	atomic_store(&boots_left, 1);
	assert_int_equal(pmd.event_register(dev.id, reset_on_crash, NULL), 0);
	boot(dev.id);
	log_begin();
	assert_int_equal(dev_type(dev.id, "crash"), 0);
	for (i = 0; i < PATIENCE_MS && atomic_load(&boots_left) != 0; i++)
		usleep(1000);
	said = log_end();
	assert_int_equal(atomic_load(&boots_left), 0);
	assert_int_equal(atomic_load(&reset_result), 0);
	/* But not take away what is being served. */
	assert_int_equal(atomic_load(&close_result), -EBUSY);
	assert_int_equal(lines_with(said, "close inside a callback"), 1);
	free(said);
	wait_up(dev.id);
	assert_int_equal(pmd.event_unregister(dev.id, reset_on_crash, NULL), 0);
}

static void
bad_callbacks_are_refused(void)
{
	unsigned int i;

	assert_int_equal(pmd.event_register(dev.id, NULL, NULL), -EINVAL);
	assert_int_equal(pmd.event_register(63, note, NULL), -ENODEV);
	for (i = 0; i < 16; i++)
		assert_int_equal(pmd.event_register(dev.id, note, seen + i), 0);
	log_begin();
	assert_int_equal(pmd.event_register(dev.id, note, NULL), -ENOSPC);
	expect_said("callback 17");
	for (i = 0; i < 16; i++)
		assert_int_equal(pmd.event_unregister(dev.id, note, seen + i), 0);
}

static void
waiting_ends_in_time(void)
{
	assert_int_equal(pmd.wait(dev.id, RTE_PMD_MIC_READY, 0), 0);
	assert_int_equal(pmd.wait(dev.id, RTE_PMD_MIC_ONLINE, 0), -ETIMEDOUT);
	assert_int_equal(pmd.wait(dev.id, RTE_PMD_MIC_ONLINE, 20), -ETIMEDOUT);
	log_begin();
	assert_int_equal(pmd.wait(dev.id, RTE_PMD_MIC_LOST + 1, 0), -EINVAL);
	expect_said("wait for state 9");
}

static const struct test_case cases[] = {
	TEST_CASE(states_are_told_in_order),
	TEST_CASE(a_crash_is_told),
	TEST_CASE(a_callback_may_reset_and_boot),
	TEST_CASE(bad_callbacks_are_refused),
	TEST_CASE(waiting_ends_in_time),
};

TEST_GROUP(event, cases);
