/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "regs_table.h"

#include <string.h>

#include "dlb_reg_table.h"
#include "dsa_layout.h"
#include "mic_reg_table.h"

_Static_assert(DLB_REG_COUNT <= REGS_ROWS_MAX && DSA_REG_COUNT <= REGS_ROWS_MAX &&
		       MIC_REG_COUNT <= REGS_ROWS_MAX,
	       "rows");

/* A word of the dump, or 0. */
static uint32_t
word_at(const struct regs_dump *dump, uint64_t off)
{
	for (size_t n = 0; n < dump->count; n++)
		if (dump->values[n].bar == 0 && dump->values[n].off == off)
			return dump->values[n].value;
	return 0;
}

static uint64_t
register_at(const struct regs_dump *dump, enum dsa_reg reg)
{
	uint64_t off = dsa_reg_rows[reg].offset[DSA_V2];

	return word_at(dump, off) |
	       (dsa_reg_rows[reg].bytes == 8 ? (uint64_t)word_at(dump, off + 4) << 32 : 0);
}

/* Tables of a DSA lie where its capabilities say, which a dump has. */
static void
dsa_rows(struct regs_table *table, const struct regs_dump *dump)
{
	const struct dsa_layout_caps caps = {
		.version = (uint32_t)register_at(dump, DSA_VERSION),
		.gencap = register_at(dump, DSA_GENCAP),
		.wqcap = register_at(dump, DSA_WQCAP),
		.grpcap = register_at(dump, DSA_GRPCAP),
		.offsets = {register_at(dump, DSA_OFFSETS0), register_at(dump, DSA_OFFSETS1)},
		.vectors = dump->msix[0],
		.msix_table = dump->msix[1],
		.msix_pba = dump->msix[2],
	};
	struct dsa_layout layout = dsa_layout_of(&caps);

	layout.version = dump->version == 0 ? DSA_V1 : DSA_V2;
	dsa_layout_rows(&layout, table->moved);
	table->text = (struct reg_text){
		.rows = table->moved,
		.fields = dsa_reg_fields,
		.row_count = DSA_REG_COUNT,
		.field_count = DSA_REG_FIELD_COUNT,
		.version = dump->version,
	};
}

void
regs_table_of(struct regs_table *table, const struct regs_dump *dump)
{
	if (strcmp(dump->model->name, "dsa") == 0) {
		dsa_rows(table, dump);
		return;
	}
	if (strcmp(dump->model->name, "mic") == 0) {
		table->text = (struct reg_text){
			.rows = mic_reg_rows,
			.fields = mic_reg_fields,
			.row_count = MIC_REG_COUNT,
			.field_count = MIC_REG_FIELD_COUNT,
		};
		return;
	}
	table->text = (struct reg_text){
		.rows = dlb_reg_rows,
		.fields = dlb_reg_fields,
		.row_count = DLB_REG_COUNT,
		.field_count = DLB_REG_FIELD_COUNT,
		.version = dump->version,
	};
}

bool
regs_table_find(const struct regs_table *table, unsigned int bar, uint64_t off, unsigned int *row,
		uint32_t *i, uint32_t *word, bool *high)
{
	*high = false;
	if (reg_text_find(&table->text, bar, off, row, i, word))
		return true;
	*high = true;
	return off >= 4 && reg_text_find(&table->text, bar, off - 4, row, i, word) &&
	       table->text.rows[*row].bytes == 8;
}
