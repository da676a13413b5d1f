/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

#include "scif_window.h"
#include "scif_window_wire.h"

/* What the peer's node has for a window of another node, until it is registered:
 *
 *   page 0       the structure
 *   pages        lookup table of the addresses, lookup table of the lengths
 *   pages        addresses of runs, lengths of runs
 *
 * The owner writes there. It may write anything, at any time: everything is copied, then checked.
 */

struct scif_written {
	struct scif_memory memory;
	uint64_t address; /* on the link */
	uint64_t lookup;  /* bytes of one lookup table */
	uint64_t array;   /* bytes of one array */
};

static uint64_t
to_pages(uint64_t bytes)
{
	return (bytes + SCIF_PAGE - 1) & ~(SCIF_PAGE - 1);
}

static struct scif_node *
node_of(const struct scif_window *w)
{
	struct scif_node *node = scif_node_find(w->engine, w->node);

	return node != NULL && node->bus != NULL ? node : NULL;
}

/* ---- Room, at the peer ---- */

static uint64_t
first_array(const struct scif_written *wr)
{
	return SCIF_PAGE + 2 * wr->lookup;
}

/* Each table has the addresses of all pages of its array. */
static void
fill_tables(struct scif_written *wr)
{
	uint64_t *table = (uint64_t *)(void *)((char *)wr->memory.base + SCIF_PAGE);
	uint64_t pages = wr->array / SCIF_PAGE, at = wr->address + first_array(wr);

	for (uint64_t i = 0; i < pages; i++) {
		table[i] = at + i * SCIF_PAGE;
		table[wr->lookup / 8 + i] = at + wr->array + i * SCIF_PAGE;
	}
}

static void
fill(const struct scif_window *w, struct scif_written *wr)
{
	struct scif_wire_window *wire = wr->memory.base;
	uint64_t tables = wr->address + SCIF_PAGE;

	wire->nr_pages = (int64_t)(w->length / SCIF_PAGE);
	wire->ref_count = (uint32_t)wire->nr_pages;
	wire->magic = SCIF_QP_MAGIC;
	wire->addresses = (struct scif_wire_lookup){.address = tables};
	wire->lengths = (struct scif_wire_lookup){.address = tables + wr->lookup};
	fill_tables(wr);
}

int
scif_far_allocate(struct scif_window *w, uint64_t *address)
{
	const struct scif_host_ops *ops = w->engine->ops;
	struct scif_written *wr = calloc(1, sizeof(*wr));
	struct scif_node *node = node_of(w);
	int ret = -ENOMEM;

	if (wr == NULL || node == NULL)
		goto free_written;
	wr->array = to_pages(w->length / SCIF_PAGE * 8);
	wr->lookup = to_pages(wr->array / SCIF_PAGE * 8);
	wr->memory.number = ++w->engine->numbers;
	ret = ops->memory(w->engine->arg, first_array(wr) + 2 * wr->array, &wr->memory);
	if (ret < 0)
		goto free_written;
	ret = node->bus->ops->share(node->bus, &wr->memory, &wr->address);
	if (ret < 0)
		goto free_memory;
	fill(w, wr);
	w->written = wr;
	node->nb_pages += w->length / SCIF_PAGE;
	*address = wr->address;
	return 0;

free_memory:
	ops->memory_free(w->engine->arg, &wr->memory);
free_written:
	free(wr);
	return ret;
}

void
scif_far_free(struct scif_window *w)
{
	struct scif_written *wr = w->written;
	struct scif_node *node = w->engine->node[w->node];

	w->written = NULL;
	if (wr == NULL)
		return;
	if (node != NULL && node->bus != NULL) {
		node->bus->ops->unshare(node->bus, wr->address);
		node->nb_pages -= w->length / SCIF_PAGE;
	}
	w->engine->ops->memory_free(w->engine->arg, &wr->memory);
	free(wr);
}

static int
run_read(const struct scif_written *wr, uint32_t at, uint64_t left, struct scif_run *run)
{
	const char *arrays = (const char *)wr->memory.base + first_array(wr);
	uint64_t pages = ((const volatile uint64_t *)(const void *)(arrays + wr->array))[at];

	run->address = ((const volatile uint64_t *)(const void *)arrays)[at];
	if (pages == 0 || pages > left / SCIF_PAGE || run->address == 0)
		return -EINVAL;
	run->length = pages * SCIF_PAGE;
	return 0;
}

/* Those that make no sense are not looked at any more, as there may be very many. */
static int
runs_read(struct scif_window *w, const struct scif_written *wr, uint32_t n)
{
	uint64_t left = w->length;

	for (; w->nb_runs < n; w->nb_runs++) {
		if (run_read(wr, w->nb_runs, left, &w->run[w->nb_runs]) < 0)
			return -EINVAL;
		left -= w->run[w->nb_runs].length;
	}
	return left == 0 ? 0 : -EINVAL;
}

int
scif_far_read(struct scif_window *w)
{
	struct scif_node *node = w->engine->node[w->node];
	const struct scif_written *wr = w->written;
	const volatile struct scif_wire_window *wire;
	uint32_t n;
	int ret;

	if (wr == NULL)
		return -EINVAL;
	wire = wr->memory.base;
	n = wire->nr_runs;
	w->offset = (uint64_t)wire->offset;
	w->prot = wire->prot;
	if (n == 0 || n > w->length / SCIF_PAGE)
		return -EINVAL;
	if (n > SCIF_RUNS_OF_NODE - node->nb_runs)
		return -ENOMEM;
	w->run = calloc(n, sizeof(*w->run));
	if (w->run == NULL)
		return -ENOMEM;
	ret = runs_read(w, wr, n);
	node->nb_runs += w->nb_runs;
	scif_far_free(w);
	return ret;
}

int
scif_far_view(struct scif_window *w, struct scif_run *run)
{
	const struct scif_node *node = node_of(w);

	if (run->view.len != 0)
		return 0;
	if (node == NULL)
		return -ENODEV;
	return node->bus->ops->lend(node->bus, run->address, run->length, &run->view);
}

/* ---- What a window is, from the owner ---- */

/* Load or store words that lie with the other node. */
static int
far_words(struct scif_bus *bus, uint64_t address, uint64_t *words, uint32_t count, bool store)
{
	struct scif_view view;
	int ret = bus->ops->map(bus, address, count * sizeof(*words), &view);

	if (ret < 0)
		return ret;
	if (view.base == NULL || (uintptr_t)view.base % sizeof(*words) != 0)
		ret = -EFAULT;
	for (uint32_t i = 0; ret == 0 && i < count; i++) {
		volatile uint64_t *word = (volatile uint64_t *)view.base + i;

		if (store)
			*word = words[i];
		else
			words[i] = *word;
	}
	bus->ops->unmap(bus, &view);
	return ret;
}

/* Runs fit into one page of each array; the table says where that is. */
static int
write_array(struct scif_bus *bus, const struct scif_wire_lookup *lookup, uint64_t *words,
	    uint32_t count)
{
	uint64_t page = 0;
	int ret = far_words(bus, lookup->address, &page, 1, false);

	return ret < 0 ? ret : far_words(bus, page, words, count, true);
}

static int
share_runs(struct scif_window *w, struct scif_bus *bus)
{
	const struct scif_memory *memory;
	uint64_t address;
	int ret;

	for (uint32_t i = 0; i < w->nb_runs; i++) {
		struct scif_run *run = &w->run[i];

		if (run->address != 0)
			continue;
		memory = scif_run_memory(w, run);
		if (memory == NULL)
			return -ENOMEM;
		ret = bus->ops->share(bus, memory, &address);
		if (ret < 0)
			return ret;
		run->address = address;
	}
	return 0;
}

static int
write_runs(struct scif_window *w, struct scif_bus *bus, const struct scif_wire_window *wire)
{
	uint64_t words[SCIF_RUNS_MAX];
	int ret;

	for (uint32_t i = 0; i < w->nb_runs; i++)
		words[i] = w->run[i].address + w->run[i].offset;
	ret = write_array(bus, &wire->addresses, words, w->nb_runs);
	if (ret < 0)
		return ret;
	for (uint32_t i = 0; i < w->nb_runs; i++)
		words[i] = w->run[i].length / SCIF_PAGE;
	return write_array(bus, &wire->lengths, words, w->nb_runs);
}

int
scif_far_write(struct scif_window *w)
{
	struct scif_node *node = node_of(w);
	struct scif_wire_window *wire;
	struct scif_view view;
	int ret;

	if (node == NULL)
		return -ENODEV;
	ret = share_runs(w, node->bus);
	if (ret < 0)
		return ret;
	ret = node->bus->ops->map(node->bus, w->grant, sizeof(*wire), &view);
	if (ret < 0)
		return ret;
	wire = view.base;
	ret = wire != NULL ? write_runs(w, node->bus, wire) : -EFAULT;
	if (ret == 0) {
		wire->nr_runs = w->nb_runs;
		wire->prot = w->prot;
		wire->offset = (int64_t)w->offset;
		wire->endpoint = w->other_ep;
		wire->peer_window = w->token;
	}
	node->bus->ops->unmap(node->bus, &view);
	return ret;
}
