/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "dsa_desc.h"
#include "fds.h"
#include "idxd_priv.h"
#include "real.h"
#include "say.h"
#include "sys.h"

/* Open work queues, and attributes open for writing (datasheet section 20.7).
 *
 *   open a queue    the device runs, configured as the attributes say; a dedicated queue is ours
 *                   alone (a lock), and gets the PASID of this process
 *   mmap            its limited portal: a closed page, where stores trap
 *   write           descriptors, which the kernel looks at and submits
 *   last close      of descriptors and maps: what was submitted is done before it returns
 *
 * Behind the descriptor of a queue is an eventfd that the device's error interrupt signals, so that
 * poll tells of errors. Behind that of an attribute is memory: what comes by write is judged at
 * once, and what comes otherwise, as a shell's own echo does, when it is closed.
 */

#define OPENS_MAX  256
#define MAPS_MAX   4
#define PAGE_BYTES ((size_t)4096)

/* What descriptors with an index refer to. */
struct open {
	unsigned int refs; /* descriptors and maps; 0: free */
	bool attribute;
	/* Of a work queue. */
	struct idxd_object wq;
	int lock; /* -1: shared */
	const void *maps[MAPS_MAX];
	/* Of an attribute. */
	char path[PATH_MAX];
	int memory; /* the file behind it, hidden */
};

static struct open *opens[OPENS_MAX];

static int
open_create(struct open **open)
{
	for (int i = 0; i < OPENS_MAX; i++) {
		if (opens[i] == NULL)
			opens[i] = calloc(1, sizeof(*opens[i]));
		if (opens[i] == NULL)
			return -ENOMEM;
		if (opens[i]->refs > 0)
			continue;
		memset(opens[i], 0, sizeof(*opens[i]));
		opens[i]->refs = 1;
		opens[i]->lock = -1;
		*open = opens[i];
		return i;
	}
	return -EMFILE;
}

static void
count_clients(const struct idxd_object *wq, int more)
{
	struct idxd_object device;

	idxd_at(IDXD_DEVICE, wq->device, 0, &device);
	idxd_put(wq, "clients", "%lld", idxd_number(wq, "clients", 0) + more);
	idxd_put(&device, "clients", "%lld", idxd_number(&device, "clients", 0) + more);
}

/* ---- Work queues ---- */

/* The queue of a path in the directory of the run. */
static bool
wq_of_path(const char *path, struct idxd_object *wq)
{
	char room[PATH_MAX], dir[PATH_MAX];
	size_t len;

	if (!idxd_present())
		return false;
	path = idxd_path(path, room);
	snprintf(dir, sizeof(dir), "%s/dsa/dev/", idxd_root());
	len = strlen(dir);
	return strncmp(path, dir, len) == 0 && idxd_find(path + len, wq) && wq->kind == IDXD_WQ;
}

bool
idxd_is_wq(const char *path)
{
	struct idxd_object wq;

	return wq_of_path(path, &wq);
}

/* A dedicated queue has one user, of all processes of the run. */
static int
wq_claim(struct open *o)
{
	char path[PATH_MAX];
	int fd;

	if (!idxd_is(&o->wq, "mode", "dedicated"))
		return 0;
	snprintf(path, sizeof(path), "%s/dsa/lock-%s", idxd_root(), o->wq.name);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		sys_close(fd);
		return -EBUSY;
	}
	o->lock = fds_hide(fd);
	return o->lock < 0 ? o->lock : 0;
}

static void
wq_release(struct open *o)
{
	if (o->lock >= 0)
		fds_close(o->lock);
	o->lock = -1;
}

static int
wq_begin(struct open *o, int flags)
{
	unsigned int device = o->wq.device;
	int ret = wq_claim(o), fd;

	if (ret < 0)
		return ret;
	ret = idxd_hw_start(device);
	if (ret < 0)
		goto release;
	/* Its PASID is programmed by a short disable; one that was enabled elsewhere meanwhile
	 * becomes enabled here.
	 */
	ret = idxd_hw_wq_enable(device, o->wq.index, o->lock >= 0);
	if (ret < 0)
		goto stop;
	fd = (int)syscall(SYS_fcntl, idxd_hw_events(device),
			  flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
	if (fd >= 0 && fd < FDS_MAX)
		return fd;
	ret = fd < 0 ? -errno : -EMFILE;
	if (fd >= 0)
		sys_close(fd);

stop:
	idxd_hw_stop(device);
release:
	wq_release(o);
	return ret;
}

static void
wq_end(struct open *o)
{
	unsigned int device = o->wq.device;

	if (o->lock >= 0)
		idxd_hw_wq_enable(device, o->wq.index, false);
	else
		idxd_hw_drain_pasid(device);
	wq_release(o);
	idxd_hw_stop(device);
	count_clients(&o->wq, -1);
}

int
idxd_wq_open(const char *path, int flags)
{
	struct idxd_object wq;
	struct open *o = NULL;
	int index, fd, lock;

	if (!wq_of_path(path, &wq) || !idxd_is(&wq, "state", "enabled"))
		return -ENOENT;
	index = open_create(&o);
	if (index < 0)
		return index;
	o->wq = wq;
	lock = idxd_lock();
	fd = wq_begin(o, flags);
	if (fd >= 0)
		count_clients(&wq, 1);
	idxd_unlock(lock);
	if (fd < 0)
		o->refs = 0;
	else
		fds_set(fd, FD_WQ, (unsigned int)index);
	return fd;
}

int
idxd_wq_mmap(unsigned int index, void **addr, size_t len, int flags, off_t off)
{
	struct open *o = opens[index];
	struct device *dev = idxd_device(o->wq.device);
	unsigned int free_map = 0;
	void *page;
	int ret;

	if (!dev->rawio)
		return -EPERM;
	if (len == 0 || len > PAGE_BYTES || off != 0 || (flags & MAP_TYPE) == MAP_PRIVATE)
		return -EINVAL;
	while (free_map < MAPS_MAX && o->maps[free_map] != NULL)
		free_map++;
	if (free_map == MAPS_MAX)
		return -ENOMEM;
	page = sys_mmap(*addr, PAGE_BYTES, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)),
			-1, 0);
	if (page == MAP_FAILED)
		return -errno;
	ret = device_map_bar(dev, 2, DSA_PORTAL_OFFSET(o->wq.index, DSA_PORTAL_LIMITED), page,
			     PAGE_BYTES);
	if (ret < 0) {
		sys_munmap(page, PAGE_BYTES);
		return ret;
	}
	o->maps[free_map] = page;
	o->refs++;
	*addr = page;
	return 0;
}

/* ---- Descriptors by write ---- */

/* What the kernel looks at before it submits a descriptor for somebody. */
static int
descriptor_check(const struct dsa_desc *desc, bool safe)
{
	if (DSA_OPCODE(desc) == DSA_OP_BATCH && !safe)
		return -EINVAL;
	if ((DSA_FLAGS(desc) & DSA_FLAG_CRAV) != 0 && desc->cr % DSA_CR_BYTES != 0)
		return -EINVAL;
	return 0;
}

ssize_t
idxd_wq_write(unsigned int index, const void *bytes, size_t len)
{
	struct open *o = opens[index];
	struct device *dev = idxd_device(o->wq.device);
	uint64_t portal = DSA_PORTAL_OFFSET(o->wq.index, DSA_PORTAL_LIMITED);
	_Alignas(DSA_DESC_BYTES) struct dsa_desc desc;
	size_t done;
	int ret = 0;

	if (len % DSA_DESC_BYTES != 0)
		return -EINVAL;
	for (done = 0; done < len && ret == 0; done += ret == 0 ? sizeof(desc) : 0) {
		memcpy(&desc, (const char *)bytes + done, sizeof(desc));
		ret = descriptor_check(&desc, dev->rawio);
		if (ret < 0)
			break;
		desc.pasid = IDXD_PASID;
		if (o->lock >= 0)
			device_bar_post(dev, 2, portal, &desc);
		else
			ret = device_bar_submit(dev, 2, portal, &desc, IDXD_PASID);
	}
	return done > 0 ? (ssize_t)done : ret;
}

/* ---- Attributes ---- */

/* "…/wq0.0/mode" into object and attribute. */
static bool
attribute_of_path(const char *path, struct idxd_object *object, const char **attribute)
{
	char dir[PATH_MAX], *name;

	snprintf(dir, sizeof(dir), "%s", path);
	name = strrchr(dir, '/');
	if (name == NULL)
		return false;
	*attribute = path + (name - dir) + 1;
	*name = '\0';
	name = strrchr(dir, '/');
	return name != NULL && idxd_find(name + 1, object);
}

static int
attribute_store(const struct open *o, const void *bytes, size_t len)
{
	struct idxd_object object;
	const char *attribute;
	char value[IDXD_VALUE];
	int lock, ret;

	if (len >= sizeof(value) || !attribute_of_path(o->path, &object, &attribute))
		return -EINVAL;
	memcpy(value, bytes, len);
	value[len] = '\0';
	value[strcspn(value, "\n")] = '\0';
	lock = idxd_lock();
	ret = idxd_store(&object, attribute, value);
	idxd_unlock(lock);
	return ret;
}

ssize_t
idxd_attribute_write(unsigned int index, const void *bytes, size_t len)
{
	int ret = attribute_store(opens[index], bytes, len);

	return ret < 0 ? ret : (ssize_t)len;
}

/* What came by other calls than write; there is nobody to answer but people. */
static void
attribute_end(struct open *o)
{
	char text[IDXD_VALUE];
	ssize_t n = syscall(SYS_pread64, o->memory, text, sizeof(text) - 1, 0);
	int ret = n > 0 ? attribute_store(o, text, (size_t)n) : 0;

	if (ret < 0)
		say("%s: %s", o->path, strerror(-ret));
	fds_close(o->memory);
}

int
idxd_attribute_open(int fd)
{
	char link[40], path[PATH_MAX];
	const char *attribute, *root = idxd_root();
	struct idxd_object object;
	struct open *o = NULL;
	ssize_t n;
	int index, memory;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof(path) - 1);
	if (n < 0 || strncmp(path, root, strlen(root)) != 0)
		return 0;
	path[n] = '\0';
	if (!attribute_of_path(path, &object, &attribute))
		return 0;
	memory = (int)syscall(SYS_memfd_create, "attribute", MFD_CLOEXEC);
	index = memory < 0 ? -errno : open_create(&o);
	if (index < 0)
		return index;
	o->attribute = true;
	strcpy(o->path, path);
	syscall(SYS_dup3, memory, fd,
		syscall(SYS_fcntl, fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0);
	o->memory = fds_hide(memory);
	fds_set(fd, FD_ATTRIBUTE, (unsigned int)index);
	return 0;
}

/* ---- For vfio.c ---- */

void
idxd_reference(unsigned int index, bool more)
{
	struct open *o = opens[index];
	int lock;

	o->refs += more ? 1 : -1u;
	if (o->refs > 0)
		return;
	if (o->attribute) {
		attribute_end(o);
		return;
	}
	lock = idxd_lock();
	wq_end(o);
	idxd_unlock(lock);
}

void
idxd_forget(const void *addr, size_t len)
{
	for (unsigned int i = 0; i < OPENS_MAX && opens[i] != NULL; i++)
		for (unsigned int m = 0; m < MAPS_MAX && opens[i]->refs > 0; m++) {
			const void *page = opens[i]->maps[m];

			if (page == NULL || (uintptr_t)page - (uintptr_t)addr >= len)
				continue;
			opens[i]->maps[m] = NULL;
			idxd_reference(i, false);
		}
}

void
idxd_forked(void)
{
	for (unsigned int i = 0; i < OPENS_MAX && opens[i] != NULL; i++) {
		wq_release(opens[i]);
		opens[i]->refs = 0;
	}
	idxd_hw_forked();
}
