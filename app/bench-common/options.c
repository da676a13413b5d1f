/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For refusals. */
static const char *program;

bool
bench_options_help(int argc, char **argv, const char *text)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			fputs(text, stdout);
			return true;
		}
	}
	return false;
}

int
bench_options_read(const char *name, int argc, char **argv, const struct option options[],
		   int (*take)(int option, char *value, void *to), void *to)
{
	int c;

	program = name;
	/* EAL has used getopt before, which keeps more than a position: 0 makes it forget all. */
	optind = 0;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == ':' || c == '?') {
			fprintf(stderr, "%s: '%s' %s, see --help\n", program, argv[optind - 1],
				c == ':' ? "needs a value" : "is not an option");
			return -EINVAL;
		}
		if (take(c, optarg, to) < 0)
			return -EINVAL;
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "%s: '%s' is not an option, see --help\n", program, argv[optind]);
	return -EINVAL;
}

static int
refuse_number(const char *option, const char *value, uint32_t min, uint32_t max, uint32_t step)
{
	fprintf(stderr, "%s: --%s '%s': accepted are %u to %u", program, option, value, min, max);
	if (step > 1)
		fprintf(stderr, " in steps of %u", step);
	fprintf(stderr, "\n");
	return -EINVAL;
}

/* strtoull alone would take signs and blanks. */
static int
parse(const char *value, uint32_t min, uint32_t max, uint32_t step, uint32_t *number)
{
	unsigned long long v;
	char *end;

	if (*value < '0' || *value > '9')
		return -EINVAL;
	v = strtoull(value, &end, 10);
	if ((*end == 'K' || *end == 'M') && v <= max)
		v <<= *end++ == 'K' ? 10 : 20;
	if (*end != '\0' || v < min || v > max || v % step != 0)
		return -EINVAL;
	*number = (uint32_t)v;
	return 0;
}

int
bench_option_number(const char *option, const char *value, uint32_t min, uint32_t max,
		    uint32_t *number)
{
	return parse(value, min, max, 1, number) == 0
		       ? 0 : refuse_number(option, value, min, max, 1);
}

int
bench_option_numbers(const char *option, char *value, uint32_t min, uint32_t max, uint32_t step,
		     struct bench_numbers *numbers)
{
	const char *word;

	for (numbers->count = 0; (word = strsep(&value, ",")) != NULL; numbers->count++) {
		if (numbers->count == BENCH_NUMBERS_MAX) {
			fprintf(stderr, "%s: --%s: accepted are up to %u numbers\n", program,
				option, BENCH_NUMBERS_MAX);
			return -EINVAL;
		}
		if (parse(word, min, max, step, &numbers->value[numbers->count]) < 0)
			return refuse_number(option, word, min, max, step);
	}
	return 0;
}

int
bench_option_real(const char *option, const char *value, double min, double max, double *number)
{
	char *end;

	*number = strtod(value, &end);
	/* Written so that "nan" is refused as well. */
	if (end != value && *end == '\0' && *number >= min && *number <= max)
		return 0;
	fprintf(stderr, "%s: --%s '%s': accepted are %g to %g\n", program, option, value, min,
		max);
	return -EINVAL;
}

int
bench_option_file(const char *option, const char *value, const char **file)
{
	int fd = open(value, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0) {
		fprintf(stderr, "%s: --%s '%s': cannot be written: %s\n", program, option, value,
			strerror(errno));
		return -EINVAL;
	}
	close(fd);
	*file = value;
	return 0;
}

static int
refuse_name(const char *option, const char *value, const char *const names[], unsigned int count)
{
	fprintf(stderr, "%s: --%s '%s': accepted are ", program, option, value);
	for (unsigned int i = 0; i < count; i++)
		fprintf(stderr, "%s%s", i == 0 ? "" : ", ", names[i]);
	fprintf(stderr, "\n");
	return -EINVAL;
}

int
bench_option_names(const char *option, char *value, const char *const names[], unsigned int count,
		   unsigned int *bits)
{
	const char *word;
	unsigned int i;

	for (*bits = 0; (word = strsep(&value, ",")) != NULL; *bits |= 1u << i) {
		for (i = 0; i < count && strcmp(word, names[i]) != 0; i++)
			;
		if (i == count)
			return refuse_name(option, word, names, count);
	}
	return 0;
}

const char *
bench_size_name(uint32_t size, char text[16])
{
	if (size >= 1u << 20 && size % (1u << 20) == 0)
		snprintf(text, 16, "%uM", size >> 20);
	else if (size >= 1u << 10 && size % (1u << 10) == 0)
		snprintf(text, 16, "%uK", size >> 10);
	else
		snprintf(text, 16, "%u", size);
	return text;
}
