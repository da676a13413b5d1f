/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "dlb_model.h"
#include "serve.h"
#include "slipway.h"

#define ABOUT_MAX 128
/* Mappings that a process may have, less what it needs for itself, for the clients to share. */
#define MAPS_FOR_DOMAINS 60000u

/* ---- Who comes and goes ---- */

/* The name of a process, for log lines; some other when it cannot be had. */
static void
process_name(pid_t pid, char *name, size_t len)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(name, len, "?");
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, name, len - 1);
	close(fd);
	if (n <= 0)
		return;
	name[n] = '\0';
	for (char *c = name; *c != '\0'; c++) {
		if (*c == '\n')
			*c = '\0';
		else if (*c < ' ' || *c > '~')
			*c = '?';
	}
}

static void
socket_log(void *arg, const char *line)
{
	const struct serve_socket *socket = arg;

	/* Before there is a server, it is why there is none. */
	if (socket->server == NULL)
		complain("serve: %s: %s", socket->path, line);
	else
		serve_say(socket->owner, "%s: %s", socket->path, line);
}

/* As long as there are clients a signal comes now and then: one of them may have us wait for an
 * eventfd of its own, for good but for that.
 */
static void
tick_set(const struct serve *s)
{
	struct itimerval tick = {0};

	for (unsigned int i = 0; i < s->sockets; i++)
		if (s->socket[i].server != NULL && vfu_server_has_client(s->socket[i].server))
			tick.it_interval.tv_sec = tick.it_value.tv_sec = 1;
	setitimer(ITIMER_REAL, &tick, NULL);
}

static void
client_came(void *arg, pid_t pid, uid_t uid)
{
	struct serve_socket *socket = arg;
	char name[32];

	socket->client = pid;
	tick_set(socket->owner);
	process_name(pid, name, sizeof(name));
	serve_say(socket->owner, "%s: client came: process %d (%s) of user %u", socket->path,
		  (int)pid, name, (unsigned int)uid);
}

/* What a client leaves of the device, nobody else is to find. */
static void
client_gone(void *arg)
{
	struct serve_socket *socket = arg;

	serve_say(socket->owner, "%s: device reset after process %d; the next client may come",
		  socket->path, (int)socket->client);
	socket->client = 0;
	tick_set(socket->owner);
	socket->dev->ops->reset(socket->dev, BUS_RESET_POWER);
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

/* ---- Sockets ---- */

/* Its path is set. */
static int
socket_open(struct serve *s, const char *about)
{
	struct serve_socket *socket = &s->socket[s->sockets];
	unsigned int domains = s->options.split.domains;
	struct vfu_server_config config = {
		.path = socket->path,
		.mode = s->options.mode,
		.share = s->options.share,
		.about = about,
		.max_dma_maps = domains != 0 ? MAPS_FOR_DOMAINS / domains : 0,
		.events = {.log = socket_log, .came = client_came, .gone = client_gone},
		.arg = socket,
	};
	int ret;

	socket->owner = s;
	ret = vfu_server_open(&config, &socket->server);
	if (ret == 0)
		s->sockets++;
	return ret;
}

/* The path has room for it, as for .ctl. */
static void
domain_path(char path[SERVE_PATH], const char *base, unsigned int domain)
{
	size_t len = strnlen(base, SERVE_PATH - sizeof(".d31"));

	memcpy(path, base, len);
	snprintf(path + len, SERVE_PATH - len, ".d%u", domain);
}

/* A domain at each. */
static int
sockets_open_domains(struct serve *s)
{
	int ret = 0;

	for (unsigned int d = 0; d < s->options.split.domains && ret == 0; d++) {
		domain_path(s->socket[d].path, s->options.path, d);
		ret = socket_open(s, dlb_hub_about(s->hub, d));
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
		 ctl_version_name(s->options.version));
	strcpy(s->socket[0].path, s->options.path);
	ret = socket_open(s, about);
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
		.version = s->options.version,
		.ring_memory = s->rings.device,
		.ring_fd = s->rings.fd,
	};
	int ret = dlb_model_create(&config, &s->gate.host, &s->model);

	if (ret == 0)
		ret = serve_gate_plug(&s->gate, s->model, s->options.version);
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
trace_begin(struct serve *s)
{
	const char *path = s->options.trace;
	int fd, ret;

	if (path == NULL)
		return 0;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ret = fd < 0 ? -errno : serve_gate_trace(&s->gate, fd);
	if (ret < 0) {
		complain("serve: --trace %s: %s", path, strerror(-ret));
		if (fd >= 0)
			close(fd);
	}
	return ret;
}

int
serve_device_open(struct serve *s)
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
		ret = serve_split_create(&s->options.split, s->options.version, &s->gate.inject,
					 &s->hub);
	if (ret == 0)
		ret = s->hub != NULL ? sockets_open_domains(s) : sockets_open(s, &host);
	if (ret < 0)
		goto fail;
	serve_gate_init(&s->gate, s->hub != NULL ? dlb_hub_host(s->hub) : host, &s->rings);
	ret = model_create(s);
	if (ret == 0)
		ret = trace_begin(s);
	if (ret == 0)
		ret = split_plug(s);
	if (ret < 0)
		goto fail;
	sockets_plug(s);
	return 0;

fail:
	serve_device_close(s);
	return ret;
}

void
serve_device_close(struct serve *s)
{
	for (unsigned int i = 0; i < s->sockets; i++) {
		vfu_server_close(s->socket[i].server);
		s->socket[i].server = NULL;
		if (s->hub != NULL)
			tell_refused(s, i);
	}
	s->sockets = 0;
	serve_gate_close(&s->gate);
	dlb_model_destroy(s->model);
	s->model = NULL;
	dlb_hub_destroy(s->hub);
	s->hub = NULL;
	serve_rings_destroy(&s->rings);
}
