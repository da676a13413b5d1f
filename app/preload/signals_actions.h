/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SIGNALS_ACTIONS_H
#define SLIPWAY_SIGNALS_ACTIONS_H

/**
 * @file
 * What the program wants done about each signal, beside what the kernel was told. Any thread, and
 * signal handlers too.
 */

#include <stdbool.h>
#include <stdint.h>

#include "signals_kernel.h"

/** SIGSEGV, SIGBUS, SIGILL and SIGTRAP: what the shim lives on, and nobody may block. */
#define ACTIONS_OURS \
	(KERNEL_BIT(SIGSEGV) | KERNEL_BIT(SIGBUS) | KERNEL_BIT(SIGILL) | KERNEL_BIT(SIGTRAP))

/** An action as the program gave it. */
struct action {
	kernel_handler handler; /**< or SIG_DFL, SIG_IGN */
	unsigned long flags;    /**< SA_... */
	uint64_t mask;
};

/** Is this a function, and not SIG_DFL or SIG_IGN? */
static inline bool
action_calls(const struct action *act)
{
	return act->handler != KERNEL_DEFAULT && act->handler != KERNEL_IGNORE;
}

/**
 * sigaction, with the program's view of things.
 *
 * @param act the new action, or NULL
 * @param old out: the action before, may be NULL
 * @return 0, or -EINVAL for a signal that has no action, or whose action cannot be changed
 */
int actions_set(int sig, const struct action *act, struct action *old);

/**
 * The action for a signal that has come, which is used up if the program asked for SA_RESETHAND.
 */
struct action actions_take(int sig);

/** Let the kernel do what it does by default; this is for a signal that is about to come again. */
void actions_default(int sig);

/** Install a handler of the shim's for one of ACTIONS_OURS. 0, or a negative errno. */
int actions_install(int sig, kernel_handler handler);

/** The handler behind which all handlers of the program stand; signals.c's. */
void signals_dispatch(int sig, siginfo_t *info, void *context);

#endif /* SLIPWAY_SIGNALS_ACTIONS_H */
