/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The card on the bus: configuration space, BARs, power, and the loss of the link. Datasheet
 * sections 3 and 27, items M1 to M5 and M12.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mic_test_rig.h"
#include "pci_config.h"

/* ---- M1 ---- */

static void
m1_says_who_it_is(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_config_read(r, 0x00, 2), 0x8086);
	assert_int_equal(rig_config_read(r, 0x02, 2), 0x225c);
	assert_int_equal(rig_config_read(r, 0x08, 4), 0x0b400011);
	assert_int_equal(rig_config_read(r, 0x2c, 4), 0xd8048086);
	assert_int_equal(rig_config_read(r, 0x3d, 1), 1);
	/* 64 bits, and prefetchable where it is memory. */
	assert_int_equal(rig_config_read(r, 0x10, 4), 0xc);
	assert_int_equal(rig_config_read(r, 0x18, 4), 0);
	assert_int_equal(rig_config_read(r, 0x20, 4), 0x4);
	assert_int_equal(rig_config_read(r, 0x30, 4), 0);
}

static void
m1_bars_show_their_sizes(void **state)
{
	struct rig *r = *state;

	for (uint16_t off = 0x10; off < 0x28; off += 4)
		rig_config_write(r, off, 4, UINT32_MAX);
	assert_int_equal(rig_config_read(r, 0x10, 4), 0xfe00000c);
	assert_int_equal(rig_config_read(r, 0x14, 4), UINT32_MAX);
	assert_int_equal(rig_config_read(r, 0x18, 4), 0);
	assert_int_equal(rig_config_read(r, 0x20, 4), 0xfffe0004);
	assert_int_equal(rig_config_read(r, 0x24, 4), UINT32_MAX);
}

static void
m1_is_of_every_family_member_and_stepping(void **state)
{
	static const uint8_t revisions[] = {MIC_STEPPING_A0, MIC_STEPPING_B0, MIC_STEPPING_B1,
					    MIC_STEPPING_C0};
	struct rig r;

	(void)state;
	for (uint16_t id = 0x2250; id <= 0x225e; id++) {
		uint8_t revision = revisions[id % 4];
		const struct mic_model_config c = {.device_id = id, .revision = revision,
						   .a0 = revision == 0};

		assert_int_equal(rig_open(&r, &c), 0);
		assert_int_equal(rig_config_read(&r, 0x02, 2), id);
		assert_int_equal(rig_config_read(&r, 0x08, 1), revision);
		/* The same twice more: section 6, and the shadow of section 5.2. */
		assert_int_equal(rig_read(&r, MIC_SPAD13_AT), revision);
		assert_int_equal(rig_read(&r, MIC_PCI_REVISION_SHADOW_AT), 0x0b400000 | revision);
		assert_int_equal(rig_close(&r), 0);
	}
}

static void
cards_that_cannot_be_are_refused(void **state)
{
	static uint8_t memory[4096];
	static const struct bus_host_ops none;
	struct bus_host host = {&none};
	struct bus_device *dev;
	const uint64_t mib = 1 << 20;
	const struct mic_model_config bad[] = {
		{.gddr_size = 32 * mib},
		{.gddr = memory, .gddr_size = 16 * mib},
		{.gddr = memory, .gddr_size = 48 * mib},
		{.gddr = memory, .gddr_size = 32768 * mib},
		{.gddr = memory, .gddr_size = 32 * mib, .device_id = 0x224f},
		{.gddr = memory, .gddr_size = 32 * mib, .device_id = 0x225f},
		{.gddr = memory, .gddr_size = 32 * mib, .revision = 0x12},
		{.gddr = memory, .gddr_size = 32 * mib, .revision = 0x11, .a0 = true},
		{.gddr = memory, .gddr_size = 32 * mib, .apic_id = 512},
		{.gddr = memory, .gddr_size = 32 * mib, .load_address = 0x1800},
		{.gddr = memory, .gddr_size = 32 * mib, .load_address = 0x1001000},
		{.gddr = memory, .gddr_size = 8192 * mib, .load_address = 0x80001000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(mic_model_create(&bad[i], &host, &dev), -EINVAL);
	mic_model_destroy(NULL);
}

/* ---- M2 ---- */

static void
m2_lists_its_capabilities(void **state)
{
	static const uint8_t at[] = {0x44, 0x4c, 0x88, 0x98}, ids[] = {0x01, 0x10, 0x05, 0x11};
	struct rig *r = *state;
	uint32_t next = rig_config_read(r, 0x34, 1);

	for (size_t i = 0; i < sizeof(at); i++) {
		assert_int_equal(next, at[i]);
		assert_int_equal(rig_config_read(r, (uint16_t)next, 1), ids[i]);
		next = rig_config_read(r, (uint16_t)(next + 1), 1);
	}
	assert_int_equal(next, 0);
	/* Advanced error reporting. */
	assert_int_equal(rig_config_read(r, 0x100, 2), 0x0001);
	/* Power management 3, PME from D0; state is kept. */
	assert_int_equal(rig_config_read(r, 0x46, 2), 0x0803);
	assert_int_equal(rig_config_read(r, 0x48, 2), 0x0008);
	/* No function-level reset; 256 bytes of payload can be had, 512 are asked for. */
	assert_int_equal(rig_config_read(r, 0x50, 4) & 0x10000007, 0x00000001);
	assert_int_equal(rig_config_read(r, 0x54, 2) & 0x7000, 0x2000);
	assert_int_equal(rig_config_read(r, 0x58, 4) & 0x3ff, 0x102);
}

static void
m2_grants_sixteen_vectors(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_config_read(r, 0x9a, 2), 15);
	assert_int_equal(rig_config_read(r, 0x9c, 4), 0x00017004);
	assert_int_equal(rig_config_read(r, 0xa0, 4), 0x00018004);
	/* MSI: 16, 64 bits, no masks. */
	assert_int_equal(rig_config_read(r, 0x8a, 2), 0x0088);
	rig_config_write(r, 0x8a, 2, 0xffff);
	assert_int_equal(rig_config_read(r, 0x8a, 2), 0x00f9);
	rig_config_write(r, 0x8c, 4, UINT32_MAX);
	assert_int_equal(rig_config_read(r, 0x8c, 4), 0xfffffffc);
	/* The table starts masked. */
	for (unsigned int v = 0; v < 16; v++)
		assert_int_equal(rig_read(r, 0x1700c + 16 * v), 1);
	rig_write(r, 0x17000, 0x12345678);
	rig_write(r, 0x17004, 0x9abcdef0);
	rig_write(r, 0x17008, 0x11223344);
	rig_write(r, 0x1700c, UINT32_MAX);
	assert_int_equal(rig_read(r, 0x17000), 0x12345678);
	assert_int_equal(rig_read(r, 0x17004), 0x9abcdef0);
	assert_int_equal(rig_read(r, 0x17008), 0x11223344);
	assert_int_equal(rig_read(r, 0x1700c), 1);
}

/* ---- M3 ---- */

static void
m3_reaches_the_host_only_as_bus_master(void **state)
{
	struct rig *r = *state;
	uint64_t address = mic_smpt_address(3, rig_iova(64));
	char text[] = "away", back[5] = "";
	size_t len = 5;

	rig_write(r, MIC_AT(SMPT, 3), mic_smpt_value(rig_iova(0)));
	assert_non_null(mic_model_card_map(r->dev, address, &len, BUS_PROT_WRITE));
	assert_int_equal(mic_model_card_copy(r->dev, address, text, 5, true), 0);
	rig_config_write(r, PCI_CFG_COMMAND, 2, PCI_CFG_COMMAND_MEMORY);
	assert_null(mic_model_card_map(r->dev, address, &len, BUS_PROT_WRITE));
	assert_int_equal(mic_model_card_copy(r->dev, address, back, 5, false), -EFAULT);
	/* Its own memory is no business of the bus. */
	assert_int_equal(mic_model_card_copy(r->dev, 64, text, 5, true), 0);
	rig_config_write(r, PCI_CFG_COMMAND, 2, RIG_COMMAND_ON);
	assert_int_equal(mic_model_card_copy(r->dev, address, back, 5, false), 0);
	assert_string_equal(back, "away");
	/* Asleep it does not either. */
	rig_config_write(r, 0x48, 2, 3);
	assert_int_equal(mic_model_card_copy(r->dev, address, back, 5, false), -EFAULT);
}

/* ---- M4 ---- */

static void
m4_names_its_regions(void **state)
{
	struct rig *r = *state;
	struct bus_region regions[2];

	assert_int_equal(r->dev->ops->describe(r->dev, NULL, 0), 2);
	assert_int_equal(r->dev->ops->describe(r->dev, regions, 2), 2);
	assert_int_equal(regions[0].bar, 0);
	assert_int_equal(regions[0].kind, BUS_MEMORY);
	assert_int_equal(regions[0].size, RIG_GDDR_BYTES);
	assert_ptr_equal(regions[0].memory, r->gddr);
	assert_int_equal(regions[0].fd, -1);
	assert_int_equal(regions[1].bar, 4);
	assert_int_equal(regions[1].kind, BUS_TRAPPED);
	assert_int_equal(regions[1].size, 0x20000);
}

static void
m4_aperture_is_card_memory(void **state)
{
	const struct bus_device_ops *ops;
	struct rig *r = *state;
	uint8_t line[64];

	ops = r->dev->ops;
	memset(line, 0x42, sizeof(line));
	for (unsigned int size = 1; size <= 8; size *= 2) {
		ops->write(r->dev, 0, RIG_GDDR_BYTES - size, UINT64_C(0x8877665544332211), size);
		assert_memory_equal(&r->gddr[RIG_GDDR_BYTES - size],
				    "\x11\x22\x33\x44\x55\x66\x77\x88", size);
		assert_int_equal(ops->read(r->dev, 0, RIG_GDDR_BYTES - size, size),
				 UINT64_C(0x8877665544332211) & (~UINT64_C(0) >> (64 - 8 * size)));
	}
	ops->post(r->dev, 0, 0x1000, line, 64);
	assert_memory_equal(&r->gddr[0x1000], line, 64);
	assert_int_equal(r->gddr[0x1040], 0);
}

/* ---- M5 ---- */

static void
m5_what_is_not_there_reads_nothing(void **state)
{
	struct rig r;
	uint64_t before;
	uint8_t line[64] = {0};

	(void)state;
	assert_int_equal(rig_open(&r, NULL), 0);
	for (uint32_t off = 0; off < MIC_BAR4_BYTES; off += 4)
		(void)rig_read(&r, off);
	before = mic_model_stray(r.dev);
	assert_true(before > MIC_BAR4_BYTES / 4 - 1024);
	rig_write(&r, 0x0, UINT32_MAX);
	rig_write(&r, MIC_SBOX + 0xfffc, UINT32_MAX);
	rig_write(&r, MIC_SBOX + 0xa034, UINT32_MAX);
	assert_int_equal(rig_read(&r, 0x0), 0);
	assert_int_equal(rig_read(&r, MIC_SBOX + 0xfffc), 0);
	assert_int_equal(rig_read(&r, MIC_SBOX + 0xa034), 0);
	assert_int_equal(mic_model_stray(r.dev), before + 6);
	/* Beyond the BARs, between their bytes, BARs it has not. */
	assert_int_equal(r.dev->ops->read(r.dev, 4, MIC_BAR4_BYTES, 4), 0);
	assert_int_equal(r.dev->ops->read(r.dev, 4, MIC_SICE0_AT + 2, 4), 0);
	assert_int_equal(r.dev->ops->read(r.dev, 0, RIG_GDDR_BYTES - 4, 8), 0);
	assert_int_equal(r.dev->ops->read(r.dev, 2, 0, 4), 0);
	assert_int_equal(r.dev->ops->read(r.dev, 4, UINT64_C(0x100000000) + MIC_SPAD4_AT, 4), 0);
	r.dev->ops->write(r.dev, 0, RIG_GDDR_BYTES, 1, 1);
	r.dev->ops->write(r.dev, 4, MIC_SICE0_AT, 1, 3);
	r.dev->ops->post(r.dev, 4, MIC_SPAD5_AT & ~63u, line, 64);
	r.dev->ops->post(r.dev, 0, RIG_GDDR_BYTES - 32, line, 64);
	assert_int_equal(rig_close(&r), before + 6 + 9);
}

/* ---- Power, and the link ---- */

static void
bars_answer_when_memory_space_is_on(void **state)
{
	struct rig *r = *state;

	rig_write(r, MIC_SPAD5_AT, 7);
	rig_config_write(r, PCI_CFG_COMMAND, 2, PCI_CFG_COMMAND_MASTER);
	assert_int_equal(rig_read(r, MIC_SPAD5_AT), UINT32_MAX);
	assert_int_equal(r->dev->ops->read(r->dev, 0, 0, 1), 0xff);
	assert_int_equal(r->dev->ops->read(r->dev, 0, 0, 8), UINT64_MAX);
	rig_write(r, MIC_SPAD5_AT, 8);
	r->dev->ops->write(r->dev, 0, 0, 1, 1);
	rig_config_write(r, PCI_CFG_COMMAND, 2, RIG_COMMAND_ON);
	assert_int_equal(rig_read(r, MIC_SPAD5_AT), 7);
	assert_int_equal(r->gddr[0], 0);
	/* Nothing is forgotten in D3hot, and on the way back. */
	rig_config_write(r, 0x48, 2, 3);
	assert_int_equal(rig_read(r, MIC_SPAD5_AT), UINT32_MAX);
	rig_config_write(r, 0x48, 2, 0);
	assert_int_equal(rig_read(r, MIC_SPAD5_AT), 7);
}

static void
there_is_no_function_level_reset(void **state)
{
	struct rig *r = *state;
	uint32_t generation, after;

	rig_write(r, MIC_SPAD5_AT, 7);
	(void)mic_model_power(r->dev, &generation);
	rig_config_write(r, MIC_PCI_PCIE + PCI_PCIE_DEVCTL, 2, 0x8000);
	assert_int_equal(rig_read(r, MIC_SPAD5_AT), 7);
	(void)mic_model_power(r->dev, &after);
	assert_int_equal(after, generation);
}

static void
slot_reset_is_like_power_on(void **state)
{
	static const enum bus_reset kinds[] = {BUS_RESET_POWER, BUS_RESET_FUNCTION};
	struct rig *r = *state;

	for (size_t i = 0; i < 2; i++) {
		uint32_t before, after;

		rig_msix(r);
		rig_write(r, MIC_AT(SMPT, 1), 8);
		rig_write(r, MIC_SICE0_AT, 1);
		(void)mic_model_power(r->dev, &before);
		r->dev->ops->reset(r->dev, kinds[i]);
		assert_int_equal(mic_model_power(r->dev, &after), MIC_POWER_BOOTSTRAP);
		assert_int_equal(after, before + 1);
		assert_int_equal(rig_config_read(r, PCI_CFG_COMMAND, 2), 0);
		assert_int_equal(rig_config_read(r, 0x9a, 2), 15);
		assert_int_equal(rig_read(r, MIC_SICE0_AT), UINT32_MAX);
		rig_config_write(r, PCI_CFG_COMMAND, 2, RIG_COMMAND_ON);
		assert_int_equal(rig_read(r, MIC_SICE0_AT), 0);
		assert_int_equal(rig_read(r, MIC_AT(SMPT, 1)), 0);
		assert_int_equal(rig_read(r, MIC_AT(MSIX_CTRL, 3)), 1);
	}
}

static void
m12_a_lost_link_reads_ones(void **state)
{
	struct rig *r = *state;
	uint64_t address = mic_smpt_address(0, rig_iova(0));
	uint16_t byte = 0;
	size_t len = 4;

	rig_write(r, MIC_AT(SMPT, 0), mic_smpt_value(rig_iova(0)));
	rig_write(r, MIC_SPAD5_AT, 7);
	rig_write(r, MIC_SICE0_AT, 1);
	mic_model_link(r->dev, false);
	assert_int_equal(rig_read(r, MIC_SPAD5_AT), UINT32_MAX);
	assert_int_equal(r->dev->ops->read(r->dev, 0, 0, 2), 0xffff);
	assert_int_equal(rig_config_read(r, 0, 4), UINT32_MAX);
	rig_write(r, MIC_SPAD5_AT, 8);
	rig_config_write(r, PCI_CFG_COMMAND, 2, 0);
	assert_int_equal(r->dev->ops->config(r->dev, 4095, &byte, 2, false), -EINVAL);
	assert_int_equal(r->dev->ops->config(r->dev, 4095, &byte, 2, true), -EINVAL);
	/* The card goes on without its host. */
	assert_null(mic_model_card_map(r->dev, address, &len, BUS_PROT_READ));
	mic_model_card_write(r->dev, MIC_AT(SDBIC, 0), MIC_C2H_VALUE);
	assert_int_equal(mic_model_card_read(r->dev, MIC_SPAD5_AT), 7);
	assert_int_equal(rig_irqs(r), 0);
	mic_model_link(r->dev, true);
	assert_int_equal(rig_read(r, MIC_SPAD5_AT), 7);
	assert_int_equal(rig_config_read(r, PCI_CFG_COMMAND, 2), RIG_COMMAND_ON);
	assert_non_null(mic_model_card_map(r->dev, address, &len, BUS_PROT_READ));
	assert_int_equal(rig_irqs(r), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define U(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
		U(m1_says_who_it_is),
		U(m1_bars_show_their_sizes),
		cmocka_unit_test(m1_is_of_every_family_member_and_stepping),
		cmocka_unit_test(cards_that_cannot_be_are_refused),
		U(m2_lists_its_capabilities),
		U(m2_grants_sixteen_vectors),
		U(m3_reaches_the_host_only_as_bus_master),
		U(m4_names_its_regions),
		U(m4_aperture_is_card_memory),
		cmocka_unit_test(m5_what_is_not_there_reads_nothing),
		U(bars_answer_when_memory_space_is_on),
		U(there_is_no_function_level_reset),
		U(slot_reset_is_like_power_on),
		U(m12_a_lost_link_reads_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
