/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_config.h"

/* Mailboxes of virtual functions as the physical function sees them, datasheet sections 3.2 and
 * 9.6. There are no virtual functions: nobody sends a request, takes a response or leaves its
 * reset, so words are stored and vectors change by the driver's writes alone.
 *
 * A vector has one bit for each function. There is one of each, which known drivers read and write
 * at function 0's place; the others show it too, as their reset values do (I).
 */

#define FUNCTIONS 16

static void
vector_wrote(void *owner, struct reg_at at, uint32_t value)
{
	for (uint32_t vf = 0; vf < FUNCTIONS; vf++)
		regfile_put(dlb_model_of(owner)->regs, at.row, vf, value);
}

static const struct reg_hook hooks[] = {
	{DLB_PF_VF2PF_MAILBOX_ISR, NULL, vector_wrote},
	{DLB_PF_VF2PF_FLR_ISR, NULL, vector_wrote},
	{DLB_PF_PF2VF_MAILBOX_ISR, NULL, vector_wrote},
	{DLB_PF_VF_RESET_IN_PROGRESS, NULL, vector_wrote},
};

void
dlb_mailbox_hook(struct dlb_model *m)
{
	DLB_HOOK(m, hooks);
}
