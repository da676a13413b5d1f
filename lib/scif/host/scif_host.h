/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_HOST_H
#define SLIPWAY_SCIF_HOST_H

/**
 * @file
 * A process that hosts a node's engine: its socket, its clients, shared memory, and the loop that
 * calls the engine. One thread.
 */

#include <stdint.h>
#include <sys/types.h>

#include "scif_engine.h"

struct scif_host;

struct scif_host_config {
	struct scif_engine_config engine;
	mode_t mode; /**< of the socket: who may connect; 0600 */
	bool joins;  /**< there is another node on this machine to join, now or once it is there */
	uint16_t join;
	uint32_t poll_ms; /**< rings of other nodes are looked at so often, and no bell is rung; 0 */
	void (*log)(void *arg, const char *line); /**< or NULL */
	/** Another node came online, or is gone; or NULL. */
	void (*node)(void *arg, uint16_t node, bool online);
	void *arg;
};

/**
 * Begin to serve a node; the directory for running devices is there.
 *
 * @return 0; -EBUSY when another process serves it; or another negative errno
 */
int scif_host_create(const struct scif_host_config *config, struct scif_host **host);
void scif_host_destroy(struct scif_host *host);

/** Wait for clients, links and the time, `timeout_ms` at most or forever if -1; do what there is. */
void scif_host_serve(struct scif_host *host, int timeout_ms);

/**
 * A client of this process, for scif_local_begin: called by the thread that serves.
 *
 * @return 0, or a negative errno
 */
int scif_host_local(struct scif_host *host, int fd[2]);

/** A descriptor that is readable has a function called. It may stop watching itself, and no other.
 */
struct scif_host_watch {
	void (*ready)(struct scif_host_watch *watch);
	int fd;
};

/** 0, or a negative errno. */
int scif_host_watch(struct scif_host *host, struct scif_host_watch *watch);
void scif_host_unwatch(struct scif_host *host, struct scif_host_watch *watch);

#endif /* SLIPWAY_SCIF_HOST_H */
