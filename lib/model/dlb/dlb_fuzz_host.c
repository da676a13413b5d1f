/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Memory that the host has not given out is poisoned, so that the address sanitizer sees a device
 * that touches it; without the sanitizer this host watches less.
 */
#include "dlb_fuzz_host.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>

#define PIECE   256u
#define VECTORS 65u

void
fuzz_broken(const char *rule)
{
	fprintf(stderr, "dlb_fuzz: %s\n", rule);
	abort();
}

struct fuzz_host_state fuzz_host;

/* The memory at an address, and how much there is of it in one window. */
static unsigned char *
host_find(uint64_t iova, size_t *rest)
{
	uint64_t off = iova - TEST_HOST_IOVA;

	if (iova < TEST_HOST_IOVA || off >= FUZZ_HOST_WINDOWS * (uint64_t)RIG_RING_BYTES ||
	    fuzz_host.gone[off / RIG_RING_BYTES])
		return NULL;
	*rest = RIG_RING_BYTES - (size_t)(off % RIG_RING_BYTES);
	return fuzz_host.memory + off;
}

void
fuzz_host_give(unsigned char *at, size_t len)
{
	ASAN_UNPOISON_MEMORY_REGION(at, len);
	fuzz_host.range[fuzz_host.ranges++] = (struct fuzz_range){at, len};
}

static void *
host_map(struct bus_host *bus, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	size_t rest = 0, piece = PIECE - (size_t)(iova % PIECE);
	unsigned char *at = host_find(iova, &rest);

	(void)bus;
	if (at == NULL || (fuzz_host.refuses & FUZZ_HOST_NO_MAP) ||
	    fuzz_host.ranges == FUZZ_HOST_RANGES) {
		*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
		return NULL;
	}
	if (*len > rest)
		*len = rest;
	if ((fuzz_host.refuses & FUZZ_HOST_PIECES) && *len > piece)
		*len = piece;
	fuzz_host_give(at, *len);
	return at;
}

/* Copies to and from memory that the device has no pointer to, so that it is poisoned. */
__attribute__((no_sanitize("address"))) static void
host_copy(volatile unsigned char *to, const volatile unsigned char *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = from[i];
}

static int
host_dma(struct bus_host *bus, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	size_t rest = 0;
	unsigned char *at = host_find(iova, &rest);

	(void)bus;
	(void)pasid;
	if (!fuzz_host.master)
		fuzz_broken("memory reached without bus master");
	if (at == NULL || len > rest || (fuzz_host.refuses & FUZZ_HOST_NO_DMA))
		return -EFAULT;
	if (write)
		host_copy(at, bytes, len);
	else
		host_copy(bytes, at, len);
	return 0;
}

static int
host_page_request(struct bus_host *bus, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	(void)bus;
	(void)pasid;
	(void)iova;
	(void)prot;
	return -EFAULT;
}

static void
host_irq(struct bus_host *bus, unsigned int vector)
{
	(void)bus;
	if (vector >= VECTORS)
		fuzz_broken("an interrupt vector that the device does not have");
	if (!fuzz_host.master)
		fuzz_broken("an interrupt without bus master");
}

/* What was given before is poisoned, unless it was given anew. */
void
fuzz_host_remap(struct bus_device *dev)
{
	static struct fuzz_range before[FUZZ_HOST_RANGES];
	unsigned int n = fuzz_host.ranges;

	memcpy(before, fuzz_host.range, n * sizeof(before[0]));
	fuzz_host.ranges = 0;
	dev->ops->remap(dev);
	for (unsigned int i = 0; i < n; i++)
		ASAN_POISON_MEMORY_REGION(before[i].at, before[i].len);
	for (unsigned int i = 0; i < fuzz_host.ranges; i++)
		ASAN_UNPOISON_MEMORY_REGION(fuzz_host.range[i].at, fuzz_host.range[i].len);
}

void
fuzz_host_plug(struct rig *r)
{
	static const struct bus_host_ops ops = {
		.map = host_map,
		.dma = host_dma,
		.page_request = host_page_request,
		.irq = host_irq,
	};

	r->host.host.ops = &ops;
	ASAN_POISON_MEMORY_REGION(r->host.memory, FUZZ_HOST_WINDOWS * (size_t)RIG_RING_BYTES);
}

void
fuzz_host_obliging(struct rig *r)
{
	memset(fuzz_host.gone, 0, sizeof(fuzz_host.gone));
	fuzz_host.refuses = 0;
	fuzz_host.memory = r->host.memory;
}
