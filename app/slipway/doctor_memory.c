/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "doctor_read.h"

/* Huge pages, and how much a user may lock. */

#define NODES     "/sys/devices/system/node"
#define ALL_SIZES "/sys/kernel/mm/hugepages"
#define PREFIX    "hugepages-"

/* ---- Mounts ---- */

/* Bytes as mount writes them: 2M, 1024M, 1G. */
static unsigned long long
size_parse(const char *text)
{
	char *unit;
	unsigned long long n = strtoull(text, &unit, 10);

	return *unit == 'G' ? n << 30 : *unit == 'M' ? n << 20 : *unit == 'K' ? n << 10 : n;
}

/* Where pages of a size are mounted; false when they are not. */
static bool
mount_find(const struct doctor *d, unsigned long long size, char *where, size_t len)
{
	char path[PATH_MAX], line[64] = "";
	unsigned long long standard, is;
	struct mntent *entry;
	bool found = false;
	const char *option;
	FILE *mounts;

	doctor_find(d, "/proc/meminfo", "Hugepagesize:", line, sizeof(line));
	standard = strtoull(line, NULL, 10) << 10;
	doctor_path(d, path, sizeof(path), "/proc/mounts");
	mounts = setmntent(path, "re");
	while (mounts != NULL && !found && (entry = getmntent(mounts)) != NULL) {
		if (strcmp(entry->mnt_type, "hugetlbfs") != 0)
			continue;
		option = hasmntopt(entry, "pagesize");
		is = option != NULL ? size_parse(option + strlen("pagesize=")) : standard;
		found = is == size;
		snprintf(where, len, "%s", entry->mnt_dir);
	}
	if (mounts != NULL)
		endmntent(mounts);
	return found;
}

static void
mount_say(struct doctor *d, unsigned long long size, const char *subject)
{
	char where[PATH_MAX];

	if (!mount_find(d, size, where, sizeof(where))) {
		doctor_say(d, DOCTOR_PROBLEM, subject,
			   "pages are reserved, and no hugetlbfs of them is mounted");
		doctor_next(d, "as root: mount -t hugetlbfs -o pagesize=%lluM nodev /dev/hugepages",
			    size >> 20);
	} else if (!doctor_may(d, R_OK | W_OK | X_OK, "%s", where)) {
		doctor_say(d, DOCTOR_PROBLEM, subject, "%s is not for this user", where);
		doctor_next(d, "as root: mount another one with -o uid=USER; or use --in-memory or "
			       "--no-huge");
	} else {
		doctor_say(d, DOCTOR_OK, subject, "%s, this user may use it", where);
	}
}

/* ---- Pages ---- */

static void
size_name(unsigned long long kilobytes, char *name, size_t len)
{
	if (kilobytes >= 1 << 20)
		snprintf(name, len, "%llu GB", kilobytes >> 20);
	else
		snprintf(name, len, "%llu MB", kilobytes >> 10);
}

/* "hugepages-2048kB" of a node, or of the machine. */
static void
size_visit(struct doctor *d, const char *path, const char *name)
{
	unsigned long long kilobytes;
	char size[32], subject[64];
	const char *node;
	long long all, left;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return;
	kilobytes = strtoull(name + strlen(PREFIX), NULL, 10);
	all = doctor_number(d, "%s/%s/nr_hugepages", path, name);
	left = doctor_number(d, "%s/%s/free_hugepages", path, name);
	if (all <= 0)
		return;
	size_name(kilobytes, size, sizeof(size));
	node = strstr(path, "/node/node");
	snprintf(subject, sizeof(subject), "%s%s%.*s", size, node != NULL ? ", " : "",
		 node != NULL ? (int)strcspn(node + 6, "/") : 0, node != NULL ? node + 6 : "");
	d->found++;
	doctor_say(d, left > 0 ? DOCTOR_OK : DOCTOR_NOTE, subject, "%lld pages, %lld free", all,
		   left);
	if (left == 0)
		doctor_next(d, "end who uses them, remove what it left in the hugetlbfs, or "
			       "reserve more");
}

static void
node_visit(struct doctor *d, const char *path, const char *name)
{
	char sizes[PATH_MAX];

	if (strncmp(name, "node", 4) != 0 || strspn(name + 4, "0123456789") != strlen(name + 4))
		return;
	snprintf(sizes, sizeof(sizes), "%s/%s/hugepages", path, name);
	doctor_each(d, sizes, size_visit);
}

/* Mounts are for all nodes. */
static void
mounts_visit(struct doctor *d, const char *path, const char *name)
{
	unsigned long long kilobytes;
	char size[32], subject[64];

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 ||
	    doctor_number(d, "%s/%s/nr_hugepages", path, name) <= 0)
		return;
	kilobytes = strtoull(name + strlen(PREFIX), NULL, 10);
	size_name(kilobytes, size, sizeof(size));
	snprintf(subject, sizeof(subject), "%s, mount", size);
	mount_say(d, kilobytes << 10, subject);
}

static void
pages_say(struct doctor *d)
{
	d->found = 0;
	doctor_each(d, NODES, node_visit);
	if (d->found == 0)
		doctor_each(d, ALL_SIZES, size_visit);
	doctor_each(d, ALL_SIZES, mounts_visit);
	if (d->found > 0)
		return;
	doctor_say(d, DOCTOR_NOTE, "huge pages",
		   "none: DPDK programs need --no-huge; physical addresses cannot be had");
	doctor_next(d, "where they are wanted, as root: dpdk-hugepages.py --setup 1G");
}

/* ---- Locked memory ---- */

static void
locked_say(struct doctor *d)
{
	char limit[128];

	if (!doctor_find(d, "/proc/self/limits", "Max locked memory", limit, sizeof(limit)))
		return;
	if (doctor_capable(d, DOCTOR_CAP_IPC_LOCK)) {
		doctor_say(d, DOCTOR_OK, "locked memory", "no limit for this user (CAP_IPC_LOCK)");
	} else if (strncmp(limit, "unlimited", 9) == 0) {
		doctor_say(d, DOCTOR_OK, "locked memory", "no limit");
	} else {
		doctor_say(d, doctor_missing(d, DOCTOR_PCI), "locked memory",
			   "%llu KB: VFIO counts all memory of a DPDK program (-m)",
			   strtoull(limit, NULL, 10) >> 10);
		doctor_next(d, "ulimit -l unlimited, allowed by memlock in "
			       "/etc/security/limits.conf or LimitMEMLOCK= of the service");
	}
}

void
doctor_memory(struct doctor *d)
{
	d->about = "Memory";
	pages_say(d);
	locked_say(d);
}
