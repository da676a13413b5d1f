/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif_test_far.h"
#include "scif_test_pair.h"

/* Engines that are stopped for a while, and go on. */

#define ALIVE_MS 300

static int
begin(void **state)
{
	const struct scif_engine_config config = {.alive_ms = ALIVE_MS};

	(void)state;
	if (rig_begin(&far_host, &config) < 0 || rig_join(&far_card, &far_host, 1) < 0)
		return -1;
	return rig_hurry(state) != 0 || far_nodes(2) != 2;
}

/* A visitor's: it registers a page that says so, says where, and waits for the end. */
static int
show_a_page(scif_epd_t epd)
{
	char *at = pair_pages(1), byte;

	at[0] = 'p';
	pair_tell(epd, pair_window(epd, at, 1, RW));
	return scif_recv(epd, &byte, 1, SCIF_RECV_BLOCK) == -1 ? 0 : 1;
}

/* That they are connected is all that there is to see. */
static int
meet(scif_epd_t epd)
{
	(void)epd;
	return 0;
}

static void
who_asks_a_node_that_is_stopped_gets_no_device(void **state)
{
	scif_epd_t listener = far_listen(), epd;
	pid_t pid = far_visitor(listener, &epd);
	char *at = pair_pages(2);
	off_t own;
	int mark;

	(void)state;
	pair_told(epd);
	own = pair_window(epd, at, 1, RW);
	kill(far_card.pid, SIGSTOP);
	assert_failed(scif_register(epd, at + PAGE, PAGE, 0x10000, RW, SCIF_MAP_FIXED), ENODEV);
	assert_failed(scif_unregister(epd, own, PAGE), ENODEV);
	assert_failed(scif_fence_mark(epd, SCIF_FENCE_INIT_PEER, &mark), ENODEV);
	kill(far_card.pid, SIGCONT);
	assert_int_equal(scif_fence_mark(epd, SCIF_FENCE_INIT_PEER, &mark), 0);
	pair_window_at(epd, at + PAGE, 1, 0x10000, RW);
	/* What was begun is done by now. */
	assert_failed(scif_unregister(epd, own, PAGE), ENXIO);
	pair_window_at(epd, at, 1, own % (INT64_C(1) << 40), RW);
	scif_close(epd);
	assert_int_equal(far_wait(pid), 0);
	scif_close(listener);
}

/* A node that is back has other memory; who still has the old one mapped keeps it. */
static void
a_mapping_outlives_its_node_and_the_next(void **state)
{
	scif_epd_t listener = far_listen(), epd;
	char *page[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		pid_t pid = far_visitor(listener, &epd);
		off_t offset = pair_told(epd);

		page[i] = scif_mmap(NULL, PAGE, SCIF_PROT_READ | SCIF_PROT_WRITE, 0, epd, offset);
		assert_ptr_not_equal(page[i], SCIF_MMAP_FAILED);
		assert_int_equal(page[i][0], 'p');
		page[i][0] = (char)('a' + i);
		rig_kill(&far_card);
		assert_int_equal(far_nodes(1), 1);
		assert_int_equal(far_wait(pid), 0);
		scif_close(epd);
		assert_int_equal(rig_again(&far_card, NULL), 0);
		assert_int_equal(far_nodes(2), 2);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(page[i][0], 'a' + i);
		assert_int_equal(scif_munmap(page[i], PAGE), 0);
	}
	scif_close(listener);
}

/* One of two peers sleeps while the other one ends and is back. */
static void
a_node_that_slept_meets_a_peer_that_is_back(void **state)
{
	struct rig third;
	pid_t listens, connects;

	(void)state;
	assert_int_equal(rig_join(&third, &far_host, 2), 0);
	assert_int_equal(far_nodes(3), 3);
	for (int i = 0; i < 4; i++) {
		struct rig *back = i % 2 == 0 ? &third : &far_card;
		const struct rig *sleeper = i % 2 == 0 ? &far_card : &third;

		usleep(20000);
		kill(sleeper->pid, SIGSTOP);
		rig_kill(back);
		assert_int_equal(far_nodes(2), 2);
		assert_int_equal(rig_again(back, NULL), 0);
		assert_int_equal(far_nodes(3), 3);
		kill(sleeper->pid, SIGCONT);
		listens = far_start(2, 2);
		connects = far_start(1, 2);
		assert_int_equal(far_wait(connects), 0);
		assert_int_equal(far_wait(listens), 0);
	}
	assert_int_equal(rig_end(&third), 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_asks_a_node_that_is_stopped_gets_no_device,
						begin, far_end),
		cmocka_unit_test_setup_teardown(a_mapping_outlives_its_node_and_the_next, begin,
						far_end),
		cmocka_unit_test_setup_teardown(a_node_that_slept_meets_a_peer_that_is_back, begin,
						far_end),
	};

	if (far_is_visitor(argc, argv))
		return far_visit(argv[3][0] == '0' ? show_a_page : meet);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
