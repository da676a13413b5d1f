/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_OWNER_H
#define SLIPWAY_DLB_OWNER_H

/**
 * @file
 * Who is in a port. A port is used by one thread at a time, most by one thread for good, so that
 * thread owns it: it enters and leaves by plain stores. Whoever else wants in makes it pay:
 *
 *   owner                                   another thread, with the group's lock
 *     busy = 1                                thread = nobody may enter
 *     (nothing: the compiler's order)         a fence in every thread of the process
 *     thread is still mine?                   busy?
 *       yes: in                                 yes: put it back, and stay out
 *       no: busy = 0, wait for the lock         no: in
 *     ...
 *     busy = 0
 *
 * The owner's store and load may change places, but not around that fence: either its load sees
 * that nobody may enter, or its store is seen. A former owner may notice late, so each owner has a
 * word of its own to be busy in. A port that keeps changing hands belongs to whoever comes first,
 * from then on by a locked instruction; so do all where threads cannot be fenced from outside, or
 * live in several processes.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

/** In the place of a thread. */
enum {
	DLB_OWNER_ANY,    /**< whoever comes first, each time */
	DLB_OWNER_NOBODY, /**< the first to come will own it */
	DLB_OWNER_ASIDE,  /**< nobody may enter: somebody looks into the port */
};

/** Owners that a port has one after the other before it is anybody's. */
#define DLB_OWNERS_MAX 8
/** Of a port's `thread`: which of the words of `busy` is the owner's. The rest tells threads apart. */
#define DLB_OWNER_WORD 15u

/** What ports have in common that can be looked into together. */
struct dlb_owners {
	pthread_mutex_t lock;
	bool fenced;         /**< ports may have owners: threads can be fenced from outside */
	uint64_t next_fence; /**< not before this, in timer cycles: fences cost every thread time */
};

/** Who is in a port, and who owns it. */
struct dlb_owner {
	_Atomic uintptr_t thread; /**< dlb_owner_self() and the word, or one of the above */
	/** Somebody is in: whoever comes first [0], the first owner [1], the second one [2], ... */
	_Atomic uint32_t busy[1 + DLB_OWNERS_MAX];
	uint32_t word;    /**< whoever is in uses this one */
	uintptr_t before; /**< `thread`, while somebody looks into the port */
	struct dlb_owners *group;
};

/** Has an address of its own in each thread. */
extern __thread char dlb_owner_mark
	__attribute__((tls_model("initial-exec"), aligned(DLB_OWNER_WORD + 1)));

/** What tells threads of this process apart. */
static inline uintptr_t
dlb_owner_self(void)
{
	return (uintptr_t)&dlb_owner_mark;
}

/**
 * @param fenced threads that use the ports are of this process, all of them
 */
void dlb_owners_init(struct dlb_owners *group, bool fenced);

/** Nobody owns the port. Nobody may be in. */
void dlb_owner_init(struct dlb_owner *o, struct dlb_owners *group);

/** As dlb_owner_enter, for a thread that does not own the port. */
bool dlb_owner_enter_other(struct dlb_owner *o);

/** Enter a port: false when another thread is in, or this one is already. */
static __rte_always_inline bool
dlb_owner_enter(struct dlb_owner *o)
{
	uintptr_t whose = atomic_load_explicit(&o->thread, memory_order_relaxed);
	_Atomic uint32_t *busy = &o->busy[whose & DLB_OWNER_WORD];

	if (likely((whose & ~(uintptr_t)DLB_OWNER_WORD) == dlb_owner_self())) {
		if (unlikely(atomic_load_explicit(busy, memory_order_relaxed) != 0))
			return false;
		atomic_store_explicit(busy, 1, memory_order_relaxed);
		/* Pairs with the fence in set_aside. */
		atomic_signal_fence(memory_order_seq_cst);
		/* Acquire pairs with the release in let_in: what was changed is seen. */
		if (likely(atomic_load_explicit(&o->thread, memory_order_acquire) == whose))
			return true;
		atomic_store_explicit(busy, 0, memory_order_release);
	}
	return dlb_owner_enter_other(o);
}

/** Leave it. */
static __rte_always_inline void
dlb_owner_leave(struct dlb_owner *o)
{
	/* Pairs with the acquire loads of whoever enters or looks into the port next. */
	atomic_store_explicit(&o->busy[o->word], 0, memory_order_release);
}

/** Is somebody in? From outside, where the answer may be out of date. */
bool dlb_owner_is_in(const struct dlb_owner *o);

/**
 * Hold ports that nobody is in, to look into them: owners come in again after dlb_owner_let_go.
 * Ports of other threads are passed over when a fence would come too soon after the last one.
 *
 * @param o the ports; those that are held come to the front
 * @return how many are held; to be let go even when there are none
 */
unsigned int dlb_owner_hold(struct dlb_owners *group, struct dlb_owner *o[], unsigned int n);
void dlb_owner_let_go(struct dlb_owners *group, struct dlb_owner *o[], unsigned int n);

#endif /* SLIPWAY_DLB_OWNER_H */
