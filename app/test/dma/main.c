/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>

#include "test.h"

static const struct test_group *const groups[] = {
	&config_group, &vchan_group, &stop_group,  &stats_group,  &seen_group,
	&memory_group, &halt_group,  &data_group,  &order_group,  &error_group,
	&ops_group,    &shared_group, &devargs_group,
};

static uint64_t
stray(void)
{
	return dev_stray(dev.id);
}

static void
rest(void)
{
	stepper_pause(false);
	if (dev_exists())
		dev_rest(dev.id);
	memory_put_all();
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
	printf("usage: slipway-test-dma EAL-OPTIONS DEVICE [-- [--long] [PATTERN]]\n"
	       "Runs every case, or those whose name matches PATTERN (with * and ?);\n"
	       "with --long also what takes minutes.\n"
	       "DEVICE is the device under test: --vdev=dma_dsa0[,ARGUMENTS], or on the PCI bus\n"
	       "-a ADDRESS[,ARGUMENTS], for example -a 0000:6a:01.0\n");
}

/* What follows EAL's own arguments. */
static bool
options_take(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--long") == 0) {
		dev.lengthy = true;
		argc--;
		argv++;
	}
	if (argc > 1 && argv[1][0] == '-')
		return false;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return argc <= 2;
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
	tests_run(&program, true);
	/* What is let go of needs no step of ours, and may get none. */
	stepper_end();
	rte_dma_close(dev.id);
	rte_eal_cleanup();
	return tests_verdict();
}
