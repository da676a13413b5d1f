/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

/**
 * @file
 * Was every event delivered, once a stage, in the order of its flow? Cheap enough to ask while
 * measuring: a tag names producer, flow and place; sums over the tags tell loss and repetition,
 * and a look at the last tag of the flow tells order.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK_MAX_STAGES 2
#define CHECK_MAX_FLOWS  16384u

/* A tag, from the top: producer, flow, and how many events that producer sent before. */
#define CHECK_SEQ_BITS      40
#define CHECK_FLOW_BITS     14
#define CHECK_PRODUCER_BITS 1
#define CHECK_STREAMS       (1u << (CHECK_PRODUCER_BITS + CHECK_FLOW_BITS))

/** What is known of a number of tags. Equal sums and equal counts mean the same tags, but for
 * chances of one in billions: squares give away a pair that was exchanged for another.
 */
struct check_sums {
	uint64_t count;
	uint64_t sum;
	uint64_t squares;
};

/** What one consumer saw of one stage. */
struct check_stage {
	struct check_sums sums;
	uint64_t wrong_order;
	bool ordered;   /**< the type of the stage promises order */
	uint64_t *next; /**< by producer and flow: the least tag that may come */
};

/** The tag of an event. */
static inline uint64_t
check_tag(unsigned int producer, uint32_t flow, uint64_t seq)
{
	return ((uint64_t)producer << CHECK_FLOW_BITS | flow) << CHECK_SEQ_BITS | seq;
}

/** Count a tag in. */
static inline void
check_add(struct check_sums *sums, uint64_t tag)
{
	sums->count++;
	sums->sum += tag;
	sums->squares += tag * tag;
}

/** Count a tag out again: the device did not take its event. */
static inline void
check_take_back(struct check_sums *sums, uint64_t tag)
{
	sums->count--;
	sums->sum -= tag;
	sums->squares -= tag * tag;
}

/** Note a delivery. The same work for each type, so that types compare. */
static inline void
check_delivery(struct check_stage *stage, uint64_t tag)
{
	uint64_t *next = &stage->next[tag >> CHECK_SEQ_BITS & (CHECK_STREAMS - 1)];

	check_add(&stage->sums, tag);
	stage->wrong_order += (tag < *next) & stage->ordered;
	*next = tag + 1;
}

/** What all producers sent, or all consumers of a stage saw. */
void check_merge(struct check_sums *all, const struct check_sums *part);

/**
 * Compare a stage with what was sent, nothing being under way.
 *
 * @param[out] reason what is wrong
 * @return 0 or -EBADMSG
 */
int check_verdict(unsigned int stage, const struct check_sums *sent, const struct check_sums *seen,
		  uint64_t wrong_order, char *reason, size_t size);

#endif /* BENCH_CHECK_H */
