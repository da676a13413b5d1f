/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_PRIV_H
#define SLIPWAY_SCIF_PRIV_H

/**
 * @file
 * The state of an engine.
 */

#include "scif_engine.h"
#include "scif_half.h"
#include "scif_list.h"
#include "scif_port.h"
#include "scif_token.h"

struct scif_endpoint;

/** Halves in an arena. */
#define SCIF_ARENA_SLOTS 512u

/** Memory in which halves of connections lie: of two clients, or of a client towards a node. */
struct scif_arena {
	struct scif_list link; /**< in engine->arenas */
	struct scif_memory memory;
	uint32_t between[2]; /**< numbers of the clients; the second is 0 towards a node */
	uint16_t node;       /**< that node; this one between clients */
	uint64_t address;    /**< on the link to that node */
	uint32_t used;
	uint64_t taken[SCIF_ARENA_SLOTS / 64]; /**< a bit for each slot */
};

/** Where a half is. */
struct scif_place {
	struct scif_arena *arena; /**< NULL: none */
	uint32_t slot;
	struct scif_half *half;
	uint64_t offset; /**< in the arena */
};

/** A connection: halves stay until both of its endpoints have gone, as either may still write into
 * the other's.
 */
struct scif_connection {
	struct scif_place place[2]; /**< connector's, accepter's; of this node's endpoints only */
	uint32_t users;
	struct scif_list rest; /**< in engine->resting, without users */
	uint64_t until;
};

/** The board of a client; endpoints may outlive the client, in its children. */
struct scif_desk {
	struct scif_memory memory;
	struct scif_board *board;
	uint32_t users;
	uint64_t taken[SCIF_BOARD_ENDPOINTS / 64]; /**< a bit for each ctl in use */
};

/** A client: a process. */
struct scif_client {
	struct scif_list link; /**< in engine->clients */
	struct scif_engine *engine;
	struct scif_credentials who;
	uint32_t number;
	struct scif_desk *desk;
	struct scif_hold *hold[SCIF_BOARD_ENDPOINTS]; /**< by index */
	uint32_t nb_holds;
	uint32_t nb_windows; /**< that it made */
	uint32_t nb_asked;   /**< answers of other nodes that it waits for */
	void *own;           /**< the host's */
};

/** That a client holds an endpoint. After a fork two clients hold it, under the same index, and
 * both look at the board of the one that opened it.
 */
struct scif_hold {
	struct scif_list link; /**< in endpoint->holds */
	struct scif_client *client;
	struct scif_endpoint *endpoint;
	uint32_t index;
};

/** A request for a connection that waits at a listening endpoint. */
struct scif_knock {
	struct scif_list link;
	struct scif_address from;
	uint64_t token;       /**< the connector's, as its node names it */
	uint64_t qp;          /**< where its queue pair is, on the link to it; 0 within a node */
	struct scif_message m; /**< to be sent back when it is refused */
};

/** An endpoint. */
struct scif_endpoint {
	struct scif_engine *engine;
	struct scif_list link;  /**< in engine->endpoints */
	struct scif_list timer; /**< in engine->timers, while there is a deadline */
	struct scif_list holds; /**< who holds it; nobody: it is being closed */
	enum scif_state state;
	uint64_t token;

	struct scif_desk *desk; /**< of who opened it */
	struct scif_ctl *ctl;   /**< on that */
	uint32_t index;

	uint16_t port; /**< 0: none; else it holds the port */

	/* Listening. */
	struct scif_list knocks;
	uint32_t nb_knocks, backlog;

	/* Connecting, connected. */
	struct scif_address peer;
	uint64_t peer_token;
	struct scif_connection *connection;
	unsigned int side;          /**< which of the connection's places is its own */
	struct scif_view peer_qp;   /**< the peer's queue pair, when it is of another node */
	struct scif_view peer_ring; /**< and its ring */
	uint32_t peer_ring_size;
	uint64_t deadline; /**< of what it waits for; SCIF_NO_DEADLINE */
	enum scif_attempt attempt;
	bool asynchronous;
	int outcome;   /**< of the attempt: 0, or a negative errno */
	bool accepted; /**< made by accept */
	bool granted;  /**< and its connector was told */
	uint64_t grant_qp; /**< Mapping: where the peer's queue pair is */
	uint32_t sent_told, received_told;
	struct scif_list owing; /**< in engine->owing, while its peer is to be told more */

	struct scif_gate gate;
	bool gated;

	struct scif_windows *windows; /**< scif_window.h; NULL until there is one */
};

/** A node that node 0 has spoken of. */
struct scif_peer {
	bool asked;    /**< and waits for the answer */
	uint64_t said; /**< the last word of that, which the answer repeats */
	uint64_t qp;   /**< where its queue pair is; 0: not known, or mapped */
	uint32_t looks;
	uint64_t next_look;
};

/** A node, this one too. */
struct scif_node {
	uint16_t id;
	bool online;
	bool self;
	bool peer; /**< by a link that node 0 spoke of */
	bool over; /**< and said that it is gone: what it says from then on is of another link */
	struct scif_engine *engine;
	struct scif_bus *bus;   /**< NULL: this node */
	struct scif_link *wire; /**< scif_link.c's: queue pair, ring, timers; NULL: this node */
	uint64_t exiting; /**< until when those are waited for; SCIF_NO_DEADLINE: it does not leave */
	bool stopping;    /**< this node leaves, and waits for its EXIT_ACK */
	uint32_t nb_windows; /**< that it has here */
	uint32_t nb_left;    /**< windows that endpoints here are done with, and it has not answered */
	uint64_t nb_pages;   /**< of those that it has not registered yet */
	uint64_t nb_runs;    /**< pieces of those that it has */
	uint32_t nb_waits;   /**< of its clients, for transfers that were begun here */
	uint64_t paired[SCIF_NODES_MAX / 64 + 1]; /**< nodes it has been introduced to: a bit each */
};

struct scif_engine {
	struct scif_engine_config config;
	const struct scif_host_ops *ops;
	void *arg;
	uint64_t now;

	struct scif_ports ports;
	struct scif_tokens tokens;
	struct scif_list endpoints;
	struct scif_list timers; /**< endpoints that wait */
	struct scif_list owing;  /**< endpoints whose peers do not know of all bytes yet */
	struct scif_list clients;
	struct scif_list arenas;
	struct scif_list windows;  /**< of endpoints here and of their peers: scif_window.h */
	struct scif_list memories; /**< that clients have registered */
	struct scif_list forming;  /**< windows of which not all pieces have come */
	struct scif_list cookies;  /**< who waits for answers about fences */
	struct scif_list askers;   /**< who waits for what node 0 says of nodes */
	struct scif_list waits;    /**< of other nodes, for transfers that were begun here */
	uint32_t nb_waits;
	uint32_t nb_granted;       /**< windows that wait for a link */
	uint64_t answers_by; /**< when to look whether answers of other nodes are late */
	struct scif_list resting; /**< connections without users */
	struct scif_node *node[SCIF_NODES_MAX];
	struct scif_peer peer[SCIF_NODES_MAX];
	/** Of a node that is gone: how often each other one has still to say that it knows. */
	uint16_t unacked[SCIF_NODES_MAX][SCIF_NODES_MAX];
	uint16_t max_id;   /**< ever seen */
	uint16_t max_link; /**< there was ever a link to */
	uint32_t numbers; /**< memories, clients and endpoints ever */

	/* Messages of the node to itself, in the order they were sent. */
	struct scif_list loop;

	struct scif_endpoint *listener[SCIF_PORTS];
	struct scif_counters counters;
};

#define NS_PER_MS UINT64_C(1000000)

/** When that many milliseconds will have passed. */
static inline uint64_t
scif_in_ms(const struct scif_engine *engine, uint32_t ms)
{
	return engine->now + ms * NS_PER_MS;
}

/** What clients call memory on a link: its node is in front, as in memory of this node none is. */
static inline uint64_t
scif_view_number(uint16_t node, const struct scif_view *view)
{
	return ((uint64_t)node + 1) << 32 | view->number;
}

/* ---- scif_endpoint.c: endpoints, and what a client may do with one that is not connected ---- */

/** A new endpoint of a client, at an index of its choice. */
int scif_endpoint_open(struct scif_client *client, uint64_t index, struct scif_endpoint **made);
/** The client lets go of it; the last one closes it. Returns whether it was the last. */
bool scif_endpoint_drop(struct scif_client *client, uint32_t index);
/** A client holds what another one holds. */
int scif_endpoint_share(struct scif_client *client, const struct scif_client *like);
struct scif_endpoint *scif_endpoint_of(const struct scif_client *client, uint32_t index);
/** By a token that somebody said; NULL: there is none. */
struct scif_endpoint *scif_endpoint_find(const struct scif_engine *engine, uint64_t token);
int scif_endpoint_bind(struct scif_endpoint *ep, uint64_t port, bool privileged);
int scif_endpoint_listen(struct scif_endpoint *ep, int64_t backlog);
/** Set the state, show it on the board, and ring. */
void scif_endpoint_set(struct scif_endpoint *ep, enum scif_state state);
/** Something changed that the owner may wait for. */
void scif_endpoint_ring(struct scif_endpoint *ep);
/** Have the endpoint's descriptor show what there is. */
void scif_endpoint_show(struct scif_endpoint *ep);
int scif_endpoint_gate(struct scif_endpoint *ep);
/** Both sides of its connection are to tell the engine what they do. */
void scif_endpoint_tell(struct scif_endpoint *ep);
/** Wait until a time; SCIF_NO_DEADLINE: no longer. */
void scif_endpoint_wait(struct scif_endpoint *ep, uint64_t deadline);
void scif_endpoint_release_port(struct scif_endpoint *ep);
/** 0 when connected to a node that is alive, else the errno of section 3.3, negative. */
int scif_endpoint_verify(const struct scif_endpoint *ep);
/** Nobody holds it, and its peer knows. */
void scif_endpoint_free(struct scif_endpoint *ep);
/** Its own half, and the peer's; NULL when not connected. */
struct scif_half *scif_endpoint_half(const struct scif_endpoint *ep);
struct scif_half *scif_endpoint_peer_half(const struct scif_endpoint *ep);
/** The peer, when it is an endpoint of this node; or NULL. */
struct scif_endpoint *scif_endpoint_peer(const struct scif_endpoint *ep);
bool scif_endpoint_far(const struct scif_endpoint *ep);
/** A message about it, to its peer's node: 0, or -ENODEV. */
int scif_endpoint_send(const struct scif_endpoint *ep, enum scif_op op, uint64_t p0, uint64_t p1,
		       uint64_t p2, uint64_t p3);

/* ---- scif_connect.c, scif_accept.c, scif_close.c: section 10.6 ---- */

int scif_connect_begin(struct scif_endpoint *ep, uint64_t node, uint64_t port, bool asynchronous);
/** How the last attempt ended, once: port, negative errno, or -EINPROGRESS. */
int scif_connect_outcome(struct scif_endpoint *ep);
/** An attempt has ended, as the accepter knows, or need not. */
void scif_connect_cancel(struct scif_endpoint *ep, int outcome);
/** Give up an attempt. */
void scif_connect_give_up(struct scif_endpoint *ep, int outcome);
/** Both are about to be Connected: whoever shows events is to be told of what the other does. */
void scif_connect_established(struct scif_endpoint *ep);
/** Time passed: give up what took too long. */
void scif_connect_expire(struct scif_endpoint *ep);
/** What an accepter says: the grant, or that there is none. */
void scif_connect_message(struct scif_node *from, const struct scif_message *m);

/** A new endpoint for the oldest request that waits: 0, or a negative errno. */
int scif_accept_begin(struct scif_client *client, struct scif_endpoint *listener, uint64_t index,
		      struct scif_endpoint **made);
/** Its connector's half is mapped, which took time, or cannot be: grant, or refuse. */
void scif_accept_mapped(struct scif_endpoint *ep, int ret);
/** The connector of an accepted endpoint that granted it nothing yet is refused. */
void scif_accept_reject(struct scif_endpoint *ep);
/** Of an accepted endpoint comes nothing, for that errno, negative: its owner sees that, collects it
 * as the outcome, and closes it.
 */
void scif_accept_fail(struct scif_endpoint *ep, int outcome);
void scif_accept_expire(struct scif_endpoint *ep);
/** Refuse all who wait at a listener; forget those of a node that is gone. */
void scif_accept_reject_all(struct scif_endpoint *listener);
void scif_accept_forget(struct scif_endpoint *listener, const struct scif_node *node);
/** What a connector says: the request, and how it takes the grant. */
void scif_accept_message(struct scif_node *from, const struct scif_message *m);

void scif_close_begin(struct scif_endpoint *ep);
void scif_close_finish(struct scif_endpoint *ep);
void scif_close_message(struct scif_node *from, const struct scif_message *m);
/** All endpoints towards a node. */
void scif_close_node(struct scif_node *node);

/* ---- scif_half.c: halves of a connection, this node's and the peer's ---- */

/** Its own, for a peer on another node. */
int scif_half_make(struct scif_endpoint *ep, struct scif_node *node);
/** Within a node: make both; the connector joins them once it is granted. */
int scif_half_make_both(struct scif_endpoint *accepter, const struct scif_endpoint *connector);
int scif_half_join(struct scif_endpoint *connector);
void scif_half_drop(struct scif_endpoint *ep);
/** Where the peer's node finds this half; 0 within a node. */
uint64_t scif_half_address(const struct scif_endpoint *ep);
/** Map the peer's half, of another node: 0, -EAGAIN when that takes time, or an errno. */
int scif_half_map(struct scif_endpoint *ep, uint64_t qp);
void scif_half_unmap(struct scif_endpoint *ep);

/* ---- scif_stream.c: told by clients, and by messages, that bytes were sent or received ---- */

void scif_stream_tell(struct scif_endpoint *ep);
/** Tell what there was no room for: when to be called again. */
uint64_t scif_stream_step(struct scif_engine *engine);
void scif_stream_message(struct scif_node *from, const struct scif_message *m);

/* ---- scif_arena.c: memory of connections, boards ---- */

/** A half of a client, in memory between it and another client, or a node. */
int scif_place_new(struct scif_engine *engine, uint32_t a, uint32_t b, struct scif_node *node,
		   struct scif_place *place);
struct scif_connection *scif_connection_new(void);
void scif_connection_put(struct scif_engine *engine, struct scif_connection *connection);
/** Free halves that have rested, or all: when to be called again. */
uint64_t scif_connection_rest(struct scif_engine *engine, bool all);
/** The link is gone: nothing new goes there. */
void scif_arena_forget(const struct scif_node *node);
struct scif_desk *scif_desk_new(struct scif_engine *engine);
void scif_desk_put(struct scif_engine *engine, struct scif_desk *desk);
/** Where the other node finds a half. */
uint64_t scif_place_address(const struct scif_place *place);

/* ---- scif_message.c: to a node, and from one ---- */

/**
 * Send a message; one to this node itself is delivered before the engine returns to its host.
 *
 * @return 0; -ENODEV: the node is not there, or its ring stays full
 */
int scif_message_send(struct scif_node *to, const struct scif_message *m);
/** A message could not be sent in all that time. */
void scif_message_failed(struct scif_node *to, const struct scif_message *m);
/** Deliver a message from a node: what is none is counted and dropped. */
void scif_message_deliver(struct scif_node *from, const struct scif_message *m);
/** Deliver what was sent to this node itself. */
void scif_message_loop(struct scif_engine *engine);

/* ---- scif_node.c: which there are ---- */

/** The node if it is online, or NULL. */
struct scif_node *scif_node_find(struct scif_engine *engine, uint64_t id);
struct scif_node *scif_node_self(struct scif_engine *engine);
/** A node comes online, or is lost. */
void scif_node_join(struct scif_node *node);
void scif_node_leave(struct scif_node *node);
unsigned int scif_node_count(const struct scif_engine *engine);
/** A node with its link, peer or not: 0, or a negative errno. */
int scif_node_add(struct scif_engine *engine, uint16_t id, struct scif_bus *bus, bool peer);
void scif_node_message(struct scif_node *from, const struct scif_message *m);
/** This node leaves the others: begin, and whether it is done. */
void scif_node_stop(struct scif_engine *engine);
bool scif_node_stopped(const struct scif_engine *engine);
/** It has said that it knows of another one's end, or was not told after all. */
void scif_node_settle(const struct scif_node *to, uint64_t gone);
/** Time passed: when to be called again. */
uint64_t scif_node_expire(struct scif_node *node);
/** A line for the log. */
void scif_log(struct scif_engine *engine, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- scif_node_info.c: which nodes there are, as node 0 says ---- */

/** Ask node 0, if it is another one: 0: it need not be asked, -EINPROGRESS, or another errno. */
int scif_info_ask(struct scif_client *client, const struct scif_request *rq);
/** It has answered; or was never asked, as there was no room. */
void scif_info_message(struct scif_node *from, const struct scif_message *m);
void scif_info_unsent(struct scif_node *to, const struct scif_message *m);
void scif_info_client_gone(const struct scif_client *client);
/** Who waits for a node that is gone, or for too long, waits no longer: when to be called again. */
uint64_t scif_info_step(struct scif_engine *engine);

/* ---- scif_window.c: section 10.7; scif_fence.c: 6.5. Called by scif_request.c ---- */

int scif_window_request(struct scif_client *client, struct scif_endpoint *ep,
			const struct scif_request *rq, int *fd, struct scif_reply *reply, int *fds);
void scif_window_message(struct scif_node *from, const struct scif_message *m);
/** A message about a window could not be sent in all that time. */
void scif_window_unsent(struct scif_node *to, const struct scif_message *m);
/** The endpoint is Disconnected: its windows are closed for the peer. */
void scif_window_disconnected(struct scif_endpoint *ep);
/** The endpoint goes: so do its windows, once nobody refers to them. */
void scif_window_closed(struct scif_endpoint *ep);
/** A client is gone: it has nothing mapped, and waits for nothing. */
void scif_window_client_gone(struct scif_client *client);
/** A node is gone, and with it the windows of its endpoints and those for them. */
void scif_window_node_gone(struct scif_node *node);
/** Try again what a link could not do at once: when to be called again. */
uint64_t scif_window_step(struct scif_engine *engine);

int scif_fence_request(struct scif_client *client, struct scif_endpoint *ep,
		       const struct scif_request *rq);
void scif_fence_message(struct scif_node *from, const struct scif_message *m);
/** The same of one about a fence. */
void scif_fence_unsent(struct scif_node *to, const struct scif_message *m);
void scif_fence_client_gone(struct scif_client *client);
/** The endpoint is Disconnected, or goes: who waits for it waits in vain. */
void scif_fence_disconnected(struct scif_endpoint *ep);
/** Look whether transfers are complete: when to be called again. */
uint64_t scif_fence_step(struct scif_engine *engine);

/** Set the outcome of a request that took time. */
void scif_slot_done(struct scif_client *client, uint32_t slot, uint32_t ticket, int error,
		    int64_t value);

/** Who waits for a node that reads nothing waits no longer. */
void scif_window_late(struct scif_engine *engine);
void scif_fence_late(struct scif_engine *engine);

/* ---- scif_answer.c: how long answers of other nodes are waited for ---- */

/** Until when, in ns, the answer to a request of this moment is waited for. */
uint64_t scif_answer_by(struct scif_engine *engine);
/** Is it in vain? Else the time may be a later one. */
bool scif_answer_is_late(struct scif_engine *engine, uint64_t node, uint64_t *by);
/** Time passed: when to be called again. */
uint64_t scif_answer_step(struct scif_engine *engine);

/* ---- scif_peer.c: nodes that node 0 introduces to each other, section 10.9 ---- */

/** Node 0: of all that are online, who does not know the others yet does so now. */
void scif_peer_introduce(struct scif_engine *engine);
/** Node 0: one has left; when it is back it is introduced again. */
void scif_peer_part(struct scif_node *gone);
/** The node cannot be reached any more, over the link that node 0 spoke of. */
void scif_peer_forget(struct scif_node *node);
/** Nor will be: what node 0 says next is of another one by that id. */
void scif_peer_end(struct scif_node *node);
/** Look whether both sides are there: when to be called again. */
uint64_t scif_peer_step(struct scif_node *node);
void scif_peer_message(struct scif_node *from, const struct scif_message *m);

/* ---- scif_link.c: queue pair and ring with another node, sections 10.2, 10.9, 10.10 ---- */

int scif_link_open(struct scif_node *node);
void scif_link_close(struct scif_node *node);
int scif_link_send(struct scif_node *node, const struct scif_message *m);
/** A message would go out at once. */
bool scif_link_has_room(const struct scif_node *node);
/** Has the other side read something lately, or all that there is? */
bool scif_link_reads(const struct scif_node *node);
/** Take messages, look for the other side, time out: when to be called again. */
uint64_t scif_link_step(struct scif_node *node);
/** Where the own queue pair is. */
uint64_t scif_link_address(const struct scif_node *node);
/** Map the other side's, which somebody said is there: 0, or a negative errno. */
int scif_link_meet(struct scif_node *node, uint64_t address);
bool scif_link_is_met(const struct scif_node *node);
/** What the other side says of this queue pair; say something of the other one. */
uint32_t scif_link_state(const struct scif_node *node);
void scif_link_set_state(struct scif_node *node, uint32_t state);
/** Look for the other side at once. */
void scif_link_look(struct scif_node *node);
/** The other side is gone: look for it again, after a while. */
void scif_link_reset(struct scif_node *node);
/** This side is gone for the other one, which can still be sent to. */
void scif_link_withdraw(struct scif_node *node);

#endif /* SLIPWAY_SCIF_PRIV_H */
