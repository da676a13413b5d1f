/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* CRC32C of the CPU, by tables: another way than the device's, so that the two check each other. */

#include <stdbool.h>
#include <string.h>

#include "pipeline.h"

/* Castagnoli's polynomial, the lowest bit first. */
#define CRC_POLYNOMIAL 0x82f63b78u

/* Of a byte that has so many zero bytes behind it: eight bytes go in one step. */
static uint32_t table[8][256];

static void
fill_table(void)
{
	uint32_t crc;
	int i, k;

	for (i = 0; i < 256; i++) {
		crc = i;
		for (k = 0; k < 8; k++)
			crc = (crc >> 1) ^ (crc & 1 ? CRC_POLYNOMIAL : 0);
		table[0][i] = crc;
	}
	for (i = 0; i < 256; i++)
		for (k = 1; k < 8; k++)
			table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 0xff];
}

static uint32_t
eight_bytes(uint32_t crc, const uint8_t *at)
{
	uint64_t word;
	int i;

	memcpy(&word, at, sizeof(word));
	word ^= crc;
	for (crc = 0, i = 0; i < 8; i++)
		crc ^= table[7 - i][word >> 8 * i & 0xff];
	return crc;
}

/* Of bytes behind those that crc is of; 0 for none. */
uint32_t
crc32c(uint32_t crc, const void *bytes, size_t n)
{
	static bool filled;
	const uint8_t *at = bytes;

	if (!filled)
		fill_table();
	filled = true;
	crc = ~crc;
	for (; n >= 8; n -= 8, at += 8)
		crc = eight_bytes(crc, at);
	for (; n > 0; n--, at++)
		crc = crc >> 8 ^ table[0][(crc ^ *at) & 0xff];
	return ~crc;
}
