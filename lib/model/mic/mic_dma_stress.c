/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Many threads on one DMA engine, meant to run under ThreadSanitizer:
 *
 *   mic_dma_stress [jobs]          20,000 of each channel when not said
 *
 *   submitter 0..3, a channel each --> engine <-- stepped by two threads
 *   main: looks the map up anew, and now and then resets all channels
 *
 * A job copies a block to the card, another one back to a second place, and writes a status.
 * When the status is there, the block must be, too; a descriptor that ended and is executed again
 * would spoil what the submitter has put there since. Submitters turn their channel off and on in
 * the middle of it. After a reset everybody posts again what had not ended.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mic_dma_test_rig.h"

#define SUBMITTERS 4u
#define STEPPERS   2u
#define SIZE       64u
/* Descriptors of a job. */
#define PARTS 3u
/* Jobs of a submitter on their way: as many as the ring has room for. */
#define WINDOW ((SIZE - 1) / PARTS)
#define WORDS  64u
#define BLOCK  (WORDS * 8)

struct stress;

/* In host memory: what a submitter has there. */
struct area {
	struct mic_desc ring[SIZE];
	_Alignas(64) _Atomic uint64_t status;
	_Alignas(64) uint64_t from[WINDOW][WORDS];
	_Alignas(64) uint64_t to[WINDOW][WORDS];
};

struct submitter {
	struct stress *s;
	unsigned int channel;
	uint64_t posted, ended, again;
	uint32_t head;
	_Atomic uint64_t settled; /* the last reset it has seen */
};

struct stress {
	struct mic_model rig;
	pthread_mutex_t dcr; /* which is everybody's */
	uint64_t jobs;
	struct submitter submitter[SUBMITTERS];
	_Atomic uint64_t resets; /* odd: everybody lets go */
	_Atomic uint64_t errors;
	_Atomic unsigned int left;
	_Atomic bool done;
};

static void
wrong(struct stress *s, const char *what, uint64_t value)
{
	if (atomic_fetch_add(&s->errors, 1) < 10)
		fprintf(stderr, "%s: %" PRIu64 "\n", what, value);
}

static uint64_t
area_address(unsigned int channel)
{
	return RIG_HOST + channel * 0x20000;
}

static uint64_t
block_of(const struct submitter *sub, uint64_t job)
{
	return (job + 1) * 1000003 + sub->channel;
}

/* ---- A submitter ---- */

static void
put(struct submitter *sub, struct area *area, struct mic_desc d)
{
	area->ring[sub->head] = d;
	sub->head = sub->head + 1 == SIZE ? 0 : sub->head + 1;
}

static void
post(struct submitter *sub, struct area *area)
{
	uint64_t base = area_address(sub->channel), slot = sub->posted % WINDOW;
	uint64_t card = (sub->channel * WINDOW + slot) * BLOCK;

	for (unsigned int n = 0; n < WORDS; n++) {
		area->from[slot][n] = block_of(sub, sub->posted) + n;
		area->to[slot][n] = 0;
	}
	put(sub, area,
	    mic_desc_copy(card, base + offsetof(struct area, from) + slot * BLOCK, BLOCK));
	put(sub, area, mic_desc_copy(base + offsetof(struct area, to) + slot * BLOCK, card, BLOCK));
	put(sub, area,
	    mic_desc_status(base + offsetof(struct area, status), sub->posted + 1, true));
	sub->posted++;
	rig_write(&sub->s->rig, MIC_DHPR_AT, sub->channel, sub->head);
}

static void
collect(struct submitter *sub, struct area *area)
{
	/* Pairs with the release of the status: what was copied before is there. */
	uint64_t ended = atomic_load_explicit(&area->status, memory_order_acquire);

	if (ended < sub->ended || ended > sub->posted)
		wrong(sub->s, "status", ended);
	for (; sub->ended < ended; sub->ended++) {
		uint64_t slot = sub->ended % WINDOW;

		for (unsigned int n = 0; n < WORDS; n++)
			if (area->to[slot][n] != block_of(sub, sub->ended) + n)
				wrong(sub->s, "block of job", sub->ended);
		/* Whoever writes here now has done so twice. */
		memset(area->to[slot], 0xee, BLOCK);
	}
}

static void
open_channel(struct submitter *sub)
{
	pthread_mutex_lock(&sub->s->dcr);
	rig_open(&sub->s->rig, sub->channel, true, area_address(sub->channel), SIZE);
	pthread_mutex_unlock(&sub->s->dcr);
	sub->head = rig_read(&sub->s->rig, MIC_DTPR_AT, sub->channel);
}

/* What it has taken it does all the same, unless a reset comes. */
static void
off_and_on(struct submitter *sub)
{
	struct stress *s = sub->s;

	pthread_mutex_lock(&s->dcr);
	if (rig_dcr(&s->rig) & MIC_DCR_ENABLE(sub->channel)) {
		rig_control(&s->rig, sub->channel, true, false);
		rig_control(&s->rig, sub->channel, true, true);
	}
	pthread_mutex_unlock(&s->dcr);
}

/* A reset has come: what has ended counts, the rest is posted again once it is over. */
static void
settle(struct submitter *sub, struct area *area)
{
	struct stress *s = sub->s;
	uint64_t resets = atomic_load(&s->resets);

	collect(sub, area);
	for (uint64_t n = sub->ended; n < sub->posted; n++)
		sub->again++;
	sub->posted = sub->ended;
	atomic_store(&sub->settled, resets);
	while (atomic_load(&s->resets) == resets)
		sched_yield();
	open_channel(sub);
}

static void
check_untouched(struct submitter *sub, const struct area *area)
{
	for (uint64_t slot = 0; slot < WINDOW; slot++)
		for (unsigned int n = 0; n < WORDS; n++)
			if (area->to[slot][n] != UINT64_C(0xeeeeeeeeeeeeeeee))
				wrong(sub->s, "written after the end, slot", slot);
}

static void *
submit(void *arg)
{
	struct submitter *sub = arg;
	struct stress *s = sub->s;
	struct area *area = rig_at(&s->rig, area_address(sub->channel));

	while (sub->ended < s->jobs) {
		if (atomic_load(&s->resets) & 1)
			settle(sub, area);
		if (sub->posted < s->jobs && sub->posted - sub->ended < WINDOW)
			post(sub, area);
		else
			sched_yield();
		if (sub->posted % 50 == 49)
			off_and_on(sub);
		collect(sub, area);
	}
	check_untouched(sub, area);
	atomic_fetch_sub(&s->left, 1);
	while (!atomic_load(&s->done)) {
		atomic_store(&sub->settled, atomic_load(&s->resets));
		sched_yield();
	}
	return NULL;
}

/* ---- The others ---- */

static void *
step(void *arg)
{
	struct stress *s = arg;

	while (!atomic_load(&s->done))
		if (!mic_dma_step(s->rig.dma))
			sched_yield();
	return NULL;
}

/* In the middle of work. Nothing is written any more when it returns. */
static void
reset_all(struct stress *s)
{
	uint64_t resets;

	pthread_mutex_lock(&s->dcr);
	mic_dma_reset(s->rig.dma);
	pthread_mutex_unlock(&s->dcr);
	resets = atomic_fetch_add(&s->resets, 1) + 1;
	for (unsigned int n = 0; n < SUBMITTERS; n++)
		while (atomic_load(&s->submitter[n].settled) != resets)
			sched_yield();
	atomic_fetch_add(&s->resets, 1);
}

static void
disturb(struct stress *s)
{
	uint64_t round = 0;

	while (atomic_load(&s->left) > 0) {
		struct mic_model_channel_stats stats;

		mic_dma_remap(s->rig.dma);
		mic_dma_stats(s->rig.dma, round % 8, &stats);
		usleep(300);
		if (round++ % 16 == 0)
			reset_all(s);
	}
	atomic_store(&s->done, true);
}

int
main(int argc, char **argv)
{
	static struct stress s = {.dcr = PTHREAD_MUTEX_INITIALIZER};
	pthread_t threads[SUBMITTERS + STEPPERS];
	uint64_t again = 0;

	s.jobs = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
	if (rig_create(&s.rig, NULL) != 0)
		return EXIT_FAILURE;
	atomic_store(&s.left, SUBMITTERS);
	for (unsigned int n = 0; n < SUBMITTERS; n++) {
		s.submitter[n].s = &s;
		s.submitter[n].channel = n;
		open_channel(&s.submitter[n]);
	}
	for (unsigned int n = 0; n < STEPPERS; n++)
		pthread_create(&threads[SUBMITTERS + n], NULL, step, &s);
	for (unsigned int n = 0; n < SUBMITTERS; n++)
		pthread_create(&threads[n], NULL, submit, &s.submitter[n]);
	disturb(&s);
	for (unsigned int n = 0; n < SUBMITTERS + STEPPERS; n++)
		pthread_join(threads[n], NULL);
	for (unsigned int n = 0; n < SUBMITTERS; n++)
		again += s.submitter[n].again;
	printf("%" PRIu64 " jobs of each of %u channels, %" PRIu64 " resets, %" PRIu64
	       " posted again, %" PRIu64 " errors\n",
	       s.jobs, SUBMITTERS, s.resets / 2, again, s.errors);
	rig_destroy(&s.rig);
	return s.errors == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
