/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "packet.h"
#include "pipeline.h"

int
flows_create(struct flow_table *table, unsigned int nb_flow_ids)
{
	table->chains = rte_zmalloc("flow chains", nb_flow_ids * sizeof(table->chains[0]), 0);
	return table->chains == NULL ? -ENOMEM : 0;
}

int
flows_slab_create(struct flow_slab *slab)
{
	slab->flows = rte_zmalloc("flows", FLOWS_PER_WORKER * sizeof(slab->flows[0]),
				  RTE_CACHE_LINE_SIZE);
	return slab->flows == NULL ? -ENOMEM : 0;
}

void
flows_slab_free(struct flow_slab *slab)
{
	rte_free(slab->flows);
	slab->flows = NULL;
}

void
flows_free(struct flow_table *table)
{
	rte_free(table->chains);
	table->chains = NULL;
}

static struct flow *
flow_add(struct flow **chain, struct flow_slab *slab, const struct flow_key *key)
{
	struct flow *flow;

	if (slab->used == FLOWS_PER_WORKER)
		return NULL;
	flow = &slab->flows[slab->used++];
	flow->key = *key;
	flow->next = *chain;
	*chain = flow;
	return flow;
}

static struct flow *
flow_find(struct flow *flow, const struct flow_key *key)
{
	while (flow != NULL && memcmp(&flow->key, key, sizeof(*key)) != 0)
		flow = flow->next;
	return flow;
}

void
flows_count(struct flow_table *table, struct flow_slab *slab, struct rte_mbuf *packet)
{
	struct packet_note *note = packet_note(packet);
	struct flow **chain = &table->chains[note->flow_id];
	struct flow_key key;
	struct flow *flow;

	packet_key(packet, note->kind, &key);
	flow = flow_find(*chain, &key);
	if (flow == NULL)
		flow = flow_add(chain, slab, &key);
	note->flow = flow;
	if (flow == NULL) {
		slab->untracked++;
		return;
	}
	flow->packets++;
	flow->bytes += packet->pkt_len;
	if (note->sequence <= flow->last_sequence)
		slab->misordered++;
	flow->last_sequence = note->sequence;
}
