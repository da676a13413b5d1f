/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_LOCAL_H
#define SLIPWAY_SCIF_LOCAL_H

/**
 * @file
 * For programs that host a node's engine: they are clients of it themselves, with all of scif.h, as
 * clients in the kernel are of a driver; with privileged ports; and with what only such clients
 * have.
 *
 *   the thread that serves     scif_host_local() --> two descriptors
 *   another thread             scif_local_begin(), then scif.h and this
 *
 * Calls that wait may not be made by the thread that serves: it is what they wait for. Functions
 * here return -1, or the value of failure, and set errno.
 */

#include "scif.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Be a client of the engine that gave these descriptors, which are taken: before any other call of
 * scif.h in this process.
 */
int scif_local_begin(const int fd[2]);
/** Close all endpoints first. The engine goes on. */
void scif_local_end(void);

/* ---- Peers ---- */

/** Another node, or this one. */
struct scif_peer_dev {
	uint8_t dnode;
};

/** Who wants to know of peers; its functions may use scif.h, but not register here. */
struct scif_local_client {
	const char *name;
	void (*probe)(struct scif_local_client *client, struct scif_peer_dev *peer);
	void (*remove)(struct scif_local_client *client, struct scif_peer_dev *peer);
	void *arg;
	struct scif_local_client *next; /**< ours, while it is registered */
};

/** It is told of each node there is before this returns, and of others when they come and go.
 *
 * EINVAL: no function to call; ENOTCONN: scif_local_begin has not been called.
 */
int scif_client_register(struct scif_local_client *client);
/** It is told that all are gone, and is not called afterwards. */
void scif_client_unregister(struct scif_local_client *client);

/* ---- Pages ---- */

/** Pin pages for several registrations. map_flags: 0, or SCIF_MAP_KERNEL. */
int scif_pin_pages(void *addr, size_t len, int prot_flags, int map_flags,
		   scif_pinned_pages_t *pinned_pages);
/** Windows made of them stay. EINVAL when they are not pinned. */
int scif_unpin_pages(scif_pinned_pages_t pinned_pages);
/** A window of all of them, with the protection they were pinned with. map_flags: 0, or
 * SCIF_MAP_FIXED.
 */
off_t scif_register_pinned_pages(scif_epd_t epd, scif_pinned_pages_t pinned_pages, off_t offset,
				 int map_flags);

/** Pages of the peer's window. */
struct scif_range {
	void *cookie;
	int nr_pages;
	int prot_flags;
	uint64_t *phys_addr; /**< for devices whose addresses are this process's */
	void **va;           /**< each, mapped here */
};

/** Hold pages of one window of the peer's. */
int scif_get_pages(scif_epd_t epd, off_t offset, size_t len, struct scif_range **pages);
int scif_put_pages(struct scif_range *pages);

#ifdef __cplusplus
}
#endif

#endif /* SLIPWAY_SCIF_LOCAL_H */
