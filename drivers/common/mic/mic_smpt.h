/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_SMPT_H
#define SLIPWAY_MIC_SMPT_H

/**
 * @file
 * The system memory page table of a card (section 7): 32 entries, each a window of 16 GiB through
 * which the card sees host memory. Plain arithmetic on a copy of the table: which entries a range
 * needs, who uses them, what has to be written to the registers. The caller has the lock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "mic_boot.h"

struct mic_smpt_entry {
	uint64_t host; /**< address that the entry leads to, a multiple of 16 GiB */
	uint64_t refs; /**< mapped bytes that lie in it */
};

struct mic_smpt {
	struct mic_smpt_entry entry[MIC_SMPT_ENTRIES];
	uint64_t refs;                 /**< mapped bytes in all */
	uint64_t maps, unmaps, failed; /**< since it was made */
};

/** The first 512 GiB one to one, nobody uses any of it. */
void mic_smpt_init(struct mic_smpt *smpt);

/**
 * Map a range: its MIC address.
 *
 * @param changed bit i: entry i has to be written to its register, before the card uses it
 * @return 0, -EINVAL for a range that is empty, longer than 512 GiB or wraps, -ENOMEM when there
 *         are not enough free entries side by side
 */
int mic_smpt_map(struct mic_smpt *smpt, uint64_t host, uint64_t len, uint64_t *mic_address,
		 uint32_t *changed);

/** The end of that: 0, or -EINVAL for what was not mapped; nothing has changed then. */
int mic_smpt_unmap(struct mic_smpt *smpt, uint64_t mic_address, uint64_t len);

/** Where a MIC address leads: 0, or -EINVAL when it is none. */
int mic_smpt_host(const struct mic_smpt *smpt, uint64_t mic_address, uint64_t *host);

/** What belongs into the register of an entry: snooped. */
uint32_t mic_smpt_register(const struct mic_smpt *smpt, unsigned int entry);

/** Entries in use. */
unsigned int mic_smpt_used(const struct mic_smpt *smpt);

#endif /* SLIPWAY_MIC_SMPT_H */
