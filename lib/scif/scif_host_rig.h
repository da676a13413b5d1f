/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_HOST_RIG_H
#define SLIPWAY_SCIF_HOST_RIG_H

/**
 * @file
 * Node 0 in the test's own process, for tests that are at its sockets: what it says, a client of it,
 * and a node that joins.
 */

#include <stdbool.h>
#include <stdint.h>

#include "scif_link_rig.h"

/** The node that joins. */
#define HOST_RIG_OTHER 1u
#define HOST_RIG_NS_PER_S UINT64_C(1000000000)

extern struct host_rig {
	struct scif_host *host;
	char said[512]; /**< the last line */
	char before[512];
	unsigned int lines;
} host_rig;

/** For cmocka: with no line yet, and again. */
int host_rig_begin(void **state);
int host_rig_end(void **state);
/** The node by itself: 0, or a negative errno. */
int host_rig_create(void);
/** Several turns of it. */
void host_rig_serve(void);
uint64_t host_rig_now_ns(void);

/** A client's socket, that has said nothing. */
int host_rig_client(void);
/** Has the other side ended it? */
bool host_rig_is_over(int socket);

/** Come to its link; and say hello: the bus. */
void host_rig_come(struct link_rig *r);
struct scif_bus *host_rig_join(struct link_rig *r);

#endif /* SLIPWAY_SCIF_HOST_RIG_H */
