/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_PLAN_H
#define SLIPWAY_DLB_PLAN_H

/**
 * @file
 * What start decides: what each queue and port becomes in the device and what share of the domain's
 * resources it gets. Takes them, and touches no device; dlb_domain_give_back() undoes it.
 */

#include "dlb_priv.h"

/**
 * Settle everything from what was set up and linked. Logs what cannot be.
 *
 * @return 0; -ESTALE when a queue or port is not set up; -ENOLINK when a queue is linked to no
 *         port; -EDQUOT when a single-link queue is linked to several; -ENOSPC when the domain
 *         has not enough of something
 */
int dlb_plan(struct dlb *dlb);

#endif /* SLIPWAY_DLB_PLAN_H */
