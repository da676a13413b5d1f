/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_PEER_H
#define SLIPWAY_VFU_PEER_H

/**
 * @file
 * A scripted client of a vfio-user server, both in the test's thread, on a socket pair: the server
 * works when the test waits for it, and only while its descriptor says that there is something to
 * do. A test fails where it cannot go on.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vfu_peer_bytes.h"
#include "vfu_peer_device.h"
#include "vfu_server.h"

/** Descriptors that can be received with a message, more than the protocol has use for. */
#define PEER_FDS 32u

/** A message that has come. */
struct peer_message {
	uint16_t id, command;
	uint32_t size, flags, error;
	int fd[PEER_FDS];
	unsigned int fds;
	size_t len; /**< of the payload */
	unsigned char at[PEER_DATA_MAX + 64];
};

/** The client, and what it talks to. */
struct peer {
	int fd; /**< our end, -1 once we have hung up */
	struct vfu_server *server;
	struct peer_device device;
	struct vfu_server_config config;
	char path[64];                  /**< of the socket, empty for a pair */
	bool threaded;                  /**< the server runs in another thread: wait for it */
	bool closed;                    /**< the server has hung up */
	bool greeted;                   /**< there was a handshake */
	uint16_t id;                    /**< of the last command */
	unsigned int came, gone, lines; /**< events of the server */
	char line[512];                 /**< its last log line */
	unsigned int fds, maps;         /**< of the process, before the server was opened */
	struct peer_message m;          /**< the last one received */
};

/** Group setup and teardown: the teardown sees to it that the server has left nothing behind. */
int peer_setup(void **state);
/** With a device that takes non-posted commands, and with sharing. */
int peer_setup_submits(void **state);
int peer_setup_shares(void **state);
/** The same, and the handshake is done: max_msg_fds 16, write_multiple. */
int peer_setup_greeted(void **state);
int peer_setup_submits_greeted(void **state);
/** The same on a server that listens, so that clients may come and go. */
int peer_setup_listens(void **state);
int peer_teardown(void **state);

/** Let the server do all it can do now. */
void peer_pump(struct peer *p);
/** Send bytes as they are, with descriptors on the first; false when the server has hung up. */
bool peer_send_raw(struct peer *p, const void *bytes, size_t len, const int fd[], unsigned int fds);
/** Send a message: its id. */
uint16_t peer_send(struct peer *p, uint16_t command, uint32_t flags, const struct peer_bytes *b,
		   const int fd[], unsigned int fds);
/** Take the next message into p->m; false when there is none, or the server has hung up. */
bool peer_receive(struct peer *p);
/** Close the descriptors that came with the last message. */
void peer_close_received(struct peer *p);

/** A command that has to be done: its reply is in p->m. */
void peer_call(struct peer *p, uint16_t command, const struct peer_bytes *b);
void peer_call_fds(struct peer *p, uint16_t command, const struct peer_bytes *b, const int fd[],
		   unsigned int fds);
/** A command that has to be refused by an error reply, after which the connection goes on. */
void peer_refused(struct peer *p, uint16_t command, const struct peer_bytes *b, uint32_t error);
void peer_refused_fds(struct peer *p, uint16_t command, const struct peer_bytes *b, const int fd[],
		      unsigned int fds, uint32_t error);
/** The same where the text leaves open which error, or whether the server hangs up. */
void peer_refused_somehow(struct peer *p, uint16_t command, uint32_t flags,
			  const struct peer_bytes *b, const int fd[], unsigned int fds);
/** The server has hung up, or does now, perhaps with an error reply; and it can be told. */
void peer_hung_up(struct peer *p);
/** The connection works, and the server has nothing else to say. */
void peer_still_there(struct peer *p);
/** Hang up. */
void peer_hang_up(struct peer *p);
/**
 * Hang up, come again, and say hello: to the same server where it listens, to a new one with the
 * same device where it does not.
 */
void peer_reopen(struct peer *p);
/** A connection to a server that listens, or -1. */
int peer_connect(const char *path);

/** VERSION with that JSON; NULL for none. */
void peer_version(struct peer *p, const char *json);
/** Payloads. */
struct peer_bytes peer_map_body(uint32_t flags, uint64_t offset, uint64_t address, uint64_t size);
struct peer_bytes peer_unmap_body(uint32_t flags, uint64_t address, uint64_t size);
struct peer_bytes peer_irqs_body(uint32_t flags, uint32_t index, uint32_t start, uint32_t count);
struct peer_bytes peer_access_body(uint64_t off, uint32_t region, uint32_t count);
struct peer_bytes peer_write_body(uint64_t off, uint32_t region, const void *data, uint32_t count);
struct peer_bytes peer_info_body(uint32_t argsz, uint32_t index, size_t len);

/** Read a region: the data, in p->m. */
const unsigned char *peer_read(struct peer *p, uint32_t region, uint64_t off, uint32_t count);
/** Write a region and see the reply; or posted. */
void peer_write(struct peer *p, uint32_t region, uint64_t off, uint64_t value, uint32_t count);
void peer_write_posted(struct peer *p, uint32_t region, uint64_t off, const void *data,
		       uint32_t count);

/** The next operation on the device, which has to be that one. */
const struct peer_seen *peer_saw(struct peer *p, enum peer_op op);
const struct peer_seen *peer_saw_at(struct peer *p, enum peer_op op, unsigned int bar, uint64_t off,
				    unsigned int size);
/** No more operations on the device. */
void peer_saw_nothing(struct peer *p);
/** Forget what the device was asked so far. */
void peer_look_away(struct peer *p);

/** Open descriptors and mappings of this process. */
unsigned int peer_open_fds(void);
unsigned int peer_mappings(void);
/** A file of memory of that size; and an eventfd that does not block. */
int peer_memory(size_t size);
int peer_eventfd(void);
/** How often an eventfd was written to since the last look. */
uint64_t peer_fired(int fd);

#endif /* SLIPWAY_VFU_PEER_H */
