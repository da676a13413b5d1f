/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "client.h"

/* Looks before the other side is given the CPU, where it may need this one. */
#define LOOKS_PER_YIELD 256u
#define NS_PER_US       1000

uint64_t
client_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int
client_verify(const struct client_endpoint *ep)
{
	switch (client_state(ep)) {
	case SCIF_CONNECTED:
		return atomic_load_explicit(&ep->client->dead, memory_order_relaxed) ? -ENODEV : 0;
	case SCIF_DISCONNECTED:
		return -ECONNRESET;
	default:
		/* An engine that ends closes all endpoints that there are. */
		return ep->mine != NULL && client_is_dead(ep->client) ? -ENODEV : -ENOTCONN;
	}
}

static bool
is_over(client_ready *ready, struct client_endpoint *ep)
{
	return ready(ep) || atomic_load_explicit(&ep->closing, memory_order_relaxed);
}

/* Look for a while: who answers at once is not waited for asleep. */
static bool
spin(struct client_endpoint *ep, client_ready *ready)
{
	uint64_t end;

	if (is_over(ready, ep))
		return true;
	if (ep->client->spin_us == 0)
		return false;
	end = client_now_ns() + (uint64_t)ep->client->spin_us * NS_PER_US;
	do {
		for (unsigned int i = 0; i < LOOKS_PER_YIELD; i++) {
			if (is_over(ready, ep))
				return true;
			client_pause();
		}
	} while (client_now_ns() < end);
	return false;
}

_Atomic uint32_t *
client_bell(struct client_endpoint *ep, _Atomic uint32_t **sleepers)
{
	if (ep->mine != NULL) {
		*sleepers = &ep->mine->sleepers;
		return &ep->mine->bell;
	}
	*sleepers = &ep->ctl->sleepers;
	return &ep->ctl->bell;
}

static int
wait_asleep(struct client_endpoint *ep, client_ready *ready, bool whole)
{
	CLIENT_UNCANCELLED;
	_Atomic uint32_t *sleepers, *bell = client_bell(ep, &sleepers);
	sigset_t mask;
	uint32_t was;
	int ret = 0;

	client_hold_signals(&mask);
	/* Pairs with who rings: changes something, then looks for sleepers. All sequentially
	 * consistent, so either it sees this one, or this one sees the change.
	 */
	atomic_fetch_add(sleepers, 1);
	for (;;) {
		was = atomic_load(bell);
		if (is_over(ready, ep))
			break;
		client_futex_wait(bell, was, CLIENT_SLICE_MS);
		if (is_over(ready, ep))
			break;
		ret = client_let_in(&mask, whole);
		if (ret == 0 && client_is_dead(ep->client))
			ret = -ENODEV;
		if (ret < 0)
			break;
	}
	atomic_fetch_sub(sleepers, 1);
	client_release_signals(&mask);
	return ret;
}

int
client_wait(struct client_endpoint *ep, client_ready *ready, bool whole)
{
	return spin(ep, ready) ? 0 : wait_asleep(ep, ready, whole);
}

/* One that was killed has ended, also while nobody has asked what became of it. */
bool
client_has_ended(int32_t pid)
{
	struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	bool ended;

	if (p.fd < 0)
		return errno == ESRCH || (kill(pid, 0) < 0 && errno == ESRCH);
	ended = poll(&p, 1, 0) == 1;
	close(p.fd);
	return ended;
}
