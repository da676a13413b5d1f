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
#include "ctl_clients.h"
#include "ctl_lock.h"
#include "dirs.h"
#include "slipway.h"

/* DPDK's start takes a second, on a busy machine many. */
#define MPSSD_PATIENCE_MS 60000
/* Attaching is some messages with the card's process. */
#define TRIES 2
/* How often to look whether a card was let go, and how long for one that is wanted again. */
#define LET_GO_LOOK_US 15000
#define LET_GO_S       10.0

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

int
card_process_need_awake(const struct card_paths *paths)
{
	int status = card_process_need(paths);
	pid_t pid = status == 0 ? ask_stopped(paths->control) : 0;

	if (pid == 0)
		return status;
	complain("card: %s does not answer: its process %d is stopped; kill -CONT %d lets it go "
		 "on, slipway card stop --off %s ends it",
		 paths->name, (int)pid, (int)pid, paths->name);
	return EXIT_STATE;
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

/* ---- What slipway mpssd holds ---- */

enum hold { HOLD_NOT, HOLD_YES, HOLD_LEAVES };

static enum hold
hold_in(json_t *cards, const char *name)
{
	const char *text;
	json_t *card;
	size_t i;

	json_array_foreach(cards, i, card)
	{
		text = json_string_value(json_object_get(card, "card"));
		if (text != NULL && strcmp(text, name) == 0)
			return json_is_true(json_object_get(card, "leaves")) ? HOLD_LEAVES
									     : HOLD_YES;
	}
	return HOLD_NOT;
}

/* One that does not run holds nothing. */
static enum hold
hold_of(const struct mpssd_paths *mpssd, const char *name)
{
	enum hold hold;
	json_t *answer;
	int ret;

	if (!card_answers(mpssd->control))
		return HOLD_NOT;
	answer = ask(mpssd->control, "cards\n", true, &ret);
	hold = hold_in(json_object_get(answer, "cards"), name);
	json_decref(answer);
	return hold;
}

/* It shuts down what is online first. */
static int
await_let_go(const struct mpssd_paths *mpssd, const char *name, double seconds)
{
	uint64_t end = ctl_now_ms() + (uint64_t)(seconds * 1000);

	while (hold_of(mpssd, name) == HOLD_LEAVES) {
		if (ctl_now_ms() > end) {
			complain("card: %s: not let go by slipway mpssd after %g s, see %s", name,
				 seconds, mpssd->log);
			return EXIT_TIMEOUT;
		}
		usleep(LET_GO_LOOK_US);
	}
	return 0;
}

int
card_owner_release(const struct card_paths *paths, double seconds)
{
	struct mpssd_paths mpssd;
	char request[128];
	json_t *answer;
	int ret = 0;

	if (mpssd_paths_find(&mpssd) < 0)
		return EXIT_FAILED;
	if (hold_of(&mpssd, paths->name) == HOLD_YES) {
		snprintf(request, sizeof(request), "detach {\"card\":\"%s\"}\n", paths->name);
		answer = ask(mpssd.control, request, false, &ret);
		ret = answer == NULL ? EXIT_FAILED : 0;
		json_decref(answer);
	}
	return ret == 0 ? await_let_go(&mpssd, paths->name, seconds) : ret;
}

/* ---- Having an owner ---- */

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

	if (status != 0)
		return status;
	if (mpssd_paths_find(&mpssd) < 0)
		return EXIT_FAILED;
	/* One that lets go of it would take orders, and not see to them. */
	status = await_let_go(&mpssd, paths->name, LET_GO_S);
	if (status != 0 || card_answers(paths->owner_control))
		return status;
	attach_request(paths, s, request, sizeof(request));
	return give_to_mpssd(&mpssd, request);
}
