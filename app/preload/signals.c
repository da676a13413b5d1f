/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "signals.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include "signals_actions.h"

/* How a marker in a queue of signals is known: no code of the kernel's, and our own address. */
#define MARKER_CODE (-0x534c)

/* A thread. It and handlers that interrupt it are the only ones to look. */
struct self {
	volatile unsigned int depth; /* of signals_enter */
	volatile bool any_time;      /* cancelled then, once `depth` is 0 again */
	volatile bool put_off;       /* all signals are blocked, and `mask` is what to go back to */
	volatile uint64_t mask;
	volatile uint64_t kept; /* of ACTIONS_OURS, sent by somebody, and not to be blocked */
	siginfo_t infos[4];     /* of those kept */
};

static _Thread_local struct self self;

static const int ours[4] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP};

/* The mask in a context: the kernel fills in 64 signals, and the type has room for more. */
static uint64_t
context_mask(const ucontext_t *context)
{
	uint64_t mask;

	memcpy(&mask, &context->uc_sigmask, sizeof(mask));
	return mask;
}

static void
context_set_mask(ucontext_t *context, uint64_t mask)
{
	memcpy(&context->uc_sigmask, &mask, sizeof(mask));
}

bool
signals_is_ours(int sig)
{
	return sig >= 1 && sig <= KERNEL_SIGNALS && (KERNEL_BIT(sig) & ACTIONS_OURS) != 0;
}

/* ---- Putting off ---- */

/* To the calling thread, which has it blocked. A queue may be full; the signal itself gets through
 * even then, without what was sent along.
 */
static void
queue(int sig, const siginfo_t *info)
{
	siginfo_t bare = *info;

	if (kernel_queue(sig, info) == 0)
		return;
	bare.si_code = SI_USER;
	kernel_queue(sig, &bare);
}

/* A signal that was taken out of the thread's queue goes back, in front of those of its number
 * that came after it: around a marker, the others are sent to the end one by one.
 */
static void
queue_first(int sig, const siginfo_t *info)
{
	siginfo_t marker = {.si_signo = sig, .si_code = MARKER_CODE}, next;

	marker.si_ptr = &self;
	/* The lower ones have no order: there is never more than one of a kind. */
	if (sig < SIGRTMIN || (kernel_pending() & KERNEL_BIT(sig)) == 0 ||
	    kernel_queue(sig, &marker) != 0) {
		queue(sig, info);
		return;
	}
	queue(sig, info);
	while (kernel_take(KERNEL_BIT(sig), &next) == sig) {
		if (next.si_code == MARKER_CODE && next.si_ptr == (void *)&self)
			break;
		queue(sig, &next);
	}
}

static void
put_off(int sig, const siginfo_t *info, ucontext_t *context)
{
	const uint64_t all = ~ACTIONS_OURS;

	/* Several may come at once, each handler interrupted by the next before its first
	 * instruction. The last to get here is the one that interrupted the thread itself.
	 */
	kernel_sigmask(SIG_BLOCK, &all, NULL);
	self.mask = context_mask(context);
	self.put_off = true;
	context_set_mask(context, self.mask | all);
	queue_first(sig, info);
}

/* One of ours that was sent to the thread; there is one of a kind, as in the kernel. */
static void
keep(int sig, const siginfo_t *info)
{
	for (unsigned int i = 0; i < 4; i++) {
		if (ours[i] == sig && (self.kept & KERNEL_BIT(sig)) == 0) {
			self.infos[i] = *info;
			self.kept |= KERNEL_BIT(sig);
		}
	}
}

static void
bring_back(void)
{
	uint64_t mask = self.mask;

	/* A handler may leave by siglongjmp, so everything is in order before each step. */
	if (self.put_off) {
		self.put_off = false;
		kernel_sigmask(SIG_SETMASK, &mask, NULL);
	}
	for (unsigned int i = 0; i < 4; i++) {
		siginfo_t info = self.infos[i];

		if ((self.kept & KERNEL_BIT(ours[i])) == 0)
			continue;
		self.kept &= ~KERNEL_BIT(ours[i]);
		queue(ours[i], &info);
	}
}

void
signals_enter(void)
{
	int type;

	/* Pairs with the handler on this thread: what follows is not done before it can see it. */
	self.depth++;
	atomic_signal_fence(memory_order_seq_cst);
	if (self.depth > 1)
		return;
	/* A thread that ends in the middle takes locks with it. This is a load where the type is
	 * deferred anyway.
	 */
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
	self.any_time = type == PTHREAD_CANCEL_ASYNCHRONOUS;
}

void
signals_leave(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	self.depth--;
	if (self.depth > 0)
		return;
	if (self.any_time)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	if (self.put_off || self.kept != 0)
		bring_back();
}

/* ---- Calling the program ---- */

void
signals_dispatch(int sig, siginfo_t *info, void *context)
{
	const uint64_t never = ACTIONS_OURS;
	struct action act;

	if (self.depth != 0 && (KERNEL_BIT(sig) & ACTIONS_OURS) == 0) {
		put_off(sig, info, context);
		return;
	}
	act = actions_take(sig);
	if (act.handler == KERNEL_IGNORE)
		return;
	if (!action_calls(&act)) {
		/* It was changed after the kernel looked. */
		actions_default(sig);
		queue(sig, info);
		return;
	}
	/* sigsuspend and the like take a mask that nobody has seen. */
	kernel_sigmask(SIG_UNBLOCK, &never, NULL);
	act.handler(sig, info, context);
}

static void
call(int sig, const struct action *act, siginfo_t *info, ucontext_t *context)
{
	uint64_t mask = context_mask(context) | act->mask;

	if ((act->flags & SA_NODEFER) == 0)
		mask |= KERNEL_BIT(sig);
	mask &= ~ACTIONS_OURS;
	kernel_sigmask(SIG_SETMASK, &mask, NULL);
	act->handler(sig, info, context);
	context_set_mask(context, context_mask(context) & ~ACTIONS_OURS);
}

static void
chain(int sig, siginfo_t *info, ucontext_t *context, bool comes_again)
{
	struct action act = actions_take(sig);

	if (action_calls(&act)) {
		call(sig, &act, info, context);
		return;
	}
	/* What was sent may be ignored; a fault may not, and the kernel does not either. */
	if (act.handler == KERNEL_IGNORE && info->si_code <= 0)
		return;
	actions_default(sig);
	if (!comes_again)
		queue(sig, info);
}

void
signals_chain(int sig, siginfo_t *info, void *context)
{
	bool fault = info->si_code > 0;

	if (!fault && self.depth != 0) {
		keep(sig, info);
		return;
	}
	/* The trap instruction is behind us already. */
	chain(sig, info, context, fault && sig != SIGTRAP);
}

void
signals_raise(int sig, siginfo_t *info, void *context)
{
	chain(sig, info, context, false);
}

int
signals_install(int sig, void (*handler)(int, siginfo_t *, void *))
{
	return actions_install(sig, handler);
}
