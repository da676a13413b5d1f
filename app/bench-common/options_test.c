/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Options of a program that does not exist. */

#include "options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct got {
	struct bench_numbers sizes;
	double seconds;
	unsigned int parts;
	uint32_t repeats;
	const char *file;
};

static const struct option options[] = {
	{"parts", required_argument, NULL, 'p'},
	{"sizes", required_argument, NULL, 'z'},
	{"seconds", required_argument, NULL, 's'},
	{"repeats", required_argument, NULL, 'r'},
	{"quick", no_argument, NULL, 'q'},
	{"json", required_argument, NULL, 'j'},
	{NULL, 0, NULL, 0},
};

static int
take(int option, char *value, void *to)
{
	static const char *const parts[] = {"trips", "dma", "boots"};
	struct got *got = to;

	switch (option) {
	case 'p':
		return bench_option_names("parts", value, parts, COUNT(parts), &got->parts);
	case 'z':
		return bench_option_numbers("sizes", value, 64, 64u << 20, 64, &got->sizes);
	case 's':
		return bench_option_real("seconds", value, 0, 10, &got->seconds);
	case 'r':
		return bench_option_number("repeats", value, 1, 99, &got->repeats);
	case 'j':
		return bench_option_file("json", value, &got->file);
	default:
		got->repeats = 5;
		return 0;
	}
}

/* Read one word or two, and give what was written on stderr; the caller frees it. */
static char *
reading(const char *first, const char *second, struct got *got, int *ret)
{
	char words[3][128] = {"bench"};
	char *argv[] = {words[0], words[1], words[2], NULL};
	FILE *before = stderr;
	char *said = NULL;
	size_t len;

	snprintf(words[1], sizeof(words[1]), "%s", first);
	snprintf(words[2], sizeof(words[2]), "%s", second != NULL ? second : "");
	if (second == NULL)
		argv[2] = NULL;
	*got = (struct got){.repeats = 7};
	stderr = open_memstream(&said, &len);
	assert_non_null(stderr);
	*ret = bench_options_read("bench", second != NULL ? 3 : 2, argv, options, take, got);
	fclose(stderr);
	stderr = before;
	return said;
}

static void
good(const char *first, const char *second, struct got *got)
{
	int ret;
	char *said = reading(first, second, got, &ret);

	if (ret != 0 || said[0] != '\0')
		fail_msg("%s: returned %d and said: %s", first, ret, said);
	free(said);
}

static void
what_is_accepted_is_read(void **state)
{
	struct got got;

	(void)state;
	good("--sizes=64,4K,1M,64M", "--parts=boots,trips", &got);
	assert_int_equal(got.sizes.count, 4);
	assert_int_equal(got.sizes.value[0], 64);
	assert_int_equal(got.sizes.value[1], 4096);
	assert_int_equal(got.sizes.value[2], 1u << 20);
	assert_int_equal(got.sizes.value[3], 64u << 20);
	assert_int_equal(got.parts, 5);
	good("--seconds", "0.001", &got);
	assert_true(got.seconds == 0.001);
	assert_int_equal(got.repeats, 7);
	good("--repeats", "99", &got);
	assert_int_equal(got.repeats, 99);
	good("--quick", NULL, &got);
	assert_int_equal(got.repeats, 5);
	good("--sizes=64,64,64,64,64,64,64,64,64,64,64,64,64,64,64,64", NULL, &got);
	assert_int_equal(got.sizes.count, BENCH_NUMBERS_MAX);
	assert_null(got.file);
	good("--json", "/dev/null", &got);
	assert_non_null(got.file);
}

static void
a_refusal_names_value_and_range(void **state)
{
	static const char *const words[][2] = {
		{"--repeats=0", "--repeats '0': accepted are 1 to 99"},
		{"--repeats=100", "--repeats '100': accepted are 1 to 99"},
		{"--repeats=", "--repeats '': accepted are 1 to 99"},
		{"--repeats=-1", "--repeats '-1': accepted are 1 to 99"},
		{"--repeats= 1", "--repeats ' 1': accepted are 1 to 99"},
		{"--repeats=1x", "--repeats '1x': accepted are 1 to 99"},
		{"--repeats=1K", "--repeats '1K': accepted are 1 to 99"},
		{"--repeats=99999999999999999999",
		 "--repeats '99999999999999999999': accepted are 1 to 99"},
		{"--sizes=64,65", "--sizes '65': accepted are 64 to 67108864 in steps of 64"},
		{"--sizes=64,", "--sizes '': accepted are 64 to 67108864 in steps of 64"},
		{"--sizes=65M", "--sizes '65M': accepted are 64 to 67108864 in steps of 64"},
		/* 2^64 and 1K more. */
		{"--sizes=18014398509481985K",
		 "--sizes '18014398509481985K': accepted are 64 to 67108864 in steps of 64"},
		{"--sizes=1KK", "--sizes '1KK': accepted are 64 to 67108864 in steps of 64"},
		{"--sizes=64,64,64,64,64,64,64,64,64,64,64,64,64,64,64,64,64",
		 "--sizes: accepted are up to 16 numbers"},
		{"--seconds=-1", "--seconds '-1': accepted are 0 to 10"},
		{"--seconds=11", "--seconds '11': accepted are 0 to 10"},
		{"--seconds=nan", "--seconds 'nan': accepted are 0 to 10"},
		{"--seconds=", "--seconds '': accepted are 0 to 10"},
		{"--seconds=1s", "--seconds '1s': accepted are 0 to 10"},
		{"--parts=dma,x", "--parts 'x': accepted are trips, dma, boots"},
		{"--parts=", "--parts '': accepted are trips, dma, boots"},
		{"--parts", "'--parts' needs a value, see --help"},
		{"--json=/nowhere/a.json",
		 "--json '/nowhere/a.json': cannot be written: No such file or directory"},
		{"--json=/", "--json '/': cannot be written: Is a directory"},
		{"--speed", "'--speed' is not an option, see --help"},
		{"-s", "'-s' is not an option, see --help"},
		{"trips", "'trips' is not an option, see --help"},
	};
	char line[256];

	(void)state;
	for (unsigned int i = 0; i < COUNT(words); i++) {
		struct got got;
		int ret;
		char *said = reading(words[i][0], NULL, &got, &ret);

		snprintf(line, sizeof(line), "bench: %s\n", words[i][1]);
		if (ret != -EINVAL || strcmp(said, line) != 0)
			fail_msg("%s: returned %d and said: %s", words[i][0], ret, said);
		free(said);
	}
}

static void
sizes_are_named_as_they_are_read(void **state)
{
	static const struct {
		uint32_t size;
		const char *name;
	} rows[] = {
		{8, "8"}, {1000, "1000"}, {1024, "1K"}, {1536, "1536"}, {65536, "64K"},
		{1u << 20, "1M"}, {3u << 19, "1536K"}, {64u << 20, "64M"},
	};
	char text[16];

	(void)state;
	for (unsigned int i = 0; i < COUNT(rows); i++)
		assert_string_equal(bench_size_name(rows[i].size, text), rows[i].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_accepted_is_read),
		cmocka_unit_test(a_refusal_names_value_and_range),
		cmocka_unit_test(sizes_are_named_as_they_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
