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

/** What a command to the device can be at fault for. */
enum access_fault {
	ACCESS_FAULT_COMMAND,        /**< it is none */
	ACCESS_FAULT_QUEUE,          /**< the queue is out of range */
	ACCESS_FAULT_DISABLED_QUEUE, /**< the queue is not there */
	ACCESS_FAULT_QUEUE_TYPE,     /**< queue 0 does not take ordered events */
	ACCESS_FAULT_COMPLETION,     /**< the port has nothing to complete */
	ACCESS_FAULT_FRAGMENT,       /**< the port has nothing to send a part of */
	ACCESS_FAULT_CREDIT,         /**< an event to queue 0, when all credits are used */
	ACCESS_FAULT_TOKENS,         /**< the port has no tokens to return */
	ACCESS_FAULT_FOREIGN_QUEUE,  /**< the queue is another domain's */
};

/** Calls into the device behind a driver. */
struct access_test {
	/** Let the device get on; the only way to do so when it was opened with step=manual. */
	void (*step)(uint16_t dev_id);
	/** Accesses by the driver that touched nothing the device has; 0 is right. */
	uint64_t (*stray)(uint16_t dev_id);
	/**
	 * Of a DLB: send the started device a faulty command from a port that nobody uses: 0 or
	 * -EINVAL.
	 */
	int (*provoke)(uint16_t dev_id, uint8_t port, enum access_fault fault);
	/** Of a DSA: make it halt, behind its driver's back: 0, -ENOTSUP where it is not ours. */
	int (*halt)(uint16_t dev_id);
	/**
	 * Of a DSA: have it disable a work queue, behind its driver's back, and do not wait: 0,
	 * -ENOTSUP where it is not ours.
	 */
	int (*disable)(uint16_t dev_id, unsigned int wq);
	/**
	 * Of a MIC: type at the card's console: "halt", "poweroff", "restart", "crash", "hang".
	 * 0, -EINVAL without a card OS, -ENOTSUP where another process has it (its control socket).
	 */
	int (*card)(uint16_t dev_id, const char *command);
	/**
	 * Of a MIC of a later era: what its COSM client does: "connect", "heartbeat", "status N",
	 * "close"; asked to shut down it says 3 and closes. 0, or -EINVAL when it is not accepted.
	 */
	int (*cosm)(uint16_t dev_id, const char *what);
};

/** The table of an event/dlb device. */
const struct access_test *dlb_access_test(uint16_t dev_id);

/** The table of a dma/dsa device. */
const struct access_test *dsa_access_test(uint16_t dev_id);

/** The table of a raw/mic device. */
const struct access_test *mic_access_test(uint16_t dev_id);

#endif /* SLIPWAY_ACCESS_TEST_H */
