/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stddef.h>

#include "card_priv.h"

/* ---- Bytes of it ---- */

int
card_page_read(struct card *card, unsigned int off, void *bytes, size_t len)
{
	if (card->os.page == 0 || off > MIC_PAGE_BYTES || len > MIC_PAGE_BYTES - off)
		return -EINVAL;
	return mic_model_card_copy(card->model, card->os.page + off, bytes, len, false);
}

int
card_page_write(struct card *card, unsigned int off, const void *bytes, size_t len)
{
	if (card->os.page == 0 || off > MIC_PAGE_BYTES || len > MIC_PAGE_BYTES - off)
		return -EINVAL;
	/* One function does both ways; this way it only reads them. */
	return mic_model_card_copy(card->model, card->os.page + off, (void *)(uintptr_t)bytes, len,
				   true);
}

volatile void *
card_page(struct card *card)
{
	return card->os.page == 0 ? NULL
				  : card_host_memory(card, card->os.page, MIC_PAGE_BYTES,
						     BUS_PROT_READ | BUS_PROT_WRITE);
}

static void
put_byte(struct card *card, size_t off, uint8_t byte)
{
	/* Without the page there is nobody to tell. */
	(void)card_page_write(card, (unsigned int)off, &byte, 1);
}

static uint8_t
get_byte(struct card *card, size_t off, uint8_t otherwise)
{
	uint8_t byte;

	return card_page_read(card, (unsigned int)off, &byte, 1) == 0 ? byte : otherwise;
}

/* ---- Where it is ---- */

/* The host writes both halves before it boots the card, the low one first. */
static uint64_t
page_address(struct card *card)
{
	uint32_t lo = mic_model_card_read(card->model, MIC_SPAD14_AT);

	return (uint64_t)mic_model_card_read(card->model, MIC_SPAD15_AT) << 32 | lo;
}

int
card_page_find(struct card *card, const char **why)
{
	struct card_os *os = &card->os;
	uint64_t address = page_address(card);
	uint32_t magic;

	*why = "SPAD14 and SPAD15 hold no address of host memory";
	if (!mic_is_system(address) || address % 8 != 0 ||
	    address > MIC_ADDRESS_END - MIC_PAGE_BYTES)
		return -EAGAIN;
	*why = "host memory cannot be read there";
	if (mic_model_card_copy(card->model, address, &magic, sizeof(magic), false) < 0)
		return -EAGAIN;
	*why = "its magic is wrong";
	if (magic != MIC_PAGE_MAGIC)
		return -EAGAIN;
	os->page = address;
	if (card->config.era != CARD_ERA_A)
		os->node_id = get_byte(card, offsetof(struct mic_boot_params_d, node_id), 0);
	return 0;
}

unsigned int
card_node_id(const struct card *card)
{
	return card->os.node_id;
}

/* ---- Boot parameters, by era ---- */

static bool
is_era_a(const struct card *card)
{
	return card->config.era == CARD_ERA_A;
}

unsigned int
card_page_first_block(const struct card *card)
{
	return is_era_a(card) ? sizeof(struct mic_boot_params_a) : sizeof(struct mic_boot_params_d);
}

static uint8_t
doorbell_byte(int db)
{
	return db < 0 ? MIC_PAGE_NO_DOORBELL : (uint8_t)db;
}

void
card_page_put_config_db(struct card *card, int db)
{
	put_byte(card,
		 is_era_a(card) ? offsetof(struct mic_boot_params_a, h2c_config_db)
				: offsetof(struct mic_boot_params_d, h2c_config_db),
		 doorbell_byte(db));
}

void
card_page_put_shutdown_db(struct card *card, int db)
{
	if (is_era_a(card))
		put_byte(card, offsetof(struct mic_boot_params_a, h2c_shutdown_db),
			 doorbell_byte(db));
}

bool
card_page_shutdown_wanted(struct card *card)
{
	return is_era_a(card) &&
	       get_byte(card, offsetof(struct mic_boot_params_a, shutdown_card), 0) != 0;
}

void
card_page_tell_shutdown(struct card *card, enum mic_shutdown status)
{
	if (!is_era_a(card))
		return;
	put_byte(card, offsetof(struct mic_boot_params_a, shutdown_status), (uint8_t)status);
	card_ring(card, get_byte(card, offsetof(struct mic_boot_params_a, c2h_shutdown_db),
				 MIC_PAGE_NO_DOORBELL));
}
