/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "test.h"

static void
expect_config(struct rte_event_dev_config conf, int ret)
{
	assert_int_equal(rte_event_dev_configure(dev.id, &conf), ret);
}

static void
more_than_there_is_cannot_be_configured(void)
{
	const struct rte_event_dev_info *info = &dev.info;
	struct rte_event_dev_config conf, good = shape_config(1, 2, 0);

	conf = good;
	conf.nb_event_queues = info->max_event_queues + 1;
	expect_config(conf, -EINVAL);
	conf = good;
	conf.nb_event_ports = info->max_event_ports + 1;
	expect_config(conf, -EINVAL);
	conf = good;
	conf.nb_events_limit = info->max_num_events + 1;
	expect_config(conf, -EINVAL);
	conf = good;
	conf.nb_event_queue_flows = info->max_event_queue_flows + 1;
	expect_config(conf, -EINVAL);
	conf = good;
	conf.nb_event_port_dequeue_depth = info->max_event_port_dequeue_depth + 1;
	expect_config(conf, -EINVAL);
	conf = good;
	conf.nb_event_port_enqueue_depth = info->max_event_port_enqueue_depth + 1;
	expect_config(conf, -EINVAL);
	conf = good;
	conf.dequeue_timeout_ns = UINT32_MAX;
	expect_config(conf, -EINVAL);
	device_still_works();
}

static void
nothing_at_all_cannot_be_configured(void)
{
	struct rte_event_dev_config conf, good = shape_config(1, 2, 0);

	conf = good;
	conf.nb_event_queues = 0;
	expect_config(conf, -EINVAL);
	conf = good;
	conf.nb_event_ports = 0;
	expect_config(conf, -EINVAL);
	conf = good;
	conf.nb_events_limit = 0;
	expect_config(conf, -EINVAL);
	conf = good;
	conf.nb_events_limit = -1; /* for devices without a limit, which this is not */
	expect_config(conf, -EINVAL);
	conf = good;
	conf.nb_event_queue_flows = 0;
	expect_config(conf, -EINVAL);
	device_still_works();
}

static void
more_pairs_than_there_are_cannot_be_configured(void)
{
	uint8_t pairs = dev.info.max_single_link_event_port_queue_pairs;

	expect_config(shape_config(pairs + 2, pairs + 2, pairs + 1), -EINVAL);
	/* More pairs than ports or queues to be pairs of. */
	expect_config(shape_config(1, 4, 2), -EINVAL);
	expect_config(shape_config(4, 1, 2), -EINVAL);
	device_still_works();
}

static void
everything_there_is_can_be_used_at_once(void)
{
	uint8_t pairs = dev.info.max_single_link_event_port_queue_pairs;
	uint8_t queues = dev.info.max_event_queues, ports = dev.info.max_event_ports;
	struct rte_event ev;
	unsigned int i;
	uint8_t port;

	shape(queues + pairs, ports + pairs, pairs);
	for (i = 0; i < queues; i++)
		queue_make(i, QUEUE_ALL);
	ports_make(0, ports, 0, 8);
	for (i = 0; i < ports; i++)
		link_make(i, i % queues);
	for (i = 0; i < pairs; i++) {
		queue_make(queues + i, QUEUE_SINGLE);
		port_make(ports + i, RTE_EVENT_PORT_CFG_SINGLE_LINK, 8);
		link_make(ports + i, queues + i);
	}
	dev_start();
	for (i = 0; i < pairs; i++) {
		send_numbers(0, event_make(queues + i, RTE_SCHED_TYPE_ATOMIC, 0, i), 1);
		receive_all(ports + i, &ev, 1);
		assert_int_equal(ev.u64, i);
		assert_int_equal(ev.queue_id, queues + i);
	}
	for (i = 0; i < ports; i++)
		send_numbers(0, event_make(i % queues, RTE_SCHED_TYPE_ORDERED, i, i), 1);
	for (i = 0; i < ports; i++) {
		assert_int_equal(receive_any(0, ports, &ev, 1, &port), 1);
		assert_int_equal(ev.queue_id, port % queues);
	}
}

static void
start_without_queues_or_ports_is_refused(void)
{
	/* A device that was configured before keeps what was set up. */
	dev_probe_again();
	shape(1, 1, 0);
	assert_int_equal(rte_event_dev_start(dev.id), -ESTALE);
	queue_make(0, QUEUE_ATOMIC);
	assert_int_equal(rte_event_dev_start(dev.id), -ESTALE);
	port_make(0, 0, 8);
	assert_int_equal(rte_event_dev_start(dev.id), -ENOLINK);
	link_make(0, 0);
	assert_int_equal(rte_event_dev_start(dev.id), 0);
	device_still_works();
}

static void
start_with_a_queue_never_set_up_is_refused(void)
{
	shape(2, 1, 0);
	queue_make(0, QUEUE_ATOMIC);
	port_make(0, 0, 8);
	link_make(0, 0);
	assert_true(rte_event_dev_start(dev.id) < 0);
	device_still_works();
}

static void
a_running_device_cannot_be_configured(void)
{
	struct rte_event_dev_config conf = shape_config(1, 2, 0);
	struct rte_event_queue_conf queue = queue_conf(QUEUE_ATOMIC);
	struct rte_event_port_conf port;

	shape_simple(QUEUE_ATOMIC, 2, 0, 8);
	port = port_conf(0, 8);
	assert_int_equal(rte_event_dev_configure(dev.id, &conf), -EBUSY);
	assert_int_equal(rte_event_queue_setup(dev.id, 0, &queue), -EBUSY);
	assert_int_equal(rte_event_port_setup(dev.id, 0, &port), -EBUSY);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 3);
	drain(1, 3);
}

static void
every_kind_of_queue_can_be_set_up(void)
{
	enum queue_kind kind;

	shape(5, 2, 1);
	for (kind = QUEUE_ATOMIC; kind <= QUEUE_SINGLE; kind++)
		queue_make(kind, kind);
	port_make(0, 0, 32);
	port_make(1, RTE_EVENT_PORT_CFG_SINGLE_LINK, 32);
	for (kind = QUEUE_ATOMIC; kind < QUEUE_SINGLE; kind++)
		link_make(0, kind);
	link_make(1, QUEUE_SINGLE);
	dev_start();
	send_numbers(0, event_make(QUEUE_ATOMIC, RTE_SCHED_TYPE_ATOMIC, 0, 0), 1);
	send_numbers(0, event_make(QUEUE_ORDERED, RTE_SCHED_TYPE_ORDERED, 0, 0), 1);
	send_numbers(0, event_make(QUEUE_PARALLEL, RTE_SCHED_TYPE_PARALLEL, 0, 0), 1);
	send_numbers(0, event_make(QUEUE_ALL, RTE_SCHED_TYPE_ATOMIC, 0, 0), 1);
	send_numbers(0, event_make(QUEUE_ALL, RTE_SCHED_TYPE_ORDERED, 0, 0), 1);
	send_numbers(0, event_make(QUEUE_ALL, RTE_SCHED_TYPE_PARALLEL, 0, 0), 1);
	send_numbers(0, event_make(QUEUE_SINGLE, RTE_SCHED_TYPE_ATOMIC, 0, 0), 1);
	drain(0, 6);
	drain(1, 1);
}

static void
expect_queue(struct rte_event_queue_conf conf, uint8_t queue)
{
	assert_int_equal(rte_event_queue_setup(dev.id, queue, &conf), -EINVAL);
}

static void
impossible_queues_are_refused(void)
{
	struct rte_event_queue_conf conf;

	shape(1, 2, 0);
	expect_queue(queue_conf(QUEUE_ATOMIC), 1);
	expect_queue(queue_conf(QUEUE_ATOMIC), 255);
	conf = queue_conf(QUEUE_ATOMIC);
	conf.nb_atomic_flows = 0;
	expect_queue(conf, 0);
	conf = queue_conf(QUEUE_ATOMIC);
	conf.nb_atomic_flows = dev.info.max_event_queue_flows + 1;
	expect_queue(conf, 0);
	conf = queue_conf(QUEUE_ORDERED);
	conf.nb_atomic_order_sequences = 0;
	expect_queue(conf, 0);
	conf = queue_conf(QUEUE_ATOMIC);
	conf.schedule_type = 3;
	expect_queue(conf, 0);
	device_still_works();
}

static void
expect_port(struct rte_event_port_conf conf, uint8_t port)
{
	assert_int_equal(rte_event_port_setup(dev.id, port, &conf), -EINVAL);
}

static void
impossible_ports_are_refused(void)
{
	struct rte_event_port_conf conf;

	shape_limited(1, 2, 1024);
	expect_port(port_conf(0, 8), 2);
	expect_port(port_conf(0, 8), 255);
	expect_port(port_conf(0, 0), 0);
	expect_port(port_conf(0, dev.info.max_event_port_dequeue_depth + 1), 0);
	conf = port_conf(0, 8);
	conf.enqueue_depth = 0;
	expect_port(conf, 0);
	conf = port_conf(0, 8);
	conf.enqueue_depth = dev.info.max_event_port_enqueue_depth + 1;
	expect_port(conf, 0);
	conf = port_conf(0, 8);
	conf.new_event_threshold = 0;
	expect_port(conf, 0);
	conf = port_conf(0, 8);
	conf.new_event_threshold = 1025;
	expect_port(conf, 0);
	device_still_works();
}

static void
every_depth_of_port_works(void)
{
	static const uint16_t depths[] = {1, 2, 3, 4, 7, 8, 9, 31, 32, 64, 100, 127, 128};
	unsigned int i;

	for (i = 0; i < RTE_DIM(depths); i++) {
		if (depths[i] > dev.info.max_event_port_dequeue_depth)
			break;
		shape_simple(QUEUE_ATOMIC, 2, 0, depths[i]);
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, i, 0), 300);
		drain(1, 300);
		dev_stop();
	}
}

static void
restart_keeps_the_links(void)
{
	uint8_t queues[RTE_EVENT_MAX_QUEUES_PER_DEV], prios[RTE_EVENT_MAX_QUEUES_PER_DEV];
	unsigned int i;

	shape_simple(QUEUE_ALL, 3, 0, 16);
	for (i = 0; i < 20; i++) {
		send_numbers(0, event_make(0, i % 3, 5, i), 40);
		dev_stop();
		assert_int_equal(rte_event_port_links_get(dev.id, 2, queues, prios), 1);
		assert_int_equal(queues[0], 0);
		dev_restart();
		/* What was inside at stop is gone, what comes now arrives. */
		receive_nothing(1);
		receive_nothing(2);
		assert_int_equal(rte_event_port_unlink(dev.id, 2, NULL, 0), 1);
		send_numbers(0, event_make(0, i % 3, 5, i), 40);
		drain(1, 40);
		link_make(2, 0);
	}
}

static void
a_stopped_device_starts_again_as_it_is(void)
{
	unsigned int i;

	shape_simple(QUEUE_ATOMIC, 2, 0, 16);
	for (i = 0; i < 5; i++) {
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, i, 0), 50);
		drain(1, 50);
		dev_stop();
		dev_start();
	}
}

static void
many_shapes_one_after_another(void)
{
	unsigned int i, n;
	uint8_t port;

	for (i = 0; i < 24; i++) {
		n = 1 + random_below(8);
		shape(n, n + 1, 0);
		for (port = 0; port < n; port++) {
			queue_make(port, random_below(QUEUE_ALL));
			port_make(port, 0, 1u << random_below(7));
			link_make(port, port);
		}
		port_make(n, 0, 8);
		dev_start();
		for (port = 0; port < n; port++) {
			uint32_t type = 0;

			assert_int_equal(
				rte_event_queue_attr_get(dev.id, port,
							 RTE_EVENT_QUEUE_ATTR_SCHEDULE_TYPE, &type),
				0);
			send_numbers(n, event_make(port, type, 3, i), 20);
			drain(port, 20);
		}
		dev_stop();
	}
}

/* Whatever was inside, what was linked and who held what: closing ends it. */
static void
a_device_taken_away_comes_back_fresh(void)
{
	struct rte_event ev[8];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		shape_simple(i == 1 ? QUEUE_ORDERED : QUEUE_ATOMIC, 3,
			     RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 16);
		send_numbers(0,
			     event_make(0, i == 1 ? RTE_SCHED_TYPE_ORDERED : RTE_SCHED_TYPE_ATOMIC,
					1, 0),
			     500);
		receive_any(1, 2, ev, RTE_DIM(ev), &(uint8_t){0});
		dev_probe_again();
		device_still_works();
	}
}

static const struct test_case cases[] = {
	TEST_CASE(more_than_there_is_cannot_be_configured),
	/* Others take no queues for an answer. */
	TEST_CASE_OURS(nothing_at_all_cannot_be_configured),
	/* Others refuse with another error. */
	TEST_CASE_OURS(more_pairs_than_there_are_cannot_be_configured),
	TEST_CASE(everything_there_is_can_be_used_at_once),
	/* After a start that failed, others cannot be started any more. */
	TEST_CASE_OURS(start_without_queues_or_ports_is_refused),
	TEST_CASE_OURS(start_with_a_queue_never_set_up_is_refused),
	TEST_CASE(a_running_device_cannot_be_configured),
	TEST_CASE(every_kind_of_queue_can_be_set_up),
	/* Others look only at what their type of queue needs. */
	TEST_CASE_OURS(impossible_queues_are_refused),
	TEST_CASE(impossible_ports_are_refused),
	TEST_CASE(every_depth_of_port_works),
	TEST_CASE(restart_keeps_the_links),
	/* Others say that it does, and want to be configured all the same. */
	TEST_CASE_OURS(a_stopped_device_starts_again_as_it_is),
	TEST_CASE(many_shapes_one_after_another),
	TEST_CASE(a_device_taken_away_comes_back_fresh),
};

TEST_GROUP(config, cases);
