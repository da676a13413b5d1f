/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * No interrupt is lost, whatever comes before what: every state that a card, a bus and a driver can
 * reach together, from every mode, is visited, and none of them is one in which work is left and
 * nobody will be told of it (datasheet section 27, M34).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mic_irq.h"

/* Two sources and two vectors: enough for any two things to be at odds. */
#define SOURCES 2u
#define VECTORS 2u
#define ALL     ((1u << SOURCES) - 1)

/* ---- A driver ---- */

/* What it does when it is told: sections 8.3 and 8.6. */
struct driver {
	const char *name;
	enum mic_irq_mode mode;
	struct mic_irq_quirks quirks;
	uint32_t autoclear;
	uint32_t assigned[VECTORS];
	bool acks;    /* reads status and writes it back, before it works */
	bool rearms;  /* enables again, after it worked */
	bool unsticks; /* writes MSIXPBACR, after it worked */
};

enum phase { IDLE, READ, WORK, REARM, UNSTICK };

/* All there is: the card's half, messages under way, the driver, and what is left to do. */
struct world {
	struct mic_irq q;
	uint8_t flying; /* vectors raised, and not yet taken by the driver */
	uint8_t owed;   /* sources with work that the driver has not looked at */
	uint8_t phase;
	uint8_t vector; /* that the driver is at */
	uint8_t seen;   /* status it has read */
	uint8_t off;    /* it has disabled everything */
};

static void
fly(struct world *w, uint16_t vectors)
{
	w->flying |= (uint8_t)vectors;
}

static struct mic_irq_route
route(const struct driver *d, bool may_send, bool line_off)
{
	return (struct mic_irq_route){
		.mode = d->mode, .granted = 1, .may_send = may_send, .intx_off = line_off};
}

/* Sources that the driver looks at for a vector. */
static uint8_t
of_vector(const struct driver *d, const struct world *w)
{
	if (d->acks)
		return w->seen;
	return (uint8_t)d->assigned[w->vector];
}

/* Where it goes on after a phase. */
static uint8_t
phase_after(const struct driver *d, uint8_t phase)
{
	if (phase < REARM && d->rearms)
		return REARM;
	return phase < UNSTICK && d->unsticks ? UNSTICK : IDLE;
}

/* One access of the driver's, of those that it makes now; false when there is none to make. */
static bool
driver_step(const struct driver *d, struct world *w)
{
	switch (w->phase) {
	case IDLE:
		if (w->flying == 0)
			return false;
		w->vector = w->flying & 1 ? 0 : 1;
		w->flying &= (uint8_t)~(1u << w->vector);
		w->phase = d->acks ? READ : WORK;
		w->seen = d->acks ? (uint8_t)w->q.status : 0;
		return true;
	case READ:
		w->phase = WORK;
		fly(w, mic_irq_clear(&w->q, w->seen));
		return true;
	case WORK:
		w->owed &= (uint8_t)~of_vector(d, w);
		w->phase = phase_after(d, WORK);
		return true;
	case REARM:
		w->phase = phase_after(d, REARM);
		fly(w, mic_irq_enable(&w->q, ALL));
		return true;
	default:
		w->phase = IDLE;
		fly(w, mic_irq_unstick(&w->q));
		return true;
	}
}

/* What may come at any time besides: events, masks, bus mastership, disabling and enabling. */
#define OTHERS (SOURCES + 2 * VECTORS + 4 + 2)

static bool
other_step(const struct driver *d, struct world *w, unsigned int n)
{
	struct mic_irq_route r;

	if (n < SOURCES) {
		w->owed |= (uint8_t)(1u << n);
		fly(w, mic_irq_raise(&w->q, 1u << n));
		return true;
	}
	n -= SOURCES;
	if (n < 2 * VECTORS) {
		fly(w, mic_irq_mask(&w->q, n / 2, n % 2));
		return true;
	}
	n -= 2 * VECTORS;
	if (n < 4) {
		r = route(d, n & 1, n & 2);
		fly(w, mic_irq_route(&w->q, &r));
		return true;
	}
	n -= 4;
	if (w->phase != IDLE)
		return false;
	w->off = n == 0;
	fly(w, n == 0 ? mic_irq_disable(&w->q, ALL) : mic_irq_enable(&w->q, ALL));
	return true;
}

/* ---- Every state ---- */

#define TABLE (1u << 18)

static struct world found[TABLE];
static uint32_t slot[TABLE * 2];
static unsigned int founds;

static uint32_t
hash(const struct world *w)
{
	const uint8_t *p = (const uint8_t *)w;
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < sizeof(*w); i++)
		h = (h ^ p[i]) * 16777619u;
	return h % (TABLE * 2);
}

/* Is it new? Worlds are made by copies, so their padding is the same. */
static bool
is_new(const struct world *w)
{
	uint32_t at = hash(w);

	for (; slot[at] != 0; at = (at + 1) % (TABLE * 2))
		if (memcmp(&found[slot[at] - 1], w, sizeof(*w)) == 0)
			return false;
	assert_true(founds < TABLE);
	found[founds++] = *w;
	slot[at] = founds;
	return true;
}

/* Everything is let through, whoever disabled enables again, and the driver goes on until it has
 * nothing to do. Is no work left?
 */
static bool
comes_to_rest(const struct driver *d, struct world w)
{
	struct mic_irq_route open = route(d, true, false);

	if (w.off)
		fly(&w, mic_irq_enable(&w.q, ALL));
	fly(&w, mic_irq_route(&w.q, &open));
	for (unsigned int v = 0; v < VECTORS; v++)
		fly(&w, mic_irq_mask(&w.q, v, false));
	for (unsigned int n = 0; n < 64; n++)
		if (!driver_step(d, &w))
			return w.owed == 0;
	return false;
}

static void
begin(const struct driver *d, struct world *w)
{
	struct mic_irq_route open = route(d, true, false);

	memset(w, 0, sizeof(*w));
	mic_irq_create(&w->q, d->quirks);
	(void)mic_irq_route(&w->q, &open);
	for (unsigned int v = 0; v < VECTORS; v++) {
		(void)mic_irq_mask(&w->q, v, false);
		(void)mic_irq_assign(&w->q, v, d->assigned[v]);
	}
	w->q.autoclear = d->autoclear;
	(void)mic_irq_enable(&w->q, ALL);
}

/* States in which work is left for good. */
static unsigned int
lost_states(const struct driver *d)
{
	unsigned int lost = 0;
	struct world w;

	founds = 0;
	memset(slot, 0, sizeof(slot));
	begin(d, &w);
	(void)is_new(&w);
	for (unsigned int at = 0; at < founds; at++) {
		struct world next = found[at];

		lost += !comes_to_rest(d, next);
		if (driver_step(d, &next))
			(void)is_new(&next);
		for (unsigned int n = 0; n < OTHERS; n++) {
			next = found[at];
			if (other_step(d, &next, n))
				(void)is_new(&next);
		}
	}
	return lost;
}

#define STRICT_MSIX 0u
#define STRICT_A0   1u

static const struct driver drivers[] = {
	[STRICT_MSIX] = {.name = "MSI-X, strict", .mode = MIC_IRQ_MSIX, .quirks.consumes = true,
			 .autoclear = ALL, .assigned = {1, 2}, .rearms = true},
	[STRICT_A0] = {.name = "MSI-X, A0", .mode = MIC_IRQ_MSIX, .quirks.sticks = true,
		       .autoclear = ALL, .assigned = {1, 2}, .unsticks = true},
	{.name = "INTx", .mode = MIC_IRQ_INTX, .acks = true, .rearms = true},
	{.name = "INTx, strict", .mode = MIC_IRQ_INTX, .quirks.consumes = true, .acks = true,
	 .rearms = true},
	{.name = "MSI", .mode = MIC_IRQ_MSI, .assigned = {ALL}, .acks = true, .rearms = true},
	{.name = "MSI, strict", .mode = MIC_IRQ_MSI, .quirks.consumes = true, .assigned = {ALL},
	 .acks = true, .rearms = true},
	{.name = "MSI, A0", .mode = MIC_IRQ_MSI, .assigned = {ALL}, .acks = true,
	 .unsticks = true},
	{.name = "MSI-X", .mode = MIC_IRQ_MSIX, .autoclear = ALL, .assigned = {1, 2},
	 .rearms = true},
	{.name = "MSI-X, shared source", .mode = MIC_IRQ_MSIX, .autoclear = ALL,
	 .assigned = {ALL, 2}, .rearms = true},
	{.name = "MSI-X, one vector", .mode = MIC_IRQ_MSIX, .autoclear = ALL, .assigned = {ALL},
	 .rearms = true},
	{.name = "MSI-X, acknowledged", .mode = MIC_IRQ_MSIX, .assigned = {ALL, 0}, .acks = true,
	 .rearms = true},
	{.name = "MSI-X, status left", .mode = MIC_IRQ_MSIX, .assigned = {1, 2}},
};

static void
no_interrupt_is_lost(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		unsigned int lost = lost_states(&drivers[i]);

		print_message("%s: %u states\n", drivers[i].name, founds);
		assert_int_equal(lost, 0);
		assert_true(founds > 100);
	}
}

/* The strict card tells drivers that do not do what their stepping needs from those that do. */
static void
a_driver_that_does_not_rearm_is_found_out(void **state)
{
	struct driver lazy = drivers[STRICT_MSIX], stuck = drivers[STRICT_A0];

	(void)state;
	lazy.rearms = false;
	assert_true(lost_states(&lazy) > 0);
	stuck.unsticks = false;
	assert_true(lost_states(&stuck) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_interrupt_is_lost),
		cmocka_unit_test(a_driver_that_does_not_rearm_is_found_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
