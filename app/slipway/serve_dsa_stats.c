/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <inttypes.h>
#include <stdio.h>

#include "dsa_model.h"
#include "serve_dsa.h"

/* What the gate refused as if the work queue were full, is counted with what the device did. */
static bool
wq_stats(const struct serve *s, unsigned int q, struct dsa_model_wq_stats *stats)
{
	uint64_t refused;

	if (q >= SERVE_DSA_WQS || !dsa_model_wq_stats(s->model, q, stats))
		return false;
	refused = atomic_load_explicit(&s->dsa->gate.refused[q], memory_order_relaxed);
	if (stats->dedicated)
		stats->dropped += refused;
	else
		stats->retried += refused;
	return true;
}

static unsigned int
clients_of(const struct serve *s, unsigned int q)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < SERVE_DSA_CLIENTS; i++)
		n += s->dsa->client[i].used && s->dsa->client[i].wq == q;
	return n;
}

static void
wq_add(const struct serve *s, unsigned int q, const struct dsa_model_wq_stats *n,
       struct ctl_text *t)
{
	ctl_text_add(t, "{\"wq\":%u,\"state\":\"%s\",\"mode\":\"%s\",\"group\":%u,\"clients\":%u,", q,
		     n->enabled ? "enabled" : "disabled", n->dedicated ? "dedicated" : "shared",
		     n->group, clients_of(s, q));
	ctl_text_add(t, "\"size\":%u,\"threshold\":%u,\"occupancy\":%u,", n->size, n->threshold,
		     n->occupancy);
	ctl_text_add(t, "\"accepted\":%" PRIu64 ",\"retried\":%" PRIu64 ",\"dropped\":%" PRIu64,
		     n->accepted, n->retried, n->dropped);
	ctl_text_add(t, ",\"ignored\":%" PRIu64 ",\"completed\":%" PRIu64 ",\"failed\":%" PRIu64,
		     n->ignored, n->completed, n->failed);
	ctl_text_add(t, ",\"bytes\":%" PRIu64 "}", n->bytes);
}

static void
wqs_add(const struct serve *s, struct ctl_text *t)
{
	struct dsa_model_wq_stats stats;

	ctl_text_add(t, ",\"wqs\":[");
	for (unsigned int q = 0; wq_stats(s, q, &stats); q++) {
		ctl_text_add(t, "%s", q > 0 ? "," : "");
		wq_add(s, q, &stats, t);
	}
	ctl_text_add(t, "]");
}

static void
engines_add(const struct serve *s, struct ctl_text *t)
{
	struct dsa_model_engine_stats n;

	ctl_text_add(t, ",\"engines\":[");
	for (unsigned int e = 0; dsa_model_engine_stats(s->model, e, &n); e++)
		ctl_text_add(t,
			     "%s{\"engine\":%u,\"group\":%d,\"busy\":%s,\"completed\":%" PRIu64
			     ",\"bytes\":%" PRIu64 "}",
			     e > 0 ? "," : "", e, (int)n.group, n.busy ? "true" : "false",
			     n.completed, n.bytes);
	ctl_text_add(t, "]");
}

/* State of the device; all ones while its memory space is off. */
static const char *
state_of(const struct serve *s)
{
	static const char *const states[] = {"disabled", "enabled", "in progress", "halted"};
	uint32_t status = (uint32_t)s->model->ops->read(s->model, 0, 0x90, 4);

	return status == UINT32_MAX ? "off" : states[REG_GET(DSA_GENSTS_STATE, status)];
}

void
serve_dsa_stats(struct serve *s, struct ctl_text *t)
{
	const char *comma = "", *state;

	serve_dsa_unlock(s->dsa);
	state = state_of(s);
	serve_dsa_lock(s->dsa);
	ctl_text_add(t, "{\"device\":\"dsa\",\"version\":\"%s\",\"ns\":%" PRIu64 ",",
		     s->options.model->version[s->options.version].name, serve_now_ns());
	ctl_text_add(t, "\"state\":\"%s\",\"stray\":%" PRIu64 ",\"threads\":%u,", state,
		     dsa_model_stray(s->model), s->options.threads);
	ctl_text_add(t, "\"traced\":%s,\"faults\":[", s->kind->traced(s) ? "true" : "false");
	serve_dsa_gate_faults(&s->dsa->gate, t);
	ctl_text_add(t, "],\"sockets\":[");
	for (unsigned int i = 0; i < s->sockets; i++) {
		if (s->socket[i].server == NULL)
			continue;
		ctl_text_add(t, "%s", comma);
		serve_stats_socket(&s->socket[i], t);
		comma = ",";
	}
	ctl_text_add(t, "]");
	wqs_add(s, t);
	engines_add(s, t);
	ctl_text_add(t, "}");
}

void
serve_dsa_print(struct serve *s)
{
	struct dsa_model_wq_stats n;

	printf("dsa %s, served for %.1f s\n", s->options.model->version[s->options.version].name,
	       (double)(ctl_now_ms() - s->began) / 1e3);
	serve_stats_row("accesses of nothing", dsa_model_stray(s->model));
	serve_stats_row("faults injected", s->dsa->gate.injected);
	serve_stats_row("control requests", s->ctl_requests);
	for (unsigned int q = 0; wq_stats(s, q, &n); q++) {
		if (n.accepted + n.retried + n.dropped + n.ignored == 0)
			continue;
		printf("work queue %u\n", q);
		serve_stats_row("descriptors accepted", n.accepted);
		serve_stats_row("  retried", n.retried);
		serve_stats_row("  dropped", n.dropped);
		serve_stats_row("  ignored", n.ignored);
		serve_stats_row("descriptors completed", n.completed);
		serve_stats_row("  with an error", n.failed);
		serve_stats_row("bytes moved", n.bytes);
	}
	if (s->dsa->whole != NULL)
		serve_stats_print_socket(&s->socket[0]);
}
