/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SERVE_DOMAINS_H
#define SLIPWAY_SERVE_DOMAINS_H

/**
 * @file
 * Several clients on one served device, a scheduling domain each (dlb_share.h): how the device is to
 * be split, and what stands between the sockets and the device then.
 */

#include "dlb_hcw.h"
#include "dlb_share.h"
#include "serve_inject.h"

/** What is asked for. */
struct serve_split {
	unsigned int domains; /**< 0: the device is for one client */
	bool said;            /**< something is said of a domain */
	unsigned int ordered; /**< queues of each domain that can order, 0: as the hub sees fit */
	struct dlb_request requests[DLB_DOMAINS];
};

/** Nothing is asked for: the whole device at one socket. */
void serve_split_init(struct serve_split *split);

/** Take the value of --domains: 0, or -EINVAL, reported. */
int serve_split_domains(struct serve_split *split, const char *value);

/** Take the value of --domain, as in `0:ldb_ports=32,credits=4096`: 0, or -EINVAL, reported. */
int serve_split_domain(struct serve_split *split, const char *value);

/** Take the value of --ordered: 0, or -EINVAL, reported. */
int serve_split_ordered(struct serve_split *split, const char *value);

/** Does all of it go together? 0, or -EINVAL, reported. */
int serve_split_check(const struct serve_split *split);

/**
 * Make it: 0, or a negative errno, reported.
 *
 * @param inject faults of the device behind it: not for a domain that is being reset
 */
int serve_split_create(const struct serve_split *split, enum dlb_version version,
		       struct serve_inject *inject, struct dlb_hub **hub);

#endif /* SLIPWAY_SERVE_DOMAINS_H */
