/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * From power-on to domains that take traffic: datasheet sections 5.3 to 5.10, in the order of
 * writes that is given there.
 */
#include <errno.h>
#include <string.h>

#include "dlb_drive_host.h"

static uint32_t
depth_code(uint32_t depth)
{
	uint32_t code = DLB_CQ_CODE_MIN;

	while (DLB_CQ_ENTRIES(code + 1) <= depth)
		code++;
	return code;
}

uint32_t
dlb_drive_preset(const struct dlb_drive *d, unsigned int cq)
{
	const struct dlb_ref_cq *q = &d->ref->cq[cq];

	return q->depth < DLB_CQ_DEPTH_MIN ? DLB_CQ_DEPTH_MIN - q->depth : 0;
}

static uint32_t
domain_id(const struct dlb_drive *d, uint32_t domain)
{
	return d->domain[domain]->arg[DOMAIN_ID];
}

static uint32_t
dir_ports(const struct dlb_drive *d)
{
	return d->version == DLB_V20 ? DLB_DIR_PORTS_V20 : DLB_DIR_PORTS_V25;
}

/* Each level gets as many turns as any other, by either reading of weights (open point 8): the
 * strong still get no fewer, since they also have those of levels that are not there.
 */
static void
setup_weights(struct dlb_drive *d)
{
	static const enum dlb_reg arbiters[] = {
		DLB_ATM_CFG_ARB_WEIGHTS_RDY_BIN, DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_NALB_0,
		DLB_DP_CFG_ARB_WEIGHTS_TQPRI_DIR_0, DLB_LSP_CFG_ARB_WEIGHT_LDB_QID_0};
	uint32_t word = d->device->arg[DEVICE_SHARES] ? 0x40404040 : 0xffbf7f3f;

	for (unsigned int n = 0; n < sizeof(arbiters) / sizeof(arbiters[0]); n++)
		dlb_drive_write(d, arbiters[n], 0, word);
}

/* All classes have turns, so that each CQ is served in the end. One takes no more than its own. */
static void
setup_classes(struct dlb_drive *d)
{
	static const uint32_t turns[] = {8, 128, 32, 64};

	for (uint32_t c = 0; c < sizeof(turns) / sizeof(turns[0]); c++)
		dlb_drive_write(
			d, DLB_LSP_CFG_SHDW_RANGE_COS, c,
			(uint32_t)(REG_PUT(DLB_LSP_CFG_SHDW_RANGE_COS_BW_RANGE, turns[c]) |
				   REG_PUT(DLB_LSP_CFG_SHDW_RANGE_COS_NO_EXTRA_CREDIT, c == 2)));
	dlb_drive_write(d, DLB_LSP_CFG_SHDW_CTRL, 0, (uint32_t)REG_MASK(DLB_LSP_CFG_SHDW_CTRL_TRANSFER));
}

void
dlb_drive_setup_device(struct dlb_drive *d)
{
	uint32_t ctrl = dlb_drive_read(d, DLB_CHP_CFG_CHP_CSR_CTRL, 0);

	ctrl = (uint32_t)REG_SET(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_LDB_CQ_MODE, ctrl,
				 d->device->arg[DEVICE_SPARSE_LDB]);
	ctrl = (uint32_t)REG_SET(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_DIR_CQ_MODE, ctrl,
				 d->device->arg[DEVICE_SPARSE_DIR]);
	dlb_drive_write(d, DLB_CHP_CFG_CHP_CSR_CTRL, 0, ctrl);
	dlb_drive_write(
		d, DLB_RO_GRP_SN_MODE, 0,
		(uint32_t)(REG_PUT(DLB_RO_GRP_SN_MODE_SN_MODE_0, d->device->arg[DEVICE_SN_0]) |
			   REG_PUT(DLB_RO_GRP_SN_MODE_SN_MODE_1, d->device->arg[DEVICE_SN_1])));
	if (d->device->arg[DEVICE_ARBITERS] & 1)
		setup_weights(d);
	if (d->device->arg[DEVICE_ARBITERS] & 2)
		setup_classes(d);
	d->ref->alarms_enabled = d->device->arg[DEVICE_ALARMS];
	dlb_drive_write(d, DLB_SYS_INGRESS_ALARM_ENBL, 0, d->ref->alarms_enabled);
}

static void
setup_credits(struct dlb_drive *d, unsigned int domain)
{
	const uint32_t *arg = d->domain[domain]->arg;

	d->ref->credits[domain][0] = arg[DOMAIN_CREDITS];
	d->ref->credits[domain][1] = d->version == DLB_V20 ? arg[DOMAIN_DIR_CREDITS] : 0;
	dlb_drive_write(d, DLB_CHP_CFG_LDB_VAS_CRD, arg[DOMAIN_ID], arg[DOMAIN_CREDITS]);
	dlb_drive_write(d, DLB_CHP_CFG_DIR_VAS_CRD, arg[DOMAIN_ID], arg[DOMAIN_DIR_CREDITS]);
	dlb_drive_write(d, DLB_CHP_CFG_VAS_CRD, arg[DOMAIN_ID], arg[DOMAIN_CREDITS]);
}

static void
describe_queue(struct dlb_drive *d, unsigned int n)
{
	const uint32_t *arg = d->queue[n]->arg;
	struct dlb_ref_queue *q = &d->ref->queue[n];

	dlb_ref_queue_reset(d->ref, n);
	q->exists = q->valid = true;
	q->domain = (uint8_t)arg[QUEUE_DOMAIN];
	q->number = (uint8_t)arg[QUEUE_ID];
	q->atomic = arg[QUEUE_ATOMIC];
	q->ordered = arg[QUEUE_ORDERED];
	q->limit = arg[QUEUE_INFLIGHTS];
	q->stage = arg[QUEUE_STAGE];
	q->flows_max = arg[QUEUE_FLOWS];
	q->folds = arg[QUEUE_FOLD] != 0;
	q->threshold[DLB_REF_ATM] = q->threshold[DLB_REF_NALB] = arg[QUEUE_THRESHOLD];
	q->window = DLB_SN_MIN << d->device->arg[DEVICE_SN_0 + arg[QUEUE_SN_GROUP]];
}

/* 5.6. */
static void
setup_queue(struct dlb_drive *d, unsigned int n)
{
	const uint32_t *arg = d->queue[n]->arg;
	uint32_t id = arg[QUEUE_ID];

	describe_queue(d, n);
	dlb_drive_write(d, DLB_SYS_LDB_VASQID_V,
			domain_id(d, arg[QUEUE_DOMAIN]) * DLB_LDB_QUEUES + id, 0);
	dlb_drive_write(d, DLB_LSP_QID_LDB_INFL_LIM, id, arg[QUEUE_INFLIGHTS]);
	dlb_drive_write(d, DLB_LSP_QID_AQED_ACTIVE_LIM, id, arg[QUEUE_STAGE]);
	dlb_drive_write(d, DLB_AQED_QID_HID_WIDTH, id, arg[QUEUE_FOLD]);
	dlb_drive_write(d, DLB_SYS_LDB_QID_ITS, id, 0);
	dlb_drive_write(d, DLB_LSP_QID_ATM_DEPTH_THRSH, id, arg[QUEUE_THRESHOLD]);
	dlb_drive_write(d, DLB_LSP_QID_NALDB_DEPTH_THRSH, id, arg[QUEUE_THRESHOLD]);
	dlb_drive_write(d, DLB_AQED_QID_FID_LIM, id, arg[QUEUE_FLOWS]);
	dlb_drive_write(d, DLB_CHP_ORD_QID_SN_MAP, id,
			(uint32_t)(REG_PUT(DLB_CHP_ORD_QID_SN_MAP_MODE,
					   d->device->arg[DEVICE_SN_0 + arg[QUEUE_SN_GROUP]]) |
				   REG_PUT(DLB_CHP_ORD_QID_SN_MAP_SLOT, arg[QUEUE_SN_SLOT]) |
				   REG_PUT(DLB_CHP_ORD_QID_SN_MAP_GRP, arg[QUEUE_SN_GROUP])));
	dlb_drive_write(d, DLB_SYS_LDB_QID_CFG_V, id,
			(uint32_t)(REG_PUT(DLB_SYS_LDB_QID_CFG_V_SN_CFG_V, arg[QUEUE_ORDERED]) |
				   REG_PUT(DLB_SYS_LDB_QID_CFG_V_FID_CFG_V, arg[QUEUE_ATOMIC])));
	dlb_drive_write(d, DLB_SYS_LDB_QID_V, id, 1);
}

static void
describe_cq(struct dlb_drive *d, unsigned int c, uint32_t domain, uint32_t id, uint32_t depth)
{
	struct dlb_ref_cq *q = &d->ref->cq[c];

	dlb_ref_cq_reset(d->ref, c);
	q->exists = q->enabled = true;
	q->directed = dlb_drive_directed(c);
	q->domain = (uint8_t)domain;
	q->number = (uint8_t)id;
	q->depth = depth;
	q->entries = DLB_CQ_ENTRIES(depth_code(depth));
	q->tokens = dlb_drive_preset(d, c);
	d->off[c] = d->held[c] = false;
	d->filled[c] = 0;
	dlb_drive_host_clear(d, c);
}

/* 5.7. */
static void
setup_port(struct dlb_drive *d, unsigned int p)
{
	const uint32_t *arg = d->port[p]->arg;
	uint32_t id = arg[PORT_ID], domain = domain_id(d, arg[PORT_DOMAIN]);
	uint32_t last = arg[PORT_BASE] + arg[PORT_HISTORY] - 1;

	describe_cq(d, p, arg[PORT_DOMAIN], id, arg[PORT_DEPTH]);
	d->ref->cq[p].history = arg[PORT_HISTORY];
	d->ref->cq[p].limit = arg[PORT_INFLIGHTS];
	memset(d->slot[p], 0, sizeof(d->slot[p]));
	dlb_drive_write(d, DLB_SYS_LDB_CQ_ADDR_L, id, (uint32_t)d->ring[p].iova);
	dlb_drive_write(d, DLB_SYS_LDB_CQ_ADDR_U, id, (uint32_t)(d->ring[p].iova >> 32));
	dlb_drive_write(d, DLB_SYS_LDB_CQ2VF_PF_RO, id, 0x30);
	dlb_drive_write(d, DLB_CHP_LDB_CQ_TKN_DEPTH_SEL, id, depth_code(arg[PORT_DEPTH]));
	dlb_drive_write(d, DLB_LSP_CQ_LDB_TKN_CNT, id, d->ref->cq[p].tokens);
	dlb_drive_write(d, DLB_LSP_CQ_LDB_TKN_DEPTH_SEL, id, depth_code(arg[PORT_DEPTH]));
	dlb_drive_write(d, DLB_CHP_LDB_CQ_WPTR, id, 0);
	dlb_drive_write(d, DLB_CHP_HIST_LIST_LIM, id, last);
	dlb_drive_write(d, DLB_CHP_HIST_LIST_BASE, id, arg[PORT_BASE]);
	dlb_drive_write(d, DLB_LSP_CQ_LDB_INFL_LIM, id, arg[PORT_INFLIGHTS]);
	dlb_drive_write(d, DLB_CHP_HIST_LIST_PUSH_PTR, id, arg[PORT_BASE]);
	dlb_drive_write(d, DLB_CHP_HIST_LIST_POP_PTR, id, arg[PORT_BASE]);
	dlb_drive_write(d, DLB_SYS_LDB_CQ_AT, id, 0);
	dlb_drive_write(d, DLB_SYS_LDB_CQ_PASID, id, 0);
	dlb_drive_write(d, DLB_CHP_LDB_CQ2VAS, id, domain);
	dlb_drive_write(d, DLB_LSP_CQ2PRIOV, id, 0);
	dlb_drive_write(d, DLB_SYS_LDB_PP2VAS, id, domain);
	dlb_drive_write(d, DLB_SYS_LDB_PP_V, id, 1);
	dlb_drive_write(d, DLB_LSP_CQ_LDB_DSBL, id, 0);
	dlb_drive_flush(d);
}

static void
setup_dir_port(struct dlb_drive *d, unsigned int n)
{
	const uint32_t *arg = d->pair[n]->arg;
	uint32_t id = arg[PAIR_ID], domain = domain_id(d, arg[PAIR_DOMAIN]);
	unsigned int c = dlb_ref_dir_cq(n);

	describe_cq(d, c, arg[PAIR_DOMAIN], id, arg[PAIR_DEPTH]);
	dlb_drive_write(d, DLB_SYS_DIR_CQ_ADDR_L, id, (uint32_t)d->ring[c].iova);
	dlb_drive_write(d, DLB_SYS_DIR_CQ_ADDR_U, id, (uint32_t)(d->ring[c].iova >> 32));
	dlb_drive_write(d, DLB_SYS_DIR_CQ2VF_PF_RO, id, 0x30);
	dlb_drive_write(d, DLB_CHP_DIR_CQ_TKN_DEPTH_SEL, id, depth_code(arg[PAIR_DEPTH]));
	dlb_drive_write(d, DLB_LSP_CQ_DIR_TKN_CNT, id, d->ref->cq[c].tokens);
	dlb_drive_write(d, DLB_LSP_CQ_DIR_TKN_DEPTH_SEL_DSI, id, depth_code(arg[PAIR_DEPTH]));
	dlb_drive_write(d, DLB_CHP_DIR_CQ_WPTR, id, 0);
	dlb_drive_write(d, DLB_SYS_DIR_CQ_FMT, id, 0);
	dlb_drive_write(d, DLB_SYS_DIR_CQ_AT, id, 0);
	dlb_drive_write(d, DLB_SYS_DIR_CQ_PASID, id, 0);
	dlb_drive_write(d, DLB_CHP_DIR_CQ2VAS, id, domain);
	dlb_drive_write(d, DLB_SYS_DIR_PP2VAS, id, domain);
	dlb_drive_write(d, DLB_SYS_DIR_PP_V, id, 1);
	dlb_drive_write(d, DLB_LSP_CQ_DIR_DSBL, id, 0);
	dlb_drive_flush(d);
}

static void
setup_dir_queue(struct dlb_drive *d, unsigned int n)
{
	const uint32_t *arg = d->pair[n]->arg;
	unsigned int at = dlb_ref_dir_queue(n);
	struct dlb_ref_queue *q = &d->ref->queue[at];

	dlb_ref_queue_reset(d->ref, at);
	q->exists = q->valid = q->directed = true;
	q->domain = (uint8_t)arg[PAIR_DOMAIN];
	q->number = (uint8_t)arg[PAIR_ID];
	q->threshold[DLB_REF_NALB] = arg[PAIR_THRESHOLD];
	dlb_drive_write(d, DLB_SYS_DIR_VASQID_V,
			domain_id(d, arg[PAIR_DOMAIN]) * dir_ports(d) + arg[PAIR_ID], 0);
	dlb_drive_write(d, DLB_SYS_DIR_QID_ITS, arg[PAIR_ID], 0);
	dlb_drive_write(d, DLB_LSP_QID_DIR_DEPTH_THRSH, arg[PAIR_ID], arg[PAIR_THRESHOLD]);
	dlb_drive_write(d, DLB_SYS_DIR_QID_V, arg[PAIR_ID], 1);
}

static void
setup_links(struct dlb_drive *d, unsigned int domain)
{
	for (unsigned int n = 0; n < d->script->count; n++) {
		const struct dlb_script_line *l = &d->script->line[n];
		unsigned int p = l->arg[LINK_PORT], s;

		if (l->kind != DLB_LINE_LINK || d->port[p]->arg[PORT_DOMAIN] != domain)
			continue;
		for (s = 0; d->slot[p][s].state != DLB_LINK_FREE;)
			s++;
		d->slot[p][s] = (struct dlb_drive_slot){DLB_LINK_MAPPED,
							(uint8_t)l->arg[LINK_QUEUE],
							(uint8_t)l->arg[LINK_PRIORITY]};
		d->held[p] = true;
		dlb_drive_set_cq(d, p);
		dlb_drive_write_slot(d, p, s, true);
		d->held[p] = false;
		dlb_drive_set_cq(d, p);
	}
}

/* 5.10. */
static void
start_domain(struct dlb_drive *d, unsigned int domain)
{
	uint32_t id = domain_id(d, domain);

	for (unsigned int n = 0; n < DLB_REF_QUEUES; n++) {
		struct dlb_ref_queue *q = &d->ref->queue[n];

		if (!q->exists || q->domain != domain)
			continue;
		q->open = true;
		if (q->directed)
			dlb_drive_write(d, DLB_SYS_DIR_VASQID_V, id * dir_ports(d) + q->number, 1);
		else
			dlb_drive_write(d, DLB_SYS_LDB_VASQID_V, id * DLB_LDB_QUEUES + q->number,
					1);
	}
	dlb_drive_flush(d);
}

void
dlb_drive_setup_domain(struct dlb_drive *d, unsigned int domain)
{
	setup_credits(d, domain);
	for (unsigned int n = 0; n < d->queues; n++)
		if (d->queue[n]->arg[QUEUE_DOMAIN] == domain)
			setup_queue(d, n);
	for (unsigned int n = 0; n < d->ports; n++)
		if (d->port[n]->arg[PORT_DOMAIN] == domain)
			setup_port(d, n);
	for (unsigned int n = 0; n < d->pairs; n++)
		if (d->pair[n]->arg[PAIR_DOMAIN] == domain) {
			setup_dir_port(d, n);
			setup_dir_queue(d, n);
		}
	setup_links(d, domain);
	start_domain(d, domain);
}

/* ---- Opening ---- */

static bool
take(const struct dlb_script_line **list, unsigned int *count, unsigned int max,
     const struct dlb_script_line *line)
{
	if (*count == max)
		return false;
	list[(*count)++] = line;
	return true;
}

static bool
link_fits(const struct dlb_drive *d, const struct dlb_script_line *l)
{
	unsigned int links = 0;

	if (l->arg[LINK_PORT] >= d->ports || l->arg[LINK_QUEUE] >= d->queues)
		return false;
	for (const struct dlb_script_line *o = d->script->line; o <= l; o++)
		links += o->kind == DLB_LINE_LINK && o->arg[LINK_PORT] == l->arg[LINK_PORT];
	return links <= DLB_CQ_SLOTS && d->port[l->arg[LINK_PORT]]->arg[PORT_DOMAIN] ==
						d->queue[l->arg[LINK_QUEUE]]->arg[QUEUE_DOMAIN];
}

static bool
depth_fits(uint32_t depth)
{
	return depth >= 1 && depth <= DLB_CQ_DEPTH_MAX && (depth & (depth - 1)) == 0;
}

static bool
take_line(struct dlb_drive *d, const struct dlb_script_line *l)
{
	switch (l->kind) {
	case DLB_LINE_DEVICE:
		d->device = l;
		return true;
	case DLB_LINE_DOMAIN:
		return take(d->domain, &d->domains, DLB_REF_DOMAINS, l);
	case DLB_LINE_QUEUE:
		return take(d->queue, &d->queues, DLB_REF_LDB_QUEUES, l) &&
		       l->arg[QUEUE_DOMAIN] < d->domains;
	case DLB_LINE_PORT:
		return take(d->port, &d->ports, DLB_REF_LDB_CQS, l) &&
		       l->arg[PORT_DOMAIN] < d->domains && depth_fits(l->arg[PORT_DEPTH]) &&
		       l->arg[PORT_HISTORY] >= 1;
	case DLB_LINE_DIRECTED:
		return take(d->pair, &d->pairs, DLB_REF_DIRS, l) &&
		       l->arg[PAIR_DOMAIN] < d->domains && depth_fits(l->arg[PAIR_DEPTH]);
	case DLB_LINE_LINK:
		return link_fits(d, l);
	default:
		return true;
	}
}

static int
take_script(struct dlb_drive *d)
{
	for (unsigned int n = 0; n < d->script->count; n++)
		if (!take_line(d, &d->script->line[n]))
			return -EINVAL;
	if (d->device == NULL || d->domains == 0)
		return -EINVAL;
	d->version = (enum dlb_version)d->device->arg[DEVICE_VERSION];
	for (unsigned int n = 0; n < d->pairs; n++)
		if (d->pair[n]->arg[PAIR_ID] >= dir_ports(d))
			return -EINVAL;
	return 0;
}

static void
size_rings(struct dlb_drive *d)
{
	for (unsigned int c = 0; c < DLB_REF_CQS; c++) {
		bool directed = dlb_drive_directed(c);
		unsigned int n = directed ? c - DLB_REF_LDB_CQS : c;
		uint32_t sparse = d->device->arg[directed ? DEVICE_SPARSE_DIR : DEVICE_SPARSE_LDB];
		uint32_t depth;

		if (n >= (directed ? d->pairs : d->ports))
			continue;
		depth = directed ? d->pair[n]->arg[PAIR_DEPTH] : d->port[n]->arg[PORT_DEPTH];
		d->ring[c].entries = DLB_CQ_ENTRIES(depth_code(depth));
		d->ring[c].step = sparse ? DLB_CQ_STEP_SPARSE : DLB_CQ_STEP_DENSE;
	}
}

int
dlb_drive_open(struct dlb_drive *d, const struct dlb_script *script,
	       const struct dlb_drive_maker *maker)
{
	int ret;

	memset(d, 0, sizeof(*d));
	d->script = script;
	d->maker = maker;
	ret = take_script(d);
	if (ret != 0)
		return ret;
	size_rings(d);
	d->map_policy = d->device->arg[DEVICE_HOST];
	d->ref = dlb_ref_create(d->version);
	ret = d->ref == NULL ? -ENOMEM : dlb_drive_host_open(d);
	if (ret == 0)
		ret = maker->create(d->device, &d->host, &d->dev, &d->kept);
	if (ret != 0) {
		dlb_drive_close(d);
		return ret;
	}
	d->ref->comp_t_one = d->device->arg[DEVICE_COMP_T_ONE];
	d->ref->directed_lock_in_qid = d->device->arg[DEVICE_LOCK_IN_QID];
	dlb_drive_power_on(d);
	dlb_drive_setup_device(d);
	for (unsigned int n = 0; n < d->domains; n++)
		dlb_drive_setup_domain(d, n);
	return 0;
}

void
dlb_drive_close(struct dlb_drive *d)
{
	if (d->dev != NULL)
		d->maker->destroy(d->dev, d->kept);
	dlb_drive_host_close(d);
	dlb_ref_destroy(d->ref);
	memset(d, 0, sizeof(*d));
}
