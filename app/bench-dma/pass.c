/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The timed loop: one pass over the slots of a thread, which submits and polls by itself. */

#include <errno.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_dmadev.h>

#include "bench.h"

/* A device that completes nothing for so long is stuck. */
#define PASS_PATIENCE_S 5

/* Empty polls between two looks at the clock. */
#define PASS_STRIDE 1024

/* How far a pass is. */
struct pass {
	int16_t dev_id;
	uint16_t vchan, batch, depth;
	uint32_t size, ops;
	uint32_t sent, done;
	uint32_t slot; /**< the next one to copy */
	uint32_t empty_polls;
	uint64_t deadline;
};

static inline struct pass
pass_begin(const struct bench_subject *subject, const struct bench_cell *cell,
	   const struct bench_slots *slots, uint16_t vchan)
{
	return (struct pass){
		.dev_id = subject->dev_id,
		.vchan = vchan,
		.batch = cell->batch,
		.depth = cell->depth,
		.size = cell->size,
		.ops = slots->ops,
	};
}

/* Room for a batch, and something left to copy? */
static __rte_always_inline bool
may_send(const struct pass *p)
{
	return p->sent < p->ops && p->sent - p->done + p->batch <= p->depth;
}

/* Enqueue a batch: how many copies were taken, or a negative errno. */
static __rte_always_inline int
enqueue(struct pass *p, const struct bench_slots *slots)
{
	uint16_t i;
	int ret;

	for (i = 0; i < p->batch; i++) {
		ret = rte_dma_copy(p->dev_id, p->vchan, slots->src_iova + p->slot * slots->stride,
				   slots->dst_iova + p->slot * slots->stride, p->size, 0);
		if (unlikely(ret < 0))
			return ret == -ENOSPC ? i : ret;
		if (++p->slot == slots->count)
			p->slot = 0;
	}
	return i;
}

/* Nothing has come: is it time to give up? */
static int
wait_on(struct pass *p)
{
	if (++p->empty_polls % PASS_STRIDE != 0)
		return 0;
	if (p->deadline == 0)
		p->deadline = rte_rdtsc() + PASS_PATIENCE_S * rte_get_tsc_hz();
	return rte_rdtsc() > p->deadline ? -ETIMEDOUT : 0;
}

static __rte_always_inline int
poll(struct pass *p)
{
	bool error = false;
	uint16_t n, last;

	n = rte_dma_completed(p->dev_id, p->vchan, p->batch, &last, &error);
	if (unlikely(error))
		return -EIO;
	if (unlikely(n == 0))
		return wait_on(p);
	p->done += n;
	p->empty_polls = 0;
	p->deadline = 0;
	return p->done > p->sent ? -EBADMSG : 0;
}

static int
pass_device(const struct bench_subject *subject, const struct bench_cell *cell,
	    const struct bench_slots *slots, uint16_t vchan)
{
	struct pass p = pass_begin(subject, cell, slots, vchan);
	int ret;

	while (p.done < p.ops) {
		while (may_send(&p)) {
			ret = enqueue(&p, slots);
			if (unlikely(ret < 0))
				return ret;
			if (unlikely(ret == 0))
				break;
			p.sent += ret;
			rte_dma_submit(p.dev_id, p.vchan);
		}
		ret = poll(&p);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int
pass_copy(bench_copy_t copy, const struct bench_cell *cell, const struct bench_slots *slots)
{
	uint32_t i, slot = 0;

	for (i = 0; i < slots->ops; i++) {
		copy(slots->dst + slot * slots->stride, slots->src + slot * slots->stride,
		     cell->size);
		if (++slot == slots->count)
			slot = 0;
	}
	return 0;
}

/**
 * Copy as often as the plan of the slots says.
 *
 * @return 0; -EIO when the device reports an error, -ETIMEDOUT when it is stuck, -EBADMSG when it
 *   completes what nobody asked for
 */
int
bench_pass(const struct bench_subject *subject, const struct bench_cell *cell,
	   const struct bench_slots *slots, uint16_t vchan)
{
	if (subject->copy != NULL)
		return pass_copy(subject->copy, cell, slots);
	return pass_device(subject, cell, slots, vchan);
}

/* Add the time since a stamp to a part; the stamp becomes now. */
static __rte_always_inline void
add(uint64_t *cycles, uint64_t *stamp, uint64_t cost)
{
	uint64_t now = rte_rdtsc();

	*cycles += now - *stamp > cost ? now - *stamp - cost : 0;
	*stamp = now;
}

/* What a time stamp costs: the least of many, as a busy machine only adds. */
static uint64_t
stamp_cycles(void)
{
	uint64_t least = UINT64_MAX, a, b;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		a = rte_rdtsc();
		b = rte_rdtsc();
		least = RTE_MIN(least, b - a);
	}
	return least;
}

/** The same on channel 0 of a device, with a time stamp between the calls; the cycles are added. */
int
bench_pass_parts(const struct bench_subject *subject, const struct bench_cell *cell,
		 const struct bench_slots *slots, uint64_t cycles[BENCH_NB_PARTS])
{
	struct pass p = pass_begin(subject, cell, slots, 0);
	uint64_t cost = stamp_cycles(), stamp;
	int ret;

	while (p.done < p.ops) {
		while (may_send(&p)) {
			stamp = rte_rdtsc();
			ret = enqueue(&p, slots);
			add(&cycles[BENCH_ENQUEUE], &stamp, cost);
			if (ret < 0)
				return ret;
			if (ret == 0)
				break;
			p.sent += ret;
			rte_dma_submit(p.dev_id, p.vchan);
			add(&cycles[BENCH_SUBMIT], &stamp, cost);
		}
		stamp = rte_rdtsc();
		ret = poll(&p);
		add(&cycles[BENCH_POLL], &stamp, cost);
		if (ret < 0)
			return ret;
	}
	return 0;
}
