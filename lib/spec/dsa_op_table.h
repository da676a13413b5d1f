/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_OP_TABLE_H
#define SLIPWAY_DSA_OP_TABLE_H

/**
 * @file
 * What a descriptor of each operation may hold: the rows of dsa_ops.def. One copy in each file that
 * includes this.
 */

#include <stdint.h>

#include "dsa_desc.h"

/** Flags that a descriptor of any operation may have. */
#define DSA_FLAGS_ALL                                                                              \
	(DSA_FLAG_FENCE | DSA_FLAG_CRAV | DSA_FLAG_RCR | DSA_FLAG_RCI | DSA_FLAG_CR_TC)
/** Cache control. */
#define DSA_FLAGS_CC (DSA_FLAG_CC1 | DSA_FLAG_CC2 | DSA_FLAG_CC3)

/** One bit for each of the bytes from `first` to `last` of a descriptor. */
#define DSA_BYTES(first, last) ((~UINT64_C(0) >> (63 - ((last) - (first)))) << (first))

/** Opcodes are below this. */
#define DSA_OPCODES 0x27

struct dsa_op_row {
	const char *name;  /**< NULL: no such operation */
	uint8_t version;   /**< 1 or 2: the first that has it */
	uint8_t gencap;    /**< bit that `flag` needs */
	uint32_t flags;    /**< allowed, DSA_FLAGS_ALL included */
	uint32_t must;     /**< to be set */
	uint32_t flag;     /**< of the allowed ones, conditional */
	uint64_t reserved; /**< bytes, DSA_BYTES */
	uint64_t words[8]; /**< the same as masks of the descriptor's words */
};

/* Bytes of one word as a mask of its bits. */
#define DSA_BYTE_MASK(bytes, n)  (((bytes) >> (n) & 1) * UINT64_C(0xff) << ((n) % 8 * 8))
#define DSA_WORD_MASK(bytes, w)                                                                    \
	(DSA_BYTE_MASK(bytes, (w) * 8) | DSA_BYTE_MASK(bytes, (w) * 8 + 1) |                       \
	 DSA_BYTE_MASK(bytes, (w) * 8 + 2) | DSA_BYTE_MASK(bytes, (w) * 8 + 3) |                   \
	 DSA_BYTE_MASK(bytes, (w) * 8 + 4) | DSA_BYTE_MASK(bytes, (w) * 8 + 5) |                   \
	 DSA_BYTE_MASK(bytes, (w) * 8 + 6) | DSA_BYTE_MASK(bytes, (w) * 8 + 7))
#define DSA_WORD_MASKS(bytes)                                                                      \
	{                                                                                          \
		DSA_WORD_MASK(bytes, 0), DSA_WORD_MASK(bytes, 1), DSA_WORD_MASK(bytes, 2),         \
		DSA_WORD_MASK(bytes, 3), DSA_WORD_MASK(bytes, 4), DSA_WORD_MASK(bytes, 5),         \
		DSA_WORD_MASK(bytes, 6), DSA_WORD_MASK(bytes, 7)                                   \
	}

/* The words of the rows. */
#define BOF    DSA_FLAG_BOF
#define CC     DSA_FLAGS_CC
#define CC2    DSA_FLAG_CC2
#define SO     DSA_FLAG_STRICT
#define CHECK  DSA_FLAG_CHECK
#define A1     DSA_FLAG_TC1
#define A2     DSA_FLAG_TC2
#define A3     DSA_FLAG_TC3
#define F(n)   (1u << (n))
#define RECORD (DSA_FLAG_CRAV | DSA_FLAG_RCR)
#define B(first, last) DSA_BYTES(first, last)
#define DSA_OP(NAME, code, since, text, allowed, needed, bytes, conditional, bit)                  \
	[DSA_OP_##NAME] = {                                                                        \
		.name = text,                                                                      \
		.version = since,                                                                  \
		.gencap = bit,                                                                     \
		.flags = DSA_FLAGS_ALL | (allowed),                                                \
		.must = needed,                                                                    \
		.flag = conditional,                                                               \
		.reserved = bytes,                                                                 \
		.words = DSA_WORD_MASKS(bytes),                                                    \
	},

/** By opcode. */
static const struct dsa_op_row dsa_op_rows[DSA_OPCODES] = {
#include "dsa_ops.def"
};

#undef BOF
#undef CC
#undef CC2
#undef SO
#undef CHECK
#undef A1
#undef A2
#undef A3
#undef F
#undef RECORD
#undef B
#undef DSA_OP

#endif /* SLIPWAY_DSA_OP_TABLE_H */
