/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <sched.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "bus_relax.h"
#include "serve.h"

/* One thread does all of it:
 *
 *   messages -> step -> messages ...   as long as there is something to do, and a while longer
 *                                      where clients post into shared rings, as those say nothing
 *   asleep   -> step -> poll           who posts from here on makes a socket readable
 *
 * Between two such rounds it looks at control clients and signals, without waiting.
 */

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_US UINT64_C(1000)
/* Looking at a socket is a system call, a step is not: so many steps for one look. */
#define STEPS_PER_LOOK 16u
/* How long a round may last when clients keep it busy: control clients wait for that. */
#define ROUND_NS UINT64_C(1000000)

enum {
	AT_SIGNAL,
	AT_CTL,
	AT_CTL_CLIENTS,
	AT_LISTENERS = AT_CTL_CLIENTS + CTL_CLIENTS,
	AT_SOCKETS = AT_LISTENERS + SERVE_LISTENERS,
	POLLED = AT_SOCKETS + SERVE_SOCKETS
};

uint64_t
serve_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* ---- Work ---- */

static unsigned int
work(struct serve *s)
{
	unsigned int done = 0;

	/* Each as many messages as the next, and then the next. */
	for (unsigned int i = 0; i < s->sockets; i++)
		if (s->socket[i].server != NULL)
			done += vfu_server_work(s->socket[i].server);
	if (s->kind->tidy != NULL)
		s->kind->tidy(s);
	return done;
}

static uint64_t
step(struct serve *s, uint64_t now)
{
	return s->dev->ops->step(s->dev, now);
}

/* A number that changes when anything is posted into a shared ring. */
static uint32_t
posted(const struct serve *s)
{
	return s->kind->posted != NULL ? s->kind->posted(s) : 0;
}

static bool
shares(const struct serve *s)
{
	for (unsigned int i = 0; i < s->sockets; i++)
		if (s->socket[i].server != NULL && vfu_server_shares(s->socket[i].server))
			return true;
	return false;
}

/* Has anything come since the last look? */
static bool
look(struct serve *s, uint32_t *sum)
{
	uint32_t before = *sum;
	bool came = work(s) > 0;

	*sum = posted(s);
	return came || *sum != before;
}

/* Work until nothing has come for `spin` ns and the device wants no step at once, or the round is
 * over. Returns whether the latter.
 */
static bool
round_busy(struct serve *s, uint64_t spin)
{
	uint64_t now = serve_now_ns(), end = now + ROUND_NS, idle = now + spin;
	uint32_t sum = posted(s);
	bool busy;

	for (unsigned int n = 0; now < end; n++, now = serve_now_ns()) {
		busy = step(s, now) <= now;
		if (n % STEPS_PER_LOOK != 0)
			bus_relax(0);
		else if (look(s, &sum))
			idle = now + spin;
		else if (now >= idle && !busy)
			return false;
		else
			/* Where there are fewer CPUs than pollers, who posts needs this one. */
			sched_yield();
	}
	return true;
}

/* ---- Sleep ---- */

static void
collect(const struct serve *s, struct pollfd p[POLLED])
{
	p[AT_SIGNAL] = (struct pollfd){.fd = s->signal_fd, .events = POLLIN};
	p[AT_CTL] = (struct pollfd){.fd = s->ctl_fd, .events = POLLIN};
	ctl_clients_collect(&s->ctl, p + AT_CTL_CLIENTS);
	for (unsigned int i = 0; i < SERVE_LISTENERS; i++)
		p[AT_LISTENERS + i] = (struct pollfd){
			.fd = i < s->listeners && !s->listener[i].full ? s->listener[i].fd : -1,
			.events = POLLIN,
		};
	for (unsigned int i = 0; i < s->sockets; i++)
		p[AT_SOCKETS + i] = (struct pollfd){
			.fd = s->socket[i].server != NULL ? vfu_server_fd(s->socket[i].server) : -1,
			.events = POLLIN,
		};
}

static int
poll_until(struct serve *s, struct pollfd p[POLLED], uint64_t deadline)
{
	nfds_t n = AT_SOCKETS + s->sockets;
	struct timespec wait = {0};
	uint64_t now = serve_now_ns();
	int ready;

	if (deadline != BUS_NO_DEADLINE && deadline > now) {
		wait.tv_sec = (time_t)((deadline - now) / NS_PER_S);
		wait.tv_nsec = (long)((deadline - now) % NS_PER_S);
	}
	if (s->kind->sleeps != NULL)
		s->kind->sleeps(s, true);
	ready = ppoll(p, n, deadline == BUS_NO_DEADLINE ? NULL : &wait, NULL);
	if (s->kind->sleeps != NULL)
		s->kind->sleeps(s, false);
	return ready;
}

static int
sleep_until_needed(struct serve *s, struct pollfd p[POLLED])
{
	uint64_t deadline, other;
	int ready;

	for (unsigned int i = 0; i < s->sockets; i++)
		if (s->socket[i].server != NULL)
			vfu_server_asleep(s->socket[i].server);
	/* What was posted before they were told. */
	deadline = step(s, serve_now_ns());
	for (unsigned int i = 0; i < s->sockets; i++) {
		if (s->socket[i].server == NULL)
			continue;
		other = vfu_server_deadline(s->socket[i].server);
		deadline = other < deadline ? other : deadline;
	}
	ready = poll_until(s, p, deadline);
	for (unsigned int i = 0; i < s->sockets; i++)
		if (s->socket[i].server != NULL)
			vfu_server_awake(s->socket[i].server);
	return ready;
}

/* ---- The loop ---- */

static int
signal_taken(const struct serve *s)
{
	struct signalfd_siginfo info;

	return read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)
		       ? (int)info.ssi_signo
		       : 0;
}

static void
serve_others(struct serve *s, const struct pollfd p[POLLED])
{
	ctl_clients_serve(&s->ctl, p + AT_CTL_CLIENTS);
	if (p[AT_CTL].revents != 0)
		ctl_clients_accept(&s->ctl, s->ctl_fd, &s->service);
	for (unsigned int i = 0; i < s->listeners; i++)
		if (p[AT_LISTENERS + i].revents != 0)
			s->kind->accept(s, i);
}

int
serve_loop(struct serve *s)
{
	uint64_t spin = s->options.spin_us * NS_PER_US;
	struct pollfd p[POLLED];
	int ready, sig = 0;
	bool busy;

	while (sig == 0) {
		busy = round_busy(s, shares(s) ? spin : 0);
		collect(s, p);
		ready = busy ? poll_until(s, p, 0) : sleep_until_needed(s, p);
		if (ready <= 0)
			continue;
		serve_others(s, p);
		if (p[AT_SIGNAL].revents != 0)
			sig = signal_taken(s);
	}
	return sig;
}
