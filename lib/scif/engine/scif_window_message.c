/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scif_window.h"
#include "scif_window_wire.h"

/* What the two nodes of a window say to each other about it; scif_window.h has the picture. */

int
scif_window_send(const struct scif_window *w, enum scif_op op, uint64_t p0, uint64_t p1,
		 uint64_t p2)
{
	struct scif_node *node = scif_node_find(w->engine, w->node);
	const struct scif_message m = {
		.src = w->here,
		.dst = w->there,
		.op = op,
		.payload = {p0, p1, p2, op == SCIF_FREE_VIRT ? SCIF_WIRE_FREE_VIRT : 0},
	};

	return node != NULL ? scif_message_send(node, &m) : -ENODEV;
}

/* The window of a token, of that kind and state, and of that node. */
static struct scif_window *
find(struct scif_node *from, uint64_t token, bool own, enum scif_window_state state)
{
	struct scif_window *w = scif_token_find(&from->engine->tokens, SCIF_KIND_WINDOW, token);

	if (w != NULL && w->own == own && w->state == state && w->node == from->id)
		return w;
	return NULL;
}

static void
unknown(struct scif_node *from)
{
	from->engine->counters.bad_token++;
}

static void
answer(struct scif_node *from, const struct scif_message *m, enum scif_op op, uint64_t p0,
       uint64_t p1, uint64_t p2)
{
	const struct scif_message a = {
		.src = m->dst,
		.dst = m->src,
		.op = op,
		.payload = {p0, p1, p2},
	};

	scif_message_send(from, &a);
}

/* ---- At the peer: room for a window ---- */

/* Within the node the limit is that of clients. */
static bool
may_allocate(const struct scif_node *from, uint64_t pages)
{
	if (pages == 0 || pages > SCIF_WINDOW_PAGES_MAX)
		return false;
	return from->self || (from->nb_windows < SCIF_WINDOWS_OF_NODE &&
			      from->nb_pages + pages <= SCIF_UNREGISTERED_PAGES_MAX);
}

static struct scif_window *
allocate(struct scif_node *from, const struct scif_message *m, uint64_t *address)
{
	struct scif_window *w;

	*address = 0;
	if (!may_allocate(from, m->payload[1]))
		return NULL;
	w = scif_window_new(from->engine, false, m->payload[1] * SCIF_PAGE);
	if (w == NULL)
		return NULL;
	w->state = SCIF_WINDOW_ALLOCATED;
	w->node = from->id;
	w->far = !from->self;
	from->nb_windows++;
	w->other = m->payload[2];
	w->here = m->dst;
	w->there = m->src;
	if (w->far && scif_far_allocate(w, address) < 0) {
		scif_window_free(w);
		return NULL;
	}
	return w;
}

static void
alloc_requested(struct scif_node *from, const struct scif_message *m)
{
	struct scif_message reply = *m;
	uint64_t address;
	struct scif_window *w = allocate(from, m, &address);

	reply.op = w != NULL ? SCIF_ALLOC_GNT : SCIF_ALLOC_REJ;
	if (w != NULL) {
		reply.payload[0] = w->token;
		reply.payload[1] = address;
	}
	if (scif_message_send(from, &reply) < 0 && w != NULL)
		scif_window_free(w);
}

static void
virt_freed(struct scif_node *from, const struct scif_message *m)
{
	struct scif_window *w = find(from, m->payload[1], false, SCIF_WINDOW_ALLOCATED);

	if (w != NULL)
		scif_window_free(w);
	else
		unknown(from);
}

/* ---- At the owner: room granted, or not ---- */

static bool
is_wanted(const struct scif_window *w)
{
	return !w->unwanted && w->ep != NULL && w->ep->state == SCIF_CONNECTED;
}

/* What a registration that came to nothing tells who waits for it. */
static int
reason(const struct scif_window *w, int otherwise)
{
	if (w->ep != NULL && w->ep->state == SCIF_CONNECTED)
		return otherwise;
	return ECONNRESET;
}

static void
give_up(struct scif_window *w, int error)
{
	scif_waiter_done(w, error, 0);
	scif_window_free(w);
}

/* Within the node both windows have the same pieces. */
static int
write_near(struct scif_window *w)
{
	struct scif_window *peer = scif_token_find(&w->engine->tokens, SCIF_KIND_WINDOW, w->other);

	if (peer == NULL || peer->own || peer->state != SCIF_WINDOW_ALLOCATED ||
	    peer->length != w->length || peer->nb_runs != 0)
		return -EINVAL;
	peer->run = calloc(w->nb_runs, sizeof(*peer->run));
	if (peer->run == NULL)
		return -ENOMEM;
	memcpy(peer->run, w->run, w->nb_runs * sizeof(*peer->run));
	peer->nb_runs = w->nb_runs;
	for (uint32_t i = 0; i < w->nb_runs; i++)
		if (w->run[i].shared != NULL)
			w->run[i].shared->memory.users++;
	peer->offset = w->offset;
	peer->prot = w->prot;
	peer->maker = w->maker;
	return 0;
}

/* Tell the peer what the window is; a link may have to be asked first. */
static void
describe(struct scif_window *w)
{
	int ret = -ECANCELED;

	if (is_wanted(w))
		ret = w->far ? scif_far_write(w) : write_near(w);
	if (ret == -EAGAIN) {
		w->state = SCIF_WINDOW_GRANTED;
		w->engine->nb_granted++;
		return;
	}
	w->state = SCIF_WINDOW_REGISTERING;
	if (ret == 0)
		ret = scif_window_send(w, SCIF_REGISTER, w->other_ep, w->other, w->token);
	if (ret == 0)
		return;
	scif_window_send(w, SCIF_FREE_VIRT, w->other_ep, w->other, w->token);
	give_up(w, reason(w, ret == -ENODEV ? ENODEV : ENOMEM));
}

static void
alloc_granted(struct scif_node *from, const struct scif_message *m)
{
	struct scif_window *w = find(from, m->payload[2], true, SCIF_WINDOW_ALLOCATING);

	if (w == NULL) {
		unknown(from);
		return;
	}
	w->other = m->payload[0];
	w->grant = m->payload[1];
	describe(w);
}

static void
alloc_rejected(struct scif_node *from, const struct scif_message *m)
{
	struct scif_window *w = find(from, m->payload[2], true, SCIF_WINDOW_ALLOCATING);

	if (w != NULL)
		give_up(w, reason(w, ENOMEM));
	else
		unknown(from);
}

uint64_t
scif_window_step(struct scif_engine *engine)
{
	bool waits = false;

	if (engine->nb_granted == 0)
		return SCIF_NO_DEADLINE;
	engine->nb_granted = 0;
	scif_list_each(at, next, &engine->windows) {
		struct scif_window *w = scif_list_entry(at, struct scif_window, link);

		if (w->state != SCIF_WINDOW_GRANTED)
			continue;
		describe(w);
		waits = true;
	}
	return waits ? scif_in_ms(engine, 1) : SCIF_NO_DEADLINE;
}

/* ---- Registered ---- */

/* The endpoint that is to see a window, if it is one of that node's peer. */
static struct scif_endpoint *
viewer(struct scif_node *from, uint64_t token)
{
	struct scif_endpoint *ep = scif_endpoint_find(from->engine, token);

	return ep != NULL && ep->state == SCIF_CONNECTED && ep->peer.node == from->id ? ep : NULL;
}

static bool
is_sound(const struct scif_window *w)
{
	return w->nb_runs > 0 && w->offset % SCIF_PAGE == 0 && w->offset < SCIF_RAS_END &&
	       w->length <= SCIF_RAS_END - w->offset && (w->prot & ~3u) == 0;
}

static int
show(struct scif_node *from, struct scif_window *w, const struct scif_message *m)
{
	struct scif_endpoint *ep = viewer(from, m->payload[0]);
	int ret = w->far ? scif_far_read(w) : 0;

	if (ret < 0 || ep == NULL || !is_sound(w) || (!w->far && w->other != m->payload[2]))
		return -EINVAL;
	/* Until now it was the handle of an allocation, which need not be the same. */
	w->other = m->payload[2];
	w->other_ep = ep->peer_token;
	w->here = (struct scif_address){ep->engine->config.node, ep->port};
	w->there = ep->peer;
	ret = scif_window_insert(ep, w);
	if (ret == 0)
		w->state = SCIF_WINDOW_VISIBLE;
	return ret;
}

static void
registered(struct scif_node *from, const struct scif_message *m)
{
	struct scif_window *w = find(from, m->payload[1], false, SCIF_WINDOW_ALLOCATED);

	if (w != NULL && show(from, w, m) == 0) {
		answer(from, m, SCIF_REGISTER_ACK, 0, 0, m->payload[2]);
		return;
	}
	if (w != NULL)
		scif_window_free(w);
	else
		unknown(from);
	answer(from, m, SCIF_REGISTER_NACK, 0, 0, m->payload[2]);
}

static void
register_acked(struct scif_node *from, const struct scif_message *m)
{
	struct scif_window *w = find(from, m->payload[2], true, SCIF_WINDOW_REGISTERING);

	if (w == NULL) {
		unknown(from);
		return;
	}
	w->state = SCIF_WINDOW_REGISTERED;
	if (!is_wanted(w)) {
		scif_window_unregister(w);
		return;
	}
	scif_waiter_done(w, 0, (int64_t)w->offset);
}

static void
register_nacked(struct scif_node *from, const struct scif_message *m)
{
	struct scif_window *w = find(from, m->payload[2], true, SCIF_WINDOW_REGISTERING);

	if (w != NULL)
		give_up(w, reason(w, ENOTCONN));
	else
		unknown(from);
}

/* ---- Unregistered ---- */

static void
unregistered(struct scif_node *from, const struct scif_message *m)
{
	struct scif_window *w = find(from, m->payload[0], false, SCIF_WINDOW_VISIBLE);
	enum scif_op op = SCIF_UNREGISTER_ACK;
	uint64_t owner = 0;

	if (w == NULL)
		w = find(from, m->payload[0], false, SCIF_WINDOW_CLOSED);
	/* A window that went with its endpoint is gone, which is what is asked. */
	if (w == NULL || w->other != m->payload[1]) {
		answer(from, m, op, 0, m->payload[1], 0);
		return;
	}
	owner = w->other_ep;
	scif_window_changed(w);
	if (w->nb_mapped == 0) {
		scif_window_free(w);
	} else {
		op = SCIF_UNREGISTER_NACK;
		w->state = SCIF_WINDOW_CLOSED;
		w->nacked = true;
		scif_window_take_out(w);
	}
	answer(from, m, op, owner, m->payload[1], 0);
}

static void
unregister_answered(struct scif_node *from, const struct scif_message *m)
{
	struct scif_window *w = find(from, m->payload[1], true, SCIF_WINDOW_UNREGISTERING);

	if (w == NULL) {
		unknown(from);
		return;
	}
	scif_waiter_done(w, 0, 0);
	if (m->op == SCIF_UNREGISTER_ACK)
		scif_window_free(w);
	else
		scif_window_referenced(w);
}

static void
unmapped(struct scif_node *from, const struct scif_message *m)
{
	struct scif_window *w = find(from, m->payload[0], true, SCIF_WINDOW_REFERENCED);

	if (w != NULL)
		scif_window_free(w);
	else
		unknown(from);
}

/* Who waits for an answer waits no longer. */
void
scif_window_unsent(struct scif_node *to, const struct scif_message *m)
{
	struct scif_window *w = NULL;

	if (m->op == SCIF_ALLOC_REQ)
		w = find(to, m->payload[2], true, SCIF_WINDOW_ALLOCATING);
	else if (m->op == SCIF_REGISTER)
		w = find(to, m->payload[2], true, SCIF_WINDOW_REGISTERING);
	else if (m->op == SCIF_UNREGISTER)
		w = find(to, m->payload[1], true, SCIF_WINDOW_UNREGISTERING);
	if (w != NULL)
		give_up(w, ENODEV);
}

void
scif_window_message(struct scif_node *from, const struct scif_message *m)
{
	static void (*const handler[])(struct scif_node *, const struct scif_message *) = {
		[SCIF_REGISTER] = registered,
		[SCIF_REGISTER_ACK] = register_acked,
		[SCIF_REGISTER_NACK] = register_nacked,
		[SCIF_UNREGISTER] = unregistered,
		[SCIF_UNREGISTER_ACK] = unregister_answered,
		[SCIF_UNREGISTER_NACK] = unregister_answered,
		[SCIF_ALLOC_REQ] = alloc_requested,
		[SCIF_ALLOC_GNT] = alloc_granted,
		[SCIF_ALLOC_REJ] = alloc_rejected,
		[SCIF_FREE_VIRT] = virt_freed,
		[SCIF_MUNMAP] = unmapped,
	};

	handler[m->op](from, m);
}
