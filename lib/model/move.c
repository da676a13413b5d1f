/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Below a few hundred bytes the C library's functions are as good as any. Above, on x86, loops for
 * the widest registers there are. Large copies find out on the way whether memory or a cache is at
 * the other end: past the caches, memory takes up to twice as much; into a cache, half as much.
 */
#include <string.h>

#include "move.h"

#define PATTERN MOVE_PATTERN_BYTES

/* ---- In plain C ---- */

static void
fill_plain(uint8_t *dst, size_t len, const uint8_t twice[2 * PATTERN])
{
	for (; len >= PATTERN; dst += PATTERN, len -= PATTERN)
		memcpy(dst, twice, PATTERN);
	memcpy(dst, twice, len);
}

static size_t
same_plain(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t n = 0;

	while (len - n >= 8 && memcmp(a + n, b + n, 8) == 0)
		n += 8;
	while (n < len && a[n] == b[n])
		n++;
	return n;
}

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

/* The loops need two lines. */
#define LOOP_MIN     MOVE_SHORT
/* How far ahead lines are asked for: far enough for memory, near enough to be still there. */
#define AHEAD        1024u
#define STREAM_AHEAD 2048u
/* Copies from here on find out how they go best, this much at a time ... */
#define PACED_MIN    131072u
#define PROBE        16384u
/* ... and find it out again after so many probes' worth. */
#define PACED_FOR    64u
/* Fewer cycles of the time stamp counter per 16 bytes than this are those of a cache. */
#define CACHE_CYCLES 2u

#define PREFETCH_4(p)                                                                              \
	do {                                                                                       \
		_mm_prefetch((const char *)(p), _MM_HINT_T0);                                      \
		_mm_prefetch((const char *)(p) + 64, _MM_HINT_T0);                                 \
		_mm_prefetch((const char *)(p) + 128, _MM_HINT_T0);                                \
		_mm_prefetch((const char *)(p) + 192, _MM_HINT_T0);                                \
	} while (0)

/* ---- 64 bytes in registers, of three widths ---- */

struct line_avx2 {
	__m256i v[2];
};

struct line_sse2 {
	__m128i v[4];
};

#define TARGET_512  __attribute__((target("avx512f,avx512bw")))
#define TARGET_AVX2 __attribute__((target("avx2")))
#define INLINE      static inline __attribute__((always_inline))

TARGET_512 INLINE __m512i
line_of_512(const uint8_t pattern[PATTERN])
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)pattern));
}

TARGET_AVX2 INLINE struct line_avx2
load_avx2(const uint8_t *p)
{
	return (struct line_avx2){{
		_mm256_loadu_si256((const __m256i *)p),
		_mm256_loadu_si256((const __m256i *)(p + 32)),
	}};
}

TARGET_AVX2 INLINE void
store_avx2(uint8_t *p, struct line_avx2 line)
{
	_mm256_storeu_si256((__m256i *)p, line.v[0]);
	_mm256_storeu_si256((__m256i *)(p + 32), line.v[1]);
}

TARGET_AVX2 INLINE void
stream_avx2(uint8_t *p, struct line_avx2 line)
{
	_mm256_stream_si256((__m256i *)p, line.v[0]);
	_mm256_stream_si256((__m256i *)(p + 32), line.v[1]);
}

TARGET_AVX2 INLINE uint64_t
differ_avx2(struct line_avx2 a, struct line_avx2 b)
{
	uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a.v[0], b.v[0]));
	uint32_t high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a.v[1], b.v[1]));

	return ~(low | (uint64_t)high << 32);
}

TARGET_AVX2 INLINE struct line_avx2
line_of_avx2(const uint8_t pattern[PATTERN])
{
	__m256i v = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)pattern));

	return (struct line_avx2){{v, v}};
}

INLINE struct line_sse2
load_sse2(const uint8_t *p)
{
	const __m128i *from = (const __m128i *)p;

	return (struct line_sse2){{
		_mm_loadu_si128(from),
		_mm_loadu_si128(from + 1),
		_mm_loadu_si128(from + 2),
		_mm_loadu_si128(from + 3),
	}};
}

INLINE void
store_sse2(uint8_t *p, struct line_sse2 line)
{
	for (unsigned int n = 0; n < 4; n++)
		_mm_storeu_si128((__m128i *)p + n, line.v[n]);
}

INLINE void
stream_sse2(uint8_t *p, struct line_sse2 line)
{
	for (unsigned int n = 0; n < 4; n++)
		_mm_stream_si128((__m128i *)p + n, line.v[n]);
}

INLINE uint64_t
differ_sse2(struct line_sse2 a, struct line_sse2 b)
{
	uint64_t same = 0;

	for (unsigned int n = 0; n < 4; n++)
		same |= (uint64_t)(uint16_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a.v[n], b.v[n]))
			<< n * 16;
	return ~same;
}

INLINE struct line_sse2
line_of_sse2(const uint8_t pattern[PATTERN])
{
	__m128i v = _mm_loadu_si128((const __m128i *)pattern);

	return (struct line_sse2){{v, v, v, v}};
}

#define ISA(name)       name##_512
#define TARGET          TARGET_512
#define LINE            __m512i
#define LOAD(p)         _mm512_loadu_si512(p)
#define STORE(p, line)  _mm512_storeu_si512(p, line)
#define STREAM(p, line) _mm512_stream_si512((void *)(p), line)
#define DIFFER(a, b)    _mm512_cmpneq_epi8_mask(a, b)
#include "move_isa.inc"

#define ISA(name)       name##_avx2
#define TARGET          TARGET_AVX2
#define LINE            struct line_avx2
#define LOAD(p)         load_avx2(p)
#define STORE(p, line)  store_avx2(p, line)
#define STREAM(p, line) stream_avx2(p, line)
#define DIFFER(a, b)    differ_avx2(a, b)
#include "move_isa.inc"

#define ISA(name)       name##_sse2
#define TARGET
#define LINE            struct line_sse2
#define LOAD(p)         load_sse2(p)
#define STORE(p, line)  store_sse2(p, line)
#define STREAM(p, line) stream_sse2(p, line)
#define DIFFER(a, b)    differ_sse2(a, b)
#include "move_isa.inc"

/* ---- Which of them ---- */

struct move_ways {
	void (*cached)(uint8_t *dst, const uint8_t *src, size_t len);
	void (*streamed)(uint8_t *dst, const uint8_t *src, size_t len);
	void (*fill)(uint8_t *dst, size_t len, const uint8_t twice[2 * PATTERN], bool stream);
	size_t (*same)(const uint8_t *a, const uint8_t *b, size_t len);
};

static const struct move_ways ways[] = {
	[MOVE_SSE2] = {copy_cached_sse2, copy_streamed_sse2, fill_sse2, same_sse2},
	[MOVE_AVX2] = {copy_cached_avx2, copy_streamed_avx2, fill_avx2, same_avx2},
	[MOVE_AVX512] = {copy_cached_512, copy_streamed_512, fill_512, same_512},
};

enum move_isa
move_best(void)
{
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
		return MOVE_AVX512;
	return __builtin_cpu_supports("avx2") ? MOVE_AVX2 : MOVE_SSE2;
}

/* ---- What pays ---- */

enum { CACHED, STREAMED };

/* A copy, or a fill where there is no source. Pieces begin at multiples of the pattern. */
struct job {
	const struct move_ways *ways;
	uint8_t *dst;
	const uint8_t *src;
	const uint8_t *twice;
};

static void
do_piece(const struct job *j, size_t at, size_t len, uint8_t way)
{
	if (j->src == NULL)
		j->ways->fill(j->dst + at, len, j->twice, way == STREAMED);
	else if (way == STREAMED)
		j->ways->streamed(j->dst + at, j->src + at, len);
	else
		j->ways->cached(j->dst + at, j->src + at, len);
}

static uint64_t
timed_probe(const struct job *j, size_t at, uint8_t way)
{
	uint64_t begin = __rdtsc();

	do_piece(j, at, PROBE, way);
	return __rdtsc() - begin;
}

/* Do a little in one way, and if that is slow in the other, and decide: where it got to. */
static size_t
find_pace(const struct job *j, size_t at, struct move_pace *pace)
{
	uint64_t cached = timed_probe(j, at, CACHED);

	pace->probes = PACED_FOR;
	pace->way = CACHED;
	if (cached < PROBE / 16 * CACHE_CYCLES)
		return at + PROBE;
	if (timed_probe(j, at + PROBE, STREAMED) < cached)
		pace->way = STREAMED;
	return at + 2 * PROBE;
}

static void
do_paced(const struct job *j, size_t len, struct move_pace *pace)
{
	size_t at = 0;

	while (at < len) {
		size_t rest = len - at, n = (size_t)pace->probes * PROBE;

		if (pace->probes == 0 && rest >= PACED_MIN) {
			at = find_pace(j, at, pace);
			continue;
		}
		/* No piece is left that is too short for the loops. */
		if (n == 0 || n + LOOP_MIN > rest)
			n = rest;
		do_piece(j, at, n, pace->way);
		pace->probes -= (uint8_t)(n / PROBE < pace->probes ? n / PROBE : pace->probes);
		at += n;
	}
}

static void
do_job(const struct job *j, size_t len, bool cached, struct move_pace *pace)
{
	if (cached || len < PACED_MIN)
		do_piece(j, 0, len, CACHED);
	else
		do_paced(j, len, pace);
}

/* ---- The functions ---- */

void
move_by(enum move_isa isa, uint8_t *dst, const uint8_t *src, size_t len, bool cached,
	    struct move_pace *pace)
{
	const struct job job = {.ways = &ways[isa], .dst = dst, .src = src};

	/* Nearer than a line, the loops would read what they have just written. */
	if (len < LOOP_MIN || (uintptr_t)src - (uintptr_t)dst < 64)
		memmove(dst, src, len);
	else
		do_job(&job, len, cached, pace);
}

void
move_fill_by(enum move_isa isa, uint8_t *dst, size_t len, const struct move_pattern *pattern,
	    bool cached, struct move_pace *pace)
{
	const struct job job = {.ways = &ways[isa], .dst = dst, .twice = pattern->twice};

	if (len < LOOP_MIN)
		fill_plain(dst, len, pattern->twice);
	else
		do_job(&job, len, cached, pace);
}

size_t
move_same_by(enum move_isa isa, const uint8_t *a, const uint8_t *b, size_t len)
{
	return len < 64 ? same_plain(a, b, len) : ways[isa].same(a, b, len);
}

/* ---- Flush ---- */

/* Asking the CPU what it has may be a trap, so that short ones do without. */
#define ASK_MIN 4096u

enum flush { CLFLUSH, CLFLUSHOPT, CLWB };

static enum flush
flush_kind(bool keep)
{
	unsigned int a, b, c, d;

	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
		return CLFLUSH;
	if (keep && b & bit_CLWB)
		return CLWB;
	return b & bit_CLFLUSHOPT ? CLFLUSHOPT : CLFLUSH;
}

__attribute__((target("clflushopt,clwb"))) static void
flush_line(const uint8_t *p, enum flush kind)
{
	if (kind == CLWB)
		_mm_clwb((void *)(uintptr_t)p);
	else if (kind == CLFLUSHOPT)
		_mm_clflushopt((void *)(uintptr_t)p);
	else
		_mm_clflush(p);
}

void
move_flush(const uint8_t *p, size_t len, bool keep)
{
	enum flush kind = len < ASK_MIN ? CLFLUSH : flush_kind(keep);
	const uint8_t *line = p - ((uintptr_t)p & 63);

	for (; line < p + len; line += 64)
		flush_line(line, kind);
	/* Before: the flushes. After: the completion record, which says that they have happened. */
	_mm_sfence();
}

#else

enum move_isa
move_best(void)
{
	return MOVE_PLAIN;
}

void
move_by(enum move_isa isa, uint8_t *dst, const uint8_t *src, size_t len, bool cached,
	    struct move_pace *pace)
{
	(void)isa;
	(void)cached;
	(void)pace;
	memmove(dst, src, len);
}

void
move_fill_by(enum move_isa isa, uint8_t *dst, size_t len, const struct move_pattern *pattern,
	    bool cached, struct move_pace *pace)
{
	(void)isa;
	(void)cached;
	(void)pace;
	fill_plain(dst, len, pattern->twice);
}

size_t
move_same_by(enum move_isa isa, const uint8_t *a, const uint8_t *b, size_t len)
{
	(void)isa;
	return same_plain(a, b, len);
}

void
move_flush(const uint8_t *p, size_t len, bool keep)
{
	/* What flushes a cache elsewhere is not for a program; memory is coherent without it. */
	(void)p;
	(void)len;
	(void)keep;
}

#endif

void
move_bytes(uint8_t *dst, const uint8_t *src, size_t len, bool cached, struct move_pace *pace)
{
	move_by(move_best(), dst, src, len, cached, pace);
}

void
move_back(uint8_t *dst, const uint8_t *src, size_t len)
{
	memmove(dst, src, len);
}

struct move_pattern
move_pattern(uint64_t low, uint64_t high, unsigned int phase)
{
	uint64_t words[4] = {low, high, low, high};
	struct move_pattern pattern;
	uint8_t bytes[sizeof(words)];

	memcpy(bytes, words, sizeof(bytes));
	for (unsigned int n = 0; n < sizeof(pattern.twice); n++)
		pattern.twice[n] = bytes[(n + phase) % PATTERN];
	return pattern;
}

void
move_fill(uint8_t *dst, size_t len, const struct move_pattern *pattern, bool cached,
	 struct move_pace *pace)
{
	move_fill_by(move_best(), dst, len, pattern, cached, pace);
}

size_t
move_same(const uint8_t *a, const uint8_t *b, size_t len)
{
	return move_same_by(move_best(), a, b, len);
}
