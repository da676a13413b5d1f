/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CTL_LOCK_H
#define SLIPWAY_CTL_LOCK_H

/**
 * @file
 * One process at a time: a lock file that names its holder. The kernel lets go of it with the
 * process, however that ends; the file itself may stay.
 */

#include <sys/types.h>

/**
 * Take the lock, and write our process id into it.
 *
 * @param mode permissions of a file that is made
 * @param holder when somebody has it: the process id that the file names, 0 when it names none
 * @return a descriptor that holds it until it is closed; -EBUSY, or another negative errno
 */
int ctl_lock(const char *path, mode_t mode, pid_t *holder);

/** The process id that a lock file names, 0 for none. Whether it lives is another question. */
pid_t ctl_lock_holder(const char *path);

#endif /* SLIPWAY_CTL_LOCK_H */
