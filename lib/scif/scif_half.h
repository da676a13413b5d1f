/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_HALF_H
#define SLIPWAY_SCIF_HALF_H

/**
 * @file
 * One endpoint's half of a connection, in shared memory: its queue pair, as the other node may see
 * it, and the ring that it receives from. Whoever sends writes into the receiver's half, and each
 * side loads from its own only:
 *
 *   my half                                 peer's half
 *     local_write <- peer: bytes written       local_write <- me
 *     local_read  <- peer: bytes it has read   local_read  <- me
 *     ring        <- peer: bytes               ring        <- me
 *     sleepers, tell, bell: within a node only
 *
 * The other side may write anything anywhere here: indices are masked when used, and never index
 * anything but the ring.
 */

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "scif_ring.h"
#include "scif_wire.h"

/** A half; `ring_size` bytes of ring follow. */
struct scif_half {
	uint64_t magic;
	uint8_t unseen[64];
	uint32_t ring_size; /**< a power of two */
	uint8_t pad0[52];

	_Alignas(64) _Atomic uint32_t local_write;

	_Alignas(64) _Atomic uint32_t local_read;
	uint64_t remote_qp;
	uint64_t local_buf; /**< bus address of the ring */
	uint64_t local_qp;  /**< bus address of this */
	uint64_t remote_buf;
	_Atomic uint32_t qp_state;
	uint8_t pad1[20];

	/* What follows is no part of the wire format.
	 *
	 * Whoever changes what the owner may be waiting for looks here, after a full barrier, and
	 * never across a link: there the owner's engine does, when told by a message.
	 */
	_Alignas(64) _Atomic uint32_t sleepers; /**< threads of the owner asleep on the bell */
	_Atomic uint32_t tell;                  /**< the engine wants to know of changes, too */
	_Atomic uint32_t bell;                  /**< changes before sleepers are woken */

	/* Transfers of the owner: begun, and complete up to here. For fences of the peer. */
	_Alignas(64) _Atomic uint32_t rma_begun;
	_Atomic uint32_t rma_done;

	/* The owner's own, here for its children, which share the connection with it. */
	_Alignas(64) struct scif_at tx;
	_Alignas(64) struct scif_at rx;

	_Alignas(64) uint8_t ring[];
};

static_assert(offsetof(struct scif_half, ring_size) == SCIF_QP_RING_SIZE, "section 10.3.2");
static_assert(offsetof(struct scif_half, local_write) == SCIF_QP_LOCAL_WRITE, "section 10.3.2");
static_assert(offsetof(struct scif_half, local_read) == SCIF_QP_LOCAL_READ, "section 10.3.2");
static_assert(offsetof(struct scif_half, local_buf) == SCIF_QP_LOCAL_BUF, "section 10.3.2");
static_assert(offsetof(struct scif_half, qp_state) == SCIF_QP_STATE, "section 10.3.2");
static_assert(offsetof(struct scif_half, sleepers) == SCIF_QP_SIZE, "section 10.3.2");

/** Bytes of a half with its ring. */
static inline size_t
scif_half_size(uint32_t ring_size)
{
	return sizeof(struct scif_half) + ring_size;
}

#endif /* SLIPWAY_SCIF_HALF_H */
