/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pci_config.h"

#define MSIX  0x60
#define PCIE  0x6c
#define PM    0xa8
#define MSI   0xb0
#define AER   0x100
#define PASID 0x148
#define ACS   0x150

static int
setup(void **state)
{
	const struct pci_ids ids = {0x1234, 0x5678, 0x9abc, 0xdef0, 0x0b4000, 7};
	const struct pci_msix msix = {.vectors = 65, .pba_bar = 2, .table = 0x1000, .pba = 0x2000};
	const struct pci_express pcie = {0x10008062, 0x2910, 0x00600010, 0x00400c11, 0x1011,
					 false, 0};
	struct pci_config *c = malloc(sizeof(*c));

	if (c == NULL)
		return -1;
	pci_config_create(c, &ids);
	pci_config_bar64(c, 0, UINT64_C(1) << 26, true);
	pci_config_bar64(c, 2, UINT64_C(1) << 32, false);
	pci_config_msix(c, MSIX, &msix);
	pci_config_pcie(c, PCIE, &pcie);
	pci_config_pm(c, PM);
	pci_config_aer(c, AER);
	pci_config_pasid(c, PASID, 20);
	pci_config_acs(c, ACS, 0x0c);
	pci_config_reset(c, true);
	*state = c;
	return 0;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

/* Write a field; does that ask for a reset? */
static bool
put(struct pci_config *c, uint16_t off, unsigned int size, uint32_t value)
{
	unsigned char bytes[4] = {(unsigned char)value, (unsigned char)(value >> 8),
				  (unsigned char)(value >> 16), (unsigned char)(value >> 24)};
	bool reset;

	assert_int_equal(pci_config_write(c, off, bytes, size, &reset), 0);
	return reset;
}

static void
assert_field(const struct pci_config *c, uint16_t off, unsigned int size, uint32_t value)
{
	assert_int_equal(pci_config_get(c, off, size), value);
}

/* Every byte of a header that says what the function is; writing all ones leaves it. */
static void
identity_cannot_be_written(void **state)
{
	struct pci_config *c = *state;
	uint8_t ones[64], header[64];
	bool reset;

	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(pci_config_write(c, 0, ones, sizeof(ones), &reset), 0);
	assert_false(reset);
	assert_int_equal(pci_config_read(c, 0, header, sizeof(header)), 0);
	assert_field(c, 0x00, 4, 0x56781234);
	assert_field(c, 0x04, 4, 0x00100547);
	assert_field(c, 0x08, 4, 0x0b400007);
	assert_field(c, 0x0c, 4, 0x000000ff);
	assert_field(c, 0x2c, 4, 0xdef09abc);
	assert_field(c, 0x30, 4, 0);
	assert_field(c, 0x34, 4, MSIX);
	assert_field(c, 0x3c, 4, 0x000000ff);
	assert_int_equal(header[0x0b], 0x0b);
}

static void
bars_show_their_size(void **state)
{
	static const uint32_t size[6] = {0xfc00000c, 0xffffffff, 0x00000004, 0xffffffff, 0, 0};
	static const uint32_t at[6] = {0x0400000c, 0x12, 0x00000004, 0x34, 0, 0};
	struct pci_config *c = *state;

	for (unsigned int n = 0; n < 6; n++) {
		put(c, PCI_CFG_BAR(n), 4, 0xffffffff);
		assert_field(c, PCI_CFG_BAR(n), 4, size[n]);
	}
	put(c, 0x10, 4, 0x07ffffff);
	put(c, 0x14, 4, 0x12);
	put(c, 0x18, 4, 0x07ffffff);
	put(c, 0x1c, 4, 0x34);
	for (unsigned int n = 0; n < 6; n++)
		assert_field(c, PCI_CFG_BAR(n), 4, at[n]);
}

static void
lists_lead_to_every_capability(void **state)
{
	static const uint8_t ids[3] = {PCI_CAP_MSIX, PCI_CAP_PCIE, PCI_CAP_PM};
	static const uint16_t ext[3] = {PCI_EXT_AER, PCI_EXT_PASID, PCI_EXT_ACS};
	struct pci_config *c = *state;
	uint32_t at = pci_config_get(c, PCI_CFG_CAPABILITIES, 1);

	for (unsigned int i = 0; i < 3; i++) {
		assert_field(c, (uint16_t)at, 1, ids[i]);
		at = pci_config_get(c, (uint16_t)(at + 1), 1);
	}
	assert_int_equal(at, 0);
	at = 0x100;
	for (unsigned int i = 0; i < 3; i++) {
		assert_field(c, (uint16_t)at, 2, ext[i]);
		at = pci_config_get(c, (uint16_t)(at + 2), 2) >> 4;
	}
	assert_int_equal(at, 0);
}

/* Any length and place, but nothing of an access that reaches beyond the end. */
static void
accesses_of_any_length(void **state)
{
	static uint8_t all[PCI_CFG_BYTES + 1];
	struct pci_config *c = *state;
	uint8_t bytes[3] = {0x06, 0, 0xff};
	bool reset;

	assert_int_equal(pci_config_read(c, 0, all, PCI_CFG_BYTES), 0);
	assert_int_equal(all[PASID], PCI_EXT_PASID);
	assert_int_equal(pci_config_read(c, 1, all, PCI_CFG_BYTES), -EINVAL);
	assert_int_equal(pci_config_read(c, 0, all, PCI_CFG_BYTES + 1), -EINVAL);
	assert_int_equal(pci_config_read(c, 0xffff, all, 1), -EINVAL);
	assert_int_equal(pci_config_read(c, 0xfff, all, 1), 0);
	assert_int_equal(pci_config_write(c, 0xfff, all, 2, &reset), -EINVAL);
	assert_int_equal(pci_config_write(c, 4, bytes, sizeof(bytes), &reset), 0);
	assert_field(c, 4, 4, 0x00100006);
	assert_int_equal(pci_config_read(c, 3, bytes, 3), 0);
	assert_int_equal(bytes[1], 0x06);
}

static void
function_level_reset_is_asked_for_once(void **state)
{
	struct pci_config *c = *state;

	assert_false(put(c, PCIE + 8, 2, 0x7fff));
	assert_true(put(c, PCIE + 8, 2, 0xa910));
	assert_field(c, PCIE + 8, 2, 0x2910);
	assert_true(put(c, PCIE + 9, 1, 0x80));
	assert_true(put(c, PCIE + 6, 4, 0x80000000));
	assert_false(put(c, PCIE + 8, 1, 0x80));
	assert_false(put(c, PCIE + 10, 2, 0x8080));
	assert_field(c, PCIE + 10, 2, 0);
}

static void
resets_clear_what_is_not_sticky(void **state)
{
	struct pci_config *c = *state;

	put(c, 4, 2, 6);
	put(c, 0x14, 4, 0x12);
	put(c, MSIX + 2, 2, 0xc000);
	put(c, PASID + 6, 2, 1);
	put(c, AER + 8, 4, 0x00100010);
	put(c, PCIE + 8, 2, 0x2030);
	pci_config_reset(c, false);
	assert_field(c, 4, 2, 0);
	assert_field(c, 0x14, 4, 0);
	assert_field(c, MSIX + 2, 2, 0x0040);
	assert_field(c, PASID + 6, 2, 0);
	assert_field(c, AER + 8, 4, 0x00100010);
	assert_field(c, PCIE + 8, 2, 0x2930);
	pci_config_reset(c, true);
	assert_field(c, AER + 8, 4, 0);
	assert_field(c, PCIE + 8, 2, 0x2910);
}

/* Only D0 and D3hot are there, and the way back is a reset. */
static void
power_states(void **state)
{
	struct pci_config *c = *state;

	put(c, 4, 2, 6);
	assert_true(pci_config_answers(c) && pci_config_may_master(c));
	for (uint32_t d = 1; d <= 2; d++) {
		assert_false(put(c, PM + 4, 2, d));
		assert_field(c, PM + 4, 2, 0);
	}
	assert_false(put(c, PM + 4, 2, 3));
	assert_false(pci_config_answers(c) || pci_config_may_master(c));
	assert_false(put(c, PM + 4, 2, 1));
	assert_field(c, PM + 4, 2, 3);
	assert_true(put(c, PM + 4, 2, 0));
}

static void
msix_needs_enable_and_no_mask(void **state)
{
	struct pci_config *c = *state;

	assert_false(pci_config_msix_on(c));
	put(c, MSIX + 2, 2, 0xffff);
	assert_field(c, MSIX + 2, 2, 0xc040);
	assert_false(pci_config_msix_on(c));
	put(c, MSIX + 2, 2, 0x8000);
	assert_true(pci_config_msix_on(c));
	assert_field(c, MSIX + 4, 4, 0x1000);
	assert_field(c, MSIX + 8, 4, 0x2002);
}

/* Errors are set by the device; writing 1 takes them away. */
static void
msi_grants_what_it_has(void **state)
{
	struct pci_config *c = *state;

	assert_int_equal(pci_config_msi_vectors(c), 0);
	pci_config_msi(c, MSI, 16);
	pci_config_reset(c, true);
	assert_field(c, MSI, 2, 0x0005);
	assert_field(c, MSI + PCI_MSI_CONTROL, 2, 0x0088);
	assert_int_equal(pci_config_msi_vectors(c), 0);
	(void)put(c, MSI + PCI_MSI_CONTROL, 2, 0x0021);
	assert_int_equal(pci_config_msi_vectors(c), 4);
	/* No more than it can. */
	(void)put(c, MSI + PCI_MSI_CONTROL, 2, 0x0071);
	assert_int_equal(pci_config_msi_vectors(c), 16);
	(void)put(c, MSI + PCI_MSI_CONTROL, 2, 0x0070);
	assert_int_equal(pci_config_msi_vectors(c), 0);
	(void)put(c, MSI + 0x4, 4, UINT32_MAX);
	assert_field(c, MSI + 0x4, 4, 0xfffffffc);
}

static void
error_bits_are_cleared_by_ones(void **state)
{
	struct pci_config *c = *state;

	c->value[AER + 4 + 2] = 0x30;
	put(c, AER + 4, 4, 0x00100000);
	assert_field(c, AER + 4, 4, 0x00200000);
	pci_config_reset(c, false);
	assert_field(c, AER + 4, 4, 0x00200000);
	put(c, AER + 4, 4, 0xffffffff);
	assert_field(c, AER + 4, 4, 0);
}

static void
redirection_that_is_there_can_be_enabled(void **state)
{
	struct pci_config *c = *state;

	put(c, ACS + 4, 4, 0xffffffff);
	assert_field(c, ACS + 4, 4, 0x000c000c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(identity_cannot_be_written, setup, teardown),
		cmocka_unit_test_setup_teardown(bars_show_their_size, setup, teardown),
		cmocka_unit_test_setup_teardown(lists_lead_to_every_capability, setup, teardown),
		cmocka_unit_test_setup_teardown(accesses_of_any_length, setup, teardown),
		cmocka_unit_test_setup_teardown(function_level_reset_is_asked_for_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(resets_clear_what_is_not_sticky, setup, teardown),
		cmocka_unit_test_setup_teardown(power_states, setup, teardown),
		cmocka_unit_test_setup_teardown(msix_needs_enable_and_no_mask, setup, teardown),
		cmocka_unit_test_setup_teardown(msi_grants_what_it_has, setup, teardown),
		cmocka_unit_test_setup_teardown(error_bits_are_cleared_by_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(redirection_that_is_there_can_be_enabled, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
