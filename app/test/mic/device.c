/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_devargs.h>

#include "test.h"

/* Longest pause between two steps of a card that only moves when told to. */
#define STEPPER_PAUSE_US 200

#define OTHER "raw_mic_other"

struct test_dev dev;
struct pmd pmd;

typedef const struct access_test *(*access_test_fn)(uint16_t dev_id);

static access_test_fn access_test_get;

/* ---- The driver's functions ---- */

/** A function that our driver exports, or NULL. */
void *
dev_symbol(const char *name)
{
	return driver_symbol("librte_raw_mic.so", name);
}

static int
find_functions(void)
{
	static const struct {
		const char *name;
		void *to;
	} functions[] = {
		{"mic_access_test", &access_test_get},
		{"rte_pmd_mic_load_files", &pmd.load_files},
		{"rte_pmd_mic_event_register", &pmd.event_register},
		{"rte_pmd_mic_event_unregister", &pmd.event_unregister},
		{"rte_pmd_mic_wait", &pmd.wait},
		{"rte_pmd_mic_suspend", &pmd.suspend},
		{"rte_pmd_mic_resume", &pmd.resume},
		{"rte_pmd_mic_map", &pmd.map},
		{"rte_pmd_mic_unmap", &pmd.unmap},
		{"rte_pmd_mic_aperture", &pmd.aperture},
		{"rte_pmd_mic_log", &pmd.log},
		{"rte_pmd_mic_function", &pmd.function},
		{"rte_pmd_mic_call", &pmd.call},
		{"rte_pmd_mic_answer", &pmd.answer},
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(functions); i++) {
		*(void **)functions[i].to = dev_symbol(functions[i].name);
		if (*(void **)functions[i].to == NULL) {
			fprintf(stderr, "no %s: is librte_raw_mic.so loaded (-d)?\n",
				functions[i].name);
			return -1;
		}
	}
	return 0;
}

/* ---- The device ---- */

static int
dev_describe(void)
{
	struct rte_rawdev_info info = {.dev_private = &dev.info};
	const struct rte_devargs *args;

	if (rte_rawdev_info_get(dev.id, &info, sizeof(dev.info)) < 0)
		return -1;
	args = rte_dev_devargs(info.device);
	snprintf(dev.bus, sizeof(dev.bus), "%s", rte_bus_name(rte_dev_bus(info.device)));
	snprintf(dev.name, sizeof(dev.name), "%s", rte_dev_name(info.device));
	snprintf(dev.args, sizeof(dev.args), "%s",
		 args != NULL && args->args != NULL ? args->args : "");
	dev.is_virtual = strcmp(dev.bus, "vdev") == 0;
	dev.manual = strstr(dev.args, "step=manual") != NULL;
	dev.model = strcmp(dev.info.reach, "model") == 0;
	snprintf(dev.raw, sizeof(dev.raw), "%s%s", dev.is_virtual ? "" : "mic_", dev.name);
	return 0;
}

/** Find the device under test: 0, or a negative value when one line says what to do. */
int
dev_find(void)
{
	if (find_functions() < 0)
		return -1;
	for (dev.id = 0; dev.id < 64; dev.id++) {
		if (access_test_get(dev.id) != NULL)
			return dev_describe();
	}
	fprintf(stderr, "no MIC card: give one by --vdev=raw_mic0 or -a\n");
	return -1;
}

/** Is the device there? */
bool
dev_exists(void)
{
	return access_test_get(dev.id) != NULL;
}

/** Bring a card back to where a case begins: without an OS, and as it is configured by itself. */
void
dev_rest(uint16_t id)
{
	static const struct rte_pmd_mic_info plain = {
		.dma_channels = 4, .queue_depth = 4096, .heartbeat = 1};
	struct rte_pmd_mic_info conf = plain;
	struct rte_rawdev_info info = {.dev_private = &conf};
	struct rte_pmd_mic_status s = status(id);

	if (s.state == RTE_PMD_MIC_SUSPENDED)
		pmd.resume(id);
	if (s.state != RTE_PMD_MIC_READY || s.image_loaded)
		rte_rawdev_reset(id);
	conf.era = dev.info.era;
	rte_rawdev_configure(id, &info, sizeof(conf));
}

/** Replace the device, if it is still there, by a fresh one of the same name and arguments. */
void
dev_probe_again(void)
{
	if (dev_exists()) {
		rte_rawdev_reset(dev.id);
		stepper_end();
		assert_int_equal(rte_eal_hotplug_remove(dev.bus, dev.name), 0);
	}
	assert_int_equal(rte_eal_hotplug_add(dev.bus, dev.name, dev.args), 0);
	dev.id = rte_rawdev_get_dev_id(dev.raw);
	assert_int_equal(dev_describe(), 0);
	assert_int_equal(stepper_start(), 0);
}

/** Accesses of the driver that touched nothing the device has. */
uint64_t
dev_stray(uint16_t id)
{
	return access_test_get(id)->stray(id);
}

/* ---- The card's console ---- */

/** The directory of a card that is known by its name. */
const char *
dev_card_directory(void)
{
	static char directory[96];
	const char *name = strstr(dev.args, "card="), *dir = getenv("SLIPWAY_DIR");

	name = name != NULL ? name + strlen("card=") : "";
	snprintf(directory, sizeof(directory), "%.60s/cards/%.*s", dir != NULL ? dir : "",
		 (int)strcspn(name, ","), name);
	return directory;
}

/* The card's process answers beside the socket that the card is at. */
static void
console_path(char *to, size_t size)
{
	const char *path = strstr(dev.args, "at=vfu:");

	if (path == NULL)
		snprintf(to, size, "%s/card.ctl", dev_card_directory());
	else
		snprintf(to, size, "%.*s.ctl", (int)strcspn(path + strlen("at=vfu:"), ","),
			 path + strlen("at=vfu:"));
}

static int
type_at_socket(const char *command)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), ret = -EIO;
	char line[256];
	ssize_t n;

	if (fd < 0)
		return -EIO;
	console_path(at.sun_path, sizeof(at.sun_path));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0) {
		snprintf(line, sizeof(line), "%s\n", command);
		n = write(fd, line, strlen(line)) < 0 ? -1 : read(fd, line, sizeof(line) - 1);
		line[n > 0 ? n : 0] = '\0';
		ret = n > 0 && strstr(line, "error") == NULL ? 0 : -EINVAL;
	}
	close(fd);
	return ret;
}

/** Type at the console of a card: 0, or -EINVAL when no card OS listens. */
int
dev_type(uint16_t id, const char *command)
{
	int ret = access_test_get(id)->card(id, command);

	return ret == -ENOTSUP ? type_at_socket(command) : ret;
}

/** What the COSM client of a card of a later era does. */
int
dev_cosm(uint16_t id, const char *what)
{
	return access_test_get(id)->cosm(id, what);
}

/* ---- Its clock ---- */

static const struct access_test *stepped_by;

static void
step(void)
{
	stepped_by->step(dev.id);
}

/** Under step=manual nothing happens in the card until it is told: begin to tell it. */
int
stepper_start(void)
{
	stepped_by = access_test_get(dev.id);
	return dev.manual ? stepper_begin(step, STEPPER_PAUSE_US) : 0;
}

/* ---- Another card ---- */

bool
others_wanted(void)
{
	return dev.model && !dev.manual;
}

bool
other_is_there(void)
{
	return rte_rawdev_get_dev_id(OTHER) < 64;
}

void
other_remove(void)
{
	uint16_t id = rte_rawdev_get_dev_id(OTHER);

	if (!other_is_there())
		return;
	/* One that is lost, or cannot be reset, is closed as it is. */
	if (status(id).state != RTE_PMD_MIC_RESET_FAILED && status(id).state != RTE_PMD_MIC_LOST)
		rte_rawdev_reset(id);
	assert_int_equal(rte_eal_hotplug_remove("vdev", OTHER), 0);
	assert_false(other_is_there());
}

/* An argument, unless it is given. */
static void
add_default(char all[256], const char *key, const char *value)
{
	size_t n = strlen(all);

	if (strstr(all, key) == NULL)
		snprintf(all + n, 256 - n, "%s%s%s", n != 0 ? "," : "", key, value);
}

/** What the probe returns; a case that failed may have left its card behind. */
int
other_try(const char *args)
{
	char all[256];

	other_remove();
	snprintf(all, sizeof(all), "%s", args);
	/* Elsewhere the card's process settles it. */
	if (strstr(args, "card=") == NULL && strstr(args, "at=vfu") == NULL)
		add_default(all, "ready_ms=", "1000");
	add_default(all, "time_scale=", "100");
	return rte_eal_hotplug_add("vdev", OTHER, all);
}

uint16_t
other_make(const char *args)
{
	int ret = other_try(args);

	if (ret != 0)
		fail_msg("%s: %d", args, ret);
	return rte_rawdev_get_dev_id(OTHER);
}
