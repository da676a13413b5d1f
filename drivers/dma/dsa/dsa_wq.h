/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_WQ_H
#define SLIPWAY_DSA_WQ_H

/**
 * @file
 * A work queue as the data path sees it, however it was come by: of a device we configure
 * (dsa_hw.c), behind a WQ socket, or of the kernel's char device (dsa_kernel.c).
 */

#include <stdbool.h>
#include <stdint.h>

#include "access.h"
#include "dsa_desc.h"

/** How descriptors get there. */
enum dsa_wq_how {
	DSA_WQ_POST,   /**< dedicated: posted, MOVDIR64B or ops->post */
	DSA_WQ_SUBMIT, /**< shared: non-posted, ENQCMD or ops->submit */
	DSA_WQ_WRITE,  /**< write() to the kernel's char device, which does either */
};

struct dsa_wq {
	enum dsa_wq_how how;
	struct access_bar bar; /**< mmio NULL: the device is called */
	uint64_t portal;       /**< offset of its portal page in that bar */
	uint32_t pasid;        /**< for a device that is called; BUS_NO_PASID */
	int fd;                /**< the kernel's char device; else -1 */
	struct access_dev *access; /**< to let its time pass, NULL for the kernel's */
	/* Cold. */
	unsigned int id;        /**< number in its device */
	bool dedicated;
	uint32_t size;          /**< entries */
	uint32_t threshold;     /**< of a shared one */
	uint32_t max_batch;     /**< descriptors in a batch, a power of two */
	uint64_t max_transfer;  /**< bytes, a power of two */
	uint64_t gencap;        /**< of its device; from sysfs for the kernel's */
	uint64_t opcap[4];
	bool sva;               /**< any address of the process may be used */
	bool block_on_fault;
	unsigned int users;     /**< vchans on it: a dedicated one takes one */
	/**
	 * Does it take descriptors, or finish what it took? Asked when it seems not to; NULL where
	 * nobody can tell.
	 */
	bool (*enabled)(const struct dsa_wq *wq);
	void *owner; /**< of that function */
};

#endif /* SLIPWAY_DSA_WQ_H */
