/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_server_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Parts of a BAR that may be mapped, each: more than devices have. */
#define AREAS_MOST 64u
#define PAGE       UINT64_C(4096)

/* ---- VERSION ---- */

/* What is agreed on from now on. */
static void
agree(struct vfu_server *s, const struct vfu_capabilities *asked)
{
	s->agreed = true;
	s->share = asked->share && s->config.share;
	s->maps = s->config.share && (asked->share || !asked->slipway);
	s->write_multiple = asked->write_multiple;
	if (asked->max_data_xfer < s->max_data_xfer)
		s->max_data_xfer = asked->max_data_xfer;
	s->map.most = asked->max_dma_maps < s->config.max_dma_maps ? asked->max_dma_maps
								   : s->config.max_dma_maps;
}

static int
version_reply(struct vfu_server *s, const struct vfu_message *m,
	      const struct vfu_capabilities *asked, bool with_text)
{
	const struct vfu_capabilities granted = {
		.max_msg_fds = VFU_MAX_FDS,
		.max_data_xfer = VFU_MAX_DATA,
		.max_dma_maps = s->config.max_dma_maps,
		.write_multiple = true,
		.share = s->config.share,
		.about = s->about,
	};
	struct vfu_version version = {VFU_MAJOR, VFU_MINOR};
	char *text = with_text ? vfu_version_answer(asked, &granted) : NULL;
	const struct iovec parts[] = {
		{&version, sizeof(version)},
		{text, text == NULL ? 0 : strlen(text) + 1},
	};
	bool fits = asked->slipway || parts[0].iov_len + parts[1].iov_len <= m->len;

	if (with_text && text == NULL)
		return vfu_server_refuse(s, m, -ENOMEM, "no memory");
	agree(s, asked);
	/* Clients of others may have no more room than their request took: what is not said is as
	 * the protocol presumes.
	 */
	vfu_server_reply(s, m, parts, fits ? 2 : 1);
	free(text);
	return 0;
}

int
vfu_server_version(struct vfu_server *s, const struct vfu_message *m)
{
	struct vfu_capabilities asked;
	struct vfu_version version;
	char why[160];
	int ret;

	memcpy(&version, m->payload, sizeof(version));
	if (s->agreed)
		return vfu_server_refuse(s, m, -EINVAL, "it came once already");
	if (version.major != VFU_MAJOR) {
		s->broken = -EPROTO;
		return vfu_server_refuse(s, m, -ENOTSUP, "version %u.%u: %u is spoken here",
					 version.major, version.minor, VFU_MAJOR);
	}
	ret = vfu_version_read((const char *)m->payload + sizeof(version), m->len - sizeof(version),
			       &asked, why);
	if (ret < 0) {
		s->broken = -EPROTO;
		return vfu_server_refuse(s, m, ret, "%s", why);
	}
	return version_reply(s, m, &asked, m->len > sizeof(version));
}

/* ---- DEVICE_GET_INFO ---- */

int
vfu_server_info(struct vfu_server *s, const struct vfu_message *m)
{
	struct vfu_device_info info = {
		.argsz = sizeof(info),
		.flags = VFU_DEVICE_RESETS | VFU_DEVICE_PCI,
		.num_regions = VFU_REGIONS,
		.num_irqs = VFU_IRQS,
	};
	const struct iovec part = {&info, sizeof(info)};
	uint32_t argsz;

	memcpy(&argsz, m->payload, sizeof(argsz));
	if (argsz < sizeof(info))
		return vfu_server_refuse(s, m, -EINVAL, "argsz %u: %zu or more", argsz,
					 sizeof(info));
	return vfu_server_reply(s, m, &part, 1);
}

/* ---- DEVICE_GET_REGION_INFO ---- */

/* A region's parts that may be mapped: those of one file, as far ahead in it as in the region. */
struct areas {
	uint32_t n;
	int fd;
	uint64_t base;
	struct vfu_region_area area[AREAS_MOST];
};

static void
areas_add(struct areas *a, const struct bus_region *r)
{
	uint64_t base = r->fd_offset - r->offset;

	if (!vfu_server_is_shareable(r) || r->kind != BUS_MEMORY || a->n == AREAS_MOST)
		return;
	if (r->fd_offset < r->offset || (r->offset | r->size | base) % PAGE != 0)
		return;
	if (a->n == 0) {
		a->fd = r->fd;
		a->base = base;
	}
	if (r->fd == a->fd && base == a->base)
		a->area[a->n++] = (struct vfu_region_area){r->offset, r->size};
}

static void
areas_of(const struct vfu_server *s, uint32_t index, struct areas *a)
{
	a->n = 0;
	for (unsigned int i = 0; s->maps && i < s->n_regions; i++)
		if (s->regions[i].bar == index)
			areas_add(a, &s->regions[i]);
}

/* The client that left no room for the parts learns how much they need, and asks again. */
static int
mappable_reply(struct vfu_server *s, const struct vfu_message *m, struct vfu_region_info *info,
	       const struct areas *a)
{
	struct vfu_region_sparse sparse = {
		.cap = {.id = VFU_REGION_CAP_SPARSE, .version = 1},
		.nr_areas = a->n,
	};
	size_t bytes = a->n * sizeof(a->area[0]);
	const struct iovec parts[] = {
		{info, sizeof(*info)},
		{&sparse, sizeof(sparse)},
		{(void *)(uintptr_t)a->area, bytes},
	};
	uint32_t room = info->argsz;

	info->flags |= VFU_REGION_MAY_MAP | VFU_REGION_HAS_CAPS;
	info->argsz = (uint32_t)(sizeof(*info) + sizeof(sparse) + bytes);
	info->cap_offset = sizeof(*info);
	info->offset = a->base;
	if (room < info->argsz)
		return vfu_server_reply(s, m, parts, 1);
	return vfu_server_reply_fds(s, m, parts, 3, &a->fd, 1);
}

int
vfu_server_region_info(struct vfu_server *s, const struct vfu_message *m)
{
	struct vfu_region_info asked, info;
	const struct iovec part = {&info, sizeof(info)};
	struct areas areas;

	memcpy(&asked, m->payload, sizeof(asked));
	if (asked.argsz < sizeof(asked))
		return vfu_server_refuse(s, m, -EINVAL, "argsz %u: %zu or more", asked.argsz,
					 sizeof(asked));
	if (asked.index >= VFU_REGIONS)
		return vfu_server_refuse(s, m, -EINVAL, "region %u: 0 to %u", asked.index,
					 VFU_REGIONS - 1);
	info = (struct vfu_region_info){
		.argsz = asked.argsz,
		.index = asked.index,
		.size = s->region_size[asked.index],
	};
	if (info.size != 0)
		info.flags = VFU_REGION_MAY_READ | VFU_REGION_MAY_WRITE;
	areas_of(s, asked.index, &areas);
	if (areas.n > 0)
		return mappable_reply(s, m, &info, &areas);
	info.argsz = sizeof(info);
	return vfu_server_reply(s, m, &part, 1);
}

/* ---- DEVICE_GET_IRQ_INFO ---- */

int
vfu_server_irq_info(struct vfu_server *s, const struct vfu_message *m)
{
	struct vfu_irq_info info;
	const struct iovec part = {&info, sizeof(info)};

	memcpy(&info, m->payload, sizeof(info));
	if (info.argsz < sizeof(info))
		return vfu_server_refuse(s, m, -EINVAL, "argsz %u: %zu or more", info.argsz,
					 sizeof(info));
	if (info.index >= VFU_IRQS)
		return vfu_server_refuse(s, m, -EINVAL, "interrupt type %u: 0 to %u", info.index,
					 VFU_IRQS - 1);
	info.argsz = sizeof(info);
	info.flags = s->irqs[info.index].flags;
	info.count = s->irqs[info.index].count;
	return vfu_server_reply(s, m, &part, 1);
}
