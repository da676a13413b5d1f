/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway mpssd: becomes slipway-mpssd, which is linked with DPDK.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cards.h"
#include "dirs.h"
#include "slipway.h"

#define PROGRAM "slipway-mpssd"

static const char help[] =
	"NAME\n"
	"       slipway mpssd - hold the cards that no application holds\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway mpssd\n"
	"\n"
	"DESCRIPTION\n"
	"       A card is driven by the process that has its rawdev, raw_mic: a DPDK program, or\n"
	"       this one, which holds any number of cards for those who have no program. slipway\n"
	"       card starts it when it is wanted: such a one ends some seconds after its last card\n"
	"       is gone, and its log is DIR/mpssd.log, DIR being the directory of running\n"
	"       devices. Started by hand it stays, and its log goes to stderr.\n"
	"\n"
	"       It attaches a card when slipway card asks for one, and then watches it: a card that\n"
	"       was halted, powered off or has crashed is reset, and is ready to be booted again;\n"
	"       one that asked for a restart is booted again, unless its settings say restart = no;\n"
	"       one whose process is gone is let go. It sleeps while nothing happens.\n"
	"\n"
	"       There is one in a directory of running devices; a second one is refused. Ends by\n"
	"       SIGINT, SIGTERM or SIGHUP: cards that are online are shut down in order, reset, and\n"
	"       let go. Their processes go on, and the next one finds them.\n"
	"\n"
	"OPTIONS\n"
	"       --help\n"
	"              This text.\n"
	"\n"
	"FILES\n"
	"       DIR/mpssd.ctl\n"
	"              Control socket: info, cards, attach and detach, a line each, answered by a\n"
	"              line of JSON.\n"
	"       DIR/mpssd.lock, DIR/mpssd.log\n"
	"              Who runs; what one said that slipway card started.\n"
	"\n"
	"ENVIRONMENT\n"
	"       SLIPWAY_DIR, XDG_RUNTIME_DIR: see slipway --help.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  ended by a signal, as asked\n"
	"       1  it cannot run here\n"
	"       2  an argument is not accepted\n"
	"       3  another one runs\n";

int
mpssd_paths_find(struct mpssd_paths *paths)
{
	struct dirs dirs;
	int ret = dirs_find(&dirs);

	if (ret == 0)
		ret = program_beside("mpssd", PROGRAM, paths->program,
				     sizeof(paths->program));
	if (ret < 0)
		return ret;
	snprintf(paths->directory, sizeof(paths->directory), "%s", dirs.base);
	snprintf(paths->control, sizeof(paths->control), "%s/mpssd.ctl", dirs.base);
	snprintf(paths->log, sizeof(paths->log), "%s/mpssd.log", dirs.base);
	return 0;
}

int
mpssd_command(int argc, char **argv)
{
	static const struct option names[] = {{"help", no_argument, NULL, 'h'}, {0}};
	struct mpssd_paths paths;
	struct dirs dirs;
	int opt;

	while ((opt = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		if (opt != 'h')
			return refuse_option("mpssd", argv, opt);
		fputs(help, stdout);
		return EXIT_DONE;
	}
	if (argc != optind) {
		complain("mpssd: '%s': accepted are no arguments; slipway card boot NAME gives it "
			 "a card",
			 argv[optind]);
		return EXIT_USAGE;
	}
	if (mpssd_paths_find(&paths) < 0 || dirs_find(&dirs) < 0 || dirs_make(&dirs) < 0)
		return EXIT_FAILED;
	execl(paths.program, PROGRAM, "--directory", paths.directory, NULL);
	complain("mpssd: %s: %s", paths.program, strerror(errno));
	return EXIT_FAILED;
}
