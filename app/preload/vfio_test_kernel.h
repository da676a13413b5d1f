/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFIO_TEST_KERNEL_H
#define SLIPWAY_VFIO_TEST_KERNEL_H

/**
 * @file
 * The kernel that vfio_test_kernel.c plays, and what it was asked.
 */

#include <stdbool.h>
#include <stdint.h>

/** What its IOMMU says, so that one can tell who answered. */
#define TEST_KERNEL_PGSIZES UINT64_C(0x40201000)
/** An IO address that it cannot map. */
#define TEST_KERNEL_HOLE UINT64_C(0x7000)
/** What it gives for a device of the real group. */
#define TEST_KERNEL_DEVICE 12345

/** Exported as `test_kernel`. */
struct test_kernel {
	int container;  /**< last descriptor that was opened */
	int group;      /**< the same of the real group, 42 */
	bool attached;  /**< the real group is in the container */
	uint64_t iommu; /**< its type, 0 before */
	unsigned int maps, unmaps;
	uint64_t iova;  /**< of the last map */
	uint64_t bytes; /**< mapped now */
};

#endif /* SLIPWAY_VFIO_TEST_KERNEL_H */
