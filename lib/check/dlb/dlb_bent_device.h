/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_BENT_DEVICE_H
#define SLIPWAY_DLB_BENT_DEVICE_H

/**
 * @file
 * A device with a fault: the model, with something between it and its driver or its host that bends
 * what passes. So the checker is seen to find faults, and no fault is in the model's code.
 */

#include "dlb_drive.h"

enum dlb_bend {
	DLB_BEND_NONE,
	/* Entries on their way to the CQ. */
	DLB_BEND_LOSE,
	DLB_BEND_DOUBLE,
	DLB_BEND_SWAP,
	DLB_BEND_CONTENT,
	DLB_BEND_GENERATION,
	DLB_BEND_DEPTH_CODE,
	DLB_BEND_REWRITE,
	/* Commands on their way in, put right again on the way out. */
	DLB_BEND_ORDERED_AS_UNORDERED,
	DLB_BEND_ATOMIC_AS_UNORDERED,
	DLB_BEND_ONE_FLOW,
	DLB_BEND_PRIORITY,
	DLB_BEND_LEVEL,
	DLB_BEND_NO_COMPLETION,
	DLB_BEND_NO_TOKEN,
	DLB_BEND_FRAGMENT_AS_NEW,
	DLB_BEND_NOOP,
	/* Registers on their way in. */
	DLB_BEND_PRESET,
	DLB_BEND_HISTORY,
	DLB_BEND_CQ_LIMIT,
	DLB_BEND_QUEUE_LIMIT,
	DLB_BEND_WINDOW,
	DLB_BEND_STAGE,
	DLB_BEND_FLOWS,
	DLB_BEND_CREDITS,
	DLB_BEND_CREDITS_LESS,
	DLB_BEND_NO_DISABLE,
	DLB_BEND_NO_PAUSE,
	DLB_BEND_NO_UNMAP,
	DLB_BEND_OPEN_TO_ALL,
	DLB_BEND_SLOT_PRIORITY,
	DLB_BEND_THRESHOLD,
	DLB_BEND_ALARMS_OFF,
	/* Registers on their way out, time, resets. */
	DLB_BEND_INFLIGHT_COUNT,
	DLB_BEND_DEPTH_COUNT,
	DLB_BEND_SELDOM,
	DLB_BEND_NOTE,
	DLB_BEND_WAITS,
	DLB_BEND_NO_RESET,
	DLB_BENDS,
};

/** What the bent devices that are made from now on have. */
void dlb_bend_set(enum dlb_bend bend);
const char *dlb_bend_name(enum dlb_bend bend);

extern const struct dlb_drive_maker dlb_bent_maker;

#endif /* SLIPWAY_DLB_BENT_DEVICE_H */
