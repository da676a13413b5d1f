/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "ctl_dsa.h"

#include "dsa_layout.h"

/* MSI-X capability, datasheet section 2.4. */
#define MSIX         0x80
#define MSIX_CONTROL 2
#define MSIX_TABLE   4
#define MSIX_PBA     8
#define MSIX_SIZE    0x7ffu
#define MSIX_OFFSET  (~7u)

struct listing {
	const struct ctl_dsa *dsa;
	struct ctl_text *t;
	const char *comma;
};

static uint64_t
fixed(const struct ctl_dsa *dsa, enum dsa_reg reg)
{
	const struct reg_row *row = &dsa_reg_rows[reg];

	return dsa->read(dsa->arg, row->offset[DSA_V2], row->bytes);
}

static uint32_t
config(const struct ctl_dsa *dsa, uint16_t off, size_t len)
{
	uint32_t value = 0;

	dsa->config(dsa->arg, off, &value, len);
	return value;
}

static struct dsa_layout_caps
caps_of(const struct ctl_dsa *dsa)
{
	return (struct dsa_layout_caps){
		.version = (uint32_t)fixed(dsa, DSA_VERSION),
		.gencap = fixed(dsa, DSA_GENCAP),
		.wqcap = fixed(dsa, DSA_WQCAP),
		.grpcap = fixed(dsa, DSA_GRPCAP),
		.offsets = {fixed(dsa, DSA_OFFSETS0), fixed(dsa, DSA_OFFSETS1)},
		.vectors = (config(dsa, MSIX + MSIX_CONTROL, 2) & MSIX_SIZE) + 1,
		.msix_table = config(dsa, MSIX + MSIX_TABLE, 4) & MSIX_OFFSET,
		.msix_pba = config(dsa, MSIX + MSIX_PBA, 4) & MSIX_OFFSET,
	};
}

static void
list_word(struct listing *l, uint64_t off, uint32_t word)
{
	ctl_text_add(l->t, "%s[0,%llu,%u]", l->comma, (unsigned long long)off, word);
	l->comma = ",";
}

/* Capabilities say what they are whether it is their reset value or not. */
static void
list_register(struct listing *l, enum dsa_reg reg, uint64_t off, unsigned int bytes, uint64_t reset)
{
	uint64_t value = l->dsa->read(l->dsa->arg, off, bytes);
	bool always = reg <= DSA_OFFSETS1;

	if (always || (uint32_t)value != (uint32_t)reset)
		list_word(l, off, (uint32_t)value);
	if (bytes == 8 && (always || value >> 32 != reset >> 32))
		list_word(l, off + 4, (uint32_t)(value >> 32));
}

static void
list_all(struct listing *l, const struct dsa_layout_caps *caps)
{
	struct dsa_layout layout = dsa_layout_of(caps);
	unsigned int v = layout.version;

	for (unsigned int reg = 0; reg < DSA_REG_COUNT; reg++) {
		struct reg_row row = dsa_layout_row(&layout, (enum dsa_reg)reg);

		if (row.access == REG_WINDOW || row.offset[v] == REG_NONE)
			continue;
		/* Reading CMD tells nothing. */
		for (uint32_t n = 0; n < row.count[v] * row.words && reg != DSA_CMD; n++)
			list_register(l, (enum dsa_reg)reg,
				      row.offset[v] + (uint64_t)(n / row.words) * row.stride +
					      (uint64_t)(n % row.words) * row.word_stride,
				      row.bytes, row.reset[v]);
	}
}

void
ctl_dsa_answer(const struct ctl_dsa *dsa, struct ctl_text *t)
{
	struct dsa_layout_caps caps = caps_of(dsa);
	struct listing listing = {dsa, t, ""};

	if (caps.version == UINT32_MAX) {
		ctl_text_error(t,
			       "%s answers no register now: its driver has switched its memory "
			       "space off",
			       dsa->name);
		return;
	}
	ctl_text_add(t, "{\"device\":\"dsa\",\"version\":\"%s\",\"msix\":[%u,%u,%u],\"registers\":[",
		     caps.version < 0x200 ? "1.0" : "2.0", caps.vectors, caps.msix_table,
		     caps.msix_pba);
	list_all(&listing, &caps);
	ctl_text_add(t, "]}");
}
