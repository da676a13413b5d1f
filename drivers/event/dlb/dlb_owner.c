/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The slow half of who is in a port (dlb_owner.h): ports that change hands, or are looked into. */

#include <sched.h>

#include <rte_cycles.h>

#include "access_fence.h"
#include "dlb_owner.h"

/* In `busy`: not a thread that uses the port, but one that looks into it, and is gone soon. */
#define LOOKED_INTO 2
/* Fences may take one in so many cycles. */
#define FENCE_SHARE 32
/* The longest pause for that: a fence that took longer than usual was kept waiting itself. */
#define FENCE_PAUSE_MAX_US 1000

__thread char dlb_owner_mark;

void
dlb_owners_init(struct dlb_owners *group, bool fenced)
{
	pthread_mutexattr_t attr;

	/* The threads of several processes may want it. */
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&group->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	group->fenced = fenced && access_fence_prepare() == 0;
	group->next_fence = 0;
}

void
dlb_owner_init(struct dlb_owner *o, struct dlb_owners *group)
{
	unsigned int i;

	o->group = group;
	o->word = 0;
	for (i = 0; i < RTE_DIM(o->busy); i++)
		atomic_store_explicit(&o->busy[i], 0, memory_order_relaxed);
	atomic_store_explicit(&o->thread, group->fenced ? DLB_OWNER_NOBODY : DLB_OWNER_ANY,
			      memory_order_relaxed);
}

static uintptr_t
owner_of(const struct dlb_owner *o)
{
	return atomic_load_explicit(&o->thread, memory_order_relaxed);
}

static bool
is_thread(uintptr_t whose)
{
	return whose > DLB_OWNER_WORD;
}

static bool
owned_by_self(uintptr_t whose)
{
	return (whose & ~(uintptr_t)DLB_OWNER_WORD) == dlb_owner_self();
}

static bool
is_in(const struct dlb_owner *o, uintptr_t whose, memory_order order)
{
	unsigned int word = is_thread(whose) ? whose & DLB_OWNER_WORD : 0;

	return atomic_load_explicit(&o->busy[word], order) != 0;
}

bool
dlb_owner_is_in(const struct dlb_owner *o)
{
	return is_in(o, owner_of(o), memory_order_relaxed);
}

/* ---- Ports that are anybody's ---- */

static bool
enter_by_exchange(struct dlb_owner *o, uint32_t mark)
{
	uint32_t was = 0;

	/* Acquire pairs with the release in dlb_owner_leave. */
	return atomic_compare_exchange_strong_explicit(&o->busy[0], &was, mark,
						       memory_order_acquire,
						       memory_order_relaxed);
}

static bool
enter_anybodys(struct dlb_owner *o)
{
	while (!enter_by_exchange(o, 1)) {
		if (atomic_load_explicit(&o->busy[0], memory_order_relaxed) == 1)
			return false;
		sched_yield();
	}
	return true;
}

/* ---- Ports with an owner; with the lock ---- */

static void
set_aside(struct dlb_owner *o)
{
	o->before = owner_of(o);
	atomic_store_explicit(&o->thread, DLB_OWNER_ASIDE, memory_order_relaxed);
}

static void
let_in(struct dlb_owner *o, uintptr_t whose)
{
	/* Pairs with the acquire in dlb_owner_enter. */
	atomic_store_explicit(&o->thread, whose, memory_order_release);
}

/* Whoever owned the port that was set aside may be about to enter it. */
static bool
needs_fence(const struct dlb_owner *o)
{
	return is_thread(o->before) && !owned_by_self(o->before);
}

/* Have every thread's stores and loads be on one side or the other of what was set aside. */
static void
fence(struct dlb_owners *group)
{
	uint64_t longest = rte_get_timer_hz() / US_PER_S * FENCE_PAUSE_MAX_US;
	uint64_t start = rte_get_timer_cycles(), end;

	access_fence_all();
	end = rte_get_timer_cycles();
	group->next_fence = end + RTE_MIN((end - start) * FENCE_SHARE, longest);
}

/* Is its owner in, who came before it was set aside? */
static bool
owner_is_in(const struct dlb_owner *o)
{
	/* Pairs with the release in dlb_owner_leave. */
	return is_thread(o->before) && is_in(o, o->before, memory_order_acquire);
}

/* Become the owner of a port that belongs to another thread, or to none. */
static bool
take_over(struct dlb_owner *o)
{
	set_aside(o);
	if (needs_fence(o))
		fence(o->group);
	if (owner_is_in(o)) {
		let_in(o, o->before);
		return false;
	}
	o->word = o->word < DLB_OWNERS_MAX ? o->word + 1 : 0;
	atomic_store_explicit(&o->busy[o->word], 1, memory_order_relaxed);
	let_in(o, o->word != 0 ? dlb_owner_self() | o->word : DLB_OWNER_ANY);
	return true;
}

/* ---- ---- */

bool
dlb_owner_enter_other(struct dlb_owner *o)
{
	/* Pairs with the release in let_in: whoever made it anybody's is seen to be in. */
	uintptr_t whose = atomic_load_explicit(&o->thread, memory_order_acquire);
	bool in = false;

	/* No way leads back from there as long as anybody uses the port. */
	if (whose != DLB_OWNER_ANY) {
		pthread_mutex_lock(&o->group->lock);
		whose = owner_of(o);
		if (whose != DLB_OWNER_ANY && !owned_by_self(whose))
			in = take_over(o);
		pthread_mutex_unlock(&o->group->lock);
		/* Somebody looked into it, and is done. */
		if (owned_by_self(whose))
			return dlb_owner_enter(o);
	}
	return whose == DLB_OWNER_ANY ? enter_anybodys(o) : in;
}

/* Hold a port that is anybody's, or set it aside. */
static bool
begin_hold(struct dlb_owner *o, bool may_fence)
{
	if (owner_of(o) == DLB_OWNER_ANY) {
		o->before = DLB_OWNER_ANY;
		return enter_by_exchange(o, LOOKED_INTO);
	}
	set_aside(o);
	if (!needs_fence(o) || may_fence)
		return true;
	let_in(o, o->before);
	return false;
}

static void
end_hold(struct dlb_owner *o)
{
	if (o->before == DLB_OWNER_ANY)
		/* Pairs with the acquire in enter_by_exchange. */
		atomic_store_explicit(&o->busy[0], 0, memory_order_release);
	else
		let_in(o, o->before);
}

unsigned int
dlb_owner_hold(struct dlb_owners *group, struct dlb_owner *o[], unsigned int n)
{
	unsigned int i, begun = 0, held = 0;
	bool may_fence, fenced = false;

	pthread_mutex_lock(&group->lock);
	may_fence = (int64_t)(rte_get_timer_cycles() - group->next_fence) >= 0;
	for (i = 0; i < n; i++) {
		if (!begin_hold(o[i], may_fence))
			continue;
		fenced |= needs_fence(o[i]);
		o[begun++] = o[i];
	}
	if (fenced)
		fence(group);
	for (i = 0; i < begun; i++) {
		if (owner_is_in(o[i]))
			end_hold(o[i]);
		else
			o[held++] = o[i];
	}
	return held;
}

void
dlb_owner_let_go(struct dlb_owners *group, struct dlb_owner *o[], unsigned int n)
{
	while (n-- > 0)
		end_hold(o[n]);
	pthread_mutex_unlock(&group->lock);
}
