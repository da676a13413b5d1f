/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_WEAVE_STDATOMIC_H
#define SLIPWAY_WEAVE_STDATOMIC_H

/**
 * @file
 * Stands in front of the compiler's header where code is woven: the atomics that it uses, as
 * calls of weave.c, which decides who goes on.
 */

#include_next <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** A load: of the thread's own store under way, if there is one, else of memory. */
uint64_t weave_load(const volatile void *at, unsigned int size, int order);
/** A store: under way for a while, unless it is sequentially consistent. */
void weave_store(volatile void *at, unsigned int size, uint64_t value, int order);
/** In front of a read-modify-write: nothing older is under way. */
void weave_settle(void);

#define WEAVE_PLAIN(p) __typeof__((void)0, *(p))

#undef atomic_load_explicit
#undef atomic_load
#undef atomic_store_explicit
#undef atomic_store
#undef atomic_exchange
#undef atomic_fetch_add
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub
#undef atomic_fetch_or
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_strong_explicit
#undef atomic_exchange_explicit
#undef atomic_thread_fence

#define atomic_load_explicit(p, order) ((WEAVE_PLAIN(p))weave_load((p), sizeof(*(p)), (order)))
#define atomic_load(p) atomic_load_explicit(p, memory_order_seq_cst)
#define atomic_store_explicit(p, value, order) \
	weave_store((p), sizeof(*(p)), (uint64_t)(value), (order))
#define atomic_store(p, value) atomic_store_explicit(p, value, memory_order_seq_cst)
#define atomic_exchange(p, value) \
	(weave_settle(), __atomic_exchange_n((WEAVE_PLAIN(p) *)(p), (value), __ATOMIC_SEQ_CST))
#define atomic_fetch_add(p, value) \
	(weave_settle(), __atomic_fetch_add((WEAVE_PLAIN(p) *)(p), (value), __ATOMIC_SEQ_CST))
#define atomic_fetch_add_explicit(p, value, order) atomic_fetch_add(p, value)
#define atomic_fetch_sub(p, value) \
	(weave_settle(), __atomic_fetch_sub((WEAVE_PLAIN(p) *)(p), (value), __ATOMIC_SEQ_CST))
#define atomic_fetch_or(p, value) \
	(weave_settle(), __atomic_fetch_or((WEAVE_PLAIN(p) *)(p), (value), __ATOMIC_SEQ_CST))
#define atomic_exchange_explicit(p, value, order) atomic_exchange(p, value)
#define atomic_compare_exchange_strong(p, expected, value)                                         \
	(weave_settle(),                                                                           \
	 __atomic_compare_exchange_n((WEAVE_PLAIN(p) *)(p), (expected), (value), false,            \
				     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
#define atomic_compare_exchange_strong_explicit(p, expected, value, success, failure) \
	atomic_compare_exchange_strong(p, expected, value)
#define atomic_thread_fence(order) weave_settle()

#endif /* SLIPWAY_WEAVE_STDATOMIC_H */
