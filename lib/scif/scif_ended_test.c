/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Programs whose engine has ended: by itself, or because it was killed. */

/* Memory that this process shares with engines that there are, or were. */
static unsigned int
shared_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned int n = 0;
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, "/memfd:slipway-scif") != NULL;
	fclose(f);
	return n;
}

/* The engine ends in good order, and says so to nobody here. */
static void
engine_ends(void)
{
	int status;

	kill(rig_node.pid, SIGTERM);
	assert_int_equal(waitpid(rig_node.pid, &status, 0), rig_node.pid);
	assert_int_equal(status, 0);
}

static void
an_engine_that_ends_leaves_what_was_sent_and_no_device(void **state)
{
	struct pair p;
	char got[8];

	(void)state;
	pair_make(&p);
	assert_int_equal(scif_send(p.b, "words", 5, 0), 5);
	engine_ends();
	/* What it is by chance. */
	errno = EAGAIN;
	assert_int_equal(scif_send(p.b, "x", 1, 0), -1);
	assert_int_equal(errno, ENODEV);
	assert_failed(scif_send(p.b, "x", 1, 0), ENODEV);
	assert_int_equal(pair_events(p.a, 0), POLLIN | POLLOUT | POLLHUP);
	assert_int_equal(scif_recv(p.a, got, 5, SCIF_RECV_BLOCK), 5);
	assert_memory_equal(got, "words", 5);
	assert_failed(scif_recv(p.a, got, 1, SCIF_RECV_BLOCK), ENODEV);
	assert_failed(scif_vreadfrom(p.a, got, 1, 0, 0), ENODEV);
	pair_close(&p);
	assert_int_equal(rig_again(&rig_node, NULL), 0);
}

/* Nobody has said anything to anybody: endpoints are Connected for ever. */
static void
an_engine_that_is_killed_leaves_what_was_sent_and_no_device(void **state)
{
	struct pair p;
	char got[8];

	(void)state;
	pair_make(&p);
	assert_int_equal(scif_send(p.b, "words", 5, 0), 5);
	rig_kill(&rig_node);
	assert_failed(scif_bind(p.listener, 0), ENODEV);
	assert_failed(scif_bind(p.listener, 0), ENODEV);
	assert_failed(scif_send(p.b, "x", 1, 0), ENODEV);
	assert_failed(scif_send(p.b, "x", 1, SCIF_SEND_BLOCK), ENODEV);
	assert_int_equal(pair_events(p.a, 0), POLLIN | POLLOUT | POLLHUP);
	assert_int_equal(scif_recv(p.a, got, 5, 0), 5);
	assert_memory_equal(got, "words", 5);
	assert_failed(scif_recv(p.a, got, 1, 0), ENODEV);
	assert_failed(scif_recv(p.a, got, 1, SCIF_RECV_BLOCK), ENODEV);
	assert_failed(scif_vreadfrom(p.a, got, 1, 0, 0), ENODEV);
	pair_close(&p);
	assert_int_equal(rig_again(&rig_node, NULL), 0);
}

static void *
kill_soon(void *arg)
{
	usleep(20000);
	rig_kill(arg);
	return NULL;
}

/* It has the request, or would have read it next. */
static void
who_waits_for_an_answer_gets_no_device(void **state)
{
	pthread_t killer;
	struct pair p;

	(void)state;
	pair_make(&p);
	kill(rig_node.pid, SIGSTOP);
	assert_int_equal(pthread_create(&killer, NULL, kill_soon, &rig_node), 0);
	assert_failed(scif_bind(p.listener, 0), ENODEV);
	pthread_join(killer, NULL);
	pair_close(&p);
	assert_int_equal(rig_again(&rig_node, NULL), 0);
}

/* Who sleeps until something comes looks now and then whether anybody could say so. */
static void
who_sleeps_notices_that_there_is_no_engine(void **state)
{
	pthread_t killer;
	struct pair p;
	char got;

	(void)state;
	pair_make(&p);
	assert_int_equal(pthread_create(&killer, NULL, kill_soon, &rig_node), 0);
	assert_failed(scif_recv(p.a, &got, 1, SCIF_RECV_BLOCK), ENODEV);
	pthread_join(killer, NULL);
	assert_int_equal(pair_events(p.b, -1) & POLLHUP, POLLHUP);
	pair_close(&p);
	assert_int_equal(rig_again(&rig_node, NULL), 0);
}

/* Nobody makes room, and nobody is there who could say so. */
static void
who_sends_without_waiting_notices_that_there_is_no_engine(void **state)
{
	char bytes[8192] = {0};
	struct pair p;
	int sent = 0, tries = 0;

	(void)state;
	pair_make(&p);
	assert_int_equal(scif_send(p.a, bytes, sizeof(bytes), 0), 4095);
	rig_kill(&rig_node);
	for (; sent == 0 && tries < 100000; tries++)
		sent = scif_send(p.a, bytes, 1, 0);
	assert_int_equal(sent, -1);
	assert_int_equal(errno, ENODEV);
	pair_close(&p);
	assert_int_equal(rig_again(&rig_node, NULL), 0);
}

static void
of_engines_that_ended_nothing_is_kept(void **state)
{
	unsigned int before, maps;
	struct pair p;

	(void)state;
	pair_make(&p);
	before = rig_descriptors();
	maps = shared_maps();
	for (int i = 0; i < 5; i++) {
		rig_kill(&rig_node);
		assert_failed(scif_bind(p.listener, 0), ENODEV);
		if (i % 2 == 0)
			pair_close(&p);
		assert_int_equal(rig_again(&rig_node, NULL), 0);
		/* The old one's endpoints may be closed before, or after, there is another. */
		if (i % 2 != 0) {
			scif_close(scif_open());
			pair_close(&p);
		}
		pair_make(&p);
		assert_int_equal(rig_descriptors(), before);
		assert_int_equal(shared_maps(), maps);
	}
	pair_close(&p);
}

/* What is mapped of a window's is unmapped after its engine's end, and that of the next one: only
 * then that engine's client goes.
 */
static void
a_mapping_outlives_its_engine(void **state)
{
	unsigned int before, maps;
	struct pair p;
	off_t offset;
	char *at, *map;

	(void)state;
	pair_make(&p);
	at = pair_pages(1);
	/* Who registers memory keeps what says which memory there is. */
	offset = pair_window(p.b, at, 1, RW);
	before = rig_descriptors();
	maps = shared_maps();
	map = scif_mmap(NULL, PAGE, RW, 0, p.a, offset);
	assert_ptr_not_equal(map, SCIF_MMAP_FAILED);
	rig_kill(&rig_node);
	assert_failed(scif_bind(p.listener, 0), ENODEV);
	pair_close(&p);
	assert_int_equal(rig_again(&rig_node, NULL), 0);
	pair_make(&p);
	map[7] = 42;
	assert_int_equal(at[7], 42);
	assert_int_equal(rig_descriptors(), before + 1);
	assert_int_equal(scif_munmap(map, PAGE), 0);
	assert_int_equal(rig_descriptors(), before);
	assert_int_equal(shared_maps(), maps);
	munmap(at, PAGE);
	pair_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		rig_fresh_test(an_engine_that_ends_leaves_what_was_sent_and_no_device),
		rig_fresh_test(an_engine_that_is_killed_leaves_what_was_sent_and_no_device),
		rig_fresh_test(who_waits_for_an_answer_gets_no_device),
		rig_fresh_test(who_sleeps_notices_that_there_is_no_engine),
		rig_fresh_test(who_sends_without_waiting_notices_that_there_is_no_engine),
		rig_fresh_test(of_engines_that_ended_nothing_is_kept),
		rig_fresh_test(a_mapping_outlives_its_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
