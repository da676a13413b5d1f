/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "serve_dsa_gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dsa_desc.h"
#include "dsa_model.h"
#include "serve_words.h"

#define BAR_PORTALS 2
#define COUNT_MAX   1000000u
#define VECTORS     65u

static struct serve_dsa_gate *
gate_of(struct bus_device *dev)
{
	return (struct serve_dsa_gate *)dev;
}

static struct serve_dsa_gate *
gate_of_host(struct bus_host *host)
{
	return (struct serve_dsa_gate *)(void *)((char *)host -
						 offsetof(struct serve_dsa_gate, host));
}

/* ---- What clients ask of the device ---- */

/* Is that the portal of a work queue that is to look full? */
static bool
is_full(struct serve_dsa_gate *g, unsigned int bar, uint64_t off)
{
	uint64_t wq = off / (DSA_PORTALS_PER_WQ * DSA_PORTAL_BYTES);
	uint64_t full = atomic_load_explicit(&g->full, memory_order_relaxed);

	if (full == 0 || bar != BAR_PORTALS || wq >= SERVE_DSA_WQS || (full >> wq & 1) == 0)
		return false;
	atomic_fetch_add_explicit(&g->refused[wq], 1, memory_order_relaxed);
	return true;
}

static int
gate_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct bus_device *to = gate_of(dev)->to;

	return to->ops->config(to, off, bytes, len, write);
}

static int
gate_describe(struct bus_device *dev, struct bus_region regions[], unsigned int max)
{
	struct bus_device *to = gate_of(dev)->to;

	return to->ops->describe(to, regions, max);
}

static uint64_t
gate_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct bus_device *to = gate_of(dev)->to;

	return to->ops->read(to, bar, off, size);
}

static void
gate_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
	   unsigned int size)
{
	struct bus_device *to = gate_of(dev)->to;

	to->ops->write(to, bar, off, value, size);
}

static void
gate_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	  unsigned int len)
{
	struct bus_device *to = gate_of(dev)->to;

	if (!is_full(gate_of(dev), bar, off))
		to->ops->post(to, bar, off, line, len);
}

static int
gate_submit(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	    uint32_t pasid)
{
	struct bus_device *to = gate_of(dev)->to;

	return is_full(gate_of(dev), bar, off) ? -EAGAIN
					       : to->ops->submit(to, bar, off, line, pasid);
}

static uint64_t
gate_step(struct bus_device *dev, uint64_t now_ns)
{
	struct bus_device *to = gate_of(dev)->to;

	return to->ops->step(to, now_ns);
}

static void
gate_reset(struct bus_device *dev, enum bus_reset kind)
{
	struct bus_device *to = gate_of(dev)->to;

	to->ops->reset(to, kind);
}

static void
gate_remap(struct bus_device *dev)
{
	struct bus_device *to = gate_of(dev)->to;

	to->ops->remap(to);
}

static const struct bus_device_ops gate_ops = {
	.config = gate_config,
	.describe = gate_describe,
	.read = gate_read,
	.write = gate_write,
	.post = gate_post,
	.submit = gate_submit,
	.step = gate_step,
	.reset = gate_reset,
	.remap = gate_remap,
};

/* ---- What the device asks of its hosts ---- */

/* One less to come: was it there? */
static bool
take(_Atomic uint32_t *count)
{
	uint32_t n = atomic_load_explicit(count, memory_order_relaxed);

	while (n > 0)
		if (atomic_compare_exchange_weak_explicit(count, &n, n - 1, memory_order_relaxed,
							  memory_order_relaxed))
			return true;
	return false;
}

static void *
gate_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	struct serve_dsa_gate *g = gate_of_host(host);

	/* No pointer is had for what `dma` is to fail at: it is asked next. */
	if (atomic_load_explicit(&g->page_faults, memory_order_relaxed) > 0) {
		*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
		return NULL;
	}
	return g->from->ops->map(g->from, pasid, iova, len, prot, fault);
}

static int
gate_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct serve_dsa_gate *g = gate_of_host(host);

	return take(&g->page_faults) ? -EFAULT
				     : g->from->ops->dma(g->from, pasid, iova, bytes, len, write);
}

static int
gate_page_request(struct bus_host *host, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	struct serve_dsa_gate *g = gate_of_host(host);

	if (g->from->ops->page_request == NULL)
		return -EFAULT;
	return g->from->ops->page_request(g->from, pasid, iova, prot);
}

static void
gate_irq(struct bus_host *host, unsigned int vector)
{
	struct serve_dsa_gate *g = gate_of_host(host);

	if (vector == atomic_load_explicit(&g->vector, memory_order_relaxed) &&
	    take(&g->vector_drops))
		return;
	g->from->ops->irq(g->from, vector);
}

static const struct bus_host_ops host_ops = {
	.map = gate_map,
	.dma = gate_dma,
	.page_request = gate_page_request,
	.irq = gate_irq,
};

/* ---- Recording ---- */

int
serve_dsa_gate_trace(struct serve_dsa_gate *g, int fd, unsigned int version)
{
	if (g->trace != NULL)
		return -EBUSY;
	g->trace = bus_trace_create(fd, 0, "dsa", version, g->real);
	if (g->trace == NULL)
		return -errno;
	g->trace_fd = fd;
	g->to = bus_trace_device(g->trace, g->model);
	g->from = bus_trace_host(g->trace);
	/* It has pointers from before. */
	g->model->ops->remap(g->model);
	return 0;
}

void
serve_dsa_gate_trace_end(struct serve_dsa_gate *g)
{
	if (g->trace == NULL)
		return;
	g->to = g->model;
	g->from = g->real;
	g->model->ops->remap(g->model);
	bus_trace_destroy(g->trace);
	g->trace = NULL;
	close(g->trace_fd);
	g->trace_fd = -1;
}

/* ---- Faults ---- */

/* Each: has it been done? If not, it has said why. */

static bool
inject_halt(struct serve_dsa_gate *g, const struct serve_words *w, struct ctl_text *t)
{
	static const char *const types[] = {"software", "flr", "warm", "cold"};

	for (unsigned int i = 0; i < 4 && w->count <= 2; i++)
		if (w->count == 1 || strcmp(w->word[1], types[i]) == 0) {
			dsa_model_halt(g->model, i);
			return true;
		}
	ctl_text_error(t, "halt %s: accepted are software, flr, warm and cold, the reset that "
			  "leads out of it",
		       w->word[1]);
	return false;
}

static bool
inject_page_fault(struct serve_dsa_gate *g, const struct serve_words *w, struct ctl_text *t)
{
	unsigned long count = 1;

	if (w->count > 2 ||
	    (w->count == 2 && !serve_words_number(w->word[1], 1, COUNT_MAX, &count))) {
		ctl_text_error(t, "page-fault %s: accepted are 1 to %u", w->word[1], COUNT_MAX);
		return false;
	}
	atomic_store_explicit(&g->page_faults, (uint32_t)count, memory_order_relaxed);
	/* What it has looked up already is looked up again. */
	g->model->ops->remap(g->model);
	return true;
}

static bool
inject_full(struct serve_dsa_gate *g, const struct serve_words *w, struct ctl_text *t)
{
	struct dsa_model_wq_stats stats;
	unsigned long wq;

	if (w->count != 2 || !serve_words_number(w->word[1], 0, SERVE_DSA_WQS - 1, &wq) ||
	    !dsa_model_wq_stats(g->model, (unsigned int)wq, &stats)) {
		ctl_text_error(t, "full-queue %s: accepted is the number of a work queue of the "
				  "device",
			       w->count > 1 ? w->word[1] : "");
		return false;
	}
	atomic_fetch_or_explicit(&g->full, UINT64_C(1) << wq, memory_order_relaxed);
	return true;
}

static bool
inject_interrupt(struct serve_dsa_gate *g, const struct serve_words *w, struct ctl_text *t)
{
	unsigned long vector, count = 1;

	if (w->count < 2 || !serve_words_number(w->word[1], 0, VECTORS - 1, &vector) ||
	    (w->count == 3 && !serve_words_number(w->word[2], 1, COUNT_MAX, &count))) {
		ctl_text_error(t, "dropped-interrupt: accepted are a vector, 0 to %u, and a count, "
				  "1 to %u",
			       VECTORS - 1, COUNT_MAX);
		return false;
	}
	atomic_store_explicit(&g->vector, (uint32_t)vector, memory_order_relaxed);
	atomic_store_explicit(&g->vector_drops, (uint32_t)count, memory_order_relaxed);
	return true;
}

static const struct {
	const char *name;
	bool (*inject)(struct serve_dsa_gate *g, const struct serve_words *w, struct ctl_text *t);
} faults[] = {
	{"halt", inject_halt},
	{"page-fault", inject_page_fault},
	{"full-queue", inject_full},
	{"dropped-interrupt", inject_interrupt},
};

static unsigned int
clear(struct serve_dsa_gate *g)
{
	unsigned int n = 0;

	n += atomic_exchange_explicit(&g->page_faults, 0, memory_order_relaxed) != 0;
	n += atomic_exchange_explicit(&g->vector_drops, 0, memory_order_relaxed) != 0;
	n += (unsigned int)__builtin_popcountll(
		atomic_exchange_explicit(&g->full, 0, memory_order_relaxed));
	return n;
}

static void
visit_faults(const struct serve_dsa_gate *g, struct ctl_text *t, const char *before,
	     const char *after)
{
	uint64_t full = atomic_load_explicit(&g->full, memory_order_relaxed);
	uint32_t pages = atomic_load_explicit(&g->page_faults, memory_order_relaxed);
	uint32_t drops = atomic_load_explicit(&g->vector_drops, memory_order_relaxed);
	const char *comma = "";

	if (pages != 0) {
		ctl_text_add(t, "%s\"page-fault %u\"%s", before, pages, after);
		comma = ",";
	}
	if (drops != 0) {
		ctl_text_add(t, "%s%s\"dropped-interrupt %u %u\"%s", comma, before,
			     atomic_load_explicit(&g->vector, memory_order_relaxed), drops, after);
		comma = ",";
	}
	for (unsigned int q = 0; full != 0; q++, full >>= 1)
		if (full & 1) {
			ctl_text_add(t, "%s%s\"full-queue %u\"%s", comma, before, q, after);
			comma = ",";
		}
}

void
serve_dsa_gate_faults(const struct serve_dsa_gate *g, struct ctl_text *t)
{
	visit_faults(g, t, "", "");
}

bool
serve_dsa_gate_inject(struct serve_dsa_gate *g, const char *text, size_t len, struct ctl_text *t)
{
	struct serve_words w = {0};

	if (serve_words_split(text, len, &w) && w.count == 1 && strcmp(w.word[0], "list") == 0) {
		ctl_text_add(t, "{\"faults\":[");
		visit_faults(g, t, "{\"fault\":", "}");
		ctl_text_add(t, "]}");
		return false;
	}
	if (w.count == 1 && strcmp(w.word[0], "clear") == 0) {
		ctl_text_add(t, "{\"cleared\":%u}", clear(g));
		return false;
	}
	for (size_t i = 0; w.count > 0 && i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strcmp(w.word[0], faults[i].name) != 0)
			continue;
		if (!faults[i].inject(g, &w, t))
			return false;
		g->injected++;
		ctl_text_add(t, "{\"injected\":");
		ctl_text_quote(t, text, len);
		ctl_text_add(t, "}");
		return true;
	}
	ctl_text_error(t, "inject: accepted are halt, page-fault, full-queue, dropped-interrupt, "
			  "clear and list");
	return false;
}

/* ---- Life ---- */

void
serve_dsa_gate_init(struct serve_dsa_gate *g, struct bus_host *host)
{
	*g = (struct serve_dsa_gate){
		.dev.ops = &gate_ops,
		.host.ops = &host_ops,
		.real = host,
		.from = host,
		.trace_fd = -1,
	};
}

void
serve_dsa_gate_plug(struct serve_dsa_gate *g, struct bus_device *model)
{
	g->model = g->to = model;
}

void
serve_dsa_gate_close(struct serve_dsa_gate *g)
{
	if (g->model != NULL)
		serve_dsa_gate_trace_end(g);
}
