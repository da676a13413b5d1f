/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_MODEL_H
#define SLIPWAY_MIC_MODEL_H

/**
 * @file
 * The MIC X100 coprocessor in software: how to make one, and the card's own side of it. The host's
 * side goes through the bus contract (bus.h): BAR0 is the aperture over the card's memory
 * (BUS_MEMORY), BAR4 the registers (trapped). The card's side (mic_model_card_*) is what software
 * that runs on the card can do: its memory, its registers, host memory through the SMPT, interrupts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus.h"

/** What to make; 0 in a field: the default named. */
struct mic_model_config {
	uint16_t device_id; /**< 0x2250..0x225e, default 0x225c */
	uint8_t revision;   /**< 0x10 B0, 0x11 B1 (default), 0x20 C0; 0x00 with `a0`: A0 */
	bool a0;
	/** Card memory, as large as BAR0: a power of two, 32 MiB..16 GiB; kept by the caller. */
	void *gddr;
	uint64_t gddr_size;
	int gddr_fd; /**< the file behind it, -1 when there is none */
	uint64_t gddr_fd_offset;
	uint32_t load_address; /**< page aligned, default 64 MiB; below 512 MiB: 1/8 of memory */
	unsigned int apic_id;  /**< 1..511, default 224 */
	uint64_t ready_ns;     /**< reset to ready, before time_scale; default 10 s */
	unsigned int time_scale; /**< its waits are so many times shorter; default 1 */
	/* Switches: section 27, items M11, M12 and M35, and section 10.2. */
	bool lose_smpt;     /**< a reset clears the SMPT */
	bool trains_memory; /**< a reset leaves nothing of what was in card memory */
	bool never_ready;   /**< the bootstrap stops before it asks for an OS */
	bool all_ones;      /**< registers read as ones from a write to RGCR until it is ready */
	/** Delivery takes the enable, or, on A0, the vector until MSIXPBACR is written. */
	bool strict_enables;
	/** Open points of section 29. */
	struct {
		bool dma_dstat_16_bits;   /**< U2: DSTAT counts 15:0 only */
		bool dma_owner_card;      /**< U3: DCR owner bits are 0 after reset, not all host */
		bool dma_after_boot_only; /**< U7: channels do not run before a card OS is up */
	} open;
};

/** Make a card as it is after power-on. 0, -EINVAL, -ENOMEM. `host` outlives it. */
int mic_model_create(const struct mic_model_config *config, struct bus_host *host,
		     struct bus_device **dev);
/** Unplug and free it. Nobody may be calling it. NULL is allowed. */
void mic_model_destroy(struct bus_device *dev);
/** Accesses that touched no register so far. Any thread. */
uint64_t mic_model_stray(const struct bus_device *dev);

/* ---- the card's side; one thread at a time, that of `step`, may use it ---- */

enum mic_model_power {
	MIC_POWER_BOOTSTRAP, /**< training, POST codes run */
	MIC_POWER_READY,     /**< waits for the boot interrupt */
	MIC_POWER_RUNNING,   /**< an image was accepted: the card OS has the card */
	MIC_POWER_REFUSED,   /**< an image was refused: POST "nA" */
};

/** What the bootstrap hands over: places in card memory, checked to lie inside it. */
struct mic_model_boot {
	uint64_t image, image_size;
	uint64_t cmdline; /**< of the text, 0 for none */
	uint32_t cmdline_len; /**< without its 0 */
	uint64_t ramdisk, ramdisk_size;
	bool elf; /**< no HdrS signature: started in elf mode, without command line or ramdisk */
};

/**
 * How the card stands. `generation` (may be NULL) counts resets: software on the card that finds it
 * changed is gone, and starts anew when the state is RUNNING again.
 */
enum mic_model_power mic_model_power(const struct bus_device *dev, uint32_t *generation);
/** What was booted; only while RUNNING. */
void mic_model_boot(const struct bus_device *dev, struct mic_model_boot *boot);
/** What a refused image was refused for, "" for none. */
const char *mic_model_boot_error(const struct bus_device *dev);

/** The 128 KiB that the host sees as BAR4, as the card's CPUs see them (section 4.1). */
uint32_t mic_model_card_read(struct bus_device *dev, uint32_t bar4_off);
void mic_model_card_write(struct bus_device *dev, uint32_t bar4_off, uint32_t value);
/** DBOX POSTCODE: read-only for the host, written by the bootstrap and here. */
void mic_model_card_post(struct bus_device *dev, const char code[2]);

/**
 * Card memory, or host memory through the SMPT, at a card physical address (40 bits): a pointer, or
 * NULL where there is none. `*len`: wanted, then had in one piece. Valid until the next step.
 */
void *mic_model_card_map(struct bus_device *dev, uint64_t address, size_t *len, enum bus_prot prot);
/** Copy between `bytes` and a card physical address: 0, -EFAULT, or the host's negative errno. */
int mic_model_card_copy(struct bus_device *dev, uint64_t address, void *bytes, size_t len,
			bool write);

/** Card interrupts that came since (section 9.2), bit = interrupt number 0..33; cleared by it. */
uint64_t mic_model_card_irqs(struct bus_device *dev);

/* ---- tools, tests ---- */

/** Link loss: from now on reads give all ones and writes go nowhere; and its end. */
void mic_model_link(struct bus_device *dev, bool up);
/** The next copy descriptor of a channel fails with DCHERR. */
void mic_model_dma_fail(struct bus_device *dev, unsigned int channel);

struct mic_model_channel_stats {
	bool enabled, host_owned;
	uint32_t head, tail, size, error;
	uint64_t descriptors, bytes, interrupts, errors;
};
/** false when there is no such channel (0..7). Any thread. */
bool mic_model_channel_stats(const struct bus_device *dev, unsigned int channel,
			     struct mic_model_channel_stats *stats);

#endif /* SLIPWAY_MIC_MODEL_H */
