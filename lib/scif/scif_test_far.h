/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_TEST_FAR_H
#define SLIPWAY_SCIF_TEST_FAR_H

/**
 * @file
 * Two nodes for tests, each with an engine in a process of its own. The test's process is on node
 * 0; a visitor is the same program again, on node 1, and connects to it.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "scif.h"
#include "scif_test_rig.h"

#define FAR_PORT 2050

extern struct rig far_host, far_card;
/** The node of a visitor. */
extern uint16_t far_self;

/** Of a group of tests. */
int far_begin(void **state);
int far_end(void **state);

/** How many nodes there are, once there are as many as wanted, or a while later. */
int far_nodes(int wanted);
scif_epd_t far_listen(void);

/** A visitor: this side's end of its connection, and who it is. */
pid_t far_visitor(scif_epd_t listener, scif_epd_t *epd);
/** The same program on a node, that connects to another one, or listens where that is its own. */
pid_t far_start(uint16_t node, uint16_t to);
/** Its exit status, or -1. */
int far_wait(pid_t pid);

/** Is this program one? */
bool far_is_visitor(int argc, char **argv);
/** Be one: the exit status is what the function returns of the connection. */
int far_visit(int (*visit)(scif_epd_t epd));

#endif /* SLIPWAY_SCIF_TEST_FAR_H */
