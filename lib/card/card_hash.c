/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "card_hash.h"

#include <string.h>

#ifdef CARD_ISAL
#include <isa-l/crc.h>
#endif

/* ---- CRC-32C ---- */

#ifdef CARD_ISAL

/* ISA-L counts in int. */
#define ISAL_MAX (1u << 30)

uint32_t
card_crc32c(uint32_t crc, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	size_t part;

	for (crc = ~crc; len > 0; p += part, len -= part) {
		part = len < ISAL_MAX ? len : ISAL_MAX;
		/* It only reads them. */
		crc = crc32_iscsi((unsigned char *)(uintptr_t)p, (int)part, crc);
	}
	return ~crc;
}

#else

/* Of the sixteen values of four bits; the polynomial is 0x82f63b78, reflected. */
static const uint32_t nibbles[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t
card_crc32c(uint32_t crc, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (crc = ~crc; len > 0; p++, len--) {
		crc ^= *p;
		crc = crc >> 4 ^ nibbles[crc & 15];
		crc = crc >> 4 ^ nibbles[crc & 15];
	}
	return ~crc;
}

#endif

/* ---- XXH64 ---- */

#define PRIME_1 UINT64_C(0x9e3779b185ebca87)
#define PRIME_2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define PRIME_3 UINT64_C(0x165667b19e3779f9)
#define PRIME_4 UINT64_C(0x85ebca77c2b2ae63)
#define PRIME_5 UINT64_C(0x27d4eb2f165667c5)

static inline uint64_t
rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline uint64_t
load_8(const uint8_t *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static inline uint64_t
mix(uint64_t lane, uint64_t word)
{
	return rotate(lane + word * PRIME_2, 31) * PRIME_1;
}

void
card_hash_init(struct card_hash *hash)
{
	*hash = (struct card_hash){{PRIME_1 + PRIME_2, PRIME_2, 0, -PRIME_1}, 0};
}

void
card_hash_add(struct card_hash *hash, const void *bytes, size_t len)
{
	uint64_t a = hash->lane[0], b = hash->lane[1], c = hash->lane[2], d = hash->lane[3];
	const uint8_t *p = bytes;

	hash->len += len;
	for (; len >= CARD_HASH_STEP; p += CARD_HASH_STEP, len -= CARD_HASH_STEP) {
		a = mix(a, load_8(p));
		b = mix(b, load_8(p + 8));
		c = mix(c, load_8(p + 16));
		d = mix(d, load_8(p + 24));
	}
	hash->lane[0] = a;
	hash->lane[1] = b;
	hash->lane[2] = c;
	hash->lane[3] = d;
}

static uint64_t
merge_lanes(const struct card_hash *hash)
{
	const uint64_t *lane = hash->lane;
	uint64_t x;

	if (hash->len < CARD_HASH_STEP)
		return PRIME_5;
	x = rotate(lane[0], 1) + rotate(lane[1], 7) + rotate(lane[2], 12) + rotate(lane[3], 18);
	for (unsigned int i = 0; i < 4; i++)
		x = (x ^ mix(0, lane[i])) * PRIME_1 + PRIME_4;
	return x;
}

static uint64_t
add_rest(uint64_t x, const uint8_t *p, size_t len)
{
	uint32_t word;

	for (; len >= 8; p += 8, len -= 8)
		x = rotate(x ^ mix(0, load_8(p)), 27) * PRIME_1 + PRIME_4;
	if (len >= 4) {
		memcpy(&word, p, 4);
		x = rotate(x ^ word * PRIME_1, 23) * PRIME_2 + PRIME_3;
		p += 4;
		len -= 4;
	}
	for (; len > 0; p++, len--)
		x = rotate(x ^ *p * PRIME_5, 11) * PRIME_1;
	return x;
}

uint64_t
card_hash_end(struct card_hash *hash, const void *bytes, size_t len)
{
	size_t whole = len - len % CARD_HASH_STEP;
	uint64_t x;

	card_hash_add(hash, bytes, whole);
	hash->len += len - whole;
	x = add_rest(merge_lanes(hash) + hash->len, (const uint8_t *)bytes + whole, len - whole);
	x = (x ^ x >> 33) * PRIME_2;
	x = (x ^ x >> 29) * PRIME_3;
	return x ^ x >> 32;
}
