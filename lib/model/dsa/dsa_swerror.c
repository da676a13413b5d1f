/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_model_priv.h"

/* Errors that no completion record tells, section 16.1: the first one is kept until software clears
 * VALID, others set OVERFLOW. With the event log enabled those of descriptors go there.
 */

/* ERR_INFO, the upper half of the second quadword. */
#define INFO_OPERAND_SHIFT 29

static bool
is_write(const struct dsa_error *error)
{
	return error->code & DSA_STATUS_WRITE;
}

/* What the error says beyond its address; false when it says nothing. */
static bool
info(const struct dsa_error *error, uint32_t *value)
{
	switch (DSA_STATUS_CODE(error->code)) {
	case DSA_STATUS_FLAGS:
		*value = error->cr.invalid_flags;
		return true;
	case DSA_STATUS_INTERRUPT_HANDLE:
		*value = error->interrupt_handle;
		return true;
	case DSA_STATUS_PAGE_FAULT:
	case DSA_STATUS_PAGE_REQUEST_FAILED:
	case DSA_STATUS_BATCH_FAULT:
	case DSA_STATUS_CR_FAULT:
	case DSA_STATUS_DRAIN_FAULT:
		*value = (uint32_t)error->fault_operand << INFO_OPERAND_SHIFT;
		return true;
	default:
		*value = 0;
		return false;
	}
}

/* Codes that only SWERROR has do not fit into a status; bit 7 is no part of them either. */
static uint8_t
code_of(const struct dsa_error *error)
{
	return error->code & (uint8_t)~DSA_STATUS_WRITE;
}

uint64_t
dsa_swerror_word0(const struct dsa_error *error)
{
	uint32_t value;

	return REG_PUT(DSA_SWERROR0_VALID, 1) |
	       REG_PUT(DSA_SWERROR0_DESC_VALID, error->desc_valid) |
	       REG_PUT(DSA_SWERROR0_WQ_IDX_VALID, error->wq_valid) |
	       REG_PUT(DSA_SWERROR0_BATCH, error->batch) |
	       REG_PUT(DSA_SWERROR0_RW, is_write(error)) |
	       REG_PUT(DSA_SWERROR0_PRIV, error->priv) |
	       REG_PUT(DSA_SWERROR0_ERRINFO_VALID, info(error, &value)) |
	       REG_PUT(DSA_SWERROR0_ERROR, code_of(error)) |
	       REG_PUT(DSA_SWERROR0_WQ_IDX, error->wq_valid ? error->wq : 0) |
	       REG_PUT(DSA_SWERROR0_OPERATION, error->opcode) |
	       REG_PUT(DSA_SWERROR0_PASID, error->pasid);
}

void
dsa_swerror(struct dsa_model *m, const struct dsa_error *error)
{
	uint64_t word = dsa_reg(m, DSA_SWERROR0, 0);
	uint32_t value;

	if (REG_GET(DSA_SWERROR0_VALID, word)) {
		dsa_reg_set(m, DSA_SWERROR0, 0, word | REG_MASK(DSA_SWERROR0_OVERFLOW));
		return;
	}
	(void)info(error, &value);
	/* An overflow that was not cleared stays. */
	dsa_reg_set(m, DSA_SWERROR0, 0,
		    dsa_swerror_word0(error) | (word & REG_MASK(DSA_SWERROR0_OVERFLOW)));
	dsa_reg_set(m, DSA_SWERROR1, 0,
		    REG_PUT(DSA_SWERROR1_BATCH_IDX, error->batch_index) |
			    REG_PUT(DSA_SWERROR1_ERR_INFO, value));
	dsa_reg_set(m, DSA_SWERROR2, 0, error->fault_addr);
	if (REG_GET(DSA_GENCTRL_SWERR_INT_EN, dsa_reg(m, DSA_GENCTRL, 0)))
		dsa_irq_cause(m, DSA_CAUSE_SWERR);
}

void
dsa_swerror_code(struct dsa_model *m, uint8_t code)
{
	const struct dsa_error error = {.code = code};

	dsa_swerror(m, &error);
}

void
dsa_swerror_of_work(void *owner, const struct dsa_error *error)
{
	struct dsa_model *m = owner;

	dsa_lock(&m->report);
	if (!dsa_evl_enabled(m) || !error->desc_valid)
		dsa_swerror(m, error);
	else if (!dsa_evl_append(m, error))
		dsa_swerror_code(m, DSA_STATUS_EVENT_LOG);
	dsa_unlock(&m->report);
}
