/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The data path of DMA. Nothing here locks, allocates or divides; the one register that is touched
 * is the doorbell of a submit.
 */

#include <errno.h>
#include <sched.h>
#include <string.h>

#include <rte_atomic.h>
#include <rte_branch_prediction.h>
#include <rte_cycles.h>

#include "mic_boot.h"
#include "mic_dma_ring.h"

/* ---- Asking ---- */

static __rte_always_inline bool
is_good(uint64_t dst, uint64_t src, uint64_t len)
{
	return ((dst | src | len) & (MIC_DMA_LINE - 1)) == 0 && len - 1 < MIC_ADDRESS_END &&
	       dst <= MIC_ADDRESS_END - len && src <= MIC_ADDRESS_END - len &&
	       (dst & src & MIC_SYSTEM_MEMORY) == 0;
}

/* Has the card been reset, or gone, since this was seen to? */
static __rte_always_inline bool
is_cut(const struct mic_dma_channel *ch)
{
	return atomic_load_explicit(&ch->cuts, memory_order_acquire) != ch->cuts_seen;
}

/* A job takes its descriptors, and perhaps a status; another status is kept for the submit. */
static __rte_always_inline bool
has_room(const struct mic_dma_channel *ch, uint64_t n)
{
	return ch->posted - ch->freed + n + 2 < ch->open && ch->jobs - ch->returned <= ch->mask &&
	       likely(!is_cut(ch));
}

static __rte_always_inline void
put(struct mic_dma_channel *ch, struct mic_desc d)
{
	ch->ring[ch->head] = d;
	ch->head = ch->head + 1 == ch->size ? 0 : ch->head + 1;
	ch->posted++;
}

static __rte_always_inline void
mark(struct mic_dma_channel *ch)
{
	put(ch, mic_desc_status(ch->status_address, ch->jobs, false));
	ch->marked = ch->jobs;
	ch->unmarked = 0;
}

static __rte_always_inline int64_t
end_job(struct mic_dma_channel *ch, uint64_t bytes)
{
	uint64_t job = ch->jobs++;

	ch->ends[job & ch->mask] = ch->posted;
	ch->unmarked += bytes;
	if (ch->jobs % MIC_DMA_MARK_EVERY == 0 || ch->unmarked >= MIC_DMA_MARK_BYTES)
		mark(ch);
	return (int64_t)job;
}

int64_t
mic_dma_copy(struct mic_dma_channel *ch, uint64_t dst, uint64_t src, uint64_t len)
{
	int ret;

	if (unlikely(len > MIC_DMA_COPY_MOST)) {
		const struct mic_dma_piece piece = {.dst = dst, .src = src, .len = len};

		return mic_dma_copies(ch, &piece, 1);
	}
	if (unlikely(!is_good(dst, src, len)))
		return -EINVAL;
	if (unlikely(!has_room(ch, 1))) {
		ret = mic_dma_no_room(ch);
		if (ret < 0)
			return ret;
	}
	put(ch, mic_desc_copy(dst, src, (uint32_t)len));
	return end_job(ch, len);
}

/* Descriptors that pieces take, 0 when one of them is no copy or they are too many. */
static uint64_t
count(const struct mic_dma_piece pieces[], uint32_t n)
{
	uint64_t descs = 0, most = (uint64_t)MIC_DMA_RING_MOST * MIC_DMA_COPY_MOST, len;

	for (uint32_t i = 0; i < n; i++) {
		if (!is_good(pieces[i].dst, pieces[i].src, pieces[i].len) || pieces[i].len > most)
			return 0;
		for (len = pieces[i].len; len > MIC_DMA_COPY_MOST; len -= MIC_DMA_COPY_MOST)
			descs++;
		descs++;
	}
	return descs;
}

static void
put_piece(struct mic_dma_channel *ch, struct mic_dma_piece piece)
{
	while (piece.len > 0) {
		uint64_t len = RTE_MIN(piece.len, (uint64_t)MIC_DMA_COPY_MOST);

		put(ch, mic_desc_copy(piece.dst, piece.src, (uint32_t)len));
		piece.dst += len;
		piece.src += len;
		piece.len -= len;
	}
}

int64_t
mic_dma_copies(struct mic_dma_channel *ch, const struct mic_dma_piece pieces[], uint32_t n)
{
	uint64_t descs = count(pieces, n), bytes = 0;
	int ret;

	/* More than there is ever room for would be asked for again and again. */
	if (descs == 0 || descs + 3 >= ch->size)
		return -EINVAL;
	if (unlikely(!has_room(ch, descs))) {
		ret = mic_dma_no_room(ch);
		if (ret < 0 || !has_room(ch, descs))
			return ret < 0 ? ret : -ENOSPC;
	}
	for (uint32_t i = 0; i < n; i++) {
		put_piece(ch, pieces[i]);
		bytes += pieces[i].len;
	}
	return end_job(ch, bytes);
}

void
mic_dma_submit(struct mic_dma_channel *ch)
{
	if (ch->marked != ch->jobs)
		mark(ch);
	ch->submitted = ch->jobs;
	if (ch->head == ch->pushed)
		return;
	/* Before: descriptors, and data in host memory. After: the head, which lets the engine read
	 * them. What is stored after it waits for a status, and can be seen early.
	 */
	rte_wmb();
	ch->pushed = ch->head;
	mic_dev_post(ch->dev, ch->doorbell, ch->head);
}

uint32_t
mic_dma_room(const struct mic_dma_channel *ch)
{
	uint64_t used = ch->posted - ch->freed + 2, room;

	if (used >= ch->open || ch->jobs - ch->returned > ch->mask)
		return 0;
	/* As short jobs of one descriptor would find it, with a status behind every 16. */
	room = ch->open - used - 1;
	return (uint32_t)RTE_MIN(room - room / MIC_DMA_MARK_EVERY,
				 ch->mask + 1 - (ch->jobs - ch->returned));
}

/* ---- What has ended ---- */

/* Nothing has. Who shares the CPU with the device gives way now and then. */
static __rte_noinline void
in_vain(struct mic_dma_channel *ch)
{
	uint64_t now;

	ch->in_vain++;
	if (ch->in_vain % MIC_DMA_POLLS_BEFORE_YIELD == 0 && ch->gives_way)
		sched_yield();
	if (ch->in_vain % MIC_DMA_POLLS_BEFORE_CLOCK != 0)
		return;
	now = rte_get_timer_cycles();
	if (ch->look_at == 0)
		ch->look_at = now + ch->patience;
	if (now < ch->look_at)
		return;
	ch->look_at = 0;
	mic_dma_look(ch);
}

/* Jobs before `known` need no look. */
static __rte_always_inline void
poll(struct mic_dma_channel *ch, uint64_t known)
{
	mic_dma_collect(ch);
	if (unlikely(is_cut(ch)))
		mic_dma_cut_off(ch);
	if (ch->done != known || ch->done == ch->submitted)
		return;
	mic_dev_idle(ch->dev);
	mic_dma_collect(ch);
	if (ch->done == known)
		in_vain(ch);
}

/* Some of those that have ended have not ended well. */
static __rte_noinline void
take_bad(struct mic_dma_channel *ch, uint16_t n, enum mic_dma_status status[])
{
	for (uint16_t i = 0; i < n; i++) {
		uint8_t *bad = &ch->bad[(ch->returned + i) & ch->mask];

		if (status != NULL)
			status[i] = (enum mic_dma_status) * bad;
		ch->nb_bad -= *bad != MIC_DMA_OK;
		*bad = MIC_DMA_OK;
	}
}

uint16_t
mic_dma_done(struct mic_dma_channel *ch, uint16_t max, enum mic_dma_status status[])
{
	uint16_t n;

	poll(ch, ch->returned);
	n = (uint16_t)RTE_MIN(ch->done - ch->returned, (uint64_t)max);
	if (unlikely(ch->nb_bad != 0))
		take_bad(ch, n, status);
	else if (status != NULL)
		for (uint16_t i = 0; i < n; i++)
			status[i] = MIC_DMA_OK;
	ch->returned += n;
	return n;
}

/* Of n that have ended, how many come before one that has not ended well? */
static __rte_noinline uint16_t
good_ones(const struct mic_dma_channel *ch, uint16_t n, bool *bad)
{
	uint16_t i;

	for (i = 0; i < n; i++) {
		if (ch->bad[(ch->returned + i) & ch->mask] != MIC_DMA_OK) {
			*bad = true;
			break;
		}
	}
	return i;
}

uint16_t
mic_dma_done_well(struct mic_dma_channel *ch, uint16_t max, bool *bad)
{
	uint16_t n;

	poll(ch, ch->returned);
	n = (uint16_t)RTE_MIN(ch->done - ch->returned, (uint64_t)max);
	if (unlikely(ch->nb_bad != 0))
		n = good_ones(ch, n, bad);
	ch->returned += n;
	return n;
}

bool
mic_dma_busy(struct mic_dma_channel *ch)
{
	poll(ch, ch->done);
	return ch->done != ch->submitted;
}

bool
mic_dma_empty(const struct mic_dma_channel *ch)
{
	return ch->done == ch->jobs;
}
