/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_REGS_H
#define SLIPWAY_DSA_REGS_H

/**
 * @file
 * Names of the DSA registers and fields, made from dsa_regs.def, and the values in them that
 * software compares with.
 *
 * `DSA_<REGISTER>` is the number of the row in dsa_reg_rows (dsa_reg_table.h);
 * `DSA_<REGISTER>_<FIELD>_HI` and `_LO` are the bits of a field, for REG_GET and REG_PUT.
 */

#include "reg.h"

/** Version of the device: index of the per-version columns. */
enum dsa_column { DSA_V1 = 0, DSA_V2 = 1 };

enum dsa_reg {
#define REG(name, ...) DSA_##name,
#define REGV(name, ...) DSA_##name,
#define REG2(name, ...) DSA_##name,
#define ENTRY(name, ...) DSA_##name,
#define ENTRY2(name, ...) DSA_##name,
#define PERF(name, ...) DSA_##name,
#define WINDOW(name, ...) DSA_##name,
#define FIELD(...)
#include "dsa_regs.def"
	DSA_REG_COUNT
};

enum dsa_field_bits {
#define REG(...)
#define REGV(...)
#define REG2(...)
#define ENTRY(...)
#define ENTRY2(...)
#define PERF(...)
#define WINDOW(...)
#define FIELD(reg, name, hi, lo) DSA_##reg##_##name##_HI = hi, DSA_##reg##_##name##_LO = lo,
#include "dsa_regs.def"
};

/**
 * Tables of BAR0, and their places, entries and strides on SPR: section 3. IMS and IDPT have none
 * there that is known; these are where the example of the document leaves room.
 */
#define DSA_TABLES(T)                                                                              \
	T(MSIXPERM, 0x200, 9, 0x8)                                                                 \
	T(GRPCFG, 0x300, 4, 0x40)                                                                  \
	T(WQCFG, 0x400, 8, 0x20)                                                                   \
	T(PERFMON, 0x1000, 1, 0xa00)                                                               \
	T(MSIXTBL, 0x2000, 9, 0x10)                                                                \
	T(MSIXPBA, 0x3000, 1, 0x8)                                                                 \
	T(IMS, 0x4000, 2048, 0x10)                                                                 \
	T(IDPT, 0xc000, 256, 0x20)

enum dsa_table {
#define T(name, ...) DSA_TABLE_##name,
	DSA_TABLES(T)
#undef T
	DSA_TABLE_NONE, /**< a register at a fixed place */
};

#define DSA_TABLE_COUNT DSA_TABLE_NONE
/** What OFFSETS counts in, bytes. */
#define DSA_OFFSETS_UNIT 0x100u
/** Bytes of BAR0. */
#define DSA_BAR0_BYTES 0x10000u

/** GENSTS.STATE, section 4.1. */
enum dsa_state {
	DSA_STATE_DISABLED = 0,
	DSA_STATE_ENABLED = 1,
	DSA_STATE_IN_PROGRESS = 2,
	DSA_STATE_HALT = 3,
};

/** WQCFG_DW6.STATE. */
enum dsa_wq_state {
	DSA_WQ_DISABLED = 0,
	DSA_WQ_ENABLED = 1,
	DSA_WQ_DISABLING = 2,
};

/** GENSTS.RESET_TYPE: what leads out of Halt. */
enum dsa_reset_type {
	DSA_RESET_SOFTWARE = 0,
	DSA_RESET_FLR = 1,
	DSA_RESET_WARM = 2,
	DSA_RESET_COLD = 3,
};

/** CMD.CODE, section 4.3. */
enum dsa_command {
	DSA_COMMAND_ENABLE_DEVICE = 1,
	DSA_COMMAND_DISABLE_DEVICE = 2,
	DSA_COMMAND_DRAIN_ALL = 3,
	DSA_COMMAND_ABORT_ALL = 4,
	DSA_COMMAND_RESET_DEVICE = 5,
	DSA_COMMAND_ENABLE_WQ = 6,   /**< operand: index */
	DSA_COMMAND_DISABLE_WQ = 7,  /**< operand: bits 15:0 bitmap, 19:16 which 16 of them */
	DSA_COMMAND_DRAIN_WQ = 8,    /**< likewise */
	DSA_COMMAND_ABORT_WQ = 9,    /**< likewise */
	DSA_COMMAND_RESET_WQ = 10,   /**< likewise */
	DSA_COMMAND_DRAIN_PASID = 11,
	DSA_COMMAND_ABORT_PASID = 12,
	DSA_COMMAND_REQUEST_INT_HANDLE = 13, /**< operand: bits 15:0 index, 16 IMS */
	DSA_COMMAND_RELEASE_INT_HANDLE = 14, /**< likewise, of a handle */
	DSA_COMMAND_REQUEST_IDPT_HANDLE = 15,
	DSA_COMMAND_RELEASE_IDPT_HANDLE = 16,
	DSA_COMMAND_INVALIDATE_BITMAP = 17,
};
/** Operand of commands on WQs: the bit of WQ n. Those of one command have n / 16 in common. */
#define DSA_COMMAND_WQ_BIT(n) (((n) / 16u) << 16 | 1u << (n) % 16u)
/** Operand of commands on interrupt handles: the entry, or handle, is one of IMS. */
#define DSA_COMMAND_HANDLE_IMS (1u << 16)

/** CMDSTATUS.ERROR, section 4.4. */
enum dsa_command_error {
	DSA_ERROR_NONE = 0x00,
	DSA_ERROR_COMMAND = 0x01,
	DSA_ERROR_WQ_INDEX = 0x02,
	DSA_ERROR_HARDWARE = 0x03,
	DSA_ERROR_RESERVED = 0x04,
	DSA_ERROR_HALT = 0x05,
	/* Enable Device. */
	DSA_ERROR_DEVICE_ENABLED = 0x10,
	DSA_ERROR_DEVICE_OTHER = 0x11,
	DSA_ERROR_BUS_MASTER = 0x12,
	DSA_ERROR_PRS_ALLOC = 0x13,
	DSA_ERROR_WQ_SIZES = 0x14,
	DSA_ERROR_GROUP = 0x15,
	DSA_ERROR_WQ_GROUP = 0x16,
	DSA_ERROR_ENGINE_GROUP = 0x17,
	DSA_ERROR_READ_BUFFERS = 0x18,
	DSA_ERROR_EVENT_LOG = 0x19,
	DSA_ERROR_ATS = 0x1a,
	DSA_ERROR_PASID = 0x1b,
	/* Enable WQ. */
	DSA_ERROR_DEVICE_NOT_ENABLED = 0x20,
	DSA_ERROR_WQ_ENABLED = 0x21,
	DSA_ERROR_WQ_SIZE = 0x22,
	DSA_ERROR_WQ_PRIORITY = 0x23,
	DSA_ERROR_WQ_MODE = 0x24,
	DSA_ERROR_WQ_BOF = 0x25,
	DSA_ERROR_WQ_PASID = 0x26,
	DSA_ERROR_WQ_BATCH = 0x27,
	DSA_ERROR_WQ_TRANSFER = 0x28,
	DSA_ERROR_WQ_PRIV = 0x2a,
	DSA_ERROR_WQ_OCCUPANCY = 0x2b,
	DSA_ERROR_WQ_ATS = 0x2c,
	DSA_ERROR_WQ_OPCFG = 0x2d,
	DSA_ERROR_WQ_PRS = 0x2e,
	/* Others. */
	DSA_ERROR_NOT_ENABLED = 0x31,
	DSA_ERROR_WQ_NOT_ENABLED = 0x32,
	DSA_ERROR_HANDLE_INDEX = 0x41,
	DSA_ERROR_HANDLE_NONE = 0x42,
	DSA_ERROR_IDPT_INDEX = 0x51,
	DSA_ERROR_IDPT_NONE = 0x52,
};

#endif /* SLIPWAY_DSA_REGS_H */
