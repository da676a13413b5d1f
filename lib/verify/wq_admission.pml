/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Admission to a work queue: lib/model/dsa/dsa_queue.c, against stop, mark, abort and enable of
 * dsa_drain.c. A queue of 2 slots, two submitters of 2 commands each, the dispatcher, and a control
 * half that stops the queue, waits until what it took has ended, and enables it with another limit.
 * Shown: never more in the queue than the limit, each descriptor is whole when it is dispatched,
 * and each that was taken is done or dropped once, before the stop is over.
 *
 * good: -DPLAIN -- what is queued at a stop is done
 * good: -DABORT -- what is queued at a stop is dropped
 * broken: -DBREAK_PUBLISH_FIRST -- the ticket is shown before the descriptor
 * broken: -DBREAK_PUBLISH_RELAXED -- the ticket is stored relaxed
 * broken: -DBREAK_READY_RELAXED -- the ticket is loaded relaxed: the descriptor may be read before it
 * broken: -DBREAK_HEAD_FIRST -- the slot is given back before it was read
 * broken: -DBREAK_TAIL_APART -- room is looked for, then a ticket is drawn whatever happened
 * broken: -DBREAK_STATE_APART -- the state is looked at, then a ticket is drawn if the tail is the same
 * broken: -DBREAK_NO_EPOCH -- one enabling looks like another: the limit may be an old one
 * broken: -DBREAK_MARK_FIRST -- the mark is set before the queue is stopped
 */
#define SLOTS    2
#define COMMANDS 2
#define TICKETS  4

#define HEAD      0
#define SEQ(t)    (1 + 2 * ((t) % SLOTS))
#define DESC(t)   (2 + 2 * ((t) % SLOTS))
#define LOCATIONS 5
#define WAY       3
#define THREADS   3
#define DISPATCHER 2
#include "memory.inc"

/* struct dsa_queue: word, and the limit. What is read-modify-written is in memory at once. */
bool open;
byte epoch;
byte tail;
byte limit;

bool done[TICKETS], dropped[TICKETS];
byte abort_before;
byte submitting = 2;
bool over; /* the control half has stopped the queue for the last time */

#ifdef BREAK_NO_EPOCH
#define same_epoch true
#else
#define same_epoch (epoch == w_epoch)
#endif
#ifdef BREAK_STATE_APART
#define same_state true
#else
#define same_state (open && same_epoch)
#endif
#ifdef BREAK_TAIL_APART
#define same_word (open)
#else
#define same_word (same_state && tail == w_tail)
#endif

/* admit, publish: a try of dsa_work_submit. A refusal is not looked at more closely. */
inline try(t)
{
	taken = false;
	d_step { w_open = open; w_epoch = epoch; w_tail = tail };
	if
	:: !w_open
	:: else ->
		load(t, HEAD, head);
		l = limit;
		if
		:: head <= w_tail && w_tail - head >= l
		:: else ->
			atomic {
				settled(t) ->
				if
				:: same_word ->
					w_tail = tail;
					tail++;
					taken = true;
					assert(tail - memory[HEAD] <= limit);
					assert(!over)
				:: else
				fi
			}
		fi
	fi;
	if
	:: taken ->
#ifdef BREAK_PUBLISH_FIRST
		store(t, SEQ(w_tail), w_tail + 1, RELEASE);
		store(t, DESC(w_tail), w_tail + 1, RELAXED)
#else
		store(t, DESC(w_tail), w_tail + 1, RELAXED);
#ifdef BREAK_PUBLISH_RELAXED
		store(t, SEQ(w_tail), w_tail + 1, RELAXED)
#else
		store(t, SEQ(w_tail), w_tail + 1, RELEASE)
#endif
#endif
	:: else
	fi
}

proctype submitter(byte id)
{
	byte left = COMMANDS, w_tail, w_epoch, head, l;
	bool w_open, taken;

	do
	:: left > 0 ->
		try(id);
		left--
	:: else -> break
	od;
	settled(id);
	submitting--
}

/* dsa_queue_take, and what becomes of it: its end comes after the head moved on, in flight. */
proctype dispatcher()
{
	byte head, seq, desc;

	do
	:: tail != head && tail > head ->
#ifdef BREAK_READY_RELAXED
		load(DISPATCHER, DESC(head), desc);
#endif
		load(DISPATCHER, SEQ(head), seq);
		if
		:: seq == head + 1 ->
#ifdef BREAK_HEAD_FIRST
			store(DISPATCHER, HEAD, head + 1, RELEASE);
#endif
#ifndef BREAK_READY_RELAXED
			load(DISPATCHER, DESC(head), desc);
#endif
			assert(desc == head + 1);
			assert(!done[head] && !dropped[head]);
			if
			:: head < abort_before -> dropped[head] = true
			:: else -> done[head] = true
			fi;
#ifndef BREAK_HEAD_FIRST
			store(DISPATCHER, HEAD, head + 1, RELEASE);
#endif
			head++
		:: else
		fi
	:: over && submitting == 0 && tail == head -> break
	od;
	settled(DISPATCHER)
}

/* dsa_work_stop, dsa_work_mark, dsa_work_abort, dsa_work_passed */
inline stop()
{
#ifdef BREAK_MARK_FIRST
	mark = tail;
#endif
	open = false;
#ifndef BREAK_MARK_FIRST
	mark = tail;
#endif
#ifdef ABORT
	abort_before = mark;
#endif
	memory[HEAD] >= mark;
	assert(tail == mark);
	i = 0;
	do
	:: i < mark -> assert(done[i] || dropped[i]); i++
	:: else -> break
	od;
	i = 0
}

proctype control()
{
	byte mark, i;

	stop();
	/* dsa_work_enable */
	if
	:: limit = 0
	:: limit = 1
	fi;
	d_step { open = true; epoch++ };
	stop();
	over = true
}

init {
	atomic {
		open = true;
		limit = 2;
		run drain(0);
		run drain(1);
		run drain(DISPATCHER);
		run submitter(0);
		run submitter(1);
		run dispatcher();
		run control()
	}
}
