/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_REQUEST_H
#define SLIPWAY_SCIF_REQUEST_H

/**
 * @file
 * What a client asks of its node's engine: packets of a SOCK_SEQPACKET socket, each answered by one
 * at once, in order. What takes time is answered with EINPROGRESS, and its outcome shows on the
 * board: in the endpoint's state (connect, accept), or in the slot that the request named.
 *
 * An endpoint is named by its index on the client's board.
 */

#include <assert.h>
#include <stdint.h>

#define SCIF_REQUEST_VERSION 1u

/** What can be asked. In: arg, out: value; descriptors in brackets. */
enum scif_request_op {
	/** arg: version. value: node, ring size of connections, size of the board, flags.
	 * [board]
	 */
	SCIF_REQUEST_HELLO = 1,
	/** endpoint: a free index, by the client's choice. */
	SCIF_REQUEST_OPEN,
	/** value: 1 when this client was the last to hold it. */
	SCIF_REQUEST_CLOSE,
	/** arg: port. value: port. */
	SCIF_REQUEST_BIND,
	/** arg: backlog. */
	SCIF_REQUEST_LISTEN,
	/** arg: node, port, asynchronous. EINPROGRESS; or value: port, where it collects one. */
	SCIF_REQUEST_CONNECT,
	/** After a connect that waited: value: port, or the error. EINPROGRESS: not yet. */
	SCIF_REQUEST_OUTCOME,
	/** Give up a connect: Bound again. */
	SCIF_REQUEST_CANCEL,
	/** arg: index for the new endpoint. value: node, port of the peer. EAGAIN: nobody there.
	 * The new one is Connecting; it ends Connected, or Unbound when that failed.
	 */
	SCIF_REQUEST_ACCEPT,
	/** Where is the connection? arg: 1 if memories are to be sent. value: number of the memory
	 * of the own half, offset in it; the same of the peer's half; size of the peer's ring, and
	 * SCIF_REQUEST_FAR; offset of that ring, in the memory of its half.
	 * [memory of the own half, and of the peer's where it is far]
	 */
	SCIF_REQUEST_ATTACH,
	/** Show the endpoint's events at a descriptor from now on. [socket] */
	SCIF_REQUEST_GATE,
	/** Not answered: look at the board. */
	SCIF_REQUEST_TELL,
	/** arg: 1: node 0 is asked first, slot. value: how many are online, self, highest id ever,
	 * a bit for each id (from value 3).
	 */
	SCIF_REQUEST_NODES,
	/** Another process is about to hold what this one holds. [its socket] */
	SCIF_REQUEST_FORK,

	/** arg: RAS offset or -1, length, prot, and its last piece as in RUN. slot. value: RAS
	 * offset. [memory of that piece]
	 */
	SCIF_REQUEST_REGISTER = 32,
	/** arg: RAS offset, length. slot. */
	SCIF_REQUEST_UNREGISTER,
	/** The piece of a window that holds an offset. arg: offset, 0 own or 1 peer's, 1 if its
	 * memory is to be sent. value: offset, length, prot and flags, memory (a number), offset in
	 * it or address, end of the window. [memory]
	 */
	SCIF_REQUEST_WINDOW,
	/** Hold pages of a piece of the peer's. arg: offset, length, prot. value: as WINDOW, but a
	 * token instead of the end. [memory]
	 */
	SCIF_REQUEST_MAP,
	/** No longer hold some of them. No endpoint. arg: token, length. */
	SCIF_REQUEST_UNMAP,
	/** A piece of the window that REGISTER will make, by the same slot. arg: 3: offset in the
	 * memory; 4: length; 5: what the client calls the memory, or 0: named again while it is
	 * part of a window, it need not be sent; or SCIF_REQUEST_BOX, where it cannot be shared,
	 * and 3 is its address in the process. [memory, or that of the box]
	 */
	SCIF_REQUEST_RUN,

	/** arg: none. slot. value: mark. Of a peer on another node. */
	SCIF_REQUEST_MARK = 48,
	/** arg: mark. slot. */
	SCIF_REQUEST_WAIT,
	/** arg: loff, lval, roff, rval, flags. slot. */
	SCIF_REQUEST_SIGNAL,
};

/** Memory of the process, that is copied by it: scif_copy_box.h. */
#define SCIF_REQUEST_BOX UINT64_MAX

/** Beside the protection of a piece: it cannot shrink under who uses it; it is memory of the
 * process that asks, as it registered it; there is a box instead, behind as much as the piece is
 * long.
 */
#define SCIF_REQUEST_STEADY  (UINT64_C(1) << 8)
#define SCIF_REQUEST_PROCESS (UINT64_C(1) << 9)
#define SCIF_REQUEST_COPIES  (UINT64_C(1) << 10)

/** Flags of HELLO: errno as drivers have it. */
#define SCIF_REQUEST_DRIVER_ERRNO 1u

/** The peer is on another node. */
#define SCIF_REQUEST_FAR (UINT64_C(1) << 63)

#define SCIF_REQUEST_ARGS 6
#define SCIF_REQUEST_FDS  2

struct scif_request {
	uint32_t op;
	uint32_t endpoint;
	uint32_t slot;   /**< for the outcome of what takes time */
	uint32_t ticket; /**< shows in the slot once there is one; not 0 */
	uint64_t arg[SCIF_REQUEST_ARGS];
};

struct scif_reply {
	int32_t error; /**< 0, or an errno */
	uint32_t fds;  /**< how many came with it */
	uint64_t value[SCIF_REQUEST_ARGS];
};

static_assert(sizeof(struct scif_request) == 64, "both sides agree");
static_assert(sizeof(struct scif_reply) == 56, "both sides agree");

#endif /* SLIPWAY_SCIF_REQUEST_H */
