/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_WIRE_H
#define SLIPWAY_SCIF_WIRE_H

/**
 * @file
 * What SCIF nodes say to each other, byte for byte: messages in numbering B, which Linux 4.3 to 5.9
 * speaks; the part of a queue pair that the other node sees; the SCIF part of the device page.
 * Little-endian.
 */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/** Opcodes, in their order on the wire. name, number, what it is called in traces */
#define SCIF_OPS(OP)                                                                               \
	OP(INIT, 1)                                                                                \
	OP(EXIT, 2)                                                                                \
	OP(EXIT_ACK, 3)                                                                            \
	OP(NODE_ADD, 4)                                                                            \
	OP(NODE_ADD_ACK, 5)                                                                        \
	OP(NODE_ADD_NACK, 6)                                                                       \
	OP(NODE_REMOVE, 7)                                                                         \
	OP(NODE_REMOVE_ACK, 8)                                                                     \
	OP(CNCT_REQ, 9)                                                                            \
	OP(CNCT_GNT, 10)                                                                           \
	OP(CNCT_GNTACK, 11)                                                                        \
	OP(CNCT_GNTNACK, 12)                                                                       \
	OP(CNCT_REJ, 13)                                                                           \
	OP(DISCNCT, 14)                                                                            \
	OP(DISCNT_ACK, 15)                                                                         \
	OP(CLIENT_SENT, 16)                                                                        \
	OP(CLIENT_RCVD, 17)                                                                        \
	OP(GET_NODE_INFO, 18)                                                                      \
	OP(REGISTER, 19)                                                                           \
	OP(REGISTER_ACK, 20)                                                                       \
	OP(REGISTER_NACK, 21)                                                                      \
	OP(UNREGISTER, 22)                                                                         \
	OP(UNREGISTER_ACK, 23)                                                                     \
	OP(UNREGISTER_NACK, 24)                                                                    \
	OP(ALLOC_REQ, 25)                                                                          \
	OP(ALLOC_GNT, 26)                                                                          \
	OP(ALLOC_REJ, 27)                                                                          \
	OP(FREE_VIRT, 28)                                                                          \
	OP(MUNMAP, 29)                                                                             \
	OP(MARK, 30)                                                                               \
	OP(MARK_ACK, 31)                                                                           \
	OP(MARK_NACK, 32)                                                                          \
	OP(WAIT, 33)                                                                               \
	OP(WAIT_ACK, 34)                                                                           \
	OP(WAIT_NACK, 35)                                                                          \
	OP(SIG_LOCAL, 36)                                                                          \
	OP(SIG_REMOTE, 37)                                                                         \
	OP(SIG_ACK, 38)                                                                            \
	OP(SIG_NACK, 39)

#define SCIF_OP_ENUM(name, number) SCIF_##name = (number),
enum scif_op { SCIF_OPS(SCIF_OP_ENUM) };

#define SCIF_OP_MAX 39u

/** A port of a node, as in messages. */
struct scif_address {
	uint16_t node;
	uint16_t port;
};

/** A control message. */
struct scif_message {
	struct scif_address src;
	struct scif_address dst;
	uint32_t op;
	uint64_t payload[4];
} __attribute__((packed));

static_assert(sizeof(struct scif_message) == 44, "section 10.4");
static_assert(offsetof(struct scif_message, op) == 8, "section 10.4");
static_assert(offsetof(struct scif_message, payload) == 12, "section 10.4");

#define SCIF_QP_MAGIC UINT64_C(0x5c1f000000005c1f)
#define SCIF_QP_SIZE  256u

/* Where a queue pair has what the other node may see. */
#define SCIF_QP_RING_SIZE   72u
#define SCIF_QP_LOCAL_WRITE 128u
#define SCIF_QP_LOCAL_READ  192u
#define SCIF_QP_LOCAL_BUF   208u
#define SCIF_QP_STATE       232u

/** States of a queue pair between cards. */
enum {
	SCIF_QP_ONLINE = 0xc0de,
	SCIF_QP_OFFLINE = 0xdead,
};

/** Ring of a connection, and of a pair of nodes. */
#define SCIF_RING_SIZE      4096u
#define SCIF_NODE_RING_SIZE 65536u

/** Highest number of nodes: a host and 128 cards. */
#define SCIF_NODES_MAX 129u

/** Requests that may wait at a listening endpoint, at most. */
#define SCIF_BACKLOG_MAX 1024

#define SCIF_PAGE UINT64_C(4096)

#endif /* SLIPWAY_SCIF_WIRE_H */
