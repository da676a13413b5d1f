/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ACCESS_IRQ_H
#define SLIPWAY_ACCESS_IRQ_H

/**
 * @file
 * Sleeping until a device raises an interrupt vector:
 *
 *   thread that sleeps                      threads that work
 *     listen: sleepers + 1, fence for all     post to the device
 *     tells the device to raise the vector    sleepers != 0: let the device get on
 *     looks whether that is needed still
 *     sleep, until raised since listen
 *     done: sleepers - 1
 *
 * A device on a bus has a clock of its own. One that is called gets on when somebody gives it time,
 * and while all others sleep that is whoever posts to it: so it costs them one test of a word that
 * hardly ever changes. The fence is the sleeper's to pay: either it comes after a post of theirs,
 * which the look then finds, or before their test.
 */

#include "access.h"

/** Vectors that can be slept on, from 1 up; 0 is for what is no thread's own. */
#define ACCESS_IRQS 64

/** Have the device's vectors raised: 0, -ENOTSUP where that is not possible, or -ENOMEM. */
int access_irqs_open(struct access_dev *access);

/** Get a vector to oneself: 1 to ACCESS_IRQS, or 0 when none is left or they are not open. */
unsigned int access_irq_claim(struct access_dev *access);
/** Give it back. 0 is allowed. */
void access_irq_unclaim(struct access_dev *access, unsigned int vector);

/** How many threads count on others to let the device get on. Valid as long as the access. */
const _Atomic uint32_t *access_sleepers(const struct access_dev *access);

/** Notice a vector from here on, until done: what to sleep with. */
uint32_t access_irq_listen(struct access_dev *access, unsigned int vector);
/**
 * Let the device get on and sleep, until the vector was raised since listen, or for so long. May
 * wake for nothing.
 */
void access_irq_sleep(struct access_dev *access, unsigned int vector, uint32_t seen, uint64_t ns);
/** The end of what listen began. */
void access_irq_done(struct access_dev *access);

#endif /* SLIPWAY_ACCESS_IRQ_H */
