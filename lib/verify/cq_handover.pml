/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A consumer queue, from whoever schedules to the thread that dequeues: dlb_model_cq_push and the
 * pen of lib/model/dlb/dlb_cq.h, read_cq and return_tokens of drivers/event/dlb/dlb_fast_*.h. A ring
 * of 2 slots and 7 QEs, so it wraps three times; two threads take turns at scheduling. Shown: each
 * QE is read once, whole and in order, none is overwritten, and there are never more than DEPTH.
 *
 * good: -DDEPTH=2 -- as it is
 * good: -DDEPTH=1 -- one token of two is withheld by the preset
 * good: -DHIGH_FIRST -- a consumer that loads two slots at once, the later one first
 * broken: -DBREAK_META_FIRST -- the word with the generation is written before the data
 * broken: -DBREAK_META_RELAXED -- the word with the generation is stored relaxed
 * broken: -DBREAK_DATA_EARLY -- the consumer's load of the generation is relaxed
 * broken: -DBREAK_NO_TOKENS -- written without looking at tokens
 * broken: -DBREAK_GENERATION_STAYS -- the generation does not turn when the ring wraps
 * broken: -DBREAK_TOKEN_EARLY -- the token is returned before the QE has been read
 * broken: -DBREAK_TOKEN_TWICE -- one token too many is returned
 * broken: -DHIGH_FIRST -DBREAK_UNLOCK_RELAXED -- let go relaxed: a later QE may be seen first
 * broken: -DDEPTH=1 -DBREAK_PRESET_LOST -- the preset is not counted as tokens in use
 */
#ifndef DEPTH
#define DEPTH 2
#endif
#define ENTRIES 2
#define QES     7

#define DATA(slot) (slot)
#define META(slot) (ENTRIES + (slot))
#define RETURNED   (2 * ENTRIES)
#define LOCATIONS  (2 * ENTRIES + 1)
#define WAY        2
#define THREADS    3
#define CONSUMER   2
#include "memory.inc"

/* The word with the generation: its lowest bit; above it, the number of the QE. */
#define generation_of(meta) ((meta) & 1)
#define number_of(meta)     ((meta) >> 1)

bool lock;
/* struct dlb_cq: whoever holds the lock. */
byte slot;
byte generation = 1;
#ifdef BREAK_PRESET_LOST
byte tokens;
#else
byte tokens = ENTRIES - DEPTH;
#endif
byte scheduled;
byte seen_returned;
/* The consumer. */
byte consumed;

/* dlb_model_cq_push: data relaxed, then meta with release */
inline push(t)
{
#ifndef BREAK_META_FIRST
	store(t, DATA(slot), scheduled, RELAXED);
#endif
#ifdef BREAK_META_RELAXED
	store(t, META(slot), scheduled << 1 | generation, RELAXED);
#else
	store(t, META(slot), scheduled << 1 | generation, RELEASE);
#endif
#ifdef BREAK_META_FIRST
	store(t, DATA(slot), scheduled, RELEASE);
#endif
	slot = (slot + 1) % ENTRIES;
#ifndef BREAK_GENERATION_STAYS
	generation = (slot == 0 -> 1 - generation : generation)
#endif
}

#ifdef BREAK_NO_TOKENS
#define may_do_something true
#else
#define may_do_something \
	(tokens < ENTRIES || memory[RETURNED] != seen_returned || scheduled == QES)
#endif

/* A step: tokens that were returned are admitted, then what there is room for is scheduled. */
proctype scheduler(byte t)
{
	byte returned;

	do
	:: scheduled < QES ->
		/* A step that could do nothing is left out. */
		atomic {
			!lock && settled(t) && may_do_something -> lock = true
		};
		/* The line of the BAT_T command: acquire, as in post_ring.pml. */
		load(t, RETURNED, returned);
		tokens = tokens - (returned - seen_returned);
		seen_returned = returned;
		returned = 0;
#ifdef BREAK_NO_TOKENS
		if
		:: scheduled < QES ->
#else
		if
		:: scheduled < QES && tokens < ENTRIES ->
#endif
			scheduled++;
			tokens++;
			assert(scheduled - consumed <= DEPTH);
			push(t)
		:: else
		fi;
#ifdef BREAK_UNLOCK_RELAXED
		lock = false
#else
		atomic { settled(t) -> lock = false }
#endif
	:: else -> break
	od
}

/* A QE was read: the next one, and all of it. */
inline take(meta, data)
{
	consumed++;
	assert(number_of(meta) == consumed && data == consumed);
	head = (head + 1) % ENTRIES;
	expected = (head == 0 -> 1 - expected : expected)
}

/* read_cq: generation acquire, data, then tokens by a post */
proctype consumer()
{
	byte head, expected = 1, meta, data, later, n;

	do
	:: consumed < QES ->
#ifdef BREAK_DATA_EARLY
		load(CONSUMER, DATA(head), data);
#endif
#ifdef HIGH_FIRST
		load(CONSUMER, META((head + 1) % ENTRIES), later);
#else
		/* Polls in vain are left out. */
		generation_of(memory[META(head)]) == expected;
#endif
		load(CONSUMER, META(head), meta);
		if
		:: generation_of(meta) == expected ->
#ifdef BREAK_TOKEN_EARLY
			n++;
			store(CONSUMER, RETURNED, n, RELEASE);
#endif
#ifndef BREAK_DATA_EARLY
			load(CONSUMER, DATA(head), data);
#endif
			take(meta, data);
#ifndef BREAK_TOKEN_EARLY
			n++;
#endif
#ifdef HIGH_FIRST
			if
			:: generation_of(later) == expected ->
				load(CONSUMER, DATA(head), data);
				take(later, data);
				n++
			:: else
			fi;
#endif
#ifdef BREAK_TOKEN_TWICE
			n = (consumed == 1 -> n + 1 : n);
#endif
#ifndef BREAK_TOKEN_EARLY
			store(CONSUMER, RETURNED, n, RELEASE)
#endif
		:: else
#ifdef HIGH_FIRST
			/* The first slot is old, so the later one is: of the same pass, or of
			 * the one before when the ring wraps in between.
			 */
			-> assert((generation_of(later) == generation_of(meta)) == (head == 0))
#endif
		fi;
		meta = 0;
		data = 0;
		later = 0
	:: else -> break
	od
}

init {
	atomic {
		run drain(0);
		run drain(1);
		run drain(CONSUMER);
		run scheduler(0);
		run scheduler(1);
		run consumer()
	}
}
