/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_model_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The device as the bus sees it, where both halves meet.
 *
 *   post, submit       no lock: straight to the work half, which takes them from any thread
 *   step               no lock for work; try-lock for a command that is active
 *   read, write,       wait for the locks
 *   config, reset,
 *   remap
 */

#define PORTAL_BYTES 4096u
#define DUMMY_PAGE   0xf000u

/* ---- Portals ---- */

static __attribute__((noinline)) void
stray(struct dsa_model *m)
{
	atomic_fetch_add_explicit(&m->stray, 1, memory_order_relaxed);
}

static bool
is_portal(const struct dsa_model *m, unsigned int bar, uint64_t off)
{
	return bar == 2 && off < m->portals;
}

static bool
is_dummy(unsigned int bar, uint64_t off)
{
	return bar == 0 && off - DUMMY_PAGE < PORTAL_BYTES;
}

static bool
answers(const struct dsa_model *m)
{
	return atomic_load_explicit(&m->answers, memory_order_relaxed);
}

static unsigned int
portal_wq(uint64_t off)
{
	return (unsigned int)(off / PORTAL_BYTES / DSA_PORTALS_PER_WQ);
}

static unsigned int
portal_kind(uint64_t off)
{
	return (unsigned int)(off / PORTAL_BYTES % DSA_PORTALS_PER_WQ);
}

/* Anything but 64 aligned bytes is ignored, section 2.3. */
static void
dsa_model_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	       unsigned int len)
{
	struct dsa_model *m = dsa_model_of(dev);

	if (is_portal(m, bar, off)) {
		if (answers(m) && len == DSA_DESC_BYTES && off % DSA_DESC_BYTES == 0)
			dsa_work_post(m->work, portal_wq(off), portal_kind(off), line);
	} else if (!is_dummy(bar, off)) {
		stray(m);
	}
}

/* As ENQCMD sends it: with the PASID of who submits, and without privilege. */
static int
submit_as(struct dsa_model *m, uint64_t off, const void *line, uint32_t pasid)
{
	struct dsa_desc desc;

	memcpy(&desc, line, sizeof(desc));
	desc.pasid = pasid & DSA_PASID_MASK;
	return dsa_work_submit(m->work, portal_wq(off), portal_kind(off), &desc);
}

static int
dsa_model_submit(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
		 uint32_t pasid)
{
	struct dsa_model *m = dsa_model_of(dev);

	if (!is_portal(m, bar, off)) {
		if (!is_dummy(bar, off))
			stray(m);
		return -EAGAIN;
	}
	if (!answers(m) || off % DSA_DESC_BYTES != 0)
		return -EAGAIN;
	if (pasid != BUS_NO_PASID)
		return submit_as(m, off, line, pasid);
	return dsa_work_submit(m->work, portal_wq(off), portal_kind(off), line);
}

/* ---- Time ---- */

static bool
is_active(const struct dsa_model *m)
{
	return atomic_load_explicit(&m->cmd.active, memory_order_relaxed);
}

static void
perfmon_step(struct dsa_model *m)
{
	dsa_lock(&m->report);
	dsa_perfmon_step(m);
	dsa_unlock(&m->report);
}

static uint64_t
dsa_model_step(struct bus_device *dev, uint64_t now_ns)
{
	struct dsa_model *m = dsa_model_of(dev);
	bool more = dsa_work_step(m->work);
	bool counting = atomic_load_explicit(&m->perf_on, memory_order_relaxed);

	if ((is_active(m) || counting) && dsa_lock_try(&m->control)) {
		dsa_cmd_step(m);
		if (counting)
			perfmon_step(m);
		dsa_unlock(&m->control);
	}
	return more || is_active(m) ? now_ns : BUS_NO_DEADLINE;
}

/* ---- Registers ---- */

static void
doors_close(struct dsa_model *m)
{
	dsa_lock(&m->control);
	dsa_lock(&m->report);
}

static void
doors_open(struct dsa_model *m)
{
	dsa_unlock(&m->report);
	dsa_unlock(&m->control);
}

static bool
is_access(uint64_t off, unsigned int size)
{
	return (size == 1 || size == 2 || size == 4 || size == 8) && off % size == 0;
}

/* Bits of a word of 32 that an access of that size means, at bit 0. */
static uint32_t
size_mask(unsigned int size)
{
	return size >= 4 ? UINT32_MAX : (1u << 8 * size) - 1;
}

/* A word, part of one, or two: false when there is nothing at all. */
static bool
regs_read(struct dsa_model *m, unsigned int bar, uint64_t off, unsigned int size, uint64_t *value)
{
	uint32_t low, high = 0;
	bool found = regfile_read(m->regs, bar, off & ~UINT64_C(3), &low);

	if (size == 8)
		found |= regfile_read(m->regs, bar, off + 4, &high);
	*value = (low >> 8 * (off & 3) & size_mask(size)) | (uint64_t)high << 32;
	return found;
}

static bool
is_whole(const struct dsa_model *m, unsigned int bar, uint64_t off)
{
	struct reg_at at;

	return regfile_find(m->regs, bar, off, &at) && m->rows[at.row].bytes == 8;
}

/* What takes effect with a register of 8 bytes is in its lower half (CNTRCFG), so that is written
 * last; of two registers the second may let go what the first one says (MSI-X data and mask).
 */
static bool
regs_write(struct dsa_model *m, unsigned int bar, uint64_t off, uint64_t value, unsigned int size)
{
	unsigned int shift = 8 * (off & 3);
	bool found, whole = size == 8 && is_whole(m, bar, off);

	if (whole)
		(void)regfile_write(m->regs, bar, off + 4, (uint32_t)(value >> 32));
	found = regfile_write_bits(m->regs, bar, off & ~UINT64_C(3), (uint32_t)value << shift,
				   size_mask(size) << shift);
	if (size == 8 && !whole)
		found |= regfile_write(m->regs, bar, off + 4, (uint32_t)(value >> 32));
	return found;
}

static uint64_t
dsa_model_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct dsa_model *m = dsa_model_of(dev);
	uint64_t value = 0;

	if (!answers(m))
		return size >= 8 ? UINT64_MAX : size_mask(size);
	if (is_portal(m, bar, off) || is_dummy(bar, off))
		return 0;
	if (!is_access(off, size)) {
		stray(m);
		return 0;
	}
	doors_close(m);
	if (!regs_read(m, bar, off, size, &value))
		stray(m);
	doors_open(m);
	return value;
}

static void
dsa_model_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
		unsigned int size)
{
	struct dsa_model *m = dsa_model_of(dev);

	if (!answers(m) || is_portal(m, bar, off) || is_dummy(bar, off))
		return;
	if (!is_access(off, size)) {
		stray(m);
		return;
	}
	doors_close(m);
	if (!regs_write(m, bar, off, value, size))
		stray(m);
	dsa_unlock(&m->report);
	dsa_irq_armed(m);
	dsa_unlock(&m->control);
}

/* ---- Configuration space, resets, the host's memory ---- */

static int
dsa_model_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct dsa_model *m = dsa_model_of(dev);
	int ret;

	dsa_lock(&m->control);
	if (write)
		ret = dsa_pci_write(m, off, bytes, len);
	else
		ret = pci_config_read(&m->pci, off, bytes, len);
	dsa_unlock(&m->control);
	return ret;
}

static void
dsa_model_reset(struct bus_device *dev, enum bus_reset kind)
{
	struct dsa_model *m = dsa_model_of(dev);

	dsa_lock(&m->control);
	dsa_reset_all(m, kind == BUS_RESET_POWER);
	dsa_unlock(&m->control);
}

static void
dsa_model_remap(struct bus_device *dev)
{
	struct dsa_model *m = dsa_model_of(dev);

	dsa_lock(&m->control);
	dsa_work_remap(m->work);
	dsa_unlock(&m->control);
}

static int
dsa_model_describe(struct bus_device *dev, struct bus_region regions[], unsigned int max)
{
	const struct dsa_model *m = dsa_model_of(dev);
	const struct bus_region all[] = {
		{.bar = 0, .kind = BUS_TRAPPED, .size = DSA_BAR0_BYTES, .fd = -1},
		{.bar = 2, .kind = BUS_TRAPPED, .size = dsa_pci_bar2_bytes(m), .fd = -1},
	};
	unsigned int n = sizeof(all) / sizeof(all[0]);

	for (unsigned int i = 0; i < n && i < max; i++)
		regions[i] = all[i];
	return (int)n;
}

static const struct bus_device_ops dsa_model_ops = {
	.config = dsa_model_config,
	.describe = dsa_model_describe,
	.read = dsa_model_read,
	.write = dsa_model_write,
	.post = dsa_model_post,
	.submit = dsa_model_submit,
	.step = dsa_model_step,
	.reset = dsa_model_reset,
	.remap = dsa_model_remap,
};

/* ---- Life ---- */

static int
work_create(struct dsa_model *m)
{
	const struct dsa_work_config config = {
		.wqs = m->config.wqs,
		.engines = m->config.engines,
		.gencap = m->gencap,
		.opcap = {m->opcap[0], m->opcap[1], m->opcap[2], m->opcap[3]},
		.shuffled = m->config.order == DSA_ORDER_SHUFFLED,
		.seed = m->config.seed,
		.fence_direct_ignored = m->config.open.fence_direct_ignored,
	};
	const struct dsa_work_owner owner = {
		.owner = m,
		.error = dsa_swerror_of_work,
		.handle_ok = dsa_irq_handle_ok,
		.interrupt = dsa_irq_completion,
		.occupancy = dsa_irq_occupancy,
	};

	return dsa_work_create(&config, m->host, &owner, &m->work);
}

int
dsa_model_create(const struct dsa_model_config *config, struct bus_host *host,
		 struct bus_device **dev)
{
	size_t bytes = (sizeof(struct dsa_model) + DSA_CACHE_LINE - 1) & ~(DSA_CACHE_LINE - 1ul);
	struct dsa_model *m = aligned_alloc(DSA_CACHE_LINE, bytes);
	int ret;

	if (m == NULL)
		return -ENOMEM;
	memset(m, 0, bytes);
	m->dev.ops = &dsa_model_ops;
	m->host = host;
	m->config = *config;
	ret = dsa_config_create(m);
	if (ret < 0)
		goto free_model;
	ret = work_create(m);
	if (ret < 0)
		goto destroy_config;
	dsa_pci_create(m);
	dsa_reset_all(m, true);
	*dev = &m->dev;
	return 0;

destroy_config:
	dsa_config_destroy(m);
free_model:
	free(m);
	return ret;
}

void
dsa_model_destroy(struct bus_device *dev)
{
	struct dsa_model *m = dsa_model_of(dev);

	if (dev == NULL)
		return;
	dsa_work_destroy(m->work);
	dsa_config_destroy(m);
	free(m);
}

/* ---- Tools ---- */

uint64_t
dsa_model_stray(const struct bus_device *dev)
{
	const struct dsa_model *m = (const struct dsa_model *)dev;

	return atomic_load_explicit(&m->stray, memory_order_relaxed);
}

void
dsa_model_halt(struct bus_device *dev, unsigned int reset_type)
{
	struct dsa_model *m = dsa_model_of(dev);

	dsa_lock(&m->control);
	dsa_reset_halt(m, (enum dsa_reset_type)(reset_type & 3));
	dsa_unlock(&m->control);
}

void
dsa_model_fail_command(struct bus_device *dev, uint8_t error)
{
	struct dsa_model *m = dsa_model_of(dev);

	dsa_lock(&m->control);
	m->cmd.fail_next = error;
	dsa_unlock(&m->control);
}

void
dsa_model_revoke_handles(struct bus_device *dev)
{
	struct dsa_model *m = dsa_model_of(dev);

	dsa_lock(&m->report);
	dsa_irq_revoke(m);
	dsa_unlock(&m->report);
}

bool
dsa_model_wq_stats(const struct bus_device *dev, unsigned int wq, struct dsa_model_wq_stats *stats)
{
	/* Its locks are no part of what it is. */
	struct dsa_model *m = (struct dsa_model *)(uintptr_t)dev;
	struct dsa_work_stats work;

	if (wq >= m->config.wqs)
		return false;
	dsa_work_stats(m->work, wq, &work);
	doors_close(m);
	*stats = (struct dsa_model_wq_stats){
		.enabled = m->wq_state[wq] == DSA_WQ_ENABLED,
		.dedicated = REG_GET(DSA_WQCFG_DW2_MODE, dsa_reg(m, DSA_WQCFG_DW2, wq)),
		.size = (uint32_t)dsa_reg(m, DSA_WQCFG_DW0, wq),
		.threshold = (uint32_t)dsa_reg(m, DSA_WQCFG_DW1, wq),
		.occupancy = dsa_work_occupancy(m->work, wq),
		.group = dsa_enable_group_of(m, wq),
		.accepted = work.accepted,
		.retried = work.retried,
		.dropped = work.dropped,
		.ignored = work.ignored,
		.completed = work.completed,
		.failed = work.failed,
		.bytes = work.bytes,
	};
	doors_open(m);
	return true;
}

static unsigned int
group_of_engine(const struct dsa_model *m, unsigned int engine)
{
	for (unsigned int g = 0; g < m->config.groups; g++)
		if (dsa_reg(m, DSA_GRPENGCFG, g) >> engine & 1)
			return g;
	return ~0u;
}

bool
dsa_model_engine_stats(const struct bus_device *dev, unsigned int engine,
		       struct dsa_model_engine_stats *stats)
{
	struct dsa_model *m = (struct dsa_model *)(uintptr_t)dev;
	struct dsa_work_engine_stats work;

	if (engine >= m->config.engines)
		return false;
	dsa_work_engine_stats(m->work, engine, &work);
	doors_close(m);
	*stats = (struct dsa_model_engine_stats){
		.group = group_of_engine(m, engine),
		.busy = work.busy,
		.completed = work.completed,
		.bytes = work.bytes,
	};
	doors_open(m);
	return true;
}
