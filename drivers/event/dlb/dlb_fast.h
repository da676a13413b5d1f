/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_FAST_H
#define SLIPWAY_DLB_FAST_H

/**
 * @file
 * The burst functions. Those that end in _call reach the device by calling it.
 */

#include "dlb_priv.h"

uint16_t dlb_enqueue_burst_call(void *port, const struct rte_event ev[], uint16_t n);
uint16_t dlb_enqueue_new_burst_call(void *port, const struct rte_event ev[], uint16_t n);
uint16_t dlb_enqueue_forward_burst_call(void *port, const struct rte_event ev[], uint16_t n);
uint16_t dlb_dequeue_burst_call(void *port, struct rte_event ev[], uint16_t n, uint64_t timeout_ns);

#if COMPAT_SINGLE_EVENT_OPS
uint16_t dlb_enqueue_call(void *port, const struct rte_event *ev);
uint16_t dlb_dequeue_call(void *port, struct rte_event *ev, uint64_t timeout_ns);
#endif

/** Fill in the hot members of a port for a new start: everything counts from zero again. */
void dlb_fast_prepare(struct dlb_port *p);

/**
 * Release what the port holds, then dequeue without waiting. For stop.
 *
 * @return events dequeued; they are held until the next call
 */
uint16_t dlb_fast_drain(struct dlb_port *p, struct rte_event ev[], uint16_t n);

#endif /* SLIPWAY_DLB_FAST_H */
