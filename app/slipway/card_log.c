/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway card log and crash: a card's console, read and typed at.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "card_look.h"
#include "slipway.h"

#define LOOK_US 100000

struct options {
	bool follow, buffer;
};

static int
take_option(void *arg, int opt, const char *value)
{
	struct options *o = arg;

	(void)value;
	*(opt == 'f' ? &o->follow : &o->buffer) = true;
	return 0;
}

/* ---- What the card's process printed ---- */

/* Foreign text: nothing of it is to move a terminal's cursor. */
static void
print_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		putchar((unsigned char)text[i] >= ' ' || strchr("\n\t", text[i]) != NULL ? text[i]
											 : '?');
}

static void
print_rest(int fd)
{
	char text[4096];
	struct stat st;
	ssize_t n;

	/* A new start of the card has a new log. */
	if (fstat(fd, &st) == 0 && st.st_size < lseek(fd, 0, SEEK_CUR))
		lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, text, sizeof(text))) > 0)
		print_text(text, (size_t)n);
	fflush(stdout);
}

static int
print_log(const struct card_paths *paths, bool follow)
{
	int fd = open(paths->log, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		complain("card: %s: %s%s", paths->log, strerror(errno),
			 errno == ENOENT ? "; the card was not started yet" : "");
		return errno == ENOENT ? EXIT_OFF : EXIT_FAILED;
	}
	do {
		print_rest(fd);
		if (follow)
			usleep(LOOK_US);
	} while (follow && !ferror(stdout));
	close(fd);
	return ferror(stdout) ? EXIT_FAILED : EXIT_DONE;
}

/* ---- The card OS's log, which its owner reads out of card memory ---- */

static int
print_buffer(const struct card_paths *paths)
{
	int status = card_process_need(paths), ret;
	json_t *answer;
	const char *text;

	if (status != 0)
		return status;
	if (!card_answers(paths->owner_control)) {
		complain("card: %s is not booted: there is nobody who reads its memory",
			 paths->name);
		return EXIT_STATE;
	}
	answer = ask(paths->owner_control, "log\n", false, &ret);
	if (answer == NULL)
		return EXIT_FAILED;
	text = card_text(answer, "log");
	print_text(text, strlen(text));
	json_decref(answer);
	return EXIT_DONE;
}

int
card_log(int argc, char **argv)
{
	static const struct option options[] = {
		{"follow", no_argument, NULL, 'f'},
		{"buffer", no_argument, NULL, 'b'},
		{0},
	};
	struct card_settings settings;
	struct card_paths paths;
	struct options o = {0};
	int status = card_arguments(argc, argv, options, take_option, &o, 1, 1);

	if (status == 0)
		status = card_paths_find(argv[optind], &paths);
	if (status == 0 && card_settings_load(&paths, &settings) == EXIT_NO_CARD)
		status = EXIT_NO_CARD;
	if (status != 0)
		return status < 0 ? EXIT_DONE : status;
	return o.buffer ? print_buffer(&paths) : print_log(&paths, o.follow);
}

/* ---- Typing ---- */

static const char *const commands[] = {"crash", "hang", "halt", "poweroff", "restart"};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char *
find_command(const char *word)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(word, commands[i]) == 0)
			return commands[i];
	complain("card: crash: '%s': accepted are crash, hang, halt, poweroff and restart", word);
	return NULL;
}

int
card_crash(int argc, char **argv)
{
	const char *command = commands[0];
	struct card_settings settings;
	struct card_paths paths;
	char request[16];
	json_t *answer;
	int ret, status = card_arguments(argc, argv, NULL, NULL, NULL, 1, 2);

	if (status == 0 && argc - optind == 2)
		command = find_command(argv[optind + 1]);
	if (command == NULL)
		return EXIT_USAGE;
	if (status == 0)
		status = card_paths_find(argv[optind], &paths);
	if (status == 0 && card_settings_load(&paths, &settings) == EXIT_NO_CARD)
		status = EXIT_NO_CARD;
	if (status == 0)
		status = card_process_need(&paths);
	if (status != 0)
		return status < 0 ? EXIT_DONE : status;
	snprintf(request, sizeof(request), "%s\n", command);
	answer = ask(paths.control, request, false, &ret);
	if (answer == NULL)
		return EXIT_STATE;
	json_decref(answer);
	printf("%s: %s\n", paths.name, command);
	return EXIT_DONE;
}
