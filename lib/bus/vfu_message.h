/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_MESSAGE_H
#define SLIPWAY_VFU_MESSAGE_H

/**
 * @file
 * Bytes and descriptors through a vfio-user socket, and the names of what passes: for both ends.
 * No allocation, no stdio, nothing kept between calls.
 */

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "vfu_wire.h"

/**
 * Send, with descriptors at the first byte. A peer that is gone is an error, never a signal.
 *
 * @return bytes sent, perhaps fewer than given; -EAGAIN when the socket does not block and is full;
 *         or another negative errno. The descriptors went with the first byte sent.
 */
ssize_t vfu_message_send(int socket, const struct iovec *parts, unsigned int n_parts,
			 const int fds[], unsigned int n_fds);

/**
 * Receive up to `len` bytes, and the descriptors that come with them (close-on-exec, the caller's
 * to close).
 *
 * @param flags of recvmsg: MSG_DONTWAIT
 * @param fds out: room for VFU_MAX_FDS
 * @param n_fds out: how many
 * @return bytes; 0 when the peer has closed; -EAGAIN; -E2BIG when more descriptors came than there
 *         is room for (all are closed; the bytes are lost); or another negative errno
 */
ssize_t vfu_message_recv(int socket, void *bytes, size_t len, int flags, int fds[VFU_MAX_FDS],
			 unsigned int *n_fds);

/** Close descriptors. */
void vfu_message_close(const int fds[], unsigned int n_fds);

/** The name of a command, "command" for an unknown one. */
const char *vfu_command_name(uint16_t command);

#endif /* SLIPWAY_VFU_MESSAGE_H */
