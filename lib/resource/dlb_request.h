/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_REQUEST_H
#define SLIPWAY_DLB_REQUEST_H

/**
 * @file
 * What a domain asks for, as a user writes it: `ldb_queues=4`, `cos=4:4:0:0`. Amounts that are not
 * said are not reserved; the domain then takes what it needs when it starts, up to its share.
 */

#include <stdbool.h>
#include <stdint.h>

/** Resources of a device that its domains share out. */
enum dlb_res {
	DLB_RES_LDB_QUEUES,
	DLB_RES_LDB_PORTS,
	DLB_RES_DIR_PORTS,
	DLB_RES_CREDITS,     /**< of version 2.0 for load-balanced queues, of 2.5 for all */
	DLB_RES_DIR_CREDITS, /**< version 2.0 only */
	DLB_RES_HISTORY,     /**< entries of the history list, side by side */
	DLB_RES_ATOMIC,      /**< AQED entries */
	DLB_RES_KINDS
};

/** Classes of service, and the load-balanced ports of each, datasheet section 2.1. */
#define DLB_COS_CLASSES 4
#define DLB_COS_PORTS   16

/** In place of an amount that was not said. */
#define DLB_UNSAID UINT32_MAX

struct dlb_request {
	uint32_t amount[DLB_RES_KINDS];
	bool by_class;                        /**< some ports are asked for by class */
	uint8_t class_ports[DLB_COS_CLASSES]; /**< that many of the LDB ports, of each class */
};

/** Nothing is said. */
void dlb_request_init(struct dlb_request *request);

/** The key of a resource, as in `ldb_queues=4`. */
const char *dlb_res_key(enum dlb_res res);

/** What a key accepts, in words, or NULL when it is none of ours. */
const char *dlb_request_accepts(const char *key);

/**
 * Take one key and its value.
 *
 * @return 0, -ENOENT when the key is none of ours, -EINVAL for a value that is not accepted
 */
int dlb_request_set(struct dlb_request *request, const char *key, const char *value);

#endif /* SLIPWAY_DLB_REQUEST_H */
