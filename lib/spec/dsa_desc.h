/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_DESC_H
#define SLIPWAY_DSA_DESC_H

/**
 * @file
 * What travels between software and the DSA: descriptors to portals, completion records to memory,
 * and the values in them. Datasheet sections 5, 7, 8, 12 and 15. Little endian, as the device.
 */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define DSA_DESC_BYTES   64
#define DSA_CR_BYTES     32
#define DSA_PORTAL_BYTES 4096
/** Portals of a work queue in BAR2, by the two bits above the page: section 5.1. */
#define DSA_PORTAL_UNLIMITED     0
#define DSA_PORTAL_LIMITED       1
#define DSA_PORTAL_UNLIMITED_IMS 2
#define DSA_PORTAL_LIMITED_IMS   3
#define DSA_PORTALS_PER_WQ       4
#define DSA_PORTAL_OFFSET(wq, kind) (((uint64_t)(wq)*DSA_PORTALS_PER_WQ + (kind)) * DSA_PORTAL_BYTES)

/** Versions of the device, as VERSION says them. */
#define DSA_VERSION_1 0x100
#define DSA_VERSION_2 0x200

/** Opcodes, section 8.1. */
enum dsa_opcode {
	DSA_OP_NOOP = 0x00,
	DSA_OP_BATCH = 0x01,
	DSA_OP_DRAIN = 0x02,
	DSA_OP_MOVE = 0x03,
	DSA_OP_FILL = 0x04,
	DSA_OP_COMPARE = 0x05,
	DSA_OP_COMPARE_PATTERN = 0x06,
	DSA_OP_CREATE_DELTA = 0x07,
	DSA_OP_APPLY_DELTA = 0x08,
	DSA_OP_DUALCAST = 0x09,
	DSA_OP_TRANSLATION_FETCH = 0x0a,
	DSA_OP_CRC = 0x10,
	DSA_OP_COPY_CRC = 0x11,
	DSA_OP_DIF_CHECK = 0x12,
	DSA_OP_DIF_INSERT = 0x13,
	DSA_OP_DIF_STRIP = 0x14,
	DSA_OP_DIF_UPDATE = 0x15,
	DSA_OP_DIX_GENERATE = 0x17,
	DSA_OP_CACHE_FLUSH = 0x20,
	DSA_OP_UPDATE_WINDOW = 0x21,
	DSA_OP_IDOM_COPY = 0x23,
	DSA_OP_IDOM_FILL = 0x24,
	DSA_OP_IDOM_COMPARE = 0x25,
	DSA_OP_IDOM_COMPARE_PATTERN = 0x26,
};

/** Flags, 24 bits, section 7.2. */
#define DSA_FLAG_FENCE    (1u << 0)
#define DSA_FLAG_BOF      (1u << 1) /**< block on fault */
#define DSA_FLAG_CRAV     (1u << 2) /**< completion record address valid */
#define DSA_FLAG_RCR      (1u << 3) /**< request completion record */
#define DSA_FLAG_RCI      (1u << 4) /**< request completion interrupt */
#define DSA_FLAG_CC3      (1u << 5)
#define DSA_FLAG_CHECK    (1u << 7) /**< check result */
#define DSA_FLAG_CC1      (1u << 8) /**< write to cache */
#define DSA_FLAG_TC1      (1u << 9)
#define DSA_FLAG_TC2      (1u << 10)
#define DSA_FLAG_TC3      (1u << 11)
#define DSA_FLAG_CR_TC    (1u << 12)
#define DSA_FLAG_STRICT   (1u << 13)
#define DSA_FLAG_CC2      (1u << 14) /**< destination readback */
#define DSA_FLAG_OP(n)    (1u << (16 + (n))) /**< operation-specific flags, bits 16 to 23 */
/* Those of operations. */
#define DSA_FLAG_BATCH_ERROR     DSA_FLAG_OP(0) /**< batch continuation */
#define DSA_FLAG_FILL_16         DSA_FLAG_OP(2)
#define DSA_FLAG_CRC_SEED_ADDR   DSA_FLAG_OP(0)
#define DSA_FLAG_CRC_RAW         DSA_FLAG_OP(1) /**< bypass inversion and reflection */
#define DSA_FLAG_CRC_RAW_DATA    DSA_FLAG_OP(2) /**< bypass data reflection */
#define DSA_FLAG_CRC_64          DSA_FLAG_OP(3)
#define DSA_FLAG_DRAIN_READ1     DSA_FLAG_OP(0)
#define DSA_FLAG_DRAIN_READ2     DSA_FLAG_OP(1)

/** Completion status, bits 5:0, section 12. */
enum dsa_status {
	DSA_STATUS_NONE = 0x00,
	DSA_STATUS_SUCCESS = 0x01,
	DSA_STATUS_FALSE_PREDICATE = 0x02,
	DSA_STATUS_PAGE_FAULT = 0x03,
	DSA_STATUS_PAGE_REQUEST_FAILED = 0x04,
	DSA_STATUS_BATCH_FAILED = 0x05,
	DSA_STATUS_BATCH_FAULT = 0x06,
	DSA_STATUS_DELTA_ORDER = 0x07,
	DSA_STATUS_DELTA_RANGE = 0x08,
	DSA_STATUS_DIF_ERROR = 0x09,
	DSA_STATUS_OPCODE = 0x10,
	DSA_STATUS_FLAGS = 0x11,
	DSA_STATUS_RESERVED = 0x12,
	DSA_STATUS_SIZE = 0x13,
	DSA_STATUS_COUNT = 0x14,
	DSA_STATUS_DELTA_SIZE = 0x15,
	DSA_STATUS_OVERLAP = 0x16,
	DSA_STATUS_DUALCAST_ALIGN = 0x17,
	DSA_STATUS_LIST_ALIGN = 0x18,
	DSA_STATUS_INTERRUPT_HANDLE = 0x19,
	DSA_STATUS_CR_FAULT = 0x1a,
	DSA_STATUS_CR_ALIGN = 0x1b,
	DSA_STATUS_ALIGN = 0x1c,
	DSA_STATUS_PRIV = 0x1d,
	DSA_STATUS_TRAFFIC_CLASS = 0x1e,
	DSA_STATUS_DRAIN_FAULT = 0x1f,
	DSA_STATUS_READ_ERROR = 0x20,
	DSA_STATUS_WRITE_ERROR = 0x21,
	DSA_STATUS_TRANSLATION_ERROR = 0x22,
	/* In SWERROR only. */
	DSA_STATUS_PCI_CHANGED = 0x51,
	DSA_STATUS_CMD_BUSY = 0x52,
	DSA_STATUS_WQ_FULL = 0x53,
	DSA_STATUS_EVENT_LOG = 0x54,
};
#define DSA_STATUS_CODE(status) ((status) & 0x3f)
#define DSA_STATUS_WRITE        0x80 /**< the access that faulted was a write */

#define DSA_PASID_MASK 0xfffffu
#define DSA_PRIV       (1u << 31)

/** Bits of GENCAP that decide what a descriptor may hold: section 3.2. */
#define DSA_GENCAP_OVERLAP   (UINT64_C(1) << 1)
#define DSA_GENCAP_CACHE     (UINT64_C(1) << 2)
#define DSA_GENCAP_DURABLE   (UINT64_C(1) << 5)
#define DSA_GENCAP_READBACK  (UINT64_C(1) << 8)
#define DSA_GENCAP_CR_FAULT  (UINT64_C(1) << 12)
#define DSA_GENCAP_BATCH_1   (UINT64_C(1) << 52)
#define DSA_GENCAP_NO_STRICT (UINT64_C(1) << 53) /**< strict ordering reserved for memory */

/** Which of its addresses an operation could not reach: section 7.3. */
enum dsa_operand {
	DSA_OPERAND_UNKNOWN = 0,
	DSA_OPERAND_SOURCE = 1, /**< also batch list, record of apply delta, readback 1 */
	DSA_OPERAND_SOURCE2 = 2, /**< also CRC seed, readback 2 */
	DSA_OPERAND_DEST = 3, /**< also record of create delta */
	DSA_OPERAND_DEST2 = 4,
	DSA_OPERAND_CR = 5,
};

/** Bounds of a delta record, section 8.5. */
#define DSA_DELTA_ENTRY_BYTES 10
#define DSA_DELTA_RECORD_MIN  80
#define DSA_DELTA_MAX_SIZE    0x80000

/** DIF, section 15.3: flags of all, of the source, of the destination; status. */
#define DSA_DIF_BLOCK(flags)    ((flags) & 3) /**< 512, 520, 4096, 4104 bytes */
#define DSA_DIF_INVERT_SEED     0x04
#define DSA_DIF_INVERT_RESULT   0x08
#define DSA_DIF_FLAGS           0x0f
#define DSA_DIF_SRC_REF_FIXED   0x80
#define DSA_DIF_SRC_REF_OFF     0x40
#define DSA_DIF_SRC_GUARD_OFF   0x20
#define DSA_DIF_SRC_APP_COUNTS  0x10
#define DSA_DIF_SRC_F_APP_REF   0x08
#define DSA_DIF_SRC_F_APP       0x04
#define DSA_DIF_SRC_F_ALL       0x02
#define DSA_DIF_SRC_F_ERROR     0x01
#define DSA_DIF_DST_REF_FIXED   0x80
#define DSA_DIF_DST_REF_PASS    0x40
#define DSA_DIF_DST_GUARD_PASS  0x20
#define DSA_DIF_DST_APP_COUNTS  0x10
#define DSA_DIF_DST_APP_PASS    0x08
#define DSA_DIF_DST_PASS        0x68
#define DSA_DIF_DST_FLAGS       0xf8
#define DSA_DIF_ERROR_GUARD     0x01
#define DSA_DIF_ERROR_APP       0x02
#define DSA_DIF_ERROR_REF       0x04
#define DSA_DIF_ERROR_F         0x08
#define DSA_DIF_BYTES           8

/** A descriptor, section 7.1. Names are those of memory move; other operations use the unions. */
struct dsa_desc {
	uint32_t pasid;    /**< bits 19:0; bit 31 privileged */
	uint32_t op_flags; /**< bits 23:0 flags, 31:24 opcode */
	uint64_t cr;       /**< completion record address */
	union {
		uint64_t src;
		uint64_t pattern;
		uint64_t list; /**< of a batch */
		uint64_t delta; /**< apply delta: the record */
	};
	union {
		uint64_t dst;
		uint64_t src2;
		uint64_t compare_pattern;
	};
	union {
		uint32_t size;
		uint32_t count; /**< of a batch */
	};
	uint16_t interrupt_handle;
	uint16_t reserved38;
	union {
		uint8_t op[24]; /**< bytes 40 to 63 */
		struct {
			uint64_t pattern_high;
		} fill;
		struct {
			uint8_t expected;
		} compare;
		struct {
			uint64_t delta;
			uint32_t max_size;
			uint32_t reserved52;
			uint8_t expected_mask;
		} create_delta;
		struct {
			uint32_t delta_size;
		} apply_delta;
		struct {
			uint64_t dst2;
		} dualcast;
		struct {
			uint64_t seed;
			uint64_t seed_addr;
		} crc;
		struct {
			uint64_t reserved40;
			uint32_t stride;
		} fetch;
		struct {
			uint8_t src_flags;
			uint8_t dst_flags;
			uint8_t flags;
			uint8_t reserved43[5];
			uint32_t src_ref_seed;
			uint16_t src_app_mask;
			uint16_t src_app_seed;
			uint32_t dst_ref_seed;
			uint16_t dst_app_mask;
			uint16_t dst_app_seed;
		} dif;
	};
};

static_assert(sizeof(struct dsa_desc) == DSA_DESC_BYTES, "bytes of a descriptor");
static_assert(offsetof(struct dsa_desc, cr) == 8, "completion record address");
static_assert(offsetof(struct dsa_desc, size) == 32, "transfer size");
static_assert(offsetof(struct dsa_desc, interrupt_handle) == 36, "interrupt handle");
static_assert(offsetof(struct dsa_desc, op) == 40, "operation specific");
static_assert(offsetof(struct dsa_desc, dif.dst_ref_seed) == 56, "destination reference tag");

#define DSA_OP_FLAGS(opcode, flags) ((uint32_t)(opcode) << 24 | (flags))
#define DSA_OPCODE(desc)            ((desc)->op_flags >> 24)
#define DSA_FLAGS(desc)             ((desc)->op_flags & 0xffffff)

/** A completion record, section 7.3. Written with `status` last. */
struct dsa_cr {
	uint8_t status;
	uint8_t result; /**< compare, delta, DIF status, direction of a move */
	uint8_t fault_info;
	uint8_t reserved3;
	uint32_t bytes_completed; /**< descriptors completed, of a batch */
	uint64_t fault_addr;
	union {
		uint8_t op[16];
		uint32_t invalid_flags; /**< bits 23:0, status 0x11 */
		uint32_t delta_size;
		uint64_t crc;
		struct {
			uint32_t src_ref_tag;
			uint16_t src_app_mask;
			uint16_t src_app_tag;
			uint32_t dst_ref_tag;
			uint16_t dst_app_mask;
			uint16_t dst_app_tag;
		} dif;
	};
};

static_assert(sizeof(struct dsa_cr) == DSA_CR_BYTES, "bytes of a completion record");

#endif /* SLIPWAY_DSA_DESC_H */
