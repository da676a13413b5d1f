/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_CREDIT_H
#define SLIPWAY_DLB_CREDIT_H

/**
 * @file
 * Credits: how the driver keeps the events inside the device at nb_events_limit or fewer.
 *
 * One credit is one event inside, from its NEW to its release. NEW takes one, a release (explicit
 * or implicit) gives one back, FORWARD does neither. The limit is never more than the credits the
 * device itself was given, of each kind, so whatever the driver lets in the device can store: a
 * forward cannot be refused, and a loop of forwards cannot deadlock on credits.
 *
 *   pool (shared)  -- lease, a quantum at a time -->  cache of a port  -- NEW -->
 *                  <-- surplus over two quanta ----                    <-- release --
 *                  <-- all of it, taken by a port that is short --
 *
 * A port takes its whole cache for the length of a burst and leaves CREDIT_BUSY in its place, so
 * the burst counts in a register. Ports that are short take what lies in the caches of others, so
 * none of them can hoard; a busy one is passed over. Who finds its own cache busy shares a port
 * with another thread, which the API forbids.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "dlb_hcw.h"

/** In the place of a port's cache while a burst of that port has it. */
#define CREDIT_BUSY INT32_MIN

struct dlb_credit_pool;

/** What a port has leased. Read by ports that are short, so it has its own cache line. */
struct dlb_credit_cache {
	/** Unused credits, or CREDIT_BUSY. */
	_Alignas(RTE_CACHE_LINE_SIZE) _Atomic int32_t unused;
	int32_t keep_max;  /**< more than this goes back to the pool at the end of a burst, */
	int32_t keep;      /**< down to this */
	int32_t threshold; /**< new_event_threshold */
	int32_t quantum;   /**< credits to lease at a time */
	struct dlb_credit_pool *pool;
};

/** The credits of a device. */
struct dlb_credit_pool {
	_Alignas(RTE_CACHE_LINE_SIZE) _Atomic int32_t unused;
	_Alignas(RTE_CACHE_LINE_SIZE) int32_t limit;
	unsigned int nb_caches;
	struct dlb_credit_cache *caches[DLB_LDB_PORTS + DLB_DIR_PORTS_MAX];
};

/** Make a pool of `limit` credits, all unused and no port attached. Nobody may be using it. */
void dlb_credit_pool_init(struct dlb_credit_pool *pool, int32_t limit);

/** Attach a port's cache, empty. Nobody may be using the pool. */
void dlb_credit_attach(struct dlb_credit_pool *pool, struct dlb_credit_cache *cache,
		       int32_t threshold, int32_t quantum);

/**
 * A burst has no credits left: get some more, from the pool or from other ports.
 *
 * @param cache of the port, taken and with nothing in it
 * @param wanted at least 1; fewer or more may come
 * @return credits, 0 when there are none to be had
 */
int32_t dlb_credit_lease(struct dlb_credit_cache *cache, int32_t wanted);

/** Is it the port's own threshold that keeps it from a lease, and not the device's limit? */
bool dlb_credit_over_threshold(const struct dlb_credit_cache *cache);

/** Credits nobody uses, in the pool and in caches; those of a burst under way are not seen. */
int32_t dlb_credit_unused(const struct dlb_credit_pool *pool);

/** Take the cache for a burst: its credits, or CREDIT_BUSY when another thread has it. */
static inline int32_t
dlb_credit_take(struct dlb_credit_cache *cache)
{
	/* Pairs with the release in dlb_credit_put, of this port's last user, who may have been
	 * another thread: what it left in the port's members is seen.
	 */
	return atomic_exchange_explicit(&cache->unused, CREDIT_BUSY, memory_order_acquire);
}

/** The burst is over: leave what it did not use, the surplus to the pool. */
static inline void
dlb_credit_put(struct dlb_credit_cache *cache, int32_t credits)
{
	if (unlikely(credits > cache->keep_max)) {
		/* Counters only: no other memory hangs on a credit in the pool. */
		atomic_fetch_add_explicit(&cache->pool->unused, credits - cache->keep,
					  memory_order_relaxed);
		credits = cache->keep;
	}
	/* Nobody else writes a busy cache. Pairs with the acquire in dlb_credit_take. */
	atomic_store_explicit(&cache->unused, credits, memory_order_release);
}

#endif /* SLIPWAY_DLB_CREDIT_H */
