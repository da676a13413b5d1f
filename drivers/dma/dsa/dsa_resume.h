/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_RESUME_H
#define SLIPWAY_DSA_RESUME_H

/**
 * @file
 * The rest of an operation that a page fault has stopped half-way: section 11.3 of the datasheet.
 * For channels whose device uses the addresses of this process.
 */

#include <stdbool.h>

#include "dsa_desc.h"

/**
 * Make a descriptor say the rest of what it says.
 *
 * @param cr its completion record, of a page fault
 * @return false when it has no rest that could be said
 */
bool dsa_resume(struct dsa_desc *desc, const struct dsa_cr *cr);

/**
 * Have the kernel provide the page that was missing, and those behind it that the operation will
 * want next. Never a signal.
 *
 * @return false when there is no such memory
 */
bool dsa_resume_touch(const struct dsa_desc *desc, const struct dsa_cr *cr);

/** Can this CPU do that operation? */
bool dsa_resume_has_cpu(const struct dsa_desc *desc);

/**
 * Do it here: a memory move or fill. Never a signal.
 *
 * @return bytes done, from the beginning or, of a move that goes backwards, from the end; all of
 *         them, or up to where memory is missing
 */
uint32_t dsa_resume_cpu(const struct dsa_desc *desc);

#endif /* SLIPWAY_DSA_RESUME_H */
