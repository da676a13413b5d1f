/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway dsa: DSA devices and their work queues.
 */
#include "dsa.h"

#include <stdio.h>
#include <string.h>

#include "slipway.h"

static const char help[] =
	"NAME\n"
	"       slipway dsa - list DSA devices, plan their work queues, try one\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway dsa list [--json]\n"
	"       slipway dsa config [--apply] DEVICE --wq K:KEY=VALUE,... [--wq ...]\n"
	"       slipway dsa test TARGET\n"
	"\n"
	"DESCRIPTION\n"
	"       list    shows the devices that the kernel's idxd has (/sys/bus/dsa) with their\n"
	"               work queues, those that slipway serve serves here, and those on the PCI\n"
	"               bus with the driver that has them.\n"
	"       config  plans groups, engines and work queues of a device of the kernel's, dsa0\n"
	"               for instance: prints the writes to attributes that set it up, and touches\n"
	"               nothing. A plan that does not fit is refused, and the range named. Each\n"
	"               group that has work queues gets an even part of the engines.\n"
	"       test    moves, fills, compares and checksums some bytes by a work queue, and\n"
	"               looks at each of them. TARGET is the socket of a work queue, by its path or its\n"
	"               name in the directory of running devices (dsa0.wq1), or a device of the\n"
	"               kernel's, /dev/dsa/wq0.1.\n"
	"\n"
	"OPTIONS\n"
	"       --wq K:KEY=VALUE,...\n"
	"              What work queue K is to be: mode=shared|dedicated, size, threshold,\n"
	"              priority, group, max_transfer, max_batch, name, driver. What is not said:\n"
	"              shared, an even part of the entries, the whole size, 1, 0, what the device\n"
	"              can do, slipwayK, user.\n"
	"       --apply\n"
	"              Write the attributes, as root, to a device that is disabled, and enable it\n"
	"              and its work queues.\n"
	"       --json\n"
	"              The same as JSON.\n"
	"       --help\n"
	"              This text.\n"
	"\n"
	"ENVIRONMENT\n"
	"       SLIPWAY_DIR, XDG_RUNTIME_DIR: see slipway --help.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  done\n"
	"       1  there is no device to list, the plan does not fit, a byte was wrong\n"
	"       2  an argument is not accepted\n"
	"\n"
	"EXAMPLES\n"
	"       slipway dsa config dsa0 --wq 0:size=32,threshold=24 --wq 1:mode=dedicated\n"
	"       slipway dsa test dsa0.wq0\n";

int
dsa_command(int argc, char **argv)
{
	const char *action = argc > 1 ? argv[1] : "";

	if (strcmp(action, "--help") == 0 || strcmp(action, "-h") == 0) {
		fputs(help, stdout);
		return EXIT_DONE;
	}
	if (strcmp(action, "list") == 0)
		return dsa_list(argc - 1, argv + 1);
	if (strcmp(action, "config") == 0)
		return dsa_config(argc - 1, argv + 1);
	if (strcmp(action, "test") == 0)
		return dsa_test(argc - 1, argv + 1);
	complain("dsa: '%s': accepted are list, config and test; see slipway dsa --help", action);
	return EXIT_USAGE;
}
