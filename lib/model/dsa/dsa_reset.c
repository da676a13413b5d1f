/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_model_priv.h"

/* Resets of the whole device, section 3.8, and what leads to one: a halt, section 16.3. */

static void
everything_disabled(struct dsa_model *m)
{
	for (unsigned int wq = 0; wq < DSA_WQS_MAX; wq++)
		dsa_wq_state_set(m, wq, DSA_WQ_DISABLED);
	dsa_work_reset(m->work);
	dsa_work_halt(m->work, false);
	dsa_work_user_interrupts(m->work, false);
}

void
dsa_reset_all(struct dsa_model *m, bool power)
{
	everything_disabled(m);
	dsa_cmd_reset(m);
	dsa_lock(&m->report);
	dsa_config_reset(m, false);
	pci_config_reset(&m->pci, power);
	dsa_unlock(&m->report);
	dsa_pci_apply(m);
}

void
dsa_reset_software(struct dsa_model *m)
{
	everything_disabled(m);
	dsa_lock(&m->report);
	dsa_config_reset(m, true);
	dsa_unlock(&m->report);
}

void
dsa_reset_halt(struct dsa_model *m, enum dsa_reset_type type)
{
	dsa_work_halt(m->work, true);
	dsa_reg_set(m, DSA_GENSTS, 0,
		    REG_PUT(DSA_GENSTS_STATE, DSA_STATE_HALT) |
			    REG_PUT(DSA_GENSTS_RESET_TYPE, type));
	dsa_cmd_halt(m);
	dsa_lock(&m->report);
	if (REG_GET(DSA_GENCTRL_HALT_INT_EN, dsa_reg(m, DSA_GENCTRL, 0)))
		dsa_irq_cause(m, DSA_CAUSE_HALT);
	dsa_unlock(&m->report);
}

void
dsa_reset_changed(struct dsa_model *m)
{
	dsa_lock(&m->report);
	dsa_swerror_code(m, DSA_STATUS_PCI_CHANGED);
	dsa_unlock(&m->report);
	dsa_reset_halt(m, DSA_RESET_SOFTWARE);
}
