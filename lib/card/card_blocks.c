/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Device blocks: datasheet sections 14.3, 14.6, 17.2 and 17.5. The page is the host's: a block is
 * copied, then checked, and one that does not fit ends the scan. A block that no service wants is
 * still known, and its changes and removal are acknowledged, so that no host waits for nobody.
 */

#include <stddef.h>
#include <string.h>

#include "card_priv.h"

/* Does the card give a removed block's type back? Not as an era A card ends. */
#define KEEPS_TYPE(card, ends) ((ends) && (card)->config.era == CARD_ERA_A)

static struct mic_device_desc
sizes_of(const struct card_block *block)
{
	return (struct mic_device_desc){.num_vq = block->num_vq,
					.feature_len = block->feature_len,
					.config_len = block->config_len};
}

static unsigned int
ctrl_at(const struct card_block *block, size_t field)
{
	const struct mic_device_desc sizes = sizes_of(block);

	return block->offset + mic_block_ctrl(&sizes) + (unsigned int)field;
}

static void
put_ctrl(struct card *card, const struct card_block *block, size_t field, uint8_t byte)
{
	(void)card_page_write(card, ctrl_at(block, field), &byte, 1);
}

static const char *
type_name(uint8_t type)
{
	switch (type) {
	case MIC_DEVICE_NET: return "net";
	case MIC_DEVICE_BLOCK: return "block";
	case MIC_DEVICE_CONSOLE: return "console";
	default: return "unknown";
	}
}

/* ---- What is known ---- */

static struct card_known_block *
find(struct card *card, unsigned int offset)
{
	for (unsigned int i = 0; i < card->os.blocks; i++)
		if (card->os.block[i].block.offset == offset)
			return &card->os.block[i];
	return NULL;
}

static bool
call_service(struct card *card, int i, const struct card_block *block, enum card_block_event event)
{
	return i >= 0 && card->os.state[i] != NULL && card->service[i]->block != NULL &&
	       card->service[i]->block(card, card->os.state[i], block, event);
}

static void
forget(struct card *card, struct card_known_block *known)
{
	call_service(card, known->service, &known->block, CARD_BLOCK_REMOVED);
	*known = card->os.block[--card->os.blocks];
}

static void
add(struct card *card, const struct card_block *block)
{
	struct card_os *os = &card->os;
	int service = -1;

	if (os->blocks == CARD_BLOCKS)
		return;
	for (unsigned int i = 0; i < card->services && service < 0; i++)
		if (call_service(card, (int)i, block, CARD_BLOCK_NEW))
			service = (int)i;
	os->block[os->blocks++] = (struct card_known_block){*block, service};
	card_print(card, "device page: %s at %u, %s", type_name(block->type), block->offset,
		   service >= 0 ? card->service[service]->name : "no driver");
}

/* ---- What the host wants of it ---- */

static void
remove_block(struct card *card, struct card_known_block *known, bool ends)
{
	const struct card_block block = known->block;
	const uint8_t removed = MIC_DEVICE_REMOVED;

	forget(card, known);
	put_ctrl(card, &block, offsetof(struct mic_device_ctrl, guest_ack), 1);
	if (!KEEPS_TYPE(card, ends))
		(void)card_page_write(card, block.offset, &removed, 1);
	card_print(card, "device page: %s at %u removed", type_name(block.type), block.offset);
}

static void
see_to(struct card *card, struct card_known_block *known)
{
	uint8_t change = MIC_CONFIG_NONE;

	(void)card_page_read(
		card, ctrl_at(&known->block, offsetof(struct mic_device_ctrl, config_change)),
		&change, 1);
	if (change == MIC_CONFIG_REMOVE) {
		remove_block(card, known, false);
	} else if (change == MIC_CONFIG_CHANGED) {
		call_service(card, known->service, &known->block, CARD_BLOCK_CHANGED);
		put_ctrl(card, &known->block, offsetof(struct mic_device_ctrl, guest_ack), 1);
	}
}

/* ---- Scan ---- */

/* The type is written last by the host, so it is read first; the rest is what it was made of. */
static bool
read_block(struct card *card, unsigned int off, struct mic_device_desc *desc)
{
	uint8_t type;

	if (card_page_read(card, off, &type, 1) < 0)
		return false;
	/* Before: the type. After: what it says is there. Pairs with the host's write barrier. */
	atomic_thread_fence(memory_order_acquire);
	if (card_page_read(card, off, desc, sizeof(*desc)) < 0)
		return false;
	desc->type = type;
	return true;
}

static void
say_bad(struct card *card, unsigned int off, const struct mic_device_desc *desc)
{
	if (card->os.bad_block_said)
		return;
	card->os.bad_block_said = true;
	card_print(card, "device page: block at %u does not fit: %u queues, %u bytes", off,
		   desc->num_vq, mic_block_total(desc));
}

static void
found(struct card *card, const struct card_block *block)
{
	struct card_known_block *known = find(card, block->offset);

	/* Another one in its place. */
	if (known != NULL && memcmp(&known->block, block, sizeof(*block)) != 0) {
		forget(card, known);
		known = NULL;
	}
	if (known != NULL)
		see_to(card, known);
	else
		add(card, block);
}

void
card_blocks_scan(struct card *card)
{
	unsigned int off = card_page_first_block(card);
	struct card_known_block *known;
	struct mic_device_desc desc;

	for (; off <= MIC_PAGE_BYTES - sizeof(desc); off += mic_block_total(&desc)) {
		if (!read_block(card, off, &desc) || desc.type == MIC_DEVICE_END)
			return;
		if (!mic_block_ok(&desc, off)) {
			say_bad(card, off, &desc);
			return;
		}
		known = find(card, off);
		if (desc.type != MIC_DEVICE_REMOVED)
			found(card, &(struct card_block){off, desc.type, desc.num_vq,
							 desc.feature_len, desc.config_len});
		else if (known != NULL)
			forget(card, known);
	}
}

/* ---- Life ---- */

void
card_blocks_start(struct card *card)
{
	struct card_os *os = &card->os;

	card_blocks_scan(card);
	os->config_db = card_doorbell_get(card, &os->config_db);
	card_page_put_config_db(card, os->config_db);
}

/* The card itself asks for the removal of each, as a host would. */
void
card_blocks_stop(struct card *card)
{
	struct card_os *os = &card->os;

	card_page_put_config_db(card, -1);
	if (os->config_db >= 0)
		card_doorbell_put(card, (unsigned int)os->config_db, &os->config_db);
	os->config_db = -1;
	while (os->blocks > 0) {
		const struct card_block block = os->block[os->blocks - 1].block;

		put_ctrl(card, &block, offsetof(struct mic_device_ctrl, config_change),
			 MIC_CONFIG_REMOVE);
		remove_block(card, &os->block[os->blocks - 1], true);
		put_ctrl(card, &block, offsetof(struct mic_device_ctrl, config_change),
			 MIC_CONFIG_NONE);
		put_ctrl(card, &block, offsetof(struct mic_device_ctrl, guest_ack), 0);
	}
}
