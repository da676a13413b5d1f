/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The host that the device is plugged into: flat memory with a guard behind each ring.
 */
#include "dlb_drive_host.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "dlb_drive_meanwhile.h"

/* Above 4 GB, so that upper halves of addresses count. */
#define HOST_IOVA  UINT64_C(0x234560000)
#define HOST_PAGE  4096u
#define HOST_PIECE 256u
#define GUARD_BYTE 0xa5

enum { MAP_WHOLE, MAP_NEVER, MAP_PIECES };

static void *
host_map(struct bus_host *bus, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	struct dlb_drive *d = (struct dlb_drive *)bus;
	uint64_t at = iova - HOST_IOVA;

	dlb_drive_host_called(d);
	if (d->map_policy == MAP_NEVER || at >= d->size) {
		*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
		return NULL;
	}
	if (*len > d->size - at)
		*len = d->size - at;
	if (d->map_policy == MAP_PIECES && *len > HOST_PIECE - at % HOST_PIECE)
		*len = HOST_PIECE - at % HOST_PIECE;
	return d->memory + at;
}

static int
host_dma(struct bus_host *bus, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct dlb_drive *d = (struct dlb_drive *)bus;
	uint64_t at = iova - HOST_IOVA;

	(void)pasid;
	dlb_drive_host_called(d);
	if (at > d->size || len > d->size - at)
		return -EFAULT;
	if (write)
		memcpy(d->memory + at, bytes, len);
	else
		memcpy(bytes, d->memory + at, len);
	return 0;
}

static int
host_page_request(struct bus_host *bus, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	(void)bus;
	(void)pasid;
	(void)iova;
	(void)prot;
	return -EFAULT;
}

static void
host_irq(struct bus_host *bus, unsigned int vector)
{
	(void)vector;
	((struct dlb_drive *)bus)->irqs++;
}

/* Ring bytes in whole pages, as a driver allocates them. */
static size_t
ring_bytes(const struct dlb_drive_ring *ring)
{
	size_t bytes = (size_t)ring->entries * ring->step;

	return (bytes + HOST_PAGE - 1) / HOST_PAGE * HOST_PAGE;
}

int
dlb_drive_host_open(struct dlb_drive *d)
{
	static const struct bus_host_ops ops = {
		.map = host_map,
		.dma = host_dma,
		.page_request = host_page_request,
		.irq = host_irq,
	};
	uint8_t *at;

	d->host.ops = &ops;
	d->size = HOST_PAGE;
	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		if (d->ring[c].entries != 0)
			d->size += ring_bytes(&d->ring[c]) + HOST_PAGE;
	d->memory = aligned_alloc(HOST_PAGE, d->size);
	if (d->memory == NULL)
		return -ENOMEM;
	memset(d->memory, GUARD_BYTE, d->size);
	at = d->memory + HOST_PAGE;
	for (unsigned int c = 0; c < DLB_REF_CQS; c++) {
		struct dlb_drive_ring *ring = &d->ring[c];

		if (ring->entries == 0)
			continue;
		ring->memory = at;
		ring->iova = HOST_IOVA + (uint64_t)(at - d->memory);
		ring->shadow = calloc(ring->entries, sizeof(*ring->shadow));
		if (ring->shadow == NULL)
			return -ENOMEM;
		at += ring_bytes(ring) + HOST_PAGE;
	}
	return 0;
}

void
dlb_drive_host_close(struct dlb_drive *d)
{
	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		free(d->ring[c].shadow);
	free(d->memory);
}

void
dlb_drive_host_clear(struct dlb_drive *d, unsigned int cq)
{
	struct dlb_drive_ring *ring = &d->ring[cq];

	memset(ring->memory, 0, (size_t)ring->entries * ring->step);
	memset(ring->shadow, 0, ring->entries * sizeof(*ring->shadow));
	ring->next = 0;
	ring->generation = true;
}

static bool
guard_whole(const uint8_t *at, size_t len)
{
	for (size_t n = 0; n < len; n++)
		if (at[n] != GUARD_BYTE)
			return false;
	return true;
}

bool
dlb_drive_host_guards_whole(const struct dlb_drive *d)
{
	bool whole = guard_whole(d->memory, HOST_PAGE);

	for (unsigned int c = 0; c < DLB_REF_CQS; c++) {
		const struct dlb_drive_ring *ring = &d->ring[c];
		size_t bytes = (size_t)ring->entries * ring->step;

		if (ring->entries != 0)
			whole = whole && guard_whole(ring->memory + bytes,
						     ring_bytes(ring) + HOST_PAGE - bytes);
	}
	return whole;
}
