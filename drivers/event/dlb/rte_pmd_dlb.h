/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef RTE_PMD_DLB_H
#define RTE_PMD_DLB_H

/**
 * @file
 * What event_dlb offers beyond the event device API. Devices are named by their event device id;
 * a device that another driver drives is refused with -ENODEV. A refusal is one log line that names
 * the value and what is accepted.
 */

#include <stdint.h>

#include <rte_common.h>
#include <rte_compat.h>
#include <rte_eventdev.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * When a port gives the device back the slots of its consumer queue. A slot that is not given back
 * keeps the device from scheduling one more event to the port.
 */
enum rte_pmd_dlb_token_pop_mode {
	/** As soon as an event has been dequeued. */
	RTE_PMD_DLB_AUTO_POP,
	/**
	 * All at once, just before that release or forward which is the dequeue_depth-th since the
	 * last time. For load-balanced ports only.
	 */
	RTE_PMD_DLB_DELAYED_POP,
	/** At the beginning of the port's next dequeue call. */
	RTE_PMD_DLB_DEFERRED_POP,
};

/**
 * Say when a port gives slots back. A port that is set up without this call has
 * RTE_PMD_DLB_AUTO_POP; one that is not set up again after rte_event_dev_configure() keeps what it
 * had.
 *
 * To be called after rte_event_dev_configure() and before rte_event_port_setup().
 *
 * @param dev_id of the event device
 * @param port_id of the event port
 * @param mode for the port
 * @return
 *   - 0: done
 *   - -ENODEV: no device of this driver
 *   - -EINVAL: no such port or mode, or the port is set up already
 *   - -EBUSY: the device is started
 */
__rte_experimental
int rte_pmd_dlb_set_token_pop_mode(uint8_t dev_id, uint8_t port_id,
				   enum rte_pmd_dlb_token_pop_mode mode);

/** rte_pmd_dlb_port_param.migration_threshold is meant. Version 2.5 only. */
#define RTE_PMD_DLB_PORT_MIGRATION_THRESHOLD RTE_BIT64(0)
/** rte_pmd_dlb_port_param.history is meant. */
#define RTE_PMD_DLB_PORT_HISTORY RTE_BIT64(1)

/** Parameters of a port. */
struct rte_pmd_dlb_port_param {
	/**
	 * With so many events under way at the port, or more, it is left out when the device looks
	 * for a port for a new flow: 0 to 4095, 0 for never.
	 */
	uint16_t migration_threshold;
	/** Entries of its history list: events it can hold at once, 1 to 2048. */
	uint16_t history;
};

/**
 * Set parameters of a port.
 *
 * To be called after rte_event_dev_configure(), which forgets them, and before
 * rte_event_port_setup(). The migration threshold alone may also be changed later, even of a
 * started device.
 *
 * @param dev_id of the event device
 * @param port_id of the event port
 * @param flags RTE_PMD_DLB_PORT_*: which members count, at least one
 * @param param the values
 * @return
 *   - 0: done
 *   - -ENODEV: no device of this driver
 *   - -EINVAL: no such port or flag, a value out of range, or too late for it
 *   - -ENOTSUP: a migration threshold on a device of version 2.0
 */
__rte_experimental
int rte_pmd_dlb_set_port_param(uint8_t dev_id, uint8_t port_id, uint64_t flags,
			       const struct rte_pmd_dlb_port_param *param);

/** How deep the queue of a dequeued event was, against its threshold T. */
enum rte_pmd_dlb_depth {
	RTE_PMD_DLB_DEPTH_LE50,      /**< up to T / 2 */
	RTE_PMD_DLB_DEPTH_GT50_LE75, /**< up to 3 T / 4 */
	RTE_PMD_DLB_DEPTH_GT75_LE100,
	RTE_PMD_DLB_DEPTH_GT100, /**< more than T */
};

/** Weight of an event, of which a port takes only so much at once. Version 2.5. */
enum rte_pmd_dlb_weight {
	RTE_PMD_DLB_WEIGHT_0, /**< none */
	RTE_PMD_DLB_WEIGHT_2,
	RTE_PMD_DLB_WEIGHT_4,
	RTE_PMD_DLB_WEIGHT_8,
};

/**
 * How deep was the queue when this event left it? Told of devices that were given a depth threshold
 * (device arguments qid_depth_thresh, default_depth_thresh), else RTE_PMD_DLB_DEPTH_LE50.
 */
static inline enum rte_pmd_dlb_depth
rte_pmd_dlb_event_depth(const struct rte_event *ev)
{
	return (enum rte_pmd_dlb_depth)(ev->rsvd & 3);
}

/**
 * Give an event that is to be enqueued a weight. It counts on devices that limit the weight at
 * ports (device arguments cq_weight, enable_cq_weight).
 */
static inline void
rte_pmd_dlb_event_set_weight(struct rte_event *ev, enum rte_pmd_dlb_weight weight)
{
	ev->rsvd = (uint8_t)((ev->rsvd & 3) | (weight & 3) << 2);
}

#ifdef __cplusplus
}
#endif

#endif /* RTE_PMD_DLB_H */
