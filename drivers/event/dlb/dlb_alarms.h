/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_ALARMS_H
#define SLIPWAY_DLB_ALARMS_H

/**
 * @file
 * Alarms: the device says that it dropped a command, or part of one, and which. Datasheet section
 * 9.4.
 */

#include <stdint.h>

/** What a started device can complain of. */
enum dlb_alarms_kind {
	DLB_ALARMS_ILLEGAL_HCW,
	DLB_ALARMS_ILLEGAL_QID,
	DLB_ALARMS_DISABLED_QID,
	DLB_ALARMS_ILLEGAL_QID_CFG,
	DLB_ALARMS_ILLEGAL_ENQ,
	DLB_ALARMS_EXCESS_TOKEN_POPS,
	DLB_ALARMS_OTHER,
	DLB_ALARMS_KINDS
};

/** What was seen of them at the ports of an event device. */
struct dlb_alarms {
	/** Whoever looks counts them, so these are guarded by the lock of the device. */
	uint64_t count[DLB_ALARMS_KINDS];
	uint64_t more; /**< times the device had others that it could not describe */

	/* Of those that this event device found. */
	uint64_t overloads; /**< times the guard struck */
	unsigned int recent; /**< in this second */
	unsigned int muted;  /**< seconds until the device may complain again */
};

struct dlb;

/** Name of a kind. */
const char *dlb_alarms_name(enum dlb_alarms_kind kind);

/** Let the device complain: once, when it is opened. */
void dlb_alarms_enable(const struct dlb *dlb);

/** Look from time to time whether it did. The lock is held. */
void dlb_alarms_start(struct dlb *dlb);

/** Look for the last time. The lock is not held. */
void dlb_alarms_stop(struct dlb *dlb);

/** Log and count what there is, so that the device can complain again. The lock is held. */
void dlb_alarms_look(struct dlb *dlb);

#endif /* SLIPWAY_DLB_ALARMS_H */
