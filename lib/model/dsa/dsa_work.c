/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct dsa_work {
	struct dsa_work_config config;
};

int
dsa_work_create(const struct dsa_work_config *config, struct bus_host *host,
		const struct dsa_work_owner *owner, struct dsa_work **work)
{
	(void)host;
	(void)owner;
	*work = calloc(1, sizeof(**work));
	if (*work == NULL)
		return -ENOMEM;
	(*work)->config = *config;
	return 0;
}

void
dsa_work_destroy(struct dsa_work *work)
{
	free(work);
}

void dsa_work_remap(struct dsa_work *work) { (void)work; }

void
dsa_work_post(struct dsa_work *work, unsigned int wq, unsigned int kind, const void *line)
{
	(void)work;
	(void)wq;
	(void)kind;
	(void)line;
}

int
dsa_work_submit(struct dsa_work *work, unsigned int wq, unsigned int kind, const void *line)
{
	(void)work;
	(void)wq;
	(void)kind;
	(void)line;
	return -EAGAIN;
}

bool dsa_work_step(struct dsa_work *work) { (void)work; return false; }

void
dsa_work_user_interrupts(struct dsa_work *work, bool enabled)
{
	(void)work;
	(void)enabled;
}

void
dsa_work_group(struct dsa_work *work, unsigned int group, uint64_t engines, uint64_t wqs)
{
	(void)work;
	(void)group;
	(void)engines;
	(void)wqs;
}

int
dsa_work_enable(struct dsa_work *work, unsigned int wq, const struct dsa_work_wq *config)
{
	(void)work;
	(void)wq;
	(void)config;
	return 0;
}

void
dsa_work_threshold(struct dsa_work *work, unsigned int wq, uint32_t threshold)
{
	(void)work;
	(void)wq;
	(void)threshold;
}

void dsa_work_stop(struct dsa_work *work, unsigned int wq) { (void)work; (void)wq; }
void dsa_work_mark(struct dsa_work *work, unsigned int wq) { (void)work; (void)wq; }
bool dsa_work_passed(struct dsa_work *work, unsigned int wq) { (void)work; (void)wq; return true; }
void dsa_work_mark_pasid(struct dsa_work *work, uint32_t pasid) { (void)work; (void)pasid; }
bool dsa_work_passed_pasid(struct dsa_work *work) { (void)work; return true; }
void dsa_work_abort(struct dsa_work *work, unsigned int wq) { (void)work; (void)wq; }
void dsa_work_abort_pasid(struct dsa_work *work, uint32_t pasid) { (void)work; (void)pasid; }
void dsa_work_halt(struct dsa_work *work, bool halted) { (void)work; (void)halted; }
void dsa_work_reset(struct dsa_work *work) { (void)work; }

uint32_t
dsa_work_occupancy(const struct dsa_work *work, unsigned int wq)
{
	(void)work;
	(void)wq;
	return 0;
}

void
dsa_work_occupancy_limit(struct dsa_work *work, unsigned int wq, bool armed, uint32_t limit)
{
	(void)work;
	(void)wq;
	(void)armed;
	(void)limit;
}

uint64_t
dsa_work_events(const struct dsa_work *work, unsigned int category, unsigned int event, uint64_t wqs,
		uint64_t engines)
{
	(void)work;
	(void)category;
	(void)event;
	(void)wqs;
	(void)engines;
	return 0;
}

void
dsa_work_stats(const struct dsa_work *work, unsigned int wq, struct dsa_work_stats *stats)
{
	(void)work;
	(void)wq;
	memset(stats, 0, sizeof(*stats));
}
