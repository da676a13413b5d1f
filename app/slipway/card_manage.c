/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway card config and delete.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card_look.h"
#include "ctl_lock.h"
#include "dirs.h"
#include "slipway.h"

/* How long a process may take to end, by SIGTERM and then by SIGKILL. */
#define END_MS  5000
#define LOOK_MS 10

/* ---- config ---- */

static int
take_json(void *arg, int opt, const char *value)
{
	(void)opt;
	(void)value;
	*(bool *)arg = true;
	return 0;
}

static int
show_settings(const struct card_settings *s, bool json)
{
	json_t *root = json_object();
	const char *key, *value;
	char buf[PATH_MAX];

	for (size_t i = 0; (value = card_settings_get(s, i, &key, buf, sizeof(buf))) != NULL; i++) {
		json_object_set_new(root, key, json_string(value));
		if (!json)
			printf("%s = %s\n", key, value);
	}
	if (json) {
		json_dumpf(root, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(root);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* The user's own directory is meant, wherever the file is read later. */
static int
set_file(struct card_settings *s, const char *key, const char *value)
{
	char path[PATH_MAX];

	if (value[0] == '\0')
		return card_settings_set(s, key, value, key) < 0 ? EXIT_USAGE : 0;
	if (realpath(value, path) == NULL || access(path, R_OK) < 0) {
		complain("card: %s = %s: %s", key, value, strerror(errno));
		return EXIT_FAILED;
	}
	return card_settings_set(s, key, path, "command line") < 0 ? EXIT_USAGE : 0;
}

static int
set_word(struct card_settings *s, char *word)
{
	char *equals = strchr(word, '=');

	if (equals == NULL) {
		complain("card: config: '%s': accepted is KEY=VALUE", word);
		return EXIT_USAGE;
	}
	*equals = '\0';
	if (strcmp(word, "image") == 0 || strcmp(word, "ramdisk") == 0)
		return set_file(s, word, equals + 1);
	return card_settings_set(s, word, equals + 1, "command line") < 0 ? EXIT_USAGE : 0;
}

/* What `slipway card boot` reads itself is in force with the next boot. */
static bool
needs_start(const struct card_settings *a, const struct card_settings *b)
{
	return a->memory != b->memory || a->era != b->era || a->time_scale != b->time_scale ||
	       strcmp(a->revision, b->revision) != 0 || strcmp(a->cpu, b->cpu) != 0 ||
	       a->restart != b->restart;
}

static int
change_settings(const struct card_paths *paths, struct card_settings *s, char **words)
{
	const struct card_settings before = *s;
	int status = 0;

	for (; *words != NULL && status == 0; words++)
		status = set_word(s, *words);
	if (status == 0)
		status = card_settings_save(paths, s);
	if (status == 0 && card_answers(paths->control))
		printf("%s: runs with what was set before; the next %s takes this over\n",
		       paths->name, needs_start(&before, s) ? "start" : "boot");
	return status;
}

int
card_config(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
	struct card_settings settings;
	struct card_paths paths;
	bool json = false, change;
	int status = card_arguments(argc, argv, options, take_json, &json, 1, INT_MAX);

	if (status == 0)
		status = card_paths_find(argv[optind], &paths);
	if (status != 0)
		return status < 0 ? EXIT_DONE : status;
	change = argc - optind > 1;
	/* A card may be described before its first start. */
	card_settings_default(&settings);
	if (!change || access(paths.settings, F_OK) == 0 || errno != ENOENT)
		status = card_settings_load(&paths, &settings);
	if (status != 0)
		return status;
	return change ? change_settings(&paths, &settings, argv + optind + 1)
		      : show_settings(&settings, json);
}

/* ---- delete ---- */

static bool
gone_within(const struct card_paths *paths, unsigned int ms)
{
	for (unsigned int at = 0; at < ms; at += LOOK_MS) {
		if (!card_answers(paths->control))
			return true;
		usleep(LOOK_MS * 1000);
	}
	return false;
}

/* One that does not answer is known by its lock; one that is stopped takes no SIGTERM. */
int
card_process_end(const struct card_paths *paths)
{
	pid_t pid = ctl_lock_holder(paths->pid);

	if (pid > 1 && kill(pid, SIGTERM) == 0 && gone_within(paths, END_MS))
		return 0;
	if (pid > 1 && kill(pid, SIGKILL) == 0 && gone_within(paths, END_MS))
		return 0;
	if (!card_answers(paths->control))
		return 0;
	complain("card: %s: its process %d cannot be ended: %s", paths->name, (int)pid,
		 strerror(errno));
	return EXIT_FAILED;
}

static int
remove_card(const struct card_paths *paths)
{
	if (unlink(paths->settings) < 0 && errno != ENOENT) {
		complain("card: %s: %s", paths->settings, strerror(errno));
		return EXIT_FAILED;
	}
	unlink(paths->image);
	unlink(paths->map);
	dirs_remove(paths->directory);
	printf("%s: deleted\n", paths->name);
	return EXIT_DONE;
}

int
card_delete(int argc, char **argv)
{
	static const struct option options[] = {{"force", no_argument, NULL, 'f'}, {0}};
	struct card_paths paths;
	bool force = false;
	int status = card_arguments(argc, argv, options, take_json, &force, 1, 1);

	if (status == 0)
		status = card_paths_find(argv[optind], &paths);
	if (status != 0)
		return status < 0 ? EXIT_DONE : status;
	if (access(paths.settings, F_OK) < 0 && errno == ENOENT && !card_answers(paths.control)) {
		complain("card: %s: there is no such card; slipway card list shows those there are",
			 paths.name);
		return EXIT_NO_CARD;
	}
	if (card_answers(paths.control) && !force) {
		complain("card: %s runs, process %d; slipway card stop --off %s ends it, --force "
			 "deletes it as it is",
			 paths.name, (int)ctl_lock_holder(paths.pid), paths.name);
		return EXIT_STATE;
	}
	if (card_answers(paths.control))
		status = card_process_end(&paths);
	return status == 0 ? remove_card(&paths) : status;
}
