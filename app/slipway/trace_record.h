/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TRACE_RECORD_H
#define SLIPWAY_TRACE_RECORD_H

/**
 * @file
 * Recording what passes between a served device and its client, for a while.
 */

/**
 * Record.
 *
 * @param control path of the control socket
 * @param out file to write, or NULL for one that goes with this program
 * @param seconds how long, unless SIGINT or SIGTERM comes first
 * @return a descriptor of the recording, or -1: reported
 */
int trace_record(const char *control, const char *out, double seconds);

#endif /* SLIPWAY_TRACE_RECORD_H */
