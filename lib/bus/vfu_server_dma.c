/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_server_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "bus_store.h"

/* The client's memory. Where it came with a file, the device gets a pointer. Where it did not,
 * messages carry the bytes: writes are sent and not waited for, as on a bus, and interrupts wait
 * for them; reads are waited for, while the client's commands wait in the buffer. The client may
 * need an answer of ours before it can give one, so no read is made inside an access.
 */

static struct vfu_server *
server_of(struct bus_host *host)
{
	return (struct vfu_server *)host;
}

/* ---- Map and unmap ---- */

static void
remap(struct vfu_server *s)
{
	if (s->dev == NULL || s->dev->ops->remap == NULL)
		return;
	s->in_access = true;
	s->dev->ops->remap(s->dev);
	s->in_access = false;
}

int
vfu_server_dma_map(struct vfu_server *s, const struct vfu_message *m)
{
	struct vfu_dma_map map;
	enum bus_prot prot;
	int ret;

	memcpy(&map, m->payload, sizeof(map));
	prot = (map.flags & VFU_DMA_MAP_READ ? BUS_PROT_READ : 0) |
	       (map.flags & VFU_DMA_MAP_WRITE ? BUS_PROT_WRITE : 0);
	if (map.argsz < sizeof(map))
		return vfu_server_refuse(s, m, -EINVAL, "argsz %u: %zu", map.argsz, sizeof(map));
	if (prot == 0 || (map.flags & ~(VFU_DMA_MAP_READ | VFU_DMA_MAP_WRITE | VFU_DMA_MAP_MMAP)))
		return vfu_server_refuse(s, m, -EINVAL,
					 "flags 0x%x: 1 to read, 2 to write, and 4 are possible",
					 map.flags);
	ret = vfu_map_add(&s->map, map.address, map.size, prot, m->n_fds > 0 ? m->fds[0] : -1,
			  map.offset);
	if (ret < 0)
		return vfu_server_refuse(s, m, ret,
					 "0x%llx, 0x%llx bytes, offset 0x%llx in %s: 4 KB pages "
					 "inside a file of memory, free, %u ranges at most",
					 (unsigned long long)map.address,
					 (unsigned long long)map.size,
					 (unsigned long long)map.offset,
					 m->n_fds > 0 ? "its file" : "no file", s->map.most);
	s->stats.maps++;
	remap(s);
	return vfu_server_reply(s, m, NULL, 0);
}

/* The device lets go of memory before it is unmapped, and it is unmapped before the reply. */
static int
unmap(struct vfu_server *s, uint64_t first, uint64_t last)
{
	struct vfu_removed removed;
	int ret = vfu_map_remove(&s->map, first, last, &removed);

	if (ret < 0 || removed.n == 0)
		return ret;
	remap(s);
	vfu_map_unmap(&removed);
	return 0;
}

int
vfu_server_dma_unmap(struct vfu_server *s, const struct vfu_message *m)
{
	struct vfu_dma_unmap un;
	const struct iovec part = {&un, sizeof(un)};
	uint64_t last;
	int ret;

	memcpy(&un, m->payload, sizeof(un));
	if (un.argsz < sizeof(un))
		return vfu_server_refuse(s, m, -EINVAL, "argsz %u: %zu", un.argsz, sizeof(un));
	if ((un.flags & ~VFU_DMA_UNMAP_ALL) != 0)
		return vfu_server_refuse(s, m, -ENOTSUP, "flags 0x%x: 0, or 2 for everything",
					 un.flags);
	last = un.address + (un.size - 1);
	if (un.flags & VFU_DMA_UNMAP_ALL)
		ret = unmap(s, 0, UINT64_MAX);
	else if (un.size == 0 || last < un.address)
		ret = -EINVAL;
	else
		ret = unmap(s, un.address, last);
	if (ret < 0)
		return vfu_server_refuse(
			s, m, ret, "0x%llx, 0x%llx bytes: up to 2^64, and no map by halves",
			(unsigned long long)un.address, (unsigned long long)un.size);
	s->stats.unmaps++;
	return vfu_server_reply(s, m, &part, 1);
}

void
vfu_server_dma_forget(struct vfu_server *s)
{
	uint32_t most = s->map.most;
	struct vfu_map gone = s->map;

	vfu_map_create(&s->map, most);
	if (gone.n > 0)
		remap(s);
	vfu_map_destroy(&gone);
	s->dma = (struct vfu_dma){0};
}

/* ---- Replies to messages of ours ---- */

static void
read_answered(struct vfu_server *s, const struct vfu_message *m)
{
	struct vfu_dma_access a = {0};

	s->dma.read_result = -EIO;
	if (m->len >= sizeof(a))
		memcpy(&a, m->payload, sizeof(a));
	if (m->header.flags & VFU_ERROR) {
		vfu_server_log(s, "DMA_READ: the client answers error %u", m->header.error);
	} else if (m->len != sizeof(a) + s->dma.read_len || a.count != s->dma.read_len) {
		vfu_server_log(s, "DMA_READ: the answer has %u bytes, %zu belong there", m->len,
			       sizeof(a) + s->dma.read_len);
	} else {
		memcpy(s->dma.to, m->payload + sizeof(a), s->dma.read_len);
		s->dma.read_result = 0;
	}
	s->dma.to = NULL;
}

/* Is it the answer to a write of ours? That one is on its way no longer. */
static bool
is_write_answer(struct vfu_server *s, const struct vfu_message *m)
{
	struct vfu_dma *d = &s->dma;

	for (unsigned int i = 0; i < d->n; i++) {
		if (d->id[i] != m->header.id)
			continue;
		d->id[i] = d->id[--d->n];
		d->since = vfu_server_now();
		if (m->header.flags & VFU_ERROR)
			vfu_server_log(s, "DMA_WRITE: the client answers error %u",
				       m->header.error);
		if (d->n == 0)
			vfu_server_irq_held(s);
		return true;
	}
	return false;
}

void
vfu_server_dma_reply(struct vfu_server *s, const struct vfu_message *m)
{
	/* It has been seen to already, out of turn. */
	if (m->header.command == 0)
		return;
	if (m->header.command == VFU_DMA_READ && s->dma.to != NULL &&
	    m->header.id == s->dma.read_id) {
		read_answered(s, m);
	} else if (!is_write_answer(s, m) && !s->dma.silent) {
		s->stats.refused++;
		vfu_server_refuse(s, m, -EPROTO, "a reply that nobody waits for");
	}
	s->dma.silent = false;
}

uint64_t
vfu_server_dma_deadline(const struct vfu_server *s)
{
	return s->dma.n == 0 ? BUS_NO_DEADLINE
			     : s->dma.since + s->config.dma_timeout_ms * UINT64_C(1000000);
}

/* Who has kept us waiting once is not waited for again, until it answers: the other servers of this
 * thread wait with us.
 */
void
vfu_server_dma_give_up(struct vfu_server *s)
{
	s->dma.to = NULL;
	s->dma.n = 0;
	s->dma.silent = true;
	vfu_server_log(s, "DMA by message: no answer in %u ms, until there is one nothing is sent",
		       s->config.dma_timeout_ms);
	vfu_server_irq_held(s);
}

/* ---- Messages of ours ---- */

/* Find replies among what has arrived; commands stay for later. */
static void
look_for_replies(struct vfu_server *s, size_t *at)
{
	struct vfu_message m;
	size_t here = *at;

	for (; vfu_conn_look(&s->conn, at, &m) > 0; here = *at) {
		if ((m.header.flags & VFU_TYPE) != VFU_TYPE_REPLY)
			continue;
		vfu_server_dma_reply(s, &m);
		vfu_conn_forget(&s->conn, here);
	}
}

/* Is what was waited for there? For a read its reply, for writes fewer than so many left. */
static bool
is_answered(const struct vfu_server *s, unsigned int writes)
{
	return s->dma.to == NULL && s->dma.n < writes;
}

/* Take in what arrives until a reply is there, and fewer than so many writes have none. */
static int
wait_for_reply(struct vfu_server *s, unsigned int writes)
{
	uint64_t end = vfu_server_now() + s->config.dma_timeout_ms * UINT64_C(1000000), now;
	struct pollfd p = {.fd = s->conn.socket};
	size_t at = 0;
	ssize_t ret;

	for (look_for_replies(s, &at); !is_answered(s, writes); look_for_replies(s, &at)) {
		now = vfu_server_now();
		if (now >= end)
			return -ETIMEDOUT;
		p.events = POLLIN | (vfu_conn_is_stuck(&s->conn) ? POLLOUT : 0);
		poll(&p, 1, (int)((end - now) / 1000000) + 1);
		ret = vfu_conn_flush(&s->conn);
		if (ret == 0 || ret == -EAGAIN)
			ret = vfu_conn_fill(&s->conn);
		if (ret < 0 && ret != -EAGAIN)
			return (int)ret;
	}
	return 0;
}

static int
wait_failed(struct vfu_server *s, int error)
{
	s->dma.to = NULL;
	if (error == -ETIMEDOUT || error == -ENOBUFS) {
		vfu_server_dma_give_up(s);
	} else {
		s->hung_up = error == -ENOTCONN;
		s->broken = error;
	}
	return error;
}

static int
dma_send(struct vfu_server *s, uint16_t command, uint64_t iova, void *bytes, size_t len)
{
	bool write = command == VFU_DMA_WRITE;
	struct vfu_dma_access a = {iova, len};
	struct vfu_header h = {
		.id = s->dma.next_id++,
		.command = command,
		.size = (uint32_t)(sizeof(h) + sizeof(a) + (write ? len : 0)),
	};
	const struct iovec parts[] = {{&h, sizeof(h)}, {&a, sizeof(a)}, {bytes, write ? len : 0}};
	int ret = vfu_conn_send(&s->conn, parts, 3, NULL, 0);

	if (ret < 0)
		s->broken = ret;
	return ret < 0 ? ret : h.id;
}

static int
message_write(struct vfu_server *s, uint64_t iova, void *bytes, size_t len)
{
	int ret;

	if (s->dma.n == VFU_DMA_WINDOW) {
		ret = s->in_access ? -EBUSY : wait_for_reply(s, VFU_DMA_WINDOW);
		if (ret < 0)
			return s->in_access ? ret : wait_failed(s, ret);
	}
	ret = dma_send(s, VFU_DMA_WRITE, iova, bytes, len);
	if (ret < 0)
		return ret;
	if (s->dma.n == 0)
		s->dma.since = vfu_server_now();
	s->dma.id[s->dma.n++] = (uint16_t)ret;
	s->stats.dma_write++;
	return 0;
}

static int
message_read(struct vfu_server *s, uint64_t iova, void *bytes, size_t len)
{
	int ret;

	if (s->in_access) {
		vfu_server_log(s,
			       "DMA_READ of 0x%llx inside an access: the client could not answer",
			       (unsigned long long)iova);
		return -EDEADLK;
	}
	ret = dma_send(s, VFU_DMA_READ, iova, bytes, len);
	if (ret < 0)
		return ret;
	s->stats.dma_read++;
	s->dma.read_id = (uint16_t)ret;
	s->dma.read_len = len;
	s->dma.to = bytes;
	ret = wait_for_reply(s, VFU_DMA_WINDOW);
	return ret < 0 ? wait_failed(s, ret) : s->dma.read_result;
}

static int
by_message(struct vfu_server *s, uint64_t iova, unsigned char *bytes, size_t len, bool write)
{
	size_t piece;
	int ret;

	if (s->broken != 0 || s->dma.silent || s->max_data_xfer == 0)
		return -EIO;
	for (; len > 0; iova += piece, bytes += piece, len -= piece) {
		piece = len < s->max_data_xfer ? len : s->max_data_xfer;
		ret = write ? message_write(s, iova, bytes, piece)
			    : message_read(s, iova, bytes, piece);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Can the device write to some memory of this client without a message? */
static bool
has_shared_memory(const struct vfu_map *map)
{
	uint32_t i;

	for (i = 0; i < map->n; i++) {
		if (map->ranges[i].memory != NULL)
			return true;
	}
	return false;
}

/* What a device writes is seen in that order, as on a bus: not a completion before the data. Messages
 * keep it among themselves; what goes without one would overtake them. Inside an access the client
 * could not answer.
 */
static int
settle(struct vfu_server *s)
{
	int ret;

	if (s->dma.n == 0 || s->in_access || !has_shared_memory(&s->map))
		return 0;
	ret = wait_for_reply(s, 1);
	return ret < 0 ? wait_failed(s, ret) : 0;
}

/* ---- What the device asks for ---- */

static void *
host_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	const struct vfu_range *r = vfu_map_find(&server_of(host)->map, iova);

	if (r == NULL || r->memory == NULL || (r->prot & prot) != prot) {
		*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
		return NULL;
	}
	if (*len > 0 && *len - 1 > r->last - iova)
		*len = (size_t)(r->last - iova) + 1;
	return r->memory + (iova - r->first);
}

/* A part of a transfer that lies in one range. */
static int
dma_piece(struct vfu_server *s, const struct vfu_range *r, uint64_t iova, unsigned char *bytes,
	  size_t len, bool write)
{
	if (!(r->prot & (write ? BUS_PROT_WRITE : BUS_PROT_READ)))
		return -EFAULT;
	if (r->memory == NULL)
		return by_message(s, iova, bytes, len, write);
	if (write)
		bus_store(r->memory + (iova - r->first), bytes, len);
	else
		memcpy(bytes, r->memory + (iova - r->first), len);
	return 0;
}

static int
host_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct vfu_server *s = server_of(host);
	const struct vfu_range *r;
	unsigned char *at = bytes;
	size_t piece;
	int ret;

	(void)pasid;
	for (; len > 0; iova += piece, at += piece, len -= piece) {
		r = vfu_map_find(&s->map, iova);
		if (r == NULL)
			return -EFAULT;
		piece = len - 1 > r->last - iova ? (size_t)(r->last - iova) + 1 : len;
		ret = dma_piece(s, r, iova, at, piece, write);
		if (ret < 0)
			return ret;
	}
	return write ? settle(s) : 0;
}

/* Clients map what there is before it is used. */
static int
host_page_request(struct bus_host *host, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	const struct vfu_range *r = vfu_map_find(&server_of(host)->map, iova);

	(void)pasid;
	return r != NULL && (r->prot & prot) == prot ? 0 : -EFAULT;
}

const struct bus_host_ops vfu_server_host_ops = {
	.map = host_map,
	.dma = host_dma,
	.page_request = host_page_request,
	.irq = vfu_server_irq,
};
