/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "signals.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define EVENTS 64

/* What a program's handler saw, in order. */
static struct {
	volatile int count;
	volatile int signals[EVENTS];
	volatile int values[EVENTS];
	volatile int codes[EVENTS];
	sigset_t mask; /* in the last one */
} seen;

static void
handler(int sig, siginfo_t *info, void *context)
{
	int i = seen.count % EVENTS;

	(void)context;
	seen.signals[i] = sig;
	seen.values[i] = info->si_value.sival_int;
	seen.codes[i] = info->si_code;
	pthread_sigmask(SIG_BLOCK, NULL, &seen.mask);
	seen.count++;
}

static void
simple_handler(int sig)
{
	siginfo_t info = {.si_signo = sig};

	handler(sig, &info, NULL);
}

static void
install(int sig, void (*func)(int, siginfo_t *, void *), int flags)
{
	struct sigaction act = {.sa_sigaction = func, .sa_flags = SA_SIGINFO | flags};

	sigemptyset(&act.sa_mask);
	assert_int_equal(sigaction(sig, &act, NULL), 0);
}

static int
forget(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	return 0;
}

static void
send_value(int sig, int value)
{
	assert_int_equal(sigqueue(getpid(), sig, (union sigval){.sival_int = value}), 0);
}

static void
send_value_to_thread(int sig, int value)
{
	assert_int_equal(pthread_sigqueue(pthread_self(), sig, (union sigval){.sival_int = value}),
			 0);
}

static sigset_t
mask_now(void)
{
	sigset_t mask;

	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
	return mask;
}

/* ---- What a program sees of its own actions ---- */

static void
sigaction_returns_what_was_set(void **state)
{
	struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESETHAND};
	struct sigaction old;

	(void)state;
	sigemptyset(&act.sa_mask);
	sigaddset(&act.sa_mask, SIGSEGV);
	sigaddset(&act.sa_mask, SIGUSR2);
	assert_int_equal(sigaction(SIGUSR1, &act, NULL), 0);
	assert_int_equal(sigaction(SIGUSR1, NULL, &old), 0);
	assert_ptr_equal(old.sa_sigaction, handler);
	assert_int_equal(old.sa_flags, act.sa_flags);
	assert_int_equal(sigismember(&old.sa_mask, SIGSEGV), 1);
	assert_int_equal(sigismember(&old.sa_mask, SIGUSR2), 1);
	assert_int_equal(sigismember(&old.sa_mask, SIGHUP), 0);
	assert_ptr_equal(signal(SIGUSR1, SIG_IGN), (sighandler_t)(void (*)(void))handler);
	assert_ptr_equal(signal(SIGUSR1, SIG_DFL), SIG_IGN);
	assert_ptr_equal(signal(SIGUSR1, simple_handler), SIG_DFL);
	assert_int_equal(sigaction(SIGUSR1, NULL, &old), 0);
	assert_int_equal(old.sa_flags & SA_RESTART, SA_RESTART);
	signal(SIGUSR1, SIG_DFL);
}

static void
impossible_actions_are_refused(void **state)
{
	static const int bad[] = {0, -1, 65, 32, 33, SIGKILL, SIGSTOP};
	struct sigaction act = {.sa_handler = simple_handler};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		assert_int_equal(sigaction(bad[i], &act, NULL), -1);
		assert_int_equal(errno, EINVAL);
		assert_ptr_equal(signal(bad[i], simple_handler), SIG_ERR);
	}
	assert_int_equal(sigaction(SIGKILL, NULL, &act), 0);
	assert_ptr_equal(signal(SIGUSR1, SIG_ERR), SIG_ERR);
}

static void
reset_handler_is_used_once(void **state)
{
	struct sigaction old;

	(void)state;
	install(SIGUSR1, handler, SA_RESETHAND);
	signals_enter();
	raise(SIGUSR1);
	signals_leave();
	assert_int_equal(seen.count, 1);
	assert_int_equal(sigaction(SIGUSR1, NULL, &old), 0);
	assert_ptr_equal(old.sa_handler, SIG_DFL);
	if (fork() == 0) {
		raise(SIGUSR1);
		_exit(0);
	}
	int status;
	assert_true(wait(&status) > 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
}

static void
system_v_signal_resets_and_sigset_holds(void **state)
{
	sigset_t mask;

	(void)state;
	assert_ptr_equal(sysv_signal(SIGUSR2, simple_handler), SIG_DFL);
	raise(SIGUSR2);
	assert_int_equal(seen.count, 1);
	assert_ptr_equal(signal(SIGUSR2, SIG_DFL), SIG_DFL);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	assert_ptr_equal(sigset(SIGUSR2, simple_handler), SIG_DFL);
	assert_ptr_equal(sigset(SIGUSR2, SIG_HOLD), simple_handler);
	raise(SIGUSR2);
	assert_int_equal(seen.count, 1);
	assert_ptr_equal(sigset(SIGUSR2, simple_handler), SIG_HOLD);
#pragma GCC diagnostic pop
	assert_int_equal(seen.count, 2);
	mask = mask_now();
	assert_int_equal(sigismember(&mask, SIGUSR2), 0);
	signal(SIGUSR2, SIG_DFL);
}

/* ---- Masks ---- */

static void
our_signals_are_never_blocked(void **state)
{
	static const int ours[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP};
	sigset_t all, before, mask;

	(void)state;
	sigfillset(&all);
	assert_int_equal(sigprocmask(SIG_SETMASK, &all, &before), 0);
	mask = mask_now();
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	assert_int_equal(sigismember(&mask, SIGINT), 1);
	for (size_t i = 0; i < 4; i++) {
		assert_true(signals_is_ours(ours[i]));
		assert_int_equal(sigismember(&mask, ours[i]), 0);
	}
	assert_false(signals_is_ours(SIGINT));
	assert_false(signals_is_ours(0));
	assert_int_equal(pthread_sigmask(77, &all, NULL), EINVAL);
	assert_int_equal(sigprocmask(77, &all, NULL), -1);
}

static void
handlers_have_their_masks_but_for_ours(void **state)
{
	struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	sigset_t none;

	(void)state;
	sigfillset(&act.sa_mask);
	assert_int_equal(sigaction(SIGUSR1, &act, NULL), 0);
	for (int inside = 0; inside < 2; inside++) {
		if (inside)
			signals_enter();
		raise(SIGUSR1);
		if (inside)
			signals_leave();
		assert_int_equal(seen.count, inside + 1);
		assert_int_equal(sigismember(&seen.mask, SIGUSR2), 1);
		assert_int_equal(sigismember(&seen.mask, SIGSEGV), 0);
	}
	/* A mask that only the kernel saw. */
	sigfillset(&none);
	assert_int_equal(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &none, NULL, 8), 0);
	raise(SIGUSR1);
	sigdelset(&none, SIGUSR1);
	assert_int_equal(sigsuspend(&none), -1);
	assert_int_equal(seen.count, 3);
	assert_int_equal(sigismember(&seen.mask, SIGSEGV), 0);
	assert_int_equal(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &none, NULL, 8), 0);
	sigemptyset(&none);
	sigaddset(&none, SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &none, NULL);
	signal(SIGUSR1, SIG_DFL);
}

/* ---- Putting off ---- */

static void
inside_handlers_wait_for_the_end(void **state)
{
	sigset_t before = mask_now(), after;

	(void)state;
	install(SIGINT, handler, 0);
	signals_enter();
	signals_enter();
	raise(SIGINT);
	raise(SIGINT);
	assert_int_equal(seen.count, 0);
	signals_leave();
	assert_int_equal(seen.count, 0);
	signals_leave();
	/* One of a kind was pending, and one had come already: as ever with these. */
	assert_in_range(seen.count, 1, 2);
	after = mask_now();
	assert_memory_equal(&before, &after, 8);
	raise(SIGINT);
	assert_in_range(seen.count, 2, 3);
	signal(SIGINT, SIG_DFL);
}

static void
order_with(void (*send)(int sig, int value), int flags)
{
	int sig = SIGRTMIN + 3;

	forget(NULL);
	install(sig, handler, flags);
	signals_enter();
	for (int i = 1; i <= 20; i++)
		send(sig, i);
	assert_int_equal(seen.count, 0);
	signals_leave();
	assert_int_equal(seen.count, 20);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(seen.signals[i], sig);
		assert_int_equal(seen.values[i], i + 1);
		assert_int_equal(seen.codes[i], SI_QUEUE);
	}
	signal(sig, SIG_DFL);
}

static void
queued_signals_keep_order_and_values(void **state)
{
	(void)state;
	order_with(send_value, 0);
	order_with(send_value_to_thread, 0);
}

/* All of them come at one moment, so that each handler is interrupted by the next at its start,
 * and some were queued before the thread went inside.
 */
static void
a_burst_inside_keeps_order(void **state)
{
	int sig = SIGRTMIN + 4, i;
	sigset_t both, before, after;

	(void)state;
	install(sig, handler, 0);
	install(SIGUSR1, handler, 0);
	sigemptyset(&both);
	sigaddset(&both, sig);
	sigaddset(&both, SIGUSR1);
	before = mask_now();
	sigprocmask(SIG_BLOCK, &both, NULL);
	for (i = 1; i <= 5; i++)
		send_value_to_thread(sig, i);
	raise(SIGUSR1);
	signals_enter();
	sigprocmask(SIG_UNBLOCK, &both, NULL);
	assert_int_equal(seen.count, 0);
	signals_leave();
	assert_int_equal(seen.count, 6);
	for (i = 0; i < 6 && seen.signals[i] != sig; i++)
		;
	for (int value = 1; i < 6; i++) {
		if (seen.signals[i] == sig)
			assert_int_equal(seen.values[i], value++);
	}
	after = mask_now();
	assert_memory_equal(&before, &after, 8);
	signal(sig, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
}

static void
a_full_queue_loses_no_signal(void **state)
{
	int sig = SIGRTMIN + 5;

	(void)state;
	install(sig, handler, 0);
	if (fork() == 0) {
		struct rlimit none = {0, 0};
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, sig);
		sigprocmask(SIG_BLOCK, &set, NULL);
		send_value(sig, 1);
		setrlimit(RLIMIT_SIGPENDING, &none);
		signals_enter();
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		if (seen.count != 0)
			_exit(1);
		signals_leave();
		_exit(seen.count == 1 ? 0 : 2);
	}
	int status;
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	signal(sig, SIG_DFL);
}

static void
ours_sent_by_somebody_wait_too(void **state)
{
	(void)state;
	assert_int_equal(signals_install(SIGTRAP, signals_chain), 0);
	install(SIGTRAP, handler, 0);
	signals_enter();
	send_value_to_thread(SIGTRAP, 9);
	assert_int_equal(seen.count, 0);
	signals_leave();
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.values[0], 9);
	signal(SIGTRAP, SIG_IGN);
	raise(SIGTRAP);
	assert_ptr_equal(signal(SIGTRAP, SIG_DFL), SIG_IGN);
	if (fork() == 0) {
		raise(SIGTRAP);
		_exit(0);
	}
	int status;
	assert_true(wait(&status) > 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP);
}

static sigjmp_buf out;

static void
jump(int sig, siginfo_t *info, void *context)
{
	handler(sig, info, context);
	siglongjmp(out, 1);
}

static void
handlers_may_jump_out(void **state)
{
	sigset_t before = mask_now(), after;

	(void)state;
	install(SIGINT, jump, 0);
	for (int i = 1; i <= 3; i++) {
		if (sigsetjmp(out, 1) == 0) {
			signals_enter();
			raise(SIGINT);
			signals_leave();
			fail();
		}
		assert_int_equal(seen.count, i);
		after = mask_now();
		assert_memory_equal(&before, &after, 8);
	}
	/* The thread is outside again: this one comes at once. */
	install(SIGINT, handler, 0);
	raise(SIGINT);
	assert_int_equal(seen.count, 4);
	signal(SIGINT, SIG_DFL);
}

/* ---- Many ---- */

static atomic_int busy; /* a lock that is held inside, and taken by the handler */
static volatile int ticks, stuck;

static void
tick(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	signals_enter();
	if (atomic_exchange(&busy, 1) != 0)
		stuck++;
	else
		atomic_store(&busy, 0);
	signals_leave();
	ticks++;
}

static void
thousands_of_signals_find_no_lock_taken(void **state)
{
	struct itimerval fast = {{0, 50}, {0, 50}}, off = {{0, 0}, {0, 0}};
	sigset_t before = mask_now(), after;

	(void)state;
	install(SIGALRM, tick, SA_RESTART);
	install(SIGVTALRM, tick, SA_RESTART);
	assert_int_equal(setitimer(ITIMER_REAL, &fast, NULL), 0);
	assert_int_equal(setitimer(ITIMER_VIRTUAL, &fast, NULL), 0);
	for (long i = 0; ticks < 3000 && i < 2000000000; i++) {
		signals_enter();
		atomic_store(&busy, 1);
		for (int j = 0; j < 200; j++)
			atomic_signal_fence(memory_order_seq_cst);
		atomic_store(&busy, 0);
		signals_leave();
	}
	setitimer(ITIMER_REAL, &off, NULL);
	setitimer(ITIMER_VIRTUAL, &off, NULL);
	assert_true(ticks >= 3000);
	assert_int_equal(stuck, 0);
	after = mask_now();
	assert_memory_equal(&before, &after, 8);
	signal(SIGALRM, SIG_DFL);
	signal(SIGVTALRM, SIG_DFL);
}

/* A child of vfork runs in this memory, and what it sets is its own. */
static void
vfork_child_leaves_the_table_alone(void **state)
{
	struct sigaction old;
	pid_t pid;
	int status;

	(void)state;
	install(SIGUSR1, handler, 0);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	pid = vfork();
#pragma GCC diagnostic pop
	if (pid == 0) {
		signal(SIGUSR1, SIG_DFL);
		_exit(0);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_int_equal(sigaction(SIGUSR1, NULL, &old), 0);
	assert_ptr_equal(old.sa_sigaction, handler);
	raise(SIGUSR1);
	assert_int_equal(seen.count, 1);
	signal(SIGUSR1, SIG_DFL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sigaction_returns_what_was_set, forget),
		cmocka_unit_test_setup(impossible_actions_are_refused, forget),
		cmocka_unit_test_setup(reset_handler_is_used_once, forget),
		cmocka_unit_test_setup(system_v_signal_resets_and_sigset_holds, forget),
		cmocka_unit_test_setup(our_signals_are_never_blocked, forget),
		cmocka_unit_test_setup(handlers_have_their_masks_but_for_ours, forget),
		cmocka_unit_test_setup(inside_handlers_wait_for_the_end, forget),
		cmocka_unit_test_setup(queued_signals_keep_order_and_values, forget),
		cmocka_unit_test_setup(a_burst_inside_keeps_order, forget),
		cmocka_unit_test_setup(a_full_queue_loses_no_signal, forget),
		cmocka_unit_test_setup(ours_sent_by_somebody_wait_too, forget),
		cmocka_unit_test_setup(handlers_may_jump_out, forget),
		cmocka_unit_test_setup(thousands_of_signals_find_no_lock_taken, forget),
		cmocka_unit_test_setup(vfork_child_leaves_the_table_alone, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
