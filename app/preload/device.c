/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "device.h"

#include <errno.h>
#include <string.h>

#include "bus_relax.h"
#include "ctl.h"
#include "device_priv.h"
#include "dma.h"
#include "ranges.h"
#include "say.h"
#include "served.h"
#include "sys.h"

/* An access by address, and a post:
 *
 *   device_load    address -> (device, bar, offset)   bars, without a lock
 *                  ops->read                          the model's own lock
 *                  ops->step                          and its deadline to the stepper
 *
 *   device_post    the same, with the lock of the page around ops->post: two threads of a program
 *                  may post to one port, and silicon does not mind
 */

#define PAGE_SHIFT 12
/* Pieces of BARs mapped at a time: three for each device of a usual program. */
#define BAR_MAPS 512
/* What is where in the tag of a map. */
#define TAG_BAR(tag)  ((unsigned int)(tag)&0xff)
#define TAG_UNIT(tag) ((unsigned int)((tag) >> 8))

static struct range_slot bar_slots[BAR_MAPS];
static struct ranges bars = {.max = BAR_MAPS, .slots = bar_slots};
/* In a child after fork: what was in `bars`. */
static struct range_slot lost_slots[BAR_MAPS];
static struct ranges lost = {.max = BAR_MAPS, .slots = lost_slots};

static struct unit *
unit_of(struct device *dev)
{
	return (struct unit *)dev;
}

/* ---- Access by address ---- */

struct spot {
	struct unit *unit;
	unsigned int bar;
	uint64_t off;
};

static bool
spot_find(uint64_t addr, struct spot *s)
{
	struct range r;

	if (!ranges_find(&bars, addr, &r))
		return false;
	s->unit = unit_of(device_get(TAG_UNIT(r.tag)));
	s->bar = TAG_BAR(r.tag);
	s->off = r.to + (addr - r.start);
	return true;
}

bool
device_owns(uint64_t addr)
{
	struct range r;

	return ranges_find(&bars, addr, &r);
}

struct device *
device_at(uint64_t addr, unsigned int *bar, uint64_t *off)
{
	struct spot s;

	if (!spot_find(addr, &s))
		return NULL;
	*bar = s.bar;
	*off = s.off;
	return &s.unit->dev;
}

uint64_t
device_load(uint64_t addr, unsigned int size)
{
	struct spot s;

	/* Unmapped by another thread since it was found: what a bus answers for nobody. */
	if (!spot_find(addr, &s))
		return UINT64_MAX;
	return device_bar_read(&s.unit->dev, s.bar, s.off, size);
}

void
device_store(uint64_t addr, uint64_t value, unsigned int size)
{
	struct spot s;

	if (spot_find(addr, &s))
		device_bar_write(&s.unit->dev, s.bar, s.off, value, size);
}

static void
spot_post(const struct spot *s, const void *line, unsigned int len)
{
	struct bus_device *bus = s->unit->dev.bus;
	struct page_lock *lock = &s->unit->locks[(s->off >> PAGE_SHIFT) % UNIT_LOCKS];

	/* Acquire pairs with the release below: posts of one page follow each other. */
	for (unsigned int tries = 0;
	     atomic_exchange_explicit(&lock->taken, 1, memory_order_acquire) != 0; tries++)
		bus_relax(tries);
	bus->ops->post(bus, s->bar, s->off, line, len);
	atomic_store_explicit(&lock->taken, 0, memory_order_release);
	unit_step(s->unit);
}

void
device_post(uint64_t addr, const void *line, unsigned int len)
{
	struct spot s;

	if (spot_find(addr, &s))
		spot_post(&s, line, len);
}

uint32_t
device_pasid(uint64_t addr)
{
	struct spot s;

	return spot_find(addr, &s) ? s.unit->pasid : 0;
}

int
device_submit(uint64_t addr, const void *line, uint32_t pasid)
{
	struct bus_device *bus;
	struct spot s;
	int ret;

	/* What takes no non-posted writes never completes one, and that reads as "try again". */
	if (!spot_find(addr, &s) || s.unit->dev.bus->ops->submit == NULL)
		return -EAGAIN;
	bus = s.unit->dev.bus;
	ret = bus->ops->submit(bus, s.bar, s.off, line, pasid);
	unit_step(s.unit);
	return ret;
}

/* ---- Access by offset ---- */

uint64_t
device_bar_read(struct device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	uint64_t value = dev->bus->ops->read(dev->bus, bar, off, size);

	unit_step(unit_of(dev));
	return value;
}

void
device_bar_write(struct device *dev, unsigned int bar, uint64_t off, uint64_t value,
		 unsigned int size)
{
	dev->bus->ops->write(dev->bus, bar, off, value, size);
	unit_step(unit_of(dev));
}

void
device_bar_post(struct device *dev, unsigned int bar, uint64_t off, const void *line)
{
	const struct spot s = {.unit = unit_of(dev), .bar = bar, .off = off};

	spot_post(&s, line, 64);
}

int
device_bar_submit(struct device *dev, unsigned int bar, uint64_t off, const void *line,
		  uint32_t pasid)
{
	int ret = dev->bus->ops->submit(dev->bus, bar, off, line, pasid);

	unit_step(unit_of(dev));
	return ret;
}

/* ---- Maps of BARs ---- */

int
device_map_bar(struct device *dev, unsigned int bar, uint64_t off, void *addr, size_t len)
{
	const struct range r = {
		.start = (uintptr_t)addr,
		.size = len,
		.to = off,
		.tag = (uint64_t)device_index(dev) << 8 | bar,
	};

	device_unmap_range(addr, len);
	return ranges_insert(&bars, &r);
}

void
device_unmap_range(const void *addr, size_t len)
{
	ranges_cut(&bars, (uintptr_t)addr, len);
	ranges_cut(&lost, (uintptr_t)addr, len);
}

static bool
overlaps(const struct ranges *t, const void *addr, size_t len)
{
	struct range r;

	if (len == 0 || !ranges_next(t, (uintptr_t)addr, &r))
		return false;
	return r.start <= (uintptr_t)addr || r.start - (uintptr_t)addr < len;
}

bool
device_overlaps(const void *addr, size_t len)
{
	return overlaps(&bars, addr, len) || overlaps(&lost, addr, len);
}

bool
device_lost(uint64_t addr)
{
	struct range r;

	if (!ranges_find(&lost, addr, &r))
		return false;
	say("%s: BAR %u + 0x%llx was touched in a child of the process that opened the device; "
	    "a child opens the device for itself",
	    device_get(TAG_UNIT(r.tag))->address, TAG_BAR(r.tag),
	    (unsigned long long)(r.to + (addr - r.start)));
	return true;
}

void
device_forked(void)
{
	struct range r;

	/* The pages stay closed, so that whoever touches one is found and told. */
	while (ranges_next(&bars, 0, &r)) {
		ranges_cut(&bars, r.start, r.size);
		ranges_insert(&lost, &r);
	}
	for (unsigned int i = 0; i < device_count(); i++) {
		struct unit *u = unit_of(device_get(i));

		/* The model stays behind as it was, in the middle of whatever a thread that is not
		 * here did to it; the next open makes another.
		 */
		u->dev.bus = NULL;
		served_forked(u);
		u->opens = 0;
		atomic_store_explicit(&u->space, NULL, memory_order_relaxed);
		atomic_store_explicit(&u->deadline, BUS_NO_DEADLINE, memory_order_relaxed);
		unit_irqs_forget(u);
	}
	stepper_forked();
	ctl_forked();
}

/* ---- Memory ---- */

void
device_set_pasid(struct device *dev, uint32_t pasid)
{
	unit_of(dev)->pasid = pasid;
}

static bool
unit_uses(struct unit *u, const struct dma_space *space)
{
	return u->opens > 0 && atomic_load_explicit(&u->space, memory_order_relaxed) == space;
}

static void
unit_remap(struct unit *u)
{
	u->dev.bus->ops->remap(u->dev.bus);
	if (u->served != NULL)
		served_remap(u);
}

void
device_set_space(struct device *dev, struct dma_space *space)
{
	/* Release: whoever finds the space finds what was mapped in it before. */
	atomic_store_explicit(&unit_of(dev)->space, space, memory_order_release);
	unit_remap(unit_of(dev));
}

void
device_remap(const struct dma_space *space)
{
	for (unsigned int i = 0; i < device_count(); i++) {
		struct unit *u = unit_of(device_get(i));

		if (unit_uses(u, space))
			unit_remap(u);
	}
}

int
device_mapped(const struct dma_space *space, uint64_t iova, uint64_t len)
{
	int ret = 0;

	for (unsigned int i = 0; i < device_count() && ret == 0; i++) {
		struct unit *u = unit_of(device_get(i));

		if (u->served != NULL && unit_uses(u, space))
			ret = served_map(u, iova, len);
	}
	return ret;
}
