/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_LINK_RIG_H
#define SLIPWAY_SCIF_LINK_RIG_H

/**
 * @file
 * The other side of a link, for tests: sockets, packets with descriptors of every kind, and a node
 * that joins as a good one does.
 */

#include <stdbool.h>

#include "scif_half.h"
#include "scif_host_link.h"

/** What a descriptor is of that is passed over a link. */
enum link_rig_kind {
	LINK_RIG_SEALED, /**< memory that nobody can make smaller: what is right */
	LINK_RIG_LOOSE,  /**< memory that can become smaller */
	LINK_RIG_SMALL,  /**< sealed, of half the size */
	LINK_RIG_EMPTY,
	LINK_RIG_READER, /**< of sealed memory, to read it */
	LINK_RIG_FIXED,  /**< memory that nobody can write */
	LINK_RIG_NAME,   /**< of sealed memory, to do nothing with it: O_PATH */
	LINK_RIG_HUGE,   /**< sealed, of huge pages, of which there may be none */
	LINK_RIG_PIPE,
	LINK_RIG_SOCKET,
	LINK_RIG_DIRECTORY,
	LINK_RIG_DEVICE,
	LINK_RIG_KINDS
};

/** A descriptor of that kind, and size where it has one; or -1. */
int link_rig_fd(enum link_rig_kind kind, size_t size);

/** Connect to a node's link, or listen where one would: a descriptor, or a negative errno. */
int link_rig_connect(uint16_t node);
int link_rig_listen(uint16_t node);

/** Send bytes with descriptors, without waiting: 0, or a negative errno. */
#define LINK_RIG_FDS 10
int link_rig_send(int to, const void *bytes, size_t len, const int fds[], unsigned int count);

/** A node at the other end. */
struct link_rig {
	int socket;
	uint16_t node;
	bool peer;                /**< as node 0 said */
	struct link_page *page;   /**< its own, and what it says of itself in the other's */
	struct link_page *theirs;
	struct scif_half *half;   /**< its own queue pair, and the other's */
	struct scif_half *host;
	uint64_t host_at;         /**< where that is on the link */
	int page_fd, half_fd;
	uint32_t out;             /**< bytes that it wrote into the other's ring */
};

/** Where it says that its queue pair is. */
#define LINK_RIG_HALF (3 * LINK_MEMORY_SPAN)

/** Its memory; and give it up, and close the socket. */
int link_rig_begin(struct link_rig *r, int socket, uint16_t node);
void link_rig_end(struct link_rig *r);
/** Say hello; share and publish the queue pair. */
void link_rig_hello(struct link_rig *r);
void link_rig_publish(struct link_rig *r);
/** Take all packets that there are. */
void link_rig_hear(struct link_rig *r);
/** All that, and its first message, to a node in this process: whether it is online there. */
bool link_rig_join(struct link_rig *r, struct scif_host *host);
/** A message into the other's ring, if that is known. */
void link_rig_message(struct link_rig *r, const struct scif_message *m);

#endif /* SLIPWAY_SCIF_LINK_RIG_H */
