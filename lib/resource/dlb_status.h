/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_STATUS_H
#define SLIPWAY_DLB_STATUS_H

/**
 * @file
 * Why a domain cannot have what it asks for: datasheet section 11.3, of which these are the codes
 * that handing out resources can end with.
 */

/** Numbers and names are the document's. */
enum dlb_status {
	DLB_ST_SUCCESS = 0,
	DLB_ST_DOMAIN_UNAVAILABLE = 2,
	DLB_ST_LDB_PORTS_UNAVAILABLE = 3,
	DLB_ST_DIR_PORTS_UNAVAILABLE = 4,
	DLB_ST_LDB_QUEUES_UNAVAILABLE = 5,
	DLB_ST_LDB_CREDITS_UNAVAILABLE = 6,
	DLB_ST_DIR_CREDITS_UNAVAILABLE = 7,
	DLB_ST_CREDITS_UNAVAILABLE = 8,
	DLB_ST_SEQUENCE_NUMBERS_UNAVAILABLE = 9,
	DLB_ST_ATOMIC_INFLIGHTS_UNAVAILABLE = 12,
	DLB_ST_HIST_LIST_ENTRIES_UNAVAILABLE = 13,
	DLB_ST_LDB_PORT_REQUIRED_FOR_LDB_QUEUES = 30,
	DLB_ST_DOMAIN_RESET_FAILED = 31,
};

/** The name in the document, without a prefix. */
const char *dlb_status_name(enum dlb_status status);

#endif /* SLIPWAY_DLB_STATUS_H */
