/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_reg_table.h"
#include "dlb_share_bench.h"

/* A client that tries everything, beside one that works. What is whose is told here by the names of
 * registers, and not by the table that the share goes by.
 */

#define VICTIM  0u
#define HOSTILE 1u

struct scene {
	struct bench b;
	uint32_t *before; /* every register of the device, one after the other */
	uint64_t next, seen;
};

/* ---- Whose? ---- */

static bool
has(const struct reg_row *row, const char *part)
{
	return strstr(row->name, part) != NULL;
}

static bool
is_ldb_port_row(const struct reg_row *row)
{
	return has(row, "LDB_CQ") || has(row, "LDB_PP") || has(row, "HIST_LIST") ||
	       has(row, "SN_CHK") || has(row, "CQ2QID") || has(row, "CQ2PRIOV") ||
	       has(row, "CQ_LDB");
}

/* What an instance is the hostile client's of: all bits, some, or none. */
static uint32_t
mine(const struct bench *b, const struct reg_row *row, uint32_t i)
{
	const struct dlb_pool *pool = &b->hub->pool;
	uint32_t dirs = b->hub->dir_ports, bits = 0, base = row->name[strlen(row->name) - 1] == '1';
	bool bitmap = has(row, "INTR_ARMED") || has(row, "_WDTO_") || has(row, "WD_DISABLE");

	if (row->bar != REG_BAR_2)
		return 0;
	if (bitmap) {
		for (uint32_t k = 0; k < 32; k++)
			bits |= (uint32_t)((has(row, "DIR") ? pool->dir_ports
							   : pool->ldb_ports)[base * 32 + k] ==
					   HOSTILE) << k;
		return bits;
	}
	if (has(row, "SYS_LDB_VASQID"))
		return i / 32 == HOSTILE && pool->ldb_queues[i % 32] == HOSTILE ? UINT32_MAX : 0;
	if (has(row, "SYS_DIR_VASQID"))
		return i / dirs == HOSTILE && pool->dir_ports[i % dirs] == HOSTILE ? UINT32_MAX : 0;
	if (has(row, "VAS_CRD"))
		return i == HOSTILE ? UINT32_MAX : 0;
	if (has(row, "SLT_SHFT"))
		return pool->windows[has(row, "GRP_1")][i] == HOSTILE ? UINT32_MAX : 0;
	/* Which port a command is for is in its value. What all of them got scheduled is counted,
	 * and the last alarm, which was taken out, may be anybody's.
	 */
	if (has(row, "SCHED_CTRL") || has(row, "OPT_CLR") || has(row, "SCH_CNT_") ||
	    has(row, "ALARM_PF"))
		return UINT32_MAX;
	if (row->stride == 0 || has(row, "SYS_VF") || has(row, "VQID") || has(row, "SMON") ||
	    has(row, "COS"))
		return 0;
	if (has(row, "DIR"))
		return pool->dir_ports[i] == HOSTILE ? UINT32_MAX : 0;
	if (is_ldb_port_row(row))
		return pool->ldb_ports[i] == HOSTILE ? UINT32_MAX : 0;
	if (has(row, "QID"))
		return pool->ldb_queues[i] == HOSTILE ? UINT32_MAX : 0;
	return 0;
}

/* ---- Every register there is ---- */

typedef void visit(struct scene *s, const struct reg_row *row, uint32_t i, uint64_t off, void *arg);

static void
each_register(struct scene *s, visit *act, void *arg)
{
	enum dlb_version v = s->b.hub->version;

	for (unsigned int r = 0; r < DLB_REG_COUNT; r++) {
		const struct reg_row *row = &dlb_reg_rows[r];

		if (row->offset[v] == REG_NONE || row->access == REG_WINDOW ||
		    row->bar == REG_BAR_VF)
			continue;
		for (uint32_t i = 0; i < row->count[v]; i++)
			for (uint32_t w = 0; w < row->words; w++)
				act(s, row, i,
				    row->offset[v] + (uint64_t)i * row->stride +
					    (uint64_t)w * row->word_stride,
				    arg);
	}
}

static uint32_t
peek(struct scene *s, const struct reg_row *row, uint64_t off)
{
	return (uint32_t)s->b.model->ops->read(s->b.model, row->bar, off, 4);
}

static void
remember(struct scene *s, const struct reg_row *row, uint32_t i, uint64_t off, void *arg)
{
	(void)i;
	(void)arg;
	s->before[s->next++] = peek(s, row, off);
}

static void
compare(struct scene *s, const struct reg_row *row, uint32_t i, uint64_t off, void *arg)
{
	uint32_t others = ~mine(&s->b, row, i), old = s->before[s->next++], now = peek(s, row, off);

	(void)arg;
	if ((now ^ old) & others) {
		print_error("%s %u was %#x, is %#x\n", row->name, i, old, now);
		fail();
	}
}

static void
unchanged(struct scene *s)
{
	s->next = 0;
	each_register(s, compare, NULL);
}

/* ---- The scene: the victim has events waiting and in flight ---- */

static int
scene_open(void **state, enum dlb_version version)
{
	struct scene *s = calloc(1, sizeof(*s));

	*state = s;
	s->before = calloc(65536, sizeof(*s->before));
	if (bench_open(&s->b, version, 2) < 0)
		return -1;
	bench_set_up(&s->b, VICTIM, 1024);
	for (uint64_t n = 0; n < 200; n++)
		bench_new(&s->b, VICTIM, n);
	for (uint64_t n = 0; n < 100; n++)
		bench_new_directed(&s->b, VICTIM, n);
	rig_step(&s->b.client[VICTIM]);
	s->next = 0;
	each_register(s, remember, NULL);
	return s->next <= 65536 ? 0 : -1;
}

static int
scene_20(void **state)
{
	return scene_open(state, DLB_V20);
}

static int
scene_25(void **state)
{
	return scene_open(state, DLB_V25);
}

static int
scene_close(void **state)
{
	struct scene *s = *state;

	bench_close(&s->b);
	free(s->before);
	free(s);
	return 0;
}

/* The victim gets all of its events, in their order, and no others. */
static void
victim_lost_nothing(struct scene *s)
{
	struct rig *r = &s->b.client[VICTIM];
	uint32_t p = bench_ldb_port(&s->b, VICTIM), d = RIG_DIR(bench_dir_port(&s->b, VICTIM));

	for (uint64_t n = 0; n < 200; n++) {
		expect_qe(r, p, n);
		rig_finish(r, p);
		rig_step(r);
	}
	expect_nothing(r, p);
	for (uint64_t n = 0; n < 100; n++) {
		expect_qe(r, d, n);
		rig_tokens(r, d, 1);
		rig_step(r);
	}
	expect_nothing(r, d);
	assert_int_equal(rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0), 0);
	assert_int_equal(dlb_hub_refused(s->b.hub, VICTIM), 0);
	assert_int_equal(r->host.faults, 0);
}

/* ---- Every register, every instance ---- */

static void
scribble(struct scene *s, const struct reg_row *row, uint32_t i, uint64_t off, void *arg)
{
	struct bus_device *dev = s->b.client[HOSTILE].dev;

	(void)i;
	dev->ops->write(dev, row->bar, off, *(uint32_t *)arg, 4);
}

static void
no_register_of_others_can_be_changed(void **state)
{
	static const uint32_t values[] = {UINT32_MAX, 0, 1, 0x01010101, 0x80000000, 0x30, 0xfee00000};
	struct scene *s = *state;

	for (unsigned int k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
		uint32_t value = values[k];

		each_register(s, scribble, &value);
		unchanged(s);
	}
	assert_true(dlb_hub_refused(s->b.hub, HOSTILE) > 10000);
	assert_int_equal(s->b.lines, 1);
	victim_lost_nothing(s);
}

/* What can be read of others is nothing; of the device, what there is one of. */
static void
look(struct scene *s, const struct reg_row *row, uint32_t i, uint64_t off, void *arg)
{
	struct bus_device *dev = s->b.client[HOSTILE].dev;
	uint32_t own = mine(&s->b, row, i), seen = (uint32_t)dev->ops->read(dev, row->bar, off, 4);
	bool one_of_all = row->stride == 0 || has(row, "COS");

	(void)arg;
	if (own == UINT32_MAX || row->bar != REG_BAR_2)
		return;
	if (own == 0 && one_of_all)
		assert_true(seen == 0 || seen == peek(s, row, off));
	else
		assert_int_equal(seen & ~own, 0);
	s->seen++;
}

static void
nothing_of_others_can_be_read(void **state)
{
	struct scene *s = *state;

	each_register(s, look, NULL);
	assert_true(s->seen > 10000);
	unchanged(s);
}

/* ---- Posts ---- */

static void
no_page_of_others_can_be_posted_to(void **state)
{
	struct scene *s = *state;
	struct bus_device *dev = s->b.client[HOSTILE].dev;
	struct dlb_qe line[4] = {
		rig_hcw(DLB_CMD_COMP_T, 0, 0, 0, 1023, 0),
		rig_hcw(DLB_CMD_BAT_T, 0, 0, 0, 1023, 0),
		rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, bench_ldb_queue(&s->b, VICTIM), 0, 7, 666),
		rig_hcw(DLB_CMD_NEW, DLB_DIRECTED, bench_dir_port(&s->b, VICTIM), 0, 7, 666),
	};

	/* Its own ports are open, and as far as they go its own. */
	bench_set_up(&s->b, HOSTILE, 512);
	for (uint64_t off = DLB_PP_WINDOW_DIR - DLB_PP_SIZE; off < DLB_BAR0_BYTES; off += 2048)
		for (unsigned int len = 16; len <= 64; len += 48)
			dev->ops->post(dev, 0, off, line, len);
	rig_step(&s->b.client[HOSTILE]);
	unchanged(s);
	victim_lost_nothing(s);
}

/* ---- Names of others in registers of one's own ---- */

static void
ports_and_queues_of_others_cannot_be_named(void **state)
{
	struct scene *s = *state;
	struct bench *b = &s->b;
	struct rig *r = &b->client[HOSTILE];
	uint32_t p = bench_ldb_port(b, HOSTILE), q = bench_ldb_queue(b, HOSTILE);
	uint32_t d = bench_dir_port(b, HOSTILE), entry = b->hub->share[HOSTILE].history[0];

	bench_set_up(b, HOSTILE, 512);
	/* The victim is domain 0 with queue 0, which is also what reset values name. */
	for (uint32_t vas = 0; vas < 32; vas++) {
		rig_write(r, DLB_SYS_LDB_PP2VAS, p, vas);
		rig_write(r, DLB_CHP_LDB_CQ2VAS, p, vas);
		rig_write(r, DLB_SYS_DIR_PP2VAS, d, vas);
		rig_write(r, DLB_CHP_DIR_CQ2VAS, d, vas);
		assert_int_equal(bench_peek(b, DLB_SYS_LDB_PP2VAS, p), HOSTILE);
		assert_int_equal(bench_peek(b, DLB_CHP_LDB_CQ2VAS, p), HOSTILE);
		assert_int_equal(bench_peek(b, DLB_SYS_DIR_PP2VAS, d), HOSTILE);
		assert_int_equal(bench_peek(b, DLB_CHP_DIR_CQ2VAS, d), HOSTILE);
	}
	for (uint32_t n = 0; n < 128; n++) {
		uint32_t valid;

		rig_write(r, DLB_LSP_CQ2PRIOV, p, 0xff000000);
		rig_write(r, DLB_LSP_CQ2QID0, p, n * 0x01010101u);
		rig_write(r, DLB_LSP_CQ2QID1, p, n * 0x01010101u);
		valid = bench_peek(b, DLB_LSP_CQ2PRIOV, p) >> 24;
		for (unsigned int k = 0; k < 8; k++) {
			uint32_t word = bench_peek(b, k < 4 ? DLB_LSP_CQ2QID0 : DLB_LSP_CQ2QID1, p);

			if (valid >> k & 1)
				assert_true(dlb_share_has_queue(&b->hub->share[HOSTILE],
								word >> k % 4 * 8 & 0x7f));
		}
	}
	for (uint32_t n = 0; n < 2048; n += 7) {
		uint32_t lim, base;

		rig_write(r, DLB_CHP_HIST_LIST_BASE, p, n);
		rig_write(r, DLB_CHP_HIST_LIST_LIM, p, n);
		rig_write(r, DLB_CHP_HIST_LIST_PUSH_PTR, p, n | 0x2000);
		base = bench_peek(b, DLB_CHP_HIST_LIST_BASE, p);
		lim = bench_peek(b, DLB_CHP_HIST_LIST_LIM, p);
		assert_in_range(base, entry, entry + 1023);
		assert_in_range(lim, entry, entry + 1023);
	}
	rig_write(r, DLB_SYS_LDB_CQ_PASID, p, 1u << 22);
	assert_int_equal(bench_peek(b, DLB_SYS_LDB_CQ_PASID, p), 1u << 22 | HOSTILE);
	rig_write(r, DLB_SYS_LDB_CQ_ISR, p, 3u << 10);
	rig_write(r, DLB_SYS_LDB_CQ_ISR, p, 1u << 10);
	assert_int_equal(REG_GET(DLB_SYS_LDB_CQ_ISR_EN_CODE, bench_peek(b, DLB_SYS_LDB_CQ_ISR, p)),
			 0);
	rig_write(r, DLB_LSP_QID_AQED_ACTIVE_LIM, q, 1025);
	assert_int_equal(bench_peek(b, DLB_LSP_QID_AQED_ACTIVE_LIM, q), 64);
	/* The victim's windows: numbers of somebody else's order. */
	rig_write(r, DLB_CHP_ORD_QID_SN_MAP, q, b->hub->pool.sn_mode[0]);
	rig_write(r, DLB_SYS_LDB_QID_CFG_V, q, 3);
	assert_int_equal(bench_peek(b, DLB_SYS_LDB_QID_CFG_V, q), 2);
	rig_write(r, DLB_LSP_LDB_SCHED_CTRL, 0, bench_ldb_port(b, VICTIM) | 0xf000);
	assert_int_equal(bench_peek(b, DLB_LSP_LDB_SCHED_CTRL, 0), 0);
	unchanged(s);
	victim_lost_nothing(s);
}

/* Its credits are its part of the storage, however often it writes them. */
static void
credits_cannot_be_multiplied(void **state)
{
	struct scene *s = *state;
	struct bench *b = &s->b;
	struct rig *r = &b->client[HOSTILE];
	bool v20 = r->version == DLB_V20;
	enum dlb_reg row = v20 ? DLB_CHP_CFG_LDB_VAS_CRD : DLB_CHP_CFG_VAS_CRD;
	uint32_t all = v20 ? 4096 : 8192, stored = 0;

	rig_write(r, row, HOSTILE, all + 1);
	assert_int_equal(bench_peek(b, row, HOSTILE), 0);
	bench_set_up(b, HOSTILE, 512);
	rig_enable(r, bench_ldb_port(b, HOSTILE), false);
	for (unsigned int round = 0; round < 4; round++) {
		/* With ports open, never. */
		rig_write(r, row, HOSTILE, all);
		assert_true(bench_peek(b, row, HOSTILE) != all || round > 0);
		rig_write(r, DLB_SYS_LDB_PP_V, bench_ldb_port(b, HOSTILE), 0);
		rig_write(r, DLB_SYS_LDB_PP_V, bench_ldb_port(b, HOSTILE) + 1, 0);
		rig_write(r, DLB_SYS_DIR_PP_V, bench_dir_port(b, HOSTILE), 0);
		rig_write(r, row, HOSTILE, all - stored + 1);
		assert_true(bench_peek(b, row, HOSTILE) <= all - stored);
		rig_write(r, row, HOSTILE, all - stored);
		assert_int_equal(bench_peek(b, row, HOSTILE), all - stored);
		rig_write(r, DLB_SYS_LDB_PP_V, bench_ldb_port(b, HOSTILE) + 1, 1);
		for (uint32_t n = 0; n < all + 100; n++)
			bench_new(b, HOSTILE, n);
		rig_step(r);
		stored = rig_depth(r, bench_ldb_queue(b, HOSTILE));
		assert_int_equal(stored, all);
	}
	victim_lost_nothing(s);
}

/* ---- Anything at all ---- */

static uint64_t
some_offset(struct scene *s, uint32_t *seed, unsigned int *bar)
{
	const struct reg_row *row;
	enum dlb_version v = s->b.hub->version;

	do {
		row = &dlb_reg_rows[rig_draw(seed) % DLB_REG_COUNT];
	} while (row->offset[v] == REG_NONE || row->bar == REG_BAR_VF);
	*bar = row->bar;
	return row->offset[v] + (uint64_t)(rig_draw(seed) % row->count[v]) * row->stride;
}

static void
one_thing(struct scene *s, uint32_t *seed)
{
	struct bus_device *dev = s->b.client[HOSTILE].dev;
	unsigned char bytes[64];
	unsigned int bar;
	uint64_t off = some_offset(s, seed, &bar);

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = rig_draw(seed) % 3 ? (unsigned char)rig_draw(seed) : 0;
	switch (rig_draw(seed) % 16) {
	case 0:
		dev->ops->config(dev, (uint16_t)(rig_draw(seed) % 512), bytes,
				 1 + rig_draw(seed) % 4, true);
		rig_command(&s->b.client[HOSTILE], RIG_COMMAND_ON);
		break;
	case 1:
		dev->ops->step(dev, 0);
		break;
	case 2:
	case 3:
	case 4:
		dev->ops->post(dev, 0, DLB_PP_WINDOW_DIR + (uint64_t)(rig_draw(seed) % 1024) * 4096,
			       bytes, rig_draw(seed) % 2 ? 64 : 16);
		break;
	case 5:
		dev->ops->read(dev, bar, off, 1u << rig_draw(seed) % 4);
		break;
	case 6:
		if (rig_draw(seed) % 64 == 0)
			dev->ops->reset(dev, rig_draw(seed) % 2 ? BUS_RESET_POWER
								: BUS_RESET_FUNCTION);
		rig_command(&s->b.client[HOSTILE], RIG_COMMAND_ON);
		break;
	default:
		dev->ops->write(dev, bar, off,
				rig_draw(seed) % 2 ? rig_draw(seed) % 256 : rig_draw(seed) << 8, 4);
	}
}

static void
random_accesses_harm_nobody(void **state)
{
	struct scene *s = *state;
	uint32_t seed = 5;

	bench_set_up(&s->b, HOSTILE, 512);
	for (unsigned int n = 0; n < 30000; n++)
		one_thing(s, &seed);
	/* Its interrupts and events may be anywhere but with others. */
	s->b.client[HOSTILE].dev->ops->reset(s->b.client[HOSTILE].dev, BUS_RESET_POWER);
	assert_false(dlb_hub_failed(s->b.hub));
	unchanged(s);
	victim_lost_nothing(s);
}

#define ON_EACH(f)                                                                  \
	{.name = #f " on 2.0", .test_func = f, .setup_func = scene_20,              \
	 .teardown_func = scene_close},                                             \
	{                                                                           \
		.name = #f " on 2.5", .test_func = f, .setup_func = scene_25,       \
		.teardown_func = scene_close                                        \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EACH(no_register_of_others_can_be_changed),
		ON_EACH(nothing_of_others_can_be_read),
		ON_EACH(no_page_of_others_can_be_posted_to),
		ON_EACH(ports_and_queues_of_others_cannot_be_named),
		ON_EACH(credits_cannot_be_multiplied),
		ON_EACH(random_accesses_harm_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
