/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_WORK_H
#define SLIPWAY_DSA_WORK_H

/**
 * @file
 * Work of the DSA: queues that take descriptors from portals, engines that dispatch and do them,
 * batches, fences, drains, completion records (sections 5, 9, 10, 11, 26). Knows no registers: the
 * control half compiles what was configured into dsa_work_wq and tells it here, and is told of
 * errors and interrupts through dsa_work_owner.
 *
 * post and submit: any thread, no lock. step: any thread, an engine in one of them at a time. The
 * others: one thread at a time, under the control half's lock, while the two above go on.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "dsa_desc.h"

#define DSA_WQS_MAX     64
#define DSA_ENGINES_MAX 16
#define DSA_GROUPS_MAX  16

struct dsa_work;

/** A work queue as it is enabled. */
struct dsa_work_wq {
	bool dedicated;
	bool block_on_fault;
	bool prs; /**< page requests may be made: PRS is on, and not disabled for this queue */
	bool blind; /**< what the host refuses is not seen: dsa_mem_begin */
	bool pasid_enable;
	/** Dedicated: its descriptors are privileged. Shared: they may be, else status 0x1D. */
	bool priv;
	uint8_t priority; /**< 1..15 */
	uint32_t pasid;   /**< of a dedicated one */
	uint32_t size, threshold;
	uint64_t max_transfer;
	uint32_t max_batch;
	uint64_t opcap[4]; /**< OPCFG within OPCAP */
	unsigned int group;
};

/** An error that no completion record tells, for SWERROR or the event log: section 16. */
struct dsa_error {
	uint8_t code; /**< status, bit 7 as in a completion record */
	bool desc_valid, wq_valid, batch;
	uint8_t opcode;
	unsigned int wq;
	uint32_t pasid;
	bool priv;
	uint16_t batch_index;
	uint8_t batch_id;
	uint8_t fault_operand;
	uint64_t fault_addr;
	uint16_t interrupt_handle;
	bool rci, ims, cr_required, first_in_batch;
	struct dsa_cr cr; /**< the record that could not be written */
};

/**
 * What the control half gives. Called from step, and `error` with 0x53 from post, with no lock of
 * this half held but that of the engine at work: none of them may wait for the control half's lock,
 * because its holder may be waiting for engines (dsa_work_reset, dsa_work_remap, dsa_work_group).
 */
struct dsa_work_owner {
	void *owner;
	void (*error)(void *owner, const struct dsa_error *error);
	/** Is a completion interrupt to that table entry permitted? Section 13; else status 0x19. */
	bool (*handle_ok)(void *owner, unsigned int handle, bool ims, bool pasid_enable,
			  uint32_t pasid);
	void (*interrupt)(void *owner, unsigned int handle, bool ims);
	/**
	 * With this arming in force, a queue was found with no more than its limit; more than once,
	 * or too late: dsa_work_arming says whether it still is in force.
	 */
	void (*occupancy)(void *owner, unsigned int wq, uint64_t arming);
};

/**
 * Events the monitor counts, by category and bit of section 19; relaxed atomics, summed on read.
 * Counted: categories 0 to 4 all; 5: opcode 0x0A as bit 0, 0x17 as bit 1, 0x21 to 0x26 as bits 2
 * to 7. The others stay 0.
 */
enum { DSA_EVENT_CATEGORIES = 6, DSA_EVENTS_PER_CATEGORY = 32 };

struct dsa_work_config {
	unsigned int wqs, engines;
	uint64_t gencap;
	uint64_t opcap[4];
	bool shuffled;
	uint64_t seed;
	bool fence_direct_ignored;
};

int dsa_work_create(const struct dsa_work_config *config, struct bus_host *host,
		    const struct dsa_work_owner *owner, struct dsa_work **work);
/** Nobody may be calling it. NULL is allowed. */
void dsa_work_destroy(struct dsa_work *work);
/** The host's map has changed; once this returns no old pointer is in use. */
void dsa_work_remap(struct dsa_work *work);

/* ---- Data path ---- */

/** A 64-byte posted write to a portal of that queue (kind: DSA_PORTAL_...). */
void dsa_work_post(struct dsa_work *work, unsigned int wq, unsigned int kind, const void *line);
/** A non-posted one: 0 taken, -EAGAIN. The PASID and Priv are those in the line, as they arrive. */
int dsa_work_submit(struct dsa_work *work, unsigned int wq, unsigned int kind, const void *line);
/** Dispatch and do work, for a while: whether there is more at once. */
bool dsa_work_step(struct dsa_work *work);

/* ---- Control ---- */

/** May interrupts be requested without privilege (GENCFG bit 12)? */
void dsa_work_user_interrupts(struct dsa_work *work, bool enabled);
/** Which engines serve a group: taken by the next dispatch. Waits for engines. */
void dsa_work_group(struct dsa_work *work, unsigned int group, uint64_t engines, uint64_t wqs);
/** From now on the queue takes descriptors. It is stopped and empty. 0 or -ENOMEM. */
int dsa_work_enable(struct dsa_work *work, unsigned int wq, const struct dsa_work_wq *config);
void dsa_work_threshold(struct dsa_work *work, unsigned int wq, uint32_t threshold);
/** From now on it takes none; what it has is still done. */
void dsa_work_stop(struct dsa_work *work, unsigned int wq);
/** What it took by now is in the marked past: dsa_work_passed tells when all of that has ended. */
void dsa_work_mark(struct dsa_work *work, unsigned int wq);
bool dsa_work_passed(struct dsa_work *work, unsigned int wq);
/** The same for the descriptors of one PASID, in all queues. */
void dsa_work_mark_pasid(struct dsa_work *work, uint32_t pasid);
bool dsa_work_passed_pasid(struct dsa_work *work);
/** Marked work need not be done: what has not begun is dropped without a completion record. */
void dsa_work_abort(struct dsa_work *work, unsigned int wq);
void dsa_work_abort_pasid(struct dsa_work *work, uint32_t pasid);
/**
 * No engine does anything and queues keep what they have and take no more, until it is called with
 * false: a halt. May be called from what dsa_work_owner gives, so an engine may still be finishing
 * the piece it is at.
 */
void dsa_work_halt(struct dsa_work *work, bool halted);
/** Drop everything, queued and in flight, without records: power-on, FLR. Waits for engines. */
void dsa_work_reset(struct dsa_work *work);
uint32_t dsa_work_occupancy(const struct dsa_work *work, unsigned int wq);
/**
 * The occupancy callback: armed at a limit, or not at all. Engines may not see it at once, nor a
 * queue that is low already: dsa_work_armed is to follow, in the name of the control half.
 */
void dsa_work_arm(struct dsa_work *work, unsigned int wq, uint32_t limit);
void dsa_work_disarm(struct dsa_work *work, unsigned int wq);
/** What is in force, 0 for nothing. One thread at a time in this and the two above. */
uint64_t dsa_work_arming(const struct dsa_work *work, unsigned int wq);
/** From now on no fall is missed; that it is low already is told. Waits for engines. */
void dsa_work_armed(struct dsa_work *work, unsigned int wq);
uint64_t dsa_work_events(const struct dsa_work *work, unsigned int category, unsigned int event,
			 uint64_t wqs, uint64_t engines);

/** How a queue fared since the model was made, for tools. */
struct dsa_work_stats {
	uint64_t accepted;
	uint64_t retried; /**< every answer of retry, also of a queue that takes no such write */
	uint64_t dropped; /**< dedicated and full */
	uint64_t ignored; /**< posted to a queue that takes no such write */
	uint64_t completed, failed; /**< descriptors that ended, members of batches too */
	uint64_t aborted;
	uint64_t bytes;
};
void dsa_work_stats(const struct dsa_work *work, unsigned int wq, struct dsa_work_stats *stats);

/** What an engine does, for tools. */
struct dsa_work_engine_stats {
	bool busy; /**< it has a descriptor in hand */
	uint64_t completed, bytes;
};
void dsa_work_engine_stats(const struct dsa_work *work, unsigned int engine,
			   struct dsa_work_engine_stats *stats);

#endif /* SLIPWAY_DSA_WORK_H */
