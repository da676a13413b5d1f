/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_HW_H
#define SLIPWAY_DLB_HW_H

/**
 * @file
 * Programming the device: registers by row, and the datasheet's sequences (sections 5 and 8).
 */

#include "dlb_priv.h"

/** Read instance i of a register. */
uint32_t dlb_reg_read(const struct dlb *dlb, enum dlb_reg reg, unsigned int i);

/** Write instance i of a register. */
void dlb_reg_write(const struct dlb *dlb, enum dlb_reg reg, unsigned int i, uint32_t value);

/** The same for registers with a second index, a word. */
uint32_t dlb_reg_read_word(const struct dlb *dlb, enum dlb_reg reg, unsigned int i,
			   unsigned int word);
void dlb_reg_write_word(const struct dlb *dlb, enum dlb_reg reg, unsigned int i, unsigned int word,
			uint32_t value);

/** Write the value a register has after reset; nothing where this version has no such register. */
void dlb_reg_restore(const struct dlb *dlb, enum dlb_reg reg, unsigned int i);

/** Bytes of a bar that its registers and pages lie in. */
uint64_t dlb_reg_end(const struct dlb *dlb, enum reg_bar bar);

/** A register, and where it is. */
struct dlb_reg_value {
	enum reg_bar bar;
	uint32_t offset; /**< bytes into the bar */
	uint32_t value;
};

/**
 * Read the registers that may be read without consequences, and tell those that do not have the
 * value they have after reset.
 *
 * @param cursor in: 0, or where the last call stopped; out: where this one did, 0 when it came to
 *               the end. One of its own making that lies behind all registers finds none.
 * @param found out: up to `max` of them
 * @return how many
 */
unsigned int dlb_reg_changed(const struct dlb *dlb, uint32_t *cursor, struct dlb_reg_value found[],
			     unsigned int max);

/** Wait until the device has seen every write so far. */
void dlb_hw_flush(const struct dlb *dlb);

/**
 * Wake the device, or see whether it is awake: section 5.1.
 *
 * @return 0, or -EIO after one log line when it does not become ready
 */
int dlb_hw_wake(const struct dlb *dlb);

/** Set what all domains share: section 5.3. */
void dlb_hw_init(const struct dlb *dlb);

/** Program what dlb_plan settled and let events in: sections 5.4 to 5.10. */
void dlb_hw_domain_start(struct dlb *dlb);

/** The producer-port page of a port: bytes into bar 0. */
uint64_t dlb_hw_page(const struct dlb_port *port);

/** Let the device schedule to a CQ, or stop it from doing so: section 5.11. */
void dlb_hw_cq_enable(const struct dlb_port *port, bool enable);

/**
 * Say from how many events under way on a port is left out when the device looks for one for a new
 * flow, section 10.10. For a load-balanced port of a 2.5.
 */
void dlb_hw_set_migration_threshold(const struct dlb_port *port);

/** Have a queue feed a slot of an LDB CQ that is at rest, at a priority 0..7: section 6.1. */
void dlb_hw_slot_map(const struct dlb_port *port, unsigned int slot, unsigned int queue,
		     unsigned int priority);

/** The contrary. */
void dlb_hw_slot_unmap(const struct dlb_port *port, unsigned int slot, unsigned int queue);

/** Change the priority of a slot that is mapped. */
void dlb_hw_slot_prioritise(const struct dlb_port *port, unsigned int slot, unsigned int priority);

/** What the scheduler remembers of a slot. */
enum dlb_slot_bit {
	DLB_SLOT_HAS_ATOMIC_WORK,
	DLB_SLOT_HAS_OTHER_WORK,
	DLB_SLOT_INFLIGHT_OK,
};

/** Force one bit of that: sections 6.5 and 6.6. */
void dlb_hw_slot_force(const struct dlb_port *port, unsigned int slot, bool value,
		       enum dlb_slot_bit bit);

/** QEs that wait in a queue of a started device. */
uint32_t dlb_hw_queue_depth(const struct dlb *dlb, const struct dlb_queue *q);

/** QEs ever enqueued to a queue since start. */
uint64_t dlb_hw_queue_enqueued(const struct dlb *dlb, const struct dlb_queue *q);

/** QEs ever scheduled to a port since start. */
uint64_t dlb_hw_port_scheduled(const struct dlb_port *p);

/**
 * Take back everything events could still be in: dequeue, hand to the application's flush callback,
 * release. Producers and consumers have stopped. Section 7.10.
 *
 * @return 0, or -ETIMEDOUT when the device stopped moving with events left in it
 */
int dlb_hw_drain(struct dlb *dlb);

/**
 * Undo dlb_hw_domain_start: section 8.1, which the drain has left little to do, and 8.3.
 *
 * @return 0, or -EFAULT when events, tokens or inflights are unaccounted for
 */
int dlb_hw_domain_reset(struct dlb *dlb);

#endif /* SLIPWAY_DLB_HW_H */
