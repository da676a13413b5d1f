/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_fuzz_host.h"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

static struct fuzz_host *
host_of(struct bus_host *bus)
{
	return (struct fuzz_host *)bus;
}

/* ---- What the card asks for ---- */

/* Bytes from there on that are in pages that are there, of `len`. */
static size_t
present(const struct fuzz_host *h, uint64_t iova, size_t len)
{
	uint64_t at = iova - TEST_HOST_IOVA;
	size_t n = 0;

	if (at >= FUZZ_ARENA_BYTES)
		return 0;
	while (n < len && at + n < FUZZ_ARENA_BYTES && !(h->absent >> (at + n) / FUZZ_PAGE & 1))
		n += FUZZ_PAGE - (at + n) % FUZZ_PAGE;
	return n < len ? n : len;
}

static void *
host_map(struct bus_host *bus, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	struct fuzz_host *h = host_of(bus);
	size_t there = present(h, iova, *len);

	h->trespassed |= h->closed;
	*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
	if (there == 0)
		return NULL;
	*len = there;
	return test_host_map(bus, pasid, iova, len, prot, fault);
}

static int
host_dma(struct bus_host *bus, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct fuzz_host *h = host_of(bus);

	h->trespassed |= h->closed;
	if (present(h, iova, len) < len)
		return -EFAULT;
	return test_host_dma(bus, pasid, iova, bytes, len, write);
}

static void
host_irq(struct bus_host *bus, unsigned int vector)
{
	struct fuzz_host *h = host_of(bus);

	/* A line that is not messages needs no mastership. */
	if (vector >= MIC_VECTORS)
		h->trespassed = true;
	else
		h->rig.irqs[vector]++;
}

/* ---- Life ---- */

/* Card memory: the same for all inputs, as zeroes each time, with pages around it that may not be
 * touched. Making it anew would take most of the time there is.
 */
static uint8_t *
gddr_fresh(void)
{
	static uint8_t *gddr;
	uint8_t *p;

	if (gddr == NULL) {
		p = mmap(NULL, RIG_GDDR_BYTES + 2 * FUZZ_PAGE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED ||
		    mprotect(p + FUZZ_PAGE, RIG_GDDR_BYTES, PROT_READ | PROT_WRITE) < 0)
			return NULL;
		gddr = p + FUZZ_PAGE;
	}
	if (madvise(gddr, RIG_GDDR_BYTES, MADV_DONTNEED) < 0)
		return NULL;
	return gddr;
}

static void
page_is(struct fuzz_host *h, unsigned int page, bool absent)
{
	void *p = h->rig.host.memory + (size_t)page * FUZZ_PAGE;

	if (absent)
		ASAN_POISON_MEMORY_REGION(p, FUZZ_PAGE);
	else
		ASAN_UNPOISON_MEMORY_REGION(p, FUZZ_PAGE);
}

void
fuzz_host_pages(struct fuzz_host *h, uint64_t absent)
{
	h->absent = absent;
	h->rig.dev->ops->remap(h->rig.dev);
	for (unsigned int page = 0; page < FUZZ_ARENA_PAGES; page++)
		page_is(h, page, absent >> page & 1);
}

int
fuzz_host_open(struct fuzz_host *h, const struct mic_model_config *config,
	       enum test_host_map policy)
{
	struct mic_model_config c = *config;
	int ret;

	c.gddr = gddr_fresh();
	if (c.gddr == NULL)
		return -ENOMEM;
	ret = rig_open_sized(&h->rig, &c, FUZZ_ARENA_BYTES);
	if (ret < 0)
		return ret;
	h->absent = 0;
	h->closed = h->trespassed = false;
	h->ops = *h->rig.host.host.ops;
	h->ops.map = host_map;
	h->ops.dma = host_dma;
	h->ops.irq = host_irq;
	h->rig.host.host.ops = &h->ops;
	h->rig.host.policy = policy;
	return 0;
}

void
fuzz_host_close(struct fuzz_host *h)
{
	fuzz_host_pages(h, 0);
	(void)rig_close(&h->rig);
}
