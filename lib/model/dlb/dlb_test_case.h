/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_TEST_CASE_H
#define SLIPWAY_DLB_TEST_CASE_H

/**
 * @file
 * A test case of the DLB model: a fresh bench before, no stray access after.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dlb_test_rig.h"

/** State of a case before it starts: which bench to set up. */
struct dlb_test_bench {
	enum dlb_version version;
	enum test_host_map policy;
};

static const struct dlb_test_bench dlb_test_v20 = {DLB_V20, TEST_HOST_WHOLE};
static const struct dlb_test_bench dlb_test_v25 = {DLB_V25, TEST_HOST_WHOLE};

static inline int
dlb_test_setup(void **state)
{
	const struct dlb_test_bench *bench = *state;
	struct rig *r = malloc(sizeof(*r));

	if (r == NULL)
		return -1;
	if (rig_open(r, bench->version, bench->policy) < 0) {
		free(r);
		return -1;
	}
	*state = r;
	return 0;
}

static inline int
dlb_test_teardown(void **state)
{
	struct rig *r = *state;
	uint64_t stray = rig_close(r), faults = r->host.faults;

	free(r);
	if (stray != 0 || faults != 0)
		print_error("stray accesses %llu, writes to no memory %llu\n",
			    (unsigned long long)stray, (unsigned long long)faults);
	return stray == 0 && faults == 0 ? 0 : -1;
}

/** A case on a bench of its own. */
#define DLB_TEST_CASE(f, bench, suffix)                                                          \
	{                                                                                        \
		.name = #f suffix, .test_func = f, .setup_func = dlb_test_setup,                 \
		.teardown_func = dlb_test_teardown, .initial_state = (void *)(uintptr_t)(bench), \
	}
/** A case on one version of the device. */
#define ON_V20(f) DLB_TEST_CASE(f, &dlb_test_v20, " on 2.0")
#define ON_V25(f) DLB_TEST_CASE(f, &dlb_test_v25, " on 2.5")
/** A case on both. */
#define ON_BOTH(f) ON_V20(f), ON_V25(f)

/** The next QE of a CQ has to be there and carry `data`. */
#define expect_qe(r, port, expected)                      \
	do {                                              \
		struct dlb_qe next_qe;                    \
                                                          \
		assert_true(rig_poll(r, port, &next_qe)); \
		assert_int_equal(next_qe.data, expected); \
	} while (0)

/** Nothing new in a CQ. */
#define expect_nothing(r, port)                            \
	do {                                               \
		struct dlb_qe next_qe;                     \
                                                           \
		assert_false(rig_poll(r, port, &next_qe)); \
	} while (0)

#endif /* SLIPWAY_DLB_TEST_CASE_H */
