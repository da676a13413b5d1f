/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The loop: whatever can be done next is. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "pipeline.h"

/* A device that completes nothing for so long is given up. */
#define COPY_PATIENCE_S 10

/* Progress is shown so often. */
#define COPY_SHOWN_HZ 10

/* How far the loop is, beyond what the pipeline knows. */
struct progress {
	uint64_t begun, shown, moved; /* time stamps */
	bool terminal;
};

static struct block *
block_of(const struct pipeline *p, uint64_t number)
{
	return &p->blocks[number % p->options.depth];
}

static uint64_t
offset_of(const struct pipeline *p, uint64_t number)
{
	return number * p->options.block;
}

/* Give the device the next block. With a CRC there is one at a time, because its seed is the CRC of
 * the one before.
 */
static int
give(struct pipeline *p)
{
	struct block *block = block_of(p, p->given);
	const struct device *device = &p->device;
	int ret;

	if (device->has_crc)
		ret = device->copy_crc(device->id, 0, block->source_iova, block->target_iova,
				       block->bytes, p->crc, RTE_DMA_OP_FLAG_SUBMIT);
	else
		ret = rte_dma_copy(device->id, 0, block->source_iova, block->target_iova,
				   block->bytes, RTE_DMA_OP_FLAG_SUBMIT);
	if (ret < 0) {
		complain("%s: block %" PRIu64 " of %u bytes is refused: %s", device->name,
			 p->given, block->bytes, strerror(-ret));
		return EXIT_DEVICE;
	}
	block->job = ret;
	p->given++;
	return EXIT_DONE;
}

static bool
may_give(const struct pipeline *p)
{
	return p->given < p->read && (!p->device.has_crc || p->given == p->copied);
}

static int
tell_error(const struct pipeline *p, enum rte_dma_status_code status)
{
	complain("%s: block %" PRIu64 " at byte %" PRIu64 ": status %d of enum "
		 "rte_dma_status_code",
		 p->device.name, p->copied, offset_of(p, p->copied), status);
	return EXIT_FAILED;
}

/* What the device found out of a block that it has copied; or what the CPU does, if it does not. */
static int
take_crc(struct pipeline *p, const struct block *block)
{
	struct rte_pmd_dsa_result result;
	int ret;

	if (!p->device.has_crc) {
		p->crc = crc32c(p->crc, block->target, block->bytes);
		return EXIT_DONE;
	}
	ret = p->device.result(p->device.id, 0, block->job, &result);
	if (ret < 0) {
		complain("%s: block %" PRIu64 ": no result: %s", p->device.name, p->copied,
			 strerror(-ret));
		return EXIT_DEVICE;
	}
	p->crc = result.crc;
	return EXIT_DONE;
}

/* One at a time, in the order in which they were given. */
static int
poll(struct pipeline *p)
{
	enum rte_dma_status_code status = RTE_DMA_STATUS_SUCCESSFUL;
	uint16_t last;
	int ret;

	if (p->copied == p->given ||
	    rte_dma_completed_status(p->device.id, 0, 1, &last, &status) == 0)
		return EXIT_DONE;
	if (status != RTE_DMA_STATUS_SUCCESSFUL)
		return tell_error(p, status);
	ret = take_crc(p, block_of(p, p->copied));
	if (ret == EXIT_DONE)
		p->copied++;
	return ret;
}

/* One turn: a block in, one to the device, one back, and one out. */
static int
turn(struct pipeline *p)
{
	int ret = EXIT_DONE;

	if (p->read < p->nb_blocks && p->read - p->written < p->options.depth) {
		ret = file_read(p, block_of(p, p->read), offset_of(p, p->read));
		p->read++;
	}
	while (ret == EXIT_DONE && may_give(p))
		ret = give(p);
	if (ret == EXIT_DONE)
		ret = poll(p);
	if (ret == EXIT_DONE && p->written < p->copied) {
		ret = file_write(p, block_of(p, p->written), offset_of(p, p->written));
		p->written++;
	}
	return ret;
}

static void
show(const struct pipeline *p, struct progress *progress, uint64_t now)
{
	uint64_t bytes = RTE_MIN(offset_of(p, p->written), p->files.size);
	double seconds = (double)(now - progress->begun) / rte_get_tsc_hz();

	if (!progress->terminal || now - progress->shown < rte_get_tsc_hz() / COPY_SHOWN_HZ)
		return;
	progress->shown = now;
	fprintf(stderr, "\r%3.0f %%  %" PRIu64 " of %" PRIu64 " MB, %.2f GB/s ",
		bytes * 100.0 / p->files.size, bytes >> 20, p->files.size >> 20,
		bytes / seconds * 1e-9);
}

/* Is it time to give up? */
static bool
is_stuck(const struct pipeline *p, struct progress *progress, uint64_t now, uint64_t copied)
{
	if (copied != p->copied || p->copied == p->given)
		progress->moved = now;
	return now - progress->moved > COPY_PATIENCE_S * rte_get_tsc_hz();
}

int
copy_run(struct pipeline *p)
{
	struct progress progress = {
		.begun = rte_rdtsc(),
		.moved = rte_rdtsc(),
		.terminal = isatty(STDERR_FILENO),
	};
	uint64_t now = progress.begun, copied;
	int ret = EXIT_DONE;

	p->nb_blocks = (p->files.size + p->options.block - 1) / p->options.block;
	while (ret == EXIT_DONE && p->written < p->nb_blocks) {
		copied = p->copied;
		ret = turn(p);
		now = rte_rdtsc();
		if (ret == EXIT_DONE && is_stuck(p, &progress, now, copied)) {
			complain("%s: block %" PRIu64 " is not done after %d s", p->device.name,
				 p->copied, COPY_PATIENCE_S);
			ret = EXIT_FAILED;
		}
		show(p, &progress, now);
	}
	if (progress.terminal)
		fprintf(stderr, "\r%60s\r", "");
	p->seconds = (double)(now - progress.begun) / rte_get_tsc_hz();
	return ret;
}
