/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "eal.h"

#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_eal.h>
#include <rte_errno.h>

int
bench_eal_begin(const char *program, int argc, char **argv)
{
	int used = rte_eal_init(argc, argv);

	if (used < 0)
		fprintf(stderr, "%s: EAL did not start: %s (try --no-huge -m 1024)\n", program,
			rte_strerror(rte_errno));
	return used;
}

const char *
bench_device_args(const char *name)
{
	const struct rte_devargs *args = NULL;
	struct rte_dev_iterator iterator;
	struct rte_device *dev;

	RTE_DEV_FOREACH(dev, "bus=vdev", &iterator)
		if (strcmp(rte_dev_name(dev), name) == 0)
			args = rte_dev_devargs(dev);
	return args != NULL && args->args != NULL ? args->args : "";
}
