/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_memory.h>

#include "test.h"

/* Longest pause between two steps of a device that only moves when told to. */
#define STEPPER_PAUSE_US 60

struct test_dev dev;

typedef const struct access_test *(*access_test_fn)(uint16_t dev_id);

static access_test_fn access_test_get;

/** A function that our driver exports, or NULL. */
void *
dev_symbol(const char *name)
{
	return driver_symbol("librte_dma_dsa.so", name);
}

static const struct access_test *
access_test(int16_t id)
{
	return access_test_get != NULL ? access_test_get((uint16_t)id) : NULL;
}

/* DMA devices do not tell the device behind them: it is looked for by its name. */
static struct rte_device *
find_device(const char *name)
{
	static const char *const buses[] = {"vdev", "pci"};
	struct rte_dev_iterator it;
	struct rte_device *device;
	unsigned int i;

	for (i = 0; i < RTE_DIM(buses); i++) {
		char filter[32];

		snprintf(filter, sizeof(filter), "bus=%s", buses[i]);
		RTE_DEV_FOREACH(device, filter, &it) {
			if (strcmp(rte_dev_name(device), name) == 0)
				return device;
		}
	}
	return NULL;
}

static int
dev_describe(void)
{
	const struct rte_device *device;
	const struct rte_devargs *args;
	char *said;

	if (rte_dma_info_get(dev.id, &dev.info) < 0)
		return -1;
	device = find_device(dev.info.dev_name);
	if (device == NULL)
		return -1;
	args = rte_dev_devargs(device);
	snprintf(dev.bus, sizeof(dev.bus), "%s", rte_bus_name(rte_dev_bus(device)));
	snprintf(dev.name, sizeof(dev.name), "%s", rte_dev_name(device));
	snprintf(dev.args, sizeof(dev.args), "%s",
		 args != NULL && args->args != NULL ? args->args : "");
	dev.is_virtual = strcmp(dev.bus, "vdev") == 0;
	said = dump(dev.id);
	dev.shared = strstr(said, ": shared") != NULL;
	dev.part = strstr(said, "one work queue of it") != NULL;
	free(said);
	dev.kernel = strstr(dev.args, "at=/dev/dsa/") != NULL;
	dev.manual = strstr(dev.args, "step=manual") != NULL;
	dev.served = strstr(dev.args, "at=vfu:") != NULL;
	return 0;
}

/** Find the device under test: 0, or a negative value when one line says what to do. */
int
dev_find(void)
{
	if (rte_dma_count_avail() != 1) {
		fprintf(stderr, "%u DMA devices: give exactly one by --vdev or -a\n",
			rte_dma_count_avail());
		return -1;
	}
	dev.id = rte_dma_next_dev(0);
	if (dev_describe() < 0) {
		fprintf(stderr, "DMA device %d does not describe itself\n", dev.id);
		return -1;
	}
	*(void **)&access_test_get = dev_symbol("dsa_access_test");
	if (access_test(dev.id) == NULL) {
		fprintf(stderr, "%s: not driven by librte_dma_dsa.so, give -d\n", dev.name);
		return -1;
	}
	return 0;
}

/** Is the device there? */
bool
dev_exists(void)
{
	return rte_dma_get_dev_id_by_name(dev.name) >= 0;
}

/** Stop a device if it is running; if not, that does nothing. */
void
dev_rest(int16_t id)
{
	rte_dma_stop(id);
}

/** Replace the device, if it is still there, by a fresh one of the same name and arguments. */
void
dev_probe_again(void)
{
	char bus[sizeof(dev.bus)], name[sizeof(dev.name)], args[sizeof(dev.args)];

	snprintf(bus, sizeof(bus), "%s", dev.bus);
	snprintf(name, sizeof(name), "%s", dev.name);
	snprintf(args, sizeof(args), "%s", dev.args);
	if (dev_exists()) {
		dev_rest(dev.id);
		stepper_end();
		assert_int_equal(rte_eal_hotplug_remove(bus, name), 0);
	}
	assert_int_equal(rte_eal_hotplug_add(bus, name, args), 0);
	dev.id = (int16_t)rte_dma_get_dev_id_by_name(name);
	assert_true(dev.id >= 0);
	assert_int_equal(dev_describe(), 0);
	assert_int_equal(stepper_start(), 0);
}

/** Accesses of the driver that touched nothing the device has. */
uint64_t
dev_stray(int16_t id)
{
	const struct access_test *table = access_test(id);

	return table != NULL ? table->stray((uint16_t)id) : 0;
}

/** Make the device halt, behind its driver's back: 0, or -ENOTSUP where that cannot be done. */
int
dev_halt(int16_t id)
{
	return access_test(id)->halt((uint16_t)id);
}

/** Have the device disable a work queue, behind its driver's back, and do not wait for that. */
int
dev_disable(int16_t id, unsigned int wq)
{
	return access_test(id)->disable((uint16_t)id, wq);
}

/** Let a device get on that nobody else lets get on: the stepper is paused. */
void
dev_step(int16_t id)
{
	access_test(id)->step((uint16_t)id);
}

/** Let the device get at pages of the application's, at the addresses they have here. */
int
dev_map(void *addr, unsigned int pages, size_t page)
{
	int ret = rte_extmem_register(addr, pages * page, NULL, pages, page);

	if (ret < 0)
		return ret;
	return rte_dev_dma_map(find_device(dev.name), addr, (uintptr_t)addr, pages * page);
}

int
dev_unmap(void *addr, unsigned int pages, size_t page)
{
	int ret = rte_dev_dma_unmap(find_device(dev.name), addr, (uintptr_t)addr, pages * page);

	return ret < 0 ? ret : rte_extmem_unregister(addr, pages * page);
}

static const struct access_test *stepped_by;

static void
step(void)
{
	stepped_by->step((uint16_t)dev.id);
}

/** Under step=manual nothing happens in the device until it is told: begin to tell it. */
int
stepper_start(void)
{
	stepped_by = access_test(dev.id);
	return dev.manual ? stepper_begin(step, STEPPER_PAUSE_US) : 0;
}

/** Test another device, or the first one again: nobody steps the one before from here on. */
void
dev_become(int16_t id)
{
	stepper_lock();
	dev.id = id;
	stepper_unlock();
}

/** How much of a long test to do: a tenth where every step of the device takes its time. */
unsigned int
work_amount(unsigned int n)
{
	return dev.manual || dev.served ? n / 10 : n;
}
