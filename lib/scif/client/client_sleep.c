/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include "client.h"

/* Of Linux since 5.16, for a C library that does not have it. */
#define SYS_FUTEX_WAITV 449
#define WORD_IS_32_BITS 2

#define NS_PER_S  1000000000u
#define NS_PER_MS 1000000u

int
client_sleep_any(struct client_word words[], unsigned int n, long ms)
{
	uint64_t end = client_now_ns() + (uint64_t)ms * NS_PER_MS;
	struct timespec ts = {(time_t)(end / NS_PER_S), (long)(end % NS_PER_S)};

	for (unsigned int i = 0; i < n; i++)
		words[i].flags = WORD_IS_32_BITS;
	if (syscall(SYS_FUTEX_WAITV, words, n, 0, &ts, CLOCK_MONOTONIC) >= 0 || errno == EAGAIN ||
	    errno == ETIMEDOUT)
		return 0;
	/* A filter of system calls may have another reason for not having it. */
	return errno == EINTR ? -EINTR : -ENOSYS;
}

int
client_sleep(_Atomic uint32_t *word, uint32_t was, long ms)
{
	static _Atomic bool missing;
	struct client_word one = {.was = was, .address = (uintptr_t)word};
	int ret = -ENOSYS;

	if (!atomic_load_explicit(&missing, memory_order_relaxed))
		ret = client_sleep_any(&one, 1, ms);
	if (ret != -ENOSYS)
		return ret;
	atomic_store_explicit(&missing, true, memory_order_relaxed);
	return client_futex_wait(word, was, ms) == -EINTR ? -EINTR : 0;
}
