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
 * A burst counts in a register, and leaves in the cache what it did not use. Ports that are short
 * take what lies in the caches of ports that nobody is in (dlb_owner.h), so none of them can hoard.
 * Together the caches keep no more than a quarter of the limit.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "dlb_hcw.h"
#include "dlb_owner.h"

/** Instead of credits: another thread is in the port. */
#define CREDIT_BUSY INT32_MIN

struct dlb_credit_pool;

/** What a port has leased. Read by ports that are short, so it has its own cache line. */
struct dlb_credit_cache {
	/** Of the port; who is in it has the credits. */
	_Alignas(RTE_CACHE_LINE_SIZE) struct dlb_owner owner;
	_Atomic int32_t unused; /**< as of the end of the last burst */
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
	int32_t cache_max; /**< most that a cache may keep */
	struct dlb_owners owners;
	unsigned int nb_caches;
	struct dlb_credit_cache *caches[DLB_LDB_PORTS + DLB_DIR_PORTS_MAX];
};

/**
 * Make a pool of credits, all unused and no port attached. Nobody may be using it.
 *
 * @param limit how many
 * @param nb_ports that will be attached
 * @param fenced as of dlb_owners_init
 */
void dlb_credit_pool_init(struct dlb_credit_pool *pool, int32_t limit, unsigned int nb_ports,
			  bool fenced);

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

/** A burst begins: the port's credits, or CREDIT_BUSY when another thread is in the port. */
static __rte_always_inline int32_t
dlb_credit_take(struct dlb_credit_cache *cache)
{
	if (unlikely(!dlb_owner_enter(&cache->owner)))
		return CREDIT_BUSY;
	return atomic_load_explicit(&cache->unused, memory_order_relaxed);
}

/** It is over: leave what it did not use, the surplus to the pool. */
static __rte_always_inline void
dlb_credit_put(struct dlb_credit_cache *cache, int32_t credits)
{
	if (unlikely(credits > cache->keep_max)) {
		/* Counters only: no other memory hangs on a credit in the pool. */
		atomic_fetch_add_explicit(&cache->pool->unused, credits - cache->keep,
					  memory_order_relaxed);
		credits = cache->keep;
	}
	atomic_store_explicit(&cache->unused, credits, memory_order_relaxed);
	dlb_owner_leave(&cache->owner);
}

#endif /* SLIPWAY_DLB_CREDIT_H */
