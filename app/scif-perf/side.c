/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * One of the two processes of a pair.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "perf.h"

double
perf_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Between two looks at what the other side is to do. */
void
perf_pause(const struct perf_side *s)
{
	if (s->yields)
		sched_yield();
#if defined(__x86_64__)
	else
		__builtin_ia32_pause();
#endif
}

/* ---- Bytes that say where they are from ---- */

static uint64_t
pattern(unsigned int side, size_t index)
{
	return (index + 1) * UINT64_C(0x9e3779b97f4a7c15) + side;
}

void
perf_fill(void *bytes, size_t size, unsigned int side)
{
	uint64_t *word = bytes;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		word[i] = pattern(side, i);
}

int
perf_check(const void *bytes, size_t size, unsigned int side)
{
	const uint64_t *word = bytes;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		if (word[i] != pattern(side, i))
			return -EBADMSG;
	return 0;
}

/* ---- Jobs ---- */

static int
work(struct perf_side *s, const struct perf_job *job, struct perf_done *done)
{
	switch (job->part) {
	case PERF_TRIPS:
		return job->way == PERF_RAW || job->way == PERF_MAPPED ? perf_memory_trips(s, job)
								       : perf_messages(s, job);
	case PERF_STREAMS:
		return job->way == PERF_RAW ? perf_memory_stream(s, job) : perf_messages(s, job);
	case PERF_RMA:
		if (perf_is_socket(job->way))
			return perf_messages(s, job);
		if (s->side != 0)
			return 0;
		return job->way == PERF_MEMCPY || job->way == PERF_VM ? perf_memory_copies(s, job)
								      : perf_scif_copies(s, job);
	case PERF_CONNECTIONS:
		return job->way == PERF_SCIF ? perf_scif_connections(s, job)
					     : perf_socket_connections(s, job);
	default:
		return perf_scif_endpoints(s, job, done);
	}
}

/* Both begin at the same time. */
static void
start_line(struct perf_side *s)
{
	uint32_t all = 2 * ++s->turn;

	atomic_fetch_add(&s->shared->arrived, 1);
	while (atomic_load(&s->shared->arrived) < all)
		perf_pause(s);
}

/* The side that can see the bytes of a job: streams go to the second one, all else ends here. */
static unsigned int
arrives_at(const struct perf_job *job)
{
	return job->part == PERF_STREAMS ||
	       (job->part == PERF_RMA && perf_is_socket(job->way));
}

static int
check(const struct perf_side *s, const struct perf_job *job)
{
	bool theirs = job->way == PERF_READFROM || job->way == PERF_VREADFROM ||
		      job->way == PERF_VM;

	if ((job->part == PERF_TRIPS && job->way < PERF_SCIF) || s->side != arrives_at(job))
		return 0;
	return perf_check(perf_landing(s, job->way), job->size, theirs);
}

static void
do_job(struct perf_side *s, const struct perf_job *job, struct perf_done *done)
{
	double begin;

	if (job->check && job->part <= PERF_RMA && s->side == arrives_at(job))
		memset(perf_landing(s, job->way), 0, job->size);
	start_line(s);
	begin = perf_now();
	done->ret = work(s, job, done);
	done->seconds = perf_now() - begin;
	if (done->ret == 0 && job->check && job->part <= PERF_RMA)
		done->ret = check(s, job);
}

static int
set_up(struct perf_side *s, unsigned int cpu)
{
	cpu_set_t set;
	char node[8];

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return -errno;
	/* The other side reads our memory; where no such rule is, this fails and nobody minds. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	perf_fill(s->source, s->size, s->side);
	memset(s->landing, 0, s->size);
	atomic_store(&s->shared->pid[s->side], getpid());
	s->turn = 0;
	start_line(s);
	s->peer = atomic_load(&s->shared->pid[!s->side]);
	snprintf(node, sizeof(node), "%u", s->node);
	if (setenv("SLIPWAY_SCIF_NODE", node, 1) < 0)
		return -errno;
	/* Who looks while the other one could run keeps it from it. */
	if (s->yields && setenv("SLIPWAY_SCIF_SPIN_US", "0", 0) < 0)
		return -errno;
	return perf_scif_connect(s);
}

/** Get ready, say so, and do jobs until the descriptor ends. */
void
perf_side_serve(struct perf_side *s, int fd, unsigned int cpu)
{
	struct perf_done done = {.ret = set_up(s, cpu)};
	bool ready = done.ret == 0;
	struct perf_job job;

	while (send(fd, &done, sizeof(done), MSG_NOSIGNAL) == sizeof(done) && ready &&
	       recv(fd, &job, sizeof(job), 0) == sizeof(job)) {
		done = (struct perf_done){0};
		do_job(s, &job, &done);
	}
	_exit(0);
}
