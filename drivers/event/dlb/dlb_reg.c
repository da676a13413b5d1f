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

uint64_t
dlb_reg_end(const struct dlb *dlb, enum reg_bar bar)
{
	enum dlb_version version = dlb->args.version;
	uint64_t end = 0;
	unsigned int i;

	for (i = 0; i < DLB_REG_COUNT; i++) {
		const struct reg_row *row = &dlb_reg_rows[i];
		uint64_t last;

		if (row->bar != bar || row->offset[version] == REG_NONE)
			continue;
		last = row->offset[version] + (row->count[version] - UINT64_C(1)) * row->stride +
		       (row->words - UINT64_C(1)) * row->word_stride;
		last += row->access == REG_WINDOW ? DLB_PP_SIZE : sizeof(uint32_t);
		end = RTE_MAX(end, last);
	}
	return end;
}

/* Bar 0 of a mapped device holds mailboxes of other drivers and the MSI-X table, which the kernel
 * may keep to itself.
 */
static bool
may_be_shown(const struct dlb *dlb, const struct reg_row *row)
{
	return row->access != REG_TRIGGER && row->access != REG_WINDOW &&
	       (row->bar == REG_BAR_2 || (row->bar == REG_BAR_0 && !dlb_is_mapped(dlb)));
}

/* One instance of a row, counted over both of its indexes. */
static struct dlb_reg_value
read_instance(const struct dlb *dlb, const struct reg_row *row, uint32_t k)
{
	struct access_bar bar = access_bar(dlb->access, row->bar);
	struct dlb_reg_value at = {
		.bar = row->bar,
		.offset = row->offset[dlb->args.version] + k / row->words * row->stride +
			  k % row->words * row->word_stride,
	};

	at.value = access_read32(&bar, at.offset);
	return at;
}

unsigned int
dlb_reg_changed(const struct dlb *dlb, uint32_t *cursor, struct dlb_reg_value found[],
		unsigned int max)
{
	enum dlb_version version = dlb->args.version;
	uint32_t k, end, first = 0; /* of the row, in instances of all rows */
	unsigned int reg, n = 0;

	for (reg = 0; reg < DLB_REG_COUNT; reg++, first = end) {
		const struct reg_row *row = &dlb_reg_rows[reg];

		end = first;
		if (!may_be_shown(dlb, row) || row->offset[version] == REG_NONE)
			continue;
		end += row->count[version] * row->words;
		for (k = RTE_MAX(first, *cursor); k < end; k++) {
			if (n == max) {
				*cursor = k;
				return n;
			}
			found[n] = read_instance(dlb, row, k - first);
			n += found[n].value != row->reset[version];
		}
	}
	*cursor = 0;
	return n;
}
