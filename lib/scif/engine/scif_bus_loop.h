/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_BUS_LOOP_H
#define SLIPWAY_SCIF_BUS_LOOP_H

/**
 * @file
 * A link between two engines of one process, which look at the same memory.
 */

#include "scif_bus.h"

/** Memory that one side shares. */
struct scif_loop_memory {
	uint64_t address; /**< 0: none */
	const struct scif_memory *memory;
};

/** One side. */
struct scif_loop_end {
	struct scif_bus bus;
	struct scif_loop_end *other;
	uint64_t qp;
	struct scif_loop_memory *memory;
	uint32_t memories;
	uint32_t numbers;
	uint64_t length; /**< that its other side is told when it is introduced */
	uint32_t maps; /**< that the other side's memory has here */
	bool rung;     /**< by the other side, since somebody looked */
	bool away;     /**< the other side is lost */
	uint32_t slow; /**< so many times more the link has to be asked before it maps */
	bool full;     /**< the other side is not told of memory that is shared now */
};

/** A link. */
struct scif_loop {
	struct scif_loop_end end[2];
};

void scif_loop_init(struct scif_loop *loop);
/** Free what it took; nobody uses it. */
void scif_loop_free(struct scif_loop *loop);

#endif /* SLIPWAY_SCIF_BUS_LOOP_H */
