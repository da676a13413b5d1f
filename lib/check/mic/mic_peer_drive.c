/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What a host driver does with the card: probe, reset, boot, doorbells, interrupts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mic_peer.h"

/* ---- Probe (11.9) ---- */

/* Step 2: what the kernel does for the driver. The addresses mean nothing here. */
static void
irq_mode_on(struct peer *p)
{
	if (p->mode == PEER_MSIX) {
		cfg_wr(p, 0x9a, 2, 0xc000); /* enabled, all masked, while the table is filled */
		for (unsigned int v = 0; v < p->vectors; v++) {
			wr(p, MSIX_TABLE + 16 * v, 0xfee00000);
			wr(p, MSIX_TABLE + 16 * v + 4, 0);
			wr(p, MSIX_TABLE + 16 * v + 8, 0x4020 + v);
			wr(p, MSIX_TABLE + 16 * v + 12, 0);
		}
		cfg_wr(p, 0x9a, 2, 0x8000);
	} else if (p->mode == PEER_MSI) {
		cfg_wr(p, 0x8c, 4, 0xfee00000);
		cfg_wr(p, 0x90, 4, 0);
		cfg_wr(p, 0x94, 2, 0x4020);
		cfg_wr(p, 0x8a, 2, cfg(p, 0x8a, 2) | 1);
	}
}

/* 8.4 */
void
peer_enable_irqs(struct peer *p)
{
	wr(p, SICE0, rd(p, SICE0) | ENABLES);
	if (p->mode == PEER_MSIX)
		wr(p, SIAC0, rd(p, SIAC0) | ENABLES);
}

static void
smpt_write(struct peer *p)
{
	for (unsigned int i = 0; i < 32; i++)
		wr(p, SMPT + 4 * i, p->smpt[i]);
}

/* 14.2: the host's initial values. */
void
peer_boot_parameters(struct peer *p)
{
	memset(p->page, 0, 24);
	put32(p->page, PAGE_MAGIC);
	if (p->era == CARD_ERA_A) {
		p->page[4] = (unsigned char)p->c2h_shutdown;
		p->page[5] = NO_DB;
		p->page[6] = NO_DB;
	} else {
		p->page[4] = NO_DB;
		p->page[5] = 1; /* card 0 is node 1 */
		p->page[6] = NO_DB;
		p->page[7] = NO_DB;
	}
}

void
peer_page_address(struct peer *p)
{
	wr(p, SPAD + 4 * 14, (uint32_t)MIC(p->page_iova));
	wr(p, SPAD + 4 * 15, (uint32_t)(MIC(p->page_iova) >> 32));
}

void
peer_probe(struct peer *p)
{
	cfg_wr(p, 4, 2, 6);
	irq_mode_on(p);
	peer_enable_irqs(p);
	for (unsigned int i = 0; i < 32; i++)
		p->smpt[i] = 4 * i;
	smpt_write(p);
	peer_page_address(p);
	if (p->era == CARD_ERA_A)
		peer_assign(p, p->c2h_shutdown, 0);
	peer_boot_parameters(p);
}

/* ---- Interrupts and doorbells ---- */

void
peer_assign(struct peer *p, unsigned int source, unsigned int vector)
{
	if (p->mode == PEER_INTX)
		return;
	if (p->mode == PEER_MSI)
		vector = 0;
	p->mxar[vector] |= 1u << source;
	wr(p, MXAR + 4 * vector, rd(p, MXAR + 4 * vector) | 1u << source);
}

void
peer_ring(struct peer *p, unsigned int db)
{
	if (db < 8)
		wr(p, APICICR_LO + 8 * db, rd(p, APICICR_LO + 8 * db) | 1u << 13);
	else
		wr(p, RDMASR + 4 * (db - 8), 0);
}

uint32_t
peer_acknowledge(struct peer *p)
{
	uint32_t set = 0;

	if (p->mode != PEER_MSIX) {
		set = rd(p, SICR0);
		if (set == 0) /* INTx: not mine */
			return 0;
		wr(p, SICR0, set);
	}
	if (cfg(p, 8, 1) == 0)
		wr(p, MSIXPBACR, 1);
	else
		peer_enable_irqs(p);
	return set;
}

bool
peer_rung(struct peer *p, unsigned int source)
{
	unsigned int came = 0;

	for (unsigned int v = 0; v < PEER_VECTORS; v++)
		if (p->mode != PEER_MSIX || (p->mxar[v] & 1u << source) != 0) {
			came += p->irqs[v];
			p->irqs[v] = 0;
		}
	if (came == 0)
		return false;
	if (p->mode == PEER_MSIX) {
		peer_acknowledge(p);
		return true;
	}
	return (peer_acknowledge(p) & 1u << source) != 0;
}

/* ---- Reset (10.1) ---- */

bool
peer_reset(struct peer *p)
{
	wr(p, SPAD + 4 * 2, 0);
	wr(p, RGCR, rd(p, RGCR) | 1);
	peer_pass(p, SECOND);
	for (unsigned int i = 0; i < 45; i++) {
		if ((rd(p, SPAD + 4 * 2) & 1) != 0)
			return true;
		peer_pass(p, SECOND);
	}
	return false;
}

uint32_t
peer_wait_ready(struct peer *p)
{
	uint32_t spad2 = rd(p, SPAD + 4 * 2);

	for (unsigned int i = 0; i < 60 && (spad2 & 1) == 0; i++) {
		peer_pass(p, SECOND);
		spad2 = rd(p, SPAD + 4 * 2);
	}
	assert_true(spad2 & 1);
	return spad2;
}

/* ---- Boot (11.3 to 11.5) ---- */

static void
image_write(struct peer *p, uint32_t load, const struct peer_image *image)
{
	unsigned char *to = p->aperture + load;

	for (uint32_t i = 0; i < image->size; i++)
		to[i] = (unsigned char)(i * 7 + i / 251);
	if (image->elf) {
		memcpy(to, "\x7f" "ELF\x02\x01\x01", 7);
		memset(to + 0x202, 0, 4);
		return;
	}
	/* Linux x86 boot protocol 2.12: a sector of set-up code, and so many paragraphs behind it. */
	to[0x1f1] = 1;
	put32(to + 0x1f4, (image->size - 0x400) / 16);
	to[0x1fe] = 0x55;
	to[0x1ff] = 0xaa;
	memcpy(to + 0x202, image->no_signature ? "HdrX" : "HdrS", 4);
	to[0x206] = 0x0c;
	to[0x207] = 0x02;
	memset(to + 0x20e, 0, 2);
	put32(to + 0x218, 0);
	put32(to + 0x21c, 0);
}

uint32_t
peer_place(struct peer *p, const struct peer_image *image)
{
	uint32_t load = rd(p, SPAD + 4 * 2) & 0xfffff000;
	char text[2048];
	int len;

	assert_true(load <= 0x80000000 && load <= p->gddr_size - image->size);
	image_write(p, load, image);
	wr(p, SPAD + 4 * 5, image->size);
	if (image->elf)
		return load;
	len = snprintf(text, sizeof(text), " mem=%uM%s%s", (unsigned int)(p->gddr_size >> 20),
		       image->cmdline != NULL ? " " : "",
		       image->cmdline != NULL ? image->cmdline : "");
	assert_in_range(len, 1, sizeof(text) - 1);
	memcpy(p->aperture + load + image->size, text, (size_t)len + 1);
	if (image->ramdisk != 0) {
		assert_true(2 * (uint64_t)load + image->ramdisk <= p->gddr_size);
		memset(p->aperture + 2 * (uint64_t)load, 0xcd, image->ramdisk);
		put32(p->aperture + load + 0x218, 2 * load);
		put32(p->aperture + load + 0x21c, image->ramdisk);
	}
	return load;
}

void
peer_start(struct peer *p)
{
	smpt_write(p);
	for (unsigned int v = 0; v < PEER_VECTORS; v++)
		for (unsigned int s = 0; s < 32; s++)
			if ((p->mxar[v] & 1u << s) != 0)
				peer_assign(p, s, v);
	peer_enable_irqs(p);
	peer_page_address(p);
	wr(p, APICICR_HI + 8 * 7, rd(p, SPAD + 4 * 2) >> 1 & 0x1ff);
	wr(p, APICICR_LO + 8 * 7, BOOT_ICR);
}

void
peer_boot(struct peer *p, const struct peer_image *image)
{
	static const struct peer_image usual = {.size = 0x5000, .cmdline = "quiet"};
	char code[3];

	peer_wait_ready(p);
	peer_place(p, image != NULL ? image : &usual);
	peer_start(p);
	peer_pass(p, 5 * SECOND);
	assert_string_equal(peer_post(p, code), "FF");
	assert_int_equal(mic_model_power(p->model, NULL), MIC_POWER_RUNNING);
}

char *
peer_post(struct peer *p, char code[3])
{
	uint32_t value = rd(p, POSTCODE);

	code[0] = (char)(value & 0xff);
	code[1] = (char)(value >> 8 & 0xff);
	code[2] = 0;
	return code;
}

/* ---- The device page ---- */

unsigned int
peer_wait_byte(struct peer *p, unsigned int off, unsigned int not_this, uint64_t ns)
{
	for (uint64_t waited = 0; waited < ns && p->page[off] == not_this; waited += 10 * MS)
		peer_pass(p, 10 * MS);
	return p->page[off];
}

unsigned int
peer_shutdown_status(struct peer *p, uint64_t ns)
{
	unsigned int status;

	for (uint64_t waited = 0; waited < ns; waited += 10 * MS) {
		if (peer_rung(p, p->c2h_shutdown)) {
			status = p->page[7];
			p->page[7] = 0;
			return status;
		}
		peer_pass(p, 10 * MS);
	}
	return 0;
}
