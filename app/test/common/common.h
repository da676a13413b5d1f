/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TEST_COMMON_H
#define SLIPWAY_TEST_COMMON_H

/**
 * @file
 * What the driver tests of all devices share: cases and how they are run, the clock of a device
 * that only moves when told to, what is logged, and small tools. Cases run in the main thread,
 * where alone cmocka may assert; threads they start only note what they see.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_common.h>

/** One behaviour, named in words. */
struct test_case {
	const char *name;
	void (*run)(void);
	bool ours; /**< asks for what only our driver promises */
};

#define TEST_CASE(function)                \
	{                                  \
#function, function, false \
	}
#define TEST_CASE_OURS(function)          \
	{                                 \
#function, function, true \
	}

/** The cases of one file. */
struct test_group {
	const char *name;
	const struct test_case *cases;
	unsigned int count;
};

#define TEST_GROUP(topic, table) \
	const struct test_group topic##_group = {#topic, table, RTE_DIM(table)}

/** A program's groups, and what is done with its device around every case. */
struct test_program {
	const struct test_group *const *groups;
	unsigned int nb_groups;
	const char *device; /**< its name */
	bool (*exists)(void);
	uint64_t (*stray)(void);   /**< accesses of the driver that touched nothing the device has */
	void (*rest)(void);        /**< leave the device as a case begins with it, if it is there */
	void (*probe_again)(void); /**< replace it, if it is still there, by a fresh one */
};

/* run.c */
void tests_run(const struct test_program *p, bool with_ours);
int tests_verdict(void);

/* symbol.c */
void *driver_symbol(const char *driver, const char *name);

/* stepper.c */
int stepper_begin(void (*step)(void), unsigned int pause);
void stepper_end(void);
void stepper_lock(void);
void stepper_unlock(void);
void stepper_pause(bool pause);

/* log.c */
void log_begin(void);
const char *log_so_far(void);
char *log_end(void);
unsigned int lines_with(const char *text, const char *word);

/* telemetry.c */
int telemetry_connect(void);

/* held.c */

/** What a process holds, where nothing may be left behind. */
struct test_held {
	size_t heap;   /**< DPDK's */
	size_t memory; /**< the C library's */
	unsigned int files, threads;
};

struct test_held held_now(void);
void held_expect(const struct test_held *before, size_t kept);

/* tools.c */

/** Nothing that works takes this long, not even on a busy machine with a slow device. */
#define PATIENCE_US 10000000

uint64_t now_us(void);
uint32_t random_below(uint32_t limit);
void pause_us(unsigned int us);

#endif /* SLIPWAY_TEST_COMMON_H */
