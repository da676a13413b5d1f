/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Calling functions on the card: one line is written to its memory, and one is read from there. No
 * lock, no register but for the doorbell of a card that sleeps.
 */

#include <errno.h>
#include <string.h>

#include <rte_atomic.h>
#include <rte_branch_prediction.h>
#include <rte_rawdev_pmd.h>

#include "mic_mailbox.h"
#include "mic_priv.h"

static inline struct mic_mailbox_slot *
slot_of(const struct rte_pmd_mic_function *fn, uint64_t sequence)
{
	struct mic_mailbox_slot *slots = fn->line;

	return &slots[(sequence - 1) % MIC_MAILBOX_SLOTS];
}

static inline struct mic_dev *
dev_of(const struct rte_pmd_mic_function *fn)
{
	return ((struct mic *)rte_rawdevs[fn->dev_id].dev_private)->dev;
}

/* The answer to the request that was in a slot before, or that nothing was, makes it free. */
static inline bool
is_free(const struct rte_pmd_mic_function *fn, uint64_t sequence)
{
	return sequence <= MIC_MAILBOX_SLOTS || fn->collected >= sequence - MIC_MAILBOX_SLOTS;
}

int
rte_pmd_mic_call(struct rte_pmd_mic_function *fn, const uint64_t args[6])
{
	uint64_t sequence = fn->sequence + 1;
	struct mic_mailbox_line *line = &slot_of(fn, sequence)->request;

	if (unlikely(!is_free(fn, sequence)))
		return -ENOSPC;
	memcpy(line->arg, args, sizeof(line->arg));
	/* The arguments, and what they lead to, before the number that the card polls for. It pairs
	 * with the card's read of the number before the arguments.
	 */
	rte_wmb();
	*(volatile uint64_t *)&line->sequence = sequence;
	fn->sequence = sequence;
	/* The number before the look whether the card sleeps; pairs with the card's fence between
	 * saying that it does and its last look at the number.
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
	const struct mic_mailbox_line *line = &slot_of(fn, sequence)->answer;
	struct mic_dev *dev;

	if (*(const volatile uint64_t *)&line->sequence != sequence) {
		if ((fn->in_vain++ & fn->idle) != 0)
			return 0;
		dev = dev_of(fn);
		if (likely(dev != NULL))
			mic_dev_idle(dev);
		return 0;
	}
	/* The number before what it says is there; pairs with the card's barrier in front of it. */
	rte_rmb();
	memcpy(args, line->arg, sizeof(line->arg));
	*result = line->result;
	if (sequence > fn->collected)
		fn->collected = sequence;
	return 1;
}
