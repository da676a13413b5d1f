/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_REF_TEST_RIG_H
#define SLIPWAY_DLB_REF_TEST_RIG_H

/**
 * @file
 * A device that is played by hand, for tests of the interpreter.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dlb_ref.h"

#define QUEUE       0
#define OTHER_QUEUE 1
#define DIR_CQ      dlb_ref_dir_cq(0)
#define DIR_QUEUE   dlb_ref_dir_queue(0)

/** The interpreter under test. */
extern struct dlb_ref *ref;

void make_queue(unsigned int n, unsigned int domain, bool directed);
void make_cq(unsigned int c, unsigned int domain);
/** Domain 0: queue 0 at CQs 0 and 1, and a directed pair. Domain 1: queue 1 at CQ 2. */
int set_up(void **state);
int tear_down(void **state);
/** Send one command: the number of its entry. */
uint32_t send_command(unsigned int port, unsigned int cmd, unsigned int queue, unsigned int sched,
		      unsigned int prio, unsigned int lock);
uint32_t unordered(unsigned int prio);
uint32_t atomic(unsigned int lock);
uint32_t ordered(void);
uint32_t directed(unsigned int prio);
void complete(unsigned int port);
/** Entries as the device delivers them: without command, with a depth code. */
struct dlb_qe as_delivered(uint32_t id);
void deliver(unsigned int cq, uint32_t id);
void see(void);
void assert_fine(void);
void assert_breaks(const char *rule);

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif /* SLIPWAY_DLB_REF_TEST_RIG_H */
