/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include <rte_memory.h>

#include "rte_pmd_dsa.h"
#include "test.h"

/* What the driver offers beyond dmadev, each operation against a plain loop. EAL loads drivers
 * without showing their symbols, so the functions are looked for by name.
 */

#define FENCE  RTE_DMA_OP_FLAG_FENCE
#define SUBMIT RTE_DMA_OP_FLAG_SUBMIT
#define ROOM   (64 * 1024)

static __typeof__(rte_pmd_dsa_compare) *compare_op;
static __typeof__(rte_pmd_dsa_compare_pattern) *compare_pattern_op;
static __typeof__(rte_pmd_dsa_crc) *crc_op;
static __typeof__(rte_pmd_dsa_copy_crc) *copy_crc_op;
static __typeof__(rte_pmd_dsa_dualcast) *dualcast_op;
static __typeof__(rte_pmd_dsa_create_delta) *create_delta_op;
static __typeof__(rte_pmd_dsa_apply_delta) *apply_delta_op;
static __typeof__(rte_pmd_dsa_dif_check) *dif_check_op;
static __typeof__(rte_pmd_dsa_dif_insert) *dif_insert_op;
static __typeof__(rte_pmd_dsa_dif_strip) *dif_strip_op;
static __typeof__(rte_pmd_dsa_dif_update) *dif_update_op;
static __typeof__(rte_pmd_dsa_cache_flush) *cache_flush_op;
static __typeof__(rte_pmd_dsa_result) *result_op;

static void
find_ops(void)
{
	const struct {
		const char *name;
		void *where;
	} ops[] = {
		{"rte_pmd_dsa_compare", &compare_op},
		{"rte_pmd_dsa_compare_pattern", &compare_pattern_op},
		{"rte_pmd_dsa_crc", &crc_op},
		{"rte_pmd_dsa_copy_crc", &copy_crc_op},
		{"rte_pmd_dsa_dualcast", &dualcast_op},
		{"rte_pmd_dsa_create_delta", &create_delta_op},
		{"rte_pmd_dsa_apply_delta", &apply_delta_op},
		{"rte_pmd_dsa_dif_check", &dif_check_op},
		{"rte_pmd_dsa_dif_insert", &dif_insert_op},
		{"rte_pmd_dsa_dif_strip", &dif_strip_op},
		{"rte_pmd_dsa_dif_update", &dif_update_op},
		{"rte_pmd_dsa_cache_flush", &cache_flush_op},
		{"rte_pmd_dsa_result", &result_op},
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(ops); i++) {
		void *symbol = dev_symbol(ops[i].name);

		assert_non_null(symbol);
		memcpy(ops[i].where, &symbol, sizeof(symbol));
	}
}

static uint8_t *a, *b, *c;

static rte_iova_t
iova(const void *p)
{
	return rte_mem_virt2iova(p);
}

static void
begin(void)
{
	find_ops();
	a = memory_get(ROOM);
	b = memory_get(ROOM);
	c = memory_get(ROOM);
	shape(1, 64);
	memory_fill(a, ROOM, 21);
}

/* An operation ends: what it found out. */
static struct rte_pmd_dsa_result
end_of(int id)
{
	struct rte_pmd_dsa_result r;
	enum rte_dma_status_code status;
	uint16_t last;

	assert_true(id >= 0);
	assert_int_equal(rte_dma_submit(dev.id, 0), 0);
	assert_int_equal(wait_status(0, 1, &last, &status), 1);
	assert_int_equal(last, id);
	assert_int_equal(result_op(dev.id, 0, last, &r), 0);
	assert_int_equal(r.status, status);
	return r;
}

static struct rte_pmd_dsa_result
good_end_of(int id)
{
	struct rte_pmd_dsa_result r = end_of(id);

	assert_int_equal(r.status, RTE_DMA_STATUS_SUCCESSFUL);
	assert_int_equal(r.device_status, 1);
	return r;
}

static void
compare_finds_the_first_difference(void)
{
	struct rte_pmd_dsa_result r;
	unsigned int i;
	uint32_t at;

	begin();
	for (i = 0; i < 40; i++) {
		uint32_t len = 1 + random_below(9000);

		memcpy(b, a, ROOM);
		r = good_end_of(compare_op(dev.id, 0, iova(a) + i, iova(b) + i, len, 0));
		assert_int_equal(r.result, 0);
		at = random_below(len);
		b[i + at] ^= 0x40;
		b[i + len] ^= 1;
		r = good_end_of(compare_op(dev.id, 0, iova(a) + i, iova(b) + i, len, 0));
		assert_int_equal(r.result, 1);
		assert_int_equal(r.bytes_completed, at);
	}
}

static void
compare_pattern_finds_a_difference(void)
{
	const uint64_t pattern = UINT64_C(0x1122334455667788);
	struct rte_pmd_dsa_result r;
	unsigned int i;
	uint32_t at;

	begin();
	for (i = 0; i < 40; i++) {
		uint32_t len = 1 + random_below(9000), k;

		for (k = 0; k < len; k++)
			b[i + k] = (uint8_t)(pattern >> k % 8 * 8);
		r = good_end_of(compare_pattern_op(dev.id, 0, iova(b) + i, pattern, len, 0));
		assert_int_equal(r.result, 0);
		at = random_below(len);
		b[i + at] ^= 0x40;
		r = good_end_of(compare_pattern_op(dev.id, 0, iova(b) + i, pattern, len, 0));
		assert_int_equal(r.result, 1);
		assert_true(r.bytes_completed <= at);
	}
}

/* CRC32C by its definition; seed and result are inverted, so that results chain. */
static uint32_t
crc32c(uint32_t seed, const uint8_t *at, uint32_t len)
{
	uint32_t crc = ~seed;
	unsigned int bit;

	while (len-- > 0) {
		crc ^= *at++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void
crc_is_that_of_the_loop(void)
{
	struct rte_pmd_dsa_result r;
	unsigned int i;

	begin();
	memcpy(b, "123456789", 9);
	assert_int_equal(crc32c(0, b, 9), 0xe3069283);
	r = good_end_of(crc_op(dev.id, 0, iova(b), 9, 0, 0));
	assert_int_equal(r.crc, 0xe3069283);
	for (i = 0; i < 60; i++) {
		uint32_t len = 1 + random_below(20000), seed = random_below(UINT32_MAX);

		r = good_end_of(crc_op(dev.id, 0, iova(a) + i, len, seed, 0));
		assert_int_equal(r.crc, crc32c(seed, a + i, len));
		memset(b, 0, len + 2);
		r = good_end_of(copy_crc_op(dev.id, 0, iova(a) + i, iova(b) + 1, len, seed,
					    i % 2 ? RTE_DMA_OP_FLAG_LLC : 0));
		assert_int_equal(r.crc, crc32c(seed, a + i, len));
		assert_memory_equal(a + i, b + 1, len);
		assert_int_equal(b[0] | b[len + 1], 0);
	}
}

static void
dualcast_writes_both(void)
{
	unsigned int i;

	begin();
	for (i = 0; i < 30; i++) {
		uint32_t len = 1 + random_below(9000);

		memset(b, 0, ROOM);
		memset(c, 0, ROOM);
		good_end_of(
			dualcast_op(dev.id, 0, iova(a) + i * 3, iova(b) + i, iova(c) + i, len, 0));
		assert_memory_equal(a + i * 3, b + i, len);
		assert_memory_equal(a + i * 3, c + i, len);
		assert_int_equal(b[i + len] | c[i + len], 0);
	}
}

/* The record by its definition: 10 bytes for each 8 that differ. */
static uint32_t
delta_of(const uint8_t *from, const uint8_t *to, uint32_t len, uint8_t *record)
{
	uint32_t i, n = 0;

	for (i = 0; i < len; i += 8) {
		if (memcmp(from + i, to + i, 8) == 0)
			continue;
		record[n] = (uint8_t)(i / 8);
		record[n + 1] = (uint8_t)(i / 8 >> 8);
		memcpy(record + n + 2, to + i, 8);
		n += 10;
	}
	return n;
}

static void
deltas_describe_and_restore(void)
{
	static uint8_t record[ROOM];
	struct rte_pmd_dsa_result r;
	unsigned int i, k, changes;

	begin();
	for (i = 0; i < 30; i++) {
		uint32_t len = (1 + random_below(2000)) * 8, size;

		memcpy(b, a, ROOM);
		changes = i == 0 ? 0 : random_below(60);
		for (k = 0; k < changes; k++)
			b[random_below(len)] ^= 0x11;
		size = delta_of(a, b, len, record);
		memset(c, 0, ROOM);
		r = good_end_of(
			create_delta_op(dev.id, 0, iova(a), iova(b), len, iova(c), 1000, 0));
		assert_int_equal(r.result, size == 0 ? 0 : 1);
		assert_int_equal(r.delta_size, size);
		assert_memory_equal(c, record, size);
		if (size == 0)
			continue;
		/* Restore what b is from what a was. */
		memcpy(c + 4096, a, len);
		good_end_of(apply_delta_op(dev.id, 0, iova(c), size, iova(c) + 4096, len, 0));
		assert_memory_equal(c + 4096, b, len);
	}
	/* More differences than there is room for. */
	memset(b, 0, 8000);
	r = good_end_of(create_delta_op(dev.id, 0, iova(a), iova(b), 8000, iova(c), 100, 0));
	assert_int_equal(r.result, 2);
	assert_true(r.delta_size <= 100 && r.delta_size > 80);
}

/* The guard of a block: CRC16, polynomial 0x8bb7. */
static uint16_t
guard_of(const uint8_t *at, uint32_t len)
{
	uint16_t crc = 0;
	unsigned int bit;

	while (len-- > 0) {
		crc ^= (uint16_t)(*at++ << 8);
		for (bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc << 1 ^ (crc & 0x8000 ? 0x8bb7 : 0));
	}
	return crc;
}

/* Blocks with their fields, application tag fixed, reference tag counting. */
static void
protect(uint8_t *to, const uint8_t *from, unsigned int blocks, uint32_t size, uint16_t app,
	uint32_t ref)
{
	unsigned int i;

	for (i = 0; i < blocks; i++, ref++) {
		uint8_t *field = to + i * (size + 8) + size;
		uint16_t guard = guard_of(from + i * size, size);

		memcpy(to + i * (size + 8), from + i * size, size);
		field[0] = (uint8_t)(guard >> 8);
		field[1] = (uint8_t)guard;
		field[2] = (uint8_t)(app >> 8);
		field[3] = (uint8_t)app;
		field[4] = (uint8_t)(ref >> 24);
		field[5] = (uint8_t)(ref >> 16);
		field[6] = (uint8_t)(ref >> 8);
		field[7] = (uint8_t)ref;
	}
}

static void
one_dif_size(uint16_t size)
{
	const struct rte_pmd_dsa_dif dif = {
		.block_size = size,
		.src_ref_tag = 0x01020304,
		.src_app_tag = 0x55aa,
		.dst_ref_tag = 0x01020304,
		.dst_app_tag = 0x55aa,
	};
	struct rte_pmd_dsa_dif other = dif;
	uint32_t plain = 3u * size, with = 3u * (size + 8u);
	static uint8_t want[ROOM];
	struct rte_pmd_dsa_result r;

	protect(want, a, 3, size, 0x55aa, 0x01020304);
	memset(b, 0, ROOM);
	good_end_of(dif_insert_op(dev.id, 0, iova(a), iova(b), plain, &dif, 0));
	assert_memory_equal(b, want, with);
	good_end_of(dif_check_op(dev.id, 0, iova(b), with, &dif, 0));
	memset(c, 0, ROOM);
	good_end_of(dif_strip_op(dev.id, 0, iova(b), iova(c), with, &dif, 0));
	assert_memory_equal(a, c, plain);
	other.dst_ref_tag = 77;
	other.dst_app_tag = 0x1234;
	protect(want, a, 3, size, 0x1234, 77);
	good_end_of(dif_update_op(dev.id, 0, iova(b), iova(c), with, &other, 0));
	assert_memory_equal(c, want, with);
	/* The guard of the second block. */
	b[size + 8 + 5] ^= 1;
	r = end_of(dif_check_op(dev.id, 0, iova(b), with, &dif, 0));
	assert_int_equal(r.device_status, 9);
	assert_int_equal(r.result, 1);
	assert_int_not_equal(r.status, RTE_DMA_STATUS_SUCCESSFUL);
}

static void
dif_fields_are_those_of_the_loop(void)
{
	begin();
	one_dif_size(512);
	one_dif_size(520);
	one_dif_size(4096);
	one_dif_size(4104);
}

static void
cache_flush_ends(void)
{
	begin();
	good_end_of(cache_flush_op(dev.id, 0, iova(a), 5000, 0));
	memory_fill(b, 5000, 21);
	assert_memory_equal(a, b, 5000);
}

/* All kinds in one batch among copies, in order where a fence says so; results are kept apart. */
static void
operations_mix_with_copies(void)
{
	struct rte_pmd_dsa_result r;
	unsigned int lap;
	uint16_t last;
	bool error;
	int crc, same, other;

	begin();
	for (lap = 0; lap < 40; lap++) {
		memory_fill(a, 4096, lap);
		memset(b, 0, 4096);
		assert_true(copy(0, a, b, 4096, 0) >= 0);
		crc = crc_op(dev.id, 0, iova(b), 4096, lap, FENCE);
		same = compare_op(dev.id, 0, iova(a), iova(b), 4096, 0);
		assert_true(rte_dma_fill(dev.id, 0, 0, iova(b) + 100, 8, FENCE) >= 0);
		other = compare_op(dev.id, 0, iova(a), iova(b), 4096, FENCE | SUBMIT);
		assert_int_equal(wait_completed(0, 5, &last, &error), 5);
		assert_false(error);
		assert_int_equal(result_op(dev.id, 0, (uint16_t)crc, &r), 0);
		assert_int_equal(r.crc, crc32c(lap, a, 4096));
		assert_int_equal(result_op(dev.id, 0, (uint16_t)same, &r), 0);
		assert_int_equal(r.result, 0);
		assert_int_equal(result_op(dev.id, 0, (uint16_t)other, &r), 0);
		assert_int_equal(r.result, 1);
		assert_true(r.bytes_completed >= 100 && r.bytes_completed < 108);
	}
}

static void
operations_fail_like_copies(void)
{
	struct rte_pmd_dsa_result r;

	begin();
	r = end_of(crc_op(dev.id, 0, 4096, 100, 0, 0));
	assert_int_equal(r.status, RTE_DMA_STATUS_PAGE_FAULT);
	/* Page fault, or page request failed, where the device had asked for the page. */
	assert_in_range(r.device_status, 3, 4);
	assert_int_equal(r.fault_addr & ~0xfffull, 4096);
	r = end_of(dualcast_op(dev.id, 0, iova(a), iova(b), 4096, 100, 0));
	assert_int_equal(r.status, RTE_DMA_STATUS_PAGE_FAULT);
	assert_in_range(r.device_status, 0x83, 0x84);
	good_end_of(crc_op(dev.id, 0, iova(a), 100, 0, 0));
}

static const struct test_case cases[] = {
	TEST_CASE(compare_finds_the_first_difference),
	TEST_CASE(compare_pattern_finds_a_difference),
	TEST_CASE(crc_is_that_of_the_loop),
	TEST_CASE(dualcast_writes_both),
	TEST_CASE(deltas_describe_and_restore),
	TEST_CASE(dif_fields_are_those_of_the_loop),
	TEST_CASE(cache_flush_ends),
	TEST_CASE(operations_mix_with_copies),
	TEST_CASE(operations_fail_like_copies),
};

TEST_GROUP(ops, cases);
