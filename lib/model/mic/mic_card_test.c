/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The card's own side: addresses, doorbells, the meeting in the device page. Datasheet sections
 * 4.1, 7.1, 9 and 27, items M4, M7, M13, M18 to M20.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mic_page.h"
#include "mic_test_rig.h"

/* Where the driver keeps the device page, in host memory. */
#define PAGE 0x3000u

/* ---- Addresses ---- */

static void
m4_both_sides_see_the_same_memory(void **state)
{
	struct rig *r = *state;
	char text[8] = "sevenB";
	size_t len = 8;

	r->dev->ops->write(r->dev, 0, 0x1000, 0x0041424344454647, 8);
	assert_string_equal(mic_model_card_map(r->dev, 0x1000, &len, BUS_PROT_READ), "GFEDCBA");
	assert_int_equal(mic_model_card_copy(r->dev, 0x1000, text, 8, true), 0);
	assert_int_equal(r->dev->ops->read(r->dev, 0, 0x1000, 2), 's' | 'e' << 8);
	/* Up to the last byte. */
	len = 4096;
	assert_ptr_equal(mic_model_card_map(r->dev, RIG_GDDR_BYTES - 3, &len, BUS_PROT_WRITE),
			 &r->gddr[RIG_GDDR_BYTES - 3]);
	assert_int_equal(len, 3);
	assert_int_equal(mic_model_card_copy(r->dev, RIG_GDDR_BYTES - 3, text, 3, false), 0);
	assert_int_equal(mic_model_card_copy(r->dev, RIG_GDDR_BYTES - 3, text, 4, false), -EFAULT);
}

static void
there_is_nothing_between_and_beyond(void **state)
{
	static const uint64_t nowhere[] = {
		RIG_GDDR_BYTES, MIC_CARD_MMIO, MIC_SYSTEM_MEMORY - 1, MIC_ADDRESS_END, UINT64_MAX,
	};
	struct rig *r = *state;
	char byte;
	size_t len;

	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		len = 1;
		assert_null(mic_model_card_map(r->dev, nowhere[i], &len, BUS_PROT_READ));
		assert_int_equal(mic_model_card_copy(r->dev, nowhere[i], &byte, 1, false), -EFAULT);
	}
	len = 0;
	assert_null(mic_model_card_map(r->dev, 0, &len, BUS_PROT_READ));
	assert_int_equal(mic_model_card_copy(r->dev, UINT64_MAX, &byte, 0, false), 0);
	assert_int_equal(mic_model_card_copy(r->dev, 1, &byte, SIZE_MAX, false), -EFAULT);
	assert_int_equal(mic_model_card_copy(r->dev, MIC_ADDRESS_END - 1, &byte, 2, false),
			 -EFAULT);
}

static void
m7_every_entry_translates(void **state)
{
	struct rig *r = *state;

	for (unsigned int i = 0; i < MIC_SMPT_ENTRIES; i++) {
		uint64_t address = mic_smpt_address(i, rig_iova(64 + i));
		char byte = (char)(i + 1);
		size_t len = 16;

		/* Snooping, and the reserved bit, are no part of the address. */
		rig_write(r, MIC_AT(SMPT, i), mic_smpt_value(rig_iova(0)) | i % 4);
		assert_ptr_equal(mic_model_card_map(r->dev, address, &len, BUS_PROT_WRITE),
				 rig_memory(r, 64 + i));
		assert_int_equal(len, 16);
		assert_int_equal(mic_model_card_copy(r->dev, address, &byte, 1, true), 0);
		assert_int_equal(*(char *)rig_memory(r, 64 + i), byte);
		/* Where the host has nothing. */
		rig_write(r, MIC_AT(SMPT, i), mic_smpt_value(UINT64_MAX));
		assert_null(mic_model_card_map(r->dev, address, &len, BUS_PROT_WRITE));
		assert_int_equal(mic_model_card_copy(r->dev, address, &byte, 1, true), -EFAULT);
	}
}

/* The host's memory lies around the end of a window, so a copy needs two entries. */
static uint64_t last_iova;
static uint8_t around[64];

static void *
around_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	   struct bus_fault *fault)
{
	uint64_t base = 9 * MIC_SMPT_WINDOW - 32;

	(void)host;
	(void)prot;
	(void)fault;
	last_iova = iova;
	if (pasid != BUS_NO_PASID || iova < base || iova - base >= sizeof(around))
		return NULL;
	if (*len > sizeof(around) - (iova - base))
		*len = (size_t)(sizeof(around) - (iova - base));
	return &around[iova - base];
}

static void
copies_cross_windows(void **state)
{
	static const struct bus_host_ops ops = {.map = around_map};
	const struct bus_host_ops *before;
	struct rig *r = *state;
	uint64_t address = mic_smpt_address(5, 9 * MIC_SMPT_WINDOW - 20);
	uint8_t bytes[40];
	size_t len = 40;

	memset(bytes, 0x5a, sizeof(bytes));
	rig_write(r, MIC_AT(SMPT, 5), mic_smpt_value(8 * MIC_SMPT_WINDOW));
	rig_write(r, MIC_AT(SMPT, 6), mic_smpt_value(9 * MIC_SMPT_WINDOW));
	before = r->host.host.ops;
	r->host.host.ops = &ops;
	/* A pointer ends with its window. */
	assert_ptr_equal(mic_model_card_map(r->dev, address, &len, BUS_PROT_WRITE), &around[12]);
	assert_int_equal(len, 20);
	assert_int_equal(mic_model_card_copy(r->dev, address, bytes, 40, true), 0);
	assert_int_equal(last_iova, 9 * MIC_SMPT_WINDOW);
	assert_int_equal(around[11], 0);
	assert_memory_equal(&around[12], bytes, 40);
	assert_int_equal(around[52], 0);
	/* The second window leads elsewhere. */
	rig_write(r, MIC_AT(SMPT, 6), 0);
	assert_int_equal(mic_model_card_copy(r->dev, address, bytes, 40, true), -EFAULT);
	r->host.host.ops = before;
}

/* ---- Doorbells ---- */

static void
doorbells_become_interrupts(void **state)
{
	struct rig *r = *state;

	/* Nobody is there to take them. */
	for (unsigned int db = 0; db < 16; db++)
		rig_write(r, mic_h2c_at(db), mic_h2c_value(db, rig_read(r, mic_h2c_at(db))));
	assert_int_equal(mic_model_card_irqs(r->dev), 0);
	assert_true(rig_start(r));
	assert_int_equal(mic_model_card_irqs(r->dev), 0);
	for (unsigned int db = 0; db < 16; db++) {
		rig_write(r, mic_h2c_at(db), mic_h2c_value(db, rig_read(r, mic_h2c_at(db))));
		assert_int_equal(mic_model_card_irqs(r->dev), UINT64_C(1)
				 << (db < 8 ? 26 + db : 17 + db - 8));
		assert_int_equal(mic_model_card_irqs(r->dev), 0);
	}
	/* Several until somebody looks. A write without the bit is none. */
	rig_write(r, mic_h2c_at(3), 0x20e1);
	rig_write(r, mic_h2c_at(9), 0);
	rig_write(r, mic_h2c_at(4), 0x00e1);
	assert_int_equal(mic_model_card_irqs(r->dev), UINT64_C(1) << 29 | UINT64_C(1) << 18);
}

/* ---- M18 to M20: what a card OS does first ---- */

static struct mic_boot_params_a *
host_page(struct rig *r)
{
	struct mic_boot_params_a *p = rig_memory(r, PAGE);
	uint64_t address = mic_smpt_address(0, rig_iova(PAGE));

	memset(p, 0, MIC_PAGE_BYTES);
	*p = (struct mic_boot_params_a){.magic = MIC_PAGE_MAGIC,
					.h2c_shutdown_db = MIC_PAGE_NO_DOORBELL,
					.h2c_config_db = MIC_PAGE_NO_DOORBELL};
	rig_write(r, MIC_AT(SMPT, 0), mic_smpt_value(rig_iova(PAGE)));
	rig_write(r, MIC_SPAD14_AT, (uint32_t)address);
	rig_write(r, MIC_SPAD15_AT, (uint32_t)(address >> 32));
	return p;
}

static uint64_t
card_page(struct rig *r)
{
	return mic_model_card_read(r->dev, MIC_SPAD14_AT) |
	       (uint64_t)mic_model_card_read(r->dev, MIC_SPAD15_AT) << 32;
}

static void
card_store(struct rig *r, uint64_t address, uint8_t value)
{
	assert_int_equal(mic_model_card_copy(r->dev, address, &value, 1, true), 0);
}

static void
m18_finds_the_device_page(void **state)
{
	struct rig *r = *state;
	struct mic_boot_params_a *card, *host;
	size_t len = MIC_PAGE_BYTES;

	assert_true(rig_start(r));
	host = host_page(r);
	card = mic_model_card_map(r->dev, card_page(r), &len, BUS_PROT_READ | BUS_PROT_WRITE);
	assert_ptr_equal(card, host);
	assert_int_equal(len, MIC_PAGE_BYTES);
	assert_int_equal(card->magic, 0xc0ffee00);
	/* The reset takes the address, not what the host keeps. */
	rig_write(r, MIC_RGCR_AT, 1);
	assert_int_equal(card_page(r), 0);
	assert_int_equal(host->magic, 0xc0ffee00);
}

static void
m18_there_may_be_none(void **state)
{
	struct rig *r = *state;
	size_t len = MIC_PAGE_BYTES;
	uint32_t magic;

	assert_true(rig_start(r));
	(void)host_page(r);
	/* An address that leads to no memory of the host's, and one of an entry that does not. */
	rig_write(r, MIC_SPAD15_AT, 0x83);
	assert_null(mic_model_card_map(r->dev, card_page(r), &len, BUS_PROT_READ));
	rig_write(r, MIC_SPAD15_AT, 0x80);
	rig_write(r, MIC_AT(SMPT, 0), mic_smpt_value(MIC_SMPT_WINDOW));
	assert_int_equal(mic_model_card_copy(r->dev, card_page(r), &magic, 4, false), -EFAULT);
}

static void
m19_m20_both_sides_meet_in_it(void **state)
{
	struct rig *r = *state;
	struct mic_boot_params_a *host;
	uint64_t page;
	uint8_t asked = 0;

	assert_true(rig_start(r));
	host = host_page(r);
	page = card_page(r);
	/* The card publishes its doorbells; the host rings what it finds there. */
	card_store(r, page + offsetof(struct mic_boot_params_a, h2c_shutdown_db), 2);
	card_store(r, page + offsetof(struct mic_boot_params_a, h2c_config_db), 9);
	assert_int_equal(host->h2c_shutdown_db, 2);
	assert_int_equal(host->h2c_config_db, 9);
	assert_int_equal(host->magic, MIC_PAGE_MAGIC);
	rig_write(r, mic_h2c_at(host->h2c_config_db), 0);
	assert_int_equal(mic_model_card_irqs(r->dev), UINT64_C(1) << mic_card_irq(9));
	host->shutdown_card = 1;
	rig_write(r, mic_h2c_at(2), mic_h2c_value(2, rig_read(r, mic_h2c_at(2))));
	assert_int_equal(mic_model_card_irqs(r->dev), UINT64_C(1) << mic_card_irq(2));
	assert_int_equal(mic_model_card_copy(
			 r->dev, page + offsetof(struct mic_boot_params_a, shutdown_card), &asked, 1,
			 false), 0);
	assert_int_equal(asked, 1);
}

/* ---- M13 ---- */

static void
m13_what_the_host_loads_the_card_finds(void **state)
{
	struct rig *r = *state;
	struct mic_model_boot boot;
	char text[64];

	assert_true(rig_ready(r));
	for (unsigned int i = 0; i < 512; i++)
		r->dev->ops->write(r->dev, 0, mic_ramdisk_at(RIG_LOAD) + 8 * i, i, 8);
	rig_image(r, 4096, " mem=32M root=ram", 4096);
	rig_boot(r);
	mic_model_boot(r->dev, &boot);
	assert_int_equal(mic_model_card_copy(r->dev, boot.cmdline, text, boot.cmdline_len + 1,
					     false), 0);
	assert_string_equal(text, " mem=32M root=ram");
	assert_int_equal(boot.ramdisk_size, 4096);
	assert_int_equal(mic_model_card_copy(r->dev, boot.ramdisk + 8 * 511, text, 8, false), 0);
	assert_int_equal((uint8_t)text[0], 511 & 0xff);
	assert_int_equal(text[1], 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define U(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
		U(m4_both_sides_see_the_same_memory),
		U(there_is_nothing_between_and_beyond),
		U(m7_every_entry_translates),
		U(copies_cross_windows),
		U(doorbells_become_interrupts),
		U(m18_finds_the_device_page),
		U(m18_there_may_be_none),
		U(m19_m20_both_sides_meet_in_it),
		U(m13_what_the_host_loads_the_card_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
