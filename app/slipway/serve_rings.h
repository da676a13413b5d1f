/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SERVE_RINGS_H
#define SLIPWAY_SERVE_RINGS_H

/**
 * @file
 * The line rings of a served device: a file in memory that clients may map, too, so that their
 * posts need no message. Such posts pass unseen, which is what they are for; who wants to see them,
 * as a trace does, diverts them:
 *
 *     clients --> shared rings --> device              as a rule: one memory, mapped at both
 *     clients --> shared rings --> feed --> device     diverted: the device has rings of its own
 *
 * A line has the same index in both, and a slot is given back to the client only when the device
 * has taken its line. So both ways can be exchanged for each other between any two calls of the
 * device. All of this is for the thread that calls the device.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line_ring.h"

struct serve_rings {
	int fd; /**< sealed: nobody can make it shorter */
	size_t bytes;
	unsigned int count;
	struct line_ring *device; /**< what the device is made with */
	struct line_ring *shared; /**< what clients see */
	bool diverted;
	uint32_t *fed; /**< of each ring, lines handed on; while diverted */
};

/** Who takes the lines of diverted rings. */
typedef void serve_rings_take_fn(void *arg, unsigned int ring, const void *line);

/** Make `bytes` of rings: 0, or a negative errno. */
int serve_rings_create(struct serve_rings *r, size_t bytes);
void serve_rings_destroy(struct serve_rings *r);

/** From now on lines come by way of serve_rings_feed: 0, or a negative errno. */
int serve_rings_divert(struct serve_rings *r);
/** Lines go straight to the device again: 0, or a negative errno, and they stay diverted. */
int serve_rings_restore(struct serve_rings *r);

/** Put a line into a diverted ring, as a client would. False when it is full. */
bool serve_rings_post(struct serve_rings *r, unsigned int ring, const void *line, unsigned int len);
/** Hand on what clients have posted into diverted rings: `take` posts it to the device. */
void serve_rings_feed(struct serve_rings *r, serve_rings_take_fn *take, void *arg);
/** Show clients what the device has taken out of diverted rings. */
void serve_rings_settle(struct serve_rings *r);

/** Lines ever posted into a ring, modulo 2^32, as clients say. */
uint32_t serve_rings_head(const struct serve_rings *r, unsigned int ring);
/** A number that changes when anything is posted into any ring. */
uint32_t serve_rings_sum(const struct serve_rings *r);

#endif /* SLIPWAY_SERVE_RINGS_H */
