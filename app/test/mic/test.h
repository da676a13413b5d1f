/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TEST_MIC_TEST_H
#define SLIPWAY_TEST_MIC_TEST_H

/**
 * @file
 * Driver tests of MIC cards: what every case shares. The device under test is the first one, given
 * by --vdev or found on a bus; a case knows nothing of how it is reached.
 */

#include <rte_rawdev.h>

#include "access_test.h"
#include "common.h"
#include "rte_pmd_mic.h"

extern const struct test_group life_group, image_group, crash_group, event_group, irq_group;
extern const struct test_group reset_group, smpt_group, attr_group, function_group, era_group;
extern const struct test_group suspend_group, cards_group, devargs_group, seen_group, loss_group;
extern const struct test_group owner_group, cosm_group, hostile_group;

/** The device under test. */
struct test_dev {
	uint16_t id;
	bool is_virtual; /**< made by --vdev, so that there can be more of its kind */
	bool model;      /**< its card is in this process */
	bool manual;     /**< nothing happens in it but in a thread of the test's */
	char bus[16];    /**< it is on, by DPDK's name */
	char name[64];   /**< on that bus */
	char raw[72];    /**< of the raw device */
	char args[256];  /**< its device arguments */
	struct rte_pmd_mic_info info;
};

extern struct test_dev dev;

/* device.c: finding the device, its clock, its card's console. */
int dev_find(void);
bool dev_exists(void);
void *dev_symbol(const char *name);
void dev_rest(uint16_t id);
void dev_probe_again(void);
uint64_t dev_stray(uint16_t id);
int dev_type(uint16_t id, const char *command);
int dev_cosm(uint16_t id, const char *what);
const char *dev_card_directory(void);
int stepper_start(void);

/** Cases about cards besides the one under test say the same on every reach: once is enough. */
bool others_wanted(void);
/** A card in this process besides the one under test, made with arguments and 100 times as fast. */
uint16_t other_make(const char *args);
int other_try(const char *args);
void other_remove(void);
bool other_is_there(void);

/** Functions of rte_pmd_mic.h: the driver is loaded at run time, so they are looked up. */
struct pmd {
	int (*load_files)(uint16_t dev_id, const char *image, const char *ramdisk,
			  const char *cmdline, enum rte_pmd_mic_boot_mode mode);
	int (*event_register)(uint16_t dev_id, rte_pmd_mic_event_t event, void *arg);
	int (*event_unregister)(uint16_t dev_id, rte_pmd_mic_event_t event, void *arg);
	int (*wait)(uint16_t dev_id, enum rte_pmd_mic_state state, unsigned int timeout_ms);
	int (*suspend)(uint16_t dev_id);
	int (*resume)(uint16_t dev_id);
	int (*map)(uint16_t dev_id, const void *addr, uint64_t len, uint64_t *mic_address);
	int (*unmap)(uint16_t dev_id, uint64_t mic_address, uint64_t len);
	void *(*aperture)(uint16_t dev_id, uint64_t offset, uint64_t len);
	int (*log)(uint16_t dev_id, char *text, uint32_t size);
	int (*function)(uint16_t dev_id, const char *name, struct rte_pmd_mic_function *fn);
	int (*call)(struct rte_pmd_mic_function *fn, const uint64_t args[6]);
	int (*answer)(struct rte_pmd_mic_function *fn, uint64_t sequence, uint64_t args[6],
		      int64_t *result);
};

extern struct pmd pmd;

/* life.c: from an image to a card that is up, and what happens to it. */

/** Nothing that works takes this long, not even on a busy machine. */
#define PATIENCE_MS 10000

#define IMAGE_BYTES 65536

const uint8_t *image(void);
int load(uint16_t id);
void boot(uint16_t id);
void wait_up(uint16_t id);
void expect_state(uint16_t id, enum rte_pmd_mic_state state);
void wait_state(uint16_t id, enum rte_pmd_mic_state state);
void wait_shutdown(uint16_t id, enum rte_pmd_mic_shutdown shutdown);
struct rte_pmd_mic_status status(uint16_t id);
void configure(uint16_t id, void (*change)(struct rte_pmd_mic_info *info));
uint64_t attr(uint16_t id, const char *name);
uint64_t xstat(uint16_t id, const char *name);

/* seen.c: what the driver says. */
char *dump(uint16_t id);
void expect_said(const char *names);

#endif /* SLIPWAY_TEST_MIC_TEST_H */
