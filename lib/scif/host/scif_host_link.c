/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "scif_host_link.h"

/* How links begin and end, and what comes over them. */

#define LINK_VERSION 1u
#define NS_PER_S     UINT64_C(1000000000)
/* Who joins says hello at once; but may be stopped just then. */
#define HELLO_NS (3 * NS_PER_S)
/* Who may be about to: as many as come at once where all nodes of a machine join. */
#define SILENT_MAX SCIF_NODES_MAX

int
scif_host_link_send(const struct host_link *link, struct link_packet *p, int fd)
{
	p->version = LINK_VERSION;
	return scif_host_send(link->watch.fd, p, sizeof(*p), fd >= 0 ? &fd : NULL, fd >= 0);
}

/* ---- Begin and end ---- */

/* Did this side begin it? */
static bool
is_begun(const struct host_link *link)
{
	return link->hello_by == SCIF_NO_DEADLINE;
}

/* What became of a link of which nothing else is said. */
static void
log_end(const struct host_link *link)
{
	if (link->met || link->told)
		return;
	if (link->up)
		scif_host_log(link->host, "link to node %u: ended before that was online",
			      link->node);
	else if (is_begun(link))
		scif_host_log(link->host, "link to node %u: ended at once", link->node);
}

static void
link_free(struct host_link *link)
{
	struct scif_host *host = link->host;

	if (link->up)
		scif_engine_link_remove(host->engine, link->node);
	scif_host_unwatch(host, &link->watch);
	scif_host_hang_up(link->watch.fd);
	scif_host_link_forget(link);
	if (link->peer_page != NULL)
		munmap(link->peer_page, LINK_PAGE_BYTES);
	scif_host_ops.memory_free(host, &link->page);
	for (struct host_link **at = &host->links; *at != NULL; at = &(*at)->next) {
		if (*at == link) {
			*at = link->next;
			break;
		}
	}
	free(link);
}

/* Who was joined is who it says. */
static bool
is_hello(const struct host_link *link, const struct link_packet *p, int fd)
{
	return fd >= 0 && p->version == LINK_VERSION && p->node < SCIF_NODES_MAX &&
	       p->node != link->host->config.engine.node &&
	       (!is_begun(link) || p->node == link->node);
}

static int
hello(struct host_link *link, const struct link_packet *p, int fd)
{
	struct scif_host *host = link->host;
	int ret = -EPROTO;

	if (is_hello(link, p, fd))
		link->peer_page = scif_host_link_map_sealed(link, fd, LINK_PAGE_BYTES);
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
		scif_host_drop(fd);
	return ret;
}

static int
handle(struct host_link *link, const struct link_packet *p, int fd)
{
	bool shares = p->kind == LINK_SHARE || p->kind == LINK_COPIES;
	int ret = -EPROTO;

	if (p->kind == LINK_HELLO && !link->up)
		return hello(link, p, fd);
	if (link->up && shares)
		ret = scif_host_link_shared(link, p, fd);
	if (ret < 0 && fd >= 0)
		scif_host_drop(fd);
	if (!link->up || shares)
		return ret;
	if (p->kind == LINK_UNSHARE)
		scif_host_link_unshared(link, p->address);
	else if (p->kind == LINK_RING)
		scif_host_link_rung(link);
	else
		return -EPROTO;
	return 0;
}

void
scif_host_link_hang_up(struct host_link *link)
{
	link->told = true;
	link->lost = true;
	shutdown(link->watch.fd, SHUT_RDWR);
}

static void
refuse(struct host_link *link, const struct link_packet *p, int error)
{
	if (link->up)
		scif_host_log(link->host, "link to node %u: packet of kind %" PRIu32
			      " refused, errno %d", link->node, p->kind, error);
	else
		scif_host_log(link->host, "link: node %" PRIu32 " is not taken, errno %d", p->node,
			      error);
	scif_host_link_hang_up(link);
}

bool
scif_host_link_receive(struct host_link *link)
{
	struct link_packet p = {0};
	ssize_t n;
	int fd;

	for (int i = 0; i < LINK_PACKETS_MAX && !link->lost; i++) {
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
			scif_host_drop(fd);
		if (n != 0)
			refuse(link, &p, n < 0 ? (int)-n : EPROTO);
	}
	return !link->lost;
}

static void
link_ready(struct scif_host_watch *watch)
{
	struct host_link *link = (struct host_link *)(void *)watch;

	scif_host_link_receive(link);
	if (link->lost) {
		log_end(link);
		link_free(link);
	} else if (link->up) {
		scif_engine_link_look(link->host->engine, link->node);
	}
}

/* A link that was begun to a node, or by whoever came. */
static int
link_begin(struct scif_host *host, int fd, uint16_t node, bool joined, bool peer)
{
	struct link_packet p = {
		.kind = LINK_HELLO, .node = host->config.engine.node, .peer = peer};
	struct host_link *link = calloc(1, sizeof(*link));
	int ret = -ENOMEM;

	if (link == NULL)
		goto close_fd;
	link->host = host;
	link->node = node;
	link->joined = joined;
	link->peer = peer;
	link->bus.ops = &scif_host_link_ops;
	link->watch = (struct scif_host_watch){.ready = link_ready, .fd = fd};
	link->hello_by = joined || peer ? SCIF_NO_DEADLINE : 0;
	ret = scif_host_ops.memory(host, LINK_PAGE_BYTES, &link->page);
	if (ret < 0)
		goto free_link;
	ret = scif_host_link_send(link, &p, link->page.fd);
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
	scif_host_hang_up(fd);
	return ret;
}

void
scif_host_link_accept(struct scif_host_watch *watch)
{
	struct scif_host *host = (struct scif_host *)(void *)((char *)watch -
							      offsetof(struct scif_host, linker));
	int fd = scif_host_take(host, watch->fd), ret = 0;

	if (fd >= 0)
		ret = link_begin(host, fd, 0, false, false);
	/* One that has gone already is nobody. */
	if (ret < 0 && ret != -EPIPE && ret != -ECONNRESET)
		scif_host_log(host, "link: who came is not taken, errno %d", -ret);
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
	return link_begin(host, fd, node, !peer, peer);
}

int
scif_host_peer(void *arg, uint16_t node, const uint64_t said[4])
{
	struct scif_host *host = arg;

	/* All nodes of a machine are found at the same place; the higher one is visited. */
	(void)said;
	return node > host->config.engine.node ? join(host, node, true) : 0;
}

/* Whatever keeps it from joining is said once; that nobody is there yet is no news. */
static void
log_join(struct scif_host *host, int ret)
{
	bool news = ret < 0 && ret != -ENOENT && ret != -ECONNREFUSED && ret != host->join_error;

	host->join_error = ret;
	if (news)
		scif_host_log(host, "link to node %u: cannot be joined, errno %d",
			      host->config.join, -ret);
}

uint64_t
scif_host_join(struct scif_host *host, uint64_t now)
{
	if (!host->config.joins)
		return SCIF_NO_DEADLINE;
	for (const struct host_link *link = host->links; link != NULL; link = link->next)
		if (link->joined || (link->up && link->node == host->config.join))
			return SCIF_NO_DEADLINE;
	if (now >= host->next_join) {
		host->next_join = now + NS_PER_S;
		log_join(host, join(host, host->config.join, false));
	}
	return host->next_join;
}

/* Of those who came; who was joined may be stopped, and has its time. */
static bool
is_silent(const struct host_link *link)
{
	return !link->up && !link->lost && !is_begun(link);
}

uint64_t
scif_host_links_expire(struct scif_host *host, uint64_t now)
{
	uint64_t deadline = SCIF_NO_DEADLINE;
	struct host_link *link, *next;
	uint32_t silent = 0;

	/* The newest are first. */
	for (link = host->links; link != NULL; link = next) {
		next = link->next;
		if (!is_silent(link))
			continue;
		if (link->hello_by == 0)
			link->hello_by = now + HELLO_NS;
		if (now >= link->hello_by || ++silent > SILENT_MAX) {
			scif_host_log(host, "link: who came says nothing, and has to go");
			link_free(link);
		} else if (link->hello_by < deadline) {
			deadline = link->hello_by;
		}
	}
	return deadline;
}

void
scif_host_link_met(struct scif_host *host, uint16_t node)
{
	for (struct host_link *link = host->links; link != NULL; link = link->next)
		link->met |= link->up && link->node == node;
}

void
scif_host_links_close(struct scif_host *host)
{
	while (host->links != NULL)
		link_free(host->links);
}
