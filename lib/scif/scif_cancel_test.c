/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Threads that are cancelled. As with Intel's library, whose calls are open, close, poll and ioctl,
 * that is at the begin of some calls and asleep in scif_poll, and nowhere else: it leaves no lock,
 * and nobody inside.
 */

#define TIMES  20
#define OFFSET ((off_t)(16 * PAGE))

static struct pair p;
static int other; /* a descriptor that is no endpoint */
static atomic_int cleaned, looked;

static void
clean(void *arg)
{
	(void)arg;
	atomic_fetch_add(&cleaned, 1);
}

static void *
poll_one(void *arg)
{
	struct scif_pollepd epd = {.epd = p.a, .events = SCIF_POLLIN};

	pthread_cleanup_push(clean, NULL);
	scif_poll(&epd, 1, -1);
	pthread_cleanup_pop(0);
	return arg;
}

static void *
poll_mixed(void *arg)
{
	struct scif_pollepd epd[] = {
		{.epd = p.a, .events = SCIF_POLLIN},
		{.epd = other, .events = SCIF_POLLIN},
	};

	pthread_cleanup_push(clean, NULL);
	scif_poll(epd, 2, -1);
	pthread_cleanup_pop(0);
	return arg;
}

static void *
poll_none(void *arg)
{
	pthread_cleanup_push(clean, NULL);
	scif_poll(NULL, 0, -1);
	pthread_cleanup_pop(0);
	return arg;
}

/* Each of these asks the engine. */
static void *
open_and_close(void *arg)
{
	pthread_cleanup_push(clean, NULL);
	for (;;) {
		scif_epd_t epd = scif_open();

		scif_bind(epd, 0);
		scif_close(epd);
		atomic_fetch_add(&looked, 1);
	}
	pthread_cleanup_pop(0);
	return arg;
}

static void *
accept_again_and_again(void *arg)
{
	struct scif_portID peer;
	scif_epd_t made;

	pthread_cleanup_push(clean, NULL);
	for (;;) {
		scif_accept(p.listener, &peer, &made, 0);
		atomic_fetch_add(&looked, 1);
	}
	pthread_cleanup_pop(0);
	return arg;
}

/* Streams, and memory, of descriptors that show events: no call of these is such a point. */
static void *
exchange(void *arg)
{
	static char bytes[2 * PAGE], page[PAGE];

	pthread_cleanup_push(clean, NULL);
	for (;;) {
		scif_send(p.b, bytes, sizeof(bytes), 0);
		scif_recv(p.a, bytes, sizeof(bytes), 0);
		scif_recv(p.a, bytes, sizeof(bytes), 0);
		/* The first piece is shared, the second one is copied by a thread that is asked. */
		scif_vreadfrom(p.a, page, PAGE, OFFSET, SCIF_RMA_SYNC);
		scif_vreadfrom(p.a, page, PAGE, OFFSET + PAGE, SCIF_RMA_SYNC);
		atomic_fetch_add(&looked, 1);
		pthread_testcancel();
	}
	pthread_cleanup_pop(0);
	return arg;
}

/* What it returns, when something comes. */
static void *
receive(void *arg)
{
	char byte = 0;

	atomic_fetch_add(&looked, 1);
	if (scif_recv(p.a, &byte, 1, SCIF_RECV_BLOCK) == 1 && byte == 'x')
		atomic_fetch_add(&cleaned, 1);
	return arg;
}

static void
cancel_one(void *(*run)(void *), bool looks)
{
	void *ret = NULL;
	pthread_t thread;

	atomic_store(&looked, 0);
	pthread_create(&thread, NULL, run, NULL);
	while (looks && atomic_load(&looked) < 2)
		usleep(100);
	/* Asleep by then, or nearly. */
	usleep(looks ? 100 : 5000);
	pthread_cancel(thread);
	pthread_join(thread, &ret);
	assert_ptr_equal(ret, PTHREAD_CANCELED);
}

/* Nothing is held, and nobody is taken to be inside. */
static void
everything_goes_on(void)
{
	char *at = pair_pages(1), byte = 'y';
	int status;
	pid_t pid;

	while (scif_recv(p.a, &byte, 1, 0) == 1)
		;
	byte = 'y';
	assert_int_equal(scif_send(p.b, &byte, 1, SCIF_SEND_BLOCK), 1);
	assert_int_equal(scif_recv(p.a, &byte, 1, SCIF_RECV_BLOCK), 1);
	assert_int_equal(byte, 'y');
	assert_true(pair_window(p.a, at, 1, RW) > 0);
	pid = fork();
	if (pid == 0)
		_exit(scif_open() < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	pair_close(&p);
	munmap(at, PAGE);
}

static void
cancelled_anywhere(void *(*run)(void *), bool looks)
{
	atomic_store(&cleaned, 0);
	pair_make(&p);
	for (int i = 0; i < TIMES; i++)
		cancel_one(run, looks);
	assert_int_equal(atomic_load(&cleaned), TIMES);
	everything_goes_on();
}

static void
a_thread_that_polls_is_cancelled(void **state)
{
	(void)state;
	cancelled_anywhere(poll_one, false);
	other = eventfd(0, EFD_CLOEXEC);
	cancelled_anywhere(poll_mixed, false);
	close(other);
	cancelled_anywhere(poll_none, false);
}

static void
a_thread_that_asks_the_engine_is_cancelled_between_calls(void **state)
{
	(void)state;
	cancelled_anywhere(open_and_close, true);
	cancelled_anywhere(accept_again_and_again, true);
}

static void
a_thread_that_transfers_is_cancelled_between_calls(void **state)
{
	char *at = pair_pages(1);
	_Alignas(PAGE) char stack[PAGE];

	(void)state;
	atomic_store(&cleaned, 0);
	pair_make(&p);
	pair_window_at(p.b, at, 1, OFFSET, RW);
	pair_window_at(p.b, stack, 1, OFFSET + PAGE, RW);
	assert_int_equal(scif_get_fd(p.a), p.a);
	assert_int_equal(scif_get_fd(p.b), p.b);
	for (int i = 0; i < TIMES; i++)
		cancel_one(exchange, true);
	assert_int_equal(atomic_load(&cleaned), TIMES);
	everything_goes_on();
	munmap(at, PAGE);
}

static void
a_thread_that_receives_is_not_cancelled(void **state)
{
	pthread_t thread;
	void *ret;

	(void)state;
	atomic_store(&cleaned, 0);
	atomic_store(&looked, 0);
	pair_make(&p);
	pthread_create(&thread, NULL, receive, &p);
	while (atomic_load(&looked) == 0)
		usleep(100);
	usleep(5000);
	pthread_cancel(thread);
	usleep(50000);
	assert_int_equal(scif_send(p.b, "x", 1, SCIF_SEND_BLOCK), 1);
	pthread_join(thread, &ret);
	assert_int_equal(atomic_load(&cleaned), 1);
	everything_goes_on();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		rig_unit_test(a_thread_that_polls_is_cancelled),
		rig_unit_test(a_thread_that_asks_the_engine_is_cancelled_between_calls),
		rig_unit_test(a_thread_that_transfers_is_cancelled_between_calls),
		rig_unit_test(a_thread_that_receives_is_not_cancelled),
	};

	return cmocka_run_group_tests_name("scif_cancel", tests, rig_setup, rig_teardown);
}
