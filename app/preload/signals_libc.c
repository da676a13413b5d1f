/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The C library's functions on signals, as programs call them. They may be called before anything
 * of the shim was initialised, and need none of it.
 */

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "signals_actions.h"

/* Names that other programs see. */
#define PUBLIC __attribute__((visibility("default")))
/* One more name of a function. */
#define ALSO(name) PUBLIC __attribute__((alias(name)))

static uint64_t
set_word(const sigset_t *set)
{
	uint64_t word;

	memcpy(&word, set, sizeof(word));
	return word;
}

static void
set_from_word(sigset_t *set, uint64_t word)
{
	sigemptyset(set);
	memcpy(set, &word, sizeof(word));
}

/* ---- Actions ---- */

PUBLIC int
sigaction(int sig, const struct sigaction *restrict act, struct sigaction *restrict old)
{
	struct action new = {0}, was;
	int ret;

	if (act != NULL) {
		new.handler = act->sa_sigaction;
		new.flags = (unsigned int)act->sa_flags;
		new.mask = set_word(&act->sa_mask);
	}
	ret = actions_set(sig, act != NULL ? &new : NULL, old != NULL ? &was : NULL);
	if (ret < 0) {
		errno = -ret;
		return -1;
	}
	if (old != NULL) {
		memset(old, 0, sizeof(*old));
		old->sa_sigaction = was.handler;
		old->sa_flags = (int)was.flags;
		set_from_word(&old->sa_mask, was.mask);
	}
	return 0;
}

static sighandler_t
set_simple(int sig, sighandler_t handler, unsigned long flags, uint64_t mask)
{
	const struct action act = {
		.handler = (kernel_handler)(void (*)(void))handler,
		.flags = flags,
		.mask = mask,
	};
	struct action old;
	int ret = handler == SIG_ERR ? -EINVAL : actions_set(sig, &act, &old);

	if (ret < 0) {
		errno = -ret;
		return SIG_ERR;
	}
	return (sighandler_t)(void (*)(void))old.handler;
}

PUBLIC sighandler_t
signal(int sig, sighandler_t handler)
{
	uint64_t mask = sig >= 1 && sig <= KERNEL_SIGNALS ? KERNEL_BIT(sig) : 0;

	return set_simple(sig, handler, SA_RESTART, mask);
}

/* signal as System V had it, which programs get that ask for plain X/Open headers. */
PUBLIC sighandler_t
sysv_signal(int sig, sighandler_t handler)
{
	return set_simple(sig, handler, (unsigned int)SA_RESETHAND | SA_NODEFER, 0);
}

/* ---- Masks ---- */

PUBLIC int
pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	uint64_t word = 0, was = 0;
	int ret;

	if (set != NULL) {
		word = set_word(set);
		if (how != SIG_UNBLOCK)
			word &= ~(ACTIONS_OURS | KERNEL_LIBC_SIGNALS);
	}
	ret = kernel_sigmask(how, set != NULL ? &word : NULL, &was);
	if (ret == 0 && old != NULL)
		set_from_word(old, was);
	return -ret;
}

PUBLIC int
sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	int ret = pthread_sigmask(how, set, old);

	if (ret == 0)
		return 0;
	errno = ret;
	return -1;
}

/* sigset of System V: an action and the mask in one. */
PUBLIC sighandler_t
sigset(int sig, sighandler_t handler)
{
	sighandler_t old;
	sigset_t one, before;

	if (sig < 1 || sig > KERNEL_SIGNALS) {
		errno = EINVAL;
		return SIG_ERR;
	}
	set_from_word(&one, KERNEL_BIT(sig));
	if (handler == SIG_HOLD) {
		struct action act;
		int ret = actions_set(sig, NULL, &act);

		if (ret < 0) {
			errno = -ret;
			return SIG_ERR;
		}
		old = (sighandler_t)(void (*)(void))act.handler;
		pthread_sigmask(SIG_BLOCK, &one, &before);
	} else {
		old = set_simple(sig, handler, 0, 0);
		if (old == SIG_ERR)
			return SIG_ERR;
		pthread_sigmask(SIG_UNBLOCK, &one, &before);
	}
	return sigismember(&before, sig) == 1 ? SIG_HOLD : old;
}

ALSO("sigaction")
int __sigaction(int sig, const struct sigaction *act, struct sigaction *old) __THROW;
ALSO("signal")
sighandler_t bsd_signal(int sig, sighandler_t handler) __THROW;
ALSO("signal")
sighandler_t ssignal(int sig, sighandler_t handler) __THROW;
ALSO("sysv_signal")
sighandler_t __sysv_signal(int sig, sighandler_t handler) __THROW;
