/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

/**
 * @file
 * Was every event delivered, once a stage, in the order of its flow? Cheap enough to ask while
 * measuring: a tag names producer, flow and place; sums over the tags tell loss and repetition,
 * and a look at the last tag of the flow tells order. What the sums must be is worked out
 * afterwards, so that producers need not count.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK_MAX_STAGES 2
#define CHECK_MAX_FLOWS  16384u

/* A tag, from the top: stage once delivered, producer, flow, and how many events that producer sent
 * before.
 */
#define CHECK_SEQ_BITS      40
#define CHECK_FLOW_BITS     14
#define CHECK_PRODUCER_BITS 1
#define CHECK_STREAMS       (1u << (CHECK_PRODUCER_BITS + CHECK_FLOW_BITS))
#define CHECK_STAGE_SHIFT   (CHECK_SEQ_BITS + CHECK_FLOW_BITS + CHECK_PRODUCER_BITS)

/** What is known of a number of deliveries. Equal sums and equal counts mean the same deliveries,
 * but for chances of one in billions: squares give away a pair that was exchanged for another.
 */
struct check_sums {
	uint64_t count;
	uint64_t sum;
	uint64_t squares;
};

/** What one consumer saw. */
struct check_seen {
	struct check_sums sums;
	uint64_t wrong_order;
	uint64_t ordered;                 /**< bit n: the type of stage n promises order */
	uint64_t *next[CHECK_MAX_STAGES]; /**< by producer and flow: the least tag to come */
};

/** The tag of an event. */
static inline uint64_t
check_tag(unsigned int producer, uint32_t flow, uint64_t seq)
{
	return ((uint64_t)producer << CHECK_FLOW_BITS | flow) << CHECK_SEQ_BITS | seq;
}

/** Note a delivery. The same work for each type, so that types compare. */
static inline void
check_delivery(struct check_seen *seen, unsigned int stage, uint64_t tag)
{
	uint64_t *next = &seen->next[stage][tag >> CHECK_SEQ_BITS & (CHECK_STREAMS - 1)];
	uint64_t delivery = tag + ((uint64_t)stage << CHECK_STAGE_SHIFT);

	seen->sums.count++;
	seen->sums.sum += delivery;
	seen->sums.squares += delivery * delivery;
	seen->wrong_order += (tag < *next) & (seen->ordered >> stage);
	*next = tag + 1;
}

/** Add what another producer sent, or another consumer saw. */
void check_merge(struct check_sums *all, const struct check_sums *part);

/** What is due when a producer sent so many events to its flows in turn, from flow 0. */
struct check_sums check_due(unsigned int producer, uint32_t flows, uint64_t sent,
			    unsigned int nb_stages);

/**
 * Compare what was seen with what was due, nothing being under way.
 *
 * @param[out] reason what is wrong
 * @return 0 or -EBADMSG
 */
int check_verdict(const struct check_sums *due, const struct check_sums *seen,
		  uint64_t wrong_order, char *reason, size_t size);

#endif /* BENCH_CHECK_H */
