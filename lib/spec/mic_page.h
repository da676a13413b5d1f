/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_PAGE_H
#define SLIPWAY_MIC_PAGE_H

/**
 * @file
 * The device page that a MIC X100 card and its host share, and the rings of the devices it names:
 * datasheet sections 14 and 15, by the eras of section 23. All of it is little endian, and may be
 * written by the other side at any time: whoever reads it copies first and checks the copy.
 */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MIC_PAGE_BYTES 4096u
#define MIC_PAGE_MAGIC 0xc0ffee00u
/** A doorbell field that names none. */
#define MIC_PAGE_NO_DOORBELL 0xffu

/* ---- Boot parameters, section 14.2 ---- */

/**
 * Eras A and A2. The era B block begins likewise, and goes on at places nobody has confirmed (U8):
 * number of nodes, own node, two SCIF doorbells, two 64-bit SCIF addresses.
 */
struct mic_boot_params_a {
	uint32_t magic;
	uint8_t c2h_shutdown_db; /**< host: what the card rings when it ends or crashes */
	uint8_t h2c_shutdown_db; /**< card: what the host rings to have it end */
	uint8_t h2c_config_db;   /**< card: what the host rings when devices change */
	uint8_t shutdown_status; /**< card; the host clears it: enum mic_shutdown */
	uint8_t shutdown_card;   /**< host: 1 asks the card to end */
	uint8_t reserved[7];
};
static_assert(sizeof(struct mic_boot_params_a) == 16, "size of era A's boot parameters");
static_assert(offsetof(struct mic_boot_params_a, c2h_shutdown_db) == 4, "c2h_shutdown_db");
static_assert(offsetof(struct mic_boot_params_a, h2c_shutdown_db) == 5, "h2c_shutdown_db");
static_assert(offsetof(struct mic_boot_params_a, h2c_config_db) == 6, "h2c_config_db");
static_assert(offsetof(struct mic_boot_params_a, shutdown_status) == 7, "shutdown_status");
static_assert(offsetof(struct mic_boot_params_a, shutdown_card) == 8, "shutdown_card");

/** Eras C and D. */
struct mic_boot_params_d {
	uint32_t magic;
	uint8_t h2c_config_db; /**< card */
	uint8_t node_id;       /**< host: number of the card + 1 */
	uint8_t h2c_scif_db;   /**< card */
	uint8_t c2h_scif_db;   /**< host */
	uint64_t scif_host_dma_addr; /**< host */
	uint64_t scif_card_dma_addr; /**< card */
};
static_assert(sizeof(struct mic_boot_params_d) == 24, "size of era D's boot parameters");
static_assert(offsetof(struct mic_boot_params_d, h2c_config_db) == 4, "h2c_config_db");
static_assert(offsetof(struct mic_boot_params_d, node_id) == 5, "node_id");
static_assert(offsetof(struct mic_boot_params_d, h2c_scif_db) == 6, "h2c_scif_db");
static_assert(offsetof(struct mic_boot_params_d, c2h_scif_db) == 7, "c2h_scif_db");
static_assert(offsetof(struct mic_boot_params_d, scif_host_dma_addr) == 8, "scif_host_dma_addr");
static_assert(offsetof(struct mic_boot_params_d, scif_card_dma_addr) == 16, "scif_card_dma_addr");

/** shutdown_status, and what COSM says later: section 12.1. */
enum mic_shutdown {
	MIC_SHUTDOWN_NOP = 0,
	MIC_SHUTDOWN_CRASHED = 1,
	MIC_SHUTDOWN_HALTED = 2,
	MIC_SHUTDOWN_POWER_OFF = 3,
	MIC_SHUTDOWN_RESTART = 4,
	MIC_SHUTDOWN_RESTART_LATER = 5, /**< newer kernels say so: section 24, no. 10 */
};

/* ---- Device blocks, section 14.3 ---- */

/** Virtio ids, and what else the first byte of a block may say. */
enum mic_device_type {
	MIC_DEVICE_END = 0,
	MIC_DEVICE_NET = 1,
	MIC_DEVICE_BLOCK = 2,
	MIC_DEVICE_CONSOLE = 3,
	MIC_DEVICE_REMOVED = 0xff, /**< its sizes still lead to the next block */
};

/**
 * A block begins with this. Then follow the queues' mic_vq_config, features of the host, features
 * of the guest, configuration space, and, from the next multiple of 8 on, mic_device_ctrl.
 */
struct mic_device_desc {
	uint8_t type;        /**< host, last; and the card when it removes it */
	uint8_t num_vq;      /**< host */
	uint8_t feature_len; /**< host: bytes of one set of features */
	uint8_t config_len;  /**< host */
	uint8_t status;      /**< card; the host clears it on reset: virtio's status */
	uint8_t reserved[3];
};
static_assert(sizeof(struct mic_device_desc) == 8, "size of a block's header");
static_assert(offsetof(struct mic_device_desc, num_vq) == 1, "num_vq");
static_assert(offsetof(struct mic_device_desc, feature_len) == 2, "feature_len");
static_assert(offsetof(struct mic_device_desc, config_len) == 3, "config_len");
static_assert(offsetof(struct mic_device_desc, status) == 4, "status");

struct mic_vq_config {
	uint64_t address;      /**< host: of its ring area, a card address in host memory */
	uint64_t used_address; /**< card: of the used ring, in card memory */
	uint16_t num;          /**< host: entries */
	uint8_t reserved[6];
};
static_assert(sizeof(struct mic_vq_config) == 24, "size of a queue's configuration");
static_assert(offsetof(struct mic_vq_config, used_address) == 8, "used_address");
static_assert(offsetof(struct mic_vq_config, num) == 16, "num");

struct mic_device_ctrl {
	uint64_t vdev;                /**< card's own */
	uint8_t config_change;        /**< host, and the card as it ends: enum mic_config_change */
	uint8_t vdev_reset;           /**< card sets 1, host clears */
	uint8_t guest_ack;            /**< card sets 1, host clears: config_change was done */
	uint8_t host_ack;             /**< host sets 1, card clears: vdev_reset was done */
	uint8_t used_address_updated; /**< card sets 1, host clears */
	uint8_t c2h_vdev_db;          /**< host */
	uint8_t h2c_vdev_db;          /**< card */
	uint8_t reserved;
};
static_assert(sizeof(struct mic_device_ctrl) == 16, "size of a block's end");
static_assert(offsetof(struct mic_device_ctrl, config_change) == 8, "config_change");
static_assert(offsetof(struct mic_device_ctrl, vdev_reset) == 9, "vdev_reset");
static_assert(offsetof(struct mic_device_ctrl, guest_ack) == 10, "guest_ack");
static_assert(offsetof(struct mic_device_ctrl, host_ack) == 11, "host_ack");
static_assert(offsetof(struct mic_device_ctrl, used_address_updated) == 12, "used_address_updated");
static_assert(offsetof(struct mic_device_ctrl, c2h_vdev_db) == 13, "c2h_vdev_db");
static_assert(offsetof(struct mic_device_ctrl, h2c_vdev_db) == 14, "h2c_vdev_db");

enum mic_config_change {
	MIC_CONFIG_NONE = 0,
	MIC_CONFIG_REMOVE = 1,
	MIC_CONFIG_CHANGED = 2,
};

/* Limits, section 14.4. */
#define MIC_BLOCK_MOST 256u /**< bytes of a block without its mic_device_ctrl */
#define MIC_VQ_MOST    4u
#define MIC_VQ_ENTRIES_MOST 128u

/** Offset of the features of the host in a block. */
static inline uint32_t
mic_block_features(const struct mic_device_desc *d)
{
	return (uint32_t)(sizeof(*d) + d->num_vq * sizeof(struct mic_vq_config));
}

/** Offset of configuration space. */
static inline uint32_t
mic_block_config(const struct mic_device_desc *d)
{
	return mic_block_features(d) + 2u * d->feature_len;
}

/** Offset of mic_device_ctrl. */
static inline uint32_t
mic_block_ctrl(const struct mic_device_desc *d)
{
	return (mic_block_config(d) + d->config_len + 7u) & ~7u;
}

/** Bytes of a block: where the next one begins. */
static inline uint32_t
mic_block_total(const struct mic_device_desc *d)
{
	return mic_block_ctrl(d) + (uint32_t)sizeof(struct mic_device_ctrl);
}

/** Is a block of such sizes within the limits, and does it end in the page? */
static inline bool
mic_block_ok(const struct mic_device_desc *d, uint32_t offset)
{
	return d->num_vq <= MIC_VQ_MOST && mic_block_ctrl(d) <= MIC_BLOCK_MOST && offset % 8 == 0 &&
	       offset <= MIC_PAGE_BYTES - mic_block_total(d);
}

/* ---- Rings, section 15 ---- */

#define MIC_VRING_ALIGN 4096u

/** Behind the ring of the host's area. */
struct mic_vring_info {
	uint16_t avail_idx; /**< host: the next one it will take */
	uint16_t reserved;
	uint32_t magic; /**< host: mic_vring_magic */
};
static_assert(sizeof(struct mic_vring_info) == 8, "size of the ring info");
static_assert(offsetof(struct mic_vring_info, magic) == 4, "magic");

/**
 * Where the ring info lies: right behind the ring, though that is no multiple of 4 (eras A to D),
 * or at the next one (era E).
 */
enum mic_vring_info_place { MIC_VRING_INFO_PACKED, MIC_VRING_INFO_ALIGNED };

/** Offset of the available ring in the area of the host: behind the descriptors. */
static inline uint32_t
mic_vring_avail(uint32_t num)
{
	return 16 * num;
}

/** Offset of the host's used ring. */
static inline uint32_t
mic_vring_used(uint32_t num)
{
	return (mic_vring_avail(num) + 2 * (3 + num) + MIC_VRING_ALIGN - 1) &
	       ~(MIC_VRING_ALIGN - 1);
}

/** Bytes of a ring: what the card zeroes. */
static inline uint32_t
mic_vring_bytes(uint32_t num)
{
	return mic_vring_used(num) + 6 + 8 * num;
}

static inline uint32_t
mic_vring_info_at(uint32_t num, enum mic_vring_info_place place)
{
	uint32_t end = mic_vring_bytes(num);

	return place == MIC_VRING_INFO_ALIGNED ? (end + 3) & ~3u : end;
}

/** Bytes of the area of the host, in whole pages. */
static inline uint32_t
mic_vring_area(uint32_t num)
{
	return (mic_vring_info_at(num, MIC_VRING_INFO_ALIGNED) +
		(uint32_t)sizeof(struct mic_vring_info) + MIC_PAGE_BYTES - 1) &
	       ~(MIC_PAGE_BYTES - 1);
}

/** Bytes of the card's used ring, in whole pages. */
static inline uint32_t
mic_vring_card_used(uint32_t num)
{
	return (6 + 8 * num + MIC_PAGE_BYTES - 1) & ~(MIC_PAGE_BYTES - 1);
}

static inline uint32_t
mic_vring_magic(uint8_t device_type, unsigned int queue)
{
	return MIC_PAGE_MAGIC + device_type + queue;
}

#endif /* SLIPWAY_MIC_PAGE_H */
