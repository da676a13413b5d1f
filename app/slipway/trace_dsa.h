/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TRACE_DSA_H
#define SLIPWAY_TRACE_DSA_H

/**
 * @file
 * A DSA as its trace shows it: registers, descriptors to portals and completion records in words.
 * Where its tables are is learned from what the program itself read, and taken to be as on SPR
 * before.
 */

#include "bus_trace.h"
#include "trace_item.h"

struct trace_dsa;

/** A DSA of that version; NULL when memory is short. */
struct trace_dsa *trace_dsa_create(unsigned int version);
void trace_dsa_destroy(struct trace_dsa *dsa);

/**
 * Put a record in words.
 *
 * @param r a register access, a post, a submission or a DMA write
 * @param payload its r->bytes bytes
 */
void trace_dsa_record(struct trace_dsa *dsa, const struct bus_trace_record *r,
		      const unsigned char *payload, struct trace_item *item);

#endif /* SLIPWAY_TRACE_DSA_H */
