/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "dsa_desc.h"

/* What is not at hand by pointer is had by pages of the smallest size there is. */
#define PAGE UINT64_C(4096)
/* A host says what it has in one piece: asked for more than any descriptor reaches, once. */
#define MAP_WANT (UINT64_C(1) << 36)
/* A page that was given may be taken away again before it is used, but not for ever. */
#define PAGE_REQUESTS 4

static uint64_t
page_rest(uint64_t iova)
{
	return PAGE - iova % PAGE;
}

/* One writer: whoever has the engine. */
static void
count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

/* ---- The cache ---- */

static struct dsa_range *
range_known(struct dsa_mem *mem, uint64_t iova, enum bus_prot prot)
{
	for (unsigned int i = 0; i < DSA_MEM_RANGES; i++)
		if (dsa_mem_hit(mem, &mem->range[i], iova, prot))
			return &mem->range[i];
	return NULL;
}

/* From the start of the page on, so that the bytes before it are found too. */
static struct dsa_range *
range_ask(struct dsa_mem *mem, uint64_t iova, enum bus_prot prot)
{
	uint64_t page = iova & ~(PAGE - 1);
	size_t len = -page - 1 < MAP_WANT ? (size_t)-page : (size_t)MAP_WANT;
	struct dsa_range *r = &mem->range[mem->next];
	struct bus_fault fault;
	uint8_t *p = NULL;

	if (mem->host->ops->map != NULL)
		p = mem->host->ops->map(mem->host, mem->pasid, page, &len, prot, &fault);
	if (p == NULL || len <= iova - page)
		return NULL;
	*r = (struct dsa_range){
		.iova = page, .len = len, .p = p, .pasid = mem->pasid, .prot = prot};
	mem->next = (mem->next + 1) % DSA_MEM_RANGES;
	return r;
}

static bool
get_pointer(struct dsa_mem *mem, uint64_t iova, size_t want, enum bus_prot prot,
	    struct dsa_window *w)
{
	struct dsa_range *r = range_known(mem, iova, prot);
	uint64_t rest;

	if (r == NULL)
		r = range_ask(mem, iova, prot);
	if (r == NULL)
		return false;
	mem->hint[dsa_mem_hint(iova, prot)] = (uint8_t)(r - mem->range);
	rest = r->len - (iova - r->iova);
	*w = (struct dsa_window){
		.p = r->p + (iova - r->iova),
		.len = want < rest ? want : (size_t)rest,
		.iova = iova,
	};
	return true;
}

/* ---- Bounce buffers ---- */

/* Where nothing but a copy can be had. A page that is only written shows a fault when it is put. */
static bool
get_bounced(struct dsa_mem *mem, uint64_t iova, size_t want, enum bus_prot prot,
	    struct dsa_window *w)
{
	unsigned int slot = 0;
	uint8_t *p;

	while (slot < DSA_MEM_WINDOWS - 1 && (mem->opened >> slot & 1))
		slot++;
	p = mem->bounce + slot * PAGE;
	if (want > page_rest(iova))
		want = (size_t)page_rest(iova);
	if (mem->host->ops->dma == NULL ||
	    ((prot & BUS_PROT_READ) && mem->host->ops->dma(mem->host, mem->pasid, iova, p, want,
							    false) < 0))
		return false;
	mem->opened |= (uint8_t)(1u << slot);
	*w = (struct dsa_window){.p = p, .len = want, .bounced = true, .iova = iova, .slot = slot};
	return true;
}

/* ---- Faults ---- */

/* Ask for the page of an address that could not be had: may it be tried again? */
static bool
ask_page(struct dsa_mem *mem, uint64_t iova, enum bus_prot prot)
{
	bool given = mem->host->ops->page_request != NULL &&
		     mem->host->ops->page_request(mem->host, mem->pasid, iova & ~(PAGE - 1),
						  prot) == 0;

	count(given ? &mem->counts.pages_given : &mem->counts.pages_refused);
	return given;
}

static uint8_t
fault_status(struct dsa_mem *mem, uint64_t iova)
{
	mem->fault = iova;
	if (mem->blind)
		return DSA_STATUS_READ_ERROR;
	return mem->block_on_fault ? DSA_STATUS_PAGE_REQUEST_FAILED : DSA_STATUS_PAGE_FAULT;
}

uint8_t
dsa_mem_get_slow(struct dsa_mem *mem, uint64_t iova, size_t want, enum bus_prot prot,
		 struct dsa_window *w)
{
	unsigned int kind = mem->pasid != BUS_NO_PASID, tries = 0;

	do {
		if (get_pointer(mem, iova, want, prot, w) ||
		    get_bounced(mem, iova, want, prot, w)) {
			count(&mem->counts.found[kind]);
			return 0;
		}
		count(&mem->counts.missing[kind]);
	} while (mem->block_on_fault && tries++ < PAGE_REQUESTS && ask_page(mem, iova, prot));
	return fault_status(mem, iova);
}

uint8_t
dsa_mem_put_slow(struct dsa_mem *mem, struct dsa_window *w, size_t written)
{
	unsigned int tries = 0;

	mem->opened &= (uint8_t)~(1u << w->slot);
	while (written > 0 && mem->host->ops->dma(mem->host, mem->pasid, w->iova, w->p, written,
						  true) < 0)
		if (!mem->block_on_fault || tries++ == PAGE_REQUESTS ||
		    !ask_page(mem, w->iova, BUS_PROT_WRITE))
			return mem->blind ? 0 : fault_status(mem, w->iova);
	return 0;
}

/* ---- For the engine ---- */

struct dsa_mem *
dsa_mem_create(struct bus_host *host)
{
	struct dsa_mem *mem = calloc(1, sizeof(*mem));

	if (mem == NULL)
		return NULL;
	mem->host = host;
	mem->pasid = BUS_NO_PASID;
	mem->bounce = malloc(DSA_MEM_WINDOWS * PAGE);
	if (mem->bounce == NULL) {
		free(mem);
		return NULL;
	}
	return mem;
}

void
dsa_mem_destroy(struct dsa_mem *mem)
{
	if (mem == NULL)
		return;
	free(mem->bounce);
	free(mem);
}

void
dsa_mem_forget(struct dsa_mem *mem)
{
	memset(mem->range, 0, sizeof(mem->range));
}
