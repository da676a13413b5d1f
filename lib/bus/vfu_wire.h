/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_WIRE_H
#define SLIPWAY_VFU_WIRE_H

/**
 * @file
 * What passes through a vfio-user socket: the layout of every message, in the byte order of the
 * host. Both ends use it. Names are those of the protocol text.
 */

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

/* ---- Header ---- */

/** In front of every message. */
struct vfu_header {
	uint16_t id; /**< chosen by who sends the command, repeated in the reply */
	uint16_t command;
	uint32_t size; /**< of the whole message, this header included */
	uint32_t flags;
	uint32_t error; /**< a positive errno in a reply with VFU_ERROR */
};

static_assert(sizeof(struct vfu_header) == 16, "header");

/* Flags. */
#define VFU_TYPE         0xfu /**< what kind of message: */
#define VFU_TYPE_COMMAND 0x0u
#define VFU_TYPE_REPLY   0x1u
#define VFU_NO_REPLY     0x10u /**< of a command: none wanted */
#define VFU_ERROR        0x20u /**< of a reply: see error */

/** Commands. */
enum vfu_command {
	VFU_VERSION = 1,
	VFU_DMA_MAP = 2,
	VFU_DMA_UNMAP = 3,
	VFU_DEVICE_GET_INFO = 4,
	VFU_DEVICE_GET_REGION_INFO = 5,
	VFU_DEVICE_GET_REGION_IO_FDS = 6,
	VFU_DEVICE_GET_IRQ_INFO = 7,
	VFU_DEVICE_SET_IRQS = 8,
	VFU_REGION_READ = 9,
	VFU_REGION_WRITE = 10,
	VFU_DMA_READ = 11, /**< server to client, as the next */
	VFU_DMA_WRITE = 12,
	VFU_DEVICE_RESET = 13,
	VFU_DIRTY_PAGES = 14,
	VFU_REGION_WRITE_MULTI = 15,
	VFU_DEVICE_FEATURE = 16,
	VFU_MIG_DATA_READ = 17,
	VFU_MIG_DATA_WRITE = 18,
	/** Ours, for clients that were granted VFU_CAP_SHARE: what of the device may be mapped. */
	VFU_SHARE = 0x5301,
};

/* ---- VERSION: this, then a JSON object with its NUL, either way ---- */

struct vfu_version {
	uint16_t major;
	uint16_t minor;
};

static_assert(sizeof(struct vfu_version) == 4, "version");

#define VFU_MAJOR 0
#define VFU_MINOR 0

/** Longest JSON text taken, NUL included: QEMU's has 200 bytes. */
#define VFU_VERSION_JSON_MAX 4096u

/* Names in that object, {"capabilities": {...}}, and what a missing one means. */
#define VFU_CAPABILITIES       "capabilities"
#define VFU_CAP_MAX_MSG_FDS    "max_msg_fds"
#define VFU_CAP_MAX_DATA_XFER  "max_data_xfer_size"
#define VFU_CAP_MAX_DMA_MAPS   "max_dma_maps"
#define VFU_CAP_PGSIZES        "pgsizes"
#define VFU_CAP_WRITE_MULTIPLE "write_multiple"
#define VFU_DEFAULT_MSG_FDS    1u
#define VFU_DEFAULT_DATA_XFER  1048576u
#define VFU_DEFAULT_DMA_MAPS   65535u
#define VFU_DEFAULT_PGSIZES    4096u
/* Ours: {"slipway": {"share": true}} asks, {"slipway": {"share": true, "about": {...}}} answers.
 * "about" comes without "share" from a server that shares nothing. Never sent unasked.
 */
#define VFU_CAP_SLIPWAY "slipway"
#define VFU_CAP_SHARE   "share"
#define VFU_CAP_ABOUT   "about"

/** Most descriptors in one message, whatever the other side says: what QEMU accepts. */
#define VFU_MAX_FDS 16u
/** Most bytes of data in one message. */
#define VFU_MAX_DATA VFU_DEFAULT_DATA_XFER
/** Bytes of a message beyond its data: the largest is the header and a 16-byte head. */
#define VFU_MAX_HEAD 32u

/* ---- DMA_MAP, with one descriptor or none; the reply is the header ---- */

struct vfu_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset; /**< in the file of the descriptor */
	uint64_t address;
	uint64_t size;
};

static_assert(sizeof(struct vfu_dma_map) == 32, "DMA_MAP");

#define VFU_DMA_MAP_READ  0x1u /**< the device may read */
#define VFU_DMA_MAP_WRITE 0x2u /**< the device may write */
#define VFU_DMA_MAP_MMAP  0x4u /**< the descriptor is for mmap: newer libvfio-user says so */

/* ---- DMA_UNMAP; the reply repeats it ---- */

struct vfu_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t address;
	uint64_t size;
};

static_assert(sizeof(struct vfu_dma_unmap) == 24, "DMA_UNMAP");

#define VFU_DMA_UNMAP_DIRTY 0x1u
#define VFU_DMA_UNMAP_ALL   0x2u

/* ---- DEVICE_GET_INFO ---- */

struct vfu_device_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t num_regions;
	uint32_t num_irqs;
};

static_assert(sizeof(struct vfu_device_info) == 16, "DEVICE_GET_INFO");

#define VFU_DEVICE_RESETS 0x1u
#define VFU_DEVICE_PCI    0x2u

/** Regions by index: BARs 0..5, then these. */
enum vfu_region_index {
	VFU_REGION_BARS = 6,
	VFU_REGION_ROM = 6,
	VFU_REGION_CONFIG = 7,
	VFU_REGION_VGA = 8,
	VFU_REGIONS = 9,
};

/** Types of interrupt by index. */
enum vfu_irq_index {
	VFU_IRQ_INTX,
	VFU_IRQ_MSI,
	VFU_IRQ_MSIX,
	VFU_IRQ_ERROR,
	VFU_IRQ_REQUEST,
	VFU_IRQS,
};

/* ---- DEVICE_GET_REGION_INFO; capabilities follow in the reply ---- */

struct vfu_region_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t cap_offset; /**< from the start of this structure */
	uint64_t size;
	uint64_t offset; /**< for mmap of the descriptor */
};

static_assert(sizeof(struct vfu_region_info) == 32, "DEVICE_GET_REGION_INFO");

#define VFU_REGION_MAY_READ  0x1u
#define VFU_REGION_MAY_WRITE 0x2u
#define VFU_REGION_MAY_MAP   0x4u
#define VFU_REGION_HAS_CAPS  0x8u

struct vfu_region_cap {
	uint16_t id;
	uint16_t version;
	uint32_t next; /**< from the start of the vfu_region_info, 0 for the last */
};

static_assert(sizeof(struct vfu_region_cap) == 8, "capability of a region");

#define VFU_REGION_CAP_SPARSE 1u

struct vfu_region_area {
	uint64_t offset;
	uint64_t size;
};

/** Which parts of a region may be mapped. */
struct vfu_region_sparse {
	struct vfu_region_cap cap;
	uint32_t nr_areas;
	uint32_t reserved;
	struct vfu_region_area areas[];
};

static_assert(sizeof(struct vfu_region_sparse) == 16, "sparse capability");

/* ---- DEVICE_GET_IRQ_INFO ---- */

struct vfu_irq_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t count;
};

static_assert(sizeof(struct vfu_irq_info) == 16, "DEVICE_GET_IRQ_INFO");

#define VFU_IRQ_EVENTFD    0x1u
#define VFU_IRQ_MASKABLE   0x2u
#define VFU_IRQ_AUTOMASKED 0x4u
#define VFU_IRQ_NORESIZE   0x8u

/* ---- DEVICE_SET_IRQS, with descriptors or bytes; the reply is the header ---- */

struct vfu_irq_set {
	uint32_t argsz;
	uint32_t flags; /**< one of DATA, one of ACTION */
	uint32_t index;
	uint32_t start;
	uint32_t count;
};

static_assert(sizeof(struct vfu_irq_set) == 20, "DEVICE_SET_IRQS");

#define VFU_IRQ_DATA           0x07u
#define VFU_IRQ_DATA_NONE      0x01u
#define VFU_IRQ_DATA_BOOL      0x02u
#define VFU_IRQ_DATA_EVENTFD   0x04u
#define VFU_IRQ_ACTION         0x38u
#define VFU_IRQ_ACTION_MASK    0x08u
#define VFU_IRQ_ACTION_UNMASK  0x10u
#define VFU_IRQ_ACTION_TRIGGER 0x20u

/* ---- REGION_READ, REGION_WRITE; data follows in the reply, in the request ---- */

struct vfu_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
};

static_assert(sizeof(struct vfu_region_access) == 16, "REGION_READ");

/* ---- REGION_WRITE_MULTI: a count, then so many of these; the reply is the count ---- */

struct vfu_write_multi {
	uint64_t wr_cnt;
};

struct vfu_write_one {
	uint64_t offset;
	uint32_t region;
	uint32_t count; /**< 1..8 */
	uint8_t data[8];
};

static_assert(sizeof(struct vfu_write_one) == 24, "REGION_WRITE_MULTI");

/* ---- DMA_READ, DMA_WRITE; data follows in the reply, in the request ---- */

struct vfu_dma_access {
	uint64_t address;
	uint64_t count;
};

static_assert(sizeof(struct vfu_dma_access) == 16, "DMA_READ");

/* ---- VFU_SHARE, ours: what clients map and post to directly ---- */

/**
 * The request is the header. The reply: this, then `count` records. Descriptors: memory, bell page,
 * kick eventfd.
 */
struct vfu_share_reply {
	uint32_t count;
	uint32_t flags;
};

/**
 * The server has no membarrier: the client has to make a full fence where it rings. So it does when
 * it could not register for one itself.
 */
#define VFU_SHARE_FENCE_NEEDED 0x1u

/** A part of a BAR that is a file: mapped as memory, or posted to as a line ring. */
struct vfu_share_region {
	uint32_t bar;
	uint32_t kind;   /**< enum bus_region_kind: BUS_MEMORY or BUS_LINE_RING */
	uint64_t offset; /**< in the BAR */
	uint64_t size;   /**< of that part: one page for a ring */
	uint64_t fd_offset;
};

static_assert(sizeof(struct vfu_share_region) == 32, "VFU_SHARE");

enum vfu_share_fd { VFU_SHARE_MEMORY, VFU_SHARE_BELL, VFU_SHARE_KICK, VFU_SHARE_FDS };

/** Bytes of the bell page; clients may map it for reading only. */
#define VFU_BELL_BYTES 4096u

/**
 * The bell page: whether somebody who posts has to write the kick eventfd.
 *
 *   client: line into ring -> (fence) -> asleep?     -> kick
 *   server: asleep = 1     -> (fence) -> line there? -> sleep
 *
 * The client's fence is the membarrier that the server makes between its two steps.
 */
struct vfu_bell {
	_Atomic uint32_t asleep;
};

#endif /* SLIPWAY_VFU_WIRE_H */
