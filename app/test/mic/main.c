/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>

#include <rte_eal.h>

#include "dma.h"

static const struct test_group *const groups[] = {
	&life_group,      &image_group,   &crash_group,   &event_group,   &irq_group,
	&reset_group,     &smpt_group,    &attr_group,    &seen_group,    &function_group,
	&era_group,       &suspend_group, &cards_group,   &loss_group,    &owner_group,
	&cosm_group,      &hostile_group, &devargs_group, &dma_group,     &dma_shape_group,
	&dma_error_group, &queue_group,
};

static uint64_t
stray(void)
{
	return dev_stray(dev.id);
}

/* The next case finds the card without an OS, and no other card. */
static void
rest(void)
{
	other_remove();
	if (dev_exists()) {
		dma_rest();
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
	printf("usage: slipway-test-mic EAL-OPTIONS DEVICE [-- PATTERN]\n"
	       "Runs every case, or those whose name matches PATTERN (with * and ?).\n"
	       "DEVICE is the card under test: --vdev=raw_mic0[,ARGUMENTS], or on the PCI bus\n"
	       "-a ADDRESS[,ARGUMENTS]; a virtual one with time_scale=100,ready_ms=1000, since a\n"
	       "reset takes 10 s.\n");
}

int
main(int argc, char **argv)
{
	int used;

	rte_set_application_usage_hook((rte_usage_hook_t)(void *)usage);
	used = rte_eal_init(argc, argv);
	if (used < 0 || argc - used > 2) {
		usage();
		return 2;
	}
	if (argc - used == 2)
		cmocka_set_test_filter(argv[used + 1]);
	if (dev_find() < 0 || stepper_start() < 0)
		return 2;
	tests_run(&program, true);
	stepper_end();
	if (dev_exists())
		rte_rawdev_close(dev.id);
	rte_eal_cleanup();
	return tests_verdict();
}
