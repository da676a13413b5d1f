/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TRAP_H
#define SLIPWAY_TRAP_H

/**
 * @file
 * Accesses to closed BAR pages, and instructions that this CPU lacks, come here as signals.
 */

#include <signal.h>

/** Install the handlers, before the first BAR is mapped; once. 0, or a negative errno. */
int trap_install(void);

/**
 * The handler of SIGSEGV, SIGBUS, SIGILL and SIGTRAP, here for tests that bring contexts of their
 * own. Any thread, in a signal handler.
 */
void trap_handle(int sig, siginfo_t *info, void *context);

#endif /* SLIPWAY_TRAP_H */
