/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ACCESS_TEST_H
#define SLIPWAY_ACCESS_TEST_H

/**
 * @file
 * What a driver shows to our own tests, and to nobody else: the device behind it. A driver exports
 * one function, `<prefix>_access_test(dev_id)`, which returns this table, or NULL when the device
 * is not one of its own.
 */

#include <stdint.h>

/** Calls into the device behind a driver. */
struct access_test {
	/** Let the device get on; the only way to do so when it was opened with step=manual. */
	void (*step)(uint16_t dev_id);
	/** Accesses by the driver that touched nothing the device has; 0 is right. */
	uint64_t (*stray)(uint16_t dev_id);
};

/** The table of an event/dlb device. */
const struct access_test *dlb_access_test(uint16_t dev_id);

#endif /* SLIPWAY_ACCESS_TEST_H */
