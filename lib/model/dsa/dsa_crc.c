/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#ifdef DSA_ISAL
#include <isa-l/crc.h>
#endif

#include "dsa_crc.h"

/* A CRC is linear: what a byte does to it is the sum of what its bits do. So a table is said by the
 * eight entries for single bits. Table n is of a byte that n more bytes follow, which lets eight
 * bytes be looked up at once.
 */
#define ENTRY(i, a, b, c, d, e, f, g, h)                                                           \
	(((i)&1 ? a : 0) ^ ((i)&2 ? b : 0) ^ ((i)&4 ? c : 0) ^ ((i)&8 ? d : 0) ^                   \
	 ((i)&16 ? e : 0) ^ ((i)&32 ? f : 0) ^ ((i)&64 ? g : 0) ^ ((i)&128 ? h : 0))
#define ENTRIES_4(i, ...)                                                                          \
	ENTRY(i, __VA_ARGS__), ENTRY((i) + 1, __VA_ARGS__), ENTRY((i) + 2, __VA_ARGS__),           \
		ENTRY((i) + 3, __VA_ARGS__)
#define ENTRIES_16(i, ...)                                                                         \
	ENTRIES_4(i, __VA_ARGS__), ENTRIES_4((i) + 4, __VA_ARGS__),                                \
		ENTRIES_4((i) + 8, __VA_ARGS__), ENTRIES_4((i) + 12, __VA_ARGS__)
#define ENTRIES_64(i, ...)                                                                         \
	ENTRIES_16(i, __VA_ARGS__), ENTRIES_16((i) + 16, __VA_ARGS__),                             \
		ENTRIES_16((i) + 32, __VA_ARGS__), ENTRIES_16((i) + 48, __VA_ARGS__)
#define TABLE(...)                                                                                 \
	{                                                                                          \
		ENTRIES_64(0, __VA_ARGS__), ENTRIES_64(64, __VA_ARGS__),                           \
			ENTRIES_64(128, __VA_ARGS__), ENTRIES_64(192, __VA_ARGS__)                 \
	}

/* clang-format off */
#ifndef DSA_ISAL
/* Polynomial 0x82f63b78, reflected. */
static const uint32_t crc32c_tables[8][256] = {
	TABLE(0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu,
	      0x105ec76fu, 0x20bd8edeu, 0x417b1dbcu, 0x82f63b78u),
	TABLE(0x13a29877u, 0x274530eeu, 0x4e8a61dcu, 0x9d14c3b8u,
	      0x3fc5f181u, 0x7f8be302u, 0xff17c604u, 0xfbc3faf9u),
	TABLE(0xa541927eu, 0x4f6f520du, 0x9edea41au, 0x38513ec5u,
	      0x70a27d8au, 0xe144fb14u, 0xc76580d9u, 0x8b277743u),
	TABLE(0xdd45aab8u, 0xbf672381u, 0x7b2231f3u, 0xf64463e6u,
	      0xe964b13du, 0xd725148bu, 0xaba65fe7u, 0x52a0c93fu),
	TABLE(0x38116facu, 0x7022df58u, 0xe045beb0u, 0xc5670b91u,
	      0x8f2261d3u, 0x1ba8b557u, 0x37516aaeu, 0x6ea2d55cu),
	TABLE(0xef306b19u, 0xdb8ca0c3u, 0xb2f53777u, 0x6006181fu,
	      0xc00c303eu, 0x85f4168du, 0x0e045bebu, 0x1c08b7d6u),
	TABLE(0x68032cc8u, 0xd0065990u, 0xa5e0c5d1u, 0x4e2dfd53u,
	      0x9c5bfaa6u, 0x3d5b83bdu, 0x7ab7077au, 0xf56e0ef4u),
	TABLE(0x493c7d27u, 0x9278fa4eu, 0x211d826du, 0x423b04dau,
	      0x847609b4u, 0x0d006599u, 0x1a00cb32u, 0x34019664u),
};

/* Polynomial 0x8bb7. */
static const uint16_t crc16_table[256] =
	TABLE(0x8bb7, 0x9cd9, 0xb205, 0xefbd, 0x54cd, 0xa99a, 0xd883, 0x3ab1);
#endif

/* Polynomial 0x9a6c9329ac4bc9b5, reflected. */
static const uint64_t crc64_tables[8][256] = {
	TABLE(0x7f6ef0c830358979, 0xfedde190606b12f2, 0xc962e5739841b68f,
	      0xa61cecb46814fe75, 0x78e0ff3b88be6f81, 0xf1c1fe77117cdf02,
	      0xd75adabd7a6e2d6f, 0x9a6c9329ac4bc9b5),
	TABLE(0x8776a97d73bddf69, 0x3a3474a9bfec2db9, 0x7468e9537fd85b72,
	      0xe8d1d2a6ffb0b6e4, 0xe57a831ea7f6fea3, 0xfe2c206e177a6e2d,
	      0xc881668f76634f31, 0xa5dbeb4db4510d09),
	TABLE(0xff6e4e1f4e4038be, 0xca05ba6dc417e217, 0xa0d25288d0b85745,
	      0x757d8342f9e73de1, 0xeafb0685f3ce7bc2, 0xe12f2b58bf0b64ef,
	      0xf68770e226815ab5, 0xd9d7c79715952601),
	TABLE(0x8211147cbaf96306, 0x30fb0eaa2d655567, 0x61f61d545acaaace,
	      0xc3ec3aa8b595559c, 0xb301530233bd3853, 0x52db80573fede3cd,
	      0xa5b700ae7fdbc79a, 0x7fb7270fa7201c5f),
	TABLE(0x373d15f784905d1e, 0x6e7a2bef0920ba3c, 0xdcf457de12417478,
	      0x8d3189ef7c157b9b, 0x2eba358da0bd645d, 0x5d746b1b417ac8ba,
	      0xbae8d63682f59174, 0x41088a3e5d7cb183),
	TABLE(0xe9742a79ef04a5d4, 0xe63172a0869ed8c3, 0xf8bbc31255aa22ed,
	      0xc5aea077f3c3d6b1, 0xbf8466bcbf103e09, 0x4bd1eb2a26b7ef79,
	      0x97a3d6544d6fdef2, 0x1b9e8afbc2482e8f),
	TABLE(0xfc5d27f6bf353971, 0xcc6369be26fde189, 0xac1ff52f156c5079,
	      0x6ce6cc0d724f3399, 0xd9cd981ae49e6732, 0x8742166691ab5d0f,
	      0x3a5d0a9e7bc12975, 0x74ba153cf78252ea),
	TABLE(0x21e9761e252621ac, 0x43d2ec3c4a4c4358, 0x87a5d878949886b0,
	      0x3b9296a271a69e0b, 0x77252d44e34d3c16, 0xee4a5a89c69a782c,
	      0xe84d9340d5a36333, 0xe44200d2f3d1550d),
};
/* clang-format on */

static inline uint64_t
load_8(const uint8_t *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

/* Eight bytes, the CRC already added to them. */
#define LOOK_UP_8(tables, x)                                                                       \
	((tables)[7][(x)&0xff] ^ (tables)[6][(x) >> 8 & 0xff] ^ (tables)[5][(x) >> 16 & 0xff] ^    \
	 (tables)[4][(x) >> 24 & 0xff] ^ (tables)[3][(x) >> 32 & 0xff] ^                           \
	 (tables)[2][(x) >> 40 & 0xff] ^ (tables)[1][(x) >> 48 & 0xff] ^ (tables)[0][(x) >> 56])

uint64_t
dsa_crc64(uint64_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t x = load_8(p) ^ crc;

		crc = LOOK_UP_8(crc64_tables, x);
	}
	for (; len > 0; p++, len--)
		crc = crc >> 8 ^ crc64_tables[0][(crc ^ *p) & 0xff];
	return crc;
}

#ifdef DSA_ISAL

/* ISA-L counts in int. */
#define ISAL_MAX (1u << 30)

uint32_t
dsa_crc32c(uint32_t crc, const uint8_t *p, size_t len)
{
	for (size_t n; len > 0; p += n, len -= n) {
		n = len < ISAL_MAX ? len : ISAL_MAX;
		/* It only reads, whatever its prototype says. */
		crc = crc32_iscsi((unsigned char *)(uintptr_t)p, (int)n, crc);
	}
	return crc;
}

uint16_t
dsa_crc16(uint16_t crc, const uint8_t *p, size_t len)
{
	return crc16_t10dif(crc, p, len);
}

#else

uint32_t
dsa_crc32c(uint32_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t x = load_8(p) ^ crc;

		crc = LOOK_UP_8(crc32c_tables, x);
	}
	for (; len > 0; p++, len--)
		crc = crc >> 8 ^ crc32c_tables[0][(crc ^ *p) & 0xff];
	return crc;
}

uint16_t
dsa_crc16(uint16_t crc, const uint8_t *p, size_t len)
{
	for (; len > 0; p++, len--)
		crc = (uint16_t)(crc << 8 ^ crc16_table[(crc >> 8 ^ *p) & 0xff]);
	return crc;
}

#endif

/* ---- Order of bits ---- */

/* Neighbours change places: bits, pairs, nibbles. */
static inline uint64_t
reverse_in_bytes(uint64_t x)
{
	const uint64_t bits = UINT64_C(0x5555555555555555), pairs = UINT64_C(0x3333333333333333),
		       nibbles = UINT64_C(0x0f0f0f0f0f0f0f0f);

	x = (x & bits) << 1 | (x >> 1 & bits);
	x = (x & pairs) << 2 | (x >> 2 & pairs);
	return (x & nibbles) << 4 | (x >> 4 & nibbles);
}

uint64_t
dsa_crc_reverse(uint64_t value)
{
	return __builtin_bswap64(reverse_in_bytes(value));
}

void
dsa_crc_reverse_bytes(uint8_t *to, const uint8_t *from, size_t len)
{
	for (; len >= 8; to += 8, from += 8, len -= 8) {
		uint64_t x = reverse_in_bytes(load_8(from));

		memcpy(to, &x, sizeof(x));
	}
	for (; len > 0; to++, from++, len--)
		*to = (uint8_t)reverse_in_bytes(*from);
}
