/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_fuzz_host.h"

#include <sanitizer/asan_interface.h>

#define PAGE         4096u
#define FIXED_BYTE   0x5a
#define LISTS_BYTES  (FUZZ_MEMBERS * sizeof(struct dsa_desc))
#define RECORD_BYTES (FUZZ_TRACKS * DSA_CR_BYTES)

static struct fuzz_host *
host_of(struct bus_host *bus)
{
	return (struct fuzz_host *)bus;
}

/* ---- Where an address leads ---- */

static bool
is_in(uint64_t iova, size_t len, uint64_t base, size_t bytes)
{
	return iova - base < bytes && len <= bytes - (iova - base);
}

/* Bytes from there on that are in pages that are there, of `len`. */
static size_t
present(const struct fuzz_host *h, uint64_t iova, size_t len)
{
	size_t at = (size_t)(iova - TEST_HOST_IOVA), n = 0;

	if (iova - TEST_HOST_IOVA >= FUZZ_ARENA_BYTES)
		return 0;
	while (n < len && at + n < FUZZ_ARENA_BYTES && !(h->absent >> (at + n) / PAGE & 1))
		n += PAGE - (at + n) % PAGE;
	return n < len ? n : len;
}

/* What may be read through a pointer only. */
static void *
read_only(struct fuzz_host *h, uint64_t iova, size_t *len)
{
	size_t bytes = FUZZ_FIXED_BYTES;
	uint64_t base = FUZZ_FIXED;
	unsigned char *p = h->fixed;

	if (iova - FUZZ_LISTS < LISTS_BYTES) {
		bytes = LISTS_BYTES;
		base = FUZZ_LISTS;
		p = (unsigned char *)h->lists;
	}
	if (iova - base >= bytes)
		return NULL;
	if (*len > bytes - (iova - base))
		*len = (size_t)(bytes - (iova - base));
	return p + (iova - base);
}

/* ---- What the device asks for ---- */

static void *
host_map(struct bus_host *bus, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	struct fuzz_host *h = host_of(bus);
	size_t there = present(h, iova, *len);

	*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
	if (h->rig.host.policy == TEST_HOST_REFUSE)
		return NULL;
	if (there == 0)
		return prot == BUS_PROT_READ ? read_only(h, iova, len) : NULL;
	*len = there;
	return test_host_map(bus, pasid, iova, len, prot, fault);
}

/* A record comes as all but its status, then its status. */
static int
record_write(struct fuzz_host *h, uint64_t iova, const unsigned char *bytes, size_t len)
{
	size_t at = (size_t)(iova - FUZZ_RECORDS);
	struct fuzz_track *t = &h->track[at / DSA_CR_BYTES];

	if (at % DSA_CR_BYTES == 1 && len == DSA_CR_BYTES - 1)
		return 0;
	if (at % DSA_CR_BYTES != 0 || len != 1) {
		h->odd_record = true;
		return 0;
	}
	t->told += t->told < UINT8_MAX;
	t->status = bytes[0];
	return 0;
}

static int
host_dma(struct bus_host *bus, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct fuzz_host *h = host_of(bus);
	size_t n = len;
	void *p;

	if (write && is_in(iova, len, FUZZ_RECORDS, RECORD_BYTES))
		return record_write(h, iova, bytes, len);
	if (present(h, iova, len) == len)
		return test_host_dma(bus, pasid, iova, bytes, len, write);
	p = write ? NULL : read_only(h, iova, &n);
	if (p == NULL || n < len)
		return -EFAULT;
	memcpy(bytes, p, len);
	return 0;
}

static void
page_is(struct fuzz_host *h, unsigned int page, bool absent)
{
	void *p = h->rig.host.memory + (size_t)page * PAGE;

	if (absent)
		ASAN_POISON_MEMORY_REGION(p, PAGE);
	else
		ASAN_UNPOISON_MEMORY_REGION(p, PAGE);
	h->absent = (h->absent & ~(UINT64_C(1) << page)) | (uint64_t)absent << page;
}

static int
host_page_request(struct bus_host *bus, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	struct fuzz_host *h = host_of(bus);

	(void)pasid;
	(void)prot;
	if (!h->gives_pages || iova - TEST_HOST_IOVA >= FUZZ_ARENA_BYTES)
		return -EFAULT;
	page_is(h, (unsigned int)((iova - TEST_HOST_IOVA) / PAGE), false);
	return 0;
}

/* ---- Life ---- */

int
fuzz_host_open(struct fuzz_host *h, const struct dsa_model_config *config,
	       enum test_host_map policy)
{
	int ret;

	memset(h, 0, sizeof(*h));
	h->fixed = malloc(FUZZ_FIXED_BYTES);
	h->lists = calloc(FUZZ_MEMBERS, sizeof(*h->lists));
	ret = h->fixed == NULL || h->lists == NULL
		      ? -ENOMEM
		      : rig_open_sized(&h->rig, config, FUZZ_ARENA_BYTES);
	if (ret < 0) {
		free(h->fixed);
		free(h->lists);
		return ret;
	}
	memset(h->fixed, FIXED_BYTE, FUZZ_FIXED_BYTES);
	h->rig.host.policy = policy;
	h->rig.ops.map = host_map;
	h->rig.ops.dma = host_dma;
	h->rig.ops.page_request = host_page_request;
	return 0;
}

void
fuzz_host_close(struct fuzz_host *h)
{
	ASAN_UNPOISON_MEMORY_REGION(h->rig.host.memory, FUZZ_ARENA_BYTES);
	(void)rig_close(&h->rig);
	free(h->fixed);
	free(h->lists);
}

void
fuzz_host_pages(struct fuzz_host *h, uint64_t absent)
{
	uint64_t before = h->absent;

	/* Refused from now on, but there until the device has let go of it. */
	h->absent = absent & ((UINT64_C(1) << FUZZ_ARENA_PAGES) - 1);
	h->rig.dev->ops->remap(h->rig.dev);
	for (unsigned int page = 0; page < FUZZ_ARENA_PAGES; page++)
		if ((before ^ h->absent) >> page & 1)
			page_is(h, page, h->absent >> page & 1);
}

bool
fuzz_host_fixed_ok(const struct fuzz_host *h)
{
	for (unsigned int i = 0; i < FUZZ_FIXED_BYTES; i++)
		if (h->fixed[i] != FIXED_BYTE)
			return false;
	return true;
}

/* ---- Tracks ---- */

/* Operations go on upwards from their addresses by some GB at most. */
uint64_t
fuzz_host_address(uint64_t raw)
{
	uint64_t top = raw + (UINT64_C(1) << 40);

	return top >> 48 == FUZZ_LISTS >> 48 || top >> 48 == FUZZ_RECORDS >> 48 ? 0 : raw;
}

unsigned int
fuzz_host_track(struct fuzz_host *h)
{
	if (h->tracks == FUZZ_TRACKS)
		return FUZZ_TRACKS;
	return h->tracks++;
}

uint64_t
fuzz_host_record(unsigned int track)
{
	return FUZZ_RECORDS + (uint64_t)track * DSA_CR_BYTES;
}
