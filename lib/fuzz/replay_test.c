/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A fuzz target that aborts when something is wrong, CORPUS_RUN, without a fuzzer: every input of
 * its corpus, CORPUS, and each with a little damage. There are INPUTS_MIN at least, and COPIES
 * damaged ones of each.
 *
 *   NAME_corpus_test                    the corpus of the tree
 *   NAME_corpus_test INPUT...           these inputs: what a fuzzer left behind
 *   NAME_corpus_test --write DIRECTORY  the seeds anew, by CORPUS_WRITE
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* 0, whatever the input is. */
int CORPUS_RUN(const uint8_t *bytes, size_t size);
/* How many files, or a negative errno. */
int CORPUS_WRITE(const char *directory);

#define INPUT_MAX 0x10000u

struct input {
	size_t size;
	unsigned char bytes[INPUT_MAX];
};

static int
input_read(const char *path, struct input *in)
{
	FILE *file = fopen(path, "rb");

	if (file == NULL)
		return -errno;
	in->size = fread(in->bytes, 1, sizeof(in->bytes), file);
	fclose(file);
	return 0;
}

/* Read the corpus entry by entry: calls `use` for each, and says how many there were. */
static unsigned int
corpus_walk(void (*use)(const struct input *in))
{
	static struct input in;
	DIR *dir = opendir(CORPUS);
	struct dirent *entry;
	unsigned int n = 0;
	char path[4096];

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", CORPUS, entry->d_name);
		assert_int_equal(input_read(path, &in), 0);
		use(&in);
		n++;
	}
	closedir(dir);
	return n;
}

static void
replay(const struct input *in)
{
	assert_int_equal(CORPUS_RUN(in->bytes, in->size), 0);
}

/* Cut off, and with a few bytes that are others: the same ones in every run. */
static void
replay_damaged(const struct input *in)
{
	static struct input copy;
	static uint64_t draw = 20260101;

	for (unsigned int n = 0; n < COPIES; n++) {
		copy = *in;
		for (unsigned int i = 0; i <= n % 8 && in->size > 0; i++) {
			draw = draw * UINT64_C(6364136223846793005) + 1442695040888963407;
			copy.bytes[(draw >> 33) % in->size] ^= (unsigned char)(draw >> 25);
		}
		if (n % 3 == 0 && in->size > 0)
			copy.size = (draw >> 33) % in->size;
		replay(&copy);
	}
}

static void
corpus_breaks_nothing(void **state)
{
	(void)state;
	assert_in_range(corpus_walk(replay), INPUTS_MIN, UINT32_MAX);
}

static void
damaged_corpus_breaks_nothing(void **state)
{
	(void)state;
	assert_in_range(corpus_walk(replay_damaged), INPUTS_MIN, UINT32_MAX);
}

static int
replay_files(int n, char *paths[])
{
	static struct input in;

	for (int i = 0; i < n; i++) {
		int ret = input_read(paths[i], &in);

		if (ret < 0) {
			fprintf(stderr, "%s: %s\n", paths[i], strerror(-ret));
			return 1;
		}
		printf("%s\n", paths[i]);
		CORPUS_RUN(in.bytes, in.size);
	}
	return 0;
}

static int
seeds_write(const char *directory)
{
	int files = CORPUS_WRITE(directory);

	if (files < 0) {
		fprintf(stderr, "%s: %s\n", directory, strerror(-files));
		return 1;
	}
	printf("%d files in %s\n", files, directory);
	return 0;
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(corpus_breaks_nothing),
		cmocka_unit_test(damaged_corpus_breaks_nothing),
	};

	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return seeds_write(argv[2]);
	if (argc > 1)
		return replay_files(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
