/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SITE_H
#define SLIPWAY_SITE_H

/**
 * @file
 * Places in the program that post to devices again and again, patched so that they call the shim
 * instead of trapping. For signal handlers of any thread.
 *
 *   program            stub, a page of its own       shim
 *     jmp stub   --->    call site_enter...   --->     save vectors, site_run, restore
 *     (rest)     <---    jmp back             <---
 *                        the instruction itself, for the time it touches ordinary memory
 */

#include <stdbool.h>
#include <stdint.h>

#include "code.h"

/** Most sites that are ever patched; those that come later go on trapping. */
#define SITE_MAX 1024

/** Find out what this CPU can do; patches nothing on one that has no XSAVE. Once. */
void site_init(void);

/** Was the instruction here patched, or is it being patched? Then it is to be tried again. */
bool site_is_patched(uint64_t rip);

/** An instruction was carried out in a trap: patch it, if that is possible and likely to pay. */
void site_trapped(const struct code *code);

/** Where the program is when it is at `rip`, which may lie in a stub. */
uint64_t site_rip(uint64_t rip);

#endif /* SLIPWAY_SITE_H */
