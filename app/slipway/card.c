/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway card: virtual MIC cards, from their settings to their shutdown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cards.h"
#include "slipway.h"

#define SECONDS_MAX 86400

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} actions[] = {
	{"start", card_start},   {"boot", card_boot},     {"stop", card_stop},
	{"reset", card_reset},   {"status", card_status}, {"wait", card_wait},
	{"log", card_log},       {"crash", card_crash},   {"list", card_list},
	{"config", card_config}, {"delete", card_delete}, {"mkimage", card_mkimage},
	{"run", card_run},
};

#define ACTION_COUNT (sizeof(actions) / sizeof(actions[0]))

static const char help[] =
	"NAME\n"
	"       slipway card - virtual MIC cards: start, boot, watch and stop them\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway card start NAME\n"
	"       slipway card boot [--image FILE] [--ramdisk FILE] [--cmdline TEXT]\n"
	"                         [--timeout SECONDS] [--quiet] NAME\n"
	"       slipway card stop [--off | --release] [--timeout SECONDS] [--quiet] NAME\n"
	"       slipway card reset [--timeout SECONDS] [--quiet] NAME\n"
	"       slipway card status [--json] [NAME...]\n"
	"       slipway card wait [--timeout SECONDS] [--quiet] NAME STATE\n"
	"       slipway card log [--follow | --buffer] NAME\n"
	"       slipway card crash NAME [crash|hang|halt|poweroff|restart]\n"
	"       slipway card list [--json]\n"
	"       slipway card config [--json] NAME [KEY=VALUE...]\n"
	"       slipway card delete [--force] NAME\n"
	"       slipway card mkimage FILE\n"
	"       slipway card run NAME\n"
	"\n"
	"DESCRIPTION\n"
	"       A virtual card is a process of its own, as a card is a computer of its own: the\n"
	"       registers and the memory of a MIC X100, and a card OS. What drives it from the host\n"
	"       is the process that has its rawdev, raw_mic: a DPDK program that was given the card\n"
	"       (--vdev=raw_mic0,card=NAME), or slipway mpssd, which is started where nobody has\n"
	"       it. boot, stop, reset and status speak with whichever it is.\n"
	"\n"
	"       start   switches a card on: starts its process, whose bootstrap begins at once. The\n"
	"               first start of a card makes its settings, and an image to boot.\n"
	"       boot    waits for the bootstrap, loads the image and has it started, and shows the\n"
	"               POST codes that go by; ends when the card OS is up, or the boot has failed.\n"
	"       stop    has the card OS shut itself down, and the card reset: it is ready for the\n"
	"               next boot then. One that is not booted is left as it is.\n"
	"       reset   resets a card in whatever state it is; what runs on it is gone.\n"
	"       status  tells how cards are: all of them in a line each, or one in detail.\n"
	"       wait    waits until a card is in a state: off, bootstrap, ready, refused, booting,\n"
	"               online, shutting_down, resetting, reset_failed, suspending, suspended, lost,\n"
	"               running or silent.\n"
	"       log     prints what the card's console and its process said since the last start.\n"
	"       crash   types at the card's console, on purpose: has the card OS crash (as without a\n"
	"               word), hang, halt, power off or ask for a restart.\n"
	"       list    names the cards that have settings, and asks nobody.\n"
	"       config  shows a card's settings, or changes them. Those of a card that runs are\n"
	"               taken over by its next start; image, ramdisk and cmdline by its next boot.\n"
	"       delete  removes a card's settings, what start made beside them, and its log.\n"
	"       mkimage makes an image that virtual cards boot.\n"
	"       run     is the card's process, in the foreground; start runs it.\n"
	"\n"
	"       A card goes through off, bootstrap, ready, booting and online, and back by\n"
	"       shutting_down and resetting. Silicon takes ten seconds from reset to ready; a\n"
	"       virtual card of the usual settings (time_scale = 10) takes one.\n"
	"\n"
	"OPTIONS\n"
	"       --image FILE, --ramdisk FILE, --cmdline TEXT\n"
	"              Boot these in place of what the settings name.\n"
	"       --timeout SECONDS\n"
	"              Give up after SECONDS, up to 86400; 60 if not said.\n"
	"       --off  Switch it off, too: end the card's process.\n"
	"       --release\n"
	"              Have slipway mpssd let go of the card, for an application to take it. The\n"
	"              card is as switched on anew.\n"
	"       --quiet\n"
	"              Say only what is wrong.\n"
	"       --follow\n"
	"              Go on with what is said from now on, until Ctrl-C.\n"
	"       --buffer\n"
	"              The card OS's own log instead, as its owner reads it out of card memory.\n"
	"       --force\n"
	"              Delete a card that runs: its process is ended.\n"
	"       --json\n"
	"              The same as JSON.\n"
	"       --help\n"
	"              This text.\n"
	"\n"
	"SETTINGS\n"
	"       memory      MiB of card memory: a power of two, 32 to 16384; 256\n"
	"       era         protocol of the card OS: a, c or d; a\n"
	"       image       what boot loads; if nothing, the one that start makes\n"
	"       ramdisk     what it loads besides; nothing\n"
	"       cmdline     command line of the card OS; nothing\n"
	"       restart     boot again when the card OS asks for a restart: yes or no; yes\n"
	"       time_scale  so many times faster than the silicon's waits, 1 to 1000; 10\n"
	"       revision    stepping: A0, B0, B1 or C0; C0\n"
	"       cpu         CPUs of the card's process, as in 1 or 0-1,3; any\n"
	"\n"
	"FILES\n"
	"       CONFIG/cards/NAME.conf, NAME.img, NAME.map\n"
	"              Settings, lines of key = value, the image that start made, and its\n"
	"              System.map, by which its log is found. CONFIG is\n"
	"              $SLIPWAY_CONFIG_DIR, else /etc/slipway for root, else\n"
	"              $XDG_CONFIG_HOME/slipway or ~/.config/slipway.\n"
	"       DIR/cards/NAME/\n"
	"              Sockets, locks and log of a card; DIR is the directory of running devices.\n"
	"\n"
	"ENVIRONMENT\n"
	"       SLIPWAY_DIR, XDG_RUNTIME_DIR: see slipway --help.\n"
	"       SLIPWAY_CONFIG_DIR, XDG_CONFIG_HOME: see FILES.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  done; of boot: the card is online\n"
	"       1  what was asked for could not be done\n"
	"       2  an argument is not accepted\n"
	"       3  there is no such card\n"
	"       4  the card is off\n"
	"       5  it took too long\n"
	"       6  it cannot be done in the state that the card is in\n"
	"\n"
	"EXAMPLES\n"
	"       slipway card start mic0 && slipway card boot mic0 && slipway card status mic0\n"
	"       slipway card config mic1 memory=1024 time_scale=100\n"
	"       slipway card stop --off mic0\n";

/* ---- Arguments ---- */

#define OPTIONS_MAX 8

/* --help and the action's own. */
static void
join_options(struct option to[OPTIONS_MAX], const struct option *own)
{
	size_t n = 0;

	to[n++] = (struct option){"help", no_argument, NULL, 'h'};
	while (own != NULL && own->name != NULL && n + 1 < OPTIONS_MAX)
		to[n++] = *own++;
	to[n] = (struct option){0};
}

int
card_arguments(int argc, char **argv, const struct option *options,
	       int (*take)(void *arg, int opt, const char *value), void *arg, int least, int most)
{
	struct option all[OPTIONS_MAX];
	int opt, words, status = 0;

	join_options(all, options);
	while (status == 0 && (opt = getopt_long(argc, argv, ":h", all, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			return -1;
		}
		status = opt == ':' || opt == '?' ? refuse_option("card", argv, opt)
						  : take(arg, opt, optarg);
	}
	words = argc - optind;
	if (status != 0 || (words >= least && words <= most))
		return status;
	if (words < least && words == 0)
		complain("card: %s: which card? see slipway card --help", argv[0]);
	else if (words < least)
		complain("card: %s: a word is missing; see slipway card --help", argv[0]);
	else
		complain("card: %s: '%s' is one word too many; see slipway card --help", argv[0],
			 argv[optind + most]);
	return EXIT_USAGE;
}

int
card_seconds(const char *option, const char *value, double *seconds)
{
	char *end;

	*seconds = strtod(value, &end);
	if (end != value && *end == '\0' && *seconds > 0 && *seconds <= SECONDS_MAX)
		return 0;
	complain("card: %s %s: accepted are seconds, more than 0 and up to %d", option, value,
		 SECONDS_MAX);
	return EXIT_USAGE;
}

/* ---- The command ---- */

/* The names of all actions, for the message that one was not known. */
static void
action_names(char *buf, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < ACTION_COUNT && at < len; i++)
		at += (size_t)snprintf(buf + at, len - at, "%s%s",
				       i == 0                  ? ""
				       : i + 1 == ACTION_COUNT ? " and "
							       : ", ",
				       actions[i].name);
}

int
card_command(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	char names[160];

	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		fputs(help, stdout);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < ACTION_COUNT; i++)
		if (strcmp(name, actions[i].name) == 0)
			return actions[i].run(argc - 1, argv + 1);
	action_names(names, sizeof(names));
	complain("card: '%s' is no action: there are %s; see slipway card --help", name, names);
	return EXIT_USAGE;
}
