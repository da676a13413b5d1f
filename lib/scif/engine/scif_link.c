/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

#include "scif_priv.h"

/* The queue pair between this node and another: sections 10.2 and 10.4.
 *
 *   Away       the own queue pair is published; the other node's is looked for each page_poll_ms
 *   Mapped     it is found, SCIF_INIT is sent
 *   Online     SCIF_INIT has come: scif_node.c takes it from there
 *
 * Messages for which there is no room wait, in order, and are tried again. Who asks something is
 * told after a while that it was not sent. Who answers, or says that something has ended, cannot be
 * told anything, and the other node would wait for ever: that stays until there is room, or the
 * node is gone.
 */

/* Messages taken before something else has its turn: one may take milliseconds. */
#define MESSAGES_MAX 64u
/* Messages that wait for room: another ring full of them. Of those that stay there are as many as a
 * node may have windows here; one that asks on and on, and never reads, gets no more answers.
 */
#define WAITING_MAX 1489u
#define STAYING_MAX 65536u

struct waiting {
	struct scif_list link;
	uint64_t since;
	struct scif_message m;
};

struct scif_link {
	struct scif_memory memory; /* the own queue pair and ring */
	struct scif_half *half;
	uint64_t address;
	uint64_t peer_address; /* 0: away */
	uint64_t refused;      /* what is published there, and is no queue pair; 0: nothing */
	bool withdrawn;        /* this node leaves: it only looks whether the peer is gone, too */
	struct scif_view qp, ring;
	struct scif_producer tx;
	struct scif_consumer rx;
	struct scif_at tx_at, rx_at;
	uint32_t read;    /* where the other side was the last time that it had moved */
	uint64_t read_at; /* when that was, or it had read all */
	uint64_t next_look;
	struct scif_list waiting;
	uint32_t nb_waiting;
};

/* ---- Begin and end ---- */

static int
own_queue_pair(struct scif_node *node, struct scif_link *link)
{
	struct scif_engine *engine = node->engine;
	int ret;

	link->memory.number = ++engine->numbers;
	ret = engine->ops->memory(engine->arg, scif_half_size(SCIF_NODE_RING_SIZE), &link->memory);
	if (ret < 0)
		return ret;
	ret = node->bus->ops->share(node->bus, &link->memory, &link->address);
	if (ret < 0) {
		engine->ops->memory_free(engine->arg, &link->memory);
		return ret;
	}
	link->half = link->memory.base;
	link->half->magic = SCIF_QP_MAGIC;
	link->half->ring_size = SCIF_NODE_RING_SIZE;
	link->half->local_qp = link->address;
	link->half->local_buf = link->address + offsetof(struct scif_half, ring);
	return 0;
}

int
scif_link_open(struct scif_node *node)
{
	struct scif_link *link = calloc(1, sizeof(*link));
	int ret;

	if (link == NULL)
		return -ENOMEM;
	scif_list_init(&link->waiting);
	ret = own_queue_pair(node, link);
	if (ret < 0) {
		free(link);
		return ret;
	}
	node->wire = link;
	if (!node->peer)
		node->bus->ops->publish(node->bus, link->address);
	return 0;
}

static void
forget_waiting(struct scif_link *link)
{
	scif_list_each(at, next, &link->waiting)
		free(scif_list_entry(at, struct waiting, link));
	scif_list_init(&link->waiting);
	link->nb_waiting = 0;
}

/* The other node's queue pair is no longer there. */
static void
go_away(struct scif_node *node)
{
	struct scif_link *link = node->wire;

	if (link->peer_address == 0)
		return;
	node->bus->ops->unmap(node->bus, &link->ring);
	node->bus->ops->unmap(node->bus, &link->qp);
	link->peer_address = 0;
	forget_waiting(link);
}

void
scif_link_close(struct scif_node *node)
{
	struct scif_link *link = node->wire;

	if (!node->peer)
		node->bus->ops->publish(node->bus, 0);
	go_away(node);
	node->bus->ops->unshare(node->bus, link->address);
	node->engine->ops->memory_free(node->engine->arg, &link->memory);
	free(link);
	node->wire = NULL;
}

void
scif_link_reset(struct scif_node *node)
{
	go_away(node);
	/* What the other node wrote is of a time that is over. */
	atomic_store(&node->wire->half->local_write, 0);
	atomic_store(&node->wire->half->qp_state, 0);
	atomic_store(&node->wire->rx_at.own, 0);
	atomic_store(&node->wire->rx_at.other, 0);
	/* Nobody is there to answer, or to be answered. */
	node->exiting = SCIF_NO_DEADLINE;
	node->stopping = false;
	node->wire->next_look = scif_in_ms(node->engine, node->engine->config.page_poll_ms);
}

void
scif_link_withdraw(struct scif_node *node)
{
	node->wire->withdrawn = true;
	node->bus->ops->publish(node->bus, 0);
}

/* ---- Sending ---- */

/* Memory that a message names is known there first. */
static bool
is_told(const struct scif_node *node)
{
	return node->bus->ops->told == NULL || node->bus->ops->told(node->bus);
}

static bool
put(struct scif_link *link, const struct scif_message *m)
{
	if (scif_producer_free(&link->tx, sizeof(*m)) < sizeof(*m))
		return false;
	scif_producer_put(&link->tx, m, sizeof(*m));
	scif_producer_commit(&link->tx);
	return true;
}

/* Somebody here waits for the answer, or the other side does, and not for ever. */
static bool
may_be_given_up(uint32_t op)
{
	switch (op) {
	case SCIF_INIT:
	case SCIF_EXIT:
	case SCIF_NODE_REMOVE:
	case SCIF_CNCT_REQ ... SCIF_CNCT_REJ:
	case SCIF_GET_NODE_INFO:
	case SCIF_REGISTER:
	case SCIF_UNREGISTER:
	case SCIF_ALLOC_REQ:
	case SCIF_MARK:
	case SCIF_WAIT:
	case SCIF_SIG_LOCAL:
	case SCIF_SIG_REMOTE:
		return true;
	default:
		return false;
	}
}

static int
wait_for_room(struct scif_node *node, const struct scif_message *m)
{
	struct scif_link *link = node->wire;
	struct waiting *w;

	node->engine->counters.ring_full++;
	if (link->nb_waiting >= (may_be_given_up(m->op) ? WAITING_MAX : STAYING_MAX))
		return -ENODEV;
	w = malloc(sizeof(*w));
	if (w == NULL)
		return -ENOMEM;
	w->since = node->engine->now;
	w->m = *m;
	scif_list_add(&link->waiting, &w->link);
	link->nb_waiting++;
	return 0;
}

bool
scif_link_has_room(const struct scif_node *node)
{
	struct scif_link *link = node->wire;

	return link->nb_waiting == 0 && is_told(node) &&
	       scif_producer_free(&link->tx, sizeof(struct scif_message)) >=
		       sizeof(struct scif_message);
}

int
scif_link_send(struct scif_node *node, const struct scif_message *m)
{
	struct scif_link *link = node->wire;

	if (link->peer_address == 0)
		return -ENODEV;
	if (link->nb_waiting > 0 || !is_told(node) || !put(link, m))
		return wait_for_room(node, m);
	node->bus->ops->ring(node->bus);
	return 0;
}

/* Send what waited; returns when to try again. */
static uint64_t
send_waiting(struct scif_node *node)
{
	struct scif_link *link = node->wire;
	struct scif_engine *engine = node->engine;
	bool sent = false, told = link->nb_waiting > 0 && is_told(node);

	scif_list_each(at, next, &link->waiting) {
		struct waiting *w = scif_list_entry(at, struct waiting, link);
		bool late = engine->now - w->since >= engine->config.send_retry_ms * NS_PER_MS;

		/* What is late may be behind what stays, but not behind what is in time. */
		told = told && put(link, &w->m);
		if (told)
			sent = true;
		else if (!late)
			break;
		else if (may_be_given_up(w->m.op))
			scif_message_failed(node, &w->m);
		else
			continue;
		scif_list_remove(&w->link);
		link->nb_waiting--;
		free(w);
	}
	if (sent)
		node->bus->ops->ring(node->bus);
	return link->nb_waiting > 0 ? scif_in_ms(engine, 1) : SCIF_NO_DEADLINE;
}

/* ---- The other side ---- */

static bool
size_is_good(uint32_t size)
{
	return size >= 1024 && size <= 1u << 24 && (size & (size - 1)) == 0;
}

static bool
half_is_good(const struct scif_half *half)
{
	return half != NULL && (uintptr_t)half % _Alignof(struct scif_half) == 0 &&
	       half->magic == SCIF_QP_MAGIC;
}

/* The rings of both, as section 10.2 has it. */
static void
join_rings(struct scif_link *link, uint32_t size)
{
	struct scif_half *own = link->half, *peer = link->qp.base;

	atomic_store(&own->local_read, 0);
	link->tx = (struct scif_producer){
		.ring = link->ring.base,
		.write_published = &peer->local_write,
		.read_seen = &own->local_read,
		.at = &link->tx_at,
		.mask = size - 1,
	};
	link->rx = (struct scif_consumer){
		.ring = own->ring,
		.write_seen = &own->local_write,
		.read_published = &peer->local_read,
		.at = &link->rx_at,
		.mask = SCIF_NODE_RING_SIZE - 1,
	};
	atomic_store(&link->tx_at.own, atomic_load(&peer->local_write));
	atomic_store(&link->tx_at.other, 0);
	scif_consumer_publish(&link->rx);
}

static int
map_queue_pair(struct scif_node *node, uint64_t address)
{
	const struct scif_bus_ops *ops = node->bus->ops;
	struct scif_link *link = node->wire;
	const struct scif_half *peer;
	uint32_t size;
	int ret = ops->map(node->bus, address, SCIF_QP_SIZE, &link->qp);

	if (ret < 0)
		return ret;
	peer = link->qp.base;
	ret = -ENODEV;
	if (!half_is_good(peer))
		goto unmap_qp;
	size = peer->ring_size;
	if (size_is_good(size))
		ret = ops->map(node->bus, peer->local_buf, size, &link->ring);
	if (ret < 0)
		goto unmap_qp;
	ret = -ENODEV;
	if (link->ring.base == NULL)
		goto unmap_ring;
	join_rings(link, size);
	return 0;

unmap_ring:
	ops->unmap(node->bus, &link->ring);
unmap_qp:
	ops->unmap(node->bus, &link->qp);
	return ret;
}

static void
say_init(struct scif_node *node)
{
	const struct scif_message m = {
		.src.node = node->engine->config.node,
		.dst.node = node->id,
		.op = SCIF_INIT,
	};

	scif_message_send(node, &m);
}

/* Is it there, still there, there again? */
void
scif_link_look(struct scif_node *node)
{
	struct scif_link *link = node->wire;
	struct scif_engine *engine = node->engine;
	uint64_t address = node->bus->ops->peer_qp(node->bus);
	int ret;

	link->next_look = scif_in_ms(engine, engine->config.page_poll_ms);
	if (node->peer || address == link->peer_address ||
	    (address != 0 && (link->withdrawn || address == link->refused)))
		return;
	/* It withdrew, and waits for the answer to its EXIT. */
	if (address == 0 && node->exiting != SCIF_NO_DEADLINE)
		return;
	link->refused = 0;
	if (link->peer_address != 0) {
		scif_node_leave(node);
		scif_link_reset(node);
	}
	if (address == 0)
		return;
	ret = map_queue_pair(node, address);
	if (ret == -EAGAIN)
		return;
	if (ret < 0) {
		link->refused = address;
		scif_log(engine, "node %u: no queue pair at %#llx, errno %d", node->id,
			 (unsigned long long)address, -ret);
		return;
	}
	link->peer_address = address;
	say_init(node);
}

/* ---- Of a peer, whose queue pair node 0 names ---- */

uint64_t
scif_link_address(const struct scif_node *node)
{
	return node->wire->address;
}

int
scif_link_meet(struct scif_node *node, uint64_t address)
{
	int ret = 0;

	if (node->wire->peer_address == 0)
		ret = map_queue_pair(node, address);
	if (ret == 0)
		node->wire->peer_address = address;
	return ret;
}

bool
scif_link_is_met(const struct scif_node *node)
{
	return node->wire->peer_address != 0;
}

uint32_t
scif_link_state(const struct scif_node *node)
{
	/* Pairs with scif_link_set_state there: its rings are joined. */
	return atomic_load(&node->wire->half->qp_state);
}

void
scif_link_set_state(struct scif_node *node, uint32_t state)
{
	struct scif_half *peer = node->wire->qp.base;

	if (node->wire->peer_address != 0)
		atomic_store(&peer->qp_state, state);
}

/* ---- Receiving ---- */

static bool
take(struct scif_node *node)
{
	struct scif_link *link = node->wire;
	struct scif_message m;

	if (link->peer_address == 0 || (node->peer && !node->online) ||
	    scif_consumer_used(&link->rx, sizeof(m)) < sizeof(m))
		return false;
	scif_consumer_get(&link->rx, &m, sizeof(m));
	scif_consumer_publish(&link->rx);
	scif_message_deliver(node, &m);
	return true;
}

/* What it says of itself is anything: it is looked at, and not used. */
static void
look_at_reader(const struct scif_engine *engine, struct scif_link *link)
{
	uint32_t read = atomic_load(&link->half->local_read);

	if (read == link->read && read != atomic_load(&link->tx_at.own))
		return;
	link->read = read;
	link->read_at = engine->now;
}

bool
scif_link_reads(const struct scif_node *node)
{
	const struct scif_engine *engine = node->engine;

	return node->self || engine->now - node->wire->read_at <
				     engine->config.alive_ms * NS_PER_MS;
}

uint64_t
scif_link_step(struct scif_node *node)
{
	struct scif_link *link = node->wire;
	struct scif_engine *engine = node->engine;
	uint64_t deadline;
	unsigned int n = 0;

	if (engine->now >= link->next_look)
		scif_link_look(node);
	look_at_reader(engine, link);
	while (n < MESSAGES_MAX && take(node))
		n++;
	deadline = send_waiting(node);
	if (n == MESSAGES_MAX)
		return engine->now;
	if (node->peer)
		return deadline;
	return deadline < link->next_look ? deadline : link->next_look;
}
