/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scif_copy_box.h"
#include "scif_host_link.h"

/* A link as the engine has it: memory that is shared over it, and its bell. */

/* How many of UNSHARE go out with another packet. */
#define PAID_AT_ONCE 8u
/* When it is tried again: where some went out, and where there was no room for any. */
#define PAY_NS      UINT64_C(1000000)
#define PAY_LATE_NS UINT64_C(100000000)

static struct host_link *
link_of(struct scif_bus *bus)
{
	return (struct host_link *)(void *)((char *)bus - offsetof(struct host_link, bus));
}

/* ---- The bell ---- */

static void
send_ring(const struct host_link *link)
{
	struct link_page *page = link->peer_page;

	if (link->host->config.poll_ms != 0)
		return;
	/* Pairs with scif_host_link_rung, which says that it was taken, and then looks at its
	 * rings.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load(&page->rung) != 0)
		return;
	atomic_store(&page->rung, 1);
	/* With a full socket the other side has packets to look at, and looks at its rings, too. */
	if (scif_host_link_send(link, &(struct link_packet){.kind = LINK_RING}, -1) < 0)
		atomic_store(&page->rung, 0);
}

void
scif_host_link_rung(const struct host_link *link)
{
	struct link_page *page = link->page.base;

	link->host->rung = true;
	atomic_store(&page->rung, 0);
	/* Before: it was taken. After: the look at the rings, by loads that acquire only. */
	atomic_thread_fence(memory_order_seq_cst);
}

static void
link_ring(struct scif_bus *bus)
{
	send_ring(link_of(bus));
}

static void
link_publish(struct scif_bus *bus, uint64_t qp)
{
	struct host_link *link = link_of(bus);

	atomic_store(&link->peer_page->qp, qp);
	/* Of a node that leaves its EXIT is to be heard first, and the end of a link says itself. */
	if (qp != 0)
		send_ring(link);
}

static uint64_t
link_peer_qp(struct scif_bus *bus)
{
	const struct link_page *page = link_of(bus)->page.base;

	return link_of(bus)->lost ? 0 : atomic_load(&page->qp);
}

/* ---- Memory of this side ---- */

static int
send_share(const struct host_link *link, enum link_kind kind, uint64_t address, uint64_t size,
	   int fd)
{
	struct link_packet p = {.kind = kind, .address = address, .size = size};
	int ret = scif_host_link_send(link, &p, fd);

	/* Descriptors on their way are limited, too. */
	return ret == -ETOOMANYREFS || ret == -ENOBUFS ? -EAGAIN : ret;
}

static void
unsent_drop(struct host_link *link, uint32_t i)
{
	uint32_t first = link->unsent_first;

	close(link->unsent[i].fd);
	memmove(&link->unsent[first + 1], &link->unsent[first],
		(i - first) * sizeof(link->unsent[0]));
	if (++link->unsent_first == link->unsent_end)
		link->unsent_first = link->unsent_end = 0;
}

static int
unsent_add(struct host_link *link, const struct link_unsent *unsent)
{
	uint32_t end = link->unsent_end;
	struct link_unsent *all = realloc(link->unsent, (end + 1) * sizeof(*all));

	if (all == NULL)
		return -ENOMEM;
	link->unsent = all;
	all[end] = *unsent;
	all[end].fd = fcntl(unsent->fd, F_DUPFD_CLOEXEC, 0);
	if (all[end].fd < 0)
		return -ENOMEM;
	if (scif_host_is_reserved(all[end].fd)) {
		close(all[end].fd);
		return -ENOMEM;
	}
	link->unsent_end++;
	return 0;
}

/* Is all of it sent? */
static bool
send_unsent(struct host_link *link)
{
	while (link->unsent_first != link->unsent_end) {
		const struct link_unsent *u = &link->unsent[link->unsent_first];

		if (send_share(link, u->kind, u->address, u->size, u->fd) < 0)
			return false;
		unsent_drop(link, link->unsent_first);
	}
	return true;
}

/* The other side keeps memory that it is not told of. A few at a time: the socket has to have room
 * for what somebody waits for.
 */
static void
pay(struct host_link *link)
{
	for (unsigned int i = 0; i < PAID_AT_ONCE && link->nb_owed > 0; i++) {
		struct link_packet p = {.kind = LINK_UNSHARE,
					.address = link->owed[link->nb_owed - 1]};

		if (scif_host_link_send(link, &p, -1) < 0)
			return;
		link->nb_owed--;
		link->nb_shared--;
		scif_host_link_own_free(link, scif_host_link_own_at(link, p.address));
	}
}

uint64_t
scif_host_links_pay(struct scif_host *host, uint64_t now)
{
	uint64_t deadline = SCIF_NO_DEADLINE, next;

	for (struct host_link *link = host->links; link != NULL; link = link->next) {
		uint32_t owed = link->nb_owed;

		pay(link);
		if (link->nb_owed == 0)
			continue;
		next = now + (link->nb_owed < owed ? PAY_NS : PAY_LATE_NS);
		if (next < deadline)
			deadline = next;
	}
	return deadline;
}

static void
owe(struct host_link *link, uint64_t address)
{
	uint64_t *all = realloc(link->owed, (link->nb_owed + 1) * sizeof(*all));

	if (all == NULL)
		return;
	link->owed = all;
	all[link->nb_owed++] = address;
}

/* Tell the other side, now or later: what names it waits until there was room. */
static int
own_tell(struct host_link *link, const struct link_own *own, const struct scif_memory *memory)
{
	const struct link_unsent u = {
		.address = own->address,
		.size = own->size,
		.kind = memory->copies ? LINK_COPIES : LINK_SHARE,
		.fd = memory->fd,
	};
	int ret = -EAGAIN;

	if (send_unsent(link))
		ret = send_share(link, u.kind, u.address, u.size, u.fd);
	if (ret == -EAGAIN)
		ret = unsent_add(link, &u);
	return ret == 0 || ret == -ENOMEM ? ret : -ENODEV;
}

static int
link_share(struct scif_bus *bus, const struct scif_memory *memory, uint64_t *address)
{
	struct host_link *link = link_of(bus);
	struct link_key key;
	uint64_t size;
	struct link_own *own = scif_host_link_own_find(link, memory, &key, &size);
	int ret;

	if (own != NULL) {
		own->users++;
		*address = own->address;
		return 0;
	}
	/* Whoever gets more than there are addresses for ends the link. */
	if (link->nb_shared == LINK_MEMORIES_MAX || size > LINK_MEMORY_SPAN)
		return -ENOMEM;
	own = scif_host_link_own_new(link, &key, size);
	if (own == NULL)
		return -ENOMEM;
	ret = own_tell(link, own, memory);
	if (ret < 0) {
		scif_host_link_own_free(link, own);
		return ret;
	}
	link->nb_shared++;
	*address = own->address;
	pay(link);
	return 0;
}

static void
link_unshare(struct scif_bus *bus, uint64_t address)
{
	struct host_link *link = link_of(bus);
	struct link_own *own = scif_host_link_own_at(link, address);

	if (own == NULL || own->users == 0 || --own->users > 0)
		return;
	scif_host_link_own_hide(link, own);
	for (uint32_t i = link->unsent_first; i < link->unsent_end; i++) {
		if (link->unsent[i].address != address)
			continue;
		unsent_drop(link, i);
		link->nb_shared--;
		scif_host_link_own_free(link, own);
		return;
	}
	owe(link, address);
	pay(link);
}

static bool
link_told(struct scif_bus *bus)
{
	return send_unsent(link_of(bus));
}

/* ---- Memory of the other side ---- */

void *
scif_host_link_map_sealed(struct host_link *link, int fd, uint64_t size)
{
	void *base;

	if (!scif_host_is_steady(fd, size) || size > LINK_MAPPED_MAX - link->mapped)
		return NULL;
	/* Not where it lets nobody write. */
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return NULL;
	link->mapped += size;
	return base;
}

static void
memory_free(struct host_link *link, uint32_t i)
{
	struct link_memory *m = link->memory[i];

	if (m->base != NULL) {
		munmap(m->base, m->size);
		link->mapped -= m->size;
	}
	if (m->fd >= 0)
		close(m->fd);
	link->nb_gone -= m->gone;
	free(m);
	link->memory[i] = link->memory[--link->memories];
}

/* Its size is its owner's, who may change it. */
static bool
may_be_memory(int fd)
{
	struct stat st;

	return fd == SCIF_HOST_FD_LOST || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
}

int
scif_host_link_shared(struct host_link *link, const struct link_packet *p, int fd)
{
	struct link_memory *m, **all;

	if (link->memories - link->nb_gone == LINK_MEMORIES_MAX || p->size > LINK_MEMORY_SPAN ||
	    !may_be_memory(fd))
		return -EPROTO;
	all = realloc(link->memory, (link->memories + 1) * sizeof(*all));
	if (all == NULL)
		return -ENOMEM;
	link->memory = all;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return -ENOMEM;
	/* Clients keep what they have mapped by its number, longer than a link may last. Without a
	 * descriptor, as this process has too many, there is nothing to map.
	 */
	*m = (struct link_memory){.address = p->address,
				  .size = p->size,
				  .number = ++link->host->link_numbers,
				  .copies = p->kind == LINK_COPIES,
				  .fd = fd};
	m->steady = scif_host_is_steady(fd, p->size);
	all[link->memories++] = m;
	return 0;
}

void
scif_host_link_unshared(struct host_link *link, uint64_t address)
{
	for (uint32_t i = 0; i < link->memories; i++) {
		if (link->memory[i]->address != address || link->memory[i]->gone)
			continue;
		link->memory[i]->gone = true;
		link->nb_gone++;
		if (link->memory[i]->maps == 0)
			memory_free(link, i);
		return;
	}
}

static struct link_memory *
memory_at(const struct host_link *link, uint64_t address, size_t len)
{
	for (uint32_t i = 0; i < link->memories; i++) {
		struct link_memory *m = link->memory[i];
		uint64_t at = address - m->address;

		if (!m->gone && at < m->size && len <= m->size - at)
			return m;
	}
	return NULL;
}

/* This side was told of the memory before it was given the address: the packet is there, and what
 * comes after now may never end.
 */
static void
catch_up(struct host_link *link)
{
	const int round = LINK_PACKETS_MAX * sizeof(struct link_packet);
	int there = 0;

	for (ioctl(link->watch.fd, FIONREAD, &there); there > 0; there -= round)
		if (!scif_host_link_receive(link))
			return;
}

static int
link_lend(struct scif_bus *bus, uint64_t address, size_t len, struct scif_view *view)
{
	struct host_link *link = link_of(bus);
	struct link_memory *m;
	uint64_t at;

	catch_up(link);
	m = memory_at(link, address, len);
	if (m == NULL)
		return -EFAULT;
	if (m->fd < 0)
		return -ENOMEM;
	at = address - m->address;
	/* Its box is behind what is mapped, and is looked for there: not where it has ended. */
	if (m->copies && (at != 0 || len + SCIF_BOX_BYTES > m->size))
		return -EFAULT;
	*view = (struct scif_view){
		.fd = m->fd,
		.number = m->number,
		.fd_off = at,
		.len = len,
		.steady = m->steady,
		.copies = m->copies,
		.handle = m,
	};
	m->maps++;
	return 0;
}

/* What the engine itself loads and stores. Windows are not among it: they are many, and each may be
 * of the same memory, however large that is.
 */
static int
link_map(struct scif_bus *bus, uint64_t address, size_t len, struct scif_view *view)
{
	int ret = link_lend(bus, address, len, view);
	struct link_memory *m;

	if (ret < 0)
		return ret;
	m = view->handle;
	if (m->base == NULL)
		m->base = scif_host_link_map_sealed(link_of(bus), m->fd, m->size);
	if (m->base != NULL)
		view->base = (char *)m->base + view->fd_off;
	return 0;
}

static void
link_unmap(struct scif_bus *bus, struct scif_view *view)
{
	struct host_link *link = link_of(bus);
	struct link_memory *m = view->handle;

	if (--m->maps > 0 || !m->gone)
		return;
	for (uint32_t i = 0; i < link->memories; i++)
		if (link->memory[i] == m)
			memory_free(link, i);
}

/* ---- All of it ---- */

void
scif_host_link_forget(struct host_link *link)
{
	while (link->memories > 0)
		memory_free(link, 0);
	free(link->memory);
	while (link->unsent_first != link->unsent_end)
		unsent_drop(link, link->unsent_first);
	free(link->unsent);
	free(link->owed);
	for (uint32_t i = 0; i < LINK_OWN_BUCKETS; i++)
		while (link->own_at[i] != NULL)
			scif_host_link_own_free(link, link->own_at[i]);
}

static bool
link_alive(struct scif_bus *bus)
{
	return !link_of(bus)->lost;
}

static void
link_end(struct scif_bus *bus)
{
	scif_host_link_hang_up(link_of(bus));
}

static int
link_introduce(struct scif_bus *bus, struct scif_bus *with, uint64_t said[4])
{
	(void)bus, (void)with, (void)said;
	return 0;
}

const struct scif_bus_ops scif_host_link_ops = {
	.publish = link_publish,
	.peer_qp = link_peer_qp,
	.share = link_share,
	.unshare = link_unshare,
	.told = link_told,
	.map = link_map,
	.lend = link_lend,
	.unmap = link_unmap,
	.ring = link_ring,
	.alive = link_alive,
	.end = link_end,
	.introduce = link_introduce,
};
