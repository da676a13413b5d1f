/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What an application can find out about a device in a second: the tests of datasheet section
 * 10.13, by the calls an application makes. Each leaves the device stopped.
 */

#include <errno.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "dlb_evdev.h"
#include "dlb_priv.h"
#include "dlb_selftest.h"
#include "rte_pmd_dlb.h"

/* What has to come, comes within this time, and what must not come is waited for this long. */
#define COMES_S  5
#define QUIET_MS 5

/* Inside a test: what is expected. Its failure ends the test. */
#define EXPECT(condition)                                                              \
	do {                                                                           \
		if (!(condition)) {                                                    \
			DLB_LOG(ERR, name_of(id), "self test: line %d: expected %s",   \
				__LINE__, #condition);                                 \
			return false;                                                  \
		}                                                                      \
	} while (0)

static const char *
name_of(uint8_t id)
{
	return rte_eventdevs[id].data->name;
}

/* ---- Shorthand ---- */

static bool
configure(uint8_t id, uint8_t queues, uint8_t ports, uint8_t pairs)
{
	struct rte_event_dev_info info;
	struct rte_event_dev_config conf = {
		.nb_event_queues = queues,
		.nb_event_ports = ports,
		.nb_single_link_event_port_queues = pairs,
		.nb_event_queue_flows = 1024,
	};

	if (rte_event_dev_info_get(id, &info) < 0)
		return false;
	conf.nb_events_limit = RTE_MIN(info.max_num_events, 1024);
	conf.nb_event_port_dequeue_depth = info.max_event_port_dequeue_depth;
	conf.nb_event_port_enqueue_depth = info.max_event_port_enqueue_depth;
	return rte_event_dev_configure(id, &conf) == 0;
}

static bool
make_queue(uint8_t id, uint8_t queue, uint8_t type, uint32_t flags)
{
	struct rte_event_queue_conf conf = {
		.schedule_type = type,
		.nb_atomic_flows = 1024,
		.nb_atomic_order_sequences = 64,
		.event_queue_cfg = flags,
	};

	return rte_event_queue_setup(id, queue, &conf) == 0;
}

static bool
make_port(uint8_t id, uint8_t port, uint16_t depth, uint32_t flags)
{
	struct rte_event_port_conf conf = {
		.new_event_threshold = rte_eventdevs[id].data->dev_conf.nb_events_limit,
		.dequeue_depth = depth,
		.enqueue_depth = 32,
		.event_port_cfg = flags,
	};

	return rte_event_port_setup(id, port, &conf) == 0;
}

static bool
link_is_made(uint8_t id, uint8_t port, uint8_t queue)
{
	return rte_event_port_link(id, port, &queue, NULL, 1) == 1;
}

/* Queue 0 of a type and one port that takes from it and releases what it is told to. */
static bool
make_pair(uint8_t id, uint8_t type, uint8_t pairs)
{
	uint32_t single = pairs != 0 ? RTE_EVENT_PORT_CFG_SINGLE_LINK : 0;
	uint32_t flags = pairs != 0 ? RTE_EVENT_QUEUE_CFG_SINGLE_LINK : 0;

	return configure(id, 1, 1, pairs) && make_queue(id, 0, type, flags) &&
	       make_port(id, 0, 16, single | RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL) &&
	       link_is_made(id, 0, 0);
}

static bool
send(uint8_t id, uint8_t port, uint8_t queue, uint8_t type, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct rte_event ev = {
			.op = RTE_EVENT_OP_NEW,
			.queue_id = queue,
			.sched_type = type,
			.flow_id = i,
			.u64 = i,
		};

		if (rte_event_enqueue_new_burst(id, port, &ev, 1) != 1)
			return false;
	}
	return true;
}

/* So many events that come within a time. */
static unsigned int
receive_within(uint8_t id, uint8_t port, struct rte_event ev[], unsigned int n, uint64_t cycles)
{
	uint64_t start = rte_get_timer_cycles();
	unsigned int got = 0;

	do {
		got += rte_event_dequeue_burst(id, port, ev + got, (uint16_t)(n - got), 0);
	} while (got < n && rte_get_timer_cycles() - start < cycles);
	return got;
}

static bool
receive(uint8_t id, uint8_t port, struct rte_event ev[], unsigned int n)
{
	return receive_within(id, port, ev, n, COMES_S * rte_get_timer_hz()) == n;
}

static bool
is_quiet(uint8_t id, uint8_t port)
{
	struct rte_event ev;

	return receive_within(id, port, &ev, 1, QUIET_MS * rte_get_timer_hz() / 1000) == 0;
}

static bool
answer(uint8_t id, uint8_t port, struct rte_event ev[], unsigned int n, uint8_t op)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		ev[i].op = op;
	return rte_event_enqueue_burst(id, port, ev, (uint16_t)n) == n;
}

/* ---- The tests ---- */

static bool
test_info(uint8_t id)
{
	struct rte_event_dev_info info;

	EXPECT(rte_event_dev_info_get(id, &info) == 0);
	EXPECT(info.max_event_ports >= 1 || info.max_single_link_event_port_queue_pairs >= 1);
	EXPECT(info.max_num_events >= 1 && info.max_event_port_dequeue_depth >= 8);
	EXPECT(info.max_event_queue_flows == DLB_FLOWS);
	EXPECT(info.max_dequeue_timeout_ns >= info.min_dequeue_timeout_ns);
	return true;
}

static void
count_flushed(uint8_t id, struct rte_event ev, void *arg)
{
	RTE_SET_USED(id);
	RTE_SET_USED(ev);
	++*(unsigned int *)arg;
}

static bool
test_stop_flush(uint8_t id)
{
	unsigned int flushed = 0;

	EXPECT(configure(id, 2, 2, 1));
	EXPECT(make_queue(id, 0, RTE_SCHED_TYPE_ATOMIC, 0));
	EXPECT(make_queue(id, 1, RTE_SCHED_TYPE_ATOMIC, RTE_EVENT_QUEUE_CFG_SINGLE_LINK));
	EXPECT(make_port(id, 0, 8, 0));
	EXPECT(make_port(id, 1, 8, RTE_EVENT_PORT_CFG_SINGLE_LINK));
	EXPECT(link_is_made(id, 0, 0) && link_is_made(id, 1, 1));
	EXPECT(rte_event_dev_stop_flush_callback_register(id, count_flushed, &flushed) == 0);
	EXPECT(rte_event_dev_start(id) == 0);
	EXPECT(send(id, 0, 0, RTE_SCHED_TYPE_ATOMIC, 20));
	EXPECT(send(id, 1, 1, RTE_SCHED_TYPE_ATOMIC, 20));
	rte_event_dev_stop(id);
	EXPECT(rte_event_dev_stop_flush_callback_register(id, NULL, NULL) == 0);
	EXPECT(flushed == 40);
	return true;
}

static bool
test_single_link(uint8_t id)
{
	EXPECT(configure(id, 3, 3, 2));
	EXPECT(make_queue(id, 0, RTE_SCHED_TYPE_ATOMIC, 0));
	EXPECT(make_queue(id, 1, RTE_SCHED_TYPE_ATOMIC, RTE_EVENT_QUEUE_CFG_SINGLE_LINK));
	EXPECT(make_queue(id, 2, RTE_SCHED_TYPE_ATOMIC, RTE_EVENT_QUEUE_CFG_SINGLE_LINK));
	EXPECT(make_port(id, 0, 8, 0));
	EXPECT(make_port(id, 1, 8, RTE_EVENT_PORT_CFG_SINGLE_LINK));
	EXPECT(make_port(id, 2, 8, RTE_EVENT_PORT_CFG_SINGLE_LINK));
	EXPECT(link_is_made(id, 1, 1));
	EXPECT(!link_is_made(id, 1, 2));
	EXPECT(!link_is_made(id, 0, 1));
	EXPECT(link_is_made(id, 2, 2) && link_is_made(id, 0, 0));
	EXPECT(rte_event_dev_start(id) == 0);
	EXPECT(!link_is_made(id, 1, 0));
	return true;
}

static bool
test_reconfiguration(uint8_t id)
{
	unsigned int round;

	for (round = 0; round < 3; round++) {
		struct rte_event ev;

		EXPECT(make_pair(id, RTE_SCHED_TYPE_ATOMIC, round % 2));
		EXPECT(rte_event_dev_start(id) == 0);
		EXPECT(send(id, 0, 0, RTE_SCHED_TYPE_ATOMIC, 1));
		EXPECT(receive(id, 0, &ev, 1));
		rte_event_dev_stop(id);
		/* Links outlive a stop. */
		EXPECT(rte_event_dev_start(id) == 0);
		EXPECT(send(id, 0, 0, RTE_SCHED_TYPE_ATOMIC, 1));
		EXPECT(receive(id, 0, &ev, 1));
		rte_event_dev_stop(id);
	}
	return true;
}

/* New, forward, release: of one event. */
static bool
passes_traffic(uint8_t id)
{
	struct rte_event ev;

	EXPECT(rte_event_dev_start(id) == 0);
	EXPECT(send(id, 0, 0, RTE_SCHED_TYPE_ATOMIC, 1));
	EXPECT(receive(id, 0, &ev, 1));
	EXPECT(answer(id, 0, &ev, 1, RTE_EVENT_OP_FORWARD));
	EXPECT(receive(id, 0, &ev, 1));
	EXPECT(answer(id, 0, &ev, 1, RTE_EVENT_OP_RELEASE));
	EXPECT(is_quiet(id, 0));
	EXPECT(!answer(id, 0, &ev, 1, RTE_EVENT_OP_RELEASE));
	return true;
}

static bool
test_load_balanced_traffic(uint8_t id)
{
	EXPECT(make_pair(id, RTE_SCHED_TYPE_ATOMIC, 0));
	return passes_traffic(id);
}

static bool
test_directed_traffic(uint8_t id)
{
	EXPECT(make_pair(id, RTE_SCHED_TYPE_ATOMIC, 1));
	return passes_traffic(id);
}

/* A port with one slot keeps that until it dequeues again, so another port gets the rest. */
static bool
test_deferred_scheduling(uint8_t id)
{
	const uint32_t flags = RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL;
	struct rte_event ev;
	unsigned int i;
	uint8_t port;

	EXPECT(configure(id, 1, 3, 0));
	EXPECT(make_queue(id, 0, RTE_SCHED_TYPE_PARALLEL, 0));
	for (port = 0; port < 2; port++) {
		EXPECT(rte_pmd_dlb_set_token_pop_mode(id, port, RTE_PMD_DLB_DEFERRED_POP) == 0);
		EXPECT(make_port(id, port, 1, flags));
		EXPECT(link_is_made(id, port, 0));
	}
	EXPECT(make_port(id, 2, 8, 0));
	EXPECT(rte_event_dev_start(id) == 0);
	EXPECT(send(id, 2, 0, RTE_SCHED_TYPE_PARALLEL, 128));
	EXPECT(receive(id, 0, &ev, 1));
	EXPECT(answer(id, 0, &ev, 1, RTE_EVENT_OP_RELEASE));
	for (i = 1; i < 128; i++) {
		EXPECT(receive(id, 1, &ev, 1));
		EXPECT(answer(id, 1, &ev, 1, RTE_EVENT_OP_RELEASE));
	}
	EXPECT(is_quiet(id, 1));
	return true;
}

static bool
test_delayed_pop(uint8_t id)
{
	struct rte_event ev[16];

	EXPECT(configure(id, 1, 1, 0));
	EXPECT(make_queue(id, 0, RTE_SCHED_TYPE_PARALLEL, 0));
	EXPECT(rte_pmd_dlb_set_token_pop_mode(id, 0, RTE_PMD_DLB_DELAYED_POP) == 0);
	EXPECT(make_port(id, 0, 16, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL));
	EXPECT(link_is_made(id, 0, 0));
	EXPECT(rte_event_dev_start(id) == 0);
	EXPECT(send(id, 0, 0, RTE_SCHED_TYPE_PARALLEL, 32));
	EXPECT(receive(id, 0, ev, 16));
	EXPECT(answer(id, 0, ev, 15, RTE_EVENT_OP_RELEASE));
	EXPECT(is_quiet(id, 0));
	EXPECT(answer(id, 0, ev + 15, 1, RTE_EVENT_OP_RELEASE));
	EXPECT(receive(id, 0, ev, 16));
	return true;
}

/* And what of a device each of them uses, which may have been given less. */
static const struct test {
	const char *name;
	bool (*run)(uint8_t id);
	uint8_t ports, pairs; /* load-balanced, single-link */
	uint8_t depth;
	int32_t events;
} tests[] = {
	{"info", test_info, 0, 0, 0, 0},
	{"stop flush", test_stop_flush, 1, 1, 8, 40},
	{"single link", test_single_link, 1, 2, 8, 1},
	{"reconfiguration", test_reconfiguration, 1, 1, 16, 1},
	{"load-balanced traffic", test_load_balanced_traffic, 1, 0, 16, 1},
	{"directed traffic", test_directed_traffic, 0, 1, 16, 1},
	{"deferred scheduling", test_deferred_scheduling, 3, 0, 8, 128},
	{"delayed pop", test_delayed_pop, 1, 0, 16, 32},
};

static bool
fits(uint8_t id, const struct test *test)
{
	struct rte_event_dev_info info;

	if (rte_event_dev_info_get(id, &info) < 0)
		return false;
	return info.max_event_ports >= test->ports &&
	       info.max_event_queues >= RTE_MIN(test->ports, 1) &&
	       info.max_single_link_event_port_queue_pairs >= test->pairs &&
	       info.max_event_port_dequeue_depth >= test->depth &&
	       info.max_num_events >= test->events;
}

static void
log_left_out(uint8_t id, const struct test *test)
{
	DLB_LOG(NOTICE, name_of(id),
		"self test: %s: left out; it takes %u load-balanced ports, %u single-link pairs, "
		"a dequeue depth of %u and %d events",
		test->name, test->ports, test->pairs, test->depth, test->events);
}

static unsigned int
run_all(uint8_t id)
{
	unsigned int i, passed = 0, left_out = 0;

	for (i = 0; i < RTE_DIM(tests); i++) {
		bool ok;

		if (!fits(id, &tests[i])) {
			log_left_out(id, &tests[i]);
			left_out++;
			continue;
		}
		ok = tests[i].run(id);
		if (dlb_of(&rte_eventdevs[id])->started)
			rte_event_dev_stop(id);
		passed += ok;
		if (!ok)
			DLB_LOG(ERR, name_of(id), "self test: %s: failed", tests[i].name);
	}
	DLB_LOG(NOTICE, name_of(id), "self test: %u of %u passed", passed,
		(unsigned int)RTE_DIM(tests) - left_out);
	return (unsigned int)RTE_DIM(tests) - left_out - passed;
}

int
dlb_selftest(void)
{
	unsigned int failed = 0, tested = 0;
	uint8_t id;

	for (id = 0; id < RTE_EVENT_MAX_DEVS; id++) {
		const struct rte_eventdev *dev = &rte_eventdevs[id];

		if (!rte_event_pmd_is_valid_dev(id) ||
		    dev->dev_ops->dev_infos_get != dlb_evdev_ops.dev_infos_get ||
		    dlb_of(dev)->started)
			continue;
		failed += run_all(id);
		tested++;
	}
	if (tested == 0) {
		DLB_LOG(ERR, "event_dlb", "self test: all devices are started; stop one first");
		return -EBUSY;
	}
	return failed == 0 ? 0 : -1;
}
