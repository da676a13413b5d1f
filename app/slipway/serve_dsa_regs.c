/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "serve_dsa_regs.h"

#include "dsa_layout.h"

/* MSI-X capability, datasheet section 2.4: where it is, and what in it. */
#define MSIX         0x80
#define MSIX_CONTROL (MSIX + 2)
#define MSIX_TABLE   (MSIX + 4)
#define MSIX_PBA     (MSIX + 8)
#define MSIX_SIZE    0x7ffu
#define MSIX_OFFSET  (~7u)

static uint32_t
config_read(struct bus_device *dev, uint16_t off, size_t len)
{
	uint32_t value = 0;

	dev->ops->config(dev, off, &value, len, false);
	return value;
}

/* Registers at fixed places. */
static uint64_t
fixed(struct bus_device *dev, enum dsa_reg reg)
{
	return dev->ops->read(dev, 0, dsa_reg_rows[reg].offset[DSA_V2], dsa_reg_rows[reg].bytes);
}

void
serve_dsa_regs_find(struct serve_dsa_regs *regs, struct bus_device *dev)
{
	const struct dsa_layout_caps caps = {
		.version = (uint32_t)fixed(dev, DSA_VERSION),
		.gencap = fixed(dev, DSA_GENCAP),
		.wqcap = fixed(dev, DSA_WQCAP),
		.grpcap = fixed(dev, DSA_GRPCAP),
		.offsets = {fixed(dev, DSA_OFFSETS0), fixed(dev, DSA_OFFSETS1)},
		.vectors = (config_read(dev, MSIX_CONTROL, 2) & MSIX_SIZE) + 1,
		.msix_table = config_read(dev, MSIX_TABLE, 4) & MSIX_OFFSET,
		.msix_pba = config_read(dev, MSIX_PBA, 4) & MSIX_OFFSET,
	};
	struct dsa_layout layout = dsa_layout_of(&caps);

	regs->dev = dev;
	for (unsigned int r = 0; r < DSA_REG_COUNT; r++) {
		struct reg_row row = dsa_layout_row(&layout, (enum dsa_reg)r);

		regs->at[r].offset = row.offset[layout.version];
		regs->at[r].count = row.count[layout.version];
		regs->at[r].stride = row.stride;
		regs->at[r].word_stride = row.word_stride;
		regs->at[r].bytes = row.bytes;
	}
}

static uint64_t
place(const struct serve_dsa_regs *regs, enum dsa_reg reg, uint32_t i, uint32_t word)
{
	return regs->at[reg].offset + (uint64_t)i * regs->at[reg].stride +
	       (uint64_t)word * regs->at[reg].word_stride;
}

uint64_t
serve_dsa_read(const struct serve_dsa_regs *regs, enum dsa_reg reg, uint32_t i, uint32_t word)
{
	return regs->dev->ops->read(regs->dev, 0, place(regs, reg, i, word), regs->at[reg].bytes);
}

void
serve_dsa_write(const struct serve_dsa_regs *regs, enum dsa_reg reg, uint32_t i, uint32_t word,
		uint64_t value)
{
	regs->dev->ops->write(regs->dev, 0, place(regs, reg, i, word), value, regs->at[reg].bytes);
}
