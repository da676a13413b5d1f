/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What the performance monitor counts, section 19, and how queues fare.
 */
#include <string.h>

#include "dsa_work_priv.h"

static uint64_t
get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* ---- Category 0: portals ---- */

static uint64_t
tail_of(const struct dsa_queue *q)
{
	return DSA_WORD_TAIL(get(&q->word));
}

/* Tickets tell what was taken, enabling by enabling; nobody counts it. */
static uint64_t
taken_dedicated(const struct dsa_queue *q)
{
	return get(&q->dedicated) +
	       (get(&q->word) & DSA_WORD_DEDICATED ? tail_of(q) - get(&q->since) : 0);
}

static uint64_t
portal_event(const struct dsa_queue *q, unsigned int event)
{
	switch (event) {
	case 0: return tail_of(q) - taken_dedicated(q) - get(&q->unlimited);
	case 1: return get(&q->refused[DSA_RETRY_LIMITED]);
	case 2: return get(&q->unlimited);
	case 3: return get(&q->refused[DSA_RETRY_UNLIMITED]);
	case 4: return taken_dedicated(q);
	case 5: return get(&q->refused[DSA_DROPPED]);
	case 6: return get(&q->refused[DSA_IGNORED]);
	default: return 0;
	}
}

/* ---- The others, by engine and queue ---- */

/* Reads or writes: operands of operations, each with as many requests (I). */
static uint64_t
requests(const struct dsa_counts *c, unsigned int writes)
{
	static const uint8_t operands[64][2] = {
		[DSA_OP_MOVE] = {1, 1},        [DSA_OP_FILL] = {0, 1},
		[DSA_OP_COMPARE] = {2, 0},     [DSA_OP_COMPARE_PATTERN] = {1, 0},
		[DSA_OP_CREATE_DELTA] = {2, 1}, [DSA_OP_APPLY_DELTA] = {1, 1},
		[DSA_OP_DUALCAST] = {1, 2},    [DSA_OP_CRC] = {1, 0},
		[DSA_OP_COPY_CRC] = {1, 1},    [DSA_OP_DIF_CHECK] = {1, 0},
		[DSA_OP_DIF_INSERT] = {1, 1},  [DSA_OP_DIF_STRIP] = {1, 1},
		[DSA_OP_DIF_UPDATE] = {1, 1},  [DSA_OP_DIX_GENERATE] = {1, 1},
	};
	uint64_t sum = 0;

	for (unsigned int opcode = 0; opcode < 64; opcode++)
		sum += get(&c->requests[opcode]) * operands[opcode][writes];
	return sum;
}

static uint64_t
engine_event(const struct dsa_counts *c, unsigned int event)
{
	switch (event) {
	case 0: return get(&c->lines);
	case 1: return get(&c->lines_written);
	case 2: return requests(c, 0);
	case 3: return requests(c, 1);
	case 4: return get(&c->members);
	case 5: return get(&c->dispatched);
	default: return 0;
	}
}

static uint64_t
operation_event(const struct dsa_counts *c, unsigned int event)
{
	static const uint8_t opcode[] = {
		DSA_OP_NOOP, DSA_OP_BATCH, DSA_OP_DRAIN, DSA_OP_MOVE, DSA_OP_FILL, DSA_OP_COMPARE,
		DSA_OP_COMPARE_PATTERN, DSA_OP_CREATE_DELTA, DSA_OP_APPLY_DELTA, DSA_OP_DUALCAST,
		DSA_OP_CRC, DSA_OP_COPY_CRC, DSA_OP_DIF_CHECK, DSA_OP_DIF_INSERT, DSA_OP_DIF_STRIP,
		DSA_OP_DIF_UPDATE, DSA_OP_CACHE_FLUSH,
	};

	return event < sizeof(opcode) ? get(&c->ops[opcode[event]]) : 0;
}

static uint64_t
operation2_event(const struct dsa_counts *c, unsigned int event)
{
	static const uint8_t opcode[] = {
		DSA_OP_TRANSLATION_FETCH, DSA_OP_DIX_GENERATE, DSA_OP_UPDATE_WINDOW, 0x22,
		DSA_OP_IDOM_COPY, DSA_OP_IDOM_FILL, DSA_OP_IDOM_COMPARE,
		DSA_OP_IDOM_COMPARE_PATTERN,
	};

	return event < sizeof(opcode) ? get(&c->ops[opcode[event]]) : 0;
}

static uint64_t
completion_event(const struct dsa_counts *c, unsigned int event)
{
	switch (event) {
	case 0: return get(&c->msix);
	case 1: return get(&c->ims);
	case 2: return get(&c->partial);
	case 3: return get(&c->error);
	case 4: return get(&c->success);
	case 5: return get(&c->records);
	default: return 0;
	}
}

static uint64_t
queue_event(const struct dsa_counts *c, unsigned int category, unsigned int event)
{
	switch (category) {
	case 1: return engine_event(c, event);
	case 3: return operation_event(c, event);
	case 4: return completion_event(c, event);
	case 5: return operation2_event(c, event);
	default: return 0;
	}
}

static uint64_t
translation_event(const struct dsa_mem_counts *c, unsigned int event)
{
	switch (event) {
	case 0: return get(&c->found[1]);
	case 1: return get(&c->missing[1]);
	case 2: return get(&c->found[0]);
	case 3: return get(&c->missing[0]);
	case 4: return get(&c->pages_given);
	case 5: return get(&c->pages_refused);
	default: return 0;
	}
}

uint64_t
dsa_work_events(const struct dsa_work *work, unsigned int category, unsigned int event,
		uint64_t wqs, uint64_t engines)
{
	uint64_t sum = 0;

	if (category == 0) {
		for (unsigned int wq = 0; wq < work->config.wqs; wq++)
			if (wqs >> wq & 1)
				sum += portal_event(&work->queue[wq], event);
		return sum;
	}
	for (unsigned int i = 0; i < work->config.engines; i++) {
		const struct dsa_engine *e = &work->engine[i];

		if (!(engines >> i & 1))
			continue;
		if (category == 2)
			sum += translation_event(&e->mem->counts, event);
		for (unsigned int wq = 0; wq < work->config.wqs; wq++)
			if (wqs >> wq & 1)
				sum += queue_event(&e->counts[wq], category, event);
	}
	return sum;
}

/* Add what an engine did for a queue. */
static void
add_ended(const struct dsa_counts *c, uint64_t *completed, uint64_t *bytes)
{
	*completed += get(&c->success) + get(&c->partial) + get(&c->error);
	*bytes += get(&c->bytes);
}

void
dsa_work_stats(const struct dsa_work *work, unsigned int wq, struct dsa_work_stats *stats)
{
	const struct dsa_queue *q = &work->queue[wq];

	*stats = (struct dsa_work_stats){
		.accepted = tail_of(q),
		.retried = get(&q->refused[DSA_RETRY_LIMITED]) +
			   get(&q->refused[DSA_RETRY_UNLIMITED]) +
			   get(&q->refused[DSA_RETRY_CLOSED]),
		.dropped = get(&q->refused[DSA_DROPPED]),
		.ignored = get(&q->refused[DSA_IGNORED]),
	};
	for (unsigned int i = 0; i < work->config.engines; i++) {
		const struct dsa_counts *c = &work->engine[i].counts[wq];

		add_ended(c, &stats->completed, &stats->bytes);
		stats->failed += get(&c->partial) + get(&c->error);
		stats->aborted += get(&c->aborted);
	}
}

void
dsa_work_engine_stats(const struct dsa_work *work, unsigned int engine,
		      struct dsa_work_engine_stats *stats)
{
	const struct dsa_engine *e = &work->engine[engine];

	*stats = (struct dsa_work_engine_stats){
		.busy = atomic_load_explicit(&e->jobs, memory_order_relaxed) != 0,
	};
	for (unsigned int wq = 0; wq < work->config.wqs; wq++)
		add_ended(&e->counts[wq], &stats->completed, &stats->bytes);
}
