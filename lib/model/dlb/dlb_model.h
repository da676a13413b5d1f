/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_MODEL_H
#define SLIPWAY_DLB_MODEL_H

/**
 * @file
 * The Dynamic Load Balancer in software: how to make one. Everything else goes through the bus
 * contract (bus.h).
 */

#include "bus.h"
#include "dlb_regs.h"

/** Bytes of line-ring memory a device needs, whatever its version. */
size_t dlb_model_ring_bytes(void);

/** Readings of facts the datasheet leaves open (section 14); zero is the recommended one. */
struct dlb_model_open_points {
	/** Point 1: COMP_T returns one token, instead of lock_id + 1 capped at those in use. */
	bool comp_t_one_token;
	/**
	 * Point 2: bytes 10-11 of a directed QE are the lock id, instead of bytes 10-11 as sent.
	 */
	bool directed_lock_in_qid;
	/**
	 * Point 3: an atomic QE keeps its entry of the atomic stage until it is completed, instead
	 * of until it is scheduled; AQED_ACTIVE_CNT shows it, and its limit counts it.
	 */
	bool stage_until_completion;
	/**
	 * Point 7: lock ids are compressed, by modulo, to what AQED_QID_HID_WIDTH says, instead of
	 * each being a flow of its own.
	 */
	bool lock_modulo;
	/**
	 * Point 8: an arbiter's weights are the levels' shares, instead of edges on a wheel of 256
	 * turns.
	 */
	bool weights_are_shares;
	/** Point 9: signal monitors that are enabled count what their block does. */
	bool monitors_count;
	/** Point 12: a sleeping device reads as zeros, instead of as ones. */
	bool asleep_reads_zero;
	/**
	 * Point 13: a CQ above its inflight threshold takes no new flows, instead of the threshold
	 * being stored only.
	 */
	bool threshold_shuns_flows;
	/**
	 * Point 17: the pass of a CQ's write pointer is the register's last bit, instead of the
	 * bit above those that count the ring's slots.
	 */
	bool wptr_pass_on_top;
};

struct line_ring;

/** What to make. */
struct dlb_model_config {
	enum dlb_version version;
	struct dlb_model_open_points open;
	/**
	 * Memory of the producer ports' rings: dlb_model_ring_bytes() bytes, zeroed, 64-byte
	 * aligned, kept by the caller until the device is gone. Its contents are not trusted.
	 */
	void *ring_memory;
	int ring_fd;             /**< the file behind it, -1 when there is none */
	uint64_t ring_fd_offset; /**< where in that file */
};

/**
 * Make a DLB as it is after power-on: its COMMAND register is 0, so nothing in its bars answers
 * until memory and bus master are enabled in configuration space.
 *
 * @param config what to make; copied
 * @param host what it is plugged into; outlives the device
 * @param dev out: the device
 * @return 0, -EINVAL for a bad configuration, -ENOMEM
 */
int dlb_model_create(const struct dlb_model_config *config, struct bus_host *host,
		     struct bus_device **dev);

/**
 * Give a producer port another ring: what the old one holds is lost, what the new one holds counts
 * as taken. For whoever shares a device out: each client's rings are then in memory of its own.
 * Nobody may be posting to the port.
 *
 * @param port load-balanced ports, then directed ones from DLB_LDB_PORTS on
 * @param ring 64-byte aligned, kept by the caller until another one is set or the device is gone
 */
void dlb_model_ring_set(struct bus_device *dev, uint32_t port, struct line_ring *ring);

/** Unplug and free a device made by dlb_model_create. Nobody may be calling it. NULL is allowed. */
void dlb_model_destroy(struct bus_device *dev);

/**
 * Accesses that touched no register or producer port so far. A correct driver leaves this at 0.
 * May be called from any thread.
 */
uint64_t dlb_model_stray(const struct bus_device *dev);

/**
 * QEs that were to be delivered to an address the host has no memory at, and are lost. May be
 * called from any thread.
 */
uint64_t dlb_model_lost(const struct bus_device *dev);

#endif /* SLIPWAY_DLB_MODEL_H */
