/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The loops of dsa_move.c for one set of instructions: included once for each, by nobody else, with
 *
 *   ISA(name)   the name with the set's suffix
 *   TARGET      the attribute that lets the compiler use the set
 *   LINE        64 bytes in registers
 *   LOAD(p) STORE(p, line) STREAM(p, line) DIFFER(a, b)
 *
 * STREAM bypasses the caches and wants `p` aligned to 64 bytes; DIFFER is a bit per byte.
 */

/*
 * All whole lines of the destination, and both ends by lines that overlap them. Where the
 * destination is not in the cache, asking for its lines ahead gains a quarter; where it is, that
 * costs nothing. `dst` may overlap the source from below, by all but a line.
 */
TARGET static void
ISA(copy_cached)(uint8_t *dst, const uint8_t *src, size_t len)
{
	size_t at = 64 - ((uintptr_t)dst & 63), end = len - 64;

	STORE(dst, LOAD(src));
	for (; at + 256 <= end; at += 256) {
		LINE a = LOAD(src + at), b = LOAD(src + at + 64);
		LINE c = LOAD(src + at + 128), d = LOAD(src + at + 192);

		/* Nothing is asked for beyond the end: it may be somebody else's. */
		if (at + AHEAD + 256 <= len)
			PREFETCH_4(dst + at + AHEAD);
		STORE(dst + at, a);
		STORE(dst + at + 64, b);
		STORE(dst + at + 128, c);
		STORE(dst + at + 192, d);
	}
	for (; at < end; at += 64)
		STORE(dst + at, LOAD(src + at));
	STORE(dst + end, LOAD(src + end));
}

/* The same past the caches, with the source asked for ahead. */
TARGET static void
ISA(copy_streamed)(uint8_t *dst, const uint8_t *src, size_t len)
{
	size_t at = 64 - ((uintptr_t)dst & 63), end = len - 64;

	STORE(dst, LOAD(src));
	for (; at + 256 <= end; at += 256) {
		LINE a = LOAD(src + at), b = LOAD(src + at + 64);
		LINE c = LOAD(src + at + 128), d = LOAD(src + at + 192);

		if (at + STREAM_AHEAD + 256 <= len)
			PREFETCH_4(src + at + STREAM_AHEAD);
		STREAM(dst + at, a);
		STREAM(dst + at + 64, b);
		STREAM(dst + at + 128, c);
		STREAM(dst + at + 192, d);
	}
	for (; at < end; at += 64)
		STORE(dst + at, LOAD(src + at));
	STORE(dst + end, LOAD(src + end));
	/* Before: streamed stores, which are ordered with nothing. After: whatever says that the data
	 * is there. Pairs with the reader's acquire of that.
	 */
	_mm_sfence();
}

/* With a pattern, which is turned round for what does not begin at a multiple of it. */
TARGET static void
ISA(fill)(uint8_t *dst, size_t len, const uint8_t twice[2 * PATTERN], bool stream)
{
	size_t at = 64 - ((uintptr_t)dst & 63), end = len - 64;
	LINE line = ISA(line_of)(twice + at % PATTERN);

	STORE(dst, ISA(line_of)(twice));
	if (stream) {
		for (; at < end; at += 64)
			STREAM(dst + at, line);
		/* As at the end of copy_streamed. */
		_mm_sfence();
	} else {
		for (; at < end; at += 64)
			STORE(dst + at, line);
	}
	STORE(dst + end, ISA(line_of)(twice + end % PATTERN));
}

TARGET static size_t
ISA(same)(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t at = 0;
	uint64_t differ;

	for (; at + 64 <= len; at += 64) {
		differ = DIFFER(LOAD(a + at), LOAD(b + at));
		if (differ != 0)
			return at + (unsigned int)__builtin_ctzll(differ);
	}
	if (at == len)
		return len;
	/* The last line again, from where it is whole: what came before is the same. */
	at = len - 64;
	differ = DIFFER(LOAD(a + at), LOAD(b + at));
	return differ != 0 ? at + (unsigned int)__builtin_ctzll(differ) : len;
}

#undef ISA
#undef TARGET
#undef LINE
#undef LOAD
#undef STORE
#undef STREAM
#undef DIFFER
