/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_CLIENT_H
#define SLIPWAY_VFU_CLIENT_H

/**
 * @file
 * The near end of a vfio-user socket as a device of the bus contract. Reads and config accesses
 * wait for the server's reply, posts do not. Lines go into the server's rings where it shares them,
 * else by message; writes wait for their reply where such a line could overtake them. The device
 * steps itself: `step` answers what the server asks for (DMA_READ, DMA_WRITE of memory it could not
 * map), wakes a server that sleeps, and returns BUS_NO_DEADLINE.
 *
 * Operations on the device may be called from any thread and, but for open and close, from signal
 * handlers that mask all signals: no allocation, no stdio, a lock of its own. When the server is
 * gone, reads return all ones, everything else is dropped, and the log says so once.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bus.h"

struct vfu_client;

struct vfu_client_config {
	const char *path;
	bool share; /**< ask for what may be mapped and for line rings */
	unsigned int timeout_ms; /**< how long a reply may take; 0: 5000 */
	void *place; /**< of the client and of what is shared, if it is free; NULL for anywhere */
	void (*log)(void *arg, const char *line);
	void *arg;
};

/**
 * Connect, agree on a version, learn what the device has.
 *
 * @param host answers DMA messages through its `map`; outlives the client
 * @return 0, or a negative errno after one log line that says what to do next (-ENOENT no socket,
 *         -ECONNREFUSED nobody listens, -EACCES, -EBUSY it has a client already, -EHOSTDOWN its
 *         process is stopped, -EPROTO)
 */
int vfu_client_open(const struct vfu_client_config *config, struct bus_host *host,
		    struct vfu_client **client);
/** As vfu_client_open for a socket that is connected already, which becomes the client's. */
int vfu_client_open_fd(const struct vfu_client_config *config, int fd, struct bus_host *host,
		       struct vfu_client **client);
void vfu_client_close(struct vfu_client *client);

/** The device; valid until close. */
struct bus_device *vfu_client_device(struct vfu_client *client);

/** What the server told about itself: the text of a JSON object, or NULL. */
const char *vfu_client_about(const struct vfu_client *client);

/** Bytes of a BAR, 0 for none; of configuration space with index 7. */
uint64_t vfu_client_region_size(const struct vfu_client *client, unsigned int index);

/**
 * Make memory known to the device.
 *
 * @param fd the file behind it (shared memory), -1 for none: then DMA messages reach it
 * @return 0, or a negative errno
 */
int vfu_client_dma_map(struct vfu_client *client, uint64_t iova, uint64_t len, int fd,
		       uint64_t fd_offset, enum bus_prot prot);
int vfu_client_dma_unmap(struct vfu_client *client, uint64_t iova, uint64_t len);

/** Vectors of MSI-X. */
unsigned int vfu_client_vectors(const struct vfu_client *client);
/** Eventfds for vectors start..start+n-1; -1 takes one away. Duplicates are the server's. */
int vfu_client_set_irqs(struct vfu_client *client, unsigned int start, unsigned int n,
			const int fds[]);
/** Take all vectors away. */
int vfu_client_disable_irqs(struct vfu_client *client);

/** Has the server gone? */
bool vfu_client_lost(const struct vfu_client *client);

/** Is its process stopped? Then a reply is waited for until it is given up. Control path. */
bool vfu_client_stopped(const struct vfu_client *client);

/**
 * Does `step` have messages of the server to answer, so that somebody has to call it? Once memory
 * without a file has been mapped.
 */
bool vfu_client_needs_step(const struct vfu_client *client);

/** Answer what the server asks for now; notices as well that it has gone. As `step` does. */
void vfu_client_look_now(struct vfu_client *client);

/**
 * What the server shares: a file that was mapped here, and how to wake the server. Another process
 * that maps it at the same addresses can post as well. Descriptors are the client's.
 */
struct vfu_client_shared {
	int socket, memory_fd, bell_fd, kick_fd;
	void *client; /**< where the client is, which is where the device is */
	size_t client_bytes;
	void *memory; /**< NULL: nothing is shared */
	size_t memory_bytes;
	const _Atomic uint32_t *asleep; /**< of the server; in a page of its own */
	bool fences; /**< who posts has to make a full fence before it looks there */
};
void vfu_client_shared(const struct vfu_client *client, struct vfu_client_shared *shared);

/**
 * Be a client of the same server in another process: a device at the same address there, to whose
 * rings lines can be posted, by one process at a time. It has no registers; those are the first
 * client's. The connection lasts until both are gone.
 *
 * @param config its log, and how long a server may take to make room
 * @param shared of the first client, with descriptors of this process, which are taken over
 * @param regions as the first client describes them
 * @return 0, or a negative errno: -EEXIST when something else is at such an address here
 */
int vfu_client_join(const struct vfu_client_config *config, const struct vfu_client_shared *shared,
		    const struct bus_region regions[], unsigned int n, struct vfu_client **client);

/** Wake the server if it sleeps: after posting into a ring without `post`. */
void vfu_client_ring(struct vfu_client *client);

#endif /* SLIPWAY_VFU_CLIENT_H */
