/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_ENGINE_TEST_RIG_H
#define SLIPWAY_SCIF_ENGINE_TEST_RIG_H

/**
 * @file
 * An engine without a process around it: memory of its own, bells that are counted, time that
 * stands still.
 */

#include <errno.h>
#include <sys/mman.h>

#include "scif_engine.h"

/** Who hosts the engine. */
struct bench {
	struct scif_engine *engine;
	uint64_t now;
	unsigned int memories; /**< that there are */
	unsigned int gates;
	unsigned int wakes;
	unsigned int lines; /**< logged */
	short shown;        /**< by the last gate */
	int nodes;          /**< others that are online */
	uint16_t peer;      /**< the last that node 0 spoke of */
	uint64_t said;      /**< the last word of that */
	bool no_peer;       /**< it cannot be reached */
	bool no_memory;     /**< from now on */
	struct scif_reply reply;
};

static inline int
bench_memory(void *arg, size_t size, struct scif_memory *memory)
{
	struct bench *b = arg;

	if (b->no_memory)
		return -ENOMEM;
	memory->size = size;
	memory->base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory->base == MAP_FAILED)
		return -ENOMEM;
	memory->fd = 1000 + (int)memory->number;
	b->memories++;
	return 0;
}

static inline void
bench_memory_free(void *arg, struct scif_memory *memory)
{
	struct bench *b = arg;

	/* That of a client is a number only. */
	if (memory->base == NULL)
		return;
	munmap(memory->base, memory->size);
	b->memories--;
}

static inline int
bench_memory_reader(void *arg, int fd)
{
	(void)arg;
	return fd;
}

static inline int
bench_memory_check(void *arg, int fd, uint64_t size)
{
	(void)arg, (void)fd, (void)size;
	return 0;
}

static inline int
bench_store(void *arg, const struct scif_memory *memory, uint64_t offset, const void *bytes,
	    size_t len)
{
	(void)arg, (void)memory, (void)offset, (void)bytes, (void)len;
	return 0;
}

static inline void
bench_wake(void *arg, _Atomic uint32_t *word)
{
	struct bench *b = arg;

	(void)word;
	b->wakes++;
}

static inline int
bench_gate(void *arg, struct scif_gate *gate)
{
	struct bench *b = arg;

	gate->fd[0] = 1;
	b->gates++;
	return 0;
}

static inline void
bench_gate_show(void *arg, struct scif_gate *gate, short events)
{
	struct bench *b = arg;

	(void)gate;
	b->shown = events;
}

static inline void
bench_gate_free(void *arg, struct scif_gate *gate)
{
	struct bench *b = arg;

	(void)gate;
	b->gates--;
}

static inline int
bench_fork(void *arg, struct scif_client *client)
{
	(void)arg, (void)client;
	return -ENOSYS;
}

static inline void
bench_node(void *arg, uint16_t node, bool online)
{
	struct bench *b = arg;

	(void)node;
	b->nodes += online ? 1 : -1;
}

static inline int
bench_peer(void *arg, uint16_t node, const uint64_t said[4])
{
	struct bench *b = arg;

	b->peer = node;
	b->said = said[3];
	return b->no_peer ? -ENODEV : 0;
}

static inline void
bench_log(void *arg, const char *line)
{
	struct bench *b = arg;

	(void)line;
	b->lines++;
}

static const struct scif_host_ops bench_ops = {
	.memory = bench_memory,
	.memory_free = bench_memory_free,
	.memory_check = bench_memory_check,
	.memory_reader = bench_memory_reader,
	.store = bench_store,
	.wake = bench_wake,
	.gate = bench_gate,
	.gate_show = bench_gate_show,
	.gate_free = bench_gate_free,
	.fork = bench_fork,
	.node = bench_node,
	.peer = bench_peer,
	.log = bench_log,
};

static inline void
bench_begin(struct bench *b, const struct scif_engine_config *config)
{
	*b = (struct bench){0};
	b->engine = scif_engine_create(config, &bench_ops, b);
}

static inline struct scif_client *
bench_client(struct bench *b, bool privileged, struct scif_client *like)
{
	const struct scif_credentials who = {.pid = 1, .privileged = privileged};
	struct scif_client *client;

	return scif_engine_client_add(b->engine, &who, like, &client) == 0 ? client : NULL;
}

/** Ask: 0, or a negative errno; values are in b->reply. */
static inline int
bench_ask(struct bench *b, struct scif_client *client, enum scif_request_op op, uint32_t endpoint,
	  uint64_t a0, uint64_t a1, uint64_t a2)
{
	const struct scif_request rq = {.op = op, .endpoint = endpoint, .arg = {a0, a1, a2}};
	int fds[SCIF_REQUEST_FDS], fd = -1;

	scif_engine_request(b->engine, client, &rq, sizeof(rq), &fd, &b->reply, fds);
	return -b->reply.error;
}

static inline void
bench_step(struct bench *b, uint64_t ms)
{
	b->now += ms * 1000000;
	scif_engine_step(b->engine, b->now);
}

#endif /* SLIPWAY_SCIF_ENGINE_TEST_RIG_H */
