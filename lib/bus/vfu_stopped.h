/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_STOPPED_H
#define SLIPWAY_VFU_STOPPED_H

/**
 * @file
 * Whether it is any use to wait for whoever listens at a socket. Connections to a process that is
 * stopped are taken by the kernel, and never answered.
 */

#include <sys/types.h>

/**
 * The process that listened at the other end of a connected UNIX socket, if it is stopped, as by
 * SIGSTOP; 0 when it is not, or cannot be told. One that a debugger holds will go on in a moment,
 * and does not count. Control path.
 */
pid_t vfu_stopped_process(int socket);

#endif /* SLIPWAY_VFU_STOPPED_H */
