/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_dev.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include "dma.h"

/* raw_mic0 has dma_mic0, and a card on the PCI bus dma_mic_0000:3b:00.0; negative: none. */
static int
find_dma(void)
{
	const char *rest = dev.raw + strlen(dev.is_virtual ? "raw_mic" : "mic");
	char name[RTE_DEV_NAME_MAX_LEN];

	snprintf(name, sizeof(name), "dma_mic%.48s", rest);
	return rte_dma_get_dev_id_by_name(name);
}

int16_t
dma_id(void)
{
	int id = find_dma();

	assert_true(id >= 0);
	return (int16_t)id;
}

/* ---- Memory ---- */

static void *taken[64];
static unsigned int nb_taken;

uint8_t *
host_get(size_t len, uint32_t seed)
{
	uint8_t *memory = rte_malloc("test", len, 4096);

	assert_non_null(memory);
	assert_true(nb_taken < RTE_DIM(taken));
	taken[nb_taken++] = memory;
	fill(memory, len, seed);
	return memory;
}

/* The upper quarter: images go to the lower half. */
uint64_t
card_at(uint64_t offset)
{
	return dev.info.aperture_size / 4 * 3 + offset;
}

uint8_t *
card_memory(uint64_t offset, size_t len)
{
	uint8_t *at = pmd.aperture(dev.id, card_at(offset), len);

	assert_non_null(at);
	return at;
}

void
fill(uint8_t *at, size_t len, uint32_t seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		at[i] = (uint8_t)(seed * 31 + i * 7 + (i >> 8));
}

uint32_t
draw(uint32_t limit)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % limit;
}

uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- From configuration to start ---- */

void
dma_configure(uint16_t vchans)
{
	const struct rte_dma_conf conf = {.nb_vchans = vchans};

	assert_int_equal(rte_dma_configure(dma_id(), &conf), 0);
}

int
dma_vchan_try(uint16_t vchan, uint16_t nb_desc, enum rte_dma_direction direction)
{
	struct rte_dma_vchan_conf conf = {.direction = direction, .nb_desc = nb_desc};

	if (direction == RTE_DMA_DIR_DEV_TO_MEM || direction == RTE_DMA_DIR_DEV_TO_DEV)
		conf.src_port.port_type = RTE_DMA_PORT_PCIE;
	if (direction == RTE_DMA_DIR_MEM_TO_DEV || direction == RTE_DMA_DIR_DEV_TO_DEV)
		conf.dst_port.port_type = RTE_DMA_PORT_PCIE;
	return rte_dma_vchan_setup(dma_id(), vchan, &conf);
}

void
dma_shape(uint16_t vchans, uint16_t nb_desc, enum rte_dma_direction direction)
{
	uint16_t i;

	dma_configure(vchans);
	for (i = 0; i < vchans; i++)
		assert_int_equal(dma_vchan_try(i, nb_desc, direction), 0);
}

void
dma_start(void)
{
	assert_int_equal(rte_dma_start(dma_id()), 0);
}

void
dma_rest(void)
{
	const struct rte_dma_conf conf = {.nb_vchans = 1};
	int id = find_dma();

	if (id >= 0) {
		rte_dma_stop((int16_t)id);
		/* Channels are given back. */
		rte_dma_configure((int16_t)id, &conf);
	}
	while (nb_taken > 0)
		rte_free(taken[--nb_taken]);
}

/* ---- Work ---- */

int
to_card(uint16_t vchan, uint64_t card, const void *host, uint32_t len, uint64_t flags)
{
	return rte_dma_copy(dma_id(), vchan, rte_mem_virt2iova(host), card_at(card), len,
			    flags);
}

int
from_card(uint16_t vchan, void *host, uint64_t card, uint32_t len, uint64_t flags)
{
	return rte_dma_copy(dma_id(), vchan, card_at(card), rte_mem_virt2iova(host), len,
			    flags);
}

unsigned int
wait_done(uint16_t vchan, unsigned int n, uint16_t *last, bool *error)
{
	uint64_t until = now_ms() + PATIENCE_MS;
	unsigned int done = 0;
	int16_t id = dma_id();

	*error = false;
	while (done < n && !*error && now_ms() < until)
		done += rte_dma_completed(id, vchan, (uint16_t)(n - done), last, error);
	return done;
}

unsigned int
wait_status(uint16_t vchan, unsigned int n, uint16_t *last, enum rte_dma_status_code codes[])
{
	uint64_t until = now_ms() + PATIENCE_MS;
	unsigned int done = 0;
	int16_t id = dma_id();

	while (done < n && now_ms() < until)
		done += rte_dma_completed_status(id, vchan, (uint16_t)(n - done), last,
						 codes + done);
	return done;
}

void
dma_works(uint16_t to, uint16_t from)
{
	uint8_t *src = host_get(8192, draw(1000)), *dst = host_get(8192, 1);
	uint16_t last;
	bool error;

	assert_true(to_card(to, 0, src, 8192, RTE_DMA_OP_FLAG_SUBMIT) >= 0);
	assert_int_equal(wait_done(to, 1, &last, &error), 1);
	assert_memory_equal(card_memory(0, 8192), src, 8192);
	assert_true(from_card(from, dst, 0, 8192, RTE_DMA_OP_FLAG_SUBMIT) >= 0);
	assert_int_equal(wait_done(from, 1, &last, &error), 1);
	assert_memory_equal(dst, src, 8192);
}
