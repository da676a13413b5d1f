/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include "dsa_move.h"

void
dsa_move(uint8_t *dst, const uint8_t *src, size_t len, bool cached, struct dsa_pace *pace)
{
	(void)cached;
	(void)pace;
	memmove(dst, src, len);
}

void
dsa_move_back(uint8_t *dst, const uint8_t *src, size_t len)
{
	memmove(dst, src, len);
}

void
dsa_fill(uint8_t *dst, size_t len, const uint64_t pattern[2], unsigned int phase, bool cached)
{
	uint8_t turned[16];

	(void)cached;
	for (unsigned int n = 0; n < sizeof(turned); n++)
		turned[n] = ((const uint8_t *)pattern)[(n + phase) % sizeof(turned)];
	for (; len >= sizeof(turned); dst += sizeof(turned), len -= sizeof(turned))
		memcpy(dst, turned, sizeof(turned));
	memcpy(dst, turned, len);
}

size_t
dsa_same(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t n = 0;

	for (uint64_t x, y; len - n >= 8; n += 8) {
		memcpy(&x, a + n, 8);
		memcpy(&y, b + n, 8);
		if (x != y)
			return n + (unsigned int)__builtin_ctzll(x ^ y) / 8;
	}
	while (n < len && a[n] == b[n])
		n++;
	return n;
}

void
dsa_flush(const uint8_t *p, size_t len, bool keep)
{
	(void)p;
	(void)len;
	(void)keep;
}
