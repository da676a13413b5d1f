/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The card OS.
 *
 *   off --boot interrupt--> starting --device page found--> up --command, doorbell--> stopping
 *    ^                         |                             |                           |
 *    |                         +--not found, bad image-+     +--crash-+                  |
 *    |                                                 v              v                  |
 *    +--reset, from everywhere------------------------ down <---------+------------------+
 *
 * and from wherever it runs to hung, by command. Datasheet sections 12.4, 17.1 and 17.8.
 */

#include <stdlib.h>
#include <string.h>

#include "card_priv.h"

#define NS_PER_MS UINT64_C(1000000)
/* The host writes the page's address before it boots the card; it has had time enough after so many
 * tries so far apart.
 */
#define PAGE_TRY_NS (100 * NS_PER_MS)
#define PAGE_TRIES  50u
#define BIT(n)      (1u << (n))

static void
enter_state(struct card *card, enum card_state state)
{
	atomic_store(&card->state, state);
}

/* ---- Services ---- */

/* Its doorbells go with it: the next one's state may come to lie where this one's was. */
static void
service_forget(struct card *card, unsigned int i)
{
	struct card_os *os = &card->os;

	for (unsigned int h = 0; h < CARD_HOLDS && os->state[i] != NULL; h++)
		if (os->hold[h].state == os->state[i])
			os->hold[h].state = NULL;
	free(os->state[i]);
	os->state[i] = NULL;
}

static void
services_start(struct card *card)
{
	struct card_os *os = &card->os;
	const struct card_service *service;
	int ret;

	for (unsigned int i = 0; i < card->services; i++) {
		service = card->service[i];
		os->state[i] = calloc(1, service->size != 0 ? service->size : 1);
		ret = os->state[i] == NULL ? -1 : service->start(card, os->state[i]);
		if (ret == 0)
			continue;
		card_print(card, "%s: not started, error %d", service->name, -ret);
		service_forget(card, i);
	}
}

static uint64_t
services_step(struct card *card, uint64_t now)
{
	uint64_t next = BUS_NO_DEADLINE, other;

	for (unsigned int i = 0; i < card->services; i++) {
		if (card->os.state[i] == NULL)
			continue;
		other = card->service[i]->step(card, card->os.state[i], now);
		next = other < next ? other : next;
	}
	return next;
}

/* Later ones may count on earlier ones. */
static void
services_stop(struct card *card)
{
	for (unsigned int i = card->services; i-- > 0;) {
		if (card->os.state[i] == NULL)
			continue;
		if (card->service[i]->stop != NULL)
			card->service[i]->stop(card, card->os.state[i]);
		service_forget(card, i);
	}
}

/* ---- Ends ---- */

static void
go_down(struct card *card, enum card_state state)
{
	for (unsigned int i = 0; i < card->services; i++)
		service_forget(card, i);
	enter_state(card, state);
}

void
card_os_vanish(struct card *card)
{
	go_down(card, CARD_OFF);
	memset(&card->os, 0, sizeof(card->os));
	atomic_store(&card->typed, 0);
}

/* Sections 12.4 and 17.8: devices first, then the host is told, then nobody can ask any more. */
static void
stop_orderly(struct card *card)
{
	struct card_os *os = &card->os;

	if (os->up_ns != 0) {
		services_stop(card);
		card_blocks_stop(card);
		card_page_tell_shutdown(card, os->status);
		card_page_put_shutdown_db(card, -1);
	}
	card_print(card, "stopped: %s",
		   os->status == MIC_SHUTDOWN_HALTED    ? "halted"
		   : os->status == MIC_SHUTDOWN_RESTART ? "wants to be restarted"
							: "power is off");
	go_down(card, CARD_DOWN);
}

static void
crash(struct card *card)
{
	card->crashes++;
	card_print(card, "panic: crash as asked for");
	if (card->os.up_ns != 0) {
		card_page_put_config_db(card, -1);
		card_page_put_shutdown_db(card, -1);
		card_page_tell_shutdown(card, MIC_SHUTDOWN_CRASHED);
	}
	go_down(card, CARD_DOWN);
}

static void
hang(struct card *card)
{
	card_print(card, "hangs, as asked for");
	go_down(card, CARD_HUNG);
}

static void
begin_stop(struct card *card, enum mic_shutdown status)
{
	card->os.status = status;
	enter_state(card, CARD_STOPPING);
}

void
card_ask(struct card *card, enum card_command command)
{
	atomic_fetch_or(&card->typed, BIT(command));
}

unsigned int
card_shutdown_status(const struct card *card)
{
	return card->os.status;
}

/* The worst of what was asked for. */
static void
obey(struct card *card)
{
	unsigned int typed;

	if (atomic_load_explicit(&card->typed, memory_order_relaxed) == 0)
		return;
	typed = atomic_exchange(&card->typed, 0);
	if (typed & BIT(CARD_HANG))
		hang(card);
	else if (typed & BIT(CARD_CRASH))
		crash(card);
	else if (typed & BIT(CARD_POWEROFF))
		begin_stop(card, MIC_SHUTDOWN_POWER_OFF);
	else if (typed & BIT(CARD_HALT))
		begin_stop(card, MIC_SHUTDOWN_HALTED);
	else if (typed & BIT(CARD_RESTART))
		begin_stop(card, MIC_SHUTDOWN_RESTART);
}

/* ---- Start ---- */

static void
take_cmdline(struct card *card)
{
	struct card_os *os = &card->os;
	size_t len = os->boot.cmdline_len;

	if (os->boot.cmdline == 0 || len >= sizeof(os->cmdline) ||
	    !card_memory_has(card, os->boot.cmdline, len))
		return;
	memcpy(os->cmdline, card_memory(card, os->boot.cmdline), len);
	card_log_clean(os->cmdline, len);
}

/* What the host loaded, as it is in card memory. */
static const char *
check_image(struct card *card)
{
	struct card_os *os = &card->os;
	const struct mic_model_boot *boot = &os->boot;

	if (!card_memory_has(card, boot->image, boot->image_size))
		return "is not in card memory";
	if (boot->elf)
		return NULL;
	return card_image_check(card_memory(card, boot->image), boot->image_size, &os->image);
}

static void
introduce(struct card *card)
{
	const struct card_os *os = &card->os;

	card_print(card, "image of %llu bytes at 0x%llx%s%s%s",
		   (unsigned long long)os->boot.image_size, (unsigned long long)os->boot.image,
		   os->boot.elf ? ", elf mode" : "", os->image.version[0] != '\0' ? ": " : "",
		   os->image.version);
	card_print(card, "command line:%s%s", os->cmdline[0] == ' ' ? "" : " ", os->cmdline);
	if (os->boot.ramdisk != 0)
		card_print(card, "ramdisk of %llu bytes at 0x%llx",
			   (unsigned long long)os->boot.ramdisk_size,
			   (unsigned long long)os->boot.ramdisk);
	card_print(card, "memory %llu MiB, era %s, times by %llu",
		   (unsigned long long)card->config.model.gddr_size >> 20,
		   card_era_name(card->config.era), (unsigned long long)card->time_scale);
}

/* What was rung before there was anybody to hear it is forgotten. */
static void
begin(struct card *card, uint64_t now)
{
	struct card_os *os = &card->os;

	card_os_vanish(card);
	os->began = os->now = os->next_try = now;
	os->shutdown_db = os->config_db = -1;
	card->boots++;
	card->refusal_said = false;
	enter_state(card, CARD_STARTING);
	(void)mic_model_card_irqs(card->model);
	mic_model_boot(card->model, &os->boot);
	card_memory_start(card);
	card_log_start(card);
	take_cmdline(card);
	os->image_error = check_image(card);
	introduce(card);
	if (os->image_error == NULL)
		return;
	/* As the bootstrap does with images that it refuses. */
	mic_model_card_post(card->model, "nA");
	card_print(card, "stopped: the image %s", os->image_error);
	go_down(card, CARD_DOWN);
}

/* Section 17.1, from step 3 on. */
static void
come_up(struct card *card, uint64_t now)
{
	struct card_os *os = &card->os;

	card_print(card, "device page at 0x%llx", (unsigned long long)os->page);
	if (card->config.era != CARD_ERA_A)
		card_print(card, "node %u", os->node_id);
	/* Services end with what is there from here on. */
	os->up_ns = now != 0 ? now : 1;
	card_doorbells_start(card);
	card_dma_start(card);
	if (card->config.era == CARD_ERA_A) {
		os->shutdown_db = card_doorbell_get(card, &os->shutdown_db);
		card_page_put_shutdown_db(card, os->shutdown_db);
	}
	services_start(card);
	card_blocks_start(card);
	card_print(card, "up");
	enter_state(card, CARD_UP);
}

static uint64_t
look_for_page(struct card *card, uint64_t now)
{
	struct card_os *os = &card->os;
	const char *why;

	if (now < os->next_try)
		return os->next_try;
	if (card_page_find(card, &why) == 0) {
		come_up(card, now);
		return now;
	}
	if (++os->tries < PAGE_TRIES) {
		os->next_try = now + PAGE_TRY_NS / card->time_scale;
		return os->next_try;
	}
	card_print(card, "stopped: no device page: %s", why);
	go_down(card, CARD_DOWN);
	return BUS_NO_DEADLINE;
}

/* ---- Up ---- */

static uint64_t
serve(struct card *card, uint64_t now)
{
	card_doorbells_serve(card);
	obey(card);
	if (atomic_load(&card->state) != CARD_UP)
		return now;
	return services_step(card, now);
}

static uint64_t
run(struct card *card, uint64_t now)
{
	switch (atomic_load(&card->state)) {
	case CARD_STARTING:
		obey(card);
		if (atomic_load(&card->state) != CARD_STARTING)
			return now;
		return look_for_page(card, now);
	case CARD_UP:
		return serve(card, now);
	case CARD_STOPPING:
		stop_orderly(card);
		return BUS_NO_DEADLINE;
	default:
		return BUS_NO_DEADLINE;
	}
}

static void
say_refusal(struct card *card)
{
	if (card->refusal_said)
		return;
	card->refusal_said = true;
	card_print(card, "bootstrap: image refused: %s", mic_model_boot_error(card->model));
}

uint64_t
card_os_step(struct card *card, uint64_t now_ns)
{
	uint32_t generation;
	enum mic_model_power power = mic_model_power(card->model, &generation);

	if (generation != card->generation || power != MIC_POWER_RUNNING) {
		if (atomic_load(&card->state) != CARD_OFF)
			card_os_vanish(card);
		card->refusal_said &= generation == card->generation;
		card->generation = generation;
	}
	if (power == MIC_POWER_REFUSED)
		say_refusal(card);
	if (power != MIC_POWER_RUNNING)
		return BUS_NO_DEADLINE;
	if (atomic_load(&card->state) == CARD_OFF) {
		begin(card, now_ns);
		return now_ns;
	}
	card->os.now = now_ns;
	return run(card, now_ns);
}
