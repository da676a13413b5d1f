/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

#include "scif.h"
#include "scif_copy_box.h"
#include "scif_window.h"

/* Memory behind windows. A window that is being registered gets its pieces one by one, each by a
 * request that names the slot where the outcome will be.
 */

/* Pieces that came, and wait for the request that registers. */
struct scif_forming {
	struct scif_list link; /* in engine->forming */
	struct scif_client *client;
	uint32_t slot;
	uint32_t nb_runs;
	struct scif_run run[SCIF_RUNS_MAX];
};

/* ---- Memory of clients ---- */

static struct scif_shared *
shared_find(const struct scif_client *client, uint64_t key)
{
	scif_list_each(at, next, &client->engine->memories) {
		struct scif_shared *s = scif_list_entry(at, struct scif_shared, link);

		if (s->key == key && s->client == client->number)
			return s;
	}
	return NULL;
}

static int
shared_new(struct scif_client *client, uint64_t key, uint64_t size, int *fd,
	   struct scif_shared **made)
{
	struct scif_engine *engine = client->engine;
	int ret = engine->ops->memory_check(engine->arg, *fd, size);
	struct scif_shared *s;

	if (ret < 0)
		return ret;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->sealed = ret > 0;
	s->client = client->number;
	s->uid = client->who.uid;
	s->reader.fd = -1;
	s->key = key;
	s->memory = (struct scif_memory){
		.size = size,
		.fd = *fd,
		.number = ++engine->numbers,
		.owner = client->number,
	};
	*fd = -1;
	scif_list_add(&engine->memories, &s->link);
	*made = s;
	return 0;
}

/* More of it is named than before. */
static int
shared_grow(struct scif_shared *s, const struct scif_client *client, uint64_t size)
{
	const struct scif_engine *engine = client->engine;
	int ret = 0;

	if (size > s->memory.size)
		ret = engine->ops->memory_check(engine->arg, s->memory.fd, size);
	if (ret >= 0 && size > s->memory.size)
		s->memory.size = size;
	return ret < 0 ? ret : 0;
}

static void
shared_put(struct scif_engine *engine, struct scif_shared *s)
{
	if (s == NULL || --s->memory.users > 0)
		return;
	if (s->reader.fd >= 0)
		engine->ops->memory_free(engine->arg, &s->reader);
	scif_list_remove(&s->link);
	engine->ops->memory_free(engine->arg, &s->memory);
	free(s);
}

/* ---- Pieces ---- */

static bool
is_pages(uint64_t offset, uint64_t length)
{
	return length != 0 && ((offset | length) & (SCIF_PAGE - 1)) == 0 && length < SCIF_RAS_END &&
	       offset < SCIF_RAS_END;
}

/* Memory of the process, with a box that neither it nor its peer can have fault by making it
 * smaller.
 */
static int
run_of_box(struct scif_client *client, int *fd, struct scif_run *run)
{
	const struct scif_engine *engine = client->engine;
	uint64_t size = run->length + SCIF_BOX_BYTES;
	int ret;

	if (*fd < 0 || engine->ops->memory_check(engine->arg, *fd, size) <= 0)
		return -EINVAL;
	ret = shared_new(client, 0, size, fd, &run->shared);
	if (ret < 0)
		return ret;
	run->shared->memory.copies = true;
	run->shared->memory.users++;
	run->at = run->offset;
	run->offset = 0;
	return 0;
}

/* What a request says of a piece. */
static int
run_of(struct scif_client *client, const struct scif_request *rq, int *fd, struct scif_run *run)
{
	uint64_t offset = rq->arg[3], length = rq->arg[4], key = rq->arg[5];
	int ret = 0;

	*run = (struct scif_run){.offset = offset, .length = length};
	if (!is_pages(offset, length))
		return -EINVAL;
	if (key == SCIF_REQUEST_BOX)
		return run_of_box(client, fd, run);
	if (*fd >= 0) {
		ret = shared_new(client, key, offset + length, fd, &run->shared);
	} else if (key != 0) {
		run->shared = shared_find(client, key);
		ret = run->shared == NULL ? -ENOENT
					  : shared_grow(run->shared, client, offset + length);
	} else {
		ret = -EINVAL;
	}
	if (ret == 0)
		run->shared->memory.users++;
	return ret;
}

static void
run_drop(struct scif_engine *engine, struct scif_run *run)
{
	shared_put(engine, run->shared);
	run->shared = NULL;
}

static struct scif_forming *
forming_find(const struct scif_client *client, uint32_t slot)
{
	scif_list_each(at, next, &client->engine->forming) {
		struct scif_forming *f = scif_list_entry(at, struct scif_forming, link);

		if (f->client == client && f->slot == slot)
			return f;
	}
	return NULL;
}

static void
forming_free(struct scif_forming *f)
{
	for (uint32_t i = 0; i < f->nb_runs; i++)
		run_drop(f->client->engine, &f->run[i]);
	scif_list_remove(&f->link);
	free(f);
}

static struct scif_forming *
forming_new(struct scif_client *client, uint32_t slot)
{
	struct scif_forming *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->client = client;
	f->slot = slot;
	scif_list_add(&client->engine->forming, &f->link);
	return f;
}

int
scif_run_request(struct scif_client *client, const struct scif_request *rq, int *fd)
{
	struct scif_forming *f = forming_find(client, rq->slot);
	int ret = -ENOMEM;

	/* Slots bound how many there are. */
	if (f == NULL && rq->slot < SCIF_BOARD_SLOTS)
		f = forming_new(client, rq->slot);
	if (f == NULL)
		return -ENOMEM;
	if (f->nb_runs < SCIF_RUNS_MAX)
		ret = run_of(client, rq, fd, &f->run[f->nb_runs]);
	if (ret < 0) {
		/* The client begins again. */
		forming_free(f);
		return ret;
	}
	f->nb_runs++;
	return 0;
}

int
scif_run_collect(struct scif_client *client, uint32_t slot, struct scif_window *w)
{
	struct scif_forming *f = forming_find(client, slot);
	uint64_t length = 0;

	if (f == NULL)
		return -EINVAL;
	for (uint32_t i = 0; i < f->nb_runs && length <= w->length; i++)
		length += f->run[i].length;
	if (length != w->length) {
		forming_free(f);
		return -EINVAL;
	}
	w->run = calloc(f->nb_runs, sizeof(*w->run));
	if (w->run == NULL) {
		forming_free(f);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < f->nb_runs; i++)
		w->run[i] = f->run[i];
	w->nb_runs = f->nb_runs;
	f->nb_runs = 0;
	forming_free(f);
	return 0;
}

void
scif_run_cancel(struct scif_client *client, uint32_t slot)
{
	struct scif_forming *f = forming_find(client, slot);

	if (f != NULL)
		forming_free(f);
}

void
scif_run_forget(struct scif_client *client)
{
	scif_list_each(at, next, &client->engine->forming) {
		struct scif_forming *f = scif_list_entry(at, struct scif_forming, link);

		if (f->client == client)
			forming_free(f);
	}
}

/* ---- Pieces of a window ---- */

static void
run_unlink(const struct scif_window *w, struct scif_run *run)
{
	const struct scif_node *node = w->engine->node[w->node];

	if (node == NULL || node->bus == NULL)
		return;
	if (run->view.len != 0)
		node->bus->ops->unmap(node->bus, &run->view);
	if (w->own && run->address != 0)
		node->bus->ops->unshare(node->bus, run->address);
}

void
scif_run_free(struct scif_window *w)
{
	for (uint32_t i = 0; i < w->nb_runs; i++) {
		run_unlink(w, &w->run[i]);
		run_drop(w->engine, &w->run[i]);
	}
	if (w->far && !w->own)
		w->engine->node[w->node]->nb_runs -= w->nb_runs;
	free(w->run);
	w->run = NULL;
	w->nb_runs = 0;
}

struct scif_run *
scif_run_at(struct scif_window *w, uint64_t offset, uint64_t *begin)
{
	uint64_t at = w->offset;

	for (uint32_t i = 0; i < w->nb_runs; i++) {
		if (offset - at < w->run[i].length) {
			*begin = at;
			return &w->run[i];
		}
		at += w->run[i].length;
	}
	return NULL;
}

bool
scif_run_copies(const struct scif_run *run)
{
	return run->shared != NULL ? run->shared->memory.copies : run->view.copies;
}

const struct scif_memory *
scif_run_memory(const struct scif_window *w, struct scif_run *run)
{
	const struct scif_engine *engine = w->engine;
	struct scif_shared *s = run->shared;
	int fd;

	/* A box is written by who only reads, too: its process sees to that. */
	if ((w->prot & SCIF_PROT_WRITE) != 0 || s->memory.copies)
		return &s->memory;
	if (s->reader.fd < 0) {
		fd = engine->ops->memory_reader(engine->arg, s->memory.fd);
		if (fd < 0)
			return NULL;
		s->reader = s->memory;
		s->reader.fd = fd;
	}
	s->reader.size = s->memory.size;
	return &s->reader;
}

/* Bytes that are all of one piece, at an offset of that. */
static int
run_store(struct scif_window *w, struct scif_run *run, uint64_t at, const void *bytes, size_t len)
{
	const struct scif_host_ops *ops = w->engine->ops;
	struct scif_memory memory = {0};

	if (run->shared != NULL)
		return ops->store(w->engine->arg, &run->shared->memory, run->offset + at, bytes,
				  len);
	/* Memory of the other node: nobody here may have looked at it yet. */
	if (!w->far || scif_far_view(w, run) < 0 || run->view.fd < 0)
		return -ENXIO;
	if (run->view.copies && (!run->view.steady || run->view.fd_off != 0))
		return -ENXIO;
	memory.fd = run->view.fd;
	memory.copies = run->view.copies;
	memory.size = run->length + SCIF_BOX_BYTES;
	return ops->store(w->engine->arg, &memory, run->view.fd_off + at, bytes, len);
}

int
scif_run_store(struct scif_window *w, uint64_t offset, uint64_t value)
{
	const char *bytes = (const char *)&value;
	uint64_t begin, left = sizeof(value), n;
	int ret = 0;

	/* Behind a piece is memory that nobody registered. */
	for (; ret == 0 && left > 0; offset += n, bytes += n, left -= n) {
		struct scif_run *run = scif_run_at(w, offset, &begin);

		if (run == NULL)
			return -ENXIO;
		n = begin + run->length - offset;
		n = n < left ? n : left;
		ret = run_store(w, run, offset - begin, bytes, n);
	}
	return ret;
}
