/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "card_fuzz_target.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "card_test_rig.h"
#include "fuzz_input.h"

#define OPERATIONS_MAX 400u
#define STEPS_MAX      32u
/* To rest: time goes on in such steps, so that all waits end. */
#define REST_STEP_NS (100 * RIG_MS)
#define REST_STEPS   20000u
/* Calls that end soon. */
#define CALL_BYTES_MAX (UINT32_C(1) << 20)
#define COMMANDS 5u
#define FENCE    4096u

struct fuzz {
	struct card_rig card;
	struct fuzz_input input;
	enum card_era era;
};

/* ---- Input ---- */

static uint64_t
take(struct fuzz *f, unsigned int n)
{
	return fuzz_take(&f->input, n);
}

/* A place in card memory that means something, or any. */
static uint64_t
take_place(struct fuzz *f)
{
	static const uint64_t places[] = {
		RIG_LOAD, RIG_LOAD + 0x1f0, RIG_LOAD + CARD_RIG_IMAGE, 2 * RIG_LOAD,
		0x100000, 0x101000,         0x111000,                  RIG_GDDR_BYTES - 0x1000,
	};
	uint64_t raw = take(f, 3), at = raw % 16;

	if (at < 8)
		return places[at] + (raw >> 4) % 0x1000;
	if (at < 12)
		/* Where what the card OS has taken begins. */
		return 0x111000 + (raw >> 4) % 0x20000;
	return (raw >> 4) * 32 % RIG_GDDR_BYTES;
}

/* An address of a copy, a length: mostly such as there are. */
static uint64_t
take_address(struct fuzz *f)
{
	uint64_t raw = take(f, 3), line = (raw >> 3) * 64;

	switch (raw % 8) {
	case 0: return CARD_RIG_MIC(line % RIG_HOST_BYTES);
	case 1: return MIC_SYSTEM_MEMORY + (raw >> 3 << 24);
	case 2: return RIG_GDDR_BYTES - line % 0x1000;
	case 3: return UINT64_MAX - (raw >> 3);
	case 4: return MIC_ADDRESS_END - line % 0x1000;
	default: return line % RIG_GDDR_BYTES;
	}
}

static uint64_t
take_length(struct fuzz *f)
{
	uint64_t raw = take(f, 2);

	switch (raw % 8) {
	case 0: return UINT64_MAX - raw / 8;
	case 1: return RIG_GDDR_BYTES + raw / 8;
	case 2: return raw / 8;
	default: return (raw / 8 * 64) % CALL_BYTES_MAX;
	}
}

/* ---- Registers ---- */

static uint32_t
take_register(struct fuzz *f)
{
	uint64_t raw = take(f, 2), n = raw >> 4;

	switch (raw % 16) {
	case 0: return MIC_SPAD_AT(n % MIC_SPADS);
	case 1: return MIC_AT(APICICR_LO, n % 8);
	case 2: return MIC_AT(APICICR_HI, n % 8);
	case 3: return MIC_AT(RDMASR, n % 8);
	case 4: return MIC_AT(SMPT, n % 32);
	case 5: return MIC_DCR_AT;
	case 6:
	case 7: return MIC_DMA_AT + (uint32_t)(n % 0x80) * 4;
	case 8: return MIC_RGCR_AT;
	default: return (uint32_t)n * 4 % MIC_BAR4_BYTES;
	}
}

static void
do_write(struct fuzz *f)
{
	uint32_t at = take_register(f);

	rig_write(&f->card.rig, at, (uint32_t)take(f, 4));
}

static void
do_config(struct fuzz *f)
{
	uint64_t raw = take(f, 3);

	/* Mostly the command: memory, bus mastering. */
	rig_config_write(&f->card.rig, raw & 0xf0 ? 4 : (uint16_t)(raw >> 16), 2,
			 raw & 1 ? RIG_COMMAND_ON : (uint32_t)(raw >> 8 & 0xff));
}

/* ---- Memory ---- */

static void
do_page(struct fuzz *f)
{
	uint64_t raw = take(f, 2);
	unsigned int at = raw % MIC_PAGE_BYTES, n = 1 + (raw >> 12);

	for (; n > 0 && at < MIC_PAGE_BYTES; n--, at++)
		*card_rig_page_at(&f->card, at) = (uint8_t)take(f, 1);
}

/* Where the scan gets to, or anywhere; good ones, mostly. */
static void
do_block(struct fuzz *f)
{
	static const uint8_t types[] = {1, 2, 3, 0xff, 0, 1, 2, 0x80};
	uint64_t raw = take(f, 4);
	struct mic_device_desc desc = {
		.type = types[raw % 8],
		.num_vq = raw >> 3 & 7,
		.feature_len = raw >> 6 & 1 ? 4 : (uint8_t)(raw >> 24),
		.config_len = (uint8_t)(raw >> 7),
	};
	unsigned int at = f->era == CARD_ERA_A ? 16 : 24, n = raw >> 15 & 7;
	struct mic_device_desc other;

	for (; n > 0 && at <= MIC_PAGE_BYTES - sizeof(desc); n--) {
		memcpy(&other, card_rig_page_at(&f->card, at), sizeof(other));
		at += mic_block_total(&other);
	}
	if (raw >> 18 & 1)
		at = (raw >> 19) % MIC_PAGE_BYTES;
	if (at > MIC_PAGE_BYTES - sizeof(desc))
		return;
	memcpy(card_rig_page_at(&f->card, at), &desc, sizeof(desc));
	if (at + mic_block_total(&desc) <= MIC_PAGE_BYTES)
		*card_rig_page_at(&f->card, at + mic_block_ctrl(&desc) + 8) = (uint8_t)(raw >> 30);
}

static void
do_memory(struct fuzz *f)
{
	uint64_t at = take_place(f), n = 1 + take(f, 1) % 16;

	for (; n > 0 && at < RIG_GDDR_BYTES; n--, at++)
		f->card.rig.gddr[at] = (uint8_t)take(f, 1);
}

/* ---- Calls ---- */

/* The directory is where the register says, if that is in card memory, and may be anything. */
static bool
find_function(struct fuzz *f, unsigned int i, struct mic_mailbox_function *fn)
{
	uint32_t at = rig_read(&f->card.rig, MIC_SPAD_AT(MIC_MAILBOX_SPAD));

	if (at == 0 || at > RIG_GDDR_BYTES - sizeof(struct mic_mailbox))
		return false;
	at += (uint32_t)(offsetof(struct mic_mailbox, function) + i * sizeof(*fn));
	memcpy(fn, &f->card.rig.gddr[at], sizeof(*fn));
	return fn->slots <= RIG_GDDR_BYTES - MIC_MAILBOX_SLOTS * sizeof(struct mic_mailbox_slot);
}

/* The number that the card waits for, as a host has to find it out: one more than it answered. */
static uint64_t
next_number(const uint8_t *slots)
{
	struct mic_mailbox_slot slot;
	uint64_t most = 0;

	for (unsigned int i = 0; i < MIC_MAILBOX_SLOTS; i++) {
		memcpy(&slot, slots + i * sizeof(slot), sizeof(slot));
		if (slot.turn % 2 == 1 && slot.turn > most)
			most = slot.turn;
	}
	return most / 2 + 1;
}

static void
do_call(struct fuzz *f)
{
	uint64_t raw = take(f, 1), number;
	struct mic_mailbox_function fn;
	struct mic_mailbox_slot line = {.arg = {take_address(f), take_address(f), take_length(f)}};
	uint8_t *slots;

	if (!find_function(f, raw % 4, &fn))
		return;
	/* hash takes a length there. */
	if (raw & 4)
		line.arg[1] = line.arg[2];
	slots = &f->card.rig.gddr[fn.slots];
	number = next_number(slots) + (raw >> 3 & 1) + (raw >> 4 == 0xf ? take(f, 8) : 0);
	line.turn = MIC_MAILBOX_REQUEST(number);
	memcpy(slots + (number - 1) % MIC_MAILBOX_SLOTS * sizeof(struct mic_mailbox_slot), &line,
	       sizeof(line));
	if (raw & 0x20)
		card_rig_ring(&f->card, fn.h2c_db % 16);
}

/* ---- Life ---- */

static void
do_steps(struct fuzz *f)
{
	uint64_t raw = take(f, 1);

	for (uint64_t n = raw % STEPS_MAX; n > 0; n--)
		(void)rig_pass(&f->card.rig, raw & 0x20 ? RIG_MS : raw & 0x40 ? 1000 : 0);
}

static void
do_boot(struct fuzz *f)
{
	uint64_t raw = take(f, 1);

	if (raw & 1)
		card_rig_page(&f->card, raw & 2 ? f->era : (enum card_era)(raw >> 2 & 2));
	if (raw & 0x10)
		card_rig_image(&f->card, raw & 0x20 ? " mem=32M" : "mem=");
	card_rig_boot(&f->card);
}

static void
do_reset(struct fuzz *f)
{
	uint64_t raw = take(f, 1);

	if (raw & 1)
		card_rig_reset(&f->card);
	else
		f->card.rig.dev->ops->reset(f->card.rig.dev, raw & 2 ? BUS_RESET_POWER
								     : BUS_RESET_FUNCTION);
}

static void
do_trouble(struct fuzz *f)
{
	uint64_t raw = take(f, 1);

	switch (raw % 4) {
	case 0:
		f->card.rig.host.policy = (enum test_host_map)(raw / 4 % 3);
		f->card.rig.dev->ops->remap(f->card.rig.dev);
		break;
	case 1:
		mic_model_link(card_model(f->card.rig.dev), raw & 4);
		break;
	case 2:
		mic_model_dma_fail(card_model(f->card.rig.dev), raw / 4 % 8);
		break;
	default:
		(void)card_tell(f->card.rig.dev, (enum card_command)(raw / 4 % COMMANDS));
		break;
	}
}

static void
do_one(struct fuzz *f)
{
	switch (take(f, 1) % 16) {
	case 0:
	case 1: do_write(f); break;
	case 2: (void)rig_read(&f->card.rig, take_register(f)); break;
	case 3: do_page(f); break;
	case 4:
	case 5: do_block(f); break;
	case 6: do_memory(f); break;
	case 7: card_rig_ring(&f->card, (unsigned int)take(f, 1) % 16); break;
	case 8: do_boot(f); break;
	case 9: do_reset(f); break;
	case 10: do_trouble(f); break;
	case 11: do_config(f); break;
	case 12: do_steps(f); break;
	default: do_call(f); break;
	}
	(void)rig_pass(&f->card.rig, 0);
}

/* ---- What has to be so ---- */

static const char *
comes_to_rest(struct fuzz *f)
{
	uint64_t next;

	for (unsigned int n = 0; n < REST_STEPS; n++) {
		next = rig_pass(&f->card.rig, 0);
		if (next == BUS_NO_DEADLINE)
			return NULL;
		f->card.rig.now += REST_STEP_NS;
		if (next > f->card.rig.now)
			f->card.rig.now = next;
		/* A card that hears nothing of its host would say so for ever. */
		f->card.text_len = 0;
	}
	return "does not come to rest";
}

static bool
echoes(struct fuzz *f)
{
	struct mic_mailbox_slot slot = {.arg = {0xec40}, .turn = MIC_MAILBOX_REQUEST(1)};
	struct mic_mailbox_function fn;

	if (!find_function(f, 0, &fn) || strcmp(fn.name, "echo") != 0)
		return false;
	memcpy(&f->card.rig.gddr[fn.slots], &slot, sizeof(slot));
	card_rig_ring(&f->card, fn.h2c_db);
	card_rig_settle(&f->card);
	memcpy(&slot, &f->card.rig.gddr[fn.slots], sizeof(slot));
	return slot.turn == MIC_MAILBOX_ANSWER(1) && slot.arg[0] == 0xec40 && slot.result == 0;
}

static const char *
works(struct fuzz *f)
{
	struct bus_device *dev = f->card.rig.dev;

	f->card.rig.host.policy = TEST_HOST_WHOLE;
	mic_model_link(card_model(dev), true);
	rig_config_write(&f->card.rig, 4, 2, RIG_COMMAND_ON);
	dev->ops->reset(dev, BUS_RESET_POWER);
	rig_config_write(&f->card.rig, 4, 2, RIG_COMMAND_ON);
	card_rig_reset(&f->card);
	card_rig_page(&f->card, f->era);
	card_rig_image(&f->card, " mem=32M");
	card_rig_boot(&f->card);
	card_rig_settle(&f->card);
	if (card_state(dev) != CARD_UP)
		return "does not boot when it is switched on anew";
	return echoes(f) ? NULL : "does not answer when it is switched on anew";
}

/* ---- Runs ---- */

/* Memory of one bench for all inputs, with a page on both sides that nobody may touch: making it
 * anew would take most of the time.
 */
static uint8_t *
fenced(size_t len)
{
	uint8_t *p = mmap(NULL, len + 2 * FENCE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + FENCE, len, PROT_READ | PROT_WRITE) < 0)
		return NULL;
	return p + FENCE;
}

static bool
bench_open(struct rig *r)
{
	if (r->gddr == NULL) {
		if (rig_open(r, NULL) < 0)
			return false;
		mic_model_destroy(r->dev);
		free(r->gddr);
		test_host_destroy(&r->host);
		r->gddr = fenced(RIG_GDDR_BYTES);
		r->host.memory = fenced(RIG_HOST_BYTES);
	}
	r->now = 0;
	r->host.policy = TEST_HOST_WHOLE;
	/* What is taken away comes back as zeros. */
	return r->gddr != NULL && r->host.memory != NULL &&
	       madvise(r->gddr, RIG_GDDR_BYTES, MADV_DONTNEED) == 0 &&
	       madvise(r->host.memory, RIG_HOST_BYTES, MADV_DONTNEED) == 0;
}

const char *
card_fuzz_run(const uint8_t *bytes, size_t len)
{
	static struct fuzz f;
	struct card_config config = {.model.time_scale = 100};
	const char *wrong;
	uint64_t how;

	f.input = (struct fuzz_input){bytes, len};
	how = take(&f, 1);
	f.era = config.era = (enum card_era)(how & 3) == 3 ? CARD_ERA_A : (enum card_era)(how & 3);
	config.functions_looks = how & 4 ? 16 : 1;
	f.card.text_len = 0;
	if (!bench_open(&f.card.rig) || card_rig_plug(&f.card, &config) < 0)
		return NULL;
	if (how & 0xf8) {
		card_rig_page(&f.card, f.era);
		card_rig_image(&f.card, " mem=32M");
		card_rig_boot(&f.card);
	}
	for (unsigned int n = 0; f.input.left > 0 && n < OPERATIONS_MAX; n++)
		do_one(&f);
	wrong = comes_to_rest(&f);
	if (wrong == NULL)
		wrong = works(&f);
	card_destroy(f.card.rig.dev);
	return wrong;
}
