/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_BOARD_H
#define SLIPWAY_SCIF_BOARD_H

/**
 * @file
 * What a client process shares with its node's engine: a board of small words, one memory for each
 * client. The engine never believes it: its own state is private, and this is a copy for the
 * client, or a wish of the client's that is checked.
 *
 *   engine  -> client   ctl: state of an endpoint, what it may wait for; then its bell
 *   client  -> engine   tell: endpoints to look at, one bit each; then SCIF_REQUEST_TELL if the
 *                       engine sleeps
 *   engine  -> client   slot: outcome of a request that took time
 */

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

/** Endpoints of one client. */
#define SCIF_BOARD_ENDPOINTS 16384u
/** Requests of one client that take time, at once. */
#define SCIF_BOARD_SLOTS 256u

/** States of an endpoint, by the numbers of section 3.1. */
enum scif_state {
	SCIF_UNBOUND = 0,
	SCIF_BOUND = 1,
	SCIF_LISTENING = 2,
	SCIF_CONNECTED = 3,
	SCIF_CONNECTING = 4,
	SCIF_MAPPING = 5,
	SCIF_CLOSING = 6,
	SCIF_CLLISTEN = 7,
	SCIF_DISCONNECTED = 8,
	SCIF_ZOMBIE = 9,
};

/** What became of a connect. */
enum scif_attempt {
	SCIF_ATTEMPT_NONE,
	SCIF_ATTEMPT_RUNNING,
	SCIF_ATTEMPT_DONE, /**< and nobody has asked for the outcome */
};

/** An endpoint as its client sees it. Written by the engine, but for `sleepers`, `sent`, `received`
 * `holder` and `full`.
 */
struct scif_ctl {
	_Alignas(64) _Atomic uint32_t state;
	_Atomic uint32_t pending;   /**< requests that wait at a listening one */
	_Atomic uint32_t attempt;   /**< enum scif_attempt, of a connect that nobody waits for */
	_Atomic uint32_t bell;      /**< changes with any of this */
	_Atomic uint32_t sleepers;  /**< threads asleep on the bell; wake them */
	_Atomic uint32_t windows;   /**< changes with the endpoint's own windows */
	_Atomic uint32_t remote;    /**< changes with the windows of the peer */
	_Atomic uint32_t sent;      /**< chunks sent, each told to a peer on another node */
	_Atomic uint32_t received;  /**< the same of chunks received */
	_Atomic uint32_t node_lost; /**< the peer's node is gone: ENODEV where that is documented */
	_Atomic uint32_t holder[2]; /**< of processes that share it, who sends, and who receives */
	_Atomic uint32_t full;      /**< somebody found no room, and was not shown any since */
};

static_assert(sizeof(struct scif_ctl) == 64, "one cache line each");

/** Outcome of a request that took time: the client picks a slot that it does not use. */
struct scif_slot {
	_Atomic uint32_t done; /**< the ticket of the request, once there is an outcome */
	int32_t error;         /**< 0, or an errno */
	int64_t value;
};

struct scif_board {
	_Alignas(64) _Atomic uint32_t asleep; /**< the engine: tell it by a request */
	_Alignas(64) _Atomic uint64_t tell_words[SCIF_BOARD_ENDPOINTS / 64 / 64];
	_Alignas(64) _Atomic uint64_t tell[SCIF_BOARD_ENDPOINTS / 64];
	_Alignas(64) struct scif_slot slot[SCIF_BOARD_SLOTS];
	_Alignas(64) struct scif_ctl ctl[SCIF_BOARD_ENDPOINTS];
	/* Of the client's memory that cannot be shared: how often it was copied, and how much. */
	_Alignas(64) _Atomic uint64_t copies, copied;
};

#endif /* SLIPWAY_SCIF_BOARD_H */
