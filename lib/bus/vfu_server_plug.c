/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_server_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_BYTES         256u
#define CONFIG_EXPRESS_BYTES 4096u

/* Configuration space: what a server has to know of it. */
#define STATUS       0x06
#define STATUS_CAPS  0x10
#define CAPABILITIES 0x34
#define IRQ_PIN      0x3d
#define CAP_PM       0x01
#define CAP_MSI      0x05
#define CAP_PCIE     0x10
#define CAP_MSIX     0x11
#define CAP_MOST     48 /* more do not fit into 192 bytes */

#define MSI_CONTROL    2
#define MSI_CAPABLE(c) (1u << ((c) >> 1 & 7))
#define MSI_MOST       32u
#define MSIX_CONTROL   2
#define MSIX_TABLE     4
#define MSIX_PBA       8
#define MSIX_COUNT(c)  (((c)&0x7ff) + 1)
#define MSIX_BIR       7u

uint32_t
vfu_server_config_get(struct vfu_server *s, uint16_t off, unsigned int size)
{
	uint32_t value = 0;
	int ret;

	s->in_access = true;
	ret = s->dev->ops->config(s->dev, off, &value, size, false);
	s->in_access = false;
	return ret < 0 ? 0 : value;
}

void
vfu_server_config_set(struct vfu_server *s, uint16_t off, unsigned int size, uint32_t value)
{
	s->in_access = true;
	s->dev->ops->config(s->dev, off, &value, size, true);
	s->in_access = false;
}

/* ---- Parts of BARs ---- */

static int
region_order(const void *a, const void *b)
{
	const struct bus_region *x = a, *y = b;

	if (x->bar != y->bar)
		return x->bar < y->bar ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int
regions_plug(struct vfu_server *s)
{
	int n = s->dev->ops->describe(s->dev, NULL, 0);

	if (n <= 0)
		return n;
	s->regions = calloc((size_t)n, sizeof(*s->regions));
	if (s->regions == NULL)
		return -ENOMEM;
	s->dev->ops->describe(s->dev, s->regions, (unsigned int)n);
	s->n_regions = (unsigned int)n;
	qsort(s->regions, s->n_regions, sizeof(*s->regions), region_order);
	return 0;
}

/* A BAR's size is a power of two that holds all its parts. */
static void
sizes_plug(struct vfu_server *s)
{
	for (unsigned int i = 0; i < s->n_regions; i++) {
		const struct bus_region *r = &s->regions[i];
		uint64_t *size;

		if (r->bar >= VFU_REGION_BARS || r->size == 0)
			continue;
		size = &s->region_size[r->bar];
		for (*size = *size != 0 ? *size : 16; *size < r->offset + r->size;)
			*size *= 2;
	}
}

const struct bus_region *
vfu_server_region(struct vfu_server *s, unsigned int bar, uint64_t off)
{
	const struct bus_region *r = &s->regions[s->hit];
	unsigned int from = 0, to = s->n_regions, middle;

	if (s->n_regions > 0 && r->bar == bar && off - r->offset < r->size)
		return r;
	while (from < to) {
		middle = from + (to - from) / 2;
		r = &s->regions[middle];
		if (r->bar < bar || (r->bar == bar && r->offset + (r->size - 1) < off))
			from = middle + 1;
		else
			to = middle;
	}
	r = &s->regions[from];
	if (from == s->n_regions || r->bar != bar || off - r->offset >= r->size)
		return NULL;
	s->hit = from;
	return r;
}

/* ---- Interrupts ---- */

static int
irqs_create(struct vfu_irqs *irqs, uint32_t count, uint32_t flags)
{
	irqs->flags = flags;
	if (count == 0)
		return 0;
	irqs->vector = calloc(count, sizeof(*irqs->vector));
	if (irqs->vector == NULL)
		return -ENOMEM;
	irqs->count = count;
	for (uint32_t i = 0; i < count; i++)
		irqs->vector[i].fd = -1;
	return 0;
}

static void
msix_plug(struct vfu_server *s, uint16_t at)
{
	uint32_t table = vfu_server_config_get(s, at + MSIX_TABLE, 4);
	uint32_t pba = vfu_server_config_get(s, at + MSIX_PBA, 4);

	s->msix = (struct vfu_msix){
		.at = at,
		.table_bar = table & MSIX_BIR,
		.pba_bar = pba & MSIX_BIR,
		.table = table & ~MSIX_BIR,
		.pba = pba & ~MSIX_BIR,
	};
}

/* What the list of capabilities says: how many vectors of each type. */
static void
capabilities_read(struct vfu_server *s, uint32_t count[VFU_IRQS])
{
	uint16_t at = vfu_server_config_get(s, CAPABILITIES, 1) & 0xfc;
	uint32_t control;

	if (!(vfu_server_config_get(s, STATUS, 2) & STATUS_CAPS))
		return;
	for (unsigned int i = 0; at >= 0x40 && i < CAP_MOST; i++) {
		control = vfu_server_config_get(s, at + MSIX_CONTROL, 2);
		switch (vfu_server_config_get(s, at, 1)) {
		case CAP_PM:
			s->pm = at;
			break;
		case CAP_PCIE:
			s->pcie = at;
			break;
		case CAP_MSI:
			count[VFU_IRQ_MSI] = MSI_CAPABLE(control);
			break;
		case CAP_MSIX:
			count[VFU_IRQ_MSIX] = MSIX_COUNT(control);
			msix_plug(s, at);
			break;
		}
		at = vfu_server_config_get(s, at + 1, 1) & 0xfc;
	}
}

static int
irqs_plug(struct vfu_server *s)
{
	static const uint32_t flags[VFU_IRQS] = {
		[VFU_IRQ_INTX] = VFU_IRQ_EVENTFD | VFU_IRQ_MASKABLE | VFU_IRQ_AUTOMASKED,
		[VFU_IRQ_MSI] = VFU_IRQ_EVENTFD,
		/* Not "no resize": with it QEMU sets all vectors again for each new one. */
		[VFU_IRQ_MSIX] = VFU_IRQ_EVENTFD,
		[VFU_IRQ_ERROR] = VFU_IRQ_EVENTFD,
		[VFU_IRQ_REQUEST] = VFU_IRQ_EVENTFD,
	};
	uint32_t count[VFU_IRQS] = {[VFU_IRQ_ERROR] = 1, [VFU_IRQ_REQUEST] = 1};
	int ret = 0;

	count[VFU_IRQ_INTX] = vfu_server_config_get(s, IRQ_PIN, 1) != 0;
	capabilities_read(s, count);
	if (count[VFU_IRQ_MSI] > MSI_MOST)
		count[VFU_IRQ_MSI] = MSI_MOST;
	for (unsigned int i = 0; i < VFU_IRQS && ret == 0; i++)
		ret = irqs_create(&s->irqs[i], count[i], flags[i]);
	vfu_server_irq_route(s);
	return ret;
}

/* ---- All of it ---- */

void
vfu_server_plug(struct vfu_server *s, struct bus_device *dev)
{
	int ret;

	s->dev = dev;
	ret = regions_plug(s);
	sizes_plug(s);
	if (ret == 0)
		ret = irqs_plug(s);
	s->region_size[VFU_REGION_CONFIG] = s->pcie != 0 ? CONFIG_EXPRESS_BYTES : CONFIG_BYTES;
	if (ret < 0)
		vfu_server_log(s, "the device cannot be described in full: %s", strerror(-ret));
}
