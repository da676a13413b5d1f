/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_OP_TEST_RIG_H
#define SLIPWAY_DSA_OP_TEST_RIG_H

/**
 * @file
 * Operations without a device: some pages of memory that can be had in three ways, any of which may
 * be absent or read only, and what runs a descriptor on them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dsa_mem.h"
#include "dsa_op.h"

#define RIG_PAGE  4096u
#define RIG_PAGES 160u
#define RIG_BYTES (RIG_PAGES * RIG_PAGE)
/** Where they begin: above 4 GB, so that upper halves count. */
#define RIG_IOVA  UINT64_C(0x123450000)

/** How the host gives memory. */
enum rig_policy { RIG_WHOLE, RIG_BY_PAGE, RIG_BOUNCED, RIG_POLICIES };

struct rig {
	struct bus_host host;
	enum rig_policy policy;
	uint8_t memory[RIG_BYTES];
	uint8_t rights[RIG_PAGES]; /**< bits of enum bus_prot */
	bool gives;                /**< pages that are asked for appear */
	unsigned int requests;
	uint64_t seed;
	struct dsa_mem *mem;
	struct dsa_op_rules rules;
	uint64_t opcap[4];
	size_t budget; /**< of each slice */
};

int rig_setup(void **state);
int rig_teardown(void **state);

/** A number below `n`. */
uint32_t rig_random(struct rig *r, uint32_t n);
/** All memory random, all of it there. */
void rig_fresh(struct rig *r);
/** All memory there again, as it is. */
void rig_mend(struct rig *r);
/** Take rights of a page away. */
void rig_break(struct rig *r, unsigned int page, uint8_t rights);
uint8_t *rig_at(struct rig *r, uint64_t iova);

/** Descriptor with a record, of that opcode and further flags. */
struct dsa_desc rig_desc(unsigned int opcode, uint32_t flags);
/** Check it and run it to its end: what its completion record says. */
struct dsa_cr rig_run(struct rig *r, const struct dsa_desc *desc);
/** Only check it: the status, 0 for a valid one. */
struct dsa_cr rig_check(struct rig *r, const struct dsa_desc *desc);

/**
 * For plain loops that know of faults: can `len` bytes be had for `prot`? If not, `cr` is what a
 * fault after `done` bytes has to say.
 */
bool rig_reaches(const struct rig *r, uint64_t iova, uint32_t len, enum bus_prot prot,
		 enum dsa_operand id, uint64_t done, struct dsa_cr *cr);

/** Call `try` for every page, once without the page and once with the page read only. */
void rig_each_fault(struct rig *r, unsigned int first, unsigned int last,
		    void (*try)(struct rig *r, void *context), void *context);

#endif /* SLIPWAY_DSA_OP_TEST_RIG_H */
