/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_H
#define SLIPWAY_DSA_H

/**
 * @file
 * The actions of `slipway dsa`. Each: the exit status; errors have been reported.
 */

#define DSA_BUS "/sys/bus/dsa"

int dsa_list(int argc, char **argv);
int dsa_config(int argc, char **argv);
int dsa_test(int argc, char **argv);

#endif /* SLIPWAY_DSA_H */
