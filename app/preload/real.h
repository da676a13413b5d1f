/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_REAL_H
#define SLIPWAY_REAL_H

/**
 * @file
 * The functions that the shim stands in front of: the C library's, or those of the next preloaded
 * object.
 */

int real_open(const char *path, int flags);
int real_close(int fd);
int real_ioctl(int fd, unsigned long request, void *arg);

#endif /* SLIPWAY_REAL_H */
