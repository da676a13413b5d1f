/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_FAKE_H
#define SLIPWAY_DSA_FAKE_H

/**
 * @file
 * A device for tests of the data path alone: it keeps what it is sent, for the test to look at, and
 * does it when told, one submission at a time in whatever order. It knows memory moves, fills and
 * what rte_pmd_dsa.h offers only as far as the tests need, and fails where it is told to.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dsa_priv.h"

#define FAKE_LINES 1024

/** An operation that touches this address stops before it, `times` times. */
struct fake_fault {
	uint64_t addr;
	unsigned int times;
	uint8_t status; /**< of the completion record; 0: a page fault */
};

struct fake {
	struct bus_device dev;
	struct dsa_desc lines[FAKE_LINES]; /**< that have arrived and are not done, oldest first */
	unsigned int nb_lines;
	unsigned int arrived;  /**< in all */
	unsigned int accepted; /**< by a shared queue */
	unsigned int most;     /**< at once, of all times */
	bool idle_runs;        /**< access_idle() does one */
	bool disabled;
	unsigned int refuse; /**< so many submissions from now on are refused */
	int error;           /**< submissions from now on fail with this */
	struct fake_fault faults[8];
	unsigned int nb_faults;
	uint8_t batch_status;    /**< batches end with this at once, 0: they are done */
	unsigned int list_fault; /**< a batch stops there for good: its list ends; 0: it does not */
	uint64_t moved;          /**< descriptors done */
};

extern struct fake fake;

/** A device of the driver with one channel on the fake, started. Queue and config are changed by
 * whoever wants others, before.
 */
extern struct dsa_wq fake_wq;
extern struct dsa_vchan_config fake_config;
extern struct rte_dma_fp_object fp;
extern struct dsa fake_dsa;

/** What the driver has logged: lines, and the last one. */
extern unsigned int fake_logged;
extern char fake_line[512];

/** Everything as at the beginning: a dedicated queue of 16, 64 operations, batches of up to 32. */
void fake_reset(void);
/** Set up and start the channel. */
struct dsa_vchan *fake_start(void);
void fake_end(void);

/** Do the n-th of the lines that wait. */
void fake_run(unsigned int n);
void fake_run_all(void);

#endif /* SLIPWAY_DSA_FAKE_H */
