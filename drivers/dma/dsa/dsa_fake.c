/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_fake.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_memzone.h>

#include "dsa_fast.h"

struct fake fake;
struct dsa_wq fake_wq;
struct dsa_vchan_config fake_config;
struct dsa fake_dsa;
struct rte_dma_fp_object fp;
static struct rte_dma_dev dma_dev;
unsigned int fake_logged;
char fake_line[512];
int dsa_logtype;

/* ---- In place of EAL and of the seam ---- */

int
rte_log(uint32_t level, uint32_t type, const char *format, ...)
{
	va_list ap;

	(void)level;
	(void)type;
	va_start(ap, format);
	vsnprintf(fake_line, sizeof(fake_line), format, ap);
	va_end(ap);
	fake_logged++;
	return 0;
}

void *
rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	void *p = aligned_alloc(64, RTE_ALIGN(size, 64));

	(void)type;
	(void)align;
	(void)socket;
	memset(p, 0, size);
	return p;
}

void
rte_free(void *p)
{
	free(p);
}

const struct rte_memzone *
rte_memzone_reserve_aligned(const char *name, size_t len, int socket, unsigned int flags,
			    unsigned int align)
{
	struct rte_memzone *mz = calloc(1, sizeof(*mz));

	(void)name;
	(void)socket;
	(void)flags;
	mz->addr = aligned_alloc(align, RTE_ALIGN(len, align));
	mz->iova = (uintptr_t)mz->addr;
	mz->len = len;
	return mz;
}

int
rte_memzone_free(const struct rte_memzone *mz)
{
	free(mz->addr);
	free((void *)(uintptr_t)mz);
	return 0;
}

enum rte_iova_mode
rte_eal_iova_mode(void)
{
	return RTE_IOVA_VA;
}

bool
rte_dma_is_valid(int16_t dev_id)
{
	return dev_id == 0;
}

void
access_idle(struct access_dev *access)
{
	(void)access;
	if (fake.idle_runs && fake.nb_lines != 0)
		fake_run(0);
}

bool
access_gives_way(const struct access_dev *access)
{
	(void)access;
	return false;
}

/* ---- The device ---- */

static void
arrive(const void *line)
{
	fake.lines[fake.nb_lines++] = *(const struct dsa_desc *)line;
	fake.arrived++;
	fake.most = RTE_MAX(fake.most, fake.nb_lines);
}

static void
post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line, unsigned int len)
{
	(void)dev;
	(void)bar;
	(void)off;
	(void)len;
	if (!fake.disabled)
		arrive(line);
}

static int
submit(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line, uint32_t pasid)
{
	(void)dev;
	(void)bar;
	(void)off;
	(void)pasid;
	if (fake.error != 0)
		return fake.error;
	if (fake.disabled || fake.refuse != 0 || fake.nb_lines >= fake_wq.threshold) {
		fake.refuse -= fake.refuse != 0;
		return -EAGAIN;
	}
	fake.accepted++;
	arrive(line);
	return 0;
}

static const struct bus_device_ops ops = {.post = post, .submit = submit};

static bool
enabled(const struct dsa_wq *wq)
{
	(void)wq;
	return !fake.disabled;
}

/* How far an access of so many bytes gets; of one that goes backwards, from its end. */
static uint32_t
reach(uint64_t addr, uint32_t len, bool backwards, struct fake_fault **fault)
{
	uint32_t most = len;
	unsigned int i;

	for (i = 0; i < fake.nb_faults; i++) {
		struct fake_fault *f = &fake.faults[i];
		uint64_t n = f->addr - addr;

		if (f->times == 0 || f->addr < addr || n >= len)
			continue;
		if (backwards)
			n = len - n - 1;
		if (n < most) {
			most = (uint32_t)n;
			*fault = f;
		}
	}
	return most;
}

static void
pattern_fill(uint8_t *to, uint64_t pattern, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		to[i] = (uint8_t)(pattern >> i % 8 * 8);
}

/* A difference within len bytes, or len. */
static uint32_t
difference(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len && a[i] == b[i]; i++)
		;
	return i;
}

/* Any chain of bytes will do for a checksum. */
static uint32_t
checksum(uint32_t seed, const uint8_t *at, uint32_t len)
{
	for (; len != 0; len--)
		seed = (seed ^ *at++) * 16777619u;
	return seed;
}

static void
work(const struct dsa_desc *d, uint32_t n, bool backwards, struct dsa_cr *cr)
{
	uint8_t *src = (uint8_t *)(uintptr_t)d->src, *dst = (uint8_t *)(uintptr_t)d->dst;
	uint32_t from = backwards ? d->size - n : 0;

	if (n == 0)
		return;
	switch (DSA_OPCODE(d)) {
	case DSA_OP_MOVE:
		memmove(dst + from, src + from, n);
		cr->result = backwards;
		break;
	case DSA_OP_FILL:
		pattern_fill(dst, d->pattern, n);
		break;
	case DSA_OP_COMPARE:
		cr->bytes_completed = difference(src, dst, n);
		cr->result = cr->bytes_completed != n;
		break;
	case DSA_OP_CRC:
		cr->crc = checksum((uint32_t)d->crc.seed, src, n);
		break;
	}
}

/* One descriptor, into `cr`. */
static void
run_one(const struct dsa_desc *d, struct dsa_cr *cr)
{
	bool backwards = DSA_OPCODE(d) == DSA_OP_MOVE && d->dst > d->src &&
			 d->dst - d->src < d->size;
	struct fake_fault *fault = NULL, *fault2 = NULL;
	uint32_t n = d->size, n2;
	bool write = false;

	*cr = (struct dsa_cr){.status = DSA_STATUS_SUCCESS};
	if (DSA_OPCODE(d) != DSA_OP_FILL)
		n = reach(d->src, d->size, backwards, &fault);
	if (DSA_OPCODE(d) != DSA_OP_CRC) {
		n2 = reach(d->dst, d->size, backwards, &fault2);
		if (n2 < n) {
			fault = fault2;
			n = n2;
			write = DSA_OPCODE(d) != DSA_OP_COMPARE;
		}
	}
	work(d, n, backwards, cr);
	fake.moved++;
	if (fault == NULL) {
		if (cr->result == 0)
			cr->bytes_completed = 0;
		return;
	}
	if (DSA_OPCODE(d) == DSA_OP_COMPARE && cr->result != 0)
		return;
	fault->times--;
	cr->status = fault->status != 0 ? fault->status
					: DSA_STATUS_PAGE_FAULT | (write ? DSA_STATUS_WRITE : 0);
	cr->bytes_completed = fault->status != 0 ? 0 : n;
	cr->fault_addr = fault->addr & ~UINT64_C(4095);
}

/* The record appears, its status last. */
static void
show(uint64_t at, const struct dsa_cr *cr)
{
	struct dsa_cr *to = (struct dsa_cr *)(uintptr_t)at;

	memcpy((uint8_t *)to + 1, (const uint8_t *)cr + 1, sizeof(*cr) - 1);
	__atomic_store_n(&to->status, cr->status, __ATOMIC_RELEASE);
}

static void
run_member(const struct dsa_desc *d, bool *failed)
{
	struct dsa_cr cr;

	run_one(d, &cr);
	*failed = *failed || cr.status != DSA_STATUS_SUCCESS;
	if (cr.status != DSA_STATUS_SUCCESS || (d->op_flags & DSA_FLAG_RCR))
		show(d->cr, &cr);
}

/* Between fences from the last to the first, so that nobody relies on their order. */
static uint32_t
run_members(const struct dsa_desc *list, uint32_t count, bool *failed)
{
	uint32_t first = 0, next, i;

	while (first < count) {
		if ((list[first].op_flags & DSA_FLAG_FENCE) && *failed)
			break;
		for (next = first + 1; next < count; next++)
			if (list[next].op_flags & DSA_FLAG_FENCE)
				break;
		for (i = next; i-- > first;)
			run_member(&list[i], failed);
		first = next;
	}
	return first;
}

static void
run_batch(const struct dsa_desc *line)
{
	const struct dsa_desc *list = (const struct dsa_desc *)(uintptr_t)line->list;
	struct dsa_cr cr = {.status = DSA_STATUS_SUCCESS};
	uint32_t count = line->count;
	bool failed = false;

	if (fake.batch_status != 0) {
		cr.status = fake.batch_status;
	} else {
		if (fake.list_fault != 0)
			count = RTE_MIN(count, fake.list_fault);
		cr.bytes_completed = run_members(list, count, &failed);
		if (failed)
			cr.status = DSA_STATUS_BATCH_FAILED;
		else if (fake.list_fault != 0)
			cr.status = DSA_STATUS_BATCH_FAULT;
	}
	show(line->cr, &cr);
}

void
fake_run(unsigned int n)
{
	struct dsa_desc line = fake.lines[n];
	struct dsa_cr cr;

	fake.nb_lines--;
	memmove(&fake.lines[n], &fake.lines[n + 1], (fake.nb_lines - n) * sizeof(line));
	if (DSA_OPCODE(&line) == DSA_OP_BATCH) {
		run_batch(&line);
		return;
	}
	run_one(&line, &cr);
	show(line.cr, &cr);
}

void
fake_run_all(void)
{
	while (fake.nb_lines != 0)
		fake_run(0);
}

void
fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.dev.ops = &ops;
	fake_logged = 0;
	fake_wq = (struct dsa_wq){
		.how = DSA_WQ_POST,
		.bar = {.dev = &fake.dev, .index = 2},
		.fd = -1,
		.access = (struct access_dev *)&fake,
		.dedicated = true,
		.size = 16,
		.threshold = 8,
		.max_batch = 1024,
		.max_transfer = UINT64_C(1) << 31,
		.gencap = 1 << 2,
		.opcap = {UINT64_C(0x1003f03ff)},
		.enabled = enabled,
	};
	fake_config = (struct dsa_vchan_config){
		.name = "fake",
		.wq = &fake_wq,
		.nb_desc = 64,
		.retries = 4,
		.batch = 32,
		.numa_node = SOCKET_ID_ANY,
	};
}

struct dsa_vchan *
fake_start(void)
{
	memset(&fake_dsa, 0, sizeof(fake_dsa));
	fake_dsa.dev = &dma_dev;
	fake_dsa.nb_wqs = 1;
	fake_dsa.wqs[0] = fake_wq;
	dma_dev.fp_obj = &fp;
	rte_dma_fp_objs = &fp;
	if (dsa_vchan_setup(&fake_config, &fake_dsa.vchans[0]) < 0 ||
	    dsa_vchan_start(fake_dsa.vchans[0]) < 0)
		return NULL;
	dsa_fast_install(&fake_dsa);
	return fake_dsa.vchans[0];
}

void
fake_end(void)
{
	dsa_fast_suspend(&fake_dsa);
	dsa_vchan_release(fake_dsa.vchans[0]);
}
