/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TEST_SCIF_TEST_H
#define SLIPWAY_TEST_SCIF_TEST_H

/**
 * @file
 * Tests of libscif, one for each statement of the list of conformance and named after its number.
 * A case is a script: it has two sides do things, one at a time or waiting for each other, and
 * judges what comes of it. The sides are threads of one process, two processes of one node, or
 * processes of two nodes; a case does not know which. The script itself never calls libscif, so
 * that whatever a side does, it does not hang.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <scif.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PAGE         4096
#define PATIENCE_MS  15000

/* ---- Cases ---- */

/** Where the two sides of a case are. */
enum setting {
	THREADS,   /**< in one process */
	PROCESSES, /**< in two, on one node */
	NODES,     /**< in two, on two nodes: the connecting side on the second */
	NB_SETTINGS,
};

#define ON(setting) (1u << (setting))
#define EVERYWHERE  (ON(THREADS) | ON(PROCESSES) | ON(NODES))
#define APART       (ON(PROCESSES) | ON(NODES))

struct test_case {
	const char *name;
	void (*run)(void);
	unsigned int where;
	const char *node_args; /**< of nodes that only this case has; NULL for the common ones */
};

/** A statement that holds in every setting, that holds in some, and one with nodes of its own. */
#define CASE(function)                               \
	{                                            \
		#function, function, EVERYWHERE, NULL \
	}
#define CASE_WHERE(function, where)           \
	{                                     \
		#function, function, where, NULL \
	}
#define CASE_NODES(function, where, args)     \
	{                                     \
		#function, function, where, args \
	}

struct test_group {
	const char *name;
	const struct test_case *cases;
	unsigned int count;
};

#define TEST_GROUP(topic, table) \
	const struct test_group topic##_group = {#topic, table, COUNT(table)}

extern const struct test_group open_group, connect_group, stream_group, poll_group;
extern const struct test_group register_group, mmap_group, rma_group, fence_group;
extern const struct test_group node_group, wire_group;

/** Where the sides are in the case under way. */
extern enum setting setting;

/* ---- side.c: two sides, and what they are told to do ---- */

/** The side that accepts, and the one that connects. */
enum { A, C, NB_SIDES };

/** An endpoint, as cases know it: its descriptor and its side. */
#define SIDE_SHIFT 24
#define SIDE(side) ((int64_t)(side) << SIDE_SHIFT)
#define FD(ep)     ((int)((ep) & ((1 << SIDE_SHIFT) - 1)))

typedef int64_t (*action)(const int64_t *args);

struct job;

int sides_start(void);
void sides_end(void);
void side_kill(int side);
void side_start(int side);
int side_pid(int side);

/** Have a side do something; the first argument names it. errno is left in `fault`. */
int64_t job_call(action act, const int64_t args[8]);
struct job *job_begin(action act, const int64_t args[8]);
bool job_runs(const struct job *job);
/** Whether it still runs after so long. */
bool job_runs_after(const struct job *job, unsigned int ms);
int64_t job_end(struct job *job);
void job_interrupt(struct job *job);

#define call(act, ...)  job_call(act, (const int64_t[8]){__VA_ARGS__})
#define begin(act, ...) job_begin(act, (const int64_t[8]){__VA_ARGS__})

extern int fault;

/** Memory that the script and all sides have at one address. */
extern uint8_t *share;
#define SHARE_LEN (64u << 20)
#define AT(offset) ((int64_t)(uintptr_t)(share + (offset)))

#define assert_fails(what, error)             \
	do {                                  \
		assert_int_equal(what, -1);   \
		assert_int_equal(fault, error); \
	} while (0)
#define assert_fails_either(what, one, other)               \
	do {                                                \
		assert_int_equal(what, -1);                 \
		if (fault != (one))                         \
			assert_int_equal(fault, other);     \
	} while (0)

void pause_ms(unsigned int ms);
uint64_t now_ns(void);
/** Until a word of shared memory is that, or the time is `end`: false. */
bool word_becomes(const volatile int64_t *word, int64_t value, uint64_t end);

/* ---- act.c: what sides can do; arguments as of the call of that name ---- */

int64_t do_open(const int64_t *args);
int64_t do_close(const int64_t *args);
int64_t do_bind(const int64_t *args);
int64_t do_listen(const int64_t *args);
int64_t do_connect(const int64_t *args);    /**< ep, node, port */
int64_t do_connect_to(const int64_t *args); /**< ep, address of a struct scif_portID */
int64_t do_accept(const int64_t *args);     /**< ep, flags, where the peer goes in `share` */
int64_t do_accept_to(const int64_t *args);  /**< ep, address, address, flags */
int64_t do_nonblock(const int64_t *args);
int64_t do_send(const int64_t *args);
int64_t do_recv(const int64_t *args);
int64_t do_recv_kept(const int64_t *args); /**< errno is 77 before */
int64_t do_poll(const int64_t *args);      /**< ep, events, timeout: revents */
int64_t do_poll_set(const int64_t *args);  /**< side, records, count, timeout */
int64_t do_get_fd(const int64_t *args);
int64_t do_fcntl(const int64_t *args);
int64_t do_poll_fd(const int64_t *args);   /**< the same as do_poll, by poll(2) of get_fd's */
int64_t do_register(const int64_t *args);
int64_t do_unregister(const int64_t *args);
int64_t do_mmap(const int64_t *args); /**< ep, addr, len, prot, flags, offset */
int64_t do_munmap(const int64_t *args);
int64_t do_readfrom(const int64_t *args);
int64_t do_writeto(const int64_t *args);
int64_t do_vreadfrom(const int64_t *args);
int64_t do_vwriteto(const int64_t *args);
int64_t do_mark(const int64_t *args); /**< ep, flags: the mark, bit 63 clear */
int64_t do_wait(const int64_t *args);
int64_t do_signal(const int64_t *args);
int64_t do_node_ids(const int64_t *args); /**< side, ids, len, self */
int64_t do_setuid(const int64_t *args);
int64_t do_setenv(const int64_t *args); /**< side, name, value */
int64_t do_exit(const int64_t *args);

int64_t do_alloc(const int64_t *args);   /**< side, len: zeroed private memory */
int64_t do_map(const int64_t *args);     /**< side, addr, len: the same, there */
int64_t do_unmap(const int64_t *args);   /**< side, addr, len */
int64_t do_protect(const int64_t *args); /**< side, addr, len, prot */
int64_t do_fill(const int64_t *args);    /**< side, addr, len, seed */
int64_t do_check(const int64_t *args);   /**< side, addr, len, seed: 0, or 1 + what differs */
int64_t do_peek(const int64_t *args);    /**< side, addr: the 8 bytes there */
int64_t do_poke(const int64_t *args);    /**< side, addr, value */
int64_t do_await(const int64_t *args);   /**< side, addr, value, ms: 0 once it is there */
int64_t do_touch(const int64_t *args);   /**< side, addr, write: 1 if that faults */

void pattern(uint8_t *p, size_t len, uint64_t seed);
/** How many bytes of it are as pattern() makes them. */
size_t pattern_length(const uint8_t *p, size_t len, uint64_t seed);

/* ---- pair.c: what most cases begin with ---- */

int64_t open_on(int side);
int64_t listener_on(int side, int backlog, uint16_t *port);
unsigned int node_of(int side);

/** A connection. */
struct pair {
	int64_t listener;
	int64_t a, c;
	uint16_t port;   /**< of the listener */
	uint16_t c_port; /**< of the connecting endpoint */
};

struct pair connected(void);
struct pair connected_to(int64_t listener, uint16_t port);
/** An accepted endpoint has its listener's port: who else binds it is refused until both are gone. */
void expect_port_shared(void);
void send_bytes(int64_t ep, const void *bytes, size_t len);

/** A window with memory of its own. */
struct window {
	int64_t ep;
	int64_t addr;
	int64_t off;
	size_t len;
};

struct window window(int64_t ep, size_t len, int prot);
struct window window_at(int64_t ep, size_t len, int prot, int64_t offset);
/** Transfers of that side, which has none yet, end a while after their call, in any order. */
void slow_transfers(int side);
#define RW (SCIF_PROT_READ | SCIF_PROT_WRITE)

/* ---- node.c: nodes of the test's own ---- */

int nodes_begin(const char *directory_of_slipway);
void nodes_end(void);
/** Start a node; `args` may be NULL. 0 once it serves. */
/** Arguments of all nodes. */
extern const char *node_common_args;
int node_start(unsigned int node, const char *args);
void node_signal(unsigned int node, int sig);
void node_own(const char *args);
void node_common(void);
/** A counter of `slipway scif stat`, or a count of endpoints or windows. */
int64_t node_stat(unsigned int node, const char *name);
/** The highest id that it has seen. */
int64_t node_highest(unsigned int node);
/** Have it run out of descriptors, and so of memory to share; or no longer. */
void node_starve(unsigned int node, bool starve);
int64_t node_logged(unsigned int node, const char *words);
bool node_empty(unsigned int node);
/** How many records of any kind it holds, and which; -1 when it does not answer. */
int64_t node_holds(unsigned int node, char *text, size_t room);
/** Where nodes have their sockets. */
const char *node_directory(void);
/** How many endpoints and windows of it are of a process; -1 when it does not answer. */
int64_t node_held_by(unsigned int node, pid_t pid);
pid_t node_pid(unsigned int node);

#endif /* SLIPWAY_TEST_SCIF_TEST_H */
