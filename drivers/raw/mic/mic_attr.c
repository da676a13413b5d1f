/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Attributes: section 26.2, each with the meaning that the file of sections 13.1 and 13.2 has.
 * Those that are text travel in struct rte_pmd_mic_info.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "mic_boot.h"
#include "mic_priv.h"
#include "mic_smpt.h"
#include "mic_state.h"

/* What may be written to `state`. */
#define STATE_BOOT     1
#define STATE_SHUTDOWN 2
#define STATE_RESET    3

struct attr {
	const char *name;
	const char *accepted; /* by set, in words; NULL: it cannot be set */
	uint64_t (*get)(struct mic *mic);                /* NULL: it cannot be read */
	int (*set)(struct mic *mic, uint64_t value); /* -ERANGE: not what is accepted */
};

static struct mic_status
status_of(struct mic *mic)
{
	struct mic_status status;

	mic_state_status(mic->dev, &status);
	return status;
}

static uint64_t
get_state(struct mic *mic)
{
	const struct mic_status status = status_of(mic);

	return (uint64_t)(int64_t)mic_state_number((enum mic_era)mic->conf.era, &status);
}

/* Section 13.1: in the early era only boot tells how it went. */
static int
set_state(struct mic *mic, uint64_t value)
{
	int ret;

	if (value == STATE_BOOT)
		return mic_boot_files(mic);
	if (value != STATE_SHUTDOWN && value != STATE_RESET)
		return -ERANGE;
	ret = value == STATE_SHUTDOWN ? mic_state_shutdown(mic->dev)
				      : mic_state_ask_reset(mic->dev);
	if (ret == 0 && value == STATE_RESET)
		mic->raw->started = 0;
	return mic->conf.era == RTE_PMD_MIC_ERA_A ? 0 : ret;
}

static uint64_t
get_shutdown_status(struct mic *mic)
{
	return status_of(mic).shutdown;
}

static uint64_t
get_family(struct mic *mic)
{
	return mic->device_id;
}

static uint64_t
get_stepping(struct mic *mic)
{
	return mic->revision;
}

static uint64_t
get_post_code(struct mic *mic)
{
	return status_of(mic).post & 0xffff;
}

static uint64_t
get_heartbeat_enable(struct mic *mic)
{
	return mic->conf.heartbeat;
}

static int
set_heartbeat_enable(struct mic *mic, uint64_t value)
{
	if (value > 1)
		return -ERANGE;
	mic->conf.heartbeat = (uint8_t)value;
	mic_state_set_heartbeat(mic->dev, value == 1);
	return 0;
}

static uint64_t
get_log_buf_addr(struct mic *mic)
{
	return mic->log_buf_addr;
}

static int
set_log_buf_addr(struct mic *mic, uint64_t value)
{
	mic->log_buf_addr = value;
	return 0;
}

static uint64_t
get_log_buf_len(struct mic *mic)
{
	return mic->log_buf_len;
}

static int
set_log_buf_len(struct mic *mic, uint64_t value)
{
	mic->log_buf_len = value;
	return 0;
}

static int
set_log_buf_read(struct mic *mic, uint64_t value)
{
	struct rte_pmd_mic_log *log = (struct rte_pmd_mic_log *)(uintptr_t)value;
	int ret;

	if (log == NULL || log->text == NULL)
		return -ERANGE;
	ret = mic_read_log(mic, log->text, log->size);
	log->len = ret < 0 ? 0 : (uint32_t)ret;
	return RTE_MIN(ret, 0);
}

static uint64_t
get_boot_addr(struct mic *mic)
{
	return mic_spad2_load_address(status_of(mic).spad2);
}

static uint64_t
get_fw_size(struct mic *mic)
{
	return mic_dev_read(mic->dev, MIC_SPAD_AT(5));
}

static uint64_t
get_fw_ready(struct mic *mic)
{
	return mic_spad2_is_ready(status_of(mic).spad2);
}

static uint64_t
get_aperture_size(struct mic *mic)
{
	return mic_dev_aperture_size(mic->dev);
}

static uint64_t
get_mmio_size(struct mic *mic)
{
	RTE_SET_USED(mic);
	return MIC_BAR4_BYTES;
}

static uint64_t
get_dp_addr(struct mic *mic)
{
	return mic_dev_read(mic->dev, MIC_SPAD_AT(14)) |
	       (uint64_t)mic_dev_read(mic->dev, MIC_SPAD_AT(15)) << 32;
}

static uint64_t
get_dp_layout(struct mic *mic)
{
	return mic->conf.era;
}

/* The other boot mode goes by another name then. */
static int
set_dp_layout(struct mic *mic, uint64_t value)
{
	struct rte_pmd_mic_info conf = mic->conf;

	if (value > RTE_PMD_MIC_ERA_D)
		return -ERANGE;
	conf.era = (enum rte_pmd_mic_era)value;
	if (conf.boot_mode != RTE_PMD_MIC_BOOT_LINUX)
		conf.boot_mode = value == RTE_PMD_MIC_ERA_A ? RTE_PMD_MIC_BOOT_ELF
							    : RTE_PMD_MIC_BOOT_FLASH;
	return mic_configure(mic, &conf);
}

static uint64_t
get_bootmode(struct mic *mic)
{
	return mic->conf.boot_mode;
}

static int
set_bootmode(struct mic *mic, uint64_t value)
{
	struct rte_pmd_mic_info conf = mic->conf;

	if (value > RTE_PMD_MIC_BOOT_FLASH)
		return -ERANGE;
	conf.boot_mode = (enum rte_pmd_mic_boot_mode)value;
	return mic_configure(mic, &conf);
}

static const struct attr attrs[] = {
	{"state", "1 boot, 2 shutdown, 3 reset", get_state, set_state},
	{"shutdown_status", NULL, get_shutdown_status, NULL},
	{"family", NULL, get_family, NULL},
	{"stepping", NULL, get_stepping, NULL},
	{"bootmode", "0 linux, 1 elf in era A, 2 flash in eras C and D", get_bootmode,
	 set_bootmode},
	{"post_code", NULL, get_post_code, NULL},
	{"heartbeat_enable", "0, 1", get_heartbeat_enable, set_heartbeat_enable},
	{"log_buf_addr", "any", get_log_buf_addr, set_log_buf_addr},
	{"log_buf_len", "any", get_log_buf_len, set_log_buf_len},
	{"log_buf_read", "the address of a struct rte_pmd_mic_log", NULL, set_log_buf_read},
	{"boot_addr", NULL, get_boot_addr, NULL},
	{"fw_size", NULL, get_fw_size, NULL},
	{"fw_ready", NULL, get_fw_ready, NULL},
	{"aperture_size", NULL, get_aperture_size, NULL},
	{"mmio_size", NULL, get_mmio_size, NULL},
	{"dp_addr", NULL, get_dp_addr, NULL},
	{"dp_layout", "0 era A, 1 era C, 2 era D, before the boot", get_dp_layout, set_dp_layout},
};

#define SMPT_ENTRY "smpt_entry_"

/* The number behind smpt_entry_, or -1. */
static int
smpt_entry(const char *name)
{
	unsigned long i;
	char *end;

	if (strncmp(name, SMPT_ENTRY, strlen(SMPT_ENTRY)) != 0)
		return -1;
	name += strlen(SMPT_ENTRY);
	i = strtoul(name, &end, 10);
	return *name >= '0' && *name <= '9' && *end == '\0' && i < MIC_SMPT_ENTRIES ? (int)i : -1;
}

static const struct attr *
find(const struct mic *mic, const char *name)
{
	size_t i;

	for (i = 0; i < RTE_DIM(attrs); i++) {
		if (strcmp(attrs[i].name, name) == 0)
			return &attrs[i];
	}
	MIC_LOG(ERR, mic->name,
		"attribute %s: unknown; accepted: those of doc/rawdevs/mic_attributes.rst, "
		"and " SMPT_ENTRY "0..31",
		name);
	return NULL;
}

int
mic_attr_get(struct rte_rawdev *raw, const char *name, uint64_t *value)
{
	struct mic *mic = mic_of_id(raw->dev_id);
	const struct attr *attr;
	uint64_t refs;

	if (mic == NULL || name == NULL || value == NULL)
		return mic == NULL ? -ENODEV : -EINVAL;
	if (smpt_entry(name) >= 0) {
		*value = mic_dev_smpt(mic->dev, (unsigned int)smpt_entry(name), &refs);
		return 0;
	}
	attr = find(mic, name);
	if (attr == NULL)
		return -EINVAL;
	if (attr->get == NULL) {
		MIC_LOG(ERR, mic->name, "attribute %s: cannot be read; accepted: set, to %s", name,
			attr->accepted);
		return -EACCES;
	}
	*value = attr->get(mic);
	return 0;
}

int
mic_attr_set(struct rte_rawdev *raw, const char *name, const uint64_t value)
{
	struct mic *mic = mic_of_id(raw->dev_id);
	const struct attr *attr;
	int ret;

	if (mic == NULL || name == NULL)
		return mic == NULL ? -ENODEV : -EINVAL;
	attr = smpt_entry(name) < 0 ? find(mic, name) : NULL;
	if (attr == NULL && smpt_entry(name) < 0)
		return -EINVAL;
	if (attr == NULL || attr->set == NULL) {
		MIC_LOG(ERR, mic->name, "attribute %s: cannot be set; accepted: get", name);
		return -EACCES;
	}
	ret = attr->set(mic, value);
	if (ret != -ERANGE)
		return ret;
	MIC_LOG(ERR, mic->name, "attribute %s: %" PRIu64 "; accepted: %s", name, value,
		attr->accepted);
	return -EINVAL;
}

int
mic_read_log(struct mic *mic, char *text, uint32_t size)
{
	if (mic->log_buf_addr == 0 || mic->log_buf_len == 0) {
		MIC_LOG(ERR, mic->name,
			"log: the attributes log_buf_addr and log_buf_len are not set; accepted: "
			"the addresses of __log_buf and log_buf_len in the image's System.map");
		return -EINVAL;
	}
	return mic_state_log(mic->dev, mic->log_buf_addr, mic->log_buf_len, text, size);
}
