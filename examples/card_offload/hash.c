/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What the card's function `hash` computes, computed by the host: CRC-32C and XXH64, by their
 * public definitions.
 */

#include <string.h>

#include <rte_hash_crc.h>

#include "offload.h"

#define PRIME_1 UINT64_C(0x9e3779b185ebca87)
#define PRIME_2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define PRIME_3 UINT64_C(0x165667b19e3779f9)
#define PRIME_4 UINT64_C(0x85ebca77c2b2ae63)
#define PRIME_5 UINT64_C(0x27d4eb2f165667c5)

static uint64_t
rotate(uint64_t x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

static uint64_t
word_at(const uint8_t *p, unsigned int bytes)
{
	uint64_t word = 0;

	memcpy(&word, p, bytes);
	return word;
}

static uint64_t
mix(uint64_t lane, uint64_t word)
{
	return rotate(lane + word * PRIME_2, 31) * PRIME_1;
}

/* Four lanes over steps of 32 bytes, merged. */
static uint64_t
hash_steps(const uint8_t **p, uint64_t steps)
{
	uint64_t lane[4] = {PRIME_1 + PRIME_2, PRIME_2, 0, 0 - PRIME_1}, h;
	static const unsigned int turn[4] = {1, 7, 12, 18};

	for (; steps > 0; steps--, *p += 32)
		for (unsigned int i = 0; i < 4; i++)
			lane[i] = mix(lane[i], word_at(*p + 8 * i, 8));
	h = 0;
	for (unsigned int i = 0; i < 4; i++)
		h += rotate(lane[i], turn[i]);
	for (unsigned int i = 0; i < 4; i++)
		h = (h ^ mix(0, lane[i])) * PRIME_1 + PRIME_4;
	return h;
}

/** XXH64, seed 0. */
uint64_t
hash_bytes(const uint8_t *p, uint64_t len)
{
	const uint8_t *end = p + len;
	uint64_t h = len >= 32 ? hash_steps(&p, len / 32) : PRIME_5;

	for (h += len; end - p >= 8; p += 8)
		h = rotate(h ^ mix(0, word_at(p, 8)), 27) * PRIME_1 + PRIME_4;
	if (end - p >= 4) {
		h = rotate(h ^ word_at(p, 4) * PRIME_1, 23) * PRIME_2 + PRIME_3;
		p += 4;
	}
	for (; p < end; p++)
		h = rotate(h ^ *p * PRIME_5, 11) * PRIME_1;
	h = (h ^ h >> 33) * PRIME_2;
	h = (h ^ h >> 29) * PRIME_3;
	return h ^ h >> 32;
}

/** CRC-32C. */
uint32_t
hash_crc(const uint8_t *p, uint64_t len)
{
	return ~rte_hash_crc(p, (uint32_t)len, UINT32_MAX);
}
