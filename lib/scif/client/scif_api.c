/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client.h"
#include "client_memory.h"

/* The calls of scif.h: descriptors to endpoints, errno from negative returns. */

/* Descriptors in two steps, as there may be many and mostly are few. */
#define TABLE_BITS 10
#define TABLE_SIZE (1u << TABLE_BITS)

typedef _Atomic(struct client_endpoint *) table_entry;
static _Atomic(table_entry *) table[TABLE_SIZE];

/* ---- Descriptors ---- */

static inline struct client_endpoint *
find(int epd)
{
	table_entry *part;

	if (epd < 0 || (unsigned int)epd >= TABLE_SIZE * TABLE_SIZE)
		return NULL;
	part = atomic_load_explicit(&table[(unsigned int)epd >> TABLE_BITS], memory_order_acquire);
	return part == NULL ? NULL
			    : atomic_load_explicit(&part[(unsigned int)epd % TABLE_SIZE],
						   memory_order_acquire);
}

static table_entry *
table_part(int epd)
{
	unsigned int at = (unsigned int)epd >> TABLE_BITS;
	table_entry *part, *none = NULL;

	part = atomic_load(&table[at]);
	if (part != NULL)
		return part;
	part = calloc(TABLE_SIZE, sizeof(*part));
	if (part != NULL && !atomic_compare_exchange_strong(&table[at], &none, part)) {
		free(part);
		part = none;
	}
	return part;
}

/* A descriptor for an endpoint to be, with its place in the table. */
static int
descriptor(table_entry **entry)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	struct client_endpoint *stale;
	table_entry *part;

	if (fd < 0)
		return -errno;
	part = (unsigned int)fd < TABLE_SIZE * TABLE_SIZE ? table_part(fd) : NULL;
	if (part == NULL) {
		close(fd);
		return -ENOMEM;
	}
	*entry = &part[(unsigned int)fd % TABLE_SIZE];
	/* A program that closed its descriptor behind our back has closed the endpoint. */
	stale = atomic_exchange(*entry, NULL);
	if (stale != NULL)
		client_close(stale, fd);
	return fd;
}

struct client_endpoint *
client_endpoint_enter(int epd)
{
	struct client_endpoint *ep = find(epd);

	if (ep != NULL && client_enter(ep, epd) == 0)
		return ep;
	errno = EBADF;
	return NULL;
}

static int
leave(struct client_endpoint *ep, int ret)
{
	client_leave(ep);
	return client_result(ret);
}

/* ---- Open and close ---- */

scif_epd_t
scif_open(void)
{
	CLIENT_UNCANCELLED_AT_POINT;
	struct client_endpoint *ep;
	table_entry *entry;
	struct client *c;
	int ret, fd;

	ret = client_socket_get(&c);
	if (ret < 0)
		return client_result(ret);
	fd = descriptor(&entry);
	ret = fd;
	if (fd < 0)
		goto put_client;
	ret = client_open(c, fd, &ep);
	if (ret < 0)
		goto close_fd;
	atomic_store_explicit(entry, ep, memory_order_release);
	return fd;

close_fd:
	close(fd);
put_client:
	client_put(c);
	return client_result(ret);
}

int
scif_close(scif_epd_t epd)
{
	CLIENT_UNCANCELLED_AT_POINT;
	struct client_endpoint *ep = find(epd);
	int ret = -EBADF;

	if (ep != NULL)
		ret = client_close(ep, epd);
	if (ret < 0)
		return client_result(ret);
	atomic_store(&table[(unsigned int)epd >> TABLE_BITS][(unsigned int)epd % TABLE_SIZE], NULL);
	close(epd);
	return 0;
}

/* ---- Connections ---- */

int
scif_bind(scif_epd_t epd, uint16_t pn)
{
	CLIENT_UNCANCELLED;
	struct client_endpoint *ep = client_endpoint_enter(epd);

	return ep == NULL ? -1 : leave(ep, client_bind(ep, pn));
}

int
scif_listen(scif_epd_t epd, int backlog)
{
	CLIENT_UNCANCELLED;
	struct client_endpoint *ep = client_endpoint_enter(epd);

	return ep == NULL ? -1 : leave(ep, client_listen(ep, backlog));
}

int
scif_connect(scif_epd_t epd, struct scif_portID *dst)
{
	CLIENT_UNCANCELLED;
	struct client_endpoint *ep = client_endpoint_enter(epd);
	int flags;

	if (ep == NULL)
		return -1;
	if (dst == NULL)
		return leave(ep, -EINVAL);
	flags = fcntl(epd, F_GETFL);
	return leave(ep, client_connect(ep, dst, flags >= 0 && (flags & O_NONBLOCK) != 0));
}

static int
accept_as(struct client_endpoint *listener, struct scif_portID *peer, scif_epd_t *newepd, int flags)
{
	struct client_endpoint *ep;
	table_entry *entry;
	int fd, ret;

	fd = descriptor(&entry);
	if (fd < 0)
		return fd;
	ret = client_accept(listener, peer, fd, flags, &ep);
	if (ret < 0) {
		close(fd);
		return ret;
	}
	atomic_store_explicit(entry, ep, memory_order_release);
	*newepd = fd;
	return 0;
}

int
scif_accept(scif_epd_t epd, struct scif_portID *peer, scif_epd_t *newepd, int flags)
{
	CLIENT_UNCANCELLED_AT_POINT;
	struct client_endpoint *ep = client_endpoint_enter(epd);

	if (ep == NULL)
		return -1;
	if (peer == NULL || newepd == NULL || (flags & ~SCIF_ACCEPT_SYNC) != 0)
		return leave(ep, -EINVAL);
	return leave(ep, accept_as(ep, peer, newepd, flags));
}

/* ---- Messages ---- */

/* What can be wrong about a message before the endpoint is looked at: 1 when nothing is. */
static int
check_message(const struct client_endpoint *ep, const void *msg, int len, int flags, int block)
{
	if (ep == NULL)
		return -EBADF;
	if (len < 0 || (flags & ~block) != 0)
		return -EINVAL;
	if (len == 0)
		return 0;
	return msg == NULL ? -EFAULT : 1;
}

int
scif_send(scif_epd_t epd, void *msg, int len, int flags)
{
	/* Looked for once: another thread may close it between two looks. */
	struct client_endpoint *ep = find(epd);
	int ret = check_message(ep, msg, len, flags, SCIF_SEND_BLOCK);

	if (ret <= 0)
		return client_result(ret);
	return client_result(client_send(ep, epd, msg, len, flags != 0));
}

int
scif_recv(scif_epd_t epd, void *msg, int len, int flags)
{
	struct client_endpoint *ep = find(epd);
	int ret = check_message(ep, msg, len, flags, SCIF_RECV_BLOCK);

	if (ret <= 0)
		return client_result(ret);
	return client_result(client_recv(ep, epd, msg, len, flags != 0));
}

/* ---- Registered memory ---- */

off_t
scif_register(scif_epd_t epd, void *addr, size_t len, off_t offset, int prot_flags, int map_flags)
{
	CLIENT_UNCANCELLED;
	struct client_endpoint *ep = client_endpoint_enter(epd);
	int64_t ret;

	if (ep == NULL)
		return SCIF_REGISTER_FAILED;
	ret = client_register(ep, addr, len, offset, prot_flags, map_flags);
	client_leave(ep);
	return ret >= 0 ? (off_t)ret : (off_t)client_result((int)ret);
}

int
scif_unregister(scif_epd_t epd, off_t offset, size_t len)
{
	CLIENT_UNCANCELLED;
	struct client_endpoint *ep = client_endpoint_enter(epd);

	return ep == NULL ? -1 : leave(ep, client_unregister(ep, offset, len));
}

void *
scif_mmap(void *addr, size_t len, int prot_flags, int map_flags, scif_epd_t epd, off_t offset)
{
	CLIENT_UNCANCELLED;
	struct client_endpoint *ep = client_endpoint_enter(epd);

	if (ep == NULL || leave(ep, client_mmap(ep, &addr, len, prot_flags, map_flags, offset)) < 0)
		return SCIF_MMAP_FAILED;
	return addr;
}

int
scif_munmap(void *addr, size_t len)
{
	CLIENT_UNCANCELLED;

	return client_result(client_munmap(addr, len));
}

int
scif_readfrom(scif_epd_t epd, off_t loffset, size_t len, off_t roffset, int rma_flags)
{
	struct client_endpoint *ep = client_endpoint_enter(epd);

	return ep == NULL ? -1
			  : leave(ep, client_rma(ep, loffset, len, roffset, rma_flags, false));
}

int
scif_writeto(scif_epd_t epd, off_t loffset, size_t len, off_t roffset, int rma_flags)
{
	struct client_endpoint *ep = client_endpoint_enter(epd);

	return ep == NULL ? -1 : leave(ep, client_rma(ep, loffset, len, roffset, rma_flags, true));
}

int
scif_vreadfrom(scif_epd_t epd, void *addr, size_t len, off_t roffset, int rma_flags)
{
	struct client_endpoint *ep = client_endpoint_enter(epd);

	return ep == NULL ? -1
			  : leave(ep, client_rma_memory(ep, addr, len, roffset, rma_flags, false));
}

int
scif_vwriteto(scif_epd_t epd, void *addr, size_t len, off_t roffset, int rma_flags)
{
	struct client_endpoint *ep = client_endpoint_enter(epd);

	return ep == NULL ? -1
			  : leave(ep, client_rma_memory(ep, addr, len, roffset, rma_flags, true));
}

int
scif_fence_mark(scif_epd_t epd, int flags, int *mark)
{
	struct client_endpoint *ep = client_endpoint_enter(epd);

	return ep == NULL ? -1 : leave(ep, client_fence_mark(ep, flags, mark));
}

int
scif_fence_wait(scif_epd_t epd, int mark)
{
	struct client_endpoint *ep = client_endpoint_enter(epd);

	return ep == NULL ? -1 : leave(ep, client_fence_wait(ep, mark));
}

int
scif_fence_signal(scif_epd_t epd, off_t loff, uint64_t lval, off_t roff, uint64_t rval, int flags)
{
	struct client_endpoint *ep = client_endpoint_enter(epd);

	return ep == NULL ? -1 : leave(ep, client_fence_signal(ep, loff, lval, roff, rval, flags));
}

/* ---- Events ---- */

int
scif_get_fd(scif_epd_t epd)
{
	CLIENT_UNCANCELLED;
	struct client_endpoint *ep = client_endpoint_enter(epd);
	int ret;

	if (ep == NULL)
		return -1;
	ret = client_gate(ep);
	return leave(ep, ret < 0 ? ret : epd);
}

/* What a record names: an endpoint, another descriptor, as scif_poll has always been poll, or
 * nothing.
 */
static void
poll_find(const struct scif_pollepd *epd, struct client_poll *p)
{
	*p = (struct client_poll){.events = epd->events, .fd = -1};
	if (epd->epd < 0)
		return;
	p->ep = client_endpoint_enter(epd->epd);
	if (p->ep != NULL) {
		/* As the parent may have connected it since. */
		if (p->ep->mine == NULL)
			client_attach(p->ep);
		return;
	}
	/* One that is just being closed is neither. */
	if (find(epd->epd) == NULL && fcntl(epd->epd, F_GETFD) >= 0)
		p->fd = epd->epd;
	else
		p->revents = POLLNVAL;
}

static int
poll_all(struct scif_pollepd *epds, struct client_poll *all, unsigned int nepds, long timeout,
	 int cancel)
{
	bool mixed = false;
	int ret;

	for (unsigned int i = 0; i < nepds; i++) {
		poll_find(&epds[i], &all[i]);
		mixed = mixed || all[i].fd >= 0;
	}
	ret = mixed ? client_poll_mixed(all, nepds, timeout, cancel)
		    : client_poll(all, nepds, timeout, cancel);
	for (unsigned int i = 0; i < nepds; i++) {
		if (all[i].ep != NULL)
			client_leave(all[i].ep);
		epds[i].revents = all[i].revents;
	}
	return ret;
}

int
scif_poll(struct scif_pollepd *epds, unsigned int nepds, long timeout)
{
	struct rlimit limit;
	struct client_poll *all;
	int ret, cancel;

	pthread_testcancel();
	if (epds == NULL && nepds > 0)
		return client_result(-EFAULT);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && nepds > limit.rlim_cur)
		return client_result(-EINVAL);
	all = calloc(nepds + 1, sizeof(*all));
	if (all == NULL)
		return client_result(-ENOMEM);
	cancel = client_uncancelled_begin();
	ret = poll_all(epds, all, nepds, timeout, cancel);
	client_uncancelled_end(&cancel);
	free(all);
	return client_result(ret);
}

/* ---- Nodes ---- */

static int
nodes_copy(const struct scif_reply *reply, uint16_t *nodes, int len)
{
	int n = 0;

	for (unsigned int id = 0; id < SCIF_NODES_MAX && n < len; id++)
		if ((reply->value[3 + id / 64] >> id % 64 & 1) != 0)
			nodes[n++] = (uint16_t)id;
	return (int)reply->value[0];
}

/* What node 0 knows, this node does then. */
static int
ask_node_0(struct client *c)
{
	struct scif_request rq = {.op = SCIF_REQUEST_NODES, .arg = {1}};
	int64_t value;
	int ret;

	if (c->node == 0)
		return 0;
	client_slot_take(c, &rq);
	ret = client_slot_ask(c, &rq, -1, &value);
	client_slot_free(c, rq.slot);
	return ret;
}

int
scif_get_nodeIDs(uint16_t *nodes, int len, uint16_t *self)
{
	CLIENT_UNCANCELLED_AT_POINT;
	struct scif_request rq = {.op = SCIF_REQUEST_NODES};
	int fds[SCIF_REQUEST_FDS], ret;
	struct scif_reply reply;
	struct client *c;

	if (self == NULL || (nodes == NULL && len > 0))
		return client_result(-EFAULT);
	ret = client_socket_get(&c);
	if (ret < 0)
		return client_result(ret);
	ret = ask_node_0(c);
	if (ret == 0)
		ret = client_ask(c, &rq, -1, &reply, fds);
	client_put(c);
	if (ret < 0)
		return client_result(ret);
	*self = (uint16_t)reply.value[1];
	return nodes_copy(&reply, nodes, len);
}
