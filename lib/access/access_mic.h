/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ACCESS_MIC_H
#define SLIPWAY_ACCESS_MIC_H

/**
 * @file
 * The model reach of raw/mic: a virtual card of this process's own, with its card OS, made as it is
 * needed. Both run in access_idle.
 */

#include "access.h"

/** Bytes of a card that is not told how many. Of them, only what is used takes memory. */
#define ACCESS_MIC_MEMORY (UINT64_C(256) << 20)

/** What it is to have; 0: as card.h and mic_model.h say. */
struct access_mic_config {
	char era; /**< 'a', 'c' or 'd'; default 'a' */
	uint16_t device_id;
	uint8_t revision; /**< 0x00 is A0 and is asked for by `a0` */
	bool a0;
	uint64_t memory; /**< bytes; a power of two; default ACCESS_MIC_MEMORY */
	uint32_t load_address;
	unsigned int time_scale;
	uint64_t ready_ns;
	/** Switches of struct mic_model_config, by the same names. */
	bool lose_smpt, never_ready, all_ones, strict_enables, trains_memory;
	bool dma_dstat_16_bits, dma_owner_card, dma_after_boot_only;
};

/**
 * Open a virtual card in this process.
 *
 * @return 0, -EINVAL for a card that there cannot be, -ENOMEM
 */
int access_mic_open(const struct access_config *config, const struct access_mic_config *device,
		    struct access_dev **access);

/**
 * Type at its console: "halt", "poweroff", "restart", "crash" or "hang".
 *
 * @return 0, or -EINVAL: there is no such command, or no card OS
 */
int access_mic_command(struct access_dev *access, const char *command);

#endif /* SLIPWAY_ACCESS_MIC_H */
