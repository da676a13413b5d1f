/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_DRIVE_HOST_H
#define SLIPWAY_DLB_DRIVE_HOST_H

#include "dlb_drive.h"

/** Memory for the rings, whose sizes are known. @return 0 or -ENOMEM */
int dlb_drive_host_open(struct dlb_drive *d);
void dlb_drive_host_close(struct dlb_drive *d);
/** Zero a ring, as a driver does before it creates the port. */
void dlb_drive_host_clear(struct dlb_drive *d, unsigned int cq);
/** Nothing was written outside rings. */
bool dlb_drive_host_guards_whole(const struct dlb_drive *d);

#endif /* SLIPWAY_DLB_DRIVE_HOST_H */
