/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SERVE_DSA_H
#define SLIPWAY_SERVE_DSA_H

/**
 * @file
 * A served DSA. As a whole it has one client at a time, who owns it. By its work queues it has
 * many, and the server owns it:
 *
 *     client --> serve_dsa_client.dev --+                          one limited portal page each
 *     client --> serve_dsa_client.dev --+--> gate.dev --> model
 *     memory <-- vfu_server_host  <-----+--  router   <-- gate.host <-- model
 *                                            by PASID
 *
 * The first thread sees to messages; it holds `lock` but while the device is called or there is
 * nothing to do. Threads that only step the device take the lock to ask for memory of a client, or
 * to interrupt one. Without them it is not needed, and not taken.
 */

#include <pthread.h>

#include "serve.h"
#include "serve_dsa_gate.h"
#include "serve_dsa_regs.h"

/** Clients of work queues: their mappings of memory, of which a process has 65530, are shared out.
 */
#define SERVE_DSA_CLIENTS 64u
/** PASIDs: of client n of a shared work queue this and n more; of whoever has dedicated one q, */
#define SERVE_DSA_PASID           1u
#define SERVE_DSA_PASID_DEDICATED 0x1000u /**< this and q more. */

/** A client of a work queue, and what it sees. */
struct serve_dsa_client {
	struct bus_device dev; /**< first */
	struct serve_dsa *dsa;
	struct serve_socket *socket;
	unsigned int wq;
	uint32_t pasid;
	bool used;
	bool gone;       /**< to be tidied up */
	bool told;       /**< that its memory is in no file */
	uint64_t refused; /**< accesses to what is not its own */
	uint64_t accepted, retried;
};

/** Threads that step the device. */
struct serve_dsa_threads {
	unsigned int count;
	pthread_t thread[16];
	pthread_mutex_t sleep;
	pthread_cond_t wake;
	_Atomic uint32_t calls; /**< to work, so far */
	_Atomic bool end;
	pthread_rwlock_t world; /**< read while stepping, written while things are exchanged */
};

struct serve_dsa {
	struct serve *serve;
	struct serve_dsa_gate gate;
	struct serve_dsa_regs regs;
	struct bus_host router; /**< what the gate asks */
	struct bus_host *whole; /**< of the client of the whole device, or NULL */
	struct bus_device whole_dev;
	struct serve_dsa_client client[SERVE_DSA_CLIENTS];
	unsigned int listener_wq[SERVE_LISTENERS];
	unsigned int engines;
	bool halted; /**< and its work queues are nobody's any more */
	pthread_mutex_t lock;
	struct serve_dsa_threads threads;
};

/* ---- serve_dsa_owner.c ---- */

/** Set the device up as the plan says: 0, or a negative errno, reported. */
int serve_dsa_own(struct serve_dsa *dsa, struct dsa_plan *plan);
/** Is the device enabled? It has halted if not, once it is set up. */
bool serve_dsa_enabled(const struct serve_dsa *dsa);
/** A client of a work queue goes: what it has in it is not done. */
void serve_dsa_abandon(struct serve_dsa *dsa, const struct serve_dsa_client *client);

/* ---- serve_dsa_client.c ---- */

/** Sockets of the work queues of the plan: 0, or a negative errno, reported. */
int serve_dsa_listen(struct serve_dsa *dsa, const struct dsa_plan *plan);
void serve_dsa_accept(struct serve *s, unsigned int listener);
void serve_dsa_tidy(struct serve *s);
/** The device has halted. Clients of its work queues cannot see that: they are let go. */
void serve_dsa_let_go(struct serve *s);
/** Host operations of struct serve_dsa.router. */
extern const struct bus_host_ops serve_dsa_router_ops;

/* ---- serve_dsa_threads.c ---- */

/** Start those threads: 0, or a negative errno, reported. */
int serve_dsa_threads_start(struct serve_dsa *dsa, unsigned int count);
void serve_dsa_threads_stop(struct serve_dsa *dsa);
/** There may be something to do. */
void serve_dsa_threads_wake(struct serve_dsa *dsa);
/** Nobody steps the device until resumed. */
void serve_dsa_threads_pause(struct serve_dsa *dsa);
void serve_dsa_threads_resume(struct serve_dsa *dsa);

/** Before the device is called by the first thread, and after. */
void serve_dsa_unlock(struct serve_dsa *dsa);
void serve_dsa_lock(struct serve_dsa *dsa);

/* ---- serve_dsa_stats.c ---- */

void serve_dsa_stats(struct serve *s, struct ctl_text *t);
void serve_dsa_print(struct serve *s);

#endif /* SLIPWAY_SERVE_DSA_H */
