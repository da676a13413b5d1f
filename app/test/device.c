/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_devargs.h>

#include "test.h"

/* Longest pause between two steps of a device that only moves when told to. */
#define STEPPER_PAUSE_US 60

struct test_dev dev;

typedef const struct access_test *(*access_test_fn)(uint16_t dev_id);

static access_test_fn access_test_get;
static bool stepped, served;

/** A function that our driver exports, or NULL. */
void *
dev_symbol(const char *name)
{
	return driver_symbol("librte_event_dlb.so", name);
}

static const struct access_test *
access_test(uint8_t id)
{
	return access_test_get != NULL ? access_test_get(id) : NULL;
}

static int
dev_describe(void)
{
	const struct rte_devargs *args;
	const char *bus_info;

	if (rte_event_dev_info_get(dev.id, &dev.info) < 0 || dev.info.dev == NULL)
		return -1;
	args = rte_dev_devargs(dev.info.dev);
	bus_info = rte_dev_bus_info(dev.info.dev);
	snprintf(dev.bus, sizeof(dev.bus), "%s", rte_bus_name(rte_dev_bus(dev.info.dev)));
	snprintf(dev.name, sizeof(dev.name), "%s", rte_dev_name(dev.info.dev));
	/* Some drivers give their event device another name than it has on the bus. */
	snprintf(dev.alias, sizeof(dev.alias), "%s",
		 rte_event_dev_get_dev_id(dev.name) == dev.id
			 ? dev.name
			 : rte_driver_name(rte_dev_driver(dev.info.dev)));
	snprintf(dev.args, sizeof(dev.args), "%s",
		 args != NULL && args->args != NULL ? args->args : "");
	dev.is_virtual = strcmp(dev.bus, "vdev") == 0;
	/* A virtual device is told its version, one on a bus tells it. */
	dev.v20 = strstr(dev.args, "version=2.0") != NULL ||
		  (bus_info != NULL && strstr(bus_info, "device_id=2710") != NULL);
	stepped = strstr(dev.args, "step=manual") != NULL;
	served = strstr(dev.args, "at=vfu:") != NULL;
	return 0;
}

/** Find the device under test: 0, or a negative value when one line says what to do. */
int
dev_find(void)
{
	if (rte_event_dev_count() != 1) {
		fprintf(stderr, "%u event devices: give exactly one by --vdev or -a\n",
			rte_event_dev_count());
		return -1;
	}
	if (dev_describe() < 0) {
		fprintf(stderr, "event device 0 does not describe itself\n");
		return -1;
	}
	if (dev.foreign)
		return 0;
	*(void **)&access_test_get = dev_symbol("dlb_access_test");
	if (access_test(dev.id) == NULL) {
		fprintf(stderr,
			"%s: not driven by librte_event_dlb.so, give -d or\n"
			"--foreign\n",
			dev.name);
		return -1;
	}
	return 0;
}

/** Is the device there? */
bool
dev_exists(void)
{
	return rte_event_dev_get_dev_id(dev.alias) >= 0;
}

/** Stop a device if it is running. */
void
dev_rest(uint8_t id)
{
	uint32_t is_started = 0;

	if (rte_event_dev_attr_get(id, RTE_EVENT_DEV_ATTR_STARTED, &is_started) == 0 && is_started)
		rte_event_dev_stop(id);
}

/**
 * Replace the device, if it is still there, by a fresh one of the same name and arguments. One
 * whose driver is not able to let go of it is closed.
 */
void
dev_probe_again(void)
{
	char bus[sizeof(dev.bus)], name[sizeof(dev.name)], args[sizeof(dev.args)];
	int id, ret;

	snprintf(bus, sizeof(bus), "%s", dev.bus);
	snprintf(name, sizeof(name), "%s", dev.name);
	snprintf(args, sizeof(args), "%s", dev.args);
	if (dev_exists()) {
		/* A case may have lent it to another device, or left it running. */
		dev.id = rte_event_dev_get_dev_id(dev.alias);
		dev_rest(dev.id);
		rte_event_dev_close(dev.id);
		stepper_end();
		ret = rte_eal_hotplug_remove(bus, name);
		if (ret < 0 && dev.foreign)
			return;
		assert_int_equal(ret, 0);
	}
	assert_int_equal(rte_eal_hotplug_add(bus, name, args), 0);
	id = rte_event_dev_get_dev_id(dev.alias);
	assert_true(id >= 0);
	dev.id = id;
	assert_int_equal(dev_describe(), 0);
	assert_int_equal(stepper_start(), 0);
}

/** Send the device under test a command that its driver never sends. */
void
dev_provoke(uint8_t port, enum access_fault fault)
{
	assert_int_equal(access_test(dev.id)->provoke(dev.id, port, fault), 0);
}

/** Accesses of the driver that touched nothing the device has. */
uint64_t
dev_stray(uint8_t id)
{
	const struct access_test *table = access_test(id);

	return table != NULL ? table->stray(id) : 0;
}

static const struct access_test *stepped_by;

static void
step(void)
{
	stepped_by->step(dev.id);
}

/** Under step=manual nothing happens in the device until it is told: begin to tell it. */
int
stepper_start(void)
{
	stepped_by = access_test(dev.id);
	return stepped ? stepper_begin(step, STEPPER_PAUSE_US) : 0;
}

/** Test another device, or the first one again: nobody steps the one before from here on. */
void
dev_become(uint8_t id)
{
	stepper_lock();
	dev.id = id;
	stepper_unlock();
}

/**
 * How much of a long test to do: a tenth where every step of the device, or every register, takes
 * its time.
 */
unsigned int
work_amount(unsigned int n)
{
	return stepped || served ? n / 10 : n;
}
