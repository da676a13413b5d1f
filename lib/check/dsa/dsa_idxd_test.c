/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What other drivers of the DSA expect of it, step by step: the kernel's idxd (datasheet sections
 * 20.6 and 25) and SPDK's. A second witness: it was written from the text alone, has its own
 * offsets and numbers, and knows the device by the bus contract only.
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

static void *
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

static int
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

static int
host_page_request(struct bus_host *host, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	(void)host;
	(void)pasid;
	(void)iova;
	(void)prot;
	return -EFAULT;
}

static void
host_irq(struct bus_host *host, unsigned int vector)
{
	struct bench *b = (struct bench *)host;

	assert_true(vector < VECTORS);
	b->irqs[vector]++;
	if (vector > 0 && b->watched != 0)
		b->at_irq = b->memory[b->watched - IOVA];
}

/* ---- The device ---- */

static uint64_t
get(struct bench *b, uint64_t off, unsigned int size)
{
	return b->dev->ops->read(b->dev, 0, off, size);
}

static void
put(struct bench *b, uint64_t off, uint64_t value, unsigned int size)
{
	b->dev->ops->write(b->dev, 0, off, value, size);
}

static uint32_t
config_get(struct bench *b, unsigned int off, unsigned int size)
{
	uint32_t value = 0;

	assert_int_equal(b->dev->ops->config(b->dev, (uint16_t)off, &value, size, false), 0);
	return value;
}

static void
config_put(struct bench *b, unsigned int off, unsigned int size, uint32_t value)
{
	assert_int_equal(b->dev->ops->config(b->dev, (uint16_t)off, &value, size, true), 0);
}

static void
settle(struct bench *b)
{
	for (unsigned int i = 0; i < STEPS; i++)
		if (b->dev->ops->step(b->dev, 1000 + i) == BUS_NO_DEADLINE)
			return;
	fail_msg("the device never comes to rest");
}

/* Without an interrupt, as the first reset: its error. */
static unsigned int
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
static unsigned int
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

static unsigned int
capability(struct bench *b, uint8_t id)
{
	unsigned int at = config_get(b, 0x34, 1);

	for (unsigned int n = 0; at != 0 && n < 48; n++, at = config_get(b, at + 1, 1))
		if (config_get(b, at, 1) == id)
			return at;
	return 0;
}

static unsigned int
extended(struct bench *b, uint16_t id)
{
	unsigned int at = 0x100;

	for (unsigned int n = 0; at != 0 && n < 48; n++, at = config_get(b, at, 4) >> 20)
		if ((config_get(b, at, 4) & 0xffff) == id)
			return at;
	return 0;
}

static uint64_t
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

static void
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
static void
sva_enable(struct bench *b)
{
	unsigned int pasid = extended(b, 0x1b), prs = extended(b, 0x13), ats = extended(b, 0x0f);

	assert_true(pasid != 0 && prs != 0 && ats != 0);
	config_put(b, pasid + 6, 2, 0x5);
	config_put(b, prs + 12, 4, 32);
	config_put(b, prs + 4, 2, 1);
	config_put(b, ats + 6, 2, 0x8000);
}

static void
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

static void
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
static void
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

static void
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

static void
write_all(struct bench *b, const struct queue *q)
{
	queue_write(b, q);
	group_write(b, q->group, UINT64_C(1) << q->id, 1);
}

/* Its vector may be raised by descriptors of its PASID. */
static void
permission_write(struct bench *b, unsigned int vector, uint32_t pasid)
{
	put(b, b->perm + vector * 8u, pasid << 12 | 1 << 3, 4);
}

static unsigned int
state_of(struct bench *b, unsigned int q)
{
	return get(b, b->wqcfg + q * b->stride + 24, 4) >> 30;
}

static void
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
static bool
has_handles(struct bench *b)
{
	return (b->gencap >> 4 & 1) != 0 && (get(b, CMDCAP, 8) >> REQUEST_HANDLE & 1) != 0;
}

/* By what descriptors name an entry of the MSI-X table: its index, where nothing else is said. */
static uint16_t
handle_of(struct bench *b, unsigned int entry)
{
	if (!has_handles(b))
		return (uint16_t)entry;
	assert_int_equal(command(b, REQUEST_HANDLE, entry), 0);
	return (uint16_t)(get(b, CMDSTATUS, 4) >> 8);
}

/* ---- Descriptors ---- */

static struct descriptor
describe(unsigned int op, uint32_t flags, unsigned int record)
{
	return (struct descriptor){
		.op_flags = op << 24 | flags,
		.record = (flags & CRAV) != 0 ? IOVA + 0x1000 + record * 32u : 0,
	};
}

static uint8_t *
record_at(struct bench *b, unsigned int record)
{
	return b->memory + 0x1000 + record * 32u;
}

/* To the limited MSI-X page of a queue, which is the one that the kernel maps. */
static void
post(struct bench *b, unsigned int q, const struct descriptor *d)
{
	b->dev->ops->post(b->dev, 2, q * 0x4000u + 0x1000, d, 64);
}

static int
submit(struct bench *b, unsigned int q, uint64_t page, struct descriptor *d, uint32_t pasid)
{
	d->pasid = pasid;
	return b->dev->ops->submit(b->dev, 2, q * 0x4000u + page, d, pasid);
}

static const struct queue kernel_queue = {
	.id = 0, .group = 0, .size = 16, .dedicated = true};
static const struct queue user_queue = {
	.id = 2, .group = 1, .size = 16, .threshold = 4, .user = true};

/* ---- Tests ---- */

static struct bench bench;

static int
begin(void **state)
{
	static const struct bus_host_ops ops = {
		.map = host_map,
		.dma = host_dma,
		.page_request = host_page_request,
		.irq = host_irq,
	};
	struct dsa_model_config config = {.version = *(const unsigned int *)*state};

	bench = (struct bench){.host.ops = &ops, .version = config.version};
	bench.memory = calloc(1, MEMORY);
	return bench.memory == NULL || dsa_model_create(&config, &bench.host, &bench.dev) < 0;
}

static int
end(void **state)
{
	uint64_t stray = dsa_model_stray(bench.dev);

	(void)state;
	dsa_model_destroy(bench.dev);
	free(bench.memory);
	return stray == 0 ? 0 : -1;
}

static void
function_is_as_the_bus_driver_wants_it(void **state)
{
	struct bench *b = &bench;

	(void)state;
	assert_int_equal(config_get(b, 0, 4), 0x0b258086);
	assert_int_equal(config_get(b, 8, 4) >> 8, 0x088000);
	assert_true(bar_size(b, 0x10) >= 0x10000);
	assert_true(bar_size(b, 0x18) >= 8 * 0x4000);
	/* DMWr completer: how the kernel would know that ENQCMD may be used, FR-09. */
	assert_int_equal(config_get(b, capability(b, 0x10) + 0x24, 4) >> 28 & 1, 1);
	probe(b);
}

static void
kernel_queue_completes_by_interrupt(void **state)
{
	struct bench *b = &bench;
	struct descriptor d = describe(MOVE, CRAV | RCR | RCI, 0);

	(void)state;
	probe(b);
	enable(b, &kernel_queue);
	d.src = IOVA + 0x2000;
	d.dst = IOVA + 0x3000;
	d.size = 300;
	d.handle = handle_of(b, 1);
	memset(b->memory + 0x2000, 0xa5, 300);
	b->watched = d.record;
	post(b, 0, &d);
	settle(b);
	assert_int_equal(record_at(b, 0)[0], 1);
	assert_memory_equal(b->memory + 0x3000, b->memory + 0x2000, 300);
	assert_int_equal(b->irqs[1], 1);
	/* The record is there before the interrupt is. */
	assert_int_equal(b->at_irq, 1);
	assert_int_equal(command(b, DRAIN_WQ, 1), 0);
	assert_int_equal(command(b, DISABLE_WQ, 1), 0);
	assert_int_equal(state_of(b, 0), 0);
	assert_int_equal(command(b, DISABLE_DEVICE, 0), 0);
	assert_int_equal(STATE_OF(get(b, GENSTS, 4)), 0);
}

/* Section 25 B8: an entry of the permission table that ignores, and one of another PASID. */
static void
permission_table_is_heeded(void **state)
{
	struct bench *b = &bench;
	struct descriptor d = describe(NOOP, CRAV | RCR | RCI, 0);
	uint16_t handle;

	(void)state;
	probe(b);
	enable(b, &kernel_queue);
	handle = handle_of(b, 1);
	d.handle = handle;
	put(b, b->perm + 8, SYSTEM_PASID << 12 | 1 << 3 | 1 << 2, 4);
	post(b, 0, &d);
	settle(b);
	assert_int_equal(record_at(b, 0)[0], 1);
	assert_int_equal(b->irqs[1], 0);
	permission_write(b, 1, SYSTEM_PASID + 1);
	d = describe(NOOP, CRAV | RCR | RCI, 1);
	d.handle = handle;
	post(b, 0, &d);
	settle(b);
	assert_int_equal(record_at(b, 1)[0] & 0x3f, 0x19);
	assert_int_equal(b->irqs[1], 0);
}

static void
shared_queue_answers_retry_at_its_threshold(void **state)
{
	struct bench *b = &bench;
	struct descriptor d;
	unsigned int n = 0;

	(void)state;
	probe(b);
	enable(b, &user_queue);
	for (; n < 4; n++) {
		d = describe(NOOP, CRAV | RCR, n);
		assert_int_equal(submit(b, 2, 0x1000, &d, USER_PASID), 0);
	}
	d = describe(NOOP, CRAV | RCR, n);
	assert_int_equal(submit(b, 2, 0x1000, &d, USER_PASID), -EAGAIN);
	/* The page that is not limited goes on to the size. */
	for (; n < 16; n++) {
		d = describe(NOOP, CRAV | RCR, n);
		assert_int_equal(submit(b, 2, 0, &d, USER_PASID), 0);
	}
	d = describe(NOOP, CRAV | RCR, n);
	assert_int_equal(submit(b, 2, 0, &d, USER_PASID), -EAGAIN);
	/* A posted write is for dedicated queues. */
	post(b, 2, &d);
	assert_int_equal(command(b, DRAIN_PASID, USER_PASID), 0);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(record_at(b, i)[0], 1);
	assert_int_equal(record_at(b, 16)[0], 0);
}

/* What an abort leaves undone stays undone: nothing is written once it has completed. */
static void
aborted_pasid_writes_nothing_later(void **state)
{
	struct bench *b = &bench;
	uint8_t then[16 * 32];

	(void)state;
	probe(b);
	enable(b, &user_queue);
	for (unsigned int i = 0; i < 4; i++) {
		struct descriptor d = describe(NOOP, CRAV | RCR, i);

		assert_int_equal(submit(b, 2, 0x1000, &d, i < 3 ? USER_PASID : USER_PASID + 1), 0);
	}
	assert_int_equal(command(b, ABORT_PASID, USER_PASID), 0);
	memcpy(then, record_at(b, 0), 3 * 32);
	settle(b);
	assert_memory_equal(then, record_at(b, 0), 3 * 32);
	/* That of the other process was not meant. */
	assert_int_equal(record_at(b, 3)[0], 1);
}

static void
software_error_is_told_once(void **state)
{
	struct bench *b = &bench;
	struct descriptor d = describe(UNKNOWN, 0, 0);
	unsigned int before;
	uint64_t error;

	(void)state;
	probe(b);
	enable(b, &kernel_queue);
	before = b->irqs[0];
	post(b, 0, &d);
	settle(b);
	error = get(b, SWERROR, 8);
	assert_int_equal(error & 1, 1);
	assert_int_equal(error >> 8 & 0xff, 0x10);
	assert_int_equal(error >> 32 & 0xff, UNKNOWN);
	assert_int_equal(get(b, INTCAUSE, 4) & 1, 1);
	assert_int_equal(b->irqs[0], before + 1);
	post(b, 0, &d);
	settle(b);
	assert_int_equal(b->irqs[0], before + 1);
	error = get(b, SWERROR, 8);
	assert_int_equal(error & 3, 3);
	/* Section 25 B7: as one write, of the two bits as they were read. */
	put(b, SWERROR, error & 3, 8);
	put(b, INTCAUSE, 1, 4);
	assert_int_equal(get(b, SWERROR, 8) & 3, 0);
	assert_int_equal(get(b, INTCAUSE, 4) & 1, 0);
}

static void
full_dedicated_queue_drops_and_says_so(void **state)
{
	struct bench *b = &bench;

	(void)state;
	probe(b);
	enable(b, &kernel_queue);
	for (unsigned int i = 0; i < 17; i++) {
		struct descriptor d = describe(NOOP, CRAV | RCR, i);

		post(b, 0, &d);
	}
	settle(b);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(record_at(b, i)[0], 1);
	assert_int_equal(record_at(b, 16)[0], 0);
	assert_int_equal(get(b, SWERROR, 8) >> 8 & 0xff, 0x53);
}

/* Section 25 B6; a device of version 1 has no event log. */
static void
event_log_takes_the_record_that_faulted(void **state)
{
	struct bench *b = &bench;
	struct descriptor d = describe(NOOP, CRAV | RCR, 0);
	const uint8_t *entry = b->memory + 0x8000;
	unsigned int before;

	(void)state;
	probe(b);
	if ((b->gencap >> 13 & 3) == 0)
		return;
	put(b, EVLCFG, (IOVA + 0x8000) | 1, 8);
	put(b, EVLCFG + 8, 64 | (uint64_t)SYSTEM_PASID << 16, 8);
	put(b, GENCTRL, 7, 4);
	put(b, GENCFG, (uint32_t)get(b, GENCFG, 4) | 1u << 13, 4);
	enable(b, &kernel_queue);
	before = b->irqs[0];
	d.record = NOWHERE;
	post(b, 0, &d);
	settle(b);
	assert_int_equal(get(b, EVLSTATUS, 8) >> 32 & 0xffff, 1);
	assert_int_equal(get(b, EVLSTATUS, 8) >> 62 & 1, 1);
	assert_int_equal(get(b, INTCAUSE, 4) >> 5 & 1, 1);
	assert_int_equal(b->irqs[0], before + 1);
	assert_int_equal(entry[0] & 1, 1);
	assert_int_equal(entry[1] & 0x3f, 0x1a);
	/* The record that could not be written. */
	assert_int_equal(entry[32], 1);
	put(b, EVLSTATUS, UINT64_C(1) << 62 | 1, 8);
	assert_int_equal(get(b, EVLSTATUS, 8) >> 62 & 1, 0);
	assert_int_equal(get(b, EVLSTATUS, 8) & 0xffff, 1);
	assert_int_equal(get(b, SWERROR, 8) & 1, 0);
}

/* Section 25 B10, a software reset leads out of it. */
static void
changed_configuration_halts(void **state)
{
	struct bench *b = &bench;
	struct descriptor d = describe(NOOP, CRAV | RCR, 0);

	(void)state;
	probe(b);
	enable(b, &user_queue);
	config_put(b, extended(b, 0x0f) + 6, 2, 0);
	settle(b);
	assert_int_equal(get(b, GENSTS, 4) & 0xf, HALT);
	assert_int_equal(get(b, SWERROR, 8) >> 8 & 0xff, 0x51);
	assert_int_equal(get(b, INTCAUSE, 4) >> 4 & 1, 1);
	assert_int_equal(submit(b, 2, 0x1000, &d, USER_PASID), -EAGAIN);
	assert_int_equal(command_polled(b, ENABLE_DEVICE, 0), 5);
	config_put(b, extended(b, 0x0f) + 6, 2, 0x8000);
	assert_int_equal(command_polled(b, RESET_DEVICE, 0), 0);
	assert_int_equal(STATE_OF(get(b, GENSTS, 4)), 0);
	put(b, GENCTRL, 3, 4);
	enable(b, &user_queue);
	assert_int_equal(submit(b, 2, 0x1000, &d, USER_PASID), 0);
	settle(b);
	assert_int_equal(record_at(b, 0)[0], 1);
}

/* The same when only a function-level reset does: configuration is saved and brought back. */
static void
halt_ends_by_function_reset(void **state)
{
	struct bench *b = &bench;
	struct descriptor d = describe(NOOP, CRAV | RCR, 0);
	unsigned int express;

	(void)state;
	probe(b);
	enable(b, &kernel_queue);
	dsa_model_halt(b->dev, 1);
	settle(b);
	assert_int_equal(get(b, GENSTS, 4) & 0xf, HALT | 1 << 2);
	express = capability(b, 0x10);
	config_put(b, express + 8, 2, config_get(b, express + 8, 2) | 0x8000);
	settle(b);
	config_put(b, 4, 2, 6);
	assert_int_equal(get(b, GENSTS, 4) & 0xf, 0);
	assert_int_equal(get(b, SWERROR, 8), 0);
	probe(b);
	enable(b, &kernel_queue);
	post(b, 0, &d);
	settle(b);
	assert_int_equal(record_at(b, 0)[0], 1);
}

/* Section 25 B3 and B12: handles, where there are any to ask for. */
static void
interrupt_handles_are_as_announced(void **state)
{
	struct bench *b = &bench;
	unsigned int error;

	(void)state;
	probe(b);
	error = command(b, REQUEST_HANDLE, 1);
	if (!has_handles(b)) {
		assert_int_equal(error, 1);
		return;
	}
	assert_int_equal(error, 0);
	assert_int_equal(command(b, REQUEST_HANDLE, 0xffff), 0x41);
}

/* Section 4.2: who writes a command while one is under way loses it. */
static void
second_command_is_lost(void **state)
{
	struct bench *b = &bench;

	(void)state;
	probe(b);
	put(b, CMD, RESET_DEVICE << 20, 4);
	assert_int_equal(get(b, CMDSTATUS, 4) & ACTIVE, ACTIVE);
	put(b, CMD, ENABLE_DEVICE << 20, 4);
	settle(b);
	assert_int_equal(get(b, SWERROR, 8) >> 8 & 0xff, 0x52);
	assert_int_equal(STATE_OF(get(b, GENSTS, 4)), 0);
}

/* SPDK: one group, all engines, one dedicated queue of all entries; no PASID, no interrupts. */
static void
spdk_gets_its_one_queue(void **state)
{
	struct bench *b = &bench;
	uint32_t dword[8] = {0};

	(void)state;
	config_put(b, 4, 2, 6);
	capabilities_read(b);
	assert_int_equal(command_polled(b, RESET_DEVICE, 0), 0);
	put(b, b->grp, 1, 8);
	put(b, b->grp + 0x20, (UINT64_C(1) << b->engines) - 1, 8);
	put(b, b->grp + 0x28, UINT64_C(96) << 20, 8);
	for (unsigned int i = 0; i < 8; i++)
		dword[i] = (uint32_t)get(b, b->wqcfg + i * 4, 4);
	dword[0] = 128;
	dword[2] = 1 | 1 << 4;
	dword[3] = 30 | 10 << 5;
	dword[6] = 1u << 30;
	for (unsigned int i = 0; i < 8; i++)
		put(b, b->wqcfg + i * 4, dword[i], 4);
	assert_int_equal(command_polled(b, ENABLE_DEVICE, 0), 0);
	/* What it wrote to the read-only dword is not what enables the queue. */
	assert_int_equal(state_of(b, 0), 0);
	assert_int_equal(command_polled(b, ENABLE_WQ, 0), 0);
	for (unsigned int i = 0; i < 128; i++) {
		struct descriptor d = describe(NOOP, CRAV | RCR, i);

		/* Each at the next slot of the page. */
		b->dev->ops->post(b->dev, 2, i * 64 % 4096, &d, 64);
	}
	settle(b);
	for (unsigned int i = 0; i < 128; i++)
		assert_int_equal(record_at(b, i)[0], 1);
	assert_int_equal(get(b, SWERROR, 8) & 1, 0);
}

#define EACH(T)                                                                                    \
	T(function_is_as_the_bus_driver_wants_it)                                                  \
	T(kernel_queue_completes_by_interrupt)                                                     \
	T(permission_table_is_heeded)                                                              \
	T(shared_queue_answers_retry_at_its_threshold)                                             \
	T(aborted_pasid_writes_nothing_later)                                                      \
	T(software_error_is_told_once)                                                             \
	T(full_dedicated_queue_drops_and_says_so)                                                  \
	T(event_log_takes_the_record_that_faulted)                                                 \
	T(changed_configuration_halts)                                                             \
	T(halt_ends_by_function_reset)                                                             \
	T(interrupt_handles_are_as_announced)                                                      \
	T(second_command_is_lost)                                                                  \
	T(spdk_gets_its_one_queue)

int
main(void)
{
	static unsigned int v1 = 0x100, v2 = 0x200;
	const struct CMUnitTest tests[] = {
#define ON(test) {#test ", 1.0", test, begin, end, &v1},
		EACH(ON)
#undef ON
#define ON(test) {#test ", 2.0", test, begin, end, &v2},
		EACH(ON)
#undef ON
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
