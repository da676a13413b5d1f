/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_CHECK_RIG_H
#define SLIPWAY_DSA_CHECK_RIG_H

/**
 * @file
 * Descriptors that are valid, for tests to spoil, and what says whether they were found out.
 */

#include "dsa_op_test_rig.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define FAR (RIG_IOVA + 0x1000000)

/* A valid descriptor of each opcode. */
static inline struct dsa_desc
valid(unsigned int opcode)
{
	struct dsa_desc d = rig_desc(opcode, 0);

	d.src = RIG_IOVA;
	d.dst = FAR;
	d.size = 8 * 520;
	switch (opcode) {
	case DSA_OP_NOOP:
	case DSA_OP_DRAIN:
		d.src = d.dst = d.size = 0;
		break;
	case DSA_OP_BATCH:
		d.dst = 0;
		d.count = 2;
		break;
	case DSA_OP_CREATE_DELTA:
		d.create_delta.delta = 4 * FAR;
		d.create_delta.max_size = 80;
		break;
	case DSA_OP_APPLY_DELTA:
		d.apply_delta.delta_size = 10;
		break;
	case DSA_OP_DUALCAST:
		d.dualcast.dst2 = d.dst + 0x100000;
		break;
	case DSA_OP_TRANSLATION_FETCH:
	case DSA_OP_CRC:
	case DSA_OP_DIF_CHECK:
		d.dst = 0;
		break;
	case DSA_OP_DIF_INSERT:
	case DSA_OP_DIX_GENERATE:
		d.size = 4096;
		break;
	case DSA_OP_CACHE_FLUSH:
		d.src = 0;
		break;
	}
	return d;
}

static const uint8_t opcodes[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
				  0x0a, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x17, 0x20};

static inline void
rejects(struct rig *r, const struct dsa_desc *d, enum dsa_status status)
{
	assert_int_equal(rig_check(r, d).status, status);
}

static inline void
rejects_flags(struct rig *r, const struct dsa_desc *d, uint32_t bad)
{
	struct dsa_cr cr = rig_check(r, d);

	assert_int_equal(cr.status, DSA_STATUS_FLAGS);
	assert_int_equal(cr.invalid_flags, bad);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

#endif /* SLIPWAY_DSA_CHECK_RIG_H */
