/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "scif_host_priv.h"

/* A link to the engine of another node on this machine: a socket, over which each side passes the
 * descriptors of memory that it shares, and a page of each side, which the other writes.
 *
 *   N.link: one side listens, the other joins
 *     HELLO  node, page          both, first
 *     SHARE  address, size, memory
 *     UNSHARE address
 *     RING                       look at your rings; one until it has been taken
 *
 * The end of the socket is the loss of the node. So is anything that makes no sense.
 */

#define LINK_VERSION 1u
#define PAGE_BYTES   4096u
/* Between the addresses of two memories: none is larger. */
#define MEMORY_SPAN (UINT64_C(1) << 40)
/* Memories that the other side may have here. */
#define MEMORIES_MAX 65536u
/* How many of UNSHARE go out with another packet. */
#define PAID_AT_ONCE 8u
/* Packets of one link before something else has its turn. */
#define PACKETS_MAX 256
/* And that often, where the answer to an address may be among them. */
#define ROUNDS_MAX (MEMORIES_MAX / PACKETS_MAX)
#define NS_PER_S    UINT64_C(1000000000)

enum link_kind { LINK_HELLO = 1, LINK_SHARE, LINK_UNSHARE, LINK_RING };

struct link_packet {
	uint32_t kind;
	uint32_t version;
	uint32_t node;
	uint32_t peer; /* node 0 said so */
	uint64_t address;
	uint64_t size;
};

/* What one side tells the other, in the other's memory. */
struct link_page {
	_Atomic uint64_t qp;
	_Alignas(64) _Atomic uint32_t rung; /* a RING is on its way */
};

/* Memory of the other side. */
struct link_memory {
	uint64_t address, size;
	uint32_t number;
	int fd;
	void *base; /* NULL: not mapped here, as it could shrink */
	uint32_t maps;
	bool gone; /* no longer shared */
};

struct host_link {
	struct scif_host_watch watch;
	struct scif_bus bus;
	struct scif_host *host;
	bool joined; /* this side began it */
	bool peer;   /* as node 0 said */
	bool up;     /* said hello, both */
	bool lost;
	uint16_t node;
	struct scif_memory page; /* own */
	struct link_page *peer_page;
	uint64_t numbers; /* of memories shared, ever */
	struct link_memory **memory;
	uint32_t memories;
	uint64_t *owed; /* addresses that are shared no more, for which there was no room */
	uint32_t nb_owed;
	struct host_link *next;
};

static struct host_link *
link_of(struct scif_bus *bus)
{
	return (struct host_link *)(void *)((char *)bus - offsetof(struct host_link, bus));
}

/* ---- Packets ---- */

static int
send_packet(const struct host_link *link, struct link_packet *p, int fd)
{
	p->version = LINK_VERSION;
	return scif_host_send(link->watch.fd, p, sizeof(*p), fd >= 0 ? &fd : NULL, fd >= 0);
}

static void
send_ring(const struct host_link *link)
{
	struct link_page *page = link->peer_page;

	/* Pairs with take_ring, which says that it was taken, and then looks at its rings. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load(&page->rung) != 0)
		return;
	atomic_store(&page->rung, 1);
	/* With a full socket the other side has packets to look at, and looks at its rings, too. */
	if (send_packet(link, &(struct link_packet){.kind = LINK_RING}, -1) < 0)
		atomic_store(&page->rung, 0);
}

static void
take_ring(const struct host_link *link)
{
	struct link_page *page = link->page.base;

	atomic_store(&page->rung, 0);
}

/* The other side keeps memory that it is not told of. A few at a time: the socket has to have room
 * for what somebody waits for.
 */
static void
pay(struct host_link *link)
{
	for (unsigned int i = 0; i < PAID_AT_ONCE && link->nb_owed > 0; i++) {
		struct link_packet p = {
			.kind = LINK_UNSHARE, .address = link->owed[link->nb_owed - 1]};

		if (send_packet(link, &p, -1) < 0)
			return;
		link->nb_owed--;
	}
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

/* ---- Memory of the other side ---- */

/* Only what cannot be made smaller may be touched by this process. */
static void *
map_sealed(int fd, uint64_t size)
{
	struct stat st;
	void *base;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat(fd, &st) < 0 ||
	    (uint64_t)st.st_size < size || size == 0)
		return NULL;
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return base == MAP_FAILED ? NULL : base;
}

static void
memory_free(struct host_link *link, uint32_t i)
{
	struct link_memory *m = link->memory[i];

	if (m->base != NULL)
		munmap(m->base, m->size);
	close(m->fd);
	free(m);
	link->memory[i] = link->memory[--link->memories];
}

static int
memory_add(struct host_link *link, const struct link_packet *p, int fd)
{
	struct link_memory *m, **all;

	if (fd < 0 || link->memories == MEMORIES_MAX || p->size > MEMORY_SPAN)
		return -EPROTO;
	all = realloc(link->memory, (link->memories + 1) * sizeof(*all));
	if (all == NULL)
		return -ENOMEM;
	link->memory = all;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return -ENOMEM;
	/* Clients keep what they have mapped by its number, longer than a link may last. */
	*m = (struct link_memory){.address = p->address,
				  .size = p->size,
				  .number = ++link->host->link_numbers,
				  .fd = fd};
	m->base = map_sealed(fd, p->size);
	all[link->memories++] = m;
	return 0;
}

static void
memory_gone(struct host_link *link, uint64_t address)
{
	for (uint32_t i = 0; i < link->memories; i++) {
		if (link->memory[i]->address != address || link->memory[i]->gone)
			continue;
		link->memory[i]->gone = true;
		if (link->memory[i]->maps == 0)
			memory_free(link, i);
		return;
	}
}

/* ---- What the engine asks ---- */

static void
link_publish(struct scif_bus *bus, uint64_t qp)
{
	struct host_link *link = link_of(bus);

	atomic_store(&link->peer_page->qp, qp);
	send_ring(link);
}

static uint64_t
link_peer_qp(struct scif_bus *bus)
{
	const struct link_page *page = link_of(bus)->page.base;

	return link_of(bus)->lost ? 0 : atomic_load(&page->qp);
}

static int
link_share(struct scif_bus *bus, const struct scif_memory *memory, uint64_t *address)
{
	struct host_link *link = link_of(bus);
	struct link_packet p = {.kind = LINK_SHARE, .size = memory->size};
	int ret;

	p.address = ++link->numbers * MEMORY_SPAN;
	ret = send_packet(link, &p, memory->fd);
	if (ret == 0)
		*address = p.address;
	pay(link);
	return ret == -EAGAIN ? -ENOMEM : ret;
}

static void
link_unshare(struct scif_bus *bus, uint64_t address)
{
	struct host_link *link = link_of(bus);

	owe(link, address);
	pay(link);
}

static bool link_receive(struct host_link *link);

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

static int
link_map(struct scif_bus *bus, uint64_t address, size_t len, struct scif_view *view)
{
	struct host_link *link = link_of(bus);
	struct link_memory *m;
	uint64_t at;

	/* This side was told of the memory before it was given the address. */
	for (unsigned int i = 0; i < ROUNDS_MAX && link_receive(link); i++)
		;
	m = memory_at(link, address, len);
	if (m == NULL)
		return -EFAULT;
	at = address - m->address;
	*view = (struct scif_view){
		.base = m->base != NULL ? (char *)m->base + at : NULL,
		.fd = m->fd,
		.number = m->number,
		.fd_off = at,
		.len = len,
		.handle = m,
	};
	m->maps++;
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

static void
link_ring(struct scif_bus *bus)
{
	send_ring(link_of(bus));
}

static bool
link_alive(struct scif_bus *bus)
{
	return !link_of(bus)->lost;
}

static int
link_introduce(struct scif_bus *bus, struct scif_bus *with, uint64_t said[4])
{
	(void)bus, (void)with, (void)said;
	return 0;
}

static const struct scif_bus_ops link_ops = {
	.publish = link_publish,
	.peer_qp = link_peer_qp,
	.share = link_share,
	.unshare = link_unshare,
	.map = link_map,
	.unmap = link_unmap,
	.ring = link_ring,
	.alive = link_alive,
	.introduce = link_introduce,
};

/* ---- Begin and end ---- */

static void
link_free(struct host_link *link)
{
	struct scif_host *host = link->host;

	if (link->up)
		scif_engine_link_remove(host->engine, link->node);
	scif_host_unwatch(host, &link->watch);
	close(link->watch.fd);
	while (link->memories > 0)
		memory_free(link, 0);
	free(link->memory);
	free(link->owed);
	if (link->peer_page != NULL)
		munmap(link->peer_page, PAGE_BYTES);
	scif_host_ops.memory_free(host, &link->page);
	for (struct host_link **at = &host->links; *at != NULL; at = &(*at)->next) {
		if (*at == link) {
			*at = link->next;
			break;
		}
	}
	free(link);
}

static int
hello(struct host_link *link, const struct link_packet *p, int fd)
{
	struct scif_host *host = link->host;
	int ret = -EPROTO;

	if (!link->up && fd >= 0 && p->version == LINK_VERSION && p->node < SCIF_NODES_MAX &&
	    p->node != host->config.engine.node)
		link->peer_page = map_sealed(fd, PAGE_BYTES);
	if (link->peer_page != NULL) {
		link->node = (uint16_t)p->node;
		link->peer |= p->peer != 0;
		/* The engine may map at once what comes next. */
		link->up = true;
		ret = link->peer ? scif_engine_peer_add(host->engine, link->node, &link->bus)
				 : scif_engine_link_add(host->engine, link->node, &link->bus);
		link->up = ret == 0;
	}
	if (fd >= 0)
		close(fd);
	if (ret < 0)
		scif_host_log(host, "link: node %" PRIu32 " is not taken, errno %d", p->node, -ret);
	return ret;
}

static int
handle(struct host_link *link, const struct link_packet *p, int fd)
{
	int ret = -EPROTO;

	if (p->kind == LINK_HELLO && !link->up)
		return hello(link, p, fd);
	if (link->up && p->kind == LINK_SHARE)
		ret = memory_add(link, p, fd);
	if (ret < 0 && fd >= 0)
		close(fd);
	if (!link->up || p->kind == LINK_SHARE)
		return ret;
	if (p->kind == LINK_UNSHARE)
		memory_gone(link, p->address);
	else if (p->kind == LINK_RING)
		take_ring(link);
	else
		return -EPROTO;
	return 0;
}

/* Whoever is in the middle of something with this link goes on; its end comes with the socket's. */
static void
refuse(struct host_link *link, const struct link_packet *p)
{
	scif_host_log(link->host, "link to node %u: packet of kind %" PRIu32 " refused", link->node,
		      p->kind);
	link->lost = true;
	shutdown(link->watch.fd, SHUT_RDWR);
}

/* Take what is there: whether there may be more. The link is marked as lost when there is an end of
 * it.
 */
static bool
link_receive(struct host_link *link)
{
	struct link_packet p = {0};
	ssize_t n;
	int fd;

	for (int i = 0; i < PACKETS_MAX && !link->lost; i++) {
		fd = -1;
		n = scif_host_receive(link->watch.fd, &p, sizeof(p), &fd, NULL);
		if (n == -EAGAIN || n == -EINTR)
			return false;
		if (n <= 0) {
			link->lost = true;
			return false;
		}
		if (n == sizeof(p))
			n = handle(link, &p, fd);
		else if (fd >= 0)
			close(fd);
		if (n != 0)
			refuse(link, &p);
	}
	return !link->lost;
}

static void
link_ready(struct scif_host_watch *watch)
{
	struct host_link *link = (struct host_link *)(void *)watch;

	link_receive(link);
	if (link->lost)
		link_free(link);
	else if (link->up)
		scif_engine_link_look(link->host->engine, link->node);
}

static int
link_begin(struct scif_host *host, int fd, bool joined, bool peer)
{
	struct link_packet p = {
		.kind = LINK_HELLO, .node = host->config.engine.node, .peer = peer};
	struct host_link *link = calloc(1, sizeof(*link));
	int ret = -ENOMEM;

	if (link == NULL)
		goto close_fd;
	link->host = host;
	link->joined = joined;
	link->peer = peer;
	link->bus.ops = &link_ops;
	link->watch = (struct scif_host_watch){.ready = link_ready, .fd = fd};
	ret = scif_host_ops.memory(host, PAGE_BYTES, &link->page);
	if (ret < 0)
		goto free_link;
	ret = send_packet(link, &p, link->page.fd);
	if (ret == 0)
		ret = scif_host_watch(host, &link->watch);
	if (ret < 0)
		goto free_page;
	link->next = host->links;
	host->links = link;
	return 0;

free_page:
	scif_host_ops.memory_free(host, &link->page);
free_link:
	free(link);
close_fd:
	close(fd);
	return ret;
}

void
scif_host_link_accept(struct scif_host_watch *watch)
{
	struct scif_host *host = (struct scif_host *)(void *)((char *)watch -
							      offsetof(struct scif_host, linker));
	int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		link_begin(host, fd, false, false);
}

static int
join(struct scif_host *host, uint16_t node, bool peer)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, ret = scif_path(address.sun_path, node, "link");

	if (ret < 0)
		return ret;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return link_begin(host, fd, !peer, peer);
}

int
scif_host_peer(void *arg, uint16_t node, const uint64_t said[4])
{
	struct scif_host *host = arg;

	/* All nodes of a machine are found at the same place; the higher one is visited. */
	(void)said;
	return node > host->config.engine.node ? join(host, node, true) : 0;
}

uint64_t
scif_host_join(struct scif_host *host, uint64_t now)
{
	if (!host->config.joins)
		return SCIF_NO_DEADLINE;
	for (const struct host_link *link = host->links; link != NULL; link = link->next)
		if (link->joined)
			return SCIF_NO_DEADLINE;
	if (now >= host->next_join) {
		host->next_join = now + NS_PER_S;
		join(host, host->config.join, false);
	}
	return host->next_join;
}

void
scif_host_links_close(struct scif_host *host)
{
	while (host->links != NULL)
		link_free(host->links);
}
