/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_share_priv.h"

/* Interrupts. A client routes a CQ to a vector of the MSI-X table that it sees; the device is told
 * to send a message instead, as it would be for a virtual device (datasheet section 9.1, code 3),
 * whose data says whom it is for. So there are vectors enough for every share.
 *
 *   CQ fires --> message: share, vector --> the share's masks --> its host's irq
 *                                            masked: its pending bits
 *
 * Alarms are recorded by the device one at a time. They are taken out at once, and the share whose
 * port it was gets a record of its own, and vector 0: nobody hides another one's. Those that came
 * faster than that are lost, and said to be more of the one before.
 */

#define ROUTE_OFF     0u
#define ROUTE_MSIX    2u
#define ROUTE_MESSAGE 3u

#define MESSAGE_AT      UINT32_C(0xfee00000)
#define MESSAGE_VECTORS 0x100u
#define PBA_BITS        32u
#define ALARMS_AT_ONCE  8u
#define SYNDROME_PORT   0x7fu
#define SYNDROME_LDB    0x80u
#define SOURCE_SYS      0u

/* ---- Vectors ---- */

static bool
is_open(const struct dlb_share *s, uint32_t vector)
{
	return s->may_master && pci_config_msix_on(&s->pci) &&
	       !REG_GET(DLB_MSIX_VECTOR_CTRL_VEC_MASK,
			regfile_get(s->regs, DLB_MSIX_VECTOR_CTRL, vector));
}

static void
send(struct dlb_share *s, uint32_t vector)
{
	uint32_t bit = UINT32_C(1) << vector % PBA_BITS;
	uint32_t word = regfile_get(s->regs, DLB_MSIX_PBA, vector / PBA_BITS);
	bool open = is_open(s, vector);

	regfile_put(s->regs, DLB_MSIX_PBA, vector / PBA_BITS, open ? word & ~bit : word | bit);
	if (open && s->host != NULL && s->host->ops->irq != NULL)
		s->host->ops->irq(s->host, vector);
}

void
dlb_share_unmasked(struct dlb_share *s)
{
	for (uint32_t w = 0; w * PBA_BITS < DLB_MSIX_VECTORS; w++) {
		uint32_t pending = regfile_get(s->regs, DLB_MSIX_PBA, w);

		for (; pending != 0; pending &= pending - 1)
			send(s, w * PBA_BITS + (uint32_t)__builtin_ctz(pending));
	}
}

bool
dlb_write_mask(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	dlb_share_keep(s, at, value);
	dlb_share_unmasked(s);
	return true;
}

void
dlb_share_message(struct dlb_hub *hub, uint32_t data)
{
	uint32_t domain = data / MESSAGE_VECTORS, vector = data % MESSAGE_VECTORS;

	if (domain < hub->domains && vector < DLB_MSIX_VECTORS && !hub->share[domain].draining)
		send(&hub->share[domain], vector);
}

bool
dlb_write_isr(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	const struct dlb_port_rows *r = &dlb_port_rows[at.row == DLB_SYS_DIR_CQ_ISR];
	uint64_t route = REG_GET(DLB_SYS_LDB_CQ_ISR_EN_CODE, value);
	uint32_t vector = 1 + (uint32_t)REG_GET(DLB_SYS_LDB_CQ_ISR_VECTOR, value);

	if ((route != ROUTE_OFF && route != ROUTE_MSIX) ||
	    REG_GET(DLB_SYS_LDB_CQ_ISR_VF, value) != 0)
		return false;
	dlb_share_keep(s, at, value);
	/* Never at an address or a vector that is half of it. */
	dlb_hub_write_at(s->hub, at, 0);
	if (route == ROUTE_OFF)
		return true;
	/* 2.0 has registers for the low bits only: the rest is what it has to be. */
	dlb_hub_write(s->hub, r->message_addr, at.i, 0);
	dlb_hub_write(s->hub, r->message_addr_l, at.i, MESSAGE_AT);
	dlb_hub_write(s->hub, r->message, at.i, s->domain * MESSAGE_VECTORS + vector);
	dlb_hub_write_at(s->hub, at, (uint32_t)REG_PUT(DLB_SYS_LDB_CQ_ISR_EN_CODE, ROUTE_MESSAGE));
	return true;
}

/* ---- Alarms ---- */

static void
alarm_fire(struct dlb_share *s)
{
	uint32_t ack = regfile_get(s->regs, DLB_SYS_MSIX_ACK, 0);

	if (!s->alarm_due ||
	    (REG_GET(DLB_SYS_MSIX_ACK_MSIX_0_ACK, ack) &&
	     !REG_GET(DLB_SYS_MSIX_PASSTHRU_MSIX_0_PASSTHRU,
		      regfile_get(s->regs, DLB_SYS_MSIX_PASSTHRU, 0))))
		return;
	s->alarm_due = false;
	regfile_put(s->regs, DLB_SYS_MSIX_ACK, 0,
		    (uint32_t)REG_SET(DLB_SYS_MSIX_ACK_MSIX_0_ACK, ack, 1));
	send(s, 0);
}

static bool
has_record(const struct dlb_share *s)
{
	return REG_GET(DLB_SYS_ALARM_PF_SYND0_VALID,
		       regfile_get(s->regs, DLB_SYS_ALARM_PF_SYND0, 0));
}

bool
dlb_write_ack(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	dlb_share_keep(s, at, value);
	s->alarm_due = s->alarm_due && has_record(s);
	alarm_fire(s);
	return true;
}

/* Did the client ask for errors of this kind? Those of CHP are told in any case. */
static bool
is_wanted(const struct dlb_share *s, uint32_t synd0)
{
	static const uint8_t bits[] = {
		[1] = DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_PP_LO,
		[3] = DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_QID_LO,
		[4] = DLB_SYS_INGRESS_ALARM_ENBL_DISABLED_QID_LO,
		[5] = DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_HCW_LO,
		[6] = DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_LDB_QID_CFG_LO,
	};
	uint64_t id = REG_GET(DLB_SYS_ALARM_PF_SYND0_AID, synd0);

	if (REG_GET(DLB_SYS_ALARM_PF_SYND0_SOURCE, synd0) != SOURCE_SYS)
		return true;
	return id < sizeof(bits) && regfile_get(s->regs, DLB_SYS_INGRESS_ALARM_ENBL, 0) >> bits[id] & 1;
}

static struct dlb_share *
share_of(struct dlb_hub *hub, uint32_t synd0)
{
	uint32_t syndrome = (uint32_t)REG_GET(DLB_SYS_ALARM_PF_SYND0_SYNDROME, synd0);
	bool from_sys = REG_GET(DLB_SYS_ALARM_PF_SYND0_SOURCE, synd0) == SOURCE_SYS;
	bool ldb = from_sys ? REG_GET(DLB_SYS_ALARM_PF_SYND0_IS_LDB, synd0)
			    : (syndrome & SYNDROME_LDB) != 0;

	for (unsigned int d = 0; d < hub->domains; d++)
		if (dlb_share_has_port(&hub->share[d], !ldb, syndrome & SYNDROME_PORT))
			return &hub->share[d];
	return NULL;
}

static void
record(struct dlb_share *s, uint32_t synd0, uint32_t synd1, uint32_t synd2)
{
	if (s->draining || !is_wanted(s, synd0))
		return;
	if (has_record(s)) {
		synd0 = (uint32_t)REG_SET(DLB_SYS_ALARM_PF_SYND0_MORE,
					  regfile_get(s->regs, DLB_SYS_ALARM_PF_SYND0, 0), 1);
	} else {
		regfile_put(s->regs, DLB_SYS_ALARM_PF_SYND1, 0, synd1);
		regfile_put(s->regs, DLB_SYS_ALARM_PF_SYND2, 0, synd2);
	}
	regfile_put(s->regs, DLB_SYS_ALARM_PF_SYND0, 0, synd0);
	s->alarm_due = true;
	alarm_fire(s);
}

void
dlb_hub_alarms(struct dlb_hub *hub)
{
	if (!hub->alarm)
		return;
	hub->alarm = false;
	for (unsigned int n = 0; n < ALARMS_AT_ONCE; n++) {
		uint32_t synd0 = dlb_hub_read(hub, DLB_SYS_ALARM_PF_SYND0, 0);
		struct dlb_share *s = share_of(hub, synd0);

		if (!REG_GET(DLB_SYS_ALARM_PF_SYND0_VALID, synd0))
			break;
		if (s != NULL)
			record(s, synd0, dlb_hub_read(hub, DLB_SYS_ALARM_PF_SYND1, 0),
			       dlb_hub_read(hub, DLB_SYS_ALARM_PF_SYND2, 0));
		dlb_hub_write(hub, DLB_SYS_ALARM_PF_SYND0, 0,
			      (uint32_t)(REG_MASK(DLB_SYS_ALARM_PF_SYND0_VALID) |
					 REG_MASK(DLB_SYS_ALARM_PF_SYND0_MORE)));
	}
	dlb_hub_write(hub, DLB_SYS_MSIX_ACK, 0, (uint32_t)REG_MASK(DLB_SYS_MSIX_ACK_MSIX_0_ACK));
}
