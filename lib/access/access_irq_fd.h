/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ACCESS_IRQ_FD_H
#define SLIPWAY_ACCESS_IRQ_FD_H

/**
 * @file
 * Interrupt vectors as descriptors, for a driver with a loop of its own: each is readable once its
 * vector was raised, until it is read. For devices whose vectors are not slept on one by one
 * (access_irq.h); one or the other.
 */

#include "access.h"

/** More vectors than any of our drivers asks for. */
#define ACCESS_IRQ_FDS 16

/** What an interrupt is. */
enum access_irq_kind {
	ACCESS_IRQ_MSIX, /**< as many vectors as asked for */
	ACCESS_IRQ_MSI,  /**< one */
	ACCESS_IRQ_INTX, /**< one, which has to be acknowledged each time */
	ACCESS_IRQ_KINDS,
};

/**
 * Have vectors 0..n-1 raised.
 *
 * @param fds one for each; the access closes them
 * @return 0, -EINVAL for a number there cannot be, -ENOTSUP where this kind is not to be had
 */
int access_irq_fds_open(struct access_dev *access, enum access_irq_kind kind, unsigned int n,
			int fds[]);
/** No longer; nothing was opened: nothing happens. */
void access_irq_fds_close(struct access_dev *access);
/** The interrupt has been seen to at the device: let it come again. Needed for ACCESS_IRQ_INTX. */
void access_irq_fds_ack(struct access_dev *access);

#endif /* SLIPWAY_ACCESS_IRQ_FD_H */
