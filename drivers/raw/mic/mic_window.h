/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_WINDOW_H
#define SLIPWAY_MIC_WINDOW_H

/**
 * @file
 * From addresses of host memory to the card's: a DMA channel of an application keeps the windows of
 * the SMPT that it has used, 16 GiB each, so that hardly any copy has to ask for one. What it may
 * reach in there is for the IOMMU to say, or for whoever stands in for it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

#include "mic_boot.h"
#include "mic_dma.h"

struct mic_dev;

/** As many as there are. */
#define MIC_WINDOWS MIC_SMPT_ENTRIES

struct mic_window {
	uint64_t page; /**< address of the host, without its low 34 bits */
	uint64_t mic;  /**< the card's address of it */
};

/** Those of a channel. Zeroed but for `dev`: none. */
struct mic_windows {
	struct mic_window last;
	bool any; /**< `last` is one */
	uint32_t nb;
	struct mic_window kept[MIC_WINDOWS];
	struct mic_dev *dev;
};

/** Let go of all of them; no copy that uses one is in flight. */
void mic_windows_drop(struct mic_windows *w);

/** The window of an address becomes the last one: 0, -ENOSPC when the SMPT is full. */
int mic_windows_find(struct mic_windows *w, uint64_t iova);

/** Does [iova, iova + len) lie in the window that was used last? */
static inline bool
mic_windows_has(const struct mic_windows *w, uint64_t iova, uint64_t len)
{
	return w->any && iova >= w->last.page && iova - w->last.page <= MIC_SMPT_WINDOW - len;
}

/** The card's address of what lies in the last window. */
static inline uint64_t
mic_windows_at(const struct mic_windows *w, uint64_t iova)
{
	return w->last.mic + (iova - w->last.page);
}

/** What a copy goes between. */
enum mic_way { MIC_TO_CARD, MIC_FROM_CARD, MIC_ON_CARD };

/** Pieces that one copy becomes at most: it crosses from one window to the next. Below 16 GiB. */
#define MIC_WINDOW_PIECES 2

/**
 * A copy between addresses of the host and of card memory, as pieces for mic_dma_copies: how many,
 * -EINVAL, or -ENOSPC when the SMPT is full.
 */
int mic_windows_pieces(struct mic_windows *w, enum mic_way way, uint64_t dst, uint64_t src,
		       uint64_t len, struct mic_dma_piece pieces[MIC_WINDOW_PIECES]);

/**
 * When the SMPT was found full: is there hope of better? Windows of a channel whose jobs have all
 * ended are let go of.
 */
bool mic_windows_retry(struct mic_windows *w, const struct mic_dma_channel *ch);

/** mic_windows_copy where the window is not the one of last time. */
int64_t mic_windows_copy_far(struct mic_windows *w, struct mic_dma_channel *ch, enum mic_way way,
			     uint64_t dst, uint64_t src, uint64_t len);

/** Is that card memory, or at least nothing else? What is behind the SMPT has other names. */
static inline bool
mic_is_card(uint64_t address, uint64_t len)
{
	return address < MIC_SYSTEM_MEMORY && len <= MIC_SYSTEM_MEMORY - address;
}

/**
 * Ask a channel for a copy: the job's number, or a negative errno. `len` is below 16 GiB. Hot path
 * where the window is the one of last time.
 */
static inline int64_t
mic_windows_copy(struct mic_windows *w, struct mic_dma_channel *ch, enum mic_way way, uint64_t dst,
		 uint64_t src, uint64_t len)
{
	if (way == MIC_TO_CARD && likely(mic_windows_has(w, src, len) && mic_is_card(dst, len)))
		return mic_dma_copy(ch, dst, mic_windows_at(w, src), len);
	if (way == MIC_FROM_CARD && likely(mic_windows_has(w, dst, len) && mic_is_card(src, len)))
		return mic_dma_copy(ch, mic_windows_at(w, dst), src, len);
	return mic_windows_copy_far(w, ch, way, dst, src, len);
}

#endif /* SLIPWAY_MIC_WINDOW_H */
