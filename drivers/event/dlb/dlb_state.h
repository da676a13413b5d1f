/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_STATE_H
#define SLIPWAY_DLB_STATE_H

/**
 * @file
 * Where the events of a started device are, and why they do not move: from the device's counters
 * and what the driver keeps anyway. The events go on meanwhile, so numbers read one after the other
 * need not add up.
 */

#include "dlb_priv.h"

/** Why does nothing go from a queue to a port, or to a port from anywhere? */
enum dlb_wait {
	DLB_WAIT_NOTHING,    /**< nothing waits; of a port: it has room */
	DLB_WAIT_TURN,       /**< it is about to be scheduled */
	DLB_WAIT_NOT_LINKED, /**< no port takes from the queue */
	DLB_WAIT_PAUSED,     /**< a new link waits until the queue has nothing in flight */
	DLB_WAIT_UNLINK,     /**< the port's events must be released before an unlink is done */
	DLB_WAIT_TOKENS,     /**< the port's consumer queue is full: dequeue */
	DLB_WAIT_HISTORY,    /**< the port holds as many events as it can: release */
	DLB_WAIT_INFLIGHT,   /**< the queue has as many events in flight as it may */
	DLB_WAIT_REORDER,    /**< an older event of the queue is not released yet */
	DLB_WAIT_PINNED,     /**< the flow's port has no room, others have */
	DLB_WAITS
};

struct dlb_queue_state {
	uint32_t atomic;   /**< waiting; of a directed queue all */
	uint32_t other;    /**< waiting, ordered and parallel */
	uint32_t inflight; /**< scheduled, not released */
	enum dlb_wait wait;
};

struct dlb_port_state {
	uint32_t fill;     /**< in the consumer queue, to be dequeued */
	uint32_t depth;    /**< most it takes */
	uint32_t owed;     /**< dequeued, slots not given back */
	uint32_t held;     /**< dequeued, not released */
	uint32_t inflight; /**< entries of the history list in use */
	uint32_t leased;   /**< unused credits */
	enum dlb_wait wait;
};

struct dlb_device_state {
	uint32_t inside; /**< between NEW and release */
	uint32_t leased; /**< unused credits at ports */
	uint32_t pool;   /**< unused credits elsewhere */
	uint32_t parked; /**< forwarded, waiting for older events of an ordered queue */
};

/** In a few words. */
const char *dlb_wait_name(enum dlb_wait wait);

/** The device is started and the lock is held; a port or queue is one that was set up. */
void dlb_state_of_queue(const struct dlb *dlb, unsigned int queue, struct dlb_queue_state *state);
void dlb_state_of_port(const struct dlb_port *p, struct dlb_port_state *state);
void dlb_state_of_device(const struct dlb *dlb, struct dlb_device_state *state);

#endif /* SLIPWAY_DLB_STATE_H */
