/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFIO_PRIV_H
#define SLIPWAY_VFIO_PRIV_H

/**
 * @file
 * What the files of the VFIO part know of each other. All of it is called with the lock of vfio.c
 * held; results are 0 (or what is said) and negative errno.
 */

#include "device.h"
#include "vfio.h"

/** Containers of one program. */
#define CONTAINERS_MAX 16

/** An open /dev/vfio/vfio. */
struct container {
	unsigned int refs;   /**< descriptors; 0 and no groups: free */
	unsigned int groups; /**< modelled groups in it */
	bool kernel;         /**< its descriptors are the kernel's own */
	long iommu;          /**< what VFIO_SET_IOMMU chose, 0 before */
	struct dma_space *space;
};

/** What is open of a modelled device's group. */
struct group {
	unsigned int refs;    /**< descriptors */
	unsigned int devices; /**< descriptors of its device */
	struct container *container;
};

/** A container by the number in its descriptor. */
struct container *container_get(unsigned int index);

/** Make a container: its number. */
int container_create(bool kernel);

/** A descriptor or a group less: the last one frees it. */
void container_settle(struct container *c);

/** ioctl on a container, whose descriptor is `fd`. */
int container_ioctl(struct container *c, int fd, unsigned long request, void *arg);

/** Is a device that VFIO gives access to allowed to join: -EINVAL when not. */
int container_join(struct container *c, int fd);

/** A real group has joined: give the kernel what we have. */
int container_join_real(struct container *c, int fd);

/** ioctl on a device. */
int vfio_device_ioctl(struct device *dev, unsigned long request, void *arg);

/** VFIO_DEVICE_GET_IRQ_INFO and VFIO_DEVICE_SET_IRQS. */
int vfio_irq_info(struct device *dev, void *arg);
int vfio_set_irqs(struct device *dev, const void *arg);

/** The device was closed for the last time: nobody is to be told of anything. */
void vfio_irqs_close(struct device *dev);

/** pread and pwrite of a device: bytes moved. */
ssize_t vfio_device_transfer(struct device *dev, void *bytes, size_t len, off_t off, bool write);

/** mmap of a device. */
int vfio_device_mmap(struct device *dev, void **addr, size_t len, int flags, off_t off);

#endif /* SLIPWAY_VFIO_PRIV_H */
