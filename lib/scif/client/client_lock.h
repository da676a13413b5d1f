/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_CLIENT_LOCK_H
#define SLIPWAY_SCIF_CLIENT_LOCK_H

/**
 * @file
 * Sleep and wake on words, and a lock that does: 0 open, 1 held, 2 held and somebody may sleep.
 */

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/** A lock among the threads of this process; zero is open. */
struct client_lock {
	_Atomic uint32_t word;
};

/**
 * Sleep while a word is as it was: 0, or -EINTR, -EAGAIN, -ETIMEDOUT.
 *
 * @param ms how long; negative: as long as it takes
 */
static inline int
client_futex_wait(_Atomic uint32_t *word, uint32_t was, long ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

	return syscall(SYS_futex, word, FUTEX_WAIT, was, ms < 0 ? NULL : &ts, NULL, 0) < 0 ? -errno
											   : 0;
}

static inline void
client_futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void client_lock_slow(struct client_lock *lock);

static inline void
client_lock(struct client_lock *lock)
{
	uint32_t open = 0;

	/* Sequentially consistent, as whoever forks looks at who has one: client_stream_share. */
	if (!atomic_compare_exchange_strong(&lock->word, &open, 1))
		client_lock_slow(lock);
}

static inline void
client_unlock(struct client_lock *lock)
{
	if (atomic_exchange(&lock->word, 0) == 2)
		client_futex_wake(&lock->word);
}

#endif /* SLIPWAY_SCIF_CLIENT_LOCK_H */
