/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A served DLB.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dlb_model.h"
#include "serve.h"
#include "slipway.h"

#define ABOUT_MAX 128
/* Mappings that a process may have, less what it needs for itself, for the clients to share. */
#define MAPS_FOR_DOMAINS 60000u

static enum dlb_version
version_of(const struct serve *s)
{
	return (enum dlb_version)s->options.version;
}

/* ---- Options ---- */

/* Lines that clients put into rings of their own pass no recorder. */
static int
dlb_check(const struct serve_options *options)
{
	if (options->split.domains != 0 && options->trace != NULL) {
		complain("serve: --trace %s: accepted without --domains", options->trace);
		return -EINVAL;
	}
	return serve_split_check(&options->split);
}

/* ---- Sockets ---- */

/* A domain at each. */
static int
sockets_open_domains(struct serve *s)
{
	int ret = 0;

	for (unsigned int d = 0; d < s->options.split.domains && ret == 0; d++) {
		serve_socket_path(s->socket[d].path, s, "d", d);
		ret = serve_socket_open(s, dlb_hub_about(s->hub, d),
					MAPS_FOR_DOMAINS / s->options.split.domains);
	}
	return ret;
}

/* The device as a whole at one socket. */
static int
sockets_open(struct serve *s, struct bus_host **host)
{
	char about[ABOUT_MAX];
	int ret;

	snprintf(about, sizeof(about), "{\"device\":\"dlb\",\"version\":\"%s\"}",
		 ctl_version_name(version_of(s)));
	strcpy(s->socket[0].path, s->options.path);
	ret = serve_socket_open(s, about, 0);
	if (ret == 0)
		*host = vfu_server_host(s->socket[0].server);
	return ret;
}

static void
sockets_plug(struct serve *s)
{
	for (unsigned int i = 0; i < s->sockets; i++) {
		struct serve_socket *socket = &s->socket[i];

		if (s->hub != NULL)
			dlb_hub_share_host(s->hub, i, vfu_server_host(socket->server));
		socket->dev = s->hub != NULL ? dlb_hub_share(s->hub, i) : s->dev;
		vfu_server_plug(socket->server, socket->dev);
	}
}

/* ---- The device ---- */

static int
model_create(struct serve *s)
{
	const struct dlb_model_config config = {
		.version = version_of(s),
		.ring_memory = s->rings.device,
		.ring_fd = s->rings.fd,
	};
	int ret = dlb_model_create(&config, &s->gate.host, &s->model);

	if (ret == 0)
		ret = serve_gate_plug(&s->gate, s->model, version_of(s));
	if (ret < 0)
		complain("serve: the device cannot be made: %s", strerror(-ret));
	return ret;
}

/* Whoever steps the first share steps the device. */
static int
split_plug(struct serve *s)
{
	s->dev = s->hub != NULL ? dlb_hub_share(s->hub, 0) : &s->gate.dev;
	return s->hub != NULL ? dlb_hub_plug(s->hub, &s->gate.dev, s->model) : 0;
}

static int
dlb_open(struct serve *s)
{
	struct bus_host *host = NULL;
	int ret;

	ret = serve_rings_create(&s->rings, dlb_model_ring_bytes());
	if (ret < 0) {
		complain("serve: %zu bytes for line rings: %s", dlb_model_ring_bytes(),
			 strerror(-ret));
		return ret;
	}
	if (s->options.split.domains != 0)
		ret = serve_split_create(&s->options.split, version_of(s), &s->gate.inject,
					 &s->hub);
	if (ret == 0)
		ret = s->hub != NULL ? sockets_open_domains(s) : sockets_open(s, &host);
	if (ret < 0)
		return ret;
	serve_gate_init(&s->gate, s->hub != NULL ? dlb_hub_host(s->hub) : host, &s->rings);
	ret = model_create(s);
	if (ret == 0)
		ret = split_plug(s);
	if (ret == 0)
		sockets_plug(s);
	return ret;
}

/* Accesses of the domain's clients that were not for it, so far. */
static void
tell_refused(const struct serve *s, unsigned int domain)
{
	uint64_t refused = dlb_hub_refused(s->hub, domain);

	if (refused != 0)
		serve_say(s, "%s: %" PRIu64 " accesses to what is not the domain's were refused",
			  s->socket[domain].path, refused);
}

static void
dlb_close(struct serve *s)
{
	for (unsigned int i = 0; i < s->sockets && s->hub != NULL; i++)
		tell_refused(s, i);
	serve_gate_close(&s->gate);
	dlb_model_destroy(s->model);
	dlb_hub_destroy(s->hub);
	s->hub = NULL;
	serve_rings_destroy(&s->rings);
}

static void
dlb_announce(const struct serve *s)
{
	unsigned int domains = s->options.split.domains;
	const char *version = ctl_version_name(version_of(s));

	if (domains != 0)
		serve_say(s, "serving DLB %s in %u domains; connect with "
			     "--vdev=event_dlb0,at=vfu:%s.d0%s",
			  version, domains, s->options.path, domains > 1 ? ", .d1 and so on" : "");
	else
		serve_say(s, "serving DLB %s at %s; connect with --vdev=event_dlb0,at=vfu:%s",
			  version, s->options.path, s->options.path);
}

/* ---- Work and control ---- */

static uint32_t
dlb_posted(const struct serve *s)
{
	return s->hub != NULL ? dlb_hub_posted(s->hub) : serve_rings_sum(&s->rings);
}

static void
dlb_regs(struct serve *s, struct ctl_text *t)
{
	struct ctl_registers all = serve_regs_all(&s->gate.regs, s->options.path);

	ctl_regs_answer(&all, t);
}

/* Lines that clients put into rings of their own would be missing in it. */
static int
dlb_trace(struct serve *s, int fd)
{
	return s->hub != NULL ? -ENOTSUP : serve_gate_trace(&s->gate, fd);
}

static void
dlb_trace_end(struct serve *s)
{
	serve_gate_trace_end(&s->gate);
}

static bool
dlb_traced(const struct serve *s)
{
	return s->gate.trace != NULL;
}

static bool
dlb_inject(struct serve *s, const char *text, size_t len, struct ctl_text *t)
{
	uint64_t before = s->gate.inject.count;

	serve_inject_answer(&s->gate.inject, text, len, serve_now_ns(), t);
	return s->gate.inject.count != before;
}

const struct serve_kind serve_dlb = {
	.model = "dlb",
	.options = "dDons",
	.check = dlb_check,
	.open = dlb_open,
	.close = dlb_close,
	.announce = dlb_announce,
	.posted = dlb_posted,
	.regs = dlb_regs,
	.stats = serve_stats_answer,
	.stats_print = serve_stats_print,
	.trace = dlb_trace,
	.trace_end = dlb_trace_end,
	.traced = dlb_traced,
	.inject = dlb_inject,
};
