/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_CONN_H
#define SLIPWAY_VFU_CONN_H

/**
 * @file
 * One end of a vfio-user connection: a socket that does not block, messages out of its stream, and
 * a bounded queue of what it has not taken yet. Knows headers, not what messages mean.
 *
 *   vfu_conn_fill    socket -> in: many small messages at a time
 *   vfu_conn_next    the first message of it that is whole
 *   vfu_conn_done    that one has been handled
 *
 * Descriptors come with the first byte of a message. A stream does not tell which of many bytes
 * that was, so a message that may have some is always received by itself.
 */

#include <stdbool.h>
#include <stddef.h>

#include "vfu_message.h"

/** Bytes received ahead: some 700 posted lines, which a device takes in less than 100 us. */
#define VFU_CONN_AHEAD 65536u
#define VFU_CONN_IN    (VFU_MAX_DATA + VFU_MAX_HEAD + VFU_CONN_AHEAD)
/** Bytes that may wait to be sent: the largest reply, and 64 messages of ours with a line each. */
#define VFU_CONN_OUT (VFU_MAX_DATA + VFU_MAX_HEAD + 64 * 96u)

/** A connection. */
struct vfu_conn {
	int socket;
	unsigned char *in;
	size_t head;  /**< of the first message not handled */
	size_t whole; /**< messages before this are whole */
	size_t tail;  /**< bytes received */
	unsigned char *out;
	size_t out_head, out_tail;
	unsigned int n_out_fds;
	int out_fds[VFU_MAX_FDS]; /**< go with the first byte that waits; not this connection's */
	unsigned int n_fds;
	size_t fds_at; /**< the message they came with */
	int fds[VFU_MAX_FDS];
	uint64_t bytes_in, bytes_out;
};

/** A message in the buffer: valid until vfu_conn_done. */
struct vfu_message {
	struct vfu_header header;
	const unsigned char *payload; /**< not aligned */
	uint32_t len;
	int *fds; /**< who keeps one puts -1 in its place */
	unsigned int n_fds;
};

/** Take over a socket: 0 or -ENOMEM. */
int vfu_conn_create(struct vfu_conn *c, int socket);
/** Close it, and every descriptor that nobody took. */
void vfu_conn_destroy(struct vfu_conn *c);

/**
 * Receive what is there, without waiting.
 *
 * @return bytes; -EAGAIN when there are none; -ENOTCONN when the peer has hung up; -ENOBUFS when
 *         messages have to be handled first; -EPROTO for descriptors in the middle of a message,
 *         -E2BIG for too many; or another negative errno: the connection is of no more use
 */
ssize_t vfu_conn_fill(struct vfu_conn *c);

/**
 * The first message.
 *
 * @param header out: what was wrong, when it was
 * @return 1; 0 when it has not come yet; -EMSGSIZE for a size that no message has
 */
int vfu_conn_next(struct vfu_conn *c, struct vfu_message *m);
/** It has been handled: descriptors that nobody took are closed. */
void vfu_conn_done(struct vfu_conn *c, const struct vfu_message *m);

/**
 * The message `*at` bytes behind the first one, handled or not by then: to find replies behind
 * commands. `*at` moves on to the next one.
 *
 * @return 1, or 0 when there is no more
 */
int vfu_conn_look(const struct vfu_conn *c, size_t *at, struct vfu_message *m);
/** That message, `at` bytes behind the first, is a reply that nobody waits for any longer. */
void vfu_conn_forget(struct vfu_conn *c, size_t at);

/**
 * Send a message, or keep what the socket does not take.
 *
 * @param fds stay the caller's, open until they are sent
 * @return 0; -EAGAIN for descriptors while something waits to be sent: nothing was done; -ENOBUFS
 *         when more waits than may; or another negative errno. After an error other than -EAGAIN
 *         the connection is of no more use.
 */
int vfu_conn_send(struct vfu_conn *c, const struct iovec parts[], unsigned int n_parts,
		  const int fds[], unsigned int n_fds);
/** Send what waits: 0 when nothing does any longer, -EAGAIN, or another negative errno. */
int vfu_conn_flush(struct vfu_conn *c);

/** Does something wait to be sent? */
static inline bool
vfu_conn_is_stuck(const struct vfu_conn *c)
{
	return c->out_head != c->out_tail;
}

/** Is a whole message there that has not been handled? */
static inline bool
vfu_conn_has_message(const struct vfu_conn *c)
{
	return c->head != c->whole;
}

#endif /* SLIPWAY_VFU_CONN_H */
