/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dma.h"
#include "fds.h"
#include "idxd.h"
#include "real.h"
#include "served.h"
#include "shared.h"
#include "signals.h"
#include "sys.h"
#include "vfio_priv.h"

/* Descriptors of containers, groups and devices: made, copied, closed, and asked.
 *
 *   open /dev/vfio/vfio      a container
 *   open /dev/vfio/GROUP     a group          SET_CONTAINER: the two belong together
 *   GET_DEVICE_FD            a device         SET_IOMMU of the container comes before
 *
 * Behind those that the kernel did not open is an empty, sealed memory file: something to close.
 */

#define DIR_VFIO    "/dev/vfio/"
#define DIR_MODULES "/sys/module"
#define PAGE        ((size_t)4096)

static struct group groups[DEVICE_MAX];

/* Around all that changes anything here. The program's own handlers stay away meanwhile: one that
 * closes a device would wait for a lock that its own thread holds.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Nor is a thread cancelled meanwhile: opening and closing are cancellation points. */
static _Thread_local int cancel_state;

/* Is this thread in here? What it maps meanwhile is not the program's. */
static _Thread_local bool inside;

static void
enter(void)
{
	signals_enter();
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	pthread_mutex_lock(&lock);
	inside = true;
}

static void
leave(void)
{
	inside = false;
	pthread_mutex_unlock(&lock);
	pthread_setcancelstate(cancel_state, NULL);
	signals_leave();
}

/* A result as system calls have it. */
static int
result(int ret)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

/* ---- Fork ---- */

/* The process that all of this belongs to. A child of vfork has the same memory and descriptors of
 * its own: what it closes before it executes something stays open here.
 */
static pid_t owner;

static bool
is_elsewhere(void)
{
	return getpid() != owner;
}

/* No device goes along: a child that wants one opens it. */
static void
forked(void)
{
	owner = getpid();
	memset(groups, 0, sizeof(groups));
	for (unsigned int i = 0; i < CONTAINERS_MAX; i++)
		memset(container_get(i), 0, sizeof(struct container));
	fds_forked();
	idxd_forked();
	device_forked();
	leave();
}

/* Other threads are not in the middle of anything when the child is made. */
static void
fork_handlers(void)
{
	if (owner != 0)
		return;
	pthread_atfork(enter, leave, forked);
	owner = getpid();
}

/* ---- Paths ---- */

/* The modelled device whose group this path is, or NULL. */
static struct device *
group_of_path(const char *path)
{
	char *end;
	long group;

	if (strncmp(path, DIR_VFIO, strlen(DIR_VFIO)) != 0 || device_count() == 0)
		return NULL;
	path += strlen(DIR_VFIO);
	if (*path < '0' || *path > '9')
		return NULL;
	group = strtol(path, &end, 10);
	return *end == '\0' && group <= INT32_MAX ? device_of_group((int)group) : NULL;
}

static bool
is_container(const char *path)
{
	return strcmp(path, DIR_VFIO "vfio") == 0 && device_count() > 0;
}

bool
vfio_is_file(const char *path)
{
	return is_container(path) || group_of_path(path) != NULL;
}

bool
vfio_is_module(const char *path)
{
	if (strncmp(path, DIR_MODULES, strlen(DIR_MODULES)) != 0 || device_count() == 0)
		return false;
	path += strlen(DIR_MODULES);
	return *path == '\0' || strcmp(path, "/vfio") == 0 || strcmp(path, "/vfio_pci") == 0;
}

bool
vfio_is_noiommu(const char *path)
{
	return strcmp(path, DIR_MODULES "/vfio/parameters/enable_unsafe_noiommu_mode") == 0 &&
	       device_count() > 0;
}

/* ---- Descriptors ---- */

static int
descriptor_make(const char *name, int flags)
{
	int fd = (int)syscall(SYS_memfd_create, name,
			      MFD_ALLOW_SEALING | (flags & O_CLOEXEC ? MFD_CLOEXEC : 0u));

	if (fd < 0)
		return -errno;
	syscall(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_WRITE);
	return fd;
}

/* Give a descriptor its meaning; `fd` may be a negative errno. */
static int
descriptor_use(int fd, enum fd_kind kind, unsigned int index)
{
	if (fd < 0)
		return fd;
	if (fd >= FDS_MAX) {
		sys_close(fd);
		return -EMFILE;
	}
	fds_set(fd, kind, index);
	return fd;
}

static int
container_open(int flags)
{
	int fd = real_open(DIR_VFIO "vfio", flags), index, ret;
	bool kernel = fd >= 0;

	if (!kernel)
		fd = descriptor_make("vfio-container", flags);
	if (fd < 0)
		return fd;
	index = container_create(kernel);
	if (index < 0) {
		real_close(fd);
		return index;
	}
	ret = descriptor_use(fd, FD_CONTAINER, (unsigned int)index);
	if (ret < 0) {
		container_get((unsigned int)index)->refs = 0;
		container_settle(container_get((unsigned int)index));
	}
	return ret;
}

static int
group_open(struct device *dev, int flags)
{
	struct group *g = &groups[device_index(dev)];
	int fd;

	if (g->refs > 0)
		return -EBUSY;
	fd = descriptor_use(descriptor_make("vfio-group", flags), FD_GROUP, device_index(dev));
	if (fd >= 0)
		g->refs = 1;
	return fd;
}

int
vfio_open(const char *path, int flags)
{
	struct device *dev = group_of_path(path);
	bool wq = dev == NULL && idxd_is_wq(path);
	int ret;

	if (dev == NULL && !wq && !is_container(path))
		return VFIO_FOREIGN;
	if (owner != 0 && is_elsewhere()) {
		errno = ENODEV;
		return -1;
	}
	enter();
	fork_handlers();
	if (wq)
		ret = idxd_wq_open(path, flags);
	else
		ret = dev == NULL ? container_open(flags) : group_open(dev, flags);
	leave();
	return result(ret);
}

/* ---- Groups ---- */

/* A group leaves its container when neither it nor its device is open. */
static void
group_settle(struct group *g)
{
	struct container *c = g->container;

	if (g->refs > 0 || g->devices > 0 || c == NULL)
		return;
	g->container = NULL;
	c->groups--;
	container_settle(c);
}

static int
group_set_container(struct group *g, int fd)
{
	struct container *c;
	int ret;

	if (fds_kind(fd) != FD_CONTAINER)
		return fcntl(fd, F_GETFD) < 0 ? -EBADF : -EINVAL;
	if (g->container != NULL)
		return -EINVAL;
	c = container_get(fds_index(fd));
	ret = container_join(c, fd);
	if (ret < 0)
		return ret;
	g->container = c;
	c->groups++;
	return 0;
}

static int
group_unset_container(struct group *g)
{
	struct container *c = g->container;

	if (c == NULL)
		return -EINVAL;
	if (g->devices > 0)
		return -EBUSY;
	g->container = NULL;
	c->groups--;
	container_settle(c);
	return 0;
}

static int
group_device(struct group *g, struct device *dev, const char *name)
{
	int fd, ret;

	if (g->container == NULL || g->container->iommu == 0)
		return -EINVAL;
	if (strcmp(name, dev->address) != 0)
		return -ENODEV;
	ret = device_open(dev);
	if (ret < 0)
		return ret;
	fd = descriptor_use(descriptor_make("vfio-device", O_CLOEXEC), FD_DEVICE,
			    device_index(dev));
	if (fd < 0) {
		device_close(dev);
		return fd;
	}
	if (g->devices++ == 0)
		device_set_space(dev, g->container->space);
	return fd;
}

static int
group_status(const struct group *g, struct vfio_group_status *status)
{
	if (status->argsz < sizeof(*status))
		return -EINVAL;
	status->flags = VFIO_GROUP_FLAGS_VIABLE;
	if (g->container != NULL)
		status->flags |= VFIO_GROUP_FLAGS_CONTAINER_SET;
	return 0;
}

static int
group_ioctl(unsigned int index, unsigned long request, void *arg)
{
	struct group *g = &groups[index];

	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		return group_status(g, arg);
	case VFIO_GROUP_SET_CONTAINER:
		return group_set_container(g, *(const int *)arg);
	case VFIO_GROUP_UNSET_CONTAINER:
		return group_unset_container(g);
	case VFIO_GROUP_GET_DEVICE_FD:
		return group_device(g, device_get(index), arg);
	default:
		return -ENOTTY;
	}
}

int
vfio_attach_real(int group, const int *container)
{
	int ret = real_ioctl(group, VFIO_GROUP_SET_CONTAINER, (void *)(uintptr_t)container);

	if (ret < 0 || fds_kind(*container) != FD_CONTAINER)
		return ret;
	enter();
	ret = container_join_real(container_get(fds_index(*container)), *container);
	if (ret < 0)
		real_ioctl(group, VFIO_GROUP_UNSET_CONTAINER, NULL);
	leave();
	return result(ret);
}

/* ---- Calls on descriptors ---- */

int
vfio_ioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	enter();
	switch (fds_kind(fd)) {
	case FD_CONTAINER:
		ret = container_ioctl(container_get(fds_index(fd)), fd, request, arg);
		break;
	case FD_GROUP:
		ret = group_ioctl(fds_index(fd), request, arg);
		break;
	case FD_DEVICE:
		ret = vfio_device_ioctl(device_get(fds_index(fd)), request, arg);
		break;
	case FD_GONE:
		ret = -ENODEV;
		break;
	case FD_WQ:
	case FD_WQ_GONE:
	case FD_ATTRIBUTE:
		ret = -ENOTTY;
		break;
	default:
		ret = -EBADF;
		break;
	}
	leave();
	return result(ret);
}

/* One descriptor more or less. */
static void
reference(enum fd_kind kind, unsigned int index, bool more)
{
	struct group *g = &groups[index % DEVICE_MAX];
	struct device *dev;

	if (kind == FD_CONTAINER) {
		container_get(index)->refs += more ? 1 : -1u;
		container_settle(container_get(index));
	} else if (kind == FD_GROUP) {
		g->refs += more ? 1 : -1u;
		group_settle(g);
	} else if (kind == FD_DEVICE) {
		dev = device_get(index);
		g->devices += more ? 1 : -1u;
		if (more) {
			device_open(dev);
			return;
		}
		if (g->devices == 0)
			vfio_irqs_close(dev);
		device_close(dev);
		if (g->devices == 0)
			device_set_space(dev, NULL);
		group_settle(g);
	} else if (kind == FD_WQ || kind == FD_ATTRIBUTE) {
		idxd_reference(index, more);
	}
}

int
vfio_close(int fd)
{
	enum fd_kind kind;
	int ret = 0;

	if (is_elsewhere())
		return real_close(fd);
	enter();
	kind = fds_kind(fd);
	if (kind == FD_HIDDEN) {
		ret = -EBADF;
	} else {
		unsigned int index = fds_index(fd);

		/* First: the number may be another thread's as soon as it is closed. */
		fds_set(fd, FD_FOREIGN, 0);
		reference(kind, index, false);
		ret = real_close(fd) < 0 ? -errno : 0;
	}
	leave();
	return result(ret);
}

void
vfio_dup(int from, int to)
{
	enum fd_kind was = fds_kind(to), is = fds_kind(from);
	unsigned int old, index;

	if (from == to || to < 0 || to >= FDS_MAX || (was == FD_FOREIGN && is == FD_FOREIGN) ||
	    is_elsewhere())
		return;
	enter();
	old = fds_index(to);
	index = is == FD_FOREIGN ? 0 : fds_index(from);
	fds_set(to, is, index);
	reference(is, index, true);
	reference(was, old, false);
	leave();
}

ssize_t
vfio_transfer(int fd, void *bytes, size_t len, off_t off, bool write)
{
	ssize_t ret = -EINVAL;

	enter();
	if (fds_kind(fd) == FD_DEVICE)
		ret = vfio_device_transfer(device_get(fds_index(fd)), bytes, len, off, write);
	else if (fds_kind(fd) == FD_GONE)
		ret = -ENODEV;
	leave();
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

ssize_t
vfio_write(int fd, const void *bytes, size_t len)
{
	ssize_t ret = -EPERM;

	enter();
	if (fds_kind(fd) == FD_WQ)
		ret = idxd_wq_write(fds_index(fd), bytes, len);
	else if (fds_kind(fd) == FD_ATTRIBUTE)
		ret = idxd_attribute_write(fds_index(fd), bytes, len);
	leave();
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

void
vfio_opened(int fd)
{
	int saved = errno;

	if (owner != 0 && is_elsewhere())
		return;
	enter();
	fork_handlers();
	idxd_attribute_open(fd);
	leave();
	errno = saved;
}

void *
vfio_mmap(void *addr, size_t len, int flags, int fd, off_t off)
{
	int ret = -ENODEV;

	enter();
	if (fds_kind(fd) == FD_DEVICE)
		ret = vfio_device_mmap(device_get(fds_index(fd)), &addr, len, flags, off);
	else if (fds_kind(fd) == FD_WQ)
		ret = idxd_wq_mmap(fds_index(fd), &addr, len, flags, off);
	else if (fds_kind(fd) == FD_WQ_GONE)
		ret = -EPERM;
	leave();
	return result(ret) < 0 ? MAP_FAILED : addr;
}

void
vfio_forget(void *addr, size_t len)
{
	/* Whole pages go, or with such an address nothing. */
	if ((uintptr_t)addr % PAGE != 0 || len > SIZE_MAX - (PAGE - 1))
		return;
	len = (len + PAGE - 1) & ~(PAGE - 1);
	if (!device_overlaps(addr, len) && !dma_may_cover(addr, len) && !shared_covers(addr, len))
		return;
	if (inside || served_owns(addr))
		return;
	enter();
	device_unmap_range(addr, len);
	idxd_forget(addr, len);
	for (unsigned int i = 0; i < CONTAINERS_MAX; i++) {
		struct dma_space *space = container_get(i)->space;

		/* Silicon would go on: the kernel pins the pages, and the device writes to what
		 * nobody sees any more. Here the memory is gone, and its mapping goes with it.
		 */
		if (space != NULL && dma_forget(space, addr, len))
			device_remap(space);
	}
	shared_forget(addr, len);
	leave();
}

void
vfio_remember(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	int type = flags & MAP_TYPE;

	if ((type != MAP_SHARED && type != MAP_SHARED_VALIDATE) || (flags & MAP_ANONYMOUS) != 0 ||
	    (prot & PROT_WRITE) == 0 || inside || !device_any_served() ||
	    (owner != 0 && is_elsewhere()))
		return;
	enter();
	fork_handlers();
	shared_note(addr, (len + PAGE - 1) & ~(PAGE - 1), fd, off);
	leave();
}
