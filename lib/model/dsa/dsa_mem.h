/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_MEM_H
#define SLIPWAY_DSA_MEM_H

/**
 * @file
 * Host memory as one engine sees it: addresses are looked up through the host, kept in a small
 * cache (the device's ATC) until the host changes its map, and read or written page by page through
 * a bounce buffer where the host has no pointer to give. Faults are asked for (page request) where
 * the descriptor blocks on them. One thread at a time: the one that has the engine.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus.h"

/** A piece of host memory at hand. */
struct dsa_window {
	uint8_t *p;
	size_t len;    /**< bytes at hand, at least 1; never more than asked for */
	bool bounced;  /**< `p` is a buffer: dsa_mem_put makes writes real */
	uint64_t iova;
	unsigned int slot; /**< of the buffers; dsa_mem.c's own */
};

/** Windows that may be open at once: two sources, two destinations, and one more. */
#define DSA_MEM_WINDOWS 5

/** Ranges the cache holds: enough for every operand of the work an engine goes back and forth in. */
#define DSA_MEM_RANGES 32
/** Where to look first, by bits 26:21 of the address: ranges are mostly far larger than 2 MB. */
#define DSA_MEM_HINTS 64
#define DSA_MEM_HINT_SHIFT 21

/** What the host has in one piece. */
struct dsa_range {
	uint64_t iova;
	uint64_t len; /**< 0: nothing */
	uint8_t *p;
	uint32_t pasid;
	uint32_t prot;
};

/** What is done about addresses, as the performance monitor's category 2 tells it. */
struct dsa_mem_counts {
	_Atomic uint64_t found[2], missing[2]; /**< translations, [1] with a PASID */
	_Atomic uint64_t pages_given, pages_refused;
};

/** An engine's view. The hot members are read by the inline functions below, and by nobody else. */
struct dsa_mem {
	uint32_t pasid;
	bool block_on_fault, blind;
	uint8_t next;   /**< the range that is given up next */
	uint8_t opened; /**< bit per bounce buffer in use */
	uint8_t hint[DSA_MEM_HINTS];
	struct dsa_range range[DSA_MEM_RANGES];
	/* Cold. */
	struct bus_host *host;
	uint64_t fault; /**< address of the last fault */
	struct dsa_mem_counts counts;
	uint8_t *bounce;
};

/** As dsa_mem_get, for what is not where the hint says. */
uint8_t dsa_mem_get_slow(struct dsa_mem *mem, uint64_t iova, size_t want, enum bus_prot prot,
			 struct dsa_window *w);
/** As dsa_mem_put, for a buffer. */
uint8_t dsa_mem_put_slow(struct dsa_mem *mem, struct dsa_window *w, size_t written);

/** The hint for an address. Reading and writing have hints apart, as hosts may answer apart. */
static inline unsigned int
dsa_mem_hint(uint64_t iova, enum bus_prot prot)
{
	return ((unsigned int)(iova >> DSA_MEM_HINT_SHIFT) + (unsigned int)prot * 21) %
	       DSA_MEM_HINTS;
}

/** Does a range have that address for that use? */
static inline bool
dsa_mem_hit(const struct dsa_mem *mem, const struct dsa_range *r, uint64_t iova, enum bus_prot prot)
{
	return iova - r->iova < r->len && r->pasid == mem->pasid && (r->prot & prot) == prot;
}

/**
 * Get as much as lies in one piece from `iova` on, up to `want` (at least 1 byte).
 *
 * @param prot BUS_PROT_READ: filled with what lies there. BUS_PROT_WRITE: to be written, wholly up
 *             to the len given to dsa_mem_put. Both: read, and to be written.
 * @return 0; or DSA_STATUS_PAGE_FAULT, DSA_STATUS_PAGE_REQUEST_FAILED, DSA_STATUS_READ_ERROR when
 *         not even the first byte can be had
 */
static inline uint8_t
dsa_mem_get(struct dsa_mem *mem, uint64_t iova, size_t want, enum bus_prot prot,
	    struct dsa_window *w)
{
	const struct dsa_range *r = &mem->range[mem->hint[dsa_mem_hint(iova, prot)]];
	uint64_t rest;

	if (!dsa_mem_hit(mem, r, iova, prot))
		return dsa_mem_get_slow(mem, iova, want, prot, w);
	rest = r->len - (iova - r->iova);
	w->p = r->p + (iova - r->iova);
	w->len = want < rest ? want : (size_t)rest;
	w->bounced = false;
	w->iova = iova;
	return 0;
}

/** Done with a window: its first `written` bytes were written. 0, or a status as dsa_mem_get. */
static inline uint8_t
dsa_mem_put(struct dsa_mem *mem, struct dsa_window *w, size_t written)
{
	return w->bounced ? dsa_mem_put_slow(mem, w, written) : 0;
}

/** All of that at once, where a range that is known has it by pointer; else NULL. */
static inline uint8_t *
dsa_mem_whole(const struct dsa_mem *mem, uint64_t iova, size_t len, enum bus_prot prot)
{
	const struct dsa_range *r = &mem->range[mem->hint[dsa_mem_hint(iova, prot)]];

	if (!dsa_mem_hit(mem, r, iova, prot) || r->len - (iova - r->iova) < len)
		return NULL;
	return r->p + (iova - r->iova);
}

/** The range that an address is in, if that is known already; else one that is empty. */
static inline const struct dsa_range *
dsa_mem_known(const struct dsa_mem *mem, uint64_t iova, enum bus_prot prot)
{
	static const struct dsa_range nothing;
	const struct dsa_range *r = &mem->range[mem->hint[dsa_mem_hint(iova, prot)]];

	return dsa_mem_hit(mem, r, iova, prot) ? r : &nothing;
}

/** Does all of that lie in a range? Of the empty one nothing does. */
static inline bool
dsa_mem_within(const struct dsa_range *r, uint64_t iova, size_t len)
{
	uint64_t at = iova - r->iova;

	return at <= r->len && len <= r->len - at;
}

/** Something there will be wanted soon. Asks nobody. */
static inline void
dsa_mem_prefetch(const struct dsa_range *r, uint64_t iova)
{
	if (iova - r->iova < r->len)
		__builtin_prefetch(r->p + (iova - r->iova));
}

/* ---- For the engine ---- */

/**
 * Whose addresses these are, and whether faults are waited for, until the next call. Blind: nobody
 * translates for the device, so it sees no faults. What is read fails with DSA_STATUS_READ_ERROR,
 * what is written is lost.
 */
static inline void
dsa_mem_begin(struct dsa_mem *mem, uint32_t pasid, bool block_on_fault, bool blind)
{
	mem->pasid = pasid;
	mem->block_on_fault = block_on_fault;
	mem->blind = blind;
}

/** NULL: no memory. */
struct dsa_mem *dsa_mem_create(struct bus_host *host);
void dsa_mem_destroy(struct dsa_mem *mem);
/** The host has changed its map: forget every pointer. */
void dsa_mem_forget(struct dsa_mem *mem);

#endif /* SLIPWAY_DSA_MEM_H */
