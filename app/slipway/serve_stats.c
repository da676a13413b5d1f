/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <inttypes.h>
#include <stdio.h>

#include "dlb_hcw.h"
#include "dlb_model.h"
#include "serve.h"

/* Registers by kind: [0] load-balanced, [1] directed. */
static const struct kind {
	const char *name;
	enum dlb_reg port_valid, port_domain, queue_valid, permitted;
	enum dlb_reg scheduled_low, scheduled_high, tokens, disabled, depth;
	uint32_t ring; /* of port 0 */
} kinds[2] = {
	{"ldb", DLB_SYS_LDB_PP_V, DLB_SYS_LDB_PP2VAS, DLB_SYS_LDB_QID_V, DLB_SYS_LDB_VASQID_V,
	 DLB_LSP_CQ_LDB_TOT_SCH_CNTL, DLB_LSP_CQ_LDB_TOT_SCH_CNTH, DLB_LSP_CQ_LDB_TKN_CNT,
	 DLB_LSP_CQ_LDB_DSBL, DLB_CHP_LDB_CQ_TKN_DEPTH_SEL, 0},
	{"dir", DLB_SYS_DIR_PP_V, DLB_SYS_DIR_PP2VAS, DLB_SYS_DIR_QID_V, DLB_SYS_DIR_VASQID_V,
	 DLB_LSP_CQ_DIR_TOT_SCH_CNTL, DLB_LSP_CQ_DIR_TOT_SCH_CNTH, DLB_LSP_CQ_DIR_TKN_CNT,
	 DLB_LSP_CQ_DIR_DSBL, DLB_CHP_DIR_CQ_TKN_DEPTH_SEL, DLB_LDB_PORTS},
};

/* ---- Queues ---- */

/* The domain that may send to a queue, or -1. */
static int
queue_domain(const struct serve_regs *regs, const struct kind *k, uint32_t q)
{
	uint32_t queues = serve_reg_count(regs, k->queue_valid);

	for (uint32_t d = 0; d < DLB_DOMAINS; d++)
		if (serve_reg_read(regs, k->permitted, d * queues + q) & 1)
			return (int)d;
	return -1;
}

/* Ports that a load-balanced queue is linked to. */
static unsigned int
queue_links(const struct serve_regs *regs, uint32_t q)
{
	static const enum dlb_reg words[] = {DLB_LSP_CQ2QID0, DLB_LSP_CQ2QID1};
	unsigned int links = 0;

	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++) {
		uint32_t valid = serve_reg_read(regs, DLB_LSP_CQ2PRIOV, p) >> 24;

		for (unsigned int slot = 0; valid != 0; slot++, valid >>= 1)
			if (valid & 1 &&
			    (serve_reg_read(regs, words[slot / 4], p) >> slot % 4 * 8 & 0x7f) == q)
				links++;
	}
	return links;
}

static void
ldb_queue_add(const struct serve_regs *regs, uint32_t q, struct ctl_text *t)
{
	uint64_t enqueued = serve_reg_counter(regs, DLB_LSP_QID_ATM_TOT_ENQ_CNTL,
					      DLB_LSP_QID_ATM_TOT_ENQ_CNTH, q) +
			    serve_reg_counter(regs, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL,
					      DLB_LSP_QID_NALDB_TOT_ENQ_CNTH, q);

	ctl_text_add(t, "\"enqueued\":%" PRIu64 ",\"waiting\":%" PRIu32, enqueued,
		     serve_reg_read(regs, DLB_LSP_QID_AQED_ACTIVE_CNT, q) +
			     serve_reg_read(regs, DLB_LSP_QID_LDB_ENQUEUE_CNT, q) +
			     serve_reg_read(regs, DLB_LSP_QID_ATM_ACTIVE, q));
	ctl_text_add(t, ",\"inflight\":%" PRIu32 ",\"limit\":%" PRIu32 ",\"links\":%u}",
		     serve_reg_read(regs, DLB_LSP_QID_LDB_INFL_CNT, q),
		     serve_reg_read(regs, DLB_LSP_QID_LDB_INFL_LIM, q), queue_links(regs, q));
}

static void
dir_queue_add(const struct serve_regs *regs, uint32_t q, struct ctl_text *t)
{
	ctl_text_add(t, "\"enqueued\":%" PRIu64 ",\"waiting\":%" PRIu32 ",\"links\":1}",
		     serve_reg_counter(regs, DLB_LSP_QID_DIR_TOT_ENQ_CNTL,
				       DLB_LSP_QID_DIR_TOT_ENQ_CNTH, q),
		     serve_reg_read(regs, DLB_LSP_QID_DIR_ENQUEUE_CNT, q));
}

static void
queues_add(const struct serve_regs *regs, struct ctl_text *t)
{
	const char *comma = "";

	ctl_text_add(t, ",\"queues\":[");
	for (unsigned int n = 0; n < 2; n++) {
		const struct kind *k = &kinds[n];

		for (uint32_t q = 0; q < serve_reg_count(regs, k->queue_valid); q++) {
			if (!(serve_reg_read(regs, k->queue_valid, q) & 1))
				continue;
			ctl_text_add(t, "%s{\"queue\":\"%s:%u\",\"domain\":%d,", comma, k->name, q,
				     queue_domain(regs, k, q));
			if (n == 0)
				ldb_queue_add(regs, q, t);
			else
				dir_queue_add(regs, q, t);
			comma = ",";
		}
	}
	ctl_text_add(t, "]");
}

/* ---- Ports ---- */

static void
port_add(const struct serve *s, const struct kind *k, uint32_t p, struct ctl_text *t)
{
	const struct serve_regs *regs = &s->gate.regs;
	uint32_t code = serve_reg_read(regs, k->depth, p) & 0xf;

	ctl_text_add(t, "{\"port\":\"%s:%u\",\"domain\":%u,\"enabled\":%s,", k->name, p,
		     serve_reg_read(regs, k->port_domain, p) & 0x1f,
		     serve_reg_read(regs, k->disabled, p) & 1 ? "false" : "true");
	/* Posters count modulo 2^32; who takes the difference need not care. */
	ctl_text_add(t, "\"lines\":%" PRIu32 ",\"delivered\":%" PRIu64,
		     s->hub != NULL ? dlb_hub_lines(s->hub, k->ring + p)
				    : serve_rings_head(&s->rings, k->ring + p),
		     serve_reg_counter(regs, k->scheduled_low, k->scheduled_high, p));
	ctl_text_add(t, ",\"tokens\":%" PRIu32 ",\"depth\":%" PRIu32,
		     serve_reg_read(regs, k->tokens, p),
		     code >= DLB_CQ_CODE_MIN && code <= DLB_CQ_CODE_MAX ? DLB_CQ_ENTRIES(code) : 0);
	if (k == &kinds[0])
		ctl_text_add(t, ",\"holds\":%" PRIu32,
			     serve_reg_read(regs, DLB_LSP_CQ_LDB_INFL_CNT, p));
	ctl_text_add(t, "}");
}

static void
ports_add(const struct serve *s, struct ctl_text *t)
{
	const struct serve_regs *regs = &s->gate.regs;
	const char *comma = "";

	ctl_text_add(t, ",\"ports\":[");
	for (unsigned int n = 0; n < 2; n++)
		for (uint32_t p = 0; p < serve_reg_count(regs, kinds[n].port_valid); p++) {
			if (!(serve_reg_read(regs, kinds[n].port_valid, p) & 1))
				continue;
			ctl_text_add(t, "%s", comma);
			port_add(s, &kinds[n], p, t);
			comma = ",";
		}
	ctl_text_add(t, "]");
}

/* ---- Domains ---- */

static bool
domain_has_port(const struct serve_regs *regs, uint32_t domain)
{
	for (unsigned int n = 0; n < 2; n++)
		for (uint32_t p = 0; p < serve_reg_count(regs, kinds[n].port_valid); p++)
			if (serve_reg_read(regs, kinds[n].port_valid, p) & 1 &&
			    (serve_reg_read(regs, kinds[n].port_domain, p) & 0x1f) == domain)
				return true;
	return false;
}

/* Credits that are free: those that its events in queues do not hold. */
static void
domains_add(const struct serve_regs *regs, struct ctl_text *t)
{
	const char *comma = "";

	ctl_text_add(t, ",\"domains\":[");
	for (uint32_t d = 0; d < DLB_DOMAINS; d++) {
		if (!domain_has_port(regs, d))
			continue;
		ctl_text_add(t, "%s{\"domain\":%u", comma, d);
		if (regs->version == DLB_V20)
			ctl_text_add(t, ",\"ldb_credits\":%" PRIu32 ",\"dir_credits\":%" PRIu32 "}",
				     serve_reg_read(regs, DLB_CHP_CFG_LDB_VAS_CRD, d),
				     serve_reg_read(regs, DLB_CHP_CFG_DIR_VAS_CRD, d));
		else
			ctl_text_add(t, ",\"credits\":%" PRIu32 "}",
				     serve_reg_read(regs, DLB_CHP_CFG_VAS_CRD, d));
		comma = ",";
	}
	ctl_text_add(t, "]");
}

/* ---- Sockets ---- */

void
serve_stats_socket(const struct serve_socket *socket, struct ctl_text *t)
{
	const struct vfu_server_stats *n = vfu_server_stats(socket->server);

	ctl_text_add(t, "{\"client\":%d,\"shares\":%s,", (int)socket->client,
		     vfu_server_shares(socket->server) ? "true" : "false");
	ctl_text_add(t, "\"clients\":%" PRIu64 ",\"messages\":%" PRIu64 ",\"reads\":%" PRIu64,
		     n->clients, n->messages, n->reads);
	ctl_text_add(t, ",\"writes\":%" PRIu64 ",\"posted\":%" PRIu64 ",\"lines\":%" PRIu64,
		     n->writes, n->posted, n->lines);
	ctl_text_add(t, ",\"irqs\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"dropped\":%" PRIu64 "}",
		     n->irqs, n->refused, n->dropped);
}

void
serve_stats_answer(struct serve *s, struct ctl_text *t)
{
	uint64_t in, out, now = serve_now_ns();
	bool silent = serve_regs_silent(&s->gate.regs);

	serve_gate_totals(&s->gate, &in, &out);
	ctl_text_add(t, "{\"device\":\"dlb\",\"version\":\"%s\",\"ns\":%" PRIu64 ",\"silent\":%s,",
		     ctl_version_name((enum dlb_version)s->options.version), now, silent ? "true" : "false");
	ctl_text_add(t,
		     "\"in\":%" PRIu64 ",\"out\":%" PRIu64 ",\"stray\":%" PRIu64
		     ",\"lost\":%" PRIu64 ",",
		     in, out, dlb_model_stray(s->model), dlb_model_lost(s->model));
	ctl_text_add(t, "\"traced\":%s,\"faults\":[", s->gate.trace != NULL ? "true" : "false");
	serve_inject_names(&s->gate.inject, t);
	ctl_text_add(t, "],\"sockets\":[");
	for (unsigned int i = 0; i < s->sockets; i++) {
		ctl_text_add(t, "%s", i > 0 ? "," : "");
		serve_stats_socket(&s->socket[i], t);
	}
	ctl_text_add(t, "]");
	if (!silent) {
		domains_add(&s->gate.regs, t);
		queues_add(&s->gate.regs, t);
		ports_add(s, t);
	}
	ctl_text_add(t, "}");
}

/* ---- The table at the end ---- */

void
serve_stats_row(const char *name, uint64_t value)
{
	printf("  %-34s %14" PRIu64 "\n", name, value);
}

void
serve_stats_print_socket(const struct serve_socket *socket)
{
	const struct vfu_server_stats *n = vfu_server_stats(socket->server);

	printf("%s\n", socket->path);
	serve_stats_row("clients", n->clients);
	serve_stats_row("clients let go for bad messages", n->dropped);
	serve_stats_row("messages", n->messages);
	serve_stats_row("  refused", n->refused);
	serve_stats_row("  reads of registers", n->reads);
	serve_stats_row("  writes of registers", n->writes);
	serve_stats_row("  posted writes", n->posted);
	serve_stats_row("  lines by message", n->lines);
	serve_stats_row("  memory mapped", n->maps);
	serve_stats_row("  memory unmapped", n->unmaps);
	serve_stats_row("interrupts sent", n->irqs);
	serve_stats_row("memory read by message", n->dma_read);
	serve_stats_row("memory written by message", n->dma_write);
	serve_stats_row("bytes in", n->bytes_in);
	serve_stats_row("bytes out", n->bytes_out);
}

void
serve_stats_print(struct serve *s)
{
	uint64_t in, out, lines = 0;

	serve_gate_totals(&s->gate, &in, &out);
	/* Domains' rings are new for each client. */
	for (unsigned int i = 0; i < s->rings.count && s->hub == NULL; i++)
		lines += serve_rings_head(&s->rings, i);
	printf("dlb %s, served for %.1f s\n", ctl_version_name((enum dlb_version)s->options.version),
	       (double)(ctl_now_ms() - s->began) / 1e3);
	serve_stats_row("events in", in);
	serve_stats_row("events out", out);
	if (s->hub == NULL)
		serve_stats_row("lines posted", lines);
	serve_stats_row("entries for memory that is not there", dlb_model_lost(s->model));
	serve_stats_row("accesses of nothing", dlb_model_stray(s->model));
	serve_stats_row("faults injected", s->gate.inject.count);
	serve_stats_row("control requests", s->ctl_requests);
	for (unsigned int i = 0; i < s->sockets; i++)
		serve_stats_print_socket(&s->socket[i]);
}
