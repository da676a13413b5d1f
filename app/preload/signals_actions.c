/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "signals_actions.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "bus_relax.h"

/* The kernel has, for a signal with a handler of the program's, signals_dispatch; for one of ours,
 * once installed, the shim's handler; else whatever it was told. So where the kernel has neither,
 * it is the kernel who knows the program's action, and this table is not looked at.
 *
 * Readers are signal handlers and cannot wait for a lock that their own thread may hold: each row
 * is read again when its sequence says that it was being written. Writers hold `writing` and have
 * all signals blocked.
 */
struct row {
	_Atomic uint32_t sequence; /* odd while it is written */
	_Atomic(kernel_handler) handler;
	_Atomic unsigned long flags;
	_Atomic uint64_t mask;
	_Atomic(kernel_handler) installed; /* the shim's own, NULL for none */
};

static struct row rows[KERNEL_SIGNALS + 1];
static atomic_int writing;
/* The process that the table belongs to. A child of vfork runs in its parent's memory, and resets
 * signals there before it executes something: that is not to change the parent's table. 0 until the
 * constructor has run.
 */
static _Atomic long owner;

/* The bytes are those by which unwinders and debuggers know a signal frame. */
__asm__(".text\n"
	"	nop\n" /* unwinders look up the byte before */
	"actions_restorer:\n"
	"	.byte 0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00\n" /* mov $15, %rax: rt_sigreturn */
	"	syscall\n");
__attribute__((visibility("hidden"))) void actions_restorer(void);

/* ---- Locking ---- */

static void
lock(uint64_t *mask)
{
	const uint64_t all = ~UINT64_C(0);

	kernel_sigmask(SIG_SETMASK, &all, mask);
	/* Acquire pairs with the release in unlock. */
	for (unsigned int tries = 0;
	     atomic_exchange_explicit(&writing, 1, memory_order_acquire) != 0; tries++)
		bus_relax(tries);
}

static void
unlock(const uint64_t *mask)
{
	atomic_store_explicit(&writing, 0, memory_order_release);
	kernel_sigmask(SIG_SETMASK, mask, NULL);
}

/* A child must not find the lock taken by a thread that it does not have. */
static uint64_t fork_mask;

static void
fork_prepare(void)
{
	uint64_t mask;

	lock(&mask);
	fork_mask = mask;
}

static void
fork_parent(void)
{
	uint64_t mask = fork_mask;

	unlock(&mask);
}

static void
fork_child(void)
{
	atomic_store_explicit(&owner, kernel_call(SYS_getpid, 0, 0, 0, 0), memory_order_relaxed);
	fork_parent();
}

__attribute__((constructor)) static void
actions_start(void)
{
	atomic_store_explicit(&owner, kernel_call(SYS_getpid, 0, 0, 0, 0), memory_order_relaxed);
	/* Fails only without memory; then a child may have to do without a handler of its own. */
	(void)pthread_atfork(fork_prepare, fork_parent, fork_child);
}

static bool
is_owner(void)
{
	long pid = atomic_load_explicit(&owner, memory_order_relaxed);

	return pid == 0 || pid == kernel_call(SYS_getpid, 0, 0, 0, 0);
}

/* ---- Rows ---- */

static struct action
row_get(const struct row *row)
{
	struct action act;
	uint32_t before, after;

	do {
		/* Acquire pairs with the release at the end of row_put; the fence with the one at
		 * its start.
		 */
		before = atomic_load_explicit(&row->sequence, memory_order_acquire);
		act.handler = atomic_load_explicit(&row->handler, memory_order_relaxed);
		act.flags = atomic_load_explicit(&row->flags, memory_order_relaxed);
		act.mask = atomic_load_explicit(&row->mask, memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&row->sequence, memory_order_relaxed);
	} while (before != after || (before & 1) != 0);
	return act;
}

static void
row_put(struct row *row, const struct action *act)
{
	uint32_t sequence = atomic_load_explicit(&row->sequence, memory_order_relaxed);

	atomic_store_explicit(&row->sequence, sequence + 1, memory_order_relaxed);
	/* Pairs with the fence in row_get: who sees a new value sees the sequence odd, or later. */
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&row->handler, act->handler, memory_order_relaxed);
	atomic_store_explicit(&row->flags, act->flags, memory_order_relaxed);
	atomic_store_explicit(&row->mask, act->mask, memory_order_relaxed);
	atomic_store_explicit(&row->sequence, sequence + 2, memory_order_release);
}

/* ---- Telling the kernel ---- */

static int
tell(int sig, kernel_handler handler, unsigned long flags, uint64_t mask)
{
	const struct kernel_action act = {
		.handler = handler,
		.flags = flags | KERNEL_SA_RESTORER,
		.restorer = actions_restorer,
		.mask = mask,
	};

	return kernel_sigaction(sig, &act, NULL);
}

/* One of ours: the program's wishes are kept, and only its stack is taken over. NODEFER, since the
 * shim itself may meet a bad address; everything else waits until it is done.
 */
static int
tell_ours(int sig, kernel_handler installed, const struct action *act)
{
	unsigned long flags = SA_SIGINFO | SA_NODEFER;

	if (action_calls(act))
		flags |= act->flags & (SA_ONSTACK | SA_RESTART);
	return tell(sig, installed, flags, ~ACTIONS_OURS);
}

static int
change(int sig, const struct action *act)
{
	struct row *row = &rows[sig];
	kernel_handler installed = atomic_load_explicit(&row->installed, memory_order_relaxed);
	int ret;

	if (!is_owner())
		return tell(sig, act->handler, act->flags, act->mask);
	if (installed != NULL) {
		row_put(row, act);
		return tell_ours(sig, installed, act);
	}
	if (!action_calls(act)) {
		ret = tell(sig, act->handler, act->flags, act->mask);
		if (ret == 0)
			row_put(row, act);
		return ret;
	}
	/* The row first: from the next line on signals_dispatch may ask for it. SA_RESETHAND is
	 * done by actions_take, since a signal may have to be dispatched twice.
	 */
	row_put(row, act);
	return tell(sig, signals_dispatch, (act->flags & ~(unsigned long)SA_RESETHAND) | SA_SIGINFO,
		    act->mask & ~ACTIONS_OURS);
}

/* ---- Interface ---- */

/* What is true now, for the program. */
static struct action
current(int sig)
{
	kernel_handler installed = atomic_load_explicit(&rows[sig].installed, memory_order_relaxed);
	struct kernel_action kernel = {.handler = KERNEL_DEFAULT};

	kernel_sigaction(sig, NULL, &kernel);
	if (kernel.handler == signals_dispatch ||
	    (installed != NULL && kernel.handler == installed))
		return row_get(&rows[sig]);
	return (struct action){.handler = kernel.handler,
			       .flags = kernel.flags & ~KERNEL_SA_RESTORER,
			       .mask = kernel.mask};
}

int
actions_set(int sig, const struct action *act, struct action *old)
{
	uint64_t mask;
	int ret = 0;

	if (sig < 1 || sig > KERNEL_SIGNALS || (KERNEL_BIT(sig) & KERNEL_LIBC_SIGNALS) != 0 ||
	    (act != NULL && (sig == SIGKILL || sig == SIGSTOP)))
		return -EINVAL;
	lock(&mask);
	if (old != NULL)
		*old = current(sig);
	if (act != NULL)
		ret = change(sig, act);
	unlock(&mask);
	return ret;
}

struct action
actions_take(int sig)
{
	static const struct action reset = {.handler = KERNEL_DEFAULT};
	struct action act = row_get(&rows[sig]);
	uint64_t mask;

	if (!action_calls(&act) || (act.flags & (unsigned long)SA_RESETHAND) == 0)
		return act;
	lock(&mask);
	/* Another thread may have used it up meanwhile, or changed it. */
	act = row_get(&rows[sig]);
	if (action_calls(&act) && (act.flags & (unsigned long)SA_RESETHAND) != 0)
		change(sig, &reset);
	unlock(&mask);
	return act;
}

void
actions_default(int sig)
{
	tell(sig, KERNEL_DEFAULT, 0, 0);
}

int
actions_install(int sig, kernel_handler handler)
{
	struct action act;
	uint64_t mask;
	int ret;

	lock(&mask);
	act = current(sig);
	row_put(&rows[sig], &act);
	ret = tell_ours(sig, handler, &act);
	if (ret == 0)
		atomic_store_explicit(&rows[sig].installed, handler, memory_order_relaxed);
	/* A program may have been started with it blocked. */
	mask &= ~ACTIONS_OURS;
	unlock(&mask);
	return ret;
}
