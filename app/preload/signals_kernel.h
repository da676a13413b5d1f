/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SIGNALS_KERNEL_H
#define SLIPWAY_SIGNALS_KERNEL_H

/**
 * @file
 * Signals as the kernel knows them, by system calls of our own: the C library's functions are the
 * ones that are interposed, and those that are not keep errno. All of this may be called from
 * signal handlers, by any thread, at any time. Return values are the kernel's: negative errnos.
 */

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/** Signals are numbered 1 to this. */
#define KERNEL_SIGNALS 64
/** A set of signals. */
#define KERNEL_BIT(sig) (UINT64_C(1) << ((sig)-1))
/** The two signals that the C library keeps for itself. */
#define KERNEL_LIBC_SIGNALS (KERNEL_BIT(32) | KERNEL_BIT(33))

typedef void (*kernel_handler)(int sig, siginfo_t *info, void *context);

/** SIG_DFL and SIG_IGN of this type. */
#define KERNEL_DEFAULT ((kernel_handler)(void (*)(void))SIG_DFL)
#define KERNEL_IGNORE  ((kernel_handler)(void (*)(void))SIG_IGN)

/** What rt_sigaction takes. */
struct kernel_action {
	kernel_handler handler;
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/** The flag that says there is a restorer, which x86-64 insists on. */
#define KERNEL_SA_RESTORER 0x04000000ul

static inline long
kernel_call(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline int
kernel_sigaction(int sig, const struct kernel_action *act, struct kernel_action *old)
{
	return (int)kernel_call(SYS_rt_sigaction, sig, (long)act, (long)old, sizeof(uint64_t));
}

static inline int
kernel_sigmask(int how, const uint64_t *set, uint64_t *old)
{
	return (int)kernel_call(SYS_rt_sigprocmask, how, (long)set, (long)old, sizeof(uint64_t));
}

/** Queue a signal to the calling thread. */
static inline int
kernel_queue(int sig, const siginfo_t *info)
{
	long pid = kernel_call(SYS_getpid, 0, 0, 0, 0);
	long tid = kernel_call(SYS_gettid, 0, 0, 0, 0);

	return (int)kernel_call(SYS_rt_tgsigqueueinfo, pid, tid, sig, (long)info);
}

/** Take a pending signal, the thread's own ones first, without waiting. Its number, or -EAGAIN. */
static inline int
kernel_take(uint64_t set, siginfo_t *info)
{
	static const struct timespec now;

	return (int)kernel_call(SYS_rt_sigtimedwait, (long)&set, (long)info, (long)&now,
				sizeof(uint64_t));
}

static inline uint64_t
kernel_pending(void)
{
	uint64_t set = 0;

	kernel_call(SYS_rt_sigpending, (long)&set, sizeof(set), 0, 0);
	return set;
}

#endif /* SLIPWAY_SIGNALS_KERNEL_H */
