/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "serve_gate.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "dlb_hcw.h"

#define REGIONS_MAX 256
/* What drivers have under names; the rest of configuration space is for nobody. */
#define CONFIG_BYTES 256u
/* From a page of commands to its alias, datasheet section 4.1. */
#define ALIAS UINT64_C(0x00200000)

static struct serve_gate *
gate_of(struct bus_device *dev)
{
	return (struct serve_gate *)dev;
}

static struct serve_gate *
gate_of_host(struct bus_host *host)
{
	return (struct serve_gate *)(void *)((char *)host - offsetof(struct serve_gate, host));
}

/* ---- Lines ---- */

static void
take_line(void *arg, unsigned int ring, const void *line)
{
	struct serve_gate *g = arg;

	g->to->ops->post(g->to, 0, g->page[ring], line, LINE_RING_LINE);
}

/* Whatever was posted before comes before what is asked for next. */
static void
feed(struct serve_gate *g)
{
	if (g->rings->diverted)
		serve_rings_feed(g->rings, take_line, g);
}

static void
settle(struct serve_gate *g)
{
	if (g->rings->diverted)
		serve_rings_settle(g->rings);
}

/* The ring behind an offset of BAR 0; none: rings->count. */
static unsigned int
ring_at(const struct serve_gate *g, unsigned int bar, uint64_t off)
{
	uint64_t page = off - off % DLB_PP_SIZE;
	unsigned int i;

	for (i = 0; i < g->rings->count; i++)
		if (bar == 0 && (g->page[i] == page || g->page[i] + ALIAS == page))
			break;
	return i;
}

/* A line by message goes into the ring of its port, so that it stays in order and counts. */
static void
post_diverted(struct serve_gate *g, unsigned int bar, uint64_t off, const void *line,
	      unsigned int len)
{
	unsigned int ring = ring_at(g, bar, off);

	if (ring == g->rings->count || (len != LINE_RING_LINE && len != 16)) {
		g->to->ops->post(g->to, bar, off, line, len);
		return;
	}
	if (!serve_rings_post(g->rings, ring, line, len)) {
		feed(g);
		/* A read makes the device take in what was posted. */
		serve_reg_read(&g->regs, DLB_SYS_TOTAL_VAS, 0);
		settle(g);
		/* Still no room: that port is closed, and its lines are nobody's. */
		if (!serve_rings_post(g->rings, ring, line, len))
			return;
	}
	feed(g);
}

/* ---- What clients ask of the device ---- */

static int
gate_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct serve_gate *g = gate_of(dev);
	uint64_t in, out;
	int ret;

	feed(g);
	/* This may switch its memory space off, without which it tells nobody, or reset it. */
	if (write)
		serve_gate_totals(g, &in, &out);
	ret = g->to->ops->config(g->to, off, bytes, len, write);
	settle(g);
	return ret;
}

static int
gate_describe(struct bus_device *dev, struct bus_region regions[], unsigned int max)
{
	struct serve_gate *g = gate_of(dev);

	/* Shared rings are there whether somebody records or not. */
	return g->model->ops->describe(g->model, regions, max);
}

static uint64_t
gate_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct serve_gate *g = gate_of(dev);
	uint64_t value;

	feed(g);
	value = g->to->ops->read(g->to, bar, off, size);
	settle(g);
	return value;
}

static void totals_load(struct serve_gate *g, unsigned int bar, uint64_t off, uint32_t value);

static void
gate_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
	   unsigned int size)
{
	struct serve_gate *g = gate_of(dev);

	feed(g);
	if (size == 4) {
		totals_load(g, bar, off, (uint32_t)value);
		value = serve_inject_write(&g->inject, bar, off, (uint32_t)value);
	}
	g->to->ops->write(g->to, bar, off, value, size);
	settle(g);
}

static void
gate_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	  unsigned int len)
{
	struct serve_gate *g = gate_of(dev);

	if (g->rings->diverted)
		post_diverted(g, bar, off, line, len);
	else
		g->to->ops->post(g->to, bar, off, line, len);
}

static uint64_t
gate_step(struct bus_device *dev, uint64_t now_ns)
{
	struct serve_gate *g = gate_of(dev);
	uint64_t next, fault;

	feed(g);
	fault = serve_inject_step(&g->inject, now_ns);
	next = g->to->ops->step(g->to, now_ns);
	settle(g);
	return fault < next ? fault : next;
}

static void
gate_reset(struct bus_device *dev, enum bus_reset kind)
{
	struct serve_gate *g = gate_of(dev);
	uint64_t in, out;

	feed(g);
	serve_gate_totals(g, &in, &out);
	g->totals = (struct serve_totals){.in = in, .out = out};
	g->to->ops->reset(g->to, kind);
	serve_inject_reset(&g->inject);
	settle(g);
}

static void
gate_remap(struct bus_device *dev)
{
	struct serve_gate *g = gate_of(dev);

	g->to->ops->remap(g->to);
}

static const struct bus_device_ops gate_ops = {
	.config = gate_config,
	.describe = gate_describe,
	.read = gate_read,
	.write = gate_write,
	.post = gate_post,
	.step = gate_step,
	.reset = gate_reset,
	.remap = gate_remap,
};

/* ---- What the device asks of its hosts ---- */

static void *
gate_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	struct serve_gate *g = gate_of_host(host);

	return g->from->ops->map(g->from, pasid, iova, len, prot, fault);
}

static int
gate_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct serve_gate *g = gate_of_host(host);

	return g->from->ops->dma(g->from, pasid, iova, bytes, len, write);
}

static int
gate_page_request(struct bus_host *host, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	struct serve_gate *g = gate_of_host(host);

	if (g->from->ops->page_request == NULL)
		return -EFAULT;
	return g->from->ops->page_request(g->from, pasid, iova, prot);
}

static void
gate_irq(struct bus_host *host, unsigned int vector)
{
	struct serve_gate *g = gate_of_host(host);

	if (!serve_inject_drops(&g->inject, vector))
		g->from->ops->irq(g->from, vector);
}

static const struct bus_host_ops host_ops = {
	.map = gate_map,
	.dma = gate_dma,
	.page_request = gate_page_request,
	.irq = gate_irq,
};

/* ---- Totals ---- */

static const struct {
	enum dlb_reg low, high;
	bool in;
} counters[] = {
	{DLB_LSP_QID_ATM_TOT_ENQ_CNTL, DLB_LSP_QID_ATM_TOT_ENQ_CNTH, true},
	{DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, DLB_LSP_QID_NALDB_TOT_ENQ_CNTH, true},
	{DLB_LSP_QID_DIR_TOT_ENQ_CNTL, DLB_LSP_QID_DIR_TOT_ENQ_CNTH, true},
	{DLB_LSP_LDB_SCH_CNT_L, DLB_LSP_LDB_SCH_CNT_H, false},
	{DLB_LSP_DIR_SCH_CNT_L, DLB_LSP_DIR_SCH_CNT_H, false},
};

#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

static uint64_t
sum_of(const struct serve_gate *g, bool in)
{
	uint64_t sum = 0;

	for (size_t k = 0; k < COUNTERS; k++)
		for (uint32_t i = 0;
		     counters[k].in == in && i < serve_reg_count(&g->regs, counters[k].low); i++)
			sum += serve_reg_counter(&g->regs, counters[k].low, counters[k].high, i);
	return sum;
}

/* A sum that has become less was reset meanwhile, by way of configuration space. */
static void
follow(uint64_t *total, uint64_t *then, uint64_t now)
{
	if (now < *then)
		*total += *then;
	*then = now;
}

void
serve_gate_totals(struct serve_gate *g, uint64_t *in, uint64_t *out)
{
	struct serve_totals *t = &g->totals;

	if (!serve_regs_silent(&g->regs)) {
		follow(&t->in, &t->in_then, sum_of(g, true));
		follow(&t->out, &t->out_then, sum_of(g, false));
	}
	*in = t->in + t->in_then;
	*out = t->out + t->out_then;
}

/* A driver loads a counter, mostly with 0: what it has counted is kept. */
static void
totals_load(struct serve_gate *g, unsigned int bar, uint64_t off, uint32_t value)
{
	uint64_t more, in, out;
	uint32_t i;

	for (size_t k = 0; k < COUNTERS; k++) {
		if (serve_reg_is(&g->regs, counters[k].low, bar, off, &i))
			more = (uint64_t)serve_reg_read(&g->regs, counters[k].low, i) - value;
		else if (serve_reg_is(&g->regs, counters[k].high, bar, off, &i))
			more = ((uint64_t)serve_reg_read(&g->regs, counters[k].high, i) - value)
			       << 32;
		else
			continue;
		if (serve_regs_silent(&g->regs))
			return;
		serve_gate_totals(g, &in, &out);
		if (counters[k].in) {
			g->totals.in += more;
			g->totals.in_then -= more;
		} else {
			g->totals.out += more;
			g->totals.out_then -= more;
		}
	}
}

/* ---- Recording ---- */

static void
tell_register(void *arg, unsigned int bar, uint64_t off, uint32_t value)
{
	struct serve_gate *g = arg;

	(void)value;
	g->to->ops->read(g->to, bar, off, 4);
}

/* Who reads the trace knows the device from power-on; this is how it differs from that. */
static void
tell_state(struct serve_gate *g)
{
	struct ctl_registers all = serve_regs_all(&g->regs, "");
	unsigned char config[CONFIG_BYTES];

	g->to->ops->config(g->to, 0, config, sizeof(config), false);
	if (!ctl_regs_silent(&all))
		ctl_regs_visit(&all, tell_register, g);
}

int
serve_gate_trace(struct serve_gate *g, int fd)
{
	int ret;

	if (g->trace != NULL)
		return -EBUSY;
	ret = serve_rings_divert(g->rings);
	if (ret < 0)
		return ret;
	g->trace = bus_trace_create(fd, 0, "dlb", g->regs.version, g->real);
	if (g->trace == NULL) {
		ret = -errno;
		serve_rings_restore(g->rings);
		return ret;
	}
	g->trace_fd = fd;
	g->to = bus_trace_device(g->trace, g->model);
	g->from = bus_trace_host(g->trace);
	/* It has pointers from before. */
	g->model->ops->remap(g->model);
	tell_state(g);
	return 0;
}

void
serve_gate_trace_end(struct serve_gate *g)
{
	if (g->trace == NULL)
		return;
	feed(g);
	g->to = g->model;
	g->from = g->real;
	g->model->ops->remap(g->model);
	/* When memory for that is short, lines go on being fed, unrecorded. */
	serve_rings_restore(g->rings);
	bus_trace_destroy(g->trace);
	g->trace = NULL;
	close(g->trace_fd);
	g->trace_fd = -1;
}

/* ---- Life ---- */

void
serve_gate_init(struct serve_gate *g, struct bus_host *host, struct serve_rings *rings)
{
	*g = (struct serve_gate){
		.dev.ops = &gate_ops,
		.host.ops = &host_ops,
		.real = host,
		.from = host,
		.rings = rings,
		.trace_fd = -1,
	};
}

static void
post_fault(void *arg, uint64_t off, const void *line, unsigned int len)
{
	struct serve_gate *g = arg;

	gate_post(&g->dev, 0, off, line, len);
}

int
serve_gate_plug(struct serve_gate *g, struct bus_device *model, enum dlb_version version)
{
	struct bus_region *regions = calloc(REGIONS_MAX, sizeof(*regions));
	size_t ring;
	int n;

	g->model = model;
	g->to = model;
	g->regs = (struct serve_regs){.dev = model, .version = version};
	g->inject.regs = &g->regs;
	g->inject.post = post_fault;
	g->inject.arg = g;
	g->page = calloc(g->rings->count, sizeof(*g->page));
	if (regions == NULL || g->page == NULL) {
		free(regions);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < g->rings->count; i++)
		g->page[i] = UINT64_MAX;
	n = model->ops->describe(model, regions, REGIONS_MAX);
	for (int i = 0; i < n && i < REGIONS_MAX; i++) {
		ring = regions[i].fd_offset / sizeof(struct line_ring);
		if (regions[i].kind == BUS_LINE_RING && ring < g->rings->count)
			g->page[ring] = regions[i].offset;
	}
	free(regions);
	return 0;
}

void
serve_gate_close(struct serve_gate *g)
{
	serve_gate_trace_end(g);
	free(g->page);
	g->page = NULL;
}
