/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <rte_cycles.h>
#include <rte_pause.h>

#include "probe.h"
#include "sides.h"
#include "stat.h"

/* Round trips in a batch, and batches: a few milliseconds together. The median leaves out those
 * that were interrupted. On a CPU that has to be shared a round trip may take a time slice: what is
 * not done after RTT_LIMIT_MS is left.
 */
#define RTT_TRIPS    500
#define RTT_BATCHES  15
#define RTT_LIMIT_MS 20

/* Additions in a batch, and batches: a fraction of a millisecond together. */
#define ISSUE_ADDITIONS 200000
#define ISSUE_BATCHES   4

/* Share of the most that was ever seen which a core without a neighbour reaches. */
#define ISSUE_WHOLE 0.9

/* For what the machine can do at its best: a few milliseconds of it. */
#define ISSUE_FIRST_PROBES 32

static double most_issue;

struct ping {
	uint64_t ball __rte_cache_aligned;
	bool over __rte_cache_aligned; /**< time is up */
	uint64_t deadline;             /**< time stamp; whoever sees it pass ends the game */
	unsigned int batches;
	double ns[RTT_BATCHES];
};

/* Wait for a number and answer with the next: false when time is up. */
static bool
play(struct ping *ping, uint64_t number)
{
	while (__atomic_load_n(&ping->ball, __ATOMIC_ACQUIRE) != number) {
		if (__atomic_load_n(&ping->over, __ATOMIC_RELAXED))
			return false;
		if (rte_rdtsc() > ping->deadline)
			__atomic_store_n(&ping->over, true, __ATOMIC_RELAXED);
		rte_pause();
	}
	__atomic_store_n(&ping->ball, number + 1, __ATOMIC_RELEASE);
	return true;
}

/* Side 0 waits for the even numbers. */
static bool
play_batch(struct ping *ping, unsigned int batch, unsigned int side)
{
	uint64_t first = 2 * (uint64_t)batch * RTT_TRIPS + side, i;

	for (i = 0; i < RTT_TRIPS; i++)
		if (!play(ping, first + 2 * i))
			return false;
	return true;
}

static int
play_side(struct sides_run *run, unsigned int side)
{
	struct ping *ping = run->arg;
	unsigned int batch;
	uint64_t start, now;

	for (batch = 0; batch < RTT_BATCHES; batch++) {
		start = rte_rdtsc();
		if (!play_batch(ping, batch, side))
			return 0;
		if (side != 0)
			continue;
		now = rte_rdtsc();
		ping->ns[ping->batches++] = (now - start) * 1e9 / rte_get_tsc_hz() / RTT_TRIPS;
	}
	return 0;
}

double
bench_probe_rtt(void)
{
	struct ping ping = {
		.deadline = rte_rdtsc() + RTT_LIMIT_MS * rte_get_tsc_hz() / 1000,
	};
	struct sides_run run = {.body = play_side, .arg = &ping, .nb_sides = 2};

	if (sides_run(&run) < 0)
		return 0;
	if (ping.batches == 0)
		return RTT_LIMIT_MS * 1e6;
	return bench_median(ping.ns, ping.batches);
}

static double
probe_issue(void)
{
	uint64_t start = rte_rdtsc(), a = start, b = start, c = start, d = start;
	unsigned int i;

	for (i = 0; i < ISSUE_ADDITIONS / 4; i++) {
		a += i, b += i, c += i, d += i;
		/* Keeps the compiler from adding it all up beforehand. */
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
	}
	return (double)ISSUE_ADDITIONS / (rte_rdtsc() - start);
}

double
bench_probe_issue(void)
{
	double most = 0, issue;
	unsigned int i;

	for (i = 0; i < ISSUE_BATCHES; i++) {
		issue = probe_issue();
		most = RTE_MAX(most, issue);
	}
	most_issue = RTE_MAX(most_issue, most);
	return most;
}

void
bench_probe_warm_up(void)
{
	unsigned int i;

	for (i = 0; i < ISSUE_FIRST_PROBES; i++)
		bench_probe_issue();
}

enum bench_tag
bench_probe_issue_tag(const double issue[2])
{
	double whole = ISSUE_WHOLE * most_issue;

	return bench_probe_tag_of(issue[0] >= whole, issue[1] >= whole);
}
