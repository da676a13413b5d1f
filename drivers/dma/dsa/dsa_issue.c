/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Issuing, where the hot path has to look more closely: the queue is full, the ring ends, there is
 * a fence or a compound, a shared queue refuses.
 *
 * A fence is kept inside a batch by the device. Across submissions nothing in the device keeps it,
 * so an operation that has one is held back until all before it have ended, and a batch in which
 * others precede it is cut in two unless it is alone at the device.
 */

#include <errno.h>
#include <unistd.h>

#include "dsa_error.h"
#include "dsa_fast_complete.h"

/* One try to have a shared queue take a line: 0, -EAGAIN, or what does not get better. */
static int
try_line(struct dsa_vchan *v, const struct dsa_desc *line)
{
	ssize_t n;

	if (v->how == DSA_WQ_WRITE) {
		n = write(v->config.wq->fd, line, sizeof(*line));
		return n == sizeof(*line) ? 0 : n < 0 ? -errno : -EIO;
	}
	if (v->bar.mmio == NULL)
		return access_submit_call(&v->bar, v->portal, line, v->config.wq->pasid);
	portal_order_stores();
	return portal_submit(v->bar.mmio + v->portal, line);
}

/* Refused: let the device get on, or wait a little, and longer every time. */
static bool
submit_line(struct dsa_vchan *v, const struct dsa_desc *line)
{
	struct portal_backoff b;
	int ret = try_line(v, line);

	if (likely(ret == 0))
		return true;
	portal_backoff_begin(&b, v->config.retries, v->seed);
	while (ret == -EAGAIN) {
		v->counts.retries++;
		if (v->access != NULL)
			access_idle(v->access);
		if (!portal_backoff_wait(&b))
			break;
		ret = try_line(v, line);
	}
	v->seed = b.seed;
	if (ret == 0) {
		v->busy_row = 0;
		return true;
	}
	v->counts.busy++;
	v->busy_row++;
	if (ret != -EAGAIN) {
		dsa_error_refused(v, ret);
		v->broken = true;
	}
	return false;
}

bool
dsa_doorbell(struct dsa_vchan *v, const struct dsa_desc *line)
{
	if (v->how != DSA_WQ_POST)
		return submit_line(v, line);
	if (v->bar.mmio != NULL)
		post_line(v, line, DSA_MMIO);
	else
		post_line(v, line, DSA_CALL);
	return true;
}

bool
dsa_issue_list(struct dsa_vchan *v, struct dsa_desc *list, struct dsa_cr *crs, uint32_t count,
	       uint64_t end, bool window)
{
	if (v->bar.mmio != NULL)
		return submit_list(v, list, crs, count, end, window, DSA_MMIO);
	return submit_list(v, list, crs, count, end, window, DSA_CALL);
}

/* Does that operation stop a list that comes before it? `alone`: nothing else is at the device. */
static bool
ends_list(const struct dsa_vchan *v, uint64_t op, bool alone)
{
	if (v->notes[op & v->mask] & DSA_NOTE_COMPOUND)
		return true;
	return !alone && (v->ring[op & v->mask].op_flags & DSA_FLAG_FENCE);
}

/* Operations that make the next list; `fences` of them are fenced. */
static uint32_t
list_length(const struct dsa_vchan *v, uint32_t *fences)
{
	uint64_t to_end = (uint64_t)v->mask + 1 - (v->issued & v->mask);
	uint64_t most = RTE_MIN(RTE_MIN(v->released - v->issued, to_end), (uint64_t)v->batch);
	bool alone = dsa_subs_out(v) == 0;
	uint32_t n;

	*fences = 0;
	if (v->nb_special == 0)
		return (uint32_t)most;
	for (n = 0; n < most; n++) {
		if (n != 0 && ends_list(v, v->issued + n, alone))
			break;
		*fences += v->ring[(v->issued + n) & v->mask].op_flags & DSA_FLAG_FENCE;
	}
	return n;
}

static bool
issue_from_ring(struct dsa_vchan *v)
{
	uint32_t first = (uint32_t)v->issued & v->mask, fences;
	uint32_t n = list_length(v, &fences);

	if (!dsa_issue_list(v, &v->ring[first], &v->crs[first], n, v->issued + n, false))
		return false;
	v->issued += n;
	v->nb_fenced = fences - (v->ring[first].op_flags & DSA_FLAG_FENCE);
	v->nb_special -= fences - v->nb_fenced;
	return true;
}

/* The first operation that is not issued has a fence, or comes behind one, and something before that
 * one has not ended.
 */
static bool
is_held_back(struct dsa_vchan *v)
{
	if (dsa_subs_out(v) == 0) {
		v->nb_special -= v->nb_fenced;
		v->nb_fenced = 0;
		return false;
	}
	return !v->job.active && (v->nb_fenced != 0 || (v->ring[v->issued & v->mask].op_flags &
							DSA_FLAG_FENCE));
}

void
dsa_issue(struct dsa_vchan *v)
{
	while (v->issued != v->released) {
		uint16_t note = v->notes[v->issued & v->mask];

		if (dsa_subs_out(v) >= v->sub_limit || (v->nb_special != 0 && is_held_back(v))) {
			uint32_t out = dsa_subs_out(v);

			reap(v);
			if (dsa_subs_out(v) == out)
				break;
			continue;
		}
		if (!((note & DSA_NOTE_COMPOUND) ? dsa_job_issue(v) : issue_from_ring(v)))
			break;
	}
}

void
dsa_reap(struct dsa_vchan *v)
{
	reap(v);
}

void
dsa_reclaim(struct dsa_vchan *v)
{
	v->returned = v->ready;
	v->nb_errors += v->nb_failed;
	v->nb_failed = 0;
}

void
dsa_poll(struct dsa_vchan *v)
{
	uint64_t ready = v->ready;

	reap(v);
	if (v->access != NULL && v->issued != v->ready) {
		access_idle(v->access);
		reap(v);
	}
	if (v->issued != v->released)
		dsa_issue(v);
	if (v->ready == ready && v->released != ready)
		in_vain(v);
	if (v->silent)
		dsa_reclaim(v);
}

void
dsa_look(struct dsa_vchan *v)
{
	const struct dsa_wq *wq = v->config.wq;

	if (v->dead || (!v->broken && (wq->enabled == NULL || wq->enabled(wq))))
		return;
	dsa_error_gone(v);
	v->gone = true;
	dsa_give_up(v, RTE_DMA_STATUS_DEV_LINK_ERROR, RTE_DMA_STATUS_NOT_ATTEMPTED);
}
