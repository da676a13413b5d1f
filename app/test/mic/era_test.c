/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* Later eras: states by other names, and a card that is online only once somebody carries its
 * messages, which needs more than this driver.
 */

static void
later_eras_boot_and_are_reset(void)
{
	static const char *const args[] = {"era=c", "era=d"};
	unsigned int i;
	uint16_t id;

	for (i = 0; i < RTE_DIM(args) && others_wanted(); i++) {
		id = other_make(args[i]);
		assert_int_equal(attr(id, "dp_layout"), i + 1);
		assert_string_equal(status(id).state_text, "ready");
		boot(id);
		assert_string_equal(status(id).state_text, "booting");
		assert_int_equal(attr(id, "state"), 1);
		log_begin();
		assert_int_equal(rte_rawdev_set_attr(id, "state", 2), -EINVAL);
		expect_said("shutdown in state booting");
		/* Nobody can ask it to end, so it is reset at once. */
		rte_rawdev_stop(id);
		expect_state(id, RTE_PMD_MIC_READY);
		assert_int_equal(rte_rawdev_set_attr(id, "state", 3), -EINVAL);
		boot(id);
		assert_int_equal(rte_rawdev_set_attr(id, "state", 3), 0);
		assert_int_equal(rte_rawdev_set_attr(id, "state", 3), 0);
		wait_state(id, RTE_PMD_MIC_READY);
	}
}

static void
to_era_d(struct rte_pmd_mic_info *info)
{
	info->era = RTE_PMD_MIC_ERA_D;
}

/* The card OS is of its own era; what it finds in the page tells it that the host is not. */
static void
the_layout_of_the_page_is_configured(void)
{
	char *said, node[32];
	uint16_t id;

	if (!others_wanted())
		return;
	id = other_make("era=a");
	said = dump(id);
	assert_non_null(strstr(said, "doorbells: shutdown 0 to the host, -1 to the card"));
	free(said);
	configure(id, to_era_d);
	said = dump(id);
	/* Node 0 is the host. */
	snprintf(node, sizeof(node), ", node %u, ", id + 1);
	assert_non_null(strstr(said, node));
	free(said);
	assert_int_equal(rte_rawdev_set_attr(id, "dp_layout", 0), 0);
	boot(id);
	log_begin();
	assert_int_equal(rte_rawdev_set_attr(id, "dp_layout", 1), -EBUSY);
	expect_said("configure in state online");
}

static void
an_elf_image_is_online_without_a_header(void)
{
	static uint8_t bytes[8192] = "\177ELF";
	struct rte_pmd_mic_firmware f = {.version = 1,
					 .image = bytes,
					 .image_size = sizeof(bytes),
					 .mode = RTE_PMD_MIC_BOOT_ELF};

	if (!dev.is_virtual)
		return;
	assert_int_equal(rte_rawdev_firmware_load(dev.id, &f), 0);
	assert_int_equal(rte_rawdev_start(dev.id), 0);
	wait_up(dev.id);
	expect_state(dev.id, RTE_PMD_MIC_ONLINE);
	rte_rawdev_stop(dev.id);
}

static void
want_restart(struct rte_pmd_mic_info *info)
{
	info->restart = 1;
}

/* An image that was refused since says nothing of the one that is kept. */
static void
what_is_kept_boots_as_what_it_is(void)
{
	struct rte_pmd_mic_firmware f = {.version = 1,
					 .image = image(),
					 .image_size = IMAGE_BYTES,
					 .mode = RTE_PMD_MIC_BOOT_FLASH};
	uint16_t id;

	if (!others_wanted())
		return;
	id = other_make("era=d");
	configure(id, want_restart);
	assert_int_equal(load(id), 0);
	log_begin();
	assert_int_equal(rte_rawdev_firmware_load(id, &f), -EINVAL);
	expect_said("header of a Linux kernel");
	assert_int_equal(rte_rawdev_start(id), 0);
	/* A kernel is online only once it has connected. */
	wait_up(id);
	expect_state(id, RTE_PMD_MIC_BOOTING);
}

static const struct test_case cases[] = {
	TEST_CASE(later_eras_boot_and_are_reset),
	TEST_CASE(the_layout_of_the_page_is_configured),
	TEST_CASE(an_elf_image_is_online_without_a_header),
	TEST_CASE(what_is_kept_boots_as_what_it_is),
};

TEST_GROUP(era, cases);
