/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <pthread.h>

#include "test.h"

static pthread_t threads[16];
static unsigned int nb_threads;
static bool stopping;

/** Start a thread that ends of itself, or once threads_stopping() says so. */
void
thread_start(void *(*run)(void *), void *arg)
{
	assert_true(nb_threads < RTE_DIM(threads));
	assert_int_equal(pthread_create(&threads[nb_threads], NULL, run, arg), 0);
	nb_threads++;
}

/** Is it time for a thread to end? */
bool
threads_stopping(void)
{
	return __atomic_load_n(&stopping, __ATOMIC_ACQUIRE);
}

/** Wait until the threads have ended of themselves. */
void
threads_join(void)
{
	while (nb_threads > 0)
		pthread_join(threads[--nb_threads], NULL);
	stopping = false;
}

/** End the threads; after every case, because one that fails leaves its threads behind. */
void
threads_end(void)
{
	__atomic_store_n(&stopping, true, __ATOMIC_RELEASE);
	threads_join();
}
