/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ACCESS_FENCE_H
#define SLIPWAY_ACCESS_FENCE_H

/**
 * @file
 * Fences for other threads: who hardly ever needs an order of stores and loads pays for those who
 * would need it all the time, and do with the compiler's order.
 */

/** Before the first one: 0, or a negative errno where threads cannot be fenced from outside. */
int access_fence_prepare(void);

/** Every thread of this process passes a full fence before this returns. Takes microseconds. */
void access_fence_all(void);

#endif /* SLIPWAY_ACCESS_FENCE_H */
