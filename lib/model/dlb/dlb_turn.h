/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_TURN_H
#define SLIPWAY_DLB_TURN_H

/**
 * @file
 * Whose turn it is among levels, 0 being the strongest. Strong goes before weak; but every so often
 * a turn begins with a weaker level, each in its turn, so that nothing starves.
 *
 * A counter of turns belongs to one chooser and counts only turns that can be used. Were it shared,
 * or moved on by those who find no room, the turns of one chooser could all be the strong ones.
 */

#include <stdbool.h>
#include <stdint.h>

/** Every 64th turn begins with a weaker level. */
#define DLB_TURNS_PER_WEAK 64

/** The level that a turn begins with: 0 on most. Of a counter's 256 turns one begins with each of 1
 * and 2, and two with 3, the weakest.
 */
static inline uint32_t
dlb_turn_level(uint8_t turn)
{
	uint32_t nth = turn / DLB_TURNS_PER_WEAK;

	if (__builtin_expect(turn % DLB_TURNS_PER_WEAK != 0, 1))
		return 0;
	return nth == 0 ? 3 : nth;
}

/** The next turn: the level that it begins with. */
static inline uint32_t
dlb_turn_next(uint8_t *turn)
{
	return dlb_turn_level(++*turn);
}

/** The first of the levels there are, at least one, in a turn that begins with `from`: from there
 * on to the weakest, and then back to the strongest.
 */
static inline uint32_t
dlb_turn_first(uint32_t levels, uint32_t from)
{
	uint32_t weaker = levels >> from << from;

	return weaker != 0 ? (uint32_t)__builtin_ctz(weaker) : 31 - (uint32_t)__builtin_clz(levels);
}

/** Does level a come before level b in such a turn? */
static inline bool
dlb_turn_before(uint32_t a, uint32_t b, uint32_t from)
{
	return (a >= from ? a : 32 - a) < (b >= from ? b : 32 - b);
}

#endif /* SLIPWAY_DLB_TURN_H */
