/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway card start: the card's process, and settings and an image where there are none.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cards.h"
#include "slipway.h"

/* It makes its memory and its sockets; on a busy machine that may take a while. */
#define PATIENCE_MS 20000

/* The first start of a card makes its settings. */
static int
settings_find(const struct card_paths *paths, struct card_settings *s)
{
	if (access(paths->settings, F_OK) == 0 || errno != ENOENT)
		return card_settings_load(paths, s);
	card_settings_default(s);
	if (card_settings_save(paths, s) != 0)
		return EXIT_FAILED;
	printf("%s: new, with the settings of %s\n", paths->name, paths->settings);
	return 0;
}

/* The image that is meant where the settings name none, and the map that belongs to it. */
static int
image_find(const struct card_paths *paths, const struct card_settings *s)
{
	if (s->image[0] != '\0')
		return 0;
	if (card_make_above(paths->image) < 0 ||
	    (access(paths->image, F_OK) < 0 && card_image_make(paths->image) < 0) ||
	    (access(paths->map, F_OK) < 0 && card_map_make(paths->map) < 0))
		return EXIT_FAILED;
	return 0;
}

static int
start(const struct card_paths *paths, const struct card_settings *s)
{
	const char *const argv[] = {"slipway", "card", "run", paths->name, NULL};
	char what[CARD_NAME_MAX + 32];
	const struct card_daemon daemon = {
		.what = what,
		.program = "/proc/self/exe",
		.argv = argv,
		.log = paths->log,
		.fresh_log = true,
		.cpus = s->cpu,
		.control = paths->control,
		.patience_ms = PATIENCE_MS,
		.taken_status = CARD_TAKEN,
	};

	snprintf(what, sizeof(what), "%s's process", paths->name);
	return card_daemon_start(&daemon) < 0 ? EXIT_FAILED : 0;
}

int
card_start(int argc, char **argv)
{
	struct card_settings settings;
	struct card_paths paths;
	int status = card_arguments(argc, argv, NULL, NULL, NULL, 1, 1);

	if (status == 0)
		status = card_paths_find(argv[optind], &paths);
	if (status == 0)
		status = settings_find(&paths, &settings);
	if (status == 0)
		status = image_find(&paths, &settings);
	if (status != 0)
		return status < 0 ? EXIT_DONE : status;
	if (card_answers(paths.control)) {
		printf("%s: runs already\n", paths.name);
		return EXIT_DONE;
	}
	if (card_paths_make(&paths) < 0)
		return EXIT_FAILED;
	status = start(&paths, &settings);
	if (status == 0)
		printf("%s: started; slipway card boot %s boots it\n", paths.name, paths.name);
	return status;
}
