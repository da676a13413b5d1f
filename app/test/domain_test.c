/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Several domains on one device: the device under test, and a second event device that joins it.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>

#include "test.h"

#define SECOND "event_dlb_second"

/* Events inside at a time; more than a CQ holds, so that some wait in queues. */
#define INSIDE 192

/* Each domain: port 0 sends to queue 0, port 1 hands on to single-link queue 1, port 2 takes. */
enum { PORT_SEND, PORT_WORK, PORT_LAST, PORTS };
enum { QUEUE_FIRST, QUEUE_LAST, QUEUES };

/* ---- The second event device ---- */

static int
second_id(void)
{
	return rte_event_dev_get_dev_id(SECOND);
}

static void
second_remove(void)
{
	int id = second_id();

	if (id < 0)
		return;
	dev_rest(id);
	assert_int_equal(rte_eal_hotplug_remove("vdev", SECOND), 0);
}

/* Join the device under test; a case that failed may have left one behind. */
static int
second_probe(const char *more)
{
	char args[160];

	second_remove();
	snprintf(args, sizeof(args), "device=%s%s", dev.alias, more);
	return rte_eal_hotplug_add("vdev", SECOND, args);
}

static uint8_t
second_make(const char *more)
{
	assert_int_equal(second_probe(more), 0);
	assert_true(second_id() >= 0);
	return (uint8_t)second_id();
}

/* Probing with these arguments must fail with one line that has these words. */
static void
second_refused(const char *args, const char *words)
{
	char *text;
	int ret;

	log_begin();
	ret = args[0] == ',' ? second_probe(args) : rte_eal_hotplug_add("vdev", SECOND, args);
	text = log_end();
	if (ret == 0 || strstr(text, words) == NULL || strstr(text, "accepted") == NULL)
		fail_msg("%s: returned %d and said: %s", args, ret, text);
	free(text);
	assert_true(second_id() < 0);
}

static struct rte_event_dev_info
info_of(uint8_t id)
{
	struct rte_event_dev_info info;

	assert_int_equal(rte_event_dev_info_get(id, &info), 0);
	return info;
}

/* ---- Set-up; also from threads, which do not assert ---- */

static bool
queues_make(uint8_t id)
{
	struct rte_event_queue_conf conf = {
		.schedule_type = RTE_SCHED_TYPE_ORDERED,
		.nb_atomic_flows = 1024,
		.nb_atomic_order_sequences = 64,
	};
	struct rte_event_queue_conf single = {.event_queue_cfg = RTE_EVENT_QUEUE_CFG_SINGLE_LINK};

	return rte_event_queue_setup(id, QUEUE_FIRST, &conf) == 0 &&
	       rte_event_queue_setup(id, QUEUE_LAST, &single) == 0;
}

static bool
all_ports_make(uint8_t id)
{
	struct rte_event_port_conf conf = {
		.new_event_threshold = INSIDE, .dequeue_depth = 32, .enqueue_depth = 32};
	uint8_t port;

	for (port = 0; port < PORTS; port++) {
		conf.event_port_cfg = port == PORT_LAST ? RTE_EVENT_PORT_CFG_SINGLE_LINK : 0;
		if (rte_event_port_setup(id, port, &conf) < 0)
			return false;
	}
	return true;
}

static bool
domain_configure(uint8_t id)
{
	static const uint8_t first = QUEUE_FIRST, last = QUEUE_LAST;
	struct rte_event_dev_config conf = {
		.nb_event_queues = QUEUES,
		.nb_event_ports = PORTS,
		.nb_single_link_event_port_queues = 1,
		.nb_events_limit = INSIDE,
		.nb_event_queue_flows = 1024,
		.nb_event_port_dequeue_depth = 32,
		.nb_event_port_enqueue_depth = 32,
	};

	return rte_event_dev_configure(id, &conf) == 0 && queues_make(id) && all_ports_make(id) &&
	       rte_event_port_link(id, PORT_WORK, &first, NULL, 1) == 1 &&
	       rte_event_port_link(id, PORT_LAST, &last, NULL, 1) == 1;
}

static bool
domain_start(uint8_t id)
{
	return domain_configure(id) && rte_event_dev_start(id) == 0;
}

/* ---- Traffic ---- */

/* A thread that passes numbers through a domain, and what it saw. */
struct passer {
	uint8_t id;
	unsigned int total;
	unsigned int sent, done;
	unsigned int foreign; /* events of somebody else */
	unsigned int wrong;   /* not the next one */
	bool over;
};

static uint64_t
number_of(const struct passer *p, unsigned int i)
{
	return (uint64_t)(p->id + 1) << 32 | i;
}

static unsigned int
send_next(struct passer *p)
{
	struct rte_event ev[16];
	unsigned int i, n = RTE_MIN(p->total - p->sent, RTE_DIM(ev));

	for (i = 0; i < n; i++)
		ev[i] = event_make(QUEUE_FIRST, RTE_SCHED_TYPE_ORDERED, 0,
				   number_of(p, p->sent + i));
	n = rte_event_enqueue_burst(p->id, PORT_SEND, ev, n);
	p->sent += n;
	return n;
}

static unsigned int
hand_on(struct passer *p)
{
	struct rte_event ev[32];
	uint16_t i, n = rte_event_dequeue_burst(p->id, PORT_WORK, ev, RTE_DIM(ev), 0);

	for (i = 0; i < n; i++) {
		p->foreign += ev[i].u64 >> 32 != p->id + 1u;
		ev[i].queue_id = QUEUE_LAST;
		ev[i].op = RTE_EVENT_OP_FORWARD;
	}
	for (i = 0; i < n;)
		i += rte_event_enqueue_burst(p->id, PORT_WORK, ev + i, n - i);
	return n;
}

static unsigned int
take_last(struct passer *p)
{
	struct rte_event ev[32];
	uint16_t i, n = rte_event_dequeue_burst(p->id, PORT_LAST, ev, RTE_DIM(ev), 0);

	for (i = 0; i < n; i++)
		p->wrong += ev[i].u64 != number_of(p, p->done + i);
	p->done += n;
	return n;
}

static void *
passer_run(void *arg)
{
	struct passer *p = arg;
	uint64_t idle_until = now_us() + PATIENCE_US;

	while (p->done < p->total && now_us() < idle_until && !threads_stopping()) {
		if (send_next(p) + hand_on(p) + take_last(p) > 0)
			idle_until = now_us() + PATIENCE_US;
		else
			sched_yield();
	}
	__atomic_store_n(&p->over, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool
is_over(const struct passer *p)
{
	return __atomic_load_n(&p->over, __ATOMIC_ACQUIRE);
}

static void
expect_all_passed(const struct passer *p)
{
	assert_int_equal(p->done, p->total);
	assert_int_equal(p->foreign, 0);
	assert_int_equal(p->wrong, 0);
}

static void
pass_some(uint8_t id)
{
	static struct passer p;

	p = (struct passer){.id = id, .total = 1000};
	passer_run(&p);
	expect_all_passed(&p);
	assert_int_equal(dev_stray(id), 0);
}

/* A million, where the device is quick. */
#define MILLION work_amount(1000000)

static void
two_domains_pass_events_without_seeing_each_other(void)
{
	static struct passer p[2];
	unsigned int i;

	p[0] = (struct passer){.id = dev.id, .total = MILLION};
	p[1] = (struct passer){.id = second_make(""), .total = MILLION};
	for (i = 0; i < 2; i++)
		assert_true(domain_start(p[i].id));
	for (i = 0; i < 2; i++)
		thread_start(passer_run, &p[i]);
	threads_join();
	for (i = 0; i < 2; i++)
		expect_all_passed(&p[i]);
	second_remove();
}

/* ---- Reset ---- */

static unsigned int flushed;

static void
count_flushed(uint8_t id, struct rte_event ev, void *arg)
{
	RTE_SET_USED(ev);
	RTE_SET_USED(arg);
	flushed += id == second_id();
}

/* Stop in the middle: events in the first queue, in a CQ, held by a port, and behind it. All that
 * had not left come back, and nothing else.
 */
static void
run_and_reset(struct passer *p, unsigned int round)
{
	unsigned int pause = round % 7;

	p->sent = p->done = 0;
	p->total = INSIDE / 2 + round % 64;
	while (p->sent < p->total) {
		send_next(p);
		if (pause-- == 0)
			hand_on(p);
	}
	take_last(p);
	flushed = 0;
	rte_event_dev_stop(p->id);
	assert_int_equal(p->done + flushed, p->sent);
	assert_int_equal(rte_event_dev_start(p->id), 0);
}

static void
a_reset_never_disturbs_the_other_domain(void)
{
	static struct passer steady;
	struct passer reset = {.id = second_make("")};
	unsigned int rounds = 0;

	steady = (struct passer){.id = dev.id, .total = MILLION};
	assert_true(domain_start(steady.id) && domain_start(reset.id));
	rte_event_dev_stop_flush_callback_register(reset.id, count_flushed, NULL);
	thread_start(passer_run, &steady);
	for (rounds = 0; rounds < 10 || !is_over(&steady); rounds++)
		run_and_reset(&reset, rounds);
	threads_join();
	expect_all_passed(&steady);
	assert_int_equal(reset.wrong + reset.foreign, 0);
	second_remove();
}

/* ---- Two threads, a domain each ---- */

static void *
configurer_run(void *arg)
{
	struct passer *p = arg;
	unsigned int i;

	for (i = 0; i < 20 && !threads_stopping(); i++) {
		if (!domain_start(p->id))
			break;
		p->sent = p->done = 0;
		passer_run(p);
		rte_event_dev_stop(p->id);
		if (p->done != p->total)
			break;
	}
	p->over = i == 20;
	return NULL;
}

static void
two_threads_set_up_their_domains_at_once(void)
{
	static struct passer p[2];
	unsigned int i;

	p[0] = (struct passer){.id = dev.id, .total = 100};
	p[1] = (struct passer){.id = second_make(""), .total = 100};
	for (i = 0; i < 2; i++)
		thread_start(configurer_run, &p[i]);
	threads_join();
	for (i = 0; i < 2; i++) {
		assert_true(p[i].over);
		expect_all_passed(&p[i]);
	}
	second_remove();
}

/* ---- Resources ---- */

static uint64_t
stat_of(uint8_t id, const char *format, unsigned int i)
{
	char name[RTE_EVENT_DEV_XSTATS_NAME_SIZE];

	snprintf(name, sizeof(name), format, i);
	return rte_event_dev_xstats_by_name_get(id, name, NULL);
}

/* Send past the driver from a domain to a queue of the other: dropped, and told of. */
static void
expect_no_way(uint8_t from, uint8_t to)
{
	uint8_t under_test = dev.id;
	uint64_t before = stat_of(from, "dev_alarm_illegal_qid", 0);
	struct rte_event ev;

	dev.id = from;
	dev_provoke(PORT_SEND, ACCESS_FAULT_FOREIGN_QUEUE);
	assert_int_equal(stat_of(from, "dev_alarm_illegal_qid", 0), before + 1);
	dev.id = to;
	receive_nothing(PORT_WORK);
	assert_int_equal(rte_event_dequeue_burst(to, PORT_LAST, &ev, 1, 0), 0);
	assert_int_equal(stat_of(to, "qid_%u_current_depth", QUEUE_FIRST), 0);
	assert_int_equal(stat_of(to, "qid_%u_enq_ok", QUEUE_FIRST), 0);
	dev.id = under_test;
}

static void
no_port_of_a_domain_reaches_the_other(void)
{
	uint8_t second = second_make("");

	assert_true(domain_start(dev.id) && domain_start(second));
	expect_no_way(dev.id, second);
	expect_no_way(second, dev.id);
	pass_some(dev.id);
	pass_some(second);
	second_remove();
}

static void
no_number_is_in_two_domains(void)
{
	uint8_t second = second_make("");
	unsigned int i, j;

	assert_true(domain_start(dev.id) && domain_start(second));
	for (i = PORT_SEND; i <= PORT_WORK; i++) {
		for (j = PORT_SEND; j <= PORT_WORK; j++)
			assert_int_not_equal(stat_of(dev.id, "port_%u_hw_id", i),
					     stat_of(second, "port_%u_hw_id", j));
	}
	assert_int_not_equal(stat_of(dev.id, "port_%u_hw_id", PORT_LAST),
			     stat_of(second, "port_%u_hw_id", PORT_LAST));
	for (i = 0; i < QUEUES; i++)
		assert_int_not_equal(stat_of(dev.id, "qid_%u_hw_id", i),
				     stat_of(second, "qid_%u_hw_id", i));
	second_remove();
}

static void
the_info_tells_what_a_domain_has(void)
{
	struct rte_event_dev_info alone = info_of(dev.id), info;
	uint8_t second = second_make("");

	info = info_of(second);
	assert_int_equal(info.max_event_queues, alone.max_event_queues / 2);
	assert_int_equal(info.max_event_ports, alone.max_event_ports / 2);
	assert_int_equal(info.max_num_events, alone.max_num_events / 2);
	assert_int_equal(info.max_single_link_event_port_queue_pairs,
			 alone.max_single_link_event_port_queue_pairs / 2);
	assert_int_equal(info_of(dev.id).max_event_ports, alone.max_event_ports / 2);

	second = second_make(",ldb_queues=3,cos=0:5:0:2,dir_ports=10,credits=700");
	info = info_of(second);
	assert_int_equal(info.max_event_queues, 3);
	assert_int_equal(info.max_event_ports, 7);
	assert_int_equal(info.max_num_events, 700);
	assert_int_equal(info.max_single_link_event_port_queue_pairs, 10);
	assert_int_equal(info_of(dev.id).max_event_ports, alone.max_event_ports - 7);
	second_remove();
	info = info_of(dev.id);
	assert_int_equal(info.max_event_ports, alone.max_event_ports);
	assert_int_equal(info.max_num_events, alone.max_num_events);
}

static void
what_a_device_has_not_is_refused_by_name(void)
{
	static const char *const rows[][2] = {
		{",ldb_queues=33", "ldb_queues=33"},
		{",cos=1:2", "cos=1:2"},
		{",ldb_ports=2,cos=1:1:1:0", "ldb_ports=2"},
		{",sn=64:64", "sn=64:64"},
		{",version=2.5", "version=2.5"},
		{",step=idle", "step=idle"},
		{",cq=sparse", "cq=sparse"},
		{",ldb_queues=4,ldb_ports=0", "LDB_PORT_REQUIRED_FOR_LDB_QUEUES"},
		{",ldb_ports=63", "LDB_PORTS_UNAVAILABLE"},
		{",cos=15:0:0:0", "LDB_PORTS_UNAVAILABLE"},
		{",ldb_queues=32", "LDB_QUEUES_UNAVAILABLE"},
		{",history=2000", "HIST_LIST_ENTRIES_UNAVAILABLE"},
		{",atomic=2048", "ATOMIC_INFLIGHTS_UNAVAILABLE"},
		{"device=event_dlb_nobody", "device=event_dlb_nobody"},
		{"device=", "device="},
	};
	unsigned int i;

	/* Two load-balanced ports and one queue are taken. */
	assert_true(domain_start(dev.id));
	for (i = 0; i < RTE_DIM(rows); i++)
		second_refused(rows[i][0], rows[i][1]);
	second_refused(dev.v20 ? ",dir_ports=64" : ",dir_ports=96", "DIR_PORTS_UNAVAILABLE");
	second_refused(dev.v20 ? ",credits=8192" : ",credits=16384", "CREDITS_UNAVAILABLE");
	second_refused(dev.v20 ? ",dir_credits=4096" : ",dir_credits=1", "DIR_CREDITS_UNAVAILABLE");
}

/* More than the domain has: start says so, and the domain is as it was. */
static void
a_start_beyond_the_share_is_refused(void)
{
	uint8_t second = second_make(",history=1");

	assert_true(domain_configure(second));
	assert_int_equal(rte_event_dev_start(second), -ENOSPC);
	second = second_make("");
	assert_true(domain_start(second));
	second_remove();
}

static void
what_a_start_took_is_free_after_stop(void)
{
	assert_true(domain_start(dev.id));
	second_refused(",ldb_ports=63", "LDB_PORTS_UNAVAILABLE");
	dev_stop();
	second_make(",ldb_ports=64");
	second_remove();
}

static void
the_self_test_leaves_out_what_is_not_there(void)
{
	static const char *const less[] = {
		",ldb_ports=1,dir_ports=0",
		",ldb_ports=0,ldb_queues=0,dir_ports=1",
		",credits=16,max_cq_depth=8",
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(less); i++)
		assert_int_equal(rte_event_dev_selftest(second_make(less[i])), 0);
	second_remove();
}

/* ---- Leaving ---- */

/* The opener of a virtual device may go first; its device goes with the last domain. The library
 * cannot look devices up by name while its first place is empty, so that nothing does here.
 */
static void
leave_before(uint8_t second)
{
	stepper_end();
	rte_event_dev_close(dev.id);
	assert_int_equal(rte_eal_hotplug_remove(dev.bus, dev.name), 0);
	dev.id = second;
	assert_int_equal(stepper_start(), 0);
	pass_some(second);
	stepper_end();
	rte_event_dev_stop(second);
	assert_int_equal(rte_eal_hotplug_remove("vdev", SECOND), 0);
	dev_probe_again();
}

static void
whoever_leaves_last_closes_the_device(void)
{
	uint8_t second = second_make("");

	assert_true(domain_start(second));
	if (dev.is_virtual) {
		leave_before(second);
		return;
	}
	/* The bus would take the registers away. */
	assert_int_not_equal(rte_eal_hotplug_remove(dev.bus, dev.name), 0);
	pass_some(second);
	second_remove();
}

/* A device that nobody steps does not let go of its events, and the domain's reset fails. */
static void
a_failed_reset_stays_with_its_domain(void)
{
	uint8_t second = second_make("");
	struct passer stuck = {.id = second, .total = 64};

	if (strstr(dev.args, "step=manual") == NULL) {
		second_remove();
		return;
	}
	assert_true(domain_start(dev.id) && domain_start(second));
	stepper_end();
	while (stuck.sent < stuck.total)
		assert_true(send_next(&stuck) > 0);
	rte_event_dev_stop(second);
	assert_int_equal(stepper_start(), 0);
	assert_int_equal(rte_event_dev_start(second), -EIO);
	pass_some(dev.id);
	/* Nobody is given what may still be in use. */
	second_remove();
	second_refused(",credits=1", "DOMAIN_RESET_FAILED");
	dev_probe_again();
	second_make("");
	second_remove();
}

static const struct test_case cases[] = {
	TEST_CASE_OURS(two_domains_pass_events_without_seeing_each_other),
	TEST_CASE_OURS(a_reset_never_disturbs_the_other_domain),
	TEST_CASE_OURS(two_threads_set_up_their_domains_at_once),
	TEST_CASE_OURS(no_port_of_a_domain_reaches_the_other),
	TEST_CASE_OURS(no_number_is_in_two_domains),
	TEST_CASE_OURS(the_info_tells_what_a_domain_has),
	TEST_CASE_OURS(what_a_device_has_not_is_refused_by_name),
	TEST_CASE_OURS(a_start_beyond_the_share_is_refused),
	TEST_CASE_OURS(what_a_start_took_is_free_after_stop),
	TEST_CASE_OURS(the_self_test_leaves_out_what_is_not_there),
	TEST_CASE_OURS(a_failed_reset_stays_with_its_domain),
	TEST_CASE_OURS(whoever_leaves_last_closes_the_device),
};

TEST_GROUP(domain, cases);
