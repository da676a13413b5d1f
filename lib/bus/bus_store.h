/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_BUS_STORE_H
#define SLIPWAY_BUS_STORE_H

/**
 * @file
 * How a host stores what a device writes, as bus_host_ops promises it.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Copy with the last 8 bytes of a line last, each of its words in one piece where it is aligned. */
static inline void
bus_store(unsigned char *to, const unsigned char *from, size_t len)
{
	uint64_t word;

	for (; len >= 8 && (uintptr_t)to % 8 == 0; to += 8, from += 8, len -= 8) {
		memcpy(&word, from, 8);
		/* Pairs with the acquire of whoever polls a valid or generation bit there. */
		atomic_store_explicit((_Atomic uint64_t *)(void *)to, word, memory_order_release);
	}
	memcpy(to, from, len);
}

#endif /* SLIPWAY_BUS_STORE_H */
