/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Private memory of programs that the kernel lets not keep other threads off: userfaultfd is
 * refused, by a sandbox or to all but root, or it cannot protect.
 */

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

#define PAGES 256u
#define LEN   (PAGES * PAGE)
#define NOBODY 65534

/* What is refused. */
enum refused {
	EVERYTHING,     /* userfaultfd */
	SYSTEM_CALLS,   /* that it waits for those, too */
	PROTECTION,     /* it is there, and cannot protect */
	ORDINARY_USER,  /* what this kernel refuses to one */
};

struct how {
	enum refused refused;
	bool threads; /* there is another one */
	bool moved;   /* is what is expected */
};

/* ---- The side that registers ---- */

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define FAIL(error)   RETURN(SECCOMP_RET_ERRNO | (error))
#define ALLOW         RETURN(SECCOMP_RET_ALLOW)

static int
filter(struct sock_filter *code, unsigned short len)
{
	const struct sock_fprog prog = {len, code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0;
}

static int
refuse(enum refused what)
{
	struct sock_filter everything[] = {
		LOAD(nr), UNLESS(SYS_userfaultfd, 1), FAIL(EPERM), ALLOW,
	};
	struct sock_filter system_calls[] = {
		LOAD(nr), UNLESS(SYS_userfaultfd, 4), LOAD(args[0]),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, UFFD_USER_MODE_ONLY), UNLESS(0, 1),
		FAIL(EPERM), ALLOW,
	};
	struct sock_filter protection[] = {
		LOAD(nr), UNLESS(SYS_ioctl, 3), LOAD(args[1]), UNLESS((uint32_t)UFFDIO_API, 1),
		FAIL(EINVAL), ALLOW,
	};

	switch (what) {
	case EVERYTHING:
		return filter(everything, sizeof(everything) / sizeof(everything[0]));
	case SYSTEM_CALLS:
		return filter(system_calls, sizeof(system_calls) / sizeof(system_calls[0]));
	case PROTECTION:
		return filter(protection, sizeof(protection) / sizeof(protection[0]));
	default:
		return setgid(NOBODY) < 0 || setuid(NOBODY) < 0;
	}
}

static _Atomic bool stop;
static _Atomic uint64_t added;

#define BUSY 4u

/* Adds to the last word of the first pages, while those behind them are moved. */
static void *
add_for_ever(void *arg)
{
	_Atomic uint64_t *words = arg;

	for (unsigned int page = 0; !atomic_load(&stop); page = (page + 1) % BUSY) {
		atomic_fetch_add(&words[(page + 1) * (PAGE / 8) - 1], 1);
		atomic_fetch_add(&added, 1);
	}
	return NULL;
}

static uint64_t
sum_of(const char *at)
{
	uint64_t sum = 0, word;

	for (unsigned int page = 1; page <= BUSY; page++) {
		memcpy(&word, at + page * PAGE - 8, 8);
		sum += word;
	}
	return sum;
}

static int
count(const char *directory)
{
	DIR *dir = opendir(directory);
	int n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n;
}

static bool
comes_to(const char *directory, int n)
{
	for (int ms = 0; ms < 2000 && count(directory) != n; ms++)
		usleep(1000);
	return count(directory) == n;
}

static int
serve(scif_epd_t epd, const struct how *how, char *at)
{
	off_t offset = scif_register(epd, at, LEN, 0, RW, 0);

	if (pair_is_shared(at) != how->moved)
		return 4;
	for (unsigned int i = 0; i < LEN; i++)
		if (i % PAGE < PAGE - 8 && at[i] != (char)(i / 7))
			return 5;
	pair_tell(epd, offset);
	pair_hear(epd);
	if (memcmp(at + PAGE - 12, "four", 4) != 0 || memcmp(at + 5 * PAGE, "bytes", 5) != 0)
		return 6;
	strcpy(at + 3 * PAGE, "own");
	pair_say(epd);
	pair_hear(epd);
	return scif_unregister(epd, offset, LEN) == 0 ? 0 : 7;
}

static int
register_refused(scif_epd_t epd, void *arg)
{
	const struct how *how = arg;
	char *at = pair_pages(PAGES);
	pthread_t thread;
	int threads, ret;

	for (unsigned int i = 0; i < LEN; i++)
		at[i] = (char)(i % PAGE < PAGE - 8 ? i / 7 : 0);
	if (refuse(how->refused) != 0)
		return 1;
	if (how->threads && pthread_create(&thread, NULL, add_for_ever, at) != 0)
		return 2;
	threads = count("/proc/self/task");
	ret = serve(epd, how, at);
	if (ret != 0)
		return ret;
	/* Who copied has gone. */
	if (!comes_to("/proc/self/task", threads))
		return 8;
	atomic_store(&stop, true);
	if (how->threads)
		pthread_join(thread, NULL);
	return sum_of(at) == atomic_load(&added) ? 0 : 9;
}

/* ---- The side that uses it ---- */

static void
use(const struct how *how)
{
	char got[16];
	struct other o;
	off_t offset;
	void *map;

	other_begin(&o, register_refused, (void *)(uintptr_t)how);
	offset = pair_told(o.epd);
	assert_true(offset > 0);
	assert_int_equal(scif_vwriteto(o.epd, "four", 4, offset + PAGE - 12, 0), 0);
	assert_int_equal(scif_vwriteto(o.epd, "bytes", 5, offset + 5 * PAGE, SCIF_RMA_SYNC), 0);
	pair_say(o.epd);
	pair_hear(o.epd);
	assert_int_equal(scif_vreadfrom(o.epd, got, 4, offset + 3 * PAGE, 0), 0);
	assert_string_equal(got, "own");
	map = scif_mmap(NULL, LEN, RW, 0, o.epd, offset);
	if (how->moved) {
		assert_ptr_not_equal(map, SCIF_MMAP_FAILED);
		assert_memory_equal((char *)map + 5 * PAGE, "bytes", 5);
		assert_int_equal(scif_munmap(map, LEN), 0);
	} else {
		assert_ptr_equal(map, SCIF_MMAP_FAILED);
		assert_int_equal(errno, ENOMEM);
	}
	pair_say(o.epd);
	other_end(&o);
}

static void
refused_a_process_alone_moves_its_memory(void **state)
{
	(void)state;
	use(&(struct how){EVERYTHING, .threads = false, .moved = true});
}

static void
refused_memory_of_threads_is_copied(void **state)
{
	(void)state;
	use(&(struct how){EVERYTHING, .threads = true, .moved = false});
}

static void
without_protection_a_process_alone_moves_its_memory(void **state)
{
	(void)state;
	use(&(struct how){PROTECTION, .threads = false, .moved = true});
}

static void
without_protection_memory_of_threads_is_copied(void **state)
{
	(void)state;
	use(&(struct how){PROTECTION, .threads = true, .moved = false});
}

/* Stores of other threads wait all the same. */
static void
where_system_calls_do_not_wait_memory_of_threads_is_moved(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		use(&(struct how){SYSTEM_CALLS, .threads = true, .moved = true});
}

static void
memory_of_an_ordinary_user_is_moved(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	use(&(struct how){ORDINARY_USER, .threads = false, .moved = true});
	use(&(struct how){ORDINARY_USER, .threads = true, .moved = true});
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		rig_fresh_test(refused_a_process_alone_moves_its_memory),
		rig_fresh_test(refused_memory_of_threads_is_copied),
		rig_fresh_test(without_protection_a_process_alone_moves_its_memory),
		rig_fresh_test(without_protection_memory_of_threads_is_copied),
		rig_fresh_test(where_system_calls_do_not_wait_memory_of_threads_is_moved),
		rig_fresh_test(memory_of_an_ordinary_user_is_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
