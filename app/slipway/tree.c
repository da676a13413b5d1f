/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slipway.h"
#include "tree_dsa.h"

/* Real devices, and groups that the kernel has. */
#define REAL_DEVICES "/sys/bus/pci/devices"
#define REAL_GROUPS  "/dev/vfio"

/* Buses of modelled devices: seldom used ones, so that addresses stay the same from machine to
 * machine.
 */
#define BUS_FIRST 0x7e
#define BUS_LAST  0xff

/* Groups number from 0 in a kernel, and nobody has this many. */
#define GROUP_FIRST 9000

/* Bars: above all memory, and as apart as the largest of them asks for. Nobody maps them by these
 * addresses, but programs take 0 for a bar that is not there.
 */
#define BAR_BASE   UINT64_C(0x200000000000)
#define BAR_STRIDE UINT64_C(0x1000000000)
#define BAR_APART  UINT64_C(0x100000000)

/* Bits that the kernel shows for memory bars of 64 bits: readable, memory, size-aligned, 64-bit;
 * and prefetchable.
 */
#define BAR_FLAGS          0x140204
#define BAR_FLAGS_PREFETCH 0x14220c

/* Files named by format, below the tree. */
static int __attribute__((format(printf, 4, 5)))
write_file(const struct tree *tree, const char *address, const char *name, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	FILE *file;
	bool bad;

	snprintf(path, sizeof(path), "%s/devices/%s/%s", tree->path, address, name);
	file = fopen(path, "we");
	if (file == NULL)
		return -errno;
	va_start(args, format);
	bad = vfprintf(file, format, args) < 0;
	va_end(args);
	bad |= fclose(file) != 0;
	return bad ? -errno : 0;
}

static int __attribute__((format(printf, 2, 3)))
make_dir(const struct tree *tree, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int n = snprintf(path, sizeof(path), "%s/", tree->path);

	va_start(args, format);
	vsnprintf(path + n, sizeof(path) - n, format, args);
	va_end(args);
	return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : -errno;
}

static int __attribute__((format(printf, 3, 4)))
make_link(const struct tree *tree, const char *target, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int n = snprintf(path, sizeof(path), "%s/devices/", tree->path);

	va_start(args, format);
	vsnprintf(path + n, sizeof(path) - n, format, args);
	va_end(args);
	return symlink(target, path) == 0 ? 0 : -errno;
}

/* ---- Real devices ---- */

static int
link_real(const struct tree *tree)
{
	char target[PATH_MAX];
	struct dirent *entry;
	DIR *dir = opendir(REAL_DEVICES);
	int ret = 0;

	/* A machine, or a container, without PCI. */
	if (dir == NULL)
		return 0;
	while (ret == 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(target, sizeof(target), "%s/%s", REAL_DEVICES, entry->d_name);
		ret = make_link(tree, target, "%s", entry->d_name);
	}
	closedir(dir);
	return ret;
}

/* ---- Modelled devices ---- */

/* The first address from `*bus` on that no real device has. */
static int
choose_address(struct tree_device *device, unsigned int *bus)
{
	char path[64];

	for (; *bus <= BUS_LAST; ++*bus) {
		snprintf(device->address, sizeof(device->address), "0000:%02x:00.0", *bus);
		snprintf(path, sizeof(path), REAL_DEVICES "/%s", device->address);
		if (access(path, F_OK) == 0)
			continue;
		++*bus;
		return 0;
	}
	complain("real devices have all PCI addresses from 0000:%02x:00.0 to 0000:%02x:00.0",
		 BUS_FIRST, BUS_LAST);
	return -EADDRNOTAVAIL;
}

static void
choose_group(struct tree_device *device, int *group)
{
	char path[64];

	do {
		device->group = (*group)++;
		snprintf(path, sizeof(path), REAL_GROUPS "/%d", device->group);
	} while (access(path, F_OK) == 0);
}

static int
write_resource(const struct tree *tree, const struct tree_device *device, unsigned int index)
{
	const char *line = "0x%016" PRIx64 " 0x%016" PRIx64 " 0x%016" PRIx64 "\n";
	char text[512];
	size_t at = 0;

	/* The ROM is the seventh. */
	for (unsigned int i = 0; i < MODEL_BARS + 1; i++) {
		uint64_t size = i == MODEL_BARS ? 0 : model_bar_size(device->model, i, device->wqs);
		uint64_t start = size == 0 ? 0 : BAR_BASE + index * BAR_STRIDE + i * BAR_APART;
		uint64_t flags = size == 0                    ? 0
				 : device->model->prefetch[i] ? BAR_FLAGS_PREFETCH
							      : BAR_FLAGS;

		at += snprintf(text + at, sizeof(text) - at, line, start,
			       size == 0 ? 0 : start + size - 1, flags);
	}
	return write_file(tree, device->address, "resource", "%s", text);
}

static int
write_links(const struct tree *tree, const struct tree_device *device)
{
	char group[64];
	int ret;

	snprintf(group, sizeof(group), "../../iommu_groups/%d", device->group);
	ret = make_dir(tree, "iommu_groups/%d", device->group);
	if (ret == 0)
		ret = make_link(tree, group, "%s/iommu_group", device->address);
	if (ret == 0)
		ret = make_link(tree,
				device->kernel == TREE_VFIO ? "../../drivers/vfio-pci"
							    : "../../drivers/idxd",
				"%s/driver", device->address);
	return ret;
}

static int
write_device(const struct tree *tree, const struct tree_device *device, unsigned int index)
{
	unsigned int id = device->model->version[device->version].pci_id;
	const struct {
		const char *name;
		int digits; /* of a hexadecimal number, 0 for a decimal one */
		unsigned int value;
	} files[] = {
		{"vendor", 4, id >> 16},
		{"device", 4, id & 0xffff},
		{"subsystem_vendor", 4, id >> 16},
		{"subsystem_device", 4, 0},
		{"class", 6, device->model->pci_class},
		{"max_vfs", 0, 0},
		{"numa_node", 0, 0},
	};
	int ret = make_dir(tree, "devices/%s", device->address);

	for (size_t i = 0; ret == 0 && i < sizeof(files) / sizeof(files[0]); i++) {
		if (files[i].digits == 0)
			ret = write_file(tree, device->address, files[i].name, "%u\n",
					 files[i].value);
		else
			ret = write_file(tree, device->address, files[i].name, "0x%0*x\n",
					 files[i].digits, files[i].value);
	}
	if (ret == 0)
		ret = write_resource(tree, device, index);
	if (ret == 0)
		ret = write_links(tree, device);
	return ret;
}

/* ---- The tree ---- */

/* A directory of this process's name, and its lock. */
static int
claim(struct tree *tree, const struct dirs *dirs)
{
	int n = snprintf(tree->path, sizeof(tree->path), "%s/%d", dirs->run, (int)getpid());

	/* In another pid namespace somebody may be of the same name. */
	for (unsigned int i = 1; mkdir(tree->path, 0700) < 0; i++) {
		if (errno != EEXIST)
			return -errno;
		snprintf(tree->path + n, sizeof(tree->path) - n, "-%u", i);
	}
	tree->lock = open(tree->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree->lock < 0 || flock(tree->lock, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return 0;
}

static int
build(const struct tree *tree, struct tree_device devices[], unsigned int count)
{
	unsigned int bus = BUS_FIRST;
	unsigned int dsa = 0;
	int group = GROUP_FIRST;
	int ret = make_dir(tree, "devices");

	if (ret == 0)
		ret = make_dir(tree, "iommu_groups");
	if (ret == 0)
		ret = make_dir(tree, "drivers");
	if (ret == 0)
		ret = make_dir(tree, "drivers/vfio-pci");
	if (ret == 0)
		ret = make_dir(tree, "drivers/idxd");
	if (ret == 0)
		ret = tree_dsa_begin(tree);
	if (ret == 0)
		ret = link_real(tree);
	for (unsigned int i = 0; ret == 0 && i < count; i++) {
		choose_group(&devices[i], &group);
		ret = choose_address(&devices[i], &bus);
		if (ret == 0)
			ret = write_device(tree, &devices[i], i);
		if (ret == 0 && devices[i].kernel != TREE_VFIO)
			ret = tree_dsa_write(tree, &devices[i], dsa++);
	}
	return ret;
}

int
tree_create(struct tree *tree, const struct dirs *dirs, struct tree_device devices[],
	    unsigned int count)
{
	int ret;

	tree->lock = -1;
	ret = claim(tree, dirs);
	if (ret == 0)
		ret = build(tree, devices, count);
	if (ret == 0)
		return 0;
	if (ret != -EADDRNOTAVAIL)
		complain("cannot write to %s: %s; set %s to a directory that you can write to",
			 tree->path, strerror(-ret), dirs->from);
	tree_destroy(tree);
	return ret;
}

void
tree_destroy(struct tree *tree)
{
	dirs_remove(tree->path);
	if (tree->lock >= 0)
		close(tree->lock);
	tree->lock = -1;
}
