/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What makes a descriptor invalid: sections 7.2, 7.5, 8 and 15.4. Flags and reserved bytes of each
 * opcode are typed here a second time, from the datasheet's text and not from the table's rows.
 */
#include "dsa_op_test_rig.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define FAR (RIG_IOVA + 0x1000000)

/* A valid descriptor of each opcode. */
static struct dsa_desc
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

static void
rejects(struct rig *r, const struct dsa_desc *d, enum dsa_status status)
{
	assert_int_equal(rig_check(r, d).status, status);
}

static void
rejects_flags(struct rig *r, const struct dsa_desc *d, uint32_t bad)
{
	struct dsa_cr cr = rig_check(r, d);

	assert_int_equal(cr.status, DSA_STATUS_FLAGS);
	assert_int_equal(cr.invalid_flags, bad);
}

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

/* ---- Reserved fields ---- */

#define B(first, last) ((~UINT64_C(0) >> (63 - ((last) - (first)))) << (first))

static const struct {
	uint8_t opcode;
	uint64_t bytes;
} reserved[] = {
	{0x00, B(16, 35) | B(38, 63)},
	{0x01, B(24, 31) | B(38, 63)},
	{0x02, B(16, 35) | B(38, 63)},
	{0x03, B(38, 63)},
	{0x04, B(38, 63)},
	{0x05, B(38, 39) | B(41, 63)},
	{0x06, B(38, 39) | B(41, 63)},
	{0x07, B(38, 39) | B(52, 55) | B(57, 63)},
	{0x08, B(38, 39) | B(44, 63)},
	{0x09, B(38, 39) | B(48, 63)},
	{0x0a, B(24, 31) | B(38, 47) | B(52, 63)},
	{0x10, B(24, 31) | B(38, 39) | B(44, 63)},
	{0x11, B(38, 39) | B(44, 63)},
	{0x12, B(24, 31) | B(38, 39) | B(41, 41) | B(43, 47) | B(56, 63)},
	{0x13, B(38, 40) | B(43, 55)},
	{0x14, B(38, 39) | B(41, 41) | B(43, 47) | B(56, 63)},
	{0x15, B(38, 39) | B(43, 47)},
	{0x17, B(38, 40) | B(43, 55)},
	{0x20, B(16, 23) | B(38, 63)},
};

static bool
is_reserved_status(struct rig *r, const struct dsa_desc *d, unsigned int byte, uint8_t value)
{
	struct dsa_desc changed = *d;

	((uint8_t *)&changed)[byte] = value;
	return rig_check(r, &changed).status == DSA_STATUS_RESERVED;
}

static void
reserved_bytes_are_zero(void **state)
{
	for (size_t n = 0; n < ARRAY_SIZE(reserved); n++) {
		struct dsa_desc d = valid(reserved[n].opcode);

		/* Bytes with reserved bits of their own are below; so is the interrupt handle. */
		for (unsigned int byte = 16; byte < 64; byte++) {
			bool is = reserved[n].bytes >> byte & 1;

			if (is || (byte != 36 && byte != 37 && byte != 40 && byte != 41 &&
				   byte != 42))
				assert_int_equal(is_reserved_status(*state, &d, byte, 0x80), is);
		}
	}
}

static void
flags_bring_bytes_into_use(void **state)
{
	static const struct {
		uint8_t opcode, flag, first, last;
	} used[] = {{0x02, 16, 16, 23}, {0x02, 17, 24, 31}, {0x04, 18, 40, 47}, {0x10, 19, 44, 47},
		    {0x10, 16, 48, 55}, {0x11, 19, 44, 47}, {0x11, 16, 48, 55}};

	for (size_t n = 0; n < ARRAY_SIZE(used); n++) {
		struct dsa_desc d = valid(used[n].opcode);

		d.op_flags |= 1u << used[n].flag;
		for (unsigned int byte = 16; byte < 64; byte++) {
			bool free = byte >= used[n].first && byte <= used[n].last;

			if (free)
				assert_false(is_reserved_status(*state, &d, byte, 0x80));
			else if (byte >= 56)
				assert_true(is_reserved_status(*state, &d, byte, 0x80));
		}
	}
}

static void
fields_without_their_flag_are_reserved(void **state)
{
	struct dsa_desc d = valid(DSA_OP_MOVE);

	d.interrupt_handle = 1;
	rejects(*state, &d, DSA_STATUS_RESERVED);
	d.op_flags |= DSA_FLAG_RCI;
	rejects(*state, &d, 0);
	d.op_flags &= ~(DSA_FLAG_CRAV | DSA_FLAG_RCR);
	rejects(*state, &d, DSA_STATUS_RESERVED);
	d.cr = 0;
	rejects(*state, &d, 0);
	d.pasid = 0x80000000 | 0xfffff;
	rejects(*state, &d, 0);
	d.pasid = 1 << 20;
	rejects(*state, &d, DSA_STATUS_RESERVED);
	d.pasid = 1 << 30;
	rejects(*state, &d, DSA_STATUS_RESERVED);
}

static void
expected_result_needs_check(void **state)
{
	static const uint8_t compares[] = {DSA_OP_COMPARE, DSA_OP_COMPARE_PATTERN};

	for (size_t n = 0; n < 2; n++) {
		struct dsa_desc d = valid(compares[n]);

		d.compare.expected = 1;
		rejects(*state, &d, DSA_STATUS_RESERVED);
		d.op_flags |= DSA_FLAG_CHECK;
		rejects(*state, &d, 0);
		d.compare.expected = 2;
		rejects(*state, &d, DSA_STATUS_RESERVED);
	}
}

/* Byte, and the bits of it that mean something. */
static void
dif_flags_have_reserved_bits(void **state)
{
	static const struct {
		uint8_t opcode, byte, used;
	} dif[] = {{0x12, 40, 0xff}, {0x12, 42, 0x0c}, {0x13, 41, 0x90}, {0x13, 42, 0x0c},
		   {0x14, 40, 0xff}, {0x14, 42, 0x0c}, {0x15, 40, 0xff}, {0x15, 41, 0xf8},
		   {0x15, 42, 0x0c}, {0x17, 41, 0x90}, {0x17, 42, 0x0c}};

	for (size_t n = 0; n < ARRAY_SIZE(dif); n++) {
		struct dsa_desc d = valid(dif[n].opcode);

		for (unsigned int bit = 0; bit < 8; bit++)
			/* The size of blocks is not tried. */
			if (dif[n].byte != 42 || bit >= 2)
				assert_int_equal(is_reserved_status(*state, &d, dif[n].byte,
								    (uint8_t)(1u << bit)),
						 !(dif[n].used >> bit & 1));
	}
}

/* ---- Record address, size, alignment, overlap ---- */

static void
record_is_aligned(void **state)
{
	for (unsigned int off = 1; off < 64; off++) {
		struct dsa_desc d = valid(DSA_OP_MOVE);

		d.cr += off;
		rejects(*state, &d, off == 32 ? 0 : DSA_STATUS_CR_ALIGN);
	}
}

static void
sizes_have_bounds(void **state)
{
	struct rig *r = *state;

	for (size_t n = 0; n < ARRAY_SIZE(opcodes); n++) {
		struct dsa_desc d = valid(opcodes[n]);

		if (opcodes[n] < DSA_OP_MOVE)
			continue;
		d.size = 0;
		rejects(r, &d, DSA_STATUS_SIZE);
		d = valid(opcodes[n]);
		r->rules.max_transfer = d.size;
		rejects(r, &d, 0);
		r->rules.max_transfer = d.size - 1;
		rejects(r, &d, opcodes[n] == DSA_OP_TRANSLATION_FETCH ? 0 : DSA_STATUS_SIZE);
	}
}

static void
batches_have_bounds(void **state)
{
	struct rig *r = *state;
	struct dsa_desc d = valid(DSA_OP_BATCH);

	r->rules.max_batch = 16;
	d.count = 16;
	rejects(r, &d, 0);
	d.count = 17;
	rejects(r, &d, DSA_STATUS_COUNT);
	d.count = 1;
	rejects(r, &d, DSA_STATUS_COUNT);
	r->rules.gencap |= UINT64_C(1) << 52;
	rejects(r, &d, 0);
	d.count = 0;
	rejects(r, &d, DSA_STATUS_COUNT);
	d.count = 2;
	d.list += 32;
	rejects(r, &d, DSA_STATUS_LIST_ALIGN);
}

static void
delta_records_have_bounds(void **state)
{
	struct rig *r = *state;
	struct dsa_desc c = valid(DSA_OP_CREATE_DELTA), a = valid(DSA_OP_APPLY_DELTA);

	c.size = a.size = 0x80000;
	rejects(r, &c, 0);
	rejects(r, &a, 0);
	c.size = a.size = 0x80008;
	rejects(r, &c, DSA_STATUS_SIZE);
	rejects(r, &a, DSA_STATUS_SIZE);
	c.size = a.size = 0x7fffc;
	rejects(r, &c, DSA_STATUS_SIZE);
	rejects(r, &a, DSA_STATUS_SIZE);
	c = valid(DSA_OP_CREATE_DELTA);
	c.create_delta.max_size = 79;
	rejects(r, &c, DSA_STATUS_DELTA_SIZE);
	c.create_delta.max_size = 83;
	rejects(r, &c, 0);
	c.create_delta.max_size = (uint32_t)r->rules.max_transfer + 1;
	rejects(r, &c, DSA_STATUS_DELTA_SIZE);
	a = valid(DSA_OP_APPLY_DELTA);
	a.apply_delta.delta_size = 0;
	rejects(r, &a, DSA_STATUS_DELTA_SIZE);
	a.apply_delta.delta_size = 15;
	rejects(r, &a, DSA_STATUS_DELTA_SIZE);
}

static void
dif_sizes_are_of_blocks(void **state)
{
	static const uint32_t block[] = {512, 520, 4096, 4104};
	static const uint8_t with[] = {0x12, 0x14, 0x15}, without[] = {0x13, 0x17};

	for (unsigned int b = 0; b < 4; b++) {
		for (unsigned int n = 0; n < 3; n++) {
			struct dsa_desc d = valid(with[n]);

			d.dif.flags = (uint8_t)b;
			d.size = 3 * (block[b] + 8);
			rejects(*state, &d, 0);
			d.size = 3 * block[b];
			rejects(*state, &d, DSA_STATUS_SIZE);
		}
		for (unsigned int n = 0; n < 2; n++) {
			struct dsa_desc d = valid(without[n]);

			d.dif.flags = (uint8_t)b;
			d.size = 3 * block[b];
			rejects(*state, &d, 0);
			d.size = 3 * (block[b] + 8);
			rejects(*state, &d, DSA_STATUS_SIZE);
		}
	}
}

static void
translation_fetch_has_bounds(void **state)
{
	struct dsa_desc d = valid(DSA_OP_TRANSLATION_FETCH);

	d.src = UINT64_MAX - 4095;
	d.size = 4096;
	rejects(*state, &d, 0);
	d.size = 4097;
	rejects(*state, &d, DSA_STATUS_SIZE);
	d = valid(DSA_OP_TRANSLATION_FETCH);
	d.op_flags |= DSA_FLAG_OP(0);
	d.fetch.stride = 2048;
	rejects(*state, &d, DSA_STATUS_DELTA_SIZE);
	d.fetch.stride = 12288;
	rejects(*state, &d, DSA_STATUS_DELTA_SIZE);
	d.fetch.stride = 8192;
	rejects(*state, &d, 0);
}

static void
addresses_are_aligned(void **state)
{
	struct dsa_desc d = valid(DSA_OP_CREATE_DELTA);

	d.src += 4;
	rejects(*state, &d, DSA_STATUS_ALIGN);
	d.src -= 4;
	d.src2 += 1;
	rejects(*state, &d, DSA_STATUS_ALIGN);
	d = valid(DSA_OP_APPLY_DELTA);
	d.dst += 4;
	rejects(*state, &d, DSA_STATUS_ALIGN);
	d = valid(DSA_OP_DIX_GENERATE);
	d.dst += 4;
	rejects(*state, &d, DSA_STATUS_ALIGN);
	d = valid(DSA_OP_CRC);
	d.op_flags |= DSA_FLAG_CRC_SEED_ADDR;
	d.crc.seed_addr = RIG_IOVA + 2;
	rejects(*state, &d, DSA_STATUS_ALIGN);
	d.crc.seed_addr = RIG_IOVA + 4;
	rejects(*state, &d, 0);
	d.op_flags |= DSA_FLAG_CRC_64;
	rejects(*state, &d, DSA_STATUS_ALIGN);
	d = valid(DSA_OP_DUALCAST);
	d.dualcast.dst2 += 0x800;
	rejects(*state, &d, DSA_STATUS_DUALCAST_ALIGN);
}

static void
moves_overlap_where_the_device_can(void **state)
{
	struct rig *r = *state;
	struct dsa_desc d = valid(DSA_OP_MOVE);

	d.dst = d.src + d.size - 1;
	rejects(r, &d, 0);
	r->rules.gencap &= ~DSA_GENCAP_OVERLAP;
	rejects(r, &d, DSA_STATUS_OVERLAP);
	d.dst = d.src + d.size;
	rejects(r, &d, 0);
	d.dst = d.src - d.size;
	rejects(r, &d, 0);
	d.dst++;
	rejects(r, &d, DSA_STATUS_OVERLAP);
}

/* One byte, or unit, into the other and one off it; and the length that `dst` has there. */
static void
others_do_not_overlap(void **state)
{
	static const struct {
		uint8_t opcode;
		uint32_t size, out;
	} ops[] = {{0x09, 4096, 4096}, {0x11, 4096, 4096}, {0x13, 4096, 8 * 520},
		   {0x14, 8 * 520, 4096}, {0x15, 8 * 520, 8 * 520}, {0x17, 4096, 64}};

	for (size_t n = 0; n < ARRAY_SIZE(ops); n++) {
		struct dsa_desc d = valid(ops[n].opcode);
		uint64_t unit = ops[n].opcode == DSA_OP_DIX_GENERATE ? 8 : 1;

		unit = ops[n].opcode == DSA_OP_DUALCAST ? 4096 : unit;
		d.size = ops[n].size;
		d.src = RIG_IOVA + 0x10000;
		d.dualcast.dst2 = ops[n].opcode == DSA_OP_DUALCAST ? 8 * FAR : d.dualcast.dst2;
		d.dst = d.src + d.size;
		rejects(*state, &d, 0);
		d.dst -= unit;
		rejects(*state, &d, DSA_STATUS_OVERLAP);
		d.dst = d.src - ops[n].out;
		rejects(*state, &d, 0);
		d.dst += unit;
		rejects(*state, &d, DSA_STATUS_OVERLAP);
	}
}

static void
dualcast_destinations_do_not_overlap(void **state)
{
	struct dsa_desc d = valid(DSA_OP_DUALCAST);

	d.size = 8192;
	d.dualcast.dst2 = d.dst + 4096;
	rejects(*state, &d, DSA_STATUS_OVERLAP);
	d.dualcast.dst2 = d.src + 4096;
	rejects(*state, &d, DSA_STATUS_OVERLAP);
	d.dualcast.dst2 = d.dst + 8192;
	rejects(*state, &d, 0);
}

static void
delta_records_do_not_overlap(void **state)
{
	struct dsa_desc c = valid(DSA_OP_CREATE_DELTA), a = valid(DSA_OP_APPLY_DELTA);

	c.create_delta.delta = c.src - 79;
	rejects(*state, &c, DSA_STATUS_OVERLAP);
	c.create_delta.delta = c.src - 80;
	rejects(*state, &c, 0);
	c.create_delta.delta = c.src2 + c.size - 1;
	rejects(*state, &c, DSA_STATUS_OVERLAP);
	c = valid(DSA_OP_CREATE_DELTA);
	c.src2 = c.src;
	rejects(*state, &c, 0);
	a.delta = a.dst - 9;
	rejects(*state, &a, DSA_STATUS_OVERLAP);
	a.delta = a.dst - 10;
	rejects(*state, &a, 0);
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

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
		CASE(reserved_bytes_are_zero),
		CASE(flags_bring_bytes_into_use),
		CASE(fields_without_their_flag_are_reserved),
		CASE(expected_result_needs_check),
		CASE(dif_flags_have_reserved_bits),
		CASE(record_is_aligned),
		CASE(sizes_have_bounds),
		CASE(batches_have_bounds),
		CASE(delta_records_have_bounds),
		CASE(dif_sizes_are_of_blocks),
		CASE(translation_fetch_has_bounds),
		CASE(addresses_are_aligned),
		CASE(moves_overlap_where_the_device_can),
		CASE(others_do_not_overlap),
		CASE(dualcast_destinations_do_not_overlap),
		CASE(delta_records_do_not_overlap),
		CASE(first_rule_that_is_broken_is_told),
		CASE(plain_moves_are_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
