/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SIGNALS_H
#define SLIPWAY_SIGNALS_H

/**
 * @file
 * The program's signal handlers, kept away from the shim's own work. Programs stop and close their
 * devices in handlers; one that ran in the middle of a post would wait for a lock that its own
 * thread holds. So signal() and sigaction() are interposed: a handler that comes at a bad moment is
 * put off until signals_leave.
 *
 *   kernel ---> dispatch:  outside    the program's handler, as always
 *                          inside     block all signals in the interrupted context, send this one
 *                                     again, return; signals_leave unblocks, and it comes then
 */

#include <signal.h>
#include <stdbool.h>

/* All of this is for any thread, and for signal handlers too. */

/**
 * From here to signals_leave no handler of the program runs in this thread, and it is cancelled at
 * cancellation points only. Nests.
 */
void signals_enter(void);

/** What was put off comes now, in this call. */
void signals_leave(void);

/** Signals the shim needs for itself: SIGSEGV, SIGBUS, SIGILL, SIGTRAP. */
bool signals_is_ours(int sig);

/**
 * Install the shim's handler of one of those. What the program installs for it from then on is kept
 * for signals_chain.
 *
 * @return 0, or a negative errno
 */
int signals_install(int sig, void (*handler)(int, siginfo_t *, void *));

/**
 * A signal of ours that is none of our business: do what the program asked for, or the default. To
 * be called last in the shim's handler: a fault comes again after that, for the kernel to act on.
 */
void signals_chain(int sig, siginfo_t *info, void *context);

/**
 * The same for a signal that the shim makes up, and that will not come again of itself: the default
 * is carried out in this call.
 */
void signals_raise(int sig, siginfo_t *info, void *context);

#endif /* SLIPWAY_SIGNALS_H */
