/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_IDXD_PRIV_H
#define SLIPWAY_IDXD_PRIV_H

/**
 * @file
 * What the files of the idxd part know of each other. Called with the lock of vfio.c held; results
 * are 0 (or what is said) and negative errno.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"
#include "idxd.h"

/** Longest value of an attribute, with its end: a name. */
#define IDXD_VALUE 1026
/** The process, to its devices. */
#define IDXD_PASID 1

/** Things that have attributes. */
enum idxd_kind { IDXD_DEVICE, IDXD_GROUP, IDXD_ENGINE, IDXD_WQ, IDXD_DRIVER };

/** One of them. */
struct idxd_object {
	enum idxd_kind kind;
	unsigned int device, index; /* dsaD; groupD.I, engineD.I, wqD.I */
	char name[16];              /* as its directory is called */
	char dir[PATH_MAX];
};

/** What the kernel reports of itself in cmd_status (datasheet section 20.5). */
enum idxd_status {
	IDXD_DEVICE_ENABLED = 0x80000010,
	IDXD_DEVICE_NOT_ENABLED = 0x80000020,
	IDXD_WQ_ENABLED = 0x80000021,
	IDXD_WQ_NO_GROUP = 0x80030000,
	IDXD_WQ_NO_NAME = 0x80040000,
	IDXD_WQ_NO_SVM = 0x80050000,
	IDXD_WQ_NO_THRESHOLD = 0x80060000,
	IDXD_WQ_NONE = 0x800d0000,
	IDXD_WQ_NO_SIZE = 0x800e0000,
	IDXD_WQ_NO_DRIVER = 0x80200000,
};

/* ---- idxd_path.c ---- */

/** The directory of the run, or NULL. */
const char *idxd_root(void);
/** dsaD, or NULL. */
struct device *idxd_device(unsigned int device);
/** The object of a name: dsaD, wqD.Q, groupD.G, engineD.E or a driver's. False: there is none. */
bool idxd_find(const char *name, struct idxd_object *object);
/** An object of a device. */
void idxd_at(enum idxd_kind kind, unsigned int device, unsigned int index,
	     struct idxd_object *object);

/* ---- idxd_attr.c ---- */

/** An attribute's first line: its length, or a negative errno. */
int idxd_get(const struct idxd_object *object, const char *attribute, char value[IDXD_VALUE]);
/** The same as a number; `absent` when it is none or not there. */
long long idxd_number(const struct idxd_object *object, const char *attribute, long long absent);
bool idxd_is(const struct idxd_object *object, const char *attribute, const char *value);
/** Make it so. */
int idxd_put(const struct idxd_object *object, const char *attribute, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** What is written to an attribute: 0, or the kernel's answer. */
int idxd_store(const struct idxd_object *object, const char *attribute, const char *value);
/** cmd_status of a device. */
void idxd_status(unsigned int device, uint32_t status);
/** Processes and threads of the run come here one at a time, from lock to unlock. */
int idxd_lock(void);
void idxd_unlock(int lock);

/* ---- idxd_bind.c ---- */

/** What is written to bind or unbind of a driver. */
int idxd_bind(const struct idxd_object *driver, const char *name);
int idxd_unbind(const struct idxd_object *driver, const char *name);

/* ---- idxd_hw.c ---- */

/**
 * Bring the device of this process to where the attributes are, if it is not there yet: device
 * and work queues enabled that are to be. cmd_status says what the device refused.
 */
int idxd_hw_start(unsigned int device);
/** Done with it: the last one resets it. */
void idxd_hw_stop(unsigned int device);
/** Enable or disable one work queue of a started device; one of a program's has its PASID. */
int idxd_hw_wq_enable(unsigned int device, unsigned int wq, bool bound);
int idxd_hw_wq_disable(unsigned int device, unsigned int wq);
/** Wait for what the process has submitted to shared queues. */
int idxd_hw_drain_pasid(unsigned int device);
/** The eventfd that shows errors: SWERROR has become valid. Of a started device. */
int idxd_hw_events(unsigned int device);
/** In a child after fork: nothing runs. */
void idxd_hw_forked(void);
/** Is the device of this process running? Then changes are to be made on it, too. */
bool idxd_hw_runs(unsigned int device);

#endif /* SLIPWAY_IDXD_PRIV_H */
