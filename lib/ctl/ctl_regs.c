/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "ctl_regs.h"

#include "dlb_reg_table.h"

const char *
ctl_version_name(enum dlb_version version)
{
	return version == DLB_V20 ? "2.0" : "2.5";
}

bool
ctl_regs_silent(const struct ctl_registers *regs)
{
	const struct reg_row *row = &dlb_reg_rows[DLB_SYS_TOTAL_VAS];

	return regs->read(regs->arg, row->bar, row->offset[regs->version]) == UINT32_MAX;
}

void
ctl_regs_visit(const struct ctl_registers *regs,
	       void (*visit)(void *arg, unsigned int bar, uint64_t off, uint32_t value), void *arg)
{
	unsigned int v = regs->version;

	for (unsigned int r = 0; r < DLB_REG_COUNT; r++) {
		const struct reg_row *row = &dlb_reg_rows[r];

		if (row->access == REG_WINDOW || row->bar == REG_BAR_VF)
			continue;
		for (uint32_t n = 0; n < row->count[v] * row->words; n++) {
			uint64_t off = row->offset[v] + (uint64_t)(n / row->words) * row->stride +
				       (uint64_t)(n % row->words) * row->word_stride;
			uint32_t value = regs->read(regs->arg, row->bar, off);

			if (value != row->reset[v])
				visit(arg, row->bar, off, value);
		}
	}
}

struct listing {
	struct ctl_text *t;
	const char *comma;
};

static void
list_one(void *arg, unsigned int bar, uint64_t off, uint32_t value)
{
	struct listing *listing = arg;

	ctl_text_add(listing->t, "%s[%u,%llu,%u]", listing->comma, bar, (unsigned long long)off,
		     value);
	listing->comma = ",";
}

void
ctl_regs_answer(const struct ctl_registers *regs, struct ctl_text *t)
{
	struct listing listing = {t, ""};
	size_t start = t->len;

	if (!ctl_regs_silent(regs)) {
		ctl_text_add(t, "{\"device\":\"%s\",\"version\":\"%s\",\"registers\":[",
			     regs->model, ctl_version_name(regs->version));
		ctl_regs_visit(regs, list_one, &listing);
		ctl_text_add(t, "]}");
		/* Not in the middle of it either? */
		if (!ctl_regs_silent(regs))
			return;
		t->len = start;
	}
	ctl_text_error(t,
		       "%s answers no register now: its driver has switched its memory space off, "
		       "or sent it to sleep",
		       regs->name);
}
