/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "client.h"

/* Words that one system call can sleep on. */
#define WORDS_MAX 128
/* Sleep where it cannot, as there are more, or the kernel has no such call. */
#define NAP_MS 1
/* With more than so many, a look at all of them takes too long to be done all the time. */
#define SPIN_MAX 16

/* About 146 years. */
#define TIMEOUT_MAX_MS (LONG_MAX / 2 / NS_PER_MS)

#define NS_PER_MS 1000000
#define NS_PER_US 1000

/* ---- What there is ---- */

static short
stream_events(const struct client_endpoint *ep)
{
	short events = 0;

	if (ep->mine == NULL)
		return 0;
	if (scif_ring_used(ep->rx.at, ep->rx.write_seen, ep->rx.mask) > 0)
		events |= POLLIN;
	if (scif_ring_free(ep->tx.at, ep->tx.read_seen, ep->tx.mask) > 0)
		events |= POLLOUT;
	return events;
}

/* Section 7.1. */
static short
events_of(const struct client_endpoint *ep)
{
	uint32_t attempt = atomic_load(&ep->ctl->attempt);

	if (atomic_load(&ep->closing))
		return POLLERR;
	if (attempt != SCIF_ATTEMPT_NONE)
		return attempt == SCIF_ATTEMPT_DONE ? POLLOUT : 0;
	switch (client_state(ep)) {
	case SCIF_LISTENING:
		return atomic_load(&ep->ctl->pending) != 0 ? POLLIN : 0;
	case SCIF_CONNECTED:
		return atomic_load(&ep->client->dead) ? POLLHUP | stream_events(ep)
						      : stream_events(ep);
	case SCIF_DISCONNECTED:
		return POLLHUP | stream_events(ep);
	default:
		/* An engine that ends closes all endpoints that there are. */
		return ep->mine != NULL && client_is_dead(ep->client)
			       ? POLLHUP | stream_events(ep)
			       : POLLERR;
	}
}

static int
look(struct client_poll all[], unsigned int count)
{
	int found = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (all[i].ep != NULL)
			all[i].revents = events_of(all[i].ep) &
					 (all[i].events | POLLERR | POLLHUP);
		found += all[i].revents != 0;
	}
	return found;
}

/* ---- Sleep ---- */

/* A thread that sleeps, and what it has to undo should it be cancelled. */
struct sleeper {
	struct client_poll *all;
	unsigned int count;
	struct pollfd *fds;
	sigset_t mask; /* signals come in with that */
	int cancel;    /* it is cancelled if that says so */
};

static void
count_in(struct client_poll all[], unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (all[i].ep == NULL)
			continue;
		client_bell(all[i].ep, &all[i].sleepers);
		atomic_fetch_add(all[i].sleepers, 1);
	}
}

static void
count_out(const struct client_poll all[], unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (all[i].sleepers != NULL)
			atomic_fetch_sub(all[i].sleepers, 1);
}

static void
cancelled(void *arg)
{
	struct sleeper *s = arg;

	count_out(s->all, s->count);
	for (unsigned int i = 0; i < s->count; i++)
		if (s->all[i].ep != NULL)
			client_leave(s->all[i].ep);
	free(s->fds);
	free(s->all);
	client_release_signals(&s->mask);
}

/* Between two sleeps, under cancelled(). */
static void
let_cancel(const struct sleeper *s)
{
	int whole;

	pthread_setcancelstate(s->cancel, &whole);
	pthread_testcancel();
	pthread_setcancelstate(whole, NULL);
}

static unsigned int
collect(const struct client_poll all[], unsigned int count, struct client_word words[WORDS_MAX])
{
	_Atomic uint32_t *sleepers, *bell;
	unsigned int n = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (all[i].ep == NULL)
			continue;
		if (n == WORDS_MAX)
			return 0;
		bell = client_bell(all[i].ep, &sleepers);
		words[n++] = (struct client_word){
			.was = atomic_load(bell),
			.address = (uintptr_t)bell,
		};
	}
	return n;
}

/* Signals come in with that mask. */
static int
nap(long ms, const sigset_t *mask)
{
	struct timespec ts = {ms / 1000, ms % 1000 * NS_PER_MS};

	return ppoll(NULL, 0, &ts, mask) < 0 ? -errno : 0;
}

/* Until a bell rings, or for so long: 0, or -EINTR. */
static int
sleep_on(struct client_word words[], unsigned int n, unsigned int count, long ms,
	 const sigset_t *mask)
{
	if (n == 0)
		return nap(count == 0 || ms < NAP_MS ? ms : NAP_MS, mask);
	return nap(client_sleep_any(words, n, ms) == -ENOSYS ? NAP_MS : 0, mask);
}

static long
slice(uint64_t end, long timeout_ms)
{
	uint64_t now;

	if (timeout_ms < 0)
		return CLIENT_SLICE_MS;
	now = client_now_ns();
	if (now >= end)
		return 0;
	now = (end - now + NS_PER_MS - 1) / NS_PER_MS;
	return now < CLIENT_SLICE_MS ? (long)now : CLIENT_SLICE_MS;
}

static void
look_for_engine(const struct client_poll all[], unsigned int count)
{
	const struct client *last = NULL;

	for (unsigned int i = 0; i < count; i++) {
		if (all[i].ep == NULL || all[i].ep->client == last)
			continue;
		last = all[i].ep->client;
		client_is_dead(all[i].ep->client);
	}
}

/* A function of its own beneath pthread_cleanup_push, which is setjmp: so is poll_mixed. */
static __attribute__((noinline)) int
sleep_until(const struct sleeper *s, uint64_t end, long timeout_ms)
{
	struct client_poll *all = s->all;
	unsigned int count = s->count;
	struct client_word words[WORDS_MAX];
	unsigned int n;
	int found;
	long ms;

	for (;;) {
		n = collect(all, count, words);
		found = look(all, count);
		ms = slice(end, timeout_ms);
		if (found != 0 || ms == 0)
			return found;
		if (sleep_on(words, n, count, ms, &s->mask) < 0)
			return -EINTR;
		let_cancel(s);
		look_for_engine(all, count);
	}
}

static int
sleep_counted(struct sleeper *s, uint64_t end, long timeout_ms)
{
	int found;

	client_hold_signals(&s->mask);
	/* Pairs with who rings a bell, as in client_wait. */
	count_in(s->all, s->count);
	pthread_cleanup_push(cancelled, s);
	found = sleep_until(s, end, timeout_ms);
	pthread_cleanup_pop(0);
	count_out(s->all, s->count);
	client_release_signals(&s->mask);
	return found;
}

/* Look for a while: what comes at once is not waited for asleep. */
static int
spin(struct client_poll all[], unsigned int count, long timeout_ms)
{
	uint64_t end;
	int found = 0;

	if (count == 0 || count > SPIN_MAX || all[0].ep == NULL)
		return 0;
	end = client_now_ns() + (uint64_t)all[0].ep->client->spin_us * NS_PER_US;
	for (unsigned int i = 0; found == 0 && timeout_ms != 0; i++) {
		found = look(all, count);
		if (i % 64 == 0 && client_now_ns() >= end)
			break;
	}
	return found;
}

/* When the time is over; so long that it cannot be counted is forever. */
static uint64_t
end_of(long *timeout_ms)
{
	if (*timeout_ms > TIMEOUT_MAX_MS)
		*timeout_ms = -1;
	return client_now_ns() + (uint64_t)(*timeout_ms < 0 ? 0 : *timeout_ms) * NS_PER_MS;
}

int
client_poll(struct client_poll all[], unsigned int count, long timeout_ms, int cancel)
{
	struct sleeper s = {.all = all, .count = count, .cancel = cancel};
	uint64_t end = end_of(&timeout_ms);
	int found = look(all, count);

	if (found != 0 || timeout_ms == 0)
		return found;
	found = spin(all, count, timeout_ms);
	return found != 0 ? found : sleep_counted(&s, end, timeout_ms);
}

/* ---- With other descriptors ---- */

/* Have the kernel look at all of them: endpoints show their events at theirs. */
static int
look_by_kernel(struct client_poll all[], struct pollfd fds[], unsigned int count, long ms,
	       const sigset_t *mask)
{
	struct timespec ts = {ms / 1000, ms % 1000 * NS_PER_MS};
	int n = ppoll(fds, count, &ts, mask);

	for (unsigned int i = 0; i < count; i++)
		if (all[i].fd >= 0)
			all[i].revents = n > 0 ? fds[i].revents : 0;
	return n < 0 ? -errno : n;
}

static int
prepare(const struct client_poll all[], struct pollfd fds[], unsigned int count)
{
	int ret = 0;

	for (unsigned int i = 0; i < count && ret == 0; i++) {
		fds[i] = (struct pollfd){.fd = all[i].fd, .events = all[i].events};
		if (all[i].ep == NULL)
			continue;
		fds[i].fd = atomic_load(&all[i].ep->name);
		ret = client_gate(all[i].ep);
	}
	return ret;
}

static __attribute__((noinline)) int
poll_mixed(const struct sleeper *s, long timeout_ms)
{
	struct client_poll *all = s->all;
	const sigset_t *mask = &s->mask;
	struct pollfd *fds = s->fds;
	unsigned int count = s->count;
	uint64_t end = end_of(&timeout_ms);
	int ret, found;
	long ms;

	for (;;) {
		ret = look_by_kernel(all, fds, count, 0, mask);
		found = look(all, count);
		ms = slice(end, timeout_ms);
		if (ret < 0 || found != 0 || ms == 0)
			return ret < 0 ? ret : found;
		/* What a descriptor shows may be a moment older than what there is. */
		if (ret > 0)
			ret = nap(NAP_MS, mask);
		else
			ret = look_by_kernel(all, fds, count, ms, mask);
		if (ret < 0)
			return ret;
		let_cancel(s);
		look_for_engine(all, count);
	}
}

static int
sleep_mixed(struct sleeper *s, long timeout_ms)
{
	int ret;

	client_hold_signals(&s->mask);
	pthread_cleanup_push(cancelled, s);
	ret = poll_mixed(s, timeout_ms);
	pthread_cleanup_pop(0);
	client_release_signals(&s->mask);
	return ret;
}

int
client_poll_mixed(struct client_poll all[], unsigned int count, long timeout_ms, int cancel)
{
	struct sleeper s = {
		.all = all,
		.count = count,
		.fds = calloc(count, sizeof(*s.fds)),
		.cancel = cancel,
	};
	int ret = -ENOMEM;

	if (s.fds == NULL)
		return ret;
	ret = prepare(all, s.fds, count);
	if (ret == 0)
		ret = sleep_mixed(&s, timeout_ms);
	free(s.fds);
	return ret;
}
