/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_REACH_H
#define SLIPWAY_REACH_H

/**
 * @file
 * Memory as an instruction that the shim carries out sees it: BARs, and the program's own memory,
 * which may turn out to be no memory. For any thread, in signal handlers and patched sites.
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "insn.h"

/** No address of a BAR is known. */
#define REACH_NOWHERE UINT64_MAX

/** What goes with reach_memory: one instruction being carried out. */
struct reach {
	uint64_t bar; /**< an address known to lie in a BAR, or REACH_NOWHERE */
	bool failed;  /**< out: there was no memory; what was read is not to be used */
};

/** Memory for insn_execute; its context is a struct reach. */
extern const struct insn_memory reach_memory;

/**
 * Copy code or data of the program that may not be there.
 *
 * @return bytes copied, up to `len`
 */
size_t reach_fetch(uint64_t addr, void *bytes, size_t len);

/**
 * First thing in the handler of SIGSEGV and SIGBUS: is it an access of ours that failed?
 *
 * @param rip the saved register, which is changed if it is
 */
bool reach_divert(const siginfo_t *info, uint64_t *rip);

/** The signal that the last access that failed in this thread would have given the program. */
siginfo_t reach_fault(void);

#endif /* SLIPWAY_REACH_H */
