/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway scif-perf: becomes slipway-scif-perf, which is linked with libscif.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "slipway.h"

#define PROGRAM "slipway-scif-perf"

int
scif_perf_command(int argc, char **argv)
{
	char path[PATH_MAX];

	(void)argc;
	if (program_beside("scif-perf", PROGRAM, path, sizeof(path)) < 0)
		return EXIT_FAILED;
	execv(path, argv);
	complain("scif-perf: %s: %s", path, strerror(errno));
	return EXIT_FAILED;
}
