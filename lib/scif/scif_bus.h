/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_BUS_H
#define SLIPWAY_SCIF_BUS_H

/**
 * @file
 * The hardware bus between two nodes: all that an engine knows of what lies between it and one
 * other node. A host's engine has one of these for each card, a card's engine one for the host.
 * Another implementation is another kind of link; the engine stays the same.
 *
 * Bus addresses are 64-bit numbers that mean something on this link only. A node shares memory and
 * gets addresses for it, which it may tell the other node in messages; the other node maps them.
 *
 *   publish(qp)  ->  peer_qp() of the other side             rendezvous, section 10.2
 *   share(memory) -> address ... in a message ... map(address) -> where it is here
 *   ring()       ->  the other side's engine is stepped      an edge and a hint, no more
 *
 * All calls are made by the thread that steps the engine, and none waits.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scif_memory;

/** The other node's memory, as it can be reached here. */
struct scif_view {
	void *base;      /**< for the engine to load and store; NULL: it does neither */
	int fd;          /**< for clients that map it themselves, owned by the bus; or -1 */
	uint32_t number; /**< of the memory behind the descriptor, on this link */
	uint64_t fd_off; /**< where in the descriptor */
	size_t len;
	bool steady; /**< nobody can make it smaller: no access to it faults */
	bool copies; /**< a box behind it is asked to copy: scif_copy_box.h */
	void *handle; /**< the bus's own */
};

struct scif_bus;

struct scif_bus_ops {
	/**
	 * Tell the other node where this node's queue pair is; 0 that it is gone.
	 *
	 * Everything stored into shared memory before is visible to who sees the address.
	 */
	void (*publish)(struct scif_bus *bus, uint64_t qp);

	/** Where is the other node's queue pair? 0: not there. Never an error: ask again later. */
	uint64_t (*peer_qp)(struct scif_bus *bus);

	/** Make memory reachable from the other node, as soon as it knows: 0 and its first address,
	 * or a negative errno.
	 */
	int (*share)(struct scif_bus *bus, const struct scif_memory *memory, uint64_t *address);
	void (*unshare)(struct scif_bus *bus, uint64_t address);

	/** Reach memory of the other node: 0, -EAGAIN when the link has to be asked first and rings
	 * once it knows, or another negative errno when it cannot be reached.
	 */
	int (*map)(struct scif_bus *bus, uint64_t address, size_t len, struct scif_view *view);
	/** The same for clients alone: however much that is, it takes no room of this process, and
	 * the engine has no base, or does without it.
	 */
	int (*lend)(struct scif_bus *bus, uint64_t address, size_t len, struct scif_view *view);
	void (*unmap)(struct scif_bus *bus, struct scif_view *view);

	/** Does the other node know of all that is shared? Messages name it, and wait until then.
	 * NULL: always.
	 */
	bool (*told)(struct scif_bus *bus);

	/** Have the other node's engine look at its rings. What was stored before is visible first.
	 */
	void (*ring)(struct scif_bus *bus);

	/** Is the other side still there? False once the link is lost, for good. */
	bool (*alive)(struct scif_bus *bus);

	/** Node 0 says that the other node is gone: nothing comes of this link any more, and who
	 * made it may remove it. NULL: it stays.
	 */
	void (*end)(struct scif_bus *bus);

	/**
	 * Of node 0's links only, and NULL where it cannot be: let the other node reach one more
	 * node, which is at the other end of `with`.
	 *
	 * @param said what the other node is told, as the payload of NODE_ADD in section 10.5: its
	 *        aperture as the third node sees it, registers and aperture of that as it sees them,
	 *        length
	 * @return 0, or a negative errno
	 */
	int (*introduce)(struct scif_bus *bus, struct scif_bus *with, uint64_t said[4]);
};

/** One link; implementations put this first in their own. */
struct scif_bus {
	const struct scif_bus_ops *ops;
};

#endif /* SLIPWAY_SCIF_BUS_H */
