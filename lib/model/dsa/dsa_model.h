/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_MODEL_H
#define SLIPWAY_DSA_MODEL_H

/**
 * @file
 * The Data Streaming Accelerator in software: how to make one. Everything else goes through the bus
 * contract (bus.h): BAR0 (0) registers, BAR2 (2) portals. `post` is a posted 64-byte write
 * (MOVDIR64B), `submit` a non-posted one: 0 taken, -EAGAIN retry. Submitted with a PASID it is as
 * ENQCMD sends it: that PASID and no privilege replace what the line says; with BUS_NO_PASID, as
 * ENQCMDS does, the line is taken as it is. Both may be called from any number of threads at once,
 * for one portal too. Engines work in `step`, which any number of threads may call at once: each
 * engine is at work in one of them at most.
 */

#include <stdbool.h>

#include "bus.h"

/** What the device is made of; 0 in a field: as the SPR part has it (datasheet section 3). */
struct dsa_model_config {
	unsigned int version; /**< DSA_VERSION_1 (also 0) or DSA_VERSION_2 */
	unsigned int wqs;     /**< 1..64, default 8 */
	unsigned int wq_total; /**< entries in all, 1..65535, default 128 */
	unsigned int groups;  /**< 1..16, default 4 */
	unsigned int engines; /**< 1..16, default 4 */
	unsigned int max_transfer_shift; /**< default 31 */
	unsigned int max_batch_shift;    /**< default 10 */
	bool dedicated_only; /**< WQCAP without shared mode */
	/**
	 * Without ATS the device does not see what its host refuses (section 2.5): a read ends with
	 * status 0x20, a write is lost and nobody is told. Else it sees faults without ATS as well.
	 */
	bool blind_without_ats;
	/** Order of dispatch, section 26.2. */
	enum { DSA_ORDER_WEIGHTED, DSA_ORDER_SHUFFLED } order;
	uint64_t seed; /**< of DSA_ORDER_SHUFFLED, and of `scatter_tables` */
	/**
	 * Tests: tables lie where OFFSETS says, which is somewhere else for each seed, interrupt
	 * handles are not the index of their entry, and CMD reads garbage.
	 */
	bool scatter_tables;
	/**
	 * What software may configure. Where it may not, WQs share the entries, each is in the group
	 * of its number, as are engines, and transfers and batches may be as large as the device's.
	 */
	enum {
		DSA_CONFIG_ALL,     /**< GENCAP configuration support: everything */
		DSA_CONFIG_MODE,    /**< mode, threshold, PASID and interrupt of WQs only */
		DSA_CONFIG_NOTHING, /**< WQs are dedicated, and cannot do PASIDs */
	} configurable;
	/** Readings of facts the datasheet leaves open (section 29); zero is the recommended one. */
	struct {
		bool fence_direct_ignored; /**< U3: instead of status 0x11 */
		bool reserved_operand_checked; /**< command error 0x04, strict mode of A10 */
	} open;
};

/**
 * Make a DSA as it is after power-on: its COMMAND register is 0, so nothing in its bars answers
 * until memory and bus master are enabled in configuration space.
 *
 * @param config what to make; copied; a bad value is -EINVAL
 * @param host what it is plugged into; outlives the device
 * @param dev out: the device
 * @return 0, -EINVAL for a bad configuration, -ENOMEM
 */
int dsa_model_create(const struct dsa_model_config *config, struct bus_host *host,
		     struct bus_device **dev);

/** Unplug and free it. Nobody may be calling it. NULL is allowed. */
void dsa_model_destroy(struct bus_device *dev);

/** Accesses that touched no register or portal so far. Any thread. */
uint64_t dsa_model_stray(const struct bus_device *dev);

/** Kinds of trouble, for tests and slipway inject: the device halts, reset type as GENSTS 3:2. */
void dsa_model_halt(struct bus_device *dev, unsigned int reset_type);
/** The next command before a reset from outside ends with this error, and does nothing. */
void dsa_model_fail_command(struct bus_device *dev, uint8_t error);
/**
 * Interrupt handles are revoked, as when a virtual device moves: all that were requested are
 * invalid, and INTCAUSE bit 31 says so. Does nothing where there are no such handles.
 */
void dsa_model_revoke_handles(struct bus_device *dev);

/** How a work queue fares, for tools; read without disturbing it. Any thread. */
struct dsa_model_wq_stats {
	bool enabled, dedicated;
	uint32_t size, threshold, occupancy, group;
	uint64_t accepted, retried, dropped, ignored;
	uint64_t completed, failed; /**< descriptors from it that ended, batch members too */
	uint64_t bytes;             /**< moved by them */
};
/** false when there is no such work queue. */
bool dsa_model_wq_stats(const struct bus_device *dev, unsigned int wq,
			struct dsa_model_wq_stats *stats);

/** What an engine does, as above. */
struct dsa_model_engine_stats {
	unsigned int group; /**< ~0: none */
	bool busy;          /**< it has a descriptor in hand */
	uint64_t completed; /**< descriptors that ended, batch members too */
	uint64_t bytes;     /**< moved by them */
};
/** false when there is no such engine. */
bool dsa_model_engine_stats(const struct bus_device *dev, unsigned int engine,
			    struct dsa_model_engine_stats *stats);

#endif /* SLIPWAY_DSA_MODEL_H */
