/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The slow half of the credits (dlb_credit.h): what a port does that has run out of them. */

#include "dlb_credit.h"

void
dlb_credit_pool_init(struct dlb_credit_pool *pool, int32_t limit)
{
	pool->limit = limit;
	pool->nb_caches = 0;
	atomic_store_explicit(&pool->unused, limit, memory_order_relaxed);
}

void
dlb_credit_attach(struct dlb_credit_pool *pool, struct dlb_credit_cache *cache, int32_t threshold,
		  int32_t quantum)
{
	bool own_threshold = threshold < pool->limit;

	cache->pool = pool;
	cache->threshold = RTE_MIN(threshold, pool->limit);
	/* Credits kept in a cache are used without another look at the threshold, so a port that
	 * has one of its own keeps none.
	 */
	cache->keep_max = own_threshold ? 0 : 2 * quantum;
	cache->keep = own_threshold ? 0 : quantum;
	cache->quantum = quantum;
	atomic_store_explicit(&cache->unused, 0, memory_order_relaxed);
	pool->caches[pool->nb_caches++] = cache;
}

/* Unused credits in caches that no burst has. */
static int32_t
cached(const struct dlb_credit_pool *pool)
{
	int32_t sum = 0;
	unsigned int i;

	for (i = 0; i < pool->nb_caches; i++) {
		int32_t unused = atomic_load_explicit(&pool->caches[i]->unused,
						      memory_order_relaxed);

		if (unused != CREDIT_BUSY)
			sum += unused;
	}
	return sum;
}

/* How many of the wanted credits does the port's threshold leave it? Credits in busy caches count
 * as events inside, which errs on the safe side.
 */
static int32_t
room_below_threshold(const struct dlb_credit_cache *cache, int32_t wanted)
{
	const struct dlb_credit_pool *pool = cache->pool;
	int32_t inside = pool->limit - atomic_load_explicit(&pool->unused, memory_order_relaxed);

	/* Most of the time the shared number alone says yes: caches can only add room. */
	if (cache->threshold - inside >= wanted)
		return wanted;
	return RTE_MIN(wanted, cache->threshold - (inside - cached(pool)));
}

static int32_t
pool_take(struct dlb_credit_pool *pool, int32_t wanted)
{
	int32_t unused = atomic_load_explicit(&pool->unused, memory_order_relaxed);
	int32_t taken;

	do {
		taken = RTE_MIN(unused, wanted);
		if (taken <= 0)
			return 0;
	} while (!atomic_compare_exchange_weak_explicit(&pool->unused, &unused, unused - taken,
							memory_order_relaxed,
							memory_order_relaxed));
	return taken;
}

/* Move what lies in the caches of ports to the pool, so that it can be leased. */
static void
recall(struct dlb_credit_pool *pool)
{
	unsigned int i;

	for (i = 0; i < pool->nb_caches; i++) {
		_Atomic int32_t *cache = &pool->caches[i]->unused;
		int32_t unused = atomic_load_explicit(cache, memory_order_relaxed);

		/* Not by exchange: that would wipe out the mark of a burst that has just begun. */
		if (unused > 0 &&
		    atomic_compare_exchange_strong_explicit(cache, &unused, 0, memory_order_relaxed,
							    memory_order_relaxed))
			atomic_fetch_add_explicit(&pool->unused, unused, memory_order_relaxed);
	}
}

int32_t
dlb_credit_lease(struct dlb_credit_cache *cache, int32_t wanted)
{
	struct dlb_credit_pool *pool = cache->pool;
	int32_t leased;

	if (cache->threshold < pool->limit)
		wanted = room_below_threshold(cache, wanted);
	else
		wanted = RTE_MAX(wanted, cache->quantum);

	leased = pool_take(pool, wanted);
	if (leased > 0 || wanted <= 0)
		return leased;
	recall(pool);
	return pool_take(pool, wanted);
}

bool
dlb_credit_over_threshold(const struct dlb_credit_cache *cache)
{
	return cache->threshold < cache->pool->limit && room_below_threshold(cache, 1) < 1;
}

int32_t
dlb_credit_unused(const struct dlb_credit_pool *pool)
{
	return atomic_load_explicit(&pool->unused, memory_order_relaxed) + cached(pool);
}
