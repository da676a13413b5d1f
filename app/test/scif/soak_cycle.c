/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "soak_window.h"
#include "test.h"

/* One thread of a process that does nothing else, and a node that stays: everything once, again and
 * again, with itself. What is left after many times is a leak, however small it is each time.
 */

#define WARM   64 /* until tables are as large as they will be */
#define CYCLES 64
#define BYTES  (8L * CYCLES) /* less than any record */
#define PAGES_LEFT 24L       /* less than a page each time */

#define MUST(what)                                                                                 \
	do {                                                                                       \
		errno = 0;                                                                         \
		if (!(what))                                                                       \
			soak_fail("by itself: " #what ": errno %s", soak_errno_name(errno));       \
	} while (0)

struct own {
	scif_epd_t listener, c, a;
	struct soak_window *local; /* of c */
	struct soak_window *window[NB_ALL_KINDS]; /* of a */
};

static void
join(struct own *o)
{
	struct scif_portID to = {soak_self.node, 0}, peer;
	struct scif_pollepd ready;
	int port;

	MUST((o->listener = scif_open()) >= 0);
	MUST((port = scif_bind(o->listener, 0)) > 0);
	soak_port_used((uint32_t)port);
	MUST(scif_listen(o->listener, 2) == 0);
	to.port = (uint16_t)port;
	MUST((o->c = scif_open()) >= 0);
	fcntl(o->c, F_SETFL, O_NONBLOCK);
	MUST(scif_connect(o->c, &to) == -1 && errno == EINPROGRESS);
	MUST(scif_accept(o->listener, &peer, &o->a, SCIF_ACCEPT_SYNC) == 0);
	ready = (struct scif_pollepd){o->c, SCIF_POLLOUT, 0};
	MUST(scif_poll(&ready, 1, -1) == 1);
	MUST((port = scif_connect(o->c, &to)) > 0);
	soak_port_used((uint32_t)port);
}

static void
stream(const struct own *o)
{
	struct pollfd shown = {.events = POLLIN};
	char bytes[100] = "bytes";

	MUST((shown.fd = scif_get_fd(o->a)) >= 0);
	MUST(scif_send(o->c, bytes, sizeof(bytes), SCIF_SEND_BLOCK) == sizeof(bytes));
	MUST(poll(&shown, 1, -1) == 1);
	MUST(scif_recv(o->a, bytes, sizeof(bytes), SCIF_RECV_BLOCK) == sizeof(bytes));
}

/* All have to be the parent's still, once it has gone. */
static void
child(const struct own *o)
{
	pid_t pid;
	int status;
	char byte;

	MUST((pid = fork()) >= 0);
	if (pid == 0)
		_exit(scif_send(o->c, "x", 1, SCIF_SEND_BLOCK) != 1);
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	MUST(scif_recv(o->a, &byte, 1, SCIF_RECV_BLOCK) == 1);
}

static struct soak_window *
window_of(scif_epd_t epd, enum kind kind)
{
	const int64_t a[SOAK_ARGS] = {0, 2, RW, kind, -1, 1};
	struct soak_window *w = soak_window_new(a, true);

	MUST((w->offset = scif_register(epd, w->memory, w->len, 0, w->prot, 0)) >= 0);
	return w;
}

static void
transfer(const struct own *o, const struct soak_window *w)
{
	char bytes[200];
	int mark;

	MUST(scif_vreadfrom(o->c, bytes, sizeof(bytes), w->offset, 0) == 0);
	MUST(scif_vwriteto(o->c, bytes, sizeof(bytes), w->offset, SCIF_RMA_SYNC) == 0);
	MUST(scif_readfrom(o->c, o->local->offset, 64, w->offset + 8, 0) == 0);
	MUST(scif_writeto(o->c, o->local->offset, 64, w->offset + 8, SCIF_RMA_ORDERED) == 0);
	/* The peer first, that waits for all there is; where a thread carries it out. */
	MUST(scif_fence_mark(o->a, SCIF_FENCE_INIT_PEER, &mark) == 0);
	MUST(scif_fence_wait(o->a, mark) == 0);
	MUST(scif_fence_mark(o->c, SCIF_FENCE_INIT_SELF, &mark) == 0);
	MUST(scif_fence_wait(o->c, mark) == 0);
	MUST(scif_fence_signal(o->c, o->local->offset, 1, w->offset, 2,
			       SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_LOCAL | SCIF_SIGNAL_REMOTE) == 0);
	MUST(scif_fence_signal(o->c, o->local->offset, 1, w->offset, 2,
			       SCIF_FENCE_INIT_PEER | SCIF_SIGNAL_LOCAL | SCIF_SIGNAL_REMOTE) == 0);
}

static void
map(const struct own *o, const struct soak_window *w)
{
	void *at;

	at = scif_mmap(NULL, w->len, RW, 0, o->c, w->offset);
	if (w->kind == COPIED) {
		MUST(at == SCIF_MMAP_FAILED);
		return;
	}
	MUST(at != SCIF_MMAP_FAILED);
	*(volatile char *)at = 1;
	MUST(scif_munmap(at, w->len) == 0);
}

/* Some are unregistered, others end with their endpoint. */
static void
cycle(bool unregister)
{
	struct own o = {0};

	join(&o);
	stream(&o);
	o.local = window_of(o.c, PRIVATE);
	for (enum kind kind = 0; kind < NB_ALL_KINDS; kind++) {
		o.window[kind] = window_of(o.a, kind);
		transfer(&o, o.window[kind]);
		map(&o, o.window[kind]);
	}
	child(&o);
	for (enum kind kind = 0; unregister && kind < NB_ALL_KINDS; kind++)
		MUST(scif_unregister(o.a, o.window[kind]->offset, o.window[kind]->len) == 0);
	MUST(scif_close(o.c) == 0);
	MUST(scif_close(o.a) == 0);
	MUST(scif_close(o.listener) == 0);
	soak_window_free(o.local);
	for (enum kind kind = 0; kind < NB_ALL_KINDS; kind++)
		soak_window_free(o.window[kind]);
}

static void
cycles(unsigned int n, const struct soak_left *first)
{
	for (unsigned int i = 0; i < n; i++) {
		soak_begin(SOAK_CYCLE);
		cycle(i % 2 != 0);
		soak_done(SOAK_CYCLE, 0);
		/* Stacks of threads are used again once those have gone. */
		soak_left_check(first);
	}
}

void
soak_cycles(const struct soak_left *first)
{
	struct soak_left before, after;
	long bytes;

	cycles(WARM, first);
	soak_left_of(getpid(), &before);
	bytes = soak_heap();
	cycles(CYCLES, first);
	soak_left_of(getpid(), &after);
	if (soak_heap() > bytes + BYTES)
		soak_fail("by itself: %ld bytes are allocated after %d cycles, %ld before",
			  soak_heap(), CYCLES, bytes);
	if (after.pages > before.pages + PAGES_LEFT)
		soak_fail("by itself: %ld pages are mapped after %d cycles, %ld before",
			  after.pages, CYCLES, before.pages);
}
