/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* From a device that a bus has found to a DMA device, and back; and the door for our tests. */

#include <errno.h>

#include <rte_common.h>
#include <rte_eal.h>

#include <dev_driver.h>

#include "access_test.h"
#include "dsa_dmadev.h"
#include "dsa_hw.h"
#include "dsa_kernel.h"
#include "dsa_probe.h"
#include "dsa_telemetry.h"

RTE_LOG_REGISTER(dsa_logtype, pmd.dma.dsa, NOTICE)

static struct rte_dma_dev *
allocate(struct rte_device *device, int numa_node)
{
	struct rte_dma_dev *dev = rte_dma_pmd_allocate(device->name, numa_node, sizeof(struct dsa));

	if (dev == NULL)
		DSA_LOG(ERR, device->name,
			"no DMA device left, or no memory for it on node %d; give DPDK more (-m)",
			numa_node);
	return dev;
}

/* Of a work queue that others have configured. */
static int
check_batch(const struct dsa *dsa)
{
	if (dsa->args.batch <= dsa->wqs[0].max_batch)
		return 0;
	DSA_LOG(ERR, dsa->name,
		"device argument batch=%u: accepted: 1..%u, what the work queue takes",
		dsa->args.batch, dsa->wqs[0].max_batch);
	return -EINVAL;
}

static int
bring_up(struct dsa *dsa)
{
	int ret;

	if (dsa->args.at != DSA_AT_KERNEL) {
		ret = dsa_about_learn(dsa);
		if (ret < 0)
			return ret;
	}
	if (!dsa->whole)
		return check_batch(dsa);
	ret = dsa_hw_open(dsa);
	if (ret == 0)
		ret = dsa_divide_plan(dsa);
	if (ret == 0)
		ret = dsa_divide_apply(dsa);
	return ret;
}

/* What was opened, whatever it is. */
static void
close_reach(struct dsa *dsa)
{
	if (dsa->args.at == DSA_AT_KERNEL)
		dsa_kernel_close(&dsa->wqs[0]);
	else
		access_close(dsa->access);
}

void
dsa_let_go(struct dsa *dsa)
{
	dsa_telemetry_hide(dsa);
	if (dsa->access != NULL)
		access_step_by(dsa->access, ACCESS_STEP_IDLE);
	if (dsa->whole && !access_is_lost(dsa->access))
		dsa_divide_release(dsa);
	close_reach(dsa);
}

int
dsa_attach(struct rte_device *device, const struct dsa_devargs *args,
	   int (*open)(struct dsa *dsa))
{
	struct rte_dma_dev *dev;
	struct dsa *dsa;
	int ret;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		DSA_LOG(ERR, device->name,
			"not available in a secondary process; use the primary one, or a work "
			"queue of its own: at=vfu:PATH.wqN");
		return -ENOTSUP;
	}
	dev = allocate(device, args->numa_node);
	if (dev == NULL)
		return -ENOMEM;
	dsa = dsa_of(dev);
	dsa->name = dev->data->dev_name;
	dsa->dev = dev;
	dsa->device = device;
	dsa->data = dev->data;
	dsa->args = *args;
	rte_spinlock_init(&dsa->lock);
	ret = open(dsa);
	if (ret < 0)
		goto release;
	ret = bring_up(dsa);
	if (ret < 0)
		goto close;
	dev->device = device;
	dev->dev_ops = &dsa_dmadev_ops;
	dsa_fast_suspend(dsa);
	/* It is up; from now on it may be somebody else who lets its time pass. */
	if (dsa->access != NULL)
		access_step_by(dsa->access, dsa->args.step);
	dsa_telemetry_show(dsa);
	dev->state = RTE_DMA_DEV_READY;
	return 0;

close:
	close_reach(dsa);
release:
	rte_dma_pmd_release(device->name);
	return ret;
}

int
dsa_detach(const char *name)
{
	int id = rte_dma_get_dev_id_by_name(name);

	/* The application has closed it. */
	if (id < 0)
		return 0;
	if (dsa_of_id((int16_t)id)->started) {
		DSA_LOG(ERR, name, "device is started; stop it first");
		return -EBUSY;
	}
	return rte_dma_pmd_release(name);
}

struct dsa *
dsa_of_id(int16_t dev_id)
{
	struct dsa *dsa;

	if (!rte_dma_is_valid(dev_id))
		return NULL;
	dsa = rte_dma_fp_objs[dev_id].dev_private;
	return dsa_telemetry_has(dsa) ? dsa : NULL;
}

/* ---- The door for tests ---- */

static void
test_step(uint16_t dev_id)
{
	const struct dsa *dsa = dsa_of_id((int16_t)dev_id);

	if (dsa->access != NULL)
		access_step(dsa->access);
}

static uint64_t
test_stray(uint16_t dev_id)
{
	const struct dsa *dsa = dsa_of_id((int16_t)dev_id);

	return dsa->access != NULL ? access_stray(dsa->access) : 0;
}

/* An enabled device halts when bus mastering changes: section 2.5. */
static int
test_halt(uint16_t dev_id)
{
	static const uint8_t command[] = {0x02, 0};
	const struct dsa *dsa = dsa_of_id((int16_t)dev_id);

	return dsa->whole ? access_config_write(dsa->access, 4, command, sizeof(command))
			  : -ENOTSUP;
}

static int
test_disable(uint16_t dev_id, unsigned int wq)
{
	const struct dsa *dsa = dsa_of_id((int16_t)dev_id);

	if (!dsa->whole)
		return -ENOTSUP;
	dsa_reg_write(dsa, DSA_CMD, 0, 0,
		      REG_PUT(DSA_CMD_CODE, DSA_COMMAND_DISABLE_WQ) |
			      REG_PUT(DSA_CMD_OPERAND, DSA_COMMAND_WQ_BIT(wq)));
	return 0;
}

__attribute__((visibility("default"))) const struct access_test *
dsa_access_test(uint16_t dev_id)
{
	static const struct access_test table = {
		.step = test_step,
		.stray = test_stray,
		.halt = test_halt,
		.disable = test_disable,
	};

	return dsa_of_id((int16_t)dev_id) != NULL ? &table : NULL;
}
