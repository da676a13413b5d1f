/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DEVICE_H
#define SLIPWAY_DEVICE_H

/**
 * @file
 * The modelled devices of this process, as the rest of the shim sees them. SLIPWAY_DEVICES says
 * which there are; each comes to life when it is opened through VFIO.
 *
 * The functions on addresses (device_owns to device_submit) may be called from signal handlers and
 * from patched sites, by any thread. The others are called by one thread at a time, between
 * signals_enter and signals_leave.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus.h"

/** Devices of one program. */
#define DEVICE_MAX 16
/** BARs of one device. */
#define DEVICE_BARS 6
/** Bytes of the path of a socket, with its end: those of sockaddr_un. */
#define DEVICE_PATH 108
/** Bytes of config space. */
#define DEVICE_CONFIG 4096

struct dma_space;

/** A device: its place on the bus, and what is behind it once it is open. */
struct device {
	char address[16];       /**< PCI address as text, 0000:7e:00.0 */
	int group;              /**< VFIO group */
	char model[16];         /**< "dlb" */
	unsigned int version;   /**< column of its register table */
	const char *version_name; /**< the same as text, "2.5" */
	unsigned int wqs;       /**< of a DSA: work queues; 0: as many as is usual */
	bool kernel; /**< the kernel has it: idxd.h, and not VFIO */
	bool rawio;  /**< of such a one: programs may map portals */
	char at[DEVICE_PATH];   /**< socket where another process serves it; "": modelled here */
	struct bus_device *bus; /**< NULL until it is open; a trace may sit in front of it */
	uint64_t bar_size[DEVICE_BARS]; /**< bytes, 0 for none; known once it is open */
					/* The rest is device.c's. */
};

/** Devices that SLIPWAY_DEVICES names; a bad value was reported and counts as none. Any thread. */
unsigned int device_count(void);

/** A device by its number, 0 to device_count() - 1. */
struct device *device_get(unsigned int index);

/** The number of a device. */
unsigned int device_index(const struct device *dev);

/** The device of a VFIO group, or NULL. */
struct device *device_of_group(int group);

/* ---- Life ---- */

/**
 * Bring a device to life, as it is after power-on and with its memory enabled, when it is not
 * alive already. As often as it was opened it has to be closed.
 *
 * @return 0, or a negative errno; errors are reported
 */
int device_open(struct device *dev);

/** The last close takes all interrupts away and resets the device. */
void device_close(struct device *dev);

/** In a child after fork: no device is open. What was mapped of them is left to the kernel. */
void device_forked(void);

/** Reset a device as the kernel does for VFIO: BARs and command register survive. */
void device_reset(struct device *dev);

/**
 * Config space as VFIO shows it: MSI-X belongs to VFIO_DEVICE_SET_IRQS, so writes to its capability
 * are dropped; a function-level reset is done as device_reset does it.
 *
 * @return 0, or a negative errno for what lies outside it
 */
int device_config(struct device *dev, uint16_t off, void *bytes, size_t len, bool write);

/* ---- BARs ---- */

/**
 * Part of a BAR was mapped at `addr` (PROT_NONE); accesses there reach the device from now on.
 *
 * @return 0, or -ENOSPC when there are too many maps already
 */
int device_map_bar(struct device *dev, unsigned int bar, uint64_t off, void *addr, size_t len);

/** A range of addresses is no longer what it was: it was unmapped, or mapped over. */
void device_unmap_range(const void *addr, size_t len);

/** Does any of these addresses belong to a BAR? Any thread. */
bool device_overlaps(const void *addr, size_t len);

/** Read 1, 2, 4 or 8 bytes of a BAR by its offset. Steps the device. */
uint64_t device_bar_read(struct device *dev, unsigned int bar, uint64_t off, unsigned int size);

/** Write 1, 2, 4 or 8 bytes of a BAR by its offset. Steps the device. */
void device_bar_write(struct device *dev, unsigned int bar, uint64_t off, uint64_t value,
		      unsigned int size);

/** Post 64 bytes to a BAR by their offset. Steps the device. */
void device_bar_post(struct device *dev, unsigned int bar, uint64_t off, const void *line);

/** Non-posted 64 bytes by their offset: 0 when taken, -EAGAIN. Steps the device. */
int device_bar_submit(struct device *dev, unsigned int bar, uint64_t off, const void *line,
		      uint32_t pasid);

/* ---- Memory ---- */

/**
 * A device that the kernel has: this process's memory is its, under this PASID, and ENQCMD has it.
 * 0: none, which is how it begins.
 */
void device_set_pasid(struct device *dev, uint32_t pasid);


/** The memory a device may reach, NULL for none, which is how it begins. Looks it all up again. */
void device_set_space(struct device *dev, struct dma_space *space);

/** A space has changed: its devices let go of what is no longer there before this returns. */
void device_remap(const struct dma_space *space);

/**
 * Memory was mapped in a space: tell those who serve its devices.
 *
 * @return 0, or a negative errno, which is reported, when one of them refuses it
 */
int device_mapped(const struct dma_space *space, uint64_t iova, uint64_t len);

/** Is any device served by another process? Any thread. */
bool device_any_served(void);

/* ---- Interrupts ---- */

/** Vectors of MSI-X, 0 when the device has none. */
unsigned int device_vectors(struct device *dev);

/**
 * Raise or lower an interrupt's eventfd: -1 takes it away. MSI-X vectors count from 0. The
 * descriptor is duplicated.
 *
 * @return 0, or a negative errno when it cannot be duplicated
 */
int device_set_irq(struct device *dev, unsigned int vector, int eventfd);

/** Program MSI-X as the kernel does: on with the vectors that have an eventfd unmasked, or off. */
void device_enable_irqs(struct device *dev, bool enable);

/** Signal a vector's eventfd, if it has one, as for a loopback test. */
void device_signal(struct device *dev, unsigned int vector);

/* ---- Addresses ---- */

/** Is this address in a BAR? */
bool device_owns(uint64_t addr);

/**
 * Was this address in a BAR that stayed with the parent when this process was forked? Then one line
 * has said so, and whoever touches it is due a SIGBUS.
 */
bool device_lost(uint64_t addr);

/** Where an address lies, for messages: the device, or NULL. */
struct device *device_at(uint64_t addr, unsigned int *bar, uint64_t *off);

/** Read 1, 2, 4 or 8 bytes of a BAR. Steps the device. */
uint64_t device_load(uint64_t addr, unsigned int size);

/** Write 1, 2, 4 or 8 bytes of a BAR. Steps the device. */
void device_store(uint64_t addr, uint64_t value, unsigned int size);

/** Post 16 or 64 bytes to a BAR. Steps the device. */
void device_post(uint64_t addr, const void *line, unsigned int len);

/** The PASID that ENQCMD puts into a line for this address: that of the process, or 0. */
uint32_t device_pasid(uint64_t addr);

/** Non-posted 64 bytes: 0 when taken, -EAGAIN. */
int device_submit(uint64_t addr, const void *line, uint32_t pasid);

#endif /* SLIPWAY_DEVICE_H */
