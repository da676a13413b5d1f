/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_sysfs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dsa_kernel.h"
#include "dsa_priv.h"

/* Words of an operation bitmap as newer kernels print it. */
#define OP_WORDS 8

/* ---- Attributes ---- */

static void
attribute_path(const struct dsa_sysfs *s, bool of_wq, const char *attribute, char path[PATH_MAX])
{
	int n = of_wq ? snprintf(path, PATH_MAX, "%s/wq%u.%u/%s", s->root, s->device, s->wq,
				 attribute)
		      : snprintf(path, PATH_MAX, "%s/dsa%u/%s", s->root, s->device, attribute);

	if (n < 0 || n >= PATH_MAX)
		path[0] = '\0';
}

/* Its first line: 0, or a negative errno and an empty one. */
static int
attribute_get(const struct dsa_sysfs *s, bool of_wq, const char *attribute,
	      char value[DSA_SYSFS_VALUE])
{
	char path[PATH_MAX];
	FILE *file;
	int ret = 0;

	value[0] = '\0';
	attribute_path(s, of_wq, attribute, path);
	file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	if (fgets(value, DSA_SYSFS_VALUE, file) == NULL) {
		value[0] = '\0';
		ret = ferror(file) ? -EIO : 0;
	}
	value[strcspn(value, "\n")] = '\0';
	fclose(file);
	return ret;
}

/* A number, in the base that its first characters say; one that is not there is logged. */
static int
number_get(const struct dsa_sysfs *s, bool of_wq, const char *attribute, uint64_t most,
	   uint64_t *number)
{
	char value[DSA_SYSFS_VALUE], *end;
	int ret = attribute_get(s, of_wq, attribute, value);

	errno = 0;
	*number = ret == 0 ? strtoull(value, &end, 0) : 0;
	if (ret == 0 && (end == value || *end != '\0' || errno != 0 || *number > most))
		ret = -EINVAL;
	if (ret < 0)
		DSA_LOG(ERR, s->name, "sysfs %s of %s%u is \"%s\"; accepted: 0..%" PRIu64,
			attribute, of_wq ? "work queue " : "dsa", of_wq ? s->wq : s->device,
			ret == -EINVAL ? value : strerror(-ret), most);
	return ret;
}

/* ---- Judging ---- */

/* An attribute, the only value that will do, and how to get there. */
static const struct {
	const char *attribute, *value, *how;
	bool of_wq;
	bool may_lack; /* older kernels have none */
} wanted[] = {
	{"state", "enabled", "accel-config enable-device dsa%u", false, false},
	{"pasid_enabled", "1", "boot with intel_iommu=on,sm_on (device dsa%u)", false, false},
	{"type", "user", "accel-config config-wq dsa%u/wq%u.%u --type=user", true, false},
	{"driver_name", "user", "accel-config config-wq dsa%u/wq%u.%u --driver-name=user", true,
	 true},
	{"state", "enabled", "accel-config enable-wq dsa%u/wq%u.%u", true, false},
};

static void
tell(const struct dsa_sysfs *s, bool of_wq, const char *attribute, const char *is,
     const char *accepted, const char *how)
{
	char text[128];

	/* One of the formats in this file. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), how, s->device, s->device, s->wq);
#pragma GCC diagnostic pop
	if (of_wq)
		DSA_LOG(ERR, s->name, "sysfs %s of wq%u.%u is \"%s\"; accepted: %s (%s)", attribute,
			s->device, s->wq, is, accepted, text);
	else
		DSA_LOG(ERR, s->name, "sysfs %s of dsa%u is \"%s\"; accepted: %s (%s)", attribute,
			s->device, is, accepted, text);
}

static unsigned int
judge_words(const struct dsa_sysfs *s)
{
	char value[DSA_SYSFS_VALUE];
	unsigned int wrong = 0;
	int ret;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		ret = attribute_get(s, wanted[i].of_wq, wanted[i].attribute, value);
		if (ret == -ENOENT && wanted[i].may_lack)
			continue;
		if (ret == 0 && strcmp(value, wanted[i].value) == 0)
			continue;
		tell(s, wanted[i].of_wq, wanted[i].attribute, ret < 0 ? strerror(-ret) : value,
		     wanted[i].value, wanted[i].how);
		wrong++;
	}
	return wrong;
}

/* What an enabled queue has; of one that is not, these say why it cannot be enabled. */
static unsigned int
judge_rest(const struct dsa_sysfs *s)
{
	char value[DSA_SYSFS_VALUE], mode[DSA_SYSFS_VALUE];
	unsigned int wrong = 0;

	if (attribute_get(s, true, "group_id", value) < 0 || strtol(value, NULL, 0) < 0) {
		tell(s, true, "group_id", value, "the number of a group",
		     "accel-config config-wq dsa%u/wq%u.%u --group-id=0");
		wrong++;
	}
	if (attribute_get(s, true, "name", value) < 0 || value[0] == '\0') {
		tell(s, true, "name", "", "a name of 1 to 1024 characters",
		     "accel-config config-wq dsa%u/wq%u.%u --name=NAME");
		wrong++;
	}
	if (attribute_get(s, true, "size", value) < 0 || strtol(value, NULL, 0) <= 0) {
		tell(s, true, "size", value, "1 or more",
		     "accel-config config-wq dsa%u/wq%u.%u --wq-size=16");
		wrong++;
	}
	if (attribute_get(s, true, "mode", mode) < 0 ||
	    (strcmp(mode, "dedicated") != 0 && strcmp(mode, "shared") != 0)) {
		tell(s, true, "mode", mode, "dedicated, shared",
		     "accel-config config-wq dsa%u/wq%u.%u --mode=dedicated");
		wrong++;
	} else if (strcmp(mode, "shared") == 0 &&
		   (attribute_get(s, true, "threshold", value) < 0 ||
		    strtol(value, NULL, 0) <= 0)) {
		tell(s, true, "threshold", value, "1 to size, better size - 1",
		     "accel-config config-wq dsa%u/wq%u.%u --threshold=15");
		wrong++;
	}
	return wrong;
}

int
dsa_sysfs_judge(const struct dsa_sysfs *s)
{
	char path[PATH_MAX];

	attribute_path(s, true, "", path);
	if (access(path, F_OK) < 0) {
		DSA_LOG(ERR, s->name,
			"there is no %s: %s; is the module idxd loaded, and has it this queue "
			"(accel-config list -i)?",
			path, strerror(errno));
		return -ENODEV;
	}
	return judge_words(s) + judge_rest(s) == 0 ? 0 : -EINVAL;
}

bool
dsa_sysfs_pasid(const struct dsa_sysfs *s)
{
	char value[DSA_SYSFS_VALUE];

	return attribute_get(s, false, "pasid_enabled", value) == 0 && strcmp(value, "1") == 0;
}

/* ---- Reading ---- */

/* 32-bit words with commas between, the highest first; older kernels print four of 64 bits, with
 * spaces between, the lowest first.
 */
static int
operations_get(const struct dsa_sysfs *s, bool of_wq, const char *attribute, uint64_t opcap[4])
{
	char value[DSA_SYSFS_VALUE], *at = value, *end;
	uint64_t words[OP_WORDS];
	unsigned int n = 0;
	int ret = attribute_get(s, of_wq, attribute, value);
	bool wide = strchr(value, ',') == NULL && strchr(value, ' ') != NULL;

	for (; ret == 0 && n < OP_WORDS && *at != '\0'; n++) {
		words[n] = strtoull(at, &end, 16);
		if (end == at)
			return -EINVAL;
		at = end + (*end == ',' || *end == ' ');
	}
	for (unsigned int i = 0; i < 4; i++)
		opcap[i] = 0;
	for (unsigned int i = 0; i < n; i++) {
		unsigned int place = wide ? i : n - 1 - i;

		if (wide && i < 4)
			opcap[i] = words[i];
		else if (!wide)
			opcap[place / 2] |= (words[i] & UINT32_MAX) << place % 2 * 32;
	}
	return ret;
}

/* What a queue may do is its own word where it has one. */
static int
operations_read(const struct dsa_sysfs *s, struct dsa_wq *wq)
{
	uint64_t of_wq[4];
	int ret = operations_get(s, false, "op_cap", wq->opcap);

	if (ret < 0) {
		DSA_LOG(ERR, s->name, "sysfs op_cap of dsa%u cannot be read: %s", s->device,
			strerror(-ret));
		return ret;
	}
	if (operations_get(s, true, "op_config", of_wq) == 0)
		for (unsigned int i = 0; i < 4; i++)
			wq->opcap[i] &= of_wq[i];
	return 0;
}

static int
wq_read(const struct dsa_sysfs *s, struct dsa_wq *wq)
{
	uint64_t size, threshold = 0, batch = 1, transfer;
	char mode[DSA_SYSFS_VALUE], value[DSA_SYSFS_VALUE];
	int ret = attribute_get(s, true, "mode", mode);

	wq->dedicated = strcmp(mode, "dedicated") == 0;
	if (ret == 0)
		ret = number_get(s, true, "size", UINT16_MAX, &size);
	if (ret == 0 && !wq->dedicated)
		ret = number_get(s, true, "threshold", size, &threshold);
	if (ret == 0)
		ret = number_get(s, true, "max_transfer_size", UINT64_C(1) << 46, &transfer);
	/* Not there where the device has no batches. */
	if (ret == 0 && attribute_get(s, true, "max_batch_size", value) == 0)
		ret = number_get(s, true, "max_batch_size", UINT32_C(1) << 15, &batch);
	if (ret < 0)
		return ret;
	wq->size = (uint32_t)size;
	wq->threshold = (uint32_t)threshold;
	wq->max_transfer = transfer;
	wq->max_batch = batch > 0 ? (uint32_t)batch : 1;
	wq->block_on_fault = attribute_get(s, true, "block_on_fault", value) == 0 &&
			     strcmp(value, "1") == 0;
	return 0;
}

int
dsa_sysfs_read(const struct dsa_sysfs *s, struct dsa_wq *wq, struct dsa_kernel_device *device)
{
	char node[DSA_SYSFS_VALUE];
	uint64_t version;
	int ret = wq_read(s, wq);

	if (ret == 0)
		ret = operations_read(s, wq);
	if (ret == 0)
		ret = number_get(s, false, "gen_cap", UINT64_MAX, &wq->gencap);
	if (ret == 0)
		ret = number_get(s, false, "version", UINT32_MAX, &version);
	if (ret < 0)
		return ret;
	device->version = (uint32_t)version;
	device->numa_node = -1;
	if (attribute_get(s, false, "numa_node", node) == 0)
		device->numa_node = (int)strtol(node, NULL, 0);
	return 0;
}
