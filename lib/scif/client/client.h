/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_CLIENT_H
#define SLIPWAY_SCIF_CLIENT_H

/**
 * @file
 * A client of a node's engine. libscif.so is one client for the whole process; a program that hosts
 * an engine can have clients of its own, which call it instead of sending requests.
 *
 *   scif_send, scif_recv   client_stream.c: own half, peer's half, bells; no request
 *   the rest               client_call
 *
 * Functions return 0 or more, or a negative errno. Endpoints are never freed, as a thread may come
 * late: whoever uses one enters it first, and finds out whether it is still the one it wanted.
 */

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "client_lock.h"
#include "scif.h"
#include "scif_board.h"
#include "scif_half.h"
#include "scif_request.h"

/** How a client reaches its engine. */
struct client_link {
	/** Ask; requests of several threads come one at a time. Descriptors that come, as many as
	 * reply->fds, are the caller's. 0, or -ENODEV when the engine is gone.
	 */
	int (*call)(struct client_link *link, const struct scif_request *rq, int fd,
		    struct scif_reply *reply, int fds[SCIF_REQUEST_FDS]);
	/** Tell, and wait for nothing. */
	void (*tell)(struct client_link *link);
	/** Is the engine still there? */
	bool (*alive)(struct client_link *link);
};

/** Memory that is mapped here. */
struct client_memory {
	uint64_t number;
	void *base;
	size_t size;
	uint32_t users; /**< endpoints with a half in it, each half one */
};

struct client {
	struct client_link *link;
	struct scif_board *board;
	uint16_t node;
	uint32_t ring_size;
	bool driver_errno; /**< where documents and drivers differ */
	uint32_t spin_us; /**< before a thread that waits goes to sleep */
	uint32_t piece;   /**< bytes that are shown, or given back, at once, at most */
	bool claims;      /**< lines that were read are made this CPU's: scif_consumer_claim */
	_Atomic bool dead; /**< the engine is gone */
	struct client *before; /**< one whose engine has gone: it stays for its endpoints */
	/** Endpoints and mappings of it, and calls that may make some. */
	_Atomic uint32_t users;

	struct client_lock lock; /**< of what follows */
	uint64_t index[SCIF_BOARD_ENDPOINTS / 64]; /**< in use: a bit each */
	uint32_t next_index;
	uint64_t slot[SCIF_BOARD_SLOTS / 64];
	uint32_t ticket;
	struct client_memory *memory;
	uint32_t memories;
};

/** An endpoint as this process has it. */
struct client_endpoint {
	/* Hot: one side each. */
	_Alignas(64) struct client_lock tx_lock;
	_Atomic bool tx_waits; /**< who has the lock waits, for as long as it takes */
	struct scif_producer tx;
	_Alignas(64) struct client_lock rx_lock;
	_Atomic bool rx_waits;
	struct scif_consumer rx;
	_Alignas(64) struct client *client;
	struct scif_ctl *ctl;
	struct scif_half *_Atomic mine; /**< NULL: not attached; there after all else is */
	struct scif_half *peer;
	uint64_t memory[2];   /**< in which they are */
	_Atomic int name;     /**< the descriptor; -1: free */
	_Atomic bool closing; /**< who is inside leaves */
	bool far;             /**< the peer is on another node */
	_Atomic bool forked;  /**< another process may hold it */
	bool gated;           /**< its descriptor shows events */
	uint32_t tx_looks;    /**< of who sends and finds no room */
	uint32_t rx_looks;    /**< of who reads and finds nothing */
	/* Cold. */
	_Atomic uint32_t users; /**< threads inside, other than those of the sides */
	uint32_t index;
	struct client_lock state_lock;  /**< client_window.c, client_gate.c */
	struct client_windows *windows; /**< client_window.c's; NULL until there is one */
	struct client_endpoint *next;   /**< of all, or of the free ones */
};

/** As calls of scif.h return: -1, and errno is set, for a negative errno. */
static inline int
client_result(int ret)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

/* ---- Cancellation ---- */

static inline int
client_uncancelled_begin(void)
{
	int was;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &was);
	return was;
}

/* As open and close do, which these calls are in Intel's library. */
static inline int
client_uncancelled_begin_at_point(void)
{
	pthread_testcancel();
	return client_uncancelled_begin();
}

static inline void
client_uncancelled_end(const int *was)
{
	pthread_setcancelstate(*was, NULL);
}

/** For the rest of a block this thread is not cancelled: it may hold a lock, or be counted among
 * those who are inside. It takes about 50 ns; so streams, transfers and fences, which mostly make no
 * system call, have it around those that they do make.
 */
#define CLIENT_UNCANCELLED                                                                         \
	__attribute__((cleanup(client_uncancelled_end), unused)) const int client_was =            \
		client_uncancelled_begin()
/** The same, of a call that is a point of cancellation where it begins. */
#define CLIENT_UNCANCELLED_AT_POINT                                                                \
	__attribute__((cleanup(client_uncancelled_end), unused)) const int client_was =            \
		client_uncancelled_begin_at_point()

/* ---- client.c ---- */

/** Begin, once the link is there: say hello, map the board. */
int client_begin(struct client *c, struct client_link *link);
/** The engine is gone? Asks it. */
bool client_is_dead(struct client *c);
/** Ask: 0, or the error of the reply, negative. Descriptors of a failure are closed. */
int client_ask(struct client *c, struct scif_request *rq, int fd, struct scif_reply *reply,
	       int fds[SCIF_REQUEST_FDS]);
/** Ask about an endpoint; no descriptors are expected. */
int client_call(struct client_endpoint *ep, struct scif_request *rq, struct scif_reply *reply);
/** Ask what may take time: waits for the outcome. */
int client_call_wait(struct client_endpoint *ep, struct scif_request *rq, int64_t *value);
/** The same, where several requests share a slot. */
void client_slot_take(struct client *c, struct scif_request *rq);
int client_slot_ask(struct client *c, struct scif_request *rq, int fd, int64_t *value);
int client_slot_call(struct client_endpoint *ep, struct scif_request *rq, int fd, int64_t *value);
void client_slot_free(struct client *c, uint32_t slot);
/** The engine is to look at the endpoint. */
void client_tell(struct client_endpoint *ep);
/** Memory, mapped once: takes the descriptor, or finds it by its number when that is -1. NULL: it
 * is not there, or cannot be mapped.
 */
void *client_memory(struct client *c, uint64_t number, int fd);
/** One user fewer; without any it is unmapped. */
void client_memory_put(struct client *c, uint64_t number);
/** Enter an endpoint, if it is still called by that name: 0, or -EBADF. */
int client_enter(struct client_endpoint *ep, int name);
void client_leave(struct client_endpoint *ep);

/* ---- client_endpoint.c ---- */

/** Open: the endpoint is a user of the client, and takes the caller's place as such. */
int client_open(struct client *c, int name, struct client_endpoint **made);
int client_close(struct client_endpoint *ep, int name);
int client_bind(struct client_endpoint *ep, uint16_t port);
int client_listen(struct client_endpoint *ep, int backlog);
int client_connect(struct client_endpoint *ep, const struct scif_portID *dst, bool asynchronous);
/** Find the memory of a connection, if there is one: 0, or -ENOTCONN, or why it cannot be had. */
int client_attach(struct client_endpoint *ep);
/** Accept, as an endpoint of that name. */
int client_accept(struct client_endpoint *ep, struct scif_portID *peer, int name, int flags,
		  struct client_endpoint **made);
/** Around a fork: another process is about to have all of them; in the child, locks are open. */
void client_fork_prepare(void);
void client_fork_parent(void);
void client_fork_child(void);
/** In the child, once it is a client: endpoints that were being closed are closed. */
void client_fork_release(struct client *c);

/* ---- client_window.c ---- */

/** The endpoint is being closed, and nobody is inside. */
void client_closed(struct client_endpoint *ep);

/* ---- client_socket.c ---- */

/** The client of this process: made when there is none, or its engine has gone. It has a user more,
 * until client_put.
 */
int client_socket_get(struct client **c);
/** A user of a client fewer: without any it is freed, once its engine has gone and another is
 * found.
 */
void client_put(struct client *c);
/** Be the client of an engine at the other end of a socket, which is taken: 0, or -EBUSY when there
 * is one already.
 */
int client_socket_use(int fd);
/** That client is no longer wanted; its engine sees that it is gone. */
void client_socket_drop(void);

/* ---- scif_api.c ---- */

/** Enter the endpoint of a descriptor: NULL, and errno is set, when it is none. */
struct client_endpoint *client_endpoint_enter(int epd);

/* ---- client_wait.c ---- */

/** State as the engine shows it. */
static inline uint32_t
client_state(const struct client_endpoint *ep)
{
	return atomic_load_explicit(&ep->ctl->state, memory_order_acquire);
}

/** The errno of section 3.3 for what needs a connection, negative; or 0. */
int client_verify(const struct client_endpoint *ep);

/** A look at what is waited for: has it come? */
typedef bool client_ready(struct client_endpoint *ep);

/** The bell that rings for what an endpoint may wait for, and the count of who sleeps on it. */
_Atomic uint32_t *client_bell(struct client_endpoint *ep, _Atomic uint32_t **sleepers);

/** Between two looks. Who looks without it has the line more often, and its writer less. */
static inline void
client_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/** Has a process ended? */
bool client_has_ended(int32_t pid);

/** CLOCK_MONOTONIC. */
uint64_t client_now_ns(void);

/** Wait: 0, -EINTR, or -ENODEV when the engine is gone. Ends when the endpoint is being closed.
 *
 * @param whole nothing has been done that the program would have to know of: after a handler with
 * SA_RESTART it goes on, as a system call would be begun again
 */
int client_wait(struct client_endpoint *ep, client_ready *ready, bool whole);

/* ---- client_sleep.c ---- */

/** A word that is slept on, as the kernel has it. */
struct client_word {
	uint64_t was;
	uint64_t address;
	uint32_t flags;
	uint32_t reserved;
};

/** Between looks at whether the engine is still there, and at signals that were held back. */
#define CLIENT_SLICE_MS 20

/** Sleep while all words, 128 at most, are as they were: 0, or -ENOSYS where the kernel has no such
 * call.
 */
int client_sleep_any(struct client_word words[], unsigned int n, long ms);
/** Hold signals back from this thread: what was held back before. */
void client_hold_signals(sigset_t *mask);
void client_release_signals(const sigset_t *mask);
/** Let those in that have come: 0, or -EINTR when the wait ends with one of them. */
int client_let_in(const sigset_t *mask, bool whole);

/* ---- client_stream.c ---- */

int client_send(struct client_endpoint *ep, int name, const void *bytes, int len, bool block);
int client_recv(struct client_endpoint *ep, int name, void *bytes, int len, bool block);
/** Another process is about to hold the endpoint, too. */
void client_stream_share(struct client_endpoint *ep);
/** The endpoint is being closed, and nobody is inside: who shares it has both sides. */
void client_stream_closed(struct client_endpoint *ep);
/** In a child: nobody of it is at a side. */
void client_stream_forget(void);

/* ---- client_gate.c ---- */

/** Have the endpoint's descriptor show its events. */
int client_gate(struct client_endpoint *ep);
/** Everything is read: the descriptor shows no IN. */
void client_gate_read(struct client_endpoint *ep);

/* ---- client_poll.c ---- */

/** What scif_poll is asked about an endpoint, and answers. */
struct client_poll {
	struct client_endpoint *ep; /**< entered; NULL: nothing to look at */
	short events, revents;
	/** Who polls is counted there, while it sleeps: an endpoint that is connected meanwhile has
	 * another.
	 */
	_Atomic uint32_t *sleepers;
	int fd; /**< without one: a descriptor of the program's; -1: none */
};

/** Wait for events: how many have some, 0 when the time is over, or a negative errno.
 *
 * @param all on the heap: a thread that is cancelled here leaves the endpoints, and frees it
 * @param cancel the program's state of cancellation; nobody is cancelled but where it sleeps
 */
int client_poll(struct client_poll all[], unsigned int count, long timeout_ms, int cancel);
/** The same, with descriptors of the program's among them. */
int client_poll_mixed(struct client_poll all[], unsigned int count, long timeout_ms, int cancel);

#endif /* SLIPWAY_SCIF_CLIENT_H */
