/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_local.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "client_memory.h"

/* What clients in the process of an engine have beside scif.h. */

/* ---- Peers: a thread reads which nodes come and go ---- */

static struct {
	pthread_mutex_t lock; /* held while clients are called */
	pthread_t thread;
	int fd; /* -1: none */
	int end[2];
	bool online[SCIF_NODES_MAX];
	struct scif_local_client *clients;
} peers = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

static void
call(struct scif_local_client *client, uint16_t node, bool online)
{
	struct scif_peer_dev peer = {.dnode = (uint8_t)node};

	if (online)
		client->probe(client, &peer);
	else if (client->remove != NULL)
		client->remove(client, &peer);
}

static void
set_online(uint16_t node, bool online)
{
	if (node >= SCIF_NODES_MAX || peers.online[node] == online)
		return;
	peers.online[node] = online;
	for (struct scif_local_client *c = peers.clients; c != NULL; c = c->next)
		call(c, node, online);
}

/* What is said until now; false at the end, when all nodes are gone. */
static bool
take_said(void)
{
	uint16_t said[2];
	ssize_t n;

	while ((n = read(peers.fd, said, sizeof(said))) == sizeof(said))
		set_online(said[0], said[1] != 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	for (uint16_t node = 0; node < SCIF_NODES_MAX; node++)
		set_online(node, false);
	return false;
}

static void *
watch(void *arg)
{
	struct pollfd all[2] = {{.fd = peers.fd, .events = POLLIN},
				{.fd = peers.end[0], .events = POLLIN}};
	bool more = true;

	(void)arg;
	while (more) {
		poll(all, 2, -1);
		if (all[1].revents != 0)
			break;
		pthread_mutex_lock(&peers.lock);
		more = take_said();
		pthread_mutex_unlock(&peers.lock);
	}
	return NULL;
}

static int
watch_begin(int fd)
{
	int ret;

	if (pipe2(peers.end, O_CLOEXEC) < 0)
		return -errno;
	peers.fd = fd;
	/* Who registers at once finds all that are there. */
	take_said();
	ret = -pthread_create(&peers.thread, NULL, watch, NULL);
	if (ret == 0)
		return 0;
	close(peers.end[0]);
	close(peers.end[1]);
	peers.fd = -1;
	return ret;
}

int
scif_local_begin(const int fd[2])
{
	int ret = client_socket_use(fd[0]);

	if (ret == 0)
		ret = watch_begin(fd[1]);
	if (ret < 0)
		close(fd[1]);
	return client_result(ret);
}

void
scif_local_end(void)
{
	if (peers.fd < 0)
		return;
	close(peers.end[1]);
	pthread_join(peers.thread, NULL);
	close(peers.end[0]);
	close(peers.fd);
	peers.fd = -1;
	for (uint16_t node = 0; node < SCIF_NODES_MAX; node++)
		peers.online[node] = false;
	client_socket_drop();
}

int
scif_client_register(struct scif_local_client *client)
{
	if (client == NULL || client->probe == NULL)
		return client_result(-EINVAL);
	pthread_mutex_lock(&peers.lock);
	if (peers.fd < 0) {
		pthread_mutex_unlock(&peers.lock);
		return client_result(-ENOTCONN);
	}
	client->next = peers.clients;
	peers.clients = client;
	for (uint16_t node = 0; node < SCIF_NODES_MAX; node++)
		if (peers.online[node])
			call(client, node, true);
	pthread_mutex_unlock(&peers.lock);
	return 0;
}

void
scif_client_unregister(struct scif_local_client *client)
{
	pthread_mutex_lock(&peers.lock);
	for (struct scif_local_client **at = &peers.clients; *at != NULL; at = &(*at)->next) {
		if (*at != client)
			continue;
		*at = client->next;
		for (uint16_t node = 0; node < SCIF_NODES_MAX; node++)
			if (peers.online[node])
				call(client, node, false);
		break;
	}
	pthread_mutex_unlock(&peers.lock);
}

/* ---- Pinned pages ---- */

struct scif_pinned_pages {
	struct scif_pinned_pages *next;
	struct client_backing *list;
	uint32_t count;
	size_t len;
	int prot;
};

static pthread_mutex_t pinned_lock = PTHREAD_MUTEX_INITIALIZER;
static struct scif_pinned_pages *pinned;

static int
check_pin(const void *addr, size_t len, int prot, int map_flags)
{
	if ((map_flags & ~SCIF_MAP_KERNEL) != 0 || len == 0 || len % CLIENT_PAGE != 0 ||
	    (uintptr_t)addr % CLIENT_PAGE != 0 ||
	    (prot & ~(SCIF_PROT_READ | SCIF_PROT_WRITE)) != 0)
		return -EINVAL;
	return 0;
}

int
scif_pin_pages(void *addr, size_t len, int prot_flags, int map_flags,
	       scif_pinned_pages_t *pinned_pages)
{
	int ret = check_pin(addr, len, prot_flags, map_flags);
	struct scif_pinned_pages *p;

	if (ret == 0 && pinned_pages == NULL)
		ret = -EFAULT;
	if (ret < 0)
		return client_result(ret);
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return client_result(-ENOMEM);
	p->len = len;
	p->prot = prot_flags;
	client_lock(&client_register_lock);
	ret = client_back((uintptr_t)addr, len, (uint32_t)prot_flags, &p->list, &p->count);
	if (ret == 0)
		client_back_keep((uintptr_t)addr, p->list, p->count);
	client_unlock(&client_register_lock);
	if (ret < 0) {
		free(p);
		return client_result(ret);
	}
	pthread_mutex_lock(&pinned_lock);
	p->next = pinned;
	pinned = p;
	pthread_mutex_unlock(&pinned_lock);
	*pinned_pages = p;
	return 0;
}

static struct scif_pinned_pages **
pinned_find(const struct scif_pinned_pages *p)
{
	struct scif_pinned_pages **at = &pinned;

	while (*at != NULL && *at != p)
		at = &(*at)->next;
	return at;
}

int
scif_unpin_pages(scif_pinned_pages_t pinned_pages)
{
	struct scif_pinned_pages **at, *p;

	pthread_mutex_lock(&pinned_lock);
	at = pinned_find(pinned_pages);
	p = *at;
	if (p != NULL)
		*at = p->next;
	pthread_mutex_unlock(&pinned_lock);
	if (p == NULL)
		return client_result(-EINVAL);
	client_back_free(p->list, p->count);
	free(p);
	return 0;
}

off_t
scif_register_pinned_pages(scif_epd_t epd, scif_pinned_pages_t pinned_pages, off_t offset,
			   int map_flags)
{
	struct client_endpoint *ep = client_endpoint_enter(epd);
	struct scif_pinned_pages *p;
	int64_t ret = -EINVAL;

	if (ep == NULL)
		return SCIF_REGISTER_FAILED;
	pthread_mutex_lock(&pinned_lock);
	p = *pinned_find(pinned_pages);
	if (p != NULL)
		ret = client_register_backing(ep, p->list, p->count, p->len, offset, p->prot,
					      map_flags);
	pthread_mutex_unlock(&pinned_lock);
	client_leave(ep);
	return ret >= 0 ? (off_t)ret : (off_t)client_result((int)ret);
}

/* ---- Pages of the peer ---- */

/* The arrays follow. */
struct held {
	struct scif_range range;
	struct held *next;
	void *base;
	size_t len;
};

static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER;
static struct held *held;

static struct held *
held_new(size_t len)
{
	size_t pages = len / CLIENT_PAGE;
	struct held *h = calloc(1, sizeof(*h) + pages * (sizeof(uint64_t) + sizeof(void *)));

	if (h == NULL)
		return NULL;
	h->len = len;
	h->range.cookie = h;
	h->range.nr_pages = (int)pages;
	h->range.phys_addr = (uint64_t *)(void *)(h + 1);
	h->range.va = (void **)(void *)(h->range.phys_addr + pages);
	return h;
}

static void
held_add(struct held *h)
{
	for (int i = 0; i < h->range.nr_pages; i++) {
		h->range.va[i] = (char *)h->base + (size_t)i * CLIENT_PAGE;
		h->range.phys_addr[i] = (uintptr_t)h->range.va[i];
	}
	pthread_mutex_lock(&held_lock);
	h->next = held;
	held = h;
	pthread_mutex_unlock(&held_lock);
}

/* Mapped for what the window allows: it lies in one. */
static int
held_map(struct client_endpoint *ep, struct held *h, int64_t offset)
{
	static const int prots[] = {SCIF_PROT_READ | SCIF_PROT_WRITE, SCIF_PROT_READ,
				    SCIF_PROT_WRITE};
	struct client_span span;
	int ret = client_span_get(ep, CLIENT_SIDE_PEER, offset, h->len, 0, &span);

	if (ret < 0)
		return ret;
	if ((uint64_t)offset + h->len > client_span_piece(&span, 0)->window_end)
		ret = -ENXIO;
	client_span_put(&span);
	for (unsigned int i = 0; i < 3 && ret == 0; i++) {
		h->base = NULL;
		h->range.prot_flags = prots[i];
		ret = client_mmap(ep, &h->base, h->len, prots[i], 0, offset);
		if (ret == 0)
			return 0;
		if (ret == client_denied(ep->client) && i < 2)
			ret = 0;
	}
	return ret;
}

int
scif_get_pages(scif_epd_t epd, off_t offset, size_t len, struct scif_range **pages)
{
	struct client_endpoint *ep = client_endpoint_enter(epd);
	struct held *h = NULL;
	int ret;

	if (ep == NULL)
		return -1;
	ret = client_verify(ep);
	if (ret == 0 && (len == 0 || ((uint64_t)offset | len) % CLIENT_PAGE != 0 || pages == NULL))
		ret = -EINVAL;
	if (ret == 0 && offset < 0)
		ret = -ENXIO;
	if (ret == 0) {
		h = held_new(len);
		ret = h == NULL ? -ENOMEM : held_map(ep, h, offset);
	}
	client_leave(ep);
	if (ret < 0) {
		free(h);
		return client_result(ret);
	}
	held_add(h);
	*pages = &h->range;
	return 0;
}

static struct held *
held_take(const struct scif_range *pages)
{
	struct held *h;

	pthread_mutex_lock(&held_lock);
	for (struct held **at = &held; (h = *at) != NULL; at = &h->next) {
		if (&h->range == pages) {
			*at = h->next;
			break;
		}
	}
	pthread_mutex_unlock(&held_lock);
	return h;
}

int
scif_put_pages(struct scif_range *pages)
{
	struct held *h = held_take(pages);

	if (h == NULL)
		return client_result(-EINVAL);
	client_munmap(h->base, h->len);
	free(h);
	return 0;
}
