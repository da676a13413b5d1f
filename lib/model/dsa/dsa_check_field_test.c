/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What makes a descriptor invalid: reserved bytes, sizes, alignment and overlap, sections 7.5, 8
 * and 15.4. The reserved bytes of each opcode are typed here a second time, from the datasheet's
 * text and not from the table's rows.
 */
#include "dsa_check_rig.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
