/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"
#include "doctor_read.h"

/* DPDK, and our driver for it. */

#define EAL    "librte_eal.so."
#define DRIVER "librte_event_dlb.so"
/* "DIR/dpdk/pmds-23.0". */
#define PMDS "dpdk/pmds-"

#if defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#else
#define MULTIARCH "x86_64-linux-gnu"
#endif

/* Where distributions and builds put libraries. */
static const char *const library_dirs[] = {
	"/usr/lib/" MULTIARCH,
	"/usr/local/lib/" MULTIARCH,
	"/usr/lib64",
	"/usr/local/lib64",
	"/usr/lib",
	"/usr/local/lib",
};

/* ---- DPDK ---- */

/* "librte_eal.so.23.0": a DPDK of ABI 23.0. */
static void
eal_visit(struct doctor *d, const char *path, const char *name)
{
	char pc[PATH_MAX], version[64], year[16];
	const char *abi = name + strlen(EAL);
	bool ours;

	if (strncmp(name, EAL, strlen(EAL)) != 0 || strchr(abi, '.') == NULL)
		return;
	snprintf(pc, sizeof(pc), "%s/pkgconfig/libdpdk.pc", path);
	/* Only the files for developers name the version; the ABI names its year. */
	if (!doctor_find(d, pc, "Version:", version, sizeof(version)))
		snprintf(version, sizeof(version), "%ld.11 or later", strtol(abi, NULL, 10) - 1);
	snprintf(year, sizeof(year), "%ld.", strtol(SLIPWAY_DPDK_ABI, NULL, 10));
	ours = strncmp(abi, year, strlen(year)) == 0;
	d->found += ours;
	doctor_say(d, ours ? DOCTOR_OK : DOCTOR_NOTE, "DPDK", "%s, ABI %s, in %s%s", version, abi,
		   path, ours ? "" : ": this slipway is built for ABI " SLIPWAY_DPDK_ABI);
	if (!ours)
		doctor_next(d, "build slipway against that DPDK, or use its programs without "
			       "event_dlb");
}

static void
dpdk_say(struct doctor *d)
{
	d->found = 0;
	for (size_t i = 0; i < sizeof(library_dirs) / sizeof(library_dirs[0]); i++)
		doctor_each(d, library_dirs[i], eal_visit);
	if (d->found > 0)
		return;
	doctor_say(d, DOCTOR_PROBLEM, "DPDK", "no libraries of ABI " SLIPWAY_DPDK_ABI);
	doctor_next(d, "devtools/setup.sh, or on Debian 12: apt-get install dpdk");
}

/* ---- Our driver ---- */

/* Where EAL refuses a driver named by its path: may everybody write to a directory above it? */
static bool
world_writable(const struct doctor *d, const char *path)
{
	char part[PATH_MAX], root[PATH_MAX], *slash;
	struct stat st;

	if (realpath(path, part) == NULL ||
	    realpath(d->root[0] == '\0' ? "/" : d->root, root) == NULL)
		return false;
	while ((slash = strrchr(part, '/')) != part && slash != NULL) {
		*slash = '\0';
		if (strcmp(part, root) == 0)
			break;
		if (stat(part, &st) == 0 && (st.st_mode & S_IWOTH) != 0)
			return true;
	}
	return false;
}

static bool
driver_look(struct doctor *d, const char *dir)
{
	char path[PATH_MAX];

	if (!doctor_has(d, "%s/" DRIVER, dir))
		return false;
	doctor_path(d, path, sizeof(path), "%s/" DRIVER, dir);
	if (world_writable(d, path)) {
		doctor_say(d, DOCTOR_NOTE, "event_dlb",
			   "%s/" DRIVER ": below a directory that everybody may write to", dir);
		doctor_next(d,
			    "LD_LIBRARY_PATH=%s and -d " DRIVER " without a path: EAL refuses "
			    "it with one",
			    dir);
	} else {
		doctor_say(d, DOCTOR_OK, "event_dlb", "-d %s/" DRIVER, dir);
	}
	return true;
}

/* The build directory that this program lies in: "build/app/slipway", "build/drivers". */
static bool
driver_built(struct doctor *d)
{
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (d->root[0] != '\0' || n <= 0)
		return false;
	self[n] = '\0';
	for (int up = 0; up < 2; up++) {
		slash = strrchr(self, '/');
		if (slash == NULL)
			return false;
		*slash = '\0';
	}
	if (strlen(self) + sizeof("/drivers") > sizeof(self))
		return false;
	strcat(self, "/drivers");
	return driver_look(d, self);
}

static void
driver_say(struct doctor *d)
{
	bool found = driver_built(d);
	char dir[PATH_MAX];

	found |= driver_look(d, SLIPWAY_LIBDIR "/pmds-" SLIPWAY_DPDK_ABI);
	for (size_t i = 0; i < sizeof(library_dirs) / sizeof(library_dirs[0]); i++) {
		snprintf(dir, sizeof(dir), "%s/" PMDS SLIPWAY_DPDK_ABI, library_dirs[i]);
		found |= driver_look(d, dir);
	}
	if (found)
		return;
	doctor_say(d, DOCTOR_PROBLEM, "event_dlb",
		   "no " DRIVER " beside this program, and none "
		   "installed");
	doctor_next(d, "ninja -C build, or meson install -C build");
}

/* What binds devices to kernel drivers; the one is of no use without the other. */
static void
tools_say(struct doctor *d)
{
	if (doctor_has(d, "/usr/bin/dpdk-devbind.py") && doctor_has(d, "/usr/bin/lspci")) {
		doctor_say(d, DOCTOR_OK, "dpdk-devbind.py", "there, and lspci, which it needs");
		return;
	}
	doctor_say(d, DOCTOR_NOTE, "dpdk-devbind.py", "%s is missing: it binds devices to drivers",
		   doctor_has(d, "/usr/bin/lspci") ? "dpdk-devbind.py" : "lspci");
	doctor_next(d, "on Debian, as root: apt-get install dpdk pciutils");
}

void
doctor_dpdk(struct doctor *d)
{
	d->about = "DPDK";
	dpdk_say(d);
	driver_say(d);
	tools_say(d);
}
