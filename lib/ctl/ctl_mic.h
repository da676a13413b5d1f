/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CTL_MIC_H
#define SLIPWAY_CTL_MIC_H

/**
 * @file
 * The answer to "regs" of a MIC: its registers that differ from their reset values.
 */

#include <stdint.h>

#include "ctl_text.h"

/** A MIC whose registers can be read. */
struct ctl_mic {
	const char *name;                              /**< what messages call it */
	uint32_t (*read)(void *arg, uint32_t bar4_off); /**< 4 bytes */
	void *arg;
};

/** Answer: {"device": "mic", "version": "x100", "registers": [[4, offset, word], ...]}. */
void ctl_mic_answer(const struct ctl_mic *mic, struct ctl_text *t);

#endif /* SLIPWAY_CTL_MIC_H */
