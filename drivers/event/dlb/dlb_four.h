/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_FOUR_H
#define SLIPWAY_DLB_FOUR_H

/**
 * @file
 * Four events at once that differ in payload, flow, priority and opaque bits only: the same moves
 * as in dlb_event.h, made by shuffling bytes. Events of a burst mostly go one way, and come from
 * one queue.
 */

#include "dlb_event.h"

/* An event or a QE by bytes, at any address. */
typedef uint8_t dlb_bytes __attribute__((vector_size(16)));
typedef dlb_hcw dlb_hcw_anywhere __attribute__((aligned(8)));
typedef uint16_t dlb_halves __attribute__((vector_size(16)));

/** Bits of an event's first word that say where it goes, and how: op, type and queue. */
#define DLB_EVENT_WAY UINT64_C(0xffc300000000)

/* Bytes of an event, lowest first: flow 0-1, opaque 2-3, op and type 4, queue 5, priority 6. */
static __rte_always_inline dlb_hcw
dlb_shuffle_event(dlb_hcw ev)
{
	dlb_bytes b = (dlb_bytes)ev;

	return (dlb_hcw)__builtin_shufflevector(b, b, 8, 9, 10, 11, 12, 13, 14, 15, 2, 3, 4, 5, 0,
						1, 4, 4);
}

static __rte_always_inline dlb_hcw
dlb_shuffle_event_prio(dlb_hcw ev)
{
	dlb_bytes b = (dlb_bytes)ev;

	return (dlb_hcw)__builtin_shufflevector(b, b, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6, 4, 4, 4,
						4);
}

/** The HCW of an event that goes a way whose bits are `way` to a load-balanced queue. */
static __rte_always_inline dlb_hcw
dlb_hcw_of(dlb_hcw ev, uint64_t way)
{
	const dlb_hcw carried = {UINT64_MAX, UINT64_C(0x0000ffff0000ffff)};
	const dlb_hcw prio = {0, REG_MASK(DLB_QE_PRIO)};

	return (dlb_shuffle_event(ev) & carried) | ((dlb_shuffle_event_prio(ev) >> 3) & prio) |
	       (dlb_hcw){0, way};
}

/* Bytes of a QE that an event has too: data, lock id 12-13, opaque 8-9, and byte 11 twice. */
static __rte_always_inline dlb_hcw
dlb_shuffle_qe(dlb_hcw qe)
{
	dlb_bytes b = (dlb_bytes)qe;

	return (dlb_hcw)__builtin_shufflevector(b, b, 12, 13, 8, 9, 11, 14, 11, 14, 0, 1, 2, 3, 4,
						5, 6, 7);
}

/** The event of a QE; `queue` and the flow bits that count are in their places. */
static __rte_always_inline dlb_hcw
dlb_event_of(dlb_hcw qe, uint64_t queue, uint64_t flow_mask)
{
	/* Byte 11 has the type in bits 6:5, which goes to 7:6, and the priority in 4:2, to 7:5. */
	const dlb_halves shift = {1, 1, 2, 8, 1, 1, 1, 1};
	const dlb_hcw mask = {UINT64_C(0x00e000c0ffff0000) | flow_mask, UINT64_MAX};
	dlb_hcw ev = (dlb_hcw)((dlb_halves)dlb_shuffle_qe(qe) * shift);

	return (ev & mask) | (dlb_hcw){queue, 0};
}

#endif /* SLIPWAY_DLB_FOUR_H */
