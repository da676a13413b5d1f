/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* How a device that is ours is divided: groups, engines and work queues, sections 3.5, 3.6 and 18.
 * First all of it is settled, then written, then the device enabled, which checks it (section 4.5).
 */

#include <errno.h>
#include <inttypes.h>

#include <rte_common.h>

#include "dsa_hw.h"
#include "dsa_pasid.h"

/* Work queues of one group take turns by it; 0 is refused. */
#define PRIORITY 1
/* What the drivers of version 1 and 2 choose: the other class is slower. */
#define TRAFFIC_CLASS 1

/* ---- What is to be ---- */

static int
refuse(const struct dsa *dsa, const char *key, unsigned int value, unsigned int max,
       const char *why)
{
	DSA_LOG(ERR, dsa->name, "device argument %s=%u: accepted: 1..%u, %s", key, value, max,
		why);
	return -EINVAL;
}

static int
plan_wqs(struct dsa *dsa)
{
	const struct dsa_devargs *args = &dsa->args;
	const struct dsa_caps *caps = &dsa->caps;
	unsigned int size = args->size;

	if (args->wqs > caps->wqs)
		return refuse(dsa, "wqs", args->wqs, caps->wqs, "what the device has");
	if (size > caps->wq_total)
		return refuse(dsa, "size", size, caps->wq_total, "all that the device has");
	dsa->nb_wqs = args->wqs != 0 ? args->wqs : RTE_MIN(caps->wqs, caps->wq_total);
	if (args->wqs == 0 && size != 0)
		dsa->nb_wqs = RTE_MIN(dsa->nb_wqs, caps->wq_total / size);
	if (size == 0)
		size = caps->wq_total / dsa->nb_wqs;
	if (size == 0 || size * dsa->nb_wqs > caps->wq_total)
		return refuse(dsa, "size", size, caps->wq_total / dsa->nb_wqs,
			      "the share of each work queue");
	if (args->threshold > size)
		return refuse(dsa, "threshold", args->threshold, size, "the size");
	dsa->wqs[0].size = size;
	return 0;
}

static int
plan_groups(struct dsa *dsa)
{
	const struct dsa_devargs *args = &dsa->args;
	const struct dsa_caps *caps = &dsa->caps;
	unsigned int most;

	if (args->engines > caps->engines)
		return refuse(dsa, "engines", args->engines, caps->engines, "what the device has");
	dsa->nb_engines = args->engines != 0 ? args->engines : caps->engines;
	most = RTE_MIN(caps->groups, RTE_MIN(dsa->nb_engines, dsa->nb_wqs));
	if (args->groups > most)
		return refuse(dsa, "groups", args->groups, most,
			      "with an engine and a work queue in each");
	dsa->nb_groups = args->groups != 0 ? args->groups : most;
	return 0;
}

static int
check_mode(const struct dsa *dsa)
{
	uint64_t wqcap = dsa->caps.wqcap;
	bool shared = dsa->args.shared;

	if (shared ? REG_GET(DSA_WQCAP_SHARED_MODE, wqcap)
		   : REG_GET(DSA_WQCAP_DEDICATED_MODE, wqcap))
		return 0;
	DSA_LOG(ERR, dsa->name,
		"device argument mode=%s: the device has no such work queues; accepted: %s",
		shared ? "shared" : "dedicated", shared ? "dedicated" : "shared");
	return -ENOTSUP;
}

/* Who submits to a shared work queue without privilege leaves room for those who have it. */
static uint32_t
threshold_of(const struct dsa *dsa, uint32_t size)
{
	if (dsa->args.threshold != 0)
		return dsa->args.threshold;
	return size > 1 ? size - 1 : 1;
}

static bool
is_at_work(const struct dsa_wq *wq)
{
	const struct dsa *dsa = wq->owner;

	/* While it is being disabled, what it took is still done, and told. */
	return !access_is_lost(dsa->access) && !dsa_hw_halted(dsa) &&
	       dsa_hw_wq_state(dsa, wq) != DSA_WQ_DISABLED;
}

/* Thresholds hold for the limited portal only. A dedicated queue has no use for it. */
static void
plan_wq(struct dsa *dsa, unsigned int i)
{
	bool shared = dsa->args.shared;
	struct dsa_wq *wq = &dsa->wqs[i];
	uint32_t size = dsa->wqs[0].size;

	*wq = (struct dsa_wq){
		.how = shared ? DSA_WQ_SUBMIT : DSA_WQ_POST,
		.bar = access_bar(dsa->access, REG_BAR_2),
		.portal = DSA_PORTAL_OFFSET(i, shared ? DSA_PORTAL_LIMITED : DSA_PORTAL_UNLIMITED),
		.pasid = shared || dsa->args.sva ? ACCESS_PASID : BUS_NO_PASID,
		.fd = -1,
		.access = dsa->access,
		.id = i,
		.dedicated = !shared,
		.size = size,
		.threshold = shared ? threshold_of(dsa, size) : size,
		.max_batch = dsa->caps.max_batch,
		.max_transfer = dsa->caps.max_transfer,
		.gencap = dsa->caps.gencap,
		.sva = dsa->args.sva,
		.enabled = is_at_work,
		.owner = dsa,
	};
	memcpy(wq->opcap, dsa->caps.opcap, sizeof(wq->opcap));
}

int
dsa_divide_plan(struct dsa *dsa)
{
	unsigned int i;
	int ret = check_mode(dsa);

	if (ret == 0)
		ret = plan_wqs(dsa);
	if (ret == 0)
		ret = plan_groups(dsa);
	if (ret == 0 && dsa->args.batch > dsa->caps.max_batch)
		ret = refuse(dsa, "batch", dsa->args.batch, dsa->caps.max_batch,
			     "what the device takes");
	for (i = 0; i < dsa->nb_wqs && ret == 0; i++)
		plan_wq(dsa, i);
	return ret;
}

/* ---- Writing it down ---- */

/* Members 0..n-1 that are dealt out among the groups. */
static uint64_t
members(const struct dsa *dsa, unsigned int group, unsigned int n)
{
	uint64_t bits = 0;
	unsigned int i;

	for (i = group; i < n && group < dsa->nb_groups; i += dsa->nb_groups)
		bits |= UINT64_C(1) << i;
	return bits;
}

static void
write_group(const struct dsa *dsa, unsigned int group)
{
	uint64_t flags = dsa_reg_read(dsa, DSA_GRPFLAGS, group, 0);

	flags = REG_SET(DSA_GRPFLAGS_TC_A, flags, TRAFFIC_CLASS);
	flags = REG_SET(DSA_GRPFLAGS_TC_B, flags, TRAFFIC_CLASS);
	dsa_reg_write(dsa, DSA_GRPWQCFG, group, 0, members(dsa, group, dsa->nb_wqs));
	dsa_reg_write(dsa, DSA_GRPENGCFG, group, 0, members(dsa, group, dsa->nb_engines));
	dsa_reg_write(dsa, DSA_GRPFLAGS, group, 0, flags);
}

static void
write_wq(const struct dsa *dsa, const struct dsa_wq *wq)
{
	bool pasid = wq->pasid != BUS_NO_PASID;

	dsa_reg_write(dsa, DSA_WQCFG_DW0, wq->id, 0, REG_PUT(DSA_WQCFG_DW0_SIZE, wq->size));
	dsa_reg_write(dsa, DSA_WQCFG_DW1, wq->id, 0,
		      wq->dedicated ? 0 : REG_PUT(DSA_WQCFG_DW1_THRESHOLD, wq->threshold));
	dsa_reg_write(dsa, DSA_WQCFG_DW2, wq->id, 0,
		      REG_PUT(DSA_WQCFG_DW2_MODE, wq->dedicated) |
			      REG_PUT(DSA_WQCFG_DW2_BOF_EN, wq->block_on_fault) |
			      REG_PUT(DSA_WQCFG_DW2_PRIORITY, PRIORITY) |
			      REG_PUT(DSA_WQCFG_DW2_PASID_EN, pasid) |
			      REG_PUT(DSA_WQCFG_DW2_PASID, pasid && wq->dedicated ? wq->pasid : 0));
	dsa_reg_write(dsa, DSA_WQCFG_DW3, wq->id, 0,
		      REG_PUT(DSA_WQCFG_DW3_MAX_XFER_SHIFT, rte_bsf64(wq->max_transfer)) |
			      REG_PUT(DSA_WQCFG_DW3_MAX_BATCH_SHIFT, rte_bsf32(wq->max_batch)));
}

int
dsa_divide_apply(struct dsa *dsa)
{
	unsigned int i;
	int ret = dsa_pasid_enable(dsa);

	if (ret < 0)
		return ret;
	for (i = 0; i < dsa->caps.groups; i++)
		write_group(dsa, i);
	for (i = 0; i < dsa->nb_wqs; i++)
		write_wq(dsa, &dsa->wqs[i]);
	return dsa_hw_command(dsa, DSA_COMMAND_ENABLE_DEVICE, 0);
}

void
dsa_divide_release(struct dsa *dsa)
{
	if (!dsa_hw_halted(dsa))
		dsa_hw_command(dsa, DSA_COMMAND_DISABLE_DEVICE, 0);
	dsa_pasid_disable(dsa);
}
