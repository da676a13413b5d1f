/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

#include "scif_window.h"

/* Where a window's memory is, and who has it mapped. */

/* Is it memory of who asks, that stays its own? */
static bool
is_own_memory(const struct scif_client *client, const struct scif_window *w,
	      const struct scif_run *run)
{
	return run->shared != NULL && run->shared->memory.copies && client->number == w->maker;
}

/* Flags beside the protection of a reply. */
static uint64_t
trusted(const struct scif_client *client, const struct scif_run *run)
{
	const struct scif_shared *s = run->shared;
	bool steady = s != NULL ? s->sealed || s->uid == client->who.uid : run->view.steady;

	return (steady ? SCIF_REQUEST_STEADY : 0) |
	       (scif_run_copies(run) ? SCIF_REQUEST_COPIES : 0);
}

static uint64_t
number_of(const struct scif_window *w, const struct scif_run *run)
{
	if (run->shared != NULL)
		return run->shared->memory.number;
	return scif_view_number(w->node, &run->view);
}

static int
describe(const struct scif_client *client, struct scif_window *w, uint64_t offset,
	 struct scif_reply *reply, int *fd)
{
	uint64_t begin, *value = reply->value;
	struct scif_run *run = scif_run_at(w, offset, &begin);
	const struct scif_memory *memory;
	int ret = 0;

	if (run == NULL)
		return -ENXIO;
	*fd = -1;
	value[0] = begin;
	value[1] = run->length;
	value[2] = w->prot;
	value[4] = run->offset;
	value[5] = w->offset + w->length;
	if (is_own_memory(client, w, run)) {
		value[2] |= SCIF_REQUEST_STEADY | SCIF_REQUEST_PROCESS;
		value[4] = run->at;
		return 0;
	}
	if (run->shared == NULL) {
		ret = scif_far_view(w, run);
		if (ret < 0)
			return ret;
		value[4] = run->view.fd_off;
		*fd = run->view.fd;
	} else {
		memory = scif_run_memory(w, run);
		*fd = memory != NULL ? memory->fd : -1;
	}
	value[2] |= trusted(client, run);
	value[3] = number_of(w, run);
	return *fd < 0 ? -ENXIO : 0;
}

int
scif_window_query(const struct scif_client *client, const struct scif_endpoint *ep,
		  const struct scif_request *rq, struct scif_reply *reply, int *fds)
{
	unsigned int side = rq->arg[1] == 0 ? SCIF_SIDE_OWN : SCIF_SIDE_PEER;
	int ret = scif_endpoint_verify(ep), fd;
	struct scif_window *w;

	if (ret < 0)
		return ret;
	w = scif_window_at(ep, side, rq->arg[0]);
	if (w == NULL || !scif_window_is_open(w))
		return -ENXIO;
	ret = describe(client, w, rq->arg[0], reply, &fd);
	if (ret == 0 && fd >= 0 && rq->arg[2] != 0)
		fds[reply->fds++] = fd;
	return ret;
}

/* ---- Mapped pages ---- */

static struct scif_mapped *
mapped_by(const struct scif_window *w, const struct scif_client *client)
{
	scif_list_each(at, next, &w->mapped) {
		struct scif_mapped *m = scif_list_entry(at, struct scif_mapped, link);

		if (m->client == client)
			return m;
	}
	return NULL;
}

static int
mapped_add(struct scif_window *w, struct scif_client *client, uint64_t pages)
{
	struct scif_mapped *m = mapped_by(w, client);

	if (m == NULL) {
		m = calloc(1, sizeof(*m));
		if (m == NULL)
			return -ENOMEM;
		m->client = client;
		scif_list_add(&w->mapped, &m->link);
	}
	m->pages += pages;
	w->nb_mapped += pages;
	return 0;
}

/* Nobody has it mapped: the owner hears of it, if it asked; who has closed goes. */
static void
mapped_none(struct scif_window *w)
{
	if (w->state != SCIF_WINDOW_CLOSED)
		return;
	if (w->nacked)
		scif_window_send(w, SCIF_MUNMAP, w->other, 0, 0);
	scif_window_free(w);
}

static void
mapped_drop(struct scif_window *w, struct scif_mapped *m, uint64_t pages)
{
	if (pages > m->pages)
		pages = m->pages;
	m->pages -= pages;
	w->nb_mapped -= pages;
	if (m->pages == 0) {
		scif_list_remove(&m->link);
		free(m);
	}
	if (w->nb_mapped == 0)
		mapped_none(w);
}

int
scif_window_map(struct scif_client *client, const struct scif_endpoint *ep,
		const struct scif_request *rq, struct scif_reply *reply, int *fds)
{
	uint64_t offset = rq->arg[0], length = rq->arg[1];
	int ret = scif_endpoint_verify(ep), fd;
	struct scif_window *w;

	if (ret < 0)
		return ret;
	w = scif_window_at(ep, SCIF_SIDE_PEER, offset);
	if (w == NULL || !scif_window_is_open(w))
		return -ENXIO;
	if ((rq->arg[2] & ~(uint64_t)w->prot) != 0)
		return scif_window_denied(ep->engine);
	ret = describe(client, w, offset, reply, &fd);
	if (ret < 0)
		return ret;
	/* Memory of a process has nothing that could be mapped. */
	if (fd < 0 || (reply->value[2] & SCIF_REQUEST_COPIES) != 0)
		return -ENOMEM;
	if (length == 0 || length % SCIF_PAGE != 0 ||
	    length > reply->value[0] + reply->value[1] - offset)
		return -EINVAL;
	ret = mapped_add(w, client, length / SCIF_PAGE);
	if (ret < 0)
		return ret;
	reply->value[5] = w->token;
	fds[reply->fds++] = fd;
	return 0;
}

int
scif_window_unmap(struct scif_client *client, const struct scif_request *rq)
{
	struct scif_window *w =
		scif_token_find(&client->engine->tokens, SCIF_KIND_WINDOW, rq->arg[0]);
	struct scif_mapped *m = w != NULL && !w->own ? mapped_by(w, client) : NULL;

	if (m == NULL)
		return -ENXIO;
	mapped_drop(w, m, rq->arg[1] / SCIF_PAGE);
	return 0;
}

void
scif_window_unmap_all(struct scif_window *w, const struct scif_client *client)
{
	struct scif_mapped *m = mapped_by(w, client);

	if (m != NULL)
		mapped_drop(w, m, m->pages);
}
