/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What the files of this program share. The life of a packet, and the file that tells it:
 *
 *   ethdev --io.c--> queue 0 --worker.c--> queue 1 ... --worker.c--> Tx queue --io.c--> ethdev
 *                    stage 0               stage 1                   one link
 *
 * One lcore (the main one) receives and sends; the others are workers. A counter has one writer,
 * so nothing on the way of a packet takes a lock.
 */

#ifndef PIPELINE_H
#define PIPELINE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_ethdev.h>
#include <rte_eventdev.h>
#include <rte_lpm.h>
#include <rte_lpm6.h>
#include <rte_mbuf.h>

#include "flows.h"

enum {
	PIPELINE_MAX_PORTS = 16,
	PIPELINE_MAX_STAGES = 8,
	PIPELINE_MAX_WORKERS = 60,
	PIPELINE_MAX_BURST = 128,
};

/* Exit codes, as --help tells them. */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_DEVICE = 3, /* the event device cannot do what was asked */
};

/* The work that a stage does; the stage list decides which stage gets which. */
enum {
	WORK_LOOKUP = 1 << 0,
	WORK_STATE = 1 << 1,
	WORK_REWRITE = 1 << 2,
};

enum packet_kind {
	PACKET_OTHER, /* no IP header is there */
	PACKET_IPV4,
	PACKET_IPV6,
};

/* What the program knows of a packet. It lies in the mbuf's private area, because an event
 * device may hand an event back without its flow id.
 */
struct packet_note {
	uint64_t sequence; /* counts received packets */
	struct flow *flow; /* set by the atomic stage */
	uint32_t flow_id;
	uint16_t out_port;
	uint8_t kind;
	bool sound; /* the IP header bears inspection */
	bool routed;
};

struct stage {
	uint8_t schedule; /* RTE_SCHED_TYPE_* */
	uint8_t work;     /* WORK_* */
};

struct options {
	const char *routes;
	const char *event_dev;
	struct stage stages[PIPELINE_MAX_STAGES];
	unsigned int nb_stages;
	unsigned int nb_workers; /* 0: every worker lcore */
	unsigned int default_port;
	unsigned int burst;
	unsigned int idle_exit_ms; /* 0: never */
	uint64_t expect;           /* 0: any number */
};

struct routes {
	struct rte_lpm *ipv4;
	struct rte_lpm6 *ipv6;
	unsigned int count;
};

/* Packets that a port has not taken yet. */
struct tx_backlog {
	uint16_t first;
	uint16_t count;
	struct rte_mbuf *packets[PIPELINE_MAX_BURST];
};

struct port {
	struct tx_backlog backlog;
	uint64_t received;
	uint64_t sent;
	uint64_t by_default; /* of those sent: unchanged, to the default port */
	struct rte_ether_addr mac;
	struct rte_ether_addr next_hop;
	bool used;
	bool started;
	bool flatten; /* the port sends packets of one segment only */
	char name[RTE_ETH_NAME_MAX_LEN];
};

struct pipeline;

struct worker {
	struct pipeline *pipeline;
	struct flow_slab slab;
	uint64_t handled[PIPELINE_MAX_STAGES];
	uint64_t routed;
	uint64_t refused; /* events that the device called malformed */
	unsigned int lcore;
	uint8_t event_port;
} __rte_cache_aligned;

/* The receiving and sending side. */
struct io {
	struct rte_event backlog[PIPELINE_MAX_BURST]; /* received, not yet in the device */
	uint16_t backlog_first;
	uint16_t backlog_count;
	uint16_t next_port;
	uint64_t received;
	uint64_t sent;
	uint64_t mbufs_out;  /* buffers between Rx and Tx */
	uint64_t misordered; /* sent after a later packet of the same flow */
	uint8_t event_port_in;
	uint8_t event_port_out;
};

struct pipeline {
	struct options options;
	struct routes routes;
	struct flow_table flows;
	struct io io;
	struct port ports[PIPELINE_MAX_PORTS];
	struct worker workers[PIPELINE_MAX_WORKERS];
	struct rte_mempool *mbufs;
	struct rte_mempool *flat_mbufs;
	uint64_t mbufs_limit; /* no polling of ports with more buffers out */
	uint32_t flow_mask;
	uint32_t service;
	uint16_t burst;
	uint8_t event_dev;
	bool device_started;
	bool service_inline;
	bool maintain; /* the device's ports want rte_event_maintain() */
	const char *device_name;
	double seconds;
	bool stop; /* workers leave; written once, by the main lcore */
};

/* How often the user asked for the end; the second time nothing is waited for. */
extern volatile sig_atomic_t pipeline_interrupts;

/* main.c: prints one line on stderr, with the program's name in front. */
void complain(const char *format, ...) __rte_format_printf(1, 2);

/* options.c */
bool options_help_wanted(int argc, char **argv);
int options_parse(struct options *options, int argc, char **argv);
const char *schedule_name(uint8_t schedule);

/* routes.c */
int routes_load(struct pipeline *p);
void routes_free(struct routes *routes);

/* ports.c */
int ports_open(struct pipeline *p);
int ports_verdict(void);
void ports_close(struct pipeline *p);

/* device.c */
int device_find(struct pipeline *p);
int device_open(struct pipeline *p);
void device_close(struct pipeline *p);

/* io.c */
int io_run(struct pipeline *p);

/* worker.c */
int workers_assign(struct pipeline *p);
int workers_launch(struct pipeline *p);
uint64_t workers_refused(const struct pipeline *p);
int worker_run(void *worker);

/* report.c */
void report_start(const struct pipeline *p);
void report_progress(const struct pipeline *p, double seconds);
void report_progress_end(void);
void report_final(const struct pipeline *p);

/* A poll that found nothing. Several lcores may share one CPU: after some such polls in a row
 * let the others work.
 */
void pipeline_idle(unsigned int *empty_polls);

static inline struct packet_note *
packet_note(struct rte_mbuf *packet)
{
	return rte_mbuf_to_priv(packet);
}

#endif
