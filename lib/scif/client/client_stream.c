/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

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

/* A piece of a ring: it is shown as soon as it is there, and taken out while more comes; who waits
 * for one waits a moment for all of it. The other side hears of a chunk, of as many pieces as go in
 * or come out at once.
 */
#define PIECE_SHIFT 2
#define PIECE_MIN   512u
/* Less than this is not claimed: it came at once. */
#define CLAIM_MIN 512u
/* Looks in the middle of a chunk: the other side is about to show its next piece. A chunk that ends
 * is dear: everything written has to be there before anybody is looked for who sleeps.
 */
#define LOOKS_PER_PIECE 64u
/* Looks in vain before the engine is asked for: a system call. */
#define LOOKS_PER_ALIVE 1024
/* How often who does not wait sleeps for 1 ms, as another process has the side. */
#define NAPS_AT_SHARED 1

/* ---- Sides that children share ---- */

/* Held by a process, as its number; one that has ended holds nothing. On the board, where no peer
 * can write. 0, or -EAGAIN for who does not wait, -EINTR, -ENOTCONN.
 */
static int
shared_lock(struct client_endpoint *ep, _Atomic uint32_t *word, bool block, const sigset_t *mask)
{
	uint32_t me = (uint32_t)getpid(), holder = 0;
	int ret;

	for (int i = 0; !atomic_compare_exchange_strong(word, &holder, me); i++) {
		/* Of this process no other thread can be here: one before had the same number. */
		if (holder == me || (client_has_ended((int32_t)holder) &&
				     atomic_compare_exchange_strong(word, &holder, me)))
			return 0;
		if (atomic_load(&ep->closing))
			return -ENOTCONN;
		if (!block && i == NAPS_AT_SHARED)
			return -EAGAIN;
		client_futex_wait(word, holder, 1);
		ret = block ? client_let_in(mask, true) : 0;
		if (ret < 0)
			return ret;
		holder = 0;
	}
	return 0;
}

/* The side, among the processes that share it: as shared_lock. */
static int
share_enter(struct client_endpoint *ep, _Atomic uint32_t *word, _Atomic bool *waits, bool block)
{
	CLIENT_UNCANCELLED;
	int before = errno, ret;
	sigset_t mask;

	atomic_store(waits, block);
	client_hold_signals(&mask);
	ret = shared_lock(ep, word, block, &mask);
	client_release_signals(&mask);
	atomic_store(waits, false);
	errno = before;
	return ret;
}

/* Who is at a side when the process forks does not know that it shares it from then on: so it is
 * made the holder for it, and ends that when it leaves.
 */
static struct client_lock share_lock;

static void
claim(struct client_endpoint *ep, unsigned int side)
{
	uint32_t me = (uint32_t)getpid(), none = 0;

	atomic_compare_exchange_strong(&ep->ctl->holder[side], &none, me);
}

static void
disclaim(struct client_endpoint *ep, unsigned int side)
{
	uint32_t me = (uint32_t)getpid();

	atomic_compare_exchange_strong(&ep->ctl->holder[side], &me, 0);
}

/* Under share_lock: a side that was claimed is nobody's again, if nobody is there. */
static void
disclaim_open(struct client_endpoint *ep, struct client_lock *lock)
{
	uint32_t open = 0;

	if (!atomic_compare_exchange_strong(&lock->word, &open, 1))
		return;
	/* Who closes needs the lock: until then it is the same endpoint. */
	if (!atomic_load(&ep->closing))
		disclaim(ep, lock == &ep->tx_lock ? 0 : 1);
	client_unlock(lock);
}

void
client_stream_share(struct client_endpoint *ep)
{
	bool claims;

	client_lock(&share_lock);
	/* Of one that is being closed a child has no use. */
	claims = !atomic_load(&ep->forked) && !atomic_load(&ep->closing);
	if (claims) {
		claim(ep, 0);
		claim(ep, 1);
	}
	/* After the claims: so who comes, and sees this, ends its own. Who came before that, and has
	 * not seen it, looks again when it has left. All sequentially consistent.
	 */
	atomic_store(&ep->forked, true);
	if (claims) {
		disclaim_open(ep, &ep->tx_lock);
		disclaim_open(ep, &ep->rx_lock);
	}
	client_unlock(&share_lock);
}

void
client_stream_closed(struct client_endpoint *ep)
{
	if (!atomic_load(&ep->forked))
		return;
	disclaim(ep, 0);
	disclaim(ep, 1);
}

void
client_stream_forget(void)
{
	share_lock = (struct client_lock){0};
}

/* Left, when it came to be shared meanwhile. Where somebody has come since, that one sees to it: it
 * is the holder itself, or leaves here, too, or closes.
 */
static void
left_shared(struct client_endpoint *ep, struct client_lock *lock)
{
	int before = errno;

	client_lock(&share_lock);
	disclaim_open(ep, lock);
	client_unlock(&share_lock);
	errno = before;
}

/* ---- Sides ---- */

/* The lock, for who does not wait: 0, or -EAGAIN where somebody who has it does. */
static int
try_lock(struct client_lock *lock, const _Atomic bool *waits)
{
	int before = errno, ret = 0;
	uint32_t open = 0;

	if (atomic_compare_exchange_strong(&lock->word, &open, 1))
		return 0;
	while (ret == 0 && atomic_exchange(&lock->word, 2) != 0) {
		if (atomic_load(waits))
			ret = -EAGAIN;
		else
			client_futex_wait(&lock->word, 2, 1);
	}
	errno = before;
	return ret;
}

/* Enter a side: 0, or -EBADF, -ENOTCONN; -EAGAIN: who does not wait finds somebody waiting. */
static int
side_enter(struct client_endpoint *ep, int name, struct client_lock *lock,
	   const _Atomic bool *waits, bool block)
{
	if (block)
		client_lock(lock);
	else if (try_lock(lock, waits) < 0)
		return -EAGAIN;
	if (atomic_load_explicit(&ep->name, memory_order_relaxed) == name &&
	    !atomic_load_explicit(&ep->closing, memory_order_relaxed) && ep->mine != NULL)
		return 0;
	client_unlock(lock);
	if (atomic_load(&ep->forked))
		left_shared(ep, lock);
	return atomic_load(&ep->name) == name ? -ENOTCONN : -EBADF;
}

/* The same; of one that is connected, and that nobody here has used, the memory is found first. */
static int
side_enter_attached(struct client_endpoint *ep, int name, struct client_lock *lock,
		    const _Atomic bool *waits, bool block)
{
	int ret = side_enter(ep, name, lock, waits, block), attached;

	if (ret != -ENOTCONN || client_enter(ep, name) < 0)
		return ret;
	attached = client_attach(ep);
	client_leave(ep);
	if (attached == 0)
		return side_enter(ep, name, lock, waits, block);
	return attached == -ENOMEM ? attached : ret;
}

/* Wait, and let those who do not wait see that. */
static int
side_wait(struct client_endpoint *ep, _Atomic bool *waits, client_ready *ready, bool whole)
{
	int ret;

	atomic_store(waits, true);
	ret = client_wait(ep, ready, whole);
	atomic_store(waits, false);
	return ret;
}

/* What a call returns that could not enter. */
static int
not_entered(const struct client_endpoint *ep, int ret)
{
	if (ret == -EAGAIN)
		return 0;
	return ret == -ENOTCONN && client_state(ep) == SCIF_DISCONNECTED ? -ECONNRESET : ret;
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

/* Does anybody want to hear of changes? Within a node only. */
static inline bool
is_awaited(const struct client_endpoint *ep)
{
	return atomic_load_explicit(&ep->peer->sleepers, memory_order_relaxed) != 0 ||
	       atomic_load_explicit(&ep->peer->tell, memory_order_relaxed) != 0;
}

/* A piece was committed, or published. Who is seen asleep need not wait for the rest, and is woken
 * once; who is not seen hears of the chunk.
 */
static inline void
changed_a_piece(struct client_endpoint *ep, bool *rung)
{
	if (*rung || ep->far || !is_awaited(ep))
		return;
	ring_peer(ep);
	*rung = true;
}

/* A chunk was. */
static inline void
changed(struct client_endpoint *ep, _Atomic uint32_t *counter)
{
	if (ep->far) {
		count(ep, counter);
		return;
	}
	/* Between the index and the look for sleepers; pairs with client_wait. */
	atomic_thread_fence(memory_order_seq_cst);
	if (is_awaited(ep))
		ring_peer(ep);
}

/* Who never waits notices only here that there is no engine that could tell. */
static int
in_vain(struct client_endpoint *ep, uint32_t *looks)
{
	return ++*looks % LOOKS_PER_ALIVE == 0 && client_is_dead(ep->client) ? -ENODEV : 0;
}

/* Nothing more goes in: who waits for that at the descriptor may wait for a change. */
static void
found_full(struct client_endpoint *ep)
{
	if (ep->gated && atomic_exchange(&ep->ctl->full, 1) == 0)
		client_tell(ep);
}

/* Bytes of a piece, at most. */
static inline uint32_t
piece_of(const struct client_endpoint *ep, uint32_t mask)
{
	uint32_t piece = (mask + 1) >> PIECE_SHIFT;

	if (piece > ep->client->piece)
		return ep->client->piece;
	return piece < PIECE_MIN ? PIECE_MIN : piece;
}

static inline uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Pieces end where lines do, so that each is one side's at a time. */
static inline uint32_t
beyond_line(const struct scif_at *at)
{
	return atomic_load_explicit(&at->own, memory_order_relaxed) % SCIF_RING_LINE;
}

/* In the middle of a chunk, where the other side can be at work meanwhile. */
static inline bool
look_again(const struct client_endpoint *ep, uint32_t *looks)
{
	if (ep->client->spin_us == 0 || *looks == LOOKS_PER_PIECE)
		return false;
	++*looks;
	client_pause();
	return true;
}

/* ---- Send ---- */

static bool
may_send(struct client_endpoint *ep)
{
	return scif_producer_free(&ep->tx, 1) > 0 || client_state(ep) != SCIF_CONNECTED;
}

/* A chunk: as much as there is room for, a ring at most. */
static uint32_t
put(struct client_endpoint *ep, const uint8_t *bytes, uint32_t len, bool block)
{
	uint32_t piece = piece_of(ep, ep->tx.mask), done = 0, looks = 0, whole, n;
	bool rung = false;

	len = least(len, ep->tx.mask + 1);
	while (done < len) {
		whole = least(len - done, piece - beyond_line(ep->tx.at));
		n = least(whole, scif_producer_free(&ep->tx, whole));
		if (n < whole && block && n + done > 0 && look_again(ep, &looks))
			continue;
		if (n == 0)
			break;
		scif_producer_put(&ep->tx, bytes + done, n);
		scif_producer_commit(&ep->tx);
		done += n;
		looks = 0;
		if (done < len)
			changed_a_piece(ep, &rung);
	}
	if (done > 0)
		changed(ep, &ep->ctl->sent);
	return done;
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
		n = put(ep, bytes + sent, len - sent, block);
		sent += n;
		if (n == 0 && !block) {
			found_full(ep);
			ret = in_vain(ep, &ep->tx_looks);
			break;
		}
		if (n == 0)
			ret = side_wait(ep, &ep->tx_waits, may_send, sent == 0);
		if (atomic_load_explicit(&ep->closing, memory_order_relaxed))
			ret = -ENOTCONN;
	}
	return sent > 0 || ret == 0 ? (int)sent : ret;
}

int
client_send(struct client_endpoint *ep, int name, const void *bytes, int len, bool block)
{
	int ret = side_enter_attached(ep, name, &ep->tx_lock, &ep->tx_waits, block);
	bool shared;

	if (ret < 0)
		return not_entered(ep, ret);
	shared = atomic_load(&ep->forked);
	if (shared)
		ret = share_enter(ep, &ep->ctl->holder[0], &ep->tx_waits, block);
	if (ret == 0) {
		ret = send_bytes(ep, bytes, (uint32_t)len, block);
		if (shared)
			atomic_store(&ep->ctl->holder[0], 0);
	}
	client_unlock(&ep->tx_lock);
	if (!shared && atomic_load(&ep->forked))
		left_shared(ep, &ep->tx_lock);
	return ret == -EAGAIN ? 0 : ret;
}

/* ---- Receive ---- */

static bool
may_recv(struct client_endpoint *ep)
{
	scif_consumer_expect(&ep->rx);
	return scif_consumer_used(&ep->rx, 1) > 0 || client_state(ep) != SCIF_CONNECTED;
}

/* A chunk: as much as is there, a ring at most. */
static uint32_t
get(struct client_endpoint *ep, uint8_t *bytes, uint32_t len, bool block)
{
	uint32_t piece = piece_of(ep, ep->rx.mask), done = 0, looks = 0, whole, n;
	bool rung = false, shown = false;

	len = least(len, ep->rx.mask + 1);
	while (done < len) {
		whole = least(len - done, piece - beyond_line(ep->rx.at));
		n = least(whole, scif_consumer_used(&ep->rx, whole));
		if (n < whole && block && n + done > 0 && look_again(ep, &looks))
			continue;
		if (n == 0)
			break;
		scif_consumer_get(&ep->rx, bytes + done, n);
		if (n >= CLAIM_MIN && ep->client->claims)
			scif_consumer_claim(&ep->rx, n);
		done += n;
		looks = 0;
		if (client_state(ep) != SCIF_CONNECTED)
			continue;
		scif_consumer_publish(&ep->rx);
		shown = true;
		if (done < len)
			changed_a_piece(ep, &rung);
	}
	if (shown)
		changed(ep, &ep->ctl->received);
	return done;
}

/* Nothing there: why, a negative errno, or 0 when something may still come. */
static int
nothing_there(struct client_endpoint *ep)
{
	int ret = client_verify(ep);

	/* What the peer sent before it closed was there before the state said so. */
	if (ret == -ECONNRESET && scif_consumer_used(&ep->rx, 1) > 0)
		return 0;
	return ret == 0 ? in_vain(ep, &ep->rx_looks) : ret;
}

static int
recv_bytes(struct client_endpoint *ep, uint8_t *bytes, uint32_t len, bool block)
{
	uint32_t received = 0, n;
	int ret = 0;

	while (received < len && ret == 0) {
		n = get(ep, bytes + received, len - received, block);
		received += n;
		if (n > 0)
			continue;
		if (!block || client_state(ep) != SCIF_CONNECTED)
			ret = nothing_there(ep);
		if (ret == 0 && scif_consumer_used(&ep->rx, 1) == 0) {
			if (!block)
				break;
			ret = side_wait(ep, &ep->rx_waits, may_recv, received == 0);
		}
		if (atomic_load_explicit(&ep->closing, memory_order_relaxed))
			ret = -ENOTCONN;
	}
	return received > 0 || ret == 0 ? (int)received : ret;
}

int
client_recv(struct client_endpoint *ep, int name, void *bytes, int len, bool block)
{
	int ret = side_enter_attached(ep, name, &ep->rx_lock, &ep->rx_waits, block);
	bool shared;

	if (ret < 0)
		return not_entered(ep, ret);
	shared = atomic_load(&ep->forked);
	if (shared)
		ret = share_enter(ep, &ep->ctl->holder[1], &ep->rx_waits, block);
	if (ret == 0) {
		ret = recv_bytes(ep, bytes, (uint32_t)len, block);
		if (shared)
			atomic_store(&ep->ctl->holder[1], 0);
	}
	if (ep->gated)
		client_gate_read(ep);
	client_unlock(&ep->rx_lock);
	if (!shared && atomic_load(&ep->forked))
		left_shared(ep, &ep->rx_lock);
	return ret == -EAGAIN ? 0 : ret;
}
