/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "bus_relax.h"
#include "dsa_layout.h"
#include "fds.h"
#include "idxd_priv.h"
#include "sys.h"

/* What idxd does to a device's registers (datasheet section 20.6), in its order. */

/* Where to find what in configuration space (section 2.4). */
#define PCI_COMMAND        0x04
#define PCI_COMMAND_ENABLE 0x06 /* memory, bus master */
#define PCI_EXTENDED       0x100
#define EXT_ATS            0x0f
#define EXT_PRS            0x13
#define EXT_PASID          0x1b
#define CAPABILITIES_MAX   48

/* Reads of CMDSTATUS, each of which steps the device, before a command is given up. */
#define COMMAND_READS 10000000

static struct state {
	unsigned int starts;
	int event; /* hidden; -1 for none */
	struct dsa_layout layout;
} states[DEVICE_MAX];

/* ---- Configuration space ---- */

static uint32_t
config_get(struct device *dev, unsigned int off, size_t len)
{
	uint32_t value = 0;

	device_config(dev, (uint16_t)off, &value, len, false);
	return value;
}

static void
config_set(struct device *dev, unsigned int off, size_t len, uint32_t value)
{
	device_config(dev, (uint16_t)off, &value, len, true);
}

static unsigned int
capability_find(struct device *dev, unsigned int id)
{
	unsigned int at = PCI_EXTENDED;

	for (unsigned int n = 0; at != 0 && n < CAPABILITIES_MAX; n++) {
		uint32_t head = config_get(dev, at, 4);

		if ((head & 0xffff) == id)
			return at;
		at = head >> 20;
	}
	return 0;
}

/* What the IOMMU's driver turns on for a device whose users have address spaces of their own. */
static void
config_enable(struct device *dev)
{
	unsigned int pasid = capability_find(dev, EXT_PASID), ats = capability_find(dev, EXT_ATS);
	unsigned int prs = capability_find(dev, EXT_PRS);

	config_set(dev, PCI_COMMAND, 2, PCI_COMMAND_ENABLE);
	if (pasid != 0)
		config_set(dev, pasid + 6, 2, 0x5); /* on, privileged mode too */
	if (prs != 0) {
		config_set(dev, prs + 12, 4, config_get(dev, prs + 8, 4));
		config_set(dev, prs + 4, 2, 0x1);
	}
	if (ats != 0)
		config_set(dev, ats + 6, 2, 0x8000);
}

/* ---- Registers ---- */

static uint64_t
reg_get(unsigned int device, enum dsa_reg reg, uint32_t i, uint32_t word, unsigned int size)
{
	return device_bar_read(idxd_device(device), 0,
			       dsa_layout_offset(&states[device].layout, reg, i, word), size);
}

static void
reg_set(unsigned int device, enum dsa_reg reg, uint32_t i, uint32_t word, unsigned int size,
	uint64_t value)
{
	device_bar_write(idxd_device(device), 0,
			 dsa_layout_offset(&states[device].layout, reg, i, word), value, size);
}

static void
layout_find(unsigned int device)
{
	struct device *dev = idxd_device(device);
	/* These lie where they lie. */
	const struct reg_row *rows = dsa_reg_rows;
	struct dsa_layout_caps caps = {
		.version = (uint32_t)device_bar_read(dev, 0, rows[DSA_VERSION].offset[0], 4),
		.gencap = device_bar_read(dev, 0, rows[DSA_GENCAP].offset[0], 8),
		.wqcap = device_bar_read(dev, 0, rows[DSA_WQCAP].offset[0], 8),
		.grpcap = device_bar_read(dev, 0, rows[DSA_GRPCAP].offset[0], 8),
		.offsets = {device_bar_read(dev, 0, rows[DSA_OFFSETS0].offset[0], 8),
			    device_bar_read(dev, 0, rows[DSA_OFFSETS1].offset[0], 8)},
	};

	states[device].layout = dsa_layout_of(&caps);
}

/* 0, or -ENXIO with the device's answer in cmd_status. */
static int
command(unsigned int device, enum dsa_command code, uint32_t operand)
{
	uint32_t status = 0;

	reg_set(device, DSA_CMD, 0, 0, 4,
		REG_PUT(DSA_CMD_CODE, code) | REG_PUT(DSA_CMD_OPERAND, operand));
	for (unsigned int n = 0; n < COMMAND_READS; n++) {
		status = (uint32_t)reg_get(device, DSA_CMDSTATUS, 0, 0, 4);
		if (REG_GET(DSA_CMDSTATUS_ACTIVE, status) == 0)
			break;
		bus_relax(n);
	}
	if (REG_GET(DSA_CMDSTATUS_ACTIVE, status) != 0)
		return -ETIMEDOUT;
	if (REG_GET(DSA_CMDSTATUS_ERROR, status) == 0)
		return 0;
	idxd_status(device, (uint32_t)REG_GET(DSA_CMDSTATUS_ERROR, status));
	return -ENXIO;
}

static unsigned int
shift_of(long long number)
{
	unsigned int shift = 0;

	while (number > 1) {
		number >>= 1;
		shift++;
	}
	return shift;
}

static void
wq_write(unsigned int device, unsigned int wq, bool bound)
{
	struct idxd_object o;
	bool dedicated;
	uint64_t dw2;

	idxd_at(IDXD_WQ, device, wq, &o);
	dedicated = idxd_is(&o, "mode", "dedicated");
	dw2 = REG_PUT(DSA_WQCFG_DW2_MODE, dedicated) |
	      REG_PUT(DSA_WQCFG_DW2_BOF_EN, idxd_number(&o, "block_on_fault", 0) != 0) |
	      REG_PUT(DSA_WQCFG_DW2_ATS_DISABLE, idxd_number(&o, "ats_disable", 0) != 0) |
	      REG_PUT(DSA_WQCFG_DW2_PRIORITY, idxd_number(&o, "priority", 0));
	/* A shared one has the PASIDs of its users; a dedicated one that of who has it open. */
	if (!dedicated || bound)
		dw2 |= REG_PUT(DSA_WQCFG_DW2_PASID_EN, 1);
	if (dedicated && bound)
		dw2 |= REG_PUT(DSA_WQCFG_DW2_PASID, IDXD_PASID);
	reg_set(device, DSA_WQCFG_DW0, wq, 0, 4, (uint64_t)idxd_number(&o, "size", 0));
	reg_set(device, DSA_WQCFG_DW1, wq, 0, 4, (uint64_t)idxd_number(&o, "threshold", 0));
	reg_set(device, DSA_WQCFG_DW2, wq, 0, 4, dw2);
	reg_set(device, DSA_WQCFG_DW3, wq, 0, 4,
		REG_PUT(DSA_WQCFG_DW3_MAX_XFER_SHIFT,
			shift_of(idxd_number(&o, "max_transfer_size", 1))) |
			REG_PUT(DSA_WQCFG_DW3_MAX_BATCH_SHIFT,
				shift_of(idxd_number(&o, "max_batch_size", 1))));
}

static uint64_t
members(unsigned int device, enum idxd_kind kind, unsigned int count, unsigned int group)
{
	struct idxd_object o;
	uint64_t bits = 0;

	for (unsigned int i = 0; i < count && i < 64; i++) {
		idxd_at(kind, device, i, &o);
		if (idxd_number(&o, "group_id", -1) == group)
			bits |= UINT64_C(1) << i;
	}
	return bits;
}

static void
group_write(unsigned int device, unsigned int group, const struct idxd_object *of)
{
	unsigned int wqs = (unsigned int)idxd_number(of, "max_work_queues", 0);
	unsigned int engines = (unsigned int)idxd_number(of, "max_engines", 0);
	struct idxd_object o;

	idxd_at(IDXD_GROUP, device, group, &o);
	reg_set(device, DSA_GRPWQCFG, group, 0, 8, members(device, IDXD_WQ, wqs, group));
	for (unsigned int word = 1; word < 4; word++)
		reg_set(device, DSA_GRPWQCFG, group, word, 8, 0);
	reg_set(device, DSA_GRPENGCFG, group, 0, 8, members(device, IDXD_ENGINE, engines, group));
	reg_set(device, DSA_GRPFLAGS, group, 0, 8,
		REG_PUT(DSA_GRPFLAGS_TC_A, idxd_number(&o, "traffic_class_a", 1)) |
			REG_PUT(DSA_GRPFLAGS_TC_B, idxd_number(&o, "traffic_class_b", 1)) |
			REG_PUT(DSA_GRPFLAGS_USE_GLOBAL_RB_LIMIT,
				idxd_number(&o, "use_read_buffer_limit", 0)) |
			REG_PUT(DSA_GRPFLAGS_RB_RESERVED,
				idxd_number(&o, "read_buffers_reserved", 0)) |
			REG_PUT(DSA_GRPFLAGS_RB_ALLOWED,
				idxd_number(&o, "read_buffers_allowed", 0)));
}

static void
configure(unsigned int device)
{
	struct idxd_object o, wq;
	long long limit;

	idxd_at(IDXD_DEVICE, device, 0, &o);
	for (unsigned int q = 0; q < idxd_number(&o, "max_work_queues", 0); q++) {
		idxd_at(IDXD_WQ, device, q, &wq);
		if (idxd_number(&wq, "group_id", -1) >= 0)
			wq_write(device, q, false);
	}
	limit = idxd_number(&o, "read_buffer_limit", 0);
	if (limit > 0)
		reg_set(device, DSA_GENCFG, 0, 0, 4, (uint64_t)limit);
	for (unsigned int g = 0; g < idxd_number(&o, "max_groups", 0); g++)
		group_write(device, g, &o);
}

/* ---- Life ---- */

static int
bring_up(unsigned int device)
{
	struct idxd_object o, wq;
	int ret = command(device, DSA_COMMAND_RESET_DEVICE, 0);

	idxd_at(IDXD_DEVICE, device, 0, &o);
	reg_set(device, DSA_GENCTRL, 0, 0, 4, REG_PUT(DSA_GENCTRL_SWERR_INT_EN, 1));
	configure(device);
	if (ret == 0)
		ret = command(device, DSA_COMMAND_ENABLE_DEVICE, 0);
	for (unsigned int q = 0; ret == 0 && q < idxd_number(&o, "max_work_queues", 0); q++) {
		idxd_at(IDXD_WQ, device, q, &wq);
		if (idxd_is(&wq, "state", "enabled"))
			ret = command(device, DSA_COMMAND_ENABLE_WQ, q);
	}
	return ret;
}

static int
event_create(unsigned int device)
{
	struct device *dev = idxd_device(device);
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int hidden = fd < 0 ? -errno : fds_hide(fd);

	if (hidden < 0)
		return hidden;
	states[device].event = hidden;
	device_set_irq(dev, 0, hidden);
	device_enable_irqs(dev, true);
	return 0;
}

static void
shut_down(unsigned int device)
{
	struct state *s = &states[device];

	device_close(idxd_device(device));
	if (s->event >= 0)
		fds_close(s->event);
	s->event = -1;
	s->starts = 0;
}

int
idxd_hw_start(unsigned int device)
{
	struct state *s = &states[device];
	struct device *dev = idxd_device(device);
	int ret;

	if (s->starts > 0) {
		s->starts++;
		return 0;
	}
	s->event = -1;
	ret = device_open(dev);
	if (ret < 0)
		return ret;
	s->starts = 1;
	device_set_pasid(dev, IDXD_PASID);
	config_enable(dev);
	layout_find(device);
	ret = event_create(device);
	if (ret == 0)
		ret = bring_up(device);
	if (ret < 0)
		shut_down(device);
	return ret;
}

void
idxd_hw_stop(unsigned int device)
{
	if (--states[device].starts == 0)
		shut_down(device);
}

bool
idxd_hw_runs(unsigned int device)
{
	return states[device].starts > 0;
}

int
idxd_hw_events(unsigned int device)
{
	return states[device].event;
}

/* The queue is empty then, and disabled. */
int
idxd_hw_wq_disable(unsigned int device, unsigned int wq)
{
	return command(device, DSA_COMMAND_DISABLE_WQ, DSA_COMMAND_WQ_BIT(wq));
}

int
idxd_hw_wq_enable(unsigned int device, unsigned int wq, bool bound)
{
	uint64_t dw6 = reg_get(device, DSA_WQCFG_DW6, wq, 0, 4);
	uint64_t dw2 = reg_get(device, DSA_WQCFG_DW2, wq, 0, 4);
	int ret = 0;

	if (REG_GET(DSA_WQCFG_DW6_STATE, dw6) == DSA_WQ_ENABLED) {
		/* Its other users go on. */
		if (REG_GET(DSA_WQCFG_DW2_MODE, dw2) == 0)
			return 0;
		ret = idxd_hw_wq_disable(device, wq);
	}
	wq_write(device, wq, bound);
	return ret == 0 ? command(device, DSA_COMMAND_ENABLE_WQ, wq) : ret;
}

int
idxd_hw_drain_pasid(unsigned int device)
{
	return command(device, DSA_COMMAND_DRAIN_PASID, IDXD_PASID);
}

void
idxd_hw_forked(void)
{
	for (unsigned int i = 0; i < DEVICE_MAX; i++) {
		states[i].starts = 0;
		states[i].event = -1;
	}
}
