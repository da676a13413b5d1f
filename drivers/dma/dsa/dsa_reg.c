/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Registers by row: the one place that turns a row and its indexes into an offset, which is
 * elsewhere on each part (section 3).
 */

#include "dsa_hw.h"
#include "dsa_layout.h"

static struct reg_row
row_of(const struct dsa *dsa, enum dsa_reg reg, unsigned int *column)
{
	const struct dsa_caps *caps = &dsa->caps;
	const struct dsa_layout_caps regs = {
		.version = caps->version,
		.gencap = caps->gencap,
		.wqcap = caps->wqcap,
		.grpcap = caps->grpcap,
		.offsets = {caps->offsets[0], caps->offsets[1]},
	};
	struct dsa_layout layout = dsa_layout_of(&regs);

	*column = layout.version;
	return dsa_layout_row(&layout, reg);
}

uint64_t
dsa_reg_read(const struct dsa *dsa, enum dsa_reg reg, unsigned int i, unsigned int word)
{
	unsigned int column;
	struct reg_row row = row_of(dsa, reg, &column);
	uint32_t at = row.offset[column] + i * row.stride + word * row.word_stride;

	return row.bytes == 8 ? access_read64(&dsa->regs, at) : access_read32(&dsa->regs, at);
}

void
dsa_reg_write(const struct dsa *dsa, enum dsa_reg reg, unsigned int i, unsigned int word,
	      uint64_t value)
{
	unsigned int column;
	struct reg_row row = row_of(dsa, reg, &column);
	uint32_t at = row.offset[column] + i * row.stride + word * row.word_stride;

	if (row.bytes == 8)
		access_write64(&dsa->regs, at, value);
	else
		access_write32(&dsa->regs, at, (uint32_t)value);
}
