/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The occupancy interrupt of a work queue: tell_occupancy, dsa_work_arm and dsa_work_armed of
 * lib/model/dsa/dsa_queue.c, dsa_irq_occupancy of dsa_irq.c. A submitter keeps filling a queue of 3
 * slots, an engine takes from it under its lock, now and then, and software arms the interrupt,
 * disarms it and arms it anew, all while the others go on.
 *
 *   engine, locked                    software, by way of registers
 *     head + 1                          report lock: arms, a number of its own
 *     armed, and low?                   waits for the engine's lock, gives it back
 *     report lock: that arming still?   low?
 *     then send                         report lock: that arming still? then send
 *
 * Shown: whenever the engine's lock is free and what armed has returned, the queue is not low
 * without an interrupt; and none is sent, but the queue was low since it was armed.
 *
 * good: -DPLAIN
 * good: -DLIMIT=0 -- only an empty queue is low
 * broken: -DBREAK_NO_WAIT -- who arms looks at once, and nobody fences: both look too early
 * broken: -DBREAK_LOOK_FIRST -- who arms looks, then waits
 * broken: -DBREAK_NO_LOOK -- who arms waits, and leaves it to the engine to look
 * broken: -DBREAK_ENGINE_BLIND -- the engine does not look
 * broken: -DBREAK_UNLOCK_RELAXED -- the engine's lock may be seen free before the head is
 * broken: -DBREAK_NO_NUMBER -- what was found low under one arming is sent under the next
 * broken: -DBREAK_ARMING_RELAXED -- the arming is loaded relaxed: what is queued may be older
 * broken: -DBREAK_COUNT_EARLY -- the engine counts before others see its head
 * broken: -DBREAK_SEND_UNLOCKED -- whether it still is that arming is looked at without the lock
 */
#define SLOTS    3
#define COMMANDS 4
#define ARMINGS  2
#ifndef LIMIT
#define LIMIT 1
#endif

#define HEAD      0
#define ARMING    1
#define BUSY      2 /* the engine's lock */
#define LOCATIONS 3
#define WAY       3
#define THREADS   2
#define ENGINE    0
#define SOFTWARE  1
#include "memory.inc"

byte tail;      /* of the queue's word: read-modify-written */
bool report;    /* the lock of registers */
bool generated; /* in dword 6: written with that lock held */

/* What software knows: it began to arm, and that has returned. */
bool begun, in_force;
/* The queue was low since it began. An occupancy is lowest just before something is queued. */
bool was_low;

#define low (tail - memory[HEAD] <= LIMIT)

inline report_lock(t) { atomic { settled(t) && !report -> report = true } }
inline report_unlock(t) { atomic { settled(t) -> report = false } }

/* dsa_irq_occupancy, occupancy_send */
inline send(t)
{
#ifndef BREAK_SEND_UNLOCKED
	report_lock(t);
#endif
	load(t, ARMING, now);
#ifdef BREAK_NO_NUMBER
	if
	:: now != 0 ->
#else
	if
	:: now == seen ->
#endif
#ifdef BREAK_SEND_UNLOCKED
		report_lock(t);
#endif
		atomic {
			assert(begun && (was_low || low));
			generated = true
		};
		store(t, ARMING, 0, RELAXED);
		report_unlock(t)
	:: else ->
#ifndef BREAK_SEND_UNLOCKED
		report_unlock(t)
#else
		skip
#endif
	fi
}

/* tell_occupancy, and dsa_work_occupancy, whose tail is of a moment when the head was that. */
inline tell(t)
{
#ifdef BREAK_ARMING_RELAXED
	load(t, HEAD, head);
	found = tail - head <= LIMIT;
#endif
	load(t, ARMING, seen);
	if
	:: seen != 0 ->
#ifndef BREAK_ARMING_RELAXED
#ifndef BREAK_COUNT_EARLY
		settled(t);
#endif
		d_step { load(t, HEAD, head); found = tail - head <= LIMIT };
#endif
		if
		:: found -> send(t)
		:: else
		fi
	:: else
	fi
}

/* dsa_work_submit */
proctype submitter()
{
	byte left = COMMANDS;

end:	do
	:: atomic {
		left > 0 && tail - memory[HEAD] < SLOTS ->
		was_low = was_low || low;
		tail++;
		left--
	   }
	od
}

/* engine_step: any number of descriptors under its lock. */
proctype engine()
{
	byte taken, head, seen, now;
	bool found;

end:	do
	:: atomic { tail != taken && memory[BUSY] == 0 && settled(ENGINE) -> memory[BUSY] = 1 };
		do
		:: tail != taken ->
			taken++;
			store(ENGINE, HEAD, taken, RELEASE);
#ifndef BREAK_ENGINE_BLIND
			tell(ENGINE);
#endif
			found = false;
			seen = 0
		:: taken != 0 -> break
		od;
#ifdef BREAK_UNLOCK_RELAXED
		store(ENGINE, BUSY, 0, RELAXED)
#else
		atomic { settled(ENGINE) -> memory[BUSY] = 0 }
#endif
	od
}

/* dsa_work_armed: whoever holds the lock lets it go. */
inline wait_for_engine()
{
	atomic { memory[BUSY] == 0 && settled(SOFTWARE) -> memory[BUSY] = 1 };
	atomic { settled(SOFTWARE) -> memory[BUSY] = 0 }
}

inline arm()
{
	report_lock(SOFTWARE);
	atomic { begun = true; was_low = false };
	number++;
	store(SOFTWARE, ARMING, number, RELEASE);
	report_unlock(SOFTWARE);
#ifdef BREAK_LOOK_FIRST
	tell(SOFTWARE);
#endif
#ifndef BREAK_NO_WAIT
	wait_for_engine();
#endif
#if !defined(BREAK_LOOK_FIRST) && !defined(BREAK_NO_LOOK)
	tell(SOFTWARE);
#endif
	in_force = true
}

/* Interrupt enable and the generated bit are cleared: no interrupt from here on. */
inline disarm()
{
	report_lock(SOFTWARE);
	atomic { begun = false; in_force = false };
	store(SOFTWARE, ARMING, 0, RELAXED);
	generated = false;
	report_unlock(SOFTWARE)
}

proctype software()
{
	byte number, head, seen, now;
	bool found;

	do
	:: number < ARMINGS ->
		arm();
		found = false;
		seen = 0;
		if
		:: number < ARMINGS -> disarm()
		:: else
		fi
	:: else -> break
	od
}

/* Whoever looks from outside, at any moment. */
proctype observer()
{
end:	atomic {
		in_force && !generated && memory[BUSY] == 0 && low ->
		assert(false)
	}
}

init {
	atomic {
		run drain(ENGINE);
		run drain(SOFTWARE);
		run submitter();
		run engine();
		run software();
		run observer()
	}
}
