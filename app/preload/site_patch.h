/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SITE_PATCH_H
#define SLIPWAY_SITE_PATCH_H

/**
 * @file
 * Changing code that other threads run. By one thread at a time, in signal handlers.
 */

#include <stdint.h>

/** Bytes of a jmp rel32. */
#define JMP_BYTES 5
/** A stub has a page to itself, so that none is written to that somebody runs. */
#define STUB_BYTES 4096

/**
 * Map a page, readable and writable, that can be reached by jumps from `addr` and can jump back.
 *
 * @param len bytes at `addr` that must be code of the program's own, in a private mapping
 * @param prot out: protection of the code
 * @return the page, or NULL
 */
uint8_t *site_map_near(uint64_t addr, unsigned int len, int *prot);

/** Put a jmp rel32 at `from`, not caring who runs it. */
void site_put_jmp(uint8_t *from, uint64_t at, uint64_t to);

/**
 * Replace the first JMP_BYTES of an instruction by a jmp while other threads may run it: they see
 * the old instruction, an int3, or the new one.
 *
 * @param prot protection of the code, as site_map_near found it
 * @return 0, or a negative errno, and nothing was changed
 */
int site_overwrite(uint64_t addr, uint64_t to, int prot);

#endif /* SLIPWAY_SITE_PATCH_H */
