/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef BENCH_PROBE_H
#define BENCH_PROBE_H

/**
 * @file
 * What the machine is like at the moment: how far two CPUs are from each other, and how much of its
 * core a thread has. Virtual CPUs are moved about, which changes a rate by more than devices
 * differ.
 */

#include <stdbool.h>

/** A thread with less of its CPU than this shared it: the sample says nothing about the device. */
#define BENCH_MIN_CPU_SHARE 0.965

/** What the machine was like during a sample: only like is compared with like. With two threads,
 * how far their CPUs were from each other; with one, whether it had its core to itself.
 */
enum bench_tag {
	BENCH_NEAR,      /**< or the core for itself */
	BENCH_FAR,       /**< or not */
	BENCH_MIXED,     /**< it changed meanwhile */
	BENCH_DISTURBED, /**< a thread had to share its CPU, try as we might */
	BENCH_NB_TAGS,
};

/** Learn what the machine can do at its best, which the first tags need: a few milliseconds. */
void bench_probe_warm_up(void);

/** Nanoseconds that a cache line takes there and back between the two threads; 0 when there is only
 * one.
 */
double bench_probe_rtt(void);

/** Additions a time stamp cycle, in four chains: less when a neighbour has part of the core. The
 * most of a few, as an interrupt is no neighbour.
 */
double bench_probe_issue(void);

/** Where the CPUs were, from the round trips before and after a sample. */
enum bench_tag bench_probe_rtt_tag(const double rtt_ns[2]);

/** Whether the core was whole, from the additions before and after a sample. */
enum bench_tag bench_probe_issue_tag(const double issue[2]);

/** What two looks, before and after, make of what was between them. */
enum bench_tag bench_probe_tag_of(bool good_before, bool good_after);

/** What a tag is called, of a sample of several threads or of one. */
const char *bench_probe_tag_name(bool several, enum bench_tag tag);

#endif /* BENCH_PROBE_H */
