/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway card status and list: how cards are.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card_look.h"
#include "slipway.h"

#define SUFFIX ".conf"

/* ---- Which cards ---- */

static int
is_settings(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > strlen(SUFFIX) && entry->d_name[0] != '.' &&
	       strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

/* Call with each card that has settings: how many, or a negative errno. */
static int
each_card(int (*call)(void *arg, const struct card_paths *paths), void *arg)
{
	char directory[PATH_MAX - 8], cards[PATH_MAX], name[CARD_NAME_MAX + 1];
	struct card_paths paths;
	struct dirent **list;
	int count, found = 0;

	if (card_config_directory(directory, sizeof(directory)) < 0)
		return -EINVAL;
	snprintf(cards, sizeof(cards), "%s/cards", directory);
	count = scandir(cards, &list, is_settings, versionsort);
	/* Nobody has made one yet, or else what there is cannot be told. */
	if (count < 0 && errno != ENOENT) {
		complain("card: %s: %s", cards, strerror(errno));
		return -EIO;
	}
	for (int i = 0; i < count; i++) {
		size_t len = strlen(list[i]->d_name) - strlen(SUFFIX);

		if (len <= CARD_NAME_MAX) {
			snprintf(name, sizeof(name), "%.*s", (int)len, list[i]->d_name);
			if (card_paths_find(name, &paths) == 0 && call(arg, &paths) == 0)
				found++;
		}
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	return found;
}

/* ---- Words ---- */

static const char *
duration(char *buf, size_t len, double seconds)
{
	if (seconds < 120)
		snprintf(buf, len, "%.1f s", seconds);
	else if (seconds < 7200)
		snprintf(buf, len, "%.0f min", seconds / 60);
	else
		snprintf(buf, len, "%.1f h", seconds / 3600);
	return buf;
}

static const char *
bytes_text(char *buf, size_t len, double n)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t u = 0;

	while (n >= 10240 && u < 4) {
		n /= 1024;
		u++;
	}
	snprintf(buf, len, "%.0f %s", n, units[u]);
	return buf;
}

static double
seconds(json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static const char *
setting(json_t *look, const char *key)
{
	return card_text(json_object_get(look, "settings"), key);
}

/* What a card is: that of the process that runs, or else as its settings say. */
struct make {
	const char *stepping, *era;
	json_int_t memory, time_scale; /* MiB */
};

static struct make
make_of(json_t *look)
{
	json_t *process = json_object_get(look, "process");

	if (card_number(process, "memory") > 0)
		return (struct make){card_text(process, "stepping"), card_text(process, "era"),
				     card_number(process, "memory") >> 20,
				     card_number(process, "time_scale")};
	return (struct make){setting(look, "revision"), setting(look, "era"),
			     atoll(setting(look, "memory")), atoll(setting(look, "time_scale"))};
}

static const char *
owner_text(json_t *owner, char *buf, size_t len)
{
	if (json_is_object(owner))
		snprintf(buf, len, "%s %lld", card_text(owner, "program"),
			 (long long)card_number(owner, "pid"));
	else
		snprintf(buf, len, "-");
	return buf;
}

/* ---- One line ---- */

static void
print_title(void)
{
	printf("%-12s %-13s %-4s %-31s %-4s %-9s %-22s %s\n", "NAME", "STATE", "POST", "", "ERA",
	       "MEMORY", "OWNER", "UPTIME");
}

static void
print_line(json_t *look)
{
	json_t *process = json_object_get(look, "process");
	char up[32] = "-", owner[64];
	struct make make = make_of(look);

	if (json_is_object(process))
		duration(up, sizeof(up), seconds(process, "uptime"));
	printf("%-12s %-13s %-4s %-31s %-4s %5lld MiB %-22s %s\n", card_text(look, "name"),
	       card_text(look, "state"), card_text(look, "post_code"), card_text(look, "post_text"),
	       make.era, (long long)make.memory,
	       owner_text(json_object_get(look, "owner"), owner, sizeof(owner)), up);
}

/* ---- In detail ---- */

static void
print_process(json_t *look)
{
	json_t *process = json_object_get(look, "process");
	struct make make = make_of(look);
	char up[32];

	printf("  %-10s stepping %s, era %s, %lld MiB, times by %lld\n", "card", make.stepping,
	       make.era, (long long)make.memory, (long long)make.time_scale);
	if (json_is_object(process))
		printf("  %-10s %lld, for %s\n", "process", (long long)card_number(process, "pid"),
		       duration(up, sizeof(up), seconds(process, "uptime")));
	else if (json_is_true(json_object_get(look, "stopped")))
		printf("  %-10s %lld is stopped, and gives no answer; kill -CONT %lld lets it go "
		       "on\n", "process", (long long)card_number(look, "ended_pid"),
		       (long long)card_number(look, "ended_pid"));
	else if (json_is_true(json_object_get(look, "silent")))
		printf("  %-10s %lld gives no answer\n", "process",
		       (long long)card_number(look, "ended_pid"));
	else if (card_number(look, "ended_pid") != 0)
		printf("  %-10s %lld has ended; slipway card log %s tells more\n", "process",
		       (long long)card_number(look, "ended_pid"), card_text(look, "name"));
}

static void
print_owner(json_t *look)
{
	json_t *owner = json_object_get(look, "owner"), *smpt = json_object_get(owner, "smpt");
	json_t *online = json_object_get(owner, "online");
	char buf[64];

	if (card_number(look, "owner_silent") != 0) {
		printf("  %-10s %lld gives no answer\n", "owner",
		       (long long)card_number(look, "owner_silent"));
		return;
	}
	printf("  %-10s %s\n", "owner",
	       json_is_object(owner) ? owner_text(owner, buf, sizeof(buf))
				     : "none; slipway card boot finds one");
	if (!json_is_object(owner))
		return;
	if (json_is_number(online))
		printf("  %-10s for %s\n", "online",
		       duration(buf, sizeof(buf), json_number_value(online)));
	if (card_text(owner, "last_error")[0] != '\0')
		printf("  %-10s %s\n", "trouble", card_text(owner, "last_error"));
	printf("  %-10s %lld boots, %lld resets (%lld failed), %lld crashes; last shutdown: %s\n",
	       "so far", (long long)card_number(owner, "boots"),
	       (long long)card_number(owner, "resets"),
	       (long long)card_number(owner, "reset_failures"),
	       (long long)card_number(owner, "crashes"), card_text(owner, "shutdown_status"));
	if (card_number(owner, "restarts_refused") > 0)
		printf("  %-10s it asked for a restart once too often, after %lld of them, and was "
		       "not booted again\n",
		       "", (long long)card_number(owner, "restarts"));
	if (smpt != NULL)
		printf("  %-10s %lld of %lld windows in use, for %s of host memory\n", "SMPT",
		       (long long)card_number(smpt, "used"),
		       (long long)card_number(smpt, "entries"),
		       bytes_text(buf, sizeof(buf), seconds(smpt, "references")));
}

/* Those that were used. */
static void
print_channels(json_t *process)
{
	json_t *channel;
	bool titled = false;
	char buf[32];
	size_t i;

	json_array_foreach(json_object_get(process, "channels"), i, channel)
	{
		if (card_number(channel, "descriptors") == 0)
			continue;
		if (!titled)
			printf("  %-10s %-8s %-5s %12s %12s %11s %7s\n", "DMA", "channel", "owner",
			       "descriptors", "bytes", "interrupts", "errors");
		titled = true;
		printf("  %-10s %-8lld %-5s %12lld %12s %11lld %7lld%s\n", "",
		       (long long)card_number(channel, "channel"), card_text(channel, "owner"),
		       (long long)card_number(channel, "descriptors"),
		       bytes_text(buf, sizeof(buf), seconds(channel, "bytes")),
		       (long long)card_number(channel, "interrupts"),
		       (long long)card_number(channel, "errors"),
		       json_is_true(json_object_get(channel, "enabled")) ? "" : "  off");
	}
}

/* Functions of the card OS that were called. */
static void
print_functions(json_t *process)
{
	json_t *function;
	size_t i;

	json_array_foreach(json_object_get(process, "functions"), i, function)
	{
		if (card_number(function, "calls") > 0)
			printf("  %-10s %s was called %lld times\n", "function",
			       card_text(function, "name"),
			       (long long)card_number(function, "calls"));
	}
}

static void
print_detail(json_t *look)
{
	const char *post = card_text(look, "post_code");
	json_t *process = json_object_get(look, "process");

	printf("%s: %s\n", card_text(look, "name"), card_text(look, "state"));
	if (post[0] != '\0')
		printf("  %-10s %s, %s\n", "POST code", post, card_text(look, "post_text"));
	print_process(look);
	print_owner(look);
	printf("  %-10s %s\n", "image", setting(look, "image"));
	if (card_text(process, "image")[0] != '\0')
		printf("  %-10s %s\n", "", card_text(process, "image"));
	if (card_text(process, "cmdline")[0] != '\0')
		printf("  %-10s%s\n", "started by", card_text(process, "cmdline"));
	if (card_text(process, "boot_error")[0] != '\0')
		printf("  %-10s %s\n", "refused", card_text(process, "boot_error"));
	print_functions(process);
	print_channels(process);
}

/* ---- The commands ---- */

static int
take_json(void *arg, int opt, const char *value)
{
	(void)opt;
	(void)value;
	*(bool *)arg = true;
	return 0;
}

static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};

static int
add_look(void *arg, const struct card_paths *paths)
{
	return json_array_append_new(arg, card_look(paths));
}

static int
add_name(void *arg, const struct card_paths *paths)
{
	return json_array_append_new(arg, json_pack("{s:s, s:b, s:s}", "name", paths->name, "runs",
						    card_answers(paths->control), "settings",
						    paths->settings));
}

static void
print_json(json_t *cards)
{
	json_t *root = json_pack("{s:O}", "cards", cards);

	json_dumpf(root, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(root);
}

/* What was printed must have arrived. */
static int
end(json_t *cards, int status)
{
	json_decref(cards);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	complain("cannot write: %s", strerror(errno));
	return EXIT_FAILED;
}

static int
look_at(json_t *cards, char **names)
{
	struct card_settings settings;
	struct card_paths paths;
	int status = 0;

	if (*names == NULL)
		return each_card(add_look, cards) < 0 ? EXIT_FAILED : 0;
	for (; *names != NULL && status == 0; names++) {
		status = card_paths_find(*names, &paths);
		/* One with bad settings runs on. */
		if (status == 0 && card_settings_load(&paths, &settings) == EXIT_NO_CARD)
			status = EXIT_NO_CARD;
		if (status == 0)
			add_look(cards, &paths);
	}
	return status;
}

int
card_status(int argc, char **argv)
{
	bool json = false;
	json_t *cards = json_array();
	size_t count;
	int status = card_arguments(argc, argv, options, take_json, &json, 0, INT_MAX);

	if (status == 0)
		status = look_at(cards, argv + optind);
	if (status != 0)
		return end(cards, status < 0 ? EXIT_DONE : status);
	count = json_array_size(cards);
	if (json)
		print_json(cards);
	else if (count == 1 && argv[optind] != NULL)
		print_detail(json_array_get(cards, 0));
	else if (count == 0)
		complain("card: there are no cards; slipway card start NAME makes one");
	else
		print_title();
	for (size_t i = 0; !json && i < count && (count > 1 || argv[optind] == NULL); i++)
		print_line(json_array_get(cards, i));
	return end(cards, EXIT_DONE);
}

int
card_list(int argc, char **argv)
{
	bool json = false;
	json_t *cards = json_array(), *card;
	size_t i;
	int status = card_arguments(argc, argv, options, take_json, &json, 0, 0);

	if (status == 0 && each_card(add_name, cards) < 0)
		status = EXIT_FAILED;
	if (status != 0)
		return end(cards, status < 0 ? EXIT_DONE : status);
	if (json)
		print_json(cards);
	json_array_foreach(cards, i, card)
	{
		if (!json)
			printf("%-12s %-5s %s\n", card_text(card, "name"),
			       json_is_true(json_object_get(card, "runs")) ? "runs" : "off",
			       card_text(card, "settings"));
	}
	return end(cards, EXIT_DONE);
}
