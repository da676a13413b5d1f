/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* A copy that leaves the destination out of the caches. */

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#if defined(RTE_ARCH_X86)
#include <emmintrin.h>
#endif

#include "bench.h"

#if defined(RTE_ARCH_X86)
/* A line: the destination is aligned. */
static inline void
stream_line(uint8_t *dst, const uint8_t *src)
{
	const __m128i *from = (const __m128i *)src;
	__m128i *to = (__m128i *)dst;
	__m128i a = _mm_loadu_si128(from), b = _mm_loadu_si128(from + 1);
	__m128i c = _mm_loadu_si128(from + 2), d = _mm_loadu_si128(from + 3);

	_mm_stream_si128(to, a);
	_mm_stream_si128(to + 1, b);
	_mm_stream_si128(to + 2, c);
	_mm_stream_si128(to + 3, d);
}

void
bench_copy_nt(void *dst, const void *src, size_t n)
{
	size_t head = RTE_MIN(-(uintptr_t)dst % RTE_CACHE_LINE_SIZE, n);
	const uint8_t *from = src;
	uint8_t *to = dst;

	if (unlikely(head > 0))
		memcpy(to, from, head);
	for (from += head, to += head, n -= head; n >= RTE_CACHE_LINE_SIZE;
	     n -= RTE_CACHE_LINE_SIZE) {
		stream_line(to, from);
		from += RTE_CACHE_LINE_SIZE;
		to += RTE_CACHE_LINE_SIZE;
	}
	if (unlikely(n > 0))
		memcpy(to, from, n);
	/* The copy is done when others can see it, as with every other way. */
	_mm_sfence();
}
#else
void
bench_copy_nt(void *dst, const void *src, size_t n)
{
	memcpy(dst, src, n);
}
#endif
