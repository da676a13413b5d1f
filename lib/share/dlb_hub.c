/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dlb_share_priv.h"

/* The device behind the shares: who gets what of it, what they have in common, and where it finds
 * the memory of each.
 */

/* Where messages go: section 9.1. */
#define MESSAGE_PAGE 0xfeeu
/* The largest ring there is. */
#define NOWHERE_BYTES (DLB_CQ_DEPTH_MAX * DLB_CQ_STEP_SPARSE)
/* Windows of ordered queues that a domain is to have, if it can. */
#define WINDOWS_EACH 4u
#define COMMAND_ON 0x0006u
#define AT_MSIX 0x60
/* Section 5.3, as drivers set it: QEs of higher priority a little sooner, queues alike. */
#define QE_WEIGHTS 0xfffdfbf9
#define QID_WEIGHTS 0xffffffff

void
dlb_hub_say(struct dlb_hub *hub, const char *format, ...)
{
	char line[320];
	va_list args;

	if (hub->log == NULL)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	hub->log(hub->arg, line);
}

/* ---- As the device's host: whose memory, whose interrupt ---- */

static struct dlb_hub *
hub_of(struct bus_host *host)
{
	return (struct dlb_hub *)host;
}

/* Who has the PASID, which every CQ of a share carries. */
static struct dlb_share *
share_by(struct dlb_hub *hub, uint32_t pasid)
{
	return pasid < hub->domains ? &hub->share[pasid] : NULL;
}

static void *
hub_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	struct bus_fault *fault)
{
	struct dlb_hub *hub = hub_of(host);
	struct dlb_share *s = share_by(hub, pasid);

	if (s != NULL && s->draining) {
		*len = *len < NOWHERE_BYTES ? *len : NOWHERE_BYTES;
		return hub->nowhere;
	}
	if (s != NULL && s->host != NULL && s->host->ops->map != NULL)
		return s->host->ops->map(s->host, BUS_NO_PASID, iova, len, prot, fault);
	*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
	return NULL;
}

static int
hub_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct dlb_hub *hub = hub_of(host);
	struct dlb_share *s = share_by(hub, pasid);
	uint32_t data;

	if (pasid == BUS_NO_PASID && write && iova >> 20 == MESSAGE_PAGE && len == sizeof(data)) {
		memcpy(&data, bytes, sizeof(data));
		dlb_share_message(hub, data);
		return 0;
	}
	if (s == NULL || s->host == NULL || s->host->ops->dma == NULL)
		return -EFAULT;
	return s->host->ops->dma(s->host, BUS_NO_PASID, iova, bytes, len, write);
}

static int
hub_page_request(struct bus_host *host, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	struct dlb_share *s = share_by(hub_of(host), pasid);

	if (s == NULL || s->host == NULL || s->host->ops->page_request == NULL)
		return -EFAULT;
	return s->host->ops->page_request(s->host, BUS_NO_PASID, iova, prot);
}

/* CQs send messages; what is left is alarms. The device has its lock: they are looked at later. */
static void
hub_irq(struct bus_host *host, unsigned int vector)
{
	if (vector == 0)
		hub_of(host)->alarm = true;
}

static const struct bus_host_ops hub_ops = {
	.map = hub_map,
	.dma = hub_dma,
	.page_request = hub_page_request,
	.irq = hub_irq,
};

/* ---- Who gets what ---- */

/* What is said, and an even part of the rest for those who said nothing. */
static uint32_t
even_part(const struct dlb_hub *hub, const struct dlb_request requests[], enum dlb_res res)
{
	uint32_t left = dlb_pool_total(&hub->pool, res), silent = 0;

	for (unsigned int d = 0; d < hub->domains; d++) {
		uint32_t amount = requests[d].amount[res];

		if (amount == DLB_UNSAID)
			silent++;
		else
			left -= amount < left ? amount : left;
	}
	return silent != 0 ? left / silent : 0;
}

static bool
is_short(struct dlb_hub *hub, unsigned int d, const struct dlb_request *request)
{
	enum dlb_res short_of = DLB_RES_LDB_QUEUES;
	unsigned int domain;
	enum dlb_status status = dlb_pool_create(&hub->pool, request, &domain, &short_of);

	if (status != DLB_ST_SUCCESS)
		dlb_hub_say(hub, "domain %u: %s: %s=%u; accepted: 0..%u, what others left of %u", d,
			    dlb_status_name(status), dlb_res_key(short_of),
			    request->amount[short_of], dlb_pool_free(&hub->pool, short_of),
			    dlb_pool_total(&hub->pool, short_of));
	else if (request->amount[DLB_RES_LDB_PORTS] != 0 &&
		 request->amount[DLB_RES_HISTORY] == 0)
		dlb_hub_say(hub, "domain %u: history=0; accepted: at least 1 with load-balanced "
				 "ports", d);
	else
		return false;
	return true;
}

/* Ports asked for by class alone are all there are. */
static void
count_classes(struct dlb_request *request)
{
	uint32_t by_class = 0;

	if (!request->by_class || request->amount[DLB_RES_LDB_PORTS] != DLB_UNSAID)
		return;
	for (unsigned int c = 0; c < DLB_COS_CLASSES; c++)
		by_class += request->class_ports[c];
	request->amount[DLB_RES_LDB_PORTS] = by_class;
}

static int
split(struct dlb_hub *hub, const struct dlb_request *wanted)
{
	struct dlb_request requests[DLB_DOMAINS];
	uint32_t even[DLB_RES_KINDS];

	for (unsigned int d = 0; d < hub->domains; d++) {
		dlb_request_init(&requests[d]);
		if (wanted != NULL)
			requests[d] = wanted[d];
		count_classes(&requests[d]);
	}
	for (unsigned int res = 0; res < DLB_RES_KINDS; res++)
		even[res] = even_part(hub, requests, res);
	for (unsigned int d = 0; d < hub->domains; d++) {
		for (unsigned int res = 0; res < DLB_RES_KINDS; res++)
			if (requests[d].amount[res] == DLB_UNSAID)
				requests[d].amount[res] = even[res];
		if (is_short(hub, d, &requests[d]))
			return -EINVAL;
	}
	return 0;
}

static unsigned int
slots_in(unsigned int mode)
{
	return (unsigned int)DLB_SN_SLOTS >> mode;
}

/* The largest windows of which each domain gets enough; the sizes stay as they are. */
static int
split_windows(struct dlb_hub *hub, unsigned int ordered)
{
	unsigned int wanted = ordered != 0 ? ordered : WINDOWS_EACH;
	unsigned int mode = DLB_SN_MODES - 1, slots, each;

	if (ordered > DLB_SN_GROUPS * DLB_SN_SLOTS / hub->domains) {
		dlb_hub_say(hub, "%u ordered queues a domain; accepted: 1..%u with %u domains",
			    ordered, DLB_SN_GROUPS * DLB_SN_SLOTS / hub->domains, hub->domains);
		return -EINVAL;
	}
	while (mode > 0 && DLB_SN_GROUPS * slots_in(mode) < hub->domains * wanted)
		mode--;
	slots = slots_in(mode);
	each = DLB_SN_GROUPS * slots / hub->domains;
	for (unsigned int i = 0; i < DLB_SN_GROUPS * slots && i < hub->domains * each; i++)
		hub->pool.windows[i / slots][i % slots] = (uint8_t)(i / each);
	hub->pool.sn_mode[0] = (uint8_t)mode;
	hub->pool.sn_mode[1] = (uint8_t)mode;
	hub->pool.sn_fixed = true;
	return 0;
}

static void
find_history(struct dlb_share *s)
{
	const uint8_t *owners = s->hub->pool.history;
	uint32_t n = dlb_pool_held(&s->hub->pool, s->domain, DLB_RES_HISTORY);
	const uint8_t *first = memchr(owners, s->domain, DLB_HIST_ENTRIES);

	/* Without any, none is in between. */
	s->history[0] = first != NULL ? (uint32_t)(first - owners) : 1;
	s->history[1] = s->history[0] + n - 1;
}

/* ---- Life ---- */

static int
share_create(struct dlb_hub *hub, unsigned int domain)
{
	struct dlb_share *s = &hub->share[domain];

	s->dev.ops = &dlb_share_ops;
	s->hub = hub;
	s->domain = (uint8_t)domain;
	s->ring_fd = -1;
	find_history(s);
	dlb_pci_space(&s->pci, hub->version);
	s->regs = dlb_share_regs_create(s);
	s->about = dlb_share_about(s);
	return s->regs != NULL && s->about != NULL ? 0 : -ENOMEM;
}

int
dlb_hub_create(const struct dlb_hub_config *config, struct dlb_hub **out)
{
	struct dlb_hub *hub;
	int ret;

	if (config->domains < 1 || config->domains > DLB_DOMAINS)
		return -EINVAL;
	hub = calloc(1, sizeof(*hub));
	if (hub == NULL)
		return -ENOMEM;
	hub->host.ops = &hub_ops;
	hub->version = config->version;
	hub->dir_ports = config->version == DLB_V20 ? DLB_DIR_PORTS_V20 : DLB_DIR_PORTS_V25;
	hub->domains = config->domains;
	hub->log = config->log;
	hub->drains = config->drains;
	hub->arg = config->arg;
	dlb_pool_init(&hub->pool, config->version);
	ret = split(hub, config->requests);
	if (ret == 0)
		ret = split_windows(hub, config->ordered);
	if (ret < 0)
		goto destroy;
	ret = -ENOMEM;
	hub->nowhere = aligned_alloc(4096, NOWHERE_BYTES);
	hub->quiet_rings = aligned_alloc(64, DLB_SHARE_PORTS * sizeof(*hub->quiet_rings));
	if (hub->nowhere == NULL || hub->quiet_rings == NULL)
		goto destroy;
	memset(hub->quiet_rings, 0, DLB_SHARE_PORTS * sizeof(*hub->quiet_rings));
	for (unsigned int d = 0; d < hub->domains; d++)
		if (share_create(hub, d) < 0)
			goto destroy;
	*out = hub;
	return 0;

destroy:
	dlb_hub_destroy(hub);
	return ret;
}

void
dlb_hub_destroy(struct dlb_hub *hub)
{
	if (hub == NULL)
		return;
	for (unsigned int d = 0; d < hub->domains; d++) {
		struct dlb_share *s = &hub->share[d];

		dlb_share_rings_free(s);
		regfile_destroy(s->regs);
		free(s->about);
	}
	free(hub->nowhere);
	free(hub->quiet_rings);
	free(hub);
}

struct bus_host *
dlb_hub_host(struct dlb_hub *hub)
{
	return &hub->host;
}

struct bus_device *
dlb_hub_share(struct dlb_hub *hub, unsigned int domain)
{
	return &hub->share[domain].dev;
}

void
dlb_hub_share_host(struct dlb_hub *hub, unsigned int domain, struct bus_host *host)
{
	hub->share[domain].host = host;
}

const char *
dlb_hub_about(const struct dlb_hub *hub, unsigned int domain)
{
	return hub->share[domain].about;
}

uint64_t
dlb_hub_refused(const struct dlb_hub *hub, unsigned int domain)
{
	return hub->share[domain].refused;
}

bool
dlb_hub_failed(const struct dlb_hub *hub)
{
	return hub->failed;
}

/* ---- What all shares have in common ---- */

static void
config_write(struct dlb_hub *hub, uint16_t off, uint16_t value)
{
	uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};

	(void)hub->dev->ops->config(hub->dev, off, bytes, sizeof(bytes), true);
}

static void
weights_set(struct dlb_hub *hub)
{
	static const enum dlb_reg rows[] = {
		DLB_ATM_CFG_ARB_WEIGHTS_RDY_BIN,
		DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_NALB_0,
		DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_REPLAY_0,
		DLB_DP_CFG_ARB_WEIGHTS_TQPRI_REPLAY_0,
		DLB_DP_CFG_ARB_WEIGHTS_TQPRI_DIR_0,
		DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_ATQ_0,
		DLB_ATM_CFG_ARB_WEIGHTS_SCHED_BIN,
		DLB_AQED_CFG_ARB_WEIGHTS_TQPRI_ATM_0,
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		dlb_hub_write(hub, rows[i], 0, QE_WEIGHTS);
	dlb_hub_write(hub, DLB_LSP_CFG_ARB_WEIGHT_LDB_QID_0, 0, QID_WEIGHTS);
	dlb_hub_write(hub, DLB_LSP_CFG_ARB_WEIGHT_ATM_NALB_QID_0, 0, QID_WEIGHTS);
}

/* Errors of commands, but for those to closed ports: the device would have to watch all pages. */
static uint32_t
alarms_wanted(void)
{
	return (uint32_t)(REG_MASK(DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_HCW) |
			  REG_MASK(DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_QID) |
			  REG_MASK(DLB_SYS_INGRESS_ALARM_ENBL_DISABLED_QID) |
			  REG_MASK(DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_LDB_QID_CFG));
}

int
dlb_hub_bring_up(struct dlb_hub *hub)
{
	uint32_t csr, power;

	config_write(hub, PCI_CFG_COMMAND, COMMAND_ON);
	config_write(hub, AT_MSIX + PCI_MSIX_CONTROL, PCI_MSIX_ENABLE);
	dlb_hub_write(hub, DLB_CM_CFG_PM_PMCSR_DISABLE, 0, 0);
	power = dlb_hub_read(hub, DLB_CM_CFG_PM_STATUS, 0);
	if (power == UINT32_MAX || REG_GET(DLB_CM_CFG_PM_STATUS_PMSM, power) == 0) {
		dlb_hub_say(hub, "device not ready: power state %#x", power);
		return -EIO;
	}
	csr = dlb_hub_read(hub, DLB_CHP_CFG_CHP_CSR_CTRL, 0);
	dlb_hub_write(hub, DLB_CHP_CFG_CHP_CSR_CTRL, 0,
		      csr | (uint32_t)(REG_MASK(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_LDB_CQ_MODE) |
				       REG_MASK(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_DIR_CQ_MODE)));
	weights_set(hub);
	dlb_hub_write(hub, DLB_RO_GRP_SN_MODE, 0,
		      (uint32_t)(REG_PUT(DLB_RO_GRP_SN_MODE_SN_MODE_0, hub->pool.sn_mode[0]) |
				 REG_PUT(DLB_RO_GRP_SN_MODE_SN_MODE_1, hub->pool.sn_mode[1])));
	dlb_hub_write(hub, DLB_MSIX_VECTOR_CTRL, 0, 0);
	dlb_hub_write(hub, DLB_SYS_INGRESS_ALARM_ENBL, 0, alarms_wanted());
	for (unsigned int d = 0; d < hub->domains; d++)
		dlb_share_pin(&hub->share[d]);
	return 0;
}

int
dlb_hub_plug(struct dlb_hub *hub, struct bus_device *dev, struct bus_device *model)
{
	hub->dev = dev;
	hub->model = model;
	for (unsigned int d = 0; d < hub->domains; d++) {
		if (dlb_share_rings_renew(&hub->share[d]) < 0) {
			dlb_hub_say(hub, "domain %u: no memory for its rings", d);
			return -EIO;
		}
		dlb_share_rings_set(&hub->share[d], false);
	}
	return dlb_hub_bring_up(hub);
}

void
dlb_hub_revive(struct dlb_hub *hub)
{
	hub->dev->ops->reset(hub->dev, BUS_RESET_POWER);
	if (dlb_hub_bring_up(hub) < 0)
		return;
	for (unsigned int d = 0; d < hub->domains; d++)
		hub->share[d].dead = false;
	hub->failed = false;
	dlb_hub_say(hub, "the device was reset: all domains are in service again");
}
