/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "client.h"
#include "client_memory.h"

/* All there ever were, and those that are free. Never freed. */
static struct client_lock pool_lock;
static struct client_endpoint *pool_all[SCIF_BOARD_ENDPOINTS];
static uint32_t pool_count;
static struct client_endpoint *pool_free;
/* Who forks has no other thread. */
static bool alone;

static struct client_endpoint *
pool_new(void)
{
	struct client_endpoint *ep;

	if (pool_count == SCIF_BOARD_ENDPOINTS)
		return NULL;
	ep = aligned_alloc(_Alignof(struct client_endpoint), sizeof(*ep));
	if (ep == NULL)
		return NULL;
	*ep = (struct client_endpoint){.name = -1};
	pool_all[pool_count++] = ep;
	return ep;
}

static struct client_endpoint *
pool_get(void)
{
	struct client_endpoint *ep;

	client_lock(&pool_lock);
	ep = pool_free;
	if (ep != NULL)
		pool_free = ep->next;
	else
		ep = pool_new();
	client_unlock(&pool_lock);
	return ep;
}

static void
pool_put(struct client_endpoint *ep)
{
	client_lock(&pool_lock);
	ep->next = pool_free;
	pool_free = ep;
	client_unlock(&pool_lock);
}

void
client_fork_prepare(void)
{
	client_lock(&pool_lock);
	alone = client_is_alone();
	for (uint32_t i = 0; i < pool_count; i++)
		if (pool_all[i]->name >= 0)
			client_stream_share(pool_all[i]);
}

void
client_fork_parent(void)
{
	client_unlock(&pool_lock);
}

/* Threads that held locks are the parent's. Where there were any, nothing is freed, and no list is
 * followed: the heap may be between two states, as they may have allocated when parts of it were
 * copied already. A child that does nothing but exec has to get there.
 */
void
client_fork_child(void)
{
	pool_lock = (struct client_lock){0};
	client_mmap_forget(alone);
	client_register_forget();
	client_copier_forget();
	client_stream_forget();
	for (uint32_t i = 0; i < pool_count; i++) {
		struct client_endpoint *ep = pool_all[i];

		ep->tx_lock = (struct client_lock){0};
		ep->tx_waits = false;
		ep->rx_lock = (struct client_lock){0};
		ep->rx_waits = false;
		ep->state_lock = (struct client_lock){0};
		ep->users = 0;
		/* A thread that closes may have freed them. */
		if (!atomic_load(&ep->closing))
			client_windows_inherited(ep->windows);
	}
}

/* In a child that is a client: what another thread of its parent was about to close, nobody here
 * does any more. It stays as it is otherwise, as that thread may be the one that forked, by a
 * handler of a signal, and goes on.
 */
void
client_fork_release(struct client *c)
{
	struct scif_request rq = {.op = SCIF_REQUEST_CLOSE};
	struct scif_reply reply;

	for (uint32_t i = 0; i < pool_count; i++) {
		struct client_endpoint *ep = pool_all[i];

		if (ep->client == c && atomic_load(&ep->name) >= 0 && atomic_load(&ep->closing))
			client_call(ep, &rq, &reply);
	}
}

/* ---- Indices on the board ---- */

static int
index_take(struct client *c, uint32_t *index)
{
	int ret = -ENOMEM;

	client_lock(&c->lock);
	for (uint32_t i = 0; i < SCIF_BOARD_ENDPOINTS; i++) {
		uint32_t at = c->next_index++ % SCIF_BOARD_ENDPOINTS;

		if ((c->index[at / 64] >> at % 64 & 1) != 0)
			continue;
		c->index[at / 64] |= UINT64_C(1) << at % 64;
		*index = at;
		ret = 0;
		break;
	}
	client_unlock(&c->lock);
	return ret;
}

static void
index_free(struct client *c, uint32_t index)
{
	client_lock(&c->lock);
	c->index[index / 64] &= ~(UINT64_C(1) << index % 64);
	client_unlock(&c->lock);
}

/* Ask for a new endpoint; an index may be in use still, by a child. `at` is where the request has
 * its index.
 */
static int
ask_new(struct client *c, struct scif_request *rq, uint64_t *at, struct scif_reply *reply,
	uint32_t *index)
{
	int fds[SCIF_REQUEST_FDS], ret;

	for (uint32_t tries = 0; tries < SCIF_BOARD_ENDPOINTS; tries++) {
		ret = index_take(c, index);
		if (ret < 0)
			return ret;
		if (at != NULL)
			*at = *index;
		else
			rq->endpoint = *index;
		ret = client_ask(c, rq, -1, reply, fds);
		if (ret == 0 || ret == -EINPROGRESS)
			return ret;
		index_free(c, *index);
		if (ret != -EBUSY)
			return ret;
	}
	return -ENOMEM;
}

/* ---- Open and close ---- */

static void
endpoint_reset(struct client_endpoint *ep, struct client *c, uint32_t index)
{
	ep->client = c;
	ep->index = index;
	ep->ctl = &c->board->ctl[index];
	ep->mine = NULL;
	ep->peer = NULL;
	ep->far = false;
	ep->forked = false;
	ep->gated = false;
	atomic_store(&ep->closing, false);
}

int
client_open(struct client *c, int name, struct client_endpoint **made)
{
	struct scif_request rq = {.op = SCIF_REQUEST_OPEN};
	struct client_endpoint *ep = pool_get();
	struct scif_reply reply;
	uint32_t index;
	int ret;

	if (ep == NULL)
		return -ENOMEM;
	ret = ask_new(c, &rq, NULL, &reply, &index);
	if (ret < 0) {
		pool_put(ep);
		return ret;
	}
	endpoint_reset(ep, c, index);
	atomic_store(&ep->name, name);
	*made = ep;
	return 0;
}

/* Nobody is inside: nobody looks at its halves. */
static void
detach(struct client_endpoint *ep)
{
	if (ep->mine == NULL)
		return;
	ep->mine = NULL;
	ep->peer = NULL;
	client_memory_put(ep->client, ep->memory[0]);
	client_memory_put(ep->client, ep->memory[1]);
}

/* Have all who are inside leave, and wait for that. */
static void
empty(struct client_endpoint *ep)
{
	uint32_t users;

	/* Pairs with client_wait, which looks after it has read the bell, and with client_enter. */
	atomic_store(&ep->closing, true);
	atomic_fetch_add(&ep->ctl->bell, 1);
	client_futex_wake(&ep->ctl->bell);
	if (ep->mine != NULL) {
		atomic_fetch_add(&ep->mine->bell, 1);
		client_futex_wake(&ep->mine->bell);
	}
	client_lock(&ep->tx_lock);
	client_lock(&ep->rx_lock);
	while ((users = atomic_load(&ep->users)) != 0)
		client_futex_wait(&ep->users, users, 100);
}

int
client_close(struct client_endpoint *ep, int name)
{
	struct scif_request rq = {.op = SCIF_REQUEST_CLOSE};
	struct client *c;
	struct scif_reply reply;
	bool open = false;

	/* One of those who close it does. */
	client_lock(&pool_lock);
	open = atomic_load(&ep->name) == name && !atomic_load(&ep->closing);
	if (open)
		atomic_store(&ep->closing, true);
	client_unlock(&pool_lock);
	if (!open)
		return -EBADF;
	c = ep->client;
	empty(ep);
	client_stream_closed(ep);
	client_closed(ep);
	client_call(ep, &rq, &reply);
	detach(ep);
	atomic_store(&ep->name, -1);
	client_unlock(&ep->rx_lock);
	client_unlock(&ep->tx_lock);
	index_free(c, ep->index);
	pool_put(ep);
	client_put(c);
	return 0;
}

/* ---- Bind and listen ---- */

int
client_bind(struct client_endpoint *ep, uint16_t port)
{
	struct scif_request rq = {.op = SCIF_REQUEST_BIND, .arg = {port}};
	struct scif_reply reply;
	int ret = client_call(ep, &rq, &reply);

	return ret < 0 ? ret : (int)reply.value[0];
}

int
client_listen(struct client_endpoint *ep, int backlog)
{
	struct scif_request rq = {.op = SCIF_REQUEST_LISTEN, .arg = {(uint64_t)(int64_t)backlog}};
	struct scif_reply reply;

	return client_call(ep, &rq, &reply);
}

/* ---- Connect and accept ---- */

/* The memories of a reply to ATTACH: the own half, the peer's ring and half. */
static int
halves(struct client_endpoint *ep, const struct scif_reply *reply, int fds[])
{
	struct client *c = ep->client;
	bool far = (reply->value[4] & SCIF_REQUEST_FAR) != 0;
	struct scif_half *mine;
	char *own, *peer;

	own = client_memory(c, reply->value[0], reply->fds > 0 ? fds[0] : -1);
	peer = client_memory(c, reply->value[2], reply->fds > 1 ? fds[1] : -1);
	if (own == NULL || peer == NULL) {
		if (own != NULL)
			client_memory_put(c, reply->value[0]);
		if (peer != NULL)
			client_memory_put(c, reply->value[2]);
		return -ENOMEM;
	}
	ep->memory[0] = reply->value[0];
	ep->memory[1] = reply->value[2];
	ep->far = far;
	mine = (void *)(own + reply->value[1]);
	ep->peer = (void *)(peer + reply->value[3]);
	ep->tx = (struct scif_producer){
		.ring = (uint8_t *)peer + reply->value[5],
		.write_published = &ep->peer->local_write,
		.read_seen = &mine->local_read,
		.at = &mine->tx,
		.mask = (uint32_t)reply->value[4] - 1,
	};
	ep->rx = (struct scif_consumer){
		.ring = mine->ring,
		.write_seen = &mine->local_write,
		.read_published = &ep->peer->local_read,
		.at = &mine->rx,
		.mask = c->ring_size - 1,
	};
	/* Another thread may be about to send. */
	atomic_store(&ep->mine, mine);
	return 0;
}

/* Find the connection's memory: first without descriptors, as it may be here already. */
static int
attach(struct client_endpoint *ep)
{
	struct scif_request rq = {.op = SCIF_REQUEST_ATTACH, .endpoint = ep->index};
	int fds[SCIF_REQUEST_FDS], ret = -ENOMEM;
	struct scif_reply reply;

	for (uint64_t send = 0; ret == -ENOMEM && send < 2; send++) {
		rq.arg[0] = send;
		ret = client_ask(ep->client, &rq, -1, &reply, fds);
		if (ret == 0)
			ret = halves(ep, &reply, fds);
	}
	return ret;
}

/* Whoever comes first: who has connected, or another thread or process that saw that. */
static int
attach_once(struct client_endpoint *ep)
{
	int ret = 0;

	client_lock(&ep->state_lock);
	if (atomic_load(&ep->mine) == NULL)
		ret = attach(ep);
	client_unlock(&ep->state_lock);
	return ret;
}

int
client_attach(struct client_endpoint *ep)
{
	uint32_t state = client_state(ep);
	int ret = -ENOTCONN;

	if (state == SCIF_CONNECTED || state == SCIF_DISCONNECTED)
		ret = attach_once(ep);
	/* The calls that come here make no descriptors, and say so of none. */
	return ret == -EMFILE ? -ENOMEM : ret;
}

static bool
is_settled(struct client_endpoint *ep)
{
	uint32_t state = client_state(ep);

	return state != SCIF_CONNECTING && state != SCIF_MAPPING;
}

/* The end of an attempt that is waited for. */
static int
outcome(struct client_endpoint *ep)
{
	struct scif_request rq = {.op = SCIF_REQUEST_OUTCOME};
	struct scif_reply reply;
	int ret;

	do {
		ret = client_wait(ep, is_settled, true);
		if (ret == -ENODEV)
			return ret;
		if (atomic_load(&ep->closing))
			return -EINTR;
		ret = client_call(ep, &rq, &reply);
	} while (ret == -EINPROGRESS);
	return ret < 0 ? ret : (int)reply.value[0];
}

int
client_connect(struct client_endpoint *ep, const struct scif_portID *dst, bool asynchronous)
{
	struct scif_request rq = {
		.op = SCIF_REQUEST_CONNECT,
		.arg = {dst->node, dst->port, asynchronous},
	};
	struct scif_reply reply;
	int ret = client_call(ep, &rq, &reply), attached;

	if (ret == 0)
		ret = (int)reply.value[0];
	else if (ret == -EINPROGRESS && !asynchronous)
		ret = outcome(ep);
	if (ret <= 0)
		return ret;
	/* It is connected, and says so once: where there is no room for its memory yet, who uses it
	 * hears of that, and looks again.
	 */
	attached = attach_once(ep);
	return attached < 0 && attached != -EMFILE && attached != -ENOMEM ? attached : ret;
}

static bool
is_pending(struct client_endpoint *ep)
{
	return atomic_load(&ep->ctl->pending) != 0 || client_state(ep) != SCIF_LISTENING;
}

/* What the memories of a connection may come with: without these nobody is accepted, as he would be
 * let go again. `any` is a descriptor.
 */
static int
reserve(int any, int spare[SCIF_REQUEST_FDS])
{
	for (unsigned int i = 0; i < SCIF_REQUEST_FDS; i++) {
		spare[i] = fcntl(any, F_DUPFD_CLOEXEC, 0);
		if (spare[i] >= 0 || (errno != EMFILE && errno != ENFILE))
			continue;
		while (i > 0)
			close(spare[--i]);
		return -EMFILE;
	}
	return 0;
}

static void
release(const int spare[SCIF_REQUEST_FDS])
{
	for (unsigned int i = 0; i < SCIF_REQUEST_FDS; i++)
		if (spare[i] >= 0)
			close(spare[i]);
}

/* A new endpoint, whose connector has still to say that it wants it. */
static int
settle(struct client_endpoint *ep, const int spare[SCIF_REQUEST_FDS])
{
	struct scif_request rq = {.op = SCIF_REQUEST_OUTCOME};
	struct scif_reply reply;
	int ret;

	do
		ret = client_wait(ep, is_settled, true);
	while (ret == -EINTR);
	release(spare);
	if (ret < 0)
		return ret;
	if (client_state(ep) == SCIF_CONNECTED || client_state(ep) == SCIF_DISCONNECTED)
		return attach_once(ep);
	return client_call(ep, &rq, &reply);
}

/* Take one request, if there is one. */
static int
accept_one(struct client_endpoint *listener, struct scif_portID *peer, int name,
	   struct client_endpoint *ep)
{
	struct scif_request rq = {.op = SCIF_REQUEST_ACCEPT, .endpoint = listener->index};
	int spare[SCIF_REQUEST_FDS], ret = reserve(name, spare);
	struct client *c = listener->client;
	struct scif_reply reply;
	uint32_t index;

	if (ret < 0)
		return ret;
	ret = ask_new(c, &rq, &rq.arg[0], &reply, &index);
	if (ret < 0) {
		release(spare);
		return ret;
	}
	endpoint_reset(ep, c, index);
	atomic_store(&ep->name, name);
	ret = settle(ep, spare);
	if (ret == 0) {
		atomic_fetch_add(&c->users, 1);
		peer->node = (uint16_t)reply.value[0];
		peer->port = (uint16_t)reply.value[1];
		return 0;
	}
	rq = (struct scif_request){.op = SCIF_REQUEST_CLOSE};
	client_call(ep, &rq, &reply);
	atomic_store(&ep->name, -1);
	index_free(c, index);
	return ret;
}

static int
accept_into(struct client_endpoint *listener, struct scif_portID *peer, int name, bool sync,
	    struct client_endpoint *ep)
{
	int ret;

	for (;;) {
		if (atomic_load(&listener->closing))
			return -EINTR;
		ret = accept_one(listener, peer, name, ep);
		if (ret != -EAGAIN || !sync)
			return ret;
		ret = client_wait(listener, is_pending, true);
		if (ret < 0)
			return ret;
	}
}

int
client_accept(struct client_endpoint *listener, struct scif_portID *peer, int name, int flags,
	      struct client_endpoint **made)
{
	struct client_endpoint *ep = pool_get();
	int ret;

	if (ep == NULL)
		return -ENOMEM;
	ret = accept_into(listener, peer, name, (flags & SCIF_ACCEPT_SYNC) != 0, ep);
	if (ret < 0)
		pool_put(ep);
	else
		*made = ep;
	return ret;
}
