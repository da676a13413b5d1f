/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Registered memory and mappings of it: what is taken, what is refused, how long it lasts. */

/* ---- Register ---- */

static void
registration_refuses_what_is_no_window(void **state)
{
	char *at = pair_pages(2);
	scif_epd_t epd = scif_open();
	struct pair p;

	(void)state;
	assert_failed(scif_register(epd, at, PAGE, 0, RW, 0), ENOTCONN);
	assert_failed(scif_register(epd, at, 1, 0, RW, 0), EINVAL);
	scif_close(epd);
	pair_make(&p);
	assert_failed(scif_register(p.a, at + 1, PAGE, 0, RW, 0), EINVAL);
	assert_failed(scif_register(p.a, at, 0, 0, RW, 0), EINVAL);
	assert_failed(scif_register(p.a, at, PAGE + 1, 0, RW, 0), EINVAL);
	assert_failed(scif_register(p.a, at, PAGE, 0, 4, 0), EINVAL);
	assert_failed(scif_register(p.a, at, PAGE, 0, RW, 1), EINVAL);
	assert_failed(scif_register(p.a, at, PAGE, 0, RW, SCIF_MAP_KERNEL), EINVAL);
	assert_failed(scif_register(p.a, at, PAGE, 1, RW, SCIF_MAP_FIXED), EINVAL);
	assert_failed(scif_register(p.a, at, PAGE, -4096, RW, SCIF_MAP_FIXED), EINVAL);
	assert_failed(scif_register(p.a, at, 2 * PAGE, INT64_MAX - 4095, RW, SCIF_MAP_FIXED),
		      EINVAL);
	assert_failed(scif_register(p.a, at, PAGE, (off_t)1 << 62, RW, SCIF_MAP_FIXED), EADDRINUSE);
	munmap(at + PAGE, PAGE);
	assert_failed(scif_register(p.a, at, 2 * PAGE, 0, RW, 0), EFAULT);
	mprotect(at, PAGE, PROT_READ);
	assert_failed(scif_register(p.a, at, PAGE, 0, RW, 0), EFAULT);
	pair_window(p.a, at, 1, SCIF_PROT_READ);
	pair_window(p.a, at, 1, 0);
	scif_close(p.b);
	assert_failed(scif_register(p.a, at, PAGE, 0, SCIF_PROT_READ, 0), ECONNRESET);
	pair_close(&p);
	munmap(at, PAGE);
}

static void
fixed_offsets_are_exact_and_never_overlap(void **state)
{
	char *at = pair_pages(4);
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_window_at(p.a, at, 2, 0x10000, RW);
	assert_failed(scif_register(p.a, at, 2 * PAGE, 0x11000, RW, SCIF_MAP_FIXED), EADDRINUSE);
	assert_failed(scif_register(p.a, at, 2 * PAGE, 0xf000, RW, SCIF_MAP_FIXED), EADDRINUSE);
	assert_failed(scif_register(p.a, at, 4 * PAGE, 0xf000, RW, SCIF_MAP_FIXED), EADDRINUSE);
	pair_window_at(p.a, at, 1, 0xf000, RW);
	pair_window_at(p.a, at, 1, 0x12000, RW);
	pair_window_at(p.a, at, 1, 0, RW);
	pair_window_at(p.a, at, 1, ((off_t)1 << 62) - PAGE, RW);
	/* Another endpoint has another space. */
	pair_window_at(p.b, at, 2, 0x10000, RW);
	pair_close(&p);
	munmap(at, 4 * PAGE);
}

static void
a_thousand_windows_have_offsets_of_their_own(void **state)
{
	enum { N = 1000 };
	char *at = pair_pages(N);
	static off_t offset[N];
	struct pair p;
	char byte;

	(void)state;
	pair_make(&p);
	for (int i = 0; i < N; i++) {
		at[(size_t)i * PAGE] = (char)i;
		offset[i] = pair_window(p.a, at + (size_t)i * PAGE, 1, RW);
		assert_true(i == 0 || offset[i] + PAGE <= offset[i - 1]);
	}
	for (int i = 0; i < N; i += 37) {
		assert_int_equal(scif_vreadfrom(p.b, &byte, 1, offset[i], SCIF_RMA_SYNC), 0);
		assert_int_equal(byte, (char)i);
	}
	/* All of it once more: memory of a thousand windows, in one. */
	assert_true(scif_register(p.a, at, 512 * PAGE, 0, RW, 0) > 0);
	assert_failed(scif_register(p.a, at, N * PAGE, 0, RW, 0), ENOMEM);
	pair_close(&p);
	munmap(at, N * PAGE);
}

/* Of this process, which is no longer privileged. */
static bool
lock_at_most(size_t bytes)
{
	const struct rlimit limit = {bytes, bytes};
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};

	return setrlimit(RLIMIT_MEMLOCK, &limit) == 0 && syscall(SYS_capset, &header, none) == 0;
}

static void
the_limit_on_locked_memory_holds_without_privilege(void **state)
{
	char *at = pair_pages(9);
	struct pair p;
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		pair_make(&p);
		if (!lock_at_most(8 * PAGE))
			_exit(2);
		if (scif_register(p.a, at, 9 * PAGE, 0, RW, 0) != -1 || errno != ENOMEM)
			_exit(3);
		if (scif_register(p.a, at, 8 * PAGE, 4096, RW, SCIF_MAP_FIXED) != 4096)
			_exit(4);
		if (scif_register(p.a, at, PAGE, 0, RW, 0) != -1 || errno != ENOMEM)
			_exit(5);
		if (scif_unregister(p.a, 4096, 8 * PAGE) != 0 ||
		    scif_register(p.a, at, PAGE, 0, RW, 0) < 0)
			_exit(6);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	munmap(at, 9 * PAGE);
}

/* Who ends a window of another process that shares the endpoint has not registered less itself. */
static void
windows_of_others_are_not_counted(void **state)
{
	char *at = pair_pages(9);
	struct pair p;
	int status;
	pid_t pid;

	(void)state;
	pair_make(&p);
	pid = fork();
	if (pid == 0) {
		pair_hear(p.b);
		if (!lock_at_most(8 * PAGE))
			_exit(2);
		if (scif_unregister(p.a, 0, 8 * PAGE) != 0)
			_exit(3);
		if (scif_register(p.a, at, 9 * PAGE, 0, RW, 0) != -1 || errno != ENOMEM)
			_exit(4);
		if (scif_register(p.a, at, 8 * PAGE, 0, RW, 0) < 0)
			_exit(5);
		_exit(0);
	}
	pair_window_at(p.a, at, 8, 0, RW);
	pair_say(p.a);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	pair_close(&p);
	munmap(at, 9 * PAGE);
}

/* ---- Unregister ---- */

static void
unregister_closes_whole_windows_only(void **state)
{
	char *at = pair_pages(8), byte;
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_window_at(p.a, at, 2, 0x10000, RW);
	pair_window_at(p.a, at + 2 * PAGE, 2, 0x12000, RW);
	pair_window_at(p.a, at + 4 * PAGE, 2, 0x20000, RW);
	assert_failed(scif_unregister(p.a, 0x10000, 0), EINVAL);
	assert_failed(scif_unregister(p.a, 0x10000, 1), EINVAL);
	assert_failed(scif_unregister(p.a, 0x10001, PAGE), EINVAL);
	assert_failed(scif_unregister(p.a, -4096, PAGE), EINVAL);
	assert_failed(scif_unregister(p.a, 0x30000, PAGE), ENXIO);
	assert_failed(scif_unregister(p.a, 0x10000, PAGE), EINVAL);
	assert_failed(scif_unregister(p.a, 0x11000, PAGE), EINVAL);
	assert_failed(scif_unregister(p.a, 0x11000, 3 * PAGE), EINVAL);
	assert_failed(scif_unregister(p.a, 0x10000, 3 * PAGE), EINVAL);
	assert_failed(scif_unregister(p.a, 0x10000, 0x12000), ENXIO);
	/* All of them are still there. */
	for (off_t o = 0x10000; o < 0x14000; o += PAGE)
		assert_int_equal(scif_vreadfrom(p.b, &byte, 1, o, SCIF_RMA_SYNC), 0);
	assert_int_equal(scif_unregister(p.a, 0x10000, 4 * PAGE), 0);
	assert_failed(scif_unregister(p.a, 0x10000, 4 * PAGE), ENXIO);
	assert_failed(scif_vreadfrom(p.b, &byte, 1, 0x10000, SCIF_RMA_SYNC), ENXIO);
	assert_failed(scif_vreadfrom(p.b, &byte, 1, 0x12000, SCIF_RMA_SYNC), ENXIO);
	assert_int_equal(scif_vreadfrom(p.b, &byte, 1, 0x20000, SCIF_RMA_SYNC), 0);
	pair_window_at(p.a, at, 4, 0x10000, RW);
	assert_int_equal(scif_vreadfrom(p.b, &byte, 1, 0x13000, SCIF_RMA_SYNC), 0);
	pair_close(&p);
	munmap(at, 8 * PAGE);
}

static void
a_window_outlives_the_mapping_it_was_made_of(void **state)
{
	char *at = pair_pages(1), got[8];
	struct pair p;
	off_t offset;

	(void)state;
	pair_make(&p);
	strcpy(at, "before");
	offset = pair_window(p.a, at, 1, RW);
	assert_ptr_equal(mmap(at, PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 at);
	assert_int_equal(scif_vreadfrom(p.b, got, 7, offset, SCIF_RMA_SYNC), 0);
	assert_string_equal(got, "before");
	assert_int_equal(scif_vwriteto(p.b, "after", 6, offset, SCIF_RMA_SYNC), 0);
	assert_int_equal(at[0], 0);
	pair_close(&p);
	munmap(at, PAGE);
}

/* ---- Map ---- */

static void
mappings_refuse_what_is_not_there(void **state)
{
	char *at = pair_pages(4);
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_window_at(p.a, at, 2, 0x10000, SCIF_PROT_READ);
	pair_window_at(p.a, at + 2 * PAGE, 1, 0x13000, RW);
	assert_ptr_equal(scif_mmap(NULL, PAGE, RW, 0, p.b, 0x10000), SCIF_MMAP_FAILED);
	assert_int_equal(errno, EACCES);
	assert_ptr_equal(scif_mmap(NULL, PAGE, SCIF_PROT_READ, 0, p.b, 0x20000), SCIF_MMAP_FAILED);
	assert_int_equal(errno, ENXIO);
	assert_ptr_equal(scif_mmap(NULL, 4 * PAGE, SCIF_PROT_READ, 0, p.b, 0x10000),
			 SCIF_MMAP_FAILED);
	assert_int_equal(errno, ENXIO);
	assert_ptr_equal(scif_mmap(NULL, PAGE, SCIF_PROT_READ, 0, p.b, -4096), SCIF_MMAP_FAILED);
	assert_int_equal(errno, ENXIO);
	assert_ptr_equal(scif_mmap(NULL, PAGE, SCIF_PROT_READ, 0, p.b, 0x10001), SCIF_MMAP_FAILED);
	assert_int_equal(errno, EINVAL);
	assert_ptr_equal(scif_mmap(NULL, 5, SCIF_PROT_READ, 0, p.b, 0x10000), SCIF_MMAP_FAILED);
	assert_int_equal(errno, EINVAL);
	assert_ptr_equal(scif_mmap(NULL, PAGE, SCIF_PROT_READ, 1, p.b, 0x10000), SCIF_MMAP_FAILED);
	assert_int_equal(errno, EINVAL);
	assert_ptr_equal(scif_mmap(NULL, PAGE, 1, 1, p.listener, 0x10000), SCIF_MMAP_FAILED);
	assert_int_equal(errno, ENOTCONN);
	assert_failed(scif_munmap(at + 1, PAGE), EINVAL);
	assert_failed(scif_munmap(at, 0), EINVAL);
	scif_close(p.a);
	assert_ptr_equal(scif_mmap(NULL, PAGE, 1, 0, p.b, 0x10000), SCIF_MMAP_FAILED);
	assert_int_equal(errno, ECONNRESET);
	pair_close(&p);
	munmap(at, 4 * PAGE);
}

static void
a_mapping_is_the_memory_itself(void **state)
{
	char *at = pair_pages(4), *there, *fixed = pair_pages(4);
	struct pair p;

	(void)state;
	pair_make(&p);
	strcpy(at + 3 * PAGE, "last");
	pair_window_at(p.a, at, 2, 0x10000, RW);
	pair_window_at(p.a, at + 2 * PAGE, 2, 0x12000, RW);
	there = scif_mmap(NULL, 4 * PAGE, RW, 0, p.b, 0x10000);
	assert_ptr_not_equal(there, SCIF_MMAP_FAILED);
	assert_string_equal(there + 3 * PAGE, "last");
	strcpy(there + PAGE, "written there");
	assert_string_equal(at + PAGE, "written there");
	strcpy(at, "written here");
	assert_string_equal(there, "written here");
	assert_ptr_equal(scif_mmap(fixed + PAGE, 2 * PAGE, RW, SCIF_MAP_FIXED, p.b, 0x11000),
			 fixed + PAGE);
	assert_string_equal(fixed + PAGE, "written there");
	/* Unmapped in the middle, the rest goes on. */
	assert_int_equal(scif_munmap(there + PAGE, 2 * PAGE), 0);
	strcpy(there, "still");
	assert_string_equal(at, "still");
	assert_string_equal(there + 3 * PAGE, "last");
	assert_int_equal(scif_munmap(there, 4 * PAGE), 0);
	assert_int_equal(scif_munmap(fixed, 4 * PAGE), 0);
	pair_close(&p);
	munmap(at, 4 * PAGE);
}

/* Four free pages between four of ours each side, which are the next that the kernel would give. */
static char *
next_given(void)
{
	char *at = pair_pages(12) + 4 * PAGE;

	munmap(at, 4 * PAGE);
	/* What it would give before stays taken. */
	for (int i = 0; i < 1000; i++)
		if (pair_pages(4) == at) {
			munmap(at, 4 * PAGE);
			return at;
		}
	fail_msg("others are given");
	return NULL;
}

/* A program that looks for free addresses, and then has something mapped there, names those that
 * the kernel would give to anybody.
 */
static void
a_mapping_goes_where_it_is_told_to(void **state)
{
	static const int pages_on[] = {0, 1, -1, 3, -3, 4, -4};
	char *at = pair_pages(4), *place;
	struct pair p;

	(void)state;
	pair_make(&p);
	strcpy(at + 3 * PAGE, "last");
	pair_window_at(p.a, at, 2, 0x10000, RW);
	pair_window_at(p.a, at + 2 * PAGE, 2, 0x12000, RW);
	for (unsigned int i = 0; i < sizeof(pages_on) / sizeof(pages_on[0]); i++) {
		place = next_given() + pages_on[i] * (int)PAGE;
		/* The second time in its own place. */
		for (int times = 0; times < 2; times++) {
			assert_ptr_equal(
				scif_mmap(place, 4 * PAGE, RW, SCIF_MAP_FIXED, p.b, 0x10000),
				place);
			assert_string_equal(place + 3 * PAGE, "last");
		}
		assert_int_equal(scif_munmap(place, 4 * PAGE), 0);
	}
	/* Nothing is held any more. */
	assert_int_equal(scif_unregister(p.a, 0x10000, 4 * PAGE), 0);
	pair_window_at(p.a, at, 4, 0x10000, RW);
	pair_close(&p);
	munmap(at, 4 * PAGE);
}

/* The last page that can be mapped at all: NULL where it is not found. */
static char *
last_page(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;

	for (unsigned int bits = 56; bits > 37; bits--)
		for (unsigned int back = 1; back < 3; back++) {
			char *at = (char *)(((uintptr_t)1 << bits) - back * PAGE);

			if (mmap(at, PAGE, PROT_NONE, flags, -1, 0) == at)
				return at;
		}
	return NULL;
}

/* Two pieces: the first would go there. */
static void
a_mapping_beyond_all_addresses_takes_nothing_away(void **state)
{
	char *at = pair_pages(2), *last = last_page();
	struct pair p;

	(void)state;
	/* Of a CPU whose addresses end elsewhere. */
	if (last == NULL)
		skip();
	assert_int_equal(mprotect(last, PAGE, PROT_READ | PROT_WRITE), 0);
	strcpy(last, "the program's");
	pair_make(&p);
	pair_window_at(p.a, at, 1, 0x10000, RW);
	pair_window_at(p.a, at + PAGE, 1, 0x11000, RW);
	errno = 0;
	assert_ptr_equal(scif_mmap(last, 2 * PAGE, RW, SCIF_MAP_FIXED, p.b, 0x10000),
			 SCIF_MMAP_FAILED);
	assert_int_equal(errno, ENOMEM);
	assert_string_equal(last, "the program's");
	/* Nothing is held. */
	assert_int_equal(scif_unregister(p.a, 0x10000, 2 * PAGE), 0);
	pair_window_at(p.a, at, 2, 0x10000, RW);
	pair_close(&p);
	munmap(at, 2 * PAGE);
	munmap(last, PAGE);
}

/* How many more mappings move; the next one finds no room. */
static unsigned int moves = UINT_MAX;
/* Where the first was, another thread has something by then. */
static char *others;

void *
mremap(void *from, size_t size, size_t to_size, int flags, ...)
{
	void *to, *at;
	va_list more;

	va_start(more, flags);
	to = va_arg(more, void *);
	va_end(more);
	if (moves == 0) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	at = (void *)syscall(SYS_mremap, from, size, to_size, flags, to);
	if (moves != UINT_MAX && at != MAP_FAILED) {
		moves--;
		others = mmap(from, PAGE, RW,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	}
	return at;
}

static void
a_mapping_that_fails_in_the_middle_leaves_nothing(void **state)
{
	char *at = pair_pages(2), *place = pair_pages(2);
	unsigned char resident;
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_window_at(p.a, at, 1, 0x10000, RW);
	pair_window_at(p.a, at + PAGE, 1, 0x11000, RW);
	moves = 1;
	assert_ptr_equal(scif_mmap(place, 2 * PAGE, RW, SCIF_MAP_FIXED, p.b, 0x10000),
			 SCIF_MMAP_FAILED);
	assert_int_equal(errno, ENOMEM);
	moves = UINT_MAX;
	assert_failed(mincore(place, PAGE, &resident), ENOMEM);
	/* It takes nothing of others either. */
	assert_int_equal(mincore(others, PAGE, &resident), 0);
	munmap(others, PAGE);
	/* Nothing is held. */
	assert_int_equal(scif_unregister(p.a, 0x10000, 2 * PAGE), 0);
	pair_window_at(p.a, at, 2, 0x10000, RW);
	pair_close(&p);
	munmap(at, 2 * PAGE);
	munmap(place + PAGE, PAGE);
}

static void
offsets_stay_taken_while_they_are_mapped(void **state)
{
	char *at = pair_pages(4), *there, byte;
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_window_at(p.a, at, 4, 0x10000, RW);
	there = scif_mmap(NULL, 4 * PAGE, RW, 0, p.b, 0x10000);
	assert_int_equal(scif_unregister(p.a, 0x10000, 4 * PAGE), 0);
	assert_failed(scif_vreadfrom(p.b, &byte, 1, 0x10000, 0), ENXIO);
	assert_ptr_equal(scif_mmap(NULL, PAGE, RW, 0, p.b, 0x10000), SCIF_MMAP_FAILED);
	assert_int_equal(errno, ENXIO);
	strcpy(there, "as before");
	assert_string_equal(at, "as before");
	assert_failed(scif_register(p.a, at, PAGE, 0x10000, RW, SCIF_MAP_FIXED), EADDRINUSE);
	assert_int_equal(scif_munmap(there, PAGE), 0);
	assert_failed(scif_register(p.a, at, PAGE, 0x10000, RW, SCIF_MAP_FIXED), EADDRINUSE);
	assert_int_equal(scif_munmap(there + PAGE, 3 * PAGE), 0);
	pair_window_at(p.a, at, 4, 0x10000, RW);
	assert_int_equal(scif_vreadfrom(p.b, &byte, 1, 0x10000, 0), 0);
	assert_int_equal(byte, 'a');
	pair_close(&p);
	munmap(at, 4 * PAGE);
}

static void
mappings_survive_both_endpoints(void **state)
{
	char *at = pair_pages(1), *there;
	struct pair p;
	off_t offset;

	(void)state;
	pair_make(&p);
	offset = pair_window(p.a, at, 1, RW);
	there = scif_mmap(NULL, PAGE, RW, 0, p.b, offset);
	pair_close(&p);
	strcpy(there, "alive");
	assert_string_equal(at, "alive");
	assert_int_equal(scif_munmap(there, PAGE), 0);
	munmap(at, PAGE);
}

static volatile sig_atomic_t faults;
static sigjmp_buf after_fault;

static void
fault(int number)
{
	(void)number;
	faults++;
	siglongjmp(after_fault, 1);
}

static void
a_mapping_for_reading_cannot_be_written(void **state)
{
	char *at = pair_pages(1), *there;
	struct pair p;
	off_t offset;

	(void)state;
	pair_make(&p);
	offset = pair_window(p.a, at, 1, RW);
	there = scif_mmap(NULL, PAGE, SCIF_PROT_READ, 0, p.b, offset);
	signal(SIGSEGV, fault);
	if (sigsetjmp(after_fault, 1) == 0)
		*(volatile char *)there = 1;
	signal(SIGSEGV, SIG_DFL);
	assert_int_equal(faults, 1);
	assert_int_equal(at[0], 0);
	scif_munmap(there, PAGE);
	/* Of a window for reading, not even by who tries. */
	there = scif_mmap(NULL, PAGE, SCIF_PROT_READ, 0, p.b,
			  pair_window(p.a, at, 1, SCIF_PROT_READ));
	assert_failed(mprotect(there, PAGE, PROT_READ | PROT_WRITE), EACCES);
	scif_munmap(there, PAGE);
	pair_close(&p);
	munmap(at, PAGE);
}

/* ---- Another process ---- */

static int
map_and_wait(scif_epd_t epd, void *arg)
{
	char *there = scif_mmap(NULL, PAGE, RW, 0, epd, pair_told(epd));

	(void)arg;
	if (there == SCIF_MMAP_FAILED)
		return 1;
	strcpy(there, "mapped");
	pair_say(epd);
	pause();
	return 2;
}

static void
a_killed_process_gives_back_what_it_had_mapped(void **state)
{
	char *at = pair_pages(1), byte;
	struct other o;
	struct pair p;

	(void)state;
	other_begin(&o, map_and_wait, NULL);
	pair_window_at(o.epd, at, 1, 0x10000, RW);
	pair_tell(o.epd, 0x10000);
	pair_hear(o.epd);
	assert_string_equal(at, "mapped");
	assert_int_equal(scif_unregister(o.epd, 0x10000, PAGE), 0);
	assert_failed(scif_register(o.epd, at, PAGE, 0x10000, RW, SCIF_MAP_FIXED), EADDRINUSE);
	kill(o.pid, SIGKILL);
	waitpid(o.pid, NULL, 0);
	assert_failed(scif_recv(o.epd, &byte, 1, SCIF_RECV_BLOCK), ECONNRESET);
	assert_failed(scif_register(o.epd, at, PAGE, 0x20000, RW, SCIF_MAP_FIXED), ECONNRESET);
	scif_close(o.epd);
	/* Nothing is left of it: the same memory serves others. */
	pair_make(&p);
	pair_window(p.a, at, 1, RW);
	pair_close(&p);
	munmap(at, PAGE);
}

static int
own_and_wait(scif_epd_t epd, void *arg)
{
	char *at = pair_pages(2);

	(void)arg;
	strcpy(at, "from the grave");
	pair_tell(epd, scif_register(epd, at, 2 * PAGE, 0, RW, 0));
	pause();
	return 0;
}

static void
memory_of_a_killed_process_stays_where_it_is_mapped(void **state)
{
	struct other o;
	off_t offset;
	char *there, byte;

	(void)state;
	other_begin(&o, own_and_wait, NULL);
	offset = pair_told(o.epd);
	there = scif_mmap(NULL, 2 * PAGE, RW, 0, o.epd, offset);
	assert_int_equal(scif_vreadfrom(o.epd, &byte, 1, offset, 0), 0);
	kill(o.pid, SIGKILL);
	waitpid(o.pid, NULL, 0);
	assert_int_equal(scif_recv(o.epd, &byte, 1, SCIF_RECV_BLOCK), -1);
	assert_string_equal(there, "from the grave");
	assert_failed(scif_vreadfrom(o.epd, &byte, 1, offset, 0), ECONNRESET);
	assert_int_equal(scif_munmap(there, 2 * PAGE), 0);
	scif_close(o.epd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registration_refuses_what_is_no_window),
		cmocka_unit_test(fixed_offsets_are_exact_and_never_overlap),
		cmocka_unit_test(a_thousand_windows_have_offsets_of_their_own),
		cmocka_unit_test(the_limit_on_locked_memory_holds_without_privilege),
		cmocka_unit_test(windows_of_others_are_not_counted),
		cmocka_unit_test(unregister_closes_whole_windows_only),
		cmocka_unit_test(a_window_outlives_the_mapping_it_was_made_of),
		cmocka_unit_test(mappings_refuse_what_is_not_there),
		cmocka_unit_test(a_mapping_is_the_memory_itself),
		cmocka_unit_test(a_mapping_goes_where_it_is_told_to),
		cmocka_unit_test(a_mapping_beyond_all_addresses_takes_nothing_away),
		cmocka_unit_test(a_mapping_that_fails_in_the_middle_leaves_nothing),
		cmocka_unit_test(offsets_stay_taken_while_they_are_mapped),
		cmocka_unit_test(mappings_survive_both_endpoints),
		cmocka_unit_test(a_mapping_for_reading_cannot_be_written),
		cmocka_unit_test(a_killed_process_gives_back_what_it_had_mapped),
		cmocka_unit_test(memory_of_a_killed_process_stays_where_it_is_mapped),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
