/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway dlb: what devices have, and who has it.
 */
#include "dlb.h"

#include <stdio.h>
#include <string.h>

#include "slipway.h"

static const char help[] =
	"NAME\n"
	"       slipway dlb - resources of DLB devices, and the domains that share them\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway dlb list [--json]\n"
	"       slipway dlb config [--version 2.0|2.5] [--device NAME] [--sn A:B] [--json]\n"
	"                          (--plan FILE | DOMAIN...)\n"
	"\n"
	"DESCRIPTION\n"
	"       list    shows the devices of running DPDK programs of this user: of each resource\n"
	"               how much there is, used and free, and how much each domain holds, of what\n"
	"               it may have. A * marks what a domain has reserved.\n"
	"       config  shows what each domain would get, touches nothing, and prints the device\n"
	"               arguments that give it. A plan that does not fit is refused, by the name\n"
	"               that the device's document has for what is missing.\n"
	"\n"
	"       DOMAIN is what one domain reserves: KEY=VALUE[,KEY=VALUE]..., or - for nothing.\n"
	"       Resources that it does not name are shared evenly by all such domains. Keys:\n"
	"       ldb_queues, ldb_ports, dir_ports, credits, dir_credits (version 2.0), history,\n"
	"       atomic, and cos=A:B:C:D, ports of classes of service 0 to 3, among ldb_ports.\n"
	"\n"
	"OPTIONS\n"
	"       --device NAME\n"
	"              An event device that is there, such as 0000:6d:00.0, to put the first domain\n"
	"              on; without it, the virtual device event_dlb0 is made.\n"
	"       --json\n"
	"              The same as JSON.\n"
	"       --plan FILE\n"
	"              A DOMAIN on each line; # begins a comment. - is standard input.\n"
	"       --sn A:B\n"
	"              Fix how many sequence numbers a queue gets in either group, 64 to 1024.\n"
	"       --version 2.0|2.5\n"
	"              Of the device; 2.5 if not said.\n"
	"       --help\n"
	"              This text.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  done\n"
	"       1  there is no device to list, or the plan does not fit\n"
	"       2  an argument is not accepted\n";

int
dlb_command(int argc, char **argv)
{
	const char *action = argc > 1 ? argv[1] : "";

	if (strcmp(action, "--help") == 0 || strcmp(action, "-h") == 0) {
		fputs(help, stdout);
		return EXIT_DONE;
	}
	if (strcmp(action, "list") == 0)
		return dlb_list(argc - 1, argv + 1);
	if (strcmp(action, "config") == 0)
		return dlb_config(argc - 1, argv + 1);
	complain("dlb: '%s': accepted are list and config; see slipway dlb --help", action);
	return EXIT_USAGE;
}
