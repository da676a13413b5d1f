/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A worker that sleeps until its CQ's interrupt (datasheet section 9.2), and a thread that enqueues
 * for it. Nobody else has time: if the device is to get on, one of the two steps it.
 *
 *   worker                                   sender
 *     poll: nothing                            line into its ring
 *     says that it will sleep                  does anybody sleep? then step
 *     ARM into its ring, step
 *     poll again: nothing
 *     sleep                                  device, stepped by whoever: takes lines in, arms,
 *     awake: poll                              delivers, fires when armed and not empty, disarms
 *
 * Shown: no event is left in a ring or a CQ while the worker sleeps. A step is admission and
 * then delivery, on its caller's time or, by way of a note, later on the holder's; that a note is
 * never forgotten is what step_lock.pml shows.
 *
 * good: -DPLAIN -- arming a CQ that is not empty fires at once
 * good: -DEDGE -DFENCED -- it does not, but the worker waits until it is armed, then looks again
 * broken: -DEDGE -- it does not, and the worker looks again before it is sure to be armed
 * broken: -DEDGE -DFENCED -DBREAK_NO_RECHECK -- it does not, and the worker does not look again
 * broken: -DBREAK_SENDER_NO_FENCE -- the sender looks for sleepers before its line can be seen
 * broken: -DBREAK_SENDER_NO_STEP -- the sender leaves the device alone
 * broken: -DBREAK_WORD_LATE -- the worker says that it sleeps after it had the device step
 * broken: -DBREAK_CLEAR_LATE -- the worker takes back what woke it just before it sleeps
 * broken: -DBREAK_STAYS_DISARMED -- the worker arms the first time only
 */
#define EVENTS 2

#define SENT      0 /* the sender's ring: lines */
#define ASKED     1 /* the worker's ring: ARM commands */
#define DELIVERED 2 /* the CQ: QEs that can be seen */
#define SLEEPERS  3
#define LOCATIONS 4
#define WAY       3
#define THREADS   2
#define SENDER    0
#define WORKER    1
#include "memory.inc"

/* The device, and what it has taken in. */
byte sent_seen;
byte asked_seen;
bool armed;
byte delivered;
byte consumed;  /* tokens returned: at once, here */
bool busy;      /* the lock */
bool requested; /* a note for the holder */
/* The vector: an eventfd, which keeps one call for who is not asleep yet. */
bool fired;

/* Admission. Its loads are acquire. */
inline admit()
{
	if
	:: memory[ASKED] != asked_seen ->
		asked_seen = memory[ASKED];
#ifdef EDGE
		armed = true
#else
		if
		:: delivered != consumed -> fired = true
		:: else -> armed = true
		fi
#endif
	:: else
	fi;
	sent_seen = memory[SENT]
}

/* Scheduling. What goes to the CQ is out when the interrupt is. */
inline deliver()
{
	if
	:: delivered != sent_seen ->
		delivered = sent_seen;
		memory[DELIVERED] = delivered;
		if
		:: armed -> armed = false; fired = true
		:: else
		fi
	:: else
	fi
}

inline device_step()
{
	atomic { admit() };
	atomic { deliver() };
	busy = false
}

/* access_idle, or the end of a burst: steps, or leaves a note for the holder. */
inline step(t)
{
	if
	:: atomic { settled(t) && !busy -> busy = true }; device_step()
	:: atomic { settled(t) -> requested = true }
	fi
}

/* Whoever else holds the lock now and then. */
proctype holder()
{
end:	do
	:: atomic { requested && !busy -> requested = false; busy = true }; device_step()
	od
}

proctype sender()
{
	byte sent, sleepers;

	do
	:: sent < EVENTS ->
		store(SENDER, SENT, sent + 1, RELEASE);
#ifndef BREAK_SENDER_NO_FENCE
		settled(SENDER);
#endif
		sent++;
		sleepers = memory[SLEEPERS];
#ifndef BREAK_SENDER_NO_STEP
		if
		:: sleepers != 0 -> step(SENDER)
		:: else
		fi;
#endif
		sleepers = 0
	:: else -> break
	od
}

inline poll()
{
	load(WORKER, DELIVERED, now);
	consumed = now
}

proctype worker()
{
	byte now, asked;

	do
	:: consumed < EVENTS ->
		poll();
		if
		:: consumed == EVENTS -> break
		:: else
		fi;
#ifndef BREAK_WORD_LATE
		atomic { settled(WORKER) -> memory[SLEEPERS] = 1 };
#endif
#ifdef BREAK_STAYS_DISARMED
		asked = 1;
#else
		asked++;
#endif
		store(WORKER, ASKED, asked, RELEASE);
		step(WORKER);
#ifdef BREAK_WORD_LATE
		atomic { settled(WORKER) -> memory[SLEEPERS] = 1 };
#endif
#ifdef FENCED
		asked_seen == asked;
#endif
#ifndef BREAK_NO_RECHECK
		now = consumed;
		poll();
		if
		:: consumed == EVENTS -> break
		:: else
		fi;
#endif
#ifdef BREAK_CLEAR_LATE
		fired = false;
#endif
		/* Sleeps; this is where a lost wake-up is a thread that stays. */
		atomic { fired -> fired = false };
		atomic { settled(WORKER) -> memory[SLEEPERS] = 0 }
	:: else -> break
	od
}

init {
	atomic {
		run drain(SENDER);
		run drain(WORKER);
		run holder();
		run sender();
		run worker()
	}
}
