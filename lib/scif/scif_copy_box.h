/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_COPY_BOX_H
#define SLIPWAY_SCIF_COPY_BOX_H

/**
 * @file
 * Registered memory that cannot be shared: stacks, private mappings of files, memory from which
 * other threads cannot be kept off while it becomes shared. Who transfers leaves bytes in a box, or
 * has them put there, and a thread of the process that registered the memory copies.
 *
 *   who transfers                            the owner's thread, asleep on the bell
 *     slot FREE -> TAKEN
 *     bytes into the slot's room, if any
 *     slot ASKED, bell ---------------->     checks, copies, counts
 *     bytes out of the room, if any   <----  slot DONE
 *     slot FREE
 *
 * The box is the end of a shared memory whose beginning, as long as the registered memory, is never
 * used: so a window has the same addresses on a link as one of memory that is shared. Neither side
 * believes the other: the owner bounds what it is asked, who asks bounds how long it waits. A slot
 * says whose it is: one of a process that has ended is taken by another that shares the endpoint.
 */

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#define SCIF_BOX_SLOTS 16u
/** Bytes that one slot has room for. */
#define SCIF_BOX_ROOM 65536u

/** What a slot is; the process that has it is above that. */
enum scif_box_state {
	SCIF_BOX_FREE,
	SCIF_BOX_TAKEN,
	SCIF_BOX_ASKED,
	SCIF_BOX_DONE,
	SCIF_BOX_LEFT, /**< asked, and nobody waits: the owner frees it */
};

#define SCIF_BOX_STATE_BITS 3u

static inline uint32_t
scif_box_word(enum scif_box_state state, int32_t pid)
{
	return (uint32_t)pid << SCIF_BOX_STATE_BITS | state;
}

static inline enum scif_box_state
scif_box_state(uint32_t word)
{
	return (enum scif_box_state)(word & ((1u << SCIF_BOX_STATE_BITS) - 1));
}

static inline int32_t
scif_box_pid(uint32_t word)
{
	return (int32_t)(word >> SCIF_BOX_STATE_BITS);
}

/** One request. */
struct scif_box_slot {
	_Alignas(64) _Atomic uint32_t state; /**< scif_box_word */
	uint32_t write;  /**< into the registered memory; else out of it */
	uint64_t offset; /**< in that */
	uint32_t length;
	int32_t error; /**< of the owner: 0, or an errno */
};

struct scif_box {
	_Alignas(64) _Atomic uint32_t bell;
	_Atomic uint32_t closed; /**< by the owner: nothing is copied any more */
	struct scif_box_slot slot[SCIF_BOX_SLOTS];
	_Alignas(4096) uint8_t room[SCIF_BOX_SLOTS][SCIF_BOX_ROOM];
};

/** Bytes at the end of the memory. */
#define SCIF_BOX_BYTES sizeof(struct scif_box)

static_assert(sizeof(struct scif_box) % 4096 == 0, "behind whole pages");

/** A free slot is the caller's: its number, or -1 when there is none now. */
static inline int
scif_box_take(struct scif_box *box, int32_t pid)
{
	for (unsigned int i = 0; i < SCIF_BOX_SLOTS; i++) {
		uint32_t free = SCIF_BOX_FREE;

		/* Pairs with the release of who had it before: its room is no longer read. */
		if (atomic_compare_exchange_strong(&box->slot[i].state, &free,
						   scif_box_word(SCIF_BOX_TAKEN, pid)))
			return (int)i;
	}
	return -1;
}

/** Ask for a copy, whose room is filled: ASKED of a process, or LEFT; the bell is to be woken. */
static inline void
scif_box_ask(struct scif_box *box, int i, uint32_t write, uint64_t offset, uint32_t length,
	     uint32_t word)
{
	struct scif_box_slot *slot = &box->slot[i];

	slot->write = write;
	slot->offset = offset;
	slot->length = length;
	slot->error = 0;
	/* Pairs with the owner, which reads the bell, looks at all slots, and sleeps only while the
	 * bell is as it was. All sequentially consistent.
	 */
	atomic_store(&slot->state, word);
	atomic_fetch_add(&box->bell, 1);
}

#endif /* SLIPWAY_SCIF_COPY_BOX_H */
