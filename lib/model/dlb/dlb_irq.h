/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_IRQ_H
#define SLIPWAY_DLB_IRQ_H

/**
 * @file
 * Interrupts of consumer queues and their watchdogs, datasheet sections 9.1 to 9.3 and 9.5: what
 * the rest of the model calls. Lock held.
 *
 * Delivery knows nothing of them. A step looks at the CQs that are watched once, when everything it
 * could deliver has been: `watch` says whether there are any.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dlb_hcw.h"

#define DLB_IRQ_CQS   (DLB_LDB_PORTS + DLB_DIR_PORTS_MAX)
#define DLB_IRQ_WORDS ((DLB_IRQ_CQS + 63) / 64)

struct dlb_model;

/** A span of time that runs while something lasts. */
struct dlb_span {
	bool runs;
	uint64_t since; /**< ns */
};

/** What a CQ's registers say about its interrupt and watchdog, and how long each has waited. */
struct dlb_cq_irq {
	uint32_t preset;     /**< tokens taken by software: no QEs */
	uint32_t threshold;  /**< QEs that fire it; 0: no number does */
	uint64_t timeout_ns; /**< QEs waiting this long fire it; 0: no time does */
	struct dlb_span timer;
	struct dlb_span watchdog;
	uint64_t returned; /**< tokens ever returned when the watchdog's span began */
};

/** All of them. */
struct dlb_irq {
	bool watch;          /**< a step has CQs to look at */
	bool message_due;    /**< vector 1 of compressed mode is to fire after an acknowledge */
	uint64_t now_ns;     /**< of the last step */
	_Atomic uint64_t deadline; /**< when the next step has something to do; any thread reads */
	uint64_t armed[DLB_IRQ_WORDS];   /**< by CQ */
	uint64_t guarded[DLB_IRQ_WORDS]; /**< their watchdogs run */
	uint64_t watchdog_ns[2];         /**< by kind of CQ; 0: never */
	struct dlb_cq_irq cq[DLB_IRQ_CQS];
};

/* dlb_irq.c */

/** Give the register file its hooks. */
void dlb_irq_hook(struct dlb_model *m);
/** As after power-on; registers have been reset. */
void dlb_irq_reset(struct dlb_model *m);
/** The ARM command of a port, or a register write: the CQ fires once when it has come to that. */
void dlb_irq_arm(struct dlb_model *m, uint32_t id);
/** A step has delivered what it could: look at everything that is watched. */
void dlb_irq_look(struct dlb_model *m);
/** Software loaded the token count of a CQ. */
void dlb_irq_preset(struct dlb_model *m, uint32_t id, uint32_t tokens);
/** MSIX_ACK or MSIX_PASSTHRU was written. */
void dlb_irq_acknowledged(struct dlb_model *m);

/* Shared by the two files. */

/** QEs in a CQ. */
uint32_t dlb_irq_occupancy(const struct dlb_model *m, uint32_t id);
/** Work out whether there is anything to watch. */
void dlb_irq_watch(struct dlb_model *m);
/**
 * Has a span of `length` ns been over by now? It begins when `on` turns true, and ends when that
 * turns false; while it runs its end is a deadline.
 */
bool dlb_irq_span_over(struct dlb_model *m, struct dlb_span *span, bool on, uint64_t length);
/** CQs of a kind take turns of one sample each; 100 MHz. */
uint64_t dlb_irq_samples_ns(const struct dlb_model *m, bool directed, uint32_t samples,
			    uint32_t interval);

/* dlb_watchdog.c */

void dlb_watchdog_hook(struct dlb_model *m);
/** Look at the watchdogs that run. */
void dlb_watchdog_look(struct dlb_model *m);

/* dlb_msix.c: the vectors */

void dlb_msix_hook(struct dlb_model *m);
/** Send a vector's message, or keep it pending while something masks it. */
void dlb_msix_send(struct dlb_model *m, uint32_t vector);
/** Something that masks vectors may have gone: send what is pending. */
void dlb_msix_unmasked(struct dlb_model *m);

#endif /* SLIPWAY_DLB_IRQ_H */
