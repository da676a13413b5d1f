/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>

#include "test.h"

/* Drivers that lease credits do so 32 at a time, and keep less than twice that. */
#define FOREIGN_HOARD 64

static const struct test_group *const groups[] = {
	&info_group,    &config_group,  &link_group,    &traffic_group,   &atomic_group,
	&ordered_group, &directed_group, &priority_group, &release_group, &credit_group,
	&relink_group,  &stop_group,    &timeout_group, &xstats_group,    &devargs_group,
	&thread_group,  &domain_group,  &sleep_group,   &token_group,     &alarm_group,
	&wait_group,    &calls_group,   &weight_group,  &telemetry_group, &mix_group,
};

static bool all_cases = true;

static uint64_t
stray(void)
{
	return dev_stray(dev.id);
}

/* A case that failed leaves its threads behind. */
static void
rest(void)
{
	threads_end();
	if (dev_exists()) {
		rte_event_dev_stop_flush_callback_register(dev.id, NULL, NULL);
		dev_rest(dev.id);
	}
}

static const struct test_program program = {
	.groups = groups,
	.nb_groups = RTE_DIM(groups),
	.device = dev.name,
	.exists = dev_exists,
	.stray = stray,
	.rest = rest,
	.probe_again = dev_probe_again,
};

static void
usage(void)
{
	printf("usage: slipway-test-event EAL-OPTIONS DEVICE [-- [--foreign] [PATTERN]]\n"
	       "Runs every case, or those whose name matches PATTERN (with * and ?).\n"
	       "DEVICE is the device under test: --vdev=event_dlb0[,ARGUMENTS], or on the PCI\n"
	       "bus -a ADDRESS[,ARGUMENTS], for example -a 0000:7e:00.0\n"
	       "  --foreign  its driver is someone else's: without PATTERN, leave out what only\n"
	       "             our driver promises\n");
}

/* What follows EAL's own arguments. */
static bool
options_take(int argc, char **argv)
{
	int i = 1;

	if (i < argc && strcmp(argv[i], "--foreign") == 0) {
		dev.foreign = true;
		dev.hoard = FOREIGN_HOARD;
		all_cases = false;
		i++;
	}
	if (i < argc && argv[i][0] != '-') {
		all_cases = true;
		cmocka_set_test_filter(argv[i++]);
	}
	return i == argc;
}

int
main(int argc, char **argv)
{
	int used;

	rte_set_application_usage_hook((rte_usage_hook_t)(void *)usage);
	used = rte_eal_init(argc, argv);
	if (used < 0 || !options_take(argc - used, argv + used)) {
		usage();
		return 2;
	}
	if (dev_find() < 0 || stepper_start() < 0)
		return 2;
	tests_run(&program, all_cases);
	rte_event_dev_close(dev.id);
	stepper_end();
	rte_eal_cleanup();
	return tests_verdict();
}
