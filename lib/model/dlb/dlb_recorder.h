/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_RECORDER_H
#define SLIPWAY_DLB_RECORDER_H

/**
 * @file
 * A device that passes on what is asked of it, and notes it in the language of the fuzz target.
 * There is one; for one thread.
 */

#include "bus.h"
#include "dlb_regs.h"

/** Room for notes, bytes; what does not fit is not noted. */
#define DLB_RECORDER_NOTES 0x10000u

/** The device, and its notes so far. */
struct dlb_recorder {
	struct bus_device dev;
	struct bus_device *real;
	uint64_t now_ns; /**< time by the notes */
	size_t used;     /**< bytes of notes */
	unsigned char notes[DLB_RECORDER_NOTES];
};

/**
 * Begin new notes.
 *
 * @param real does the work; as after power-on, since that is what the notes begin with
 * @param version of that device
 * @param dev out: the device to use in its place
 * @return the notes; those of before are gone
 */
const struct dlb_recorder *dlb_recorder_begin(struct bus_device *real, enum dlb_version version,
					      struct bus_device **dev);
/** Note that a window of the fuzz target's host goes or comes; the real host's stays. */
void dlb_recorder_map(unsigned int window, bool there);
/** Note what the fuzz target's host refuses from here on: bits of enum fuzz_refusal. */
void dlb_recorder_host(unsigned int refuses);

#endif /* SLIPWAY_DLB_RECORDER_H */
