/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_DESC_H
#define SLIPWAY_MIC_DESC_H

/**
 * @file
 * Descriptors of the MIC X100's DMA engine, and where a channel is told of its ring: datasheet
 * sections 19.2 and 19.3. Addresses are the card's, 40 bits: its memory, or the host's through the
 * SMPT.
 */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mic_regs.h"

#define MIC_DESC_BYTES 16u

/** In memory, little endian. */
struct mic_desc {
	uint64_t qw[2];
};
static_assert(sizeof(struct mic_desc) == MIC_DESC_BYTES, "size of a descriptor");

/** MIC_DESC_<KIND>_TYPE, bits 63:60 of the second quadword. */
enum mic_desc_type {
	MIC_DESC_TYPE_NOP = 0,
	MIC_DESC_TYPE_MEMCPY = 1,
	MIC_DESC_TYPE_STATUS = 2,
	MIC_DESC_TYPE_GENERAL = 3,
	MIC_DESC_TYPE_KEYNONCECNT = 4,
	MIC_DESC_TYPE_KEY = 5,
};

/** Kind of descriptor, field, quadword, high and low bit. */
#define MIC_DESC_FIELDS(F)                                                                         \
	F(NOP, TYPE, 1, 63, 60)                                                                    \
	F(MEMCPY, SRC, 0, 39, 0)                                                                   \
	F(MEMCPY, KEY_INDEX, 0, 42, 40)                                                            \
	F(MEMCPY, LENGTH, 0, 59, 46) /* in lines of 64 bytes */                                    \
	F(MEMCPY, DST, 1, 39, 0)                                                                   \
	F(MEMCPY, TWB, 1, 55, 55) /* write the tail back */                                        \
	F(MEMCPY, INTR, 1, 56, 56)                                                                 \
	F(MEMCPY, C, 1, 57, 57) /* this and the next two: ciphers */                               \
	F(MEMCPY, CO, 1, 58, 58)                                                                   \
	F(MEMCPY, ECY, 1, 59, 59)                                                                  \
	F(MEMCPY, TYPE, 1, 63, 60)                                                                 \
	F(STATUS, DATA, 0, 63, 0)                                                                  \
	F(STATUS, DST, 1, 39, 0) /* a multiple of 8 */                                             \
	F(STATUS, INTR, 1, 59, 59)                                                                 \
	F(STATUS, TYPE, 1, 63, 60)                                                                 \
	F(GENERAL, DATA, 0, 31, 0)                                                                 \
	F(GENERAL, DST, 1, 39, 0)                                                                  \
	F(GENERAL, TYPE, 1, 63, 60)                                                                \
	F(KEYNONCECNT, DATA, 0, 63, 0)                                                             \
	F(KEYNONCECNT, CS, 1, 53, 53)                                                              \
	F(KEYNONCECNT, INDEX, 1, 56, 54)                                                           \
	F(KEYNONCECNT, H, 1, 57, 57)                                                               \
	F(KEYNONCECNT, SEL, 1, 59, 58)                                                             \
	F(KEYNONCECNT, TYPE, 1, 63, 60)                                                            \
	F(KEY, SKAP, 0, 39, 0)                                                                     \
	F(KEY, SKI, 0, 42, 40)                                                                     \
	F(KEY, DI, 1, 53, 51)                                                                      \
	F(KEY, TYPE, 1, 63, 60)

enum mic_desc_bits {
#define F(kind, name, qw, hi, lo)                                                                  \
	MIC_DESC_##kind##_##name##_HI = hi, MIC_DESC_##kind##_##name##_LO = lo,
	MIC_DESC_FIELDS(F)
#undef F
};

/** Addresses and lengths of copies are multiples of this. */
#define MIC_DMA_LINE 64u
/** One descriptor copies at most this: 14 bits of lines. */
#define MIC_DMA_COPY_MOST (0x3fffu * MIC_DMA_LINE)
/** Descriptors of a ring are a multiple of 4, below 2^17. */
#define MIC_DMA_RING_STEP 4u
#define MIC_DMA_RING_MOST 131068u
/** A ring begins on a line. */
#define MIC_DMA_RING_ALIGN 64u

static inline enum mic_desc_type
mic_desc_type(const struct mic_desc *d)
{
	/* Of every kind in the same place. */
	return (enum mic_desc_type)REG_GET(MIC_DESC_NOP_TYPE, d->qw[1]);
}

/** Copy `len` bytes, a multiple of MIC_DMA_LINE up to MIC_DMA_COPY_MOST. */
static inline struct mic_desc
mic_desc_copy(uint64_t dst, uint64_t src, uint32_t len)
{
	return (struct mic_desc){{
		REG_PUT(MIC_DESC_MEMCPY_SRC, src) |
			REG_PUT(MIC_DESC_MEMCPY_LENGTH, len / MIC_DMA_LINE),
		REG_PUT(MIC_DESC_MEMCPY_DST, dst) |
			REG_PUT(MIC_DESC_MEMCPY_TYPE, MIC_DESC_TYPE_MEMCPY),
	}};
}

/** Write 64 bits after all before it is done. */
static inline struct mic_desc
mic_desc_status(uint64_t dst, uint64_t data, bool interrupt)
{
	return (struct mic_desc){{
		data,
		REG_PUT(MIC_DESC_STATUS_DST, dst) | REG_PUT(MIC_DESC_STATUS_INTR, interrupt) |
			REG_PUT(MIC_DESC_STATUS_TYPE, MIC_DESC_TYPE_STATUS),
	}};
}

/** DRAR_LO of a ring at a card address. */
static inline uint32_t
mic_drar_lo(uint64_t address)
{
	return (uint32_t)(address & REG_MASK(MIC_DRAR_LO_BASE_LO));
}

/**
 * DRAR_HI of a ring of `descriptors` at a card address: one in host memory is known by the entry of
 * the SMPT and its place in there, one in card memory by its address.
 */
static inline uint32_t
mic_drar_hi(uint64_t address, uint32_t descriptors)
{
	bool sys = address >> 39 & 1;
	uint64_t base = address >> 32 & (sys ? 0x3 : 0xf);

	return (uint32_t)(REG_PUT(MIC_DRAR_HI_BASE_HI, base) |
			  REG_PUT(MIC_DRAR_HI_SIZE, descriptors) |
			  REG_PUT(MIC_DRAR_HI_SMPT, sys ? address >> 34 : 0) |
			  REG_PUT(MIC_DRAR_HI_SYS, sys));
}

/** The card address of the ring that DRAR_LO and DRAR_HI tell of. */
static inline uint64_t
mic_drar_address(uint32_t lo, uint32_t hi)
{
	uint64_t base = (lo & REG_MASK(MIC_DRAR_LO_BASE_LO)) |
			REG_GET(MIC_DRAR_HI_BASE_HI, hi) << 32;

	if (!REG_GET(MIC_DRAR_HI_SYS, hi))
		return base;
	return UINT64_C(1) << 39 | REG_GET(MIC_DRAR_HI_SMPT, hi) << 34 | (base & 0x3ffffffff);
}

#endif /* SLIPWAY_MIC_DESC_H */
