/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "client_memory.h"
#include "scif_test_far.h"
#include "scif_test_pair.h"

/* Registered memory between two nodes: transfers, mappings, fences; and a node that is killed. */

#define PAGES  8u
#define OFFSET 0x40000
#define ROUNDS 2000

/* ---- On node 1 ---- */

static char *
own_window(scif_epd_t epd, int prot)
{
	char *at = pair_pages(PAGES);

	for (uint32_t i = 0; i < PAGES * PAGE; i++)
		at[i] = (char)(i * 7 >> 3);
	pair_window_at(epd, at, PAGES, OFFSET, prot);
	return at;
}

/* Has a window, and says when; until it is told to go it looks whether it was written. */
static int
owner(scif_epd_t epd)
{
	const char *at = own_window(epd, RW);

	pair_say(epd);
	for (off_t asked; (asked = pair_told(epd)) >= 0;)
		pair_tell(epd, at[asked]);
	return 0;
}

/* Its window cannot be written. */
static int
reader(scif_epd_t epd)
{
	own_window(epd, SCIF_PROT_READ);
	pair_say(epd);
	pair_hear(epd);
	return 0;
}

/* Takes its window away while the other side has it mapped. */
static int
taker(scif_epd_t epd)
{
	char *at = own_window(epd, RW);

	pair_say(epd);
	pair_hear(epd);
	assert_int_equal(scif_unregister(epd, OFFSET, PAGES * PAGE), 0);
	assert_failed(scif_register(epd, at, PAGE, OFFSET, RW, SCIF_MAP_FIXED), EADDRINUSE);
	pair_say(epd);
	pair_hear(epd);
	assert_int_equal(at[1], 'm');
	/* The last word about that comes with no answer to wait for. */
	while (scif_register(epd, at, PAGE, OFFSET, RW, SCIF_MAP_FIXED) != OFFSET)
		assert_int_equal(errno, EADDRINUSE);
	pair_say(epd);
	pair_hear(epd);
	return 0;
}

/* Answers words with words, in memory. */
static int
ponger(scif_epd_t epd)
{
	_Atomic uint64_t *word = (void *)own_window(epd, RW);

	atomic_store(&word[0], 0);
	pair_say(epd);
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		while (atomic_load(&word[0]) != i)
			sched_yield();
		atomic_store(&word[8], i);
	}
	pair_hear(epd);
	return 0;
}

/* Begins transfers that last, and says so. */
static int
mover(scif_epd_t epd)
{
	char *at;

	at = own_window(epd, RW);
	pair_hear(epd);
	for (int i = 0; i < 4; i++)
		assert_int_equal(scif_writeto(epd, OFFSET, PAGES * PAGE, OFFSET, 0), 0);
	at[0] = 0;
	pair_say(epd);
	pair_hear(epd);
	return 0;
}

/* Has a page registered at the end of large memory, of any size, again and again. */
static int
spreader(scif_epd_t epd)
{
	int fd = memfd_create("large", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	off_t size = (off_t)1 << 37;
	void *at;

	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	for (; size >= (off_t)1 << 20; size /= 2) {
		at = mmap(NULL, PAGE, RW, MAP_SHARED, fd, size - PAGE);
		assert_ptr_not_equal(at, MAP_FAILED);
		for (int i = 0; i < 2; i++)
			pair_window(epd, at, 1, RW);
	}
	pair_say(epd);
	pair_hear(epd);
	return 0;
}

/* Has each page of a file in windows of its own, forwards and backwards, and takes every other one
 * away.
 */
static int
repeater(scif_epd_t epd)
{
	int fd;
	char *at = pair_shared(PAGES, &fd);

	for (uint32_t i = 0; i < PAGES; i++)
		pair_window_at(epd, at + i * PAGE, 1, OFFSET + i * PAGE, RW);
	for (uint32_t i = 0; i < PAGES; i++)
		pair_window_at(epd, at + (PAGES - 1 - i) * PAGE, 1, 2 * OFFSET + i * PAGE, RW);
	for (uint32_t i = 0; i < PAGES; i += 2)
		assert_int_equal(scif_unregister(epd, OFFSET + i * PAGE, PAGE), 0);
	pair_say(epd);
	for (off_t asked; (asked = pair_told(epd)) >= 0;)
		pair_tell(epd, at[asked]);
	return 0;
}

static int
visit(scif_epd_t epd)
{
	static int (*const what[])(scif_epd_t) = {owner, reader, taker, ponger, mover, spreader,
						repeater};
	off_t asked = pair_told(epd);
	int ret = what[asked](epd);

	scif_close(epd);
	return ret;
}

enum { OWNER, READER, TAKER, PONGER, MOVER, SPREADER, REPEATER };

/* ---- Here ---- */

struct visit {
	scif_epd_t listener, epd;
	pid_t pid;
};

static void
visit_begin(struct visit *v, int what)
{
	v->listener = far_listen();
	v->pid = far_visitor(v->listener, &v->epd);
	pair_tell(v->epd, what);
}

static void
visit_end(struct visit *v)
{
	assert_int_equal(far_wait(v->pid), 0);
	scif_close(v->epd);
	scif_close(v->listener);
}

/* Of memory that only clients look at an engine has nothing mapped: there is room for theirs. */
static void
large_memory_keeps_nobody_from_connecting(void **state)
{
	struct visit v;
	pid_t pid;
	scif_epd_t epd;

	(void)state;
	visit_begin(&v, SPREADER);
	pair_hear(v.epd);
	pid = far_visitor(v.listener, &epd);
	pair_tell(epd, READER);
	pair_hear(epd);
	pair_say(epd);
	assert_int_equal(far_wait(pid), 0);
	scif_close(epd);
	pair_say(v.epd);
	visit_end(&v);
}

static off_t
byte_of_owner(struct visit *v, off_t at)
{
	pair_tell(v->epd, at);
	return pair_told(v->epd);
}

static void
transfers_reach_memory_of_the_other_node(void **state)
{
	char *own = pair_pages(PAGES), *there = malloc(PAGES * PAGE);
	struct visit v;

	(void)state;
	visit_begin(&v, OWNER);
	pair_hear(v.epd);
	assert_int_equal(scif_register(v.epd, own, PAGES * PAGE, 0, RW, SCIF_MAP_FIXED), 0);
	assert_int_equal(scif_readfrom(v.epd, 0, PAGES * PAGE, OFFSET, SCIF_RMA_SYNC), 0);
	for (uint32_t i = 0; i < PAGES * PAGE; i++)
		assert_int_equal(own[i], (char)(i * 7 >> 3));
	own[5] = 'w';
	assert_int_equal(scif_writeto(v.epd, 5, 1, OFFSET + PAGE - 1, 0), 0);
	assert_int_equal(byte_of_owner(&v, PAGE - 1), 'w');
	there[0] = 'v';
	assert_int_equal(scif_vwriteto(v.epd, there, 1, OFFSET + 3 * PAGE, SCIF_RMA_ORDERED), 0);
	assert_int_equal(byte_of_owner(&v, 3 * PAGE), 'v');
	assert_int_equal(scif_vreadfrom(v.epd, there, PAGES * PAGE, OFFSET, 0), 0);
	assert_int_equal(there[PAGE - 1], 'w');
	assert_int_equal(there[3 * PAGE], 'v');
	assert_failed(scif_vreadfrom(v.epd, there, PAGE, OFFSET + PAGES * PAGE, 0), ENXIO);
	pair_tell(v.epd, -1);
	visit_end(&v);
	free(there);
	munmap(own, PAGES * PAGE);
}

static void
windows_of_one_file_are_each_where_they_are(void **state)
{
	struct visit v;
	char byte;

	(void)state;
	visit_begin(&v, REPEATER);
	pair_hear(v.epd);
	for (uint32_t i = 0; i < PAGES; i++) {
		byte = (char)('A' + i);
		assert_int_equal(scif_vwriteto(v.epd, &byte, 1, 2 * OFFSET + i * PAGE, 0), 0);
		assert_int_equal(byte_of_owner(&v, (off_t)(PAGES - 1 - i) * PAGE), byte);
	}
	for (uint32_t i = 0; i < PAGES; i++) {
		if (i % 2 == 0) {
			assert_failed(scif_vreadfrom(v.epd, &byte, 1, OFFSET + i * PAGE, 0), ENXIO);
			continue;
		}
		assert_int_equal(scif_vreadfrom(v.epd, &byte, 1, OFFSET + i * PAGE, 0), 0);
		assert_int_equal(byte, (char)('A' + PAGES - 1 - i));
	}
	pair_tell(v.epd, -1);
	visit_end(&v);
}

/* The engine gives out a descriptor of the other node's memory: nobody can write by that. */
static void
check_descriptor(scif_epd_t epd)
{
	struct client_endpoint *ep = client_endpoint_enter(epd);
	struct scif_request rq = {
		.op = SCIF_REQUEST_WINDOW,
		.endpoint = ep->index,
		.arg = {OFFSET, CLIENT_SIDE_PEER, 1},
	};
	int fds[SCIF_REQUEST_FDS];
	struct scif_reply reply;

	assert_int_equal(client_ask(ep->client, &rq, -1, &reply, fds), 0);
	client_leave(ep);
	assert_int_equal(reply.fds, 1);
	assert_int_equal(fcntl(fds[0], F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_true((reply.value[2] & SCIF_REQUEST_STEADY) != 0);
	close(fds[0]);
}

static void
protection_holds_between_nodes(void **state)
{
	struct visit v;
	char byte;

	(void)state;
	visit_begin(&v, READER);
	pair_hear(v.epd);
	assert_int_equal(scif_vreadfrom(v.epd, &byte, 1, OFFSET, 0), 0);
	assert_failed(scif_vwriteto(v.epd, &byte, 1, OFFSET, 0), EACCES);
	assert_ptr_equal(scif_mmap(NULL, PAGE, RW, 0, v.epd, OFFSET), SCIF_MMAP_FAILED);
	assert_int_equal(errno, EACCES);
	check_descriptor(v.epd);
	pair_say(v.epd);
	visit_end(&v);
}

static void
words_pass_through_a_mapping(void **state)
{
	_Atomic uint64_t *word;
	struct visit v;

	(void)state;
	visit_begin(&v, PONGER);
	pair_hear(v.epd);
	word = scif_mmap(NULL, PAGE, RW, 0, v.epd, OFFSET);
	assert_ptr_not_equal(word, SCIF_MMAP_FAILED);
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		atomic_store(&word[0], i);
		while (atomic_load(&word[8]) != i)
			sched_yield();
	}
	assert_int_equal(scif_munmap((void *)word, PAGE), 0);
	pair_say(v.epd);
	visit_end(&v);
}

static void
a_mapped_window_is_unregistered_and_goes_with_the_mapping(void **state)
{
	struct visit v;
	char *there;

	(void)state;
	visit_begin(&v, TAKER);
	pair_hear(v.epd);
	there = scif_mmap(NULL, PAGE, RW, 0, v.epd, OFFSET);
	assert_ptr_not_equal(there, SCIF_MMAP_FAILED);
	pair_say(v.epd);
	pair_hear(v.epd);
	there[1] = 'm';
	assert_failed(scif_vwriteto(v.epd, there, 1, OFFSET, 0), ENXIO);
	assert_int_equal(scif_munmap(there, PAGE), 0);
	pair_say(v.epd);
	pair_hear(v.epd);
	pair_say(v.epd);
	visit_end(&v);
}

static void
values_are_signalled_on_both_nodes(void **state)
{
	_Atomic uint64_t *own = (void *)pair_pages(1);
	struct visit v;
	uint64_t there = 0;
	int mark;

	(void)state;
	visit_begin(&v, OWNER);
	pair_hear(v.epd);
	assert_int_equal(scif_register(v.epd, (void *)own, PAGE, 0, RW, SCIF_MAP_FIXED), 0);
	for (int by = SCIF_FENCE_INIT_SELF; by <= SCIF_FENCE_INIT_PEER; by++) {
		assert_int_equal(scif_fence_mark(v.epd, by, &mark), 0);
		assert_int_equal((unsigned int)mark >> 31, by == SCIF_FENCE_INIT_PEER);
		assert_int_equal(scif_fence_wait(v.epd, mark), 0);
		assert_int_equal(scif_fence_signal(v.epd, 8, 0x1111u * (unsigned int)by, OFFSET + 16,
						   0x2222u * (unsigned int)by,
						   by | SCIF_SIGNAL_LOCAL | SCIF_SIGNAL_REMOTE),
				 0);
		assert_int_equal(atomic_load(&own[1]), 0x1111 * by);
		assert_int_equal(scif_vreadfrom(v.epd, &there, 8, OFFSET + 16, 0), 0);
		assert_int_equal(there, 0x2222 * by);
		/* Neither where there is no window, nor across its end. */
		assert_failed(scif_fence_signal(v.epd, 8, 1, OFFSET + PAGES * PAGE - 4, 1,
						by | SCIF_SIGNAL_REMOTE),
			      ENXIO);
		assert_failed(scif_fence_signal(v.epd, PAGE, 1, OFFSET, 1, by | SCIF_SIGNAL_LOCAL),
			      ENXIO);
	}
	pair_tell(v.epd, -1);
	visit_end(&v);
	munmap((void *)own, PAGE);
}

static void
a_mark_of_the_other_node_is_waited_for(void **state)
{
	char *own = pair_pages(PAGES);
	struct visit v;
	int mark;

	(void)state;
	setenv("SLIPWAY_SCIF_RMA", "worker,delay_us=30000", 1);
	visit_begin(&v, MOVER);
	unsetenv("SLIPWAY_SCIF_RMA");
	assert_int_equal(scif_register(v.epd, own, PAGES * PAGE, OFFSET, RW, SCIF_MAP_FIXED),
			 OFFSET);
	pair_say(v.epd);
	pair_hear(v.epd);
	assert_int_equal(scif_fence_mark(v.epd, SCIF_FENCE_INIT_PEER, &mark), 0);
	assert_int_equal(own[PAGES * PAGE - 1], 0);
	assert_int_equal(scif_fence_wait(v.epd, mark), 0);
	assert_int_equal(own[PAGES * PAGE - 1], (char)((PAGES * PAGE - 1) * 7 >> 3));
	pair_say(v.epd);
	visit_end(&v);
	munmap(own, PAGES * PAGE);
}

/* ---- A node that is killed while it is waited for ---- */

struct waits {
	scif_epd_t epd;
	int mark;
	int error; /* 0: it returned well */
};

static void *
register_thread(void *arg)
{
	struct waits *w = arg;

	errno = 0;
	if (scif_register(w->epd, pair_pages(1), PAGE, 0, RW, 0) < 0)
		w->error = errno;
	return NULL;
}

static void *
wait_thread(void *arg)
{
	struct waits *w = arg;

	errno = 0;
	if (scif_fence_wait(w->epd, w->mark) < 0)
		w->error = errno;
	return NULL;
}

static void *
connect_thread(void *arg)
{
	struct scif_portID to = {1, FAR_PORT};
	struct waits *w = arg;

	errno = 0;
	if (scif_connect(w->epd, &to) < 0)
		w->error = errno;
	return NULL;
}

static void
all_who_wait_for_a_node_that_is_killed_are_told(void **state)
{
	static void *(*const what[])(void *) = {register_thread, wait_thread, connect_thread};
	char *own = pair_pages(1), *there, byte;
	struct waits w[3];
	pthread_t thread[3];
	struct visit v;

	(void)state;
	visit_begin(&v, OWNER);
	pair_hear(v.epd);
	there = scif_mmap(NULL, PAGE, RW, 0, v.epd, OFFSET);
	assert_ptr_not_equal(there, SCIF_MMAP_FAILED);
	assert_int_equal(scif_fence_mark(v.epd, SCIF_FENCE_INIT_PEER, &w[1].mark), 0);
	/* It answers nothing from now on. */
	kill(far_card.pid, SIGSTOP);
	for (int i = 0; i < 3; i++) {
		w[i].epd = i == 2 ? scif_open() : v.epd;
		w[i].error = 0;
		assert_int_equal(pthread_create(&thread[i], NULL, what[i], &w[i]), 0);
	}
	usleep(20000);
	rig_kill(&far_card);
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], NULL);
		assert_true(w[i].error == ENODEV || w[i].error == ECONNRESET);
	}
	assert_int_equal(w[2].error, ENODEV);
	assert_failed(scif_vreadfrom(v.epd, &byte, 1, OFFSET, 0), ECONNRESET);
	assert_failed(scif_recv(v.epd, &byte, 1, SCIF_RECV_BLOCK), ECONNRESET);
	scif_munmap(there, PAGE);
	kill(v.pid, SIGKILL);
	far_wait(v.pid);
	scif_close(w[2].epd);
	scif_close(v.epd);
	scif_close(v.listener);
	assert_int_equal(rig_again(&far_card, NULL), 0);
	assert_int_equal(far_nodes(2), 2);
	munmap(own, PAGE);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transfers_reach_memory_of_the_other_node),
		cmocka_unit_test(windows_of_one_file_are_each_where_they_are),
		cmocka_unit_test(protection_holds_between_nodes),
		cmocka_unit_test(words_pass_through_a_mapping),
		cmocka_unit_test(a_mapped_window_is_unregistered_and_goes_with_the_mapping),
		cmocka_unit_test(values_are_signalled_on_both_nodes),
		cmocka_unit_test(a_mark_of_the_other_node_is_waited_for),
		cmocka_unit_test(large_memory_keeps_nobody_from_connecting),
		cmocka_unit_test(all_who_wait_for_a_node_that_is_killed_are_told),
		/* And all is well again. */
		cmocka_unit_test(transfers_reach_memory_of_the_other_node),
	};

	if (far_is_visitor(argc, argv))
		return far_visit(visit);
	return cmocka_run_group_tests(tests, far_begin, far_end);
}
