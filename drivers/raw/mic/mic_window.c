/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_window.h"

#include <errno.h>

#include "mic_dev.h"

void
mic_windows_drop(struct mic_windows *w)
{
	while (w->nb > 0)
		mic_dev_unmap(w->dev, w->kept[--w->nb].mic, MIC_SMPT_WINDOW);
	w->any = false;
}

/* One that was not used before. */
static int
add(struct mic_windows *w, uint64_t page)
{
	struct mic_window *new;

	if (w->nb == MIC_WINDOWS)
		return -ENOSPC;
	new = &w->kept[w->nb];
	new->page = page;
	if (mic_dev_try_map(w->dev, page, MIC_SMPT_WINDOW, &new->mic) < 0)
		return -ENOSPC;
	w->nb++;
	return 0;
}

int
mic_windows_find(struct mic_windows *w, uint64_t iova)
{
	uint64_t page = iova & ~(MIC_SMPT_WINDOW - 1);
	uint32_t n;
	int ret;

	for (n = 0; n < w->nb && w->kept[n].page != page; n++)
		;
	if (n == w->nb) {
		ret = add(w, page);
		if (ret < 0)
			return ret;
	}
	w->last = w->kept[n];
	w->any = true;
	return 0;
}

bool
mic_windows_retry(struct mic_windows *w, const struct mic_dma_channel *ch)
{
	if (w->nb == 0 || !mic_dma_empty(ch))
		return false;
	mic_windows_drop(w);
	return true;
}

/* The part of a copy whose host end lies in one window. */
static int
piece_of(struct mic_windows *w, enum mic_way way, uint64_t dst, uint64_t src, uint64_t len,
	 struct mic_dma_piece *piece)
{
	uint64_t host = way == MIC_TO_CARD ? src : dst, rest;
	int ret = mic_windows_find(w, host);

	if (ret < 0)
		return ret;
	rest = MIC_SMPT_WINDOW - (host - w->last.page);
	host = mic_windows_at(w, host);
	piece->dst = way == MIC_TO_CARD ? dst : host;
	piece->src = way == MIC_TO_CARD ? host : src;
	piece->len = len < rest ? len : rest;
	return 0;
}

static bool
is_good(enum mic_way way, uint64_t dst, uint64_t src, uint64_t len)
{
	if (len == 0 || len >= MIC_SMPT_WINDOW || dst + len < dst || src + len < src)
		return false;
	return (way == MIC_FROM_CARD || mic_is_card(dst, len)) &&
	       (way == MIC_TO_CARD || mic_is_card(src, len));
}

int
mic_windows_pieces(struct mic_windows *w, enum mic_way way, uint64_t dst, uint64_t src,
		   uint64_t len, struct mic_dma_piece pieces[MIC_WINDOW_PIECES])
{
	uint64_t first;
	int ret;

	if (!is_good(way, dst, src, len))
		return -EINVAL;
	if (way == MIC_ON_CARD) {
		pieces[0] = (struct mic_dma_piece){.dst = dst, .src = src, .len = len};
		return 1;
	}
	ret = piece_of(w, way, dst, src, len, &pieces[0]);
	if (ret < 0)
		return ret;
	first = pieces[0].len;
	if (first == len)
		return 1;
	ret = piece_of(w, way, dst + first, src + first, len - first, &pieces[1]);
	return ret < 0 ? ret : 2;
}

int64_t
mic_windows_copy_far(struct mic_windows *w, struct mic_dma_channel *ch, enum mic_way way,
		     uint64_t dst, uint64_t src, uint64_t len)
{
	struct mic_dma_piece pieces[MIC_WINDOW_PIECES];
	int n;

	do
		n = mic_windows_pieces(w, way, dst, src, len, pieces);
	while (n == -ENOSPC && mic_windows_retry(w, ch));
	return n < 0 ? n : mic_dma_copies(ch, pieces, (uint32_t)n);
}
