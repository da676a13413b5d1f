/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CTL_DSA_H
#define SLIPWAY_CTL_DSA_H

/**
 * @file
 * The answer to "regs" of a DSA: its capabilities, which say where it has what, and those registers
 * that differ from their reset values. Registers of 8 bytes are two words of 4.
 */

#include <stddef.h>
#include <stdint.h>

#include "ctl_text.h"

/** A DSA whose registers can be read. */
struct ctl_dsa {
	const char *name; /**< what messages call it */
	/** Read 4 or 8 bytes of BAR 0. */
	uint64_t (*read)(void *arg, uint64_t off, unsigned int size);
	void (*config)(void *arg, uint16_t off, void *bytes, size_t len);
	void *arg;
};

/**
 * Answer: {"device": "dsa", "version", "msix": [vectors, offset of the table, of the pending bits],
 * "registers": [[0, offset, word], ...]}, or an error.
 */
void ctl_dsa_answer(const struct ctl_dsa *dsa, struct ctl_text *t);

#endif /* SLIPWAY_CTL_DSA_H */
