/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_model_priv.h"

#include <string.h>

/* Performance monitor, section 19. The work half counts every event all the time; a counter is the
 * difference to what had happened when it was last loaded, enabled or frozen. It filters by WQ and
 * by engine. Whether it overflowed is looked at in steps, and when it is read.
 */

/* Events of each category, as bits; those of the second category of operations are not listed. */
static const uint32_t events[] = {0x7f, 0x3f, 0x3f, 0x1ffff, 0x3f};
#define CATEGORIES    (sizeof(events) / sizeof(events[0]))
/* Descriptors that were discarded can be counted from 2.0 on. */
#define WQ_DISCARDED  (1u << 6)
#define COUNTER_MASK  ((UINT64_C(1) << 48) - 1)
#define FILTER_NONE   0xffffu

static uint32_t
events_of(const struct dsa_model *m, unsigned int category)
{
	if (category >= CATEGORIES)
		return 0;
	return m->version == DSA_V1 && category == 0 ? events[0] & ~WQ_DISCARDED
						      : events[category];
}

static uint64_t
filter(const struct dsa_model *m, enum dsa_reg row, unsigned int n)
{
	uint64_t value = dsa_reg(m, row, n);

	return value == FILTER_NONE ? UINT64_MAX : value;
}

/* Events of a counter's kind that have happened by now. */
static uint64_t
happened(const struct dsa_model *m, unsigned int n)
{
	uint64_t config = dsa_reg(m, DSA_CNTRCFG, n), sum = 0;
	unsigned int category = (unsigned int)REG_GET(DSA_CNTRCFG_CATEGORY, config);
	uint32_t wanted = (uint32_t)REG_GET(DSA_CNTRCFG_EVENTS, config) & events_of(m, category);

	for (; wanted != 0; wanted &= wanted - 1)
		sum += dsa_work_events(m->work, category, (unsigned int)__builtin_ctz(wanted),
				       filter(m, DSA_FLTCFG_WQ, n), filter(m, DSA_FLTCFG_ENG, n));
	return sum;
}

static bool
is_on(const struct dsa_model *m, unsigned int n)
{
	return REG_GET(DSA_CNTRCFG_ENABLE, dsa_reg(m, DSA_CNTRCFG, n));
}

static bool
is_counting(const struct dsa_model *m, unsigned int n)
{
	return is_on(m, n) && !(dsa_reg(m, DSA_PERFFRZ, 0) >> n & 1);
}

static void
overflowed(struct dsa_model *m, unsigned int n)
{
	uint64_t config = dsa_reg(m, DSA_CNTRCFG, n), all = (1u << DSA_COUNTERS) - 1;

	dsa_reg_set(m, DSA_OVFSTATUS, 0, dsa_reg(m, DSA_OVFSTATUS, 0) | UINT64_C(1) << n);
	if (REG_GET(DSA_CNTRCFG_GLOBAL_FREEZE, config))
		dsa_reg_set(m, DSA_PERFFRZ, 0, all);
	if (REG_GET(DSA_CNTRCFG_INT_ON_OVF, config))
		dsa_irq_cause(m, DSA_CAUSE_PERFMON);
}

/* Bring a counter up to date. */
static void
settle(struct dsa_model *m, unsigned int n)
{
	struct dsa_counter *c = &m->counter[n];
	uint64_t now;

	if (!c->running)
		return;
	now = happened(m, n);
	c->count += now - c->base;
	c->base = now;
	if (c->count <= COUNTER_MASK)
		return;
	c->count &= COUNTER_MASK;
	overflowed(m, n);
}

/* What was written may have started or stopped counters: `running` says what was so until now. */
static void
counters_follow(struct dsa_model *m)
{
	bool any = false;

	for (unsigned int n = 0; n < DSA_COUNTERS; n++) {
		struct dsa_counter *c = &m->counter[n];

		if (!c->running && is_counting(m, n))
			c->base = happened(m, n);
		c->running = is_counting(m, n);
		any |= c->running;
	}
	atomic_store_explicit(&m->perf_on, any, memory_order_relaxed);
}

static void
counters_settle(struct dsa_model *m)
{
	for (unsigned int n = 0; n < DSA_COUNTERS; n++)
		settle(m, n);
}

void
dsa_perfmon_step(struct dsa_model *m)
{
	counters_settle(m);
	counters_follow(m);
}

void
dsa_perfmon_reset(struct dsa_model *m)
{
	memset(m->counter, 0, sizeof(m->counter));
	atomic_store_explicit(&m->perf_on, false, memory_order_relaxed);
	for (uint32_t c = 0; c < CATEGORIES; c++)
		dsa_reg_set(m, DSA_EVNTCAP, c, events_of(m, c));
}

/* ---- Registers ---- */

static uint32_t
put(uint32_t old, uint32_t value, uint32_t mask)
{
	return (old & ~mask) | (value & mask);
}

/* Only the switch can be written while the counter is on. */
static uint32_t
store_config(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	struct dsa_model *m = owner;

	counters_settle(m);
	if (is_on(m, at.i))
		mask &= at.half == 0 ? (uint32_t)REG_MASK(DSA_CNTRCFG_ENABLE) : 0;
	return put(old, value, mask);
}

static uint32_t
store_filter(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	return is_on(owner, at.i) ? old : put(old, value, mask);
}

static uint32_t
store_data(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	struct dsa_model *m = owner;
	uint64_t *count = &m->counter[at.i].count;
	unsigned int shift = 32 * at.half;

	if (!is_on(m, at.i))
		*count = ((*count & ~((uint64_t)mask << shift)) | (uint64_t)value << shift) &
			 COUNTER_MASK;
	return old;
}

static uint32_t
store_freeze(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	(void)at;
	counters_settle(owner);
	return put(old, value, mask & ((1u << DSA_COUNTERS) - 1));
}

static uint32_t
store_reset(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	struct dsa_model *m = owner;

	(void)at;
	(void)mask;
	counters_settle(m);
	for (unsigned int n = 0; n < DSA_COUNTERS; n++) {
		if (REG_GET(DSA_PERFRST_RST_CFG, value)) {
			dsa_reg_set(m, DSA_CNTRCFG, n, 0);
			for (unsigned int r = DSA_FLTCFG_WQ; r <= DSA_FLTCFG_PASID; r++)
				dsa_reg_set(m, (enum dsa_reg)r, n, m->rows[r].reset[m->version]);
		}
		if (REG_GET(DSA_PERFRST_RST_CTRS, value))
			m->counter[n].count = 0;
	}
	if (REG_GET(DSA_PERFRST_RST_CTRS, value))
		dsa_reg_set(m, DSA_OVFSTATUS, 0, 0);
	counters_follow(m);
	return old;
}

static uint32_t
data_read(void *owner, struct reg_at at)
{
	struct dsa_model *m = owner;

	settle(m, at.i);
	return (uint32_t)(m->counter[at.i].count >> 32 * at.half);
}

static void
wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)at;
	(void)value;
	counters_follow(owner);
}

static const struct reg_rule rules[] = {
	{DSA_PERFRST, store_reset},     {DSA_PERFFRZ, store_freeze},
	{DSA_CNTRCFG, store_config},    {DSA_CNTRDATA, store_data},
	{DSA_FLTCFG_WQ, store_filter},  {DSA_FLTCFG_TC, store_filter},
	{DSA_FLTCFG_PGSZ, store_filter}, {DSA_FLTCFG_XFERSZ, store_filter},
	{DSA_FLTCFG_ENG, store_filter}, {DSA_FLTCFG_PASID, store_filter},
};

static const struct reg_hook hooks[] = {
	{DSA_PERFFRZ, NULL, wrote},
	{DSA_CNTRCFG, NULL, wrote},
	{DSA_CNTRDATA, data_read, NULL},
};

void
dsa_perfmon_hook(struct dsa_model *m)
{
	regfile_hook(m->regs, hooks, sizeof(hooks) / sizeof(hooks[0]));
	regfile_rule(m->regs, rules, sizeof(rules) / sizeof(rules[0]));
}
