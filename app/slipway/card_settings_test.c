/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Settings of cards: what is accepted, what a file may say, and what becomes of it when a write
 * fails half way.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cards.h"
#include "slipway.h"

static char directory[] = "/tmp/card-settings-XXXXXX";
static struct card_paths paths;
static char said[1024];

/* In place of main.c's. */
void
complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	setenv("SLIPWAY_DIR", directory, 1);
	setenv("SLIPWAY_CONFIG_DIR", directory, 1);
	return card_paths_find("mic0", &paths);
}

static int
tear_down(void **state)
{
	char cards[64];

	(void)state;
	unlink(paths.settings);
	snprintf(cards, sizeof(cards), "%s/cards", directory);
	rmdir(cards);
	return rmdir(directory);
}

static void
write_file(const char *text, size_t len)
{
	FILE *file;

	assert_int_equal(card_make_above(paths.settings), 0);
	file = fopen(paths.settings, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void
write_text(const char *text)
{
	write_file(text, strlen(text));
}

/* ---- Names and places ---- */

static void
names_are_checked(void **state)
{
	static const char *const bad[] = {"",      "0mic",  "-mic",
					  "mic/0", "..",    "mic 0",
					  "mic,0", "mic=0", "abcdefghijklmnopqrstuvwxy"};
	struct card_paths p;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(card_paths_find(bad[i], &p), EXIT_USAGE);
	assert_int_equal(card_paths_find("abcdefghijklmnopqrstuvwx", &p), 0);
	assert_int_equal(card_paths_find("M-0_a", &p), 0);
}

/* A socket's path has 107 characters at most; DIR may have 87, which leaves little for a name. */
static void
too_long_a_directory_is_refused(void **state)
{
	char base[] = "/tmp/0123456789012345678901234567890123456789012345678901234567890123456789"
		      "0123456789";
	struct card_paths p;

	(void)state;
	setenv("SLIPWAY_DIR", base, 1);
	assert_int_equal(card_paths_find("mic", &p), 0);
	assert_true(strlen(p.owner_lock) < CARD_SOCKET_MAX);
	assert_int_equal(card_paths_find("mic01", &p), EXIT_FAILED);
	assert_non_null(strstr(said, "107"));
	setenv("SLIPWAY_DIR", directory, 1);
}

/* ---- Values ---- */

static void
values_are_checked(void **state)
{
	static const char *const bad[][2] = {
		{"memory", "31"},
		{"memory", "100"},
		{"memory", "32768"},
		{"memory", "-64"},
		{"memory", ""},
		{"memory", "64MB"},
		{"era", "b"},
		{"era", ""},
		{"era", "ac"},
		{"time_scale", "0"},
		{"time_scale", "1001"},
		{"revision", "D0"},
		{"restart", "maybe"},
		{"cpu", "first"},
		{"cpu", "0-"},
		{"cpu", "3-1"},
		{"cpu", "-1"},
		{"cpu", "1,-"},
		{"cpu", "1 2"},
		{"cpu", "99999"},
		{"image", "x.img"},
		{"ramdisk", "./ram"},
		{"cmdline", "a\nb"},
		{"cmdline", "\033[2J"},
		{"color", "red"},
		{"", "1"},
		{"memory", "99999999999999999999"},
	};
	struct card_settings s, before;

	(void)state;
	card_settings_default(&s);
	before = s;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		said[0] = '\0';
		assert_int_equal(card_settings_set(&s, bad[i][0], bad[i][1], "here"), -EINVAL);
		assert_non_null(strstr(said, "here"));
	}
	assert_memory_equal(&s, &before, sizeof(s));
}

static void
every_key_is_kept(void **state)
{
	static const char *const good[][2] = {
		{"memory", "16384"},      {"era", "d"},
		{"image", "/boot/image"}, {"ramdisk", "/boot/r"},
		{"cmdline", "a=1 # b=2"}, {"restart", "no"},
		{"time_scale", "1000"},   {"revision", "b1"},
		{"cpu", "0-1,3"},
	};
	struct card_settings s, loaded;
	const char *key, *value;
	char buf[PATH_MAX];

	(void)state;
	card_settings_default(&s);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(card_settings_set(&s, good[i][0], good[i][1], "here"), 0);
	assert_int_equal(card_settings_save(&paths, &s), 0);
	assert_int_equal(card_settings_load(&paths, &loaded), 0);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		value = card_settings_get(&loaded, i, &key, buf, sizeof(buf));
		assert_string_equal(key, good[i][0]);
		assert_string_equal(value, i == 7 ? "B1" : good[i][1]);
	}
	assert_null(card_settings_get(&loaded, 9, &key, buf, sizeof(buf)));
}

static void
longest_command_line_is_kept(void **state)
{
	struct card_settings s, loaded;
	char line[CARD_CMDLINE_MAX + 2];

	(void)state;
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	card_settings_default(&s);
	assert_int_equal(card_settings_set(&s, "cmdline", line, "here"), -EINVAL);
	line[CARD_CMDLINE_MAX] = '\0';
	assert_int_equal(card_settings_set(&s, "cmdline", line, "here"), 0);
	assert_int_equal(card_settings_save(&paths, &s), 0);
	assert_int_equal(card_settings_load(&paths, &loaded), 0);
	assert_string_equal(loaded.cmdline, line);
}

/* ---- Files ---- */

static void
missing_file_is_no_card(void **state)
{
	struct card_settings s;

	(void)state;
	unlink(paths.settings);
	assert_int_equal(card_settings_load(&paths, &s), EXIT_NO_CARD);
}

static void
errors_name_file_and_line(void **state)
{
	struct card_settings s;

	(void)state;
	write_text("# a card\n\nmemory = 64\nera = z\n");
	assert_int_equal(card_settings_load(&paths, &s), EXIT_FAILED);
	assert_non_null(strstr(said, "mic0.conf:4"));
	write_text("memory 64\n");
	assert_int_equal(card_settings_load(&paths, &s), EXIT_FAILED);
	assert_non_null(strstr(said, "mic0.conf:1"));
}

static void
file_written_in_part_is_refused(void **state)
{
	static const char cut[] = "memory = 64\ncmdline = quie";
	static const char zeros[16] = "";
	struct card_settings s;

	(void)state;
	write_text(cut);
	assert_int_equal(card_settings_load(&paths, &s), EXIT_FAILED);
	assert_non_null(strstr(said, "cut off"));
	write_text("");
	assert_int_equal(card_settings_load(&paths, &s), EXIT_FAILED);
	assert_non_null(strstr(said, "empty"));
	write_file(zeros, sizeof(zeros));
	assert_int_equal(card_settings_load(&paths, &s), EXIT_FAILED);
	write_text("memory = 64\n");
	truncate(paths.settings, 1 << 20);
	assert_int_equal(card_settings_load(&paths, &s), EXIT_FAILED);
}

static void
directory_in_its_place_is_refused(void **state)
{
	struct card_settings s;

	(void)state;
	unlink(paths.settings);
	assert_return_code(mkdir(paths.settings, 0700), errno);
	assert_int_equal(card_settings_load(&paths, &s), EXIT_FAILED);
	card_settings_default(&s);
	assert_int_equal(card_settings_save(&paths, &s), EXIT_FAILED);
	rmdir(paths.settings);
}

static unsigned int
files_beside(void)
{
	char cards[64];
	unsigned int n = 0;
	DIR *dir;

	snprintf(cards, sizeof(cards), "%s/cards", directory);
	dir = opendir(cards);
	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* As a disk that is full: the file may have no more than some bytes. */
static void
failed_write_leaves_what_was_there(void **state)
{
	struct rlimit limit, small;
	struct card_settings s, loaded;
	unsigned int files;
	int status;

	(void)state;
	card_settings_default(&s);
	s.memory = 64;
	assert_int_equal(card_settings_save(&paths, &s), 0);
	files = files_beside();
	s.memory = 128;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = 100;
	setrlimit(RLIMIT_FSIZE, &small);
	status = card_settings_save(&paths, &s);
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(status, EXIT_FAILED);
	assert_int_equal(card_settings_load(&paths, &loaded), 0);
	assert_int_equal(loaded.memory, 64);
	assert_int_equal(files_beside(), files);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(too_long_a_directory_is_refused),
		cmocka_unit_test(values_are_checked),
		cmocka_unit_test(every_key_is_kept),
		cmocka_unit_test(longest_command_line_is_kept),
		cmocka_unit_test(missing_file_is_no_card),
		cmocka_unit_test(errors_name_file_and_line),
		cmocka_unit_test(file_written_in_part_is_refused),
		cmocka_unit_test(directory_in_its_place_is_refused),
		cmocka_unit_test(failed_write_leaves_what_was_there),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
