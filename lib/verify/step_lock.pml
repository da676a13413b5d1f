/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The one lock of a model, and the notes for its holder: lock_try, lock_wait, unlock, work and
 * dlb_model_step of lib/model/dlb/dlb_model.c. Some threads post a line each and ask for a step,
 * some read a register, some step without having posted. Shown: one holder at a time, nobody waits
 * for ever, and when all have returned, each line whose poster asked for a step has been scheduled.
 *
 * good: -DPOSTERS=2 -DREADERS=1 -DIDLERS=0 -- two lines and a register access
 * good: -DPOSTERS=2 -DREADERS=0 -DIDLERS=1 -- two lines and a poll in vain
 * good: -DPOSTERS=1 -DREADERS=2 -DIDLERS=0 -- a line and two register accesses
 * good: -DPOSTERS=1 -DREADERS=1 -DIDLERS=1 -- one of each
 * broken: -DBREAK_NO_SECOND_TRY -- who has left a note does not try again
 * broken: -DBREAK_NO_RECHECK -- who lets go does not look for a note
 * broken: -DBREAK_CLEAR_LATE -- the note is taken down after the lines were taken in
 * broken: -DBREAK_UNLOCK_RELEASE -- the lock is let go with release, then the note is looked for
 * broken: -DBREAK_NOTE_RELAXED -- the note is a relaxed store
 * broken: -DBREAK_WAITING_LATE -- who waited takes its name off after letting go
 * broken: -DBREAK_POSTED_ALWAYS -- without lines in the rings, nothing is left to be scheduled
 * broken: -DBREAK_LOCK_STORE -- the lock is looked at and then taken, in two steps
 */
#ifndef POSTERS
#define POSTERS 2
#define READERS 1
#define IDLERS  0
#endif

#define LOCK    0
#define DIRTY   1
#define WAITING 2
#define HEAD(t) (3 + (t))
#define TAIL(t) (3 + POSTERS + (t))
#define LOCATIONS (3 + 2 * POSTERS)
#define WAY       3
#define THREADS   (POSTERS + READERS + IDLERS)
#include "memory.inc"

byte admitted[POSTERS];  /* taken in, waiting in a queue */
byte scheduled[POSTERS]; /* in a CQ */
byte holders;
byte returned;

/* Only a note is under way, which nothing keeps in front of the exchange. */
#define noted(t) (buffer[t].n == 1 && buffer[t].at[0] == DIRTY)

inline got_it() { holders++; assert(holders == 1) }

/* lock_try: a relaxed look, then an exchange. `got` is the result. */
inline lock_try(t)
{
	load(t, LOCK, seen);
	if
	:: seen == 0 -> exchange_lock(t)
	:: else -> got = false
	fi;
	seen = 0
}

/* atomic_exchange(&m->lock, 1) == 0 */
inline exchange_lock(t)
{
#ifdef BREAK_LOCK_STORE
	settled(t);
	got = memory[LOCK] == 0;
	memory[LOCK] = 1;
#else
#ifdef BREAK_NOTE_RELAXED
	atomic { settled(t) || noted(t) -> got = memory[LOCK] == 0; memory[LOCK] = 1 };
#else
	atomic { settled(t) -> got = memory[LOCK] == 0; memory[LOCK] = 1 };
#endif
#endif
	if
	:: got -> got_it()
	:: else
	fi
}

/* lock_wait */
inline lock_wait(t)
{
	atomic { settled(t) -> memory[WAITING]++ };
	atomic { memory[LOCK] == 0 && settled(t) -> memory[LOCK] = 1 };
	got_it();
#ifndef BREAK_WAITING_LATE
	atomic { settled(t) -> memory[WAITING]-- }
#endif
}

/* dlb_model_admit: line_ring_ready, line_ring_take */
inline admit_all(t)
{
	k = 0;
	do
	:: k < POSTERS ->
		load(t, HEAD(k), seen);
		if
		:: seen != admitted[k] + scheduled[k] ->
			admitted[k] = seen - scheduled[k];
			store(t, TAIL(k), seen, RELEASE)
		:: else
		fi;
		seen = 0;
		k++
	:: else -> break
	od;
	k = 0
}

/* work: the note is taken down first */
inline work(t)
{
#ifdef BREAK_CLEAR_LATE
	admit_all(t);
#endif
	load(t, DIRTY, seen);
	if
	:: seen != 0 -> atomic { settled(t) -> memory[DIRTY] = 0 }
	:: else
	fi;
	seen = 0;
#ifndef BREAK_CLEAR_LATE
	admit_all(t);
#endif
	d_step {
		k = 0;
		do
		:: k < POSTERS -> scheduled[k] = scheduled[k] + admitted[k]; admitted[k] = 0; k++
		:: else -> break
		od;
		k = 0
	}
}

/* dlb_model_posted: head acquire, tail relaxed. `some` is the result. */
inline look_posted(t)
{
	some = false;
	k = 0;
	do
	:: k < POSTERS ->
		load(t, HEAD(k), seen);
		load(t, TAIL(k), other);
		some = some || seen != other;
		k++
	:: else -> break
	od;
	k = 0;
	seen = 0;
	other = 0
}

/* unlock: lock, dirty and waiting sequentially consistent. `done` is its argument `scheduled`. */
inline unlock(t)
{
	do
	:: true ->
		holders--;
#ifdef BREAK_UNLOCK_RELEASE
		store(t, LOCK, 0, RELEASE);
#else
		atomic { settled(t) -> memory[LOCK] = 0 };
#endif
#ifdef BREAK_NO_RECHECK
		break;
#endif
		if
		:: memory[DIRTY] == 0 -> break
		:: else
		fi;
		if
		:: memory[WAITING] != 0 -> break
		:: else
		fi;
#ifdef BREAK_POSTED_ALWAYS
		look_posted(t);
		if
		:: !some -> break
		:: else
		fi;
#else
		if
		:: done -> look_posted(t);
			if
			:: !some -> break
			:: else
			fi
		:: else
		fi;
#endif
		lock_try(t);
		if
		:: !got -> break
		:: else
		fi;
		work(t);
		done = true
	od;
	some = false;
	got = false;
	done = false
}

/* dlb_model_step */
inline step(t)
{
	got = false;
	if
	:: memory[WAITING] == 0 -> lock_try(t)
	:: else
	fi;
	if
	:: got
	:: else ->
#ifdef BREAK_NOTE_RELAXED
		store(t, DIRTY, 1, RELAXED);
#else
		atomic { settled(t) -> memory[DIRTY] = 1 };
#endif
#ifndef BREAK_NO_SECOND_TRY
		if
		:: memory[WAITING] == 0 -> exchange_lock(t)
		:: else
		fi
#endif
	fi;
	if
	:: got -> work(t); done = true; unlock(t)
	:: else
	fi;
	got = false
}

proctype poster(byte t)
{
	byte seen, other, k;
	bool got, some, done;

	store(t, HEAD(t), 1, RELEASE);
	step(t);
	settled(t);
	returned++
}

/* dlb_model_read */
proctype reader(byte t)
{
	byte seen, other, k;
	bool got, some, done;

	lock_wait(t);
	admit_all(t);
	unlock(t);
#ifdef BREAK_WAITING_LATE
	atomic { settled(t) -> memory[WAITING]-- };
#endif
	settled(t);
	returned++
}

proctype idler(byte t)
{
	byte seen, other, k;
	bool got, some, done;

	step(t);
	settled(t);
	returned++
}

init {
	byte t;

	atomic {
		do
		:: t < THREADS -> run drain(t); t++
		:: else -> break
		od;
		t = 0;
		do
		:: t < POSTERS -> run poster(t); t++
		:: t >= POSTERS && t < POSTERS + READERS -> run reader(t); t++
		:: t >= POSTERS + READERS && t < THREADS -> run idler(t); t++
		:: else -> break
		od
	};
	returned == THREADS;
	for (t : 0 .. POSTERS - 1) {
		assert(scheduled[t] == 1)
	}
	assert(holders == 0)
}
