/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The ring of posted lines: lib/bus/line_ring.h, and post_make_room of lib/model/dlb/dlb_model.c.
 * A ring of 2 lines of 2 words, indices that soon wrap, 5 lines posted. Shown: each line is taken
 * once, whole and in order, and the poster never waits for ever.
 *
 * good: -DPLAIN -- as it is
 * good: -DHOSTILE -- somebody writes anything to the shared indices
 * good: -DIN_PLACE -- a driver that makes lines in the ring, and calls only when it is full
 * broken: -DBREAK_PUBLISH_FIRST -- the index is stored before the line
 * broken: -DBREAK_PUBLISH_RELAXED -- the index is stored relaxed
 * broken: -DBREAK_READY_RELAXED -- the index is loaded relaxed: the line may be read before it
 * broken: -DBREAK_TAKE_RELAXED -- lines are given back before they have been read
 * broken: -DBREAK_ROOM -- one line more than there is room for
 * broken: -DBREAK_FULL_NO_LOCK -- a full ring is drained without the lock
 * broken: -DBREAK_TAKE_ONE_LESS -- a line that was read is not given back
 * broken: -DIN_PLACE -DBREAK_CALL_MADE_ROOM -- after the call all but its own line is taken for free
 * broken: -DIN_PLACE -DBREAK_ONE_CALL -- after one call there is room
 * broken: -DHOSTILE -DBREAK_TRUST_HEAD -- any distance is taken for a number of lines
 * broken: -DHOSTILE -DBREAK_TRUST_ROOM -- after making room there is room, whatever happened
 */
#define LINES 2
#ifdef IN_PLACE
#define WRAP  8
#else
#define WRAP  4
#endif
#ifdef HOSTILE
#define POSTS 3
#else
#define POSTS 5
#endif

#define HEAD 0
#define TAIL 1
#define WORD(slot, w) (2 + 2 * (slot) + (w))
#define LOCATIONS 6
#define WAY       3
#define THREADS   2
#define POSTER    0
#define STEPPER   1
#include "memory.inc"

#define distance(a, b) (((a) + WRAP - (b)) % WRAP)

bool lock;           /* struct dlb_model: lock */
byte drainer_tail;   /* struct line_drainer: belongs to whoever holds the lock */
byte poster_head;    /* struct line_poster */
byte poster_tail;
byte taken;          /* lines that were taken */
byte draining;       /* how many are at it */
bool posted_all;

inline lock_wait(t) { atomic { !lock && settled(t) -> lock = true } }
inline unlock(t)    { atomic { settled(t) -> lock = false } }

/* A line was read: the next one, and all of it. What a call posts to get room is empty. */
inline check(w0, w1)
{
	if
	:: w0 == 0 && w1 == 0
	:: else ->
		taken++;
#ifndef HOSTILE
		assert(w0 == taken && w1 == taken)
#endif
	fi
}

/* dlb_model_admit: line_ring_ready (acquire), line_ring_copy (relaxed), line_ring_take (release) */
inline admit(t)
{
	draining++;
	assert(draining == 1);
#ifdef BREAK_READY_RELAXED
	load(t, WORD(drainer_tail % LINES, 0), a0);
	load(t, WORD(drainer_tail % LINES, 1), a1);
#endif
	load(t, HEAD, n);
	n = distance(n, drainer_tail);
#ifndef BREAK_TRUST_HEAD
	if
	:: n > LINES -> n = LINES
	:: else
	fi;
#endif
	assert(n <= LINES);
#ifdef BREAK_TAKE_RELAXED
	store(t, TAIL, (drainer_tail + n) % WRAP, RELEASE);
#endif
	i = 0;
	do
	:: i < n ->
#ifdef BREAK_READY_RELAXED
		if
		:: i == 0
		:: else ->
			load(t, WORD((drainer_tail + i) % LINES, 0), a0);
			load(t, WORD((drainer_tail + i) % LINES, 1), a1)
		fi;
#else
		load(t, WORD((drainer_tail + i) % LINES, 0), a0);
		load(t, WORD((drainer_tail + i) % LINES, 1), a1);
#endif
		check(a0, a1);
		i++
	:: else -> break
	od;
#ifdef BREAK_TAKE_ONE_LESS
	n = (n == 2 -> 1 : n);
#endif
	drainer_tail = (drainer_tail + n) % WRAP;
#ifndef BREAK_TAKE_RELAXED
	store(t, TAIL, drainer_tail, RELEASE);
#endif
	draining--;
	n = 0;
	i = 0;
	a0 = 0;
	a1 = 0
}

#ifdef BREAK_ROOM
#define has_room (distance(poster_head, poster_tail) <= LINES)
#else
#define has_room (distance(poster_head, poster_tail) < LINES)
#endif

/* post_make_room */
inline make_room()
{
#ifdef BREAK_FULL_NO_LOCK
	admit(POSTER);
#else
	lock_wait(POSTER);
	admit(POSTER);
#endif
#ifndef BREAK_TRUST_ROOM
	if
	:: distance(poster_head, drainer_tail) >= LINES -> drainer_tail = poster_head
	:: else
	fi;
#endif
	poster_tail = drainer_tail;
#ifndef BREAK_FULL_NO_LOCK
	unlock(POSTER)
#endif
}

/* dlb_model_post: line_ring_has_room (acquire), line_ring_post (release) */
proctype poster()
{
	byte line = 1, n, i, a0, a1;

	do
	:: line <= POSTS ->
		if
		:: has_room
		:: else ->
			load(POSTER, TAIL, poster_tail);
			if
			:: has_room
			:: else -> make_room(); assert(has_room)
			fi
		fi;
#ifdef BREAK_PUBLISH_FIRST
		store(POSTER, HEAD, (poster_head + 1) % WRAP, RELEASE);
#endif
		store(POSTER, WORD(poster_head % LINES, 0), line, RELAXED);
		store(POSTER, WORD(poster_head % LINES, 1), line, RELAXED);
		poster_head = (poster_head + 1) % WRAP;
#ifdef BREAK_PUBLISH_RELAXED
		store(POSTER, HEAD, poster_head, RELAXED);
#endif
#if !defined(BREAK_PUBLISH_FIRST) && !defined(BREAK_PUBLISH_RELAXED)
		store(POSTER, HEAD, poster_head, RELEASE);
#endif
		line++
	:: else -> break
	od;
	settled(POSTER);
	posted_all = true
}

#ifdef IN_PLACE
/* dlb_model_post of an empty line, by the same thread: line_ring_resume, then as above. */
inline call()
{
	load(POSTER, HEAD, poster_head);
	if
	:: has_room
	:: else ->
		load(POSTER, TAIL, poster_tail);
		if
		:: has_room
		:: else -> make_room(); assert(has_room)
		fi
	fi;
	store(POSTER, WORD(poster_head % LINES, 0), 0, RELAXED);
	store(POSTER, WORD(poster_head % LINES, 1), 0, RELAXED);
	poster_head = (poster_head + 1) % WRAP;
	store(POSTER, HEAD, poster_head, RELEASE)
}

/* dlb_line_slot, dlb_line_make_room and dlb_line_publish of drivers/event/dlb: a view of its own,
 * and lines that are shown some at a time.
 */
proctype driver()
{
	byte line = 1, n, i, a0, a1, head, tail;

	do
	:: line <= POSTS ->
		do
		:: distance(head, tail) < LINES -> break
		:: else ->
			load(POSTER, TAIL, tail);
			if
			:: distance(head, tail) < LINES -> break
			:: else
			fi;
			store(POSTER, HEAD, head, RELEASE);
			call();
			load(POSTER, HEAD, head);
#ifdef BREAK_CALL_MADE_ROOM
			tail = (head + WRAP - 1) % WRAP;
			break
#endif
#ifdef BREAK_ONE_CALL
			load(POSTER, TAIL, tail);
			break
#endif
		od;
		store(POSTER, WORD(head % LINES, 0), line, RELAXED);
		store(POSTER, WORD(head % LINES, 1), line, RELAXED);
		head = (head + 1) % WRAP;
		line++;
		if
		:: store(POSTER, HEAD, head, RELEASE)
		:: line <= POSTS
		fi
	:: else -> break
	od;
	settled(POSTER);
	posted_all = true
}
#endif

/* dlb_model_step, as far as this ring is concerned; the last time when all was posted */
proctype stepper()
{
	byte n, i, a0, a1;
	bool last;

	do
	:: !last ->
		last = posted_all;
		if
		:: atomic { !lock && settled(STEPPER) -> lock = true };
			admit(STEPPER);
			unlock(STEPPER)
		:: !last
		fi
	:: last -> break
	od;
#ifndef HOSTILE
	assert(taken == POSTS)
#endif
}

#ifdef HOSTILE
/* Whoever else has the memory. */
proctype stranger()
{
	byte value;

	select(value : 0 .. WRAP - 1);
	memory[HEAD] = value;
	select(value : 0 .. WRAP - 1);
	memory[TAIL] = value;
	value = 0
}
#endif

init {
	atomic {
		run drain(POSTER);
		run drain(STEPPER);
#ifdef HOSTILE
		run stranger();
#endif
#ifdef IN_PLACE
		run driver();
#else
		run poster();
#endif
		run stepper()
	}
}
