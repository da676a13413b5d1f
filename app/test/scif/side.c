/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

#define JOBS 24

enum job_state { FREE, ASKED, DONE };

/* In memory of the script and of all sides. Who asks writes the rest before the state, who does it
 * writes the result before the state: release, paired with acquire where it is read.
 */
struct job {
	uint32_t state;
	int tid;
	int side;
	int fault;
	action act;
	int64_t args[8];
	int64_t result;
};

int fault;
uint8_t *share;
enum setting setting;

static struct job *jobs;
static pid_t pids[NB_SIDES];

uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

bool
word_becomes(const volatile int64_t *word, int64_t value, uint64_t end)
{
	unsigned int turn = 0;

	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value) {
		/* Who is to change it may wait for this CPU. */
		if (++turn % 256 == 0)
			sched_yield();
		if (now_ns() > end)
			return false;
	}
	return true;
}

void
pause_ms(unsigned int ms)
{
	const struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

/* Waits for the word to become something else, for 100 ms at most. */
static void
word_wait(uint32_t *word, uint32_t value)
{
	const struct timespec t = {0, 100000000};

	syscall(SYS_futex, word, FUTEX_WAIT, value, &t, NULL, 0);
}

static void
word_set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static uint32_t
word_get(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* ---- In a side ---- */

static void *
job_loop(void *arg)
{
	struct job *job = arg;

	job->tid = (int)syscall(SYS_gettid);
	for (;;) {
		if (word_get(&job->state) != ASKED) {
			word_wait(&job->state, word_get(&job->state));
			continue;
		}
		errno = 0;
		job->result = job->act(job->args);
		job->fault = errno;
		word_set(&job->state, DONE);
	}
	return NULL;
}

static void
interrupted(int sig)
{
	(void)sig;
}

static _Noreturn void
side_run(unsigned int first, unsigned int sides, unsigned int node)
{
	const struct sigaction action = {.sa_handler = interrupted};
	pthread_t thread;
	char number[12];
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGUSR1, &action, NULL);
	snprintf(number, sizeof(number), "%u", node);
	setenv("SLIPWAY_SCIF_NODE", number, 1);
	for (i = first * JOBS; i < (first + sides) * JOBS; i++)
		if (pthread_create(&thread, NULL, job_loop, &jobs[i]) != 0)
			_exit(1);
	for (;;)
		pause();
}

/* ---- In the script ---- */

unsigned int
node_of(int side)
{
	return setting == NODES && side == C ? 1 : 0;
}

int
side_pid(int side)
{
	return pids[setting == THREADS ? 0 : side];
}

void
side_start(int side)
{
	memset(&jobs[side * JOBS], 0, (setting == THREADS ? NB_SIDES : 1) * JOBS * sizeof(*jobs));
	fflush(NULL);
	pids[side] = fork();
	if (pids[side] == 0)
		side_run((unsigned int)side, setting == THREADS ? NB_SIDES : 1, node_of(side));
	assert_true(pids[side] > 0);
}

int
sides_start(void)
{
	const int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_ANONYMOUS;

	if (share == NULL) {
		share = mmap(NULL, SHARE_LEN, prot, flags | MAP_NORESERVE, -1, 0);
		jobs = mmap(NULL, NB_SIDES * JOBS * sizeof(*jobs), prot, flags, -1, 0);
		if (share == MAP_FAILED || jobs == MAP_FAILED)
			return -1;
	}
	madvise(share, SHARE_LEN, MADV_REMOVE);
	side_start(A);
	if (setting != THREADS)
		side_start(C);
	return 0;
}

void
side_kill(int side)
{
	if (pids[side] <= 0)
		return;
	kill(pids[side], SIGKILL);
	waitpid(pids[side], NULL, 0);
	pids[side] = 0;
}

void
sides_end(void)
{
	side_kill(A);
	side_kill(C);
}

struct job *
job_begin(action act, const int64_t args[8])
{
	int side = (int)(args[0] >> SIDE_SHIFT);
	struct job *job;
	unsigned int i;

	assert_true(side == A || side == C);
	for (i = 0; i < JOBS; i++) {
		job = &jobs[(unsigned int)side * JOBS + i];
		if (word_get(&job->state) == FREE)
			break;
	}
	assert_true(i < JOBS);
	job->act = act;
	job->side = side;
	memcpy(job->args, args, sizeof(job->args));
	word_set(&job->state, ASKED);
	return job;
}

bool
job_runs(const struct job *job)
{
	return word_get(&job->state) == ASKED;
}

bool
job_runs_after(const struct job *job, unsigned int ms)
{
	uint64_t end = now_ns() + (uint64_t)ms * 1000000;

	while (job_runs(job) && now_ns() < end)
		pause_ms(1);
	return job_runs(job);
}

int64_t
job_end(struct job *job)
{
	uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;
	int status;

	while (job_runs(job)) {
		word_wait(&job->state, ASKED);
		if (waitpid(side_pid(job->side), &status, WNOHANG) > 0) {
			pids[setting == THREADS ? 0 : job->side] = 0;
			fail_msg("the process of side %c is gone, status %x",
				 job->side == A ? 'A' : 'C', (unsigned int)status);
		}
		if (now_ns() > end)
			fail_msg("a call does not return");
	}
	fault = job->fault;
	word_set(&job->state, FREE);
	return job->result;
}

int64_t
job_call(action act, const int64_t args[8])
{
	return job_end(job_begin(act, args));
}

void
job_interrupt(struct job *job)
{
	pause_ms(50);
	syscall(SYS_tgkill, side_pid(job->side), job->tid, SIGUSR1);
}
