/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_REGFILE_H
#define SLIPWAY_REGFILE_H

/**
 * @file
 * A register file: the only place where facts (rows) and behaviour (hooks) meet. It finds the row
 * behind an offset, applies the row's access rule, keeps the stored value, and calls the hook.
 *
 * A register of 8 bytes is two halves, which are accessed one after the other.
 *
 * Not thread-safe: its owner holds a lock around every call. Those that reach single values may be
 * called side by side for different registers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reg.h"

/** Instance of a row: its first and second index, and which half of one of 8 bytes. */
struct reg_at {
	uint16_t row;
	uint16_t half; /**< 0 the lower one, 1 the upper one */
	uint32_t i;
	uint32_t word;
};

/** Behaviour of one row. */
struct reg_hook {
	uint16_t row;
	/** What a read returns; NULL: the stored value. */
	uint32_t (*read)(void *owner, struct reg_at at);
	/** Called after a write was stored, with the value now stored; NULL: nothing to do. */
	void (*wrote)(void *owner, struct reg_at at, uint32_t value);
};

/** What a write leaves stored in a row whose access rule is not all there is to it. */
struct reg_rule {
	uint16_t row;
	/**
	 * What is stored when `value` is written to the bits of `mask`. `old` is what is stored; bits
	 * that are not in `mask` are 0 in `value`.
	 */
	uint32_t (*store)(void *owner, struct reg_at at, uint32_t old, uint32_t value,
			  uint32_t mask);
};

/** A device's facts, as its table header gives them. */
struct reg_table {
	const struct reg_row *rows;
	const struct reg_field *fields;
	unsigned int row_count;
	unsigned int field_count;
};

struct regfile;

/**
 * Make a register file with every register at its reset value.
 *
 * @param table the facts; kept
 * @param version column of the table
 * @param hooks behaviour, at most one per row; kept
 * @param hook_count how many
 * @param owner passed to the hooks
 * @return the register file, or NULL when memory is short
 */
struct regfile *regfile_create(const struct reg_table *table, unsigned int version,
			       const struct reg_hook *hooks, unsigned int hook_count, void *owner);

/** Add hooks, on rows that have none so far; kept. */
void regfile_hook(struct regfile *rf, const struct reg_hook *hooks, unsigned int hook_count);

/** Add rules, instead of the access rules of their rows; kept. */
void regfile_rule(struct regfile *rf, const struct reg_rule *rules, unsigned int rule_count);

/** Every register back to its reset value. Calls no hooks. */
void regfile_reset(struct regfile *rf);

/** Free a register file. NULL is allowed. */
void regfile_destroy(struct regfile *rf);

/**
 * Read 32 bits through the access rule.
 *
 * @return false when no register is there; *value is 0 then
 */
bool regfile_read(struct regfile *rf, unsigned int bar, uint64_t off, uint32_t *value);

/** Write 32 bits through the access rule; false when no register is there. */
bool regfile_write(struct regfile *rf, unsigned int bar, uint64_t off, uint32_t value);

/** Write some of 32 bits, those of `mask`: what a write of one or two bytes is. */
bool regfile_write_bits(struct regfile *rf, unsigned int bar, uint64_t off, uint32_t value,
			uint32_t mask);

/** The stored value of a register, without access rule or hook; it must exist. */
uint32_t regfile_get(const struct regfile *rf, unsigned int row, uint32_t i);

/**
 * Store a value as the device itself does: without access rule or hook, reserved bits read 0. The
 * register must exist.
 */
void regfile_put(struct regfile *rf, unsigned int row, uint32_t i, uint32_t value);

/**
 * A register's whole value, 4 or 8 bytes, as regfile_get and regfile_put have it: `half` does not
 * count.
 */
uint64_t regfile_value(const struct regfile *rf, struct reg_at at);
void regfile_set(struct regfile *rf, struct reg_at at, uint64_t value);

/** Find the row behind an offset; false when there is none. */
bool regfile_find(const struct regfile *rf, unsigned int bar, uint64_t off, struct reg_at *at);

#endif /* SLIPWAY_REGFILE_H */
