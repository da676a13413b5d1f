/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_REGS_H
#define SLIPWAY_MIC_REGS_H

/**
 * @file
 * Names of the MIC X100's registers and fields, made from mic_regs.def, and what its PCI function
 * looks like.
 *
 * `MIC_<REGISTER>` is the number of the row in mic_reg_rows (mic_reg_table.h), `MIC_<REGISTER>_AT`
 * its offset in BAR4 and `_STRIDE` what lies between those of an array, both for MIC_AT;
 * `MIC_<REGISTER>_<FIELD>_HI` and `_LO` are the bits of a field, for REG_GET and REG_PUT.
 */

#include "reg.h"

/** Bytes of BAR4, and its blocks. */
#define MIC_BAR4_BYTES 0x20000u
#define MIC_DBOX       0x00000u
#define MIC_SBOX       0x10000u

enum mic_reg {
#define REG(name, ...) MIC_##name,
#define REGS(name, ...) MIC_##name,
#define REG8S(name, ...) MIC_##name,
#define FIELD(...)
#include "mic_regs.def"
	MIC_REG_COUNT
};

enum mic_reg_at {
#define REG(name, block, off, ...) MIC_##name##_AT = MIC_##block + (off), MIC_##name##_STRIDE = 0,
#define REGS(name, block, off, n, step, ...)                                                       \
	MIC_##name##_AT = MIC_##block + (off), MIC_##name##_STRIDE = (step),
#define REG8S REGS
#define FIELD(...)
#include "mic_regs.def"
};

enum mic_field_bits {
#define REG(...)
#define REGS(...)
#define REG8S(...)
#define FIELD(reg, name, hi, lo) MIC_##reg##_##name##_HI = hi, MIC_##reg##_##name##_LO = lo,
#include "mic_regs.def"
};

/** Offset of instance `i` of a register in BAR4: MIC_AT(SMPT, 31). */
#define MIC_AT(reg, i) ((uint32_t)MIC_##reg##_AT + (uint32_t)(i) * (uint32_t)MIC_##reg##_STRIDE)
/** Offset of a scratchpad, 0 to 15. */
#define MIC_SPAD_AT(n) ((uint32_t)MIC_SPAD0_AT + 4u * (uint32_t)(n))
#define MIC_SPADS      16u

/** The part of BAR4 that is the DMA engine's, but for DCR: eight channels. */
#define MIC_DMA_AT          ((uint32_t)MIC_DCAR_AT)
#define MIC_DMA_CHANNELS    8u
#define MIC_DMA_HOST_CHANNELS 4u /**< 0 to 3 are the host's, 4 to 7 the card's */
#define MIC_DMA_CHANNEL_BYTES 0x40u

/** DCR of one channel: owner (1: host) and enable. */
#define MIC_DCR_OWNER(ch)  (1u << 2 * (ch))
#define MIC_DCR_ENABLE(ch) (2u << 2 * (ch))
/** DSTAT of a channel that has stopped. */
#define MIC_DSTAT_QUIESCED 0x20000000u

/* ---- The PCI function, section 3 ---- */

#define MIC_PCI_VENDOR       0x8086u
#define MIC_PCI_DEVICE_FIRST 0x2250u
#define MIC_PCI_DEVICE_LAST  0x225eu
#define MIC_PCI_CLASS        0x0b4000u
#define MIC_PCI_SUB_DEVICE   0xd804u
#define MIC_BAR_APERTURE     0u
#define MIC_BAR_MMIO         4u
#define MIC_PCI_PM           0x44u
#define MIC_PCI_PCIE         0x4cu
#define MIC_PCI_MSI          0x88u
#define MIC_PCI_MSIX         0x98u
#define MIC_PCI_AER          0x100u
#define MIC_VECTORS          16u /**< of MSI and of MSI-X; its table: MIC_MSIX_ADDR_LO_AT */

/** Revision of the PCI function: the silicon's stepping. */
enum mic_stepping {
	MIC_STEPPING_A0 = 0x00,
	MIC_STEPPING_B0 = 0x10,
	MIC_STEPPING_B1 = 0x11,
	MIC_STEPPING_C0 = 0x20,
};

/* ---- Interrupt sources, section 8.1 ---- */

#define MIC_SOURCE_DOORBELL(db) (db)       /**< 0 to 3 */
#define MIC_SOURCE_DMA(ch)      (8u + (ch)) /**< 0 to 7 */
#define MIC_SOURCE_ERROR        30u
#define MIC_C2H_DOORBELLS       4u
/** What drivers enable: all doorbells and channels. */
#define MIC_SOURCES_ENABLED     0x0000ff0fu

#endif /* SLIPWAY_MIC_REGS_H */
