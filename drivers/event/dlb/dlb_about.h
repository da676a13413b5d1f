/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_ABOUT_H
#define SLIPWAY_DLB_ABOUT_H

/**
 * @file
 * What a server says about its device: a whole one, or one domain of a device that it shares out
 * among several clients. Then the device is set up already, and only what was granted may be used.
 */

#include "dlb_priv.h"

/**
 * Read it, and fall in with what is settled: dlb->part, and the layout of CQs.
 *
 * @return 0, -EPROTO or -EINVAL after one log line
 */
int dlb_about_learn(struct dlb *dlb);

#endif /* SLIPWAY_DLB_ABOUT_H */
