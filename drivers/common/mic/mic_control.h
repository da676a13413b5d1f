/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_CONTROL_H
#define SLIPWAY_MIC_CONTROL_H

/**
 * @file
 * The control thread of a card, made with the first item and gone with the last. It sleeps until a
 * descriptor is readable, a time has come, or somebody wakes it. Each card has its own: one that
 * does not answer, which is waited for, holds up nobody but those who want something of it.
 *
 *   loop: serve each item -> collect the descriptors of each -> sleep
 *
 * Whoever waits for something that the thread does may be that thread itself, in a callback of an
 * application: then it goes on serving while it waits, so nothing stands still.
 */

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/** Never. */
#define MIC_CONTROL_NEVER UINT64_MAX

/** Something that the thread sees to. Calls may be nested (mic_control_wait). */
struct mic_control_item {
	/**
	 * Do what there is to do: in how many ns it wants to be called again at the latest.
	 * p, n: what was collected, as poll left it; n is 0 the first time.
	 */
	uint64_t (*serve)(void *arg, const struct pollfd p[], unsigned int n);
	/** Name up to `max` descriptors: how many. */
	unsigned int (*collect)(void *arg, struct pollfd p[], unsigned int max);
	void *arg;

	/* The thread's own. */
	unsigned int busy, first, n;
};

/** Of a card: the card itself, and whoever answers for it. */
#define MIC_CONTROL_ITEMS 2

struct mic_control {
	pthread_mutex_t lock;
	pthread_cond_t left; /**< an item is done */
	struct mic_control_item *items[MIC_CONTROL_ITEMS];
	unsigned int nb_items;
	pthread_t thread;
	bool running, stopping;
	bool nested; /**< there were rounds inside of this one */
	int bell;
	_Atomic bool asleep;
};

void mic_control_init(struct mic_control *c);
/** It has no items any more. */
void mic_control_free(struct mic_control *c);

/** Begin to see to an item: 0, -ENOSPC, or why there is no thread. */
int mic_control_add(struct mic_control *c, struct mic_control_item *item);
/** Once this returns 0, nobody is in the item's functions. -EBUSY from inside of them. */
int mic_control_remove(struct mic_control *c, struct mic_control_item *item);

/** Is this the thread, inside a function of the item? Then it cannot be removed. */
bool mic_control_is_inside(const struct mic_control *c, const struct mic_control_item *item);

/** Have every item served soon. Costs a load where the thread is not asleep. Any thread. */
void mic_control_wake(struct mic_control *c);

/**
 * Wait until `done`, which is called with `lock` held, as this function is.
 *
 * @param changed somebody signals it, under the lock, when `done` may have become true
 * @return true, or false after `ns`
 */
bool mic_control_wait(struct mic_control *c, pthread_mutex_t *lock, pthread_cond_t *changed,
		      bool (*done)(const void *arg), const void *arg, uint64_t ns);

/** CLOCK_MONOTONIC, ns. */
uint64_t mic_control_now(void);
/** A condition variable that waits by that clock. */
void mic_control_cond_init(pthread_cond_t *cond);

#endif /* SLIPWAY_MIC_CONTROL_H */
