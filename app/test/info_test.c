/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <sys/mman.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_memory.h>

#include "test.h"

/* What an application may count on, whatever the version. */
#define CAPS                                                                                \
	(RTE_EVENT_DEV_CAP_EVENT_QOS | RTE_EVENT_DEV_CAP_DISTRIBUTED_SCHED |                \
	 RTE_EVENT_DEV_CAP_QUEUE_ALL_TYPES | RTE_EVENT_DEV_CAP_BURST_MODE |                 \
	 RTE_EVENT_DEV_CAP_IMPLICIT_RELEASE_DISABLE | RTE_EVENT_DEV_CAP_RUNTIME_PORT_LINK | \
	 RTE_EVENT_DEV_CAP_MULTIPLE_QUEUE_PORT | RTE_EVENT_DEV_CAP_MAINTENANCE_FREE)

static void
limits_are_those_of_the_version(void)
{
	struct rte_event_dev_info info;

	assert_int_equal(rte_event_dev_info_get(dev.id, &info), 0);
	assert_string_equal(info.driver_name, dev.is_virtual ? "event_dlb" : "event_dlb_pci");
	assert_int_equal(info.max_event_queues, 32);
	assert_int_equal(info.max_event_ports, 64);
	assert_int_equal(info.max_event_queue_flows, 65536);
	assert_int_equal(info.max_event_port_links, 8);
	assert_int_equal(info.max_event_priority_levels, 8);
	assert_true(info.max_event_port_dequeue_depth >= 32);
	assert_true(info.max_event_port_enqueue_depth >= 32);
	assert_int_equal(info.max_num_events, dev.v20 ? 8192 : 16384);
	assert_int_equal(info.max_single_link_event_port_queue_pairs, dev.v20 ? 64 : 96);
	assert_int_equal(info.min_dequeue_timeout_ns, 1);
	assert_int_equal(info.max_dequeue_timeout_ns, UINT32_MAX - 1);
}

static void
capabilities_are_advertised(void)
{
	assert_int_equal(dev.info.event_dev_cap & CAPS, CAPS);
	/* Flow ids do not survive directed queues. */
	assert_int_equal(dev.info.event_dev_cap & RTE_EVENT_DEV_CAP_CARRY_FLOW_ID, 0);
}

static void
default_configurations_can_be_used(void)
{
	struct rte_event_queue_conf queue;
	struct rte_event_port_conf port;

	shape(1, 1, 0);
	assert_int_equal(rte_event_queue_default_conf_get(dev.id, 0, &queue), 0);
	assert_true(queue.nb_atomic_flows > 0);
	assert_int_equal(rte_event_port_default_conf_get(dev.id, 0, &port), 0);
	assert_true(port.dequeue_depth > 0 && port.enqueue_depth > 0);
	assert_true(port.new_event_threshold > 0 && port.new_event_threshold <= dev.limit);
	assert_int_equal(rte_event_queue_setup(dev.id, 0, NULL), 0);
	assert_int_equal(rte_event_port_setup(dev.id, 0, NULL), 0);
	assert_int_equal(rte_event_port_link(dev.id, 0, NULL, NULL, 0), 1);
	dev_start();
	send_numbers(0, event_make(0, queue.schedule_type, 0, 7), 1);
	drain(0, 1);
}

static void
attributes_tell_what_was_set_up(void)
{
	uint32_t value = 99;

	shape(3, 2, 0);
	assert_int_equal(rte_event_dev_attr_get(dev.id, RTE_EVENT_DEV_ATTR_PORT_COUNT, &value), 0);
	assert_int_equal(value, 2);
	assert_int_equal(rte_event_dev_attr_get(dev.id, RTE_EVENT_DEV_ATTR_QUEUE_COUNT, &value), 0);
	assert_int_equal(value, 3);
	assert_int_equal(rte_event_dev_attr_get(dev.id, RTE_EVENT_DEV_ATTR_STARTED, &value), 0);
	assert_int_equal(value, 0);
	port_make(1, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 16);
	assert_int_equal(rte_event_port_attr_get(dev.id, 1, RTE_EVENT_PORT_ATTR_DEQ_DEPTH, &value),
			 0);
	assert_int_equal(value, 16);
	queue_make(2, QUEUE_ORDERED);
	assert_int_equal(
		rte_event_queue_attr_get(dev.id, 2, RTE_EVENT_QUEUE_ATTR_SCHEDULE_TYPE, &value), 0);
	assert_int_equal(value, RTE_SCHED_TYPE_ORDERED);
}

/* A service that the driver may offer is for those who have a core to spare; it must do no harm. */
static void
a_service_core_is_not_needed(void)
{
	uint32_t id;
	int ret = rte_event_dev_service_id_get(dev.id, &id);

	assert_true(ret == 0 || ret == -ESRCH);
	shape_simple(QUEUE_PARALLEL, 2, 0, 32);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), 100);
	drain(1, 100);
}

/* What rte_dev_dma_map() is for: buffers that DPDK did not allocate. */
static void
memory_from_outside_can_be_mapped(void)
{
	size_t page = sysconf(_SC_PAGESIZE), size = 16 * page;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t iova = (uintptr_t)memory;

	assert_true(memory != MAP_FAILED);
	assert_int_equal(rte_extmem_register(memory, size, NULL, 0, page), 0);
	assert_int_equal(rte_dev_dma_map(dev.info.dev, memory, iova, size), 0);
	/* A virtual device shares the addresses of this process, so any other is wrong. */
	if (dev.is_virtual)
		assert_true(rte_dev_dma_map(dev.info.dev, memory, iova + page, page) < 0);
	assert_int_equal(rte_dev_dma_unmap(dev.info.dev, memory, iova, size), 0);
	assert_true(rte_dev_dma_unmap(dev.info.dev, memory, iova, size) < 0);
	assert_int_equal(rte_extmem_unregister(memory, size), 0);
	munmap(memory, size);
}

static const struct test_case cases[] = {
	/* Others name themselves, and offer of depths, credits and flows what they like. */
	TEST_CASE_OURS(limits_are_those_of_the_version),
	TEST_CASE(capabilities_are_advertised),
	TEST_CASE(default_configurations_can_be_used),
	TEST_CASE(attributes_tell_what_was_set_up),
	TEST_CASE(a_service_core_is_not_needed),
	TEST_CASE(memory_from_outside_can_be_mapped),
};

TEST_GROUP(info, cases);
