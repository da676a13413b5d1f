/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_config.h"

/* Alarms, datasheet section 9.4: what the device has to say about a command that it dropped in
 * whole or in part, and vector 0, by which it says that there is something to read.
 *
 *            SYND0 free: written    fires unless MSIX_ACK says   goes out unless masked
 *   error ----> SYND0..2 ------------> it has fired already ---------> irq 0
 *            VALID: only MORE          (then after the next            (then PBA bit 0, and
 *                                      acknowledge)                    after unmasking)
 */

/* Sources and units. */
#define SOURCE_SYS 0u
#define SOURCE_DLB 1u
#define UNIT_CHP   4u
/* Of a CHP alarm's syndrome: the port is load-balanced. */
#define CHP_IS_LDB 0x80u

/* Ingress errors: the bit of SYS_INGRESS_ALARM_ENBL that lets one raise an alarm, and the alarm id.
 * The datasheet has no ids for PORT and QUEUE_TYPE; no known driver looks at those (I).
 */
static const struct ingress {
	uint8_t enable_bit, id;
} ingress[] = {
	[DLB_ALARM_COMMAND] = {DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_HCW_LO, 5},
	[DLB_ALARM_PORT] = {DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_PP_LO, 1},
	[DLB_ALARM_QUEUE] = {DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_QID_LO, 3},
	[DLB_ALARM_QUEUE_DISABLED] = {DLB_SYS_INGRESS_ALARM_ENBL_DISABLED_QID_LO, 4},
	[DLB_ALARM_QUEUE_TYPE] = {DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_LDB_QID_CFG_LO, 6},
};

/* ---- Vector 0 ---- */

static bool
vector_may_fire(const struct dlb_model *m)
{
	return !REG_GET(DLB_SYS_MSIX_ACK_MSIX_0_ACK, dlb_reg_get(m, DLB_SYS_MSIX_ACK, 0)) ||
	       REG_GET(DLB_SYS_MSIX_PASSTHRU_MSIX_0_PASSTHRU,
		       dlb_reg_get(m, DLB_SYS_MSIX_PASSTHRU, 0));
}

/* Fire what is due, now or after the next acknowledge. */
static void
vector_fire(struct dlb_model *m)
{
	uint32_t ack = dlb_reg_get(m, DLB_SYS_MSIX_ACK, 0);

	if (!m->alarm_due || !vector_may_fire(m))
		return;
	m->alarm_due = false;
	regfile_put(m->regs, DLB_SYS_MSIX_ACK, 0,
		    (uint32_t)REG_SET(DLB_SYS_MSIX_ACK_MSIX_0_ACK, ack, 1));
	dlb_msix_send(m, 0);
}

void
dlb_alarm_raise(struct dlb_model *m)
{
	m->alarm_due = true;
	vector_fire(m);
}

static bool
has_news(const struct dlb_model *m)
{
	return REG_GET(DLB_SYS_ALARM_PF_SYND0_VALID, dlb_reg_get(m, DLB_SYS_ALARM_PF_SYND0, 0));
}

static bool
has_more(const struct dlb_model *m)
{
	return REG_GET(DLB_SYS_ALARM_PF_SYND0_MORE, dlb_reg_get(m, DLB_SYS_ALARM_PF_SYND0, 0));
}

static bool
has_expired(const struct dlb_model *m)
{
	return REG_GET(DLB_SYS_ALARM_HW_SYND_CWD, dlb_reg_get(m, DLB_SYS_ALARM_HW_SYND, 0));
}

/* What the driver has read and cleared before it acknowledged needs no other interrupt. */
static void
ack_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;

	(void)at;
	(void)value;
	m->alarm_due = m->alarm_due && (has_news(m) || has_expired(m));
	vector_fire(m);
	dlb_irq_acknowledged(m);
}

/* ---- Syndromes ---- */

static void
record(struct dlb_model *m, uint64_t what, uint64_t meta)
{
	if (has_news(m)) {
		/* Nothing new about it: the driver has yet to read the first of many. */
		if (m->alarm_due && has_more(m))
			return;
		what = REG_SET(DLB_SYS_ALARM_PF_SYND0_MORE,
			       dlb_reg_get(m, DLB_SYS_ALARM_PF_SYND0, 0), 1);
	} else {
		what = REG_SET(DLB_SYS_ALARM_PF_SYND0_VALID, what, 1);
		regfile_put(m->regs, DLB_SYS_ALARM_PF_SYND1, 0, (uint32_t)meta);
		regfile_put(m->regs, DLB_SYS_ALARM_PF_SYND2, 0, (uint32_t)(meta >> 32));
	}
	regfile_put(m->regs, DLB_SYS_ALARM_PF_SYND0, 0, (uint32_t)what);
	dlb_alarm_raise(m);
}

static uint32_t
port_number(const struct dlb_model *m, const struct dlb_port *port)
{
	uint32_t id = (uint32_t)(port - m->port);

	return port->directed ? id - DLB_LDB_PORTS : id;
}

static bool
is_enabled(const struct dlb_model *m, enum dlb_alarm_ingress error)
{
	return dlb_reg_get(m, DLB_SYS_INGRESS_ALARM_ENBL, 0) >> ingress[error].enable_bit & 1;
}

void
dlb_alarm_ingress(struct dlb_model *m, const struct dlb_port *port, enum dlb_alarm_ingress error,
		  uint64_t meta)
{
	if (!is_enabled(m, error))
		return;
	record(m,
	       REG_PUT(DLB_SYS_ALARM_PF_SYND0_SYNDROME, port_number(m, port)) |
		       REG_PUT(DLB_SYS_ALARM_PF_SYND0_IS_LDB, !port->directed) |
		       REG_PUT(DLB_SYS_ALARM_PF_SYND0_AID, ingress[error].id) |
		       REG_PUT(DLB_SYS_ALARM_PF_SYND0_SOURCE, SOURCE_SYS),
	       meta);
}

void
dlb_alarm_chp(struct dlb_model *m, const struct dlb_port *port, enum dlb_alarm_chp error,
	      uint64_t meta)
{
	uint32_t syndrome = port_number(m, port) | (port->directed ? 0 : CHP_IS_LDB);

	record(m,
	       REG_PUT(DLB_SYS_ALARM_PF_SYND0_SYNDROME, syndrome) |
		       REG_PUT(DLB_SYS_ALARM_PF_SYND0_AID, error) |
		       REG_PUT(DLB_SYS_ALARM_PF_SYND0_UNIT, UNIT_CHP) |
		       REG_PUT(DLB_SYS_ALARM_PF_SYND0_SOURCE, SOURCE_DLB),
	       meta);
}

/* ---- Enqueues ---- */

/* What section 7.1 asks of the queue, one after the other; all of it said yes: false. */
static bool
queue_refuses(const struct dlb_model *m, const struct dlb_port *port, uint64_t meta,
	      enum dlb_alarm_ingress *error)
{
	uint32_t qid = (uint32_t)REG_GET(DLB_QE_QID, meta);
	uint32_t sched = (uint32_t)REG_GET(DLB_QE_SCHED, meta);
	bool directed = sched == DLB_DIRECTED;
	uint32_t queues = directed ? m->dir_ports : DLB_LDB_QUEUES;
	enum dlb_reg permitted = directed ? DLB_SYS_DIR_VASQID_V : DLB_SYS_LDB_VASQID_V;
	enum dlb_reg valid = directed ? DLB_SYS_DIR_QID_V : DLB_SYS_LDB_QID_V;

	if (qid >= queues || !(dlb_reg_get(m, permitted, port->vas * queues + qid) & 1))
		*error = DLB_ALARM_QUEUE;
	else if (!(dlb_reg_get(m, valid, qid) & 1))
		*error = DLB_ALARM_QUEUE_DISABLED;
	else if (!(m->domain[port->vas].permit[qid] >> sched & 1))
		*error = DLB_ALARM_QUEUE_TYPE;
	else
		return false;
	return true;
}

void
dlb_alarm_enqueue(struct dlb_model *m, const struct dlb_port *port, uint64_t meta)
{
	enum dlb_alarm_ingress error;

	if (queue_refuses(m, port, meta, &error))
		dlb_alarm_ingress(m, port, error, meta);
	else
		dlb_alarm_chp(m, port, DLB_ALARM_ENQUEUE, meta);
}

bool
dlb_alarm_wants_lines(const struct dlb_model *m)
{
	return is_enabled(m, DLB_ALARM_PORT);
}

/* Nobody looked at the lines that came to closed ports until now. */
static void
enable_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = dlb_model_of(owner);

	(void)at;
	(void)value;
	for (uint32_t id = 0; id < DLB_LDB_PORTS + m->dir_ports; id++)
		if (!m->port[id].valid)
			dlb_port_discard(&m->port[id]);
}

void
dlb_alarm_lines(struct dlb_model *m, const struct dlb_port *port, uint32_t n)
{
	/* A probe sends thousands of these, with the alarm off. */
	if (!m->answers || !dlb_alarm_wants_lines(m))
		return;
	for (uint32_t i = 0; i < n; i++) {
		const _Atomic uint64_t *line = line_ring_line(&port->drainer, i);

		for (unsigned int k = 1; k < LINE_RING_WORDS; k += 2) {
			uint64_t meta = line_ring_word(line, k);

			if (REG_GET(DLB_HCW_CMD, meta) != DLB_CMD_NOOP)
				dlb_alarm_ingress(m, port, DLB_ALARM_PORT, meta);
		}
	}
}

static const struct reg_hook hooks[] = {
	{DLB_SYS_INGRESS_ALARM_ENBL, NULL, enable_wrote},
	{DLB_SYS_MSIX_ACK, NULL, ack_wrote},
	{DLB_SYS_MSIX_PASSTHRU, NULL, ack_wrote},
};

void
dlb_alarm_hook(struct dlb_model *m)
{
	DLB_HOOK(m, hooks);
}
