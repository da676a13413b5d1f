/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What becomes of lines of a ring that were read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scif_ring.h"

#define SIZE 4096u
#define MASK (SIZE - 1)
#define LINE SCIF_RING_LINE

static struct {
	_Alignas(SCIF_RING_LINE) uint8_t ring[SIZE];
	_Atomic uint32_t write, read;
	struct scif_at tx, rx;
} shared;

static const struct scif_producer producer = {
	.ring = shared.ring,
	.write_published = &shared.write,
	.read_seen = &shared.read,
	.at = &shared.tx,
	.mask = MASK,
};

static const struct scif_consumer consumer = {
	.ring = shared.ring,
	.write_seen = &shared.write,
	.read_published = &shared.read,
	.at = &shared.rx,
	.mask = MASK,
};

static void
begin_at(uint32_t at)
{
	memset(shared.ring, 0xa5, SIZE);
	atomic_store(&shared.write, at);
	atomic_store(&shared.read, at);
	shared.tx = (struct scif_at){at, at};
	shared.rx = (struct scif_at){at, at};
}

/* How many bytes of the ring from `at` on, around its end, are others than they were. */
static uint32_t
touched(uint32_t at, uint32_t n)
{
	uint32_t others = 0;

	for (uint32_t i = 0; i < n; i++)
		others += shared.ring[(at + i) & MASK] != 0xa5;
	return others;
}

static void
claim(uint32_t at, uint32_t n)
{
	static uint8_t bytes[SIZE];

	begin_at(at);
	memset(bytes, 0xa5, n);
	scif_producer_put(&producer, bytes, n);
	scif_producer_commit(&producer);
	assert_true(scif_consumer_used(&consumer, n) == n);
	scif_consumer_get(&consumer, bytes, n);
	scif_consumer_claim(&consumer, n);
}

/* The line that bytes begin or end in is the producer's as well: it may be writing there. */
static void
only_whole_lines_are_claimed(void **state)
{
	static const uint32_t begins[] = {
		0, 1, LINE - 1, LINE, SIZE - 3 * LINE, SIZE - LINE - 5, SIZE - 1};
	static const uint32_t lengths[] = {
		0, 1, LINE - 1, LINE, LINE + 1, 2 * LINE - 1, 2 * LINE, 7 * LINE + 3, SIZE - 1};

	(void)state;
	for (size_t b = 0; b < sizeof(begins) / sizeof(begins[0]); b++) {
		for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
			uint32_t at = begins[b], n = lengths[l], whole = 0;

			claim(at, n);
			for (uint32_t i = 0; i + LINE <= n; i++)
				whole += ((at + i) % LINE) == 0;
			/* One byte of each. */
			assert_int_equal(touched(at, n), whole);
			assert_int_equal(touched(at + n, SIZE - n), 0);
			assert_int_equal(touched(at, -at % LINE), 0);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_whole_lines_are_claimed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
