/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>
#include <rte_string_fns.h>

#include <dev_driver.h>

#include "dlb_domain.h"
#include "dlb_evdev.h"

static const char *
what(enum dlb_res res)
{
	static const char *const words[DLB_RES_KINDS] = {
		[DLB_RES_LDB_QUEUES] = "load-balanced queues",
		[DLB_RES_LDB_PORTS] = "load-balanced ports",
		[DLB_RES_DIR_PORTS] = "directed ports",
		[DLB_RES_CREDITS] = "credits",
		[DLB_RES_DIR_CREDITS] = "directed credits",
		[DLB_RES_HISTORY] = "history entries",
		[DLB_RES_ATOMIC] = "atomic entries",
	};

	return words[res];
}

/* ---- Coming and going ---- */

static bool
is_about_a_resource(enum dlb_status status)
{
	return status != DLB_ST_DOMAIN_UNAVAILABLE &&
	       status != DLB_ST_LDB_PORT_REQUIRED_FOR_LDB_QUEUES;
}

static void
log_no_domain(const struct dlb *dlb, enum dlb_status status, enum dlb_res res)
{
	const struct dlb_device *device = dlb->device;

	if (!is_about_a_resource(status)) {
		DLB_LOG(ERR, dlb->name,
			"no domain of %s: %s; accepted: up to %u domains, load-balanced queues "
			"with at least one load-balanced port",
			device->name, dlb_status_name(status),
			(unsigned int)__builtin_popcount(device->pool.domains_there));
		return;
	}
	DLB_LOG(ERR, dlb->name,
		"no domain of %s: %s: %u %s; accepted: 0..%u%s, what others left of %u",
		device->name, dlb_status_name(status), dlb->args.request.amount[res], what(res),
		dlb_pool_free(&device->pool, res),
		res == DLB_RES_HISTORY                                   ? " side by side"
		: res == DLB_RES_LDB_PORTS && dlb->args.request.by_class ? " in such classes"
									 : "",
		dlb_pool_total(&device->pool, res));
}

/* A domain for the event device. */
static int
create(struct dlb *dlb)
{
	struct dlb_device *device = dlb->device;
	enum dlb_res short_of = DLB_RES_LDB_QUEUES;
	enum dlb_status status;
	unsigned int domain;

	rte_spinlock_lock(&device->lock);
	status = dlb_pool_create(&device->pool, &dlb->args.request, &domain, &short_of);
	if (status == DLB_ST_SUCCESS) {
		dlb->domain = (uint8_t)domain;
		device->users[domain] = dlb;
	} else {
		log_no_domain(dlb, status, short_of);
	}
	rte_spinlock_unlock(&device->lock);
	return status == DLB_ST_SUCCESS ? 0 : -ENOSPC;
}

int
dlb_domain_open(struct dlb *dlb)
{
	static unsigned int devices_opened;
	struct dlb_device *device;
	int ret;

	device = rte_zmalloc_socket(dlb->name, sizeof(*device), RTE_CACHE_LINE_SIZE,
				    dlb->args.numa_node);
	if (device == NULL) {
		DLB_LOG(ERR, dlb->name, "no memory for it on node %d; give DPDK more (-m)",
			dlb->args.numa_node);
		return -ENOMEM;
	}
	rte_spinlock_init(&device->lock);
	device->id = devices_opened++;
	strlcpy(device->name, dlb->name, sizeof(device->name));
	device->opener = dlb;
	device->access = dlb->access;
	device->args = dlb->args;
	device->is_part = dlb->part != NULL;
	dlb_pool_init(&device->pool, dlb->args.version);
	if (dlb->part != NULL)
		dlb_pool_restrict(&device->pool, dlb->part);
	if (dlb->args.sn_fixed) {
		device->pool.sn_fixed = true;
		memcpy(device->pool.sn_mode, dlb->args.sn_mode, sizeof(device->pool.sn_mode));
	}
	dlb->device = device;
	ret = create(dlb);
	if (ret < 0)
		rte_free(device);
	return ret;
}

/* An event device of ours by its name, or NULL. */
static struct dlb *
find(const char *name)
{
	struct rte_eventdev *dev = rte_event_pmd_get_named_dev(name);

	if (dev == NULL || dev->dev_ops == NULL ||
	    dev->dev_ops->dev_infos_get != dlb_evdev_ops.dev_infos_get)
		return NULL;
	return dlb_of(dev);
}

/* What the device is, it is for all of its domains. */
static void
adopt(struct dlb *dlb, const struct dlb_device *device)
{
	dlb->access = device->access;
	dlb->regs = access_bar(device->access, REG_BAR_2);
	dlb->args.version = device->args.version;
	dlb->args.step = device->args.step;
	dlb->args.sparse_cq = device->args.sparse_cq;
}

int
dlb_domain_join(struct dlb *dlb)
{
	const struct dlb *other = find(dlb->args.device);

	if (other == NULL) {
		DLB_LOG(ERR, dlb->name,
			"device argument device=%s: accepted: an event device of this driver that "
			"was probed before, such as event_dlb0 or 0000:6d:00.0",
			dlb->args.device);
		return -ENODEV;
	}
	if (other->device->failed) {
		DLB_LOG(ERR, dlb->name,
			"no domain of %s: %s: a domain of it is in an unknown state; accepted: "
			"after all of its event devices were removed",
			other->device->name, dlb_status_name(DLB_ST_DOMAIN_RESET_FAILED));
		return -EIO;
	}
	dlb->device = other->device;
	adopt(dlb, dlb->device);
	if (dlb_devargs_check(dlb->name, &dlb->args) < 0)
		return -EINVAL;
	return create(dlb);
}

/* Another event device that uses the device, or NULL. */
static const struct dlb *
another_user(const struct dlb *dlb)
{
	unsigned int i;

	for (i = 0; i < DLB_DOMAINS; i++) {
		const struct dlb *user = dlb->device->users[i];

		if (user != NULL && user != dlb)
			return user;
	}
	return NULL;
}

int
dlb_domain_may_leave(const struct dlb *dlb)
{
	const struct dlb *other = another_user(dlb);

	if (!dlb_is_mapped(dlb) || dlb->device->opener != dlb || other == NULL)
		return 0;
	DLB_LOG(ERR, dlb->name, "cannot be removed: %s has a domain of it; remove that first",
		other->name);
	return -EBUSY;
}

void
dlb_domain_leave(struct dlb *dlb)
{
	struct dlb_device *device = dlb->device;
	bool is_last = another_user(dlb) == NULL;

	rte_spinlock_lock(&device->lock);
	device->users[dlb->domain] = NULL;
	if (device->opener == dlb)
		device->opener = NULL;
	/* One that could not be reset stays, so that nobody is given what is its. */
	if (!dlb->failed)
		dlb_pool_destroy(&device->pool, dlb->domain);
	rte_spinlock_unlock(&device->lock);
	dlb->device = NULL;
	rte_free(dlb->part);
	dlb->part = NULL;
	if (!is_last)
		return;
	access_close(device->access);
	rte_free(device);
}

/* ---- Start and stop ---- */

uint32_t
dlb_domain_limit(const struct dlb *dlb, enum dlb_res res)
{
	struct dlb_device *device = dlb->device;
	uint32_t limit;

	rte_spinlock_lock(&device->lock);
	limit = dlb_pool_limit(&device->pool, dlb->domain, res);
	rte_spinlock_unlock(&device->lock);
	return limit;
}

int
dlb_domain_take(struct dlb *dlb, const uint32_t need[DLB_RES_KINDS], struct dlb_grant *grant)
{
	struct dlb_device *device = dlb->device;
	enum dlb_res short_of;
	enum dlb_status status;

	rte_spinlock_lock(&device->lock);
	status = dlb_pool_take(&device->pool, dlb->domain, need, grant, &short_of);
	rte_spinlock_unlock(&device->lock);
	if (status == DLB_ST_SUCCESS)
		return 0;
	DLB_LOG(ERR, dlb->name,
		"start: %s: %u %s; accepted: 0..%u, what this domain has of the %u of %s",
		dlb_status_name(status), need[short_of], what(short_of),
		dlb_domain_limit(dlb, short_of), dlb_pool_total(&device->pool, short_of),
		device->name);
	return -ENOSPC;
}

int
dlb_domain_take_windows(struct dlb *dlb, const uint16_t wanted[], unsigned int n,
			struct dlb_window windows[])
{
	struct dlb_device *device = dlb->device;
	unsigned int left;
	enum dlb_status status;

	rte_spinlock_lock(&device->lock);
	status = dlb_pool_take_windows(&device->pool, dlb->domain, wanted, n, windows);
	left = dlb_pool_sequence_numbers(&device->pool, DLB_NOBODY);
	rte_spinlock_unlock(&device->lock);
	if (status == DLB_ST_SUCCESS)
		return 0;
	DLB_LOG(ERR, dlb->name,
		"start: %s: %u queues that can order; accepted: one for each free slot of %s, "
		"which has %u of %u sequence numbers left; sn= on it makes smaller slots",
		dlb_status_name(status), n, device->name, left, DLB_SN_GROUPS * DLB_SN_PER_GROUP);
	return -ENOSPC;
}

void
dlb_domain_give_back(struct dlb *dlb)
{
	rte_spinlock_lock(&dlb->device->lock);
	dlb_pool_give_back(&dlb->device->pool, dlb->domain);
	rte_spinlock_unlock(&dlb->device->lock);
}

void
dlb_domain_fail(struct dlb *dlb)
{
	rte_spinlock_lock(&dlb->device->lock);
	dlb->device->failed = true;
	rte_spinlock_unlock(&dlb->device->lock);
	dlb->failed = true;
}
