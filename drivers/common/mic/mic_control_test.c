/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The control thread with items that only note when they are served: no wake-up is lost, and no
 * time to serve forgotten, when one of them waits inside.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

/* EAL's threads want EAL to have begun. */
#define compat_control_thread compat_eal_thread
#include "dpdk_compat.h"
#undef compat_control_thread

static int
compat_control_thread(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg)
{
	(void)name;
	return -pthread_create(thread, NULL, run, arg);
}

#include "mic_control.c"

#define MS UINT64_C(1000000)

struct probe {
	struct mic_control_item item;
	_Atomic unsigned int served, came; /* how often; and its descriptor was readable */
	_Atomic unsigned int nest;         /* wait inside the next time, for so many ms */
	_Atomic uint64_t due;              /* to be served then; 0: no more */
	_Atomic bool work;                 /* somebody has some for it */
	int fd;                            /* to be collected, or -1 */
	_Atomic int removed;               /* what removing itself gave */
};

static struct mic_control control;
static struct probe probes[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static bool
never(const void *arg)
{
	(void)arg;
	return false;
}

static void
wait_inside(struct probe *probe, unsigned int ms)
{
	pthread_mutex_lock(&lock);
	assert_false(mic_control_wait(&control, &lock, &changed, never, NULL, ms * MS));
	pthread_mutex_unlock(&lock);
	probe->removed = mic_control_remove(&control, &probe->item);
}

static uint64_t
probe_serve(void *arg, const struct pollfd p[], unsigned int n)
{
	struct probe *probe = arg;
	unsigned int nest = atomic_exchange(&probe->nest, 0);
	uint64_t value, now;

	if (n != 0 && p[0].revents != 0 && read(p[0].fd, &value, sizeof(value)) > 0)
		probe->came++;
	atomic_store(&probe->work, false);
	if (nest != 0)
		wait_inside(probe, nest);
	probe->served++;
	now = mic_control_now();
	if (probe->due != 0 && probe->due <= now)
		probe->due = 0;
	return probe->due != 0 ? probe->due - now : MIC_CONTROL_NEVER;
}

static unsigned int
probe_collect(void *arg, struct pollfd p[], unsigned int max)
{
	const struct probe *probe = arg;

	if (probe->fd < 0 || max == 0)
		return 0;
	p[0] = (struct pollfd){.fd = probe->fd, .events = POLLIN};
	return 1;
}

/* Until nobody is served any more. */
static void
settle(void)
{
	unsigned int before;

	do {
		before = probes[0].served + probes[1].served;
		usleep(5000);
	} while (probes[0].served + probes[1].served != before);
}

static int
set_up(void **state)
{
	unsigned int i;

	(void)state;
	/* Whoever is not woken sleeps for good. */
	alarm(20);
	mic_control_init(&control);
	memset(probes, 0, sizeof(probes));
	for (i = 0; i < 2; i++) {
		probes[i].fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		probes[i].item = (struct mic_control_item){
			.serve = probe_serve, .collect = probe_collect, .arg = &probes[i]};
		assert_int_equal(mic_control_add(&control, &probes[i].item), 0);
	}
	settle();
	return 0;
}

static int
tear_down(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(mic_control_remove(&control, &probes[i].item), 0);
		close(probes[i].fd);
	}
	assert_false(control.running);
	mic_control_free(&control);
	alarm(0);
	return 0;
}

/* A second at most. */
static bool
is_done(const _Atomic bool *work)
{
	unsigned int i;

	for (i = 0; i < 10000 && *work; i++)
		usleep(100);
	return !*work;
}

static void
have_work_done(struct probe *probe)
{
	probe->work = true;
	mic_control_wake(&control);
	if (!is_done(&probe->work))
		fail_msg("a wake-up was lost");
}

/* Have it wait inside its function: until it does. */
static void
nest(struct probe *probe, unsigned int ms)
{
	probe->nest = ms;
	mic_control_wake(&control);
	while (probe->nest != 0)
		usleep(100);
}

static void
every_wake_up_has_its_round(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 2000; i++)
		have_work_done(&probes[i % 2]);
}

static void
a_wake_up_after_a_wait_inside_is_not_lost(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		nest(&probes[i % 2], 3);
		settle();
		have_work_done(&probes[1]);
	}
}

static void
items_are_served_during_a_wait_inside(void **state)
{
	(void)state;
	nest(&probes[1], 200);
	have_work_done(&probes[0]);
	have_work_done(&probes[1]);
}

/* The round outside had asked before. */
static void
a_time_told_during_a_wait_inside_is_kept(void **state)
{
	unsigned int i;

	(void)state;
	nest(&probes[1], 20);
	probes[0].due = mic_control_now() + 40 * MS;
	for (i = 0; i < 1000 && probes[0].due != 0; i++)
		usleep(1000);
	assert_int_equal(probes[0].due, 0);
}

static void
a_descriptor_is_seen_once_by_whichever_round(void **state)
{
	const uint64_t one = 1;
	unsigned int i, j;

	(void)state;
	for (i = 0; i < 10; i++) {
		if (i % 2 == 0)
			nest(&probes[0], 3);
		assert_int_equal(write(probes[i % 3 % 2].fd, &one, sizeof(one)), sizeof(one));
		for (j = 0; j < 1000 && probes[0].came + probes[1].came <= i; j++)
			usleep(1000);
		settle();
		assert_int_equal(probes[0].came + probes[1].came, i + 1);
	}
}

static void
an_item_cannot_remove_itself(void **state)
{
	unsigned int i;

	(void)state;
	nest(&probes[0], 1);
	for (i = 0; i < 1000 && probes[0].removed == 0; i++)
		usleep(1000);
	assert_int_equal(probes[0].removed, -EBUSY);
}

/* The thread ends with its last item, whatever it did before. */
static void
the_end_is_not_slept_through(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		nest(&probes[1], 2);
		if (i % 2 == 0)
			settle();
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_wake_up_has_its_round, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_wake_up_after_a_wait_inside_is_not_lost, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(items_are_served_during_a_wait_inside, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_time_told_during_a_wait_inside_is_kept, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_descriptor_is_seen_once_by_whichever_round,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_item_cannot_remove_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_end_is_not_slept_through, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
