/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "card_test_rig.h"

#include <stdio.h>
#include <string.h>

#define SETTLE_STEPS 1000u
#define COMMAND_AT   4u

static void
console(void *arg, const char *line)
{
	struct card_rig *r = arg;
	int n = snprintf(r->text + r->text_len, CARD_RIG_TEXT - r->text_len, "%s\n", line);

	r->text_len += (size_t)n < CARD_RIG_TEXT - r->text_len ? (size_t)n : 0;
}

int
card_rig_plug(struct card_rig *r, const struct card_config *config)
{
	struct card_config c = config == NULL ? (struct card_config){0} : *config;
	int ret;

	c.model.gddr = r->rig.gddr;
	c.model.gddr_size = RIG_GDDR_BYTES;
	c.model.gddr_fd = -1;
	c.console = console;
	c.arg = r;
	ret = card_create(&c, &r->rig.host.host, &r->rig.dev);
	if (ret < 0)
		return ret;
	rig_config_write(&r->rig, COMMAND_AT, 2, RIG_COMMAND_ON);
	for (unsigned int n = 0; n < 1000; n++) {
		if (mic_model_power(card_model(r->rig.dev), NULL) == MIC_POWER_READY)
			break;
		(void)rig_pass(&r->rig, 100 * RIG_MS);
	}
	return 0;
}

/* The bench of the model, with the card in place of its model. */
int
card_rig_open(struct card_rig *r, const struct card_config *config)
{
	int ret;

	memset(r, 0, sizeof(*r));
	ret = rig_open(&r->rig, NULL);
	if (ret < 0)
		return ret;
	mic_model_destroy(r->rig.dev);
	return card_rig_plug(r, config);
}

uint64_t
card_rig_close(struct card_rig *r)
{
	uint64_t stray = mic_model_stray(card_model(r->rig.dev));

	card_destroy(r->rig.dev);
	free(r->rig.gddr);
	test_host_destroy(&r->rig.host);
	return stray;
}

void
card_rig_pass(struct card_rig *r, unsigned int ms)
{
	while (ms-- > 0)
		(void)rig_pass(&r->rig, RIG_MS);
}

void
card_rig_settle(struct card_rig *r)
{
	for (unsigned int n = 0; n < SETTLE_STEPS; n++)
		if (rig_pass(&r->rig, 0) > r->rig.now)
			return;
}

uint8_t *
card_rig_page_at(struct card_rig *r, unsigned int off)
{
	return (uint8_t *)rig_memory(&r->rig, 0) + off;
}

void
card_rig_page(struct card_rig *r, enum card_era era)
{
	struct mic_boot_params_a a = {.magic = MIC_PAGE_MAGIC,
				      .c2h_shutdown_db = 1,
				      .h2c_shutdown_db = MIC_PAGE_NO_DOORBELL,
				      .h2c_config_db = MIC_PAGE_NO_DOORBELL};
	struct mic_boot_params_d d = {.magic = MIC_PAGE_MAGIC,
				      .h2c_config_db = MIC_PAGE_NO_DOORBELL,
				      .node_id = 7,
				      .h2c_scif_db = MIC_PAGE_NO_DOORBELL,
				      .c2h_scif_db = MIC_PAGE_NO_DOORBELL};

	memset(card_rig_page_at(r, 0), 0, MIC_PAGE_BYTES);
	if (era == CARD_ERA_A)
		memcpy(card_rig_page_at(r, 0), &a, sizeof(a));
	else
		memcpy(card_rig_page_at(r, 0), &d, sizeof(d));
	rig_write(&r->rig, MIC_SPAD14_AT, (uint32_t)CARD_RIG_MIC(0));
	rig_write(&r->rig, MIC_SPAD15_AT, (uint32_t)(CARD_RIG_MIC(0) >> 32));
}

void
card_rig_image(struct card_rig *r, const char *cmdline)
{
	(void)card_image_write(&r->rig.gddr[RIG_LOAD], CARD_RIG_IMAGE, "test");
	memcpy(&r->rig.gddr[RIG_LOAD + CARD_RIG_IMAGE], cmdline, strlen(cmdline) + 1);
	rig_write(&r->rig, MIC_SPAD5_AT, CARD_RIG_IMAGE);
}

void
card_rig_boot(struct card_rig *r)
{
	rig_boot(&r->rig);
}

bool
card_rig_start(struct card_rig *r)
{
	card_rig_page(r, CARD_ERA_A);
	card_rig_image(r, " mem=32M quiet");
	card_rig_boot(r);
	card_rig_settle(r);
	return card_state(r->rig.dev) == CARD_UP;
}

void
card_rig_reset(struct card_rig *r)
{
	rig_write(&r->rig, MIC_SPAD2_AT, 0);
	rig_write(&r->rig, MIC_RGCR_AT, 1);
	for (unsigned int n = 0; n < 1000; n++) {
		(void)rig_pass(&r->rig, 100 * RIG_MS);
		if (mic_model_power(card_model(r->rig.dev), NULL) == MIC_POWER_READY)
			return;
	}
}

void
card_rig_ring(struct card_rig *r, unsigned int h2c_db)
{
	uint32_t at = mic_h2c_at(h2c_db);

	rig_write(&r->rig, at, mic_h2c_value(h2c_db, rig_read(&r->rig, at)));
}

uint32_t
card_rig_rung(struct card_rig *r)
{
	uint32_t status = rig_read(&r->rig, MIC_SICR0_AT);

	rig_write(&r->rig, MIC_SICR0_AT, status);
	return status;
}

bool
card_rig_printed(const struct card_rig *r, const char *text)
{
	return strstr(r->text, text) != NULL;
}
