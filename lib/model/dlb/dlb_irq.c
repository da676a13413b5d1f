/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_config.h"

/* Interrupts of consumer queues, datasheet sections 9.1 to 9.3:
 *
 *   ARM, or INTR_ARMED = 1
 *          |
 *        armed --- as many QEs as the threshold, or a QE as old as the timer ---> fires, once
 *                                                                                   |
 *          CQ_ISR says where:  0, 1 nowhere (there are no VFs)    3 a write to AI_ADDR
 *                              2 MSI-X:  packed      vector 1 + number
 *                                        compressed  bit in OCC_INT_STS, and vector 1 unless
 *                                                    MSIX_ACK says that it has fired already
 *
 * Whoever arms and then looks into the CQ misses nothing: a QE that was delivered before is found
 * by the look, and one delivered after the command was taken fires.
 */

/* How an interrupt leaves. */
enum { ROUTE_VF = 1, ROUTE_MSIX = 2, ROUTE_MESSAGE = 3 };

/* The vector of all CQs in compressed mode, and its bit in MSIX_ACK and MSIX_PASSTHRU. */
#define CQ_VECTOR 1u
/* CQs that have a bit in a register: directed CQs 64 to 95 have none (open point 10). */
#define CQS_PER_WORD 32u
#define CQS_WITH_BITS 64u
/* Where messages go on x86; 2.0 has registers for some bits of the rest. */
#define MESSAGE_BASE UINT64_C(0xfee00000)
/* Nanoseconds of the clock that samples are counted by: 100 MHz. */
#define TICK_NS 10u

/* Registers by kind: [0] load-balanced, [1] directed. */
static const struct irq_rows {
	enum dlb_reg threshold, enable, samples, timer, isr, data;
	enum dlb_reg armed[2], status[2];
	enum dlb_reg addr, addr_l, addr_u;
} rows[2] = {
	{
		DLB_CHP_LDB_CQ_INT_DEPTH_THRSH, DLB_CHP_LDB_CQ_INT_ENB,
		DLB_CHP_LDB_CQ_TMR_THRSH, DLB_CHP_CFG_LDB_CQ_TIMER_CTL, DLB_SYS_LDB_CQ_ISR,
		DLB_SYS_LDB_CQ_AI_DATA,
		{DLB_CHP_LDB_CQ_INTR_ARMED0, DLB_CHP_LDB_CQ_INTR_ARMED1},
		{DLB_SYS_LDB_CQ_31_0_OCC_INT_STS, DLB_SYS_LDB_CQ_63_32_OCC_INT_STS},
		DLB_SYS_LDB_CQ_AI_ADDR, DLB_SYS_LDB_CQ_AI_ADDR_L, DLB_SYS_LDB_CQ_AI_ADDR_U,
	},
	{
		DLB_CHP_DIR_CQ_INT_DEPTH_THRSH, DLB_CHP_DIR_CQ_INT_ENB,
		DLB_CHP_DIR_CQ_TMR_THRSH, DLB_CHP_CFG_DIR_CQ_TIMER_CTL, DLB_SYS_DIR_CQ_ISR,
		DLB_SYS_DIR_CQ_AI_DATA,
		{DLB_CHP_DIR_CQ_INTR_ARMED0, DLB_CHP_DIR_CQ_INTR_ARMED1},
		{DLB_SYS_DIR_CQ_31_0_OCC_INT_STS, DLB_SYS_DIR_CQ_63_32_OCC_INT_STS},
		DLB_SYS_DIR_CQ_AI_ADDR, DLB_SYS_DIR_CQ_AI_ADDR_L, DLB_SYS_DIR_CQ_AI_ADDR_U,
	},
};

static bool
is_directed(uint32_t id)
{
	return id >= DLB_LDB_PORTS;
}

/* Number of a CQ among those of its kind. */
static uint32_t
number_of(uint32_t id)
{
	return is_directed(id) ? id - DLB_LDB_PORTS : id;
}

/* ---- Leaving ---- */

static uint64_t
message_address(const struct dlb_model *m, uint32_t id)
{
	const struct irq_rows *r = &rows[is_directed(id)];
	uint32_t i = number_of(id);

	if (m->config.version == DLB_V20)
		return MESSAGE_BASE | dlb_reg_get(m, r->addr, i);
	return (uint64_t)dlb_reg_get(m, r->addr_u, i) << 32 | dlb_reg_get(m, r->addr_l, i);
}

static void
message_write(struct dlb_model *m, uint32_t id)
{
	uint32_t data = dlb_reg_get(m, rows[is_directed(id)].data, number_of(id));

	if (m->may_master && m->host->ops->dma != NULL)
		(void)m->host->ops->dma(m->host, BUS_NO_PASID, message_address(m, id), &data,
					sizeof(data), true);
}

/* The shared vector, unless it waits for an acknowledge. */
static void
shared_fire(struct dlb_model *m)
{
	uint32_t ack = dlb_reg_get(m, DLB_SYS_MSIX_ACK, 0);

	if (!m->irq.message_due)
		return;
	if (REG_GET(DLB_SYS_MSIX_ACK_MSIX_1_ACK, ack) &&
	    !REG_GET(DLB_SYS_MSIX_PASSTHRU_MSIX_1_PASSTHRU,
		     dlb_reg_get(m, DLB_SYS_MSIX_PASSTHRU, 0)))
		return;
	m->irq.message_due = false;
	regfile_put(m->regs, DLB_SYS_MSIX_ACK, 0,
		    (uint32_t)REG_SET(DLB_SYS_MSIX_ACK_MSIX_1_ACK, ack, 1));
	dlb_msix_send(m, CQ_VECTOR);
}

static bool
any_status(const struct dlb_model *m)
{
	uint32_t bits = 0;

	for (unsigned int kind = 0; kind < 2; kind++)
		for (unsigned int w = 0; w < 2; w++)
			bits |= dlb_reg_get(m, rows[kind].status[w], 0);
	return bits != 0;
}

/* What the driver has seen and cleared before it acknowledged needs no other interrupt. */
void
dlb_irq_acknowledged(struct dlb_model *m)
{
	m->irq.message_due = m->irq.message_due && any_status(m);
	shared_fire(m);
}

static void
status_set(struct dlb_model *m, uint32_t id)
{
	uint32_t i = number_of(id);
	enum dlb_reg row = rows[is_directed(id)].status[i / CQS_PER_WORD % 2];

	regfile_put(m->regs, row, 0, dlb_reg_get(m, row, 0) | UINT32_C(1) << i % CQS_PER_WORD);
}

static void
route(struct dlb_model *m, uint32_t id)
{
	uint32_t isr = dlb_reg_get(m, rows[is_directed(id)].isr, number_of(id));

	switch (REG_GET(DLB_SYS_LDB_CQ_ISR_EN_CODE, isr)) {
	case ROUTE_MSIX:
		if (!REG_GET(DLB_SYS_MSIX_MODE_MODE, dlb_reg_get(m, DLB_SYS_MSIX_MODE, 0))) {
			/* Six bits for vectors 1 to 64: they count from 0 (I). */
			dlb_msix_send(m, 1 + (uint32_t)REG_GET(DLB_SYS_LDB_CQ_ISR_VECTOR, isr));
			break;
		}
		status_set(m, id);
		m->irq.message_due = true;
		shared_fire(m);
		break;
	case ROUTE_MESSAGE:
		message_write(m, id);
		break;
	default:
		break;
	}
}

/* ---- Firing ---- */

uint32_t
dlb_irq_occupancy(const struct dlb_model *m, uint32_t id)
{
	uint32_t tokens = m->cq[id].tokens, preset = m->irq.cq[id].preset;

	return tokens > preset ? tokens - preset : 0;
}

bool
dlb_irq_span_over(struct dlb_model *m, struct dlb_span *span, bool on, uint64_t length)
{
	uint64_t known = atomic_load_explicit(&m->irq.deadline, memory_order_relaxed);

	if (!on) {
		span->runs = false;
		return false;
	}
	if (!span->runs)
		*span = (struct dlb_span){.runs = true, .since = m->irq.now_ns};
	if (m->irq.now_ns - span->since >= length)
		return true;
	/* No time comes after the last one there is. */
	if (span->since <= BUS_NO_DEADLINE - length && span->since + length < known)
		atomic_store_explicit(&m->irq.deadline, span->since + length,
				      memory_order_relaxed);
	return false;
}

uint64_t
dlb_irq_samples_ns(const struct dlb_model *m, bool directed, uint32_t samples, uint32_t interval)
{
	uint64_t cqs = directed ? m->dir_ports : DLB_LDB_PORTS;

	return cqs * samples * (UINT64_C(1) + interval) * TICK_NS;
}

void
dlb_irq_watch(struct dlb_model *m)
{
	uint64_t any = 0;

	for (unsigned int w = 0; w < DLB_IRQ_WORDS; w++)
		any |= m->irq.armed[w] | m->irq.guarded[w];
	m->irq.watch = any != 0;
	if (!m->irq.watch)
		atomic_store_explicit(&m->irq.deadline, BUS_NO_DEADLINE, memory_order_relaxed);
}

static void
fire(struct dlb_model *m, uint32_t id)
{
	m->irq.armed[id / 64] &= ~(UINT64_C(1) << id % 64);
	route(m, id);
}

static bool
is_deep(const struct dlb_model *m, uint32_t id)
{
	uint32_t threshold = m->irq.cq[id].threshold;

	return threshold != 0 && dlb_irq_occupancy(m, id) >= threshold;
}

/* The timer runs while the armed CQ has QEs. */
static bool
is_late(struct dlb_model *m, uint32_t id)
{
	struct dlb_cq_irq *irq = &m->irq.cq[id];

	return dlb_irq_span_over(m, &irq->timer,
				 irq->timeout_ns != 0 && dlb_irq_occupancy(m, id) != 0,
				 irq->timeout_ns);
}

void
dlb_irq_look(struct dlb_model *m)
{
	/* Worked out again, by what still runs. */
	atomic_store_explicit(&m->irq.deadline, BUS_NO_DEADLINE, memory_order_relaxed);
	for (uint32_t w = 0; w < DLB_IRQ_WORDS; w++) {
		for (uint64_t armed = m->irq.armed[w]; armed != 0; armed &= armed - 1) {
			uint32_t id = w * 64 + (uint32_t)__builtin_ctzll(armed);

			if (is_deep(m, id) || is_late(m, id))
				fire(m, id);
		}
	}
	dlb_watchdog_look(m);
	dlb_irq_watch(m);
}

/* Without the registers there is no interrupt: a driver could not tell who it is from (open point
 * 10), so the command of such a port is taken and means nothing.
 */
void
dlb_irq_arm(struct dlb_model *m, uint32_t id)
{
	if (number_of(id) >= CQS_WITH_BITS)
		return;
	m->irq.armed[id / 64] |= UINT64_C(1) << id % 64;
	m->irq.cq[id].timer.runs = false;
	/* At the threshold already: at once (I). The timer begins with the next step, which knows
	 * the time.
	 */
	if (is_deep(m, id))
		fire(m, id);
	dlb_irq_watch(m);
}

/* ---- Registers ---- */

void
dlb_irq_preset(struct dlb_model *m, uint32_t id, uint32_t tokens)
{
	m->irq.cq[id].preset = tokens;
}

static void
cq_configure(struct dlb_model *m, uint32_t id)
{
	const struct irq_rows *r = &rows[is_directed(id)];
	struct dlb_cq_irq *irq = &m->irq.cq[id];
	uint32_t i = number_of(id), enable = dlb_reg_get(m, r->enable, i);
	uint32_t timer = dlb_reg_get(m, r->timer, 0);
	bool timed = REG_GET(DLB_CHP_LDB_CQ_INT_ENB_EN_TIM, enable) &&
		     REG_GET(DLB_CHP_CFG_LDB_CQ_TIMER_CTL_ENB, timer);

	irq->threshold = REG_GET(DLB_CHP_LDB_CQ_INT_ENB_EN_DEPTH, enable)
				 ? dlb_reg_get(m, r->threshold, i) + 1
				 : 0;
	irq->timeout_ns = 0;
	if (timed)
		irq->timeout_ns = dlb_irq_samples_ns(
			m, is_directed(id), dlb_reg_get(m, r->samples, i),
			(uint32_t)REG_GET(DLB_CHP_CFG_LDB_CQ_TIMER_CTL_SAMPLE_INTERVAL, timer));
	if ((m->irq.armed[id / 64] >> id % 64 & 1) && is_deep(m, id))
		fire(m, id);
}

static void
ldb_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	cq_configure(dlb_model_of(owner), at.i);
}

static void
dir_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	cq_configure(dlb_model_of(owner), DLB_LDB_PORTS + at.i);
}

static void
timer_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;

	(void)at;
	(void)value;
	for (uint32_t id = 0; id < DLB_LDB_PORTS + m->dir_ports; id++)
		cq_configure(m, id);
}

/* The first CQ whose bit is in an INTR_ARMED register. */
static uint32_t
first_of(struct reg_at at)
{
	switch (at.row) {
	case DLB_CHP_LDB_CQ_INTR_ARMED0:
		return 0;
	case DLB_CHP_LDB_CQ_INTR_ARMED1:
		return CQS_PER_WORD;
	case DLB_CHP_DIR_CQ_INTR_ARMED0:
		return DLB_LDB_PORTS;
	default:
		return DLB_LDB_PORTS + CQS_PER_WORD;
	}
}

static uint32_t
armed_read(void *owner, struct reg_at at)
{
	uint32_t first = first_of(at);

	return (uint32_t)(dlb_model_of(owner)->irq.armed[first / 64] >> first % 64);
}

static void
armed_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;
	uint32_t first = first_of(at);

	/* What is armed is kept elsewhere: the next write is to show its own bits only. */
	regfile_put(m->regs, at.row, 0, 0);
	for (; value != 0; value &= value - 1)
		dlb_irq_arm(m, first + (uint32_t)__builtin_ctz(value));
}

static const struct reg_hook hooks[] = {
	{DLB_CHP_LDB_CQ_INT_DEPTH_THRSH, NULL, ldb_wrote},
	{DLB_CHP_LDB_CQ_INT_ENB, NULL, ldb_wrote},
	{DLB_CHP_LDB_CQ_TMR_THRSH, NULL, ldb_wrote},
	{DLB_CHP_CFG_LDB_CQ_TIMER_CTL, NULL, timer_wrote},
	{DLB_CHP_LDB_CQ_INTR_ARMED0, armed_read, armed_wrote},
	{DLB_CHP_LDB_CQ_INTR_ARMED1, armed_read, armed_wrote},
	{DLB_CHP_DIR_CQ_INT_DEPTH_THRSH, NULL, dir_wrote},
	{DLB_CHP_DIR_CQ_INT_ENB, NULL, dir_wrote},
	{DLB_CHP_DIR_CQ_TMR_THRSH, NULL, dir_wrote},
	{DLB_CHP_CFG_DIR_CQ_TIMER_CTL, NULL, timer_wrote},
	{DLB_CHP_DIR_CQ_INTR_ARMED0, armed_read, armed_wrote},
	{DLB_CHP_DIR_CQ_INTR_ARMED1, armed_read, armed_wrote},
};

void
dlb_irq_hook(struct dlb_model *m)
{
	DLB_HOOK(m, hooks);
}

void
dlb_irq_reset(struct dlb_model *m)
{
	memset(&m->irq, 0, sizeof(m->irq));
	atomic_store_explicit(&m->irq.deadline, BUS_NO_DEADLINE, memory_order_relaxed);
}
