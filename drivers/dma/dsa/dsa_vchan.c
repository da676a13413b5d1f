/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Channels, for the control half of the driver. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_memzone.h>

#include "dsa_priv.h"
#include "dsa_ring.h"

/* What the device sees of a channel, in the order in which it lies in memory. */
struct layout {
	size_t ring, subs, windows, crs, window_crs, mend_cr, bytes;
};

static uint32_t
subs_of(const struct dsa_vchan_config *config)
{
	uint32_t most = config->wq->dedicated ? config->wq->size : DSA_SUBS_SHARED;

	return RTE_MIN(rte_align32pow2(most), (uint32_t)config->nb_desc);
}

static struct layout
lay_out(const struct dsa_vchan_config *config)
{
	struct layout l = {.ring = 0};

	l.subs = l.ring + config->nb_desc * sizeof(struct dsa_desc);
	l.windows = l.subs + subs_of(config) * sizeof(struct dsa_sub);
	l.crs = l.windows + DSA_WINDOWS * DSA_WINDOW * sizeof(struct dsa_desc);
	l.window_crs = l.crs + config->nb_desc * sizeof(struct dsa_cr);
	l.mend_cr = l.window_crs + DSA_WINDOWS * DSA_WINDOW * sizeof(struct dsa_cr);
	l.bytes = l.mend_cr + RTE_CACHE_LINE_SIZE;
	return l;
}

/* The process's addresses are the device's where it follows the process's page tables, or where
 * DPDK has arranged for that.
 */
static bool
is_iova_va(const struct dsa_wq *wq)
{
	return wq->sva || rte_eal_iova_mode() == RTE_IOVA_VA;
}

static int
get_memory(struct dsa_vchan *v)
{
	const struct dsa_vchan_config *c = &v->config;
	struct layout l = lay_out(c);
	char name[RTE_MEMZONE_NAMESIZE];
	const struct rte_memzone *mz;
	uint8_t *at;

	/* Names of devices may be longer than those of memory, and begin alike. */
	snprintf(name, sizeof(name), "dsa_%p", (void *)v);
	mz = rte_memzone_reserve_aligned(name, l.bytes, c->numa_node, RTE_MEMZONE_IOVA_CONTIG,
					 RTE_CACHE_LINE_SIZE);
	if (mz == NULL) {
		DSA_LOG(ERR, c->name, "channel %u: no memory for %zu bytes of rings", c->vchan,
			l.bytes);
		return -ENOMEM;
	}
	v->memory = mz;
	at = mz->addr;
	memset(at, 0, l.bytes);
	v->delta = is_iova_va(c->wq) ? 0 : mz->iova - (uint64_t)(uintptr_t)at;
	v->ring = (void *)(at + l.ring);
	v->subs = (void *)(at + l.subs);
	v->windows = (void *)(at + l.windows);
	v->crs = (void *)(at + l.crs);
	v->window_crs = (void *)(at + l.window_crs);
	v->mend_cr = (void *)(at + l.mend_cr);
	return 0;
}

/* What only this CPU looks at. */
static int
get_lists(struct dsa_vchan *v)
{
	const struct dsa_vchan_config *c = &v->config;

	v->notes = rte_zmalloc_socket(NULL, c->nb_desc * sizeof(*v->notes), 0, c->numa_node);
	/* Large, and only used by scattered copies: not touched otherwise, so not there either. */
	v->sges = calloc(c->nb_desc, 2 * DSA_SGES_MAX * sizeof(*v->sges));
	if (v->notes == NULL || v->sges == NULL) {
		DSA_LOG(ERR, c->name, "channel %u: no memory for %u operations", c->vchan,
			c->nb_desc);
		return -ENOMEM;
	}
	return 0;
}

/* What the hot path needs to know of the work queue. */
static void
take_queue(struct dsa_vchan *v)
{
	const struct dsa_vchan_config *c = &v->config;
	const struct dsa_wq *wq = c->wq;
	uint32_t flags = DSA_FLAG_CRAV | (wq->block_on_fault ? DSA_FLAG_BOF : 0);

	v->mask = c->nb_desc - 1u;
	v->sub_mask = subs_of(c) - 1;
	v->sub_limit = wq->dedicated ? RTE_MIN(wq->size, v->sub_mask + 1) : v->sub_mask + 1;
	v->batch = c->batch;
	v->max_transfer = (uint32_t)RTE_MIN(wq->max_transfer, (uint64_t)UINT32_MAX);
	v->move_flags = DSA_OP_FLAGS(DSA_OP_MOVE, flags);
	v->fill_flags = DSA_OP_FLAGS(DSA_OP_FILL, flags);
	/* Capability bit: cache control. */
	v->llc = wq->gencap >> 2 & 1 ? DSA_FLAG_CC1 : 0;
	v->how = wq->how;
	v->bar = wq->bar;
	v->portal = wq->portal;
	/* Channels begin at different places of a page, should they share one. */
	v->slot = c->vchan * DSA_DESC_BYTES % DSA_PORTAL_BYTES;
	v->access = wq->access;
	v->gives_way = wq->access != NULL && access_gives_way(wq->access);
	v->mends = is_iova_va(wq);
	v->silent = c->silent;
	/* Of the jitter: submitters are not to be alike. */
	v->seed = (uint32_t)(uintptr_t)v >> 6 ^ c->vchan;
}

/* A device that is mapped takes lines as these instructions store them, and ignores anything less. */
static int
check_cpu(const struct dsa_vchan_config *config)
{
	const struct dsa_wq *wq = config->wq;
	bool posts = wq->how == DSA_WQ_POST;

	if (wq->how == DSA_WQ_WRITE || wq->bar.mmio == NULL)
		return 0;
	if (posts ? wq->bar.how == PORTAL_MOVDIR64B : portal_features() & PORTAL_CPU_ENQCMD)
		return 0;
	DSA_LOG(ERR, config->name, "channel %u: this CPU has no %s, by which a %s work queue of a "
				   "mapped device is submitted to",
		config->vchan, posts ? "MOVDIR64B" : "ENQCMD", posts ? "dedicated" : "shared");
	return -ENOTSUP;
}

int
dsa_vchan_setup(const struct dsa_vchan_config *config, struct dsa_vchan **vchan)
{
	struct dsa_vchan *v;
	int ret = check_cpu(config);

	if (ret < 0)
		return ret;
	v = rte_zmalloc_socket(NULL, sizeof(*v), RTE_CACHE_LINE_SIZE, config->numa_node);
	if (v == NULL) {
		DSA_LOG(ERR, config->name, "channel %u: no memory", config->vchan);
		return -ENOMEM;
	}
	v->config = *config;
	ret = get_memory(v);
	if (ret == 0)
		ret = get_lists(v);
	if (ret < 0) {
		dsa_vchan_release(v);
		return ret;
	}
	take_queue(v);
	*vchan = v;
	return 0;
}

void
dsa_vchan_release(struct dsa_vchan *v)
{
	if (v == NULL)
		return;
	rte_memzone_free(v->memory);
	rte_free(v->notes);
	free(v->sges);
	rte_free(v);
}

/* Since setup; counts restart with each start, for indexes do. */
static struct dsa_vchan_stats
totals(const struct dsa_vchan *v)
{
	struct dsa_vchan_stats s = v->counts;

	s.dma.submitted += v->released;
	s.dma.completed += v->returned;
	s.dma.errors += v->nb_errors;
	return s;
}

int
dsa_vchan_start(struct dsa_vchan *v)
{
	v->counts = totals(v);
	take_queue(v);
	v->enqueued = 0;
	v->released = 0;
	v->issued = 0;
	v->ready = 0;
	v->returned = 0;
	v->nb_errors = 0;
	v->nb_failed = 0;
	v->nb_special = 0;
	v->nb_fenced = 0;
	v->sub_head = 0;
	v->sub_tail = 0;
	v->window_head = 0;
	v->window_tail = 0;
	v->in_vain = 0;
	v->busy_row = 0;
	v->job = (struct dsa_job){.active = false};
	v->mend = (struct dsa_mend){.active = false};
	v->dead = false;
	v->gone = false;
	v->broken = false;
	dsa_ring_prepare(v);
	v->open = v->config.nb_desc;
	return 0;
}

void
dsa_vchan_stop(struct dsa_vchan *v)
{
	v->open = 0;
}

/* What was never released ends behind what was. */
static void
abort_unreleased(struct dsa_vchan *v)
{
	if (v->ready == v->released)
		dsa_give_up(v, RTE_DMA_STATUS_USER_ABORT, RTE_DMA_STATUS_USER_ABORT);
}

bool
dsa_vchan_drained(struct dsa_vchan *v)
{
	dsa_poll(v);
	if (v->ready != v->released)
		return false;
	abort_unreleased(v);
	return true;
}

void
dsa_vchan_abort(struct dsa_vchan *v)
{
	dsa_reap(v);
	dsa_give_up(v, RTE_DMA_STATUS_USER_ABORT, RTE_DMA_STATUS_USER_ABORT);
	if (v->silent)
		dsa_reclaim(v);
}

bool
dsa_vchan_busy(struct dsa_vchan *v)
{
	if (v->ready != v->released)
		dsa_poll(v);
	return v->ready != v->released;
}

bool
dsa_vchan_halted(const struct dsa_vchan *v)
{
	return v->gone;
}

void
dsa_vchan_stats(const struct dsa_vchan *v, struct dsa_vchan_stats *stats)
{
	struct dsa_vchan_stats s = totals(v);

	stats->dma.submitted = s.dma.submitted - v->base.dma.submitted;
	stats->dma.completed = s.dma.completed - v->base.dma.completed;
	stats->dma.errors = s.dma.errors - v->base.dma.errors;
	stats->batches = s.batches - v->base.batches;
	stats->retries = s.retries - v->base.retries;
	stats->busy = s.busy - v->base.busy;
	stats->partial = s.partial - v->base.partial;
}

void
dsa_vchan_stats_reset(struct dsa_vchan *v)
{
	v->base = totals(v);
}

void
dsa_vchan_dump(const struct dsa_vchan *v, FILE *f)
{
	uint32_t i;

	fprintf(f, "  channel %u on wq %u (%s%s), ring of %u, batches of up to %u%s\n",
		v->config.vchan, v->config.wq->id, v->config.wq->dedicated ? "dedicated" : "shared",
		v->how == DSA_WQ_WRITE ? ", by write()" : "", v->config.nb_desc, v->batch,
		v->silent ? ", silent" : "");
	fprintf(f,
		"    enqueued %" PRIu64 " submitted %" PRIu64 " issued %" PRIu64 " ended %" PRIu64
		" returned %" PRIu64 "\n",
		v->enqueued, v->released, v->issued, v->ready, v->returned);
	fprintf(f, "    at the device: %u submissions of at most %u%s%s%s\n", dsa_subs_out(v),
		v->sub_limit, v->mend.active ? ", a failed one being seen to" : "",
		v->job.active ? ", a compound being issued" : "",
		v->dead ? ", which takes nothing any more" : "");
	for (i = v->sub_tail; i != v->sub_head; i++) {
		const struct dsa_sub *sub = &v->subs[i & v->sub_mask];

		fprintf(f, "      %u descriptors%s, to operation %" PRIu64 ", status 0x%02x\n",
			sub->count, sub->window ? " of a compound" : "", sub->end, sub->cr.status);
	}
}
