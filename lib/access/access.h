/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ACCESS_H
#define SLIPWAY_ACCESS_H

/**
 * @file
 * The seam: how a driver reaches a device. A driver opens an access once, at probe, and from then
 * on cannot tell what is at the other end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_io.h>

#include "bus.h"
#include "line_ring.h"
#include "slipway_portal.h"

struct rte_pci_device;

/** A base address register of a device. */
struct access_bar {
	uint8_t *mmio;          /**< where it is mapped, NULL when the device is called instead */
	struct bus_device *dev; /**< the device to call */
	unsigned int index;     /**< which bar of it */
	enum portal_how how;    /**< how lines are posted where it is mapped */
};

/** Who lets the device's time pass. */
enum access_step {
	ACCESS_STEP_IDLE,   /**< whoever has time: access_idle() */
	ACCESS_STEP_MANUAL, /**< only access_step(): tests that a driver does not count on speed */
	ACCESS_STEP_NEVER,  /**< nobody: a device on a bus has a clock of its own */
};

/** This process, to a device that is in it and knows of PASIDs. */
#define ACCESS_PASID 1

/** What to open: a device that is called. */
struct access_config {
	const char *name;     /**< of the DPDK device, for messages and memory */
	unsigned int version; /**< of the device, in its own numbering */
	enum access_step step;
	int numa_node; /**< where the device's memory goes, or SOCKET_ID_ANY */
	/** A device in this process gets at all that this process can, under ACCESS_PASID. */
	bool sva;
	bool no_rings; /**< the device has none: lines are posted and submitted by call only */
	/** A line for the log of the driver; for devices that can say something. */
	void (*log)(const char *name, const char *line);
};

/** A device that has been reached. */
struct access_dev;

/** Open the model in this process: 0, or a negative errno. Implemented once per device. */
int access_model_open(const struct access_config *config, struct access_dev **access);

/**
 * Reach a device on the PCI bus, whose BARs that bus has mapped.
 *
 * @param name of the DPDK device, for memory; outlives the access
 * @param pci the device; outlives the access
 * @return 0, -ENOMEM, or -ENOTSUP where this CPU cannot post lines to a mapped BAR
 */
int access_pci_open(const char *name, struct rte_pci_device *pci, struct access_dev **access);

/** Is a BAR of it mapped, and as large as needed? 0, or -ENODEV after a log line. */
int access_pci_check_bar(const struct rte_pci_device *pci, unsigned int bar, uint64_t needed,
			 int logtype);

/** Its node, or SOCKET_ID_ANY: only a node that DPDK has memory on is of use. */
int access_pci_numa_node(const struct rte_pci_device *pci);

/**
 * Reach a device that another process serves on a socket. That process gets DPDK's memory, as a
 * device on a bus would, and shares the rings that lines are posted to.
 *
 * @param config name outlives the access; version and step are the server's own
 * @param path of the socket
 * @return 0, or a negative errno after one line to config->log
 */
int access_vfu_open(const struct access_config *config, const char *path,
		    struct access_dev **access);

/**
 * Use, in a secondary process, what the primary one has opened with access_vfu_open: post lines,
 * sleep on vectors. Registers are the primary process's.
 *
 * @param access of the primary process, in memory of both
 * @return 0, or a negative errno after one line to log
 */
int access_vfu_join(struct access_dev *access, void (*log)(const char *name, const char *line));
/** The end of that, in this process. */
void access_vfu_leave(struct access_dev *access);

/** What a server says about its device, the text of a JSON object; NULL when nobody says so. */
const char *access_about(const struct access_dev *access);

/** Is the device this process's own? Then only threads of this process ever use it. */
bool access_is_private(const struct access_dev *access);

/** Has the device gone for good? Its registers read as all ones then, and nothing comes from it. */
bool access_is_lost(const struct access_dev *access);

/**
 * Is the process of a device at a socket stopped? Whoever reads a register then waits for seconds,
 * and loses the device unless it goes on by then: what can be told without is told without. Control
 * path.
 */
bool access_is_stopped(const struct access_dev *access);

/** Let go of the device. Nobody may be using it. NULL is allowed. */
void access_close(struct access_dev *access);

/** The bar's accessor, 0 to 5; valid until access_close. */
struct access_bar access_bar(struct access_dev *access, unsigned int index);

/**
 * Configuration space, little endian as on the bus. Control path, one thread at a time.
 *
 * @param off of the first byte, 0..4095
 * @param len how many
 * @return 0, or a negative errno when the device or the bus refuses
 */
int access_config_read(struct access_dev *access, uint16_t off, void *bytes, size_t len);
int access_config_write(struct access_dev *access, uint16_t off, const void *bytes, size_t len);

/** Wait as long as the device may take to come back from a reset that has been asked for. */
void access_reset_wait(const struct access_dev *access);

/**
 * The caller has nothing better to do: let the device get on. May return without anything done when
 * another thread is at it already. Any thread; never blocks.
 */
void access_idle(struct access_dev *access);

/**
 * From now on that is who lets the device's time pass: a driver whose device takes time for
 * commands opens it by ACCESS_STEP_IDLE, since no test can step a device that is not there yet.
 * Nobody else uses the device; of one with a clock of its own nothing changes.
 */
void access_step_by(struct access_dev *access, enum access_step step);

/** Let the device get on even under ACCESS_STEP_MANUAL. For tests. */
void access_step(struct access_dev *access);

/** Accesses that touched nothing the device has; 0 where this cannot be told. For tests. */
uint64_t access_stray(const struct access_dev *access);

/** Should a thread that polls in vain give way to others, as when the device needs the CPU too? */
bool access_gives_way(const struct access_dev *access);

/**
 * Memory of the device that is mapped here: plain loads and stores reach it. Where the device is
 * lost they still do no harm. Control path.
 *
 * @param off of the first byte, in the bar
 * @param len how many bytes lie there in one piece
 * @return where, or NULL: there is no memory at that place, or it cannot be mapped
 */
void *access_memory(struct access_dev *access, unsigned int bar, uint64_t off, uint64_t *len);

/**
 * A descriptor that is readable when a device on a socket wants access_idle to be called: it asks
 * for something, or it has gone. -1 for a device that needs no such thing.
 */
int access_wait_fd(const struct access_dev *access);

/** As access_idle, and when the device wants to be called again, in ns from now. */
uint64_t access_idle_ns(struct access_dev *access);

/**
 * Make memory outside DPDK's own known to a device in this process, or unknown again: what the vdev
 * bus wants of a driver for rte_dev_dma_map and rte_dev_dma_unmap. The PCI bus sees to its devices
 * itself.
 *
 * @param access NULL: there is no such device; where BARs are mapped it is not to be told either
 * @param name of the device, for the log line of a refusal
 * @param iova must equal the address: the device shares this process's address space
 * @return 0, or -1 and rte_errno
 */
int access_vdev_dma(struct access_dev *access, const char *name, int logtype, bool map, void *addr,
		    uint64_t iova, size_t len);

/** Is all of a piece of memory DPDK's, or was it made known, so that the device may use it? */
bool access_memory_known(struct access_dev *access, const void *addr, uint64_t iova, size_t len);

/** Read a 32-bit register. */
static inline uint32_t
access_read32(const struct access_bar *bar, uint32_t reg)
{
	if (likely(bar->mmio != NULL))
		return rte_read32(bar->mmio + reg);
	return (uint32_t)bar->dev->ops->read(bar->dev, bar->index, reg, 4);
}

/** Write a 32-bit register. */
static inline void
access_write32(const struct access_bar *bar, uint32_t reg, uint32_t value)
{
	if (likely(bar->mmio != NULL))
		rte_write32(value, bar->mmio + reg);
	else
		bar->dev->ops->write(bar->dev, bar->index, reg, value, 4);
}

/**
 * Ring a doorbell: write a 32-bit register, and do not wait until the write is there. Stores made
 * later, other than to registers, may be seen by the device before it.
 */
static inline void
access_post32(const struct access_bar *bar, uint32_t reg, uint32_t value)
{
	if (likely(bar->mmio != NULL))
		rte_write32(value, bar->mmio + reg);
	else if (bar->dev->ops->write_posted != NULL)
		bar->dev->ops->write_posted(bar->dev, bar->index, reg, value, 4);
	else
		bar->dev->ops->write(bar->dev, bar->index, reg, value, 4);
}

/** Read a 64-bit register, at once. */
static inline uint64_t
access_read64(const struct access_bar *bar, uint32_t reg)
{
	if (likely(bar->mmio != NULL))
		return rte_read64(bar->mmio + reg);
	return bar->dev->ops->read(bar->dev, bar->index, reg, 8);
}

/** Write a 64-bit register, at once. */
static inline void
access_write64(const struct access_bar *bar, uint32_t reg, uint64_t value)
{
	if (likely(bar->mmio != NULL))
		rte_write64(value, bar->mmio + reg);
	else
		bar->dev->ops->write(bar->dev, bar->index, reg, value, 8);
}

/** Post a 64-byte line to a device whose bar is mapped; portal_post says what it may overtake. */
static inline void
access_post_mmio(const struct access_bar *bar, uint64_t off, const void *line)
{
	portal_post(bar->how, bar->mmio + off, line);
}

/**
 * The ring that takes the lines posted to a page of a device in this process, or NULL: such a line
 * need not go through access_post_call. Control path.
 *
 * @param off of the page, in the bar
 */
struct line_ring *access_ring(struct access_dev *access, unsigned int bar, uint64_t off);

/** Post a 64-byte line to a device that is called. Comes after every store made before. */
static inline void
access_post_call(const struct access_bar *bar, uint64_t off, const void *line)
{
	bar->dev->ops->post(bar->dev, bar->index, off, line, 64);
}

/**
 * Submit a 64-byte line to a device that is called, and have its answer. Comes after every store
 * made before. Any thread.
 *
 * @param pasid whose addresses the line has; BUS_NO_PASID: the line says so itself
 * @return 0 when taken, -EAGAIN to try again
 */
static inline int
access_submit_call(const struct access_bar *bar, uint64_t off, const void *line, uint32_t pasid)
{
	return bar->dev->ops->submit(bar->dev, bar->index, off, line, pasid);
}

#endif /* SLIPWAY_ACCESS_H */
