/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* When a channel does not get on: an error has stopped it, the card was reset, or it is gone.
 *
 *   open --error--> the job that the channel stopped at ends as MIC_DMA_ERROR, its descriptors
 *     |             become no-ops, and the channel goes on behind it
 *     +--reset, lost, or the error is not a job's--> closed: all jobs end
 *   closed --the card can be programmed--> set up anew, when somebody asks for a copy
 */

#include <errno.h>
#include <inttypes.h>

#include "mic_dma_ring.h"

/* The channel takes no jobs any more, and those that it has end as that. */
static void
close_with(struct mic_dma_channel *ch, enum mic_dma_status how)
{
	uint64_t job;

	mic_dma_collect(ch);
	for (job = ch->done; job < ch->jobs; job++) {
		uint8_t *bad = &ch->bad[job & ch->mask];

		if (*bad != MIC_DMA_OK)
			continue;
		*bad = (uint8_t)how;
		ch->nb_bad++;
		if (how == MIC_DMA_ERROR)
			ch->errors++;
		else
			ch->lost++;
	}
	ch->done = ch->jobs;
	ch->marked = ch->jobs;
	ch->unmarked = 0;
	ch->submitted = ch->jobs;
	ch->freed = ch->posted;
	ch->pushed = ch->head;
	ch->open = 0;
}

void
mic_dma_drop(struct mic_dma_channel *ch)
{
	if (ch->open == 0)
		return;
	if (!mic_dev_gone(ch->dev))
		mic_dma_turn_off(ch);
	close_with(ch, MIC_DMA_ABORTED);
}

void
mic_dma_cut_off(struct mic_dma_channel *ch)
{
	ch->cuts_seen = atomic_load_explicit(&ch->cuts, memory_order_acquire);
	/* A reset may be about to come only: nothing is written once jobs have ended. */
	mic_dma_drop(ch);
}

/* ---- Errors ---- */

/* Which job has the descriptor at that place in the ring? `jobs`: none. */
static uint64_t
job_at(const struct mic_dma_channel *ch, uint32_t tail)
{
	uint32_t behind = ch->head >= tail ? ch->head - tail : ch->head + ch->size - tail;
	uint64_t job = ch->done;

	if (tail >= ch->size || mic_desc_type(&ch->ring[tail]) != MIC_DESC_TYPE_MEMCPY)
		return ch->jobs;
	while (job < ch->jobs && ch->ends[job & ch->mask] <= ch->posted - behind)
		job++;
	return job;
}

/* The channel is off: what is left of the job is to be passed by. */
static void
pass_by(struct mic_dma_channel *ch, uint64_t job, uint32_t tail)
{
	uint32_t behind = ch->head >= tail ? ch->head - tail : ch->head + ch->size - tail;
	uint64_t left = ch->ends[job & ch->mask] - (ch->posted - behind);

	for (; left > 0; left--) {
		ch->ring[tail] = (struct mic_desc){{0, 0}};
		tail = tail + 1 == ch->size ? 0 : tail + 1;
	}
	ch->bad[job & ch->mask] = MIC_DMA_ERROR;
	ch->nb_bad++;
	ch->errors++;
}

static void
recover(struct mic_dma_channel *ch)
{
	uint32_t error, tail, head;
	uint64_t job;

	mic_dma_control(ch, false);
	mic_dma_collect(ch);
	/* Only now: before, it may have been in the middle of stopping. */
	error = mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DCHERR_AT));
	tail = mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DTPR_AT));
	head = mic_dev_read(ch->dev, ch->doorbell);
	job = job_at(ch, tail);
	if (job == ch->jobs) {
		MIC_DMA_LOG_CARD(ERR, ch,
				 "stopped with DCHERR 0x%x at %u, which is no job's; all end",
				 error, tail);
		close_with(ch, MIC_DMA_ERROR);
		return;
	}
	MIC_DMA_LOG(DEBUG, ch, "DCHERR 0x%x at %u: a copy from 0x%" PRIx64 " to 0x%" PRIx64, error,
		    tail, REG_GET(MIC_DESC_MEMCPY_SRC, ch->ring[tail].qw[0]),
		    REG_GET(MIC_DESC_MEMCPY_DST, ch->ring[tail].qw[1]));
	pass_by(ch, job, tail);
	mic_dev_write(ch->dev, mic_dma_reg(ch, MIC_DCHERR_AT), error);
	/* It may be at the next error before this returns: that is for the next look to see. */
	mic_dma_control(ch, true);
	/* A channel that has stopped takes no head. The same twice would be an error. */
	if (head != ch->pushed)
		mic_dev_write(ch->dev, ch->doorbell, ch->pushed);
}

void
mic_dma_look(struct mic_dma_channel *ch)
{
	uint32_t error = mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DCHERR_AT));
	uint32_t stat = mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DSTAT_AT));
	uint32_t dcr = mic_dev_read(ch->dev, MIC_DCR_AT);

	/* All ones are what comes from a card that is not there. One that is off was reset. */
	if (mic_dev_gone(ch->dev) || (error & stat & dcr) == UINT32_MAX ||
	    (dcr & MIC_DCR_ENABLE(ch->number)) == 0)
		mic_dma_cut_off(ch);
	else if (error != 0 || (stat & MIC_DSTAT_QUIESCED) != 0)
		recover(ch);
}

/* ---- Again ---- */

int
mic_dma_no_room(struct mic_dma_channel *ch)
{
	/* Before `runs`, so that a cut that comes from now on is noticed: see follow(). */
	uint32_t cuts = atomic_load_explicit(&ch->cuts, memory_order_acquire);

	if (cuts != ch->cuts_seen)
		mic_dma_cut_off(ch);
	if (ch->open != 0 || ch->jobs - ch->returned > ch->mask)
		return -ENOSPC;
	if (!atomic_load_explicit(&ch->runs, memory_order_acquire) || mic_dev_gone(ch->dev))
		return -EIO;
	ch->cuts_seen = cuts;
	return mic_dma_set_up(ch);
}

bool
mic_dma_halted(const struct mic_dma_channel *ch)
{
	return !atomic_load_explicit(&ch->runs, memory_order_acquire) || mic_dev_gone(ch->dev);
}
