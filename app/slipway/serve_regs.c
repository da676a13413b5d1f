/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "serve_regs.h"

#include "dlb_reg_table.h"

uint32_t
serve_reg_count(const struct serve_regs *regs, enum dlb_reg row)
{
	return dlb_reg_rows[row].count[regs->version];
}

uint64_t
serve_reg_offset(const struct serve_regs *regs, enum dlb_reg row, uint32_t i)
{
	return dlb_reg_rows[row].offset[regs->version] + (uint64_t)i * dlb_reg_rows[row].stride;
}

uint32_t
serve_reg_reset(const struct serve_regs *regs, enum dlb_reg row)
{
	return dlb_reg_rows[row].reset[regs->version];
}

bool
serve_reg_is(const struct serve_regs *regs, enum dlb_reg row, unsigned int bar, uint64_t off,
	     uint32_t *i)
{
	const struct reg_row *reg = &dlb_reg_rows[row];
	uint64_t first = reg->offset[regs->version], stride = reg->stride;

	if (bar != reg->bar || reg->count[regs->version] == 0 || off < first)
		return false;
	if (stride == 0) {
		*i = 0;
		return off == first;
	}
	*i = (uint32_t)((off - first) / stride);
	return (off - first) % stride == 0 && (off - first) / stride < reg->count[regs->version];
}

uint32_t
serve_reg_read(const struct serve_regs *regs, enum dlb_reg row, uint32_t i)
{
	return (uint32_t)regs->dev->ops->read(regs->dev, dlb_reg_rows[row].bar,
					      serve_reg_offset(regs, row, i), 4);
}

void
serve_reg_write(const struct serve_regs *regs, enum dlb_reg row, uint32_t i, uint32_t value)
{
	regs->dev->ops->write(regs->dev, dlb_reg_rows[row].bar, serve_reg_offset(regs, row, i),
			      value, 4);
}

uint64_t
serve_reg_counter(const struct serve_regs *regs, enum dlb_reg low, enum dlb_reg high, uint32_t i)
{
	return serve_reg_read(regs, low, i) | (uint64_t)serve_reg_read(regs, high, i) << 32;
}

static uint32_t
read_any(void *arg, unsigned int bar, uint64_t off)
{
	const struct serve_regs *regs = arg;

	return (uint32_t)regs->dev->ops->read(regs->dev, bar, off, 4);
}

struct ctl_registers
serve_regs_all(const struct serve_regs *regs, const char *name)
{
	return (struct ctl_registers){
		.model = "dlb",
		.version = regs->version,
		.name = name,
		.read = read_any,
		.arg = (void *)(uintptr_t)regs,
	};
}

bool
serve_regs_silent(const struct serve_regs *regs)
{
	struct ctl_registers all = serve_regs_all(regs, "");

	return ctl_regs_silent(&all);
}
