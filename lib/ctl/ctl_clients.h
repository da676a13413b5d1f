/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CTL_CLIENTS_H
#define SLIPWAY_CTL_CLIENTS_H

/**
 * @file
 * Clients of control sockets, served in somebody's poll loop. A request is a line of at most
 * CTL_REQUEST_MAX bytes, its answer a line of JSON. Clients that are slow, silent or gone hold
 * nobody up; of more than CTL_CLIENTS, the one quiet for longest is let go.
 *
 *   loop: ctl_clients_collect -> poll, with the sockets themselves -> ctl_clients_serve,
 *         ctl_clients_accept for a socket that is readable
 */

#include <poll.h>
#include <stdint.h>
#include <sys/types.h>

#include "ctl_text.h"

#define CTL_REQUEST_MAX 4096
#define CTL_CLIENTS     16u

/** A request. */
struct ctl_request {
	const char *text; /**< without the end of the line; not ended by 0 */
	size_t len;
	int fd;          /**< a descriptor that came with it, or -1; who keeps it leaves -1 here */
	uint64_t client; /**< who asks: a number for as long as the connection lasts */
};

/** Who answers the clients of a socket. */
struct ctl_service {
	void (*answer)(void *arg, struct ctl_request *request, struct ctl_text *t);
	void (*gone)(void *arg,
		     uint64_t client); /**< its client has gone, or was let go; or NULL */
	void *arg;
};

/** A request that is known by its first word. */
struct ctl_verb {
	const char *name;
	bool arguments; /**< words may follow: request->text is what comes after the name */
	void (*answer)(void *arg, struct ctl_request *request, struct ctl_text *t);
};

/** A client is either asking or being answered. */
struct ctl_client {
	int fd; /**< -1: free */
	uint64_t number;
	const struct ctl_service *service;
	bool leave;    /**< once it has its answer */
	uint64_t last; /**< when it was last heard of, as ctl_now_ms has it */
	size_t asked;
	int sent_fd; /**< a descriptor that came in, for the next request; -1 */
	char request[CTL_REQUEST_MAX];
	struct ctl_text answer;
	size_t sent;
};

/** The clients of one loop. */
struct ctl_clients {
	struct ctl_client client[CTL_CLIENTS];
	uint64_t numbers; /**< clients ever */
};

/** CLOCK_MONOTONIC, in ms. */
uint64_t ctl_now_ms(void);

/**
 * Listen at a path; what was there is removed.
 *
 * @param mode permissions of the socket
 * @return a descriptor, or a negative errno
 */
int ctl_listen(const char *path, mode_t mode);

/** None yet. */
void ctl_clients_init(struct ctl_clients *all);

/**
 * Take a client of a socket that is readable. The service stays for as long as it does. Where the
 * process has no descriptor left this takes 100 ms: a loop that others wait for takes clients
 * itself, and adds them.
 */
void ctl_clients_accept(struct ctl_clients *all, int listener, const struct ctl_service *service);

/** One more client, whose socket does not block, and is taken. */
void ctl_clients_add(struct ctl_clients *all, int fd, const struct ctl_service *service);

/** What to poll for. */
void ctl_clients_collect(const struct ctl_clients *all, struct pollfd p[CTL_CLIENTS]);

/** Do what poll said can be done. */
void ctl_clients_serve(struct ctl_clients *all, const struct pollfd p[CTL_CLIENTS]);

/** Let all of them go. */
void ctl_clients_close(struct ctl_clients *all);

/** In a child after fork: they are the parent's, whose thread may have been in the middle of it. */
void ctl_clients_forked(struct ctl_clients *all);

/**
 * Answer by a table of verbs; "help" names them and itself. What is none of them gets an error that
 * says what is accepted.
 */
void ctl_verbs_answer(const struct ctl_verb verbs[], size_t count, void *arg,
		      struct ctl_request *request, struct ctl_text *t);

#endif /* SLIPWAY_CTL_CLIENTS_H */
