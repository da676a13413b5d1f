/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_priv.h"

/* Answers of other nodes that clients wait for: to registrations, their ends, and fences. In slices
 * of alive_ms, repeated while the node is alive: section 10.7. One whose engine reads nothing of
 * what it was sent for a whole slice is not, and who waits is told; what was asked goes on.
 */

uint64_t
scif_answer_by(struct scif_engine *engine)
{
	uint64_t by = scif_in_ms(engine, engine->config.alive_ms);

	if (by < engine->answers_by)
		engine->answers_by = by;
	return by;
}

bool
scif_answer_is_late(struct scif_engine *engine, uint64_t node, uint64_t *by)
{
	const struct scif_node *from = scif_node_find(engine, node);

	if (engine->now < *by) {
		if (*by < engine->answers_by)
			engine->answers_by = *by;
		return false;
	}
	if (from == NULL || !scif_link_reads(from))
		return true;
	*by = scif_answer_by(engine);
	return false;
}

uint64_t
scif_answer_step(struct scif_engine *engine)
{
	if (engine->now < engine->answers_by)
		return engine->answers_by;
	engine->answers_by = SCIF_NO_DEADLINE;
	scif_window_late(engine);
	scif_fence_late(engine);
	return engine->answers_by;
}
