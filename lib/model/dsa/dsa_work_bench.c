/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What a descriptor costs beside its copy, in one thread: batches of 32 moves of 64 bytes against
 * the same copies in a loop, single moves, and what handing one over costs by mode.
 *
 *   dsa_work_bench [rounds]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dsa_work_test_rig.h"

#define MEMBERS 32u
#define BYTES   64u
#define REPEATS 15
/* Entries of the queue that is handed to. */
#define QUEUE 128u

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
enable(struct work_rig *r, bool dedicated)
{
	struct dsa_work_wq wq = dedicated ? work_dedicated() : work_shared();

	wq.size = QUEUE;
	wq.threshold = QUEUE;
	dsa_work_stop(r->work, 0);
	while (dsa_work_step(r->work))
		;
	if (dsa_work_enable(r->work, 0, &wq) < 0)
		exit(1);
}

/* Members as a driver makes them: told only when they fail, their records on top of them. */
static void
make_members(struct dsa_desc members[MEMBERS], uint32_t flags)
{
	for (unsigned int i = 0; i < MEMBERS; i++) {
		members[i] = (struct dsa_desc){
			.pasid = WORK_PASID,
			.op_flags = DSA_OP_FLAGS(DSA_OP_MOVE, flags),
			.cr = work_page(150) + i * DSA_DESC_BYTES,
			.src = work_page(0) + i * 256,
			.dst = work_page(100) + i * 256,
			.size = BYTES,
		};
	}
}

static double
batches(struct work_rig *r, uint32_t flags, unsigned int rounds)
{
	struct dsa_desc members[MEMBERS], batch;
	double start;

	make_members(members, flags);
	enable(r, true);
	start = now();
	for (unsigned int n = 0; n < rounds; n++) {
		batch = work_batch(r, members, MEMBERS, 0);
		*(volatile uint8_t *)work_at(r, batch.cr) = 0;
		work_post(r, 0, &batch);
		while (*(volatile uint8_t *)work_at(r, batch.cr) == 0)
			dsa_work_step(r->work);
	}
	return (now() - start) / rounds / MEMBERS;
}

/* The same without the device: descriptors written, data copied. */
static double
copies(struct work_rig *r, unsigned int rounds)
{
	struct dsa_desc members[MEMBERS];
	double start;

	make_members(members, DSA_FLAG_CRAV);
	start = now();
	for (unsigned int n = 0; n < rounds; n++) {
		struct dsa_desc batch = work_batch(r, members, MEMBERS, 0);

		for (unsigned int i = 0; i < MEMBERS; i++)
			memcpy(work_at(r, members[i].dst), work_at(r, members[i].src), BYTES);
		__asm__ volatile("" : : "r"(&batch) : "memory");
	}
	return (now() - start) / rounds / MEMBERS;
}

static double
singles(struct work_rig *r, bool dedicated, unsigned int rounds)
{
	struct dsa_desc move = work_move(BYTES, 0);
	double start;

	enable(r, dedicated);
	start = now();
	for (unsigned int n = 0; n < rounds; n++) {
		for (unsigned int i = 0; i < MEMBERS; i++) {
			if (dedicated)
				work_post(r, 0, &move);
			else if (work_submit(r, 0, &move) < 0)
				exit(1);
		}
		while (dsa_work_step(r->work))
			;
	}
	return (now() - start) / rounds / MEMBERS;
}

/* Only the handing over: what is queued is done outside the measured time. */
static double
handing(struct work_rig *r, bool dedicated, unsigned int rounds)
{
	struct dsa_desc noop = {.pasid = WORK_PASID};
	double sum = 0;

	enable(r, dedicated);
	for (unsigned int n = 0; n < rounds; n++) {
		double start = now();

		for (unsigned int i = 0; i < QUEUE; i++) {
			if (dedicated)
				work_post(r, 0, &noop);
			else if (work_submit(r, 0, &noop) < 0)
				exit(1);
		}
		sum += now() - start;
		while (dsa_work_step(r->work))
			;
	}
	return sum / rounds / QUEUE;
}

int
main(int argc, char **argv)
{
	static const char *const names[] = {"copies alone", "batch of 32, members told on failure",
					    "batch of 32, all members told", "single, dedicated",
					    "single, shared", "handed over, dedicated",
					    "handed over, shared"};
	enum { KINDS = sizeof(names) / sizeof(names[0]) };
	unsigned int rounds = argc > 1 ? (unsigned int)atoi(argv[1]) : 3000;
	double ns[KINDS][REPEATS];
	struct work_rig *r;

	if (rounds == 0 || work_setup((void **)&r) < 0)
		return 1;
	for (int i = 0; i < REPEATS; i++) {
		ns[0][i] = copies(r, rounds);
		ns[1][i] = batches(r, DSA_FLAG_CRAV, rounds);
		ns[2][i] = batches(r, DSA_FLAG_CRAV | DSA_FLAG_RCR, rounds);
		ns[3][i] = singles(r, true, rounds);
		ns[4][i] = singles(r, false, rounds);
		ns[5][i] = handing(r, true, rounds / 8 + 1);
		ns[6][i] = handing(r, false, rounds / 8 + 1);
	}
	for (int k = 0; k < KINDS; k++) {
		qsort(ns[k], REPEATS, sizeof(ns[k][0]), compare);
		printf("%-38s %6.1f ns per descriptor\n", names[k], ns[k][REPEATS / 2]);
	}
	work_teardown((void **)&r);
	return 0;
}
