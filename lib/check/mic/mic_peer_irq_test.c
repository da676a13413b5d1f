/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Interrupts to the host in all modes, and doorbells to the card, as a host that knows the
 * datasheet alone expects them (sections 8 and 9): items M2, M3, M21 and M31 to M35.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mic_peer.h"

static int
begin_msix(void **state)
{
	return peer_begin_ready(state, &(struct peer_make){.mode = PEER_MSIX});
}

static int
begin_msi(void **state)
{
	return peer_begin_ready(state, &(struct peer_make){.mode = PEER_MSI});
}

static int
begin_intx(void **state)
{
	return peer_begin_ready(state, &(struct peer_make){.mode = PEER_INTX});
}

static int
begin_strict(void **state)
{
	return peer_begin_ready(state, &(struct peer_make){.model.strict_enables = true});
}

static int
begin_a0(void **state)
{
	return peer_begin_ready(state, &(struct peer_make){.model.a0 = true});
}

/* The card rings: 9.4. */
static void
card_rings(struct peer *p, unsigned int db)
{
	mic_model_card_write(p->model, SDBIC + 4 * db, 0x80000000);
	peer_pass(p, MS);
}

static unsigned int
taken(struct peer *p, unsigned int vector)
{
	unsigned int n = p->irqs[vector];

	p->irqs[vector] = 0;
	return n;
}

/* ---- MSI-X ---- */

static void
m31_each_doorbell_has_its_source(void **state)
{
	struct peer *p = *state;

	for (unsigned int db = 0; db < 4; db++) {
		wr(p, SICC0, ENABLES);
		card_rings(p, db);
		assert_int_equal(rd(p, SICR0), 1u << db);
		assert_int_equal(mic_model_card_read(p->model, SDBIC + 4 * db) & 1u << 31, 0);
		wr(p, SICR0, 1u << db);
		assert_int_equal(rd(p, SICR0), 0);
	}
	for (unsigned int v = 0; v < 16; v++)
		assert_int_equal(p->irqs[v], 0);
	/* Without the request bit nothing is asked for; above 3 there is nothing. */
	mic_model_card_write(p->model, SDBIC, 0x7fffffff);
	card_rings(p, 4);
	card_rings(p, 7);
	assert_int_equal(rd(p, SICR0), 0);
}

static void
m32_source_goes_to_every_vector_that_has_it(void **state)
{
	struct peer *p = *state;

	peer_assign(p, 0, 0);
	peer_assign(p, 1, 1);
	peer_assign(p, 2, 5);
	peer_assign(p, 2, 8);
	for (unsigned int round = 0; round < 3; round++) {
		card_rings(p, 2);
		assert_int_equal(taken(p, 5), 1);
		assert_int_equal(taken(p, 8), 1);
		assert_int_equal(taken(p, 0), 0);
		/* Auto-clear: the driver does not touch SICR0. */
		assert_int_equal(rd(p, SICR0), 0);
		peer_acknowledge(p);
	}
	/* One that no vector has shows, and goes nowhere. */
	card_rings(p, 3);
	for (unsigned int v = 0; v < 16; v++)
		assert_int_equal(p->irqs[v], 0);
	/* Taken from one vector, it stays with the other. */
	wr(p, SICR0, 8);
	wr(p, MXAR + 4 * 5, rd(p, MXAR + 4 * 5) & ~4u);
	card_rings(p, 2);
	assert_int_equal(taken(p, 5), 0);
	assert_int_equal(taken(p, 8), 1);
}

static void
m2_all_sixteen_vectors_fire(void **state)
{
	struct peer *p = *state;

	for (unsigned int v = 9; v < 16; v++)
		wr(p, MSIX_TABLE + 16 * v + 12, 0);
	for (unsigned int v = 0; v < 16; v++) {
		wr(p, MXAR + 4 * v, 2);
		card_rings(p, 1);
		assert_int_equal(taken(p, v), 1);
		wr(p, MXAR + 4 * v, 0);
	}
}

static void
m33_without_auto_clear_the_bit_stays(void **state)
{
	struct peer *p = *state;

	wr(p, SIAC0, 0x0000ff0e);
	peer_assign(p, 0, 0);
	peer_assign(p, 1, 1);
	card_rings(p, 0);
	card_rings(p, 1);
	assert_int_equal(taken(p, 0), 1);
	assert_int_equal(taken(p, 1), 1);
	assert_int_equal(rd(p, SICR0), 1);
	wr(p, SICR0, 2);
	assert_int_equal(rd(p, SICR0), 1);
	wr(p, SICR0, 1);
	assert_int_equal(rd(p, SICR0), 0);
	card_rings(p, 0);
	assert_int_equal(taken(p, 0), 1);
}

static void
m34_pending_source_is_delivered_when_enabled(void **state)
{
	struct peer *p = *state;

	peer_assign(p, 1, 2);
	wr(p, SICC0, rd(p, SICE0));
	card_rings(p, 1);
	assert_int_equal(taken(p, 2), 0);
	assert_int_equal(rd(p, SICR0), 2);
	peer_enable_irqs(p);
	peer_pass(p, MS);
	assert_int_equal(taken(p, 2), 1);
	assert_int_equal(rd(p, SICR0), 0);
	/* Enabled all the time but without a vector: assigned and enabled again, it comes. */
	card_rings(p, 3);
	wr(p, MXAR + 4 * 7, 8);
	if (rd(p, SICR0) == 8) {
		peer_enable_irqs(p);
		peer_pass(p, MS);
		assert_int_equal(taken(p, 7), 1);
	}
}

static void
masked_vector_pends(void **state)
{
	struct peer *p = *state;

	peer_assign(p, 0, 4);
	wr(p, MSIX_TABLE + 16 * 4 + 12, 1);
	card_rings(p, 0);
	assert_int_equal(taken(p, 4), 0);
	assert_int_equal(rd(p, MSIX_PBA), 1u << 4);
	/* Masked is accepted (8.2 step 4). */
	assert_int_equal(rd(p, SICR0), 0);
	wr(p, MSIX_TABLE + 16 * 4 + 12, 0);
	peer_pass(p, MS);
	assert_int_equal(taken(p, 4), 1);
	assert_int_equal(rd(p, MSIX_PBA), 0);
	/* The same by the mask of the function. */
	cfg_wr(p, 0x9a, 2, 0xc000);
	card_rings(p, 0);
	assert_int_equal(taken(p, 4), 0);
	cfg_wr(p, 0x9a, 2, 0x8000);
	peer_pass(p, MS);
	assert_int_equal(taken(p, 4), 1);
}

static void
m3_no_message_without_bus_master(void **state)
{
	struct peer *p = *state;

	peer_assign(p, 0, 0);
	cfg_wr(p, 4, 2, 2);
	card_rings(p, 0);
	assert_int_equal(taken(p, 0), 0);
	cfg_wr(p, 4, 2, 6);
}

static void
m35_strict_card_wants_its_enables_back(void **state)
{
	struct peer *p = *state;

	peer_assign(p, 0, 0);
	peer_assign(p, 1, 1);
	card_rings(p, 0);
	assert_int_equal(taken(p, 0), 1);
	assert_int_equal(rd(p, SICE0), ENABLES & ~1u);
	card_rings(p, 0);
	assert_int_equal(taken(p, 0), 0);
	/* Others are not concerned. */
	card_rings(p, 1);
	assert_int_equal(taken(p, 1), 1);
	/* The workaround brings both back, and what came meanwhile. */
	peer_acknowledge(p);
	peer_pass(p, MS);
	assert_int_equal(taken(p, 0), 1);
	assert_int_equal(taken(p, 1), 0);
}

/* The first stepping has another workaround, which every handled interrupt runs (8.6). */
static void
a0_workaround_keeps_interrupts_coming(void **state)
{
	struct peer *p = *state;

	peer_assign(p, 1, 1);
	for (unsigned int round = 0; round < 4; round++) {
		card_rings(p, 1);
		assert_int_equal(taken(p, 1), 1);
		peer_acknowledge(p);
		assert_int_equal(rd(p, MSIX_PBA), 0);
	}
}

/* ---- MSI, INTx ---- */

static void
m33_msi_shares_one_message(void **state)
{
	struct peer *p = *state;

	peer_assign(p, 0, 0);
	peer_assign(p, 2, 0);
	card_rings(p, 0);
	assert_true(taken(p, 0) > 0);
	assert_int_equal(peer_acknowledge(p), 1);
	assert_int_equal(rd(p, SICR0), 0);
	card_rings(p, 2);
	assert_true(taken(p, 0) > 0);
	card_rings(p, 0);
	assert_int_equal(peer_acknowledge(p), 5);
	assert_int_equal(rd(p, SICR0), 0);
	/* One that vector 0 does not have sends nothing, but is seen. */
	taken(p, 0);
	card_rings(p, 1);
	assert_int_equal(taken(p, 0), 0);
	assert_int_equal(rd(p, SICR0), 2);
	for (unsigned int v = 1; v < 16; v++)
		assert_int_equal(p->irqs[v], 0);
}

/* SIAC0 is for MSI-X only: left set, it clears nothing here. */
static void
m33_auto_clear_is_for_msix_only(void **state)
{
	struct peer *p = *state;

	wr(p, SIAC0, ENABLES);
	peer_assign(p, 0, 0);
	card_rings(p, 0);
	assert_true(taken(p, 0) > 0);
	assert_int_equal(peer_acknowledge(p), 1);
}

static void
m33_intx_needs_no_vector(void **state)
{
	struct peer *p = *state;

	for (unsigned int round = 0; round < 3; round++) {
		card_rings(p, 3);
		assert_true(taken(p, 0) > 0);
		assert_int_equal(peer_acknowledge(p), 8);
		assert_int_equal(peer_acknowledge(p), 0);
	}
	/* Disabled in the card: the level stays down until it is enabled again. */
	wr(p, SICC0, ENABLES);
	card_rings(p, 0);
	assert_int_equal(taken(p, 0), 0);
	peer_enable_irqs(p);
	peer_pass(p, MS);
	assert_true(taken(p, 0) > 0);
	assert_int_equal(peer_acknowledge(p), 1);
	/* Disabled in config space. */
	cfg_wr(p, 4, 2, 0x406);
	card_rings(p, 0);
	assert_int_equal(taken(p, 0), 0);
	assert_int_equal(rd(p, SICR0), 1);
}

/* ---- To the card (9.1, 9.2) ---- */

static void
m21_doorbells_arrive_under_their_numbers(void **state)
{
	struct peer *p = *state;
	unsigned int number;

	peer_boot(p, NULL);
	/* What a card OS programs, the host keeps by read-modify-write. */
	for (unsigned int db = 0; db < 7; db++)
		mic_model_card_write(p->model, APICICR_LO + 8 * db, 0xe6 + db);
	mic_model_card_irqs(p->model);
	for (unsigned int db = 0; db < 16; db++) {
		if (db == 7)
			continue; /* the boot interrupt */
		peer_ring(p, db);
		peer_pass(p, MS);
		number = db < 8 ? 26 + db : 17 + (db - 8);
		assert_int_equal(mic_model_card_irqs(p->model), UINT64_C(1) << number);
		assert_int_equal(mic_model_card_irqs(p->model), 0);
	}
	for (unsigned int db = 0; db < 7; db++)
		assert_int_equal(rd(p, APICICR_LO + 8 * db), 0xe6 + db);
}

static void
doorbell_addresses_are_those_of_the_vectors(void **state)
{
	struct peer *p = *state;

	peer_boot(p, NULL);
	mic_model_card_irqs(p->model);
	/* 28: db 3 at 0x1a9e8, db 10 at 0x1b188, c2h 2 at 0x1cc98 */
	wr(p, 0x1a9e8, 0x2000);
	assert_int_equal(mic_model_card_irqs(p->model), UINT64_C(1) << 29);
	wr(p, 0x1b188, 0);
	assert_int_equal(mic_model_card_irqs(p->model), UINT64_C(1) << 19);
	mic_model_card_write(p->model, 0x1cc98, 0x80000000);
	wr(p, SIAC0, 0);
	assert_int_equal(rd(p, SICR0), 4);
	/* Without bit 13 nothing is sent. */
	wr(p, 0x1a9e8, 0x00e9);
	assert_int_equal(mic_model_card_irqs(p->model), 0);
}

int
main(void)
{
#define MSIX(test) cmocka_unit_test_setup_teardown(test, begin_msix, peer_end)
	const struct CMUnitTest tests[] = {
		MSIX(m31_each_doorbell_has_its_source),
		MSIX(m32_source_goes_to_every_vector_that_has_it),
		MSIX(m2_all_sixteen_vectors_fire),
		MSIX(m33_without_auto_clear_the_bit_stays),
		MSIX(m34_pending_source_is_delivered_when_enabled),
		MSIX(masked_vector_pends),
		MSIX(m3_no_message_without_bus_master),
		cmocka_unit_test_setup_teardown(m35_strict_card_wants_its_enables_back,
						begin_strict, peer_end),
		cmocka_unit_test_setup_teardown(a0_workaround_keeps_interrupts_coming, begin_a0,
						peer_end),
		cmocka_unit_test_setup_teardown(m33_msi_shares_one_message, begin_msi, peer_end),
		cmocka_unit_test_setup_teardown(m33_auto_clear_is_for_msix_only, begin_msi,
						peer_end),
		cmocka_unit_test_setup_teardown(m33_intx_needs_no_vector, begin_intx, peer_end),
		MSIX(m21_doorbells_arrive_under_their_numbers),
		MSIX(doorbell_addresses_are_those_of_the_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
