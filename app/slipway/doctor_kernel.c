/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "doctor_read.h"

/* What the kernel has for drivers in user space. */

#define WITHOUT_IOMMU "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"

enum module { MODULE_RUNS, MODULE_LOADABLE, MODULE_MISSING, MODULE_UNKNOWN };

/* ---- Modules ---- */

static bool
list_has(const struct doctor *d, const char *release, const char *list, const char *file)
{
	char path[PATH_MAX], line[4096];
	bool found = false;
	FILE *in;

	doctor_path(d, path, sizeof(path), "/lib/modules/%s/%s", release, list);
	in = fopen(path, "re");
	while (in != NULL && !found && fgets(line, sizeof(line), in) != NULL) {
		/* In modules.dep, what a module needs follows behind a colon. */
		line[strcspn(line, ":\n")] = '\0';
		found = strstr(line, file) != NULL;
	}
	if (in != NULL)
		fclose(in);
	return found;
}

/* Is a PCI driver there, whose module has another name? */
static enum module
module_find(const struct doctor *d, const char *driver, const char *module)
{
	char release[128], file[64];

	if (doctor_has(d, "/sys/bus/pci/drivers/%s", driver) ||
	    doctor_has(d, "/sys/module/%s", module))
		return MODULE_RUNS;
	doctor_line(d, release, sizeof(release), "/proc/sys/kernel/osrelease");
	if (!doctor_has(d, "/lib/modules/%s/modules.dep", release))
		return MODULE_UNKNOWN;
	snprintf(file, sizeof(file), "/%s.ko", driver);
	if (list_has(d, release, "modules.dep", file))
		return MODULE_LOADABLE;
	return list_has(d, release, "modules.builtin", file) ? MODULE_RUNS : MODULE_MISSING;
}

static void
module_say(struct doctor *d, const char *driver, enum module is, enum doctor_state missing)
{
	switch (is) {
	case MODULE_RUNS:
		break;
	case MODULE_LOADABLE:
		doctor_say(d, missing, driver, "there, and not loaded");
		doctor_next(d, "as root: modprobe %s", driver);
		break;
	case MODULE_MISSING:
		doctor_say(d, missing, driver, "this kernel does not have it");
		doctor_next(d, "install the kernel's full set of modules, or another kernel");
		break;
	case MODULE_UNKNOWN:
		doctor_say(d, missing, driver,
			   "not loaded; no /lib/modules of this kernel tells whether it is there");
		doctor_next(d, "in a container or guest, load it outside; else: modprobe %s",
			    driver);
		break;
	}
}

/* ---- IOMMU ---- */

static void
set_found(struct doctor *d, const char *path, const char *name)
{
	(void)path;
	(void)name;
	d->found++;
}

static unsigned int
count_in(const struct doctor *d, const char *path)
{
	struct doctor counter = {.root = d->root};

	doctor_each(&counter, path, set_found);
	return counter.found;
}

bool
doctor_iommu(const struct doctor *d)
{
	return count_in(d, "/sys/class/iommu") > 0;
}

enum doctor_mode
doctor_without_iommu(const struct doctor *d)
{
	char mode[8];

	doctor_line(d, mode, sizeof(mode), WITHOUT_IOMMU);
	return mode[0] == '\0'                    ? DOCTOR_NONE
	       : mode[0] == 'Y' || mode[0] == '1' ? DOCTOR_ON
						  : DOCTOR_OFF;
}

static void
iommu_say(struct doctor *d)
{
	char line[4096];

	if (doctor_iommu(d)) {
		doctor_say(d, DOCTOR_OK, "IOMMU", "in use, %u groups: devices reach what they may",
			   count_in(d, "/sys/kernel/iommu_groups"));
		return;
	}
	doctor_say(d, DOCTOR_NOTE, "IOMMU",
		   "none in use: vfio-pci takes no device, except in its mode without one");
	doctor_line(d, line, sizeof(line), "/proc/cmdline");
	if (strstr(line, "iommu=off") != NULL)
		doctor_next(d, "boot without iommu=off");
	else if (strstr(line, "intel_iommu=on") != NULL)
		doctor_next(d, "switch on VT-d in the firmware, or give the guest an IOMMU");
	else
		doctor_next(d, "switch on VT-d in the firmware, boot with intel_iommu=on; or use "
			       "uio_pci_generic as root with huge pages");
}

static void
without_iommu_say(struct doctor *d)
{
	enum doctor_mode mode = doctor_without_iommu(d);

	if (doctor_iommu(d) || mode == DOCTOR_NONE)
		return;
	if (mode == DOCTOR_ON) {
		doctor_say(d, DOCTOR_NOTE, "vfio without IOMMU",
			   "on: devices may write to all memory; for root, with huge pages");
		return;
	}
	doctor_say(d, DOCTOR_NOTE, "vfio without IOMMU", "off");
	doctor_next(d, "where that is acceptable, as root: echo 1 > " WITHOUT_IOMMU);
}

/* ---- VFIO, UIO ---- */

static void
container_say(struct doctor *d)
{
	if (!doctor_has(d, "/dev/vfio/vfio"))
		return;
	if (doctor_may(d, R_OK | W_OK, "/dev/vfio/vfio")) {
		doctor_say(d, DOCTOR_OK, "/dev/vfio/vfio", "this user may open it");
		return;
	}
	doctor_say(d, doctor_missing(d, DOCTOR_PCI), "/dev/vfio/vfio", "not for this user");
	doctor_next(d, "as root: chmod 666 /dev/vfio/vfio, as udev has it (it grants nothing by "
		       "itself)");
}

void
doctor_kernel(struct doctor *d)
{
	enum module vfio = module_find(d, "vfio-pci", "vfio_pci");
	enum module uio = module_find(d, "uio_pci_generic", "uio_pci_generic");
	enum doctor_state bad = doctor_missing(d, DOCTOR_PCI);

	d->about = "Kernel";
	iommu_say(d);
	without_iommu_say(d);
	if (vfio == MODULE_RUNS)
		doctor_say(d, DOCTOR_OK, "vfio-pci", "loaded");
	/* One of the two is enough. */
	module_say(d, "vfio-pci", vfio, uio == MODULE_RUNS ? DOCTOR_NOTE : bad);
	container_say(d);
	if (uio == MODULE_RUNS)
		doctor_say(d, DOCTOR_OK, "uio_pci_generic",
			   "loaded: without an IOMMU, for root with huge pages");
	module_say(d, "uio_pci_generic", uio, DOCTOR_NOTE);
}
