/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_DRIVE_MEANWHILE_H
#define SLIPWAY_DLB_DRIVE_MEANWHILE_H

/**
 * @file
 * Two threads at one device, always in the same order: while the device is at work for one, and
 * asks its host for something, another posts a line, asks for a step, and is done before the first
 * goes on. The device cannot have served the other thread at that moment. It has to do so before it
 * lets the first one go, since nobody else need ever come.
 */

#include "dlb_drive.h"

/** Disable a port's CQ, to be enabled by dlb_drive_meanwhile. @return false: it was disabled */
bool dlb_drive_meanwhile_disable(struct dlb_drive *d, unsigned int port);

/**
 * Step the device, or, with `enables`, enable the port's CQ, and meanwhile have another thread send
 * what the port's line holds. Then nothing that can be scheduled may wait.
 */
void dlb_drive_meanwhile(struct dlb_drive *d, unsigned int port, bool enables);

/** The device called its host: the moment for the other thread, if there is one. */
void dlb_drive_host_called(struct dlb_drive *d);

#endif /* SLIPWAY_DLB_DRIVE_MEANWHILE_H */
