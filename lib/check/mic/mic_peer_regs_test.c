/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The function and its registers before a boot, as a host that knows the datasheet alone finds
 * them: items M1 to M12.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mic_peer.h"

static int
begin_with(void **state, const struct peer_make *make)
{
	*state = peer_new(make);
	return 0;
}

static int
begin(void **state)
{
	return begin_with(state, &(struct peer_make){0});
}

/* ---- M1, M2: the function ---- */

/* Offset of the capability with an id, 0 when it is not in the list. */
static uint16_t
capability(struct peer *p, unsigned int id)
{
	uint16_t at = (uint16_t)cfg(p, 0x34, 1);

	for (unsigned int n = 0; at != 0 && n < 48; n++) {
		if (cfg(p, at, 1) == id)
			return at;
		at = (uint16_t)cfg(p, at + 1, 1);
	}
	return 0;
}

static void
m1_function_is_a_coprocessor(void **state)
{
	struct peer *p = *state;

	assert_int_equal(cfg(p, 0x00, 2), 0x8086);
	assert_in_range(cfg(p, 0x02, 2), 0x2250, 0x225e);
	assert_int_equal(cfg(p, 0x08, 4) >> 8, 0x0b4000);
	assert_int_equal(cfg(p, 0x0e, 1), 0);
	assert_int_equal(cfg(p, 0x2c, 2), 0x8086);
	assert_int_equal(cfg(p, 0x3d, 1), 1);
	assert_int_equal(cfg(p, 0x30, 4), 0);
	assert_true(cfg(p, 0x06, 2) & 0x10);
}

static void
m1_capabilities_lie_where_they_were_seen(void **state)
{
	struct peer *p = *state;

	assert_int_equal(capability(p, 0x01), 0x44);
	assert_int_equal(capability(p, 0x10), 0x4c);
	assert_int_equal(capability(p, 0x05), 0x88);
	assert_int_equal(capability(p, 0x11), 0x98);
	assert_int_equal(cfg(p, 0x100, 2), 0x0001);
	/* Power management 3, states D0 and D3hot, which keeps the card as it is. */
	assert_int_equal(cfg(p, 0x46, 2) & 7, 3);
	assert_int_equal(cfg(p, 0x46, 2) & 0x0600, 0);
	assert_true(cfg(p, 0x48, 2) & 8);
	/* An endpoint, version 2, without function-level reset, 5 GT/s by 16. */
	assert_int_equal(cfg(p, 0x4e, 2) & 0xff, 0x02);
	assert_int_equal(cfg(p, 0x50, 4) & 1u << 28, 0);
	assert_true(cfg(p, 0x50, 4) & 1u << 5);
	assert_int_equal(cfg(p, 0x58, 4) & 0x3ff, 0x102);
}

/* Size a 64-bit BAR as firmware does, and leave it at `address`. */
static uint64_t
bar_size(struct peer *p, uint16_t off, uint64_t address)
{
	uint64_t mask;

	cfg_wr(p, off, 4, 0xffffffff);
	cfg_wr(p, off + 4, 4, 0xffffffff);
	mask = (uint64_t)cfg(p, off + 4, 4) << 32 | (cfg(p, off, 4) & ~0xfu);
	cfg_wr(p, off, 4, (uint32_t)address);
	cfg_wr(p, off + 4, 4, (uint32_t)(address >> 32));
	assert_int_equal((uint64_t)cfg(p, off + 4, 4) << 32 | (cfg(p, off, 4) & ~0xfu), address);
	return ~mask + 1;
}

static void
m1_bars_have_type_and_size(void **state)
{
	struct peer *p = *state;

	assert_int_equal(cfg(p, 0x10, 4) & 0xf, 0xc);
	assert_int_equal(cfg(p, 0x20, 4) & 0xf, 0x4);
	assert_int_equal(bar_size(p, 0x10, UINT64_C(0x380000000000)), p->gddr_size);
	assert_int_equal(bar_size(p, 0x20, UINT64_C(0x3800c0000000)), 0x20000);
	for (uint16_t off = 0x18; off < 0x20; off += 4) {
		cfg_wr(p, off, 4, 0xffffffff);
		assert_int_equal(cfg(p, off, 4), 0);
	}
}

static void
m1_every_id_and_stepping(void **state)
{
	static const uint8_t revisions[] = {0x10, 0x11, 0x20};
	struct peer *p;

	(void)state;
	for (unsigned int id = 0x2250; id <= 0x225e; id++) {
		p = peer_new(&(struct peer_make){.model.device_id = (uint16_t)id});
		assert_int_equal(cfg(p, 0x02, 2), id);
		peer_free(p);
	}
	for (unsigned int i = 0; i < 3; i++) {
		p = peer_new(&(struct peer_make){.model.revision = revisions[i]});
		assert_int_equal(cfg(p, 0x08, 1), revisions[i]);
		peer_free(p);
	}
	p = peer_new(&(struct peer_make){.model.a0 = true});
	assert_int_equal(cfg(p, 0x08, 1), 0);
	peer_free(p);
}

static void
m2_interrupt_capabilities(void **state)
{
	struct peer *p = *state;

	assert_int_equal(cfg(p, 0x9a, 2) & 0x7ff, 15);
	assert_int_equal(cfg(p, 0x9c, 4), 0x00017004);
	assert_int_equal(cfg(p, 0xa0, 4), 0x00018004);
	/* 16 messages, 64-bit address, no mask per message. */
	assert_int_equal(cfg(p, 0x8a, 2), 0x0088);
	cfg_wr(p, 4, 2, 6);
	for (unsigned int v = 0; v < 16; v++) {
		assert_int_equal(rd(p, MSIX_TABLE + 16 * v + 12) & 1, 1);
		for (unsigned int word = 0; word < 3; word++)
			wr(p, MSIX_TABLE + 16 * v + 4 * word, 0x5a0000f0 + 256 * v + 4 * word);
	}
	for (unsigned int v = 0; v < 16; v++)
		for (unsigned int word = 0; word < 3; word++)
			assert_int_equal(rd(p, MSIX_TABLE + 16 * v + 4 * word),
					 0x5a0000f0 + 256 * v + 4 * word);
}

/* ---- M3: bus master, and memory decode with it ---- */

static void
m3_card_reaches_host_only_as_bus_master(void **state)
{
	struct peer *p = *state;
	uint64_t word = 0x1122334455667788;
	size_t len = 8;

	peer_probe(p);
	cfg_wr(p, 4, 2, 2);
	p->accesses = 0;
	assert_true(mic_model_card_copy(p->model, MIC(PEER_IOVA + 64), &word, 8, true) < 0);
	assert_null(mic_model_card_map(p->model, MIC(PEER_IOVA), &len, BUS_PROT_READ));
	assert_int_equal(p->accesses, 0);
	cfg_wr(p, 4, 2, 6);
	assert_int_equal(mic_model_card_copy(p->model, MIC(PEER_IOVA + 64), &word, 8, true), 0);
	assert_int_equal(get64(p->page + 64), word);
}

static void
m3_registers_need_memory_decode(void **state)
{
	struct peer *p = *state;

	cfg_wr(p, 4, 2, 6);
	wr(p, SPAD + 4 * 9, 0x12345678);
	cfg_wr(p, 4, 2, 4);
	assert_int_equal(rd(p, SPAD + 4 * 9), 0xffffffff);
	wr(p, SPAD + 4 * 9, 0);
	/* The bit of I/O space is taken, and changes nothing. */
	cfg_wr(p, 4, 2, 7);
	assert_int_equal(cfg(p, 4, 2), 7);
	assert_int_equal(rd(p, SPAD + 4 * 9), 0x12345678);
}

/* ---- M4, M5: the two BARs ---- */

static void
m4_aperture_is_the_memory_of_the_card(void **state)
{
	struct peer *p = *state;
	uint64_t last = p->gddr_size - 8;
	struct bus_region r[16];
	int n = p->dev->ops->describe(p->dev, r, 16);
	size_t len = 8;
	unsigned char *card;

	cfg_wr(p, 4, 2, 6);
	put64(p->aperture + last, 0xfeedfacecafebeef);
	assert_int_equal(get64(p->gddr + last), 0xfeedfacecafebeef);
	card = mic_model_card_map(p->model, last, &len, BUS_PROT_READ | BUS_PROT_WRITE);
	assert_non_null(card);
	assert_int_equal(len, 8);
	assert_int_equal(get64(card), 0xfeedfacecafebeef);
	/* A host that cannot map it reads and writes it. */
	assert_int_equal(p->dev->ops->read(p->dev, 0, last, 4), 0xcafebeef);
	assert_int_equal(p->dev->ops->read(p->dev, 0, last, 8), 0xfeedfacecafebeef);
	p->dev->ops->write(p->dev, 0, last + 4, 0x01020304, 4);
	assert_int_equal(get32(p->gddr + last + 4), 0x01020304);
	/* Behind it there is nothing, for either side. */
	len = 8;
	assert_null(mic_model_card_map(p->model, p->gddr_size, &len, BUS_PROT_READ));
	for (int i = 0; i < n; i++)
		if (r[i].bar == 4)
			assert_int_equal(r[i].kind, BUS_TRAPPED);
}

static void
m5_unknown_registers_read_zero(void **state)
{
	static const uint32_t nothing[] = {0x00000, 0x02428, 0x02430, 0x0fffc, 0x10000, 0x13180,
					   0x130fc, 0x19000 + 0x88, 0x1a400 + 0x3c, 0x1b1a0,
					   0x1b1c4, 0x1ccb0, 0x1fffc};
	struct peer *p = *state;

	cfg_wr(p, 4, 2, 6);
	for (unsigned int i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		wr(p, nothing[i], 0xdeadbeef);
		assert_int_equal(rd(p, nothing[i]), 0);
	}
	/* POSTCODE is for reading. */
	wr(p, POSTCODE, 0x58585858);
	assert_int_not_equal(rd(p, POSTCODE), 0x58585858);
	assert_true(mic_model_stray(p->model) > 0);
}

/* Era A's driver rings doorbells 8 and up outside the block (9.1); nothing may come of it. */
static void
m5_doorbell_of_the_old_driver_goes_nowhere(void **state)
{
	struct peer *p = *state;

	peer_probe(p);
	peer_boot(p, NULL);
	mic_model_card_irqs(p->model);
	for (unsigned int db = 8; db < 16; db++)
		wr(p, RDMASR + 4 * (db + 9), 0);
	peer_pass(p, MS);
	assert_int_equal(mic_model_card_irqs(p->model), 0);
	peer_ring(p, 8);
	peer_pass(p, MS);
	assert_int_equal(mic_model_card_irqs(p->model), UINT64_C(1) << 17);
}

/* ---- M6 to M8: enables, SMPT, scratchpads ---- */

static void
m6_enables_are_set_and_cleared_by_ones(void **state)
{
	struct peer *p = *state;

	cfg_wr(p, 4, 2, 6);
	assert_int_equal(rd(p, SICE0), 0);
	wr(p, SICE0, 0x0000000f);
	wr(p, SICE0, 0x0000ff00);
	assert_int_equal(rd(p, SICE0), ENABLES);
	wr(p, SICE0, 0);
	assert_int_equal(rd(p, SICE0), ENABLES);
	wr(p, SICC0, 0x00000f05);
	assert_int_equal(rd(p, SICE0), 0x0000f00a);
	wr(p, SIAC0, 0x0000ff0f);
	assert_int_equal(rd(p, SIAC0), 0x0000ff0f);
	wr(p, SIAC0, 0x00000100);
	assert_int_equal(rd(p, SIAC0), 0x00000100);
}

static void
m7_smpt_keeps_what_is_written(void **state)
{
	struct peer *p = *state;

	cfg_wr(p, 4, 2, 6);
	for (unsigned int i = 0; i < 32; i++)
		wr(p, SMPT + 4 * i, 0x00007f10 + 4 * i + (i & 1));
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(rd(p, SMPT + 4 * i), 0x00007f10 + 4 * i + (i & 1));
}

static void
m8_scratchpads_belong_to_both_sides(void **state)
{
	struct peer *p = *state;

	peer_probe(p);
	assert_int_equal(rd(p, SPAD + 4 * 14), (uint32_t)MIC(PEER_IOVA));
	assert_int_equal(rd(p, SPAD + 4 * 15), 0x81);
	for (unsigned int i = 8; i < 16; i++) {
		wr(p, SPAD + 4 * i, 0xa5a50000 + i);
		assert_int_equal(mic_model_card_read(p->model, SPAD + 4 * i), 0xa5a50000 + i);
		mic_model_card_write(p->model, SPAD + 4 * i, 0x5a5a0000 + i);
		assert_int_equal(rd(p, SPAD + 4 * i), 0x5a5a0000 + i);
	}
}

/* ---- SMPT (7.1, 28) ---- */

static void
smpt_windows_lead_where_the_datasheet_says(void **state)
{
	struct peer *p = *state;
	unsigned char *low = peer_memory(p, UINT64_C(0x740001000), 4096);
	unsigned char *high = peer_memory(p, UINT64_C(0x7f1234567000), 4096);
	unsigned char *edge = peer_memory(p, UINT64_C(0x3fffff000), 8192);
	unsigned char bytes[8192];

	peer_probe(p);
	put32(low, 0xa0a0a0a0);
	assert_int_equal(mic_model_card_copy(p->model, UINT64_C(0x8740001000), bytes, 4, false), 0);
	assert_int_equal(get32(bytes), 0xa0a0a0a0);
	/* Page 0x1fc4 in entry 31: its last byte is the last of the card's addresses. */
	wr(p, SMPT + 4 * 31, 0x00007f10);
	memcpy(high, "\x11\x22\x33\x44", 4);
	assert_int_equal(mic_model_card_copy(p->model,
					     MIC_BASE + UINT64_C(31) * 0x400000000 + 0x234567000,
					     bytes, 4, false), 0);
	assert_int_equal(get32(bytes), 0x44332211);
	/* One piece over two entries: with the next one elsewhere the rest is lost. */
	for (unsigned int i = 0; i < 8192; i++)
		bytes[i] = (unsigned char)(i % 249);
	assert_int_equal(mic_model_card_copy(p->model, MIC(UINT64_C(0x3fffff000)), bytes, 8192,
					     true), 0);
	assert_memory_equal(edge, bytes, 8192);
	wr(p, SMPT + 4, 4 * 9);
	assert_true(mic_model_card_copy(p->model, MIC(UINT64_C(0x3fffff000)), bytes, 8192,
					true) < 0);
}

/* ---- M9 to M12: reset and bootstrap ---- */

static void
m9_measured_card_says_what_was_measured(void **state)
{
	struct peer *p = peer_new(&(struct peer_make){.gddr_size = 512u << 20});

	(void)state;
	peer_probe(p);
	assert_int_equal(peer_wait_ready(p), 0x040001c1);
	peer_free(p);
	p = peer_new(&(struct peer_make){.model = {.load_address = 0x00301000, .apic_id = 257}});
	peer_probe(p);
	assert_int_equal(peer_wait_ready(p), 0x00301000 | 257 << 1 | 1);
	peer_free(p);
}

static void
m9_reset_takes_ready_away_until_bootstrap_is_done(void **state)
{
	struct peer *p = *state;
	uint32_t before;
	unsigned int polls = 0;

	peer_probe(p);
	before = peer_wait_ready(p);
	for (unsigned int round = 0; round < 3; round++) {
		wr(p, SPAD + 8, 0);
		assert_int_equal(rd(p, SPAD + 8), 0);
		wr(p, RGCR, rd(p, RGCR) | 1);
		assert_int_equal(rd(p, SPAD + 8) & 1, 0);
		peer_pass(p, SECOND);
		assert_int_equal(rd(p, SPAD + 8) & 1, 0);
		for (polls = 0; polls < 45 && (rd(p, SPAD + 8) & 1) == 0; polls++)
			peer_pass(p, SECOND);
		assert_in_range(polls, 8, 11); /* 10 s unless told otherwise */
		assert_int_equal(rd(p, SPAD + 8), before);
	}
}

static void
m9_time_scale_divides_the_wait(void **state)
{
	struct peer *p = peer_new(&(struct peer_make){
		.model = {.ready_ns = 20 * SECOND, .time_scale = 100}});

	(void)state;
	peer_probe(p);
	peer_wait_ready(p);
	wr(p, SPAD + 8, 0);
	wr(p, RGCR, rd(p, RGCR) | 1);
	peer_pass(p, 190 * MS);
	assert_int_equal(rd(p, SPAD + 8) & 1, 0);
	peer_pass(p, 20 * MS);
	assert_int_equal(rd(p, SPAD + 8) & 1, 1);
	peer_free(p);
}

/* Is it a code of the table in 10.4 that comes before the boot signal? */
static bool
code_before_boot(const char *code)
{
	static const char *const codes[] = {"01", "02", "03", "04", "05", "06", "09", "0b", "0c",
					    "0E", "0F", "10", "11", "12", "15", "17"};

	for (unsigned int i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return code[0] == '3';
}

static void
m10_post_codes_run_from_01_to_12(void **state)
{
	struct peer *p = *state;
	char code[3], last[3] = "";
	unsigned int seen = 0;

	peer_probe(p);
	peer_wait_ready(p);
	wr(p, SPAD + 8, 0);
	wr(p, RGCR, rd(p, RGCR) | 1);
	for (unsigned int i = 0; i < 1500; i++) {
		peer_pass(p, 10 * MS);
		peer_post(p, code);
		assert_true(code_before_boot(code));
		assert_int_equal(rd(p, POSTCODE) >> 16, 0);
		if (seen == 0)
			assert_string_equal(code, "01");
		seen += strcmp(code, last) != 0;
		/* It is ready at 11 or soon after, and the last code is 12 (10.3). */
		if ((rd(p, SPAD + 8) & 1) != 0)
			assert_true(strcmp(code, "11") == 0 || strcmp(code, "12") == 0);
		else
			assert_string_not_equal(code, "12");
		memcpy(last, code, 3);
	}
	assert_string_equal(last, "12");
	assert_true(seen >= 6);
}

static void
m11_reset_clears_what_the_datasheet_lists(void **state)
{
	struct peer *p = *state;

	p->mode = PEER_MSIX;
	peer_probe(p);
	peer_wait_ready(p);
	wr(p, RGCR, 0x30);
	assert_int_equal(rd(p, RGCR), 0x30);
	peer_assign(p, 9, 3);
	wr(p, APICICR_LO + 8 * 2, 0x55);
	wr(p, DCR, rd(p, DCR) | 0xaa);
	wr(p, DMA + DRAR_LO, 0x1000);
	wr(p, DMA + DRAR_HI, 64 << 4);
	mic_model_card_write(p->model, SDBIC + 4, 0x80000000);
	peer_pass(p, MS);
	assert_true(peer_reset(p));
	assert_int_equal(rd(p, RGCR) & 1, 0);
	assert_int_equal(rd(p, SICE0), 0);
	assert_int_equal(rd(p, SICR0), 0);
	assert_int_equal(rd(p, SIAC0), 0);
	for (unsigned int v = 0; v < 16; v++)
		assert_int_equal(rd(p, MXAR + 4 * v), 0);
	assert_int_equal(rd(p, DCR) & 0xaaaa, 0);
	assert_int_equal(rd(p, DMA + DRAR_LO), 0);
	assert_int_equal(rd(p, DMA + DTPR), 0);
	/* It is no reset of the PCI function. */
	assert_int_equal(cfg(p, 4, 2) & 6, 6);
	assert_int_equal(cfg(p, 0x9a, 2) & 0xc000, 0x8000);
	assert_int_equal(rd(p, MSIX_TABLE + 8), 0x4020);
	assert_int_equal(rd(p, MSIX_TABLE + 12) & 1, 0);
	/* This stepping keeps the table. */
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(rd(p, SMPT + 4 * i), 4 * i);
}

static void
m11_some_steppings_lose_the_smpt(void **state)
{
	struct peer *p = peer_new(&(struct peer_make){.model.lose_smpt = true});
	unsigned int lost = 0;
	uint32_t word;

	(void)state;
	peer_probe(p);
	peer_wait_ready(p);
	assert_true(peer_reset(p));
	for (unsigned int i = 1; i < 32; i++)
		lost += rd(p, SMPT + 4 * i) != 4 * i;
	assert_true(lost > 0);
	/* The driver writes them anew at each boot. */
	peer_boot(p, NULL);
	assert_int_equal(mic_model_card_copy(p->model, MIC(PEER_IOVA), &word, 4, false), 0);
	assert_int_equal(word, PAGE_MAGIC);
	peer_free(p);
}

static void
m12_a_card_that_never_gets_ready(void **state)
{
	struct peer *p = peer_new(&(struct peer_make){.model.never_ready = true});

	(void)state;
	peer_probe(p);
	assert_false(peer_reset(p));
	assert_int_equal(rd(p, SPAD + 8) & 1, 0);
	peer_free(p);
}

static void
m12_a_lost_link_reads_all_ones(void **state)
{
	struct peer *p = peer_new(&(struct peer_make){.model.all_ones = true});

	(void)state;
	assert_int_equal(rd(p, SPAD + 8), 0xffffffff);
	assert_int_equal(rd(p, POSTCODE), 0xffffffff);
	wr(p, RGCR, 1);
	assert_int_equal(rd(p, RGCR), 0xffffffff);
	peer_free(p);
}

static void
m12_a_link_that_goes_and_comes(void **state)
{
	struct peer *p = *state;
	uint32_t before;

	peer_probe(p);
	before = peer_wait_ready(p);
	mic_model_link(p->model, false);
	assert_int_equal(rd(p, SPAD + 8), 0xffffffff);
	wr(p, SPAD + 4 * 9, 0x77);
	peer_pass(p, MS);
	mic_model_link(p->model, true);
	assert_int_equal(rd(p, SPAD + 8), before);
	assert_int_equal(rd(p, SPAD + 4 * 9), 0);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, begin, peer_end)
	const struct CMUnitTest tests[] = {
		T(m1_function_is_a_coprocessor),
		T(m1_capabilities_lie_where_they_were_seen),
		T(m1_bars_have_type_and_size),
		cmocka_unit_test(m1_every_id_and_stepping),
		T(m2_interrupt_capabilities),
		T(m3_card_reaches_host_only_as_bus_master),
		T(m3_registers_need_memory_decode),
		T(m4_aperture_is_the_memory_of_the_card),
		T(m5_unknown_registers_read_zero),
		T(m5_doorbell_of_the_old_driver_goes_nowhere),
		T(m6_enables_are_set_and_cleared_by_ones),
		T(m7_smpt_keeps_what_is_written),
		T(m8_scratchpads_belong_to_both_sides),
		T(smpt_windows_lead_where_the_datasheet_says),
		cmocka_unit_test(m9_measured_card_says_what_was_measured),
		T(m9_reset_takes_ready_away_until_bootstrap_is_done),
		cmocka_unit_test(m9_time_scale_divides_the_wait),
		T(m10_post_codes_run_from_01_to_12),
		T(m11_reset_clears_what_the_datasheet_lists),
		cmocka_unit_test(m11_some_steppings_lose_the_smpt),
		cmocka_unit_test(m12_a_card_that_never_gets_ready),
		cmocka_unit_test(m12_a_lost_link_reads_all_ones),
		T(m12_a_link_that_goes_and_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
