/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Registers by row: the one place that turns a row and its indexes into an offset. */

#include "dlb_hw.h"
#include "dlb_reg_table.h"

static uint32_t
reg_offset(const struct dlb *dlb, enum dlb_reg reg, unsigned int i, unsigned int word)
{
	const struct reg_row *row = &dlb_reg_rows[reg];

	return row->offset[dlb->args.version] + i * row->stride + word * row->word_stride;
}

uint32_t
dlb_reg_read_word(const struct dlb *dlb, enum dlb_reg reg, unsigned int i, unsigned int word)
{
	return access_read32(&dlb->regs, reg_offset(dlb, reg, i, word));
}

void
dlb_reg_write_word(const struct dlb *dlb, enum dlb_reg reg, unsigned int i, unsigned int word,
		   uint32_t value)
{
	access_write32(&dlb->regs, reg_offset(dlb, reg, i, word), value);
}

uint32_t
dlb_reg_read(const struct dlb *dlb, enum dlb_reg reg, unsigned int i)
{
	return dlb_reg_read_word(dlb, reg, i, 0);
}

void
dlb_reg_write(const struct dlb *dlb, enum dlb_reg reg, unsigned int i, uint32_t value)
{
	dlb_reg_write_word(dlb, reg, i, 0, value);
}

void
dlb_reg_restore(const struct dlb *dlb, enum dlb_reg reg, unsigned int i)
{
	const struct reg_row *row = &dlb_reg_rows[reg];
	unsigned int word;

	if (row->offset[dlb->args.version] == REG_NONE)
		return;
	for (word = 0; word < row->words; word++)
		dlb_reg_write_word(dlb, reg, i, word, row->reset[dlb->args.version]);
}

void
dlb_hw_flush(const struct dlb *dlb)
{
	/* Any read would do; this register is the customary one, because it never changes. */
	dlb_reg_read(dlb, DLB_SYS_TOTAL_VAS, 0);
}

uint64_t
dlb_hw_page(const struct dlb_port *port)
{
	return reg_offset(port->dlb, port->kind == DLB_KIND_LDB ? DLB_LDB_PP : DLB_DIR_PP, port->hw,
			  0);
}
