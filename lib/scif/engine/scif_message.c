/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "scif_priv.h"

/* A message of the node to itself, on its way. */
struct loop_message {
	struct scif_list link;
	struct scif_message m;
};

#define OP_NAME(name, number) [number] = #name,
static const char *const op_name[SCIF_OP_MAX + 1] = {SCIF_OPS(OP_NAME)};

static const char *
name_of(uint32_t op)
{
	return op <= SCIF_OP_MAX && op_name[op] != NULL ? op_name[op] : "?";
}

void
scif_log(struct scif_engine *engine, const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	engine->ops->log(engine->arg, line);
}

static void
log_message(const struct scif_node *node, const char *direction, const struct scif_message *m)
{
	if (!node->engine->config.log_messages)
		return;
	scif_log(node->engine,
		 "node %u %s %s %u:%u -> %u:%u %#" PRIx64 " %#" PRIx64 " %#" PRIx64 " %#" PRIx64,
		 node->id, direction, name_of(m->op), m->src.node, m->src.port, m->dst.node,
		 m->dst.port, m->payload[0], m->payload[1], m->payload[2], m->payload[3]);
}

/* ---- Sending ---- */

/* Delivered later: who sends may be in the middle of what the message is about. */
static int
loop_send(struct scif_engine *engine, const struct scif_message *m)
{
	struct loop_message *lm = malloc(sizeof(*lm));

	if (lm == NULL)
		return -ENOMEM;
	lm->m = *m;
	scif_list_add(&engine->loop, &lm->link);
	return 0;
}

int
scif_message_send(struct scif_node *to, const struct scif_message *m)
{
	struct scif_engine *engine = to->engine;
	int ret;

	log_message(to, "<-", m);
	ret = to->self ? loop_send(engine, m) : scif_link_send(to, m);
	if (ret == 0)
		engine->counters.sent[m->op]++;
	return ret;
}

void
scif_message_failed(struct scif_node *to, const struct scif_message *m)
{
	struct scif_engine *engine = to->engine;
	struct scif_endpoint *ep;

	scif_log(engine, "node %u: %s not sent, there is no room for %" PRIu32 " ms", to->id,
		 name_of(m->op), engine->config.send_retry_ms);
	switch (m->op) {
	case SCIF_CNCT_REQ:
		ep = scif_endpoint_find(engine, m->payload[0]);
		if (ep != NULL)
			scif_connect_cancel(ep, -ENODEV);
		break;
	case SCIF_NODE_REMOVE:
		scif_node_settle(to, m->payload[0]);
		break;
	case SCIF_GET_NODE_INFO:
		scif_info_unsent(to, m);
		break;
	case SCIF_REGISTER ... SCIF_MUNMAP:
		scif_window_unsent(to, m);
		break;
	case SCIF_MARK ... SCIF_SIG_NACK:
		scif_fence_unsent(to, m);
		break;
	default:
		break;
	}
}

/* ---- Receiving ---- */

static void
dispatch(struct scif_node *from, const struct scif_message *m)
{
	switch (m->op) {
	case SCIF_INIT ... SCIF_NODE_REMOVE_ACK:
	case SCIF_GET_NODE_INFO:
		scif_node_message(from, m);
		break;
	case SCIF_CNCT_REQ:
	case SCIF_CNCT_GNTACK ... SCIF_CNCT_GNTNACK:
		scif_accept_message(from, m);
		break;
	case SCIF_CNCT_GNT:
	case SCIF_CNCT_REJ:
		scif_connect_message(from, m);
		break;
	case SCIF_DISCNCT ... SCIF_DISCNT_ACK:
		scif_close_message(from, m);
		break;
	case SCIF_CLIENT_SENT ... SCIF_CLIENT_RCVD:
		scif_stream_message(from, m);
		break;
	case SCIF_REGISTER ... SCIF_MUNMAP:
		scif_window_message(from, m);
		break;
	default:
		scif_fence_message(from, m);
		break;
	}
}

void
scif_message_deliver(struct scif_node *from, const struct scif_message *m)
{
	struct scif_counters *counters = &from->engine->counters;

	log_message(from, "->", m);
	if (m->op == 0 || m->op > SCIF_OP_MAX) {
		counters->unknown++;
		/* Fewer and fewer lines, whoever sends them. */
		if ((counters->unknown & (counters->unknown - 1)) == 0)
			scif_log(from->engine,
				 "node %u: opcode %" PRIu32 ", known are 1 to %u; %" PRIu64
				 " of that kind",
				 from->id, m->op, SCIF_OP_MAX, counters->unknown);
		return;
	}
	counters->received[m->op]++;
	dispatch(from, m);
}

void
scif_message_loop(struct scif_engine *engine)
{
	while (!scif_list_empty(&engine->loop)) {
		struct loop_message *lm =
			scif_list_entry(engine->loop.next, struct loop_message, link);

		scif_list_remove(&lm->link);
		scif_message_deliver(scif_node_self(engine), &lm->m);
		free(lm);
	}
}
