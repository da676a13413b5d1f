/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>
#include <unistd.h>

#include <rte_malloc.h>

#include "test.h"

/* From an image to a card that is up, and what happens to it. */

/** What a kernel looks like from outside; a virtual card takes nothing else of it. */
const uint8_t *
image(void)
{
	static uint8_t bytes[IMAGE_BYTES];

	bytes[0x1f1] = 1;
	bytes[0x1fe] = 0x55;
	bytes[0x1ff] = 0xaa;
	memcpy(bytes + 0x202, "HdrS", 4);
	return bytes;
}

int
load(uint16_t id)
{
	struct rte_pmd_mic_firmware firmware = {
		.version = 1,
		.image = image(),
		.image_size = IMAGE_BYTES,
		.mode = RTE_PMD_MIC_BOOT_LINUX,
	};

	return rte_rawdev_firmware_load(id, &firmware);
}

struct rte_pmd_mic_status
status(uint16_t id)
{
	struct rte_pmd_mic_status *s = NULL, copy;

	assert_int_equal(rte_rawdev_firmware_status_get(id, &s), 0);
	copy = *s;
	rte_free(s);
	return copy;
}

/**
 * The card OS listens: the POST code says that the bootstrap is over, and its functions are there.
 */
void
wait_up(uint16_t id)
{
	struct rte_pmd_mic_function fn;
	unsigned int i;

	for (i = 0; i < PATIENCE_MS && pmd.function(id, "echo", &fn) != 0; i++)
		usleep(1000);
	assert_int_not_equal(i, PATIENCE_MS);
	/* The same step has published where it is to be rung. */
	for (i = 0; i < PATIENCE_MS && strcmp(status(id).post_code, "FF") != 0; i++)
		usleep(1000);
	assert_int_not_equal(i, PATIENCE_MS);
}

void
boot(uint16_t id)
{
	assert_int_equal(load(id), 0);
	assert_int_equal(rte_rawdev_start(id), 0);
	wait_up(id);
}

void
expect_state(uint16_t id, enum rte_pmd_mic_state state)
{
	struct rte_pmd_mic_status s = status(id);

	if (s.state != state)
		fail_msg("state %s, not number %d", s.state_text, state);
}

void
wait_state(uint16_t id, enum rte_pmd_mic_state state)
{
	int ret = pmd.wait(id, state, PATIENCE_MS);

	if (ret != 0)
		fail_msg("state %s, not number %d: %d", status(id).state_text, state, ret);
}

void
wait_shutdown(uint16_t id, enum rte_pmd_mic_shutdown shutdown)
{
	unsigned int i;

	for (i = 0; i < PATIENCE_MS && status(id).shutdown != shutdown; i++)
		usleep(1000);
	if (i == PATIENCE_MS)
		fail_msg("shutdown status %s, not number %d", status(id).shutdown_text, shutdown);
}

void
configure(uint16_t id, void (*change)(struct rte_pmd_mic_info *info))
{
	struct rte_pmd_mic_info conf;
	struct rte_rawdev_info info = {.dev_private = &conf};

	assert_int_equal(rte_rawdev_info_get(id, &info, sizeof(conf)), 0);
	change(&conf);
	assert_int_equal(rte_rawdev_configure(id, &info, sizeof(conf)), 0);
}

uint64_t
attr(uint16_t id, const char *name)
{
	uint64_t value = 0;

	assert_int_equal(rte_rawdev_get_attr(id, name, &value), 0);
	return value;
}

uint64_t
xstat(uint16_t id, const char *name)
{
	unsigned int number;
	uint64_t value = rte_rawdev_xstats_by_name_get(id, name, &number);

	if (value > INT64_MAX)
		fail_msg("there is no statistic named %s", name);
	return value;
}
