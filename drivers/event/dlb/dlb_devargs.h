/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_DEVARGS_H
#define SLIPWAY_DLB_DEVARGS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_dev.h>

#include "access_devargs.h"
#include "dlb_devargs_list.h"
#include "dlb_hcw.h"
#include "dlb_regs.h"
#include "dlb_request.h"

/** Load-balanced queues, and directed ones on top. */
#define DLB_QUEUES_MAX (DLB_LDB_QUEUES + DLB_DIR_PORTS_MAX)
/** Load-balanced ports, and directed ones on top. */
#define DLB_PORTS_MAX (DLB_LDB_PORTS + DLB_DIR_PORTS_MAX)

/** Of the path of a socket, with its end: so much fits into an address. */
#define DLB_SOCKET_MAX 108

/** What the device arguments say. */
struct dlb_devargs {
	bool on_bus; /**< on a real bus, where version and the like are the device's own */
	enum dlb_version version;
	bool version_told;
	enum access_step step;
	/** The first one that settles something for a whole device, key=value, or "". */
	char device_said[ACCESS_SAID_MAX];
	char socket[DLB_SOCKET_MAX]; /**< of the server that has the device, or empty */
	unsigned int max_queues;    /**< load-balanced queues to advertise */
	unsigned int max_events;    /**< events to advertise, 0: all the device has */
	unsigned int max_cq_depth;  /**< largest dequeue depth to advertise */
	unsigned int max_enqueue_depth; /**< burst to advertise */
	unsigned int credit_quanta;     /**< credits a port leases at a time */
	bool short_history;             /**< 32 history entries a port */
	int numa_node;
	bool sparse_cq;           /**< one QE per cache line instead of four */
	bool sleeps;              /**< a dequeue that waits sleeps, instead of polling */
	bool parallel_is_ordered; /**< send parallel events as ordered where a queue can order */

	char device[RTE_DEV_NAME_MAX_LEN]; /**< event device to share the device of, or empty */
	struct dlb_request request;        /**< resources to reserve */
	/* By event queue, by event port. */
	bool depth_told;         /**< some threshold was: events tell of the depth */
	uint16_t depth_threshold; /**< of queues that have none of their own */
	uint16_t queue_threshold[DLB_QUEUES_MAX]; /**< 0: the common one */
	bool weight_is_depth;    /**< weight limit of ports without one: their dequeue depth */
	uint16_t port_weight[DLB_PORTS_MAX]; /**< weight limit, 0: none */
	uint16_t port_cos[DLB_PORTS_MAX];    /**< class, or DLB_LIST_UNSAID */

	uint8_t cos_bw[DLB_COS_CLASSES]; /**< bandwidth of a class, per cent */

	bool sn_fixed;                     /**< sequence number groups have these modes: */
	uint8_t sn_mode[DLB_SN_GROUPS];
};

/** The accepted arguments, as dpdk-pmdinfo.py shows them: of any device, and of a virtual one. */
#define DLB_DEVARGS_HELP                                                                \
	"max_queues=<1..32> max_num_events=<1..16384> max_cq_depth=<8..256> "           \
	"credit_quanta=<1..1024> cq=dense|sparse parallel=unordered|ordered "           \
	"wait=poll|interrupt "                                                          \
	"ldb_queues=<0..32> ldb_ports=<0..64> cos=<0..16>:<0..16>:<0..16>:<0..16> "     \
	"dir_ports=<0..96> credits=<1..16384> dir_credits=<0..4096> history=<0..2048> " \
	"atomic=<0..2048> sn=<64..1024>:<64..1024> max_enqueue_depth=<1..1024> "        \
	"default_depth_thresh=<1..8191> qid_depth_thresh=<queues>:<0..8191> "           \
	"enable_cq_weight=y|n cq_weight=<ports>:<1..32767> port_cos=<ports>:<0..3> "    \
	"cos_bw=<0..100>:<0..100>:<0..100>:<0..100> use_default_hl=y|n"
#define DLB_VDEV_DEVARGS_HELP \
	"version=2.0|2.5 at=model|vfu:<path> step=idle|manual numa_node=<int> device=<name> " \
	DLB_DEVARGS_HELP

/**
 * Read the arguments. Logs what is wrong with them.
 *
 * @param name of the device, for messages
 * @param text `key=value,...`, or empty, or NULL
 * @param args in: on_bus, and the defaults of version, numa_node and sparse_cq; out: all of it
 * @return 0, or -EINVAL
 */
int dlb_devargs_parse(const char *name, const char *text, struct dlb_devargs *args);

/**
 * Check what depends on the version, once that is known. Logs what is wrong.
 *
 * @return 0, or -EINVAL
 */
int dlb_devargs_check(const char *name, const struct dlb_devargs *args);

/** Events the device can hold: credits of its smallest pool that all kinds of queues share. */
unsigned int dlb_events_max(const struct dlb_devargs *args);

#endif /* SLIPWAY_DLB_DEVARGS_H */
