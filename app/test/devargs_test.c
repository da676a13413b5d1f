/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>

#include "test.h"

/* The device these cases make with arguments of their own. */
static struct {
	const char *bus;
	const char *name;
} other;

/* Arguments that must be refused, and what the message must name. */
static const struct {
	const char *args;
	const char *names;
} bad[] = {
	{"nonsense=1", "nonsense"},
	{"version=1.0", "version=1.0"},
	{"version=2", "version=2"},
	{"version=", "version"},
	{"cq=dense,cq=sparse", "cq=sparse"},
	{"at=mars", "at=mars"},
	{"at=vfu:", "at=vfu:"},
	{"at=vfu", "at=vfu"},
	{"step=sometimes", "step=sometimes"},
	{"max_queues=0", "max_queues=0"},
	{"max_queues=33", "max_queues=33"},
	{"max_queues=-1", "max_queues=-1"},
	{"max_queues=8x", "max_queues=8x"},
	{"max_queues=99999999999999999999", "max_queues=9999"},
	{"max_num_events=0", "max_num_events=0"},
	{"max_num_events=16385", "max_num_events=16385"},
	{"max_cq_depth=4", "max_cq_depth=4"},
	{"max_cq_depth=48", "max_cq_depth=48"},
	{"max_cq_depth=512", "max_cq_depth=512"},
	{"max_cq_depth=2048", "max_cq_depth=2048"},
	{"credit_quanta=0", "credit_quanta=0"},
	{"credit_quanta=abc", "credit_quanta=abc"},
	{"numa_node=77", "numa_node=77"},
	{"cq=thick", "cq=thick"},
	{"parallel=maybe", "parallel=maybe"},
	{"ldb_queues=33", "ldb_queues=33"},
	{"ldb_ports=65", "ldb_ports=65"},
	{"cos=1:2:3:17", "cos=1:2:3:17"},
	{"credits=0", "credits=0"},
	{"history=-1", "history=-1"},
	{"sn=64", "sn=64"},
	{"sn=64:96", "sn=64:96"},
	{"sn=64:64:64", "sn=64:64:64"},
	{"wait=sleep", "wait=sleep"},
	{"max_enqueue_depth=0", "max_enqueue_depth=0"},
	{"max_enqueue_depth=1025", "max_enqueue_depth=1025"},
	{"default_depth_thresh=0", "default_depth_thresh=0"},
	{"default_depth_thresh=8192", "default_depth_thresh=8192"},
	{"qid_depth_thresh=8", "qid_depth_thresh=8"},
	{"qid_depth_thresh=128:8", "qid_depth_thresh=128:8"},
	{"qid_depth_thresh=0-128:8", "qid_depth_thresh=0-128:8"},
	{"qid_depth_thresh=5-4:8", "qid_depth_thresh=5-4:8"},
	{"qid_depth_thresh=0:8192", "qid_depth_thresh=0:8192"},
	{"qid_depth_thresh=all:", "qid_depth_thresh=all:"},
	{"qid_depth_thresh=all:8x", "qid_depth_thresh=all:8x"},
	{"qid_depth_thresh=0:1,qid_depth_thresh=allx:1", "qid_depth_thresh=allx:1"},
	{"enable_cq_weight=1", "enable_cq_weight=1"},
	{"enable_cq_weight=", "enable_cq_weight="},
	{"cq_weight=0:0", "cq_weight=0:0"},
	{"cq_weight=0:32768", "cq_weight=0:32768"},
	{"cq_weight=160:1", "cq_weight=160:1"},
	{"port_cos=0:4", "port_cos=0:4"},
	{"cos_bw=25:25:25", "cos_bw=25:25:25"},
	{"cos_bw=50:50:1:0", "cos_bw=50:50:1:0"},
	{"cos_bw=99999999999999999999:0:0:0", "cos_bw=9999"},
	{"use_default_hl=perhaps", "use_default_hl=perhaps"},
	{"sw_credit_quanta=0", "sw_credit_quanta=0"},
	{"sw_credit_quanta=8,credit_quanta=8", "credit_quanta=8"},
};

/* Of virtual devices there can be another one. */
static void
other_is_virtual(void)
{
	other.bus = "vdev";
	other.name = "event_dlb_other";
}

/* Of the same kind as the device under test; on a bus it is that device itself, which the next
 * case will find as it was.
 */
static void
other_is_alike(void)
{
	other_is_virtual();
	if (dev.is_virtual)
		return;
	other.bus = dev.bus;
	other.name = dev.name;
}

/* Which version of it, where it can be told. */
static const char *
with_version(const char *version)
{
	return dev.is_virtual ? version : "";
}

static int
other_id(void)
{
	return rte_event_dev_get_dev_id(other.name);
}

/* A case that failed may have left its device behind. */
static int
other_probe(const char *args)
{
	int left = other_id();

	if (left >= 0) {
		rte_event_dev_stop(left);
		rte_eal_hotplug_remove(other.bus, other.name);
	}
	return rte_eal_hotplug_add(other.bus, other.name, args);
}

static void
other_remove(void)
{
	assert_int_equal(rte_eal_hotplug_remove(other.bus, other.name), 0);
	assert_true(other_id() < 0);
}

/* Probe, and give what was logged meanwhile; the caller frees it. */
static char *
probe_logged(const char *args, int *ret)
{
	log_begin();
	*ret = other_probe(args);
	return log_end();
}

/* Good for a virtual device; one on a bus says itself what it is, and keeps its own time. */
static const char *const bad_on_a_bus[] = {
	"version=2.0", "version=2.5", "at=model", "step=idle", "numa_node=-1", "device=event_dlb0",
};

static void
expect_refused(const char *args, const char *names)
{
	int ret = 0;
	char *text = probe_logged(args, &ret);

	assert_non_null(text);
	if (ret == 0 || strstr(text, names) == NULL || lines_with(text, "accepted") != 1)
		fail_msg("%s: returned %d and said: %s", args, ret, text);
	free(text);
	assert_true(other_id() < 0);
}

static void
bad_devargs_are_refused_with_one_line(void)
{
	unsigned int i;

	other_is_alike();
	for (i = 0; i < RTE_DIM(bad); i++)
		expect_refused(bad[i].args, bad[i].names);
	for (i = 0; i < RTE_DIM(bad_on_a_bus) && !dev.is_virtual; i++)
		expect_refused(bad_on_a_bus[i], bad_on_a_bus[i]);
}

static void
more_events_than_the_version_holds_are_refused(void)
{
	other_is_virtual();
	expect_refused("version=2.0,max_num_events=8193", "max_num_events=8193");
	other_is_alike();
	if (dev.v20 && !dev.is_virtual)
		expect_refused("max_num_events=8193", "max_num_events=8193");
}

static void
devargs_show_in_the_info(void)
{
	struct rte_event_dev_info info;

	char args[80];

	other_is_alike();
	snprintf(args, sizeof(args), "%smax_queues=8,max_num_events=100,max_cq_depth=16",
		 with_version("version=2.0,"));
	assert_int_equal(other_probe(args), 0);
	assert_int_equal(rte_event_dev_info_get(other_id(), &info), 0);
	assert_int_equal(info.max_event_queues, 8);
	assert_int_equal(info.max_num_events, 100);
	assert_int_equal(info.max_event_port_dequeue_depth, 16);
	assert_int_equal(info.max_single_link_event_port_queue_pairs,
			 dev.is_virtual || dev.v20 ? 64 : 96);
	other_remove();
}

/* The API tells the depth in eight bits, so 256 shows as 255. */
static void
every_dequeue_depth_shows_in_the_info(void)
{
	struct rte_event_dev_info info;
	unsigned int depth;
	char args[32];

	other_is_alike();
	for (depth = 8; depth <= 256; depth *= 2) {
		snprintf(args, sizeof(args), "max_cq_depth=%u", depth);
		assert_int_equal(other_probe(args), 0);
		assert_int_equal(rte_event_dev_info_get(other_id(), &info), 0);
		assert_int_equal(info.max_event_port_dequeue_depth, RTE_MIN(depth, 255u));
		other_remove();
	}
}

/* Set up a device by number, send through it and leave it running. */
static void
other_run(const char *args, uint64_t first)
{
	struct rte_event ev;
	struct test_dev saved = dev;
	unsigned int i;

	assert_int_equal(other_probe(args), 0);
	dev_become((uint8_t)other_id());
	assert_int_equal(rte_event_dev_info_get(dev.id, &dev.info), 0);
	shape_simple(QUEUE_ALL, 2, 0, 8);
	for (i = 0; i < 3; i++)
		send_numbers(0, event_make(0, i, 0, first), 20);
	for (i = 0; i < 60; i++) {
		receive_all(1, &ev, 1);
		assert_in_range(ev.u64, first, first + 19);
	}
	assert_int_equal(dev_stray(dev.id), 0);
	dev_become(saved.id);
	dev = saved;
}

static void
other_end(void)
{
	int id = other_id();

	assert_true(id >= 0);
	rte_event_dev_stop(id);
	assert_int_equal(rte_event_dev_close(id), 0);
	other_remove();
}

static void
every_variant_passes_events(void)
{
	static const char *const args[] = {
		"",
		"cq=sparse",
		"cq=dense",
		"parallel=ordered",
		"parallel=unordered",
		"wait=poll",
		"wait=interrupt",
		"credit_quanta=1",
		"credit_quanta=1024",
		"max_cq_depth=8",
		"cq=sparse,max_queues=1",
	};
	unsigned int i;

	other_is_alike();
	for (i = 0; i < RTE_DIM(args); i++) {
		other_run(args[i], i * 100);
		other_end();
	}
}

static void
every_virtual_device_passes_events(void)
{
	static const char *const args[] = {
		"version=2.0", "version=2.5",  "at=model",
		"step=idle",   "numa_node=-1", "version=2.0,cq=sparse,max_queues=1",
	};
	unsigned int i;

	other_is_virtual();
	for (i = 0; i < RTE_DIM(args); i++) {
		other_run(args[i], i * 100);
		other_end();
	}
}

static void
two_devices_do_not_mix(void)
{
	struct rte_event ev;
	unsigned int i;

	other_is_virtual();
	shape_simple(QUEUE_ATOMIC, 2, 0, 32);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 50);
	other_run("", 1000);
	for (i = 0; i < 50; i++) {
		receive_all(1, &ev, 1);
		assert_int_equal(ev.u64, i);
	}
	receive_nothing(1);
	other_end();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 50);
	drain(1, 50);
}

static void
probing_and_removing_leaks_nothing(void)
{
	struct test_held held;
	unsigned int i;

	other_is_alike();
	other_run("", 0);
	other_end();
	held = held_now();
	for (i = 0; i < 50; i++) {
		assert_int_equal(other_probe(i % 2 ? with_version("version=2.0") : ""), 0);
		if (i % 10 == 0) {
			other_remove();
			other_run("", 0);
			other_end();
			continue;
		}
		other_remove();
	}
	/* A little is kept by others, as by the bus for its devices' names; a device is more. */
	held_expect(&held, 65536);
}

/* Its threads would go on using it: it has to be stopped first, and is none the worse till then. */
static void
a_running_device_cannot_be_removed(void)
{
	other_is_alike();
	other_run("", 0);
	assert_true(rte_eal_hotplug_remove(other.bus, other.name) < 0);
	other_end();
	other_run("", 0);
	other_end();
}

static const struct test_case cases[] = {
	/* Arguments are each driver's own, and not every driver lets go of its device. */
	TEST_CASE_OURS(bad_devargs_are_refused_with_one_line),
	TEST_CASE_OURS(more_events_than_the_version_holds_are_refused),
	TEST_CASE_OURS(devargs_show_in_the_info),
	TEST_CASE_OURS(every_dequeue_depth_shows_in_the_info),
	TEST_CASE_OURS(every_variant_passes_events),
	TEST_CASE_OURS(every_virtual_device_passes_events),
	TEST_CASE_OURS(two_devices_do_not_mix),
	TEST_CASE_OURS(probing_and_removing_leaks_nothing),
	TEST_CASE_OURS(a_running_device_cannot_be_removed),
};

TEST_GROUP(devargs, cases);
