/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_model_priv.h"

#include <string.h>

/* Resets, and what runs on the card before an OS does: section 10.
 *
 *             RGCR, power               time                 boot interrupt
 *   (any) ---------------> BOOTSTRAP ---------> READY ---------------------> image good: RUNNING
 *                          POST 01..11          POST 12,        POST 13            POST FF
 *                          SPAD2 = 0            SPAD2 ready                  else: REFUSED
 *                                                                                  POST nA
 */

/* What memory that was trained looks like. */
#define SCRIBBLE 0x5a

/* Codes of memory training, and those before and after it. */
static const char training[][2] = {
	{'3', '0'}, {'3', '1'}, {'3', '2'}, {'3', '3'}, {'3', '4'}, {'3', '5'}, {'3', '6'},
	{'3', '7'}, {'3', '8'}, {'3', '9'}, {'3', 'A'}, {'3', 'b'}, {'3', 'C'}, {'3', 'd'},
	{'3', 'E'}, {'3', 'F'},
};
static const char early[][2] = {{'0', '1'}, {'0', '2'}, {'0', '3'}};
static const char late[][2] = {
	{'0', '4'}, {'0', '5'}, {'0', '6'}, {'0', '9'}, {'0', 'b'}, {'0', 'c'}, {'0', 'E'},
	{'0', 'F'}, {'1', '0'}, {'1', '1'},
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* A bootstrap that is never ready stops before it asks for an OS. */
#define NEVER 1u

static void
post(struct mic_model *m, const char code[2])
{
	mic_reg_set(m, MIC_POSTCODE, 0, MIC_POST(code[0], code[1]));
}

static void
state_set(struct mic_model *m, enum mic_model_power power, uint32_t generation)
{
	/* Pairs with the acquire of whoever asks: what was booted is known then. */
	atomic_store_explicit(&m->boot.state, (uint64_t)generation << 8 | power,
			      memory_order_release);
}

static uint32_t
generation(const struct mic_model *m)
{
	return (uint32_t)(atomic_load_explicit(&m->boot.state, memory_order_relaxed) >> 8);
}

/* ---- Resets ---- */

void
mic_boot_reset(struct mic_model *m, bool power)
{
	struct mic_bootstrap *b = &m->boot;

	mic_dma_reset(m->dma);
	mic_regs_reset(m, power);
	if (power)
		mic_irq_create(&m->irq, m->irq.quirks);
	else
		mic_irq_reset(&m->irq);
	atomic_store(&m->raised, 0);
	state_set(m, MIC_POWER_BOOTSTRAP, generation(m) + 1);
	atomic_store(&m->card_irqs, 0);
	b->booted = b->timed = false;
	b->trains = power || m->config.trains_memory;
	b->scribbles = !power && m->config.trains_memory;
	b->scribbled = 0;
	atomic_store(&m->blind, !power && m->config.all_ones);
	atomic_store(&b->waiting, true);
}

/* ---- The bootstrap ---- */

static unsigned int
codes(const struct mic_bootstrap *b)
{
	return (unsigned int)(COUNT(early) + COUNT(late) + (b->trains ? COUNT(training) : 0));
}

static const char *
code(const struct mic_bootstrap *b, unsigned int n)
{
	if (n < COUNT(early))
		return early[n];
	n -= COUNT(early);
	if (b->trains && n < COUNT(training))
		return training[n];
	return late[n - (b->trains ? COUNT(training) : 0)];
}

/* Memory up to this share of it is not what it was. */
static void
scribble(struct mic_model *m, unsigned int n, unsigned int of)
{
	struct mic_bootstrap *b = &m->boot;
	uint64_t end = n >= of ? m->config.gddr_size : m->config.gddr_size / of * n;

	if (!b->scribbles || end <= b->scribbled)
		return;
	memset((uint8_t *)m->config.gddr + b->scribbled, SCRIBBLE, (size_t)(end - b->scribbled));
	b->scribbled = end;
}

static void
ready(struct mic_model *m)
{
	atomic_store(&m->boot.waiting, false);
	post(m, "12");
	mic_reg_set(m, MIC_SPAD2, 0, mic_spad2_ready(m->config.load_address, m->config.apic_id));
	state_set(m, MIC_POWER_READY, generation(m));
	atomic_store(&m->blind, false);
}

/* Codes share the time until it is ready. */
static uint64_t
progress(struct mic_model *m, uint64_t now)
{
	struct mic_bootstrap *b = &m->boot;
	unsigned int n = codes(b), most = m->config.never_ready ? n - 1 - NEVER : n;
	uint64_t each = m->config.ready_ns / m->config.time_scale / n, at;

	if (!b->timed) {
		b->timed = true;
		b->since = now;
	}
	at = now < b->since ? 0 : each == 0 ? n : (now - b->since) / each;
	scribble(m, at < n ? (unsigned int)at : n, n);
	if (at >= n && !m->config.never_ready) {
		ready(m);
		return BUS_NO_DEADLINE;
	}
	if (at >= most)
		atomic_store(&b->waiting, false);
	post(m, code(b, at < most ? (unsigned int)at : most));
	return at >= most ? BUS_NO_DEADLINE : b->since + (at + 1) * each;
}

/* ---- The image ---- */

/* Taken only when it is ready, and meant for the processor that boots: section 10.3. Whether READY
 * is still set in SPAD2 does not count; some clear it before.
 */
void
mic_boot_start(struct mic_model *m)
{
	uint32_t icr = mic_reg(m, MIC_APICICR_LO, MIC_BOOT_DOORBELL);

	if (mic_power(m) != MIC_POWER_READY || m->boot.booted ||
	    REG_GET(MIC_APICICR_LO_VECTOR, icr) != MIC_BOOT_VECTOR ||
	    mic_reg(m, MIC_APICICR_HI, MIC_BOOT_DOORBELL) != m->config.apic_id)
		return;
	post(m, "13");
	m->boot.booted = true;
	atomic_store(&m->boot.waiting, true);
}

static void
look_at_image(struct mic_model *m)
{
	struct mic_bootstrap *b = &m->boot;

	b->booted = false;
	atomic_store(&b->waiting, false);
	if (mic_image_check(&m->config, mic_reg(m, MIC_SPAD5, 0), &b->image, b->error)) {
		post(m, "FF");
		atomic_store(&m->card_irqs, 0);
		state_set(m, MIC_POWER_RUNNING, generation(m));
	} else {
		post(m, "nA");
		state_set(m, MIC_POWER_REFUSED, generation(m));
	}
}

uint64_t
mic_boot_step(struct mic_model *m, uint64_t now_ns)
{
	if (mic_power(m) == MIC_POWER_BOOTSTRAP)
		return progress(m, now_ns);
	if (m->boot.booted)
		look_at_image(m);
	return BUS_NO_DEADLINE;
}
