/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_cq.h"

#include <errno.h>
#include <stdlib.h>

#include "bus_relax.h"

/* The device as the bus sees it, and its lock.
 *
 *   post               no lock: the line goes into the port's own ring. A full ring waits.
 *   step               try-lock; who does not get it leaves a note and goes
 *   read, write,       wait for the lock, then see to every post that came before
 *   config, reset,
 *   remap
 *
 * The note is `dirty`. Whoever asked for a step and found the lock taken sets it and tries once
 * more; whoever lets the lock go looks at it afterwards. With both in one total order, one of the
 * two gets to work, so a line posted before a step was asked for never waits for another one:
 *
 *   asks:   line into ring -> dirty = 1 -> try-lock fails
 *   holds:                                   unlock -> dirty is 1 -> that line is there: again
 */

static struct dlb_model *
model_of(struct bus_device *dev)
{
	return (struct dlb_model *)dev;
}

/* ---- The lock ---- */

static bool
lock_try(struct dlb_model *m)
{
	/* Looking first keeps the line shared among those who fail. */
	return atomic_load_explicit(&m->lock, memory_order_relaxed) == 0 &&
	       atomic_exchange(&m->lock, 1) == 0;
}

/* For register accesses and full rings: who waits goes before those who only step. `waiting` is
 * given back with the lock held, so whoever sees it set after leaving a note knows of an unlock to
 * come.
 */
static void
lock_wait(struct dlb_model *m)
{
	atomic_fetch_add(&m->waiting, 1);
	for (unsigned int tries = 0; !lock_try(m); tries++)
		bus_relax(tries);
	atomic_fetch_sub(&m->waiting, 1);
}

/* Everything that was asked for by now. Lock held. */
static void
work(struct dlb_model *m)
{
	/* Pairs with the exchange in step: its lines are seen by the admission below. */
	if (atomic_load_explicit(&m->dirty, memory_order_relaxed) != 0)
		atomic_exchange(&m->dirty, 0);
	m->stepping = true;
	dlb_model_admit_valid(m);
	dlb_model_schedule(m);
	m->stepping = false;
	if (unlikely(m->irq.watch))
		dlb_irq_look(m);
}

/* Let go, and do what others asked for in the meantime. Sequentially consistent with the note that
 * step leaves: either its try-lock finds the lock free, or its note is found here. When all that
 * was admitted has been scheduled, a note without a line behind it asks for nothing: so threads
 * that poll in vain do not keep the holder busy.
 */
static void
unlock(struct dlb_model *m, bool scheduled)
{
	for (;;) {
		atomic_store(&m->lock, 0);
		if (atomic_load(&m->dirty) == 0 || atomic_load(&m->waiting) != 0 ||
		    (scheduled && !dlb_model_posted(m)) || !lock_try(m))
			return;
		work(m);
		scheduled = true;
	}
}

/* ---- Posts ---- */

/* The port behind an offset of bar 0, or NULL. Bits 11:6 do not count (section 4.1). */
static struct dlb_port *
port_at(struct dlb_model *m, unsigned int bar, uint64_t off)
{
	if (bar != 0 || off - DLB_PP_WINDOW_DIR >= 2 * DLB_PP_ALIAS)
		return NULL;
	return m->pages[off / DLB_PP_SIZE % DLB_PP_PAGES];
}

static __attribute__((noinline)) void
stray(struct dlb_model *m)
{
	atomic_fetch_add_explicit(&m->stray, 1, memory_order_relaxed);
}

/* No room: the poster drains its own ring, and does nothing else, so time stands still. The indices
 * in the shared memory may be anybody's by now; the private ones tell whether there is room, and
 * when even those disagree the lines in between are nobody's.
 */
static __attribute__((noinline)) void
post_make_room(struct dlb_model *m, struct dlb_port *port)
{
	lock_wait(m);
	dlb_model_admit(m, port);
	if (port->poster.head - port->drainer.tail >= LINE_RING_LINES)
		port->drainer.tail = port->poster.head;
	port->poster.tail = port->drainer.tail;
	unlock(m, false);
}

static void
dlb_model_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	       unsigned int len)
{
	struct dlb_model *m = model_of(dev);
	struct dlb_port *port = port_at(m, bar, off);

	if (unlikely(port == NULL || (len != 16 && len != 64))) {
		stray(m);
		return;
	}
	line_ring_resume(&port->poster);
	if (unlikely(!line_ring_has_room(&port->poster)))
		post_make_room(m, port);
	line_ring_post(&port->poster, line, len);
}

/* ---- Time ---- */

static uint64_t
dlb_model_step(struct bus_device *dev, uint64_t now_ns)
{
	struct dlb_model *m = model_of(dev);

	if (atomic_load_explicit(&m->waiting, memory_order_relaxed) != 0 || !lock_try(m)) {
		/* An exchange, not a store: notes of several threads then form one release
		 * sequence, and whoever finds the last one sees the lines of all.
		 */
		atomic_exchange(&m->dirty, 1);
		if (atomic_load(&m->waiting) != 0 || atomic_exchange(&m->lock, 1) != 0)
			return atomic_load_explicit(&m->irq.deadline, memory_order_relaxed);
	}
	if (now_ns > m->irq.now_ns)
		m->irq.now_ns = now_ns;
	work(m);
	unlock(m, true);
	return atomic_load_explicit(&m->irq.deadline, memory_order_relaxed);
}

/* ---- Registers ---- */

/* A bar that is not enabled answers nothing; a device in its low-power state answers nothing but
 * the register that wakes it (section 1.6).
 */
static bool
silent(const struct dlb_model *m, unsigned int bar, uint64_t off)
{
	struct reg_at at;

	if (!m->answers)
		return true;
	if (m->powered || bar != 2)
		return false;
	return !regfile_find(m->regs, bar, off, &at) || at.row != DLB_CM_CFG_PM_PMCSR_DISABLE;
}

static uint64_t
dlb_model_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct dlb_model *m = model_of(dev);
	uint32_t value = 0;
	bool is_silent, ones;

	lock_wait(m);
	dlb_model_admit_posted(m);
	is_silent = silent(m, bar, off);
	/* A bar that is off is nobody's answer; what a sleeping device says is open point 12. */
	ones = is_silent && !(m->answers && m->config.open.asleep_reads_zero);
	if (ones)
		value = UINT32_MAX;
	else if (!is_silent && port_at(m, bar, off) == NULL &&
		 (size != 4 || !regfile_read(m->regs, bar, off, &value)))
		stray(m);
	unlock(m, false);
	return ones && size > 4 ? UINT64_MAX : value;
}

static void
dlb_model_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
		unsigned int size)
{
	struct dlb_model *m = model_of(dev);

	lock_wait(m);
	dlb_model_admit_posted(m);
	if (!silent(m, bar, off) &&
	    (size != 4 || !regfile_write(m->regs, bar, off, (uint32_t)value)))
		stray(m);
	unlock(m, false);
}

/* ---- Configuration space, resets, the host's memory ---- */

static int
dlb_model_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct dlb_model *m = model_of(dev);
	int ret;

	lock_wait(m);
	dlb_model_admit_posted(m);
	if (write)
		ret = dlb_pci_write(m, off, bytes, len);
	else
		ret = pci_config_read(&m->pci, off, bytes, len);
	unlock(m, false);
	return ret;
}

static void
dlb_model_reset_op(struct bus_device *dev, enum bus_reset kind)
{
	struct dlb_model *m = model_of(dev);

	lock_wait(m);
	dlb_model_reset(m, kind);
	unlock(m, false);
}

static void
dlb_model_remap(struct bus_device *dev)
{
	struct dlb_model *m = model_of(dev);

	lock_wait(m);
	dlb_cq_remap(m);
	unlock(m, false);
}

/* ---- Regions ---- */

static struct bus_region
ring_region(const struct dlb_model *m, uint64_t window, uint32_t i, uint32_t id)
{
	uint64_t off = (uint64_t)id * sizeof(struct line_ring);
	bool own = m->port[id].drainer.ring == (struct line_ring *)m->config.ring_memory + id;

	return (struct bus_region){
		.bar = 0,
		.kind = BUS_LINE_RING,
		.offset = window + (uint64_t)i * DLB_PP_SIZE,
		.size = DLB_PP_SIZE,
		.memory = m->port[id].drainer.ring,
		.fd = own ? m->config.ring_fd : -1,
		.fd_offset = m->config.ring_fd_offset + off,
	};
}

static int
dlb_model_describe(struct bus_device *dev, struct bus_region regions[], unsigned int max)
{
	const struct dlb_model *m = model_of(dev);
	unsigned int n = 0, dir = m->dir_ports;
	uint64_t dir_end = DLB_PP_WINDOW_DIR + (uint64_t)dir * DLB_PP_SIZE;
	uint64_t ldb_end = DLB_PP_WINDOW_LDB + (uint64_t)DLB_LDB_PORTS * DLB_PP_SIZE;
	struct bus_region r;

	for (uint32_t i = 0; i < 4 + dir + DLB_LDB_PORTS; i++) {
		r = (struct bus_region){.kind = BUS_TRAPPED, .fd = -1};
		if (i == 0)
			r.size = DLB_PP_WINDOW_DIR;
		else if (i <= dir)
			r = ring_region(m, DLB_PP_WINDOW_DIR, i - 1, DLB_LDB_PORTS + i - 1);
		else if (i == dir + 1)
			r.offset = dir_end, r.size = DLB_PP_WINDOW_LDB - dir_end;
		else if (i <= dir + 1 + DLB_LDB_PORTS)
			r = ring_region(m, DLB_PP_WINDOW_LDB, i - dir - 2, i - dir - 2);
		else if (i == dir + DLB_LDB_PORTS + 2)
			r.offset = ldb_end, r.size = DLB_BAR0_BYTES - ldb_end;
		else
			r.bar = 2, r.size = DLB_BAR2_BYTES;
		if (n < max)
			regions[n] = r;
		n++;
	}
	return (int)n;
}

static const struct bus_device_ops dlb_model_ops = {
	.config = dlb_model_config,
	.describe = dlb_model_describe,
	.read = dlb_model_read,
	.write = dlb_model_write,
	.post = dlb_model_post,
	.step = dlb_model_step,
	.reset = dlb_model_reset_op,
	.remap = dlb_model_remap,
};

/* ---- Life ---- */

size_t
dlb_model_ring_bytes(void)
{
	return DLB_CQS * sizeof(struct line_ring);
}

static void
ports_plug(struct dlb_model *m)
{
	struct line_ring *rings = m->config.ring_memory;

	for (uint32_t id = 0; id < DLB_LDB_PORTS + m->dir_ports; id++) {
		m->port[id].directed = id >= DLB_LDB_PORTS;
		m->port[id].drainer.ring = &rings[id];
		m->port[id].poster.ring = &rings[id];
		m->pages[id < DLB_LDB_PORTS ? DLB_PP_LDB + id : id - DLB_LDB_PORTS] = &m->port[id];
	}
}

int
dlb_model_create(const struct dlb_model_config *config, struct bus_host *host,
		 struct bus_device **dev)
{
	struct dlb_model *m;

	if (config->version != DLB_V20 && config->version != DLB_V25)
		return -EINVAL;
	if (config->ring_memory == NULL || (uintptr_t)config->ring_memory % DLB_CACHE_LINE != 0)
		return -EINVAL;
	m = aligned_alloc(DLB_CACHE_LINE, sizeof(*m));
	if (m == NULL)
		return -ENOMEM;
	memset(m, 0, sizeof(*m));
	m->dev.ops = &dlb_model_ops;
	m->host = host;
	m->config = *config;
	m->dir_ports = config->version == DLB_V20 ? DLB_DIR_PORTS_V20 : DLB_DIR_PORTS_V25;
	if (dlb_config_create(m) < 0) {
		free(m);
		return -ENOMEM;
	}
	dlb_pci_create(m);
	ports_plug(m);
	dlb_reset_create(m);
	dlb_model_reset(m, BUS_RESET_POWER);
	*dev = &m->dev;
	return 0;
}

void
dlb_model_destroy(struct bus_device *dev)
{
	if (dev == NULL)
		return;
	dlb_config_destroy(model_of(dev));
	free(dev);
}

void
dlb_model_ring_set(struct bus_device *dev, uint32_t id, struct line_ring *ring)
{
	struct dlb_model *m = model_of(dev);
	struct dlb_port *port = &m->port[id];
	uint32_t head;

	lock_wait(m);
	head = atomic_load_explicit(&ring->head, memory_order_acquire);
	port->drainer = (struct line_drainer){.ring = ring, .tail = head};
	port->poster = (struct line_poster){.ring = ring, .head = head, .tail = head};
	/* For posters elsewhere, who find room by it. */
	atomic_store_explicit(&ring->tail, head, memory_order_release);
	unlock(m, false);
}

uint64_t
dlb_model_stray(const struct bus_device *dev)
{
	const struct dlb_model *m = (const struct dlb_model *)dev;

	return atomic_load_explicit(&m->stray, memory_order_relaxed);
}

uint64_t
dlb_model_lost(const struct bus_device *dev)
{
	const struct dlb_model *m = (const struct dlb_model *)dev;

	return atomic_load_explicit(&m->lost, memory_order_relaxed);
}
