/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_CMD_RIG_H
#define SLIPWAY_DSA_CMD_RIG_H

/**
 * @file
 * Tests of commands, on a device of either version that is ready to be enabled.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dsa_test_rig.h"

static inline bool
is_second(struct rig *r)
{
	return r->layout.version == DSA_V2;
}

static inline unsigned int
device_state(struct rig *r)
{
	return (unsigned int)REG_GET(DSA_GENSTS_STATE, rig_read(r, DSA_GENSTS, 0));
}

/* Sets up WQ 0 and engine 0 in group 0, breaks one thing, tries, and repairs it. */
static inline void
expect_refused(struct rig *r, unsigned int error)
{
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), error);
	assert_int_equal(device_state(r), DSA_STATE_DISABLED);
}

static inline void
device_prepare(struct rig *r)
{
	const struct rig_wq how = {.size = 16};

	rig_wq(r, 0, &how);
	rig_engine(r, 0, 0);
}

static inline void
device_up(struct rig *r)
{
	device_prepare(r);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
}

#define BOTH(test)                                             \
	{"1.0: " #test, test, rig_setup_1, rig_teardown, NULL}, \
	{"2.0: " #test, test, rig_setup_2, rig_teardown, NULL}
#define SECOND(test) cmocka_unit_test_setup_teardown(test, rig_setup_2, rig_teardown)

#endif /* SLIPWAY_DSA_CMD_RIG_H */
