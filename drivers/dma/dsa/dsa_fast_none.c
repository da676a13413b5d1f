/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* In place of the data half, until that is there: no channel can be set up. It goes with the first
 * file of dsa_fast.
 */

#include <errno.h>

#include "dsa_priv.h"

int
dsa_vchan_setup(const struct dsa_vchan_config *config, struct dsa_vchan **vchan)
{
	*vchan = NULL;
	DSA_LOG(ERR, config->name, "channel %u: no channels yet", config->vchan);
	return -ENOTSUP;
}

int
dsa_vchan_start(struct dsa_vchan *vchan)
{
	RTE_SET_USED(vchan);
	return -ENOTSUP;
}

void
dsa_vchan_stop(struct dsa_vchan *vchan)
{
	RTE_SET_USED(vchan);
}

bool
dsa_vchan_drained(struct dsa_vchan *vchan)
{
	RTE_SET_USED(vchan);
	return true;
}

void
dsa_vchan_abort(struct dsa_vchan *vchan)
{
	RTE_SET_USED(vchan);
}

void
dsa_vchan_release(struct dsa_vchan *vchan)
{
	RTE_SET_USED(vchan);
}

void
dsa_vchan_stats(const struct dsa_vchan *vchan, struct dsa_vchan_stats *stats)
{
	RTE_SET_USED(vchan);
	*stats = (struct dsa_vchan_stats){.batches = 0};
}

void
dsa_vchan_stats_reset(struct dsa_vchan *vchan)
{
	RTE_SET_USED(vchan);
}

bool
dsa_vchan_busy(struct dsa_vchan *vchan)
{
	RTE_SET_USED(vchan);
	return false;
}

bool
dsa_vchan_halted(const struct dsa_vchan *vchan)
{
	RTE_SET_USED(vchan);
	return false;
}

void
dsa_vchan_dump(const struct dsa_vchan *vchan, FILE *f)
{
	RTE_SET_USED(vchan);
	RTE_SET_USED(f);
}

void
dsa_fast_install(struct dsa *dsa)
{
	RTE_SET_USED(dsa);
}

void
dsa_fast_suspend(struct dsa *dsa)
{
	rte_dma_fp_objs[dsa->data->dev_id].dev_private = dsa;
}
