/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_MODEL_PRIV_H
#define SLIPWAY_DSA_MODEL_PRIV_H

/**
 * @file
 * The control half of a DSA: configuration space, registers, commands, interrupts, errors. The work
 * half (dsa_work.h) knows nothing of them; what was configured is compiled for it when a command
 * enables something, and it tells of errors and interrupts.
 *
 * Two locks. `control` is taken at the door by whoever reads or writes a register, has a command
 * done, or resets; its holder may wait for engines. `report` guards what engines report to: error
 * registers, event log, interrupts. It is taken inside the other one or alone, by engines too, so
 * its holder waits for nothing.
 */

#include <stdatomic.h>

#include "bus_relax.h"
#include "dsa_layout.h"
#include "dsa_model.h"
#include "dsa_work.h"
#include "pci_config.h"
#include "regfile.h"

#define DSA_CACHE_LINE 64
/** Counters of the performance monitor. */
#define DSA_COUNTERS   8
/** MSI-X vectors there can be: one for all that is not of a WQ, and one per WQ. */
#define DSA_VECTORS_MAX (1 + DSA_WQS_MAX)
#define DSA_IMS_MAX     2048
#define DSA_HANDLE_WORDS(n) (((n) + 63) / 64)

struct dsa_lock {
	_Atomic uint32_t held;
};

static inline bool
dsa_lock_try(struct dsa_lock *l)
{
	return atomic_load_explicit(&l->held, memory_order_relaxed) == 0 &&
	       atomic_exchange_explicit(&l->held, 1, memory_order_acquire) == 0;
}

static inline void
dsa_lock(struct dsa_lock *l)
{
	for (unsigned int tries = 0; !dsa_lock_try(l); tries++)
		bus_relax(tries);
}

/* Pairs with the acquire of whoever takes it next. */
static inline void
dsa_unlock(struct dsa_lock *l)
{
	atomic_store_explicit(&l->held, 0, memory_order_release);
}

/** A command under way. */
struct dsa_cmd {
	_Atomic bool active; /**< any thread looks; changed under `control` */
	bool begun;          /**< it waits for marked work to end */
	uint32_t word;       /**< as it was written */
	uint64_t wqs;        /**< queues it waits for */
	unsigned int result; /**< for CMDSTATUS */
	uint8_t fail_next;   /**< what the next one is to end with: dsa_model_fail_command */
};

/** A table of interrupt handles, by entry: those that software has requested. */
struct dsa_handles {
	uint64_t msix[DSA_HANDLE_WORDS(DSA_VECTORS_MAX)];
	uint64_t ims[DSA_HANDLE_WORDS(DSA_IMS_MAX)];
};

/** A counter of the performance monitor. */
struct dsa_counter {
	uint64_t base; /**< events that had happened when `count` was right */
	uint64_t count;
	bool running; /**< enabled, and not frozen */
};

struct dsa_model {
	struct bus_device dev;
	struct bus_host *host;
	struct dsa_model_config config;
	enum dsa_column version;
	struct dsa_layout layout;
	struct reg_row rows[DSA_REG_COUNT]; /**< where this device has them */
	struct reg_table table;
	struct regfile *regs;
	struct pci_config pci;
	struct dsa_work *work;
	uint64_t gencap, wqcap, opcap[4];
	_Atomic uint64_t stray;

	/* Read on every post. */
	_Alignas(DSA_CACHE_LINE) _Atomic bool answers; /**< bars can be reached */
	uint64_t portals;                              /**< bytes of BAR2 that are portals */

	_Alignas(DSA_CACHE_LINE) struct dsa_lock control;
	struct dsa_cmd cmd;
	enum dsa_wq_state wq_state[DSA_WQS_MAX];
	uint64_t garbage; /**< what reads of CMD give */
	uint64_t arming;  /**< WQs whose occupancy interrupt is being armed */
	_Atomic bool perf_on; /**< a counter is on: steps look at it */

	_Alignas(DSA_CACHE_LINE) struct dsa_lock report;
	bool may_master; /**< memory can be reached, and interrupts sent */
	bool ims_waits;  /**< some entry may be pending */
	struct dsa_handles handles;
	struct dsa_counter counter[DSA_COUNTERS];
};

static inline struct dsa_model *
dsa_model_of(struct bus_device *dev)
{
	return (struct dsa_model *)dev;
}

static inline uint64_t
dsa_reg(const struct dsa_model *m, enum dsa_reg row, uint32_t i)
{
	return regfile_value(m->regs, (struct reg_at){.row = (uint16_t)row, .i = i});
}

static inline void
dsa_reg_set(struct dsa_model *m, enum dsa_reg row, uint32_t i, uint64_t value)
{
	regfile_set(m->regs, (struct reg_at){.row = (uint16_t)row, .i = i}, value);
}

static inline enum dsa_state
dsa_state(const struct dsa_model *m)
{
	return (enum dsa_state)REG_GET(DSA_GENSTS_STATE, dsa_reg(m, DSA_GENSTS, 0));
}

/** Control lock held; read with either lock, so written with both. */
static inline void
dsa_wq_state_set(struct dsa_model *m, unsigned int wq, enum dsa_wq_state state)
{
	dsa_lock(&m->report);
	m->wq_state[wq] = state;
	dsa_unlock(&m->report);
}

static inline bool
dsa_has_row(const struct dsa_model *m, enum dsa_reg row)
{
	return m->rows[row].offset[m->version] != REG_NONE;
}

/* dsa_config.c: what the device is made of, and what its registers are after a reset. */

/** 0, or -EINVAL, -ENOMEM. */
int dsa_config_create(struct dsa_model *m);
void dsa_config_destroy(struct dsa_model *m);
/**
 * Registers to their reset values.
 *
 * @param software a software reset, which some survive
 */
void dsa_config_reset(struct dsa_model *m, bool software);
/** A WQ's registers alone: what Reset WQ clears. Its size, which is the device's, stays. */
void dsa_config_reset_wq(struct dsa_model *m, unsigned int wq);

/* dsa_pci.c: configuration space. Control lock held. */

void dsa_pci_create(struct dsa_model *m);
uint64_t dsa_pci_bar2_bytes(const struct dsa_model *m);
/** Write, and do what that asks for. */
int dsa_pci_write(struct dsa_model *m, uint16_t off, const void *bytes, size_t len);
/** What COMMAND and the power state say has changed, or may have. */
void dsa_pci_apply(struct dsa_model *m);
bool dsa_pci_ats(const struct dsa_model *m);
bool dsa_pci_pasid(const struct dsa_model *m);
bool dsa_pci_priv(const struct dsa_model *m);
/** Page requests can be made: ATS is on, too. */
bool dsa_pci_prs(const struct dsa_model *m);
/** Page requests that may be outstanding are as many as there can be, and some. */
bool dsa_pci_prs_alloc_ok(const struct dsa_model *m);

/* dsa_regs.c: what reads and writes of registers do. Both locks held. */

void dsa_regs_hook(struct dsa_model *m);

/* dsa_cmd.c: commands. Control lock held. */

/** CMD was written. */
void dsa_cmd_wrote(struct dsa_model *m, uint32_t word);
/** Begin the command, or see whether what it waits for has ended. */
void dsa_cmd_step(struct dsa_model *m);
/** The device halts: a command that waits has failed. */
void dsa_cmd_halt(struct dsa_model *m);
/** It is forgotten. */
void dsa_cmd_reset(struct dsa_model *m);

/* dsa_enable.c: may it be enabled? Control lock held. */

enum dsa_command_error dsa_enable_check_device(const struct dsa_model *m);
enum dsa_command_error dsa_enable_check_wq(const struct dsa_model *m, unsigned int wq);
/** The group a WQ is in; the device is enabled. */
unsigned int dsa_enable_group_of(const struct dsa_model *m, unsigned int wq);

/* dsa_reset.c: the whole device. Control lock held. */

/** Power-on and function-level reset. */
void dsa_reset_all(struct dsa_model *m, bool power);
/** Command 5, once all work has ended. */
void dsa_reset_software(struct dsa_model *m);
void dsa_reset_halt(struct dsa_model *m, enum dsa_reset_type type);
/** Configuration space was changed while the device was not Disabled. */
void dsa_reset_changed(struct dsa_model *m);

/* dsa_irq.c: interrupts, section 13. Report lock held. */

/** Causes of vector 0, as bits of INTCAUSE. */
enum dsa_cause {
	DSA_CAUSE_SWERR = 0,
	DSA_CAUSE_CMD = 1,
	DSA_CAUSE_OCCUPANCY = 2,
	DSA_CAUSE_PERFMON = 3,
	DSA_CAUSE_HALT = 4,
	DSA_CAUSE_EVL = 5,
	DSA_CAUSE_REVOKED = 31,
};
/** Vector 0, and why. */
void dsa_irq_cause(struct dsa_model *m, enum dsa_cause cause);
/** Something that keeps interrupts pending may have gone. */
void dsa_irq_unmasked(struct dsa_model *m);
/** What keeps this entry's interrupt pending may have gone. */
void dsa_irq_entry_wrote(struct dsa_model *m, unsigned int entry, bool ims);
/** Does this handle name an entry, and which? */
bool dsa_irq_entry(const struct dsa_model *m, unsigned int handle, bool ims, unsigned int *entry);
/** Commands 13 and 14: the result goes to *handle. */
enum dsa_command_error dsa_irq_request(struct dsa_model *m, unsigned int entry, bool ims,
				       unsigned int *handle);
enum dsa_command_error dsa_irq_release(struct dsa_model *m, unsigned int handle, bool ims);
/** All that were requested are invalid from now on. */
void dsa_irq_revoke(struct dsa_model *m);
/**
 * Wait for the occupancy of a WQ to be at its limit, if its registers say so: dsa_irq_armed is to
 * follow. Both locks held.
 */
void dsa_irq_arm_occupancy(struct dsa_model *m, unsigned int wq);
/**
 * Interrupts that were armed come from here on, at once where an occupancy is at its limit already.
 * Control lock held, and not the report lock: waits for engines, which may be waiting for that.
 */
void dsa_irq_armed(struct dsa_model *m);
/* For dsa_work_owner: these take the lock themselves. */
bool dsa_irq_handle_ok(void *owner, unsigned int handle, bool ims, bool pasid_enable,
		       uint32_t pasid);
void dsa_irq_completion(void *owner, unsigned int handle, bool ims);
void dsa_irq_occupancy(void *owner, unsigned int wq, uint64_t arming);

/* dsa_swerror.c: errors no completion record tells. Report lock held. */

/** Record it in SWERROR. */
void dsa_swerror(struct dsa_model *m, const struct dsa_error *error);
/** One that is about no descriptor. */
void dsa_swerror_code(struct dsa_model *m, uint8_t code);
/** For dsa_work_owner: takes the lock, and decides whether the event log has it. */
void dsa_swerror_of_work(void *owner, const struct dsa_error *error);
/** SWERROR's first quadword and the second one's upper half, as the event log has them too. */
uint64_t dsa_swerror_word0(const struct dsa_error *error);

/* dsa_evl.c: the event log, section 16.2. Report lock held. */

bool dsa_evl_enabled(const struct dsa_model *m);
/** Append an entry; false when it could not be written. */
bool dsa_evl_append(struct dsa_model *m, const struct dsa_error *error);
/** May the device be enabled with this log? */
bool dsa_evl_ok(const struct dsa_model *m);

/* dsa_perfmon.c: counters, section 19. Both locks held. */

void dsa_perfmon_hook(struct dsa_model *m);
void dsa_perfmon_reset(struct dsa_model *m);
/** Look whether a counter has overflowed. */
void dsa_perfmon_step(struct dsa_model *m);

#endif /* SLIPWAY_DSA_MODEL_PRIV_H */
