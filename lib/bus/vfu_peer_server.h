/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_PEER_SERVER_H
#define SLIPWAY_VFU_PEER_SERVER_H

/**
 * @file
 * A scripted vfio-user server, in a thread, for tests of a client. Honest as it is; a test's script
 * sees each command first and may answer it in any other way. What came is written down.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "vfu_peer_bytes.h"

#define PEER_SERVER_BAR     0x10000u
#define PEER_SERVER_VECTORS 20u
#define PEER_SERVER_NOTES   4096u
#define PEER_SERVER_FDS     64u

struct peer_server;

/** A message that came. */
struct peer_note {
	uint16_t id, command;
	uint32_t flags;
	unsigned int fds;
	size_t len; /**< of the payload, of which the first 128 bytes are kept */
	unsigned char at[128];
};

/** Answers a command in its own way and returns true; or leaves it to the honest server. */
typedef bool (*peer_script)(struct peer_server *s, const struct peer_note *n);

/** The server. */
struct peer_server {
	char path[64];
	peer_script script;
	int listens, fd;
	unsigned int max_msg_fds; /**< that it says; 0: nothing */
	unsigned int seen;        /**< commands that a script counts */
	pthread_t thread;
	pthread_mutex_t lock; /**< on what follows */
	unsigned int notes;
	struct peer_note note[PEER_SERVER_NOTES];
	int kept[PEER_SERVER_FDS]; /**< descriptors that came, in their order */
	unsigned int keeps;
	bool apart; /**< a header came without its payload, or a descriptor without a header */
};

/** Listen, and serve one client after the other. */
void peer_server_start(struct peer_server *s, peer_script script);
/** Stop and close all that came. */
void peer_server_stop(struct peer_server *s);

/** Reply to a command. */
void peer_server_reply(struct peer_server *s, const struct peer_note *n, const void *bytes,
		       size_t len);
void peer_server_error(struct peer_server *s, const struct peer_note *n, uint32_t error);
/** Any message. */
void peer_server_send(struct peer_server *s, uint16_t id, uint16_t command, uint32_t flags,
		      const void *bytes, size_t len, const int fd[], unsigned int fds);
void peer_server_raw(struct peer_server *s, const void *bytes, size_t len);
/** Hang up. */
void peer_server_hang_up(struct peer_server *s);
/** The honest answer, as bytes: 0 when there is none. */
size_t peer_server_honest(const struct peer_server *s, const struct peer_note *n,
			  unsigned char *at);

/** A copy of the i-th message of that command, waited for; false when it does not come. */
bool peer_server_saw(struct peer_server *s, uint16_t command, unsigned int i, struct peer_note *n);
/** How many messages of that command have come. */
unsigned int peer_server_count(struct peer_server *s, uint16_t command);
/** What a byte of a bar reads as. */
unsigned char peer_server_byte(unsigned int bar, uint64_t off);

#endif /* SLIPWAY_VFU_PEER_SERVER_H */
