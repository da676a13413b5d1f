/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <jansson.h>
#include <sys/mman.h>

#include "dlb_share_bench.h"

/* Shares as their clients see them. */

static int
setup(void **state, enum dlb_version version, unsigned int clients)
{
	struct bench *b = malloc(sizeof(*b));

	*state = b;
	return b == NULL ? -1 : bench_open(b, version, clients);
}

static int
two_of_25(void **state)
{
	return setup(state, DLB_V25, 2);
}

static int
two_of_20(void **state)
{
	return setup(state, DLB_V20, 2);
}

static int
four_of_25(void **state)
{
	return setup(state, DLB_V25, 4);
}

static int
teardown(void **state)
{
	bench_close(*state);
	free(*state);
	return 0;
}

/* Whatever the one does, the other gets its own, and everything of it. */
static void
domains_pass_events_side_by_side(void **state)
{
	struct bench *b = *state;
	uint32_t p[2] = {bench_ldb_port(b, 0), bench_ldb_port(b, 1)};

	bench_set_up(b, 0, 512);
	bench_set_up(b, 1, 512);
	for (uint64_t n = 0; n < 2000; n++) {
		for (unsigned int c = 0; c < 2; c++) {
			bench_new(b, c, n << 1 | c);
			bench_new_directed(b, c, n << 1 | c);
		}
		rig_step(&b->client[n % 2]);
		for (unsigned int c = 0; c < 2; c++) {
			expect_qe(&b->client[c], p[c], n << 1 | c);
			rig_finish(&b->client[c], p[c]);
			expect_qe(&b->client[c], RIG_DIR(bench_dir_port(b, c)), n << 1 | c);
			rig_tokens(&b->client[c], RIG_DIR(bench_dir_port(b, c)), 1);
			expect_nothing(&b->client[c], p[c]);
		}
	}
	assert_int_equal(b->lines, 0);
	assert_int_equal(dlb_hub_refused(b->hub, 0) + dlb_hub_refused(b->hub, 1), 0);
	assert_int_equal(dlb_model_lost(b->model), 0);
	assert_int_equal(dlb_model_stray(b->model), 0);
}

/* Both have their memory at the same addresses. */
static void
a_cq_writes_to_its_own_clients_memory(void **state)
{
	struct bench *b = *state;
	struct rig *other = &b->client[1];
	uint32_t p = bench_ldb_port(b, 0);
	unsigned char *before = malloc(other->host.size);

	bench_set_up(b, 0, 512);
	bench_set_up(b, 1, 512);
	memcpy(before, other->host.memory, other->host.size);
	bench_new(b, 0, 7);
	rig_step(&b->client[0]);
	expect_qe(&b->client[0], p, 7);
	assert_memory_equal(before, other->host.memory, other->host.size);
	assert_int_equal(other->host.faults, 0);
	free(before);
}

/* Its client has no memory: the other one's is not used in its place. */
static void
without_memory_events_are_lost_not_misled(void **state)
{
	struct bench *b = *state;

	bench_set_up(b, 0, 512);
	bench_set_up(b, 1, 512);
	dlb_hub_share_host(b->hub, 0, NULL);
	b->client[0].dev->ops->remap(b->client[0].dev);
	bench_new(b, 0, 7);
	rig_step(&b->client[0]);
	assert_int_equal(dlb_model_lost(b->model), 1);
	expect_nothing(&b->client[1], bench_ldb_port(b, 1));
}

static void
sending_to_the_others_queue_is_an_alarm_of_the_sender(void **state)
{
	struct bench *b = *state;
	uint32_t synd0;

	bench_set_up(b, 0, 512);
	bench_set_up(b, 1, 512);
	rig_write(&b->client[0], DLB_SYS_INGRESS_ALARM_ENBL, 0, 0x3f);
	rig_write(&b->client[1], DLB_SYS_INGRESS_ALARM_ENBL, 0, 0x3f);
	rig_send_one(&b->client[0], bench_ldb_port(b, 0),
		     rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, bench_ldb_queue(b, 1), 0, 0, 1));
	/* A read is enough for it to show. */
	synd0 = rig_read(&b->client[0], DLB_SYS_ALARM_PF_SYND0, 0);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_VALID, synd0), 1);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_AID, synd0), 3);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_SYNDROME, synd0), bench_ldb_port(b, 0));
	assert_int_equal(rig_read(&b->client[1], DLB_SYS_ALARM_PF_SYND0, 0), 0);
	expect_nothing(&b->client[1], bench_ldb_port(b, 1));

	/* It does not take the place of the other one's first alarm. */
	rig_finish(&b->client[1], bench_ldb_port(b, 1));
	rig_step(&b->client[1]);
	synd0 = rig_read(&b->client[1], DLB_SYS_ALARM_PF_SYND0, 0);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_VALID, synd0), 1);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_SOURCE, synd0), 1);
	rig_write(&b->client[1], DLB_SYS_ALARM_PF_SYND0, 0, 0xc0000000);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_VALID,
				 rig_read(&b->client[1], DLB_SYS_ALARM_PF_SYND0, 0)),
			 0);
}

/* ---- Interrupts ---- */

static void
vectors_on(struct rig *r)
{
	uint32_t control = rig_config_read(r, 0x62, 2);

	for (uint32_t v = 0; v < DLB_MSIX_VECTORS; v++)
		r->dev->ops->write(r->dev, 0, DLB_MSIX_TABLE_AT + v * 16 + 12, 0, 4);
	rig_config_write(r, 0x62, 2, control | PCI_MSIX_ENABLE);
}

static void
arm(struct bench *b, unsigned int c, uint32_t vector)
{
	struct rig *r = &b->client[c];
	uint32_t p = bench_ldb_port(b, c);

	rig_write(r, DLB_CHP_LDB_CQ_INT_DEPTH_THRSH, p, 0);
	rig_write(r, DLB_CHP_LDB_CQ_INT_ENB, p, 2);
	rig_write(r, DLB_SYS_LDB_CQ_ISR, p,
		  (uint32_t)(REG_PUT(DLB_SYS_LDB_CQ_ISR_EN_CODE, 2) |
			     REG_PUT(DLB_SYS_LDB_CQ_ISR_VECTOR, vector)));
	rig_send_one(r, p, rig_hcw(DLB_CMD_ARM, 0, 0, 0, 0, 0));
}

/* Vector 5 of the one is not vector 5 of the other. */
static void
interrupts_go_to_the_ports_owner(void **state)
{
	struct bench *b = *state;

	for (unsigned int c = 0; c < 2; c++) {
		bench_set_up(b, c, 512);
		vectors_on(&b->client[c]);
		arm(b, c, 5);
	}
	bench_new(b, 1, 1);
	rig_step(&b->client[0]);
	assert_int_equal(b->client[0].host.irqs, 0);
	assert_int_equal(b->client[1].host.irqs, 1);
	assert_int_equal(REG_GET(DLB_SYS_LDB_CQ_ISR_EN_CODE,
				 rig_read(&b->client[1], DLB_SYS_LDB_CQ_ISR, bench_ldb_port(b, 1))),
			 2);
	bench_new(b, 0, 1);
	rig_step(&b->client[0]);
	assert_int_equal(b->client[0].host.irqs, 1);
	assert_int_equal(b->client[1].host.irqs, 1);
}

static void
masked_vectors_stay_pending(void **state)
{
	struct bench *b = *state;
	struct rig *r = &b->client[1];

	bench_set_up(b, 1, 512);
	vectors_on(r);
	r->dev->ops->write(r->dev, 0, DLB_MSIX_TABLE_AT + 6 * 16 + 12, 1, 4);
	arm(b, 1, 5);
	bench_new(b, 1, 1);
	rig_step(r);
	assert_int_equal(r->host.irqs, 0);
	assert_int_equal(r->dev->ops->read(r->dev, 0, DLB_MSIX_PBA_AT, 4), 1u << 6);
	r->dev->ops->write(r->dev, 0, DLB_MSIX_TABLE_AT + 6 * 16 + 12, 0, 4);
	assert_int_equal(r->host.irqs, 1);
	assert_int_equal(r->dev->ops->read(r->dev, 0, DLB_MSIX_PBA_AT, 4), 0);
}

/* ---- COMMAND ---- */

static void
command_switches_one_share(void **state)
{
	struct bench *b = *state;
	struct rig *r = &b->client[0];

	bench_set_up(b, 0, 512);
	bench_set_up(b, 1, 512);
	rig_command(r, 0);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), UINT32_MAX);
	bench_new(b, 0, 1);
	bench_new(b, 1, 2);
	rig_step(r);
	expect_nothing(r, bench_ldb_port(b, 0));
	expect_qe(&b->client[1], bench_ldb_port(b, 1), 2);
	rig_command(r, RIG_COMMAND_ON);
	bench_new(b, 0, 3);
	rig_step(r);
	expect_qe(r, bench_ldb_port(b, 0), 3);
}

/* Lines in shared rings pass no share, and CQs are written by the device alone. */
static void
without_command_the_device_leaves_the_share_alone(void **state)
{
	struct bench *b = *state;
	struct rig *r = &b->client[1];
	struct line_poster poster = {.ring = &b->hub->share[1].rings[1]};
	struct dlb_qe line[4] = {rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, bench_ldb_queue(b, 1), 0, 1, 9)};

	bench_set_up(b, 1, 512);
	rig_command(r, PCI_CFG_COMMAND_MEMORY);
	bench_new(b, 1, 1);
	rig_step(r);
	expect_nothing(r, bench_ldb_port(b, 1));
	rig_command(r, RIG_COMMAND_ON);
	rig_step(r);
	expect_qe(r, bench_ldb_port(b, 1), 1);

	rig_command(r, 0);
	line_ring_resume(&poster);
	line_ring_post(&poster, line, 64);
	rig_step(r);
	rig_command(r, RIG_COMMAND_ON);
	rig_step(r);
	expect_nothing(r, bench_ldb_port(b, 1));
}

/* ---- What it is told of itself ---- */

static void
about_names_what_it_has(void **state)
{
	struct bench *b = *state;
	json_t *about = json_loads(dlb_hub_about(b->hub, 1), 0, NULL);
	json_int_t queues[2], ports[2], pairs[2], history[2], domain, credits, atomic;
	const char *device, *version;

	assert_non_null(about);
	assert_int_equal(
		json_unpack(about, "{s:s,s:s,s:I,s:[I,I],s:[I,I],s:[I,I],s:[I,I],s:I,s:I}",
			    "device", &device, "version", &version, "domain", &domain, "ldb_queues",
			    &queues[0], &queues[1], "ldb_ports", &ports[0], &ports[1], "dir_ports",
			    &pairs[0], &pairs[1], "history", &history[0], &history[1],
			    "ldb_credits", &credits, "atomic", &atomic),
		0);
	assert_string_equal(device, "dlb");
	assert_string_equal(version, "2.5");
	assert_int_equal(domain, 1);
	assert_int_equal(queues[0], 8);
	assert_int_equal(queues[1], 15);
	assert_int_equal(ports[0], 16);
	assert_int_equal(ports[1], 31);
	assert_int_equal(pairs[0], 24);
	assert_int_equal(pairs[1], 47);
	assert_int_equal(history[0], 512);
	assert_int_equal(history[1], 1023);
	assert_int_equal(credits, 4096);
	assert_int_equal(atomic, 512);
	json_decref(about);
}

/* Only its own rings are offered, in a file of their own. */
static void
describe_offers_the_shares_rings_alone(void **state)
{
	struct bench *b = *state;
	struct bus_region regions[256];
	int n = b->client[1].dev->ops->describe(b->client[1].dev, regions, 256);
	unsigned int rings = 0;

	for (int i = 0; i < n; i++) {
		uint32_t page;

		if (regions[i].kind != BUS_LINE_RING) {
			assert_int_equal(regions[i].fd, -1);
			continue;
		}
		rings++;
		assert_int_equal(regions[i].fd, b->hub->share[1].ring_fd);
		page = (uint32_t)(regions[i].offset / DLB_PP_SIZE % 256);
		if (regions[i].offset >= DLB_PP_WINDOW_LDB)
			assert_true(dlb_share_has_port(&b->hub->share[1], false, page));
		else
			assert_true(dlb_share_has_port(&b->hub->share[1], true, page));
		assert_true(regions[i].fd_offset + sizeof(struct line_ring) <=
			    b->hub->share[1].nb_rings * sizeof(struct line_ring));
	}
	assert_int_equal(rings, 16 + 24);
}

/* Lines that a client puts into a ring itself arrive. */
static void
lines_in_shared_rings_arrive(void **state)
{
	struct bench *b = *state;
	struct dlb_share *s = &b->hub->share[1];
	struct line_poster poster = {0};
	struct dlb_qe line[4] = {rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, bench_ldb_queue(b, 1), 0, 1, 9)};
	void *rings = mmap(NULL, s->nb_rings * sizeof(struct line_ring), PROT_READ | PROT_WRITE,
			   MAP_SHARED, s->ring_fd, 0);

	bench_set_up(b, 1, 512);
	poster.ring = (struct line_ring *)rings + 1;
	line_ring_resume(&poster);
	line_ring_post(&poster, line, 64);
	rig_step(&b->client[1]);
	expect_qe(&b->client[1], bench_ldb_port(b, 1), 9);
	munmap(rings, s->nb_rings * sizeof(struct line_ring));
}

/* ---- Splits ---- */

static void
requests_are_honoured_and_the_rest_is_even(void **state)
{
	struct dlb_request requests[3];
	struct dlb_hub_config config = {.version = DLB_V25, .domains = 3, .requests = requests};
	struct dlb_hub *hub;

	(void)state;
	for (unsigned int d = 0; d < 3; d++)
		dlb_request_init(&requests[d]);
	requests[0].amount[DLB_RES_LDB_PORTS] = 32;
	assert_int_equal(dlb_request_set(&requests[1], "cos", "0:0:8:0"), 0);
	assert_int_equal(dlb_hub_create(&config, &hub), 0);
	assert_int_equal(dlb_pool_held(&hub->pool, 0, DLB_RES_LDB_PORTS), 32);
	assert_int_equal(dlb_pool_held(&hub->pool, 1, DLB_RES_LDB_PORTS), 8);
	assert_int_equal(dlb_pool_class_ports(&hub->pool, 1, 2), 8);
	assert_int_equal(dlb_pool_held(&hub->pool, 2, DLB_RES_LDB_PORTS), 24);
	assert_int_equal(dlb_pool_held(&hub->pool, 2, DLB_RES_HISTORY), 682);
	dlb_hub_destroy(hub);
}

/* More queues that order have fewer numbers each. */
static void
sequence_numbers_are_split_as_asked(void **state)
{
	static const struct {
		unsigned int domains, ordered, each, mode;
	} cases[] = {{1, 0, 4, 3}, {2, 0, 4, 2}, {4, 0, 4, 1}, {8, 0, 4, 0}, {32, 0, 1, 0},
		     {2, 16, 16, 0}, {2, 1, 1, 4}, {3, 3, 5, 1}};
	struct dlb_hub *hub;

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dlb_hub_config config = {.version = DLB_V25, .domains = cases[i].domains,
						.ordered = cases[i].ordered};

		assert_int_equal(dlb_hub_create(&config, &hub), 0);
		assert_int_equal(hub->pool.sn_mode[0], cases[i].mode);
		for (unsigned int d = 0; d < cases[i].domains; d++)
			assert_int_equal(dlb_pool_sequence_numbers(&hub->pool, d),
					 cases[i].each * (64u << cases[i].mode));
		dlb_hub_destroy(hub);
	}
	assert_int_equal(dlb_hub_create(&(struct dlb_hub_config){.version = DLB_V25, .domains = 2,
								 .ordered = 17},
					&hub),
			 -EINVAL);
}

static void
keep_line(void *arg, const char *line)
{
	snprintf(arg, 320, "%s", line);
}

static void
too_much_is_refused_with_the_range(void **state)
{
	char line[320] = "";
	struct dlb_request requests[2];
	struct dlb_hub_config config = {.version = DLB_V25, .domains = 2, .requests = requests,
					.log = keep_line, .arg = line};
	struct dlb_hub *hub;

	(void)state;
	dlb_request_init(&requests[0]);
	dlb_request_init(&requests[1]);
	requests[0].amount[DLB_RES_LDB_QUEUES] = 30;
	requests[1].amount[DLB_RES_LDB_QUEUES] = 3;
	assert_int_equal(dlb_hub_create(&config, &hub), -EINVAL);
	assert_non_null(strstr(line, "LDB_QUEUES_UNAVAILABLE: ldb_queues=3; accepted: 0..2"));
	config.domains = 33;
	assert_int_equal(dlb_hub_create(&config, &hub), -EINVAL);
}

#define ON_TWO(f)                                                                 \
	{.name = #f " on 2.0", .test_func = f, .setup_func = two_of_20,           \
	 .teardown_func = teardown},                                              \
	{                                                                         \
		.name = #f " on 2.5", .test_func = f, .setup_func = two_of_25,    \
		.teardown_func = teardown                                         \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TWO(domains_pass_events_side_by_side),
		ON_TWO(a_cq_writes_to_its_own_clients_memory),
		ON_TWO(without_memory_events_are_lost_not_misled),
		ON_TWO(sending_to_the_others_queue_is_an_alarm_of_the_sender),
		ON_TWO(interrupts_go_to_the_ports_owner),
		ON_TWO(masked_vectors_stay_pending),
		ON_TWO(command_switches_one_share),
		ON_TWO(without_command_the_device_leaves_the_share_alone),
		cmocka_unit_test_setup_teardown(about_names_what_it_has, four_of_25, teardown),
		cmocka_unit_test_setup_teardown(describe_offers_the_shares_rings_alone, four_of_25,
						teardown),
		cmocka_unit_test_setup_teardown(lines_in_shared_rings_arrive, four_of_25, teardown),
		cmocka_unit_test(requests_are_honoured_and_the_rest_is_even),
		cmocka_unit_test(sequence_numbers_are_split_as_asked),
		cmocka_unit_test(too_much_is_refused_with_the_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
