/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_DUMP_H
#define SLIPWAY_DLB_DUMP_H

#include <stdio.h>

struct rte_eventdev;

/** Tell a person how the device is. */
void dlb_dump(struct rte_eventdev *dev, FILE *f);

#endif /* SLIPWAY_DLB_DUMP_H */
