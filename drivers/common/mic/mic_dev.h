/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_DEV_H
#define SLIPWAY_MIC_DEV_H

/**
 * @file
 * A MIC card, as its drivers see it: registers, aperture, host memory through the SMPT, interrupts
 * and doorbells. One of these per card and process; librte_common_mic.so has it. State and boot are
 * in mic_state.h, DMA channels in mic_dma.h. Everything returns 0 or a negative errno unless said
 * otherwise, and may be called from any thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "mic_regs.h"

struct access_dev;
struct mic_control;
struct mic_dev;

/** What a card is made of; 0 in a field: the default named. */
struct mic_dev_config {
	const char *name;          /**< of the DPDK device, for logs; outlives the card */
	struct access_dev *access; /**< how it is reached; closed with the card */
	int numa_node;             /**< where its memory goes, or SOCKET_ID_ANY */
	uint16_t device_id;
	uint8_t revision;
	unsigned int time_scale; /**< its waits are so many times shorter than the silicon's; 1 */
	unsigned int irq_modes;  /**< bits of enum mic_irq_mode that may be used; all */
};

/**
 * Bring a card up (section 11.9): interrupts, SMPT, device page, scratchpads 14 and 15. Takes the
 * access over only when it succeeds.
 */
int mic_dev_open(const struct mic_dev_config *config, struct mic_dev **dev);
/** May it be closed? -EBUSY, and a line in the log, inside one of its own callbacks. */
int mic_dev_may_close(const struct mic_dev *dev);
/** Let go of it, where that is so: bus mastering is off then. */
int mic_dev_close(struct mic_dev *dev);

struct access_dev *mic_dev_access(struct mic_dev *dev);
/** Its control thread, to see to more of it. */
struct mic_control *mic_dev_control(struct mic_dev *dev);
const char *mic_dev_name(const struct mic_dev *dev);

/** For whoever polls: a card in this process gets on, the socket of another one is looked at. */
void mic_dev_idle(struct mic_dev *dev);

/** Registers: all accesses of BAR4 go through these three. */
uint32_t mic_dev_read(struct mic_dev *dev, uint32_t bar4_off);
void mic_dev_write(struct mic_dev *dev, uint32_t bar4_off, uint32_t value);
/**
 * Write the head of a DMA channel, which nobody waits for; stores made later may overtake it. Hot
 * path.
 */
void mic_dev_post(struct mic_dev *dev, uint32_t bar4_off, uint32_t value);

/** Card memory at an offset, in this process; NULL for what is outside the aperture. */
void *mic_dev_aperture(struct mic_dev *dev, uint64_t offset, uint64_t len);
uint64_t mic_dev_aperture_size(const struct mic_dev *dev);

/** Let the card reach host memory (section 7): its MIC address. -EINVAL, -ENOMEM when full. */
int mic_dev_map(struct mic_dev *dev, uint64_t iova, uint64_t len, uint64_t *mic_address);
/** The same without a word, for the data path: whoever finds it full tries again, and again. */
int mic_dev_try_map(struct mic_dev *dev, uint64_t iova, uint64_t len, uint64_t *mic_address);
int mic_dev_unmap(struct mic_dev *dev, uint64_t mic_address, uint64_t len);

/**
 * Have a handler called whenever a source fires, and now and then for nothing; from the control
 * thread. Sources are MIC_SOURCE_DOORBELL(0..3), MIC_SOURCE_DMA(0..3), MIC_SOURCE_ERROR. Several
 * handlers may share a source. 0, -EINVAL, -ENOSPC.
 */
int mic_dev_irq_attach(struct mic_dev *dev, unsigned int source, void (*handler)(void *arg),
		       void *arg);
/** Once this returns the handler is not running and will not be called; but for from inside it. */
void mic_dev_irq_detach(struct mic_dev *dev, unsigned int source, void (*handler)(void *arg),
			void *arg);
/** A card-to-host doorbell, 0..3, in turn (section 8.5): two users may have the same one. */
int mic_dev_doorbell_get(struct mic_dev *dev);
/** Ring a host-to-card doorbell, 0..15 (section 9.1), after all stores made before. */
void mic_dev_ring(struct mic_dev *dev, unsigned int h2c_db);

/** What becomes of a card, told to those that have work on it. */
enum mic_dev_event {
	MIC_DEV_RESETTING, /**< about to be reset: what is in flight is lost */
	MIC_DEV_LOST,      /**< gone for good */
	/** Its hardware can be programmed again: after each reset, and after each boot. */
	MIC_DEV_RUNNING,
};

/** Be told, from any thread, with no lock held. */
int mic_dev_follow(struct mic_dev *dev, void (*event)(void *arg, enum mic_dev_event e), void *arg);
void mic_dev_unfollow(struct mic_dev *dev, void (*event)(void *arg, enum mic_dev_event e),
		      void *arg);
/** Is it lost? Then registers read as ones, and nothing is answered. */
bool mic_dev_gone(const struct mic_dev *dev);

/* ---- For statistics and people ---- */

struct mic_dev_stats {
	uint64_t smpt_maps, smpt_unmaps, smpt_failed, smpt_ref_bytes, smpt_entries_used;
	uint64_t fired[32]; /**< times that each interrupt source was seen to */
	uint64_t spurious;  /**< interrupts without a source */
	uint64_t rung;      /**< doorbells to the card */
};

void mic_dev_stats(struct mic_dev *dev, struct mic_dev_stats *stats);
/** An entry of the SMPT, 0..31: its register, and the mapped bytes behind it. */
uint32_t mic_dev_smpt(struct mic_dev *dev, unsigned int entry, uint64_t *refs);
/** A line for the log, by levels of rte_log.h, the device's name in front; errors are kept. */
void mic_dev_log(const struct mic_dev *dev, uint32_t level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/**
 * The same for what the card gives cause for, as often as it likes: MIC_DEV_CARD_LINES in a second
 * at most, then how many were left out.
 */
void mic_dev_log_card(const struct mic_dev *dev, uint32_t level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#define MIC_DEV_CARD_LINES 10u
#define MIC_DEV_ERROR 256
/** The last error that was logged, "" for none; and forget it. */
void mic_dev_error(struct mic_dev *dev, char error[MIC_DEV_ERROR]);
void mic_dev_error_clear(struct mic_dev *dev);
/** MIC address of the device page, and its first four bytes. */
uint64_t mic_dev_page(const struct mic_dev *dev, uint32_t *magic);
/** State, SMPT, interrupts, device page. */
void mic_dev_dump(struct mic_dev *dev, FILE *f);

#endif /* SLIPWAY_MIC_DEV_H */
