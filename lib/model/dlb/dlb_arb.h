/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_ARB_H
#define SLIPWAY_DLB_ARB_H

/**
 * @file
 * Arbitration by classes of service, weights, work units and inflight thresholds, datasheet
 * sections 7.6 and 7.7. It moves one QE at a time, so the scheduler goes this way only when
 * registers say something that its own way, strong before weak and every CQ in its turn, does not
 * do anyhow. Lock held.
 */

#include "dlb_model_priv.h"

/** No level comes first. */
#define DLB_ARB_ANY DLB_ARB_LEVELS

/* dlb_arb_config.c: registers into arbiters */

/** Hook the registers of the arbiters. */
void dlb_arb_hook(struct dlb_model *m);
/** Take over what the registers say after a reset, latched bandwidths with them. */
void dlb_arb_reset(struct dlb_model *m);

/* dlb_arb.c: classes of service, and CQs within one */

/** QEs into CQs until nothing more can go. */
void dlb_arb_schedule(struct dlb_model *m);

/* dlb_weight.c: within a CQ */

/** The level whose turn is the next one, or DLB_ARB_ANY. */
uint32_t dlb_wheel_turn(const struct dlb_wheel *wheel, uint8_t *turn);
/** One QE for an LDB CQ that has room; false when no queue has one to give. */
bool dlb_weight_cq(struct dlb_model *m, struct dlb_cq *cq);
/** One QE off a directed queue that has some; false when the CQ has no room. */
bool dlb_weight_directed(struct dlb_model *m, uint32_t id);
/** QEs of an LDB queue that hold an entry of the atomic stage until they are completed. */
uint32_t dlb_weight_stage_inflight(const struct dlb_model *m, uint32_t qid);

#endif /* SLIPWAY_DLB_ARB_H */
