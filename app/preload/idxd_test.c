/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* A program that knows nothing of the shim, on a DSA that the kernel's driver has found and nobody
 * has configured: `slipway run --device dsa,kernel=bare,wqs=3 -- idxd_test`. With rawio=no, and an
 * argument, on one whose portals may not be mapped.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
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

#include "dsa_desc.h"
#include "slipway_portal.h"

#define SYS     "/sys/bus/dsa/devices/"
#define DRIVERS "/sys/bus/dsa/drivers/"
#define BYTES   10000
#define TRIES   100000000

static bool may_map;

/* ---- Attributes ---- */

/* 0, or a negative errno. */
static int
put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		ret = -errno;
	close(fd);
	return ret;
}

static void
must_put(const char *path, const char *value)
{
	int ret = put(path, value);

	if (ret != 0)
		fail_msg("%s to %s: %s", value, path, strerror(-ret));
}

static const char *
get(const char *path)
{
	static char value[1100];
	ssize_t n;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return strerror(errno);
	n = read(fd, value, sizeof(value) - 1);
	close(fd);
	value[n > 0 ? n : 0] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return value;
}

static void
disable_all(void)
{
	put(DRIVERS "idxd/unbind", "dsa0");
}

/* Queue 0 dedicated, 1 shared with 4 entries for programs, 2 left alone. */
static int
configure(void **state)
{
	(void)state;
	disable_all();
	must_put(SYS "engine0.0/group_id", "0");
	must_put(SYS "engine0.1/group_id", "0");
	must_put(SYS "wq0.0/group_id", "0");
	must_put(SYS "wq0.1/group_id", "0");
	must_put(SYS "wq0.2/group_id", "-1");
	must_put(SYS "wq0.2/size", "0");
	must_put(SYS "wq0.0/mode", "dedicated");
	must_put(SYS "wq0.1/mode", "shared");
	must_put(SYS "wq0.0/size", "16");
	must_put(SYS "wq0.1/size", "8");
	must_put(SYS "wq0.1/threshold", "4");
	for (unsigned int i = 0; i < 2; i++) {
		char path[64];

		snprintf(path, sizeof(path), SYS "wq0.%u/priority", i);
		must_put(path, "10");
		snprintf(path, sizeof(path), SYS "wq0.%u/block_on_fault", i);
		must_put(path, "0");
		snprintf(path, sizeof(path), SYS "wq0.%u/type", i);
		must_put(path, "user");
		snprintf(path, sizeof(path), SYS "wq0.%u/name", i);
		must_put(path, "myapp");
		snprintf(path, sizeof(path), SYS "wq0.%u/driver_name", i);
		must_put(path, "user");
	}
	return 0;
}

static int
enable(void **state)
{
	configure(state);
	must_put(DRIVERS "idxd/bind", "dsa0");
	must_put(DRIVERS "user/bind", "wq0.0");
	must_put(DRIVERS "user/bind", "wq0.1");
	return 0;
}

static void
attributes_are_judged(void **state)
{
	static const struct {
		const char *path, *value;
		int ret;
	} writes[] = {
		{SYS "wq0.0/size", "128", -EINVAL}, /* queue 1 has 8 of the 128 */
		{SYS "wq0.0/size", "120", 0},
		{SYS "wq0.0/size", "-1", -EINVAL},
		{SYS "wq0.0/size", "many", -EINVAL},
		{SYS "wq0.0/size", "", -EINVAL},
		{SYS "wq0.0/priority", "16", -EINVAL},
		{SYS "wq0.0/priority", "15", 0},
		{SYS "wq0.0/group_id", "4", -EINVAL},
		{SYS "wq0.0/group_id", "-2", -EINVAL},
		{SYS "wq0.0/group_id", "3", 0},
		{SYS "wq0.0/threshold", "1", -EPERM}, /* dedicated */
		{SYS "wq0.1/threshold", "0", -EINVAL},
		{SYS "wq0.1/threshold", "9", -EINVAL},
		{SYS "wq0.1/threshold", "8", 0},
		{SYS "wq0.1/mode", "both", -EINVAL},
		{SYS "wq0.1/type", "network", -EINVAL},
		{SYS "wq0.1/type", "kernel", 0},
		{SYS "wq0.1/block_on_fault", "2", -EINVAL},
		{SYS "wq0.1/enqcmds_retries", "65", -EINVAL},
		{SYS "wq0.1/enqcmds_retries", "64", 0},
		{SYS "wq0.0/enqcmds_retries", "1", -EPERM},
		{SYS "wq0.1/max_batch_size", "2048", -EINVAL},
		{SYS "wq0.1/max_batch_size", "3", 0},
		{SYS "wq0.1/max_transfer_size", "0", -EINVAL},
		{SYS "engine0.0/group_id", "4", -EINVAL},
		{SYS "group0.0/traffic_class_a", "2", -EPERM},
		{SYS "group0.0/read_buffers_allowed", "3", -EINVAL},
		{SYS "group0.0/read_buffers_allowed", "96", 0},
		{SYS "wq0.1/state", "enabled", -EACCES},
		{SYS "dsa0/version", "0x200", -EACCES},
		{SYS "dsa0/nothing", "1", -ENOENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		int ret = put(writes[i].path, writes[i].value);

		if (ret != writes[i].ret)
			fail_msg("%s to %s: %d, not %d", writes[i].value, writes[i].path, ret,
				 writes[i].ret);
	}
	assert_string_equal(get(SYS "wq0.1/max_batch_size"), "4");
	assert_string_equal(get(SYS "dsa0/version"), "0x100");
	assert_string_equal(get(SYS "group0.0/work_queues"), "wq0.1");
	assert_string_equal(get(SYS "group0.3/work_queues"), "wq0.0");
	assert_string_equal(get(SYS "group0.0/engines"), "engine0.0 engine0.1");
	/* A dedicated one has no threshold. */
	must_put(SYS "wq0.1/mode", "dedicated");
	assert_string_equal(get(SYS "wq0.1/threshold"), "0");
}

/* By other calls than write. */
static void
attributes_can_be_written_by_stdio_and_shells(void **state)
{
	FILE *f = fopen(SYS "wq0.0/name", "w");

	(void)state;
	assert_non_null(f);
	assert_true(fprintf(f, "by %s\n", "stdio") > 0);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(get(SYS "wq0.0/name"), "by stdio");
	f = fopen(SYS "wq0.0/priority", "w");
	assert_non_null(f);
	fprintf(f, "99");
	assert_int_not_equal(fclose(f), 0);
	assert_int_equal(system("echo by sh > " SYS "wq0.0/name"), 0);
	assert_string_equal(get(SYS "wq0.0/name"), "by sh");
	assert_int_not_equal(system("echo 99 > " SYS "wq0.0/priority 2>/dev/null"), 0);
	assert_int_equal(system("bash -c 'echo by bash > " SYS "wq0.0/name'"), 0);
	assert_string_equal(get(SYS "wq0.0/name"), "by bash");
	assert_string_equal(get(SYS "wq0.0/priority"), "10");
}

/* ---- Enabling ---- */

static void
expect_refused(const char *driver, const char *name, int ret, const char *status)
{
	char path[64];

	snprintf(path, sizeof(path), DRIVERS "%s/bind", driver);
	assert_int_equal(put(path, name), ret);
	if (status != NULL)
		assert_string_equal(get(SYS "dsa0/cmd_status"), status);
}

static void
what_cannot_be_enabled_says_why(void **state)
{
	(void)state;
	expect_refused("user", "wq0.0", -ENXIO, "0x80000020");
	must_put(SYS "wq0.0/size", "0");
	expect_refused("idxd", "dsa0", -EINVAL, "0x800e0000");
	must_put(SYS "wq0.0/group_id", "-1");
	must_put(SYS "wq0.1/group_id", "-1");
	expect_refused("idxd", "dsa0", -EINVAL, "0x800d0000");
	configure(NULL);
	/* The device refuses a group without engines. */
	must_put(SYS "engine0.0/group_id", "-1");
	must_put(SYS "engine0.1/group_id", "-1");
	expect_refused("idxd", "dsa0", -ENXIO, "0x15");
	assert_string_equal(get(SYS "dsa0/state"), "disabled");
	configure(NULL);
	must_put(DRIVERS "idxd/bind", "dsa0");
	assert_string_equal(get(SYS "dsa0/state"), "enabled");
	assert_string_equal(get(SYS "dsa0/cmd_status"), "0x0");
	expect_refused("idxd", "dsa0", -EBUSY, "0x80000010");
	must_put(SYS "wq0.0/name", "");
	expect_refused("user", "wq0.0", -ENXIO, "0x80040000");
	must_put(SYS "wq0.0/name", "myapp");
	must_put(SYS "wq0.0/driver_name", "");
	expect_refused("user", "wq0.0", -ENODEV, "0x80200000");
	must_put(SYS "wq0.0/driver_name", "user");
	/* The device refuses priority 0. */
	must_put(SYS "wq0.0/priority", "0");
	expect_refused("user", "wq0.0", -ENXIO, "0x23");
	assert_string_equal(get(SYS "wq0.0/state"), "disabled");
	must_put(SYS "wq0.0/priority", "10");
	must_put(SYS "wq0.0/type", "kernel");
	expect_refused("user", "wq0.0", -ENODEV, NULL);
	expect_refused("user", "wq0.9", -ENODEV, NULL);
	must_put(SYS "wq0.0/type", "user");
	must_put(DRIVERS "user/bind", "wq0.0");
	expect_refused("user", "wq0.0", -EBUSY, "0x80000021");
	must_put(SYS "wq0.2/group_id", "-1");
	must_put(SYS "wq0.2/type", "user");
	expect_refused("user", "wq0.2", -ENXIO, "0x80030000");
	must_put(SYS "wq0.2/type", "none");
	must_put(SYS "dsa0/cmd_status", "0");
	assert_string_equal(get(SYS "dsa0/cmd_status"), "0x0");
}

static void
what_is_enabled_shows_and_stays(void **state)
{
	char link[256];
	ssize_t n;

	(void)state;
	assert_int_equal(access("/dev/dsa/wq0.0", R_OK | W_OK), 0);
	n = readlink(SYS "wq0.0/driver", link, sizeof(link) - 1);
	assert_true(n > 5);
	link[n] = '\0';
	assert_string_equal(link + n - 5, "/user");
	assert_int_equal(put(SYS "wq0.0/size", "8"), -EPERM);
	assert_int_equal(put(SYS "wq0.0/mode", "shared"), -EPERM);
	assert_int_equal(put(SYS "wq0.2/size", "8"), -EPERM);
	assert_int_equal(put(SYS "engine0.0/group_id", "1"), -EPERM);
	must_put(SYS "wq0.0/driver/unbind", "wq0.0");
	assert_int_equal(access("/dev/dsa/wq0.0", F_OK), -1);
	assert_int_equal(open("/dev/dsa/wq0.0", O_RDWR), -1);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(get(SYS "wq0.0/state"), "disabled");
	must_put(SYS "dsa0/driver/unbind", "dsa0");
	assert_string_equal(get(SYS "wq0.1/state"), "disabled");
	assert_string_equal(get(SYS "dsa0/state"), "disabled");
}

static void
directories_list_what_there_is(void **state)
{
	unsigned int wqs = 0, engines = 0, files = 0;
	struct dirent *entry;
	DIR *dir = opendir("/sys/bus/dsa/devices");

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		wqs += strncmp(entry->d_name, "wq", 2) == 0;
		engines += strncmp(entry->d_name, "engine", 6) == 0;
	}
	closedir(dir);
	assert_int_equal(wqs, 3);
	assert_int_equal(engines, 4);
	dir = opendir("/dev/dsa");
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		files += strncmp(entry->d_name, "wq", 2) == 0;
	closedir(dir);
	assert_int_equal(files, 2);
}

/* ---- The char device ---- */

static _Alignas(DSA_CR_BYTES) volatile struct dsa_cr record;
static uint8_t from[BYTES];

/* A copy between any two places of this process. */
static struct dsa_desc
make_copy(void *to)
{
	struct dsa_desc desc = {
		.op_flags = DSA_OP_FLAGS(DSA_OP_MOVE, DSA_FLAG_CRAV | DSA_FLAG_RCR),
		.cr = (uintptr_t)&record,
		.src = (uintptr_t)from,
		.dst = (uintptr_t)to,
		.size = BYTES,
	};

	for (unsigned int i = 0; i < BYTES; i++)
		from[i] = (uint8_t)(i * 7 + (uintptr_t)to);
	memset(to, 0, BYTES);
	record.status = 0;
	portal_order_stores();
	return desc;
}

static uint8_t
finish(void)
{
	for (long i = 0; i < TRIES; i++)
		if (__atomic_load_n(&record.status, __ATOMIC_ACQUIRE) != 0)
			return record.status;
	fail_msg("no completion record");
	return 0;
}

static void
dedicated_queues_have_one_user(void **state)
{
	int fd = open("/dev/dsa/wq0.0", O_RDWR), status;
	struct portal_device dev = {.answers = true};
	struct portal_map map;
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	assert_string_equal(get(SYS "wq0.0/clients"), "1");
	assert_int_equal(open("/dev/dsa/wq0.0", O_RDWR), -1);
	assert_int_equal(errno, EBUSY);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exec 9<>/dev/dsa/wq0.0", NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 99);
	if (may_map) {
		/* A map is a user, too. */
		assert_int_equal(portal_map(&dev, fd, 0, &map), 0);
		close(fd);
		assert_int_equal(open("/dev/dsa/wq0.0", O_RDWR), -1);
		portal_unmap(&map);
	} else {
		close(fd);
	}
	assert_string_equal(get(SYS "wq0.0/clients"), "0");
	fd = open("/dev/dsa/wq0.0", O_RDWR);
	assert_true(fd >= 0);
	close(fd);
}

static void
maps_are_of_one_portal(void **state)
{
	int fd = open("/dev/dsa/wq0.0", O_RDWR);
	void *page;

	(void)state;
	assert_true(fd >= 0);
	if (!may_map) {
		assert_ptr_equal(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
		assert_int_equal(errno, EPERM);
		close(fd);
		return;
	}
	assert_ptr_equal(mmap(NULL, 8192, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(errno, EINVAL);
	assert_ptr_equal(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 4096), MAP_FAILED);
	assert_int_equal(errno, EINVAL);
	assert_ptr_equal(mmap(NULL, 4096, PROT_WRITE, MAP_PRIVATE, fd, 0), MAP_FAILED);
	page = mmap(NULL, 64, PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	munmap(page, 4096);
	close(fd);
}

static void
addresses_are_the_process_own(void **state)
{
	struct portal_device dev = {.answers = true};
	uint8_t on_stack[BYTES], *on_heap = malloc(BYTES);
	struct portal_map map;
	struct dsa_desc desc;
	struct portal p;
	int fd;

	(void)state;
	if (!may_map) {
		free(on_heap);
		skip();
	}
	fd = open("/dev/dsa/wq0.0", O_RDWR);
	assert_int_equal(portal_map(&dev, fd, 0, &map), 0);
	close(fd);
	portal_use_map(&p, &map, 0);
	for (unsigned int i = 0; i < 100; i++) {
		uint8_t *to = i % 2 == 0 ? on_stack : on_heap;

		desc = make_copy(to);
		assert_int_equal(portal_put(&p, &desc), 0);
		assert_int_equal(finish(), DSA_STATUS_SUCCESS);
		assert_memory_equal(to, from, BYTES);
	}
	/* Somebody else's, or nobody's, is a fault of the descriptor. */
	desc = make_copy(on_heap);
	desc.src = 64;
	assert_int_equal(portal_put(&p, &desc), 0);
	assert_int_equal(DSA_STATUS_CODE(finish()), DSA_STATUS_PAGE_FAULT);
	/* ENQCMD does not reach a dedicated queue. */
	desc = make_copy(on_heap);
	assert_int_equal(portal_try(&p, &desc), -EAGAIN);
	assert_int_equal(record.status, 0);
	portal_unmap(&map);
	free(on_heap);
}

static void
shared_queues_have_many_users(void **state)
{
	struct portal_device dev = {.answers = true};
	struct portal_map maps[2];
	uint8_t to[BYTES];

	(void)state;
	if (!may_map)
		skip();
	for (unsigned int i = 0; i < 2; i++) {
		int fd = open("/dev/dsa/wq0.1", O_RDWR);

		assert_true(fd >= 0);
		assert_int_equal(portal_map(&dev, fd, 0, &maps[i]), 0);
		close(fd);
	}
	assert_string_equal(get(SYS "wq0.1/clients"), "2");
	for (unsigned int i = 0; i < 20; i++) {
		struct dsa_desc desc = make_copy(to);
		struct portal p;

		portal_use_map(&p, &maps[i % 2], i);
		assert_int_equal(portal_try_on(&p, &desc, 64), 0);
		assert_int_equal(finish(), DSA_STATUS_SUCCESS);
		assert_memory_equal(to, from, BYTES);
		/* MOVDIR64B does not reach a shared one. */
		desc = make_copy(to);
		assert_int_equal(portal_put(&p, &desc), 0);
		assert_int_equal(record.status, 0);
	}
	/* One goes, and the other one does not notice. */
	portal_unmap(&maps[0]);
	for (unsigned int i = 0; i < 3; i++) {
		struct dsa_desc desc = make_copy(to);
		struct portal p;

		portal_use_map(&p, &maps[1], 0);
		assert_int_equal(portal_try_on(&p, &desc, 64), 0);
		assert_int_equal(finish(), DSA_STATUS_SUCCESS);
	}
	portal_unmap(&maps[1]);
	assert_string_equal(get(SYS "wq0.1/clients"), "0");
}

static void
the_kernel_submits_what_is_written(void **state)
{
	static const char *const files[] = {"/dev/dsa/wq0.0", "/dev/dsa/wq0.1"};
	uint8_t to[BYTES];

	(void)state;
	for (unsigned int q = 0; q < 2; q++) {
		int fd = open(files[q], O_RDWR);
		struct dsa_desc desc[2];

		assert_true(fd >= 0);
		desc[0] = make_copy(to);
		/* Not trusted, and filled in. */
		desc[0].pasid = DSA_PRIV | 77;
		assert_int_equal(write(fd, desc, 64), 64);
		assert_int_equal(finish(), DSA_STATUS_SUCCESS);
		assert_memory_equal(to, from, BYTES);
		desc[1] = make_copy(to);
		desc[0] = (struct dsa_desc){.op_flags = DSA_OP_FLAGS(DSA_OP_NOOP, 0)};
		assert_int_equal(write(fd, desc, 128), 128);
		assert_int_equal(finish(), DSA_STATUS_SUCCESS);
		assert_int_equal(write(fd, desc, 0), 0);
		assert_int_equal(write(fd, desc, 65), -1);
		assert_int_equal(errno, EINVAL);
		desc[1].cr += 8;
		assert_int_equal(write(fd, &desc[1], 64), -1);
		assert_int_equal(errno, EINVAL);
		/* The first one is taken. */
		assert_int_equal(write(fd, desc, 128), 64);
		close(fd);
	}
}

/* Kernels that map no portals do not submit batches either: the same weakness. */
static void
batches_may_be_refused(void **state)
{
	int fd = open("/dev/dsa/wq0.0", O_RDWR);
	_Alignas(64) struct dsa_desc list[2] = {
		{.op_flags = DSA_OP_FLAGS(DSA_OP_NOOP, 0)},
		{.op_flags = DSA_OP_FLAGS(DSA_OP_NOOP, 0)},
	};
	struct dsa_desc batch = {
		.op_flags = DSA_OP_FLAGS(DSA_OP_BATCH, DSA_FLAG_CRAV | DSA_FLAG_RCR),
		.cr = (uintptr_t)&record,
		.list = (uintptr_t)list,
		.count = 2,
	};

	(void)state;
	record.status = 0;
	if (may_map) {
		assert_int_equal(write(fd, &batch, sizeof(batch)), 64);
		assert_int_equal(finish(), DSA_STATUS_SUCCESS);
	} else {
		assert_int_equal(write(fd, &batch, sizeof(batch)), -1);
		assert_int_equal(errno, EINVAL);
	}
	close(fd);
}

static void
errors_are_seen_by_poll(void **state)
{
	int fd = open("/dev/dsa/wq0.0", O_RDWR);
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	/* Unknown, and no record to say so in. */
	const struct dsa_desc bad = {.op_flags = DSA_OP_FLAGS(0x7f, 0)};

	(void)state;
	assert_int_equal(poll(&poller, 1, 0), 0);
	assert_int_equal(write(fd, &bad, sizeof(bad)), 64);
	assert_int_equal(poll(&poller, 1, 5000), 1);
	assert_int_equal(poller.revents, POLLIN);
	close(fd);
}

static int
as_child(int fd)
{
	const struct dsa_desc noop = {.op_flags = DSA_OP_FLAGS(DSA_OP_NOOP, 0)};

	if (write(fd, &noop, sizeof(noop)) != -1 || errno != EPERM)
		return 1;
	if (mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED || errno != EPERM)
		return 2;
	return close(fd) == 0 ? 0 : 3;
}

static void
children_may_not_use_what_is_open(void **state)
{
	int fd = open("/dev/dsa/wq0.0", O_RDWR), status;
	uint8_t to[BYTES];
	struct dsa_desc desc;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(as_child(fd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	desc = make_copy(to);
	assert_int_equal(write(fd, &desc, 64), 64);
	assert_int_equal(finish(), DSA_STATUS_SUCCESS);
	close(fd);
}

/* What was submitted is done when close returns. */
static void
close_waits_for_what_was_submitted(void **state)
{
	static uint8_t source[1 << 22], target[1 << 22];

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		int fd = open(i % 2 == 0 ? "/dev/dsa/wq0.0" : "/dev/dsa/wq0.1", O_RDWR);
		struct dsa_desc desc = make_copy(target);

		memset(source, (int)i + 1, sizeof(source));
		desc.src = (uintptr_t)source;
		desc.size = sizeof(source);
		assert_int_equal(write(fd, &desc, 64), 64);
		close(fd);
		assert_int_equal(record.status, DSA_STATUS_SUCCESS);
		assert_int_equal(target[sizeof(target) - 1], i + 1);
	}
}

static int
rest(void **state)
{
	(void)state;
	disable_all();
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(attributes_are_judged, configure),
		cmocka_unit_test_setup(attributes_can_be_written_by_stdio_and_shells, configure),
		cmocka_unit_test_setup(what_cannot_be_enabled_says_why, configure),
		cmocka_unit_test_setup(what_is_enabled_shows_and_stays, enable),
		cmocka_unit_test_setup(directories_list_what_there_is, enable),
		cmocka_unit_test_setup(dedicated_queues_have_one_user, enable),
		cmocka_unit_test_setup(maps_are_of_one_portal, enable),
		cmocka_unit_test_setup(addresses_are_the_process_own, enable),
		cmocka_unit_test_setup(shared_queues_have_many_users, enable),
		cmocka_unit_test_setup(the_kernel_submits_what_is_written, enable),
		cmocka_unit_test_setup(batches_may_be_refused, enable),
		cmocka_unit_test_setup(errors_are_seen_by_poll, enable),
		cmocka_unit_test_setup(children_may_not_use_what_is_open, enable),
		cmocka_unit_test_setup(close_waits_for_what_was_submitted, enable),
	};

	(void)argv;
	may_map = argc == 1;
	return cmocka_run_group_tests_name("idxd", tests, NULL, rest);
}
