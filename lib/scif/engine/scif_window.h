/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_WINDOW_H
#define SLIPWAY_SCIF_WINDOW_H

/**
 * @file
 * Windows, sections 5 and 10.7. A window exists twice: its owner has one, and the node of the peer
 * has another, also where that is the same node. Messages keep the two in step.
 *
 *   owner                                    peer
 *     ALLOCATING    ALLOC_REQ ------------->   ALLOCATED
 *     REGISTERING   <------------- ALLOC_GNT
 *       (what it is, written into the peer's)
 *                   REGISTER -------------->   REGISTERED
 *     REGISTERED    <---------- REGISTER_ACK
 *     UNREGISTERING UNREGISTER ------------>   gone; or, while somebody has it mapped, CLOSED
 *     gone          <-------- UNREGISTER_ACK
 *     REFERENCED    <------- UNREGISTER_NACK
 *     gone          <---------------- MUNMAP   gone, once nobody has
 *
 * An endpoint that is closed leaves its windows to themselves: they go the same way without it.
 */

#include "scif_priv.h"

/** Where registered address space is given out: FIXED offsets lie below, others above. */
#define SCIF_RAS_FIXED_END (UINT64_C(1) << 62)
#define SCIF_RAS_END       (UINT64_C(1) << 63)

/** Pieces of memory in one window: one page of addresses on the wire. */
#define SCIF_RUNS_MAX 512u
/** Windows that one client owns, and that another node may have here; so many may wait for its answer
 * after their endpoints.
 */
#define SCIF_WINDOWS_OF_CLIENT 16384u
#define SCIF_WINDOWS_OF_NODE   65536u
/** Pages of a window: 1 TiB. */
#define SCIF_WINDOW_PAGES_MAX (UINT64_C(1) << 28)
/** Pages of windows that another node has asked for, and not registered: what it is to write of
 * them takes memory here, 8 MiB for as much as one window may be.
 */
#define SCIF_UNREGISTERED_PAGES_MAX (16 * SCIF_WINDOW_PAGES_MAX)
/** Pieces of windows that another node may have here: of as many as one client may own. */
#define SCIF_RUNS_OF_NODE (SCIF_WINDOWS_OF_CLIENT * SCIF_RUNS_MAX)

/** Memory that a client has registered. */
struct scif_shared {
	struct scif_list link; /**< in engine->memories */
	struct scif_memory memory;
	uint32_t client; /**< its number */
	uint64_t key;    /**< what the client calls it; 0: nothing */
	uint32_t uid;    /**< the client's: who may trust it not to shrink */
	bool sealed;     /**< nobody can make it smaller */
	struct scif_memory reader; /**< the same, that cannot be written; its fd -1: none yet */
};

/** A piece of a window. */
struct scif_run {
	uint64_t length;
	uint64_t offset;            /**< in the memory */
	uint64_t at;                /**< address in the process, where there is a box */
	struct scif_shared *shared; /**< NULL: memory of another node */
	uint64_t address;           /**< on the link, of memory of either node; 0: none */
	struct scif_view view;      /**< the same, once it is mapped here */
};

enum scif_window_state {
	SCIF_WINDOW_ALLOCATING,
	SCIF_WINDOW_GRANTED, /**< what it is cannot be written yet: the link has to be asked */
	SCIF_WINDOW_REGISTERING,
	SCIF_WINDOW_REGISTERED,
	SCIF_WINDOW_UNREGISTERING,
	SCIF_WINDOW_REFERENCED,
	SCIF_WINDOW_ALLOCATED, /**< the peer's kinds from here */
	SCIF_WINDOW_VISIBLE,
	SCIF_WINDOW_CLOSED,
};

/** That a client has pages of a window mapped. */
struct scif_mapped {
	struct scif_list link; /**< in window->mapped */
	struct scif_client *client;
	uint64_t pages;
};

/** Somebody waits for the last of some answers. */
struct scif_waiter {
	struct scif_client *client; /**< NULL: it has gone */
	uint32_t slot, ticket;
	uint32_t left;
	int error;
	int64_t value;
};

struct scif_window {
	struct scif_list link; /**< in engine->windows */
	struct scif_engine *engine;
	struct scif_endpoint *ep; /**< NULL: it has gone, or is not known yet */
	enum scif_window_state state;
	bool own; /**< of an endpoint here; else of a peer of one */
	bool far;
	bool unwanted; /**< to be unregistered as soon as it is registered */
	bool left;     /**< its endpoint is done with it: it counts for the node that is to answer */
	bool nacked;   /**< the owner waits to hear that nobody has it mapped */
	uint16_t node; /**< the other side's */
	uint32_t prot;
	uint64_t offset, length;
	uint64_t token; /**< this one */
	uint64_t other; /**< the other side's */
	uint64_t other_ep;
	struct scif_address here, there;
	struct scif_run *run;
	uint32_t nb_runs;
	uint32_t maker; /**< number of the client that registered it; 0: of another node */
	struct scif_client *client; /**< who made it, while it is there */
	struct scif_waiter *waiter;
	uint64_t answer_by; /**< scif_answer.c's, while somebody waits */
	struct scif_list mapped;
	uint64_t nb_mapped;        /**< pages, by all clients */
	struct scif_written *written; /**< where the owner's node writes; scif_window_far.c's */
	uint64_t grant;               /**< where the peer's node wants it written */
};

/** Windows of an endpoint by offset: its own, and its peer's. */
struct scif_windows {
	struct scif_window **window[2];
	uint32_t count[2], room[2];
	uint64_t next; /**< offsets are given out downwards */
};

enum { SCIF_SIDE_OWN, SCIF_SIDE_PEER };

/* ---- scif_window_list.c ---- */

/** The endpoint's, made when there are none: NULL without memory. */
struct scif_windows *scif_windows_of(struct scif_endpoint *ep);
/** Where the first window is that ends behind an offset. */
uint32_t scif_window_place(const struct scif_windows *all, unsigned int side, uint64_t offset);
/** The window at an offset, or NULL. */
struct scif_window *scif_window_at(const struct scif_endpoint *ep, unsigned int side,
				   uint64_t offset);
/** Show it in the endpoint's list: 0, -EADDRINUSE, or -ENOMEM. */
int scif_window_insert(struct scif_endpoint *ep, struct scif_window *w);
void scif_window_take_out(struct scif_window *w);
/** Clients look again before they use it. */
void scif_window_changed(const struct scif_window *w);

/* ---- scif_window.c ---- */

/** A new one, in no endpoint's list. */
struct scif_window *scif_window_new(struct scif_engine *engine, bool own, uint64_t length);
/** It goes: memory, references and all. */
void scif_window_free(struct scif_window *w);
/** Registered, and not closed. */
bool scif_window_is_open(const struct scif_window *w);
/** Begin to unregister: who had it registered uses it no more. */
void scif_window_unregister(struct scif_window *w);
/** The other node has answered, and has it mapped: it is its maker's as long as that lasts. */
void scif_window_referenced(struct scif_window *w);
/** Errno of what the window's protection does not allow, negative. */
int scif_window_denied(const struct scif_engine *engine);
/** The outcome of one of the answers that somebody waits for. */
void scif_waiter_done(struct scif_window *w, int error, int64_t value);

/* ---- scif_window_query.c: requests ---- */

int scif_window_query(const struct scif_client *client, const struct scif_endpoint *ep,
		      const struct scif_request *rq, struct scif_reply *reply, int *fds);
int scif_window_map(struct scif_client *client, const struct scif_endpoint *ep,
		    const struct scif_request *rq, struct scif_reply *reply, int *fds);
int scif_window_unmap(struct scif_client *client, const struct scif_request *rq);
/** A client has none of it mapped any more; the window may go. */
void scif_window_unmap_all(struct scif_window *w, const struct scif_client *client);

/* ---- scif_window_run.c: memory behind windows ---- */

/** One more piece of a window that is being registered. */
int scif_run_request(struct scif_client *client, const struct scif_request *rq, int *fd);
/** The pieces of a client's registration, from that slot: 0, and they are the window's. */
int scif_run_collect(struct scif_client *client, uint32_t slot, struct scif_window *w);
/** Nobody will collect them: those of a slot, or all of a client. */
void scif_run_cancel(struct scif_client *client, uint32_t slot);
void scif_run_forget(struct scif_client *client);
void scif_run_free(struct scif_window *w);
/** The piece that has an offset of the window. */
struct scif_run *scif_run_at(struct scif_window *w, uint64_t offset, uint64_t *begin);
/** The memory of a piece here, for what the window allows: NULL when it cannot be had. */
const struct scif_memory *scif_run_memory(const struct scif_window *w, struct scif_run *run);
/** Does its process copy? */
bool scif_run_copies(const struct scif_run *run);
/** Store 8 bytes at an offset of the window, of which they are all. */
int scif_run_store(struct scif_window *w, uint64_t offset, uint64_t value);

/* ---- scif_window_far.c: what another node is told of a window ---- */

/** Memory that the owner's node writes into. */
int scif_far_allocate(struct scif_window *w, uint64_t *address);
void scif_far_free(struct scif_window *w);
/** Write what a window is: 0, -EAGAIN, or another negative errno. */
int scif_far_write(struct scif_window *w);
/** Read what was written here, which may be anything: 0, or -EINVAL. */
int scif_far_read(struct scif_window *w);
/** Have the memory of a piece at hand: 0, -EAGAIN, or another negative errno. */
int scif_far_view(struct scif_window *w, struct scif_run *run);

/* ---- scif_window_message.c ---- */

int scif_window_send(const struct scif_window *w, enum scif_op op, uint64_t p0, uint64_t p1,
		     uint64_t p2);

#endif /* SLIPWAY_SCIF_WINDOW_H */
