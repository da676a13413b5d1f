/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_HW_H
#define SLIPWAY_DSA_HW_H

/**
 * @file
 * A whole device by its registers: single ones (dsa_reg.c), commands and errors (dsa_hw.c), how it
 * is divided and its work queues (dsa_divide.c). Control path; who may be there at once with others
 * holds the device's lock.
 */

#include "dsa_priv.h"
#include "dsa_regs.h"

/** How long the device may take for a command; a drain waits for all work before it. */
#define DSA_WAIT_MS 5000

/* ---- Registers: i of a table's entries, word of a register that has several ---- */

uint64_t dsa_reg_read(const struct dsa *dsa, enum dsa_reg reg, unsigned int i, unsigned int word);
void dsa_reg_write(const struct dsa *dsa, enum dsa_reg reg, unsigned int i, unsigned int word,
		   uint64_t value);

/* ---- The device ---- */

/** Is it in a state it can leave, is it a DSA at all? Then Reset Device, and what it can do. */
int dsa_hw_open(struct dsa *dsa);

/**
 * Have a command done: 0, -EIO with a log line that names its error, -ETIMEDOUT, -ENODEV when the
 * device has gone.
 */
int dsa_hw_command(struct dsa *dsa, enum dsa_command command, uint32_t operand);

/** The same for a command on one work queue, by bitmap. */
int dsa_hw_wq_command(struct dsa *dsa, enum dsa_command command, const struct dsa_wq *wq);

/** Has it halted, or gone? */
bool dsa_hw_halted(const struct dsa *dsa);

/** What WQCFG says of a work queue. */
enum dsa_wq_state dsa_hw_wq_state(const struct dsa *dsa, const struct dsa_wq *wq);
uint32_t dsa_hw_wq_occupancy(const struct dsa *dsa, const struct dsa_wq *wq);

/** Look whether the device has recorded an error; log and count it, and let it record the next. */
void dsa_hw_poll_error(struct dsa *dsa);

/** Names, for messages: "Enable WQ", "WQ size is 0", "memory move", "page fault". */
const char *dsa_command_name(unsigned int command);
const char *dsa_command_error_name(unsigned int error);
const char *dsa_opcode_name(unsigned int opcode);
const char *dsa_status_name(unsigned int status);

/* ---- How it is divided ---- */

/** Settle groups, engines and work queues by the device arguments; logs what cannot be. */
int dsa_divide_plan(struct dsa *dsa);

/** Program what was settled, and enable the device: its work queues are off. */
int dsa_divide_apply(struct dsa *dsa);

/** Disable it. */
void dsa_divide_release(struct dsa *dsa);

/* ---- One work queue that somebody else has configured (dsa_about.c) ---- */

/** Learn from the server what it gives: whether a whole device, and if not, of which queue. */
int dsa_about_learn(struct dsa *dsa);

#endif /* SLIPWAY_DSA_HW_H */
