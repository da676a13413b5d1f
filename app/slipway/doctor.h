/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DOCTOR_H
#define SLIPWAY_DOCTOR_H

/**
 * @file
 * `slipway doctor`: what a machine has of what slipway needs. Each check looks at one part of the
 * machine, only by reading files, and says what it found; nothing is changed. All paths are below
 * `root`, so that a copy of another machine's files can be looked at.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/** How good a finding is. */
enum doctor_state {
	DOCTOR_OK,
	DOCTOR_NOTE,    /**< limits what can be done, and may be as it should */
	DOCTOR_PROBLEM, /**< something that is wanted will not work */
	DOCTOR_STATES,
};

/** What the machine is wanted for, beyond devices in software: bits. */
enum doctor_use {
	DOCTOR_PCI = 1,   /**< devices on the PCI bus */
	DOCTOR_GUEST = 2, /**< devices in a QEMU guest */
};

/** What has been found so far. */
struct doctor {
	const char *root;  /**< "" for this machine; paths begin with a slash */
	unsigned int uses; /**< bits of enum doctor_use; a device on the bus adds its own */
	const char *about; /**< what the check is about, a heading */
	json_t *findings;  /**< objects: about, subject, state, says, next (or null) */
	unsigned int count[DOCTOR_STATES];
	unsigned int found; /**< what a check counts */
	unsigned int found_wqs; /**< the same, of work queues at /dev/dsa */
};

/** Note a finding. */
void doctor_say(struct doctor *d, enum doctor_state state, const char *subject, const char *format,
		...) __attribute__((format(printf, 4, 5)));

/** What to do about the last finding: one line. */
void doctor_next(struct doctor *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** How bad is it that something is missing that only these uses need? */
enum doctor_state doctor_missing(const struct doctor *d, unsigned int uses);

/** The table for a reader. */
void doctor_print(const struct doctor *d);

/** Does the kernel use an IOMMU? */
bool doctor_iommu(const struct doctor *d);

/** What VFIO's mode without one is set to. */
enum doctor_mode {
	DOCTOR_NONE, /**< the kernel does not have it */
	DOCTOR_OFF,
	DOCTOR_ON,
};

enum doctor_mode doctor_without_iommu(const struct doctor *d);

/* ---- The checks, in the order in which they are made ---- */

/** Comes first: a device that is there is to be driven. */
void doctor_devices(struct doctor *d);
void doctor_cpu(struct doctor *d);
void doctor_kernel(struct doctor *d);
void doctor_memory(struct doctor *d);
void doctor_dpdk(struct doctor *d);
void doctor_sockets(struct doctor *d);
void doctor_qemu(struct doctor *d);

#endif /* SLIPWAY_DOCTOR_H */
