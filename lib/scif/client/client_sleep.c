/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>

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
	return errno == EINTR ? 0 : -ENOSYS;
}

/* Sleeps end now and then, to look for the engine, and the kernel tells of no handler that runs
 * just then. So signals are held back, and come in between two sleeps, where it is known which they
 * are.
 */
void
client_hold_signals(sigset_t *mask)
{
	sigset_t every;

	sigfillset(&every);
	pthread_sigmask(SIG_BLOCK, &every, mask);
}

void
client_release_signals(const sigset_t *mask)
{
	pthread_sigmask(SIG_SETMASK, mask, NULL);
}

static bool
ends_wait(int number, bool whole)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL &&
	       action.sa_handler != SIG_IGN && !(whole && (action.sa_flags & SA_RESTART) != 0);
}

int
client_let_in(const sigset_t *mask, bool whole)
{
	bool any = false, ends = false;
	sigset_t came, held;

	if (sigpending(&came) < 0 || sigisemptyset(&came))
		return 0;
	sigfillset(&held);
	for (int i = 1; i < NSIG; i++) {
		if (sigismember(&came, i) != 1 || sigismember(mask, i) == 1)
			continue;
		any = true;
		sigdelset(&held, i);
		ends = ends || ends_wait(i, whole);
	}
	/* Those, and no other that has come since. */
	if (any) {
		pthread_sigmask(SIG_SETMASK, &held, NULL);
		sigfillset(&held);
		pthread_sigmask(SIG_SETMASK, &held, NULL);
	}
	return ends ? -EINTR : 0;
}
