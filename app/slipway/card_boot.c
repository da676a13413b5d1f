/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway card boot, stop, reset and wait: what a card's owner is asked to do, and how it goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "card_watch.h"
#include "slipway.h"

#define PATIENCE_S 60
/* A card OS of era c or d that is up is online once it has connected to its host: so long of the
 * card's own time, and of ours at least, is it given for that.
 */
#define CONNECT_S       60.0
#define CONNECT_LEAST_S 2.0
/* As lib/ctl has it for a request. */
#define REQUEST_MAX 4096

struct order {
	struct card_paths paths;
	struct card_settings settings;
	const char *image, *ramdisk, *cmdline; /* as asked for, or NULL */
	double timeout;
	bool quiet, off, release;
};

/* ---- Arguments ---- */

static int
take_option(void *arg, int opt, const char *value)
{
	struct order *o = arg;

	switch (opt) {
	case 'i':
		o->image = value;
		break;
	case 'r':
		o->ramdisk = value;
		break;
	case 'c':
		o->cmdline = value;
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'o':
		o->off = true;
		break;
	case 'R':
		o->release = true;
		break;
	case 't':
		return card_seconds("--timeout", value, &o->timeout);
	}
	return 0;
}

/* The card's paths and settings: 0, a status to exit with, or -1 after --help. */
static int
take_order(struct order *o, int argc, char **argv, const struct option *options, int words)
{
	int status;

	*o = (struct order){.timeout = PATIENCE_S};
	status = card_arguments(argc, argv, options, take_option, o, words, words);
	if (status == 0)
		status = card_paths_find(argv[optind], &o->paths);
	if (status == 0)
		status = card_settings_load(&o->paths, &o->settings);
	return status;
}

/* ---- The owner ---- */

static int
ask_owner(const struct order *o, const char *request)
{
	json_t *answer;
	int ret;

	answer = ask(o->paths.owner_control, request, false, &ret);
	if (answer == NULL)
		return EXIT_FAILED;
	json_decref(answer);
	return 0;
}

/* Somebody who drives the card, and is not about to let go of one that is gone. */
static int
lost_let_go(struct card_watch *w, json_t *look)
{
	(void)w;
	return strcmp(card_text(look, "state"), "lost") != 0;
}

static int
need_owner(const struct order *o)
{
	struct card_watch w = {.paths = &o->paths,
			       .there = lost_let_go,
			       .timeout = 5,
			       .quiet = true,
			       .aim = "let go by its owner, which has lost it"};
	int status = card_process_need_awake(&o->paths);

	if (status != 0)
		return status;
	card_watch_begin(&w);
	status = card_watch(&w);
	return status != 0 ? status : card_owner_need(&o->paths, &o->settings);
}

/* ---- boot ---- */

/* What a later message of the card could not say as well. */
static int
check_file(const char *what, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || access(path, R_OK) < 0) {
		complain("card: %s %s: %s", what, path, strerror(errno));
		return EXIT_FAILED;
	}
	if (S_ISREG(st.st_mode) && st.st_size > 0)
		return 0;
	complain("card: %s %s: %s", what, path,
		 S_ISREG(st.st_mode) ? "the file is empty" : "this is no file");
	return EXIT_FAILED;
}

static int
choose(char to[PATH_MAX], const char *given)
{
	char real[PATH_MAX];

	if (given == NULL)
		return 0;
	if (given[0] != '\0' && realpath(given, real) == NULL) {
		complain("card: %s: %s", given, strerror(errno));
		return EXIT_FAILED;
	}
	snprintf(to, PATH_MAX, "%s", given[0] != '\0' ? real : "");
	return 0;
}

static int
choose_files(struct order *o)
{
	struct card_settings *s = &o->settings;

	if (o->cmdline != NULL && card_settings_set(s, "cmdline", o->cmdline, "--cmdline") < 0)
		return EXIT_USAGE;
	if (choose(s->image, o->image) != 0 || choose(s->ramdisk, o->ramdisk) != 0)
		return EXIT_FAILED;
	if (s->image[0] == '\0')
		strcpy(s->image, o->paths.image);
	if (check_file("image", s->image) != 0)
		return EXIT_FAILED;
	return s->ramdisk[0] != '\0' ? check_file("ramdisk", s->ramdisk) : 0;
}

static int
ask_boot(const struct order *o)
{
	const struct card_settings *s = &o->settings;
	char request[REQUEST_MAX] = "boot ";
	size_t n;
	json_t *words = json_pack("{s:s, s:s, s:s}", "image", s->image, "cmdline", s->cmdline,
				  "mode", "linux");

	if (s->ramdisk[0] != '\0')
		json_object_set_new(words, "ramdisk", json_string(s->ramdisk));
	n = json_dumpb(words, request + 5, sizeof(request) - 7, JSON_COMPACT);
	json_decref(words);
	if (n == 0 || n > sizeof(request) - 7) {
		complain("card: %s: the names of its files and its command line must be text of "
			 "some %d characters together",
			 o->paths.name, REQUEST_MAX - 64);
		return EXIT_FAILED;
	}
	memcpy(request + 5 + n, "\n", 2);
	return ask_owner(o, request);
}

/* Its bootstrap is under way as soon as it is switched on. */
static int
bootstrap_done(struct card_watch *w, json_t *look)
{
	json_t *process = json_object_get(look, "process");

	(void)w;
	if (!json_is_object(process))
		return -card_process_need_awake(w->paths);
	return strcmp(card_text(process, "power"), "bootstrap") != 0;
}

static int
failed(const struct card_watch *w, json_t *look, const char *what)
{
	const char *why = card_text(json_object_get(look, "owner"), "last_error");
	const char *refusal = card_text(json_object_get(look, "process"), "boot_error");

	if (why[0] == '\0')
		why = refusal;
	complain("card: %s: %s; it is %s, POST code %s (%s)%s%s", w->paths->name, what,
		 card_text(look, "state"), card_text(look, "post_code"),
		 card_text(look, "post_text"), why[0] != '\0' ? ": " : "", why);
	return -EXIT_FAILED;
}

/* It is up, and yet its host goes on waiting. */
static bool
is_not_connected(struct card_watch *w, json_t *look)
{
	json_t *process = json_object_get(look, "process");
	json_int_t scale = json_integer_value(json_object_get(process, "time_scale"));
	double patience = CONNECT_S / (double)(scale > 0 ? scale : 1);

	if (strcmp(card_text(look, "state"), "booting") != 0 ||
	    strcmp(card_text(process, "os"), "up") != 0)
		return false;
	if (w->up_since == 0)
		w->up_since = card_watch_seconds(w);
	if (patience < CONNECT_LEAST_S)
		patience = CONNECT_LEAST_S;
	return card_watch_seconds(w) - w->up_since > patience;
}

/* Has the owner given up what it was asked for? */
static bool
given_up(json_t *look)
{
	json_t *owner = json_object_get(look, "owner");

	return card_text(owner, "job")[0] == '\0' && card_text(owner, "last_error")[0] != '\0';
}

static int
boot_done(struct card_watch *w, json_t *look)
{
	static const char *const ends[] = {"off", "lost", "reset_failed", "shutting_down",
					   "suspended"};
	const char *state = card_text(look, "state"), *post = card_text(look, "post_code");

	if (strcmp(state, "online") == 0 && strcmp(post, "FF") == 0)
		return 1;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(state, ends[i]) == 0)
			return failed(w, look, "the boot failed");
	if (strcmp(post, "nA") == 0 || strcmp(state, "refused") == 0)
		return failed(w, look, "the card refused the image");
	if (is_not_connected(w, look))
		return failed(w, look, "its card OS is up, and has not connected by SCIF, which "
				       "eras c and d call online");
	return given_up(look) ? failed(w, look, "the boot failed") : 0;
}

/* Only one that is ready can be booted: whoever drives one whose reset failed refuses, too. */
static int
bootable(const struct order *o)
{
	json_t *look = card_look(&o->paths);
	const char *state = card_text(look, "state");
	bool fits = strcmp(state, "ready") == 0 || strcmp(state, "refused") == 0;

	if (!fits)
		complain("card: %s is %s; accepted is one that is ready: slipway card stop %s "
			 "shuts it down, slipway card reset %s resets it",
			 o->paths.name, state, o->paths.name, o->paths.name);
	json_decref(look);
	return fits ? 0 : EXIT_STATE;
}

static int
boot(const struct order *o)
{
	struct card_watch w = {.paths = &o->paths,
			       .there = bootstrap_done,
			       .timeout = o->timeout,
			       .quiet = o->quiet,
			       .aim = "ready"};
	int status;

	card_watch_begin(&w);
	status = card_watch(&w);
	if (status == 0)
		status = need_owner(o);
	if (status == 0)
		status = bootable(o);
	if (status == 0)
		status = ask_boot(o);
	if (status != 0)
		return status;
	w.there = boot_done;
	w.aim = "online";
	status = card_watch(&w);
	if (status == 0 && !o->quiet)
		printf("%s: online after %.2f s\n", o->paths.name, card_watch_seconds(&w));
	return status;
}

int
card_boot(int argc, char **argv)
{
	static const struct option options[] = {
		{"image", required_argument, NULL, 'i'},
		{"ramdisk", required_argument, NULL, 'r'},
		{"cmdline", required_argument, NULL, 'c'},
		{"timeout", required_argument, NULL, 't'},
		{"quiet", no_argument, NULL, 'q'},
		{0},
	};
	struct order o;
	int status = take_order(&o, argc, argv, options, 1);

	if (status == 0)
		status = card_process_need_awake(&o.paths);
	if (status == 0)
		status = choose_files(&o);
	if (status == 0)
		status = boot(&o);
	return status < 0 ? EXIT_DONE : status;
}

/* ---- stop, reset ---- */

static int
ready_again(struct card_watch *w, json_t *look)
{
	const char *state = card_text(look, "state");
	json_t *owner = json_object_get(look, "owner");

	if (strcmp(state, "ready") == 0 && card_text(owner, "job")[0] == '\0' && !given_up(look))
		return 1;
	if (strcmp(state, "off") == 0 || strcmp(state, "lost") == 0 ||
	    strcmp(state, "reset_failed") == 0 || given_up(look))
		return failed(w, look, "it did not become ready");
	return 0;
}

static int
ask_and_watch(const struct order *o, const char *request)
{
	struct card_watch w = {.paths = &o->paths,
			       .there = ready_again,
			       .timeout = o->timeout,
			       .quiet = o->quiet,
			       .aim = "ready"};
	int status = need_owner(o);

	card_watch_begin(&w);
	if (status == 0)
		status = ask_owner(o, request);
	if (status == 0)
		status = card_watch(&w);
	if (status == 0 && !o->quiet)
		printf("%s: ready after %.2f s\n", o->paths.name, card_watch_seconds(&w));
	return status;
}

/* Has it an OS that can be shut down? 1, 0, or a status to exit with, times -1. */
static int
is_booted(const struct order *o)
{
	static const char *const booted[] = {"online", "booting", "shutting_down", "running"};
	static const char *const not [] = {"bootstrap", "ready", "refused", "reset_failed",
					   "resetting"};
	json_t *look = card_look(&o->paths);
	const char *state = card_text(look, "state");
	int ret = -EXIT_STATE;

	for (size_t i = 0; i < sizeof(booted) / sizeof(booted[0]); i++)
		if (strcmp(state, booted[i]) == 0)
			ret = 1;
	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
		if (strcmp(state, not [i]) == 0)
			ret = 0;
	if (json_is_true(json_object_get(look, "silent")))
		ret = -EXIT_STATE;
	if (ret < 0 && !o->off)
		complain("card: %s is %s, and cannot be shut down; slipway card stop --off %s ends "
			 "its process",
			 o->paths.name, state, o->paths.name);
	json_decref(look);
	return ret;
}

static int
is_off(struct card_watch *w, json_t *look)
{
	const char *state = card_text(look, "state");

	(void)w;
	return json_is_null(json_object_get(look, "process")) &&
	       (strcmp(state, "off") == 0 || strcmp(state, "lost") == 0);
}

/* Its process ends, and its owner sees that. */
static int
switch_off(const struct order *o)
{
	struct card_watch w = {.paths = &o->paths,
			       .there = is_off,
			       .timeout = o->timeout,
			       .quiet = true,
			       .aim = "off"};
	int status = card_process_end(&o->paths);

	card_watch_begin(&w);
	if (status == 0)
		status = card_watch(&w);
	if (status == 0 && !o->quiet)
		printf("%s: off\n", o->paths.name);
	return status;
}

/* Its OS first, if that can be; --off is for the others, too. */
static int
stop(const struct order *o)
{
	int booted = is_booted(o), status = 0;

	if (booted > 0)
		status = ask_and_watch(o, "stop\n");
	else if (booted < 0 && !o->off)
		status = -booted;
	else if (!o->off && !o->release && !o->quiet)
		printf("%s: is not booted\n", o->paths.name);
	if (status == 0 && o->release)
		status = card_owner_release(&o->paths, o->timeout);
	return status == 0 && o->off ? switch_off(o) : status;
}

int
card_stop(int argc, char **argv)
{
	static const struct option options[] = {
		{"off", no_argument, NULL, 'o'},
		{"release", no_argument, NULL, 'R'},
		{"timeout", required_argument, NULL, 't'},
		{"quiet", no_argument, NULL, 'q'},
		{0},
	};
	struct order o;
	int status = take_order(&o, argc, argv, options, 1);

	if (status == 0 && o.off && !card_answers(o.paths.control))
		return EXIT_DONE;
	/* One that is stopped can still be ended. */
	if (status == 0)
		status = o.off ? card_process_need(&o.paths) : card_process_need_awake(&o.paths);
	if (status == 0)
		status = stop(&o);
	return status < 0 ? EXIT_DONE : status;
}

int
card_reset(int argc, char **argv)
{
	static const struct option options[] = {
		{"timeout", required_argument, NULL, 't'},
		{"quiet", no_argument, NULL, 'q'},
		{0},
	};
	struct order o;
	int status = take_order(&o, argc, argv, options, 1);

	if (status == 0)
		status = ask_and_watch(&o, "reset\n");
	return status < 0 ? EXIT_DONE : status;
}

/* ---- wait ---- */

static int
in_state(struct card_watch *w, json_t *look)
{
	return strcmp(card_text(look, "state"), w->aim) == 0;
}

int
card_wait(int argc, char **argv)
{
	static const struct option options[] = {
		{"timeout", required_argument, NULL, 't'},
		{"quiet", no_argument, NULL, 'q'},
		{0},
	};
	struct card_watch w = {.there = in_state, .quiet = true};
	char names[160];
	struct order o;
	int status = take_order(&o, argc, argv, options, 2);

	if (status != 0)
		return status < 0 ? EXIT_DONE : status;
	w.aim = argv[optind + 1];
	if (!card_state_known(w.aim)) {
		card_state_names(names, sizeof(names));
		complain("card: wait: '%s' is no state: accepted are %s", w.aim, names);
		return EXIT_USAGE;
	}
	w.paths = &o.paths;
	w.timeout = o.timeout;
	card_watch_begin(&w);
	status = card_watch(&w);
	if (status == 0 && !o.quiet)
		printf("%s: %s after %.2f s\n", o.paths.name, w.aim, card_watch_seconds(&w));
	return status;
}
