/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_fuzz_target.h"

#include "fuzz_input.h"
#include "mic_desc.h"
#include "mic_fuzz_host.h"
#include "mic_reg_table.h"
#include "pci_config.h"

#define OPERATIONS_MAX 300u
#define STEPS_MAX      32u
/* Steps after which a card has to be at rest, with time going on. */
#define REST_STEPS     20000u
/* Rings of rig channels, in card memory and in the arena. */
#define RING_CARD      0x00800000u
#define RING_PAGES     4u
#define RING_MAX       64u
#define MIB            (UINT32_C(1) << 20)

struct fuzz {
	struct fuzz_host host;
	struct fuzz_input input;
	const char *wrong;
};

static uint64_t
take(struct fuzz *f, unsigned int n)
{
	return fuzz_take(&f->input, n);
}

static struct rig *
rig(struct fuzz *f)
{
	return &f->host.rig;
}

/* ---- Registers and configuration space ---- */

static uint32_t
take_register(struct fuzz *f)
{
	const struct reg_row *row = &mic_reg_rows[take(f, 1) % MIC_REG_COUNT];

	return row->offset[0] + (uint32_t)take(f, 1) % row->count[0] * row->stride;
}

/* By either side. */
static void
do_register(struct fuzz *f)
{
	uint64_t how = take(f, 1);
	uint32_t off = take_register(f);

	if (how & 1 && how & 2)
		mic_model_card_write(rig(f)->dev, off, (uint32_t)take(f, 4));
	else if (how & 1)
		rig_write(rig(f), off, (uint32_t)take(f, 4));
	else if (how & 2)
		(void)mic_model_card_read(rig(f)->dev, off);
	else
		(void)rig_read(rig(f), off);
}

static void
do_anywhere(struct fuzz *f)
{
	const struct bus_device_ops *ops = rig(f)->dev->ops;
	uint64_t how = take(f, 1), off = take(f, 4);
	unsigned int bar = (unsigned int)(how & 3) * 2, size = 1u << (how >> 2 & 3);
	uint8_t line[64];

	if (how & 0x10)
		off = how & 0x20 ? -off : off & (MIC_BAR4_BYTES - 1);
	else if (how & 0x20)
		off = (bar == 0 ? RIG_GDDR_BYTES : MIC_BAR4_BYTES) - (off & 127);
	if (how & 0x40 && how & 0x80) {
		memset(line, (int)how, sizeof(line));
		ops->post(rig(f)->dev, bar, off, line, how & 4 ? 64 : 16);
	} else if (how & 0x40) {
		ops->write(rig(f)->dev, bar, off, take(f, size), size);
	} else {
		(void)ops->read(rig(f)->dev, bar, off, how & 0x80 ? 3 : size);
	}
}

/* May the card reach the host now? */
static void
look_at_mastership(struct fuzz *f)
{
	uint32_t command = rig_config_read(rig(f), PCI_CFG_COMMAND, 2);
	uint32_t power = rig_config_read(rig(f), MIC_PCI_PM + PCI_PM_CSR, 2) & 3;

	/* With the link down all of it reads as ones. */
	f->host.closed = command == 0xffff || power != 0 || !(command & PCI_CFG_COMMAND_MASTER);
}

static void
do_config(struct fuzz *f)
{
	static const uint16_t places[] = {0x04, 0x10, 0x14, 0x20, 0x48, 0x54, 0x8a, 0x9a, 0x104};
	uint64_t how = take(f, 1), n = how / 16;
	uint16_t off = n < sizeof(places) / sizeof(places[0]) ? places[n] : (uint16_t)take(f, 2);
	unsigned int size = 1 + how % 8;
	uint8_t bytes[8];

	for (unsigned int i = 0; i < size; i++)
		bytes[i] = (uint8_t)take(f, 1);
	(void)rig(f)->dev->ops->config(rig(f)->dev, off, bytes, size, how & 8);
	look_at_mastership(f);
}

/* A card that may be reached again. */
static void
on(struct fuzz *f)
{
	rig_config_write(rig(f), MIC_PCI_PM + PCI_PM_CSR, 2, 0);
	rig_config_write(rig(f), PCI_CFG_COMMAND, 2, RIG_COMMAND_ON);
	rig_msix(rig(f));
	look_at_mastership(f);
}

/* ---- Time, boot ---- */

static uint64_t
pass(struct fuzz *f, uint64_t ns)
{
	return rig_pass(rig(f), ns);
}

static void
do_steps(struct fuzz *f)
{
	uint64_t raw = take(f, 1);

	for (uint64_t n = raw % STEPS_MAX; n > 0; n--)
		(void)pass(f, raw & 0x80 ? 500 * RIG_MS : raw & 0x40 ? RIG_MS : 0);
}

static void
do_ready(struct fuzz *f)
{
	if (mic_model_power(rig(f)->dev, NULL) == MIC_POWER_BOOTSTRAP)
		for (unsigned int n = 0; n < 3; n++)
			(void)pass(f, 10000 * RIG_MS);
}

/* Mostly a good image, with something odd about it. */
static void
do_image(struct fuzz *f)
{
	static const char *const lines[] = {" mem=32M", " mem=", "mem=", ""};
	static const uint32_t sizes[] = {0x10000, 0x400, 0x21f, 3};
	uint64_t raw = take(f, 2);
	uint32_t ramdisk = raw & 0x10 ? (uint32_t)take(f, 4) : raw & 0x20 ? 4096 : 0;
	uint8_t *gddr = rig(f)->gddr;

	rig_image(rig(f), sizes[raw & 3], lines[raw >> 2 & 3], ramdisk);
	if (raw & 0x40)
		for (unsigned int n = 0; n < 4; n++)
			gddr[RIG_LOAD + 0x1f0 + take(f, 1) % 0x40] = (uint8_t)take(f, 1);
	if (raw & 0x80)
		memcpy(&gddr[RIG_LOAD], MIC_ELF_MAGIC, 4);
	if (raw & 0x100)
		memset(&gddr[RIG_LOAD + sizes[raw & 3] + (raw >> 9)], 'x', MIC_CMDLINE_BYTES);
	if (raw & 0x200)
		rig_write(rig(f), MIC_SPAD5_AT, (uint32_t)take(f, 4));
}

static void
look_at_boot(struct fuzz *f)
{
	struct mic_model_boot b;

	if (mic_model_power(rig(f)->dev, NULL) != MIC_POWER_RUNNING)
		return;
	mic_model_boot(rig(f)->dev, &b);
	if (b.image_size == 0 || b.image + b.image_size > RIG_GDDR_BYTES ||
	    b.cmdline + b.cmdline_len > RIG_GDDR_BYTES || b.cmdline_len >= MIC_CMDLINE_BYTES ||
	    b.ramdisk_size > RIG_GDDR_BYTES || b.ramdisk > RIG_GDDR_BYTES - b.ramdisk_size)
		f->wrong = "booted something outside its memory";
}

static void
do_boot(struct fuzz *f)
{
	if (take(f, 1) & 1) {
		rig_boot(rig(f));
		return;
	}
	rig_write(rig(f), MIC_AT(APICICR_HI, 7), (uint32_t)take(f, 2));
	rig_write(rig(f), MIC_AT(APICICR_LO, 7), (uint32_t)take(f, 2));
}

/* ---- The card's side ---- */

/* Card memory, host memory behind an entry, or anything. */
static uint64_t
take_address(struct fuzz *f)
{
	uint64_t raw = take(f, 3);

	switch (raw & 3) {
	case 0:
		return raw >> 2;
	case 1:
		return mic_smpt_address(raw >> 2 & 1, rig_iova(raw >> 3));
	case 2:
		return RIG_GDDR_BYTES - (raw >> 2);
	default:
		return raw << 16 | take(f, 2);
	}
}

static void
do_card(struct fuzz *f)
{
	static uint8_t bytes[3 * FUZZ_PAGE];
	struct bus_device *dev = rig(f)->dev;
	uint64_t how = take(f, 1), address = take_address(f);
	size_t len = take(f, 2) % sizeof(bytes);
	uint8_t *p;

	switch (how % 8) {
	case 0:
		(void)mic_model_card_irqs(dev);
		break;
	case 1:
		mic_model_card_post(dev, (const char *)bytes);
		break;
	case 2:
		/* Some of what was had is used, up to the next step. */
		p = mic_model_card_map(dev, address, &len, BUS_PROT_WRITE);
		if (p != NULL && len > 0)
			p[0] = p[len - 1] = (uint8_t)how;
		break;
	case 3:
		mic_model_card_write(dev, MIC_AT(SDBIC, how / 8 % 4), MIC_C2H_VALUE);
		break;
	default:
		(void)mic_model_card_copy(dev, address, bytes, len, how & 8);
		break;
	}
}

/* ---- Rings ---- */

static uint64_t
ring_of(unsigned int ch, bool system)
{
	if (system)
		return mic_smpt_address(0, rig_iova((size_t)(ch % RING_PAGES) * FUZZ_PAGE));
	return RING_CARD + (uint64_t)ch * FUZZ_PAGE;
}

static struct mic_desc
take_desc(struct fuzz *f)
{
	uint64_t raw = take(f, 2), dst = take_address(f), src = take_address(f);
	struct mic_desc d;

	if (!(raw & 0x100)) {
		dst &= ~UINT64_C(63);
		src &= ~UINT64_C(63);
	}
	switch (raw % 8) {
	case 0:
		return (struct mic_desc){{0, 0}};
	case 1:
		return (struct mic_desc){{take(f, 8), take(f, 8)}};
	case 2:
	case 3:
		return mic_desc_status(dst, src, raw & 0x200);
	case 4:
		d = mic_desc_copy(dst, src, (uint32_t)(raw >> 10) * MIC_DMA_LINE * 256);
		d.qw[1] |= (raw >> 3 & 3) << MIC_DESC_MEMCPY_TWB_LO;
		return d;
	default:
		return mic_desc_copy(dst, src, (uint32_t)(raw >> 12) * MIC_DMA_LINE);
	}
}

/* As section 19.5 has it, but for the odd bit. */
static void
do_channel(struct fuzz *f)
{
	uint64_t raw = take(f, 2);
	unsigned int ch = raw % 8;
	uint64_t ring = ring_of(ch, raw & 8);
	uint32_t size = 4 + (uint32_t)(raw >> 4 & 15) * 4;
	uint32_t dcr = rig_read(rig(f), MIC_DCR_AT) & ~(MIC_DCR_OWNER(ch) | MIC_DCR_ENABLE(ch));

	if (raw & 0x100)
		dcr |= MIC_DCR_OWNER(ch);
	rig_write(rig(f), MIC_DCR_AT, dcr);
	rig_write(rig(f), MIC_AT(DCAR, ch), 0);
	rig_write(rig(f), MIC_AT(DCHERR, ch), UINT32_MAX);
	rig_write(rig(f), MIC_AT(DRAR_LO, ch), mic_drar_lo(ring));
	rig_write(rig(f), MIC_AT(DRAR_HI, ch), mic_drar_hi(ring, raw & 0x200 ? size + 1 : size));
	if (raw & 0x400)
		rig_write(rig(f), MIC_AT(DTPR, ch), (uint32_t)(raw >> 11));
	rig_write(rig(f), MIC_DCR_AT, dcr | MIC_DCR_ENABLE(ch));
}

/* Some descriptors into a ring, and its head on. */
static void
do_work(struct fuzz *f)
{
	uint64_t raw = take(f, 2);
	unsigned int ch = raw % 8, page = ch % RING_PAGES;
	uint32_t head = rig_read(rig(f), MIC_AT(DHPR, ch)) % RING_MAX, n = (raw >> 4) % 8;
	uint8_t *ring = raw & 8 ? rig_memory(rig(f), (size_t)page * FUZZ_PAGE)
				: &rig(f)->gddr[RING_CARD + ch * FUZZ_PAGE];

	if (raw & 8 && f->host.absent >> page & 1)
		return;
	for (uint32_t i = 0; i < n; i++) {
		struct mic_desc d = take_desc(f);

		memcpy(ring + (head + i) % RING_MAX * MIC_DESC_BYTES, &d, sizeof(d));
	}
	rig_write(rig(f), MIC_AT(DHPR, ch), (head + n) % (uint32_t)(4 + (raw >> 8) % RING_MAX));
}

/* ---- Trouble ---- */

static void
do_trouble(struct fuzz *f)
{
	struct bus_device *dev = rig(f)->dev;
	uint64_t raw = take(f, 1);

	switch (raw % 8) {
	case 0:
		mic_model_link(dev, raw & 8);
		break;
	case 1:
		dev->ops->reset(dev, raw & 8 ? BUS_RESET_POWER : BUS_RESET_FUNCTION);
		on(f);
		break;
	case 2:
		mic_model_dma_fail(dev, (unsigned int)raw / 8);
		break;
	case 3:
		rig_write(rig(f), MIC_RGCR_AT, 1);
		break;
	case 4:
		on(f);
		break;
	default:
		fuzz_host_pages(&f->host, take(f, 3));
		break;
	}
	look_at_mastership(f);
}

static void
do_one(struct fuzz *f)
{
	switch (take(f, 1) % 16) {
	case 0: case 1: case 2: do_register(f); break;
	case 3: do_anywhere(f); break;
	case 4: do_config(f); break;
	case 5: do_ready(f); break;
	case 6: do_image(f); break;
	case 7: do_boot(f); break;
	case 8: case 9: do_card(f); break;
	case 10: do_channel(f); break;
	case 11: case 12: do_work(f); break;
	case 13: do_trouble(f); break;
	default: do_steps(f); break;
	}
	look_at_boot(f);
}

/* ---- What has to be so ---- */

static bool
comes_to_rest(struct fuzz *f)
{
	for (unsigned int n = 0; n < REST_STEPS; n++)
		if (pass(f, 1000 * RIG_MS) == BUS_NO_DEADLINE)
			return true;
	return false;
}

/* A copy from the host by channel 0, and its interrupt. */
static bool
copies(struct fuzz *f)
{
	struct rig *r = rig(f);
	const uint64_t from = mic_smpt_address(1, rig_iova(0x2000));
	struct mic_desc *ring = (struct mic_desc *)(void *)&r->gddr[RING_CARD];

	rig_write(r, MIC_AT(SMPT, 1), mic_smpt_value(rig_iova(0)));
	rig_write(r, MIC_AT(MXAR, 5), 1u << MIC_SOURCE_DMA(0));
	rig_write(r, MIC_SICE0_AT, MIC_SOURCES_ENABLED);
	memset(rig_memory(r, 0x2000), 0xa5, 64);
	r->gddr[RIG_LOAD + MIB] = 0;
	ring[0] = mic_desc_copy(RIG_LOAD + MIB, from, 64);
	ring[1] = mic_desc_status(RIG_LOAD + MIB + 64, 0x55, true);
	rig_write(r, MIC_AT(DCAR, 0), 0);
	rig_write(r, MIC_AT(DRAR_LO, 0), mic_drar_lo(RING_CARD));
	rig_write(r, MIC_AT(DRAR_HI, 0), mic_drar_hi(RING_CARD, 64));
	rig_write(r, MIC_DCR_AT, MIC_DCR_OWNER(0) | MIC_DCR_ENABLE(0));
	(void)rig_irqs(r);
	rig_write(r, MIC_AT(DHPR, 0), 2);
	return comes_to_rest(f) && r->gddr[RIG_LOAD + MIB + 63] == 0xa5 &&
	       r->gddr[RIG_LOAD + MIB + 64] == 0x55 && rig_irqs(r) == 1u << 5;
}

/* Doorbells of both directions. */
static bool
rings(struct fuzz *f)
{
	struct rig *r = rig(f);

	(void)mic_model_card_irqs(r->dev);
	rig_write(r, mic_h2c_at(9), 0);
	if (mic_model_card_irqs(r->dev) != UINT64_C(1) << mic_card_irq(9))
		return false;
	rig_write(r, MIC_AT(MXAR, 2), 1u << MIC_SOURCE_DOORBELL(3));
	rig_write(r, MIC_SICE0_AT, MIC_SOURCES_ENABLED);
	(void)rig_irqs(r);
	mic_model_card_write(r->dev, MIC_AT(SDBIC, 3), MIC_C2H_VALUE);
	return rig_irqs(r) == 1u << 2;
}

static const char *
works(struct fuzz *f)
{
	struct rig *r = rig(f);

	fuzz_host_pages(&f->host, 0);
	r->host.policy = TEST_HOST_WHOLE;
	mic_model_link(r->dev, true);
	r->dev->ops->reset(r->dev, BUS_RESET_POWER);
	on(f);
	if (!rig_start(r))
		return "does not boot after a reset";
	if (!rings(f))
		return "does not ring, or is not rung, after a reset";
	return copies(f) ? NULL : "does not copy after a reset";
}

static const char *
check(struct fuzz *f)
{
	if (f->wrong == NULL && !comes_to_rest(f))
		return "does not come to rest";
	if (f->wrong == NULL)
		f->wrong = works(f);
	if (f->wrong == NULL && f->host.trespassed)
		return "reached the host when it may not";
	return f->wrong;
}

/* ---- Runs ---- */

const char *
mic_fuzz_run(const uint8_t *bytes, size_t len)
{
	static const enum test_host_map policies[] = {TEST_HOST_WHOLE, TEST_HOST_WHOLE,
						      TEST_HOST_PIECES, TEST_HOST_REFUSE};
	static const uint8_t revisions[] = {MIC_STEPPING_A0, MIC_STEPPING_B0, MIC_STEPPING_B1,
					    MIC_STEPPING_C0};
	static struct fuzz f;
	uint64_t how;
	const char *wrong;

	f.input = (struct fuzz_input){bytes, len};
	f.wrong = NULL;
	how = take(&f, 2);
	const struct mic_model_config config = {
		.revision = revisions[how & 3],
		.a0 = revisions[how & 3] == MIC_STEPPING_A0,
		.lose_smpt = how & 0x10,
		.all_ones = how & 0x20,
		.strict_enables = how & 0x40,
		.open = {.dma_dstat_16_bits = how & 0x80,
			 .dma_owner_card = how & 0x100,
			 .dma_after_boot_only = how & 0x200},
	};

	if (fuzz_host_open(&f.host, &config, policies[how >> 2 & 3]) < 0)
		return NULL;
	if (how & 0x400)
		(void)rig_start(rig(&f));
	for (unsigned int i = 0; i < 2; i++)
		rig_write(rig(&f), MIC_AT(SMPT, i), mic_smpt_value(rig_iova(0)));
	for (unsigned int n = 0; f.input.left > 0 && n < OPERATIONS_MAX && f.wrong == NULL; n++)
		do_one(&f);
	wrong = check(&f);
	fuzz_host_close(&f.host);
	return wrong;
}
