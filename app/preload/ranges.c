/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "ranges.h"

#include <errno.h>

#include "bus_relax.h"

static uint64_t
word_get(const struct ranges *t, uint32_t i, unsigned int word)
{
	return atomic_load_explicit(&t->slots[i].word[word], memory_order_relaxed);
}

static struct range
slot_get(const struct ranges *t, uint32_t i)
{
	return (struct range){
		.start = word_get(t, i, 0),
		.size = word_get(t, i, 1),
		.to = word_get(t, i, 2),
		.tag = word_get(t, i, 3),
	};
}

static void
slot_set(struct ranges *t, uint32_t i, const struct range *r)
{
	const uint64_t words[4] = {r->start, r->size, r->to, r->tag};

	for (unsigned int k = 0; k < 4; k++)
		atomic_store_explicit(&t->slots[i].word[k], words[k], memory_order_relaxed);
}

static uint32_t
count_get(const struct ranges *t)
{
	return atomic_load_explicit(&t->count, memory_order_relaxed);
}

/* ---- Looking ---- */

/* Index of the first range whose last address is not below `addr`. */
static uint32_t
index_of(const struct ranges *t, uint32_t count, uint64_t addr)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct range r = slot_get(t, middle);

		if (range_last(&r) < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
ranges_next(const struct ranges *t, uint64_t addr, struct range *found)
{
	uint32_t before, i, count;

	for (unsigned int tries = 0;; tries++) {
		/* Pairs with the release in write_end: what was written then is seen now. */
		before = atomic_load_explicit(&t->sequence, memory_order_acquire);
		if (before % 2 == 0) {
			count = count_get(t);
			i = index_of(t, count, addr);
			if (i < count)
				*found = slot_get(t, i);
			/* Pairs with the fence in write_begin: had one of the loads above seen a
			 * word of a later writer, the load below would see its odd number.
			 */
			atomic_thread_fence(memory_order_acquire);
			if (atomic_load_explicit(&t->sequence, memory_order_relaxed) == before)
				return i < count;
		}
		bus_relax(tries);
	}
}

bool
ranges_find(const struct ranges *t, uint64_t addr, struct range *found)
{
	return ranges_next(t, addr, found) && found->start <= addr;
}

/* ---- Changing ---- */

static void
write_begin(struct ranges *t)
{
	atomic_fetch_add_explicit(&t->sequence, 1, memory_order_relaxed);
	/* Pairs with the fence in ranges_next: the odd number goes before what is written next. */
	atomic_thread_fence(memory_order_release);
}

static void
write_end(struct ranges *t)
{
	/* Pairs with the acquire in ranges_next. */
	atomic_fetch_add_explicit(&t->sequence, 1, memory_order_release);
}

/* Make room for one at i. */
static void
slots_open(struct ranges *t, uint32_t i)
{
	uint32_t count = count_get(t);
	struct range r;

	for (uint32_t k = count; k > i; k--) {
		r = slot_get(t, k - 1);
		slot_set(t, k, &r);
	}
	atomic_store_explicit(&t->count, count + 1, memory_order_relaxed);
}

/* Take n away from i on. */
static void
slots_close(struct ranges *t, uint32_t i, uint32_t n)
{
	uint32_t count = count_get(t) - n;
	struct range r;

	for (uint32_t k = i; k < count; k++) {
		r = slot_get(t, k + n);
		slot_set(t, k, &r);
	}
	atomic_store_explicit(&t->count, count, memory_order_relaxed);
}

int
ranges_insert(struct ranges *t, const struct range *r)
{
	uint32_t i;

	if (r->size == 0 || range_last(r) < r->start)
		return -EINVAL;
	i = index_of(t, count_get(t), r->start);
	if (i < count_get(t) && word_get(t, i, 0) <= range_last(r))
		return -EEXIST;
	if (count_get(t) == t->max)
		return -ENOSPC;
	write_begin(t);
	slots_open(t, i);
	slot_set(t, i, r);
	write_end(t);
	return 0;
}

int
ranges_cut(struct ranges *t, uint64_t start, uint64_t size)
{
	const struct range hole = {.start = start, .size = size};
	uint32_t i = index_of(t, count_get(t), start), n = 0;
	struct range r, head, tail = {.size = 0};
	int ret = 0;

	if (size == 0 || i == count_get(t) || word_get(t, i, 0) > range_last(&hole))
		return 0;
	write_begin(t);
	head = slot_get(t, i);
	if (head.start < start) {
		/* The front stays. */
		r = head;
		r.size = start - r.start;
		slot_set(t, i, &r);
		i++;
		if (range_last(&head) > range_last(&hole))
			tail = head;
	}
	for (; i + n < count_get(t); n++) {
		r = slot_get(t, i + n);
		if (r.start > range_last(&hole))
			break;
		if (range_last(&r) > range_last(&hole))
			tail = r;
	}
	slots_close(t, i, n);
	if (tail.size != 0) {
		/* The rest of the last one stays. */
		r = tail;
		r.start = range_last(&hole) + 1;
		r.size = range_last(&tail) - range_last(&hole);
		r.to += r.start - tail.start;
		if (count_get(t) < t->max) {
			slots_open(t, i);
			slot_set(t, i, &r);
		} else {
			ret = -ENOSPC;
		}
	}
	write_end(t);
	return ret;
}
