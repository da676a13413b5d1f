/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Interrupts from the card to its host, through registers and configuration space. Datasheet
 * sections 8, 9.4 and 27, items M31 to M35. That none is lost, whatever comes before what, is for
 * mic_irq_test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mic_dma_engine.h"
#include "mic_test_rig.h"
#include "pci_config.h"

static int
setup_strict(void **state)
{
	const struct mic_model_config c = {.revision = MIC_STEPPING_C0, .strict_enables = true};

	return rig_setup_as(state, &c);
}

static int
setup_strict_a0(void **state)
{
	const struct mic_model_config c = {.a0 = true, .strict_enables = true};

	return rig_setup_as(state, &c);
}

/* The card rings. */
static void
ring(struct rig *r, unsigned int db)
{
	mic_model_card_write(r->dev, MIC_AT(SDBIC, db), MIC_C2H_VALUE);
}

/* MSI-X as drivers have it: doorbell n on vector n, channel n on 4 + n, all of it auto-cleared. */
static void
msix(struct rig *r, bool autoclear)
{
	rig_msix(r);
	for (unsigned int v = 0; v < 4; v++) {
		rig_write(r, MIC_AT(MXAR, v), 1u << MIC_SOURCE_DOORBELL(v));
		rig_write(r, MIC_AT(MXAR, 4 + v), 1u << MIC_SOURCE_DMA(v));
	}
	rig_write(r, MIC_SICE0_AT, MIC_SOURCES_ENABLED);
	if (autoclear)
		rig_write(r, MIC_SIAC0_AT, MIC_SOURCES_ENABLED);
}

static void
msi(struct rig *r, uint16_t control)
{
	rig_config_write(r, MIC_PCI_MSI + PCI_MSI_CONTROL, 2, control);
	rig_write(r, MIC_AT(MXAR, 0), MIC_SOURCES_ENABLED);
	rig_write(r, MIC_SICE0_AT, MIC_SOURCES_ENABLED);
}

static uint32_t
command(struct rig *r)
{
	return rig_config_read(r, PCI_CFG_COMMAND, 2);
}

/* ---- M31 ---- */

static void
m31_doorbells_set_status(void **state)
{
	struct rig *r = *state;

	for (unsigned int db = 0; db < 4; db++) {
		ring(r, db);
		assert_int_equal(rig_read(r, MIC_SICR0_AT), (2u << db) - 1);
		assert_int_equal(rig_read(r, MIC_AT(SDBIC, db)), 0);
	}
	/* Other bits ring nothing. */
	rig_write(r, MIC_SICR0_AT, UINT32_MAX);
	mic_model_card_write(r->dev, MIC_AT(SDBIC, 0), ~MIC_C2H_VALUE);
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0);
	assert_int_equal(rig_irqs(r), 0);
}

static void
m31_there_are_four(void **state)
{
	struct rig r;

	(void)state;
	assert_int_equal(rig_open(&r, NULL), 0);
	for (unsigned int db = 4; db < 9; db++)
		if (MIC_AT(SDBIC, db) < MIC_MARKER_DISABLE_AT)
			ring(&r, db);
	ring(&r, 7);
	assert_int_equal(rig_read(&r, MIC_SICR0_AT), 0);
	/* What lies there now are the markers, which just keep it. */
	assert_int_equal(rig_read(&r, MIC_AT(SDBIC, 7)), 0);
	assert_int_equal(rig_close(&r), 2);
}

static void
the_engine_raises_its_sources(void **state)
{
	struct rig *r = *state;

	msix(r, true);
	for (unsigned int ch = 0; ch < 4; ch++)
		mic_irq_host((struct mic_model *)r->dev, MIC_SOURCE_DMA(ch));
	assert_int_equal(rig_irqs(r), 0xf0);
	/* Status can be set as a test, too, and the error is a source like others. */
	rig_write(r, MIC_AT(MXAR, 9), 1u << MIC_SOURCE_ERROR);
	rig_write(r, MIC_SICE0_AT, 1u << MIC_SOURCE_ERROR);
	rig_write(r, MIC_SICS0_AT, 1u << MIC_SOURCE_ERROR);
	assert_int_equal(rig_irqs(r), 0x200);
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 1u << MIC_SOURCE_ERROR);
}

/* ---- M32 ---- */

static void
m32_reaches_every_vector_it_is_assigned_to(void **state)
{
	struct rig *r = *state;

	msix(r, true);
	rig_write(r, MIC_AT(MXAR, 11), 0x3);
	ring(r, 1);
	assert_int_equal(rig_irqs(r), 0x802);
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0);
	ring(r, 2);
	ring(r, 2);
	assert_int_equal(r->irqs[2], 2);
	assert_int_equal(rig_irqs(r), 0x004);
}

static void
m32_disabled_sources_wait(void **state)
{
	struct rig *r = *state;

	msix(r, true);
	rig_write(r, MIC_SICC0_AT, 0x2);
	ring(r, 1);
	ring(r, 0);
	assert_int_equal(rig_irqs(r), 0x1);
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0x2);
	rig_write(r, MIC_SICE0_AT, 0x2);
	assert_int_equal(rig_irqs(r), 0x2);
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0);
}

static void
m32_masked_vectors_are_pending(void **state)
{
	struct rig *r = *state;

	msix(r, true);
	rig_write(r, MIC_AT(MSIX_CTRL, 0), 1);
	rig_write(r, MIC_AT(MSIX_CTRL, 3), 1);
	ring(r, 0);
	ring(r, 0);
	ring(r, 3);
	assert_int_equal(rig_irqs(r), 0);
	/* Masked counts as accepted: status has cleared itself. */
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0);
	assert_int_equal(rig_read(r, MIC_MSIX_PBA_AT), 0x9);
	rig_write(r, MIC_AT(MSIX_CTRL, 0), 0);
	assert_int_equal(r->irqs[0], 1);
	assert_int_equal(rig_irqs(r), 0x1);
	assert_int_equal(rig_read(r, MIC_MSIX_PBA_AT), 0x8);
	/* All together masked, and without mastership. */
	rig_config_write(r, 0x9a, 2, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
	rig_write(r, MIC_AT(MSIX_CTRL, 3), 0);
	assert_int_equal(rig_irqs(r), 0);
	rig_config_write(r, PCI_CFG_COMMAND, 2, PCI_CFG_COMMAND_MEMORY);
	rig_config_write(r, 0x9a, 2, PCI_MSIX_ENABLE);
	assert_int_equal(rig_irqs(r), 0);
	rig_config_write(r, PCI_CFG_COMMAND, 2, RIG_COMMAND_ON);
	assert_int_equal(rig_irqs(r), 0x8);
	assert_int_equal(rig_read(r, MIC_MSIX_PBA_AT), 0);
}

static void
m32_a_source_without_vector_waits_for_one(void **state)
{
	struct rig *r = *state;

	rig_msix(r);
	rig_write(r, MIC_SICE0_AT, 0xf);
	rig_write(r, MIC_SIAC0_AT, 0xf);
	ring(r, 2);
	assert_int_equal(rig_irqs(r), 0);
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0x4);
	rig_write(r, MIC_AT(MXAR, 5), 0x4);
	assert_int_equal(rig_irqs(r), 0x20);
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0);
}

/* ---- M33 ---- */

static void
m33_status_stays_until_it_is_cleared(void **state)
{
	struct rig *r = *state;

	msix(r, false);
	ring(r, 0);
	ring(r, 1);
	assert_int_equal(rig_irqs(r), 0x3);
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0x3);
	rig_write(r, MIC_SICR0_AT, 0x1);
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0x2);
	assert_int_equal(rig_irqs(r), 0);
	/* Auto-clear is of MSI-X alone. */
	rig_config_write(r, 0x9a, 2, 0);
	rig_write(r, MIC_SIAC0_AT, 0xf);
	msi(r, PCI_MSI_ENABLE);
	(void)rig_irqs(r);
	ring(r, 3);
	assert_int_equal(rig_irqs(r), 0x1);
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0xa);
}

static void
m33_msi_is_read_and_written_back(void **state)
{
	struct rig *r = *state;
	uint32_t status;

	msi(r, PCI_MSI_ENABLE);
	ring(r, 0);
	assert_int_equal(rig_irqs(r), 0x1);
	status = rig_read(r, MIC_SICR0_AT);
	/* Between both, another one. */
	ring(r, 2);
	assert_int_equal(rig_irqs(r), 0x1);
	rig_write(r, MIC_SICR0_AT, status);
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0x4);
	rig_write(r, MIC_SICR0_AT, 0x4);
	ring(r, 0);
	assert_int_equal(rig_irqs(r), 0x1);
	/* No message without mastership, but afterwards. */
	rig_config_write(r, PCI_CFG_COMMAND, 2, PCI_CFG_COMMAND_MEMORY);
	ring(r, 3);
	assert_int_equal(rig_irqs(r), 0);
	rig_config_write(r, PCI_CFG_COMMAND, 2, RIG_COMMAND_ON);
	assert_int_equal(rig_irqs(r), 0x1);
}

static void
m33_msi_uses_the_vectors_it_was_granted(void **state)
{
	struct rig *r = *state;

	msi(r, PCI_MSI_ENABLE | 1 << 4);
	rig_write(r, MIC_AT(MXAR, 0), 0x1);
	rig_write(r, MIC_AT(MXAR, 1), 0x2);
	rig_write(r, MIC_AT(MXAR, 2), 0x4);
	rig_write(r, MIC_AT(MXAR, 7), 0x8);
	ring(r, 1);
	assert_int_equal(rig_irqs(r), 0x2);
	/* Beyond, they come in by those there are. */
	ring(r, 2);
	assert_int_equal(rig_irqs(r), 0x1);
	ring(r, 3);
	assert_int_equal(rig_irqs(r), 0x2);
	/* All of it on one. */
	rig_write(r, MIC_SICR0_AT, 0xf);
	rig_config_write(r, 0x8a, 2, PCI_MSI_ENABLE);
	ring(r, 3);
	assert_int_equal(rig_irqs(r), 0x1);
}

static void
m33_intx_is_asserted_while_something_is_set(void **state)
{
	struct rig *r = *state;

	/* Whatever is assigned. */
	rig_write(r, MIC_SICE0_AT, MIC_SOURCES_ENABLED);
	ring(r, 0);
	assert_int_equal(rig_irqs(r), 0x1);
	assert_int_equal(rig_config_read(r, PCI_CFG_STATUS, 2) & 0x8, 0x8);
	ring(r, 1);
	assert_int_equal(rig_irqs(r), 0);
	/* One is left, so the line is still there. */
	rig_write(r, MIC_SICR0_AT, 0x1);
	assert_int_equal(rig_irqs(r), 0x1);
	rig_write(r, MIC_SICR0_AT, 0x2);
	assert_int_equal(rig_irqs(r), 0);
	assert_int_equal(rig_config_read(r, PCI_CFG_STATUS, 2) & 0x8, 0);
	/* Switched off in COMMAND, it is quiet until it is switched on. */
	rig_config_write(r, PCI_CFG_COMMAND, 2, command(r) | 0x400);
	ring(r, 2);
	assert_int_equal(rig_irqs(r), 0);
	rig_config_write(r, PCI_CFG_COMMAND, 2, command(r) & ~0x400u);
	assert_int_equal(rig_irqs(r), 0x1);
	/* What is disabled does not assert it. */
	rig_write(r, MIC_SICC0_AT, 0x4);
	assert_int_equal(rig_config_read(r, PCI_CFG_STATUS, 2) & 0x8, 0);
}

/* ---- M34 ---- */

static void
m34_enabling_tells_what_is_pending(void **state)
{
	struct rig *r = *state;

	/* Before anything is set up, as a card may ring at any time. */
	ring(r, 0);
	msix(r, true);
	assert_int_equal(rig_irqs(r), 0x1);
	/* It was told before auto-clear was on, so it is once more, and then it is over. */
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0x1);
	rig_write(r, MIC_SICE0_AT, MIC_SOURCES_ENABLED);
	assert_int_equal(rig_irqs(r), 0x1);
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0);
	rig_write(r, MIC_SICE0_AT, MIC_SOURCES_ENABLED);
	assert_int_equal(rig_irqs(r), 0);
	/* Pending and enabled already: written again, it is told again. */
	rig_write(r, MIC_SIAC0_AT, 0);
	ring(r, 1);
	assert_int_equal(rig_irqs(r), 0x2);
	rig_write(r, MIC_SICE0_AT, MIC_SOURCES_ENABLED);
	assert_int_equal(rig_irqs(r), 0x2);
	rig_write(r, MIC_SICE0_AT, 0x1);
	assert_int_equal(rig_irqs(r), 0);
}

static void
m34_holds_in_every_mode(void **state)
{
	struct rig *r = *state;

	ring(r, 0);
	msi(r, PCI_MSI_ENABLE);
	assert_int_equal(rig_irqs(r), 0x1);
	rig_write(r, MIC_SICE0_AT, 0x1);
	assert_int_equal(rig_irqs(r), 0x1);
	/* A change of mode is told, too: nobody has cleared it. */
	rig_config_write(r, 0x8a, 2, 0);
	assert_int_equal(rig_irqs(r), 0x1);
	rig_write(r, MIC_SICE0_AT, 0x1);
	assert_int_equal(rig_irqs(r), 0x1);
	rig_msix(r);
	assert_int_equal(rig_irqs(r), 0x1);
	/* And a message that waited when its mode ended. */
	rig_write(r, MIC_SIAC0_AT, 0xf);
	rig_write(r, MIC_SICR0_AT, 0xf);
	rig_write(r, MIC_AT(MSIX_CTRL, 0), 1);
	ring(r, 3);
	assert_int_equal(rig_irqs(r), 0);
	assert_int_equal(rig_read(r, MIC_MSIX_PBA_AT), 0x1);
	rig_config_write(r, 0x9a, 2, 0);
	assert_int_equal(rig_irqs(r), 0x1);
	assert_true(rig_read(r, MIC_SICR0_AT) & 0x8);
}

/* ---- M35 ---- */

static void
m35_delivery_takes_the_enable_on_strict_cards(void **state)
{
	struct rig *r = *state;

	msix(r, true);
	ring(r, 0);
	assert_int_equal(rig_irqs(r), 0x1);
	assert_int_equal(rig_read(r, MIC_SICE0_AT), MIC_SOURCES_ENABLED & ~1u);
	/* The next waits until it is enabled again. */
	ring(r, 0);
	assert_int_equal(rig_irqs(r), 0);
	rig_write(r, MIC_SICE0_AT, MIC_SOURCES_ENABLED);
	assert_int_equal(rig_irqs(r), 0x1);
	assert_int_equal(rig_read(r, MIC_SICE0_AT), MIC_SOURCES_ENABLED & ~1u);
	rig_write(r, MIC_SICE0_AT, MIC_SOURCES_ENABLED);
	assert_int_equal(rig_irqs(r), 0);
	assert_int_equal(rig_read(r, MIC_SICE0_AT), MIC_SOURCES_ENABLED);
}

static void
m35_others_keep_it(void **state)
{
	struct rig *r = *state;

	msix(r, true);
	ring(r, 0);
	ring(r, 0);
	assert_int_equal(r->irqs[0], 2);
	assert_int_equal(rig_read(r, MIC_SICE0_AT), MIC_SOURCES_ENABLED);
	/* And have no use for A0's register. */
	rig_write(r, MIC_AT(MSIX_CTRL, 0), 1);
	ring(r, 0);
	rig_write(r, MIC_MSIXPBACR_AT, 1);
	assert_int_equal(rig_read(r, MIC_MSIX_PBA_AT), 0x1);
	assert_int_equal(rig_read(r, MIC_MSIXPBACR_AT), 0);
}

static void
m35_a0_has_pending_bits_that_stay(void **state)
{
	struct rig *r = *state;

	msix(r, true);
	ring(r, 0);
	assert_int_equal(rig_irqs(r), 0x1);
	assert_int_equal(rig_read(r, MIC_SICE0_AT), MIC_SOURCES_ENABLED);
	assert_int_equal(rig_read(r, MIC_MSIX_PBA_AT), 0x1);
	/* The next of that vector waits for the workaround, others do not. */
	ring(r, 0);
	ring(r, 1);
	assert_int_equal(rig_irqs(r), 0x2);
	rig_write(r, MIC_MSIXPBACR_AT, 0);
	assert_int_equal(rig_irqs(r), 0);
	rig_write(r, MIC_MSIXPBACR_AT, 1);
	assert_int_equal(rig_irqs(r), 0x1);
	rig_write(r, MIC_MSIXPBACR_AT, 1);
	assert_int_equal(rig_read(r, MIC_MSIX_PBA_AT), 0);
}

/* A reset has nothing pending left, and says nothing more. */
static void
resets_end_what_was_pending(void **state)
{
	struct rig *r = *state;

	msix(r, true);
	rig_write(r, MIC_AT(MSIX_CTRL, 2), 1);
	rig_write(r, MIC_SICC0_AT, 0x1);
	ring(r, 0);
	ring(r, 2);
	rig_write(r, MIC_RGCR_AT, 1);
	assert_int_equal(rig_read(r, MIC_MSIX_PBA_AT), 0);
	rig_write(r, MIC_AT(MSIX_CTRL, 2), 0);
	msix(r, true);
	assert_int_equal(rig_irqs(r), 0);
	ring(r, 2);
	assert_int_equal(rig_irqs(r), 0x4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define U(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
		U(m31_doorbells_set_status),
		cmocka_unit_test(m31_there_are_four),
		U(the_engine_raises_its_sources),
		U(m32_reaches_every_vector_it_is_assigned_to),
		U(m32_disabled_sources_wait),
		U(m32_masked_vectors_are_pending),
		U(m32_a_source_without_vector_waits_for_one),
		U(m33_status_stays_until_it_is_cleared),
		U(m33_msi_is_read_and_written_back),
		U(m33_msi_uses_the_vectors_it_was_granted),
		U(m33_intx_is_asserted_while_something_is_set),
		U(m34_enabling_tells_what_is_pending),
		U(m34_holds_in_every_mode),
		cmocka_unit_test_setup_teardown(m35_delivery_takes_the_enable_on_strict_cards,
						setup_strict, rig_teardown),
		U(m35_others_keep_it),
		cmocka_unit_test_setup_teardown(m35_a0_has_pending_bits_that_stay, setup_strict_a0,
						rig_teardown),
		U(resets_end_what_was_pending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
