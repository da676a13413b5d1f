/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include "client_memory.h"
#include "scif.h"

/* Fences, section 6.5: a mark is how many transfers had begun. Those of a peer on this node are
 * counted in its half; those of one on another are its engine's to tell.
 */

#define MARK_BITS UINT32_C(0x7fffffff)
#define MARK_PEER UINT32_C(0x80000000)

/* What a wait takes at most. */
#define WAIT_NS (30 * UINT64_C(1000000000))

static uint32_t
begun(struct scif_half *half)
{
	return half != NULL ? atomic_load(&half->rma_begun) & MARK_BITS : 0;
}

/* Of two marks, is the first one reached at the second? */
static bool
is_reached(uint32_t mark, uint32_t at)
{
	return ((at - mark) & MARK_BITS) <= MARK_BITS / 2;
}

static int
wait_held(struct client_endpoint *ep, struct scif_half *half, uint32_t mark, const sigset_t *mask)
{
	uint64_t end = client_now_ns() + WAIT_NS;
	uint32_t done;
	int ret;

	/* Pairs with who completes a transfer, and then counts it. */
	while (!is_reached(mark, (done = atomic_load(&half->rma_done)))) {
		client_futex_wait(&half->rma_done, done, CLIENT_SLICE_MS);
		ret = client_let_in(mask, true);
		if (ret < 0)
			return ret;
		ret = client_is_dead(ep->client) ? -ENODEV : client_verify(ep);
		if (ret == 0 && client_now_ns() > end)
			ret = -ETIMEDOUT;
		if (ret < 0)
			return ret;
		if (atomic_load(&ep->closing))
			return -ENOTCONN;
	}
	return 0;
}

static int
wait_done(struct client_endpoint *ep, struct scif_half *half, uint32_t mark)
{
	sigset_t mask;
	int ret;

	if (half == NULL || is_reached(mark, atomic_load(&half->rma_done)))
		return 0;
	client_hold_signals(&mask);
	ret = wait_held(ep, half, mark, &mask);
	client_release_signals(&mask);
	return ret;
}

/* Whether the peer is on another node is known once its half is. */
static int
verify(struct client_endpoint *ep)
{
	int ret = client_verify(ep);

	return ret == 0 && ep->mine == NULL ? client_attach(ep) : ret;
}

/* ---- Mark and wait ---- */

static int
far_mark(struct client_endpoint *ep, uint32_t *mark)
{
	struct scif_request rq = {.op = SCIF_REQUEST_MARK};
	int64_t value = 0;
	int ret = client_call_wait(ep, &rq, &value);

	*mark = (uint32_t)value & MARK_BITS;
	return ret;
}

static int
far_wait(struct client_endpoint *ep, uint32_t mark)
{
	struct scif_request rq = {.op = SCIF_REQUEST_WAIT, .arg = {mark}};
	int64_t value;

	return client_call_wait(ep, &rq, &value);
}

int
client_fence_mark(struct client_endpoint *ep, int flags, int *mark)
{
	int ret = verify(ep);
	uint32_t value = 0;

	if (ret < 0)
		return ret;
	if (flags != SCIF_FENCE_INIT_SELF && flags != SCIF_FENCE_INIT_PEER)
		return -EINVAL;
	if (mark == NULL)
		return -EFAULT;
	if (flags == SCIF_FENCE_INIT_SELF) {
		*mark = (int)begun(ep->mine);
		return 0;
	}
	if (ep->far)
		ret = far_mark(ep, &value);
	else
		value = begun(ep->peer);
	*mark = (int)(value | MARK_PEER);
	return ret;
}

int
client_fence_wait(struct client_endpoint *ep, int mark)
{
	bool of_peer = ((uint32_t)mark & MARK_PEER) != 0;
	uint32_t value = (uint32_t)mark & MARK_BITS;
	struct scif_half *half;
	int ret = verify(ep);

	if (ret < 0)
		return ret;
	if (of_peer && ep->far)
		return far_wait(ep, value);
	half = of_peer ? ep->peer : ep->mine;
	/* What has not begun cannot have been marked. */
	if (!is_reached(value, begun(half)))
		return -EINVAL;
	return wait_done(ep, half, value);
}

/* ---- Signal ---- */

/* A store of 8 bytes into a window, that is to be done. */
struct signal {
	unsigned int side;
	int64_t offset;
	uint64_t value;
	struct client_span span;
};

static int
signal_find(struct client_endpoint *ep, struct signal *s)
{
	int ret = client_span_get(ep, s->side, s->offset, sizeof(s->value), SCIF_PROT_WRITE,
				  &s->span);

	if (ret < 0)
		return ret;
	if ((uint64_t)s->offset + sizeof(s->value) <= client_span_piece(&s->span, 0)->window_end)
		return 0;
	client_span_put(&s->span);
	return -ENXIO;
}

static int
signal_store(struct client_endpoint *ep, struct signal *s, bool later)
{
	if (later)
		return client_worker_signal(ep, &s->span, (uint64_t)s->offset, s->value);
	return client_store(&s->span, (uint64_t)s->offset, s->value);
}

static int
signal_all(struct client_endpoint *ep, struct signal all[], int count, bool of_peer)
{
	bool worker = !of_peer && client_worker_wanted() && ep->mine != NULL;
	bool later = worker && !ep->forked;
	struct scif_half *half = of_peer ? ep->peer : ep->mine;
	int found = 0, ret = 0;

	/* All are found before any is stored. */
	for (; ret == 0 && found < count; found++)
		ret = signal_find(ep, &all[found]);
	if (ret < 0)
		found--;
	/* Of this side too what a worker had begun before a fork. Without one nothing is counted
	 * here, but for what a peer may have written.
	 */
	if (ret == 0 && (of_peer || (worker && !later)))
		ret = wait_done(ep, half, begun(half));
	for (int i = 0; ret == 0 && i < count; i++)
		ret = signal_store(ep, &all[i], later);
	for (int i = 0; i < found; i++)
		client_span_put(&all[i].span);
	return ret;
}

static int
far_signal(struct client_endpoint *ep, int64_t loff, uint64_t lval, int64_t roff, uint64_t rval,
	   int flags)
{
	struct scif_request rq = {
		.op = SCIF_REQUEST_SIGNAL,
		.arg = {(uint64_t)loff, lval, (uint64_t)roff, rval, (uint64_t)flags},
	};
	int64_t value;

	return client_call_wait(ep, &rq, &value);
}

static int
check_signal(int64_t loff, int64_t roff, int flags)
{
	int by = flags & (SCIF_FENCE_INIT_SELF | SCIF_FENCE_INIT_PEER);
	int where = flags & (SCIF_SIGNAL_LOCAL | SCIF_SIGNAL_REMOTE);

	if ((flags & ~(by | where)) != 0 || where == 0 ||
	    (by != SCIF_FENCE_INIT_SELF && by != SCIF_FENCE_INIT_PEER))
		return -EINVAL;
	if (((where & SCIF_SIGNAL_LOCAL) != 0 && loff % 4 != 0) ||
	    ((where & SCIF_SIGNAL_REMOTE) != 0 && roff % 4 != 0))
		return -EINVAL;
	return 0;
}

int
client_fence_signal(struct client_endpoint *ep, int64_t loff, uint64_t lval, int64_t roff,
		    uint64_t rval, int flags)
{
	bool of_peer = (flags & SCIF_FENCE_INIT_PEER) != 0;
	struct signal all[2];
	int ret = verify(ep), count = 0;

	if (ret == 0)
		ret = check_signal(loff, roff, flags);
	if (ret < 0)
		return ret;
	if (of_peer && ep->far)
		return far_signal(ep, loff, lval, roff, rval, flags);
	if ((flags & SCIF_SIGNAL_LOCAL) != 0)
		all[count++] = (struct signal){CLIENT_SIDE_OWN, loff, lval, {0}};
	if ((flags & SCIF_SIGNAL_REMOTE) != 0)
		all[count++] = (struct signal){CLIENT_SIDE_PEER, roff, rval, {0}};
	return signal_all(ep, all, count, of_peer);
}
