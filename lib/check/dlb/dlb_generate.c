/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Scripts from seeds. A run has a character of its own - how many flows, how fast consumers are,
 * what is changed under way - so that some runs stay long in corners that mixed traffic never gets
 * to.
 */
#include "dlb_script.h"

#include <string.h>

#include "dlb_ref.h"

#define PICK(g, list) (list)[below(g, sizeof(list) / sizeof((list)[0]))]

struct generator {
	struct dlb_script *script;
	uint64_t state;
	bool full; /**< no memory was left */
	unsigned int version, domains, queues, ports, pairs;
	uint8_t queue_domain[DLB_REF_LDB_QUEUES], port_domain[DLB_REF_LDB_CQS];
	uint8_t pair_domain[DLB_REF_DIRS];
	bool queue_atomic[DLB_REF_LDB_QUEUES], queue_ordered[DLB_REF_LDB_QUEUES];
	unsigned int mode[DLB_SN_GROUPS], slots[DLB_SN_GROUPS];
	uint32_t history_used;
	/* The character of the run. */
	uint32_t flows, burst, priorities, linked;
	uint32_t slow_port; /**< keeps what it gets, most of the time */
	bool orderly;       /**< ordered events and room: windows fill behind a slow port */
	uint32_t ordered;   /**< share of ordered events where they may be, of four */
	unsigned int weight[DLB_LINE_KINDS];
};

/* SplitMix64: any seed is as good as any other. */
static uint64_t
draw(struct generator *g)
{
	uint64_t z = g->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint32_t
below(struct generator *g, uint32_t n)
{
	return (uint32_t)(draw(g) % n);
}

static bool
chance(struct generator *g, uint32_t percent)
{
	return below(g, 100) < percent;
}

static void
add(struct generator *g, enum dlb_script_kind kind, const uint32_t *args, unsigned int count)
{
	struct dlb_script_line line = {.kind = (uint8_t)kind};

	memcpy(line.arg, args, count * sizeof(*args));
	if (!dlb_script_add(g->script, &line))
		g->full = true;
}

#define ADD(g, kind, ...)                             \
	add(g, kind, (const uint32_t[]){__VA_ARGS__}, \
	    sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* Different numbers below `max`, in no order. */
static void
distinct(struct generator *g, uint8_t *out, unsigned int count, unsigned int max)
{
	uint8_t all[DLB_DIR_PORTS_MAX];

	for (unsigned int n = 0; n < max; n++)
		all[n] = (uint8_t)n;
	for (unsigned int n = 0; n < count; n++) {
		unsigned int other = n + below(g, max - n);
		uint8_t kept = all[n];

		out[n] = all[other];
		all[other] = kept;
	}
}

static void
make_device(struct generator *g)
{
	/* The alarms whose numbers are known, and the one of bad types. */
	static const uint32_t alarms[] = {0, 0x39, 0x39, 0x19, 0x01};

	/* Small windows are those that a run can fill. */
	static const uint8_t modes[] = {0, 0, 0, 1, 2, 3, 4};

	/* Bit 0: even weights, bit 1: classes that differ. */
	static const uint8_t arbiters[] = {0, 0, 0, 0, 1, 2, 3};

	g->version = below(g, 2);
	g->mode[0] = PICK(g, modes);
	g->mode[1] = PICK(g, modes);
	ADD(g, DLB_LINE_DEVICE, g->version, below(g, 3), below(g, 2), below(g, 2), g->mode[0],
	    g->mode[1], PICK(g, alarms), chance(g, 15), chance(g, 15), chance(g, 50),
	    PICK(g, arbiters));
}

static void
make_domains(struct generator *g)
{
	static const uint32_t credits[] = {4, 8, 16, 64, 256, 1024, 2048};
	static const uint32_t dir_credits[] = {2, 8, 32, 256, 1024};
	static const uint8_t counts[] = {1, 1, 1, 2, 2, 3};
	uint8_t id[DLB_REF_DOMAINS];

	g->domains = PICK(g, counts);
	distinct(g, id, g->domains, DLB_DOMAINS);
	for (unsigned int n = 0; n < g->domains; n++)
		ADD(g, DLB_LINE_DOMAIN, id[n], g->orderly ? 1024 : PICK(g, credits),
		    PICK(g, dir_credits));
}

/* A slot for an ordered queue, or false when both groups are full. */
static bool
take_sn_slot(struct generator *g, unsigned int *group, unsigned int *slot)
{
	*group = below(g, DLB_SN_GROUPS);
	for (unsigned int n = 0; n < DLB_SN_GROUPS; n++, *group = 1 - *group) {
		*slot = g->slots[*group];
		if (*slot < (unsigned int)(DLB_SN_PER_GROUP / DLB_SN_MIN) >> g->mode[*group]) {
			g->slots[*group]++;
			return true;
		}
	}
	*group = *slot = 0;
	return false;
}

static void
make_queue(struct generator *g, unsigned int domain, uint32_t id)
{
	static const uint32_t limits[] = {1, 3, 16, 2048, 2048, 2048};
	static const uint32_t stages[] = {1, 2, 4, 16, 64, 64};
	static const uint32_t flows[] = {1, 2, 8, 512, 512, 2047};
	static const uint32_t thresholds[] = {0, 4, 8, 32, 256};
	unsigned int group = 0, slot = 0;
	bool ordered = (g->orderly || chance(g, 50)) && take_sn_slot(g, &group, &slot);
	uint32_t limit = g->orderly ? 2048 : PICK(g, limits);
	uint32_t window = DLB_SN_MIN << g->mode[group];

	/* 5.6: the limit of an ordered queue is no more than its window. */
	if (ordered && limit > window)
		limit = window;
	g->queue_atomic[g->queues] = !ordered || chance(g, 60);
	g->queue_ordered[g->queues] = ordered;
	g->queue_domain[g->queues] = (uint8_t)domain;
	ADD(g, DLB_LINE_QUEUE, domain, id, limit, PICK(g, stages), PICK(g, flows),
	    g->queue_atomic[g->queues], ordered, group, slot, chance(g, 10) ? 1 + below(g, 7) : 0,
	    PICK(g, thresholds));
	g->queues++;
}

static void
make_port(struct generator *g, unsigned int domain, uint32_t id)
{
	static const uint32_t depths[] = {1, 2, 4, 8, 8, 16, 32, 64, 256, 1024};
	static const uint32_t lists[] = {1, 2, 4, 16, 32, 64, 100};
	uint32_t list = g->orderly ? 64 : PICK(g, lists);

	g->port_domain[g->ports++] = (uint8_t)domain;
	ADD(g, DLB_LINE_PORT, domain, id, g->orderly ? 32 : PICK(g, depths), list,
	    g->orderly || chance(g, 70) ? list : 1 + below(g, list), g->history_used);
	g->history_used += list;
}

static void
make_parts(struct generator *g)
{
	static const uint32_t depths[] = {1, 2, 4, 8, 8, 16, 64, 1024};
	static const uint32_t thresholds[] = {0, 4, 8, 32, 256};
	uint8_t queue[DLB_REF_LDB_QUEUES], port[DLB_REF_LDB_CQS], pair[DLB_REF_DIRS];

	distinct(g, queue, DLB_REF_LDB_QUEUES, DLB_LDB_QUEUES);
	distinct(g, port, DLB_REF_LDB_CQS, DLB_LDB_PORTS);
	distinct(g, pair, DLB_REF_DIRS, g->version == 0 ? DLB_DIR_PORTS_V20 : DLB_DIR_PORTS_V25);
	for (unsigned int domain = 0; domain < g->domains; domain++) {
		unsigned int queues = 1 + below(g, 4), ports = 1 + below(g, 6), n;
		unsigned int pairs = below(g, 4);

		for (n = 0; n < queues; n++)
			make_queue(g, domain, queue[g->queues]);
		for (n = 0; n < ports; n++)
			make_port(g, domain, port[g->ports]);
		for (n = 0; n < pairs; n++) {
			ADD(g, DLB_LINE_DIRECTED, domain, pair[g->pairs], PICK(g, depths),
			    PICK(g, thresholds));
			g->pair_domain[g->pairs++] = (uint8_t)domain;
		}
	}
}

static void
make_links(struct generator *g)
{
	for (unsigned int p = 0; p < g->ports; p++)
		for (unsigned int q = 0; q < g->queues; q++)
			if (g->port_domain[p] == g->queue_domain[q] && chance(g, g->linked))
				ADD(g, DLB_LINE_LINK, p, q, below(g, 8));
}

static void
make_character(struct generator *g)
{
	static const uint32_t flows[] = {1, 2, 3, 8, 64, 1000, DLB_FLOWS};
	static const uint32_t bursts[] = {1, 4, 8, 32};
	static const uint8_t usual[DLB_LINE_KINDS] = {
		[DLB_LINE_NEW] = 100, [DLB_LINE_FWD] = 60,    [DLB_LINE_FRAG] = 6,
		[DLB_LINE_COMP] = 60, [DLB_LINE_TOKENS] = 80, [DLB_LINE_COMP_TOKENS] = 10,
		[DLB_LINE_NOOP] = 4,  [DLB_LINE_ARM] = 2,     [DLB_LINE_SEND] = 20,
		[DLB_LINE_SYNC] = 30, [DLB_LINE_STEP] = 60,   [DLB_LINE_SETTLE] = 8,
		[DLB_LINE_MEANWHILE] = 6,
	};
	static const uint8_t now_and_then[DLB_LINE_KINDS] = {
		[DLB_LINE_DISABLE] = 4,
		[DLB_LINE_ENABLE] = 6,
		[DLB_LINE_MAP] = 8,
		[DLB_LINE_UNMAP] = 6,
		[DLB_LINE_LINK_WORK] = 8,
		[DLB_LINE_BAD_COMMAND] = 2,
		[DLB_LINE_BAD_QUEUE] = 2,
		[DLB_LINE_BAD_TYPE] = 2,
		[DLB_LINE_DISABLED_QUEUE] = 1,
		[DLB_LINE_BAD_PORT] = 2,
		[DLB_LINE_EXCESS_COMP] = 2,
		[DLB_LINE_EXCESS_TOKENS] = 2,
		[DLB_LINE_BAD_FRAG] = 2,
		[DLB_LINE_OVER_CREDIT] = 2,
		[DLB_LINE_CLEAR_ALARM] = 4,
		[DLB_LINE_RESET_DOMAIN] = 1,
		[DLB_LINE_RESET_DEVICE] = 1,
	};

	g->flows = PICK(g, flows);
	g->burst = PICK(g, bursts);
	g->priorities = chance(g, 60) ? 8 : 1;
	g->linked = 30 + below(g, 71);
	g->slow_port = below(g, 6);
	g->orderly = chance(g, 12);
	g->ordered = g->orderly ? 4 : 1 + below(g, 4);
	for (unsigned int k = DLB_LINE_FIRST_OP; k < DLB_LINE_KINDS; k++) {
		/* The usual, more or less of it; the others in half of the runs. */
		g->weight[k] = usual[k] * (1 + below(g, 8)) / 4;
		if (now_and_then[k] != 0 && chance(g, 50))
			g->weight[k] = now_and_then[k] * (1 + below(g, 3));
	}
	if (g->orderly) {
		g->linked = 100;
		g->weight[DLB_LINE_COMP] *= 4;
		g->weight[DLB_LINE_TOKENS] *= 2;
	}
	/* More than can be taken: queues grow, and priorities matter. */
	if (g->orderly || chance(g, 30)) {
		g->weight[DLB_LINE_NEW] *= 4;
		g->burst = 32;
	}
	if (g->weight[DLB_LINE_DISABLE] != 0)
		g->weight[DLB_LINE_ENABLE] = 2 * g->weight[DLB_LINE_DISABLE];
	if (g->weight[DLB_LINE_MAP] + g->weight[DLB_LINE_UNMAP] != 0)
		g->weight[DLB_LINE_LINK_WORK] = 20;
}

static uint32_t
some_port(struct generator *g, unsigned int *domain)
{
	unsigned int n = below(g, 10) < 8 || g->pairs == 0 ? below(g, g->ports)
							   : g->ports + below(g, g->pairs);

	if (n < g->ports) {
		*domain = g->port_domain[n];
		return n;
	}
	*domain = g->pair_domain[n - g->ports];
	return DLB_SCRIPT_DIRECTED + n - g->ports;
}

/* A queue of the domain: most often a load-balanced one. */
static uint32_t
some_queue(struct generator *g, unsigned int domain)
{
	for (unsigned int tries = 0; tries < 64; tries++) {
		unsigned int n = below(g, g->queues + g->pairs);

		if (n < g->queues && g->queue_domain[n] == domain)
			return n;
		if (n >= g->queues && g->pair_domain[n - g->queues] == domain && chance(g, 40))
			return DLB_SCRIPT_DIRECTED + n - g->queues;
	}
	for (unsigned int n = 0; n < g->queues; n++)
		if (g->queue_domain[n] == domain)
			return n;
	return 0;
}

static uint32_t
some_type(struct generator *g, uint32_t queue)
{
	unsigned int n = below(g, 4);

	if (queue >= DLB_SCRIPT_DIRECTED)
		return DLB_DIRECTED;
	if (g->queue_ordered[queue] && n < g->ordered)
		return DLB_ORDERED;
	return g->queue_atomic[queue] && chance(g, 70) ? DLB_ATOMIC : DLB_UNORDERED;
}

static uint32_t
some_count(struct generator *g)
{
	return 1 + below(g, chance(g, 3) ? 8 * g->burst : g->burst);
}

/* Locks spread over all values, so that their low bits say nothing. */
static uint32_t
some_lock(struct generator *g)
{
	return below(g, g->flows) * 40503u & 0xffff;
}

static void
add_event(struct generator *g, enum dlb_script_kind kind, uint32_t port, uint32_t to)
{
	ADD(g, kind, port, some_count(g), to, some_type(g, to), g->priorities == 1 ? 3 : below(g, 8),
	    some_lock(g), below(g, 8), chance(g, 10));
}

/* Fragments, and most often the forward that ends them, for the same place: their order shows. */
static void
add_fragments(struct generator *g, uint32_t port, uint32_t to)
{
	uint32_t type = some_type(g, to), priority = g->priorities == 1 ? 3 : below(g, 8);
	uint32_t lock = some_lock(g), flags = below(g, 8), token = chance(g, 10);

	ADD(g, DLB_LINE_FRAG, port, 1 + below(g, 3), to, type, priority, lock, flags, token);
	if (chance(g, 70))
		ADD(g, DLB_LINE_FWD, port, 1, to, type, priority, lock, flags, 0);
}

/* Something for the device to be at work on, and what comes meanwhile. */
static void
add_meanwhile(struct generator *g, uint32_t port, uint32_t to)
{
	unsigned int domain;
	uint32_t other = some_port(g, &domain);

	add_event(g, DLB_LINE_NEW, other, some_queue(g, domain));
	ADD(g, DLB_LINE_MEANWHILE, port, 1 + below(g, 3), to, some_type(g, to),
	    g->priorities == 1 ? 3 : below(g, 8), some_lock(g), below(g, 8), 0, chance(g, 30));
}

static void
make_event(struct generator *g, enum dlb_script_kind kind)
{
	unsigned int domain;
	uint32_t port = some_port(g, &domain), to = some_queue(g, domain);

	if (port == g->slow_port && kind == DLB_LINE_FWD && !chance(g, 10))
		kind = DLB_LINE_NEW;
	if (kind == DLB_LINE_FRAG)
		add_fragments(g, port, to);
	else
		add_event(g, kind, port, to);
}

static void
make_bad(struct generator *g, enum dlb_script_kind kind, uint32_t port, uint32_t to)
{
	static const uint32_t commands[] = {0x4, 0x6, 0x7, 0xe, 0xf, 0x2, 0xa, 0xc};

	switch (kind) {
	case DLB_LINE_BAD_COMMAND:
		ADD(g, kind, port, PICK(g, commands));
		break;
	case DLB_LINE_BAD_QUEUE:
		ADD(g, kind, port, below(g, 256), below(g, 4));
		break;
	case DLB_LINE_BAD_PORT:
		ADD(g, kind, port, below(g, DLB_DIR_PORTS_MAX));
		break;
	case DLB_LINE_EXCESS_COMP:
		ADD(g, kind, port, to, below(g, 2));
		break;
	case DLB_LINE_EXCESS_TOKENS:
		ADD(g, kind, port, 1 + below(g, 20));
		break;
	case DLB_LINE_OVER_CREDIT:
		ADD(g, kind, port, 20, to);
		break;
	default:
		ADD(g, kind, port, to);
		break;
	}
}

static void
make_op(struct generator *g, enum dlb_script_kind kind)
{
	unsigned int domain;
	uint32_t port = some_port(g, &domain), to = some_queue(g, domain);

	/* A consumer that sits on its events: flows stay pinned, windows fill, limits are met. */
	if (port == g->slow_port && !chance(g, 10) &&
	    (kind == DLB_LINE_COMP || kind == DLB_LINE_COMP_TOKENS))
		kind = DLB_LINE_TOKENS;
	switch (kind) {
	case DLB_LINE_NEW:
	case DLB_LINE_FWD:
	case DLB_LINE_FRAG:
		make_event(g, kind);
		break;
	case DLB_LINE_MEANWHILE:
		add_meanwhile(g, port, to);
		break;
	case DLB_LINE_COMP:
	case DLB_LINE_TOKENS:
	case DLB_LINE_COMP_TOKENS:
		ADD(g, kind, port, some_count(g));
		break;
	case DLB_LINE_NOOP:
		ADD(g, kind, port, 1 + below(g, 4), (uint32_t)draw(g));
		break;
	case DLB_LINE_SEND:
		ADD(g, kind, port, 1, below(g, 2));
		break;
	case DLB_LINE_STEP:
		ADD(g, kind, 1000, 1 + below(g, 2));
		break;
	case DLB_LINE_MAP:
	case DLB_LINE_UNMAP:
		/* Only load-balanced queues are linked. */
		ADD(g, kind, port, to < DLB_SCRIPT_DIRECTED ? to : below(g, g->queues),
		    below(g, 8));
		break;
	case DLB_LINE_RESET_DOMAIN:
		ADD(g, kind, below(g, g->domains));
		break;
	case DLB_LINE_RESET_DEVICE:
		ADD(g, kind, below(g, 2));
		break;
	case DLB_LINE_ARM:
	case DLB_LINE_DISABLE:
	case DLB_LINE_ENABLE:
		ADD(g, kind, port);
		break;
	case DLB_LINE_SYNC:
	case DLB_LINE_SETTLE:
	case DLB_LINE_LINK_WORK:
	case DLB_LINE_CLEAR_ALARM:
		ADD(g, kind, 0);
		break;
	default:
		make_bad(g, kind, port, to);
		break;
	}
}

static void
make_ops(struct generator *g, unsigned int ops)
{
	unsigned int total = 0;

	for (unsigned int k = DLB_LINE_FIRST_OP; k < DLB_LINE_KINDS; k++)
		total += g->weight[k];
	for (unsigned int n = 0; n < ops && !g->full; n++) {
		unsigned int at = below(g, total), k = DLB_LINE_FIRST_OP;

		for (; at >= g->weight[k]; k++)
			at -= g->weight[k];
		make_op(g, (enum dlb_script_kind)k);
	}
}

bool
dlb_script_generate(struct dlb_script *s, uint64_t seed, unsigned int ops)
{
	struct generator g = {.script = s, .state = seed};

	*s = (struct dlb_script){.seed = seed};
	make_character(&g);
	make_device(&g);
	make_domains(&g);
	make_parts(&g);
	make_links(&g);
	make_ops(&g, ops);
	if (g.full)
		dlb_script_free(s);
	return !g.full;
}
