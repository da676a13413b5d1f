/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef BENCH_EAL_H
#define BENCH_EAL_H

/**
 * @file
 * EAL of a program, and what was given to it.
 */

/** Start it: how many arguments it took, or -1 when one line says why. */
int bench_eal_begin(const char *program, int argc, char **argv);

/** The arguments of a virtual device: what devices of one driver differ by. */
const char *bench_device_args(const char *name);

#endif /* BENCH_EAL_H */
