/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The model itself, its threads woven in every way that few deviations allow:
 *
 *   dlb_weave [deviations]          2 when not said
 *
 * How they are woven, and what a deviation is: weave/weave.h.
 * All schedules with at most so many deviations are run, one after another, on one device, which
 * has to be at rest after each. The Promela models beside this look at all schedules of a model;
 * this looks at some of the code.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dlb_model_priv.h"
#include "dlb_test_rig.h"
#include "weave.h"

static struct rig *rig;
static unsigned int bound;

/* ---- What is woven ---- */

static void
post_one(struct rig *r, uint32_t port, uint64_t data)
{
	rig_send_one(r, port, rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, data));
}

static void
posts_and_steps(void *r)
{
	post_one(r, RIG_PRODUCER, 1);
	rig_step(r);
}

static void
also_posts_and_steps(void *r)
{
	post_one(r, 0, 2);
	rig_step(r);
}

static void
reads_a_register(void *r)
{
	rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0);
}

static void
only_steps(void *r)
{
	rig_step(r);
}

static void
posts_four_and_steps(void *r)
{
	for (uint64_t n = 1; n <= 4; n++)
		post_one(r, RIG_PRODUCER, n);
	rig_step(r);
}

/* A ring with room for two more lines. */
static void
fill(struct rig *r)
{
	for (unsigned int n = 0; n < LINE_RING_LINES - 2; n++)
		rig_send_one(r, RIG_PRODUCER, (struct dlb_qe){0, 0});
}

static const struct scenario {
	const char *name;
	void (*before)(struct rig *r);
	void (*run[WEAVE_THREADS])(void *r);
	uint32_t events;
	bool in_order;
} scenarios[] = {
	{"two lines, a register access", NULL,
	 {posts_and_steps, also_posts_and_steps, reads_a_register}, 2, false},
	{"a line, two register accesses", NULL,
	 {posts_and_steps, reads_a_register, reads_a_register}, 1, true},
	{"two lines, a step in vain", NULL,
	 {posts_and_steps, also_posts_and_steps, only_steps}, 2, false},
	{"a full ring, a step", fill, {posts_four_and_steps, only_steps, NULL}, 4, true},
	{"a full ring, a register access", fill, {posts_four_and_steps, reads_a_register, NULL}, 4,
	 true},
};

/* Everything has come, once, and nobody needed a further step for it. */
static bool
is_right(struct rig *r, const struct scenario *s)
{
	uint32_t seen = 0;
	struct dlb_qe qe;

	for (uint32_t n = 1; rig_poll(r, 0, &qe); n++) {
		if (qe.data == 0 || qe.data > s->events || (seen >> qe.data & 1) ||
		    (s->in_order && qe.data != n))
			return false;
		seen |= UINT32_C(1) << qe.data;
		rig_finish(r, 0);
	}
	rig_step(r);
	return seen == (UINT32_C(2) << s->events) - 2 && rig_depth(r, 0) == 0;
}

/* The one thing that a device at rest remembers of earlier schedules and that makes a point: up to
 * where a poster knows its ring to be free.
 */
static void
forget(struct rig *r)
{
	struct dlb_model *m = (struct dlb_model *)r->dev;

	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++)
		m->port[p].poster.tail = m->port[p].drainer.tail;
}

/* All schedules of a scenario. */
static bool
weave(const struct scenario *s)
{
	unsigned long schedules = 0;

	weave_begin(bound);
	do {
		forget(rig);
		if (s->before != NULL)
			s->before(rig);
		weave_run(s->run, rig);
		schedules++;
		if (!is_right(rig, s)) {
			printf("%-32s wrong in schedule %lu\n", s->name, schedules);
			return false;
		}
	} while (weave_next());
	printf("%-32s %8lu schedules\n", s->name, schedules);
	return true;
}

int
main(int argc, char **argv)
{
	static struct rig bench;
	unsigned int passed = 0, all = sizeof(scenarios) / sizeof(scenarios[0]);

	bound = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 2;
	rig = &bench;
	if (rig_open(rig, DLB_V25, TEST_HOST_WHOLE) < 0)
		return 1;
	rig_balance(rig, 1, 64, 64, RIG_NOT_ORDERED);
	for (unsigned int i = 0; i < all; i++) {
		if (!weave(&scenarios[i]))
			break;
		passed++;
	}
	printf("%u passed, %u failed\n", passed, all - passed);
	return passed == all ? 0 : 1;
}
