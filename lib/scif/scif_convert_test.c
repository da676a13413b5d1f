/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Memory of every kind can be registered: what becomes of it, and of who else uses it. */

/* The window and the memory are the same, both ways. */
static void
check_same(const struct pair *p, char *at, off_t offset)
{
	char got[16];

	strcpy(at + 5, "here");
	assert_int_equal(scif_vreadfrom(p->b, got, 5, offset + 5, SCIF_RMA_SYNC), 0);
	assert_string_equal(got, "here");
	assert_int_equal(scif_vwriteto(p->b, "there", 6, offset + 5, SCIF_RMA_SYNC), 0);
	assert_string_equal(at + 5, "there");
}

/* ---- Private memory ---- */

static void
private_memory_keeps_its_contents_and_its_neighbours(void **state)
{
	char *at = pair_pages(5);
	struct pair p;

	(void)state;
	pair_make(&p);
	for (unsigned int i = 0; i < 5 * PAGE; i++)
		at[i] = (char)(i / 7);
	at[3 * PAGE] = 0;
	check_same(&p, at + PAGE, pair_window(p.a, at + PAGE, 3, RW));
	assert_false(pair_is_shared(at));
	assert_true(pair_is_shared(at + PAGE));
	assert_true(pair_is_shared(at + 3 * PAGE));
	assert_false(pair_is_shared(at + 4 * PAGE));
	for (unsigned int i = 0; i < 5 * PAGE; i++)
		if ((i < PAGE + 5 || i >= PAGE + 11) && i != 3 * PAGE)
			assert_int_equal(at[i], (char)(i / 7));
	pair_close(&p);
	munmap(at, 5 * PAGE);
}

static void
memory_of_the_heap_and_of_the_program_can_be_registered(void **state)
{
	static _Alignas(4096) char data[2 * PAGE] = "data";
	static _Alignas(4096) char bss[2 * PAGE];
	char *heap = aligned_alloc(PAGE, 2 * PAGE);
	struct pair p;

	(void)state;
	pair_make(&p);
	check_same(&p, heap, pair_window(p.a, heap, 2, RW));
	check_same(&p, bss, pair_window(p.a, bss, 2, RW));
	check_same(&p, data, pair_window(p.a, data, 2, RW));
	pair_close(&p);
	free(heap);
}

static void
protections_of_private_memory_stay(void **state)
{
	char *at = pair_pages(3), got[8];
	struct pair p;
	off_t offset;

	(void)state;
	pair_make(&p);
	strcpy(at + PAGE, "middle");
	mprotect(at + PAGE, PAGE, PROT_READ);
	assert_failed(scif_register(p.a, at, 3 * PAGE, 0, RW, 0), EFAULT);
	assert_false(pair_is_shared(at));
	offset = pair_window(p.a, at, 3, SCIF_PROT_READ);
	assert_int_equal(scif_vreadfrom(p.b, got, 7, offset + PAGE, 0), 0);
	assert_string_equal(got, "middle");
	at[0] = 1;
	at[2 * PAGE] = 1;
	/* A system call that is to write there finds that it may not. */
	assert_int_equal(read(open("/dev/zero", O_RDONLY | O_CLOEXEC), at + PAGE, 1), -1);
	assert_int_equal(errno, EFAULT);
	assert_string_equal(at + PAGE, "middle");
	pair_close(&p);
	munmap(at, 3 * PAGE);
}

/* A part first, then all, then a part of that: windows on the same pages, however they came to be.
 */
static void
windows_overlap_in_memory(void **state)
{
	char *at = pair_pages(6);
	off_t part, whole, inner;
	struct pair p;

	(void)state;
	pair_make(&p);
	part = pair_window(p.a, at + 2 * PAGE, 2, RW);
	whole = pair_window(p.a, at, 6, RW);
	inner = pair_window(p.b, at + PAGE, 4, RW);
	assert_int_equal(scif_vwriteto(p.b, "one", 4, whole + 2 * PAGE, 0), 0);
	assert_string_equal(at + 2 * PAGE, "one");
	assert_int_equal(scif_vwriteto(p.b, "two", 4, part, 0), 0);
	assert_string_equal(at + 2 * PAGE, "two");
	assert_int_equal(scif_vwriteto(p.a, "three", 6, inner + PAGE, 0), 0);
	assert_string_equal(at + 2 * PAGE, "three");
	check_same(&p, at + 5 * PAGE, whole + 5 * PAGE);
	/* Once nobody has it registered, it can be again. */
	assert_int_equal(scif_unregister(p.a, part, 2 * PAGE), 0);
	assert_int_equal(scif_unregister(p.a, whole, 6 * PAGE), 0);
	assert_int_equal(scif_unregister(p.b, inner, 4 * PAGE), 0);
	whole = pair_window(p.a, at, 6, RW);
	for (int i = 0; i < 6; i++)
		check_same(&p, at + (unsigned int)i * PAGE, whole + i * (off_t)PAGE);
	pair_close(&p);
	munmap(at, 6 * PAGE);
}

/* ---- Other threads meanwhile ---- */

#define WRITERS    3
#define BUSY_PAGES 64u

static _Atomic bool stop;

struct writer {
	_Atomic uint64_t *words; /* one of each page is its own */
	uint64_t count[BUSY_PAGES];
};

/* Adds to words all over the memory, and knows how often. */
static void *
add_for_ever(void *arg)
{
	struct writer *w = arg;

	for (uint64_t i = 0; !atomic_load_explicit(&stop, memory_order_relaxed); i++) {
		unsigned int page = (unsigned int)(i * 7 % BUSY_PAGES);

		atomic_fetch_add_explicit(&w->words[page * (PAGE / 8)], 1, memory_order_relaxed);
		w->count[page]++;
	}
	return NULL;
}

/* Are system calls kept off, too? The kernel allows that to some only. */
static bool
system_calls_wait(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Writes by system calls. */
static void *
read_for_ever(void *arg)
{
	struct writer *w = arg;
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	for (uint64_t i = 0; !atomic_load_explicit(&stop, memory_order_relaxed); i++) {
		unsigned int page = (unsigned int)(i % BUSY_PAGES);
		_Atomic uint64_t *word = &w->words[page * (PAGE / 8)];

		atomic_store_explicit(word, UINT64_MAX, memory_order_relaxed);
		w->count[page] += read(fd, (void *)word, 8) != 8 || atomic_load(word) != 0;
	}
	close(fd);
	return NULL;
}

static void
writers_lose_nothing_while_memory_is_moved(void **state)
{
	static struct writer writer[WRITERS + 1];
	int nb_threads = WRITERS + system_calls_wait();
	pthread_t thread[WRITERS + 1];
	struct pair p;

	(void)state;
	pair_make(&p);
	for (int round = 0; round < 20; round++) {
		char *at = pair_pages(BUSY_PAGES);

		atomic_store(&stop, false);
		memset(writer, 0, sizeof(writer));
		for (int i = 0; i < nb_threads; i++) {
			writer[i].words = (_Atomic uint64_t *)(void *)at + 8 * i;
			pthread_create(&thread[i], NULL, i < WRITERS ? add_for_ever : read_for_ever,
				       &writer[i]);
		}
		usleep(1000);
		/* Private at first; then shared, and moved once more. */
		for (int i = 0; i < 3; i++) {
			off_t offset = pair_window(p.a, at, BUSY_PAGES, RW);

			assert_int_equal(scif_unregister(p.a, offset, BUSY_PAGES * PAGE), 0);
		}
		assert_true(pair_is_shared(at));
		atomic_store(&stop, true);
		for (int i = 0; i < nb_threads; i++)
			pthread_join(thread[i], NULL);
		for (int i = 0; i < WRITERS; i++)
			for (unsigned int page = 0; page < BUSY_PAGES; page++)
				assert_int_equal(writer[i].words[page * (PAGE / 8)],
						 writer[i].count[page]);
		for (unsigned int page = 0; page < BUSY_PAGES; page++)
			assert_int_equal(writer[WRITERS].count[page], 0);
		munmap(at, BUSY_PAGES * PAGE);
	}
	pair_close(&p);
}

/* ---- Children ---- */

static void
a_child_has_memory_of_its_own(void **state)
{
	char *at = pair_pages(2), *shared, got[8];
	struct pair p;
	off_t offset;
	pid_t pid;
	int status, fd;

	(void)state;
	shared = pair_shared(1, &fd);
	pair_make(&p);
	offset = pair_window(p.a, at, 2, RW);
	pair_window(p.a, shared, 1, RW);
	strcpy(at, "parent");
	pid = fork();
	if (pid == 0) {
		int wrong = strcmp(at, "parent") != 0 || pair_is_shared(at);

		strcpy(at, "child");
		strcpy(shared, "child");
		_exit(wrong);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(at, "parent");
	/* What the program shares with its children, it shares still. */
	assert_string_equal(shared, "child");
	assert_int_equal(scif_vreadfrom(p.b, got, 7, offset, 0), 0);
	assert_string_equal(got, "parent");
	check_same(&p, at, offset);
	pair_close(&p);
	munmap(at, 2 * PAGE);
	munmap(shared, PAGE);
	close(fd);
}

static void
a_child_registers_what_its_parent_had(void **state)
{
	char *at = pair_pages(2);
	struct pair p;
	pid_t pid;
	int status;

	(void)state;
	pair_make(&p);
	pair_window(p.a, at, 2, RW);
	pid = fork();
	if (pid == 0) {
		char byte = 0;
		off_t offset = scif_register(p.a, at, 2 * PAGE, 0, RW, 0);

		at[PAGE] = 42;
		_exit(offset < 0 || scif_vreadfrom(p.b, &byte, 1, offset + PAGE, 0) != 0 ||
		      byte != 42);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(at[PAGE], 0);
	pair_close(&p);
	munmap(at, 2 * PAGE);
}

/* Much memory that was registered once, and is given back once a fork has begun. */
#define GIVEN       32u
#define GIVEN_PAGES 512u

static char *given[GIVEN];
static _Atomic bool forking;

static void
fork_begins(void)
{
	atomic_store(&forking, true);
}

static void *
unmap_all(void *arg)
{
	while (!atomic_load(&forking))
		sched_yield();
	/* What a child is to have is being copied by now. */
	usleep(1000);
	for (unsigned int i = 0; i < GIVEN; i++)
		munmap(given[i], (size_t)GIVEN_PAGES * PAGE);
	return arg;
}

static void
memory_is_unmapped_while_the_process_forks(void **state)
{
	pthread_t thread;
	struct pair p;
	int status;
	pid_t pid;

	(void)state;
	pair_make(&p);
	/* Who comes last is called first. */
	assert_int_equal(pthread_atfork(fork_begins, NULL, NULL), 0);
	for (int times = 0; times < 3; times++) {
		for (unsigned int i = 0; i < GIVEN; i++) {
			given[i] = pair_pages(GIVEN_PAGES);
			memset(given[i], 'g', (size_t)GIVEN_PAGES * PAGE);
			assert_int_equal(
				scif_unregister(p.a, pair_window(p.a, given[i], GIVEN_PAGES, RW),
						(size_t)GIVEN_PAGES * PAGE),
				0);
		}
		atomic_store(&forking, false);
		assert_int_equal(pthread_create(&thread, NULL, unmap_all, NULL), 0);
		pid = fork();
		if (pid == 0)
			_exit(0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		pthread_join(thread, NULL);
	}
	pair_close(&p);
}

/* A page that is something else once all is copied that a child is to have. */
static char *changed;

static void
change(void)
{
	if (changed == NULL)
		return;
	munmap(changed, PAGE);
	assert_ptr_equal(mmap(changed, PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 changed);
	memset(changed, 'n', PAGE);
	changed = NULL;
}

static void
a_child_has_what_came_in_the_place_of_what_was_registered(void **state)
{
	char *at = pair_pages(2);
	struct pair p;
	int status;
	pid_t pid;

	(void)state;
	memset(at, 'o', 2 * PAGE);
	pair_make(&p);
	pair_window(p.a, at, 2, RW);
	changed = at;
	pid = fork();
	if (pid == 0) {
		bool right = at[0] == 'n' && at[PAGE] == 'o' && !pair_is_shared(at + PAGE);

		at[PAGE] = 'c';
		_exit(right ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(at[0], 'n');
	assert_int_equal(at[PAGE], 'o');
	pair_close(&p);
	munmap(at, 2 * PAGE);
}

/* As many mappings as there may be, but for a few: all that was mapped for that, NULL if there is
 * no such limit.
 */
static char *
map_many(size_t *len)
{
	FILE *f = fopen("/proc/sys/vm/max_map_count", "re");
	unsigned int most = 0;
	size_t i = 1;
	char *at;

	if (f == NULL || fscanf(f, "%u", &most) != 1 || most > 1u << 20)
		most = 0;
	if (f != NULL)
		fclose(f);
	*len = (most + 16) * (size_t)PAGE;
	at = mmap(NULL, *len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	while (i < most && mprotect(at + i * PAGE, PAGE, PROT_READ) == 0)
		i += 2;
	/* Two fewer. */
	if (i < most && errno == ENOMEM && mprotect(at + 3 * PAGE, PAGE, PROT_NONE) == 0)
		return at;
	munmap(at, *len);
	return NULL;
}

static void
a_child_with_as_many_mappings_as_may_be_has_memory_of_its_own(void **state)
{
	char *at = pair_pages(2), *many;
	struct pair p;
	size_t len;
	int status;
	pid_t pid;

	(void)state;
	strcpy(at, "parent");
	pair_make(&p);
	pair_window(p.a, at, 2, RW);
	many = map_many(&len);
	if (many == NULL) {
		pair_close(&p);
		skip();
	}
	pid = fork();
	if (pid == 0) {
		int wrong = strcmp(at, "parent") != 0;

		strcpy(at, "child");
		_exit(wrong);
	}
	munmap(many, len);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(at, "parent");
	pair_close(&p);
	munmap(at, 2 * PAGE);
}

/* ---- Shared memory, in place ---- */

static void
shared_memory_is_registered_in_place(void **state)
{
	struct stat st;
	char *at, *again;
	struct pair p;
	int fd;

	(void)state;
	at = pair_shared(3, &fd);
	pair_make(&p);
	check_same(&p, at + PAGE, pair_window(p.a, at + PAGE, 2, RW));
	again = mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	assert_string_equal(again + PAGE + 5, "there");
	/* A mapping for reading gives a window for reading. */
	assert_failed(scif_register(p.a, again, PAGE, 0, RW, 0), EFAULT);
	pair_window(p.a, again, 3, SCIF_PROT_READ);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 3 * PAGE);
	close(fd);
	check_same(&p, at + 2 * PAGE, pair_window(p.a, at + 2 * PAGE, 1, RW));
	pair_close(&p);
	munmap(at, 3 * PAGE);
	munmap(again, 3 * PAGE);
}

static void
shared_memory_without_a_name_is_found(void **state)
{
	char *at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct pair p;

	(void)state;
	pair_make(&p);
	check_same(&p, at, pair_window(p.a, at, 2, RW));
	pair_close(&p);
	munmap(at, 2 * PAGE);
}

static void
kinds_side_by_side_are_one_window(void **state)
{
	char *at = pair_pages(6), *there;
	struct pair p;
	off_t offset;
	int fd;

	(void)state;
	pair_make(&p);
	munmap(pair_shared(1, &fd), PAGE);
	assert_ptr_equal(mmap(at + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			      fd, 0),
			 at + 2 * PAGE);
	pair_window(p.a, at + 4 * PAGE, 1, RW);
	offset = pair_window(p.a, at, 6, RW);
	for (int i = 0; i < 6; i++)
		check_same(&p, at + (unsigned int)i * PAGE, offset + i * (off_t)PAGE);
	there = scif_mmap(NULL, 6 * PAGE, RW, 0, p.b, offset);
	assert_ptr_not_equal(there, SCIF_MMAP_FAILED);
	memset(there, 7, 6 * PAGE);
	for (unsigned int i = 0; i < 6 * PAGE; i++)
		assert_int_equal(at[i], 7);
	/* Eight bytes over the border of two kinds are in one window all the same. */
	assert_int_equal(scif_fence_signal(p.b, 0, 0, offset + 2 * (off_t)PAGE - 4, UINT64_MAX,
					   SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_REMOTE),
			 0);
	assert_int_equal(at[2 * PAGE - 5], 7);
	assert_int_equal(at[2 * PAGE - 4], -1);
	assert_int_equal(at[2 * PAGE + 3], -1);
	assert_int_equal(at[2 * PAGE + 4], 7);
	scif_munmap(there, 6 * PAGE);
	assert_int_equal(scif_unregister(p.a, offset, 6 * PAGE), 0);
	pair_close(&p);
	munmap(at, 6 * PAGE);
	close(fd);
}

/* ---- The rest ---- */

static int
own_a_stack(scif_epd_t epd, void *arg)
{
	_Alignas(4096) char stack[4 * PAGE];
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *file = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	(void)arg;
	memset(stack, 3, sizeof(stack));
	pair_tell(epd, scif_register(epd, stack, sizeof(stack), 0, RW, 0));
	pair_tell(epd, scif_register(epd, file, 2 * PAGE, 0, RW, 0));
	pair_hear(epd);
	for (unsigned int i = 0; i < sizeof(stack); i++)
		if (stack[i] != (char)(i < 100 || i >= 100 + 2 * PAGE ? 3 : i - 100))
			return 1;
	if (memcmp(file, "ABC", 3) != 0 || memcmp(file + PAGE, "signal!", 8) != 0)
		return 2;
	/* Of its own windows it can use those, too. */
	if (scif_writeto(epd, pair_told(epd), 50, pair_told(epd), 0) != 0)
		return 3;
	pair_say(epd);
	pair_hear(epd);
	close(fd);
	return 0;
}

static void
a_stack_and_a_private_file_are_copied_by_calls(void **state)
{
	static char bytes[2 * PAGE], got[8 * PAGE];
	off_t stack, file;
	struct other o;
	uint64_t value;

	(void)state;
	other_begin(&o, own_a_stack, NULL);
	stack = pair_told(o.epd);
	file = pair_told(o.epd);
	assert_true(stack > 0 && file > 0);
	assert_int_equal(scif_vreadfrom(o.epd, got, 4, file, 0), 0);
	assert_memory_equal(got, "\177ELF", 4);
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	assert_int_equal(scif_vwriteto(o.epd, bytes, sizeof(bytes), stack + 100, SCIF_RMA_ORDERED),
			 0);
	assert_int_equal(scif_vwriteto(o.epd, "ABC", 3, file, 0), 0);
	memcpy(&value, "signal!", 8);
	assert_int_equal(scif_fence_signal(o.epd, 0, 0, file + PAGE, value,
					   SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_REMOTE),
			 0);
	assert_int_equal(scif_vreadfrom(o.epd, got, sizeof(bytes), stack + 100, 0), 0);
	assert_memory_equal(got, bytes, sizeof(bytes));
	/* There are no pages that could be mapped. */
	assert_ptr_equal(scif_mmap(NULL, PAGE, RW, 0, o.epd, stack), SCIF_MMAP_FAILED);
	assert_int_equal(errno, ENOMEM);
	pair_say(o.epd);
	assert_int_equal(
		scif_register(o.epd, aligned_alloc(PAGE, PAGE), PAGE, 0, RW, SCIF_MAP_FIXED), 0);
	pair_tell(o.epd, 0);
	pair_tell(o.epd, stack);
	pair_hear(o.epd);
	pair_say(o.epd);
	other_end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_memory_keeps_its_contents_and_its_neighbours),
		cmocka_unit_test(memory_of_the_heap_and_of_the_program_can_be_registered),
		cmocka_unit_test(protections_of_private_memory_stay),
		cmocka_unit_test(windows_overlap_in_memory),
		cmocka_unit_test(writers_lose_nothing_while_memory_is_moved),
		cmocka_unit_test(a_child_has_memory_of_its_own),
		cmocka_unit_test(a_child_registers_what_its_parent_had),
		cmocka_unit_test(memory_is_unmapped_while_the_process_forks),
		cmocka_unit_test(a_child_has_what_came_in_the_place_of_what_was_registered),
		cmocka_unit_test(a_child_with_as_many_mappings_as_may_be_has_memory_of_its_own),
		cmocka_unit_test(shared_memory_is_registered_in_place),
		cmocka_unit_test(shared_memory_without_a_name_is_found),
		cmocka_unit_test(kinds_side_by_side_are_one_window),
		cmocka_unit_test(a_stack_and_a_private_file_are_copied_by_calls),
	};

	/* Who comes first is called last. */
	if (pthread_atfork(change, NULL, NULL) != 0)
		return 1;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
