/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SCIF_H
#define SCIF_H

/**
 * @file
 * SCIF: connections, messages and memory between processes of one host and its cards. Names, types
 * and numbers are those of Intel's libscif, so that programs written for it compile unchanged.
 *
 * Calls return -1, or the _FAILED value, and set errno.
 */

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An endpoint: a file descriptor. */
typedef int scif_epd_t;

#define SCIF_OPEN_FAILED     ((scif_epd_t)-1)
#define SCIF_REGISTER_FAILED ((off_t)-1)
#define SCIF_MMAP_FAILED     ((void *)-1)

/** A port of a node. */
struct scif_portID {
	uint16_t node;
	uint16_t port;
};

/* Older names of it. */
#define portID scif_portID
typedef struct scif_portID portID_t;

/** Pages pinned for several registrations; only clients inside a node's engine have them. */
typedef struct scif_pinned_pages *scif_pinned_pages_t;

/** What scif_poll is asked, and answers, about an endpoint; the same as struct pollfd. */
struct scif_pollepd {
	scif_epd_t epd;
	short events;
	short revents;
};

#define SCIF_POLLIN   POLLIN
#define SCIF_POLLOUT  POLLOUT
#define SCIF_POLLERR  POLLERR
#define SCIF_POLLHUP  POLLHUP
#define SCIF_POLLNVAL POLLNVAL

/* ---- Flags ---- */

#define SCIF_ACCEPT_SYNC 1
#define SCIF_SEND_BLOCK  1
#define SCIF_RECV_BLOCK  1
#define ACCEPT_SYNC      SCIF_ACCEPT_SYNC
#define SEND_BLOCK       SCIF_SEND_BLOCK
#define RECV_BLOCK       SCIF_RECV_BLOCK

enum {
	SCIF_PROT_READ = 0x1,
	SCIF_PROT_WRITE = 0x2
};

enum {
	SCIF_MAP_FIXED = 0x10,
	SCIF_MAP_KERNEL = 0x20
};

enum {
	SCIF_FENCE_INIT_SELF = 0x1,
	SCIF_FENCE_INIT_PEER = 0x2,
	SCIF_FENCE_RAS_SELF = 0x4,
	SCIF_FENCE_RAS_PEER = 0x8,
	SCIF_SIGNAL_LOCAL = 0x10,
	SCIF_SIGNAL_REMOTE = 0x20
};

enum {
	SCIF_RMA_USECPU = 0x1,
	SCIF_RMA_USECACHE = 0x2,
	SCIF_RMA_SYNC = 0x4,
	SCIF_RMA_ORDERED = 0x8
};

/* ---- Ports ---- */

#define SCIF_ADMIN_PORT_END 1024
#define SCIF_PORT_RSVD      1088

#define SCIF_COI_PORT_0 40
#define SCIF_COI_PORT_1 41
#define SCIF_COI_PORT_2 42
#define SCIF_COI_PORT_3 43
#define SCIF_COI_PORT_4 44
#define SCIF_COI_PORT_5 45
#define SCIF_COI_PORT_6 46
#define SCIF_COI_PORT_7 47
#define SCIF_COI_PORT_8 48
#define SCIF_COI_PORT_9 49

#define SCIF_OFED_PORT_0 60
#define SCIF_OFED_PORT_1 61
#define SCIF_OFED_PORT_2 62
#define SCIF_OFED_PORT_3 63
#define SCIF_OFED_PORT_4 64
#define SCIF_OFED_PORT_5 65
#define SCIF_OFED_PORT_6 66
#define SCIF_OFED_PORT_7 67
#define SCIF_OFED_PORT_8 68
#define SCIF_OFED_PORT_9 69

#define SCIF_NETDEV_PORT_0 80
#define SCIF_NETDEV_PORT_1 81
#define SCIF_NETDEV_PORT_2 82
#define SCIF_NETDEV_PORT_3 83
#define SCIF_NETDEV_PORT_4 84
#define SCIF_NETDEV_PORT_5 85
#define SCIF_NETDEV_PORT_6 86
#define SCIF_NETDEV_PORT_7 87
#define SCIF_NETDEV_PORT_8 88
#define SCIF_NETDEV_PORT_9 89

#define SCIF_RAS_PORT_0 100
#define SCIF_RAS_PORT_1 101
#define SCIF_RAS_PORT_2 102
#define SCIF_RAS_PORT_3 103
#define SCIF_RAS_PORT_4 104
#define SCIF_RAS_PORT_5 105
#define SCIF_RAS_PORT_6 106
#define SCIF_RAS_PORT_7 107
#define SCIF_RAS_PORT_8 108
#define SCIF_RAS_PORT_9 109

#define SCIF_PM_PORT_0 120
#define SCIF_PM_PORT_1 121
#define SCIF_PM_PORT_2 122
#define SCIF_PM_PORT_3 123
#define SCIF_PM_PORT_4 124
#define SCIF_PM_PORT_5 125
#define SCIF_PM_PORT_6 126
#define SCIF_PM_PORT_7 127
#define SCIF_PM_PORT_8 128
#define SCIF_PM_PORT_9 129

#define SCIF_BT_PORT_0 130
#define SCIF_BT_PORT_1 131
#define SCIF_BT_PORT_2 132
#define SCIF_BT_PORT_3 133
#define SCIF_BT_PORT_4 134
#define SCIF_BT_PORT_5 135
#define SCIF_BT_PORT_6 136
#define SCIF_BT_PORT_7 137
#define SCIF_BT_PORT_8 138
#define SCIF_BT_PORT_9 139

#define MPSSD_MONRECV 160
#define MIC_NOTIFY    161
#define MPSSD_CRED    162
#define MPSSD_MONSEND 163
#define MPSSD_MICCTRL 164
#define MPSSD_RESV5   165
#define MPSSD_RESV6   166
#define MPSSD_RESV7   167
#define MPSSD_RESV8   168
#define MPSSD_RESV9   169

#define SCIF_COSM_LISTEN_PORT 201

#define SCIF_MYO_PORT_0 1025
#define SCIF_MYO_PORT_1 1026
#define SCIF_MYO_PORT_2 1027
#define SCIF_MYO_PORT_3 1028
#define SCIF_MYO_PORT_4 1029
#define SCIF_MYO_PORT_5 1030
#define SCIF_MYO_PORT_6 1031
#define SCIF_MYO_PORT_7 1032
#define SCIF_MYO_PORT_8 1033
#define SCIF_MYO_PORT_9 1034

#define SCIF_ST_PORT_0 1044
#define SCIF_ST_PORT_1 1045
#define SCIF_ST_PORT_2 1046
#define SCIF_ST_PORT_3 1047
#define SCIF_ST_PORT_4 1048
#define SCIF_ST_PORT_5 1049
#define SCIF_ST_PORT_6 1050
#define SCIF_ST_PORT_7 1051
#define SCIF_ST_PORT_8 1052
#define SCIF_ST_PORT_9 1053

/* ---- Connections ---- */

/** Create an endpoint. */
scif_epd_t scif_open(void);

/** Close an endpoint; the peer can still read what it was sent. */
int scif_close(scif_epd_t epd);

/**
 * Bind an endpoint to a local port.
 *
 * @param pn 0 for any that is free; below SCIF_ADMIN_PORT_END only with privilege
 * @return the port
 */
int scif_bind(scif_epd_t epd, uint16_t pn);

/** Accept connections; `backlog` requests may wait: 1..1024, more is taken for 1024. */
int scif_listen(scif_epd_t epd, int backlog);

/**
 * Connect to a listening endpoint. Waits until the other side accepts; with O_NONBLOCK on the
 * descriptor it begins to connect, POLLOUT tells the end of it, and a second call the outcome.
 *
 * @return the local port
 */
int scif_connect(scif_epd_t epd, struct scif_portID *dst);

/**
 * Take the oldest request for a connection.
 *
 * @param peer who asked
 * @param newepd the endpoint of the connection
 * @param flags SCIF_ACCEPT_SYNC to wait for one; EAGAIN without it
 */
int scif_accept(scif_epd_t epd, struct scif_portID *peer, scif_epd_t *newepd, int flags);

/* ---- Messages: a stream of bytes ---- */

/**
 * Send bytes.
 *
 * @param flags SCIF_SEND_BLOCK to wait until all are sent
 * @return how many were; 0 when there was no room for any
 */
int scif_send(scif_epd_t epd, void *msg, int len, int flags);

/**
 * Receive bytes.
 *
 * @param flags SCIF_RECV_BLOCK to wait until `len` are there
 * @return how many were received; 0 when there were none; ECONNRESET once the peer has closed and
 *	its last byte is read
 */
int scif_recv(scif_epd_t epd, void *msg, int len, int flags);

/* ---- Registered memory ---- */

/**
 * Open a window of the endpoint's registered address space onto whole pages of memory, for the
 * peer.
 *
 * @param offset where it is to be, with SCIF_MAP_FIXED
 * @return its offset
 */
off_t scif_register(scif_epd_t epd, void *addr, size_t len, off_t offset, int prot_flags,
		    int map_flags);

/** Close all windows in a range, which may not cut one. */
int scif_unregister(scif_epd_t epd, off_t offset, size_t len);

/** Map pages of the peer's registered address space. */
void *scif_mmap(void *addr, size_t len, int prot_flags, int map_flags, scif_epd_t epd,
		off_t offset);

/** Unmap what scif_mmap mapped, or whole pages of it. */
int scif_munmap(void *addr, size_t len);

/** Copy from the peer's registered address space into the endpoint's own. */
int scif_readfrom(scif_epd_t epd, off_t loffset, size_t len, off_t roffset, int rma_flags);

/** Copy from the endpoint's own registered address space into the peer's. */
int scif_writeto(scif_epd_t epd, off_t loffset, size_t len, off_t roffset, int rma_flags);

/** Copy from the peer's registered address space into memory of any kind. */
int scif_vreadfrom(scif_epd_t epd, void *addr, size_t len, off_t roffset, int rma_flags);

/** Copy from memory of any kind into the peer's registered address space. */
int scif_vwriteto(scif_epd_t epd, void *addr, size_t len, off_t roffset, int rma_flags);

/** Mark the transfers that the endpoint (SCIF_FENCE_INIT_SELF) or its peer has begun. */
int scif_fence_mark(scif_epd_t epd, int flags, int *mark);

/** Wait until marked transfers are complete. */
int scif_fence_wait(scif_epd_t epd, int mark);

/**
 * Have values written once the transfers begun so far are complete: lval at loff of the endpoint's
 * own registered address space (SCIF_SIGNAL_LOCAL), rval at roff of the peer's.
 */
int scif_fence_signal(scif_epd_t epd, off_t loff, uint64_t lval, off_t roff, uint64_t rval,
		      int flags);

/* ---- Nodes, events ---- */

/**
 * Learn which nodes are online.
 *
 * @param nodes the ids of the first `len` of them
 * @param self id of the node this process is on
 * @return how many are online
 */
int scif_get_nodeIDs(uint16_t *nodes, int len, uint16_t *self);

/** As poll(2), of endpoints. */
int scif_poll(struct scif_pollepd *epds, unsigned int nepds, long timeout);

/** A descriptor for poll, select and epoll, which show the endpoint's events from now on. */
int scif_get_fd(scif_epd_t epd);

#ifdef __cplusplus
}
#endif

#endif /* SCIF_H */
