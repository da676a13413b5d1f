/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "test.h"

/* Attributes, statistics, information and configuration. */

static int
set(const char *name, uint64_t value)
{
	return rte_rawdev_set_attr(dev.id, name, value);
}

static void
attributes_say_what_the_card_is(void)
{
	assert_int_equal(attr(dev.id, "family"), dev.info.device_id);
	assert_in_range(attr(dev.id, "family"), 0x2250, 0x225e);
	assert_int_equal(attr(dev.id, "mmio_size"), 0x20000);
	assert_int_equal(attr(dev.id, "aperture_size"), dev.info.aperture_size);
	assert_int_equal(attr(dev.id, "state"), 0);
	assert_int_equal(attr(dev.id, "shutdown_status"), 0);
	assert_int_equal(attr(dev.id, "dp_layout"), dev.info.era);
	assert_true(attr(dev.id, "dp_addr") >= UINT64_C(0x8000000000));
	attr(dev.id, "stepping");
	attr(dev.id, "boot_addr");
	assert_int_equal(rte_rawdev_reset(dev.id), 0);
	assert_int_equal(attr(dev.id, "fw_ready"), 1);
	/* "12", its first character in the low byte. */
	assert_int_equal(attr(dev.id, "post_code"), 0x3231);
	assert_true(attr(dev.id, "boot_addr") >= 0x1000);
	assert_int_equal(attr(dev.id, "smpt_entry_31") & 3, 0);
}

static void
what_cannot_be_is_refused(void)
{
	uint64_t value;

	log_begin();
	assert_int_equal(rte_rawdev_get_attr(dev.id, "nonsense", &value), -EINVAL);
	expect_said("attribute nonsense: unknown");
	log_begin();
	assert_int_equal(rte_rawdev_get_attr(dev.id, "smpt_entry_32", &value), -EINVAL);
	expect_said("attribute smpt_entry_32: unknown");
	log_begin();
	assert_int_equal(rte_rawdev_get_attr(dev.id, "log_buf_read", &value), -EACCES);
	expect_said("attribute log_buf_read: cannot be read");
	log_begin();
	assert_int_equal(set("family", 1), -EACCES);
	expect_said("attribute family: cannot be set");
	log_begin();
	assert_int_equal(set("smpt_entry_0", 1), -EACCES);
	expect_said("attribute smpt_entry_0: cannot be set");
	log_begin();
	assert_int_equal(set("state", 4), -EINVAL);
	expect_said("attribute state: 4; accepted: 1 boot");
	log_begin();
	assert_int_equal(set("heartbeat_enable", 2), -EINVAL);
	expect_said("attribute heartbeat_enable: 2; accepted: 0, 1");
	log_begin();
	assert_int_equal(set("dp_layout", 3), -EINVAL);
	expect_said("attribute dp_layout: 3; accepted");
	log_begin();
	assert_int_equal(set("log_buf_read", 0), -EINVAL);
	expect_said("attribute log_buf_read: 0; accepted");
	assert_int_equal(set("log_buf_addr", UINT64_MAX), 0);
	assert_int_equal(attr(dev.id, "log_buf_addr"), UINT64_MAX);
	assert_int_equal(set("log_buf_addr", 0), 0);
	assert_int_equal(set("heartbeat_enable", 0), 0);
	assert_int_equal(attr(dev.id, "heartbeat_enable"), 0);
}

static char firmware_path[64];

static void
name_firmware(struct rte_pmd_mic_info *info)
{
	snprintf(info->firmware, sizeof(info->firmware), "%s", firmware_path);
	snprintf(info->cmdline, sizeof(info->cmdline), "by=attribute");
}

/* As a person would do it by the files of section 13. */
static void
the_state_attribute_boots_and_ends(void)
{
	FILE *f;

	if (dev.info.era != RTE_PMD_MIC_ERA_A)
		return;
	snprintf(firmware_path, sizeof(firmware_path), "/tmp/mic-attr-%d", rand());
	f = fopen(firmware_path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(image(), 1, IMAGE_BYTES, f), IMAGE_BYTES);
	fclose(f);
	log_begin();
	assert_int_equal(set("state", 1), -EINVAL);
	expect_said("boot without an image");
	configure(dev.id, name_firmware);
	assert_int_equal(set("state", 1), 0);
	remove(firmware_path);
	wait_up(dev.id);
	assert_int_equal(attr(dev.id, "state"), 1);
	assert_non_null(strstr((char *)pmd.aperture(dev.id, attr(dev.id, "boot_addr") + IMAGE_BYTES,
						    64),
			       "M by=attribute"));
	assert_int_equal(set("state", 2), 0);
	wait_shutdown(dev.id, RTE_PMD_MIC_POWEROFF);
	assert_int_equal(attr(dev.id, "state"), 2);
	assert_int_equal(attr(dev.id, "shutdown_status"), RTE_PMD_MIC_POWEROFF);
	assert_int_equal(set("state", 3), 0);
	wait_state(dev.id, RTE_PMD_MIC_READY);
	assert_int_equal(attr(dev.id, "state"), 0);
	/* One that is offline stays so, and nobody is told otherwise. */
	assert_int_equal(set("state", 3), 0);
	assert_int_equal(attr(dev.id, "state"), 0);
}

static void
statistics_have_names_and_values(void)
{
	struct rte_rawdev_xstats_name names[64];
	unsigned int ids[64], i;
	uint64_t values[64];
	int n = rte_rawdev_xstats_names_get(dev.id, names, 64);

	assert_in_range(n, 20, 64);
	for (i = 0; i < (unsigned int)n; i++) {
		assert_int_not_equal(names[i].name[0], 0);
		ids[i] = i;
	}
	assert_int_equal(rte_rawdev_xstats_get(dev.id, ids, values, (unsigned int)n), n);
	boot(dev.id);
	rte_rawdev_stop(dev.id);
	assert_true(xstat(dev.id, "boots") >= 1);
	assert_true(xstat(dev.id, "resets") >= 1);
	assert_true(xstat(dev.id, "smpt_entries_used") >= 1);
	assert_int_equal(rte_rawdev_xstats_reset(dev.id, NULL, 0), 0);
	assert_int_equal(xstat(dev.id, "boots"), 0);
	/* That is no count, but how it is. */
	assert_true(xstat(dev.id, "smpt_entries_used") >= 1);
	assert_true(status(dev.id).boots >= 1);
	ids[0] = (unsigned int)n;
	log_begin();
	assert_int_equal(rte_rawdev_xstats_get(dev.id, ids, values, 1), -EINVAL);
	expect_said("accepted: 0..");
}

static void
info_and_version_tell_the_hardware(void)
{
	struct rte_pmd_mic_version *v = NULL;

	assert_string_equal(dev.info.family, "x100");
	assert_int_equal(dev.info.smpt_entries, 32);
	assert_int_equal(dev.info.smpt_entry_size, UINT64_C(16) << 30);
	assert_int_equal(dev.info.max_queues, 4);
	assert_int_equal(rte_rawdev_firmware_version_get(dev.id, &v), 0);
	assert_string_equal(v->stepping, dev.info.stepping);
	assert_int_equal(v->page_magic, 0xc0ffee00);
	assert_int_equal(v->page_layout, dev.info.era);
	rte_free(v);
}

static struct rte_pmd_mic_info wrong;

static void
expect_config_refused(const char *names)
{
	struct rte_rawdev_info info = {.dev_private = &wrong};

	log_begin();
	assert_int_equal(rte_rawdev_configure(dev.id, &info, sizeof(wrong)), -EINVAL);
	expect_said(names);
	info.dev_private = &wrong;
	assert_int_equal(rte_rawdev_info_get(dev.id, &info, sizeof(wrong)), 0);
}

static void
bad_configurations_are_refused_with_one_line(void)
{
	struct rte_rawdev_info info = {.dev_private = &wrong};

	assert_int_equal(rte_rawdev_info_get(dev.id, &info, sizeof(wrong)), 0);
	wrong.era = 3;
	expect_config_refused("configure: era 3; accepted: 0..2");
	wrong.boot_mode = 3;
	expect_config_refused("configure: boot_mode 3; accepted: 0..2");
	wrong.boot_mode = dev.info.era == RTE_PMD_MIC_ERA_A ? RTE_PMD_MIC_BOOT_FLASH
							    : RTE_PMD_MIC_BOOT_ELF;
	expect_config_refused("; accepted: linux, and ");
	wrong.dma_channels = 0;
	expect_config_refused("configure: dma_channels 0; accepted: 1..4");
	wrong.queues = 5;
	expect_config_refused("configure: queues 5; accepted: 0..4");
	wrong.queue_depth = 63;
	expect_config_refused("configure: queue_depth 63; accepted: 64..131068");
	wrong.heartbeat = 2;
	expect_config_refused("configure: heartbeat 2; accepted: 0..1");
	memset(wrong.cmdline, 'x', sizeof(wrong.cmdline));
	expect_config_refused("configure: cmdline of 2048 bytes; accepted: 0..2047");
	memset(wrong.firmware, 'x', sizeof(wrong.firmware));
	expect_config_refused("configure: firmware of 256 bytes");
	log_begin();
	assert_int_equal(rte_rawdev_configure(dev.id, &info, 8), -EINVAL);
	expect_said("configure: private part of 8 bytes");
	boot(dev.id);
	assert_int_equal(rte_rawdev_configure(dev.id, &info, sizeof(wrong)), -EBUSY);
}

static const struct test_case cases[] = {
	TEST_CASE(attributes_say_what_the_card_is),
	TEST_CASE(what_cannot_be_is_refused),
	TEST_CASE(the_state_attribute_boots_and_ends),
	TEST_CASE(statistics_have_names_and_values),
	TEST_CASE(info_and_version_tell_the_hardware),
	TEST_CASE(bad_configurations_are_refused_with_one_line),
};

TEST_GROUP(attr, cases);
