/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_FAKE_DEVICE_H
#define SLIPWAY_FAKE_DEVICE_H

/**
 * @file
 * For tests, in place of device.c: one BAR of closed pages with memory behind it, and a record of
 * what came. Posts are counted per thread of the test by the first word of their line.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** Bytes of the BAR, and of one that is lost by a fork right behind it. */
#define FAKE_BYTES 65536
/** What ENQCMD fills in. */
#define FAKE_PASID 0x5a
/** Threads that post. */
#define FAKE_POSTERS 8

/** The closed pages; NULL before fake_map. */
extern uint8_t *fake_bar;
/** What is behind them. */
extern uint8_t fake_memory[FAKE_BYTES];

/** What came. */
struct fake_seen {
	atomic_uint loads, stores, posts, submits;
	uint64_t last_off;           /**< of the last of any kind */
	unsigned int last_size;      /**< bytes */
	uint32_t pasid;              /**< of the last submit */
	int submit_answer;           /**< what submit returns */
	void (*hook)(void);          /**< called in the middle of a post or store, if set */
	uint64_t next[FAKE_POSTERS]; /**< count that the next line of each poster has to have */
	atomic_uint torn;            /**< lines that were not of one piece, or out of order */
	bool counting; /**< lines are (poster, count) eight times over: look at them */
};
extern struct fake_seen fake_seen;

/** Map the BAR, once. 0, or -1. */
int fake_map(void);

/** Forget what came, and clear the memory. */
void fake_forget(void);

#endif /* SLIPWAY_FAKE_DEVICE_H */
