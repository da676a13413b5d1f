/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Clients of the work queues of a served DSA. Each sees a device whose one portal works, that of
 * its work queue, and what tells the device's capabilities. The PASID in its descriptors is put
 * there here, so its addresses are those of its own memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dsa_desc.h"
#include "serve_dsa.h"
#include "slipway.h"

#define BAR_REGISTERS 0
#define BAR_PORTALS   2
/* Capabilities and where tables are: datasheet section 3.1. */
#define CAPABILITIES_END 0x70u
#define ABOUT_MAX        256
/* Mappings that a process may have, less what it needs for itself, for the clients to share. */
#define MAPS_FOR_CLIENTS 60000u

static struct serve_dsa_client *
client_of(struct bus_device *dev)
{
	return (struct serve_dsa_client *)dev;
}

static struct bus_device *
device_of(const struct serve_dsa_client *c)
{
	return &c->dsa->gate.dev;
}

/* ---- What a client sees ---- */

static int
client_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct serve_dsa_client *c = client_of(dev);
	int ret = 0;

	/* The device is the server's: what a client writes there changes nothing. */
	if (write)
		return 0;
	serve_dsa_unlock(c->dsa);
	ret = device_of(c)->ops->config(device_of(c), off, bytes, len, false);
	serve_dsa_lock(c->dsa);
	return ret;
}

static int
client_describe(struct bus_device *dev, struct bus_region regions[], unsigned int max)
{
	struct bus_device *to = device_of(client_of(dev));

	return to->ops->describe(to, regions, max);
}

static uint64_t
client_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct serve_dsa_client *c = client_of(dev);
	uint64_t value;

	if (bar != BAR_REGISTERS || off >= CAPABILITIES_END)
		return 0;
	serve_dsa_unlock(c->dsa);
	value = device_of(c)->ops->read(device_of(c), bar, off, size);
	serve_dsa_lock(c->dsa);
	return value;
}

static void
client_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
	     unsigned int size)
{
	(void)bar;
	(void)off;
	(void)value;
	(void)size;
	client_of(dev)->refused++;
}

/* Is that in its portal? */
static bool
is_own(struct serve_dsa_client *c, unsigned int bar, uint64_t off, unsigned int len)
{
	if (bar == BAR_PORTALS && len == DSA_DESC_BYTES && off % DSA_DESC_BYTES == 0 &&
	    off - DSA_PORTAL_OFFSET(c->wq, DSA_PORTAL_LIMITED) < DSA_PORTAL_BYTES)
		return true;
	c->refused++;
	return false;
}

static void
client_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	    unsigned int len)
{
	struct serve_dsa_client *c = client_of(dev);

	if (!is_own(c, bar, off, len))
		return;
	serve_dsa_unlock(c->dsa);
	device_of(c)->ops->post(device_of(c), bar, off, line, len);
	serve_dsa_threads_wake(c->dsa);
	serve_dsa_lock(c->dsa);
}

static int
client_submit(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	      uint32_t pasid)
{
	struct serve_dsa_client *c = client_of(dev);
	struct dsa_desc desc;
	int ret;

	(void)pasid;
	if (!is_own(c, bar, off, DSA_DESC_BYTES))
		return -EAGAIN;
	memcpy(&desc, line, sizeof(desc));
	/* Whatever it says it is: without privilege, and itself. */
	desc.pasid = c->pasid;
	serve_dsa_unlock(c->dsa);
	ret = device_of(c)->ops->submit(device_of(c), bar, off, &desc, c->pasid);
	if (ret == 0)
		serve_dsa_threads_wake(c->dsa);
	serve_dsa_lock(c->dsa);
	c->accepted += ret == 0;
	c->retried += ret != 0;
	return ret;
}

static uint64_t
client_step(struct bus_device *dev, uint64_t now_ns)
{
	(void)dev;
	(void)now_ns;
	return BUS_NO_DEADLINE;
}

static void
client_reset(struct bus_device *dev, enum bus_reset kind)
{
	struct serve_dsa_client *c = client_of(dev);

	(void)kind;
	serve_dsa_unlock(c->dsa);
	serve_dsa_abandon(c->dsa, c);
	serve_dsa_lock(c->dsa);
}

static void
client_remap(struct bus_device *dev)
{
	struct serve_dsa_client *c = client_of(dev);

	serve_dsa_unlock(c->dsa);
	device_of(c)->ops->remap(device_of(c));
	serve_dsa_lock(c->dsa);
}

static const struct bus_device_ops client_ops = {
	.config = client_config,
	.describe = client_describe,
	.read = client_read,
	.write = client_write,
	.post = client_post,
	.submit = client_submit,
	.step = client_step,
	.reset = client_reset,
	.remap = client_remap,
};

/* ---- Whose memory ---- */

static struct serve_dsa *
dsa_of(struct bus_host *host)
{
	return (struct serve_dsa *)(void *)((char *)host - offsetof(struct serve_dsa, router));
}

/* Whoever is there under a PASID; under the lock. */
static struct serve_dsa_client *
client_under(struct serve_dsa *dsa, uint32_t pasid)
{
	for (unsigned int i = 0; i < SERVE_DSA_CLIENTS; i++)
		if (dsa->client[i].used && dsa->client[i].pasid == pasid)
			return &dsa->client[i];
	return NULL;
}

static struct bus_host *
host_of(struct serve_dsa *dsa, uint32_t pasid)
{
	struct serve_dsa_client *c;

	if (dsa->whole != NULL)
		return dsa->whole;
	c = pasid == BUS_NO_PASID ? NULL : client_under(dsa, pasid);
	return c == NULL ? NULL : vfu_server_host(c->socket->server);
}

static void *
router_map(struct bus_host *router, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	   struct bus_fault *fault)
{
	struct serve_dsa *dsa = dsa_of(router);
	struct bus_host *host;
	void *p = NULL;

	serve_dsa_lock(dsa);
	host = host_of(dsa, pasid);
	*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
	if (host != NULL)
		p = host->ops->map(host, pasid, iova, len, prot, fault);
	serve_dsa_unlock(dsa);
	return p;
}

/* A client that had to be asked for its memory by messages could keep the others waiting. */
static int
client_dma(struct serve_dsa_client *c, struct bus_host *host, uint64_t iova, void *bytes,
	   size_t len, bool write)
{
	enum bus_prot prot = write ? BUS_PROT_WRITE : BUS_PROT_READ;
	struct bus_fault fault;
	size_t got = len;

	if (host->ops->map(host, c->pasid, iova, &got, prot, &fault) != NULL)
		return host->ops->dma(host, c->pasid, iova, bytes, got < len ? got : len, write) < 0
			       ? -EFAULT
		       : got >= len ? 0
				    : client_dma(c, host, iova + got, (char *)bytes + got,
						 len - got, write);
	if (host->ops->page_request(host, c->pasid, iova, prot) == 0 && !c->told) {
		c->told = true;
		serve_say(c->dsa->serve,
			  "%s: process %d: memory at 0x%" PRIx64 " is in no file, and a work queue "
			  "reaches none such; accepted: shared memory",
			  c->socket->path, (int)c->socket->client, iova);
	}
	return -EFAULT;
}

static int
router_dma(struct bus_host *router, uint32_t pasid, uint64_t iova, void *bytes, size_t len,
	   bool write)
{
	struct serve_dsa *dsa = dsa_of(router);
	struct serve_dsa_client *c;
	int ret = -EFAULT;

	serve_dsa_lock(dsa);
	c = pasid == BUS_NO_PASID ? NULL : client_under(dsa, pasid);
	if (dsa->whole != NULL)
		ret = dsa->whole->ops->dma(dsa->whole, pasid, iova, bytes, len, write);
	else if (c != NULL)
		ret = client_dma(c, vfu_server_host(c->socket->server), iova, bytes, len, write);
	serve_dsa_unlock(dsa);
	return ret;
}

static int
router_page_request(struct bus_host *router, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	struct serve_dsa *dsa = dsa_of(router);
	struct bus_host *host;
	int ret = -EFAULT;

	serve_dsa_lock(dsa);
	host = host_of(dsa, pasid);
	if (host != NULL)
		ret = host->ops->page_request(host, pasid, iova, prot);
	serve_dsa_unlock(dsa);
	return ret;
}

/* Interrupts are for the owner of the device, which the server is where there are clients. */
static void
router_irq(struct bus_host *router, unsigned int vector)
{
	struct serve_dsa *dsa = dsa_of(router);

	if (dsa->whole == NULL)
		return;
	serve_dsa_lock(dsa);
	dsa->whole->ops->irq(dsa->whole, vector);
	serve_dsa_unlock(dsa);
}

const struct bus_host_ops serve_dsa_router_ops = {
	.map = router_map,
	.dma = router_dma,
	.page_request = router_page_request,
	.irq = router_irq,
};

/* ---- Coming and going ---- */

static struct serve_dsa_client *
client_at(struct serve_socket *socket)
{
	struct serve_dsa *dsa = socket->owner->dsa;

	return &dsa->client[socket - socket->owner->socket];
}

/* Its memory is still there: whatever is under way may end as it should. */
static void
client_leaving(void *arg)
{
	struct serve_dsa_client *c = client_at(arg);

	serve_dsa_unlock(c->dsa);
	serve_dsa_abandon(c->dsa, c);
	serve_dsa_lock(c->dsa);
}

static void
client_gone(void *arg)
{
	struct serve_dsa_client *c = client_at(arg);

	c->gone = true;
	if (c->refused != 0)
		serve_say(c->dsa->serve,
			  "%s: process %d: %" PRIu64 " accesses to what is not its own were refused",
			  c->socket->path, (int)c->socket->client, c->refused);
}

static void
about_write(char about[ABOUT_MAX], const struct serve_dsa_client *c)
{
	const struct serve_options *options = &c->dsa->serve->options;
	const struct dsa_plan_wq *wq = &options->plan.wq[c->wq];

	snprintf(about, ABOUT_MAX,
		 "{\"device\":\"dsa\",\"version\":\"%s\",\"wq\":%u,\"mode\":\"%s\",\"size\":%u,"
		 "\"threshold\":%u,\"max_transfer\":%" PRIu64 ",\"max_batch\":%u,\"pasid\":%u}",
		 options->model->version[options->version].name, c->wq,
		 wq->dedicated ? "dedicated" : "shared", wq->size, wq->threshold, wq->max_transfer,
		 wq->max_batch, c->pasid);
}

/* A place for another client, or NULL. */
static struct serve_dsa_client *
client_free(struct serve_dsa *dsa)
{
	for (unsigned int i = 0; i < SERVE_DSA_CLIENTS; i++)
		if (!dsa->client[i].used)
			return &dsa->client[i];
	return NULL;
}

static int
client_begin(struct serve_dsa_client *c, int fd)
{
	struct serve *s = c->dsa->serve;
	char about[ABOUT_MAX];
	const struct vfu_server_config config = {
		.about = about,
		.max_dma_maps = MAPS_FOR_CLIENTS / SERVE_DSA_CLIENTS,
		.events = {.log = serve_socket_log,
			   .came = serve_socket_came,
			   .leaving = client_leaving,
			   .gone = client_gone},
		.arg = c->socket,
	};
	int ret;

	about_write(about, c);
	ret = vfu_server_open_fd(&config, fd, &c->socket->server);
	if (ret < 0)
		return ret;
	c->used = true;
	if (s->sockets <= (unsigned int)(c->socket - s->socket))
		s->sockets = (unsigned int)(c->socket - s->socket) + 1;
	vfu_server_plug(c->socket->server, &c->dev);
	return 0;
}

/* Who cannot be taken now waits in the socket's queue. */
static void
listeners_update(struct serve *s)
{
	struct serve_dsa *dsa = s->dsa;
	bool room = client_free(dsa) != NULL;

	for (unsigned int l = 0; l < s->listeners; l++) {
		unsigned int q = dsa->listener_wq[l];

		s->listener[l].full =
			!room || (s->options.plan.wq[q].dedicated &&
				  client_under(dsa, SERVE_DSA_PASID_DEDICATED + q) != NULL);
	}
}

void
serve_dsa_accept(struct serve *s, unsigned int listener)
{
	struct serve_dsa *dsa = s->dsa;
	unsigned int q = dsa->listener_wq[listener], i;
	struct serve_dsa_client *c = client_free(dsa);
	int fd = c == NULL ? -1
			   : accept4(s->listener[listener].fd, NULL, NULL,
				     SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (dsa->halted) {
		serve_say(s, "%s: a client was turned away: the device has halted, start anew",
			  s->listener[listener].path);
		close(fd);
		return;
	}
	i = (unsigned int)(c - dsa->client);
	*c = (struct serve_dsa_client){
		.dev.ops = &client_ops,
		.dsa = dsa,
		.socket = &s->socket[i],
		.wq = q,
		.pasid = s->options.plan.wq[q].dedicated ? SERVE_DSA_PASID_DEDICATED + q
							 : SERVE_DSA_PASID + i,
	};
	*c->socket = (struct serve_socket){.owner = s, .dev = &c->dev};
	memcpy(c->socket->path, s->listener[listener].path, sizeof(c->socket->path));
	if (client_begin(c, fd) < 0)
		complain("serve: %s: a client was turned away: memory is short",
			 s->listener[listener].path);
	listeners_update(s);
}

void
serve_dsa_let_go(struct serve *s)
{
	struct serve_dsa *dsa = s->dsa;

	if (!dsa->halted)
		serve_say(s, "%s: the device has halted: clients are let go", s->options.path);
	dsa->halted = true;
	for (unsigned int i = 0; i < SERVE_DSA_CLIENTS; i++)
		if (dsa->client[i].used && !dsa->client[i].gone)
			vfu_server_drop(dsa->client[i].socket->server);
}

void
serve_dsa_tidy(struct serve *s)
{
	bool any = false;

	for (unsigned int i = 0; i < SERVE_DSA_CLIENTS; i++) {
		struct serve_dsa_client *c = &s->dsa->client[i];

		if (!c->used || !c->gone)
			continue;
		vfu_server_close(c->socket->server);
		c->socket->server = NULL;
		c->socket->client = 0;
		c->used = false;
		any = true;
	}
	if (!any)
		return;
	serve_tick_set(s);
	listeners_update(s);
}

int
serve_dsa_listen(struct serve_dsa *dsa, const struct dsa_plan *plan)
{
	struct serve *s = dsa->serve;
	int ret = 0;

	for (unsigned int q = 0; q < DSA_PLAN_WQS && ret == 0; q++) {
		if (!plan->wq[q].said)
			continue;
		dsa->listener_wq[s->listeners] = q;
		serve_socket_path(s->listener[s->listeners].path, s, "wq", q);
		ret = serve_listener_open(s, &s->listener[s->listeners]);
		if (ret == 0)
			s->listeners++;
	}
	return ret;
}
