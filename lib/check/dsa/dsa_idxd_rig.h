/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_IDXD_RIG_H
#define SLIPWAY_DSA_IDXD_RIG_H

/**
 * @file
 * A driver of the DSA as others write theirs, and a host for it: the steps of the kernel's idxd
 * (datasheet sections 20.6 and 25). It was written from the text alone, has its own offsets and
 * numbers, and knows the device by the bus contract only.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus.h"
#include "dsa_model.h"

/* ---- Facts, section 3 ---- */

enum {
	VERSION = 0x00,
	GENCAP = 0x10,
	WQCAP = 0x20,
	GRPCAP = 0x30,
	ENGCAP = 0x38,
	OPCAP = 0x40,
	OFFSETS = 0x60,
	GENCFG = 0x80,
	GENCTRL = 0x88,
	GENSTS = 0x90,
	INTCAUSE = 0x98,
	CMD = 0xa0,
	CMDSTATUS = 0xa8,
	CMDCAP = 0xb0,
	SWERROR = 0xc0,
	EVLCFG = 0xe0,
	EVLSTATUS = 0xf0,
};

enum {
	ENABLE_DEVICE = 1,
	DISABLE_DEVICE = 2,
	RESET_DEVICE = 5,
	ENABLE_WQ = 6,
	DISABLE_WQ = 7,
	DRAIN_WQ = 8,
	DRAIN_PASID = 11,
	ABORT_PASID = 12,
	REQUEST_HANDLE = 13,
};

#define ACTIVE           (UINT32_C(1) << 31)
#define WANT_INTERRUPT   (UINT32_C(1) << 31)
#define STATE_OF(gensts) ((gensts)&3)
#define HALT             3

/* Flags and operations, sections 7 and 8. */
#define CRAV    0x04u
#define RCR     0x08u
#define RCI     0x10u
#define NOOP    0x00u
#define MOVE    0x03u
#define UNKNOWN 0x3fu

#define IOVA         UINT64_C(0x140000000)
#define MEMORY       0x40000u
#define NOWHERE      UINT64_C(0x900000000)
#define VECTORS      16
#define SYSTEM_PASID 5u
#define USER_PASID   7u
#define STEPS        10000

struct descriptor {
	uint32_t pasid, op_flags;
	uint64_t record, src, dst;
	uint32_t size;
	uint16_t handle, reserved;
	uint8_t rest[24];
};
_Static_assert(sizeof(struct descriptor) == 64, "section 7.1");

struct bench {
	struct bus_host host;
	struct bus_device *dev;
	unsigned int version;
	uint8_t *memory;
	unsigned int irqs[VECTORS];
	uint64_t watched; /* a record: */
	uint8_t at_irq;   /* its status when a vector above 0 came */
	uint32_t grp, wqcfg, perm, stride;
	uint64_t gencap;
	unsigned int wqs, groups, engines;
};

/* ---- The host ---- */

static inline void *
host_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	struct bench *b = (struct bench *)host;

	if (iova < IOVA || iova - IOVA >= MEMORY) {
		*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
		return NULL;
	}
	if (*len > MEMORY - (iova - IOVA))
		*len = (size_t)(MEMORY - (iova - IOVA));
	return b->memory + (iova - IOVA);
}

static inline int
host_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct bus_fault fault;
	size_t there = len;
	void *p = host_map(host, pasid, iova, &there, BUS_PROT_READ, &fault);

	if (p == NULL || there < len)
		return -EFAULT;
	memcpy(write ? p : bytes, write ? bytes : p, len);
	return 0;
}

static inline int
host_page_request(struct bus_host *host, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	(void)host;
	(void)pasid;
	(void)iova;
	(void)prot;
	return -EFAULT;
}

static inline void
host_irq(struct bus_host *host, unsigned int vector)
{
	struct bench *b = (struct bench *)host;

	assert_true(vector < VECTORS);
	b->irqs[vector]++;
	if (vector > 0 && b->watched != 0)
		b->at_irq = b->memory[b->watched - IOVA];
}

/* ---- The device ---- */

static inline uint64_t
get(struct bench *b, uint64_t off, unsigned int size)
{
	return b->dev->ops->read(b->dev, 0, off, size);
}

static inline void
put(struct bench *b, uint64_t off, uint64_t value, unsigned int size)
{
	b->dev->ops->write(b->dev, 0, off, value, size);
}

static inline uint32_t
config_get(struct bench *b, unsigned int off, unsigned int size)
{
	uint32_t value = 0;

	assert_int_equal(b->dev->ops->config(b->dev, (uint16_t)off, &value, size, false), 0);
	return value;
}

static inline void
config_put(struct bench *b, unsigned int off, unsigned int size, uint32_t value)
{
	assert_int_equal(b->dev->ops->config(b->dev, (uint16_t)off, &value, size, true), 0);
}

static inline void
settle(struct bench *b)
{
	for (unsigned int i = 0; i < STEPS; i++)
		if (b->dev->ops->step(b->dev, 1000 + i) == BUS_NO_DEADLINE)
			return;
	fail_msg("the device never comes to rest");
}

/* Without an interrupt, as the first reset: its error. */
static inline unsigned int
command_polled(struct bench *b, unsigned int code, uint32_t operand)
{
	unsigned int n = 0;

	put(b, CMD, code << 20 | operand, 4);
	while ((get(b, CMDSTATUS, 4) & ACTIVE) != 0) {
		assert_true(n++ < STEPS);
		b->dev->ops->step(b->dev, n);
	}
	return get(b, CMDSTATUS, 4) & 0xff;
}

/* With one, as all later ones. */
static inline unsigned int
command(struct bench *b, unsigned int code, uint32_t operand)
{
	unsigned int before = b->irqs[0], n = 0;

	put(b, CMD, WANT_INTERRUPT | code << 20 | operand, 4);
	while (b->irqs[0] == before) {
		assert_true(n++ < STEPS);
		b->dev->ops->step(b->dev, n);
	}
	assert_int_equal(get(b, INTCAUSE, 4) & 2, 2);
	put(b, INTCAUSE, 2, 4);
	assert_int_equal(get(b, INTCAUSE, 4) & 2, 0);
	assert_int_equal(get(b, CMDSTATUS, 4) & ACTIVE, 0);
	return get(b, CMDSTATUS, 4) & 0xff;
}

/* ---- Probe ---- */

static inline unsigned int
capability(struct bench *b, uint8_t id)
{
	unsigned int at = config_get(b, 0x34, 1);

	for (unsigned int n = 0; at != 0 && n < 48; n++, at = config_get(b, at + 1, 1))
		if (config_get(b, at, 1) == id)
			return at;
	return 0;
}

static inline unsigned int
extended(struct bench *b, uint16_t id)
{
	unsigned int at = 0x100;

	for (unsigned int n = 0; at != 0 && n < 48; n++, at = config_get(b, at, 4) >> 20)
		if ((config_get(b, at, 4) & 0xffff) == id)
			return at;
	return 0;
}

static inline uint64_t
bar_size(struct bench *b, unsigned int off)
{
	uint32_t low = config_get(b, off, 4), high = config_get(b, off + 4, 4);
	uint64_t size;

	config_put(b, off, 4, UINT32_MAX);
	config_put(b, off + 4, 4, UINT32_MAX);
	size = (uint64_t)config_get(b, off + 4, 4) << 32 | (config_get(b, off, 4) & ~0xfu);
	config_put(b, off, 4, low);
	config_put(b, off + 4, 4, high);
	return ~size + 1;
}

static inline void
msix_enable(struct bench *b)
{
	unsigned int at = capability(b, 0x11), n = (config_get(b, at + 2, 2) & 0x7ff) + 1;
	uint32_t table = config_get(b, at + 4, 4);

	assert_int_not_equal(at, 0);
	assert_true(n >= 1 + b->wqs);
	assert_int_equal(table & 7, 0);
	for (unsigned int i = 0; i < n; i++) {
		put(b, (table & ~7u) + i * 16, 0xfee00000, 4);
		put(b, (table & ~7u) + i * 16 + 12, 0, 4);
	}
	config_put(b, at + 2, 2, config_get(b, at + 2, 2) | 0x8000);
}

/* What the IOMMU layer switches on for shared virtual addressing, device disabled. */
static inline void
sva_enable(struct bench *b)
{
	unsigned int pasid = extended(b, 0x1b), prs = extended(b, 0x13), ats = extended(b, 0x0f);

	assert_true(pasid != 0 && prs != 0 && ats != 0);
	config_put(b, pasid + 6, 2, 0x5);
	config_put(b, prs + 12, 4, 32);
	config_put(b, prs + 4, 2, 1);
	config_put(b, ats + 6, 2, 0x8000);
}

static inline void
capabilities_read(struct bench *b)
{
	uint64_t offsets = get(b, OFFSETS, 8), wqcap = get(b, WQCAP, 8);

	assert_int_equal(get(b, VERSION, 4), b->version);
	b->gencap = get(b, GENCAP, 8);
	b->wqs = wqcap >> 16 & 0xff;
	b->stride = 32u << (wqcap >> 24 & 0xf);
	b->groups = get(b, GRPCAP, 8) & 0xff;
	b->engines = get(b, ENGCAP, 8) & 0xff;
	b->grp = (offsets & 0xffff) * 0x100;
	b->wqcfg = (offsets >> 16 & 0xffff) * 0x100;
	b->perm = (offsets >> 32 & 0xffff) * 0x100;
	assert_int_equal(get(b, OPCAP, 8) & 0x3ff, 0x3ff);
}

static inline void
probe(struct bench *b)
{
	config_put(b, 4, 2, 6);
	capabilities_read(b);
	msix_enable(b);
	sva_enable(b);
	assert_int_not_equal(STATE_OF(get(b, GENSTS, 4)), HALT);
	assert_int_equal(command_polled(b, RESET_DEVICE, 0), 0);
	assert_int_equal(get(b, GENSTS, 4) & 0xf, 0);
	put(b, GENCTRL, 3, 4);
}

/* ---- Configuration, section 20.6 ---- */

struct queue {
	unsigned int id, group, size, threshold;
	bool dedicated, user;
};

/* Every dword: what is there or-ed into the driver's copy, read-only ones included. */
static inline void
queue_write(struct bench *b, const struct queue *q)
{
	uint32_t copy[8] = {
		q->size,
		q->threshold,
		(uint32_t)q->dedicated | 10u << 4 |
			(q->dedicated ? SYSTEM_PASID << 8 : 0) | 1u << 28 |
			(q->dedicated && !q->user ? 1u << 29 : 0),
		21u | 5u << 5,
	};

	for (unsigned int i = 0; i < 8; i++)
		copy[i] |= (uint32_t)get(b, b->wqcfg + q->id * b->stride + i * 4, 4);
	for (unsigned int i = 0; i < 8; i++)
		put(b, b->wqcfg + q->id * b->stride + i * 4, copy[i], 4);
}

static inline void
group_write(struct bench *b, unsigned int group, uint64_t wqs, uint64_t engines)
{
	uint64_t at = b->grp + group * 64u;

	/* New after a reset: no traffic class, all read buffers. */
	if (STATE_OF(get(b, GENSTS, 4)) == 0)
		assert_int_equal(get(b, at + 0x28, 4) & 0x3f, 0);
	put(b, at, wqs, 8);
	for (unsigned int i = 1; i < 4; i++)
		put(b, at + i * 8, 0, 8);
	put(b, at + 0x20, engines, 8);
	put(b, at + 0x28, UINT64_C(96) << 20 | 1 << 3 | 1, 8);
}

static inline void
write_all(struct bench *b, const struct queue *q)
{
	queue_write(b, q);
	group_write(b, q->group, UINT64_C(1) << q->id, 1);
}

/* Its vector may be raised by descriptors of its PASID. */
static inline void
permission_write(struct bench *b, unsigned int vector, uint32_t pasid)
{
	put(b, b->perm + vector * 8u, pasid << 12 | 1 << 3, 4);
}

static inline unsigned int
state_of(struct bench *b, unsigned int q)
{
	return get(b, b->wqcfg + q * b->stride + 24, 4) >> 30;
}

static inline void
enable(struct bench *b, const struct queue *q)
{
	write_all(b, q);
	assert_int_equal(command(b, ENABLE_DEVICE, 0), 0);
	assert_int_equal(STATE_OF(get(b, GENSTS, 4)), 1);
	permission_write(b, 1, SYSTEM_PASID);
	/* The same once more, to a device that is enabled: nothing it may not change does. */
	write_all(b, q);
	assert_int_equal(get(b, b->wqcfg + q->id * b->stride, 4), q->size);
	assert_int_equal(state_of(b, q->id), 0);
	assert_int_equal(command(b, ENABLE_WQ, q->id), 0);
	assert_int_equal(state_of(b, q->id), 1);
}

/* CMDCAP is there only if GENCAP says so, section 25 B3. */
static inline bool
has_handles(struct bench *b)
{
	return (b->gencap >> 4 & 1) != 0 && (get(b, CMDCAP, 8) >> REQUEST_HANDLE & 1) != 0;
}

/* By what descriptors name an entry of the MSI-X table: its index, where nothing else is said. */
static inline uint16_t
handle_of(struct bench *b, unsigned int entry)
{
	if (!has_handles(b))
		return (uint16_t)entry;
	assert_int_equal(command(b, REQUEST_HANDLE, entry), 0);
	return (uint16_t)(get(b, CMDSTATUS, 4) >> 8);
}

/* ---- Descriptors ---- */

static inline struct descriptor
describe(unsigned int op, uint32_t flags, unsigned int record)
{
	return (struct descriptor){
		.op_flags = op << 24 | flags,
		.record = (flags & CRAV) != 0 ? IOVA + 0x1000 + record * 32u : 0,
	};
}

static inline uint8_t *
record_at(struct bench *b, unsigned int record)
{
	return b->memory + 0x1000 + record * 32u;
}

/* To the limited MSI-X page of a queue, which is the one that the kernel maps. */
static inline void
post(struct bench *b, unsigned int q, const struct descriptor *d)
{
	b->dev->ops->post(b->dev, 2, q * 0x4000u + 0x1000, d, 64);
}

static inline int
submit(struct bench *b, unsigned int q, uint64_t page, struct descriptor *d, uint32_t pasid)
{
	d->pasid = pasid;
	return b->dev->ops->submit(b->dev, 2, q * 0x4000u + page, d, pasid);
}

static const struct queue kernel_queue = {
	.id = 0, .group = 0, .size = 16, .dedicated = true};
static const struct queue user_queue = {
	.id = 2, .group = 1, .size = 16, .threshold = 4, .user = true};

#endif /* SLIPWAY_DSA_IDXD_RIG_H */
