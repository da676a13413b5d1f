/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Calling functions on the card: a line is written to its memory, and read from there when the card
 * has written it. No lock, no register but for the doorbell of a card that sleeps.
 */

#include <errno.h>
#include <string.h>

#include <rte_atomic.h>
#include <rte_branch_prediction.h>
#include <rte_rawdev_pmd.h>

#include "mic_mailbox.h"
#include "mic_priv.h"

/* Of a request whose answer has not been had: each has gone to the slot behind the one before. */
static inline struct mic_mailbox_slot *
slot_of(const struct rte_pmd_mic_function *fn, uint64_t sequence)
{
	struct mic_mailbox_slot *slots = fn->line;

	return &slots[(fn->slot - (fn->sequence - sequence)) % MIC_MAILBOX_SLOTS];
}

static inline struct mic_dev *
dev_of(const struct rte_pmd_mic_function *fn)
{
	return ((struct mic *)rte_rawdevs[fn->dev_id].dev_private)->dev;
}

int
rte_pmd_mic_call(struct rte_pmd_mic_function *fn, const uint64_t args[6])
{
	uint64_t sequence = fn->sequence + 1, waiting = fn->sequence - fn->collected;
	struct mic_mailbox_slot *slot;

	if (unlikely(waiting >= MIC_MAILBOX_SLOTS))
		return -ENOSPC;
	fn->slot += waiting != 0;
	fn->sequence = sequence;
	slot = slot_of(fn, sequence);
	memcpy(slot->arg, args, sizeof(slot->arg));
	/* The arguments, and what they lead to, before the turn that the card polls for. It pairs
	 * with the card's read of the turn before the arguments.
	 */
	rte_wmb();
	*(volatile uint64_t *)&slot->turn = MIC_MAILBOX_REQUEST(sequence);
	/* The turn before the look whether the card sleeps; pairs with the card's fence between
	 * saying that it does and its last look at the turn.
	 */
	rte_mb();
	if (unlikely(*fn->awake == 0))
		mic_dev_ring(dev_of(fn), fn->doorbell);
	return 0;
}

int
rte_pmd_mic_answer(struct rte_pmd_mic_function *fn, uint64_t sequence, uint64_t args[6],
		   int64_t *result)
{
	const struct mic_mailbox_slot *slot = slot_of(fn, sequence);
	struct mic_dev *dev;

	if (*(const volatile uint64_t *)&slot->turn != MIC_MAILBOX_ANSWER(sequence)) {
		if ((fn->in_vain++ & fn->idle) != 0)
			return 0;
		dev = dev_of(fn);
		if (likely(dev != NULL))
			mic_dev_idle(dev);
		return 0;
	}
	/* The turn before what it says is there; pairs with the card's barrier in front of it. */
	rte_rmb();
	memcpy(args, slot->arg, sizeof(slot->arg));
	*result = slot->result;
	if (sequence > fn->collected)
		fn->collected = sequence;
	return 1;
}
