/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_TEST_RIG_H
#define SLIPWAY_SCIF_TEST_RIG_H

/**
 * @file
 * A node for tests: its engine in a child process, its sockets in a directory of its own.
 */

#include <sys/types.h>

#include "scif_host.h"

/** The node's process; SLIPWAY_DIR says where it is. */
struct rig {
	char dir[64];
	pid_t pid;
	uint16_t node;
	bool joins; /**< node 0 */
};

/** The node that all tests of a group use. */
extern struct rig rig_node;

/** Of a group of tests: begin and end that node. */
int rig_setup(void **state);
int rig_teardown(void **state);
/** Of a test: if it hangs, the program ends. */
int rig_hurry(void **state);
#define rig_unit_test(test) cmocka_unit_test_setup(test, rig_hurry)
/** Of a test that has a node of its own: what one leaves is nothing to the next. */
int rig_fresh(void **state);
#define rig_fresh_test(test) cmocka_unit_test_setup_teardown(test, rig_fresh, rig_teardown)
/** Far longer than such a test takes. */
#define RIG_PATIENCE_S 10

/** How many descriptors this process has open. */
unsigned int rig_descriptors(void);

/** A directory for sockets of its own, which is where programs look from now on. */
int rig_place(struct rig *rig);
/** Begin one: 0, or a negative errno. Zero of the configuration is the default. */
int rig_begin(struct rig *rig, const struct scif_engine_config *config);
/** Another node at the same place, that joins the first one. */
int rig_join(struct rig *rig, const struct rig *first, uint16_t node);
/** End it: 0 when it ended well, with nothing wrong to say. */
int rig_end(struct rig *rig);
/** Remove what is left of it. */
void rig_clean(const struct rig *rig);
/** Kill it. */
void rig_kill(struct rig *rig);
/** Begin it again, at the same place. */
int rig_again(struct rig *rig, const struct scif_engine_config *config);

#endif /* SLIPWAY_SCIF_TEST_RIG_H */
