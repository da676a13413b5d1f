/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dlb_model.h"
#include "dlb_share_priv.h"

/* Producer rings. Those of a share are a file of their own, and each client gets a new one: whoever
 * still has the memory of an old one mapped, or passed its descriptor on, posts to nobody. Address
 * and descriptor stay, as the bars may have been described already.
 */

static size_t
ring_bytes(const struct dlb_share *s)
{
	return s->nb_rings * sizeof(struct line_ring);
}

/* Of the share's own ports: LDB first. */
static unsigned int
count_ports(const struct dlb_share *s)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < DLB_LDB_PORTS; i++)
		n += dlb_share_has_port(s, false, i);
	for (uint32_t i = 0; i < s->hub->dir_ports; i++)
		n += dlb_share_has_port(s, true, i);
	return n;
}

/* Nobody can cut it short under the server. */
static int
open_file(size_t bytes)
{
	int fd = memfd_create("dlb rings", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -ENOMEM;
	if (ftruncate(fd, (off_t)bytes) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
	close(fd);
	return -ENOMEM;
}

/* Another file in place of the one there was, if any. */
static int
replace_file(struct dlb_share *s, int fd)
{
	int flags = s->rings != NULL ? MAP_SHARED | MAP_FIXED : MAP_SHARED;
	void *rings = mmap(s->rings, ring_bytes(s), PROT_READ | PROT_WRITE, flags, fd, 0);

	if (rings == MAP_FAILED)
		return -ENOMEM;
	if (s->rings == NULL) {
		s->rings = rings;
		s->ring_fd = fd;
		return 0;
	}
	/* Of two descriptors that are open, the one cannot fail to become the other. */
	(void)dup3(fd, s->ring_fd, O_CLOEXEC);
	close(fd);
	return 0;
}

int
dlb_share_rings_renew(struct dlb_share *s)
{
	int fd, ret;

	s->nb_rings = count_ports(s);
	if (s->nb_rings == 0)
		return 0;
	fd = open_file(ring_bytes(s));
	if (fd < 0)
		return fd;
	ret = replace_file(s, fd);
	if (ret < 0)
		close(fd);
	return ret;
}

void
dlb_share_rings_free(struct dlb_share *s)
{
	if (s->rings == NULL)
		return;
	munmap(s->rings, ring_bytes(s));
	close(s->ring_fd);
	s->rings = NULL;
	s->ring_fd = -1;
}

/* Has the share the port with that ring? */
static bool
has_id(const struct dlb_share *s, uint32_t id)
{
	bool directed = id >= DLB_LDB_PORTS;

	return dlb_share_has_port(s, directed, directed ? id - DLB_LDB_PORTS : id);
}

void
dlb_share_rings_set(struct dlb_share *s, bool quiet)
{
	struct dlb_hub *hub = s->hub;
	unsigned int n = 0;

	for (uint32_t id = 0; id < DLB_LDB_PORTS + hub->dir_ports; id++) {
		if (!has_id(s, id))
			continue;
		dlb_model_ring_set(hub->model, id, quiet ? &hub->quiet_rings[id] : &s->rings[n]);
		n++;
	}
}

uint32_t
dlb_hub_posted(const struct dlb_hub *hub)
{
	uint32_t sum = 0;

	for (unsigned int d = 0; d < hub->domains; d++)
		for (unsigned int i = 0; i < hub->share[d].nb_rings; i++)
			sum += atomic_load_explicit(&hub->share[d].rings[i].head,
						    memory_order_relaxed);
	return sum;
}

/* A share's rings are in the order of its ports. */
uint32_t
dlb_hub_lines(const struct dlb_hub *hub, uint32_t port)
{
	for (unsigned int d = 0; d < hub->domains; d++) {
		const struct dlb_share *s = &hub->share[d];
		unsigned int n = 0;

		if (!has_id(s, port) || s->rings == NULL)
			continue;
		for (uint32_t id = 0; id < port; id++)
			n += has_id(s, id);
		return atomic_load_explicit(&s->rings[n].head, memory_order_relaxed);
	}
	return 0;
}

/* Other shares' pages are there, and trap. */
int
dlb_share_describe(struct dlb_share *s, struct bus_region regions[], unsigned int max)
{
	int n = s->hub->dev->ops->describe(s->hub->dev, regions, max);

	for (int i = 0; i < n && (unsigned int)i < max; i++) {
		struct bus_region *r = &regions[i];
		uintptr_t at = (uintptr_t)r->memory - (uintptr_t)s->rings;

		if (r->kind != BUS_LINE_RING)
			continue;
		if (s->rings != NULL && r->memory != NULL && at < ring_bytes(s)) {
			r->fd = s->ring_fd;
			r->fd_offset = at;
			continue;
		}
		*r = (struct bus_region){
			.bar = r->bar, .offset = r->offset, .size = r->size, .fd = -1};
	}
	return n;
}
