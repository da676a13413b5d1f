/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

#include "scif.h"
#include "scif_window.h"

/* Fences of a peer's transfers, section 6.5. Within a node clients look at each other's halves, and
 * ask nobody. Across a link the engine of the peer looks:
 *
 *   who asks                                 where the transfers are begun
 *     a cookie      MARK ------------------>   how many have begun: the mark
 *                   WAIT ------------------>   looks until so many are done
 *                   SIG_LOCAL, SIG_REMOTE ->   looks until all are done, and stores
 *                   <------- the same _ACK     or _NACK
 *
 * LOCAL and REMOTE of a message are meant by the one who gets it.
 */

/* Marks are positive. */
#define MARK_BITS UINT32_C(0x7fffffff)
#define MARK_PEER UINT32_C(0x80000000)
/* Waits that another node may have here. */
#define WAITS_MAX 4096u

/* Somebody here waits for answers: the object of a cookie. */
struct scif_cookie {
	struct scif_list link; /* in engine->cookies */
	struct scif_client *client;
	struct scif_endpoint *ep;
	uint32_t slot, ticket;
	uint32_t left; /* answers to come */
	int error;
	int64_t value;
	uint64_t token;
	uint64_t answer_by; /* scif_answer.c's */
};

/* Somebody there waits for transfers that were begun here. */
struct scif_wait {
	struct scif_list link; /* in engine->waits */
	struct scif_endpoint *ep;
	struct scif_message m; /* what was asked */
	uint32_t mark;
	uint64_t deadline;
};

/* ---- Who asks ---- */

static int
cookie_new(struct scif_client *client, struct scif_endpoint *ep, const struct scif_request *rq,
	   struct scif_cookie **made)
{
	struct scif_cookie *c = NULL;

	/* Each has a slot of its own. */
	if (client->nb_asked < SCIF_BOARD_SLOTS)
		c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->client = client;
	c->ep = ep;
	c->slot = rq->slot;
	c->ticket = rq->ticket;
	c->answer_by = scif_answer_by(ep->engine);
	if (scif_token_new(&ep->engine->tokens, SCIF_KIND_COOKIE, c, &c->token) < 0) {
		free(c);
		return -ENOMEM;
	}
	scif_list_add(&ep->engine->cookies, &c->link);
	client->nb_asked++;
	*made = c;
	return 0;
}

static void
cookie_free(struct scif_cookie *c)
{
	scif_token_free(&c->client->engine->tokens, c->token);
	scif_list_remove(&c->link);
	c->client->nb_asked--;
	free(c);
}

static void
cookie_done(struct scif_cookie *c)
{
	scif_slot_done(c->client, c->slot, c->ticket, c->error, c->value);
	cookie_free(c);
}

static int
ask(struct scif_cookie *c, enum scif_op op, uint64_t p1, uint64_t p2, uint64_t p3)
{
	int ret = scif_endpoint_send(c->ep, op, c->ep->peer_token, p1, p2, p3);

	c->left += ret == 0;
	return ret;
}

static int
signal_peer(struct scif_cookie *c, const struct scif_request *rq)
{
	int ret = 0;

	/* What is local here is remote there. */
	if ((rq->arg[4] & SCIF_SIGNAL_LOCAL) != 0)
		ret = ask(c, SCIF_SIG_REMOTE, rq->arg[0], rq->arg[1], c->token);
	if (ret == 0 && (rq->arg[4] & SCIF_SIGNAL_REMOTE) != 0)
		ret = ask(c, SCIF_SIG_LOCAL, rq->arg[2], rq->arg[3], c->token);
	return ret;
}

int
scif_fence_request(struct scif_client *client, struct scif_endpoint *ep,
		   const struct scif_request *rq)
{
	struct scif_cookie *c;
	int ret = scif_endpoint_verify(ep);

	if (ret < 0)
		return ret;
	ret = cookie_new(client, ep, rq, &c);
	if (ret < 0)
		return ret;
	if (rq->op == SCIF_REQUEST_MARK)
		ret = ask(c, SCIF_MARK, c->token, 0, 0);
	else if (rq->op == SCIF_REQUEST_WAIT)
		ret = ask(c, SCIF_WAIT, c->token, rq->arg[0] & MARK_BITS, 0);
	else
		ret = signal_peer(c, rq);
	if (ret < 0 || c->left == 0) {
		cookie_free(c);
		return ret < 0 ? ret : -EINVAL;
	}
	return -EINPROGRESS;
}

static void
answered(struct scif_node *from, const struct scif_message *m)
{
	bool is_signal = m->op == SCIF_SIG_ACK || m->op == SCIF_SIG_NACK;
	struct scif_cookie *c = scif_token_find(&from->engine->tokens, SCIF_KIND_COOKIE,
						m->payload[is_signal ? 3 : 1]);

	if (c == NULL || c->ep->peer.node != from->id) {
		from->engine->counters.bad_token++;
		return;
	}
	if (m->op == SCIF_MARK_ACK)
		c->value = (int64_t)(m->payload[2] & MARK_BITS);
	else if (m->op == SCIF_SIG_NACK)
		c->error = ENXIO;
	else if (m->op == SCIF_MARK_NACK || m->op == SCIF_WAIT_NACK)
		c->error = ENOMEM;
	if (--c->left == 0)
		cookie_done(c);
}

void
scif_fence_unsent(struct scif_node *to, const struct scif_message *m)
{
	bool is_signal = m->op == SCIF_SIG_LOCAL || m->op == SCIF_SIG_REMOTE;
	struct scif_cookie *c;

	if (!is_signal && m->op != SCIF_MARK && m->op != SCIF_WAIT)
		return;
	c = scif_token_find(&to->engine->tokens, SCIF_KIND_COOKIE, m->payload[is_signal ? 3 : 1]);
	if (c == NULL)
		return;
	c->error = ENODEV;
	if (--c->left == 0)
		cookie_done(c);
}

void
scif_fence_late(struct scif_engine *engine)
{
	scif_list_each(at, next, &engine->cookies) {
		struct scif_cookie *c = scif_list_entry(at, struct scif_cookie, link);

		if (!scif_answer_is_late(engine, c->ep->peer.node, &c->answer_by))
			continue;
		c->error = ENODEV;
		cookie_done(c);
	}
}

/* ---- Where the transfers are ---- */

static void
answer(struct scif_endpoint *ep, struct scif_node *to, const struct scif_message *m,
       enum scif_op op, uint64_t p2)
{
	bool is_signal = op == SCIF_SIG_ACK || op == SCIF_SIG_NACK;
	const struct scif_message a = {
		.src = m->dst,
		.dst = m->src,
		.op = op,
		.payload = {ep != NULL ? ep->peer_token : 0, is_signal ? 0 : m->payload[1], p2,
			    is_signal ? m->payload[3] : 0},
	};

	scif_message_send(to, &a);
}

static uint32_t
begun(const struct scif_endpoint *ep)
{
	const struct scif_half *half = scif_endpoint_half(ep);

	return half != NULL ? atomic_load(&half->rma_begun) : 0;
}

static bool
is_done(const struct scif_endpoint *ep, uint32_t mark)
{
	const struct scif_half *half = scif_endpoint_half(ep);

	return half == NULL || ((atomic_load(&half->rma_done) - mark) & MARK_BITS) <= MARK_BITS / 2;
}

static int
store(struct scif_endpoint *ep, unsigned int side, uint64_t offset, uint64_t value)
{
	struct scif_window *w = scif_window_at(ep, side, offset);

	if (w == NULL || offset % 4 != 0 || w->offset + w->length - offset < sizeof(value) ||
	    (w->prot & SCIF_PROT_WRITE) == 0 || !scif_window_is_open(w))
		return -ENXIO;
	return scif_run_store(w, offset, value);
}

/* What was asked, now that the transfers are done; or it cannot be. */
static void
carry_out(struct scif_endpoint *ep, struct scif_node *from, const struct scif_message *m, bool well)
{
	unsigned int side = m->op == SCIF_SIG_LOCAL ? SCIF_SIDE_OWN : SCIF_SIDE_PEER;

	if (m->op == SCIF_WAIT) {
		answer(ep, from, m, well ? SCIF_WAIT_ACK : SCIF_WAIT_NACK, 0);
		return;
	}
	well = well && store(ep, side, m->payload[1], m->payload[2]) == 0;
	answer(ep, from, m, well ? SCIF_SIG_ACK : SCIF_SIG_NACK, 0);
}

static void
wait_begin(struct scif_endpoint *ep, struct scif_node *from, const struct scif_message *m,
	   uint32_t mark)
{
	struct scif_engine *engine = ep->engine;
	struct scif_wait *w = from->nb_waits < WAITS_MAX ? calloc(1, sizeof(*w)) : NULL;

	if (w == NULL) {
		carry_out(ep, from, m, false);
		return;
	}
	w->ep = ep;
	w->m = *m;
	w->mark = mark;
	w->deadline = scif_in_ms(engine, engine->config.alive_ms);
	scif_list_add(&engine->waits, &w->link);
	engine->nb_waits++;
	from->nb_waits++;
}

static void
wait_end(struct scif_wait *w, bool well)
{
	struct scif_engine *engine = w->ep->engine;
	struct scif_node *node = scif_node_find(engine, w->ep->peer.node);

	if (node != NULL)
		carry_out(w->ep, node, &w->m, well);
	scif_list_remove(&w->link);
	engine->nb_waits--;
	engine->node[w->ep->peer.node]->nb_waits--;
	free(w);
}

uint64_t
scif_fence_step(struct scif_engine *engine)
{
	scif_list_each(at, next, &engine->waits) {
		struct scif_wait *w = scif_list_entry(at, struct scif_wait, link);

		if (is_done(w->ep, w->mark))
			wait_end(w, true);
		else if (engine->now >= w->deadline)
			wait_end(w, false);
	}
	/* Clients say nothing when they are done. */
	return engine->nb_waits > 0 ? scif_in_ms(engine, 1) : SCIF_NO_DEADLINE;
}

static void
asked(struct scif_node *from, const struct scif_message *m)
{
	struct scif_endpoint *ep = scif_endpoint_find(from->engine, m->payload[0]);
	uint32_t mark;

	if (ep == NULL || ep->state != SCIF_CONNECTED || ep->peer.node != from->id) {
		from->engine->counters.bad_token++;
		if (m->op == SCIF_MARK)
			answer(NULL, from, m, SCIF_MARK_NACK, 0);
		else
			answer(NULL, from, m, m->op == SCIF_WAIT ? SCIF_WAIT_NACK : SCIF_SIG_NACK,
			       0);
		return;
	}
	mark = m->op == SCIF_WAIT ? (uint32_t)m->payload[2] & MARK_BITS : begun(ep) & MARK_BITS;
	if (m->op == SCIF_MARK)
		answer(ep, from, m, SCIF_MARK_ACK, mark | MARK_PEER);
	else if (is_done(ep, mark))
		carry_out(ep, from, m, true);
	else
		wait_begin(ep, from, m, mark);
}

void
scif_fence_message(struct scif_node *from, const struct scif_message *m)
{
	switch (m->op) {
	case SCIF_MARK:
	case SCIF_WAIT:
	case SCIF_SIG_LOCAL:
	case SCIF_SIG_REMOTE:
		asked(from, m);
		break;
	default:
		answered(from, m);
		break;
	}
}

/* ---- Ends ---- */

void
scif_fence_client_gone(struct scif_client *client)
{
	scif_list_each(at, next, &client->engine->cookies) {
		struct scif_cookie *c = scif_list_entry(at, struct scif_cookie, link);

		if (c->client == client)
			cookie_free(c);
	}
}

void
scif_fence_disconnected(struct scif_endpoint *ep)
{
	scif_list_each(at, next, &ep->engine->cookies) {
		struct scif_cookie *c = scif_list_entry(at, struct scif_cookie, link);

		if (c->ep != ep)
			continue;
		c->error = atomic_load(&ep->ctl->node_lost) ? ENODEV : ECONNRESET;
		cookie_done(c);
	}
	scif_list_each(at, next, &ep->engine->waits) {
		struct scif_wait *w = scif_list_entry(at, struct scif_wait, link);

		if (w->ep == ep)
			wait_end(w, false);
	}
}
