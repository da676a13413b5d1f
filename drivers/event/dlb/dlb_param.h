/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_PARAM_H
#define SLIPWAY_DLB_PARAM_H

/**
 * @file
 * What rte_pmd_dlb.h sets of a port before the port is there.
 */

#include <stdbool.h>
#include <stdint.h>

/** When a port returns tokens; numbered as rte_pmd_dlb_token_pop_mode. */
enum dlb_pop {
	DLB_POP_AUTO,
	DLB_POP_DELAYED,
	DLB_POP_DEFERRED,
};

struct dlb_port_param {
	bool configured;  /**< the last configuration has this port */
	bool port_set_up; /**< since then: too late to change most of this */
	enum dlb_pop pop;
	uint16_t migration_threshold; /**< 0: none */
	uint16_t history;             /**< entries, 0: whatever start finds right */
};

struct dlb;

/** Begin anew: the device has been configured. */
void dlb_param_forget(struct dlb *dlb);

#endif /* SLIPWAY_DLB_PARAM_H */
