/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Who is in a port: drivers/event/dlb/dlb_owner.h and dlb_owner.c. Its owner enters and leaves by
 * plain stores; another thread takes the port over; a third, short of credits, holds it to take
 * those that lie there. Shown: one thread at a time is in, and of the credits none is lost or
 * doubled, each counted by a plain load and a plain store.
 *
 *   owner, other                            short
 *     busy = 1, thread still me? in           thread = aside; fences all; busy?
 *     takes one of the credits                no: takes all credits
 *     busy = 0                                thread = as before
 *
 * good: -DOWNERS=3 -- the port changes hands
 * good: -DOWNERS=1 -- the first change makes it anybody's
 * good: -DOWNERS=2 -DUNOWNED -- nobody has used it yet
 * broken: -DOWNERS=3 -DBREAK_NO_FENCE -- nobody fences the owner
 * broken: -DOWNERS=3 -DBREAK_FENCE_FIRST -- it is fenced before the port is set aside
 * broken: -DOWNERS=3 -DBREAK_ONE_LOOK -- the owner looks whose port it is before its store only
 * broken: -DOWNERS=3 -DBREAK_ONE_WORD -- a former owner is busy in the same word as the new one
 * broken: -DOWNERS=3 -DBREAK_LEAVE_RELAXED -- busy is taken down before what was left can be seen
 * broken: -DOWNERS=3 -DBREAK_LET_IN_RELAXED -- the owner is let in before it can see what is left
 * broken: -DOWNERS=3 -DBREAK_BUSY_UNSEEN -- nobody looks whether the owner is in
 * broken: -DOWNERS=1 -DBREAK_ANY_STORE -- a port that is anybody's is looked at and then entered
 * broken: -DOWNERS=1 -DBREAK_ANY_BACK -- it becomes the property of whoever enters
 */
#define CREDITS 3
#define BURSTS  2

#define THREAD    0 /* struct dlb_owner */
#define UNUSED    1 /* struct dlb_credit_cache */
#define BUSY(w)   (2 + (w))
#define LOCATIONS (3 + OWNERS)
#define WAY       3
#define THREADS   3
#define OWNER     0
#define OTHER     1
#define SHORT     2
#include "memory.inc"

/* Of THREAD: whose it is, and which word of BUSY is the owner's. */
#define ANY        0
#define NOBODY     1
#define ASIDE      2
#define mine(t, w) (4 + (t) + 3 * (w))
#define is_thread(v) (v >= 4)
#define is_mine(v, t) (v >= 4 && (v - 4) % 3 == t)
#ifdef BREAK_ONE_WORD
#define word_of(v) 1
#else
#define word_of(v) ((v - 4) / 3)
#endif
/* Of BUSY: somebody looks into the port. */
#define LOOKED_INTO 2

#ifdef BREAK_ONE_WORD
#define used_word (word == 0 -> 0 : 1)
#else
#define used_word word
#endif

#ifdef BREAK_LEAVE_RELAXED
#define LEAVE RELAXED
#else
#define LEAVE RELEASE
#endif
#ifdef BREAK_LET_IN_RELAXED
#define LET_IN RELAXED
#else
#define LET_IN RELEASE
#endif

bool locked;  /* the mutex of the group */
byte word;    /* of whoever is in */
byte inside;  /* threads that are in */
byte taken;   /* credits used, or moved away */

#define lock(t)   atomic { !locked && settled(t) -> locked = true }
#define unlock(t) atomic { settled(t) -> locked = false }

/* membarrier: the caller passes a full fence, and then every thread, one after the other. */
inline fence(t)
{
#ifndef BREAK_NO_FENCE
	settled(t);
	settled(OWNER);
	settled(OTHER);
	settled(SHORT)
#else
	skip
#endif
}

/* set_aside, needs_fence, fence */
inline set_aside(t)
{
	load(t, THREAD, before);
#ifdef BREAK_FENCE_FIRST
	fence(t);
#endif
	store(t, THREAD, ASIDE, RELAXED);
#ifndef BREAK_FENCE_FIRST
	if
	:: is_thread(before) && !is_mine(before, t) -> fence(t)
	:: else
	fi
#endif
}

/* owner_is_in */
inline look_busy(t)
{
#ifdef BREAK_BUSY_UNSEEN
	skip
#else
	if
	:: is_thread(before) -> load(t, BUSY(word_of(before)), seen)
	:: else
	fi
#endif
}

/* take_over */
inline take_over(t)
{
	set_aside(t);
	look_busy(t);
	if
	:: seen != 0 -> store(t, THREAD, before, LET_IN)
	:: else ->
		if
		:: word < OWNERS -> word++
		:: else -> word = 0
		fi;
		store(t, BUSY(used_word), 1, RELAXED);
		if
		:: word == 0 -> store(t, THREAD, ANY, LET_IN)
		:: else -> store(t, THREAD, mine(t, word), LET_IN)
		fi;
		got = true
	fi;
	seen = 0;
	before = 0
}

/* enter_by_exchange, and enter_anybodys unless somebody is in */
inline enter_anybodys(t, mark)
{
#ifdef BREAK_ANY_STORE
	load(t, BUSY(0), seen);
	if
	:: seen == 0 -> store(t, BUSY(0), mark, RELAXED); got = true
	:: else
	fi;
	seen = 0;
#else
	atomic {
		settled(t) ->
		if
		:: memory[BUSY(0)] == 0 -> memory[BUSY(0)] = mark; got = true
		:: else
		fi
	};
#endif
#ifdef BREAK_ANY_BACK
	if
	:: got && mark == 1 -> store(t, THREAD, mine(t, 1), RELEASE)
	:: else
	fi;
#endif
}

/* dlb_owner_enter_other; `whose` is what THREAD was under the lock */
inline enter_other(t)
{
	lock(t);
	load(t, THREAD, whose);
	if
	:: whose != ANY && !is_mine(whose, t) -> take_over(t)
	:: else
	fi;
	unlock(t);
	if
	:: whose == ANY -> enter_anybodys(t, 1)
	:: else
	fi
}

/* The inline half of dlb_owner_enter. `other` is whether the rest is needed. */
inline enter_own(t)
{
	other = true;
	load(t, THREAD, whose);
	if
	:: is_mine(whose, t) ->
		load(t, BUSY(word_of(whose)), seen);
		if
		:: seen == 0 ->
			store(t, BUSY(word_of(whose)), 1, RELAXED);
#ifdef BREAK_ONE_LOOK
			again = whose;
#else
			load(t, THREAD, again);
#endif
			if
			:: again == whose -> got = true; other = false
			:: else -> store(t, BUSY(word_of(whose)), 0, RELEASE)
			fi;
			again = 0
		:: else -> other = false
		fi;
		seen = 0
	:: else
	fi
}

/* A burst: counts in a register, as dlb_credit_take and dlb_credit_put have it. */
inline burst(t)
{
	inside++;
	assert(inside == 1);
	load(t, UNUSED, credits);
	if
	:: credits > 0 -> credits--; taken++
	:: else
	fi;
	store(t, UNUSED, credits, RELAXED);
	inside--;
	credits = 0;
	store(t, BUSY(used_word), 0, LEAVE)
}

proctype user(byte t)
{
	byte before, seen, whose, again, credits, n;
	bool got, other;

	do
	:: n < BURSTS ->
		n++;
		enter_own(t);
		if
		:: other ->
			enter_other(t);
			/* Whoever had it set aside is done. */
			if
			:: !got && is_mine(whose, t) -> enter_own(t)
			:: else
			fi
		:: else
		fi;
		whose = 0;
		if
		:: got -> got = false; burst(t)
		:: else
		fi
	:: else -> break
	od
}

/* dlb_owner_hold, recall, dlb_owner_let_go of one port */
proctype thief()
{
	byte before, seen, whose, credits;
	bool got;

	lock(SHORT);
	load(SHORT, THREAD, whose);
	if
	:: whose == ANY -> enter_anybodys(SHORT, LOOKED_INTO)
	:: else ->
		set_aside(SHORT);
		look_busy(SHORT);
		if
		:: seen == 0 -> got = true
		:: else -> store(SHORT, THREAD, before, LET_IN)
		fi;
		seen = 0
	fi;
	if
	:: got ->
		inside++;
		assert(inside == 1);
		load(SHORT, UNUSED, credits);
		taken = taken + credits;
		store(SHORT, UNUSED, 0, RELAXED);
		inside--;
		if
		:: whose == ANY -> store(SHORT, BUSY(0), 0, LEAVE)
		:: else -> store(SHORT, THREAD, before, LET_IN)
		fi
	:: else
	fi;
	unlock(SHORT)
}

init {
	atomic {
		memory[UNUSED] = CREDITS;
#ifndef UNOWNED
		memory[THREAD] = mine(OWNER, 1);
		word = 1;
#else
		memory[THREAD] = NOBODY;
#endif
		run drain(OWNER);
		run drain(OTHER);
		run drain(SHORT);
		run user(OWNER);
		run user(OTHER);
		run thief()
	};
	/* Only the three that drain are left. */
	_nr_pr == 4 && settled(OWNER) && settled(OTHER) && settled(SHORT);
	assert(memory[UNUSED] + taken == CREDITS);
	assert(memory[BUSY(0)] == 0 && memory[BUSY(word)] == 0)
}
