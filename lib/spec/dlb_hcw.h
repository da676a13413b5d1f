/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_HCW_H
#define SLIPWAY_DLB_HCW_H

/**
 * @file
 * What travels between software and the DLB: commands (HCWs) to producer ports and queue elements
 * (QEs) in consumer queues, and the device's limits. Datasheet sections 2 and 4.
 */

#include <assert.h>
#include <stdint.h>

/* Resources of the device, datasheet section 2.1. */
#define DLB_DOMAINS       32
#define DLB_LDB_QUEUES    32
#define DLB_LDB_PORTS     64
#define DLB_DIR_PORTS_V20 64
#define DLB_DIR_PORTS_V25 96
#define DLB_DIR_PORTS_MAX DLB_DIR_PORTS_V25
#define DLB_LDB_CREDITS   8192  /**< 2.0 */
#define DLB_DIR_CREDITS   4096  /**< 2.0 */
#define DLB_CREDITS       16384 /**< 2.5, one pool for both kinds */
#define DLB_HIST_ENTRIES  2048  /**< shared by all LDB ports */
#define DLB_AQED_ENTRIES  2048  /**< shared by all LDB queues */
#define DLB_CQ_SLOTS      8     /**< queues one LDB CQ can be mapped to */
#define DLB_QID_INFLIGHTS 2048  /**< largest LDB queue inflight limit */
#define DLB_FLOWS         65536 /**< lock ids of an LDB queue */
#define DLB_HID_MIN       64    /**< fewest lock ids they can be compressed to, section 2.5 */
#define DLB_PRIO_BINS     4     /**< effective levels: priority bits 2:1, section 7.6 */

/* Ordering: two reorder groups of 1024 sequence numbers, modes 0..4 of 64 << mode each. */
#define DLB_SN_GROUPS    2
#define DLB_SN_PER_GROUP 1024
#define DLB_SN_MODES     5
#define DLB_SN_MIN       64

/* Consumer queues, sections 2.4 and 4.8. */
#define DLB_CQ_DEPTH_MIN     8 /**< smallest ring; less is emulated by presetting the token count */
#define DLB_CQ_DEPTH_MAX     1024
#define DLB_CQ_ENTRIES(code) (4u << (code)) /**< ring entries of a depth code 1..8 */
#define DLB_CQ_CODE_MIN      1
#define DLB_CQ_CODE_MAX      8
#define DLB_CQ_STEP_SPARSE   64 /**< bytes between QEs, one per cache line */
#define DLB_CQ_STEP_DENSE    16 /**< four per cache line */

/* Producer-port page, section 4.1. */
#define DLB_PP_SIZE   4096
#define DLB_LINE_SIZE 64 /**< one store: four HCWs */
#define DLB_LINE_HCWS 4

/** Scheduling type of a QE, byte 11 bits 1:0. */
enum dlb_sched { DLB_ATOMIC = 0, DLB_UNORDERED = 1, DLB_ORDERED = 2, DLB_DIRECTED = 3 };

/** Command: byte 15 bits 3:0 of an HCW, section 4.3. */
enum dlb_cmd {
	DLB_CMD_NOOP = 0x0,
	DLB_CMD_BAT_T = 0x1,  /**< return lock_id + 1 tokens (low 10 bits) */
	DLB_CMD_COMP = 0x2,   /**< retire the oldest history entry */
	DLB_CMD_COMP_T = 0x3, /**< that, and return tokens; how many is open, section 4.4 */
	DLB_CMD_ARM = 0x5,    /**< arm the CQ interrupt */
	DLB_CMD_NEW = 0x8,    /**< enqueue */
	DLB_CMD_NEW_T = 0x9,  /**< enqueue, return one token */
	DLB_CMD_FWD = 0xa,    /**< enqueue and retire */
	DLB_CMD_FWD_T = 0xb,  /**< enqueue, retire, return one token */
	DLB_CMD_FRAG = 0xc,   /**< enqueue on behalf of the oldest entry, which stays */
	DLB_CMD_FRAG_T = 0xd, /**< that, and return one token */
};

/* Bits of a command. */
#define DLB_CMD_BIT_TOKEN 0x1
#define DLB_CMD_BIT_COMP  0x2
#define DLB_CMD_BIT_FRAG  0x4
#define DLB_CMD_BIT_VALID 0x8

/**
 * An HCW or a QE: 16 bytes, little endian. `data` is bytes 0-7; `meta` is bytes 8-15, whose fields
 * are the ranges below. Sections 4.2 (HCW) and 4.5 (QE).
 */
struct dlb_qe {
	uint64_t data;
	uint64_t meta;
};

static_assert(sizeof(struct dlb_qe) == 16, "an HCW is 16 bytes");

#define DLB_QE_OPAQUE_HI   15 /**< bytes 8-9, carried unchanged */
#define DLB_QE_OPAQUE_LO   0
#define DLB_QE_QID_HI      23 /**< byte 10, destination; in a QE the source queue */
#define DLB_QE_QID_LO      16
#define DLB_QE_DIRECTED_WORD_HI 31 /**< bytes 10-11, see section 4.6 for directed QEs */
#define DLB_QE_DIRECTED_WORD_LO 16
#define DLB_QE_SCHED_HI    25 /**< byte 11 bits 1:0 */
#define DLB_QE_SCHED_LO    24
#define DLB_QE_PRIO_HI     28 /**< byte 11 bits 4:2, 0 highest */
#define DLB_QE_PRIO_LO     26
#define DLB_QE_MSG_HI      31 /**< byte 11 bits 7:5, carried unchanged */
#define DLB_QE_MSG_LO      29
#define DLB_QE_LOCK_HI     47 /**< bytes 12-13: flow, or tokens - 1 */
#define DLB_QE_LOCK_LO     32
#define DLB_QE_FLAGS_HI    55 /**< byte 14 */
#define DLB_QE_FLAGS_LO    48
#define DLB_QE_OWN_HI      63 /**< bytes 14-15 of a delivered QE: the device's own */
#define DLB_QE_OWN_LO      48
#define DLB_QE_WEIGHT_HI   50 /**< byte 14 bits 2:1, 2.5 only: 0, 2, 4, 8 */
#define DLB_QE_WEIGHT_LO   49
#define DLB_HCW_CMD_HI     59 /**< byte 15 bits 3:0 of an HCW */
#define DLB_HCW_CMD_LO     56
#define DLB_QE_GEN_HI      56 /**< byte 15 bit 0 of a QE: generation */
#define DLB_QE_GEN_LO      56
#define DLB_QE_DEPTH_HI    58 /**< byte 15 bits 2:1 of a QE: depth code, section 4.7 */
#define DLB_QE_DEPTH_LO    57
#define DLB_QE_ERROR_HI    61 /**< byte 15 bit 5 of a QE: storage error */
#define DLB_QE_ERROR_LO    61
/** Tokens of BAT_T: the low 10 bits of the lock id, plus one. */
#define DLB_HCW_TOKENS_HI  41
#define DLB_HCW_TOKENS_LO  32

#endif /* SLIPWAY_DLB_HCW_H */
