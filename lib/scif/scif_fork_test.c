/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Who forks has other threads, and those may be in the middle of the heap. What the library does in
 * the child on its own is nothing with that; the linker leads here whoever allocates or frees.
 */

static pid_t parent;
static unsigned int touched;

static void
touch(void)
{
	touched += parent != 0 && getpid() != parent;
}

#define WATCHED(type, name, args, ...)          \
	type __real_##name args;                \
	type __wrap_##name args;                \
	type __wrap_##name args                 \
	{                                       \
		touch();                        \
		return __real_##name(__VA_ARGS__); \
	}

WATCHED(void *, malloc, (size_t len), len)
WATCHED(void *, calloc, (size_t n, size_t len), n, len)
WATCHED(void *, realloc, (void *at, size_t len), at, len)
WATCHED(void *, aligned_alloc, (size_t to, size_t len), to, len)

void __real_free(void *at);
void __wrap_free(void *at);

void
__wrap_free(void *at)
{
	touch();
	__real_free(at);
}

/* Windows of all kinds, transfers and mappings: what a child has to do without, or again. */
static void
a_child_begins_without_a_look_at_the_heap(void **state)
{
	char *at = pair_pages(2), *there, *file, byte = 1;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), status;
	off_t offset, copied;
	struct pair p;
	pid_t pid;

	(void)state;
	pair_make(&p);
	offset = pair_window(p.a, at, 2, RW);
	there = scif_mmap(NULL, 2 * PAGE, RW, 0, p.b, offset);
	assert_ptr_not_equal(there, SCIF_MMAP_FAILED);
	/* A thread copies for this one. */
	file = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	copied = pair_window(p.a, file, 1, RW);
	assert_int_equal(scif_vwriteto(p.b, &byte, 1, copied, 0), 0);
	assert_int_equal(scif_vwriteto(p.b, &byte, 1, offset, 0), 0);
	parent = getpid();
	pid = fork();
	if (pid == 0)
		_exit(touched != 0 || scif_send(p.a, "x", 1, 0) != 1 || touched != 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(scif_recv(p.b, &byte, 1, SCIF_RECV_BLOCK), 1);
	assert_int_equal(scif_munmap(there, 2 * PAGE), 0);
	pair_close(&p);
	munmap(at, 2 * PAGE);
	munmap(file, PAGE);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_begins_without_a_look_at_the_heap),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
