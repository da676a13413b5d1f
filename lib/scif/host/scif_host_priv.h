/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_HOST_PRIV_H
#define SLIPWAY_SCIF_HOST_PRIV_H

#include "ctl_clients.h"
#include "scif_host.h"
#include "scif_path.h"

struct epoll_event;

/** Lines of one kind. */
struct host_lines {
	uint32_t count; /**< logged, less one for each second since */
	uint64_t at;
};

/** Far more than there are, as it is a hash that tells them from each other. */
#define HOST_LINE_KINDS 256u

struct scif_host {
	struct scif_host_config config;
	struct scif_engine *engine;
	int epoll_fd, lock_fd;
	int spare_fd; /**< given up to take, and refuse, who comes when there are no others */
	struct scif_host_watch listener; /**< for clients */
	struct scif_host_watch linker;   /**< for other nodes */
	struct host_link *links;
	struct host_local *locals; /**< clients of this process that want to know of nodes */
	bool rung;             /**< by another node, since this was last false */
	uint32_t link_numbers; /**< of memories of other nodes, ever */
	uint64_t next_join;
	int join_error; /**< of the last time */
	struct host_lines lines[HOST_LINE_KINDS];
	uint64_t lines_left_out;
	struct ctl_clients ctl;
	struct ctl_service ctl_service;
	int ctl_fd;
	char ctl_path[SCIF_PATH_MAX];
	char path[SCIF_PATH_MAX], link_path[SCIF_PATH_MAX], lock_path[SCIF_PATH_MAX];
};

/** What an engine asks of this process. */
extern const struct scif_host_ops scif_host_ops;

/** Serve a connected socket as a client: 0, or a negative errno; the socket is closed then. */
int scif_host_client_add(struct scif_host *host, int fd, const struct scif_credentials *who,
			 struct scif_client *like);
/** A client can be taken from the listening socket. */
void scif_host_accept(struct scif_host_watch *watch);
void scif_host_clients_close(struct scif_host *host);

/** Another node wants a link. */
void scif_host_link_accept(struct scif_host_watch *watch);
/** Node 0 says that another node can be reached: 0, or a negative errno. */
int scif_host_peer(void *arg, uint16_t node, const uint64_t said[4]);
/** Join the node that is to be joined, if there is no link: when to be called again. */
uint64_t scif_host_join(struct scif_host *host, uint64_t now);
/** Links whose other side says nothing are ended: when to be called again. */
uint64_t scif_host_links_expire(struct scif_host *host, uint64_t now);
/** Other nodes are told what is no longer shared, as there is room: when to be called again. */
uint64_t scif_host_links_pay(struct scif_host *host, uint64_t now);
/** The node at the other end of a link is online. */
void scif_host_link_met(struct scif_host *host, uint16_t node);
void scif_host_links_close(struct scif_host *host);

/** Memory behind a descriptor of which that many bytes are there, whatever others do. */
bool scif_host_is_steady(int fd, uint64_t size);

/** Tell clients of this process of a node. */
void scif_host_local_tell(struct scif_host *host, uint16_t node, bool online);
void scif_host_locals_close(struct scif_host *host);

/** Take who connects, or -1: when there are no descriptors they are refused, and logged. */
int scif_host_take(struct scif_host *host, int listener);

/** As many descriptors as Linux passes with one message. It closes those there is no room for, in
 * the control data or in this process, and waits where one lingers: so there is room for all.
 */
#define SCIF_HOST_FDS_MAX 253
/** Is it one of the last, that are only for what is received? Who opened it closes it. */
bool scif_host_is_reserved(int fd);

/** One was sent, and there was none left to receive it. */
#define SCIF_HOST_FD_LOST (-2)

/** A packet of a socket: its length, or one more than there is room for, 0 at its end, or a negative
 * errno; one descriptor, -1, or SCIF_HOST_FD_LOST; and who sent it, where the kernel says so.
 */
ssize_t scif_host_receive(int from, void *bytes, size_t room, int *fd, int32_t *pid);
/** Close a descriptor that somebody sent, whatever it is. */
void scif_host_drop(int fd);
/** Close a socket, with all that is still in it. */
void scif_host_hang_up(int socket);
/** Send a packet, without waiting: 0, or a negative errno. */
int scif_host_send(int to, const void *bytes, size_t len, const int fds[], uint32_t count);

/** The control socket: listen, and no longer. */
int scif_host_ctl_begin(struct scif_host *host);
void scif_host_ctl_end(struct scif_host *host);
/** As epoll_wait, and what control clients ask is answered meanwhile. */
int scif_host_ctl_wait(struct scif_host *host, struct epoll_event *event, int max, int timeout_ms);

void scif_host_log(struct scif_host *host, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* SLIPWAY_SCIF_HOST_PRIV_H */
