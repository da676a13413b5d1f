/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * How fast the model moves data, without a device around it: move_bytes by each set of instructions
 * against the C library's memcpy. Hot: the same two buffers again and again. Cold: buffers one
 * after another in more memory than any cache holds. GB/s, medians of interleaved repeats.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "move.h"

#define MEMORY  (512u << 20)
#define REPEATS 7
#define WORK    (16u << 20)
/* As engines slice large descriptors. */
#define SLICE   262144u
#define WAYS    (MOVE_AVX512 + 1)

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
copy(unsigned int way, uint8_t *dst, const uint8_t *src, size_t len)
{
	struct move_pace pace = {0};

	if (way == MOVE_PLAIN) {
		memcpy(dst, src, len);
		return;
	}
	for (size_t at = 0, n; at < len; at += n) {
		n = len - at < SLICE ? len - at : SLICE;
		move_by(way, dst + at, src + at, n, false, &pace);
	}
}

static double
rate(unsigned int way, uint8_t *dst, const uint8_t *src, size_t len, size_t *place)
{
	size_t count = WORK / len > 0 ? WORK / len : 1;
	double begin = seconds();

	for (size_t n = 0; n < count; n++) {
		size_t at = place != NULL ? *place : 0;

		copy(way, dst + at, src + at, len);
		if (place != NULL)
			*place = *place + 2 * len <= MEMORY ? *place + len : 0;
	}
	return (double)(count * len) / (seconds() - begin) * 1e-9;
}

static int
order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
measure(uint8_t *dst, const uint8_t *src, size_t len, size_t *place)
{
	double rates[WAYS][REPEATS] = {{0}};
	unsigned int best = move_best();

	for (unsigned int r = 0; r < REPEATS; r++)
		for (unsigned int way = 0; way <= best; way++)
			rates[way][r] = rate(way, dst, src, len, place);
	printf("%-4s %8zu", place != NULL ? "cold" : "hot", len);
	for (unsigned int way = 0; way <= best; way++) {
		qsort(rates[way], REPEATS, sizeof(double), order);
		printf(" %8.1f", rates[way][REPEATS / 2]);
	}
	putchar('\n');
}

int
main(void)
{
	static const size_t sizes[] = {256,    1024,   4096,    16384,
				       65536, 262144, 1048576, 4194304};
	uint8_t *src = aligned_alloc(4096, MEMORY), *dst = aligned_alloc(4096, MEMORY);
	size_t place = 0;

	if (src == NULL || dst == NULL)
		return EXIT_FAILURE;
	memset(src, 1, MEMORY);
	memset(dst, 2, MEMORY);
	printf("GB/s    bytes   memcpy     sse2     avx2   avx512\n");
	for (unsigned int n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++)
		measure(dst, src, sizes[n], NULL);
	for (unsigned int n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++)
		measure(dst, src, sizes[n], &place);
	free(src);
	free(dst);
	return EXIT_SUCCESS;
}
