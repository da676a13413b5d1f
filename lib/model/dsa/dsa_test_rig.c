/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_test_rig.h"

#define HOST_BYTES (4u << 20)

/* ---- The bench ---- */

static void
rig_irq(struct bus_host *host, unsigned int vector)
{
	/* The test host is the first member of the rig. */
	struct rig *r = (struct rig *)host;

	if (vector < RIG_VECTORS)
		r->irqs[vector]++;
}

int
rig_open(struct rig *r, const struct dsa_model_config *config)
{
	return rig_open_sized(r, config, HOST_BYTES);
}

int
rig_open_sized(struct rig *r, const struct dsa_model_config *config, size_t bytes)
{
	int ret;

	memset(r, 0, sizeof(*r));
	ret = test_host_create(&r->host, bytes, TEST_HOST_WHOLE);
	if (ret < 0)
		return ret;
	r->ops = *r->host.host.ops;
	r->ops.irq = rig_irq;
	r->host.host.ops = &r->ops;
	ret = dsa_model_create(config, &r->host.host, &r->dev);
	if (ret < 0) {
		test_host_destroy(&r->host);
		return ret;
	}
	rig_start(r);
	return 0;
}

uint64_t
rig_close(struct rig *r)
{
	uint64_t stray = dsa_model_stray(r->dev);

	dsa_model_destroy(r->dev);
	test_host_destroy(&r->host);
	return stray;
}

int
rig_setup_as(void **state, const struct dsa_model_config *config)
{
	static struct rig r;

	*state = &r;
	return rig_open(&r, config);
}

int
rig_setup_1(void **state)
{
	return rig_setup_as(state, &(const struct dsa_model_config){.version = DSA_VERSION_1});
}

int
rig_setup_2(void **state)
{
	return rig_setup_as(state, &(const struct dsa_model_config){.version = DSA_VERSION_2});
}

int
rig_teardown(void **state)
{
	return rig_close(*state) == 0 ? 0 : -1;
}

static uint64_t
read_at(struct rig *r, uint64_t off, unsigned int size)
{
	return r->dev->ops->read(r->dev, 0, off, size);
}

void
rig_start(struct rig *r)
{
	struct dsa_layout_caps caps;

	rig_config_write(r, 0x04, 2, RIG_COMMAND_ON);
	caps = (struct dsa_layout_caps){
		.version = (uint32_t)read_at(r, 0x00, 4),
		.gencap = read_at(r, 0x10, 8),
		.wqcap = read_at(r, 0x20, 8),
		.grpcap = read_at(r, 0x30, 8),
		.offsets = {read_at(r, 0x60, 8), read_at(r, 0x68, 8)},
		.vectors = (rig_config_read(r, RIG_MSIX + 2, 2) & 0x7ff) + 1,
		.msix_table = rig_config_read(r, RIG_MSIX + 4, 4) & ~7u,
		.msix_pba = rig_config_read(r, RIG_MSIX + 8, 4) & ~7u,
	};
	r->layout = dsa_layout_of(&caps);
	rig_config_write(r, RIG_MSIX + 2, 2, 0x8000);
	for (uint32_t i = 0; i < caps.vectors; i++)
		rig_write(r, DSA_MSIX_CTRL, i, 0);
}

/* ---- Configuration space ---- */

uint32_t
rig_config_read(struct rig *r, uint16_t off, unsigned int size)
{
	uint32_t value = 0;

	(void)r->dev->ops->config(r->dev, off, &value, size, false);
	return value;
}

void
rig_config_write(struct rig *r, uint16_t off, unsigned int size, uint32_t value)
{
	(void)r->dev->ops->config(r->dev, off, &value, size, true);
}

void
rig_sva(struct rig *r, bool pasid, bool ats, bool prs)
{
	rig_config_write(r, RIG_PASID + 6, 2, pasid ? 0x5 : 0);
	rig_config_write(r, RIG_ATS + 6, 2, ats ? 0x8000 : 0);
	rig_config_write(r, RIG_PRS + 12, 4, prs ? 0x200 : 0);
	rig_config_write(r, RIG_PRS + 4, 2, prs);
}

/* ---- Registers ---- */

bool
rig_has(const struct rig *r, enum dsa_reg row)
{
	return dsa_layout_row(&r->layout, row).offset[r->layout.version] != REG_NONE;
}

uint64_t
rig_offset(const struct rig *r, enum dsa_reg row, uint32_t i, uint32_t word)
{
	return dsa_layout_offset(&r->layout, row, i, word);
}

uint64_t
rig_read(struct rig *r, enum dsa_reg row, uint32_t i)
{
	return read_at(r, rig_offset(r, row, i, 0), dsa_reg_rows[row].bytes);
}

void
rig_write(struct rig *r, enum dsa_reg row, uint32_t i, uint64_t value)
{
	r->dev->ops->write(r->dev, 0, rig_offset(r, row, i, 0), value, dsa_reg_rows[row].bytes);
}

void
rig_field(struct rig *r, enum dsa_reg row, uint32_t i, unsigned int hi, unsigned int lo,
	  uint64_t value)
{
	uint64_t mask = (~UINT64_C(0) >> (63 - (hi - lo))) << lo;

	rig_write(r, row, i, (rig_read(r, row, i) & ~mask) | (value << lo & mask));
}

/* ---- Commands ---- */

void
rig_step(struct rig *r)
{
	(void)r->dev->ops->step(r->dev, 0);
}

void
rig_settle(struct rig *r)
{
	for (unsigned int n = 0; n < RIG_STEPS; n++)
		if (r->dev->ops->step(r->dev, 0) == BUS_NO_DEADLINE)
			return;
}

unsigned int
rig_command(struct rig *r, enum dsa_command code, uint32_t operand)
{
	rig_write(r, DSA_CMD, 0, REG_PUT(DSA_CMD_CODE, code) | operand);
	for (unsigned int n = 0; n < RIG_STEPS; n++) {
		uint64_t status = rig_read(r, DSA_CMDSTATUS, 0);

		if (!REG_GET(DSA_CMDSTATUS_ACTIVE, status))
			return (unsigned int)REG_GET(DSA_CMDSTATUS_ERROR, status);
		rig_step(r);
	}
	return UINT8_MAX + 1;
}

/* ---- Work queues ---- */

void
rig_wq(struct rig *r, unsigned int wq, const struct rig_wq *how)
{
	uint64_t gencap = rig_read(r, DSA_GENCAP, 0);

	rig_write(r, DSA_WQCFG_DW0, wq, how->size);
	rig_write(r, DSA_WQCFG_DW1, wq, how->threshold);
	rig_write(r, DSA_WQCFG_DW2, wq,
		  REG_PUT(DSA_WQCFG_DW2_MODE, !how->shared) | REG_PUT(DSA_WQCFG_DW2_PRIORITY, 1) |
			  REG_PUT(DSA_WQCFG_DW2_PASID_EN, how->pasid_enable) |
			  REG_PUT(DSA_WQCFG_DW2_PASID, how->pasid));
	rig_write(r, DSA_WQCFG_DW3, wq,
		  REG_PUT(DSA_WQCFG_DW3_MAX_XFER_SHIFT, REG_GET(DSA_GENCAP_MAX_XFER_SHIFT, gencap)) |
			  REG_PUT(DSA_WQCFG_DW3_MAX_BATCH_SHIFT,
				  REG_GET(DSA_GENCAP_MAX_BATCH_SHIFT, gencap)));
	rig_write(r, DSA_GRPWQCFG, how->group,
		  rig_read(r, DSA_GRPWQCFG, how->group) | UINT64_C(1) << wq);
}

void
rig_engine(struct rig *r, unsigned int e, unsigned int g)
{
	rig_write(r, DSA_GRPENGCFG, g, rig_read(r, DSA_GRPENGCFG, g) | UINT64_C(1) << e);
}

unsigned int
rig_ready(struct rig *r, unsigned int size)
{
	const struct rig_wq how = {.size = size};
	unsigned int error;

	rig_wq(r, 0, &how);
	rig_engine(r, 0, 0);
	error = rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0);
	return error != 0 ? error : rig_command(r, DSA_COMMAND_ENABLE_WQ, 0);
}

unsigned int
rig_wq_state(struct rig *r, unsigned int wq)
{
	return (unsigned int)REG_GET(DSA_WQCFG_DW6_STATE, rig_read(r, DSA_WQCFG_DW6, wq));
}

/* ---- Memory and descriptors ---- */

void *
rig_memory(struct rig *r, size_t off)
{
	return r->host.memory + off;
}

uint64_t
rig_iova(size_t off)
{
	return TEST_HOST_IOVA + off;
}

struct dsa_desc
rig_move(size_t dst, size_t src, uint32_t size, size_t cr)
{
	struct dsa_desc desc = {
		.op_flags = DSA_OP_FLAGS(DSA_OP_MOVE, DSA_FLAG_CRAV | DSA_FLAG_RCR),
		.cr = rig_iova(cr),
		.src = rig_iova(src),
		.dst = rig_iova(dst),
		.size = size,
	};

	return desc;
}

void
rig_post(struct rig *r, unsigned int wq, const struct dsa_desc *desc)
{
	r->dev->ops->post(r->dev, 2, DSA_PORTAL_OFFSET(wq, DSA_PORTAL_LIMITED), desc, sizeof(*desc));
}

int
rig_submit(struct rig *r, unsigned int wq, const struct dsa_desc *desc, uint32_t pasid)
{
	return r->dev->ops->submit(r->dev, 2, DSA_PORTAL_OFFSET(wq, DSA_PORTAL_LIMITED), desc,
				   pasid);
}
