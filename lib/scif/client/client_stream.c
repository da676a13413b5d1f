/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <signal.h>

#include "client.h"

/* The stream of a connection.
 *
 *   client_send                                     client_recv
 *     lock of the side                                lock of the side
 *     bytes -> peer's ring                            spin, then sleep on the own bell
 *     commit, full barrier                            bytes <- own ring
 *     peer's sleepers? ring its bell                  publish, full barrier; the same
 *
 * Across a link nothing of the peer's is looked at: what was sent or received is counted, and the
 * engine tells the other node.
 */

/* Bytes put in before they are shown, at most: the other side reads those while more come. */
#define CHUNK_SHIFT 2
/* Looks in vain before the engine is asked for: a system call. */
#define LOOKS_PER_ALIVE 1024

/* ---- Sides that children share ---- */

/* Held by a process, as its number; one that died holds nothing. */
static void
shared_lock(struct scif_at *at)
{
	uint32_t me = (uint32_t)getpid(), holder = 0;

	while (!atomic_compare_exchange_strong(&at->lock, &holder, me)) {
		if (kill((pid_t)holder, 0) < 0 && errno == ESRCH &&
		    atomic_compare_exchange_strong(&at->lock, &holder, me))
			return;
		client_futex_wait(&at->lock, holder, 1);
		holder = 0;
	}
}

static void
shared_unlock(struct scif_at *at)
{
	atomic_store(&at->lock, 0);
}

/* Enter a side: 0, or -EBADF, -ENOTCONN. */
static int
side_enter(struct client_endpoint *ep, int name, struct client_lock *lock)
{
	client_lock(lock);
	if (atomic_load_explicit(&ep->name, memory_order_relaxed) == name &&
	    !atomic_load_explicit(&ep->closing, memory_order_relaxed) && ep->mine != NULL)
		return 0;
	client_unlock(lock);
	return atomic_load(&ep->name) == name ? -ENOTCONN : -EBADF;
}

/* ---- Telling the other side ---- */

static void
count(struct client_endpoint *ep, _Atomic uint32_t *counter)
{
	atomic_fetch_add(counter, 1);
	client_tell(ep);
}

static void
ring_peer(struct client_endpoint *ep)
{
	struct scif_half *peer = ep->peer;

	if (atomic_load_explicit(&peer->sleepers, memory_order_relaxed) != 0) {
		atomic_fetch_add(&peer->bell, 1);
		client_futex_wake(&peer->bell);
	}
	if (atomic_load_explicit(&peer->tell, memory_order_relaxed) != 0)
		client_tell(ep);
}

/* Something was committed, or published. */
static inline void
changed(struct client_endpoint *ep, _Atomic uint32_t *counter)
{
	if (ep->far) {
		count(ep, counter);
		return;
	}
	/* Between the index and the look for sleepers; pairs with client_wait. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&ep->peer->sleepers, memory_order_relaxed) != 0 ||
	    atomic_load_explicit(&ep->peer->tell, memory_order_relaxed) != 0)
		ring_peer(ep);
}

/* ---- Send ---- */

static bool
may_send(struct client_endpoint *ep)
{
	return scif_producer_free(&ep->tx, 1) > 0 || client_state(ep) != SCIF_CONNECTED;
}

static uint32_t
put(struct client_endpoint *ep, const uint8_t *bytes, uint32_t len)
{
	uint32_t most = (ep->tx.mask + 1) >> CHUNK_SHIFT, n, room;

	if (len <= most || most < 4096)
		most = ep->tx.mask;
	n = len < most ? len : most;
	room = scif_producer_free(&ep->tx, n);
	if (n > room)
		n = room;
	if (n == 0)
		return 0;
	scif_producer_put(&ep->tx, bytes, n);
	scif_producer_commit(&ep->tx);
	changed(ep, &ep->ctl->sent);
	return n;
}

static int
send_bytes(struct client_endpoint *ep, const uint8_t *bytes, uint32_t len, bool block)
{
	uint32_t sent = 0, n;
	int ret = 0;

	while (sent < len && ret == 0) {
		ret = client_verify(ep);
		if (ret < 0)
			break;
		n = put(ep, bytes + sent, len - sent);
		sent += n;
		if (n == 0 && !block)
			break;
		if (n == 0)
			ret = client_wait(ep, may_send);
		if (atomic_load_explicit(&ep->closing, memory_order_relaxed))
			ret = -ENOTCONN;
	}
	return sent > 0 || ret == 0 ? (int)sent : ret;
}

int
client_send(struct client_endpoint *ep, int name, const void *bytes, int len, bool block)
{
	int ret = side_enter(ep, name, &ep->tx_lock);
	bool shared;

	if (ret < 0)
		return ret == -ENOTCONN && client_state(ep) == SCIF_DISCONNECTED ? -ECONNRESET : ret;
	shared = ep->forked;
	if (shared)
		shared_lock(ep->tx.at);
	ret = send_bytes(ep, bytes, (uint32_t)len, block);
	if (shared)
		shared_unlock(ep->tx.at);
	client_unlock(&ep->tx_lock);
	return ret;
}

/* ---- Receive ---- */

static bool
may_recv(struct client_endpoint *ep)
{
	return scif_consumer_used(&ep->rx, 1) > 0 || client_state(ep) != SCIF_CONNECTED;
}

static uint32_t
get(struct client_endpoint *ep, uint8_t *bytes, uint32_t len)
{
	uint32_t most = (ep->rx.mask + 1) >> CHUNK_SHIFT, n, used;

	if (len <= most || most < 4096)
		most = len;
	n = len < most ? len : most;
	used = scif_consumer_used(&ep->rx, n);
	if (n > used)
		n = used;
	if (n == 0)
		return 0;
	scif_consumer_get(&ep->rx, bytes, n);
	if (client_state(ep) == SCIF_CONNECTED) {
		scif_consumer_publish(&ep->rx);
		changed(ep, &ep->ctl->received);
	}
	return n;
}

/* Nothing there: why, a negative errno, or 0 when something may still come. */
static int
nothing_there(struct client_endpoint *ep)
{
	int ret = client_verify(ep);

	/* What the peer sent before it closed was there before the state said so. */
	if (ret == -ECONNRESET && scif_consumer_used(&ep->rx, 1) > 0)
		return 0;
	/* Who never waits notices only here that there is no engine that could tell. */
	if (ret == 0 && ++ep->looks % LOOKS_PER_ALIVE == 0 && client_is_dead(ep->client))
		return -ENODEV;
	return ret;
}

static int
recv_bytes(struct client_endpoint *ep, uint8_t *bytes, uint32_t len, bool block)
{
	uint32_t received = 0, n;
	int ret = 0;

	while (received < len && ret == 0) {
		n = get(ep, bytes + received, len - received);
		received += n;
		if (n > 0)
			continue;
		if (!block || client_state(ep) != SCIF_CONNECTED)
			ret = nothing_there(ep);
		if (ret == 0 && scif_consumer_used(&ep->rx, 1) == 0) {
			if (!block)
				break;
			ret = client_wait(ep, may_recv);
		}
		if (atomic_load_explicit(&ep->closing, memory_order_relaxed))
			ret = -ENOTCONN;
	}
	return received > 0 || ret == 0 ? (int)received : ret;
}

int
client_recv(struct client_endpoint *ep, int name, void *bytes, int len, bool block)
{
	int ret = side_enter(ep, name, &ep->rx_lock);
	bool shared;

	if (ret < 0)
		return ret == -ENOTCONN && client_state(ep) == SCIF_DISCONNECTED ? -ECONNRESET : ret;
	shared = ep->forked;
	if (shared)
		shared_lock(ep->rx.at);
	ret = recv_bytes(ep, bytes, (uint32_t)len, block);
	if (shared)
		shared_unlock(ep->rx.at);
	if (ep->gated)
		client_gate_read(ep);
	client_unlock(&ep->rx_lock);
	return ret;
}
