/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A fuzz target, CORPUS_RUN, without a fuzzer: the inputs in CORPUS, each also with a little damage,
 * and inputs made from seeds.
 *
 *   NAME_corpus_test            all of these
 *   NAME_corpus_test INPUT...   these inputs: what a fuzzer left behind
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* NULL when all is well, else what is wrong. */
const char *CORPUS_RUN(const uint8_t *bytes, size_t len);

#define BYTES_MAX 2048u
/* What the corpus has at least, so that an empty directory is no success. */
#define INPUTS_MIN 30u
/* Damaged copies of each. */
#define COPIES 2u
#define SEEDS  200u
#define SEED_BYTES 1024u

static uint32_t
draw(uint32_t *seed)
{
	*seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
	return *seed >> 16;
}

static bool
runs(const char *name, const uint8_t *bytes, size_t len)
{
	const char *wrong = CORPUS_RUN(bytes, len);

	if (wrong != NULL)
		fprintf(stderr, "%s: %s\n", name, wrong);
	return wrong == NULL;
}

static size_t
input_read(const char *path, uint8_t bytes[BYTES_MAX])
{
	FILE *file = fopen(path, "rb");
	size_t len;

	if (file == NULL)
		return 0;
	len = fread(bytes, 1, BYTES_MAX, file);
	fclose(file);
	return len;
}

/* As it is, then with a few other bytes, which go by the name. */
static void
input_runs(const char *name)
{
	uint8_t bytes[BYTES_MAX];
	char path[4096];
	size_t len;
	uint32_t seed = 1;

	snprintf(path, sizeof(path), "%s/%s", CORPUS, name);
	len = input_read(path, bytes);
	assert_true(len > 0);
	assert_true(runs(name, bytes, len));
	for (const char *c = name; *c != '\0'; c++)
		seed = seed * 31 + (uint8_t)*c;
	for (unsigned int copy = 0; copy < COPIES; copy++) {
		for (unsigned int n = 0; n < 3; n++)
			bytes[draw(&seed) % len] = (uint8_t)draw(&seed);
		assert_true(runs(name, bytes, len));
	}
}

static void
every_input_of_the_corpus_runs(void **state)
{
	DIR *dir = opendir(CORPUS);
	struct dirent *entry;
	unsigned int n = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		input_runs(entry->d_name);
		n++;
	}
	closedir(dir);
	assert_true(n >= INPUTS_MIN);
}

static void
inputs_made_from_seeds_run(void **state)
{
	uint8_t bytes[SEED_BYTES];
	char name[32];

	(void)state;
	for (uint32_t input = 0; input < SEEDS; input++) {
		uint32_t seed = input * UINT32_C(2654435761) + 1;

		for (size_t i = 0; i < SEED_BYTES; i++)
			bytes[i] = (uint8_t)draw(&seed);
		/* The first byte says what there is and how far it has come: all of that. */
		bytes[0] = (uint8_t)input;
		snprintf(name, sizeof(name), "seed %u", input);
		assert_true(runs(name, bytes, sizeof(bytes)));
	}
}

static int
replay(int n, char **paths)
{
	int status = 0;

	for (int i = 0; i < n; i++) {
		uint8_t bytes[BYTES_MAX];
		size_t len = input_read(paths[i], bytes);

		if (len == 0 || !runs(paths[i], bytes, len))
			status = 1;
	}
	return status;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_input_of_the_corpus_runs),
		cmocka_unit_test(inputs_made_from_seeds_run),
	};

	if (argc > 1)
		return replay(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
