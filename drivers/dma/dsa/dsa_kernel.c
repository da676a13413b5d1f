/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dsa_priv.h"
#include "dsa_sysfs.h"

#define DEV_PATH   "/dev/dsa"
#define SYSFS_PATH "/sys/bus/dsa/devices"

/* ---- Paths ---- */

/* "wq0.3" at the end of a path, and nothing behind it. */
static bool
parse_path(const char *path, unsigned int *device, unsigned int *wq)
{
	const char *file = strrchr(path, '/');
	char again[32];

	if (path[0] != '/' || sscanf(file + 1, "wq%3u.%2u", device, wq) != 2)
		return false;
	snprintf(again, sizeof(again), "wq%u.%u", *device, *wq);
	return strcmp(again, file + 1) == 0;
}

bool
dsa_kernel_is_path(const char *at)
{
	unsigned int device, wq;

	return parse_path(at, &device, &wq);
}

/* The file to open: that of the path, but where the environment says where such files are. */
static void
find_file(const char *path, char file[PATH_MAX])
{
	const char *elsewhere = getenv("DSA_DEV_PATH");

	if (elsewhere != NULL && strncmp(path, DEV_PATH "/", strlen(DEV_PATH "/")) == 0)
		snprintf(file, PATH_MAX, "%s/%s", elsewhere, path + strlen(DEV_PATH "/"));
	else
		snprintf(file, PATH_MAX, "%s", path);
}

/* ---- The char device ---- */

static const char *
why_not_open(int error)
{
	switch (error) {
	case EBUSY:
		return "it is dedicated, and another program has it open; a shared one (sysfs "
		       "mode) takes many";
	case EACCES:
	case EPERM:
		return "not permitted; its owner or root may give the file to you (chmod, a udev "
		       "rule)";
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return "there is no such queue, or it is not enabled as type user (accel-config "
		       "enable-wq)";
	default:
		return "the kernel refuses";
	}
}

static int
file_open(const char *name, const char *file)
{
	int fd = open(file, O_RDWR | O_CLOEXEC);
	int error = errno;

	if (fd >= 0)
		return fd;
	DSA_LOG(ERR, name, "%s cannot be opened: %s: %s", file, strerror(error),
		why_not_open(error));
	return error == EPERM ? -EACCES : error == ENOENT || error == ENXIO ? -ENODEV : -error;
}

/* Kernels that take descriptors by write() take none of them, too; others refuse. */
static bool
takes_writes(int fd)
{
	const struct dsa_desc none = {0};

	return write(fd, &none, 0) == 0;
}

/* The kernel maps the limited portal, and only for those it trusts with it. */
static int
portal_try_map(struct dsa_wq *wq)
{
	const struct portal_device dev = {.answers = true};
	struct portal_map map;
	int ret = portal_map(&dev, wq->fd, 0, &map);

	wq->bar.mmio = map.page;
	return ret;
}

static void
log_missing(const char *name, const struct portal_setting *s)
{
	unsigned int missing = portal_missing(s, PORTAL_LEVEL_KERNEL_WRITE) |
			       portal_missing(s, s->dedicated ? PORTAL_LEVEL_DEDICATED
							      : PORTAL_LEVEL_SHARED_USER);

	for (unsigned int bit = 1; bit <= missing; bit <<= 1)
		if (missing & bit)
			DSA_LOG(ERR, name, "%s", portal_missing_text(bit));
}

/* How descriptors get there: by the portal where CPU and kernel let us, else by write(). */
static int
choose_way(const char *name, const struct dsa_sysfs *sysfs, struct dsa_wq *wq)
{
	int refused = portal_try_map(wq);
	const struct portal_setting setting = {
		.features = portal_features(),
		.mapped = refused == 0,
		.pasid = dsa_sysfs_pasid(sysfs),
		.dedicated = wq->dedicated,
		.writable = takes_writes(wq->fd),
	};

	wq->bar.how = portal_query();
	switch (portal_level(&setting)) {
	case PORTAL_LEVEL_DEDICATED:
		wq->how = DSA_WQ_POST;
		return 0;
	case PORTAL_LEVEL_SHARED_USER:
		wq->how = DSA_WQ_SUBMIT;
		return 0;
	case PORTAL_LEVEL_KERNEL_WRITE:
		wq->how = DSA_WQ_WRITE;
		/* The kernel submits none on parts where it does not trust programs with portals,
		 * which today is all of them, and does not say so.
		 */
		wq->max_batch = 1;
		DSA_LOG(NOTICE, name, "descriptors go by write(): %s",
			refused < 0 ? "mmap of the portal is refused"
				    : "this CPU has no instruction for the portal");
		return 0;
	default:
		log_missing(name, &setting);
		return -ENOTSUP;
	}
}

void
dsa_kernel_close(struct dsa_wq *wq)
{
	struct portal_map map = {.page = wq->bar.mmio};

	portal_unmap(&map);
	wq->bar.mmio = NULL;
	if (wq->fd >= 0)
		close(wq->fd);
	wq->fd = -1;
}

int
dsa_kernel_open(const char *name, const char *path, struct dsa_wq *wq,
		struct dsa_kernel_device *device)
{
	struct dsa_sysfs sysfs = {.name = name};
	const char *root = getenv("DSA_SYSFS_PATH");
	char file[PATH_MAX];
	int ret;

	*wq = (struct dsa_wq){.pasid = BUS_NO_PASID, .fd = -1, .sva = true};
	if (!parse_path(path, &sysfs.device, &sysfs.wq)) {
		DSA_LOG(ERR, name, "at=%s is not a work queue; accepted: " DEV_PATH "/wqD.Q", path);
		return -EINVAL;
	}
	snprintf(sysfs.root, sizeof(sysfs.root), "%s", root != NULL ? root : SYSFS_PATH);
	find_file(path, file);
	wq->id = sysfs.wq;
	ret = dsa_sysfs_judge(&sysfs);
	if (ret == 0)
		ret = dsa_sysfs_read(&sysfs, wq, device);
	if (ret == 0)
		ret = wq->fd = file_open(name, file);
	if (ret >= 0)
		ret = choose_way(name, &sysfs, wq);
	if (ret < 0)
		dsa_kernel_close(wq);
	return ret;
}
