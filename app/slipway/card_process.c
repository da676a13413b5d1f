/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway card run: the process that is a card. Its console is what it prints.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cards.h"
#include "ctl_lock.h"
#include "serve.h"
#include "slipway.h"

#define MODE    0600
#define SPIN_US 50

/* Two processes must not have the sockets of one card: 0, or a status to exit with. */
static int
lock(const struct card_paths *paths)
{
	pid_t holder = 0;
	int fd = ctl_lock(paths->pid, MODE, &holder);

	/* It is held until we end. */
	if (fd >= 0)
		return 0;
	if (fd == -EBUSY) {
		complain("card: %s runs already, as process %d", paths->name, (int)holder);
		return CARD_TAKEN;
	}
	complain("card: %s: %s", paths->pid, strerror(-fd));
	return EXIT_FAILED;
}

/* Texts of settings have been looked at when they were read. */
static int
choose(struct serve_options *o, const struct card_paths *paths, const struct card_settings *s)
{
	const char era[] = {s->era, '\0'};

	*o = (struct serve_options){.mode = MODE, .share = true, .spin_us = SPIN_US};
	serve_mic_defaults(&o->mic);
	o->mic.name = paths->name;
	o->mic.memory = s->memory;
	o->mic.time_scale = s->time_scale;
	snprintf(o->path, sizeof(o->path), "%s", paths->socket);
	return serve_mic_set_era(&o->mic, era) < 0 ||
			       serve_mic_set_revision(&o->mic, s->revision) < 0
		       ? EXIT_FAILED
		       : 0;
}

int
card_run(int argc, char **argv)
{
	struct card_settings settings;
	struct serve_options options;
	struct card_paths paths;
	int status = card_arguments(argc, argv, NULL, NULL, NULL, 1, 1);

	if (status != 0)
		return status < 0 ? EXIT_DONE : status;
	status = card_paths_find(argv[optind], &paths);
	if (status == 0)
		status = card_settings_load(&paths, &settings);
	if (status == 0 && card_paths_make(&paths) < 0)
		status = EXIT_FAILED;
	if (status == 0)
		status = lock(&paths);
	if (status == 0)
		status = choose(&options, &paths, &settings);
	return status != 0 ? status : serve_until_signal(&options, &serve_mic);
}
