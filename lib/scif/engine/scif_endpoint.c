/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "scif_priv.h"

/* ---- Which there are ---- */

struct scif_endpoint *
scif_endpoint_of(const struct scif_client *client, uint32_t index)
{
	if (index >= SCIF_BOARD_ENDPOINTS || client->hold[index] == NULL)
		return NULL;
	return client->hold[index]->endpoint;
}

struct scif_endpoint *
scif_endpoint_find(const struct scif_engine *engine, uint64_t token)
{
	return scif_token_find(&engine->tokens, SCIF_KIND_ENDPOINT, token);
}

static int
hold_new(struct scif_client *client, struct scif_endpoint *ep, uint32_t index)
{
	struct scif_hold *hold = calloc(1, sizeof(*hold));

	if (hold == NULL)
		return -ENOMEM;
	hold->client = client;
	hold->endpoint = ep;
	hold->index = index;
	scif_list_add(&ep->holds, &hold->link);
	client->hold[index] = hold;
	client->nb_holds++;
	return 0;
}

/* A place on the client's board; one of its children may still use that of a closed endpoint. */
static int
ctl_take(struct scif_client *client, uint64_t index)
{
	uint64_t *word;

	if (index >= SCIF_BOARD_ENDPOINTS)
		return -EINVAL;
	word = &client->desk->taken[index / 64];
	if (client->hold[index] != NULL || (*word >> index % 64 & 1) != 0)
		return -EBUSY;
	*word |= UINT64_C(1) << index % 64;
	client->desk->users++;
	return 0;
}

static void
ctl_release(struct scif_engine *engine, struct scif_desk *desk, uint32_t index)
{
	desk->taken[index / 64] &= ~(UINT64_C(1) << index % 64);
	scif_desk_put(engine, desk);
}

static void
ctl_init(struct scif_ctl *ctl)
{
	atomic_store(&ctl->pending, 0);
	atomic_store(&ctl->attempt, SCIF_ATTEMPT_NONE);
	atomic_store(&ctl->sleepers, 0);
	atomic_store(&ctl->sent, 0);
	atomic_store(&ctl->received, 0);
	atomic_store(&ctl->node_lost, 0);
	atomic_store(&ctl->holder[0], 0);
	atomic_store(&ctl->holder[1], 0);
	atomic_store(&ctl->full, 0);
	atomic_store(&ctl->state, SCIF_UNBOUND);
}

static void
endpoint_init(struct scif_endpoint *ep, struct scif_client *client, uint32_t index)
{
	ep->engine = client->engine;
	ep->index = index;
	ep->desk = client->desk;
	ep->ctl = &client->desk->board->ctl[index];
	ep->deadline = SCIF_NO_DEADLINE;
	scif_list_init(&ep->link);
	scif_list_init(&ep->timer);
	scif_list_init(&ep->owing);
	scif_list_init(&ep->holds);
	scif_list_init(&ep->knocks);
	ctl_init(ep->ctl);
}

int
scif_endpoint_open(struct scif_client *client, uint64_t index, struct scif_endpoint **made)
{
	struct scif_engine *engine = client->engine;
	struct scif_endpoint *ep;
	int ret = ctl_take(client, index);

	if (ret < 0)
		return ret;
	ret = -ENOMEM;
	ep = calloc(1, sizeof(*ep));
	if (ep == NULL)
		goto release_ctl;
	endpoint_init(ep, client, (uint32_t)index);
	if (scif_token_new(&engine->tokens, SCIF_KIND_ENDPOINT, ep, &ep->token) < 0)
		goto free_endpoint;
	if (hold_new(client, ep, (uint32_t)index) < 0)
		goto free_token;
	scif_list_add(&engine->endpoints, &ep->link);
	*made = ep;
	return 0;

free_token:
	scif_token_free(&engine->tokens, ep->token);
free_endpoint:
	free(ep);
release_ctl:
	ctl_release(engine, client->desk, (uint32_t)index);
	return ret;
}

/* A process that lets go of it is at no side of it any more: one that runs another program has its
 * number still, by which those who share it would wait.
 */
static void
sides_leave(const struct scif_endpoint *ep, uint32_t pid)
{
	uint32_t was;

	for (unsigned int side = 0; side < 2; side++) {
		was = pid;
		atomic_compare_exchange_strong(&ep->ctl->holder[side], &was, 0);
	}
}

bool
scif_endpoint_drop(struct scif_client *client, uint32_t index)
{
	struct scif_hold *hold = client->hold[index];
	struct scif_endpoint *ep = hold->endpoint;

	client->hold[index] = NULL;
	client->nb_holds--;
	scif_list_remove(&hold->link);
	free(hold);
	sides_leave(ep, (uint32_t)client->who.pid);
	if (!scif_list_empty(&ep->holds))
		return false;
	scif_close_begin(ep);
	return true;
}

int
scif_endpoint_share(struct scif_client *client, const struct scif_client *like)
{
	for (uint32_t i = 0; i < SCIF_BOARD_ENDPOINTS; i++)
		if (like->hold[i] != NULL && hold_new(client, like->hold[i]->endpoint, i) < 0)
			return -ENOMEM;
	return 0;
}

static void
gate_drop(struct scif_endpoint *ep)
{
	if (ep->gated)
		ep->engine->ops->gate_free(ep->engine->arg, &ep->gate);
	ep->gated = false;
}

void
scif_endpoint_free(struct scif_endpoint *ep)
{
	struct scif_engine *engine = ep->engine;

	scif_token_free(&engine->tokens, ep->token);
	scif_list_remove(&ep->link);
	scif_list_remove(&ep->timer);
	scif_list_remove(&ep->owing);
	gate_drop(ep);
	scif_connection_put(engine, ep->connection);
	ctl_release(engine, ep->desk, ep->index);
	free(ep);
}

/* ---- The other end ---- */

struct scif_half *
scif_endpoint_half(const struct scif_endpoint *ep)
{
	return ep->connection != NULL ? ep->connection->place[ep->side].half : NULL;
}

struct scif_half *
scif_endpoint_peer_half(const struct scif_endpoint *ep)
{
	return ep->connection != NULL ? ep->connection->place[!ep->side].half : NULL;
}

bool
scif_endpoint_far(const struct scif_endpoint *ep)
{
	return ep->peer.node != ep->engine->config.node;
}

struct scif_endpoint *
scif_endpoint_peer(const struct scif_endpoint *ep)
{
	struct scif_endpoint *peer;

	if (scif_endpoint_far(ep))
		return NULL;
	peer = scif_endpoint_find(ep->engine, ep->peer_token);
	return peer != NULL && peer->peer_token == ep->token ? peer : NULL;
}

int
scif_endpoint_verify(const struct scif_endpoint *ep)
{
	if (ep->state == SCIF_DISCONNECTED)
		return -ECONNRESET;
	if (ep->state != SCIF_CONNECTED)
		return -ENOTCONN;
	return scif_node_find(ep->engine, ep->peer.node) != NULL ? 0 : -ENODEV;
}

int
scif_endpoint_send(const struct scif_endpoint *ep, enum scif_op op, uint64_t p0, uint64_t p1,
		   uint64_t p2, uint64_t p3)
{
	struct scif_node *node = scif_node_find(ep->engine, ep->peer.node);
	const struct scif_message m = {
		.src = {ep->engine->config.node, ep->port},
		.dst = ep->peer,
		.op = op,
		.payload = {p0, p1, p2, p3},
	};

	return node != NULL ? scif_message_send(node, &m) : -ENODEV;
}

/* ---- What its owner is shown ---- */

static void
ring(struct scif_engine *engine, _Atomic uint32_t *bell, const _Atomic uint32_t *sleepers)
{
	/* Pairs with who goes to sleep: counts itself, looks, and sleeps only while the bell is as
	 * it was before it looked. All sequentially consistent.
	 */
	atomic_fetch_add(bell, 1);
	if (atomic_load(sleepers) != 0)
		engine->ops->wake(engine->arg, bell);
}

void
scif_endpoint_ring(struct scif_endpoint *ep)
{
	struct scif_half *half = scif_endpoint_half(ep);

	ring(ep->engine, &ep->ctl->bell, &ep->ctl->sleepers);
	if (half != NULL)
		ring(ep->engine, &half->bell, &half->sleepers);
	scif_endpoint_show(ep);
}

void
scif_endpoint_set(struct scif_endpoint *ep, enum scif_state state)
{
	ep->state = state;
	atomic_store(&ep->ctl->attempt, ep->asynchronous ? ep->attempt : SCIF_ATTEMPT_NONE);
	atomic_store(&ep->ctl->state, state);
	scif_endpoint_ring(ep);
}

static short
stream_events(const struct scif_endpoint *ep)
{
	const struct scif_half *half = scif_endpoint_half(ep);
	uint32_t mask = ep->engine->config.ring_size - 1, peer_mask = ep->peer_ring_size - 1;
	short events = 0;

	if (half == NULL)
		return 0;
	if (scif_ring_used(&half->rx, &half->local_write, mask) > 0)
		events |= POLLIN;
	if (scif_ring_free(&half->tx, &half->local_read, peer_mask) > 0)
		events |= POLLOUT;
	return events;
}

/* Section 7.1. */
static short
events(const struct scif_endpoint *ep)
{
	if (ep->asynchronous && ep->attempt == SCIF_ATTEMPT_DONE)
		return POLLOUT;
	switch (ep->state) {
	case SCIF_LISTENING:
		return ep->nb_knocks > 0 ? POLLIN : 0;
	case SCIF_CONNECTED:
		return stream_events(ep);
	case SCIF_DISCONNECTED:
		return POLLHUP | stream_events(ep);
	case SCIF_CONNECTING:
	case SCIF_MAPPING:
		return ep->asynchronous ? 0 : POLLERR;
	default:
		return POLLERR;
	}
}

/* Who found no room waits for some to come, perhaps for the change: there is one for it, also where
 * the room came before anybody looked.
 */
static void
show_change(struct scif_endpoint *ep, short now)
{
	if ((now & POLLOUT) != 0 && atomic_exchange(&ep->ctl->full, 0) != 0)
		ep->engine->ops->gate_show(ep->engine->arg, &ep->gate, (short)(now & ~POLLOUT));
}

void
scif_endpoint_show(struct scif_endpoint *ep)
{
	short now;

	/* What changes while it is being shown is told again, but the client's own reading is not
	 * waited for: so look once more.
	 */
	for (int i = 0; ep->gated && i < 2; i++) {
		now = events(ep);
		show_change(ep, now);
		ep->engine->ops->gate_show(ep->engine->arg, &ep->gate, now);
	}
}

void
scif_endpoint_tell(struct scif_endpoint *ep)
{
	struct scif_half *half = scif_endpoint_half(ep), *peer = scif_endpoint_peer_half(ep);

	if (half != NULL)
		atomic_store(&half->tell, 1);
	if (peer != NULL)
		atomic_store(&peer->tell, 1);
}

int
scif_endpoint_gate(struct scif_endpoint *ep)
{
	int ret = 0;

	if (!ep->gated)
		ret = ep->engine->ops->gate(ep->engine->arg, &ep->gate);
	if (ret < 0)
		return ret;
	ep->gated = true;
	scif_endpoint_tell(ep);
	scif_endpoint_show(ep);
	return 0;
}

void
scif_endpoint_wait(struct scif_endpoint *ep, uint64_t deadline)
{
	scif_list_remove(&ep->timer);
	ep->deadline = deadline;
	if (deadline != SCIF_NO_DEADLINE)
		scif_list_add(&ep->engine->timers, &ep->timer);
}

/* ---- Bind and listen ---- */

void
scif_endpoint_release_port(struct scif_endpoint *ep)
{
	if (ep->port != 0)
		scif_port_release(&ep->engine->ports, ep->port);
	ep->port = 0;
}

static int
take_port(struct scif_ports *ports, uint16_t port)
{
	int ret;

	if (port == 0)
		return scif_port_take_any(ports);
	ret = scif_port_take(ports, port);
	return ret < 0 ? ret : port;
}

int
scif_endpoint_bind(struct scif_endpoint *ep, uint64_t port, bool privileged)
{
	int ret;

	if (port > UINT16_MAX)
		return -EINVAL;
	if (port >= 1 && port < SCIF_PORT_ADMIN && !privileged)
		return -EACCES;
	if (ep->state == SCIF_BOUND)
		return -EINVAL;
	if (ep->state != SCIF_UNBOUND)
		return -EISCONN;
	ret = take_port(&ep->engine->ports, (uint16_t)port);
	if (ret < 0)
		return ret;
	ep->port = (uint16_t)ret;
	scif_endpoint_set(ep, SCIF_BOUND);
	return ret;
}

int
scif_endpoint_listen(struct scif_endpoint *ep, int64_t backlog)
{
	switch (ep->state) {
	case SCIF_BOUND:
		break;
	case SCIF_LISTENING:
	case SCIF_CONNECTING:
	case SCIF_MAPPING:
	case SCIF_CONNECTED:
		return -EISCONN;
	default:
		return -EINVAL;
	}
	if (backlog <= 0)
		return -EINVAL;
	ep->backlog = backlog > SCIF_BACKLOG_MAX ? SCIF_BACKLOG_MAX : (uint32_t)backlog;
	ep->engine->listener[ep->port] = ep;
	scif_endpoint_set(ep, SCIF_LISTENING);
	return 0;
}
