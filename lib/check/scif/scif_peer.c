/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The engine's surroundings: memory that is a row of a table, time that stands still, and an
 * application that asks.
 */
#include "scif_peer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* Descriptors are rows of the table, and this. */
#define FD_FIRST 100

static int
row_take(struct peer *p, size_t size, void **base)
{
	for (int i = 0; i < PEER_MEMORIES; i++) {
		if (p->memory[i].base != NULL)
			continue;
		*base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(*base, MAP_FAILED);
		p->memory[i].base = *base;
		p->memory[i].size = size;
		p->memories++;
		return FD_FIRST + i;
	}
	return -ENOMEM;
}

static int
host_memory(void *arg, size_t size, struct scif_memory *memory)
{
	struct peer *p = arg;
	int fd = p->no_memory ? -ENOMEM : row_take(p, size, &memory->base);

	if (fd < 0)
		return fd;
	memory->fd = fd;
	memory->size = size;
	p->memory[fd - FD_FIRST].number = memory->number;
	return 0;
}

static void
host_memory_free(void *arg, struct scif_memory *memory)
{
	struct peer *p = arg;
	int row = memory->fd - FD_FIRST;

	if (row < 0 || row >= PEER_MEMORIES || p->memory[row].base == NULL)
		return;
	munmap(p->memory[row].base, p->memory[row].size);
	p->memory[row].base = NULL;
	p->memories--;
}

static int
host_memory_check(void *arg, int fd, uint64_t size)
{
	struct peer *p = arg;
	int row = fd - FD_FIRST;

	if (row < 0 || row >= PEER_MEMORIES || p->memory[row].base == NULL)
		return -EBADF;
	return size <= p->memory[row].size ? 1 : -EFAULT;
}

static int
host_memory_reader(void *arg, int fd)
{
	(void)arg;
	return fd;
}

static int
host_store(void *arg, const struct scif_memory *memory, uint64_t offset, const void *bytes,
	   size_t len)
{
	struct peer *p = arg;

	assert_true(len <= 8);
	if (p->stores < PEER_STORES) {
		p->store[p->stores].fd = memory->fd;
		p->store[p->stores].offset = offset;
		p->store[p->stores].value = 0;
		memcpy(&p->store[p->stores].value, bytes, len);
	}
	p->stores++;
	return 0;
}

static void
host_wake(void *arg, _Atomic uint32_t *word)
{
	(void)arg, (void)word;
}

static int
host_gate(void *arg, struct scif_gate *gate)
{
	(void)arg, (void)gate;
	return -ENOSYS;
}

static void
host_gate_show(void *arg, struct scif_gate *gate, short events)
{
	(void)arg, (void)gate, (void)events;
}

static void
host_gate_free(void *arg, struct scif_gate *gate)
{
	(void)arg, (void)gate;
}

static int
host_fork(void *arg, struct scif_client *client)
{
	(void)arg, (void)client;
	return -ENOSYS;
}

static void
host_node(void *arg, uint16_t node, bool online)
{
	(void)arg, (void)node, (void)online;
}

static void
host_log(void *arg, const char *line)
{
	struct peer *p = arg;

	if (getenv("SCIF_PEER_LOG") != NULL)
		print_message("%s\n", line);
	p->lines++;
}

static const struct scif_host_ops host_ops = {
	.memory = host_memory,
	.memory_free = host_memory_free,
	.memory_check = host_memory_check,
	.memory_reader = host_memory_reader,
	.store = host_store,
	.wake = host_wake,
	.gate = host_gate,
	.gate_show = host_gate_show,
	.gate_free = host_gate_free,
	.fork = host_fork,
	.node = host_node,
	.log = host_log,
};

/* ---- The application ---- */

int
ask_more(struct peer *p, const struct scif_request *rq, int fd)
{
	assert_true(scif_engine_request(p->engine, p->client, rq, sizeof(*rq), &fd, &p->reply,
					p->fds));
	return -p->reply.error;
}

int
ask(struct peer *p, enum scif_request_op op, uint32_t endpoint, uint64_t a0, uint64_t a1,
    uint64_t a2)
{
	const struct scif_request rq = {.op = op, .endpoint = endpoint, .arg = {a0, a1, a2}};

	return ask_more(p, &rq, -1);
}

uint32_t
state_of(const struct peer *p, uint32_t endpoint)
{
	return p->board->ctl[endpoint].state;
}

int
outcome(const struct peer *p, uint32_t slot, uint32_t ticket, int64_t *value)
{
	const struct scif_slot *s = &p->board->slot[slot];

	if (s->done != ticket)
		return -EINPROGRESS;
	if (value != NULL)
		*value = s->value;
	return -s->error;
}

unsigned int
nodes(struct peer *p)
{
	assert_int_equal(ask(p, SCIF_REQUEST_NODES, 0, 0, 0, 0), 0);
	return (unsigned int)p->reply.value[0];
}

int
peer_fd(struct peer *p, size_t size)
{
	void *base;
	int fd = row_take(p, size, &base);

	assert_true(fd >= 0);
	return fd;
}

void
peer_step(struct peer *p, uint64_t ms)
{
	p->now += ms * 1000000;
	scif_engine_step(p->engine, p->now);
}

/* ---- Begin and end ---- */

static void
card_begin(struct peer *p, unsigned int i)
{
	struct card *c = &p->card[i];

	c->peer = p;
	c->node = (uint16_t)(i + 1);
	scif_loop_init(&c->loop);
	c->bytes = mmap(NULL, CARD_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(c->bytes, MAP_FAILED);
	c->memory = (struct scif_memory){
		.base = c->bytes,
		.size = CARD_BYTES,
		.fd = 50 + (int)i,
		.number = 1,
	};
	assert_int_equal(c->loop.end[1].bus.ops->share(&c->loop.end[1].bus, &c->memory,
							&c->address),
			 0);
	assert_int_equal(scif_engine_link_add(p->engine, c->node, &c->loop.end[0].bus), 0);
}

int
peer_begin(void **state)
{
	const struct scif_engine_config config = {.ring_size = 4096, .no_peers = true};
	const struct scif_credentials who = {.pid = 1, .privileged = true};
	struct peer *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->engine = scif_engine_create(&config, &host_ops, p);
	assert_non_null(p->engine);
	assert_int_equal(scif_engine_client_add(p->engine, &who, NULL, &p->client), 0);
	assert_int_equal(ask(p, SCIF_REQUEST_HELLO, 0, SCIF_REQUEST_VERSION, 0, 0), 0);
	assert_int_equal(p->reply.fds, 1);
	p->board = p->memory[p->fds[0] - FD_FIRST].base;
	card_begin(p, 0);
	card_begin(p, 1);
	*state = p;
	return 0;
}

int
peer_begin_up(void **state)
{
	peer_begin(state);
	card_up(&((struct peer *)*state)->card[0]);
	return 0;
}

/* Whatever happened: with its client gone, the engine can be ended and has nothing left. */
int
peer_end(void **state)
{
	struct peer *p = *state;

	scif_engine_client_remove(p->engine, p->client);
	scif_engine_step(p->engine, p->now);
	scif_engine_destroy(p->engine);
	for (int i = 0; i < 2; i++) {
		scif_loop_free(&p->card[i].loop);
		munmap(p->card[i].bytes, CARD_BYTES);
	}
	assert_int_equal(p->memories, 0);
	free(p);
	return 0;
}
