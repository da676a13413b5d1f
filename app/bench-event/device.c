/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_devargs.h>

#include "bench.h"

/* Every cell gets a device made afresh: what the stock drivers leave behind after stop and close
 * differs too much (event_dsw frees its rings twice, event_opdl forgets no queue without close)
 * to set one up a second time.
 */
static int
device_attach(const struct bench_device *dev)
{
	if (rte_eal_hotplug_add("vdev", dev->vdev, dev->args) < 0)
		return -ENODEV;
	return rte_event_dev_get_dev_id(dev->vdev);
}

static void
device_detach(const struct bench_device *dev)
{
	rte_eal_hotplug_remove("vdev", dev->vdev);
}

/* event_opdl tells stdout how its set-up goes, in the midst of the progress line. */
static int
stdout_hush(void)
{
	int null, saved;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	return saved;
}

static void
stdout_restore(int saved)
{
	fflush(stdout);
	if (saved >= 0) {
		dup2(saved, STDOUT_FILENO);
		close(saved);
	}
}

static void
device_label(struct bench_run *run, struct bench_device *dev, const char *driver)
{
	unsigned int i, same = 0;

	for (i = 0; i < run->nb_devices; i++)
		same += strncmp(run->device[i].label, driver, strlen(driver)) == 0;
	if (same == 0)
		snprintf(dev->label, sizeof(dev->label), "%s", driver);
	else
		snprintf(dev->label, sizeof(dev->label), "%s:%u", driver, same + 1);
}

static int
device_add(struct bench_run *run, uint8_t dev_id)
{
	struct bench_device *dev = &run->device[run->nb_devices];
	const struct rte_devargs *args;
	struct rte_event_dev_info info;
	int ret;

	ret = rte_event_dev_info_get(dev_id, &info);
	if (ret < 0 || info.dev == NULL) {
		fprintf(stderr, "bench-event: event device %u does not describe itself\n", dev_id);
		return -ENODEV;
	}
	args = rte_dev_devargs(info.dev);
	snprintf(dev->vdev, sizeof(dev->vdev), "%s", rte_dev_name(info.dev));
	snprintf(dev->args, sizeof(dev->args), "%s",
		 args != NULL && args->args != NULL ? args->args : "");
	device_label(run, dev, info.driver_name);
	dev->static_pipeline = !(info.event_dev_cap & RTE_EVENT_DEV_CAP_MULTIPLE_QUEUE_PORT);
	run->nb_devices++;
	return 0;
}

/* Make one of each kind; a driver that is not there is not an error. */
static void
attach_default_set(void)
{
	static const char *const names[] = {
		"event_dlb0",
		"event_sw0",
		"event_dsw0",
		"event_opdl0",
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(names); i++)
		if (rte_eal_hotplug_add("vdev", names[i], "") < 0)
			fprintf(stderr, "bench-event: %s left out: no driver for it is loaded\n",
				names[i]);
}

/** Note the devices to compare and take them off the bus, for each cell to make its own. */
int
bench_devices_find(struct bench_run *run)
{
	unsigned int i;
	uint8_t count;

	if (rte_event_dev_count() == 0)
		attach_default_set();
	count = rte_event_dev_count();
	if (count == 0 || count > BENCH_MAX_DEVICES) {
		fprintf(stderr, "bench-event: %u event devices: give 1 to %u by --vdev\n", count,
			BENCH_MAX_DEVICES);
		return -EINVAL;
	}
	for (i = 0; i < count; i++)
		if (device_add(run, i) < 0)
			return -ENODEV;
	for (i = 0; i < count; i++)
		device_detach(&run->device[i]);
	return 0;
}

/**
 * Make a device and wire it for a cell.
 *
 * @param[out] reason why not, when it did not work out
 * @return 0, or a negative errno with nothing left behind
 */
int
bench_device_setup(struct bench_device *dev, const struct bench_cell *cell,
		   const struct bench_options *opt, char reason[BENCH_REASON_SIZE])
{
	bool one_port_a_stage = dev->static_pipeline && cell->stages.count > 1;
	int dev_id, ret, saved;

	saved = stdout_hush();
	dev_id = device_attach(dev);
	if (dev_id < 0) {
		stdout_restore(saved);
		return bench_refuse(reason, "probe", dev_id);
	}
	dev->loop = (struct bench_loop){
		.dev_id = dev_id,
		.nb_stages = cell->stages.count,
		.nb_sides = bench_layout_threads(cell->layout),
		.one_port_a_stage = one_port_a_stage,
		/* A port holding events of several stages has to answer each in the order received:
		 * a device may take an answer for the oldest event held.
		 */
		.answers_last = cell->stages.count > 1 && !one_port_a_stage,
		.flush = cell->layout == BENCH_LATENCY_FLUSHED,
		.burst = cell->burst,
		.window = opt->window,
		.flows = cell->flows,
		.work = cell->work,
	};
	memcpy(dev->loop.sched_type, cell->stages.sched_type, sizeof(cell->stages.sched_type));
	ret = bench_wire(&dev->loop, cell->layout, reason);
	if (ret < 0) {
		bench_unwire(&dev->loop);
		device_detach(dev);
	}
	stdout_restore(saved);
	return ret;
}

/** Stop a device that was set up and take it off the bus. */
void
bench_device_teardown(struct bench_device *dev)
{
	int saved = stdout_hush();

	rte_event_dev_stop(dev->loop.dev_id);
	rte_event_dev_close(dev->loop.dev_id);
	bench_unwire(&dev->loop);
	device_detach(dev);
	stdout_restore(saved);
}
