/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_irq.h"

#include <string.h>

/* ---- Delivery ---- */

/* Messages that wait and may go. */
static uint16_t
send(struct mic_irq *q)
{
	uint16_t ready = q->pending;

	if (q->route.mode == MIC_IRQ_MSIX)
		ready &= (uint16_t)~(q->masked | q->stuck);
	if (!q->route.may_send || q->route.mode == MIC_IRQ_INTX)
		return 0;
	q->pending &= (uint16_t)~ready;
	if (q->quirks.sticks && q->route.mode == MIC_IRQ_MSIX)
		q->stuck |= ready;
	return ready;
}

/* The vector of a message: those that MSI was not granted come in by others. */
static uint16_t
vector_bit(const struct mic_irq *q, unsigned int vector)
{
	if (q->route.mode == MIC_IRQ_MSI)
		vector &= q->route.granted - 1;
	return (uint16_t)(1u << vector);
}

static uint16_t
deliver_messages(struct mic_irq *q)
{
	uint32_t due = q->status & q->enable & ~q->told, reached = 0;

	for (unsigned int v = 0; due != 0 && v < MIC_VECTORS; v++) {
		if ((q->assigned[v] & due) == 0)
			continue;
		reached |= q->assigned[v] & due;
		q->pending |= vector_bit(q, v);
	}
	q->told |= reached;
	/* A message that waits counts as accepted: section 8.2, step 4. */
	if (q->route.mode == MIC_IRQ_MSIX)
		q->status &= ~(reached & q->autoclear);
	if (q->quirks.consumes)
		q->enable &= ~reached;
	return send(q);
}

/* `again`: software has looked, so a line that is still asserted is told once more. */
static uint16_t
deliver_line(struct mic_irq *q, bool again)
{
	uint32_t due = q->status & q->enable;
	bool level = due != 0 && !q->route.intx_off;
	bool tell = level && (again || !q->asserted);

	q->asserted = level;
	if (tell && q->quirks.consumes) {
		q->enable &= ~due;
		q->asserted = false;
	}
	return tell;
}

static uint16_t
deliver(struct mic_irq *q, bool again)
{
	return q->route.mode == MIC_IRQ_INTX ? deliver_line(q, again) : deliver_messages(q);
}

/* ---- What happens ---- */

void
mic_irq_create(struct mic_irq *q, struct mic_irq_quirks quirks)
{
	memset(q, 0, sizeof(*q));
	q->quirks = quirks;
	q->route.granted = 1;
	q->masked = UINT16_MAX;
}

void
mic_irq_reset(struct mic_irq *q)
{
	struct mic_irq before = *q;

	mic_irq_create(q, before.quirks);
	q->route = before.route;
	q->masked = before.masked;
}

uint16_t
mic_irq_raise(struct mic_irq *q, uint32_t sources)
{
	q->status |= sources;
	q->told &= ~sources;
	return deliver(q, false);
}

uint16_t
mic_irq_clear(struct mic_irq *q, uint32_t sources)
{
	q->status &= ~sources;
	q->told &= ~sources;
	return deliver(q, true);
}

uint16_t
mic_irq_enable(struct mic_irq *q, uint32_t sources)
{
	q->enable |= sources;
	q->told &= ~sources;
	return deliver(q, true);
}

uint16_t
mic_irq_disable(struct mic_irq *q, uint32_t sources)
{
	q->enable &= ~sources;
	return deliver(q, false);
}

uint16_t
mic_irq_assign(struct mic_irq *q, unsigned int vector, uint32_t sources)
{
	q->assigned[vector] = sources;
	return deliver(q, false);
}

uint16_t
mic_irq_mask(struct mic_irq *q, unsigned int vector, bool masked)
{
	q->masked = (uint16_t)((q->masked & ~(1u << vector)) | (unsigned int)masked << vector);
	return send(q);
}

uint16_t
mic_irq_unstick(struct mic_irq *q)
{
	q->stuck = 0;
	return send(q);
}

/* Messages that wait are of no use any more: what they were to tell is told by the new way. */
static void
take_back(struct mic_irq *q)
{
	for (unsigned int v = 0; v < MIC_VECTORS; v++)
		if (q->pending >> v & 1)
			q->status |= q->assigned[v];
	q->pending = 0;
	q->told = 0;
	q->asserted = false;
}

uint16_t
mic_irq_route(struct mic_irq *q, const struct mic_irq_route *route)
{
	if (route->mode != q->route.mode || route->granted != q->route.granted)
		take_back(q);
	q->route = *route;
	return deliver(q, false);
}
