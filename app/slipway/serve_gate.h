/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SERVE_GATE_H
#define SLIPWAY_SERVE_GATE_H

/**
 * @file
 * What stands between a served device and those who use it: most of the time nothing but a few
 * calls; where asked for, a recorder (bus_trace.h) and faults (serve_inject.h).
 *
 *     clients --> gate.dev  --> [recorder -->] model
 *     hosts   <-- gate.host <-- [recorder <--] model
 *
 * A recorder can come and go while the device works. As the lines of shared rings and entries
 * stored through pointers would pass unseen, both are diverted meanwhile (serve_rings.h, `map`).
 * All of it is for one thread.
 */

#include "bus_trace.h"
#include "serve_inject.h"
#include "serve_rings.h"

/** Events that went through the device since it was made, resets or not. */
struct serve_totals {
	uint64_t in, out;           /**< what counters that were reset had counted */
	uint64_t in_then, out_then; /**< the counters, when the device last answered */
};

struct serve_gate {
	struct bus_device dev; /**< what clients are plugged into */
	struct bus_host host;  /**< what the model is to be made with */
	struct bus_device *model;
	struct bus_host *real;
	struct bus_device *to;  /**< model or recorder */
	struct bus_host *from;  /**< host or recorder */
	struct serve_regs regs; /**< the model's, past recorder and faults */
	struct serve_rings *rings;
	uint64_t *page; /**< of each ring, its offset in BAR 0 */
	struct serve_inject inject;
	struct serve_totals totals;
	struct bus_trace *trace;
	int trace_fd;
};

/** A gate before `host`; then make the model with gate->host. */
void serve_gate_init(struct serve_gate *g, struct bus_host *host, struct serve_rings *rings);

/** The model, made for gate->host with the memory of the rings: 0, or -ENOMEM. */
int serve_gate_plug(struct serve_gate *g, struct bus_device *model, enum dlb_version version);

/** Let go of a recorder and of memory. The model stays its owner's. */
void serve_gate_close(struct serve_gate *g);

/**
 * Record from now on, beginning with what the device's registers hold.
 *
 * @param fd where to append; the gate's on success, and closed at the end
 * @return 0, or -EBUSY when somebody records already, or another negative errno
 */
int serve_gate_trace(struct serve_gate *g, int fd);
/** End recording; nothing when nobody records. */
void serve_gate_trace_end(struct serve_gate *g);

/** Events in and out so far. */
void serve_gate_totals(struct serve_gate *g, uint64_t *in, uint64_t *out);

#endif /* SLIPWAY_SERVE_GATE_H */
