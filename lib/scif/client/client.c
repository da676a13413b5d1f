/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"

/* How long a thread that waits for the engine sleeps before it asks whether there is one. */
#define ALIVE_MS 100
/* Who looks notices no signal, and nobody who is gone. */
#define SPIN_US_MAX 100000

void
client_lock_slow(struct client_lock *lock)
{
	while (atomic_exchange(&lock->word, 2) != 0)
		client_futex_wait(&lock->word, 2, -1);
}

/* ---- Requests ---- */

static void
close_fds(const struct scif_reply *reply, const int fds[])
{
	for (uint32_t i = 0; i < reply->fds; i++)
		close(fds[i]);
}

int
client_ask(struct client *c, struct scif_request *rq, int fd, struct scif_reply *reply,
	   int fds[SCIF_REQUEST_FDS])
{
	int ret;

	if (atomic_load_explicit(&c->dead, memory_order_relaxed))
		return -ENODEV;
	ret = c->link->call(c->link, rq, fd, reply, fds);
	if (ret < 0) {
		atomic_store(&c->dead, true);
		return ret;
	}
	if (reply->error != 0)
		close_fds(reply, fds);
	return -reply->error;
}

int
client_call(struct client_endpoint *ep, struct scif_request *rq, struct scif_reply *reply)
{
	int fds[SCIF_REQUEST_FDS], ret;

	rq->endpoint = ep->index;
	ret = client_ask(ep->client, rq, -1, reply, fds);
	if (ret == 0)
		close_fds(reply, fds);
	return ret;
}

bool
client_is_dead(struct client *c)
{
	if (!atomic_load_explicit(&c->dead, memory_order_relaxed) && !c->link->alive(c->link))
		atomic_store(&c->dead, true);
	return atomic_load_explicit(&c->dead, memory_order_relaxed);
}

/* ---- Requests that take time ---- */

static bool
slot_try(struct client *c, struct scif_request *rq)
{
	bool taken = false;

	client_lock(&c->lock);
	for (uint32_t w = 0; !taken && w < SCIF_BOARD_SLOTS / 64; w++) {
		if (c->slot[w] == UINT64_MAX)
			continue;
		rq->slot = w * 64 + (uint32_t)__builtin_ctzll(~c->slot[w]);
		c->slot[w] |= UINT64_C(1) << rq->slot % 64;
		taken = true;
	}
	rq->ticket = ++c->ticket != 0 ? c->ticket : ++c->ticket;
	client_unlock(&c->lock);
	return taken;
}

void
client_slot_take(struct client *c, struct scif_request *rq)
{
	while (!slot_try(c, rq))
		sched_yield();
}

void
client_slot_free(struct client *c, uint32_t slot)
{
	client_lock(&c->lock);
	c->slot[slot / 64] &= ~(UINT64_C(1) << slot % 64);
	client_unlock(&c->lock);
}

static int
slot_wait(struct client *c, const struct scif_request *rq, int64_t *value)
{
	struct scif_slot *s = &c->board->slot[rq->slot];
	uint32_t done;

	/* Pairs with the release of the engine: the outcome is there. */
	while ((done = atomic_load_explicit(&s->done, memory_order_acquire)) != rq->ticket) {
		client_futex_wait(&s->done, done, ALIVE_MS);
		if (client_is_dead(c))
			return -ENODEV;
	}
	*value = s->value;
	return -s->error;
}

int
client_slot_ask(struct client *c, struct scif_request *rq, int fd, int64_t *value)
{
	int fds[SCIF_REQUEST_FDS], ret;
	struct scif_reply reply;

	ret = client_ask(c, rq, fd, &reply, fds);
	if (ret == -EINPROGRESS)
		ret = slot_wait(c, rq, value);
	else if (ret == 0)
		*value = (int64_t)reply.value[0];
	return ret;
}

int
client_slot_call(struct client_endpoint *ep, struct scif_request *rq, int fd, int64_t *value)
{
	rq->endpoint = ep->index;
	return client_slot_ask(ep->client, rq, fd, value);
}

int
client_call_wait(struct client_endpoint *ep, struct scif_request *rq, int64_t *value)
{
	int ret;

	client_slot_take(ep->client, rq);
	ret = client_slot_call(ep, rq, -1, value);
	client_slot_free(ep->client, rq->slot);
	return ret;
}

void
client_tell(struct client_endpoint *ep)
{
	struct scif_board *board = ep->client->board;
	uint32_t word = ep->index / 64;

	/* Pairs with the engine, which says that it sleeps, and then looks here once more. All
	 * sequentially consistent.
	 */
	atomic_fetch_or(&board->tell[word], UINT64_C(1) << ep->index % 64);
	atomic_fetch_or(&board->tell_words[word / 64], UINT64_C(1) << word % 64);
	if (atomic_load(&board->asleep) != 0 && atomic_exchange(&board->asleep, 0) != 0)
		ep->client->link->tell(ep->client->link);
}

/* ---- Memory ---- */

static struct client_memory *
memory_find(const struct client *c, uint64_t number)
{
	for (uint32_t i = 0; i < c->memories; i++)
		if (c->memory[i].number == number)
			return &c->memory[i];
	return NULL;
}

static struct client_memory *
memory_map(struct client *c, uint64_t number, int fd)
{
	struct client_memory *all = realloc(c->memory, (c->memories + 1) * sizeof(*all));
	struct stat st;
	void *base;

	if (all == NULL)
		return NULL;
	c->memory = all;
	if (fstat(fd, &st) < 0)
		return NULL;
	base = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return NULL;
	all[c->memories] = (struct client_memory){number, base, (size_t)st.st_size, 0};
	return &all[c->memories++];
}

void *
client_memory(struct client *c, uint64_t number, int fd)
{
	struct client_memory *m;
	void *base = NULL;

	client_lock(&c->lock);
	m = memory_find(c, number);
	if (m == NULL && fd >= 0)
		m = memory_map(c, number, fd);
	if (m != NULL) {
		m->users++;
		base = m->base;
	}
	client_unlock(&c->lock);
	if (fd >= 0)
		close(fd);
	return base;
}

void
client_memory_put(struct client *c, uint64_t number)
{
	struct client_memory *m;

	client_lock(&c->lock);
	m = memory_find(c, number);
	if (m != NULL && --m->users == 0) {
		munmap(m->base, m->size);
		*m = c->memory[--c->memories];
	}
	client_unlock(&c->lock);
}

/* ---- Begin ---- */

static uint32_t
spin_us(void)
{
	const char *text = getenv("SLIPWAY_SCIF_SPIN_US");
	unsigned long us;
	char *end;

	if (text != NULL && *text >= '0' && *text <= '9') {
		us = strtoul(text, &end, 10);
		if (*end == '\0' && us <= SPIN_US_MAX)
			return (uint32_t)us;
	}
	/* With one CPU the other side cannot do anything meanwhile. */
	return sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 20 : 0;
}

/* How lines pass best from CPU to CPU, as measured: doc/scif/bench_scif.rst. */
static void
tune(struct client *c)
{
	bool amd = false;

#if defined(__x86_64__)
	__builtin_cpu_init();
	amd = __builtin_cpu_is("amd");
#endif
	c->claims = amd;
	c->piece = amd ? 8192 : 2048;
}

static int
board_map(struct client *c, size_t size, int fd)
{
	void *board;

	/* An engine of another version. */
	if (size != sizeof(struct scif_board))
		return -ENXIO;
	board = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (board == MAP_FAILED)
		return -errno;
	c->board = board;
	return 0;
}

int
client_begin(struct client *c, struct client_link *link)
{
	struct scif_request rq = {.op = SCIF_REQUEST_HELLO, .arg = {SCIF_REQUEST_VERSION}};
	int fds[SCIF_REQUEST_FDS], ret;
	struct scif_reply reply;

	c->link = link;
	c->spin_us = spin_us();
	tune(c);
	ret = client_ask(c, &rq, -1, &reply, fds);
	if (ret < 0)
		return ret;
	c->node = (uint16_t)reply.value[0];
	c->ring_size = (uint32_t)reply.value[1];
	c->driver_errno = (reply.value[3] & SCIF_REQUEST_DRIVER_ERRNO) != 0;
	ret = reply.fds == 1 ? board_map(c, reply.value[2], fds[0]) : -EPROTO;
	close_fds(&reply, fds);
	return ret;
}

/* ---- Endpoints in use ---- */

int
client_enter(struct client_endpoint *ep, int name)
{
	/* Pairs with client_close, which says that it closes, and then looks whether anybody is
	 * inside. All sequentially consistent.
	 */
	atomic_fetch_add(&ep->users, 1);
	if (atomic_load(&ep->name) == name && !atomic_load(&ep->closing))
		return 0;
	client_leave(ep);
	return -EBADF;
}

void
client_leave(struct client_endpoint *ep)
{
	if (atomic_fetch_sub(&ep->users, 1) == 1 && atomic_load(&ep->closing))
		client_futex_wake(&ep->users);
}
