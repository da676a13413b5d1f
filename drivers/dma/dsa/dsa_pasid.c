/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* PASIDs, address translation and page requests in configuration space, sections 2.4 and 2.5. For a
 * device that is called, this driver is also what the kernel is for one on a bus.
 */

#include <errno.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "dsa_hw.h"
#include "dsa_pasid.h"

/* Extended capabilities begin here, in a list; it cannot be longer than that. */
#define EXTENDED     0x100
#define EXTENDED_MAX 64
#define CONFIG_BYTES 4096

#define CAP_ATS   0x000f
#define CAP_PRS   0x0013
#define CAP_PASID 0x001b

/* In the capability: where, how wide, what. */
#define ATS_CONTROL      6
#define ATS_ENABLE       0x8000
#define PASID_CONTROL    6
#define PASID_ENABLE     0x0001
#define PRS_CONTROL      4
#define PRS_ENABLE       0x0001
#define PRS_CAPACITY     8
#define PRS_ALLOCATION   12

/* Offset of a capability, 0: there is none. */
static uint16_t
find_cap(const struct dsa *dsa, uint16_t id)
{
	uint32_t head, at = EXTENDED;
	unsigned int i;

	for (i = 0; i < EXTENDED_MAX && at >= EXTENDED && at < CONFIG_BYTES; i++) {
		if (access_config_read(dsa->access, (uint16_t)at, &head, sizeof(head)) < 0)
			return 0;
		head = rte_le_to_cpu_32(head);
		if ((head & UINT16_MAX) == id)
			return (uint16_t)at;
		at = head >> 20;
	}
	return 0;
}

static int
read16(const struct dsa *dsa, unsigned int off, uint16_t *value)
{
	int ret = access_config_read(dsa->access, (uint16_t)off, value, sizeof(*value));

	*value = rte_le_to_cpu_16(*value);
	return ret;
}

static int
write16(const struct dsa *dsa, unsigned int off, uint16_t value)
{
	value = rte_cpu_to_le_16(value);
	return access_config_write(dsa->access, (uint16_t)off, &value, sizeof(value));
}

/* Switch a bit of a capability, when the device has that: 0, or a negative errno. */
static int
set_bit(const struct dsa *dsa, uint16_t cap, unsigned int control, uint16_t bit, bool on)
{
	uint16_t at = find_cap(dsa, cap), value;
	int ret;

	if (at == 0)
		return -ENOTSUP;
	ret = read16(dsa, at + control, &value);
	if (ret < 0)
		return ret;
	return write16(dsa, at + control, (uint16_t)(on ? value | bit : value & ~bit));
}

static bool
needed(const struct dsa *dsa)
{
	return dsa->args.shared || dsa->args.sva;
}

/* As many page requests at once as the device can have. */
static int
enable_page_requests(const struct dsa *dsa)
{
	uint16_t at = find_cap(dsa, CAP_PRS);
	uint32_t capacity;
	int ret;

	if (at == 0)
		return -ENOTSUP;
	ret = access_config_read(dsa->access, at + PRS_CAPACITY, &capacity, sizeof(capacity));
	if (ret == 0)
		ret = access_config_write(dsa->access, at + PRS_ALLOCATION, &capacity,
					  sizeof(capacity));
	if (ret == 0)
		ret = set_bit(dsa, CAP_ATS, ATS_CONTROL, ATS_ENABLE, true);
	return ret == 0 ? set_bit(dsa, CAP_PRS, PRS_CONTROL, PRS_ENABLE, true) : ret;
}

static int
enable_here(struct dsa *dsa)
{
	unsigned int i;
	int ret = set_bit(dsa, CAP_PASID, PASID_CONTROL, PASID_ENABLE, true);

	if (ret < 0) {
		DSA_LOG(ERR, dsa->name, "device argument %s: the device knows no PASIDs; "
					"accepted: mode=dedicated,sva=0",
			dsa->args.shared ? "mode=shared" : "sva=1");
		return ret;
	}
	/* Pages of a process may have to be brought first: whoever can wait for them does. */
	if (!dsa->args.sva || REG_GET(DSA_GENCAP_BLOCK_ON_FAULT, dsa->caps.gencap) == 0)
		return 0;
	if (enable_page_requests(dsa) < 0)
		return 0;
	for (i = 0; i < dsa->nb_wqs; i++)
		dsa->wqs[i].block_on_fault = true;
	return 0;
}

/* ---- On a bus ---- */

/* Has the system turned PASIDs on? */
static bool
is_enabled(const struct dsa *dsa)
{
	uint16_t at = find_cap(dsa, CAP_PASID), value = 0;

	return at != 0 && read16(dsa, at + PASID_CONTROL, &value) == 0 &&
	       (value & PASID_ENABLE) != 0;
}

/* Of a device that a user has for himself, PASIDs are turned on in its configuration space. */
static const char *
missing_text(enum portal_missing missing)
{
	if (missing == PORTAL_MISSING_PASID)
		return "the system has not turned PASIDs on in the device's configuration space";
	return portal_missing_text(missing);
}

static void
log_missing(const struct dsa *dsa, unsigned int missing)
{
	unsigned int bit;

	for (bit = 1; bit != 0 && bit <= missing; bit <<= 1) {
		if (missing & bit)
			DSA_LOG(ERR, dsa->name, "device argument mode=%s: %s; accepted: %s",
				dsa->args.shared ? "shared" : "dedicated",
				missing_text((enum portal_missing)bit),
				dsa->args.shared ? "dedicated" : "another CPU");
	}
}

int
dsa_pasid_check_portal(const struct dsa *dsa)
{
	const struct portal_setting setting = {
		.features = portal_features(),
		.mapped = true,
		.pasid = is_enabled(dsa),
		.dedicated = !dsa->args.shared,
	};
	enum portal_level level =
		dsa->args.shared ? PORTAL_LEVEL_SHARED_USER : PORTAL_LEVEL_DEDICATED;
	unsigned int missing = portal_missing(&setting, level);

	log_missing(dsa, missing);
	if (missing != 0)
		return -ENOTSUP;
	if (dsa->args.sva) {
		DSA_LOG(ERR, dsa->name,
			"device argument sva=1: nobody has bound this process to a PASID of the "
			"device; accepted: 0, or a work queue of the kernel's by "
			"--vdev=dma_dsa0,at=/dev/dsa/wqD.Q");
		return -ENOTSUP;
	}
	return 0;
}

/* ---- */

int
dsa_pasid_enable(struct dsa *dsa)
{
	/* Whoever had the device before may have left them on. */
	dsa_pasid_disable(dsa);
	return needed(dsa) && dsa->args.at != DSA_AT_BUS ? enable_here(dsa) : 0;
}

void
dsa_pasid_disable(struct dsa *dsa)
{
	if (dsa->args.at == DSA_AT_BUS)
		return;
	set_bit(dsa, CAP_PRS, PRS_CONTROL, PRS_ENABLE, false);
	set_bit(dsa, CAP_ATS, ATS_CONTROL, ATS_ENABLE, false);
	set_bit(dsa, CAP_PASID, PASID_CONTROL, PASID_ENABLE, false);
}
