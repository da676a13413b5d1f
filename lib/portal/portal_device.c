/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "slipway_portal.h"

#include <sys/mman.h>

/* Where to find what in configuration space. */
#define PCI_ID           0x00
#define PCI_STATUS       0x06
#define PCI_CAPABILITIES 0x34
#define STATUS_LIST      0x10
#define CAP_EXPRESS      0x10
#define EXPRESS_CAPS2    0x24
/* Deferrable memory writes are completed. */
#define CAPS2_DMWR (1u << 28)
/* A list longer than there is room for goes in circles. */
#define CAPABILITIES_MAX 48

/* Parts that answer and were made before the bit, or do not set it (datasheet section 2.1). */
static const uint32_t quirks[] = {0x0b258086, 0x11fb8086, 0x12128086};

static uint32_t
config_read(const struct portal_device *dev, unsigned int off, size_t len)
{
	uint8_t bytes[4] = {0};

	if (dev->config(dev->ctx, (uint16_t)off, bytes, len) < 0)
		return 0;
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

/* Offset of the PCI Express capability, or 0. */
static unsigned int
express_find(const struct portal_device *dev)
{
	unsigned int at;

	if ((config_read(dev, PCI_STATUS, 2) & STATUS_LIST) == 0)
		return 0;
	at = config_read(dev, PCI_CAPABILITIES, 1) & 0xfc;
	for (unsigned int n = 0; at != 0 && n < CAPABILITIES_MAX; n++) {
		if (config_read(dev, at, 1) == CAP_EXPRESS)
			return at;
		at = config_read(dev, at + 1, 1) & 0xfc;
	}
	return 0;
}

bool
portal_is_command_memory(const struct portal_device *dev)
{
	unsigned int express;
	uint32_t id;

	if (dev->config == NULL)
		return dev->answers;
	id = config_read(dev, PCI_ID, 4);
	for (size_t i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++)
		if (id == quirks[i])
			return true;
	express = express_find(dev);
	return express != 0 && (config_read(dev, express + EXPRESS_CAPS2, 4) & CAPS2_DMWR) != 0;
}

int
portal_map(const struct portal_device *dev, int fd, off_t off, struct portal_map *map)
{
	void *page;

	*map = (struct portal_map){0};
	if (off % PORTAL_PAGE != 0)
		return -EINVAL;
	page = mmap(NULL, PORTAL_PAGE, PROT_WRITE, MAP_SHARED, fd, off);
	if (page == MAP_FAILED)
		return -errno;
	/* A child has no PASID there, and nobody's commands may come by inheritance. */
	(void)madvise(page, PORTAL_PAGE, MADV_DONTFORK);
	map->page = page;
	map->answers = portal_is_command_memory(dev);
	return 0;
}

void
portal_unmap(struct portal_map *map)
{
	if (map->page != NULL)
		munmap(map->page, PORTAL_PAGE);
	map->page = NULL;
}

int
portal_map_managed(struct portal_device *dev, int fd, off_t off, struct portal_map *map)
{
	int ret = portal_map(dev, fd, off, map);

	if (ret < 0)
		return ret;
	map->next = dev->maps;
	dev->maps = map;
	return 0;
}

void
portal_device_release(struct portal_device *dev)
{
	while (dev->maps != NULL) {
		struct portal_map *map = dev->maps;

		dev->maps = map->next;
		portal_unmap(map);
	}
}

/* ---- A submitter's portal ---- */

static void
begin(struct portal *p, unsigned int nth)
{
	*p = (struct portal){
		.slot = nth * PORTAL_LINE & (PORTAL_PAGE - 1),
		/* Any odd number spreads them. */
		.seed = (nth + 1) * 0x9e3779b1u,
	};
}

void
portal_use_map(struct portal *p, const struct portal_map *map, unsigned int nth)
{
	begin(p, nth);
	p->page = map->page;
	p->how = portal_query();
	p->submits = map->answers && (portal_features() & PORTAL_CPU_ENQCMD) != 0;
}

void
portal_use_calls(struct portal *p, const struct portal_calls *calls, void *ctx, unsigned int nth)
{
	begin(p, nth);
	p->calls = calls;
	p->ctx = ctx;
}
