/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_devargs.h>

#include "access_test.h"
#include "test.h"

/* Longest pause between two steps of a device that only moves when told to. */
#define STEPPER_PAUSE_US 60

struct test_dev dev;

typedef const struct access_test *(*access_test_fn)(uint16_t dev_id);

static access_test_fn access_test_get;
static bool stepped;
static pthread_t stepper;
static bool stepper_stop;

/* EAL loads drivers without showing their symbols, so the driver's file has to be found first. */
static int
find_in_object(struct dl_phdr_info *object, size_t size, void *found)
{
	access_test_fn *fn = found;
	void *handle;

	(void)size;
	if (strstr(object->dlpi_name, "librte_event_dlb.so") == NULL)
		return 0;
	handle = dlopen(object->dlpi_name, RTLD_NOW | RTLD_NOLOAD);
	if (handle == NULL)
		return 0;
	*(void **)fn = dlsym(handle, "dlb_access_test");
	dlclose(handle);
	return *fn != NULL;
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

	if (rte_event_dev_info_get(dev.id, &dev.info) < 0 || dev.info.dev == NULL)
		return -1;
	args = rte_dev_devargs(dev.info.dev);
	snprintf(dev.name, sizeof(dev.name), "%s", rte_dev_name(dev.info.dev));
	snprintf(dev.args, sizeof(dev.args), "%s",
		 args != NULL && args->args != NULL ? args->args : "");
	dev.v20 = strstr(dev.args, "version=2.0") != NULL;
	stepped = strstr(dev.args, "step=manual") != NULL;
	return 0;
}

/** Find the device under test: 0, or a negative value when one line says what to do. */
int
dev_find(void)
{
	if (rte_event_dev_count() != 1) {
		fprintf(stderr, "%u event devices: give exactly one by --vdev\n",
			rte_event_dev_count());
		return -1;
	}
	if (dev_describe() < 0) {
		fprintf(stderr, "event device 0 does not describe itself\n");
		return -1;
	}
	*(void **)&access_test_get = dlsym(RTLD_DEFAULT, "dlb_access_test");
	if (access_test_get == NULL)
		dl_iterate_phdr(find_in_object, &access_test_get);
	if (access_test(dev.id) == NULL) {
		fprintf(stderr, "%s: not driven by librte_event_dlb.so, give -d\n", dev.name);
		return -1;
	}
	return 0;
}

/** Replace the device by a fresh one of the same name and arguments. */
void
dev_probe_again(void)
{
	char name[sizeof(dev.name)], args[sizeof(dev.args)];
	int id;

	snprintf(name, sizeof(name), "%s", dev.name);
	snprintf(args, sizeof(args), "%s", dev.args);
	dev.id = rte_event_dev_get_dev_id(name); /* a case may have lent it to another device */
	rte_event_dev_close(dev.id);
	stepper_end();
	assert_int_equal(rte_eal_hotplug_remove("vdev", name), 0);
	assert_int_equal(rte_eal_hotplug_add("vdev", name, args), 0);
	id = rte_event_dev_get_dev_id(name);
	assert_true(id >= 0);
	dev.id = id;
	assert_int_equal(dev_describe(), 0);
	assert_int_equal(stepper_start(), 0);
}

/** Accesses of the driver that touched nothing the device has. */
uint64_t
dev_stray(uint8_t id)
{
	const struct access_test *table = access_test(id);

	return table != NULL ? table->stray(id) : 0;
}

static void *
stepper_run(void *arg)
{
	const struct access_test *table = access_test(dev.id);
	unsigned int pause;

	(void)arg;
	while (!__atomic_load_n(&stepper_stop, __ATOMIC_ACQUIRE)) {
		table->step(dev.id);
		pause = random_below(STEPPER_PAUSE_US);
		if (pause < STEPPER_PAUSE_US / 2)
			sched_yield();
		else
			pause_us(pause);
	}
	return NULL;
}

/**
 * Under step=manual nothing happens in the device until it is told: step it from a thread of its
 * own, at times the driver cannot foresee.
 */
int
stepper_start(void)
{
	stepper_stop = false;
	if (!stepped)
		return 0;
	return -pthread_create(&stepper, NULL, stepper_run, NULL);
}

/** End what stepper_start() began. */
void
stepper_end(void)
{
	if (!stepped)
		return;
	__atomic_store_n(&stepper_stop, true, __ATOMIC_RELEASE);
	pthread_join(stepper, NULL);
}

/** How much of a long test to do: a tenth where every step of the device takes its time. */
unsigned int
work_amount(unsigned int n)
{
	return stepped ? n / 10 : n;
}
