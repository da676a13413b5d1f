/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* All there is to say about a device, for a person to read. */

#include <inttypes.h>

#include "dsa_dmadev.h"
#include "dsa_hw.h"

static const char *
where(const struct dsa *dsa)
{
	switch (dsa->args.at) {
	case DSA_AT_MODEL:
		return "a model in this process";
	case DSA_AT_BUS:
		return "on the PCI bus";
	default:
		return dsa->args.path;
	}
}

static void
dump_device(const struct dsa *dsa, FILE *f)
{
	const struct dsa_caps *caps = &dsa->caps;

	fprintf(f, "  DSA %" PRIu64 ".%" PRIu64 ", %s%s%s\n",
		REG_GET(DSA_VERSION_MAJOR, caps->version), REG_GET(DSA_VERSION_MINOR, caps->version),
		where(dsa), dsa->whole ? "" : ", one work queue of it",
		dsa->failed ? ", FAILED: probe it again" : "");
	fprintf(f, "  transfers up to %" PRIu64 " bytes, batches up to %u\n", caps->max_transfer,
		caps->max_batch);
	if (!dsa->whole)
		return;
	fprintf(f, "  %u of %u work queues, %u of %u engines, in %u groups; %u entries in all\n",
		dsa->nb_wqs, caps->wqs, dsa->nb_engines, caps->engines, dsa->nb_groups,
		caps->wq_total);
	fprintf(f, "  commands: %" PRIu64 ", %" PRIu64 " of them failed\n", dsa->commands,
		dsa->commands_failed);
	fprintf(f, "  errors reported by the device: %" PRIu64 "%s\n", dsa->errors,
		dsa->errors_lost != 0 ? ", and some more" : "");
	if (dsa->errors != 0)
		fprintf(f, "    the last: %s\n",
			dsa_status_name((unsigned int)REG_GET(DSA_SWERROR0_ERROR, dsa->last_error)));
}

static void
dump_wq(const struct dsa *dsa, const struct dsa_wq *wq, FILE *f)
{
	static const char *const states[] = {"disabled", "enabled", "disabling"};
	enum dsa_wq_state state;

	fprintf(f, "  work queue %u: %s, %u entries", wq->id,
		wq->dedicated ? "dedicated" : "shared", wq->size);
	if (!wq->dedicated)
		fprintf(f, ", threshold %u", wq->threshold);
	if (wq->pasid != BUS_NO_PASID)
		fprintf(f, ", PASID %u", wq->pasid);
	fprintf(f, "%s%s; %u channel%s", wq->sva ? ", all addresses of the process" : "",
		wq->block_on_fault ? ", waits for page faults" : "", wq->users,
		wq->users == 1 ? "" : "s");
	if (dsa_is_gone(dsa)) {
		fprintf(f, "; the device has halted or gone");
	} else if (dsa->whole) {
		state = dsa_hw_wq_state(dsa, wq);
		fprintf(f, "; group %u, %s, %u waiting", wq->id % dsa->nb_groups,
			state <= DSA_WQ_DISABLING ? states[state] : "?",
			dsa_hw_wq_occupancy(dsa, wq));
	}
	fprintf(f, "\n");
}

static void
dump_channel(struct dsa *dsa, uint16_t vchan, FILE *f)
{
	struct dsa_vchan_stats stats;

	if (dsa->vchans[vchan] == NULL) {
		fprintf(f, "  channel %u: not set up\n", vchan);
		return;
	}
	dsa_vchan_stats(dsa->vchans[vchan], &stats);
	fprintf(f,
		"  channel %u: work queue %u; submitted %" PRIu64 ", completed %" PRIu64
		", errors %" PRIu64 "\n",
		vchan, dsa_wq_of(dsa, vchan)->id, stats.dma.submitted, stats.dma.completed,
		stats.dma.errors);
	fprintf(f,
		"    batches %" PRIu64 ", refused and tried again %" PRIu64 ", given up %" PRIu64
		", finished after a page fault %" PRIu64 "\n",
		stats.batches, stats.retries, stats.busy, stats.partial);
	dsa_vchan_dump(dsa->vchans[vchan], f);
}

int
dsa_dump(const struct rte_dma_dev *dev, FILE *f)
{
	struct dsa *dsa = dsa_of(dev);
	uint16_t i;

	rte_spinlock_lock(&dsa->lock);
	dsa_hw_poll_error(dsa);
	dump_device(dsa, f);
	for (i = 0; i < dsa->nb_wqs; i++)
		dump_wq(dsa, &dsa->wqs[i], f);
	for (i = 0; i < dsa->nb_vchans; i++)
		dump_channel(dsa, i, f);
	rte_spinlock_unlock(&dsa->lock);
	return 0;
}
