/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_HOST_LINK_H
#define SLIPWAY_SCIF_HOST_LINK_H

/**
 * @file
 * A link to the engine of another node on this machine: a socket, over which each side passes the
 * descriptors of memory that it shares, and a page of each side, which the other writes.
 *
 *   N.link: one side listens, the other joins
 *     HELLO  node, page          both, first
 *     SHARE  address, size, memory
 *     COPIES the same, of memory through which somebody copies: scif_copy_box.h
 *     UNSHARE address
 *     RING                       look at your rings; one until it has been taken
 *
 * The end of the socket is the loss of the node. So is anything that makes no sense. Who comes and
 * says nothing has to go, after a while or when many do.
 */

#include "scif_host_priv.h"

#define LINK_PAGE_BYTES 4096u
/** Between the addresses of two memories: none is larger. */
#define LINK_MEMORY_SPAN (UINT64_C(1) << 40)
/** How many addresses there are for memories, with 0, which is none. */
#define LINK_NUMBERS (UINT64_MAX / LINK_MEMORY_SPAN + 1)
/** Memories that one side may have at the other. */
#define LINK_MEMORIES_MAX 65536u
/** Bytes of one side that the other maps for itself: addresses are for all links. What lies beyond
 * is for clients only, as is what may become smaller, or lets nobody write.
 */
#define LINK_MAPPED_MAX (UINT64_C(1) << 38)
/** Packets of one link before something else has its turn. */
#define LINK_PACKETS_MAX 256

enum link_kind { LINK_HELLO = 1, LINK_SHARE, LINK_UNSHARE, LINK_RING, LINK_COPIES };

struct link_packet {
	uint32_t kind;
	uint32_t version;
	uint32_t node;
	uint32_t peer; /**< node 0 said so */
	uint64_t address;
	uint64_t size;
};

/** What one side tells the other, in the other's memory. */
struct link_page {
	_Atomic uint64_t qp;
	_Alignas(64) _Atomic uint32_t rung; /**< a RING is on its way */
};

/** Memory of the other side. */
struct link_memory {
	uint64_t address, size;
	uint32_t number;
	int fd;
	void *base; /**< NULL: not mapped here */
	uint32_t maps;
	bool steady; /**< nobody can make it smaller */
	bool copies; /**< it is a box */
	bool gone;   /**< no longer shared */
};

/** Memory of this side that the other one has, or will have, until it hears otherwise. That of a
 * client is shared once, however many pieces of windows are of it.
 */
struct link_own {
	uint64_t address, size;
	uint32_t users;
	struct link_key {
		uint64_t dev, ino;
		uint32_t owner; /**< 0: not looked for */
		int flags;      /**< of its descriptor: who may not write has another one */
		bool steady;
	} key;
	struct link_own *next_at, *next_same; /**< in its bucket, by address and by key */
};

#define LINK_OWN_BUCKETS 1024u

/** Memory of this side of which the other one has not been told: there was no room. */
struct link_unsent {
	uint64_t address, size;
	enum link_kind kind;
	int fd;
};

struct host_link {
	struct scif_host_watch watch;
	struct scif_bus bus;
	struct scif_host *host;
	bool joined; /**< this side began it, as it was told to join */
	bool peer;   /**< as node 0 said */
	bool up;     /**< said hello, both */
	bool met;    /**< and the nodes were online for each other */
	bool told; /**< why it ends was said */
	bool lost;
	uint16_t node;
	/** Until when the other side is to say it: 0: not known yet; SCIF_NO_DEADLINE: this side
	 * began the link, and has time.
	 */
	uint64_t hello_by;
	uint64_t mapped;   /**< bytes of its memory */
	struct scif_memory page; /**< own */
	struct link_page *peer_page;
	uint64_t numbers;   /**< of memories shared: the last that was given */
	uint32_t nb_shared; /**< as the other side knows, or will */
	struct link_own *own_at[LINK_OWN_BUCKETS], *own_same[LINK_OWN_BUCKETS];
	struct link_unsent *unsent;
	uint32_t unsent_first, unsent_end;
	struct link_memory **memory;
	uint32_t memories, nb_gone;
	uint64_t *owed; /**< addresses that are shared no more, for which there was no room */
	uint32_t nb_owed;
	struct host_link *next;
};

/* ---- scif_host_link.c ---- */

/** Send a packet, without waiting: 0, or a negative errno. */
int scif_host_link_send(const struct host_link *link, struct link_packet *p, int fd);
/** Take what is there: whether there may be more. The link is marked as lost at its end. */
bool scif_host_link_receive(struct host_link *link);

/** It ends as soon as whoever is in the middle of something with it is done. */
void scif_host_link_hang_up(struct host_link *link);

/* ---- scif_host_link_own.c: what this side shares ---- */

/** One that has all of that memory already, or NULL; and what it is known by. */
struct link_own *scif_host_link_own_find(const struct host_link *link,
					 const struct scif_memory *memory, struct link_key *key,
					 uint64_t *size);
/** A new one, of one user, at an address that no other has: or NULL. */
struct link_own *scif_host_link_own_new(struct host_link *link, const struct link_key *key,
					uint64_t size);
struct link_own *scif_host_link_own_at(const struct host_link *link, uint64_t address);
/** Nobody uses it; it is found no more, and keeps its address. */
void scif_host_link_own_hide(struct host_link *link, struct link_own *own);
/** The other side has it no more. */
void scif_host_link_own_free(struct host_link *link, struct link_own *own);

/* ---- scif_host_link_bus.c ---- */

extern const struct scif_bus_ops scif_host_link_ops;

/** The other side shares memory; the descriptor is taken if that is well. */
int scif_host_link_shared(struct host_link *link, const struct link_packet *p, int fd);
void scif_host_link_unshared(struct host_link *link, uint64_t address);
/** A RING has come. */
void scif_host_link_rung(const struct host_link *link);
/** Map memory of the other side, where any access succeeds; or NULL. */
void *scif_host_link_map_sealed(struct host_link *link, int fd, uint64_t size);
/** All that was shared either way. */
void scif_host_link_forget(struct host_link *link);

#endif /* SLIPWAY_SCIF_HOST_LINK_H */
