/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_DOMAIN_H
#define SLIPWAY_DLB_DOMAIN_H

/**
 * @file
 * The device behind an event device, and the scheduling domain the latter has of it. The event
 * device that was found on a bus, or made, opens the device; others join it by its name. Whoever
 * leaves last closes it.
 */

#include <rte_spinlock.h>

#include "dlb_pool.h"
#include "dlb_priv.h"

/** A device: what its domains have in common. */
struct dlb_device {
	/** Of the members below, and of the registers that all domains share: sequence number
	 * modes. Taken inside the lock of a domain, never around one.
	 */
	rte_spinlock_t lock;
	struct dlb_pool pool;
	struct dlb *users[DLB_DOMAINS]; /**< by domain */
	unsigned int nb_muting;         /**< domains that want the device not to complain */
	bool failed;                    /**< a domain could not be reset: no new ones */

	/* Settled when it was opened. */
	bool is_part;    /**< of a device that somebody shares out */
	unsigned int id; /**< tells devices of one name apart */
	char name[RTE_DEV_NAME_MAX_LEN];
	struct dlb *opener; /**< NULL once it has left */
	struct access_dev *access;
	struct dlb_devargs args;
};

/**
 * A device that was opened, and initialised, for this event device: the latter gets a domain of it.
 *
 * @return 0, or a negative errno after one log line
 */
int dlb_domain_open(struct dlb *dlb);

/**
 * Have a domain of the device that dlb->args.device names.
 *
 * @return 0, or a negative errno after one log line
 */
int dlb_domain_join(struct dlb *dlb);

/**
 * May the event device go? A mapped device goes with the one that opened it.
 *
 * @return 0, or -EBUSY after one log line
 */
int dlb_domain_may_leave(const struct dlb *dlb);

/** Give up the domain, and close the device when it was the last one. */
void dlb_domain_leave(struct dlb *dlb);

/** How much of a resource the domain has while it runs, or may take when it starts. */
uint32_t dlb_domain_limit(const struct dlb *dlb, enum dlb_res res);

/**
 * Take what a start needs, see dlb_pool_take().
 *
 * @return 0, or -ENOSPC after one log line
 */
int dlb_domain_take(struct dlb *dlb, const uint32_t need[DLB_RES_KINDS], struct dlb_grant *grant);

/**
 * Take sequence numbers, see dlb_pool_take_windows().
 *
 * @return 0, or -ENOSPC after one log line
 */
int dlb_domain_take_windows(struct dlb *dlb, const uint16_t wanted[], unsigned int n,
			    struct dlb_window windows[]);

/** Give back what a start took; the domain has been reset, or was never started. */
void dlb_domain_give_back(struct dlb *dlb);

/** The domain could not be reset: it keeps what it has, and the device makes no new ones. */
void dlb_domain_fail(struct dlb *dlb);

#endif /* SLIPWAY_DLB_DOMAIN_H */
