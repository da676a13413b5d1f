/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "ctl_mic.h"

#include "mic_reg_table.h"

/* One of 8 bytes is two words. */
static void
list_row(const struct ctl_mic *mic, const struct reg_row *row, struct ctl_text *t,
	 const char **comma)
{
	for (uint32_t i = 0; i < row->count[0]; i++)
		for (uint32_t half = 0; half < row->bytes; half += 4) {
			uint32_t at = row->offset[0] + i * row->stride + half;
			uint32_t value = mic->read(mic->arg, at);

			if (value == (uint32_t)(row->reset[0] >> 8 * half))
				continue;
			ctl_text_add(t, "%s[4,%u,%u]", *comma, at, value);
			*comma = ",";
		}
}

void
ctl_mic_answer(const struct ctl_mic *mic, struct ctl_text *t)
{
	const char *comma = "";

	ctl_text_add(t, "{\"device\":\"mic\",\"version\":\"x100\",\"registers\":[");
	for (unsigned int reg = 0; reg < MIC_REG_COUNT; reg++)
		list_row(mic, &mic_reg_rows[reg], t, &comma);
	ctl_text_add(t, "]}");
}
