/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_HOST_PRIV_H
#define SLIPWAY_SCIF_HOST_PRIV_H

#include "scif_host.h"
#include "scif_path.h"

struct scif_host {
	struct scif_host_config config;
	struct scif_engine *engine;
	int epoll_fd, lock_fd;
	struct scif_host_watch listener;
	char path[SCIF_PATH_MAX], lock_path[SCIF_PATH_MAX];
};

/** What an engine asks of this process. */
extern const struct scif_host_ops scif_host_ops;

/** Serve a connected socket as a client: 0, or a negative errno; the socket is closed then. */
int scif_host_client_add(struct scif_host *host, int fd, const struct scif_credentials *who,
			 struct scif_client *like);
/** A client can be taken from the listening socket. */
void scif_host_accept(struct scif_host_watch *watch);
void scif_host_clients_close(struct scif_host *host);

void scif_host_log(struct scif_host *host, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* SLIPWAY_SCIF_HOST_PRIV_H */
