/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <rte_dev.h>

#include "test.h"

/* Device arguments, and devices that come and go. */

#define OTHER "dma_dsa_other"

/* Arguments that must be refused, and what the message must name. */
static const struct {
	const char *args;
	const char *names;
} bad[] = {
	{"nonsense=1", "nonsense=1"},
	{"version=3.0", "version=3.0"},
	{"version=1", "version=1:"},
	{"version=", "version="},
	{"version=1.0,version=2.0", "version=2.0"},
	{"at=mars", "at=mars"},
	{"at=vfu:", "at=vfu:"},
	{"at=vfu", "at=vfu"},
	{"at=vfu:/nowhere/dsa", "/nowhere/dsa"},
	{"at=/dev/dsa/notawq", "at=/dev/dsa/notawq"},
	{"step=sometimes", "step=sometimes"},
	{"at=vfu:/nowhere/dsa,step=manual", "step=manual"},
	{"at=vfu:/nowhere/dsa,version=2.0", "version=2.0"},
	{"at=vfu:/nowhere/dsa,sva=1", "sva=1"},
	{"at=/dev/dsa/wq0.0,mode=shared", "mode=shared"},
	{"at=/dev/dsa/wq0.0,wqs=1", "wqs=1"},
	{"numa_node=77", "numa_node=77"},
	{"wqs=0", "wqs=0"},
	{"wqs=65", "wqs=65"},
	{"wqs=-1", "wqs=-1"},
	{"wqs=8x", "wqs=8x"},
	{"wqs=99999999999999999999", "wqs=9999"},
	{"mode=both", "mode=both"},
	{"size=0", "size=0"},
	{"size=65536", "size=65536"},
	{"size=40000,wqs=2", "size=40000"},
	{"threshold=4", "threshold=4"},
	{"threshold=4,mode=dedicated", "threshold=4: accepted: with mode=shared"},
	{"mode=shared,threshold=0", "threshold=0"},
	{"mode=shared,size=8,threshold=9", "threshold=9"},
	{"mode=shared,wqs=8,threshold=17", "threshold=17"},
	{"groups=0", "groups=0"},
	{"groups=17", "groups=17"},
	{"groups=3,engines=2", "groups=3"},
	{"groups=3,wqs=2", "groups=3"},
	{"engines=0", "engines=0"},
	{"engines=17", "engines=17"},
	{"sva=2", "sva=2"},
	{"sva=yes", "sva=yes"},
	{"partial=wait", "partial=wait"},
	{"retries=-1", "retries=-1"},
	{"mode=shared,retries=65536", "retries=65536: accepted: 0..65535"},
	{"retries=5", "retries=5: accepted: with mode=shared"},
	{"batch=0", "batch=0"},
	{"batch=32769", "batch=32769"},
	{"batch=2048", "batch=2048"},
};

/* Good for a virtual device; one on a bus says itself what it is, and keeps its own time. */
static const char *const bad_on_a_bus[] = {
	"version=1.0", "at=model", "step=idle", "numa_node=-1",
};

/* Leaf 7, bit 29 of ecx. */
static bool
cpu_has_enqcmd(void)
{
#if defined(__x86_64__)
	unsigned int eax, ebx, ecx = 0, edx;

	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx >> 29 & 1);
#else
	return false;
#endif
}

static struct {
	const char *bus, *name;
} other = {"vdev", OTHER};

/* Of the same kind as the device under test; on a bus it is that device itself, which the next
 * case will find as it was.
 */
static void
other_is_alike(void)
{
	if (dev.is_virtual)
		return;
	other.bus = dev.bus;
	other.name = dev.name;
}

static int
other_id(void)
{
	return rte_dma_get_dev_id_by_name(other.name);
}

/* A case that failed may have left its device behind. */
static int
other_probe(const char *args)
{
	if (other_id() >= 0) {
		rte_dma_stop((int16_t)other_id());
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

static void
expect_refused(const char *args, const char *names)
{
	char *text;
	int ret;

	log_begin();
	ret = other_probe(args);
	text = log_end();
	if (ret == 0 || strstr(text, names) == NULL || lines_with(text, "dma_dsa_other: ") > 1)
		fail_msg("%s: returned %d and said: %s", args, ret, text);
	free(text);
	assert_true(other_id() < 0);
}

static void
bad_devargs_are_refused_with_one_line(void)
{
	unsigned int i;

	other_is_alike();
	for (i = 0; i < RTE_DIM(bad) && dev.is_virtual; i++)
		expect_refused(bad[i].args, bad[i].names);
	for (i = 0; i < RTE_DIM(bad_on_a_bus) && !dev.is_virtual; i++)
		expect_refused(bad_on_a_bus[i], bad_on_a_bus[i]);
}

/* From user space a shared queue needs what CPU and system have to give; each thing that is missing
 * is named, and dedicated ones can be had all the same.
 */
static void
what_a_shared_queue_lacks_on_a_bus_is_named(void)
{
	char *text;
	int ret;

	if (dev.is_virtual)
		return;
	other_is_alike();
	log_begin();
	ret = other_probe("mode=shared");
	text = log_end();
	if (ret == 0 ||
	    lines_with(text, "mode=shared: ") != lines_with(text, "accepted: dedicated") ||
	    lines_with(text, "the system has not turned PASIDs on") != 1 ||
	    lines_with(text, "this CPU has no ENQCMD") != (cpu_has_enqcmd() ? 0 : 1))
		fail_msg("returned %d and said: %s", ret, text);
	free(text);
	expect_refused("sva=1", "sva=1");
	assert_int_equal(other_probe("mode=dedicated"), 0);
}

/* Work on the other device, as if it were the one under test. */
static void
other_works(void)
{
	struct test_dev before = dev;
	uint16_t last;

	dev_become((int16_t)other_id());
	assert_int_equal(rte_dma_info_get(dev.id, &dev.info), 0);
	last = dev.info.max_vchans - 1;
	shape(last + 1, 64);
	copies_work(0, 2, 3000);
	copies_work(last, 2, 3000);
	dev_stop();
	assert_int_equal(dev_stray(dev.id), 0);
	dev_become(before.id);
	dev = before;
	memory_put_all();
}

static void
every_variant_works(void)
{
	static const char *const args[] = {
		"",
		"at=model,version=2.0",
		"wqs=1",
		"wqs=64,size=2",
		"wqs=2,size=1",
		"size=100",
		"groups=1,engines=1",
		"groups=16,engines=16,wqs=16",
		"mode=shared",
		"mode=shared,wqs=1,size=8,threshold=1",
		"mode=shared,version=2.0,wqs=3,groups=2",
		"sva=1",
		"sva=1,mode=shared",
		"batch=1",
		"batch=2,partial=cpu",
		"mode=shared,batch=2,retries=0,partial=cpu",
		"step=idle,numa_node=-1",
	};
	unsigned int i;

	if (!dev.is_virtual)
		return;
	for (i = 0; i < RTE_DIM(args); i++) {
		assert_int_equal(other_probe(args[i]), 0);
		other_works();
		other_remove();
	}
}

static void
arguments_show_in_info_and_dump(void)
{
	struct rte_dma_info info;
	char *text;

	if (!dev.is_virtual)
		return;
	assert_int_equal(other_probe("version=2.0,wqs=3,size=20,groups=2,engines=3,sva=1"), 0);
	assert_int_equal(rte_dma_info_get((int16_t)other_id(), &info), 0);
	assert_int_equal(info.max_vchans, 3);
	assert_true((info.dev_capa & RTE_DMA_CAPA_SVA) != 0);
	text = dump((int16_t)other_id());
	if (strstr(text, "DSA 2.0") == NULL ||
	    strstr(text, "3 of 8 work queues, 3 of 4 engines, in 2 groups") == NULL ||
	    lines_with(text, "dedicated, 20 entries") != 3)
		fail_msg("%s", text);
	free(text);
	other_remove();
}

/* Queues share out what the device has, as far as they are not told how much. */
static void
sizes_are_shared_out(void)
{
	static const struct {
		const char *args, *shows;
		unsigned int queues;
	} rows[] = {
		{"", "dedicated, 16 entries", 8},
		{"wqs=1", "dedicated, 128 entries", 1},
		{"size=64", "dedicated, 64 entries", 2},
		{"mode=shared,wqs=2", "shared, 64 entries, threshold 63", 2},
		{"mode=shared,wqs=4,size=8,threshold=5", "shared, 8 entries, threshold 5", 4},
	};
	unsigned int i;
	char *text;

	for (i = 0; i < RTE_DIM(rows) && dev.is_virtual; i++) {
		assert_int_equal(other_probe(rows[i].args), 0);
		text = dump((int16_t)other_id());
		if (lines_with(text, rows[i].shows) != rows[i].queues)
			fail_msg("%s: %s", rows[i].args, text);
		free(text);
		other_remove();
	}
}

static void
two_devices_do_not_mix(void)
{
	if (!dev.is_virtual)
		return;
	shape(1, 64);
	copies_work(0, 2, 500);
	assert_int_equal(other_probe(""), 0);
	other_works();
	copies_work(0, 2, 500);
	other_remove();
	copies_work(0, 2, 500);
}

/* Devices whose names begin alike, and are as long as names may be. */
static void
names_may_be_long(void)
{
	static const char *const names[] = {"dma_dsa_of_a_long_name_that_ends_in_1",
					    "dma_dsa_of_a_long_name_that_ends_in_2"};
	struct test_dev before = dev;
	unsigned int i;

	if (!dev.is_virtual || dev.served || dev.kernel)
		return;
	for (i = 0; i < RTE_DIM(names); i++) {
		assert_int_equal(rte_eal_hotplug_add("vdev", names[i], ""), 0);
		dev_become((int16_t)rte_dma_get_dev_id_by_name(names[i]));
		shape(1, 64);
		copies_work(0, 1, 100);
	}
	dev_become(before.id);
	for (i = 0; i < RTE_DIM(names); i++) {
		assert_int_equal(rte_dma_stop((int16_t)rte_dma_get_dev_id_by_name(names[i])), 0);
		assert_int_equal(rte_eal_hotplug_remove("vdev", names[i]), 0);
	}
	dev = before;
	memory_put_all();
}

static void
probing_and_removing_leaks_nothing(void)
{
	struct test_held held;
	unsigned int i;

	other_is_alike();
	assert_int_equal(other_probe(""), 0);
	other_works();
	other_remove();
	held = held_now();
	for (i = 0; i < 20; i++) {
		assert_int_equal(other_probe(dev.is_virtual && i % 2 ? "mode=shared" : ""), 0);
		if (i % 5 == 0)
			other_works();
		other_remove();
	}
	/* A little is kept by others, as by the bus for its devices' names; a device is more. */
	held_expect(&held, 65536);
}

/* Its threads would go on using it: it has to be stopped first, and is none the worse till then. */
static void
a_running_device_cannot_be_removed(void)
{
	int16_t before = dev.id;

	other_is_alike();
	assert_int_equal(other_probe(""), 0);
	dev_become((int16_t)other_id());
	shape(1, 64);
	assert_true(rte_eal_hotplug_remove(other.bus, other.name) < 0);
	copies_work(0, 1, 100);
	dev_stop();
	dev_become(before);
	memory_put_all();
	other_remove();
}

/* The application may close a device itself; its bus lets go of it afterwards. */
static void
a_closed_device_can_be_removed(void)
{
	other_is_alike();
	assert_int_equal(other_probe(""), 0);
	assert_int_equal(rte_dma_close((int16_t)other_id()), 0);
	assert_true(other_id() < 0);
	assert_int_equal(rte_eal_hotplug_remove(other.bus, other.name), 0);
	assert_int_equal(other_probe(""), 0);
	other_works();
	other_remove();
}

static const struct test_case cases[] = {
	TEST_CASE(bad_devargs_are_refused_with_one_line),
	TEST_CASE(what_a_shared_queue_lacks_on_a_bus_is_named),
	TEST_CASE(every_variant_works),
	TEST_CASE(arguments_show_in_info_and_dump),
	TEST_CASE(sizes_are_shared_out),
	TEST_CASE(two_devices_do_not_mix),
	TEST_CASE(names_may_be_long),
	TEST_CASE(probing_and_removing_leaks_nothing),
	TEST_CASE(a_running_device_cannot_be_removed),
	TEST_CASE(a_closed_device_can_be_removed),
};

TEST_GROUP(devargs, cases);
