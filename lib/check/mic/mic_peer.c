/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The host's side of the bus, and plugging in.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>

#include "mic_peer.h"

/* ---- The host ---- */

static struct peer_region *
region_of(struct peer *p, uint64_t iova)
{
	for (unsigned int i = 0; i < p->regions; i++)
		if (iova >= p->region[i].iova && iova - p->region[i].iova < p->region[i].size)
			return &p->region[i];
	return NULL;
}

static void *
host_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	struct peer *p = (struct peer *)host;
	struct peer_region *r = region_of(p, iova);
	size_t rest;

	if (r == NULL || p->refuse_map) {
		*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
		p->wild += r == NULL;
		return NULL;
	}
	p->accesses++;
	rest = r->size - (size_t)(iova - r->iova);
	if (p->piece != 0 && rest > p->piece - iova % p->piece)
		rest = p->piece - (size_t)(iova % p->piece);
	if (*len > rest)
		*len = rest;
	return r->memory + (iova - r->iova);
}

static int
host_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct peer *p = (struct peer *)host;
	struct peer_region *r = region_of(p, iova);

	(void)pasid;
	if (r == NULL || len > r->size - (iova - r->iova)) {
		p->wild++;
		return -EFAULT;
	}
	p->accesses++;
	if (write)
		memcpy(r->memory + (iova - r->iova), bytes, len);
	else
		memcpy(bytes, r->memory + (iova - r->iova), len);
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
	struct peer *p = (struct peer *)host;

	if (vector < PEER_VECTORS)
		p->irqs[vector]++;
	else
		p->wild_irqs++;
}

unsigned char *
peer_memory(struct peer *p, uint64_t iova, size_t size)
{
	struct peer_region *r = &p->region[p->regions];

	assert_true(p->regions < PEER_REGIONS);
	*r = (struct peer_region){.iova = iova, .size = size};
	/* Page by page, so that a step too far is seen by the sanitizer as soon as may be. */
	r->memory = aligned_alloc(4096, size);
	assert_non_null(r->memory);
	memset(r->memory, 0, size);
	p->regions++;
	return r->memory;
}

unsigned char *
peer_at(struct peer *p, uint64_t iova)
{
	struct peer_region *r = region_of(p, iova);

	assert_non_null(r);
	return r->memory + (iova - r->iova);
}

/* ---- Accesses ---- */

uint32_t
rd(struct peer *p, uint32_t bar4_off)
{
	return (uint32_t)p->dev->ops->read(p->dev, 4, bar4_off, 4);
}

void
wr(struct peer *p, uint32_t bar4_off, uint32_t value)
{
	p->dev->ops->write(p->dev, 4, bar4_off, value, 4);
}

uint32_t
cfg(struct peer *p, uint16_t off, unsigned int size)
{
	unsigned char bytes[4] = {0};

	assert_int_equal(p->dev->ops->config(p->dev, off, bytes, size, false), 0);
	return get32(bytes);
}

void
cfg_wr(struct peer *p, uint16_t off, unsigned int size, uint32_t value)
{
	unsigned char bytes[4];

	put32(bytes, value);
	assert_int_equal(p->dev->ops->config(p->dev, off, bytes, size, true), 0);
}

/* A device that is busy, or polls, is called again soon, and ever later: time goes on. */
void
peer_pass(struct peer *p, uint64_t ns)
{
	uint64_t end = p->now + ns, skip = 1000, next;

	for (;;) {
		next = p->dev->ops->step(p->dev, p->now);
		if (p->now >= end)
			return;
		if (next <= p->now) {
			next = p->now + skip;
			skip = skip < MS ? skip * 2 : skip;
		}
		p->now = next < end ? next : end;
	}
}

void
put32(unsigned char *to, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		to[i] = (unsigned char)(value >> 8 * i);
}

uint32_t
get32(const unsigned char *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
	       (uint32_t)from[3] << 24;
}

void
put64(unsigned char *to, uint64_t value)
{
	put32(to, (uint32_t)value);
	put32(to + 4, (uint32_t)(value >> 32));
}

uint64_t
get64(const unsigned char *from)
{
	return get32(from) | (uint64_t)get32(from + 4) << 32;
}

/* ---- Plugging in ---- */

static void
console(void *arg, const char *line)
{
	struct peer *p = arg;
	size_t len = strlen(line);

	if (len + 2 > sizeof(p->console) - p->console_len)
		return;
	memcpy(p->console + p->console_len, line, len);
	p->console_len += len;
	p->console[p->console_len++] = '\n';
}

static void
device_new(struct peer *p, const struct peer_make *make)
{
	struct mic_model_config model = make->model;

	model.gddr = p->gddr;
	model.gddr_size = p->gddr_size;
	model.gddr_fd = -1;
	if (make->card) {
		struct card_config card = {
			.model = model, .era = make->era, .console = console, .arg = p};

		assert_int_equal(card_create(&card, &p->host, &p->dev), 0);
		p->model = card_model(p->dev);
	} else {
		assert_int_equal(mic_model_create(&model, &p->host, &p->dev), 0);
		p->model = p->dev;
	}
}

static void
aperture_find(struct peer *p)
{
	struct bus_region r[16];
	int n = p->dev->ops->describe(p->dev, r, 16);

	assert_in_range(n, 1, 16);
	for (int i = 0; i < n; i++)
		if (r[i].bar == 0 && r[i].kind == BUS_MEMORY && r[i].offset == 0) {
			assert_int_equal(r[i].size, p->gddr_size);
			p->aperture = r[i].memory;
		}
	assert_non_null(p->aperture);
}

struct peer *
peer_new(const struct peer_make *make)
{
	static const struct bus_host_ops ops = {
		.map = host_map,
		.dma = host_dma,
		.page_request = host_page_request,
		.irq = host_irq,
	};
	struct peer *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->host.ops = &ops;
	p->mode = make->mode;
	p->era = make->era;
	p->with_card = make->card;
	p->vectors = make->era == CARD_ERA_A ? 4 : 9; /* 8.3 */
	p->gddr_size = make->gddr_size != 0 ? make->gddr_size : 64u << 20;
	p->gddr = mmap(NULL, p->gddr_size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(p->gddr != MAP_FAILED);
	p->page = peer_memory(p, PEER_IOVA, PEER_SIZE);
	p->page_iova = PEER_IOVA;
	p->now = SECOND;
	device_new(p, make);
	aperture_find(p);
	return p;
}

void
peer_free(struct peer *p)
{
	if (p->with_card)
		card_destroy(p->dev);
	else
		mic_model_destroy(p->dev);
	munmap(p->gddr, p->gddr_size);
	for (unsigned int i = 0; i < p->regions; i++)
		free(p->region[i].memory);
	free(p);
}

int
peer_begin_ready(void **state, const struct peer_make *make)
{
	struct peer *p = peer_new(make);

	p->vectors = 9;
	peer_probe(p);
	peer_wait_ready(p);
	memset(p->irqs, 0, sizeof(p->irqs));
	*state = p;
	return 0;
}

int
peer_end(void **state)
{
	struct peer *p = *state;

	assert_int_equal(p->wild_irqs, 0);
	peer_free(p);
	return 0;
}

int
peer_end_tidy(void **state)
{
	const struct peer *p = *state;

	assert_int_equal(mic_model_stray(p->model), 0);
	return peer_end(state);
}
