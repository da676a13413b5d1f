/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_BUS_RELAX_H
#define SLIPWAY_BUS_RELAX_H

/**
 * @file
 * Stands in front of lib/bus/bus_relax.h where code is woven: who waits lets another thread go on.
 */

void weave_wait(void);

static inline void
bus_relax(unsigned int tries)
{
	(void)tries;
	weave_wait();
}

#endif /* SLIPWAY_BUS_RELAX_H */
