/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <string.h>

#include "scif_priv.h"

/* What a client asks: found, checked, and handed to who knows. */
struct asked {
	struct scif_engine *engine;
	struct scif_client *client;
	struct scif_endpoint *ep; /* NULL where the request names none */
	const struct scif_request *rq;
	struct scif_reply *reply;
	int *fd, *fds;
};

static void
give_fd(const struct asked *a, int fd)
{
	a->fds[a->reply->fds++] = fd;
}

/* ---- Of the client ---- */

static int
hello(const struct asked *a)
{
	/* As a driver of another version than the library. */
	if (a->rq->arg[0] != SCIF_REQUEST_VERSION)
		return -ENXIO;
	a->reply->value[0] = a->engine->config.node;
	a->reply->value[1] = a->engine->config.ring_size;
	a->reply->value[2] = sizeof(struct scif_board);
	a->reply->value[3] = a->engine->config.driver_errno ? SCIF_REQUEST_DRIVER_ERRNO : 0;
	give_fd(a, a->client->desk->memory.fd);
	return 0;
}

static int
open_endpoint(const struct asked *a)
{
	struct scif_endpoint *ep;

	return scif_endpoint_open(a->client, a->rq->endpoint, &ep);
}

static int
nodes(const struct asked *a)
{
	int ret = a->rq->arg[0] != 0 ? scif_info_ask(a->client, a->rq) : 0;

	if (ret < 0)
		return ret;
	a->reply->value[0] = scif_node_count(a->engine);
	a->reply->value[1] = a->engine->config.node;
	a->reply->value[2] = a->engine->max_id;
	for (unsigned int i = 0; i < SCIF_NODES_MAX; i++)
		if (scif_node_find(a->engine, i) != NULL)
			a->reply->value[3 + i / 64] |= UINT64_C(1) << i % 64;
	return 0;
}

static int
fork_client(const struct asked *a)
{
	int fd = a->engine->ops->fork(a->engine->arg, a->client);

	if (fd < 0)
		return fd;
	give_fd(a, fd);
	return 0;
}

/* ---- Of an endpoint ---- */

static int
close_endpoint(const struct asked *a)
{
	a->reply->value[0] = scif_endpoint_drop(a->client, a->rq->endpoint);
	return 0;
}

static int
bind_endpoint(const struct asked *a)
{
	int port = scif_endpoint_bind(a->ep, a->rq->arg[0],
				      a->client->who.privileged ||
					      a->engine->config.any_may_administer);

	if (port < 0)
		return port;
	a->reply->value[0] = (uint64_t)port;
	return 0;
}

static int
listen_endpoint(const struct asked *a)
{
	return scif_endpoint_listen(a->ep, (int64_t)a->rq->arg[0]);
}

static int
port_or_error(const struct asked *a, int ret)
{
	if (ret < 0)
		return ret;
	a->reply->value[0] = (uint64_t)ret;
	return 0;
}

static int
connect_endpoint(const struct asked *a)
{
	return port_or_error(a, scif_connect_begin(a->ep, a->rq->arg[0], a->rq->arg[1],
						   a->rq->arg[2] != 0));
}

static int
outcome(const struct asked *a)
{
	return port_or_error(a, scif_connect_outcome(a->ep));
}

static int
cancel(const struct asked *a)
{
	scif_connect_give_up(a->ep, -EINTR);
	return 0;
}

static int
accept_endpoint(const struct asked *a)
{
	struct scif_endpoint *ep;
	int ret = scif_accept_begin(a->client, a->ep, a->rq->arg[0], &ep);

	if (ret < 0)
		return ret;
	a->reply->value[0] = ep->peer.node;
	a->reply->value[1] = ep->peer.port;
	return 0;
}

static int
attach_near(const struct asked *a, const struct scif_place *peer)
{
	a->reply->value[2] = peer->arena->memory.number;
	a->reply->value[3] = peer->offset;
	a->reply->value[5] = peer->offset + sizeof(struct scif_half);
	return 0;
}

static int
attach_far(const struct asked *a)
{
	const struct scif_view *qp = &a->ep->peer_qp, *ring = &a->ep->peer_ring;

	if (qp->base == NULL || qp->fd < 0 || ring->number != qp->number)
		return -ENODEV;
	a->reply->value[2] = scif_view_number(a->ep->peer.node, qp);
	a->reply->value[3] = qp->fd_off;
	a->reply->value[4] |= SCIF_REQUEST_FAR;
	a->reply->value[5] = ring->fd_off;
	if (a->rq->arg[0] != 0)
		give_fd(a, qp->fd);
	return 0;
}

static int
attach(const struct asked *a)
{
	const struct scif_connection *c = a->ep->connection;
	const struct scif_place *own;

	if (a->ep->state != SCIF_CONNECTED && a->ep->state != SCIF_DISCONNECTED)
		return -ENOTCONN;
	own = &c->place[a->ep->side];
	a->reply->value[0] = own->arena->memory.number;
	a->reply->value[1] = own->offset;
	a->reply->value[4] = a->ep->peer_ring_size;
	if (a->rq->arg[0] != 0)
		give_fd(a, own->arena->memory.fd);
	return scif_endpoint_far(a->ep) ? attach_far(a)
					: attach_near(a, &c->place[!a->ep->side]);
}

static int
gate(const struct asked *a)
{
	int ret = scif_endpoint_gate(a->ep);

	if (ret < 0)
		return ret;
	give_fd(a, a->ep->gate.fd[0]);
	return 0;
}

/* ---- All of them ---- */

static int
of_window(const struct asked *a)
{
	return scif_window_request(a->client, a->ep, a->rq, a->fd, a->reply, a->fds);
}

static int
of_fence(const struct asked *a)
{
	return scif_fence_request(a->client, a->ep, a->rq);
}

static const struct {
	int (*answer)(const struct asked *a);
	bool endpoint; /* names one */
} requests[] = {
	[SCIF_REQUEST_HELLO] = {hello, false},
	[SCIF_REQUEST_OPEN] = {open_endpoint, false},
	[SCIF_REQUEST_CLOSE] = {close_endpoint, true},
	[SCIF_REQUEST_BIND] = {bind_endpoint, true},
	[SCIF_REQUEST_LISTEN] = {listen_endpoint, true},
	[SCIF_REQUEST_CONNECT] = {connect_endpoint, true},
	[SCIF_REQUEST_OUTCOME] = {outcome, true},
	[SCIF_REQUEST_CANCEL] = {cancel, true},
	[SCIF_REQUEST_ACCEPT] = {accept_endpoint, true},
	[SCIF_REQUEST_ATTACH] = {attach, true},
	[SCIF_REQUEST_GATE] = {gate, true},
	[SCIF_REQUEST_NODES] = {nodes, false},
	[SCIF_REQUEST_FORK] = {fork_client, false},
	[SCIF_REQUEST_REGISTER] = {of_window, true},
	[SCIF_REQUEST_UNREGISTER] = {of_window, true},
	[SCIF_REQUEST_WINDOW] = {of_window, true},
	[SCIF_REQUEST_MAP] = {of_window, true},
	[SCIF_REQUEST_UNMAP] = {of_window, false},
	[SCIF_REQUEST_RUN] = {of_window, true},
	[SCIF_REQUEST_MARK] = {of_fence, true},
	[SCIF_REQUEST_WAIT] = {of_fence, true},
	[SCIF_REQUEST_SIGNAL] = {of_fence, true},
};

#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

static int
answer(struct asked *a)
{
	uint32_t op = a->rq->op;

	if (op >= REQUESTS || requests[op].answer == NULL)
		return -ENOSYS;
	if (requests[op].endpoint) {
		a->ep = scif_endpoint_of(a->client, a->rq->endpoint);
		if (a->ep == NULL)
			return -EBADF;
	}
	return requests[op].answer(a);
}

bool
scif_engine_request(struct scif_engine *engine, struct scif_client *client, const void *bytes,
		    size_t len, int *fd, struct scif_reply *reply, int fds[SCIF_REQUEST_FDS])
{
	struct scif_request rq;
	struct asked a = {
		.engine = engine, .client = client, .rq = &rq, .reply = reply, .fd = fd, .fds = fds};
	int ret = -EPROTO;

	*reply = (struct scif_reply){0};
	if (len == sizeof(rq)) {
		memcpy(&rq, bytes, sizeof(rq));
		if (rq.op == SCIF_REQUEST_TELL)
			return false;
		ret = answer(&a);
	} else {
		engine->counters.bad_token++;
	}
	scif_message_loop(engine);
	reply->error = ret < 0 ? -ret : 0;
	return true;
}

void
scif_slot_done(struct scif_client *client, uint32_t slot, uint32_t ticket, int error, int64_t value)
{
	struct scif_slot *s;

	if (slot >= SCIF_BOARD_SLOTS)
		return;
	s = &client->desk->board->slot[slot];
	s->error = error;
	s->value = value;
	/* Pairs with the acquire of who waits for its ticket. */
	atomic_store_explicit(&s->done, ticket, memory_order_release);
	client->engine->ops->wake(client->engine->arg, &s->done);
}
