/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The table of flows: a chain of entries per flow id. The event device's atomic schedule is its
 * only lock: whoever handles an event of a flow id in an atomic stage owns that id's chain.
 * New entries come from the worker's own slab, taken before the first packet.
 */

#ifndef FLOWS_H
#define FLOWS_H

#include <stdint.h>

#include <rte_common.h>

struct packet_note;
struct rte_mbuf;

enum {
	FLOWS_PER_WORKER = 32768,
};

struct flow_key {
	uint8_t source[16];
	uint8_t destination[16];
	uint16_t port; /* the input port of packets without addresses, else 0 */
	uint8_t kind;
	uint8_t zero;
};

struct flow {
	/* Written by whoever owns the flow in the atomic stage. */
	struct flow_key key;
	struct flow *next;
	uint64_t packets;
	uint64_t bytes;
	uint64_t last_sequence;
	/* Written by the sending lcore alone. */
	uint64_t sent_sequence __rte_cache_aligned;
} __rte_cache_aligned;

struct flow_slab {
	struct flow *flows;
	unsigned int used;
	uint64_t untracked;  /* packets of flows for which no entry was left */
	uint64_t misordered; /* packets that came after a later one of their flow */
};

struct flow_table {
	struct flow **chains; /* one per flow id; NULL without an atomic stage */
};

int flows_create(struct flow_table *table, unsigned int nb_flow_ids);
int flows_slab_create(struct flow_slab *slab);
void flows_slab_free(struct flow_slab *slab);
void flows_free(struct flow_table *table);

/* Counts the packet in its flow, which it notes in the packet. The caller holds the flow id. */
void flows_count(struct flow_table *table, struct flow_slab *slab, struct rte_mbuf *packet);

#endif
