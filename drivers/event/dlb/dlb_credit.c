/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The slow half of the credits (dlb_credit.h): what a port does that has run out of them. */

#include <stddef.h>

#include "dlb_credit.h"

void
dlb_credit_pool_init(struct dlb_credit_pool *pool, int32_t limit, unsigned int nb_ports,
		     bool fenced)
{
	pool->limit = limit;
	pool->cache_max = limit / (int32_t)(4 * RTE_MAX(nb_ports, 1u));
	dlb_owners_init(&pool->owners, fenced);
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
	cache->keep_max = own_threshold ? 0 : RTE_MIN(2 * quantum, pool->cache_max);
	cache->keep = cache->keep_max / 2;
	cache->quantum = quantum;
	dlb_owner_init(&cache->owner, &pool->owners);
	atomic_store_explicit(&cache->unused, 0, memory_order_relaxed);
	pool->caches[pool->nb_caches++] = cache;
}

/* Unused credits of a cache as seen from outside: none while somebody is in the port. */
static int32_t
cached_in(const struct dlb_credit_cache *cache)
{
	if (dlb_owner_is_in(&cache->owner))
		return 0;
	return atomic_load_explicit(&cache->unused, memory_order_relaxed);
}

static int32_t
cached(const struct dlb_credit_pool *pool)
{
	int32_t sum = 0;
	unsigned int i;

	for (i = 0; i < pool->nb_caches; i++)
		sum += cached_in(pool->caches[i]);
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

/* The cache that a port's owner is part of. */
static struct dlb_credit_cache *
cache_of(struct dlb_owner *owner)
{
	return (struct dlb_credit_cache *)((char *)owner -
					   offsetof(struct dlb_credit_cache, owner));
}

/* Move what lies in the caches of ports to the pool, so that it can be leased. */
static void
recall(struct dlb_credit_pool *pool)
{
	struct dlb_owner *o[RTE_DIM(pool->caches)];
	unsigned int i, n = 0;
	int32_t sum = 0;

	for (i = 0; i < pool->nb_caches; i++)
		if (cached_in(pool->caches[i]) > 0)
			o[n++] = &pool->caches[i]->owner;
	if (n == 0)
		return;
	n = dlb_owner_hold(&pool->owners, o, n);
	for (i = 0; i < n; i++) {
		_Atomic int32_t *unused = &cache_of(o[i])->unused;

		sum += atomic_load_explicit(unused, memory_order_relaxed);
		atomic_store_explicit(unused, 0, memory_order_relaxed);
	}
	dlb_owner_let_go(&pool->owners, o, n);
	atomic_fetch_add_explicit(&pool->unused, sum, memory_order_relaxed);
}

int32_t
dlb_credit_lease(struct dlb_credit_cache *cache, int32_t wanted)
{
	struct dlb_credit_pool *pool = cache->pool;
	int32_t leased;

	if (cache->threshold < pool->limit)
		wanted = room_below_threshold(cache, wanted);
	else
		wanted = RTE_MAX(wanted, RTE_MIN(cache->quantum, cache->keep_max));

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
	int32_t unused = atomic_load_explicit(&pool->unused, memory_order_relaxed) + cached(pool);

	/* Those that were leased between the two looks are in both. */
	return RTE_MIN(unused, pool->limit);
}
