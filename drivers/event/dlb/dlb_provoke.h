/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_PROVOKE_H
#define SLIPWAY_DLB_PROVOKE_H

/**
 * @file
 * For tests: do to a started device what the driver never does.
 */

#include "access_test.h"
#include "dlb_priv.h"

/** Send one faulty command from a port, and have the device see it: 0, or -EINVAL. */
int dlb_provoke(struct dlb_port *p, enum access_fault fault);

#endif /* SLIPWAY_DLB_PROVOKE_H */
