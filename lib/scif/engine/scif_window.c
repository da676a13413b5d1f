/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

#include "scif_window.h"

/* ---- Life ---- */

struct scif_window *
scif_window_new(struct scif_engine *engine, bool own, uint64_t length)
{
	struct scif_window *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->engine = engine;
	w->own = own;
	w->length = length;
	scif_list_init(&w->mapped);
	if (scif_token_new(&engine->tokens, SCIF_KIND_WINDOW, w, &w->token) < 0) {
		free(w);
		return NULL;
	}
	scif_list_add(&engine->windows, &w->link);
	return w;
}

/* Until the other node answers, which it may never do: then that is bad for those alone who have
 * windows towards it, and not for whoever made this one.
 */
static void
window_leave(struct scif_window *w)
{
	if (!w->far || w->left || w->state == SCIF_WINDOW_REFERENCED)
		return;
	w->left = true;
	w->engine->node[w->node]->nb_left++;
	if (w->client != NULL)
		w->client->nb_windows--;
}

static void
window_return(struct scif_window *w)
{
	if (!w->left)
		return;
	w->left = false;
	w->engine->node[w->node]->nb_left--;
	if (w->client != NULL)
		w->client->nb_windows++;
}

void
scif_window_referenced(struct scif_window *w)
{
	w->state = SCIF_WINDOW_REFERENCED;
	window_return(w);
}

void
scif_window_free(struct scif_window *w)
{
	scif_window_changed(w);
	scif_window_take_out(w);
	scif_list_each(at, next, &w->mapped) {
		struct scif_mapped *m = scif_list_entry(at, struct scif_mapped, link);

		scif_list_remove(&m->link);
		free(m);
	}
	window_return(w);
	if (w->client != NULL)
		w->client->nb_windows--;
	if (!w->own)
		w->engine->node[w->node]->nb_windows--;
	if (w->waiter != NULL)
		scif_waiter_done(w, 0, 0);
	scif_far_free(w);
	scif_run_free(w);
	scif_token_free(&w->engine->tokens, w->token);
	scif_list_remove(&w->link);
	free(w);
}

int
scif_window_denied(const struct scif_engine *engine)
{
	return engine->config.driver_errno ? -EPERM : -EACCES;
}

/* ---- Who waits ---- */

static int
waiter_new(struct scif_client *client, const struct scif_request *rq, struct scif_waiter **made)
{
	struct scif_waiter *waiter = calloc(1, sizeof(*waiter));

	if (waiter == NULL)
		return -ENOMEM;
	waiter->client = client;
	waiter->slot = rq->slot;
	waiter->ticket = rq->ticket;
	*made = waiter;
	return 0;
}

static void
waiter_add(struct scif_window *w, struct scif_waiter *waiter)
{
	w->waiter = waiter;
	waiter->left++;
	if (w->far)
		w->answer_by = scif_answer_by(w->engine);
}

static void
waiter_less(struct scif_waiter *waiter)
{
	if (--waiter->left > 0)
		return;
	if (waiter->client != NULL)
		scif_slot_done(waiter->client, waiter->slot, waiter->ticket, waiter->error,
			       waiter->value);
	free(waiter);
}

void
scif_waiter_done(struct scif_window *w, int error, int64_t value)
{
	struct scif_waiter *waiter = w->waiter;

	w->waiter = NULL;
	if (waiter == NULL)
		return;
	if (error != 0)
		waiter->error = error;
	waiter->value = value;
	waiter_less(waiter);
}

/* ---- Register ---- */

static int
check_place(const struct scif_request *rq)
{
	uint64_t offset = rq->arg[0], length = rq->arg[1];

	if (length == 0 || length % SCIF_PAGE != 0 || length >= SCIF_RAS_END ||
	    (rq->arg[2] & ~UINT64_C(3)) != 0)
		return -EINVAL;
	if (length / SCIF_PAGE > SCIF_WINDOW_PAGES_MAX)
		return -ENOMEM;
	if (offset == UINT64_MAX)
		return 0;
	if (offset % SCIF_PAGE != 0 || offset >= SCIF_RAS_END || length > SCIF_RAS_END - offset)
		return -EINVAL;
	return 0;
}

/* Where it is asked to be, or the next offset that is nobody's, going down. */
static int
offset_take(struct scif_endpoint *ep, uint64_t asked, uint64_t length, uint64_t *offset)
{
	struct scif_windows *all = scif_windows_of(ep);

	*offset = asked;
	if (asked != UINT64_MAX)
		return asked + length > SCIF_RAS_FIXED_END ? -EADDRINUSE : 0;
	if (all == NULL || all->next - SCIF_RAS_FIXED_END < length)
		return -ENOMEM;
	all->next -= length;
	*offset = all->next;
	return 0;
}

static void
window_address(struct scif_window *w, const struct scif_endpoint *ep)
{
	w->node = ep->peer.node;
	w->far = scif_endpoint_far(ep);
	w->here = (struct scif_address){ep->engine->config.node, ep->port};
	w->there = ep->peer;
	w->other_ep = ep->peer_token;
}

/* Does its peer's node leave too many unanswered? */
static bool
is_full(const struct scif_endpoint *ep)
{
	const struct scif_node *node = scif_node_find(ep->engine, ep->peer.node);

	return node != NULL && node->nb_left >= SCIF_WINDOWS_OF_NODE;
}

/* A window with its place and memory, known to nobody else yet. */
static int
own_new(struct scif_client *client, struct scif_endpoint *ep, const struct scif_request *rq,
	struct scif_window **made)
{
	struct scif_window *w;
	int ret;

	if (client->nb_windows >= SCIF_WINDOWS_OF_CLIENT || is_full(ep))
		return -ENOMEM;
	w = scif_window_new(ep->engine, true, rq->arg[1]);
	if (w == NULL)
		return -ENOMEM;
	window_address(w, ep);
	w->prot = (uint32_t)rq->arg[2];
	w->maker = client->number;
	w->client = client;
	client->nb_windows++;
	ret = scif_run_collect(client, rq->slot, w);
	if (ret == 0)
		ret = offset_take(ep, rq->arg[0], w->length, &w->offset);
	if (ret == 0)
		ret = scif_window_insert(ep, w);
	if (ret < 0) {
		scif_window_free(w);
		return ret;
	}
	*made = w;
	return 0;
}

static int
window_register(struct scif_client *client, struct scif_endpoint *ep,
		const struct scif_request *rq, int *fd)
{
	struct scif_waiter *waiter;
	struct scif_window *w;
	int ret = check_place(rq);

	if (ret == 0)
		ret = scif_endpoint_verify(ep);
	if (ret < 0) {
		scif_run_cancel(client, rq->slot);
		return ret;
	}
	ret = scif_run_request(client, rq, fd);
	if (ret < 0)
		return ret;
	ret = own_new(client, ep, rq, &w);
	if (ret < 0) {
		scif_run_cancel(client, rq->slot);
		return ret;
	}
	ret = waiter_new(client, rq, &waiter);
	if (ret < 0)
		goto free_window;
	ret = scif_window_send(w, SCIF_ALLOC_REQ, 0, w->length / SCIF_PAGE, w->token);
	if (ret < 0)
		goto free_waiter;
	waiter_add(w, waiter);
	return -EINPROGRESS;

free_waiter:
	free(waiter);
free_window:
	scif_window_free(w);
	return ret;
}

/* ---- Unregister ---- */

void
scif_window_unregister(struct scif_window *w)
{
	switch (w->state) {
	case SCIF_WINDOW_ALLOCATING:
	case SCIF_WINDOW_GRANTED:
	case SCIF_WINDOW_REGISTERING:
		w->unwanted = true;
		scif_waiter_done(w, ECONNRESET, 0);
		break;
	case SCIF_WINDOW_REGISTERED:
		w->state = SCIF_WINDOW_UNREGISTERING;
		scif_window_changed(w);
		if (scif_window_send(w, SCIF_UNREGISTER, w->other, w->token, 0) < 0)
			scif_window_free(w);
		break;
	default:
		break;
	}
}

bool
scif_window_is_open(const struct scif_window *w)
{
	return w->state == SCIF_WINDOW_REGISTERED || w->state == SCIF_WINDOW_VISIBLE;
}

/* Whole windows, side by side: how many there are, or a negative errno. */
static int
whole_windows(const struct scif_endpoint *ep, uint64_t offset, uint64_t length, uint32_t *first)
{
	int cut = ep->engine->config.driver_errno ? -ENXIO : -EINVAL, n = 0;
	const struct scif_windows *all = ep->windows;
	uint64_t end = offset + length;

	if (all == NULL)
		return -ENXIO;
	*first = scif_window_place(all, SCIF_SIDE_OWN, offset);
	for (uint32_t at = *first; offset < end; at++, n++) {
		const struct scif_window *w;

		if (at == all->count[SCIF_SIDE_OWN])
			return -ENXIO;
		w = all->window[SCIF_SIDE_OWN][at];
		if (w->offset > offset || !scif_window_is_open(w))
			return -ENXIO;
		if (w->offset < offset || w->offset + w->length > end)
			return cut;
		offset += w->length;
	}
	return n;
}

static int
window_unregister(struct scif_client *client, struct scif_endpoint *ep,
		  const struct scif_request *rq)
{
	uint64_t offset = rq->arg[0], length = rq->arg[1];
	struct scif_waiter *waiter;
	uint32_t first;
	int ret, n;

	if (length == 0 || ((offset | length) & (SCIF_PAGE - 1)) != 0 || offset >= SCIF_RAS_END ||
	    length > SCIF_RAS_END - offset)
		return -EINVAL;
	ret = scif_endpoint_verify(ep);
	if (ret < 0)
		return ret;
	n = whole_windows(ep, offset, length, &first);
	if (n < 0)
		return n;
	ret = waiter_new(client, rq, &waiter);
	if (ret < 0)
		return ret;
	/* One more, until all have begun: some may end at once. */
	waiter->left = 1;
	for (int i = n - 1; i >= 0; i--) {
		struct scif_window *w = ep->windows->window[SCIF_SIDE_OWN][first + (uint32_t)i];

		waiter_add(w, waiter);
		scif_window_unregister(w);
	}
	waiter_less(waiter);
	return -EINPROGRESS;
}

/* ---- All requests ---- */

int
scif_window_request(struct scif_client *client, struct scif_endpoint *ep,
		    const struct scif_request *rq, int *fd, struct scif_reply *reply, int *fds)
{
	switch (rq->op) {
	case SCIF_REQUEST_RUN:
		return scif_run_request(client, rq, fd);
	case SCIF_REQUEST_REGISTER:
		return window_register(client, ep, rq, fd);
	case SCIF_REQUEST_UNREGISTER:
		return window_unregister(client, ep, rq);
	case SCIF_REQUEST_WINDOW:
		return scif_window_query(client, ep, rq, reply, fds);
	case SCIF_REQUEST_MAP:
		return scif_window_map(client, ep, rq, reply, fds);
	default:
		return scif_window_unmap(client, rq);
	}
}

/* ---- Ends ---- */

/* From the last: those that go are taken out. */
void
scif_window_disconnected(struct scif_endpoint *ep)
{
	struct scif_windows *all = ep->windows;

	for (uint32_t i = all != NULL ? all->count[SCIF_SIDE_OWN] : 0; i-- > 0;)
		scif_window_unregister(all->window[SCIF_SIDE_OWN][i]);
}

/* What the peer registered is of no use any more, but to those who have it mapped. */
static void
leave_peer_windows(struct scif_endpoint *ep)
{
	struct scif_windows *all = ep->windows;

	for (uint32_t i = all->count[SCIF_SIDE_PEER]; i-- > 0;) {
		struct scif_window *w = all->window[SCIF_SIDE_PEER][i];

		w->state = SCIF_WINDOW_CLOSED;
		scif_window_take_out(w);
		if (w->nb_mapped == 0)
			scif_window_free(w);
	}
}

void
scif_window_closed(struct scif_endpoint *ep)
{
	struct scif_windows *all = ep->windows;

	if (all == NULL)
		return;
	scif_window_disconnected(ep);
	for (uint32_t i = all->count[SCIF_SIDE_OWN]; i-- > 0;) {
		window_leave(all->window[SCIF_SIDE_OWN][i]);
		scif_window_take_out(all->window[SCIF_SIDE_OWN][i]);
	}
	leave_peer_windows(ep);
	free(all->window[SCIF_SIDE_OWN]);
	free(all->window[SCIF_SIDE_PEER]);
	free(all);
	ep->windows = NULL;
}

void
scif_window_client_gone(struct scif_client *client)
{
	scif_run_forget(client);
	scif_list_each(at, next, &client->engine->windows) {
		struct scif_window *w = scif_list_entry(at, struct scif_window, link);

		if (w->client == client)
			w->client = NULL;
		if (w->waiter != NULL && w->waiter->client == client)
			w->waiter->client = NULL;
		scif_window_unmap_all(w, client);
	}
}

/* A registration comes to nothing once it is answered, and leaves its place to another one. */
static void
wait_no_longer(struct scif_window *w)
{
	scif_waiter_done(w, ENODEV, 0);
	if (w->state == SCIF_WINDOW_UNREGISTERING)
		return;
	window_leave(w);
	scif_window_take_out(w);
}

void
scif_window_late(struct scif_engine *engine)
{
	scif_list_each(at, next, &engine->windows) {
		struct scif_window *w = scif_list_entry(at, struct scif_window, link);

		if (w->waiter != NULL && w->far &&
		    scif_answer_is_late(engine, w->node, &w->answer_by))
			wait_no_longer(w);
	}
}

void
scif_window_node_gone(struct scif_node *node)
{
	scif_list_each(at, next, &node->engine->windows) {
		struct scif_window *w = scif_list_entry(at, struct scif_window, link);

		if (w->node != node->id || !w->far)
			continue;
		scif_waiter_done(w, w->state == SCIF_WINDOW_UNREGISTERING ? 0 : ENODEV, 0);
		scif_window_free(w);
	}
}
