/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "idxd_priv.h"
#include "sys.h"

/* Enabling and disabling, which sysfs calls binding (datasheet section 20.6). The model has the
 * last word: it is started as the attributes say, here and now, and what it refuses is not enabled.
 *
 *   echo dsa0  > drivers/idxd/bind     state of dsa0 enabled, devices/dsa0/driver -> drivers/idxd
 *   echo wq0.1 > drivers/user/bind     state of wq0.1 enabled, /dev/dsa/wq0.1
 */

static int
refuse(const struct idxd_object *o, enum idxd_status status, int error)
{
	idxd_status(o->device, (uint32_t)status);
	return error;
}

/* ---- What else shows that something is enabled ---- */

static void
link_driver(const struct idxd_object *o, const char *driver)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (snprintf(from, sizeof(from), "%s/driver", o->dir) >= (int)sizeof(from))
		return;
	syscall(SYS_unlinkat, AT_FDCWD, from, 0);
	if (driver == NULL)
		return;
	snprintf(to, sizeof(to), "%s/dsa/drivers/%s", idxd_root(), driver);
	syscall(SYS_symlinkat, to, AT_FDCWD, from);
}

static void
show_file(const struct idxd_object *wq, bool there)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/dsa/dev/%s", idxd_root(), wq->name);
	if (!there) {
		syscall(SYS_unlinkat, AT_FDCWD, path, 0);
		return;
	}
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		sys_close(fd);
}

/* ---- Devices ---- */

static int
device_configured(const struct idxd_object *device)
{
	bool any = false;
	struct idxd_object wq;

	for (unsigned int q = 0; q < idxd_number(device, "max_work_queues", 0); q++) {
		idxd_at(IDXD_WQ, device->device, q, &wq);
		if (idxd_number(&wq, "group_id", -1) < 0)
			continue;
		if (idxd_number(&wq, "size", 0) == 0)
			return refuse(device, IDXD_WQ_NO_SIZE, -EINVAL);
		any = true;
	}
	return any ? 0 : refuse(device, IDXD_WQ_NONE, -EINVAL);
}

static int
device_enable(const struct idxd_object *device)
{
	int ret;

	if (idxd_is(device, "state", "enabled"))
		return refuse(device, IDXD_DEVICE_ENABLED, -EBUSY);
	ret = device_configured(device);
	if (ret < 0)
		return ret;
	idxd_put(device, "state", "enabled");
	ret = idxd_hw_start(device->device);
	if (ret < 0) {
		idxd_put(device, "state", "disabled");
		return ret;
	}
	idxd_hw_stop(device->device);
	idxd_status(device->device, 0);
	link_driver(device, "idxd");
	return 0;
}

static void
wq_disable(const struct idxd_object *wq)
{
	if (!idxd_is(wq, "state", "enabled"))
		return;
	if (idxd_hw_runs(wq->device))
		idxd_hw_wq_disable(wq->device, wq->index);
	idxd_put(wq, "state", "disabled");
	link_driver(wq, NULL);
	show_file(wq, false);
}

static int
device_disable(const struct idxd_object *device)
{
	struct idxd_object wq;

	for (unsigned int q = 0; q < idxd_number(device, "max_work_queues", 0); q++) {
		idxd_at(IDXD_WQ, device->device, q, &wq);
		wq_disable(&wq);
	}
	idxd_put(device, "state", "disabled");
	link_driver(device, NULL);
	return 0;
}

/* ---- Work queues ---- */

static int
wq_check(const struct idxd_object *wq, const struct idxd_object *device)
{
	char value[IDXD_VALUE];

	if (!idxd_is(device, "state", "enabled"))
		return refuse(wq, IDXD_DEVICE_NOT_ENABLED, -ENXIO);
	if (idxd_is(wq, "state", "enabled"))
		return refuse(wq, IDXD_WQ_ENABLED, -EBUSY);
	if (idxd_number(wq, "group_id", -1) < 0)
		return refuse(wq, IDXD_WQ_NO_GROUP, -ENXIO);
	if (idxd_get(wq, "name", value) <= 0)
		return refuse(wq, IDXD_WQ_NO_NAME, -ENXIO);
	if (idxd_get(wq, "driver_name", value) <= 0)
		return refuse(wq, IDXD_WQ_NO_DRIVER, -ENODEV);
	if (idxd_is(wq, "mode", "shared") && idxd_number(wq, "threshold", 0) == 0)
		return refuse(wq, IDXD_WQ_NO_THRESHOLD, -ENXIO);
	if (!idxd_is(device, "pasid_enabled", "1"))
		return refuse(wq, IDXD_WQ_NO_SVM, -EOPNOTSUPP);
	return 0;
}

/* The driver of this name is for queues of programs, and takes no others. */
static int
wq_enable(const struct idxd_object *wq)
{
	struct idxd_object device;
	int ret;

	idxd_at(IDXD_DEVICE, wq->device, 0, &device);
	if (!idxd_is(wq, "type", "user"))
		return -ENODEV;
	ret = wq_check(wq, &device);
	if (ret < 0)
		return ret;
	idxd_put(wq, "state", "enabled");
	if (idxd_hw_runs(wq->device)) {
		ret = idxd_hw_wq_enable(wq->device, wq->index, false);
	} else {
		ret = idxd_hw_start(wq->device);
		if (ret == 0)
			idxd_hw_stop(wq->device);
	}
	if (ret < 0) {
		idxd_put(wq, "state", "disabled");
		return ret;
	}
	idxd_status(wq->device, 0);
	link_driver(wq, "user");
	show_file(wq, true);
	return 0;
}

/* ---- Drivers ---- */

int
idxd_bind(const struct idxd_object *driver, const char *name)
{
	struct idxd_object o;

	if (!idxd_find(name, &o))
		return -ENODEV;
	if (o.kind == IDXD_DEVICE && strcmp(driver->name, "idxd") == 0)
		return device_enable(&o);
	if (o.kind == IDXD_WQ && strcmp(driver->name, "user") == 0)
		return wq_enable(&o);
	return -ENODEV;
}

int
idxd_unbind(const struct idxd_object *driver, const char *name)
{
	struct idxd_object o;

	if (!idxd_find(name, &o) || !idxd_is(&o, "state", "enabled"))
		return -ENODEV;
	if (o.kind == IDXD_DEVICE && strcmp(driver->name, "idxd") == 0)
		return device_disable(&o);
	if (o.kind != IDXD_WQ || strcmp(driver->name, "user") != 0)
		return -ENODEV;
	wq_disable(&o);
	return 0;
}
