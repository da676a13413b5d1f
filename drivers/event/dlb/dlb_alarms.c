/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Alarms, datasheet sections 9.3 and 9.4. The driver sends nothing that the device would complain
 * of, so alarms are rare, tell of a bug or of memory gone astray, and nothing depends on their
 * being seen at once: somebody looks once a second, and whenever statistics are asked for.
 *
 *   the device drops a command ---> SYND0 VALID, SYND1 and SYND2: the QE
 *                                      |   (others meanwhile: SYND0 MORE)
 *   look: log, count, write VALID and MORE back, acknowledge vector 0 ---> free for the next one
 */

#include <inttypes.h>

#include <rte_alarm.h>
#include <rte_common.h>

#include "dlb_alarms.h"
#include "dlb_domain.h"
#include "dlb_hw.h"

#define LOOK_US 1000000

/* More than a log can use in a second; each is an access to the device, too. */
#define OVERLOAD 16
/* Seconds, in looks, that the device is silent afterwards. */
#define MUTED_LOOKS 10

/* Commands of closed ports are left out: for them the device would have to watch all pages. */
#define ENABLED                                                                                    \
	((uint32_t)(REG_PUT(DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_HCW, 1) |                           \
		    REG_PUT(DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_QID, 1) |                           \
		    REG_PUT(DLB_SYS_INGRESS_ALARM_ENBL_DISABLED_QID, 1) |                          \
		    REG_PUT(DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_LDB_QID_CFG, 1)))

#define SOURCE_SYS 0
#define SOURCE_DLB 1
#define UNIT_CHP   4

/* Of the port in a syndrome. */
#define SYNDROME_PORT 0x7f
#define SYNDROME_LDB  0x80

/* Alarm ids, by who raises them; that of QID_CFG is inferred. */
static const struct {
	const char *name;
	uint8_t source, unit, id;
} kinds[] = {
	[DLB_ALARMS_ILLEGAL_HCW] = {"ILLEGAL_HCW", SOURCE_SYS, 0, 5},
	[DLB_ALARMS_ILLEGAL_QID] = {"ILLEGAL_QID", SOURCE_SYS, 0, 3},
	[DLB_ALARMS_DISABLED_QID] = {"DISABLED_QID", SOURCE_SYS, 0, 4},
	[DLB_ALARMS_ILLEGAL_QID_CFG] = {"ILLEGAL_QID_CFG", SOURCE_SYS, 0, 6},
	[DLB_ALARMS_ILLEGAL_ENQ] = {"ILLEGAL_ENQ", SOURCE_DLB, UNIT_CHP, 1},
	[DLB_ALARMS_EXCESS_TOKEN_POPS] = {"EXCESS_TOKEN_POPS", SOURCE_DLB, UNIT_CHP, 2},
	[DLB_ALARMS_OTHER] = {"OTHER", UINT8_MAX, 0, 0},
};

/* One alarm. */
struct found {
	uint32_t synd0;
	uint64_t qe; /* bytes 8 to 15 */
	enum dlb_alarms_kind kind;
	bool load_balanced;
	uint8_t hw; /* of the port */
};

const char *
dlb_alarms_name(enum dlb_alarms_kind kind)
{
	return kinds[kind].name;
}

static enum dlb_alarms_kind
kind_of(uint32_t synd0)
{
	uint64_t source = REG_GET(DLB_SYS_ALARM_PF_SYND0_SOURCE, synd0);
	unsigned int kind;

	for (kind = 0; kind < DLB_ALARMS_OTHER; kind++) {
		if (source == kinds[kind].source &&
		    REG_GET(DLB_SYS_ALARM_PF_SYND0_AID, synd0) == kinds[kind].id &&
		    (source == SOURCE_SYS ||
		     REG_GET(DLB_SYS_ALARM_PF_SYND0_UNIT, synd0) == kinds[kind].unit))
			break;
	}
	return (enum dlb_alarms_kind)kind;
}

/* Read an alarm and make room for the next one: false when there is none. */
static bool
take_syndrome(const struct dlb *dlb, struct found *found)
{
	uint32_t synd0 = dlb_reg_read(dlb, DLB_SYS_ALARM_PF_SYND0, 0);
	uint64_t syndrome = REG_GET(DLB_SYS_ALARM_PF_SYND0_SYNDROME, synd0);

	/* What does not answer reads as all ones, and has no alarms. */
	if (!REG_GET(DLB_SYS_ALARM_PF_SYND0_VALID, synd0) || synd0 == UINT32_MAX)
		return false;
	*found = (struct found){
		.synd0 = synd0,
		.qe = dlb_reg_read(dlb, DLB_SYS_ALARM_PF_SYND1, 0) |
		      (uint64_t)dlb_reg_read(dlb, DLB_SYS_ALARM_PF_SYND2, 0) << 32,
		.kind = kind_of(synd0),
		.load_balanced = REG_GET(DLB_SYS_ALARM_PF_SYND0_SOURCE, synd0) == SOURCE_SYS
					 ? REG_GET(DLB_SYS_ALARM_PF_SYND0_IS_LDB, synd0)
					 : syndrome & SYNDROME_LDB,
		.hw = (uint8_t)(syndrome & SYNDROME_PORT),
	};
	dlb_reg_write(dlb, DLB_SYS_ALARM_PF_SYND0, 0,
		      (uint32_t)(REG_PUT(DLB_SYS_ALARM_PF_SYND0_VALID, 1) |
				 REG_PUT(DLB_SYS_ALARM_PF_SYND0_MORE, 1)));
	dlb_reg_write(dlb, DLB_SYS_MSIX_ACK, 0,
		      (uint32_t)REG_PUT(DLB_SYS_MSIX_ACK_MSIX_0_ACK, 1));
	return true;
}

/* The event device that has the port, or this one when nobody has it any more. */
static struct dlb *
owner_of(struct dlb *dlb, const struct found *found)
{
	const struct dlb_pool *pool = &dlb->device->pool;
	unsigned int domain = found->load_balanced ? pool->ldb_ports[found->hw % DLB_LDB_PORTS]
						   : pool->dir_ports[found->hw % DLB_DIR_PORTS_MAX];

	if (domain >= DLB_DOMAINS || dlb->device->users[domain] == NULL)
		return dlb;
	return dlb->device->users[domain];
}

/* Take an alarm, of whichever domain, and count it where it belongs. */
static bool
take(struct dlb *dlb, struct found *found, struct dlb **owner)
{
	bool any;

	rte_spinlock_lock(&dlb->device->lock);
	any = take_syndrome(dlb, found);
	if (any) {
		*owner = owner_of(dlb, found);
		(*owner)->alarms.count[found->kind]++;
		(*owner)->alarms.more += REG_GET(DLB_SYS_ALARM_PF_SYND0_MORE, found->synd0);
	}
	rte_spinlock_unlock(&dlb->device->lock);
	return any;
}

/* The event port, or NULL when there is none. */
static const struct dlb_port *
port_of(const struct dlb *dlb, const struct found *found)
{
	enum dlb_kind kind = found->load_balanced ? DLB_KIND_LDB : DLB_KIND_DIR;
	unsigned int i;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		if (dlb->ports[i]->kind == kind && dlb->ports[i]->hw == found->hw)
			return dlb->ports[i];
	}
	return NULL;
}

/* Of another event device only the name is safe to look at. */
static void
log_alarm(const struct dlb *dlb, const struct dlb *owner, const struct found *found)
{
	const struct dlb_port *p = owner == dlb ? port_of(dlb, found) : NULL;
	char port[16] = "a port";

	if (p != NULL)
		snprintf(port, sizeof(port), "port %u", p->id);
	DLB_LOG(WARNING, owner->name,
		"alarm %s: %s (%s %u): the device dropped command %#x to queue %u of its own, "
		"type %u, priority %u, flow %u; QE bytes 8-15 %016" PRIx64 ", syndrome %#x%s",
		dlb_alarms_name(found->kind), port,
		found->load_balanced ? "load-balanced" : "directed", found->hw,
		(unsigned int)REG_GET(DLB_HCW_CMD, found->qe),
		(unsigned int)REG_GET(DLB_QE_QID, found->qe),
		(unsigned int)REG_GET(DLB_QE_SCHED, found->qe),
		(unsigned int)REG_GET(DLB_QE_PRIO, found->qe),
		(unsigned int)REG_GET(DLB_QE_LOCK, found->qe), found->qe, found->synd0,
		REG_GET(DLB_SYS_ALARM_PF_SYND0_MORE, found->synd0) ? "; there were more" : "");
}

/* Ingress alarms are off for as long as one of the domains wants them off. */
static void
mute(struct dlb *dlb)
{
	rte_spinlock_lock(&dlb->device->lock);
	if (dlb->device->nb_muting++ == 0)
		dlb_reg_write(dlb, DLB_SYS_INGRESS_ALARM_ENBL, 0, 0);
	rte_spinlock_unlock(&dlb->device->lock);
	dlb->alarms.muted = MUTED_LOOKS;
}

static void
unmute(struct dlb *dlb)
{
	rte_spinlock_lock(&dlb->device->lock);
	if (--dlb->device->nb_muting == 0)
		dlb_alarms_enable(dlb);
	rte_spinlock_unlock(&dlb->device->lock);
	dlb->alarms.muted = 0;
}

/* Section 9.4: whoever raises alarms without end must not keep everybody busy with them. */
static void
guard(struct dlb *dlb)
{
	mute(dlb);
	dlb->alarms.overloads++;
	DLB_LOG(WARNING, dlb->name,
		"%u alarms in a second: ingress alarms are off for %u s, others are not logged",
		dlb->alarms.recent, MUTED_LOOKS * (LOOK_US / 1000000));
}

void
dlb_alarms_enable(const struct dlb *dlb)
{
	dlb_reg_write(dlb, DLB_SYS_INGRESS_ALARM_ENBL, 0, ENABLED);
}

void
dlb_alarms_look(struct dlb *dlb)
{
	struct found found;
	struct dlb *owner;
	unsigned int n;

	for (n = 0; n < OVERLOAD && take(dlb, &found, &owner); n++) {
		if (dlb->alarms.muted == 0)
			log_alarm(dlb, owner, &found);
	}
	dlb->alarms.recent += n;
	if (dlb->alarms.recent >= OVERLOAD && dlb->alarms.muted == 0)
		guard(dlb);
}

/* A second has passed. */
static void
tick(struct dlb *dlb)
{
	dlb->alarms.recent = 0;
	if (dlb->alarms.muted > 1)
		dlb->alarms.muted--;
	else if (dlb->alarms.muted == 1)
		unmute(dlb);
}

static void look_later(struct dlb *dlb);

static void
look_now(void *arg)
{
	struct dlb *dlb = arg;

	rte_spinlock_lock(&dlb->lock);
	if (dlb->started) {
		dlb_alarms_look(dlb);
		tick(dlb);
		look_later(dlb);
	}
	rte_spinlock_unlock(&dlb->lock);
}

static void
look_later(struct dlb *dlb)
{
	if (rte_eal_alarm_set(LOOK_US, look_now, dlb) < 0)
		DLB_LOG(WARNING, dlb->name,
			"no alarm clock: alarms of the device show when statistics are read");
}

void
dlb_alarms_start(struct dlb *dlb)
{
	dlb->alarms.recent = 0;
	look_later(dlb);
}

void
dlb_alarms_stop(struct dlb *dlb)
{
	rte_eal_alarm_cancel(look_now, dlb);
	rte_spinlock_lock(&dlb->lock);
	dlb_alarms_look(dlb);
	if (dlb->alarms.muted != 0)
		unmute(dlb);
	rte_spinlock_unlock(&dlb->lock);
}
