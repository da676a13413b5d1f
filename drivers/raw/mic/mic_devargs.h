/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_DEVARGS_H
#define SLIPWAY_MIC_DEVARGS_H

/**
 * @file
 * Device arguments of a MIC card.
 */

#include <stdbool.h>
#include <stdint.h>

#include "access.h"

/** Of names that are directories: cards/NAME. */
#define MIC_NAME_MAX 32

/** Where the card is. */
enum mic_at {
	MIC_AT_BUS,   /**< on the PCI bus */
	MIC_AT_MODEL, /**< in this process */
	MIC_AT_VFU,   /**< served on a socket */
	MIC_AT_CARD,  /**< the same, by the name of a virtual card of this machine */
};

struct mic_devargs {
	enum mic_at at;
	bool at_told;
	char path[108];          /**< of the socket */
	char card[MIC_NAME_MAX]; /**< the name of the card */
	enum access_step step;
	int numa_node;
	char era;                /**< 'a', 'c', 'd'; 0: as the card says, or 'a' */
	unsigned int time_scale; /**< 0: as the card says, or 1 */
	unsigned int irq_modes;  /**< bits of enum mic_irq_mode */
	bool dma;                /**< register a DMA device */

	/* Of a card in this process. */
	uint16_t device_id;
	uint8_t revision;
	bool a0;
	unsigned int memory; /**< MiB */
	uint32_t load_address;
	unsigned int ready_ms;
	bool lose_smpt, never_ready, all_ones, strict_enables, trains_memory;
	bool dma_dstat_16_bits, dma_owner_card, dma_after_boot_only;
};

/** Parse: 0, or -EINVAL after one log line. `at` and `numa_node` are the bus's to fill in. */
int mic_devargs_parse(const char *name, const char *text, struct mic_devargs *args);

/** For people who ask what there is. */
#define MIC_DEVARGS_HELP \
	"era=<a|c|d> time_scale=<1..1000> irq=<msix|msi|intx|poll> dma=<0|1>"
#define MIC_VDEV_DEVARGS_HELP \
	"at=<model|vfu:PATH> card=<NAME> numa_node=<int> " MIC_DEVARGS_HELP \
	" memory=<32..16384> device=<2250..225e> revision=<a0|b0|b1|c0> step=<idle|manual> " \
	"load_address=<0x1000..0x80000000> ready_ms=<1..60000> lose_smpt=<0|1> "             \
	"never_ready=<0|1> all_ones=<0|1> strict_enables=<0|1> trains_memory=<0|1> "         \
	"dma_dstat_16_bits=<0|1> dma_owner_card=<0|1> dma_after_boot_only=<0|1>"

#endif /* SLIPWAY_MIC_DEVARGS_H */
