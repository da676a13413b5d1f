/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Who drives a card: the process that has its raw_mic.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "cards.h"
#include "ctl_lock.h"
#include "dirs.h"
#include "slipway.h"

/* DPDK's start takes a second, on a busy machine many. */
#define MPSSD_PATIENCE_MS 60000
/* Attaching is some messages with the card's process. */
#define TRIES 2

int
card_process_need(const struct card_paths *paths)
{
	pid_t pid;

	if (card_answers(paths->control))
		return 0;
	pid = ctl_lock_holder(paths->pid);
	if (pid == 0)
		complain("card: %s is off; slipway card start %s starts it", paths->name,
			 paths->name);
	else
		complain("card: %s is off: its process %d has ended, see slipway card log %s; "
			 "slipway card start %s starts it again",
			 paths->name, (int)pid, paths->name, paths->name);
	return EXIT_OFF;
}

pid_t
card_owner_pid(const struct card_paths *paths)
{
	return card_answers(paths->owner_control) ? ctl_lock_holder(paths->owner_lock) : 0;
}

static int
start_mpssd(const struct mpssd_paths *mpssd)
{
	const char *const argv[] = {"slipway-mpssd", "--directory", mpssd->directory, "--on-demand",
				    NULL};
	const struct card_daemon daemon = {
		.what = "slipway mpssd",
		.program = mpssd->program,
		.argv = argv,
		.log = mpssd->log,
		.control = mpssd->control,
		.patience_ms = MPSSD_PATIENCE_MS,
		.taken_status = MPSSD_TAKEN,
	};

	return card_answers(mpssd->control) ? 0 : card_daemon_start(&daemon);
}

/* One that was about to end may end instead of answering: the next one is started then. */
static int
give_to_mpssd(const struct mpssd_paths *mpssd, const char *request)
{
	json_t *answer;
	int ret = -1;

	for (unsigned int n = 0; n < TRIES && ret < 0; n++) {
		ret = start_mpssd(mpssd);
		if (ret < 0)
			return EXIT_FAILED;
		answer = ask(mpssd->control, request, n + 1 < TRIES, &ret);
		if (answer != NULL)
			ret = 0;
		else if (card_answers(mpssd->control))
			return EXIT_FAILED;
		json_decref(answer);
	}
	return ret < 0 ? EXIT_FAILED : 0;
}

static bool
holds(json_t *cards, const char *name)
{
	const char *text;
	json_t *card;
	size_t i;

	json_array_foreach(cards, i, card)
	{
		text = json_string_value(json_object_get(card, "card"));
		if (text != NULL && strcmp(text, name) == 0)
			return true;
	}
	return false;
}

int
card_owner_release(const struct card_paths *paths)
{
	struct mpssd_paths mpssd;
	char request[128];
	json_t *answer;
	int ret;

	if (mpssd_paths_find(&mpssd) < 0)
		return EXIT_FAILED;
	if (!card_answers(mpssd.control))
		return 0;
	answer = ask(mpssd.control, "cards\n", true, &ret);
	ret = holds(json_object_get(answer, "cards"), paths->name) ? 1 : 0;
	json_decref(answer);
	if (ret == 0)
		return 0;
	snprintf(request, sizeof(request), "detach {\"card\":\"%s\"}\n", paths->name);
	answer = ask(mpssd.control, request, false, &ret);
	ret = answer == NULL ? EXIT_FAILED : 0;
	json_decref(answer);
	return ret;
}

/* The map is that of the image which start makes; of others, nothing is known. */
static void
attach_request(const struct card_paths *paths, const struct card_settings *s, char *request,
	       size_t len)
{
	bool own = s->image[0] == '\0' || strcmp(s->image, paths->image) == 0;
	json_t *words = json_pack("{s:s, s:b}", "card", paths->name, "restart", s->restart);
	char *text;

	if (own && access(paths->map, R_OK) == 0)
		json_object_set_new(words, "map", json_string(paths->map));
	text = json_dumps(words, JSON_COMPACT);
	snprintf(request, len, "attach %s\n", text != NULL ? text : "{}");
	free(text);
	json_decref(words);
}

int
card_owner_need(const struct card_paths *paths, const struct card_settings *s)
{
	char request[PATH_MAX + 128];
	struct mpssd_paths mpssd;
	int status = card_process_need(paths);

	if (status != 0 || card_answers(paths->owner_control))
		return status;
	if (mpssd_paths_find(&mpssd) < 0)
		return EXIT_FAILED;
	attach_request(paths, s, request, sizeof(request));
	return give_to_mpssd(&mpssd, request);
}
