/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <sys/mman.h>
#include <unistd.h>

#include "dlb_reg_table.h"
#include "dlb_share_bench.h"

/* What a client leaves behind when it goes, in whatever state, and that nobody else notices. */

#define STAYS 0u
#define GOES  1u

static int
setup(void **state, enum dlb_version version)
{
	struct bench *b = malloc(sizeof(*b));

	*state = b;
	if (b == NULL || bench_open(b, version, 2) < 0)
		return -1;
	bench_set_up(b, STAYS, 512);
	return 0;
}

static int
bench_20(void **state)
{
	return setup(state, DLB_V20);
}

static int
bench_25(void **state)
{
	return setup(state, DLB_V25);
}

static int
teardown(void **state)
{
	bench_close(*state);
	free(*state);
	return 0;
}

/* ---- A mess ---- */

/* An ordered queue whose first number is out while later ones wait for it in the reorder stage. */
static void
leave_numbers_open(struct bench *b)
{
	struct rig *r = &b->client[GOES];
	uint32_t q = bench_ldb_queue(b, GOES) + 1, p = bench_ldb_port(b, GOES);
	struct dlb_qe qe;

	for (uint32_t n = 0; n < 8; n++)
		rig_send_one(r, p + 1, rig_hcw(DLB_CMD_NEW, DLB_ORDERED, q, 0, 0, n));
	rig_step(r);
	/* Whoever got the first keeps it; the other forwards, to a directed queue. */
	for (uint32_t port = p + 2; port < p + 4; port++)
		while (rig_poll(r, port, &qe) && qe.data != 0)
			rig_forward(r, port, DLB_DIRECTED, bench_dir_port(b, GOES), 0, qe.data);
	rig_step(r);
}

static struct rig_queue
ordered_queue(const struct bench *b)
{
	struct rig_queue how = rig_queue_plain();
	uint32_t slot = 0, group = 0;

	while (!dlb_share_has_slot(&b->hub->share[GOES], group, slot))
		if (++slot == DLB_SN_SLOTS)
			slot = 0, group++;
	how.sn_mode = b->hub->pool.sn_mode[group];
	how.sn_group = group;
	how.sn_slot = slot;
	how.inflights = (uint32_t)DLB_SN_MIN << how.sn_mode;
	return how;
}

/* Everything section 8.1 has a step for: events waiting and in flight, tokens not returned, an
 * unlinked queue with events, a paused one, a shallow port, a disabled one.
 */
static void
make_a_mess(struct bench *b)
{
	struct rig *r = &b->client[GOES];
	uint32_t q = bench_ldb_queue(b, GOES), p = bench_ldb_port(b, GOES);

	rig_domain(r, GOES, 1500, 500);
	for (uint32_t i = 0; i < 12; i++)
		rig_ldb_queue(r, GOES, q + i, i == 1 ? ordered_queue(b) : rig_queue_plain());
	for (uint32_t i = 0; i < 4; i++)
		rig_ldb_port(r, GOES, p + i, i == 3 ? 2 : 16, 16);
	rig_dir_port(r, GOES, bench_dir_port(b, GOES), 4);
	rig_dir_queue(r, GOES, bench_dir_port(b, GOES), 256);
	rig_link(r, q, p, 0, 0);
	rig_link(r, q + 2, p, 1, 3);
	rig_link(r, q + 1, p + 2, 0, 0);
	rig_link(r, q + 1, p + 3, 0, 0);
	rig_start(r, GOES);
	leave_numbers_open(b);
	for (uint64_t n = 0; n < 40; n++)
		for (uint32_t i = 0; i < 12; i++)
			rig_send_one(r, p + 1, rig_hcw(DLB_CMD_NEW, n % 2 ? DLB_ATOMIC
									  : DLB_UNORDERED,
						       q + i, n % 8, n % 5, n));
	for (uint64_t n = 0; n < 60; n++)
		bench_new_directed(b, GOES, n);
	rig_step(r);
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, q + 2, 0);
	rig_enable(r, p + 2, false);
	/* Armed, and never to be deep enough. */
	rig_write(r, DLB_CHP_LDB_CQ_INTR_ARMED0, 0, UINT32_MAX);
	rig_write(r, DLB_CHP_LDB_CQ_INTR_ARMED1, 0, UINT32_MAX);
	rig_write(r, DLB_CHP_DIR_CQ_INTR_ARMED0, 0, UINT32_MAX);
	rig_write(r, DLB_SYS_LDB_PP_V, p + 3, 0);
	/* Some of it never left the ring. */
	for (uint64_t n = 0; n < 20; n++)
		bench_new(b, GOES, n);
}

/* ---- As new ---- */

static void
same_as(struct bench *b, struct bench *fresh, const struct reg_row *row, uint64_t off)
{
	uint32_t now = (uint32_t)b->model->ops->read(b->model, row->bar, off, 4);
	uint32_t new = (uint32_t)fresh->model->ops->read(fresh->model, row->bar, off, 4);

	if (now != new)
		fail_msg("%s at %#llx: %#x, in a new device %#x", row->name,
			 (unsigned long long)off, now, new);
}

/* Every register of the device, but for what the other client has, and what all of them did. */
static void
share_is_as_new(struct bench *b)
{
	enum dlb_version v = b->hub->version;
	struct bench *fresh = malloc(sizeof(*fresh));
	struct reg_at at;

	assert_int_equal(bench_open(fresh, v, 2), 0);
	for (unsigned int r = 0; r < DLB_REG_COUNT; r++) {
		const struct reg_row *row = &dlb_reg_rows[r];

		at = (struct reg_at){.row = (uint16_t)r};
		if (row->offset[v] == REG_NONE || row->bar != REG_BAR_2)
			continue;
		/* The last record taken out, what everybody got, and what a client cannot see. */
		if (strstr(row->name, "ALARM_PF") || strstr(row->name, "_SCH_CNT_"))
			continue;
		for (at.i = 0; at.i < row->count[v]; at.i++)
			for (at.word = 0; at.word < row->words; at.word++)
				if (!dlb_share_is_object(r) ||
				    dlb_share_owns(&b->hub->share[GOES], at))
					same_as(b, fresh, row,
						row->offset[v] + (uint64_t)at.i * row->stride +
							(uint64_t)at.word * row->word_stride);
	}
	bench_close(fresh);
	free(fresh);
}

static void
passes_events(struct bench *b, unsigned int c)
{
	uint32_t p = bench_ldb_port(b, c), d = RIG_DIR(bench_dir_port(b, c));

	for (uint64_t n = 0; n < 300; n++) {
		bench_new(b, c, n);
		bench_new_directed(b, c, n);
		rig_step(&b->client[c]);
		expect_qe(&b->client[c], p, n);
		expect_qe(&b->client[c], d, n);
		rig_finish(&b->client[c], p);
		rig_tokens(&b->client[c], d, 1);
	}
	expect_nothing(&b->client[c], p);
}

static void
next_client_finds_the_domain_clean(void **state)
{
	struct bench *b = *state;

	for (unsigned int round = 0; round < 3; round++) {
		make_a_mess(b);
		bench_hang_up(b, GOES);
		assert_false(dlb_hub_failed(b->hub));
		share_is_as_new(b);
		bench_attach(b, GOES);
		bench_set_up(b, GOES, 512);
		passes_events(b, GOES);
		passes_events(b, STAYS);
		bench_hang_up(b, GOES);
		bench_attach(b, GOES);
	}
	assert_int_equal(b->client[GOES].host.irqs, 0);
	assert_int_equal(dlb_model_lost(b->model), 0);
	assert_int_equal(dlb_model_stray(b->model), 0);
}

/* The one that stays has events on their way meanwhile, and misses none. */
static void
others_do_not_notice(void **state)
{
	struct bench *b = *state;
	struct rig *r = &b->client[STAYS];
	uint32_t p = bench_ldb_port(b, STAYS);

	make_a_mess(b);
	for (uint64_t n = 0; n < 200; n++)
		bench_new(b, STAYS, n);
	rig_step(r);
	bench_hang_up(b, GOES);
	for (uint64_t n = 0; n < 200; n++) {
		expect_qe(r, p, n);
		rig_finish(r, p);
		rig_step(r);
	}
	expect_nothing(r, p);
	assert_int_equal(rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0), 0);
	assert_int_equal(r->host.faults, 0);
}

/* A function-level reset by a client is one of its share. */
static void
flr_resets_the_share_alone(void **state)
{
	struct bench *b = *state;
	struct rig *r = &b->client[GOES];
	uint32_t waiting;

	make_a_mess(b);
	for (uint64_t n = 0; n < 100; n++)
		bench_new(b, STAYS, n);
	rig_step(&b->client[STAYS]);
	waiting = rig_depth(&b->client[STAYS], bench_ldb_queue(b, STAYS));
	assert_int_equal(waiting, 36);
	rig_config_write(r, 0x6c + PCI_PCIE_DEVCTL, 2, 0xa910);
	share_is_as_new(b);
	assert_int_equal(rig_config_read(r, PCI_CFG_COMMAND, 2), 0);
	assert_int_equal(rig_config_read(&b->client[STAYS], PCI_CFG_COMMAND, 2), RIG_COMMAND_ON);
	assert_int_equal(rig_depth(&b->client[STAYS], bench_ldb_queue(b, STAYS)), waiting);
	bench_attach(b, GOES);
	bench_set_up(b, GOES, 512);
	passes_events(b, GOES);
}

/* Nothing of what was in its CQs reaches its memory once it is reset. */
static void
drained_events_reach_nobody(void **state)
{
	struct bench *b = *state;
	struct rig *r = &b->client[GOES];
	unsigned char *before = malloc(r->host.size);

	make_a_mess(b);
	rig_flush(r);
	memcpy(before, r->host.memory, r->host.size);
	r->dev->ops->reset(r->dev, BUS_RESET_FUNCTION);
	assert_memory_equal(before, r->host.memory, r->host.size);
	free(before);
}

/* Whoever kept the memory of the rings talks to nobody. */
static void
rings_of_the_last_client_are_not_the_next_ones(void **state)
{
	struct bench *b = *state;
	struct dlb_share *s = &b->hub->share[GOES];
	size_t bytes = s->nb_rings * sizeof(struct line_ring);
	int fd = s->ring_fd, kept = dup(fd);
	struct line_ring *old, *at = s->rings;
	struct line_poster poster = {0};
	struct dlb_qe line[4] = {rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, bench_ldb_queue(b, GOES), 0, 1, 9)};

	old = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, kept, 0);
	make_a_mess(b);
	bench_hang_up(b, GOES);
	/* What was said of the bars before still holds. */
	assert_ptr_equal(s->rings, at);
	assert_int_equal(s->ring_fd, fd);
	bench_attach(b, GOES);
	bench_set_up(b, GOES, 512);
	for (unsigned int i = 0; i < s->nb_rings; i++) {
		poster.ring = &old[i];
		line_ring_resume(&poster);
		line_ring_post(&poster, line, 64);
		atomic_store(&old[i].tail, 77);
	}
	rig_step(&b->client[GOES]);
	expect_nothing(&b->client[GOES], bench_ldb_port(b, GOES));
	passes_events(b, GOES);
	/* Nor can they be cut short under the device. */
	assert_int_equal(ftruncate(s->ring_fd, 0), -1);
	munmap(old, bytes);
	close(kept);
}

/* A reset leaves the rings where a live client's indices say they are. */
static void
a_live_client_keeps_its_rings(void **state)
{
	struct bench *b = *state;
	struct dlb_share *s = &b->hub->share[GOES];
	int fd = s->ring_fd;

	make_a_mess(b);
	b->client[GOES].dev->ops->reset(b->client[GOES].dev, BUS_RESET_FUNCTION);
	assert_int_equal(s->ring_fd, fd);
	for (unsigned int i = 0; i < s->nb_rings; i++)
		assert_int_equal(atomic_load(&s->rings[i].head), atomic_load(&s->rings[i].tail));
}

/* ---- KR15: a device that does not come clean ---- */

struct liar {
	struct bus_device dev;
	struct bus_device *behind;
	uint64_t about; /* the register that always shows something */
	struct line_ring *meddle; /* where its steps put a command, or NULL */
	unsigned int steps;
};

static uint64_t
liar_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct liar *l = (struct liar *)dev;
	uint64_t value = l->behind->ops->read(l->behind, bar, off, size);

	return bar == 2 && off == l->about ? 1 : value;
}

static void
liar_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value, unsigned int size)
{
	struct bus_device *behind = ((struct liar *)dev)->behind;

	behind->ops->write(behind, bar, off, value, size);
}

static void
liar_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	  unsigned int len)
{
	struct bus_device *behind = ((struct liar *)dev)->behind;

	behind->ops->post(behind, bar, off, line, len);
}

static uint64_t
liar_step(struct bus_device *dev, uint64_t now_ns)
{
	struct liar *l = (struct liar *)dev;
	struct line_poster poster = {.ring = l->meddle};
	struct dlb_qe line[4] = {rig_hcw(DLB_CMD_ARM, 0, 0, 0, 0, 0)};

	l->steps++;
	if (l->meddle != NULL) {
		line_ring_resume(&poster);
		line_ring_post(&poster, line, 64);
	}
	return l->behind->ops->step(l->behind, now_ns);
}

static void
liar_reset(struct bus_device *dev, enum bus_reset kind)
{
	struct liar *l = (struct liar *)dev;

	l->about = UINT64_MAX;
	l->behind->ops->reset(l->behind, kind);
}

static void
liar_remap(struct bus_device *dev)
{
	struct bus_device *behind = ((struct liar *)dev)->behind;

	behind->ops->remap(behind);
}

static int
liar_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct bus_device *behind = ((struct liar *)dev)->behind;

	return behind->ops->config(behind, off, bytes, len, write);
}

static const struct bus_device_ops liar_ops = {
	.read = liar_read,
	.write = liar_write,
	.post = liar_post,
	.step = liar_step,
	.reset = liar_reset,
	.remap = liar_remap,
	.config = liar_config,
};

static void
a_failed_reset_closes_the_device_until_all_are_gone(void **state)
{
	struct bench *b = *state;
	struct liar liar = {.dev.ops = &liar_ops, .behind = b->model};

	bench_set_up(b, GOES, 512);
	liar.about = rig_offset(&b->client[GOES], DLB_LSP_CQ_LDB_INFL_CNT, bench_ldb_port(b, GOES));
	b->hub->dev = &liar.dev;
	bench_hang_up(b, GOES);
	assert_true(dlb_hub_failed(b->hub));
	assert_non_null(strstr(b->line, "DOMAIN_RESET_FAILED"));

	/* The one that is there goes on; the domain has nothing for anybody. */
	passes_events(b, STAYS);
	rig_command(&b->client[GOES], RIG_COMMAND_ON);
	assert_int_equal(rig_config_read(&b->client[GOES], 0, 4), UINT32_MAX);
	assert_int_equal(rig_read(&b->client[GOES], DLB_SYS_TOTAL_VAS, 0), UINT32_MAX);

	/* When it goes as well, the device is reset, and everything is as before. */
	bench_hang_up(b, STAYS);
	assert_false(dlb_hub_failed(b->hub));
	for (unsigned int c = 0; c < 2; c++) {
		bench_attach(b, c);
		bench_set_up(b, c, 512);
		passes_events(b, c);
	}
	b->hub->dev = b->model;
}

/* A client that goes on posting while its share is reset: nobody takes any of it. */
static void
a_client_cannot_meddle_with_its_reset(void **state)
{
	struct bench *b = *state;
	struct liar liar = {.dev.ops = &liar_ops, .behind = b->model, .about = UINT64_MAX};

	make_a_mess(b);
	liar.meddle = &b->hub->share[GOES].rings[0];
	b->hub->dev = &liar.dev;
	b->client[GOES].dev->ops->reset(b->client[GOES].dev, BUS_RESET_FUNCTION);
	b->hub->dev = b->model;
	assert_true(liar.steps > 0);
	assert_false(dlb_hub_failed(b->hub));
	share_is_as_new(b);
	rig_command(&b->client[GOES], RIG_COMMAND_ON);
	rig_write(&b->client[GOES], DLB_SYS_LDB_PP_V, bench_ldb_port(b, GOES), 1);
	assert_int_equal(rig_read(&b->client[GOES], DLB_CHP_LDB_CQ_INTR_ARMED0, 0) |
				 rig_read(&b->client[GOES], DLB_CHP_LDB_CQ_INTR_ARMED1, 0),
			 0);
}

/* Nor does anybody get in anew who was there before. */
static void
nobody_new_gets_in_after_a_failed_reset(void **state)
{
	struct bench *b = *state;
	struct liar liar = {.dev.ops = &liar_ops, .behind = b->model};
	struct rig *r = &b->client[GOES];

	liar.about = rig_offset(r, DLB_LSP_CQ_LDB_INFL_CNT, bench_ldb_port(b, STAYS));
	bench_set_up(b, GOES, 512);
	b->hub->dev = &liar.dev;
	bench_hang_up(b, STAYS);
	assert_true(dlb_hub_failed(b->hub));
	passes_events(b, GOES);
	r->dev->ops->reset(r->dev, BUS_RESET_FUNCTION);
	/* That was the last one. */
	assert_false(dlb_hub_failed(b->hub));
	b->hub->dev = b->model;
}

#define ON_EACH(f)                                                               \
	{.name = #f " on 2.0", .test_func = f, .setup_func = bench_20,           \
	 .teardown_func = teardown},                                             \
	{                                                                        \
		.name = #f " on 2.5", .test_func = f, .setup_func = bench_25,    \
		.teardown_func = teardown                                        \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EACH(next_client_finds_the_domain_clean),
		ON_EACH(others_do_not_notice),
		ON_EACH(flr_resets_the_share_alone),
		ON_EACH(drained_events_reach_nobody),
		ON_EACH(rings_of_the_last_client_are_not_the_next_ones),
		ON_EACH(a_live_client_keeps_its_rings),
		ON_EACH(a_failed_reset_closes_the_device_until_all_are_gone),
		ON_EACH(a_client_cannot_meddle_with_its_reset),
		ON_EACH(nobody_new_gets_in_after_a_failed_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
