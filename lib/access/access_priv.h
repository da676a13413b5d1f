/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ACCESS_PRIV_H
#define SLIPWAY_ACCESS_PRIV_H

/**
 * @file
 * Inside the seam: what every reach has in common (access.c), and what each adds
 * (access_model_<device>.c, access_pci.c, access_vfu.c).
 */

#include <rte_spinlock.h>

#include "access.h"
#include "access_irq_fd.h"

/** Memory outside DPDK that was made known to a device; more than this nobody has asked for. */
#define ACCESS_REGIONS_MAX 64

/** Regions that a device describes, at most: a page for each port of a DLB, and what lies between. */
#define ACCESS_DEVICE_REGIONS 192

/** One piece of such memory; iova and address are the same. */
struct access_region {
	uint64_t iova;
	size_t len;
};

/** BARs of a device. */
#define ACCESS_BARS 6

struct access_irqs;

/** What a reach does in its own way. */
struct access_reach {
	void (*close)(struct access_dev *access);
	uint64_t (*stray)(const struct access_dev *access);
	int (*config)(struct access_dev *access, uint16_t off, void *bytes, size_t len, bool write);
	unsigned int reset_ms; /**< longest time a device needs to come back from a reset */
	int (*irqs_open)(struct access_dev *access, struct access_irqs *irqs);
	uint32_t (*irq_seen)(struct access_dev *access, unsigned int vector);
	void (*irq_sleep)(struct access_dev *access, unsigned int vector, uint32_t seen,
			  uint64_t ns);
	/** Tell of memory outside DPDK; NULL where the device looks for itself. */
	int (*memory)(struct access_dev *access, uint64_t iova, size_t len, bool map);
	bool (*is_lost)(const struct access_dev *access);    /**< NULL: never */
	bool (*is_stopped)(const struct access_dev *access); /**< NULL: never */
	int (*wait_fd)(const struct access_dev *access);  /**< NULL: there is none */
	/** Vectors by descriptors, which the access has in irq_fds; NULL where that cannot be. */
	int (*irq_fds_open)(struct access_dev *access, enum access_irq_kind kind, unsigned int n);
	void (*irq_fds_close)(struct access_dev *access, enum access_irq_kind kind);
};

/** A device that has been reached. */
struct access_dev {
	struct bus_device *dev; /**< to be called, NULL where BARs are mapped */
	const struct access_reach *reach;
	enum access_step step;
	struct access_irqs *irqs; /**< NULL until they are open */

	/* Where BARs are mapped. */
	struct rte_pci_device *pci;
	enum portal_how how;
	uint8_t *mmio[ACCESS_BARS];

	/* Where the device is called: also the host it is plugged into. */
	struct bus_host host;  /**< the device hands it back to us */
	uint64_t ns_per_cycle; /**< 32.32 fixed point */
	bool gives_way;
	bool sva; /**< the device gets at all that this process can */
	/** What access_sleepers returns; NULL: the threads of this process that sleep. */
	const _Atomic uint32_t *sleepers;
	const char *about;
	void *ring_memory;   /**< of the device's line rings */
	enum access_irq_kind irq_kind;
	_Atomic unsigned int nb_irq_fds;
	int irq_fds[ACCESS_IRQ_FDS];
	rte_spinlock_t lock; /**< of the regions */
	unsigned int nb_regions;
	struct access_region regions[ACCESS_REGIONS_MAX];
};

/** Prepare a device that is called; the reach then fills in `dev`. */
void access_init(struct access_dev *access, const struct access_config *config,
		 const struct access_reach *reach);

/** Configuration space of a device that is called. */
int access_call_config(struct access_dev *access, uint16_t off, void *bytes, size_t len,
		       bool write);
/** What the kernel does for a device on a bus before a driver sees it. 0, or a negative errno. */
int access_enable(struct access_dev *access);

/**
 * Have a device that is called look up addresses anew before DPDK takes memory away, until
 * access_follow_end (access_follow.c). 0, or a negative errno.
 */
int access_follow_memory(struct access_dev *access);
void access_follow_end(struct access_dev *access);

/** As access_idle: when the device wants to be called again, and the time of the step. */
uint64_t access_idle_until(struct access_dev *access, uint64_t *now_ns);

/** The device raises a vector (access_irq.c). */
void access_irq_raise(struct bus_host *host, unsigned int vector);

#endif /* SLIPWAY_ACCESS_PRIV_H */
