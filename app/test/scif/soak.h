/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TEST_SCIF_SOAK_H
#define SLIPWAY_TEST_SCIF_SOAK_H

/**
 * @file
 * Random programs on two nodes, some of which are killed, against what they should have seen.
 *
 *   soak.c           the program: its options, and its rounds
 *   soak_keeper.c    who is there: nodes and workers are started, killed, looked after, ended
 *   soak_say.c       what they have done
 *   soak_board.c     memory of all of them: what each is at, what it sent, who died; the judge
 *   soak_worker.c    a worker: threads that accept, threads that connect, a rest now and then
 *   soak_session.c   a connection: who connected decides what is done next
 *   soak_stream.c    its bytes
 *   soak_memory.c    its windows and mappings
 *   soak_transfer.c  transfers between them
 *   soak_window.c    what the two have in common
 *   soak_fork.c      children that have it, too
 *   soak_cycle.c     everything once, many times, by a process that is alone
 *   soak_ports.c     ports that nobody has any more
 *   soak_left.c      what a process has, and which files there are
 *   soak_check.c     what nodes have that nobody uses
 */

#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <scif.h>

#define SOAK_NODES   2
#define SOAK_WORKERS 16
#define SOAK_TASKS   9 /**< threads of a worker */
#define SOAK_CONNECTORS 3 /**< of those */
#define SOAK_GONE_MS 10000u /**< until nothing is left of who died */
#define SOAK_CONNS   (1u << 20)
#define SOAK_ERRNOS  134
#define SOAK_PAGE    4096u

/** What a worker can be at. */
#define SOAK_OPS(op)                                                                               \
	op(OPEN, "open")                                                                           \
	op(BIND, "bind")                                                                           \
	op(LISTEN, "listen")                                                                       \
	op(CONNECT, "connect")                                                                     \
	op(ACCEPT, "accept")                                                                       \
	op(SEND, "send")                                                                           \
	op(RECV, "recv")                                                                           \
	op(POLL, "poll")                                                                           \
	op(REGISTER, "register")                                                                   \
	op(UNREGISTER, "unregister")                                                               \
	op(MMAP, "mmap")                                                                           \
	op(MUNMAP, "munmap")                                                                       \
	op(READFROM, "readfrom")                                                                   \
	op(WRITETO, "writeto")                                                                     \
	op(VREADFROM, "vreadfrom")                                                                 \
	op(VWRITETO, "vwriteto")                                                                   \
	op(MARK, "fence_mark")                                                                     \
	op(WAIT, "fence_wait")                                                                     \
	op(SIGNAL, "fence_signal")                                                                 \
	op(SEEN, "signal seen")                                                                    \
	op(NODE_IDS, "get_nodeIDs")                                                                \
	op(FORK, "fork")                                                                           \
	op(REST, "rest")                                                                           \
	op(CYCLE, "all by itself")                                                                 \
	op(CLOSE, "close")

#define SOAK_OP_ENUM(name, text) SOAK_##name,
enum soak_op { SOAK_OPS(SOAK_OP_ENUM) SOAK_NB_OPS, SOAK_IDLE = SOAK_NB_OPS };

/* ---- soak_board.c ---- */

/** A thread of a worker. Only that thread writes here, and those that have its place later. */
struct soak_task {
	_Atomic uint32_t op;    /**< what it is at */
	_Atomic uint64_t since; /**< since when, in ns */
	_Atomic uint64_t done[SOAK_NB_OPS];
	_Atomic uint32_t failed[SOAK_NB_OPS][SOAK_ERRNOS];
	_Atomic uint64_t bytes; /**< received, or transferred, and compared */
};

/** One side's part of a connection. */
struct soak_end {
	_Atomic uint32_t worker;     /**< 1 + its number; 0: not known yet */
	_Atomic uint32_t generation; /**< of the worker */
	_Atomic uint32_t joined;     /**< it has the connection */
	_Atomic uint32_t leaving;    /**< it closes its endpoint, or has */
	_Atomic uint64_t begun;      /**< bytes that it may have sent */
	_Atomic uint64_t sent;       /**< bytes of which scif_send has said so */
	_Atomic uint64_t received;
};

/** A connection. The connecting side is end 0. */
struct soak_conn {
	_Atomic uint64_t key; /**< which bytes it carries */
	uint16_t node[2];
	struct soak_end end[2];
};

/** A worker: one process after the other. */
struct soak_worker {
	_Atomic uint32_t pid;
	_Atomic uint32_t generation;
	_Atomic uint32_t killed; /**< the generation that was killed last: said before it is */
	_Atomic uint32_t node;
	_Atomic uint32_t port; /**< where it listens; 0: nowhere */
	struct soak_task task[SOAK_TASKS];
};

/** Memory of all processes. */
struct soak_board {
	uint64_t seed;
	uint64_t deadline_ns; /**< what anything may take */
	unsigned int workers;
	_Atomic uint32_t ending; /**< no new connections */
	_Atomic uint32_t counting; /**< the last round: many short ones, and nobody is killed */
	_Atomic uint32_t kills;  /**< of workers */
	uint32_t node_kills;
	/** Of engines: odd from before one is killed until one serves again and knows the other. */
	_Atomic uint32_t turns[SOAK_NODES];
	_Atomic uint32_t conns;
	_Atomic uint32_t by_port[SOAK_NODES][65536]; /**< the connection of who connects from there */
	_Atomic uint8_t port_used[SOAK_NODES][65536];
	_Atomic uint32_t failed; /**< 1: somebody writes what follows, 2: it is written */
	char failure[1024];
	struct soak_worker worker[SOAK_WORKERS];
	struct soak_conn conn[SOAK_CONNS];
};

extern struct soak_board *soak;
extern const char *const soak_op_name[SOAK_NB_OPS];

/** Who this thread is. */
struct soak_self {
	unsigned int worker, task;
	uint32_t generation;
	uint16_t node;
	uint64_t random;
	const struct soak_conn *conn; /**< NULL: none */
};
extern __thread struct soak_self soak_self;

int soak_board_make(void);
void soak_task_take(unsigned int worker, unsigned int task);
struct soak_task *soak_task(void);

/** A random number below n. */
uint64_t soak_pick(uint64_t n);
/** True once in n times. */
bool soak_chance(unsigned int n);
uint64_t soak_mix(uint64_t x);

/** Around whatever has to end: counted, and looked at by the main process. */
void soak_begin(enum soak_op op);
long soak_done(enum soak_op op, long ret);
#define SOAK(op, call) (soak_begin(SOAK_##op), soak_done(SOAK_##op, (long)(call)))
void soak_bytes(uint64_t n);

/** The end of everything: who, at what, and what was expected instead. The process is gone. */
_Noreturn void soak_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** The same, of the main process: only the words. */
void soak_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

const char *soak_errno_name(int error);

/* ---- soak_keeper.c: of the main process ---- */

int soak_node_start(unsigned int node);
void soak_worker_start(unsigned int at);
/** A worker; or one time in so many, a node. */
void soak_kill_somebody(unsigned int node_every);
/** Who has ended, and who does not return? */
void soak_look(void);
bool soak_workers_left(void);
void soak_end_all(void);

/* ---- soak_say.c ---- */

void soak_say_progress(uint64_t began);
void soak_say_summary(void);

/* ---- soak_session.c ---- */

/** Who had died when something began. */
struct soak_since {
	uint32_t turns[SOAK_NODES];
	uint32_t kills;
};

struct soak_since soak_since(void);
/** Whether the engine of a node may not have been there all the time. */
bool soak_node_died(uint16_t node, const struct soak_since *since);

struct soak_window;

#define SOAK_WINDOWS 6
#define SOAK_MAPS    4
#define SOAK_BUFFER  65536u

struct soak_map {
	uint8_t *at; /**< NULL: none */
	size_t len;
	uint64_t offset;            /**< of the page in its window */
	struct soak_window *window; /**< of the peer */
};

/** One side of a connection, in a thread. */
struct soak_session {
	jmp_buf over;
	scif_epd_t epd;
	bool open;
	struct soak_conn *conn;
	unsigned int end; /**< 0: connected, 1: accepted */
	bool far;
	struct soak_since since;
	uint32_t serial;
	struct soak_window *own[SOAK_WINDOWS];    /**< this side's; NULL: none */
	struct soak_window *theirs[SOAK_WINDOWS]; /**< as the connecting side knows them */
	struct soak_window *dropped; /**< that may be mapped still */
	struct soak_map map[SOAK_MAPS];
	uint8_t *pending; /**< source of a transfer that is not fenced yet */
	uint8_t buffer[SOAK_BUFFER], other[SOAK_BUFFER];
};

/** What a side asks of the other; `a` is as the command says. */
enum soak_command {
	SOAK_STREAM_TO = 1, /**< length */
	SOAK_STREAM_FROM,   /**< length */
	SOAK_DUPLEX,        /**< length to, length from */
	SOAK_MAKE,          /**< window, pages, prot, kind, offset or -1, seed */
	SOAK_DROP,          /**< window */
	SOAK_SHOW,          /**< window, offset, length */
	SOAK_AWAIT,         /**< window, offset, value */
	SOAK_TRANSFER,      /**< call, window, offset, remote offset, length, flags; seed */
	SOAK_NOISE,         /**< bytes of noise */
	SOAK_BYE,           /**< length; then the sender closes */
	SOAK_BYE_YOURS,     /**< length; then the receiver closes */
	SOAK_REPLY,         /**< return value, errno */
};

#define SOAK_ARGS 7

struct soak_frame {
	uint32_t magic, type, serial, sum;
	int64_t a[SOAK_ARGS];
};

void soak_connecting(scif_epd_t epd, struct soak_conn *conn, const struct soak_since *since);
void soak_accepted(scif_epd_t epd, const struct scif_portID *peer, const struct soak_since *since);
/** A connection is about to be: its place on the board. */
struct soak_conn *soak_conn_new(uint16_t node);
/** It is known by the port that it comes from. */
void soak_conn_port(const struct soak_conn *conn, uint16_t port);

/** Whether the other side, or an engine, is gone, so that calls may fail. */
bool soak_gone(const struct soak_session *s);
bool soak_engine_died(const struct soak_session *s);
/** What a call returned: leaves the session when it failed as it may once the other side is gone.
 */
void soak_judge(struct soak_session *s, enum soak_op op, long ret);
/** It has to fail with that errno. */
void soak_expect(struct soak_session *s, enum soak_op op, long ret, int error);
#define SOAK_OK(s, op, call)            soak_judge(s, SOAK_##op, SOAK(op, call))
#define SOAK_REFUSED(s, op, call, error) soak_expect(s, SOAK_##op, SOAK(op, call), error)
_Noreturn void soak_over(struct soak_session *s);
void soak_close(struct soak_session *s);

void soak_command(struct soak_session *s, enum soak_command type, const int64_t a[SOAK_ARGS]);
#define soak_tell(s, type, ...) soak_command(s, type, (const int64_t[SOAK_ARGS]){__VA_ARGS__})
/** The answer to it: what was returned, and errno in `error`. */
int64_t soak_answer(struct soak_session *s, int *error);
void soak_reply(struct soak_session *s, int64_t value, int error);

/* ---- soak_stream.c ---- */

/** Send bytes; NULL: bytes that the other side expects. */
void soak_send(struct soak_session *s, const void *bytes, size_t len);
void soak_recv(struct soak_session *s, void *bytes, size_t len);
void soak_duplex(struct soak_session *s, size_t out, size_t in);
/** All that is left, to the end: the other side has closed, and all it sent has to come. */
_Noreturn void soak_drain(struct soak_session *s);
/** Bytes of a key from a position on, added to what is there. */
void soak_cover(uint8_t *p, size_t n, uint64_t key, uint64_t position);
uint64_t soak_key(const struct soak_session *s, unsigned int end);

/* ---- soak_memory.c ---- */

void soak_memory_step(struct soak_session *s);
/** What the other side is told to do with its memory: false when that is no such command. */
bool soak_memory_serve(struct soak_session *s, const struct soak_frame *f);
void soak_memory_end(struct soak_session *s);

/* ---- soak_fork.c ---- */

/** A child sends, or receives. */
void soak_fork_send(struct soak_session *s, size_t len);
void soak_fork_recv(struct soak_session *s, size_t len);
/** A child is killed while it sends; noise follows. */
void soak_fork_kill(struct soak_session *s);
void soak_noise_recv(struct soak_session *s, size_t noise);

/* ---- soak_worker.c ---- */

_Noreturn void soak_worker_run(unsigned int worker);

/* ---- soak_ports.c ---- */

/** A port of this thread's own. */
long soak_port_bind(scif_epd_t epd);
/** This one was bound, and is looked at in the end. */
void soak_port_used(uint32_t port);
/** Nobody of this process has anything open: its own ports are free. */
void soak_ports_own(void);
/** Nobody has anything open on a node: all ports are free. Of the main process. */
void soak_ports_all(unsigned int node);

/* ---- soak_left.c ---- */

/** What a process has open and mapped. */
struct soak_left {
	int fds;
	int shared; /**< mappings of shared memory, outside of the heap */
	int threads;
	long pages; /**< of memory that is mapped, of any kind */
	long kilobytes;
};

int soak_left_of(pid_t pid, struct soak_left *left);
/** More of anything, but for kilobytes. */
bool soak_left_is_more(const struct soak_left *left, const struct soak_left *first);
/** Both, and what it has open, for a message. */
void soak_left_say(pid_t pid, const struct soak_left *left, const struct soak_left *first,
		   char *text, size_t room);
/** This process, which fails when it has more, but for what goes soon. */
void soak_left_check(const struct soak_left *first);
/** Bytes that this process has allocated. */
long soak_heap(void);

#define SOAK_NAMES 64

/** Names of files. */
struct soak_names {
	unsigned int count;
	char name[SOAK_NAMES][64];
};

/** Files where nodes have theirs, and of shared memory. */
void soak_files_list(const char *nodes, struct soak_names *names);
/** One that was not there at first; NULL: none. */
const char *soak_files_left(const char *nodes, const struct soak_names *first);

/* ---- soak_cycle.c ---- */

/** Nobody else in this process does anything, and no node is killed: nothing is left. */
void soak_cycles(const struct soak_left *first);

/* ---- soak_check.c: of the main process ---- */

/** Nodes are as they will have to be in the end. */
void soak_check_begin(void);
void soak_check_gone(unsigned int node, pid_t pid);
/** Nobody uses any node. Returns whether there is more in a heap than there was the last time. */
bool soak_check_nodes(void);

#endif /* SLIPWAY_TEST_SCIF_SOAK_H */
