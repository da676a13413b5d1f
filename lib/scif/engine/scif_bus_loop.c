/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_bus_loop.h"

#include <errno.h>
#include <stdlib.h>

#include "scif_engine.h"

/* Between the addresses of two memories: none is larger. */
#define MEMORY_SPAN (UINT64_C(1) << 32)

static struct scif_loop_end *
end_of(struct scif_bus *bus)
{
	return (struct scif_loop_end *)(void *)bus;
}

static void
loop_publish(struct scif_bus *bus, uint64_t qp)
{
	end_of(bus)->qp = qp;
	end_of(bus)->other->rung = true;
}

static uint64_t
loop_peer_qp(struct scif_bus *bus)
{
	return end_of(bus)->away ? 0 : end_of(bus)->other->qp;
}

static int
loop_share(struct scif_bus *bus, const struct scif_memory *memory, uint64_t *address)
{
	struct scif_loop_end *end = end_of(bus);
	struct scif_loop_memory *all =
		realloc(end->memory, (end->memories + 1) * sizeof(*end->memory));

	if (all == NULL)
		return -ENOMEM;
	end->memory = all;
	*address = ++end->numbers * MEMORY_SPAN;
	all[end->memories++] = (struct scif_loop_memory){*address, memory};
	return 0;
}

static void
loop_unshare(struct scif_bus *bus, uint64_t address)
{
	struct scif_loop_end *end = end_of(bus);

	for (uint32_t i = 0; i < end->memories; i++)
		if (end->memory[i].address == address)
			end->memory[i] = end->memory[--end->memories];
}

static bool
loop_told(struct scif_bus *bus)
{
	return !end_of(bus)->full;
}

static int
loop_map(struct scif_bus *bus, uint64_t address, size_t len, struct scif_view *view)
{
	const struct scif_loop_end *other = end_of(bus)->other;

	if (end_of(bus)->slow > 0) {
		end_of(bus)->slow--;
		return -EAGAIN;
	}
	for (uint32_t i = 0; i < other->memories; i++) {
		const struct scif_memory *memory = other->memory[i].memory;
		uint64_t at = address - other->memory[i].address;

		if (at >= memory->size || len > memory->size - at)
			continue;
		*view = (struct scif_view){
			.base = memory->base != NULL ? (char *)memory->base + at : NULL,
			.fd = memory->fd,
			.number = memory->number,
			.fd_off = at,
			.len = len,
			.steady = memory->base != NULL,
		};
		end_of(bus)->maps++;
		return 0;
	}
	return -EFAULT;
}

static void
loop_unmap(struct scif_bus *bus, struct scif_view *view)
{
	(void)view;
	end_of(bus)->maps--;
}

static void
loop_ring(struct scif_bus *bus)
{
	end_of(bus)->other->rung = true;
}

static bool
loop_alive(struct scif_bus *bus)
{
	return !end_of(bus)->away;
}

static int
loop_introduce(struct scif_bus *bus, struct scif_bus *with, uint64_t said[4])
{
	(void)with;
	said[3] = end_of(bus)->length;
	return 0;
}

static const struct scif_bus_ops loop_ops = {
	.publish = loop_publish,
	.peer_qp = loop_peer_qp,
	.share = loop_share,
	.unshare = loop_unshare,
	.told = loop_told,
	.map = loop_map,
	.lend = loop_map,
	.unmap = loop_unmap,
	.ring = loop_ring,
	.alive = loop_alive,
	.introduce = loop_introduce,
};

void
scif_loop_init(struct scif_loop *loop)
{
	*loop = (struct scif_loop){0};
	for (unsigned int i = 0; i < 2; i++) {
		loop->end[i].bus.ops = &loop_ops;
		loop->end[i].other = &loop->end[1 - i];
	}
}

void
scif_loop_free(struct scif_loop *loop)
{
	free(loop->end[0].memory);
	free(loop->end[1].memory);
}
