/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdatomic.h>
#include <string.h>

#include "dlb_drive.h"

/* A device that schedules at each step something new comes to rest before this. */
#define SETTLE_STEPS 20000
/* Steps without a change that count as rest. */
#define REST_STEPS 2

void
dlb_drive_send(struct dlb_drive *d, unsigned int port, bool single)
{
	const struct dlb_ref_cq *cq = &d->ref->cq[port];

	if (d->filled[port] == 0)
		return;
	memset(&d->line[port][d->filled[port]], 0,
	       (DLB_LINE_HCWS - d->filled[port]) * sizeof(struct dlb_qe));
	for (unsigned int n = 0; single && n < d->filled[port]; n++)
		dlb_drive_post(d, cq->directed, cq->number, &d->line[port][n],
			       sizeof(struct dlb_qe));
	if (!single)
		dlb_drive_post(d, cq->directed, cq->number, d->line[port], DLB_LINE_SIZE);
	d->filled[port] = 0;
}

void
dlb_drive_send_all(struct dlb_drive *d)
{
	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		dlb_drive_send(d, c, false);
}

void
dlb_drive_push(struct dlb_drive *d, unsigned int port, struct dlb_qe hcw)
{
	dlb_ref_hcw(d->ref, port, hcw);
	d->line[port][d->filled[port]++] = hcw;
	d->commands++;
	if (d->filled[port] == DLB_LINE_HCWS)
		dlb_drive_send(d, port, false);
}

struct dlb_qe
dlb_drive_hcw(struct dlb_drive *d, unsigned int cmd, uint64_t meta)
{
	uint64_t mixed = (d->serial + 1) * UINT64_C(0x9e3779b97f4a7c15);

	if (!dlb_ref_reserve(d->ref, d->serial + 1)) {
		dlb_ref_fail(d->ref, "memory", "no memory for %u entries", d->serial);
		return (struct dlb_qe){0};
	}
	meta = REG_SET(DLB_HCW_CMD, meta, cmd);
	meta = REG_SET(DLB_QE_OPAQUE, meta, mixed >> 20);
	meta = REG_SET(DLB_QE_MSG, meta, mixed >> 40);
	return (struct dlb_qe){.data = (mixed & ~UINT64_C(0xffffffff)) | d->serial++, .meta = meta};
}

/* The generation bit is in the last word of an entry, which a device shows last. */
static bool
read_slot(const struct dlb_drive_ring *ring, struct dlb_qe *qe)
{
	const uint8_t *slot = ring->memory + (size_t)ring->next * ring->step;

	/* Acquire: pairs with the device's store of the word that holds the generation bit. */
	qe->meta = atomic_load_explicit((const _Atomic uint64_t *)(const void *)(slot + 8),
					memory_order_acquire);
	memcpy(&qe->data, slot, sizeof(qe->data));
	return REG_GET(DLB_QE_GEN, qe->meta) == ring->generation;
}

static uint32_t
scan_cq(struct dlb_drive *d, unsigned int c)
{
	struct dlb_drive_ring *ring = &d->ring[c];
	struct dlb_qe qe;
	uint32_t n;

	for (n = 0; n <= ring->entries && read_slot(ring, &qe) && !dlb_drive_failed(d); n++) {
		ring->shadow[ring->next] = qe;
		qe.meta &= ~REG_MASK(DLB_QE_GEN);
		dlb_ref_deliver(d->ref, c, qe);
		if (++ring->next == ring->entries) {
			ring->next = 0;
			ring->generation = !ring->generation;
		}
	}
	if (n > ring->entries)
		dlb_ref_fail(d->ref, "ring", "CQ %u got more than its %u entries at once", c,
			     ring->entries);
	return n;
}

uint32_t
dlb_drive_scan(struct dlb_drive *d)
{
	uint32_t n = 0;

	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		if (d->ref->cq[c].exists)
			n += scan_cq(d, c);
	return n;
}

void
dlb_drive_sync(struct dlb_drive *d)
{
	uint32_t more;

	dlb_drive_send_all(d);
	dlb_drive_flush(d);
	dlb_drive_scan(d);
	/* A device may schedule at any time, also while its registers are read. */
	do {
		dlb_ref_observed(d->ref);
		if (dlb_drive_failed(d) || dlb_drive_counters_agree(d, false))
			break;
		more = dlb_drive_scan(d);
		if (more == 0)
			dlb_drive_counters_agree(d, true);
	} while (more > 0);
	if (!dlb_drive_failed(d))
		dlb_drive_check_alarm(d);
}

void
dlb_drive_step(struct dlb_drive *d, uint64_t ns)
{
	dlb_drive_send_all(d);
	d->now_ns += ns;
	d->dev->ops->step(d->dev, d->now_ns);
	dlb_drive_sync(d);
}

void
dlb_drive_settle(struct dlb_drive *d)
{
	unsigned int rest = 0, n;

	dlb_drive_sync(d);
	for (n = 0; n < SETTLE_STEPS && rest < REST_STEPS && !dlb_drive_failed(d); n++) {
		uint64_t before = d->ref->delivered;

		dlb_drive_step(d, 1000);
		rest = d->ref->delivered == before ? rest + 1 : 0;
	}
	if (n == SETTLE_STEPS)
		dlb_ref_fail(d->ref, "rest", "the device does not come to rest");
	if (!dlb_drive_failed(d))
		dlb_ref_quiet(d->ref);
}

void
dlb_drive_check_rings(struct dlb_drive *d)
{
	for (unsigned int c = 0; c < DLB_REF_CQS && !dlb_drive_failed(d); c++) {
		const struct dlb_drive_ring *ring = &d->ring[c];

		if (!d->ref->cq[c].exists)
			continue;
		for (uint32_t n = 0; n < ring->entries; n++)
			if (memcmp(ring->memory + (size_t)n * ring->step, &ring->shadow[n],
				   sizeof(struct dlb_qe)) != 0) {
				dlb_ref_fail(d->ref, "ring", "CQ %u: slot %u was written again", c,
					     n);
				break;
			}
	}
}
