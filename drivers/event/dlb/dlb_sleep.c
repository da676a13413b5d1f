/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Interrupts of consumer queues, datasheet sections 9.1 and 9.2, in packed mode: each port has a
 * vector of its own, so that whoever sleeps on it needs nobody to find out whom it was for.
 */

#include <rte_errno.h>

#include "dlb_hw.h"
#include "dlb_sleep.h"

/* Codes of the CQ_ISR registers: to the physical function's MSI-X. */
#define ISR_MSIX 2
/* Directed ports from here on cannot be armed (open point 10). */
#define DIR_PORTS_WITH_IRQ 64
/* A read goes behind the command on the bus; what the device then takes to act on it is short. */
#define ARMED_READS 16

int
dlb_sleep_open(struct dlb *dlb)
{
	int ret;

	/* A virtual device may get domains that want them later, and has them for nothing. */
	if (dlb->args.on_bus && !dlb->args.sleeps)
		return 0;
	ret = access_irqs_open(dlb->access);
	if (ret < 0)
		DLB_LOG(ERR, dlb->name,
			"device argument wait=interrupt: no MSI-X vectors to be had: %s; bind the "
			"device to vfio-pci, or use wait=poll",
			rte_strerror(-ret));
	return ret;
}

static bool
can_be_armed(const struct dlb_port *p)
{
	return p->kind == DLB_KIND_LDB || p->hw < DIR_PORTS_WITH_IRQ;
}

/* The port fires with its first QE. */
static void
route(const struct dlb_port *p)
{
	bool ldb = p->kind == DLB_KIND_LDB;
	uint32_t isr = (uint32_t)(REG_PUT(DLB_SYS_LDB_CQ_ISR_EN_CODE, ISR_MSIX) |
				  REG_PUT(DLB_SYS_LDB_CQ_ISR_VECTOR, p->vector - 1));
	uint32_t on = (uint32_t)REG_PUT(DLB_CHP_LDB_CQ_INT_ENB_EN_DEPTH, 1);

	dlb_reg_write(p->dlb,
		      ldb ? DLB_CHP_LDB_CQ_INT_DEPTH_THRSH : DLB_CHP_DIR_CQ_INT_DEPTH_THRSH, p->hw,
		      0);
	dlb_reg_write(p->dlb, ldb ? DLB_CHP_LDB_CQ_INT_ENB : DLB_CHP_DIR_CQ_INT_ENB, p->hw, on);
	dlb_reg_write(p->dlb, ldb ? DLB_SYS_LDB_CQ_ISR : DLB_SYS_DIR_CQ_ISR, p->hw, isr);
}

void
dlb_sleep_start(struct dlb *dlb)
{
	unsigned int i;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		struct dlb_port *p = dlb->ports[i];

		p->sleepers = access_sleepers(dlb->access);
		if (!dlb->args.sleeps || !can_be_armed(p))
			dlb_sleep_release(p);
		else if (p->vector == 0)
			p->vector = (uint8_t)access_irq_claim(dlb->access);
		if (p->vector != 0)
			route(p);
	}
}

/* A port that has fired is not armed any more, but has QEs then: whoever asks looks afterwards. */
static bool
shows_armed(const struct dlb_port *p)
{
	static const enum dlb_reg rows[2][2] = {
		{DLB_CHP_LDB_CQ_INTR_ARMED0, DLB_CHP_LDB_CQ_INTR_ARMED1},
		{DLB_CHP_DIR_CQ_INTR_ARMED0, DLB_CHP_DIR_CQ_INTR_ARMED1},
	};
	enum dlb_reg row = rows[p->kind == DLB_KIND_DIR][p->hw / 32];

	return dlb_reg_read(p->dlb, row, 0) >> p->hw % 32 & 1;
}

bool
dlb_sleep_is_armed(const struct dlb_port *p)
{
	unsigned int i;

	for (i = 0; i < ARMED_READS; i++) {
		if (shows_armed(p))
			return true;
	}
	return false;
}

void
dlb_sleep_release(struct dlb_port *p)
{
	access_irq_unclaim(p->dlb->access, p->vector);
	p->vector = 0;
}
