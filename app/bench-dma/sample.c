/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* One sample: passes until the timed part of them is as long as asked for. Threads begin a pass
 * together; between passes the bytes are looked at, spoilt and put where the cell wants them.
 */

#include <errno.h>
#include <sched.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_pause.h>

#include "bench.h"

/* Looks at a barrier before the CPU is given to a thread that has none. */
#define SAMPLE_SPINS 4096

/* A sample of which nearly nothing is timed has an end, too. */
#define SAMPLE_MAX_WALL 40

/* What the threads of a sample share. */
struct work {
	struct bench_run *run;
	const struct bench_subject *subject;
	const struct bench_cell *cell;
	uint64_t timed;      /**< time stamp cycles of all passes, from the first to the last */
	uint64_t own;        /**< the same, of each thread by itself, and added up */
	uint64_t wanted, deadline;
	uint64_t copies;     /**< of all threads */
	uint64_t part[BENCH_NB_PARTS];
	uint64_t begin[SIDES_MAX], end[SIDES_MAX]; /**< of this pass */
	int error[SIDES_MAX];
	unsigned int waiting, round; /**< of the barrier */
	bool over;
};

/* All threads get here before one goes on. */
static void
meet(struct sides_run *run)
{
	struct work *w = run->arg;
	unsigned int round = __atomic_load_n(&w->round, __ATOMIC_ACQUIRE), spins = 0;

	if (__atomic_add_fetch(&w->waiting, 1, __ATOMIC_ACQ_REL) == run->nb_sides) {
		w->waiting = 0;
		__atomic_store_n(&w->round, round + 1, __ATOMIC_RELEASE);
		return;
	}
	while (__atomic_load_n(&w->round, __ATOMIC_ACQUIRE) == round) {
		rte_pause();
		if (++spins % SAMPLE_SPINS == 0)
			sched_yield();
	}
}

static int
timed_pass(struct work *w, unsigned int side)
{
	const struct bench_slots *slots = &w->run->slots[side];
	int ret;

	w->begin[side] = rte_rdtsc();
	if (w->cell->layout == BENCH_PARTS)
		ret = bench_pass_parts(w->subject, w->cell, slots, w->part);
	else
		ret = bench_pass(w->subject, w->cell, slots, side);
	w->end[side] = rte_rdtsc();
	if (ret == 0 && !bench_slots_right(slots, w->cell))
		ret = -EILSEQ;
	return ret;
}

/* One thread adds up what all did, and decides whether there is another pass. */
static void
account(struct sides_run *run)
{
	struct work *w = run->arg;
	uint64_t first = w->begin[0], last = w->end[0];
	unsigned int i;

	for (i = 0; i < run->nb_sides; i++) {
		first = RTE_MIN(first, w->begin[i]);
		last = RTE_MAX(last, w->end[i]);
		w->own += w->end[i] - w->begin[i];
		w->copies += w->run->slots[i].ops;
		w->over |= w->error[i] < 0;
	}
	w->timed += last - first;
	w->over |= w->timed >= w->wanted || rte_rdtsc() > w->deadline;
}

static int
passes(struct sides_run *run, unsigned int side)
{
	struct work *w = run->arg;

	do {
		bench_slots_spoil(&w->run->slots[side], w->cell);
		meet(run);
		w->error[side] = timed_pass(w, side);
		meet(run);
		if (side == 0)
			account(run);
		meet(run);
	} while (!w->over);
	return w->error[side];
}

/**
 * Take one sample of a subject that is ready for the cell.
 *
 * @return 0; -EILSEQ when a byte is not where it should be, or what bench_pass returns
 */
int
bench_sample(struct bench_run *run, const struct bench_subject *subject,
	     const struct bench_cell *cell, double seconds, struct bench_sample *sample)
{
	struct work w = {
		.run = run,
		.subject = subject,
		.cell = cell,
		.wanted = seconds * rte_get_tsc_hz(),
		.deadline = rte_rdtsc() + SAMPLE_MAX_WALL * seconds * rte_get_tsc_hz(),
	};
	struct sides_run sides = {.body = passes, .arg = &w, .nb_sides = cell->threads};
	double hz = rte_get_tsc_hz();
	unsigned int i;
	int ret;

	ret = sides_run(&sides);
	if (ret < 0)
		return ret;
	*sample = (struct bench_sample){
		.gbps = (double)w.copies * cell->size / (w.timed / hz) * 1e-9,
		.cycles = (double)w.own / w.copies,
		.ns = (double)w.own / w.copies / hz * 1e9,
		.cpu_share = sides_cpu_share(&sides),
	};
	for (i = 0; i < BENCH_NB_PARTS; i++)
		sample->part[i] = (double)w.part[i] / w.copies;
	return 0;
}
