/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The way to a work queue of the kernel's, with files in place of sysfs and char device. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "dsa_kernel.h"
#include "dsa_priv.h"

#define PATH "/dev/dsa/wq3.5"
#define NO_HIGH_OPERATIONS "00000000,00000000,00000000,00000000,00000000,00000000,"
#define ALL  (PORTAL_CPU_MOVDIR64B | PORTAL_CPU_ENQCMD)

int dsa_logtype;

static char root[] = "/tmp/dsa_kernel_test.XXXXXX";
static FILE *messages;
static char *text;
static size_t text_size;

static void
put(const char *file, const char *value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/sys/%s", root, file);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "%s\n", value);
	fclose(f);
}

static void
take_away(const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", root, file);
	assert_int_equal(unlink(path), 0);
}

/* A dedicated queue, enabled, of a device of version 1. */
static int
start(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/dev/wq3.5", root);
	unlink(path);
	fclose(fopen(path, "we"));
	assert_int_equal(truncate(path, 4096), 0);
	put("dsa3/state", "enabled");
	put("dsa3/pasid_enabled", "1");
	put("dsa3/version", "0x100");
	put("dsa3/gen_cap", "0x40915f010f");
	put("dsa3/op_cap", NO_HIGH_OPERATIONS "00000001,003f03ff");
	put("dsa3/numa_node", "1");
	put("wq3.5/type", "user");
	put("wq3.5/driver_name", "user");
	put("wq3.5/state", "enabled");
	put("wq3.5/group_id", "0");
	put("wq3.5/name", "myapp");
	put("wq3.5/size", "16");
	put("wq3.5/mode", "dedicated");
	put("wq3.5/threshold", "0");
	put("wq3.5/max_batch_size", "1024");
	put("wq3.5/max_transfer_size", "2147483648");
	put("wq3.5/block_on_fault", "1");
	snprintf(path, sizeof(path), "%s/sys/wq3.5/op_config", root);
	unlink(path);
	portal_features_override(0, ALL);
	rewind(messages);
	return 0;
}

static int
open_it(struct dsa_wq *wq, struct dsa_kernel_device *device)
{
	int ret = dsa_kernel_open("dma_dsa0", PATH, wq, device);

	fputc('\0', messages);
	fflush(messages);
	return ret;
}

/* ---- What is well ---- */

static void
paths_are_those_of_queues(void **state)
{
	(void)state;
	assert_true(dsa_kernel_is_path("/dev/dsa/wq0.0"));
	assert_true(dsa_kernel_is_path("/dev/dsa/wq12.63"));
	assert_false(dsa_kernel_is_path("/dev/dsa/wq0.0x"));
	assert_false(dsa_kernel_is_path("/dev/dsa/wq00.0"));
	assert_false(dsa_kernel_is_path("/dev/dsa/dsa0"));
	assert_false(dsa_kernel_is_path("wq0.0"));
	assert_false(dsa_kernel_is_path("model"));
}

static void
a_dedicated_queue_is_posted_to(void **state)
{
	struct dsa_kernel_device device;
	struct dsa_wq wq;

	(void)state;
	assert_int_equal(open_it(&wq, &device), 0);
	assert_string_equal(text, "");
	assert_int_equal(wq.how, DSA_WQ_POST);
	assert_int_equal(wq.bar.how, PORTAL_MOVDIR64B);
	assert_non_null(wq.bar.mmio);
	assert_int_equal(wq.portal, 0);
	assert_true(wq.fd >= 0);
	assert_true(wq.dedicated && wq.sva && wq.block_on_fault);
	assert_int_equal(wq.id, 5);
	assert_int_equal(wq.size, 16);
	assert_int_equal(wq.max_batch, 1024);
	assert_true(wq.max_transfer == UINT64_C(1) << 31);
	assert_true(wq.gencap == 0x40915f010f);
	assert_true(wq.opcap[0] == 0x1003f03ff);
	assert_true(wq.opcap[1] == 0 && wq.opcap[2] == 0 && wq.opcap[3] == 0);
	assert_int_equal(device.version, 0x100);
	assert_int_equal(device.numa_node, 1);
	dsa_kernel_close(&wq);
	assert_null(wq.bar.mmio);
	assert_int_equal(wq.fd, -1);
}

static void
a_shared_queue_is_submitted_to(void **state)
{
	struct dsa_kernel_device device;
	struct dsa_wq wq;

	(void)state;
	put("wq3.5/mode", "shared");
	put("wq3.5/threshold", "15");
	assert_int_equal(open_it(&wq, &device), 0);
	assert_int_equal(wq.how, DSA_WQ_SUBMIT);
	assert_non_null(wq.bar.mmio);
	assert_false(wq.dedicated);
	assert_int_equal(wq.threshold, 15);
	dsa_kernel_close(&wq);
}

static void
operations_are_the_queues_own(void **state)
{
	struct dsa_kernel_device device;
	struct dsa_wq wq;

	(void)state;
	put("wq3.5/op_config", NO_HIGH_OPERATIONS "00000000,0000000f");
	assert_int_equal(open_it(&wq, &device), 0);
	assert_true(wq.opcap[0] == 0xf);
	dsa_kernel_close(&wq);
	/* As older kernels print it. */
	put("dsa3/op_cap", "0x1003f03ff 0x2 0 0x8000000000000000");
	take_away("sys/wq3.5/op_config");
	take_away("sys/wq3.5/driver_name");
	assert_int_equal(open_it(&wq, &device), 0);
	assert_true(wq.opcap[0] == 0x1003f03ff && wq.opcap[1] == 2 && wq.opcap[2] == 0);
	assert_true(wq.opcap[3] == UINT64_C(1) << 63);
	dsa_kernel_close(&wq);
}

/* ---- Other ways ---- */

static void
without_the_instruction_the_kernel_submits(void **state)
{
	struct dsa_kernel_device device;
	struct dsa_wq wq;

	(void)state;
	put("wq3.5/mode", "shared");
	put("wq3.5/threshold", "8");
	portal_features_override(PORTAL_CPU_ENQCMD, 0);
	assert_int_equal(open_it(&wq, &device), 0);
	assert_int_equal(wq.how, DSA_WQ_WRITE);
	assert_non_null(strstr(text, "this CPU has no instruction for the portal"));
	/* The kernel takes no batches. */
	assert_int_equal(wq.max_batch, 1);
	dsa_kernel_close(&wq);
}

static void
without_a_portal_the_kernel_submits(void **state)
{
	struct dsa_kernel_device device;
	struct dsa_wq wq;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/dev/wq3.5", root);
	unlink(path);
	/* Takes writes, and cannot be mapped. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(open_it(&wq, &device), 0);
	assert_int_equal(wq.how, DSA_WQ_WRITE);
	assert_null(wq.bar.mmio);
	assert_true(wq.fd >= 0);
	assert_non_null(strstr(text, "mmap of the portal is refused"));
	dsa_kernel_close(&wq);
}

static void
without_any_way_each_one_is_told(void **state)
{
	struct dsa_kernel_device device;
	struct dsa_wq wq;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/dev/wq3.5", root);
	unlink(path);
	/* Cannot be mapped, and takes no writes. */
	assert_int_equal(symlink("/proc/version", path), 0);
	portal_features_override(ALL, 0);
	if (access(path, W_OK) < 0)
		skip();
	assert_int_equal(open_it(&wq, &device), -ENOTSUP);
	assert_non_null(strstr(text, "no MOVDIR64B"));
	assert_non_null(strstr(text, "no portal is mapped"));
	assert_non_null(strstr(text, "no descriptors by write()"));
	assert_int_equal(wq.fd, -1);
	unlink(path);
}

/* ---- What is wrong ---- */

static void
each_wrong_attribute_is_named(void **state)
{
	static const struct {
		const char *file, *value, *message;
	} wrong[] = {
		{"dsa3/state", "disabled",
		 "sysfs state of dsa3 is \"disabled\"; accepted: enabled"},
		{"dsa3/pasid_enabled", "0", "sysfs pasid_enabled of dsa3 is \"0\"; accepted: 1"},
		{"wq3.5/type", "kernel", "sysfs type of wq3.5 is \"kernel\"; accepted: user"},
		{"wq3.5/driver_name", "dmaengine",
		 "sysfs driver_name of wq3.5 is \"dmaengine\"; accepted: user"},
		{"wq3.5/state", "disabled",
		 "sysfs state of wq3.5 is \"disabled\"; accepted: enabled (accel-config enable-wq "
		 "dsa3/wq3.5)"},
		{"wq3.5/group_id", "-1", "sysfs group_id of wq3.5 is \"-1\""},
		{"wq3.5/name", "", "sysfs name of wq3.5 is \"\"; accepted: a name"},
		{"wq3.5/size", "0", "sysfs size of wq3.5 is \"0\"; accepted: 1 or more"},
		{"wq3.5/mode", "odd",
		 "sysfs mode of wq3.5 is \"odd\"; accepted: dedicated, shared"},
	};
	struct dsa_kernel_device device;
	struct dsa_wq wq;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		start(state);
		put(wrong[i].file, wrong[i].value);
		assert_int_equal(open_it(&wq, &device), -EINVAL);
		assert_non_null(strstr(text, wrong[i].message));
		assert_int_equal(wq.fd, -1);
	}
	start(state);
	put("wq3.5/mode", "shared");
	assert_int_equal(open_it(&wq, &device), -EINVAL);
	assert_non_null(strstr(text, "sysfs threshold of wq3.5 is \"0\"; accepted: 1 to size"));
	/* One does not hide another. */
	put("wq3.5/type", "none");
	put("wq3.5/name", "");
	rewind(messages);
	assert_int_equal(open_it(&wq, &device), -EINVAL);
	assert_non_null(strstr(text, "threshold"));
	assert_non_null(strstr(text, "sysfs type"));
	assert_non_null(strstr(text, "sysfs name"));
}

/* One that is not there is like one that is empty, whatever was read before. */
static void
attributes_that_are_not_there_are_named(void **state)
{
	static const char *const lacking[] = {"group_id", "name", "size", "mode"};
	struct dsa_kernel_device device;
	char file[32], message[64];
	struct dsa_wq wq;

	for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++) {
		start(state);
		snprintf(file, sizeof(file), "sys/wq3.5/%s", lacking[i]);
		take_away(file);
		assert_int_equal(open_it(&wq, &device), -EINVAL);
		snprintf(message, sizeof(message), "sysfs %s of wq3.5 is \"\"; accepted: ",
			 lacking[i]);
		assert_non_null(strstr(text, message));
	}
}

static void
numbers_that_are_none_are_refused(void **state)
{
	struct dsa_kernel_device device;
	struct dsa_wq wq;

	(void)state;
	put("wq3.5/max_transfer_size", "many");
	assert_int_equal(open_it(&wq, &device), -EINVAL);
	assert_non_null(strstr(text, "sysfs max_transfer_size of work queue 5 is \"many\""));
	start(state);
	put("wq3.5/size", "70000");
	assert_int_equal(open_it(&wq, &device), -EINVAL);
	assert_non_null(strstr(text, "sysfs size of work queue 5 is \"70000\""));
}

static void
queues_that_are_not_there_are_told(void **state)
{
	struct dsa_kernel_device device;
	struct dsa_wq wq;

	(void)state;
	assert_int_equal(dsa_kernel_open("dma_dsa0", "/dev/dsa/wq3.6", &wq, &device), -ENODEV);
	fflush(messages);
	assert_non_null(strstr(text, "is the module idxd loaded"));
	assert_int_equal(dsa_kernel_open("dma_dsa0", "/dev/dsa", &wq, &device), -EINVAL);
	rewind(messages);
	take_away("dev/wq3.5");
	assert_int_equal(open_it(&wq, &device), -ENODEV);
	assert_non_null(strstr(text, "cannot be opened"));
}

static int
make_root(void **state)
{
	static const char *const dirs[] = {"", "/dev", "/sys", "/sys/dsa3", "/sys/wq3.5"};
	char path[128];

	(void)state;
	assert_non_null(mkdtemp(root));
	for (size_t i = 1; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, dirs[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	snprintf(path, sizeof(path), "%s/dev", root);
	setenv("DSA_DEV_PATH", path, 1);
	snprintf(path, sizeof(path), "%s/sys", root);
	setenv("DSA_SYSFS_PATH", path, 1);
	messages = open_memstream(&text, &text_size);
	return rte_openlog_stream(messages);
}

static int
remove_root(void **state)
{
	char command[64];

	(void)state;
	rte_openlog_stream(NULL);
	fclose(messages);
	free(text);
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_those_of_queues),
		cmocka_unit_test_setup(a_dedicated_queue_is_posted_to, start),
		cmocka_unit_test_setup(a_shared_queue_is_submitted_to, start),
		cmocka_unit_test_setup(operations_are_the_queues_own, start),
		cmocka_unit_test_setup(without_the_instruction_the_kernel_submits, start),
		cmocka_unit_test_setup(without_a_portal_the_kernel_submits, start),
		cmocka_unit_test_setup(without_any_way_each_one_is_told, start),
		cmocka_unit_test_setup(each_wrong_attribute_is_named, start),
		cmocka_unit_test_setup(attributes_that_are_not_there_are_named, start),
		cmocka_unit_test_setup(numbers_that_are_none_are_refused, start),
		cmocka_unit_test_setup(queues_that_are_not_there_are_told, start),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
