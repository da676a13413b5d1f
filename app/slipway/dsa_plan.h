/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_PLAN_H
#define SLIPWAY_DSA_PLAN_H

/**
 * @file
 * Work queues, groups and engines of a DSA as somebody wants them: what is said, what follows from
 * that and from what the device has, and whether the device will take it. For slipway serve, which
 * sets the device up, and for slipway dsa config.
 */

#include <stdbool.h>
#include <stdint.h>

/** What a device can have at most. */
#define DSA_PLAN_WQS     64u
#define DSA_PLAN_GROUPS  16u
#define DSA_PLAN_ENGINES 16u
#define DSA_PLAN_NAME    64u

/** A work queue. 0 is not said, but for `group`, of which -1 is. */
struct dsa_plan_wq {
	bool said;
	bool mode_said, dedicated;
	unsigned int size, threshold, priority;
	int group;
	uint64_t max_transfer;      /**< bytes */
	unsigned int max_batch;     /**< descriptors */
	char name[DSA_PLAN_NAME];   /**< for the kernel, which wants one */
	char driver[DSA_PLAN_NAME]; /**< the same */
};

/** What the device has. */
struct dsa_plan_caps {
	unsigned int wqs, groups, engines, entries;
	uint64_t max_transfer;
	unsigned int max_batch;
};

struct dsa_plan {
	const char *command; /**< for messages */
	unsigned int count;  /**< work queues that are said */
	struct dsa_plan_wq wq[DSA_PLAN_WQS];
	int engine_group[DSA_PLAN_ENGINES]; /**< of each engine, -1 for none; dsa_plan_resolve's */
};

/** Nothing is said. */
void dsa_plan_init(struct dsa_plan *plan, const char *command);

/** Take "K:KEY=VALUE,...": 0, or -EINVAL, reported. */
int dsa_plan_say(struct dsa_plan *plan, const char *text);

/**
 * Fill in what is not said, give each group that has work queues an even part of the engines, and
 * see whether all of it fits: 0, or -EINVAL, reported.
 */
int dsa_plan_resolve(struct dsa_plan *plan, const struct dsa_plan_caps *caps);

#endif /* SLIPWAY_DSA_PLAN_H */
