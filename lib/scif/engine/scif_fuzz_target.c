/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_fuzz_target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_input.h"
#include "scif_bus_loop.h"
#include "scif_engine_test_rig.h"
#include "scif_half.h"
#include "scif_priv.h"

#define OPERATIONS_MAX 400u
#define CLIENTS        3u
#define CARD_BYTES     0x40000u
#define CARD_RING      0x10000u
#define HEARD          16u
/* Of memory of a client: a box goes in, behind what it is for. */
#define CLIENT_BYTES (2u << 20)
/* A descriptor that is memory of a client's. */
#define FD_GOOD 5

struct fuzz {
	struct bench b;
	struct scif_host_ops ops;
	struct fuzz_input input;
	struct scif_client *client[CLIENTS];
	struct scif_board *board[CLIENTS];
	struct scif_loop loop;
	struct scif_memory memory;
	uint64_t address;
	struct scif_half *qp; /* the other node's, in its memory */
	struct scif_half *host_qp;
	uint8_t *host_ring;
	uint32_t out, in;
	uint64_t heard[HEARD]; /* words of messages */
	unsigned int next_heard;
	const char *wrong;
};

static uint64_t
take(struct fuzz *f, unsigned int n)
{
	return fuzz_take(&f->input, n);
}

/* ---- Who hosts it ---- */

static int
memory_make(void *arg, size_t size, struct scif_memory *memory)
{
	struct fuzz *f = arg;

	return bench_memory(&f->b, size, memory);
}

/* Of a client's there is only a descriptor. */
static void
memory_end(void *arg, struct scif_memory *memory)
{
	struct fuzz *f = arg;

	if (memory->base != NULL)
		bench_memory_free(&f->b, memory);
}

static int
memory_check(void *arg, int fd, uint64_t size)
{
	(void)arg;
	return fd == FD_GOOD && size <= CLIENT_BYTES ? 1 : -EBADF;
}

/* ---- Clients ---- */

static void
client_come(struct fuzz *f, unsigned int i, struct scif_client *like)
{
	const struct scif_request hello = {
		.op = SCIF_REQUEST_HELLO, .arg = {SCIF_REQUEST_VERSION}};
	const struct scif_credentials who = {.pid = 1 + (int32_t)i, .privileged = i == 0};
	int fds[SCIF_REQUEST_FDS], fd = -1;

	if (f->client[i] != NULL ||
	    scif_engine_client_add(f->b.engine, &who, like, &f->client[i]) < 0)
		return;
	scif_engine_request(f->b.engine, f->client[i], &hello, sizeof(hello), &fd, &f->b.reply,
			    fds);
	f->board[i] = f->b.reply.error == 0 ? f->client[i]->desk->board : NULL;
}

static void
client_go(struct fuzz *f, unsigned int i)
{
	if (f->client[i] != NULL)
		scif_engine_client_remove(f->b.engine, f->client[i]);
	f->client[i] = NULL;
	f->board[i] = NULL;
}

/* A number that means something, or any. */
static uint64_t
take_word(struct fuzz *f)
{
	static const uint64_t odd[] = {UINT64_MAX, UINT32_MAX, UINT64_C(1) << 63, 0x7ffffffff000};
	uint8_t kind = (uint8_t)take(f, 1);

	if (kind < 64)
		return kind;
	if (kind < 128)
		return f->heard[kind % HEARD];
	if (kind < 160)
		return (uint64_t)(kind - 128) * 4096;
	if (kind < 176)
		return f->address + (uint64_t)(kind - 160) * 4096;
	if (kind < 184)
		return odd[kind % 4];
	return take(f, kind % 9);
}

static void
request(struct fuzz *f)
{
	static const uint8_t ops[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
				      32, 33, 34, 35, 36, 37, 48, 49, 50, 51};
	struct scif_request rq = {.slot = 7, .ticket = 9};
	int fds[SCIF_REQUEST_FDS], fd = -1;
	unsigned int who = (unsigned int)take(f, 1);
	size_t len = sizeof(rq);

	rq.op = ops[take(f, 1) % sizeof(ops)];
	rq.endpoint = (uint32_t)take(f, 1);
	rq.endpoint = rq.endpoint < 250 ? rq.endpoint % 8 : (uint32_t)take_word(f);
	for (unsigned int i = 0; i < SCIF_REQUEST_ARGS; i++)
		rq.arg[i] = take_word(f);
	if ((who & 0x40) != 0)
		fd = (who & 0x20) != 0 ? FD_GOOD : 99;
	if ((who & 0x90) == 0x90)
		len = take(f, 1);
	if ((who & 0x0c) == 0x0c)
		rq.slot = (uint32_t)take_word(f);
	if (f->client[who % CLIENTS] == NULL)
		return;
	scif_engine_request(f->b.engine, f->client[who % CLIENTS], &rq,
			    len < sizeof(rq) ? len : sizeof(rq), &fd, &f->b.reply, fds);
	if (f->b.reply.error == 0)
		f->heard[f->next_heard++ % HEARD] =
			f->b.reply.value[take(f, 1) % SCIF_REQUEST_ARGS];
}

static void
board(struct fuzz *f)
{
	unsigned int who = (unsigned int)take(f, 1), at = (unsigned int)take(f, 1);
	struct scif_board *b = f->board[who % CLIENTS];
	uint32_t value = (uint32_t)take_word(f);

	if (b == NULL)
		return;
	if ((who & 0x80) != 0) {
		((_Atomic uint32_t *)(void *)&b->ctl[at % 8])[at / 8 % 16] = value;
		return;
	}
	b->tell[0] |= value;
	b->tell_words[0] |= 1 + ((uint64_t)value << 3);
	b->ctl[at % 8].sent += value % 5;
	b->ctl[at % 8].received += value % 3;
}

/* ---- The other node ---- */

static struct scif_bus *
bus(struct fuzz *f)
{
	return &f->loop.end[1].bus;
}

static void *
reach(struct fuzz *f, uint64_t address, size_t len)
{
	struct scif_view view;

	if (bus(f)->ops->map(bus(f), address, len, &view) < 0)
		return NULL;
	bus(f)->ops->unmap(bus(f), &view);
	return view.base;
}

static void
node_come(struct fuzz *f)
{
	uint64_t qp = bus(f)->ops->peer_qp(bus(f));

	memset(f->qp, 0, SCIF_QP_SIZE);
	f->qp->magic = SCIF_QP_MAGIC;
	f->qp->ring_size = 65536;
	f->qp->local_buf = f->address + CARD_RING;
	f->out = 0;
	f->in = 0;
	bus(f)->ops->publish(bus(f), f->address);
	f->host_qp = reach(f, qp, SCIF_QP_SIZE);
	f->host_ring = f->host_qp != NULL ? reach(f, f->host_qp->local_buf, 65536) : NULL;
	if (f->host_ring == NULL)
		return;
	f->out = f->host_qp->local_write & 65535;
}

static void
hear(struct fuzz *f)
{
	const uint8_t *ring = (const uint8_t *)f->memory.base + CARD_RING;
	struct scif_message m;

	while (f->host_qp != NULL && ((f->qp->local_write - f->in) & 65535) >= sizeof(m)) {
		for (size_t i = 0; i < sizeof(m); i++)
			((uint8_t *)&m)[i] = ring[(f->in + i) & 65535];
		f->in = (f->in + sizeof(m)) & 65535;
		f->host_qp->local_read = f->in;
		for (unsigned int i = 0; i < 4; i++)
			if (m.payload[i] != 0)
				f->heard[f->next_heard++ % HEARD] = m.payload[i];
	}
}

static void
say(struct fuzz *f)
{
	struct scif_message m = {.src.node = 1};

	m.op = (uint32_t)take(f, 1) % (SCIF_OP_MAX + 3);
	m.src.port = (uint16_t)take(f, 1);
	m.dst.port = (uint16_t)take(f, 1);
	for (unsigned int i = 0; i < 4; i++)
		m.payload[i] = take_word(f);
	if (f->host_ring == NULL)
		return;
	for (size_t i = 0; i < sizeof(m); i++)
		f->host_ring[(f->out + i) & 65535] = ((const uint8_t *)&m)[i];
	f->out = (f->out + sizeof(m)) & 65535;
	f->host_qp->local_write = f->out;
}

/* Into its own memory, or into what it was told of. */
static void
scribble(struct fuzz *f)
{
	uint64_t address = take_word(f), offset = take(f, 1), value = take_word(f);
	void *at;

	address += offset % 64 * 4;
	if ((offset & 0x80) != 0)
		at = (char *)f->memory.base + address % (CARD_BYTES - sizeof(value));
	else
		at = reach(f, address, sizeof(value));
	if (at != NULL)
		memcpy(at, &value, sizeof(value));
}

/* A queue pair that is good, somewhere in its memory. */
static void
half(struct fuzz *f)
{
	unsigned int page = 2 + (unsigned int)take(f, 1) % 12;
	struct scif_half *h = (void *)((char *)f->memory.base + page * 4096);

	memset(h, 0, SCIF_QP_SIZE);
	h->magic = SCIF_QP_MAGIC;
	h->ring_size = 4096;
	h->local_buf = f->address + page * 4096 + 4096;
}

static void
node(struct fuzz *f)
{
	switch (take(f, 1) % 4) {
	case 0:
		node_come(f);
		break;
	case 1:
		bus(f)->ops->publish(bus(f), 0);
		break;
	case 2:
		bus(f)->ops->publish(bus(f), take_word(f));
		break;
	default:
		f->loop.end[0].away = !f->loop.end[0].away;
		break;
	}
}

/* ---- Operations ---- */

static void
operation(struct fuzz *f)
{
	uint8_t op = (uint8_t)take(f, 1);

	if (op < 0x60)
		request(f);
	else if (op < 0xa0)
		say(f);
	else if (op < 0xb0)
		board(f);
	else if (op < 0xc0)
		scribble(f);
	else if (op < 0xc8)
		half(f);
	else if (op < 0xe0)
		hear(f);
	else if (op < 0xe8)
		bench_step(&f->b, take(f, 2));
	else if (op < 0xf0)
		node(f);
	else if (op < 0xf4)
		client_go(f, op % CLIENTS);
	else if (op < 0xf8)
		client_come(f, op % CLIENTS, f->client[(op + 1u) % CLIENTS]);
	else if (op < 0xfa)
		f->b.no_memory = op % 2 != 0;
	else if (op == 0xfa)
		scif_engine_stop(f->b.engine);
	else
		scif_engine_sleep(f->b.engine, op % 2 != 0);
	bench_step(&f->b, 0);
}

static void
begin(struct fuzz *f, uint8_t how)
{
	static const struct scif_engine_config config = {.ring_size = 4096};

	f->ops = bench_ops;
	f->ops.memory = memory_make;
	f->ops.memory_free = memory_end;
	f->ops.memory_check = memory_check;
	f->b.engine = scif_engine_create(&config, &f->ops, f);
	scif_loop_init(&f->loop);
	f->memory = (struct scif_memory){
		.base = aligned_alloc(4096, CARD_BYTES), .size = CARD_BYTES, .fd = 50};
	memset(f->memory.base, 0, CARD_BYTES);
	f->qp = f->memory.base;
	bus(f)->ops->share(bus(f), &f->memory, &f->address);
	scif_engine_link_add(f->b.engine, 1, &f->loop.end[0].bus);
	for (unsigned int i = 0; i < 1u + how % CLIENTS; i++)
		client_come(f, i, NULL);
	bench_step(&f->b, 1000);
	if ((how & 4) == 0)
		return;
	node_come(f);
	bench_step(&f->b, 1000);
}

/* A client that comes now is served. */
static void
goes_on(struct fuzz *f)
{
	struct scif_client *c;

	f->b.no_memory = false;
	c = bench_client(&f->b, true, NULL);
	if (c == NULL ||
	    bench_ask(&f->b, c, SCIF_REQUEST_HELLO, 0, SCIF_REQUEST_VERSION, 0, 0) < 0 ||
	    bench_ask(&f->b, c, SCIF_REQUEST_OPEN, 1, 0, 0, 0) < 0 ||
	    bench_ask(&f->b, c, SCIF_REQUEST_BIND, 1, 0, 0, 0) < 0 ||
	    bench_ask(&f->b, c, SCIF_REQUEST_LISTEN, 1, 4, 0, 0) < 0)
		f->wrong = "a new client is not served";
	if (c != NULL)
		scif_engine_client_remove(f->b.engine, c);
}

static void
end(struct fuzz *f)
{
	for (unsigned int i = 0; i < CLIENTS; i++)
		client_go(f, i);
	bus(f)->ops->publish(bus(f), 0);
	for (unsigned int s = 0; s < 3; s++)
		bench_step(&f->b, 40000);
	scif_engine_destroy(f->b.engine);
	scif_loop_free(&f->loop);
	free(f->memory.base);
	if (f->wrong == NULL && f->b.memories != 0)
		f->wrong = "memory is left";
	if (f->wrong == NULL && f->b.gates != 0)
		f->wrong = "gates are left";
	if (f->wrong == NULL && f->loop.end[0].maps != 0)
		f->wrong = "mappings of the other node's memory are left";
}

const char *
scif_fuzz_run(const uint8_t *bytes, size_t len)
{
	struct fuzz f = {.input = {bytes, len}};

	begin(&f, (uint8_t)take(&f, 1));
	for (unsigned int i = 0; i < OPERATIONS_MAX && f.input.left > 0; i++)
		operation(&f);
	goes_on(&f);
	end(&f);
	return f.wrong;
}
