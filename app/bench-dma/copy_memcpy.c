/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* rte_memcpy is inline, and what it does depends on the CPU that it is compiled for. So this file
 * is compiled several times, each time under another NAME.
 */

#include <rte_memcpy.h>

#include "bench.h"

void
NAME(void *dst, const void *src, size_t n)
{
	rte_memcpy(dst, src, n);
}
