/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TEST_DMA_TEST_H
#define SLIPWAY_TEST_DMA_TEST_H

/**
 * @file
 * Driver tests of DMA devices: what every case shares. The device under test is the only one, given
 * by --vdev or found on a bus; a case knows nothing of how it is reached.
 */

#include <rte_dmadev.h>

#include "access_test.h"
#include "common.h"

extern const struct test_group config_group, vchan_group, stop_group, stats_group, seen_group;
extern const struct test_group memory_group, devargs_group, halt_group;
extern const struct test_group data_group, order_group, error_group, shared_group, ops_group;

/** The device under test. */
struct test_dev {
	int16_t id;
	bool is_virtual; /**< made by --vdev, so that there can be more of its kind */
	bool shared;     /**< its work queues are, as its dump tells */
	bool part;       /**< it is one work queue of a device that others have */
	bool manual;     /**< nothing happens in it but in a thread of the test's */
	bool served;     /**< another process has it */
	bool lengthy;    /**< there is time for tests that take minutes */
	bool kernel;     /**< one work queue of the kernel's */
	char bus[16];    /**< it is on, by DPDK's name */
	char name[64];   /**< on that bus */
	char args[256];  /**< its device arguments */
	struct rte_dma_info info;
};

extern struct test_dev dev;

/* device.c: finding the device, and its clock. */
int dev_find(void);
bool dev_exists(void);
void *dev_symbol(const char *name);
void dev_rest(int16_t id);
void dev_probe_again(void);
uint64_t dev_stray(int16_t id);
int dev_halt(int16_t id);
int dev_disable(int16_t id, unsigned int wq);
void dev_step(int16_t id);
int dev_map(void *addr, unsigned int pages, size_t page);
int dev_unmap(void *addr, unsigned int pages, size_t page);
int stepper_start(void);
void dev_become(int16_t id);
unsigned int work_amount(unsigned int n);

/* shape.c: from configuration to start. */
void shape_configure(uint16_t vchans);
void shape_vchan(uint16_t vchan, uint16_t nb_desc);
void shape(uint16_t vchans, uint16_t nb_desc);
void shape_silent(uint16_t vchans, uint16_t nb_desc);
void dev_start(void);
void dev_stop(void);

/* copies.c: memory, and work on it. */

uint8_t *memory_get(size_t len);
void memory_put_all(void);
void memory_fill(uint8_t *at, size_t len, uint32_t seed);
int copy(uint16_t vchan, const void *src, void *dst, uint32_t len, uint64_t flags);
unsigned int wait_completed(uint16_t vchan, unsigned int n, uint16_t *last, bool *error);
unsigned int wait_status(uint16_t vchan, unsigned int n, uint16_t *last,
			 enum rte_dma_status_code status[]);
void wait_idle(uint16_t vchan);
void copies_work(uint16_t vchan, unsigned int n, uint32_t len);

/* seen.c: what the driver says. */
char *dump(int16_t id);

#endif /* SLIPWAY_TEST_DMA_TEST_H */
