/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SERVE_DSA_GATE_H
#define SLIPWAY_SERVE_DSA_GATE_H

/**
 * @file
 * What stands between a served DSA and those who use it: nothing but a call most of the time;
 * where asked for, a recorder (bus_trace.h) and faults:
 *
 *     halt [software|flr|warm|cold]     the device halts, and says what leads out of it
 *     page-fault [COUNT]                the next look-ups of memory fail
 *     full-queue WQ                     the work queue takes nothing: as if it were full
 *     dropped-interrupt VECTOR [COUNT]  the next interrupts of a vector are not delivered
 *     clear                             all but the first are over
 *
 * Posts, submissions and steps may come from any thread; a recorder comes and goes while nobody
 * steps the device.
 */

#include <stdatomic.h>

#include "bus_trace.h"
#include "ctl_text.h"

#define SERVE_DSA_WQS 64u

struct serve_dsa_gate {
	struct bus_device dev; /**< first: what clients are plugged into */
	struct bus_host host;  /**< what the model is to be made with */
	struct bus_device *model;
	struct bus_host *real;
	struct bus_device *to; /**< model or recorder */
	struct bus_host *from; /**< host or recorder */
	struct bus_trace *trace;
	int trace_fd;
	/* Faults. */
	_Atomic uint32_t page_faults;  /**< to come */
	_Atomic uint64_t full;         /**< work queues, a bit each */
	_Atomic uint32_t vector_drops; /**< to come */
	_Atomic uint32_t vector;
	_Atomic uint64_t refused[SERVE_DSA_WQS]; /**< submissions and posts, as it was full */
	uint64_t injected;
};

/** A gate before `host`; then make the model with gate->host, and plug it in. */
void serve_dsa_gate_init(struct serve_dsa_gate *g, struct bus_host *host);
void serve_dsa_gate_plug(struct serve_dsa_gate *g, struct bus_device *model);
void serve_dsa_gate_close(struct serve_dsa_gate *g);

/** As of struct serve_kind; nobody steps the device meanwhile. */
int serve_dsa_gate_trace(struct serve_dsa_gate *g, int fd, unsigned int version);
void serve_dsa_gate_trace_end(struct serve_dsa_gate *g);

/** Answer "inject": was there a new fault? */
bool serve_dsa_gate_inject(struct serve_dsa_gate *g, const char *text, size_t len,
			   struct ctl_text *t);
/** The faults in force, as JSON strings with commas. */
void serve_dsa_gate_faults(const struct serve_dsa_gate *g, struct ctl_text *t);

#endif /* SLIPWAY_SERVE_DSA_GATE_H */
