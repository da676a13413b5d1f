/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_PEER_H
#define SLIPWAY_SCIF_PEER_H

/**
 * @file
 * Scripted nodes, second witness of the wire format of SCIF: written from the datasheet alone, with
 * offsets, opcodes and sequences typed from there. They know the other side, an engine, by the bus
 * contract and by what its clients ask. `(10.4)` in a comment is a section of the datasheet, 203 a
 * statement of its section 16. Time is simulated.
 *
 *   test -- ask() --> engine of node 0 == loop bus == scripted card, 1 or 2 <-- card_*() -- test
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scif_bus_loop.h"
#include "scif_engine.h"

/* Opcodes (10.5). */
enum {
	INIT = 1,
	EXIT,
	EXIT_ACK,
	NODE_ADD,
	NODE_ADD_ACK,
	NODE_ADD_NACK,
	NODE_REMOVE,
	NODE_REMOVE_ACK,
	CNCT_REQ,
	CNCT_GNT,
	CNCT_GNTACK,
	CNCT_GNTNACK,
	CNCT_REJ,
	DISCNCT,
	DISCNT_ACK,
	CLIENT_SENT,
	CLIENT_RCVD,
	GET_NODE_INFO,
	REGISTER,
	REGISTER_ACK,
	REGISTER_NACK,
	UNREGISTER,
	UNREGISTER_ACK,
	UNREGISTER_NACK,
	ALLOC_REQ,
	ALLOC_GNT,
	ALLOC_REJ,
	FREE_VIRT,
	MUNMAP,
	MARK,
	MARK_ACK,
	MARK_NACK,
	WAIT,
	WAIT_ACK,
	WAIT_NACK,
	SIG_LOCAL,
	SIG_REMOTE,
	SIG_ACK,
	SIG_NACK,
	MESSAGE_MAX = SIG_NACK,
};

/* A queue pair's words (10.3.2). */
enum {
	QP_MAGIC = 0,
	QP_RING_SIZE = 72,
	QP_LOCAL_WRITE = 128,
	QP_LOCAL_READ = 192,
	QP_LOCAL_BUF = 208,
	QP_STATE = 232,
	QP_BYTES = 256,
};

#define MAGIC         UINT64_C(0x5c1f000000005c1f)
#define NODE_RING     65536u
#define MESSAGE_BYTES 44u

/* Where things are in a card's memory. */
#define CARD_BYTES 0x200000u
#define CARD_QP    0x1000u
#define CARD_RING  0x10000u
#define CARD_HALF  0x20000u /* queue pair n of a connection, its ring behind it */
#define CARD_HALF_STEP 0x10000u
#define CARD_HALF_RING 0x1000u
#define CARD_FREE  0x100000u

struct message {
	uint16_t src_node, src_port, dst_node, dst_port;
	uint32_t op;
	uint64_t p[4];
};

/** A scripted node. */
struct card {
	struct peer *peer;
	struct scif_loop loop;
	uint16_t node;
	struct scif_memory memory;
	uint8_t *bytes;
	uint64_t address; /**< of its memory, on the bus */
	uint8_t *host_qp;
	uint8_t *host_ring;
	uint32_t host_size;
	uint32_t out, in; /**< offsets in both rings */
	bool up;
};

#define PEER_MEMORIES 512
#define PEER_STORES   8

struct peer {
	struct scif_engine *engine;
	struct scif_client *client;
	struct scif_board *board;
	uint64_t now;
	struct {
		void *base;
		size_t size;
		uint32_t number;
	} memory[PEER_MEMORIES];
	unsigned int memories; /**< that there are */
	unsigned int lines;    /**< logged */
	struct {
		int fd;
		uint64_t offset, value;
	} store[PEER_STORES];
	unsigned int stores;
	bool no_memory;
	struct scif_reply reply;
	int fds[SCIF_REQUEST_FDS];
	struct card card[2];
};

/** An engine, a client, and cards 1 and 2 that are not up. */
int peer_begin(void **state);
int peer_end(void **state);
/** The same, and card 1 is up. */
int peer_begin_up(void **state);

/** Time passes. */
void peer_step(struct peer *p, uint64_t ms);
/** A descriptor of the application's memory, of that size. */
int peer_fd(struct peer *p, size_t size);

/** The application asks: 0, or a negative errno; values are in p->reply. */
int ask(struct peer *p, enum scif_request_op op, uint32_t endpoint, uint64_t a0, uint64_t a1,
	uint64_t a2);
int ask_more(struct peer *p, const struct scif_request *rq, int fd);
uint32_t state_of(const struct peer *p, uint32_t endpoint);
/** Of a request that took time: -EINPROGRESS until there is an outcome. */
int outcome(const struct peer *p, uint32_t slot, uint32_t ticket, int64_t *value);
/** How many nodes are online. */
unsigned int nodes(struct peer *p);

/* Bytes in little-endian order. */
uint64_t get(const uint8_t *at, unsigned int bytes);
void put(uint8_t *at, unsigned int bytes, uint64_t value);

/** The node's queue pair, made and published (10.2, steps 2 and 4). */
void card_publish(struct card *c);
/** The host's is looked at (steps 6 to 10): false when it is not there. */
bool card_attach(struct card *c);
/** All of the bring-up, until both have sent INIT. */
void card_up(struct card *c);
/** Memory of the host's at a bus address: NULL when there is none. */
uint8_t *card_map(struct card *c, uint64_t address, size_t len);

/** Room in the host's ring, in bytes. */
uint32_t card_room(const struct card *c);
/** Bytes into the ring, without a commit; then the commit. */
void card_write(struct card *c, const uint8_t *bytes, size_t len);
void card_commit(struct card *c);
/** Send, and the host looks. */
void card_say(struct card *c, const struct message *m);
void card_send(struct card *c, uint32_t op, uint64_t p0, uint64_t p1, uint64_t p2, uint64_t p3);
/** The next message: false when there is none. */
bool card_hear(struct card *c, struct message *m);
/** It is that one. */
struct message card_expect(struct card *c, uint32_t op);
/** There is none. */
void card_silent(struct card *c);
/** Forget all there is: how many were there. */
unsigned int card_drain(struct card *c);

/** A connection of the card with an endpoint of the host. */
struct link {
	uint32_t endpoint;    /**< the application's index of it */
	uint16_t port, host_port;
	uint64_t handle;      /**< of the card's */
	uint64_t host_handle;
	uint8_t *qp;          /**< the card's, in its memory */
	uint64_t qp_address;
	uint8_t *host_qp;
};

/** A queue pair of a connection in the card's memory. */
void link_make(struct card *c, struct link *l, unsigned int n);
/** Bind and listen. */
void host_listen(struct peer *p, uint32_t endpoint, uint16_t port, int backlog);
/** REQ of the card: not yet accepted. */
void link_request(struct card *c, struct link *l, unsigned int n, uint16_t host_port);
/** The application accepts: GNT, GNTACK. */
void link_accept(struct card *c, struct link *l, uint32_t listener, uint32_t endpoint);
/** REQ, GNT, GNTACK, with a listener of its own at endpoint 1; the new one is 2. */
void link_up(struct card *c, struct link *l);

#endif /* SLIPWAY_SCIF_PEER_H */
