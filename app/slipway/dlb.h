/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_H
#define SLIPWAY_DLB_H

/**
 * @file
 * slipway dlb: its actions. `argv[0]` is the action's name; the exit status.
 */
int dlb_list(int argc, char **argv);
int dlb_config(int argc, char **argv);

#endif /* SLIPWAY_DLB_H */
