/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "card_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bus_relax.h"

#define POLL_US_DEFAULT 50u

static const struct card_service *const standard_services[] = {&card_service_functions, NULL};

static struct card *
card_of(struct bus_device *dev)
{
	return (struct card *)dev;
}

/* ---- What a host may ask: the model has it ---- */

static int
config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct bus_device *model = card_of(dev)->model;

	return model->ops->config(model, off, bytes, len, write);
}

static int
describe(struct bus_device *dev, struct bus_region regions[], unsigned int max)
{
	struct bus_device *model = card_of(dev)->model;

	return model->ops->describe(model, regions, max);
}

static uint64_t
read_register(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct bus_device *model = card_of(dev)->model;

	return model->ops->read(model, bar, off, size);
}

static void
write_register(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
	       unsigned int size)
{
	struct bus_device *model = card_of(dev)->model;

	model->ops->write(model, bar, off, value, size);
}

static void
post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line, unsigned int len)
{
	struct bus_device *model = card_of(dev)->model;

	model->ops->post(model, bar, off, line, len);
}

static void
reset(struct bus_device *dev, enum bus_reset kind)
{
	struct bus_device *model = card_of(dev)->model;

	model->ops->reset(model, kind);
}

/* ---- Time ---- */

/* Who had it: CARD_HAND_NONE when it is the caller's now. */
static enum card_hand
enter(struct card *card, enum card_hand hand)
{
	enum card_hand had = CARD_HAND_NONE;

	/* Pairs with the release in leave. */
	atomic_compare_exchange_strong(&card->hand, &had, hand);
	return had;
}

static void
leave(struct card *card)
{
	atomic_store_explicit(&card->hand, CARD_HAND_NONE, memory_order_release);
}

/* The card OS stands still meanwhile. */
static struct card *
hold(struct bus_device *dev)
{
	struct card *card = card_of(dev);

	for (unsigned int tries = 0; enter(card, CARD_HAND_HOLDS) != CARD_HAND_NONE; tries++)
		bus_relax(tries);
	return card;
}

/* Pointers to host memory live as long as a step of the card OS: whoever has some is waited for. */
static void
remap(struct bus_device *dev)
{
	struct bus_device *model = card_of(dev)->model;

	model->ops->remap(model);
	leave(hold(dev));
}

/* Of several threads each has looked at the clock before it was its turn: the card's time does not
 * go back for that.
 */
static uint64_t
advance(struct card *card, uint64_t now_ns)
{
	if (now_ns > card->now_ns)
		card->now_ns = now_ns;
	return card->now_ns;
}

/* One thread runs the card OS; who comes meanwhile has it run once more. */
static uint64_t
step(struct bus_device *dev, uint64_t now_ns)
{
	struct card *card = card_of(dev);
	uint64_t next = card->model->ops->step(card->model, now_ns), os;
	enum card_hand had;

	/* Before: what the caller did, as ringing a doorbell. After: the try. Pairs with the look
	 * at `dirty` after leaving: of the two, one sees what the other did.
	 */
	atomic_store(&card->dirty, true);
	for (unsigned int tries = 0; atomic_load(&card->dirty); tries++) {
		had = enter(card, CARD_HAND_STEPS);
		if (had == CARD_HAND_STEPS)
			break;
		if (had == CARD_HAND_HOLDS) {
			bus_relax(tries);
			continue;
		}
		atomic_exchange(&card->dirty, false);
		os = card_os_step(card, advance(card, now_ns));
		next = os < next ? os : next;
		leave(card);
		/* Keeps the look at `dirty` behind the leaving, which is but a release. */
		atomic_thread_fence(memory_order_seq_cst);
	}
	return next;
}

static const struct bus_device_ops ops = {
	.config = config,
	.describe = describe,
	.read = read_register,
	.write = write_register,
	.post = post,
	.step = step,
	.reset = reset,
	.remap = remap,
};

/* ---- Life ---- */

static int
choose_services(struct card *card, const struct card_service *const *services)
{
	for (services = services != NULL ? services : standard_services; *services != NULL;
	     services++) {
		if (card->services == CARD_SERVICES || (*services)->start == NULL ||
		    (*services)->step == NULL)
			return -EINVAL;
		card->service[card->services++] = *services;
	}
	return 0;
}

int
card_create(const struct card_config *config_of, struct bus_host *host, struct bus_device **dev)
{
	struct card *card;
	int ret;

	if ((unsigned int)config_of->era > CARD_ERA_D)
		return -EINVAL;
	card = calloc(1, sizeof(*card));
	if (card == NULL)
		return -ENOMEM;
	card->dev.ops = &ops;
	card->config = *config_of;
	card->time_scale = config_of->model.time_scale != 0 ? config_of->model.time_scale : 1;
	if (card->config.functions_poll_us == 0)
		card->config.functions_poll_us = POLL_US_DEFAULT;
	if (card->config.functions_looks == 0)
		card->config.functions_looks = 1;
	ret = choose_services(card, config_of->services);
	if (ret == 0)
		ret = mic_model_create(&config_of->model, host, &card->model);
	if (ret < 0) {
		free(card);
		return ret;
	}
	(void)mic_model_power(card->model, &card->generation);
	*dev = &card->dev;
	return 0;
}

void
card_destroy(struct bus_device *dev)
{
	struct card *card = card_of(dev);

	if (card == NULL)
		return;
	card_os_vanish(card);
	mic_model_destroy(card->model);
	free(card);
}

/* ---- From outside ---- */

struct bus_device *
card_model(struct bus_device *dev)
{
	return card_of(dev)->model;
}

enum card_state
card_state(const struct bus_device *dev)
{
	return atomic_load(&((const struct card *)dev)->state);
}

const char *
card_state_name(enum card_state state)
{
	static const char *const names[] = {
		[CARD_OFF] = "off",           [CARD_STARTING] = "starting", [CARD_UP] = "up",
		[CARD_STOPPING] = "stopping", [CARD_DOWN] = "down",         [CARD_HUNG] = "hung",
	};

	return (unsigned int)state <= CARD_HUNG ? names[state] : "?";
}

const char *
card_era_name(enum card_era era)
{
	static const char *const names[] = {
		[CARD_ERA_A] = "a",
		[CARD_ERA_C] = "c",
		[CARD_ERA_D] = "d",
	};

	return (unsigned int)era <= CARD_ERA_D ? names[era] : "?";
}

int
card_tell(struct bus_device *dev, enum card_command command)
{
	struct card *card = card_of(dev);
	enum card_state state = atomic_load(&card->state);

	if ((unsigned int)command > CARD_HANG || (state != CARD_STARTING && state != CARD_UP))
		return -EINVAL;
	card_ask(card, command);
	return 0;
}

static void
status_of_os(const struct card *card, struct card_status *status)
{
	const struct card_os *os = &card->os;
	uint16_t doorbells = 0;

	status->page = os->page;
	status->page_retries = os->tries;
	status->node_id = os->node_id;
	status->up_ns = os->up_ns;
	status->image_error = os->image_error;
	memcpy(status->version, os->image.version, sizeof(status->version));
	memcpy(status->cmdline, os->cmdline, sizeof(status->cmdline) - 1);
	status->blocks = os->blocks;
	for (unsigned int i = 0; i < CARD_HOLDS; i++)
		if (os->hold[i].state != NULL)
			doorbells |= (uint16_t)(1u << os->hold[i].db);
	status->doorbells = (unsigned int)__builtin_popcount(doorbells);
	for (unsigned int i = 0; i < os->extents; i++)
		status->memory_used += os->extent[i].len;
}

size_t
card_log_read(struct bus_device *dev, char *text, size_t size)
{
	struct card *card = hold(dev);
	size_t len = card_log_text(card, text, size);

	leave(card);
	return len;
}

void
card_status_read(struct bus_device *dev, struct card_status *status)
{
	struct card *card = hold(dev);

	*status = (struct card_status){
		.state = atomic_load(&card->state),
		.era = card->config.era,
		.boots = card->boots,
		.crashes = card->crashes,
		.memory_size = card->config.model.gddr_size,
		.dma_copies = card->dma_copies,
		.dma_bytes = card->dma_bytes,
		.dma_errors = card->dma_errors,
		.log_bytes = card->log_bytes,
		.log_lines = card->log_lines,
	};
	memcpy(status->h2c, card->h2c, sizeof(status->h2c));
	memcpy(status->c2h, card->c2h, sizeof(status->c2h));
	status_of_os(card, status);
	for (unsigned int i = 0; i < CARD_STATUS_FUNCTIONS; i++) {
		memcpy(status->function[i].name, card->function[i].name,
		       sizeof(status->function[i].name));
		status->function[i].calls = card->function[i].calls;
		status->function[i].refused = card->function[i].refused;
	}
	leave(card);
}
