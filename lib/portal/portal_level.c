/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "slipway_portal.h"

/* What posting and submitting need; of a model, only the mode. */
static unsigned int
missing_dedicated(const struct portal_setting *s)
{
	unsigned int missing = s->dedicated ? 0 : PORTAL_MISSING_DEDICATED;

	if (!s->model && (s->features & PORTAL_CPU_MOVDIR64B) == 0)
		missing |= PORTAL_MISSING_MOVDIR64B;
	if (!s->model && !s->mapped)
		missing |= PORTAL_MISSING_MAPPING;
	return missing;
}

static unsigned int
missing_shared(const struct portal_setting *s)
{
	unsigned int missing = s->dedicated ? PORTAL_MISSING_SHARED : 0;

	if (s->model)
		return missing;
	if ((s->features & PORTAL_CPU_ENQCMD) == 0)
		missing |= PORTAL_MISSING_ENQCMD;
	if (!s->pasid)
		missing |= PORTAL_MISSING_PASID;
	if (!s->mapped)
		missing |= PORTAL_MISSING_MAPPING;
	return missing;
}

/* The kernel binds the file to a PASID, whichever way commands come. */
static unsigned int
missing_write(const struct portal_setting *s)
{
	return (s->writable ? 0 : PORTAL_MISSING_WRITE) | (s->pasid ? 0 : PORTAL_MISSING_PASID);
}

unsigned int
portal_missing(const struct portal_setting *s, enum portal_level level)
{
	switch (level) {
	case PORTAL_LEVEL_DEDICATED:
		return missing_dedicated(s);
	case PORTAL_LEVEL_SHARED_USER:
		return missing_shared(s);
	case PORTAL_LEVEL_KERNEL_WRITE:
		return missing_write(s);
	default:
		return 0;
	}
}

enum portal_level
portal_level(const struct portal_setting *s)
{
	static const enum portal_level best[] = {
		PORTAL_LEVEL_DEDICATED,
		PORTAL_LEVEL_SHARED_USER,
		PORTAL_LEVEL_KERNEL_WRITE,
	};

	for (size_t i = 0; i < sizeof(best) / sizeof(best[0]); i++)
		if (portal_missing(s, best[i]) == 0)
			return best[i];
	return PORTAL_LEVEL_NONE;
}

const char *
portal_missing_text(enum portal_missing missing)
{
	switch (missing) {
	case PORTAL_MISSING_MOVDIR64B:
		return "this CPU has no MOVDIR64B (CPUID leaf 7, ecx bit 28)";
	case PORTAL_MISSING_ENQCMD:
		return "this CPU has no ENQCMD (CPUID leaf 7, ecx bit 29)";
	case PORTAL_MISSING_PASID:
		return "the system gives processes no PASID (sysfs pasid_enabled is 0; boot with "
		       "intel_iommu=on,sm_on)";
	case PORTAL_MISSING_MAPPING:
		return "no portal is mapped (mmap of the char device needs CAP_SYS_RAWIO)";
	case PORTAL_MISSING_DEDICATED:
		return "the work queue is shared (sysfs mode)";
	case PORTAL_MISSING_SHARED:
		return "the work queue is dedicated (sysfs mode)";
	case PORTAL_MISSING_WRITE:
		return "the kernel takes no descriptors by write() (it does from 6.9 on)";
	default:
		return "nothing";
	}
}
