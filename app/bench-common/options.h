/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

/**
 * @file
 * Options of a program. What is not accepted is refused with one line that names the program, the
 * option, the value and what is accepted; functions then return -EINVAL, and 0 otherwise.
 */

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

/** Of one list: more is no table that anybody reads. */
#define BENCH_NUMBERS_MAX 16

/** A list of numbers. */
struct bench_numbers {
	unsigned int count;
	uint32_t value[BENCH_NUMBERS_MAX];
};

/** Print the help text if it was asked for anywhere, EAL's part of the command line included. */
bool bench_options_help(int argc, char **argv, const char *text);

/**
 * Read options, all of which have long names only.
 *
 * @param program what it is called, here and in later refusals
 * @param take has one option's value in `to`: 0, or -EINVAL once it has said why
 */
int bench_options_read(const char *program, int argc, char **argv, const struct option options[],
		       int (*take)(int option, char *value, void *to), void *to);

/** A whole number; K and M behind it are 2^10 and 2^20. */
int bench_option_number(const char *option, const char *value, uint32_t min, uint32_t max,
			uint32_t *number);

/** Such numbers, in steps, as in `1,8,4K`. */
int bench_option_numbers(const char *option, char *value, uint32_t min, uint32_t max,
			 uint32_t step, struct bench_numbers *numbers);

/** A number. */
int bench_option_real(const char *option, const char *value, double min, double max,
		      double *number);

/** Some of several names, as in `copy,parts`: a bit each. */
int bench_option_names(const char *option, char *value, const char *const names[],
		       unsigned int count, unsigned int *bits);

/** A file to be written when all is measured: it must be possible now. It is made if there is none. */
int bench_option_file(const char *option, const char *value, const char **file);

/** A number as people write it: 64, 4K, 1M. */
const char *bench_size_name(uint32_t size, char text[16]);

#endif /* BENCH_OPTIONS_H */
