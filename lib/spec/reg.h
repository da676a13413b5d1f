/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_REG_H
#define SLIPWAY_REG_H

/**
 * @file
 * Registers as rows, fields as ranges.
 *
 * A device's table (`<device>_regs.def`) names each register and field once. Its header turns the
 * table into enumerators: a row number per register, and `<REG>_<FIELD>_HI` / `_LO` per field.
 * Masks and shifts are derived from those, never typed.
 */

#include <stdint.h>

/** Mask of a field inside its register. */
#define REG_MASK(f) ((~UINT64_C(0) >> (63 - (f##_HI - f##_LO))) << f##_LO)
/** Value of a field, taken from a register word. */
#define REG_GET(f, word) (((uint64_t)(word) & REG_MASK(f)) >> f##_LO)
/** A value, moved to the place of a field; bits that do not fit are dropped. */
#define REG_PUT(f, value) (((uint64_t)(value) << f##_LO) & REG_MASK(f))
/** A register word with one field replaced. */
#define REG_SET(f, word, value) (((uint64_t)(word) & ~REG_MASK(f)) | REG_PUT(f, value))

/** Offset of a register that one version of the device does not have. */
#define REG_NONE UINT32_MAX

/** Versions a table describes side by side. */
#define REG_VERSIONS 2

/** How a register answers reads and writes. */
enum reg_access {
	REG_RW,      /**< stored */
	REG_RO,      /**< writes ignored */
	REG_RW1C,    /**< writing 1 clears */
	REG_RW1S,    /**< writing 1 sets */
	REG_COUNTER, /**< the device counts; a write loads */
	REG_LIVE,    /**< the device moves it; a write loads */
	REG_SYND,    /**< a record; writing its VALID and MORE bits clears them */
	REG_TRIGGER, /**< a write acts; what was written reads back */
	REG_WO,      /**< a write acts; reads mean nothing */
	REG_RWL,     /**< stored while the device's state allows it, ignored otherwise */
	REG_MIXED,   /**< by field, as their comments say */
	REG_WINDOW,  /**< page of posted 64-byte commands, not a register */
};

/** Bars a row can live in. */
enum reg_bar { REG_BAR_0 = 0, REG_BAR_2 = 2, REG_BAR_4 = 4, REG_BAR_VF = 0x100 };

/** One register or one array of registers. */
struct reg_row {
	const char *name;
	uint32_t offset[REG_VERSIONS];   /**< first instance, REG_NONE where absent */
	uint32_t count[REG_VERSIONS];    /**< instances along the first index */
	uint32_t stride;                 /**< bytes between them, 0 when there is one */
	uint32_t words;                  /**< instances along the second index, or 1 */
	uint32_t word_stride;            /**< bytes between those */
	uint64_t reset[REG_VERSIONS];
	enum reg_access access;
	enum reg_bar bar;
	uint8_t bytes; /**< of an instance: 4, or 8 of which each half can be accessed alone */
};

/** One named field of a register. */
struct reg_field {
	const char *name;
	uint16_t row;   /**< index into the table of rows */
	uint8_t hi, lo; /**< bits, both included */
	uint8_t versions; /**< bit v set: version v has it */
};

#endif /* SLIPWAY_REG_H */
