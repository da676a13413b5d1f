/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_ENGINE_H
#define SLIPWAY_SCIF_ENGINE_H

/**
 * @file
 * The engine of a SCIF node: ports, endpoints, connections, windows and the nodes it talks to. It
 * is a state machine: bytes and time are arguments, and what it wants done it asks of a table of
 * functions. It has no thread, no socket and no clock; whoever hosts it calls it from one thread.
 *
 *   socket of a client   scif_engine_request -> reply, at once
 *   client gone          scif_engine_client_remove
 *   doorbell, deadline   scif_engine_step
 *
 * Bytes of connections never pass through it: clients share memory with each other.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scif_board.h"
#include "scif_bus.h"
#include "scif_request.h"
#include "scif_wire.h"

#define SCIF_NO_DEADLINE UINT64_MAX

struct scif_engine;
struct scif_client;

/** Memory that processes can share; the engine counts who uses it. */
struct scif_memory {
	void *base; /**< NULL where the engine itself does not look */
	size_t size;
	int fd;          /**< a number of the host's, for those it is sent to */
	uint32_t number; /**< never used twice */
	uint32_t users;
	bool copies; /**< a box, through which the memory of a process is copied */
	uint32_t owner; /**< number of the client that it is of; 0: the engine's own */
};

/** Events that a descriptor of an endpoint shows: SCIF_POLLIN, OUT, HUP and ERR. */
struct scif_gate {
	int fd[2]; /**< the client's end, kept for what it holds; the engine's */
	short shown;
};

/** What an engine asks of who hosts it. */
struct scif_host_ops {
	/** Shareable, zeroed memory, mapped; nobody can make it smaller: 0, or a negative errno. */
	int (*memory)(void *arg, size_t size, struct scif_memory *memory);
	/** Unmap where there is a base, and close. */
	void (*memory_free)(void *arg, struct scif_memory *memory);
	/** Is this descriptor of a client memory that can be shared, of at least that size? 0, 1
	 * when nobody can make it smaller, or a negative errno.
	 */
	int (*memory_check)(void *arg, int fd, uint64_t size);
	/** Another descriptor of it, that lets nobody write: or a negative errno. */
	int (*memory_reader)(void *arg, int fd);
	/** Store bytes, 8 at most, into memory that the engine has not mapped, or have them stored
	 * where it is a box: 0, or a negative errno.
	 */
	int (*store)(void *arg, const struct scif_memory *memory, uint64_t offset,
		     const void *bytes, size_t len);
	/** Wake all who sleep on a word. */
	void (*wake)(void *arg, _Atomic uint32_t *word);
	/** A descriptor that shows events: 0, or a negative errno. */
	int (*gate)(void *arg, struct scif_gate *gate);
	void (*gate_show)(void *arg, struct scif_gate *gate, short events);
	void (*gate_free)(void *arg, struct scif_gate *gate);
	/** A socket pair for a process that is about to be: one end becomes a client's, the other
	 * is returned: a descriptor, or a negative errno.
	 */
	int (*fork)(void *arg, struct scif_client *client);
	/** Another node came online, or is gone: for peer devices. */
	void (*node)(void *arg, uint16_t node, bool online);
	/**
	 * Node 0 says how another node can be reached: `said` is the payload of NODE_ADD. Whoever
	 * hosts the engine adds the link by scif_engine_peer_add, now or later, and of the two
	 * nodes either may do what it takes.
	 *
	 * @return 0, or a negative errno: it cannot be reached
	 */
	int (*peer)(void *arg, uint16_t node, const uint64_t said[4]);
	/** One line, without its end. */
	void (*log)(void *arg, const char *line);
};

/** What can be chosen. Zero is the default of each. */
struct scif_engine_config {
	uint16_t node;
	uint32_t ring_size;       /**< of a connection: a power of two, 256..2^20; 4096 */
	uint32_t connect_ms;      /**< how long a connect waits; 10000 */
	uint32_t accept_ms;       /**< how long an accept waits for its connector; 3000 */
	uint32_t alive_ms;        /**< how long answers of another node are awaited; 30000 */
	uint32_t page_poll_ms;    /**< between looks for a node that is not there; 1000 */
	uint32_t send_retry_ms;   /**< how long a full node ring is retried; 3000 */
	bool any_may_administer;  /**< ports below 1024 are for everybody */
	bool driver_errno;        /**< errno as drivers have it, where documents differ */
	bool no_peers;            /**< node 0 introduces the others to nobody */
	bool log_messages;        /**< one line for each */
	bool quiet;               /**< nothing is said of nodes that come and go */
};

/** Who a client is. */
struct scif_credentials {
	int32_t pid;
	uint32_t uid;
	bool privileged;
};

/** Counters, since the engine began. */
struct scif_counters {
	uint64_t sent[SCIF_OP_MAX + 1];     /**< by opcode */
	uint64_t received[SCIF_OP_MAX + 1];
	uint64_t unknown;   /**< messages with an opcode that is none */
	uint64_t bad_token; /**< messages and requests that name nothing */
	uint64_t ring_full; /**< times that a node's ring was */
	uint64_t connected; /**< connections made */
	uint64_t refused;
	uint64_t nodes_added;
	uint64_t nodes_lost;
	uint64_t copies; /**< of memory that cannot be shared, by clients that have gone */
	uint64_t copied; /**< bytes of those */
};

/** What an engine holds now, of each kind: nothing once nobody uses it. Records that are of no use
 * to anybody show here.
 */
#define SCIF_HELD(kind)                                                                            \
	kind(clients)                                                                              \
	kind(endpoints)                                                                            \
	kind(listeners)                                                                            \
	kind(requests) /* for connections, that wait at them */                                    \
	kind(ports)    /* endpoints that hold one */                                               \
	kind(tokens)                                                                               \
	kind(windows)                                                                              \
	kind(mapped)   /* clients that have pages of one */                                        \
	kind(memories) /* registered */                                                            \
	kind(forming)  /* pieces of windows to be */                                               \
	kind(arenas)   /* memory of connections */                                                 \
	kind(halves)   /* of connections, in it */                                                 \
	kind(resting)  /* connections that nobody has, and another node may know */                \
	kind(cookies)  /* answers about fences that are waited for */                              \
	kind(askers)   /* the same about nodes */                                                  \
	kind(waits)    /* of other nodes, for transfers */

#define SCIF_HELD_MEMBER(kind) uint64_t kind;
struct scif_held {
	SCIF_HELD(SCIF_HELD_MEMBER)
};

/** Create one: NULL without memory. The host stays for as long. */
struct scif_engine *scif_engine_create(const struct scif_engine_config *config,
				       const struct scif_host_ops *ops, void *arg);
void scif_engine_destroy(struct scif_engine *engine);

/**
 * Add a client.
 *
 * @param like another client, whose endpoints the new one holds too; or NULL
 */
int scif_engine_client_add(struct scif_engine *engine, const struct scif_credentials *who,
			   struct scif_client *like, struct scif_client **client);

/** A client is gone; what it alone held is closed. */
void scif_engine_client_remove(struct scif_engine *engine, struct scif_client *client);

/** The host's own word for a client. */
void scif_engine_client_set(struct scif_client *client, void *own);
void *scif_engine_client_get(const struct scif_client *client);
const struct scif_credentials *scif_engine_client_who(const struct scif_client *client);
/** It is that process. */
void scif_engine_client_pid(struct scif_client *client, int32_t pid);
/** Any client, or NULL. */
struct scif_client *scif_engine_client_first(struct scif_engine *engine);

/**
 * Answer a request.
 *
 * @param bytes what came, of any length and content
 * @param fd a descriptor that came with it, or -1; set to -1 by who keeps it
 * @param reply the answer
 * @param fds descriptors to send with it, as many as reply->fds; they stay the engine's, but for
 *	those of SCIF_REQUEST_FORK, which the host made
 * @return false when there is no answer
 */
bool scif_engine_request(struct scif_engine *engine, struct scif_client *client, const void *bytes,
			 size_t len, int *fd, struct scif_reply *reply, int fds[SCIF_REQUEST_FDS]);

/** Look at boards, rings and the time: when to be called again, at the latest. */
uint64_t scif_engine_step(struct scif_engine *engine, uint64_t now_ns);

/** Before the host sleeps, and after: clients tell by request meanwhile. Step once between. */
void scif_engine_sleep(struct scif_engine *engine, bool asleep);

/** There is a link to another node. */
int scif_engine_link_add(struct scif_engine *engine, uint16_t node, struct scif_bus *bus);
/** There is a link to another node that node 0 speaks of, has spoken of, or will. */
int scif_engine_peer_add(struct scif_engine *engine, uint16_t node, struct scif_bus *bus);
/** The other side may have changed what it published: look, without waiting for the time. */
void scif_engine_link_look(struct scif_engine *engine, uint16_t node);
/** That link is gone; nothing of it is touched once this returns. */
void scif_engine_link_remove(struct scif_engine *engine, uint16_t node);

/** Is there such a node, now? This one, too. */
bool scif_engine_node_online(struct scif_engine *engine, uint16_t node);

/** Leave the other nodes: begin; step until it is done, for as long as seems right. */
void scif_engine_stop(struct scif_engine *engine);
bool scif_engine_stopped(const struct scif_engine *engine);

/** Counters. */
const struct scif_counters *scif_engine_counters(const struct scif_engine *engine);
/** What it holds: looks at all of it. */
void scif_engine_held(const struct scif_engine *engine, struct scif_held *held);

#endif /* SLIPWAY_SCIF_ENGINE_H */
