/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ASK_H
#define SLIPWAY_ASK_H

/**
 * @file
 * Asking control sockets, of devices under `slipway run` and of those that `slipway serve` serves:
 * a line, answered by a line of JSON. Errors are reported in one line.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/**
 * Find the control socket of a served device.
 *
 * @param target path of its socket, or of its control socket; without a slash, its name in the
 *   directory of running devices, or that of a card
 * @return true, and `path`, when there is one
 */
bool ask_find(const char *target, char *path, size_t len);

/** Connect: a descriptor, or a negative errno. */
int ask_open(const char *path, bool quiet);

/**
 * Ask over a connection.
 *
 * @param request a line, with its end
 * @param send_fd a descriptor to go with it, or -1
 * @return the answer, or NULL when there is none or it is an error
 */
json_t *ask_over(int fd, const char *path, const char *request, int send_fd, bool quiet);

/** The process that listens at a control socket if it is stopped, and so gives no answer; or 0. */
pid_t ask_stopped(const char *path);

/** Ask once: the answer, or NULL and `*ret`. When `quiet`, connections that fail go unreported. */
json_t *ask(const char *path, const char *request, bool quiet, int *ret);

/** Do not wait for a peer for ever: receive and send give up after some seconds. */
void ask_set_patience(int fd);

/** What jansson says of bad text, fit for a terminal. */
const char *ask_json_error(json_error_t *error);

#endif /* SLIPWAY_ASK_H */
