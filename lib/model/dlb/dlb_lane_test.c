/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Lanes beside a plain array: the same QEs in the same order, whatever is put in front, behind, and
 * taken in pieces; and no chunk is lost.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dlb_lane.h"

#define LANES      3
#define MOST       (5 * DLB_CHUNK)
#define OPERATIONS 200000

/* What a lane should hold, oldest first. */
struct expected {
	uint64_t data[2 * MOST];
	uint32_t n;
};

struct bench {
	struct dlb_chunks chunks;
	struct dlb_lane lane[LANES];
	struct expected expected[LANES];
	uint32_t seed;
	uint64_t made;
};

static uint32_t
draw(struct bench *b, uint32_t below)
{
	b->seed = b->seed * 1664525 + 1013904223;
	return (b->seed >> 8) % below;
}

static uint32_t
chunks_free(const struct dlb_chunks *c)
{
	uint32_t n = 0;

	for (uint32_t i = c->free; i != 0 && i < DLB_CHUNKS; i = c->next[i])
		n++;
	return n;
}

static void
append(struct bench *b, uint32_t l)
{
	struct expected *e = &b->expected[l];

	if (e->n == MOST)
		return;
	dlb_lane_append(&b->chunks, &b->lane[l], b->made, ~b->made);
	e->data[e->n++] = b->made++;
}

/* As many as fit in one piece, or fewer. */
static void
append_piece(struct bench *b, uint32_t l)
{
	struct expected *e = &b->expected[l];
	struct dlb_qe *qe;
	uint32_t n;

	dlb_lane_begin(&b->chunks, &b->lane[l]);
	n = 1 + draw(b, dlb_lane_room(&b->lane[l]));
	if (e->n + n > MOST)
		return;
	qe = &b->chunks.qe[b->lane[l].tail];
	for (uint32_t i = 0; i < n; i++) {
		qe[i] = (struct dlb_qe){.data = b->made, .meta = ~b->made};
		e->data[e->n++] = b->made++;
	}
	dlb_lane_grow(&b->chunks, &b->lane[l], n);
}

static void
prepend(struct bench *b, uint32_t l)
{
	struct expected *e = &b->expected[l];

	if (e->n == MOST)
		return;
	memmove(&e->data[1], &e->data[0], e->n++ * sizeof(e->data[0]));
	e->data[0] = b->made;
	dlb_lane_prepend(&b->chunks, &b->lane[l],
			 (struct dlb_qe){.data = b->made, .meta = ~b->made});
	b->made++;
}

static void
take(struct bench *b, uint32_t l)
{
	struct expected *e = &b->expected[l];
	uint32_t piece = dlb_lane_piece(&b->lane[l]), n;

	if (e->n == 0) {
		assert_int_equal(piece, 0);
		return;
	}
	assert_in_range(piece, 1, e->n);
	n = 1 + draw(b, piece);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(b->chunks.qe[b->lane[l].head + i].data, e->data[i]);
		assert_int_equal(b->chunks.qe[b->lane[l].head + i].meta, ~e->data[i]);
	}
	e->n -= n;
	memmove(&e->data[0], &e->data[n], e->n * sizeof(e->data[0]));
	assert_int_equal(dlb_lane_shrink(&b->chunks, &b->lane[l], n), e->n != 0);
}

static void
lanes_keep_all_in_order(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	(void)state;
	assert_non_null(b);
	dlb_chunks_reset(&b->chunks);
	for (uint32_t i = 0; i < OPERATIONS; i++) {
		uint32_t what = draw(b, 8), l = draw(b, LANES);

		if (what < 2)
			append(b, l);
		else if (what < 3)
			append_piece(b, l);
		else if (what < 4)
			prepend(b, l);
		else
			take(b, l);
	}
	assert_true(b->made > OPERATIONS / 2);
	for (uint32_t l = 0; l < LANES; l++)
		while (b->expected[l].n != 0)
			take(b, l);
	/* All are free but the one each lane keeps. */
	assert_int_equal(chunks_free(&b->chunks), DLB_CHUNKS - 1 - LANES);
	free(b);
}

/* The worst there can be: every lane has a last QE in a chunk of its own behind a first one that is
 * the last of another's, and one of them has all the rest.
 */
static void
chunks_are_enough_for_all_that_can_wait(void **state)
{
	struct dlb_chunks *c = calloc(1, sizeof(*c));
	static struct dlb_lane lane[DLB_LANES];
	uint32_t stored = 0;

	(void)state;
	assert_non_null(c);
	memset(lane, 0, sizeof(lane));
	dlb_chunks_reset(c);
	for (uint32_t l = 0; l < DLB_LANES; l++) {
		for (uint32_t i = 0; i < DLB_CHUNK; i++)
			dlb_lane_append(c, &lane[l], l, i);
		dlb_lane_shrink(c, &lane[l], DLB_CHUNK - 1);
		stored++;
	}
	for (; stored < DLB_CREDITS; stored++)
		dlb_lane_append(c, &lane[0], 0, stored);
	assert_true(c->free != 0 && c->free < DLB_CHUNKS);
	for (uint32_t l = 1; l < DLB_LANES; l++)
		assert_int_equal(c->qe[lane[l].head].data, l);
	free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lanes_keep_all_in_order),
		cmocka_unit_test(chunks_are_enough_for_all_that_can_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
