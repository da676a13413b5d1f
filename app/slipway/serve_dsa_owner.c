/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The server as owner of a DSA whose work queues it offers: it does what a driver would, through
 * registers. Datasheet sections 4 and 20.6.
 */
#include <errno.h>
#include <string.h>

#include "dsa_desc.h"
#include "serve_dsa.h"
#include "slipway.h"

#define COMMAND_WAIT_NS UINT64_C(2000000000)

/* Configuration space. */
#define PCI_COMMAND        0x04
#define PCI_COMMAND_ON     0x6 /* memory, bus master */
#define PCI_EXTENDED       0x100
#define PCI_EXTENDED_MOST  64
#define PCI_ID_OF(header)  ((header)&0xffff)
#define PCI_NEXT(header)   ((header) >> 20)
#define PCI_PASID          0x1b
#define PCI_PASID_CONTROL  6
#define PCI_PASID_ENABLE   0x1

static struct bus_device *
device_of(struct serve_dsa *dsa)
{
	return &dsa->gate.dev;
}

/* ---- Commands ---- */

/* The threads may be at work on what it waits for; so may we. */
static int
wait_until_done(struct serve_dsa *dsa, uint32_t *status)
{
	uint64_t end = serve_now_ns() + COMMAND_WAIT_NS, now;

	do {
		*status = (uint32_t)serve_dsa_read(&dsa->regs, DSA_CMDSTATUS, 0, 0);
		if (REG_GET(DSA_CMDSTATUS_ACTIVE, *status) == 0)
			return 0;
		now = serve_now_ns();
		device_of(dsa)->ops->step(device_of(dsa), now);
	} while (now < end);
	return -ETIMEDOUT;
}

static int
command(struct serve_dsa *dsa, enum dsa_command code, uint32_t operand)
{
	uint32_t status = 0, error;
	int ret;

	serve_dsa_write(&dsa->regs, DSA_CMD, 0, 0,
			REG_PUT(DSA_CMD_CODE, code) | REG_PUT(DSA_CMD_OPERAND, operand));
	serve_dsa_threads_wake(dsa);
	ret = wait_until_done(dsa, &status);
	error = (uint32_t)REG_GET(DSA_CMDSTATUS_ERROR, status);
	if (ret < 0)
		complain("serve: %s: command %d is not done after 2 s", dsa->serve->options.path,
			 (int)code);
	else if (error != DSA_ERROR_NONE)
		complain("serve: %s: command %d, operand 0x%x: the device says error 0x%02x",
			 dsa->serve->options.path, (int)code, operand, error);
	return ret < 0 ? ret : error != DSA_ERROR_NONE ? -EIO : 0;
}

/* ---- Setting up ---- */

static uint32_t
config_read(struct serve_dsa *dsa, unsigned int off, size_t len)
{
	uint32_t value = 0;

	device_of(dsa)->ops->config(device_of(dsa), (uint16_t)off, &value, len, false);
	return value;
}

static void
config_write(struct serve_dsa *dsa, unsigned int off, uint32_t value)
{
	device_of(dsa)->ops->config(device_of(dsa), (uint16_t)off, &value, 2, true);
}

/* Shared work queues want PASIDs, and those are switched on while the device is disabled. */
static void
config_enable(struct serve_dsa *dsa)
{
	unsigned int at = PCI_EXTENDED;
	uint32_t header;

	config_write(dsa, PCI_COMMAND, PCI_COMMAND_ON);
	for (unsigned int n = 0; n < PCI_EXTENDED_MOST && at >= PCI_EXTENDED; n++) {
		header = config_read(dsa, at, 4);
		if (PCI_ID_OF(header) == PCI_PASID)
			config_write(dsa, at + PCI_PASID_CONTROL, PCI_PASID_ENABLE);
		at = PCI_NEXT(header) & ~3u;
	}
}

static struct dsa_plan_caps
caps_of(const struct serve_dsa *dsa)
{
	uint64_t gencap = serve_dsa_read(&dsa->regs, DSA_GENCAP, 0, 0);
	uint64_t wqcap = serve_dsa_read(&dsa->regs, DSA_WQCAP, 0, 0);

	return (struct dsa_plan_caps){
		.wqs = (unsigned int)REG_GET(DSA_WQCAP_NUM_WQS, wqcap),
		.entries = (unsigned int)REG_GET(DSA_WQCAP_TOTAL_WQ_SIZE, wqcap),
		.groups = (unsigned int)REG_GET(DSA_GRPCAP_NUM_GROUPS,
						serve_dsa_read(&dsa->regs, DSA_GRPCAP, 0, 0)),
		.engines = (unsigned int)REG_GET(DSA_ENGCAP_NUM_ENGINES,
						 serve_dsa_read(&dsa->regs, DSA_ENGCAP, 0, 0)),
		.max_transfer = UINT64_C(1) << REG_GET(DSA_GENCAP_MAX_XFER_SHIFT, gencap),
		.max_batch = 1u << REG_GET(DSA_GENCAP_MAX_BATCH_SHIFT, gencap),
	};
}

static void
groups_write(struct serve_dsa *dsa, const struct dsa_plan *plan, unsigned int groups)
{
	for (unsigned int g = 0; g < groups; g++) {
		uint64_t wqs = 0, engines = 0;

		for (unsigned int q = 0; q < DSA_PLAN_WQS; q++)
			if (plan->wq[q].said && plan->wq[q].group == (int)g)
				wqs |= UINT64_C(1) << q;
		for (unsigned int e = 0; e < DSA_PLAN_ENGINES; e++)
			if (plan->engine_group[e] == (int)g)
				engines |= UINT64_C(1) << e;
		serve_dsa_write(&dsa->regs, DSA_GRPWQCFG, g, 0, wqs);
		serve_dsa_write(&dsa->regs, DSA_GRPENGCFG, g, 0, engines);
	}
}

static void
wq_write(struct serve_dsa *dsa, unsigned int q, const struct dsa_plan_wq *wq)
{
	uint64_t mode = REG_PUT(DSA_WQCFG_DW2_MODE, wq->dedicated) |
			REG_PUT(DSA_WQCFG_DW2_PRIORITY, wq->priority) |
			REG_PUT(DSA_WQCFG_DW2_PASID_EN, 1) |
			REG_PUT(DSA_WQCFG_DW2_PASID,
				wq->dedicated ? SERVE_DSA_PASID_DEDICATED + q : 0);

	serve_dsa_write(&dsa->regs, DSA_WQCFG_DW0, q, 0, wq->size);
	serve_dsa_write(&dsa->regs, DSA_WQCFG_DW1, q, 0, wq->threshold);
	serve_dsa_write(&dsa->regs, DSA_WQCFG_DW2, q, 0, mode);
	serve_dsa_write(&dsa->regs, DSA_WQCFG_DW3, q, 0,
			REG_PUT(DSA_WQCFG_DW3_MAX_XFER_SHIFT,
				(unsigned int)__builtin_ctzll(wq->max_transfer)) |
				REG_PUT(DSA_WQCFG_DW3_MAX_BATCH_SHIFT,
					(unsigned int)__builtin_ctz(wq->max_batch)));
}

int
serve_dsa_own(struct serve_dsa *dsa, struct dsa_plan *plan)
{
	struct dsa_plan_caps caps;
	int ret;

	config_enable(dsa);
	serve_dsa_regs_find(&dsa->regs, device_of(dsa));
	caps = caps_of(dsa);
	ret = dsa_plan_resolve(plan, &caps);
	if (ret == 0)
		ret = command(dsa, DSA_COMMAND_RESET_DEVICE, 0);
	if (ret < 0)
		return ret;
	groups_write(dsa, plan, caps.groups);
	for (unsigned int q = 0; q < caps.wqs; q++)
		if (plan->wq[q].said)
			wq_write(dsa, q, &plan->wq[q]);
	ret = command(dsa, DSA_COMMAND_ENABLE_DEVICE, 0);
	for (unsigned int q = 0; q < caps.wqs && ret == 0; q++)
		if (plan->wq[q].said)
			ret = command(dsa, DSA_COMMAND_ENABLE_WQ, q);
	return ret;
}

/* ---- Clients that go ---- */

/* A dedicated work queue is for the next client as it was for this one. */
static int
renew(struct serve_dsa *dsa, unsigned int q)
{
	int ret = command(dsa, DSA_COMMAND_ABORT_WQ, DSA_COMMAND_WQ_BIT(q));

	if (ret == 0)
		ret = command(dsa, DSA_COMMAND_DISABLE_WQ, DSA_COMMAND_WQ_BIT(q));
	return ret < 0 ? ret : command(dsa, DSA_COMMAND_ENABLE_WQ, q);
}

bool
serve_dsa_enabled(const struct serve_dsa *dsa)
{
	return REG_GET(DSA_GENSTS_STATE, serve_dsa_read(&dsa->regs, DSA_GENSTS, 0, 0)) ==
	       DSA_STATE_ENABLED;
}

void
serve_dsa_abandon(struct serve_dsa *dsa, const struct serve_dsa_client *client)
{
	/* One that has halted does nothing more, and takes no command. */
	if (!serve_dsa_enabled(dsa))
		return;
	if (client->pasid >= SERVE_DSA_PASID_DEDICATED)
		renew(dsa, client->wq);
	else
		command(dsa, DSA_COMMAND_ABORT_PASID, client->pasid);
	/* What it did wrong is told, and makes room for the next one's. */
	serve_dsa_write(&dsa->regs, DSA_SWERROR0, 0, 0,
			REG_MASK(DSA_SWERROR0_VALID) | REG_MASK(DSA_SWERROR0_OVERFLOW));
}
