/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway card: virtual MIC cards, from their settings to their shutdown.
 */
#include <stdio.h>
#include <string.h>

#include "cards.h"
#include "slipway.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} actions[] = {
	{"run", card_run},
	{"mkimage", card_mkimage},
};

#define ACTION_COUNT (sizeof(actions) / sizeof(actions[0]))

static const char help[] =
	"NAME\n"
	"       slipway card - virtual MIC cards: start, boot, watch and stop them\n"
	"\n";

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
