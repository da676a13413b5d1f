/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A worker that sleeps until its CQ's interrupt (datasheet section 9.2), and a thread that enqueues
 * for it: sleep_until, think_of_sleepers of drivers/event/dlb/dlb_fast_*.h, listen, sleep and raise
 * of lib/access/access_irq.c, dlb_irq_arm and dlb_irq_look of lib/model/dlb/dlb_irq.c. Nobody else
 * has time: if the device is to get on, one of the two steps it.
 *
 *   worker                                   sender
 *     poll: nothing                            line into its ring
 *     says that it sleeps; fences all          does anybody sleep? then step
 *     notes the count of its vector
 *     ARM into its ring, step                device, stepped by whoever
 *     poll again: nothing                      takes lines in, arms, delivers
 *     sleep while the count is that            fires when armed and not empty, disarms
 *     awake: poll                              fire: count + 1; wake who sleeps on it
 *
 * Shown: no event is left in a ring or a CQ while the worker sleeps. A step is admission and then
 * delivery, on its caller's time or, by way of a note, later on the holder's; that a note is never
 * forgotten is what step_lock.pml shows.
 *
 * good: -DPLAIN -- arming a CQ that is not empty fires at once; the worker fences the sender
 * good: -DSENDER_FENCES -- the sender has a fence of its own
 * good: -DEDGE -DARMED_WAIT -- it fires nothing; the worker looks again when it knows it is armed
 * broken: -DEDGE -- arming fires nothing, and the worker looks before it is sure to be armed
 * broken: -DEDGE -DARMED_WAIT -DBREAK_NO_RECHECK -- arming fires nothing, nor does the worker look
 * broken: -DBREAK_NO_FENCE -- nobody fences the sender: it looks before its line can be seen
 * broken: -DBREAK_FENCE_FIRST -- the worker fences the sender before it says that it sleeps
 * broken: -DBREAK_SENDER_NO_STEP -- the sender leaves the device alone
 * broken: -DBREAK_WORD_LATE -- the worker says that it sleeps after it had the device step
 * broken: -DBREAK_COUNT_LATE -- the worker notes the count just before it sleeps
 * broken: -DBREAK_RAISE_RELAXED -- the count may be seen after the look for who sleeps on it
 * broken: -DBREAK_ARMED_ONCE -- the worker arms the first time only
 */
#define EVENTS 2

#define SENT      0 /* the sender's ring: lines */
#define ASKED     1 /* the worker's ring: ARM commands */
#define SLEEPERS  2 /* struct access_irqs: sleepers */
#define COUNT     3 /* struct access_irq: count, an address of a futex */
#define SLEEPS    4 /* struct access_irq: sleepers */
#define LOCATIONS 5
#define WAY       2
#define THREADS   3
#define SENDER    0
#define WORKER    1
#define HOLDER    2
#include "memory.inc"

/* The device: what it has taken in, written with the lock held, and the CQ. What is in the CQ can
 * be seen before the interrupt can: the host's irq is called after it, with a full fence.
 */
byte sent_seen;
byte asked_seen;
bool armed;
bool fires;
byte delivered;
byte consumed;  /* tokens returned: at once, here */
bool busy;      /* the lock */
bool requested; /* a note for the holder */
bool asleep;    /* the worker, in the kernel */

/* Admission. Its loads are acquire. dlb_irq_arm. */
inline admit()
{
	if
	:: memory[ASKED] != asked_seen ->
		asked_seen = memory[ASKED];
#ifdef EDGE
		armed = true
#else
		if
		:: delivered != consumed -> fires = true
		:: else -> armed = true
		fi
#endif
	:: else
	fi;
	sent_seen = memory[SENT]
}

/* Scheduling, and dlb_irq_look. */
inline deliver()
{
	if
	:: delivered != sent_seen ->
		delivered = sent_seen;
		if
		:: armed -> armed = false; fires = true
		:: else
		fi
	:: else
	fi
}

/* access_irq_raise */
inline raise(t)
{
#ifdef BREAK_RAISE_RELAXED
	store(t, COUNT, memory[COUNT] + 1, RELAXED);
#else
	atomic { settled(t) -> memory[COUNT]++ };
#endif
	if
	:: memory[SLEEPS] != 0 -> asleep = false
	:: else
	fi
}

inline device_step(t)
{
	atomic { admit() };
	atomic { deliver() };
	if
	:: fires -> fires = false; raise(t)
	:: else
	fi;
	atomic { settled(t) -> busy = false }
}

/* access_idle: steps, or leaves a note for the holder. */
inline step(t)
{
	if
	:: atomic { settled(t) && !busy -> busy = true }; device_step(t)
	:: atomic { settled(t) -> requested = true }
	fi
}

/* Whoever else holds the lock now and then. */
proctype holder()
{
end:	do
	:: atomic { requested && !busy -> requested = false; busy = true }; device_step(HOLDER)
	od
}

/* dlb_enqueue, think_of_sleepers */
proctype sender()
{
	byte sent, sleepers;

	do
	:: sent < EVENTS ->
		sent++;
		store(SENDER, SENT, sent, RELEASE);
#ifdef SENDER_FENCES
		settled(SENDER);
#endif
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

/* membarrier: a full fence in every other thread */
#if defined(SENDER_FENCES) || defined(BREAK_NO_FENCE)
#define fence_all true
#else
#define fence_all settled(SENDER)
#endif

#define say_sleeps(n) atomic { settled(WORKER) -> memory[SLEEPERS] = n }

inline poll() { consumed = delivered }

/* access_irq_sleep: the kernel compares once more and sleeps, in one. */
inline sleep_on_count()
{
	atomic { settled(WORKER) -> memory[SLEEPS] = 1 };
	if
	:: memory[COUNT] == noted ->
		atomic { asleep = memory[COUNT] == noted };
		/* This is where a lost wake-up is a thread that stays. */
		!asleep
	:: else
	fi;
	atomic { settled(WORKER) -> memory[SLEEPS] = 0 }
}

/* sleep_until */
proctype worker()
{
	byte noted, asked;

	do
	:: consumed < EVENTS ->
#ifdef BREAK_FENCE_FIRST
		fence_all;
#endif
#ifndef BREAK_WORD_LATE
		say_sleeps(1);
#endif
#ifndef BREAK_FENCE_FIRST
		fence_all;
#endif
		noted = memory[COUNT];
#ifdef BREAK_ARMED_ONCE
		asked = 1;
#else
		asked++;
#endif
		store(WORKER, ASKED, asked, RELEASE);
		step(WORKER);
#ifdef BREAK_WORD_LATE
		say_sleeps(1);
#endif
#ifdef ARMED_WAIT
		asked_seen == asked;
#endif
#ifndef BREAK_NO_RECHECK
		poll();
		if
		:: consumed == EVENTS -> break
		:: else
		fi;
#endif
#ifdef BREAK_COUNT_LATE
		noted = memory[COUNT];
#endif
		sleep_on_count();
		say_sleeps(0);
		poll()
	:: else -> break
	od
}

init {
	atomic {
		run drain(SENDER);
		run drain(WORKER);
		run drain(HOLDER);
		run holder();
		run sender();
		run worker()
	}
}
