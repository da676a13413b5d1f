/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TEST_HOST_H
#define SLIPWAY_TEST_HOST_H

/**
 * @file
 * A flat array of memory posing as a host, for tests of device models.
 */

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"

/** First bus address of the array: above 4 GB, so that upper halves of addresses count. */
#define TEST_HOST_IOVA UINT64_C(0x123450000)
/** Bytes per piece of TEST_HOST_PIECES. */
#define TEST_HOST_PIECE 256u

/** How the host answers a wish for a pointer. */
enum test_host_map {
	TEST_HOST_WHOLE,  /**< with all of what is asked for */
	TEST_HOST_REFUSE, /**< never: devices have to use dma */
	TEST_HOST_PIECES, /**< with no more than a piece of TEST_HOST_PIECE bytes */
};

/** The host. */
struct test_host {
	struct bus_host host;
	enum test_host_map policy;
	unsigned char *memory;
	size_t size;
	_Atomic uint64_t maps;   /**< pointers given out */
	_Atomic uint64_t dmas;   /**< copies made */
	_Atomic uint64_t faults; /**< addresses there is no memory for */
	_Atomic uint64_t irqs;
};

static inline void *
test_host_map(struct bus_host *bus, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	      struct bus_fault *fault)
{
	struct test_host *h = (struct test_host *)bus;
	size_t rest, piece;

	if (h->policy == TEST_HOST_REFUSE || iova < TEST_HOST_IOVA ||
	    iova - TEST_HOST_IOVA >= h->size) {
		*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
		return NULL;
	}
	rest = h->size - (size_t)(iova - TEST_HOST_IOVA);
	if (*len > rest)
		*len = rest;
	piece = TEST_HOST_PIECE - (size_t)(iova % TEST_HOST_PIECE);
	if (h->policy == TEST_HOST_PIECES && *len > piece)
		*len = piece;
	atomic_fetch_add(&h->maps, 1);
	return h->memory + (iova - TEST_HOST_IOVA);
}

/* Copy in 64-bit words where they are aligned, the last one last: what a reader may rely on. */
static inline void
test_host_store(unsigned char *to, const unsigned char *from, size_t len)
{
	uint64_t word;

	for (; len >= 8 && (uintptr_t)to % 8 == 0; to += 8, from += 8, len -= 8) {
		memcpy(&word, from, 8);
		atomic_store_explicit((_Atomic uint64_t *)(void *)to, word, memory_order_release);
	}
	memcpy(to, from, len);
}

static inline int
test_host_dma(struct bus_host *bus, uint32_t pasid, uint64_t iova, void *bytes, size_t len,
	      bool write)
{
	struct test_host *h = (struct test_host *)bus;

	(void)pasid;
	if (iova < TEST_HOST_IOVA || iova - TEST_HOST_IOVA > h->size ||
	    len > h->size - (iova - TEST_HOST_IOVA)) {
		atomic_fetch_add(&h->faults, 1);
		return -EFAULT;
	}
	atomic_fetch_add(&h->dmas, 1);
	if (write)
		test_host_store(h->memory + (iova - TEST_HOST_IOVA), bytes, len);
	else
		memcpy(bytes, h->memory + (iova - TEST_HOST_IOVA), len);
	return 0;
}

static inline int
test_host_page_request(struct bus_host *bus, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	(void)bus;
	(void)pasid;
	(void)iova;
	(void)prot;
	return -EFAULT;
}

static inline void
test_host_irq(struct bus_host *bus, unsigned int vector)
{
	(void)vector;
	atomic_fetch_add(&((struct test_host *)bus)->irqs, 1);
}

/**
 * Make a host with `size` bytes of zeroed memory at TEST_HOST_IOVA.
 *
 * @return 0 or -ENOMEM
 */
static inline int
test_host_create(struct test_host *h, size_t size, enum test_host_map policy)
{
	static const struct bus_host_ops ops = {
		.map = test_host_map,
		.dma = test_host_dma,
		.page_request = test_host_page_request,
		.irq = test_host_irq,
	};

	memset(h, 0, sizeof(*h));
	h->host.ops = &ops;
	h->policy = policy;
	h->size = size;
	h->memory = aligned_alloc(4096, size);
	if (h->memory == NULL)
		return -ENOMEM;
	memset(h->memory, 0, size);
	return 0;
}

/** Free the memory. */
static inline void
test_host_destroy(struct test_host *h)
{
	free(h->memory);
	h->memory = NULL;
}

#endif /* SLIPWAY_TEST_HOST_H */
