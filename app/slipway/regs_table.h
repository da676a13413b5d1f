/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_REGS_TABLE_H
#define SLIPWAY_REGS_TABLE_H

/**
 * @file
 * The registers of the device that a dump is of: those of its model, where that device has them.
 */

#include "reg_text.h"
#include "regs.h"

/** Rows of the longest table. */
#define REGS_ROWS_MAX 512u

struct regs_table {
	struct reg_text text;
	struct reg_row moved[REGS_ROWS_MAX]; /**< of a model whose devices differ */
};

/** The table for a dump. */
void regs_table_of(struct regs_table *table, const struct regs_dump *dump);

/**
 * The register that a word of 4 bytes is in; as reg_text_find.
 *
 * @param high out: it is the upper half of one of 8 bytes
 */
bool regs_table_find(const struct regs_table *table, unsigned int bar, uint64_t off,
		     unsigned int *row, uint32_t *i, uint32_t *word, bool *high);

#endif /* SLIPWAY_REGS_TABLE_H */
