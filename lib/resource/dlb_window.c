/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Sequence numbers. Each of the two reorder groups has 1024, cut into slots of one size, which can
 * change only while no slot of the group is in use: datasheet sections 2.1, 2.2 and 5.5.
 */

#include "dlb_pool.h"

/* What there is to choose from: the groups in some modes, and the slots that are then free. */
struct cut {
	uint8_t modes[DLB_SN_GROUPS];
	unsigned int slots[DLB_SN_GROUPS];
};

/* How good is it? Compared member by member, in this order. */
struct score {
	unsigned int smallest; /* of what queues get of what they want */
	unsigned int wanted;   /* sum of that */
	unsigned int total;    /* sum of all windows: more inflight events never hurt */
};

static bool
is_better(const struct score *a, const struct score *b)
{
	if (a->smallest != b->smallest)
		return a->smallest > b->smallest;
	if (a->wanted != b->wanted)
		return a->wanted > b->wanted;
	return a->total > b->total;
}

static unsigned int
mode_window(unsigned int mode)
{
	return (unsigned int)DLB_SN_MIN << mode;
}

static unsigned int
mode_slots(unsigned int mode)
{
	return DLB_SN_PER_GROUP / mode_window(mode);
}

/* Slots of a group that an owner has, in the group's mode. */
static unsigned int
count_slots(const struct dlb_pool *pool, unsigned int group, unsigned int owner)
{
	unsigned int i, n = 0;

	for (i = 0; i < mode_slots(pool->sn_mode[group]); i++)
		n += pool->windows[group][i] == owner;
	return n;
}

static bool
is_in_use(const struct dlb_pool *pool, unsigned int group)
{
	return count_slots(pool, group, DLB_NOBODY) < mode_slots(pool->sn_mode[group]);
}

unsigned int
dlb_pool_sequence_numbers(const struct dlb_pool *pool, unsigned int owner)
{
	unsigned int i, sum = 0;

	for (i = 0; i < DLB_SN_GROUPS; i++)
		sum += count_slots(pool, i, owner) * mode_window(pool->sn_mode[i]);
	return sum;
}

/* Queues come in falling order of what they want, so the first ones belong into the group with the
 * larger windows.
 */
static unsigned int
group_of(const struct cut *cut, unsigned int i)
{
	unsigned int larger = cut->modes[1] > cut->modes[0];

	return i < cut->slots[larger] ? larger : !larger;
}

/* Score 0: they do not all fit, or not within the budget. */
static struct score
score_cut(const uint16_t wanted[], unsigned int n, const struct cut *cut, unsigned int budget)
{
	struct score score = {.smallest = DLB_SN_PER_GROUP};
	unsigned int i;

	if (n > cut->slots[0] + cut->slots[1])
		return (struct score){0};
	for (i = 0; i < n; i++) {
		unsigned int window = mode_window(cut->modes[group_of(cut, i)]);
		unsigned int useful = window < wanted[i] ? window : wanted[i];

		score.smallest = useful < score.smallest ? useful : score.smallest;
		score.wanted += useful;
		score.total += window;
	}
	return score.total <= budget ? score : (struct score){0};
}

/* Is it allowed, and new? Groups are alike, so while both may change, group 0 is the larger one. */
static bool
may_cut(const struct dlb_pool *pool, const uint8_t modes[DLB_SN_GROUPS])
{
	bool all_free = true;
	unsigned int i;

	for (i = 0; i < DLB_SN_GROUPS; i++) {
		bool stays = pool->sn_fixed || is_in_use(pool, i);

		if (stays && modes[i] != pool->sn_mode[i])
			return false;
		all_free = all_free && !stays;
	}
	return !all_free || modes[1] <= modes[0];
}

/* The groups of a set in these modes: bit 0 for group 0. */
static struct cut
cut_groups(const struct dlb_pool *pool, const uint8_t modes[DLB_SN_GROUPS], unsigned int set)
{
	struct cut cut = {.slots = {0}};
	unsigned int i;

	for (i = 0; i < DLB_SN_GROUPS; i++) {
		cut.modes[i] = modes[i];
		if (set >> i & 1)
			cut.slots[i] = is_in_use(pool, i) ? count_slots(pool, i, DLB_NOBODY)
							  : mode_slots(modes[i]);
	}
	return cut;
}

struct choice {
	struct score score;
	struct cut cut;
};

/* Both groups, or one of them: a larger slot than wanted may be beyond the budget. */
static void
consider(const struct dlb_pool *pool, const uint8_t modes[DLB_SN_GROUPS], const uint16_t wanted[],
	 unsigned int n, unsigned int budget, struct choice *best)
{
	unsigned int set;

	if (!may_cut(pool, modes))
		return;
	for (set = (1 << DLB_SN_GROUPS) - 1; set != 0; set--) {
		struct cut cut = cut_groups(pool, modes, set);
		struct score score = score_cut(wanted, n, &cut, budget);

		if (is_better(&score, &best->score))
			*best = (struct choice){score, cut};
	}
}

/* The best cut, if any. */
static bool
choose(const struct dlb_pool *pool, const uint16_t wanted[], unsigned int n, unsigned int budget,
       struct cut *cut)
{
	struct choice best = {.score = {0}};
	uint8_t modes[DLB_SN_GROUPS];

	for (modes[0] = 0; modes[0] < DLB_SN_MODES; modes[0]++) {
		for (modes[1] = 0; modes[1] < DLB_SN_MODES; modes[1]++)
			consider(pool, modes, wanted, n, budget, &best);
	}
	*cut = best.cut;
	return best.score.smallest != 0;
}

/* The group's first free slot. */
static struct dlb_window
claim_slot(struct dlb_pool *pool, unsigned int domain, unsigned int group, uint8_t mode)
{
	struct dlb_window window = {.group = (uint8_t)group, .mode = mode};

	while (pool->windows[group][window.slot] != DLB_NOBODY)
		window.slot++;
	pool->windows[group][window.slot] = (uint8_t)domain;
	pool->sn_mode[group] = mode;
	return window;
}

enum dlb_status
dlb_pool_take_windows(struct dlb_pool *pool, unsigned int domain, const uint16_t wanted[],
		      unsigned int n, struct dlb_window windows[])
{
	unsigned int all = DLB_SN_GROUPS * DLB_SN_PER_GROUP;
	struct cut cut;
	unsigned int i;

	if (n == 0)
		return DLB_ST_SUCCESS;
	if (!choose(pool, wanted, n, all / pool->nb_domains, &cut) &&
	    !choose(pool, wanted, n, all, &cut))
		return DLB_ST_SEQUENCE_NUMBERS_UNAVAILABLE;
	for (i = 0; i < n; i++) {
		unsigned int group = group_of(&cut, i);

		windows[i] = claim_slot(pool, domain, group, cut.modes[group]);
	}
	return DLB_ST_SUCCESS;
}
