/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client_memory.h"
#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Memory as it is mapped: what may be done with it, and where its file ends. */

/* As /proc/self/maps has it, of the area that an address is in. */
static void
protection(const void *at, char flags[5])
{
	FILE *f = fopen("/proc/self/maps", "r");
	uintptr_t from, to;
	char line[512];

	while (fgets(line, sizeof(line), f) != NULL) {
		assert_int_equal(sscanf(line, "%lx-%lx %4s", &from, &to, flags), 3);
		if ((uintptr_t)at >= from && (uintptr_t)at < to)
			break;
	}
	fclose(f);
}

static void
code_stays_code(void **state)
{
	static const int prot[] = {PROT_READ | PROT_WRITE | PROT_EXEC, PROT_READ | PROT_EXEC,
				   PROT_READ | PROT_WRITE, PROT_READ};
	char *at = pair_pages(4), before[5], after[5];
	struct pair p;

	(void)state;
	pair_make(&p);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(mprotect(at + i * PAGE, PAGE, prot[i]), 0);
	assert_true(scif_register(p.a, at, 4 * PAGE, 0, SCIF_PROT_READ, 0) > 0);
	for (unsigned int i = 0; i < 4; i++) {
		before[0] = 'r';
		before[1] = (prot[i] & PROT_WRITE) != 0 ? 'w' : '-';
		before[2] = (prot[i] & PROT_EXEC) != 0 ? 'x' : '-';
		protection(at + i * PAGE, after);
		assert_memory_equal(after, before, 3);
	}
	pair_close(&p);
	munmap(at, 4 * PAGE);
}

/* Three pages of a file of one and a bit. */
static char *
short_file(int *fd, int how)
{
	char path[] = "/tmp/slipway-scif-XXXXXX";
	char *at;

	*fd = mkstemp(path);
	assert_true(*fd >= 0);
	unlink(path);
	assert_int_equal(ftruncate(*fd, PAGE + 100), 0);
	at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, how, *fd, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	return at;
}

static void
a_file_may_end_within_its_last_page(void **state)
{
	char *at, got[8];
	struct stat st;
	struct pair p;
	off_t offset;
	int fd;

	(void)state;
	at = short_file(&fd, MAP_SHARED);
	pair_make(&p);
	offset = scif_register(p.a, at, 2 * PAGE, 0, RW, 0);
	assert_true(offset > 0);
	strcpy(at + 2 * PAGE - 8, "behind");
	assert_int_equal(scif_vreadfrom(p.b, got, 7, offset + 2 * PAGE - 8, 0), 0);
	assert_string_equal(got, "behind");
	assert_int_equal(scif_vwriteto(p.b, "within", 7, offset + PAGE, 0), 0);
	assert_string_equal(at + PAGE, "within");
	/* It is as long as before. */
	assert_int_equal(scif_vwriteto(p.b, "behind", 7, offset + 2 * PAGE - 8, 0), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, PAGE + 100);
	pair_close(&p);
	munmap(at, 3 * PAGE);
	close(fd);
}

static void
nothing_is_behind_the_end_of_a_file(void **state)
{
	static const int how[] = {MAP_SHARED, MAP_PRIVATE};
	char *at, *window = pair_pages(3);
	struct pair p;
	off_t offset;
	int fd;

	(void)state;
	pair_make(&p);
	offset = scif_register(p.b, window, 3 * PAGE, 0, RW, 0);
	assert_true(offset > 0);
	for (unsigned int i = 0; i < 2; i++) {
		at = short_file(&fd, how[i]);
		assert_failed(scif_register(p.a, at, 3 * PAGE, 0, RW, 0), EFAULT);
		assert_failed(scif_register(p.a, at + 2 * PAGE, PAGE, 0, RW, 0), EFAULT);
		assert_int_equal(scif_vwriteto(p.a, at, 2 * PAGE, offset, 0), 0);
		assert_failed(scif_vwriteto(p.a, at, 2 * PAGE + 1, offset, 0), EFAULT);
		assert_failed(scif_vreadfrom(p.a, at + 2 * PAGE, 1, offset, 0), EFAULT);
		munmap(at, 3 * PAGE);
		close(fd);
	}
	pair_close(&p);
	munmap(window, 3 * PAGE);
}

/* ---- By the question of newer kernels, and by what older ones can be read ---- */

/* The kernel does not answer it, and never did. */
static int
refuse_the_question(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0;
}

static bool
is_area(const struct client_area *area, const char *from, const char *end, uint32_t prot)
{
	return area->start == (uintptr_t)from && area->end == (uintptr_t)end && area->prot == prot;
}

/* What the first of six pages, of which the third and fourth are not mapped, and what is behind
 * them, is said to be: the line where that is wrong.
 */
static int
look_at(char *at)
{
	char *hole = at + 2 * PAGE, *behind = at + 4 * PAGE;
	struct client_area area;

	if (client_area_find((uintptr_t)at + PAGE, &area) != 0 || !is_area(&area, at, hole, RW))
		return __LINE__;
	if (client_area_next((uintptr_t)at, &area) != 0 || !is_area(&area, at, hole, RW))
		return __LINE__;
	if (client_area_find((uintptr_t)hole, &area) != -EFAULT)
		return __LINE__;
	if (client_area_next((uintptr_t)hole, &area) != 0 ||
	    !is_area(&area, behind, behind + 2 * PAGE, SCIF_PROT_READ))
		return __LINE__;
	if (client_area_next(UINTPTR_MAX - PAGE, &area) != -EFAULT)
		return __LINE__;
	return 0;
}

static void
areas_are_the_same_by_both_ways(void **state)
{
	char *at = pair_pages(6);
	int status;
	pid_t pid;

	(void)state;
	munmap(at + 2 * PAGE, 2 * PAGE);
	mprotect(at + 4 * PAGE, 2 * PAGE, PROT_READ);
	assert_int_equal(look_at(at), 0);
	pid = fork();
	if (pid == 0)
		_exit(refuse_the_question() != 0 || look_at(at) != 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	munmap(at, 2 * PAGE);
	munmap(at + 4 * PAGE, 2 * PAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_stays_code),
		cmocka_unit_test(a_file_may_end_within_its_last_page),
		cmocka_unit_test(nothing_is_behind_the_end_of_a_file),
		cmocka_unit_test(areas_are_the_same_by_both_ways),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
