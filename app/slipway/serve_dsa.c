/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A served DSA: the model, and the client of the device as a whole.
 */
#include "serve_dsa.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_dsa.h"
#include "dsa_desc.h"
#include "dsa_model.h"
#include "slipway.h"

#define ABOUT_MAX 128

static const char *
version_of(const struct serve *s)
{
	return s->options.model->version[s->options.version].name;
}

/* Where portals are. */
#define PORTAL_BAR 2

/* ---- The whole device, called by the first thread ---- */

static struct serve_dsa *
dsa_of(struct bus_device *dev)
{
	return (struct serve_dsa *)(void *)((char *)dev - offsetof(struct serve_dsa, whole_dev));
}

/* Whatever was asked for may be work. */
static void
called(struct serve_dsa *dsa)
{
	serve_dsa_threads_wake(dsa);
	serve_dsa_lock(dsa);
}

static int
whole_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct serve_dsa *dsa = dsa_of(dev);
	int ret;

	serve_dsa_unlock(dsa);
	ret = dsa->gate.dev.ops->config(&dsa->gate.dev, off, bytes, len, write);
	called(dsa);
	return ret;
}

static int
whole_describe(struct bus_device *dev, struct bus_region regions[], unsigned int max)
{
	struct serve_dsa *dsa = dsa_of(dev);
	int n = dsa->gate.dev.ops->describe(&dsa->gate.dev, regions, max);

	for (int i = 0; dsa->serve->options.gather && i < n && (unsigned int)i < max; i++)
		if (regions[i].bar == PORTAL_BAR)
			regions[i].kind = BUS_LINES;
	return n;
}

static uint64_t
whole_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct serve_dsa *dsa = dsa_of(dev);
	uint64_t value;

	serve_dsa_unlock(dsa);
	value = dsa->gate.dev.ops->read(&dsa->gate.dev, bar, off, size);
	serve_dsa_lock(dsa);
	return value;
}

static void
whole_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
	    unsigned int size)
{
	struct serve_dsa *dsa = dsa_of(dev);

	serve_dsa_unlock(dsa);
	dsa->gate.dev.ops->write(&dsa->gate.dev, bar, off, value, size);
	called(dsa);
}

static void
whole_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	   unsigned int len)
{
	struct serve_dsa *dsa = dsa_of(dev);

	serve_dsa_unlock(dsa);
	dsa->gate.dev.ops->post(&dsa->gate.dev, bar, off, line, len);
	called(dsa);
}

static int
whole_submit(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	     uint32_t pasid)
{
	struct serve_dsa *dsa = dsa_of(dev);
	int ret;

	serve_dsa_unlock(dsa);
	ret = dsa->gate.dev.ops->submit(&dsa->gate.dev, bar, off, line, pasid);
	called(dsa);
	return ret;
}

static uint64_t
whole_step(struct bus_device *dev, uint64_t now_ns)
{
	struct serve_dsa *dsa = dsa_of(dev);

	/* Others do. */
	if (dsa->threads.count > 0)
		return BUS_NO_DEADLINE;
	return dsa->gate.dev.ops->step(&dsa->gate.dev, now_ns);
}

static void
whole_reset(struct bus_device *dev, enum bus_reset kind)
{
	struct serve_dsa *dsa = dsa_of(dev);

	serve_dsa_unlock(dsa);
	dsa->gate.dev.ops->reset(&dsa->gate.dev, kind);
	called(dsa);
}

static void
whole_remap(struct bus_device *dev)
{
	struct serve_dsa *dsa = dsa_of(dev);

	serve_dsa_unlock(dsa);
	dsa->gate.dev.ops->remap(&dsa->gate.dev);
	serve_dsa_lock(dsa);
}

static const struct bus_device_ops whole_ops = {
	.config = whole_config,
	.describe = whole_describe,
	.read = whole_read,
	.write = whole_write,
	.post = whole_post,
	.submit = whole_submit,
	.step = whole_step,
	.reset = whole_reset,
	.remap = whole_remap,
};

/* ---- Life ---- */

static int
dsa_check(const struct serve_options *options)
{
	unsigned int wqs = options->wqs != 0 ? options->wqs : options->model->wqs;

	if (options->gather && options->plan.count > 0) {
		complain("serve: --gather: accepted without --wq only");
		return -EINVAL;
	}
	for (unsigned int q = wqs; q < DSA_PLAN_WQS; q++) {
		if (!options->plan.wq[q].said)
			continue;
		complain("serve: --wq %u: accepted are 0 to %u, the work queues of the device", q,
			 wqs - 1);
		return -EINVAL;
	}
	return 0;
}

static int
model_create(struct serve *s)
{
	static const unsigned int versions[] = {DSA_VERSION_1, DSA_VERSION_2};
	const struct dsa_model_config config = {
		.version = versions[s->options.version],
		.wqs = s->options.wqs,
	};
	int ret = dsa_model_create(&config, &s->dsa->gate.host, &s->model);

	if (ret < 0)
		complain("serve: the device cannot be made: %s", strerror(-ret));
	else
		serve_dsa_gate_plug(&s->dsa->gate, s->model);
	return ret;
}

/* The device as a whole at one socket. */
static int
open_whole(struct serve *s)
{
	char about[ABOUT_MAX];
	int ret;

	snprintf(about, sizeof(about), "{\"device\":\"dsa\",\"version\":\"%s\"}", version_of(s));
	strcpy(s->socket[0].path, s->options.path);
	s->socket[0].dev = &s->dsa->whole_dev;
	ret = serve_socket_open(s, about, 0);
	if (ret < 0)
		return ret;
	s->dsa->whole = vfu_server_host(s->socket[0].server);
	vfu_server_plug(s->socket[0].server, &s->dsa->whole_dev);
	return 0;
}

static int
open_queues(struct serve *s)
{
	int ret = serve_dsa_own(s->dsa, &s->options.plan);

	return ret < 0 ? ret : serve_dsa_listen(s->dsa, &s->options.plan);
}

static int
dsa_open(struct serve *s)
{
	struct serve_dsa *dsa = calloc(1, sizeof(*dsa));
	int ret;

	if (dsa == NULL)
		return -ENOMEM;
	s->dsa = dsa;
	dsa->serve = s;
	dsa->router.ops = &serve_dsa_router_ops;
	dsa->whole_dev.ops = &whole_ops;
	serve_dsa_gate_init(&dsa->gate, &dsa->router);
	s->dev = &dsa->whole_dev;
	ret = model_create(s);
	if (ret == 0)
		ret = s->options.plan.count > 0 ? open_queues(s) : open_whole(s);
	return ret < 0 ? ret : serve_dsa_threads_start(dsa, s->options.threads);
}

static void
dsa_close(struct serve *s)
{
	if (s->dsa == NULL)
		return;
	serve_dsa_threads_stop(s->dsa);
	serve_dsa_gate_close(&s->dsa->gate);
	dsa_model_destroy(s->model);
	free(s->dsa);
	s->dsa = NULL;
}

static void
dsa_announce(const struct serve *s)
{
	if (s->options.plan.count > 0)
		serve_say(s, "serving %u work queue%s of DSA %s; connect with "
			     "--vdev=dma_dsa0,at=vfu:%s%s",
			  s->options.plan.count, s->options.plan.count > 1 ? "s" : "",
			  version_of(s), s->listener[0].path,
			  s->options.plan.count > 1 ? " and so on" : "");
	else
		serve_say(s, "serving DSA %s at %s; connect with --vdev=dma_dsa0,at=vfu:%s",
			  version_of(s), s->options.path, s->options.path);
}

static void
dsa_sleeps(struct serve *s, bool begins)
{
	if (begins)
		serve_dsa_unlock(s->dsa);
	else
		serve_dsa_lock(s->dsa);
}

/* ---- Control ---- */

static uint64_t
read_register(void *arg, uint64_t off, unsigned int size)
{
	struct serve_dsa *dsa = arg;

	return dsa->gate.model->ops->read(dsa->gate.model, 0, off, size);
}

static void
read_config(void *arg, uint16_t off, void *bytes, size_t len)
{
	struct serve_dsa *dsa = arg;

	dsa->gate.model->ops->config(dsa->gate.model, off, bytes, len, false);
}

static void
dsa_regs(struct serve *s, struct ctl_text *t)
{
	const struct ctl_dsa all = {
		.name = s->options.path,
		.read = read_register,
		.config = read_config,
		.arg = s->dsa,
	};

	serve_dsa_unlock(s->dsa);
	ctl_dsa_answer(&all, t);
	serve_dsa_lock(s->dsa);
}

static int
dsa_trace(struct serve *s, int fd)
{
	int ret;

	serve_dsa_threads_pause(s->dsa);
	ret = serve_dsa_gate_trace(&s->dsa->gate, fd, (unsigned int)s->options.version);
	serve_dsa_threads_resume(s->dsa);
	return ret;
}

static void
dsa_trace_end(struct serve *s)
{
	serve_dsa_threads_pause(s->dsa);
	serve_dsa_gate_trace_end(&s->dsa->gate);
	serve_dsa_threads_resume(s->dsa);
}

static bool
dsa_traced(const struct serve *s)
{
	return s->dsa->gate.trace != NULL;
}

static bool
dsa_inject(struct serve *s, const char *text, size_t len, struct ctl_text *t)
{
	bool injected, halted;

	serve_dsa_unlock(s->dsa);
	injected = serve_dsa_gate_inject(&s->dsa->gate, text, len, t);
	halted = !serve_dsa_enabled(s->dsa);
	serve_dsa_threads_wake(s->dsa);
	serve_dsa_lock(s->dsa);
	if (halted && s->options.plan.count > 0)
		serve_dsa_let_go(s);
	return injected;
}

const struct serve_kind serve_dsa = {
	.model = "dsa",
	.options = "wWTg",
	.check = dsa_check,
	.open = dsa_open,
	.close = dsa_close,
	.announce = dsa_announce,
	.accept = serve_dsa_accept,
	.tidy = serve_dsa_tidy,
	.sleeps = dsa_sleeps,
	.regs = dsa_regs,
	.stats = serve_dsa_stats,
	.stats_print = serve_dsa_print,
	.trace = dsa_trace,
	.trace_end = dsa_trace_end,
	.traced = dsa_traced,
	.inject = dsa_inject,
};
