/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SCIF_PERF_H
#define SCIF_PERF_H

/**
 * @file
 * SCIF beside what else two processes of one machine have: sockets that are polled, copies into
 * shared memory, process_vm_readv. Two processes on two CPUs do the same thing each way, in turns;
 * every figure is a median.
 *
 *   slipway-scif-perf -- job --> A of a pair  === the way that is timed ===  B of the pair
 *                     <- time --
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <scif.h>

#include "options.h"
#include "stat.h"

#define PERF_MAX_REPEATS 99
#define PERF_MAX_CELLS   256
#define PERF_MAX_SIZE    (64u << 20)
#define PERF_PORT        2048
#define PERF_LINE        128 /**< bytes apart: CPUs fetch lines by two */
#define PERF_REASON_SIZE 96

/** What is timed. */
enum perf_part {
	PERF_TRIPS,       /**< a message there and back */
	PERF_STREAMS,     /**< messages one way */
	PERF_RMA,         /**< copies */
	PERF_CONNECTIONS, /**< connect, accept, close */
	PERF_ENDPOINTS,   /**< many at once */
	PERF_NB_PARTS,
};

/** The way it goes. */
enum perf_way {
	PERF_RAW,    /**< stores and loads of shared memory; of streams, through a ring in it */
	PERF_MAPPED, /**< the same of memory that scif_mmap mapped */
	PERF_SCIF,   /**< scif_send and scif_recv; or scif_connect and scif_accept */
	PERF_UNIX,   /**< UNIX sockets; send and recv never wait, who has nothing tries again */
	PERF_TCP,    /**< TCP over the loopback device, likewise */
	PERF_TCP_LASTING, /**< the same when it has streamed for long, on a connection of its own */
	PERF_TCP_64K,     /**< the same, with buffers that are held at 64 KB */
	PERF_MEMCPY, /**< memcpy from private into shared memory */
	PERF_READFROM,
	PERF_WRITETO,
	PERF_VREADFROM,
	PERF_VWRITETO,
	PERF_VM, /**< process_vm_readv */
	PERF_NB_WAYS,
};

/** Where the two processes are. */
enum perf_place {
	PERF_NODE,      /**< on one node, rings of 4 KB, as nodes have when nobody says otherwise */
	PERF_NODE_64K,  /**< on one node with rings of 64 KB */
	PERF_TWO_NODES, /**< on two nodes, rings of 64 KB */
	PERF_NB_PLACES,
};

/** What the user asked for. */
struct perf_options {
	double seconds;       /**< length of one sample */
	double lasting;       /**< of one of PERF_TCP_LASTING */
	unsigned int repeats; /**< samples of each figure */
	unsigned int parts;   /**< bits */
	unsigned int endpoints;
	struct bench_numbers messages, copies; /**< bytes */
	unsigned int cpu[2];
	const char *json; /**< file to write, or NULL */
};

/** What both processes of a pair are told to do. */
struct perf_job {
	uint32_t part, way;
	uint64_t size, count;
	uint32_t check; /**< look at every byte afterwards */
};

/** What they answer. */
struct perf_done {
	int32_t ret; /**< 0, or a negative errno */
	double seconds;
	double part[3];   /**< of PERF_ENDPOINTS: seconds to connect, of messages, to close */
};

/** Memory that both processes see from the beginning. */
struct perf_shared {
	struct {
		_Alignas(PERF_LINE) _Atomic uint64_t number;
	} ball[2]; /**< written by each side */
	/* Of the ring: bytes written, and read, ever. */
	_Alignas(PERF_LINE) _Atomic uint64_t written;
	_Alignas(PERF_LINE) _Atomic uint64_t read;
	_Alignas(PERF_LINE) _Atomic uint32_t arrived; /**< at the start line, of all jobs so far */
	_Atomic int pid[2];
};

/** One of the two processes, by itself. */
struct perf_side {
	unsigned int side; /**< 0 asks and measures, 1 answers */
	uint16_t node, peer_node;
	struct perf_shared *shared;
	uint8_t *room;                      /**< shared memory, `size` bytes */
	uint8_t *source, *landing;          /**< private memory; at the same addresses in both */
	size_t size;                        /**< of each of these */
	uint32_t turn;                      /**< jobs begun, for the start line */
	pid_t peer;
	bool yields;                 /**< the two share a CPU */
	int fd[PERF_NB_WAYS];        /**< of the ways that are sockets: connected */
	int listener[PERF_NB_WAYS];  /**< listening */
	scif_epd_t epd, scif_listener;
	uint8_t *window, *remote;           /**< own; the peer's: a line page, source, landing */
	off_t window_at, remote_at;
};

/** Sockets of both sides, of the ways that are sockets. */
struct perf_sockets {
	int fd[PERF_NB_WAYS][2];
	int listener[PERF_NB_WAYS];
};

/** A pair, for the one who gives out jobs. */
struct perf_pair {
	int fd[2]; /**< of side 0, side 1 */
	pid_t pid[2];
	const char *name;
	bool ready;
	char reason[PERF_REASON_SIZE]; /**< why it is not */
};

/** A figure: one way in one size. */
struct perf_cell {
	enum perf_part part;
	enum perf_way way;
	enum perf_place place;
	const char *name;
	uint32_t size;
	uint64_t count; /**< in a sample; found by trying */
	double value[PERF_MAX_REPEATS];  /**< ns of a trip, 10^9 bytes a second, connections */
	double raw[PERF_MAX_REPEATS][2]; /**< ns of a line there and back, before and after */
	char reason[PERF_REASON_SIZE]; /**< why there are none; empty when there are */
	/* Derived. */
	struct perf_figure {
		double median, raw_ns, over_ns; /**< over: less the cell PERF_RAW, in turn */
		unsigned int samples;           /**< 0: too few */
	} figure[BENCH_NB_TAGS];
};

/** What many endpoints took. */
struct perf_endpoints {
	unsigned int count;
	double connect, message, close; /**< seconds */
	char reason[PERF_REASON_SIZE];
};

/** A whole run. */
struct perf_run {
	struct perf_options opt;
	char directory[64]; /**< of the nodes */
	size_t room;        /**< bytes of the largest copy */
	pid_t node[4];
	unsigned int nb_nodes;
	struct perf_pair pair[PERF_NB_PLACES];
	unsigned int nb_cells;
	struct perf_cell cell[PERF_MAX_CELLS];
	struct perf_endpoints endpoints;
};

static inline bool
perf_is_socket(enum perf_way way)
{
	return way >= PERF_UNIX && way <= PERF_TCP_64K;
}

/* main.c: was there a signal to end? */
bool perf_ended(void);

/* options.c: 0; -1 after --help; 2 when one line says what is wrong. */
int perf_options_parse(int argc, char **argv, struct perf_options *opt);
extern const char *const perf_part_names[PERF_NB_PARTS];

/* nodes.c */
int perf_nodes_begin(struct perf_run *run);
void perf_nodes_end(struct perf_run *run);

/* pair.c */
int perf_pairs_begin(struct perf_run *run);
void perf_pairs_end(struct perf_run *run);
int perf_pair_do(const struct perf_pair *pair, const struct perf_job *job, struct perf_done *done);

/* side.c */
void perf_side_serve(struct perf_side *s, int fd, unsigned int cpu) __attribute__((noreturn));
double perf_now(void);
void perf_pause(const struct perf_side *s);
void perf_fill(void *bytes, size_t size, unsigned int side);
int perf_check(const void *bytes, size_t size, unsigned int side);

/* way_*.c: 0, or a negative errno. */
int perf_memory_trips(struct perf_side *s, const struct perf_job *job);
int perf_memory_stream(struct perf_side *s, const struct perf_job *job);
int perf_memory_copies(const struct perf_side *s, const struct perf_job *job);
int perf_sockets_make(struct perf_sockets *sockets);
void perf_sockets_close(const struct perf_sockets *sockets);
int perf_socket_send(const struct perf_side *s, int fd, const uint8_t *bytes, size_t size);
int perf_socket_recv(const struct perf_side *s, int fd, uint8_t *bytes, size_t size);
int perf_socket_connections(struct perf_side *s, const struct perf_job *job);
int perf_scif_connect(struct perf_side *s);
int perf_scif_copies(const struct perf_side *s, const struct perf_job *job);
int perf_scif_connections(struct perf_side *s, const struct perf_job *job);
int perf_scif_endpoints(struct perf_side *s, const struct perf_job *job, struct perf_done *done);
uint8_t *perf_landing(const struct perf_side *s, enum perf_way way);
int perf_messages(struct perf_side *s, const struct perf_job *job);

/* measure.c, cells.c */
void perf_cells_make(struct perf_run *run);
void perf_measure(struct perf_run *run);
const struct perf_cell *perf_cell_find(const struct perf_run *run, enum perf_part part,
				       enum perf_way way, enum perf_place place, uint32_t size);

/* report.c, json.c */
int perf_report(const struct perf_run *run);
int perf_json(const struct perf_run *run, const char *file);

#endif /* SCIF_PERF_H */
