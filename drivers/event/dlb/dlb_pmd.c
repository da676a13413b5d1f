/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The driver's own calls, rte_pmd_dlb.h. What they set is kept apart from the ports, which come to
 * be when they are set up, and counts from then on.
 */

#include <errno.h>
#include <inttypes.h>

#include <rte_common.h>

#include "dlb_domain.h"
#include "dlb_evdev.h"
#include "dlb_hw.h"
#include "dlb_param.h"
#include "rte_pmd_dlb.h"

/* The library keeps symbols to itself unless told otherwise. */
#define EXPORTED __attribute__((visibility("default")))

/* Of the register field, 12 bits. */
#define MIGRATION_THRESHOLD_MAX 4095

#define KNOWN_FLAGS (RTE_PMD_DLB_PORT_MIGRATION_THRESHOLD | RTE_PMD_DLB_PORT_HISTORY)

void
dlb_param_forget(struct dlb *dlb)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(dlb->params); i++)
		dlb->params[i] = (struct dlb_port_param){.configured = i < dlb_nb_ports(dlb)};
}

/* The device of ours with this id, or NULL. */
static struct dlb *
find_dlb(uint8_t dev_id, const char *what)
{
	if (dev_id < RTE_EVENT_MAX_DEVS && rte_event_pmd_is_valid_dev(dev_id) &&
	    rte_eventdevs[dev_id].dev_ops->dev_infos_get == dlb_evdev_ops.dev_infos_get)
		return dlb_of(&rte_eventdevs[dev_id]);
	DLB_LOG(ERR, "event_dlb", "%s: device %u: not one of this driver", what, dev_id);
	return NULL;
}

static int
check_port(const struct dlb *dlb, uint8_t port, const char *what)
{
	if (port < DLB_PORTS_MAX && dlb->params[port].configured)
		return 0;
	DLB_LOG(ERR, dlb->name, "%s: port %u: accepted: 0..%d, after rte_event_dev_configure()",
		what, port, (int)dlb_nb_ports(dlb) - 1);
	return -EINVAL;
}

static int
check_not_set_up(const struct dlb *dlb, uint8_t port, const char *what)
{
	if (!dlb->params[port].port_set_up)
		return 0;
	DLB_LOG(ERR, dlb->name,
		"%s: port %u is set up; accepted: between rte_event_dev_configure() and "
		"rte_event_port_setup()",
		what, port);
	return -EINVAL;
}

EXPORTED int
rte_pmd_dlb_set_token_pop_mode(uint8_t dev_id, uint8_t port_id,
			       enum rte_pmd_dlb_token_pop_mode mode)
{
	static const char what[] = "token pop mode";
	struct dlb *dlb = find_dlb(dev_id, what);
	int ret;

	if (dlb == NULL)
		return -ENODEV;
	if (dlb->started) {
		DLB_LOG(ERR, dlb->name, "%s: port %u: the device is started; stop it first", what,
			port_id);
		return -EBUSY;
	}
	ret = check_port(dlb, port_id, what);
	if (ret == 0)
		ret = check_not_set_up(dlb, port_id, what);
	if (ret < 0)
		return ret;
	if ((unsigned int)mode > RTE_PMD_DLB_DEFERRED_POP) {
		DLB_LOG(ERR, dlb->name,
			"%s %u: port %u: accepted: 0 (auto), 1 (delayed), 2 (deferred)", what,
			(unsigned int)mode, port_id);
		return -EINVAL;
	}
	dlb->params[port_id].pop = (enum dlb_pop)mode;
	return 0;
}

static int
check_threshold(const struct dlb *dlb, uint8_t port, uint16_t threshold)
{
	if (dlb->args.version == DLB_V20) {
		DLB_LOG(ERR, dlb->name,
			"migration threshold %u: port %u: version 2.0 has none; accepted: on 2.5",
			threshold, port);
		return -ENOTSUP;
	}
	if (threshold != 0 && dlb->device->is_part) {
		DLB_LOG(ERR, dlb->name,
			"migration threshold %u: port %u: the server at %s shares its device out, "
			"without them; accepted: with a whole device",
			threshold, port, dlb->args.socket);
		return -ENOTSUP;
	}
	if (threshold > MIGRATION_THRESHOLD_MAX) {
		DLB_LOG(ERR, dlb->name, "migration threshold %u: port %u: accepted: 0..%u",
			threshold, port, MIGRATION_THRESHOLD_MAX);
		return -EINVAL;
	}
	return 0;
}

static int
check_history(const struct dlb *dlb, uint8_t port, uint16_t history)
{
	if (history >= 1 && history <= DLB_HIST_ENTRIES)
		return check_not_set_up(dlb, port, "history");
	DLB_LOG(ERR, dlb->name, "history of %u entries: port %u: accepted: 1..%u", history, port,
		DLB_HIST_ENTRIES);
	return -EINVAL;
}

static int
check_param(const struct dlb *dlb, uint8_t port, uint64_t flags,
	    const struct rte_pmd_dlb_port_param *param)
{
	int ret = check_port(dlb, port, "port parameters");

	if (ret == 0 && (flags == 0 || (flags & ~KNOWN_FLAGS) != 0 || param == NULL)) {
		DLB_LOG(ERR, dlb->name,
			"port parameters: port %u: flags %#" PRIx64 "%s; accepted: 0x1 (migration "
			"threshold), 0x2 (history), or both, with values",
			port, flags, param == NULL ? " without values" : "");
		ret = -EINVAL;
	}
	if (ret == 0 && (flags & RTE_PMD_DLB_PORT_MIGRATION_THRESHOLD))
		ret = check_threshold(dlb, port, param->migration_threshold);
	if (ret == 0 && (flags & RTE_PMD_DLB_PORT_HISTORY))
		ret = check_history(dlb, port, param->history);
	return ret;
}

/* Of a port that is set up already, perhaps at work. */
static void
change_threshold(struct dlb_port *p, uint16_t threshold)
{
	p->migration_threshold = threshold;
	if (!p->dlb->started || p->kind != DLB_KIND_LDB)
		return;
	dlb_hw_set_migration_threshold(p);
	/* Flows may go where they could not, and everybody may be asleep. */
	access_idle(p->access);
}

EXPORTED int
rte_pmd_dlb_set_port_param(uint8_t dev_id, uint8_t port_id, uint64_t flags,
			   const struct rte_pmd_dlb_port_param *param)
{
	struct dlb *dlb = find_dlb(dev_id, "port parameters");
	int ret;

	if (dlb == NULL)
		return -ENODEV;
	ret = check_param(dlb, port_id, flags, param);
	if (ret < 0)
		return ret;
	rte_spinlock_lock(&dlb->lock);
	if (flags & RTE_PMD_DLB_PORT_HISTORY)
		dlb->params[port_id].history = param->history;
	if (flags & RTE_PMD_DLB_PORT_MIGRATION_THRESHOLD) {
		dlb->params[port_id].migration_threshold = param->migration_threshold;
		if (dlb->params[port_id].port_set_up && dlb->ports[port_id] != NULL)
			change_threshold(dlb->ports[port_id], param->migration_threshold);
	}
	rte_spinlock_unlock(&dlb->lock);
	return 0;
}
