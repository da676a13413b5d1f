/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scif_host_priv.h"
#include "scif_priv.h"
#include "scif_window.h"

/* The control socket of a node, N.ctl: what there is, as a line of JSON. */

/* Entries of one answer: the rest is counted. */
#define ENTRIES_MAX 20000u

enum { AT_EPOLL, AT_LISTENER, AT_CLIENTS, POLLED = AT_CLIENTS + CTL_CLIENTS };

/* ---- Nodes ---- */

static unsigned int
endpoints_towards(const struct scif_engine *engine, uint16_t node)
{
	unsigned int n = 0;

	scif_list_each(at, next, &engine->endpoints) {
		const struct scif_endpoint *ep = scif_list_entry(at, struct scif_endpoint, link);

		n += ep->state == SCIF_CONNECTED && ep->peer.node == node;
	}
	return n;
}

static void
answer_nodes(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	const struct scif_host *host = arg;
	const struct scif_engine *engine = host->engine;
	const char *comma = "";

	(void)request;
	ctl_text_add(t, "{\"self\":%u,\"highest\":%u,\"nodes\":[", engine->config.node,
		     engine->max_id);
	for (uint16_t i = 0; i < SCIF_NODES_MAX; i++) {
		if (engine->node[i] == NULL)
			continue;
		ctl_text_add(t, "%s{\"node\":%u,\"online\":%s,\"connections\":%u}", comma, i,
			     engine->node[i]->online ? "true" : "false",
			     endpoints_towards(engine, i));
		comma = ",";
	}
	ctl_text_add(t, "]}");
}

/* ---- Endpoints ---- */

static int32_t
pid_of(const struct scif_endpoint *ep)
{
	if (scif_list_empty(&ep->holds))
		return 0;
	return scif_list_entry(ep->holds.next, struct scif_hold, link)->client->who.pid;
}

static const char *
state_name(const struct scif_endpoint *ep)
{
	static const char *const name[] = {
		[SCIF_UNBOUND] = "Unbound",       [SCIF_BOUND] = "Bound",
		[SCIF_LISTENING] = "Listening",   [SCIF_CONNECTED] = "Connected",
		[SCIF_CONNECTING] = "Connecting", [SCIF_MAPPING] = "Mapping",
		[SCIF_CLOSING] = "Closing",       [SCIF_CLLISTEN] = "Close Listening",
		[SCIF_DISCONNECTED] = "Disconnected", [SCIF_ZOMBIE] = "Zombie",
	};

	return name[ep->state];
}

static void
add_connection(struct ctl_text *t, const struct scif_endpoint *ep)
{
	const struct scif_half *half = scif_endpoint_half(ep);
	uint32_t mask = ep->engine->config.ring_size - 1;

	ctl_text_add(t, ",\"peer_node\":%u,\"peer_port\":%u", ep->peer.node, ep->peer.port);
	if (half == NULL || ep->peer_ring_size == 0)
		return;
	ctl_text_add(t, ",\"unread\":%" PRIu32 ",\"free\":%" PRIu32,
		     scif_ring_used(&half->rx, &half->local_write, mask),
		     scif_ring_free(&half->tx, &half->local_read, ep->peer_ring_size - 1));
}

static void
add_endpoint(struct ctl_text *t, const struct scif_endpoint *ep)
{
	ctl_text_add(t, "{\"pid\":%" PRId32 ",\"state\":\"%s\",\"port\":%u", pid_of(ep),
		     state_name(ep), ep->port);
	if (ep->state == SCIF_LISTENING)
		ctl_text_add(t, ",\"pending\":%" PRIu32 ",\"backlog\":%" PRIu32, ep->nb_knocks,
			     ep->backlog);
	if (ep->peer.port != 0)
		add_connection(t, ep);
	if (ep->windows != NULL)
		ctl_text_add(t, ",\"windows\":%" PRIu32, ep->windows->count[SCIF_SIDE_OWN]);
	ctl_text_add(t, "}");
}

static void
answer_endpoints(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	const struct scif_host *host = arg;
	uint32_t n = 0;

	(void)request;
	ctl_text_add(t, "{\"endpoints\":[");
	scif_list_each(at, next, &host->engine->endpoints) {
		if (n++ >= ENTRIES_MAX)
			continue;
		ctl_text_add(t, n > 1 ? "," : "");
		add_endpoint(t, scif_list_entry(at, struct scif_endpoint, link));
	}
	ctl_text_add(t, "],\"count\":%" PRIu32 "}", n);
}

/* ---- Windows ---- */

static const char *
window_state(const struct scif_window *w)
{
	static const char *const name[] = {
		[SCIF_WINDOW_ALLOCATING] = "registering",
		[SCIF_WINDOW_GRANTED] = "registering",
		[SCIF_WINDOW_REGISTERING] = "registering",
		[SCIF_WINDOW_REGISTERED] = "registered",
		[SCIF_WINDOW_UNREGISTERING] = "unregistering",
		[SCIF_WINDOW_REFERENCED] = "closed, in use",
	};

	return name[w->state];
}

static uint64_t
copied_bytes(const struct scif_window *w)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < w->nb_runs; i++)
		if (scif_run_copies(&w->run[i]))
			bytes += w->run[i].length;
	return bytes;
}

static void
add_window(struct ctl_text *t, const struct scif_window *w)
{
	ctl_text_add(t,
		     "{\"pid\":%" PRId32 ",\"port\":%u,\"offset\":%" PRIu64 ",\"length\":%" PRIu64
		     ",\"prot\":\"%s%s\",\"state\":\"%s\",\"mapped\":%" PRIu64
		     ",\"pieces\":%" PRIu32 ",\"copied\":%" PRIu64 "}",
		     w->ep != NULL ? pid_of(w->ep) : 0, w->ep != NULL ? w->ep->port : 0, w->offset,
		     w->length, (w->prot & 1) != 0 ? "r" : "-", (w->prot & 2) != 0 ? "w" : "-",
		     window_state(w), w->nb_mapped, w->nb_runs, copied_bytes(w));
}

static void
answer_windows(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	const struct scif_host *host = arg;
	uint32_t n = 0;

	(void)request;
	ctl_text_add(t, "{\"windows\":[");
	scif_list_each(at, next, &host->engine->windows) {
		const struct scif_window *w = scif_list_entry(at, struct scif_window, link);

		if (!w->own || n++ >= ENTRIES_MAX)
			continue;
		ctl_text_add(t, n > 1 ? "," : "");
		add_window(t, w);
	}
	ctl_text_add(t, "],\"count\":%" PRIu32 "}", n);
}

/* ---- Counters ---- */

#define OP_NAME(name, number) [number] = #name,
static const char *const op_name[SCIF_OP_MAX + 1] = {SCIF_OPS(OP_NAME)};

static void
add_messages(struct ctl_text *t, const char *name, const uint64_t count[SCIF_OP_MAX + 1])
{
	const char *comma = "";

	ctl_text_add(t, "\"%s\":{", name);
	for (uint32_t i = 1; i <= SCIF_OP_MAX; i++) {
		if (count[i] == 0)
			continue;
		ctl_text_add(t, "%s\"%s\":%" PRIu64, comma, op_name[i], count[i]);
		comma = ",";
	}
	ctl_text_add(t, "},");
}

/* Of all clients, those that have gone too; each says so itself. */
static void
add_copies(struct ctl_text *t, const struct scif_engine *engine)
{
	uint64_t copies = engine->counters.copies, copied = engine->counters.copied;

	scif_list_each(at, next, &engine->clients) {
		const struct scif_client *client = scif_list_entry(at, struct scif_client, link);

		copies += atomic_load(&client->desk->board->copies);
		copied += atomic_load(&client->desk->board->copied);
	}
	ctl_text_add(t, ",\"copies\":%" PRIu64 ",\"copied\":%" PRIu64, copies, copied);
}

/* What there is now; and memory that this process has allocated, for what might be on no list. */
static void
add_held(struct ctl_text *t, const struct scif_engine *engine)
{
	const struct mallinfo2 heap = mallinfo2();
	struct scif_held held;

#define ADD_HELD(kind) ctl_text_add(t, "\"" #kind "\":%" PRIu64 ",", held.kind);
	scif_engine_held(engine, &held);
	ctl_text_add(t, ",\"held\":{");
	SCIF_HELD(ADD_HELD)
	ctl_text_add(t, "\"heap\":%zu}", heap.uordblks + heap.hblkhd);
}

static void
answer_stat(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	const struct scif_host *host = arg;
	const struct scif_counters *c = scif_engine_counters(host->engine);

	(void)request;
	ctl_text_add(t, "{");
	add_messages(t, "sent", c->sent);
	add_messages(t, "received", c->received);
	ctl_text_add(t,
		     "\"connected\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"nodes_added\":%" PRIu64
		     ",\"nodes_lost\":%" PRIu64,
		     c->connected, c->refused, c->nodes_added, c->nodes_lost);
	ctl_text_add(t,
		     ",\"unknown\":%" PRIu64 ",\"bad_token\":%" PRIu64 ",\"ring_full\":%" PRIu64,
		     c->unknown, c->bad_token, c->ring_full);
	add_copies(t, host->engine);
	add_held(t, host->engine);
	ctl_text_add(t, "}");
}

static const struct ctl_verb verbs[] = {
	{"nodes", false, answer_nodes},
	{"endpoints", false, answer_endpoints},
	{"windows", false, answer_windows},
	{"stat", false, answer_stat},
};

static void
answer(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	ctl_verbs_answer(verbs, sizeof(verbs) / sizeof(verbs[0]), arg, request, t);
}

/* ---- The socket ---- */

int
scif_host_ctl_begin(struct scif_host *host)
{
	mode_t mode = host->config.mode != 0 ? host->config.mode : 0600;
	int ret = scif_path(host->ctl_path, host->config.engine.node, "ctl");

	ctl_clients_init(&host->ctl);
	host->ctl_service = (struct ctl_service){.answer = answer, .arg = host};
	host->ctl_fd = ret < 0 ? ret : ctl_listen(host->ctl_path, mode);
	return host->ctl_fd < 0 ? host->ctl_fd : 0;
}

static bool
take(struct scif_host *host)
{
	int fd = scif_host_take(host, host->ctl_fd);

	if (fd >= 0)
		ctl_clients_add(&host->ctl, fd, &host->ctl_service);
	return fd >= 0;
}

void
scif_host_ctl_end(struct scif_host *host)
{
	unlink(host->ctl_path);
	/* Who has not been taken yet may have sent what lingers; no more come. */
	shutdown(host->ctl_fd, SHUT_RD);
	while (take(host))
		;
	close(host->ctl_fd);
	host->ctl_fd = -1;
	ctl_clients_close(&host->ctl);
}

int
scif_host_ctl_wait(struct scif_host *host, struct epoll_event *event, int max, int timeout_ms)
{
	struct pollfd p[POLLED] = {
		[AT_EPOLL] = {.fd = host->epoll_fd, .events = POLLIN},
		[AT_LISTENER] = {.fd = host->ctl_fd, .events = POLLIN},
	};

	ctl_clients_collect(&host->ctl, p + AT_CLIENTS);
	if (poll(p, POLLED, timeout_ms) <= 0)
		return 0;
	ctl_clients_serve(&host->ctl, p + AT_CLIENTS);
	if (p[AT_LISTENER].revents != 0)
		take(host);
	return p[AT_EPOLL].revents != 0 ? epoll_wait(host->epoll_fd, event, max, 0) : 0;
}
