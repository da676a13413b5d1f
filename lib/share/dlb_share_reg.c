/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_reg_table.h"
#include "dlb_share_priv.h"

/* Registers of the device by row and instance: the only file here that knows where they are. */

static const struct reg_table table = {
	.rows = dlb_reg_rows,
	.fields = dlb_reg_fields,
	.row_count = DLB_REG_COUNT,
	.field_count = DLB_REG_FIELD_COUNT,
};

static uint64_t
offset(const struct dlb_hub *hub, struct reg_at at)
{
	const struct reg_row *row = &dlb_reg_rows[at.row];

	return row->offset[hub->version] + (uint64_t)at.i * row->stride +
	       (uint64_t)at.word * row->word_stride;
}

bool
dlb_hub_has(const struct dlb_hub *hub, enum dlb_reg row)
{
	return dlb_reg_rows[row].offset[hub->version] != REG_NONE;
}

uint32_t
dlb_hub_count(const struct dlb_hub *hub, enum dlb_reg row)
{
	return dlb_reg_rows[row].count[hub->version];
}

uint32_t
dlb_hub_words(enum dlb_reg row)
{
	return dlb_reg_rows[row].words;
}

uint32_t
dlb_hub_reset_value(const struct dlb_hub *hub, enum dlb_reg row)
{
	return dlb_reg_rows[row].reset[hub->version];
}

enum reg_access
dlb_hub_access(enum dlb_reg row)
{
	return dlb_reg_rows[row].access;
}

const char *
dlb_hub_name(enum dlb_reg row)
{
	return dlb_reg_rows[row].name;
}

uint32_t
dlb_hub_read_at(struct dlb_hub *hub, struct reg_at at)
{
	return (uint32_t)hub->dev->ops->read(hub->dev, dlb_reg_rows[at.row].bar, offset(hub, at), 4);
}

void
dlb_hub_write_at(struct dlb_hub *hub, struct reg_at at, uint32_t value)
{
	hub->dev->ops->write(hub->dev, dlb_reg_rows[at.row].bar, offset(hub, at), value, 4);
}

uint32_t
dlb_hub_read(struct dlb_hub *hub, enum dlb_reg row, uint32_t i)
{
	return dlb_hub_read_at(hub, (struct reg_at){.row = (uint16_t)row, .i = i});
}

/* Nothing where this version has no such register. */
void
dlb_hub_write(struct dlb_hub *hub, enum dlb_reg row, uint32_t i, uint32_t value)
{
	if (dlb_hub_has(hub, row))
		dlb_hub_write_at(hub, (struct reg_at){.row = (uint16_t)row, .i = i}, value);
}

struct regfile *
dlb_share_regs_create(struct dlb_share *s)
{
	return regfile_create(&table, s->hub->version, NULL, 0, s);
}

void
dlb_share_keep(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	(void)regfile_write(s->regs, dlb_reg_rows[at.row].bar, offset(s->hub, at), value);
}
