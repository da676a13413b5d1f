/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client_memory.h"
#include "scif.h"
#include "scif_copy_box.h"
#include "scif_test_far.h"
#include "scif_test_pair.h"

/* Memory that cannot be shared, between two processes of a node and between two nodes: a stack, a
 * private mapping of a file, huge pages of no file.
 */

#define STACK UINT64_C(0x100000)
#define FILES UINT64_C(0x200000)
#define CONST UINT64_C(0x300000)
/* More than a slot has room for. */
#define STACK_PAGES 40u

/* ---- The owner, on the other side ---- */

static unsigned int
threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}

static char *
private_file(int prot)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *at = mmap(NULL, 2 * PAGE, prot, MAP_PRIVATE, fd, 0);

	close(fd);
	return at == MAP_FAILED ? NULL : at;
}

static bool
register_at(scif_epd_t epd, void *at, unsigned int pages, uint64_t offset, int prot)
{
	return scif_register(epd, at, pages * PAGE, (off_t)offset, prot, SCIF_MAP_FIXED) ==
	       (off_t)offset;
}

/* What its peer says, and what it answers. */
enum { LOOK = 1, COPIED, UNMAP, UNREGISTER, THREADS, OWN, END };

static off_t
answer(scif_epd_t epd, off_t what, char *stack, char *files)
{
	struct client_endpoint *ep = client_endpoint_enter(epd);
	off_t copied = (off_t)atomic_load(&ep->client->board->copied);

	client_leave(ep);
	switch (what) {
	case LOOK:
		return (unsigned char)stack[pair_told(epd)];
	case COPIED:
		return copied;
	case UNMAP:
		return munmap(files + PAGE, PAGE);
	case UNREGISTER:
		return scif_unregister(epd, (off_t)STACK, STACK_PAGES * PAGE);
	case THREADS:
		return threads();
	default:
		/* Of its own windows it can use those, too. */
		return scif_writeto(epd, (off_t)STACK, 50, pair_told(epd), 0);
	}
}

static int
own_stack(scif_epd_t epd, void *arg)
{
	_Alignas(4096) char stack[STACK_PAGES * PAGE];
	char *files = private_file(PROT_READ | PROT_WRITE), *bytes = private_file(PROT_READ);

	(void)arg;
	for (unsigned int i = 0; i < sizeof(stack); i++)
		stack[i] = (char)(i / 3);
	if (!register_at(epd, stack, STACK_PAGES, STACK, RW) ||
	    !register_at(epd, files, 2, FILES, RW) ||
	    !register_at(epd, bytes, 2, CONST, SCIF_PROT_READ))
		return 1;
	pair_say(epd);
	for (off_t what; (what = pair_told(epd)) != END;)
		pair_tell(epd, answer(epd, what, stack, files));
	return 0;
}

static int
visit(scif_epd_t epd)
{
	return own_stack(epd, NULL);
}

/* ---- Both sides, either way ---- */

static struct {
	bool far;
	scif_epd_t listener, epd;
	struct other other;
	pid_t pid;
} t;

static int
begin_near(void **state)
{
	(void)state;
	t.far = false;
	other_begin(&t.other, own_stack, NULL);
	t.epd = t.other.epd;
	t.pid = t.other.pid;
	pair_hear(t.epd);
	return 0;
}

static int
begin_far(void **state)
{
	(void)state;
	t.far = true;
	t.listener = far_listen();
	t.pid = far_visitor(t.listener, &t.epd);
	pair_hear(t.epd);
	return 0;
}

static off_t
ask(off_t what)
{
	pair_tell(t.epd, what);
	return pair_told(t.epd);
}

static off_t
ask_about(off_t what, off_t about)
{
	pair_tell(t.epd, what);
	pair_tell(t.epd, about);
	return pair_told(t.epd);
}

static int
end(void **state)
{
	(void)state;
	if (t.pid == 0)
		return 0;
	pair_tell(t.epd, END);
	if (!t.far) {
		other_end(&t.other);
		return 0;
	}
	assert_int_equal(far_wait(t.pid), 0);
	scif_close(t.epd);
	scif_close(t.listener);
	return 0;
}

/* ---- Tests ---- */

static void
stacks_and_private_files_are_reached(void **state)
{
	static char bytes[STACK_PAGES * PAGE], got[STACK_PAGES * PAGE];
	off_t before;

	(void)state;
	assert_int_equal(scif_vreadfrom(t.epd, got, 4, FILES, 0), 0);
	assert_memory_equal(got, "\177ELF", 4);
	assert_int_equal(scif_vreadfrom(t.epd, got, 4, CONST, SCIF_RMA_USECPU), 0);
	assert_memory_equal(got, "\177ELF", 4);
	assert_int_equal(scif_vreadfrom(t.epd, got, sizeof(got), STACK, SCIF_RMA_SYNC), 0);
	for (unsigned int i = 0; i < sizeof(got); i++)
		assert_int_equal(got[i], (char)(i / 3));
	before = ask(COPIED);
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	assert_int_equal(scif_vwriteto(t.epd, bytes, sizeof(bytes) - 101, STACK + 101,
				       SCIF_RMA_ORDERED),
			 0);
	assert_int_equal(ask(COPIED) - before, sizeof(bytes) - 101);
	assert_int_equal(ask_about(LOOK, 100), 100 / 3);
	assert_int_equal(ask_about(LOOK, 101), 0);
	assert_int_equal(ask_about(LOOK, 101 + 131072), 131072 * 7 & 0xff);
	assert_int_equal(scif_vreadfrom(t.epd, got, sizeof(got) - 101, STACK + 101, 0), 0);
	assert_memory_equal(got, bytes, sizeof(got) - 101);
	assert_failed(scif_vreadfrom(t.epd, got, 2, STACK + STACK_PAGES * PAGE - 1, 0), ENXIO);
	/* What it wrote into its mapping of the file is its own. */
	assert_int_equal(scif_vwriteto(t.epd, "ABCD", 4, FILES, 0), 0);
	assert_int_equal(scif_vreadfrom(t.epd, got, 4, CONST, 0), 0);
	assert_memory_equal(got, "\177ELF", 4);
}

static void
registered_memory_of_both_sides_is_copied(void **state)
{
	_Alignas(4096) char own[PAGE];

	(void)state;
	memset(own, 9, sizeof(own));
	assert_true(register_at(t.epd, own, 1, 0, RW));
	assert_int_equal(scif_writeto(t.epd, 10, 30, STACK + PAGE - 5, 0), 0);
	assert_int_equal(ask_about(LOOK, PAGE - 6), (PAGE - 6) / 3 & 0xff);
	assert_int_equal(ask_about(LOOK, PAGE - 5), 9);
	assert_int_equal(ask_about(LOOK, PAGE + 24), 9);
	assert_int_equal(scif_readfrom(t.epd, 100, 6, STACK, 0), 0);
	assert_int_equal(own[105], 1);
	assert_int_equal(own[106], 9);
	/* And by the other side, from its stack to ours. */
	assert_int_equal(ask_about(OWN, 200), 0);
	assert_int_equal(own[249], 49 / 3);
	assert_int_equal(own[250], 9);
	assert_int_equal(scif_unregister(t.epd, 0, PAGE), 0);
	for (int i = 0; i < 1000 && threads() > 1; i++)
		usleep(1000);
	assert_int_equal(threads(), 1);
}

/* Where the machine has any. */
static void
huge_pages_are_reached(void **state)
{
	const size_t size = 2u << 20;
	char *own = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	(void)state;
	if (own == MAP_FAILED)
		skip();
	/* A part of one is enough. */
	assert_true(register_at(t.epd, own + PAGE, 2, 0, RW));
	assert_int_equal(ask_about(OWN, PAGE - 10), 0);
	assert_int_equal(own[2 * PAGE - 11], 0);
	assert_int_equal(own[2 * PAGE + 39], 49 / 3);
	assert_int_equal(scif_unregister(t.epd, 0, 2 * PAGE), 0);
	munmap(own, size);
}

static void
values_are_signalled_there(void **state)
{
	const int by[] = {SCIF_FENCE_INIT_SELF, SCIF_FENCE_INIT_PEER};
	uint64_t value = 0, got;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		value = 0x1122334455667700 + i;
		assert_int_equal(scif_fence_signal(t.epd, 0, 0, STACK + 8 * PAGE + 16, value,
						   by[i] | SCIF_SIGNAL_REMOTE),
				 0);
		/* Whoever stores it need not have done so yet. */
		for (int n = 0; n < 1000; n++) {
			assert_int_equal(
				scif_vreadfrom(t.epd, &got, 8, STACK + 8 * PAGE + 16, 0), 0);
			if (got == value)
				break;
			usleep(1000);
		}
		assert_int_equal(got, value);
	}
	assert_failed(scif_fence_signal(t.epd, 0, 0, CONST, 1,
					SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_REMOTE),
		      EACCES);
}

static void
there_is_nothing_to_map(void **state)
{
	(void)state;
	assert_ptr_equal(scif_mmap(NULL, PAGE, RW, 0, t.epd, STACK), SCIF_MMAP_FAILED);
	assert_int_equal(errno, ENOMEM);
}

static void
unmapped_memory_is_a_fault_and_no_crash(void **state)
{
	char got[2 * PAGE];

	(void)state;
	assert_int_equal(ask(UNMAP), 0);
	assert_int_equal(scif_vreadfrom(t.epd, got, PAGE, FILES, 0), 0);
	assert_failed(scif_vreadfrom(t.epd, got, 2 * PAGE, FILES, 0), EFAULT);
	assert_failed(scif_vwriteto(t.epd, got, 1, FILES + PAGE, 0), EFAULT);
	assert_int_equal(scif_vreadfrom(t.epd, got, 4, FILES, 0), 0);
	assert_memory_equal(got, "\177ELF", 4);
}

static void
unregistered_memory_is_copied_no_more(void **state)
{
	char got[16];
	off_t before = ask(THREADS);

	(void)state;
	assert_int_equal(scif_vreadfrom(t.epd, got, 16, STACK, 0), 0);
	assert_int_equal(ask(UNREGISTER), 0);
	assert_failed(scif_vreadfrom(t.epd, got, 16, STACK, 0), ENXIO);
	for (int i = 0; i < 1000 && ask(THREADS) == before; i++)
		usleep(1000);
	assert_int_equal(ask(THREADS), before - 1);
}

/* Whatever is left in the box: the owner looks at what its window allows. */
static int32_t
ask_box(uint64_t offset, uint32_t write, uint64_t at, uint32_t length)
{
	struct client_endpoint *ep = client_endpoint_enter(t.epd);
	struct client_span span;
	struct scif_box *box;
	int32_t error;
	int slot;

	assert_int_equal(client_span_get(ep, CLIENT_SIDE_PEER, (int64_t)offset, PAGE, 0, &span), 0);
	box = client_span_piece(&span, 0)->box;
	assert_non_null(box);
	slot = scif_box_take(box, getpid());
	assert_true(slot >= 0);
	scif_box_ask(box, slot, write, at, length, scif_box_word(SCIF_BOX_ASKED, getpid()));
	client_futex_wake(&box->bell);
	while (scif_box_state(atomic_load(&box->slot[slot].state)) != SCIF_BOX_DONE)
		usleep(100);
	error = box->slot[slot].error;
	atomic_store(&box->slot[slot].state, SCIF_BOX_FREE);
	client_span_put(&span);
	client_leave(ep);
	return error;
}

static void
a_box_is_not_believed(void **state)
{
	(void)state;
	assert_int_equal(ask_box(CONST, 0, 0, 16), 0);
	assert_int_equal(ask_box(CONST, 1, 0, 16), EACCES);
	assert_int_equal(ask_box(STACK, 1, STACK_PAGES * PAGE, 1), ENXIO);
	assert_int_equal(ask_box(STACK, 1, STACK_PAGES * PAGE - 1, 2), ENXIO);
	assert_int_equal(ask_box(STACK, 0, UINT64_MAX, 2), ENXIO);
	assert_int_equal(ask_box(STACK, 0, 0, SCIF_BOX_ROOM + 1), ENXIO);
	assert_int_equal(ask_box(STACK, 0, 0, SCIF_BOX_ROOM), 0);
}

/* In the middle of a transfer each: before it is asked, and after it was answered. */
static void
take_all(struct scif_box *box)
{
	for (unsigned int i = 0; i < SCIF_BOX_SLOTS; i++)
		atomic_store(&box->slot[i].state,
			     scif_box_word(i % 2 ? SCIF_BOX_TAKEN : SCIF_BOX_DONE, getpid()));
}

static pid_t
child_that_takes_all(void)
{
	struct client_endpoint *ep = client_endpoint_enter(t.epd);
	struct client_span span;
	pid_t pid = -1;

	if (client_span_get(ep, CLIENT_SIDE_PEER, (int64_t)STACK, PAGE, 0, &span) == 0) {
		pid = fork();
		if (pid == 0) {
			take_all(client_span_piece(&span, 0)->box);
			_exit(0);
		}
		client_span_put(&span);
	}
	client_leave(ep);
	return pid;
}

static void
what_killed_children_had_of_a_box_is_used_again(void **state)
{
	pid_t pid = child_that_takes_all();
	siginfo_t info;
	char got[16];

	(void)state;
	assert_true(pid > 0);
	/* It has ended, and nobody has asked what became of it. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(scif_vreadfrom(t.epd, got, 16, STACK, 0), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(scif_vreadfrom(t.epd, got, 16, STACK, 0), 0);
}

static void *
kill_later(void *arg)
{
	usleep(50000);
	kill(t.pid, SIGKILL);
	return arg;
}

static void
an_owner_that_is_killed_is_not_waited_for(void **state)
{
	pthread_t thread;
	char got[16];
	int status;

	(void)state;
	kill(t.pid, SIGSTOP);
	/* All of its threads. */
	assert_int_equal(waitpid(t.pid, &status, WUNTRACED), t.pid);
	assert_true(WIFSTOPPED(status));
	pthread_create(&thread, NULL, kill_later, NULL);
	assert_failed(scif_vreadfrom(t.epd, got, 16, STACK, 0), ECONNRESET);
	pthread_join(thread, NULL);
	far_wait(t.pid);
	scif_close(t.epd);
	if (t.far)
		scif_close(t.listener);
	t.pid = 0;
}

static void
memory_that_nobody_can_copy_is_refused(void **state)
{
	FILE *f = fopen("/proc/self/maps", "r");
	void *at = NULL;
	char line[512];

	(void)state;
	while (at == NULL && fgets(line, sizeof(line), f) != NULL)
		if (strstr(line, "[vvar]") != NULL)
			assert_int_equal(sscanf(line, "%p", &at), 1);
	fclose(f);
	if (at == NULL)
		skip();
	assert_failed(scif_register(t.epd, at, PAGE, 0, SCIF_PROT_READ, 0), EFAULT);
}

#define BOTH(test)                                                                                 \
	{#test " (near)", test, begin_near, end, NULL}, {#test " (far)", test, begin_far, end, NULL}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		BOTH(stacks_and_private_files_are_reached),
		BOTH(registered_memory_of_both_sides_is_copied),
		BOTH(huge_pages_are_reached),
		BOTH(values_are_signalled_there),
		BOTH(there_is_nothing_to_map),
		BOTH(unmapped_memory_is_a_fault_and_no_crash),
		BOTH(unregistered_memory_is_copied_no_more),
		BOTH(a_box_is_not_believed),
		BOTH(what_killed_children_had_of_a_box_is_used_again),
		BOTH(an_owner_that_is_killed_is_not_waited_for),
		BOTH(memory_that_nobody_can_copy_is_refused),
	};

	if (far_is_visitor(argc, argv))
		return far_visit(visit);
	return cmocka_run_group_tests(tests, far_begin, far_end);
}
