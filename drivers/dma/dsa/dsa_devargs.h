/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_DEVARGS_H
#define SLIPWAY_DSA_DEVARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "access_devargs.h"
#include "dsa_desc.h"
#include "dsa_vchan.h"

/** Of the path of a socket or of a char device, with its end: so much fits into an address. */
#define DSA_PATH_LEN 108

/** Where a device is. */
enum dsa_at {
	DSA_AT_BUS,    /**< on a PCI bus */
	DSA_AT_MODEL,  /**< a model in this process */
	DSA_AT_VFU,    /**< on a socket: a device, or one of its work queues */
	DSA_AT_KERNEL, /**< a work queue that the kernel's driver has */
};

/** What the device arguments say; 0 in a number: not said. */
struct dsa_devargs {
	enum dsa_at at;
	char path[DSA_PATH_LEN]; /**< of DSA_AT_VFU and DSA_AT_KERNEL */
	enum access_step step;
	unsigned int version; /**< DSA_VERSION_1, DSA_VERSION_2 */
	int numa_node;
	/** The first one that configures a device, key=value, or "". */
	char config_said[ACCESS_SAID_MAX];
	/* How the device is to be divided. */
	unsigned int wqs;
	bool shared;
	unsigned int size;      /**< entries of each work queue */
	unsigned int threshold; /**< of a shared one */
	unsigned int groups;
	unsigned int engines;
	bool sva; /**< any address of this process is the device's, too */
	/* How channels use it. */
	enum dsa_partial partial;
	uint32_t retries;
	uint32_t batch;
};

/** Refused submissions in a row before one is given up: what Linux does by itself. */
#define DSA_RETRIES 32

/** The accepted arguments, as dpdk-pmdinfo.py shows them: of any device, and of a virtual one. */
#define DSA_DEVARGS_HELP                                                        \
	"wqs=<1..64> mode=dedicated|shared size=<1..65535> threshold=<1..65535> " \
	"groups=<1..16> engines=<1..16> sva=0|1 partial=resubmit|cpu "            \
	"retries=<0..65535> batch=<1..32768>"
#define DSA_VDEV_DEVARGS_HELP                                                    \
	"at=model|vfu:<path>|/dev/dsa/wq<D>.<Q> version=1.0|2.0 step=idle|manual " \
	"numa_node=<int> " DSA_DEVARGS_HELP

/**
 * Read the arguments. Logs what is wrong with them.
 *
 * @param name of the device, for messages
 * @param text `key=value,...`, or empty, or NULL
 * @param args in: at (DSA_AT_BUS or not), numa_node; out: all of it
 * @return 0, or -EINVAL
 */
int dsa_devargs_parse(const char *name, const char *text, struct dsa_devargs *args);

#endif /* SLIPWAY_DSA_DEVARGS_H */
