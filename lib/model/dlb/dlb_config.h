/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_CONFIG_H
#define SLIPWAY_DLB_CONFIG_H

/**
 * @file
 * What the files have in common that turn registers into run-time tables. Lock held.
 */

#include "dlb_model_priv.h"

/** The owner that hooks are called with. */
static inline struct dlb_model *
dlb_model_of(void *owner)
{
	return owner;
}

/** What instance i of a register holds. */
static inline uint32_t
dlb_reg_get(const struct dlb_model *m, enum dlb_reg row, uint32_t i)
{
	return regfile_get(m->regs, row, i);
}

/** Give the register file a group of hooks. */
#define DLB_HOOK(m, hooks) regfile_hook((m)->regs, hooks, sizeof(hooks) / sizeof((hooks)[0]))

/** dlb_config_cq.c: consumer queues, history lists and links. */
void dlb_config_cq_hook(struct dlb_model *m);
/** Read the bounds of an LDB CQ's history list again; what the list held counts as completed. */
void dlb_config_history(struct dlb_model *m, uint32_t id);
/** dlb_config_count.c: counters, and live counts. */
void dlb_config_count_hook(struct dlb_model *m);
/** dlb_mailbox.c: mailboxes of virtual functions. */
void dlb_mailbox_hook(struct dlb_model *m);
/** dlb_alarm.c: alarms. */
void dlb_alarm_hook(struct dlb_model *m);

#endif /* SLIPWAY_DLB_CONFIG_H */
