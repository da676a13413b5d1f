/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "doctor_read.h"

#define DEVICES "/sys/bus/pci/devices"
#define INTEL   0x8086

enum kind { DLB, DLB_VF, DSA, MIC };

static const struct {
	unsigned int first, last;
	enum kind kind;
	const char *name;
} known[] = {
	{0x2710, 0x2710, DLB, "DLB 2.0"}, {0x2711, 0x2711, DLB_VF, "DLB 2.0, virtual function"},
	{0x2714, 0x2714, DLB, "DLB 2.5"}, {0x2715, 0x2715, DLB_VF, "DLB 2.5, virtual function"},
	{0x0b25, 0x0b25, DSA, "DSA"},     {0x11fb, 0x11fb, DSA, "DSA"},
	{0x1212, 0x1212, DSA, "DSA"},     {0x2250, 0x225e, MIC, "Xeon Phi X100"},
};

/* ---- Groups ---- */

/* Does another device of the group keep the kernel from giving the group away? */
static void
group_visit(struct doctor *d, const char *path, const char *name)
{
	static const char *const harmless[] = {"", "vfio-pci", "pcieport", "pci-stub", "shpchp"};
	char driver[64];

	(void)path;
	doctor_link(d, driver, sizeof(driver), DEVICES "/%s/driver", name);
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (strcmp(driver, harmless[i]) == 0)
			return;
	doctor_say(d, DOCTOR_PROBLEM, name,
		   "bound to %s, in one IOMMU group with a device of ours: the group is not viable",
		   driver);
	doctor_next(d, "dpdk-devbind.py --bind=vfio-pci %s, if nothing needs it", name);
}

static void
bound_to_vfio(struct doctor *d, const char *address, const char *name)
{
	const char *prefix = "";
	char group[32], path[PATH_MAX];

	doctor_link(d, group, sizeof(group), DEVICES "/%s/iommu_group", address);
	if (!doctor_iommu(d))
		prefix = "noiommu-";
	if (group[0] == '\0' || !doctor_has(d, "/dev/vfio/%s%s", prefix, group)) {
		doctor_say(d, DOCTOR_PROBLEM, address, "%s, bound to vfio-pci; no /dev/vfio/%s%s",
			   name, prefix, group[0] == '\0' ? "GROUP" : group);
		doctor_next(d, "in a container, pass that file through; else bind the device anew");
		return;
	}
	if (!doctor_may(d, R_OK | W_OK, "/dev/vfio/%s%s", prefix, group)) {
		doctor_say(d, DOCTOR_PROBLEM, address,
			   "%s, bound to vfio-pci; /dev/vfio/%s%s is not for this user", name,
			   prefix, group);
		doctor_next(d, "as root: chown USER /dev/vfio/%s%s; a udev rule makes it last",
			    prefix, group);
	} else if (prefix[0] != '\0' && !doctor_capable(d, DOCTOR_CAP_SYS_RAWIO)) {
		doctor_say(d, DOCTOR_PROBLEM, address,
			   "%s, bound to vfio-pci without IOMMU: for root only", name);
		doctor_next(d, "run as root, or with an IOMMU");
	} else {
		doctor_say(d, DOCTOR_OK, address, "%s, bound to vfio-pci, group %s%s", name, prefix,
			   group);
	}
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%s/devices", group);
	doctor_each(d, path, group_visit);
}

/* ---- Drivers ---- */

static const char *
driver_to_bind(const struct doctor *d)
{
	return doctor_iommu(d) || doctor_without_iommu(d) == DOCTOR_ON ? "vfio-pci"
								       : "uio_pci_generic";
}

static void
bound_to_uio(struct doctor *d, const char *address, const char *name, const char *driver)
{
	if (doctor_capable(d, DOCTOR_CAP_SYS_ADMIN)) {
		doctor_say(d, DOCTOR_OK, address,
			   "%s, bound to %s: wants huge pages; dequeues poll, as it has no MSI-X",
			   name, driver);
		return;
	}
	doctor_say(d, DOCTOR_PROBLEM, address,
		   "%s, bound to %s: physical addresses are for root only", name, driver);
	doctor_next(d, "run as root with huge pages; or use an IOMMU and vfio-pci");
}

static void
dlb_driver(struct doctor *d, const char *address, const char *name)
{
	char driver[64];

	doctor_link(d, driver, sizeof(driver), DEVICES "/%s/driver", address);
	if (strcmp(driver, "vfio-pci") == 0) {
		bound_to_vfio(d, address, name);
	} else if (strcmp(driver, "uio_pci_generic") == 0 || strcmp(driver, "igb_uio") == 0) {
		bound_to_uio(d, address, name, driver);
	} else {
		doctor_say(d, DOCTOR_PROBLEM, address, "%s, bound to %s", name,
			   driver[0] == '\0' ? "no driver" : driver);
		doctor_next(d, "as root: modprobe %s; dpdk-devbind.py --bind=%s %s",
			    driver_to_bind(d), driver_to_bind(d), address);
	}
}

/* ---- Devices ---- */

/* Has a BAR an address? Its line in the file is all zeroes when the firmware found no room. */
static bool
has_bar(const struct doctor *d, const char *address, unsigned int bar)
{
	unsigned long long start = 0, end = 0;
	char path[PATH_MAX], line[128];
	FILE *file;

	doctor_path(d, path, sizeof(path), DEVICES "/%s/resource", address);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	for (unsigned int i = 0; i <= bar; i++)
		if (fgets(line, sizeof(line), file) == NULL)
			line[0] = '\0';
	fclose(file);
	return sscanf(line, "%llx %llx", &start, &end) == 2 && start != 0 && end > start;
}

static void
dlb_say(struct doctor *d, const char *address, const char *name)
{
	d->uses |= DOCTOR_PCI;
	d->found++;
	dlb_driver(d, address, name);
	if (has_bar(d, address, 0) && has_bar(d, address, 2))
		return;
	doctor_say(d, DOCTOR_PROBLEM, address, "BAR 0 or BAR 2 (4 GB) has no address");
	doctor_next(d, "let the firmware place BARs above 4 GB; or boot with pci=realloc");
}

/* Work queues of the kernel's driver: are they for this user? */
static void
wq_visit(struct doctor *d, const char *path, const char *name)
{
	if (strncmp(name, "wq", 2) != 0)
		return;
	d->found_wqs++;
	if (doctor_may(d, R_OK | W_OK, "%s/%s", path, name)) {
		doctor_say(d, DOCTOR_OK, name, "a work queue at %s, for this user", path);
		return;
	}
	doctor_say(d, DOCTOR_PROBLEM, name, "a work queue at %s, not for this user", path);
	doctor_next(d, "as root: chown USER %s/%s; a udev rule makes it last", path, name);
}

static void
dsa_by_kernel(struct doctor *d, const char *address, const char *name)
{
	doctor_say(d, DOCTOR_OK, address, "%s, bound to idxd: by its work queues, at=/dev/dsa/wqD.Q",
		   name);
	d->found_wqs = 0;
	doctor_each(d, "/dev/dsa", wq_visit);
	if (d->found_wqs > 0)
		return;
	doctor_say(d, DOCTOR_NOTE, address, "no work queue at /dev/dsa");
	doctor_next(d, "as root: slipway dsa config dsaN --wq 0 shows what makes one, --apply does");
}

/* The kernel's vfio-pci refuses DSAs unless it was told not to, since what INTEL-SA-01084 says. */
static void
dsa_say(struct doctor *d, const char *address, const char *name, const char *driver)
{
	if (strcmp(driver, "vfio-pci") == 0) {
		bound_to_vfio(d, address, name);
	} else if (strcmp(driver, "idxd") == 0) {
		dsa_by_kernel(d, address, name);
	} else if (strcmp(driver, "uio_pci_generic") == 0 || strcmp(driver, "igb_uio") == 0) {
		bound_to_uio(d, address, name, driver);
	} else {
		doctor_say(d, DOCTOR_NOTE, address,
			   "%s, bound to %s; vfio-pci takes it with disable_denylist=1 only", name,
			   driver[0] == '\0' ? "no driver" : driver);
		doctor_next(d,
			    "as root: modprobe vfio-pci disable_denylist=1; dpdk-devbind.py "
			    "--bind=vfio-pci %s; or --bind=idxd, and slipway dsa config",
			    address);
	}
}

static void
device_say(struct doctor *d, const char *address, enum kind kind, const char *name)
{
	char driver[64];

	doctor_link(d, driver, sizeof(driver), DEVICES "/%s/driver", address);
	switch (kind) {
	case DLB:
		dlb_say(d, address, name);
		break;
	case DLB_VF:
		doctor_say(d, DOCTOR_NOTE, address, "%s: event_dlb drives physical ones", name);
		doctor_next(d, "use the physical function, 8086:2710 or 8086:2714");
		break;
	case DSA:
		dsa_say(d, address, name, driver);
		break;
	default:
		doctor_say(d, DOCTOR_NOTE, address,
			   "%s, bound to %s: this release has no driver "
			   "for it",
			   name, driver[0] == '\0' ? "no driver" : driver);
		break;
	}
}

static void
visit(struct doctor *d, const char *path, const char *address)
{
	long long vendor = doctor_number(d, "%s/%s/vendor", path, address);
	long long id = doctor_number(d, "%s/%s/device", path, address);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (vendor == INTEL && id >= known[i].first && id <= known[i].last)
			device_say(d, address, known[i].kind, known[i].name);
}

void
doctor_devices(struct doctor *d)
{
	d->about = "PCI devices";
	d->found = 0;
	doctor_each(d, DEVICES, visit);
	if (d->found > 0)
		return;
	doctor_say(d, doctor_missing(d, DOCTOR_PCI), "DLB", "none (8086:2710, 8086:2714)");
	doctor_next(d, "use a device in software: --vdev=event_dlb0, slipway run, slipway serve");
}
