/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What makes a descriptor invalid: opcodes and flags, sections 7.2 and 8, and which error is told
 * where there are several. The flags of each opcode are typed here a second time, from the
 * datasheet's text and not from the table's rows.
 */
#include "dsa_check_rig.h"

/* ---- Opcodes ---- */

static void
known_opcodes_are_valid(void **state)
{
	for (size_t n = 0; n < ARRAY_SIZE(opcodes); n++) {
		struct dsa_desc d = valid(opcodes[n]);

		rejects(*state, &d, 0);
	}
}

static void
other_opcodes_are_not(void **state)
{
	struct rig *r = *state;

	memset(r->opcap, 0xff, sizeof(r->opcap));
	for (unsigned int opcode = 0; opcode < 256; opcode++) {
		struct dsa_desc d = rig_desc(opcode, 0);

		if (memchr(opcodes, (int)opcode, sizeof(opcodes)) == NULL)
			rejects(r, &d, DSA_STATUS_OPCODE);
	}
}

static void
opcodes_have_to_be_allowed(void **state)
{
	struct rig *r = *state;

	for (size_t n = 0; n < ARRAY_SIZE(opcodes); n++) {
		struct dsa_desc d = valid(opcodes[n]);

		r->opcap[0] = ~(UINT64_C(1) << opcodes[n]);
		rejects(r, &d, DSA_STATUS_OPCODE);
	}
}

static void
batches_hold_no_batch_nor_drain(void **state)
{
	struct rig *r = *state;

	r->rules.in_batch = true;
	for (size_t n = 0; n < ARRAY_SIZE(opcodes); n++) {
		struct dsa_desc d = valid(opcodes[n]);
		bool not_here = opcodes[n] == DSA_OP_BATCH || opcodes[n] == DSA_OP_DRAIN;

		rejects(r, &d, not_here ? DSA_STATUS_OPCODE : 0);
	}
}

/* ---- Flags ---- */

/* Of bits 1 (BOF), 5 (CC3), 7 (check), 8 (CC1), 9-11 (TC), 13 (strict), 14 (CC2), 16-23: section 8.1.
 * CC3 alone wants durable memory, which needs a bit of GENCAP that is not set here.
 */
static const struct {
	uint8_t opcode;
	uint32_t flags;
} allowed[] = {
	{0x00, 0},
	{0x01, 1 << 9 | 1 << 16},
	{0x02, 3 << 9 | 0xf << 16},
	{0x03, 1 << 1 | 1 << 8 | 3 << 9 | 1 << 13 | 1 << 14},
	{0x04, 1 << 1 | 1 << 8 | 1 << 10 | 1 << 13 | 1 << 14 | 1 << 18},
	{0x05, 1 << 1 | 1 << 7 | 3 << 9},
	{0x06, 1 << 1 | 1 << 7 | 1 << 9},
	{0x07, 1 << 1 | 1 << 7 | 1 << 8 | 7 << 9 | 1 << 13 | 1 << 14},
	{0x08, 1 << 1 | 1 << 8 | 3 << 9 | 1 << 13 | 1 << 14},
	{0x09, 1 << 1 | 1 << 8 | 7 << 9 | 1 << 13 | 1 << 14},
	{0x0a, 1 << 1 | 1 << 16},
	{0x10, 1 << 1 | 1 << 9 | 1 << 11 | 0xf << 16},
	{0x11, 1 << 1 | 1 << 8 | 7 << 9 | 1 << 13 | 1 << 14 | 0xf << 16},
	{0x12, 1 << 1 | 1 << 9},
	{0x13, 1 << 1 | 1 << 8 | 3 << 9 | 1 << 13 | 1 << 14},
	{0x14, 1 << 1 | 1 << 8 | 3 << 9 | 1 << 13 | 1 << 14},
	{0x15, 1 << 1 | 1 << 8 | 3 << 9 | 1 << 13 | 1 << 14},
	{0x17, 1 << 1 | 1 << 8 | 3 << 9 | 1 << 13 | 1 << 14},
	{0x20, 1 << 1 | 1 << 10 | 1 << 13 | 1 << 14},
};

static void
each_opcode_has_its_flags(void **state)
{
	struct rig *r = *state;
	const uint32_t any = DSA_FLAG_FENCE | DSA_FLAG_CRAV | DSA_FLAG_RCR | DSA_FLAG_RCI |
			     DSA_FLAG_CR_TC;

	r->rules.in_batch = true;
	for (size_t n = 0; n < ARRAY_SIZE(allowed); n++) {
		for (unsigned int bit = 0; bit < 24; bit++) {
			struct dsa_desc d = valid(allowed[n].opcode);
			uint32_t flag = 1u << bit;

			r->rules.in_batch = allowed[n].opcode > DSA_OP_DRAIN;
			if (!r->rules.in_batch && flag == DSA_FLAG_FENCE)
				continue;
			d.op_flags |= flag;
			if (allowed[n].opcode == DSA_OP_TRANSLATION_FETCH)
				d.fetch.stride = 4096;
			if ((allowed[n].flags | any) & flag)
				rejects(r, &d, 0);
			else
				rejects_flags(r, &d, flag);
		}
	}
}

static void
some_need_a_record(void **state)
{
	static const uint8_t needing[] = {0x05, 0x06, 0x07, 0x10, 0x11, 0x12, 0x17};

	for (size_t n = 0; n < ARRAY_SIZE(opcodes); n++) {
		struct dsa_desc d = valid(opcodes[n]);

		if (opcodes[n] == DSA_OP_DRAIN)
			continue;
		d.op_flags &= ~(DSA_FLAG_CRAV | DSA_FLAG_RCR);
		d.cr = 0;
		if (memchr(needing, opcodes[n], sizeof(needing)) != NULL)
			rejects_flags(*state, &d, DSA_FLAG_CRAV | DSA_FLAG_RCR);
		else
			rejects(*state, &d, 0);
		d.op_flags |= DSA_FLAG_CRAV;
		if (memchr(needing, opcodes[n], sizeof(needing)) != NULL)
			rejects_flags(*state, &d, DSA_FLAG_RCR);
		else
			rejects(*state, &d, 0);
	}
}

static void
drain_says_how_it_ends(void **state)
{
	struct dsa_desc d = valid(DSA_OP_DRAIN);

	d.op_flags &= ~DSA_FLAG_RCR;
	rejects_flags(*state, &d, DSA_FLAG_RCR | DSA_FLAG_RCI);
	d.op_flags |= DSA_FLAG_RCI;
	rejects(*state, &d, 0);
}

static void
flags_of_records_need_an_address(void **state)
{
	struct dsa_desc d = valid(DSA_OP_MOVE);

	d.cr = 0;
	d.op_flags = DSA_OP_FLAGS(DSA_OP_MOVE, DSA_FLAG_RCR);
	rejects_flags(*state, &d, DSA_FLAG_RCR);
	d.op_flags = DSA_OP_FLAGS(DSA_OP_MOVE, DSA_FLAG_CR_TC);
	rejects_flags(*state, &d, DSA_FLAG_CR_TC);
}

static void
fence_is_of_batches(void **state)
{
	struct rig *r = *state;
	struct dsa_desc d = valid(DSA_OP_MOVE);

	d.op_flags |= DSA_FLAG_FENCE;
	rejects_flags(r, &d, DSA_FLAG_FENCE);
	r->rules.fence_direct_ignored = true;
	rejects(r, &d, 0);
	r->rules.fence_direct_ignored = false;
	r->rules.in_batch = true;
	rejects(r, &d, 0);
}

static void
queue_may_forbid_blocking_and_interrupts(void **state)
{
	struct rig *r = *state;
	struct dsa_desc d = valid(DSA_OP_MOVE);

	r->rules.block_on_fault = false;
	r->rules.interrupts = false;
	d.op_flags |= DSA_FLAG_BOF;
	rejects_flags(r, &d, DSA_FLAG_BOF);
	d.op_flags |= DSA_FLAG_RCI;
	rejects_flags(r, &d, DSA_FLAG_BOF | DSA_FLAG_RCI);
}

/* CC3, CC2, CC1 of section 7.2: what is missing of GENCAP 2, 8 and 5. */
static void
cache_control_is_what_the_device_can_do(void **state)
{
	struct rig *r = *state;
	const uint64_t cache = 1 << 2, readback = 1 << 8, durable = 1 << 5;
	const struct {
		uint32_t flags;
		uint64_t needs;
	} cc[] = {
		{DSA_FLAG_CC1, cache},
		{DSA_FLAG_CC2, readback},
		{DSA_FLAG_CC2 | DSA_FLAG_CC1, cache | readback},
		{DSA_FLAG_CC3, durable},
		{DSA_FLAG_CC3 | DSA_FLAG_CC2, readback},
	};

	for (size_t n = 0; n < ARRAY_SIZE(cc); n++) {
		struct dsa_desc d = valid(DSA_OP_MOVE);

		d.op_flags |= cc[n].flags;
		r->rules.gencap = cc[n].needs;
		rejects(r, &d, 0);
		for (uint64_t bit = 1; bit <= cc[n].needs; bit <<= 1) {
			r->rules.gencap = (cache | readback | durable) & ~bit;
			rejects(r, &d, cc[n].needs & bit ? DSA_STATUS_FLAGS : 0);
		}
	}
}

static void
reserved_cache_control_is_refused(void **state)
{
	struct rig *r = *state;
	struct dsa_desc d = valid(DSA_OP_MOVE);

	r->rules.gencap = ~UINT64_C(0) & ~DSA_GENCAP_NO_STRICT;
	d.op_flags |= DSA_FLAG_CC3 | DSA_FLAG_CC1;
	rejects_flags(r, &d, DSA_FLAG_CC3 | DSA_FLAG_CC1);
	d.op_flags |= DSA_FLAG_CC2;
	rejects_flags(r, &d, DSA_FLAG_CC3 | DSA_FLAG_CC1);
}

static void
strict_order_may_be_reserved(void **state)
{
	struct rig *r = *state;
	struct dsa_desc d = valid(DSA_OP_MOVE);

	d.op_flags |= DSA_FLAG_STRICT;
	r->rules.gencap |= UINT64_C(1) << 53;
	rejects_flags(r, &d, DSA_FLAG_STRICT);
}

static void
flags_of_operations_need_capabilities(void **state)
{
	static const struct {
		uint8_t opcode, flag, gencap;
	} needs[] = {{0x01, 16, 15}, {0x02, 16, 9}, {0x02, 17, 9}, {0x04, 18, 10},
		     {0x0a, 16, 7},  {0x10, 19, 11}, {0x11, 19, 11}};
	struct rig *r = *state;
	uint64_t all = r->rules.gencap;

	for (size_t n = 0; n < ARRAY_SIZE(needs); n++) {
		struct dsa_desc d = valid(needs[n].opcode);

		d.op_flags |= 1u << needs[n].flag;
		r->rules.gencap = all & ~(UINT64_C(1) << needs[n].gencap);
		rejects_flags(r, &d, 1u << needs[n].flag);
	}
}

/* ---- Which error comes first ---- */

static void
first_rule_that_is_broken_is_told(void **state)
{
	struct rig *r = *state;
	struct dsa_desc d = valid(DSA_OP_DUALCAST);

	d.dualcast.dst2 = d.src;
	d.dst = d.src + 1;
	d.size = 0;
	d.cr += 1;
	d.reserved38 = 1;
	d.op_flags |= DSA_FLAG_CHECK;
	r->opcap[0] = 0;
	rejects(r, &d, DSA_STATUS_OPCODE);
	r->opcap[0] = ~UINT64_C(0);
	rejects(r, &d, DSA_STATUS_FLAGS);
	d.op_flags &= ~DSA_FLAG_CHECK;
	rejects(r, &d, DSA_STATUS_RESERVED);
	d.reserved38 = 0;
	rejects(r, &d, DSA_STATUS_CR_ALIGN);
	d.cr -= 1;
	rejects(r, &d, DSA_STATUS_SIZE);
	d.size = 64;
	rejects(r, &d, DSA_STATUS_DUALCAST_ALIGN);
	d.dst = d.src;
	rejects(r, &d, DSA_STATUS_OVERLAP);
}

/* ---- Plain moves ---- */

/* A plain move, spoilt in one to three ways, none of which need be wrong. */
static struct dsa_desc
nearly_plain(struct rig *r)
{
	struct dsa_desc d = valid(DSA_OP_MOVE);

	d.op_flags = DSA_OP_PLAIN;
	d.cr = RIG_IOVA;
	for (unsigned int n = 1 + rig_random(r, 3); n > 0; n--) {
		switch (rig_random(r, 6)) {
		case 0:
			d.op_flags ^= 1u << rig_random(r, 32);
			break;
		case 1:
			((uint8_t *)&d)[36 + rig_random(r, 28)] = 1;
			break;
		case 2:
			d.cr += rig_random(r, 2 * DSA_CR_BYTES + 1);
			break;
		case 3:
			d.size = (rig_random(r, 2) << 21) - 1 + rig_random(r, 3);
			break;
		case 4:
			d.dst = d.src + d.size - 1 + rig_random(r, 3);
			break;
		case 5:
			d.pasid = 1u << rig_random(r, 32);
			break;
		}
	}
	return d;
}

/* The short way finds what the long one does, which all are to go without its rule. */
static void
plain_moves_are_valid(void **state)
{
	struct rig *r = *state;
	unsigned int plain = 0, valid_ones = 0;

	for (unsigned int round = 0; round < 20000; round++) {
		struct dsa_desc d = nearly_plain(r);
		bool is_valid;

		r->opcap[0] = rig_random(r, 8) == 0 ? ~(UINT64_C(1) << DSA_OP_MOVE) : ~UINT64_C(0);
		r->rules.gencap = rig_random(r, 2) ? ~UINT64_C(0) : 0;
		r->rules.block_on_fault = rig_random(r, 2);
		r->rules.in_batch = rig_random(r, 2);
		r->rules.plain = 0;
		is_valid = rig_check(r, &d).status == 0;
		dsa_op_rules_plain(&r->rules);
		assert_int_equal(rig_check(r, &d).status == 0, is_valid);
		plain += dsa_op_plain(&d, &r->rules, 0);
		assert_true(!dsa_op_plain(&d, &r->rules, DSA_FLAG_RCR) ||
			    !(d.op_flags & DSA_FLAG_RCR));
		valid_ones += is_valid;
	}
	assert_true(plain > 1000 && valid_ones > plain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(known_opcodes_are_valid),
		CASE(other_opcodes_are_not),
		CASE(opcodes_have_to_be_allowed),
		CASE(batches_hold_no_batch_nor_drain),
		CASE(each_opcode_has_its_flags),
		CASE(some_need_a_record),
		CASE(drain_says_how_it_ends),
		CASE(flags_of_records_need_an_address),
		CASE(fence_is_of_batches),
		CASE(queue_may_forbid_blocking_and_interrupts),
		CASE(cache_control_is_what_the_device_can_do),
		CASE(reserved_cache_control_is_refused),
		CASE(strict_order_may_be_reserved),
		CASE(flags_of_operations_need_capabilities),
		CASE(first_rule_that_is_broken_is_told),
		CASE(plain_moves_are_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
