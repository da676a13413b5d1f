/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SERVE_INJECT_H
#define SLIPWAY_SERVE_INJECT_H

/**
 * @file
 * Faults on purpose in a served DLB, each of which the device then really has:
 *
 *     full-queue QUEUE             what is in the queue stays there, and it fills up: the limit of
 *                                  what a load-balanced queue may have in flight is 0, the CQ of a
 *                                  directed one is disabled
 *     slow-consumer PORT [PERCENT] the port's CQ gets entries for so much of the time only: it is
 *                                  disabled for the rest of each 10 ms
 *     dropped-interrupt VECTOR [COUNT]  the next interrupts of a vector are not delivered
 *     alarm KIND                   a port that nobody uses sends a bad command
 *     clear                        the driver's own values are back
 *
 * The first two hold a register at a value. Registers show it; what the driver writes there is kept
 * and comes into force when the fault is cleared.
 */

#include "ctl_text.h"
#include "serve_regs.h"

#define SERVE_FAULTS 32u

/** A fault that lasts. */
struct serve_fault {
	bool used;
	char name[48]; /**< "slow-consumer ldb:3 25" */
	enum dlb_reg row;
	uint32_t i;
	bool held; /**< the register is at `value` now, */
	uint32_t value;
	uint32_t wanted;      /**< and this is what the driver wrote */
	unsigned int percent; /**< of the time it is not held, 0 to 99 */
	uint64_t turn;        /**< when that changes; 0 when it never does */
	bool interrupt;       /**< no register, but a vector: */
	unsigned int vector;
	uint64_t left, dropped;
};

/** The faults of a device. */
struct serve_inject {
	const struct serve_regs *regs;
	/** Post a line at an offset of BAR 0, as any host would. */
	void (*post)(void *arg, uint64_t off, const void *line, unsigned int len);
	void *arg;
	struct serve_fault fault[SERVE_FAULTS];
	uint64_t count; /**< that have been injected */
	bool paused;
};

/** Answer a request: what follows "inject". `now_ns` is of the clock of bus step. */
void serve_inject_answer(struct serve_inject *inject, const char *text, size_t len, uint64_t now_ns,
			 struct ctl_text *t);

/** The names of what is in force, as JSON strings with commas. */
void serve_inject_names(const struct serve_inject *inject, struct ctl_text *t);

/** The driver writes a register: what is to be written instead. */
uint32_t serve_inject_write(struct serve_inject *inject, unsigned int bar, uint64_t off,
			    uint32_t value);

/** The device has been reset: its registers are not held until the driver writes them. */
void serve_inject_reset(struct serve_inject *inject);

/**
 * A part of the device is reset while others go on: faults are not to keep it from becoming empty.
 * Afterwards its registers are not held until the driver writes them.
 */
void serve_inject_pause(struct serve_inject *inject, bool pause);

/** Is this interrupt to be dropped? */
bool serve_inject_drops(struct serve_inject *inject, unsigned int vector);

/** Hold and let go as time says: when to be called again, or BUS_NO_DEADLINE. */
uint64_t serve_inject_step(struct serve_inject *inject, uint64_t now_ns);

#endif /* SLIPWAY_SERVE_INJECT_H */
