/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_WORK_TEST_RIG_H
#define SLIPWAY_DSA_WORK_TEST_RIG_H

/**
 * @file
 * The work half of a DSA on a host of a few pages, in place of its control half somebody who writes
 * down what is told.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "dsa_work.h"

#define WORK_IOVA  UINT64_C(0x123450000)
#define WORK_PAGE  4096u
#define WORK_PAGES 256u
#define WORK_BYTES (WORK_PAGES * WORK_PAGE)
/** The PASID that reaches the memory; without one it is reached too. */
#define WORK_PASID 77u
/** GENCAP: block on fault, overlap, cache control, readback, drain readback, records with the
 * operand that faulted, batch continuation, 256 interrupts in memory.
 */
#define WORK_GENCAP                                                                                \
	(UINT64_C(0x107) | 1u << 9 | 1u << 12 | 1u << 15 | UINT64_C(1) << 25 | UINT64_C(1) << 52)
#define WORK_ERRORS 64u

/** How the host answers a wish for a pointer. */
enum work_policy {
	WORK_WHOLE,   /**< with all that is there */
	WORK_BY_PAGE, /**< with one page */
	WORK_BOUNCED, /**< never */
};

struct work_rig {
	struct bus_host host; /* first */
	enum work_policy policy;
	uint8_t rights[WORK_PAGES]; /**< of each page, enum bus_prot */
	bool gives;                 /**< pages that are asked for */
	unsigned int requests, maps;
	struct dsa_work *work;
	struct dsa_error error[WORK_ERRORS];
	unsigned int errors;
	unsigned int interrupts, last_handle;
	uint8_t status_at_interrupt; /**< of the record at `watched` */
	uint64_t watched;
	bool last_ims, refuses_handles, halts_on_error;
	unsigned int occupancy_calls;
	uint64_t last_arming;
	_Alignas(4096) uint8_t memory[WORK_BYTES];
};

/** For rigs that want another device. */
struct dsa_work_config work_config(void);
int work_setup_with(void **state, const struct dsa_work_config *config);
/** Four queues, two engines; group 0 has queue 0 to 3 and engine 0. */
int work_setup(void **state);
int work_teardown(void **state);

/** A queue's configuration: 16 entries, transfers to 1 MB, batches to 64, block on fault. */
struct dsa_work_wq work_dedicated(void);
/** The same, shared. */
struct dsa_work_wq work_shared(void);

static inline void *
work_at(struct work_rig *r, uint64_t iova)
{
	return r->memory + (iova - WORK_IOVA);
}

/** Address of a page. */
static inline uint64_t
work_page(unsigned int page)
{
	return WORK_IOVA + (uint64_t)page * WORK_PAGE;
}

/** The n-th completion record: from page 200 on. */
static inline uint64_t
work_record(unsigned int n)
{
	return work_page(200) + (uint64_t)n * DSA_CR_BYTES;
}

static inline struct dsa_cr
work_read(struct work_rig *r, unsigned int n)
{
	struct dsa_cr cr;

	memcpy(&cr, work_at(r, work_record(n)), sizeof(cr));
	return cr;
}

/** A descriptor whose completion is told in the n-th record. */
struct dsa_desc work_desc(enum dsa_opcode opcode, unsigned int n);
/** Move of `size` bytes, from page 0 and to page 100 on. */
struct dsa_desc work_move(uint32_t size, unsigned int n);
/** Put a batch's members at page 150 and make its descriptor. */
struct dsa_desc work_batch(struct work_rig *r, const struct dsa_desc members[], unsigned int count,
			   unsigned int n);

/** Hand a descriptor to queue 0: as its mode has it. */
void work_post(struct work_rig *r, unsigned int wq, const struct dsa_desc *desc);
int work_submit(struct work_rig *r, unsigned int wq, const struct dsa_desc *desc);
/** Step until there is nothing to do at once. False: it does not end. */
bool work_run(struct work_rig *r);
/** Take rights from a page, as the host's map changes. */
void work_break(struct work_rig *r, unsigned int page, uint8_t rights);

#endif /* SLIPWAY_DSA_WORK_TEST_RIG_H */
