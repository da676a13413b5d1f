/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_model_priv.h"

#include <errno.h>

#include "mic_reg_table.h"

/* What reads and writes of BAR4 do, section 5. The card's processors see the same registers. What
 * has no row reads 0, and writes to it are lost.
 */

/* ---- Interrupts to the host, section 8 ---- */

static uint32_t
sources_read(void *owner, struct reg_at at)
{
	const struct mic_model *m = owner;

	switch (at.row) {
	case MIC_SICR0:
	case MIC_SICS0:
		return m->irq.status;
	case MIC_SICE0:
		return m->irq.enable;
	case MIC_SIAC0:
		return m->irq.autoclear;
	case MIC_MXAR:
		return m->irq.assigned[at.i];
	case MIC_MSIX_PBA:
		return mic_irq_pba(&m->irq);
	default: /* SICC0, MSIXPBACR */
		return 0;
	}
}

/* All state is in m->irq; nothing is kept in the register file. */
static uint32_t
sources_store(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	struct mic_model *m = owner;
	struct mic_irq *q = &m->irq;
	uint16_t vectors = 0;

	(void)mask;
	switch (at.row) {
	case MIC_SICR0:
		vectors = mic_irq_clear(q, value);
		break;
	case MIC_SICS0:
		vectors = mic_irq_raise(q, value);
		break;
	case MIC_SICE0:
		vectors = mic_irq_enable(q, value);
		break;
	case MIC_SICC0:
		vectors = mic_irq_disable(q, value);
		break;
	}
	mic_doorbell_tell(m, vectors);
	return old;
}

static uint32_t
autoclear_store(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	struct mic_model *m = owner;

	(void)at;
	m->irq.autoclear = (m->irq.autoclear & ~mask) | value;
	return old;
}

static uint32_t
assigned_store(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	struct mic_model *m = owner;
	uint32_t sources = (m->irq.assigned[at.i] & ~mask) | value;

	mic_doorbell_tell(m, mic_irq_assign(&m->irq, at.i, sources));
	return old;
}

static void
mask_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct mic_model *m = owner;

	mic_doorbell_tell(m, mic_irq_mask(&m->irq, at.i, value != 0));
}

/* Only a strict A0 has something that sticks; others need no such help. */
static uint32_t
unstick_store(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	struct mic_model *m = owner;

	(void)at;
	(void)mask;
	if (value != 0)
		mic_doorbell_tell(m, mic_irq_unstick(&m->irq));
	return old;
}

/* ---- Doorbells, section 9 ---- */

/* Vector and destination are kept; what sends is not, and reads 0. */
static uint32_t
icr_store(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	const uint32_t acts = (uint32_t)REG_MASK(MIC_APICICR_LO_SEND);
	const uint32_t fixed = (uint32_t)REG_MASK(MIC_APICICR_LO_DLV_STAT);
	struct mic_model *m = owner;
	uint32_t keep = (old & ~mask) | (value & ~(acts | fixed));

	mic_reg_set(m, MIC_APICICR_LO, at.i, keep);
	if (value & acts)
		mic_doorbell_ring(m, at.i);
	return keep;
}

static void
rdmasr_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	mic_doorbell_ring(owner, MIC_H2C_APICICR + at.i);
}

static uint32_t
sdbic_store(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	struct mic_model *m = owner;

	(void)mask;
	if (value != 0)
		mic_doorbell_tell(m, mic_irq_raise(&m->irq, 1u << MIC_SOURCE_DOORBELL(at.i)));
	return old;
}

/* ---- The rest ---- */

static void
smpt_wrote(void *owner, struct reg_at at, uint32_t value)
{
	mic_smpt_wrote(owner, at.i, value);
}

/* Bit 0 clears itself (section 27, M11); what is written to the others stays over the reset. */
static uint32_t
rgcr_store(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	const uint32_t acts = (uint32_t)REG_MASK(MIC_RGCR_RESET);

	(void)at;
	if (value & acts)
		mic_boot_reset(owner, false);
	return ((old & ~mask) | value) & ~acts;
}

/* Nobody says in what it counts: nanoseconds here. */
static uint32_t
time_read(void *owner, struct reg_at at)
{
	struct mic_model *m = owner;
	uint64_t now = atomic_load_explicit(&m->now, memory_order_relaxed);

	return (uint32_t)(at.row == MIC_ELAPSED_TIME_HIGH ? now >> 32 : now);
}

static const struct reg_hook hooks[] = {
	{MIC_SICR0, sources_read, NULL},
	{MIC_SICS0, sources_read, NULL},
	{MIC_SICE0, sources_read, NULL},
	{MIC_SICC0, sources_read, NULL},
	{MIC_SIAC0, sources_read, NULL},
	{MIC_MXAR, sources_read, NULL},
	{MIC_MSIXPBACR, sources_read, NULL},
	{MIC_MSIX_PBA, sources_read, NULL},
	{MIC_MSIX_CTRL, NULL, mask_wrote},
	{MIC_RDMASR, NULL, rdmasr_wrote},
	{MIC_SMPT, NULL, smpt_wrote},
	{MIC_ELAPSED_TIME_LOW, time_read, NULL},
	{MIC_ELAPSED_TIME_HIGH, time_read, NULL},
};

static const struct reg_rule rules[] = {
	{MIC_SICR0, sources_store},
	{MIC_SICS0, sources_store},
	{MIC_SICE0, sources_store},
	{MIC_SICC0, sources_store},
	{MIC_SIAC0, autoclear_store},
	{MIC_MXAR, assigned_store},
	{MIC_MSIXPBACR, unstick_store},
	{MIC_APICICR_LO, icr_store},
	{MIC_SDBIC, sdbic_store},
	{MIC_RGCR, rgcr_store},
};

int
mic_regs_create(struct mic_model *m)
{
	static const struct reg_table table = {
		.rows = mic_reg_rows,
		.fields = mic_reg_fields,
		.row_count = MIC_REG_COUNT,
		.field_count = MIC_REG_FIELD_COUNT,
	};

	m->regs = regfile_create(&table, 0, hooks, sizeof(hooks) / sizeof(hooks[0]), m);
	if (m->regs == NULL)
		return -ENOMEM;
	regfile_rule(m->regs, rules, sizeof(rules) / sizeof(rules[0]));
	return 0;
}

/* ---- Resets, section 10.2 ---- */

/* What a card of this make says of itself: registers that the table starts with something else. */
static void
describe(struct mic_model *m)
{
	const uint32_t size_kb = (uint32_t)(m->config.gddr_size >> 10);
	/* Degrees: of the die, the board, the memory. */
	const uint32_t die = 45, air = 30, regulator = 50, memory = 40;
	const uint32_t sensors = (uint32_t)(REG_PUT(MIC_CURRENT_DIE_TEMP_T0, die) |
					    REG_PUT(MIC_CURRENT_DIE_TEMP_T1, die) |
					    REG_PUT(MIC_CURRENT_DIE_TEMP_T2, die));

	mic_reg_set(m, MIC_SPAD0, 0, (uint32_t)REG_PUT(MIC_SPAD0_SIZE_KB, size_kb));
	/* Substepping and stepping are the two digits of the revision. */
	mic_reg_set(m, MIC_SPAD13, 0, m->config.revision);
	mic_reg_set(m, MIC_PCI_REVISION_SHADOW, 0, MIC_PCI_CLASS << 8 | m->config.revision);
	mic_reg_set(m, MIC_THERMAL_STATUS, 0,
		    (uint32_t)(REG_PUT(MIC_THERMAL_STATUS_TMU_TEMP, die) |
			       REG_MASK(MIC_THERMAL_STATUS_VALID)));
	mic_reg_set(m, MIC_BOARD_TEMP1, 0,
		    (uint32_t)(REG_PUT(MIC_BOARD_TEMP1_INLET, air) |
			       REG_MASK(MIC_BOARD_TEMP1_INLET_VALID) |
			       REG_PUT(MIC_BOARD_TEMP1_VCCP_VR, regulator) |
			       REG_MASK(MIC_BOARD_TEMP1_VCCP_VALID)));
	mic_reg_set(m, MIC_BOARD_TEMP2, 0,
		    (uint32_t)(REG_PUT(MIC_BOARD_TEMP2_GDDR, memory) |
			       REG_MASK(MIC_BOARD_TEMP2_GDDR_VALID) |
			       REG_PUT(MIC_BOARD_TEMP2_GDDR_VR, regulator) |
			       REG_MASK(MIC_BOARD_TEMP2_GDDR_VR_VALID)));
	for (uint32_t i = 0; i < 3; i++) {
		mic_reg_set(m, MIC_CURRENT_DIE_TEMP, i, sensors);
		mic_reg_set(m, MIC_MAX_DIE_TEMP, i, sensors);
	}
}

/* Registers that a reset of the card leaves alone: of the host's side, and the SMPT on steppings
 * that do not lose it.
 */
struct kept {
	uint32_t rgcr, smpt[MIC_SMPT_ENTRIES];
	uint32_t table[4][MIC_VECTORS];
};

static void
keep(struct mic_model *m, struct kept *k)
{
	k->rgcr = mic_reg(m, MIC_RGCR, 0);
	for (unsigned int i = 0; i < MIC_SMPT_ENTRIES; i++)
		k->smpt[i] = mic_reg(m, MIC_SMPT, i);
	for (unsigned int r = 0; r < 4; r++)
		for (unsigned int v = 0; v < MIC_VECTORS; v++)
			k->table[r][v] = mic_reg(m, (enum mic_reg)(MIC_MSIX_ADDR_LO + r), v);
}

static void
restore(struct mic_model *m, const struct kept *k)
{
	mic_reg_set(m, MIC_RGCR, 0, k->rgcr);
	for (unsigned int i = 0; i < MIC_SMPT_ENTRIES && !m->config.lose_smpt; i++)
		mic_reg_set(m, MIC_SMPT, i, k->smpt[i]);
	for (unsigned int r = 0; r < 4; r++)
		for (unsigned int v = 0; v < MIC_VECTORS; v++)
			mic_reg_set(m, (enum mic_reg)(MIC_MSIX_ADDR_LO + r), v, k->table[r][v]);
}

void
mic_regs_reset(struct mic_model *m, bool power)
{
	struct kept kept;

	keep(m, &kept);
	regfile_reset(m->regs);
	if (!power)
		restore(m, &kept);
	describe(m);
	mic_smpt_reset(m);
}

/* ---- Accesses ---- */

static void
stray(struct mic_model *m)
{
	atomic_fetch_add_explicit(&m->stray, 1, memory_order_relaxed);
}

/* The engine has locks of its own. */
static bool
is_engine(const struct mic_model *m, uint32_t off)
{
	struct reg_at at;

	return (off - MIC_DMA_AT < MIC_DMA_CHANNELS * MIC_DMA_CHANNEL_BYTES || off == MIC_DCR_AT) &&
	       regfile_find(m->regs, MIC_BAR_MMIO, off, &at);
}

uint32_t
mic_regs_read(struct mic_model *m, uint32_t off)
{
	uint32_t value;

	if (is_engine(m, off))
		return mic_dma_read(m->dma, off - MIC_SBOX);
	mic_lock(m);
	if (!regfile_read(m->regs, MIC_BAR_MMIO, off, &value))
		stray(m);
	mic_unlock(m);
	return value;
}

void
mic_regs_write(struct mic_model *m, uint32_t off, uint32_t value, uint32_t mask)
{
	if (is_engine(m, off)) {
		/* It takes words: parts of them are completed with what they have now. */
		if (mask != UINT32_MAX)
			value |= mic_dma_read(m->dma, off - MIC_SBOX) & ~mask;
		mic_dma_write(m->dma, off - MIC_SBOX, value);
		return;
	}
	mic_lock(m);
	if (!regfile_write_bits(m->regs, MIC_BAR_MMIO, off, value, mask))
		stray(m);
	mic_unlock(m);
}
