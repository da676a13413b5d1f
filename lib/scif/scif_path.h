/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_PATH_H
#define SLIPWAY_SCIF_PATH_H

/**
 * @file
 * Where the nodes of this machine are found: DIR/scif/N.sock, N.lock and N.ctl. DIR is
 * $SLIPWAY_DIR, else $XDG_RUNTIME_DIR/slipway, else /run/slipway for root and /tmp/slipway-UID for
 * others.
 */

#include <stddef.h>

/** Longest path, with its end: it must fit into sockaddr_un. */
#define SCIF_PATH_MAX 108

/**
 * DIR/scif/NODE.SUFFIX.
 *
 * @return 0, or -ENAMETOOLONG; below /tmp -ENOENT, or -EACCES when DIR is not the user's alone
 */
int scif_path(char path[SCIF_PATH_MAX], unsigned int node, const char *suffix);

/** The node of this process, $SLIPWAY_SCIF_NODE: 0 without it; -EINVAL when it is no node. */
int scif_path_node(void);

#endif /* SLIPWAY_SCIF_PATH_H */
