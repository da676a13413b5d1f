/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Functions that run on a virtual card: where they are (mic_mailbox.h). All that the card says is
 * checked to lie in its memory before it is used; what is handed out stays inside whatever the card
 * writes later.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_common.h>

#include "access.h"
#include "mic_mailbox.h"
#include "mic_priv.h"

/* A card in this process gets on by whoever polls for an answer. One elsewhere gets on by itself,
 * and its socket is looked at once in so many polls: for its end, and for a card that asks for host
 * memory by messages.
 */
#define IDLE_MASK 63u

/* The directory, copied before it is looked at. */
static int
read_directory(struct mic *mic, struct mic_mailbox *to)
{
	uint32_t at = mic_dev_read(mic->dev, MIC_SPAD_AT(MIC_MAILBOX_SPAD));
	const void *from = at % sizeof(uint64_t) == 0
				   ? mic_dev_aperture(mic->dev, at, sizeof(*to))
				   : NULL;

	/* Not there, or not yet. */
	if (at == 0 || from == NULL)
		return -ENOENT;
	memcpy(to, from, sizeof(*to));
	return to->magic == MIC_MAILBOX_MAGIC && to->count <= MIC_MAILBOX_FUNCTIONS ? 0 : -ENOENT;
}

static const struct mic_mailbox_function *
find(const struct mic_mailbox *m, const char *name)
{
	uint32_t i;

	for (i = 0; i < m->count; i++) {
		const struct mic_mailbox_function *f = &m->function[i];

		if (memchr(f->name, '\0', sizeof(f->name)) != NULL && strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

static bool
is_inside(struct mic *mic, const struct mic_mailbox_function *f)
{
	const uint64_t slots = MIC_MAILBOX_SLOTS * sizeof(struct mic_mailbox_slot);

	return f->slots % sizeof(struct mic_mailbox_slot) == 0 &&
	       mic_dev_aperture(mic->dev, f->slots, slots) != NULL &&
	       f->memory % sizeof(struct mic_mailbox_slot) == 0 &&
	       (f->memory_size == 0 ||
		mic_dev_aperture(mic->dev, f->memory, f->memory_size) != NULL);
}

/* The card counts on, whoever calls. Requests that have no answer yet keep their slots. */
static void
go_on(struct rte_pmd_mic_function *fn)
{
	const struct mic_mailbox_slot *slots = fn->line;
	uint64_t last = 0, unanswered = 0, turn;
	uint32_t i;

	for (i = 0; i < MIC_MAILBOX_SLOTS; i++) {
		turn = *(const volatile uint64_t *)&slots[i].turn;
		unanswered += turn != 0 && turn % 2 == 0;
		if (turn <= last)
			continue;
		last = turn;
		fn->slot = i;
	}
	fn->sequence = last / 2;
	fn->collected = fn->sequence - unanswered;
}

int
rte_pmd_mic_function(uint16_t dev_id, const char *name, struct rte_pmd_mic_function *fn)
{
	struct mic *mic = mic_of_id(dev_id);
	const struct mic_mailbox_function *f;
	struct mic_mailbox directory;
	struct mic_mailbox *there;
	int ret = mic != NULL ? read_directory(mic, &directory) : -ENODEV;

	if (ret < 0)
		return ret;
	f = find(&directory, name);
	if (f == NULL)
		return -ENOENT;
	if (!is_inside(mic, f)) {
		MIC_LOG(ERR, mic->name,
			"function %s: slots at %#" PRIx64 ", memory at %#" PRIx64 "+%#" PRIx64
			"; accepted: inside the aperture of %#" PRIx64 " bytes",
			name, f->slots, f->memory, f->memory_size,
			mic_dev_aperture_size(mic->dev));
		return -EIO;
	}
	there = mic_dev_aperture(mic->dev, mic_dev_read(mic->dev, MIC_SPAD_AT(MIC_MAILBOX_SPAD)),
				 sizeof(*there));
	if (there == NULL)
		return -ENOENT;
	*fn = (struct rte_pmd_mic_function){
		.dev_id = dev_id,
		.slots = MIC_MAILBOX_SLOTS,
		.line = mic_dev_aperture(mic->dev, f->slots, 1),
		.memory = f->memory,
		.memory_size = f->memory_size,
		.doorbell = f->h2c_db,
		.awake = &there->function[f - directory.function].awake,
		.idle = access_is_private(mic_dev_access(mic->dev)) ? 0 : IDLE_MASK,
	};
	go_on(fn);
	return 0;
}
