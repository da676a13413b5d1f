/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_DEVARGS_H
#define SLIPWAY_DLB_DEVARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "access.h"
#include "dlb_regs.h"

/** What the device arguments say. */
struct dlb_devargs {
	enum dlb_version version;
	enum access_step step;
	unsigned int max_queues;    /**< load-balanced queues to advertise */
	unsigned int max_events;    /**< events to advertise, 0: all the device has */
	unsigned int max_cq_depth;  /**< largest dequeue depth to advertise */
	unsigned int credit_quanta; /**< credits a port leases at a time */
	int numa_node;
	bool sparse_cq;           /**< one QE per cache line instead of four */
	bool parallel_is_ordered; /**< send parallel events as ordered where a queue can order */
};

/** The accepted arguments, as dpdk-pmdinfo.py shows them. */
#define DLB_DEVARGS_HELP                                                                          \
	"version=2.0|2.5 at=model step=idle|manual max_queues=<1..32> max_num_events=<1..16384> " \
	"max_cq_depth=<8..256> credit_quanta=<1..1024> numa_node=<int> cq=dense|sparse "          \
	"parallel=unordered|ordered"

/**
 * Read the arguments; what is not given keeps its default. Logs what is wrong with them.
 *
 * @param name of the device, for messages
 * @param text `key=value,...`, or empty
 * @param numa_node where the device goes unless told otherwise
 * @return 0, or -EINVAL
 */
int dlb_devargs_parse(const char *name, const char *text, int numa_node, struct dlb_devargs *args);

/** Events the device can hold: credits of its smallest pool that all kinds of queues share. */
unsigned int dlb_events_max(const struct dlb_devargs *args);

#endif /* SLIPWAY_DLB_DEVARGS_H */
